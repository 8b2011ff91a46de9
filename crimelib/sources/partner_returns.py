"""Partners' monthly returns, from this project's own template: aggregate counts only, nothing about a person.

Every organisation sends files of its own, month by month, so that a borough's count is made of many: :func:`merged`
adds up what was known with each vintage. A figure once returned changes only by a declared revision.
"""

from __future__ import annotations

from functools import partial

import pandas as pd

from crimelib.errors import InputError
from crimelib.settings import Settings
from crimelib.sources.discovery import Cleaned, RawFile
from crimelib.sources.entry_sheets import read_entries
from crimelib.sources.placing import borough_places, covered_counts, no_counts
from crimelib.sources.rejection import MOST_TOLD, rejections
from crimelib.sources.templates import LOCAL_BASIS, form_of, placed, read_form

NAME = "partner_returns"
SHEET = "Return"
PREFIX = "partner_"
COLUMNS = ["month", "organisation", "indicator", "area_code", "count", "capacity_note", "revision", "line"]
SERIES = ["indicator", "area_code"]
FIGURE = ["month", "organisation", "indicator", "area_code"]


def read(file: RawFile, settings: Settings) -> Cleaned:
    """Clean a return, workbook or CSV, into the table ``partner_returns`` (``month, organisation, indicator, area_code,
    count, capacity_note, revision, line``).

    The whole file is refused for a malformed value, an indicator that is not the organisation's, a key that stands
    twice, or anything that looks as if it were about a person.
    """
    named, table = read_entries(file, SHEET)
    rows, rejected = read_form(named, form_of(NAME, settings), settings, table, partial(_anothers, settings))
    return Cleaned({NAME: rows.assign(count=rows["count"].astype("int64"))[COLUMNS]}, rejected)


def _anothers(settings: Settings, rows: pd.DataFrame) -> list[pd.DataFrame]:
    """The rejections of figures that are not the organisation's to return."""
    partners = settings.partners
    wrong = [
        name in partners.organisations
        and indicator in partners.indicators
        and indicator not in partners.organisations[name].returns
        for name, indicator in zip(rows["organisation"], rows["indicator"], strict=True)
    ]
    reason = "this organisation does not return that indicator (parameters/partners.yml says which)"
    return [rejections(rows, pd.Series(wrong, index=rows.index, dtype="bool"), "indicator", reason, quote=False)]


# --- all returns together --------------------------------------------------------------------------------------


def in_order(returns: pd.DataFrame) -> pd.DataFrame:
    """Returns of every file (``COLUMNS``, ``vintage_order``, ``file``) in the order in which they count: by vintage,
    and within one the declared revisions last."""
    keyed = returns.assign(declared=returns["revision"] != "")
    ordered = keyed.sort_values(["vintage_order", "declared", "file", "line"], kind="stable", ignore_index=True)
    return ordered.drop(columns="declared")


def refuse_undeclared(returns: pd.DataFrame) -> None:
    """Refuse the figures that differ from one returned before without a declared revision, and two different revisions
    of one figure in one vintage: no one could say which holds. Each is named by its file and line."""
    rows = in_order(returns)
    before = rows.groupby(FIGURE, sort=False)[["count", "file", "line", "vintage_order", "revision"]].shift()
    changed = before["count"].notna() & (before["count"] != rows["count"])
    same_time = (before["vintage_order"] == rows["vintage_order"]) & (before["revision"] != "")
    silent, doubled = changed & (rows["revision"] == ""), changed & (rows["revision"] != "") & same_time
    told = [_told(rows.loc[place], before.loc[place], silent[place]) for place in rows.index[silent | doubled]]
    if told:
        where, what = told[0]
        others = "; ".join(f"{where}: {what}" for where, what in told[1:MOST_TOLD])
        more = f"; and {len(told) - MOST_TOLD:,} more" if len(told) > MOST_TOLD else ""
        fix = "correct the count, or say in the column revision why it changed and put the file into a later vintage"
        raise InputError(what + (f" (and {others}{more})" if others else ""), where=where, fix=fix)


def _told(row: pd.Series, before: pd.Series, silent: bool) -> tuple[str, str]:
    """Where a changed figure stands, and what is wrong with it."""
    earlier = f"{before['count']:.0f} in {before['file']} (line {before['line']:.0f})"
    wrong = f"differs from {earlier}: no revision is declared" if silent else f"is revised to {earlier} as well"
    figure = f"{row['indicator']} of {row['organisation']} for {row['month']}, {row['count']}"
    return f"{row['file']}, line {row['line']}", f"{figure}, {wrong}"


def latest(returns: pd.DataFrame) -> pd.DataFrame:
    """The figure that counts of each month, organisation, indicator and borough."""
    return in_order(returns).drop_duplicates(FIGURE, keep="last", ignore_index=True)


def merged(returns: pd.DataFrame, settings: Settings) -> dict[int, pd.DataFrame]:
    """Borough ``counts`` of series ``partner_<indicator>`` by ``vintage_order``: the months that the vintage made whole
    or changed, added up over the organisations as known by then.

    A month counts only if every organisation that ever returned the indicator for the borough returned it: a late
    return is missing, not a fall. Raises :class:`InputError` for a changed figure without a declared revision.
    """
    refuse_undeclared(returns)
    expected = returns.groupby(SERIES)["organisation"].nunique().rename("expected")
    found, before = {}, pd.Series(dtype="int64")
    for order in sorted(returns["vintage_order"].unique()):
        known = latest(returns[returns["vintage_order"] <= order])
        sums = known.groupby([*SERIES, "month"]).agg(count=("count", "sum"), organisations=("organisation", "nunique"))
        whole = sums.join(expected, on=SERIES).query("organisations == expected")["count"]
        found[int(order)] = borough_counts(whole[whole != before.reindex(whole.index)].reset_index(), settings)
        before = whole
    return found


def borough_counts(sums: pd.DataFrame, settings: Settings) -> pd.DataFrame:
    """``counts`` of summed figures (``indicator, area_code, month, count``)."""
    observed = placed(sums, settings).assign(series=PREFIX + sums["indicator"])
    parts = [
        covered_counts(rows, borough_places(rows), [series], LOCAL_BASIS) for series, rows in observed.groupby("series")
    ]
    return pd.concat([no_counts(), *parts], ignore_index=True)
