"""Charts of named rows set against each other: windows, changes with their intervals, placebos, attitudes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import log
from typing import Any

import pandas as pd

from crimelib.board import theme
from crimelib.board.charts.drawing import (
    Chart,
    Page,
    Spec,
    domain_top,
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
from crimelib.board.tables import (
    change_text,
    count_text,
    from_to_text,
    percent_text,
    protected,
    row_label,
    row_unit,
)

_LETTER = 7.2  # pixels of a letter of a name, about


@dataclass(frozen=True)
class NamedRows:
    """The pixels of a chart of named rows: names at the left (above their row on a phone), figures at the right or,
    on a phone where a name leaves them no room, ``under`` it."""

    page: Page
    number: int
    left: int
    right: int
    step: int
    under: bool = False

    @classmethod
    def fit(cls, page: Page, names: Sequence[str], right: int, step: int, figures: Iterable[str] = ()) -> NamedRows:
        longest = max((len(line) for name in names for line in wrap_words(name, 30)), default=10)
        if page.narrow:
            letters = max((len(name) + len(words) for name, words in zip(names, figures, strict=False)), default=0)
            under = letters * _LETTER > page.width - 30
            return cls(page, len(names), 8, 20, step + 20 + theme.LINE_HEIGHT * under, under)
        return cls(page, len(names), min(245, int(longest * _LETTER) + 16), right, step)

    @property
    def width(self) -> int:
        return self.page.width - 10

    @property
    def height(self) -> int:
        return self.number * self.step

    def placed(self, rows: pd.DataFrame, names: Sequence[str]) -> pd.DataFrame:
        """Rows with ``name``, ``y`` (of the mark) and ``label_y`` (of the words)."""
        middle = [self.step * (place + 0.5) for place in range(self.number)]
        mark, words = (10, -9) if self.page.narrow else (0, 0)
        if self.under:
            mark, words = mark + theme.LINE_HEIGHT // 2, words - theme.LINE_HEIGHT // 2
        wrapped = [name if self.page.narrow else "\n".join(wrap_words(name, 30)) for name in names]
        lift = [(name.count("\n") * theme.LINE_HEIGHT) / 2 for name in wrapped]
        return rows.assign(
            name=wrapped,
            y=[y + mark for y in middle],
            label_y=[y + words + theme.LINE_HEIGHT * self.under for y in middle],
            name_y=[y + words - up for y, up in zip(middle, lift, strict=True)],
        )

    def y(self, field: str = "y") -> Spec:
        scale = {"domain": [0, self.height], "range": [0, self.height], "zero": False, "nice": False}
        return quantity(field, scale=scale, axis=None)

    def x(self, field: str, domain: Sequence[float], axis: Spec | None, kind: str = "linear") -> Spec:
        span = [self.left, self.width - self.right]
        return quantity(
            field, scale={"type": kind, "domain": list(domain), "range": span, "nice": False}, axis=axis, title=None
        )

    def words(self, rows: pd.DataFrame) -> list[Spec]:
        """Row names at the left, ``figures`` at the right."""
        name = text_mark("name", align="left", baseline="middle", lineHeight=theme.LINE_HEIGHT)
        side = "left" if self.under else "right"
        figures = text_mark("figures", align=side, baseline="middle", color=theme.MUTED)
        layers = [layer_of(name, rows, x={"value": 0}, y=self.y("name_y"))]
        return (
            [*layers, layer_of(figures, rows, x={"value": 0 if self.under else self.width}, y=self.y("label_y"))]
            if "figures" in rows
            else layers
        )

    def spec(self, layers: list[Spec]) -> Spec:
        return {"width": self.width, "height": self.height, "layer": layers}


def absent_layer(grid: NamedRows, rows: pd.DataFrame) -> list[Spec]:
    """The word that stands where a row has no figure."""
    gone = rows[rows["absent"] != ""]
    words = text_mark("absent", align="left", baseline="middle", fontStyle="italic", color=theme.MUTED)
    return [layer_of(words, gone, x={"value": grid.left + 2}, y=grid.y())] if len(gone) else []


def _named(rows: pd.DataFrame) -> tuple[pd.DataFrame, list[str]]:
    """Protected rows with the words for their figures, and their names."""
    shown = protected(rows).reset_index(drop=True)
    records = shown.to_dict("records")
    return shown.assign(figures=[_figures_text(row) for row in records]), [row_label(row) for row in records]


def _figures_text(row: Mapping[str, Any]) -> str:
    """``1,450 → 1,545 (+95, +7%)``; '' where the row has no figure."""
    change = change_text(row).replace(" (", ", ").removesuffix(")")
    counts = "" if row["absent"] else from_to_text(row)
    return f"{counts} ({change})" if change else counts


def figures_taken(rows: pd.DataFrame, names: Sequence[str]) -> pd.DataFrame:
    """The figures of drawn rows that a reader may take away."""
    kept = [
        name
        for name in ("current", "previous", "change", "pct_change", "ratio_low", "ratio_high", "signal")
        if name in rows
    ]
    return rows[kept].assign(absent=rows["absent"]).set_axis(pd.Index(names, name="name")).reset_index()


def windows_chart(rows: pd.DataFrame, *, title: str, unit: str, finding: str) -> Chart:
    """Current against a year before, a row each: rows of ``summary.csv``'s shape (``label`` names them)."""
    shown, names = _named(rows)
    proportion = bool(len(rows)) and all(row_unit(row) == "proportion" for row in rows.to_dict("records"))
    highest = shown[["current", "previous"]].max().max()
    top = min(1.0, highest * 1.15) if proportion else domain_top(shown["current"], shown["previous"])

    def draw(page: Page) -> Spec:
        grid = NamedRows.fit(page, names, right=165, step=30, figures=shown["figures"])
        placed = grid.placed(shown, names)
        drawn = placed[placed["absent"] == ""]
        axis = {"tickCount": page.pick(5, 4), "format": ".0%" if proportion else ",d", "grid": True}
        now, before = grid.x("current", [0, top], axis), grid.x("previous", [0, top], axis)
        tips = tooltip(Measure="name", Figures="figures")
        layers = [
            layer_of(
                rule_mark(color=theme.RULE),
                drawn.dropna(subset=["previous"]),
                x=before,
                x2={"field": "current"},
                y=grid.y(),
            ),
            layer_of(
                point_mark(fill=theme.BACKGROUND, stroke=theme.PREVIOUS, strokeWidth=2),
                drawn,
                x=before,
                y=grid.y(),
                tooltip=tips,
            ),
            layer_of(point_mark(color=theme.CURRENT, size=110), drawn, x=now, y=grid.y(), tooltip=tips),
        ]
        return grid.spec([*layers, *grid.words(placed), *absent_layer(grid, placed)])

    key = ("● now", "○ a year before")
    return finished_chart(draw, title=title, unit=unit, key=key, finding=finding, data=figures_taken(shown, names))


