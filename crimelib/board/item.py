"""What a board notebook shows of an item: one object to ask, each answer ready to display."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import pandas as pd

from crimelib.areas import AreaBook
from crimelib.board.charts import (
    Chart,
    change_forest,
    index_chart,
    small_multiples,
    stacked_parts_chart,
    tile_map,
    trend_chart,
    ward_ranked_chart,
)
from crimelib.board.comparators import (
    FIRST_COVID_MONTH,
    comparison_sentence,
    comparison_table,
    last_before,
    total_before,
)
from crimelib.board.doubts import SUSPECTED_GAP, Doubts, doubted_totals, doubts
from crimelib.board.funnels import ward_funnel
from crimelib.board.handover import received
from crimelib.board.maps import ward_boundaries, ward_choropleth
from crimelib.board.narrative import Sentence, sentence
from crimelib.board.once import once
from crimelib.board.provisional import Provisional, provisional
from crimelib.board.rates import with_rates
from crimelib.board.summary import row_of, summary_with_choices
from crimelib.board.tables import (
    Table,
    changes_text,
    overview_matrix,
    plain_table,
    summary_table,
    ward_table,
    windows_table,
)
from crimelib.board.text import NOTHING, Text
from crimelib.board.titles import boundaries_note, item_title, measure_title, source_lines
from crimelib.board.unusual import LastMonth, last_month, limits, unusual_month
from crimelib.disclosure.protect import Earlier, Protected
from crimelib.errors import InputError
from crimelib.measures.areas import area_counts
from crimelib.measures.periods import both_halves, month_label, parse_period, window_months
from crimelib.measures.rates import Exposure, exposure
from crimelib.measures.series import Counts, History, histories, series_in
from crimelib.settings import (
    PROJECT_ROOT,
    Area,
    AudiencePolicy,
    Break,
    Event,
    Figures,
    Item,
    Measure,
    Part,
    Settings,
    load_settings,
)
from crimelib.tables.revisions import Releases
from crimelib.tables.store import Store
from crimelib.views import TrendsView, read_view

SHOWN_MONTHS = 60
FEWEST_OF_A_NAME = 12  # months that a line is drawn of, where the publisher gave up the name of a part


@dataclass(frozen=True)
class Board:
    """One area, period and audience: the settings, the stored tables and the summary made of them."""

    settings: Settings
    store: Store
    area: Area
    period: pd.Period
    audience: str
    earlier: Earlier | None = None  # rows of packs published before: what is withheld must not follow from them

    @cached_property
    def rows(self) -> pd.DataFrame:
        """All rows of the summary, protected for the audience."""
        handed = received(self.store.folder, self.subject)
        if handed is not None:
            return handed
        return self.protected.rows

    @cached_property
    def protected(self) -> Protected:
        """The rows as counted here, and how those to withhold were chosen."""
        return summary_with_choices(self.store, self.settings, self.area, self.period, self.audience, self.earlier)

    @property
    def events(self) -> tuple[Event, ...]:
        """The declared events that touched the area."""
        return self.settings.events_in(self.area.name)

    @property
    def subject(self) -> tuple[str, str, str]:
        """What the rows are of."""
        return self.area.code, str(self.period), self.audience

    @cached_property
    def stored(self) -> pd.DataFrame:
        """The stored counts of the area as a whole, every vintage."""
        return area_counts(self.store, self.settings, [self.area])

    @cached_property
    def releases(self) -> Releases:
        """What every vintage says of each month of the area as a whole."""
        return Releases.of(self.stored, self.area.code)

    @cached_property
    def counts(self) -> Counts:
        """The counts of the area as a whole, ready for the histories of measures."""
        return Counts(self.stored)

    def policy(self, item: str) -> AudiencePolicy:
        """What the board's audience may see of an item's figures."""
        return self.settings.disclosure.policy(self.audience, item)

    @cached_property
    def doubts(self) -> Doubts:
        """What is doubtful of the area's figures."""
        return doubts(self.store, self.settings, self.area, self.releases)

    @cached_property
    def totals(self) -> pd.DataFrame:
        """The rows of the area as a whole, with titles for people."""
        rows = self.rows[self.rows["breakdown"] == "total"]
        return rows.assign(
            item_title=[item_title(self.settings, row.item) for row in rows.itertuples()],
            measure_title=[measure_title(self.settings, row.item, row.measure) for row in rows.itertuples()],
        )

    def matrix(self) -> Table:
        """Every item and measure over every window."""
        return overview_matrix(self.totals, caption=f"Every item, {self.area.name}, {month_label(self.period)}")

    def standing_out(self) -> Text:
        """The measures that changed by more than chance over twelve months, in sentences."""
        rows = self.totals[
            (self.totals["window"] == "rolling_12") & self.totals["signal"].isin(["increase", "decrease"])
        ]
        counted = rows[rows["item"] != "perception"]
        sentences = [
            sentence(row, self.settings.items[row["item"]].measures[row["measure"]])
            for row in counted.to_dict("records")
        ]
        none = Text(("No measure changed by more than chance over twelve months.",), bullet="- ")
        return Text.of(sentences) if sentences else none

    def changes(self) -> Chart | Text:
        """How much each measure changed over twelve months, with how sure that is."""
        rows = self.totals[(self.totals["window"] == "rolling_12") & self.totals["ratio_low"].notna()]
        if rows.empty:
            return Text(("No measure can be compared over twelve months.",))
        finding = " ".join(self.standing_out().lines)
        title = f"Twelve months to {month_label(self.period)} against the twelve before"
        return change_forest(rows.assign(label=rows["measure_title"]), title=title, unit="ratio", finding=finding)

    def missing(self) -> Text:
        """The measures that cannot be given over twelve months, and why."""
        rows = self.totals[(self.totals["window"] == "rolling_12") & (self.totals["status"] != "ok")]
        lines = by_reason(rows["measure_title"], rows["note"])
        return Text(tuple(lines) or ("Every measure has its figures.",), bullet="- ")

    @once
    def item(self, name: str) -> ItemPage:
        """One item's page, the same whenever it is asked for."""
        if name not in self.settings.items:
            known = ", ".join(self.settings.items)
            raise InputError(f"no item is called {name!r}", where="item", fix=f"known: {known}")
        return ItemPage(self, name)


