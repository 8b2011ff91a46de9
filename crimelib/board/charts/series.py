"""Charts over time: trends, survey waves, stacked parts, indices and small multiples."""

from __future__ import annotations

import itertools
from collections.abc import Collection, Iterable, Mapping, Sequence

import numpy as np
import pandas as pd

from crimelib.board import theme
from crimelib.board.charts.drawing import (
    FIT,
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
    settled_and_provisional,
    shown_figures,
    time_axis,
)
from crimelib.board.tables import (
    count_text,
    protected,
)

_BAND_NAMED_WITHIN = 6  # months of the end of a trend
_BESIDE = tooltip(Series="series", Month="label", Count="shown")


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
    short: Collection[str] = (),
) -> Chart:
    """Monthly counts as a line with points.

    ``monthly``: month, count (missing: a gap). ``events``: label, start, end (missing for a moment), dates or months.
    ``limits``: month, centre, lower, upper (or one set of values for all months), and ``era`` where bands stand apart;
    months outside are ringed and named. Months ``short`` of data (``2023-06``) are marked as suspected gaps instead.
    ``breaks``: the first months on a new basis (a mapping gives each its label); the line stops there.
    ``comparison``: month, count, label; a thin grey line. ``rolling`` draws the twelve-month average strongly and the
    months faintly.
    """
    rows = monthly_rows(monthly, breaks=breaks)
    first, last = instant(rows["month"].iloc[0], 1), instant(rows["month"].iloc[-1] + 1, 1)
    band = _limit_rows(limits, rows)
    other = rows.iloc[:0] if comparison is None else monthly_rows(comparison)
    name = "" if comparison is None else str(comparison["label"].iloc[0])
    other = other.assign(series=name, shown=other["value"].map(count_text))
    average = _twelve_month_average(rows) if rolling else rows.iloc[:0]
    average = average.assign(shown=average["value"].map("{:,.1f}".format))
    lacking = rows[rows["month"].isin([as_month(month) for month in short])].dropna(subset=["value"])
    judged = rows.drop(lacking.index)
    named = _outside_limits(judged, band)["value"] * 1.06  # room for their labels below those of events
    top = domain_top(rows["value"], band["upper"], other["value"], named)
    marks = event_rows(events, breaks, first, last)
    known = rows.dropna(subset=["value"]).tail(1)
    last_known = int(known["at"].iloc[0]) if len(known) else last
    ends = _trend_ends(rows, band, other, name, average)
    is_early = len(known) > 0 and known.index[0] < len(rows) - 1 and not rolling
    early = [label for label in ends if is_early and label[3]]  # stands by its point, not at the end of the chart
    ends = [label for label in ends if label not in early]

    def draw(page: Page) -> Spec:
        height = page.pick(260, 220)
        placed = in_lanes(marks, first, last, page.width - 110)
        line = {"colour": theme.PREVIOUS, "width": 1.2, "points": False} if rolling else {}
        layers = [
            *event_layers(placed),
            *_limit_layers(band),
            *plain_line(other, theme.SERIES[1], 1.5, _BESIDE),
            *line_layers(rows, provisional_from, size=page.pick(26, 16), **line),
            *plain_line(average, theme.CURRENT, 3.2, tooltip(Twelve_months_to="label", Monthly_average="shown")),
            *_unusual_layers(rows, judged, band, apart=page.pick(13, 20)),
            *_lacking_layers(lacking, rows, top, apart=round(page.pick(16, 26) * len(rows) / 60)),
            *end_labels(ends, int(rows["at"].iloc[-1]), top, height),
            *end_labels(early, last_known, top, height),
        ]
        time = {"field": "at", "type": "temporal", "title": None, **time_axis(list(rows["month"]), page.width - 110)}
        return {
            **FIT,
            "width": page.width,
            "height": height,
            "layer": [on_axes(layer, time, top) for layer in layers],
        }

    beside = {f"comparison: {name}": other, "twelve_month_average": average}
    taken = _trend_taken(rows, band, {label: part for label, part in beside.items() if len(part)}, provisional_from)
    if len(lacking):
        taken["suspected_gap"] = rows["month"].isin(lacking["month"])
    return finished_chart(draw, title=title, unit=unit, finding=finding, data=taken)


