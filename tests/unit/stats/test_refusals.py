"""What the statistics refuse: one line that says what is wrong and what to do."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from crimelib.errors import InputError
from crimelib.measures.periods import parse_period
from crimelib.stats import comparison, concordance, control_charts, evaluation, funnel, raking, revisions, survey
from crimelib.stats.concordance import Movement
from crimelib.stats.evaluation import Pair

ONE_KIND = "there are not both areas treated and not; an effect needs both"
EXPOSURES = "counts and exposures do not match; give each place a count and an exposure above 0"
GROUPS = "give treated and control, and ring with ring_control"
WEIGHTS = "weights do not add up; give weights of 0 or more, not all 0"
SAMPLE = "sample size and design effect must be above 0; check the survey's parameters"
TARGETS = "the answers do not fit the targets; give one target a row and a column of the table"
NOT_MONTHLY = "a chart needs values on a monthly PeriodIndex without repeats; index it by month"
NO_HISTORY = "a history needs a monthly PeriodIndex without repeats; index it by pandas.PeriodIndex"
NO_COUNT = "a history holds a value that is not a count; give whole numbers of 0 or more"
INCOMPLETE = "a count is missing or below 0; leave out months that are not complete"


def monthly(*values: float) -> pd.Series:
    return pd.Series(values, dtype=float, index=pd.period_range("2020-01", periods=len(values), freq="M"))


def compared(history: pd.Series) -> object:
    return comparison.compare(history, "2020-02", "month")


def differences(counts: object, treated: list[bool]) -> object:
    return evaluation.difference_in_differences(np.array(counts, float), treated, [False, True])


@pytest.mark.parametrize(
    ("call", "line"),
    [
        (lambda: parse_period("2021-13"), "period '2021-13' is not a month; write it as \"2021-11\", quoted in YAML"),
        (
            lambda: comparison.day_counts(pd.period_range("2021-01", periods=2, freq="M"), "odd"),
            "days 'odd' is unknown; use calendar or working",
        ),
        (lambda: compared(monthly(1, 2).to_timestamp()), NO_HISTORY),
        (lambda: compared(monthly(1, 2).set_axis(pd.period_range("2020Q1", periods=2, freq="Q"))), NO_HISTORY),
        (lambda: compared(monthly(1, 2).set_axis(pd.PeriodIndex(["2020-01"] * 2, freq="M"))), NO_HISTORY),
        (lambda: compared(monthly(1, -1)), NO_COUNT),
        (lambda: compared(monthly(1, 1.5)), NO_COUNT),
        (lambda: compared(monthly(1, np.inf)), NO_COUNT),
        (
            lambda: concordance.heterogeneity([Movement(10, 9)]),
            "fewer than two series to set side by side; give at least two",
        ),
        (
            lambda: concordance.ratio_of_ratios(Movement(0, 5), Movement(5, 5)),
            "a ratio with a count of 0 cannot be told; use a longer window",
        ),
        (
            lambda: control_charts.u_prime(monthly(1, 2), monthly(1, 0)),
            "an exposure is not above 0; leave months without exposure out",
        ),
        (lambda: funnel.funnel(pd.Series([1, 2]), pd.Series([0, 5])), EXPOSURES),
        (lambda: funnel.funnel(pd.Series([1, 2]), pd.Series([4, 5], index=[1, 2])), EXPOSURES),
        (
            lambda: funnel.shrunken_rates(np.array([1, 2]), np.array([0, 5])),
            "an exposure is not above 0; leave places without exposure out",
        ),
        (lambda: survey.design_effect(np.array([])), WEIGHTS),
        (lambda: survey.design_effect(np.array([-1, 3])), WEIGHTS),
        (lambda: survey.design_effect(np.array([0, 0])), WEIGHTS),
        (lambda: survey.effective_size(0), SAMPLE),
        (lambda: survey.effective_size(5, 0), SAMPLE),
        (lambda: survey.wilson(1.5, 100), "proportion 1.5 is not between 0 and 1; divide per cent by 100"),
        (lambda: survey.wilson(-0.5, 100), "proportion -0.5 is not between 0 and 1; divide per cent by 100"),
        (lambda: raking.rake(np.ones((1, 1)), np.ones(2), np.ones(1)), TARGETS),
        (lambda: raking.rake(np.zeros((1, 1)), np.ones(1), np.ones(1)), TARGETS),
        (
            lambda: raking.rake(np.diag([5.0, 5.0]), np.array([0.5, 0.5]), np.array([0.9, 0.1])),
            "no weights bring the answers to the targets; give targets of fewer groups",
        ),
        (
            lambda: raking.rake(np.ones((2, 1)), np.array([0.0, 1.0]), np.ones(1)),
            "a group that answered has no target; give every group of the form a share of residents",
        ),
        (
            lambda: revisions.expected_final(10, 0, np.array([1.1])),
            "a month never released has no expected end; leave it out",
        ),
        (
            lambda: revisions.development_factors([[5, 0, 4], [3, 0, 2]]),
            "release 2 holds no offences to grow from; take months with counts",
        ),
        (lambda: evaluation.weighted_displacement({"treated": Pair(1, 1)}), f"groups are treated; {GROUPS}"),
        (
            lambda: evaluation.weighted_displacement({"treated": Pair(1, 1), "ring": Pair(1, 1)}),
            f"groups are treated, ring; {GROUPS}",
        ),
        (
            lambda: differences([1, 2], [True]),
            "counts are not months by areas, one flag an area; give a column an area",
        ),
        (lambda: differences([[1, np.nan], [2, 3]], [True, False]), INCOMPLETE),
        (lambda: differences([[1, -1], [2, 3]], [True, False]), INCOMPLETE),
        (lambda: differences([[1, 1], [2, 3]], [True, True]), ONE_KIND),
        (lambda: differences([[1, 1], [2, 3]], [False, False]), ONE_KIND),
        (
            lambda: evaluation.difference_in_differences(np.ones((2, 2)), [True, False], [True, True]),
            "there are not both months before and after; an effect needs both",
        ),
        (lambda: control_charts.xmr(monthly()), NOT_MONTHLY),
        (lambda: control_charts.xmr(pd.Series([1.0, 2.0])), NOT_MONTHLY),
        (lambda: control_charts.xmr(monthly(1, 2).set_axis(pd.period_range("2020", periods=2, freq="Q"))), NOT_MONTHLY),
        (lambda: control_charts.xmr(pd.concat([monthly(1), monthly(2)])), NOT_MONTHLY),
    ],
)
def test_the_line_says_what_is_wrong_and_what_to_do(call: Callable[[], object], line: str) -> None:
    with pytest.raises(InputError) as refused:
        call()
    assert str(refused.value) == line
