"""Charts: what a specification draws, and what it must never draw."""

from __future__ import annotations

import json
import re
import xml.etree.ElementTree as ET
from itertools import combinations
from pathlib import Path

import nbformat
import numpy as np
import pandas as pd
import pytest

from crimelib.board import charts, theme
from crimelib.board.charts import drawing, timeline
from crimelib.board.charts.rows import _ratio_domain

ROOT = Path(__file__).parents[3]
SECRET = 48713
HOSTILE = "</svg><script>alert(1)</script>\"]+alert(2)+datum['x'] {{7*7}}"
SVG = "{http://www.w3.org/2000/svg}"


def months(start: str, number: int) -> list[str]:
    return [str(month) for month in pd.period_range(start, periods=number, freq="M")]


def monthly(*counts: float | None, start: str = "2021-01") -> pd.DataFrame:
    return pd.DataFrame({"month": months(start, len(counts)), "count": counts})


def trend(frame: pd.DataFrame, **options: object) -> charts.Chart:
    return charts.trend_chart(frame, title="Burglary", unit="Offences a month", finding="It fell.", **options)


def rows() -> pd.DataFrame:
    columns = ["label", "current", "previous", "pct_change", "ratio_low", "ratio_high", "signal", "status"]
    frame = pd.DataFrame(
        [
            ("Burglary", 749.0, 640.0, 17.0, 1.05, 1.30, "increase", "ok"),
            ("Gun crime", 0.0, 4.0, -100.0, np.nan, np.nan, "no_clear_change", "ok"),
            ("Rape", SECRET, SECRET, 0.0, 0.98, 1.02, "no_clear_change", "suppressed"),
            ("ASB", np.nan, np.nan, np.nan, np.nan, np.nan, "", "no_data"),
        ],
        columns=columns,
    )
    return frame.assign(item="x", measure="m", breakdown_value=["E05000106", "E05000107", "E05000108", "E05000109"])


def layout() -> pd.DataFrame:
    return pd.read_csv(ROOT / "parameters" / "ward_tiles.csv")


def long_monthly(name: str) -> pd.DataFrame:
    shown = monthly(5, 6, None, 8).assign(**{name: "A"})
    hidden = monthly(SECRET, SECRET, SECRET, SECRET).assign(**{name: "B", "status": "suppressed"})
    return pd.concat([shown, hidden], ignore_index=True)


def perceptions() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "label": ["Good job", "Trust"],
            "proportion": [0.49, SECRET],
            "low": [0.44, SECRET],
            "high": [0.54, SECRET],
            "london": [0.47, 0.6],
            "status": ["ok", "suppressed"],
        }
    )


def waves() -> pd.DataFrame:
    """Nine quarters of which one is not there."""
    quarters = pd.period_range("2019Q4", periods=9, freq="Q").asfreq("M", "end").delete(3)
    shares = np.linspace(0.6, 0.4, len(quarters))
    return pd.DataFrame(
        {"month": quarters, "proportion": shares, "low": shares - 0.05, "high": shares + 0.05, "london": 0.5}
    )


def funnel_rows() -> pd.DataFrame:
    limits = {"lower_95": 0.5, "upper_95": 1.5, "lower_998": 0.3, "upper_998": 1.9}
    wards = {"label": ["A", "B", "C"], "expected": [10.0, 20.0, 30.0], "ratio": [1.0, 1.8, SECRET]}
    return pd.DataFrame(wards).assign(**limits, measure="m", status=["ok", "ok", "suppressed"])


def with_a_gap(rows: pd.DataFrame) -> pd.DataFrame:
    """Rows of which February 2021 looks short of data."""
    return rows.assign(short=rows["month"].astype(str) == "2021-02")