def _trend_taken(
    rows: pd.DataFrame, band: pd.DataFrame, beside: Mapping[str, pd.DataFrame], provisional_from: object
) -> pd.DataFrame:
    """The rows of a trend that a reader may take away: month, count and, where they are drawn, whether the month is
    provisional, the lines ``beside`` (month, value) by name, and the limits."""
    taken = rows[["month"]].assign(count=rows["value"])
    if provisional_from is not None:
        taken["provisional"] = rows["month"] >= as_month(provisional_from)
    for label, part in beside.items():
        taken[label] = rows["month"].map(part.set_index("month")["value"]).round(2)
    if len(band):
        limits = band.set_index("month")[["centre", "lower", "upper"]].round(2)
        taken = taken.join(limits.rename(columns={"lower": "lower_limit", "upper": "upper_limit"}), on="month")
    return taken.assign(month=taken["month"].astype(str))


def _trend_ends(
    rows: pd.DataFrame, band: pd.DataFrame, other: pd.DataFrame, name: str, average: pd.DataFrame
) -> list[tuple[float, str, str, bool]]:
    """What is written at the right: the latest figure (or average), the comparison's name, the usual range."""
    strong = average if len(average) else rows
    latest, beside = strong.dropna(subset=["value"]).tail(1), other.dropna(subset=["value"]).tail(1)
    labels = []
    for row in latest.itertuples():
        what = "12-month\naverage" if len(average) else f"in {row.month.strftime('%b %Y')}"
        labels.append((row.value, f"{row.value:,.0f}\n{what}", theme.CURRENT, True))
    labels += [(row.value, "\n".join(wrap_words(name, 13)), theme.SERIES[1], False) for row in beside.itertuples()]
    # a band that ended long before would be named where it is not
    reached = band[band["month"] >= rows["month"].iloc[-1] - _BAND_NAMED_WITHIN].tail(1)
    labels += [(row.upper, "usual\nrange", theme.MUTED, False) for row in reached.itertuples()]
    return labels


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


def _lacking_layers(lacking: pd.DataFrame, rows: pd.DataFrame, top: float, apart: int) -> list[Spec]:
    """Months that look short of data, ringed with dashes; the latest of each cluster is named."""
    if lacking.empty:
        return []
    ring = {"mark": {"type": "point", "size": 110, "stroke": theme.MUTED, "strokeDash": [3, 2], "opacity": 1}}
    words = text_mark("name", fontSize=theme.SMALL_SIZE, color=theme.MUTED)
    named = _far_apart(lacking, apart)
    text = [f"suspected gap: {row.value:,.0f} in {row.month.strftime('%b %Y')}" for row in named.itertuples()]
    late = named["at"] > rows["at"].iloc[0] + 0.75 * (rows["at"].iloc[-1] - rows["at"].iloc[0])  # clear of end labels
    low = named["value"] < 0.12 * top  # no room between the point and the axis
    named = named.assign(name=text, low=low, late=late)
    layers = [layer_of(ring, lacking)]
    for (low, late), part in named.groupby(["low", "late"]):
        place = {"align": "right", "dx": -10} if late else {"align": "left", "dx": 12}
        place = {**place, "dy": 0 if low else 14}
        layers.append(layer_of({**words, "mark": {**words["mark"], **place}}, part))
    return layers


