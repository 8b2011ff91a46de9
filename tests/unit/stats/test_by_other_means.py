"""The statistics by hand or by another library, on figures in which every term counts."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import optimize, stats
from statsmodels.api import GLM, families
from statsmodels.stats.proportion import proportion_confint

from crimelib.stats import concordance, control_charts, evaluation, funnel, raking, survey
from crimelib.stats.concordance import Movement
from crimelib.stats.evaluation import Displacement, Pair

Z, Z_POWER = stats.norm.ppf([0.975, 0.8])


def monthly(values, start: str = "2016-01") -> pd.Series:
    return pd.Series(values, dtype=float, index=pd.period_range(start, periods=len(values), freq="M"))


# Funnel --------------------------------------------------------------------------------------------------------------


def test_funnel_limits_are_those_of_counts_over_the_dispersion():
    scaled = np.array([4, 30, 200]) / 2.5
    lower, upper = funnel.funnel_limits(np.array([4, 30, 200]), 0.95, 2.5)
    exact = stats.chi2.ppf(0.025, 2 * scaled) / 2 / scaled
    assert lower == pytest.approx([0, *exact[1:]])
    assert upper == pytest.approx(stats.chi2.ppf(0.975, 2 * scaled + 2) / 2 / scaled)


def test_dispersion_between_places_pulls_in_the_outermost_tenths():
    found = funnel.between_dispersion(np.array([100, 121, 81, 144, 64]), np.full(5, 100))
    assert found == pytest.approx((0 + 4 + 4 + 3.2**2 + 3.2**2) / 5)


def test_a_funnel_says_which_places_lie_outside():
    counts = pd.Series([100, 104, 97, 99, 102, 98, 101, 140, 78], index=list("abcdefghi"))
    found = funnel.funnel(counts, pd.Series(1000, index=counts.index))
    limits = [f"{side}_{level}" for level in ("95", "99.8") for side in ("low", "high")]
    assert list(found) == ["count", "expected", "ratio", "dispersion", *limits, "outside"]
    assert found["count"].tolist() == counts.tolist()
    assert found["expected"].tolist() == pytest.approx([counts.mean()] * 9)
    wide, narrow = (funnel.funnel_limits(counts.mean(), level, found["dispersion"].iloc[0]) for level in (0.998, 0.95))
    assert (found["low_99.8"].iloc[0], found["high_95"].iloc[0]) == pytest.approx((float(wide[0]), float(narrow[1])))
    beyond = [
        "99.8" if not wide[0] <= ratio <= wide[1] else "95" if not narrow[0] <= ratio <= narrow[1] else ""
        for ratio in found["ratio"]
    ]
    assert found["outside"].tolist() == beyond
    assert set(beyond) == {"", "95", "99.8"}


# Charts --------------------------------------------------------------------------------------------------------------


def test_u_prime_by_hand():
    counts, exposure = [8.0, 12.0, 10.0, 14.0, 60.0, 1.0], [0.5, 1.2, 0.8, 1.0, 1.1, 0.9]
    chart = control_charts.u_prime(monthly(counts), monthly(exposure))
    mean = sum(counts) / sum(exposure)
    sigma = [(mean / each) ** 0.5 for each in exposure]
    scores = [(count / base - mean) / each for count, base, each in zip(counts, exposure, sigma, strict=True)]
    spread = np.abs(np.diff(scores)).mean() / 1.128
    assert list(chart) == ["value", "mean", "lower", "upper", "rules", "side"]
    assert chart["mean"].tolist() == pytest.approx([mean] * 6)
    assert chart["upper"].tolist() == pytest.approx([mean + 3 * each * spread for each in sigma])
    assert chart["lower"].tolist() == pytest.approx([max(0, mean - 3 * each * spread) for each in sigma])


def test_u_prime_names_months_beyond_either_limit():
    counts = [100, 104] * 12
    counts[8], counts[16] = 150, 60
    chart = control_charts.u_prime(monthly(counts), monthly([2.0] * 24))
    named = {8: (control_charts.BEYOND, "high"), 16: (control_charts.BEYOND, "low")}
    found = list(zip(chart["rules"], chart["side"], strict=True))
    assert found == [named.get(month, ("", "")) for month in range(24)]
    assert (chart["lower"] > 0).all()


@pytest.mark.parametrize("outbreak", [0, 60])
def test_the_expected_band_is_the_regression_of_another_library(outbreak):
    time = np.arange(61)
    truth = 30 * np.exp(0.004 * time + 0.3 * np.sin(2 * np.pi * time / 12))
    values = monthly(np.random.default_rng(3).poisson(truth))
    values.iloc[30] += outbreak
    band = control_charts.expected_band(values, [values.index[-1]], alpha=0.01).iloc[0]
    expected, variance, spread = _reweighted(values.to_numpy(), values.index)
    bounds = control_charts.farrington_bounds(expected, variance, spread, 0.01)
    assert (band["expected"], band["dispersion"]) == pytest.approx((expected, spread), rel=1e-6)
    assert (band["lower"], band["upper"]) == pytest.approx(bounds, rel=1e-6)


def _reweighted(values: np.ndarray, months: pd.PeriodIndex) -> tuple[float, float, float]:
    """The last month from those before it, by statsmodels; past anomalies weighted down twice (Farrington 1996)."""
    ordinals = np.array([month.ordinal for month in months], float)
    waves = [wave(2 * np.pi * k * ordinals / 12) for k in (1, 2) for wave in (np.sin, np.cos)]
    design = np.column_stack([np.ones(len(ordinals)), (ordinals - ordinals[-1]) / 12, *waves])
    past, seen, weights = design[:-1], values[:-1], np.ones(len(values) - 1)
    for turn in range(3):
        fit = GLM(seen, past, family=families.Poisson(), var_weights=weights).fit(tol=1e-14, maxiter=100)
        spread = max(1.0, float((fit.resid_pearson**2).sum() / fit.df_resid))
        if turn == 2:
            break
        leverage = fit.mu * np.einsum("ij,jk,ik->i", past, fit.normalized_cov_params, past)
        anscombe = 1.5 * (seen ** (2 / 3) - fit.mu ** (2 / 3)) / fit.mu ** (1 / 6) / np.sqrt(spread * (1 - leverage))
        weights = np.where(anscombe > 2.58, 1 / np.clip(anscombe, 1, None) ** 2, 1.0)
        weights = weights / weights.mean()
    expected = float(np.exp(design[-1] @ fit.params))
    variance = spread * expected**2 * float(design[-1] @ fit.normalized_cov_params @ design[-1])
    return expected, variance, spread


def test_farrington_bounds_never_fall_below_zero():
    assert control_charts.farrington_bounds(20, 20 / 35, 1, 0.05)[0] == pytest.approx(13.0247, abs=1e-3)
    assert control_charts.farrington_bounds(1, 1, 1, 0.005)[0] == 0


# Surveys -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("weights", "effect"), [([1, 1, 2, 2], 40 / 36), ([0, 1], 2), ([3], 1), ([0.5, 0.5], 1), ([0.25], 1)]
)
def test_kishs_design_effect(weights, effect):
    assert survey.design_effect(np.array(weights)) == pytest.approx(effect)


def test_one_interview_is_a_sample():
    assert (survey.effective_size(1), survey.effective_size(0.5, 0.5)) == (1, 1)


@pytest.mark.parametrize("proportion", [0, 0.3, 1])
def test_wilsons_interval_is_that_of_another_library(proportion):
    low, high = proportion_confint(proportion * 200, 200, method="wilson")
    assert survey.wilson(proportion, 300, 1.5) == pytest.approx((low, high))


@pytest.mark.parametrize(
    ("now", "before", "signal"),
    [(0.62, 0.5, "increase"), (0.38, 0.5, "decrease"), (0.52, 0.5, "no_clear_change"), (0.5, 0.5, "no_clear_change")],
)
def test_a_change_between_waves_by_newcombes_interval(now, before, signal):
    sizes = 400 / 1.3, 500 / 1.3
    (low_now, high_now), (low_before, high_before) = (
        proportion_confint(share * size, size, method="wilson")
        for share, size in zip((now, before), sizes, strict=True)
    )
    found = survey.wave_change(now, before, 400, 500, 1.3)
    low = now - before - np.hypot(now - low_now, high_before - before)
    high = now - before + np.hypot(high_now - now, before - low_before)
    smallest = (Z + Z_POWER) * np.sqrt(before * (1 - before) * (1.3 / 400 + 1.3 / 500))
    assert found[:4] == pytest.approx((now - before, low, high, smallest))
    assert found.signal == signal


def test_a_single_answer_has_the_weight_one():
    assert raking.rake(np.array([[1.0]]), np.array([1.0]), np.array([1.0])).tolist() == [[1.0]]


def test_two_series_are_enough_to_set_side_by_side():
    found = concordance.heterogeneity([Movement(100, 50), Movement(100, 150)])
    effects, variances = np.log([0.5, 1.5]), np.array([1 / 50 + 1 / 100, 1 / 150 + 1 / 100])
    common = (effects / variances).sum() / (1 / variances).sum()
    q = ((effects - common) ** 2 / variances).sum()
    assert found == pytest.approx((q, 1, stats.chi2.sf(q, 1), 1 - 1 / q))


# Programmes ----------------------------------------------------------------------------------------------------------


def test_the_smallest_fall_that_is_found():
    known = 1 / 40 + 1 / 60 + 1 / 80

    def short_of(fall: float) -> float:
        return fall - (Z + Z_POWER) * np.sqrt(1.3 * (known + np.exp(fall) / (40 * 80 / 60)))

    found = evaluation.detectable_fall(40, Pair(60, 80), 1.3)
    assert found == pytest.approx(100 * (1 - np.exp(-optimize.brentq(short_of, 0, 4))), abs=0.1)


@pytest.mark.parametrize(("treated", "before", "after"), [(0, 10, 10), (10, 0, 10), (10, 10, 0)])
def test_no_fall_is_found_without_events(treated, before, after):
    assert np.isnan(evaluation.detectable_fall(treated, Pair(before, after)))


def test_a_placebo_date_counts_its_own_month_as_after():
    counts = pd.DataFrame({"t": [9, 12, 7, 11, 8, 6], "c": [10, 9, 13, 8, 12, 11]})
    found = evaluation.placebo_dates(counts, [True, False], 2)
    assert found.index.tolist() == [2, 3, 4]
    own = [evaluation.difference_in_differences(counts.to_numpy(), [True, False], [month >= cut for month in range(6)])
           for cut in (2, 3, 4)]  # fmt: skip
    assert found.tolist() == [each.ratio for each in own]


def test_placebos_as_far_from_no_change_count_both_ways():
    assert evaluation.as_far(0.8, pd.Series([0.8, 1.25, 1.0, 0.0, 0.81, 3.0])) == 4


def test_weighted_displacement_by_hand():
    groups = {"treated": Pair(100, 80), "control": Pair(50, 45, weight=2)}
    found = evaluation.weighted_displacement(groups, before_weight=0.5, dispersion=1.5)
    error = (1.5 * ((80 + 0.25 * 100) + 4 * (45 + 0.25 * 50))) ** 0.5
    assert found == pytest.approx((-10, error, -10 / error, -10 - Z * error, -10 + Z * error))


@pytest.mark.parametrize(("high", "cost"), [(-0.5, 2 * 6 * 5000 / 8), (0.0, np.nan), (0.5, np.nan)])
def test_an_event_fewer_has_a_cost_only_where_there_were_fewer(high, cost):
    found = Displacement(-8.0, 2.0, -4.0, -12.0, high)
    assert evaluation.cost_per_event(found, 2, 6, 5000) == pytest.approx(cost, nan_ok=True)
