"""What each kind of file says, word for word: nothing is left out for being hidden, and no cell changes its column."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from openpyxl import Workbook
from openpyxl.comments import Comment
from openpyxl.workbook.defined_name import DefinedName

from crimelib.disclosure.statements import Statement, said_in, statements

Said = list[tuple[str, tuple[tuple[str, str], ...]]]


def said(folder: Path) -> Said:
    return [(each.about, each.cells) for each in statements(folder)]


@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [
        ("notes.txt", b"Bickley\n\n  3 in May \n", [(" Bickley", "Bickley"), (" Bickley", "3 in May")]),
        ("README", b"Bickley: 3", [(" Bickley: 3", "Bickley: 3")]),
        ("latin.txt", b"Caf\xe9: 3", [(" Caf�: 3", "Caf�: 3")]),
        ("utf8.txt", "Café: 3".encode(), [(" Café: 3", "Café: 3")]),
        ("page.html", b"<p>Caf\xe9: 3</p>", [("", "Caf�: 3")]),
        ("page.html", "<p>Café: 3</p>".encode(), [("", "Café: 3")]),
        ("drawing.svg", b"<svg><desc>Bickley 3</desc></svg>", [("", "Bickley 3")]),
    ],
)
def test_text_is_read_whatever_its_letters(
    tmp_path: Path, name: str, content: bytes, expected: list[tuple[str, str]]
) -> None:
    (tmp_path / name).write_bytes(content)
    assert said(tmp_path) == [(about, (("", text),)) for about, text in expected]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_rows_of_a_csv_by_any_line_ends(tmp_path: Path, end: str) -> None:
    text = end.join(["ward,count", "Bickley,3", 'Café,"4\r\nand more"', "Darwin,,5", "Orpington,6,7,8", ""])
    (tmp_path / "wards.csv").write_bytes(text.encode())
    assert said(tmp_path) == [
        ("", (("ward", "Bickley"), ("count", "3"))),
        ("", (("ward", "Café"), ("count", "4\r\nand more"))),
        ("", (("ward", "Darwin"), ("more", "['5']"))),
        ("", (("ward", "Orpington"), ("count", "6"), ("more", "['7', '8']"))),
    ]


def test_what_a_file_says_twice_is_said_once_and_files_come_in_order(tmp_path: Path) -> None:
    (tmp_path / "b").mkdir()
    for name in ("b/page.html", "a.html"):
        (tmp_path / name).write_text("<p>Bickley</p><p>Bickley</p>", encoding="utf-8")
    assert list(statements(tmp_path)) == [
        Statement("a.html", "", (("", "Bickley"),)),
        Statement("b/page.html", "", (("", "Bickley"),)),
    ]


def test_a_statement_in_words() -> None:
    assert Statement("a.csv", "", (("ward", "Bickley"), ("", "3"))).text == "ward Bickley | 3"


# --- workbooks --------------------------------------------------------------------------------------------------------


def workbook(folder: Path, rows: list[list[object]], notes: dict[str, str]) -> Said:
    """What a workbook of one sheet says, without its properties and names."""
    book = Workbook()
    sheet = book.active
    sheet.title = "Wards"
    for row in rows:
        sheet.append(row)
    for cell, note in notes.items():
        sheet[cell].comment = Comment(note, "analyst")
    book.save(folder / "summary.xlsx")
    return said(folder)[2:]


@pytest.mark.parametrize(
    ("rows", "notes", "expected"),
    [
        (
            [["Ward", "Count"], ["Bickley", 3], ["Darwin", None]],
            {},
            [(("Ward", "Ward"), ("Count", "Count")), (("Ward", "Bickley"), ("Count", "3")), (("Ward", "Darwin"),)],
        ),
        (
            [["Hate crime", None], ["Ward", "Count"], ["Bickley", 3], ["Darwin", 4]],
            {},
            [
                (("", "Hate crime"),),
                (("Ward", "Ward"), ("Count", "Count")),
                (("Ward", "Bickley"), ("Count", "3")),
                (("Ward", "Darwin"), ("Count", "4")),
            ],
        ),
        ([["Bickley: 3"], ["Darwin: 4"]], {}, [(("", "Bickley: 3"),), (("", "Darwin: 4"),)]),
        ([["Bickley", None, 3]], {"A1": "of 30"}, [(("", "Bickley"), ("", "3"), ("", "of 30"))]),
        (
            [["Ward", "Count"], ["", ""]],
            {"B2": "Bickley: 3"},
            [(("Ward", "Ward"), ("Count", "Count")), (("", "Bickley: 3"),)],
        ),
    ],
    ids=["a header", "a title above the header", "one column has none", "a gap is no header", "a note on an empty row"],
)  # fmt: skip
def test_the_cells_of_a_sheet_stand_under_its_header(
    tmp_path: Path, rows: list[list[object]], notes: dict[str, str], expected: list
) -> None:
    assert workbook(tmp_path, rows, notes) == [("Wards", cells) for cells in expected]


def test_a_workbook_s_properties_and_names_are_said_too(tmp_path: Path) -> None:
    book = Workbook()
    book.properties.title, book.properties.creator = "Bickley: 3", "crimelib"
    book.defined_names["Bickley"] = DefinedName("Bickley", attr_text='"3 of 30"')
    book.save(tmp_path / "summary.xlsx")
    properties, names = said(tmp_path)
    assert properties[0] == names[0] == ""
    assert {("title", "Bickley: 3"), ("creator", "crimelib")} <= set(properties[1])
    assert names[1] == (("Bickley", '"3 of 30"'),)


# --- pages ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("markup", "expected"),
    [
        (
            "<h2>Hate crime</h2><p>First.</p><!-- Bickley: 3\nDarwin: 4 --><p>Last.</p>",
            [
                ("Hate crime", "Hate crime"),
                ("Hate crime", "First."),
                ("Hate crime Bickley: 3", "Bickley: 3"),
                ("Hate crime Bickley: 3", "Darwin: 4"),
                ("Hate crime", "Last."),
            ],
        ),
        ("<p>In <b>Bickley</b>\n  3</p>", [("", "In Bickley 3")]),
        ("Bickley <br> 3", [("", "Bickley 3")]),
        ("<p>Bickley: &#51; &amp; more</p>", [("", "Bickley: 3 & more")]),
        ("<h2>Hate <b>crime</b></h2><p>3</p>", [("Hate crime", "Hate crime"), ("Hate crime", "3")]),
        ("<h1>One</h1><h2>Two</h2><p>3</p>", [("One", "One"), ("Two", "Two"), ("Two", "3")]),
        ("<script>Bickley: 3</script><p>4</p>", [("Bickley: 3", "Bickley: 3"), ("", "4")]),
        ("<style>a b</style><p>4</p>", [("a b", "a b"), ("", "4")]),
        ("<h3>Three</h3><p>3</p>", [("Three", "Three"), ("Three", "3")]),
        ('<h1>One</h1><img alt="Bickley: 3">', [("One", "One"), ("One Bickley: 3", "Bickley: 3")]),
        ("Before<table>in<thead>head</table>after", [("", "Before"), ("", "in"), ("", "head"), ("", "after")]),
        (
            "one<script>two</script>three<style>four</style>five",
            [("", "one"), ("two", "two"), ("", "three"), ("four", "four"), ("", "five")],
        ),
    ],
)
def test_text_of_a_page_stands_under_its_heading(tmp_path: Path, markup: str, expected: list[tuple[str, str]]) -> None:
    (tmp_path / "page.html").write_text(markup, encoding="utf-8")
    assert [(about.strip(), cells) for about, cells in said(tmp_path)] == [
        (about, (("", text),)) for about, text in expected
    ]


def test_rows_of_a_page_s_table_stand_under_their_header_and_caption(tmp_path: Path) -> None:
    head = "<thead><tr><th>Ward</th><th>Now</th></tr></thead>"
    body = "<tbody><tr><td>Bickley</td><td>3</td></tr><tr><td>Darwin, 4</td></tr></tbody>"
    after = "<table><tr><td>Orpington</td><td>5</td></tr></table>"
    text = f"<h1>Page</h1><table><caption>Hate crime</caption>{head}{body}</table>{after}"
    (tmp_path / "page.html").write_text(text, encoding="utf-8")
    assert said(tmp_path) == [
        ("Page", (("", "Page"),)),
        ("Hate crime", (("", "Hate crime"),)),
        ("Hate crime", (("", "Ward"), ("", "Now"))),
        ("Hate crime", (("Ward", "Bickley"), ("Now", "3"))),
        ("Hate crime", (("", "Darwin, 4"),)),
        ("Page", (("", "Orpington"), ("", "5"))),
    ]


def test_rows_without_a_header_of_their_own_have_no_names(tmp_path: Path) -> None:
    head = "<thead><tr><th>Ward</th><th>Now</th></tr></thead>"
    rows = "<tr><td>Bickley</td><td><b>3</b></td></tr><tr><td>Darwin</td><td>4</td></tr>"
    text = (
        f"{rows}<table>{rows}</table><p>After</p><table>{head}{rows}</table><table>{head}</table><table>{rows}</table>"
    )
    (tmp_path / "page.html").write_text(text, encoding="utf-8")
    bare = [(("", "Bickley"), ("", "3")), (("", "Darwin"), ("", "4"))]
    named = [(("Ward", "Bickley"), ("Now", "3")), (("Ward", "Darwin"), ("Now", "4"))]
    assert [cells for _, cells in said(tmp_path)] == [*bare, (("", "After"),), (("", "Ward"), ("", "Now")), *named]
    unended = head.removesuffix("</thead>")
    for markup, expected in [
        (f"<table>{head}</table><table>{rows}</table>", bare),
        (f"<table>{unended}</table><table>{rows}</table>", bare),
        (f"<table>{unended}<tbody>{rows}</table>", named),
        (f"<table>{head}3 in all{rows}</table>", [(("", "3 in all"),), *named]),
    ]:
        (tmp_path / "page.html").write_text(markup, encoding="utf-8")
        assert [cells for _, cells in said(tmp_path)][1:] == expected


def test_data_in_a_page_stand_under_its_heading(tmp_path: Path) -> None:
    (tmp_path / "page.html").write_text('<h1>One</h1><script>{"n": 3}</script>', encoding="utf-8")
    assert said(tmp_path) == [("One", (("", "One"),)), ("One", (("n", "3"),))]


def test_attributes_are_said_but_not_how_a_page_looks(tmp_path: Path) -> None:
    looks = 'class="a b" style="top: 3px" d="M0 3" transform="x 3" viewbox="0 3" points="1 2 3" href="3" src="3"'
    (tmp_path / "page.html").write_text(f'<p title="Bickley: 3" data-count="3" {looks} hidden>4</p>', encoding="utf-8")
    assert [cells for _, cells in said(tmp_path)] == [(("", "Bickley: 3"),), (("data-count", "3"),), (("", "4"),)]


# --- JSON -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("coding", ["utf-8", "utf-8-sig", "utf-16"])
def test_records_in_any_coding_that_json_may_have(tmp_path: Path, coding: str) -> None:
    (tmp_path / "run.json").write_bytes(json.dumps({"ward": "Café", "n": 3}, ensure_ascii=False).encode(coding))
    assert said(tmp_path)[0] == ("", (("ward", "Café"), ("n", "3")))


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"n": 3, "sure": True, "none": None}, [("", (("n", "3"),))]),
        ({"title": "Hate crime", "rows": [{"n": 3}]}, [
            ("Hate crime", (("title", "Hate crime"),)), ("Hate crime Hate crime", (("", "Hate crime"),)),
            ("Hate crime", (("n", "3"),))]),
        ({"title": {"text": ["Hate", "crime"]}, "rows": [{"n": 3}]}, [
            ("Hate crime Hate", (("", "Hate"),)), ("Hate crime Hate", (("", "crime"),)),
            ("Hate crime", (("n", "3"),))]),
        ({"Bickley ward": [3.5, {"n": 3}]}, [(" Bickley ward", (("n", "3"),))]),
        ({"ward": ["Bickley", "Darwin"], "n": [3, 4]}, [
            ("", (("ward", "Bickley"), ("n", "3"))), ("", (("ward", "Darwin"), ("n", "4"))),
            (" Bickley", (("", "Bickley"),)), (" Bickley", (("", "Darwin"),))]),
        ({"ward": ["Bickley"], "n": [3, 4]}, [(" Bickley", (("", "Bickley"),))]),
        (["Bickley", 3, None], [("", (("", "Bickley"), ("", "3")))]),
        (["Bickley: 3", " of 30\n"], [(" Bickley: 3 of 30", (("", "Bickley: 3 of 30"),))]),
        ([{"text": "Bickley"}, {"text": "3"}], [
            ("", (("", "Bickley"), ("", "3"))), ("", (("text", "Bickley"),)), (" Bickley", (("", "Bickley"),)),
            ("", (("text", "3"),))]),
        ("<p>Bickley: 3</p>", [("", (("", "Bickley: 3"),))]),
        ('{"n": 3}', [("", (("n", "3"),))]),
        ('["Bickley", 3]', [("", (("", "Bickley"), ("", "3")))]),
        ({"title": "Hate", "n": 3, "more": '{"m": 4}', "page": "<p>5</p>"}, [
            ("Hate", (("title", "Hate"), ("n", "3"), ("more", '{"m": 4}'))), ("Hate Hate", (("", "Hate"),)),
            ("Hate", (("m", "4"),)), ("Hate", (("", "5"),))]),
        ([{"text": "A", "x": 1}, {"text": "3", "y": 2}], [
            ("", (("", "A"), ("", "3"))), ("", (("text", "A"), ("x", "1"))), ("", (("text", "3"), ("y", "2")))]),
        ([{"text": "A", "measure": "m"}, {"text": "3", "measure": "m"}], [
            ("m", (("text", "A"), ("measure", "m"))), ("m", (("text", "3"), ("measure", "m")))]),
        ("{Bickley: 3", [(" {Bickley: 3", (("", "{Bickley: 3"),))]),
    ],
)  # fmt: skip
def test_what_a_value_says(value: object, expected: Said) -> None:
    assert list(said_in(value)) == expected


@pytest.mark.parametrize(
    ("record", "about"),
    [
        ({"title": "a" * 299, "n": 3}, "a" * 299),
        ({"title": "a" * 300, "n": 3}, ""),
        ({"name": 3, "measure": {"n": 4}, "n": 3}, ""),
        ({"title": {"text": ["Hate", 2021]}, "n": 3}, "Hate 2021"),
        ({"title": "Hate", "caption": "crime", "n": 3}, "Hate crime"),
    ],
    ids=["long", "too long", "no words", "lines and numbers", "title and caption"],
)
def test_a_record_stands_under_its_own_titles(record: dict[str, object], about: str) -> None:
    found, *_ = said_in(record)
    assert found[0] == about
    assert found[1][-1] == ("n", "3")


@pytest.mark.parametrize(("length", "is_cell"), [(1000, True), (1001, False)])
def test_a_long_text_in_a_record_is_a_document_of_its_own(length: int, is_cell: bool) -> None:
    text = "a" * length
    found = list(said_in({"n": 3, "page": text}))
    assert found == [("", (("n", "3"), ("page", text))[: 1 + is_cell]), (f" {text}", (("", text),))]


def test_a_text_of_one_letter_is_a_cell_and_no_text_of_its_own() -> None:
    assert list(said_in({"n": "3"})) == [("", (("n", "3"),))]
    assert list(said_in({"n": "31"})) == [("", (("n", "31"),)), (" 31", (("", "31"),))]
