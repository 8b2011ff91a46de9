"""From stored counts to the monthly history of a measure, and from that to its windows.

For a month that several vintages cover, the latest that has the measure wins. Histories are kept apart by basis (what
the publisher's figures mean in one generation of files), and both windows of a comparison come from one basis.

Histories are numpy arrays of months by areas: a pack asks for thousands of windows, and a pandas frame for each would
take ten times as long as all the sums.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from crimelib.measures.periods import previous_months, window_months
from crimelib.settings import Basis, Figures

Status = str
OK, NOT_COMPARABLE, INCOMPLETE, NO_DATA = "ok", "not_comparable", "incomplete", "no_data"


@dataclass(frozen=True)
class History:
    """Monthly counts of a measure on one basis.

    ``counts`` is float, months (from ``start``, without gaps) by ``areas``, NaN where missing; ``vintages`` has the
    same shape and says where each count is from ("" where missing).
    """

    basis: str
    source: str
    start: pd.Period
    areas: tuple[str, ...]
    counts: np.ndarray
    vintages: np.ndarray

    def column(self, area: str) -> int | None:
        """The position of an area, None where the history does not know it."""
        return self._columns.get(area)

    @cached_property
    def _columns(self) -> dict[str, int]:
        return {area: column for column, area in enumerate(self.areas)}

    def window(self, area: str, months: pd.PeriodIndex) -> tuple[np.ndarray, np.ndarray]:
        """Counts and vintages of an area in some consecutive months; NaN and "" where missing."""
        column = self.column(area)
        first = int(months.asi8[0]) - self.start.ordinal
        low, high = max(first, 0), min(first + len(months), len(self.counts))
        if column is not None and high - low == len(months):
            return self.counts[low:high, column], self.vintages[low:high, column]
        counts, vintages = np.full(len(months), np.nan), np.full(len(months), "", dtype=object)
        if column is not None and low < high:
            counts[low - first : high - first] = self.counts[low:high, column]
            vintages[low - first : high - first] = self.vintages[low:high, column]
        return counts, vintages

    def has_any(self, areas: Iterable[str]) -> bool:
        """Whether any of the areas has a count in any month."""
        columns = [self.column(area) for area in areas]
        return any(column is not None and not np.isnan(self.counts[:, column]).all() for column in columns)

    def monthly(self, area: str) -> pd.Series:
        """The counts of one area by month, NaN where missing, from its first month to its last."""
        column = self.column(area)
        index = pd.period_range(self.start, periods=len(self.counts), freq="M")
        values = pd.Series(np.nan if column is None else self.counts[:, column], index=index, dtype="float64")
        return (
            values.loc[values.first_valid_index() : values.last_valid_index()] if values.notna().any() else values[:0]
        )


@dataclass(frozen=True)
class WindowFigures:
    """The two counts of a measure in one area over one window, and what may be said of them.

    ``current`` and ``previous`` are None unless shown. Status is ``ok`` (both windows complete on one basis),
    ``not_comparable`` (each complete, never on the same basis), ``incomplete`` (some month missing) or ``no_data``.
    """

    current: int | None
    previous: int | None
    status: Status
    source: str
    vintage: str
    history: History | None


def monthly_table(columns: Sequence[tuple[History, str]], last: pd.Period) -> pd.DataFrame:
    """Monthly counts of some histories' areas side by side up to a month: months by position in ``columns``, NaN where
    missing."""
    first = min(history.start.ordinal for history, _ in columns)
    months = pd.PeriodIndex.from_ordinals(range(first, last.ordinal + 1), freq="M")
    return pd.DataFrame(np.column_stack([history.window(area, months)[0] for history, area in columns]), index=months)


class Counts:
    """Stored counts of some areas, coded for quick sums. Where two files of one vintage overlap, the one listed later
    (the most recent months) counts."""

    def __init__(self, stored: pd.DataFrame) -> None:
        keys = ["source", "vintage_order", "series", "basis", "area_code", "month"]
        rows = stored.drop_duplicates(keys, keep="last") if len(stored) else stored
        self.empty = rows.empty
        if self.empty:
            return
        years, months = (part.astype("int64").to_numpy() for part in (rows["month"].str[:4], rows["month"].str[5:]))
        self.month = (years - 1970) * 12 + months - 1
        self.series, series = pd.factorize(rows["series"])
        self.basis, bases = pd.factorize(rows["basis"])
        self.area, areas = pd.factorize(rows["area_code"], sort=True)
        self.vintage = rows["vintage_order"].to_numpy()
        self.count = rows["count"].to_numpy()
        self.areas = tuple(areas)
        self.bases = tuple(bases)
        self.series_ids = {name: code for code, name in enumerate(series)}
        self.source = rows["source"].to_numpy()
        labels = rows.drop_duplicates(["source", "vintage_order"])[["source", "vintage_order", "vintage"]]
        self.vintage_labels = {(row.source, row.vintage_order): row.vintage for row in labels.itertuples()}

    def areas_in(self, month: pd.Period) -> list[str]:
        """The codes of areas with any count in a month."""
        return [] if self.empty else [self.areas[code] for code in np.unique(self.area[self.month == month.ordinal])]

    def months_of(self, *areas: str) -> pd.PeriodIndex:
        """The months in which any of the areas has any count."""
        if self.empty:
            return pd.PeriodIndex([], freq="M")
        here = np.isin(self.area, [code for code, area in enumerate(self.areas) if area in areas])
        return pd.PeriodIndex.from_ordinals(np.unique(self.month[here]), freq="M")

    def histories(self, series: Sequence[str], as_of: Sequence[str] = ()) -> list[History]:
        """The sum of some series of one source on each basis, every month from the latest vintage with any of them or
        of ``as_of`` (which are not summed)."""
        if not (codes := self._codes(series)):
            return []
        summed = np.isin(self.series, codes)
        rows = np.isin(self.series, [*codes, *self._codes(as_of)])
        bases = np.unique(self.basis[summed])
        return [self._history(rows & (self.basis == code), summed, code) for code in bases]

    def _codes(self, series: Sequence[str]) -> list[int]:
        return [] if self.empty else [self.series_ids[name] for name in series if name in self.series_ids]

    def _history(self, rows: np.ndarray, summed: np.ndarray, basis: int) -> History:
        month, area, count = self.month[rows], self.area[rows], np.where(summed[rows], self.count[rows], 0)
        orders, order = np.unique(self.vintage[rows], return_inverse=True)
        start = month.min()
        shape = (len(orders), month.max() - start + 1, len(self.areas))
        sums, there = np.zeros(shape), np.zeros(shape, dtype=bool)
        np.add.at(sums, (order, month - start, area), count)
        there[order, month - start, area] = True
        latest = len(orders) - 1 - there[::-1].argmax(axis=0)
        source = self.source[rows][0]
        labels = np.array([self.vintage_labels[source, order] for order in orders], dtype=object)
        missing = ~there.any(axis=0)
        counts = np.where(missing, np.nan, np.take_along_axis(sums, latest[None], axis=0)[0])
        vintages = np.where(missing, "", labels[latest])
        return History(self.bases[basis], source, pd.Period(ordinal=int(start), freq="M"), self.areas, counts, vintages)


def histories(counts: Counts, figures: Sequence[Figures], bases: Mapping[str, Basis]) -> list[History]:
    """The histories of a measure in order of preference: its alternatives in the order declared, and within each the
    newest basis first."""
    return [history for alternative in figures for history in _alternative(counts, alternative, bases)]


def window_figures(options: Sequence[History], area: str, period: pd.Period, window: str) -> WindowFigures:
    """The figures of one area over one window, from the first history that covers both halves of it whole."""
    months = window_months(period, window), previous_months(period, window)
    tried = []
    for history in options:
        (now, now_from), (before, before_from) = halves = tuple(history.window(area, half) for half in months)
        if not np.isnan(now).any() and not np.isnan(before).any():
            vintage = vintage_label(np.concatenate([now_from, before_from]))
            return WindowFigures(int(now.sum()), int(before.sum()), OK, history.source, vintage, history)
        tried.append((history, halves))
    return _without_comparison(tried)


def series_in(figures: Iterable[Figures]) -> frozenset[str]:
    """The series that a measure's alternatives add up and take away."""
    return frozenset(series for each in figures for series in (*each.add, *each.subtract))


