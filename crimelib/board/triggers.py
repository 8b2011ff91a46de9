"""Events after which a rise was feared: did the months after one hold more than those before it led to expect?

The band is :func:`crimelib.stats.control_charts.expected_band` fitted to the months before the event alone, so that
what is watched never widens its own band. It starts at the last break in the series.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import pandas as pd

from crimelib.board.charts import Chart, trend_chart
from crimelib.board.narrative import listed
from crimelib.board.once import once
from crimelib.board.tables import Cell, Table
from crimelib.board.text import NOTHING, Text
from crimelib.errors import InputError
from crimelib.measures.periods import month_label
from crimelib.measures.series import histories
from crimelib.settings import Event, Figures

if TYPE_CHECKING:
    from crimelib.board.item import ItemPage

ALPHA = 0.005  # the chance of a month above its band when nothing happened
FEWEST_MONTHS = 24  # two of each calendar month, or season and trend cannot be told apart
SHOWN_BEFORE = 12  # months before the first event that the chart shows
LEAST_EXPECTED = 5  # a month; below it even a doubling stays within the band
MID_MONTH = 15
SEEN, NOT_SEEN, UNTOLD = "seen", "not seen", "nothing can be told"


@dataclass(frozen=True)
class Watch:
    """One series after one event. ``months`` has the columns month, value, expected, lower and upper; ``why`` says why
    nothing can be told, and is empty where something can."""

    event: Event
    label: str
    months: pd.DataFrame
    why: str = ""

    @cached_property
    def above(self) -> pd.DataFrame:
        """The watched months above their band."""
        return self.months[self.months["value"] > self.months["upper"]]

    @property
    def verdict(self) -> str:
        """Whether a spike is seen."""
        return UNTOLD if self.why else SEEN if len(self.above) else NOT_SEEN

    @property
    def hidden_pct(self) -> float:
        """How far above what was expected a month could stand, in per cent, without leaving its band."""
        return float(100 * (self.months["upper"] / self.months["expected"] - 1).min())


@once
def trigger_sentences(page: ItemPage) -> Text:
    """For each trigger event that touches the item whether a spike after it is seen, not seen, or cannot be told."""
    lines = tuple(_line(page, event) for event in trigger_events(page))
    return Text(lines or ("No event that could set off a rise is declared for these months.",), bullet="- ")


def trigger_table(page: ItemPage) -> Table | Text:
    """Each watched month: what was recorded, and what the months before the event led to expect."""
    lines: list[tuple[Cell, ...]] = []
    for event in trigger_events(page):
        told = [watch for watch in _watches(page, event) if not watch.why]
        lines += [(Cell(event.label),), *(line for watch in told for line in _months(watch))] if told else []
    if not lines:
        return Text(("Of no event can be told whether a rise followed it.",))
    unit = page.item.measures[page.item.headline].unit
    caption = f"Months after each event, {page.board.area.name}"
    note = f"Expected: 99% of months are within, by the months before the event alone, {FEWEST_MONTHS} or more of them."
    return Table(
        caption, ("Month", "Recorded", "Expected", "Above it?"), tuple(lines), frozenset({1, 2}), unit, (note,)
    )


def _months(watch: Watch) -> Iterator[tuple[Cell, ...]]:
    for row in watch.months.itertuples():
        name, band = f"{watch.label}, {month_label(row.month)}", f"{row.lower:,.0f} to {row.upper:,.0f}"
        yield tuple(map(Cell, (name, f"{row.value:,.0f}", band, "yes" if row.value > row.upper else "no")))


def trigger_chart(page: ItemPage) -> Chart | Text:
    """The months of the item's first measure with the band expected after each trigger event."""
    watches = [watch for event in trigger_events(page) for watch in _watches(page, event) if not watch.why]
    totals = [watch for watch in watches if watch.label == page.item.measures[page.item.headline].label]
    if not totals:
        return NOTHING
    first = str(watched(totals[0].event)[0] - SHOWN_BEFORE)
    monthly = page.monthly()
    return trend_chart(
        monthly[monthly["month"] >= first],
        title=f"{totals[0].label}, {page.board.area.name}: what was to be expected after each event",
        unit=page.item.measures[page.item.headline].unit,
        finding=str(trigger_sentences(page)),
        events=_drawn_events(watch.event for watch in totals),
        breaks=page.breaks(),
        limits=_bands(totals),
        provisional_from=page.provisional_from(page.item.headline),
    )


def spike_of(page: ItemPage) -> tuple[Event, pd.Series] | None:
    """The latest month of the year to the period in which the first measure stands above the band of an event, with
    that event; None where none does."""
    found = [
        (watch.event, row)
        for event in trigger_events(page)
        for watch in _watches(page, event)[:1]
        if not watch.why
        for _, row in watch.above.iterrows()
        if row["month"] > page.board.period - 12
    ]
    return max(found, key=lambda each: each[1]["month"], default=None)


def trigger_events(page: ItemPage) -> list[Event]:
    """The trigger events that touch the item and have a watched month among those shown, oldest first."""
    first, last = page.first_shown, page.board.period
    chosen = [
        event
        for event in page.board.events
        if event.kind == "trigger"
        and {page.name, "all"} & set(event.items)
        and any(first <= month <= last for month in watched(event))
    ]
    return sorted(chosen, key=lambda event: event.start)


def watched(event: Event) -> list[pd.Period]:
    """The months that a trigger is watched in: from the one it began in, or the next if that was half over."""
    start = pd.Timestamp(event.start)
    first = pd.Period(start, freq="M") + int(start.day > MID_MONTH)
    return [first + place for place in range(event.watch_months)]


