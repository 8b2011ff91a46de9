"""A true zero, a withheld figure and a missing one are three things, and read as three in every kind of file."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable
from pathlib import Path

import nbformat
import openpyxl
import pandas as pd
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from crimelib.board.charts.places import tile_map, ward_ranked_chart
from crimelib.board.summary import COLUMNS
from crimelib.board.tables import TABLE_TYPE, ward_table
from crimelib.disclosure.leaks import NO_COUNTS
from crimelib.disclosure.printed import said_in_print
from crimelib.disclosure.statements import page, said_in
from crimelib.production.exports import write_csv
from crimelib.production.live import chart_tables, with_named_charts
from crimelib.production.pages import PackInfo, Page, render_page
from crimelib.production.pdf import board_pdf
from crimelib.production.terminal import print_summary
from crimelib.production.workbook import write_workbook
from crimelib.settings import load_settings

SETTINGS = load_settings()
INFO = PackInfo("Bromley", "November 2021", "public", True, (("Run", "abc123"),))
WARDS = {"Bickley": ("E05000106", "ok", 0), "Darwin": ("E05000117", "suppressed", None),
         "Mottingham": ("E05000121", "no_data", None), "Orpington": ("E05000122", "incomplete", None),
         "Penge": ("E05000123", "ok", 12)}  # fmt: skip
WORDS = {"Bickley": "0", "Darwin": "suppressed", "Mottingham": "no data", "Orpington": "incomplete", "Penge": "12"}


def rows() -> pd.DataFrame:
    """A ward a kind of figure, over twelve months."""
    base = dict.fromkeys(COLUMNS, "") | {"area_code": "E09000006", "area_name": "Bromley", "period": "2021-11"}
    base |= {"item": "hate_crime", "measure": "hate_crime", "breakdown": "ward", "window": "rolling_12"}
    figures = ["current", "previous", "change", "pct_change", "ratio_low", "ratio_high", "p_value", "detectable_pct"]
    base |= dict.fromkeys(figures, None)
    found = []
    for name, (code, status, count) in WARDS.items():
        shown = {"current": count, "previous": count, "change": 0} if status == "ok" else {}
        found.append(base | {"breakdown_value": code, "breakdown_label": name, "status": status} | shown)
    return pd.DataFrame(found, columns=COLUMNS, dtype=object)


def executed() -> nbformat.NotebookNode:
    """A notebook with the wards as a table, as bars and as a map, as it lies in a pack."""
    tiles = [{"code": WARDS[name][0], "name": name, "row": 0, "col": place} for place, name in enumerate(WARDS)]
    table = ward_table(rows(), caption="Hate crime by ward")
    charts = [
        ward_ranked_chart(rows(), title="Wards ranked", unit="offences", finding="Found."),
        tile_map(rows(), pd.DataFrame(tiles), title="Wards on a map", unit="offences", finding="Found."),
    ]
    bundles = [table._repr_mimebundle_(), *(chart._repr_mimebundle_() for chart in charts)]
    outputs = [new_output("display_data", data=each[0] if isinstance(each, tuple) else each) for each in bundles]
    return new_notebook(cells=[new_markdown_cell("# Hate crime"), new_code_cell("x", outputs=outputs)])


def of_wards(said: list[tuple[str, tuple[tuple[str, str], ...]]]) -> dict[str, set[str]]:
    """The texts that stand beside each ward's name in rows of several cells."""
    found: dict[str, set[str]] = {name: set() for name in WARDS}
    for _, cells in said:
        values = [value for name, value in cells if name not in NO_COUNTS]
        for name in {*values} & set(WARDS) if len(values) > 1 else ():
            found[name] |= set(values) - {name}
    return found


def in_page(folder: Path) -> dict[str, set[str]]:
    own = Page("hate_crime", "Hate crime", "")
    return of_wards([*page(render_page(executed(), own, [own], INFO))])


def in_notebook(folder: Path) -> dict[str, set[str]]:
    (output, *_) = executed().cells[1].outputs
    plain = {kind: text for kind, text in output["data"].items() if kind in ("text/markdown", "text/plain")}
    lines = [line for text in plain.values() for line in str(text).splitlines()]
    cells = [re.split(r"\s*\|\s*|\s{2,}", line.strip(" |")) for line in lines]
    return of_wards([("", tuple(("", cell) for cell in line)) for line in cells] + [*said_in(output["data"])])


def in_print(folder: Path) -> dict[str, set[str]]:
    notebook = executed()
    (folder / "pack.pdf").write_bytes(board_pdf([notebook], [Page("hate_crime", "Hate crime", "")], INFO, "Lead."))
    return of_wards([*said_in_print(folder / "pack.pdf")])


