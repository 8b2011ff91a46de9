"""Look-ups, populations and boundaries, each recognised by what it holds."""

import json
from pathlib import Path

import pandas as pd
import pytest

from crimelib.errors import InputError
from crimelib.settings import load_settings
from crimelib.sources import geography
from crimelib.sources.discovery import RawFile

SETTINGS = load_settings()
RING = [[0.0, 51.0], [0.1, 51.0], [0.1, 51.1], [0.0, 51.0]]


def read(folder: Path, name: str, content: str | bytes):
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return geography.read(RawFile(path, "geography", "2024"), SETTINGS)


def test_a_lookup_is_read_by_its_columns_whatever_its_year(tmp_path):
    text = (
        "\ufeffLSOA21CD,LSOA21NM,WD24CD,WD24NM,LAD24CD,LAD24NM\n"
        "E01000649,Bromley 007B,E05013988,Bickley & Sundridge,E09000006,Bromley\n"
    )
    table = read(tmp_path, "any name.csv", text).tables["lsoa_ward"]
    assert table.to_dict("records") == [
        {
            "lsoa_code": "E01000649",
            "ward_code": "E05013988",
            "ward_name": "Bickley & Sundridge",
            "ward_set": "2022",
            "borough_code": "E09000006",
        }
    ]


FILTERED = "Electoral wards and divisions Code,Electoral wards and divisions"
BROMLEY = [ward.code for ward in SETTINGS.wards if ward.borough_code == "E09000006" and ward.ward_set == "2022"]


def test_census_population_adds_households_and_communal_establishments(tmp_path):
    head = f"{FILTERED},Code,Residence type,Observation"
    text = f"{head}\nE05013987,A,1,Household,100\nE05013987,A,2,Communal,5\nE05013988,B,1,Household,20\n"
    table = read(tmp_path, "census.csv", text).tables["population"].set_index("area_code")
    assert table["population"].to_dict() == {"E05013987": 105, "E05013988": 20}
    assert set(table["year"]) == {2021}


def test_a_borough_is_the_sum_of_its_wards_only_where_all_are_there(tmp_path):
    head = f"{FILTERED},Residence type (2 categories) Code,Residence type (2 categories),Observation"
    whole = "\n".join([head, *(f"{code},A,1,Household,10" for code in BROMLEY)])
    population = read(tmp_path, "whole.csv", whole + "\n").tables["population"].set_index("area_code")["population"]
    assert population["E09000006"] == 220
    short = "\n".join([head, *(f"{code},A,1,Household,10" for code in BROMLEY[1:])])
    assert "E09000006" not in set(read(tmp_path, "short.csv", short + "\n").tables["population"]["area_code"])


COMPOSITION = f"{FILTERED},Household composition (6 categories) Code,Household composition (6 categories),Observation"
NOMIS = "date,geography,geography code"
HOUSEHOLDS = {
    "TS003 filtered": (
        "any.csv",
        f"{COMPOSITION}\nE05013987,A,-8,Does not apply,9\nE05013987,A,1,One,30\nE05013987,A,2,Two,70\n",
    ),
    "TS041 filtered": ("TS041-2021-3-filtered.csv", f"{FILTERED},Observation\nE05013987,A,100\n"),
    "TS041 of Nomis": ("x.csv", f"{NOMIS},Number of households\n2021,A,E05013987,100\n2021,Wales,W92000004,7\n"),
    "TS041, longer name": (
        "x.csv",
        f"{NOMIS},Number of households: Number of households; measures: Value\n2021,A,E05013987,100\n",
    ),
    "TS003 of Nomis": (
        "x.csv",
        f"{NOMIS},Household composition: Total; measures: Value,Household composition: Other; measures: Value\n"
        "2021,A,E05013987,100,30\n",
    ),
    "a table of 2011 split by rural and urban": (
        "x.csv",
        f"{NOMIS},Rural Urban,Tenure: All households; measures: Value,Tenure: Owned: Total; measures: Value\n"
        "2011,A,E05000106,Total,100,1\n2011,A,E05000106,Rural (total),90,1\n",
    ),
}


@pytest.mark.parametrize("name", HOUSEHOLDS)
def test_households_are_read_from_every_form_of_the_table(tmp_path, name):
    tables = read(tmp_path, *HOUSEHOLDS[name]).tables
    assert list(tables) == ["households"]
    code, year = ("E05000106", 2011) if "2011" in name else ("E05013987", 2021)
    assert tables["households"].to_dict("records") == [{"area_code": code, "year": year, "households": 100}]


NOT_HOUSEHOLDS = {
    "nothing says what is counted": ("x.csv", f"{FILTERED},Observation\nE05013987,A,100\n", "do not say"),
    "households of one kind": (
        "x.csv",
        f"{FILTERED},Accommodation type Code,Observation\nE05013987,1,A,100\n",
        "do not say",
    ),
    "people by sex": ("x.csv", f"{NOMIS},Sex: Total; measures: Value\n2021,A,E05013987,100\n", "no column"),
    "a share": (
        "x.csv",
        f"{NOMIS},Household composition: Total; measures: Percent\n2021,A,E05013987,100\n",
        "no column",
    ),
    "two columns": (
        "x.csv",
        f"{NOMIS},Number of households,Tenure: All households\n2021,A,E05013987,1,1\n",
        "two columns",
    ),
    "an area twice": (
        "x.csv",
        f"{NOMIS},Number of households\n2021,A,E05013987,1\n2021,A,E05013987,2\n",
        "stands twice",
    ),
    "two years": ("x.csv", f"{NOMIS},Number of households\n2021,A,E05013987,1\n2011,B,E05013988,2\n", "one year"),
    "a decimal": ("x.csv", f"{NOMIS},Number of households\n2021,A,E05013987,1.5\n", "not a count"),
    "an empty figure": ("x.csv", f"{NOMIS},Number of households\n2021,A,E05013987,\n", "not a count"),
    "a formula for a code": ("x.csv", f"{NOMIS},Number of households\n2021,A,=cmd(),1\n", "not an ONS code"),
    "only the rural part": ("x.csv", f"{NOMIS},Rural Urban,Number of households\n2021,A,E05013987,Rural,1\n", "no row"),
}


