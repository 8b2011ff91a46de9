"""Known answers of the charts, funnel, survey, concordance and revisions."""

import numpy as np
import pandas as pd
import pytest

from crimelib.errors import InputError
from crimelib.stats import concordance, funnel, revisions, survey
from crimelib.stats import control_charts as charts

pytestmark = pytest.mark.filterwarnings("error::RuntimeWarning")  # one would stand on a notebook's page

SPIKE = [1, 2, 1, 2, 10, *[1, 2] * 6, 1]


def monthly(values, start="2018-01"):
    return pd.Series(values, dtype=float, index=pd.period_range(start, periods=len(values), freq="M"))


@pytest.mark.parametrize(("screened", "lower", "upper"), [(True, -0.716, 4.604), (False, -3.063, 6.952)])
def test_xmr_limits(screened, lower, upper):
    assert charts.xmr_limits(np.array(SPIKE, float), screened=screened) == pytest.approx(
        (1.944, lower, upper), abs=6e-4
    )


def test_xmr_names_the_rule_and_draws_no_limit_below_zero():
    chart = charts.xmr(monthly(SPIKE))
    assert chart.lower.eq(0).all()
    assert chart.rules.tolist() == ["", "", "", "", charts.BEYOND] + [""] * 13
    assert chart.side.iloc[4] == "high"


@pytest.mark.parametrize(
    ("values", "rule", "flagged"),
    [
        ([10, 12] * 6 + [13] * 7 + [9, 11, 9, 11], charts.ONE_SIDE, range(11, 19)),
        ([10, 11] * 3 + [13, 9, 10, 11, 12, 13, 14, 15, 9, 10], charts.TREND, range(7, 14)),
        ([10, 11] * 8 + [14, 10, 14] + [10, 11] * 4, charts.NEAR, (16, 18)),
    ],
)
def test_xmr_rules(values, rule, flagged):
    rules = charts.xmr(monthly(values)).rules
    assert [i for i, text in enumerate(rules) if rule in text] == list(flagged)


@pytest.mark.parametrize(
    ("last", "near"),
    [
        ([15, 11, 15], ["high", "", "high"]),
        ([7, 11, 7], ["low", "", "low"]),
        ([11, 15, 15], ["", "high", "high"]),
        ([15, 11, 11, 15], ["", "", "", ""]),
        ([15, 7, 11], ["", "", ""]),
        ([8, 11, 8], ["", "", ""]),
        ([14, 11, 14], ["", "", ""]),
    ],
)
def test_two_of_three_in_the_outer_third_on_one_side(last, near):
    """Months of 10 and 12 by turns: mean 11, limits 5.4 from it, and their outer third from 3.6 on."""
    chart = charts.xmr(monthly([10, 12] * 40 + last)).iloc[80:]
    assert chart.side.tolist() == near
    assert chart.rules.tolist() == [charts.NEAR if side else "" for side in near]


def test_a_point_of_a_rise_that_lies_on_the_mean_is_on_no_side():
    chart = charts.xmr(monthly(range(5, 12)))
    assert chart.rules.str.contains(charts.TREND).all()
    assert chart.side.tolist() == ["low"] * 3 + [""] + ["high"] * 3


def test_six_in_a_row_is_no_run():
    rules = charts.xmr(monthly([10, 12] * 6 + [13] * 5 + [9, 11, 9, 11])).rules
    assert not rules.str.contains(charts.ONE_SIDE).any()


def test_a_missing_month_breaks_a_run():
    values = [10, 12] * 6 + [13] * 3 + [np.nan] + [13] * 4 + [9, 9, 9, 9]
    assert not charts.xmr(monthly(values)).rules.str.contains(charts.ONE_SIDE).any()


def test_limits_are_rebased_only_at_a_given_break():
    values = monthly([10, 12] * 6 + [30, 32] * 6)
    assert charts.xmr(values)["mean"].nunique() == 1
    rebased = charts.xmr(values, {pd.Period("2019-01"): "new counting rules"})
    assert rebased["mean"].tolist() == [11] * 12 + [31] * 12
    assert rebased.rebased.loc["2019-01"] == "new counting rules"
    assert (rebased.rebased != "").sum() == 1
    assert (rebased.rules == "").all()


def test_u_prime_is_the_u_chart_when_the_rates_vary_as_poisson():
    counts, exposure = monthly(np.random.default_rng(2).poisson(400, 600)), monthly([1000] * 600)
    chart = charts.u_prime(counts, exposure)
    plain = 3 * np.sqrt(chart["mean"] / exposure)
    assert ((chart.upper - chart["mean"]) / plain).iloc[0] == pytest.approx(1, abs=0.1)


