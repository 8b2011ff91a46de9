"""The claims check: each statement made to the board set against the figures, under every window.

A verdict is about the figures as counted; whether the change is more than chance is said beside it, never mixed in.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Literal

import pandas as pd

from crimelib.areas import LONDON, AreaBook
from crimelib.board.charts import Chart, change_forest
from crimelib.board.item import Board
from crimelib.board.narrative import CLEAR_CHANGE, count, per_cent, window_phrase
from crimelib.board.summary import rows_where, summary
from crimelib.board.tables import WINDOW_TITLES, Cell, Table, change_text, count_text, protected, row_unit, signal_text
from crimelib.board.text import NOTHING, Text
from crimelib.board.titles import measure_title
from crimelib.errors import InputError
from crimelib.measures.periods import month_label, previous_months
from crimelib.settings import Claim, ClaimWords, Settings
from crimelib.tables.store import Store

COLUMNS = [
    "claim",
    "said",
    "item",
    "measure",
    "window",
    "current",
    "previous",
    "change",
    "pct_change",
    "signal",
    "verdict",
    "note",
]
EVIDENCE_COLUMNS = [
    *["claim", "view", "place", "window", "current", "previous", "change", "pct_change", "ratio_low", "ratio_high"],
    *["signal", "status", "source", "vintage", "agrees", "note"],
]
Verdict = Literal["supported", "supported_over", "not_supported", "cannot_be_tested"]
VERDICT_WORDS: dict[Verdict, str] = {
    "supported": "✓ supported",
    "supported_over": "◐ supported only over",
    "not_supported": "✗ not supported",
    "cannot_be_tested": "? cannot be tested",
}
ROUNDING = 1e-6
WINDOWS = ("rolling_12", "ytd", "quarter", "month")


@dataclass(frozen=True)
class View:
    """One reading of the figures: the area in the latest files, the area in older files, or London."""

    kind: Literal["latest", "older", "london"]
    place: str
    rows: pd.DataFrame


class BoroughStore(Store):
    """A store that shows no wards: two readings of a small count could give a withheld one away."""

    def counts(self, area_codes: list[str], *, wards: bool = False) -> pd.DataFrame:
        """Monthly counts of areas, never of their wards."""
        return super().counts(area_codes)


@dataclass(frozen=True)
class Look:
    """A statement against one row of one view; ``agrees`` is None where the row has no comparison."""

    kind: Literal["latest", "older", "london"]
    place: str
    row: Mapping[str, object]
    agrees: bool | None

    @property
    def window(self) -> str:
        """The row's window."""
        return str(self.row["window"])


@dataclass(frozen=True)
class Finding:
    """A statement with its verdict, the look that decided it, and every other look."""

    name: str
    claim: Claim
    verdict: Verdict
    decided: Look | None
    looks: tuple[Look, ...]
    note: str


def check_claims(board: Board) -> pd.DataFrame:
    """The rows of ``claims.csv``: one a statement, with the columns ``COLUMNS``; empty where nothing was written down
    for this area and period. Raises :class:`InputError` for a statement about what is not declared."""
    return pd.DataFrame([_record(found) for found in findings(board)], columns=COLUMNS, dtype=object)


def claim_evidence(board: Board) -> pd.DataFrame:
    """Every look behind :func:`check_claims`, with the columns ``EVIDENCE_COLUMNS``: all windows, the area in the
    latest files and in older ones where they were revised, and London."""
    rows = [_look_record(found, look) for found in findings(board) for look in found.looks]
    return pd.DataFrame(rows, columns=EVIDENCE_COLUMNS, dtype=object)


def findings(board: Board) -> list[Finding]:
    """Every statement of the board's area and period, checked."""
    said = board.settings.claims(str(board.period))
    if said is None or AreaBook.of(board.settings).find(said.area) != board.area:
        return []
    words = board.settings.claim_words
    for name, claim in said.claims.items():
        _refuse_undeclared(board.settings, f"claims/{board.period}.yml, claim {name!r}", claim)
    views = list(board_views(board)) if any(claim.measure for claim in said.claims.values()) else []
    return [judged(name, claim, looks_at(claim, views, words), words) for name, claim in said.claims.items()]


