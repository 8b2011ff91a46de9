"""The ward rows of a pack, and of the packs published before it, as one set of linked tables.

The unknown counts are those of a ward and a kind of offence in one stretch of months; every window of every pack is a
sum of them, so that the rolling total of one month less that of the month before is a figure like any other.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import NamedTuple

import numpy as np
import pandas as pd

from crimelib.disclosure.suppression import SHOWN, WITHHELD, Figures, sums
from crimelib.measures.periods import parse_period, window_length
from crimelib.settings import AudiencePolicy

WITH_FIGURES = ("ok", "not_comparable")
SIDES = {"current": 0, "previous": 12}


class Span(NamedTuple):
    """Consecutive months, by ordinal, both ends in."""

    first: int
    last: int


Place = tuple[str, str, Span]  # measure, ward and months
Wards = tuple[str, ...]


class Cell(NamedTuple):
    """One figure of one row: whose it is, when, and what it comes to (NaN where it was withheld)."""

    row: int
    measure: str
    ward: str
    span: Span
    value: float
    shown: bool

    @property
    def place(self) -> Place:
        """What it counts: two windows of one length, as the year to date and twelve months in March, are one figure."""
        return self.measure, self.ward, self.span


@dataclass(frozen=True)
class Linked:
    """Linked tables: the figures, the row (its position among the rows given) of every choosable group."""

    figures: Figures
    groups: list[list[int]]
    primary: np.ndarray
    weights: np.ndarray


def groups_of_measures(measures: Sequence[str], linked: Sequence[Sequence[str]]) -> list[list[str]]:
    """The measures that have to be looked at together, for one is the sum of others."""
    groups = [{measure} for measure in measures]
    for link in linked:
        joined = [group for group in groups if group & set(link)]
        groups = [group for group in groups if not group & set(link)] + ([set.union(*joined)] if joined else [])
    return [[measure for measure in measures if measure in group] for group in groups]


@cache
def span_of(period: str, window: str, months_back: int = 0) -> Span:
    """The months of a window, or of the one so many months back."""
    month = parse_period(period)
    return Span(month.ordinal - window_length(month, window) + 1 - months_back, month.ordinal - months_back)


def cells_of(rows: pd.DataFrame) -> Iterator[Cell]:
    """The figures of ward rows, two a row; ``row`` is the row's position."""
    columns = ["period", "measure", "breakdown_value", "window", "status", *SIDES]
    for place, values in enumerate(zip(*(rows[column] for column in columns), strict=True)):
        period, measure, ward, window, status, *figures = values
        for (_, back), value in zip(SIDES.items(), figures, strict=True):
            number = float(value) if status in WITH_FIGURES and not pd.isna(value) and value != "" else np.nan
            if status == "suppressed" or not np.isnan(number):
                yield Cell(place, measure, ward, span_of(period, window, back), number, not np.isnan(number))


@dataclass
class Tables:
    """Figures while they are being gathered."""

    parts_of: Mapping[str, Sequence[str]]
    starts: list[int]
    counts: dict[object, int] = field(default_factory=dict)
    made: list[tuple] = field(default_factory=list)
    relations: list[tuple[int, ...]] = field(default_factory=list)

    def counts_of(self, measure: str, ward: str, span: Span) -> list[int]:
        """The unknown counts that a figure is the sum of."""
        stretches = range(bisect_left(self.starts, span.first), bisect_left(self.starts, span.last + 1))
        kinds = self.parts_of.get(measure, (measure,))
        return [self.counts.setdefault((kind, ward, each), len(self.counts)) for kind in kinds for each in stretches]

    def add(
        self,
        parts: list[int],
        value: float,
        group: int,
        asked: tuple[float, float, float, float] = (np.inf, -np.inf, 0.0, np.inf),
    ) -> int:
        """Add a figure, with the ``low, high, width, harmless`` that it needs if withheld; its number."""
        self.made.append((parts, value, group, *asked))
        return len(self.made) - 1

    def rest(self) -> int:
        """A count that nobody publishes: what a total has beyond its wards."""
        return self.counts.setdefault(len(self.counts), len(self.counts))

    def figures(self) -> Figures:
        parts, values, groups, *asked = zip(*self.made, strict=True)
        matrix = sums(parts, len(self.counts))
        return Figures(matrix, *map(np.array, (values, groups, *asked)), tuple(self.relations))


