"""The charts of the board's pages.

Each function takes a plain frame and returns a :class:`Chart`: Vega-Lite specifications (one for a page, one for a
phone), the alt text that states the finding, and the rows drawn. Specifications are plain values, which costs a kernel
nothing to import (Altair takes seconds there); Altair's schema checks them in the tests, and :meth:`Chart.to_altair`
gives the live object. Text that comes from data stands in specifications as data values only, never in an expression.

Months are ``YYYY-MM`` strings or Periods. A missing count is a gap, never zero and never drawn through.
"""

from __future__ import annotations

import hashlib
import itertools
import json
import re
import textwrap
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from crimelib.board import theme
from crimelib.board.tables import (
    change_text,
    count_text,
    from_to_text,
    percent_text,
    protected,
    row_label,
    row_unit,
)

if TYPE_CHECKING:
    import altair

CHART_TYPE = "application/vnd.crimelib.chart+json"
SCHEMA = "https://vega.github.io/schema/vega-lite/v6.json"
Spec = dict[str, Any]
# room at the right for readers whose face is wider than the one measured with
_FIT = {
    "autosize": {"type": "fit-x", "contains": "padding"},
    "padding": {"left": 5, "top": 5, "right": 22, "bottom": 5},
}


# The chart -------------------------------------------------------------------------------------------------


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
        """What a page needs to draw the chart again, live or still."""
        return {"spec": self.spec, "narrow_spec": self.narrow_spec, "title": self.title, "alt": self.alt}

    def to_altair(self) -> altair.TopLevelMixin:
        """The same chart as an Altair object, for ``alt.JupyterChart`` and the explorers."""
        import altair

        return altair.Chart.from_dict(self.spec)

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, Any]:
        return {"image/svg+xml": self.svg(), "text/plain": self.alt, CHART_TYPE: self.payload()}


def draw_svg(spec: Spec, *, title: str, alt: str) -> str:
    """A specification as an SVG that scales down to its column, is named and described, and whose ids are its own, so
    that many can stand in one page."""
    import vl_convert

    drawn = vl_convert.vegalite_to_svg(spec, allowed_base_urls=[])
    # the picture is one image with one description; its parts have no names of their own to read out
    drawn = re.sub(r"<(?:g|path) [^>]*>", lambda tag: re.sub(r' (?:role|aria-\w+)="[^"]*"', "", tag[0]), drawn)
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


@dataclass(frozen=True)
class _Page:
    """The space a chart is drawn for."""

    width: int
    narrow: bool

    def wrap(self, text: str, size: int) -> list[str]:
        """Text in even lines that fit the width at a font size."""
        room = max(20, int(self.width / (0.55 * size)))
        lines = len(_lines(text, room))
        narrowest = next((width for width in range(12, room) if len(_lines(text, width)) <= lines), room)
        return _lines(text, narrowest) or [""]

    def pick(self, wide: Any, narrow: Any) -> Any:
        return narrow if self.narrow else wide


def _lines(text: str, width: int) -> list[str]:
    return textwrap.wrap(text, width, break_long_words=False, break_on_hyphens=False)


_WIDE, _NARROW = _Page(theme.WIDE, False), _Page(theme.NARROW, True)


def _chart(
    draw: Callable[[_Page], Spec], *, title: str, unit: str, finding: str, data: pd.DataFrame, key: Sequence[str] = ()
) -> Chart:
    """Both drawings with the title, the unit, the key to their marks and the theme."""
    entries = "\u2003 ".join(entry.replace(" ", "\u00a0") for entry in key)

    def finished(page: _Page) -> Spec:
        under = page.wrap(unit, theme.TEXT_SIZE) + (page.wrap(entries, theme.TEXT_SIZE) if key else [])
        heading = {"text": page.wrap(title, theme.TITLE_SIZE), "subtitle": under}
        return {"$schema": SCHEMA, "padding": 5, "title": heading, **draw(page), "config": theme.config()}

    return Chart(finished(_WIDE), finished(_NARROW), title, f"{title}. {finding}", data.reset_index(drop=True))


# Pieces of a specification ---------------------------------------------------------------------------------------


def _values(rows: pd.DataFrame) -> Spec:
    """Rows as inline data, missing values as null."""
    return {"values": json.loads(rows.to_json(orient="records"))}


def _quantity(field: str, **options: Any) -> Spec:
    return {"field": field, "type": "quantitative", **options}


def _text_mark(field: str, **mark: Any) -> Spec:
    return {"mark": {"type": "text", **mark}, "encoding": {"text": {"field": field, "type": "nominal"}}}


def _tooltip(**fields: str) -> list[Spec]:
    """Tooltip lines: title to field, both plain text."""
    return [
        {"field": field, "type": "nominal", "title": heading.replace("_", " ")} for heading, field in fields.items()
    ]


def _with(layer: Spec, data: Any = None, **encoding: Any) -> Spec:
    """A layer with more encoding and, where given, rows of its own: only the fields it draws, so that nothing else
    of a row travels with the picture."""
    whole = {**layer.get("encoding", {}), **encoding}
    if data is None:
        return {**layer, "encoding": whole}
    channels = [part for channel in whole.values() for part in (channel if isinstance(channel, list) else [channel])]
    fields = dict.fromkeys([*(part["field"] for part in channels if "field" in part), "at", "value"])
    frame = pd.DataFrame(data)
    drawn = frame[[field for field in fields if field in frame]]
    return {"data": _values(drawn), **layer, "encoding": whole}


# Time ------------------------------------------------------------------------------------------------------


