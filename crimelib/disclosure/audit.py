"""The attack on a pack, with nothing but what is published: every withheld figure bounded from all the others.

Written apart from the code that protects, and without the true counts: it reads the files of a pack and of those before
it, sets up what a reader could (wards are no more than their borough, parts add up to the whole, windows share months)
and asks a linear programme how much is known of every withheld figure. The solver is the protection's, the equations
are not; every world that it finds is checked against the figures here, so that at worst it could raise a false alarm.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache, cached_property
from pathlib import Path

import numpy as np
from scipy.optimize import linprog
from scipy.sparse import csr_array, eye_array, hstack, vstack

from crimelib.disclosure.leaks import FIGURES, leaks
from crimelib.disclosure.programmes import Programme
from crimelib.disclosure.published import Row, published, rows_said, summary_rows
from crimelib.disclosure.statements import Each, statements
from crimelib.measures.periods import parse_period, window_length
from crimelib.settings import AudiencePolicy, Settings

HALVES = {"current": 0, "previous": 12}
CLOSE = 1e-6
AGREES = 1e-4


@dataclass(frozen=True)
class Figure:
    """A published or withheld count: a ward (or '' for the borough), a measure and consecutive months. ``wards`` are
    those that it is of: itself, or all that the borough's pack names, of which the borough counts no fewer."""

    measure: str
    ward: str
    months: range
    value: float | None
    said: str
    long: bool
    wards: Sequence[str]

    @property
    def place(self) -> tuple[str, str, range]:
        """What it counts."""
        return self.measure, self.ward, self.months


def audit_pack(
    pack: Path,
    predecessors: Sequence[Path],
    audience: str,
    settings: Settings,
    read: Callable[[Path, Settings], list[Row]] = published,
    each: Each = map,
) -> list[str]:
    """What a pack gives away, one line each: a withheld row with a figure in it; a withheld figure that stands in any
    of its files; a withheld count, its own or its ``predecessors``', that can be bounded more tightly than its
    audience's policy allows, from all that they and it publish. ``read`` gives what a predecessor has published,
    ``each`` reads every file (see :func:`statements`)."""
    rows, said = summary_rows(pack), [*statements(pack, each)]
    policy = settings.disclosure.audiences[audience]
    before = [row for path in predecessors for row in read(path, settings)]
    inside = [
        *_with_figures(row for row in rows if row["status"] == "suppressed"),
        *leaks(said, rows, settings, policy.over(row["item"] for row in rows)),
    ]
    return [*inside, *attack([*rows, *rows_said(said, rows)], before, policy, settings.disclosure.linked)]


def attack(
    rows: Sequence[dict[str, str]],
    before: Sequence[dict[str, str]],
    policy: AudiencePolicy,
    linked: Sequence[Sequence[str]],
) -> list[str]:
    """The withheld counts among ``rows`` of a summary that the published ones bound too tightly, with rows published
    ``before`` as further knowledge; one line each. What was withheld before over long windows, and is still known to
    nobody, is attacked as well: a new pack must not give away an old one."""
    named = _named_wards([*rows, *before])
    own, older = ([figure for row in each for figure in _figures(row, policy, named)] for each in (rows, before))
    withheld = [figure for figure in own if figure.value is None] + _still_withheld(older, own)
    items: dict[str, set[str]] = defaultdict(set)
    for row in rows:
        items[row["measure"]].add(row["item"])
    found = []
    for measures in _families({figure.measure for figure in withheld}, linked):
        asked = [figure for figure in withheld if figure.measure in measures]
        mine, earlier = (
            [figure for figure in figures if figure.measure in measures and figure.value is not None]
            for figures in (own, older)
        )
        given = [*(figure for figure in mine if not figure.ward), *earlier]
        strictest = policy.over(item for measure in measures for item in items[measure])
        found += _bounded(asked, [*mine, *earlier], given, strictest, linked)
    return found


def _still_withheld(older: Sequence[Figure], own: Sequence[Figure]) -> list[Figure]:
    """The figures of long windows that packs before withheld and no pack shows, each once. How small they were is not
    known here: their intervals may be narrow where they cannot be small, as those of short windows may."""
    told = {figure.place for figure in (*own, *older) if figure.value is not None} | {each.place for each in own}
    left = {each.place: each for each in older if each.value is None and each.long and each.place not in told}
    return [replace(figure, long=False) for figure in left.values()]


