"""How the blocks of a printed page stand: across it, or side by side. Heights are typst's business.

A page is 180 mm wide. A picture made for a phone stands in a narrow column at its own size of type, with the words and
tables that go with it at its side; one made for a laptop needs the wide column, and leaves the narrow one for words.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

Block = dict[str, Any]
WIDE_LETTERS, NARROW_LETTERS = 106, 70  # what a table may have that each column holds
_MOST_COLUMNS = {WIDE_LETTERS: 9, NARROW_LETTERS: 5}
_MOST_LINES, _LINE_LETTERS = 26, 78  # of words, beside a chart in the narrow column
_MOST_TALL = 1.1  # height by width above which a phone's picture is not for a column


def heading_of(section: Sequence[Block]) -> str:
    """The text of the heading that opens a section, or nothing."""
    return section[0]["text"] if section and section[0]["kind"] == "heading" else ""


def tallness(svg: str) -> float:
    """A picture's height by its width."""
    size = re.search(r'viewBox="0 0 ([\d.]+) ([\d.]+)"', svg)
    return float(size[2]) / float(size[1]) if size else 1.0


def parts_of(sections: Sequence[list[Block]], first: Sequence[str] = ()) -> list[Block]:
    """Sections as parts, each with its ``layout``: ``lead``, words that stay with what follows, and ``full``, both
    across the page; ``beside``, a narrow ``left`` column and a ``right``; ``words``, two columns cut where they
    come out alike, the first the wider and with a map in it where there is a ``picture``.

    The question comes first, then the sections with charts and tables, and all that is of words alone closes the item,
    but for as many sections with a heading of ``first``, in that order, as there is room for beside an opening chart.
    """
    question = [section for section in sections[:1] if not heading_of(section)]
    rest = sections[len(question) :]
    parts = [part for section in rest if not _is_words(section) for part in _section_parts(section)]
    worded = [section for section in rest if _is_words(section)]
    opening = next((part for part in parts[:2] if part["layout"] == "beside"), None)
    early = list(_early(worded, first, _MOST_LINES - _lines(opening["right"]))) if opening else []
    if opening:
        opening["right"] += [block for section in early for block in section]
    closing = _closing([section for section in worded if section not in early])
    return [*(_lead(section) for section in question), *parts, *closing]


def _closing(sections: Sequence[list[Block]]) -> Iterator[Block]:
    """Words in two columns; where there is a map, it opens the last two, so that none is torn from what it leads."""
    maps = [place for place, section in enumerate(sections) if not _words_alone(section)]
    for part in (sections[: maps[0]], sections[maps[0] :]) if maps else (sections,):
        if part:
            yield _words([block for section in part for block in section])


def _early(sections: Sequence[list[Block]], first: Sequence[str], room: int) -> Iterator[list[Block]]:
    """The sections of ``first`` that are of words alone, as many as ``room`` lines hold."""
    wanted = (section for name in first for section in sections if heading_of(section) == name)
    for section in filter(_words_alone, wanted):
        room -= _lines(section)
        if room >= 0:
            yield section


def _lines(blocks: Sequence[Block]) -> int:
    """About how many lines blocks of words and tables take in the wide column."""
    return sum(_block_lines(block) for block in blocks)


def _block_lines(block: Block) -> int:
    if block["kind"] == "chart":
        return _MOST_LINES
    if block["kind"] == "table":
        return len(block["rows"]) + len(block["notes"]) + 3
    lines = block["items"] if block["kind"] == "list" else [block.get("runs", [])]
    return sum(1 + sum(len(run["text"]) for run in line) // _LINE_LETTERS for line in lines)


def blocks_of(part: Block) -> list[Block]:
    """All blocks of a part, in the order in which they are read."""
    return part["blocks"] if "blocks" in part else [*part["left"], *part["right"]]


def _section_parts(section: list[Block]) -> Iterator[Block]:
    """The words that lead a section across the page, then its charts with what goes beside them, and what is too wide
    for that across the page. A chart that would stand alone has the words at its side."""
    first = next(place for place, block in enumerate(section) if _is_shown(block))
    lead, groups = section[:first], list(_groups(section[first:]))
    headings = [block for block in lead if block["kind"] == "heading"]
    if len(headings) < len(lead) and _wants_words(groups[0]):
        lead, groups[0] = headings, [*lead[len(headings) :], *groups[0]]
    if lead:
        yield _lead(lead)
    yield from map(_arranged, groups)


def _groups(blocks: Sequence[Block]) -> Iterator[list[Block]]:
    """Blocks that are set together: a chart with all that can stand beside it; what cannot stands alone."""
    group: list[Block] = []
    for block in blocks:
        alone = not _fits(block, WIDE_LETTERS)
        another = _in_column(block) and any(map(_in_column, group)) and len(group) > 1
        if group and (alone or another):
            yield group
            group = []
        group.append(block)
        if alone:
            yield group
            group = []
    if group:
        yield group


def _arranged(group: list[Block]) -> Block:
    """A group as a part: one chart in the narrow column, or what else fits there and the charts in the wide one."""
    charts = [block for block in group if block["kind"] == "chart"]
    narrow = next(([block] for block in charts if _in_column(block)), _in_narrow(group))
    if not any(map(_is_shown, group)):
        return _words(group)
    if not charts or not narrow or len(narrow) == len(group):
        return _full(group)
    return {"layout": "beside", "left": narrow, "right": [block for block in group if block not in narrow]}


def _words(blocks: list[Block]) -> Block:
    picture = any(block["kind"] == "chart" for block in blocks)
    return _full(blocks) if len(blocks) == 1 else {"layout": "words", "blocks": blocks, "picture": picture}


def _lead(blocks: list[Block]) -> Block:
    return {"layout": "lead", "blocks": blocks}


def _full(blocks: list[Block]) -> Block:
    return {"layout": "full", "blocks": blocks}


def _wants_words(group: Sequence[Block]) -> bool:
    """Whether a chart would leave the column at its side empty."""
    charts = [block for block in group if block["kind"] == "chart"]
    return bool(charts) and (len(group) == 1 or (not any(map(_in_column, charts)) and not _in_narrow(group)))


def _in_narrow(group: Sequence[Block]) -> list[Block]:
    return [block for block in group if block["kind"] != "chart" and _fits(block, NARROW_LETTERS)]


def _is_words(section: Sequence[Block]) -> bool:
    """Whether a section is of words alone, or of a heading and one map."""
    return _words_alone(section) or [block["kind"] for block in section] == ["heading", "chart"]


def _words_alone(section: Sequence[Block]) -> bool:
    return not any(map(_is_shown, section))


def _is_shown(block: Block) -> bool:
    return block["kind"] in ("chart", "table")


def _in_column(block: Block) -> bool:
    """Whether a block is a chart whose phone's picture suits the narrow column."""
    return block["kind"] == "chart" and 0 < block["tall"] <= _MOST_TALL


def _fits(block: Block, letters: int) -> bool:
    if block["kind"] != "table":
        return True
    return not block["signals"] and sum(block["widths"]) <= letters and len(block["widths"]) <= _MOST_COLUMNS[letters]
