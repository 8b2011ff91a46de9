"""What the files of a pack say, place by place, as a reader with a text editor would find it.

A statement is a row of a table, a record of data or a line of text, with the words under which it stands. Nothing is
left out for being hidden: data and descriptions of charts, attributes, comments and metadata are read like the rest.
"""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from html.parser import HTMLParser
from io import StringIO
from pathlib import Path
from typing import Any

Scalar = str | int | float
HEADINGS = ("title", "caption", "name", "measure")
BLOCKS = {"p", "li", "div", "dt", "dd", "h1", "h2", "h3", "h4", "figcaption", "summary", "pre", "title", "desc", "text"}
PLACED = {"x", "y"}
MARKUP = re.compile(r"^\s*<[a-zA-Z!?]")


@dataclass(frozen=True)
class Statement:
    """What a file says in one place: ``cells`` are names and values (a line of text is one without a name), ``about``
    the captions and titles that it stands under."""

    file: str
    about: str
    cells: tuple[tuple[str, str], ...]

    @cached_property
    def text(self) -> str:
        return " | ".join(f"{name} {value}" if name else value for name, value in self.cells)


Said = tuple[str, tuple[tuple[str, str], ...]]
Each = Callable[[Callable[[Path], list[Said]], Sequence[Path]], Iterable[list[Said]]]


def statements(pack: Path, each: Each = map) -> Iterator[Statement]:
    """Everything that the files of a pack say. ``each`` reads every file: one after the other, or side by side."""
    paths = sorted(path for path in pack.rglob("*") if path.is_file())
    for path, said in zip(paths, each(said_by, paths), strict=True):
        name = path.relative_to(pack).as_posix()
        yield from (Statement(name, about, cells) for about, cells in said)


def said_by(path: Path) -> list[Said]:
    """What a file says, under what; what it says again in the same words (its charts hold their data twice and more)
    once."""
    return list(dict.fromkeys(_READERS.get(path.suffix, _other)(path)))


def lines(text: str, about: str = "") -> Iterator[Said]:
    """A text line by line, under its first line; the cells of a line of a Markdown table come apart."""
    found = [line.strip() for line in text.splitlines() if line.strip()]
    for line in found:
        yield f"{about} {found[0]}", (("", line),)


def _text(path: Path) -> str:
    return path.read_bytes().decode(errors="replace")


def _csv(path: Path) -> Iterator[Said]:
    for row in csv.DictReader(StringIO(_text(path), newline=""), restkey="more"):
        yield "", tuple((str(name), str(value)) for name, value in row.items() if value)


def _other(path: Path) -> Iterator[Said]:
    return lines(_text(path))


# --- JSON: notebooks, specifications, records -----------------------------------------------------------------------


def _json(path: Path) -> Iterator[Said]:
    return said_in(json.loads(path.read_bytes()))


def said_in(value: Any, about: str = "") -> Iterator[Said]:
    """Every record and text of a value read from JSON; records stand under the titles of what holds them."""
    if isinstance(value, str):
        yield from page(value, about) if MARKUP.match(value) else _json_or_lines(value, about)
    elif isinstance(value, dict):
        yield from _of_record(value, about)
    elif isinstance(value, list):
        yield from _of_list(value, about)


def _json_or_lines(text: str, about: str) -> Iterator[Said]:
    if text[:1] in "{[":
        try:
            return said_in(json.loads(text), about)
        except (ValueError, RecursionError):
            pass
    return lines(text, about)


def _of_record(record: dict[str, Any], about: str) -> Iterator[Said]:
    title = " ".join(filter(None, (about, *(_title(record.get(name)) for name in HEADINGS))))
    scalars = {name: value for name, value in record.items() if _is_cell(value)}
    if scalars:
        yield title, tuple((name, str(value)) for name, value in scalars.items())
    yield from _columns(record, title)
    for name, value in record.items():
        if isinstance(value, str):
            yield from said_in(value, title) if len(value) > 1 else ()
        elif isinstance(value, dict | list):
            yield from said_in(value, f"{title} {name}" if " " in name else title)


def _title(value: Any) -> str:
    """A title as charts have it: words or lines of them, or a record with those under ``text``."""
    said = value.get("text") if isinstance(value, dict) else value
    words = " ".join(map(str, said)) if isinstance(said, list) else said
    return words if isinstance(words, str) and len(words) < 300 else ""


def _is_scalar(value: Any) -> bool:
    return isinstance(value, Scalar) and not isinstance(value, bool)


def _is_cell(value: Any) -> bool:
    """A number or a short text; a document within a record is read by itself."""
    return _is_scalar(value) and not (isinstance(value, str) and (len(value) > 1000 or MARKUP.match(value)))


def _columns(record: dict[str, Any], about: str) -> Iterator[Said]:
    """Data kept by columns, row by row."""
    columns = {name: value for name, value in record.items() if isinstance(value, list) and all(map(_is_cell, value))}
    lengths = {len(value) for value in columns.values()}
    if len(columns) > 1 and len(lengths) == 1:
        for row in zip(*columns.values(), strict=True):
            yield about, tuple((name, str(value)) for name, value in zip(columns, row, strict=True))


