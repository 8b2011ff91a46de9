"""Violence against women and girls: months committed are summed, names become codes, one boundary set a borough."""

from pathlib import Path

import pytest

from crimelib.errors import InputError
from crimelib.settings import load_settings
from crimelib.sources import vawg
from crimelib.sources.discovery import RawFile
from crimelib.sources.placing import WardBook, ward_key

SETTINGS = load_settings()
HEADER = "BCU_Location,Borough_Name,Ward_Name_Clean_2,Recorded_Date_Months,Date_Committed_From_Date_Months,Count"


def read(folder: Path, *rows: str):
    path = folder / "vawg_offences_location.csv"
    path.write_text("\n".join([HEADER, *rows]) + "\n", encoding="utf-8")
    return vawg.read(RawFile(path, "mps_vawg", "2023-08"), SETTINGS)


def counts(folder: Path, *rows: str) -> dict[tuple[str, str], int]:
    table = read(folder, *rows).tables["counts"]
    return {(row.area_code, row.month): row.count for row in table.itertuples(index=False, name="Row")}


def test_months_committed_are_summed_and_wards_without_a_row_are_zero(tmp_path):
    found = counts(
        tmp_path,
        "South Area,Bromley,Mottingham,2023-06-01,2023-05-01,3",
        "South Area,Bromley,Mottingham,2023-06-01,2023-06-01,4",
        "South Area,Bromley,St Mary Cray,2023-07-01,,1",
    )
    assert found["E05014000", "2023-06"] == 7
    assert found["E05014000", "2023-07"] == 0
    assert found["E09000006", "2023-06"] == 7
    assert len(found) == 2 * (1 + 22)


def test_a_month_without_any_row_of_the_borough_is_missing(tmp_path):
    found = counts(
        tmp_path,
        "South Area,Bromley,Mottingham,2023-05-01,,1",
        "South Area,Bromley,Mottingham,2023-07-01,,1",
        "South Area,Croydon,Selhurst,2023-06-01,,1",
    )
    assert ("E09000006", "2023-06") not in found
    assert ("E05014000", "2023-06") not in found
    assert found["E09000008", "2023-06"] == 1


@pytest.mark.parametrize(
    "spelling", ["Shortl&s & Park Langley", "Shortlands and Park Langley", "SHORTLANDS & PARK LANGLEY"]
)
def test_spellings_are_the_same_ward(tmp_path, spelling):
    assert counts(tmp_path, f"S,Bromley,{spelling},2023-06-01,,2")["E05014005", "2023-06"] == 2


def test_the_boundary_set_is_the_one_that_holds_every_name_of_the_borough(tmp_path):
    old = counts(tmp_path, "S,Bromley,Chislehurst,2021-06-01,,2", "S,Bromley,Cray Valley East,2021-06-01,,1")
    assert old["E05000111", "2021-06"] == 2
    new = counts(tmp_path, "S,Bromley,Chislehurst,2021-06-01,,2", "S,Bromley,St Pauls Cray,2021-06-01,,1")
    assert new["E05013993", "2021-06"] == 2


def test_names_of_two_boundary_sets_in_one_borough_are_refused(tmp_path):
    with pytest.raises(InputError, match="two boundary sets"):
        read(tmp_path, "S,Bromley,Cray Valley East,2021-06-01,,2", "S,Bromley,St Mary Cray,2021-06-01,,1")


def test_a_ward_of_another_borough_with_bromley_in_its_name_stays_there(tmp_path):
    found = counts(tmp_path, "C,Tower Hamlets,Bromley North,2023-06-01,,5")
    assert found["E05009321", "2023-06"] == 5
    assert ("E09000006", "2023-06") not in found


def test_rows_in_no_ward_count_in_the_borough_and_are_reported(tmp_path):
    cleaned = read(tmp_path, "S,Bromley,Mottingham,2023-06-01,,3", "S,Bromley,Unknown,2023-06-01,,2")
    table = cleaned.tables["counts"]
    assert table[table["area_level"] == "borough"]["count"].tolist() == [5]
    assert table[table["area_level"] == "ward"]["count"].sum() == 3
    assert cleaned.rejected["line"].tolist() == [3]


@pytest.mark.parametrize(
    ("row", "says"),
    [
        ("S,Bromley,Motingham,2023-06-01,,3", "nearest known: Mottingham"),
        ("S,Bromely,Mottingham,2023-06-01,,3", "nearest known: Bromley"),
        ("S,Bromley,Mottingham,2023-06-01,,-3", "not a count"),
        ("S,Bromley,Mottingham,2023-06-01,,3.5", "not a count"),
        ("S,Bromley,Mottingham,06/2023,,3", "not a month"),
        ("S,Bromley,Biggin Hill,2023-06-01,,1", "same key as line 2"),
    ],
)
def test_a_wrong_value_refuses_the_file_by_line(tmp_path, row, says):
    with pytest.raises(InputError, match=says) as refused:
        read(tmp_path, "S,Bromley,Biggin Hill,2023-06-01,,1", row)
    assert "line 3" in str(refused.value)


def test_ward_keys_of_one_borough_and_set_never_collide():
    keys = [(ward.borough_code, ward.ward_set, ward_key(ward.name)) for ward in SETTINGS.wards]
    assert len(keys) == len(set(keys))


def test_every_borough_has_its_wards_in_both_sets():
    book = WardBook(SETTINGS.wards)
    boroughs = [area.code for area in SETTINGS.areas if area.level == "borough"]
    assert all(book.members(code, ward_set) for code in boroughs for ward_set in ("2018", "2022"))
    assert sorted(book.members("E09000006", "2018")) == [f"E05{n:06d}" for n in range(106, 128)]
    assert sorted(book.members("E09000006", "2022")) == [f"E05{n:06d}" for n in range(13987, 14009)]
