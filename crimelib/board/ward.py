"""One ward's page: every item with ward figures side by side, for a ward panel.

Every count of the page is one of the pack's own ward rows, protected together with the rest of the pack. Months are
drawn of items only of which no measure is about people: of the others no window shorter than a year is shown by ward.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cached_property

import pandas as pd

from crimelib.areas import folded, nearest
from crimelib.board.charts import Chart, small_multiples
from crimelib.board.contacts import contact_warning, contacts_of
from crimelib.board.funnels import FEWEST_WARDS, standing
from crimelib.board.item import (
    SHOWN_MONTHS,
    Board,
    by_reason,
    event_line,
    event_table,
    load_board,
    no_comparison,
    shown_months,
)
from crimelib.board.narrative import count, sentence
from crimelib.board.rates import STEADIED, rate_note, steadied
from crimelib.board.tables import Cell, Table, overview_matrix, protected
from crimelib.board.text import Text
from crimelib.board.titles import boundaries, boundaries_note, item_title, source_lines
from crimelib.errors import InputError
from crimelib.measures.areas import counts_with_wards
from crimelib.measures.periods import month_label
from crimelib.measures.rates import Exposure, exposure, per_1000
from crimelib.measures.series import Counts, histories
from crimelib.settings import Denominator, Figures, Item, Measure, Ward

ALL = "all"
MAIN = "rolling_12"
PLACED = "police_uk"  # whose ward counts this project places by itself
FEWEST_A_MONTH = 1  # with less on average there is nothing to see in months


# Which ward ------------------------------------------------------------------------------------------------------


def pack_wards(board: Board) -> list[Ward]:
    """The wards of which the pack has rows, all in one boundary set, by name."""
    rows = board.rows
    codes = set(rows.loc[rows["breakdown"] == "ward", "breakdown_value"])
    return sorted((ward for ward in board.settings.wards if ward.code in codes), key=lambda ward: ward.name)


def chosen_wards(board: Board, names: Sequence[str]) -> list[Ward]:
    """The pack's wards with those names or codes, each once; ``all`` is every one of them. Raises :class:`InputError`,
    naming the nearest, for what is no ward of the area, and for a ward of the other boundaries."""
    here = pack_wards(board)
    if not here:
        what = f"no file at hand counts {board.area.name} by ward in {board.period}"
        raise InputError(what, where="--ward", fix="name a borough and a month that have ward figures")
    if [name.strip().casefold() for name in names] == [ALL]:
        return here
    return list(dict.fromkeys(_found(board, here, name) for name in names))


def _found(board: Board, here: Sequence[Ward], name: str) -> Ward:
    wanted = folded(name)
    by_key = {folded(key): ward for ward in here for key in (*ward.names, ward.code)}
    if wanted in by_key:
        return by_key[wanted]
    other = next((ward for ward in _elsewhere(board, here) if wanted in map(folded, (*ward.names, ward.code))), None)
    near = nearest(other.name if other else name[:100], [ward.name for ward in here])
    if other is None:
        raise InputError(f"{board.area.name} has no ward {name[:60]!r} in {board.period}", where="--ward", fix=near)
    ours, theirs = boundaries(here[0].ward_set), boundaries(other.ward_set)
    what = (
        f"{other.name} ({other.code}) is a ward of the boundaries {theirs}; {board.period} is counted in those {ours}"
    )
    raise InputError(what, where="--ward", fix=near)


def _elsewhere(board: Board, here: Sequence[Ward]) -> Iterator[Ward]:
    """The area's wards of the other boundaries."""
    known = {ward.code for ward in here}
    return (ward for ward in board.settings.wards if ward.borough_code == board.area.code and ward.code not in known)


def load_ward(
    ward: str, area: str, period: str, audience: str = "board", processed: str = "", parameters: str = ""
) -> WardPage:
    """A ward's page for a notebook; see :func:`crimelib.board.item.load_board`."""
    board = load_board(area, period, audience, processed, parameters)
    return WardPage(board, chosen_wards(board, [ward])[0])


# The page --------------------------------------------------------------------------------------------------------


