"""What a change is read against, and what is withheld."""

from __future__ import annotations

from functools import cache

import pandas as pd
import pytest
from areas_store import CITY, MONTHS, borough_file, processed, street_file

from crimelib.areas import AreaBook
from crimelib.board.comparators import comparators, comparison_rows, last_before, total_before
from crimelib.board.item import Board, ItemPage
from crimelib.board.tables import Table
from crimelib.board.text import Text
from crimelib.errors import InputError
from crimelib.measures.series import histories
from crimelib.settings import Break, load_settings
from crimelib.tables.store import Store

SETTINGS = load_settings()
BOOK = AreaBook.of(SETTINGS)
PERIOD = pd.Period("2021-11", freq="M")
BROMLEY_STREET = ("metropolitan", "Metropolitan Police Service", "E01000649,Bromley 007B")
CENSUS = "Electoral wards and divisions Code,Electoral wards and divisions,Residence type,Observation\n"


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    files = borough_file(SETTINGS, {"Bromley": (90, 100, 60), "Croydon": (60, 50, 50), "Sutton": (50, 50, 40)})
    police = street_file(*BROMLEY_STREET) | street_file(*CITY)
    return processed(tmp_path_factory.mktemp("comparators"), SETTINGS, files | police)


@cache
def board_of(store: Store, area: str, period: pd.Period) -> Board:
    return Board(SETTINGS, store, BOOK.find(area), period, "board")


def page(store: Store, item: str = "burglary", area: str = "Bromley", period: pd.Period = PERIOD) -> ItemPage:
    return board_of(store, area, period).item(item)


def cells(table: Table | Text, name: str) -> list[str]:
    assert isinstance(table, Table)
    return next([cell.text for cell in line] for line in table.rows if line[0].text == name)


def test_a_borough_is_read_against_its_unit_london_and_similar_boroughs() -> None:
    listed = comparators(SETTINGS, BOOK.find("Bromley"))
    assert [each.name for each in listed[:4]] == [
        "Bromley",
        "South Area (Bromley, Croydon and Sutton)",
        "London",
        "Similar boroughs together",
    ]
    assert listed[3].members == tuple(each.code for each in listed[4:])
    assert len(listed) == 9


def test_a_unit_is_read_against_london_and_its_boroughs_and_london_against_none() -> None:
    unit = comparators(SETTINGS, BOOK.find("South Area"))
    assert [each.name for each in unit[1:]] == ["London", "Bromley", "Croydon", "Sutton"]
    assert len(comparators(SETTINGS, BOOK.find("London"))) == 1


def test_similar_boroughs_are_declared_for_every_borough_of_the_same_part() -> None:
    parts = {row.name: row.part for row in SETTINGS.similar.values()}
    assert set(SETTINGS.similar) == BOOK.metropolitan_codes()
    for row in SETTINGS.similar.values():
        assert len(set(row.names)) == 5
        assert row.name not in row.names
        assert {parts[name] for name in row.names} == {row.part}
        assert BOOK.find(row.code).name == row.name
        assert "to be confirmed" in row.source


def test_figures_are_the_sums_over_the_same_window(store: Store) -> None:
    table = page(store).compared_table()
    assert cells(table, "Bromley") == ["Bromley", "720", "1,200", "−480 (−40%)", "▼ decrease", "1,080", "−33%"]
    south = cells(table, "South Area")
    assert south[1:4] == ["1,800", "2,400", "−600 (−25%)"]
    assert south[5:] == ["2,400", "−25%"]
    london = 29 * 120
    assert cells(table, "London")[1:3] == [f"{london + 1800:,}", f"{london + 2400:,}"]


def test_the_sentence_gives_counts_window_and_the_time_before_the_pandemic(store: Store) -> None:
    changes, against, since = page(store).compared().lines
    assert changes.startswith(
        "Burglary in Bromley fell 40%, from 1,200 to 720 recorded offences in the twelve months to November 2021; "
        "in South Area it fell 25%, from 2,400 to 1,800; in London it fell 10%, from 5,880 to 5,280; "
    )
    assert changes.endswith("in the similar boroughs together it showed no clear change (0%, from 1,080 to 1,080).")
    assert against == "The change in Bromley is below London's; a difference this size is unlikely to be chance."
    assert "in the twelve months to November 2019: Bromley −33% (1,080 to 720)" in since


