"""Ward counts of data.police.uk, made when they are asked for: the files give LSOAs, the look-up gives their wards."""

from __future__ import annotations

from collections.abc import Iterable

import pandas as pd

from crimelib.settings import Area, Settings
from crimelib.sources.police_uk import PREFIX, ward_counts
from crimelib.tables.store import Store

# The boundaries of May 2022 were used at the elections of 5 May 2022.
WARD_SET_BEFORE, WARD_SET, NEW_WARDS_FROM = "2018", "2022", pd.Period("2022-05", freq="M")


def ward_set_in_force(period: pd.Period) -> str:
    """The ward boundary set of a month."""
    return WARD_SET if period >= NEW_WARDS_FROM else WARD_SET_BEFORE


def ward_set_of(area_codes: Iterable[str], settings: Settings, borough: str, period: pd.Period) -> str:
    """The newest boundary set of a borough among some area codes; that in force in a period where none is a ward."""
    here = set(area_codes)
    sets = [ward.ward_set for ward in settings.wards if ward.borough_code == borough and ward.code in here]
    return max(sets, default=ward_set_in_force(period))


def with_placed_wards(
    stored: pd.DataFrame, store: Store, settings: Settings, area: Area, period: pd.Period
) -> pd.DataFrame:
    """A borough's stored counts with the ward counts of those data.police.uk series that a measure shows by ward, in
    the one boundary set of the period's published wards: two sets are never mixed."""
    series = series_by_ward(settings)
    if area.level != "borough" or stored.empty or not stored["series"].isin(series).any():
        return stored
    in_period = stored[stored["month"] == str(period)]["area_code"]
    placed = placed_wards(store, settings, area, ward_set_of(in_period, settings, area.code, period))
    return pd.concat([stored, placed[placed["series"].isin(series)]], ignore_index=True) if len(placed) else stored


def placed_wards(store: Store, settings: Settings, area: Area, ward_set: str) -> pd.DataFrame:
    """Dense ward counts of a borough in one boundary set with the store's columns, of each month's latest vintage;
    empty where no look-up is at hand. Rows without a location are in no ward: they are counted under the force."""
    lookup = store.table("lsoa_ward", filters=[("borough_code", "==", area.code), ("ward_set", "==", ward_set)])
    if lookup.empty:
        return pd.DataFrame()
    stored = store.table("police_uk_lsoa", filters=[("area_code", "==", area.code)])
    if stored.empty:
        return pd.DataFrame()
    latest = stored[stored["vintage_order"] == stored.groupby("month")["vintage_order"].transform("max")]
    newest_lookup = lookup[lookup["vintage_order"] == lookup["vintage_order"].max()]
    counts = ward_counts(latest, newest_lookup, settings)
    origin = latest.drop_duplicates("month")[["month", "source", "vintage", "vintage_order"]]
    return counts.merge(origin, on="month", validate="many_to_one")


def series_by_ward(settings: Settings) -> set[str]:
    """The data.police.uk series of the measures that are shown by ward."""
    measures = [measure for item in settings.items.values() for measure in item.measures.values() if measure.wards]
    added = {name for measure in measures for figures in measure.figures for name in figures.add}
    return {name for name in added if name.startswith(PREFIX)}
