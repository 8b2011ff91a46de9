"""Tables kept in memory, asked as the store's are: for what reads one or two of them and no file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd


@dataclass
class KeptTables:
    """Stands in for :class:`crimelib.tables.store.Store`."""

    tables: dict[str, pd.DataFrame]

    def table(self, name: str, filters: Sequence[tuple[str, str, object]] = ()) -> pd.DataFrame:
        """The rows that every filter lets through; a table that is not there has none."""
        rows = self.tables.get(name, pd.DataFrame())
        for column, how, wanted in filters if len(rows) else ():
            rows = rows[rows[column].isin(wanted if how == "in" else [wanted])]
        return rows

    def counts(self, area_codes: list[str], *, wards: bool = False) -> pd.DataFrame:
        """Monthly counts of areas, and of their wards where asked for."""
        rows = self.table("counts")
        below = rows["parent_code"].isin(area_codes) & (rows["area_level"] == "ward")
        return rows[rows["area_code"].isin(area_codes) | (below if wards else False)]
