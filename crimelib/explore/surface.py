"""``import crimelib as cl``: the few functions an analyst needs, with answers that show themselves.

Every answer is as counted and not protected: for the analyst's eyes. A wrong name raises
:class:`crimelib.errors.InputError` with the nearest known ones.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from html import escape

import pandas as pd

from crimelib.areas import nearest
from crimelib.board.charts import CHART_TYPE, Chart, index_chart, small_multiples
from crimelib.board.charts import trend_chart as draw_trend
from crimelib.board.doubts import doubted_totals
from crimelib.board.item import event_table, new_levels
from crimelib.board.narrative import Sentence, sentence
from crimelib.board.summary import Line, compared_rows, rounded
from crimelib.board.unusual import limits
from crimelib.disclosure.protect import FIGURES
from crimelib.errors import InputError
from crimelib.explore import EXPLORED_TYPE, NOT_FOR_SHARING
from crimelib.explore.workspace import Named, Place, Workspace, open_workspace
from crimelib.measures.asb import history, read_calls
from crimelib.measures.periods import WINDOWS, month_label, parse_period
from crimelib.measures.series import History, series_in
from crimelib.settings import AsbDefinition, Figures, Part
from crimelib.stats.comparison import Change
from crimelib.stats.comparison import compare as compare_series

SHOWN_ROWS = 13


@dataclass(frozen=True, eq=False)
class MonthlySeries:
    """One measure in one place, by month.

    ``options`` are its histories, the preferred first; ``history`` is the one shown (of one basis), ``counts`` its
    months (float, NaN missing).
    """

    named: Named
    place: Place
    options: tuple[History, ...]
    workspace: Workspace
    part: Part | None = None

    @cached_property
    def history(self) -> History | None:
        """The first history that has any month of the place."""
        return next((each for each in self.options if each.has_any([self.place.code])), None)

    @cached_property
    def counts(self) -> pd.Series:
        """Counts by month (PeriodIndex, float, NaN missing), from the first month with a figure to the last."""
        if self.history is None:
            return pd.Series([], index=pd.PeriodIndex([], freq="M"), dtype="float64", name=self.title)
        return self.history.monthly(self.place.code).rename(self.title)

    @property
    def figures(self) -> tuple[Figures, ...]:
        """The alternatives that it is counted by."""
        return self.part.figures if self.part else self.named.measure.figures

    @property
    def short(self) -> frozenset[str]:
        """The months that look short of data."""
        doubted = self.workspace.data(self.place.area).doubted
        return doubted.short_months(self.history, series_in(self.figures)) if self.history else frozenset()

    @property
    def label(self) -> str:
        """The measure's name, with that of its part."""
        name = self.named.measure.label
        return f"{name} ({self.part.label})" if self.part else name

    @property
    def title(self) -> str:
        """``Hate crime, Bromley``."""
        return f"{self.label}, {self.place.title}"

    @property
    def unit(self) -> str:
        """What is counted."""
        return self.named.measure.unit

    @property
    def last(self) -> pd.Period:
        """The last month with a figure; raises :class:`InputError` where there is none."""
        if self.counts.empty:
            raise InputError(f"no file at hand gives {self.title}", where="measure", fix="see cl.list_sources()")
        return self.counts.index[-1]

    @property
    def breaks(self) -> dict[str, str]:
        """The months from which the series counts something else, with what changed."""
        found = (*self.named.measure.breaks, *(self.part.breaks if self.part else ()))
        return {each.month: each.what for each in found if each.effect == "not_comparable"}

    def table(self) -> pd.DataFrame:
        """``month`` (text), ``count`` and ``short`` (it looks short of data), as the charts take them."""
        months = self.counts.index.astype(str)
        return pd.DataFrame({"month": months, "count": self.counts.to_numpy(), "short": self._is_short().to_numpy()})

    def rolling(self, months: int = 12) -> pd.Series:
        """Totals of so many months by their last month; NaN where a month is missing."""
        return self.counts.rolling(months).sum()

    def doubted(self, months: int = 12) -> pd.Series:
        """Whether one of so many months up to each looks short of data."""
        return doubted_totals(self._is_short(), months)

    def _is_short(self) -> pd.Series:
        return pd.Series(self.counts.index.astype(str).isin(list(self.short)), self.counts.index)

    def rate(self) -> pd.Series:
        """Twelve-month totals per 1,000 residents; raises :class:`InputError` where no file has the residents."""
        people = self.workspace.residents(self.place, self.last)
        if not people:
            raise InputError(
                f"no file at hand has the residents of {self.place.title}", where="rate", fix="add a population file"
            )
        return 1000 * self.rolling() / people

    def __len__(self) -> int:
        return len(self.counts)

    def __repr__(self) -> str:
        if self.counts.empty:
            return f"{self.title}: no figures at hand"
        missing = int(self.counts.isna().sum())
        holes = f", {missing} missing" if missing else ""
        year = self.rolling().iloc[-1]
        total = f"; {year:,.0f} {self.unit} in the last twelve" if pd.notna(year) else ""
        span = f"{month_label(self.counts.index[0])} to {month_label(self.last)}"
        return f"{self.title}: {len(self.counts)} months, {span}{holes}{total}"

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, object]:
        return {"text/plain": repr(self), "text/html": self._html(), EXPLORED_TYPE: {}}

    def _html(self) -> str:
        newest = self.counts.iloc[::-1].head(SHOWN_ROWS)
        rows = "".join(
            f"<tr><th scope='row'>{month_label(month)}</th><td style='text-align:right'>{_figure(value)}</td></tr>"
            for month, value in newest.items()
        )
        source = f"{self.history.source}, basis {self.history.basis}. " if self.history else ""
        head = f"<thead><tr><th scope='col'>Month</th><th scope='col'>{escape(self.unit)}</th></tr></thead>"
        return (
            f"<p>{escape(repr(self))}.<br><small>{escape(source)}{NOT_FOR_SHARING}</small></p>"
            f"<table>{head}<tbody>{rows}</tbody></table>"
        )


