"""What the coming month should hold, on histories whose next month is known."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from crimelib.areas import AreaBook
from crimelib.board.early_warning import (
    RECORD_MONTHS,
    WATCH_FROM,
    EarlyWarning,
    Outlook,
    chance_of_more,
    outlook_months,
    record_sentence,
)
from crimelib.board.item import Board
from crimelib.settings import load_settings
from crimelib.stats.control_charts import expected_band
from crimelib.tables.store import Catalogue, Entry, Store, write_catalogue, write_part

PERIOD = pd.Period("2021-11", "M")
BROMLEY = "E09000006"


def history(mean: float = 100, growth: float = 0, months: int = 60, seed: int = 4) -> pd.Series:
    """Poisson counts up to the period that grow by so much a year."""
    index = pd.period_range(end=PERIOD, periods=months, freq="M")
    levels = mean * np.exp(growth * np.arange(months) / 12)
    return pd.Series(np.random.default_rng(seed).poisson(levels), index=index, dtype="float64")


def outlook(series: pd.Series) -> Outlook:
    return Outlook("burglary", "Burglary", outlook_months(series, PERIOD))


def test_the_coming_month_is_expected_from_all_before_it() -> None:
    series = history()
    coming = outlook(series).coming
    band = expected_band(series, [PERIOD + 1], alpha=0.025).iloc[0]
    assert coming.name == PERIOD + 1
    assert coming[["expected", "lower", "upper"]].to_list() == band[["expected", "lower", "upper"]].to_list()
    assert coming["year_before"] == series[PERIOD - 11]
    assert coming["inside"] is None
    assert coming["rose"] is None


def test_each_month_of_the_record_is_expected_from_what_came_before_it_alone() -> None:
    series = history()
    shorter = outlook_months(series.loc[: PERIOD - 6], PERIOD - 6)
    assert outlook_months(series, PERIOD).loc[PERIOD - 5, "expected"] == shorter.iloc[-1]["expected"]


def test_months_after_the_period_are_not_looked_at() -> None:
    series = history()
    later = pd.concat([series, pd.Series([900.0], index=[PERIOD + 1])])
    pd.testing.assert_frame_equal(outlook_months(later, PERIOD), outlook_months(series, PERIOD))


def test_steady_growth_is_to_be_watched_and_comes_true() -> None:
    found = outlook(history(mean=200, growth=0.3))
    assert found.coming["warned"]
    assert found.record["warned"].all()
    assert found.record["rose"].all()
    expected = "12 of 12 warnings came true, and 0 rises came without one"
    assert expected in record_sentence([found])


def test_a_level_history_is_not_to_be_watched_often() -> None:
    chances = [outlook_months(history(seed=seed), PERIOD).iloc[-1]["chance"] for seed in range(12)]
    assert 0.3 < np.mean(chances) < 0.7


def test_the_band_holds_nineteen_months_in_twenty() -> None:
    inside = pd.concat([outlook(history(seed=seed)).record["inside"] for seed in range(10)]).astype(bool)
    assert len(inside) == 10 * RECORD_MONTHS
    low, high = stats.binom(len(inside), 0.95).interval(0.998)
    assert low <= inside.sum() <= high


def test_the_chance_of_more_is_half_at_what_is_expected_and_small_at_the_upper_bound() -> None:
    expected, upper = pd.Series([50.0] * 3), pd.Series([70.0] * 3)
    chances = chance_of_more(expected, upper, pd.Series([50.0, 70.0, np.nan]))
    assert chances[:2].to_list() == pytest.approx([0.5, 0.025])
    assert np.isnan(chances[2])
    assert not chances[2] >= WATCH_FROM


def test_nothing_is_expected_across_a_break() -> None:
    rows = outlook_months(history(), PERIOD, [PERIOD - 2])
    assert rows["expected"].iloc[-3:].isna().all()
    assert rows["expected"].iloc[:-4].notna().all()
    assert rows["year_before"].iloc[-4:].isna().all()


def test_a_missing_month_is_in_no_record() -> None:
    series = history()
    series[PERIOD - 3] = np.nan
    found = outlook(series)
    assert len(found.record) == RECORD_MONTHS - 1
    assert PERIOD - 3 not in found.record.index


# The page


@pytest.fixture
def board(tmp_path: Path):
    """Makes a board of Bromley with one burglary history and nothing else."""

    def make(series: pd.Series) -> Board:
        rows = pd.DataFrame({"month": series.index.astype(str), "count": series.to_numpy().astype("int64")})
        names = {"series": "burglary_residential", "basis": "mps_investigating_borough", "area_level": "borough"}
        rows = rows.assign(**names, area_code=BROMLEY, parent_code="E12000007", area_name="Bromley")
        (tmp_path / "parts").mkdir()
        write_part(tmp_path / "parts" / "counts.parquet", rows)
        entry = Entry("mps_recorded_crime", "2021-12", "x.csv", "0" * 64, 1, 0, {"counts": "counts.parquet"})
        write_catalogue(tmp_path, Catalogue((entry,)))
        settings = load_settings()
        return Board(settings, Store(tmp_path), AreaBook.of(settings).find("Bromley"), PERIOD, "board")

    return make


def test_the_page_names_what_to_watch_and_its_record(board) -> None:
    page = EarlyWarning(board(history(mean=200, growth=0.3)))
    said = str(page.sentence())
    assert said.startswith("Likely to be asked about in December 2021: Burglary (about ")
    assert "12 of 12 warnings came true" in said
    (line,) = page.table().rows
    assert [cell.text for cell in line[-2:]] == ["12 of 12", "0 of 0"]
    assert line[4].text.endswith("%, watch")


def test_a_month_outside_its_band_is_said(board) -> None:
    series = history()
    series[PERIOD] = 300
    assert "Outside the band in November 2021: Burglary (300, above " in str(EarlyWarning(board(series)).sentence())


def test_a_short_history_gives_a_sentence(board) -> None:
    page = EarlyWarning(board(history(months=5)))
    assert (
        str(page.table()) == str(page.sentence()) == "The history is too short to expect anything of the coming month."
    )


def test_without_a_month_known_there_is_no_record() -> None:
    found = outlook(history())
    bare = replace(found, months=found.months.assign(inside=None))
    assert record_sentence([bare]) == "There is no record yet."
