"""What the choice of a definition does to the trend of anti-social behaviour."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property

import pandas as pd

from crimelib.board.charts import Chart, small_multiples
from crimelib.board.item import SHOWN_MONTHS, Board, ItemPage, load_board
from crimelib.board.narrative import count
from crimelib.board.resident_reports import beside_calls, beside_calls_table
from crimelib.board.summary import left_out, row_of
from crimelib.board.tables import (
    Cell,
    Table,
    change_text,
    count_text,
    percent_text,
    plain_table,
    protected,
    signal_text,
)
from crimelib.board.text import NOTHING, Text
from crimelib.measures.asb import SERIES, UNREACHED, Calls, definitions, histories, latest, read_calls, selected
from crimelib.measures.periods import both_halves, month_label, previous_months, window_months
from crimelib.settings import AsbDefinition
from crimelib.stats.comparison import compare_many
from crimelib.stats.funnel import discoveries
from crimelib.views import AsbDefinitionView, read_view

WINDOW = "rolling_12"
SAMPLE = "asb_unreached"
SHOWN_WORDINGS = 20
SAID = {"increase": "a rise", "decrease": "a fall", "no_clear_change": "no clear change", "": "no verdict"}
NO_EXTRACT = (
    "No extract of calls covers these twelve months and the twelve before, so they cannot be taken apart by heading, "
    "qualifier or local tag, and no other definition can be tried. The police hold what is missing: ask them to fill "
    "in the project's template (crimelib template asb_calls). The totals on this page are the incidents that "
    "data.police.uk publishes."
)


def load_asb(area: str, period: str, audience: str = "board", processed: str = "", parameters: str = "") -> AsbPage:
    """The page of anti-social behaviour for a notebook; see :func:`crimelib.board.item.load_board`."""
    return AsbPage(load_board(area, period, audience, processed, parameters))


class AsbPage(ItemPage):
    """The item's answers, and what each definition of the taxonomy makes of the same calls."""

    def __init__(self, board: Board) -> None:
        super().__init__(board, "asb")

    @cached_property
    def calls(self) -> Calls | None:
        """The calls of the area, None where no extract covers both windows whole."""
        calls = read_calls(self.board.store, self.board.settings, self.board.area)
        wanted = set(both_halves(self.board.period, WINDOW))
        return calls if calls and wanted <= set(calls.covered["month"]) else None

    @cached_property
    def monthly_by_definition(self) -> pd.DataFrame:
        """Calls by month (NaN where no extract covers it) and definition, every tag's among them; empty without an
        extract."""
        found = histories(self.calls, definitions(self.board.settings.asb_taxonomy)) if self.calls else {}
        table = pd.DataFrame({name: each.monthly(self.board.area.code) for name, each in found.items()})
        return table[table.index <= self.board.period] if len(table) else table

    @cached_property
    def by_definition(self) -> pd.DataFrame:
        """A row a definition, by id: ``label, counts, is_tag``, and over twelve months the figures of
        :class:`crimelib.stats.comparison.Change`. Among the tags only those signals stand that survive false-discovery
        control. Empty without an extract."""
        monthly = self.monthly_by_definition
        if monthly.empty:
            return monthly
        known, tags = definitions(self.board.settings.asb_taxonomy), self.board.settings.asb_taxonomy.tags
        unusual = left_out(self.board.settings, monthly.index)
        changes = compare_many(monthly, self.board.period, WINDOW, unusual=unusual)
        about = pd.DataFrame([(each.label, each.counts, name in tags) for name, each in known.items()], known)
        rows = changes.join(about.set_axis(["label", "counts", "is_tag"], axis="columns"))
        return rows.assign(status="ok", signal="" if self._is_doubted() else _controlled(rows))

    def view(self, name: str) -> Chart | Text:
        """A saved view: of trends as on every page; of a definition, its months beside those of all calls."""
        saved = read_view(self.board.settings.folder, name)
        if not isinstance(saved, AsbDefinitionView):
            return super().view(name)
        if self.calls is None:
            return Text((NO_EXTRACT,))
        both = (AsbDefinition(label="All calls", counts="every call"), saved.definition)
        found = histories(self.calls, {each.label: each for each in both})
        monthly = pd.DataFrame({label: each.monthly(self.board.area.code) for label, each in found.items()})
        monthly = monthly[monthly.index <= self.board.period].tail(SHOWN_MONTHS)
        changes = compare_many(monthly, self.board.period, WINDOW).assign(label=list(monthly))
        finding = conclusion(changes.to_dict("records"))
        long = monthly.rename_axis("month").reset_index().melt("month", var_name="facet", value_name="count")
        long = long.assign(month=long["month"].astype(str))
        title = f"{saved.label}: {saved.definition.counts}"
        return small_multiples(long, "facet", title=title, unit="calls a month", finding=finding, events=self.events())

    def conclusion(self) -> Text:
        """Whether the conclusion depends on the definition, which tags moved, and how much no tag reaches."""
        rows = self.by_definition
        if rows.empty:
            return Text((NO_EXTRACT,))
        declared, tags = (rows[rows["is_tag"] == is_tag].to_dict("records") for is_tag in (False, True))
        return Text((conclusion(declared), moved_tags(tags), self._reach()))

    def definitions_table(self) -> Table | Text:
        """What each definition counts, now and a year before."""
        rows = protected(self.by_definition) if len(self.by_definition) else self.by_definition
        if rows.empty:
            return NOTHING
        lines = [
            (Cell("Definitions"),),
            *map(_line, rows[~rows["is_tag"]].to_dict("records")),
            (Cell("Local tags, several to a call: they do not add up"),),
            *map(_line, rows[rows["is_tag"]].to_dict("records")),
        ]
        columns = ("Definition", "What it counts", "Now", "A year before", "Change", "More than chance?")
        caption = f"Anti-social behaviour by definition, twelve months to {self.month}"
        return Table(caption, columns, tuple(lines), frozenset({2, 3, 4}), "calls", self._call_notes())

    def residents(self) -> Text:
        """Whether residents' reports and police calls of speeding and e-scooters tell the same story."""
        return beside_calls(self)

    def residents_table(self) -> Table | Text:
        """Residents' reports and police calls side by side."""
        return beside_calls_table(self)

    def unreached_sample(self) -> Table | Text:
        """For the analyst: wordings that many calls without a tag share, all else left out; for the board only."""
        if self.calls is None:
            return NOTHING
        if self.board.audience != "board":
            return Text(("A sample of the wording of calls that no tag reaches is in the board's pack only.",))
        rows = self._wordings()
        least = self.board.settings.asb_taxonomy.sample_from
        if rows.empty:
            return Text((f"No wording is shared by {least} or more of the calls that no tag reaches.",))
        first, last = (month_label(pd.Period(each, freq="M")) for each in (rows["first"].min(), rows["last"].max()))
        table = pd.DataFrame({"Wording": rows.index, "Calls": rows["count"].array})
        caption = f"Calls that no tag reaches: the wordings they share, {first} to {last}"
        notes = (
            f"Only wordings of {least} or more calls in one extract; … stands for words that fewer calls share.",
            "To catch a wording, add its words to a tag in parameters/asb_taxonomy.yml.",
        )
        return plain_table(table, caption=caption, unit="calls", notes=notes)

    def _wordings(self) -> pd.DataFrame:
        """Wordings (index) with count, first and last month, most first, from the newest extracts that reach into the
        twelve months."""
        area, first = self.board.area.code, str(window_months(self.board.period, WINDOW)[0])
        rows = self.board.store.table(SAMPLE, filters=[("area_code", "==", area)])
        if rows.empty:
            return rows
        rows = rows[(rows["vintage_order"] == rows["vintage_order"].max()) & (rows["last_month"] >= first)]
        rows = rows[rows["first_month"] <= str(self.board.period)]
        found = rows.groupby("wording").agg(
            count=("count", "sum"), first=("first_month", "min"), last=("last_month", "max")
        )
        return found.sort_values("count", ascending=False, kind="stable").head(SHOWN_WORDINGS)

    def definitions_chart(self) -> Chart | Text:
        """The months under each declared definition, on one scale."""
        return self._small_charts(self.board.settings.asb_taxonomy.definitions, "definition")

    def tags_chart(self) -> Chart | Text:
        """The months of each tag, on one scale."""
        return self._small_charts(self.board.settings.asb_taxonomy.tags, "local tag")

    def headings(self) -> Table | Text:
        """Calls by recorded heading and by qualifier, with those of them that no tag's rule reaches."""
        if self.calls is None:
            return Text(("Without an extract nothing is known of headings, qualifiers or tags.",))
        taxonomy = self.board.settings.asb_taxonomy
        lines = [
            (Cell("Heading"),),
            *self._parts("heading", taxonomy.headings),
            (Cell("Qualifier, recorded apart from the heading"),),
            *self._parts("qualifier", taxonomy.qualifiers),
            (Cell("Together"),),
            _part_line("All calls", *(frame["count"].sum() for frame in self._halves())),
        ]
        columns = ("As recorded", "Now", "A year before", "Change", "Without a tag, now", "Share")
        caption = f"Calls as recorded, twelve months to {self.month}"
        notes = (
            "No heading exists for speeding or for e-scooters: only the local tags find such calls.",
            "The words of a call are read once for tags and never kept: look for what the rules miss under the "
            "headings with the largest share, and in the wordings that such calls share.",
        )
        return Table(caption, columns, tuple(lines), frozenset(range(1, 6)), "calls", (*notes, *self._call_notes()))

    def _is_doubted(self) -> bool:
        """Whether the summary withholds its verdict on the same calls (a month looks short of data)."""
        return row_of(self.rows, self.item.headline, WINDOW)["signal"] == ""

    def _small_charts(self, names: Iterable[str], by: str) -> Chart | Text:
        monthly = self.monthly_by_definition.tail(SHOWN_MONTHS)
        if monthly.empty:
            return NOTHING
        long = pd.concat(
            pd.DataFrame({"month": monthly.index.strftime("%Y-%m"), "count": monthly[name].array, "facet": label})
            for name in names
            for label in (self.by_definition.loc[name, "label"],)
        )
        title = f"Anti-social behaviour by {by}, {self.board.area.name}, by month"
        finding = self.conclusion().lines[0 if by == "definition" else 1]
        breaks = tuple(self._breaks(self.item.headline))
        return small_multiples(
            long, "facet", title=title, unit="calls a month", finding=finding, breaks=breaks, events=self.events()
        )

    def _halves(self) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
        """The calls of the twelve months now, of the twelve before, and those of now that no tag reaches."""
        calls = latest(self.calls)
        months = (window_months(self.board.period, WINDOW), previous_months(self.board.period, WINDOW))
        now, before = (calls[calls["month"].isin([str(month) for month in half])] for half in months)
        return now, before, now[selected(now, UNREACHED)]

    def _parts(self, column: str, labels: Mapping[str, str]) -> list[tuple[Cell, ...]]:
        sums = [frame.groupby(column)["count"].sum().reindex(list(labels), fill_value=0) for frame in self._halves()]
        order = sums[0].sort_values(ascending=False, kind="stable").index
        return [_part_line(labels[name], *(each[name] for each in sums)) for name in order]

    def _reach(self) -> str:
        now, before, missed = self._halves()
        missed_before = before[selected(before, UNREACHED)]
        return (
            f"No tag's rule reaches {_share(missed, now)} calls now and {_share(missed_before, before)} a year before."
        )

    def _call_notes(self) -> tuple[str, ...]:
        vintages = dict.fromkeys(self.calls.covered["vintage"])
        title = self.board.settings.sources.sources[SERIES].title
        return (f"Source: {title} ({', '.join(vintages)}).",)


