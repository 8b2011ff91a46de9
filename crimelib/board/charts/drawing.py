"""The chart and the pieces of its specification: what every kind of chart is made with.

Text that comes from data stands in specifications as data values only, never in an expression.
"""

from __future__ import annotations

import hashlib
import json
import math
import os
import re
import textwrap
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from html import escape
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

import pandas as pd

from crimelib.board import theme
from crimelib.environment import in_environment

if TYPE_CHECKING:
    import altair


CHART_TYPE = "application/vnd.crimelib.chart+json"
PICTURE_TYPE = "image/svg+xml"
# Set where notebooks run unattended: the run draws their pictures, in a process that is warm, and not each kernel.
PICTURES_LATER = "CRIMELIB_PICTURES_LATER"
SCHEMA = "https://vega.github.io/schema/vega-lite/v6.json"
Spec = dict[str, Any]
_LIVE = "figures to point at"
HALO = {"stroke": theme.BACKGROUND, "strokeWidth": 4, "strokeJoin": "round"}  # under a name: lines stop short of it
# room at the right for readers whose face is wider than the one measured with
FIT = {
    "autosize": {"type": "fit-x", "contains": "padding"},
    "padding": {"left": 5, "top": 5, "right": 22, "bottom": 5},
}


@dataclass(frozen=True, eq=False)
class Chart:
    """A drawn chart: ``spec`` for a page, ``narrow_spec`` for a phone, ``title``, ``alt`` text that states the
    finding, and ``data``, the (protected) rows drawn."""

    spec: Spec
    narrow_spec: Spec
    title: str
    alt: str
    data: pd.DataFrame

    def svg(self, *, narrow: bool = False) -> str:
        """The static picture; see :func:`draw_svg`."""
        return draw_svg(self.narrow_spec if narrow else self.spec, title=self.title, alt=self.alt)

    def payload(self) -> Spec:
        """What a page needs to draw the chart again, live or still, and the rows that a reader may take away."""
        rows = json.loads(self.data.to_json(orient="split", index=False))
        specs = {"spec": self.spec, "narrow_spec": self.narrow_spec}
        return {**specs, "title": self.title, "alt": self.alt, "data": rows}

    def to_altair(self) -> altair.TopLevelMixin:
        """The same chart as an Altair object, for ``alt.JupyterChart`` and the explorers."""
        import altair

        return altair.Chart.from_dict(self.spec)

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, Any]:
        shown = {"text/plain": self.alt, CHART_TYPE: self.payload()}
        return shown if os.environ.get(PICTURES_LATER) else {PICTURE_TYPE: self.svg(), **shown}


def add_pictures(notebook: Any) -> None:
    """Draw what the kernel of an executed notebook left to be drawn; each such output gets its SVG in place."""
    for cell in notebook.cells:
        for output in cell.get("outputs", ()):
            data = output.get("data", {})
            if CHART_TYPE in data and PICTURE_TYPE not in data:
                chart = data[CHART_TYPE]
                data[PICTURE_TYPE] = draw_svg(chart["spec"], title=chart["title"], alt=chart["alt"])


def draw_svg(spec: Spec, *, title: str, alt: str) -> str:
    """A specification as an SVG that scales down to its column, is named and described, and whose ids are its own, so
    that many can stand in one page."""
    return _drawn(json.dumps(_still(spec)), title, alt)


@lru_cache(maxsize=256)  # a pack's page and its PDF show the same pictures
def _drawn(spec: str, title: str, alt: str) -> str:
    drawn = _renderer().vegalite_to_svg(spec, allowed_base_urls=[])
    # the picture is one image with one description; its parts have no names of their own to read out
    drawn = re.sub(r"<(?:g|path) [^>]*>", lambda tag: re.sub(r' (?:role|aria-\w+)="[^"]*"', "", tag[0]), drawn)
    drawn = _numbered_anew(drawn)
    mark = "c" + hashlib.sha256(f"{title}\0{alt}\0{drawn}".encode()).hexdigest()[:10]
    drawn = re.sub(r'(\bid="|url\(#)', rf"\g<1>{mark}-", drawn)
    width, height = re.search(r'width="([\d.]+)" height="([\d.]+)"', drawn).groups()
    opening = (
        f'<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" version="1.1" '
        f'class="chart" role="img" aria-labelledby="{mark}-title {mark}-desc" viewBox="0 0 {width} {height}" '
        f'width="{width}" style="max-width:100%;height:auto">'
        f'<title id="{mark}-title">{escape(title)}</title><desc id="{mark}-desc">{escape(alt)}</desc>'
    )
    return re.sub(r"^<svg[^>]*>", lambda _: opening, drawn, count=1)


