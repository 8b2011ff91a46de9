"""Tables: figures and their absence in words, and markup a screen reader can follow."""

from __future__ import annotations

import xml.etree.ElementTree as ET

import numpy as np
import pandas as pd
import pytest

from crimelib.board import tables

HOSTILE = "<img src=x onerror=alert(1)>|[a](javascript:alert(2))"


def rows(**changes: object) -> pd.DataFrame:
    columns = ["label", "window", "current", "previous", "pct_change", "signal", "status", "note"]
    frame = pd.DataFrame(
        [
            ("Hate crime", "rolling_12", 1545, 1450, 6.6, "increase", "ok", ""),
            ("Gun crime", "rolling_12", 0, 4, -100.0, "no_clear_change", "ok", ""),
            ("Rape", "rolling_12", 3, 2, 50.0, "increase", "suppressed", "Small numbers."),
            ("ASB", "rolling_12", np.nan, np.nan, np.nan, "", "no_data", "No file."),
            ("Knife", "rolling_12", np.nan, np.nan, np.nan, "", "incomplete", ""),
        ],
        columns=columns,
    )
    return frame.assign(item="violence", measure=frame["label"], **changes)


def cells(table: tables.Table) -> dict[str, list[str]]:
    return {line[0].text: [cell.text for cell in line[1:]] for line in table.rows}


def parsed(table: tables.Table) -> ET.Element:
    return ET.fromstring(f"<div>{table.html()}</div>")


@pytest.mark.parametrize(
    ("pct", "text"),
    [(17.0, "+17%"), (-14.0, "−14%"), (0.0, "0%"), (-0.4, "−0.4%"), (1.5, "+2%"), (1234.5, "+1,235%"), (np.nan, "")],
)
def test_per_cents(pct, text):
    assert tables.percent_text(pct) == text


def test_a_change_gives_offences_and_per_cent():
    line = {"current": 606, "previous": 600, "pct_change": 1.0, "absent": ""}
    assert tables.change_text(line) == "+6 (+1%)"
    assert tables.from_to_text(line) == "600 → 606"


def test_proportions_change_in_points():
    line = {"current": 0.14, "previous": 0.18, "pct_change": -22.2, "absent": "", "unit": "proportion"}
    assert tables.from_to_text(line) == "18% → 14%"
    assert tables.change_text(line) == "−4 points"


def test_zero_suppressed_missing_and_incomplete_read_differently():
    shown = cells(tables.summary_table(rows(), caption="c"))
    assert [shown[name][0] for name in ("Gun crime", "Rape", "ASB", "Knife")] == [
        "0",
        "suppressed",
        "no data",
        "incomplete",
    ]


def test_a_suppressed_figure_is_in_no_form_of_the_table():
    table = tables.summary_table(rows(current=[1, 2, 48713, 4, 5], previous=[1, 2, 48713, 4, 5]), caption="c")
    told = str(table.payload()) + table.html() + table.markdown() + table.text()
    assert "48713" not in told.replace(",", "")


def test_signals_are_an_icon_and_words():
    table = tables.overview_matrix(rows(), caption="c")
    assert "▲</span> increase" in table.html()
    assert "1,545 (+7%) ▲ increase" in table.text()


def test_html_has_caption_unit_scopes_and_right_aligned_figures():
    root = parsed(tables.summary_table(rows(), caption="Offences & more", unit="offences"))
    caption = root.find(".//caption")
    assert (caption.text, caption.find("small").text) == ("Offences & more ", "offences")
    assert {cell.get("scope") for cell in root.findall(".//thead//th")} == {"col"}
    assert {cell.get("scope") for cell in root.findall(".//tbody//th")} == {"row"}
    assert all("num" in line.find("td").get("class") for line in root.findall(".//tbody/tr"))


def test_hostile_text_is_escaped_everywhere():
    table = tables.summary_table(rows(label=HOSTILE, note=HOSTILE), caption=HOSTILE, unit=HOSTILE, notes=[HOSTILE])
    assert "<img" not in table.html()
    assert parsed(table).find(".//caption").text == f"{HOSTILE} "
    assert "<img" not in table.markdown().replace("\\<", "")
    assert "[a](" not in table.markdown()


def test_each_note_is_said_once():
    table = tables.summary_table(rows(note="Provisional."), caption="c", notes=["First."])
    assert table.notes == ("First.", "Provisional.")


def test_matrix_has_a_line_per_measure_under_its_item_and_a_column_per_window():
    both = pd.concat([rows(), rows(window="month").head(1)])
    table = tables.overview_matrix(both, caption="c")
    assert table.columns == ("Measure", "Month", "Twelve months")
    assert [len(line) for line in table.rows] == [1, 3, 3, 3, 3, 3]
    assert cells(table)["Gun crime"] == ["–", "0 (−100%)"]


def test_an_icon_and_the_first_of_its_words_stay_on_one_line():
    frame = pd.DataFrame({"said": ["Burglary fell"], "verdict": ["✓ supported"], "why": ["5 - 3"]})
    markup = tables.plain_table(frame, caption="c").html()
    assert "<td>✓\u00a0supported</td><td>5 - 3</td>" in markup


def test_group_headings_span_the_table():
    heading = parsed(tables.overview_matrix(rows(), caption="c")).find(".//tbody//th")
    assert (heading.text, heading.get("colspan"), heading.get("scope")) == ("Violence", "2", "rowgroup")


def test_wards_are_ranked_with_those_without_a_figure_last():
    names = list(cells(tables.ward_table(rows(breakdown_label=rows()["label"]), caption="c")))
    assert names == ["Hate crime", "Gun crime", "ASB", "Knife", "Rape"]


def test_windows_are_named_in_words():
    table = tables.windows_table(rows(window=["month", "quarter", "ytd", "rolling_12", "month"]).head(4), caption="c")
    assert [line[0].text for line in table.rows] == ["Month", "Three months", "Financial year to date", "Twelve months"]


def test_plain_tables_keep_numbers_right_and_missing_in_words():
    table = tables.plain_table(pd.DataFrame({"Source": ["a", "b"], "Rows": [1200.0, None]}), caption="c")
    assert cells(table) == {"a": ["1,200"], "b": ["no data"]}
    assert table.numeric == {1}


def test_what_several_series_did_is_said_with_figures_and_no_withheld_one() -> None:
    said = "Hate crime 1,450 to 1,545 (+7%); Gun crime 4 to 0 (\u2212100%); Rape suppressed; ASB no data; "
    assert tables.changes_text(rows()) == f"{said}Knife incomplete."
    assert tables.changes_text(rows(status="not_comparable")[:1]) == "Hate crime 1,450 to 1,545."
    assert tables.changes_text(rows()[:0]) == ""