def conclusion(rows: Sequence[Mapping[str, object]]) -> str:
    """Whether declared definitions (rows of :attr:`AsbPage.by_definition`, the first the measure as published) lead to
    the same conclusion, in words with the figures."""
    signals = [row["signal"] for row in rows]
    if "" in signals:
        return f"Whether the conclusion changes cannot be told: a month looks short of data. {_said(rows)}."
    if len(set(signals)) == 1:
        return f"The conclusion does not change: under every definition, {SAID[signals[0]]}. {_said(rows)}."
    parts = [f"{row['label']}, {SAID[row['signal']]}" for row in rows]
    return f"The conclusion changes with the definition: {'; '.join(parts)}. {_said(rows)}."


def moved_tags(rows: Sequence[Mapping[str, object]]) -> str:
    """Which local tags changed by more than chance."""
    moved = [row for row in rows if row["signal"] in ("increase", "decrease")]
    others = len(rows) - len(moved)
    if not moved:
        return f"None of the {others} local tags changed by more than chance."
    told = "; ".join(f"{row['label']}, {SAID[row['signal']]} ({_figures(row)})" for row in moved)
    return f"By local tag: {told}. The other {others} show no clear change."


def _said(rows: Sequence[Mapping[str, object]]) -> str:
    return "; ".join(f"{row['label']}: {_figures(row)}" for row in rows)