def load_board(area: str, period: str, audience: str = "board", processed: str = "", parameters: str = "") -> Board:
    """The board's figures for a notebook. Relative folders are taken from the project's top folder, so that a notebook
    finds them from JupyterLab and Papermill alike."""
    settings = load_settings(PROJECT_ROOT / (parameters or "parameters"))
    store = Store(PROJECT_ROOT / (processed or "data/processed"))
    return Board(settings, store, AreaBook.of(settings).find(area), parse_period(period), audience)


def load_item(
    item: str, area: str, period: str, audience: str = "board", processed: str = "", parameters: str = ""
) -> ItemPage:
    """An item's page for a notebook; see :func:`load_board`."""
    return load_board(area, period, audience, processed, parameters).item(item)


class ItemPage:
    """The answers of one item. Where there is no data, an answer is a sentence that says so."""

    def __init__(self, board: Board, name: str) -> None:
        self.board = board
        self.name = name
        self.item: Item = board.settings.items[name]

    def __repr__(self) -> str:
        return f"{self.item.title}, {self.board.area.name}, {month_label(self.board.period)}"

    @cached_property
    def rows(self) -> pd.DataFrame:
        """The item's rows of the summary, with a ``label`` for people."""
        rows = self.board.rows[self.board.rows["item"] == self.name]
        labels = [row.breakdown_label or self.item.measures[row.measure].label for row in rows.itertuples()]
        return rows.assign(label=labels)

    def headline(self, window: str = "rolling_12") -> Sentence:
        """What the item's first measure says over a window."""
        return self.sentence(self.item.headline, window)

    def sentence(self, measure: str, window: str = "rolling_12", **where: str) -> Sentence:
        """What one measure says over a window."""
        row = row_of(self.rows, measure, window, **where)
        return sentence(row, self.item.measures[measure], str(row["breakdown_label"]))

    def sentences(self, window: str = "rolling_12") -> Text:
        """What every other measure of the item says, as a list."""
        others = [measure for measure in self.item.measures if measure != self.item.headline]
        return Text.of(self.sentence(measure, window) for measure in others)

    def measures(self, window: str = "rolling_12") -> Table | Text:
        """Every measure of the item over one window."""
        rows = self._chosen(window=window, breakdown="total")
        return self._table(rows, caption=f"{self.item.title}, twelve months to {self.month}", heading="Measure")

    def windows(self, measure: str = "") -> Table | Text:
        """One measure over the four windows."""
        measure = measure or self.item.headline
        rows = self._chosen(measure=measure, breakdown="total")
        caption = f"{self._measure(measure).label} over each window to {self.month}"
        if _without_figures(rows):
            return _none_given(caption, rows[rows["window"] == "rolling_12"])  # which holds the other windows
        return windows_table(rows, caption=caption, unit=self._measure(measure).unit, notes=self._notes(rows))

    def breakdown(self, breakdown: str, measure: str = "", window: str = "rolling_12") -> Table | Text:
        """The parts of a measure over one window."""
        measure = measure or self.item.headline
        rows = self._chosen(measure=measure, breakdown=breakdown, window=window)
        caption = f"{self._measure(measure).label} by {breakdown}, twelve months to {self.month}"
        return self._table(rows, caption=caption, heading=breakdown.capitalize(), unit=self._measure(measure).unit)

    def wards(self, measure: str = "", window: str = "rolling_12") -> Table | Text:
        """The wards of a measure, the highest count first; where no file gives any, the one line that says so."""
        measure = measure or self.item.headline
        rows = self._chosen(measure=measure, breakdown="ward", window=window)
        if rows.empty:
            return Text((f"No file at hand gives {self._measure(measure).label.lower()} by ward.",))
        caption = f"{self._measure(measure).label} by ward, twelve months to {self.month}"
        said = boundaries_note(self.board.settings, set(rows["breakdown_value"]), self.board.period)
        if _without_figures(rows):
            return Text((*_none_given(caption, rows).lines, *said))
        notes = (*self._notes(rows), *said)
        table = ward_table(rows, caption=caption, unit=self._measure(measure).unit, notes=notes)
        return with_rates(table, rows, self._exposure(rows, measure), self._measure(measure).per)

    def compared(self, measure: str = "", window: str = "rolling_12") -> Text:
        """A measure's change beside those of the command unit, London and similar boroughs, in sentences."""
        return comparison_sentence(self.board, measure or self.item.headline, window)

    def compared_table(self, measure: str = "", window: str = "rolling_12") -> Table | Text:
        """A measure over one window in the area and in each area that it is read against."""
        return comparison_table(self.board, measure or self.item.headline, window)

    def ward_map(self, measure: str = "", window: str = "rolling_12") -> Chart | Text:
        """The wards of a measure on their map where the boundaries are at hand, else on a grid of tiles about where
        they lie; a ranked chart where none is laid out."""
        measure = measure or self.item.headline
        rows = self._chosen(measure=measure, breakdown="ward", window=window)
        if _without_figures(rows):
            return NOTHING
        title = f"{self._measure(measure).label} by ward, twelve months to {self.month}"
        layout = self.board.settings.ward_tiles
        finding = _ward_finding(rows, self._measure(measure))
        boundaries = ward_boundaries(self.board.store, list(rows["breakdown_value"]))
        if boundaries is not None:
            return ward_choropleth(rows, boundaries, title=title, unit=self._measure(measure).unit, finding=finding)
        if not set(rows["breakdown_value"]) <= {tile.code for tile in layout}:
            return ward_ranked_chart(rows, title=title, unit=self._measure(measure).unit, finding=finding)
        tiles = pd.DataFrame([tile.model_dump() for tile in layout if tile.code in set(rows["breakdown_value"])])
        return tile_map(rows, tiles, title=title, unit=self._measure(measure).unit, finding=finding)

    def ward_funnel(self, measure: str = "", window: str = "rolling_12") -> Chart | Text:
        """The wards of a measure against what chance would make of them; nothing where no ward has a figure."""
        measure = measure or self.item.headline
        rows = self._chosen(measure=measure, breakdown="ward", window=window)
        if rows["current"].isna().all():
            return NOTHING
        base = self._exposure(rows, measure)
        return ward_funnel(rows, base, label=self._measure(measure).label, unit=self._measure(measure).unit)

    def trend(self, measure: str = "") -> Chart | Text:
        """The months of a measure, with the events that touch the item."""
        measure = measure or self.item.headline
        monthly = self.monthly(measure)
        if monthly["count"].notna().sum() < 2:
            return Text((f"There are no monthly figures of {self._measure(measure).label.lower()} to draw.",))
        return trend_chart(
            monthly,
            title=f"{self._measure(measure).label}, {self.board.area.name}, by month",
            unit=self._measure(measure).unit,
            finding=str(self.sentence(measure)),
            events=self.events(),
            breaks=self._breaks(measure),
            limits=limits(monthly, self._new_levels(measure)),
            provisional_from=self.provisional_from(measure),
        )

    @once
    def provisional(self, measure: str) -> Provisional | None:
        """How far the newest months of the measure's chart are still revised; None where it has no figures."""
        history, wanted, board = self._shown(measure), self._measure(measure), self.board
        return provisional(board.releases, board.settings, wanted, history.basis) if history else None

    def provisional_from(self, measure: str) -> pd.Period | None:
        """The first month up to the period whose figure is still expected to be revised; None where none is."""
        known = self.provisional(measure)
        return known.first if known and known.first is not None and known.first <= self.board.period else None

    def unusual(self, measure: str = "") -> Text:
        """Whether the period's month is unusual, and by which rule."""
        measure = measure or self.item.headline
        monthly, levels, unit = self.monthly(measure), self._new_levels(measure), self._measure(measure).unit
        return Text((unusual_month(monthly, levels, unit),))

    def last_month(self, measure: str = "") -> LastMonth | None:
        """What flags the last month of a measure's chart as unusual; None for too short a history."""
        measure = measure or self.item.headline
        return last_month(self.monthly(measure), self._new_levels(measure))

    def trends(self, measures: Iterable[str] = ()) -> Chart | Text:
        """The months of several measures of the item side by side."""
        chosen = {measure: self.monthly(measure) for measure in measures or self.item.measures}
        drawn = [
            frame.assign(facet=self._measure(measure).label)
            for measure, frame in chosen.items()
            if frame["count"].notna().sum() > 1
        ]
        if not drawn:
            return Text(("There are no monthly figures to draw.",))
        title = f"{self.item.title}, each count, {self.board.area.name}, by month"
        return small_multiples(
            pd.concat(drawn), "facet", title=title, unit="a month", finding=self._finding(chosen),
            breaks={self._measure(measure).label: self._breaks(measure) for measure in chosen},
            provisional_from={self._measure(measure).label: self.provisional_from(measure) for measure in chosen},
            events=self.events(),
        )  # fmt: skip

    def parts(self, breakdown: str, measure: str = "") -> Chart | Text:
        """The months of a measure's parts."""
        measure = measure or self.item.headline
        named = [
            part for part in self._measure(measure).breakdowns[breakdown].values()
            if part.is_named_in(str(self.board.period))
        ]  # fmt: skip
        frames = [self._part_months(part) for part in named]
        drawn = [
            frame for part, frame in zip(named, frames, strict=True)
            if frame["count"].notna().sum() >= (FEWEST_OF_A_NAME if part.named_until else 2)
        ]  # fmt: skip
        if not drawn:
            return Text((f"There are no monthly figures by {breakdown} to draw.",))
        title = f"{self._measure(measure).label} by {breakdown}, {self.board.area.name}"
        rows = self._chosen(measure=measure, breakdown=breakdown, window="rolling_12")
        finding = f"{self.sentence(measure)} {changes_text(rows)}".strip()
        counted, first = self._measure(measure), self.provisional_from(measure)
        breaks = {part.label: no_comparison((*counted.breaks, *part.breaks)) for part in named}
        return small_multiples(
            pd.concat(drawn), "part", title=title, unit=counted.unit, finding=finding, breaks=breaks,
            provisional_from=first, events=self.events(),
        )  # fmt: skip

    def _finding(self, measures: Collection[str]) -> str:
        """What a chart of several measures finds: the headline's sentence, and what became of the others."""
        rows = self._chosen(window="rolling_12", breakdown="total")
        others = rows[rows["measure"].isin(measures) & (rows["measure"] != self.item.headline)]
        return f"{self.headline()} {changes_text(others)}".strip()

    def _part_months(self, part: Part) -> pd.DataFrame:
        """The months of a part, none before the publisher had the name: a zero then would count nothing."""
        months = self._monthly(part.figures)
        return months[months["month"] >= part.named_from].assign(part=part.label)

    def stacked(self, measures: dict[str, str], title: str) -> Chart | Text:
        """Measures that add up, stacked by month; ``measures`` gives each its name in the chart."""
        frames = [self.monthly(measure).assign(part=label) for measure, label in measures.items()]
        drawn = [frame for frame in frames if frame["count"].notna().sum() > 1]
        if len(drawn) < len(frames):
            return Text(("The parts are not all there, so they cannot be drawn on top of each other.",))
        return stacked_parts_chart(
            pd.concat(drawn), title=title, unit="a month", finding=self._finding(measures), events=self.events(),
            breaks={month: what for measure in measures for month, what in self._breaks(measure).items()},
        )  # fmt: skip

    def index(self, measures: Iterable[str]) -> Chart | Text:
        """Twelve-month totals of several measures, each from 100 at the first month that all of them reach."""
        totals = {
            self._measure(measure).label: yearly_totals(self.monthly(measure), self._breaks(measure))
            for measure in measures
        }
        return self.index_of(totals, f"{self.item.title}: twelve-month totals")

    def index_of(self, totals: Mapping[str, pd.DataFrame], title: str) -> Chart | Text:
        """Twelve-month totals (:func:`yearly_totals`) by name, each from 100 at the first month that all of them
        reach."""
        drawn = {label: rows for label, rows in totals.items() if len(rows)}
        first = max((rows.index[0] for rows in drawn.values()), default="")
        since = {label: rows.loc[first:] for label, rows in drawn.items() if first in rows.index}
        if len(since) < 2:
            return Text(("There are not two series to set side by side.",))
        long = pd.concat(
            rows.assign(series=label, value=100 * rows["value"] / rows["value"].iloc[0])
            for label, rows in since.items()
        )
        title = f"{title}, {month_label(pd.Period(first, freq='M'))} = 100"
        long = long.rename_axis("month").reset_index()
        return index_chart(long, title=title, unit="index", finding=index_finding(long), events=self.events())

    def concordance(self) -> Text:
        """Whether the police figures and the partners' tell the same story."""
        from crimelib.board.concordance import concordance

        return concordance(self)

    def concordance_chart(self) -> Chart | Text:
        """The police's and the partners' changes on one axis."""
        from crimelib.board.concordance import concordance_chart

        return concordance_chart(self)

    def concordance_table(self) -> Table | Text:
        """Each partner's change set against that of police reports, and what bounds it."""
        from crimelib.board.concordance import concordance_table

        return concordance_table(self)

    def partners_table(self) -> Table:
        """What partners' figures count, who refers and what bounds them."""
        from crimelib.board.concordance import partners_table

        return partners_table(self.board.settings)

    def referral_paths(self) -> Chart:
        """Who refers to whom."""
        from crimelib.board.concordance import referral_paths

        return referral_paths(self.board.settings)

    def before_covid(self, measure: str = "", breakdown: str = "") -> Text:
        """The twelve months now against the same months in the last year before the pandemic, of the measure and of
        each of its parts; where a series cannot be followed back, that is said."""
        counted = self._measure(measure or self.item.headline)
        before = last_before(self.board.period, FIRST_COVID_MONTH)
        if before is None:
            return Text(("The year before is itself the last before the pandemic.",))
        now = str(self.board.period)
        parts = [part for part in counted.breakdowns[breakdown].values() if part.is_named_in(now)] if breakdown else []
        whole = self._since_covid(counted.label, counted.unit, counted.figures, counted.breaks, before)
        return Text(
            (
                whole,
                *(self._since_covid(part.label, counted.unit, part.figures, (*counted.breaks, *part.breaks), before)
                  for part in parts),
            )
        )  # fmt: skip

    def _since_covid(
        self, label: str, unit: str, figures: Sequence[Figures], breaks: Sequence[Break], before: pd.Period
    ) -> str:
        code, period = self.board.area.code, self.board.period
        for history in histories(self.board.counts, figures, self.board.settings.sources.bases):
            now = history.window(code, window_months(period, "rolling_12"))[0].sum()
            then = total_before(history, code, before, period, "rolling_12", breaks)
            if now == now and then is not None:
                return _since_covid(label, unit, int(now), then, before)
        past = f"the twelve months to {month_label(before)}, before the pandemic"
        return f"{label}: no file at hand has both these twelve months and {past}, counted the same way."

    def extract(self, table: str, column: str) -> Table | Text:
        """What a local extract counts by one of its columns, over twelve months and the twelve before."""
        rows = extract_counts(self.board.store, table, self.board.area.code, self.board.period, column)
        if rows.empty:
            return Text((f"No extract of {table.replace('_', ' ')} covers both windows.",))
        caption = f"{table.replace('_', ' ').capitalize()} by {column}, twelve months to {self.month}"
        return plain_table(rows, caption=caption, unit="counts in the extract")

    def monthly(self, measure: str = "") -> pd.DataFrame:
        """``month``, ``count`` (missing: no figure) and ``short`` (it looks short of data) of a measure, up to the
        period and at most five years back."""
        return self._monthly(self._measure(measure or self.item.headline).figures)

    def events(self) -> pd.DataFrame:
        """Events that touch the item: label, start, end (missing for a moment), source."""
        return event_table(self.board.events, self.name, self.board.period)

    @property
    def first_shown(self) -> pd.Period:
        """The first month that charts show."""
        return self.board.period - SHOWN_MONTHS + 1

    def breaks(self, measure: str = "") -> dict[str, str]:
        """The months from which a measure counts something else, with what changed."""
        return self._breaks(measure or self.item.headline)

    def gaps(self) -> Text:
        """What no file at hand records of the item."""
        return Text(self.item.not_recorded, bullet="- ")

    def view(self, name: str) -> Chart | Text:
        """A view that the analyst saved in the trends explorer, drawn for the board's own area and period from the
        page's figures. Raises :class:`InputError` for a view of another kind or of another item's measures."""
        saved = read_view(self.board.settings.folder, name)
        where = f"view {name}"
        if not isinstance(saved, TrendsView):
            raise InputError(f"a view of {saved.explorer} is not for this page", where=where, fix="save one of trends")
        chosen = [measure.removeprefix(f"{self.name}.") for measure in saved.measures]
        for measure in chosen:
            self._measure(measure)
        if saved.ward:
            raise InputError("a view of one ward is not drawn month by month", where=where, fix="leave the ward out")
        if saved.shown_as == "index":
            return self.index(chosen)
        return self.trend(chosen[0]) if len(chosen) == 1 else self.trends(chosen)

    def caveats(self) -> Text:
        """What must be said with the item's figures: standing caveats, and breaks that the charts cross."""
        breaks = {
            each: f"{month_label(pd.Period(each.month, freq='M'))}: {each.what}"
            for measure in self.item.measures.values()
            for each in (*measure.breaks, *self._breaks_of_parts(measure))
            if self.first_shown <= pd.Period(each.month, freq="M") <= self.board.period
        }
        events = [event_line(event) for event in self.events().itertuples()]
        return Text((*self.item.caveats, *breaks.values(), *events), bullet="- ")

    def _breaks_of_parts(self, measure: Measure) -> Iterator[Break]:
        """The breaks of the parts that a measure's page shows."""
        for parts in measure.breakdowns.values():
            for part in parts.values():
                yield from part.breaks if part.is_named_in(str(self.board.period)) else ()

    def category_names(self, breakdown: str) -> Text:
        """What the publisher's files call the parts of the item's first measure, and from which month to which."""
        from crimelib.board.category_names import category_names

        return category_names(self, breakdown)

    def questions(self) -> Text:
        """What the board may want to ask: what the page's own figures raise, then the item's standing questions."""
        from crimelib.board.challenge import challenge_questions

        return challenge_questions(self)

    def comment(self) -> Text:
        """The analyst's comment, dated and signed."""
        from crimelib.board.commentary import comment_on

        return comment_on(self.board, self.name)

    def agreed(self) -> Text:
        """The open actions on the item."""
        from crimelib.board.actions import open_actions

        found = open_actions(self.board.settings, self.board.period, self.name, self.board.area.name)
        none = ("No action is open on this item.",)
        return Text(tuple(found) or none, bullet="- ", heading="What was agreed")

    def source(self) -> Text:
        """Where the figures are from."""
        lines = source_lines(self.board.settings, self.rows)
        return Text(lines or ("No source at hand has this item.",), bullet="- ", heading="Sources and vintages")

    @property
    def month(self) -> str:
        """The period in words."""
        return month_label(self.board.period)

    def _measure(self, name: str) -> Measure:
        if name not in self.item.measures:
            known = ", ".join(self.item.measures)
            raise InputError(f"{self.name} has no measure {name!r}", where="measure", fix=f"known: {known}")
        return self.item.measures[name]

    def _exposure(self, rows: pd.DataFrame, measure: str) -> Exposure | None:
        """What the rates of ward rows are per: residents, or households, of the wards that stand in them."""
        return exposure(self.board.store, rows["breakdown_value"], self.board.period, self._measure(measure).per)

    def _chosen(self, **where: str) -> pd.DataFrame:
        chosen = self.rows
        for column, value in where.items():
            chosen = chosen[chosen[column] == value]
        return chosen

    def _table(self, rows: pd.DataFrame, *, caption: str, heading: str, unit: str = "") -> Table | Text:
        if rows.empty:
            return Text((f"No file at hand gives {caption[:1].lower()}{caption[1:]}.",))
        if _without_figures(rows):
            return _none_given(caption, rows)
        return summary_table(rows, caption=caption, unit=unit or "counts", row_heading=heading, notes=self._notes(rows))

    def _notes(self, rows: pd.DataFrame) -> tuple[str, ...]:
        return tuple(f"Source: {line}." for line in source_lines(self.board.settings, rows))

    def _shown(self, measure: str) -> History | None:
        """The history that the measure's chart shows, None where it has no figures."""
        code, board = self.board.area.code, self.board
        options = histories(board.counts, self._measure(measure).figures, board.settings.sources.bases)
        return next((each for each in options if (each.monthly(code).index <= board.period).any()), None)

    def _monthly(self, figures: Sequence[Figures]) -> pd.DataFrame:
        return shown_months(self.board, self.board.counts, figures, self.board.area.code)

    def _new_levels(self, measure: str) -> dict[str, str]:
        return new_levels(self.board.events, self.name) | self._breaks(measure)

    def _breaks(self, measure: str) -> dict[str, str]:
        return no_comparison(self._measure(measure).breaks)


