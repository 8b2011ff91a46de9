"""What victims got: satisfied with the service, contacted within the target; beside the counts, never part of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd

from crimelib.board.returns import Proportion, latest_returns, vintages_note
from crimelib.board.tables import Cell, Table, change_text, count_text, protected, signal_text, signed
from crimelib.board.text import NOTHING, Text
from crimelib.measures.periods import previous_months, window_months
from crimelib.stats.survey import WaveChange

if TYPE_CHECKING:
    from crimelib.board.item import ItemPage

NAME = "victim_service"
WINDOW = "rolling_12"
MEASURES = {"satisfied": "satisfied with the service", "contacted_in_target": "contacted within the target"}
CRIMES = {"hate_crime": "victims of hate crime", "all_crime": "victims of all crime"}
SAID = {
    "increase": "a rise beyond chance",
    "decrease": "a fall beyond chance",
    "no_clear_change": "no clear change",
}
NO_RETURN = (
    "No return of the service to victims is at hand, so what victims got cannot be set beside the counts. The police "
    "hold it: ask them to fill in the project's template (crimelib template victim_service)."
)


@dataclass(frozen=True)
class Share:
    """Victims over twelve months and how many of them got what the measure says; ``absent`` says why not shown."""

    victims: int = 0
    met: int = 0
    absent: str = ""

    @property
    def proportion(self) -> Proportion:
        """Those of all, where it is shown."""
        return Proportion(self.met, self.victims)

    def __str__(self) -> str:
        return self.absent or str(self.proportion)


def service_table(page: ItemPage) -> Table | Text:
    """The item's counts over twelve months, and under them what its victims and those of all crime got; nothing without
    a return."""
    returns = latest_returns(page.board, NAME)
    if returns.empty:
        return NOTHING
    rows = page.rows[(page.rows["window"] == WINDOW) & (page.rows["breakdown"] == "total")]
    counted = [_count_line(row) for row in protected(rows).to_dict("records")]
    lines = [(Cell("Counts"),), *counted]
    for crime, title in CRIMES.items():
        lines += [(Cell(f"Of the {title}"),), *(_share_line(page, returns, crime, name) for name in MEASURES)]
    columns = ("Twelve months", "Now", "A year before", "Change", "More than chance?")
    caption = f"What was recorded and what victims got, twelve months to {page.month}"
    interval = "In brackets the share and its 95% interval, as if the victims counted were drawn from many."
    notes = (interval, vintages_note(page.board, NAME, returns))
    return Table(caption, columns, tuple(lines), frozenset({1, 2, 3}), "", notes)


def service_sentence(page: ItemPage) -> Text:
    """What victims of the item got, now and a year before."""
    returns = latest_returns(page.board, NAME)
    if returns.empty:
        return Text((NO_RETURN,))
    told = [_told(title, *_shares(page, returns, page.name, name)) for name, title in MEASURES.items()]
    return Text((*told, "A count says how many came forward, these say what those got who did: read them together."))


def shares(returns: pd.DataFrame, months: pd.PeriodIndex, hidden: range) -> Share:
    """Twelve months of one measure; absent where a month was not returned or a count on either side is ``hidden``."""
    rows = returns[returns["month"].isin(months.astype(str))]
    if rows["month"].nunique() < len(months):
        return Share(absent="incomplete")
    victims, met = int(rows["victims"].sum()), int(rows["met"].sum())
    if victims == 0:
        return Share(absent="none")
    return Share(absent="withheld") if {met, victims - met} & set(hidden) else Share(victims, met)


def _shares(page: ItemPage, returns: pd.DataFrame, crime: str, measure: str) -> tuple[Share, Share]:
    """Now and a year before."""
    rows = returns[(returns["crime"] == crime) & (returns["measure"] == measure)]
    hidden = page.board.policy(page.name).hidden
    period = page.board.period
    return (
        shares(rows, window_months(period, WINDOW), hidden),
        shares(rows, previous_months(period, WINDOW), hidden),
    )


def _change(now: Share, before: Share) -> WaveChange | None:
    if now.absent or before.absent:
        return None
    return now.proportion.since(before.proportion)


def _told(title: str, now: Share, before: Share) -> str:
    change = _change(now, before)
    verdict = f": {SAID[change.signal]}" if change else ""
    return f"Victims {title}: {now} now, against {before} a year before{verdict}."


def _share_line(page: ItemPage, returns: pd.DataFrame, crime: str, measure: str) -> tuple[Cell, ...]:
    now, before = _shares(page, returns, crime, measure)
    change = _change(now, before)
    moved = signed(change.difference, "proportion") if change else "–"
    return (
        Cell(MEASURES[measure].capitalize()),
        Cell(str(now), absent=bool(now.absent)),
        Cell(str(before), absent=bool(before.absent)),
        Cell(moved),
        Cell(signal_text(change.signal) if change else "–"),
    )


def _count_line(row: dict[str, object]) -> tuple[Cell, ...]:
    if row["absent"]:
        gone = Cell(row["absent"], absent=True)
        return (Cell(row["label"]), gone, gone, Cell("–"), Cell("–"))
    figures = (count_text(row["current"]), count_text(row["previous"]), change_text(row) or "–")
    return tuple(map(Cell, (row["label"], *figures, signal_text(row["signal"]) or "–")))
