"""What the board is likely to ask about next month, and how often such warnings came true.

For each item the coming month's count is expected from the months before it (season and trend, see
:func:`crimelib.stats.control_charts.expected_band`). A measure is to be watched where it is likely to be higher than in
the same month a year before; one of which more is better is left out. The record repeats this for each of the last
twelve months from what came before it alone, in the figures as they stand now.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import special

from crimelib.board.doubts import SUSPECTED_GAP
from crimelib.board.item import Board, Text
from crimelib.board.narrative import count, listed
from crimelib.board.tables import Cell, Table
from crimelib.board.unusual import known_counts
from crimelib.measures.periods import month_label
from crimelib.stats.control_charts import expected_band

ALPHA = 0.025  # beyond each bound: a 95% band
WATCH_FROM = 0.8  # the chance of a rise from which a measure is to be watched
RECORD_MONTHS = 12


@dataclass(frozen=True)
class Outlook:
    """One measure's months: a row a month with what came before it alone. ``months`` has the columns value, expected,
    lower, upper, year_before, chance (of more than a year before), warned, inside (its band) and rose (the last two
    None until the month has a figure). The last row is the coming month. Months ``short`` of data say nothing, neither
    of what to expect nor of what came true."""

    item: str
    label: str
    months: pd.DataFrame
    short: tuple[pd.Period, ...] = ()

    @property
    def coming(self) -> pd.Series:
        """The coming month."""
        return self.months.iloc[-1]

    @property
    def latest(self) -> pd.Series:
        """The period's own month, as expected a month ago."""
        return self.months.iloc[-2]

    @property
    def record(self) -> pd.DataFrame:
        """The months of the record that had both a band and a figure."""
        past = self.months.iloc[:-1]
        return past[past["inside"].notna()]


def outlooks(board: Board) -> list[Outlook]:
    """The outlook of every item's first measure that can be expected at all."""
    found = [_outlook(board, name) for name in board.settings.items]
    return [each for each in found if each is not None]


def _outlook(board: Board, name: str) -> Outlook | None:
    page = board.item(name)
    measure = page.item.measures.get(page.item.headline)
    if measure is None or measure.direction == "higher_is_better":
        return None
    monthly = page.monthly(page.item.headline)
    if monthly.empty or pd.isna(monthly["count"].iloc[-1]):
        return None  # nothing is expected of the month after one that is not known
    breaks = sorted(pd.Period(each.month, freq="M") for each in measure.breaks if each.effect == "not_comparable")
    months = outlook_months(known_counts(monthly), board.period, breaks)
    short = tuple(pd.PeriodIndex(monthly.loc[monthly["short"], "month"], freq="M"))
    return None if pd.isna(months["expected"].iloc[-1]) else Outlook(name, measure.label, months, short)


def outlook_months(series: pd.Series, period: pd.Period, breaks: Sequence[pd.Period] = ()) -> pd.DataFrame:
    """The rows of an :class:`Outlook`: the record's months and the coming one. ``series`` is monthly counts, looked at
    up to ``period``; ``breaks`` are months from which they count something else."""
    months = pd.period_range(end=period + 1, periods=RECORD_MONTHS + 1, freq="M")
    known = series.loc[:period]
    starts = {month: _start(breaks, month) for month in (*(months - 12), *months)}
    bands = [
        expected_band(known, [month for month in months if starts[month] == start], alpha=ALPHA, start=start)
        for start in dict.fromkeys(starts[month] for month in months)
    ]
    before = known.reindex(months - 12).set_axis(months)
    same = [starts[month] == starts[month - 12] for month in months]
    return _judged(pd.concat(bands).drop(columns=["rules", "side"]).assign(year_before=before.where(same)))


def _start(breaks: Sequence[pd.Period], month: pd.Period) -> pd.Period | None:
    """The last break up to a month."""
    return max((each for each in breaks if each <= month), default=None)


def _judged(rows: pd.DataFrame) -> pd.DataFrame:
    chance = chance_of_more(rows["expected"], rows["upper"], rows["year_before"])
    value, before = rows["value"].to_numpy(), rows["year_before"].to_numpy()
    seen = rows["value"].notna().to_numpy() & rows["upper"].notna().to_numpy()
    inside = (rows["lower"].to_numpy() <= value) & (value <= rows["upper"].to_numpy())
    return rows.assign(
        chance=chance,
        warned=chance >= WATCH_FROM,
        inside=np.where(seen, inside.astype(object), None),
        rose=np.where(seen & ~np.isnan(before), (value > before).astype(object), None),
    )


def chance_of_more(expected: pd.Series, upper: pd.Series, than: pd.Series) -> pd.Series:
    """The chance of a count above another one, on the two-thirds power scale that the band is symmetric on."""
    centre, spread = expected ** (2 / 3), (upper ** (2 / 3) - expected ** (2 / 3)) / special.ndtri(1 - ALPHA)
    return pd.Series(special.ndtr((centre - than ** (2 / 3)) / spread), expected.index)


