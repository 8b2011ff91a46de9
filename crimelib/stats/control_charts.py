"""Is this month unusual? Three charts, each naming the rule that flagged a point.

The XmR chart and its rules follow NHS England's "Making Data Count"; the u' chart is Laney's (2002); the expected
band is Farrington flexible (Noufaily and others 2013) by calendar month.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np
import pandas as pd
from scipy import special

from crimelib.errors import InputError

XMR_WIDTH = 2.66  # 3 / 1.128: three sigma from the mean moving range of two
RANGE_LIMIT = 3.267
RUN = 7
BEYOND, ONE_SIDE, TREND, NEAR = (
    "beyond a limit",
    "7 in a row on one side",
    "7 in a row rising or falling",
    "2 of 3 near a limit",
)
OUTSIDE_BAND = "outside the expected band"
IN_WORDS = {
    BEYOND: "{side} the usual range",
    ONE_SIDE: "seven months in a row {side} the average",
    TREND: "seven months in a row rising or falling",
    NEAR: "two of three months well {side} the average",
    OUTSIDE_BAND: "{side} what was to be expected",
}
REWEIGHT_ABOVE = 2.58
CONVERGED = 1e-12  # of the coefficients of a fit, from one step to the next


def xmr(series: pd.Series, breaks: Mapping[pd.Period, str] | None = None) -> pd.DataFrame:
    """The XmR chart of monthly values on a monthly PeriodIndex.

    Limits are set anew only from the months in ``breaks`` (month: reason). One row per month, missing months
    included: value, mean, lower (not below 0), upper, segment (from 0), rebased (the reason, at a break), rules
    (those that flag the point, '; ' between) and side ('high', 'low' or '').
    """
    values = _monthly(series)
    starts = {month: reason for month, reason in (breaks or {}).items() if month in values.index}
    segment = pd.Series([sum(start <= month for start in starts) for month in values.index], values.index)
    charts = [_xmr_segment(part) for _, part in values.groupby(segment)]
    chart = pd.concat(charts).assign(segment=segment)
    chart["rebased"] = [starts.get(month, "") for month in chart.index]
    return chart[["value", "mean", "lower", "upper", "segment", "rebased", "rules", "side"]]


def xmr_limits(values: np.ndarray, *, screened: bool = True) -> tuple[float, float, float]:
    """Mean, natural lower and upper limits: mean -+ 2.66 mean moving ranges.

    Moving ranges above 3.267 times their mean are left out first unless ``screened`` is False. NaN is a gap over
    which no range is taken. The lower limit may be below 0 here; a chart draws it at 0.
    """
    ranges = np.abs(np.diff(values))
    ranges = ranges[np.isfinite(ranges)]
    if ranges.size == 0:
        return float(np.nanmean(values)), np.nan, np.nan
    if screened:
        ranges = ranges[ranges <= RANGE_LIMIT * ranges.mean()]
    mean, reach = float(np.nanmean(values)), XMR_WIDTH * float(ranges.mean())
    return mean, mean - reach, mean + reach


def u_prime(counts: pd.Series, exposure: pd.Series) -> pd.DataFrame:
    """Laney's u' chart of counts per unit of exposure: rate, mean, lower (not below 0), upper, rules, side.

    The limits are the u chart's, widened or narrowed by how much the standardised rates really vary from month to
    month (mean moving range over 1.128). Raises :class:`InputError` where an exposure is not above 0.
    """
    if not (exposure > 0).all():
        raise InputError("an exposure is not above 0", fix="leave months without exposure out")
    rate = counts / exposure
    mean = counts.sum() / exposure[counts.notna()].sum()
    sigma = np.sqrt(mean / exposure)
    spread = ((rate - mean) / sigma).diff().abs().mean() / 1.128
    lower, upper = mean - 3 * sigma * spread, mean + 3 * sigma * spread
    side = np.select([rate > upper, rate < lower], ["high", "low"], "")
    return pd.DataFrame(
        {
            "value": rate,
            "mean": mean,
            "lower": lower.clip(lower=0),
            "upper": upper,
            "rules": np.where(side != "", BEYOND, ""),
            "side": side,
        }
    )


def expected_band(
    series: pd.Series,
    months: Iterable[pd.Period],
    *,
    alpha: float = 0.005,
    season: bool = True,
    trend: bool = True,
    start: pd.Period | None = None,
) -> pd.DataFrame:
    """What each of ``months`` should have held, going by the months before it.

    A quasi-Poisson regression on calendar month and linear trend, past anomalies weighted down, fitted for each
    month to what came before it (from ``start``, a break). ``alpha`` is one-sided. One row per month: value,
    expected, lower, upper, dispersion, rules, side; a month with too short a past has NaN bounds.
    """
    values = _monthly(series)
    asked = pd.PeriodIndex(list(months), freq="M")
    past = (values if start is None else values[values.index >= start]).dropna()
    seen, counts = past.index.asi8, past.to_numpy()
    found = [
        _expected(counts[seen < month], np.append(seen[seen < month], month), alpha, season, trend)
        for month in asked.asi8
    ]
    expected, lower, upper, dispersion = np.array(found, float).reshape(-1, 4).T
    value = values.reindex(asked).to_numpy()
    side = np.select([value > upper, value < lower], ["high", "low"], "")
    figures = {"value": value, "expected": expected, "lower": lower, "upper": upper, "dispersion": dispersion}
    return pd.DataFrame({**figures, "side": side, "rules": np.where(side != "", OUTSIDE_BAND, "")}, index=asked)


def farrington_bounds(expected: float, variance: float, dispersion: float, alpha: float) -> tuple[float, float]:
    """Lower and upper bound of one future count on the two-thirds power scale (Farrington and others 1996).

    ``variance`` is that of the expected count; ``alpha`` is the chance beyond each bound.
    """
    reach = 2 / 3 * special.ndtri(1 - alpha) * np.sqrt(dispersion * expected + variance) / expected
    return expected * max(0.0, 1 - reach) ** 1.5, expected * (1 + reach) ** 1.5


def _monthly(series: pd.Series) -> pd.Series:
    """The series on every month from its first to its last, NaN where missing."""
    index = series.index
    if not isinstance(index, pd.PeriodIndex) or index.freqstr != "M" or not index.is_unique or series.empty:
        raise InputError("a chart needs values on a monthly PeriodIndex without repeats", fix="index it by month")
    return series.astype(float).reindex(pd.period_range(index.min(), index.max()))


def _xmr_segment(values: pd.Series) -> pd.DataFrame:
    mean, lower, upper = xmr_limits(values.to_numpy())
    flags = _flags(values.to_numpy(), mean, lower, upper)
    rules = ["; ".join(name for name, where in flags.items() if where[i]) for i in range(len(values))]
    side = np.select([values > mean, values < mean], ["high", "low"], "")
    return pd.DataFrame(
        {
            "value": values,
            "mean": mean,
            "lower": np.maximum(lower, 0.0),
            "upper": upper,
            "rules": rules,
            "side": np.where(np.array(rules, object) == "", "", side),
        }
    )


def _flags(values: np.ndarray, mean: float, lower: float, upper: float) -> dict[str, np.ndarray]:
    """Each rule's points. A missing month breaks a run."""
    sigma = (upper - mean) / 3
    near_high, near_low = values > mean + 2 * sigma, values < mean - 2 * sigma
    steps = np.diff(values, prepend=np.nan)
    return {
        BEYOND: (values > upper) | (values < lower),
        ONE_SIDE: _runs(values > mean, RUN) | _runs(values < mean, RUN),
        TREND: _trend(steps > 0) | _trend(steps < 0),
        NEAR: _two_of_three(near_high) | _two_of_three(near_low),
    }


