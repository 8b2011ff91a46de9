"""Every header family of the MPS borough and ward files, and every way in which one is refused."""

from __future__ import annotations

import csv
from pathlib import Path

import pandas as pd
import pytest
from mps_files import BOROUGHS, FAMILY_2019, csv_text, put

from crimelib.errors import InputError
from crimelib.settings import load_settings
from crimelib.sources.discovery import RawFile
from crimelib.sources.mps_recorded_crime import KEY_COLUMNS, file_family, read

MONTHS = ["202110", "202111"]
FAMILIES = {
    "mps_tree_2017": ("Borough,Major Category,Minor Category", "Bromley,Burglary,Burglary - Residential"),
    "mps_investigating_borough": ("MajorText,MinorText,LookUp_BoroughName", "Burglary,Domestic Burglary,Bromley"),
    "mps_investigating_borough/2": ("MajorText,MinorText,BoroughName", "Burglary,Domestic Burglary,Bromley"),
    "mps_offence_location": ("MajorText,MinorText,BoroughName", "BURGLARY,BURGLARY IN A DWELLING,Bromley"),
    "mps_offence_location/2026": ("Group,SubGroup,BOCU", "BURGLARY,BURGLARY - RESIDENTIAL,Bromley"),
}
WARD_HEADER = ["MajorText", "MinorText", "WardName", "WardCode", "LookUp_BoroughName", *MONTHS]


def counts_of(raw: Path, text: str | bytes) -> pd.DataFrame:
    return read(put(raw, text), load_settings()).tables["counts"]


def refused(raw: Path, text: str | bytes) -> str:
    with pytest.raises(InputError) as caught:
        read(put(raw, text), load_settings())
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("mark", ["", "﻿"], ids=["plain", "bom"])
@pytest.mark.parametrize("family", FAMILIES)
def test_every_family_is_read_alike(tmp_path: Path, family: str, end: str, mark: str) -> None:
    header, row = FAMILIES[family]
    counts = counts_of(tmp_path, f"{mark}{header},202110,202111{end}{row},3,4{end}")
    assert list(counts["month"]) == ["2021-10", "2021-11"]
    assert list(counts["count"]) == [3, 4]
    assert set(counts["area_code"]) == {"E09000006"}
    assert set(counts["basis"]) == {family.split("/")[0]}
    assert counts["series"].str.startswith("burglary_residential").all()


def test_trailing_unnamed_columns_are_left_out(tmp_path: Path) -> None:
    text = "MajorText,MinorText,LookUp_BoroughName,202111,,\r\nBurglary,Domestic Burglary,Bromley,4,,\r\n"
    assert list(counts_of(tmp_path, text)["count"]) == [4]


def test_what_the_publisher_left_out_is_zero_only_in_months_of_the_file(tmp_path: Path) -> None:
    rows = [["Burglary", "Domestic Burglary", "Bromley", 3], ["Robbery", "Robbery of Personal Property", "Croydon", 2]]
    counts = counts_of(tmp_path, csv_text([*FAMILY_2019, "202111"], rows)).set_index(["series", "area_code"])["count"]
    assert counts["burglary_residential", "E09000008"] == 0
    assert counts["robbery_personal", "E09000006"] == 0
    assert len(counts) == 4


def test_london_is_every_row_once_all_boroughs_are_there(tmp_path: Path) -> None:
    places = [*BOROUGHS, "London Heathrow and London City Airports", "Unknown"]
    rows = [["Burglary", "Domestic Burglary", place, 2] for place in places]
    counts = counts_of(tmp_path, csv_text([*FAMILY_2019, "202111"], rows))
    london = counts[counts["area_level"] == "london"]
    assert list(london["count"]) == [2 * 34]
    assert set(counts[counts["area_code"].isin(["AIRPORTS", "UNKNOWN"])]["area_level"]) == {"outside"}
    without_one = csv_text([*FAMILY_2019, "202111"], [row for row in rows if row[2] != "Bromley"])
    assert "london" not in set(counts_of(tmp_path, without_one)["area_level"])


def test_a_row_in_no_ward_is_set_aside_with_its_reason(tmp_path: Path) -> None:
    rows = [
        ["Burglary", "Domestic Burglary", "Bickley", "E05000107", "Bromley", 1, 2],
        ["Burglary", "Domestic Burglary", "Unknown", "Unknown", "Bromley", 5, 6],
    ]
    result = read(put(tmp_path, csv_text(WARD_HEADER, rows)), load_settings())
    assert list(result.tables["counts"]["count"]) == [1, 2]
    assert result.rejected[["line", "column"]].to_dict("records") == [{"line": 3, "column": "WardCode"}]


