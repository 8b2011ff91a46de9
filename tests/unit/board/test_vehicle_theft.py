"""The vehicle theft page: the extract taken apart, its months covered, and rates by licensed vehicles."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
from areas_store import processed

from crimelib.areas import AreaBook
from crimelib.board.charts import Chart
from crimelib.board.item import Board
from crimelib.board.tables import Table
from crimelib.board.text import Text
from crimelib.board.vehicle_theft import VehicleTheftPage, named_makes
from crimelib.settings import load_settings

SETTINGS = load_settings()
PERIOD = pd.Period("2021-11", freq="M")
MONTHS = pd.period_range("2018-12", "2021-11", freq="M").astype(str)
HEADER = "record_id,month,area_code,ward_code,vehicle_class,make,value_band,method,recovered\n"
# A month's thefts: class, make, value band, method, recovered, how many in each of the last twelve months and before.
MONTHLY = [
    ("car", "Ford", "5000_to_19999", "keyless", "no", 4, 3),
    ("car", "", "not_known", "not_known", "yes", 1, 1),
    ("moped_scooter", "Honda", "under_5000", "forced", "no", 6, 3),
    ("van", "Ferrari", "50000_and_over", "keys", "not_known", 0, 0),
]
LICENSED = (
    "BodyType,Fuel,Keepership,Units,ONS Code,2021 Q3,2020 Q3\n"
    "Cars,Total,Total,Thousands,E09000006,150,120\n"
    "Motorcycles,Total,Total,Thousands,E09000006,6,6\n"
    "Total,Total,Total,Thousands,E09000006,160,150\n"
)


def extract(months=MONTHS, ferraris: int = 2, prefix: str = "T") -> str:
    rows = [
        (month, *about)
        for month in months
        for *about, now, before in MONTHLY
        for _ in range(now if month > "2020-11" else before)
    ] + [("2021-11", "van", "Ferrari", "50000_and_over", "keys", "not_known")] * ferraris
    lines = [f"{prefix}{place},{row[0]},E09000006,,{','.join(row[1:])}\n" for place, row in enumerate(rows)]
    return HEADER + "".join(lines)


def page(folder: Path, files: dict[str, str], area: str = "Bromley") -> VehicleTheftPage:
    store = processed(folder, SETTINGS, files | {"licensed_vehicles/2021-12/VEH0105.csv": LICENSED})
    return VehicleTheftPage(Board(SETTINGS, store, AreaBook.of(SETTINGS).find(area), PERIOD, "board"))


def whole(folder: Path) -> VehicleTheftPage:
    return page(folder, {"vehicle_thefts/2021-12/a.csv": extract()})


def cells(table: object, name: str) -> list[str]:
    assert isinstance(table, Table)
    return next([cell.text for cell in line[1:]] for line in table.rows if line[0].text == name)


def test_classes_are_crossed_with_value_and_method_now_and_before(tmp_path):
    shown = whole(tmp_path)
    assert cells(shown.by_value(), "Cars") == ["0 (0)", "48 (36)", "0 (0)", "0 (0)", "12 (12)"]
    assert cells(shown.by_value(), "All") == ["72 (36)", "48 (36)", "0 (0)", "2 (0)", "12 (12)"]
    assert shown.by_value().columns[1:3] == ("Under £5,000", "£5,000 to £19,999")
    assert cells(shown.by_method(), "Mopeds and scooters")[3] == "72 (36)"


def test_mopeds_and_scooters_have_a_line_of_their_own(tmp_path):
    shown = whole(tmp_path)
    assert "rose 100%, from 36 to 72" in str(shown.scooters())
    chart = shown.scooters_chart()
    assert isinstance(chart, Chart)
    assert "Mopeds and scooters at 200" in chart.alt
    assert "Vans" not in chart.alt, "too few to index"


def test_a_make_with_few_thefts_points_to_nobody(tmp_path):
    table = whole(tmp_path).by_make()
    assert "Ferrari" not in str(table)
    assert cells(table, "Other makes")[:2] == ["2", "0"]
    assert cells(table, "Honda") == ["72", "36", "0", "0", "72"]
    few = pd.DataFrame({"make": ["A", "A", "", "B"], "now": [True, False, True, True], "count": [9, 5, 3, 50]})
    assert list(named_makes(few)) == ["A", "A", "not_known", "other makes"]


def test_the_share_recovered_is_of_those_known(tmp_path):
    assert cells(whole(tmp_path).recovered(), "Cars") == ["12", "48", "0", "20%", "25% of 48"]
    assert cells(whole(tmp_path / "again").recovered(), "Vans")[3] == "–", "known of none"


def test_rates_are_per_thousand_licensed_of_each_year(tmp_path):
    shown = whole(tmp_path)
    assert cells(shown.licensed_by_class(), "Cars") == ["60", "48", "150,000", "0.4", "0.4"]
    assert cells(shown.licensed_by_class(), "Mopeds, scooters and motorcycles") == ["72", "36", "6,000", "12.0", "6.0"]
    assert cells(shown.licensed_by_class(), "Vans")[2:] == ["no data", "–", "–"]


@pytest.mark.parametrize("missing", ["2021-11", "2020-03"])
def test_a_month_without_the_extract_gives_no_figure(tmp_path, missing):
    files = {"vehicle_thefts/2021-12/a.csv": extract([month for month in MONTHS if month != missing], ferraris=0)}
    shown = page(tmp_path, files | recorded())
    assert "crimelib template vehicle_thefts" in str(shown.scooters())
    for answer in (shown.by_value(), shown.by_method()):
        assert str(answer) == "Not known without an extract of thefts."
    for answer in (shown.by_make(), shown.recovered()):
        assert answer == Text(())  # the answer above has said so


def test_two_files_of_one_vintage_on_one_month_are_not_added(tmp_path):
    files = {
        "vehicle_thefts/2021-12/a.csv": extract(ferraris=0),
        "vehicle_thefts/2021-12/b.csv": extract(["2021-11"], ferraris=0, prefix="U"),
    }
    assert isinstance(page(tmp_path, files).by_value(), Text)


def test_a_later_vintage_replaces_the_month(tmp_path):
    files = {
        "vehicle_thefts/2021-12/a.csv": extract(ferraris=0),
        "vehicle_thefts/2022-01/b.csv": extract(["2021-11"], ferraris=3),
    }
    assert cells(page(tmp_path, files).by_value(), "Vans")[3] == "3 (0)"


def recorded() -> dict[str, str]:
    """Recorded crime, so that the page has its period whatever the extract covers."""
    names = [area.name for area in SETTINGS.areas if area.level == "borough" and area.name != "City of London"]
    head = "MajorText,MinorText,LookUp_BoroughName," + ",".join(month.replace("-", "") for month in MONTHS)
    lines = [f"Burglary,Burglary - Residential,{name}," + ",".join(["10"] * len(MONTHS)) for name in names]
    name = "mps_recorded_crime/2021-12/MPS Borough Level Crime (most recent 24 months).csv"
    return {name: "\n".join([head, *lines]) + "\n"}