def no_comparison(breaks: Iterable[Break]) -> dict[str, str]:
    """The first months of what does not compare with the months before, each with the reason."""
    return {each.month: each.what for each in breaks if each.effect == "not_comparable"}


def yearly_totals(monthly: pd.DataFrame, breaks: Collection[str]) -> pd.DataFrame:
    """The twelve-month totals of ``month`` and ``count`` by their last month, of the months since the last break that
    has any: an index across a break would compare what does not compare. ``value``, and ``short`` where one of the
    twelve months looks short of data."""
    counts = monthly.set_index("month")["count"]
    eras = pd.Series(
        [sum(month >= each for each in breaks) for month in counts.index], index=counts.index, dtype="int64"
    )
    totals = counts.groupby(eras).transform(lambda part: part.rolling(12).sum()).dropna()
    since = totals[eras[totals.index] == eras[totals.index].max()]
    short = doubted_totals(monthly.set_index("month")["short"])
    return pd.DataFrame({"value": since, "short": short[since.index]})


def index_finding(series: pd.DataFrame) -> str:
    """Where the lines of an index (``month, series, value, short``) end: ``Cars at 85, mopeds at 110 in March 2024.``,
    and whether a month of those twelve looks short of data."""
    ends = series.groupby("series", sort=False).last()
    told = [
        f"{label} at {row.value:.0f}{f' ({SUSPECTED_GAP.lower()} in its twelve months)' if row.short else ''}"
        for label, row in zip(ends.index, ends.itertuples(), strict=True)
    ]
    return f"{'; '.join(told)} in {month_label(pd.Period(series['month'].max(), freq='M'))}."