def _unusual_layers(rows: pd.DataFrame, judged: pd.DataFrame, band: pd.DataFrame, apart: int) -> list[Spec]:
    """Months ``judged`` that are outside the limits, ringed; the latest of each cluster is named."""
    outside = _outside_limits(judged, band)
    if outside.empty:
        return []
    ring = {"mark": {"type": "point", "size": 110, "stroke": theme.ACCENT, "strokeWidth": 2, "opacity": 1}}
    words = text_mark("name", fontSize=theme.SMALL_SIZE, color=theme.ACCENT, fontWeight=600)
    named = _far_apart(outside, apart)
    text = [f"{row.value:,.0f} in {row.month.strftime('%b %Y')}" for row in named.itertuples()]
    late = named["at"] > rows["at"].iloc[0] + 0.9 * (rows["at"].iloc[-1] - rows["at"].iloc[0])  # clear of end labels
    named = named.assign(name=text, above=named["value"] > named["upper"], late=late)
    layers = [layer_of(ring, outside)]
    for (above, late), part in named.groupby(["above", "late"]):
        place = {"dy": -14 if above else 16, **({"align": "right", "dx": 8} if late else {})}
        layers.append(layer_of({**words, "mark": {**words["mark"], **place}}, part))
    return layers


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


def _twelve_month_average(rows: pd.DataFrame) -> pd.DataFrame:
    """The mean of each twelve months that are all there and on one side of every break."""
    return rows.assign(value=rows.groupby("segment")["value"].transform(lambda part: part.rolling(12).mean()))


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

    def draw(page: Page) -> Spec:
        height = page.pick(280, 240)
        layers = event_layers(in_lanes(marks, first, last, page.width - 130))
        for part in order:
            rows = [row for row in bars if row["part"] == part]
            rect = {"mark": {"type": "rect", "color": colours[part], "stroke": theme.BACKGROUND, "strokeWidth": 0.6}}
            tips = tooltip(Month="label", Part="part", Count="shown")
            span = {"x": {"field": "start", "type": "temporal"}, "x2": {"field": "at"}, "y2": {"field": "lower"}}
            layers.append(layer_of(rect, rows, tooltip=tips, **span, **unless_another_is_picked("part")))
        layers += end_labels(_stack_ends(whole, upper, colours, months[-1]), instant(months[-1], 28), top, height)
        time = {"field": "at", "type": "temporal", "title": None, **time_axis(list(months), page.width - 130)}
        axes = [on_axes(layer, time, top) for layer in layers]
        return {**FIT, **choosable(order), "width": page.width, "height": height, "layer": axes}

    drawn = long.assign(month=long["month"].astype(str))[["month", "part", "count"]]
    return finished_chart(draw, title=title, unit=unit, finding=finding, data=drawn)


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
    """Several series indexed to 100 at their start. ``series``: month, series, value (missing: a gap); ``events`` and
    ``breaks`` as in :func:`trend_chart`.

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
    ends = [
        (row.value, "\n".join([*wrap_words(str(name), 16), f"{row.value:,.0f}"]), colours[name], True)
        for name, part in parts.items()
        for row in part.dropna(subset=["value"]).tail(1).itertuples()
    ]

    def draw(page: Page) -> Spec:
        height = page.pick(280, 250)
        level = {"mark": {"type": "rule", "color": theme.MUTED, "strokeWidth": 1}}
        layers = event_layers(in_lanes(marks, first, last, page.width - 140))
        layers.append(layer_of(level, [{"value": 100}], x={"value": 0}, x2={"value": "width"}))
        for name, part in parts.items():
            layers += line_layers(part, colour=colours[name], points=False, width=2.6, series=str(name))
        layers += end_labels(ends, instant(months[-1]), top, height, floor)
        time = {"field": "at", "type": "temporal", "title": None, **time_axis(months, page.width - 140)}
        axes = [on_axes(layer, time, top, floor) for layer in layers]
        return {**FIT, **choosable(names), "width": page.width, "height": height, "layer": axes}

    return finished_chart(draw, title=title, unit=unit, finding=finding, data=drawn)


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
    are not to be shown, ``status``; a panel without figures says so in words. ``breaks`` are the first months on a new
    basis, of every panel or of each by its name; ``events`` (label, start, end) and breaks are drawn in the panels and
    named once, above them."""
    own = breaks if isinstance(breaks, Mapping) else dict.fromkeys(monthly[facet], tuple(breaks))
    names = list(dict.fromkeys(monthly[facet]))
    frames = {name: monthly[monthly[facet] == name] for name in names}
    absent = {name: _absent_word(frame) for name, frame in frames.items()}
    parts = {name: monthly_rows(frames[name], breaks=own.get(name, ())) for name in names if not absent[name]}
    months = sorted(monthly["month"].map(as_month).unique())
    # room for the last figures below the panels' names, which would rise from a figure that stands above the panel
    named = [pd.Series([_label_height(part, len(months)) * 1.22]) for part in parts.values()]
    top = domain_top(*(part["value"] for part in parts.values()), *named)
    first, last = instant(months[0], 1), instant(months[-1] + 1, 1)
    told = {name: event_rows(events, own.get(name, ()), first, last) for name in names}
    marks = {name: nameless_layers(told[name]) for name in names}
    key = mark_key(mark for name in names for mark in told[name])

    def draw(page: Page) -> Spec:
        columns = min(page.pick(4 if len(names) > 9 else 3, 2), len(names))
        width = (page.width - 50 - 16 * (columns - 1)) // columns
        panels = [
            _panel(
                str(name),
                parts.get(name),
                absent[name],
                months,
                top,
                width,
                place % columns == 0,
                provisional_from,
                marks[name],
            )
            for place, name in enumerate(names)
        ]
        lines = max(len(panel["title"]["text"]) for panel in panels)
        # flush: panels of a row stand level whatever the room their labels take; titles and months get theirs here
        spacing = {"row": 44 + 16 * lines, "column": 16}
        return {"concat": panels, "columns": columns, "bounds": "flush", "spacing": spacing}

    shown = monthly[monthly[facet].map(lambda name: not absent[name])]
    drawn = shown.assign(month=shown["month"].astype(str), count=shown_figures(shown, "count"))[
        ["month", facet, "count"]
    ]
    return finished_chart(draw, title=title, unit=unit, key=key, finding=finding, data=drawn)


