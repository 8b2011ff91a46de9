"""Monthly counts that look like recorded crime and add up, exactly, to the totals wanted.

Draws are negative binomial (Poisson with gamma noise), then the two twelve-month windows are scaled to their targets
by largest remainders. An array of counts has one row for each ward, one for offences without a ward, then one for each
other area, and one column for each month.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass

import numpy as np

from crimelib.illustrative.calibration import Calendar, Calibration, DashboardSeries, Level, Targets, calendar


@dataclass(frozen=True)
class Offences:
    """Counts by series id, and how many leading rows belong to the pack's borough (its wards, then no ward)."""

    recorded: dict[str, np.ndarray]
    dashboard: dict[str, np.ndarray]
    ward_count: int

    def local(self, counts: np.ndarray) -> np.ndarray:
        """The rows of the pack's borough: each ward, and the offences without one."""
        return counts[: self.ward_count + 1]

    def wards(self, counts: np.ndarray) -> np.ndarray:
        """The rows of the wards."""
        return counts[: self.ward_count]

    def boroughs(self, counts: np.ndarray) -> np.ndarray:
        """The pack's borough as one row, then every other area."""
        return np.vstack([self.local(counts).sum(axis=0), counts[self.ward_count + 1 :]])


def generator(calibration: Calibration, name: str) -> np.random.Generator:
    """A stream of random numbers of its own for each name, so that adding a series moves no other."""
    return np.random.default_rng([calibration.seed, zlib.crc32(name.encode())])


def all_offences(calibration: Calibration) -> Offences:
    """Every series of the recorded-crime and dashboard files."""
    recorded = {name: area_counts(calibration, name, series) for name, series in calibration.recorded_crime.items()}
    dashboard: dict[str, np.ndarray] = {}
    for name, series in calibration.dashboard.items():
        dashboard[name] = _dashboard_counts(calibration, name, series, recorded | dashboard)
    return Offences(recorded, dashboard, len(calibration.wards))


def area_counts(calibration: Calibration, name: str, series: Level) -> np.ndarray:
    """A series for the wards, for no ward, and for every other area."""
    rng = generator(calibration, name)
    own = ward_counts(rng, calibration, series, monthly_counts(rng, calibration, series))
    return np.vstack([own, _other_areas(rng, calibration, series)])


def monthly_counts(rng: np.random.Generator, calibration: Calibration, series: Level) -> np.ndarray:
    """A borough's counts by month, its two windows adding up to the targets."""
    months = calendar(calibration)
    expected = _shape(calibration, months, series) * _level(calibration, months, series)
    return hold_to_targets(_draw(rng, expected, calibration.overdispersion), series, months)


def hold_to_targets(counts: np.ndarray, series: Targets, months: Calendar) -> np.ndarray:
    """Monthly counts with the windows scaled to the series' targets, where it has them."""
    held = counts.copy()
    for window, total in ((months.previous, series.previous), (months.current, series.current)):
        if total is not None:
            held[window] = scale_to_total(counts[window], total)
    return held


def scale_to_total(counts: np.ndarray, total: int) -> np.ndarray:
    """Whole numbers in proportion to ``counts`` that add up to ``total`` (largest remainders, ties to the earliest)."""
    weights = counts if counts.sum() else np.ones_like(counts)
    exact = weights * (total / weights.sum())
    whole = np.floor(exact).astype(np.int64)
    order = np.argsort(whole - exact, kind="stable")
    whole[order[: total - int(whole.sum())]] += 1
    return whole


def ward_counts(
    rng: np.random.Generator, calibration: Calibration, series: Level, monthly: np.ndarray, unallocated: bool = True
) -> np.ndarray:
    """A borough's monthly counts dealt to its wards, and a last row for those that carry none."""
    shares = np.array(
        [
            ward.share * (series.town if code == calibration.town_centre else 1)
            for code, ward in calibration.wards.items()
        ]
    )
    shares *= rng.gamma(30, 1 / 30, size=len(shares))
    rest = calibration.unallocated if unallocated else 0.0
    return rng.multinomial(monthly, np.append(shares / shares.sum() * (1 - rest), rest)).T


def _dashboard_counts(
    calibration: Calibration, name: str, series: DashboardSeries, known: dict[str, np.ndarray]
) -> np.ndarray:
    if series.of is None:
        return area_counts(calibration, name, Level.model_validate(series.model_dump(include=set(Level.model_fields))))
    return _part_of(calibration, generator(calibration, name), series, known[series.of])


def _part_of(
    calibration: Calibration, rng: np.random.Generator, series: DashboardSeries, whole: np.ndarray
) -> np.ndarray:
    """A part of another series, never more than it in any place and month."""
    part = rng.binomial(whole, series.share)
    if series.previous is None:
        return part
    local = slice(0, len(calibration.wards) + 1)
    monthly = hold_to_targets(part[local].sum(axis=0), series, calendar(calibration))
    dealt = [rng.multivariate_hypergeometric(cells, n) for cells, n in zip(whole[local].T, monthly, strict=True)]
    return np.vstack([np.array(dealt).T, part[local.stop :]])


def _shape(calibration: Calibration, months: Calendar, series: Targets) -> np.ndarray:
    season = np.array(calibration.seasons[series.season])
    return season[months.months.month - 1] * (1 + series.covid * months.stringency)


def _level(calibration: Calibration, months: Calendar, series: Level) -> np.ndarray:
    """The monthly level, moving evenly (on a log scale) from ``base`` through both windows' middles."""
    if series.previous is None or series.current is None:
        return np.full(len(months.months), series.base)
    shape = _shape(calibration, months, series)
    levels = [series.base, series.previous / shape[months.previous].sum(), series.current / shape[months.current].sum()]
    return np.exp(np.interp(np.arange(len(shape)), _knots(months), np.log(levels)))


def _knots(months: Calendar) -> list[float]:
    return [0.0, months.previous.start + 5.5, months.current.start + 5.5]


def _draw(rng: np.random.Generator, expected: np.ndarray, overdispersion: float) -> np.ndarray:
    return rng.poisson(expected * rng.gamma(1 / overdispersion, overdispersion, size=expected.shape))


def _other_areas(rng: np.random.Generator, calibration: Calibration, series: Level) -> np.ndarray:
    """The other boroughs and the pseudo-area: the same shape, a size and a recent change of their own."""
    months = calendar(calibration)
    sizes = np.array([other.size for other in calibration.other_boroughs.values()] + [calibration.pseudo_area.size])
    sizes = sizes * np.exp(rng.normal(0, 0.12, size=len(sizes)))
    common = _shape(calibration, months, series) * _level(calibration, months, _without_change(series))
    own_change = np.outer(rng.normal(0.3, 0.5, size=len(sizes)), _log_change(months, series))
    return _draw(rng, np.outer(sizes, common) * np.exp(own_change), calibration.overdispersion)


def _without_change(series: Level) -> Level:
    return series.model_copy(update={"current": series.previous})


def _log_change(months: Calendar, series: Level) -> np.ndarray:
    if series.previous is None or series.current is None:
        return np.zeros(len(months.months))
    return np.interp(np.arange(len(months.months)), _knots(months)[1:], [0, np.log(series.current / series.previous)])
