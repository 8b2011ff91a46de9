"""What must be said beside a figure: a month in its windows that looks short of data, or that an older file filled."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

import pandas as pd

from crimelib.measures.periods import both_halves, month_label
from crimelib.measures.series import History, WindowFigures
from crimelib.settings import Area, Settings
from crimelib.tables.anomalies import ALL_SERIES, gaps_of
from crimelib.tables.quality import filled_months
from crimelib.tables.revisions import Releases
from crimelib.tables.store import Gap, Store

SUSPECTED_GAP = "Suspected gap"  # so begins what a row's note says of one


def doubted_totals(short: pd.Series, months: int = 12) -> pd.Series:
    """Of months in order, whether they look ``short`` of data: whether one of so many up to each does."""
    return short.astype("float64").rolling(months, min_periods=1).max() > 0


@dataclass(frozen=True)
class Doubts:
    """The suspected gaps of an area, and by basis the months (``2020-08``) that an older vintage filled, with its
    name."""

    gaps: tuple[Gap, ...]
    filled: Mapping[str, Mapping[str, str]]
    titles: Mapping[str, str]

    def gaps_in(
        self, figures: WindowFigures, series: Collection[str], period: pd.Period, window: str
    ) -> tuple[str, ...]:
        """A sentence for each suspected gap in either half of a window, in the figures or in what they take away."""
        if figures.history is None or figures.current is None:
            return ()
        months = both_halves(period, window)
        found = self._short(figures.history.basis, figures.source, series)
        return tuple(self._sentence(gap) for gap in found if gap.month in months)

    def short_months(self, history: History, series: Collection[str]) -> frozenset[str]:
        """The months (``2023-06``) of a history of some series whose figure looks short of data."""
        return frozenset(gap.month for gap in self._short(history.basis, history.source, series))

    def filled_in(self, figures: WindowFigures, period: pd.Period, window: str) -> tuple[str, ...]:
        """A sentence for each month of either half of a window that is from an older vintage than those around it."""
        shown = figures.history is not None and figures.current is not None
        known = self.filled.get(figures.history.basis, {}) if shown else {}
        if not known:
            return ()
        return tuple(
            f"{_month(month)} is from the older vintage {known[month]}."
            for month in both_halves(period, window)
            if month in known
        )

    def _short(self, basis: str, source: str, series: Collection[str]) -> Iterator[Gap]:
        """The gaps of what figures count, or take away, whose month has a figure."""
        taken_away = source.split(" + ")[1:]
        for gap in self.gaps:
            counted = gap.basis == basis or gap.source in taken_away
            if counted and gap.count is not None and (gap.series == ALL_SERIES or gap.series in series):
                yield gap

    def _sentence(self, gap: Gap) -> str:
        what = f"all categories of {self.titles[gap.source]}" if gap.series == ALL_SERIES else "this category alone"
        expected = f" where about {gap.expected:,} would be expected" if gap.expected is not None else ""
        return f"{SUSPECTED_GAP} in {_month(gap.month)}: {gap.count:,}{expected} ({what})."


def doubts(store: Store, settings: Settings, area: Area, releases: Releases) -> Doubts:
    """What is doubtful of an area, of which ``releases`` are what every vintage says."""
    filled: dict[str, dict[str, str]] = {}
    for row in filled_months(releases.keys).itertuples():
        filled.setdefault(row.basis, {})[row.month] = row.vintage
    titles = {name: source.title for name, source in settings.sources.sources.items()}
    return Doubts(gaps_of(store, settings, area), filled, titles)


def _month(month: str) -> str:
    return month_label(pd.Period(month, freq="M"))
