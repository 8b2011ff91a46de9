"""Recent and non-recent offences, as a page tells them: counts, shares, and what they cannot say of offending now."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

import pandas as pd

from crimelib.board.narrative import CLEAR_CHANGE, count, listed, no_clear_change
from crimelib.board.once import once
from crimelib.board.returns import Proportion, latest_returns, returned_change, vintages_note
from crimelib.board.summary import row_of
from crimelib.board.tables import Cell, Table, change_text, count_text, signal_text, signed
from crimelib.board.text import NOTHING, Text
from crimelib.measures.periods import month_label, previous_months, window_months
from crimelib.measures.recency import (
    NON_RECENT,
    NOT_KNOWN,
    RECENCY,
    RECENT,
    Parts,
    grouped,
    incomplete_months,
    safe_parts,
    year_of,
)
from crimelib.stats.comparison import Change
from crimelib.stats.survey import WaveChange

if TYPE_CHECKING:
    from crimelib.board.item import ItemPage

WINDOW = "rolling_12"
AGREES_WITHIN = 0.05
TEMPLATE = f"The police hold it: ask them to fill in the project's template (crimelib template {RECENCY})."
TOO_FEW = "Recent and non-recent offences are too few to be told apart here without pointing at people."
FOLDED = (
    "Offences without a known date are too few to be shown and stand with the recent ones, so the share non-recent is "
    "the least that it can be."
)
SAID = {
    "increase": "a larger share, beyond chance",
    "decrease": "a smaller share, beyond chance",
    "no_clear_change": "no clear change of the share",
}
NOT_OFFENDING = {
    "increase": "The rise in non-recent offences is no rise in offending now: it tells of people who came forward "
    "about earlier years, or of better recording.",
    "decrease": "The fall in non-recent offences is no fall in offending now: fewer people came forward about "
    "earlier years, or fewer reports were recorded.",
    "": "Non-recent offences say nothing of offending now: more or fewer of them are more or fewer people who came "
    "forward about earlier years.",
}
ONLY_REPORTED = "The recent ones come nearer to what happens now, but they too are only those reported and recorded."


class RecencyOfOffences:
    """The answers about how long before their recording an item's offences were committed."""

    def __init__(self, page: ItemPage, labels: dict[str, str]) -> None:
        """``labels`` are the template's measures with their names; their sum is the item's headline measure."""
        self.page, self.labels = page, labels
        self.measure = page.item.measures[page.item.headline]
        self.returns = latest_returns(page.board, RECENCY)
        self.months = window_months(page.board.period, WINDOW)
        self.hidden = page.board.policy(page.name).hidden

    @cached_property
    def now(self) -> pd.DataFrame | None:
        """The twelve months to the period; None where one of them is not complete."""
        return self._year(self.months)

    @cached_property
    def before(self) -> pd.DataFrame | None:
        """The twelve months before them."""
        return self._year(previous_months(self.page.board.period, WINDOW))

    @cached_property
    def parts(self) -> tuple[Parts, Parts] | None:
        """The groups of measures and of recency that may be shown; None where none may."""
        years = [year for year in (self.now, self.before) if year is not None]
        return None if self.now is None or not self.now.to_numpy().sum() else safe_parts(years, self.hidden)

    @property
    def unknown(self) -> tuple[str, ...]:
        """Why recent and non-recent offences cannot be told apart; nothing where they can."""
        if self.now is None:
            return (*self.page.item.not_recorded, self._lacking())
        return () if self.parts else (TOO_FEW,)

    def sentences(self) -> Text:
        """How many are non-recent, whether that changed, and what the reader may conclude."""
        if self.unknown:
            return Text(self.unknown)
        changes = {recency: self._change(tuple(self.labels), recency) for recency in (RECENT, NON_RECENT)}
        moved = [self._moved(recency, change) for recency, change in changes.items() if change]
        signal = changes[NON_RECENT].signal if changes[NON_RECENT] else ""
        concluded = f"{NOT_OFFENDING.get(signal, NOT_OFFENDING[''])} {ONLY_REPORTED}"
        return Text((self._opening(), *moved, *self._disagreement(), concluded))

    def table(self) -> Table | Text:
        """Recent and non-recent offences and the share non-recent, of each measure and of all."""
        if self.unknown:
            return NOTHING
        groups = {name: members for name, members in self.parts[0].items() if name}
        lines: list[tuple[Cell, ...]] = []
        for name, members in (groups | {"": list(self.labels)}).items():
            label = self.labels.get(name, f"All {self.measure.label.lower()}")
            lines += [(Cell(label),), *(self._count_line(members, each) for each in self.parts[1])]
            lines.append(self._share_line(members))
        columns = ("Twelve months", "Now", "A year before", "Change", "More than chance?")
        caption = f"Recent and non-recent offences, twelve months to {self.page.month}"
        return Table(caption, columns, tuple(lines), frozenset({1, 2, 3}), self.measure.unit, self._notes())

    def share(self, year: pd.DataFrame | None, members: list[str]) -> Proportion | None:
        """The non-recent ones among those of a known date (of all, where few have none); None without any."""
        if year is None:
            return None
        sums = grouped(year, {"": members}, self.parts[1]).loc[""]
        known = int(sums[RECENT] + sums[NON_RECENT])
        return Proportion(int(sums[NON_RECENT]), known) if known else None

    def _year(self, months: pd.PeriodIndex) -> pd.DataFrame | None:
        return None if self.returns.empty else year_of(self.returns, months, list(self.labels))

    def _lacking(self) -> str:
        """Which months are not there, or that none is; and who holds them."""
        held = [] if self.returns.empty else incomplete_months(self.returns, self.months, list(self.labels))
        if not held or len(held) == len(self.months):
            return f"No extract of how long before their recording offences were committed is at hand. {TEMPLATE}"
        named = listed([month_label(pd.Period(month, freq="M")) for month in held])
        return f"The extract at hand is incomplete: it lacks figures of {named}. {TEMPLATE}"

    @once
    def _change(self, members: tuple[str, ...], recency: str) -> Change | None:
        """The change of one group's count; None where the year before is not at hand."""
        if self.before is None:
            return None
        chosen = self.returns["measure"].isin(members) & self.returns["recency"].isin(self.parts[1][recency])
        monthly = self.returns[chosen].groupby("month")["count"].sum().astype("float64")
        monthly.index = pd.PeriodIndex(monthly.index, freq="M")
        return returned_change(self.page.board, monthly)

    def _wave(self, members: list[str]) -> tuple[Proportion | None, Proportion | None, WaveChange | None]:
        """The share now, a year before, and its change."""
        now, before = self.share(self.now, members), self.share(self.before, members)
        if now is None or before is None:
            return now, before, None
        return now, before, now.since(before)

    def _opening(self) -> str:
        now, before, change = self._wave(list(self.labels))
        known = " with a known date" if self._is_apart else ""
        opening = f"{self.measure.label}{known}, twelve months to {self.page.month}:"
        if now is None:
            return f"{opening} none."
        told = (
            f"{opening} {now} were non-recent, committed more than twelve months before they were recorded (in "
            "brackets the share and its 95% interval)"
        )
        if change is None:
            return f"{told}. What they were a year before is not at hand."
        return f"{told}; a year before {before}: {SAID[change.signal]}."

    def _moved(self, recency: str, change: Change) -> str:
        told = f"{self._label(recency)}: {count(change.current)}, against {count(change.previous)} a year before."
        if change.signal == "no_clear_change":
            return f"{told} {no_clear_change(vars(change))}"
        return f"{told} {CLEAR_CHANGE.get(change.signal, '')}".strip()

    def _disagreement(self) -> tuple[str, ...]:
        """That the extract and the published count are too far apart to be of the same offences, where they are."""
        held, counted = int(self.now.to_numpy().sum()), self._counted
        if counted is None or abs(held - counted) <= AGREES_WITHIN * counted:
            return ()
        return (
            f"The extract holds {count(held)} offences where {count(counted)} are counted: ask which is right before "
            "relying on the share.",
        )

    def _count_line(self, members: list[str], recency: str) -> tuple[Cell, ...]:
        now, before = (self._sum(year, members, recency) for year in (self.now, self.before))
        change = self._change(tuple(members), recency)
        moved = change_text({"absent": "", "unit": "", **vars(change)}) if change else ""
        signal = signal_text(change.signal) if change and recency != NOT_KNOWN else ""
        return (Cell(self._label(recency)), now, before, Cell(moved or "–"), Cell(signal or "–"))

    def _share_line(self, members: list[str]) -> tuple[Cell, ...]:
        now, before, change = self._wave(members)
        moved = signed(change.difference, "proportion") if change else "–"
        cells = (_share_cell(each) for each in (now, before))
        return (Cell("Share non-recent"), *cells, Cell(moved), Cell(signal_text(change.signal) if change else "–"))

    def _sum(self, year: pd.DataFrame | None, members: list[str], recency: str) -> Cell:
        if year is None:
            return Cell("no data", absent=True)
        return Cell(count_text(int(grouped(year, {"": members}, self.parts[1]).loc["", recency])))

    def _notes(self) -> tuple[str, ...]:
        held = f"The extract holds {count(int(self.now.to_numpy().sum()))} {self.measure.unit}"
        beside = "" if self._counted is None else f"; {count(self._counted)} are counted in all"
        meant = (
            "Recent: recorded within twelve months of being committed. Non-recent: later than that. The month is when "
            "an offence was recorded."
        )
        of = "those with a known date" if self._is_apart else "all"
        shares = f"Shares are of {of}, with their 95% interval as if the offences were drawn from many."
        folded = () if self._is_apart else (FOLDED,)
        return (f"{held}{beside}.", meant, shares, *folded, vintages_note(self.page.board, RECENCY, self.returns))

    @cached_property
    def _counted(self) -> int | None:
        """How many the page counts in all; None where that is not shown."""
        row = row_of(self.page.rows, self.page.item.headline, WINDOW)
        return int(row["current"]) if row["status"] in ("ok", "not_comparable") else None

    @property
    def _is_apart(self) -> bool:
        """Whether offences without a known date stand by themselves."""
        return NOT_KNOWN in self.parts[1]

    def _label(self, recency: str) -> str:
        recent = "Recent" if self._is_apart else "Recent, or date not known"
        return {RECENT: recent, NON_RECENT: "Non-recent", NOT_KNOWN: "Date not known"}[recency]


def _share_cell(share: Proportion | None) -> Cell:
    return Cell(f"{share.share:.0%} ({share.interval})") if share else Cell("no data", absent=True)