@dataclass(frozen=True, eq=False)
class Comparison:
    """A window against the same months a year before: ``sentence`` says what it supports, ``row`` has the figures (the
    columns of ``summary.csv``)."""

    sentence: Sentence
    row: dict[str, object]
    compared: MonthlySeries

    @property
    def change(self) -> Change | None:
        """The statistics behind it, every digit; None where the windows do not compare."""
        if self.row["status"] != "ok":
            return None
        month = parse_period(str(self.row["period"]))
        return compare_series(self.compared.counts, month, str(self.row["window"]), breaks=self.compared.breaks)

    def __str__(self) -> str:
        return str(self.sentence)

    def __repr__(self) -> str:
        return str(self.sentence)

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, object]:
        html = f"<p>{escape(str(self))}<br><small>{NOT_FOR_SHARING}</small></p>"
        return {"text/plain": repr(self), "text/html": html, EXPLORED_TYPE: {}}


@dataclass(frozen=True, eq=False)
class ExploredChart(Chart):
    """A chart of figures as counted: shown live or still, never taken into a pack."""

    def __repr__(self) -> str:
        return f"{self.title}. {self.alt}"

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, object]:
        shown = super()._repr_mimebundle_()
        return {kind: value for kind, value in shown.items() if kind != CHART_TYPE} | {EXPLORED_TYPE: {}}


def series(
    measure: str,
    area: str = "Bromley",
    *,
    ward: str = "",
    part: str = "",
    processed: str = "",
    parameters: str = "",
) -> MonthlySeries:
    """The months of one measure in an area, or in one of its wards.

    ``measure`` is an item (its headline), a measure, or ``item.measure``; ``part`` one value of a breakdown (a strand,
    a type). Gives a :class:`MonthlySeries`: ``counts`` by month (PeriodIndex, float, NaN missing) in its ``unit``,
    ``rolling()`` totals, ``rate()`` per 1,000 residents. Raises :class:`InputError` for a name that is not known, with
    the nearest ones.
    """
    workspace = open_workspace(processed, parameters)
    return series_of(workspace, workspace.measure(measure), workspace.place(area, ward), part)


