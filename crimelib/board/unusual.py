"""Whether a month is unusual, and the limits that a chart shows for it."""

from __future__ import annotations

import pandas as pd


def limits(monthly: pd.DataFrame) -> pd.DataFrame | None:
    """The expected range of each month."""
    return None
