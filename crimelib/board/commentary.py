"""What people wrote about a period: one dated, signed comment an item, from ``commentary/<period>.md``.

The file is headings and paragraphs, so that anyone can write it::

    Area: Bromley

    ## hate_crime
    Date: 2021-12-15
    By: Community safety analyst

    What the reader should know.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from itertools import takewhile
from pathlib import Path

import pandas as pd

from crimelib.areas import AreaBook
from crimelib.board.item import Board, Text
from crimelib.errors import InputError
from crimelib.settings import Area, Settings

ITEM_HEADING = re.compile(r"## +(?P<item>\S.*?) *")
NO_COMMENT = "No comment was written on this item."
FIELD = re.compile(r"(?P<name>Area|Date|By): *(?P<value>.*?) *")


@dataclass(frozen=True)
class Comment:
    """A comment on an item: its day, the writer's role and the paragraphs."""

    item: str
    day: date
    role: str
    paragraphs: tuple[str, ...]


@dataclass(frozen=True)
class _Section:
    heading: str
    line: int
    lines: tuple[str, ...]


def comment_on(board: Board, item: str) -> Text:
    """The comment on an item as text for its page, signed and dated; a sentence where there is none."""
    found = comments(board.settings, board.period, board.area.name).get(item)
    if found is None:
        return Text((NO_COMMENT,))
    signature = f"{found.role}, {found.day.day} {found.day.strftime('%B %Y')}"
    return Text((*found.paragraphs, signature))


def missing_comments(settings: Settings, period: pd.Period, area: str = "") -> list[str]:
    """The items without a comment for a period, in the order of ``items.yml``, the survey last."""
    written = comments(settings, period, area)
    return [item for item in commented_items(settings) if item not in written]


def commented_items(settings: Settings) -> list[str]:
    """The items that a comment can be on."""
    return [*settings.items, "perception"]


def comments(settings: Settings, period: pd.Period, area: str = "") -> dict[str, Comment]:
    """The comments of a period by item; none where the file is missing or, with an ``area``, is of another area.

    A section without text is no comment. Raises :class:`InputError` for an unknown or repeated item, and for a comment
    that is not dated and signed.
    """
    path = settings.folder / "commentary" / f"{period}.md"
    if not path.exists():
        return {}
    preface, *sections = _sections(path)
    owner = _area_of(preface, settings, path)
    found = [comment for section in sections for comment in _comments(section, settings, path)]
    if area and owner != AreaBook.of(settings).find(area):
        return {}
    return {comment.item: comment for comment in _each_once(found, path)}


def _sections(path: Path) -> Iterator[_Section]:
    """What stands before the first item, then each item's section; comments of the file itself are left out."""
    heading, start, lines = "", 1, []
    for number, line in enumerate(_text(path).splitlines(), start=1):
        match = ITEM_HEADING.fullmatch(line)
        if match:
            yield _Section(heading, start, tuple(lines))
            heading, start, lines = match["item"], number, []
        else:
            lines.append(line.strip())
    yield _Section(heading, start, tuple(lines))


def _text(path: Path) -> str:
    """The file's text, ``<!-- notes -->`` blanked out line by line."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise InputError("the file is not UTF-8", where=_place(path), fix="save it again as UTF-8") from None
    return re.sub(r"<!--.*?-->", lambda note: "\n" * note[0].count("\n"), text, flags=re.DOTALL)


def _comments(section: _Section, settings: Settings, path: Path) -> Iterator[Comment]:
    """The section's comment, if anything is written in it."""
    where = f"{_place(path)}, line {section.line}"
    known = commented_items(settings)
    if section.heading not in known:
        raise InputError(f"no item is called {section.heading!r}", where=where, fix=f"known: {', '.join(known)}")
    fields, paragraphs = _fields(section), _paragraphs(section)
    if not paragraphs:
        return
    if not fields.get("Date") or not fields.get("By"):
        raise InputError(
            f"the comment on {section.heading!r} is not dated and signed", where=where, fix="give Date: and By:"
        )
    yield Comment(section.heading, _day(fields["Date"], where), fields["By"], paragraphs)


def _fields(section: _Section) -> dict[str, str]:
    """The fields that a section begins with, the empty ones too."""
    matches = [FIELD.fullmatch(line) for line in _head(section) if line]
    return {match["name"]: match["value"] for match in matches}


def _paragraphs(section: _Section) -> tuple[str, ...]:
    """What follows the fields; lines that belong together are one paragraph, an empty line ends it."""
    text = "\n".join(section.lines[len(_head(section)) :])
    return tuple(" ".join(block.split()) for block in re.split(r"\n\s*\n", text) if block.strip())


def _head(section: _Section) -> list[str]:
    return list(takewhile(lambda line: not line or FIELD.fullmatch(line), section.lines))


def _day(text: str, where: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise InputError(f"{text!r} is not a day", where=where, fix="write it as 2021-12-15") from None


def _area_of(preface: _Section, settings: Settings, path: Path) -> Area:
    name = _fields(preface).get("Area", "")
    if not name:
        raise InputError("the file does not say which area it is of", where=_place(path), fix="begin it with Area:")
    if _paragraphs(preface):
        raise InputError("there is text before the first item", where=_place(path), fix="write `## ` before an item")
    return AreaBook.of(settings).find(name)


def _each_once(found: list[Comment], path: Path) -> list[Comment]:
    items = [comment.item for comment in found]
    for item in items:
        if items.count(item) > 1:
            raise InputError(f"{item!r} has two comments", where=_place(path), fix="make them one")
    return found


def _place(path: Path) -> str:
    return "/".join(path.parts[-2:])