# The page ------------------------------------------------------------------------------------------------------------


class EarlyWarning:
    """The section of the overview on the coming month."""

    def __init__(self, board: Board) -> None:
        self.board = board
        self.outlooks = sorted(outlooks(board), key=lambda each: -np.nan_to_num(each.coming["chance"]))

    def sentence(self) -> Text:
        """What to watch, and how the last year's warnings turned out."""
        if not self.outlooks:
            return Text(("The history is too short to expect anything of the coming month.",))
        watched = [each for each in self.outlooks if each.coming["warned"]]
        named = "; ".join(f"{each.label} ({_likely(each)})" for each in watched)
        nothing = f"No measure is likely by far to be higher in {self._coming()} than a year before."
        first = f"Likely to be asked about in {self._coming()}: {named}." if watched else nothing
        return Text((first, self._last_month(), record_sentence(self.outlooks)))

    def table(self) -> Table | Text:
        """Every item: what the coming month should hold, and the record of the last twelve."""
        if not self.outlooks:
            return self.sentence()
        month = month_label(self.board.period)
        expected = ("Expected", "95% band", "A year before", "Chance of rise")
        columns = ("Measure", *expected, "In band", "Came true", "Missed")
        notes = (
            f"A rise is against the same month a year before; from a chance of {WATCH_FROM:.0%} it is to be watched.",
            f"In band, came true, missed: the {RECORD_MONTHS} months to {month}, each expected from those before it, "
            "in the figures as they stand now. Came true: rises, of the months that were to be watched. Missed: "
            "rises, of the other months.",
        )
        lines = tuple(_line(each) for each in self.outlooks)
        notes += (f"Left out of all this: {'; '.join(left)}.",) if (left := self._left_out()) else ()
        return Table(f"What to watch in {self._coming()}", columns, lines, frozenset(range(1, 8)), "", notes)

    def _left_out(self) -> list[str]:
        """The months of each measure that look short of data."""
        return [
            f"{each.label} in {listed([month_label(month) for month in each.short])} ({SUSPECTED_GAP.lower()})"
            for each in self.outlooks
            if each.short
        ]

    def _coming(self) -> str:
        return month_label(self.board.period + 1)

    def _last_month(self) -> str:
        known = [each for each in self.outlooks if each.latest["inside"] is not None]
        outside = [f"{each.label} ({_side(each.latest)})" for each in known if not each.latest["inside"]]
        month = month_label(self.board.period)
        if not known:
            return f"Nothing was expected of {month}."
        if not outside:
            return f"Every measure was inside its band in {month}."
        return f"Outside the band in {month}: {'; '.join(outside)}."


def record_sentence(found: list[Outlook]) -> str:
    """How the bands and warnings of the last twelve months turned out, over all measures."""
    record = pd.concat([each.record for each in found])
    if record.empty:
        return "There is no record yet."
    warnings, true, unwarned, _ = _tally(record)
    inside = f"{int(record['inside'].astype(bool).sum())} of {len(record)} monthly figures were inside their band"
    return (
        f"Over the last {RECORD_MONTHS} months {inside} (19 in 20 should be); {true} of {warnings} warnings came true, "
        f"and {unwarned} rises came without one."
    )


def _tally(record: pd.DataFrame) -> tuple[int, int, int, int]:
    """Warnings, those that came true, rises without a warning, and months without a warning."""
    tested = record[record["rose"].notna()]
    warned, rose = tested["warned"].astype(bool), tested["rose"].astype(bool)
    return int(warned.sum()), int((warned & rose).sum()), int((~warned & rose).sum()), int((~warned).sum())


def _likely(each: Outlook) -> str:
    row = each.coming
    return f"about {count(round(row['expected']))}, against {count(int(row['year_before']))} a year before"


def _side(row: pd.Series) -> str:
    bound = "above" if row["value"] > row["upper"] else "below"
    return f"{count(int(row['value']))}, {bound} {_band(row)}"


def _band(row: pd.Series) -> str:
    return f"{row['lower']:,.0f} to {row['upper']:,.0f}"


def _line(each: Outlook) -> tuple[Cell, ...]:
    row = each.coming
    gone = Cell("–", absent=True)
    known = pd.notna(row["year_before"])
    warnings, true, unwarned, quiet = _tally(each.record)
    return (
        Cell(each.label),
        Cell(f"{row['expected']:,.0f}"),
        Cell(_band(row)),
        Cell(f"{row['year_before']:,.0f}") if known else gone,
        Cell(f"{row['chance']:.0%}{', watch' if row['warned'] else ''}") if known else gone,
        Cell(f"{int(each.record['inside'].astype(bool).sum())} of {len(each.record)}"),
        Cell(f"{true} of {warnings}"),
        Cell(f"{unwarned} of {quiet}"),
    )
