"""What a reader with nothing but the files can work out, and what of it fails a pack."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pytest

from crimelib.disclosure.audit import attack, audit_pack
from crimelib.disclosure.programmes import Programme, Solved
from crimelib.disclosure.protect import FIGURES, earlier_packs
from crimelib.settings import load_settings

SETTINGS = load_settings()
BOARD = SETTINGS.disclosure.audiences["board"]
LINKED = SETTINGS.disclosure.linked


def row(ward: str, current: object, previous: object, measure: str = "hate_crime", **other: str) -> dict[str, str]:
    """A row of summary.csv as text; None for both figures of a withheld one."""
    withheld = current is None
    base = {
        "area_name": "Bromley",
        "period": "2021-11",
        "item": "hate_crime",
        "measure": measure,
        "breakdown": "ward" if ward else "total",
        "breakdown_value": ward,
        "breakdown_label": f"Ward {ward}" if ward else "",
        "window": "rolling_12",
        "signal": "",
        "status": "suppressed" if withheld else "ok",
    }
    figures = dict.fromkeys(FIGURES, "") | {"current": str(current or 0), "previous": str(previous or 0)}
    return {**base, **(dict.fromkeys(FIGURES, "") if withheld else figures), **other}


def found(*rows: dict[str, str], before: tuple[dict[str, str], ...] = ()) -> list[str]:
    return attack(rows, before, BOARD, LINKED)


def test_wards_that_hide_each_other_pass() -> None:
    assert found(row("", 60, 60), row("A", None, None), row("B", None, None), row("C", 40, 40)) == []


@pytest.mark.parametrize("left", [1, 3])
def test_what_a_total_leaves_no_room_for_is_found(left: int) -> None:
    lines = found(row("", 40 + left, 60), row("A", None, None), row("B", None, None), row("C", 40, 40))
    assert lines == [
        f"hate_crime, Ward {ward}, 2021-11, rolling_12, current: withheld, "
        f"but what is published puts it between 0 and {left}"
        for ward in "AB"
    ]


def test_no_more_is_asked_of_an_interval_than_the_total_but_no_less_for_a_small_count_shown() -> None:
    assert found(row("", 2, 60), row("A", None, None), row("B", None, None), row("C", 0, 40)) == []
    lines = found(row("", 5, 60), row("A", None, None), row("B", None, None), row("C", 2, 40))
    assert len(lines) == 2
    assert all(line.endswith("between 0 and 3") for line in lines)


def test_a_total_far_above_its_wards_leaves_them_room() -> None:
    assert found(row("", 5000, 5000), row("A", None, None), row("B", None, None), row("C", 40, 40)) == []


def test_a_withheld_total_without_wards_is_no_ward_s_count() -> None:
    assert found(row("", None, None)) == []


def test_every_family_of_measures_is_attacked() -> None:
    alone = [row("", 43, 60), row("A", None, None), row("B", None, None), row("C", 40, 40)]
    linked = [row("A", 90, 90, "vwi"), row("A", 87, 87, "ndvwi"), row("A", None, None, "domestic_vwi")]
    other = [{**each, "measure": "gun_crime"} for each in alone]
    measures = [line.split(",")[0] for line in found(*alone, *linked, *other)]
    assert sorted(measures) == ["domestic_vwi"] * 2 + ["gun_crime"] * 2 + ["hate_crime"] * 2


@pytest.mark.parametrize("world", [[3, 0, 39, 0, 0, 40], [9, 0, 40, 0, 0, 40], [-5, 5, 40, 0, 0, 40]],
                         ids=["another figure", "above the total", "below nought"])  # fmt: skip
def test_a_world_that_does_not_agree_with_the_figures_proves_nothing(
    world: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of wards A, B and C now and a year before, where C had 40 and 40 and all 43 and 60."""
    monkeypatch.setattr(Programme, "least", lambda *_: Solved(np.array(world, dtype=float), np.zeros(4), 0.0))
    rows = [row("", 43, 60), row("A", None, None), row("B", None, None), row("C", 40, 40)]
    message = "^the audit could not be solved: its world does not agree with the figures$"
    with pytest.raises(ArithmeticError, match=message):
        found(*rows)
    agrees = np.array([3, 0, 40, 0, 20, 40], dtype=float)
    monkeypatch.setattr(Programme, "least", lambda *_: Solved(agrees, np.zeros(4), 0.0))
    assert found(*rows) == [], "one world that agrees is taken as it is"


def test_a_year_s_figure_is_the_one_before_of_the_next_year() -> None:
    """Of 63 in the year before, C had 40 and, as the pack of that year has it, B 20."""
    rows = [row("", 60, 63), row("A", None, None), row("B", None, None), row("C", 40, 40)]
    assert found(*rows) == []
    (line,) = found(*rows, before=(row("B", 20, 30, period="2020-11"),))
    assert line.startswith("hate_crime, Ward A, 2021-11, rolling_12, previous: ")
    assert line.endswith("between 0 and 3")


