"""Reporting periods and the windows over which measures are shown.

A period is one calendar month, written ``"2021-11"``. Every window ends with the period's month and is set against the
same months a year before.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache

import pandas as pd

from crimelib.errors import InputError

WINDOWS = ("month", "quarter", "ytd", "rolling_12")
WINDOW_PHRASES = {
    "month": "in",
    "quarter": "in the three months to",
    "ytd": "in the financial year to",
    "rolling_12": "in the twelve months to",
}
_PERIOD = re.compile(r"(19|20)\d\d-(0[1-9]|1[0-2])")


def parse_period(text: str) -> pd.Period:
    """The monthly period written as ``YYYY-MM``; raises :class:`InputError` for anything else."""
    if not isinstance(text, str) or not _PERIOD.fullmatch(text):
        raise InputError(f"period {text!r} is not a month", fix='write it as "2021-11", quoted in YAML')
    return month(text)


@cache
def month(text: str) -> pd.Period:
    """The monthly period of a text already known to be ``YYYY-MM``; the same few are asked for thousands of times."""
    return pd.Period(text, freq="M")


def window_length(period: pd.Period, window: str) -> int:
    """Months in a window; the police year to date starts in April."""
    lengths = {"month": 1, "quarter": 3, "ytd": (period.month - 4) % 12 + 1, "rolling_12": 12}
    if window not in lengths:
        raise InputError(f"window {window!r} is unknown", fix=f"use one of {', '.join(WINDOWS)}")
    return lengths[window]


@cache
def window_months(period: pd.Period, window: str) -> pd.PeriodIndex:
    """The months of a window that ends with ``period``, oldest first."""
    return pd.period_range(end=period, periods=window_length(period, window), freq="M")


@cache
def previous_months(period: pd.Period, window: str) -> pd.PeriodIndex:
    """The same months one year before."""
    return window_months(period, window) - 12


@cache
def both_halves(period: pd.Period, window: str) -> tuple[str, ...]:
    """The months of a window and of the same window a year before, oldest first, as text."""
    return tuple(str(month) for month in (*previous_months(period, window), *window_months(period, window)))


def month_label(period: pd.Period) -> str:
    """``November 2021``."""
    return period.strftime("%B %Y")


def month_spans(months: Iterable[str]) -> str:
    """Months (``YYYY-MM``) in words, those that follow each other as one span: ``August 2020, May 2022 to April
    2023``."""
    spans: list[list[pd.Period]] = []
    for each in map(month, sorted(set(months))):
        if spans and spans[-1][-1] + 1 == each:
            spans[-1][1:] = [each]
        else:
            spans.append([each])
    return ", ".join(" to ".join(map(month_label, span)) for span in spans)
