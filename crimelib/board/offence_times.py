"""When offences were committed, as a page tells it: the week as a grid, and the shares of its nights and weekends."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

import pandas as pd

from crimelib.board.charts import Chart, heat_map
from crimelib.board.narrative import count
from crimelib.board.returns import Proportion, latest_returns, vintages_note
from crimelib.board.summary import row_of
from crimelib.board.tables import Cell, Table, count_text, signal_text
from crimelib.board.text import NOTHING, Text
from crimelib.measures.periods import previous_months, window_months
from crimelib.measures.times import TIMES, Week, hours_share, safe_grid, span_cells, spans_are_safe, week_of
from crimelib.settings import WeekSpan
from crimelib.stats.survey import WaveChange

if TYPE_CHECKING:
    from crimelib.board.item import ItemPage

WINDOW = "rolling_12"
NO_EXTRACT = (
    "No extract of the times of offences covers these twelve months, so the day and the hour are not known. The police "
    "hold them: ask them to fill in the project's template (crimelib template offence_times)."
)
TOO_FEW = "The offences with a known time are too few to say when without pointing at people."
PUT_TOGETHER = "Days or hours are put together so that no count shown here is small."
SAID = {
    "increase": "a larger share, beyond chance",
    "decrease": "a smaller share, beyond chance",
    "no_clear_change": "no clear change of the share",
}


class WhenCommitted:
    """The answers about the times of one measure's offences."""

    def __init__(self, page: ItemPage, measure: str) -> None:
        self.page, self.measure = page, page.item.measures[measure]
        self.times = page.board.settings.offence_times
        returns = latest_returns(page.board, TIMES)
        self.returns = returns[returns["measure"] == measure] if len(returns) else returns
        self.hidden = page.board.policy(page.name).hidden
        self.counted = row_of(page.rows, measure, WINDOW)

    @cached_property
    def now(self) -> Week | None:
        """The twelve months to the period; None where a month was not returned."""
        return self._week(window_months(self.page.board.period, WINDOW))

    @cached_property
    def before(self) -> Week | None:
        """The twelve months before them."""
        return self._week(previous_months(self.page.board.period, WINDOW))

    @cached_property
    def grid(self) -> pd.DataFrame | None:
        """The week now in the finest grid that may be shown; None where none may."""
        return None if self.now is None else safe_grid(self.now, self.times, self.hidden)

    @property
    def absent(self) -> str:
        """Why nothing can be told, or nothing."""
        return NO_EXTRACT if self.now is None or not self.now.known else "" if self.grid is not None else TOO_FEW

    def sentences(self) -> Text:
        """How many fell in each span of the week, against its hours and against a year before."""
        if self.absent:
            return Text((self.absent,))
        opening = f"{self.measure.label}, twelve months to {self.page.month}: {self._about_time()}"
        return Text((opening, *(self._told(span) for span in self.times.spans.values())))

    def chart(self) -> Chart | Text:
        """The week as a grid of cells."""
        if self.grid is None or self.absent:
            return NOTHING
        title = f"{self.measure.label} by day and hour, twelve months to {self.page.month}"
        return heat_map(
            self.grid, title=title, unit=f"{self.measure.unit}, by hours of the day", finding=self._busiest()
        )

    def table(self) -> Table | Text:
        """The same figures as a table, with sums of days and hours."""
        if self.grid is None or self.absent:
            return NOTHING
        whole = self.grid.assign(**{"All days": self.grid.sum(axis=1)})
        lines = [(Cell(str(band)), *map(_figure, whole.loc[band])) for band in whole.index]
        lines.append((Cell("All hours"), *map(_figure, whole.sum())))
        columns = ("Hours", *map(str, whole.columns))
        caption = f"{self.measure.label} by day and hour, twelve months to {self.page.month}"
        numeric = frozenset(range(1, len(columns)))
        return Table(caption, columns, tuple(lines), numeric, self.measure.unit, self.notes())

    def shares(self, span: WeekSpan) -> tuple[Proportion | None, Proportion | None, WaveChange | None]:
        """A span now, a year before (None where it may not be shown), and the change of its share."""
        now, before = (self._share(week, span) for week in self._shown)
        if now is None or before is None:
            return now, before, None
        return now, before, now.since(before)

    def notes(self) -> tuple[str, ...]:
        """What the extract holds beside what is recorded as crime, what a time is, and what was put together."""
        known = f"{count(self.now.known)} {self.measure.unit} have a known time"
        counted = self.counted["status"] in ("ok", "not_comparable")
        recorded = f"; {count(int(self.counted['current']))} are counted in all" if counted else ""
        basis = "The time is when an offence was committed or began; the month is when it was recorded."
        finest = len(self.times.weekdays), len(self.times.hour_bands)
        together = () if self.grid.T.shape == finest else (PUT_TOGETHER,)
        return (f"{known}{recorded}.", basis, *together, vintages_note(self.page.board, TIMES, self.returns))

    def _week(self, months: pd.PeriodIndex) -> Week | None:
        return None if self.returns.empty else week_of(self.returns, months, self.times)

    @cached_property
    def _shown(self) -> list[Week | None]:
        """Now and a year before; None where the spans may not be shown."""
        told = [week if week and week.known else None for week in (self.now, self.before)]
        return [week if week and spans_are_safe(week, self.times, self.hidden) else None for week in told]

    def _share(self, week: Week | None, span: WeekSpan) -> Proportion | None:
        if week is None:
            return None
        return Proportion(week.within(span_cells(self.times, span)), week.known)

    def _about_time(self) -> str:
        held, unknown = self.now.known + self.now.not_known, self.now.not_known
        known = f"{count(self.now.known)} {self.measure.unit} have a known day and hour"
        if not unknown:
            return f"{known}."
        few = unknown in self.hidden or unknown / held < 0.005
        return f"{known}; {'a few' if few else f'{unknown / held:.0%}'} of those in the extract have none."

    def _told(self, span: WeekSpan) -> str:
        now, before, change = self.shares(span)
        said = f"{now.brief} were {span.label}, {hours_share(self.times, span):.0%} of the hours"
        if change is None:
            return f"{said} of a week. What they were a year before is not at hand."
        return f"{said} of a week; a year before {before.brief}: {SAID[change.signal]}."

    def _busiest(self) -> str:
        flat = self.grid.stack()
        (most, busy), (least, quiet) = flat.idxmax(), flat.idxmin()
        highest = f"The most: {busy}, {most} ({count(int(flat.max()))} {self.measure.unit})"
        return f"{highest}; the fewest: {quiet}, {least} ({count(int(flat.min()))})."


