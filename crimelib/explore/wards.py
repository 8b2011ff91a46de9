"""The wards explorer: a map, a ranking, a funnel and the months, linked: choosing a ward in one shows it in all."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from crimelib.board import theme
from crimelib.board.charts import SCHEMA, Spec
from crimelib.board.charts.drawing import tooltip
from crimelib.board.maps import GRID, fitted, rings_of, ward_boundaries
from crimelib.board.narrative import sentence
from crimelib.board.summary import Line, compared_rows, rounded
from crimelib.board.tables import change_text, count_text, signal_text
from crimelib.disclosure.protect import FIGURES
from crimelib.errors import InputError
from crimelib.explore.answers import Answer, Control, Exploration, Pick, area_options, measure_options, ward_options
from crimelib.explore.live import series_values
from crimelib.explore.surface import series_of
from crimelib.explore.trends import WINDOW_NAMES
from crimelib.explore.workspace import Named, Place, Workspace
from crimelib.measures.periods import month_label, parse_period
from crimelib.measures.rates import exposure
from crimelib.measures.series import series_in
from crimelib.settings import Area
from crimelib.stats.funnel import funnel, funnel_limits
from crimelib.views import WardsView

MAP, ROWS, FUNNEL, MONTHS = (320, 330), (190, 330), (315, 240), (315, 240)
FEWEST = 5
CHOSEN = {"param": "ward", "empty": True}
NAME = {"field": "name", "type": "nominal"}
Row = dict[str, Any]


def controls(workspace: Workspace, view: WardsView) -> Sequence[Control]:
    """The controls of the explorer for a view."""
    months = _months(workspace, view)[::-1]
    return (
        Control("measure", "Measure", "one", measure_options(workspace)),
        Control("area", "Area", "one", area_options(workspace)),
        Control("window", "Over", "one", tuple((label, name) for name, label in WINDOW_NAMES.items())),
        Control("period", "Up to", "one", (("The newest month", ""), *((month_label(m), str(m)) for m in months))),
        Control("ward", "Ward", "one", ward_options(workspace, view.area)),
    )


def answer(workspace: Workspace, view: WardsView) -> Answer:
    """The linked charts, what is said of the chosen ward (else of the most and the changed), and the ranked table."""
    named, area = workspace.measure(view.measure), workspace.place(view.area)
    period = _period(workspace, view)
    rows = ward_rows(workspace, named, area, period, view.window)
    if all(row["current"] is None for row in rows):
        none = f"No file at hand gives {named.measure.label.lower()} by ward in {area.name}."
        return Answer(None, (none,), (), code(view))
    chosen = workspace.place(view.area, view.ward).code if view.ward else ""
    said = told(rows, named, chosen)
    return Answer(
        _spec(workspace, view, named, area, period, rows, chosen),
        said,
        (("Wards, the highest count first", _table(rows, chosen)),),
        code(view),
    )


def ward_rows(workspace: Workspace, named: Named, area: Place, period: pd.Period, window: str) -> list[Row]:
    """A row a ward with the columns of ``summary.csv``, as counted, the highest first; signals as the board's (under
    false-discovery control over these wards)."""
    key = ("wards", named.path, area.code, period, window)
    return workspace.remembered(key, lambda: _ward_rows(workspace, named, area, period, window))


def _ward_rows(workspace: Workspace, named: Named, area: Place, period: pd.Period, window: str) -> list[Row]:
    data, options = workspace.data(area.area), workspace.histories(area.area, named.measure.figures)
    used = series_in(named.measure.figures)
    lines = [
        Line(named.item, named.name, "ward", ward.code, ward.name, ward.code, named.measure.breaks, options, used)
        for ward in data.wards
        if any(history.has_any([ward.code]) for history in options)
    ]
    if not lines:
        return []
    found = compared_rows(lines, workspace.settings, area.area, period, data.doubted, [window])
    rows = rounded(found.astype(dict.fromkeys(FIGURES, object))).to_dict("records")
    return sorted(rows, key=lambda row: -1 if row["current"] is None else row["current"], reverse=True)


def told(rows: list[Row], named: Named, chosen: str) -> tuple[str, ...]:
    """What is said of the chosen ward, or of the ward with most and of those that changed by more than chance."""
    if chosen:
        return tuple(
            str(sentence(row, named.measure, row["breakdown_label"]))
            for row in rows
            if row["breakdown_value"] == chosen
        )
    moved = [row for row in rows if row["signal"] in ("increase", "decrease")]
    none = "No ward changed by more than chance, so many wards taken into account."
    said = [str(sentence(row, named.measure, row["breakdown_label"])) for row in moved] or [none]
    first = rows[0]
    return (f"{first['breakdown_label']} has the most: {count_text(first['current'])} {named.measure.unit}.", *said)


def ward_picked(workspace: Workspace, view: WardsView, selection: object) -> list[str]:
    """What is said of the wards chosen in a chart."""
    codes = [each["code"] for each in (getattr(selection, "value", None) or []) if "code" in each]
    named, area = workspace.measure(view.measure), workspace.place(view.area)
    rows = ward_rows(workspace, named, area, _period(workspace, view), view.window)
    return [line for code in codes for line in told(rows, named, code)]


def code(view: WardsView) -> str:
    """The notebook cell that gives the same figures."""
    when = f", period={view.period!r}" if view.period else ""
    picked = f"[{view.ward!r}]" if view.ward else f"cl.list_wards({view.area!r})['name']"
    return "\n".join(
        [
            "import crimelib as cl",
            "",
            f"for ward in {picked}:",
            f"    chosen = cl.series({view.measure!r}, {view.area!r}, ward=ward)",
            f"    print(cl.compare(chosen, window={view.window!r}{when}))",
        ]
    )


def _spec(
    workspace: Workspace, view: WardsView, named: Named, area: Place, period: pd.Period, rows: list[Row], chosen: str
) -> Spec:
    values = [
        {"code": row["breakdown_value"], "name": row["breakdown_label"], "count": row["current"],
         "before": row["previous"], "change": _change(row)}
        for row in rows
    ]  # fmt: skip
    select = {"type": "point", "fields": ["code"], "toggle": False}
    views = ["map", "ranked", "funnel"]
    param = {"name": "ward", "select": select, "views": views, "value": [{"code": chosen}] if chosen else []}
    key = (named.path, area.code, period)
    months = workspace.remembered(("ward months", *key), lambda: _month_lines(workspace, named, area, rows, period))
    funnels = workspace.remembered(("funnel", *key, view.window), lambda: _funnel_panel(workspace, rows, period))
    below = [_months_panel(months, values, named), *funnels]
    title = f"{named.measure.label}, {area.name}: {WINDOW_NAMES[view.window].lower()} to {month_label(period)}"
    upper = {"hconcat": [_map_panel(workspace, values), _ranked_panel(values)], "spacing": 40}
    return {
        "$schema": SCHEMA,
        "title": {"text": title, "subtitle": "Click on a ward in any of them; click beside the marks to let it go"},
        "params": [param],
        "vconcat": [upper, {"hconcat": below, "spacing": 40}],
        "config": theme.config(),
    }


def _map_panel(workspace: Workspace, values: list[Spec]) -> Spec:
    codes = sorted(row["code"] for row in values)
    drawn = workspace.remembered(("map", *codes), lambda: _shapes(workspace, codes) or _tiles(workspace, codes))
    figures = {"data": {"values": values}, "key": "code", "fields": ["name", "count", "before", "change"]}
    count = {"field": "count", "type": "quantitative", "legend": None, "scale": {"range": list(theme.SEQUENTIAL)}}
    common = {
        "color": count,
        "tooltip": tooltip(Ward="name", Count="count", Before="before", Change="change"),
        "opacity": {"condition": {**CHOSEN, "value": 1}, "value": 0.35},
    }
    edge = {"condition": {"param": "ward", "empty": False, "value": theme.ACCENT}, "value": theme.BACKGROUND}
    encoding = {**drawn.get("encoding", {}), **common, "stroke": edge}
    return {"name": "map", **drawn, "transform": [{"lookup": "code", "from": figures}], "encoding": encoding}


def _tiles(workspace: Workspace, codes: list[str]) -> Spec:
    """A square a ward, where it lies as nearly as squares can."""
    tiles = {tile.code: tile for tile in workspace.settings.ward_tiles}
    laid = [{"code": code, "row": tiles[code].row, "col": tiles[code].col} for code in codes if code in tiles]
    if len(laid) < len(codes):
        laid = [{"code": code, "row": place // 5, "col": place % 5} for place, code in enumerate(codes)]
    places = {axis: {"field": field, "type": "ordinal", "axis": None} for axis, field in (("x", "col"), ("y", "row"))}
    return {
        "data": {"values": laid},
        "width": MAP[0],
        "height": MAP[1],
        "mark": {"type": "rect", "cursor": "pointer"},
        "encoding": places,
    }


def _shapes(workspace: Workspace, codes: list[str]) -> Spec | None:
    """The wards' outlines; None where a boundary is not at hand."""
    boundaries = ward_boundaries(workspace.store, codes)
    if boundaries is None:
        return None
    outlines = [rings_of(json.loads(text)) for text in boundaries["geometry"]]
    flat, height = fitted(outlines, *MAP)
    features = [
        {"type": "Feature", "code": code, "geometry": {"type": "Polygon", "coordinates": [r.tolist() for r in rings]}}
        for code, rings in zip(boundaries["ward_code"], flat, strict=True)
    ]
    return {
        "data": {"values": features},
        "width": MAP[0],
        "height": height,
        "projection": {"type": "identity", "scale": 1 / GRID, "translate": [0, 0]},
        "mark": {"type": "geoshape", "cursor": "pointer"},
    }


