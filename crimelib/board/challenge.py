"""Challenge questions: what the page's own figures make the board ask, by the rules of ``parameters/challenge.yml``.

Every figure in a question stands in the protected summary, is a count of the area as a whole, or compares it with
another area: one that is withheld raises nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from itertools import islice
from typing import TYPE_CHECKING

import pandas as pd

from crimelib.areas import LONDON
from crimelib.board.comparators import (
    ALPHA,
    FIRST_COVID_MONTH,
    against_london,
    comparison_rows,
    last_before,
    total_before,
)
from crimelib.board.narrative import count, counted, listed, per_cent, window_phrase
from crimelib.board.summary import row_of, rows_where
from crimelib.board.text import Text
from crimelib.errors import InputError
from crimelib.measures.periods import month_label, window_months
from crimelib.measures.series import histories
from crimelib.settings import SURVEY, Challenge, ChallengeRule, Condition, Measure

if TYPE_CHECKING:
    from crimelib.board.item import Board, ItemPage

ANY = "any"
Found = Mapping[str, str]  # what a condition that holds gives a question, by field


def challenge_questions(page: ItemPage) -> Text:
    """Questions for one item's page, at most as many as ``challenge.yml`` says: those that its rules raise, the most
    telling first, then the item's standing questions."""
    policy = page.board.settings.challenge
    rules = [rule for rule in policy.rules.values() if {page.name, ANY} & set(rule.items)]
    standing = policy.without_figures if _has_no_figure(page) else page.item.questions
    return _asked(rules, standing, policy, partial(raised_by, page=page))


def _has_no_figure(page: ItemPage) -> bool:
    """Whether the item's first measure has no figure over twelve months."""
    found = rows_where(page.rows, measure=page.item.headline, window="rolling_12", breakdown="total")
    return bool(found["status"].isin(["no_data", "incomplete"]).any())


def survey_questions(board: Board) -> Text:
    """The same for the page of the public attitude survey."""
    rules = [rule for rule in board.settings.challenge.rules.values() if is_survey(rule)]
    standing = board.settings.perception.questions
    return _asked(rules, standing, board.settings.challenge, partial(raised_by_survey, board=board))


def is_survey(rule: ChallengeRule) -> bool:
    """Whether a rule is about the public attitude survey."""
    return rule.items == (SURVEY,)


def _asked(
    rules: Iterable[ChallengeRule],
    always: Sequence[str],
    policy: Challenge,
    ask: Callable[[ChallengeRule], str | None],
) -> Text:
    standing = always[: policy.most - 1]
    raised: list[str] = []
    groups: set[str] = set()
    for rule in rules:
        question = None if len(raised) + 1 >= policy.most or rule.group in groups else ask(rule)
        if question:
            raised.append(question)
            groups |= {rule.group} - {""}
    return Text((*raised, *islice(standing, policy.most - len(raised))), bullet="- ")


def raised_by(rule: ChallengeRule, page: ItemPage) -> str | None:
    """The rule's question with its figures, None unless all its conditions hold."""
    found: dict[str, Found] = {}
    for name, condition in rule.when.items():
        fields = CHECKS[condition.kind](page, condition)
        if fields is None:
            return None
        found[name] = fields
    return rule.filled(found)


def raised_by_survey(rule: ChallengeRule, board: Board) -> str | None:
    """The rule's question with the survey's figures, None unless all its conditions hold."""
    from crimelib.board.perception import found_by_survey, smallest_shown

    told = {name: found_by_survey(board, str(each.survey), each.measure) for name, each in rule.when.items()}
    if not all(told.values()):
        return None
    smallest = f"{smallest_shown(board):.0f} points"
    said = {
        name: {"parts": listed(parts), "number": counted(len(parts), "measures"), "smallest": smallest}
        for name, parts in told.items()
    }
    return rule.filled(said)


