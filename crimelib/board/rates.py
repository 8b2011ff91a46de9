"""Rates by residents beside a table of wards."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd

from crimelib.board.tables import Cell, Table
from crimelib.measures.rates import Residents, per_1000

STEADIED = "Steadied: the rate drawn toward the borough's, the more the fewer a ward has to go by (empirical Bayes)."
CAUTION = "visitors are not counted, so a town centre's rate is high whatever happens there"


def with_rates(table: Table, rows: pd.DataFrame, people: Residents | None) -> Table:
    """A table of wards with a column of offences per 1,000 residents, or with a note that no population is at hand.
    ``rows`` are the protected summary rows that the table was made of; a count withheld has no rate."""
    if people is None:
        return replace(table, notes=(*table.notes, "No population of these wards is at hand, so no rates are given."))
    rates = per_1000(rows.set_index("breakdown_value")["current"], people.people)
    drawn = steadied(rows.set_index("breakdown_value")["current"], people.people)
    by_name = dict(zip(rows["breakdown_label"], zip(rates, drawn, strict=True), strict=True))
    none = float("nan"), float("nan")
    lines = tuple((*line, *map(_rate, by_name.get(line[0].text, none))) for line in table.rows)
    notes = (f"Rates: usual residents of {people.year}; {CAUTION}.", STEADIED)
    columns = (*table.columns, "Per 1,000 residents", "Steadied")
    numeric = table.numeric | {len(columns) - 2, len(columns) - 1}
    return replace(table, columns=columns, rows=lines, numeric=numeric, notes=(*table.notes, *notes))


def steadied(counts: pd.Series, people: pd.Series) -> pd.Series:
    """Rates per 1,000 residents drawn toward that of all wards shown, the more the fewer a ward has to go by
    (empirical Bayes); NaN where a count is withheld."""
    from crimelib.stats.funnel import shrunken_rates

    shown = counts.dropna().astype("float64")
    base = people.reindex(shown.index).astype("float64").dropna()
    if base.empty:
        return pd.Series(float("nan"), index=counts.index)
    rates = shrunken_rates(shown[base.index].to_numpy(), base.to_numpy())
    return pd.Series(1000 * rates, index=base.index).reindex(counts.index)


def _rate(value: float | None) -> Cell:
    return Cell("–", absent=True) if value is None or pd.isna(value) else Cell(f"{value:.1f}")
