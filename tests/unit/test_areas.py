"""Every area a pack can be made of: boroughs, the City, London, command units, other forces' districts."""

from __future__ import annotations

import pandas as pd
import pytest
from areas_store import CITY, LEEDS, borough_file, processed, street_file

from crimelib.areas import LONDON, AreaBook
from crimelib.board.summary import row_of, summary
from crimelib.errors import InputError
from crimelib.measures.areas import area_counts
from crimelib.settings import load_settings
from crimelib.tables.store import Store

SETTINGS = load_settings()
BOOK = AreaBook.of(SETTINGS)
PERIOD = pd.Period("2021-11", freq="M")
METROPOLITAN = [area.name for area in BOOK.boroughs() if area.name != "City of London"]


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    files = borough_file(SETTINGS, {"Bromley": (9, 8, 7), "Croydon": (20, 20, 20), "Sutton": (5, 5, 5)})
    return processed(tmp_path_factory.mktemp("areas"), SETTINGS, files | street_file(*LEEDS) | street_file(*CITY))


def figures(store: Store, area: str, measure: str) -> tuple[int, int]:
    row = row_of(summary(store, SETTINGS, BOOK.find(area), PERIOD), measure)
    return row["current"], row["previous"]


@pytest.mark.parametrize("name", METROPOLITAN)
def test_every_borough_has_its_own_summary(store: Store, name: str) -> None:
    own = {"Bromley": (84, 96), "Croydon": (240, 240), "Sutton": (60, 60)}
    assert figures(store, name, "burglary") == own.get(name, (120, 120))


def test_london_is_the_sum_of_its_boroughs(store: Store) -> None:
    assert figures(store, "London", "burglary") == (29 * 120 + 84 + 240 + 60, 29 * 120 + 96 + 240 + 60)


def test_the_city_and_a_district_elsewhere_have_what_police_uk_gives(store: Store) -> None:
    for area in ("City of London", "Leeds"):
        assert figures(store, area, "asb") == (24, 24)
        assert figures(store, area, "burglary") == (0, 0)
        assert row_of(summary(store, SETTINGS, BOOK.find(area), PERIOD), "vehicle_theft")["status"] == "no_data"


def test_an_area_that_nothing_compares_in_still_has_a_summary(store: Store) -> None:
    rows = summary(store, SETTINGS, BOOK.find("Leeds"), pd.Period("2018-12", freq="M"))
    assert set(rows["status"]) == {"incomplete", "no_data"}
    assert rows["current"].isna().all()


def test_a_command_unit_is_the_sum_of_its_boroughs(store: Store) -> None:
    assert figures(store, "South Area", "burglary") == (84 + 240 + 60, 96 + 240 + 60)


def test_units_and_boroughs_come_from_one_reading(store: Store) -> None:
    stored = area_counts(store, SETTINGS, [BOOK.find("South Area"), BOOK.find("Bromley")])
    assert set(stored["area_code"]) == {"unit:south_area", "E09000006"}
    assert len(stored) == 2 * 36


def test_every_command_unit_of_several_boroughs_is_an_area() -> None:
    assert len(BOOK.units) == 12
    assert {code for unit in BOOK.units for code in BOOK.members(unit)} == BOOK.metropolitan_codes()
    south = BOOK.find("south area")
    assert [BOOK.name_of(code) for code in BOOK.members(south)] == ["Bromley", "Croydon", "Sutton"]


def test_a_district_is_found_by_code_and_by_the_names_it_had() -> None:
    assert BOOK.find("E06000063").name == BOOK.find("Allerdale").name == "Cumberland"
    assert BOOK.find("E09000006").level == "borough"
    assert BOOK.find(LONDON).level == "london"


def test_a_publishers_file_may_not_name_a_unit_or_a_district() -> None:
    assert BOOK.get("South Area") is None
    assert BOOK.get("Leeds") is None


def test_an_unknown_area_names_the_nearest() -> None:
    with pytest.raises(InputError, match=r"nearest known: .*Leeds"):
        BOOK.find("Leads")
    with pytest.raises(InputError, match=r"known: .*South Area"):
        BOOK.find("Xyzzy")
