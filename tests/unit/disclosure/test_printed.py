"""What the objects of a PDF carry beside what is drawn: every text, however it is written and packed."""

from __future__ import annotations

import zlib

import pytest

from crimelib.disclosure.printed import descriptions


@pytest.mark.parametrize(
    ("written", "text"),
    [
        (rb"(Bickley: 3)", "Bickley: 3"),
        (rb"( Bickley: 3 )", "Bickley: 3"),
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
