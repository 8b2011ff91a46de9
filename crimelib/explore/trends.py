"""The trends explorer: any measures, places and months, as counts, totals, an index or a rate."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from crimelib.board.item import event_table
from crimelib.board.tables import change_text, count_text
from crimelib.explore.answers import Answer, Control, Exploration, Pick, area_options, measure_options, ward_options
from crimelib.explore.live import lines_chart, series_values
from crimelib.explore.surface import Comparison, MonthlySeries, compare, series_of
from crimelib.explore.workspace import Workspace
from crimelib.measures.periods import month_label
from crimelib.views import TrendsView

SHOWN = {
    "months": "Counts by month",
    "rolling": "Twelve-month totals",
    "index": "Twelve-month totals, from 100",
    "rate": "Twelve-month totals per 1,000 residents",
}
WINDOW_NAMES = {
    "month": "The last month",
    "quarter": "Three months",
    "ytd": "Financial year to date",
    "rolling_12": "Twelve months",
}


def controls(workspace: Workspace, view: TrendsView) -> Sequence[Control]:
    """The controls of the explorer for a view."""
    years = _years(workspace, view)
    return (
        Control("measures", "Measures", "several", measure_options(workspace)),
        Control("areas", "Areas", "several", area_options(workspace)),
        Control("ward", "Ward of the first area", "one", ward_options(workspace, view.areas[0])),
        Control("shown_as", "Shown as", "one", tuple((label, name) for name, label in SHOWN.items())),
        Control("window", "Compared over", "one", tuple((label, name) for name, label in WINDOW_NAMES.items())),
        Control("since", "Since", "one", (("All months", ""), *((f"April {year}", f"{year}-04") for year in years))),
        Control("events", "Show events", "tick"),
    )


def answer(workspace: Workspace, view: TrendsView) -> Answer:
    """The chart, the board's sentences (before protection) and the figures of a view."""
    chosen = chosen_series(workspace, view)
    known = [each for each in chosen if each.counts.notna().any()]
    lost = tuple(f"No file at hand gives {each.title}." for each in chosen if each not in known)
    if not known:
        return Answer(None, lost, (), code(view))
    compared = [compare(each, window=view.window) for each in known]
    values = {each.title: shown(each, view.shown_as) for each in known}
    if view.since:
        values = {title: series.loc[view.since :] for title, series in values.items()}
    if view.shown_as == "index":
        values = _indexed(values)
    rows = [
        row
        for each in known
        for row in series_values(each.title, values[each.title], each.breaks if view.shown_as == "months" else ())
    ]
    happened = workspace.settings.events_in(known[0].place.area.name)
    spec = lines_chart(
        rows,
        title=SHOWN[view.shown_as],
        unit=", ".join(dict.fromkeys(each.unit for each in known)),
        events=event_table(happened, known[0].named.item, known[0].last) if view.events else None,
        breaks={month: what for each in known for month, what in each.breaks.items()},
        from_zero=view.shown_as != "index",
        form=",.1f" if view.shown_as == "rate" else ",d",
    )
    return Answer(
        spec,
        (*map(str, compared), *lost),
        (("Each series against a year before", _table(known, compared)),),
        code(view),
    )


def chosen_series(workspace: Workspace, view: TrendsView) -> list[MonthlySeries]:
    """The series of a view: every measure in every area, the first area's ward in its place where one is chosen."""
    places = [workspace.place(view.areas[0], view.ward), *(workspace.place(area) for area in view.areas[1:])]
    return [series_of(workspace, workspace.measure(name), place) for name in view.measures for place in places]


def shown(chosen: MonthlySeries, how: str) -> pd.Series:
    """The values of a series by month, as they are shown."""
    return {"months": lambda: chosen.counts, "rate": chosen.rate}.get(how, chosen.rolling)()


def code(view: TrendsView) -> str:
    """The notebook cell that gives the same answer."""
    places = [
        f"{area!r}{f', ward={view.ward!r}' if view.ward and not place else ''}" for place, area in enumerate(view.areas)
    ]
    lines = [f"    cl.series({measure!r}, {place})," for measure in view.measures for place in places]
    options = [
        f"shown_as={view.shown_as!r}",
        *([f"since={view.since!r}"] if view.since else []),
        f"events={view.events}",
    ]
    return "\n".join(
        [
            "import crimelib as cl",
            "",
            "chosen = [",
            *lines,
            "]",
            f"for each in chosen:\n    print(cl.compare(each, window={view.window!r}))",
            f"cl.trend_chart(chosen, {', '.join(options)})",
        ]
    )


def months_picked(workspace: Workspace, view: TrendsView, span: object) -> list[str]:
    """What was counted in the months dragged over, and in the same months a year before."""
    at = getattr(span, "value", {}).get("at", [])
    if len(at) != 2:
        return []
    first, last = (pd.Period(pd.Timestamp(value, unit="ms"), freq="M") for value in at)
    months = pd.period_range(first, last, freq="M")
    return [_told(each, months) for each in chosen_series(workspace, view)]


def _told(chosen: MonthlySeries, months: pd.PeriodIndex) -> str:
    now, before = (chosen.counts.reindex(span) for span in (months, months - 12))
    span = f"{month_label(months[0])} to {month_label(months[-1])}"
    if now.isna().any():
        return f"{chosen.title}, {span}: {int(now.isna().sum())} of these months are missing."
    year = f"{before.sum():,.0f} in the same months a year before" if before.notna().all() else "no whole year before"
    return f"{chosen.title}, {span}: {now.sum():,.0f} {chosen.unit}; {year}."


def _indexed(values: dict[str, pd.Series]) -> dict[str, pd.Series]:
    """Series from 100 at the first month that all of them reach."""
    whole = {title: series.dropna() for title, series in values.items()}
    base = max((series.index[0] for series in whole.values() if len(series)), default=None)
    return {title: 100 * kept / kept.iloc[0] if len(kept := series.loc[base:]) and kept.iloc[0] else kept
            for title, series in whole.items()}  # fmt: skip


def _table(known: Sequence[MonthlySeries], compared: Sequence[Comparison]) -> pd.DataFrame:
    rows = [(each.title, *_figures(found.row)) for each, found in zip(known, compared, strict=True)]
    return pd.DataFrame(rows, columns=["Series", "Now", "A year before", "Change", "Ratio, 95% interval"])


def _figures(row: dict[str, object]) -> tuple[str, str, str, str]:
    low, high = row["ratio_low"], row["ratio_high"]
    interval = "" if low is None or pd.isna(low) else f"{low:.2f} to {'no bound' if pd.isna(high) else f'{high:.2f}'}"
    change = change_text({**row, "absent": ""}) if row["status"] == "ok" else ""
    return count_text(row["current"]), count_text(row["previous"]), change, interval


def _years(workspace: Workspace, view: TrendsView) -> range:
    """The years with a month in the first area."""
    months = workspace.data(workspace.place(view.areas[0]).area).counts.months_of(workspace.place(view.areas[0]).code)
    return range(months[0].year, months[-1].year + 1) if len(months) else range(0)


TRENDS = Exploration("Trends", controls, answer, {"months": Pick("interval", months_picked)})
