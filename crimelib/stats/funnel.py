"""Places side by side: funnel limits, shrunken rates, and changes under false-discovery control."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy import special

from crimelib.errors import InputError

LEVELS = {"95": 0.95, "99.8": 0.998}
WINSORISED = 0.1


def funnel_limits(expected: np.ndarray | float, level: float, dispersion: float = 1.0) -> tuple[np.ndarray, np.ndarray]:
    """Lower and upper limit of observed over expected: exact Poisson, on counts divided by ``dispersion``. The lower
    one is 0 where so few are expected that none at all is not unusual."""
    scaled, tail = np.asarray(expected) / dispersion, (1 - level) / 2
    lower = np.where(np.exp(-scaled) < tail, special.gammaincinv(scaled, tail) / scaled, 0.0)
    return lower, special.gammaincinv(scaled + 1, 1 - tail) / scaled


def between_dispersion(counts: np.ndarray, expected: np.ndarray) -> float:
    """How much more places differ than chance: mean square of winsorised z-scores, at least 1 (Spiegelhalter 2005).

    The z-scores are of the square root of the ratio, and the outermost tenth at each end is pulled in.
    """
    scores = 2 * (np.sqrt(counts) - np.sqrt(expected))
    low, high = np.quantile(scores, [WINSORISED, 1 - WINSORISED])
    return max(1.0, float((np.clip(scores, low, high) ** 2).mean()))


def funnel(counts: pd.Series, exposure: pd.Series) -> pd.DataFrame:
    """One row per place: count, expected (its share of the total by ``exposure``), ratio, limits at 95% and 99.8%
    widened by the dispersion between the places, and outside ('', '95' or '99.8').

    Raises :class:`InputError` where an exposure is not above 0 or the places differ.
    """
    if not counts.index.equals(exposure.index) or not (exposure > 0).all():
        raise InputError("counts and exposures do not match", fix="give each place a count and an exposure above 0")
    expected = exposure * counts.sum() / exposure.sum()
    table = pd.DataFrame({"count": counts, "expected": expected, "ratio": counts / expected})
    table["dispersion"] = between_dispersion(counts.to_numpy(), expected.to_numpy())
    for name, level in LEVELS.items():
        table[f"low_{name}"], table[f"high_{name}"] = funnel_limits(expected, level, table.dispersion.iloc[0])
    beyond = {name: (table.ratio < table[f"low_{name}"]) | (table.ratio > table[f"high_{name}"]) for name in LEVELS}
    table["outside"] = np.select([beyond["99.8"], beyond["95"]], ["99.8", "95"], "")
    return table


def shrunken_rates(counts: np.ndarray, exposure: np.ndarray) -> np.ndarray:
    """Rates drawn toward the overall rate, the more the less a place has to go by (Marshall 1991, empirical Bayes).

    Raises :class:`InputError` where an exposure is not above 0.
    """
    events, base = np.asarray(counts), np.asarray(exposure)
    if not (base > 0).all():
        raise InputError("an exposure is not above 0", fix="leave places without exposure out")
    overall, rates = events.sum() / base.sum(), events / base
    spread = (base * (rates - overall) ** 2).sum() / base.sum() - overall / base.mean()
    if overall == 0:
        return rates
    between = max(0.0, spread)
    return overall + between / (between + overall / base) * (rates - overall)


def discoveries(p_values: np.ndarray, rate: float = 0.05) -> np.ndarray:
    """Which of many comparisons stand when at most ``rate`` of those named may be false (Benjamini, Hochberg 1995).

    NaN p-values are comparisons that were not made: they neither count nor stand. The same as
    ``scipy.stats.false_discovery_control(method='bh') <= rate`` (held to it by a test), without the second that
    importing scipy.stats takes.
    """
    p = np.asarray(p_values, float)
    stands, made = np.zeros(p.shape, bool), np.flatnonzero(np.isfinite(p))
    ordered = made[np.argsort(p[made])]
    below = np.flatnonzero(p[ordered] <= rate * np.arange(1, len(ordered) + 1) / len(ordered))
    stands[ordered[: below[-1] + 1 if below.size else 0]] = True
    return stands
