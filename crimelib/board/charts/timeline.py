"""What charts over time share: months on an axis, lines with gaps, events, breaks and labels at the ends of lines.

Months are ``YYYY-MM`` strings or Periods. A missing count is a gap, never zero and never drawn through.
"""

from __future__ import annotations

import itertools
import textwrap
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache

import numpy as np
import pandas as pd

from crimelib.board import theme
from crimelib.board.charts.drawing import (
    Spec,
    count_axis,
    layer_of,
    pointed_at,
    quantity,
    text_mark,
    tooltip,
    unless_another_is_picked,
)
from crimelib.board.tables import (
    count_text,
    protected,
)

_DAY = 86_400_000  # milliseconds


def instant(month: pd.Period, day: int = 15) -> int:
    """Milliseconds for a day of a month; counts stand in mid-month, so that an event falls where it happened."""
    first = np.datetime64(month.ordinal, "M").astype("datetime64[D]").astype(int)
    return int(first + day - 1) * _DAY


def as_month(value: object) -> pd.Period:
    return value if isinstance(value, pd.Period) else _month(str(value)[:7])


@lru_cache(maxsize=4096)  # a page's charts are of the same months
def _month(text: str) -> pd.Period:
    return pd.Period(text, freq="M")


def _day(value: object) -> int:
    """Milliseconds for a date or for the first of a month."""
    return int(pd.Timestamp(str(value)).value // 1_000_000)


def shown_figures(monthly: pd.DataFrame, value: str) -> pd.Series:
    """A column of figures, blank where the row's ``status`` says they are not to be shown."""
    return protected(monthly.assign(current=monthly[value]))["current"]


def monthly_rows(monthly: pd.DataFrame, *, value: str = "count", breaks: Iterable[object] = ()) -> pd.DataFrame:
    """Every month from the first to the last: ``month`` (Period), ``value`` (NaN where missing), ``short`` (a value
    that looks short of data, where ``monthly`` says so), ``at`` (milliseconds), ``label`` (November 2021), ``segment``,
    which changes after a gap and at a break, and ``era``, which changes at a break only. Raises ValueError where there
    is no row at all or a month twice."""
    if monthly.empty:
        raise ValueError("no months to draw: leave the chart out and say that there is no data")
    months = np.array([as_month(month).ordinal for month in monthly["month"]])
    if len(set(months)) < len(months):
        raise ValueError("a month is given twice: draw one series at a time")
    whole = np.arange(months.min(), months.max() + 1)
    values = np.full(len(whole), np.nan)
    values[months - whole[0]] = shown_figures(monthly, value)
    missing = np.isnan(values)
    starts = np.isin(whole, [as_month(month).ordinal for month in breaks])
    doubted = months[monthly["short"].to_numpy(bool)] if "short" in monthly else []
    full = pd.PeriodIndex.from_ordinals(whole, freq="M")
    return pd.DataFrame(
        {
            "month": full,
            "value": values,
            "short": np.isin(whole, doubted) & ~missing,
            "at": [instant(month) for month in full],
            "label": full.strftime("%B %Y"),
            "segment": (missing | starts).cumsum(),
            "era": starts.cumsum(),
        }
    )


def time_axis(months: Sequence[pd.Period], width: float) -> Spec:
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
        "axis": {"values": [instant(month) for month in ticks], "format": "%b %Y", "labelFlush": False},
        # Not ``domain``, which Vega-Lite warns of where a mark has two ends, as a period's shade has.
        "scale": {"type": "utc", "domainMin": instant(first, 1), "domainMax": instant(last + 1, 1)},
    }


