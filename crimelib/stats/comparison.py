"""Is the change between two windows more than chance?

One comparison stands behind every figure: the exact conditional test of two Poisson counts, widened by the
dispersion of the series' own history. ``docs/methods.md`` explains each step and how it was tuned.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, fields
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy import special

from crimelib.errors import InputError
from crimelib.measures.periods import parse_period, previous_months, window_months

ALPHA = 0.05
POWER = 0.8
COUNTS = ("current", "previous", "change")
HISTORY_MONTHS = 120
ASSUMED_DISPERSION = 2.5  # with no history to estimate it from: the upper end of what recorded crime shows
MOST_DISPERSION = 1000.0  # a bound that keeps the arithmetic finite for an almost empty history
HARMONICS = 2
SEASON_ALPHA = 0.05  # evidence needed before each month gets a level of its own
IRLS_STEPS = 8
IRLS_TOLERANCE = 1e-3  # on the means; the next step would move them by about its square
# How far an uncertain dispersion is widened: tuned by benchmarks/signal_quality.py, see docs/methods.md.
WIDENING_SLOPE = 2.0
WIDENING_SHIFT = 0.05
WIDENING_FREEDOM = 3
SMALL_MEAN_BIAS = 0.3
SPARSE_HISTORY = 9.0

Z = float(special.ndtri(1 - ALPHA / 2))
Z_POWER = float(special.ndtri(POWER))


@dataclass(frozen=True)
class Change:
    """A window against the same window a year before; a figure that cannot be given is None.

    ``current`` and ``previous`` are counts, ``change`` their difference, ``pct_change`` and ``detectable_pct`` (the
    smallest rise with 80% power) are per cent. ``ratio_low`` to ``ratio_high`` is the 95% interval of the ratio of
    daily rates; ``ratio_high`` is None where there is no upper bound. ``dispersion`` is the variance over the mean
    that the interval allows for, at least 1. ``signal`` is 'increase', 'decrease', 'no_clear_change', or '' where
    none may be given.
    """

    current: int | None
    previous: int | None
    change: int | None
    pct_change: float | None
    ratio_low: float | None
    ratio_high: float | None
    p_value: float | None
    detectable_pct: float | None
    dispersion: float | None
    signal: str


class TwoCounts(NamedTuple):
    """Two counts compared: ratio of rates, its 95% interval, two-sided p-value; arrays of one shape."""

    ratio: np.ndarray
    low: np.ndarray
    high: np.ndarray
    p_value: np.ndarray


class Dispersion(NamedTuple):
    """Pearson dispersion of each column, its residual degrees of freedom, and the mean count per month."""

    estimate: np.ndarray
    freedom: np.ndarray
    mean: np.ndarray


def compare(
    series: pd.Series,
    period: str | pd.Period,
    window: str,
    *,
    breaks: Iterable[str | pd.Period] = (),
    unusual: Iterable[str | pd.Period] = (),
    days: str = "calendar",
) -> Change:
    """One series' window that ends with ``period`` against the same months a year before.

    ``series`` is monthly counts on a monthly PeriodIndex, all the history there is; an absent or NaN month is
    missing. ``breaks`` are months from which the series counts something else: a comparison across one has figures
    but no signal, and history before one is not used. ``unusual`` months (a lockdown) are left out of the
    dispersion. ``days`` is 'calendar', or 'working' for records made Monday to Friday. Months after ``period`` are
    never looked at. Raises :class:`InputError` for an unknown window, a bad period or counts that are not counts.
    """
    row = compare_many(series.to_frame(), period, window, breaks=breaks, unusual=unusual, days=days).iloc[0]
    return Change(**{field.name: _plain(row[field.name], field.name in COUNTS) for field in fields(Change)})


def compare_many(
    histories: pd.DataFrame,
    period: str | pd.Period,
    window: str,
    *,
    breaks: Iterable[str | pd.Period] = (),
    unusual: Iterable[str | pd.Period] = (),
    days: str = "calendar",
    spread: pd.Series | None = None,
) -> pd.DataFrame:
    """:func:`compare` for every column at once: one row per column, the fields of :class:`Change`, NaN for None.

    ``spread`` is :func:`history_spread` of the same columns, for a caller that asks for several windows.
    """
    end = _month(period)
    current_months, before_months = window_months(end, window), previous_months(end, window)
    first = before_months[0]
    break_months = sorted(_month(text) for text in breaks)
    counts = _checked(histories)
    current = counts.reindex(current_months).to_numpy().sum(axis=0)
    previous = counts.reindex(before_months).to_numpy().sum(axis=0)
    figures = _figures(current, previous)
    if any(first < month <= end for month in break_months):
        return pd.DataFrame(figures | _withheld(len(current)), index=histories.columns)
    usable = [month for month in break_months if month <= first]
    if spread is None:
        spread = history_spread(counts, end, breaks=usable, unusual=unusual, days=days)
    exposure = day_counts(current_months, days).sum() / day_counts(before_months, days).sum()
    return pd.DataFrame(figures | _tested(current, previous, exposure, spread.to_numpy()), index=histories.columns)


def history_spread(
    histories: pd.DataFrame,
    period: str | pd.Period,
    *,
    breaks: Iterable[str | pd.Period] = (),
    unusual: Iterable[str | pd.Period] = (),
    days: str = "calendar",
) -> pd.Series:
    """The dispersion that a test must allow for, a value a column, from the months up to ``period``: those after the
    last break, without the unusual ones."""
    end = _month(period)
    start = max([end - HISTORY_MONTHS + 1, *(_month(text) for text in breaks)])
    history = histories.astype(float).reindex(pd.period_range(start, end))
    history.loc[history.index.isin([_month(text) for text in unusual])] = np.nan
    spread = widened(dispersion_of(history.to_numpy(), day_counts(history.index, days)))
    return pd.Series(spread, index=histories.columns)


def two_counts(
    current: np.ndarray | float, previous: np.ndarray | float, exposure_ratio: float = 1.0, dispersion=1.0
) -> TwoCounts:
    """Ratio of two Poisson rates with its 95% interval and two-sided p-value.

    ``exposure_ratio`` is the current exposure over the previous one (days over days). At ``dispersion`` 1 this is
    the exact conditional test (Przyborowski and Wilenski 1940: binomial p as ``scipy.stats.binomtest``, interval of
    Clopper and Pearson). Above 1 both counts are divided by the dispersion and the interval is the mid-p one (Beta
    quantiles, as Jeffreys), never narrower than the exact one. Shapes broadcast; counts are at least 0.
    """
    a, b, phi = np.broadcast_arrays(current, previous, dispersion)
    share = exposure_ratio / (1 + exposure_ratio)
    exact, mid = _exact(a, b, share), _mid(a, b, share, phi)
    wide = phi > 1
    return TwoCounts(
        _ratio(a, b, exposure_ratio),
        np.where(wide, np.minimum(exact.low, mid.low), exact.low),
        np.where(wide, np.maximum(exact.high, mid.high), exact.high),
        np.where(wide, np.maximum(exact.p_value, mid.p_value), exact.p_value),
    )


def decided(current: np.ndarray, previous: np.ndarray, exposure_ratio: float, dispersion: np.ndarray) -> TwoCounts:
    """:func:`two_counts`, save that where only the mid-p test finds a change its own figures are given.

    The exact test is too quiet on small counts (4% for 5% at 60), so the mid-p test decides the signal; printing
    the figures that decided keeps p-value, interval and signal in agreement.
    """
    a, b, phi = np.broadcast_arrays(current, previous, dispersion)
    careful = two_counts(a, b, exposure_ratio, phi)
    mid = _mid(a, b, exposure_ratio / (1 + exposure_ratio), phi)
    signals = mid.p_value < ALPHA
    use_mid_p = signals & (careful.p_value >= ALPHA)
    use_mid_interval = signals & (careful.low <= 1) & (careful.high >= 1)
    return TwoCounts(
        careful.ratio,
        np.where(use_mid_interval, mid.low, careful.low),
        np.where(use_mid_interval, mid.high, careful.high),
        np.where(use_mid_p, mid.p_value, careful.p_value),
    )


def detectable_pct(
    previous: np.ndarray | float, exposure_ratio: float = 1.0, dispersion: np.ndarray | float = 1.0
) -> np.ndarray:
    """The smallest rise, in per cent, found with 80% power at the 5% level from ``previous`` counts.

    Solves ``statsmodels.stats.rates.power_poisson_ratio_2indep(value=1, alternative='two-sided') = 0.8`` (Zhu 2017)
    for the ratio, by bisection on its logarithm; NaN where the previous count is 0.
    """
    base, phi = np.broadcast_arrays(previous, dispersion)
    low, high = np.zeros(base.shape), np.full(base.shape, 25.0)
    with np.errstate(divide="ignore"):
        for _ in range(50):
            middle = (low + high) / 2
            current = base * exposure_ratio * np.exp(middle)
            enough = middle >= (Z + Z_POWER) * np.sqrt(phi * (1 / base + 1 / current))
            low, high = np.where(enough, low, middle), np.where(enough, middle, high)
        return np.where(base > 0, 100 * np.expm1(high), np.nan)


def dispersion_of(counts: np.ndarray, exposure: np.ndarray) -> Dispersion:
    """Pearson dispersion of monthly counts (months x series, NaN missing) with season and trend taken out.

    A quasi-Poisson regression on a level per twelve months counted back from the last row, one slope and two
    annual harmonics; where the twelve months clearly need levels of their own (F test), those instead.
    ``exposure`` is days per month. Degrees of freedom below 1 mean that nothing could be estimated.
    """
    seen = np.isfinite(counts)
    values = np.where(seen, counts, 0.0)
    offset = np.log(exposure)[:, None]
    fit = pearson(values, seen, smooth_design(len(counts)), offset)
    statistic, freedom = fit.statistic.copy(), fit.freedom.copy()
    excess = np.flatnonzero(statistic > freedom)  # elsewhere the dispersion is 1 whatever the season's shape
    monthly = pearson(values[:, excess], seen[:, excess], monthly_design(len(counts)), offset)
    lumpy = _clearly_better(monthly, fit.statistic[excess], fit.freedom[excess])
    statistic[excess[lumpy]], freedom[excess[lumpy]] = monthly.statistic[lumpy], monthly.freedom[lumpy]
    with np.errstate(divide="ignore", invalid="ignore"):
        return Dispersion(statistic / freedom, freedom, values.sum(axis=0) / seen.sum(axis=0))


class PearsonFit(NamedTuple):
    """Pearson chi-square and residual degrees of freedom of each column."""

    statistic: np.ndarray
    freedom: np.ndarray


def pearson(values: np.ndarray, seen: np.ndarray, design: np.ndarray, offset: np.ndarray) -> PearsonFit:
    """Poisson log-linear fits to all columns at once, by iteratively reweighted least squares.

    ``values`` and ``seen`` are months x series, ``design`` months x terms, ``offset`` log exposure. A term that no
    seen month carries costs no degree of freedom.
    """
    terms = design.shape[1]
    products = (design[:, :, None] * design[:, None, :]).reshape(len(design), -1)
    ridge = 1e-8 * np.eye(terms)
    rate = values.sum(axis=0) / np.maximum((seen * np.exp(offset)).sum(axis=0), 1e-12)
    mean = (values + rate * np.exp(offset)) / 2 + 1e-3
    for _ in range(IRLS_STEPS):
        weight = mean * seen
        working = np.log(mean) - offset + (values - mean) / mean
        gram = (weight.T @ products).reshape(-1, terms, terms) + ridge
        beta = np.linalg.solve(gram, ((weight * working).T @ design)[..., None])[..., 0]
        last, mean = mean, np.exp(np.clip(design @ beta.T + offset, -15, 25))
        if np.all(np.abs(mean - last) <= IRLS_TOLERANCE * (1 + mean)):
            break
    used = (seen.T.astype(float) @ (design != 0)) > 0
    return PearsonFit((seen * (values - mean) ** 2 / mean).sum(axis=0), seen.sum(axis=0) - used.sum(axis=1))


def _clearly_better(full: PearsonFit, statistic: np.ndarray, freedom: np.ndarray) -> np.ndarray:
    """Whether the fuller model explains more than chance would (F test)."""
    extra = freedom - full.freedom
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = (statistic - full.statistic) / extra / (full.statistic / full.freedom)
        return (full.freedom >= 1) & (extra >= 1) & (special.fdtrc(extra, full.freedom, ratio) < SEASON_ALPHA)


def smooth_design(months: int) -> np.ndarray:
    """Yearly levels, one slope and two annual harmonics."""
    time = np.arange(months) - (months - 1)
    angles = 2 * np.pi * np.outer(time, np.arange(1, HARMONICS + 1)) / 12
    return np.column_stack([_year_levels(time), time / 12, np.sin(angles), np.cos(angles)])


def monthly_design(months: int) -> np.ndarray:
    """Yearly levels and a level for each calendar month; a steady slope is within these."""
    time = np.arange(months) - (months - 1)
    return np.column_stack([_year_levels(time), (time[:, None] % 12 == np.arange(1, 12)).astype(float)])


def widened(dispersion: Dispersion) -> np.ndarray:
    """The dispersion that a test must allow for when it is only estimated; at least 1.

    The factor of Student's t for the effective degrees of freedom (fewer where counts are small: the Pearson
    statistic is heavy-tailed there) is applied to the excess over 1, less a small shift, which holds the level
    without losing the power when there is no overdispersion. Small monthly means hide dispersion, so the excess is
    raised for them, and a history of very few events gets a floor above 1.
    """
    known = dispersion.freedom >= 1
    nominal = np.maximum(dispersion.freedom, 1)
    mean = np.maximum(np.where(known, dispersion.mean, 1.0), 0.01)
    estimate = np.where(known & np.isfinite(dispersion.estimate), dispersion.estimate, 1.0)
    excess = np.maximum(estimate - 1, 0) * (1 + SMALL_MEAN_BIAS / mean)
    heavy = (6 * excess + 1 / (1 + excess)) / (2 * mean)
    student = (special.stdtrit(np.maximum((nominal - WIDENING_FREEDOM) / (1 + heavy), 2), 1 - ALPHA / 2) / Z) ** 2
    slope = 1 + WIDENING_SLOPE * (student - 1)
    floor = 1 + (SPARSE_HISTORY / (mean * nominal)) ** 2
    allowed = np.maximum(np.where(floor > 1.01, floor, 1), 1 + slope * excess - WIDENING_SHIFT)
    return np.where(known, np.minimum(allowed, MOST_DISPERSION), ASSUMED_DISPERSION)


def day_counts(months: pd.PeriodIndex, days: str = "calendar") -> np.ndarray:
    """Days in each month: all of them, or Monday to Friday for 'working'."""
    if days == "calendar":
        return months.days_in_month.to_numpy()
    if days == "working":
        starts = months.to_timestamp().to_numpy("datetime64[D]")
        return np.busday_count(starts, (months + 1).to_timestamp().to_numpy("datetime64[D]"))
    raise InputError(f"days {days!r} is unknown", fix="use calendar or working")


class _Test(NamedTuple):
    low: np.ndarray
    high: np.ndarray
    p_value: np.ndarray


def _exact(a: np.ndarray, b: np.ndarray, share: float) -> _Test:
    """Clopper and Pearson's interval and the binomial test, on the ratio of rates."""
    low = np.where(a > 0, special.betaincinv(a, b + 1, ALPHA / 2), 0)
    high = np.where(b > 0, special.betaincinv(a + 1, b, 1 - ALPHA / 2), 1)
    return _Test(_odds(low, share), _odds(high, share), _binomial_p(a, a + b, share))