def spans_table(page: ItemPage, measures: tuple[str, ...]) -> Table | Text:
    """Several measures by the spans of the week, side by side; nothing where no measure has times to tell."""
    told = [when for name in measures if not (when := WhenCommitted(page, name)).absent]
    if not told:
        return NOTHING
    lines: list[tuple[Cell, ...]] = []
    for when in told:
        lines += [(Cell(when.measure.label),), *(_span_line(when, span) for span in when.times.spans.values())]
    columns = ("When", "Now", "A year before", "Share of the week's hours", "More than chance?")
    caption = f"Nights and weekends, twelve months to {page.month}"
    notes = ("In brackets the share of the offences with a known time. Spans overlap: they do not add up.",)
    notes += (vintages_note(page.board, TIMES, told[0].returns),)
    return Table(caption, columns, tuple(lines), frozenset({1, 2, 3}), "offences", notes)


def _span_line(when: WhenCommitted, span: WeekSpan) -> tuple[Cell, ...]:
    now, before, change = when.shares(span)
    return (
        Cell(f"{span.label[:1].upper()}{span.label[1:]}"),
        Cell(now.brief),
        Cell("no data" if before is None else before.brief, absent=before is None),
        Cell(f"{hours_share(when.times, span):.0%}"),
        Cell(signal_text(change.signal) if change else "–"),
    )


def _figure(value: int) -> Cell:
    return Cell(count_text(value))
