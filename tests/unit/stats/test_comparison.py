"""The comparison of two windows against its known answers, scipy and statsmodels."""

import dataclasses

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from crimelib.errors import InputError
from crimelib.measures.periods import WINDOWS
from crimelib.stats import compare, compare_many
from crimelib.stats import comparison as module

pytestmark = pytest.mark.filterwarnings("error::RuntimeWarning")  # one would stand on a notebook's page

PREVIOUS = [40, 52, 47, 61, 55, 38, 44, 58, 49, 53, 60, 43]
CURRENT = [45, 58, 50, 39, 66, 48, 41, 57, 62, 44, 51, 45]


def history(values, end="2021-11"):
    return pd.Series(values, index=pd.period_range(end=end, periods=len(values), freq="M"))


@pytest.mark.parametrize(
    ("current", "previous", "exposure", "dispersion", "low", "high", "p_value"),
    [
        (606, 600, 1, 1, 0.9007, 1.1326, 0.8855),
        (860, 1000, 1, 1, 0.7842, 0.9430, 0.00126),
        (12, 6, 1, 1, None, None, 0.2379),
        (117, 100, 1, 1, None, None, 0.2774),
        (60, 62, 28 / 31, 1, None, None, 0.7177),
        (606, 600, 1, 1.3246, 0.8870, 1.1501, None),
    ],
)
def test_known_answers_of_two_counts(current, previous, exposure, dispersion, low, high, p_value):
    found = module.two_counts(current, previous, exposure, dispersion)
    for value, expected in ((found.low, low), (found.high, high), (found.p_value, p_value)):
        if expected is not None:
            assert float(value) == pytest.approx(expected, abs=6e-5)


@pytest.mark.parametrize("dispersion", [1, 2])
def test_nothing_in_a_window_leaves_one_end_open(dispersion):
    """Without dispersion: all five events in one of two equal windows, 2 in 2**5; and the share p with p**5 = 0.025."""
    none_before, none_now = module.two_counts(5, 0, 1, dispersion), module.two_counts(0, 5, 1, dispersion)
    assert (float(none_before.high), float(none_now.low)) == (np.inf, 0)
    assert float(none_before.low) == pytest.approx(1 / float(none_now.high))
    assert float(none_before.p_value) == pytest.approx(float(none_now.p_value))
    neither = module.two_counts(0, 0, 1, dispersion)
    assert (float(neither.low), float(neither.high), float(neither.p_value)) == (0, np.inf, 1)
    if dispersion == 1:
        assert float(none_before.p_value) == pytest.approx(1 / 16)
        assert float(none_now.high) == pytest.approx(0.025 ** (-1 / 5) - 1)


def test_a_change_that_the_mid_p_test_alone_finds_keeps_its_open_end():
    fallen, risen = (compare(history([now] * 12 + [then]), "2021-11", "month") for now, then in ((5, 0), (0, 5)))
    assert (fallen.current, fallen.previous, fallen.ratio_low) == (0, 5, 0)
    assert (risen.current, risen.previous, risen.ratio_high) == (5, 0, None)
    decided = module.decided(np.array([0.0, 5.0]), np.array([5.0, 0.0]), 1.0, np.array([1.0, 1.0]))
    assert (decided.low[0], decided.high[1]) == (0, np.inf)
    assert (decided.p_value < module.ALPHA).all()
    assert (module.two_counts(0, 5).p_value > module.ALPHA).all()


def test_one_event_before_has_a_per_cent():
    change = compare(history([1] * 23 + [3]), "2021-11", "month")
    assert (change.previous, change.pct_change) == (1, 200.0)


def test_two_counts_of_equal_windows_without_dispersion_unless_told():
    assert float(module.two_counts(860, 1000).p_value) == pytest.approx(0.00126, abs=6e-6)


def test_ratio_is_of_daily_rates():
    assert float(module.two_counts(60, 62, 28 / 31).ratio) == pytest.approx(1.0714, abs=5e-5)


@pytest.mark.parametrize("exposure", [1, 28 / 31, 29 / 28, 0.3])
def test_p_values_and_intervals_are_scipys(exposure):
    rng = np.random.default_rng(4)
    a, b = rng.poisson(15, 60), rng.poisson(20, 60)
    found = module.two_counts(a, b, exposure)
    for i, (x, y) in enumerate(zip(a, b, strict=True)):
        oracle = stats.binomtest(int(x), int(x + y), exposure / (1 + exposure))
        interval = oracle.proportion_ci(0.95, "exact")
        assert found.p_value[i] == pytest.approx(oracle.pvalue, abs=1e-9)
        assert found.low[i] == pytest.approx(interval.low / (1 - interval.low) / exposure)
        assert found.high[i] == pytest.approx(interval.high / (1 - interval.high) / exposure)


@pytest.mark.parametrize(("base", "per_cent"), [(600, 16.9), (60, 58.7)])
def test_known_detectable_changes(base, per_cent):
    assert float(module.detectable_pct(base)) == pytest.approx(per_cent, abs=0.05)


