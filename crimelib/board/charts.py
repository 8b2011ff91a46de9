"""The charts of the board's pages.

Each function takes a plain frame and returns a :class:`Chart`: Vega-Lite specifications (one for a page, one for a
phone), the alt text that states the finding, and the rows drawn. Specifications are plain values, which costs a kernel
nothing to import (Altair takes seconds there); Altair's schema checks them in the tests, and :meth:`Chart.to_altair`
gives the live object. Text that comes from data stands in specifications as data values only, never in an expression.

Months are ``YYYY-MM`` strings or Periods. A missing count is a gap, never zero and never drawn through.
"""

from __future__ import annotations

import hashlib
import json
import re
import textwrap
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, Any

import pandas as pd

from crimelib.board import theme
from crimelib.board.tables import (
    SIGNALS,
    change_text,
    count_text,
    from_to_text,
    protected,
    row_label,
    row_unit,
)

if TYPE_CHECKING:
    import altair

CHART_TYPE = "application/vnd.crimelib.chart+json"
SCHEMA = "https://vega.github.io/schema/vega-lite/v6.json"
Spec = dict[str, Any]


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

    drawn = vl_convert.vegalite_to_svg(spec)
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


def figure_html(payload: Spec) -> str:
    """The still pictures of a :meth:`Chart.payload` for both widths; page styles show one (``.chart-wide`` or
    ``.chart-narrow``)."""
    wide, narrow = (
        draw_svg(payload[name], title=payload["title"], alt=payload["alt"]) for name in ("spec", "narrow_spec")
    )
    return f'<div class="chart-wide">{wide}</div><div class="chart-narrow">{narrow}</div>'


@dataclass(frozen=True)
class _Page:
    """The space a chart is drawn for."""

    width: int
    narrow: bool

    def wrap(self, text: str, size: int) -> list[str]:
        """Text in lines that fit the width at a font size."""
        return textwrap.wrap(text, max(20, int(self.width / (0.55 * size)))) or [""]

    def pick(self, wide: Any, narrow: Any) -> Any:
        return narrow if self.narrow else wide


_WIDE, _NARROW = _Page(theme.WIDE, False), _Page(theme.NARROW, True)


def _chart(draw: Callable[[_Page], Spec], *, title: str, unit: str, finding: str, data: pd.DataFrame) -> Chart:
    """Both drawings with the title, unit and theme they share."""

    def finished(page: _Page) -> Spec:
        body = draw(page)
        heading = {
            "text": page.wrap(title, theme.TITLE_SIZE),
            "subtitle": page.wrap(unit, theme.TEXT_SIZE),
            **body.pop("title", {}),
        }
        base = {"$schema": SCHEMA, "padding": 5, "autosize": {"type": "fit-x", "contains": "padding"}}
        return {**base, "title": heading, **body, "config": theme.config()}

    return Chart(finished(_WIDE), finished(_NARROW), title, f"{title}. {finding}", data.reset_index(drop=True))


# Pieces of a specification ---------------------------------------------------------------------------------------


def _values(rows: pd.DataFrame | Iterable[Mapping[str, object]]) -> Spec:
    """Rows as inline data, missing values as null."""
    frame = pd.DataFrame(rows)
    periods = {name: frame[name].astype(str) for name in frame if isinstance(frame[name].dtype, pd.PeriodDtype)}
    return {"values": json.loads(frame.assign(**periods).to_json(orient="records"))}


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
    """A layer with more encoding and, where given, rows of its own."""
    own = {} if data is None else {"data": _values(data)}
    return {**own, **layer, "encoding": {**layer.get("encoding", {}), **encoding}}


# Time ------------------------------------------------------------------------------------------------------


def _instant(month: pd.Period, day: int = 15) -> int:
    """Milliseconds for a day of a month; counts stand in mid-month, so that an event falls where it happened."""
    return int((month.to_timestamp() + pd.Timedelta(days=day - 1)).value // 1_000_000)


def _as_month(value: object) -> pd.Period:
    return value if isinstance(value, pd.Period) else pd.Period(str(value)[:7], freq="M")


def _day(value: object) -> int:
    """Milliseconds for a date or for the first of a month."""
    return int(pd.Timestamp(str(value)).value // 1_000_000)


def monthly_rows(monthly: pd.DataFrame, *, value: str = "count", breaks: Iterable[object] = ()) -> pd.DataFrame:
    """Every month from the first to the last: ``month`` (Period), ``value`` (NaN where missing), ``at``
    (milliseconds), ``label`` (November 2021) and ``segment``, which changes after a gap and at a break."""
    months = monthly["month"].map(_as_month)
    counts = pd.Series(pd.to_numeric(monthly[value]).astype("float64").to_numpy(), index=pd.PeriodIndex(months))
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
        }
    )


