"""MPS monthly crime dashboard: long files of domestic abuse, hate crime, knife and gun crime, and all notifiable
offences, by borough and ward. Zeros are absent; totals and strands stand side by side and are series of their own.
"""

from __future__ import annotations

import pandas as pd

from crimelib.areas import AreaBook, folded
from crimelib.settings import Settings
from crimelib.sources.counting import (
    borough_areas,
    dense_counts,
    is_no_ward,
    is_ward_code,
    only_covered,
    refuse_duplicates,
    stacked,
    whole_numbers,
    with_london,
)
from crimelib.sources.crosswalk import Crosswalk
from crimelib.sources.discovery import Cleaned, RawFile, no_rejections
from crimelib.sources.distinct import of_distinct
from crimelib.sources.mps_recorded_crime import one_row_an_area
from crimelib.sources.reading import read_table

SOURCE = "mps_monthly_dashboard"
BASIS = "mps_dashboard"
SHARED_COLUMNS = {
    "month_year": "date",
    "area type": "area_type",
    "borough_snt": "borough_snt",
    "area name": "name",
    "area code": "code",
    "measure": "measure",
    "financial year": "financial_year",
    "fy_fyindex": "financial_year_index",
    "count": "count",
    "refresh date": "refresh_date",
}
FAMILIES = {
    "other_crime": {"crime type": "major", "crime subtype": "minor"},
    "total_notifiable": {"offence group": "major", "offence subgroup": "minor"},
}
BOROUGH, WARD = "Borough", "Safer Neighbourhood Teams"
NAMES = ["date", "area_type", "borough_snt", "name", "code", "major", "minor", "measure"]
KEY = ["date", "area_type", "place", "major", "minor", "measure"]


def read(file: RawFile, settings: Settings) -> Cleaned:
    """Clean one dashboard file into dense ``counts``. The whole file is refused for an unknown column, category,
    area type or area, a key that stands twice, a date that is not the first of a month, or a count that is none."""
    table = read_table(file)
    family, names = _family(file, table.columns)
    rows = table.rows.rename(columns=names)
    rows = rows.assign(**{name: rows[name].str.strip() for name in NAMES})
    place = rows["code"].where(rows["code"] != "", rows["borough_snt"] + ", " + rows["name"])
    refuse_duplicates(file, rows.assign(place=place), KEY)
    series = Crosswalk(settings.crosswalk, SOURCE, family).series_of(file, rows)
    rows = rows.assign(series=series, count=whole_numbers(file, rows, "count"), month=months(file, rows, "date"))
    book = AreaBook(settings.areas)
    areas, rejected = _areas(file, rows, book)
    placed = rows[~rows["line"].isin(rejected["line"])].join(areas)
    counts = only_covered(_dense(placed), placed)
    return Cleaned({"counts": with_london(counts, book)}, rejected)


def months(file: RawFile, rows: pd.DataFrame, column: str) -> pd.Series:
    """A column of dates, each the first of a month, as ``YYYY-MM``; day first, as the publisher writes them, or ISO."""
    found = of_distinct(rows[column], _months)
    file.refuse_any(
        rows,
        found == "",
        "not the first day of a month (dd/mm/yyyy)",
        column=column,
        fix="download the file again; a spreadsheet may have turned the dates round",
    )
    return found


def _months(dates: pd.Series) -> pd.Series:
    """Dates as months; empty for what is no first day of one."""
    parts = dates.str.strip().str.extract(
        r"^(?:(?P<day>01|1)/(?P<month>\d{1,2})/(?P<year>\d{4})|(?P<iso>\d{4}-\d{2})-01)$"
    )
    found = parts["iso"].fillna(parts["year"] + "-" + parts["month"].str.zfill(2)).fillna("")
    return found.where(found.str.fullmatch(r"(19|20)\d\d-(0[1-9]|1[0-2])"), "")


