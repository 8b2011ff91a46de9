"""Partners' monthly returns, from this project's own template: aggregate counts only, nothing about a person."""

from __future__ import annotations

import pandas as pd

from crimelib.settings import Settings
from crimelib.sources.discovery import Cleaned, RawFile
from crimelib.sources.placing import borough_places, covered_counts, no_counts
from crimelib.sources.templates import LOCAL_BASIS, form_of, placed, read_form

NAME = "partner_returns"
PREFIX = "partner_"
COLUMNS = ["month", "organisation", "indicator", "area_code", "count", "capacity_note"]


def read(file: RawFile, settings: Settings) -> Cleaned:
    """Clean a return into the table ``partner_returns`` (``month, organisation, indicator, area_code, count,
    capacity_note``) and borough ``counts`` of series ``partner_<indicator>``.

    The whole file is refused for a malformed value, an unknown indicator or organisation, a key that stands twice, or
    anything that looks as if it were about a person.
    """
    rows, rejected = read_form(file, form_of(NAME, settings), settings)
    returns = rows.assign(count=rows["count"].astype("int64"))[COLUMNS]
    return Cleaned({"counts": borough_counts(returns, settings), NAME: returns}, rejected)


def borough_counts(returns: pd.DataFrame, settings: Settings) -> pd.DataFrame:
    """Borough ``counts`` of each indicator, over the organisations that return it.

    A month counts only if every organisation that ever returned the indicator for the borough returned it then: a
    late return is missing, not a fall.
    """
    whole = returns[_everyone_returned(returns)]
    observed = placed(whole, settings).assign(series=PREFIX + whole["indicator"])
    parts = [
        covered_counts(rows, borough_places(rows), [series], LOCAL_BASIS) for series, rows in observed.groupby("series")
    ]
    return pd.concat([no_counts(), *parts], ignore_index=True)


def _everyone_returned(returns: pd.DataFrame) -> pd.Series:
    keys = ["indicator", "area_code"]
    expected = returns.groupby(keys)["organisation"].transform("nunique")
    return returns.groupby([*keys, "month"])["organisation"].transform("nunique") == expected