def watch(
    series: pd.Series, event: Event, period: pd.Period, breaks: Iterable[pd.Period] = ()
) -> tuple[pd.DataFrame, str]:
    """The watched months of one series up to a period, with what the months before the event led to expect, and why
    nothing can be told (empty: something can). ``series`` is monthly counts, ``breaks`` months from which they count
    something else."""
    months = watched(event)
    cut = [each for each in breaks if months[0] < each]
    seen = [month for month in months if month <= period and not any(month >= each for each in cut)]
    since = max((each for each in breaks if each <= months[0]), default=None)
    before = (
        series[series.index < months[0]]
        if since is None
        else series[(series.index < months[0]) & (series.index >= since)]
    )
    values = series.reindex(pd.PeriodIndex(seen, freq="M"))
    if not seen or values.isna().any():
        return _nothing(), "the months after it have no figures here"
    if before.notna().sum() < FEWEST_MONTHS:
        return _nothing(), f"{before.notna().sum()} comparable months before it and {FEWEST_MONTHS} are needed"
    return _judged(before, values)


def _judged(before: pd.Series, values: pd.Series) -> tuple[pd.DataFrame, str]:
    from crimelib.stats.control_charts import expected_band

    band = expected_band(before, values.index, alpha=ALPHA)[["expected", "lower", "upper"]]
    if band["upper"].isna().any() or (band["expected"] < LEAST_EXPECTED).any():
        return _nothing(), f"too few to say: fewer than {LEAST_EXPECTED} a month were to be expected"
    return band.assign(value=values).rename_axis("month").reset_index(), ""


def _nothing() -> pd.DataFrame:
    return pd.DataFrame(columns=["month", "value", "expected", "lower", "upper"])


@once
def _watches(page: ItemPage, event: Event) -> list[Watch]:
    """The item's first measure after an event, then each of its parts that the event names."""
    measure = page.item.measures[page.item.headline]
    watches = [_watch(page, event, measure.label, measure.figures, "")]
    parts = {name: part for values in measure.breakdowns.values() for name, part in values.items()}
    for name in event.parts:
        if name not in parts:
            raise InputError(f"{page.name} has no part {name!r}", where="events.yml", fix=f"known: {', '.join(parts)}")
        label = f"{measure.label} ({parts[name].label.lower()})"
        watches.append(_watch(page, event, label, parts[name].figures, name))
    return watches


def _watch(page: ItemPage, event: Event, label: str, figures: Sequence[Figures], part: str) -> Watch:
    rows = page.rows[(page.rows["measure"] == page.item.headline) & (page.rows["breakdown_value"] == part)]
    if (rows["status"] == "suppressed").any():
        return Watch(event, label, _nothing(), "its figures are not shown to this audience")
    breaks = [pd.Period(month, freq="M") for month in page.breaks()]
    series = _whole_series(page, figures)
    return Watch(event, label, *watch(series, event, page.board.period, breaks))


def _whole_series(page: ItemPage, figures: Sequence[Figures]) -> pd.Series:
    """Every month up to the period: a band wants more of the past than a chart shows."""
    board = page.board
    for history in histories(board.counts, figures, board.settings.sources.bases):
        months = history.monthly(board.area.code)
        if (months.index <= board.period).any():
            return months[months.index <= board.period]
    return pd.Series(dtype="float64", index=pd.PeriodIndex([], freq="M"))


def _line(page: ItemPage, event: Event) -> str:
    watches = _watches(page, event)
    day = pd.Timestamp(event.start).strftime("%-d %B %Y")
    told = [watch for watch in watches if not watch.why]
    found = [_words(watch) for watch in told if watch.verdict == SEEN]
    unseen = [_inside(watch.label) for watch in told if watch.verdict == NOT_SEEN]
    untold = [f"{watch.label}: {UNTOLD}, {watch.why}" for watch in watches if watch.why]
    lines = [f"a rise is seen in {listed(found)}"] if found else []
    if unseen:
        blunt = min(watch.hidden_pct for watch in told if watch.verdict == NOT_SEEN)
        lines.append(f"no rise is seen in {listed(unseen)}, where one below {blunt:.0f}% would not stand out")
    if len({watch.why for watch in watches}) == 1 and untold:
        return f"{event.label} ({day}): {UNTOLD}, {watches[0].why}."
    return f"{event.label} ({day}): {'; '.join([*lines, *untold, *_beside(page, event)])}."


def _inside(label: str) -> str:
    """A label within a sentence."""
    return label[:1].lower() + label[1:]


def _words(watch: Watch) -> str:
    most = watch.above.loc[watch.above["value"].idxmax()]
    return (
        f"{watch.label} ({most['value']:,.0f} in {month_label(most['month'])}, at most {most['upper']:,.0f} expected)"
    )


def _beside(page: ItemPage, event: Event) -> Iterator[str]:
    """Events that changed the level of everything within a year before the last watched month."""
    first, last = watched(event)[0] - 12, watched(event)[-1]
    for other in page.board.events:
        changes = [other.start, other.end or other.start]
        if other.new_level and any(first <= pd.Period(day, freq="M") <= last for day in changes):
            yield f"{other.label} within the same year blur this"


def _bands(watches: Sequence[Watch]) -> pd.DataFrame:
    """Limits for a chart, each event's apart; of two events that watch one month the earlier keeps it."""
    parts = [watch.months.assign(era=place) for place, watch in enumerate(watches)]
    bands = pd.concat(parts).drop_duplicates("month").rename(columns={"expected": "centre"})
    return bands[["month", "centre", "lower", "upper", "era"]]


def _drawn_events(events: Iterable[Event]) -> pd.DataFrame:
    """The day that each began: the shading belongs to the bands."""
    return pd.DataFrame([{"label": event.label, "start": event.start, "end": None} for event in events])