def linked_tables(
    rows: pd.DataFrame,
    small: np.ndarray,
    policy: AudiencePolicy,
    linked: Sequence[Sequence[str]],
    earlier: pd.DataFrame | None = None,
) -> Linked | None:
    """The tables of some ward rows with their figures, those of short windows included; ``small`` says which have a
    count to withhold. None where nothing could be given away, or nothing is left to withhold."""
    rows_of: dict[Place, list[int]] = defaultdict(list)
    for cell in (found := list(cells_of(rows))):
        rows_of[cell.place].append(cell.row)
    cells = list({cell.place: cell for cell in found}.values())
    choosable = shown_lengths(rows, policy)
    before = _earlier_cells(earlier)
    still = _still_withheld(earlier, cells, before, policy)
    settled = _settled(cells, choosable, policy) if before.empty else set()
    open_ = sum(not choosable[cell.row] for cell in cells) - len(settled)
    if not choosable.any() or (before.empty and not small.any() and not open_):
        return None
    kept = [cell for cell in cells if cell not in settled]
    tables = _empty([*kept, *still], before, linked)
    groups = _this_pack(tables, kept, choosable, rows_of, policy)
    _ward_sums(tables, kept, choosable)
    _earlier_packs(tables, before)
    _earlier_withheld(tables, still, before, policy)
    primary = np.array([small[group].any() for group in groups])
    return Linked(tables.figures(), groups, primary, _weights(rows, groups))


def shown_lengths(rows: pd.DataFrame, policy: AudiencePolicy) -> np.ndarray:
    """The rows of windows that the policy shows, or of as many months: in March the year to date is twelve months."""
    lengths = {
        (period, window): window_length(parse_period(period), window)
        for period, window in rows[["period", "window"]].drop_duplicates().itertuples(index=False)
    }
    shown = {
        period: {window_length(parse_period(period), window) for window in policy.ward_windows}
        for period in rows["period"].unique()
    }
    pairs = zip(rows["period"], rows["window"], strict=True)
    return np.array([lengths[pair] in shown[pair[0]] for pair in pairs], dtype=bool)


def _settled(cells: Sequence[Cell], choosable: np.ndarray, policy: AudiencePolicy) -> set[Cell]:
    """The withheld figures of short windows that the rolling totals of wards and the windows' totals cannot bound too
    tightly: in such a table with its margins a count lies between max(0, row + column - all) and min(row, column)."""
    long = {(cell.measure, cell.ward, cell.span.last): cell.value for cell in cells if choosable[cell.row]}
    lengths = {cell.span.last - cell.span.first for cell in cells if choosable[cell.row]}
    if len(lengths) > 1:  # windows within windows are shown: no such table
        return set()
    column = _totals(cells)
    whole = {(cell.measure, cell.span.last): column[cell.measure, cell.span] for cell in cells if choosable[cell.row]}
    found = set()
    for cell in cells:
        row = long.get((cell.measure, cell.ward, cell.span.last))
        if choosable[cell.row] or row is None:
            continue
        total, all_ = column[cell.measure, cell.span], whole[cell.measure, cell.span.last]
        low, high = max(0.0, row + total - all_), min(row, total)
        if high <= 0 or low > policy.suppress_to or high - low >= min(policy.least_width, total):
            found.add(cell)
    return found