def shown_months(board: Board, counts: Counts, figures: Sequence[Figures], area_code: str) -> pd.DataFrame:
    """``month``, ``count`` (missing: no figure) and ``short`` (it looks short of data) of the board's area or one of
    its wards, up to the period and at most five years back, from the first history of some figures that has any; empty
    where none has."""
    for history in histories(counts, figures, board.settings.sources.bases):
        months = history.monthly(area_code)
        months = months[months.index <= board.period]
        if len(months):
            first = max(months.index[0], board.period - SHOWN_MONTHS + 1)
            whole = months.reindex(pd.period_range(first, board.period, freq="M"))
            names, doubted = whole.index.strftime("%Y-%m"), board.doubts.short_months(history, series_in(figures))
            short = names.isin(doubted) & whole.notna().to_numpy()
            return pd.DataFrame({"month": names, "count": whole.to_numpy(), "short": short})
    empty = pd.DataFrame({"month": pd.Series(dtype="str"), "count": pd.Series(dtype="float64")})
    return empty.assign(short=pd.Series(dtype="bool"))


def extract_counts(store: Store, table: str, area_code: str, period: pd.Period, column: str) -> pd.DataFrame:
    """Counts of a local extract by one column: its values, ``Now`` and ``A year before``; empty unless every month of
    both windows is there. Of several vintages of a month the latest counts; a call with several tags is under each."""
    stored = store.table(table, filters=[("area_code", "==", area_code)])
    names = both_halves(period, "rolling_12")
    if stored.empty or not set(names) <= set(stored["month"]):
        return pd.DataFrame()
    rows = stored[stored["vintage_order"] == stored.groupby("month")["vintage_order"].transform("max")]
    rows = rows[rows["month"].isin(names)].assign(now=rows["month"] >= names[12])
    rows = rows.assign(value=rows[column].str.split(";")).explode("value")
    words = rows["value"].replace("", "none that a rule finds").str.replace("_", " ").str.capitalize()
    rows = rows.assign(value=words)
    wide = rows.pivot_table(index="value", columns="now", values="count", aggfunc="sum", fill_value=0)
    wide = wide.reindex(columns=[True, False], fill_value=0).sort_values(True, ascending=False)
    return pd.DataFrame(
        {column.capitalize(): wide.index, "Now": wide[True].array, "A year before": wide[False].array,
         "Change": (wide[True] - wide[False]).array}
    )  # fmt: skip