SAID = {"title": "A title", "unit": "Offences", "finding": "The finding."}
DRAWN = {
    "trend": lambda: charts.trend_chart(
        monthly(*range(5, 30)),
        **SAID,
        limits={"centre": 12, "lower": 6, "upper": 20},
        events=pd.DataFrame(
            {"label": ["Covid", "Team"], "start": ["2021-03-23", "2021-09"], "end": ["2021-07-19", None]}
        ),
        breaks={"2022-01": "new rules"},
        provisional_from="2022-12",
    ),
    "gaps": lambda: charts.trend_chart(with_a_gap(monthly(*range(5, 30))), **SAID),
    "windows": lambda: charts.windows_chart(rows(), **SAID),
    "forest": lambda: charts.change_forest(rows(), **SAID),
    "stacked": lambda: charts.stacked_parts_chart(
        long_monthly("part"),
        **SAID,
        events=pd.DataFrame({"label": ["Covid"], "start": ["2021-03-23"], "end": ["2021-07-19"]}),
        breaks={"2021-02": "new rules"},
    ),
    "heat": lambda: charts.heat_map(pd.DataFrame({"Mon": [0, 5], "Tue": [7, 12]}, ["00 to 12", "12 to 24"]), **SAID),
    "multiples": lambda: charts.small_multiples(long_monthly("strand"), "strand", **SAID),
    "multiples with gaps": lambda: charts.small_multiples(with_a_gap(long_monthly("strand")), "strand", **SAID),
    "wards": lambda: charts.ward_ranked_chart(rows(), **SAID),
    "tiles": lambda: charts.tile_map(rows(), layout(), **SAID),
    "funnel": lambda: charts.funnel_chart(funnel_rows(), **SAID),
    "proportions": lambda: charts.proportion_trend(
        waves(), **SAID, events=pd.DataFrame({"label": ["Contacts checked"], "start": ["2021-01-04"], "end": [None]})
    ),
    "perception": lambda: charts.perception_chart(perceptions(), **SAID),
    "index": lambda: charts.index_chart(
        with_a_gap(long_monthly("series")).rename(columns={"count": "value"}).query("series == 'A'"), **SAID
    ),
}


@pytest.fixture(scope="module")
def drawn() -> dict[str, charts.Chart]:
    return {name: draw() for name, draw in DRAWN.items()}


@pytest.fixture(scope="module")
def pictures(drawn) -> dict[tuple[str, bool], str]:
    return {(name, narrow): chart.svg(narrow=narrow) for name, chart in drawn.items() for narrow in (False, True)}


def layers(spec: dict) -> list[dict]:
    inner = [layer for part in spec.get("concat", []) for layer in layers(part)]
    return spec.get("layer", []) + inner


def line_layers(chart: charts.Chart) -> list[dict]:
    return [layer for layer in layers(chart.spec) if layer["mark"]["type"] == "line"]


def strings_under(value: object, keys: set[str]) -> list[object]:
    """Everything that stands under any of the keys, at any depth."""
    if isinstance(value, dict):
        own = [part for key, part in value.items() if key in keys]
        return own + [found for part in value.values() for found in strings_under(part, keys)]
    return [found for part in value for found in strings_under(part, keys)] if isinstance(value, list) else []


# Every chart


@pytest.mark.parametrize("name", DRAWN)
def test_altair_accepts_the_specification(name, drawn):
    import altair

    assert altair.Chart.from_dict(drawn[name].spec).to_dict(validate=False)["title"]["text"] == ["A title"]


@pytest.mark.parametrize("name", DRAWN)
def test_suppressed_figures_travel_nowhere(name, drawn, pictures):
    chart = drawn[name]
    told = json.dumps(chart.payload()) + pictures[name, False] + chart.data.to_csv()
    assert str(SECRET) not in told.replace(",", "")


@pytest.mark.parametrize("name", DRAWN)
def test_svg_is_named_described_and_scales(name, pictures):
    root = ET.fromstring(pictures[name, False])
    title, description = root.find(f"{SVG}title"), root.find(f"{SVG}desc")
    assert (title.text, description.text) == ("A title", "A title. The finding.")
    assert [part.get("role") for part in root.iter() if part.get("role")] == ["img"]
    assert root.get("aria-labelledby").split() == [title.get("id"), description.get("id")]
    assert root.get("viewBox")
    assert "max-width:100%" in root.get("style")
    assert "http" not in re.sub(r'xmlns(:\w+)?="[^"]*"', "", pictures[name, False])


@pytest.mark.parametrize("name", DRAWN)
@pytest.mark.parametrize("narrow", [False, True])
def test_pictures_keep_to_their_width(name, narrow, pictures):
    width = float(ET.fromstring(pictures[name, narrow]).get("width"))
    assert width <= (theme.NARROW if narrow else theme.WIDE) + 6


def test_ids_differ_between_charts_so_that_both_can_stand_on_a_page(pictures):
    ids = [set(re.findall(r'\bid="([^"]+)"', svg)) for svg in pictures.values()]
    assert not any(one & other for one, other in combinations(ids, 2))


