"""Areas that are the sum of others, from stored counts."""

from __future__ import annotations

import pandas as pd
from kept_tables import KeptTables

from crimelib.areas import AreaBook
from crimelib.measures.areas import area_counts, counts_with_wards, member_counts, with_sums
from crimelib.settings import load_settings


def test_a_sum_without_one_of_its_members_is_missing_and_not_smaller() -> None:
    keys = {"source": "s", "vintage": "v", "vintage_order": 0, "series": "x", "basis": "b", "area_level": "borough"}
    rows = [("A", "2021-01", 3), ("B", "2021-01", 4), ("A", "2021-02", 3)]
    stored = pd.DataFrame([{**keys, "area_code": area, "month": month, "count": count} for area, month, count in rows])
    made = with_sums(stored, {"U": ["A", "B"]})
    assert made[["area_code", "month", "count"]].to_dict("records") == [
        {"area_code": "U", "month": "2021-01", "count": 7}
    ]


def test_the_row_listed_later_counts_once_in_a_sum() -> None:
    keys = {"source": "s", "vintage": "v", "vintage_order": 0, "series": "x", "basis": "b", "month": "2021-01"}
    rows = [("A", 3), ("A", 5), ("B", 4)]
    stored = pd.DataFrame([{**keys, "area_code": area, "count": count} for area, count in rows])
    assert with_sums(stored, {"U": ["A", "B"], "B": ["B"]})[["area_code", "count"]].to_numpy().tolist() == [
        ["B", 4],
        ["U", 9],
    ]


def test_a_sum_is_labelled_as_a_unit_of_its_source_and_other_areas_are_left_out() -> None:
    keys = {"source": "s", "vintage": "v", "vintage_order": 0, "series": "x", "basis": "b", "month": "2021-01"}
    labels = {"area_level": "borough", "parent_code": "L", "area_name": "name"}
    stored = pd.DataFrame([{**keys, **labels, "area_code": area, "count": 3} for area in ("A", "B", "Z")])
    made = with_sums(stored, {"U": ["A", "B"], "A": ["A"]})
    assert list(made.index) == [0, 1]
    assert made.to_dict("records") == [
        {**keys, **labels, "area_code": "A", "count": 3},
        {**keys, "area_level": "unit", "parent_code": "", "area_name": "U", "area_code": "U", "count": 6},
    ]


def test_where_nothing_is_added_up_the_counts_stay_as_they_are() -> None:
    stored = pd.DataFrame([{"area_code": "A", "count": 3}])
    assert with_sums(stored, {"A": ["A"]}) is stored
    assert with_sums(stored[:0], {"U": ["A", "B"]}).empty


def kept(codes: list[str], *series: str) -> KeptTables:
    keys = {"source": "s", "vintage": "v", "vintage_order": 0, "basis": "b", "month": "2021-01", "count": 3}
    rows = [{**keys, "area_code": code, "series": name} for code in codes for name in series]
    return KeptTables({"counts": pd.DataFrame(rows)})


def test_counts_of_areas_are_of_all_series_or_of_those_asked_for() -> None:
    tables, members = kept(["A", "B", "Z"], "burglary", "robbery"), {"U": ["A", "B"], "A": ["A"]}
    found = member_counts(tables, members)
    assert sorted(found[["area_code", "series", "count"]].itertuples(index=False, name=None)) == [
        ("A", "burglary", 3), ("A", "robbery", 3), ("U", "burglary", 6), ("U", "robbery", 6)]  # fmt: skip
    assert set(member_counts(tables, members, ["robbery"])["series"]) == {"robbery"}
    assert member_counts(tables, members, []).empty
    assert set(member_counts(tables, {"A": ["A"]}, ["robbery"])["area_code"]) == {"A"}


def test_an_area_s_counts_are_its_own_or_those_of_its_members() -> None:
    settings = load_settings()
    book = AreaBook.of(settings)
    unit, borough = book.find("South Area"), book.find("Bromley")
    found = area_counts(kept(book.members(unit), "burglary"), settings, [unit, borough])
    assert found.set_index("area_code")["count"].to_dict() == {unit.code: 9, borough.code: 3}


def test_a_borough_has_its_wards_and_a_command_unit_none() -> None:
    settings = load_settings()
    book = AreaBook.of(settings)
    unit, borough, period = book.find("South Area"), book.find("Bromley"), pd.Period("2021-01", freq="M")
    stored = kept([*book.members(unit), "W"], "burglary").tables["counts"].assign(parent_code="", area_level="borough")
    stored.loc[stored["area_code"] == "W", ["parent_code", "area_level"]] = borough.code, "ward"
    tables = KeptTables({"counts": stored})
    found = counts_with_wards(tables, settings, borough, period)
    assert found["area_code"].tolist() == [borough.code, "W"]
    found = counts_with_wards(tables, settings, unit, period)
    assert found[["area_code", "count"]].to_numpy().tolist() == [[unit.code, 9]]