def _ranked_panel(values: list[Spec]) -> Spec:
    bar = {"type": "bar", "color": theme.BAR, "cursor": "pointer"}
    encoding = {
        "y": {
            **NAME,
            "sort": None,  # as they are given
            "title": None,
            "axis": {"labelFontSize": theme.SMALL_SIZE},
        },
        "x": {"field": "count", "type": "quantitative", "title": None},
        "tooltip": tooltip(Ward="name", Count="count", Before="before", Change="change"),
        "opacity": {"condition": {**CHOSEN, "value": 1}, "value": 0.35},
    }
    return {
        "name": "ranked",
        "data": {"values": values},
        "width": ROWS[0],
        "height": ROWS[1],
        "mark": bar,
        "encoding": encoding,
    }


def _month_lines(workspace: Workspace, named: Named, area: Place, rows: list[Row], period: pd.Period) -> str:
    """The months of every ward as CSV, a third of what they are as objects: a borough's ten years are thousands. A row
    without a value stands before each ward and wherever its line is broken, so that one line draws them all."""
    breaks = [each.month for each in named.measure.breaks if each.effect == "not_comparable"]
    lines = ["code,at,value"]
    for ward in rows:
        place = Place(area.area, ward["breakdown_value"], ward["breakdown_label"])
        counts = series_of(workspace, named, place).counts
        segment = None
        for row in series_values(place.name, counts.loc[:period], breaks):
            if row["segment"] != segment:
                segment = row["segment"]
                lines.append(f"{place.code},{row['at']},")
            lines.append(f"{place.code},{row['at']},{row['value']:g}")
    return "\n".join(lines)