# Views ---------------------------------------------------------------------------------------------------------------


def board_views(board: Board) -> Iterator[View]:
    """The readings of the figures that a statement is set against."""
    yield View("latest", board.area.name, board.rows)
    for store, files in older_files(board):
        rows = summary(store, board.settings, board.area, board.period, board.audience)
        yield View("older", f"{board.area.name}, {files}", _revised(rows, board.rows))
    london = AreaBook.of(board.settings).find(LONDON)
    if board.area != london and len(_counted(board.store, LONDON, board.period)):
        yield View("london", "London", summary(board.store, board.settings, london, board.period, board.audience))


def older_files(board: Board) -> Iterator[tuple[Store, str]]:
    """The store as it was with each older vintage that has the period, and what to call it."""
    counted = _counted(board.store, board.area.code, board.period)
    known = counted[["source", "vintage_order", "vintage"]].drop_duplicates() if len(counted) else counted
    for row in known.itertuples():
        if row.vintage_order < known.loc[known["source"] == row.source, "vintage_order"].max():
            title = board.settings.sources.sources[row.source].title
            yield as_of(board.store, row.source, row.vintage_order), f"{title} of {row.vintage}"


def as_of(store: Store, source: str, order: int) -> Store:
    """The store without the vintages of a source that came after one, and without wards."""
    kept = tuple(each for each in store.catalogue.entries if each.source != source or each.order <= order)
    older = BoroughStore(store.folder)
    older.catalogue = replace(store.catalogue, entries=kept)
    return older


def _counted(store: Store, code: str, period: pd.Period) -> pd.DataFrame:
    return store.table("counts", filters=[("area_code", "==", code), ("month", "==", str(period))])


def _revised(older: pd.DataFrame, latest: pd.DataFrame) -> pd.DataFrame:
    """The older rows with figures that later files changed."""
    keys, figures = ["measure", "breakdown", "breakdown_value", "window"], ["current", "previous"]
    both = older[keys + figures].merge(latest[keys + figures], on=keys, how="left", suffixes=("", "_now"))
    same = [row.current == row.current_now and row.previous == row.previous_now for row in both.itertuples()]
    return older[(older["status"] == "ok") & ~pd.Series(same, index=older.index)]


# Looks ---------------------------------------------------------------------------------------------------------------


def looks_at(claim: Claim, views: Iterable[View], words: ClaimWords) -> list[Look]:
    """A statement against every row about its measure, the longest window first within each view."""
    return [
        Look(view.kind, view.place, row, agrees(claim, row, words))
        for view in views
        for row in _rows_about(claim, view.rows)
    ]


def _rows_about(claim: Claim, rows: pd.DataFrame) -> list[dict[str, object]]:
    wanted = {
        "item": claim.item,
        "measure": claim.measure,
        "breakdown": claim.breakdown,
        "breakdown_value": claim.value,
    }
    chosen = rows_where(rows, **wanted)
    return sorted(chosen.to_dict("records"), key=lambda row: WINDOWS.index(str(row["window"])))


def agrees(claim: Claim, row: Mapping[str, object], words: ClaimWords) -> bool | None:
    """Whether a row's figures are as a statement says: its direction, and its size if it gave one."""
    if row["status"] != "ok":
        return None
    return not _objection(claim, row, words)


def moved(row: Mapping[str, object]) -> float | None:
    """The change in per cent, unrounded (None from nothing); of a survey proportion in percentage points."""
    current, previous = float(row["current"]), float(row["previous"])
    if row_unit(row) == "proportion":
        return 100 * (current - previous)
    return 100 * (current - previous) / previous if previous else None


def _objection(claim: Claim, row: Mapping[str, object], words: ClaimWords) -> str:
    """What in a row speaks against a statement, as the rest of a sentence; '' where nothing does."""
    return _wrong_direction(claim, row, words) or _wrong_count(claim, row) or _wrong_size(claim, row, words)


