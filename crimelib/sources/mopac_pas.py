"""MOPAC Public Attitude Survey by borough, as re-saved from the publisher's workbook.

``Date, Survey, Borough, Measure, Proportion, MPS``: decimal point or comma, ``,`` or ``;``, day-first or month-first,
columns without a name at the end. Proportions are of the twelve months to the quarter's end; ``MPS`` is London's.
"""

from __future__ import annotations

import pandas as pd

from crimelib.areas import LONDON, AreaBook
from crimelib.settings import Settings
from crimelib.sources.counting import borough_areas, refuse_duplicates
from crimelib.sources.discovery import Cleaned, RawFile, no_rejections
from crimelib.sources.reading import Table, parse_table, read_text, trimmed
from crimelib.sources.workbook import is_workbook, read_sheets, sheet_table

COLUMNS = ["Date", "Survey", "Borough", "Measure", "Proportion", "MPS"]
DATE_ORDERS = {"year first": "%Y-%m-%d", "day first": "%d/%m/%Y", "month first": "%m/%d/%Y"}
QUARTER_ENDS = {"03", "06", "09", "12"}
TABLE_COLUMNS = ["quarter_end", "area_code", "measure", "proportion", "london_proportion"]


def recognises(header: list[str]) -> bool:
    """Whether a header is this file's."""
    return {"Date", "Borough", "Measure", "Proportion", "MPS"} <= set(header)


def read(file: RawFile, settings: Settings) -> Cleaned:
    """Clean the file into ``perception``: ``quarter_end`` (``YYYY-MM``), ``area_code`` (boroughs, and London from the
    ``MPS`` column), ``measure``, ``proportion`` and ``london_proportion`` (0 to 1).

    The whole file is refused for an unknown borough or measure, a date whose day and month cannot be told apart, a
    proportion that is none, a key that stands twice, or two different figures for London in one quarter.
    """
    table = _table(file)
    rows = table.rows[(table.rows[table.columns] != "").any(axis=1)].reset_index(drop=True)
    refuse_duplicates(file, rows, ["Date", "Borough", "Measure"])
    boroughs = pd.DataFrame(
        {
            "line": rows["line"],
            "quarter_end": quarter_ends(file, rows),
            "area_code": borough_areas(file, rows, "Borough", AreaBook(settings.areas))["area_code"],
            "measure": _measures(file, rows, settings),
            "proportion": _proportions(file, rows, "Proportion"),
            "london_proportion": _proportions(file, rows, "MPS"),
        }
    )
    together = pd.concat([boroughs, _london(file, boroughs)], ignore_index=True)
    return Cleaned({"perception": together[TABLE_COLUMNS]}, _stray(table))


def quarter_ends(file: RawFile, rows: pd.DataFrame) -> pd.Series:
    """The month of each date, by the one order of day, month and year that reads the whole column."""
    text = rows["Date"].str.strip().str.replace(r"[.-](?=\d{1,2}[.-]\d{4}$|\d{4}$)", "/", regex=True)
    text = text.str.replace(r"[ T]00:00(:00)?$", "", regex=True)
    read = {name: pd.to_datetime(text, format=order, errors="coerce") for name, order in DATE_ORDERS.items()}
    whole = {name: dates.dt.strftime("%Y-%m") for name, dates in read.items() if dates.notna().all()}
    if not whole:
        raise _unreadable_date(file, rows, read)
    first, *others = whole.values()
    if any((other != first).any() for other in others):
        raise file.refusal(
            "day and month cannot be told apart anywhere in the column",
            line=int(rows["line"].iloc[0]),
            column="Date",
            value=rows["Date"].iloc[0],
            fix="save the dates as 2021-09-30",
        )
    _refuse_other_months(file, rows, first)
    return first