def _mid(a: np.ndarray, b: np.ndarray, share: float, phi: np.ndarray) -> _Test:
    """The same on counts divided by the dispersion, with half an event to each tail (mid-p)."""
    x, y = a / phi + 0.5, b / phi + 0.5
    below = special.betainc(x, y, share)
    low = np.where(a > 0, special.betaincinv(x, y, ALPHA / 2), 0)
    high = np.where(b > 0, special.betaincinv(x, y, 1 - ALPHA / 2), 1)
    return _Test(_odds(low, share), _odds(high, share), 2 * np.minimum(below, 1 - below))


def _binomial_p(x: np.ndarray, n: np.ndarray, share: np.ndarray | float) -> np.ndarray:
    """Two-sided binomial p-value: all outcomes no likelier than the one seen, as ``scipy.stats.binomtest``."""
    lower = x <= n * share
    # The far tail begins at the first outcome, beyond the mode, that is no likelier than x: found by bisection.
    x, share = np.where(lower, x, n - x), np.where(lower, share, 1 - share)
    bound = _log_likelihood(x, n, share) + 1e-7
    left, right = np.ceil(n * share), n + 1
    while np.any(left < right):
        middle = np.floor((left + right) / 2)
        rare = (left >= right) | (_log_likelihood(middle, n, share) <= bound)
        left, right = np.where(rare, left, middle + 1), np.where(rare, middle, right)
    whole = n.astype(int)
    return np.minimum(1, special.bdtr(x, whole, share) + special.bdtrc(right - 1, whole, share))


