"""What residents report to the council, beside the police calls with the same local tag; never added to them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd

from crimelib.board.narrative import count, per_cent
from crimelib.board.returns import latest_returns, returned_change, vintages_note
from crimelib.board.tables import Cell, Table, change_text, count_text, signal_text
from crimelib.board.text import NOTHING, Text
from crimelib.stats.comparison import Change
from crimelib.stats.concordance import Movement, ratio_of_ratios

if TYPE_CHECKING:
    from crimelib.board.asb import AsbPage

NAME = "resident_reports"
WATCHED = ("speeding", "e_scooter")  # what residents speak of and the recorded headings have no name for
ALPHA = 0.05
AHEAD, BEHIND = "reports ran ahead of calls by more than chance", "reports fell behind calls by more than chance"
FEWEST = 10  # in a window: below it a ratio says nothing
NO_FEED = (
    "No feed of residents' reports is at hand. The council holds it: ask it to fill in the project's template "
    "(crimelib template resident_reports)."
)
NEVER_ADDED = "One nuisance can be both a report and a call, so the two are never added."


@dataclass(frozen=True)
class Beside:
    """Residents' reports and tagged police calls of one category over twelve months; None where there is no figure."""

    label: str
    reports: Change | None
    calls: Change | None

    def __str__(self) -> str:
        return (
            f"{self.label}: residents' reports {_told(self.reports)}, police calls {_told(self.calls)}; {self.verdict}."
        )

    @property
    def verdict(self) -> str:
        """Whether the two tell the same story."""
        if self.reports is None or self.calls is None:
            return "whether they tell the same story cannot be told"
        counts = (self.reports.current, self.reports.previous, self.calls.current, self.calls.previous)
        if min(counts) < FEWEST:
            return "too few to say whether they tell the same story"
        apart = ratio_of_ratios(_movement(self.reports), _movement(self.calls))
        if apart.p_value >= ALPHA:
            return "they do not move apart by more than chance"
        return f"they do not tell the same story, {AHEAD if apart.ratio > 1 else BEHIND}"


def beside_calls(page: AsbPage) -> Text:
    """For speeding and e-scooters whether residents' reports and police calls tell the same story."""
    returns = latest_returns(page.board, NAME)
    lines = tuple(str(each) for each in _each(page, returns) if each.reports is not None)
    return Text((*lines, NEVER_ADDED) if lines else (NO_FEED if returns.empty else f"{NO_FEED[:-1]} for every month.",))


def ahead_of_calls(page: AsbPage) -> list[str]:
    """The categories in which residents' reports ran ahead of police calls by more than chance, with the figures."""
    found = [each for each in _each(page, latest_returns(page.board, NAME)) if each.verdict.endswith(AHEAD)]
    return [f"{each.label}, reports {_told(each.reports)}, calls {_told(each.calls)}" for each in found]


def beside_calls_table(page: AsbPage) -> Table | Text:
    """Residents' reports and police calls of each category, side by side."""
    returns = latest_returns(page.board, NAME)
    if returns.empty:
        return NOTHING
    lines: list[tuple[Cell, ...]] = []
    for each in _each(page, returns):
        lines += [(Cell(each.label),), _line("Residents' reports to the council", each.reports)]
        lines.append(_line("Police calls with this local tag", each.calls))
    columns = ("Twelve months", "Now", "A year before", "Change", "More than chance?")
    caption = f"What residents report beside what the police are called to, twelve months to {page.month}"
    notes = (NEVER_ADDED, vintages_note(page.board, NAME, returns))
    return Table(caption, columns, tuple(lines), frozenset({1, 2, 3}), "reports and calls", notes)


def reports_by_month(returns: pd.DataFrame, category: str) -> pd.Series:
    """Reports of one category by month; missing where a ward and channel that ever returned it left a month out."""
    rows = returns[returns["category"] == category]
    lines = len(rows[["ward_code", "channel"]].drop_duplicates())
    by_month = rows.groupby("month")["count"].agg(["sum", "size"])
    whole = by_month["sum"].astype("float64").where(by_month["size"] == lines)
    whole.index = pd.PeriodIndex(whole.index, freq="M")
    return whole


def _each(page: AsbPage, returns: pd.DataFrame) -> Iterator[Beside]:
    """Speeding and e-scooters, then whatever else residents reported."""
    tags = page.board.settings.asb_taxonomy.tags
    reported = set(returns["category"]) if len(returns) else set()
    for name in (*WATCHED, *sorted(reported - set(WATCHED))):
        series = reports_by_month(returns, name) if name in reported else pd.Series(dtype="float64")
        monthly = page.monthly_by_definition
        calls = monthly[name] if name in monthly else pd.Series(dtype="float64")
        yield Beside(tags[name].label, returned_change(page.board, series), returned_change(page.board, calls))


def _movement(change: Change) -> Movement:
    return Movement(float(change.previous), float(change.current), change.dispersion or 1.0)


def _told(change: Change | None) -> str:
    if change is None:
        return "are not at hand"
    if change.pct_change is None:
        return f"from {count(change.previous)} to {count(change.current)}"
    sign = "+" if change.pct_change > 0 else "−" if change.pct_change < 0 else ""
    return f"{count(change.previous)} to {count(change.current)} ({sign}{per_cent(change.pct_change)})"


def _line(label: str, change: Change | None) -> tuple[Cell, ...]:
    if change is None:
        gone = Cell("no data", absent=True)
        return (Cell(label), gone, gone, Cell("–"), Cell("–"))
    row = {"absent": "", "unit": "", **vars(change)}
    figures = (count_text(change.current), count_text(change.previous), change_text(row) or "0")
    return tuple(map(Cell, (label, *figures, signal_text(change.signal) or "–")))
