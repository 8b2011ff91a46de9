"""How much recent months still grow: development factors (chain ladder, Mack 1993)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from crimelib.errors import InputError


def development_factors(triangle: Sequence[Sequence[float]]) -> np.ndarray:
    """Growth from each release to the next, volume-weighted.

    ``triangle`` has a row per month: its count in the first release that held it, the second, and so on; newer
    months have shorter rows. Raises :class:`InputError` where a step has nothing to be estimated from.
    """
    steps = max((len(row) for row in triangle), default=0) - 1
    return np.array([_factor(triangle, step) for step in range(steps)])


def expected_final(latest: float, releases: int, factors: np.ndarray) -> float:
    """Where a month seen in ``releases`` releases is expected to end, from its latest count."""
    if releases < 1:
        raise InputError("a month never released has no expected end", fix="leave it out")
    return float(latest * np.prod(factors[releases - 1 :]))


def _factor(triangle: Sequence[Sequence[float]], step: int) -> float:
    pairs = np.array([(row[step], row[step + 1]) for row in triangle if len(row) > step + 1])
    if pairs[:, 0].sum() == 0:
        raise InputError(f"release {step + 1} holds no offences to grow from", fix="take months with counts")
    return float(pairs[:, 1].sum() / pairs[:, 0].sum())


def growth_to_come(triangle: np.ndarray, least_months: int) -> np.ndarray:
    """The factor from each age to the last column of a triangle with gaps: months by ages, NaN where no release of that
    age was kept.

    Step by step where every step of the way has been seen in at least ``least_months`` months; otherwise straight from
    that age to the last column, seen in as many (releases kept now and then skip ages); NaN where neither has.
    """
    steps = [_seen_growth(triangle[:, age], triangle[:, age + 1], least_months) for age in range(triangle.shape[1] - 1)]
    straight = [_seen_growth(column, triangle[:, -1], least_months) for column in triangle[:, :-1].T]
    by_steps = np.cumprod(steps[::-1])[::-1]
    return np.where(np.isnan(by_steps), straight, by_steps)


def _seen_growth(before: np.ndarray, after: np.ndarray, least_months: int) -> float:
    both = ~np.isnan(before) & ~np.isnan(after)
    enough = both.sum() >= least_months and before[both].sum() > 0
    return float(after[both].sum() / before[both].sum()) if enough else float("nan")
