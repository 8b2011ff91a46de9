"""For how long a measure's newest months are still revised: estimated from the files kept, or declared."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from crimelib.settings import Measure, Settings
from crimelib.stats.revisions import growth_to_come
from crimelib.tables.revisions import Releases, triangle


@dataclass(frozen=True)
class Provisional:
    """For how long a measure's months are still revised: the ``months`` at the end that count as provisional, the first
    of them (None where there is none), the ``growth`` to come of the newest (a factor, NaN where unknown), and whether
    that is estimated from files kept or assumed in ``quality.yml``."""

    months: int
    first: pd.Period | None
    growth: float
    estimated: bool


def provisional(releases: Releases, settings: Settings, measure: Measure, basis: str) -> Provisional:
    """For how long a measure's months on one basis are still revised. The chain ladder says it where enough months have
    been seen both young and settled; otherwise ``quality.yml`` does."""
    rules = settings.quality.revisions
    found = (releases.counted(figures.add, basis) for figures in measure.figures)
    counted = next((each for each in found if len(each)), None)  # the first alternative with any on the basis
    if counted is None:
        return Provisional(0, None, float("nan"), False)
    growth = growth_to_come(triangle(counted, rules.settled_months), rules.least_months)
    estimated = not np.isnan(growth[0])
    months = _still_growing(growth, rules.growth_pct) if estimated else rules.assumed_months[counted["source"].iloc[0]]
    newest = counted["vintage_order"] == counted["vintage_order"].max()
    last = pd.Period(counted.loc[newest, "month"].max(), freq="M")
    return Provisional(months, last - months + 1 if months else None, float(growth[0]), estimated)


def _still_growing(growth: np.ndarray, growth_pct: float) -> int:
    """How many ages, from the youngest on, have more growth to come than counts as settled: the youngest always."""
    settled = ~(growth > 1 + growth_pct / 100)
    return max(1, int(settled.argmax()) if settled.any() else len(growth))
