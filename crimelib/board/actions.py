"""The register of actions: what is open, what is overdue, and whether the evidence asked for is there.

The register is read as at the last day of a period, so that a pack made again later says the same.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Literal

import pandas as pd

from crimelib.areas import AreaBook
from crimelib.errors import InputError
from crimelib.measures.periods import month_label
from crimelib.settings import Action, MeasureTest, RowsTest, Settings

if TYPE_CHECKING:
    from crimelib.board.item import Board

COLUMNS = ["id", "meeting", "action", "owner", "due", "status", "item", "measure", "overdue", "evidence_met", "note"]
Met = Literal["yes", "no", "not_yet", "no_data", "board_decides"]


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
    if area and AreaBook(settings.areas).find(register.area) != AreaBook(settings.areas).find(area):
        return {}
    return {name: action for name, action in register.actions.items() if action.meeting <= str(period)}


def status_at(action: Action, period: pd.Period) -> str:
    """``open``, ``closed`` or ``withdrawn``, as the history had it by the period."""
    changes = [change.status for change in action.history if change.period <= str(period)]
    return changes[-1] if changes else "open"


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
        return "board_decides", f"The {_page(action)} page shows it; no figure can decide it."
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
    chosen = rows[(rows[list(wanted)] == pd.Series(wanted)).all(axis=1)]
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
    last = month_label(pd.Period(months[-1], freq="M"))
    return "yes", f"In the {title} for {_count_months(months)} since the meeting, the last {last}."


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
    return " ".join([f"{action.evidence.what}: see {_page(action)}.", found, *_remarks(board, action, met)])


def _remarks(board: Board, action: Action, met: Met) -> Iterator[str]:
    """Where status and evidence do not go together, and what the history says."""
    status = status_at(action, board.period)
    if status == "open" and met == "yes":
        yield "The board may close it."
    if status == "closed" and met in ("no", "no_data"):
        yield "Closed, though the evidence asked for is not there."
    for change in action.history:
        if change.period <= str(board.period):
            yield f"{month_label(pd.Period(change.period, freq='M'))}, {change.status}: {change.what}"


def _page(action: Action) -> str:
    return action.evidence.page.replace("_", " ")


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