def vintage_label(vintages: np.ndarray) -> str:
    """The vintages that a figure rests on, oldest first; those of a difference source by source."""
    parts = [label.split(" + ") for label in dict.fromkeys(vintages) if label]
    return " + ".join("/".join(sorted(set(column))) for column in zip(*parts, strict=True))


def _without_comparison(tried: Sequence[tuple[History, tuple]]) -> WindowFigures:
    """What is left to say where no history covers both halves of a window."""
    found = [
        next(((history, half) for history, halves in tried if _whole(half := halves[side])), None) for side in (0, 1)
    ]
    if all(found):
        (now_history, (now, now_from)), (before_history, (before, before_from)) = found
        sources = " / ".join(dict.fromkeys([now_history.source, before_history.source]))
        vintage = " / ".join(dict.fromkeys([vintage_label(now_from), vintage_label(before_from)]))
        return WindowFigures(int(now.sum()), int(before.sum()), NOT_COMPARABLE, sources, vintage, now_history)
    for history, halves in tried:
        if any((~np.isnan(counts)).any() for counts, _ in halves):
            vintage = vintage_label(np.concatenate([vintages for _, vintages in halves]))
            return WindowFigures(None, None, INCOMPLETE, history.source, vintage, history)
    return WindowFigures(None, None, NO_DATA, "", "", None)


def _whole(half: tuple[np.ndarray, np.ndarray]) -> bool:
    return not np.isnan(half[0]).any()


def _alternative(counts: Counts, figures: Figures, bases: Mapping[str, Basis]) -> list[History]:
    found = counts.histories(figures.add, figures.as_of)
    for series in figures.subtract:
        taken = sorted(counts.histories([series]), key=lambda history: -bases[history.basis].order)
        found = [_difference(history, taken[0]) for history in found] if taken else []
    return sorted(found, key=lambda history: -bases[history.basis].order)


def _difference(history: History, taken: History) -> History:
    """A history less another of the same areas, missing where either is."""
    index = pd.period_range(history.start, periods=len(history.counts))
    pairs = [taken.window(area, index) for area in history.areas]
    less, less_from = (np.column_stack(part) for part in zip(*pairs, strict=True))
    counts = history.counts - less
    vintages = np.where(np.isnan(counts), "", history.vintages + " + " + less_from)
    return History(history.basis, f"{history.source} + {taken.source}", history.start, history.areas, counts, vintages)
