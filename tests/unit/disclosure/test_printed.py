"""What a PDF says: by its structure, outside of it, and what its objects carry, however that is written and packed."""

from __future__ import annotations

import zlib
from pathlib import Path

import pytest

from crimelib.disclosure.printed import descriptions, said_in_print


@pytest.mark.parametrize(
    ("written", "text"),
    [
        (rb"(Bickley: 3)", "Bickley: 3"),
        (rb"( Bickley: 3 )", "Bickley: 3"),
        (rb"(Xmas: 3)", "Xmas: 3"),
        (rb"(Bickley (ward): 3)", "Bickley (ward): 3"),
        (rb"(Bickley \(ward: 3)", "Bickley (ward: 3"),
        (rb"(Bickley\\3)", "Bickley\\3"),
        (rb"(Bickley\n3\r4\t5)", "Bickley\n3\r4\t5"),
        (rb"(Bic\bkle\fy)", "Bickley"),
        (b"(Bick\\\nley)", "Bickley"),
        (rb"(Bick\qley)", "Bickqley"),
        (rb"(\102ickley: \063)", "Bickley: 3"),
        (rb"(\7\63)", "\x073"),
        (rb"(caf\351)", "café"),
        (b"(caf\xe9)", "café"),
        (b"(\xef\xbb\xbfcaf\xc3\xa9)", "café"),
        (b"(\xfe\xff\x00c\x00a\x00f\x00\xe9)", "café"),
        (b"(\xfe\xff\x00c\xd8)", "c�"),
        (b"<4269636B6C65793A2033>", "Bickley: 3"),
        (b"<426963\n6b 6C65793A20 33>", "Bickley: 3"),
        (b"<425>", "BP"),
        (b"<FEFF004200690063006B>", "Bick"),
    ],
)
def test_a_string_of_a_pdf(written: bytes, text: str) -> None:
    assert list(descriptions(b"<< /Alt " + written + b" >>")) == [text]


@pytest.mark.parametrize("key", ["Alt", "ActualText", "Contents", "Title", "TU", "E"])
def test_every_key_that_holds_a_text(key: str) -> None:
    assert list(descriptions(f"<< /Type /Figure /{key}(Bickley: 3) /S (4) >>".encode())) == ["Bickley: 3"]


def test_an_empty_text_says_nothing() -> None:
    assert list(descriptions(b"<< /Alt () /Title (  ) >>")) == []


@pytest.mark.parametrize("end", [b"\n", b"\r\n"])
def test_objects_packed_in_streams_are_read_and_broken_streams_passed_over(end: bytes) -> None:
    packed = zlib.compress(b"<< /Alt (Bickley: 3) >>")
    pdf = b"".join(
        b"<< /Type /ObjStm /N 1 >>\nstream" + end + stream + b"\nendstream\n" for stream in (b"not packed", packed)
    )
    assert list(descriptions(b"<< /Title (Pack) >>\n" + pdf)) == ["Pack", "Bickley: 3"]


Element = tuple[str, dict[str, str], list]  # kind, what it carries, and its elements or numbers of marked contents


def a_pdf(structure: list[Element], first_page: str, second_page: str, inset: str) -> bytes:
    """A PDF of two pages, each with the ``inset`` placed on it. The ``structure`` is that of the first page."""
    tagged = "/StructTreeRoot 9 0 R /MarkInfo << /Marked true >>" if structure else ""
    objects = {
        1: f"<< /Type /Catalog /Pages 2 0 R {tagged} >>",
        2: "<< /Type /Pages /Kids [3 0 R 4 0 R] /Count 2 >>",
        5: f"<< /Length {len(first_page)} >>\nstream\n{first_page}\nendstream",
        6: f"<< /Length {len(second_page)} >>\nstream\n{second_page}\nendstream",
        7: "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>",
        8: "<< /Title (Pack of November) /Author (The partnership) >>",
        10: "<< /Type /XObject /Subtype /Form /BBox [0 0 600 800] /Resources << /Font << /F 7 0 R >> >> "
        f"/Length {len(inset)} >>\nstream\n{inset}\nendstream",
    }
    for number in (3, 4):
        objects[number] = (
            f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 600 800] /Contents {number + 2} 0 R "
            f"/StructParents {number - 3} /Resources << /Font << /F 7 0 R >> /XObject << /Inset 10 0 R >> >> >>"
        )
    owners: dict[int, int] = {}

    def element(made: Element, parent: int) -> int:
        kind, carried, inside = made
        number = max(objects) + 1
        objects[number] = ""
        kids = []
        for each in inside:
            if isinstance(each, int):
                owners[each] = number
                kids.append(str(each))
            else:
                kids.append(f"{element(each, number)} 0 R")
        said = " ".join(f"/{key} ({value})" for key, value in carried.items())
        objects[number] = f"<< /Type /StructElem /S /{kind} /P {parent} 0 R /Pg 3 0 R {said} /K [{' '.join(kids)}] >>"
        return number

    kids = [f"{element(each, 9)} 0 R" for each in structure]
    of_page = " ".join(f"{owners[marked]} 0 R" for marked in range(len(owners)))
    objects[9] = f"<< /Type /StructTreeRoot /K [{' '.join(kids)}] /ParentTree << /Nums [0 [{of_page}]] >> >>"
    body = "".join(f"{number} 0 obj\n{objects[number]}\nendobj\n" for number in sorted(objects))
    return f"%PDF-1.7\n{body}trailer\n<< /Root 1 0 R /Info 8 0 R /Size {len(objects) + 1} >>\n%%EOF\n".encode("latin-1")


