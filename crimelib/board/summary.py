"""The rows of ``summary.csv``: every item, measure, breakdown and window of one area and period, protected."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from crimelib.board.doubts import Doubts, doubts
from crimelib.disclosure.protect import FIGURES, Earlier, Protected, protect_with_choices
from crimelib.errors import InputError
from crimelib.measures.areas import counts_with_wards
from crimelib.measures.periods import WINDOWS, month, month_label, previous_months, window_months
from crimelib.measures.series import (
    INCOMPLETE,
    NO_DATA,
    NOT_COMPARABLE,
    OK,
    Counts,
    History,
    WindowFigures,
    histories,
    monthly_table,
    series_in,
    window_figures,
)
from crimelib.settings import Area, Break, Figures, Measure, Settings, Ward
from crimelib.tables.revisions import Releases
from crimelib.tables.store import Store

COLUMNS = [
    "area_code",
    "area_name",
    "period",
    "item",
    "measure",
    "breakdown",
    "breakdown_value",
    "breakdown_label",
    "window",
    *["current", "previous", "change", "pct_change", "ratio_low", "ratio_high", "p_value", "detectable_pct"],
    "signal",
    "status",
    "source",
    "vintage",
    "note",
]
STATISTICS = ["pct_change", "ratio_low", "ratio_high", "p_value", "detectable_pct"]
FEWEST_USUAL_MONTHS = 24  # with fewer left, the unusual months must do
DIGITS = {"pct_change": 1, "detectable_pct": 1, "ratio_low": 4, "ratio_high": 4, "p_value": 4}


@dataclass(frozen=True)
class Line:
    """What one row of the summary is about, before its figures."""

    item: str
    measure: str
    breakdown: str
    value: str
    label: str
    area_code: str
    breaks: tuple[Break, ...]
    options: tuple[History, ...]
    series: frozenset[str]


@dataclass(frozen=True)
class Figure:
    """A line over one window."""

    line: Line
    window: str
    figures: WindowFigures
    note: str
    status: str
    suspected_gap: bool


def summary(
    store: Store,
    settings: Settings,
    area: Area,
    period: pd.Period,
    audience: str = "board",
    earlier: Earlier | None = None,
) -> pd.DataFrame:
    """The rows of :func:`summary_with_choices`."""
    return summary_with_choices(store, settings, area, period, audience, earlier).rows


def summary_with_choices(
    store: Store,
    settings: Settings,
    area: Area,
    period: pd.Period,
    audience: str = "board",
    earlier: Earlier | None = None,
) -> Protected:
    """The rows of ``summary.csv`` for one area, period and audience, with the columns ``COLUMNS``, and how those to
    withhold were chosen. Counts are whole numbers or None; what is withheld does not follow from them and the rows of
    ``earlier`` packs together. Raises :class:`InputError` where no source has the period at all."""
    stored = counts_with_wards(store, settings, area, period)
    counts, doubted = Counts(stored), doubts(store, settings, area, Releases.of(stored, area.code))
    perception = perception_rows(store, settings, area, period)
    _refuse_unknown_period(counts, perception, area, period)
    wards = newest_wards(counts, settings, area, period)
    counted = compared_rows(lines(counts, settings, area, wards, period), settings, area, period, doubted)
    rows = pd.concat([counted, perception], ignore_index=True).astype(dict.fromkeys(FIGURES, object))
    policy = settings.disclosure
    shown = protect_with_choices(rows, audience, policy, protected_measures(settings), earlier)
    return replace(shown, rows=rounded(shown.rows)[COLUMNS])


def compared_rows(
    asked: Iterable[Line],
    settings: Settings,
    area: Area,
    period: pd.Period,
    doubted: Doubts,
    windows: Sequence[str] = WINDOWS,
) -> pd.DataFrame:
    """Each line over some windows with its statistics, as counted: neither protected nor rounded."""
    found = [figure for line in asked for figure in _figures(line, period, doubted, windows)]
    return _rows(found, area, period, unusual_months(settings))


def protected_measures(settings: Settings) -> list[str]:
    """The ids of measures about people."""
    return [name for item in settings.items.values() for name, measure in item.measures.items() if measure.protected]


def newest_wards(counts: Counts, settings: Settings, area: Area, period: pd.Period) -> list[Ward]:
    """The wards of an area in the newest boundary set that any file gives for the period's month."""
    if counts.empty:
        return []
    here = set(counts.areas_in(period))
    known = [ward for ward in settings.wards if ward.borough_code == area.code and ward.code in here]
    newest = max((ward.ward_set for ward in known), default=None)
    return [ward for ward in settings.wards if ward.borough_code == area.code and ward.ward_set == newest]


