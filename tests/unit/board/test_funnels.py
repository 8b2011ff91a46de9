"""Wards in a funnel: what stands out, what is left out."""

from __future__ import annotations

import json

import pandas as pd

from crimelib.board.charts import Chart
from crimelib.board.funnels import ward_funnel
from crimelib.board.rates import steadied
from crimelib.board.text import Text
from crimelib.measures.rates import Exposure

WARDS = [f"W{number}" for number in range(10)]


def rows(currents: list[int | None]) -> pd.DataFrame:
    frame = pd.DataFrame({"breakdown_value": WARDS, "breakdown_label": [f"Ward {code}" for code in WARDS]})
    return frame.assign(current=pd.Series(currents, dtype=object), previous=100)


def people() -> Exposure:
    return Exposure("residents", 2021, pd.Series(10_000, index=WARDS))


def drawn(currents: list[int | None], residents: Exposure | None) -> Chart | Text:
    return ward_funnel(rows(currents), residents, label="Burglary", unit="recorded offences")


def test_a_ward_far_above_the_rest_stands_out() -> None:
    chart = drawn([300, *[100] * 9], people())
    assert "1 of 10 wards stand out from the others: Ward W0 (above, with 2.50 times" in chart.alt
    assert "their residents" in chart.alt


def test_wards_alike_do_not_stand_out() -> None:
    alt = drawn([100, 104, 97, 101, 99, 103, 98, 100, 102, 96], people()).alt
    assert "none of 10 wards stands out" in alt
    assert "from 0.96 times what the others would lead one to expect (Ward W9) to 1.04 times (Ward W1)" in alt


def test_without_residents_the_year_before_is_the_measure() -> None:
    assert "the year before" in drawn([100] * 10, None).alt


def test_a_withheld_ward_is_nowhere_in_the_chart() -> None:
    chart = drawn([None, *[100] * 9], people())
    assert "Ward W0" not in json.dumps(chart.payload())


def test_few_wards_are_not_set_against_each_other() -> None:
    assert isinstance(drawn([100, 100, *[None] * 8], people()), Text)


def test_a_small_ward_is_drawn_toward_the_others_most() -> None:
    counts = pd.Series({"small": 4, "large": 400, "other": 200})
    residents = pd.Series({"small": 500, "large": 100_000, "other": 40_000})
    plain, steady = 1000 * counts / residents, steadied(counts, residents)
    overall = 1000 * counts.sum() / residents.sum()
    assert overall < steady["small"] < plain["small"]
    assert abs(steady["small"] / plain["small"] - 1) > abs(steady["large"] / plain["large"] - 1)


def test_a_withheld_count_has_no_steadied_rate() -> None:
    steady = steadied(pd.Series({"a": None, "b": 10, "c": 12}, dtype=object), pd.Series({"a": 1, "b": 100, "c": 100}))
    assert pd.isna(steady["a"])
    assert steady[["b", "c"]].notna().all()


def test_a_ward_without_any_is_not_unusual_where_few_are_expected() -> None:
    few = Exposure("residents", 2021, pd.Series([300, *[10_000] * 9], index=WARDS))
    assert "none of 10 wards stands out" in drawn([0, *[100, 104, 97, 101, 99, 103, 98, 100, 102]], few).alt
