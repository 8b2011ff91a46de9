"""data.police.uk files: what is counted where, what is covered, and what is kept beside."""

import zipfile
from pathlib import Path

import pandas as pd
import pytest

from crimelib.errors import InputError
from crimelib.settings import load_settings
from crimelib.sources import police_uk
from crimelib.sources.discovery import RawFile

SETTINGS = load_settings()
HEADER = (
    "Crime ID,Month,Reported by,Falls within,Longitude,Latitude,Location,"
    "LSOA code,LSOA name,Crime type,Last outcome category,Context"
)
BROMLEY, CROYDON, TANDRIDGE = "E01000649,Bromley 007B", "E01001027,Croydon 001A", "E01030827,Tandridge 001A"
MET, CITY, KENT = "Metropolitan Police Service", "City of London Police", "Kent Police"


def street(*rows: tuple[str, str], month: str = "2023-07", force: str = MET) -> str:
    """A street file of (LSOA code and name, crime type), each row with an identifier of its own."""
    lines = [f"id{n},{month},{force},{force},,,On or near,{lsoa},{kind},," for n, (lsoa, kind) in enumerate(rows)]
    return "\n".join([HEADER, *lines]) + "\n"


def raw(folder: Path, text: str, name: str = "2023-07-metropolitan-street.csv") -> RawFile:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return RawFile(path, "police_uk", "2023-09")


def count_of(counts: pd.DataFrame, series: str, area: str) -> list[int]:
    return counts[(counts["series"] == series) & (counts["area_code"] == area)]["count"].tolist()


def test_a_district_is_covered_only_where_the_file_has_a_row_of_it(tmp_path):
    text = street((BROMLEY, "Burglary"), (BROMLEY, "Burglary"), (BROMLEY, "Drugs"))
    counts = police_uk.read(raw(tmp_path, text), SETTINGS).tables["counts"]
    assert set(counts["area_code"]) == {"E09000006"}
    assert count_of(counts, "police_uk_burglary", "E09000006") == [2]
    assert count_of(counts, "police_uk_robbery", "E09000006") == [0]
    assert len(counts) == 14


def test_rows_without_a_place_and_rows_across_the_border_are_kept_under_the_force(tmp_path):
    text = street((BROMLEY, "Burglary"), (",", "Burglary"), (TANDRIDGE, "Burglary"))
    tables = police_uk.read(raw(tmp_path, text), SETTINGS).tables
    burglary = tables["counts"].query("series == 'police_uk_burglary'").set_index("area_code")
    assert burglary["count"].to_dict() == {
        "E09000006": 1,
        "metropolitan:no_location": 1,
        "metropolitan:elsewhere": 1,
    }
    assert burglary["area_level"].to_dict()["metropolitan:no_location"] == "outside"
    quality = tables["police_uk_quality"].set_index("check")["count"].to_dict()
    assert quality == {"rows": 3, "no_location": 1, "elsewhere": 1, "repeated_crime_ids": 0}


def test_a_neighbouring_force_never_counts_in_a_borough(tmp_path):
    text = street((BROMLEY, "Drugs"), force=KENT)
    counts = police_uk.read(raw(tmp_path, text, "2023-07-kent-street.csv"), SETTINGS).tables["counts"]
    assert set(counts["area_code"]) == {"kent:elsewhere"}
    assert set(counts["parent_code"]) == {""}


def test_any_force_is_counted_by_its_own_districts_under_their_present_names(tmp_path):
    text = street(("E01024000,Shepway 001A", "Drugs"), force=KENT)
    counts = police_uk.read(raw(tmp_path, text, "2023-07-kent-street.csv"), SETTINGS).tables["counts"]
    assert set(counts["area_name"]) == {"Folkestone and Hythe"}


def test_london_is_the_whole_metropolitan_file_and_needs_all_32_boroughs(tmp_path):
    boroughs = [d for d in SETTINGS.districts if d.force == "metropolitan"]
    rows = [(f"E0100{n:04d},{d.lsoa_prefix} 001A", "Drugs") for n, d in enumerate(boroughs)] + [(",", "Drugs")]
    counts = police_uk.read(raw(tmp_path, street(*rows)), SETTINGS).tables["counts"]
    assert len(boroughs) == 32
    assert count_of(counts, "police_uk_drugs", "E12000007") == [33]
    short = police_uk.read(raw(tmp_path, street(*rows[1:])), SETTINGS).tables["counts"]
    assert count_of(short, "police_uk_drugs", "E12000007") == []


def test_repeated_crime_ids_are_counted_and_reported(tmp_path):
    text = (
        street((BROMLEY, "Drugs"), (BROMLEY, "Drugs"), (BROMLEY, "Drugs")).replace("id1,", "id0,").replace("id2,", ",")
    )
    tables = police_uk.read(raw(tmp_path, text), SETTINGS).tables
    assert count_of(tables["counts"], "police_uk_drugs", "E09000006") == [3]
    assert tables["police_uk_quality"].set_index("check")["count"]["repeated_crime_ids"] == 1


def test_blanks_around_a_code_or_a_type_make_no_second_one(tmp_path):
    spaced = " E01000649 ,Bromley 007B "
    text = street((BROMLEY, "Drugs"), (BROMLEY, " drugs "), (spaced, "Drugs"))
    tables = police_uk.read(raw(tmp_path, text), SETTINGS).tables
    assert count_of(tables["counts"], "police_uk_drugs", "E09000006") == [3]
    lsoa = tables["police_uk_lsoa"].astype({"lsoa_code": "str", "series": "str"})
    assert lsoa[["lsoa_code", "series", "count"]].to_numpy().tolist() == [["E01000649", "police_uk_drugs", 3]]


