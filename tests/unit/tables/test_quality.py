"""Holes, filled months, counts in no ward, and what `crimelib clean` prints of them."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from crimelib.tables.quality import filled_months, gaps, holes, quality_lines, unallocated
from crimelib.tables.store import PARTS, Catalogue, Entry, Gap, read_catalogue, write_catalogue, write_part


def rows(vintage: int, first: str, last: str, area: str = "A", level: str = "borough", count: int = 1) -> pd.DataFrame:
    months = pd.period_range(first, last, freq="M").strftime("%Y-%m")
    frame = pd.DataFrame({"month": months, "series": "theft", "basis": "b", "area_code": area, "count": count})
    parent = {"ward": "A", "borough": "London"}[level]
    return frame.assign(
        source="police", vintage=f"v{vintage}", vintage_order=vintage, area_level=level, parent_code=parent
    )


def test_gaps_are_the_months_between() -> None:
    assert gaps(["2020-01", "2020-04"]) == ["2020-02", "2020-03"]
    assert gaps([]) == []


def test_a_month_that_newer_files_go_around_is_filled() -> None:
    stored = pd.concat([rows(1, "2020-06", "2020-08"), rows(2, "2020-01", "2020-07"), rows(2, "2020-09", "2020-12")])
    assert filled_months(stored)[["month", "vintage"]].values.tolist() == [["2020-08", "v1"]]


def test_months_before_the_newer_files_begin_are_not_filled() -> None:
    assert filled_months(pd.concat([rows(1, "2019-01", "2020-12"), rows(2, "2020-01", "2021-12")])).empty
    assert filled_months(pd.DataFrame()).empty


def test_counts_in_no_ward() -> None:
    months = ["2020-01", "2020-02"]
    borough, ward = rows(1, *months, count=10), rows(1, *months, area="W", level="ward", count=9)
    assert unallocated(pd.concat([borough, ward]), ["theft"], "A", months) == (20, 2)


def test_a_borough_and_its_wards_must_be_of_one_vintage() -> None:
    months = ["2020-01", "2020-02"]
    borough, ward = rows(2, *months, count=10), rows(1, *months, area="W", level="ward", count=9)
    assert unallocated(pd.concat([borough, ward]), ["theft"], "A", months) is None


def test_holes_are_months_in_no_vintage() -> None:
    table = pd.DataFrame(
        {
            "source": ["police", "police", "mopac_pas"],
            "months": [["2020-01", "2020-02"], ["2020-04"], ["2020-03", "2020-06"]],
        }
    )
    assert holes(table) == {"police": ["2020-03"]}


def gap(area: str, month: str, series: str = "", reason: str = "far below") -> Gap:
    return Gap("police_uk", "police_uk", area, area, series, month, 867, 2418, reason)


def test_clean_says_holes_and_gaps_on_one_line_each(tmp_path: Path) -> None:
    counts = pd.concat([rows(1, "2020-01", "2020-02"), rows(1, "2020-04", "2020-04")])
    (tmp_path / PARTS).mkdir()
    write_part(tmp_path / PARTS / "counts.parquet", counts)
    entry = Entry("police_uk", "2020-05", "street.csv", "", 0, 0, {"counts": "counts.parquet"})
    found = (gap("Bromley", "2020-01"), gap("Bromley", "2020-02"), gap("Croydon", "2020-02", "theft"))
    lines = list(quality_lines(Catalogue((entry,), (), found), tmp_path))
    assert "in no file: police_uk 2020-03" in lines
    assert "suspected gaps: police_uk Bromley 2020-01, 2020-02; 1 in single categories" in lines


def test_the_catalogue_keeps_suspected_gaps(tmp_path: Path) -> None:
    catalogue = Catalogue((), (("a.csv", "why"),), (gap("Bromley", "2020-01"),))
    write_catalogue(tmp_path, catalogue)
    assert read_catalogue(tmp_path) == catalogue
