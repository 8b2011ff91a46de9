"""Which months look short of data, told by small tables: a gap is far below all that it may be measured by."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from crimelib.settings import load_settings
from crimelib.tables.anomalies import ABSENT, HOLE, SHORT, VANISHED, gaps_in

BROMLEY, CROYDON, LONDON = "E09000006", "E09000008", "E12000007"
MONTHS = [str(month) for month in pd.period_range("2022-01", "2023-12", freq="M")]
LEVEL = {BROMLEY: 2400, CROYDON: 3500, LONDON: 90_000}


def ordinary(
    *areas: str, series: str = "police_uk_burglary", source: str = "police_uk", level: int = 0
) -> pd.DataFrame:
    """Two years of counts that waver by a few per cent about each area's level."""
    wobble = np.random.default_rng(3).normal(1, 0.03, (len(areas), len(MONTHS)))
    rows = [
        (series, area, month, round((level or LEVEL[area]) * wobble[place, number]))
        for place, area in enumerate(areas)
        for number, month in enumerate(MONTHS)
    ]
    frame = pd.DataFrame(rows, columns=["series", "area_code", "month", "count"])
    return frame.assign(source=source, basis=source, area_level="borough", vintage_order=0)


def changed(frame: pd.DataFrame, month: str, times: float, area: str = "") -> pd.DataFrame:
    """The counts with one month multiplied, in one area or in all."""
    here = (frame["month"] == month) & ((frame["area_code"] == area) | (area == ""))
    return frame.assign(count=frame["count"].where(~here, (frame["count"] * times).round()).astype("int64"))


def found(frame: pd.DataFrame) -> list[tuple[str, str, str]]:
    rows = gaps_in(frame, load_settings())
    return list(rows[["area_code", "month", "reason"]].itertuples(index=False, name=None))


def test_ordinary_months_are_not_flagged() -> None:
    assert found(ordinary(BROMLEY, CROYDON, LONDON)) == []


def test_a_month_with_a_third_of_its_rows_is_flagged() -> None:
    short = changed(ordinary(BROMLEY, CROYDON), "2023-06", 0.36, BROMLEY)
    assert found(short) == [(BROMLEY, "2023-06", SHORT)]
    row = gaps_in(short, load_settings()).iloc[0]
    assert row["series"] == ""
    assert row["expected"] == pytest.approx(2400, rel=0.05)


def test_an_area_alone_is_measured_by_its_own_months() -> None:
    assert found(changed(ordinary(BROMLEY), "2023-06", 0.36)) == [(BROMLEY, "2023-06", SHORT)]


def test_a_fall_that_the_other_areas_share_is_no_gap() -> None:
    assert found(changed(ordinary(BROMLEY, CROYDON), "2023-06", 0.6)) == []


def test_a_fall_of_every_year_is_no_gap() -> None:
    frame = ordinary(BROMLEY)
    assert found(changed(changed(frame, "2022-08", 0.6), "2023-08", 0.6)) == [(BROMLEY, "2022-08", SHORT)]


def test_a_rise_is_no_gap() -> None:
    assert found(changed(ordinary(BROMLEY, CROYDON), "2023-06", 3, BROMLEY)) == []


def test_small_counts_vary_too_much_to_be_suspected() -> None:
    small = ordinary(BROMLEY, CROYDON, source="mps_monthly_dashboard", series="gun_crime", level=12)
    assert found(changed(small, "2023-06", 0.1, BROMLEY)) == []


def test_one_category_can_be_short_alone() -> None:
    frame = pd.concat(
        [
            ordinary(BROMLEY, CROYDON, series="police_uk_drugs", level=2000),
            changed(ordinary(BROMLEY, CROYDON, level=120), "2023-06", 0.1, BROMLEY),
        ],
        ignore_index=True,
    )
    rows = gaps_in(frame, load_settings())
    assert rows[["area_code", "series", "month"]].values.tolist() == [[BROMLEY, "police_uk_burglary", "2023-06"]]


def test_an_area_left_out_of_one_file_is_flagged_and_not_zero() -> None:
    frame = ordinary(BROMLEY, CROYDON)
    without = frame[~((frame["area_code"] == CROYDON) & (frame["month"] == "2023-06"))]
    assert found(without) == [(CROYDON, "2023-06", ABSENT)]
    assert gaps_in(without, load_settings())["count"].isna().all()


def test_a_month_in_no_file_is_a_hole() -> None:
    frame = ordinary(BROMLEY, CROYDON)
    assert found(frame[frame["month"] != "2023-06"]) == [(area, "2023-06", HOLE) for area in (BROMLEY, CROYDON)]


@pytest.mark.parametrize("how", ["zero", "no row"])
def test_a_category_that_disappears_is_flagged(how: str) -> None:
    gone = ordinary(BROMLEY, LONDON, source="mps_recorded_crime", series="robbery", level=400)
    late = gone["month"] >= "2023-11"
    gone = gone[~late] if how == "no row" else gone.assign(count=gone["count"].where(~late, 0))
    frame = pd.concat([gone, ordinary(BROMLEY, LONDON, source="mps_recorded_crime", series="drug_possession")])
    assert (BROMLEY, "2023-11", VANISHED) in found(frame)
    assert (BROMLEY, "2023-12", VANISHED) in found(frame)


def test_a_renamed_category_has_not_disappeared() -> None:
    old = ordinary(BROMLEY, LONDON, source="mps_recorded_crime", series="burglary_residential", level=400)
    renamed = old.assign(series=old["series"].where(old["month"] < "2023-04", "burglary_residential_home"))
    assert found(renamed) == []


def test_the_latest_vintage_is_judged() -> None:
    frame = ordinary(BROMLEY, CROYDON)
    assert found(pd.concat([changed(frame, "2023-06", 0.3, BROMLEY), frame.assign(vintage_order=1)])) == []


def test_a_lockdown_is_no_gap_and_a_gap_in_it_is() -> None:
    frame = ordinary(BROMLEY)
    shift = {month: str(pd.Period(month, freq="M") - 24) for month in MONTHS}
    lockdown = frame.assign(month=frame["month"].map(shift))
    assert found(changed(lockdown, "2020-11", 0.6)) == []
    assert found(changed(lockdown, "2020-11", 0.3)) == [(BROMLEY, "2020-11", SHORT)]


@pytest.mark.parametrize("number", [3, 30])
def test_one_short_area_among_several_without_london(number: int) -> None:
    areas = [f"E070000{place:02}" for place in range(number)]
    frame = ordinary(*areas, level=1000)
    assert found(changed(frame, "2023-06", 0.4, areas[1])) == [(areas[1], "2023-06", SHORT)]
    assert found(changed(frame, "2023-06", 0.6)) == []


def test_a_store_without_counts_has_no_gaps() -> None:
    assert gaps_in(pd.DataFrame(), load_settings()).empty
