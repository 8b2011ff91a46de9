"""Strict reading of CSV: fields stay text, and a file that is not what it says is refused by line."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from mps_files import put

from crimelib.errors import InputError
from crimelib.sources import reading
from crimelib.sources.discovery import RawFile
from crimelib.sources.reading import parse_table, read_header, read_table, read_text


def test_fields_stay_as_they_stand(tmp_path: Path) -> None:
    table = read_table(put(tmp_path, "name,code,number\nNA,007,1e3\nnull, x ,\n"))
    assert table.rows[["name", "code", "number"]].to_numpy().tolist() == [["NA", "007", "1e3"], ["null", " x ", ""]]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_lines_are_those_of_the_file(tmp_path: Path, end: str) -> None:
    text = end.join(["a,b", "1,2", "", "3,4", '"5', '6",7', "8,9"])
    assert list(read_table(put(tmp_path, text)).rows["line"]) == [2, 4, 6, 7]


def test_unnamed_columns_are_left_out_and_what_stood_in_them_is_known(tmp_path: Path) -> None:
    table = read_table(put(tmp_path, "a,, b ,\n1,,2,\n3,stray,4,\n"))
    assert table.columns == ["a", "b"]
    assert table.stray_lines == [3]


def test_a_mark_at_the_beginning_is_no_part_of_the_first_name(tmp_path: Path) -> None:
    file = put(tmp_path, "\ufeffa,b\n1,2\n")
    assert read_table(file).columns == ["a", "b"]
    assert read_header(file) == ["a", "b"]


def test_another_delimiter(tmp_path: Path) -> None:
    assert parse_table(put(tmp_path, "x"), "a;b\n1,5;2\n", delimiter=";").rows["a"].tolist() == ["1,5"]


def test_too_large_a_file_is_refused_unread(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="6 bytes, more than the 5 allowed"):
        read_text(put(tmp_path, "a\n1\n2\n"), max_bytes=5)


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"a,b\n1\n", "line 2: the row has 1 fields where the header has 2"),
        (b"a,b\n1,2\n1,2,3\n", "line 3: the row has 3 fields"),
        (b"a,a\n1,2\n", "column 'a': the column stands twice"),
        (b'a,b\n"1,2\n', "the row cannot be read"),
        (b'a,b\n"1"x,2\n', "line 2: the row cannot be read"),
        (b"a,b\n1,\xe9\n", "line 2: byte 0xe9 is not UTF-8"),
        (b"a,b\n1,\x00\n", "line 2: the file holds control characters"),
        (b"a,b\n1,\x1b[31m\n", "line 2: the file holds control characters"),
        (b"PK\x03\x04rest", "line 1: the file holds control characters"),
        (b"  <html></html>", "line 1: this is a web page"),
        (b"\xef\xbb\xbf", "the file is empty"),
        (b"a,b\n\n", "the file has a header and no rows"),
        (b"a,b\n1," + b"x" * 140_000 + b"\n", "the row cannot be read"),
    ],
)
def test_what_is_no_csv_is_refused(tmp_path: Path, content: bytes, told: str) -> None:
    with pytest.raises(InputError) as caught:
        read_table(put(tmp_path, content))
    assert told in str(caught.value)
    assert str(caught.value).isprintable()


CELLS = st.text(st.sampled_from(["a", " ", "é", "0", '"', "\r", "\n", ";", "'", "\x85", "\u2028"]), max_size=4)


@given(st.lists(st.lists(CELLS, min_size=2, max_size=3), min_size=1, max_size=4), st.sampled_from(["\n", "\r\n"]))
@example([["a", "NA"], ["007", ""]], "\n")
@example([["a", "b"], ["1", "2"], [""]], "\n")
@example([['"a, b"', '""'], ['""', '"a"']], "\r\n")
@example([['","', "a"], ['"a""b"', '"a"b'], ['b"a"', '"a" ']], "\n")
def test_the_quick_reader_and_the_strict_one_say_the_same(cells: list[list[str]], end: str) -> None:
    text = end.join(",".join(row) for row in [["x", "y"], *cells])

    def said(quick: bool) -> object:
        with pytest.MonkeyPatch.context() as patch:
            if not quick:
                patch.setattr(reading, "_plain_table", lambda *_: None)
            try:
                table = parse_table(RawFile(Path("f.csv"), "s", "v"), text)
            except InputError as refused:
                return str(refused)
        return table.columns, table.stray_lines, table.rows.to_dict("list"), dict(table.rows.dtypes)

    assert said(quick=True) == said(quick=False)
