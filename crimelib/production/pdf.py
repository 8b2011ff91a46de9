"""``board-pack.pdf``: the executed notebooks of a pack as one printable document (PDF/UA-1), made by typst.

It is made from the same outputs as the pages. All of them reach typst as JSON and are set by its functions: nothing
that stands in a file, a comment or a ward's name is read as markup. What is too long for paper is left out and named.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from itertools import count
from pathlib import Path
from typing import Any

from crimelib.board.tables import TABLE_TYPE
from crimelib.production.pages import PackInfo, Page
from crimelib.production.paper import Block, blocks_of, heading_of, parts_of, tallness
from crimelib.production.portable import CHART_TYPE
from crimelib.production.typesetting import typeset

TEMPLATE = Path(__file__).parent / "templates" / "pdf" / "board.typ"
MOST_ROWS = 45  # of a table on paper
LEFT_OUT = {  # sections, by page, that are too long for paper
    "asb": ("What the calls were, and what no tag reaches", "Speeding and e-scooters, as residents report them"),
    "hate_crime": ("After events that could set off a rise",),
    "burglary": ("Homes, by the number of households",),
    "vehicle_theft": ("How, and whether they came back", "For every thousand licensed"),
    "perception": ("Over time and against others", "The local survey"),
    "town_centre": ("The plan it is judged by",),
    "claims": ("Under every window", "What to bear in mind"),
    "actions": ("What would close them",),
    "data_quality": ("Files", "In no ward"),
}
PRINTED = {  # how many charts and tables of a section are printed where its words and the others say the rest
    "Against whom to compare": (1, 0),
    "Where": (1, 0),
    "When": (1, 0),
    "What the partners see": (1, 0),
    "What became of it, and what victims got": (0, 0),
    "Each count by itself": (1, 0),
    "Possession, read together with stop and search": (1, 0),
    "Mopeds and scooters": (0, 0),
    "Do they tell the same story?": (1, 1),
    "What they are worth, and which makes": (1, 1),
    "Does the answer depend on what is counted?": (1, 1),
    "What was said, and what the figures say": (0, 1),
    "Revisions": (0, 2),
}
FIRST = ("The analyst's comment", "Against whom to compare")  # words that belong beside the first chart of an item
REPEATED = "Sources and vintages"  # closes every page; on paper the tables' notes and the last page say it
_LEFT_OUT_WORDS = (
    "tables and second charts that say again what is printed, and the sections that are named at the end of an item"
)
_MOST_LETTERS, _LEAST_LETTERS = 24, 6  # between which a column's width follows its cells
_COMMON_TABLES = 3  # a note that stands under more tables than that is given once, at the end
_SMALL_ROWS = 14  # from here on in smaller type
_SIGNALS = "▲ increase, ▼ decrease: more than chance. ● no clear change."
_UNPRINTABLE = re.compile(  # what the typefaces that come with typst do not have; PDF/UA allows no empty boxes
    "[^\n\u0020-\u007e\u00a0-\u00ac\u00ae-\u024f\u0391-\u03a1\u03a3-\u03ff\u0400-\u045f\u2010-\u2027"
    "\u2032-\u203a\u20ac\u2122\u2190-\u21ff\u2200-\u22ff\u25a0-\u25ff\u2713-\u2718]"
)
_REPLACEMENT = "\u25a1"


def board_pdf(notebooks: Sequence[Any], pages: Sequence[Page], info: PackInfo, lead: str) -> bytes:
    """The pack's pages, in order, as a PDF/UA-1 document with bookmarks; ``lead`` is the overview's first sentence.

    ``notebooks`` are the executed notebooks of ``pages``; of a page that could not be made only the reason is told.
    Raises what :func:`typeset` raises.
    """
    content = json.dumps(printable(_content(notebooks, pages, info, lead)))
    return typeset(TEMPLATE.read_text(encoding="utf-8"), {"pack": content}, "board-pack.pdf")


def printable(value: Any) -> Any:
    """``value`` (text, list or mapping) with every character that the typefaces lack shown as an empty square."""
    if isinstance(value, str):
        return _UNPRINTABLE.sub(_REPLACEMENT, value.replace("\t", " ").replace("\r", ""))
    if isinstance(value, list):
        return [printable(item) for item in value]
    if isinstance(value, dict):
        return {key: printable(item) for key, item in value.items()}
    return value


def _content(notebooks: Sequence[Any], pages: Sequence[Page], info: PackInfo, lead: str) -> Block:
    title = f"Community safety in {info.area}"
    return {
        "title": title,
        "description": f"Crime performance report, {info.period}, for the {info.audience}",
        "area": info.area,
        "running": f"{title}, {info.period}",
        "notice": " · ".join(info.notices),
        "foot": f"crimelib, run {dict(info.provenance).get('Run', '')}",
        "lead": lead,
        "provenance": [list(pair) for pair in (*info.provenance, ("On the pack's pages only", _LEFT_OUT_WORDS))],
        **_common_notes([_chapter(notebook, page) for notebook, page in zip(notebooks, pages, strict=True)]),
    }


def _common_notes(chapters: list[Block]) -> Block:
    """The chapters without the notes that stand under many tables, and those notes."""
    parts = [part for page in chapters for part in page["parts"]]
    tables = [block for part in parts for block in blocks_of(part) if block["kind"] == "table"]
    counted = Counter(note for table in tables for note in dict.fromkeys(table["notes"]))
    common = [note for note, times in counted.items() if times > _COMMON_TABLES]
    for table in tables:
        table["notes"] = [note for note in table["notes"] if note not in common]
    return {"chapters": chapters, "common": common}


def _chapter(notebook: Any, page: Page) -> Block:
    sections = [] if page.reason else _sections(notebook)
    left_out = LEFT_OUT.get(page.name, ())
    printed = [_shortened(section) for section in sections if heading_of(section) not in left_out]
    more = [heading for heading in map(heading_of, sections) if heading in left_out]
    return {
        "title": page.title,
        "reason": page.reason,
        "parts": parts_of(printed, FIRST),
        "more": "; ".join(more),
    }


def _shortened(section: list[Block]) -> list[Block]:
    """A section with as many of its charts and tables as are printed."""
    if heading_of(section) not in PRINTED:
        return section
    charts, tables = PRINTED[heading_of(section)]
    places = {kind: count(1) for kind in ("chart", "table")}
    most = {"chart": charts, "table": tables}
    return [
        block for block in section if block["kind"] not in most or next(places[block["kind"]]) <= most[block["kind"]]
    ]


# --- from notebooks to blocks ----------------------------------------------------------------------------------------


def _sections(notebook: Any) -> list[list[Block]]:
    """The notebook's blocks, cut before every second-level heading; its title is left to the page."""
    sections: list[list[Block]] = [[]]
    for block in _without_repeated(_notebook_blocks(notebook)):
        if block["kind"] == "heading":
            sections.append([])
        sections[-1].append(block)
    return [section for section in sections if any(block["kind"] != "heading" for block in section)]


