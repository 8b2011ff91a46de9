"""Whether the last month is unusual, and the limits that a chart shows for it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
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


def known_counts(monthly: pd.DataFrame) -> pd.Series:
    """The counts of ``month`` and ``count`` on a monthly PeriodIndex (float), NaN where missing and where the month is
    ``short`` of data: what may be concluded from."""
    counts = monthly["count"].mask(monthly["short"]) if "short" in monthly else monthly["count"]
    return pd.Series(counts.to_numpy(), index=pd.PeriodIndex(monthly["month"], freq="M"), dtype="float64")


def limits(monthly: pd.DataFrame, breaks: Mapping[str, str]) -> pd.DataFrame | None:
    """The process limits (XmR) of monthly counts up to the last: ``month, centre, lower, upper``; None for too short a
    history. ``monthly`` has ``month`` and ``count``, and ``short`` where months that look short of data are to be left
    out of the sums; limits are set anew at the ``breaks``."""
    from crimelib.stats.control_charts import xmr

    series = known_counts(monthly)
    if series.notna().sum() < FEWEST_MONTHS:
        return None
    last = monthly.loc[monthly["count"].last_valid_index(), "month"]
    chart = xmr(series[:last], _starts(breaks))
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


def unusual_month(monthly: pd.DataFrame, breaks: Mapping[str, str], unit: str) -> str:
    """What the control chart and the seasonal band say of the last month, in one or two sentences."""
    if len(monthly):
        counted = monthly["count"].iloc[-1]
        named = month_label(pd.Period(monthly["month"].iloc[-1], freq="M"))
        if pd.isna(counted):
            return f"There is no figure for {named}: whether it is unusual cannot be said."
        if pd.isna(known_counts(monthly).iloc[-1]):
            said = f"{named} had {counted:,.0f} {unit} and looks short of data"
            return f"{said}: whether it is unusual cannot be said."
    found = last_month(monthly, breaks)
    if found is None:
        return _too_short(known_counts(monthly), breaks)
    usual = f"{month_label(found.month)} had {found.count:,} {unit}"
    known = not pd.isna(found.upper)
    band = f", where {found.lower:,.0f} to {found.upper:,.0f} were to be expected" if known else ""
    verdict = f" Unusual: {'; '.join(found.flagged)}." if found.flagged else " Nothing unusual."
    return f"{usual}{band}.{verdict}"


def last_month(monthly: pd.DataFrame, breaks: Mapping[str, str]) -> LastMonth | None:
    """What the control chart and the seasonal band flag in the last month; None for too short a history (since the last
    of the ``breaks``), or where the month itself is ``short`` of data."""
    from crimelib.stats.control_charts import expected_band, xmr

    series = known_counts(monthly)
    if series.notna().sum() < FEWEST_MONTHS or pd.isna(series.iloc[-1]):
        return None
    month = series.index[-1]
    starts = _starts(breaks)
    since = _last_level(series, starts)
    chart, row = xmr(series, starts).iloc[-1], expected_band(series, [month], start=since).iloc[0]
    if series[since:].notna().sum() < FEWEST_FOR_LIMITS and pd.isna(row["upper"]):
        return None  # nothing to measure the month by since the last new level
    flagged = (*_in_words(chart), *_in_words(row))
    return LastMonth(month, int(series.iloc[-1]), row["lower"], row["upper"], flagged)


def _starts(breaks: Mapping[str, str]) -> dict[pd.Period, str]:
    """The months that begin a new level, with the reason."""
    return {pd.Period(month, freq="M"): reason for month, reason in breaks.items()}


def _last_level(series: pd.Series, starts: Iterable[pd.Period]) -> pd.Period | None:
    """The last month of the history that began a new level."""
    return max((start for start in starts if series.index[0] < start <= series.index[-1]), default=None)


def _too_short(series: pd.Series, breaks: Mapping[str, str]) -> str:
    starts = _starts(breaks)
    since = _last_level(series, starts) if series.notna().sum() >= FEWEST_MONTHS else None
    if since is None:
        return "The history is too short to say whether the month is unusual."
    known = series[since:].notna().sum()
    months = f"{known} month{'s' if known > 1 else ''}"
    anew = f"The limits were set anew in {month_label(since)} ({starts[since]})"
    return f"{anew}; {months} since then is too short a history to say whether the month is unusual."


def _in_words(row: pd.Series) -> Iterator[str]:
    """The rules that flag a month, in plain words: ``seven months in a row above the average``."""
    from crimelib.stats.control_charts import IN_WORDS

    side = "above" if row["side"] == "high" else "below"
    for rule in filter(None, row["rules"].split("; ")):
        yield IN_WORDS[rule].format(side=side)