def lines(counts: Counts, settings: Settings, area: Area, wards: Sequence[Ward], period: pd.Period) -> Iterator[Line]:
    """Every line of a period's summary that rests on monthly counts, in the order of ``items.yml``."""
    bases = settings.sources.bases
    for item_id, item in settings.items.items():
        for measure_id, measure in item.measures.items():
            for breakdown, value, label, figures, breaks in _breakdowns(measure, period):
                options = tuple(histories(counts, figures, bases))
                yield Line(item_id, measure_id, breakdown, value, label, area.code, breaks, options, series_in(figures))
            options = tuple(histories(counts, measure.figures, bases)) if measure.wards else ()
            if any(history.has_any(ward.code for ward in wards) for history in options):
                about = measure.breaks, options, series_in(measure.figures)
                for ward in wards:
                    yield Line(item_id, measure_id, "ward", ward.code, ward.name, ward.code, *about)


def _breakdowns(
    measure: Measure, period: pd.Period
) -> Iterator[tuple[str, str, str, tuple[Figures, ...], tuple[Break, ...]]]:
    yield "total", "", "", measure.figures, measure.breaks
    for breakdown, parts in measure.breakdowns.items():
        named = {value: part for value, part in parts.items() if part.is_named_in(str(period))}
        for value, part in named.items():
            yield breakdown, value, part.label, part.figures, (*measure.breaks, *part.breaks)


def _figures(line: Line, period: pd.Period, doubted: Doubts, windows: Sequence[str]) -> Iterator[Figure]:
    for window in windows:
        found = window_figures(line.options, line.area_code, period, window)
        crossed = broken_by(line.breaks, found.history, period, window)
        status = NOT_COMPARABLE if found.status == OK and crossed else found.status
        gaps = doubted.gaps_in(found, line.series, period, window)
        notes = [_note(found, crossed, line, period, window), *gaps, *doubted.filled_in(found, period, window)]
        yield Figure(line, window, found, " ".join(note for note in notes if note), status, bool(gaps))


def broken_by(breaks: Iterable[Break], history: History | None, period: pd.Period, window: str) -> list[Break]:
    """The breaks that fall between the first month of the earlier window and the last of the later one, and forbid a
    comparison of the two."""
    return broken_between(breaks, history, previous_months(period, window)[0], period)


def broken_between(breaks: Iterable[Break], history: History | None, first: pd.Period, last: pd.Period) -> list[Break]:
    """The breaks after a first month and up to a last one that forbid a comparison on the history's basis."""
    return [
        each
        for each in breaks
        if each.effect == "not_comparable"
        and first < month(each.month) <= last
        and (not each.bases or (history is not None and history.basis in each.bases))
    ]


def _note(found: WindowFigures, crossed: list[Break], line: Line, period: pd.Period, window: str) -> str:
    """Why a row has no comparison, in one plain sentence."""
    if found.status == NO_DATA:
        return "No data: no file at hand gives this."
    if found.status == INCOMPLETE:
        return f"Incomplete: no figure for {_list_of(_missing(found, line.area_code, period, window))}."
    if found.status == NOT_COMPARABLE:
        return "Not comparable: no one basis of the publisher's figures covers both windows."
    return " ".join(["Not comparable:", *(each.what for each in crossed)]) if crossed else ""


def _missing(found: WindowFigures, area_code: str, period: pd.Period, window: str) -> list[pd.Period]:
    if found.history is None:
        return []
    halves = previous_months(period, window), window_months(period, window)
    return [month for half in halves for month in half[np.isnan(found.history.window(area_code, half)[0])]]


