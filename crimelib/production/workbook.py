"""``summary.xlsx``: the rows of ``summary.csv`` as an accessible workbook, a sheet an item, made by gptables.

Cover, contents, notes, then the items. Figures are numbers; where there is none a word says why, with its note. No
cell is empty and none is a formula, whatever a file or a comment holds.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import pandas as pd

from crimelib.board.tables import ABSENT_WORDS, SIGNALS, WINDOW_TITLES, is_missing
from crimelib.production.pages import PackInfo
from crimelib.settings import Break, Settings

FIGURES = {
    "current": "Current",
    "previous": "Previous",
    "change": "Change",
    "pct_change": "Change in per cent",
    "ratio_low": "Ratio, lower limit",
    "ratio_high": "Ratio, upper limit",
    "p_value": "p-value",
    "detectable_pct": "Smallest change likely to show, in per cent",
}
BREAKDOWNS = {"total": "All", "ward": "Ward", "strand": "Strand", "type": "Type"}
ABSENCES = {
    "suppressed": "The number is too small to publish, or another could be worked out from it.",
    "incomplete": "A month of the window, or of the one before, is missing; a missing month is never counted as zero.",
    "no data": "No file that was given has this figure.",
    "not comparable": "The definition changed between the two windows, so that they cannot be set against each other.",
    "not given": "There is nothing to work it out from: no figure before, none but zero, or too few for a test.",
}
COLUMN_NOTES = {
    "Columns": "Current is the window that ends with the period; previous is the same window a year before.",
    "Ratio": "Current over previous with its 95% limits, wider where months vary more than by chance.",
    "Signal": "Whether the change is more than chance would make; else a small one may have been missed.",
}
_SHEET_LETTERS = 31
_LONGEST_INITIALS = 5  # asb and ndvwi are initials
_FORBIDDEN_IN_SHEET = re.compile(r"[\[\]:*?/\\']")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")


NO_TIME = datetime(2000, 1, 1)  # the same rows make the same bytes; run.json says when the pack was made


def write_workbook(
    summary: pd.DataFrame, path: Path, info: PackInfo, titles: Mapping[str, str], definitions: Mapping[str, str]
) -> None:
    """Write the rows of ``summary.csv`` to ``path``. ``titles`` name measures by id and items under ``item/<id>``;
    ``definitions`` (see :func:`definitions_of`) say in the same way what must be known of them."""
    import gptables

    known = [name for name in definitions if name in _names(summary)]
    numbers = {name: number for number, name in enumerate([*ABSENCES, *COLUMN_NOTES, *known], start=1)}
    notes = _notes_sheet(numbers, titles, definitions)
    items = {
        _sheet_name(item): _item_sheet(item, rows, info, titles, numbers)
        for item, rows in summary.groupby("item", sort=False)
    }
    options = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # gptables would rather write the notes sheet itself, in its own order
        book = gptables.produce_workbook(
            str(path), {"Notes": notes, **items}, cover=_cover(info), workbook_options=options
        )
    book.set_properties({"created": NO_TIME})
    book.close()


def definitions_of(settings: Settings) -> dict[str, str]:
    """What each measure counts and where it breaks, by id, and each item's caveats under ``item/<id>``."""
    texts = {"item/perception": " ".join(settings.perception.caveats)}
    for name, item in settings.items.items():
        texts[f"item/{name}"] = " ".join(item.caveats)
        for measure, each in item.measures.items():
            texts[measure] = " ".join([f"Counts {each.unit}. {each.counts}", *map(_break, each.breaks)])
    return {name: text for name, text in texts.items() if text}


def inert(text: object) -> str:
    """Text that neither the spreadsheet nor gptables takes for a formula, a link or a reference."""
    plain = _CONTROL.sub("", str(text)).replace("$$", "$ $").replace("](", "] (")
    return f"'{plain}" if plain.startswith("{=") else plain


def _break(found: Break) -> str:
    words = "not comparable across it" if found.effect == "not_comparable" else "compare with care"
    return f"Break from {found.month} ({words}): {found.what}"


def _names(summary: pd.DataFrame) -> set[str]:
    return {*summary["measure"], *(f"item/{item}" for item in summary["item"])}


