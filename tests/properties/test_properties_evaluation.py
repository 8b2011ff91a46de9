"""What must hold of an evaluation whatever the counts."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from crimelib.stats.evaluation import Pair, detectable_fall, difference_in_differences, weighted_displacement

MONTHS = 8
AFTER = np.arange(MONTHS) >= 5
TREATED = np.array([True, False, False])
panels = arrays(np.int64, (MONTHS, 3), elements=st.integers(1, 400))
pairs = st.builds(Pair, st.integers(0, 500), st.integers(0, 500), st.floats(0.1, 3))
totals = st.integers(50, 5000)


@given(panels)
def test_the_ratio_is_that_of_the_totals(counts: np.ndarray) -> None:
    """The regression's estimate has a closed form: the ratio of the two sides' ratios."""
    treated, others = counts[:, 0], counts[:, 1:].sum(axis=1)
    expected = (treated[AFTER].sum() / treated[~AFTER].sum()) / (others[AFTER].sum() / others[~AFTER].sum())
    found = difference_in_differences(counts, TREATED, AFTER)
    assert found.ratio == pytest.approx(expected, rel=1e-6)
    assert found.low <= found.ratio <= found.high
    assert found.dispersion >= 1
    assert (found.p_value < 0.05) == (not found.low <= 1 <= found.high)


@given(panels, st.permutations(range(3)), st.permutations(range(MONTHS)))
def test_the_order_of_areas_and_months_does_not_matter(counts: np.ndarray, areas: list, months: list) -> None:
    found = difference_in_differences(counts, TREATED, AFTER)
    moved = difference_in_differences(counts[np.ix_(months, areas)], TREATED[areas], AFTER[months])
    assert moved == pytest.approx(found, rel=1e-6)


@given(panels)
def test_seen_from_the_other_side_the_ratio_is_turned_over(counts: np.ndarray) -> None:
    found = difference_in_differences(counts, TREATED, AFTER)
    other = difference_in_differences(counts, ~TREATED, AFTER)
    assert other.ratio == pytest.approx(1 / found.ratio, rel=1e-6)
    assert other.low == pytest.approx(1 / found.high, rel=1e-6)


@given(panels, arrays(np.int64, MONTHS, elements=st.integers(1, 20)))
def test_what_touches_all_areas_alike_is_no_effect(counts: np.ndarray, shock: np.ndarray) -> None:
    alike = np.outer(shock, counts[0])
    assert difference_in_differences(alike, TREATED, AFTER).ratio == pytest.approx(1, rel=1e-6)


@given(pairs, pairs, st.floats(1, 5))
def test_time_run_backwards_turns_the_difference_over(treated: Pair, control: Pair, spread: float) -> None:
    forward = weighted_displacement({"treated": treated, "control": control}, dispersion=spread)
    turned = {"treated": Pair(treated.after, treated.before, treated.weight)}
    turned["control"] = Pair(control.after, control.before, control.weight)
    backward = weighted_displacement(turned, dispersion=spread)
    assert backward.difference == pytest.approx(-forward.difference, abs=1e-9)
    assert (backward.low, backward.high) == pytest.approx((-forward.high, -forward.low), abs=1e-6)


@given(totals, totals, totals, st.floats(1, 3), st.integers(2, 10))
def test_more_events_show_smaller_falls(treated: int, before: int, after: int, spread: float, times: int) -> None:
    few = detectable_fall(treated, Pair(before, after), spread)
    many = detectable_fall(times * treated, Pair(times * before, times * after), spread)
    assert np.isnan(few) or 0 < many <= few < 100
