"""Sheets of a workbook as text, bounded in size; formulas are never run, only the values saved with them are read."""

from __future__ import annotations

import datetime
import zipfile

from crimelib.sources.discovery import RawFile
from crimelib.sources.reading import Table, table_of

MAX_UNPACKED_BYTES = 256 * 1024 * 1024


def is_workbook(file: RawFile) -> bool:
    """Whether the file's name says that it is a workbook."""
    return file.path.suffix.casefold() == ".xlsx"


def read_sheets(file: RawFile) -> dict[str, list[list[str]]]:
    """Every sheet by name, its cells as text. Raises :class:`InputError` for a workbook that cannot be read or that
    unpacks to more than is allowed."""
    from python_calamine import CalamineError, CalamineWorkbook

    try:
        _refuse_large(file)
        workbook = CalamineWorkbook.from_path(file.path)
        sheets = {name: workbook.get_sheet_by_name(name).to_python() for name in workbook.sheet_names}
    except (CalamineError, zipfile.BadZipFile, OSError) as error:
        raise file.refusal(f"the workbook cannot be read ({error})", fix="download it again") from None
    return {name: [[cell_text(value) for value in row] for row in rows] for name, rows in sheets.items()}


def sheet_table(file: RawFile, rows: list[list[str]]) -> Table:
    """A sheet whose first row is its header, as a table of text."""
    header, *below = rows
    return table_of(file, header, [(number, row) for number, row in enumerate(below, start=2) if any(row)])


def cell_text(value: object) -> str:
    """A cell as a CSV file would hold it: whole numbers without a point, dates as 2021-09-30."""
    if isinstance(value, str):
        return value.strip()
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, datetime.datetime) and value.time() == datetime.time():
        return value.date().isoformat()
    return str(value)


def _refuse_large(file: RawFile) -> None:
    with zipfile.ZipFile(file.path) as archive:
        size = sum(info.file_size for info in archive.infolist())
    if size > MAX_UNPACKED_BYTES:
        raise file.refusal(f"the workbook unpacks to {size:,} bytes, more than is allowed", fix="check the download")