@pytest.mark.parametrize(("base", "exposure", "dispersion"), [(600, 1, 1), (60, 29 / 28, 1.7), (25, 1, 2.5)])
def test_detectable_change_has_80_per_cent_power_by_statsmodels(base, exposure, dispersion):
    from statsmodels.stats.rates import power_poisson_ratio_2indep

    ratio = 1 + float(module.detectable_pct(base, exposure, dispersion)) / 100
    power = (
        power_poisson_ratio_2indep(
            base * ratio * exposure,
            base,
            1,
            value=1,
            dispersion=dispersion,
            alternative="two-sided",
            return_results=False,
        )
        if exposure == 1
        else power_poisson_ratio_2indep(
            ratio,
            1,
            base * exposure,
            1 / exposure,
            value=1,
            dispersion=dispersion,
            alternative="two-sided",
            return_results=False,
        )
    )
    assert power == pytest.approx(0.8, abs=2e-4)


def test_dispersion_of_the_known_example_by_a_level_per_year():
    counts = np.array(PREVIOUS + CURRENT, float)[:, None]
    levels = np.repeat(np.eye(2), 12, axis=0)
    fit = module.pearson(counts, np.ones_like(counts, bool), levels, np.zeros((24, 1)))
    assert (fit.statistic / fit.freedom)[0] == pytest.approx(1.3246, abs=5e-5)


@pytest.mark.parametrize("design", [module.smooth_design, module.monthly_design])
def test_dispersion_is_that_of_statsmodels(design):
    import statsmodels.api as sm

    rng = np.random.default_rng(8)
    counts = rng.negative_binomial(20, 0.4, 43).astype(float)
    counts[[3, 20]] = np.nan
    days = np.where(np.arange(43) % 12 == 2, 28.0, 31.0)
    matrix, seen = design(43), np.isfinite(counts)
    oracle = sm.GLM(counts[seen], matrix[seen], family=sm.families.Poisson(), offset=np.log(days[seen])).fit(scale="X2")
    values = np.where(seen, counts, 0)[:, None]
    fit = module.pearson(values, seen[:, None], matrix, np.log(days)[:, None])
    assert fit.freedom[0] == oracle.df_resid
    assert (fit.statistic / fit.freedom)[0] == pytest.approx(oracle.scale, rel=1e-3)


def test_a_steady_history_gives_the_exact_figures():
    change = compare(history([50] * 24, "2019-11"), "2019-11", "rolling_12")
    assert (change.current, change.previous, change.change, change.pct_change) == (600, 600, 0, 0.0)
    assert (change.p_value, change.dispersion, change.signal) == (1.0, 1.0, "no_clear_change")
    assert change.detectable_pct == pytest.approx(16.86, abs=0.01)
    assert isinstance(change.current, int)


def test_sexual_offences_up_six():
    change = compare(history([50] * 23 + [56], "2019-11"), "2019-11", "rolling_12")
    assert (change.current, change.change, change.pct_change) == (606, 6, 1.0)
    assert change.p_value == pytest.approx(0.8855, abs=5e-5)
    assert (change.ratio_low, change.ratio_high) == (
        pytest.approx(0.9007, abs=5e-5),
        pytest.approx(1.1326, abs=5e-5),
    )


def test_a_leap_day_is_exposure():
    plain = compare(history([280] * 24, "2022-02"), "2022-02", "month")
    leap = compare(history([280] * 24, "2020-02"), "2020-02", "month")
    assert plain.ratio_low * plain.ratio_high == pytest.approx(1, abs=1e-6)
    assert leap.ratio_low * leap.ratio_high == pytest.approx((28 / 29) ** 2, rel=0.01)


def test_working_days():
    months = pd.PeriodIndex(["2021-02", "2021-03"], freq="M")
    assert module.day_counts(months, "working").tolist() == [20, 23]
    assert module.day_counts(months).tolist() == [28, 31]
    with pytest.raises(InputError, match="days 'lunar' is unknown"):
        module.day_counts(months, "lunar")


@pytest.mark.parametrize("missing", ["2021-10", "2020-01"])
@pytest.mark.parametrize("absent", [True, False])
def test_an_incomplete_window_gives_nothing(missing, absent):
    series = history([50.0] * 60)
    series = series.drop(pd.Period(missing)) if absent else series.where(series.index != pd.Period(missing))
    change = compare(series, "2021-11", "rolling_12")
    assert change.signal == ""
    assert {getattr(change, field.name) for field in dataclasses.fields(change)} == {None, ""}


def test_a_gap_outside_the_windows_withholds_nothing():
    change = compare(history([50.0] * 60).drop(pd.Period("2018-01")), "2021-11", "rolling_12")
    assert change.signal == "no_clear_change"


@pytest.mark.parametrize(
    ("month", "crosses"), [("2019-12", False), ("2020-01", True), ("2021-11", True), ("2021-12", False)]
)
def test_a_break_leaves_figures_but_no_signal(month, crosses):
    change = compare(history([50] * 48 + [90] * 12), "2021-11", "rolling_12", breaks=[month])
    assert (change.current, change.previous) == (1080, 600)
    assert change.signal == ("" if crosses else "increase")
    assert (change.p_value is None) == crosses