def _runs(true: np.ndarray, length: int) -> np.ndarray:
    """The points of every unbroken run of at least ``length``."""
    marked = np.zeros(len(true), bool)
    for end in range(length, len(true) + 1):
        if true[end - length : end].all():
            marked[end - length : end] = True
    return marked


def _trend(steps: np.ndarray) -> np.ndarray:
    """Seven points rising are six rises; the point before the first rise belongs to the run."""
    rises = _runs(steps, RUN - 1)
    return rises | np.append(rises[1:], False)


def _two_of_three(near: np.ndarray) -> np.ndarray:
    marked = np.zeros(len(near), bool)
    for first in range(len(near) - 2):
        window = near[first : first + 3]
        if window.sum() >= 2:
            marked[first : first + 3] |= window
    return marked


def _expected(
    counts: np.ndarray, months: np.ndarray, alpha: float, season: bool, trend: bool
) -> tuple[float, float, float, float]:
    """Expected count, bounds and dispersion of the last of ``months`` (ordinals) from the counts of those before it."""
    design = _band_design(months.astype(float), season, trend)
    if len(counts) <= design.shape[1] or counts.sum() == 0:
        return np.nan, np.nan, np.nan, np.nan
    weights = np.ones(len(counts))
    for _ in range(2):  # once to find past anomalies, once with them weighted down
        mean, covariance, spread = _quasi_poisson(counts, design[:-1], weights)
        weights = _anomaly_weights(counts, mean, covariance, spread, design[:-1])
    mean, covariance, spread = _quasi_poisson(counts, design[:-1], weights)
    new = design[-1]
    expected = float(np.exp(new @ _coefficients(mean, design[:-1])))
    variance = spread * expected**2 * float(new @ covariance @ new)
    return expected, *farrington_bounds(expected, variance, spread, alpha), spread


