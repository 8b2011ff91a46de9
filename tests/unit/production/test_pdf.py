import re
import shutil
import subprocess

import nbformat
import pytest
from toy_pack import summary_rows

from crimelib.board.tables import TABLE_TYPE, Cell, Table, windows_table
from crimelib.production.pages import PackInfo, Page
from crimelib.production.pdf import _UNPRINTABLE, MOST_ROWS, board_pdf, is_self_contained, markdown_blocks, printable
from crimelib.production.portable import CHART_TYPE

INFO = PackInfo("Bromley", "November 2021", "board", True, (("Run", "abc123, made today"),))
SVG = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 300 100"><rect width="300" height="100" fill="#eee"/></svg>'
HOSTILE = "#panic() *a* $x$ <b>bold</b> @ref [link](javascript:1) `c` \\ 😀 א \u0007 end"


def markdown(text: str) -> nbformat.NotebookNode:
    return nbformat.v4.new_output("display_data", {"text/markdown": text})


def chart(alt: str) -> nbformat.NotebookNode:
    return nbformat.v4.new_output("display_data", {CHART_TYPE: {"alt": alt, "title": "T"}, "image/svg+xml": SVG})


def table(rows: int = 2, name: str = "Ward") -> nbformat.NotebookNode:
    lines = tuple((Cell(f"{name} {number}"), Cell(f"{1000 + number:,}")) for number in range(rows))
    payload = Table("By ward", ("Ward", "Current"), lines, frozenset({1}), "offences", ("A note.",)).payload()
    return nbformat.v4.new_output("display_data", {TABLE_TYPE: payload, "text/markdown": "not this"})


def notebook(*outputs: nbformat.NotebookNode, title: str = "Burglary") -> nbformat.NotebookNode:
    code = nbformat.v4.new_code_cell("x", outputs=list(outputs))
    heading = nbformat.v4.new_markdown_cell(f"# {title}\n\nWhy?\n\n## What happened")
    return nbformat.v4.new_notebook(cells=[heading, code])


def made(*notebooks: nbformat.NotebookNode, reason: str = "", info: PackInfo = INFO) -> bytes:
    pages = [Page(f"page_{place}", f"Page {place}", reason) for place, _ in enumerate(notebooks)]
    return board_pdf(notebooks, pages, info, "Of 2 measures, 1 rose.")


def words(pdf: bytes) -> str:
    if not shutil.which("pdftotext"):
        pytest.skip("pdftotext (poppler-utils) is not installed")
    read = subprocess.run(["pdftotext", "-raw", "-", "-"], input=pdf, capture_output=True, check=True)
    return " ".join(read.stdout.decode().split())


def test_it_is_a_tagged_pdf_ua_document_with_bookmarks() -> None:
    pdf = made(notebook(markdown("Burglary fell.")))
    assert b"<pdfuaid:part>1</pdfuaid:part>" in pdf
    assert b"/MarkInfo" in pdf
    assert b"/Outlines" in pdf


def test_it_is_read_in_the_notebook_s_order_with_the_notice_and_page_numbers_on_every_page() -> None:
    text = words(made(notebook(markdown("First sentence."), chart("c"), table(), markdown("- Last item"))))
    order = ["Of 2 measures, 1 rose.", "Contents", "Why?", "What happened", "First sentence.", "By ward", "1,001"]
    assert re.search(".*?".join(map(re.escape, [*order, "Last item", "About this document"])), text)
    assert text.count("Illustrative data - not real figures") > text.count("Page 1 of")
    assert "not this" not in text


