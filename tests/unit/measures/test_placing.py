"""Ward counts of data.police.uk, through the look-up of LSOAs, in one boundary set."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
from areas_store import MET, MONTHS, borough_file, processed, street_file
from kept_tables import KeptTables

from crimelib.areas import AreaBook
from crimelib.board.summary import summary
from crimelib.measures.placing import (
    placed_wards,
    series_by_ward,
    ward_set_in_force,
    ward_set_of,
    with_placed_wards,
)
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


PERIOD = pd.Period("2021-11", freq="M")


def lsoas(month: str, vintage: int, *counts: tuple[str, int], series: str = "police_uk_asb") -> list[dict[str, object]]:
    origin = {"source": "police_uk", "vintage": f"v{vintage}", "vintage_order": vintage, "area_code": BROMLEY.code}
    return [{**origin, "month": month, "series": series, "lsoa_code": lsoa, "count": count} for lsoa, count in counts]


def look_up(*rows: tuple[str, str, str, int]) -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=["lsoa_code", "ward_code", "ward_set", "vintage_order"])
    return frame.assign(borough_code=BROMLEY.code, ward_name=frame["ward_code"])


def stored(*codes: str, series: str = "police_uk_asb") -> pd.DataFrame:
    frame = pd.DataFrame({"area_code": [BROMLEY.code, *codes], "month": "2021-11", "count": 9})
    return frame.assign(series=series, source="stored")


WARDS = look_up(("L1", "E05000106", "2018", 0), ("L1", "E05013988", "2022", 0))


def test_the_latest_vintage_of_a_month_and_the_newest_look_up_count() -> None:
    rows = [*lsoas("2021-10", 0, ("L1", 4), ("L2", 5)), *lsoas("2021-11", 0, ("L1", 1), ("L2", 1)),
            *lsoas("2021-11", 1, ("L1", 7), ("L2", 2))]  # fmt: skip
    moved = look_up(("L1", "A", "2018", 0), ("L2", "A", "2018", 0), ("L1", "A", "2018", 1), ("L2", "B", "2018", 1),
                    ("L1", "Z", "2022", 2), ("L2", "Z", "2022", 2))  # fmt: skip
    elsewhere = [{**each, "area_code": "E09000008"} for each in lsoas("2021-11", 2, ("L1", 50))]
    tables = KeptTables({"police_uk_lsoa": pd.DataFrame([*rows, *elsewhere]), "lsoa_ward": moved})
    placed = placed_wards(tables, SETTINGS, BROMLEY, "2018").sort_values(["month", "area_code"])
    found = placed[["month", "area_code", "count", "source", "vintage", "vintage_order"]]
    assert list(found.itertuples(index=False, name=None)) == [
        ("2021-10", "A", 4, "police_uk", "v0", 0),
        ("2021-10", "B", 5, "police_uk", "v0", 0),
        ("2021-11", "A", 7, "police_uk", "v1", 1),
        ("2021-11", "B", 2, "police_uk", "v1", 1),
    ]


def test_without_counts_of_lsoas_there_are_no_wards() -> None:
    assert placed_wards(KeptTables({"lsoa_ward": WARDS}), SETTINGS, BROMLEY, "2018").empty


@pytest.mark.parametrize(("codes", "ward"), [([], "E05000106"), (["E05013990"], "E05013988")])
def test_the_wards_of_measures_shown_by_ward_stand_below_the_stored_counts(codes: list[str], ward: str) -> None:
    rows = [*lsoas("2021-11", 0, ("L1", 7)), *lsoas("2021-11", 0, ("L1", 8), series="police_uk_drugs")]
    tables = KeptTables({"police_uk_lsoa": pd.DataFrame(rows), "lsoa_ward": WARDS})
    before = stored(*codes)
    found = with_placed_wards(before, tables, SETTINGS, BROMLEY, PERIOD)
    pd.testing.assert_frame_equal(found.head(len(before))[list(before)], before)
    assert found.loc[len(before) :, ["area_code", "series", "count"]].to_numpy().tolist() == [
        [ward, "police_uk_asb", 7]
    ]


def test_the_wards_of_other_months_do_not_decide_the_boundary_set() -> None:
    tables = KeptTables({"police_uk_lsoa": pd.DataFrame(lsoas("2021-11", 0, ("L1", 7))), "lsoa_ward": WARDS})
    later = pd.concat([stored(), stored("E05013990").assign(month="2022-06")], ignore_index=True)
    found = with_placed_wards(later, tables, SETTINGS, BROMLEY, PERIOD)
    assert found["area_code"].tolist()[-1] == "E05000106"


def test_where_there_is_nothing_to_place_the_counts_stay_as_they_are() -> None:
    rows = pd.DataFrame(lsoas("2021-11", 0, ("L1", 7)))
    tables = KeptTables({"police_uk_lsoa": rows, "lsoa_ward": WARDS})
    unit = AreaBook.of(SETTINGS).find("South Area")
    other = stored(series="mps_burglary")
    for given, area, kept in (
        (stored(), unit, tables),
        (stored()[:0], BROMLEY, tables),
        (other, BROMLEY, tables),
        (stored(), BROMLEY, KeptTables({"police_uk_lsoa": rows})),
    ):
        assert with_placed_wards(given, kept, SETTINGS, area, PERIOD) is given
