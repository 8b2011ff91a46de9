"""Entries typed into this project's own workbooks: one sheet read as text, its refusals naming the cell."""

from __future__ import annotations

import zipfile
from dataclasses import dataclass
from datetime import date, datetime

import pandas as pd

from crimelib.errors import InputError
from crimelib.sources.discovery import RawFile
from crimelib.sources.reading import Table, read_table
from crimelib.sources.workbook import is_workbook

MOST_UNPACKED = 64 * 1024 * 1024
MOST_ROWS = 20_000


@dataclass(frozen=True)
class SheetFile(RawFile):
    """A workbook's sheet as a raw file whose refusals name the cell."""

    sheet: str = ""
    columns: tuple[str, ...] = ()

    def place(self, line: int, column: str) -> str:
        """``cell D7 (count)``; of several columns together the row."""
        if column not in self.columns:
            return f"row {line} ({column})"
        return f"cell {column_letters(self.columns.index(column))}{line} ({column})"

    def refusal(
        self, what: str, *, line: int | None = None, column: str = "", value: object = None, fix: str = ""
    ) -> InputError:
        """The error to raise, at ``sheet Responses, cell D7`` where the column is known."""
        if line is None or column not in self.columns:
            return super().refusal(f"sheet {self.sheet}: {what}", line=line, column=column, value=value, fix=fix)
        return super().refusal(f"sheet {self.sheet}, {self.place(line, column)}: {what}", value=value, fix=fix)


def read_entries(file: RawFile, sheet: str) -> tuple[RawFile, Table]:
    """The file, with its cells named where it is a workbook, and its entries: those of one sheet, or of the CSV file.
    ``E05000109 Bromley Town``, as the workbooks offer areas, is cut to its code."""
    named, table = _sheet(file, sheet) if is_workbook(file) else (file, read_table(file))
    places = [name for name in ("area_code", "ward_code") if name in table.columns]
    codes = {name: table.rows[name].str.replace(r"^\s*(E0[59]\d{6}) .*$", r"\1", regex=True) for name in places}
    return named, Table(table.columns, table.rows.assign(**codes), table.stray_lines)


def column_letters(place: int) -> str:
    """The letters of a spreadsheet's column, the first being 0: ``A``, ``Z``, ``AA``."""
    first, last = divmod(place, 26)
    return (column_letters(first - 1) if first else "") + chr(ord("A") + last)


def _sheet(file: RawFile, name: str) -> tuple[SheetFile, Table]:
    """A sheet of entries as text, each row with its number in the sheet; rows without an entry are left out."""
    import python_calamine as calamine

    _refuse_bomb(file)
    try:
        workbook = calamine.load_workbook(str(file.path))
    except (calamine.CalamineError, OSError):
        raise file.refusal("this cannot be read as a workbook", fix="save it again as .xlsx") from None
    if name not in workbook.sheet_names:
        raise file.refusal(f"there is no sheet {name!r}", fix="use the workbook as it was sent out")
    sheet = workbook.get_sheet_by_name(name)
    if sheet.height > MOST_ROWS:
        raise file.refusal(f"sheet {name} has {sheet.height:,} rows", fix=f"keep it below {MOST_ROWS:,}")
    header, *body = [list(row) for row in sheet.to_python(skip_empty_area=False)] or [[]]
    columns = [_as_text(value) for value in header]
    lines = [
        (line, [_as_text(value, column) for value, column in zip(row, columns, strict=True)])
        for line, row in enumerate(body, start=2)
    ]
    named = SheetFile(file.path, file.source, file.vintage, name, tuple(columns))
    return named, _entries(named, [(line, row) for line, row in lines if any(row)])


def _entries(file: SheetFile, lines: list[tuple[int, list[str]]]) -> Table:
    """The rows with an entry as a table of the named columns."""
    header = list(file.columns)
    if not lines:
        raise file.refusal("nothing is entered", fix="enter one row each, or take the workbook away")
    if repeated := [name for name in header if name and header.count(name) > 1]:
        raise file.refusal(f"the column {repeated[0]!r} stands twice", line=1, fix="keep one of them")
    strays = [line for line, row in lines for place, value in enumerate(row) if value and not header[place]]
    if strays:
        raise file.refusal("text in a column without a name", line=strays[0], fix="use the sheet's columns only")
    columns = [name for name in header if name]
    places = [header.index(name) for name in columns]
    frame = pd.DataFrame([[row[place] for place in places] for _, row in lines], columns=columns, dtype="str")
    return Table(columns, frame.assign(line=[line for line, _ in lines]), [])


def _refuse_bomb(file: RawFile) -> None:
    """Refuse what is no archive, or would be very large once unpacked."""
    try:
        with zipfile.ZipFile(file.path) as archive:
            unpacked = sum(member.file_size for member in archive.infolist())
    except (zipfile.BadZipFile, OSError):
        raise file.refusal("this is not a workbook", fix="save it again as .xlsx") from None
    if unpacked > MOST_UNPACKED:
        raise file.refusal(f"the workbook unpacks to {unpacked:,} bytes", fix="use the workbook as it was made")


def _as_text(value: object, column: str = "") -> str:
    """A cell as it would stand in a CSV file: whole numbers without a point, days as 2022-03-12. A spreadsheet makes
    the first day of a month of 2022-03; in a column of months it is taken for the month."""
    if isinstance(value, datetime):
        value = value.date()
    if isinstance(value, date):
        return f"{value:%Y-%m}" if column == "month" and value.day == 1 else value.isoformat()
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value).strip()