def _wrong_direction(claim: Claim, row: Mapping[str, object], words: ClaimWords) -> str:
    change = float(row["current"]) - float(row["previous"])
    size = moved(row)
    kind = words.kind(claim.direction)
    if kind == "level":
        still = change == 0 if size is None else abs(size) <= words.level_within_pct + ROUNDING
        return "" if still else f"the figure moved by more than {per_cent(words.level_within_pct)}"
    if change == 0:
        return "the figure did not change"
    return "" if (change > 0) == (kind == "higher") else f"the figure went {'up' if change > 0 else 'down'}"


def _wrong_count(claim: Claim, row: Mapping[str, object]) -> str:
    change = abs(float(row["current"]) - float(row["previous"]))
    if claim.count is None or change == claim.count:
        return ""
    return f"the change was {count_text(change, row_unit(row))}, not {count(claim.count)}"


def _wrong_size(claim: Claim, row: Mapping[str, object], words: ClaimWords) -> str:
    if claim.pct is None:
        return ""
    size = moved(row)
    if size is None:
        return "there is no change in per cent from a count of nought"
    near = abs(abs(size) - claim.pct) <= words.size_within_points + ROUNDING
    unit = " points" if row_unit(row) == "proportion" else "%"
    return "" if near else f"the change was {abs(size):.1f}{unit}, not {claim.pct:g}{unit}"


# Verdicts ------------------------------------------------------------------------------------------------------------


def judged(name: str, claim: Claim, looks: Sequence[Look], words: ClaimWords) -> Finding:
    """The verdict on a statement: over the window that it is about first, then over any other."""
    verdict, decided, note = _verdict(claim, looks, words)
    return Finding(name, claim, verdict, decided, tuple(looks), note)


def _verdict(claim: Claim, looks: Sequence[Look], words: ClaimWords) -> tuple[Verdict, Look | None, str]:
    if claim.needs:
        return "cannot_be_tested", None, f"No figure here measures this. It would take: {claim.needs}"
    window = claim.window or words.default_window
    main = next((look for look in looks if look.kind == "latest" and look.window == window), None)
    if main is None:
        return "cannot_be_tested", None, "The figures are not given over this window."
    if main.agrees:
        return "supported", main, _supported(claim, main, looks, words)
    elsewhere = _agreeing(looks, window)
    if elsewhere:
        return "supported_over", elsewhere, _supported_over(claim, main, elsewhere, words)
    if main.agrees is None:
        return "cannot_be_tested", main, _cannot_be_tested(main)
    return "not_supported", main, _not_supported(claim, main, looks, words)


def _agreeing(looks: Sequence[Look], window: str) -> Look | None:
    """The first look at the area that agrees: older files over the same window, then other windows, longest first."""
    here = [look for look in looks if look.kind != "london" and look.agrees]
    return min(here, key=lambda look: (look.window != window, look.kind == "older"), default=None)


def _supported(claim: Claim, main: Look, looks: Sequence[Look], words: ClaimWords) -> str:
    against = contrary(claim, looks, words)
    other = f"It is not so {_list([_over(look) for look in against])}." if against else ""
    return _joined(f"The figures agree {_over(main)}.", chance(main.row), other)


def contrary(claim: Claim, looks: Sequence[Look], words: ClaimWords) -> list[Look]:
    """The windows of the latest figures whose direction is not the one that was said."""
    return [look for look in _tested(looks, "latest") if _wrong_direction(claim, look.row, words)]


def _supported_over(claim: Claim, main: Look, found: Look, words: ClaimWords) -> str:
    if main.agrees is None:
        first = f"It cannot be tested {_over(main)}. {main.row['note']}"
    else:
        first = f"Not {_over(main)}: {_objection(claim, main.row, words)} ({figures(main.row)})."
    return _joined(first, f"The figures agree {_over(found)}.", chance(found.row))


def _not_supported(claim: Claim, main: Look, looks: Sequence[Look], words: ClaimWords) -> str:
    said = f"The figures do not agree {_over(main)}: {_objection(claim, main.row, words)}."
    nearest = min(_tested(looks, "latest", "older"), key=lambda look: distance(claim, look.row, words))
    near = "No other window comes nearer."
    if nearest is not main:
        near = f"They come nearest {_over(nearest)}: {figures(nearest.row)}."
    london = [look for look in looks if look.kind == "london" and look.window == main.window and look.agrees]
    elsewhere = f"London's figures do agree {_over(main)}." if london else ""
    return _joined(said, chance(main.row), near, elsewhere)


