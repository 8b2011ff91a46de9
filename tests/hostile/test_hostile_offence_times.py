"""An extract of times that is wrong, or holds what it must not: refused whole, in one line that gives nothing away."""

from __future__ import annotations

from pathlib import Path

import pytest

from crimelib.errors import InputError
from crimelib.settings import load_settings
from crimelib.sources.discovery import RawFile
from crimelib.sources.monthly_returns import read

HEADER = "month,area_code,measure,weekday,hour_band,count"
GOOD = "2021-11,E09000006,ndvwi,friday,21 to 24,6"


def refused(folder: Path, *lines: str) -> str:
    path = folder / "offence_times.csv"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    with pytest.raises(InputError) as found:
        read(RawFile(path, "offence_times", "2021-12"), load_settings())
    return str(found.value)


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ("2021-11,E09000006,ndvwi,friday,03-Jun,6", "hour_band"),  # what a spreadsheet makes of 03-06
        ("2021-11,E09000006,ndvwi,friday,22:15,6", "hour_band"),
        ("2021-11,E09000006,ndvwi,Freitag,21 to 24,6", "weekday"),
        ("2021-11,E09000006,vwi,friday,21 to 24,6", "measure"),
        ("2021-11,E05000109,ndvwi,friday,21 to 24,6", "area_code"),
        ("2021-11,E09000006,ndvwi,friday,21 to 24,-1", "count"),
        ("2021-11,E09000006,ndvwi,friday,21 to 24,=1+1", "count"),
        ("2021-13,E09000006,ndvwi,friday,21 to 24,1", "month"),
        ("2021-11,E09000006,ndvwi,,21 to 24,1", "weekday"),
        ("2021-11,E09000006,ndvwi,friday,21 to 24,<script>", "count"),
    ],
)
def test_a_bad_row_refuses_the_file_by_line_and_column(tmp_path: Path, row: str, said: str) -> None:
    found = refused(tmp_path, HEADER, GOOD, row)
    assert "line 3" in found
    assert said in found
    assert "\n" not in found
    assert "<script>" not in found


def test_a_cell_that_stands_twice_is_refused(tmp_path: Path) -> None:
    assert "line 3" in refused(tmp_path, HEADER, GOOD, GOOD.replace(",6", ",7"))


@pytest.mark.parametrize("column", ["victim", "ward_code", "location"])
def test_a_column_that_could_point_at_somebody_is_refused(tmp_path: Path, column: str) -> None:
    assert f"{column!r} is not in the template" in refused(tmp_path, f"{HEADER},{column}", f"{GOOD},x")


@pytest.mark.parametrize("value", ["Jane Smith", "07700 900123", "4 High Street"])
def test_what_looks_like_a_person_is_never_repeated(tmp_path: Path, value: str) -> None:
    found = refused(tmp_path, HEADER, GOOD, f"2021-11,E09000006,ndvwi,{value},21 to 24,1")
    assert value not in found


def test_bands_may_be_given_in_any_case_and_days_by_their_short_names(tmp_path: Path) -> None:
    path = tmp_path / "offence_times.csv"
    path.write_text(
        f"{HEADER}\n2021-11,E09000006,ndvwi,Fri,21 TO 24,6\n2021-11,E09000006,ndvwi,Not known,not known,2\n"
    )
    kept = read(RawFile(path, "offence_times", "2021-12"), load_settings()).tables["offence_times"]
    assert kept[["weekday", "hour_band"]].to_numpy().tolist() == [["friday", "21 to 24"], ["not_known", "not_known"]]
