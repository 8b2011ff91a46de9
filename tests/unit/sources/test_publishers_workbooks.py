"""Publishers' workbooks read as their CSV files are."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest
from openpyxl import Workbook

from crimelib.errors import InputError
from crimelib.settings import load_settings
from crimelib.sources import mopac_pas
from crimelib.sources.discovery import RawFile
from crimelib.sources.workbook import cell_text

HEADER = ["Date", "Survey", "Borough", "Measure", "Proportion", "MPS"]


def workbook(folder: Path, rows: list[list[object]]) -> RawFile:
    book = Workbook()
    book.active.append(["Notes"])
    sheet = book.create_sheet("PAS Borough")
    for row in rows:
        sheet.append(row)
    book.save(folder / "PAS.xlsx")
    return RawFile(folder / "PAS.xlsx", "mopac_pas", "2024-01")


def test_the_survey_is_read_from_its_sheet(tmp_path: Path) -> None:
    rows = [HEADER, [datetime(2021, 12, 31), "PAS", "Bromley", "Trust MPS", 0.79, 0.76]]
    found = mopac_pas.read(workbook(tmp_path, rows), load_settings()).tables["perception"]
    bromley = found[found["area_code"] == "E09000006"].iloc[0]
    assert (bromley["quarter_end"], bromley["proportion"], bromley["london_proportion"]) == ("2021-12", 0.79, 0.76)


def test_a_workbook_without_the_survey_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"mopac_pas/2024-01/PAS.xlsx: no sheet of the workbook"):
        mopac_pas.read(workbook(tmp_path, [["Date", "Ward"]]), load_settings())


def test_a_file_that_is_no_workbook_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "PAS.xlsx"
    path.write_bytes(b"not a workbook")
    with pytest.raises(InputError, match="the workbook cannot be read"):
        mopac_pas.read(RawFile(path, "mopac_pas", "2024-01"), load_settings())


@pytest.mark.parametrize(
    ("value", "text"), [(7.0, "7"), (0.5, "0.5"), (datetime(2021, 9, 30), "2021-09-30"), (" a ", "a"), ("", "")]
)
def test_cells_as_text(value: object, text: str) -> None:
    assert cell_text(value) == text