def test_hostile_names_are_data_only():
    frame = rows().assign(label=HOSTILE)
    chart = charts.ward_ranked_chart(frame, title=HOSTILE, unit=HOSTILE, finding=HOSTILE)
    assert not strings_under(chart.spec, {"expr", "signal", "calculate", "labelExpr", "test", "filter", "href", "url"})
    svg = chart.svg()
    assert "<script" not in svg
    assert ET.fromstring(svg).find(f"{SVG}title").text == HOSTILE


# Lines over time


def test_no_line_is_drawn_through_a_gap():
    chart = trend(monthly(5, 6, None, 8, 9))
    (line,) = line_layers(chart)
    drawn = [(row["value"], row["segment"]) for row in line["data"]["values"]]
    assert [value for value, _ in drawn] == [5, 6, 8, 9]
    assert len({segment for value, segment in drawn if value in (6, 8)}) == 2
    assert line["encoding"]["detail"]["field"] == "segment"


def test_a_chart_of_nothing_is_refused():
    with pytest.raises(ValueError, match="no months to draw"):
        trend(monthly())


def test_a_month_given_twice_is_refused() -> None:
    twice = pd.DataFrame({"month": ["2021-10", "2021-11", "2021-11"], "count": [1.0, 2.0, 3.0]})
    with pytest.raises(ValueError, match="a month is given twice"):
        charts.trend_chart(twice, title="t", unit="u", finding="f")


def test_a_month_absent_from_the_rows_is_a_gap_too():
    (line,) = line_layers(trend(monthly(5, 6, 7, 8).drop(index=2)))
    assert len({row["segment"] for row in line["data"]["values"]}) == 2


def test_no_line_is_drawn_through_a_break():
    (line,) = line_layers(trend(monthly(5, 6, 7, 8), breaks=["2021-03"]))
    assert [row["segment"] for row in line["data"]["values"]] == [0, 0, 1, 1]


def test_missing_is_not_zero_and_zero_is_drawn():
    chart = trend(monthly(0, None, 0))
    assert chart.data["count"].isna().tolist() == [False, True, False]
    assert all(row["value"] == 0 for layer in line_layers(chart) for row in layer["data"]["values"])


def test_what_a_trend_draws_beside_its_months_can_be_taken_away():
    limits = {"centre": 6.0, "lower": 2.5, "upper": 9.123456}
    taken = trend(monthly(5, None, 7), limits=limits, provisional_from="2021-03").data
    assert taken.columns.tolist() == ["month", "count", "provisional", "centre", "lower_limit", "upper_limit"]
    assert taken["provisional"].tolist() == [False, False, True]
    assert taken[["lower_limit", "upper_limit"]].drop_duplicates().values.tolist() == [[2.5, 9.12]]


def key_of(chart: charts.Chart) -> str:
    """What stands under a chart's title."""
    return " ".join(chart.spec["title"]["subtitle"]).replace("\xa0", " ")


def test_a_small_multiple_rings_a_suspected_gap_and_names_it_once(drawn):
    spec = drawn["multiples with gaps"].spec
    rings = [layer for layer in layers(spec) if layer["mark"].get("strokeDash") == [3, 2]]
    assert rings
    assert all(len(layer["data"]["values"]) == 1 for layer in rings)
    assert key_of(drawn["multiples with gaps"]).count("suspected gap, Feb 2021") == 1
    assert "suspected gap" not in key_of(drawn["multiples"])


def test_a_small_multiple_of_a_series_that_ended_early_has_its_last_figure():
    rows = pd.concat([monthly(*range(1, 21)).assign(part="A"), monthly(3, 4, *[None] * 18).assign(part="B")])
    chart = charts.small_multiples(rows, "part", **SAID)
    names = [row["name"] for layer in layers(chart.spec) for row in layer["data"]["values"] if "name" in row]
    assert names == ["20", "4"]


def test_each_small_multiple_has_provisional_months_of_its_own():
    rows = pd.concat([monthly(5, 6, 7).assign(part=part) for part in "AB"])
    chart = charts.small_multiples(rows, "part", **SAID, provisional_from={"A": pd.Period("2021-03", "M"), "B": None})
    hollow = [layer for layer in layers(chart.spec) if layer["mark"].get("fill") == theme.BACKGROUND]
    assert [row["value"] for layer in hollow for row in layer["data"]["values"]] == [7]