def test_u_prime_widens_with_real_variation():
    rates = [10000, 10800] * 12
    chart = charts.u_prime(monthly(rates), monthly([1e5] * 24))
    sigma = np.sqrt(0.104 / 1e5)
    assert chart.upper.iloc[0] == pytest.approx(0.104 + 3 * 0.008 / 1.128, rel=1e-6)
    assert chart.upper.iloc[0] > 0.104 + 3 * sigma
    assert (chart.lower + chart.upper).tolist() == pytest.approx([0.208] * 24)
    assert (chart.rules == "").all()
    with pytest.raises(InputError):
        charts.u_prime(monthly([1, 2]), monthly([1, 0]))


@pytest.mark.parametrize(("alpha", "upper"), [(0.05, 27.907), (0.005, 32.756)])
def test_farrington_bound(alpha, upper):
    assert charts.farrington_bounds(20, 20 / 35, 1, alpha)[1] == pytest.approx(upper, abs=6e-4)
    flat = monthly([20] * 36)
    band = charts.expected_band(flat, [flat.index[-1]], alpha=alpha, season=False, trend=False)
    assert band.upper.iloc[0] == pytest.approx(upper, abs=6e-4)


def test_expected_band_of_what_varies_about_one_level():
    """Mean 6 over 30 months; the variance is 8 * 30 / 29, and the dispersion that over the mean."""
    band = charts.expected_band(monthly([2, 4, 6, 8, 10] * 6 + [7]), [pd.Period("2020-07")], season=False, trend=False)
    dispersion = 8 * 30 / 29 / 6
    assert band[["value", "expected"]].to_numpy().tolist() == [[7, pytest.approx(6)]]
    assert band.dispersion.iloc[0] == pytest.approx(dispersion)
    bounds = charts.farrington_bounds(6, dispersion * 6 / 30, dispersion, 0.005)
    assert band[["lower", "upper"]].to_numpy()[0].tolist() == pytest.approx(bounds)


def test_expected_band_knows_the_season_and_flags_what_leaves_it():
    time = np.arange(61)
    values = monthly(np.round(100 * np.exp(0.5 * np.sin(2 * np.pi * time / 12))))
    summer = values.index[51]  # a peak month
    assert charts.expected_band(values, [summer]).rules.iloc[0] == ""
    values[summer] *= 2
    band = charts.expected_band(values, [summer])
    assert (band.side.iloc[0], band.rules.iloc[0]) == ("high", "outside the expected band")


def test_a_past_outbreak_does_not_hide_a_new_one():
    values = monthly(np.random.default_rng(5).poisson(20, 60))
    calm = charts.expected_band(values, [values.index[-1]]).upper.iloc[0]
    values.iloc[30] = 90
    assert charts.expected_band(values, [values.index[-1]]).upper.iloc[0] < 1.15 * calm


def test_too_short_a_past_has_no_band():
    values = monthly([20] * 5)
    assert charts.expected_band(values, [values.index[-1]]).upper.isna().all()


@pytest.mark.parametrize(("level", "low", "high"), [(0.95, 0.4795, 1.8390), (0.998, 0.2961, 2.4134)])
def test_funnel_limits(level, low, high):
    assert [float(x) for x in funnel.funnel_limits(10, level)] == pytest.approx([low, high], abs=6e-5)


def test_funnel_widens_with_dispersion_and_marks_the_outlier():
    places = [f"E{n}" for n in range(20)]
    calm = pd.Series([100, 104, 96, 99, 101] * 4, places)
    exposure = pd.Series(1.0, places)
    table = funnel.funnel(calm, exposure)
    assert (table.dispersion == 1).all()
    assert (table.outside == "").all()
    calm["E3"] = 170
    assert funnel.funnel(calm, exposure).outside.loc["E3"] == "99.8"
    varied = pd.Series([60, 150, 80, 140, 100] * 4, places)
    wide = funnel.funnel(varied, exposure)
    assert wide.dispersion.iloc[0] > 5
    low, high = funnel.funnel_limits(wide.expected, 0.95, wide.dispersion.iloc[0])
    assert (wide.low_95.tolist(), wide.high_95.tolist()) == (pytest.approx(low), pytest.approx(high))
    with pytest.raises(InputError):
        funnel.funnel(calm, exposure.iloc[::-1])


def test_shrunken_rates():
    found = funnel.shrunken_rates([2, 10, 30, 5, 0], [5, 10, 20, 5, 2])
    assert found == pytest.approx([0.9628, 1.0765, 1.3195, 1.0932, 1.0072], abs=6e-5)
    assert funnel.shrunken_rates([2, 2, 2], [1, 1, 1]) == pytest.approx([2, 2, 2])


