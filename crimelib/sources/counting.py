"""Monthly counts made dense: a row present is covered, its zeros explicit; a row absent is missing, never zero."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

import numpy as np
import pandas as pd
from pandas.api.types import union_categoricals

from crimelib.areas import LONDON, AreaBook, nearest
from crimelib.errors import InputError
from crimelib.sources.discovery import RawFile
from crimelib.sources.distinct import of_distinct

COUNT_COLUMNS = ["series", "basis", "area_level", "area_code", "parent_code", "area_name", "month", "count"]
AREA_COLUMNS = ["area_code", "area_level", "parent_code", "area_name"]
_WHOLE_NUMBER = re.compile(r"[0-9]{1,9}")
_WARD_CODE = re.compile(r"E05[0-9]{6}")
_NO_WARD = {"", "unknown", "unallocated", "other / nk", "n/k", "not known", "no ward"}


def whole_numbers(file: RawFile, rows: pd.DataFrame, column: str) -> pd.Series:
    """A column of a frame of strings as counts; refuses anything but whole numbers from zero up."""
    return whole_number_columns(file, rows, [column])[column]


def whole_number_columns(file: RawFile, rows: pd.DataFrame, columns: list[str]) -> pd.DataFrame:
    """As :func:`whole_numbers`, of several columns together."""
    texts = pd.concat([rows[column] for column in columns], ignore_index=True)
    counts = of_distinct(texts, _counts).to_numpy().reshape(len(columns), len(rows)).T
    table = pd.DataFrame(counts, index=rows.index, columns=columns)
    wrong = table.isna()
    if wrong.to_numpy().any():
        column = wrong.any().idxmax()
        raise not_a_count(file, rows, column, wrong[column])
    return table.astype("int64")


def _counts(texts: pd.Series) -> pd.Series:
    """Texts as counts; NaN for what is none."""
    stripped = texts.str.strip()
    return stripped.where(stripped.str.fullmatch(_WHOLE_NUMBER.pattern)).astype("float64")


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
    plain = rows[keys].apply(lambda names: of_distinct(names, _plain_numbers))
    again = plain.duplicated()
    if not again.any():
        return pd.Series(np.nan, index=rows.index)
    first = rows["line"].groupby([plain[key] for key in keys], sort=False).transform("first")
    return first.where(again).astype("float64")


def _plain_numbers(names: pd.Series) -> pd.Series:
    """A number for each name, the same for those that differ in case and blanks only."""
    return pd.Series(pd.factorize(names.str.split().str.join(" ").str.casefold())[0])


def is_ward_code(codes: pd.Series) -> pd.Series:
    """Which codes are codes of wards."""
    return of_distinct(codes, lambda distinct: distinct.str.fullmatch(_WARD_CODE.pattern))


def is_no_ward(names: pd.Series) -> pd.Series:
    """Which ward names say that there is none."""
    return of_distinct(names, lambda distinct: distinct.str.strip().str.casefold().isin(_NO_WARD))


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
    areas = [(area.code, area.level, area.parent_code, area.name) for area in found.values()]
    columns = pd.DataFrame(areas, columns=AREA_COLUMNS, dtype="str")
    return columns.take(pd.Index(list(found)).get_indexer(rows[column])).set_axis(rows.index)


def dense_counts(wide: pd.DataFrame, areas: pd.DataFrame, basis: str) -> pd.DataFrame:
    """Tidy dense counts from a table of counts indexed by ``series`` and ``area_code`` with one column a month.

    Every series of the table is covered in every area of ``areas`` (one row an area, ``AREA_COLUMNS``) and every
    month: what the publisher left out is a zero.
    """
    series = wide.index.get_level_values("series").unique()
    full = pd.MultiIndex.from_product([series, areas["area_code"]], names=["series", "area_code"])
    complete = wide.groupby(level=["series", "area_code"]).sum().reindex(full).fillna(0).astype("int64")
    ranks = np.indices((len(wide.columns), len(series), len(areas))).reshape(3, -1)
    labels = {"series": taken(series, ranks[1]), "month": taken(complete.columns, ranks[0])}
    of_areas = {name: taken(areas[name], ranks[2]) for name in AREA_COLUMNS}
    bases = taken([basis], np.zeros(ranks.shape[1], dtype="int8"))
    counts = complete.to_numpy().ravel(order="F")
    return pd.DataFrame({**labels, **of_areas, "count": counts, "basis": bases})[COUNT_COLUMNS]


def taken(texts: Iterable[str], places: np.ndarray) -> pd.Categorical:
    """The texts at some places, as categories in their order."""
    listed = list(texts)
    number = {text: number for number, text in enumerate(sorted(set(listed)))}
    codes = np.array([number[text] for text in listed], dtype="int32")
    return pd.Categorical.from_codes(codes.take(places), pd.Index(list(number), dtype="str"))


def stacked(tables: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """Tables of the same columns one below the other; columns that are categories in the first stay so."""
    coded = list(tables[0].select_dtypes("category"))
    rows = pd.concat([table.drop(columns=coded) for table in tables], ignore_index=True)
    parts = {name: [table[name].astype("category") for table in tables] for name in coded}
    joined = {name: union_categoricals(columns, sort_categories=True) for name, columns in parts.items()}
    return rows.assign(**joined)[list(tables[0])]


def only_covered(counts: pd.DataFrame, rows: pd.DataFrame) -> pd.DataFrame:
    """Counts of the areas and months that the publisher's ``rows`` cover: a borough (or the wards of a borough)
    without a single row in a month is missing in it, not free of crime."""
    present = pd.MultiIndex.from_arrays([covering_area(rows), rows["month"]]).unique()
    covered = pd.MultiIndex.from_arrays([covering_area(counts), counts["month"]]).isin(present)
    return counts[covered].reset_index(drop=True)


def covering_area(rows: pd.DataFrame) -> pd.Series:
    """Level and code of the area by which coverage is told: the borough itself, for a ward its borough's wards."""
    is_ward = rows["area_level"] == "ward"
    wards_of = of_distinct(rows["parent_code"].astype("str"), lambda codes: "wards of " + codes)
    return rows["area_code"].astype("str").where(~is_ward, wards_of)


def with_london(counts: pd.DataFrame, book: AreaBook) -> pd.DataFrame:
    """Borough counts with London added: the sum of every borough-level row (what lies outside the boroughs
    included), for the months in which all 32 boroughs are there."""
    needed = ["series", "basis", "month", "area_code", "count"]
    borough = counts.loc[counts["area_level"].isin(["borough", "outside"]), needed]
    wanted = book.metropolitan_codes()
    there = borough[["month", "area_code"]].drop_duplicates()
    present = there["month"][there["area_code"].isin(wanted)].value_counts()
    whole = borough[borough["month"].isin(present.index[present == len(wanted)])]
    if whole.empty:
        return counts.reset_index(drop=True)
    london = whole.groupby(["series", "basis", "month"], as_index=False)["count"].sum()
    labels = {
        "area_level": "london",
        "area_code": LONDON,
        "parent_code": "",
        "area_name": book.name_of(LONDON),
    }
    return stacked([counts, london.assign(**labels)[COUNT_COLUMNS]])
