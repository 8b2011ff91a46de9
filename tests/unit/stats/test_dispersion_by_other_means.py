"""The dispersion that a comparison allows for, and which test decides it, by another library on figures that count."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from statsmodels.api import GLM, families

from crimelib.stats import comparison
from crimelib.stats.comparison import Dispersion

pytestmark = pytest.mark.filterwarnings("error")  # a division by nothing is told by its result
END = pd.Period("2021-11", freq="M")


def monthly(values: object) -> pd.Series:
    counts = np.asarray(values, float)
    return pd.Series(counts, index=pd.period_range(end=END, periods=len(counts), freq="M"))


def fitted(counts: np.ndarray, terms: dict[str, np.ndarray], days: np.ndarray) -> tuple[float, int]:
    """Pearson's chi-square and degrees of freedom of a Poisson regression on the terms that the seen months carry."""
    seen = np.isfinite(counts)
    design = np.column_stack([term for term in terms.values() if term[seen].any()])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        fit = GLM(counts[seen], design[seen], family=families.Poisson(), offset=np.log(days[seen])).fit()
    return float(fit.pearson_chi2), int(seen.sum()) - design.shape[1]


def expected_dispersion(counts: np.ndarray, days: np.ndarray) -> tuple[float, int]:
    """A level per twelve months counted back from the last; a slope and two waves, or where an F test asks for it a
    level per calendar month."""
    back = np.arange(len(counts))[::-1]
    levels = {f"year {year}": (back // 12 == year).astype(float) for year in range(back.max() // 12 + 1)}
    turns = 2 * np.pi * back / 12
    waves = {"slope": back / 12, "sin": np.sin(turns), "cos": np.cos(turns), "sin 2": np.sin(2 * turns),
             "cos 2": np.cos(2 * turns)}  # fmt: skip
    each = {f"month {month}": (back % 12 == month).astype(float) for month in range(11)}
    smooth, smooth_freedom = fitted(counts, levels | waves, days)
    full, freedom = fitted(counts, levels | each, days)
    extra = smooth_freedom - freedom
    lumpy = smooth > smooth_freedom and freedom >= 1 and extra >= 1
    if lumpy and stats.f.sf((smooth - full) / extra / (full / freedom), extra, freedom) < 0.05:
        return full / freedom, freedom
    return smooth / smooth_freedom, smooth_freedom


def history(kind: str, months: int) -> np.ndarray:
    rng, time = np.random.default_rng(12), np.arange(months)
    if kind == "smooth":
        return rng.negative_binomial(30, 30 / (30 + 60 * np.exp(0.4 * np.sin(2 * np.pi * time / 12 + 1)))).astype(float)
    if kind == "one odd month a year":
        return rng.poisson(np.where(time % 12 == 4, 160, 60)).astype(float)
    if kind == "a somewhat odd month a year":
        return rng.poisson(np.where(time % 12 == 4, 90, 60)).astype(float)
    if kind == "a slope":
        return rng.negative_binomial(40, 40 / (40 + 50 * np.exp(time / 40))).astype(float)
    gaps = rng.negative_binomial(20, 0.3, months).astype(float)
    gaps[[2, 5, months - 4]] = np.nan
    return gaps


@pytest.mark.parametrize("months", [14, 15, 26, 43, 72])
@pytest.mark.parametrize("kind", ["smooth", "one odd month a year", "a somewhat odd month a year", "a slope", "gaps"])
def test_the_dispersion_of_a_history(kind: str, months: int) -> None:
    counts = history(kind, months)
    days = pd.period_range(end=END, periods=months, freq="M").days_in_month.to_numpy(float)
    found = comparison.dispersion_of(counts[:, None], days)
    estimate, freedom = expected_dispersion(counts, days)
    assert found.freedom[0] == freedom
    assert found.estimate[0] == pytest.approx(estimate, rel=2e-3)
    assert found.mean[0] == pytest.approx(np.nanmean(counts))


def test_a_history_that_is_missing_or_of_one_month_has_none() -> None:
    found = comparison.dispersion_of(np.array([[np.nan, 5.0], [np.nan, np.nan]]), np.array([31.0, 30.0]))
    assert (found.freedom < 1).all()
    assert comparison.widened(found).tolist() == [comparison.ASSUMED_DISPERSION] * 2


def allowed(estimate: float, freedom: int, mean: float) -> float:
    """docs/methods.md, a step at a time: Student's t for the degrees of freedom that a heavy-tailed statistic is
    worth, on the excess over 1, raised where counts are small."""
    excess = max(estimate - 1, 0) * (1 + 0.3 / mean)
    heavy = (6 * excess + 1 / (1 + excess)) / (2 * mean)
    worth = max((freedom - 3) / (1 + heavy), 2)
    student = (stats.t.ppf(0.975, worth) / stats.norm.ppf(0.975)) ** 2
    sparse = 1 + (9 / (mean * freedom)) ** 2
    return max(sparse if sparse > 1.01 else 1, 1 + (1 + 2 * (student - 1)) * excess - 0.05)


@pytest.mark.parametrize(
    ("estimate", "freedom", "mean"),
    [
        (1.0, 50, 40.0), (0.4, 50, 40.0), (1.02, 80, 300.0), (1.5, 12, 40.0), (2.0, 50, 5.0), (4.0, 90, 200.0),
        (1.3, 30, 1.2), (3.0, 7, 0.6), (6.0, 4, 2.0), (1.0, 2, 20.0), (2.0, 1, 30.0), (1.0, 20, 0.05), (1.0, 60, 1.4),
        (1.0, 60, 1.6), (1.0, 8, 1.0), (2.5, 5, 9.0),
    ],
)  # fmt: skip
def test_an_estimated_dispersion_is_widened_by_what_is_not_known_of_it(
    estimate: float, freedom: int, mean: float
) -> None:
    found = comparison.widened(Dispersion(np.array([estimate]), np.array([freedom]), np.array([mean])))
    assert found[0] == pytest.approx(allowed(estimate, freedom, mean))


@pytest.mark.parametrize(
    ("estimate", "freedom", "mean", "expected"),
    [
        (5.0, 0, 40.0, 2.5),
        (np.nan, -3, np.nan, 2.5),
        (np.inf, 40, 40.0, 1.0),
        (np.nan, 40, 40.0, 1.0),
        (5000.0, 40, 40.0, 1000.0),
        (1.0, 60, 0.0, 1 + (9 / (0.01 * 60)) ** 2),
    ],
    ids=["no freedom", "no history", "without end", "without a value", "at most a thousand", "no event at all"],
)
def test_a_dispersion_that_cannot_be_estimated(estimate: float, freedom: int, mean: float, expected: float) -> None:
    found = comparison.widened(Dispersion(np.array([estimate]), np.array([freedom]), np.array([mean])))
    assert found[0] == pytest.approx(expected)


def test_only_the_last_ten_years_speak() -> None:
    calm = np.full(120, 50.0)
    noisy = np.concatenate([[900.0, 900.0], calm])
    named = pd.DataFrame({"a": monthly(noisy), "b": monthly(np.r_[np.full(3, 9.0), noisy[3:]])})
    found = comparison.history_spread(named, END)
    assert found.to_dict() == {"a": 1.0, "b": 1.0}
    assert comparison.history_spread(named.iloc[:-1], END - 1)["a"] > 1, (
        "a month earlier one of the noisy ones is within"
    )
    later = comparison.history_spread(named, END, breaks=["2021-09"])
    assert later.to_dict() == {"a": comparison.ASSUMED_DISPERSION, "b": comparison.ASSUMED_DISPERSION}


def test_records_made_monday_to_friday_are_set_against_working_days() -> None:
    index = pd.period_range(end=END, periods=72, freq="M")
    starts, ends = (each.to_timestamp().to_numpy("datetime64[D]") for each in (index, index + 1))
    busy = pd.Series(100.0 * np.busday_count(starts, ends), index)
    change = comparison.compare(busy, END, "month", days="working")
    assert (change.dispersion, change.signal) == (1, "no_clear_change")
    assert np.sqrt(change.ratio_low * change.ratio_high) == pytest.approx(1, rel=1e-3)
    assert comparison.history_spread(busy.to_frame(), END, days="working").iloc[0] == 1
    assert comparison.history_spread(busy.to_frame(), END).iloc[0] > 1.05


# Which test decides ---------------------------------------------------------------------------------------------------


def mid_p(a: float, b: float, exposure: float, phi: float) -> tuple[float, float, float]:
    """Interval and p-value of the mid-p test, by the Beta distribution of scipy."""
    of_share = stats.beta(a / phi + 0.5, b / phi + 0.5)
    share = exposure / (1 + exposure)
    low, high = (end / (1 - end) / exposure for end in of_share.ppf([0.025, 0.975]))
    below = of_share.cdf(share)
    return low, high, 2 * min(below, 1 - below)


@pytest.mark.parametrize("exposure", [1.0, 28 / 31, 31 / 28])
@pytest.mark.parametrize(("a", "b", "phi"), [(79, 57, 1.0), (57, 80, 1.0), (116, 75, 1.9), (60, 97, 1.9)])
def test_where_only_the_mid_p_test_finds_a_change_its_own_figures_are_given(
    a: int, b: int, exposure: float, phi: float
) -> None:
    found = comparison.decided(np.array([a]), np.array([b]), exposure, np.array([phi]))
    low, high, p_value = mid_p(a, b, exposure, phi)
    exact = comparison.two_counts(a, b, exposure, phi)
    if p_value < 0.05 <= exact.p_value:
        assert found.p_value[0] == pytest.approx(p_value)
    else:
        assert found.p_value[0] == pytest.approx(float(exact.p_value))
    if p_value < 0.05 and exact.low <= 1 <= exact.high:
        assert (found.low[0], found.high[0]) == pytest.approx((low, high))
    else:
        assert (found.low[0], found.high[0]) == pytest.approx((float(exact.low), float(exact.high)))
    assert (found.p_value[0] < 0.05) == (found.low[0] > 1 or found.high[0] < 1)


@pytest.mark.parametrize(
    ("values", "signal"),
    [([50] * 59 + [90], "increase"), ([50] * 59 + [20], "decrease"), ([50] * 60, "no_clear_change")],
)
def test_the_smallest_change_found_is_of_the_days_and_the_dispersion(values: list[int], signal: str) -> None:
    series = monthly(values)
    series.index += 3  # February against February of a leap year
    series.iloc[5:40:3] = 80.0
    change = comparison.compare(series, series.index[-1], "quarter")
    days = [sum(series.index[at].days_in_month) for at in (slice(-3, None), slice(-15, -12))]
    assert change.detectable_pct == pytest.approx(
        float(comparison.detectable_pct(change.previous, days[0] / days[1], change.dispersion))
    )
    assert change.dispersion > 1


@pytest.mark.parametrize(("now", "before"), [(90, 50), (20, 50), (50, 50)])
def test_the_signal_says_which_way(now: int, before: int) -> None:
    change = comparison.compare(monthly([50] * 59 + [now]), END, "month")
    assert change.signal == {90: "increase", 20: "decrease", 50: "no_clear_change"}[now]
    assert change.previous == before


@pytest.mark.parametrize(
    ("now", "before", "low", "high"),
    [(0, 0, False, False), (0, 1, True, True), (1, 0, True, False), (1, 1, True, True)],
)
def test_one_event_is_enough_for_a_bound(now: int, before: int, low: bool, high: bool) -> None:
    values = monthly([3] * 60)
    values.iloc[-1], values.iloc[-13] = now, before
    change = comparison.compare(values, END, "month")
    assert (change.ratio_low is not None, change.ratio_high is not None) == (low, high)
