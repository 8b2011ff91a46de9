"""The least that must go beside the small counts of linked tables."""

from __future__ import annotations

import itertools
from collections import Counter
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from disclosure_tables import table

from crimelib.disclosure import suppression
from crimelib.disclosure.linked import linked_tables
from crimelib.disclosure.programmes import Programme, Solved, least_whole
from crimelib.disclosure.suppression import (
    BATCH,
    MIP_GAP,
    SHOWN,
    Figures,
    Suppression,
    consistent,
    everything,
    narrow,
    sums,
    suppress,
)
from crimelib.settings import load_settings

BOARD = load_settings().disclosure.audiences["board"]


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
    assert found.out_of_time
    assert (found.loss, found.bound, found.given) == (weights.sum(), weights[primary].sum(), ())
    assert found.gap == pytest.approx(1 - weights[primary].sum() / weights.sum())
    assert suppress(*table([3, 0]), seconds=-1).given == (0,)


def test_where_nothing_could_be_worked_out_everything_goes_and_nothing_is_known_of_less() -> None:
    found = everything(np.array([2.0, 3.5]))
    assert found.groups.dtype == bool
    assert found.groups.tolist() == [True, True]
    assert (found.loss, found.bound, found.given, found.out_of_time, found.gap) == (5.5, 0, (), True, 1)
    assert not Suppression(found.groups, 5.5, 0, ()).out_of_time


def test_after_the_exact_rounds_what_was_chosen_stays_and_the_gap_says_what_that_may_lose() -> None:
    figures, primary, weights = table(np.random.default_rng(10).negative_binomial(1, 0.08, size=(4, 4)))
    best, hasty = suppress(figures, primary, weights), suppress(figures, primary, weights, exact_rounds=1)
    assert not narrow(figures, hasty.groups)
    assert hasty.loss > best.loss
    assert weights[primary].sum() < hasty.bound <= best.loss
    assert hasty.gap == pytest.approx((hasty.loss - hasty.bound) / hasty.loss)
    assert not hasty.out_of_time


def test_figures_that_do_not_agree_are_reconciled() -> None:
    figures, _, _ = table([5, 7])
    apart = consistent(Figures(**{**vars(figures), "values": np.array([5.0, 7.0, 13.0])}))
    assert apart.values[2] == pytest.approx(apart.values[0] + apart.values[1])
    assert np.abs(apart.values - [5, 7, 13]).sum() == pytest.approx(1)


def test_figures_that_agree_stay_as_they_are_noughts_and_unknown_ones_too() -> None:
    figures, _, _ = table([[40, 0], [30, 25]])
    assert consistent(figures).values.tolist() == [40, 0, 30, 25, *figures.values[4:]]
    unknown = np.where(figures.values == 40, np.nan, figures.values)
    np.testing.assert_array_equal(consistent(replace(figures, values=unknown)).values, unknown)


def test_figures_are_sums_of_counts_of_which_some_may_be_in_none() -> None:
    assert sums([[0, 2], [], [1]], 4).toarray().tolist() == [[1, 0, 1, 0], [0, 0, 0, 0], [0, 1, 0, 0]]
    assert sums([], 2).shape == (0, 2)


def test_no_more_proofs_than_a_batch_are_given_at_once() -> None:
    number = BATCH + 5
    twice = [[place] for place in range(number)] * 2
    asked = {"low": np.zeros(2 * number), "high": np.full(2 * number, 4.0)}
    width, harmless = np.zeros(2 * number), np.full(2 * number, np.inf)
    groups = np.concatenate([np.arange(number), np.full(number, SHOWN)])
    figures = Figures(sums(twice, number), np.full(2 * number, 3.0), groups, **asked, width=width, harmless=harmless)
    found = narrow(figures, np.ones(number, dtype=bool))
    assert [proof.figure for proof in found] == list(range(BATCH))
    assert {(proof.low, proof.high) for proof in found} == {(3, 3)}


def best(figures: Figures, primary: np.ndarray, weights: np.ndarray) -> float:
    """The least that a safe choice loses, by trying every choice."""
    free = np.flatnonzero(~primary)
    choices = []
    for chosen in itertools.product([False, True], repeat=len(free)):
        groups = primary.copy()
        groups[free] = chosen
        choices.append((float(weights[groups].sum()), groups))
    return next(loss for loss, groups in sorted(choices, key=lambda each: each[0]) if not narrow(figures, groups))


def asks(figures: Figures, **asked: float) -> Figures:
    """The same figures with other things asked of the small ones."""
    small = np.isfinite(figures.low)
    return replace(figures, **{name: np.where(small, value, getattr(figures, name)) for name, value in asked.items()})


def wards_of_linked_measures(seed: int) -> tuple[Figures, np.ndarray, np.ndarray]:
    """Three wards' violence with injury, domestic and other, as a pack of the board has them; months are withheld."""
    chance = np.random.default_rng(seed)
    domestic, other = chance.negative_binomial(1, 0.1, size=(2, 3))
    counts = {"vwi": domestic + other, "domestic_vwi": domestic, "ndvwi": other}
    years = [(name, f"W{ward}", "rolling_12", each[ward]) for name, each in counts.items() for ward in range(3)]
    months = [("ndvwi", f"W{ward}", "month", chance.binomial(other[ward], 0.3)) for ward in range(3)]
    rows = pd.DataFrame([*years, *months], columns=["measure", "breakdown_value", "window", "current"])
    rows = rows.assign(period="2021-11", previous=None, status="ok")
    small = rows["current"].between(1, 4) & (rows["window"] == "rolling_12")
    made = linked_tables(rows, small.to_numpy(), BOARD, [list(counts)])
    assert made is not None
    return made.figures, made.primary, made.weights