def _cannot_be_tested(main: Look) -> str:
    row = main.row
    if row["status"] == "suppressed":
        return _joined(str(row["note"]), "Those who hold the figures can say whether it is so.")
    period = pd.Period(str(row["period"]), freq="M")
    first = previous_months(period, main.window)[0]
    needed = f"every month from {month_label(first)} to {month_label(period)}"
    return _joined(str(row["note"]), f"It would take the figures of {needed}, all counted in one way.")


def distance(claim: Claim, row: Mapping[str, object], words: ClaimWords) -> float:
    """How far a row is from a statement: in per cent where a per cent was said, else in what was counted, else how far
    the change in per cent lies on the wrong side."""
    sign = {"higher": 1, "lower": -1, "level": 0, None: 0}[words.kind(claim.direction)]
    size = moved(row)
    if claim.pct is not None and size is not None:
        return abs(size - sign * claim.pct)
    if claim.count is not None:
        return abs(float(row["current"]) - float(row["previous"]) - sign * claim.count)
    if size is None:
        return float("inf")
    return max(0.0, -sign * size) if sign else abs(size)


def chance(row: Mapping[str, object]) -> str:
    """Whether the change is more than chance, as a sentence of its own."""
    if row["signal"] in CLEAR_CHANGE:
        return CLEAR_CHANGE[str(row["signal"])]
    if row["signal"] == "no_clear_change":
        return "A change this size could be chance."
    return "Whether it is chance cannot be said."


def figures(row: Mapping[str, object]) -> str:
    """``1,545 against 1,450, +6.6%``."""
    unit = row_unit(row)
    counts = f"{count_text(float(row['current']), unit)} against {count_text(float(row['previous']), unit)}"
    size = moved(row)
    if size is None:
        return counts
    sign = "+" if size > 0 else "−" if size < 0 else ""
    return f"{counts}, {sign}{per_cent(size) if unit == 'count' else f'{abs(size):.1f} points'}"


def _tested(looks: Iterable[Look], *kinds: str) -> list[Look]:
    return [look for look in looks if look.kind in kinds and look.agrees is not None]


def _over(look: Look) -> str:
    """``in the twelve months to November 2021``, naming older files; the survey's last year ends with its last wave."""
    phrase = window_phrase(look.row) if row_unit(look.row) == "count" else "in the survey's last twelve months"
    return phrase if look.kind != "older" else f"{phrase} in {look.place.partition(', ')[2]}, since revised"


def _joined(*sentences: str) -> str:
    return " ".join(sentence for sentence in sentences if sentence)


def _list(phrases: Sequence[str]) -> str:
    return phrases[0] if len(phrases) == 1 else f"{', '.join(phrases[:-1])} or {phrases[-1]}"


# Records -------------------------------------------------------------------------------------------------------------


def _record(found: Finding) -> dict[str, object]:
    claim = found.claim
    row = found.decided.row if found.decided else {}
    shown = {name: row.get(name) for name in ("current", "previous", "change", "pct_change")}
    return {
        "claim": found.name,
        "said": claim.words,
        "item": claim.item,
        "measure": claim.measure,
        "window": row.get("window", claim.window or ""),
        **shown,
        "signal": row.get("signal", ""),
        "verdict": found.verdict,
        "note": found.note,
    }


def _look_record(found: Finding, look: Look) -> dict[str, object]:
    return {"claim": found.name, "view": look.kind, "place": look.place, **look.row, "agrees": look.agrees}


def _refuse_undeclared(settings: Settings, where: str, claim: Claim) -> None:
    """Refuse a statement about an item, measure, part or direction that no file declares."""
    measures = declared_measures(settings)
    _refuse(claim.item, list(measures), "item", where)
    if not claim.measure:
        return
    _refuse(claim.measure, list(measures[claim.item]), "measure", where)
    words = settings.claim_words
    declared = [*words.higher.words, *words.lower.words, *words.level.words]
    _refuse(claim.direction.casefold(), declared, "direction", where)
    parts = measures[claim.item][claim.measure]
    _refuse(claim.breakdown, ["total", "ward", *parts], "breakdown", where)
    if claim.breakdown in parts:
        _refuse(claim.value, parts[claim.breakdown], "value", where)


