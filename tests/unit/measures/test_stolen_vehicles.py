"""Thefts of vehicles over two years, from the extracts that hold all that were counted, and crossed with what is said
of each."""

from __future__ import annotations

import pandas as pd
import pytest
from kept_tables import KeptTables

from crimelib.areas import AreaBook
from crimelib.measures.vehicles import crossed, window_thefts
from crimelib.settings import load_settings

SETTINGS = load_settings()
BOOK = AreaBook.of(SETTINGS)
BROMLEY, UNIT = BOOK.find("Bromley"), BOOK.find("South Area")
PERIOD = pd.Period("2021-11", freq="M")
MONTHS = [str(month) for month in pd.period_range("2019-12", "2021-11", freq="M")]
CLASSES = {"car": 3, "van": 2}


def extract(months: list[str], code: str = BROMLEY.code, vintage: int = 0, more: int = 0) -> list[dict[str, object]]:
    """Three cars and two vans stolen in every month, and some cars ``more``."""
    origin = {"source": "thefts", "vintage_order": vintage, "area_code": code}
    return [
        {**origin, "month": month, "vehicle_class": name, "count": number + (more if name == "car" else 0)}
        for month in months
        for name, number in CLASSES.items()
    ]


def counted(thefts: list[dict[str, object]]) -> list[dict[str, object]]:
    """What was counted of an extract, a series a class."""
    labels = {"vintage": "v", "basis": "extract", "area_level": "borough"}
    return [{**each, **labels, "series": f"vehicle_theft_{each['vehicle_class']}"} for each in thefts]


def found(thefts: list[dict[str, object]], counts: list[dict[str, object]] | None = None, area=BROMLEY) -> pd.DataFrame:
    stored = counted(thefts) if counts is None else counts
    tables = {"vehicle_thefts": pd.DataFrame(thefts), "counts": pd.DataFrame(stored)}
    return window_thefts(KeptTables(tables), SETTINGS, area, PERIOD)


def test_the_twelve_months_to_a_period_and_the_twelve_before() -> None:
    thefts = found(extract(["2019-11", *MONTHS, "2021-12"]))
    assert sorted(set(thefts["month"])) == MONTHS
    assert thefts.groupby("now")["count"].sum().to_dict() == {False: 60, True: 60}
    assert thefts.loc[thefts["now"], "month"].min() == "2020-12"
    assert list(thefts.index) == list(range(48))


@pytest.mark.parametrize("left_out", [MONTHS[0], MONTHS[12], MONTHS[-1]])
def test_a_month_without_an_extract_leaves_no_figure(left_out: str) -> None:
    assert found(extract([month for month in MONTHS if month != left_out])).empty


def test_without_any_extract_there_are_no_thefts() -> None:
    assert window_thefts(KeptTables({}), SETTINGS, BROMLEY, PERIOD).empty
    assert window_thefts(KeptTables({"vehicle_thefts": pd.DataFrame(extract(MONTHS, code="E09000001"))}), SETTINGS,
                         BROMLEY, PERIOD).empty  # fmt: skip


def test_the_latest_vintage_of_a_month_counts_alone() -> None:
    thefts = found([*extract(MONTHS), *extract(["2021-11"], vintage=1, more=4)])
    assert thefts.groupby("month")["count"].sum().to_dict() == dict.fromkeys(MONTHS[:-1], 5) | {"2021-11": 9}


def test_a_vintage_that_holds_other_numbers_than_were_counted_is_passed_over() -> None:
    """Two files of one vintage on one month: which thefts stand in both cannot be told."""
    later = extract(["2021-11"], vintage=1)
    twice = [*extract(MONTHS), *later, *later]
    thefts = found(twice, counted([*extract(MONTHS), *later]))
    assert thefts["count"].sum() == 24 * 5
    assert set(thefts["vintage_order"]) == {0}
    assert found([*extract(MONTHS), *extract(["2021-11"])], counted(extract(MONTHS))).empty


def test_other_series_are_not_counted_among_the_thefts() -> None:
    other = [{**each, "series": "burglary"} for each in counted(extract(MONTHS))]
    assert found(extract(MONTHS), [*counted(extract(MONTHS)), *other])["count"].sum() == 24 * 5


def test_a_command_unit_has_the_months_that_all_its_boroughs_cover() -> None:
    codes = BOOK.members(UNIT)
    whole = [row for code in codes for row in extract(MONTHS, code)]
    assert found(whole, area=UNIT)["count"].sum() == len(codes) * 24 * 5
    assert found([row for row in whole if row["area_code"] != codes[0] or row["month"] != "2021-11"], area=UNIT).empty


def test_thefts_crossed_with_what_is_said_of_each() -> None:
    rows = [("car", True, "keyless", 3), ("car", True, "keyless", 2), ("car", False, "keys", 4), ("van", True, "x", 9)]
    thefts = pd.DataFrame(rows, columns=["vehicle_class", "now", "method", "count"])
    table = crossed(thefts, "method", ["keys", "keyless", "towed"])
    assert list(table.columns) == [(now, method) for now in (True, False) for method in ("keys", "keyless", "towed")]
    assert table.loc["car"].tolist() == [0, 5, 0, 4, 0, 0]
    assert table.loc["van"].tolist() == [0] * 6