def test_a_total_that_holds_a_suspected_gap_is_dashed_and_named():
    totals = pd.DataFrame({"month": monthly(*range(6))["month"], "value": [100.0, 98, 70, 72, 74, 99], "series": "A"})
    chart = charts.index_chart(totals.assign(short=[False, False, True, True, True, False]), **SAID)
    lines = {tuple(layer["mark"].get("strokeDash", ())): layer["data"]["values"] for layer in line_layers(chart)}
    assert [row["value"] for row in lines[(3, 3)]] == [98, 70, 72, 74, 99]
    assert {
        row["value"]
        for values in [layer["data"]["values"] for layer in line_layers(chart) if "strokeDash" not in layer["mark"]]
        for row in values
    } == {100, 98, 99}
    assert "twelve months with a suspected gap" in key_of(chart)
    assert "suspected gap" not in key_of(charts.index_chart(totals, **SAID))


def test_a_stack_marks_a_suspected_gap():
    rows = with_a_gap(pd.concat([monthly(5, 6, 7).assign(part=part) for part in "AB"]))
    chart = charts.stacked_parts_chart(rows, **SAID)
    marked = [row for layer in layers(chart.spec) for row in layer["data"]["values"] if row.get("name") == "◌"]
    assert len(marked) == 1
    assert "suspected gap, Feb 2021" in key_of(chart)


def test_provisional_months_are_dashed_and_hollow():
    chart = trend(monthly(5, 6, 7, 8), provisional_from="2021-03")
    dashed = [layer for layer in line_layers(chart) if "strokeDash" in layer["mark"]]
    assert [[row["value"] for row in layer["data"]["values"]] for layer in dashed] == [[6, 7, 8]]
    hollow = [layer for layer in layers(chart.spec) if layer["mark"].get("fill") == theme.BACKGROUND]
    assert [row["value"] for row in hollow[0]["data"]["values"]] == [7, 8]


def test_a_provisional_month_does_not_join_over_a_gap():
    chart = trend(monthly(5, 6, None, 8), provisional_from="2021-04")
    dashed = [layer for layer in line_layers(chart) if "strokeDash" in layer["mark"]]
    assert len({row["segment"] for row in dashed[0]["data"]["values"]}) == 2


def test_count_axes_start_from_zero(drawn):
    for name in ("trend", "stacked", "multiples"):
        scales = [layer["encoding"]["y"].get("scale") for layer in layers(drawn[name].spec)]
        assert {scale["domain"][0] for scale in scales if scale} == {0}


def test_months_outside_the_limits_are_ringed_and_named():
    chart = trend(monthly(5, 6, 20, 6, 5), limits={"centre": 6, "lower": 2, "upper": 10})
    names = [row.get("name") for layer in layers(chart.spec) for row in layer["data"]["values"]]
    assert "20 in Mar 2021" in names


def test_events_outside_the_months_are_not_drawn():
    events = pd.DataFrame({"label": ["Before", "Within"], "start": ["2019-01-01", "2021-02-10"], "end": [None, None]})
    labels = [
        row.get("label")
        for layer in layers(trend(monthly(1, 2, 3), events=events).spec)
        for row in layer["data"]["values"]
    ]
    assert "Within" in labels
    assert "Before" not in labels


def test_event_labels_never_touch_and_no_rule_crosses_one():
    events = pd.DataFrame(
        {"label": [f"Event number {n}" for n in range(6)], "start": months("2021-01", 6), "end": None}
    )
    first, last = timeline._day("2021-01-01"), timeline._day("2022-01-01")
    placed = timeline.in_lanes(timeline.event_rows(events, (), first, last), first, last, 500)
    for one, other in combinations(placed, 2):
        assert one["lane"] != other["lane"] or not timeline._touching(one, other)
        low, high = sorted((one, other), key=lambda mark: mark["lane"])
        assert low["lane"] == high["lane"] or not low["left"] < high["at"] < low["right"] or low["align"] == "right"


def test_a_long_label_near_the_end_is_cut_and_no_rule_crosses_another():
    """Hate crime in Croydon, November 2025."""
    started = {"Attack of 7 October, war in Gaza": "2023-10-07", "Met moves to CONNECT": "2024-02-28",
               "Disorder after the Southport murders": "2024-07-30"}  # fmt: skip
    events = pd.DataFrame({"label": started.keys(), "start": started.values(), "end": None})
    first, last = timeline._day("2021-08-01"), timeline._day("2025-12-01")
    marks = timeline.event_rows(events, {"2024-03": "the system changed, and figures do not compare"}, first, last)
    for width in (550, 210):
        placed = timeline.in_lanes(marks, first, last, width)
        assert timeline._crossings(placed) == 0
        assert max(mark["right"] for mark in placed) <= width + timeline._BESIDE_PLOT