def _list_of(months: Sequence[pd.Period]) -> str:
    """``June 2023``, or a span, or how many."""
    if len(months) == 1:
        return month_label(months[0])
    together = (months[-1] - months[0]).n == len(months) - 1
    if together:
        return f"{month_label(months[0])} to {month_label(months[-1])}"
    return f"{len(months)} months between {month_label(months[0])} and {month_label(months[-1])}"


def _rows(found: Sequence[Figure], area: Area, period: pd.Period, unusual: Sequence[pd.Period]) -> pd.DataFrame:
    rows = pd.DataFrame([_row(figure, area, period) for figure in found])
    return rows.join(_statistics(found, period, unusual))


def _row(figure: Figure, area: Area, period: pd.Period) -> dict[str, object]:
    line, figures = figure.line, figure.figures
    compared = figure.status == OK
    return {
        "area_code": area.code,
        "area_name": area.name,
        "period": str(period),
        "item": line.item,
        "measure": line.measure,
        "breakdown": line.breakdown,
        "breakdown_value": line.value,
        "breakdown_label": line.label,
        "window": figure.window,
        "current": figures.current,
        "previous": figures.previous,
        "change": figures.current - figures.previous if compared else None,
        "status": figure.status,
        "source": figures.source,
        "vintage": figures.vintage,
        "note": figure.note,
    }


def left_out(settings: Settings, months: pd.PeriodIndex) -> list[pd.Period]:
    """The unusual ones among the months of a history, to be left out of how much it varies by itself; none where too
    few would remain."""
    unusual = [month for month in unusual_months(settings) if month in months]
    return unusual if len(months) - len(unusual) >= FEWEST_USUAL_MONTHS else []


def unusual_months(settings: Settings) -> list[pd.Period]:
    """The months of declared events that brought a new level and ended (the pandemic's restrictions): what they did to
    the counts says nothing of how much counts vary by themselves."""
    passed = [event for event in settings.events if event.new_level and event.end and "all" in event.items]
    return [month for event in passed for month in pd.period_range(event.start, event.end, freq="M")]


def _since_break(table: pd.DataFrame, since: Sequence[pd.Period | None]) -> pd.DataFrame:
    """Histories without the months before each one's last break."""
    kept = [table.index >= month if month is not None else np.full(len(table), True) for month in since]
    return table.where(np.column_stack(kept))


def _last_break(breaks: Iterable[Break], period: pd.Period) -> pd.Period | None:
    months = [month(each.month) for each in breaks if each.effect == "not_comparable"]
    return max((each for each in months if each <= period), default=None)


def _statistics(found: Sequence[Figure], period: pd.Period, unusual: Sequence[pd.Period]) -> pd.DataFrame:
    """What the statistics say of each row that compares, aligned with the rows; wards under false-discovery control,
    since among hundreds of ward rows some look unusual by chance alone. How much a count varies by itself is told from
    the months since its last break, the ``unusual`` ones left out."""
    from crimelib.stats.comparison import compare_many, history_spread

    parts = [pd.DataFrame(columns=[*STATISTICS, "signal"])]
    compared = {
        position: (figure.figures.history, figure.line.area_code)
        for position, figure in enumerate(found)
        if figure.status == OK and figure.figures.history is not None
    }
    distinct = {(id(history), area): (history, area) for history, area in compared.values()}
    if not distinct:
        return parts[0].reindex(range(len(found))).assign(signal="")
    table = monthly_table(list(distinct.values()), period).set_axis(list(distinct), axis="columns")
    breaks = {(id(figure.figures.history), figure.line.area_code): figure.line.breaks for figure in found}
    table = _since_break(table, [_last_break(breaks[column], period) for column in distinct])
    usual = table[~table.index.isin(unusual)].notna().sum() >= FEWEST_USUAL_MONTHS
    spreads = history_spread(table, period, unusual=unusual)
    if not usual.all():
        spreads = spreads.mask(~usual, history_spread(table.loc[:, ~usual], period))
    for window in WINDOWS:
        here = {place: (id(pair[0]), pair[1]) for place, pair in compared.items() if found[place].window == window}
        if not here:
            continue
        columns = list(here.values())
        result = compare_many(
            table[columns].set_axis(list(here), axis="columns"), period, window, spread=spreads[columns]
        )
        parts.append(result[[*STATISTICS, "signal"]])
    result = pd.concat(parts).reindex(range(len(found)))
    result["signal"] = result["signal"].fillna("")
    result.loc[[figure.suspected_gap for figure in found], "signal"] = ""
    return _controlled(result, [figure.line.breakdown == "ward" for figure in found], [f.window for f in found])


