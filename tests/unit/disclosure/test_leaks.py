"""A withheld count planted in every kind of file that a pack has, in every kind of place, is found."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook, new_output
from openpyxl import Workbook
from openpyxl.comments import Comment

from crimelib.disclosure.audit import audit_pack
from crimelib.disclosure.leaks import Names
from crimelib.disclosure.protect import FIGURES
from crimelib.production.typesetting import typeset
from crimelib.settings import load_settings

SETTINGS = load_settings()
COLUMNS = ["area_code", "area_name", "period", "item", "measure", "breakdown", "breakdown_value", "breakdown_label",
           "window", *FIGURES, "signal", "status", "source", "vintage", "note"]  # fmt: skip
WARDS = {"E05000106": ("Bickley", None), "E05000117": ("Darwin", None), "E05000109": ("Bromley Town", 169),
         "E05000122": ("Orpington", 32)}  # fmt: skip
TITLE = "Hate crime by ward, twelve months to November 2021"
PLANT = "Bickley had 3 hate crimes in the twelve months to November 2021."
SAFE = f"{TITLE}. Bromley Town has the most: 169 recorded offences. 2 wards are not shown: Bickley and Darwin."


def summary(folder: Path) -> None:
    """Hate crime by ward over twelve months and a month: two wards withheld over both, two over the month only."""
    base = dict.fromkeys(COLUMNS, "") | {"area_code": "E09000006", "area_name": "Bromley", "period": "2021-11"}
    base |= {"item": "hate_crime", "measure": "hate_crime", "status": "ok", "vintage": "2021-12"}
    rows = [base | {"breakdown": "total", "window": "rolling_12", "current": "240", "previous": "230"}]
    for code, (label, count) in WARDS.items():
        ward = base | {"breakdown": "ward", "breakdown_value": code, "breakdown_label": label}
        shown = (
            {"current": count, "previous": count, "change": 0, "pct_change": 6.5} if count else {"status": "suppressed"}
        )
        rows += [ward | {"window": "rolling_12"} | shown, ward | {"window": "month", "status": "suppressed"}]
    with (folder / "summary.csv").open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, COLUMNS)
        writer.writeheader()
        writer.writerows(rows)


def notebook(folder: Path, data: dict[str, Any], metadata: dict[str, Any] | None = None) -> None:
    cell = new_code_cell("page.ward_map()", outputs=[new_output("display_data", data=data)])
    whole = new_notebook(cells=[cell], metadata=metadata or {})
    (folder / "04_hate_crime.ipynb").write_text(nbformat.writes(whole), encoding="utf-8")


def page(folder: Path, body: str) -> None:
    head = "<!doctype html><title>Race and hate crime</title><h1>Race and hate crime</h1>"
    (folder / "hate_crime.html").write_text(head + body, encoding="utf-8")


def chart(folder: Path, **record: Any) -> None:
    rows = [{"name": "Bromley Town", "value": 169, "x": 2, "y": 3}, {"name": "Bickley", "x": 4, "y": 1, **record}]
    drawn = {"title": TITLE, "alt": SAFE, "spec": {"title": {"text": TITLE}, "datasets": {"source": rows}}}
    notebook(folder, {"application/vnd.crimelib.chart+json": drawn})


def table(folder: Path, current: object) -> None:
    rows = f"<tr><th>Bromley Town</th><td>169</td></tr><tr><th>Bickley</th><td>{current}</td></tr>"
    head = "<thead><tr><th>Ward</th><th>Current</th></tr></thead>"
    page(folder, f"<table><caption>{TITLE}</caption>{head}<tbody>{rows}</tbody></table>")


def windows(folder: Path, month: str, year: str) -> None:
    """A ward's table with a column for each window."""
    cells = f"<tr><th>Hate crime</th><td>{month}</td><td>{year}</td></tr>"
    head = "<thead><tr><th>Measure</th><th>Month</th><th>Twelve months</th></tr></thead>"
    page(folder, f"<table><caption>Orpington over each window</caption>{head}<tbody>{cells}</tbody></table>")