def _log_likelihood(x: np.ndarray, n: np.ndarray, share: np.ndarray | float) -> np.ndarray:
    """Of ``x`` among ``n``, but for what depends on ``n`` alone."""
    return (
        special.xlogy(x, share) + special.xlog1py(n - x, -share) - special.gammaln(x + 1) - special.gammaln(n - x + 1)
    )


def _odds(probability: np.ndarray, share: float) -> np.ndarray:
    """The ratio of rates at which the current window has this share of all events."""
    with np.errstate(divide="ignore"):
        return probability / (1 - probability) * (1 - share) / share


def _ratio(a: np.ndarray, b: np.ndarray, exposure_ratio: float) -> np.ndarray:
    with np.errstate(divide="ignore", invalid="ignore"):
        return a / b / exposure_ratio


def _figures(current: np.ndarray, previous: np.ndarray) -> dict[str, np.ndarray]:
    """Counts and their change; nothing at all where either window is incomplete."""
    complete = np.isfinite(current) & np.isfinite(previous)
    now, before = np.where(complete, current, np.nan), np.where(complete, previous, np.nan)
    with np.errstate(divide="ignore", invalid="ignore"):
        per_cent = np.where(before > 0, 100 * (now - before) / before, np.nan)
    return {"current": now, "previous": before, "change": now - before, "pct_change": per_cent}