def test_a_measure_that_no_other_area_has_is_said_to_have_none(store: Store) -> None:
    asb = page(store, "asb")
    assert str(asb.compared()) == (
        "No other area at hand has anti-social behaviour incidents over this window on the same basis."
    )
    assert "London" in str(asb.compared_table())


def test_an_area_whose_own_windows_do_not_compare_says_why(store: Store) -> None:
    assert "cannot be set beside other areas. No data" in str(page(store, "hate_crime").compared())
    assert str(page(store, area="London").compared()) == "No area is declared to compare London with."


def test_rows_of_an_area_without_every_month_are_withheld(tmp_path) -> None:
    gone = borough_file(SETTINGS, {})
    ((name, text),) = gone.items()
    short = "\n".join(line for line in text.splitlines() if ",Croydon," not in line) + "\n"
    board = Board(SETTINGS, processed(tmp_path, SETTINGS, {name: short}), BOOK.find("Bromley"), PERIOD, "board")
    rows = comparison_rows(board, "burglary").set_index("label")
    assert rows.loc["Croydon", "status"] == "no_data"
    for label in ("Croydon", "South Area (Bromley, Croydon and Sutton)", "London", "Similar boroughs together"):
        assert rows.loc[label, ["current", "previous"]].isna().all()
    assert "for South Area" in str(board.item("burglary").compared_table())


def test_rates_stand_only_where_every_area_has_residents(store: Store, tmp_path) -> None:
    assert "no rates are given" in str(page(store).compared_table())
    census = CENSUS + "".join(
        f"{ward.code},a ward,1,{1000 if ward.borough_code == 'E09000006' else 2000}\n"
        for ward in SETTINGS.wards
        if ward.ward_set == "2022"
    )
    files = borough_file(SETTINGS, {}) | {"geography/2021/census.csv": census}
    rates = page(processed(tmp_path, SETTINGS, files)).compared_table()
    assert cells(rates, "Bromley")[-1] == f"{120 / 22:.1f}"


@pytest.mark.parametrize(
    ("period", "expected"),
    [("2021-11", "2019-11"), ("2021-03", "2019-03"), ("2021-02", None), ("2019-11", None), ("2023-07", "2019-07")],
)
def test_the_year_before_the_pandemic_is_the_last_that_says_something_new(period: str, expected: str | None) -> None:
    found = last_before(pd.Period(period, freq="M"), pd.Period("2020-03", freq="M"))
    assert (str(found) if found is not None else None) == expected


def test_a_break_since_then_withholds_the_time_before_the_pandemic(store: Store) -> None:
    board = page(store).board
    measure = SETTINGS.items["burglary"].measures["burglary"]
    history, *_ = histories(board.counts, measure.figures, SETTINGS.sources.bases)
    asked = history, "E09000006", pd.Period("2019-11", freq="M"), PERIOD, "rolling_12"
    moved = Break(month="2021-03", what="counted anew", effect="not_comparable")
    assert total_before(*asked, ()) == 1080
    assert total_before(*asked, (moved,)) is None
    assert total_before(history, "E09000006", pd.Period("2019-10", freq="M"), PERIOD, "rolling_12", ()) is None


def test_nothing_is_said_of_the_time_before_the_pandemic_within_it(store: Store) -> None:
    early = page(store, period=pd.Period(MONTHS[23], freq="M"))
    assert len(early.compared().lines) == 2
    assert str(early.before_covid()) == "The year before is itself the last before the pandemic."


def test_an_unknown_measure_names_the_known_ones(store: Store) -> None:
    with pytest.raises(InputError, match="known: ndvwi"):
        comparison_rows(page(store).board, "burglaries")
