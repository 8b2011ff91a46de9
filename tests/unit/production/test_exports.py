"""CSV that a spreadsheet reads as data and never runs."""

from pathlib import Path

import pandas as pd
import pytest

from crimelib.production.exports import inert_text, write_csv


@pytest.mark.parametrize(
    "formula",
    ["=1+1", "+cmd|' /C calc'!A0", "-2+3", "@SUM(A1)", "\t=1+1", "\r=1+1", " =1+1", "\n=1+1", "-14% said", '="x"'],
)
def test_text_that_starts_a_formula_is_marked_as_text(formula: str) -> None:
    assert inert_text(formula) == f"'{formula}"


@pytest.mark.parametrize("value", [-14, -14.5, None, "-14", "-1.5", "606", "", "Bromley Town", "a=b", "E05000106"])
def test_numbers_and_plain_text_stay_as_they_are(value: object) -> None:
    assert inert_text(value) == value


def test_a_file_is_utf8_with_lf_and_negative_numbers_are_numbers(tmp_path: Path) -> None:
    frame = pd.DataFrame({"ward": ["=HYPERLINK(1)", "Café, Row"], "change": [-6, 2], "pct": [-1.0, None]})
    write_csv(frame, tmp_path / "a.csv")
    assert (tmp_path / "a.csv").read_bytes() == 'ward,change,pct\n\'=HYPERLINK(1),-6,-1.0\n"Café, Row",2,\n'.encode()
    assert [path.name for path in tmp_path.iterdir()] == ["a.csv"]


def test_headings_are_neutralised_and_missing_text_stays_empty(tmp_path: Path) -> None:
    frame = pd.DataFrame({"=1": pd.Series(["@x", None], dtype="category"), "n": pd.array([1, None], dtype="Int64")})
    write_csv(frame, tmp_path / "a.csv")
    assert (tmp_path / "a.csv").read_text() == "'=1,n\n'@x,1\n,\n"


def test_a_write_that_fails_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    class Unprintable:
        def __str__(self) -> str:
            raise OSError("disk full")

    (tmp_path / "a.csv").write_text("old")
    with pytest.raises(OSError, match="disk full"):
        write_csv(pd.DataFrame({"a": [Unprintable()]}), tmp_path / "a.csv")
    assert [path.read_text() for path in tmp_path.iterdir()] == ["old"]
