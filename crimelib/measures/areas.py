"""The stored counts of an area, whatever it is made of: itself, or the boroughs of a command unit added up."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import pandas as pd

from crimelib.areas import AreaBook
from crimelib.measures.placing import with_placed_wards
from crimelib.settings import Area, Settings
from crimelib.tables.store import Store

FILE_MONTH = ["source", "vintage", "vintage_order", "series", "basis", "month"]


def area_counts(store: Store, settings: Settings, areas: Sequence[Area]) -> pd.DataFrame:
    """Stored counts of areas as wholes, with the columns of the store's ``counts``."""
    book = AreaBook.of(settings)
    return member_counts(store, {area.code: book.members(area) for area in areas})


def member_counts(
    store: Store, members: Mapping[str, Sequence[str]], series: Iterable[str] | None = None
) -> pd.DataFrame:
    """Stored counts of areas as wholes, of all series or only some; ``members`` gives the codes of the areas that add
    up to each."""
    chosen = [("area_code", "in", sorted({code for codes in members.values() for code in codes}))]
    chosen += [] if series is None else [("series", "in", sorted(series))]
    return with_sums(store.table("counts", filters=chosen), members)


def counts_with_wards(store: Store, settings: Settings, area: Area, period: pd.Period) -> pd.DataFrame:
    """Stored counts of an area and its wards; a ward that no file counts has data.police.uk's counts, placed through
    the look-up of LSOAs. A command unit has no wards of its own."""
    if area.level == "unit":
        return area_counts(store, settings, [area])
    return with_placed_wards(store.counts([area.code], wards=True), store, settings, area, period)


def with_sums(stored: pd.DataFrame, members: Mapping[str, Sequence[str]]) -> pd.DataFrame:
    """Counts, and those of every area that is the sum of others: ``members`` gives the codes that make each up.

    A sum stands only where one vintage of one source has every member, so that a missing borough is never a zero.
    """
    made = {code: codes for code, codes in members.items() if list(codes) != [code]}
    if stored.empty or not made:
        return stored
    once = stored.drop_duplicates([*FILE_MONTH, "area_code"], keep="last")
    sums = [_sum(once[once["area_code"].isin(codes)], code, len(codes)) for code, codes in made.items()]
    wanted = {code for code in members if code not in made}
    return pd.concat([stored[stored["area_code"].isin(wanted)], *sums], ignore_index=True)


def _sum(rows: pd.DataFrame, code: str, number: int) -> pd.DataFrame:
    groups = rows.groupby(FILE_MONTH, as_index=False)["count"].agg(["sum", "size"])
    whole = groups[groups["size"] == number].drop(columns="size").rename(columns={"sum": "count"})
    labels = {"area_level": "unit", "area_code": code, "parent_code": "", "area_name": code}
    return whole.assign(**labels)
