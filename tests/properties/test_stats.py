"""What must hold of any comparison, whatever the counts."""

import numpy as np
import pandas as pd
from hypothesis import assume, example, given
from hypothesis import strategies as st
from often import OFTEN

from crimelib.stats import compare, comparison

counts = st.integers(0, 3000)
histories = st.lists(st.integers(0, 400), min_size=24, max_size=72)
windows = st.sampled_from(["month", "quarter", "ytd", "rolling_12"])
exposures = st.sampled_from([1.0, 366 / 365, 28 / 29])
dispersions = st.floats(1, 4)


def monthly(values):
    return pd.Series(values, index=pd.period_range(end="2021-11", periods=len(values), freq="M"))


@OFTEN
@given(histories, windows)
def test_signal_p_value_and_interval_agree(values, window):
    change = compare(monthly(values), "2021-11", window)
    speaks = change.signal != "no_clear_change"
    assert speaks == (change.p_value < comparison.ALPHA)
    assert change.dispersion >= 1
    if change.ratio_low is not None:
        high = np.inf if change.ratio_high is None else change.ratio_high
        assert (change.ratio_low > 1) == (change.signal == "increase")
        assert (high < 1) == (change.signal == "decrease")


@OFTEN
@given(st.lists(st.integers(0, 400), min_size=12, max_size=12), st.integers(2, 6))
def test_a_series_against_itself_has_no_signal(year, years):
    change = compare(monthly(year * years), "2021-11", "rolling_12")
    assert (change.change, change.signal) == (0, "no_clear_change")


@OFTEN
@given(counts, counts, exposures, dispersions)
def test_swapping_the_windows_turns_the_interval_over(a, b, exposure, dispersion):
    assume(a > 0 and b > 0)
    there, back = (
        comparison.two_counts(a, b, exposure, dispersion),
        comparison.two_counts(b, a, 1 / exposure, dispersion),
    )
    np.testing.assert_allclose(there.low, 1 / back.high, rtol=1e-6)
    np.testing.assert_allclose(there.p_value, back.p_value, rtol=1e-6, atol=1e-9)


@OFTEN
@given(st.integers(1, 1500), st.integers(1, 1500), dispersions)
def test_doubling_both_counts_narrows_the_interval(a, b, dispersion):
    one, two = (comparison.two_counts(k * a, k * b, 1.0, dispersion) for k in (1, 2))
    assert two.high / two.low < one.high / one.low


@OFTEN
@given(counts, counts, exposures, dispersions, st.floats(1, 2))
def test_more_dispersion_never_narrows(a, b, exposure, dispersion, more):
    assume(a > 0 and b > 0)
    narrow = comparison.two_counts(a, b, exposure, dispersion)
    wide = comparison.two_counts(a, b, exposure, dispersion * more)
    assert wide.low <= narrow.low * (1 + 1e-9)
    assert wide.high >= narrow.high * (1 - 1e-9)


@OFTEN
@example(previous=1092, rise=7, exposure=366 / 365)
@example(previous=342, rise=46, exposure=366 / 365)
@given(st.integers(1, 2000), st.integers(1, 200), exposures)
def test_a_bigger_rise_is_never_likelier_by_chance(previous, rise, exposure):
    """But by less than a millionth where a leap day is between the windows: an exact test counts as extreme what is no
    likelier than what was seen, and one offence more may let a count of the other tail in."""
    current = previous + np.array([rise, rise + 1])
    p_values = comparison.two_counts(current * 1.0, previous, exposure).p_value
    assume((current > previous * exposure).all())
    assert p_values[1] <= p_values[0] + 1e-6


@OFTEN
@given(histories, st.integers(0, 23), windows)
def test_a_missing_month_within_the_windows_withholds(values, back, window):
    end = pd.Period("2021-11", "M")
    months = comparison.window_months(end, window).append(comparison.previous_months(end, window))
    missing = months[back % len(months)]
    change = compare(monthly(values).drop(missing), end, window)
    assert (change.current, change.p_value, change.signal) == (None, None, "")


@OFTEN
@given(histories, windows, st.integers(1, 40))
def test_shifting_by_whole_years_changes_only_leap_days(values, window, years):
    series = monthly(values)
    moved = series.copy()
    moved.index = series.index + 12 * 4 * (years % 10)
    end = series.index[-1] + 12 * 4 * (years % 10)
    assert compare(series, "2021-11", window) == compare(moved, end, window)


@OFTEN
@given(histories, windows)
def test_the_order_of_rows_says_nothing(values, window):
    series = monthly(values)
    assert compare(series, "2021-11", window) == compare(series.iloc[::-1], "2021-11", window)


@OFTEN
@given(st.integers(1, 5000), dispersions)
def test_more_history_of_events_detects_less_change(previous, dispersion):
    smaller, larger = comparison.detectable_pct(np.array([previous, 2 * previous]), 1.0, dispersion)[::-1]
    assert smaller < larger