def test_what_a_survey_found_is_no_count_of_a_table() -> None:
    rows = [row("", 43, 60), row("A", None, None), row("B", None, None), row("C", 40, 40)]
    assert found(*({**each, "item": "perception"} for each in rows)) == []
    assert found(*({**each, "breakdown": "type"} for each in rows)) == []


def test_the_auditor_asks_what_the_item_s_own_thresholds_ask() -> None:
    rows = [row("", 46, 60), row("A", None, None), row("B", None, None), row("C", 40, 40)]
    own = {"hate_crime": {"suppress_from": 1, "suppress_to": 9, "least_width": 9}}
    stricter = BOARD.model_validate({**BOARD.model_dump(), "items": own})
    assert attack(rows, (), BOARD, LINKED) == []
    assert "between 0 and 6" in attack(rows, (), stricter, LINKED)[0]


def test_a_part_left_by_the_whole_and_the_other_part_is_found() -> None:
    rows = [row("A", 90, 90, "vwi"), row("A", 87, 87, "ndvwi"), row("A", None, None, "domestic_vwi")]
    assert any("domestic_vwi" in line and "between 3 and 3" in line for line in found(*rows))


@pytest.mark.parametrize(("year", "month"), [(5, 2), (7, 4), (8, None), (25, None)])
def test_the_rolling_total_of_the_month_before_gives_a_month_away(year: int, month: int | None) -> None:
    """None in the twelve months to September, so the 3 of those to October are of October, and the year's less 3 of
    November: found where that is few."""
    rows = [
        row("", 400, 400),
        row("", 90, 90, window="month"),
        row("A", year, 20),
        row("A", None, None, window="month"),
    ]
    assert found(*rows) == []
    lines = found(*rows, before=(row("A", 3, 20, period="2021-10"), row("A", 0, 20, period="2021-09")))
    said = "hate_crime, Ward A, 2021-11, month, current: withheld, but what is published puts it between"
    assert lines == ([f"{said} {month} and {month}"] if month else [])


OCTOBER = (
    row("", 51, 60, period="2021-10"),
    row("A", None, None, period="2021-10"),
    row("B", None, None, period="2021-10"),
    row("C", 40, 40, period="2021-10"),
)


def test_what_a_pack_before_withheld_is_not_given_away_by_the_next() -> None:
    """A had ten in the twelve months to November and two at most in November: eight or more in those to October, so
    that B had three at most."""
    november = [row("", 60, 90), row("A", 10, 20), row("B", None, None), row("C", None, None)]
    months = [row("", 2, 9, window="month"), *(row(ward, None, None, window="month") for ward in "ABC")]
    assert not any("2021-10" in line for line in found(*november, before=OCTOBER))
    lines = found(*november, *months, before=OCTOBER)
    assert any("Ward B, 2021-10, rolling_12, current" in line and "between 0 and 3" in line for line in lines), lines
    assert not any("Ward A, 2021-10" in line for line in lines)


def test_what_two_packs_withhold_is_told_once() -> None:
    rows = row("", 43, 60), row("A", None, None), row("B", None, None), row("C", 40, 40)
    before = rows[1:3]
    assert found(*rows, before=before) == found(*rows)
    assert len(found(*rows)) == 2


def test_a_month_that_a_pack_before_withheld_is_no_fault_of_the_next() -> None:
    """None in the twelve months to September, three in those to November and none in November: three in October."""
    now = [row("A", 3, 20), row("A", 0, 0, window="month")]
    october = row("A", None, None, window="month", period="2021-10")
    assert found(*now, before=(october, row("A", 0, 20, period="2021-09"))) == []


def test_a_true_zero_tells_of_no_one() -> None:
    assert found(row("", 60, 60), row("A", 0, 0), row("A", None, None, window="month"), row("B", 50, 50)) == []


def pack(folder: Path, rows: list[dict[str, str]]) -> Path:
    folder.mkdir(parents=True)
    with (folder / "summary.csv").open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return folder


SAFE = [row("", 60, 60), row("A", None, None), row("B", None, None), row("C", 40, 40)]


def test_a_safe_pack_passes(tmp_path: Path) -> None:
    assert audit_pack(pack(tmp_path / "2021-11", SAFE), [], "board", SETTINGS) == []


@pytest.mark.parametrize("column", ["pct_change", "p_value", "signal"])
def test_anything_left_in_a_withheld_row_is_found(tmp_path: Path, column: str) -> None:
    rows = [*SAFE[:1], {**SAFE[1], column: "1.5"}, *SAFE[2:]]
    assert any(column in line for line in audit_pack(pack(tmp_path / "2021-11", rows), [], "board", SETTINGS))