def _since_covid(label: str, unit: str, now: int, then: int, before: pd.Period) -> str:
    change = f"{abs(now - then):,} {'more' if now >= then else 'fewer'}"
    per_cent = f", {100 * (now - then) / then:+.0f}%".replace("-", "−") if then else ""
    return (
        f"{label}: {now:,} {unit} now against {then:,} in the twelve months to {month_label(before)}, "
        f"the same months before the pandemic ({change}{per_cent})."
    )


def new_levels(events: Iterable[Event], item: str) -> dict[str, str]:
    """The months from which charts of an item set their limits anew, with the reason: the first whole month of an
    event that brought a new level, and the first after its end."""
    found = {}
    for event in events:
        if event.new_level and {item, "all"} & set(event.items):
            found[_first_whole_month(event.start)] = event.label
            if event.end:
                found[_first_whole_month(event.end)] = f"after {event.label}"
    return found


def _first_whole_month(day: str) -> str:
    month = pd.Period(day, freq="M")
    return str(month if day.endswith("-01") else month + 1)


def event_table(events: Iterable[Event], item: str, period: pd.Period) -> pd.DataFrame:
    """Events that touch an item and lie within the months shown."""
    first = (period - SHOWN_MONTHS + 1).start_time.strftime("%Y-%m-%d")
    last = period.end_time.strftime("%Y-%m-%d")
    rows = [
        {"label": event.label, "start": event.start, "end": event.end, "source": event.source}
        for event in events
        if {item, "all"} & set(event.items) and event.start <= last and (event.end or event.start) >= first
    ]
    return pd.DataFrame(rows, columns=["label", "start", "end", "source"])


