"""The published files as they are, counted here a second way: a plain loop over the rows."""

import csv
import json
import zipfile
from collections import Counter
from pathlib import Path

import pandas as pd
import pytest

from crimelib.settings import load_settings
from crimelib.sources import geography, mopac_pas, police_uk, vawg
from crimelib.sources.discovery import RawFile

pytestmark = pytest.mark.real
SETTINGS = load_settings()
LSOA_2011, LSOA_2021 = "LSOA11_WD21_LAD21_EW_LU_V2.xlsx", "LSOA21_to_WD24_LAD24_bestfit.csv"


def records(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as stream:
        return list(csv.DictReader(stream))


def street(published_data: Path, month: str, force: str = "metropolitan") -> Path:
    return published_data / "police-uk" / month / f"{month}-{force}-street.csv"


def read_street(published_data: Path, month: str, force: str = "metropolitan") -> dict[str, pd.DataFrame]:
    return police_uk.read(RawFile(street(published_data, month, force), "police_uk", month), SETTINGS).tables


@pytest.fixture(scope="module")
def lookups(published_data: Path) -> pd.DataFrame:
    files = [RawFile(published_data / "geography" / name, "geography", "x") for name in (LSOA_2011, LSOA_2021)]
    return pd.concat([geography.read(file, SETTINGS).tables["lsoa_ward"] for file in files], ignore_index=True)


def test_vawg_is_every_row_of_the_file_once(published_data):
    path = published_data / "mps-vawg" / "vawg_offences_location.csv"
    expected: Counter = Counter()
    for row in records(path):
        expected[row["Borough_Name"], row["Recorded_Date_Months"][:7]] += int(row["Count"])
    counts = vawg.read(RawFile(path, "mps_vawg", "2023-08"), SETTINGS).tables["counts"]
    borough = counts[counts["area_level"] == "borough"]
    assert {(r.area_name, r.month): r.count for r in borough.itertuples(index=False, name="R")} == expected
    wards = counts[counts["area_level"] == "ward"].groupby("parent_code")["count"].sum()
    assert wards.to_dict() == borough.groupby("area_code")["count"].sum().to_dict()
    assert counts[counts["area_level"] == "ward"]["area_code"].nunique() == 22 + 28


@pytest.mark.parametrize("month", ["2023-05", "2023-06", "2024-06"])
def test_street_counts_by_borough_and_type_are_those_of_the_rows(published_data, month):
    expected = Counter(
        (row["LSOA name"].rpartition(" ")[0], row["Crime type"]) for row in records(street(published_data, month))
    )
    names = {f"police_uk_{name}": kind.name for name, kind in SETTINGS.police_uk.types.items()}
    counts = read_street(published_data, month)["counts"]
    found = {(r.area_name, names[r.series]): r.count for r in counts.itertuples(index=False, name="R") if r.count}
    assert found == expected


def test_croydon_is_missing_from_june_2023_and_not_zero(published_data):
    counts = read_street(published_data, "2023-06")["counts"]
    assert set(counts["area_name"]) == {"Bromley"}
    assert counts["count"].sum() == 867


def test_no_row_of_the_city_is_lost(published_data):
    tables = read_street(published_data, "2022-03", "city-of-london")
    quality = tables["police_uk_quality"].set_index("check")["count"].to_dict()
    assert quality == {"rows": 687, "no_location": 47, "elsewhere": 30, "repeated_crime_ids": 6}
    by_area = tables["counts"].groupby("area_code")["count"].sum().to_dict()
    assert by_area == {"E09000001": 610, "city-of-london:no_location": 47, "city-of-london:elsewhere": 30}


def test_outcomes_and_searches_of_the_city_are_all_counted(published_data):
    folder = published_data / "police-uk" / "2022-04"
    for kind, table in (("outcomes", "outcomes"), ("stop-and-search", "stop_search")):
        path = folder / f"2022-04-city-of-london-{kind}.csv"
        cleaned = police_uk.read(RawFile(path, "police_uk", "2022-04"), SETTINGS)
        assert cleaned.tables[table]["count"].sum() == len(records(path))
        assert set(cleaned.tables[table]["month"]) == {"2022-04"}


def test_real_files_in_an_archive_read_as_they_do_outside(published_data, tmp_path):
    folder = published_data / "police-uk" / "2022-03"
    with zipfile.ZipFile(tmp_path / "2022-03.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        for path in folder.glob("*.csv"):
            archive.write(path, f"2022-03/{path.name}")
    tables = police_uk.read(RawFile(tmp_path / "2022-03.zip", "police_uk", "2022-05"), SETTINGS).tables
    assert set(tables) == {"counts", "police_uk_lsoa", "police_uk_quality", "outcomes", "stop_search"}
    pd.testing.assert_frame_equal(tables["counts"], read_street(published_data, "2022-03", "city-of-london")["counts"])


def test_street_counts_by_ward_add_up_to_the_borough(published_data, lookups):
    tables = read_street(published_data, "2024-06")
    wards = police_uk.ward_counts(tables["police_uk_lsoa"], lookups, SETTINGS)
    by_borough = wards.groupby("parent_code")["count"].sum().to_dict()
    assert by_borough == {"E09000006": 2431, "E09000008": 3709}
    # The LSOAs of 2021 that split older ones are 7% of Bromley's rows: the wards of before 2022 are left out.
    bromley = wards[wards["parent_code"] == "E09000006"]["area_code"]
    assert sorted(set(bromley)) == [f"E05{n:06d}" for n in range(13987, 14009)]


def test_attitudes_are_every_row_of_the_survey_and_one_of_london_a_quarter(published_data):
    path = published_data / "mopac-pas" / "PAS_Dashboard_Borough.csv"
    cleaned = mopac_pas.read(RawFile(path, "mopac_pas", "2024-01"), SETTINGS)
    table = cleaned.tables["perception"]
    rows = [row for row in records(path) if row["Borough"] == "Bromley" and row["Measure"] == "Contact ward officer"]
    found = table[(table["area_code"] == "E09000006") & (table["measure"] == "contact_ward_officer")]
    assert found["proportion"].tolist() == [float(row["Proportion"]) for row in rows]
    assert found["quarter_end"].tolist()[0] == "2014-12"
    assert found["quarter_end"].tolist()[-1] == "2023-12"
    assert (table["area_code"] != "E12000007").sum() == len(records(path))
    assert (table["area_code"] == "E12000007").sum() == len(table[["quarter_end", "measure"]].drop_duplicates())
    assert cleaned.rejected["line"].tolist() == [8034]


def test_every_ward_of_the_lookups_is_in_the_ward_table(lookups):
    london = lookups[lookups["borough_code"].str.match("E09")].drop_duplicates(["ward_code", "ward_set"])
    known = {(ward.code, ward.ward_set, ward.borough_code) for ward in SETTINGS.wards}
    assert {tuple(row) for row in london[["ward_code", "ward_set", "borough_code"]].values} <= known


def test_every_lsoa_of_the_lookups_lies_in_the_district_that_its_name_says(lookups, published_data):
    districts = {district.lsoa_prefix: district.code for district in SETTINGS.districts}
    rows = records(published_data / "geography" / LSOA_2021)
    wrong = [row["LSOA21CD"] for row in rows if districts[row["LSOA21NM"].rpartition(" ")[0]] != row["LAD24CD"]]
    assert wrong == ["E01027305"]  # on the boundary of West Northamptonshire and Cherwell


def test_populations_are_the_censuss_and_the_mid_year_estimates(published_data):
    folder = published_data / "geography"
    census = geography.read(RawFile(folder / "ONS_Census2021_Ward_Population.csv", "geography", "x"), SETTINGS)
    by_area = census.tables["population"].set_index("area_code")["population"]
    wards = [f"E05{n:06d}" for n in range(13987, 14009)]
    assert by_area["E09000006"] == by_area[wards].sum() == 329_985
    assert by_area["E12000007"] == 8_799_716
    estimate = geography.read(RawFile(folder / "london-mid2020-pop.csv", "geography", "x"), SETTINGS)
    assert estimate.tables["population"].set_index("area_code")["population"]["E12000007"] == 9_002_488


def test_every_boundary_of_both_sets_is_read(published_data):
    folder = published_data / "geography"
    paths = [folder / "bromley-wards-pre-2022.geojson", *sorted((folder / "bromley-wards-2022-kml").glob("*.kml"))]
    cleaned = [geography.read(RawFile(path, "geography", "x"), SETTINGS) for path in paths]
    table = pd.concat([part.tables["boundaries"] for part in cleaned])
    known = {(w.code, w.ward_set) for w in SETTINGS.wards if w.borough_code == "E09000006"}
    assert {tuple(row) for row in table[["ward_code", "ward_set"]].values} == known
    assert table["geometry"].map(lambda text: json.loads(text)["type"]).isin(["Polygon", "MultiPolygon"]).all()
    assert pd.concat([part.rejected for part in cleaned])["value"].tolist() == ["E05013991N"]