def _figures(row: Mapping[str, object]) -> str:
    change = percent_text(row["pct_change"])
    against = f"{count_text(row['current'])} against {count_text(row['previous'])}"
    return f"{against}, {change}" if change else against


def _controlled(rows: pd.DataFrame) -> pd.Series:
    """The signals, those of tags only where they survive false-discovery control over all tags."""
    stands = pd.Series(False, index=rows.index)
    stands[rows["is_tag"]] = discoveries(rows.loc[rows["is_tag"], "p_value"].to_numpy(float))
    return rows["signal"].where(~rows["is_tag"] | stands, "no_clear_change")


def _share(part: pd.DataFrame, whole: pd.DataFrame) -> str:
    some, every = int(part["count"].sum()), int(whole["count"].sum())
    return f"{count(some)} of {count(every)} ({some / every:.0%})" if every else "none"


def _line(row: Mapping[str, object]) -> tuple[Cell, ...]:
    figures = (count_text(row["current"]), count_text(row["previous"]), change_text(row) or "0")
    return tuple(map(Cell, (row["label"], row["counts"], *figures, signal_text(row["signal"]) or "–")))


def _part_line(label: str, now: int, before: int, missed: int) -> tuple[Cell, ...]:
    pct = 100 * (now - before) / before if before else None
    change = change_text({"absent": "", "current": now, "previous": before, "pct_change": pct})
    share = f"{missed / now:.0%}" if now else "–"
    return tuple(map(Cell, (label, count(now), count(before), change, count(missed), share)))