class WardPage:
    """The answers of one ward. Where there is no data, an answer is a sentence that says so."""

    def __init__(self, board: Board, ward: Ward) -> None:
        self.board = board
        self.ward = ward
        self.month = month_label(board.period)

    def __repr__(self) -> str:
        return f"{self.ward.name}, {self.board.area.name}, {self.month}"

    @cached_property
    def all_wards(self) -> pd.DataFrame:
        """The protected rows of every ward of the pack, with titles for people."""
        settings, rows = self.board.settings, self.board.rows[self.board.rows["breakdown"] == "ward"]
        return rows.assign(
            item_title=[item_title(settings, item) for item in rows["item"]],
            label=[
                settings.items[item].measures[measure].label
                for item, measure in zip(rows["item"], rows["measure"], strict=True)
            ],
        )

    @cached_property
    def rows(self) -> pd.DataFrame:
        """The ward's own protected rows."""
        return self.all_wards[self.all_wards["breakdown_value"] == self.ward.code]

    @cached_property
    def bases(self) -> dict[Denominator, Exposure]:
        """What the rates of the ward's measures are per, as far as it is at hand for all wards of the pack."""
        wanted = {self._measure(row).per for row in self._over_a_year().to_dict("records")}
        codes, period = self.all_wards["breakdown_value"], self.board.period
        found = {per: exposure(self.board.store, codes, period, per) for per in sorted(wanted)}
        return {per: base for per, base in found.items() if base is not None}

    def headline(self) -> Text:
        """What this page is of, and how many measures moved."""
        main = self._over_a_year()
        up, down, flat = (
            int((main["signal"] == signal).sum()) for signal in ("increase", "decrease", "no_clear_change")
        )
        rest = len(main) - up - down - flat
        moved = (
            f"Of {len(main)} measures over twelve months, {up} rose and {down} fell beyond chance in {self.ward.name}; "
            f"{flat} showed no clear change{f', and {rest} could not be tested' if rest else ''}."
        )
        none = f"None of {len(main)} measures could be tested over twelve months in {self.ward.name}."
        where = f"{self.ward.name} ({self.ward.code}) is one of {len(pack_wards(self.board))} wards of "
        where = f"{where}{self.board.area.name} in the boundaries {self._boundaries}."
        return Text((moved if rest < len(main) else none, where))

    def sentences(self) -> Text:
        """What each measure of the ward says over twelve months, as a list; those without figures together, by why."""
        rows = self._over_a_year()
        absent = rows[rows["current"].isna()]
        given = rows.drop(absent.index).drop(columns=["label", "item_title"]).to_dict("records")
        told = Text.of(sentence(row, self._measure(row), self.ward.name) for row in given)
        return replace(told, lines=(*told.lines, *by_reason(absent["label"], absent["note"])))

    def windows(self) -> Table:
        """Every measure over every window, each against the same window a year before."""
        caption = f"{self.ward.name} over each window to {self.month}, with the change on the year before"
        return overview_matrix(self.rows, caption=caption)

    def standing(self) -> Table:
        """Every measure over twelve months beside the borough's other wards: the place by count, the rate by
        residents, the rate steadied, and where the ward stands in the funnel."""
        lines = tuple(self._standing_line(row) for row in protected(self._over_a_year()).to_dict("records"))
        rates = (f"Per 1,000 {' or '.join(self.bases)}", "All wards shown", "Steadied") if self.bases else ()
        columns = ("Measure", "Now", "Place", *rates, "Against the other wards")
        caption = f"{self.ward.name} among the wards of {self.board.area.name}, twelve months to {self.month}"
        numeric = frozenset(range(1, len(columns) - 1))
        return Table(caption, columns, lines, numeric, "counts", self._standing_notes())

    def trends(self) -> Chart | Text:
        """The ward's months of every item that is not about people, with breaks, and the same as data.police.uk places
        it where the figures above are another publisher's."""
        drawn = [
            (label, monthly, breaks) for label, monthly, breaks in self._series() if monthly["count"].notna().sum() > 1
        ]
        if not drawn:
            return Text(("There are no monthly figures of this ward to draw.",))
        long = pd.concat([monthly.assign(facet=label) for label, monthly, _ in drawn])
        last = "; ".join(_last_words(label, monthly) for label, monthly, _ in drawn)
        return small_multiples(
            long, "facet", title=f"{self.ward.name} by month", unit="offences or incidents a month", finding=f"{last}.",
            breaks={label: breaks for label, _, breaks in drawn}, events=self.events(),
        )  # fmt: skip

    def events(self) -> pd.DataFrame:
        """Events that touch wards, all items or one whose months are drawn: label, start, end, source."""
        board = self.board
        found = [event_table(board.events, item, board.period) for item in ("wards", *self._drawn_items())]
        return pd.concat(found).drop_duplicates(["label", "start"]).sort_values("start", ignore_index=True)

    def caveats(self) -> Text:
        """What must be said with a ward's figures: boundaries, small numbers, breaks, and the events drawn."""
        moments = [event_line(event) for event in self.events().itertuples()]
        first, last = (str(self.board.period - SHOWN_MONTHS + 1), str(self.board.period))
        breaks = {
            month: f"{month_label(pd.Period(month, freq='M'))}: {what}"
            for row in self._over_a_year().to_dict("records")
            for month, what in no_comparison(self._measure(row).breaks).items()
            if first <= month <= last
        }
        told = (breaks[month] for month in sorted(breaks))
        return Text((*self._general_caveats(), *told, *moments), bullet="- ")

    def questions(self) -> Text:
        """What the ward panel may want to ask, by the rules of ``ward_panel.yml`` over the figures of this page."""
        policy = self.board.settings.ward_panel
        facts = [self._facts(row) for row in protected(self._over_a_year()).to_dict("records") if row["status"] == "ok"]
        raised = [rule.filled(fact) for rule in policy.rules.values() for fact in facts if rule.holds(fact)]
        asked = raised[: policy.most - len(policy.always)]
        return Text((*asked, *(text.replace("{ward}", self.ward.name) for text in policy.always)), bullet="- ")

    def contacts(self) -> Text:
        """How the ward's team is reached, and whether that was checked of late."""
        contact = contacts_of(self.board.settings).get(self.ward.code)
        fault = contact_warning(contact, self.board.period.end_time.date())
        if contact is None:
            return Text((f"No contact of {self.ward.name} is declared in contacts.csv.",))
        ways = [contact.email, contact.phone, contact.page]
        lines = [f"{contact.team}: {', '.join(way for way in ways if way) or 'no way to reach it is declared'}."]
        checked = f"Checked on {pd.Timestamp(contact.checked).strftime('%-d %B %Y')}" if contact.checked else ""
        state = "; ".join(part for part in (checked, fault) if part)
        lines += [f"{words[:1].upper()}{words[1:]}." for words in (state, contact.note) if words]
        return Text(tuple(lines))

    def source(self) -> Text:
        """Where the figures are from."""
        lines = source_lines(self.board.settings, self.rows)
        return Text(tuple(lines), bullet="- ", heading="Sources and vintages")

    # --- pieces ---------------------------------------------------------------------------------------------------

    @property
    def _boundaries(self) -> str:
        return boundaries(self.ward.ward_set)

    def _over_a_year(self) -> pd.DataFrame:
        return self.rows[self.rows["window"] == MAIN]

    def _measure(self, row: Mapping[str, object]) -> Measure:
        return self.board.settings.items[str(row["item"])].measures[str(row["measure"])]

    def _others(self, row: Mapping[str, object]) -> pd.DataFrame:
        """The rows of every ward of one measure over twelve months."""
        same = (self.all_wards["measure"] == row["measure"]) & (self.all_wards["item"] == row["item"])
        return self.all_wards[same & (self.all_wards["window"] == MAIN)]

    @cached_property
    def _standings(self) -> dict[tuple[str, str], pd.Series]:
        """Where the ward stands in the funnel of each measure that has one and shows the ward."""
        found = {}
        for row in self._over_a_year().to_dict("records"):
            table = standing(self._others(row), self._base(row))
            if table is not None and self.ward.code in table.index:
                found[row["item"], row["measure"]] = table.loc[self.ward.code]
        return found

    def _standing_line(self, row: Mapping[str, object]) -> tuple[Cell, ...]:
        if row["absent"]:
            gone = Cell(str(row["absent"]), absent=True)
            rates = 3 if self.bases else 0
            return (Cell(row["label"]), gone, *[Cell("–", absent=True)] * (2 + rates))
        counts = self._others(row).set_index("breakdown_value")["current"].dropna().astype("float64")
        against = _standing_words(self._standings.get((row["item"], row["measure"])))
        place = Cell(place_among(counts, self.ward.code))
        return (Cell(row["label"]), Cell(count(int(row["current"]))), place, *self._rates(row, counts), Cell(against))

    def _base(self, row: Mapping[str, object]) -> Exposure | None:
        return self.bases.get(self._measure(row).per)

    def _rates(self, row: Mapping[str, object], counts: pd.Series) -> tuple[Cell, ...]:
        base = self._base(row)
        if base is None:
            return (Cell("–", absent=True),) * (3 if self.bases else 0)
        own = per_1000(counts, base.numbers)[self.ward.code]
        together = 1000 * counts.sum() / base.numbers.reindex(counts.index).sum()
        return tuple(_rate(value) for value in (own, together, steadied(counts, base.numbers)[self.ward.code]))

    def _standing_notes(self) -> tuple[str, ...]:
        place = "Place 1 has the highest count; places are among the wards whose figure is shown."
        funnel = (
            "Against the other wards: whether the ward lies beyond the limits within which chance, and how much wards "
            f"differ anyway, would put it; told where {FEWEST_WARDS} wards or more have figures."
        )
        if not self.bases:
            missing = "No population of these wards is at hand: there are no rates, and what is expected of a ward is "
            return (place, f"{missing}its count a year before.", funnel)
        return (place, *map(rate_note, self.bases.values()), STEADIED, funnel)

    def _general_caveats(self) -> Iterator[str]:
        twin = next((ward for ward in _elsewhere(self.board, pack_wards(self.board)) if self._shares_name(ward)), None)
        if twin is not None:
            yield (
                f"Two wards are called {self.ward.name}: this page is of {self.ward.code}, in the boundaries "
                f"{self._boundaries}; {twin.code} of the boundaries {boundaries(twin.ward_set)} is not the same place."
            )
        yield from boundaries_note(self.board.settings, [self.ward.code], self.board.period)
        yield "Numbers of one ward are small: with so many figures side by side some change by chance alone."
        yield "Offences that could not be placed are in no ward, so wards do not add up to the borough."
        hidden = int((self._over_a_year()["status"] == "suppressed").sum())
        if hidden:
            verb = "is" if hidden == 1 else "are"
            yield f"{hidden} of the measures here {verb} withheld, because few were counted or to protect another ward."

    def _shares_name(self, ward: Ward) -> bool:
        return folded(ward.name) == folded(self.ward.name)

    def _facts(self, row: Mapping[str, object]) -> dict[str, str]:
        """What a rule of the ward panel may look at and say of one measure."""
        label = str(row["label"])
        return {
            "ward": self.ward.name,
            "Label": label,
            "label": label[:1].lower() + label[1:],
            "month": self.month,
            "signal": str(row["signal"]),
            "standing": _side(self._standings.get((row["item"], row["measure"])), only="99.8"),
            "expected": "its year before" if (base := self._base(row)) is None else f"its {base.per}",
            "current": count(int(row["current"])),
            "previous": count(int(row["previous"])),
            "change": count(abs(int(row["change"]))),
        }

    @cached_property
    def _counts(self) -> Counts:
        board = self.board
        return Counts(counts_with_wards(board.store, board.settings, board.area, board.period))

    def _drawn_items(self) -> list[str]:
        here = set(self.rows["item"])
        return [name for name, item in self.board.settings.items.items() if name in here and is_open(item)]

    def _series(self) -> Iterator[tuple[str, pd.DataFrame, dict[str, str]]]:
        """The monthly series to draw: name, ``month`` and ``count``, and its breaks."""
        rows = self._over_a_year()
        for name in self._drawn_items():
            for row in rows[rows["item"] == name].to_dict("records"):
                measure = self._measure(row)
                months = self._months(measure.figures)
                if not months["count"].mean() >= FEWEST_A_MONTH:
                    continue
                yield measure.label, months, no_comparison(measure.breaks)
                placed = [figures for figures in measure.figures if self._is_placed(figures)]
                if row["source"] != PLACED and placed:
                    label = f"{measure.label}, as data.police.uk has it"
                    yield label, self._months(placed), no_comparison(measure.breaks)

    def _is_placed(self, figures: Figures) -> bool:
        found = histories(self._counts, [figures], self.board.settings.sources.bases)
        return any(history.source == PLACED for history in found)

    def _months(self, figures: Sequence[Figures]) -> pd.DataFrame:
        return shown_months(self.board, self._counts, figures, self.ward.code)