def _band_design(time: np.ndarray, season: bool, trend: bool) -> np.ndarray:
    columns = [np.ones(len(time))]
    columns += [(time - time[-1]) / 12] if trend else []
    angle = 2 * np.pi * time / 12
    columns += [wave(k * angle) for k in (1, 2) for wave in (np.sin, np.cos)] if season else []
    return np.column_stack(columns)


def _quasi_poisson(values: np.ndarray, design: np.ndarray, weights: np.ndarray) -> tuple[np.ndarray, np.ndarray, float]:
    """Fitted means, unscaled covariance of the coefficients, and dispersion (at least 1)."""
    mean, information = (values + values.mean()) / 2 + 1e-3, np.eye(design.shape[1])
    beta, ridge = np.full(design.shape[1], np.inf), 1e-10 * np.eye(design.shape[1])
    for _ in range(25):
        before, working, weight = beta, np.log(mean) + (values - mean) / mean, weights * mean
        information = design.T @ (design * weight[:, None]) + ridge
        beta = np.linalg.solve(information, design.T @ (weight * working))
        mean = np.exp((design @ beta).clip(-20, 25))
        if np.abs(beta - before).max() < CONVERGED:
            break
    freedom = len(values) - design.shape[1]
    spread = max(1.0, float((weights * (values - mean) ** 2 / mean).sum() / freedom))
    return mean, np.linalg.inv(information), spread


def _coefficients(mean: np.ndarray, design: np.ndarray) -> np.ndarray:
    return np.linalg.lstsq(design, np.log(mean), rcond=None)[0]


def _anomaly_weights(
    values: np.ndarray, mean: np.ndarray, covariance: np.ndarray, spread: float, design: np.ndarray
) -> np.ndarray:
    """Weights inverse to the square of Anscombe residuals above 2.58, so that a past outbreak does not hide a new."""
    leverage = np.minimum(mean * np.einsum("ij,jk,ik->i", design, covariance, design), 0.99)
    residual = 1.5 * (values ** (2 / 3) * mean ** (-1 / 6) - mean**0.5) / np.sqrt(spread * (1 - leverage))
    weights = np.where(residual > REWEIGHT_ABOVE, np.maximum(residual, 1) ** -2.0, 1.0)
    return weights * len(weights) / weights.sum()