def _named_wards(rows: Iterable[dict[str, str]]) -> dict[tuple[str, str], list[str]]:
    """The wards that rows with a figure, or a withheld one, name of a measure in packs of one period."""
    found: dict[tuple[str, str], set[str]] = defaultdict(set)
    for row in rows:
        if row["breakdown"] == "ward" and (row["status"] == "suppressed" or any(str(row[half]) for half in HALVES)):
            found[row["measure"], row["period"]].add(row["breakdown_value"])
    return {key: sorted(wards) for key, wards in found.items()}


def _figures(
    row: dict[str, str], policy: AudiencePolicy, named: Mapping[tuple[str, str], list[str]]
) -> Iterator[Figure]:
    """The two counts of a ward's row, or of a borough's with wards; rows of surveys and of kinds of offence are not
    part of a table."""
    ward = row["breakdown_value"]
    wards = [ward] if ward else named.get((row["measure"], row["period"]))
    if not wards or row["breakdown"] not in ("ward", "total") or row["item"] == "perception":
        return
    end = parse_period(row["period"]).ordinal
    length = window_length(parse_period(row["period"]), row["window"])
    for half, back in HALVES.items():
        months = range(end - back - length + 1, end - back + 1)
        text = str(row[half])
        if text or row["status"] == "suppressed":
            place = row["breakdown_label"] or row["area_name"]
            said = ", ".join([row["measure"], place, row["period"], row["window"], half])
            long = row["window"] in policy.ward_windows
            yield Figure(row["measure"], ward, months, float(text) if text else None, said, long, wards)


def _families(measures: Iterable[str], linked: Sequence[Sequence[str]]) -> list[set[str]]:
    """Measures that have to be attacked together."""
    families = [set(link) for link in linked]
    return families + [{each} for each in sorted(measures) if not any(each in family for family in families)]