_TICK_WORDS = 56  # pixels that the words of a tick take
_RATIO_TICKS = (0.1, 0.25, 0.5, 0.67, 0.8, 1.0, 1.25, 1.5, 2.0, 4.0, 10.0)
_SIGNAL_SHAPES = {"increase": "triangle-up", "decrease": "triangle-down"}


def change_forest(rows: pd.DataFrame, *, title: str, unit: str, finding: str) -> Chart:
    """The ratio of current to previous with its interval, a row each, on a log axis around *no change*.

    Rows of ``summary.csv``'s shape with ratio_low and ratio_high. A row beyond chance has a triangle, others a circle.
    """
    shown, names = _named(rows)
    ratio = (shown["current"] / shown["previous"]).where((shown["previous"] > 0) & (shown["current"] > 0))
    low, high = _ratio_domain(pd.concat([ratio, shown["ratio_low"], shown["ratio_high"]]), ratio)
    clipped = {name: shown[name].clip(low, high) for name in ("ratio_low", "ratio_high")}
    cut = ((shown["ratio_low"] < low) | (shown["ratio_high"] > high)).any()
    shown = shown.assign(ratio=ratio, **clipped, signal=shown["signal"].fillna("") if "signal" in shown else "")

    def draw(page: Page) -> Spec:
        grid = NamedRows.fit(page, names, right=165, step=30, figures=shown["figures"])
        placed = grid.placed(shown, names)
        x = {name: grid.x(name, [low, high], None, "log") for name in ("ratio", "ratio_low")}
        layers = _ratio_axis(grid, low, high)
        for signal in dict.fromkeys(placed["signal"]):
            part = placed[(placed["signal"] == signal) & placed["ratio"].notna()]
            colour = theme.SIGNAL_COLOURS.get(signal, theme.MUTED)
            shape = point_mark(color=colour, shape=_SIGNAL_SHAPES.get(signal, "circle"), size=110)
            tips = tooltip(Measure="name", Figures="figures")
            bars = part.dropna(subset=["ratio_low", "ratio_high"])
            line = layer_of(rule_mark(color=colour), bars, x=x["ratio_low"], x2={"field": "ratio_high"}, y=grid.y())
            layers += [line, layer_of(shape, part, x=x["ratio"], y=grid.y(), tooltip=tips)] if len(part) else []
        return grid.spec([*layers, *grid.words(placed), *absent_layer(grid, placed)])

    bar = "bar: 95% interval" + (", cut at the edge" if cut else "")
    key = ("▲ increase", "▼ decrease", "● no clear change", bar)
    return finished_chart(draw, title=title, unit=unit, key=key, finding=finding, data=figures_taken(shown, names))