def book(folder: Path, value: object, comment: str = "", hidden: bool = False) -> None:
    whole = Workbook()
    sheet = whole.active
    sheet.title = "Hate crime"
    sheet.append(["Measure", "Part", "Window", "Current"])
    sheet.append(["Hate crime", "Bromley Town", "Twelve months", 169])
    sheet.append(["Hate crime", "Bickley", "Twelve months", value])
    if comment:
        sheet["A3"].comment = Comment(comment, "analyst")
    if hidden:
        sheet.sheet_state = "hidden"
        whole.create_sheet("Notes")
    whole.save(folder / "summary.xlsx")


def printed(folder: Path, body: str) -> None:
    (folder / "board-pack.pdf").write_bytes(page_of(body))


@cache
def page_of(body: str) -> bytes:
    return typeset(f'#set document(title: "Pack")\n= Race and hate crime\n{body}\n', {}, "board-pack.pdf")


def printed_table(folder: Path, current: str) -> None:
    cells = f"table.header([Ward], [Current]), [Bromley Town], [169], [Bickley], [{current}]"
    printed(folder, f"#figure(table(columns: 2, {cells}), caption: [{TITLE}])")


def printed_picture(folder: Path, alt: str) -> None:
    printed(folder, f'#figure(rect(width: 2cm), alt: "{alt}", caption: [{TITLE}])')


def data(folder: Path, name: str, current: object) -> None:
    text = f"ward,code,current\nBromley Town,E05000109,169\nBickley,E05000106,{current}\n"
    (folder / name).write_text(text, encoding="utf-8")


def script(folder: Path, count: object) -> None:
    spec = json.dumps({"title": TITLE, "data": {"values": [{"ward": "E05000106", "value": count}]}})
    page(folder, f'<script type="application/json">{spec}</script>')


def drawing(folder: Path, words: str) -> None:
    page(folder, f"<svg><title>{TITLE}</title><desc>{words}</desc><g><text>12</text></g></svg>")


Plant = Callable[[Path], None]
LEAKING: dict[str, Plant] = {
    "chart data": lambda folder: chart(folder, value=3),
    "chart data as text": lambda folder: chart(folder, figure="3"),
    "tooltip": lambda folder: chart(folder, tooltip="Bickley: 3 offences"),
    "data by columns": lambda folder: notebook(
        folder, {"application/json": {"title": TITLE, "ward": ["Darwin", "Bickley"], "count": ["-", 3]}}
    ),
    "alt text": lambda folder: page(folder, f'<img src="map.png" alt="{PLANT}">'),
    "alt text of a chart": lambda folder: notebook(folder, {"application/vnd.crimelib.chart+json": {"alt": PLANT}}),
    "label for screen readers": lambda folder: page(folder, f'<path aria-label="{PLANT}" d="M0 0"/>'),
    "description of a drawing": lambda folder: drawing(folder, PLANT),
    "comment in a page": lambda folder: page(folder, f"<!-- {PLANT} -->"),
    "data in a page": lambda folder: script(folder, 3),
    "row of a page's table": lambda folder: table(folder, 3),
    "sentence of a page": lambda folder: page(folder, f"<p>{PLANT}</p>"),
    "sentence on a page without the measure's name": lambda folder: page(
        folder, "<p>In <b>Bickley</b> there were 3.</p>"
    ),
    "notebook's metadata": lambda folder: notebook(folder, {}, {"cache": {"Bickley": 3}}),
    "notebook's metadata by code": lambda folder: notebook(folder, {}, {"cache": [{"code": "E05000106", "n": 3}]}),
    "notebook's text": lambda folder: notebook(folder, {"text/plain": f"{TITLE}\nBickley    3    5\n"}),
    "notebook's Markdown table": lambda folder: notebook(folder, {"text/markdown": f"**{TITLE}**\n| Bickley | 3 |"}),
    "cell of a workbook": lambda folder: book(folder, 3),
    "note on a workbook's cell": lambda folder: book(folder, "suppressed", "Bickley: 3"),
    "hidden sheet": lambda folder: book(folder, 3, hidden=True),
    "another CSV": lambda folder: data(folder, "hate_crime.csv", 3),
    "a text file": lambda folder: data(folder, "notes.txt", 3),
    "sentence in print": lambda folder: printed(folder, PLANT),
    "sentence in print over two lines": lambda folder: printed(folder, f"{'Many words before. ' * 3} {PLANT}"),
    "row of a printed table": lambda folder: printed_table(folder, "3"),
    "description of a printed picture": lambda folder: printed_picture(folder, PLANT),
    "a large count that was to protect another": lambda folder: page(folder, f"<p>{PLANT.replace('3', '212')}</p>"),
    "month in a table with a column a window": lambda folder: windows(folder, "4", "32 (+7%)"),
    "month of a ward shown over twelve": lambda folder: page(folder, "<p>Hate crime: 14 in Orpington in May 2021.</p>"),
    "months of a ward in a chart": lambda folder: notebook(
        folder, {"application/json": {"title": TITLE, "rows": [{"ward": "Orpington", "month": "2021-05", "value": 4}]}}
    ),
}
HARMLESS: dict[str, Plant] = {
    "chart data": lambda folder: chart(folder, value=None, status="suppressed"),
    "alt text": lambda folder: page(folder, f'<img src="map.png" alt="{SAFE}">'),
    "table": lambda folder: table(folder, "suppressed"),
    "shown wards beside withheld ones": lambda folder: page(folder, f"<p>{SAFE}</p>"),
    "table with a column a window": lambda folder: windows(folder, "suppressed", "32 (+7%) ● no clear change"),
    "workbook": lambda folder: book(folder, "suppressed [note 1]"),
    "print": lambda folder: printed(folder, SAFE),
    "printed table": lambda folder: printed_table(folder, "suppressed"),
    "dates": lambda folder: page(folder, "<p>Bickley in the twelve months to November 2021: withheld.</p>"),
}  # fmt: skip