class _Knowledge:
    """Everything published about some measures as linear equations over months of wards."""

    def __init__(self, known: Sequence[Figure], withheld: Sequence[Figure], linked: Sequence[Sequence[str]]) -> None:
        self.parts_of = {whole: parts for whole, *parts in linked}
        figures = [*{(each.place, each.value): each for each in known}.values(), *withheld]
        self.edges = sorted({edge for each in figures for edge in (each.months.start, each.months.stop)})
        self.columns: dict[tuple[str, str, int], int] = {}
        lines = [self._line(each) for each in figures]
        matrix = self._matrix(lines)
        exact = np.array([each.value is not None and each.ward != "" for each in figures])
        roof = np.array([each.value is not None and each.ward == "" for each in figures])
        values = np.array([each.value for each in figures], dtype=float)
        self.exact, self.exact_values = matrix[exact], values[exact]
        self.roof, self.roof_values = matrix[roof], values[roof]
        self._reconcile()

    def _matrix(self, lines: Sequence[list[int]]) -> csr_array:
        """Sums of counts, a row each."""
        counts = [len(line) for line in lines]
        rows, columns = np.repeat(np.arange(len(lines)), counts), np.array([each for line in lines for each in line])
        return csr_array((np.ones(len(rows)), (rows, columns)), shape=(len(lines), len(self.columns)))

    def _line(self, figure: Figure) -> list[int]:
        return [self._column(kind, ward, edge) for ward in figure.wards for kind, edge in self._pieces(figure)]

    def _pieces(self, figure: Figure) -> Iterator[tuple[str, int]]:
        first, stop = (bisect_left(self.edges, end) for end in (figure.months.start, figure.months.stop))
        for edge in self.edges[first:stop]:
            yield from ((kind, edge) for kind in self.parts_of.get(figure.measure, [figure.measure]))

    def _column(self, *key) -> int:
        return self.columns.setdefault(key, len(self.columns))

    def _reconcile(self) -> None:
        """Where figures do not agree (revised between packs, or from two publishers), take the nearest that do."""
        (exact, counts), roofs = self.exact.shape, self.roof.shape[0]
        empty = csr_array((roofs, 2 * exact))
        solved = linprog(
            np.concatenate([np.zeros(counts), np.ones(2 * exact + roofs)]),
            A_eq=hstack([self.exact, eye_array(exact), -eye_array(exact), csr_array((exact, roofs))]),
            b_eq=self.exact_values,
            A_ub=hstack([self.roof, empty, -eye_array(roofs)]),
            b_ub=self.roof_values,
        )
        self.counts = solved.x[:counts]
        self.exact_values = self.exact @ self.counts
        self.roof_values = np.maximum(self.roof_values, self.roof @ self.counts)

    def reaches(self, figures: Sequence[Figure], least: Sequence[float]) -> list[bool]:
        """Which withheld figures can be seen to vary widely enough in worlds where one ward's counts are as high, or as
        low, as can be: it spares most of them a programme of their own. A ward that others' worlds have settled needs
        none."""
        lines, needed = self._matrix([self._line(figure) for figure in figures]), np.array(least) - CLOSE
        of_ward: dict[str, list[int]] = defaultdict(list)
        for place, figure in enumerate(figures):
            of_ward[figure.ward].append(place)
        low = high = lines @ self.counts
        for places in of_ward.values():
            for sign in (1.0, -1.0):
                if open_ := [place for place in places if high[place] - low[place] < needed[place]]:
                    world = lines @ self._extreme(sign * lines[open_].sum(axis=0))
                    low, high = np.minimum(low, world), np.maximum(high, world)
        return list(high - low >= needed)

    def interval(self, figure: Figure) -> tuple[float, float]:
        """The whole numbers between which a withheld figure must lie."""
        line = np.zeros(len(self.columns))
        line[self._line(figure)] = 1.0
        low, high = (self._extreme(sign * line) for sign in (1.0, -1.0))
        return max(0.0, float(np.ceil(low @ line - CLOSE))), float(np.floor(high @ line + CLOSE))

    @cached_property
    def programme(self) -> Programme:
        """What the counts of any world that agrees with the figures have to satisfy."""
        lowest = np.concatenate([self.exact_values, np.full(len(self.roof_values), -np.inf)])
        highest = np.concatenate([self.exact_values, self.roof_values])
        return Programme(vstack([self.exact, self.roof], format="csr"), (lowest, highest))

    def _extreme(self, objective: np.ndarray) -> np.ndarray:
        """A world in which an objective is least. It is looked at itself, whoever found it: an interval is as wide as
        two worlds that agree with every figure."""
        limit = float(self.exact_values.sum() + self.roof_values.sum() + 1000)
        number = len(self.columns)
        world = self.programme.least(objective, (np.zeros(number), np.full(number, limit))).x
        apart = np.abs(self.exact @ world - self.exact_values).max(initial=0.0)
        above = (self.roof @ world - self.roof_values).max(initial=0.0)
        if max(apart, above, -world.min()) > AGREES:
            raise ArithmeticError("the audit could not be solved: its world does not agree with the figures")
        return world


def _bounded(
    withheld: Sequence[Figure],
    known: Sequence[Figure],
    given: Sequence[Figure],
    policy: AudiencePolicy,
    linked: Sequence[Sequence[str]],
) -> list[str]:
    """The withheld figures of one family of measures that the ``known`` ones bound too tightly. What is ``given``
    without any ward row of the pack is no fault of its: borough totals, and the true zeros of packs before."""
    if not withheld:
        return []
    knowledge = _Knowledge(known, withheld, linked)
    totals = {(each.measure, each.months): each.value for each in known if not each.ward}
    least = [min(policy.least_width, totals.get((each.measure, each.months), np.inf)) for each in withheld]
    settled = knowledge.reaches(withheld, least)
    alone = cache(lambda: _Knowledge(given, withheld, linked))
    found = []
    for figure, width in ((each, least[place]) for place, each in enumerate(withheld) if not settled[place]):
        low, high = knowledge.interval(figure)
        if high <= 0 or high - low >= width or (low > policy.suppress_to and not figure.long):
            continue
        lowest, highest = alone().interval(figure)
        if high - low < min(width, highest - lowest):
            found.append(f"{figure.said}: withheld, but what is published puts it between {low:g} and {high:g}")
    return found


def _with_figures(withheld: Iterable[dict[str, str]]) -> Iterator[str]:
    for row in withheld:
        if figures := [column for column in (*FIGURES, "signal") if row[column]]:
            yield f"summary.csv: {row['measure']}, {row['breakdown_label']}, {row['window']}: has a {figures[0]}"
