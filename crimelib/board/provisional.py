"""For how long a measure's newest months are still revised: estimated from the files kept, or declared."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from crimelib.settings import Measure, Settings
from crimelib.stats.revisions import growth_to_come
from crimelib.tables.revisions import release_counts, triangle


@dataclass(frozen=True)
class Provisional:
    """For how long a measure's months are still revised: the ``months`` at the end that count as provisional, the first
    of them (None where there is none), the ``growth`` to come of the newest (a factor, NaN where unknown), and whether
    that is estimated from files kept or assumed in ``quality.yml``."""

    months: int
    first: pd.Period | None
    growth: float
    estimated: bool


def provisional(stored: pd.DataFrame, settings: Settings, measure: Measure, basis: str) -> Provisional:
    """For how long a measure's months on one basis are still revised. The chain ladder says it where enough months have
    been seen both young and settled; otherwise ``quality.yml`` does."""
    rules = settings.quality.revisions
    releases = _releases_of(stored, measure, basis)
    if releases.empty:
        return Provisional(0, None, float("nan"), False)
    growth = growth_to_come(triangle(releases, rules.settled_months), rules.least_months)
    estimated = not np.isnan(growth[0])
    months = _still_growing(growth, rules.growth_pct) if estimated else rules.assumed_months[releases["source"].iloc[0]]
    newest = releases["vintage_order"] == releases["vintage_order"].max()
    last = pd.Period(releases.loc[newest, "month"].max(), freq="M")
    return Provisional(months, last - months + 1 if months else None, float(growth[0]), estimated)


def _releases_of(stored: pd.DataFrame, measure: Measure, basis: str) -> pd.DataFrame:
    """The releases of the first alternative of a measure that has any on the basis."""
    on_basis = stored[stored["basis"] == basis]
    found = (release_counts(on_basis, figures.add) for figures in measure.figures)
    return next((releases for releases in found if len(releases)), pd.DataFrame())


def _still_growing(growth: np.ndarray, growth_pct: float) -> int:
    """How many ages, from the youngest on, have more growth to come than counts as settled: the youngest always."""
    settled = ~(growth > 1 + growth_pct / 100)
    return max(1, int(settled.argmax()) if settled.any() else len(growth))
