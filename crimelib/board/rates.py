"""Rates by residents beside a table of wards."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd

from crimelib.board.tables import Cell, Table
from crimelib.measures.rates import Residents, per_1000

CAUTION = "visitors are not counted, so a town centre's rate is high whatever happens there"


def with_rates(table: Table, rows: pd.DataFrame, people: Residents | None) -> Table:
    """A table of wards with a column of offences per 1,000 residents, or with a note that no population is at hand.
    ``rows`` are the protected summary rows that the table was made of; a count withheld has no rate."""
    if people is None:
        return replace(table, notes=(*table.notes, "No population of these wards is at hand, so no rates are given."))
    rates = per_1000(rows.set_index("breakdown_value")["current"], people.people)
    by_name = dict(zip(rows["breakdown_label"], rates, strict=True))
    lines = tuple((*line, _rate(by_name.get(line[0].text))) for line in table.rows)
    note = f"Rates: usual residents of {people.year}; {CAUTION}."
    columns = (*table.columns, "Per 1,000 residents")
    return replace(
        table, columns=columns, rows=lines, numeric=table.numeric | {len(columns) - 1}, notes=(*table.notes, note)
    )


def _rate(value: float | None) -> Cell:
    return Cell("–", absent=True) if value is None or pd.isna(value) else Cell(f"{value:.1f}")
