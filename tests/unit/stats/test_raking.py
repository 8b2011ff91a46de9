"""Raking against svy's weights and by hand, and what it refuses."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crimelib.errors import InputError
from crimelib.stats.raking import rake, weighted_proportion
from crimelib.stats.survey import design_effect, effective_size

ANSWERS = np.array([[10, 20], [30, 40]])


def test_weights_are_those_of_svy() -> None:
    weights = rake(ANSWERS, np.array([0.5, 0.5]), np.array([0.6, 0.4]))
    assert weights == pytest.approx(np.array([[2.75765067, 1.12117466], [1.08078311, 0.43941267]]), abs=1e-7)


def test_answers_that_fit_already_count_alike() -> None:
    assert rake(ANSWERS, np.array([30, 70]), np.array([40, 60])) == pytest.approx(np.ones((2, 2)))


def test_the_effective_number_is_kishs() -> None:
    weights = rake(ANSWERS, np.array([0.5, 0.5]), np.array([0.6, 0.4]))
    found = weighted_proportion(np.array([[5, 5], [10, 30]]), ANSWERS, weights)
    each = np.repeat(weights.ravel(), ANSWERS.ravel())
    assert found.answers == 100
    assert found.effective == pytest.approx(effective_size(100, design_effect(each)))
    assert found.proportion == pytest.approx((weights * [[5, 5], [10, 30]]).sum() / 100)


def test_a_group_in_which_nobody_answered_gives_its_share_to_the_others() -> None:
    weights = rake(np.array([[4, 2], [2, 4], [0, 0]]), np.array([0.2, 0.2, 0.6]), np.array([0.5, 0.5]))
    assert weights == pytest.approx(np.array([[1, 1], [1, 1], [0, 0]]))


@pytest.mark.parametrize(
    ("answers", "rows", "columns"),
    [
        ([[0, 0], [0, 0]], [0.5, 0.5], [0.5, 0.5]),
        ([[1, 1], [1, 1]], [0.5, 0.5, 0.5], [0.5, 0.5]),
        ([[1, 1], [1, 1]], [1.0, 0.0], [0.5, 0.5]),
        ([[10, 0], [0, 10]], [0.7, 0.3], [0.4, 0.6]),
    ],
    ids=["nobody answered", "another shape", "a group without a target", "targets out of reach"],
)
def test_what_cannot_be_raked_is_refused(answers: list, rows: list, columns: list) -> None:
    with pytest.raises(InputError):
        rake(np.array(answers), np.array(rows), np.array(columns))


shares = st.lists(st.integers(1, 50), min_size=2, max_size=2).map(np.array)


@given(st.lists(st.integers(1, 200), min_size=4, max_size=4), shares, shares)
def test_the_weighted_margins_are_the_targets(answers: list[int], rows: np.ndarray, columns: np.ndarray) -> None:
    counts = np.array(answers).reshape(2, 2)
    weighted = rake(counts, rows, columns) * counts / counts.sum()
    assert weighted.sum(axis=1) == pytest.approx(rows / rows.sum(), abs=1e-8)
    assert weighted.sum(axis=0) == pytest.approx(columns / columns.sum(), abs=1e-8)


@pytest.mark.parametrize("turned", [False, True])
def test_a_group_in_which_nobody_answered_leaves_its_share_to_the_others(turned: bool) -> None:
    answers, halves, uneven = np.array([[1, 0], [3, 0]]), np.array([0.5, 0.5]), np.array([0.3, 0.7])
    found = rake(answers.T, uneven, halves).T if turned else rake(answers, halves, uneven)
    np.testing.assert_allclose(found, [[2, 0], [2 / 3, 0]])
