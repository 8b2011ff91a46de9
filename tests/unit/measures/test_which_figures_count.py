"""Of several years and vintages of residents, homes, look-ups and licensed vehicles: which one counts."""

from __future__ import annotations

import pandas as pd
import pytest
from kept_tables import KeptTables

from crimelib.measures.rates import exposure, exposure_table
from crimelib.measures.vehicles import licensed


def residents(*rows: tuple[str, int, int, int]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["area_code", "year", "vintage_order", "population"])


def lookup(*rows: tuple[str, str, str, int]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["lsoa_code", "ward_code", "ward_set", "vintage_order"])


@pytest.mark.parametrize(
    ("period", "year"), [("2018-06", 2019), ("2020-06", 2021), ("2021-01", 2021), ("2022-12", 2023), ("2030-01", 2023)]
)
def test_the_nearest_year_and_the_later_of_two_as_near(period: str, year: int) -> None:
    tables = KeptTables({"population": residents(("A", 2019, 0, 19), ("A", 2021, 0, 21), ("A", 2023, 0, 23))})
    found = exposure(tables, ["A"], pd.Period(period, freq="M"))
    assert (found.year, found.per, found.numbers.to_dict()) == (year, "residents", {"A": year - 2000})


def test_the_later_vintage_of_a_year_counts_wherever_it_is_listed() -> None:
    tables = KeptTables({"population": residents(("A", 2021, 1, 50), ("A", 2021, 0, 40), ("B", 2021, 0, 7))})
    found = exposure(tables, ["B", "A", "B"], pd.Period("2021-06", freq="M"))
    assert found.numbers.to_dict() == {"A": 50, "B": 7}
    assert exposure(tables, ["A", "Z"], pd.Period("2021-06", freq="M")) is None
    assert exposure(tables, [], pd.Period("2021-06", freq="M")) is None


def test_a_ward_is_made_of_the_lsoas_of_its_newest_look_up_unless_a_file_gives_it() -> None:
    small = residents(("L1", 2021, 0, 100), ("L2", 2021, 0, 30), ("L3", 2021, 0, 8), ("V", 2021, 0, 5))
    moved = lookup(("L1", "W", "2018", 0), ("L2", "W", "2018", 1), ("L3", "V", "2018", 0), ("L2", "V", "2018", 0))
    found = exposure_table(KeptTables({"population": small, "lsoa_ward": moved}), ["W", "V"])
    assert found[["area_code", "year", "population"]].to_dict("index") == {
        0: {"area_code": "V", "year": 2021, "population": 5},
        1: {"area_code": "W", "year": 2021, "population": 130},
    }


COLUMNS = ["area_code", "month", "vehicle_group", "vehicles"]


def vehicles(*rows: tuple[str, str, str, int, int]) -> KeptTables:
    frame = pd.DataFrame(rows, columns=[*COLUMNS, "vintage_order"])
    return KeptTables({"licensed_vehicles": frame})


def test_licensed_vehicles_of_the_last_quarter_in_its_latest_vintage() -> None:
    tables = vehicles(
        ("A", "2021-09", "cars", 90, 1), ("A", "2021-09", "cars", 80, 0), ("A", "2021-09", "vans", 20, 0),
        ("A", "2021-06", "cars", 70, 9), ("A", "2021-12", "cars", 60, 9), ("B", "2021-09", "cars", 50, 0),
        ("Z", "2021-09", "cars", 1, 0),
    )  # fmt: skip
    found = licensed(tables, ["A", "B"], pd.Period("2021-11", freq="M"))
    assert list(found) == COLUMNS
    assert sorted(found.itertuples(index=False, name=None)) == [
        ("A", "2021-09", "cars", 90),
        ("A", "2021-09", "vans", 20),
        ("B", "2021-09", "cars", 50),
    ]


@pytest.mark.parametrize(
    ("month", "there"), [("2021-09", True), ("2022-08", True), ("2022-09", False), ("2021-08", False)]
)
def test_licensed_vehicles_are_of_the_year_before_a_month(month: str, there: bool) -> None:
    found = licensed(vehicles(("A", "2021-09", "cars", 90, 0)), ["A"], pd.Period(month, freq="M"))
    assert (list(found), len(found)) == (COLUMNS, int(there))


def test_without_a_file_there_are_no_licensed_vehicles() -> None:
    found = licensed(KeptTables({}), ["A"], pd.Period("2021-11", freq="M"))
    assert (list(found), len(found)) == (COLUMNS, 0)
