"""The engagement return of ward teams: twenty-four months, every activity and ward."""

from __future__ import annotations

import numpy as np
import pandas as pd

from crimelib.illustrative.calibration import Calibration
from crimelib.illustrative.counts import generator

# How many a ward team makes in a month, before and after the contacts were taken up again.
MONTHLY = {"posts": (6, 9), "meetings": (1, 2), "panel_attendance": (8, 11), "contact_cards": (40, 260)}
TAKEN_UP = "2021-09"
MONTHS = 24


def engagement_file(calibration: Calibration) -> dict[str, bytes]:
    """The one file, by its path below raw."""
    rng = generator(calibration, "engagement")
    months = pd.period_range(end=pd.Period(calibration.last_month, freq="M"), periods=MONTHS, freq="M").astype(str)
    keys = pd.MultiIndex.from_product([months, calibration.wards, MONTHLY], names=["month", "ward_code", "activity"])
    table = keys.to_frame(index=False)
    pairs = zip(table["activity"], table["month"], strict=True)
    means = [MONTHLY[activity][int(month >= TAKEN_UP)] for activity, month in pairs]
    table = table.assign(area_code=calibration.borough.code, count=rng.poisson(np.array(means)))
    content = table[["month", "area_code", "ward_code", "activity", "count"]].to_csv(index=False, lineterminator="\n")
    return {f"engagement/{calibration.vintage}/engagement.csv": content.encode()}
