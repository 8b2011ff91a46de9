"""Recent and non-recent offences, from returns of totals: sums of months, and the parts they may be shown in.

Non-recent, as the Home Office and the ONS use it: committed more than twelve months before it was recorded.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

import numpy as np
import pandas as pd

RECENCY = "offence_recency"
RECENT, NON_RECENT, NOT_KNOWN = "recent", "non_recent", "not_known"
MOST_FOLDED = 0.05  # of the offences: more without a known date are never put together with the recent ones
Parts = dict[str, list[str]]


def incomplete_months(rows: pd.DataFrame, months: pd.PeriodIndex, measures: Sequence[str]) -> list[str]:
    """The months of which some measure lacks its recent, non-recent or not-known count (a row left out is no zero)."""
    cells = pd.MultiIndex.from_product([measures, (RECENT, NON_RECENT, NOT_KNOWN)])
    held = {(month, *cell) for month, *cell in rows[["month", "measure", "recency"]].itertuples(index=False)}
    return [month for month in months.astype(str) if any((month, *cell) not in held for cell in cells)]


def year_of(rows: pd.DataFrame, months: pd.PeriodIndex, measures: Sequence[str]) -> pd.DataFrame | None:
    """Offences of some months by measure (rows) and recency (columns); None where a month is not complete."""
    if incomplete_months(rows, months, measures):
        return None
    chosen = rows[rows["month"].isin(months.astype(str))]
    wide = chosen.pivot_table(index="measure", columns="recency", values="count", aggfunc="sum")
    return wide.loc[list(measures), [RECENT, NON_RECENT, NOT_KNOWN]].astype("int64")


def safe_parts(years: Sequence[pd.DataFrame], hidden: Collection[int]) -> tuple[Parts, Parts] | None:
    """The finest groups of measures and of recency without a ``hidden`` count in any of the years; None where there
    are none. A few offences without a known date are put together with the recent ones, and so is nothing else."""
    return next((parts for parts in _parts(years) if not _sums(years, *parts) & set(hidden)), None)


def grouped(year: pd.DataFrame, measures: Parts, recencies: Parts) -> pd.DataFrame:
    """The sums of a year by groups of measures (rows) and of recency (columns)."""
    counts = year.to_numpy()
    rows = [[year.index.get_loc(name) for name in members] for members in measures.values()]
    columns = [[year.columns.get_loc(name) for name in members] for members in recencies.values()]
    sums = [[int(counts[np.ix_(row, column)].sum()) for column in columns] for row in rows]
    return pd.DataFrame(sums, list(measures), list(recencies))


def _parts(years: Sequence[pd.DataFrame]) -> Iterator[tuple[Parts, Parts]]:
    """Groups of measures and of recency, from the finest to the coarsest."""
    measures = list(years[0].index)
    apart: Parts = {name: [name] for name in (RECENT, NON_RECENT, NOT_KNOWN)}
    folded: Parts = {RECENT: [RECENT, NOT_KNOWN], NON_RECENT: [NON_RECENT]}
    few = all(year[NOT_KNOWN].sum() <= MOST_FOLDED * year.to_numpy().sum() for year in years)
    for each in ({name: [name] for name in measures}, {"": measures}):
        yield each, apart
        if few:
            yield each, folded


def _sums(years: Sequence[pd.DataFrame], measures: Parts, recencies: Parts) -> set[int]:
    return {int(value) for year in years for value in grouped(year, measures, recencies).to_numpy().ravel()}