def is_open(item: Item) -> bool:
    """Whether no measure of an item is about people, so that its ward figures need no protection."""
    return not any(measure.protected for measure in item.measures.values())


def place_among(counts: pd.Series, code: str) -> str:
    """``3 of 22``, ``2= of 22`` where another ward has the same count; 1 is the highest."""
    place = int((counts > counts[code]).sum()) + 1
    shared = "=" if (counts == counts[code]).sum() > 1 else ""
    return f"{place}{shared} of {len(counts)}"


def _standing_words(found: pd.Series | None) -> str:
    if found is None:
        return "too few to tell"
    side = _side(found)
    return f"{side}, beyond the {found['outside']}% limits" if side else "within the limits"


def _side(found: pd.Series | None, only: str = "") -> str:
    """``above`` or ``below`` for a ward outside its funnel's limits (any, or only these), else nothing."""
    if found is None or not found["outside"] or only not in ("", found["outside"]):
        return ""
    return "above" if found["ratio"] > 1 else "below"


def _rate(value: float) -> Cell:
    return Cell("–", absent=True) if math.isnan(value) else Cell(f"{value:.1f}")


def _last_words(label: str, monthly: pd.DataFrame) -> str:
    latest = monthly.dropna(subset=["count"]).iloc[-1]
    return f"{label}: {int(latest['count']):,} in {month_label(pd.Period(latest['month'], freq='M'))}"
