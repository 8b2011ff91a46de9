"""Proportions from surveys: what the sample can carry."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy import special

from crimelib.errors import InputError

Z = float(special.ndtri(0.975))
Z_POWER = float(special.ndtri(0.8))


class WaveChange(NamedTuple):
    """Difference of two proportions, its 95% interval, and the smallest difference found with 80% power."""

    difference: float
    low: float
    high: float
    detectable: float
    signal: str


def design_effect(weights: np.ndarray) -> float:
    """Kish's design effect of unequal weights: n times the sum of squares over the square of the sum."""
    w = np.asarray(weights)
    if w.size == 0 or (w < 0).any() or w.sum() == 0:
        raise InputError("weights do not add up", fix="give weights of 0 or more, not all 0")
    return float(w.size * (w**2).sum() / w.sum() ** 2)


def effective_size(sample: float, effect: float = 1.0) -> float:
    """Interviews that a simple random sample would need to say as much."""
    if sample <= 0 or effect <= 0:
        raise InputError("sample size and design effect must be above 0", fix="check the survey's parameters")
    return sample / effect


def wilson(proportion: float, sample: float, effect: float = 1.0) -> tuple[float, float]:
    """Wilson's 95% interval of a proportion (0 to 1) on the effective sample size."""
    if not 0 <= proportion <= 1:
        raise InputError(f"proportion {proportion} is not between 0 and 1", fix="divide per cent by 100")
    n = effective_size(sample, effect)
    centre = (proportion + Z**2 / (2 * n)) / (1 + Z**2 / n)
    reach = Z / (1 + Z**2 / n) * np.sqrt(proportion * (1 - proportion) / n + Z**2 / (4 * n**2))
    return max(0.0, float(centre - reach)), min(1.0, float(centre + reach))


def wave_change(
    current: float, previous: float, sample: float, sample_before: float, effect: float = 1.0
) -> WaveChange:
    """Change between two waves that interview different people: Newcombe's (1998) interval from the two Wilsons.

    Rolling waves that share interviews are not independent: compare those a full year apart.
    """
    low_now, high_now = wilson(current, sample, effect)
    low_before, high_before = wilson(previous, sample_before, effect)
    difference = current - previous
    low = difference - float(np.hypot(current - low_now, high_before - previous))
    high = difference + float(np.hypot(high_now - current, previous - low_before))
    signal = "increase" if low > 0 else "decrease" if high < 0 else "no_clear_change"
    return WaveChange(difference, low, high, detectable_change(previous, sample, sample_before, effect), signal)


def detectable_change(proportion: float, sample: float, sample_before: float, effect: float = 1.0) -> float:
    """The smallest difference found with 80% power at the 5% level, near ``proportion``."""
    pieces = 1 / effective_size(sample, effect) + 1 / effective_size(sample_before, effect)
    return float((Z + Z_POWER) * np.sqrt(proportion * (1 - proportion) * pieces))
