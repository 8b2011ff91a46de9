"""Charts over time: trends, survey waves, stacked parts, indices and small multiples."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import pandas as pd

from crimelib.board import theme
from crimelib.board.charts.drawing import (
    FIT,
    HALO,
    Chart,
    Page,
    Spec,
    choosable,
    domain_top,
    finished_chart,
    layer_of,
    point_mark,
    pointed_at,
    quantity,
    text_mark,
    tooltip,
    unless_another_is_picked,
    wrap_words,
)
from crimelib.board.charts.timeline import (
    SHORT_MARK,
    as_month,
    end_labels,
    event_layers,
    event_rows,
    in_lanes,
    instant,
    line_layers,
    mark_key,
    monthly_rows,
    nameless_layers,
    on_axes,
    plain_line,
    short_key,
    shown_figures,
    time_axis,
)
from crimelib.board.tables import absent_words, count_text


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
) -> Chart:
    """Monthly counts as a line with points.

    ``monthly``: month, count (missing: a gap) and, where some look short of data, ``short``; these are ringed and named
    as suspected gaps. ``events``: label, start, end (missing for a moment), dates or months. ``limits``: month, centre,
    lower, upper (or one set of values for all months), and ``era`` where bands stand apart; the other months outside
    are ringed and named. ``breaks``: the first months on a new basis (a mapping gives each its label); the line stops
    there.
    """
    rows = monthly_rows(monthly, breaks=breaks)
    first, last = instant(rows["month"].iloc[0], 1), instant(rows["month"].iloc[-1] + 1, 1)
    band = _limit_rows(limits, rows)
    lacking, outside = rows[rows["short"]], _outside_limits(rows[~rows["short"]], band)
    # room for the names of months outside below those of events
    top = domain_top(rows["value"], band["upper"], outside["value"] * 1.06)
    marks = event_rows(events, breaks, first, last)
    usual, ends, end = _limit_layers(band), _trend_ends(rows, band), _last_known(rows)
    outside, lacking = _outside_named(outside, rows), _lacking_named(lacking, rows, top)

    def draw(page: Page) -> Spec:
        height = page.pick(260, 220)
        layers = [
            *event_layers(in_lanes(marks, first, last, page.width - 110)),
            *usual,
            *line_layers(rows, provisional_from, size=page.pick(26, 16)),
            *_ring_layers(outside, page.pick(13, 20), _OUTSIDE_RING),
            *_ring_layers(lacking, round(page.pick(16, 26) * len(rows) / 60), _LACKING_RING),
            *end_labels(ends, end, top, height),
        ]
        time = {"field": "at", "type": "temporal", "title": None, **time_axis(list(rows["month"]), page.width - 110)}
        return {
            **FIT,
            "width": page.width,
            "height": height,
            "layer": [on_axes(layer, time, top) for layer in layers],
        }

    taken = _trend_taken(rows, band, provisional_from)
    return finished_chart(draw, title=title, unit=unit, finding=finding, data=taken)


def _trend_taken(rows: pd.DataFrame, band: pd.DataFrame, provisional_from: object) -> pd.DataFrame:
    """The rows of a trend that a reader may take away: month, count and, where they are drawn, whether the month is
    provisional or a suspected gap, and the limits."""
    taken = rows[["month"]].assign(count=rows["value"])
    if provisional_from is not None:
        taken["provisional"] = rows["month"] >= as_month(provisional_from)
    if len(band):
        limits = band.set_index("month")[["centre", "lower", "upper"]].round(2)
        taken = taken.join(limits.rename(columns={"lower": "lower_limit", "upper": "upper_limit"}), on="month")
    if rows["short"].any():
        taken["suspected_gap"] = rows["short"]
    return taken.assign(month=taken["month"].astype(str))


def _last_known(rows: pd.DataFrame) -> int:
    """Where the last figure stands (the end of the chart where there is none)."""
    known = rows.dropna(subset=["value"])
    return int((known if len(known) else rows)["at"].iloc[-1])


def _trend_ends(rows: pd.DataFrame, band: pd.DataFrame) -> list[tuple[float, str, str, bool]]:
    """What is written beside the last figure: itself, and the name of the limits where they reach it."""
    latest = rows.dropna(subset=["value"]).tail(1)
    labels = [
        (row.value, f"{row.value:,.0f}\nin {row.month.strftime('%b %Y')}", theme.CURRENT, True)
        for row in latest.itertuples()
    ]
    reached = band[band["month"].isin(latest["month"])]
    return labels + [(row.upper, "usual\nrange", theme.MUTED, False) for row in reached.itertuples()]


def _limit_rows(limits: pd.DataFrame | Mapping[str, float] | None, rows: pd.DataFrame) -> pd.DataFrame:
    """month, at, era, centre, lower, upper for the months that have limits."""
    frame = rows[["month", "at", "era"]]
    if limits is None:
        return frame.iloc[:0].assign(centre=0.0, lower=0.0, upper=0.0)
    if isinstance(limits, Mapping):
        return frame.assign(**{name: float(limits[name]) for name in ("centre", "lower", "upper")})
    known = limits.assign(month=limits["month"].map(as_month))
    columns = [name for name in ("month", "centre", "lower", "upper", "era") if name in known]
    own = frame.drop(columns="era") if "era" in known else frame
    return own.merge(known[columns], on="month").dropna()


def _limit_layers(band: pd.DataFrame) -> list[Spec]:
    if band.empty:
        return []
    detail = {"field": "era", "type": "nominal"}
    area = {"mark": {"type": "area", "color": theme.BAND, "opacity": 0.75}}
    centre = {"mark": {"type": "line", "color": theme.PREVIOUS, "strokeWidth": 1, "strokeDash": [5, 3]}}
    return [
        layer_of(area, band, y=quantity("lower"), y2={"field": "upper"}, detail=detail),
        layer_of(centre, band, y=quantity("centre"), detail=detail),
    ]


_LACKING_RING = {"stroke": theme.MUTED, "strokeDash": [3, 2]}
_OUTSIDE_RING = {"stroke": theme.ACCENT, "strokeWidth": 2}


def _ring_layers(ringed: pd.DataFrame, apart: int, ring: Spec) -> list[Spec]:
    """Months with a ring each; the latest of each cluster (``apart`` months) has its ``name`` where its ``place`` (what
    a text mark takes) puts it."""
    layers = _rings(ringed, ring)
    for row in _far_apart(ringed, apart).to_dict("records"):
        words = {"fontSize": theme.SMALL_SIZE, "color": ring["stroke"], **row["place"]}
        layers += [layer_of(text_mark("name", **words, **ground), [row]) for ground in (HALO, {})]
    return layers


def _rings(months: pd.DataFrame, ring: Spec, size: int = 110) -> list[Spec]:
    return [layer_of({"mark": {"type": "point", "size": size, "opacity": 1, **ring}}, months)] if len(months) else []


def _lacking_named(lacking: pd.DataFrame, rows: pd.DataFrame, top: float) -> pd.DataFrame:
    """Months that look short of data with their names, beside the point where there is no room below it."""
    places = [
        {**({"align": "right", "dx": -10} if late else {"align": "left", "dx": 12}), "dy": 0 if low else 14}
        for late, low in zip(_is_late(lacking, rows, 0.75), lacking["value"] < 0.12 * top, strict=True)
    ]
    return lacking.assign(name=[f"suspected gap: {text}" for text in _figures(lacking)], place=places)


def _outside_named(outside: pd.DataFrame, rows: pd.DataFrame) -> pd.DataFrame:
    """Months outside the limits with their names, above or below the point."""
    above = outside["value"] > outside["upper"]
    places = [
        {"fontWeight": 600, "dy": -14 if high else 16, **({"align": "right", "dx": 8} if late else {})}
        for late, high in zip(_is_late(outside, rows, 0.9), above, strict=True)
    ]
    return outside.assign(name=_figures(outside), place=places)


def _figures(rows: pd.DataFrame) -> list[str]:
    """``84 in Oct 2022`` of each month."""
    return [f"{row.value:,.0f} in {row.month.strftime('%b %Y')}" for row in rows.itertuples()]


def _is_late(part: pd.DataFrame, rows: pd.DataFrame, share: float) -> pd.Series:
    """Which months stand so far along that a name to their right would meet the labels at the end."""
    first, last = rows["at"].iloc[0], rows["at"].iloc[-1]
    return part["at"] > first + share * (last - first)


def _outside_limits(rows: pd.DataFrame, band: pd.DataFrame) -> pd.DataFrame:
    both = rows.merge(band[["month", "lower", "upper"]], on="month")
    return both[(both["value"] > both["upper"]) | (both["value"] < both["lower"])]


def _far_apart(rows: pd.DataFrame, months: int) -> pd.DataFrame:
    """Rows from the latest backwards that stand at least so many months apart, three at most."""
    kept: list[pd.Period] = []
    for month in reversed(list(rows["month"])):
        if not kept or (kept[-1] - month).n >= months:
            kept.append(month)
    return rows[rows["month"].isin(kept[:3])]


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
    first, last = instant(rows["month"].iloc[0], 1), instant(rows["month"].iloc[-1] + 1, 1)
    apart = rows[[(rows["month"].iloc[-1] - month).n % 12 == 0 for month in rows["month"]]]
    between = rows.drop(apart.index)
    marks = event_rows(events, (), first, last)
    london = rows.assign(value=rows["london"], shown=[count_text(share, "proportion") for share in rows["london"]])
    ends = [(row.value, f"{row.shown}\nin {row.month.strftime('%b %Y')}", theme.CURRENT, True)
            for row in rows.tail(1).itertuples()]  # fmt: skip
    ends += [
        (row.value, "London", theme.SERIES[2], False) for row in london.dropna(subset="value").tail(1).itertuples()
    ]

    def draw(page: Page) -> Spec:
        height = page.pick(260, 220)
        area = {"mark": {"type": "area", "color": theme.BAND, "opacity": 1}}
        detail = {"field": "segment", "type": "nominal"}
        tips = tooltip(Quarter="label", Share="shown")
        layers = [
            *event_layers(in_lanes(marks, first, last, page.width - 110)),
            layer_of(area, rows, y=quantity("low"), y2={"field": "high"}, detail=detail),
            *plain_line(london, theme.SERIES[2], 1.5, tooltip(London="label", Share="shown")),
            *plain_line(rows, theme.CURRENT, 1.8),
            *([pointed_at(between, tips)] if len(between) else []),
            layer_of(point_mark(color=theme.CURRENT, size=page.pick(70, 46)), apart, tooltip=tips),
            *end_labels(ends, int(rows["at"].iloc[-1]), 1.0, height),
        ]
        time = {"field": "at", "type": "temporal", "title": None, **time_axis(list(rows["month"]), page.width - 110)}
        axes = [on_axes(layer, time, 1.0, form=".0%") for layer in layers]
        return {**FIT, "width": page.width, "height": height, "layer": axes}

    key = ("band: 95% interval", "● waves that share no interview")
    drawn = rows.assign(month=rows["month"].astype(str))[["month", "proportion", "low", "high", "london"]]
    return finished_chart(draw, title=title, unit=unit, key=key, finding=finding, data=drawn)


def _wave_rows(waves: pd.DataFrame) -> pd.DataFrame:
    """Waves in order of time with their place, words, and a ``segment`` that changes where a quarter is not there."""
    rows = waves.assign(month=waves["month"].map(as_month)).sort_values("month", ignore_index=True)
    after_gap = [False, *((now - before).n > 3 for before, now in itertools.pairwise(rows["month"]))]
    return rows.assign(
        value=rows["proportion"],
        at=[instant(month) for month in rows["month"]],
        label=[f"twelve months to {month.strftime('%B %Y')}" for month in rows["month"]],
        shown=[count_text(share, "proportion") for share in rows["proportion"]],
        segment=np.cumsum(after_gap),
    )


def stacked_parts_chart(
    monthly: pd.DataFrame,
    *,
    title: str,
    unit: str,
    finding: str,
    parts: Sequence[str] | None = None,
    events: pd.DataFrame | None = None,
    breaks: Iterable[object] | Mapping[str, str] = (),
) -> Chart:
    """Parts that add up, stacked by month. ``monthly``: month, part, count; ``parts`` orders them from the bottom;
    ``events`` and ``breaks`` as in :func:`trend_chart`.

    A month in which any part is missing is left out whole: a stack without a part would read as a smaller number.
    """
    order = list(parts or dict.fromkeys(monthly["part"]))
    long = monthly.assign(month=monthly["month"].map(as_month), count=shown_figures(monthly, "count"))
    wide = long.pivot(index="month", columns="part", values="count")
    months = pd.period_range(wide.index.min(), wide.index.max(), freq="M")
    whole = wide.reindex(months)[order].astype("float64").dropna()
    upper = whole.cumsum(axis="columns")
    top = domain_top(upper.max(axis="columns"))
    lacking = long[long["month"].isin(whole.index) & long.get("short", False)]
    colours = dict(zip(order, _part_colours(len(order)), strict=True))
    first, last = instant(months[0], 1), instant(months[-1] + 1, 1)
    marks = event_rows(events, breaks, first, last)
    bars = [
        {
            "month": str(month),
            "start": instant(month, 3),
            "at": instant(month, 28),
            "lower": upper.at[month, part] - whole.at[month, part],
            "value": upper.at[month, part],
            "part": part,
            "label": month.strftime("%B %Y"),
            "shown": count_text(whole.at[month, part]),
        }
        for month in whole.index
        for part in order
    ]
    rings = [
        {"at": instant(month), "value": upper.loc[month].max(), "name": SHORT_MARK}
        for month in lacking["month"].drop_duplicates()
    ]
    ends_at = instant(whole.index[-1] if len(whole) else months[-1], 28)

    def draw(page: Page) -> Spec:
        height = page.pick(280, 240)
        layers = event_layers(in_lanes(marks, first, last, page.width - 130))
        for part in order:
            rows = [row for row in bars if row["part"] == part]
            rect = {"mark": {"type": "rect", "color": colours[part], "stroke": theme.BACKGROUND, "strokeWidth": 0.6}}
            tips = tooltip(Month="label", Part="part", Count="shown")
            span = {"x": {"field": "start", "type": "temporal"}, "x2": {"field": "at"}, "y2": {"field": "lower"}}
            layers.append(layer_of(rect, rows, tooltip=tips, **span, **unless_another_is_picked("part")))
        layers += [layer_of(text_mark("name", dy=-8, color=theme.MUTED), rings)] if rings else []
        layers += end_labels(_stack_ends(whole, upper, colours, months[-1]), ends_at, top, height)
        time = {"field": "at", "type": "temporal", "title": None, **time_axis(list(months), page.width - 130)}
        axes = [on_axes(layer, time, top) for layer in layers]
        return {**FIT, **choosable(order), "width": page.width, "height": height, "layer": axes}

    drawn = long.assign(month=long["month"].astype(str))[["month", "part", "count"]]
    return finished_chart(draw, title=title, unit=unit, key=short_key(lacking["month"]), finding=finding, data=drawn)


def _part_colours(number: int) -> list[str]:
    """Colours from dark to light, so that the parts of a stack separate in grey."""
    return {1: [theme.CURRENT], 2: [theme.CURRENT, "#8fb8dc"], 3: [theme.SERIES[0], "#3f83bd", "#a9cae6"]}.get(
        number, [theme.SERIES[place % len(theme.SERIES)] for place in range(number)]
    )


def _stack_ends(
    whole: pd.DataFrame, upper: pd.DataFrame, colours: Mapping[str, str], end: pd.Period
) -> list[tuple[float, str, str, bool]]:
    """Each part's name and last figure at the middle of its last bar, in ink that reads on white; with its month where
    that is not the ``end`` of the axis."""
    if whole.empty:
        return []
    last = whole.index[-1]
    middles = {part: upper.at[last, part] - whole.at[last, part] / 2 for part in whole.columns}
    when = [] if last == end else [f"in {last.strftime('%b %Y')}"]
    names = {
        part: "\n".join([*wrap_words(str(part), 16), count_text(whole.at[last, part]), *when]) for part in whole.columns
    }
    dark = {
        part: colour if colour in (*theme.SERIES[:4], theme.CURRENT) else theme.MUTED
        for part, colour in colours.items()
    }
    return [(middles[part], names[part], dark[part], True) for part in whole.columns]


def index_chart(
    series: pd.DataFrame,
    *,
    title: str,
    unit: str,
    finding: str,
    breaks: Iterable[object] | Mapping[str, str] = (),
    events: pd.DataFrame | None = None,
) -> Chart:
    """Several series indexed to 100 at their start. ``series``: month, series, value (missing: a gap) and, where some
    hold a month that looks short of data, ``short``: these are dashed. ``events`` and ``breaks`` as in
    :func:`trend_chart`.

    The axis need not reach zero: an index shows change, and 100 is marked.
    """
    names = list(dict.fromkeys(series["series"]))
    drawn = series.assign(month=series["month"].astype(str), value=shown_figures(series, "value"))
    drawn = drawn[["month", "series", "value"]]
    colours = dict(zip(names, (theme.SERIES[place % len(theme.SERIES)] for place in range(len(names))), strict=True))
    parts = {name: monthly_rows(series[series["series"] == name], value="value", breaks=breaks) for name in names}
    values = pd.concat([pd.Series([90.0, 110.0]), *(part["value"] for part in parts.values())])
    floor, top = float(values.min() // 10 * 10), float(-(-values.max() // 10) * 10)
    months = sorted({month for part in parts.values() for month in part["month"]})
    first, last = instant(months[0], 1), instant(months[-1] + 1, 1)
    marks = event_rows(events, breaks, first, last)
    gap = {False: [], True: ["suspected gap"]}
    ends = [
        (row.value, "\n".join([*wrap_words(str(name), 15), f"{row.value:,.0f}", *gap[row.short]]), colours[name], True)
        for name, part in parts.items()
        for row in part.dropna(subset=["value"]).tail(1).itertuples()
    ]

    level = {"mark": {"type": "rule", "color": theme.MUTED, "strokeWidth": 1}}
    lines = [layer_of(level, [{"value": 100}], x={"value": 0}, x2={"value": "width"})]
    for name, part in parts.items():
        line = {"colour": colours[name], "points": False, "width": 2.6, "series": str(name)}
        lines += [*line_layers(_settled(part), **line), *line_layers(_doubted(part), **line, dash=[3, 3])]

    def draw(page: Page) -> Spec:
        height = page.pick(280, 250)
        layers = [*event_layers(in_lanes(marks, first, last, page.width - 140)), *lines]
        layers += end_labels(ends, instant(months[-1]), top, height, floor)
        time = {"field": "at", "type": "temporal", "title": None, **time_axis(months, page.width - 140)}
        axes = [on_axes(layer, time, top, floor) for layer in layers]
        return {**FIT, **choosable(names), "width": page.width, "height": height, "layer": axes}

    is_doubted = any(part["short"].any() for part in parts.values())
    key = ("┄ twelve months with a suspected gap",) if is_doubted else ()
    return finished_chart(draw, title=title, unit=unit, key=key, finding=finding, data=drawn)


def _settled(rows: pd.DataFrame) -> pd.DataFrame:
    """The rows whose figure holds no suspected gap; a line stops where one does."""
    return rows.assign(segment=rows["segment"] + rows["short"].cumsum())[~rows["short"]]


def _doubted(rows: pd.DataFrame) -> pd.DataFrame:
    """The rows whose figure holds a suspected gap, with those before and after: a line that joins them."""
    near = rows["short"] | rows["short"].shift(fill_value=False) | rows["short"].shift(-1, fill_value=False)
    return rows.assign(segment=rows["segment"] + (~near).cumsum())[near]


def small_multiples(
    monthly: pd.DataFrame,
    facet: str,
    *,
    title: str,
    unit: str,
    finding: str,
    breaks: Iterable[object] | Mapping[str, Iterable[object]] = (),
    provisional_from: object = None,
    events: pd.DataFrame | None = None,
) -> Chart:
    """One small trend per value of ``facet``, on shared axes. ``monthly``: month, count, ``facet`` and, where some
    are not to be shown, ``status``; a panel without figures says so in words; where some look short of data, ``short``:
    these are ringed. ``breaks`` are the first months on a new basis, of every panel or of each by its name, and so is
    ``provisional_from``; ``events`` (label, start, end), breaks and rings are drawn in the panels and named once, above
    them."""
    names = list(dict.fromkeys(monthly[facet]))
    own = breaks if isinstance(breaks, Mapping) else dict.fromkeys(names, tuple(breaks))
    late = provisional_from if isinstance(provisional_from, Mapping) else dict.fromkeys(names, provisional_from)
    frames = {name: monthly[monthly[facet] == name] for name in names}
    absent = {name: _absent_word(frame) for name, frame in frames.items()}
    parts = {name: monthly_rows(frames[name], breaks=own.get(name, ())) for name in names if not absent[name]}
    months = sorted(monthly["month"].map(as_month).unique())
    # room for the last figures below the panels' names, which would rise from a figure that stands above the panel
    heights = {name: _label_height(part, len(months)) for name, part in parts.items()}
    top = domain_top(*(part["value"] for part in parts.values()), pd.Series([1.22 * each for each in heights.values()]))
    first, last = instant(months[0], 1), instant(months[-1] + 1, 1)
    told = {name: event_rows(events, own.get(name, ()), first, last) for name in names}
    drawn = {
        name: [*nameless_layers(told[name]), *_panel_lines(part, late.get(name), heights[name])]
        for name, part in parts.items()
    }
    layers = {name: drawn.get(name) or _without_figures(absent[name], months) for name in names}
    lacking = [month for part in parts.values() for month in part.loc[part["short"], "month"]]
    key = (*mark_key(mark for name in names for mark in told[name]), *short_key(lacking))

    def draw(page: Page) -> Spec:
        columns = min(page.pick(4 if len(names) > 9 else 3, 2), len(names))
        width = (page.width - 50 - 16 * (columns - 1)) // columns
        time = _panel_time(months, width)
        panels = [
            _panel(str(name), layers[name], time, top, width, labelled=place % columns == 0)
            for place, name in enumerate(names)
        ]
        lines = max(len(panel["title"]["text"]) for panel in panels)
        # flush: panels of a row stand level whatever the room their labels take; titles and months get theirs here
        spacing = {"row": 44 + 16 * lines, "column": 16}
        return {"concat": panels, "columns": columns, "bounds": "flush", "spacing": spacing}

    shown = monthly[monthly[facet].map(lambda name: not absent[name])]
    taken = shown.assign(month=shown["month"].astype(str), count=shown_figures(shown, "count"))
    return finished_chart(draw, title=title, unit=unit, key=key, finding=finding, data=taken[["month", facet, "count"]])


def _label_height(rows: pd.DataFrame, months: int) -> float:
    """Where the last figure of a panel of so many months stands: clear of the line that leads to it."""
    values = rows["value"].to_numpy()
    last = np.flatnonzero(~np.isnan(values))[-1]
    return float(np.nanmax(values[: last + 1][-max(1, round(0.14 * months)) :]))


def _absent_word(frame: pd.DataFrame) -> str:
    """Why a panel has no figures; '' where it has some."""
    words = absent_words(frame.rename(columns={"count": "current"}))
    return words[0] if all(words) else ""


def _panel_lines(rows: pd.DataFrame, provisional_from: object, label_height: float) -> list[Spec]:
    """One small trend; the last figure written over its point, at a height."""
    latest = rows[rows["value"].notna()].tail(1)
    last = latest.iloc[0]
    label = [{"at": int(last["at"]), "name": count_text(last["value"]), "value": label_height}]
    words = text_mark("name", align="right", dy=-10, fontWeight=600, color=theme.CURRENT)
    layers = [*line_layers(rows, provisional_from, points=False, width=1.8, size=6), layer_of(words, label)]
    if provisional_from is None or last["month"] < as_month(provisional_from):
        layers.append(layer_of(point_mark(size=34, color=theme.CURRENT), latest))
    return [*layers, *_rings(rows[rows["short"]], _LACKING_RING, size=70)]


def _without_figures(absent: str, months: Sequence[pd.Period]) -> list[Spec]:
    """A word in the middle of a panel that has no figures."""
    words = text_mark("name", fontStyle="italic", color=theme.MUTED)
    middle = {"at": (instant(months[0]) + instant(months[-1])) // 2, "name": absent}
    unseen = {"mark": {"type": "point", "opacity": 0}}
    return [layer_of(words, [middle], y={"value": 45}), layer_of(unseen, [{"at": middle["at"], "value": 0}])]


def _panel_time(months: Sequence[pd.Period], width: int) -> Spec:
    """The x encoding of a panel, with its first and last month."""
    ticks = {
        "values": [instant(month) for month in (months[0], months[-1])],
        "format": "%b %Y",
        "labelFlush": 20,
        "labelFontSize": theme.SMALL_SIZE,
    }
    return {"field": "at", "type": "temporal", "title": None, **time_axis(list(months), width), "axis": ticks}


def _panel(name: str, layers: Sequence[Spec], time: Spec, top: float, width: int, *, labelled: bool) -> Spec:
    """Layers under the panel's name, with its axes."""
    heading = {
        "text": wrap_words(name, int(width / 7.6)),
        "fontSize": theme.TEXT_SIZE,
        "offset": 6,
        "lineHeight": 16,
    }
    drawn = [on_axes(layer, time, top) for layer in layers]
    for layer in drawn:
        if "axis" in layer["encoding"]["y"]:
            layer["encoding"]["y"]["axis"] = {
                "tickCount": 3,
                "format": ",d",
                "labels": labelled,
                "labelFontSize": theme.SMALL_SIZE,
            }
    return {"title": heading, "width": width, "height": 90, "layer": drawn}
