"""Maps of wards from the boundary files at hand, drawn like the other charts.

Boundaries are laid flat and put on a grid of a pixel and a half: neighbours share their corners, so that they still
meet, and a chart stays small however fine its boundary files are.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from crimelib.board import theme
from crimelib.board.charts.drawing import (
    Chart,
    Page,
    Spec,
    finished_chart,
    layer_of,
    quantity,
    text_mark,
    tooltip,
    wrap_words,
)
from crimelib.board.charts.places import even_steps
from crimelib.board.tables import count_text, protected
from crimelib.tables.store import Store

GRID = 2 / 3  # grid steps a pixel
SCAN_LINES = 40
LETTER = 0.56  # width of a letter of a label, as a share of its size
MARGIN = 4  # beside a label, in pixels
DOWN_A_LABEL = np.linspace(-0.5, 0.5, 5)  # the lines on which a label must lie within its ward, in its heights
LEGEND = 44
Rings = list[np.ndarray]  # closed rings of one ward, points by x and y
Stretches = list[tuple[float, float]]  # from where to where on a line


@dataclass(frozen=True)
class Place:
    """Where a label stands in a ward, and how wide it may be, in pixels."""

    x: float
    y: float
    width: float


def ward_boundaries(store: Store, codes: Sequence[str]) -> pd.DataFrame | None:
    """``ward_code, name, geometry`` (GeoJSON text) of wards, from the latest vintage of each; None unless all of them
    have a boundary."""
    stored = store.table("boundaries", filters=[("ward_code", "in", sorted(codes))])
    if stored.empty or set(stored["ward_code"]) != set(codes):
        return None
    newest = stored.sort_values("vintage_order", kind="stable").drop_duplicates("ward_code", keep="last")
    return newest[["ward_code", "name", "geometry"]].reset_index(drop=True)


def ward_choropleth(rows: pd.DataFrame, boundaries: pd.DataFrame, *, title: str, unit: str, finding: str) -> Chart:
    """Wards on their map, one hue, darker for more. ``rows`` are ward rows of the protected summary, ``boundaries``
    those of :func:`ward_boundaries`. A ward without a figure is grey with a dashed edge, and says so in words; names
    and figures stand in the wards that have room for them, and in every ward's tooltip."""
    shown = protected(rows)[["breakdown_value", "breakdown_label", "current", "absent"]]
    wards = shown.merge(boundaries, left_on="breakdown_value", right_on="ward_code", validate="one_to_one")
    steps = even_steps(wards["current"])
    classes = [_class(value, steps) for value in wards["current"]]
    wards = wards.assign(
        label=wards["breakdown_label"],
        figure=[row["absent"] or count_text(row["current"]) for row in wards.to_dict("records")],
        fill=[theme.SHADE if place is None else theme.SEQUENTIAL[place] for place in classes],
        ink=[theme.BACKGROUND if place is not None and place >= 3 else theme.INK for place in classes],
    )
    outlines = [rings_of(json.loads(text)) for text in wards["geometry"]]

    def draw(page: Page) -> Spec:
        flat, height = fitted(outlines, page.width, page.pick(600, 420))
        features = [_feature(row, rings) for row, rings in zip(wards.to_dict("records"), flat, strict=True)]
        size = page.pick(theme.SMALL_SIZE - 1, 9)
        labels = [_labels(row, rings, size) for row, rings in zip(wards.to_dict("records"), flat, strict=True)]
        layers = [
            *_shapes(features),
            *_label_layers([label for each in labels for label in each], page.width, height, size),
            *_legend(steps, page, height, any(wards["absent"] != "")),
        ]
        return {
            "width": page.width,
            "height": height + LEGEND,
            "projection": {"type": "identity", "scale": 1 / GRID, "translate": [0, 0]},
            "layer": layers,
        }

    drawn = wards[["ward_code", "label", "current", "absent"]].rename(columns={"ward_code": "code", "label": "name"})
    return finished_chart(draw, title=title, unit=unit, finding=finding, data=drawn)


