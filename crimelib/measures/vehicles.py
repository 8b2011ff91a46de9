"""Stolen vehicles by what the police extract says of each, and the licensed vehicles that they are set against."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from crimelib.areas import AreaBook
from crimelib.measures.areas import FILE_MONTH, member_counts
from crimelib.measures.periods import both_halves
from crimelib.settings import Area, Settings
from crimelib.tables.store import Store

THEFTS, LICENSED = "vehicle_thefts", "licensed_vehicles"
VINTAGE_MONTH = ["source", "vintage_order", "month"]
WINDOW = "rolling_12"


def window_thefts(store: Store, settings: Settings, area: Area, period: pd.Period) -> pd.DataFrame:
    """The thefts of an area over twelve months (``now``) and the twelve before, from each month's latest vintage: the
    extract's columns, ``count`` and ``now``. Empty unless every month of both is covered, by every borough of a command
    unit, and none by two files of one vintage, so that which thefts are counted twice cannot be told."""
    members = AreaBook.of(settings).members(area)
    rows = store.table(THEFTS, filters=[("area_code", "in", members)])
    wanted = both_halves(period, WINDOW)
    if rows.empty:
        return pd.DataFrame()
    kept = rows.merge(_covered(store, settings, area, rows), on=VINTAGE_MONTH)
    latest = kept[kept["vintage_order"] == kept.groupby("month")["vintage_order"].transform("max")]
    if not set(wanted) <= set(latest["month"]):
        return pd.DataFrame()
    chosen = latest[latest["month"].isin(wanted)]
    return chosen.assign(now=chosen["month"] >= wanted[12]).reset_index(drop=True)


def _covered(store: Store, settings: Settings, area: Area, rows: pd.DataFrame) -> pd.DataFrame:
    """The months of vintages in which the extract holds as many thefts as are counted of the area."""
    series = [f"vehicle_theft_{name}" for name in settings.templates[THEFTS].columns["vehicle_class"].allowed]
    stored = member_counts(store, {area.code: AreaBook.of(settings).members(area)}, series)
    counted = stored.drop_duplicates(FILE_MONTH).groupby(VINTAGE_MONTH)["count"].sum()
    told = rows.groupby(VINTAGE_MONTH)["count"].sum().reindex(counted.index)
    return counted[told == counted].reset_index()[VINTAGE_MONTH]


def crossed(thefts: pd.DataFrame, by: str, values: Sequence[str]) -> pd.DataFrame:
    """Thefts by vehicle class (rows) and one other column (``values`` in their order), for each half: columns are pairs
    of ``now`` and the value, zero where none was stolen."""
    wide = thefts.pivot_table(index="vehicle_class", columns=["now", by], values="count", aggfunc="sum", fill_value=0)
    return wide.reindex(columns=pd.MultiIndex.from_product([[True, False], values]), fill_value=0)


def licensed(store: Store, codes: Sequence[str], month: pd.Period) -> pd.DataFrame:
    """Licensed vehicles of areas in the last quarter that ends by a month: ``area_code, month, vehicle_group,
    vehicles``, of the latest vintage with that quarter; empty where none is within the year before."""
    rows = store.table(LICENSED, filters=[("area_code", "in", list(codes))])
    if rows.empty:
        return pd.DataFrame(columns=["area_code", "month", "vehicle_group", "vehicles"])
    recent = rows[(rows["month"] <= str(month)) & (rows["month"] > str(month - 12))]
    newest = recent[recent["month"] == recent["month"].max()].sort_values("vintage_order", kind="stable")
    return newest.drop_duplicates(["area_code", "vehicle_group"], keep="last")[
        ["area_code", "month", "vehicle_group", "vehicles"]
    ]
