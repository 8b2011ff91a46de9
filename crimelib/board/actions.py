"""The register of actions: what is open, what is overdue, and whether the evidence asked for is there.

The register is read as at the last day of a period, so that a pack made again later says the same.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import pandas as pd

from crimelib.areas import AreaBook
from crimelib.board.item import Board, Text
from crimelib.board.narrative import escape_markdown
from crimelib.board.summary import rows_where
from crimelib.board.tables import Cell, Table
from crimelib.board.titles import item_title
from crimelib.errors import InputError
from crimelib.measures.periods import month_label
from crimelib.settings import Action, ActionChange, MeasureTest, RowsTest, Settings

COLUMNS = ["id", "meeting", "action", "owner", "due", "status", "item", "measure", "overdue", "evidence_met", "note"]
Met = Literal["yes", "no", "not_yet", "no_data", "board_decides"]
MET_WORDS: dict[Met, str] = {
    "yes": "✓ yes",
    "no": "✗ no",
    "not_yet": "not yet",
    "no_data": "no data",
    "board_decides": "for the board to judge",
}


def open_actions(settings: Settings, period: pd.Period, item: str, area: str = "") -> list[str]:
    """The open actions on an item as sentences, the earliest due first. With an ``area``, none unless the register is
    that area's."""
    open_ones = [
        action
        for action in known_actions(settings, period, area).values()
        if action.item == item and status_at(action, period) == "open"
    ]
    return [_line(action, period) for action in sorted(open_ones, key=lambda action: action.due)]


def action_table(board: Board) -> pd.DataFrame:
    """Every action agreed up to the period, a row each with the columns ``COLUMNS``. ``overdue`` is yes or no;
    ``evidence_met`` is yes, no, not_yet (no month after the meeting yet), no_data, or board_decides (no figure can
    tell)."""
    known = known_actions(board.settings, board.period, board.area.name)
    return pd.DataFrame([_row(board, name, action) for name, action in known.items()], columns=COLUMNS)


def known_actions(settings: Settings, period: pd.Period, area: str = "") -> dict[str, Action]:
    """The actions agreed at or before the period's meeting, by id; none where the register is another area's.
    Raises :class:`InputError` for an action on an item that is not there."""
    register = settings.actions
    for name, action in register.actions.items():
        _refuse_unknown_item(settings, name, action)
    if area and AreaBook.of(settings).find(register.area) != AreaBook.of(settings).find(area):
        return {}
    return {name: action for name, action in register.actions.items() if action.meeting <= str(period)}


def status_at(action: Action, period: pd.Period) -> str:
    """``open``, ``closed`` or ``withdrawn``, as the history had it by the period."""
    changes = _changes(action, period)
    return changes[-1].status if changes else "open"


def is_overdue(action: Action, period: pd.Period) -> bool:
    """Whether an action is still open though its day is over by the end of the period."""
    return status_at(action, period) == "open" and pd.Timestamp(action.due) <= period.end_time


def _refuse_unknown_item(settings: Settings, name: str, action: Action) -> None:
    known = [*settings.items, "perception"]
    if action.item and action.item not in known:
        where = f"actions.yml, action {name!r}"
        raise InputError(f"no item is called {action.item!r}", where=where, fix=f"known: {', '.join(known)}")


def _line(action: Action, period: pd.Period) -> str:
    due = f"{'overdue since' if is_overdue(action, period) else 'due'} {_day(action.due)}"
    words = action.words if action.words.endswith((".", "!", "?")) else f"{action.words}."
    return f"{words} {action.owner}, {due}."


def _row(board: Board, name: str, action: Action) -> dict[str, str]:
    met, found = evidence_met(board, action)
    return {
        "id": name,
        "meeting": action.meeting,
        "action": action.words,
        "owner": action.owner,
        "due": action.due,
        "status": status_at(action, board.period),
        "item": action.item,
        "measure": action.evidence.measure.measure if action.evidence.measure else "",
        "overdue": "yes" if is_overdue(action, board.period) else "no",
        "evidence_met": met,
        "note": _note(board, action, met, found),
    }


