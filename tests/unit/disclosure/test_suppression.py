"""The least that must go beside the small counts of linked tables."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from disclosure_tables import table

from crimelib.disclosure.suppression import Figures, consistent, narrow, suppress


def test_the_known_answer() -> None:
    """A[40,3,20] B[30,25,15] C[12,30,50]: the 3 goes with a second in its row and in its column, 63 in all."""
    counts = np.array([[40, 3, 20], [30, 25, 15], [12, 30, 50]])
    found = suppress(*table(counts))
    assert found.groups.reshape(3, 3).tolist() == [[False, True, True], [False, True, True], [False, False, False]]
    assert counts[found.groups.reshape(3, 3)].sum() == 63
    assert found.gap == pytest.approx(0, abs=1e-9)


def test_true_margins_give_a_lone_cell_away() -> None:
    figures, primary, _ = table([[40, 3, 20], [30, 25, 15], [12, 30, 50]])
    proof = next(proof for proof in narrow(figures, primary) if proof.figure == 1)
    assert (proof.low, proof.high) == (3, 3)


def test_without_small_counts_nothing_goes() -> None:
    assert not suppress(*table([[40, 0], [30, 25]])).groups.any()


def test_two_small_counts_that_cannot_hide_each_other_need_a_third() -> None:
    found = suppress(*table([1, 2, 30, 40]))
    assert found.groups.tolist() == [True, True, True, False]


def test_a_zero_goes_only_where_nothing_else_will_do() -> None:
    assert suppress(*table([3, 0, 30])).groups.tolist() == [True, False, True]
    assert suppress(*table([3, 0])).groups.tolist() == [True, True]


def test_what_the_total_gives_away_is_named_and_the_rest_protected() -> None:
    found = suppress(*table([3, 0]))
    assert 0 in found.given  # no more than the total of 3


def test_out_of_time_everything_goes() -> None:
    figures, primary, weights = table([[40, 3, 20], [30, 25, 15], [12, 30, 50]])
    found = suppress(figures, primary, weights, seconds=-1)
    assert found.groups.all()
    assert found.gap > 0.5


def test_figures_that_do_not_agree_are_reconciled() -> None:
    figures, _, _ = table([5, 7])
    apart = consistent(Figures(**{**vars(figures), "values": np.array([5.0, 7.0, 13.0])}))
    assert apart.values[2] == pytest.approx(apart.values[0] + apart.values[1])
    assert np.abs(apart.values - [5, 7, 13]).sum() == pytest.approx(1)


@pytest.mark.parametrize("seed", range(6))
def test_no_safe_choice_loses_less(seed: int) -> None:
    """Every choice of a small table tried."""
    counts = np.random.default_rng(seed).negative_binomial(1, 0.08, size=(3, 3))
    figures, primary, weights = table(counts)
    found = suppress(figures, primary, weights)
    if found.given:
        pytest.skip("a margin alone gives a count away, so no choice is safe")
    free = np.flatnonzero(~primary)
    for chosen in itertools.product([False, True], repeat=len(free)):
        groups = primary.copy()
        groups[free] = chosen
        if weights[groups].sum() < found.loss - 1e-9:
            assert narrow(figures, groups), groups
    assert not narrow(figures, found.groups)
