"""MPS recorded crime by borough and ward: wide files, one column a month, in every header family since 2018.

The key columns have been ``Borough, Major Category, Minor Category``; ``MajorText, MinorText, LookUp_BoroughName``;
``MajorText, MinorText, BoroughName``; and ``Group, SubGroup, BOCU``; ward files add ``WardName, WardCode``. Rows with
all zeros are left out: a missing row is a zero, a missing month is not.
"""

from __future__ import annotations

import re

import pandas as pd

from crimelib.areas import AreaBook
from crimelib.settings import Settings
from crimelib.sources.counting import (
    AREA_COLUMNS,
    borough_areas,
    dense_counts,
    is_no_ward,
    is_ward_code,
    refuse_duplicates,
    whole_number_columns,
    with_london,
)
from crimelib.sources.crosswalk import Crosswalk
from crimelib.sources.discovery import Cleaned, RawFile, no_rejections
from crimelib.sources.reading import Table, read_table

SOURCE = "mps_recorded_crime"
KEY_COLUMNS = {
    "major": {"majortext", "major category", "group"},
    "minor": {"minortext", "minor category", "subgroup"},
    "borough": {"borough", "lookup_boroughname", "boroughname", "bocu"},
    "ward_name": {"wardname", "ward name"},
    "ward_code": {"wardcode", "ward code"},
}
BASES = {
    "old_tree": "mps_tree_2017",
    "tree_2019": "mps_investigating_borough",
    "tree_2024": "mps_offence_location",
}
_MONTH = re.compile(r"(19|20)\d\d(0[1-9]|1[0-2])")


def read(file: RawFile, settings: Settings) -> Cleaned:
    """Clean one borough or ward file into dense ``counts``. The whole file is refused for an unknown column,
    category or area, a key that stands twice, or a count that is none."""
    table = read_table(file)
    names, months = _columns(file, table.columns)
    rows = _renamed(table, names)
    refuse_duplicates(file, rows, list(names.values()))
    family = file_family(table.columns, rows["major"])
    _refuse_mixed_case(file, rows, family)
    series = Crosswalk(settings.crosswalk, SOURCE, family).series_of(file, rows)
    book = AreaBook(settings.areas)
    areas, rejected = _areas(file, rows, book)
    wide = whole_number_columns(file, rows, months).rename(columns=month_id)
    keys = pd.MultiIndex.from_arrays([series, areas["area_code"]], names=["series", "area_code"])
    placed = ~rows["line"].isin(rejected["line"])
    counts = dense_counts(wide.set_axis(keys)[placed.array], one_row_an_area(areas[placed]), BASES[family])
    return Cleaned({"counts": with_london(counts, book)}, rejected)


def file_family(columns: list[str], majors: pd.Series) -> str:
    """Which generation of offence tree a file follows: told by its columns and by the case of its categories."""
    if "major category" in {name.casefold() for name in columns}:
        return "old_tree"
    return "tree_2024" if majors.str.isupper().all() else "tree_2019"


def _refuse_mixed_case(file: RawFile, rows: pd.DataFrame, family: str) -> None:
    """Refuse a file of two generations: it would be read as the older one, and its figures mean another thing."""
    capitals = rows["major"].str.isupper()
    if family == "tree_2019" and capitals.any():
        first = rows[capitals].iloc[0]
        raise file.refusal(
            "some categories are in capitals (files from 2024 on) and some are not",
            line=int(first["line"]),
            column="category",
            value=first["major"],
            fix="keep files of two generations apart, or download the file again",
        )


def month_id(column: str) -> str:
    """``202111`` as ``2021-11``."""
    return f"{column[:4]}-{column[4:]}"


def one_row_an_area(areas: pd.DataFrame) -> pd.DataFrame:
    """Each area once, under the borough it belongs to: a ward can also stand under a police unit that is none."""
    distinct = areas[AREA_COLUMNS].drop_duplicates()
    outside = distinct["parent_code"].str.startswith("E").map({True: 0, False: 1})
    ordered = distinct.assign(outside=outside).sort_values(["area_code", "outside", "parent_code"], kind="stable")
    return ordered.drop_duplicates("area_code")[AREA_COLUMNS]


def _columns(file: RawFile, columns: list[str]) -> tuple[dict[str, str], list[str]]:
    """Key columns by role, and the month columns."""
    roles = {alias: role for role, aliases in KEY_COLUMNS.items() for alias in aliases}
    names = {column: roles[column.casefold()] for column in columns if column.casefold() in roles}
    months = [column for column in columns if _MONTH.fullmatch(column)]
    unknown = [column for column in columns if column not in names and column not in months]
    if unknown:
        raise file.refusal(
            "the column belongs to no known family of files",
            line=1,
            column=unknown[0],
            fix="see docs/data_log.md",
        )
    found = sorted(names.values())
    if found not in (["borough", "major", "minor"], ["borough", "major", "minor", "ward_code", "ward_name"]):
        raise file.refusal(
            f"the key columns found ({', '.join(found) or 'none'}) make no known family of files",
            line=1,
            fix="a file needs category, sub-category and borough (and ward name and code)",
        )
    if not months:
        raise file.refusal("no month column (YYYYMM) was found", line=1, fix="download the file again")
    return names, months


def _renamed(table: Table, names: dict[str, str]) -> pd.DataFrame:
    rows = table.rows.rename(columns=names)
    return rows.assign(**{role: rows[role].str.strip() for role in names.values()})


def _areas(file: RawFile, rows: pd.DataFrame, book: AreaBook) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Area columns of each row, and the rows of a ward file that lie in no ward."""
    boroughs = borough_areas(file, rows, "borough", book)
    if "ward_code" not in rows:
        return boroughs, no_rejections()
    nowhere = is_no_ward(rows["ward_name"]) & ~is_ward_code(rows["ward_code"])
    wrong = ~is_ward_code(rows["ward_code"]) & ~nowhere
    file.refuse_any(
        rows,
        wrong,
        "not the code of a ward (E05 and six digits)",
        column="WardCode",
        fix="correct the code or download the file again",
        held_in="ward_code",
    )
    wards = pd.DataFrame(
        {
            "area_code": rows["ward_code"],
            "area_level": "ward",
            "parent_code": boroughs["area_code"],
            "area_name": rows["ward_name"],
        }
    )
    return wards, _unallocated(rows[nowhere])


def _unallocated(rows: pd.DataFrame) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "line": rows["line"],
            "column": "WardCode",
            "value": rows["ward_name"],
            "reason": "in no ward: counted in the borough's figures only",
        }
    )