def _moved(page: ItemPage, condition: Condition) -> Found | None:
    row = _row(page, condition)
    if row is None or row["status"] != "ok" or row["signal"] == "":
        return None
    is_way = row["change"] > 0 if condition.moved == "up" else row["change"] < 0
    is_far = pd.isna(row["pct_change"]) or abs(row["pct_change"]) >= condition.by_pct
    return _figures(page, condition, row) if is_way and is_far else None


def _signal(page: ItemPage, condition: Condition) -> Found | None:
    row = _row(page, condition)
    if row is None or row["status"] != "ok" or (row["signal"] or "withheld") not in (condition.signal or ()):
        return None
    smallest = row["detectable_pct"]
    told = "any" if pd.isna(smallest) else f"less than {per_cent(smallest)}"
    return {**_figures(page, condition, row), "detectable": told}


def _status(page: ItemPage, condition: Condition) -> Found | None:
    row = _row(page, condition)
    if row is None or row["status"] != condition.status:
        return None
    return {**_names(page, condition), **_when(row), "note": _reason(str(row["note"]))}


def _parts(page: ItemPage, condition: Condition) -> Found | None:
    rows = _rows(page, condition)
    moved = rows[(rows["status"] == "ok") & (rows["signal"] == condition.parts)].to_dict("records")
    if not moved:
        return None
    told = [f"{row['breakdown_label']} ({count(row['previous'])} to {count(row['current'])})" for row in moved]
    said = {"parts": listed(told), "number": count(len(told))}
    return {**_names(page, condition), **_when(moved[0]), **said}


def _unusual(page: ItemPage, condition: Condition) -> Found | None:
    found = page.last_month(_id(page, condition))
    if found is None or not found.flagged or found.month != page.board.period:
        return None
    said = {"count": count(found.count), "why": "; ".join(found.flagged), "month": month_label(found.month)}
    return {**_names(page, condition), **said}


def _london(page: ItemPage, condition: Condition) -> Found | None:
    rows = comparison_rows(page.board, _id(page, condition), condition.window)
    told = rows[(rows["status"] == "ok") & ~rows["doubted"]].to_dict("records") if len(rows) else []
    if not told or told[0]["code"] != page.board.area.code or told[0]["code"] == LONDON:
        return None
    found = against_london(told)
    if found is None or found.p_value >= ALPHA or (found.ratio > 1) != (condition.london == "above"):
        return None
    london = next(row for row in told if row["code"] == LONDON)
    row = row_of(page.rows, _id(page, condition), condition.window)
    counts = {f"london_{name}": count(int(london[name])) for name in ("current", "previous")}
    return {**_figures(page, condition, row), **counts, "london_pct": _signed(london["pct_change"])}


def _since_covid(page: ItemPage, condition: Condition) -> Found | None:
    board, measure = page.board, _measure(page, condition)
    row, before = _row(page, condition), last_before(board.period, FIRST_COVID_MONTH)
    if row is None or row["status"] not in ("ok", "not_comparable") or before is None:
        return None
    now, then = _now_and_then(page, measure, before, condition.window)
    if not then or now is None or (now > then) != (condition.since_covid == "up"):
        return None
    pct = 100 * (now - then) / then
    figures = {"current": count(now), "then": count(then), "change": count(abs(now - then)), "pct": per_cent(pct)}
    months = {"month": month_label(board.period), "then_month": month_label(before)}
    return {**_names(page, condition), **figures, **months} if abs(pct) >= condition.by_pct else None


def _trigger(page: ItemPage, condition: Condition) -> Found | None:
    from crimelib.board.triggers import spike_of

    spike = spike_of(page)
    if spike is None:
        return None
    event, row = spike
    figures = {"count": count(int(row["value"])), "most": f"{row['upper']:,.0f}", "month": month_label(row["month"])}
    return {**_names(page, condition), **figures, "event": event.label}