def test_a_type_missing_from_a_large_file_is_a_gap_and_not_a_zero(tmp_path):
    rows = [(BROMLEY, "Drugs")] * SETTINGS.police_uk.expected_from_rows
    counts = police_uk.read(raw(tmp_path, street(*rows)), SETTINGS).tables["counts"]
    assert count_of(counts, "police_uk_drugs", "E09000006") == [1000]
    assert count_of(counts, "police_uk_asb", "E09000006") == []


def test_types_of_before_2013_are_not_zero_after_it_nor_the_other_way_round(tmp_path):
    text = street((BROMLEY, "Violent crime"), month="2012-01")
    counts = police_uk.read(raw(tmp_path, text, "2012-01-metropolitan-street.csv"), SETTINGS).tables["counts"]
    assert count_of(counts, "police_uk_violent_crime", "E09000006") == [1]
    assert count_of(counts, "police_uk_bicycle_theft", "E09000006") == []


def test_an_archive_reads_as_its_files_do(tmp_path):
    one, two = street((BROMLEY, "Drugs")), street((BROMLEY, "Burglary"), month="2023-08")
    path = tmp_path / "latest.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("2023-07/2023-07-metropolitan-street.csv", one)
        archive.writestr("2023-08/2023-08-metropolitan-street.csv", two)
    together = police_uk.read(RawFile(path, "police_uk", "2023-09"), SETTINGS).tables["counts"]
    singly = [
        police_uk.read(raw(tmp_path, one), SETTINGS).tables["counts"],
        police_uk.read(raw(tmp_path, two, "2023-08-metropolitan-street.csv"), SETTINGS).tables["counts"],
    ]
    pd.testing.assert_frame_equal(together, pd.concat(singly, ignore_index=True))


def test_few_bad_rows_are_set_aside_with_their_reasons_and_many_refuse_the_file(tmp_path):
    good = [(BROMLEY, "Drugs")] * 199
    text = street(*good, ("E0100,Bromley 007B", "Drugs"))
    cleaned = police_uk.read(raw(tmp_path, text), SETTINGS)
    assert cleaned.rejected.to_dict("records") == [
        {"line": 201, "column": "LSOA code", "value": "E0100", "reason": "not the code of an LSOA"}
    ]
    assert count_of(cleaned.tables["counts"], "police_uk_drugs", "E09000006") == [199]
    with pytest.raises(InputError, match="more than 1%"):
        police_uk.read(raw(tmp_path, street(*good[:50], ("E0100,Bromley 007B", "Drugs"))), SETTINGS)


def test_outcomes_are_counted_by_district_without_identifiers(tmp_path):
    head = "Crime ID,Month,Reported by,Falls within,Longitude,Latitude,Location,LSOA code,LSOA name,Outcome type"
    rows = [f"id{n},2023-07,{MET},{MET},,,On or near,{BROMLEY},Suspect charged" for n in range(2)]
    text = "\n".join([head, *rows]) + "\n"
    table = police_uk.read(raw(tmp_path, text, "2023-07-metropolitan-outcomes.csv"), SETTINGS).tables["outcomes"]
    assert table.to_dict("records") == [
        {
            "month": "2023-07",
            "force": "metropolitan",
            "area_code": "E09000006",
            "outcome_type": "Suspect charged",
            "count": 2,
        }
    ]


def test_stop_and_search_keeps_counts_only_and_takes_the_month_by_londons_clock(tmp_path):
    head = "Type,Date,Latitude,Longitude,Gender,Age range,Object of search,Outcome,Outcome linked to object of search"
    rows = [
        "Person search,2023-06-30T23:30:00+00:00,51.4,0.01,Male,18-24,Controlled drugs,,True",
        "Person search,2023-07-31T22:30:00+00:00,51.4,0.01,Male,18-24,Controlled drugs,,True",
    ]
    file = raw(tmp_path, "\n".join([head, *rows]) + "\n", "2023-07-metropolitan-stop-and-search.csv")
    table = police_uk.read(file, SETTINGS).tables["stop_search"]
    assert table.to_dict("records") == [
        {
            "month": "2023-07",
            "force": "metropolitan",
            "object_of_search": "Controlled drugs",
            "outcome": "not stated",
            "linked": "True",
            "count": 2,
        }
    ]


LOOKUP = pd.DataFrame(
    [
        ("E01000001", "E05000106", "Bickley", "2018", "E09000006"),
        ("E01000002", "E05000107", "Biggin Hill", "2018", "E09000006"),
        ("E01000001", "E05013988", "Bickley & Sundridge", "2022", "E09000006"),
        ("E01000003", "E05013989", "Biggin Hill", "2022", "E09000006"),
    ],
    columns=["lsoa_code", "ward_code", "ward_name", "ward_set", "borough_code"],
)


def test_wards_come_through_the_lookup_and_a_set_that_lacks_lsoas_is_left_out(tmp_path):
    text = street(("E01000001,Bromley 007A", "Drugs"), ("E01000003,Bromley 007C", "Drugs"))
    lsoa = police_uk.read(raw(tmp_path, text), SETTINGS).tables["police_uk_lsoa"]
    wards = police_uk.ward_counts(lsoa, LOOKUP, SETTINGS)
    assert set(wards["area_code"]) == {"E05013988", "E05013989"}
    assert count_of(wards, "police_uk_drugs", "E05013989") == [1]
    assert set(wards["parent_code"]) == {"E09000006"}


def test_every_force_and_district_of_england_and_wales_is_declared_once():
    named = set(SETTINGS.police_uk.forces) - {"btp", "northern-ireland"}
    assert {district.force for district in SETTINGS.districts} == named
    by_code = {(district.code, district.force) for district in SETTINGS.districts}
    assert len(by_code) == len({code for code, _ in by_code}) == 318
