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
    pairs = np.array([(row[step], row[step + 1]) for row in triangle if len(row) > step + 1], float)
    if pairs[:, 0].sum() == 0:
        raise InputError(f"release {step + 1} holds no offences to grow from", fix="take months with counts")
    return float(pairs[:, 1].sum() / pairs[:, 0].sum())
