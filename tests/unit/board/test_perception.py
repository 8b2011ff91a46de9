"""Public attitudes: which waves are compared, what is said against others, and what the sample can carry."""

from __future__ import annotations

import pandas as pd
import pytest

from crimelib.areas import AreaBook
from crimelib.board import perception
from crimelib.board.item import Board
from crimelib.measures.periods import parse_period
from crimelib.settings import load_settings
from crimelib.tables.clean import clean
from crimelib.tables.store import Store

SETTINGS = load_settings()
SIMILAR = SETTINGS.similar["E09000006"].names


@pytest.fixture(scope="module")
def board(tmp_path_factory: pytest.TempPathFactory) -> Board:
    """Five quarters of two measures: Bromley falls, London stays, the similar boroughs rise; one has a gap."""
    folder = tmp_path_factory.mktemp("attitudes")
    rows = []
    for place, end in enumerate(["2020-09-30", "2020-12-31", "2021-03-31", "2021-06-30", "2021-09-30"]):
        for name, first, step in [("Bromley", 0.70, -0.05), *((name, 0.50, 0.01) for name in SIMILAR)]:
            rows.append((end, "PAS", name, "Good job", round(first + step * place, 2), 0.60))
        rows.append((end, "PAS", "Bromley", "Contact ward officer", 0.30, 0.25))
    path = folder / "raw" / "mopac_pas" / "2021-11"
    path.mkdir(parents=True)
    table = pd.DataFrame(rows, columns=["Date", "Survey", "Borough", "Measure", "Proportion", "MPS"])
    table.to_csv(path / "PAS.csv", index=False)
    clean(folder / "raw", folder / "processed", SETTINGS)
    bromley = AreaBook(SETTINGS.areas).find("Bromley")
    return Board(SETTINGS, Store(folder / "processed"), bromley, parse_period("2021-11"), "board")


def test_only_waves_a_year_apart_are_compared(board: Board) -> None:
    (found,) = [
        row
        for row in perception.survey_changes(board.store, board.settings, board.area, board.period)
        if row["measure"] == "good_job"
    ]
    assert (found["current"], found["previous"], found["signal"]) == (0.5, 0.7, "decrease")


def test_others_stand_beside_with_their_own_change(board: Board) -> None:
    table = perception.comparison_table(board)
    assert [cell.text for cell in table.rows[0]] == [
        "Police do a good job in the local area",
        "50% (−20)",
        "60% (0)",
        "54% (+4)",
        "lower",
    ]


def test_a_similar_borough_without_figures_leaves_no_figure(board: Board) -> None:
    table = perception.comparison_table(board)
    contact = next(row for row in table.rows if row[0].text == "Knows how to contact the ward officer")
    assert contact[1].text == "30% (0)"
    assert contact[3].absent


def test_what_a_ward_cannot_show_is_said_once(board: Board) -> None:
    said = str(perception.sample_note(board))
    assert said.count("nothing can be said of a ward") == 1
    assert "12 points" in said
    assert "56 points" in said
    assert SETTINGS.perception.survey.sample_source in said
    assert SETTINGS.perception.survey.design_effect_source in said


@pytest.mark.parametrize(
    ("day", "before", "first"),
    [("2021-10-04", "2021-09", "2022-12"), ("2021-12-31", "2021-09", "2022-12"), ("2022-01-01", "2021-12", "2023-03")],
)
def test_the_refresh_is_followed_from_wave_to_wave(day: str, before: str, first: str) -> None:
    assert tuple(map(str, perception.refresh_waves(pd.Timestamp(day)))) == (before, first)


def test_the_contact_measure_says_when_the_refresh_can_show(board: Board) -> None:
    said = str(perception.contact_followed(board))
    assert "30% (25% to 36%) to September 2020; 30% (25% to 36%) to September 2021" in said
    assert "4 October 2021" in said
    assert "that to December 2022" in said


def test_a_trend_needs_two_quarters(board: Board) -> None:
    assert "not two quarters" in str(perception.perception_trend(board, "trust_mps"))
    chart = perception.perception_trend(board, "good_job")
    assert list(chart.data["month"]) == ["2020-09", "2020-12", "2021-03", "2021-06", "2021-09"]
    assert "50% in the twelve months to September 2021" in chart.alt
