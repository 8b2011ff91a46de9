"""An extract of recent and non-recent offences that is wrong, or holds what it must not: refused whole, in one line."""

from __future__ import annotations

from pathlib import Path

import pytest

from crimelib.errors import InputError
from crimelib.settings import load_settings
from crimelib.sources.discovery import RawFile
from crimelib.sources.monthly_returns import read

HEADER = "month,area_code,measure,recency,count"
GOOD = "2021-11,E09000006,rape,recent,6"


def refused(folder: Path, *lines: str) -> str:
    path = folder / "offence_recency.csv"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    with pytest.raises(InputError) as found:
        read(RawFile(path, "offence_recency", "2021-12"), load_settings())
    return str(found.value)


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ("2021-11,E09000006,rape,historic,6", "recency"),
        ("2021-11,E09000006,rape,,6", "recency"),
        ("2021-11,E09000006,sexual_offences,recent,6", "measure"),
        ("2021-11,E05000109,rape,non_recent,6", "area_code"),
        ("2021-11,E09000006,rape,non_recent,-1", "count"),
        ("2021-11,E09000006,rape,non_recent,<5", "count"),
        ("2021-11,E09000006,rape,non_recent,=1+1", "count"),
        ("2021-11,E09000006,rape,non_recent,<script>", "count"),
        ("2021-13,E09000006,rape,non_recent,1", "month"),
        ("2021-11,E09000006,rape,non_recent,", "count"),
    ],
)
def test_a_bad_row_refuses_the_file_by_line_and_column(tmp_path: Path, row: str, said: str) -> None:
    found = refused(tmp_path, HEADER, GOOD, row)
    assert "line 3" in found
    assert said in found
    assert "\n" not in found
    assert "<script>" not in found


def test_a_cell_that_stands_twice_is_refused(tmp_path: Path) -> None:
    assert "the same key as line 2" in refused(tmp_path, HEADER, GOOD, GOOD.replace(",6", ",7"))


@pytest.mark.parametrize("column", ["victim_age", "ward_code", "date_of_offence"])
def test_a_column_that_could_point_at_somebody_is_refused(tmp_path: Path, column: str) -> None:
    assert f"{column!r} is not in the template" in refused(tmp_path, f"{HEADER},{column}", f"{GOOD},x")


@pytest.mark.parametrize("value", ["Jane Smith", "07700 900123", "4 High Street"])
def test_what_looks_like_a_person_is_never_repeated(tmp_path: Path, value: str) -> None:
    assert value not in refused(tmp_path, HEADER, GOOD, f"2021-11,E09000006,rape,{value},1")