def test_benjamini_and_hochbergs_fifteen():
    p = [0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344, 0.0459, 0.3240]
    p += [0.4262, 0.5719, 0.6528, 0.7590, 1.0]
    assert funnel.discoveries(p).tolist() == [True] * 4 + [False] * 11
    assert funnel.discoveries([np.nan, *p])[:5].tolist() == [False] + [True] * 4
    assert not funnel.discoveries([np.nan]).any()


@pytest.mark.parametrize(
    ("proportion", "n", "effect", "low", "high"),
    [
        (0.62, 100, 1, 0.5221, 0.7090),
        (0.62, 100, 1.5, 0.49998, 0.72695),
        (0.62, 400, 1, 0.572, 0.666),
        (11 / 18, 18, 1, 0.386, 0.797),
    ],
)
def test_wilson(proportion, n, effect, low, high):
    from statsmodels.stats.proportion import proportion_confint

    assert survey.wilson(proportion, n, effect) == pytest.approx((low, high), abs=5e-4 if n in (400, 18) else 6e-5)
    size = n / effect
    assert survey.wilson(proportion, n, effect) == pytest.approx(
        proportion_confint(proportion * size, size, method="wilson")
    )


def test_the_interval_of_a_plain_sample_and_of_all_or_none():
    assert survey.wilson(0.62, 100) == survey.wilson(0.62, 100, 1)
    ends = [(survey.wilson(0, size)[0], survey.wilson(1, size)[1]) for size in range(1, 400)]
    assert all(low >= 0 and high <= 1 for low, high in ends)


def test_kish():
    weights = [1, 1, 1, 1, 2, 2, 2, 4]
    assert survey.design_effect(weights) == pytest.approx(1.3061, abs=5e-5)
    assert survey.effective_size(8, survey.design_effect(weights)) == pytest.approx(6.125)


def test_change_between_waves_is_newcombes():
    # Newcombe (1998), method 10, example (a): 56/70 against 48/80.
    found = survey.wave_change(56 / 70, 48 / 80, 70, 80)
    assert (found.difference, found.low, found.high) == pytest.approx((0.2, 0.0524, 0.3339), abs=5e-5)
    assert found.signal == "increase"
    assert survey.wave_change(48 / 80, 56 / 70, 80, 70).signal == "decrease"
    assert survey.wave_change(0.62, 0.60, 400, 400).signal == "no_clear_change"


def test_detectable_change_of_a_survey():
    assert survey.detectable_change(0.6, 400, 400) == pytest.approx(2.8016 * np.sqrt(0.24 / 200), rel=1e-4)
    assert survey.detectable_change(0.6, 400, 400, 2) > survey.detectable_change(0.6, 400, 400)


@pytest.mark.parametrize(
    "call", [lambda: survey.wilson(62, 100), lambda: survey.wilson(0.5, 0), lambda: survey.design_effect([])]
)
def test_survey_refuses(call):
    with pytest.raises(InputError):
        call()


def test_ratio_of_ratios_and_heterogeneity():
    police, idva, housing = (concordance.Movement(*pair) for pair in ((1000, 860), (200, 240), (120, 132)))
    found = concordance.ratio_of_ratios(police, idva)
    assert found[:4] == pytest.approx((0.7167, 0.5817, 0.8829, -3.130), abs=5e-4)
    assert found.p_value == pytest.approx(0.00175, abs=5e-6)
    together = concordance.heterogeneity([police, idva, housing])
    assert (together.q, together.p_value, together.i_squared) == pytest.approx((11.683, 0.0029, 0.829), abs=5e-4)
    assert concordance.ratio_of_ratios(police._replace(dispersion=2), idva).p_value > found.p_value
    with pytest.raises(InputError):
        concordance.ratio_of_ratios(police, concordance.Movement(0, 5))
    with pytest.raises(InputError):
        concordance.heterogeneity([police])


def test_one_event_is_enough_for_a_ratio():
    one = concordance.Movement(1, 1)
    assert concordance.ratio_of_ratios(one, concordance.Movement(1, 2)).ratio == pytest.approx(1 / 2)
    with pytest.raises(InputError):
        concordance.ratio_of_ratios(one, concordance.Movement(5, 0))


def test_development_factors():
    factors = revisions.development_factors([[100, 104, 105], [120, 126, 127], [90, 93], [110]])
    assert factors == pytest.approx([1.04194, 1.00870], abs=6e-6)
    assert revisions.expected_final(110, 1, factors) == pytest.approx(115.61, abs=5e-3)
    assert revisions.expected_final(105, 3, factors) == 105
    with pytest.raises(InputError):
        revisions.expected_final(110, 0, factors)
    with pytest.raises(InputError):
        revisions.development_factors([[0, 1]])
