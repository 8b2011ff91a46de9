"""Did a programme change anything? Treated places before and after its start, against places that did without it.

The difference-in-differences is a quasi-Poisson regression with a level for every area and every month, so that
whatever touched all areas alike is taken out. Given the months' totals, the treated areas' share of each is binomial
and the areas within a side share theirs in fixed parts, so the large regression reduces to a logistic one of two
terms: the estimates are those of the large one (the tests set it against statsmodels). Beside it stands the weighted
displacement difference of Wheeler and Ratcliffe (2018, Crime Science 7:11).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy import special

from crimelib.errors import InputError

ALPHA = 0.05
POWER = 0.8
STEPS = 60
Z = float(special.ndtri(1 - ALPHA / 2))
Z_POWER = float(special.ndtri(POWER))
MOST_LOG_FALL = 5.0  # a fall to under one in a hundred: beyond it nothing is looked for


class Effect(NamedTuple):
    """A ratio of rates, treated areas against the others, with its 95% interval and two-sided p-value; ``dispersion``
    (at least 1) is the variance over the mean that the interval allows for, ``freedom`` its degrees of freedom. All
    NaN, save ``freedom``, where a side has no event to go by."""

    ratio: float
    low: float
    high: float
    p_value: float
    dispersion: float
    freedom: int


class Pair(NamedTuple):
    """Events of a group of areas before and after; ``weight`` scales a group to the size of the one it stands for."""

    before: float
    after: float
    weight: float = 1.0


class Displacement(NamedTuple):
    """The weighted displacement difference in events, its standard error, z and 95% interval."""

    difference: float
    standard_error: float
    z: float
    low: float
    high: float


# Ratios --------------------------------------------------------------------------------------------------------------


def difference_in_differences(counts: np.ndarray, treated: Sequence[bool], after: Sequence[bool]) -> Effect:
    """By what ratio the treated areas' rate changed beyond the change elsewhere.

    ``counts`` is months by areas, ``treated`` one flag an area, ``after`` one a month. Raises :class:`InputError`
    unless counts are counts and there are months and areas of both kinds.
    """
    flags = np.asarray(after, bool)
    _refuse_one_kind(flags, "months before and after")
    return relative_change(counts, treated, flags.astype(float))


def differential_trend(counts: np.ndarray, treated: Sequence[bool], years: Sequence[float]) -> Effect:
    """By what ratio a year the treated areas' rate drifted from the others'; ``years`` is each month's time in years.
    Over the months before a programme it says whether the two were on the same course. Errors as for
    :func:`difference_in_differences`."""
    return relative_change(counts, treated, np.asarray(years))


def relative_change(counts: np.ndarray, treated: Sequence[bool], term: np.ndarray) -> Effect:
    """The ratio by which the treated areas' rate over the others' changes with one unit of ``term`` (one value a
    month), from a quasi-Poisson regression on area, month and treated x term."""
    values, flags = _checked(counts, treated)
    filled = values.sum(axis=1) > 0
    values, term = values[filled], term[filled]
    values, flags = values[:, values.sum(axis=0) > 0], flags[values.sum(axis=0) > 0]
    freedom = (values.shape[0] - 1) * (values.shape[1] - 1) - 1
    if freedom < 1 or not _can_be_fitted(values, flags, term):
        return Effect(*(np.nan,) * 5, freedom=max(freedom, 0))
    design = np.column_stack([np.ones(len(term)), term])
    beta, covariance, share = _share_fit(values[:, flags].sum(axis=1), values.sum(axis=1), design)
    spread = max(1.0, _pearson(values, flags, share) / freedom)
    error, reach = np.sqrt(spread * covariance[1, 1]), special.stdtrit(freedom, 1 - ALPHA / 2)
    p_value = 2 * special.stdtr(freedom, -abs(beta[1]) / error)
    bounds = np.exp(beta[1] + error * reach * np.array([0, -1, 1]))
    return Effect(*map(float, bounds), float(p_value), float(spread), freedom)


def detectable_fall(treated_before: float, controls: Pair, dispersion: float = 1.0) -> float:
    """The smallest fall, in per cent, that the difference-in-differences finds with 80% power at the 5% level; NaN
    where no fall could have been seen. Counts are totals; ``controls.after`` may be an expectation."""
    if min(treated_before, *controls[:2]) <= 0:
        return np.nan
    expected = treated_before * controls.after / controls.before
    known = 1 / treated_before + 1 / controls.before + 1 / controls.after
    falls = np.linspace(0, MOST_LOG_FALL, 5001)
    needed = (Z + Z_POWER) * np.sqrt(dispersion * (known + np.exp(falls) / expected))
    seen = falls >= needed
    return float(-100 * np.expm1(-falls[seen.argmax()])) if seen.any() else np.nan


# Placebos ------------------------------------------------------------------------------------------------------------


def placebo_areas(counts: pd.DataFrame, controls: Sequence[str], after: Sequence[bool]) -> pd.Series:
    """The effect found in each area where there was no programme, against the controls without it: ratios by area.
    ``counts`` is months by areas, none of them treated."""
    found = {}
    for area in counts.columns:
        others = [name for name in controls if name != area]
        flags = [True, *(False for _ in others)]
        found[area] = difference_in_differences(counts[[area, *others]].to_numpy(), flags, after).ratio
    return pd.Series(found, dtype="float64").dropna()


def placebo_dates(counts: pd.DataFrame, treated: Sequence[bool], least_months: int) -> pd.Series:
    """The effect found had the programme started at each month when it had not: ratios by month. ``counts`` holds
    months before the start only; each date leaves ``least_months`` on either side."""
    found = {
        counts.index[cut]: difference_in_differences(counts.to_numpy(), treated, np.arange(len(counts)) >= cut).ratio
        for cut in range(least_months, len(counts) - least_months + 1)
    }
    return pd.Series(found, dtype="float64").dropna()


def as_far(ratio: float, placebos: pd.Series) -> int:
    """How many placebo effects are at least as far from no change as the effect, either way."""
    return int((np.abs(np.log(placebos.clip(lower=1e-12))) >= abs(np.log(ratio)) - 1e-12).sum())


# Counts --------------------------------------------------------------------------------------------------------------


def weighted_displacement(
    groups: Mapping[str, Pair], *, before_weight: float = 1.0, dispersion: float = 1.0
) -> Displacement:
    """Events more (or fewer, negative) in the treated areas and the ring about them, than their controls would lead
    one to expect. ``groups``: ``treated``, ``control`` and, where displacement is looked for, ``ring`` and
    ``ring_control``. ``before_weight`` is the months after over the months before; ``dispersion`` widens the standard
    error. Raises :class:`InputError` for other groups."""
    if set(groups) not in ({"treated", "control"}, {"treated", "control", "ring", "ring_control"}):
        raise InputError(f"groups are {', '.join(groups)}", fix="give treated and control, and ring with ring_control")
    signs = {"treated": 1, "control": -1, "ring": 1, "ring_control": -1}
    difference = sum(
        signs[name] * pair.weight * (pair.after - before_weight * pair.before) for name, pair in groups.items()
    )
    variance = sum(pair.weight**2 * (pair.after + before_weight**2 * pair.before) for pair in groups.values())
    error = float(np.sqrt(dispersion * variance))
    z = difference / error if error else np.nan
    return Displacement(float(difference), error, float(z), difference - Z * error, difference + Z * error)


def cost_per_event(found: Displacement, officers: float, months: int, cost_per_officer_month: float) -> float:
    """What each event fewer cost; NaN unless the whole interval is below zero."""
    if not found.high < 0:
        return np.nan
    return officers * months * cost_per_officer_month / -found.difference


# Fitting -------------------------------------------------------------------------------------------------------------


def _share_fit(events: np.ndarray, totals: np.ndarray, design: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Coefficients, their covariance and the fitted shares of a logistic regression of events out of totals."""
    beta = np.zeros(design.shape[1])
    beta[0] = special.logit(events.sum() / totals.sum())
    for _ in range(STEPS):
        share = special.expit(design @ beta)
        information = design.T @ (design * (totals * share * (1 - share))[:, None])
        step = np.linalg.solve(information, design.T @ (events - totals * share))
        beta = beta + step / max(1.0, np.abs(design @ step).max())  # never further than the curve can be trusted
        if np.abs(step).max() < 1e-10:
            break
    return beta, np.linalg.inv(information), share  # pyright: ignore[reportPossiblyUnboundVariable]


