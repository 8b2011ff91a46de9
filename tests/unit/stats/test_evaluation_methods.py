"""Programmes whose effect is known: from papers, from statsmodels, and simulated."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from crimelib.errors import InputError
from crimelib.stats.evaluation import (
    Displacement,
    Pair,
    as_far,
    cost_per_event,
    detectable_fall,
    difference_in_differences,
    differential_trend,
    placebo_areas,
    placebo_dates,
    weighted_displacement,
)

LEVELS = np.array([30, 30, 16, 16, 20])  # one treated area and four others, events a month
TREATED = np.array([True, False, False, False, False])
AFTER = np.arange(43) >= 31
DRAWS = 300
PAPER = {
    "treated": Pair(207, 110),
    "control": Pair(308, 318),
    "ring": Pair(178, 157),
    "ring_control": Pair(150, 140),
}


def drawn(seed: int, effect: float, dispersion: float) -> np.ndarray:
    """Months by areas: a season and a common shock in all, the effect in the treated area after the start."""
    rng = np.random.default_rng(seed)
    months = np.exp(0.2 * np.sin(np.arange(43) * np.pi / 6) + rng.normal(0, 0.15, 43))
    mean = np.outer(months, LEVELS)
    mean[np.ix_(AFTER, TREATED)] *= effect
    if dispersion == 1:
        return rng.poisson(mean)
    return rng.negative_binomial(mean / (dispersion - 1), 1 / dispersion)


def test_the_weighted_displacement_difference_of_the_paper() -> None:
    found = weighted_displacement(PAPER)
    assert found.difference == -118
    assert found.standard_error == pytest.approx(39.598, abs=5e-4)
    assert found.z == pytest.approx(-2.980, abs=5e-4)
    assert found[3:] == pytest.approx((-195.6, -40.4), abs=0.05)


def test_dispersion_widens_the_difference_by_its_root() -> None:
    plain, wide = weighted_displacement(PAPER), weighted_displacement(PAPER, dispersion=2.25)
    assert wide.difference == plain.difference
    assert wide.standard_error == pytest.approx(1.5 * plain.standard_error)


def test_a_longer_time_before_is_brought_to_the_length_of_the_time_after() -> None:
    longer = {name: Pair(2 * pair.before, pair.after) for name, pair in PAPER.items()}
    found = weighted_displacement(longer, before_weight=0.5)
    assert found.difference == -118
    assert found.standard_error < weighted_displacement(PAPER).standard_error


def test_a_ring_needs_its_own_control() -> None:
    with pytest.raises(InputError, match="ring_control"):
        weighted_displacement({"treated": Pair(1, 1), "control": Pair(1, 1), "ring": Pair(1, 1)})


@pytest.mark.parametrize("dispersion", [1, 3])
def test_the_effect_is_that_of_the_large_regression(dispersion: float) -> None:
    sm = pytest.importorskip("statsmodels.api")
    counts, treated = drawn(7, 0.8, dispersion), np.array([True, True, False, False, False])
    month, area = (index.ravel() for index in np.indices(counts.shape))
    dummies = [(month == level) for level in range(43)] + [(area == level) for level in range(1, 5)]
    design = np.column_stack([*dummies, AFTER[month] & treated[area]]).astype(float)
    fit = sm.GLM(counts.ravel(), design, family=sm.families.Poisson()).fit(scale="X2")
    found = difference_in_differences(counts, treated, AFTER)
    assert found.ratio == pytest.approx(np.exp(fit.params[-1]), rel=1e-6)
    assert found.freedom == fit.df_resid
    assert found.dispersion == pytest.approx(max(1, fit.scale), rel=1e-6)
    reach = stats.t(fit.df_resid).ppf(0.975) * fit.bse[-1] * np.sqrt(found.dispersion / fit.scale)
    assert found.low == pytest.approx(np.exp(fit.params[-1] - reach), rel=1e-6)


@pytest.mark.parametrize("dispersion", [1, 3])
@pytest.mark.parametrize("effect", [0.7, 1.0])
def test_a_known_effect_is_inside_its_interval_95_times_in_100(effect: float, dispersion: float) -> None:
    found = [difference_in_differences(drawn(seed, effect, dispersion), TREATED, AFTER) for seed in range(DRAWS)]
    inside = sum(each.low <= effect <= each.high for each in found)
    low, high = stats.binom(DRAWS, 0.95).interval(0.998)
    assert low <= inside <= high


@pytest.mark.parametrize("dispersion", [1, 3])
def test_no_effect_is_flagged_5_times_in_100(dispersion: float) -> None:
    found = [difference_in_differences(drawn(seed, 1, dispersion), TREATED, AFTER) for seed in range(DRAWS, 2 * DRAWS)]
    low, high = stats.binom(DRAWS, 0.05).interval(0.998)
    assert low <= sum(each.p_value < 0.05 for each in found) <= high


def test_the_weighted_displacement_difference_flags_no_effect_5_times_in_100() -> None:
    rng = np.random.default_rng(3)
    events = rng.poisson([[207, 207], [308, 308], [178, 178], [150, 150]], (DRAWS, 4, 2))
    found = [weighted_displacement({name: Pair(*pair) for name, pair in zip(PAPER, draw, strict=True)})
             for draw in events]  # fmt: skip
    low, high = stats.binom(DRAWS, 0.05).interval(0.998)
    assert low <= sum(abs(each.z) > 1.96 for each in found) <= high


@pytest.mark.parametrize("dispersion", [1, 3])
def test_the_detectable_fall_is_found_four_times_in_five(dispersion: float) -> None:
    before = 31 * LEVELS
    fall = detectable_fall(before[0], Pair(before[1:].sum(), 12 * LEVELS[1:].sum()), dispersion)
    found = [difference_in_differences(drawn(seed, 1 - fall / 100, dispersion), TREATED, AFTER)
             for seed in range(DRAWS)]  # fmt: skip
    low, high = stats.binom(DRAWS, 0.8).interval(0.998)
    assert low <= sum(each.high < 1 for each in found) <= high


def test_no_fall_can_be_seen_in_a_handful() -> None:
    assert np.isnan(detectable_fall(3, Pair(4, 4)))
    assert np.isnan(detectable_fall(0, Pair(40, 40)))


def test_a_known_drift_before_the_start_is_found() -> None:
    years = np.arange(60) / 12
    mean = np.outer(np.ones(60), LEVELS * 20)
    mean[:, 0] *= 1.1**years
    found = differential_trend(np.random.default_rng(1).poisson(mean), TREATED, years)
    assert found.low < 1.1 < found.high
    assert found.p_value < 0.001


def test_parallel_trends_are_flagged_5_times_in_100() -> None:
    found = [differential_trend(drawn(seed, 1, 1), TREATED, np.arange(43) / 12) for seed in range(DRAWS)]
    low, high = stats.binom(DRAWS, 0.05).interval(0.998)
    assert low <= sum(each.p_value < 0.05 for each in found) <= high


def test_a_side_without_events_has_no_ratio() -> None:
    counts = drawn(1, 1, 1)
    counts[AFTER, 0] = 0
    assert np.isnan(difference_in_differences(counts, TREATED, AFTER).ratio)


@pytest.mark.parametrize(
    ("counts", "treated", "after"),
    [
        ([[1, np.nan], [1, 2]], [True, False], [False, True]),
        ([[1, -2], [1, 2]], [True, False], [False, True]),
        ([[1, 2], [1, 2]], [True, True], [False, True]),
        ([[1, 2], [1, 2]], [True, False], [True, True]),
        ([[1, 2], [1, 2]], [True, False, False], [False, True]),
    ],
)
def test_what_is_no_panel_is_refused(counts: list, treated: list, after: list) -> None:
    with pytest.raises(InputError):
        difference_in_differences(np.array(counts), treated, after)


def test_placebo_areas_and_dates_lie_about_no_change_and_the_real_effect_beyond_them() -> None:
    counts = pd.DataFrame(
        drawn(5, 0.5, 1), index=pd.period_range("2019-07", periods=43, freq="M"), columns=list("abcde")
    )
    areas = placebo_areas(counts[list("bcde")], list("bcd"), AFTER)
    dates = placebo_dates(counts[~AFTER], TREATED, 6)
    real = difference_in_differences(counts.to_numpy(), TREATED, AFTER).ratio
    assert list(areas.index) == list("bcde")
    assert (dates.index[0], dates.index[-1]) == (pd.Period("2020-01", "M"), pd.Period("2021-08", "M"))
    assert as_far(real, areas) == as_far(real, dates) == 0
    assert as_far(1.0, areas) == 4


def test_a_cost_is_given_only_for_a_clear_fall() -> None:
    assert cost_per_event(Displacement(-100, 10, -10, -120, -80), 21, 12, 5000) == 12_600
    assert np.isnan(cost_per_event(Displacement(-10, 10, -1, -30, 10), 21, 12, 5000))


def test_an_area_or_a_month_with_a_single_event_counts_and_one_without_any_does_not() -> None:
    """Five months and three areas with events: (5 - 1) * (3 - 1) - 1 degrees of freedom."""
    counts = np.array([[5, 5, 0, 0], [4, 6, 0, 0], [0, 1, 0, 0], [0, 0, 0, 0], [6, 2, 1, 0], [3, 4, 0, 0]])
    found = difference_in_differences(counts, [True, False, False, False], [False] * 3 + [True] * 3)
    assert found.freedom == 7
    t_value = 2 * stats.t.ppf(0.975, 7) * np.log(found.ratio) / np.log(found.high / found.low)
    assert found.p_value == pytest.approx(2 * stats.t.sf(abs(t_value), 7))
    assert found.dispersion >= 1


@pytest.mark.parametrize("treated", [[True, False], [False, True]])
def test_a_side_without_an_event_has_no_effect(treated: list[bool]) -> None:
    counts = np.array([[0, 5], [0, 6], [0, 4], [0, 5]])
    found = difference_in_differences(np.column_stack([counts, counts[:, 1 - np.flatnonzero(treated)[0]]]),
                                      [*treated, treated[1]], [False, False, True, True])  # fmt: skip
    assert np.isnan(found.ratio)


def test_the_least_fall_seen_of_few_events_without_dispersion_unless_told() -> None:
    found = detectable_fall(400, Pair(4000, 4000))
    assert found == detectable_fall(400, Pair(4000, 4000), 1.0)
    assert found < detectable_fall(400, Pair(4000, 4000), 2.0)
    assert np.isnan(detectable_fall(0, Pair(10, 10)))
    assert np.isfinite(detectable_fall(1, Pair(1e6, 1e9)))