def placebo_chart(rows: pd.DataFrame, *, title: str, unit: str, finding: str) -> Chart:
    """Effects found where or when there was nothing to find, a row of points a ``label``, beside the real one, on a log
    axis around *no change*. ``rows``: label, ratio, low, high (its 95% interval, the real one's only), is_real."""
    names = list(dict.fromkeys(rows["label"]))
    low, high = _ratio_domain(pd.concat([rows["ratio"], rows["low"], rows["high"]]), rows["ratio"])
    told = [percent_text(100 * (ratio - 1)) for ratio in rows["ratio"]]
    shown = rows.assign(low=rows["low"].clip(low, high), high=rows["high"].clip(low, high), told=told)
    tips = tooltip(Found="label", Change="told")

    def draw(page: Page) -> Spec:
        grid = NamedRows.fit(page, names, right=30, step=44)
        placed = grid.placed(pd.DataFrame({"label": names}), names)
        drawn = shown.merge(placed[["label", "y"]], on="label")
        x = {name: grid.x(name, [low, high], None, "log") for name in ("ratio", "low")}
        others = {"mark": {**tick_mark(theme.MUTED, 22)["mark"], "thickness": 2, "opacity": 0.7}}
        real = point_mark(color=theme.ACCENT, size=130)
        bar = rule_mark(color=theme.ACCENT)
        layers = [
            layer_of(others, drawn[~drawn["is_real"]], x=x["ratio"], y=grid.y(), tooltip=tips),
            layer_of(bar, drawn[drawn["is_real"]], x=x["low"], x2={"field": "high"}, y=grid.y()),
            layer_of(real, drawn[drawn["is_real"]], x=x["ratio"], y=grid.y(), tooltip=tips),
        ]
        return grid.spec([*_ratio_axis(grid, low, high), *layers, *grid.words(placed)])

    key = ("● the effect, bar: 95% interval", "| found without a programme")
    return finished_chart(draw, title=title, unit=unit, key=key, finding=finding, data=rows)


def _ratio_domain(ratios: pd.Series, points: pd.Series) -> tuple[float, float]:
    """A log domain even about 1 that holds the ratios, from a fifth either way to three times, or as far as the
    ``points`` among them need: one wide interval may not squeeze every other row."""

    def reach(values: pd.Series) -> float:
        known = values[values > 0].dropna()
        return max([1.25, *(max(value, 1 / value) for value in known)]) * 1.05

    widest = min(reach(ratios), max(3.0, reach(points)))
    return 1 / widest, widest


