"""What rates are per: residents, or households where homes are what is at risk.

The figures of an area or ward near a period, and counts per 1,000 of them. Residents are not everyone at risk: a town
centre's offences fall on visitors too, so its rate by residents is high whatever happens there. Say so wherever rates
stand.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import pandas as pd

from crimelib.settings import Denominator
from crimelib.sources.geography import ward_sums
from crimelib.tables.store import Store

TABLES: dict[Denominator, str] = {"residents": "population", "households": "households"}


@dataclass(frozen=True)
class Exposure:
    """Residents or households by area code in one year: what the rates of areas side by side are per."""

    per: Denominator
    year: int
    numbers: pd.Series


def per_1000(counts: pd.Series, numbers: pd.Series) -> pd.Series:
    """Counts per 1,000 residents or households by area code (float), NaN where either is missing or there are none."""
    base = numbers.astype("float64").reindex(counts.index)
    return 1000 * counts.astype("float64") / base.where(base > 0)


def exposure_table(store: Store, codes: Iterable[str], per: Denominator = "residents") -> pd.DataFrame:
    """Residents or households of areas and wards by year: ``area_code, year`` and ``population`` or ``households``.
    What no file gives for a ward is added up from its LSOAs, where every one of them has a figure; of several vintages
    the latest counts."""
    wanted, counted = list(codes), TABLES[per]
    given = _latest(store, counted, wanted)
    lookup = store.table("lsoa_ward", filters=[("ward_code", "in", wanted)])
    if lookup.empty:
        return given
    small = _latest(store, counted, sorted(set(lookup["lsoa_code"])))
    newest = lookup.sort_values("vintage_order").drop_duplicates(["ward_set", "lsoa_code"], keep="last")
    together = pd.concat([given, ward_sums(small, newest, counted)], ignore_index=True)
    return together.drop_duplicates(["area_code", "year"], ignore_index=True)


def exposure(store: Store, codes: Iterable[str], period: pd.Period, per: Denominator = "residents") -> Exposure | None:
    """Residents or households of all the areas in the one year nearest to a period (the later of two as near), None
    where no year has them all: rates of areas side by side rest on one count."""
    wanted = sorted(set(codes))
    table = exposure_table(store, wanted, per)
    complete = [year for year, group in table.groupby("year") if set(group["area_code"]) == set(wanted)]
    if not complete or not wanted:
        return None
    year = min(complete, key=lambda each: (abs(each - period.year), -each))
    return Exposure(per, int(year), table[table["year"] == year].set_index("area_code")[TABLES[per]])


def _latest(store: Store, counted: str, codes: list[str]) -> pd.DataFrame:
    columns = ["area_code", "year", counted]
    table = store.table(counted, filters=[("area_code", "in", codes)])
    if table.empty:
        return pd.DataFrame(columns=columns)
    ordered = table.sort_values("vintage_order", kind="stable")
    return ordered.drop_duplicates(["area_code", "year"], keep="last")[columns]
