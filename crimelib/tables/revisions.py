"""What later files say of a month that earlier ones had already given, and for how long months are still revised.

Only figures on one basis are compared: a publisher's new definition is no revision.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from crimelib.settings import Area, Measure, Settings
from crimelib.stats.revisions import growth_to_come

COLUMNS = [
    "area_code",
    "area_name",
    "item",
    "measure",
    "source",
    "basis",
    "month",
    "previous_vintage",
    "previous_count",
    "vintage",
    "count",
    "change",
    "pct_change",
]
FIGURES = {"previous_count": "int64", "count": "int64", "change": "int64", "pct_change": "float64"}
RELEASE = ["source", "basis", "vintage_order", "vintage", "month"]


@dataclass(frozen=True)
class Provisional:
    """For how long a measure's months are still revised: the ``months`` at the end that count as provisional, the first
    of them (None where there is none), the ``growth`` to come of the newest (a factor, NaN where unknown), and whether
    that is estimated from files kept or assumed in ``quality.yml``."""

    months: int
    first: pd.Period | None
    growth: float
    estimated: bool


def revision_table(stored: pd.DataFrame, settings: Settings, area: Area, period: pd.Period) -> pd.DataFrame:
    """The rows of ``revisions.csv``: each measure of an area by month, what the newest file says and what the one
    before it said, for the ``shown_months`` up to the period. ``stored`` are the area's counts as a whole. A month
    given by one file alone has no row; a measure that is a difference of two sources has none, its parts have
    theirs."""
    frames = [
        _pairs(release_counts(stored, figures.add)).assign(item=item_id, measure=measure_id, choice=choice)
        for item_id, item in settings.items.items()
        for measure_id, measure in item.measures.items()
        for choice, figures in enumerate(measure.figures)
        if not figures.subtract
    ]
    rows = pd.concat([pd.DataFrame(columns=[*COLUMNS, "choice"]), *(frame for frame in frames if len(frame))], ignore_index=True)
    first = str(period - settings.quality.revisions.shown_months + 1)
    rows = rows[rows["month"].between(first, str(period))].assign(area_code=area.code, area_name=area.name)
    order = {name: -basis.order for name, basis in settings.sources.bases.items()}
    preferred = rows.sort_values(["choice", "basis"], key=lambda column: column.replace(order), kind="stable")
    once = preferred.drop_duplicates(["item", "measure", "month"])
    return once.sort_values(["item", "measure", "month"], ignore_index=True)[COLUMNS].astype(FIGURES)


def release_counts(stored: pd.DataFrame, series: tuple[str, ...]) -> pd.DataFrame:
    """What each vintage says of the sum of some series: ``RELEASE`` and ``count``, oldest vintage first."""
    if stored.empty:
        return pd.DataFrame(columns=[*RELEASE, "count"])
    rows = stored[stored["series"].isin(series)]
    once = rows.drop_duplicates([*RELEASE, "series"], keep="last")
    return once.groupby(RELEASE, as_index=False)["count"].sum()


def provisional(stored: pd.DataFrame, settings: Settings, measure: Measure, basis: str) -> Provisional:
    """For how long a measure's months on one basis are still revised. The chain ladder says it where enough months have
    been seen both young and settled; otherwise ``quality.yml`` does."""
    rules = settings.quality.revisions
    releases = _releases_of(stored, measure, basis)
    if releases.empty:
        return Provisional(0, None, float("nan"), False)
    growth = growth_to_come(triangle(releases, rules.settled_months), rules.least_months)
    estimated = not np.isnan(growth[0])
    months = _still_growing(growth, rules.growth_pct) if estimated else rules.assumed_months[releases["source"].iloc[0]]
    newest = releases["vintage_order"] == releases["vintage_order"].max()
    last = pd.Period(releases.loc[newest, "month"].max(), freq="M")
    return Provisional(months, last - months + 1 if months else None, float(growth[0]), estimated)


def triangle(releases: pd.DataFrame, settled_months: int) -> np.ndarray:
    """The counts of one basis by month and age: 1, in the file that ends with the month, to ``settled_months`` - 1, and
    the latest count of months at least that old; NaN where no file was kept."""
    ages = _ages(releases)
    young = releases[ages < settled_months].assign(age=ages)
    settled = releases[ages >= settled_months].drop_duplicates("month", keep="last").assign(age=settled_months)
    long = pd.concat([young, settled]).drop_duplicates(["month", "age"], keep="last")
    wide = long.pivot(index="month", columns="age", values="count").reindex(columns=range(1, settled_months + 1))
    return wide.to_numpy("float64")


def _releases_of(stored: pd.DataFrame, measure: Measure, basis: str) -> pd.DataFrame:
    """The releases of the first alternative of a measure that has any on the basis."""
    on_basis = stored[stored["basis"] == basis]
    found = (release_counts(on_basis, figures.add) for figures in measure.figures)
    return next((releases for releases in found if len(releases)), pd.DataFrame())


def _ages(releases: pd.DataFrame) -> pd.Series:
    """How many months old a month was when its vintage ended with it or later; 1 for a vintage's last month."""
    ordinal = releases["month"].str.slice(0, 4).astype(int) * 12 + releases["month"].str.slice(5).astype(int)
    return ordinal.groupby(releases["vintage_order"]).transform("max") - ordinal + 1


def _still_growing(growth: np.ndarray, growth_pct: float) -> int:
    """How many ages, from the youngest on, have more growth to come than counts as settled: the youngest always."""
    settled = ~(growth > 1 + growth_pct / 100)
    return max(1, int(settled.argmax()) if settled.any() else len(growth))


def _pairs(releases: pd.DataFrame) -> pd.DataFrame:
    """The last two releases of each month side by side."""
    groups = releases.groupby(["source", "basis", "month"])
    before = groups[["vintage", "count"]].shift().add_prefix("previous_")
    rows = releases.join(before)[~releases.duplicated(["source", "basis", "month"], keep="last")]
    rows = rows[rows["previous_count"].notna()].astype({"previous_count": "int64"})
    change = rows["count"] - rows["previous_count"]
    pct = (100 * change / rows["previous_count"].where(rows["previous_count"] > 0)).round(1)
    return rows.assign(change=change, pct_change=pct)