def line_layers(
    rows: pd.DataFrame,
    provisional_from: object = None,
    *,
    colour: str = theme.CURRENT,
    width: float = 2.2,
    points: bool = True,
    size: int = 26,
    series: str = "",
    dash: Sequence[int] = (),
) -> list[Spec]:
    """A solid line (or one of ``dash``) over settled months, dashed with hollow points over provisional ones, nothing
    over gaps.

    Without points, a month that stands alone between gaps still gets one. ``series`` names the line where a reader
    can choose one of several.
    """
    told = rows.assign(shown=rows["value"].map(count_text), series=series)
    settled, provisional, joined = settled_and_provisional(told, provisional_from)
    segment = {"field": "segment", "type": "nominal"}
    choice = unless_another_is_picked("series") if series else {}
    detail = [segment, choice["detail"]] if series else segment
    line = {"type": "line", "color": colour, "strokeWidth": width}
    dot = {"type": "point", "filled": True, "opacity": 1, "size": size, "color": colour}
    hollow = {"type": "point", "fill": theme.BACKGROUND, "stroke": colour, "strokeWidth": 1.6, "size": size + 14}
    alone = np.full(len(settled), True) if points else ~settled["segment"].duplicated(keep=False).to_numpy()
    tips = tooltip(Series="series", Month="label", Figure="shown") if series else tooltip(Month="label", Count="shown")
    lines, dots = {**choice, "detail": detail}, {**choice, "tooltip": tips}
    layers = [
        ({"mark": {**line, "strokeDash": list(dash)} if dash else line}, settled, lines),
        ({"mark": {**line, "strokeDash": [4, 4]}}, joined, lines),
        ({"mark": dot}, settled[alone], dots),
        ({"mark": {**hollow, "opacity": 1}}, provisional, dots),
    ]
    drawn = [layer_of(layer, part, **encoding) for layer, part, encoding in layers if len(part)]
    return drawn if alone.all() else [*drawn, pointed_at(settled[~alone], tips)]


def plain_line(rows: pd.DataFrame, colour: str, width: float, tips: Sequence[Spec] = ()) -> list[Spec]:
    """A line without points, whose figures a live chart tells where there are ``tips``; nothing without rows."""
    counted = rows.dropna(subset=["value"])
    if counted.empty:
        return []
    line = {"mark": {"type": "line", "color": colour, "strokeWidth": width}}
    drawn = layer_of(line, counted, detail={"field": "segment", "type": "nominal"})
    return [drawn, pointed_at(counted, list(tips))] if tips else [drawn]


def on_axes(layer: Spec, time: Spec, top: float, floor: float = 0, form: str = ",d") -> Spec:
    """A layer with the chart's axes where it does not say otherwise."""
    encoding = dict(layer["encoding"])
    x = encoding.get("x", {})
    encoding["x"] = x if "value" in x else {**time, **x}
    encoding.setdefault("y", quantity("value"))
    if "field" in encoding["y"]:
        encoding["y"] = {**encoding["y"], "title": None, **count_axis(top, floor, form)}
    return {**layer, "encoding": encoding}


def settled_and_provisional(
    rows: pd.DataFrame, provisional_from: object
) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """The counted months (in order) as settled, provisional, and provisional joined to the settled month before."""
    counted = rows[rows["value"].notna()]
    late = 0 if provisional_from is None else int((counted["month"] >= as_month(provisional_from)).sum())
    first = len(counted) - late
    return counted.iloc[:first], counted.iloc[first:], counted.iloc[max(first - 1, 0) :] if late else counted.iloc[:0]


_LANE = 17
SHORT_MARK = "◌"
_NAMED_GAPS = 4
_BESIDE_PLOT = 80  # pixels of a label that may stand above the names at the ends of the lines


