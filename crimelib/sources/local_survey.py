"""Responses to the local survey, from this project's own form: kept as counts, never as persons.

Read from the entry workbook that goes with the printed form, a CSV saved from it, or the CSV template.
"""

from __future__ import annotations

import zipfile
from dataclasses import dataclass
from datetime import date, datetime

import pandas as pd

from crimelib.errors import InputError
from crimelib.settings import Settings
from crimelib.sources.discovery import Cleaned, RawFile
from crimelib.sources.reading import Table, read_table
from crimelib.sources.templates import form_of, read_form, tallied

NAME = "local_survey"
TABLE = "survey_responses"
SHEET = "Responses"
RESPONDENT = ["month", "survey_date", "area_code", "ward_code", "age_band", "sex"]
MOST_UNPACKED = 64 * 1024 * 1024
MOST_ROWS = 20_000


@dataclass(frozen=True)
class SheetFile(RawFile):
    """A workbook's sheet as a raw file whose refusals name the cell."""

    columns: tuple[str, ...] = ()

    def refusal(
        self, what: str, *, line: int | None = None, column: str = "", value: object = None, fix: str = ""
    ) -> InputError:
        """The error to raise, at ``sheet Responses, cell D7`` where the column is known."""
        if line is None or column not in self.columns:
            return super().refusal(f"sheet {SHEET}: {what}", line=line, column=column, value=value, fix=fix)
        cell = f"{column_letters(self.columns.index(column))}{line}"
        return super().refusal(f"sheet {SHEET}, cell {cell} ({column}): {what}", value=value, fix=fix)


def read(file: RawFile, settings: Settings) -> Cleaned:
    """Clean the entries into ``survey_responses``: ``month, survey_date, area_code, ward_code, age_band, sex, question,
    answer, count``. A question left blank is not counted. Bad rows are set aside; more than 1% refuses the file."""
    if file.path.suffix.lower() == ".xlsx":
        file, table = _workbook(file)
    else:
        table = read_table(file)
    rows, rejected = read_form(file, form_of(NAME, settings), settings, _with_codes(table))
    questions = list(settings.questionnaire.questions)
    months = rows.assign(month=rows["survey_date"].str[:7])
    answers = months.melt(RESPONDENT, questions, var_name="question", value_name="answer")
    given = answers[answers["answer"] != ""]
    return Cleaned({TABLE: tallied(given, [*RESPONDENT, "question", "answer"])}, rejected)


def column_letters(place: int) -> str:
    """The letters of a spreadsheet's column, the first being 0: ``A``, ``Z``, ``AA``."""
    first, last = divmod(place, 26)
    return (column_letters(first - 1) if first else "") + chr(ord("A") + last)


def _with_codes(table: Table) -> Table:
    """The table with ``E05000109 Bromley Town``, as the workbook offers it, cut to its code."""
    places = [name for name in ("area_code", "ward_code") if name in table.columns]
    codes = {name: table.rows[name].str.replace(r"^\s*(E0[59]\d{6}) .*$", r"\1", regex=True) for name in places}
    return Table(table.columns, table.rows.assign(**codes), table.stray_lines)


def _workbook(file: RawFile) -> tuple[SheetFile, Table]:
    """The sheet of responses as text, each row with its number in the sheet; rows without an entry are left out."""
    import python_calamine as calamine

    _refuse_bomb(file)
    try:
        workbook = calamine.load_workbook(str(file.path))
    except (calamine.CalamineError, OSError):
        raise file.refusal("this cannot be read as a workbook", fix="save it again as .xlsx") from None
    if SHEET not in workbook.sheet_names:
        raise file.refusal(f"there is no sheet {SHEET!r}", fix="use the workbook that came with the questionnaire")
    sheet = workbook.get_sheet_by_name(SHEET)
    if sheet.height > MOST_ROWS:
        raise file.refusal(f"sheet {SHEET} has {sheet.height:,} rows", fix=f"keep it below {MOST_ROWS:,}")
    header, *body = [[_as_text(value) for value in row] for row in sheet.to_python(skip_empty_area=False)] or [[]]
    named = SheetFile(file.path, file.source, file.vintage, tuple(header))
    lines = [(line, row) for line, row in enumerate(body, start=2) if any(row)]
    if not lines:
        raise named.refusal("no response is entered", fix="enter one a row, or take the workbook away")
    if repeated := [name for name in header if name and header.count(name) > 1]:
        raise named.refusal(f"the column {repeated[0]!r} stands twice", line=1, fix="keep one of them")
    columns = [name for name in header if name]
    places = [header.index(name) for name in columns]
    frame = pd.DataFrame([[row[place] for place in places] for _, row in lines], columns=columns, dtype="str")
    strays = [line for line, row in lines for place, value in enumerate(row) if value and not header[place]]
    if strays:
        raise named.refusal("text in a column without a name", line=strays[0], fix="use the sheet's columns only")
    return named, Table(columns, frame.assign(line=[line for line, _ in lines]), [])


def _refuse_bomb(file: RawFile) -> None:
    """Refuse what is no archive, or would be very large once unpacked."""
    try:
        with zipfile.ZipFile(file.path) as archive:
            unpacked = sum(member.file_size for member in archive.infolist())
    except (zipfile.BadZipFile, OSError):
        raise file.refusal("this is not a workbook", fix="save it again as .xlsx") from None
    if unpacked > MOST_UNPACKED:
        raise file.refusal(f"the workbook unpacks to {unpacked:,} bytes", fix="use the workbook as it was made")


def _as_text(value: object) -> str:
    """A cell as it would stand in a CSV file: whole numbers without a point, days as 2022-03-12."""
    if isinstance(value, datetime):
        value = value.date()
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value).strip()