def _controlled(statistics: pd.DataFrame, is_ward: Sequence[bool], windows: Sequence[str]) -> pd.DataFrame:
    """Ward signals that do not survive false-discovery control over all wards and measures: no clear change."""
    from crimelib.stats.funnel import discoveries

    for window in WINDOWS:
        wards = [place for place, each in enumerate(zip(is_ward, windows, strict=True)) if each == (True, window)]
        stands = discoveries(statistics["p_value"].iloc[wards].astype("float64").to_numpy())
        weak = statistics["signal"].isin(["increase", "decrease"]) & statistics.index.isin(
            [place for place, kept in zip(wards, stands, strict=True) if not kept]
        )
        statistics.loc[weak, "signal"] = "no_clear_change"
    return statistics


def perception_rows(store: Store, settings: Settings, area: Area, period: pd.Period) -> pd.DataFrame:
    """The survey's measures over twelve months, at the last quarter end not after the period: proportions (0 to 1)."""
    from crimelib.board.attitudes import survey_changes

    changes = survey_changes(store, settings, area, period)
    common = {"area_code": area.code, "area_name": area.name, "period": str(period), "item": "perception"}
    rows = [
        {**common, "breakdown": "total", "breakdown_value": "", "breakdown_label": "", "window": "rolling_12", **change}
        for change in changes
    ]
    return pd.DataFrame(rows, columns=COLUMNS)


def _refuse_unknown_period(counts: Counts, perception: pd.DataFrame, area: Area, period: pd.Period) -> None:
    """Refuse a period of which no source has anything."""
    known = counts.months_of(area.code)
    surveyed = (perception["status"] == OK).any()
    if period not in known and not surveyed:
        span = f"the data cover {known[0]} to {known[-1]}" if len(known) else "there is no data of this area"
        raise InputError(f"no source has {area.name} in {period}", where="period", fix=span)


def rounded(rows: pd.DataFrame) -> pd.DataFrame:
    """Figures as the contract writes them: whole counts, per cent to one decimal, ratio and p to four."""
    result = rows.copy()
    for column, digits in DIGITS.items():
        result[column] = _exact([None if pd.isna(value) else round(float(value), digits) for value in rows[column]])
    is_share = rows["item"] == "perception"
    for column in ("current", "previous", "change"):
        pairs = zip(rows[column], is_share, strict=True)
        result[column] = _exact([_figure(value, share) for value, share in pairs])
    result[["signal", "source", "vintage", "note"]] = result[["signal", "source", "vintage", "note"]].fillna("")
    return result


def _figure(value: float | None, share: bool) -> float | int | None:
    if pd.isna(value):
        return None
    return round(float(value), 4) if share else int(value)


def _exact(values: list) -> pd.Series:
    """A column that keeps whole numbers whole and missing ones None."""
    return pd.Series(values, dtype=object)


def rows_where(rows: pd.DataFrame, **wanted: object) -> pd.DataFrame:
    """The rows of a summary that hold every value wanted, by column."""
    held = [rows[name].to_numpy() == value for name, value in wanted.items()]
    return rows[np.logical_and.reduce(held)]


def row_of(rows: pd.DataFrame, measure: str, window: str = "rolling_12", **where: str) -> Mapping[str, object]:
    """The one row of a measure over a window (its borough total unless told otherwise)."""
    wanted = {"measure": measure, "window": window, "breakdown": "total", **where}
    chosen = rows_where(rows, **wanted)
    if len(chosen) != 1:
        raise InputError(f"{len(chosen)} rows are {wanted}", where="summary", fix="name one row")
    return chosen.iloc[0].to_dict()
