"""The tables that an attacker could set up, by hand: spans of months, totals worth keeping, figures already safe."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from crimelib.disclosure.linked import (
    Cell,
    Span,
    _finest,
    _settled,
    _still_withheld,
    cells_of,
    groups_of_measures,
    linked_tables,
    shown_lengths,
    span_of,
)
from crimelib.settings import load_settings

BOARD = load_settings().disclosure.audiences["board"]
NOV = pd.Period("2021-11", freq="M").ordinal


@pytest.mark.parametrize(
    ("window", "back", "months"),
    [("month", 0, 1), ("month", 12, 1), ("quarter", 0, 3), ("ytd", 0, 8), ("rolling_12", 12, 12)],
)
def test_the_months_of_a_window(window: str, back: int, months: int) -> None:
    assert span_of("2021-11", window, back) == Span(NOV - back - months + 1, NOV - back)


@pytest.mark.parametrize(
    ("measures", "linked", "groups"),
    [
        (["a", "b"], [], [["a"], ["b"]]),
        (["b", "a"], [["a", "b", "c"]], [["b", "a"]]),
        (["a", "b", "c", "d"], [["a", "b"], ["c", "b"]], [["d"], ["a", "b", "c"]]),
        (["a"], [["x", "y"]], [["a"]]),
    ],
)
def test_measures_that_are_sums_of_each_other_go_together(
    measures: list[str], linked: list[list[str]], groups: list[list[str]]
) -> None:
    assert groups_of_measures(measures, linked) == groups


@pytest.mark.parametrize(
    ("totals", "dropped"),
    [
        ({Span(1, 12): 30, Span(1, 6): 10, Span(7, 12): 20}, {Span(1, 12)}),
        ({Span(1, 12): 29, Span(1, 6): 10, Span(7, 12): 20}, set()),
        ({Span(1, 12): 31, Span(1, 6): 10, Span(7, 12): 20}, {Span(1, 12)}),
        ({Span(1, 12): 31, Span(1, 6): 10, Span(8, 12): 20}, set()),
        ({Span(1, 12): 31, Span(1, 6): 10, Span(6, 12): 20}, set()),
        ({Span(1, 12): 31, Span(1, 6): 10, Span(7, 13): 20}, set()),
        ({Span(1, 3): 9, Span(1, 1): 3, Span(2, 2): 3, Span(3, 3): 3}, {Span(1, 3)}),
        ({Span(1, 3): 8, Span(1, 1): 3, Span(2, 2): 3, Span(3, 3): 3}, set()),
        ({Span(1, 3): 7, Span(1, 2): 4, Span(3, 3): 3, Span(1, 1): 3, Span(2, 2): 3}, {Span(1, 3)}),
        ({Span(5, 5): 3}, set()),
    ],
)
def test_a_total_that_shorter_ones_come_to_tells_nothing_more(totals: dict[Span, float], dropped: set[Span]) -> None:
    assert _finest(totals) == {span: total for span, total in totals.items() if span not in dropped}


def settled(year: tuple[int, ...], month: tuple[int, ...]) -> list[bool]:
    """Which of the wards' months, withheld, are safe beside their shown years."""
    cells = [Cell(place, "m", f"W{place}", Span(NOV - 11, NOV), value, True) for place, value in enumerate(year)]
    months = [Cell(len(year) + place, "m", f"W{place}", Span(NOV, NOV), value, True)
              for place, value in enumerate(month)]  # fmt: skip
    choosable = np.array([True] * len(year) + [False] * len(month))
    found = _settled([*cells, *months], choosable, BOARD)
    assert found <= set(months)
    return [each in found for each in months]


@pytest.mark.parametrize(
    ("year", "month", "expected"),
    [
        ((40, 50), (4, 5), [True, True]),  # each lies between 0 and 9
        ((40, 2), (4, 0), [False, False]),  # between 2 and 4, and between 0 and 2: of each too much is known
        ((40, 0), (7, 0), [True, True]),  # W0 has all seven of the month, which is not few
        ((40, 0), (4, 0), [False, True]),  # W0 has all four
        ((4, 40), (0, 9), [True, True]),
        ((3, 40), (0, 9), [False, True]),  # between 0 and 3; between 6 and 9, which is not few
        ((3, 40), (0, 7), [False, False]),  # between 4 and 7: it may be few
    ],
)
def test_a_month_is_safe_where_its_margins_leave_it_room(
    year: tuple[int, ...], month: tuple[int, ...], expected: list[bool]
) -> None:
    assert settled(year, month) == expected


