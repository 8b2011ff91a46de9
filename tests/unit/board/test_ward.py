"""One ward's page: which ward, that it shows the pack's own protected rows and no others, and what it says of them."""

from __future__ import annotations

import pandas as pd
import pytest
from mps_files import lay_small
from pydantic import ValidationError

from crimelib.areas import AreaBook
from crimelib.board.charts import Chart
from crimelib.board.item import Board
from crimelib.board.ward import WardPage, chosen_wards, place_among
from crimelib.errors import InputError
from crimelib.settings import WardRule, load_settings
from crimelib.tables.clean import clean
from crimelib.tables.store import Store


@pytest.fixture(scope="module")
def board(tmp_path_factory: pytest.TempPathFactory) -> Board:
    folder, settings = tmp_path_factory.mktemp("small"), load_settings()
    clean(lay_small(folder / "raw"), folder / "processed", settings)
    bromley, period = AreaBook.of(settings).find("Bromley"), pd.Period("2021-11", freq="M")
    return Board(settings, Store(folder / "processed"), bromley, period, "board")


@pytest.fixture(scope="module")
def page(board: Board) -> WardPage:
    return WardPage(board, chosen_wards(board, ["Bromley Town"])[0])


@pytest.mark.parametrize("name", ["Petts Wood and Knoll", " petts wood & KNOLL ", "E05000124", "e05000124"])
def test_a_ward_is_found_by_any_spelling_or_its_code(board: Board, name: str) -> None:
    assert [ward.code for ward in chosen_wards(board, [name])] == ["E05000124"]


def test_wards_are_taken_once_each_and_all_of_them_on_demand(board: Board) -> None:
    assert [ward.name for ward in chosen_wards(board, ["Darwin", "Bickley", "darwin"])] == ["Darwin", "Bickley"]
    assert len(chosen_wards(board, ["all"])) == 22


def test_a_ward_of_the_other_boundaries_is_refused_and_the_nearest_named(board: Board) -> None:
    with pytest.raises(InputError) as caught:
        chosen_wards(board, ["Bickley & Sundridge"])
    assert (
        "of May 2022; 2021-11 is counted in those before May 2022; nearest known: Plaistow and Sundridge, Bickley"
        in str(caught.value)
    )


def test_of_two_wards_of_one_name_the_page_says_which(board: Board) -> None:
    twice = str(WardPage(board, chosen_wards(board, ["Darwin"])[0]).caveats())
    assert "Two wards are called Darwin: this page is of E05000117, in the boundaries before May 2022" in twice
    assert "Two wards" not in str(WardPage(board, chosen_wards(board, ["Bickley"])[0]).caveats())


def test_every_figure_is_that_of_the_pack_s_protected_row(board: Board, page: WardPage) -> None:
    records = page.sentences().records
    shown = board.rows[(board.rows["breakdown_value"] == page.ward.code) & (board.rows["window"] == "rolling_12")]
    pack = {(row["item"], row["measure"]): (row["current"], row["status"]) for row in shown.to_dict("records")}
    assert {(each["item"], each["measure"]): (each["current"], each["status"]) for each in records} == pack


def test_a_withheld_ward_has_no_figure_place_or_rate(board: Board) -> None:
    first = WardPage(board, chosen_wards(board, ["Bickley"])[0])
    lines = {cells[0].text: [cell.text for cell in cells[1:]] for cells in first.standing().rows}
    assert lines["Domestic violence with injury"] == ["suppressed", "–", "–"]
    assert lines["Burglary"] == ["24", "1= of 22", "within the limits"]


def test_months_are_drawn_of_nothing_about_people(page: WardPage) -> None:
    chart = page.trends()
    assert isinstance(chart, Chart)
    assert set(chart.data["facet"]) == {"Burglary", "Residential burglary"}
    assert set(chart.data["count"]) == {2}
    for item in page.rows["item"].unique():
        about_people = any(measure.protected for measure in page.board.settings.items[item].measures.values())
        assert about_people != (item in page._drawn_items())


@pytest.mark.parametrize(("code", "place"), [("a", "1 of 4"), ("b", "2= of 4"), ("c", "2= of 4"), ("d", "4 of 4")])
def test_the_place_among_the_wards_shown(code: str, place: str) -> None:
    assert place_among(pd.Series({"a": 9.0, "b": 5.0, "c": 5.0, "d": 0.0}), code) == place


def test_the_panel_is_asked_about_a_rise_with_its_figures(board: Board) -> None:
    risen = board.rows.copy()
    hers = (risen["breakdown_value"] == "E05000109") & (risen["measure"] == "burglary")
    risen.loc[hers, ["current", "previous", "change", "signal"]] = [240, 24, 216, "increase"]
    changed = Board(board.settings, board.store, board.area, board.period, "board")
    object.__setattr__(changed, "rows", risen)
    asked = WardPage(changed, chosen_wards(changed, ["Bromley Town"])[0]).questions().lines
    assert asked[0].startswith("Burglary rose from 24 to 240 in the twelve months to November 2021")
    assert "what is different in Bromley Town" in asked[0]
    assert len(asked) <= board.settings.ward_panel.most


def test_a_quiet_ward_is_asked_what_is_always_asked(page: WardPage) -> None:
    assert len(page.questions().lines) == len(page.board.settings.ward_panel.always)


@pytest.mark.parametrize("rule", [{"ask": "Why?"}, {"signal": "increase", "ask": "Why {burglar}?"}, {"signal": "up"}])
def test_a_rule_that_asks_of_nothing_or_with_no_figure_is_refused(rule: dict[str, str]) -> None:
    with pytest.raises(ValidationError):
        WardRule.model_validate(rule)


def test_the_contacts_are_the_ward_s_own(page: WardPage) -> None:
    assert str(page.contacts()).startswith("Bromley Town Safer Neighbourhood Team: bromley-town@example.org")
