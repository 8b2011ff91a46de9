"""Residents and rates by ward and area."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
from areas_store import borough_file, processed

from crimelib.board.rates import with_rates
from crimelib.board.tables import ward_table
from crimelib.measures.rates import Residents, per_1000, population_table, residents
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


def test_a_ward_is_the_sum_of_its_lsoas_only_where_all_have_a_figure(tmp_path: Path) -> None:
    tables = store(tmp_path, lookup=LOOKUP, mid_2020=MID_2020)
    found = population_table(tables, ["E05000106", "E05000107"])
    assert found.to_dict("records") == [{"area_code": "E05000106", "year": 2020, "population": 2000}]


def test_residents_are_of_one_year_that_has_every_area(tmp_path: Path) -> None:
    tables = store(tmp_path, lookup=LOOKUP, mid_2020=MID_2020, census=CENSUS)
    expected = {"E05000106": (2020, 2000), "E05013988": (2021, 3000), "E09000006": (2021, 3000)}
    for code, (year, people) in expected.items():
        found = residents(tables, [code], PERIOD)
        assert found is not None
        assert (found.year, found.people.to_dict()) == (year, {code: people})
    assert residents(tables, ["E05000106", "E05013988"], PERIOD) is None


def test_without_population_there_are_no_residents(tmp_path: Path) -> None:
    tables = store(tmp_path)
    assert residents(tables, ["E05000106"], PERIOD) is None
    assert residents(tables, [], PERIOD) is None


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
    people = Residents(2020, pd.Series({"E05000106": 2000, "E05000107": 1000}))
    table = with_rates(ward_table(WARDS, caption="Wards"), WARDS, people)
    assert table.columns[-2:] == ("Per 1,000 residents", "Steadied")
    assert {line[0].text: line[-2].text for line in table.rows} == {"Bickley": "15.0", "Biggin Hill": "–"}
    assert {line[0].text: line[-1].text for line in table.rows} == {"Bickley": "15.0", "Biggin Hill": "–"}
    assert any("2020" in note for note in table.notes)


def test_a_ward_table_without_population_says_so() -> None:
    table = with_rates(ward_table(WARDS, caption="Wards"), WARDS, None)
    assert "Per 1,000 residents" not in table.columns
    assert any("no rates are given" in note for note in table.notes)