def fitted(outlines: Sequence[Rings], width: float, height: float) -> tuple[list[Rings], int]:
    """Rings of longitudes and latitudes as whole grid steps from the top left, as large as the space allows, and the
    height in pixels that they take."""
    points = np.concatenate([ring for rings in outlines for ring in rings])
    middle = np.cos(np.radians(points[:, 1].mean()))
    low, high = points.min(axis=0), points.max(axis=0)
    span = (high - low) * (middle, 1)
    scale = min((width - 2) / span[0], (height - 2) / span[1])
    flat = [[_on_grid(ring, low[0], high[1], middle, scale) for ring in rings] for rings in outlines]
    kept = [[ring for ring in rings if len(ring) > 3] or rings[:1] for rings in flat]
    return kept, int(np.ceil(span[1] * scale)) + 2


def _on_grid(ring: np.ndarray, west: float, north: float, middle: float, scale: float) -> np.ndarray:
    east, south = (ring[:, 0] - west) * middle, north - ring[:, 1]
    points = np.rint(np.column_stack([east, south]) * scale * GRID).astype(int) + 1
    return _without_straight(points[np.append(True, (np.diff(points, axis=0) != 0).any(axis=1))])


def _without_straight(points: np.ndarray) -> np.ndarray:
    """A ring without the points that lie on a straight line between their neighbours."""
    if len(points) < 4:
        return points
    before, after = np.diff(points[:-1], axis=0), np.diff(points[1:], axis=0)
    turns = before[:, 0] * after[:, 1] != before[:, 1] * after[:, 0]
    return points[np.concatenate([[True], turns, [True]])]


def rings_of(geometry: Mapping[str, object]) -> Rings:
    polygons = geometry["coordinates"] if geometry["type"] == "MultiPolygon" else [geometry["coordinates"]]
    return [np.array(ring, float) for polygon in polygons for ring in polygon]


def _class(value: float, steps: Sequence[float]) -> int | None:
    return None if pd.isna(value) else sum(value > step for step in steps)


def _feature(ward: Mapping[str, object], rings: Rings) -> Spec:
    """A ward as GeoJSON in grid steps; all its rings as one polygon, which fills the odd ones and leaves holes free."""
    said = {"name": ward["label"], "figure": ward["figure"], "fill": ward["fill"], "absent": ward["absent"] != ""}
    shape = {"type": "Polygon", "coordinates": [ring.tolist() for ring in rings]}
    return {"type": "Feature", "properties": said, "geometry": shape}


def _shapes(features: list[Spec]) -> list[Spec]:
    is_gone = "datum.properties.absent"
    encoding = {
        "fill": {"field": "properties.fill", "type": "nominal", "scale": None},
        "stroke": {"condition": {"test": is_gone, "value": theme.MUTED}, "value": theme.BACKGROUND},
        "strokeDash": {"condition": {"test": is_gone, "value": [3, 3]}, "value": []},
        "tooltip": tooltip(Ward="properties.name", Count="properties.figure"),
    }
    ordered = sorted(features, key=lambda feature: feature["properties"]["absent"])  # dashed edges above the others
    return [{"data": {"values": ordered}, "mark": {"type": "geoshape", "strokeWidth": 1.2}, "encoding": encoding}]


# --- labels ----------------------------------------------------------------------------------------------------


def _labels(ward: Mapping[str, object], rings: Rings, size: float) -> list[Spec]:
    """The ward's name over its figure in as few lines as fit; the figure alone where the name does not fit; else
    nothing."""
    name, figure = str(ward["label"]), str(ward["figure"])
    for number in (1, 2, 3, 0):
        lines = _wrapped(name, number)
        if lines is None:
            continue
        wide, high = max(map(len, [*lines, figure])) * size * LETTER, (len(lines) + 1) * (size + 2)
        if place := label_place(rings, wide, high):
            text = "\n".join([*lines, figure])
            up = len(lines) * (size + 2) / 2
            return [{"text": text, "x": round(place.x, 1), "y": round(place.y - up, 1), "ink": ward["ink"]}]
    return []


def _wrapped(name: str, number: int) -> list[str] | None:
    """A name in exactly so many lines, as even as can be; None where it has too few words."""
    if number == 0:
        return []
    found = (wrap_words(name, width) for width in range(4, len(name) + 1))
    return next((lines for lines in found if len(lines) == number), None)


