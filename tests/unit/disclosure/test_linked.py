"""The tables that an attacker could set up, by hand: spans of months, totals worth keeping, figures already safe."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from crimelib.disclosure.linked import (
    Cell,
    Linked,
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
from crimelib.disclosure.suppression import SHOWN, WITHHELD
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
        ((40, 1), (4, 0), [False, False]),  # between 3 and 4, and between 0 and 1
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


def measured(period: str, *each: tuple[str, str, str, str, object, object, str]) -> pd.DataFrame:
    """Rows of a pack: measure, breakdown, its value, window, both counts and status."""
    return pd.DataFrame([("i", period, *row) for row in each], columns=COLUMNS)


Row = tuple[set[int], float, int, float, float, float, float]


def set_out(made: Linked | None) -> list[Row]:
    """Figure by figure: the counts that it is the sum of, its value, its group and what it needs if withheld."""
    assert made is not None
    it = made.figures
    parts = [set(np.flatnonzero(line)) for line in it.parts.toarray()]
    return list(zip(parts, it.values, it.groups, it.low, it.high, it.width, it.harmless, strict=True))


ANY = (np.inf, -np.inf)  # asked of the ends of a figure's interval: nothing
STANDS = (SHOWN, *ANY, 0, np.inf)


def test_the_tables_of_a_pack() -> None:
    """Violence with injury is the sum of two measures; of the months only one ward's could be worked out."""
    table = measured(
        "2021-11",
        ("vwi", "ward", "A", "rolling_12", 9, None, "ok"),
        ("vwi", "ward", "B", "rolling_12", 5, None, "ok"),
        ("domestic_vwi", "ward", "A", "rolling_12", 3, None, "ok"),
        ("domestic_vwi", "ward", "B", "rolling_12", 5, None, "ok"),
        ("ndvwi", "ward", "A", "rolling_12", 6, None, "ok"),
        ("ndvwi", "ward", "B", "rolling_12", 0, None, "ok"),
        ("ndvwi", "ward", "A", "month", 2, None, "ok"),
        ("ndvwi", "ward", "B", "month", 0, None, "ok"),
        ("gun_crime", "ward", "A", "rolling_12", 2, None, "ok"),
        ("gun_crime", "ward", "B", "rolling_12", 1, None, "ok"),
    )
    small = np.array([False, False, True, False, False, False, False, False, True, True])
    made = linked_tables(table, small, BOARD, [["vwi", "domestic_vwi", "ndvwi"]])
    # Ward A's domestic violence before November and in it is counts 0 and 1, its other violence 2 and 3, B's 4 to 7.
    assert set_out(made) == [
        ({0, 1, 2, 3}, 9, 0, *ANY, 4, np.inf),
        ({4, 5, 6, 7}, 5, 1, *ANY, 4, np.inf),
        ({0, 1}, 3, 2, 0, 4, 4, np.inf),
        ({4, 5}, 5, 3, *ANY, 4, np.inf),
        ({2, 3}, 6, 4, *ANY, 4, np.inf),
        ({6, 7}, 0, 5, *ANY, 4, np.inf),
        ({3}, 2, WITHHELD, *ANY, 2, 4),
        ({8, 9}, 2, 6, 0, 3, 3, np.inf),
        ({10, 11}, 1, 7, 0, 3, 3, np.inf),
        ({0, 1, 2, 3, 4, 5, 6, 7}, 14, *STANDS),
        ({0, 1, 4, 5}, 8, *STANDS),
        ({2, 3, 6, 7}, 6, *STANDS),
        ({3}, 2, *STANDS),
        ({8, 9, 10, 11}, 3, *STANDS),
    ]
    assert made.figures.relations == ((0, 2, 4), (1, 3, 5), (9, 0, 1), (10, 2, 3), (11, 4, 5), (13, 7, 8))
    assert made.groups == [[0], [1], [2], [3], [4], [5], [8], [9]]
    assert made.primary.tolist() == [False, False, True, False, False, False, True, True]


def test_the_tables_of_a_pack_and_of_those_before_it() -> None:
    now = measured("2021-12", ("m", "ward", "A", "rolling_12", 9, None, "ok"),
                   ("m", "ward", "B", "rolling_12", 8, None, "ok"))  # fmt: skip
    before = measured("2021-11", ("m", "ward", "A", "rolling_12", 7, None, "ok"),
                      ("m", "ward", "B", "rolling_12", None, None, "suppressed"),
                      ("m", "total", "", "rolling_12", 10, 3, "ok"),
                      ("without wards", "total", "", "rolling_12", 10, 3, "ok"))  # fmt: skip
    made = linked_tables(now, np.array([False, False]), BOARD, [], before)
    # Of ward A count 0 is of ten months and the November that both packs have, 1 of December, 4 of the first month
    # before; of ward B 2, 3 and 5; 6 is what the borough had in no ward; 7 to 9 are of the year before that.
    assert set_out(made) == [
        ({0, 1}, 9, 0, *ANY, 4, np.inf),
        ({2, 3}, 8, 1, *ANY, 4, np.inf),
        ({0, 1, 2, 3}, 17, *STANDS),
        ({0, 4}, 7, *STANDS),
        ({0, 2, 4, 5, 6}, 10, *STANDS),
        ({7, 8, 9}, 3, *STANDS),
        ({2, 5}, pytest.approx(np.nan, nan_ok=True), WITHHELD, *ANY, 4, 4),
        ({8}, pytest.approx(np.nan, nan_ok=True), WITHHELD, *ANY, 3, 4),
    ]
    assert made.figures.relations == ((2, 0, 1),)
    assert made.primary.tolist() == [False, False]


def test_two_windows_of_one_length_are_one_figure() -> None:
    march = rows(("A", "ytd", 5, None, "ok"), ("B", "ytd", 3, None, "ok"), ("A", "rolling_12", 5, None, "ok"))
    made = linked_tables(march.assign(period="2022-03"), np.array([False, True, False]), BOARD, [])
    assert made is not None
    assert made.groups == [[0, 2], [1]]
    assert made.primary.tolist() == [False, True]
    assert made.figures.values.tolist() == [5, 3, 8]


YEARS_AND_MONTHS = [("A", "rolling_12", 40, None, "ok"), ("B", "rolling_12", 50, None, "ok"),
                    ("A", "month", 4, None, "ok"), ("B", "month", 5, None, "ok")]  # fmt: skip


def test_months_with_room_enough_beside_the_years_ask_for_nothing() -> None:
    assert linked_tables(rows(*YEARS_AND_MONTHS), np.zeros(4, dtype=bool), BOARD, []) is None
    only_a = rows(("A", "rolling_12", 40, None, "ok"), ("B", "rolling_12", 0, None, "ok"),
                  ("A", "month", 3, None, "ok"), ("B", "month", 0, None, "ok"))  # fmt: skip
    made = linked_tables(only_a, np.zeros(4, dtype=bool), BOARD, [])
    assert made is not None
    assert made.figures.values.tolist() == [40, 0, 3, 40, 3]


def test_where_windows_of_two_lengths_are_shown_every_month_is_guarded() -> None:
    both = BOARD.model_copy(update={"ward_windows": ("quarter", "rolling_12")})
    table = rows(*YEARS_AND_MONTHS, ("A", "quarter", 10, None, "ok"), ("B", "quarter", 20, None, "ok"))
    made = linked_tables(table, np.zeros(6, dtype=bool), both, [])
    assert made is not None
    assert (made.figures.groups == WITHHELD).sum() == 2
