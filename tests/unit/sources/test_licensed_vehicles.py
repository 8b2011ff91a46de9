"""Licensed vehicles: the sheet VEH0105 saved as CSV, as its publisher lays it out and as it must not be."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from crimelib.errors import InputError
from crimelib.settings import load_settings
from crimelib.sources import licensed_vehicles
from crimelib.sources.discovery import RawFile

SETTINGS = load_settings()
HEADER = (
    "BodyType,Fuel [note 2],Keepership [note 3],Units,ONS Sort [note 6],ONS Code [note 6],ONS Geography,2021 Q3,2021 Q2"
)
BROMLEY = "1,E09000006,  Bromley"


def read(folder: Path, *lines: str, header: str = HEADER) -> pd.DataFrame:
    path = folder / "VEH0105.csv"
    path.write_text("\n".join(["VEH0105: Licensed vehicles,,,,,,,,", header, *lines]) + "\n", encoding="utf-8")
    file = RawFile(path, "licensed_vehicles", "2022-01")
    return licensed_vehicles.read(file, SETTINGS).tables["licensed_vehicles"]


def figures(table: pd.DataFrame) -> dict[tuple[str, str, str], int]:
    return table.set_index(["area_code", "month", "vehicle_group"])["vehicles"].to_dict()


def test_thousands_of_all_fuels_and_keepers_become_vehicles_by_quarter_end(tmp_path):
    table = read(
        tmp_path,
        f'Cars,Total,Total,Thousands,{BROMLEY},"1,150.123",149',
        f"Cars,Diesel,Total,Thousands,{BROMLEY},40,41",
        f"Cars,Total,Private,Thousands,{BROMLEY},140,141",
        f"Cars,Total,Total,Percentage,{BROMLEY},88,88",
        f"Total,Total,Total,Thousands,{BROMLEY},1200.5,1199",
        "Cars,Total,Total,Thousands,2,S12000033,Aberdeen City,90,90",
    )
    assert figures(table) == {
        ("E09000006", "2021-09", "car"): 1_150_123,
        ("E09000006", "2021-06", "car"): 149_000,
        ("E09000006", "2021-09", "all"): 1_200_500,
        ("E09000006", "2021-06", "all"): 1_199_000,
    }


def test_a_group_stands_only_with_all_its_body_types_and_what_is_withheld_is_missing(tmp_path):
    parts = [f"{name},Total,Total,Thousands,{BROMLEY},1,2" for name in ("Buses and coaches", "Heavy goods vehicles")]
    table = read(tmp_path, *parts, f"Other vehicles,Total,Total,Thousands,{BROMLEY},[c],3")
    assert figures(table) == {("E09000006", "2021-06", "other"): 7_000}


GOOD = f"Cars,Total,Total,Thousands,{BROMLEY},150,149"
WRONG = {
    "a body type that is not declared": ([f"Hovercraft,Total,Total,Thousands,{BROMLEY},1,1"], HEADER, "not declared"),
    "not a number": ([f"Cars,Total,Total,Thousands,{BROMLEY},=1+1,149"], HEADER, "not a number of thousands"),
    "a negative number": ([f"Cars,Total,Total,Thousands,{BROMLEY},-5,149"], HEADER, "not a number of thousands"),
    "the same row twice": ([GOOD, GOOD], HEADER, "same key"),
    "a short row": ([GOOD, "Cars,Total"], HEADER, "2 fields"),
    "no borough of London": (["Cars,Total,Total,Thousands,2,S12000033,Aberdeen City,90,90"], HEADER, "London borough"),
    "only parts": ([f"Cars,Diesel,Total,Thousands,{BROMLEY},1,1"], HEADER, "all fuels"),
    "no quarter": ([GOOD], HEADER.replace("2021 Q3,2021 Q2", "2021,2020"), "no column is a quarter"),
    "a missing column": ([GOOD], HEADER.replace("Units", "Unit"), "'units' is missing"),
    "another sheet": ([GOOD], HEADER.replace("BodyType", "Region"), "no line begins with BodyType"),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_is_not_the_sheet_is_refused_whole(tmp_path, name):
    lines, header, what = WRONG[name]
    with pytest.raises(InputError, match=what):
        read(tmp_path, *lines, header=header)