def test_a_withheld_ward_with_a_figure_in_a_page_is_found(tmp_path: Path) -> None:
    folder = pack(tmp_path / "2021-11", SAFE)
    caption = "<caption>Hate crime by ward, twelve months to November 2021</caption>"
    line = "<tr><th scope='row'>Ward A</th><td>{}</td></tr>"
    (folder / "hate_crime.html").write_text(f"<table>{caption}{line.format('suppressed')}</table>", encoding="utf-8")
    assert audit_pack(folder, [], "board", SETTINGS) == []
    (folder / "hate_crime.html").write_text(f"<table>{caption}{line.format('3')}</table>", encoding="utf-8")
    assert [
        "hate_crime.html" in fault and "Ward A" in fault for fault in audit_pack(folder, [], "board", SETTINGS)
    ] == [True]


def test_a_withheld_ward_with_a_figure_in_a_chart_is_found(tmp_path: Path) -> None:
    folder = pack(tmp_path / "2021-11", SAFE)
    chart = {
        "title": "Hate crime by ward",
        "spec": {"data": [{"code": "A", "current": 3}, {"code": "C", "current": 40}]},
    }
    outputs = [{"data": {"application/vnd.crimelib.chart+json": chart}}]
    (folder / "04.ipynb").write_text(json.dumps({"cells": [{"outputs": outputs}]}), encoding="utf-8")
    assert len(audit_pack(folder, [], "board", SETTINGS)) == 1


def test_a_withheld_row_with_a_figure_in_another_csv_is_found(tmp_path: Path) -> None:
    folder = pack(tmp_path / "2021-11", SAFE)
    (pack(tmp_path / "other", [row("A", 3, 20)]) / "summary.csv").rename(folder / "wards.csv")
    assert "wards.csv: hate_crime, Ward A" in audit_pack(folder, [], "board", SETTINGS)[0]


def published_before(folder: Path, *files: tuple[str, str]) -> list[str]:
    """What a pack whose predecessor has further files gives away."""
    rows = [row("", 60, 60), *(row(ward, None, None) for ward in "ABC")]
    earlier = pack(folder / "2021-10", [{**each, "period": "2021-10"} for each in rows])
    for name, text in files:
        (earlier / name).write_text(text, encoding="utf-8")
    now = [row("", 60, 60), row("A", None, None), row("B", None, None), row("C", 40, 40)]
    months = [row("", 0, 0, window="month"), *(row(ward, None, None, window="month") for ward in "ABC")]
    return audit_pack(pack(folder / "2021-11", [*now, *months]), [earlier], "board", SETTINGS)


CAPTION = "Hate crime by ward, twelve months to October 2021"
TOLD = {
    "a page's table": ("hate_crime.html", f"<table><caption>{CAPTION}</caption><thead><tr><th>Ward</th><th>Current</th>"
                       "<th>Previous</th></tr></thead><tr><th>Ward A</th><td>18</td><td>17</td></tr></table>"),
    "a sentence": ("hate_crime.html", "<p>Hate crime (Ward A): 18 recorded offences in the twelve months to October "
                   "2021, against 17 in the twelve months before.</p>"),
    "a chart": ("04.ipynb", json.dumps({"title": CAPTION, "data": [{"ward": "A", "current": 18, "previous": 17}]})),
    "another table": ("wards.csv", "measure,breakdown_label,window,current,previous\n"
                      "hate_crime,Ward A,rolling_12,18,17\n"),
}  # fmt: skip


@pytest.mark.parametrize("place", TOLD)
def test_what_any_file_of_a_predecessor_says_is_known(tmp_path: Path, place: str) -> None:
    """None in November of either year, so the twelve months to October are those to November: A's 18 then and the 40
    of C now leave two of 60 for B."""
    assert published_before(tmp_path / "quiet") == []
    lines = published_before(tmp_path / "told", TOLD[place])
    assert any("Ward B, 2021-11, rolling_12, current" in line and "between 0 and 2" in line for line in lines), lines
    assert any("Ward B, 2021-11, rolling_12, previous" in line and "between 0 and 3" in line for line in lines), lines


def test_earlier_packs_are_those_that_the_readers_have_and_not_the_one_in_hand(tmp_path: Path) -> None:
    for name in ("2021-10", "2021-11", "2021-10-public", "2021-11-public"):
        pack(tmp_path / name, [row("A", 30, 30, period=name[:7], area_name=name)])

    def packs(audience: str) -> dict[str, list[str]]:
        found = earlier_packs(tmp_path, "2021-11", audience, SETTINGS.disclosure)
        return {reader: list(rows["area_name"]) for reader, rows in found.items()}

    board = ["2021-10-public", "2021-11-public", "2021-10"]
    assert packs("board") == {"board": board}
    assert packs("public") == {"public": ["2021-10-public"], "board": board, "partner": board[:2]}
    none = earlier_packs(tmp_path / "none", "2021-11", "public", SETTINGS.disclosure)
    assert all(rows.empty for rows in none.values())
