"""Census tables of the Office for National Statistics: residents or households by area.

Two forms are told apart by their columns: those filtered on the census pages of ons.gov.uk (one row an area and
category, ``Observation``) and those of Nomis (one row an area, a column a category). What a table counts is in the
names of its columns; where they leave it open, as TS041 filtered by area does, the publisher's file name says it.
"""

from __future__ import annotations

import re

import pandas as pd

from crimelib.areas import LONDON, AreaBook
from crimelib.settings import Settings
from crimelib.sources.counting import whole_numbers
from crimelib.sources.discovery import RawFile
from crimelib.sources.reading import Table

POPULATION, HOUSEHOLDS = "population", "households"
CENSUS_YEAR = 2021
OBSERVATION, NOMIS_CODE = "Observation", "geography code"
FILTERED_CODES = (
    "Electoral wards and divisions Code",
    "Lower layer Super Output Areas Code",
    "Lower tier local authorities Code",
)
DOES_NOT_APPLY = "-8"
_PEOPLE = re.compile(r"residence type\b.*", re.IGNORECASE)
_HOUSEHOLDS = re.compile(r"(household composition|number of households)\b.*", re.IGNORECASE)
_NOMIS_HOUSEHOLDS = re.compile(
    r"(number of households(: [^;]*)?|(household composition|tenure( of household)?): (total|all )[^;]*)"
    r"(; measures: value)?",
    re.IGNORECASE,
)
_TABLE_OF_HOUSEHOLDS = re.compile(r"(census2021-)?ts041\b.*", re.IGNORECASE)
_AREA_CODE = r"[EKNSW]\d{8}"
_USED_CODE = r"E0[159]\d{6}"
_NO_SPLIT = {"", "total"}


def is_census(header: list[str]) -> bool:
    """Whether a CSV header is of either form."""
    return _is_filtered(header) or NOMIS_CODE in header


def census_tables(file: RawFile, table: Table, settings: Settings) -> dict[str, pd.DataFrame]:
    """``population`` or ``households`` (area_code, year, and the figure) of wards, LSOAs or boroughs, with the boroughs
    whose wards are all there, and London where all its boroughs are. Refuses a table of anything else."""
    counted, values, year = (_filtered if _is_filtered(table.columns) else _nomis)(file, table)
    return {counted: by_area(counted, _with_boroughs(values, settings), year, AreaBook(settings.areas))}


def by_area(counted: str, values: pd.Series, year: int, book: AreaBook) -> pd.DataFrame:
    """Figures by area code as a table ``area_code, year`` and ``counted``, with London where every borough is there."""
    london = values[values.index.isin([area.code for area in book.boroughs()])]
    if london.index.nunique() == len(book.boroughs()):
        values = pd.concat([values, pd.Series({LONDON: london.sum()})])
    table = values.rename_axis("area_code").rename(counted).reset_index().assign(year=year)
    return table[["area_code", "year", counted]]


def _with_boroughs(values: pd.Series, settings: Settings) -> pd.Series:
    """The figures with those of the boroughs that the wards of one boundary set fill: a borough of which the file
    leaves out a ward has no sum."""
    parts = [values]
    for ward_set in ("2022", "2018"):
        wards = {ward.code: ward.borough_code for ward in settings.wards if ward.ward_set == ward_set}
        inside = values[values.index.isin(list(wards))]
        sums = inside.groupby(inside.index.map(wards)).agg(["sum", "size"])
        whole = sums[sums["size"] == pd.Series(wards).value_counts().reindex(sums.index)]["sum"]
        parts.append(whole[~whole.index.isin([code for part in parts for code in part.index])])
    return pd.concat(parts)


# --- filtered on ons.gov.uk ------------------------------------------------------------------------------------


def _is_filtered(header: list[str]) -> bool:
    return OBSERVATION in header and _filtered_code(header) is not None


def _filtered_code(header: list[str]) -> str | None:
    return next((name for name in FILTERED_CODES if name in header), None)


