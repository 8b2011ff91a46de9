"""Exposure and rates by ward and area."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
from areas_store import borough_file, processed

from crimelib.board.rates import with_rates
from crimelib.board.tables import ward_table
from crimelib.measures.rates import Exposure, exposure, exposure_table, per_1000
from crimelib.settings import load_settings
from crimelib.tables.store import Store

SETTINGS = load_settings()
PERIOD = pd.Period("2021-11", freq="M")
LOOKUP = (
    "LSOA11CD,LSOA11NM,WD21CD,WD21NM,LAD21CD,LAD21NM\n"
    "E01000001,A,E05000106,Bickley,E09000006,Bromley\n"
    "E01000002,B,E05000106,Bickley,E09000006,Bromley\n"
    "E01000003,C,E05000107,Biggin Hill,E09000006,Bromley\n"
    "E01000004,D,E05000107,Biggin Hill,E09000006,Bromley\n"
)
MID_2020 = (
    "LSOA11CD,LAD11CD,Persons_All-Ages\nE01000001,E09000006,1500\nE01000002,E09000006,500\nE01000003,E09000006,9\n"
)
CENSUS = (
    "Electoral wards and divisions Code,Electoral wards and divisions,Residence type,Observation\n"
    "E05013988,Bickley & Sundridge,1,2900\nE05013988,Bickley & Sundridge,2,100\n"
)


def store(folder: Path, **geography: str) -> Store:
    files = {f"geography/2021/{name}.csv": text for name, text in geography.items()}
    return processed(folder, SETTINGS, borough_file(SETTINGS, {}) | files)


def test_per_1000_is_missing_where_a_count_or_the_people_are() -> None:
    counts = pd.Series({"A": 30, "B": 5, "C": None, "D": 0})
    rates = per_1000(counts, pd.Series({"A": 2000, "C": 10, "D": 0}))
    assert rates["A"] == 15
    assert rates[["B", "C", "D"]].isna().all()


def test_rates_are_of_the_counted_areas_alone_however_few_live_there() -> None:
    rates = per_1000(pd.Series({"B": "5", "A": 1}), pd.Series({"A": 1, "B": 400, "Z": 9}))
    assert rates.to_dict() == {"B": 12.5, "A": 1000}
    assert list(rates.index) == ["B", "A"]
    assert per_1000(pd.Series({"A": 0, "B": 5}), pd.Series({"A": 0, "B": 0})).isna().all(), "of nobody there is no rate"


def test_a_ward_is_the_sum_of_its_lsoas_only_where_all_have_a_figure(tmp_path: Path) -> None:
    tables = store(tmp_path, lookup=LOOKUP, mid_2020=MID_2020)
    found = exposure_table(tables, ["E05000106", "E05000107"])
    assert found.to_dict("records") == [{"area_code": "E05000106", "year": 2020, "population": 2000}]


def test_residents_are_of_one_year_that_has_every_area(tmp_path: Path) -> None:
    tables = store(tmp_path, lookup=LOOKUP, mid_2020=MID_2020, census=CENSUS)
    expected = {"E05000106": (2020, 2000), "E05013988": (2021, 3000), "E09000006": (2020, 2009)}
    for code, (year, people) in expected.items():
        found = exposure(tables, [code], PERIOD)
        assert found is not None
        assert (found.year, found.numbers.to_dict()) == (year, {code: people})
    assert exposure(tables, ["E05000106", "E05013988"], PERIOD) is None


NOMIS = "date,geography,geography code,Number of households\n2021,Bickley & Sundridge,E05013988,1200\n"


def test_households_are_counted_apart_from_residents_in_the_wards_of_the_month(tmp_path: Path) -> None:
    tables = store(tmp_path, lookup=LOOKUP, mid_2020=MID_2020, census=CENSUS, households=NOMIS)
    found = exposure(tables, ["E05013988"], PERIOD, "households")
    assert found is not None
    assert (found.per, found.year, found.numbers.to_dict()) == ("households", 2021, {"E05013988": 1200})
    assert exposure(tables, ["E05000106"], PERIOD, "households") is None, "no file has households of the wards before"


def test_households_of_the_wards_before_are_the_sum_of_their_lsoas(tmp_path: Path) -> None:
    lsoas = "date,geography,geography code,Number of households\n2021,A,E01000001,700\n2021,B,E01000002,300\n"
    tables = store(tmp_path, lookup=LOOKUP, households=lsoas)
    found = exposure(tables, ["E05000106"], PERIOD, "households")
    assert found is not None
    assert found.numbers.to_dict() == {"E05000106": 1000}


def test_without_population_there_are_no_residents(tmp_path: Path) -> None:
    tables = store(tmp_path)
    assert exposure(tables, ["E05000106"], PERIOD) is None
    assert exposure(tables, [], PERIOD) is None


WARDS = pd.DataFrame(
    {
        "measure": "burglary",
        "breakdown_value": ["E05000106", "E05000107"],
        "breakdown_label": ["Bickley", "Biggin Hill"],
        "current": [30, None],
        "previous": [20, None],
        "pct_change": [50.0, None],
        "signal": ["no_clear_change", ""],
        "status": ["ok", "suppressed"],
        "note": "",
    }
)


def test_a_ward_table_has_rates_and_none_for_a_count_withheld() -> None:
    people = Exposure("residents", 2020, pd.Series({"E05000106": 2000, "E05000107": 1000}))
    table = with_rates(ward_table(WARDS, caption="Wards"), WARDS, people)
    assert table.columns[-2:] == ("Per 1,000 residents", "Steadied")
    assert {line[0].text: line[-2].text for line in table.rows} == {"Bickley": "15.0", "Biggin Hill": "–"}
    assert {line[0].text: line[-1].text for line in table.rows} == {"Bickley": "15.0", "Biggin Hill": "–"}
    assert any("2020" in note for note in table.notes)


def test_a_ward_table_without_population_says_so() -> None:
    table = with_rates(ward_table(WARDS, caption="Wards"), WARDS, None)
    assert "Per 1,000 residents" not in table.columns
    assert any("no rates are given" in note for note in table.notes)


def test_a_ward_table_names_households_where_homes_are_at_risk() -> None:
    households = Exposure("households", 2021, pd.Series({"E05000106": 1000, "E05000107": 1000}))
    table = with_rates(ward_table(WARDS, caption="Wards"), WARDS, households, "households")
    assert table.columns[-2:] == ("Per 1,000 households", "Steadied")
    assert {line[0].text: line[-2].text for line in table.rows} == {"Bickley": "30.0", "Biggin Hill": "–"}
    assert any("households of 2021" in note for note in table.notes)
    none = with_rates(ward_table(WARDS, caption="Wards"), WARDS, None, "households")
    assert any("households is at hand" in note for note in none.notes)


def test_residential_burglary_is_rated_by_households_and_nothing_else_is() -> None:
    measures = {name: measure for item in SETTINGS.items.values() for name, measure in item.measures.items()}
    assert [name for name, measure in measures.items() if measure.per == "households"] == ["residential_burglary"]