def test_its_figures_are_those_of_the_summary() -> None:
    common = {"item": "burglary", "measure": "burglary", "status": "ok"}
    figures = {"month": (171, 182), "quarter": (475, 506), "ytd": (1105, 1134), "rolling_12": (1536, 1920)}
    rows = summary_rows(
        *({**common, "window": window, "current": now, "previous": then} for window, (now, then) in figures.items()),
        {**common, "measure": "secret", "window": "month", "current": 77777, "status": "suppressed"},
    )
    output = nbformat.v4.new_output("display_data", {TABLE_TYPE: windows_table(rows, caption="Burglary").payload()})
    text = words(made(notebook(output)))
    for now, then in figures.values():
        assert re.search(rf"{now:,} {then:,} ", text)
    assert "77,777" not in text
    assert "suppressed" in text


def test_a_real_pack_says_nothing_of_illustration() -> None:
    info = PackInfo("Bromley", "November 2021", "board", False, ())
    assert "llustrative" not in words(made(notebook(markdown("A.")), info=info))


def test_every_chart_carries_its_words() -> None:
    pdf = made(notebook(chart("Burglary fell by a fifth")))
    assert "Burglary fell by a fifth".encode("utf-16-be") in pdf or b"(Burglary fell by a fifth)" in pdf


def test_a_page_that_failed_says_so_and_shows_nothing_else() -> None:
    text = words(made(notebook(markdown("A figure.")), reason="ValueError: no such ward"))
    assert "This page could not be made. ValueError: no such ward" in text
    assert "A figure." not in text


def test_text_is_data_and_never_markup() -> None:
    outputs = [markdown(HOSTILE), table(name=HOSTILE), chart(HOSTILE)]
    text = words(made(notebook(*outputs, title=HOSTILE)))
    assert "<b>bold</b>" in text
    assert "#panic()" in text
    assert "□" in text


def test_every_character_that_is_let_through_can_be_printed() -> None:
    every = [chr(point) for point in range(0x20, 0x2800) if not _UNPRINTABLE.match(chr(point))]
    pdf = made(notebook(nbformat.v4.new_output("stream", name="stdout", text=" ".join(every))))
    assert pdf.startswith(b"%PDF")
    assert printable({"a": ["x\ty\u0000"]}) == {"a": ["x y□"]}


def test_a_long_table_repeats_its_heading_on_the_next_page_and_a_very_long_one_is_left_to_the_page() -> None:
    text = words(made(notebook(*[table(40, f"Part {part}") for part in range(3)])))
    assert len(re.findall(r"Ward Current", text)) > 3
    assert f"By ward: {MOST_ROWS + 1} rows, on this pack's page only." in words(made(notebook(table(MOST_ROWS + 1))))


def test_markdown_becomes_plain_blocks() -> None:
    text = "# T\n\n**Bold** and [in](a.html) [out](https://b)\n\n- one\n- two\n\n|a|b|\n|-|-:|\n|x|1|"
    blocks = list(markdown_blocks(text))
    assert [block["kind"] for block in blocks] == ["paragraph", "list", "table"]
    assert [(run["text"], run["bold"], run["href"]) for run in blocks[0]["runs"]] == [
        ("Bold", True, ""), (" and ", False, ""), ("in", False, ""), (" ", False, ""), ("out", False, "https://b"),
    ]  # fmt: skip
    assert blocks[2]["numeric"] == [1]


@pytest.mark.parametrize(
    ("inside", "allowed"),
    [
        ('<path d="M0 0"/>', True),
        ('<g clip-path="url(#here)"><use href="#shape"/></g>', True),
        ('<image href="http://evil.example/x"/>', False),
        ('<image xlink:href="//evil.example/x"/>', False),
        ('<rect fill="url(http://evil.example/x#y)"/>', False),
        ("<g>", False),
    ],
)
def test_only_pictures_that_draw_on_nothing_outside_are_printed(inside: str, allowed: bool) -> None:
    names = 'xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink"'
    assert is_self_contained(f"<svg {names}>{inside}</svg>") is allowed


def test_what_is_no_picture_is_not_printed() -> None:
    assert not is_self_contained("")
    assert not is_self_contained('<!DOCTYPE x [<!ENTITY a "b">]><svg>&a;</svg>')