def test_history_before_a_break_is_not_used():
    noisy = [10, 90] * 18 + [50] * 24
    assert compare(history(noisy), "2021-11", "rolling_12").dispersion > 5
    assert compare(history(noisy), "2021-11", "rolling_12", breaks=["2019-12"]).dispersion == 1


def test_unusual_months_do_not_widen():
    values = [50] * 36 + [5] * 3 + [50] * 21
    disrupted = pd.period_range("2019-12", periods=3, freq="M")
    assert compare(history(values), "2021-11", "month").dispersion > 1.5
    assert compare(history(values), "2021-11", "month", unusual=disrupted).dispersion == 1


def test_later_months_change_nothing():
    values = list(np.random.default_rng(1).poisson(30, 72))
    assert compare(history(values, "2022-11"), "2021-11", "quarter") == compare(
        history(values[:60]), "2021-11", "quarter"
    )


def test_windows():
    values = list(range(60))
    totals = {window: compare(history(values), "2021-11", window).current for window in WINDOWS}
    assert totals == {
        "month": 59,
        "quarter": 174,
        "ytd": sum(range(52, 60)),
        "rolling_12": sum(range(48, 60)),
    }


def test_beside_a_break_each_figure_keeps_its_name():
    table = pd.DataFrame({"a": [50] * 60, "b": [20] * 60}, index=pd.period_range(end="2021-11", periods=60, freq="M"))
    found = compare_many(table, "2021-11", "month", breaks=["2021-06"])
    assert found["current"].to_dict() == {"a": 50, "b": 20}
    assert found[["p_value", "dispersion"]].isna().all(axis=None)


def test_many_is_one_at_a_time():
    rng = np.random.default_rng(3)
    table = pd.DataFrame(rng.poisson([2, 20, 200], (60, 3)), columns=list("abc"))
    table.index = pd.period_range(end="2021-11", periods=60, freq="M")
    many = compare_many(table, "2021-11", "ytd")
    for name in table:
        one = compare(table[name], "2021-11", "ytd")
        for field in dataclasses.fields(one):
            assert getattr(one, field.name) == pytest.approx(many.loc[name, field.name])


def test_zero_counts():
    none = compare(history([0] * 24), "2021-11", "month")
    assert (none.current, none.change, none.pct_change, none.ratio_low, none.ratio_high) == (
        0,
        0,
        None,
        None,
        None,
    )
    assert (none.p_value, none.detectable_pct, none.signal) == (1.0, None, "no_clear_change")
    risen = compare(history([0] * 23 + [30]), "2021-11", "month")
    assert (risen.pct_change, risen.ratio_high) == (None, None)
    gone = compare(history([3] * 59 + [0]), "2021-11", "month")
    assert (gone.pct_change, gone.ratio_low) == (-100.0, 0.0)


def test_two_months_alone_are_compared_widely():
    series = pd.Series([100, 130], index=pd.PeriodIndex(["2020-11", "2021-11"], freq="M"))
    change = compare(series, "2021-11", "month")
    assert change.dispersion == module.ASSUMED_DISPERSION
    assert change.signal == "no_clear_change"


@pytest.mark.parametrize(
    ("values", "index"),
    [
        ([1, -1], pd.period_range("2021-10", periods=2, freq="M")),
        ([1, 1.5], pd.period_range("2021-10", periods=2, freq="M")),
        ([1, np.inf], pd.period_range("2021-10", periods=2, freq="M")),
        ([1, 2], pd.PeriodIndex(["2021-11", "2021-11"], freq="M")),
        ([1, 2], pd.Index([0, 1])),
        ([1, 2], pd.period_range("2021-10", periods=2, freq="Q")),
    ],
)
def test_what_is_not_monthly_counts_is_refused(values, index):
    with pytest.raises(InputError):
        compare(pd.Series(values, index=index), "2021-11", "month")


def test_unknown_window_and_period_are_refused():
    with pytest.raises(InputError, match="window 'week' is unknown"):
        compare(history([1] * 24), "2021-11", "week")
    with pytest.raises(InputError, match="is not a month"):
        compare(history([1] * 24), "2021-13", "month")


@pytest.mark.parametrize(("base", "dispersion", "months"), [(60, 1.0, 24), (600, 2.0, 60), (5000, 1.5, 72)])
def test_false_alarms_hold_their_level(base, dispersion, months):
    rng = np.random.default_rng(20)
    size, mean = 2500, base / 12
    counts = (
        rng.poisson(mean, (months, size))
        if dispersion == 1
        else rng.negative_binomial(mean / (dispersion - 1), 1 / dispersion, (months, size))
    ).astype(float)
    table = pd.DataFrame(counts, index=pd.period_range(end="2019-11", periods=months, freq="M"))
    alarms = (compare_many(table, "2019-11", "rolling_12").signal != "no_clear_change").mean()
    assert 0.028 < alarms < 0.068