def _withheld(size: int) -> dict[str, np.ndarray | list[str]]:
    blank = np.full(size, np.nan)
    names = ("ratio_low", "ratio_high", "p_value", "detectable_pct", "dispersion")
    return dict.fromkeys(names, blank) | {"signal": [""] * size}


def _tested(current: np.ndarray, previous: np.ndarray, exposure: float, spread: np.ndarray) -> dict[str, np.ndarray]:
    complete = np.isfinite(current) & np.isfinite(previous)
    a, b = np.where(complete, current, 0), np.where(complete, previous, 0)
    test = decided(a, b, exposure, spread)
    direction = np.where(test.ratio > 1, "increase", "decrease")
    tested = {
        "ratio_low": np.where(a + b > 0, test.low, np.nan),
        "ratio_high": np.where(b > 0, test.high, np.nan),
        "p_value": test.p_value,
        "detectable_pct": detectable_pct(b, exposure, spread),
        "dispersion": spread,
    }
    signal = np.where(test.p_value < ALPHA, direction, "no_clear_change")
    return {name: np.where(complete, values, np.nan) for name, values in tested.items()} | {
        "signal": np.where(complete, signal, "")
    }


def _year_levels(time: np.ndarray) -> np.ndarray:
    years = -time // 12
    return (years[:, None] == np.arange(years.max() + 1)).astype(float)


def _month(period: str | pd.Period) -> pd.Period:
    return period.asfreq("M") if isinstance(period, pd.Period) else parse_period(period)


def _checked(histories: pd.DataFrame) -> pd.DataFrame:
    """The histories, once their index is monthly without repeats and every value is a count or missing."""
    index = histories.index
    if not isinstance(index, pd.PeriodIndex) or index.freqstr != "M" or not index.is_unique:
        raise InputError("a history needs a monthly PeriodIndex without repeats", fix="index it by pandas.PeriodIndex")
    values = histories.astype(float)
    array = values.to_numpy()
    if np.any(array < 0) or np.any(np.isinf(array)) or np.any(np.mod(array, 1) > 0):
        raise InputError("a history holds a value that is not a count", fix="give whole numbers of 0 or more")
    return values


def _plain(value: float | str, whole: bool) -> float | int | str | None:
    """A numpy scalar as a plain number or word; NaN as None."""
    if isinstance(value, str):
        return value
    if np.isnan(value):
        return None
    return int(value) if whole else float(value)
