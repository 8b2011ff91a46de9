"""What a pack has published, by its summary and every other file: a withheld figure told elsewhere is published too."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from crimelib.disclosure.leaks import Names
from crimelib.disclosure.published import KEPT, published, rows_said, rows_told, summary_rows
from crimelib.disclosure.statements import Statement
from crimelib.settings import load_settings

SETTINGS = load_settings()
TITLE = "Hate crime by ward, twelve months to November 2021"


def row(ward: str, label: str, current: str, status: str = "ok", window: str = "rolling_12") -> dict[str, str]:
    base = {"item": "hate_crime", "area_name": "Bromley", "period": "2021-11", "measure": "hate_crime"}
    place = {"breakdown": "ward" if ward else "total", "breakdown_value": ward, "breakdown_label": label}
    figures = dict.fromkeys(("change", "pct_change", "ratio_low", "ratio_high", "p_value", "detectable_pct"), "")
    return {**base, **place, "window": window, "current": current, "previous": current, **figures, "status": status}


ROWS = [row("", "", "240"), row("E05000106", "Bickley", "", "suppressed"), row("E05000122", "Orpington", "32")]


def told(*cells: tuple[str, str], about: str = TITLE, file: str = "page.html") -> list[tuple[str, str, str]]:
    said = Statement(file, about, cells)
    return [
        (each["breakdown_label"], each["current"], each["previous"]) for each in rows_told([said, said], ROWS, SETTINGS)
    ]


@pytest.mark.parametrize(
    ("cells", "current", "previous"),
    [
        ([("Ward", "Bickley"), ("Current", "3"), ("Previous", "5")], "3", "5"),
        ([("Ward", "Bickley"), ("Year before", "5"), ("Now", "3")], "3", "5"),
        ([("Ward", "Bickley"), ("Twelve months before", "5")], "", "5"),
        ([("Ward", "Bickley"), ("Current", "3")], "3", ""),
        ([("Ward", "Bickley"), ("Current", "3"), ("Change", "2"), ("Previous", "5"), ("Before", "7")], "3", "5"),
        ([("", "Bickley"), ("", "3"), ("", "5")], "3", "5"),
        ([("", "Bickley"), ("", "3")], "3", ""),
        ([("", "Bickley 3"), ("", "5")], "3", "5"),
        ([("", "Bickley had 3 hate crimes against 5 the year before.")], "3", "5"),
        ([("", "Bickley had 3 hate crimes, then 5 the year after.")], "3", ""),
        ([("", "Bickley had 3 hate crimes.")], "3", ""),
        ([("", "Bickley had 3.5 hate crimes a month and 42 a year.")], "42", ""),
    ],
)
def test_a_withheld_figure_told_elsewhere_is_published_once(
    cells: list[tuple[str, str]], current: str, previous: str
) -> None:
    assert told(*cells) == [("Bickley", current, previous)]


def test_what_is_told_of_a_withheld_figure_counts_as_shown() -> None:
    (found,) = rows_told([Statement("page.html", TITLE, (("", "Bickley: 3"),))], ROWS, SETTINGS)
    assert found == ROWS[1] | {"current": "3", "previous": "", "status": "ok"}


@pytest.mark.parametrize(
    "cells", [[("", "Orpington: 31")], [("", "Bromley: 240")], [("", "Bickley: suppressed")], [("", "Bickley: 3.5")]]
)
def test_what_gives_no_withheld_count_publishes_nothing_more(cells: list[tuple[str, str]]) -> None:
    assert told(*cells) == []


@pytest.mark.parametrize(
    ("file", "item"),
    [
        ("04_hate_crime.ipynb", "hate_crime"),
        ("notebooks/04_hate_crime.ipynb", "hate_crime"),
        ("packs/public/hate_crime.html", "hate_crime"),
        ("packs.old/06_burglary.html", "burglary"),
        ("hate_crime_4_wards.html", None),
        ("hate_crime.v2.html", None),
        ("notes/hate_crime/04.ipynb", None),
    ],
)
def test_a_page_or_a_notebook_speaks_of_its_item_s_measures(file: str, item: str | None) -> None:
    expected = frozenset(SETTINGS.items[item].measures) if item else frozenset()
    assert Names.of(ROWS, SETTINGS).measures_of(file) == expected


def test_a_page_speaks_of_its_measure_without_naming_it() -> None:
    assert told(("", "Bickley: 3"), about="By ward", file="notebooks/04_hate_crime.ipynb") == [("Bickley", "3", "")]
    assert told(("", "Bickley: 3"), about="By ward", file="notebooks/06_burglary.ipynb") == []


def record(**cells: str) -> Statement:
    base = {"measure": "hate_crime", "window": "rolling_12", "breakdown": "ward", "current": "3", "previous": "5"}
    return Statement("sentences.csv", "", tuple((base | cells).items()))


def test_a_record_of_another_file_is_a_row_unless_the_summary_has_it() -> None:
    (found,) = rows_said([record(breakdown_value="E05000106"), record(breakdown_value="E05000106")], ROWS)
    assert found == {
        "item": "",
        "area_name": "",
        "period": "2021-11",
        "status": "ok",
        "breakdown_value": "E05000106",
        "breakdown_label": "",
        "measure": "hate_crime",
        "window": "rolling_12",
        "breakdown": "ward",
        "current": "3",
        "previous": "5",
    }
    known = Statement("copy.csv", "", tuple(ROWS[2].items()))
    assert list(rows_said([known], ROWS)) == []


def test_a_record_of_the_borough_is_a_row_too() -> None:
    (found,) = rows_said([record(breakdown="total")], ROWS[:1])
    assert [found[name] for name in ("breakdown", "breakdown_value", "period", "current")] == [
        "total",
        "",
        "2021-11",
        "3",
    ]


@pytest.mark.parametrize(
    "cells", [{"status": "suppressed"}, {"window": "decade"}, {"breakdown": "strand"}, {"breakdown": ""}]
)
def test_a_record_that_shows_no_figure_of_a_ward_or_the_borough_is_none(cells: dict[str, str]) -> None:
    assert list(rows_said([record(**cells)], ROWS)) == []


def write_summary(folder: Path, rows: list[dict[str, str]]) -> None:
    with (folder / "summary.csv").open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


def test_a_pack_has_published_its_summary_and_what_else_its_files_say(tmp_path: Path) -> None:
    strand = row("", "Racist", "99") | {"breakdown": "strand", "breakdown_value": "racist"}
    write_summary(tmp_path, [*ROWS, strand])
    (tmp_path / "page.html").write_text(f"<h1>{TITLE}</h1><p>Bickley: 3</p>", encoding="utf-8")
    found = published(tmp_path, SETTINGS)
    assert [list(each) for each in found] == [list(KEPT)] * len(found)
    assert [(each["breakdown_label"], each["current"], each["status"]) for each in found] == [
        ("", "240", "ok"),
        ("Bickley", "", "suppressed"),
        ("Orpington", "32", "ok"),
        ("Bickley", "3", "ok"),
    ]


def test_a_summary_s_text_is_kept_to_the_letter(tmp_path: Path) -> None:
    rows = [row("E05000106", "Bickley,\r\nCafé", "3")]
    write_summary(tmp_path, rows)
    assert summary_rows(tmp_path) == rows