def in_workbook(folder: Path) -> dict[str, set[str]]:
    write_workbook(rows(), folder / "summary.xlsx", INFO, {"hate_crime": "Hate crime"}, {})
    sheet = openpyxl.load_workbook(folder / "summary.xlsx")["Hate crime"]
    lines = [[re.sub(r" \[note \d+\]", "", str(value)) for value in row] for row in sheet.iter_rows(values_only=True)]
    return of_wards([("", tuple(("", value) for value in line)) for line in lines])


def in_summary(folder: Path) -> dict[str, set[str]]:
    write_csv(rows(), folder / "summary.csv")
    return in_csv(folder / "summary.csv", "breakdown_label", "status", "current")


def in_chart_data(folder: Path) -> dict[str, set[str]]:
    (_, tiles) = chart_tables(with_named_charts(executed(), "hate_crime")).values()
    write_csv(tiles, folder / "chart.csv")
    return in_csv(folder / "chart.csv", "name", "absent", "current")


def in_csv(path: Path, ward: str, word: str, figure: str) -> dict[str, set[str]]:
    """A blank figure is told by the word beside it, never by a zero."""
    with path.open(encoding="utf-8", newline="") as stream:
        lines = list(csv.DictReader(stream))
    return {line[ward]: {line[figure], line[word].replace("_", " ")} - {""} for line in lines}


KINDS: dict[str, Callable[[Path], dict[str, set[str]]]] = {
    "page": in_page,
    "notebook": in_notebook,
    "summary.csv": in_summary,
    "chart's CSV": in_chart_data,
    "workbook": in_workbook,
    "print": in_print,
}


@pytest.mark.parametrize("kind", KINDS)
def test_zero_withheld_and_missing_read_differently(tmp_path: Path, kind: str) -> None:
    found = KINDS[kind](tmp_path)
    for ward, word in WORDS.items():
        others = {"0", "suppressed", "no data", "incomplete"} - {word}
        assert word in found[ward], (ward, found[ward])
        assert not found[ward] & (others if word != "12" else others - {"0"}), (ward, found[ward])


@pytest.mark.parametrize(("columns", "nought"), [("80", " 0 "), ("140", "0 → 0")])
def test_they_read_differently_on_the_terminal(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, columns: str, nought: str
) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    kinds = {"knife_crime": ("ok", 0), "gun_crime": ("suppressed", None), "weapons_possession": ("no_data", None)}
    base = rows().iloc[0].to_dict() | {"item": "weapons", "breakdown": "total", "signal": ""}
    totals = [
        base | {"measure": measure, "status": status, "current": count, "previous": count}
        for measure, (status, count) in kinds.items()
    ]
    print_summary(pd.DataFrame(totals, columns=COLUMNS).convert_dtypes(), SETTINGS, illustrative=True)
    lines = capsys.readouterr().out.splitlines()
    words = [next(line for line in lines if name in line) for name in ("Knife crime", "Gun crime", "Possession")]
    assert [nought in words[0], "suppressed" in words[1], "no data" in words[2]] == [True] * 3
    assert not any("0" in line for line in words[1:])


def test_they_look_different_in_a_drawing() -> None:
    """A zero is a mark and a shaded tile; a withheld or missing figure is its word, with no bar and on bare ground."""
    bars, tiles = (output["data"] for output in executed().cells[1].outputs[1:])
    for drawn in (bars["image/svg+xml"], tiles["image/svg+xml"]):
        texts = re.findall(r">([^<>]+)</(?:text|tspan)>", drawn)
        assert [texts.count(word) for word in ("suppressed", "no data", "incomplete")] == [1, 1, 1]
    data = [row for each in chart_rows(tiles) for row in each if row.get("name") in WARDS and "fill" in row]
    fills = {row["name"]: row["fill"] for row in data}
    assert fills["Darwin"] == fills["Mottingham"] == fills["Orpington"] not in (fills["Bickley"], fills["Penge"])
    marked = {row["name"] for each in chart_rows(bars) for row in each if "zero" in row}
    assert marked == {"Bickley", "Penge"}


def chart_rows(data: dict) -> list[list[dict]]:
    """The rows that a chart's specification draws."""
    (kind,) = (name for name in data if name.endswith("+json") and name != TABLE_TYPE)
    return [*_rows_in(data[kind]["spec"])]


def _rows_in(value: object) -> list[list[dict]]:
    if isinstance(value, dict):
        return [each for inner in value.values() for each in _rows_in(inner)]
    if isinstance(value, list) and value and all(isinstance(each, dict) and "name" in each for each in value):
        return [value]
    return [each for inner in value for each in _rows_in(inner)] if isinstance(value, list) else []