def drawn(*texts: tuple[int | None, str]) -> str:
    """What a page draws: each text with the number of its marked content, None where it is in none."""
    lines = []
    for place, (marked, text) in enumerate(texts):
        line = f"BT /F 12 Tf 50 {750 - 20 * place} Td ({text}) Tj ET"
        lines.append(line if marked is None else f"/Span << /MCID {marked} >> BDC {line} EMC")
    return "\n".join(lines)


def said(folder: Path, structure: list[Element], *texts: tuple[int | None, str]) -> list[tuple[str, list[str]]]:
    """What a PDF with these texts on its first page says after its properties: each with what it is about."""
    file = folder / "pack.pdf"
    pages = [f"{drawn(*each)}\n/Inset Do" for each in (texts, [(0, "Second page"), (None, "Loose there")])]
    file.write_bytes(a_pdf(structure, *pages, drawn((None, "In an inset"))))
    properties, *rest = said_in_print(file)
    assert properties[0] == ""
    assert dict(properties[1])["Title"] == "Pack of November"
    assert not any(name for _, cells in rest for name, _ in cells)
    return [(about, [text for _, text in cells]) for about, cells in rest]


WARDS: list[Element] = [
    ("Sect", {}, [
        ("H1", {}, [0]),
        ("P", {}, [1, ("Span", {}, [2]), ("Link", {}, [("Span", {}, [3])]), 4]),
        ("Table", {}, [
            ("Caption", {}, [5]),
            ("TR", {}, [("TH", {}, [6]), ("TD", {}, [("P", {}, [7])])]),
        ]),
        ("Div", {}, [8, ("Figure", {"Alt": "A chart", "ActualText": "Three", "T": "Chart"}, [9])]),
        ("H2", {}, [10, ("Span", {}, [11])]),
        ("H5", {}, [12]),
        ("Aside", {}, [13, ("Note", {}, [14])]),
    ]),
]  # fmt: skip
TEXTS = [
    "Hate",
    "In",
    "Bickley",
    "3",
    "now",
    "Wards",
    "Darwin",
    "4",
    "Drawn",
    "Bars",
    "Part",
    "X",
    "Method",
    "Note",
    "1",
]


def test_what_a_tagged_page_says_is_read_row_by_row_under_the_heading_or_caption_before_it(tmp_path: Path) -> None:
    texts = [*enumerate(TEXTS), (5, "of Bromley"), (None, " Page 1 "), (None, "  "), (99, "Unowned"), (98, " ")]
    after = "Method"
    assert said(tmp_path, WARDS, *texts) == [
        ("Hate", ["Hate"]),
        ("Hate", ["In now", "Bickley", "3"]),
        ("Wards of Bromley", ["Wards of Bromley"]),
        ("Wards of Bromley", ["Darwin", "4"]),
        ("Wards of Bromley", ["Drawn"]),
        ("Wards of Bromley", ["Bars", "A chart", "Three", "Chart"]),
        ("Part X", ["Part", "X"]),
        (after, ["Method"]),
        (after, ["Note"]),
        (after, ["1"]),
        (after, ["Page 1"]),
        (after, ["In an inset"]),
        (after, ["Unowned"]),
        (after, ["Loose there"]),
        (after, ["In an inset"]),
        (after, ["Second page"]),
        ("", ["Pack of November"]),
        ("", ["A chart"]),
        ("", ["Three"]),
    ]


def test_a_page_without_structure_is_read_text_by_text(tmp_path: Path) -> None:
    pieces = ["Bickley", "3", "In an inset", "Loose there", "In an inset", "Second page", "Pack of November"]
    assert said(tmp_path, [], (None, "Bickley"), (None, "3")) == [("", [piece]) for piece in pieces]


@pytest.mark.parametrize(
    ("written", "text"), [(r"\376\377\000B\330\000", "B\ufffd"), (r"\376\377\001\102", "\u0142"), ("  ", None)]
)
def test_a_description_is_read_whatever_its_letters(tmp_path: Path, written: str, text: str | None) -> None:
    found = said(tmp_path, [("Figure", {"Alt": written}, [0])], (0, "Bars"))
    assert found[0] == ("", ["Bars", text] if text else ["Bars"])
