"""MPS violence against women and girls: long, by ward name, month recorded and month committed.

Counts are summed over the months committed. The file names wards and carries no codes; all names of a borough must be
wards of one boundary set (the published file has the wards of 2022 carried back to 2018).
"""

from __future__ import annotations

import pandas as pd

from crimelib.areas import AreaBook
from crimelib.settings import Settings
from crimelib.sources.counting import borough_areas, is_no_ward, refuse_duplicates, whole_numbers, with_london
from crimelib.sources.discovery import Cleaned, RawFile, no_rejections
from crimelib.sources.placing import WardBook, placed_counts
from crimelib.sources.reading import Table, read_table

SERIES = "vawg"
BASIS = "mps_vawg"
ROLES = {
    "borough_name": "borough",
    "ward_name_clean_2": "ward_name",
    "recorded_date_months": "recorded",
    "date_committed_from_date_months": "committed",
    "count": "count",
}
KEY = ["borough", "ward_name", "recorded", "committed"]


def recognises(header: list[str]) -> bool:
    """Whether a header is this file's."""
    return set(ROLES) <= {name.casefold() for name in header}


def read(file: RawFile, settings: Settings) -> Cleaned:
    """Clean the file into dense ``counts`` of series ``vawg`` by ward and borough. The whole file is refused for an
    unknown borough or ward name, a month or count that is none, or a key that stands twice."""
    rows = _rows(file, read_table(file))
    refuse_duplicates(file, rows, KEY)
    area_book, ward_book = AreaBook(settings.areas), WardBook(settings.wards)
    areas = borough_areas(file, rows, "borough", area_book)
    placed = areas.assign(
        series=SERIES,
        month=_months(file, rows),
        ward_code=ward_codes(file, rows.assign(area_code=areas["area_code"]), ward_book),
        count=whole_numbers(file, rows, "count"),
    )
    counts = placed_counts(file, placed, [SERIES], BASIS, ward_book)
    return Cleaned({"counts": with_london(counts, area_book)}, _unallocated(rows, placed["ward_code"]))


def ward_codes(file: RawFile, rows: pd.DataFrame, book: WardBook) -> pd.Series:
    """The ward code of each row by ``area_code`` and ``ward_name``, empty where the file says that there is none or
    the borough has no wards of its own; refuses a name that no ward of the borough goes by."""
    distinct = rows[~is_no_ward(rows["ward_name"]) & rows["area_code"].str.startswith("E09")]
    codes = {
        (borough, name): code
        for borough, group in distinct.groupby("area_code")
        for name, code in _codes_of(file, borough, group, book).items()
    }
    keys = zip(rows["area_code"], rows["ward_name"], strict=True)
    return pd.Series([codes.get(key, "") for key in keys], index=rows.index, dtype="str")


def _codes_of(file: RawFile, borough: str, rows: pd.DataFrame, book: WardBook) -> dict[str, str]:
    names = rows["ward_name"].unique()
    ward_set = book.set_of_names(borough, names)
    if ward_set is None:
        raise _unknown_ward(file, borough, rows, book)
    return {name: str(book.code(borough, ward_set, name)) for name in names}


def _unknown_ward(file: RawFile, borough: str, rows: pd.DataFrame, book: WardBook) -> Exception:
    nowhere = ~rows["ward_name"].map(lambda name: book.set_of_names(borough, [name]) is not None)
    if not nowhere.any():
        return file.refusal(
            f"the ward names of {borough} are of two boundary sets", column="Ward_Name", fix="use the names of one set"
        )
    first = rows[nowhere].iloc[0]
    return file.refusal(
        f"no ward of {borough} is called that",
        line=int(first["line"]),
        column="Ward_Name",
        value=first["ward_name"],
        fix=f"add the spelling to parameters/wards.csv; {book.nearest_names(borough, first['ward_name'])}",
    )


def _rows(file: RawFile, table: Table) -> pd.DataFrame:
    if not recognises(table.columns):
        missing = sorted(set(ROLES) - {name.casefold() for name in table.columns})
        raise file.refusal(f"the column {missing[0]!r} is missing", line=1, fix="see docs/data_log.md")
    roles = {name: ROLES[name.casefold()] for name in table.columns if name.casefold() in ROLES}
    rows = table.rows.rename(columns=roles)
    return rows.assign(**{name: rows[name].str.strip() for name in roles.values()})


def _months(file: RawFile, rows: pd.DataFrame) -> pd.Series:
    wrong = ~rows["recorded"].str.fullmatch(r"(19|20)\d\d-(0[1-9]|1[0-2])(-01)?")
    file.refuse_any(
        rows,
        wrong,
        "not a month",
        column="Recorded_Date_Months",
        fix="months are written 2021-11-01",
        held_in="recorded",
    )
    return rows["recorded"].str[:7]


def _unallocated(rows: pd.DataFrame, codes: pd.Series) -> pd.DataFrame:
    nowhere = rows[codes == ""]
    if nowhere.empty:
        return no_rejections()
    reason = "in no ward: counted in the borough's figures only"
    return pd.DataFrame(
        {"line": nowhere["line"], "column": "Ward_Name", "value": nowhere["ward_name"], "reason": reason}
    )
