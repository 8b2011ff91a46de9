"""Which vehicles are stolen, how, whether they come back, and how many for every thousand licensed."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cached_property

import pandas as pd

from crimelib.areas import LONDON, AreaBook
from crimelib.board.charts import Chart
from crimelib.board.item import Board, ItemPage, load_board, yearly_totals
from crimelib.board.narrative import Sentence
from crimelib.board.returns import Proportion
from crimelib.board.summary import row_of
from crimelib.board.tables import Cell, Table, count_text
from crimelib.board.text import NOTHING, Text
from crimelib.measures.periods import month_label
from crimelib.measures.vehicles import THEFTS, crossed, licensed, window_thefts

ITEM = "vehicle_theft"
NOT_KNOWN, OTHERS = "not_known", "other makes"
FEWEST_OF_A_MAKE = 5  # below, a make could point to one owner
MOST_MAKES = 8
LEAST_BASE = 30  # thefts a year before, below which an index is noise
NO_EXTRACT = (
    "No extract of thefts covers these twelve months and the twelve before, so nothing is known of value, make, method "
    "or recovery. The police hold it: ask them to fill in the project's template (crimelib template vehicle_thefts)."
)
WITHOUT_EXTRACT = "Not known without an extract of thefts."
NO_LICENSED = (
    "No table of licensed vehicles is at hand for these months, so no rate is given: save the sheet VEH0105 of the "
    "Department for Transport's vehicle licensing statistics as CSV under data/raw/licensed_vehicles."
)
REGISTERED = (
    "Licensed vehicles are counted where the keeper lives or the company is registered, not where they stand or work: "
    "a delivery scooter stolen here may be licensed elsewhere."
)


def load_vehicle_theft(
    area: str, period: str, audience: str = "board", processed: str = "", parameters: str = ""
) -> VehicleTheftPage:
    """The page of theft of motor vehicles for a notebook; see :func:`crimelib.board.item.load_board`."""
    return VehicleTheftPage(load_board(area, period, audience, processed, parameters))


class VehicleTheftPage(ItemPage):
    """The item's answers, and what the police extract says of each vehicle."""

    def __init__(self, board: Board) -> None:
        super().__init__(board, ITEM)

    @cached_property
    def thefts(self) -> pd.DataFrame:
        """The extract's rows of both windows; empty where it does not cover them."""
        return window_thefts(self.board.store, self.board.settings, self.board.area, self.board.period)

    def scooters(self) -> Text | Sentence:
        """What mopeds and scooters alone did over twelve months."""
        rows = self.rows[self.rows["breakdown_value"] == "moped_scooter"]
        if rows.empty or self.thefts.empty:
            return Text((NO_EXTRACT,))
        return self.sentence(ITEM, breakdown="type", breakdown_value="moped_scooter")

    def scooters_chart(self) -> Chart | Text:
        """Twelve-month totals of each class from 100, mopeds and scooters a line of their own. Classes with too few
        thefts to index are left out and named by the table beside it."""
        totals = {label: rows for label, rows in self._totals().items() if rows["value"].iloc[0] >= LEAST_BASE}
        if len(totals) < 2:
            return NOTHING if self.thefts.empty else Text(("There are too few thefts by class to draw.",))
        return self.index_of(totals, "Stolen in twelve months by class")

    def by_value(self) -> Table | Text:
        """Thefts by class and value band, those of the year before in brackets."""
        return self._crossed("value_band", self._allowed("value_band"), "value")

    def by_method(self) -> Table | Text:
        """Thefts by class and method, those of the year before in brackets."""
        return self._crossed("method", self._allowed("method"), "how it was taken")

    def by_make(self) -> Table | Text:
        """Thefts by make and class, the makes most stolen; makes with few thefts stand together."""
        if self.thefts.empty:
            return NOTHING
        rows = self.thefts.assign(make=named_makes(self.thefts))
        sums = rows.groupby(["make", "now"])["count"].sum().unstack(fill_value=0).reindex(columns=[True, False])
        given = sums.drop(index=[NOT_KNOWN, OTHERS], errors="ignore").sort_values(True, ascending=False)
        order = [*given.index, *(name for name in (OTHERS, NOT_KNOWN) if name in sums.index)]
        wide = rows[rows["now"]].pivot_table(index="make", columns="vehicle_class", values="count", aggfunc="sum")
        classes = wide[[name for name in self._class_labels() if name in wide]]
        lines = [self._make_line(name, sums.loc[name], classes) for name in order]
        columns = ("Make", "Now", "A year before", *(self._class_labels()[name] for name in classes.columns))
        caption = f"Vehicles stolen by make, twelve months to {self.month}, and now by class"
        note = (
            f"A make with fewer than {FEWEST_OF_A_MAKE} thefts in either year, or beyond the first {MOST_MAKES}, is "
            "among the other makes."
        )
        numeric = frozenset(range(1, len(columns)))
        return Table(caption, columns, tuple(lines), numeric, "vehicles", (note, *self._extract_notes()))

    def recovered(self) -> Table | Text:
        """How many vehicles of each class came back, of those of which it is known."""
        if self.thefts.empty:
            return NOTHING
        table = crossed(self.thefts, "recovered", ["yes", "no", NOT_KNOWN])
        lines = [_recovered_line(self._class_labels()[name], table.loc[name]) for name in self._present(table)]
        lines.append(_recovered_line("All", table.sum()))
        columns = ("Class", "Recovered", "Not recovered", "Not known", "Share recovered", "A year before")
        caption = f"Vehicles recovered, stolen in the twelve months to {self.month}"
        notes = (
            "Share: of those of which it is known. Vehicles stolen lately have had less time to be found.",
            *self._extract_notes(),
        )
        return Table(caption, columns, tuple(lines), frozenset(range(1, 6)), "vehicles", notes)

    def licensed_by_class(self) -> Table | Text:
        """Thefts for every thousand licensed vehicles of each group of classes."""
        base = self._licensed([self.board.area.code], 0)
        before = self._licensed([self.board.area.code], 12)
        if base.empty or self.thefts.empty:
            return NOTHING if base.empty else Text((NO_EXTRACT,))
        now = base.set_index("vehicle_group")["vehicles"]
        past = before.set_index("vehicle_group")["vehicles"]
        lines = []
        for name, group in self.board.settings.licensed_vehicles.groups.items():
            stolen = self.thefts[self.thefts["vehicle_class"].isin(group.classes)]
            counts = [int(stolen.loc[stolen["now"] == half, "count"].sum()) for half in (True, False)]
            lines.append(_rate_line(group.label, counts, [now.get(name), past.get(name)]))
        return self._rates(lines, "Class", base, "by class")

    def licensed_by_area(self) -> Table | Text:
        """Thefts recorded for every thousand licensed vehicles here and in London."""
        book = AreaBook.of(self.board.settings)
        areas = [self.board.area, *([book.find(LONDON)] if self.board.area.code != LONDON else [])]
        base, before = (self._licensed([area.code for area in areas], back) for back in (0, 12))
        if base.empty or row_of(self.rows, ITEM, "rolling_12")["status"] != "ok":
            return Text((NO_LICENSED if base.empty else "Thefts cannot be given over these twelve months.",))
        now, past = (_of_all(frame) for frame in (base, before))
        lines = []
        for area in areas:
            counts = self._recorded(area.code)
            lines.append(_rate_line(area.name, counts, [now.get(area.code), past.get(area.code)]))
        return self._rates(lines, "Area", base, "in all")

    def _recorded(self, code: str) -> list[float | None]:
        if code == self.board.area.code:
            row = row_of(self.rows, ITEM, "rolling_12")
            return [row["current"], row["previous"]]
        from crimelib.board.comparators import comparison_rows

        rows = comparison_rows(self.board, ITEM)
        found = rows[rows["code"] == code] if len(rows) else rows
        return [found.iloc[0]["current"], found.iloc[0]["previous"]] if len(found) else [None, None]

    def _rates(self, lines: Sequence[tuple[Cell, ...]], heading: str, base: pd.DataFrame, how: str) -> Table:
        columns = (heading, "Stolen", "A year before", "Licensed", "Per 1,000 licensed", "A year before")
        quarter = month_label(pd.Period(base["month"].iloc[0], freq="M"))
        caption = f"Vehicles stolen per 1,000 licensed, {how}, twelve months to {self.month}"
        notes = (
            f"Licensed at the end of {quarter} (Department for Transport, VEH0105), and a year before.",
            REGISTERED,
        )
        return Table(caption, columns, tuple(lines), frozenset(range(1, 6)), "vehicles", notes)

    def _licensed(self, codes: Sequence[str], months_back: int) -> pd.DataFrame:
        return licensed(self.board.store, codes, self.board.period - months_back)

    def _totals(self) -> dict[str, pd.DataFrame]:
        """Twelve-month totals by the label of each class, over the months shown."""
        made = {}
        for part in self.item.measures[ITEM].breakdowns["type"].values():
            own = {each.month for each in part.breaks if each.effect == "not_comparable"}
            made[part.label] = yearly_totals(self._monthly(part.figures), {*self.breaks(ITEM), *own})
        return {label: rows for label, rows in made.items() if len(rows)}

    def _allowed(self, column: str) -> list[str]:
        return list(self.board.settings.templates[THEFTS].columns[column].allowed)

    def _class_labels(self) -> dict[str, str]:
        return {name: part.label for name, part in self.item.measures[ITEM].breakdowns["type"].items()}

    def _present(self, table: pd.DataFrame) -> list[str]:
        return [name for name in self._class_labels() if name in table.index]

    def _crossed(self, by: str, values: Sequence[str], what: str) -> Table | Text:
        if self.thefts.empty:
            return Text((WITHOUT_EXTRACT,))
        table = crossed(self.thefts, by, values)
        if not table.xs(NOT_KNOWN, axis="columns", level=1).any(axis=None):
            values = [each for each in values if each != NOT_KNOWN]
        lines = [_crossed_line(self._class_labels()[name], table.loc[name], values) for name in self._present(table)]
        lines.append(_crossed_line("All", table.sum(), values))
        columns = ("Class", *map(_words, values))
        caption = f"Stolen by class and {what}, twelve months to {self.month} (a year before in brackets)"
        notes = self._extract_notes()
        return Table(caption, columns, tuple(lines), frozenset(range(1, len(columns))), "vehicles", notes)

    def _make_line(self, name: str, sums: pd.Series, classes: pd.DataFrame) -> tuple[Cell, ...]:
        own = classes.loc[name] if name in classes.index else pd.Series(0, index=classes.columns)
        counts = [sums[True], sums[False], *own.fillna(0)]
        return (
            Cell(_words(name) if name in (OTHERS, NOT_KNOWN) else name),
            *(Cell(count_text(each)) for each in counts),
        )

    def _extract_notes(self) -> tuple[str, ...]:
        """What the extract holds beside what is recorded as crime: the two are counted apart."""
        row = row_of(self.rows, ITEM, "rolling_12")
        held = int(self.thefts.loc[self.thefts["now"], "count"].sum())
        if row["status"] != "ok":
            return (f"The police extract: {held:,} vehicles.",)
        return (f"The police extract: {held:,} vehicles; recorded crime: {int(row['current']):,} offences.",)


