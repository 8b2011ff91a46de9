"""Bromley's real attitudes, December 2020 and December 2021, with intervals from statsmodels."""

from __future__ import annotations

from pathlib import Path

import pytest
from statsmodels.stats.proportion import confint_proportions_2indep, proportion_confint

from crimelib.areas import AreaBook
from crimelib.board import perception
from crimelib.board.item import Board
from crimelib.measures.periods import parse_period
from crimelib.settings import load_settings
from crimelib.stats.survey import wave_change
from crimelib.tables.clean import clean
from crimelib.tables.store import Store

pytestmark = pytest.mark.real
EFFECTIVE = 400 / 1.5


@pytest.fixture(scope="module")
def board(published_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Board:
    folder = tmp_path_factory.mktemp("attitudes")
    (folder / "raw" / "mopac_pas").mkdir(parents=True)
    (folder / "raw" / "mopac_pas" / "2024-01").symlink_to(published_data / "mopac-pas", target_is_directory=True)
    settings = load_settings()
    clean(folder / "raw", folder / "processed", settings)
    bromley = AreaBook(settings.areas).find("Bromley")
    return Board(settings, Store(folder / "processed"), bromley, parse_period("2021-12"), "board")


@pytest.mark.parametrize(
    ("measure", "now", "before"), [("good_job", 0.56, 0.67), ("trust_mps", 0.79, 0.89)], ids=["good job", "trust"]
)
def test_a_year_apart_both_fell_beyond_chance(board: Board, measure: str, now: float, before: float) -> None:
    changes = perception.survey_changes(board.store, board.settings, board.area, board.period)
    (found,) = [row for row in changes if row["measure"] == measure]
    assert (found["current"], found["previous"], found["signal"]) == (now, before, "decrease")
    test = wave_change(now, before, 400, 400, 1.5)
    low, high = confint_proportions_2indep(
        now * EFFECTIVE, EFFECTIVE, before * EFFECTIVE, EFFECTIVE, method="newcomb", compare="diff"
    )
    assert (test.low, test.high) == pytest.approx((low, high), abs=1e-9)


def test_the_bands_are_wilsons_on_the_effective_sample(board: Board) -> None:
    last = perception.intervals(board, "good_job").iloc[-1]
    expected = proportion_confint(0.56 * EFFECTIVE, EFFECTIVE, method="wilson")
    assert str(last["month"]) == "2021-12"
    assert (last["low"], last["high"]) == pytest.approx(expected, abs=1e-9)
    assert (last["low"], last["high"]) == pytest.approx((0.500, 0.618), abs=0.001)


def test_every_measure_goes_back_to_2014_but_trust_and_is_drawn(board: Board) -> None:
    for measure in board.settings.perception.measures:
        waves = perception.intervals(board, measure)
        assert str(waves["month"].iloc[0]) == ("2016-03" if measure == "trust_mps" else "2014-12"), measure
        assert perception.perception_trend(board, measure).data.shape[0] == len(waves)


def test_similar_boroughs_and_london_stand_beside_bromley(board: Board) -> None:
    table = perception.comparison_table(board)
    assert table.columns == ("Measure", "Bromley", "London", "Similar boroughs", "Against London")
    assert table.rows[0][1].text == "56% (−11)"
    assert not [cell for row in table.rows for cell in row if cell.absent]