def test_a_ward_under_two_units_is_added_up_under_its_borough(tmp_path: Path) -> None:
    rows = [
        ["Burglary", "Domestic Burglary", "Heathrow Villages", "E05013570", "Aviation Security (SO18)", 1, 2],
        ["Burglary", "Domestic Burglary", "Heathrow Villages", "E05013570", "Hillingdon", 10, 20],
    ]
    counts = counts_of(tmp_path, csv_text(WARD_HEADER, rows))
    assert list(counts["count"]) == [11, 22]
    assert set(counts["parent_code"]) == {"E09000017"}


def test_a_missing_month_is_missing_and_not_zero(tmp_path: Path) -> None:
    text = csv_text([*FAMILY_2019, "202109", "202111"], [["Burglary", "Domestic Burglary", "Bromley", 1, 2]])
    assert list(counts_of(tmp_path, text)["month"]) == ["2021-09", "2021-11"]


HEADER = ",".join([*FAMILY_2019, *MONTHS])
GOOD = "Burglary,Domestic Burglary,Bromley,1,2"
REFUSED = {
    "not a number": (f"{HEADER}\n{GOOD[:-1]}x\n", ["line 2", "202111", "'x'"]),
    "negative": (f"{HEADER}\n{GOOD[:-1]}-2\n", ["line 2", "202111", "'-2'"]),
    "blank": (f"{HEADER}\n{GOOD[:-1]}\n", ["line 2", "202111", "''", "not a zero"]),
    "decimal": (f"{HEADER}\n{GOOD[:-1]}2.0\n", ["line 2", "202111", "'2.0'"]),
    "thousands": (f'{HEADER}\n{GOOD[:-1]}"2,000"\n', ["line 2", "202111", "'2,000'"]),
    "other digits": (f"{HEADER}\n{GOOD[:-1]}٣\n", ["line 2", "202111"]),
    "exponent": (f"{HEADER}\n{GOOD[:-1]}1e3\n", ["line 2", "202111", "'1e3'"]),
    "second bad line": (f"{HEADER}\n{GOOD}\nBurglary,Domestic Burglary,Croydon,1,NA\n", ["line 3", "202111", "'NA'"]),
    "unknown column": (f"{HEADER},Refreshed\n{GOOD},3\n", ["line 1", "'Refreshed'"]),
    "month 13": (f"{HEADER},202113\n{GOOD},3\n", ["line 1", "'202113'"]),
    "month twice": (f"{HEADER},202111\n{GOOD},3\n", ["line 1", "'202111'", "twice"]),
    "no month": ("MajorText,MinorText,LookUp_BoroughName\nBurglary,Domestic Burglary,Bromley\n", ["line 1", "YYYYMM"]),
    "no category": ("MajorText,LookUp_BoroughName,202111\nBurglary,Bromley,1\n", ["line 1", "key columns"]),
    "borough twice": (f"Borough,{HEADER}\nBromley,{GOOD}\n", ["line 1", "key columns"]),
    "ward without code": (f"WardName,{HEADER}\nBickley,{GOOD}\n", ["line 1", "key columns"]),
    "unknown category": (
        f"{HEADER}\nBurglary,Domestic Burglery,Bromley,1,2\n",
        ["line 2", "Burglary / Domestic Burglery", "nearest known: Burglary / Domestic Burglary", "crosswalk.csv"],
    ),
    "unknown borough": (f"{HEADER}\n{GOOD.replace('Bromley', 'Bromly')}\n", ["line 2", "'Bromly'", "Bromley"]),
    "same key": (f"{HEADER}\n{GOOD}\n{GOOD}\n", ["line 3", "line 2"]),
    "same key, other case": (f"{HEADER}\n{GOOD}\nburglary,Domestic  burglary,BROMLEY,1,2\n", ["line 3", "line 2"]),
    "two generations": (f"{HEADER}\n{GOOD}\nROBBERY,PERSONAL PROPERTY,Bromley,1,2\n", ["line 3", "'ROBBERY'"]),
    "truncated row": (f"{HEADER}\n{GOOD}\nBurglary,Domestic Bur", ["line 3", "2 fields", "5"]),
    "extra field": (f"{HEADER}\n{GOOD},3\n", ["line 2", "6 fields", "5"]),
    "unclosed quote": (f'{HEADER}\n"{GOOD}\n', ["line"]),
    "empty": ("", ["empty"]),
    "blank lines only": ("\n\n \n", ["empty"]),
    "header only": (f"{HEADER}\n", ["no rows"]),
    "web page": ("<!DOCTYPE html>\n<html>Not found</html>", ["web page", "line 1"]),
    "nul bytes": (f"{HEADER}\n{GOOD}\0\n", ["line 2", "control characters"]),
    "utf-16": (f"{HEADER}\n{GOOD}\n".encode("utf-16"), ["line 1", "not UTF-8"]),
    "utf-16 without mark": (f"{HEADER}\n{GOOD}\n".encode("utf-16-le"), ["control characters"]),
    "latin-1": (f"{HEADER}\n{GOOD}\n".replace("Bromley", "Bromléy").encode("latin-1"), ["line 2", "0xe9"]),
}