def _unreadable_date(file: RawFile, rows: pd.DataFrame, read: dict[str, pd.Series]) -> Exception:
    """The refusal of the first date that the order which reads most of the column cannot read."""
    best = min(read.values(), key=lambda dates: dates.isna().sum())
    first = rows[best.isna()].iloc[0]
    return file.refusal(
        "not a date in the order of the rest of the column",
        line=int(first["line"]),
        column="Date",
        value=first["Date"],
        fix="save the dates as 2021-09-30",
    )


def _refuse_other_months(file: RawFile, rows: pd.DataFrame, months: pd.Series) -> None:
    wrong = ~months.str[5:].isin(QUARTER_ENDS)
    file.refuse_any(
        rows, wrong, "the month is not the end of a quarter", column="Date", fix="check the order of day and month"
    )


def _text_table(file: RawFile) -> Table:
    text = read_text(file)
    header = text.partition("\n")[0]
    return parse_table(file, text, delimiter=";" if header.count(";") > header.count(",") else ",")


def _workbook_table(file: RawFile) -> Table:
    """The sheet of the publisher's workbook that has the survey by borough."""
    for rows in filter(None, read_sheets(file).values()):
        if recognises(trimmed(rows[0])):
            return sheet_table(file, rows)
    raise file.refusal(
        "no sheet of the workbook has the survey by borough", fix=f"the columns are {', '.join(COLUMNS)}"
    )


def _table(file: RawFile) -> Table:
    table = _workbook_table(file) if is_workbook(file) else _text_table(file)
    unknown = [name for name in table.columns if name not in COLUMNS]
    if unknown or not recognises(table.columns):
        missing = [name for name in COLUMNS if name not in table.columns and name != "Survey"]
        problem = f"the column {missing[0]!r} is missing" if missing else f"the column {unknown[0]!r} is unknown"
        raise file.refusal(problem, line=1, fix=f"the columns are {', '.join(COLUMNS)}")
    return table


def _measures(file: RawFile, rows: pd.DataFrame, settings: Settings) -> pd.Series:
    known = {_plain(name): measure for measure, entry in settings.perception.measures.items() for name in entry.names}
    measures = rows["Measure"].map(_plain).map(known)
    names = [name for entry in settings.perception.measures.values() for name in entry.names]
    what = "no measure of the survey is called that"
    file.refuse_undeclared(rows, measures.isna(), what, column="Measure", declared_in="perception.yml", names=names)
    return measures


def _plain(name: str) -> str:
    return " ".join(name.replace('"', "").replace("'", "").split()).casefold()


def _proportions(file: RawFile, rows: pd.DataFrame, column: str) -> pd.Series:
    text = rows[column].str.strip()
    wrong = ~text.str.fullmatch(r"(0([.,]\d+)?|1([.,]0+)?)")
    file.refuse_any(
        rows,
        wrong,
        "not a proportion from 0 to 1",
        column=column,
        fix="correct the file, or leave out the row where there is no figure",
    )
    return text.str.replace(",", ".").astype("float64")


def _london(file: RawFile, boroughs: pd.DataFrame) -> pd.DataFrame:
    """One row for London a quarter and measure; every borough's row must say the same."""
    keys = ["quarter_end", "measure"]
    differs = boroughs["london_proportion"] != boroughs.groupby(keys)["london_proportion"].transform("first")
    if differs.any():
        first = boroughs[differs].iloc[0]
        raise file.refusal(
            f"two figures for London in one quarter ({first['measure']}, {first['quarter_end']})",
            line=int(first["line"]),
            column="MPS",
            value=first["london_proportion"],
            fix="download the file again",
        )
    london = boroughs.drop_duplicates(keys)
    return london.assign(area_code=LONDON, proportion=london["london_proportion"])


def _stray(table: Table) -> pd.DataFrame:
    if not table.stray_lines:
        return no_rejections()
    reason = "text in a column without a name: not read; the row itself counts"
    return pd.DataFrame({"line": table.stray_lines, "column": "(no name)", "value": "", "reason": reason})
