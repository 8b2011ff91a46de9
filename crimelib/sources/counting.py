"""Monthly counts made dense: a row present is covered, its zeros explicit; a row absent is missing, never zero."""

from __future__ import annotations

import re

import pandas as pd

from crimelib.areas import LONDON, AreaBook, nearest
from crimelib.errors import InputError
from crimelib.sources.discovery import RawFile

COUNT_COLUMNS = ["series", "basis", "area_level", "area_code", "parent_code", "area_name", "month", "count"]
AREA_COLUMNS = ["area_code", "area_level", "parent_code", "area_name"]
_WHOLE_NUMBER = re.compile(r"[0-9]{1,9}")
_WARD_CODE = re.compile(r"E05[0-9]{6}")
_NO_WARD = {"", "unknown", "unallocated", "other / nk", "n/k", "not known", "no ward"}


def whole_numbers(file: RawFile, rows: pd.DataFrame, column: str) -> pd.Series:
    """A column of a frame of strings as counts; refuses anything but whole numbers from zero up."""
    text = rows[column].str.strip()
    wrong = ~text.str.fullmatch(_WHOLE_NUMBER.pattern)
    if wrong.any():
        raise not_a_count(file, rows, column, wrong)
    return text.astype("int64")


def not_a_count(file: RawFile, rows: pd.DataFrame, column: str, wrong: pd.Series) -> InputError:
    """The refusal of the first wrong count of a column."""
    first = rows[wrong].iloc[0]
    return file.refusal(
        "not a count (whole numbers from 0 up; a missing figure is not a zero)",
        line=int(first["line"]),
        column=column,
        value=first[column],
        fix="correct the file or download it again",
    )


def refuse_duplicates(file: RawFile, rows: pd.DataFrame, keys: list[str]) -> None:
    """Refuse the second of two rows with the same key, whatever its case and blanks."""
    first = first_lines(rows, keys)
    if first.notna().any():
        second = rows.loc[first.first_valid_index()]
        raise file.refusal(
            f"the same key as line {first[second.name]:.0f}",
            line=int(second["line"]),
            column=", ".join(keys),
            value=" / ".join(second[keys]),
            fix="remove one of the two rows",
        )


def first_lines(rows: pd.DataFrame, keys: list[str]) -> pd.Series:
    """Of each row whose key stands in one before, whatever its case and blanks, that row's line; NaN of the others."""
    plain = rows[keys].apply(lambda names: names.str.split().str.join(" ").str.casefold())
    first = rows["line"].groupby([plain[key] for key in keys], sort=False).transform("first")
    return first.where(plain.duplicated()).astype("float64")


def is_ward_code(codes: pd.Series) -> pd.Series:
    """Which codes are codes of wards."""
    return codes.str.fullmatch(_WARD_CODE.pattern)


def is_no_ward(names: pd.Series) -> pd.Series:
    """Which ward names say that there is none."""
    return names.str.strip().str.casefold().isin(_NO_WARD)


def borough_areas(file: RawFile, rows: pd.DataFrame, column: str, book: AreaBook) -> pd.DataFrame:
    """Area columns for each row by the borough named in a column; refuses a name that no area has."""
    found = {name: book.get(name) for name in rows[column].unique()}
    if unknown := [name for name, area in found.items() if area is None]:
        first = rows[rows[column] == unknown[0]].iloc[0]
        raise file.refusal(
            "no area is called that",
            line=int(first["line"]),
            column=column,
            value=unknown[0],
            fix=f"add the spelling to parameters/areas.csv; {nearest(unknown[0], book.spellings())}",
        )
    columns = {
        "area_code": [found[name].code for name in rows[column]],
        "area_level": [found[name].level for name in rows[column]],
        "parent_code": [found[name].parent_code for name in rows[column]],
        "area_name": [found[name].name for name in rows[column]],
    }
    return pd.DataFrame(columns, index=rows.index, dtype="str")


def dense_counts(wide: pd.DataFrame, areas: pd.DataFrame, basis: str) -> pd.DataFrame:
    """Tidy dense counts from a table of counts indexed by ``series`` and ``area_code`` with one column a month.

    Every series of the table is covered in every area of ``areas`` (one row an area, ``AREA_COLUMNS``) and every
    month: what the publisher left out is a zero.
    """
    series = wide.index.get_level_values("series").unique()
    full = pd.MultiIndex.from_product([series, areas["area_code"]], names=["series", "area_code"])
    complete = wide.groupby(level=["series", "area_code"]).sum().reindex(full).fillna(0).astype("int64")
    long = complete.melt(ignore_index=False, var_name="month", value_name="count").reset_index()
    return long.merge(areas, on="area_code", validate="many_to_one").assign(basis=basis)[COUNT_COLUMNS]


def only_covered(counts: pd.DataFrame, rows: pd.DataFrame) -> pd.DataFrame:
    """Counts of the areas and months that the publisher's ``rows`` cover: a borough (or the wards of a borough)
    without a single row in a month is missing in it, not free of crime."""
    present = pd.MultiIndex.from_arrays([covering_area(rows), rows["month"]]).unique()
    covered = pd.MultiIndex.from_arrays([covering_area(counts), counts["month"]]).isin(present)
    return counts[covered].reset_index(drop=True)


def covering_area(rows: pd.DataFrame) -> pd.Series:
    """Level and code of the area by which coverage is told: the borough itself, for a ward its borough's wards."""
    is_ward = rows["area_level"] == "ward"
    return rows["area_code"].where(~is_ward, "wards of " + rows["parent_code"])


def with_london(counts: pd.DataFrame, book: AreaBook) -> pd.DataFrame:
    """Borough counts with London added: the sum of every borough-level row (what lies outside the boroughs
    included), for the months in which all 32 boroughs are there."""
    borough = counts[counts["area_level"].isin(["borough", "outside"])]
    wanted = book.metropolitan_codes()
    present = borough[borough["area_code"].isin(wanted)].groupby("month")["area_code"].nunique()
    whole = borough[borough["month"].isin(present[present == len(wanted)].index)]
    london = whole.groupby(["series", "basis", "month"], as_index=False)["count"].sum()
    labels = {
        "area_level": "london",
        "area_code": LONDON,
        "parent_code": "",
        "area_name": book.name_of(LONDON),
    }
    return pd.concat([counts, london.assign(**labels)[COUNT_COLUMNS]], ignore_index=True)