def named_makes(thefts: pd.DataFrame) -> pd.Series:
    """The make of each row as it may be shown: makes of few thefts in either year, or beyond those most stolen, are
    one; an empty make is not known."""
    sums = thefts[thefts["make"] != ""].groupby(["make", "now"])["count"].sum().unstack(fill_value=0)
    enough = sums[(sums >= FEWEST_OF_A_MAKE).all(axis=1)].reindex(columns=[True, False])
    shown = set(enough.nlargest(MOST_MAKES, True).index) if len(enough) else set()
    named = thefts["make"].where(thefts["make"].isin(shown), OTHERS)
    return named.mask(thefts["make"] == "", NOT_KNOWN)


def _of_all(frame: pd.DataFrame) -> pd.Series:
    return frame[frame["vehicle_group"] == "all"].set_index("area_code")["vehicles"]


def _words(value: str) -> str:
    """``£5,000 to £19,999`` for ``5000_to_19999``."""
    pounds = re.sub(r"\d+", lambda found: f"£{int(found[0]):,}", value)
    return pounds.replace("_", " ").capitalize()


def _crossed_line(label: str, counts: pd.Series, values: Sequence[str]) -> tuple[Cell, ...]:
    return (Cell(label), *(Cell(f"{counts[True, each]:,.0f} ({counts[False, each]:,.0f})") for each in values))


def _recovered_line(label: str, counts: pd.Series) -> tuple[Cell, ...]:
    now, before = (
        Proportion(int(counts[half, "yes"]), int(counts[half, "yes"] + counts[half, "no"])) for half in (True, False)
    )
    return (
        Cell(label),
        *(Cell(count_text(counts[True, each])) for each in ("yes", "no", NOT_KNOWN)),
        Cell(f"{now.share:.0%}") if now.whole else Cell("–", absent=True),
        Cell(f"{before.share:.0%} of {count_text(before.whole)}") if before.whole else Cell("–", absent=True),
    )


def _rate_line(label: str, counts: Sequence[float | None], bases: Sequence[float | None]) -> tuple[Cell, ...]:
    rates = [_rate(count, base) for count, base in zip(counts, bases, strict=True)]
    vehicles = Cell("no data", absent=True) if pd.isna(bases[0]) else Cell(count_text(bases[0]))
    return (Cell(label), *(Cell(count_text(count), absent=pd.isna(count)) for count in counts), vehicles, *rates)


def _rate(count: float | None, base: float | None) -> Cell:
    return Cell("–", absent=True) if pd.isna(count) or pd.isna(base) or not base else Cell(f"{1000 * count / base:.1f}")