@pytest.mark.parametrize("name", NOT_HOUSEHOLDS)
def test_what_is_not_all_households_is_refused(tmp_path, name):
    file, text, what = NOT_HOUSEHOLDS[name]
    with pytest.raises(InputError, match=what):
        read(tmp_path, file, text)


def test_lsoa_population_makes_boroughs_and_with_the_lookup_wards(tmp_path):
    text = "LSOA11CD,LAD11CD,Persons_All-Ages\nE01000001,E09000006,10\nE01000002,E09000006,7\nE01000003,E09000006,1\n"
    population = read(tmp_path, "population.csv", text).tables["population"]
    assert population.set_index("area_code")["population"]["E09000006"] == 18
    codes, wards = ["E01000001", "E01000002", "E01000003", "E01000009"], ["E05000106"] * 2 + ["E05000107"] * 2
    lookup = pd.DataFrame({"lsoa_code": codes, "ward_code": wards, "ward_set": "2018"})
    assert geography.ward_sums(population, lookup, "population").to_dict("records") == [
        {"area_code": "E05000106", "year": 2020, "population": 17}
    ]


def geojson(code: str = "E05000106", ring: list = RING, kind: str = "Polygon") -> str:
    feature = {
        "type": "Feature",
        "properties": {"WD13CD": code, "WD13NM": "Bickley"},
        "geometry": {"type": kind, "coordinates": [ring]},
    }
    return json.dumps({"type": "FeatureCollection", "features": [feature]})


def test_geojson_boundaries_keep_name_and_ward_set(tmp_path):
    row = read(tmp_path, "wards.geojson", geojson()).tables["boundaries"].iloc[0]
    assert (row["ward_code"], row["ward_set"], row["name"]) == ("E05000106", "2018", "Bickley")
    assert json.loads(row["geometry"]) == {"type": "Polygon", "coordinates": [RING]}


def kml(coordinates: str = "0,51,0 0.1,51,0 0.1,51.1,0 0,51,0", head: str = "", inner: str = "") -> str:
    return (
        f'<?xml version="1.0"?>{head}<kml xmlns="http://earth.google.com/kml/2.1"><Document><Placemark><Polygon>'
        f"<outerBoundaryIs><LinearRing><coordinates>{coordinates}</coordinates></LinearRing></outerBoundaryIs>{inner}"
        "</Polygon></Placemark></Document></kml>"
    )


def test_kml_takes_its_ward_from_the_file_name_and_reports_a_stray_letter(tmp_path):
    cleaned = read(tmp_path, "E05013991N.kml", kml())
    row = cleaned.tables["boundaries"].iloc[0]
    assert (row["ward_code"], row["ward_set"], row["name"]) == ("E05013991", "2022", "Bromley Town")
    assert json.loads(row["geometry"])["coordinates"] == [RING]
    assert cleaned.rejected["value"].tolist() == ["E05013991N"]


def test_kml_holes_are_kept(tmp_path):
    ring = "<LinearRing><coordinates>0,51 0.1,51 0.1,51.1 0,51</coordinates></LinearRing>"
    hole = f"<innerBoundaryIs>{ring}</innerBoundaryIs>"
    row = read(tmp_path, "E05013991.kml", kml(inner=hole)).tables["boundaries"].iloc[0]
    assert json.loads(row["geometry"])["coordinates"] == [RING, RING]


BOMB = '<!DOCTYPE kml [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>'


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("E05013991.kml", kml(head=BOMB), "not a KML file"),
        ("E05013991.kml", "<kml>", "not a KML file"),
        ("E05013991.kml", kml("0,51 0.1,x 0,51"), "not numbers"),
        ("E05013991.kml", kml("0,51 0.1,51 0.1,51.1"), "closed ring"),
        ("E05013991.kml", "<kml/>", "no boundary|closed ring"),
        ("E05999999.kml", kml(), "no known ward"),
        ("ward.kml", kml(), "no known ward"),
        ("w.geojson", geojson(kind="Point"), "Point"),
        ("w.geojson", geojson(code="Bickley"), "no ward code"),
        ("w.geojson", geojson(ring=[[530000.0, 180000.0]] * 4), "longitude and latitude"),
        ("w.geojson", geojson(ring=[]), "closed ring"),
        ("w.geojson", "[1, 2]", "not GeoJSON"),
        ("w.geojson", "{", "not GeoJSON"),
        ("w.geojson", "[" * 100_000, "not GeoJSON"),
        ("l.csv", "LSOA21CD,WD24CD,WD24NM,LAD24CD\nE01000649,Bickley,B,E09000006\n", "not an ONS code"),
        ("l.csv", "LSOA21CD,WD24CD,WD24NM,LAD24CD\n" + "E01000649,E05013988,B,E09000006\n" * 2, "stands twice"),
        ("l.csv", "a,b\n1,2\n", "no known look-up"),
        ("l.xlsx", b"PK\x05\x06" + b"\x00" * 18, "workbook"),
    ],
)
def test_what_is_broken_or_hostile_is_refused_on_one_line(tmp_path, name, content, says):
    with pytest.raises(InputError, match=says) as refused:
        read(tmp_path, name, content)
    assert "\n" not in str(refused.value)