def _residents(page: ItemPage, condition: Condition) -> Found | None:
    from crimelib.board.asb import AsbPage
    from crimelib.board.resident_reports import ahead_of_calls

    told = ahead_of_calls(page if isinstance(page, AsbPage) else AsbPage(page.board))
    return {**_names(page, condition), "told": "; ".join(told)} if told else None


def _hidden(page: ItemPage, condition: Condition) -> Found | None:
    rows = _rows(page, condition)
    number = int((rows["status"] == "suppressed").sum())
    return {**_names(page, condition), "number": counted(number, f"{condition.breakdown}s")} if number else None


def _provisional(page: ItemPage, condition: Condition) -> Found | None:
    row, first = _row(page, condition), page.provisional_from(_id(page, condition))
    if first is None or row is None or row["status"] != "ok":
        return None
    months = {"first": month_label(first), "month": month_label(page.board.period)}
    return {**_names(page, condition), **months}


def _now_and_then(page: ItemPage, measure: Measure, before: pd.Period, window: str) -> tuple[int | None, int | None]:
    """A window's count and that of the same window ending with an earlier month, from the first history with both."""
    board = page.board
    for history in histories(board.counts, measure.figures, board.settings.sources.bases):
        now = history.window(board.area.code, window_months(board.period, window))[0].sum()
        then = total_before(history, board.area.code, before, board.period, window, measure.breaks)
        if not pd.isna(now) and then is not None:
            return int(now), then
    return None, None


CHECKS: dict[str, Callable[[ItemPage, Condition], Found | None]] = {
    "moved": _moved,
    "signal": _signal,
    "status": _status,
    "parts": _parts,
    "unusual": _unusual,
    "london": _london,
    "since_covid": _since_covid,
    "trigger": _trigger,
    "residents": _residents,
    "hidden": _hidden,
    "provisional": _provisional,
}


def _id(page: ItemPage, condition: Condition) -> str:
    return condition.measure or page.item.headline


def _measure(page: ItemPage, condition: Condition) -> Measure:
    name = _id(page, condition)
    if name not in page.item.measures:
        known = ", ".join(page.item.measures)
        raise InputError(f"{page.name} has no measure {name!r}", where="challenge.yml", fix=f"known: {known}")
    return page.item.measures[name]


def _rows(page: ItemPage, condition: Condition) -> pd.DataFrame:
    """The rows of the summary over a condition's window, of its breakdown."""
    wanted = {"measure": _id(page, condition), "breakdown": condition.breakdown, "window": condition.window}
    return rows_where(page.rows, **wanted)


def _row(page: ItemPage, condition: Condition) -> Mapping[str, object] | None:
    """The row of the summary that a condition is about; None where the summary has none."""
    _measure(page, condition)
    rows = rows_where(_rows(page, condition), breakdown_value=condition.value)
    return rows.iloc[0].to_dict() if len(rows) == 1 else None


def _figures(page: ItemPage, condition: Condition, row: Mapping[str, object]) -> Found:
    figures = {name: count(int(row[name])) for name in ("current", "previous")}
    change = {"change": count(abs(int(row["change"]))), "pct": _signed(row["pct_change"])}
    return {**_names(page, condition), **_when(row), **figures, **change}


def _names(page: ItemPage, condition: Condition) -> Found:
    measure = _measure(page, condition)
    return {"Label": measure.label, "label": measure.label[:1].lower() + measure.label[1:], "unit": measure.unit}


def _when(row: Mapping[str, object]) -> Found:
    return {"window": window_phrase(row), "month": month_label(pd.Period(row["period"], freq="M"))}


def _reason(note: str) -> str:
    """A summary row's note without the word for its status."""
    return (note.partition(": ")[2] or note).rstrip(".")


def _signed(pct: object) -> str:
    """``+17%``, ``−3.2%``; in words where there is no per cent of nothing."""
    return "from nothing" if pd.isna(pct) else f"{'−' if pct < 0 else '+'}{per_cent(float(pct))}"