def series_of(workspace: Workspace, named: Named, place: Place, part: str = "") -> MonthlySeries:
    """:func:`series` for names already found."""
    found = _part(named, part) if part else None
    figures = found.figures if found else named.measure.figures
    return MonthlySeries(named, place, workspace.histories(place.area, figures), workspace, found)


def compare(chosen: MonthlySeries, period: str = "", window: str = "rolling_12") -> Comparison:
    """What one window of a series, and the same months a year before, support saying.

    ``period`` is ``"2021-11"`` (the series' last month unless told); ``window`` one of month, quarter, ytd and
    rolling_12. The same figures and words as the board's, before protection. Gives a :class:`Comparison`: its
    ``sentence``, ``row`` (the columns of ``summary.csv``) and ``change`` (the statistics, every digit). Raises
    :class:`InputError` for a window or month that is none.
    """
    _refuse_names(chosen)
    if window not in WINDOWS:
        raise InputError(f"window {window!r} is unknown", where="window", fix=f"use one of {', '.join(WINDOWS)}")
    month = parse_period(period) if period else chosen.last
    part = chosen.part.label if chosen.part else ""
    key = ("compared", chosen.named.path, part, chosen.place.code, chosen.place.area.code, month, window)
    return chosen.workspace.remembered(key, lambda: _compared(chosen, month, window))


def _refuse_names(*chosen: object) -> None:
    for each in chosen:
        if not isinstance(each, MonthlySeries):
            raise InputError(f"{each!r} is not a series", where="series", fix="give what cl.series(...) gives")


def _compared(chosen: MonthlySeries, month: pd.Period, window: str) -> Comparison:
    named, place, part = chosen.named, chosen.place, chosen.part
    breaks = (*named.measure.breaks, *(part.breaks if part else ()))
    label = ", ".join([*([part.label] if part else []), *([place.name] if place.is_ward else [])])
    line = Line(
        named.item, named.name, "total", "", label, place.code, breaks, chosen.options, series_in(chosen.figures)
    )
    doubted = chosen.workspace.data(place.area).doubted
    rows = compared_rows([line], chosen.workspace.settings, place.area, month, doubted, [window])
    row = rounded(rows.astype(dict.fromkeys(FIGURES, object))).iloc[0].to_dict()
    return Comparison(sentence(row, named.measure, label), row, chosen)


def trend_chart(
    chosen: MonthlySeries | Sequence[MonthlySeries],
    *,
    events: bool = True,
    shown_as: str = "months",
    since: str = "",
) -> ExploredChart:
    """The months of one series, or of several side by side.

    ``shown_as`` is ``months`` (counts), ``rolling`` (twelve-month totals), ``index`` (those from 100) or ``rate``
    (those per 1,000 residents); ``since`` leaves out what is before a month. Raises :class:`InputError` where there is
    nothing to draw.
    """
    several = [chosen] if isinstance(chosen, MonthlySeries) else list(chosen)
    _refuse_names(*several)
    first = parse_period(since) if since else None
    drawers = {"months": _months_chart, "rolling": _rolling_chart, "index": _index_chart, "rate": _rate_chart}
    if shown_as not in drawers:
        raise InputError(f"{shown_as!r} is no way to show it", where="shown_as", fix=f"use one of {', '.join(drawers)}")
    drawn = [each for each in several if each.counts.notna().sum() > 1]
    if not drawn:
        names = "; ".join(each.title for each in several)
        raise InputError(f"there are no months to draw: {names}", where="series", fix="choose another measure or area")
    return explored(drawers[shown_as](drawn, first, events))


def explored(chart: Chart) -> ExploredChart:
    """A chart of figures as counted, marked so that no pack takes it."""
    return ExploredChart(chart.spec, chart.narrow_spec, chart.title, chart.alt, chart.data)


