"""The rows of summary.csv: every measure and window, whatever the files at hand give."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
from mps_files import bromley_wards, dashboard_file, lay_small, put, recorded, ward_file

from crimelib.areas import AreaBook
from crimelib.board.summary import COLUMNS, row_of, summary
from crimelib.disclosure.protect import FIGURES
from crimelib.errors import InputError
from crimelib.measures.periods import WINDOWS
from crimelib.settings import load_settings
from crimelib.tables.clean import clean
from crimelib.tables.store import Store

CONTRACT = (
    "area_code,area_name,period,item,measure,breakdown,breakdown_value,breakdown_label,window,current,previous,change,"
    "pct_change,ratio_low,ratio_high,p_value,detectable_pct,signal,status,source,vintage,note"
)
MEASURES = [
    *["ndvwi", "vwi", "domestic_vwi", "knife_crime", "knife_crime_with_injury", "gun_crime", "weapons_possession"],
    *["hate_crime", "domestic_abuse", "burglary", "vehicle_theft", "asb", "sexual_offences", "vawg"],
]


def of(folder: Path, area: str = "Bromley", period: str = "2021-11", audience: str = "board") -> pd.DataFrame:
    settings = load_settings()
    found = AreaBook.of(settings).find(area)
    return summary(Store(folder / "processed"), settings, found, pd.Period(period, freq="M"), audience)


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("small")
    clean(lay_small(folder / "raw"), folder / "processed", load_settings())
    return folder


@pytest.fixture(scope="module")
def rows(small: Path) -> pd.DataFrame:
    return of(small)


def ward_rows(rows: pd.DataFrame, measure: str, window: str = "rolling_12") -> pd.DataFrame:
    return rows[(rows["breakdown"] == "ward") & (rows["measure"] == measure) & (rows["window"] == window)]


def test_columns_are_the_contract_s_in_its_order(rows: pd.DataFrame) -> None:
    assert ",".join(rows.columns) == ",".join(COLUMNS) == CONTRACT


@pytest.mark.parametrize("measure", MEASURES)
def test_every_measure_has_its_four_windows(rows: pd.DataFrame, measure: str) -> None:
    total = rows[(rows["measure"] == measure) & (rows["breakdown"] == "total")]
    assert list(total["window"]) == list(WINDOWS)
    assert set(total["breakdown_value"]) == {""}


def test_one_row_a_measure_breakdown_and_window(rows: pd.DataFrame) -> None:
    assert not rows.duplicated(["item", "measure", "breakdown", "breakdown_value", "window"]).any()


def test_figures_are_those_of_the_files(rows: pd.DataFrame) -> None:
    known = {
        "burglary": 144,
        "vwi": 8400,
        "domestic_vwi": 300,
        "ndvwi": 8100,
        "hate_crime": 144,
        "domestic_abuse": 1080,
    }
    for measure, count in known.items():
        row = row_of(rows, measure)
        assert (row["current"], row["previous"], row["change"], row["pct_change"]) == (count, count, 0, 0.0), measure
        assert row["signal"] == "no_clear_change"
    assert row_of(rows, "burglary", "month")["current"] == 12
    assert row_of(rows, "burglary", "quarter")["current"] == 36
    assert row_of(rows, "burglary", "ytd")["current"] == 96
    assert row_of(rows, "burglary", breakdown="type", breakdown_value="residential")["current"] == 120
    assert row_of(rows, "ndvwi")["source"] == "mps_recorded_crime + mps_monthly_dashboard"


def test_strands_do_not_add_up_and_need_not(rows: pd.DataFrame) -> None:
    strands = [
        row_of(rows, "hate_crime", breakdown="strand", breakdown_value=name)["current"]
        for name in ("racist", "homophobic")
    ]
    assert sum(strands) == 180 > row_of(rows, "hate_crime")["current"]


def test_a_measure_without_a_file_says_so(rows: pd.DataFrame) -> None:
    for measure in ("asb", "vawg", "weapons_possession", "vehicle_theft"):
        row = row_of(rows, measure)
        assert row["status"] == "no_data"
        assert row["note"].startswith("No data")
        assert (row["source"], row["vintage"], row["signal"]) == ("", "", "")


def test_status_decides_whether_there_are_figures(rows: pd.DataFrame) -> None:
    assert set(rows["status"]) <= {"ok", "suppressed", "incomplete", "not_comparable", "no_data"}
    empty = rows[~rows["status"].isin(["ok", "not_comparable"])]
    assert len(empty)
    assert empty[FIGURES].isna().all(axis=None)
    assert set(empty["signal"]) == {""}
    assert (empty["note"] != "").all()
    whole = rows[rows["status"] == "ok"]
    assert whole[["current", "previous", "change"]].notna().all(axis=None)


def test_counts_are_whole_and_ratios_rounded(rows: pd.DataFrame) -> None:
    counted = rows[(rows["item"] != "perception") & rows["current"].notna()]
    assert {type(value) for value in counted["current"]} == {int}
    for column, digits in {"pct_change": 1, "ratio_low": 4, "p_value": 4, "detectable_pct": 1}.items():
        values = counted[column].dropna().astype(float)
        assert (values == values.round(digits)).all(), column


def test_wards_are_of_one_set_and_add_nothing(small: Path, rows: pd.DataFrame) -> None:
    assert set(ward_rows(rows, "burglary")["breakdown_value"]) == {code for _, code in bromley_wards("2018")}
    assert list(ward_rows(rows, "burglary")["current"]) == [24] * 22
    assert ward_rows(rows, "asb").empty


def test_the_newest_set_of_wards_that_a_file_gives_is_shown(small: Path, tmp_path: Path) -> None:
    lay_small(tmp_path / "raw")
    put(tmp_path / "raw", ward_file("2019-12", "2021-11", "2022"), vintage="2023-09", name="wards.csv")
    clean(tmp_path / "raw", tmp_path / "processed", load_settings())
    shown = of(tmp_path)
    assert set(shown[shown["breakdown"] == "ward"]["breakdown_value"]) == {code for _, code in bromley_wards("2022")}


def test_a_small_ward_is_withheld_and_cannot_be_worked_out(rows: pd.DataFrame) -> None:
    hidden = {
        measure: set(part[part["status"] == "suppressed"]["breakdown_value"])
        for measure, part in ((measure, ward_rows(rows, measure)) for measure in ("vwi", "domestic_vwi", "ndvwi"))
    }
    assert "E05000106" in hidden["domestic_vwi"]
    assert len(hidden["domestic_vwi"]) >= 2
    assert hidden["domestic_vwi"] <= hidden["vwi"] | hidden["ndvwi"]
    assert set(ward_rows(rows, "vwi", "month")["status"]) == {"suppressed"}
    assert set(ward_rows(rows, "burglary", "month")["status"]) == {"ok"}


def test_the_public_is_shown_less(small: Path, rows: pd.DataFrame) -> None:
    board = rows[rows["status"] == "suppressed"].index
    public = of(small, audience="public")
    assert set(board) <= set(public[public["status"] == "suppressed"].index)


def test_a_period_that_no_file_has_is_refused_with_the_span(small: Path) -> None:
    for period in ("2019-11", "2021-12", "2030-01"):
        with pytest.raises(InputError, match=r"no source has Bromley in .*; the data cover 2019-12 to 2021-11"):
            of(small, period=period)


def test_a_period_without_a_year_before_is_incomplete(small: Path) -> None:
    row = row_of(of(small, period="2020-12"), "burglary")
    assert (row["status"], row["current"]) == ("incomplete", None)
    assert row["note"] == "Incomplete: no figure for January 2019 to November 2019."
    assert row_of(of(small, period="2020-12"), "burglary", "month")["status"] == "ok"


def test_london_is_the_sum_of_its_boroughs(small: Path) -> None:
    london = of(small, area="London")
    assert row_of(london, "burglary")["current"] == 32 * 144
    assert row_of(london, "ndvwi")["current"] == 32 * 8100


@pytest.fixture(scope="module")
def across(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Files across the move of February 2024."""
    folder = tmp_path_factory.mktemp("across")
    raw = folder / "raw"
    put(raw, recorded("2022-06", "2024-05", {("BURGLARY", "BURGLARY IN A DWELLING"): 10}), vintage="2024-06")
    put(raw, dashboard_file("2022-06", "2024-05"), "mps_monthly_dashboard", "2024-06")
    clean(raw, folder / "processed", load_settings())
    return folder


@pytest.mark.parametrize("measure", ["domestic_abuse", "hate_crime", "domestic_vwi"])
def test_the_break_of_march_2024_is_not_compared_across(across: Path, measure: str) -> None:
    row = row_of(of(across, period="2024-05"), measure)
    assert row["status"] == "not_comparable"
    assert row["current"] == row["previous"] > 0
    assert (row["change"], row["pct_change"], row["p_value"], row["signal"]) == (None, None, None, "")
    assert "CONNECT" in row["note"]
    assert row_of(of(across, period="2024-02"), measure, "month")["status"] == "ok"


def test_other_measures_are_compared_across_it(across: Path) -> None:
    assert row_of(of(across, period="2024-05"), "burglary")["status"] == "ok"


def test_a_row_that_is_not_one_row_is_refused(rows: pd.DataFrame) -> None:
    with pytest.raises(InputError, match="0 rows"):
        row_of(rows, "burglery")
