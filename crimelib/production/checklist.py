"""What a reviewer must have looked at before a pack is released, each point answered from the pack's own files."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from crimelib.board.claims import VERDICT_WORDS
from crimelib.board.commentary import NO_COMMENT
from crimelib.board.narrative import counted
from crimelib.board.reading import hard_pages, reading_line
from crimelib.board.tables import WINDOW_TITLES
from crimelib.measures.periods import month_label, parse_period
from crimelib.production.notebooks import read_notebook
from crimelib.production.pack import verify_pack
from crimelib.production.run import page_name

Row = Mapping[str, str]
_WITH_FIGURES = ("ok", "not_comparable")
_MOST_LINES = 8


@dataclass(frozen=True)
class Point:
    """One point of the checklist: the question, its answer with the figures, details, and the file to look at."""

    name: str
    question: str
    answer: str
    clear: bool
    details: tuple[str, ...] = ()
    href: str = ""

    @property
    def shown(self) -> tuple[str, ...]:
        """The first details, and how many more there are."""
        more = len(self.details) - _MOST_LINES
        return (*self.details[:_MOST_LINES], f"and {more} more") if more > 0 else self.details


def checklist(pack: Path, record: Mapping[str, Any]) -> tuple[Point, ...]:
    """The points about a pack whose ``run.json`` says ``record``, in the order in which they are asked."""
    ask: tuple[Callable[[Path, Mapping[str, Any]], Point], ...] = (
        _whole, _complete, _revisions, _claims, _suppressions, _comments, _actions, _reading,
    )  # fmt: skip
    return tuple(question(pack, record) for question in ask)


def _whole(pack: Path, record: Mapping[str, Any]) -> Point:
    failed = [entry["notebook"] for entry in record["notebooks"] if entry["status"] != "ok"]
    faults = [*verify_pack(pack), *(f"{name}: the page could not be made" for name in failed)]
    pages = counted(len(record["notebooks"]), "pages")
    answer = (
        f"{counted(len(faults), 'faults')} in {pages}." if faults else f"{pages} made, none failed; no file is altered."
    )
    return Point("pages", "Is the pack whole?", answer, not faults, tuple(faults), "index.html")


def _complete(pack: Path, record: Mapping[str, Any]) -> Point:
    totals = [row for row in _rows(pack, "summary.csv") if row["breakdown"] == "total"]
    absent = [row for row in totals if row["status"] not in _WITH_FIGURES]
    answer = f"{len(absent)} of {counted(len(totals), 'totals')} have no figure."
    if not absent:
        answer = f"All {counted(len(totals), 'totals')} have figures." if totals else "The pack has no totals at all."
    lines = tuple(
        f"{_title(row['measure'], record)}, {_window(row)}: {_words(row['status'])}{_because(row['note'])}"
        for row in absent
    )
    href = _first_there(pack, "data_quality.html", "summary.csv")
    return Point("data", "Are the data complete?", answer, bool(totals) and not absent, lines, href)


def _revisions(pack: Path, record: Mapping[str, Any]) -> Point:
    rows = [row for row in _rows(pack, "revisions.csv") if float(row["change"])]
    largest = sorted(rows, key=lambda row: -abs(float(row["change"])))
    measures = counted(len({row["measure"] for row in rows}), "measures")
    answer = f"{counted(len(rows), 'monthly figures')} of {measures} changed since the file before; largest first."
    lines = tuple(
        f"{_title(row['measure'], record)}, {month_label(parse_period(row['month']))}: "
        f"{row['previous_count']} became {row['count']}"
        for row in largest
    )
    return Point(
        "revisions", "Did publishers revise figures given before?", answer if rows else "No figure was revised.",
        not rows, lines, _first_there(pack, "revisions.csv"),
    )  # fmt: skip


def _claims(pack: Path, _: Mapping[str, Any]) -> Point:
    rows = _rows(pack, "claims.csv")
    number = Counter(row["verdict"] for row in rows)
    parts = [f"{number[verdict]} {words[2:]}" for verdict, words in VERDICT_WORDS.items() if number[verdict]]
    answer = f"Of {counted(len(rows), 'claims')}: {', '.join(parts)}." if rows else "No claim was written down."
    doubted = [row for row in rows if row["verdict"] in ("not_supported", "cannot_be_tested")]
    lines = tuple(f"“{row['said']}”: {_words(row['verdict'])}{_because(row['note'])}" for row in doubted)
    href = _first_there(pack, "claims.html", "claims.csv")
    return Point("claims", "Do the claims hold?", answer, not doubted, lines, href)


def _suppressions(pack: Path, record: Mapping[str, Any]) -> Point:
    rows = _rows(pack, "suppressed.csv")
    by_measure = Counter(row["measure"] for row in rows)
    lines = tuple(f"{_title(measure, record)}: {counted(number, 'rows')}" for measure, number in by_measure.items())
    answer = (
        f"{counted(len(rows), 'rows')} withheld so that small counts do not show." if rows else "Nothing is withheld."
    )
    return Point(
        "suppressions", "Is what is withheld right for this audience?", answer, True, lines,
        _first_there(pack, "suppressed.csv"),
    )  # fmt: skip


def _comments(pack: Path, record: Mapping[str, Any]) -> Point:
    notebooks = sorted((pack / "notebooks").glob("*.ipynb"))
    without = [page_name(path) for path in notebooks if _says(path, NO_COMMENT)]
    answer = f"{counted(len(without), 'pages')} without the analyst's comment." if without else "None is missing."
    lines = tuple(_page(name, record) for name in without)
    href = _first_there(pack, f"{without[0]}.html" if without else "index.html")
    return Point("comments", "Are comments missing?", answer, not without, lines, href)


def _actions(pack: Path, _: Mapping[str, Any]) -> Point:
    rows = _rows(pack, "actions.csv")
    late = [row for row in rows if row["overdue"] == "yes"]
    answer = f"{len(late)} of {counted(len(rows), 'actions')} overdue." if rows else "No action is on the register."
    lines = tuple(f"{row['action']} ({row['owner']}, due {row['due']})" for row in late)
    href = _first_there(pack, "actions.html", "actions.csv")
    return Point("actions", "Are actions overdue?", answer, not late, lines, href)


def _reading(pack: Path, record: Mapping[str, Any]) -> Point:
    found = record.get("reading_age", {})
    hard = hard_pages(found)
    lines = tuple(f"{_page(name, record)}, {age:g}: “{text}”" for name, age, text in hard)
    answer = reading_line(found) or "No sentence was made from figures."
    href = _first_there(pack, f"{hard[0][0]}.html" if hard else "index.html")
    return Point("reading", "Can everybody read it?", answer, not hard, lines, href)


def _says(notebook: Path, sentence: str) -> bool:
    outputs = (output for cell in read_notebook(notebook).cells for output in cell.get("outputs", ()))
    return any(sentence in str(text) for output in outputs for text in output.get("data", {}).values())


def _rows(pack: Path, name: str) -> list[dict[str, str]]:
    """The rows of one of the pack's tables; none where it has no such table."""
    path = pack / name
    if not path.is_file():
        return []
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def _first_there(pack: Path, *names: str) -> str:
    return next((name for name in names if (pack / name).is_file()), "")


def _title(measure: str, record: Mapping[str, Any]) -> str:
    """The measure's name as the pack's own pages have it."""
    return record.get("titles", {}).get(measure) or _sentence(measure)


def _page(name: str, record: Mapping[str, Any]) -> str:
    """What a page is called; by its file's name where it is no item's."""
    return record.get("titles", {}).get(f"item/{name}") or _sentence(name)


def _window(row: Row) -> str:
    return WINDOW_TITLES.get(row["window"], row["window"]).lower()


def _because(note: str) -> str:
    return f" ({note.rstrip('.')})" if note else ""


def _words(name: str) -> str:
    return name.replace("_", " ")


def _sentence(name: str) -> str:
    return _words(name).capitalize()


def names_of(points: Sequence[Point]) -> tuple[str, ...]:
    """The points' names, which a decision lists."""
    return tuple(point.name for point in points)
