"""What a board notebook is given of an item, from a small set of files written by hand."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
from mps_files import lay_small

from crimelib.areas import AreaBook
from crimelib.board.item import Board, last_before, load_item
from crimelib.board.tables import Table
from crimelib.board.text import Text
from crimelib.board.titles import source_lines
from crimelib.errors import InputError
from crimelib.settings import load_settings
from crimelib.tables.clean import clean
from crimelib.tables.store import Store


@pytest.fixture(scope="module")
def processed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("small")
    clean(lay_small(folder / "raw"), folder / "processed", load_settings())
    return folder / "processed"


@pytest.fixture(scope="module")
def board(processed: Path) -> Board:
    settings = load_settings()
    return Board(
        settings, Store(processed), AreaBook.of(settings).find("Bromley"), pd.Period("2021-11", freq="M"), "board"
    )


def test_the_headline_is_a_sentence_with_the_figures(board: Board) -> None:
    text = str(board.item("burglary").headline())
    assert text.startswith("Burglary: 144 recorded offences in the twelve months to November 2021, against 144")


def test_without_data_every_answer_is_a_sentence(board: Board) -> None:
    page = board.item("asb")
    assert "no file at hand gives this" in str(page.headline())
    for answer in (page.trend(), page.trends(), page.wards(), page.before_covid()):
        assert isinstance(answer, Text)
        assert str(answer)


def test_without_ward_figures_one_line_says_so(board: Board) -> None:
    page = board.item("asb")
    said = [str(answer) for answer in (page.wards(), page.ward_map(), page.ward_funnel())]
    assert said == ["No file at hand gives anti-social behaviour incidents by ward.", "", ""]


def test_wards_withheld_are_not_in_the_table_s_figures(board: Board) -> None:
    rows = board.item("ndvwi").rows
    hidden = rows[(rows["status"] == "suppressed") & (rows["window"] == "rolling_12")]
    assert "E05000106" in set(hidden["breakdown_value"])
    assert hidden["current"].isna().all()
    assert isinstance(board.item("ndvwi").wards("domestic_vwi"), Table)


def test_monthly_counts_end_with_the_period(processed: Path) -> None:
    settings = load_settings()
    early = Board(
        settings, Store(processed), AreaBook.of(settings).find("Bromley"), pd.Period("2021-06", freq="M"), "board"
    )
    monthly = early.item("burglary").monthly("burglary")
    assert monthly["month"].iloc[-1] == "2021-06"
    assert set(monthly["count"]) == {12}


def test_missing_measures_are_listed_with_the_reason(board: Board) -> None:
    lines = board.missing().lines
    (told,) = [line for line in lines if line.endswith(": no file at hand gives this.")]
    assert "Knife crime; Knife crime with injury; " in told  # a reason once, with every measure that it holds for
    assert "Burglary" not in "".join(lines)


def test_an_unknown_item_or_measure_is_refused_with_the_known(board: Board) -> None:
    with pytest.raises(InputError, match=r"no item is called 'burglery'; known: ndvwi"):
        board.item("burglery")
    with pytest.raises(InputError, match="no measure"):
        board.item("burglary").trend("asb")


def test_a_notebook_s_bad_parameters_are_refused(processed: Path) -> None:
    with pytest.raises(InputError, match="no area is called"):
        load_item("burglary", "Bromly", "2021-11", processed=str(processed))
    with pytest.raises(InputError, match="is not a month"):
        load_item("burglary", "Bromley", "2021-13", processed=str(processed))


def test_caveats_are_those_of_months_shown(board: Board) -> None:
    caveats = str(board.item("ndvwi").caveats())
    assert "CONNECT" not in caveats
    assert "Covid" in caveats


@pytest.mark.parametrize(
    ("period", "before"),
    [("2021-11", "2019-11"), ("2022-02", "2020-02"), ("2022-03", "2019-03")],
)
def test_the_same_month_of_the_last_year_before(period: str, before: str) -> None:
    assert str(last_before(pd.Period(period, freq="M"), pd.Period("2020-03", freq="M"))) == before


def test_a_table_without_a_figure_is_one_line_with_its_reason(board: Board) -> None:
    page = board.item("weapons")
    (line,) = page.windows().lines
    assert line == "Knife crime over each window to November 2021: no figures (no file at hand gives this)."


def test_a_source_is_named_once_with_the_span_of_its_vintages(board: Board) -> None:
    rows = pd.DataFrame(
        [
            {"source": "police_uk / mps_recorded_crime", "vintage": "2024-01/2024-02 / 2023-09"},
            {"source": "police_uk", "vintage": "2024-03/2024-04"},
            {"source": "", "vintage": ""},
        ]
    )
    street, recorded = source_lines(board.settings, rows)
    assert street.endswith("(2024-01 to 2024-04, 4 files)")
    assert recorded == "MPS recorded crime, geographic breakdown (2023-09)"