def _empty(cells: Sequence[Cell], before: pd.DataFrame, linked: Sequence[Sequence[str]]) -> Tables:
    spans = {cell.span for cell in cells} | {cell.span for cell in before["cell"]}
    starts = sorted({edge for span in spans for edge in (span.first, span.last + 1)})
    return Tables({whole: parts for whole, *parts in linked}, starts)


def _this_pack(
    tables: Tables,
    cells: Sequence[Cell],
    choosable: np.ndarray,
    rows_of: Mapping[Place, Sequence[int]],
    policy: AudiencePolicy,
) -> list[list[int]]:
    """Add the figures of the pack's own rows; which rows stand or fall together."""
    groups: dict[tuple[str, str, int], int] = {}
    members: list[list[int]] = []
    places: dict[Place, int] = {}
    totals = _totals(cells)
    for cell in cells:
        group = WITHHELD
        if choosable[cell.row]:
            key = cell.measure, cell.ward, cell.span.last - cell.span.first
            group = groups.setdefault(key, len(groups))
            members += [[]] if group == len(members) else []
            members[group] += [row for row in rows_of[cell.place] if row not in members[group]]
        parts = tables.counts_of(*cell.place)
        asked = _asked(cell, choosable[cell.row], policy, totals[cell.measure, cell.span])
        places[cell.place] = tables.add(parts, cell.value, group, asked)
    for measure, ward, span in places:
        each = [(kind, ward, span) for kind in (measure, *tables.parts_of.get(measure, ()))]
        if len(each) > 1 and all(key in places for key in each):
            tables.relations.append(tuple(places[key] for key in each))
    return members


def _asked(
    cell: Cell, choosable: bool, policy: AudiencePolicy, total: float = np.inf
) -> tuple[float, float, float, float]:
    """What a figure needs if withheld: a small one could be anything from nought to the threshold; the interval of any
    is wide; that of a window never shown may be narrow where it cannot be small. None can be above the ``total``."""
    width = min(policy.least_width, total)
    if not choosable:
        return np.inf, -np.inf, width, policy.suppress_to
    if policy.hides(cell.value):
        return 0.0, min(policy.suppress_to, total), width, np.inf
    return np.inf, -np.inf, width, np.inf


def _totals(cells: Sequence[Cell]) -> dict[tuple[str, Span], float]:
    """What the wards together come to, by measure and months."""
    totals: dict[tuple[str, Span], float] = defaultdict(float)
    for cell in cells:
        totals[cell.measure, cell.span] += cell.value
    return totals


def _ward_sums(tables: Tables, cells: Sequence[Cell], choosable: np.ndarray) -> None:
    """Add what the wards of every table come to: the borough's total is published, and what is in no ward too."""
    tables_of: dict[tuple[str, Span], list[int]] = defaultdict(list)
    for place, cell in enumerate(cells):
        tables_of[cell.measure, cell.span].append(place)
    for places in tables_of.values():
        parts = sorted({part for place in places for part in tables.made[place][0]})
        total = sum(cells[place].value for place in places)
        whole = tables.add(parts, total, SHOWN)
        if choosable[cells[places[0]].row]:
            tables.relations.append((whole, *places))


def _earlier_cells(earlier: pd.DataFrame | None) -> pd.DataFrame:
    """What packs published before have shown: the figures, one a row as ``cell``, with the ``breakdown`` and the
    ``wards`` that their pack names for the measure, withheld ones too."""
    columns = ["cell", "breakdown", "wards"]
    if earlier is None or earlier.empty:
        return pd.DataFrame(columns=columns)
    named: dict[tuple[str, str], set[str]] = defaultdict(set)
    for each in earlier.loc[earlier["breakdown"] == "ward", ["measure", "period", "breakdown_value"]].itertuples():
        named[each.measure, each.period].add(each.breakdown_value)
    wards = {key: tuple(sorted(codes)) for key, codes in named.items()}
    about = list(zip(earlier["breakdown"], earlier["period"], strict=True))
    found = {}
    for cell in (cell for cell in cells_of(earlier) if cell.shown):
        breakdown, period = about[cell.row]
        found[cell.place] = cell, breakdown, wards.get((cell.measure, period))
    return pd.DataFrame(list(found.values()), columns=columns)


