"""Months, windows and the windows before them."""

from __future__ import annotations

import pandas as pd
import pytest

from crimelib.errors import InputError
from crimelib.measures.periods import (
    WINDOWS,
    both_halves,
    month_label,
    month_spans,
    parse_period,
    previous_months,
    window_length,
    window_months,
)


@pytest.mark.parametrize(
    "text", ["2021-13", "2021-1", "202111", "2021-11-01", " 2021-11", "2021-11\n", "", "1899-12", "２０２１-11"]
)
def test_what_is_no_month_is_refused(text: str) -> None:
    with pytest.raises(InputError, match="is not a month"):
        parse_period(text)


def test_a_refused_month_says_how_to_write_one() -> None:
    with pytest.raises(InputError) as refused:
        parse_period("2021-13")
    assert str(refused.value) == "period '2021-13' is not a month; write it as \"2021-11\", quoted in YAML"


@pytest.mark.parametrize("value", [2021.11, 202111, None, pd.Period("2021-11", freq="M")])
def test_what_yaml_may_make_of_a_month_is_refused(value: object) -> None:
    with pytest.raises(InputError, match="quoted in YAML"):
        parse_period(value)


@pytest.mark.parametrize(("period", "first"), [("2021-04", "2021-04"), ("2021-03", "2020-04"), ("2022-01", "2021-04")])
def test_the_police_year_begins_in_april(period: str, first: str) -> None:
    assert str(window_months(parse_period(period), "ytd")[0]) == first


@pytest.mark.parametrize("window", WINDOWS)
def test_a_window_ends_with_the_period_and_the_one_before_a_year_earlier(window: str) -> None:
    period = parse_period("2020-02")
    now, before = window_months(period, window), previous_months(period, window)
    assert now[-1] == period
    assert before[-1] == parse_period("2019-02")
    assert len(now) == len(before) == window_length(period, window)
    assert list(before + 12) == list(now)


def test_an_unknown_window_is_refused() -> None:
    with pytest.raises(InputError) as refused:
        window_length(parse_period("2021-11"), "year")
    assert str(refused.value) == "window 'year' is unknown; use one of month, quarter, ytd, rolling_12"


@pytest.mark.parametrize(
    ("period", "window", "length"),
    [("2021-11", "month", 1), ("2021-11", "quarter", 3), ("2021-11", "rolling_12", 12), ("2021-11", "ytd", 8),
     ("2021-04", "ytd", 1), ("2021-03", "ytd", 12)],
)  # fmt: skip
def test_how_many_months_a_window_has(period: str, window: str, length: int) -> None:
    assert window_length(parse_period(period), window) == length


def test_both_halves_of_a_window_are_the_months_a_year_before_and_then_its_own() -> None:
    before, now = ("2019-12", "2020-01", "2020-02"), ("2020-12", "2021-01", "2021-02")
    assert both_halves(parse_period("2021-02"), "quarter") == (*before, *now)


def test_a_month_in_words() -> None:
    assert month_label(parse_period("2021-11")) == "November 2021"


def test_months_that_follow_each_other_are_one_span() -> None:
    assert month_spans(["2023-01", "2022-12", "2020-08", "2023-01"]) == "August 2020, December 2022 to January 2023"
    assert month_spans(["2021-11", "2021-12", "2022-01", "2022-03"]) == "November 2021 to January 2022, March 2022"
    assert month_spans([]) == ""