def test_a_long_entry_of_a_key_is_broken_where_a_line_has_no_room_for_it():
    long = "▒ Work from home guidance, Plan B and some more words, Dec 2021 to Jan 2022"
    lines = drawing._NARROW.key([long, "│ Team starts"])
    assert max(map(len, lines)) <= drawing._NARROW._room(theme.TEXT_SIZE)


def test_end_labels_stand_clear_of_each_other():
    centres = timeline._spread([100, 101, 102], [2, 1, 3], 260)
    tops = [centre - lines * 8 for centre, lines in zip(centres, [2, 1, 3], strict=True)]
    bottoms = [centre + lines * 8 for centre, lines in zip(centres, [2, 1, 3], strict=True)]
    assert all(bottom < top for bottom, top in zip(bottoms[:-1], tops[1:], strict=True))


def test_a_stack_without_one_of_its_parts_is_left_out():
    parts = pd.concat([monthly(5, 6, 7).assign(part="A"), monthly(1, None, 2).assign(part="B")])
    chart = charts.stacked_parts_chart(parts, **SAID)
    bars = [layer for layer in layers(chart.spec) if layer["mark"]["type"] == "rect"]
    assert [len(layer["data"]["values"]) for layer in bars] == [2, 2]
    assert "February 2021" not in json.dumps(bars)


def test_a_stack_that_ends_before_its_axis_says_in_which_month():
    parts = pd.concat([monthly(5, 6, 7).assign(part="A"), monthly(1, 2, None).assign(part="B")])
    assert "in Feb 2021" in json.dumps(charts.stacked_parts_chart(parts, **SAID).spec)
    whole = pd.concat([monthly(5, 6).assign(part="A"), monthly(1, 2).assign(part="B")])
    assert "in Feb 2021" not in json.dumps(charts.stacked_parts_chart(whole, **SAID).spec)


def test_a_stack_marks_its_events_and_breaks(drawn):
    words = json.dumps(drawn["stacked"].spec)
    assert "Covid" in words
    assert "new rules" in words


def test_panels_and_indices_draw_events_and_name_each_once():
    events = pd.DataFrame(
        [("Team starts", "2021-03-01", None), ("Lockdown", "2021-01-05", "2021-02-28")],
        columns=["label", "start", "end"],
    )
    long = pd.concat([monthly(5, 6, 7, 8).assign(part=name) for name in ("A", "B", "C")])
    panels = charts.small_multiples(long, "part", **SAID, events=events, breaks={"B": ["2021-04"]})
    for spec in (panels.spec, panels.narrow_spec):
        words = " ".join(spec["title"]["subtitle"]).replace("\xa0", " ")
        assert words.count("│ Team starts, Mar 2021") == words.count("▒ Lockdown, Jan 2021 to Feb 2021") == 1
        assert words.count("┆ Apr 2021: counted anew") == 1
        rules = [[layer for layer in panel["layer"] if layer["mark"]["type"] == "rule"] for panel in spec["concat"]]
        assert [len(each) for each in rules] == [1, 2, 1]
    series = long.rename(columns={"part": "series", "count": "value"})
    index = json.dumps(charts.index_chart(series, **SAID, events=events).spec)
    assert "Team starts" in index
    assert "Lockdown" in index


def test_every_cell_of_a_heat_map_has_its_figure_in_ink_that_reads(drawn, pictures):
    for narrow in (False, True):
        texts = re.findall(r">([^<>]+)</text>", pictures["heat", narrow])
        assert {"0", "5", "7", "12", "Mon", "Tue", "00 to 12", "12 to 24"} <= set(texts)
    values = next(layer for layer in layers(drawn["heat"].spec) if layer["mark"]["type"] == "text")["data"]["values"]
    assert {value["ink"] for value in values} == {theme.INK, theme.BACKGROUND}


# Rows and places


def test_a_suppressed_ward_is_a_word_and_a_true_zero_is_not():
    chart = charts.ward_ranked_chart(rows(), **SAID)
    texts = re.findall(r">([^<>]+)</text>", chart.svg())
    assert {"suppressed", "no data", "0 (was 4)", "749 (was 640)"} <= set(texts)
    bars = [layer for layer in layers(chart.spec) if layer["mark"]["type"] == "rule"]
    assert [len(layer["data"]["values"]) for layer in bars] == [1]