def _months_chart(drawn: list[MonthlySeries], first: pd.Period | None, events: bool) -> Chart:
    if len(drawn) > 1:
        long = pd.concat([_since(each.table(), first).assign(facet=each.title) for each in drawn])
        finding = " ".join(str(compare(each)) for each in drawn)
        title = _shared([each.label for each in drawn], [each.place.title for each in drawn])
        return small_multiples(long, "facet", title=title, unit=_units(drawn), finding=finding)
    one = drawn[0]
    happened, item = one.workspace.settings.events_in(one.place.area.name), one.named.item
    monthly = _since(one.table(), first)
    levels = new_levels(happened, item) | one.breaks
    return draw_trend(
        monthly,
        title=f"{one.title}, by month",
        unit=one.unit,
        finding=str(compare(one)),
        events=event_table(happened, item, one.last) if events else None,
        breaks=one.breaks,
        limits=limits(monthly, levels),
    )


def _index_chart(drawn: list[MonthlySeries], first: pd.Period | None, events: bool) -> Chart:
    totals = {each.title: _from(each.rolling(), first).dropna() for each in drawn}
    totals = {title: values for title, values in totals.items() if len(values)}
    if not totals:
        raise InputError("no series has twelve whole months", where="series", fix="show it as months")
    base = max(values.index[0] for values in totals.values())
    kept = {title: values.loc[base:] for title, values in totals.items()}
    usable = {title: 100 * values / values.iloc[0] for title, values in kept.items() if len(values) and values.iloc[0]}
    if not usable:
        raise InputError("no series has a count to start the index from", where="series", fix="show it as months")
    title = f"Twelve-month totals, {month_label(base)} = 100"
    long = _with_doubts(_long(usable), drawn)
    return index_chart(long, title=title, unit="index", finding=_ends(usable, "{:.0f}"))


def _rolling_chart(drawn: list[MonthlySeries], first: pd.Period | None, events: bool) -> Chart:
    totals = {each.title: _from(each.rolling(), first).dropna() for each in drawn}
    return _totals_chart(drawn, totals, "Twelve-month totals", _units(drawn).replace(" a month", ""), "{:,.0f}")


def _rate_chart(drawn: list[MonthlySeries], first: pd.Period | None, events: bool) -> Chart:
    rates = {each.title: _from(each.rate(), first).dropna() for each in drawn}
    return _totals_chart(drawn, rates, "Twelve-month totals per 1,000 residents", "per 1,000 residents", "{:.1f}")


def _totals_chart(drawn: list[MonthlySeries], totals: dict[str, pd.Series], title: str, unit: str, form: str) -> Chart:
    kept = {name: values for name, values in totals.items() if len(values)}
    if not kept:
        raise InputError("no series has twelve whole months", where="series", fix="show it as months")
    long = _with_doubts(_long(kept), drawn).rename(columns={"value": "count", "series": "facet"})
    return small_multiples(long, "facet", title=title, unit=unit, finding=_ends(kept, form))


def _with_doubts(totals: pd.DataFrame, drawn: list[MonthlySeries]) -> pd.DataFrame:
    """Twelve-month totals (``month, series, value``) with ``short``: one of their months looks short of data."""
    doubted = {(each.title, str(month)) for each in drawn for month in each.counts.index[each.doubted()]}
    pairs = zip(totals["series"], totals["month"].astype(str), strict=True)
    return totals.assign(short=[pair in doubted for pair in pairs])


def _part(named: Named, value: str) -> Part:
    known = {name: part for parts in named.measure.breakdowns.values() for name, part in parts.items()}
    if value not in known:
        fix = f"known: {', '.join(known)}" if known else "this measure has no parts"
        raise InputError(f"{named.path} has no part {value!r}", where="part", fix=fix)
    return known[value]


def _since(monthly: pd.DataFrame, first: pd.Period | None) -> pd.DataFrame:
    return monthly if first is None else monthly[monthly["month"] >= str(first)]


def _from(values: pd.Series, first: pd.Period | None) -> pd.Series:
    return values if first is None else values.loc[first:]


def _long(totals: dict[str, pd.Series]) -> pd.DataFrame:
    parts = [
        pd.DataFrame({"month": values.index.astype(str), "series": title, "value": values.to_numpy()})
        for title, values in totals.items()
    ]
    return pd.concat(parts, ignore_index=True)


def _ends(totals: dict[str, pd.Series], form: str) -> str:
    last = {title: values.dropna() for title, values in totals.items()}
    return "; ".join(
        f"{title}: {form.format(values.iloc[-1])} in {month_label(values.index[-1])}"
        for title, values in last.items()
        if len(values)
    )


