"""Wards against what chance would make of them: a funnel, wide enough for how much places differ anyway."""

from __future__ import annotations

import numpy as np
import pandas as pd

from crimelib.board.charts import Chart, funnel_chart
from crimelib.board.text import Text
from crimelib.measures.rates import Exposure
from crimelib.stats.funnel import funnel, funnel_limits

FEWEST_WARDS = 5
GRID = 60


def ward_funnel(rows: pd.DataFrame, base: Exposure | None, *, label: str, unit: str) -> Chart | Text:
    """The wards of protected summary rows against what their residents (or households) would lead one to
    expect or, where no count of those is at hand, against their own counts a year before; withheld wards are left out,
    not guessed."""
    found = standing(rows, base)
    if found is None:
        return Text((f"Too few wards have figures of {label.lower()} to set them against each other.",))
    shown = rows.set_index("breakdown_value").loc[found.index]
    drawn = found[["expected", "ratio"]].assign(label=shown["breakdown_label"], status="ok")
    against = f"their {base.per}" if base is not None else "the year before"
    title = f"{label}: wards against {against}"
    finding = _finding(found, shown, against)
    return funnel_chart(drawn, title=title, unit=unit, finding=finding, limits=_limits(found))


def standing(rows: pd.DataFrame, base: Exposure | None) -> pd.DataFrame | None:
    """Where each ward of protected summary rows stands among the others, by its code: the columns of
    :func:`crimelib.stats.funnel.funnel`; None where too few have figures. A withheld ward is in no row."""
    shown = rows[rows["current"].notna()].set_index("breakdown_value")
    exposure = _exposure(shown, base)
    kept = exposure[exposure > 0].index
    if len(kept) < FEWEST_WARDS:
        return None
    return funnel(shown.loc[kept, "current"].astype("float64"), exposure[kept])


def _exposure(shown: pd.DataFrame, base: Exposure | None) -> pd.Series:
    if base is None:
        return shown["previous"].astype("float64")
    return base.numbers.reindex(shown.index).astype("float64")


def _limits(found: pd.DataFrame) -> pd.DataFrame:
    """The funnel's edges over the span of what is expected."""
    expected = np.linspace(found["expected"].min() * 0.8, found["expected"].max() * 1.05, GRID)
    dispersion = float(found["dispersion"].iloc[0])
    edges = {}
    for name, level in (("95", 0.95), ("998", 0.998)):
        edges[f"lower_{name}"], edges[f"upper_{name}"] = funnel_limits(expected, level, dispersion)
    return pd.DataFrame({"expected": expected, **edges})


def _finding(found: pd.DataFrame, shown: pd.DataFrame, against: str) -> str:
    """Which wards stand out at the wider limits; where none does, from where to where they run."""
    names = shown["breakdown_label"].reindex(found.index)
    outside = found[found["outside"] == "99.8"]
    if outside.empty:
        low, high = found["ratio"].idxmin(), found["ratio"].idxmax()
        return (
            f"Against {against}, none of {len(found)} wards stands out from the others by more than chance would put "
            f"it: they run from {found['ratio'][low]:.2f} times what the others would lead one to expect "
            f"({names[low]}) to {found['ratio'][high]:.2f} times ({names[high]})."
        )
    said = ", ".join(
        f"{names[code]} ({'above' if ratio > 1 else 'below'}, with {ratio:.2f} times what was to be expected)"
        for code, ratio in outside["ratio"].items()
    )
    return f"Against {against}, {len(outside)} of {len(found)} wards stand out from the others: {said}."
