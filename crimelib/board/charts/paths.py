"""Charts of paths: who refers to whom."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from crimelib.board import theme
from crimelib.board.charts.drawing import (
    Chart,
    Page,
    Spec,
    finished_chart,
    layer_of,
    quantity,
    rule_mark,
    text_mark,
    wrap_words,
)

WIDTHS = {"most": 5.0, "some": 1.6}
GAP = 8


def referral_chart(rows: pd.DataFrame, *, title: str, finding: str) -> Chart:
    """Lines from those who refer, at the left, to the services, at the right. ``rows``: referrer, service, share (most,
    some), is_police. A thick line is most of a service's referrals; those of the police stand out."""
    referrers, services = list(dict.fromkeys(rows["referrer"])), list(dict.fromkeys(rows["service"]))

    def draw(page: Page) -> Spec:
        height = page.pick(46, 62) * max(len(referrers), len(services))
        left, right = page.pick((215, 420), (105, 205))
        starts, ends = _spread(referrers, height), _spread(services, height)
        drawn = rows.assign(
            x=left,
            x2=right,
            y=rows["referrer"].map(starts),
            y2=rows["service"].map(ends),
            width=rows["share"].map(WIDTHS),
        )
        lines = [
            layer_of(
                rule_mark(color=theme.ACCENT if police else theme.PREVIOUS, strokeWidth=WIDTHS[share]),
                part,
                x=_pixels("x", page.width), x2={"field": "x2"}, y=_pixels("y", height), y2={"field": "y2"},
            )
            for (police, share), part in drawn.groupby(["is_police", "share"])
        ]  # fmt: skip
        room = page.pick(26, 14), page.pick(30, 19)
        words = [
            _names(starts, left - GAP, "right", room[0], page.width, height),
            _names(ends, right + GAP, "left", room[1], page.width, height),
        ]
        return {"width": page.width, "height": height, "layer": [*lines, *words]}

    key = ("thick: most of a service\u2019s referrals", "thin: some", "orange: from the police")
    return finished_chart(
        draw, title=title, unit="as partners declare it; no figures", key=key, finding=finding, data=rows
    )


def _spread(names: Sequence[str], height: int) -> dict[str, float]:
    """Names evenly down the picture."""
    return {name: height * (place + 0.5) / len(names) for place, name in enumerate(names)}


def _names(places: dict[str, float], x: int, align: str, room: int, width: int, height: int) -> Spec:
    wrapped = {name: wrap_words(name, room) for name in places}
    rows = pd.DataFrame(
        [
            {"name": "\n".join(lines), "x": x, "y": places[name] - (len(lines) - 1) * theme.LINE_HEIGHT / 2}
            for name, lines in wrapped.items()
        ]
    )
    mark = text_mark("name", align=align, baseline="middle", lineHeight=theme.LINE_HEIGHT)
    return layer_of(mark, rows, x=_pixels("x", width), y=_pixels("y", height))


def _pixels(field: str, size: int) -> Spec:
    """A field that holds pixels."""
    scale = {"domain": [0, size], "range": [0, size], "zero": False, "nice": False}
    return quantity(field, scale=scale, axis=None)