def _without_repeated(blocks: Iterable[Block]) -> Iterator[Block]:
    """The blocks without the list, and its heading, that closes every page."""
    leading = False
    for block in blocks:
        repeated = block["kind"] == "paragraph" and _text(block["runs"]) == REPEATED
        if not repeated and not (leading and block["kind"] == "list"):
            yield block
        leading = repeated


def _notebook_blocks(notebook: Any) -> Iterator[Block]:
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            yield from markdown_blocks(cell.source)
        for output in cell.get("outputs", ()):
            yield from _output_blocks(output)


def _output_blocks(output: Mapping[str, Any]) -> Iterator[Block]:
    """One output: a chart, a table, or words; what has no words for readers is left out, as on the pages."""
    data = output.get("data", {})
    if CHART_TYPE in data:
        yield from _chart(data)
    elif TABLE_TYPE in data:
        yield _table(data[TABLE_TYPE])
    elif "text/markdown" in data:
        yield from markdown_blocks(data["text/markdown"])
    elif text := _plain(output):
        yield _paragraph([_run(text)])


def _plain(output: Mapping[str, Any]) -> str:
    if output["output_type"] == "stream":
        return output["text"].strip() if output["name"] == "stdout" else ""
    return output.get("data", {}).get("text/plain", "").strip()


def _chart(data: Mapping[str, Any]) -> Iterator[Block]:
    from crimelib.board.charts.drawing import draw_svg

    chart = data[CHART_TYPE]
    title, alt = str(chart.get("title") or ""), str(chart.get("alt") or "")
    if is_self_contained(data.get("image/svg+xml", "")):
        wide, spec = data["image/svg+xml"], chart.get("narrow_spec")
        narrow = draw_svg(spec, title=title, alt=alt) if spec else ""
        pictures = {"svg": wide, "narrow": narrow, "tall": tallness(narrow) if narrow else 0.0}
        yield {"kind": "chart", "alt": alt or title or "Chart", **pictures}
    elif alt or title:
        yield _paragraph([_run(alt or title)])


def is_self_contained(svg: str) -> bool:
    """Whether a picture is well formed and draws on nothing outside itself: typst refuses a whole document for one
    remote picture within a picture, and a notebook's output is not trusted to be ours."""
    from defusedxml import DefusedXmlException
    from defusedxml.ElementTree import ParseError, fromstring

    try:
        elements = list(fromstring(svg).iter())
    except (ParseError, DefusedXmlException):
        return False
    values = [(name.rpartition("}")[2], value) for element in elements for name, value in element.attrib.items()]
    links = [value for name, value in values if name in {"href", "src"}]
    outside = [value for _, value in values if re.search(r"url\((?!\s*['\"]?#)", value)]
    return all(link.startswith("#") for link in links) and not outside


