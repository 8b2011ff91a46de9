"""Recent and non-recent: a row left out is no zero, and parts are put together until none is small."""

from __future__ import annotations

import pandas as pd

from crimelib.measures.recency import grouped, incomplete_months, safe_parts, year_of

MEASURES = ["rape", "other_sexual_offences"]
MONTHS = pd.period_range("2021-10", "2021-11", freq="M")
BOARD = range(1, 5)


def returned(rape: tuple[int, int, int], other: tuple[int, int, int]) -> pd.DataFrame:
    """The same counts in each of two months."""
    cells = [
        (str(month), measure, recency, count)
        for month in MONTHS
        for measure, counts in zip(MEASURES, (rape, other), strict=True)
        for recency, count in zip(("recent", "non_recent", "not_known"), counts, strict=True)
    ]
    return pd.DataFrame(cells, columns=["month", "measure", "recency", "count"])


def year(*counts: tuple[int, int, int]) -> pd.DataFrame:
    return year_of(returned(*counts), MONTHS, MEASURES)


def test_months_add_up() -> None:
    found = year((10, 5, 3), (20, 7, 0))
    assert found.loc["rape"].tolist() == [20, 10, 6]
    assert found.loc["other_sexual_offences"].tolist() == [40, 14, 0]
    assert set(found.dtypes) == {pd.Series([1]).dtype}


def test_a_row_left_out_makes_its_month_incomplete_and_never_a_zero() -> None:
    rows = returned((10, 5, 3), (20, 7, 0))
    for left_out in rows.index:
        lacking = rows.drop(index=left_out)
        assert year_of(lacking, MONTHS, MEASURES) is None
        assert incomplete_months(lacking, MONTHS, MEASURES) == [rows.loc[left_out, "month"]]


def test_what_is_not_small_is_shown_in_full_and_a_true_zero_too() -> None:
    measures, recencies = safe_parts([year((10, 5, 3), (20, 7, 0))], BOARD)
    assert list(measures) == MEASURES
    assert list(recencies) == ["recent", "non_recent", "not_known"]


def test_few_without_a_date_stand_with_the_recent_ones() -> None:
    few = year((100, 50, 1), (200, 70, 1))
    measures, recencies = safe_parts([few], BOARD)
    assert list(measures) == MEASURES
    shown = grouped(few, measures, recencies)
    assert shown.loc["rape"].tolist() == [202, 100]
    assert list(shown.columns) == ["recent", "non_recent"]


def test_a_small_count_of_non_recent_rape_puts_both_measures_together() -> None:
    small = year((10, 1, 3), (20, 7, 3))
    measures, recencies = safe_parts([small], BOARD)
    assert measures == {"": MEASURES}, "together they have no name of their own"
    assert grouped(small, measures, recencies).to_numpy().tolist() == [[60, 16, 12]]


def test_a_small_count_in_one_year_coarsens_the_other_too() -> None:
    plain, small = year((10, 5, 3), (20, 7, 3)), year((10, 1, 3), (20, 7, 3))
    for years in ([plain, small], [small, plain]):
        assert len(safe_parts(years, BOARD)[0]) == 1


def test_one_in_twenty_without_a_date_are_few_and_more_are_not() -> None:
    few, more = year((85, 10, 4), (0, 0, 1)), year((84, 10, 4), (0, 0, 1))
    assert safe_parts([few], [8]) == (
        {name: [name] for name in MEASURES}, {"recent": ["recent", "not_known"], "non_recent": ["non_recent"]}
    )  # fmt: skip
    assert list(safe_parts([more], [8])[0]) == [""]


def test_many_without_a_date_are_never_put_with_the_recent_ones() -> None:
    assert safe_parts([year((5, 10, 2), (0, 0, 0))], BOARD) is None
    assert safe_parts([year((1, 1, 1), (0, 0, 0))], BOARD) is None