def _months_panel(lines: str, values: list[Spec], named: Named) -> Spec:
    """The months of every ward, faintly, and of the chosen one before them: another choice draws only that one."""
    encoding = {
        "x": {"field": "at", "type": "temporal", "title": None, "scale": {"type": "utc"}, "axis": {"format": "%b %Y"}},
        "y": {"field": "value", "type": "quantitative", "title": None},
    }
    month = {"field": "at", "type": "temporal", "title": "Month", "format": "%B %Y"}
    tips = [*tooltip(Ward="name"), month, *tooltip(Count="value")]
    named_wards = {"data": {"values": [{name: row[name] for name in ("code", "name")} for row in values]}}
    line = {"type": "line", "color": theme.CURRENT, "strokeWidth": 1.2, "invalid": "break-paths-filter-domains"}
    line["order"] = False  # as they are given, ward after ward; by month they would be drawn criss-cross
    dot = {"type": "point", "filled": True, "color": theme.CURRENT, "size": 14, "opacity": 1}
    own = [{"filter": {"param": "ward", "empty": False}}]
    name = {"lookup": "code", "from": {**named_wards, "key": "code", "fields": ["name"]}}
    return {
        "title": {"text": "By month", "subtitle": named.measure.unit, "fontSize": theme.TEXT_SIZE},
        "data": {"values": lines, "format": {"type": "csv", "parse": {"at": "number", "value": "number"}}},
        "width": MONTHS[0],
        "height": MONTHS[1],
        "layer": [
            {"mark": {**line, "opacity": 0.15}, "encoding": encoding},
            {"transform": own, "mark": line, "encoding": encoding},
            {"transform": [*own, name], "mark": dot, "encoding": {**encoding, "tooltip": tips}},
        ],
    }