def label_place(rings: Rings, width: float, height: float) -> Place | None:
    """The middle of a box (pixels) that lies within a ward, as near to the ward's own middle as may be; None where it
    has no room for one."""
    corners = np.concatenate(rings) / GRID
    (left, top), (right, bottom) = corners.min(axis=0), corners.max(axis=0)
    if right - left - MARGIN < width or bottom - top <= height:
        return None
    middles = np.linspace(top + height / 2, bottom - height / 2, SCAN_LINES)
    inside = _stretches(rings, np.add.outer(middles, height * DOWN_A_LABEL).ravel())
    boxes = zip(*[iter(inside)] * len(DOWN_A_LABEL), strict=True)  # a label's lines together
    tried = [_widest(y, lines) for y, lines in zip(middles, boxes, strict=True)]
    roomy = [place for place in tried if place.width >= width]
    return min(roomy, key=lambda place: abs(place.y - (top + bottom) / 2), default=None)


def _widest(y: float, lines: Sequence[Stretches]) -> Place:
    """The widest stretch about a height that stays within the ward on all the lines down a label."""
    common = lines[0]
    for stretches in lines[1:]:
        pairs = [(max(a, c), min(b, d)) for a, b in common for c, d in stretches]
        common = [(left, right) for left, right in pairs if left < right]
    left, right = max(common, key=lambda pair: pair[1] - pair[0], default=(0.0, 0.0))
    return Place((left + right) / 2, y, right - left - MARGIN)


def _stretches(rings: Rings, lines: np.ndarray) -> list[Stretches]:
    """Where each of many horizontal lines lies within the ward, in pixels; of all lines at once, for speed."""
    x1, y1, x2, y2 = np.concatenate([np.hstack([ring[:-1], ring[1:]]) for ring in rings]).T / GRID
    line, edge = np.nonzero((y1 > lines[:, None]) != (y2 > lines[:, None]))
    crossings = x1[edge] + (lines[line] - y1[edge]) * (x2 - x1)[edge] / (y2 - y1)[edge]
    ordered = crossings[np.lexsort([crossings, line])].tolist()
    bounds = np.searchsorted(line, np.arange(len(lines) + 1)).tolist()
    return [list(zip(ordered[a:b:2], ordered[a + 1 : b : 2], strict=True)) for a, b in itertools.pairwise(bounds)]


def _label_layers(labels: list[Spec], width: int, height: int, size: float) -> list[Spec]:
    if not labels:
        return []
    x, y = _pixel("x", width), _pixel("y", height + LEGEND)
    mark = text_mark("text", align="center", baseline="middle", fontSize=size, lineHeight=size + 2)
    return [layer_of(mark, labels, x=x, y=y, color={"field": "ink", "type": "nominal", "scale": None})]


def _pixel(field: str, end: int) -> Spec:
    return quantity(field, scale={"domain": [0, end], "range": [0, end], "nice": False}, axis=None)


def _legend(steps: Sequence[float], page: Page, height: int, has_absent: bool) -> list[Spec]:
    """A row of swatches under the map, each with the counts that it stands for."""
    bounds = [0, *(int(step) for step in steps)]
    texts = [f"{low + (place > 0):,}–{high:,}" for place, (low, high) in enumerate(itertools.pairwise(bounds))]
    entries = [*zip([*texts, f"over {bounds[-1]:,}"], theme.SEQUENTIAL, strict=True)]
    entries += [("not shown", theme.SHADE)] if has_absent else []
    each, top = page.width / len(entries), height + 14
    boxes = [
        {"text": text, "fill": fill, "x": left, "x2": left + each - 3, "y": top, "y2": top + 10, "foot": top + 14}
        for left, (text, fill) in zip(np.arange(len(entries)) * each, entries, strict=True)
    ]
    x, y = _pixel("x", page.width), _pixel("y", height + LEGEND)
    fill = {"field": "fill", "type": "nominal", "scale": None}
    swatch = {"mark": {"type": "rect", "stroke": theme.GRID}}
    size = page.pick(theme.SMALL_SIZE - 1, 9)
    words = text_mark("text", align="left", baseline="top", fontSize=size, color=theme.MUTED)
    return [
        layer_of(swatch, boxes, x=x, x2={"field": "x2"}, y=y, y2={"field": "y2"}, fill=fill),
        layer_of(words, boxes, x=x, y={**y, "field": "foot"}),
    ]