def _filtered(file: RawFile, table: Table) -> tuple[str, pd.Series, int]:
    code = str(_filtered_code(table.columns))
    counted = _counted(file, table.columns, code)
    rows = table.rows[~_does_not_apply(table.rows)]
    _refuse_codes(file, rows, code)
    observed = whole_numbers(file, rows, OBSERVATION)
    return counted, observed.groupby(rows[code].str.strip()).sum(), CENSUS_YEAR


def _counted(file: RawFile, header: list[str], code: str) -> str:
    """What the table counts: every category column must be one that all people, or all households, fall under."""
    categories = [name for name in header if name not in {code, code.removesuffix(" Code"), OBSERVATION, "Code"}]
    for counted, pattern in ((POPULATION, _PEOPLE), (HOUSEHOLDS, _HOUSEHOLDS)):
        if categories and all(pattern.fullmatch(name) for name in categories):
            return counted
    if not categories and _TABLE_OF_HOUSEHOLDS.fullmatch(file.path.stem):
        return HOUSEHOLDS
    raise file.refusal(
        "the columns do not say that this counts all residents or all households",
        line=1,
        column=categories[0] if categories else OBSERVATION,
        fix="use TS001 (residence type), TS003 (household composition) or TS041, under the publisher's file name",
    )


def _does_not_apply(rows: pd.DataFrame) -> pd.Series:
    codes = [name for name in rows.columns if name.endswith(" Code")]
    return (rows[codes].apply(lambda values: values.str.strip()) == DOES_NOT_APPLY).any(axis=1)


# --- Nomis -----------------------------------------------------------------------------------------------------


def _nomis(file: RawFile, table: Table) -> tuple[str, pd.Series, int]:
    column = _nomis_column(file, table.columns)
    rows = _not_split(table.rows)
    _refuse_codes(file, rows, NOMIS_CODE)
    codes = rows[NOMIS_CODE].str.strip()
    file.refuse_any(rows, codes.duplicated(), "the area stands twice", column=NOMIS_CODE, fix="keep one of the rows")
    values = whole_numbers(file, rows, column).set_axis(codes)
    return HOUSEHOLDS, values[values.index.str.fullmatch(_USED_CODE)], _year(file, rows)


def _nomis_column(file: RawFile, header: list[str]) -> str:
    """The one column of all households."""
    found = [name for name in header if _NOMIS_HOUSEHOLDS.fullmatch(name)]
    if len(found) == 1:
        return found[0]
    what = "no column is the number of all households" if not found else "two columns may be all households"
    column = found[1] if found else ""
    raise file.refusal(what, line=1, column=column, fix="use Nomis's table TS041 or TS003, as downloaded")


def _not_split(rows: pd.DataFrame) -> pd.DataFrame:
    """Rows that are not of the urban or the rural part of an area (tables of 2011 have a column for it)."""
    split = next((name for name in rows.columns if name.casefold() == "rural urban"), None)
    return rows if split is None else rows[rows[split].str.strip().str.casefold().isin(_NO_SPLIT)]


def _year(file: RawFile, rows: pd.DataFrame) -> int:
    dates = rows["date"].str.strip() if "date" in rows else pd.Series(str(CENSUS_YEAR), index=rows.index)
    wrong = ~dates.str.fullmatch(r"(19|20)\d\d") | (dates != dates.iloc[0] if len(dates) else False)
    file.refuse_any(rows, wrong, "not the one year of the table", column="date", fix="one file a census")
    return int(dates.iloc[0])


def _refuse_codes(file: RawFile, rows: pd.DataFrame, column: str) -> None:
    if rows.empty:
        raise file.refusal("no row counts anything", fix="download the file again")
    wrong = ~rows[column].str.strip().str.fullmatch(_AREA_CODE)
    file.refuse_any(rows, wrong, "not an ONS code", column=column, fix="download the file again")