def event_line(event: object) -> str:
    """A row of :func:`event_table` in words: what, when, and who says so."""
    start = pd.Timestamp(event.start).strftime("%-d %B %Y")
    end = f" to {pd.Timestamp(event.end).strftime('%-d %B %Y')}" if isinstance(event.end, str) else ""
    return f"{event.label}, {start}{end} ({event.source})."


def _without_figures(rows: pd.DataFrame) -> bool:
    """Whether no row has a figure of its own to show."""
    return bool(rows["current"].isna().all())


def _none_given(caption: str, rows: pd.DataFrame) -> Text:
    """The one line in the place of a table that would have no figure in it, with every reason once."""
    reasons = "; ".join(dict.fromkeys(_reason(note) for note in rows["note"] if note))
    return Text((f"{caption}: no figures ({reasons}).",))


def by_reason(titles: pd.Series, notes: pd.Series) -> list[str]:
    """A line for each reason why figures are not given, after what it is of."""
    named = titles.groupby(notes, sort=False)
    return [f"{'; '.join(together)}: {_reason(note)}." for note, together in named]


def _reason(note: object) -> str:
    """A row's note without the word that its status says already, and without a full stop."""
    words = (str(note).partition(": ")[2] or str(note)).rstrip(".")
    return words[:1].lower() + words[1:]


def _ward_finding(rows: pd.DataFrame, measure: Measure) -> str:
    shown = rows[rows["current"].notna()].sort_values("current", ascending=False)
    top = shown.iloc[0]
    hidden = len(rows) - len(shown)
    withheld = f" {hidden} wards are not shown." if hidden else ""
    return f"{top['breakdown_label']} has the most: {int(top['current']):,} {measure.unit} in twelve months.{withheld}"
