"""Ward counts of data.police.uk, through the look-up of LSOAs, in one boundary set."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
from areas_store import MET, MONTHS, borough_file, processed, street_file

from crimelib.areas import AreaBook
from crimelib.board.summary import summary
from crimelib.measures.placing import placed_wards, series_by_ward, ward_set_in_force, ward_set_of
from crimelib.settings import load_settings
from crimelib.tables.store import Store

SETTINGS = load_settings()
BROMLEY = AreaBook.of(SETTINGS).find("Bromley")
BEFORE = (
    "LSOA11CD,WD21CD,WD21NM,LAD21CD\nE01000649,E05000106,Bickley,E09000006\nE01000650,E05000107,Biggin Hill,E09000006\n"
)
SINCE = "LSOA21CD,WD24CD,WD24NM,LAD24CD\nE01000649,E05013988,Bickley & Sundridge,E09000006\n"
CALLS = ("metropolitan", MET, "E01000649,Bromley 007B")


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    lookups = {"geography/2021/lookup11.csv": BEFORE, "geography/2021/lookup21.csv": SINCE}
    files = borough_file(SETTINGS, {}) | street_file(*CALLS, rows=3) | lookups
    return processed(tmp_path_factory.mktemp("placing"), SETTINGS, files)


def ward_rows(store: Store, period: str) -> pd.DataFrame:
    rows = summary(store, SETTINGS, BROMLEY, pd.Period(period, freq="M"))
    return rows[(rows["breakdown"] == "ward") & (rows["window"] == "rolling_12")].set_index("breakdown_value")


def test_wards_are_those_in_force_in_the_period(store: Store) -> None:
    rows = ward_rows(store, "2021-11")
    assert set(rows["measure"]) == {"asb"}
    assert (rows.loc["E05000106", "current"], rows.loc["E05000107", "current"]) == (36, 0)
    assert not [code for code in rows.index if code.startswith("E0501")]
    assert rows.loc["E05000106", "source"] == "police_uk"


def test_the_two_boundary_sets_are_never_together(store: Store) -> None:
    for ward_set, wards in (("2018", {"E05000106", "E05000107"}), ("2022", {"E05013988"})):
        placed = placed_wards(store, SETTINGS, BROMLEY, ward_set)
        assert set(placed["area_code"]) == wards
        assert placed[placed["series"] == "police_uk_asb"].groupby("month")["count"].sum().tolist() == [3] * len(MONTHS)


def test_no_lookup_no_wards(tmp_path: Path) -> None:
    tables = processed(tmp_path, SETTINGS, borough_file(SETTINGS, {}) | street_file(*CALLS, months=MONTHS[-2:]))
    assert placed_wards(tables, SETTINGS, BROMLEY, "2018").empty
    assert summary(tables, SETTINGS, BROMLEY, pd.Period("2021-11", freq="M"))["breakdown"].ne("ward").all()


def test_rows_without_a_location_are_in_no_ward_and_not_lost(tmp_path: Path) -> None:
    files = street_file(*CALLS, months=MONTHS[-1:], rows=3)
    ((name, text),) = files.items()
    files[name] = text + f",{MONTHS[-1]},{MET},{MET},,,No location,,,Anti-social behaviour,,\n"
    tables = processed(tmp_path, SETTINGS, files | {"geography/2021/lookup11.csv": BEFORE})
    stored = tables.table("counts")
    calls = stored[stored["series"] == "police_uk_asb"].set_index("area_code")["count"]
    assert (calls["E09000006"], calls["metropolitan:no_location"]) == (3, 1)
    placed = placed_wards(tables, SETTINGS, BROMLEY, "2018")
    assert placed[placed["series"] == "police_uk_asb"]["count"].sum() == 3
    quality = tables.table("police_uk_quality").set_index("check")["count"]
    assert (quality["rows"], quality["no_location"]) == (4, 1)


def test_published_wards_decide_the_boundary_set() -> None:
    period = pd.Period("2021-11", freq="M")
    assert ward_set_of(["E09000006", "E05013988"], SETTINGS, "E09000006", period) == "2022"
    assert ward_set_of(["E09000006"], SETTINGS, "E09000006", period) == "2018"
    assert ward_set_of(["E05013988"], SETTINGS, "E09000008", period) == "2018"
    assert ward_set_in_force(pd.Period("2022-05", freq="M")) == "2022"
    assert ward_set_in_force(pd.Period("2022-04", freq="M")) == "2018"


def test_only_measures_shown_by_ward_are_placed() -> None:
    assert series_by_ward(SETTINGS) == {"police_uk_asb", "police_uk_burglary", "police_uk_possession_of_weapons"}