def _pearson(values: np.ndarray, flags: np.ndarray, share: np.ndarray) -> float:
    """Pearson's chi-square of the regression on area, month and treated x term, given the treated share by month."""
    totals = values.sum(axis=1)
    fitted = np.empty_like(values)
    for side, part in ((flags, share), (~flags, 1 - share)):
        fixed = values[:, side].sum(axis=0) / values[:, side].sum()
        fitted[:, side] = np.outer(totals * part, fixed)
    return float(((values - fitted) ** 2 / fitted).sum())


def _can_be_fitted(values: np.ndarray, flags: np.ndarray, term: np.ndarray) -> bool:
    """Whether both sides have events, neither only at one end of the term (which would be a ratio without bound)."""
    inside, outside = (term[values[:, side].sum(axis=1) > 0] for side in (flags, ~flags))
    return bool(inside.size and outside.size and inside.max() > outside.min() and outside.max() > inside.min())


def _checked(counts: np.ndarray, treated: Sequence[bool]) -> tuple[np.ndarray, np.ndarray]:
    values, flags = np.asarray(counts, float), np.asarray(treated, bool)
    if values.ndim != 2 or values.shape[1] != len(flags):
        raise InputError("counts are not months by areas, one flag an area", fix="give a column an area")
    if not np.isfinite(values).all() or (values < 0).any():
        raise InputError("a count is missing or below 0", fix="leave out months that are not complete")
    _refuse_one_kind(flags, "areas treated and not")
    return values, flags


def _refuse_one_kind(flags: np.ndarray, what: str) -> None:
    if flags.all() or not flags.any():
        raise InputError(f"there are not both {what}", fix="an effect needs both")