def found(folder: Path) -> list[str]:
    return audit_pack(folder, [], "board", SETTINGS)


@pytest.mark.parametrize("place", LEAKING)
def test_a_withheld_count_is_found_wherever_it_stands(tmp_path: Path, place: str) -> None:
    summary(tmp_path)
    LEAKING[place](tmp_path)
    lines = found(tmp_path)
    assert lines
    assert all("hate_crime, Bickley" in line or "hate_crime, Orpington" in line for line in lines), lines
    assert all("\n" not in line and "withheld, but" in line for line in lines)
    assert not any("3" in line.split(" in ", 1)[-1] for line in lines), "the count in what is printed and logged"


@pytest.mark.parametrize("place", HARMLESS)
def test_what_withholds_is_not_taken_for_a_leak(tmp_path: Path, place: str) -> None:
    summary(tmp_path)
    HARMLESS[place](tmp_path)
    assert found(tmp_path) == []


def test_a_label_of_a_map_is_not_read_with_the_next_one(tmp_path: Path) -> None:
    summary(tmp_path)
    labels = [{"text": "169", "x": 1.5, "y": 2.0}, {"text": "Bickley\nsuppressed", "x": 4.0, "y": 1.0}]
    drawn = {"title": TITLE, "alt": SAFE, "spec": {"title": {"text": TITLE}, "datasets": {"source": labels}}}
    notebook(tmp_path, {"application/vnd.crimelib.chart+json": drawn})
    assert not audit_pack(tmp_path, [], "board", SETTINGS)


def test_the_cells_of_a_row_are_read_together(tmp_path: Path) -> None:
    summary(tmp_path)
    row = [{"text": text, "signal": "", "absent": False} for text in ("Bickley", "3")]
    drawn = {"caption": TITLE, "unit": "offences", "columns": ["Ward", "Now"], "rows": [row], "notes": []}
    notebook(tmp_path, {"application/vnd.crimelib.table+json": drawn})
    assert any("Bickley" in line for line in audit_pack(tmp_path, [], "board", SETTINGS))


def test_how_hard_a_sentence_is_to_read_counts_nothing(tmp_path: Path) -> None:
    summary(tmp_path)
    words = "Hate crime (Bickley) cannot be given: too few to show."
    reading = {"method": "Flesch-Kincaid", "texts": 3, "median": 4.0, "highest": 4, "hardest": words}
    (tmp_path / "run.json").write_text(json.dumps({"reading": reading}), encoding="utf-8")
    assert not audit_pack(tmp_path, [], "board", SETTINGS)
    reading["hardest"] = "Hate crime (Bickley): 3 recorded offences."
    (tmp_path / "run.json").write_text(json.dumps({"reading": reading}), encoding="utf-8")
    assert audit_pack(tmp_path, [], "board", SETTINGS)


