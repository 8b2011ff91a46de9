"""What a PDF says: its text by the document's own structure (rows of tables whole, paragraphs whole), what stands
outside of it line by line, the descriptions of pictures, and the document's properties."""

from __future__ import annotations

import ctypes
import re
import zlib
from collections import defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

WHOLE = {"TR", "P", "LI", "H1", "H2", "H3", "H4", "Caption", "Figure", "Note"}
Said = tuple[str, tuple[tuple[str, str], ...]]
_MOST_BYTES = 50_000_000
_OBJECTS = re.compile(rb"/ObjStm\b.{0,200}?stream\r?\n(.*?)endstream", re.DOTALL)
_TEXT = re.compile(
    rb"/(?:Alt|ActualText|Contents|Title|TU|E)\s*(\((?:\\.|[^()\\]|\([^()]*\))*\)|<[0-9A-Fa-f\s]*>)", re.DOTALL
)
_ESCAPE = re.compile(rb"\\([0-7]{1,3}|.)", re.DOTALL)


def said_in_print(path: Path) -> Iterator[Said]:
    """Everything said in a PDF, under the last caption or heading before it."""
    import pypdfium2

    document = pypdfium2.PdfDocument(path)
    try:
        yield "", tuple(document.get_metadata_dict().items())
        about = ""
        for page in document:
            for kind, cells in _page(page):
                if kind == "Caption" or kind.startswith("H"):
                    about = " ".join(value for _, value in cells)
                if cells:
                    yield about, cells
    finally:
        document.close()
    yield from (("", (("", text),)) for text in descriptions(path.read_bytes()))


def descriptions(pdf: bytes) -> Iterator[str]:
    """The texts that the objects of a PDF carry beside what is drawn: descriptions of pictures, titles, annotations.
    The library gives those of elements that it can place on a page only."""
    packed = (_inflated(found[1]) for found in _OBJECTS.finditer(pdf))
    for part in (pdf, *packed):
        for found in _TEXT.finditer(part):
            if text := _string(found[1]):
                yield text


def _inflated(stream: bytes) -> bytes:
    try:
        return zlib.decompressobj().decompress(stream, _MOST_BYTES)
    except zlib.error:
        return b""


def _string(raw: bytes) -> str:
    """A PDF string: hexadecimal, or with its escapes; UTF-16 where it says so."""
    if raw.startswith(b"<"):
        digits = re.sub(rb"[^0-9A-Fa-f]", b"", raw).decode()
        data = bytes.fromhex(digits + "0" * (len(digits) % 2))
    else:
        data = _ESCAPE.sub(_unescaped, raw[1:-1])
    coding = "utf-16-be" if data.startswith(b"\xfe\xff") else "utf-8" if data.startswith(b"\xef\xbb\xbf") else "latin-1"
    return data.decode(coding, errors="replace").lstrip("\ufeff").strip()


def _unescaped(found: re.Match[bytes]) -> bytes:
    escape = found[1]
    if escape.isdigit():
        return bytes([int(escape, 8) & 0xFF])
    return {b"n": b"\n", b"r": b"\r", b"t": b"\t", b"b": b"", b"f": b"", b"\n": b""}.get(escape, escape)


def _page(page: Any) -> Iterator[tuple[str, tuple[tuple[str, str], ...]]]:
    import pypdfium2.raw as pdfium

    marked, loose = _texts(page)
    tree = pdfium.FPDF_StructTree_GetForPage(page.raw)  # null, without children, where the document has none
    used: set[int] = set()
    for place in range(pdfium.FPDF_StructTree_CountChildren(tree)):
        yield from _element(pdfium.FPDF_StructTree_GetChildAtIndex(tree, place), marked, used)
    pdfium.FPDF_StructTree_Close(tree)
    rest = [text for number, text in marked.items() if number not in used]
    yield from (("", (("", text.strip()),)) for text in (*loose, *rest) if text.strip())


def _texts(page: Any) -> tuple[dict[int, str], list[str]]:
    """The page's texts by the number of the marked content that they are in, and those in none."""
    import pypdfium2.raw as pdfium

    words = page.get_textpage()
    marked: dict[int, str] = defaultdict(str)
    loose: list[str] = []
    for each in page.get_objects(filter=[pdfium.FPDF_PAGEOBJ_TEXT]):
        text = _wide(lambda buffer, size, each=each: pdfium.FPDFTextObj_GetText(each.raw, words.raw, buffer, size))
        number = pdfium.FPDFPageObj_GetMarkedContentID(each.raw)
        if number < 0:
            loose.append(text)
        else:
            marked[number] += f"{text} "
    return marked, loose


def _wide(read: Callable[[Any, int], int]) -> str:
    """A UTF-16 text of the library: asked for its length in bytes first."""
    size = read(None, 0)
    buffer = ctypes.create_string_buffer(size)
    read(ctypes.cast(buffer, ctypes.POINTER(ctypes.c_ushort)), size)
    return buffer.raw.decode("utf-16-le", errors="replace").rstrip("\0")


def _element(element: Any, marked: dict[int, str], used: set[int]) -> Iterator[tuple[str, tuple[tuple[str, str], ...]]]:
    """What an element of the structure says: whole if it is a row or a paragraph, else by its parts."""
    import pypdfium2.raw as pdfium

    kind = _wide(lambda buffer, size: pdfium.FPDF_StructElement_GetType(element, buffer, size))
    whole = kind in WHOLE
    texts = (_all_texts if whole else _own_texts)(element, marked, used)
    yield kind, tuple(("", text) for text in texts if text.strip())
    for part in () if whole else _parts(element):
        yield from _element(part, marked, used)


def _parts(element: Any) -> Iterator[Any]:
    """The elements of an element; its marked contents, which the library counts too, are none."""
    import pypdfium2.raw as pdfium

    places = range(pdfium.FPDF_StructElement_CountChildren(element))
    return filter(None, (pdfium.FPDF_StructElement_GetChildAtIndex(element, place) for place in places))


def _all_texts(element: Any, marked: dict[int, str], used: set[int]) -> Iterator[str]:
    yield from _own_texts(element, marked, used)
    for part in _parts(element):
        yield from _all_texts(part, marked, used)


def _own_texts(element: Any, marked: dict[int, str], used: set[int]) -> Iterator[str]:
    """An element's marked text, and the descriptions that stand for it."""
    import pypdfium2.raw as pdfium

    count = pdfium.FPDF_StructElement_GetMarkedContentIdCount(element)
    numbers = [pdfium.FPDF_StructElement_GetMarkedContentIdAtIndex(element, place) for place in range(count)]
    used.update(numbers)
    yield " ".join(marked[number].strip() for number in numbers if number in marked)
    for read in (
        pdfium.FPDF_StructElement_GetAltText,
        pdfium.FPDF_StructElement_GetActualText,
        pdfium.FPDF_StructElement_GetTitle,
    ):
        yield _wide(lambda buffer, size, read=read: read(element, buffer, size))
