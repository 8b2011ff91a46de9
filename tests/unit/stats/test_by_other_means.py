"""The statistics by hand or by another library, on figures in which every term counts."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import optimize, stats
from statsmodels.api import GLM, families
from statsmodels.stats.proportion import proportion_confint

from crimelib.stats import concordance, control_charts, evaluation, funnel, raking, revisions, survey
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


def test_rates_where_nothing_happened_stay_nought():
    assert funnel.shrunken_rates([0, 0, 0], [1, 2, 3]).tolist() == [0, 0, 0]


def test_a_discovery_may_lie_on_the_line_itself():
    assert funnel.discoveries([0.05]).tolist() == [True]
    assert funnel.discoveries([0.9, 0.05, 0.025]).tolist() == [False, False, False]
    assert funnel.discoveries([0.9, 0.03, 0.025]).tolist() == [False, True, True]
    assert funnel.discoveries([0.9, 0.8]).tolist() == [False, False]
    assert funnel.discoveries([]).tolist() == []


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


@pytest.mark.parametrize(("season", "trend"), [(True, True), (True, False), (False, True), (False, False)])
def test_a_band_s_terms_and_where_its_past_begins(season, trend):
    values = monthly(np.random.default_rng(8).poisson(40, 50))
    values.iloc[:10] *= 3  # another way of counting, before the break
    start, month = values.index[10], values.index[-1]
    band = control_charts.expected_band(values, [month], season=season, trend=trend, start=start).loc[month]
    months = np.arange(40)
    waves = [wave(2 * np.pi * k * (months + 10) / 12) for k in (1, 2) for wave in (np.sin, np.cos)]
    design = np.column_stack([np.ones(40), *([months / 12] if trend else []), *(waves if season else [])])
    fit = GLM(values.iloc[10:-1], design[:-1], family=families.Poisson()).fit(tol=1e-14, maxiter=100)
    assert band["expected"] == pytest.approx(float(np.exp(design[-1] @ fit.params)), rel=1e-6)
    assert band["value"] == values.iloc[-1]


def test_months_outside_the_band_on_either_side_are_named():
    values = monthly([20, 21] * 24)
    values.iloc[-2], values.iloc[-1] = 60, 2
    band = control_charts.expected_band(values, values.index[-3:], season=False)
    assert list(band) == ["value", "expected", "lower", "upper", "dispersion", "side", "rules"]
    assert band["side"].tolist() == ["", "high", "low"]
    assert band["rules"].tolist() == ["", control_charts.OUTSIDE_BAND, control_charts.OUTSIDE_BAND]


def test_a_band_needs_more_months_than_terms_and_an_event():
    flat = monthly([1] * 4)
    assert control_charts.expected_band(flat, flat.index, season=False)["expected"].isna().tolist() == [True] * 3 + [
        False
    ]
    none = monthly([0] * 12)
    assert control_charts.expected_band(none, none.index[-1:], season=False)["upper"].isna().all()
    one = monthly([0] * 11 + [1, 0])
    assert control_charts.expected_band(one, one.index[-1:], season=False, trend=False)["upper"].notna().all()


def test_xmr_limits_of_few_values():
    assert control_charts.xmr_limits(np.array([4.0]))[0] == 4
    assert np.isnan(control_charts.xmr_limits(np.array([4.0, np.nan, 6.0]))[1:]).all(), "no range is taken over a gap"
    assert control_charts.xmr_limits(np.array([4.0, np.nan, 6.0]))[0] == 5
    assert control_charts.xmr_limits(np.array([4.0, 6.0])) == pytest.approx((5, 5 - 2.66 * 2, 5 + 2.66 * 2))


def test_ranges_beyond_their_limit_are_left_out_of_the_limits():
    values = np.array([10.0, 12] * 10 + [40] + [10, 12] * 2)
    kept = [2.0] * 19 + [2.0] * 3
    assert 30 > 3.267 * (28 + 30 + sum(kept)) / 24 > 2
    assert control_charts.xmr_limits(values) == pytest.approx(
        (values.mean(), values.mean() - 2.66 * 2, values.mean() + 2.66 * 2)
    )


@pytest.mark.parametrize(
    ("values", "side"),
    [
        ([10, 12] * 8 + [11] * 7, ""),  # on the average is on neither side
        ([30, 10] * 12 + [21] * 6 + [10, 30] * 3, ""),
        ([30, 10] * 12 + [21] * 7 + [10, 30] * 3, "high"),
        ([10, 30] * 12 + [19] * 7 + [30, 10] * 3, "low"),
    ],
)
def test_seven_in_a_row_on_one_side(values, side):
    named = dict.fromkeys(range(24, 31), (control_charts.ONE_SIDE, side)) if side else {}
    chart = control_charts.xmr(monthly(values))
    found = dict(enumerate(zip(chart["rules"], chart["side"], strict=True)))
    assert {at: each for at, each in found.items() if each[0]} == named
    assert all(side == "" for rule, side in found.values() if not rule)


def test_months_are_numbered_by_the_limits_they_are_held_to():
    breaks = {pd.Period("2016-05"): "new counting rules", pd.Period("2030-01"): "not yet"}
    chart = control_charts.xmr(monthly([5, 7, 5, 7, 50, 52, 50]), breaks)
    assert chart["segment"].tolist() == [0] * 4 + [1] * 3
    assert chart["rebased"].tolist() == ["", "", "", "", "new counting rules", "", ""]
    alone = control_charts.xmr(monthly([5]))
    assert (alone["mean"].iloc[0], alone["rules"].iloc[0], alone["side"].iloc[0]) == (5, "", "")
    assert alone[["lower", "upper"]].isna().all(axis=None), "one month has no range to set limits by"


def test_a_point_that_breaks_two_rules_names_both():
    chart = control_charts.xmr(monthly([10, 12] * 12 + [13, 13, 13, 13, 13, 13, 40]))
    assert chart["rules"].iloc[-1] == f"{control_charts.BEYOND}; {control_charts.ONE_SIDE}"
    assert chart["side"].iloc[-1] == "high"


@pytest.mark.parametrize(
    ("steps", "rule"), [([1] * 6, True), ([1] * 5, False), ([-1] * 6, True), ([1, 1, 1, 0, 1, 1, 1], False)]
)
def test_seven_rising_or_falling_are_six_steps(steps, rule):
    values = [50, 54, 46] * 6 + [50, 50]
    for step in steps:
        values.append(values[-1] + step)
    rules = control_charts.xmr(monthly([*values, values[-1], *[50, 54, 46] * 4])).rules
    flagged = [at for at, text in enumerate(rules) if control_charts.TREND in text]
    assert flagged == (list(range(19, 19 + len(steps) + 1)) if rule else [])


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


def test_a_cell_without_answers_has_the_weight_nought():
    found = raking.rake(np.array([[4, 0], [2, 2]]), np.array([0.5, 0.5]), np.array([0.75, 0.25]))
    assert found == pytest.approx(np.array([[1, 0], [1, 1]]))
    assert found[0, 1] == 0


def test_a_single_answer_has_the_weight_one():
    assert raking.rake(np.array([[1.0]]), np.array([1.0]), np.array([1.0])).tolist() == [[1.0]]


def test_two_series_are_enough_to_set_side_by_side():
    found = concordance.heterogeneity([Movement(100, 50), Movement(100, 150)])
    effects, variances = np.log([0.5, 1.5]), np.array([1 / 50 + 1 / 100, 1 / 150 + 1 / 100])
    common = (effects / variances).sum() / (1 / variances).sum()
    q = ((effects - common) ** 2 / variances).sum()
    assert found == pytest.approx((q, 1, stats.chi2.sf(q, 1), 1 - 1 / q))


# Revisions -----------------------------------------------------------------------------------------------------------

NAN = np.nan
RELEASES = np.array([[100, 104, 105], [120, 126, 127], [90, NAN, 99], [0, NAN, 0], [50, 51, NAN]])


@pytest.mark.parametrize(
    ("least_months", "growth"),
    [
        (2, [281 / 270 * 232 / 230, 232 / 230]),  # step by step, of the months that saw both ends of each step
        (3, [331 / 310, NAN]),  # the last step was seen in two months: straight from the first release to the end
        (5, [NAN, NAN]),
    ],
)
def test_growth_to_come_by_hand(least_months, growth):
    assert revisions.growth_to_come(RELEASES, least_months) == pytest.approx(np.array(growth), nan_ok=True)


def test_nothing_grows_from_nought():
    assert np.isnan(revisions.growth_to_come(np.array([[0.0, 5.0], [0.0, 6.0]]), 1)).all()
    assert revisions.growth_to_come(np.array([[1.0, 5.0]]), 1).tolist() == [5]


def test_releases_that_nobody_has_give_no_factors():
    assert revisions.development_factors([]).tolist() == []


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


def test_flags_may_be_noughts_and_ones():
    counts = np.array([[9, 10], [12, 9], [7, 13]])
    flags = evaluation.difference_in_differences(counts, [1, 0], [0, 1, 1])
    assert flags == evaluation.difference_in_differences(counts, [True, False], [False, True, True])


def test_without_a_place_or_a_date_to_try_there_are_no_placebos():
    counts = pd.DataFrame({"t": [9, 12], "c": [10, 9]})
    for found in (evaluation.placebo_dates(counts, [True, False], 2), evaluation.placebo_areas(counts[[]], [], [])):
        assert (len(found), found.dtype) == (0, float)


def test_areas_and_months_without_events_change_no_effect():
    counts = np.array([[9, 10], [12, 9], [7, 13], [11, 8], [8, 12], [1, 1]])
    after = [False, False, False, True, True, True]
    found = evaluation.difference_in_differences(counts, [True, False], after)
    wider = np.column_stack([counts, np.zeros(6)])[[0, 1, 2, 3, 4, 4, 5]]
    wider[5] = 0
    assert evaluation.difference_in_differences(wider, [True, False, True], [*after, True]) == pytest.approx(found)
    assert found.freedom == 4


@pytest.mark.parametrize(
    ("counts", "after", "freedom"),
    [
        ([[5, 5], [6, 7]], [False, True], 0),
        ([[0, 5], [0, 7], [0, 6]], [False, True, True], 0),
        ([[5, 5], [0, 7], [0, 6]], [False, True, True], 1),
        ([[5, 5], [6, 0], [7, 0]], [False, True, True], 1),
    ],
    ids=["nothing left to judge by", "no event in the treated", "none after", "none elsewhere after"],
)
def test_an_effect_without_events_on_each_side_and_at_each_end_is_not_told(counts, after, freedom):
    found = evaluation.difference_in_differences(np.array(counts, float), [True, False], after)
    assert np.isnan(found[:5]).all()
    assert found.freedom == freedom


def test_one_degree_of_freedom_is_enough_for_an_effect():
    found = evaluation.difference_in_differences(
        np.array([[5, 5], [6, 7], [4, 6.0]]), [True, False], [False, True, True]
    )
    assert found.freedom == 1
    assert found.ratio == pytest.approx(10 / 13)


def test_weighted_displacement_by_hand():
    groups = {"treated": Pair(100, 80), "control": Pair(50, 45, weight=2)}
    found = evaluation.weighted_displacement(groups, before_weight=0.5, dispersion=1.5)
    error = (1.5 * ((80 + 0.25 * 100) + 4 * (45 + 0.25 * 50))) ** 0.5
    assert found == pytest.approx((-10, error, -10 / error, -10 - Z * error, -10 + Z * error))


@pytest.mark.parametrize(("high", "cost"), [(-0.5, 2 * 6 * 5000 / 8), (0.0, np.nan), (0.5, np.nan)])
def test_an_event_fewer_has_a_cost_only_where_there_were_fewer(high, cost):
    found = Displacement(-8.0, 2.0, -4.0, -12.0, high)
    assert evaluation.cost_per_event(found, 2, 6, 5000) == pytest.approx(cost, nan_ok=True)
