"""Burglary across the publisher's trees: each part only as far as its name counts the same thing."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pandas as pd
import pytest
from mps_files import BOROUGHS, BURGLARY, BUSINESS, csv_text, month_columns, put, recorded

from crimelib.areas import AreaBook
from crimelib.board.charts import Chart
from crimelib.board.item import Board, ItemPage
from crimelib.board.tables import Table
from crimelib.board.text import Text
from crimelib.production.recount import Line, recount
from crimelib.settings import load_settings
from crimelib.tables.clean import clean
from crimelib.tables.store import Store

SETTINGS = load_settings()
FAMILY_2024 = ["MajorText", "MinorText", "BoroughName"]
RESIDENTIAL, HOME, SHED = "BURGLARY IN A DWELLING", "RES BURGLARY OF A HOME", "RES BURGLARY OF UNCONNECTED BUILDING"
PREMISES, NON_DWELLING = "BURGLARY BUSINESS AND COMMUNITY", "BURGLARY NON-DWELLING"


def tree_2024(first: str, last: str, counts: dict[str, dict[str, int] | int]) -> str:
    """A borough file of 2024 or later: a count a month of each category, or counts by month (else 0)."""
    months = month_columns(first, last)
    rows = [
        ["BURGLARY", name, borough]
        + [each if isinstance(each, int) else each.get(f"{month[:4]}-{month[4:]}", 0) for month in months]
        for name, each in counts.items()
        for borough in BOROUGHS
    ]
    return csv_text([*FAMILY_2024, *months], rows)


def cleaned(folder: Path, vintages: Sequence[str]) -> Store:
    """The trees of 2019, of 2024 and the one of 2025 that names no non-dwelling and splits homes from sheds."""
    raw = folder / "raw"
    named = {"2024-02": 1, "2024-03": 9}
    files = {
        "2022-05": recorded("2018-01", "2022-04", {BURGLARY: 20, BUSINESS: 6}),
        "2024-05": tree_2024("2018-01", "2024-04", {RESIDENTIAL: 10, PREMISES: 4, NON_DWELLING: named}),
        "2025-12": tree_2024("2023-12", "2025-11", {HOME: 7, SHED: 3, PREMISES: 4}),
    }
    for vintage in vintages:
        put(raw, files[vintage], vintage=vintage)
    clean(raw, folder / "processed", SETTINGS)
    return Store(folder / "processed")


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    return cleaned(tmp_path_factory.mktemp("burglary"), ["2022-05", "2024-05", "2025-12"])


@pytest.fixture(scope="module")
def then(tmp_path_factory: pytest.TempPathFactory) -> Store:
    """What was at hand in May 2024."""
    return cleaned(tmp_path_factory.mktemp("burglary"), ["2022-05", "2024-05"])


def page(store: Store, period: str) -> ItemPage:
    area = AreaBook.of(SETTINGS).find("Bromley")
    return Board(SETTINGS, store, area, pd.Period(period, freq="M"), "board").item("burglary")


def types(store: Store, period: str) -> pd.DataFrame:
    rows = page(store, period).rows
    return rows[(rows["breakdown"] == "type") & (rows["window"] == "rolling_12")].set_index("breakdown_value")


def test_non_dwelling_is_a_row_only_while_files_name_it(store: Store) -> None:
    assert list(types(store, "2024-04").index) == ["residential", "business_community", "non_dwelling"]
    assert list(types(store, "2023-12").index) == ["residential", "business_community"]
    assert list(types(store, "2025-11").index) == ["residential", "business_community"]


def test_a_passing_name_is_no_rise_and_no_collapse(then: Store) -> None:
    row = types(then, "2024-04").loc["non_dwelling"]
    assert (row["current"], row["status"], row["signal"]) == (10, "not_comparable", "")
    assert pd.isna(row["change"])
    assert "later files" in row["note"]
    table = page(then, "2024-04").breakdown("type")
    assert isinstance(table, Table)
    line = next([cell.text for cell in line] for line in table.rows if line[0].text == "Non-dwelling")
    assert line[3:] == ["–", "–"]
    drawn = page(then, "2024-04").parts("type")
    assert isinstance(drawn, Chart)
    assert set(drawn.data["part"]) == {"Residential", "Business and community"}


def test_the_parts_named_make_the_whole_before_and_after_the_name_is_given_up(store: Store, then: Store) -> None:
    for at_hand, non_dwelling in ((then, 10), (store, 0)):
        rows = page(at_hand, "2024-04").rows
        rows = rows[(rows["measure"] == "burglary") & (rows["window"] == "rolling_12")]
        parts = types(at_hand, "2024-04")["current"]
        assert parts["non_dwelling"] == non_dwelling
        assert rows[rows["breakdown"] == "total"]["current"].item() == parts.sum()


def test_another_path_counts_the_same(store: Store, then: Store) -> None:
    part = SETTINGS.items["burglary"].measures["burglary"].breakdowns["type"]["non_dwelling"]
    bromley = AreaBook.of(SETTINGS).find("Bromley")
    line = Line("burglary", "burglary", "type", "non_dwelling", bromley.code, part.figures, part.breaks)
    for at_hand, expected in ((then, 10), (store, 0)):
        asked = at_hand.folder, at_hand.catalogue, SETTINGS, bromley, [bromley.code], "2024-04", [line]
        assert recount(*asked)["burglary", "burglary", "type", "non_dwelling", "rolling_12"].current == expected


def test_homes_and_sheds_are_residential_burglary_from_the_month_that_files_split_them(store: Store) -> None:
    assert types(store, "2025-11").loc["residential", "current"] == 12 * (7 + 3)
    split = page(store, "2025-11").breakdown("building", "residential_burglary")
    assert isinstance(split, Table)
    assert [[cell.text for cell in line][:3] for line in split.rows] == [
        ["Homes", "84", "84"],
        ["Sheds, garages and other unconnected buildings", "36", "36"],
    ]
    assert isinstance(page(store, "2023-11").breakdown("building", "residential_burglary"), Text)


def test_the_page_says_what_each_tree_calls_the_parts_and_from_when(store: Store) -> None:
    said = page(store, "2024-04").category_names("type").lines
    tree = "MPS recorded crime by where it happened, files from 2024"
    assert f"Non-dwelling: “{NON_DWELLING}”, February 2024 to March 2024, 10 recorded offences in all ({tree})." in said
    assert any(
        line.startswith("Residential: “Burglary - Residential” or “Domestic Burglary”, January") for line in said
    )
    assert f"Residential: “{HOME}”, December 2023 to April 2024, 35 recorded offences in all ({tree})." in said
    before = page(store, "2021-11").category_names("type").lines
    assert not any("NON-DWELLING" in line or HOME in line for line in before)


def test_the_caveats_say_where_a_part_cannot_be_followed(store: Store) -> None:
    assert "later files appear to count" in str(page(store, "2025-11").caveats())
    assert "non-dwelling" not in str(page(store, "2021-11").caveats())


def test_before_the_pandemic_every_part_is_set_against_the_same_months(store: Store) -> None:
    said = page(store, "2025-11").before_covid(breakdown="type").lines
    assert said == (
        "Burglary: 168 recorded offences now against 168 in the twelve months to November 2019, "
        "the same months before the pandemic (0 more, +0%).",
        "Residential: 120 recorded offences now against 120 in the twelve months to November 2019, "
        "the same months before the pandemic (0 more, +0%).",
        "Business and community: 48 recorded offences now against 48 in the twelve months to November 2019, "
        "the same months before the pandemic (0 more, +0%).",
    )
    cannot = page(store, "2024-04").before_covid(breakdown="type").lines[-1]
    assert cannot.startswith("Non-dwelling: no file at hand has both")


def test_without_the_files_one_line_says_so(tmp_path: Path) -> None:
    put(tmp_path / "raw", recorded("2019-12", "2021-11", {("Sexual Offences", "Rape"): 3}))
    clean(tmp_path / "raw", tmp_path / "processed", SETTINGS)
    empty = page(Store(tmp_path / "processed"), "2021-11")
    assert str(empty.category_names("type")) == "No file of recorded crime at hand has these parts."