def _table(payload: Mapping[str, Any]) -> Block:
    """A table's payload with how it is to be set: relative widths of columns, small type or not."""
    columns, rows = list(payload["columns"]), list(payload["rows"])
    if len(rows) > MOST_ROWS:
        return _paragraph([_run(f"{payload['caption']}: {len(rows)} rows, on this pack's page only.")])
    widths = [_letters(columns, rows, place) for place in range(len(columns))]
    signals = any(cell["signal"] for row in rows for cell in row)
    notes = [*payload["notes"], *([_SIGNALS] if signals else [])]
    shown = {"caption": payload["caption"], "unit": payload["unit"], "notes": notes}
    set_as = {"widths": widths, "small": len(rows) >= _SMALL_ROWS, "signals": signals}
    numeric = [place for place in payload["numeric"] if place]
    return {"kind": "table", **shown, "columns": columns, "rows": rows, "numeric": numeric, **set_as}


def _letters(columns: Sequence[str], rows: Sequence[Sequence[Block]], place: int) -> int:
    """A column's width relative to the others: the letters of its longest cell, within bounds; headings may break."""
    words = max(map(len, columns[place].split()), default=0)
    longest = max([_LEAST_LETTERS, words, *(_cell_letters(row[place]) for row in rows if 1 < len(row) > place)]) + 1
    return longest if longest <= _MOST_LETTERS else round((_MOST_LETTERS * longest) ** 0.5)


def _cell_letters(cell: Mapping[str, Any]) -> int:
    """The letters of a cell; figures are wider than letters, and a word for an absent figure is set smaller."""
    text, signal = len(cell["text"]), len(cell["signal"])
    figures = sum(letter.isdigit() for letter in cell["text"])
    return max(signal, min(text, _LEAST_LETTERS + 2) if cell["absent"] else round(text + 0.4 * figures))


def markdown_blocks(text: str) -> Iterator[Block]:
    """Markdown as blocks of plain values: second-level headings, paragraphs, lists and tables; raw HTML is text."""
    from markdown_it.tree import SyntaxTreeNode

    for node in SyntaxTreeNode(_markdown().parse(text)).children:
        yield from _node_blocks(node)


def _node_blocks(node: Any) -> Iterator[Block]:
    if node.type == "heading":
        if node.tag != "h1":
            yield {"kind": "heading", "text": _text(_runs(node))}
    elif node.type in ("bullet_list", "ordered_list"):
        yield {"kind": "list", "items": [_runs(item) for item in node.children]}
    elif node.type == "table":
        yield _table(_pipe_table(node))
    elif node.type in ("fence", "code_block"):
        yield _paragraph([_run(node.content.strip())])
    elif node.type == "paragraph":
        yield _paragraph(_runs(node))
    else:
        for child in node.children or ():
            yield from _node_blocks(child)


def _pipe_table(node: Any) -> Block:
    """A Markdown table in the shape of :meth:`crimelib.board.tables.Table.payload`."""
    lines = [line for part in node.children for line in part.children]
    heading, *rows = [[_text(_runs(cell)) for cell in line.children] for line in lines]
    numeric = [place for place, cell in enumerate(lines[0].children) if "right" in str(cell.attrs.get("style"))]
    cells = [[{"text": text, "signal": "", "absent": False} for text in row] for row in rows]
    return {"caption": "Table", "unit": "", "columns": heading, "numeric": numeric, "rows": cells, "notes": []}


def _runs(node: Any, bold: bool = False, href: str = "") -> list[Block]:
    """The words below a node with what is bold or a link out of the pack; a link within it has no target on paper."""
    if node.type in ("text", "code_inline", "html_inline"):
        return [_run(node.content, bold, href)] if node.content else []
    if node.type in ("softbreak", "hardbreak"):
        return [_run(" ", bold, href)]
    if node.type == "link" and re.match("https?://", str(node.attrs.get("href", ""))):
        href = str(node.attrs["href"])
    return [run for child in node.children or () for run in _runs(child, bold or node.type == "strong", href)]


def _run(text: str, bold: bool = False, href: str = "") -> Block:
    return {"text": text, "bold": bold, "href": href}


def _paragraph(runs: list[Block]) -> Block:
    """A paragraph; one in bold throughout leads what follows."""
    return {"kind": "paragraph", "runs": runs, "leads": all(run["bold"] for run in runs)}


def _text(runs: Iterable[Block]) -> str:
    return "".join(run["text"] for run in runs).strip()


@cache
def _markdown() -> Any:
    from markdown_it import MarkdownIt

    return MarkdownIt("commonmark", {"html": False}).enable("table").disable("image")