def _cover(info: PackInfo) -> Any:
    import gptables

    notice = [f"{notice}." for notice in info.notices]
    intro = [*notice, f"Every figure of the crime performance pack for {info.area}, {info.period}."]
    about = [
        "Each sheet holds one table: an item of the board, with a row for every measure, part and window.",
        "Where there is no figure a word says why; the sheet Notes explains the words and what each measure counts.",
        *(f"{label}: {words}" for label, words in info.provenance),
    ]
    title = f"Community safety in {info.area}, {info.period}"
    return gptables.Cover(inert(title), intro=list(map(inert, intro)), about=list(map(inert, about)))


def _notes_sheet(numbers: Mapping[str, int], titles: Mapping[str, str], definitions: Mapping[str, str]) -> Any:
    texts = {**ABSENCES, **COLUMN_NOTES, **definitions}
    rows = [(f"note {number}", _title(name, titles), inert(texts[name])) for name, number in numbers.items()]
    table = pd.DataFrame(rows, columns=["Note", "About", "Text"])
    return _sheet(table, "notes", "Notes and definitions", "This worksheet contains one table.")


def _item_sheet(
    item: str, rows: pd.DataFrame, info: PackInfo, titles: Mapping[str, str], numbers: Mapping[str, int]
) -> Any:
    table = pd.DataFrame([_line(row, titles, numbers) for row in rows.to_dict("records")])
    title = f"{_title(f'item/{item}', titles)}: {info.area}, {info.period}"
    own = f" About this item: [note {numbers[f'item/{item}']}]." if f"item/{item}" in numbers else ""
    notice = "".join(f"{notice}. " for notice in info.notices)
    how = f"{notice}This worksheet contains one table. Words in place of figures refer to the sheet Notes.{own}"
    return _sheet(table, f"item_{item}", title, how)


def _sheet(table: pd.DataFrame, name: str, title: str, instructions: str) -> Any:
    import gptables

    return gptables.GPTable(
        table=table.astype(object),
        table_name=re.sub(r"\W", "_", name),
        title=inert(title),
        instructions=inert(instructions),
        index_columns={2: 0},
    )


def _line(row: Mapping[str, Any], titles: Mapping[str, str], numbers: Mapping[str, int]) -> dict[str, object]:
    """One row of the summary, in words and numbers."""
    words = _word_for_absent(row, numbers)
    figures = {heading: _figure(row[name], words) for name, heading in FIGURES.items()}
    measure = str(row["measure"])
    return {
        "Measure": _title(measure, titles),
        "Breakdown": inert(BREAKDOWNS.get(row["breakdown"], str(row["breakdown"]).capitalize())),
        "Part": _text(row["breakdown_label"], "All"),
        "Window": WINDOW_TITLES.get(row["window"], inert(row["window"])),
        **figures,
        "Signal": SIGNALS[row["signal"]][1] if row["signal"] in SIGNALS else "not tested",
        "Status": inert(row["status"]).replace("_", " "),
        "Notes": f"[note {numbers[measure]}]" if measure in numbers else "none",
        "Remark": _text(row["note"], "none"),
        "Source": _text(row["source"], "none"),
        "Vintage": _text(row["vintage"], "none"),
        "Measure code": inert(measure),
        "Part code": _text(row["breakdown_value"], "none"),
    }


def _word_for_absent(row: Mapping[str, Any], numbers: Mapping[str, int]) -> str:
    status = str(row["status"])
    word = ABSENT_WORDS.get(status, "not comparable" if status == "not_comparable" else "not given")
    return f"{word} [note {numbers[word]}]"


def _figure(value: Any, otherwise: str) -> object:
    if is_missing(value) or value == "":
        return otherwise
    number = float(value)
    return int(number) if number.is_integer() else number


def _text(value: object, otherwise: str) -> str:
    return otherwise if is_missing(value) or value == "" else inert(value)


def _title(name: str, titles: Mapping[str, str]) -> str:
    return inert(titles.get(name) or name.removeprefix("item/").replace("_", " ").capitalize())


def _sheet_name(item: str) -> str:
    """A name that a sheet may have; items' ids differ within its length."""
    words = item.upper() if len(item) <= _LONGEST_INITIALS else item.replace("_", " ").capitalize()
    return _FORBIDDEN_IN_SHEET.sub("", words)[:_SHEET_LETTERS]
