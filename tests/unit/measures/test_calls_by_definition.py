"""Calls about anti-social behaviour: which a definition counts, how its rule reads, and a unit of two boroughs."""

from __future__ import annotations

import pandas as pd
import pytest
from kept_tables import KeptTables

from crimelib.areas import AreaBook
from crimelib.errors import InputError
from crimelib.measures.asb import Calls, asb_monthly, definitions, latest, read_calls, selected
from crimelib.settings import AsbDefinition, AsbTag, load_settings

SETTINGS = load_settings()
UNIT = AreaBook.of(SETTINGS).units[0]
MEMBERS = AreaBook.of(SETTINGS).members(UNIT)
CALLS = pd.DataFrame(
    [
        ("noise", "personal", "party"),
        ("noise", "nuisance", ""),
        ("animals", "personal", "dog;party"),
        ("animals", "environmental", "dog"),
    ],
    columns=["heading", "qualifier", "tags"],
)


@pytest.mark.parametrize(
    ("tests", "counted"),
    [
        ({}, [0, 1, 2, 3]),
        ({"headings": ("noise",)}, [0, 1]),
        ({"without_headings": ("noise",)}, [2, 3]),
        ({"qualifiers": ("personal",)}, [0, 2]),
        ({"tags": ("party",)}, [0, 2]),
        ({"tags": ("party", "dog")}, [0, 2, 3]),
        ({"without_tags": ("dog",)}, [0, 1]),
        ({"untagged": True}, [1]),
        ({"headings": ("animals",), "qualifiers": ("personal",), "tags": ("dog",)}, [2]),
        ({"headings": ("noise",), "without_tags": ("party",)}, [1]),
    ],
)
def test_a_definition_counts_the_calls_that_pass_all_its_tests(tests: dict[str, object], counted: list[int]) -> None:
    chosen = selected(CALLS, AsbDefinition(label="Any", counts="any", **tests))
    assert list(chosen[chosen].index) == counted


@pytest.mark.parametrize(
    ("tag", "rule"),
    [
        (AsbTag(label="T", words=("loud", "alarm*")), "opening words such as loud, alarm"),
        (AsbTag(label="T", words=("a", "b", "c")), "opening words such as a, b, c"),
        (AsbTag(label="T", words=("a", "b", "c", "d"), codes=("X",)), "opening words such as a, b, c, …"),
        (AsbTag(label="T", codes=("X",)), "opening code X"),
        (AsbTag(label="T", codes=("X", "Y")), "opening code X or Y"),
    ],
)
def test_a_tag_is_a_definition_that_says_what_gives_it(tag: AsbTag, rule: str) -> None:
    taxonomy = SETTINGS.asb_taxonomy.model_copy(update={"tags": {"t": tag}})
    assert definitions(taxonomy)["t"] == AsbDefinition(label="T", counts=rule, tags=("t",))
    assert list(definitions(taxonomy))[:-1] == list(taxonomy.definitions)


def test_an_unknown_definition_is_refused_with_those_that_are_known() -> None:
    with pytest.raises(InputError) as refused:
        asb_monthly(KeptTables({}), SETTINGS, UNIT, "everything")
    known = ", ".join(definitions(SETTINGS.asb_taxonomy))
    assert str(refused.value) == f"definition: no definition is called 'everything'; known: {known}"


def counts(month: str, *numbers: int, series: str = "asb_calls") -> list[dict[str, object]]:
    labels = {"source": "asb_calls", "vintage": "v", "vintage_order": 0, "basis": "calls", "area_level": "borough"}
    return [
        {**labels, "series": series, "area_code": code, "month": month, "count": count}
        for code, count in zip(MEMBERS, numbers, strict=False)
    ]


def calls_of(month: str, *numbers: int) -> list[dict[str, object]]:
    labels = {"source": "asb_calls", "vintage_order": 0, "heading": "noise", "qualifier": "personal", "tags": ""}
    return [
        {**labels, "area_code": code, "month": month, "count": count}
        for code, count in zip(MEMBERS, numbers, strict=False)
    ]


def test_a_unit_has_its_boroughs_calls_in_months_that_all_of_them_cover() -> None:
    both, one = [3] * len(MEMBERS), [5] * (len(MEMBERS) - 1)
    table = [*counts("2021-01", *both), *counts("2021-02", *one), *counts("2021-01", *both, series="burglary")]
    rows = [*calls_of("2021-01", *both), *calls_of("2021-02", *one)]
    store = KeptTables({"counts": pd.DataFrame(table), "asb_calls": pd.DataFrame(rows)})
    calls = read_calls(store, SETTINGS, UNIT)
    assert calls.area_code == UNIT.code
    assert calls.covered[["series", "month", "count"]].to_numpy().tolist() == [
        ["asb_calls", "2021-01", 3 * len(MEMBERS)]
    ]
    assert read_calls(KeptTables({}), SETTINGS, UNIT) is None


def test_a_month_whose_calls_do_not_add_up_to_its_count_is_left_out() -> None:
    store = KeptTables(
        {
            "counts": pd.DataFrame(counts("2021-01", *[3] * len(MEMBERS))),
            "asb_calls": pd.DataFrame(calls_of("2021-01", *[4] * len(MEMBERS))),
        }
    )
    assert read_calls(store, SETTINGS, UNIT).covered.empty


def test_the_latest_calls_are_those_of_each_months_newest_vintage() -> None:
    rows = pd.DataFrame(
        {"month": ["2021-01", "2021-01", "2021-02"], "vintage_order": [0, 1, 0], "count": [9, 2, 3], "tags": "x"}
    )
    covered = pd.DataFrame({"month": ["2021-01", "2021-01", "2021-02"], "vintage_order": [0, 1, 0]})
    assert latest(Calls("A", rows, covered)).to_dict("records") == [
        {"month": "2021-01", "vintage_order": 1, "count": 2, "tags": "x"},
        {"month": "2021-02", "vintage_order": 0, "count": 3, "tags": "x"},
    ]
