"""The explorers' live charts: Vega-Lite specifications of plain values, small enough to redraw at every change.

The board's own charts (:mod:`crimelib.board.charts`) are drawn for reading; these are drawn for asking: every mark
answers to the pointer, and what is chosen comes back to Python. Colours, type and breaks are the board's.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cache

import pandas as pd

from crimelib.board import theme
from crimelib.board.charts import SCHEMA, Spec
from crimelib.board.charts.drawing import tooltip
from crimelib.measures.periods import month_label

ROOM = 800  # pixels across that a chart may take: what JupyterLab has beside the controls on a common screen
NAMES = 200  # pixels of it for the names of series at the ends of lines
AXIS = 60  # pixels of it for the figures of the axis
WIDTH, HEIGHT = ROOM - NAMES - AXIS, 300
AROUND = {"left": AXIS, "top": 64, "right": NAMES, "bottom": 30}
# The first is a whole line; as a dash of [1, 0] a browser would cut it into pieces of a pixel, at ten times the work.
DASHES: list[list[int]] = [[], [6, 3], [2, 3]]
DAY = 86_400_000  # milliseconds
LABEL_STEP = 15  # pixels from one label to the next


def series_values(name: str, values: pd.Series, breaks: Iterable[str] = ()) -> list[Spec]:
    """A monthly series (PeriodIndex) as rows ``at`` (milliseconds), ``month``, ``value``, ``series``, ``segment``; a
    missing month has no row, and the segment changes after it and at every break: no line crosses either."""
    starts = {pd.Period(month, freq="M").ordinal for month in breaks}
    rows, segment = [], 0
    for ordinal, value in zip(values.index.asi8.tolist(), values.to_numpy(float).tolist(), strict=True):
        if value != value or ordinal in starts:
            segment += 1
        if value == value:
            at, label = month_at(ordinal)
            rows.append({"at": at, "month": label, "value": round(value, 2), "series": name, "segment": segment})
    return rows


@cache
def month_at(ordinal: int) -> tuple[int, str]:
    """The middle of a month in milliseconds, and its name."""
    month = pd.Period(ordinal=ordinal, freq="M")
    return int(month.start_time.value // 1_000_000) + 14 * DAY, month_label(month)


def lines_chart(
    rows: Sequence[Spec],
    *,
    title: str,
    unit: str,
    events: pd.DataFrame | None = None,
    breaks: Mapping[str, str] | None = None,
    from_zero: bool = True,
    form: str = ",d",
) -> Spec:
    """Lines over months with a name at each end; dragging over months is the interval selection ``months``."""
    names = list(dict.fromkeys(row["series"] for row in rows))
    places = {name: place % len(theme.SERIES) for place, name in enumerate(names)}
    rounds = {name: min(place // len(theme.SERIES), len(DASHES) - 1) for place, name in enumerate(names)}
    rows = [{**row, "colour": places[row["series"]], "round": rounds[row["series"]]} for row in rows]
    # by number, so that another choice of series is the same chart with other rows: only those are sent to it
    palette = {"domain": list(range(len(theme.SERIES))), "range": list(theme.SERIES)}
    colour = {"field": "colour", "type": "nominal", "legend": None, "scale": palette}
    # colours that come again are dashed
    dash = {"domain": list(range(len(DASHES))), "range": DASHES}
    dashed = {"field": "round", "type": "nominal", "legend": None, "scale": dash}
    axis = {"format": "%b %Y", "labelSeparation": 12}
    x = {"field": "at", "type": "temporal", "title": None, "scale": {"type": "utc"}, "axis": axis}
    y = {
        "field": "value",
        "type": "quantitative",
        "title": None,
        "scale": {"zero": from_zero},
        "axis": {"format": form},
    }
    tips = tooltip(Series="series", Month="month", Figure="value")
    first, ends = min((row["at"] for row in rows), default=0), _ends(rows, from_zero)
    line = {"type": "line", "strokeWidth": 2, "strokeCap": "round"}
    select = {"name": "months", "select": {"type": "interval", "encodings": ["x"]}, "views": ["lines"]}
    detail = [{"field": "series", "type": "nominal"}, {"field": "segment", "type": "nominal"}]
    layers: list[Spec] = [
        _event_layer(events, breaks or {}, first, max((row["at"] for row in rows), default=0)),
        {
            "name": "lines",
            "mark": line,
            "encoding": {"x": x, "y": y, "color": colour, "strokeDash": dashed, "detail": detail},
        },
        {
            "mark": {"type": "point", "filled": True, "size": 34, "opacity": 1},
            "encoding": {"x": x, "y": y, "color": colour, "tooltip": tips},
        },
        {
            "data": {"values": ends},
            "mark": {"type": "text", "align": "left", "dx": 8, "fontSize": theme.SMALL_SIZE, "limit": NAMES - 10},
            "encoding": {
                "x": x,
                "y": {**y, "field": "label_at"},
                "color": colour,
                "text": {"field": "series", "type": "nominal"},
            },
        },
    ]
    # the size is said and not found out: names at the ends would be added to it, and the chart jump as they change
    shape = {"width": WIDTH, "height": HEIGHT, "autosize": "none", "padding": AROUND}
    return {**_base(title, unit), **shape, "params": [select], "data": {"values": rows}, "layer": layers}


def _ends(rows: Sequence[Spec], from_zero: bool) -> list[Spec]:
    """The last row of each series with the height of its label, moved apart so that no two labels touch."""
    last = sorted({row["series"]: row for row in rows}.values(), key=lambda row: row["value"])
    values = [row["value"] for row in rows] or [0]
    room = (max(values) - (0 if from_zero else min(values))) * LABEL_STEP / HEIGHT
    placed: list[Spec] = []
    for row in last:
        lowest = placed[-1]["label_at"] + room if placed else row["value"]
        placed.append({**row, "label_at": max(row["value"], lowest)})
    return placed


def _event_layer(events: pd.DataFrame | None, breaks: Mapping[str, str], first: int, last: int) -> Spec:
    """Rules at the events and (dashed) the breaks within the months drawn, named when pointed at; there even where
    there is none, so that the chart keeps its shape."""
    marks = [{"label": what, "start": f"{month}-01", "kind": "break"} for month, what in breaks.items()]
    rows = [] if events is None else events.to_dict("records")
    marks += [{"label": row["label"], "start": row["start"], "kind": "event"} for row in rows]
    marks = [{**mark, "at": int(pd.Timestamp(mark["start"]).value // 1_000_000)} for mark in marks]
    marks = [mark for mark in marks if first <= mark["at"] <= last]
    dash = {"condition": {"test": "datum.kind === 'break'", "value": [3, 3]}, "value": []}
    x = {"field": "at", "type": "temporal", "title": None}
    tips = tooltip(What="label", From="start")
    rule = {"type": "rule", "color": theme.RULE, "strokeWidth": 1.5}
    return {"data": {"values": marks}, "mark": rule, "encoding": {"x": x, "strokeDash": dash, "tooltip": tips}}


def _base(title: str, unit: str) -> Spec:
    return {"$schema": SCHEMA, "title": {"text": title, "subtitle": unit}, "config": theme.config()}
