"""The hours of a week: what months make one, what share of it a span is, and the grids that may be shown."""

from __future__ import annotations

import itertools

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crimelib.measures.times import Week, hours_share, safe_grid, span_cells, spans_are_safe, week_of
from crimelib.settings import OffenceTimes, load_settings

TIMES = load_settings().offence_times
MONTHS = pd.period_range("2021-10", "2021-11", freq="M")
SMALL = range(1, 5)


def returned(*rows: tuple[str, str, str, int]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["month", "weekday", "hour_band", "count"])


def week(default: int, **cells: int) -> Week:
    """A week with one count in every cell but those given as ``friday_21_to_24=4``."""
    frame = pd.DataFrame(default, index=list(TIMES.weekdays), columns=list(TIMES.hour_bands))
    for name, count in cells.items():
        day, band = name.split("_", 1)
        frame.loc[day, band.replace("_", " ")] = count
    return Week(frame, 0)


def test_months_add_up_and_what_has_no_time_stands_apart() -> None:
    rows = returned(
        ("2021-10", "friday", "21 to 24", 6), ("2021-11", "friday", "21 to 24", 7),
        ("2021-11", "friday", "not_known", 2), ("2021-11", "not_known", "not_known", 3),
        ("2021-09", "friday", "21 to 24", 99),
    )  # fmt: skip
    found = week_of(rows, MONTHS, TIMES)
    assert found is not None
    assert (found.known, found.not_known) == (13, 5)
    assert found.cells.loc["friday", "21 to 24"] == 13
    assert found.cells.loc["monday", "00 to 03"] == 0


def test_hours_without_an_offence_are_zeros_of_a_whole_count() -> None:
    rows = returned(*((month, day, band, 2) for month in ("2021-10", "2021-11")
                      for day, band in (("friday", "21 to 24"), ("monday", "00 to 03"))))  # fmt: skip
    cells = week_of(rows, MONTHS, TIMES).cells
    assert set(cells.dtypes) == {pd.Series([1]).dtype}
    assert cells.stack().loc[lambda counts: counts != 0].to_dict() == {
        ("monday", "00 to 03"): 4, ("friday", "21 to 24"): 4}  # fmt: skip


def test_a_month_that_was_not_returned_is_no_week_and_never_fewer() -> None:
    assert week_of(returned(("2021-11", "friday", "21 to 24", 7)), MONTHS, TIMES) is None


@pytest.mark.parametrize(("span", "hours"), [("night", 63), ("weekend", 48), ("weekend_nights", 18)])
def test_a_span_s_share_of_the_week_by_hand(span: str, hours: int) -> None:
    assert hours_share(TIMES, TIMES.spans[span]) == pytest.approx(hours / 168)


def test_a_night_begins_in_the_evening_of_its_day() -> None:
    held = span_cells(TIMES, TIMES.spans["weekend_nights"])
    nights = {(day, band) for day, band in itertools.product(held.index, held.columns) if held.loc[day, band]}
    assert ("friday", "21 to 24") in nights
    assert ("sunday", "03 to 06") in nights
    assert ("friday", "00 to 03") not in nights
    assert ("sunday", "21 to 24") not in nights


@pytest.mark.parametrize(
    ("cells", "shape"),
    [
        ({}, (8, 7)),
        ({"tuesday_03_to_06": 0}, (8, 7)),
        ({"tuesday_03_to_06": 4}, (4, 7)),
        ({"tuesday_03_to_06": 1, "tuesday_00_to_03": 2}, (8, 2)),
    ],
)
def test_the_finest_grid_without_a_small_count(cells: dict[str, int], shape: tuple[int, int]) -> None:
    counted = week(9, **cells)
    grid = safe_grid(counted, TIMES, SMALL)
    assert grid is not None
    assert grid.shape == shape
    assert int(grid.to_numpy().sum()) == counted.known


def test_days_and_hours_keep_their_order() -> None:
    fine, coarse = (
        safe_grid(week(9), TIMES, SMALL),
        safe_grid(week(9, tuesday_03_to_06=1, tuesday_00_to_03=2), TIMES, SMALL),
    )
    assert (list(fine.columns), list(fine.index)) == (list(TIMES.weekdays.values()), list(TIMES.hour_bands))
    assert list(coarse.columns) == list(TIMES.coarser.weekdays)


def test_what_lies_within_a_span() -> None:
    counted = week(2, friday_21_to_24=50, monday_09_to_12=70)
    nights = span_cells(TIMES, TIMES.spans["weekend_nights"])
    assert counted.within(nights) == 2 * int(nights.to_numpy().sum()) + 48


def test_a_span_must_not_leave_a_small_count_of_a_coarser_cell() -> None:
    """18 to 24 on Friday is 13, of which the night has 12: the difference would be the one of the evening."""
    counted = week(9, friday_18_to_21=1, friday_21_to_24=12)
    assert safe_grid(counted, TIMES, SMALL).shape == (8, 2)


def test_a_week_too_small_for_any_grid_has_none() -> None:
    assert safe_grid(week(0, friday_21_to_24=3), TIMES, SMALL) is None
    assert not spans_are_safe(week(0, friday_21_to_24=3), TIMES, SMALL)


COUNTS = st.lists(st.one_of(st.integers(0, 6), st.integers(0, 60)), min_size=56, max_size=56)


@given(COUNTS)
def test_nothing_shown_nor_its_difference_from_a_span_is_small(counts: list[int]) -> None:
    frame = pd.DataFrame([counts[8 * day : 8 * day + 8] for day in range(7)])
    counted = Week(frame.set_axis(list(TIMES.weekdays)).set_axis(list(TIMES.hour_bands), axis=1), 0)
    grid = safe_grid(counted, TIMES, SMALL)
    if grid is None:
        return
    days = {label: [name] for name, label in TIMES.weekdays.items()} | TIMES.coarser.weekdays
    bands = {band: [band] for band in TIMES.hour_bands} | TIMES.coarser.hour_bands
    for band, day in itertools.product(grid.index, grid.columns):
        cell = counted.cells.loc[days[day], bands[band]]
        assert grid.loc[band, day] == int(cell.to_numpy().sum())
        for span in TIMES.spans.values():
            within = int(cell.where(span_cells(TIMES, span).loc[days[day], bands[band]], 0).to_numpy().sum())
            assert not {within, grid.loc[band, day] - within} & set(SMALL)
    assert spans_are_safe(counted, TIMES, SMALL)


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"hour_bands": ["00 to 03", "06 to 24"]}, "do not fill the day"),
        ({"weekdays": {"monday": "Mon"}}, "coarser weekdays do not hold each"),
        ({"spans": {"x": {"label": "x", "cells": [{"weekdays": ["Freitag"]}]}}}, "'Freitag', which is none of"),
    ],
)
def test_a_week_that_does_not_hold_together_is_refused(change: dict, fault: str) -> None:
    with pytest.raises(ValueError, match=fault):
        OffenceTimes.model_validate(TIMES.model_dump() | change)
