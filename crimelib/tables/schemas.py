"""What a tidy table must look like before it is stored; a source that breaks it is a defect of this project."""

from __future__ import annotations

import pandas as pd
import pandera.pandas as pa

from crimelib.sources.distinct import of_distinct

MONTH = r"^(19|20)\d\d-(0[1-9]|1[0-2])$"
NAME = r"^[a-z][a-z0-9_]*$"


def _matches(pattern: str) -> pa.Check:
    return pa.Check(
        lambda texts: of_distinct(texts, lambda distinct: distinct.str.match(pattern)), error=f"matches {pattern!r}"
    )


COUNTS = pa.DataFrameSchema(
    {
        "series": pa.Column("str", _matches(NAME)),
        "basis": pa.Column("str", _matches(NAME)),
        "area_level": pa.Column("str", pa.Check.isin(["borough", "ward", "london", "outside", "district", "force"])),
        "area_code": pa.Column("str", pa.Check.str_length(min_value=1)),
        "parent_code": pa.Column("str"),
        "area_name": pa.Column("str"),
        "month": pa.Column("str", _matches(MONTH)),
        "count": pa.Column("int64", pa.Check.ge(0)),
    },
    unique=["series", "basis", "area_level", "area_code", "month"],
    strict=True,
)
PERCEPTION = pa.DataFrameSchema(
    {
        "quarter_end": pa.Column("str", _matches(MONTH)),
        "area_code": pa.Column("str", pa.Check.str_length(min_value=1)),
        "measure": pa.Column("str", _matches(NAME)),
        "proportion": pa.Column("float64", pa.Check.in_range(0, 1)),
        "london_proportion": pa.Column("float64", pa.Check.in_range(0, 1), nullable=True),
    },
    unique=["quarter_end", "area_code", "measure"],
    strict=True,
)
SCHEMAS = {"counts": COUNTS, "perception": PERCEPTION}


def validated(name: str, table: pd.DataFrame) -> pd.DataFrame:
    """The table, checked against its schema where it has one."""
    return SCHEMAS[name].validate(table) if name in SCHEMAS else table
