"""What later files say of a month that earlier ones had already given.

Only figures on one basis are compared: a publisher's new definition is no revision.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from crimelib.settings import Area, Settings
from crimelib.sources.partner_returns import PREFIX

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
    rows = pd.concat(
        [pd.DataFrame(columns=[*COLUMNS, "choice"]), *(frame for frame in frames if len(frame))], ignore_index=True
    )
    first = str(period - settings.quality.revisions.shown_months + 1)
    rows = rows[rows["month"].between(first, str(period))].assign(area_code=area.code, area_name=area.name)
    order = {name: -basis.order for name, basis in settings.sources.bases.items()}
    preferred = rows.sort_values(["choice", "basis"], key=lambda column: column.replace(order), kind="stable")
    once = preferred.drop_duplicates(["item", "measure", "month"])
    return once.sort_values(["item", "measure", "month"], ignore_index=True)[COLUMNS].astype(FIGURES)


def with_reasons(revisions: pd.DataFrame, returns: pd.DataFrame, settings: Settings) -> pd.DataFrame:
    """The rows of :func:`revision_table` with ``reason``: why partners gave a month anew, from their stored
    ``returns``; empty for a publisher's figure, for which none is given."""
    reasons = _declared(returns, settings)
    keys = revisions[["item", "measure", "area_code", "vintage", "month"]].itertuples(index=False, name=None)
    return revisions.assign(
        reason=[
            "; ".join(
                dict.fromkeys(
                    why for series in _series(item, measure, settings) for why in reasons.get((series, *of), ())
                )
            )
            for item, measure, *of in keys
        ]
    )


def _series(item: str, measure: str, settings: Settings) -> list[str]:
    return [series for figures in settings.items[item].measures[measure].figures for series in figures.add]


def _declared(returns: pd.DataFrame, settings: Settings) -> dict[tuple[str, ...], list[str]]:
    """The declared reasons in words by series, borough, vintage and month."""
    if returns.empty:
        return {}
    declared, found = returns[returns["revision"] != ""], {}
    for row in declared.to_dict("records"):
        key = (PREFIX + row["indicator"], row["area_code"], row["vintage"], row["month"])
        found.setdefault(key, []).append(settings.partners.revision_reasons[row["revision"]])
    return found


def release_counts(stored: pd.DataFrame, series: tuple[str, ...]) -> pd.DataFrame:
    """What each vintage says of the sum of some series: ``RELEASE`` and ``count``, oldest vintage first."""
    if stored.empty:
        return pd.DataFrame(columns=[*RELEASE, "count"])
    rows = stored[stored["series"].isin(series)]
    once = rows.drop_duplicates([*RELEASE, "series"], keep="last")
    return once.groupby(RELEASE, as_index=False)["count"].sum()


def triangle(releases: pd.DataFrame, settled_months: int) -> np.ndarray:
    """The counts of one basis by month and age: 1, in the file that ends with the month, to ``settled_months`` - 1, and
    the latest count of months at least that old; NaN where no file was kept."""
    ages = _ages(releases)
    young = releases[ages < settled_months].assign(age=ages)
    settled = releases[ages >= settled_months].drop_duplicates("month", keep="last").assign(age=settled_months)
    long = pd.concat([young, settled]).drop_duplicates(["month", "age"], keep="last")
    wide = long.pivot(index="month", columns="age", values="count").reindex(columns=range(1, settled_months + 1))
    return wide.to_numpy("float64")


def _ages(releases: pd.DataFrame) -> pd.Series:
    """How many months old a month was when its vintage ended with it or later; 1 for a vintage's last month."""
    ordinal = releases["month"].str.slice(0, 4).astype(int) * 12 + releases["month"].str.slice(5).astype(int)
    return ordinal.groupby(releases["vintage_order"]).transform("max") - ordinal + 1


def _pairs(releases: pd.DataFrame) -> pd.DataFrame:
    """The last two releases of each month side by side."""
    groups = releases.groupby(["source", "basis", "month"])
    before = groups[["vintage", "count"]].shift().add_prefix("previous_")
    rows = releases.join(before)[~releases.duplicated(["source", "basis", "month"], keep="last")]
    rows = rows[rows["previous_count"].notna()].astype({"previous_count": "int64"})
    change = rows["count"] - rows["previous_count"]
    pct = (100 * change / rows["previous_count"].where(rows["previous_count"] > 0)).round(1)
    return rows.assign(change=change, pct_change=pct)
