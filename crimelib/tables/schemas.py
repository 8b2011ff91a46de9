"""What a tidy table must look like before it is stored; a source that breaks it is a defect of this project."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

MONTH = r"(19|20)\d\d-(0[1-9]|1[0-2])"
NAME = r"[a-z][a-z0-9_]*"
SOMETHING = r"(?s).+"


@dataclass(frozen=True)
class Texts:
    """A column of texts, none missing, each of which matches a pattern as a whole; what it says is looked at once for
    each text that is there, and not for each row."""

    pattern: str = r"(?s).*"

    def fault(self, column: pd.Series) -> str:
        """What is wrong with a column; empty where nothing is."""
        wrong = [text for text in column.unique() if not (isinstance(text, str) and re.fullmatch(self.pattern, text))]
        return f"{wrong[0]!r} does not match {self.pattern!r}" if wrong else ""


@dataclass(frozen=True)
class Numbers:
    """A column of numbers of one type, from ``least`` to ``most``."""

    dtype: str
    least: float = 0
    most: float = float("inf")
    may_be_missing: bool = False

    def fault(self, column: pd.Series) -> str:
        """What is wrong with a column; empty where nothing is."""
        if column.dtype != self.dtype:
            return f"{column.dtype} where {self.dtype} is expected"
        if column.isna().any() and not self.may_be_missing:
            return "a number is missing"
        outside = ~column.dropna().between(self.least, self.most)
        return f"a number is not from {self.least} to {self.most}" if outside.any() else ""


@dataclass(frozen=True)
class Schema:
    """The columns of a table, no more and no fewer, and the key that no two rows share."""

    columns: Mapping[str, Texts | Numbers]
    key: list[str]

    def fault(self, table: pd.DataFrame) -> str:
        """The first thing that is wrong with a table; empty where nothing is."""
        if odd := set(self.columns) ^ set(table.columns):
            return f"the column {min(odd)!r} is missing or not wanted"
        faults = ((name, column.fault(table[name])) for name, column in self.columns.items())
        if told := next((f"{name}: {fault}" for name, fault in faults if fault), ""):
            return told
        return f"two rows with the same {', '.join(self.key)}" if table.duplicated(self.key).any() else ""


COUNTS = Schema(
    {
        "series": Texts(NAME),
        "basis": Texts(NAME),
        "area_level": Texts("borough|ward|london|outside|district|force"),
        "area_code": Texts(SOMETHING),
        "parent_code": Texts(),
        "area_name": Texts(),
        "month": Texts(MONTH),
        "count": Numbers("int64"),
    },
    key=["series", "basis", "area_level", "area_code", "month"],
)
PERCEPTION = Schema(
    {
        "quarter_end": Texts(MONTH),
        "area_code": Texts(SOMETHING),
        "measure": Texts(NAME),
        "proportion": Numbers("float64", most=1),
        "london_proportion": Numbers("float64", most=1, may_be_missing=True),
    },
    key=["quarter_end", "area_code", "measure"],
)
SCHEMAS = {"counts": COUNTS, "perception": PERCEPTION}


def validated(name: str, table: pd.DataFrame) -> pd.DataFrame:
    """The table, checked against its schema where it has one. Raises :class:`ValueError` for what breaks it."""
    if name in SCHEMAS and (fault := SCHEMAS[name].fault(table)):
        raise ValueError(f"the table {name!r} is not tidy: {fault}")
    return table