@pytest.mark.parametrize("kind", REFUSED)
def test_a_malformed_file_is_refused_by_name_and_place(tmp_path: Path, kind: str) -> None:
    text, parts = REFUSED[kind]
    message = refused(tmp_path, text)
    assert "mps_recorded_crime/2021-12/f.csv" in message
    assert [part for part in parts if part not in message] == [], message


def test_a_ward_code_that_is_none_is_refused(tmp_path: Path) -> None:
    message = refused(
        tmp_path, csv_text(WARD_HEADER, [["Burglary", "Domestic Burglary", "Bickley", "E0500", "Bromley", 1, 2]])
    )
    assert "line 2" in message
    assert "'E0500'" in message


def test_the_family_is_told_by_columns_and_capitals() -> None:
    assert file_family(["Borough", "Major Category"], pd.Series(["BURGLARY"])) == "old_tree"
    assert file_family(["MajorText"], pd.Series(["BURGLARY", "ROBBERY"])) == "tree_2024"
    assert file_family(["MajorText"], pd.Series(["Burglary"])) == "tree_2019"


@pytest.mark.real
def test_every_published_category_maps_to_a_series(published_data: Path, tmp_path: Path) -> None:
    with (published_data / "mps-category-names.tsv").open(encoding="utf-8", newline="") as stream:
        names = list(csv.DictReader(stream, delimiter="\t"))
    headers = {
        "Group/SubGroup": "Group,SubGroup,BOCU",
        "Major Category/Minor Category": "Major Category,Minor Category,Borough",
        "MajorText/MinorText": "MajorText,MinorText,LookUp_BoroughName",
    }
    assert len(names) > 250
    for family, header in headers.items():
        for capitals in (False, True):
            chosen = {(row["major"], row["minor"]) for row in names if row["header_family"] == family}
            chosen = sorted(pair for pair in chosen if pair[0].isupper() == capitals)
            if chosen:
                places = BOROUGHS * len(chosen)  # two spellings of one category never stand under one borough
                rows = [
                    [f'"{major}"', f'"{minor}"', place, 1]
                    for (major, minor), place in zip(chosen, places, strict=False)
                ]
                counts = counts_of(tmp_path, csv_text([*header.split(","), "202111"], rows))
                assert counts[counts["area_level"] != "london"]["count"].sum() == len(chosen), family


@pytest.mark.real
def test_no_published_row_is_lost(published_data: Path) -> None:
    """Counts and rows set aside add up to the file, summed here without the reader."""
    paths = sorted((published_data / "mps-recorded-crime").glob("*/*Level*.csv"))
    keys = set().union(*KEY_COLUMNS.values())
    for path in [path for path in paths if path.parent.name in {"2019-01", "2023-09", "2025-12"}]:
        raw = pd.read_csv(path, dtype=str, keep_default_na=False)
        months = [column for column in raw if column.casefold() not in keys]
        result = read(RawFile(path, "mps_recorded_crime", path.parent.name), load_settings())
        aside = raw.loc[result.rejected["line"].astype(int) - 2, months].astype(int).to_numpy().sum()
        counts = result.tables["counts"]
        kept = counts.loc[counts["area_level"] != "london", "count"].sum()
        assert kept + aside == raw[months].astype(int).to_numpy().sum(), path.name