def _funnel_panel(workspace: Workspace, rows: list[Row], period: pd.Period) -> list[Spec]:
    """Each ward against what its residents (else its own year before) lead one to expect; none for too few wards."""
    table = pd.DataFrame(rows).set_index("breakdown_value")
    shown = table[table["current"].notna()]
    people = exposure(workspace.store, shown.index, period)
    base = (shown["previous"] if people is None else people.numbers.reindex(shown.index)).astype("float64")
    kept = base[base > 0].index
    if len(kept) < FEWEST:
        return []
    found = funnel(shown.loc[kept, "current"].astype("float64"), base[kept])
    grid = np.linspace(found["expected"].min() * 0.8, found["expected"].max() * 1.05, 40)
    low, high = funnel_limits(grid, 0.998, float(found["dispersion"].iloc[0]))
    limits = [{"expected": at, "low": bottom, "high": top} for at, bottom, top in zip(grid, low, high, strict=True)]
    points = [
        {"code": code_, "name": shown.loc[code_, "breakdown_label"], "expected": round(row.expected, 1),
         "ratio": round(row.ratio, 3)}
        for code_, row in zip(found.index, found.itertuples(), strict=True)
    ]  # fmt: skip
    x = {"field": "expected", "type": "quantitative", "title": "expected"}
    band = {
        "mark": {"type": "area", "color": theme.BAND},
        "encoding": {"x": x, "y": _ratio("low"), "y2": {"field": "high"}},
    }
    against = "residents" if people is not None else "the year before"
    dots = {
        "name": "funnel",
        "mark": {"type": "point", "filled": True, "size": 70, "color": theme.CURRENT, "cursor": "pointer"},
        "encoding": {
            "x": x,
            "y": _ratio("ratio"),
            "opacity": {"condition": {**CHOSEN, "value": 1}, "value": 0.25},
            "tooltip": tooltip(Ward="name", Expected="expected", Ratio="ratio"),
        },
    }
    under = "times as many as expected; band: chance, 99.8%"
    return [
        {
            "title": {"text": f"Against {against}", "subtitle": under, "fontSize": theme.TEXT_SIZE},
            "width": FUNNEL[0],
            "height": FUNNEL[1],
            "layer": [{"data": {"values": limits}, **band}, {"data": {"values": points}, **dots}],
        }
    ]


def _ratio(field: str) -> Spec:
    return {"field": field, "type": "quantitative", "title": None}


def _change(row: Row) -> str:
    return change_text({**row, "absent": ""}) if row["status"] == "ok" else ""


def _table(rows: list[Row], chosen: str) -> pd.DataFrame:
    lines = [
        (_named(row, chosen), count_text(row["current"]), count_text(row["previous"]), _change(row),
         signal_text(row["signal"]) or "–")
        for row in rows
    ]  # fmt: skip
    return pd.DataFrame(lines, columns=["Ward", "Now", "A year before", "Change", "More than chance?"])


def _named(row: Row, chosen: str) -> str:
    return row["breakdown_label"] + (" (chosen)" if row["breakdown_value"] == chosen else "")


def _period(workspace: Workspace, view: WardsView) -> pd.Period:
    if view.period:
        return parse_period(view.period)
    months = _months(workspace, view)
    newest = months[-1] if len(months) else workspace.data(workspace.place(view.area).area).latest
    if newest is None:
        raise InputError(f"no file at hand has {view.area}", where="area", fix="choose another area")
    return newest


def _months(workspace: Workspace, view: WardsView) -> pd.PeriodIndex:
    """The months in which some ward has a count of the measure: files by ward often end before those by borough."""
    named, area = workspace.measure(view.measure), workspace.place(view.area).area
    return workspace.remembered(
        ("months by ward", named.path, area.code), lambda: _counted_months(workspace, named, area)
    )


def _counted_months(workspace: Workspace, named: Named, area: Area) -> pd.PeriodIndex:
    found = pd.PeriodIndex([], freq="M")
    for history in workspace.histories(area, named.measure.figures):
        columns = [at for at in (history.column(ward.code) for ward in workspace.data(area).wards) if at is not None]
        counted = ~np.isnan(history.counts[:, columns]).all(axis=1)
        found = found.union(pd.period_range(history.start, periods=len(counted), freq="M")[counted])
    return found


WARDS = Exploration("Wards", controls, answer, {"ward": Pick("point", ward_picked)})