def evidence_met(board: Board, action: Action) -> tuple[Met, str]:
    """Whether the evidence that would close an action is there by the period, and a sentence on what was found."""
    test = action.evidence.measure or action.evidence.rows
    if test is None:
        return "board_decides", "No figure can decide it: the board judges from the page."
    if str(board.period) <= action.meeting:
        return "not_yet", f"Evidence counts from {month_label(pd.Period(action.meeting, freq='M') + 1)}."
    return _measured(board, test) if isinstance(test, MeasureTest) else _stored(board, action, test)


def _measured(board: Board, test: MeasureTest) -> tuple[Met, str]:
    rows = board.rows
    wanted = {
        "measure": test.measure,
        "breakdown": test.breakdown,
        "breakdown_value": test.value,
        "window": test.window,
    }
    chosen = rows_where(rows, **wanted)
    if chosen.empty:
        raise InputError(f"no figure is {wanted}", where="actions.yml", fix="name a measure of the summary")
    row = chosen.iloc[0]
    if row["status"] != "ok":
        return "no_data", str(row["note"])
    if test.signal:
        return _yes_or_no(row["signal"] == test.signal), f"The figures show {_signal_words(row['signal'])}."
    enough = row["current"] >= test.at_least if test.at_least is not None else row["current"] <= test.at_most
    return _yes_or_no(enough), f"The figure stands at {_figure(row)}."


def _stored(board: Board, action: Action, test: RowsTest) -> tuple[Met, str]:
    filters = [("area_code", "==", board.area.code), ("month", ">", action.meeting), ("month", "<=", str(board.period))]
    rows = board.store.table(test.table, filters=filters)
    months = sorted(set(_having(rows, test)["month"])) if len(rows) else []
    title = test.table.replace("_", " ")
    if not months:
        return "no", f"Nothing of the kind in the {title} since the meeting."
    return "yes", f"In the {title} for {_count_months(months)} since the meeting, the last {_month(months[-1])}."


def _having(rows: pd.DataFrame, test: RowsTest) -> pd.DataFrame:
    """Rows with every value asked for; a column of several values joined by ``;`` has each of them."""
    for column, value in test.where.items():
        if column not in rows:
            raise InputError(
                f"{test.table} has no column {column!r}", where="actions.yml", fix=f"it has: {', '.join(rows.columns)}"
            )
        rows = rows[[value in str(cell).split(";") for cell in rows[column]]]
    return rows


def _note(board: Board, action: Action, met: Met, found: str) -> str:
    return " ".join([f"To close it: {_lower_first(action.evidence.what)}.", found, *_remarks(board, action, met)])


def _remarks(board: Board, action: Action, met: Met) -> Iterator[str]:
    """Where status and evidence do not go together, and what the history says."""
    status = status_at(action, board.period)
    if status == "open" and met == "yes":
        yield "The board may close it."
    if status == "closed" and met in ("no", "no_data"):
        yield "Closed, though the evidence asked for is not there."
    for change in _changes(action, board.period):
        yield f"{_month(change.period)}, {change.status}: {change.what}"


def _changes(action: Action, period: pd.Period) -> list[ActionChange]:
    return [change for change in action.history if change.period <= str(period)]


def _month(period: str) -> str:
    return month_label(pd.Period(period, freq="M"))


def _lower_first(text: str) -> str:
    return text[:1].lower() + text[1:]


def _day(text: str) -> str:
    day = pd.Timestamp(text)
    return f"{day.day} {day.strftime('%B %Y')}"


def _yes_or_no(met: bool) -> Met:
    return "yes" if met else "no"


def _signal_words(signal: object) -> str:
    words = {"increase": "an increase beyond chance", "decrease": "a decrease beyond chance"}
    return words.get(str(signal), "no change that could not be chance")


def _figure(row: pd.Series) -> str:
    return f"{100 * row['current']:.0f}%" if row["item"] == "perception" else f"{int(row['current']):,}"


def _count_months(months: list[str]) -> str:
    return "one month" if len(months) == 1 else f"{len(months)} months"


# The page ------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Links:
    """A list of actions under links to the pages of the pack that show their evidence; the words are escaped."""

    pages: dict[str, tuple[str, tuple[str, ...]]]

    def _repr_markdown_(self) -> str:
        return "\n\n".join(self._page(slug, *page) for slug, page in self.pages.items())

    def __str__(self) -> str:
        return "\n".join(f"{title}: {' '.join(lines)}" for title, lines in self.pages.values())

    def _page(self, slug: str, title: str, lines: tuple[str, ...]) -> str:
        entries = "\n".join(f"- {escape_markdown(line)}" for line in lines)
        return f"[{escape_markdown(title)}]({slug}.html)\n\n{entries}"