def _earlier_packs(tables: Tables, before: pd.DataFrame) -> None:
    """Add what packs before have shown; a total of theirs is no less than its wards together, the withheld ones too."""
    for cell in before.loc[before["breakdown"] == "ward", "cell"]:
        tables.add(tables.counts_of(*cell.place), cell.value, SHOWN)
    for (measure, wards), totals in _totals_before(before).items():
        for span, total in _finest(totals).items():
            counts = [each for ward in wards for each in tables.counts_of(measure, ward, span)]
            tables.add([*counts, tables.rest()], total, SHOWN)


def _totals_before(before: pd.DataFrame) -> dict[tuple[str, Wards], dict[Span, float]]:
    """The totals of packs before by measure and the wards beside them."""
    found: dict[tuple[str, Wards], dict[Span, float]] = defaultdict(dict)
    for cell, wards in before.loc[before["breakdown"] == "total", ["cell", "wards"]].itertuples(index=False):
        if wards:
            found[cell.measure, wards][cell.span] = cell.value
    return found


def _finest(totals: Mapping[Span, float]) -> dict[Span, float]:
    """The totals without those that shorter ones come to: wards that are no more than each month's total are no more
    than the year's."""
    kept: dict[Span, float] = {}
    for span, total in sorted(totals.items(), key=lambda each: each[0].last - each[0].first):
        if total < _put_together(span, kept):
            kept[span] = total
    return kept


def _put_together(span: Span, totals: Mapping[Span, float]) -> float:
    """The least that totals which make up a span, one after the other, come to; infinite where none do."""
    least = {span.first: 0.0}
    for month in range(span.first, span.last + 1):
        for each, total in totals.items() if month in least else ():
            if each.first == month and each.last <= span.last:
                least[each.last + 1] = min(least.get(each.last + 1, np.inf), least[month] + total)
    return least.get(span.last + 1, np.inf)


def _still_withheld(
    earlier: pd.DataFrame | None, cells: Sequence[Cell], before: pd.DataFrame, policy: AudiencePolicy
) -> list[Cell]:
    """The ward figures of the windows shown that packs before withheld and that are in no pack yet, each once."""
    if earlier is None or earlier.empty:
        return []
    told = {cell.place for cell in (*cells, *before["cell"])}
    wards = earlier[(earlier["breakdown"] == "ward") & (earlier["status"] == "suppressed")]
    left = {cell.place: cell for cell in cells_of(wards[shown_lengths(wards, policy)])}
    return [cell for key, cell in left.items() if key not in told]


def _earlier_withheld(tables: Tables, still: Sequence[Cell], before: pd.DataFrame, policy: AudiencePolicy) -> None:
    """Add what packs before have withheld: this one must not give it away. How small it was is not known here, so its
    interval may be narrow where it cannot be small."""
    totals = {(cell.measure, cell.span): cell.value for cell in before.loc[before["breakdown"] == "total", "cell"]}
    for cell in still:
        parts = tables.counts_of(*cell.place)
        tables.add(
            parts, cell.value, WITHHELD, _asked(cell, False, policy, totals.get((cell.measure, cell.span), np.inf))
        )


def _weights(rows: pd.DataFrame, groups: Sequence[Sequence[int]]) -> np.ndarray:
    """What withholding a group loses: its rows, then by how much they count; a true zero only where nothing else will
    do."""
    size = rows[["current", "previous"]].astype("float64").sum(axis=1).to_numpy()
    sizes = np.array([size[group].max() for group in groups])
    return np.where(sizes == 0, len(groups), 1 + sizes / (sizes.sum() + 1))
