"""What a pack has published of wards and of their borough, figure by figure, read from every file of it.

Its summary is most of that. A figure of a ward that stands in another file, though the summary withholds it or has no
such row, is as good to a reader; a pack made by other code, or altered since, may hold one.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from crimelib.disclosure.leaks import Leak, Names, Summary, named_leaks
from crimelib.disclosure.statements import Statement, statements
from crimelib.measures.periods import WINDOWS
from crimelib.settings import Settings

Row = dict[str, str]
KEY = ("period", "measure", "breakdown", "breakdown_value", "breakdown_label", "window")
ROW = (*KEY, "current", "previous", "status")
KEPT = ("item", "area_name", *ROW)
BEFORE = ("previous", "year before", "twelve months before")


def published(pack: Path, settings: Settings) -> list[Row]:
    """The rows of wards and of their borough, withheld ones included, with the columns ``KEPT``: the summary's, and
    what else the pack's files say."""
    rows, said = summary_rows(pack), [*statements(pack)]
    found = [*rows, *rows_said(said, rows), *rows_told(said, rows, settings)]
    return [{name: row[name] for name in KEPT} for row in found if row["breakdown"] in ("ward", "total")]


def summary_rows(pack: Path) -> list[Row]:
    """The rows of a pack's summary, as text."""
    with (pack / "summary.csv").open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def rows_said(said: Iterable[Statement], rows: Sequence[Row]) -> Iterator[Row]:
    """Rows like those of the summary in other files, with other figures than it: records of sentences, other CSVs."""
    known = {tuple(row[name] for name in ROW) for row in rows}
    for each in said:
        row = dict(each.cells)
        if {"measure", "window", "current", "previous"} <= set(row) and row.get("breakdown") in ("ward", "total"):
            full = {"item": "", "area_name": "", "period": rows[0]["period"], "status": "ok"}
            full |= {"breakdown_value": "", "breakdown_label": ""} | row
            key = tuple(full[name] for name in ROW)
            if key not in known and full["status"] != "suppressed" and full["window"] in WINDOWS:
                known.add(key)
                yield full


def rows_told(said: Iterable[Statement], rows: Sequence[Row], settings: Settings) -> Iterator[Row]:
    """Rows made of the counts that tables, drawings and sentences give of wards whose row the summary withholds."""
    names, summary = Names.of(rows, settings), Summary.of(rows)
    withheld = {tuple(row[name] for name in KEY): row for row in rows if row["status"] == "suppressed"}
    by_figure = {(row["breakdown_value"], row["measure"], row["window"]): row for row in withheld.values()}
    told: set[tuple[str, ...]] = set()
    for each in said:
        found = [leak for leak in named_leaks(each, names, summary) if leak.number.isdigit()]
        for figure in dict.fromkeys(leak.figure for leak in found):
            row = by_figure[figure] | _halves(each, [leak for leak in found if leak.figure == figure])
            if (key := tuple(row[name] for name in ROW)) not in told:
                told.add(key)
                yield row | {"status": "ok"}


def _halves(each: Statement, found: Sequence[Leak]) -> Row:
    """Which of a ward's numbers in a statement is of the window and which of the one before: by the names of their
    cells; else the first and, in a row of cells or after ``against``, the second."""
    named = {leak.name.lower() in BEFORE: leak.number for leak in reversed(found) if leak.name}
    if named:
        return {"current": named.get(False, ""), "previous": named.get(True, "")}
    numbers = [leak.number for leak in found]
    second = len(numbers) > 1 and (len(each.cells) > 1 or f"against {numbers[1]} " in each.text)
    return {"current": numbers[0], "previous": numbers[1] if second else ""}
