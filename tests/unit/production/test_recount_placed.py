"""Ward counts that this project places through the look-up of LSOAs, counted again by SQL."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
from areas_store import MET, borough_file, processed, street_file

from crimelib.areas import AreaBook
from crimelib.board.summary import summary
from crimelib.production.recount import Line, recount
from crimelib.settings import load_settings
from crimelib.tables.store import Store

SETTINGS = load_settings()
BROMLEY = AreaBook.of(SETTINGS).find("Bromley")
MEASURE = SETTINGS.items["asb"].measures["asb"]
LOOKUP = (
    "LSOA11CD,WD21CD,WD21NM,LAD21CD\nE01000649,E05000106,Bickley,E09000006\nE01000650,E05000107,Biggin Hill,E09000006\n"
)
STRANGE = ("metropolitan", MET, "E01000651,Bromley 007C")


def again(store: Store, period: str) -> dict[tuple[str, str], tuple[object, ...]]:
    lines = [
        Line("asb", "asb", "ward", ward, ward, MEASURE.figures, MEASURE.breaks) for ward in ("E05000106", "E05000107")
    ]
    found = recount(store.folder, store.catalogue, SETTINGS, BROMLEY, [BROMLEY.code], period, lines)
    return {(key[3], key[4]): (each.status, each.current, each.previous) for key, each in found.items()}


@pytest.mark.parametrize("period", ["2021-11", "2020-03"])
def test_placed_wards_are_counted_alike_by_sql(tmp_path: Path, period: str) -> None:
    files = borough_file(SETTINGS, {}) | {"geography/2021/lookup11.csv": LOOKUP}
    files |= street_file("metropolitan", MET, "E01000649,Bromley 007B", rows=3)
    store = processed(tmp_path, SETTINGS, files)
    rows = summary(store, SETTINGS, BROMLEY, pd.Period(period, freq="M"))
    wards = rows[(rows["breakdown"] == "ward") & (rows["measure"] == "asb")]
    wards = wards[wards["breakdown_value"].isin(["E05000106", "E05000107"])]
    assert len(wards) == 8
    counted = again(store, period)
    for row in wards.to_dict("records"):
        figures = [None if pd.isna(row[name]) else row[name] for name in ("current", "previous")]
        assert counted[row["breakdown_value"], row["window"]] == (row["status"], *figures)


def test_a_month_that_the_lookup_does_not_know_gives_no_ward_a_figure(tmp_path: Path) -> None:
    files = borough_file(SETTINGS, {}) | {"geography/2021/lookup11.csv": LOOKUP} | street_file(*STRANGE, rows=3)
    store = processed(tmp_path, SETTINGS, files)
    assert {told[0] for told in again(store, "2021-11").values()} == {"no_data"}