COLUMNS = ["item", "period", "measure", "breakdown", "breakdown_value", "window", "current", "previous", "status"]


def rows(*each: tuple[str, str, object, object, str]) -> pd.DataFrame:
    """Rows of wards: ward, window, both counts and status."""
    full = [("i", "2021-11", "m", "ward", ward, window, now, before, status)
            for ward, window, now, before, status in each]  # fmt: skip
    return pd.DataFrame(full, columns=COLUMNS)


def test_the_figures_of_rows_withheld_ones_without_a_value() -> None:
    table = rows(("A", "rolling_12", "5", "", "ok"), ("B", "month", "7", "7", "suppressed"),
                 ("C", "month", 1, 2, "not_comparable"), ("D", "month", None, None, "incomplete"))  # fmt: skip
    year, month, month_before = Span(NOV - 11, NOV), Span(NOV, NOV), Span(NOV - 12, NOV - 12)
    found = list(cells_of(table))
    assert [(cell.row, cell.ward, cell.span, cell.shown) for cell in found] == [
        (0, "A", year, True), (1, "B", month, False), (1, "B", month_before, False),
        (2, "C", month, True), (2, "C", month_before, True)]  # fmt: skip
    assert [cell.value for cell in found] == pytest.approx([5, np.nan, np.nan, 1, 2], nan_ok=True)


def test_in_march_the_year_to_date_is_shown_like_twelve_months() -> None:
    march = rows(("A", "ytd", 5, 5, "ok"), ("A", "rolling_12", 5, 5, "ok"), ("A", "month", 5, 5, "ok"))
    assert shown_lengths(march, BOARD).tolist() == [False, True, False]
    assert shown_lengths(march.assign(period="2022-03"), BOARD).tolist() == [True, True, False]


def test_what_withholding_a_row_costs_grows_with_its_count_and_a_true_zero_costs_most() -> None:
    table = rows(("A", "rolling_12", 3, 9, "ok"), ("B", "rolling_12", 30, 18, "ok"), ("C", "rolling_12", 0, 0, "ok"))
    made = linked_tables(table, np.array([True, False, False]), BOARD, [])
    assert made is not None
    assert made.groups == [[0], [1], [2]]
    assert made.primary.tolist() == [True, False, False]
    assert made.weights.tolist() == pytest.approx([1 + 12 / 61, 1 + 48 / 61, 3])


def test_without_a_small_count_or_an_open_figure_there_is_nothing_to_protect() -> None:
    table = rows(("A", "rolling_12", 30, 30, "ok"), ("B", "rolling_12", 40, 40, "ok"))
    assert linked_tables(table, np.zeros(2, dtype=bool), BOARD, []) is None
    assert linked_tables(table, np.ones(2, dtype=bool), BOARD, []) is not None


def test_what_packs_before_withheld_is_guarded_until_a_pack_shows_it() -> None:
    withheld = rows(("A", "rolling_12", "", "", "suppressed"), ("B", "rolling_12", "", "", "suppressed"),
                    ("C", "month", "", "", "suppressed"), ("D", "rolling_12", "7", "9", "ok"))  # fmt: skip
    earlier = pd.concat([withheld, withheld[:1], withheld[1:2].assign(breakdown="total")], ignore_index=True)
    own = [*cells_of(rows(("B", "rolling_12", 12, "", "ok")))]
    (shown,) = cells_of(rows(("A", "rolling_12", "", 4, "ok")))
    before = pd.DataFrame({"cell": [shown], "breakdown": ["ward"]})
    left = _still_withheld(earlier, own, before, BOARD)
    now, year_before = Span(NOV - 11, NOV), Span(NOV - 23, NOV - 12)
    assert [(cell.ward, cell.span) for cell in left] == [("A", now), ("B", year_before)]
    assert _still_withheld(None, own, before, BOARD) == _still_withheld(earlier[:0], own, before, BOARD) == []
    assert _still_withheld(withheld[3:], own, before, BOARD) == []
