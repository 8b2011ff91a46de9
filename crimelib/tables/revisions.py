"""What later files say of a month that earlier ones had already given.

Only figures on one basis are compared: a publisher's new definition is no revision.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

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


@dataclass(frozen=True)
class Releases:
    """What every vintage says of each month of one area: ``keys`` (``RELEASE``), oldest vintage first, and their
    ``counts`` by ``series``, NaN where the vintage does not give the series that month."""

    keys: pd.DataFrame
    counts: np.ndarray
    series: tuple[str, ...]

    @classmethod
    def of(cls, stored: pd.DataFrame, area_code: str) -> Releases:
        """Of an area's stored counts, with or without those of its wards; of a cell given twice in a vintage the one
        listed later counts."""
        if stored.empty:
            return cls(pd.DataFrame(columns=RELEASE), np.empty((0, 0)), ())
        whole = stored[stored["area_code"] == area_code]
        once = whole.drop_duplicates([*RELEASE, "series"], keep="last")
        wide = once.pivot(index=RELEASE, columns="series", values="count")
        return cls(wide.index.to_frame(index=False), wide.to_numpy("float64"), tuple(wide.columns))

    def totals(self, series: Collection[str]) -> tuple[np.ndarray, np.ndarray]:
        """The sums of some series, and the rows of ``keys`` that they are of: those with any of the series."""
        counts = self.counts[:, np.isin(np.array(self.series, dtype=object), list(series))]
        rows = np.flatnonzero(~np.isnan(counts).all(axis=1))
        return np.nansum(counts[rows], axis=1).astype("int64"), rows

    def counted(self, series: Collection[str], basis: str) -> pd.DataFrame:
        """``RELEASE`` and ``count``, the sum of some series, on one basis."""
        sums, rows = self.totals(series)
        releases = self.keys.iloc[rows].assign(count=sums)
        return releases[(releases["basis"] == basis).to_numpy()]


def revision_table(releases: Releases, settings: Settings, area: Area, period: pd.Period) -> pd.DataFrame:
    """The rows of ``revisions.csv``: each measure of an area by month, what the newest file says and what the one
    before it said, for the ``shown_months`` up to the period. A month given by one file alone has no row; a measure
    that is a difference of two sources has none, its parts have theirs."""
    kinds, counts, rows = [], [np.empty(0, "int64")], [np.empty(0, "int64")]
    for item_id, item in settings.items.items():
        for measure_id, measure in item.measures.items():
            for choice, figures in enumerate(measure.figures):
                if not figures.subtract:
                    sums, places = releases.totals(figures.add)
                    kinds += [(item_id, measure_id, choice)] * len(places)
                    counts.append(sums)
                    rows.append(places)
    told = pd.DataFrame(kinds, columns=["item", "measure", "choice"])
    released = releases.keys.iloc[np.concatenate(rows)].reset_index(drop=True)
    pairs = _pairs(told.join(released).assign(count=np.concatenate(counts)))
    first = str(period - settings.quality.revisions.shown_months + 1)
    pairs = pairs[pairs["month"].between(first, str(period))].assign(area_code=area.code, area_name=area.name)
    order = {name: -basis.order for name, basis in settings.sources.bases.items()}
    preferred = pairs.sort_values(["choice", "basis"], key=lambda column: column.replace(order), kind="stable")
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


def triangle(releases: pd.DataFrame, settled_months: int) -> np.ndarray:
    """The counts of one basis (:meth:`Releases.counted`) by month and age: 1, in the file that ends with the month, to
    ``settled_months`` - 1, and the latest count of months at least that old; NaN where no file was kept."""
    ordinals = np.array([12 * int(month[:4]) + int(month[5:]) for month in releases["month"]], dtype="int64")
    vintages, vintage = np.unique(releases["vintage_order"], return_inverse=True)
    last = np.zeros(len(vintages), dtype="int64")
    np.maximum.at(last, vintage, ordinals)
    ages = last[vintage] - ordinals + 1
    months, month = np.unique(ordinals, return_inverse=True)
    made = np.full((len(months), settled_months), np.nan)
    made[month, np.minimum(ages, settled_months) - 1] = releases["count"]  # of several of an age the last stands
    return made


def _pairs(released: pd.DataFrame) -> pd.DataFrame:
    """The last two releases of each month of each measure side by side."""
    keys = ["item", "measure", "choice", "source", "basis", "month"]
    before = released.groupby(keys)[["vintage", "count"]].shift().add_prefix("previous_")
    rows = released.join(before)[~released.duplicated(keys, keep="last")]
    rows = rows[rows["previous_count"].notna()].astype({"previous_count": "int64"})
    change = rows["count"] - rows["previous_count"]
    pct = (100 * change / rows["previous_count"].where(rows["previous_count"] > 0)).round(1)
    return rows.assign(change=change, pct_change=pct)