def _refuse(name: str, known: Sequence[str], what: str, where: str) -> None:
    if name not in known:
        raise InputError(f"no {what} is called {name!r}", where=where, fix=f"known: {', '.join(known)}")


def declared_measures(settings: Settings) -> dict[str, dict[str, dict[str, list[str]]]]:
    """Every item's measures, each with the values of its breakdowns; the survey's under ``perception``."""
    items = {
        name: {
            measure: {breakdown: list(parts) for breakdown, parts in each.breakdowns.items()}
            for measure, each in item.measures.items()
        }
        for name, item in settings.items.items()
    }
    return items | {"perception": {measure: {} for measure in settings.perception.measures}}


# The page ------------------------------------------------------------------------------------------------------------


class ClaimsPage:
    """What the claims notebook shows. Every word of a statement is data and is escaped."""

    def __init__(self, board: Board) -> None:
        self.board = board

    @cached_property
    def findings(self) -> list[Finding]:
        """The statements, checked."""
        return findings(self.board)

    def headline(self) -> Text:
        """How many statements stand, in one sentence."""
        if not self.findings:
            return Text((f"Nothing said to the board of {self.board.area.name} about {self.month} was written down.",))
        verdicts = [found.verdict for found in self.findings]
        named = {"supported": "supported", "supported_over": "supported only over another window or in older files"}
        named |= {"not_supported": "not supported", "cannot_be_tested": "cannot be tested"}
        counted = [f"{verdicts.count(verdict)} {words}" for verdict, words in named.items() if verdict in verdicts]
        plural = "statement was" if len(verdicts) == 1 else "statements were"
        return Text((f"{len(verdicts)} {plural} checked against the figures: {', '.join(counted)}. {self._beyond()}",))

    def table(self) -> Table | Text:
        """Each statement with its verdict and the figures that decided it."""
        if not self.findings:
            return NOTHING
        columns = ("Said", "By", "Verdict", "Now", "A year before", "Change", "More than chance?")
        lines = tuple(_claim_line(found) for found in self.findings)
        caption = f"What was said about {self.month}, against the figures"
        return Table(caption, columns, lines, frozenset({3, 4, 5}), "the window that decided each verdict")

    def notes(self) -> Text:
        """What each verdict rests on, a sentence or more each."""
        lines = tuple(f"“{found.claim.words}” {found.note}" for found in self.findings)
        return Text(lines, bullet="- ", heading="Why") if lines else NOTHING

    def evidence(self) -> Table | Text:
        """Every statement against every window, older files where they were revised, and London."""
        lines = [line for found in self.findings if found.looks for line in _evidence_lines(found)]
        if not lines:
            return Text(("There are no figures to show.",))
        columns = ("Where and when", "Now", "A year before", "Change", "Agrees?", "More than chance?")
        return Table("Each statement under every window", columns, tuple(lines), frozenset({1, 2, 3}))

    def chart(self) -> Chart | Text:
        """The change in each measure that was spoken of, with its interval."""
        rows = [
            {**found.decided.row, "label": self.label(found.claim)}
            for found in self.findings
            if found.decided and found.decided.row["status"] == "ok" and row_unit(found.decided.row) == "count"
        ]
        if not rows:
            return NOTHING
        title = "What was spoken of, against a year before"
        drawn = pd.DataFrame(rows).drop_duplicates(["label", "window"])
        return change_forest(drawn, title=title, unit="ratio of the two counts", finding=str(self.headline()))

    def meanings(self) -> Text:
        """What the words are taken to mean."""
        words = self.board.settings.claim_words
        kinds = (words.higher, words.lower, words.level)
        lines = [f"“{kind.words[0]}” and words like it: {kind.meaning}." for kind in kinds]
        within = f"{words.size_within_points:g}"
        size = f"A change in per cent must agree to within {within} point; one said as a number must be that number."
        window = f"Unless a statement says otherwise it is about: {WINDOW_TITLES[words.default_window].lower()}."
        reason = "A verdict is about the figures. The reasons that were given with them are not tested here."
        return Text((*lines, size, window, reason), bullet="- ", heading="How the words are read")

    def questions(self) -> Text:
        """What the board may want to ask."""
        words = self.board.settings.claim_words
        asked = [question for found in self.findings for question in _questions(found, words)]
        standing = "Which reasons were given for the changes, and what would show that they are right?"
        return Text((*asked, standing), bullet="- ", heading="Questions for the board")

    def label(self, claim: Claim) -> str:
        """What a statement is about, for people."""
        title = measure_title(self.board.settings, claim.item, claim.measure)
        return f"{title} ({claim.value})" if claim.value else title

    @property
    def month(self) -> str:
        """The period in words."""
        return month_label(self.board.period)

    def _beyond(self) -> str:
        tested = [found for found in self.findings if found.decided and found.decided.agrees]
        clear = sum(found.decided.row["signal"] in ("increase", "decrease") for found in tested)
        if not tested:
            return ""
        return f"Of the changes that the figures bear out, {clear} of {len(tested)} are unlikely to be chance."


