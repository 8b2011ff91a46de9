"""Rates by residents or households beside a table of wards."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd

from crimelib.board.tables import Cell, Table
from crimelib.measures.rates import Exposure, per_1000
from crimelib.settings import Denominator

STEADIED = "Steadied: the rate drawn toward the borough's, the more the fewer a ward has to go by (empirical Bayes)."
BASES: dict[Denominator, str] = {
    "residents": "usual residents of {year}; visitors are not counted, and a town centre has many",
    "households": "households of {year}; empty homes and homes built since are not counted",
}


def with_rates(table: Table, rows: pd.DataFrame, base: Exposure | None, per: Denominator = "residents") -> Table:
    """A table of wards with columns of offences per 1,000 residents or households, or with a note that no count of
    those is at hand. ``rows`` are the protected summary rows that the table was made of; a count withheld has no
    rate."""
    if base is None:
        none_at_hand = f"No count of these wards' {per} is at hand, so no rates are given."
        return replace(table, notes=(*table.notes, none_at_hand))
    rates = per_1000(rows.set_index("breakdown_value")["current"], base.numbers)
    drawn = steadied(rows.set_index("breakdown_value")["current"], base.numbers)
    by_name = dict(zip(rows["breakdown_label"], zip(rates, drawn, strict=True), strict=True))
    none = float("nan"), float("nan")
    lines = tuple((*line, *map(_rate, by_name.get(line[0].text, none))) for line in table.rows)
    notes = (rate_note(base), STEADIED)
    columns = (*table.columns, f"Per 1,000 {base.per}", "Steadied")
    numeric = table.numeric | {len(columns) - 2, len(columns) - 1}
    return replace(table, columns=columns, rows=lines, numeric=numeric, notes=(*table.notes, *notes))


def rate_note(base: Exposure) -> str:
    """What the rates rest on, and what they leave out."""
    return f"Rates: {BASES[base.per].format(year=base.year)}."


def steadied(counts: pd.Series, numbers: pd.Series) -> pd.Series:
    """Rates per 1,000 drawn toward that of all wards shown, the more the fewer a ward has to go by
    (empirical Bayes); NaN where a count is withheld."""
    from crimelib.stats.funnel import shrunken_rates

    shown = counts.dropna().astype("float64")
    base = numbers.reindex(shown.index).astype("float64").dropna()
    if base.empty:
        return pd.Series(float("nan"), index=counts.index)
    rates = shrunken_rates(shown[base.index].to_numpy(), base.to_numpy())
    return pd.Series(1000 * rates, index=base.index).reindex(counts.index)


def _rate(value: float | None) -> Cell:
    return Cell("–", absent=True) if value is None or pd.isna(value) else Cell(f"{value:.1f}")
