"""Linear programmes: what has no answer is said to have none, and the next question is answered all the same."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.sparse import csr_array

from crimelib.disclosure.programmes import Programme, least_whole

TOTAL_OF_TEN = (csr_array(np.ones((1, 2))), (np.array([10.0]), np.array([10.0])))


def bounds(low: float, high: float) -> tuple[np.ndarray, np.ndarray]:
    return np.full(2, low), np.full(2, high)


def test_a_question_without_an_answer_does_not_spoil_the_next() -> None:
    programme = Programme(*TOTAL_OF_TEN)
    first = programme.least(np.array([1.0, 2.0]), bounds(0, 8))
    assert first.x.tolist() == [8, 2]
    assert first.prices.tolist() == [2]
    with pytest.raises(ArithmeticError, match=r"^the tables could not be checked for disclosure: Infeasible$"):
        programme.least(np.array([1.0, 2.0]), bounds(0, 4))
    assert programme.least(np.array([2.0, 1.0]), bounds(0, 8)).x.tolist() == [2, 8]


def test_whole_numbers_and_the_bound_that_was_proved() -> None:
    rows = csr_array(np.array([[2.0, 3.0]]))
    found = least_whole(
        np.array([1.0, 1.4]), rows, (np.array([7.0]), np.array([np.inf])), bounds(0, 5), seconds=10, gap=0
    )
    assert found is not None
    assert found.x.tolist() == pytest.approx([2, 1])
    assert found.bound == pytest.approx(3.4)
    nothing = (np.array([99.0]), np.array([np.inf]))
    assert least_whole(np.ones(2), rows, nothing, bounds(0, 5), seconds=10, gap=0) is None


def test_out_of_time_there_is_no_answer_and_nothing_is_printed_either_way(capfd: pytest.CaptureFixture[str]) -> None:
    """Which of sixty numbers come to half of all at least, by two counts at once: more than a look."""
    chance = np.random.default_rng(1)
    rows = chance.integers(100, 1000, size=(2, 60)).astype(float)
    question = rows[0], csr_array(rows), (rows.sum(axis=1) / 2, np.full(2, np.inf)), (np.zeros(60), np.ones(60))
    assert least_whole(*question, seconds=0, gap=0) is None
    found = least_whole(*question, seconds=60, gap=0.1)
    assert found is not None
    assert rows[0] @ found.x <= 1.1 * found.bound
    assert (rows @ found.x >= rows.sum(axis=1) / 2).all()
    assert capfd.readouterr() == ("", "")