def _claim_line(found: Finding) -> tuple[Cell, ...]:
    words = VERDICT_WORDS[found.verdict]
    verdict = Cell(f"{words}{_where(found)}")
    named = (Cell(found.claim.words), Cell(found.claim.speaker), verdict)
    decided = _figure_cells([found.decided.row])[0] if found.decided else (Cell("–", absent=True),) * 4
    return (*named, *decided)


def _where(found: Finding) -> str:
    if found.verdict != "supported_over":
        return ""
    files = f" ({found.decided.place.partition(', ')[2]})" if found.decided.kind == "older" else ""
    return f": {WINDOW_TITLES[found.decided.window].lower()}{files}"


def _figure_cells(rows: Sequence[Mapping[str, object]]) -> list[tuple[Cell, ...]]:
    """Of each row now, a year before, change, and whether it is more than chance."""
    shown = protected(pd.DataFrame(rows)).to_dict("records")
    return [_shown_cells(figures, row) for figures, row in zip(shown, rows, strict=True)]


def _shown_cells(shown: Mapping[str, object], row: Mapping[str, object]) -> tuple[Cell, ...]:
    if shown["absent"]:
        return (Cell(shown["absent"], absent=True), *(Cell("–", absent=True),) * 3)
    unit = row_unit(shown)
    compared = row["status"] == "ok"
    return (
        Cell(count_text(shown["current"], unit)),
        Cell(count_text(shown["previous"], unit)),
        Cell(change_text(shown) if compared else "not comparable", absent=not compared),
        Cell(signal_text(row["signal"]) or "–"),
    )


def _evidence_lines(found: Finding) -> Iterator[tuple[Cell, ...]]:
    yield (Cell(found.claim.words),)
    cells = _figure_cells([look.row for look in found.looks])
    for look, (now, before, change, signal) in zip(found.looks, cells, strict=True):
        agrees = {True: "yes", False: "no", None: "–"}[look.agrees]
        yield (Cell(f"{look.place}, {WINDOW_TITLES[look.window].lower()}"), now, before, change, Cell(agrees), signal)


def _questions(found: Finding, words: ClaimWords) -> Iterator[str]:
    said = found.claim.words.rstrip(".")
    if found.verdict == "not_supported":
        yield f"“{said}”: which figures was this said from?"
    if found.verdict == "supported_over":
        yield f"“{said}”: why was this window or file chosen?"
    if found.verdict == "cannot_be_tested":
        yield f"“{said}”: who has the figures, and by when can the board see them?"
    if found.verdict == "supported":
        yield from _follow_up(found, said, words)


def _follow_up(found: Finding, said: str, words: ClaimWords) -> Iterator[str]:
    against = contrary(found.claim, found.looks, words)
    if against:
        yield f"“{said}”: it is not so {_list([_over(look) for look in against])}. What has changed lately?"
    elif found.decided.row["signal"] == "no_clear_change" and words.kind(found.claim.direction) != "level":
        yield f"“{said}”: would it still be said, knowing that it could be chance?"