class ActionsPage:
    """What the actions notebook shows. Every word of the register is data and is escaped."""

    def __init__(self, board: Board) -> None:
        self.board = board

    @cached_property
    def rows(self) -> pd.DataFrame:
        """:func:`action_table`, the open ones first, the earliest due at the top."""
        found = action_table(self.board)
        later = found["status"].map({"open": 0, "closed": 1, "withdrawn": 2})
        return found.assign(later=later).sort_values(["later", "due", "id"], ignore_index=True).drop(columns="later")

    def headline(self) -> Text:
        """How the register stands, in one sentence."""
        if self.rows.empty:
            return Text((f"No action of the board of {self.board.area.name} is on the register.",))
        still = self.rows[self.rows["status"] == "open"]
        overdue = int((still["overdue"] == "yes").sum())
        ready = int((still["evidence_met"] == "yes").sum())
        end = f"{self.board.period.end_time.day} {month_label(self.board.period)}"
        actions = "1 action is" if len(self.rows) == 1 else f"{len(self.rows)} actions are"
        evidence = f" The evidence asked for is there for {ready}, which the board may close." if ready else ""
        return Text((f"{actions} on the register: {len(still)} open, {overdue} overdue at {end}.{evidence}",))

    def table(self) -> Table | Text:
        """The register: each action with its owner, its day, its state and whether its evidence is there."""
        if self.rows.empty:
            return self.headline()
        columns = ("Action", "Owner", "Agreed", "Due", "State", "Evidence there?")
        lines = tuple(_register_line(row) for row in self.rows.to_dict("records"))
        return Table(f"The board's actions at the end of {month_label(self.board.period)}", columns, lines)

    def evidence(self) -> Links | Text:
        """What would close each action that is still open, under a link to the page that shows it."""
        pages: dict[str, tuple[str, tuple[str, ...]]] = {}
        known = known_actions(self.board.settings, self.board.period, self.board.area.name)
        for row in self.rows[self.rows["status"] == "open"].itertuples():
            slug = known[row.id].evidence.page
            title, lines = pages.get(slug, (page_title(self.board.settings, slug), ()))
            pages[slug] = (title, (*lines, f"{row.action} {row.note}"))
        return Links(pages) if pages else Text(("No action is open.",))

    def history(self) -> Text:
        """What later meetings did with each action, the earliest first."""
        known = known_actions(self.board.settings, self.board.period, self.board.area.name)
        changes = [
            (change.period, f"{_month(change.period)}, {change.status}: {action.words} {change.what}")
            for action in known.values()
            for change in _changes(action, self.board.period)
        ]
        lines = tuple(line for _, line in sorted(changes))
        return Text(lines or ("No later meeting has changed an action yet.",), bullet="- ", heading="History")

    def questions(self) -> Text:
        """What the board may want to ask."""
        overdue = [
            f"{row.owner}: what stands in the way, and what is the new date? ({row.action})"
            for row in self.rows[self.rows["overdue"] == "yes"].itertuples()
        ]
        standing = "Would the evidence named here satisfy the board that each action has made a difference?"
        return Text((*overdue, standing), bullet="- ", heading="Questions for the board")

    def caveats(self) -> Text:
        """How the register is read."""
        lines = (
            "Overdue and evidence are worked out as at the last day of the period; nobody types them.",
            "Evidence counts only from months after the meeting that asked for it.",
            "Evidence that something was done is not evidence that it worked.",
        )
        return Text(lines, bullet="- ", heading="To bear in mind")


def page_title(settings: Settings, slug: str) -> str:
    """What a page of the pack is called: its item's title, else its name in words."""
    items = {item.page: name for name, item in settings.items.items()} | {"perception": "perception"}
    return item_title(settings, items[slug]) if slug in items else slug.replace("_", " ").capitalize()


def _register_line(row: dict[str, str]) -> tuple[Cell, ...]:
    state = "overdue" if row["overdue"] == "yes" else row["status"]
    return (
        Cell(row["action"]),
        Cell(row["owner"]),
        Cell(_month(row["meeting"])),
        Cell(_day(row["due"])),
        Cell(state),
        Cell(MET_WORDS[row["evidence_met"]]),
    )