def test_forest_labels_give_both_counts_and_the_change():
    assert "640 → 749 (+109, +17%)" in charts.change_forest(rows(), **SAID).svg()


def test_forest_axis_is_even_about_no_change():
    low, high = _ratio_domain(ratios := pd.Series([0.5, 1.1]), ratios)
    assert low == pytest.approx(1 / high)
    assert low < 0.5


def test_tiles_without_a_figure_are_empty_and_say_why():
    chart = charts.tile_map(rows(), layout(), **SAID)
    tiles = {row["figure"]: row["fill"] for layer in layers(chart.spec)[:1] for row in layer["data"]["values"]}
    assert tiles["suppressed"] == tiles["no data"] == theme.BACKGROUND
    assert tiles["0"] == theme.SEQUENTIAL[0]
    assert tiles["749"] == theme.SEQUENTIAL[-1]


@pytest.mark.parametrize("first", ["E050001", "E0501"])
def test_every_ward_of_both_boundary_sets_has_its_own_tile(first):
    wards = layout()[lambda frame: frame["code"].str.startswith(first)]
    assert wards["code"].nunique() == 22
    assert not wards.duplicated(["row", "col"]).any()
    place = wards.set_index("name")[["row", "col"]]
    assert place.loc["Biggin Hill", "row"] > place.loc["Bromley Town", "row"]
    assert place.loc["Orpington", "col"] > place.loc["Clock House", "col"]


def test_funnel_names_only_wards_outside_the_limits(pictures):
    texts = re.findall(r">([^<>]+)</text>", pictures["funnel", False])
    assert "B" in texts
    assert "A" not in texts


# The palette


def luminance(colour: str) -> float:
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def test_colours_meet_wcag_contrast_on_their_background():
    assert all(
        contrast(colour, theme.BACKGROUND) >= 4.5 for colour in (theme.INK, theme.MUTED, theme.CURRENT, theme.ACCENT)
    )
    assert all(
        contrast(colour, theme.BACKGROUND) >= 3 for colour in (*theme.SERIES, theme.PREVIOUS, theme.BAR, theme.RULE)
    )


def test_the_sequential_scale_darkens_steadily_and_carries_its_text():
    lightness = [luminance(colour) for colour in theme.SEQUENTIAL]
    assert lightness == sorted(lightness, reverse=True)
    assert all(contrast(theme.INK, colour) >= 4.5 for colour in theme.SEQUENTIAL[:3])
    assert all(contrast(theme.BACKGROUND, colour) >= 4.5 for colour in theme.SEQUENTIAL[3:])


# Notebooks


def test_a_chart_survives_papermill_and_nbformat(tmp_path):
    import nbformat
    import papermill

    source = (
        "import pandas as pd\n"
        "from crimelib.board.charts import trend_chart\n"
        "rows = pd.DataFrame({'month': ['2021-01', '2021-02'], 'count': [4, 5]})\n"
        "trend_chart(rows, title='T', unit='u', finding='f.')"
    )
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source)])
    notebook.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
    nbformat.write(notebook, tmp_path / "in.ipynb")
    papermill.execute_notebook(tmp_path / "in.ipynb", tmp_path / "out.ipynb", progress_bar=False, cwd=ROOT)
    executed = nbformat.read(tmp_path / "out.ipynb", as_version=4)
    nbformat.validate(executed)
    bundle = executed.cells[0].outputs[0].data
    assert bundle["text/plain"] == "T. f."
    assert bundle["image/svg+xml"].startswith("<svg")
    assert bundle[charts.CHART_TYPE]["alt"] == "T. f."


# --- proportions over time ---------------------------------------------------------------------------------------


def test_only_waves_a_year_apart_have_points(drawn) -> None:
    marks = [layer for layer in layers(drawn["proportions"].spec) if layer["mark"]["type"] == "point"]
    (points,) = [layer for layer in marks if layer["mark"]["opacity"]]
    assert [row["label"] for row in points["data"]["values"]] == [
        "twelve months to December 2019",
        "twelve months to December 2020",
        "twelve months to December 2021",
    ]