def _of_list(values: list[Any], about: str) -> Iterator[Said]:
    if values and all(isinstance(value, str) for value in values):
        yield from said_in("".join(values) if any("\n" in value for value in values) else "\n".join(values), about)
    elif any(isinstance(value, str) for value in values):
        yield about, tuple(("", str(value)) for value in values if _is_scalar(value))
    if values and all(isinstance(value, dict) and _is_a_piece(value) for value in values):
        yield about, tuple(("", value["text"]) for value in values)
    for value in values:
        if isinstance(value, dict | list):
            yield from said_in(value, about)


def _is_a_piece(record: dict[str, Any]) -> bool:
    """Whether a record is a piece of a text in several; one that says by itself what it is about, or that has a place
    of its own on a map, is a whole one."""
    return isinstance(record.get("text"), str) and "measure" not in record and not record.keys() >= PLACED


# --- pages ----------------------------------------------------------------------------------------------------------


def _html(path: Path) -> Iterator[Said]:
    return page(_text(path))


def page(markup: str, about: str = "") -> Iterator[Said]:
    """Everything said in HTML or SVG: rows of tables under their captions, other text, attributes, comments, and the
    data in scripts."""
    reader = _Page(about)
    reader.feed(markup)
    reader.close()
    reader.end_block()
    return iter(reader.found)


class _Page(HTMLParser):
    def __init__(self, about: str) -> None:
        super().__init__(convert_charrefs=True)
        self.about, self.heading, self.caption = about, "", ""
        self.words: list[str] = []
        self.row: list[str] | None = None
        self.header: list[str] = []
        self.head = False
        self.script = False
        self.found: list[Said] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._attributes(attrs)
        if tag in ("table", "thead", "tr") or tag in BLOCKS:
            self.end_block()
        if tag == "table":
            self.caption, self.header = "", []
        self.head = tag == "thead" or (self.head and tag != "tbody")
        self.script = tag in ("script", "style")
        if tag == "tr":
            self.row = []

    def _attributes(self, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            if value and " " in value and name not in ("d", "transform", "style", "class", "viewbox", "points"):
                self.found += said_in(value, self._under())
            elif value and name not in ("d", "transform", "style", "class", "viewbox", "points", "href", "src"):
                self.found.append((self._under(), ((name, value),)))

    def handle_endtag(self, tag: str) -> None:
        if tag in ("td", "th") and self.row is not None:
            self.row.append(self._taken())
        elif tag == "tr" and self.row is not None:
            self._end_row(self.row)
        elif tag == "caption":
            self.caption = self._taken()
            self.found.append((self._under(), (("", self.caption),)))
        elif tag in ("h1", "h2", "h3"):
            self.heading = self._words()
            self.end_block()
        elif tag in BLOCKS or tag == "table":
            self.end_block()
        self.head = self.head and tag not in ("thead", "table")
        self.script = False

    def _end_row(self, row: list[str]) -> None:
        names = self.header if len(self.header) == len(row) else [""] * len(row)
        self.found.append((self._under(), tuple(zip(names, row, strict=True))))
        self.header = row if self.head else self.header
        self.row = None

    def handle_data(self, data: str) -> None:
        if self.script:
            self.end_block()
            self.found += said_in(data.strip(), self._under())
        else:
            self.words.append(data)

    def handle_comment(self, data: str) -> None:
        self.found += lines(data, self._under())

    def end_block(self) -> None:
        """What was read since the last block is a text of its own, unless it belongs to a cell."""
        if self.row is None and (text := self._taken()):
            self.found.append((self._under(), (("", text),)))

    def _words(self) -> str:
        return " ".join(" ".join(self.words).split())

    def _taken(self) -> str:
        text, self.words = self._words(), []
        return text

    def _under(self) -> str:
        return f"{self.about} {self.caption or self.heading}".strip()


# --- workbooks and printed packs ------------------------------------------------------------------------------------


def _workbook(path: Path) -> Iterator[Said]:
    from openpyxl import load_workbook

    book = load_workbook(path)
    properties = {name: str(value) for name, value in vars(book.properties).items() if value}
    yield "", tuple(properties.items())
    yield "", tuple((name, str(defined.value)) for name, defined in book.defined_names.items())
    for sheet in book.worksheets:
        yield from _sheet(sheet)


def _sheet(sheet: Any) -> Iterator[Said]:
    header: tuple[str, ...] = ()
    for row in sheet.iter_rows():
        values = tuple("" if cell.value is None else str(cell.value) for cell in row)
        notes = tuple(("", cell.comment.text) for cell in row if cell.comment)
        if not header and all(values) and len(values) > 1:
            header = values
        names = header or ("",) * len(values)
        cells = tuple((name, value) for name, value in zip(names, values, strict=True) if value)
        if cells or notes:
            yield sheet.title, (*cells, *notes)


def _printed(path: Path) -> Iterator[Said]:
    from crimelib.disclosure.printed import said_in_print

    return said_in_print(path)


_READERS: dict[str, Callable[[Path], Iterable[Said]]] = {
    ".csv": _csv,
    ".json": _json,
    ".ipynb": _json,
    ".html": _html,
    ".svg": _html,
    ".xlsx": _workbook,
    ".pdf": _printed,
}