@cache
def _renderer() -> ModuleType:
    """vl-convert, made to measure text by the faces that it brings and none of this machine's: a picture is then the
    same everywhere, and is drawn in half the time. It looks for faces once, when it first draws a text."""
    import vl_convert

    with in_environment("FONTCONFIG_FILE", str(Path(__file__).with_name("no_fonts.conf"))):
        vl_convert.vegalite_to_svg({"$schema": SCHEMA, "data": {"values": [{}]}, "mark": "point", "title": "text"})
    return vl_convert


def _still(spec: Any) -> Any:
    """A specification without the layers that only a pointer finds."""
    if isinstance(spec, list):
        return [_still(part) for part in spec if not (isinstance(part, dict) and part.get("description") == _LIVE)]
    return {key: _still(part) for key, part in spec.items()} if isinstance(spec, dict) else spec


def _numbered_anew(svg: str) -> str:
    """Ids counted from this picture's first: Vega counts on through a process, whatever it drew before."""
    numbers = {name: f"part{number}" for number, name in enumerate(dict.fromkeys(re.findall(r'\bid="([^"]+)"', svg)))}
    return re.sub(r'(\bid="|url\(#)([^")]+)', lambda found: found[1] + numbers.get(found[2], found[2]), svg)


@dataclass(frozen=True)
class Page:
    """The space a chart is drawn for."""

    width: int
    narrow: bool

    def wrap(self, text: str, size: int) -> list[str]:
        """Text in even lines that fit the width at a font size; a title is bold, and wider in some readers' faces."""
        room = self._room(size)
        lines = len(wrap_words(text, room))
        narrowest = next((width for width in range(12, room) if len(wrap_words(text, width)) <= lines), room)
        return wrap_words(text, narrowest) or [""]

    def key(self, entries: Sequence[str]) -> list[str]:
        """The entries of a key in even lines, each kept together that a line has room for."""
        room = self._room(theme.TEXT_SIZE)
        kept = [entry.replace(" ", "\u00a0") if len(entry) <= room else entry for entry in entries]
        return self.wrap("\u2003 ".join(kept), theme.TEXT_SIZE) if kept else []

    def _room(self, size: int) -> int:
        letter = 0.62 if size == theme.TITLE_SIZE else 0.55
        return max(20, int(self.width / (letter * size)))

    def pick(self, wide: Any, narrow: Any) -> Any:
        return narrow if self.narrow else wide


def wrap_words(text: str, width: int) -> list[str]:
    return textwrap.wrap(text, width, break_long_words=False, break_on_hyphens=False)


_WIDE, _NARROW = Page(theme.WIDE, False), Page(theme.NARROW, True)


def finished_chart(
    draw: Callable[[Page], Spec], *, title: str, unit: str, finding: str, data: pd.DataFrame, key: Sequence[str] = ()
) -> Chart:
    """Both drawings with the title, the unit, the key to their marks and the theme."""

    def finished(page: Page) -> Spec:
        under = page.wrap(unit, theme.TEXT_SIZE) + page.key(key)
        heading = {"text": page.wrap(title, theme.TITLE_SIZE), "subtitle": under}
        return {"$schema": SCHEMA, "padding": 5, "title": heading, **draw(page), "config": theme.config()}

    return Chart(finished(_WIDE), finished(_NARROW), title, f"{title}. {finding}", data.reset_index(drop=True))