def _family(file: RawFile, columns: list[str]) -> tuple[str, dict[str, str]]:
    """The family of the file and its columns by role."""
    lowered = {column.casefold(): column for column in columns}
    for family, keys in FAMILIES.items():
        wanted = {**SHARED_COLUMNS, **keys}
        if set(wanted) == set(lowered):
            return family, {lowered[name]: role for name, role in wanted.items()}
    wanted = {**SHARED_COLUMNS, **FAMILIES["other_crime"]}
    unknown = [
        column for name, column in lowered.items() if name not in wanted and name not in FAMILIES["total_notifiable"]
    ]
    missing = [name for name in SHARED_COLUMNS if name not in lowered]
    raise file.refusal(
        "the columns belong to no known family of files",
        line=1,
        column=(unknown or missing or ["Crime Type"])[0],
        fix=f"unknown: {', '.join(unknown) or 'none'}; missing: {', '.join(missing) or 'crime type'}",
    )


def _areas(file: RawFile, rows: pd.DataFrame, book: AreaBook) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Area columns of each row that lies in an area, and the ward rows that lie in none."""
    unknown = ~rows["area_type"].isin([BOROUGH, WARD])
    file.refuse_any(
        rows,
        unknown,
        "the area type is unknown",
        column="Area Type",
        fix=f"known: {BOROUGH}, {WARD}",
        held_in="area_type",
    )
    is_ward = rows["area_type"] == WARD
    nowhere = is_ward & ~is_ward_code(rows["code"])
    strange = nowhere & ~is_no_ward(rows["name"]) & (rows["code"] != "")
    file.refuse_any(
        rows,
        strange,
        "not the code of a ward (E05 and six digits)",
        column="Area Code",
        fix="correct the code or download the file again",
        held_in="code",
    )
    boroughs = borough_areas(file, rows[~is_ward], "borough_snt", book)
    wards = _wards(file, rows[is_ward & ~nowhere], book)
    areas = pd.concat([boroughs, wards])
    return areas.assign(is_ward=areas["area_level"] == "ward"), _unallocated(rows[nowhere])


def _wards(file: RawFile, rows: pd.DataFrame, book: AreaBook) -> pd.DataFrame:
    """Area columns of ward rows; the borough is what ``Borough_SNT`` begins with. Spellings of one ward differ
    between rows, so its commonest name counts."""
    parents = {label: _borough_in_front(label, book) for label in rows["borough_snt"].unique()}
    if unknown := [label for label, parent in parents.items() if parent is None]:
        first = rows[rows["borough_snt"] == unknown[0]].iloc[0]
        raise file.refusal(
            "the label begins with no borough's name",
            line=int(first["line"]),
            column="Borough_SNT",
            value=unknown[0],
            fix="add the spelling to parameters/areas.csv",
        )
    commonest = rows.groupby("code")["name"].agg(lambda names: names.value_counts().index[0])
    return pd.DataFrame(
        {
            "area_code": rows["code"],
            "area_level": "ward",
            "parent_code": rows["borough_snt"].map(parents),
            "area_name": rows["code"].map(commonest),
        }
    )


def _borough_in_front(label: str, book: AreaBook) -> str | None:
    """The code of the borough whose name the label begins with (``Tower Hamlets Bromley North`` is in Tower
    Hamlets)."""
    start = folded(label) + " "
    found = [area for area in book.boroughs() for name in area.names if start.startswith(folded(name) + " ")]
    return found[0].code if found else None


def _unallocated(rows: pd.DataFrame) -> pd.DataFrame:
    if rows.empty:
        return no_rejections()
    return pd.DataFrame(
        {
            "line": rows["line"],
            "column": "Area Code",
            "value": rows["name"],
            "reason": "in no ward: counted in the borough's figures only",
        }
    )


def _dense(rows: pd.DataFrame) -> pd.DataFrame:
    """Dense counts of every crime type at each level where any row of it stands: it is covered in all areas of the
    level, in the months in which any row of it stands at either level (guns are rare, and zeros are left out)."""
    majors = of_distinct(rows["major"], lambda names: names.str.casefold())
    months = {major: sorted(of_major.unique()) for major, of_major in rows["month"].groupby(majors)}
    areas = {is_ward: one_row_an_area(of_level) for is_ward, of_level in rows.groupby("is_ward")}
    parts = []
    for (is_ward, major), part in rows[["series", "area_code", "month", "count"]].groupby([rows["is_ward"], majors]):
        counts = part.groupby(["series", "area_code", "month"])["count"].sum()
        wide = counts.unstack("month").reindex(columns=months[major])
        parts.append(dense_counts(wide, areas[is_ward], BASIS))
    return stacked(parts)
