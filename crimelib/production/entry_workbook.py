"""The workbook into which the answers on paper are typed: one row a form, a list of allowed codes in every cell."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from crimelib.settings import Area, Settings, Ward
from crimelib.sources.local_survey import NAME, SHEET, column_letters
from crimelib.sources.templates import Form, form_of

if TYPE_CHECKING:
    from openpyxl import Workbook
    from openpyxl.worksheet.worksheet import Worksheet

ENTRY_ROWS = 500
CODES = "Codes"
MOST_PROMPT = 250  # what a spreadsheet shows beside a cell
HOW = (
    "Type one form a row into the sheet Responses. Leave a cell empty where no box was ticked, or more than one.",
    "Write the number from the form into response_id, and the same on the form. Never type a name or an address.",
    "Every cell offers its codes; the sheet Codes has the wording behind them.",
    "When all forms are in, put this file (or the sheet Responses saved as CSV UTF-8) into "
    "data/raw/local_survey/<event's date>/ and run `crimelib clean`: it names the cell of what it cannot take.",
    "Then shred the forms as the partnership's privacy notice says.",
)


def write_entry_workbook(
    path: Path, settings: Settings, area: Area, wards: Sequence[Ward], event: str, day: date
) -> Path:
    """Write the empty workbook of an event: the sheets ``Responses`` (with validation), ``Instructions``, ``Codes``."""
    from openpyxl import Workbook

    form = form_of(NAME, settings)
    book = Workbook()
    book.remove(book.worksheets[0])
    responses = book.create_sheet(SHEET)
    offered = _offered(form, area, wards, day)
    _fill(responses, [list(form.columns)])
    _fill(book.create_sheet("Instructions"), _instructions(settings, area, event, day))
    _fill(book.create_sheet(CODES), _code_rows(settings, form, offered))
    _validate(responses, form, offered)
    _dress(book)
    book.save(path)
    return path


def _offered(form: Form, area: Area, wards: Sequence[Ward], day: date) -> dict[str, list[str]]:
    """The values that each column's cells offer."""
    here = {
        "survey_date": [day.isoformat()],
        "area_code": [f"{area.code} {area.name}"],
        "ward_code": [f"{ward.code} {ward.name}" for ward in wards],
    }
    return here | {name: list(dict.fromkeys(values.values())) for name, values in form.allowed.items()}


def _instructions(settings: Settings, area: Area, event: str, day: date) -> list[list[str]]:
    head = [[f"{settings.questionnaire.title}: answers from {event}, {area.name}, {day}"], [""]]
    return head + [[f"{number}. {line}"] for number, line in enumerate(HOW, start=1)]


def _code_rows(settings: Settings, form: Form, offered: dict[str, list[str]]) -> list[list[str]]:
    """A row a code: its column, the code, what is printed on the form, the question."""
    rows = [["column", "code", "on the form", "question"]]
    for name, codes in offered.items():
        rows += [[name, code, settings.questionnaire.label(code), form.columns[name].meaning] for code in codes]
    return rows


def _validate(sheet: Worksheet, form: Form, offered: dict[str, list[str]]) -> None:
    """Each column's cells offer their codes, refuse others, and say the question; all cells are text."""
    from openpyxl.worksheet.datavalidation import DataValidation

    first = 2
    for place, (name, column) in enumerate(form.columns.items()):
        letters = column_letters(place)
        cells = f"{letters}2:{letters}{ENTRY_ROWS + 1}"
        if name in offered:
            last = first + len(offered[name]) - 1
            rule = DataValidation(type="list", formula1=f"{CODES}!$B${first}:$B${last}", allow_blank=True)
            first = last + 1
        else:
            rule = DataValidation(type="custom", formula1=f"COUNTIF(${letters}:${letters},{letters}2)=1")
        rule.promptTitle, rule.prompt = name[:32], column.meaning[:MOST_PROMPT]
        rule.errorTitle, rule.error = name[:32], "Choose one of the values offered; the sheet Codes lists them."
        rule.showErrorMessage = rule.showInputMessage = True
        rule.add(cells)
        sheet.add_data_validation(rule)
    for row in sheet.iter_rows(min_row=2, max_row=ENTRY_ROWS + 1, max_col=len(form.columns)):
        for cell in row:
            cell.number_format = "@"


def _fill(sheet: Worksheet, rows: Iterable[Sequence[str]]) -> None:
    """Rows as text cells: what begins with ``=`` stays text."""
    for line, row in enumerate(rows, start=1):
        for place, text in enumerate(row, start=1):
            cell = sheet.cell(line, place, text)
            cell.data_type = "s"


def _dress(book: Workbook) -> None:
    """Bold headings that stay in sight, and columns as wide as what stands in them."""
    from openpyxl.styles import Alignment, Font

    for sheet in book.worksheets:
        for cell in sheet[1]:
            cell.font = Font(bold=True)
    responses, instructions, codes = book.worksheets
    responses.freeze_panes = "B2"
    codes.freeze_panes = "A2"
    for place, cell in enumerate(responses[1]):
        responses.column_dimensions[column_letters(place)].width = max(14, len(str(cell.value)) + 2)
    for letters, width in {"A": 24, "B": 34, "C": 30, "D": 90}.items():
        codes.column_dimensions[letters].width = width
    instructions.column_dimensions["A"].width = 100
    for row in instructions.iter_rows():
        row[0].alignment = Alignment(wrap_text=True, vertical="top")