def _label_height(rows: pd.DataFrame, months: int) -> float:
    """Where the last figure of a panel of so many months stands: clear of the line that leads to it."""
    return float(rows["value"].tail(max(1, round(0.14 * months))).max())


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
    marks: Sequence[Spec],
) -> Spec:
    """One small trend over its events and breaks; the last figure written at its point."""
    heading = {
        "text": wrap_words(name, int(width / 7.6)),
        "fontSize": theme.TEXT_SIZE,
        "offset": 6,
        "lineHeight": 16,
    }
    ends = [months[0], months[-1]]
    ticks = {
        "values": [instant(month) for month in ends],
        "format": "%b %Y",
        "labelFlush": 20,
        "labelFontSize": theme.SMALL_SIZE,
    }
    time = {**time_axis(list(months), width), "axis": ticks}
    x = {"field": "at", "type": "temporal", "title": None, **time}
    if rows is None:
        words = text_mark("name", fontStyle="italic", color=theme.MUTED)
        middle = {"at": (instant(months[0]) + instant(months[-1])) // 2, "name": absent}
        layers = [
            layer_of(words, [middle], y={"value": 45}),
            layer_of({"mark": {"type": "point", "opacity": 0}}, [{"at": middle["at"], "value": 0}]),
        ]
    else:
        latest = rows.dropna(subset=["value"]).tail(1)
        label = latest.assign(name=latest["value"].map(count_text), value=_label_height(rows, len(months)))
        words = text_mark("name", align="right", dy=-10, fontWeight=600, color=theme.CURRENT)
        layers = [*marks, *line_layers(rows, provisional_from, points=False, width=1.8, size=6), layer_of(words, label)]
        if len(settled := settled_and_provisional(latest, provisional_from)[0]):
            layers.append(layer_of(point_mark(size=34, color=theme.CURRENT), settled))
    drawn = [on_axes(layer, x, top) for layer in layers]
    for layer in drawn:
        if "axis" in layer["encoding"]["y"]:
            layer["encoding"]["y"]["axis"] = {
                "tickCount": 3,
                "format": ",d",
                "labels": labelled,
                "labelFontSize": theme.SMALL_SIZE,
            }
    return {"title": heading, "width": width, "height": 90, "layer": drawn}