def _time_axis(months: Sequence[pd.Period], width: float) -> Spec:
    """The x encoding's axis and scale for months, with as many British dates as the width holds."""
    first, last = min(months), max(months)
    room = max(2, int(width // 70))
    step = next(step for step in (1, 3, 6, 12, 24, 48, 120) if (last - first).n // step < room)
    anchor = 1 if step >= 12 else last.month
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


def _count_axis(top: float) -> Spec:
    return {"scale": {"domain": [0, top], "nice": False}, "axis": {"tickCount": 5, "format": ",d"}}


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
    fits = at + length <= width + 50 or at < width / 2
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


def _end_labels(labels: Sequence[tuple[float, str, str, bool]], at: int, top: float, height: int) -> list[Spec]:
    """Names to the right of the plot, (value, text, colour, strong), moved apart until they do not touch."""
    if not labels:
        return []
    ordered = sorted(labels, key=lambda label: -label[0])
    sizes = [label[1].count("\n") + 1 for label in ordered]
    wanted = [height * (1 - label[0] / top) for label in ordered]
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
        return {"width": page.width, "height": height, "layer": [_on_axes(layer, time, top) for layer in layers]}

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
    labels += [(row.value, "\n".join(textwrap.wrap(name, 13)), theme.SERIES[1], False) for row in beside.itertuples()]
    labels += [(row.upper, "expected\nrange", theme.MUTED, False) for row in band.tail(1).itertuples()]
    return labels


def _on_axes(layer: Spec, time: Spec, top: float) -> Spec:
    """A layer with the chart's axes where it does not say otherwise."""
    encoding = dict(layer["encoding"])
    encoding["x"] = {**time, **encoding.get("x", {})}
    encoding.setdefault("y", _quantity("value"))
    if "field" in encoding["y"]:
        encoding["y"] = {**encoding["y"], "title": None, **_count_axis(top)}
    return {**layer, "encoding": encoding}


def _drawn(rows: pd.DataFrame) -> pd.DataFrame:
    """The rows a reader may take away: month and count."""
    return pd.DataFrame({"month": rows["month"].astype(str), "count": rows["value"]})


def _limit_rows(limits: pd.DataFrame | Mapping[str, float] | None, rows: pd.DataFrame) -> pd.DataFrame:
    """month, at, segment, centre, lower, upper for the months that have limits."""
    frame = rows[["month", "at", "segment"]]
    if limits is None:
        return frame.iloc[:0].assign(centre=0.0, lower=0.0, upper=0.0)
    if isinstance(limits, Mapping):
        return frame.assign(**{name: float(limits[name]) for name in ("centre", "lower", "upper")})
    known = limits.assign(month=limits["month"].map(_as_month))[["month", "centre", "lower", "upper"]]
    return frame.merge(known, on="month").dropna()


def _limit_layers(band: pd.DataFrame) -> list[Spec]:
    if band.empty:
        return []
    detail = {"field": "segment", "type": "nominal"}
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
    """Rows from the latest backwards that stand at least so many months apart."""
    kept: list[pd.Period] = []
    for month in reversed(list(rows["month"])):
        if not kept or (kept[-1] - month).n >= months:
            kept.append(month)
    return rows[rows["month"].isin(kept)]


def _twelve_month_average(rows: pd.DataFrame) -> pd.DataFrame:
    """The mean of each twelve months that are all there and on one side of every break."""
    return rows.assign(value=rows.groupby("segment")["value"].transform(lambda part: part.rolling(12).mean()))


def _plain_line(rows: pd.DataFrame, colour: str, width: float) -> list[Spec]:
    """A line without points; nothing where there are no rows."""
    counted = rows.dropna(subset=["value"])
    line = {"mark": {"type": "line", "color": colour, "strokeWidth": width}}
    return [_with(line, counted, detail={"field": "segment", "type": "nominal"})] if len(counted) else []