def test_proportions_stand_on_a_whole_axis_with_their_band(drawn) -> None:
    chart = drawn["proportions"]
    (band,) = [layer for layer in layers(chart.spec) if layer["mark"]["type"] == "area"]
    assert band["encoding"]["y"]["scale"]["domain"] == [0, 1.0]
    assert band["encoding"]["y"]["axis"]["format"] == ".0%"
    assert len({row["segment"] for row in band["data"]["values"]}) == 2
    assert list(chart.data.columns) == ["month", "proportion", "low", "high", "london"]


def test_no_waves_are_refused() -> None:
    with pytest.raises(ValueError, match="no waves to draw"):
        charts.proportion_trend(waves().iloc[:0], **SAID)


def test_a_picture_does_not_depend_on_what_was_drawn_before():
    chart, other = charts.change_forest(rows(), **SAID), charts.change_forest(rows(), **{**SAID, "title": "Another"})
    first = chart.svg()
    other.svg()
    drawing._drawn.cache_clear()
    assert chart.svg() == first


def test_pictures_left_to_the_run_are_those_a_kernel_would_have_drawn(monkeypatch):
    chart = charts.change_forest(rows(), **SAID)
    whole = chart._repr_mimebundle_()
    monkeypatch.setenv(drawing.PICTURES_LATER, "1")
    left = chart._repr_mimebundle_()
    assert drawing.PICTURE_TYPE not in left
    output = nbformat.v4.new_output("display_data", json.loads(json.dumps(left)))
    drawing.add_pictures(nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(outputs=[output])]))
    assert output.data == whole


def texts(chart: charts.Chart) -> set[str]:
    return {str(row.get("label", row.get("name", ""))) for part in values(chart.spec) for row in part}


def values(part: object) -> list[list[dict]]:
    """The data of every layer of a specification, at any depth."""
    if isinstance(part, dict):
        own = [part["values"]] if isinstance(part.get("values"), list) and part["values"] else []
        own = [each for each in own if all(isinstance(row, dict) for row in each)]
        return own + [each for inner in part.values() for each in values(inner)]
    return [each for inner in part for each in values(inner)] if isinstance(part, list) else []


def test_a_break_with_a_long_reason_is_named_whole_and_short() -> None:
    reason = "The Metropolitan Police moved from CRIS to CONNECT on 28 February 2024; hate crime does not compare"
    drawn = texts(trend(monthly(*range(10, 40), start="2022-01"), breaks={"2024-03": reason}))
    assert "counted anew" in drawn
    assert not any("…" in text for text in drawn)


def test_a_last_figure_long_before_the_end_is_named_at_its_point() -> None:
    frame = monthly(*range(10, 22), *[None] * 9, start="2022-01")
    (row,) = [row for part in values(trend(frame).spec) for row in part if row.get("name") == "21\nin Dec 2022"]
    assert row["at"] == timeline.instant(pd.Period("2022-12", freq="M"))


def test_panels_of_a_row_stand_level_whatever_their_names_take() -> None:
    frames = [
        monthly(1, 2, 3).assign(part=name) for name in ("Rape", "Lethal-barrelled gun fired in a public place" * 2)
    ]
    chart = charts.small_multiples(pd.concat(frames), "part", title="T", unit="a month", finding="F.")
    assert chart.spec["bounds"] == "flush"
    assert chart.spec["spacing"]["row"] >= 44 + 2 * 16


def test_two_breaks_of_a_month_stand_once_in_the_key() -> None:
    moment = {"kind": "break", "start": 1_491_004_800_000, "end": None}
    key = timeline.mark_key([{**moment, "label": "sheds taken in"}, {**moment, "label": "sheds gone over"}])
    assert key == ("┆ Apr 2017: counted anew",)


@pytest.mark.parametrize("installed", ["DejaVu Sans Mono", "Liberation Serif"])
def test_a_picture_is_the_same_whatever_faces_a_machine_has(installed):
    def drawn(face: str) -> str:
        values = [{"place": f"Ward of {name} and the North", "count": 4} for name in ("Illin", "Wooomm")]
        encoding = {"y": {"field": "place", "type": "nominal"}, "x": {"field": "count", "type": "quantitative"}}
        spec = {"$schema": charts.SCHEMA, "data": {"values": values}, "mark": "bar", "encoding": encoding}
        svg = charts.draw_svg({**spec, "config": {"font": face}}, title="Wards", alt="Two wards.")
        return re.sub(r"c[0-9a-f]{10}-", "", svg).replace(face, "")

    assert drawn(installed) == drawn("No Such Face")
