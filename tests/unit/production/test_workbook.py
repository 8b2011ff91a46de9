from pathlib import Path

import openpyxl
import pandas as pd
import pytest
from toy_pack import summary_rows

from crimelib.production.pages import PackInfo
from crimelib.production.workbook import FIGURES, definitions_of, write_workbook
from crimelib.settings import PROJECT_ROOT, Settings

INFO = PackInfo("Bromley", "November 2021", "board", True, (("Code", "crimelib"),))
COMMON = {"area_code": "E09000006", "area_name": "Bromley", "period": "2021-11", "window": "rolling_12"}
HOSTILE = ["=1+1", "+1", "-1+1", "@SUM(A1)", "{=1+1}", "=cmd|'/c calc'!A1", "$$x$$", "[a](https://b)", "a\x00b", "\t=1"]


def rows() -> pd.DataFrame:
    total = {**COMMON, "item": "weapons", "measure": "knife_crime", "breakdown": "total", "status": "ok"}
    figures = {"current": 226, "previous": 255, "change": -29, "pct_change": -11.4, "p_value": 0.1416}
    ward = {**total, "breakdown": "ward", "breakdown_value": "E05000106", "breakdown_label": "Bickley"}
    return summary_rows(
        {**total, **figures, "signal": "no_clear_change"},
        {**ward, "status": "suppressed"},
        {**ward, "status": "incomplete"},
        {**total, "measure": "gun_crime", "status": "no_data"},
        {**total, "measure": "gun_crime", "current": 0, "previous": 3, "change": -3, "pct_change": -100.0},
        {**total, "item": "perception", "measure": "trust_mps", "current": 0.8, "previous": 0.87, "change": -0.07},
    )


def written(folder: Path, summary: pd.DataFrame, definitions: dict[str, str] | None = None) -> openpyxl.Workbook:
    path = folder / "summary.xlsx"
    write_workbook(summary, path, INFO, {"knife_crime": "Knife crime"}, definitions or {})
    return openpyxl.load_workbook(path)


def read_back(book: openpyxl.Workbook) -> pd.DataFrame:
    """The rows of all items' sheets under their headings, which stand below a title and a line on how to read it."""
    sheets = [book[name] for name in book.sheetnames if name not in ("Cover", "Contents", "Notes")]
    tables = [list(sheet.iter_rows(values_only=True))[2:] for sheet in sheets]
    return pd.concat([pd.DataFrame(lines[1:], columns=list(lines[0])) for lines in tables], ignore_index=True)


def test_every_figure_is_the_summary_s_number_and_every_absent_one_a_word_with_its_note(tmp_path: Path) -> None:
    summary, found = rows(), read_back(written(tmp_path, rows()))
    assert list(found["Measure code"]) == list(summary["measure"])
    for name, heading in FIGURES.items():
        given = pd.to_numeric(summary[name])
        numbers = pd.to_numeric(found[heading], errors="coerce")
        pd.testing.assert_series_equal(numbers, given.astype("float64"), check_names=False, check_dtype=False)
    words = ["not given [note 5]", "suppressed [note 1]", "incomplete [note 2]", "no data [note 3]"]
    assert list(found["Ratio, lower limit"][:4]) == words


def test_a_sheet_an_item_after_cover_contents_and_notes_and_no_empty_cell(tmp_path: Path) -> None:
    book = written(tmp_path, rows(), {"knife_crime": "Counts blades.", "item/weapons": "Kept apart.", "other": "x"})
    assert book.sheetnames == ["Cover", "Contents", "Notes", "Weapons", "Perception"]
    assert not read_back(book).isna().any(axis=None)
    notes = {line[0]: line[2] for line in book["Notes"].iter_rows(min_row=4, values_only=True)}
    assert "Counts blades." in notes.values()
    assert "x" not in notes.values()
    knife = read_back(book)["Notes"][0]
    assert notes[knife.strip("[]")] == "Counts blades."
    assert "Illustrative data" in book["Weapons"]["A2"].value


@pytest.mark.parametrize("text", HOSTILE)
def test_text_is_never_a_formula_or_a_link(tmp_path: Path, text: str) -> None:
    line = {**COMMON, "item": "asb", "measure": text, "breakdown": "ward", "breakdown_label": text, "status": "ok"}
    book = written(tmp_path, summary_rows({**line, "note": text, "source": text}))
    cells = [cell for sheet in book for line in sheet.iter_rows() for cell in line if cell.value is not None]
    assert {cell.data_type for cell in cells} <= {"s", "n"}
    assert not [cell for cell in cells if cell.hyperlink and "https" in str(cell.hyperlink.target)]
    assert any(str(cell.value).strip("'").startswith(text[0]) for cell in cells)


def test_the_declared_measures_bring_their_definitions_and_breaks() -> None:
    texts = definitions_of(Settings(PROJECT_ROOT / "parameters"))
    assert "Possession is not knife crime." in texts["knife_crime"]
    assert "Break from 2024-03 (not comparable across it)" in texts["hate_crime"]
    assert "never added together" in texts["item/weapons"]