def _instant(month: pd.Period, day: int = 15) -> int:
    """Milliseconds for a day of a month; counts stand in mid-month, so that an event falls where it happened."""
    return int((month.to_timestamp() + pd.Timedelta(days=day - 1)).value // 1_000_000)


def _as_month(value: object) -> pd.Period:
    return value if isinstance(value, pd.Period) else pd.Period(str(value)[:7], freq="M")


def _day(value: object) -> int:
    """Milliseconds for a date or for the first of a month."""
    return int(pd.Timestamp(str(value)).value // 1_000_000)


def _figures(monthly: pd.DataFrame, value: str) -> pd.Series:
    """A column of figures, blank where the row's ``status`` says they are not to be shown."""
    return protected(monthly.assign(current=monthly[value]))["current"]


def monthly_rows(monthly: pd.DataFrame, *, value: str = "count", breaks: Iterable[object] = ()) -> pd.DataFrame:
    """Every month from the first to the last: ``month`` (Period), ``value`` (NaN where missing), ``at``
    (milliseconds), ``label`` (November 2021) ``segment``, which changes after a gap and
    at a break, and ``era``, which changes at a break only. Raises ValueError where there is no row at all."""
    if monthly.empty:
        raise ValueError("no months to draw: leave the chart out and say that there is no data")
    months = monthly["month"].map(_as_month)
    counts = pd.Series(_figures(monthly, value).to_numpy(), index=pd.PeriodIndex(months))
    full = counts.reindex(pd.period_range(months.min(), months.max(), freq="M"))
    starts = pd.Series(full.index.isin([_as_month(month) for month in breaks]), index=full.index)
    segment = (full.isna() | starts).cumsum()
    return pd.DataFrame(
        {
            "month": full.index,
            "value": full.to_numpy(),
            "at": [_instant(month) for month in full.index],
            "label": full.index.strftime("%B %Y"),
            "segment": segment.to_numpy(),
            "era": starts.cumsum().to_numpy(),
        }
    )


def _time_axis(months: Sequence[pd.Period], width: float) -> Spec:
    """The x encoding's axis and scale for months, with as many British dates as the width holds."""
    first, last = min(months), max(months)
    length = (last - first).n + 1
    step = next(step for step in (1, 2, 3, 6, 12, 24, 48, 120, 480) if width * step / length >= 80)
    anchor = 1 if length > 30 and step >= 12 else last.month
    ticks = [
        month for month in pd.period_range(first, last, freq="M") if (month.ordinal - anchor + 1) % min(step, 12) == 0
    ]
    if step > 12:
        ticks = ticks[:: step // 12]
    return {
        "axis": {"values": [_instant(month) for month in ticks], "format": "%b %Y", "labelFlush": False},
        "scale": {"type": "utc", "domain": [_instant(first, 1), _instant(last + 1, 1)]},
    }


def _domain_top(*values: pd.Series) -> float:
    """The top of a count axis that starts from zero; at least four, so that a line of zeros lies on the floor."""
    highest = pd.concat(values).max() if values else 0.0
    return max(4.0, 0.0 if pd.isna(highest) else float(highest) * 1.06)


def _count_axis(top: float, floor: float = 0, form: str = ",d") -> Spec:
    return {"scale": {"domain": [floor, top], "nice": False, "zero": False}, "axis": {"tickCount": 5, "format": form}}


def _line_layers(
    rows: pd.DataFrame,
    provisional_from: object = None,
    *,
    colour: str = theme.CURRENT,
    width: float = 2.2,
    points: bool = True,
    size: int = 26,
) -> list[Spec]:
    """A solid line over settled months, dashed with hollow points over provisional ones, nothing over gaps.

    Without points, a month that stands alone between gaps still gets one.
    """
    told = rows.assign(shown=rows["value"].map(count_text))
    settled, provisional, joined = _settled_and_provisional(told, provisional_from)
    detail = {"field": "segment", "type": "nominal"}
    line = {"type": "line", "color": colour, "strokeWidth": width}
    dot = {"type": "point", "filled": True, "opacity": 1, "size": size, "color": colour}
    hollow = {"type": "point", "fill": theme.BACKGROUND, "stroke": colour, "strokeWidth": 1.6, "size": size + 14}
    lone = settled if points else settled[settled.groupby("segment")["at"].transform("size") == 1]
    tips = {"tooltip": _tooltip(Month="label", Count="shown")}
    layers = [
        ({"mark": line}, settled, {"detail": detail}),
        ({"mark": {**line, "strokeDash": [4, 4]}}, joined, {"detail": detail}),
        ({"mark": dot}, lone, tips),
        ({"mark": {**hollow, "opacity": 1}}, provisional, tips),
    ]
    return [_with(layer, part, **encoding) for layer, part, encoding in layers if len(part)]


def _settled_and_provisional(
    rows: pd.DataFrame, provisional_from: object
) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """The counted months as settled, provisional, and provisional joined to the settled month before."""
    counted = rows.dropna(subset=["value"])
    none = counted.iloc[:0]
    if provisional_from is None:
        return counted, none, none
    late = counted["month"] >= _as_month(provisional_from)
    return counted[~late], counted[late], pd.concat([counted[~late].tail(1), counted[late]]) if late.any() else none


# Events and breaks -----------------------------------------------------------------------------------------------

_LANE = 17


def _event_rows(events: pd.DataFrame | None, breaks: Iterable[object], first: int, last: int) -> list[Spec]:
    """Events, periods and breaks within the months drawn: label, start, end (None for a moment) in milliseconds."""
    named = dict(breaks) if isinstance(breaks, Mapping) else dict.fromkeys(breaks, "counting changed")
    marks = [
        {"label": str(text), "start": _day(_as_month(at)), "end": None, "kind": "break"} for at, text in named.items()
    ]
    for row in [] if events is None else events.to_dict("records"):
        end = row.get("end")
        end = None if end is None or pd.isna(end) or end == "" else _day(end)
        marks.append({"label": str(row["label"]), "start": _day(row["start"]), "end": end, "kind": "event"})
    seen = [mark for mark in marks if mark["start"] < last and (mark["end"] or mark["start"]) >= first]
    clipped = [
        {**mark, "start": max(mark["start"], first), "end": mark["end"] and min(mark["end"], last)} for mark in seen
    ]
    return sorted(clipped, key=lambda mark: mark["start"])


def _in_lanes(marks: Sequence[Spec], first: int, last: int, width: float) -> list[Spec]:
    """Each mark with the lane above the plot where its label stands: no two labels touch, no rule crosses a label.

    A label reads rightwards from its rule unless it would leave the plot. Rightmost first, so that a label rises above
    every rule that stands within it.
    """
    sized = [_label_span(mark, (mark["start"] - first) / (last - first) * width, width) for mark in marks]
    rightwards = [mark for mark in sized if mark["align"] == "left"][::-1]
    placed: list[Spec] = []
    for mark in rightwards + [mark for mark in sized if mark["align"] == "right"]:
        taken = {other["lane"] for other in placed if _touching(mark, other)}
        floor = max((other["lane"] + 1 for other in placed if mark["left"] <= other["at"] <= mark["right"]), default=0)
        lane = next(lane for lane in range(floor, floor + len(taken) + 1) if lane not in taken)
        placed.append({**mark, "lane": lane})
    return placed


def _label_span(mark: Spec, at: float, width: float) -> Spec:
    """A mark with the pixels its label covers; a long name is cut, the whole standing in the list of events."""
    label = textwrap.shorten(mark["label"], max(12, int(width / 8)), placeholder="…")
    length = len(label) * theme.SMALL_SIZE * 0.58 + 12
    fits = at + length <= width or at < length
    left = at if fits else at - length
    return {
        **mark,
        "label": label,
        "at": at,
        "left": left,
        "right": left + length,
        "align": "left" if fits else "right",
    }


def _touching(mark: Spec, other: Spec) -> bool:
    return mark["left"] < other["right"] and other["left"] < mark["right"]


def _event_layers(marks: Sequence[Spec]) -> list[Spec]:
    """Shaded periods, rules that rise to their labels, and the labels."""
    x = {"field": "start", "type": "temporal"}
    shade = {"mark": {"type": "rect", "color": theme.SHADE, "opacity": 1}}
    floor = {"y": {"value": 0}, "y2": {"value": "height"}}
    periods = [mark for mark in marks if mark["end"]]
    layers = [_with(shade, periods, x=x, x2={"field": "end"}, **floor)] if periods else []
    for mark in marks:
        height = {"value": -(mark["lane"] * _LANE + 14)}
        dash = [2, 3] if mark["kind"] == "break" else [1, 0]
        rule = {"mark": {"type": "rule", "color": theme.RULE, "strokeDash": dash, "strokeWidth": 1}}
        style = {"align": mark["align"], "dx": 4 if mark["align"] == "left" else -4, "baseline": "top"}
        label = _text_mark("label", **style, fontSize=theme.SMALL_SIZE, color=theme.MUTED)
        row = [{name: mark[name] for name in ("start", "label", "kind")}]
        layers += [_with(rule, row, x=x, y=height, y2={"value": "height"}), _with(label, row, x=x, y=height)]
    return layers


# Labels at the ends of lines -------------------------------------------------------------------------------------


def _end_labels(
    labels: Sequence[tuple[float, str, str, bool]], at: int, top: float, height: int, floor: float = 0
) -> list[Spec]:
    """Names to the right of the plot, (value, text, colour, strong), moved apart until they do not touch."""
    if not labels:
        return []
    ordered = sorted(labels, key=lambda label: -label[0])
    sizes = [label[1].count("\n") + 1 for label in ordered]
    wanted = [height * (top - label[0]) / (top - floor) for label in ordered]
    layers = []
    for (_, text, colour, strong), y in zip(ordered, _spread(wanted, sizes, height), strict=True):
        style = {"align": "left", "baseline": "middle", "dx": 8, "color": colour, "lineHeight": theme.LINE_HEIGHT}
        weight = {"fontWeight": 600} if strong else {"fontSize": theme.SMALL_SIZE}
        # vega's baseline is that of the first line
        first_line = y - (text.count("\n") * theme.LINE_HEIGHT) / 2
        mark = _text_mark("name", **style, **weight)
        layers.append(_with(mark, [{"at": at, "name": text}], y={"value": round(first_line, 1)}))
    return layers


def _spread(wanted: Sequence[float], lines: Sequence[int], height: float) -> list[float]:
    """Centres as near as may be to those wanted (ascending), each block of lines clear of the next."""
    heights = [count * theme.LINE_HEIGHT + 2 for count in lines]
    placed: list[float] = []
    for place, y in enumerate(wanted):
        lowest = placed[-1] + (heights[place - 1] + heights[place]) / 2 if place else y
        placed.append(max(y, lowest))
    floor = height + 8
    for place in reversed(range(len(placed))):
        placed[place] = min(placed[place], floor - heights[place] / 2)
        floor = placed[place] - heights[place] / 2
    return placed


# Series over time ------------------------------------------------------------------------------------------


def trend_chart(
    monthly: pd.DataFrame,
    *,
    title: str,
    unit: str,
    finding: str,
    events: pd.DataFrame | None = None,
    limits: pd.DataFrame | Mapping[str, float] | None = None,
    breaks: Iterable[object] | Mapping[str, str] = (),
    provisional_from: object = None,
    comparison: pd.DataFrame | None = None,
    rolling: bool = False,
) -> Chart:
    """Monthly counts as a line with points.

    ``monthly``: month, count (missing: a gap). ``events``: label, start, end (missing for a moment), dates or months.
    ``limits``: month, centre, lower, upper (or one set of values for all months); months outside are ringed and named.
    ``breaks``: the first months on a new basis (a mapping gives each its label); the line stops there.
    ``comparison``: month, count, label; a thin grey line. ``rolling`` draws the twelve-month average strongly and the
    months faintly.
    """
    rows = monthly_rows(monthly, breaks=breaks)
    first, last = _instant(rows["month"].iloc[0], 1), _instant(rows["month"].iloc[-1] + 1, 1)
    band = _limit_rows(limits, rows)
    other = rows.iloc[:0] if comparison is None else monthly_rows(comparison)
    name = "" if comparison is None else str(comparison["label"].iloc[0])
    average = _twelve_month_average(rows) if rolling else rows.iloc[:0]
    top = _domain_top(rows["value"], band["upper"], other["value"])
    marks = _event_rows(events, breaks, first, last)
    ends = _trend_ends(rows, band, other, name, average)

    def draw(page: _Page) -> Spec:
        height = page.pick(260, 220)
        placed = _in_lanes(marks, first, last, page.width - 110)
        line = {"colour": theme.PREVIOUS, "width": 1.2, "points": False} if rolling else {}
        layers = [
            *_event_layers(placed),
            *_limit_layers(band),
            *_plain_line(other, theme.SERIES[1], 1.5),
            *_line_layers(rows, provisional_from, size=page.pick(26, 16), **line),
            *_plain_line(average, theme.CURRENT, 3.2),
            *_unusual_layers(rows, band, apart=page.pick(10, 18)),
            *_end_labels(ends, int(rows["at"].iloc[-1]), top, height),
        ]
        time = {"field": "at", "type": "temporal", "title": None, **_time_axis(list(rows["month"]), page.width - 110)}
        return {
            **_FIT,
            "width": page.width,
            "height": height,
            "layer": [_on_axes(layer, time, top) for layer in layers],
        }

    return _chart(draw, title=title, unit=unit, finding=finding, data=_drawn(rows))


def _trend_ends(
    rows: pd.DataFrame, band: pd.DataFrame, other: pd.DataFrame, name: str, average: pd.DataFrame
) -> list[tuple[float, str, str, bool]]:
    """What is written at the right: the latest figure (or average), the comparison's name, the expected range."""
    strong = average if len(average) else rows
    latest, beside = strong.dropna(subset=["value"]).tail(1), other.dropna(subset=["value"]).tail(1)
    labels = []
    for row in latest.itertuples():
        what = "12-month\naverage" if len(average) else f"in {row.month.strftime('%b %Y')}"
        labels.append((row.value, f"{row.value:,.0f}\n{what}", theme.CURRENT, True))
    labels += [(row.value, "\n".join(_lines(name, 13)), theme.SERIES[1], False) for row in beside.itertuples()]
    labels += [(row.upper, "expected\nrange", theme.MUTED, False) for row in band.tail(1).itertuples()]
    return labels


def _on_axes(layer: Spec, time: Spec, top: float, floor: float = 0, form: str = ",d") -> Spec:
    """A layer with the chart's axes where it does not say otherwise."""
    encoding = dict(layer["encoding"])
    x = encoding.get("x", {})
    encoding["x"] = x if "value" in x else {**time, **x}
    encoding.setdefault("y", _quantity("value"))
    if "field" in encoding["y"]:
        encoding["y"] = {**encoding["y"], "title": None, **_count_axis(top, floor, form)}
    return {**layer, "encoding": encoding}


def _drawn(rows: pd.DataFrame) -> pd.DataFrame:
    """The rows a reader may take away: month and count."""
    return pd.DataFrame({"month": rows["month"].astype(str), "count": rows["value"]})


def _limit_rows(limits: pd.DataFrame | Mapping[str, float] | None, rows: pd.DataFrame) -> pd.DataFrame:
    """month, at, era, centre, lower, upper for the months that have limits."""
    frame = rows[["month", "at", "era"]]
    if limits is None:
        return frame.iloc[:0].assign(centre=0.0, lower=0.0, upper=0.0)
    if isinstance(limits, Mapping):
        return frame.assign(**{name: float(limits[name]) for name in ("centre", "lower", "upper")})
    known = limits.assign(month=limits["month"].map(_as_month))[["month", "centre", "lower", "upper"]]
    return frame.merge(known, on="month").dropna()


def _limit_layers(band: pd.DataFrame) -> list[Spec]:
    if band.empty:
        return []
    detail = {"field": "era", "type": "nominal"}
    area = {"mark": {"type": "area", "color": theme.BAND, "opacity": 0.75}}
    centre = {"mark": {"type": "line", "color": theme.PREVIOUS, "strokeWidth": 1, "strokeDash": [5, 3]}}
    return [
        _with(area, band, y=_quantity("lower"), y2={"field": "upper"}, detail=detail),
        _with(centre, band, y=_quantity("centre"), detail=detail),
    ]


def _unusual_layers(rows: pd.DataFrame, band: pd.DataFrame, apart: int) -> list[Spec]:
    """Months outside the limits, ringed; the latest of each cluster is named."""
    both = rows.merge(band[["month", "lower", "upper"]], on="month")
    outside = both[(both["value"] > both["upper"]) | (both["value"] < both["lower"])]
    if outside.empty:
        return []
    ring = {"mark": {"type": "point", "size": 110, "stroke": theme.ACCENT, "strokeWidth": 2, "opacity": 1}}
    words = _text_mark("name", fontSize=theme.SMALL_SIZE, color=theme.ACCENT, fontWeight=600)
    named = _far_apart(outside, apart)
    text = [f"{row.value:,.0f} in {row.month.strftime('%b %Y')}" for row in named.itertuples()]
    named = named.assign(name=text, above=named["value"] > named["upper"])
    layers = [_with(ring, outside)]
    for above, dy in ((True, -14), (False, 16)):
        part = named[named["above"] == above]
        layers += [_with({**words, "mark": {**words["mark"], "dy": dy}}, part)] if len(part) else []
    return layers


def _far_apart(rows: pd.DataFrame, months: int) -> pd.DataFrame:
    """Rows from the latest backwards that stand at least so many months apart, three at most."""
    kept: list[pd.Period] = []
    for month in reversed(list(rows["month"])):
        if not kept or (kept[-1] - month).n >= months:
            kept.append(month)
    return rows[rows["month"].isin(kept[:3])]


def _twelve_month_average(rows: pd.DataFrame) -> pd.DataFrame:
    """The mean of each twelve months that are all there and on one side of every break."""
    return rows.assign(value=rows.groupby("segment")["value"].transform(lambda part: part.rolling(12).mean()))


def _plain_line(rows: pd.DataFrame, colour: str, width: float) -> list[Spec]:
    """A line without points; nothing where there are no rows."""
    counted = rows.dropna(subset=["value"])
    line = {"mark": {"type": "line", "color": colour, "strokeWidth": width}}
    return [_with(line, counted, detail={"field": "segment", "type": "nominal"})] if len(counted) else []


def proportion_trend(
    waves: pd.DataFrame, *, title: str, unit: str, finding: str, events: pd.DataFrame | None = None
) -> Chart:
    """One survey measure by quarter from 0 to 100%, with its 95% band and London's line.

    ``waves``: month (quarter end), proportion, low, high, london, each 0 to 1; a quarter that is not there is a gap.
    Waves a whole number of years before the last share no interview with it and have points; the others lie on the
    line only. ``events`` as in :func:`trend_chart`. Raises ValueError where there is no wave.
    """
    if waves.empty:
        raise ValueError("no waves to draw: leave the chart out and say that there is no data")
    rows = _wave_rows(waves)
    first, last = _instant(rows["month"].iloc[0], 1), _instant(rows["month"].iloc[-1] + 1, 1)
    apart = rows[[(rows["month"].iloc[-1] - month).n % 12 == 0 for month in rows["month"]]]
    marks = _event_rows(events, (), first, last)
    london = rows.assign(value=rows["london"])
    ends = [(row.value, f"{row.shown}\nin {row.month.strftime('%b %Y')}", theme.CURRENT, True)
            for row in rows.tail(1).itertuples()]  # fmt: skip
    ends += [
        (row.value, "London", theme.SERIES[2], False) for row in london.dropna(subset="value").tail(1).itertuples()
    ]

    def draw(page: _Page) -> Spec:
        height = page.pick(260, 220)
        area = {"mark": {"type": "area", "color": theme.BAND, "opacity": 1}}
        detail = {"field": "segment", "type": "nominal"}
        tips = _tooltip(Quarter="label", Share="shown")
        layers = [
            *_event_layers(_in_lanes(marks, first, last, page.width - 110)),
            _with(area, rows, y=_quantity("low"), y2={"field": "high"}, detail=detail),
            *_plain_line(london, theme.SERIES[2], 1.5),
            *_plain_line(rows, theme.CURRENT, 1.8),
            _with(_point(color=theme.CURRENT, size=page.pick(70, 46)), apart, tooltip=tips),
            *_end_labels(ends, int(rows["at"].iloc[-1]), 1.0, height),
        ]
        time = {"field": "at", "type": "temporal", "title": None, **_time_axis(list(rows["month"]), page.width - 110)}
        axes = [_on_axes(layer, time, 1.0, form=".0%") for layer in layers]
        return {**_FIT, "width": page.width, "height": height, "layer": axes}

    key = ("band: 95% interval", "● waves that share no interview")
    drawn = rows.assign(month=rows["month"].astype(str))[["month", "proportion", "low", "high", "london"]]
    return _chart(draw, title=title, unit=unit, key=key, finding=finding, data=drawn)


def _wave_rows(waves: pd.DataFrame) -> pd.DataFrame:
    """Waves in order of time with their place, words, and a ``segment`` that changes where a quarter is not there."""
    rows = waves.assign(month=waves["month"].map(_as_month)).sort_values("month", ignore_index=True)
    after_gap = [False, *((now - before).n > 3 for before, now in itertools.pairwise(rows["month"]))]
    return rows.assign(
        value=rows["proportion"],
        at=[_instant(month) for month in rows["month"]],
        label=[f"twelve months to {month.strftime('%B %Y')}" for month in rows["month"]],
        shown=[count_text(share, "proportion") for share in rows["proportion"]],
        segment=np.cumsum(after_gap),
    )


def stacked_parts_chart(
    monthly: pd.DataFrame, *, title: str, unit: str, finding: str, parts: Sequence[str] | None = None
) -> Chart:
    """Parts that add up, stacked by month. ``monthly``: month, part, count; ``parts`` orders them from the bottom.

    A month in which any part is missing is left out whole: a stack without a part would read as a smaller number.
    """
    order = list(parts or dict.fromkeys(monthly["part"]))
    long = monthly.assign(month=monthly["month"].map(_as_month), count=_figures(monthly, "count"))
    wide = long.pivot(index="month", columns="part", values="count")
    months = pd.period_range(wide.index.min(), wide.index.max(), freq="M")
    whole = wide.reindex(months)[order].astype("float64").dropna()
    upper = whole.cumsum(axis="columns")
    top = _domain_top(upper.max(axis="columns"))
    colours = dict(zip(order, _part_colours(len(order)), strict=True))
    bars = [
        {
            "month": str(month),
            "start": _instant(month, 3),
            "at": _instant(month, 28),
            "lower": upper.at[month, part] - whole.at[month, part],
            "value": upper.at[month, part],
            "part": part,
            "label": month.strftime("%B %Y"),
            "shown": count_text(whole.at[month, part]),
        }
        for month in whole.index
        for part in order
    ]

    def draw(page: _Page) -> Spec:
        height = page.pick(280, 240)
        layers = []
        for part in order:
            rows = [row for row in bars if row["part"] == part]
            rect = {"mark": {"type": "rect", "color": colours[part], "stroke": theme.BACKGROUND, "strokeWidth": 0.6}}
            tips = _tooltip(Month="label", Part="part", Count="shown")
            span = {"x": {"field": "start", "type": "temporal"}, "x2": {"field": "at"}, "y2": {"field": "lower"}}
            layers.append(_with(rect, rows, tooltip=tips, **span))
        layers += _end_labels(_stack_ends(whole, upper, colours), _instant(months[-1], 28), top, height)
        time = {"field": "at", "type": "temporal", "title": None, **_time_axis(list(months), page.width - 130)}
        axes = [_on_axes(layer, time, top) for layer in layers]
        return {**_FIT, "width": page.width, "height": height, "layer": axes}

    drawn = long.assign(month=long["month"].astype(str))[["month", "part", "count"]]
    return _chart(draw, title=title, unit=unit, finding=finding, data=drawn)


def _part_colours(number: int) -> list[str]:
    """Colours from dark to light, so that the parts of a stack separate in grey."""
    return {1: [theme.CURRENT], 2: [theme.CURRENT, "#8fb8dc"], 3: [theme.SERIES[0], "#3f83bd", "#a9cae6"]}.get(
        number, [theme.SERIES[place % len(theme.SERIES)] for place in range(number)]
    )


def _stack_ends(
    whole: pd.DataFrame, upper: pd.DataFrame, colours: Mapping[str, str]
) -> list[tuple[float, str, str, bool]]:
    """Each part's name and last figure at the middle of its last bar, in ink that reads on white."""
    if whole.empty:
        return []
    last = whole.index[-1]
    middles = {part: upper.at[last, part] - whole.at[last, part] / 2 for part in whole.columns}
    names = {part: "\n".join([*_lines(str(part), 16), count_text(whole.at[last, part])]) for part in whole.columns}
    dark = {
        part: colour if colour in (*theme.SERIES[:4], theme.CURRENT) else theme.MUTED
        for part, colour in colours.items()
    }
    return [(middles[part], names[part], dark[part], True) for part in whole.columns]


def index_chart(series: pd.DataFrame, *, title: str, unit: str, finding: str, breaks: Iterable[object] = ()) -> Chart:
    """Several series indexed to 100 at their start. ``series``: month, series, value (missing: a gap).

    The axis need not reach zero: an index shows change, and 100 is marked.
    """
    names = list(dict.fromkeys(series["series"]))
    drawn = series.assign(month=series["month"].astype(str), value=_figures(series, "value"))
    drawn = drawn[["month", "series", "value"]]
    colours = dict(zip(names, (theme.SERIES[place % len(theme.SERIES)] for place in range(len(names))), strict=True))
    parts = {name: monthly_rows(series[series["series"] == name], value="value", breaks=breaks) for name in names}
    values = pd.concat([pd.Series([90.0, 110.0]), *(part["value"] for part in parts.values())])
    floor, top = float(values.min() // 10 * 10), float(-(-values.max() // 10) * 10)
    months = sorted({month for part in parts.values() for month in part["month"]})
    ends = [
        (row.value, "\n".join([*_lines(str(name), 16), f"{row.value:,.0f}"]), colours[name], True)
        for name, part in parts.items()
        for row in part.dropna(subset=["value"]).tail(1).itertuples()
    ]

    def draw(page: _Page) -> Spec:
        height = page.pick(280, 250)
        level = {"mark": {"type": "rule", "color": theme.MUTED, "strokeWidth": 1}}
        layers = [_with(level, [{"value": 100}], x={"value": 0}, x2={"value": "width"})]
        for name, part in parts.items():
            layers += _line_layers(part, colour=colours[name], points=False, width=2.6)
        layers += _end_labels(ends, _instant(months[-1]), top, height, floor)
        time = {"field": "at", "type": "temporal", "title": None, **_time_axis(months, page.width - 140)}
        axes = [_on_axes(layer, time, top, floor) for layer in layers]
        return {**_FIT, "width": page.width, "height": height, "layer": axes}

    return _chart(draw, title=title, unit=unit, finding=finding, data=drawn)


def small_multiples(
    monthly: pd.DataFrame,
    facet: str,
    *,
    title: str,
    unit: str,
    finding: str,
    breaks: Iterable[object] = (),
    provisional_from: object = None,
) -> Chart:
    """One small trend per value of ``facet``, on shared axes. ``monthly``: month, count, ``facet`` and, where some
    are not to be shown, ``status``; a panel without figures says so in words."""
    names = list(dict.fromkeys(monthly[facet]))
    frames = {name: monthly[monthly[facet] == name] for name in names}
    absent = {name: _absent_word(frame) for name, frame in frames.items()}
    parts = {name: monthly_rows(frames[name], breaks=breaks) for name in names if not absent[name]}
    top = _domain_top(*(part["value"] for part in parts.values()))
    months = sorted(monthly["month"].map(_as_month).unique())

    def draw(page: _Page) -> Spec:
        columns = min(page.pick(4 if len(names) > 9 else 3, 2), len(names))
        width = (page.width - 50 - 16 * (columns - 1)) // columns
        panels = [
            _panel(str(name), parts.get(name), absent[name], months, top, width, place % columns == 0, provisional_from)
            for place, name in enumerate(names)
        ]
        return {"concat": panels, "columns": columns, "spacing": {"row": 18, "column": 16}}

    shown = monthly[monthly[facet].map(lambda name: not absent[name])]
    drawn = shown.assign(month=shown["month"].astype(str), count=_figures(shown, "count"))[["month", facet, "count"]]
    return _chart(draw, title=title, unit=unit, finding=finding, data=drawn)


def _absent_word(frame: pd.DataFrame) -> str:
    """Why a panel has no figures; '' where it has some."""
    words = protected(frame.rename(columns={"count": "current"}))["absent"]
    return words.iloc[0] if (words != "").all() else ""


def _panel(
    name: str,
    rows: pd.DataFrame | None,
    absent: str,
    months: Sequence[pd.Period],
    top: float,
    width: int,
    labelled: bool,
    provisional_from: object,
) -> Spec:
    """One small trend; the last figure written at its point."""
    heading = {
        "text": _lines(name, int(width / 7.6)),
        "fontSize": theme.TEXT_SIZE,
        "offset": 6,
        "lineHeight": 16,
    }
    ends = [months[0], months[-1]]
    ticks = {
        "values": [_instant(month) for month in ends],
        "format": "%b %Y",
        "labelFlush": 20,
        "labelFontSize": theme.SMALL_SIZE,
    }
    time = {**_time_axis(list(months), width), "axis": ticks}
    x = {"field": "at", "type": "temporal", "title": None, **time}
    if rows is None:
        words = _text_mark("name", fontStyle="italic", color=theme.MUTED)
        middle = {"at": (_instant(months[0]) + _instant(months[-1])) // 2, "name": absent}
        layers = [
            _with(words, [middle], y={"value": 45}),
            _with({"mark": {"type": "point", "opacity": 0}}, [{"at": middle["at"], "value": 0}]),
        ]
    else:
        latest = rows.dropna(subset=["value"]).tail(1)
        label = latest.assign(name=latest["value"].map(count_text))
        words = _text_mark("name", align="right", dy=-10, fontWeight=600, color=theme.CURRENT)
        layers = [*_line_layers(rows, provisional_from, points=False, width=1.8), _with(words, label)]
        if len(settled := _settled_and_provisional(latest, provisional_from)[0]):
            layers.append(_with(_point(size=34, color=theme.CURRENT), settled))
    drawn = [_on_axes(layer, x, top) for layer in layers]
    for layer in drawn:
        if "axis" in layer["encoding"]["y"]:
            layer["encoding"]["y"]["axis"] = {
                "tickCount": 3,
                "format": ",d",
                "labels": labelled,
                "labelFontSize": theme.SMALL_SIZE,
            }
    return {"title": heading, "width": width, "height": 90, "layer": drawn}


# Rows set against each other ---------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Rows:
    """The pixels of a chart of named rows: names at the left (above their row on a phone), figures at the right."""

    page: _Page
    number: int
    left: int
    right: int
    step: int

    @classmethod
    def fit(cls, page: _Page, names: Sequence[str], right: int, step: int) -> _Rows:
        longest = max((len(line) for name in names for line in _lines(name, 30)), default=10)
        if page.narrow:
            return cls(page, len(names), 8, 20, step + 20)
        return cls(page, len(names), min(245, int(longest * 7.2) + 16), right, step)

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
        wrapped = [name if self.page.narrow else "\n".join(_lines(name, 30)) for name in names]
        lift = [(name.count("\n") * theme.LINE_HEIGHT) / 2 for name in wrapped]
        return rows.assign(
            name=wrapped,
            y=[y + mark for y in middle],
            label_y=[y + words for y in middle],
            name_y=[y + words - up for y, up in zip(middle, lift, strict=True)],
        )

    def y(self, field: str = "y") -> Spec:
        scale = {"domain": [0, self.height], "range": [0, self.height], "zero": False, "nice": False}
        return _quantity(field, scale=scale, axis=None)

    def x(self, field: str, domain: Sequence[float], axis: Spec | None, kind: str = "linear") -> Spec:
        span = [self.left, self.width - self.right]
        return _quantity(
            field, scale={"type": kind, "domain": list(domain), "range": span, "nice": False}, axis=axis, title=None
        )

    def words(self, rows: pd.DataFrame) -> list[Spec]:
        """Row names at the left, ``figures`` at the right."""
        name = _text_mark("name", align="left", baseline="middle", lineHeight=theme.LINE_HEIGHT)
        figures = _text_mark("figures", align="right", baseline="middle", color=theme.MUTED)
        layers = [_with(name, rows, x={"value": 0}, y=self.y("name_y"))]
        return (
            [*layers, _with(figures, rows, x={"value": self.width}, y=self.y("label_y"))]
            if "figures" in rows
            else layers
        )

    def spec(self, layers: list[Spec]) -> Spec:
        return {"width": self.width, "height": self.height, "layer": layers}


def _point(**mark: Any) -> Spec:
    return {"mark": {"type": "point", "filled": True, "opacity": 1, "size": 90, **mark}}


def _rule(**mark: Any) -> Spec:
    return {"mark": {"type": "rule", "strokeWidth": 2, **mark}}


def _tick(colour: str, size: int) -> Spec:
    return {"mark": {"type": "tick", "orient": "vertical", "thickness": 3, "size": size, "color": colour, "opacity": 1}}


def _absent_layer(grid: _Rows, rows: pd.DataFrame) -> list[Spec]:
    """The word that stands where a row has no figure."""
    gone = rows[rows["absent"] != ""]
    words = _text_mark("absent", align="left", baseline="middle", fontStyle="italic", color=theme.MUTED)
    return [_with(words, gone, x={"value": grid.left + 2}, y=grid.y())] if len(gone) else []


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


def _taken(rows: pd.DataFrame, names: Sequence[str]) -> pd.DataFrame:
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
    top = min(1.0, highest * 1.15) if proportion else _domain_top(shown["current"], shown["previous"])

    def draw(page: _Page) -> Spec:
        grid = _Rows.fit(page, names, right=165, step=30)
        placed = grid.placed(shown, names)
        drawn = placed[placed["absent"] == ""]
        axis = {"tickCount": page.pick(5, 4), "format": ".0%" if proportion else ",d", "grid": True}
        now, before = grid.x("current", [0, top], axis), grid.x("previous", [0, top], axis)
        tips = _tooltip(Measure="name", Figures="figures")
        layers = [
            _with(
                _rule(color=theme.RULE),
                drawn.dropna(subset=["previous"]),
                x=before,
                x2={"field": "current"},
                y=grid.y(),
            ),
            _with(
                _point(fill=theme.BACKGROUND, stroke=theme.PREVIOUS, strokeWidth=2),
                drawn,
                x=before,
                y=grid.y(),
                tooltip=tips,
            ),
            _with(_point(color=theme.CURRENT, size=110), drawn, x=now, y=grid.y(), tooltip=tips),
        ]
        return grid.spec([*layers, *grid.words(placed), *_absent_layer(grid, placed)])

    key = ("● now", "○ a year before")
    return _chart(draw, title=title, unit=unit, key=key, finding=finding, data=_taken(shown, names))


_RATIO_TICKS = (0.1, 0.25, 0.5, 0.67, 0.8, 1.0, 1.25, 1.5, 2.0, 4.0, 10.0)
_SIGNAL_SHAPES = {"increase": "triangle-up", "decrease": "triangle-down"}


def change_forest(rows: pd.DataFrame, *, title: str, unit: str, finding: str) -> Chart:
    """The ratio of current to previous with its interval, a row each, on a log axis around *no change*.

    Rows of ``summary.csv``'s shape with ratio_low and ratio_high. A row beyond chance has a triangle, others a circle.
    """
    shown, names = _named(rows)
    ratio = (shown["current"] / shown["previous"]).where((shown["previous"] > 0) & (shown["current"] > 0))
    low, high = _ratio_domain(pd.concat([ratio, shown["ratio_low"], shown["ratio_high"]]))
    clipped = {name: shown[name].clip(low, high) for name in ("ratio_low", "ratio_high")}
    shown = shown.assign(ratio=ratio, **clipped, signal=shown["signal"].fillna("") if "signal" in shown else "")

    def draw(page: _Page) -> Spec:
        grid = _Rows.fit(page, names, right=165, step=30)
        placed = grid.placed(shown, names)
        x = {name: grid.x(name, [low, high], None, "log") for name in ("ratio", "ratio_low")}
        layers = _ratio_axis(grid, low, high)
        for signal in dict.fromkeys(placed["signal"]):
            part = placed[(placed["signal"] == signal) & placed["ratio"].notna()]
            colour = theme.SIGNAL_COLOURS.get(signal, theme.MUTED)
            shape = _point(color=colour, shape=_SIGNAL_SHAPES.get(signal, "circle"), size=110)
            tips = _tooltip(Measure="name", Figures="figures")
            bars = part.dropna(subset=["ratio_low", "ratio_high"])
            line = _with(_rule(color=colour), bars, x=x["ratio_low"], x2={"field": "ratio_high"}, y=grid.y())
            layers += [line, _with(shape, part, x=x["ratio"], y=grid.y(), tooltip=tips)] if len(part) else []
        return grid.spec([*layers, *grid.words(placed), *_absent_layer(grid, placed)])

    key = ("▲ increase", "▼ decrease", "● no clear change", "bar: 95% interval")
    return _chart(draw, title=title, unit=unit, key=key, finding=finding, data=_taken(shown, names))


def placebo_chart(rows: pd.DataFrame, *, title: str, unit: str, finding: str) -> Chart:
    """Effects found where or when there was nothing to find, a row of points a ``label``, beside the real one, on a log
    axis around *no change*. ``rows``: label, ratio, low, high (its 95% interval, the real one's only), is_real."""
    names = list(dict.fromkeys(rows["label"]))
    low, high = _ratio_domain(pd.concat([rows["ratio"], rows["low"], rows["high"]]))
    shown = rows.assign(low=rows["low"].clip(low, high), high=rows["high"].clip(low, high))

    def draw(page: _Page) -> Spec:
        grid = _Rows.fit(page, names, right=30, step=44)
        placed = grid.placed(pd.DataFrame({"label": names}), names)
        drawn = shown.merge(placed[["label", "y"]], on="label")
        x = {name: grid.x(name, [low, high], None, "log") for name in ("ratio", "low")}
        others = {"mark": {**_tick(theme.MUTED, 22)["mark"], "thickness": 2, "opacity": 0.7}}
        real = _point(color=theme.ACCENT, size=130)
        bar = _rule(color=theme.ACCENT)
        layers = [
            _with(others, drawn[~drawn["is_real"]], x=x["ratio"], y=grid.y()),
            _with(bar, drawn[drawn["is_real"]], x=x["low"], x2={"field": "high"}, y=grid.y()),
            _with(real, drawn[drawn["is_real"]], x=x["ratio"], y=grid.y()),
        ]
        return grid.spec([*_ratio_axis(grid, low, high), *layers, *grid.words(placed)])

    key = ("● the effect, bar: 95% interval", "| found without a programme")
    return _chart(draw, title=title, unit=unit, key=key, finding=finding, data=rows)


def _ratio_domain(ratios: pd.Series) -> tuple[float, float]:
    """A log domain even about 1 that holds the ratios, from a fifth either way to ten times."""
    known = ratios[ratios > 0].dropna()
    reach = max([1.25, *(max(value, 1 / value) for value in known)]) * 1.05
    reach = min(reach, 10.0)
    return 1 / reach, reach


def _ratio_axis(grid: _Rows, low: float, high: float) -> list[Spec]:
    """Grid and words of a ratio axis in per cent."""
    wanted = _RATIO_TICKS if high < 2.2 else (0.1, 0.25, 0.5, 1.0, 2.0, 4.0, 10.0)
    ticks = pd.DataFrame({"ratio": [tick for tick in wanted if low <= tick <= high]})
    words = ["no change" if tick == 1 else percent_text(round(tick * 100) - 100) for tick in ticks["ratio"]]
    x = grid.x("ratio", [low, high], None, "log")
    one = ticks[ticks["ratio"] == 1]
    full = {"y": {"value": 0}, "y2": {"value": grid.height}}
    text = _text_mark("tick", color=theme.MUTED, baseline="top")
    return [
        _with(_rule(color=theme.GRID, strokeWidth=1), ticks, x=x, **full),
        _with(_rule(color=theme.MUTED, strokeWidth=1.2), one, x=x, **full),
        _with(text, ticks.assign(tick=words), x=x, y={"value": grid.height + 8}),
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

    def draw(page: _Page) -> Spec:
        grid = _Rows.fit(page, names, right=110, step=32)
        placed = grid.placed(shown, names)
        drawn = placed[placed["absent"] == ""]
        axis = {"values": [0, 0.25, 0.5, 0.75, 1], "format": ".0%", "grid": True}
        x = {name: grid.x(name, [0, 1], axis) for name in ("proportion", "low", "london")}
        tips = _tooltip(Question="name", Figures="figures")
        tick = _tick(theme.ACCENT, 20)
        layers = [
            _with(
                _rule(color=theme.SEQUENTIAL[2], strokeWidth=7),
                drawn.dropna(subset=["low", "high"]),
                x=x["low"],
                x2={"field": "high"},
                y=grid.y(),
            ),
            _with(tick, placed.dropna(subset=["london"]), x=x["london"], y=grid.y()),
            _with(_point(color=theme.CURRENT), drawn, x=x["proportion"], y=grid.y(), tooltip=tips),
        ]
        return grid.spec([*layers, *grid.words(placed), *_absent_layer(grid, placed)])

    key = ("● borough, bar: 95% interval", "| London")
    kept = shown[["proportion", "low", "high", "london"]].set_axis(pd.Index(names, name="name")).reset_index()
    return _chart(draw, title=title, unit=unit, key=key, finding=finding, data=kept)


def _interval_text(row: Mapping[str, Any]) -> str:
    if pd.isna(row["proportion"]):
        return ""
    return f"{count_text(row['proportion'], 'proportion')} ({row['low'] * 100:.0f} to {row['high'] * 100:.0f})"


# Places ----------------------------------------------------------------------------------------------------


def ward_ranked_chart(rows: pd.DataFrame, *, title: str, unit: str, finding: str) -> Chart:
    """Wards from the highest current count down, last year's as a mark. Rows of ``summary.csv``'s shape, breakdown
    ``ward``. A suppressed ward is a word, never a bar; a true zero is a mark on the axis with its ``0``."""
    ranked = protected(rows).assign(name=[row_label(row) for row in rows.to_dict("records")])
    ranked = ranked.sort_values(["current", "name"], ascending=[False, True], na_position="last").reset_index(drop=True)
    names = list(ranked["name"])
    words = [_was_text(row) for row in ranked.to_dict("records")]
    ranked = ranked.assign(figures=words, zero=0.0)
    top = _domain_top(ranked["current"], ranked["previous"])

    def draw(page: _Page) -> Spec:
        grid = _Rows.fit(page, names, right=92, step=24 if not page.narrow else 22)
        placed = grid.placed(ranked, names)
        drawn = placed[placed["absent"] == ""]
        axis = {"tickCount": 4, "format": ",d", "grid": True}
        now, before, zero = (grid.x(name, [0, top], axis) for name in ("current", "previous", "zero"))
        bar = {"mark": {"type": "rule", "strokeWidth": page.pick(13, 10), "color": theme.BAR}}
        tick = _tick(theme.INK, page.pick(19, 15))
        none = _tick(theme.BAR, page.pick(13, 10))
        tips = _tooltip(Ward="name", Count="figures")
        layers = [
            _with(bar, drawn[drawn["current"] > 0], x=zero, x2={"field": "current"}, y=grid.y(), tooltip=tips),
            _with(none, drawn[drawn["current"] == 0], x=zero, y=grid.y(), tooltip=tips),
            _with(tick, drawn.dropna(subset=["previous"]), x=before, y=grid.y()),
        ]
        layers = _filled(layers) or [_with(none, [{"zero": None, "y": 0}], x=now, y=grid.y())]
        return grid.spec([*layers, *grid.words(placed), *_absent_layer(grid, placed)])

    key = ("■ now", "| a year before")
    return _chart(draw, title=title, unit=unit, key=key, finding=finding, data=_taken(ranked, names))


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
    steps = _steps(tiles["current"])
    figure = [row["absent"] or count_text(row["current"]) for row in tiles.to_dict("records")]
    place = [0 if pd.isna(value) else sum(value > step for step in steps) for value in tiles["current"]]
    gone = tiles["absent"] != ""
    fill = [theme.BACKGROUND if none else theme.SEQUENTIAL[at] for at, none in zip(place, gone, strict=True)]
    ink = [theme.INK if none or at < 3 else theme.BACKGROUND for at, none in zip(place, gone, strict=True)]
    tiles = tiles.assign(figure=figure, fill=fill, ink=ink)

    def draw(page: _Page) -> Spec:
        columns, lines = int(tiles["col"].max()) + 1, int(tiles["row"].max()) + 1
        side = (page.width - 10) // columns
        deep = page.pick(82, 74)
        size = page.pick(theme.SMALL_SIZE, 9)
        letters = int((side - 6) / (size * 0.54))
        at = tiles.assign(
            x=tiles["col"] * side,
            x2=tiles["col"] * side + side - 4,
            y=tiles["row"] * deep,
            y2=tiles["row"] * deep + deep - 4,
            middle=tiles["col"] * side + (side - 4) / 2,
            short=["\n".join(_lines(str(name), letters)[:3]) for name in tiles["name"]],
        )
        return {
            "width": columns * side,
            "height": lines * deep,
            "layer": _tile_layers(at, columns * side, lines * deep, size),
        }

    key = (f"Darker is more, in steps of {steps[0]:,.0f}",)
    drawn = tiles[["code", "name", "current", "absent"]]
    return _chart(draw, title=title, unit=unit, key=key, finding=finding, data=drawn)


def _steps(values: pd.Series) -> list[float]:
    """Upper bounds of the classes below the last: even steps from zero in round numbers."""
    highest = max(6.0, float(values.max()) if values.notna().any() else 6.0)
    step = -(-highest // len(theme.SEQUENTIAL))
    return [step * (place + 1) for place in range(len(theme.SEQUENTIAL) - 1)]


def _tile_layers(tiles: pd.DataFrame, width: int, height: int, size: float) -> list[Spec]:
    def x(field: str) -> Spec:
        return _quantity(field, scale={"domain": [0, width], "range": [0, width], "nice": False}, axis=None)

    def y(field: str) -> Spec:
        return _quantity(field, scale={"domain": [0, height], "range": [0, height], "nice": False}, axis=None)

    def plain(field: str) -> Spec:
        return {"field": field, "type": "nominal", "scale": None}

    gone = tiles[tiles["absent"] != ""]
    span = {"x": x("x"), "x2": {"field": "x2"}, "y": y("y"), "y2": {"field": "y2"}}
    tips = _tooltip(Ward="name", Count="figure")
    rect = {"mark": {"type": "rect", "cornerRadius": 3}}
    edge = {"mark": {"type": "rect", "cornerRadius": 3, "filled": False, "stroke": theme.RULE, "strokeDash": [3, 3]}}
    name = _text_mark("short", align="center", baseline="top", dy=8, fontSize=size, lineHeight=size + 2)
    bold = _text_mark("figure", align="center", baseline="bottom", dy=-10, fontSize=theme.TEXT_SIZE + 2, fontWeight=600)
    word = _text_mark("figure", align="center", baseline="bottom", dy=-10, fontSize=size, fontStyle="italic")
    shade = {"color": plain("ink")}
    layers = [
        _with(rect, tiles, **span, fill=plain("fill"), tooltip=tips),
        _with(edge, gone, **span),
        _with(name, tiles, x=x("middle"), y=y("y"), **shade),
        _with(bold, tiles[tiles["absent"] == ""], x=x("middle"), y=y("y2"), **shade),
        _with(word, gone, x=x("middle"), y=y("y2"), **shade),
    ]
    return _filled(layers)


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
    top = max([2.0, *(shown["ratio"] * 1.12)])
    right = max([1.0, *(curve["expected"] * 1.02)])
    named = shown[outside].assign(late=lambda part: part["expected"] > right * 0.7)

    def draw(page: _Page) -> Spec:
        across = {"tickCount": 5, "format": ",d", "title": "number expected", "titleColor": theme.MUTED}
        x = _quantity("expected", scale={"domain": [0, right], "nice": False}, axis=across)
        up = {"scale": {"domain": [0, top], "nice": False}, "axis": {"tickCount": 4, "format": ".1f"}, "title": None}
        y = _quantity("ratio", **up)
        label = {"dy": -9, "fontSize": theme.SMALL_SIZE, "fontWeight": 600, "color": theme.ACCENT}
        tips = _tooltip(Ward="name")
        layers = [
            _with(_rule(color=theme.MUTED, strokeWidth=1.2), [{"ratio": 1}], y=y),
            *(_with(_limit_line(field), curve, x=x, y={**y, "field": field}) for field in _LIMITS),
            _with(_point(color=theme.PREVIOUS, size=70), shown[~outside], x=x, y=y, tooltip=tips),
            _with(_point(color=theme.ACCENT, shape="diamond", size=110), named, x=x, y=y, tooltip=tips),
            _with(_text_mark("name", align="left", dx=8, **label), named[~named["late"]], x=x, y=y),
            _with(_text_mark("name", align="right", dx=-6, **label), named[named["late"]], x=x, y=y),
        ]
        return {**_FIT, "width": page.width, "height": page.pick(320, 280), "layer": _filled(layers)}

    hidden = int((words != "").sum())
    key = ("named: outside the 95% limits", "95% dashed, 99.8% solid", *([f"{hidden} not shown"] if hidden else []))
    return _chart(draw, title=title, unit=unit, key=key, finding=finding, data=shown[["name", "expected", "ratio"]])


def _limit_line(field: str) -> Spec:
    dash = [5, 3] if field.endswith("95") else [1, 0]
    return {"mark": {"type": "line", "color": theme.RULE, "strokeWidth": 1.3, "strokeDash": dash, "clip": True}}


def _filled(layers: Iterable[Spec]) -> list[Spec]:
    """The layers that have rows to draw."""
    return [layer for layer in layers if layer["data"]["values"]]


def _outside(rows: pd.DataFrame, curve: pd.DataFrame) -> pd.Series:
    """Which rows lie beyond the 95% limits at what they expect."""
    lower, upper = (
        pd.Series(np.interp(rows["expected"], curve["expected"], curve[name]), index=rows.index)
        for name in ("lower_95", "upper_95")
    )
    return (rows["ratio"] < lower) | (rows["ratio"] > upper)
