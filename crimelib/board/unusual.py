"""Whether the last month is unusual, and the limits that a chart shows for it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

import pandas as pd

from crimelib.measures.periods import month_label

FEWEST_MONTHS = 12
FEWEST_FOR_LIMITS = 8  # moving ranges of fewer months say next to nothing


@dataclass(frozen=True)
class LastMonth:
    """The last month's count, the seasonal band it was expected in (NaN where none), and the rules that flag it."""

    month: pd.Period
    count: int
    lower: float
    upper: float
    flagged: tuple[str, ...]


def limits(monthly: pd.DataFrame, breaks: Mapping[str, str], short: Collection[str] = ()) -> pd.DataFrame | None:
    """The process limits (XmR) of monthly counts: ``month, centre, lower, upper``; None for too short a history.
    ``monthly`` has ``month`` and ``count``; limits are set anew at the ``breaks``. Months ``short`` of data are left
    out of the sums."""
    from crimelib.stats.control_charts import xmr

    series = _series(monthly, short)
    if series.notna().sum() < FEWEST_MONTHS:
        return None
    chart = xmr(series, {pd.Period(month, freq="M"): reason for month, reason in breaks.items()})
    few = chart.groupby("segment")["value"].transform("count") < FEWEST_FOR_LIMITS
    chart = chart.mask(few)
    return pd.DataFrame(
        {
            "month": chart.index.strftime("%Y-%m"),
            "centre": chart["mean"].array,
            "lower": chart["lower"].array,
            "upper": chart["upper"].array,
        }
    )


def unusual_month(monthly: pd.DataFrame, breaks: Mapping[str, str], unit: str, short: Collection[str] = ()) -> str:
    """What the control chart and the seasonal band say of the last month, in one or two sentences."""
    if len(monthly):
        month, counted = monthly["month"].iloc[-1], monthly["count"].iloc[-1]
        named = month_label(pd.Period(month, freq="M"))
        if pd.isna(counted):
            return f"There is no figure for {named}: whether it is unusual cannot be said."
        if month in short:
            said = f"{named} had {counted:,.0f} {unit} and looks short of data"
            return f"{said}: whether it is unusual cannot be said."
    found = last_month(monthly, breaks, short)
    if found is None:
        return "The history is too short to say whether the month is unusual."
    usual = f"{month_label(found.month)} had {found.count:,} {unit}"
    known = not pd.isna(found.upper)
    band = f", where {found.lower:,.0f} to {found.upper:,.0f} were to be expected" if known else ""
    verdict = f" Unusual: {'; '.join(found.flagged)}." if found.flagged else " Nothing unusual."
    return f"{usual}{band}.{verdict}"


def last_month(monthly: pd.DataFrame, breaks: Mapping[str, str], short: Collection[str] = ()) -> LastMonth | None:
    """What the control chart and the seasonal band flag in the last month; None for too short a history, or where the
    month itself is ``short`` of data."""
    from crimelib.stats.control_charts import expected_band, xmr

    series = _series(monthly, short)
    if series.notna().sum() < FEWEST_MONTHS or pd.isna(series.iloc[-1]):
        return None
    month = series.index[-1]
    starts = {pd.Period(name, freq="M"): reason for name, reason in breaks.items()}
    rules = xmr(series, starts)["rules"].iloc[-1]
    row = expected_band(series, [month], start=max((start for start in starts if start <= month), default=None)).iloc[0]
    flagged = tuple(rule for rule in (rules, row["rules"]) if rule)
    return LastMonth(month, int(series.iloc[-1]), row["lower"], row["upper"], flagged)


def _series(monthly: pd.DataFrame, short: Collection[str]) -> pd.Series:
    counts = monthly["count"].mask(monthly["month"].isin(list(short))).to_numpy()
    return pd.Series(counts, index=pd.PeriodIndex(monthly["month"], freq="M"), dtype="float64")