def _clear_of_each_other(places: Mapping[float, float], around: float, least: float) -> list[float]:
    """The keys of places that keep so far from each other, chosen outwards from the one ``around``."""
    kept = [around]
    for tick in sorted(places, key=lambda tick: abs(places[tick] - places[around])):
        if all(abs(places[tick] - places[other]) >= least for other in kept):
            kept.append(tick)
    return kept


def _ratio_axis(grid: NamedRows, low: float, high: float) -> list[Spec]:
    """Grid and words of a ratio axis in per cent."""
    across = grid.width - grid.right - grid.left
    apart = {tick: across * log(tick / low) / log(high / low) for tick in _RATIO_TICKS if low <= tick <= high}
    ticks = pd.DataFrame({"ratio": sorted(_clear_of_each_other(apart, around=1.0, least=_TICK_WORDS))})
    words = ["no change" if tick == 1 else percent_text(round(tick * 100) - 100) for tick in ticks["ratio"]]
    x = grid.x("ratio", [low, high], None, "log")
    one = ticks[ticks["ratio"] == 1]
    full = {"y": {"value": 0}, "y2": {"value": grid.height}}
    text = text_mark("tick", color=theme.MUTED, baseline="top")
    return [
        layer_of(rule_mark(color=theme.GRID, strokeWidth=1), ticks, x=x, **full),
        layer_of(rule_mark(color=theme.MUTED, strokeWidth=1.2), one, x=x, **full),
        layer_of(text, ticks.assign(tick=words), x=x, y={"value": grid.height + 8}),
    ]


def perception_chart(rows: pd.DataFrame, *, title: str, unit: str, finding: str) -> Chart:
    """Survey proportions with their intervals and London's figure. ``rows``: label (or measure), proportion, low,
    high, london, each 0 to 1."""
    absent = protected(rows.assign(current=rows["proportion"]))["absent"]
    blank = {name: rows[name].astype("float64").mask(absent != "") for name in ("proportion", "low", "high")}
    shown = rows.assign(**blank, absent=absent).reset_index(drop=True)
    names = [row_label(row) for row in shown.to_dict("records")]
    figures = [_interval_text(row) for row in shown.to_dict("records")]
    shown = shown.assign(figures=figures)

    def draw(page: Page) -> Spec:
        grid = NamedRows.fit(page, names, right=110, step=32, figures=figures)
        placed = grid.placed(shown, names)
        drawn = placed[placed["absent"] == ""]
        axis = {"values": [0, 0.25, 0.5, 0.75, 1], "format": ".0%", "grid": True}
        x = {name: grid.x(name, [0, 1], axis) for name in ("proportion", "low", "london")}
        tips = tooltip(Question="name", Figures="figures")
        tick = tick_mark(theme.ACCENT, 20)
        layers = [
            layer_of(
                rule_mark(color=theme.SEQUENTIAL[2], strokeWidth=7),
                drawn.dropna(subset=["low", "high"]),
                x=x["low"],
                x2={"field": "high"},
                y=grid.y(),
            ),
            layer_of(tick, placed.dropna(subset=["london"]), x=x["london"], y=grid.y()),
            layer_of(point_mark(color=theme.CURRENT), drawn, x=x["proportion"], y=grid.y(), tooltip=tips),
        ]
        return grid.spec([*layers, *grid.words(placed), *absent_layer(grid, placed)])

    key = ("● borough, bar: 95% interval", "| London")
    kept = shown[["proportion", "low", "high", "london"]].set_axis(pd.Index(names, name="name")).reset_index()
    return finished_chart(draw, title=title, unit=unit, key=key, finding=finding, data=kept)


def _interval_text(row: Mapping[str, Any]) -> str:
    if pd.isna(row["proportion"]):
        return ""
    return f"{count_text(row['proportion'], 'proportion')} ({row['low'] * 100:.0f} to {row['high'] * 100:.0f})"