def _shared(labels: list[str], places: list[str]) -> str:
    """A title for several series: what they have in common."""
    if len(set(labels)) == 1:
        return f"{labels[0]}, by month"
    return f"{places[0]}, by month" if len(set(places)) == 1 else "Several series, by month"


def _units(drawn: list[MonthlySeries]) -> str:
    return ", ".join(dict.fromkeys(f"{each.unit} a month" for each in drawn))


def _figure(value: float) -> str:
    return "missing" if pd.isna(value) else f"{value:,.0f}"


def list_measures(processed: str = "", parameters: str = "") -> pd.DataFrame:
    """Every measure: ``item, measure, label, unit, counts, direction``, one row each; ``item.measure`` names it."""
    known = open_workspace(processed, parameters).measures().values()
    columns = ["label", "unit", "counts", "direction"]
    rows = [[each.item, each.name, *(getattr(each.measure, column) for column in columns)] for each in known]
    return pd.DataFrame(rows, columns=["item", "measure", *columns])


def list_areas(processed: str = "", parameters: str = "") -> pd.DataFrame:
    """The areas of which any file at hand has figures: ``name, code, level, command_unit``."""
    workspace = open_workspace(processed, parameters)
    here = workspace.counted("area_code")
    found = [
        area for area in (*workspace.book.areas, *workspace.book.units) if here & set(workspace.book.members(area))
    ]
    rows = [(area.name, area.code, area.level, area.command_unit) for area in found]
    return pd.DataFrame(rows, columns=["name", "code", "level", "command_unit"])


def list_wards(area: str = "Bromley", processed: str = "", parameters: str = "") -> pd.DataFrame:
    """The wards of an area in the newest boundaries that a file gives: ``name, code, ward_set``, no row where none
    does. Raises :class:`InputError` for an unknown area."""
    workspace = open_workspace(processed, parameters)
    found = workspace.data(workspace.place(area).area).wards
    return pd.DataFrame([(ward.name, ward.code, ward.ward_set) for ward in found], columns=["name", "code", "ward_set"])


def list_sources(processed: str = "", parameters: str = "") -> pd.DataFrame:
    """The raw files that the figures are from: ``source, vintage, file, rejected`` rows."""
    entries = open_workspace(processed, parameters).store.catalogue.entries
    rows = [(entry.source, entry.vintage, entry.name, entry.rejected) for entry in entries]
    return pd.DataFrame(rows, columns=["source", "vintage", "file", "rejected"])


def asb_calls(
    area: str = "Bromley",
    *,
    headings: Sequence[str] = (),
    qualifiers: Sequence[str] = (),
    tags: Sequence[str] = (),
    without_headings: Sequence[str] = (),
    without_tags: Sequence[str] = (),
    processed: str = "",
    parameters: str = "",
) -> pd.Series:
    """Calls about anti-social behaviour by month (float, NaN where no extract covers it) under a definition: see
    ``asb_taxonomy.yml`` for the names. Raises :class:`InputError` for a name that is not declared."""
    workspace = open_workspace(processed, parameters)
    taxonomy, place = workspace.settings.asb_taxonomy, workspace.place(area)
    chosen = {
        "headings": (headings, taxonomy.headings),
        "qualifiers": (qualifiers, taxonomy.qualifiers),
        "tags": (tags, taxonomy.tags),
        "without_headings": (without_headings, taxonomy.headings),
        "without_tags": (without_tags, taxonomy.tags),
    }
    for where, (names, known) in chosen.items():
        for name in names:
            if name not in known:
                raise InputError(f"{name!r} is not declared", where=where, fix=nearest(name, known))
    definition = AsbDefinition(label="", counts="", **{where: tuple(names) for where, (names, _) in chosen.items()})
    calls = read_calls(workspace.store, workspace.settings, place.area)
    found = history(calls, definition) if calls else None
    if found is None:
        fix = "ask the police for an extract (crimelib template asb_calls)"
        raise InputError(f"no extract of calls has {place.name}", where="area", fix=fix)
    return found.monthly(place.code)
