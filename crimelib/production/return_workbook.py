"""The workbook in which a partner returns its monthly counts: every choice a list, no cell for a word of one's own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from crimelib.errors import InputError
from crimelib.production.entry_workbook import fill, list_rule, validate
from crimelib.production.workbook import NO_TIME
from crimelib.settings import Partners, Settings
from crimelib.sources.entry_sheets import column_letters
from crimelib.sources.partner_returns import NAME, SHEET
from crimelib.sources.templates import Form, dictionary_rows, form_of

if TYPE_CHECKING:
    from openpyxl import Workbook
    from openpyxl.worksheet.datavalidation import DataValidation
    from openpyxl.worksheet.worksheet import Worksheet

LISTS = "Lists"
LAST_COUNT = 999_999_999
HOW = (
    "Type one row for each month, indicator and borough into the sheet Return. Totals only: never a name, a date of "
    "birth, an address, a case number or anything else about a person.",
    "Write the month as 2021-11. Choose your organisation, the indicator and the borough from the lists in the cells.",
    "Write 0 where there was none. Where you do not know the number, leave the row out: a missing figure is no zero.",
    "Where something bounded the service in the month, choose it in capacity_note: a count held down by a full service "
    "is not read as less demand.",
    "To change a figure that you returned before, return the row again with the new count and choose in revision why "
    "it changed. The figure from before is kept and shown beside it. Without a reason the return is refused.",
    "Your first return should go back 24 months, so that a year can be set against the year before.",
    "Send the file as it is. Whoever imports it puts it into data/raw/partner_returns/<date received>/ and runs "
    "`crimelib clean`, which names the row of whatever it cannot take.",
)
WIDTHS = {
    "Instructions": [110],
    SHEET: [14, 46, 66, 34, 14, 30, 32],
    "Indicators": [50, 60, 60, 26, 50],
    "Columns": [18, 70, 70, 12, 26],
    LISTS: [48, 66, 34, 34, 34],
}


def write_return_workbook(folder: Path, settings: Settings) -> Path:
    """Write ``partner_returns.xlsx`` into a folder: the sheets ``Instructions``, ``Return`` (with validation),
    ``Indicators``, ``Columns`` and ``Lists``. Never overwrites."""
    from openpyxl import Workbook

    path = folder / f"{NAME}.xlsx"
    if path.exists():
        raise InputError("the file is there already", where=path.name, fix="choose another folder")
    form, book = form_of(NAME, settings), Workbook()
    book.remove(book.worksheets[0])
    offered = _offered(form, settings)
    instructions = [["Monthly return to the community safety partnership"], *([line] for line in _numbered(HOW))]
    sheets = {
        "Instructions": instructions,
        SHEET: [list(form.columns)],
        "Indicators": _indicator_rows(settings.partners),
        "Columns": _column_rows(form),
        LISTS: _in_columns(offered),
    }
    for title, rows in sheets.items():
        fill(book.create_sheet(title), rows)
    validate(book[SHEET], form, _rules(form, offered), "Choose from the list, or see the sheet Columns.")
    _dress(book)
    book.save(path)
    return path


def _offered(form: Form, settings: Settings) -> dict[str, list[str]]:
    """The values that each column's cells offer, in words."""
    partners = settings.partners
    return {
        "organisation": [each.label for each in partners.organisations.values()],
        "indicator": [each.label for each in partners.indicators.values()],
        "area_code": [f"{area.code} {area.name}" for area in settings.areas if area.level == "borough"],
        "capacity_note": [each.label for each in partners.capacity_notes.values()],
        "revision": list(partners.revision_reasons.values()),
    }


def _rules(form: Form, offered: Mapping[str, Sequence[str]]) -> dict[str, DataValidation]:
    from openpyxl.worksheet.datavalidation import DataValidation

    places = {name: column_letters(place) for place, name in enumerate(offered)}
    month = 'AND(LEN(A2)=7,MID(A2,5,1)="-",ISNUMBER(VALUE(LEFT(A2,4))),VALUE(RIGHT(A2,2))>=1,VALUE(RIGHT(A2,2))<=12)'
    return {
        "month": DataValidation(type="custom", formula1=month),
        "count": DataValidation(type="whole", operator="between", formula1="0", formula2=str(LAST_COUNT)),
        **{name: list_rule(LISTS, places[name], 2, len(values)) for name, values in offered.items()},
    }


def _indicator_rows(partners: Partners) -> list[list[str]]:
    """A row an indicator: what it counts, who refers, how far it stands apart from the police, what bounds it."""
    rows = [["Indicator", "What it counts", "Who refers", "Independent of police reports", "Capacity"]]
    for each in partners.indicators.values():
        rows.append(
            [each.label, each.counts, each.referred_by, "yes" if each.independent_of_police else "no", each.capacity]
        )
    return rows


def _column_rows(form: Form) -> list[list[str]]:
    rows = [list(row.values()) for row in dictionary_rows(form)]
    return [["Column", "Meaning", "Allowed", "Required", "Example"], *rows]


def _in_columns(offered: Mapping[str, Sequence[str]]) -> list[list[str]]:
    """The lists side by side, one a column, its name above it."""
    longest = max(map(len, offered.values()))
    padded = [[name, *values, *[""] * (longest - len(values))] for name, values in offered.items()]
    return [list(row) for row in zip(*padded, strict=True)]


def _numbered(lines: Sequence[str]) -> list[str]:
    return [f"{number}. {line}" for number, line in enumerate(lines, start=1)]


def _dress(book: Workbook) -> None:
    """Headings bold and in sight, text wrapped in columns wide enough to read, the workbook's title and language."""
    book.properties.title = "Monthly return to the community safety partnership"
    book.properties.language = "en-GB"
    book.properties.created = book.properties.modified = NO_TIME
    for sheet in book.worksheets:
        _dress_sheet(sheet)


def _dress_sheet(sheet: Worksheet) -> None:
    from openpyxl.styles import Alignment, Font

    for place, width in enumerate(WIDTHS[sheet.title]):
        sheet.column_dimensions[column_letters(place)].width = width
    for row in sheet.iter_rows(max_row=1 if sheet.title == SHEET else None):
        for cell in row:
            cell.alignment = Alignment(wrap_text=True, vertical="top")
    for cell in sheet[1]:
        cell.font = Font(bold=True)
    if sheet.title != "Instructions":
        sheet.freeze_panes = "A2"
        sheet.print_title_rows = "1:1"
    sheet.page_setup.orientation = "landscape"
    sheet.page_setup.fitToHeight = 0
    sheet.sheet_properties.pageSetUpPr.fitToPage = True
