"""Charts of places: ranked wards, tile maps and funnels."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from crimelib.board import theme
from crimelib.board.charts.drawing import (
    FIT,
    HALO,
    Chart,
    Page,
    Spec,
    domain_top,
    filled,
    finished_chart,
    layer_of,
    point_mark,
    quantity,
    rule_mark,
    text_mark,
    tick_mark,
    tooltip,
    wrap_words,
)
from crimelib.board.charts.rows import NamedRows, absent_layer, figures_taken
from crimelib.board.tables import (
    count_text,
    protected,
    row_label,
)

_BESIDE_NAMES = 42  # pixels of a tile for its figure and the room about both


def ward_ranked_chart(rows: pd.DataFrame, *, title: str, unit: str, finding: str) -> Chart:
    """Wards from the highest current count down, last year's as a mark. Rows of ``summary.csv``'s shape, breakdown
    ``ward``. A suppressed ward is a word, never a bar; a true zero is a mark on the axis with its ``0``."""
    ranked = protected(rows).assign(name=[row_label(row) for row in rows.to_dict("records")])
    ranked = ranked.sort_values(["current", "name"], ascending=[False, True], na_position="last").reset_index(drop=True)
    names = list(ranked["name"])
    words = [_was_text(row) for row in ranked.to_dict("records")]
    ranked = ranked.assign(figures=words, zero=0.0)
    top = domain_top(ranked["current"], ranked["previous"])

    def draw(page: Page) -> Spec:
        grid = NamedRows.fit(page, names, right=92, step=24 if not page.narrow else 22)
        placed = grid.placed(ranked, names)
        drawn = placed[placed["absent"] == ""]
        axis = {"tickCount": 4, "format": ",d", "grid": True}
        now, before, zero = (grid.x(name, [0, top], axis) for name in ("current", "previous", "zero"))
        bar = {"mark": {"type": "rule", "strokeWidth": page.pick(13, 10), "color": theme.BAR}}
        tick = tick_mark(theme.INK, page.pick(19, 15))
        none = tick_mark(theme.BAR, page.pick(13, 10))
        tips = tooltip(Ward="name", Count="figures")
        layers = [
            layer_of(bar, drawn[drawn["current"] > 0], x=zero, x2={"field": "current"}, y=grid.y(), tooltip=tips),
            layer_of(none, drawn[drawn["current"] == 0], x=zero, y=grid.y(), tooltip=tips),
            layer_of(tick, drawn.dropna(subset=["previous"]), x=before, y=grid.y()),
        ]
        layers = filled(layers) or [layer_of(none, [{"zero": None, "y": 0}], x=now, y=grid.y())]
        return grid.spec([*layers, *grid.words(placed), *absent_layer(grid, placed)])

    key = ("■ now", "| a year before")
    return finished_chart(draw, title=title, unit=unit, key=key, finding=finding, data=figures_taken(ranked, names))


def _was_text(row: Mapping[str, Any]) -> str:
    if row["absent"]:
        return ""
    before = f" (was {count_text(row['previous'])})" if not pd.isna(row["previous"]) else ""
    return count_text(row["current"]) + before


def tile_map(rows: pd.DataFrame, layout: pd.DataFrame, *, title: str, unit: str, finding: str) -> Chart:
    """A tile per ward about where it lies. ``rows``: breakdown_value (ward code), current, status; ``layout``: code,
    name, row, col (``parameters/ward_tiles.csv``); tiles are drawn for the wards of the boundary set in ``rows``.

    One hue, darker for more: no red, amber or green. A ward without a figure is an empty tile with the word in it.
    """
    shown = protected(rows)[["breakdown_value", "current", "absent"]]
    tiles = layout.merge(shown, left_on="code", right_on="breakdown_value", how="inner").reset_index(drop=True)
    steps = even_steps(tiles["current"])
    figure = [row["absent"] or count_text(row["current"]) for row in tiles.to_dict("records")]
    place = [0 if pd.isna(value) else sum(value > step for step in steps) for value in tiles["current"]]
    gone = tiles["absent"] != ""
    fill = [theme.BACKGROUND if none else theme.SEQUENTIAL[at] for at, none in zip(place, gone, strict=True)]
    ink = [theme.INK if none or at < 3 else theme.BACKGROUND for at, none in zip(place, gone, strict=True)]
    tiles = tiles.assign(figure=figure, fill=fill, ink=ink)

    def draw(page: Page) -> Spec:
        columns, ranks = int(tiles["col"].max()) + 1, int(tiles["row"].max()) + 1
        side = (page.width - 10) // columns
        size = page.pick(theme.SMALL_SIZE, 9)
        letters = int((side - page.pick(8, 6)) / (size * 0.57))
        names = [wrap_words(str(name), letters) for name in tiles["name"]]
        deep = max(map(len, names)) * (size + 2) + _BESIDE_NAMES
        at = tiles.assign(
            x=tiles["col"] * side,
            x2=tiles["col"] * side + side - 4,
            y=tiles["row"] * deep,
            y2=tiles["row"] * deep + deep - 4,
            middle=tiles["col"] * side + (side - 4) / 2,
            short=["\n".join(lines) for lines in names],
        )
        return {
            "width": columns * side,
            "height": ranks * deep,
            "layer": _tile_layers(at, columns * side, ranks * deep, size),
        }

    key = (f"Darker is more, in steps of {steps[0]:,.0f}",)
    drawn = tiles[["code", "name", "current", "absent"]]
    return finished_chart(draw, title=title, unit=unit, key=key, finding=finding, data=drawn)


def even_steps(values: pd.Series) -> list[float]:
    """Upper bounds of the classes below the last: even steps from zero in round numbers."""
    highest = max(6.0, float(values.max()) if values.notna().any() else 6.0)
    step = -(-highest // len(theme.SEQUENTIAL))
    return [step * (place + 1) for place in range(len(theme.SEQUENTIAL) - 1)]


def _tile_layers(tiles: pd.DataFrame, width: int, height: int, size: float) -> list[Spec]:
    def x(field: str) -> Spec:
        return quantity(field, scale={"domain": [0, width], "range": [0, width], "nice": False}, axis=None)

    def y(field: str) -> Spec:
        return quantity(field, scale={"domain": [0, height], "range": [0, height], "nice": False}, axis=None)

    def plain(field: str) -> Spec:
        return {"field": field, "type": "nominal", "scale": None}

    gone = tiles[tiles["absent"] != ""]
    span = {"x": x("x"), "x2": {"field": "x2"}, "y": y("y"), "y2": {"field": "y2"}}
    tips = tooltip(Ward="name", Count="figure")
    rect = {"mark": {"type": "rect", "cornerRadius": 3}}
    edge = {"mark": {"type": "rect", "cornerRadius": 3, "filled": False, "stroke": theme.RULE, "strokeDash": [3, 3]}}
    name = text_mark("short", align="center", baseline="top", dy=8, fontSize=size, lineHeight=size + 2)
    bold = text_mark("figure", align="center", baseline="bottom", dy=-10, fontSize=theme.TEXT_SIZE + 2, fontWeight=600)
    word = text_mark("figure", align="center", baseline="bottom", dy=-10, fontSize=size, fontStyle="italic")
    shade = {"color": plain("ink")}
    layers = [
        layer_of(rect, tiles, **span, fill=plain("fill"), tooltip=tips),
        layer_of(edge, gone, **span),
        layer_of(name, tiles, x=x("middle"), y=y("y"), **shade),
        layer_of(bold, tiles[tiles["absent"] == ""], x=x("middle"), y=y("y2"), **shade),
        layer_of(word, gone, x=x("middle"), y=y("y2"), **shade),
    ]
    return filled(layers)


_HIGHEST_LIMIT = 3.0  # of the axis, for the sake of limits alone: few are expected where they lie higher
_LIMITS = ("lower_95", "upper_95", "lower_998", "upper_998")


def funnel_chart(
    rows: pd.DataFrame, *, title: str, unit: str, finding: str, limits: pd.DataFrame | None = None
) -> Chart:
    """Each ward's ratio to what would be expected, against how much is expected, with the limits within which chance
    would put it. ``rows``: label (or breakdown_label), expected, ratio, status and, unless ``limits`` gives them over
    a grid of ``expected``, lower_95, upper_95, lower_998, upper_998. Wards outside the 95% limits are named."""
    words = protected(rows.assign(current=rows["ratio"]))["absent"]
    kept = rows[words == ""]
    shown = kept.assign(name=[row_label(row) for row in kept.to_dict("records")])
    curve = (shown if limits is None else limits).sort_values("expected")[["expected", *_LIMITS]]
    outside = _outside(shown, curve)
    top = max([2.0, *(shown["ratio"] * 1.12), min(_HIGHEST_LIMIT, curve["upper_95"].max() * 1.05)])
    right = max([1.0, *(curve["expected"] * 1.02)])
    named = shown[outside].assign(late=lambda part: part["expected"] > right * 0.7)

    def draw(page: Page) -> Spec:
        across = {"tickCount": 5, "format": ",d", "title": "number expected", "titleColor": theme.MUTED}
        x = quantity("expected", scale={"domain": [0, right], "nice": False}, axis=across)
        up = {"scale": {"domain": [0, top], "nice": False}, "axis": {"tickCount": 4, "format": ".1f"}, "title": None}
        y = quantity("ratio", **up)
        label = {"dy": -9, "fontSize": theme.SMALL_SIZE, "fontWeight": 600, "color": theme.ACCENT}
        tips = tooltip(Ward="name")
        layers = [
            layer_of(rule_mark(color=theme.MUTED, strokeWidth=1.2), [{"ratio": 1}], y=y),
            *(
                layer_of(_limit_line(field), curve[curve[field] > 0], x=x, y={**y, "field": field})
                for field in _LIMITS
                if (curve[field] > 0).any()
            ),
            layer_of(point_mark(color=theme.PREVIOUS, size=70), shown[~outside], x=x, y=y, tooltip=tips),
            layer_of(point_mark(color=theme.ACCENT, shape="diamond", size=110), named, x=x, y=y, tooltip=tips),
            *(
                layer_of(text_mark("name", align=align, dx=dx, **label, **ground), named[chosen], x=x, y=y)
                for align, dx, chosen in (("left", 8, ~named["late"]), ("right", -6, named["late"]))
                for ground in (HALO, {})
            ),
        ]
        return {**FIT, "width": page.width, "height": page.pick(320, 280), "layer": filled(layers)}

    hidden = int((words != "").sum())
    key = ("named: outside the 95% limits", "95% dashed, 99.8% solid", *([f"{hidden} not shown"] if hidden else []))
    return finished_chart(
        draw, title=title, unit=unit, key=key, finding=finding, data=shown[["name", "expected", "ratio"]]
    )


def _limit_line(field: str) -> Spec:
    dash = [5, 3] if field.endswith("95") else []
    return {"mark": {"type": "line", "color": theme.RULE, "strokeWidth": 1.3, "strokeDash": dash, "clip": True}}


def _outside(rows: pd.DataFrame, curve: pd.DataFrame) -> pd.Series:
    """Which rows lie beyond the 95% limits at what they expect."""
    lower, upper = (
        pd.Series(np.interp(rows["expected"], curve["expected"], curve[name]), index=rows.index)
        for name in ("lower_95", "upper_95")
    )
    return (rows["ratio"] < lower) | (rows["ratio"] > upper)
