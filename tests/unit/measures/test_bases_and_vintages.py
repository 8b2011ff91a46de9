"""Figures that publishers counted in several ways: which way comes first, and what is said where none covers a whole
comparison."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from crimelib.measures.series import (
    INCOMPLETE,
    NO_DATA,
    NOT_COMPARABLE,
    OK,
    Counts,
    History,
    WindowFigures,
    histories,
    monthly_table,
    window_figures,
)
from crimelib.settings import Basis, Figures

BASES = {"old": Basis(title="as before", order=1), "new": Basis(title="as now", order=2)}
NOV = pd.Period("2021-11", freq="M")
NOW, BEFORE = pd.period_range(end=NOV, periods=12, freq="M"), pd.period_range(end=NOV - 12, periods=12, freq="M")


def counted(basis: str, vintage: str, months: pd.PeriodIndex, count: int, **labels: object) -> pd.DataFrame:
    order = {"v1": 0, "v2": 1}[vintage]
    usual = {"source": "mps", "vintage_order": order, "series": "all", "area_code": "A", "area_level": "borough"}
    return pd.DataFrame(
        {**usual, **labels, "vintage": vintage, "basis": basis, "month": months.astype(str), "count": count}
    )


def measured(*stored: pd.DataFrame, figures: Sequence[Figures] = (Figures(add=("all",)),)) -> list[History]:
    return histories(Counts(pd.concat(stored, ignore_index=True)), figures, BASES)


def test_the_newest_basis_comes_first_and_is_used_where_it_covers_both_years() -> None:
    both = BEFORE.append(NOW)
    options = measured(counted("old", "v1", both, 3), counted("new", "v2", both, 5))
    assert [option.basis for option in options] == ["new", "old"]
    found = window_figures(options, "A", NOV, "rolling_12")
    assert (found.status, found.current, found.previous, found.vintage) == (OK, 60, 60, "v2")


def test_two_bases_that_cover_a_year_each_are_shown_and_not_compared() -> None:
    options = measured(counted("old", "v1", BEFORE, 3), counted("new", "v2", NOW, 5))
    found = window_figures(options, "A", NOV, "rolling_12")
    assert (found.status, found.current, found.previous) == (NOT_COMPARABLE, 60, 36)
    assert (found.source, found.vintage) == ("mps", "v2 / v1")
    assert found.history is options[0]


def test_of_a_window_with_a_month_missing_only_where_it_is_from_is_said() -> None:
    whole = counted("old", "v1", NOW[3:], 3, area_code="B")
    options = measured(whole, counted("new", "v2", BEFORE[:5], 5), counted("new", "v1", BEFORE[5:6], 5))
    found = window_figures(options, "A", NOV, "rolling_12")
    assert found == WindowFigures(None, None, INCOMPLETE, "mps", "v1/v2", options[0])
    assert window_figures(options, "C", NOV, "rolling_12") == WindowFigures(None, None, NO_DATA, "", "", None)


def test_a_year_each_from_two_sources_names_both() -> None:
    options = measured(
        counted("old", "v1", BEFORE, 3, source="mopac", series="theirs"),
        counted("new", "v2", NOW, 5),
        figures=(Figures(add=("all",)), Figures(add=("theirs",))),
    )
    found = window_figures(options, "A", NOV, "rolling_12")
    assert (found.status, found.source, found.vintage) == (NOT_COMPARABLE, "mps / mopac", "v2 / v1")


def test_what_is_taken_away_is_of_the_newest_basis_that_has_it() -> None:
    taken = [counted("old", "v1", NOW, 1, series="part"), counted("new", "v2", NOW, 2, series="part")]
    (found,) = measured(counted("new", "v2", NOW, 5), *taken, figures=(Figures(add=("all",), subtract=("part",)),))
    assert found.window("A", NOW)[0].tolist() == [3.0] * 12
    without = (Figures(add=("all",), subtract=("elsewhere",)),)
    assert measured(counted("new", "v2", NOW, 5), figures=without) == []


def test_a_name_that_the_newest_file_gave_up_counts_nothing_in_its_months() -> None:
    """The name is in v1 only, of both months; the file of v2 has the second of them, under another name."""
    named, renamed = counted("new", "v1", NOW[:2], 5), counted("new", "v2", NOW[1:2], 7, series="renamed")
    (alone,) = measured(named, renamed)
    assert alone.window("A", NOW[:2])[0].tolist() == [5, 5]
    (found,) = measured(named, renamed, figures=(Figures(add=("all",), as_of=("renamed",)),))
    counts, vintages = found.window("A", NOW[:2])
    assert (counts.tolist(), vintages.tolist()) == ([5, 0], ["v1", "v2"])


def test_months_of_some_areas_are_those_with_any_of_their_counts() -> None:
    counts = Counts(
        pd.concat(
            [counted("new", "v1", NOW[1:3], 1, area_code="B"), counted("new", "v1", NOW[:2], 1)], ignore_index=True
        )
    )
    assert counts.months_of("A").equals(NOW[:2])
    assert counts.months_of("A", "B").equals(NOW[:3])
    assert counts.months_of("C").equals(NOW[:0])
    assert counts.areas_in(NOW[0]) == ["A"]
    assert counts.areas_in(NOW[1]) == ["A", "B"]
    nothing = Counts(pd.DataFrame())
    assert (nothing.areas_in(NOW[0]), list(nothing.months_of("A")), nothing.histories(["all"])) == ([], [], [])


def test_a_table_of_months_ends_with_the_month_asked_for_and_starts_with_the_first_of_any() -> None:
    (early,), (late,) = measured(counted("new", "v1", NOW[:2], 1)), measured(counted("new", "v1", NOW[1:3], 4))
    table = monthly_table([(early, "A"), (late, "A"), (late, "B")], NOW[3])
    assert table.index.equals(NOW[:4])
    np.testing.assert_array_equal(table[0], [1, 1, np.nan, np.nan])
    np.testing.assert_array_equal(table[1], [np.nan, 4, 4, np.nan])
    assert table[2].isna().all()


def test_the_months_of_one_area_are_from_its_first_count_to_its_last() -> None:
    (found,) = measured(counted("new", "v1", NOW[[1, 3]], 1), counted("new", "v1", NOW[:6], 1, area_code="B"))
    monthly = found.monthly("A")
    assert monthly.index.equals(NOW[1:4])
    np.testing.assert_array_equal(monthly, [1, np.nan, 1])
    assert found.monthly("C").empty
    (single,) = measured(counted("new", "v1", NOW[:1], 8))
    assert (single.source, single.monthly("A").to_dict()) == ("mps", {NOW[0]: 8})


def test_a_month_without_a_count_has_no_vintage() -> None:
    (found,) = measured(counted("new", "v1", NOW[[0, 2]], 1))
    assert found.counts.shape == found.vintages.shape == (3, 1)
    counts, vintages = found.window("A", pd.period_range(NOW[0] - 1, NOW[3], freq="M"))
    np.testing.assert_array_equal(counts, [np.nan, 1, np.nan, 1, np.nan])
    assert vintages.tolist() == ["", "v1", "", "v1", ""]
    inside, said = found.window("A", NOW[:3])
    assert (np.isnan(inside).tolist(), said.tolist()) == ([False, True, False], ["v1", "", "v1"])
