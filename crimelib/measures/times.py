"""When offences were committed: the hours of a week from returns of totals, and the grids that they may be shown in.

A grid is safe where no *atom* is small: the offences of one of its cells that lie in the same spans of the week. All
that is shown are sums of atoms, so that no difference of sums gives a small count away.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np
import pandas as pd

from crimelib.settings import OffenceTimes, WeekSpan

TIMES = "offence_times"
Groups = Mapping[str, Sequence[str]]
WEEK_HOURS = 7 * 24


@dataclass(frozen=True, eq=False)
class Week:
    """Offences by weekday (rows) and hour band (columns), and how many have no known day or hour."""

    cells: pd.DataFrame
    not_known: int

    @property
    def known(self) -> int:
        """How many have a known time."""
        return int(self.cells.to_numpy().sum())

    def within(self, span: pd.DataFrame) -> int:
        """How many lie in a span of :func:`span_cells`."""
        return int(self.cells.to_numpy()[span.to_numpy()].sum())


def week_of(rows: pd.DataFrame, months: pd.PeriodIndex, times: OffenceTimes) -> Week | None:
    """The week of some months of one measure's rows (month, weekday, hour_band, count); None unless every month was
    returned. A row left out is a zero."""
    names = set(months.astype(str))
    chosen = rows[rows["month"].isin(names)]
    if set(chosen["month"]) != names:
        return None
    days, bands, count = pd.Index(list(times.weekdays)), pd.Index(list(times.hour_bands)), chosen["count"].to_numpy()
    row, column = days.get_indexer(chosen["weekday"]), bands.get_indexer(chosen["hour_band"])
    known = (row >= 0) & (column >= 0)
    cells = np.zeros((len(days), len(bands)), dtype="int64")
    np.add.at(cells, (row[known], column[known]), count[known])
    return Week(pd.DataFrame(cells, days, bands), int(count[~known].sum()))


def span_cells(times: OffenceTimes, span: WeekSpan) -> pd.DataFrame:
    """Which weekdays and hour bands a span holds."""
    days, bands = list(times.weekdays), list(times.hour_bands)
    parts = [(part.weekdays or days, part.hour_bands or bands) for part in span.cells]
    held = [[any(day in within and band in hours for within, hours in parts) for band in bands] for day in days]
    return pd.DataFrame(held, index=days, columns=bands)


def hours_share(times: OffenceTimes, span: WeekSpan) -> float:
    """The share of the week's hours that a span holds, 0 to 1."""
    hours = [int(band[6:]) - int(band[:2]) for band in times.hour_bands]
    return float((span_cells(times, span) * hours).to_numpy().sum() / WEEK_HOURS)


def safe_grid(week: Week, times: OffenceTimes, hidden: Collection[int]) -> pd.DataFrame | None:
    """The week in the finest grid without a ``hidden`` count (bands as rows, days as columns); None where there is
    none."""
    for days, bands in _grids(times):
        if not _atoms(week, times, days, bands) & set(hidden):
            by_day = week.cells.groupby(_group_of(days), sort=False).sum()
            return by_day.T.groupby(_group_of(bands), sort=False).sum()
    return None


def spans_are_safe(week: Week, times: OffenceTimes, hidden: Collection[int]) -> bool:
    """Whether the spans and all the offences with a known time can be shown without a grid."""
    whole = ({"week": list(times.weekdays)}, {"day": list(times.hour_bands)})
    return not _atoms(week, times, *whole) & set(hidden)


def _grids(times: OffenceTimes) -> Iterator[tuple[Groups, Groups]]:
    """Groups of weekdays and of hour bands, from the finest to the coarsest."""
    days = {label: [name] for name, label in times.weekdays.items()}
    bands = {band: [band] for band in times.hour_bands}
    yield days, bands
    yield days, times.coarser.hour_bands
    yield times.coarser.weekdays, bands
    yield times.coarser.weekdays, times.coarser.hour_bands


def _atoms(week: Week, times: OffenceTimes, days: Groups, bands: Groups) -> set[int]:
    """The counts of the cells of a grid, each parted by the spans that it reaches into."""
    spans = [span_cells(times, span).to_numpy() for span in times.spans.values()]
    of_day, of_band = _group_of(days), _group_of(bands)
    atoms: Counter[tuple[object, ...]] = Counter()
    for (row, day), (column, band) in product(enumerate(week.cells.index), enumerate(week.cells.columns)):
        inside = tuple(bool(span[row, column]) for span in spans)
        atoms[of_day.get(day), of_band.get(band), *inside] += int(week.cells.iat[row, column])
    return set(atoms.values())


def _group_of(groups: Groups) -> dict[str, str]:
    return {name: label for label, names in groups.items() for name in names}