def test_how_many_columns_a_heading_spans_counts_nothing(tmp_path: Path) -> None:
    summary(tmp_path)
    caption = "<caption>Bickley over each window to November 2021</caption>"
    group = '<tr><th scope="rowgroup" colspan="{span}">{heading}</th></tr>'
    page(tmp_path, f"<table>{caption}{group.format(span=5, heading='Hate crime')}</table>")
    assert not audit_pack(tmp_path, [], "board", SETTINGS)
    page(tmp_path, f"<table>{caption}{group.format(span=5, heading='Hate crime: 3')}</table>")
    assert audit_pack(tmp_path, [], "board", SETTINGS)


@pytest.mark.parametrize(
    ("cell", "is_found"),
    [
        ({"signal": "", "text": "4= of 8"}, False),
        ({"signal": "", "text": "4"}, True),
        ({"measure": "Hate crime", "text": "4= of 8"}, True),
    ],
)
def test_a_place_in_a_cell_of_its_own_counts_nothing_unless_its_measure_stands_by_it(
    tmp_path: Path, cell: dict[str, str], is_found: bool
) -> None:
    summary(tmp_path)
    notebook(tmp_path, {"application/json": {"caption": "Bickley among the wards of Bromley", "cells": [cell]}})
    (tmp_path / "04_hate_crime.ipynb").rename(tmp_path / "15_ward_bickley.ipynb")
    assert bool(audit_pack(tmp_path, [], "board", SETTINGS)) is is_found


def test_how_a_chart_is_laid_out_counts_nothing_but_what_it_draws_does(tmp_path: Path) -> None:
    summary(tmp_path)
    spec: dict[str, object] = {"$schema": "https://vega.github.io/schema/vega-lite/v6.json", "columns": 3, "padding": 5,
                               "title": {"text": "Bickley by month", "subtitlePadding": 6},
                               "data": {"values": [{"name": "Bickley", "name_y": 4.5}]}}  # fmt: skip
    drawn = {"title": "Bickley by month", "alt": SAFE, "spec": spec}
    notebook(tmp_path, {"application/vnd.crimelib.chart+json": drawn})
    (tmp_path / "04_hate_crime.ipynb").rename(tmp_path / "15_ward_bickley.ipynb")
    assert not audit_pack(tmp_path, [], "board", SETTINGS)
    spec["count"] = 3
    notebook(tmp_path, {"application/vnd.crimelib.chart+json": drawn})
    (tmp_path / "04_hate_crime.ipynb").rename(tmp_path / "15_ward_bickley.ipynb")
    assert audit_pack(tmp_path, [], "board", SETTINGS)


def test_a_borough_is_not_taken_for_the_ward_whose_name_is_part_of_its_own() -> None:
    row = {"breakdown": "ward", "breakdown_value": "E05013888", "breakdown_label": "Forest"}
    names = Names.of([row], SETTINGS)
    assert names.wards_in("Violence in Waltham Forest rose from 30 to 33") == set()
    assert names.wards_in("Waltham Forest: Forest had 3, E05013888") == {"E05013888"}


@pytest.mark.parametrize(("title", "is_found"), [(["Theft of motor", "vehicles"], False), (["Hate", "crime"], True)])
def test_a_part_of_a_chart_is_of_what_its_title_in_lines_says(tmp_path: Path, title: list[str], is_found: bool) -> None:
    summary(tmp_path)
    part = {"title": {"text": title}, "layer": [{"data": {"values": [{"at": 1492214400000, "value": 3.0}]}}]}
    notebook(
        tmp_path, {"application/vnd.crimelib.chart+json": {"title": "Bickley by month", "spec": {"concat": [part]}}}
    )
    (tmp_path / "04_hate_crime.ipynb").rename(tmp_path / "15_ward_bickley.ipynb")
    assert bool(audit_pack(tmp_path, [], "board", SETTINGS)) is is_found


def test_which_part_of_the_code_a_page_folds_away_counts_nothing(tmp_path: Path) -> None:
    summary(tmp_path)
    folded = '<h1>Bickley ward</h1><details><summary aria-label="{label}">{label}</summary></details>'
    (tmp_path / "ward_bickley.html").write_text(folded.format(label="Code, part 3"), encoding="utf-8")
    assert not audit_pack(tmp_path, [], "board", SETTINGS)
    (tmp_path / "ward_bickley.html").write_text(folded.format(label="Hate crime, part 3"), encoding="utf-8")
    assert audit_pack(tmp_path, [], "board", SETTINGS)