def a_table(seed: int, shape: tuple[int, ...] = (3, 3)) -> tuple[Figures, np.ndarray, np.ndarray]:
    return table(np.random.default_rng(seed).negative_binomial(1, 0.08, size=shape))


CASES = {
    **{f"table {seed}": a_table(seed) for seed in range(6)},
    **{f"row {seed}": a_table(seed, (8,)) for seed in range(6, 9)},
    **{f"linked measures {seed}": wards_of_linked_measures(seed) for seed in range(6)},
}


ASKED = [
    {},
    {"low": np.inf, "high": 9},
    {"high": -np.inf, "width": 2},
    {"width": 12},
    {"low": 1, "high": 5, "width": 3},
    {"low": np.inf, "high": -np.inf, "width": 1},
]


@pytest.mark.parametrize(("case", "asked"), [*zip(CASES, itertools.cycle(ASKED), strict=False)], ids=str)
def test_no_safe_choice_loses_less(case: str, asked: dict[str, float]) -> None:
    """Every choice of a small table tried, whether much is asked or little, at one end of the intervals or at both."""
    figures, primary, weights = CASES[case]
    figures = asks(figures, **asked)
    found = suppress(figures, primary, weights)
    if found.given:  # no choice is safe: what is shown whatever is chosen gives a count away
        assert narrow(figures, np.ones(len(weights), dtype=bool))
        return
    assert not narrow(figures, found.groups)
    least = best(figures, primary, weights)
    assert found.loss == pytest.approx(least, rel=2 * MIP_GAP)
    assert found.bound <= least + 1e-9


@pytest.fixture
def solved(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """How many programmes have been solved."""
    number: Counter[str] = Counter()
    least = Programme.least

    def linear(self: Programme, *asked: object) -> Solved:
        number["linear"] += 1
        return least(self, *asked)

    def whole(*asked: object, **options: float) -> Solved | None:
        number["whole"] += 1
        return least_whole(*asked, **options)

    monkeypatch.setattr(Programme, "least", linear)
    monkeypatch.setattr(suppression, "least_whole", whole)
    return number


@pytest.mark.parametrize(("shape", "seed"), [((3, 3), 0), ((6, 6), 0), ((6, 6), 4), ((8, 8), 3), ((12,), 2)])
def test_three_programmes_show_every_cell_of_a_table_wide_enough(
    shape: tuple[int, ...], seed: int, solved: Counter[str]
) -> None:
    """Two ends for each would be over a hundred."""
    figures, _, weights = a_table(seed, shape)
    assert narrow(figures, np.ones(len(weights), dtype=bool)) == []
    assert solved["linear"] <= 3


@pytest.mark.parametrize(
    ("shape", "seed", "linear", "whole"),
    [((8,), 6, 5, 0), ((3, 3), 3, 10, 1), ((6, 6), 2, 31, 1), ((8, 8), 1, 33, 1), ((8, 8), 3, 47, 2)],
)
def test_what_every_safe_choice_satisfies_spares_programmes(
    shape: tuple[int, ...], seed: int, linear: int, whole: int, solved: Counter[str]
) -> None:
    suppress(*a_table(seed, shape))
    assert solved["linear"] <= linear
    assert solved["whole"] <= whole


ANYTHING = {"low": np.inf, "high": -np.inf}


@pytest.mark.parametrize(
    ("interval", "asked", "too_narrow"),
    [
        ((0, 4), {"low": 0, "high": 4}, False),
        ((1, 5), {"low": 0, "high": 4}, True),
        ((0, 3), {"low": 0, "high": 4, "width": 3}, True),
        ((1, 5), ANYTHING, False),
        ((2, 5), ANYTHING, True),
        ((0, 1), ANYTHING, True),
        ((5, 5), {**ANYTHING, "width": 1}, True),
        ((5, 5), {**ANYTHING, "width": 0}, False),
        ((5, 8), {**ANYTHING, "harmless": 4}, False),
        ((4, 7), {**ANYTHING, "harmless": 4}, True),
        ((0, 0), ANYTHING, False),  # nought, and it tells of no one
        ((0, 0), {"low": 0, "high": 4}, True),
    ],
)
def test_an_interval_is_too_narrow_for_what_is_asked(
    interval: tuple[int, int], asked: dict[str, float], too_narrow: bool
) -> None:
    """The first count is withheld; shown are its sum with a second and a third, the third, and the second with a
    fourth, which leave it from ``high`` less what the second can be to ``high``."""
    low, high = interval
    figures = Figures(
        sums([[0], [0, 1, 3], [1, 2], [3]], 4),
        np.array([low, high + 5.0, high - low, 5]),
        np.array([0, SHOWN, SHOWN, SHOWN]),
        **{name: np.array([asked.get(name, usual), np.inf, np.inf, np.inf])
           for name, usual in {"low": np.inf, "high": -np.inf, "width": 4.0, "harmless": np.inf}.items()},
    )  # fmt: skip
    found = narrow(figures, np.array([True]))
    assert [(proof.figure, round(proof.low, 6), round(proof.high, 6)) for proof in found] == [
        (0, low, high)
    ] * too_narrow


def test_counts_under_a_shown_nought_tell_of_no_one() -> None:
    figures, _, _ = table([[0, 0], [7, 9]])
    asked = replace(figures, low=np.zeros(len(figures.low)), high=np.full(len(figures.low), 4.0))
    assert narrow(asked, np.array([True, True, False, False])) == []
    assert [proof.figure for proof in narrow(asked, np.array([True, True, True, False]))] == [2]
