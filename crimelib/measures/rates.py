"""Rates by residents: the population of an area or ward near a period, and counts per 1,000 of it.

Residents are not everyone at risk: a town centre's offences fall on visitors too, so its rate by residents is high
whatever happens there. Say so wherever rates stand.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import pandas as pd

from crimelib.sources.geography import ward_population
from crimelib.tables.store import Store


@dataclass(frozen=True)
class Residents:
    """Usual residents by area code in one year."""

    year: int
    people: pd.Series


def per_1000(counts: pd.Series, population: pd.Series) -> pd.Series:
    """Counts per 1,000 residents by area code (float), NaN where either is missing or nobody lives."""
    people = population.astype("float64").reindex(counts.index)
    return 1000 * pd.to_numeric(counts).astype("float64") / people.where(people > 0)


def population_table(store: Store, codes: Iterable[str]) -> pd.DataFrame:
    """Residents of areas and wards by year: ``area_code, year, population``. What no file gives for a ward is added up
    from its LSOAs, where every one of them has a figure; of several vintages the latest counts."""
    wanted = list(codes)
    given = _latest(store.table("population", filters=[("area_code", "in", wanted)]))
    lookup = store.table("lsoa_ward", filters=[("ward_code", "in", wanted)])
    if lookup.empty:
        return given
    small = _latest(store.table("population", filters=[("area_code", "in", sorted(set(lookup["lsoa_code"])))]))
    newest = lookup.sort_values("vintage_order").drop_duplicates(["ward_set", "lsoa_code"], keep="last")
    together = pd.concat([given, ward_population(small, newest)], ignore_index=True)
    return together.drop_duplicates(["area_code", "year"], ignore_index=True)


def residents(store: Store, codes: Iterable[str], period: pd.Period) -> Residents | None:
    """Residents of all the areas in the one year nearest to a period (the later of two as near), None where no year
    has them all: rates of areas side by side rest on one count of people."""
    wanted = sorted(set(codes))
    table = population_table(store, wanted)
    complete = [year for year, group in table.groupby("year") if set(group["area_code"]) == set(wanted)]
    if not complete or not wanted:
        return None
    year = min(complete, key=lambda each: (abs(each - period.year), -each))
    return Residents(int(year), table[table["year"] == year].set_index("area_code")["population"])


def _latest(table: pd.DataFrame) -> pd.DataFrame:
    columns = ["area_code", "year", "population"]
    if table.empty:
        return pd.DataFrame(columns=columns)
    ordered = table.sort_values("vintage_order", kind="stable")
    return ordered.drop_duplicates(["area_code", "year"], keep="last")[columns]
