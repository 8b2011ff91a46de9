"""Do police and partner series tell the same story?"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from scipy import special

from crimelib.errors import InputError

Z = float(special.ndtri(0.975))


class Movement(NamedTuple):
    """One series over two windows, with the dispersion of its history."""

    previous: float
    current: float
    dispersion: float = 1.0


class RatioOfRatios(NamedTuple):
    """How one series moved against another: 1 is together, below 1 the first fell behind; 95% interval."""

    ratio: float
    low: float
    high: float
    z: float
    p_value: float


class Heterogeneity(NamedTuple):
    """Whether several series moved together: Cochran's Q, its p-value and degrees of freedom, and I squared."""

    q: float
    freedom: int
    p_value: float
    i_squared: float


def ratio_of_ratios(series: Movement, against: Movement) -> RatioOfRatios:
    """The year-on-year ratio of one series over that of another (log scale, normal).

    Raises :class:`InputError` where a count is 0: no ratio can then be told.
    """
    (first, first_variance), (second, second_variance) = _log_ratio(series), _log_ratio(against)
    difference, error = first - second, np.sqrt(first_variance + second_variance)
    z = difference / error
    low, high = np.exp(difference - Z * error), np.exp(difference + Z * error)
    return RatioOfRatios(float(np.exp(difference)), float(low), float(high), float(z), float(2 * special.ndtr(-abs(z))))


def heterogeneity(movements: Sequence[Movement]) -> Heterogeneity:
    """Whether two or more series can have moved by one common ratio (random effects, iterated Paule and Mandel)."""
    if len(movements) < 2:
        raise InputError("fewer than two series to set side by side", fix="give at least two")
    from statsmodels.stats.meta_analysis import combine_effects  # heavy; not on the summary's path

    effects, variances = np.array([_log_ratio(movement) for movement in movements]).T
    result = combine_effects(effects, variances, method_re="iterated")
    freedom = len(movements) - 1
    q = float(result.q)
    return Heterogeneity(q, freedom, float(special.chdtrc(freedom, q)), max(0.0, float(result.i2)))


def _log_ratio(movement: Movement) -> tuple[float, float]:
    """Logarithm of current over previous and its variance."""
    if movement.current <= 0 or movement.previous <= 0:
        raise InputError("a ratio with a count of 0 cannot be told", fix="use a longer window")
    variance = movement.dispersion * (1 / movement.current + 1 / movement.previous)
    return float(np.log(movement.current / movement.previous)), variance