def _as_json(values: Sequence[Any]) -> list[Any]:
    """Values as ``to_json`` has them, which takes a millisecond where a chart has dozens of small tables."""
    if {type(value) for value in values} <= {str, int, bool, float, type(None)}:
        return [_rounded(value) if isinstance(value, float) else value for value in values]
    return json.loads(pd.Series(values).to_json(orient="values"))


def _rounded(value: float) -> float | None:
    return round(value, 10) if math.isfinite(value) else None


def quantity(field: str, **options: Any) -> Spec:
    return {"field": field, "type": "quantitative", **options}


def text_mark(field: str, **mark: Any) -> Spec:
    return {"mark": {"type": "text", **mark}, "encoding": {"text": {"field": field, "type": "nominal"}}}


def tooltip(**fields: str) -> list[Spec]:
    """Tooltip lines: title to field, both plain text."""
    return [
        {"field": field, "type": "nominal", "title": heading.replace("_", " ")} for heading, field in fields.items()
    ]


def layer_of(layer: Spec, data: Any = None, **encoding: Any) -> Spec:
    """A layer with more encoding and, where given, rows of its own: only the fields it draws, so that nothing else
    of a row travels with the picture."""
    whole = {**layer.get("encoding", {}), **encoding}
    if data is None:
        return {**layer, "encoding": whole}
    channels = [part for channel in whole.values() for part in (channel if isinstance(channel, list) else [channel])]
    fields = dict.fromkeys([*(part["field"] for part in channels if "field" in part), "at", "value"])
    return {"data": {"values": _records(data, fields)}, **layer, "encoding": whole}


def _records(data: pd.DataFrame | Sequence[Spec], fields: Iterable[str]) -> list[Spec]:
    """The rows with those of the fields that they have."""
    if isinstance(data, pd.DataFrame):
        drawn = {field: _as_json(data[field].tolist()) for field in fields if field in data}
    else:
        drawn = {field: _as_json([row[field] for row in data]) for field in fields if any(field in row for row in data)}
    return [dict(zip(drawn, row, strict=True)) for row in zip(*drawn.values(), strict=True)]


def point_mark(**mark: Any) -> Spec:
    return {"mark": {"type": "point", "filled": True, "opacity": 1, "size": 90, **mark}}


def rule_mark(**mark: Any) -> Spec:
    return {"mark": {"type": "rule", "strokeWidth": 2, **mark}}


def tick_mark(colour: str, size: int) -> Spec:
    return {"mark": {"type": "tick", "orient": "vertical", "thickness": 3, "size": size, "color": colour, "opacity": 1}}


def filled(layers: Iterable[Spec]) -> list[Spec]:
    """The layers that have rows to draw."""
    return [layer for layer in layers if layer["data"]["values"]]


def domain_top(*values: pd.Series) -> float:
    """The top of a count axis that starts from zero; at least four, so that a line of zeros lies on the floor."""
    highest = pd.concat(values).max() if values else 0.0
    return max(4.0, 0.0 if pd.isna(highest) else float(highest) * 1.06)


def count_axis(top: float, floor: float = 0, form: str = ",d") -> Spec:
    return {"scale": {"domain": [floor, top], "nice": False, "zero": False}, "axis": {"tickCount": 5, "format": form}}


def pointed_at(rows: pd.DataFrame, tips: list[Spec], **encoding: Any) -> Spec:
    """An unseen point at every row, whose figures a live chart tells; a static picture goes without."""
    unseen = {"description": _LIVE, "mark": {"type": "point", "filled": True, "opacity": 0, "size": 40}}
    return layer_of(unseen, rows, tooltip=tips, **encoding)


def choosable(names: Iterable[object]) -> Spec:
    """What a chart of several series carries, so that a reader of the live chart can have one stand out."""
    return {"params": [{"name": "picked", "value": ""}], "usermeta": {"series": [str(name) for name in names]}}


def unless_another_is_picked(field: str) -> Spec:
    """The encoding of the marks of a chart that is ``choosable`` by a field."""
    shown = {"test": f"picked == '' || datum.{field} == picked", "value": 1}
    return {"opacity": {"condition": shown, "value": 0.12}, "detail": {"field": field, "type": "nominal"}}
