"""The workbook into which the answers on paper are typed: one row a form, a list of allowed codes in every cell."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from crimelib.settings import Area, Settings, Ward
from crimelib.sources.entry_sheets import column_letters
from crimelib.sources.local_survey import NAME, SHEET
from crimelib.sources.templates import Form, form_of

if TYPE_CHECKING:
    from openpyxl import Workbook
    from openpyxl.worksheet.datavalidation import DataValidation
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
    fill(responses, [list(form.columns)])
    fill(book.create_sheet("Instructions"), _instructions(settings, area, event, day))
    fill(book.create_sheet(CODES), _code_rows(settings, form, offered))
    validate(responses, form, _rules(form, offered), "Choose one of the values offered; the sheet Codes lists them.")
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


def _rules(form: Form, offered: dict[str, list[str]]) -> dict[str, DataValidation]:
    """A rule a column: its own codes of the sheet Codes; for numbers of forms, that each stands once."""
    from openpyxl.worksheet.datavalidation import DataValidation

    rules, first = {}, 2
    for place, name in enumerate(form.columns):
        if name in offered:
            rules[name] = list_rule(CODES, "B", first, len(offered[name]))
            first += len(offered[name])
        else:
            letters = column_letters(place)
            rules[name] = DataValidation(type="custom", formula1=f"COUNTIF(${letters}:${letters},{letters}2)=1")
    return rules


def list_rule(sheet: str, letters: str, first: int, number: int) -> DataValidation:
    """A rule that offers ``number`` cells of a column from the row ``first`` on."""
    from openpyxl.worksheet.datavalidation import DataValidation

    cells = f"{sheet}!${letters}${first}:${letters}${first + number - 1}"
    return DataValidation(type="list", formula1=cells, allow_blank=True)


def validate(sheet: Worksheet, form: Form, rules: Mapping[str, DataValidation], error: str) -> None:
    """Each column's cells refuse what their rule does not allow, and say the column's meaning; all cells are text but
    those of counts."""
    for place, (name, column) in enumerate(form.columns.items()):
        letters, rule = column_letters(place), rules[name]
        rule.promptTitle, rule.prompt = name[:32], column.meaning[:MOST_PROMPT]
        rule.errorTitle, rule.error = name[:32], error
        rule.showErrorMessage = rule.showInputMessage = True
        rule.add(f"{letters}2:{letters}{ENTRY_ROWS + 1}")
        sheet.add_data_validation(rule)
        for line in range(2, ENTRY_ROWS + 2):
            sheet[f"{letters}{line}"].number_format = "0" if column.kind == "count" else "@"


def fill(sheet: Worksheet, rows: Iterable[Sequence[str]]) -> None:
    """Rows as text cells, empty ones left out: what begins with ``=`` stays text."""
    for line, row in enumerate(rows, start=1):
        for place, text in ((place, text) for place, text in enumerate(row, start=1) if text):
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
