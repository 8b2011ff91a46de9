"""From publishers' category names to series: one reviewed table, ``parameters/crosswalk.csv``."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from typing import Any

import pandas as pd

from crimelib.areas import nearest
from crimelib.settings import CrosswalkRow
from crimelib.sources.discovery import RawFile

KEYS = ["major", "minor", "measure"]


def category_key(*names: str) -> tuple[str, ...]:
    """Category names without what spellings differ by: case and blanks."""
    return tuple(" ".join(name.split()).casefold() for name in names)


class Crosswalk:
    """The rows of one source and one family of its files."""

    def __init__(self, rows: Iterable[CrosswalkRow], source: str, family: str) -> None:
        self.family = family
        self._rows = [row for row in rows if (row.source, row.family) == (source, family)]
        self._series = {category_key(row.major, row.minor, row.measure): row.series for row in self._rows}

    def series_of(self, file: RawFile, rows: pd.DataFrame) -> pd.Series:
        """The series of each row of a frame with ``line``, ``major``, ``minor`` and, where the family has it,
        ``measure``. Raises :class:`InputError` for a name that no row of the crosswalk knows."""
        keys = [name for name in KEYS if name in rows]
        distinct = rows[[*keys, "line"]].drop_duplicates(keys).to_dict("records")
        known = pd.Series([self._lookup(file, row, keys) for row in distinct], dtype="str")
        numbers = rows.groupby(keys, sort=False).ngroup()  # in the order of the distinct rows
        return known.take(numbers).set_axis(rows.index)

    def _lookup(self, file: RawFile, row: dict[Hashable, Any], keys: list[str]) -> str:
        names = [row[name] if name in keys else "" for name in KEYS]
        series = self._series.get(category_key(*names))
        if series is None:
            raise self._unknown(file, row, keys)
        return series

    def _unknown(self, file: RawFile, row: dict[Hashable, Any], keys: list[str]) -> Exception:
        known = dict.fromkeys(" / ".join(getattr(other, name) for name in keys) for other in self._rows)
        name = " / ".join(row[name] for name in keys)
        return file.refusal(
            "no series is declared for this category",
            line=int(row["line"]),
            column="category",
            value=name,
            fix=f"add it to parameters/crosswalk.csv for {self.family}; {nearest(name, known)}",
        )