def event_rows(events: pd.DataFrame | None, breaks: Iterable[object], first: int, last: int) -> list[Spec]:
    """Events, periods and breaks within the months drawn: label, start, end (None for a moment) in milliseconds."""
    named = dict(breaks) if isinstance(breaks, Mapping) else dict.fromkeys(breaks, "counting changed")
    marks = [
        {"label": str(text), "start": _day(as_month(at)), "end": None, "kind": "break"} for at, text in named.items()
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


def in_lanes(marks: Sequence[Spec], first: int, last: int, width: float) -> list[Spec]:
    """Each mark with the lane above the plot where its label stands: no two labels touch, no rule crosses a label.

    A label reads rightwards from its rule, rightmost first, so that it rises above every rule that stands within it.
    One that would leave the chart reads leftwards or is cut, whichever crosses fewer rules and cuts less.
    """
    places = [(mark, (mark["start"] - first) / (last - first) * width) for mark in marks]
    sized = [[_label_span(mark, at, width, align) for align in _sides(mark, at, width)] for mark, at in places]
    return min(map(_laid_out, itertools.product(*sized)), key=_faults)


def _sides(mark: Spec, at: float, width: float) -> tuple[str, ...]:
    """The sides of a rule that its label may stand on: the right where there is room, else either."""
    return ("left",) if at + _length(_shortened(mark, width)) <= width + _BESIDE_PLOT else ("left", "right")


def _laid_out(sized: Sequence[Spec]) -> list[Spec]:
    rightwards = [mark for mark in sized if mark["align"] == "left"][::-1]
    leftwards = [mark for mark in sized if mark["align"] == "right"]
    return min((_laid(order) for order in (rightwards + leftwards, leftwards + rightwards)), key=_faults)


def _faults(placed: Sequence[Spec]) -> tuple[int, int, int]:
    """What is wrong with labels, the worst first: those crossed by a rule, letters cut, lanes taken."""
    return _crossings(placed), sum(mark["cut"] for mark in placed), max((mark["lane"] for mark in placed), default=0)


def _crossings(placed: Sequence[Spec]) -> int:
    """How many labels a rule goes through."""
    return sum(
        label["lane"] < rule["lane"] and label["left"] < rule["at"] < label["right"]
        for label in placed
        for rule in placed
    )


def _laid(marks: Iterable[Spec]) -> list[Spec]:
    """Marks in the lowest lane that is free and above every rule within the label, one after the other."""
    placed: list[Spec] = []
    for mark in marks:
        taken = {other["lane"] for other in placed if _touching(mark, other)}
        floor = max((other["lane"] + 1 for other in placed if mark["left"] <= other["at"] <= mark["right"]), default=0)
        lane = next(lane for lane in range(floor, floor + len(taken) + 1) if lane not in taken)
        placed.append({**mark, "lane": lane})
    return placed


_LETTER = theme.SMALL_SIZE * 0.58  # pixels
_FEWEST_LETTERS = 12


def _label_span(mark: Spec, at: float, width: float, align: str) -> Spec:
    """A mark with the pixels that its label covers on one side of its rule, cut to the room there."""
    whole = _shortened(mark, width)
    room = width + _BESIDE_PLOT - at if align == "left" else at
    label = _cut(whole, max(_FEWEST_LETTERS, int((room - 12) / _LETTER)))
    left = at if align == "left" else at - _length(label)
    span = {"at": at, "left": left, "right": left + _length(label), "align": align}
    return {**mark, **span, "label": label, "cut": len(whole) - len(label)}


def _shortened(mark: Spec, width: float) -> str:
    """A label of at most an eighth of the chart's pixels in letters; the whole stands in the list of events."""
    most = max(_FEWEST_LETTERS, int(width / 8))
    return "counted anew" if mark["kind"] == "break" and len(mark["label"]) > most else _cut(mark["label"], most)


def _cut(label: str, most: int) -> str:
    return textwrap.shorten(label, most, placeholder="…")


def _length(label: str) -> float:
    return len(label) * _LETTER + 12


def _touching(mark: Spec, other: Spec) -> bool:
    return mark["left"] < other["right"] and other["left"] < mark["right"]


def event_layers(marks: Sequence[Spec]) -> list[Spec]:
    """Shaded periods, rules that rise to their labels, and the labels."""
    x = {"field": "start", "type": "temporal"}
    shade = {"mark": {"type": "rect", "color": theme.SHADE, "opacity": 1}}
    floor = {"y": {"value": 0}, "y2": {"value": "height"}}
    periods = [mark for mark in marks if mark["end"]]
    layers = [layer_of(shade, periods, x=x, x2={"field": "end"}, **floor)] if periods else []
    for mark in marks:
        height = {"value": -(mark["lane"] * _LANE + 14)}
        dash = [2, 3] if mark["kind"] == "break" else []
        rule = {"mark": {"type": "rule", "color": theme.RULE, "strokeDash": dash, "strokeWidth": 1}}
        style = {"align": mark["align"], "dx": 4 if mark["align"] == "left" else -4, "baseline": "top"}
        label = text_mark("label", **style, fontSize=theme.SMALL_SIZE, color=theme.MUTED)
        row = [{name: mark[name] for name in ("start", "label", "kind")}]
        layers += [layer_of(rule, row, x=x, y=height, y2={"value": "height"}), layer_of(label, row, x=x, y=height)]
    return layers


def short_key(months: Iterable[pd.Period]) -> tuple[str, ...]:
    """What the rings around months that look short of data are; nothing where none is drawn."""
    found = sorted(set(months))
    named = [month.strftime("%b %Y") for month in found[:_NAMED_GAPS]]
    more = [f"{len(found) - _NAMED_GAPS} more"] if len(found) > _NAMED_GAPS else []
    return (f"{SHORT_MARK} suspected gap, {', '.join([*named, *more])}",) if found else ()


def mark_key(marks: Iterable[Spec]) -> tuple[str, ...]:
    """What the marks of :func:`nameless_layers` are, each named once with when it was."""
    return tuple(dict.fromkeys(_named(mark) for mark in sorted(marks, key=lambda mark: mark["start"])))


def _named(mark: Spec) -> str:
    start = pd.Timestamp(mark["start"], unit="ms").strftime("%b %Y")
    if mark["kind"] == "break":
        return f"┆ {start}: counted anew"
    if mark["end"]:
        return f"▒ {mark['label']}, {start} to {pd.Timestamp(mark['end'] - 1, unit='ms').strftime('%b %Y')}"
    return f"│ {mark['label']}, {start}"


def nameless_layers(marks: Sequence[Spec]) -> list[Spec]:
    """Shaded periods and rules without labels, for a panel that has no room for them; see :func:`mark_key`."""
    x, rule = {"field": "start", "type": "temporal"}, {"type": "rule", "color": theme.RULE, "strokeWidth": 1}
    floor = {"y": {"value": 0}, "y2": {"value": "height"}}
    shade = {"mark": {"type": "rect", "color": theme.SHADE, "opacity": 1}}
    periods = [mark for mark in marks if mark["end"]]
    layers = [layer_of(shade, periods, x=x, x2={"field": "end"}, **floor)] if periods else []
    for kind, dash in (("event", []), ("break", [2, 3])):
        moments = [mark for mark in marks if mark["kind"] == kind and not mark["end"]]
        layers += [layer_of({"mark": {**rule, "strokeDash": dash}}, moments, x=x, **floor)] if moments else []
    return layers


def end_labels(
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
        mark = text_mark("name", **style, **weight)
        layers.append(layer_of(mark, [{"at": at, "name": text}], y={"value": round(first_line, 1)}))
    return layers


def _spread(wanted: Sequence[float], lines: Sequence[int], height: float) -> list[float]:
    """Centres as near as may be to those wanted (ascending), each block of lines clear of the next."""
    heights = [count * theme.LINE_HEIGHT + 2 for count in lines]
    placed: list[float] = []
    for place, y in enumerate(wanted):
        lowest = placed[-1] + (heights[place - 1] + heights[place]) / 2 if place else heights[0] / 2
        placed.append(max(y, lowest))
    floor = height + 8
    for place in reversed(range(len(placed))):
        placed[place] = min(placed[place], floor - heights[place] / 2)
        floor = placed[place] - heights[place] / 2
    return placed
