"""Charts of two kinds crossed: a grid of cells, each with its figure."""

from __future__ import annotations

import pandas as pd

from crimelib.board import theme
from crimelib.board.charts.drawing import Chart, Page, Spec, filled, finished_chart, layer_of, quantity, text_mark
from crimelib.board.charts.places import even_steps
from crimelib.board.tables import count_text

GAP = 3  # pixels between cells


def heat_map(cells: pd.DataFrame, *, title: str, unit: str, finding: str) -> Chart:
    """Counts by row (the index) and column as a grid, one hue, darker for more; every cell has its figure in it, so
    that nothing is told by colour alone. ``cells``: whole numbers, protected; row and column labels are shown as they
    are."""
    wide = cells.rename_axis(index="row", columns="column")
    long = wide.stack().rename("count").reset_index()
    steps = even_steps(long["count"])
    shade = [sum(value > step for step in steps) for value in long["count"]]
    long = long.assign(
        fill=[theme.SEQUENTIAL[place] for place in shade],
        ink=[theme.INK if place < 3 else theme.BACKGROUND for place in shade],
        figure=long["count"].map(count_text),
        down=long["row"].map({name: place for place, name in enumerate(wide.index)}),
        across=long["column"].map({name: place for place, name in enumerate(wide.columns)}),
    )

    def draw(page: Page) -> Spec:
        names = page.pick(92, 66)
        width, deep = (page.width - names - 12) / len(wide.columns), page.pick(32, 30)
        left, top = names + long["across"] * width, 24 + long["down"] * deep
        placed = long.assign(x=left, x2=left + width - GAP, y=top, y2=top + deep - GAP)
        placed = placed.assign(middle=left + (width - GAP) / 2, centre=top + (deep - GAP) / 2)
        return _grid(placed, page, width=page.width - 10, height=int(24 + deep * len(wide.index)))

    key = (f"Darker is more, in steps of {steps[0]:,.0f}",)
    return finished_chart(draw, title=title, unit=unit, key=key, finding=finding, data=long[["row", "column", "count"]])


def _grid(cells: pd.DataFrame, page: Page, *, width: int, height: int) -> Spec:
    def x(field: str) -> Spec:
        return quantity(field, scale={"domain": [0, width], "range": [0, width], "nice": False}, axis=None)

    def y(field: str) -> Spec:
        return quantity(field, scale={"domain": [height, 0], "range": [height, 0], "nice": False}, axis=None)

    def plain(field: str) -> Spec:
        return {"field": field, "type": "nominal", "scale": None}

    size = page.pick(theme.TEXT_SIZE, theme.SMALL_SIZE)
    rows, columns = cells.drop_duplicates("row"), cells.drop_duplicates("column")
    span = {"x": x("x"), "x2": {"field": "x2"}, "y": y("y"), "y2": {"field": "y2"}}
    figures = text_mark("figure", fontSize=size)
    names = text_mark("row", align="left", baseline="middle", fontSize=size, color=theme.MUTED)
    heads = text_mark("column", align="center", baseline="top", fontSize=size, color=theme.MUTED)
    layers = [
        layer_of({"mark": {"type": "rect", "cornerRadius": 2}}, cells, **span, fill=plain("fill")),
        layer_of(figures, cells, x=x("middle"), y=y("centre"), color=plain("ink")),
        layer_of(names, rows, x={"value": 0}, y=y("centre")),
        layer_of(heads, columns, x=x("middle"), y={"value": 2}),
    ]
    return {"width": width, "height": height, "layer": filled(layers)}
