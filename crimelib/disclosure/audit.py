"""The attack on a pack, with nothing but what is published: every withheld figure bounded from all the others.

Written apart from the code that protects, and without the true counts: it reads the files of a pack and of those before
it, sets up what a reader could (wards are no more than their borough, parts add up to the whole, windows share months)
and asks a linear programme how much is known of every withheld figure.
"""

from __future__ import annotations

import csv
import json
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from html import unescape
from pathlib import Path

import numpy as np
from scipy.optimize import linprog
from scipy.sparse import csr_array, eye_array, hstack, lil_array

from crimelib.measures.periods import parse_period, window_length
from crimelib.settings import AudiencePolicy, Settings

HALVES = {"current": 0, "previous": 12}
DERIVED = ("current", "previous", "change", "pct_change", "ratio_low", "ratio_high", "p_value", "detectable_pct")
CSV_KEY = ("measure", "breakdown", "breakdown_value", "window")
CLOSE = 1e-6


@dataclass(frozen=True)
class Figure:
    """A published or withheld count: a ward (or '' for the borough), a measure and consecutive months."""

    measure: str
    ward: str
    months: range
    value: float | None
    said: str
    long: bool


def audit_pack(pack: Path, predecessors: Sequence[Path], settings: Settings) -> list[str]:
    """What a pack gives away, one line each: a withheld row with a figure in it, in any file; a withheld count that can
    be bounded more tightly than its audience's policy allows, from this pack and its ``predecessors`` together."""
    rows = _rows(pack)
    withheld = [row for row in rows if row["status"] == "suppressed"]
    policy = settings.disclosure.audiences[_audience(pack)]
    before = [row for path in predecessors for row in _rows(path)]
    inside = [*_with_figures(withheld), *_in_other_files(pack, withheld, settings)]
    return [*inside, *attack(rows, before, policy, settings.disclosure.linked)]


def attack(
    rows: Sequence[dict[str, str]],
    before: Sequence[dict[str, str]],
    policy: AudiencePolicy,
    linked: Sequence[Sequence[str]],
) -> list[str]:
    """The withheld counts among ``rows`` of a summary that the published ones bound too tightly, with rows published
    ``before`` as further knowledge; one line each."""
    own = [figure for row in rows for figure in _figures(row, policy)]
    older = [figure for row in before for figure in _figures(row, policy)]
    found = []
    for measures in _families({figure.measure for figure in own if figure.value is None}, linked):
        mine = [figure for figure in own if figure.measure in measures]
        known = [figure for figure in (*mine, *older) if figure.measure in measures and figure.value is not None]
        given = [figure for figure in known if figure not in mine or not figure.ward]
        found += _bounded([figure for figure in mine if figure.value is None], known, given, policy, linked)
    return found


def _audience(pack: Path) -> str:
    return pack.name[8:] or "board"


def _rows(pack: Path) -> list[dict[str, str]]:
    with (pack / "summary.csv").open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def _figures(row: dict[str, str], policy: AudiencePolicy) -> Iterator[Figure]:
    """The two counts of a ward's or borough's row; rows of surveys and of kinds of offence are not part of a table."""
    if row["breakdown"] not in ("ward", "total") or row["item"] == "perception":
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
            yield Figure(row["measure"], row["breakdown_value"], months, float(text) if text else None, said, long)


def _families(measures: Iterable[str], linked: Sequence[Sequence[str]]) -> list[set[str]]:
    """Measures that have to be attacked together."""
    families: list[set[str]] = [set(link) for link in linked if set(link) & set(measures)]
    return families + [{each} for each in sorted(measures) if not any(each in family for family in families)]


class _Knowledge:
    """Everything published about some measures as linear equations over months of wards."""

    def __init__(self, known: Sequence[Figure], withheld: Sequence[Figure], linked: Sequence[Sequence[str]]) -> None:
        self.parts_of = {whole: parts for whole, *parts in linked}
        figures = [*known, *withheld]
        self.edges = sorted({edge for each in figures for edge in (each.months.start, each.months.stop)})
        self.wards: dict[tuple[str, range], set[str]] = defaultdict(set)
        for each in figures:
            if each.ward:
                self.wards[each.measure, each.months].add(each.ward)
        self.columns: dict[tuple[str, str, int], int] = {}
        needed = [each for each in figures if each.ward or self.wards[each.measure, each.months]]
        lines = [self._line(each) for each in needed]
        matrix = lil_array((len(lines), len(self.columns)))
        for place, line in enumerate(lines):
            matrix[place, line] = 1.0
        matrix = csr_array(matrix)
        exact = np.array([each.value is not None and each.ward != "" for each in needed], dtype=bool)
        roof = np.array([each.value is not None and each.ward == "" for each in needed], dtype=bool)
        values = np.array([np.nan if each.value is None else each.value for each in needed])
        self.exact, self.exact_values = matrix[exact], values[exact]
        self.roof, self.roof_values = matrix[roof], values[roof]
        self._reconcile()

    def _line(self, figure: Figure) -> list[int]:
        wards = [figure.ward] if figure.ward else sorted(self.wards[figure.measure, figure.months])
        return [self._column(kind, ward, edge) for ward in wards for kind, edge in self._pieces(figure)]

    def _pieces(self, figure: Figure) -> Iterator[tuple[str, int]]:
        for edge in self.edges:
            if edge in figure.months:
                yield from ((kind, edge) for kind in self.parts_of.get(figure.measure, [figure.measure]))

    def _column(self, *key) -> int:
        return self.columns.setdefault(key, len(self.columns))

    def _reconcile(self) -> None:
        """Where figures do not agree (revised between packs, or from two publishers), take the nearest that do."""
        (exact, counts), roofs = self.exact.shape, self.roof.shape[0]
        empty = csr_array((roofs, 2 * exact))
        solved = linprog(
            np.concatenate([np.zeros(counts), np.ones(2 * exact + roofs)]),
            A_eq=hstack([self.exact, eye_array(exact), -eye_array(exact), csr_array((exact, roofs))], format="csr"),
            b_eq=self.exact_values,
            A_ub=hstack([self.roof, empty, -eye_array(roofs)], format="csr") if roofs else None,
            b_ub=self.roof_values if roofs else None,
            method="highs",
        )
        self.counts = solved.x[:counts]
        self.exact_values = self.exact @ self.counts
        self.roof_values = np.maximum(self.roof_values, self.roof @ self.counts)

    def reaches(self, figures: Sequence[Figure], least: Sequence[float]) -> list[bool]:
        """Which withheld figures can be seen to vary widely enough in worlds where one ward's counts are as high, or as
        low, as can be: it spares most of them a programme of their own."""
        lines = np.zeros((len(figures), len(self.columns)))
        for place, figure in enumerate(figures):
            lines[place, self._line(figure)] = 1.0
        of_ward: dict[str, list[int]] = defaultdict(list)
        for place, figure in enumerate(figures):
            of_ward[figure.ward].append(place)
        pushes = [sign * lines[places].sum(axis=0) for places in of_ward.values() for sign in (1.0, -1.0)]
        worlds = np.array([lines @ self.counts, *(lines @ self._extreme(push) for push in pushes)])
        return list(worlds.max(axis=0) - worlds.min(axis=0) >= np.array(least) - CLOSE)

    def interval(self, figure: Figure) -> tuple[float, float]:
        """The whole numbers between which a withheld figure must lie."""
        line = np.zeros(len(self.columns))
        line[self._line(figure)] = 1.0
        low, high = (self._extreme(sign * line) for sign in (1.0, -1.0))
        return max(0.0, float(np.ceil(low @ line - CLOSE))), float(np.floor(high @ line + CLOSE))

    def _extreme(self, objective: np.ndarray) -> np.ndarray:
        limit = float(self.exact_values.sum() + self.roof_values.sum() + 1000)
        roofs = self.roof.shape[0]
        solved = linprog(
            objective,
            A_eq=self.exact if len(self.exact_values) else None,
            b_eq=self.exact_values if len(self.exact_values) else None,
            A_ub=self.roof if roofs else None,
            b_ub=self.roof_values if roofs else None,
            bounds=(0, limit),
            method="highs",
        )
        if solved.status != 0:
            raise ArithmeticError(f"the audit could not be solved: {solved.message}")
        return solved.x


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
    totals = {(each.measure, each.months): each.value for each in known if not each.ward and each.value is not None}
    least = [min(policy.least_width, totals.get((each.measure, each.months), np.inf)) for each in withheld]
    settled = knowledge.reaches(withheld, least)
    found = []
    for figure, width in ((each, least[place]) for place, each in enumerate(withheld) if not settled[place]):
        low, high = knowledge.interval(figure)
        if high <= 0 or high - low >= width or (low > policy.suppress_to and not figure.long):
            continue
        lowest, highest = _Knowledge(given, withheld, linked).interval(figure)
        if high - low < min(width, highest - lowest):
            found.append(f"{figure.said}: withheld, but what is published puts it between {low:g} and {high:g}")
    return found


def _with_figures(withheld: Iterable[dict[str, str]]) -> Iterator[str]:
    for row in withheld:
        if figures := [column for column in (*DERIVED, "signal") if row[column]]:
            yield f"summary.csv: {row['measure']}, {row['breakdown_label']}, {row['window']}: has a {figures[0]}"


def _in_other_files(pack: Path, withheld: Sequence[dict[str, str]], settings: Settings) -> Iterator[str]:
    """Withheld ward rows that stand with figures in a table, a chart's data or a CSV of any file of the pack."""
    labels = {name: each.label for item in settings.items.values() for name, each in item.measures.items()}
    hidden: dict[str, dict[str, str]] = defaultdict(dict)
    for row in withheld:
        if row["window"] == "rolling_12" and row["measure"] in labels:
            names = {row["breakdown_value"]: row["breakdown_label"], row["breakdown_label"]: row["breakdown_label"]}
            hidden[f"{labels[row['measure']]} by ward"].update(names)
    for path in sorted(path for path in pack.rglob("*") if path.suffix in (".html", ".ipynb", ".csv")):
        name = path.relative_to(pack).as_posix()
        if path.suffix == ".csv":
            found = _in_csv(path, {tuple(row[column] for column in CSV_KEY) for row in withheld})
        elif path.suffix == ".html":
            found = _in_tables(path.read_text(encoding="utf-8"), hidden)
        else:
            found = _in_outputs(json.loads(path.read_text(encoding="utf-8")), hidden)
        yield from (f"{name}: {what}: withheld in summary.csv, but there with a figure" for what in found)


def _in_csv(path: Path, withheld: set[tuple[str, ...]]) -> Iterator[str]:
    with path.open(encoding="utf-8", newline="") as stream:
        reader = csv.DictReader(stream)
        if path.name == "summary.csv" or not set(CSV_KEY) <= set(reader.fieldnames or ()):
            return
        for row in reader:
            if tuple(row[column] for column in CSV_KEY) in withheld and any(row.get(column) for column in DERIVED):
                yield ", ".join(row[column] for column in CSV_KEY)


def _in_tables(page: str, hidden: dict[str, dict[str, str]]) -> Iterator[str]:
    for table in re.findall(r"<table.*?</table>", page, re.DOTALL):
        caption = _words("".join(re.findall(r"<caption.*?</caption>", table, re.DOTALL)))
        wards = next((names for title, names in hidden.items() if caption.startswith(title)), {})
        for line in re.findall(r"<tr.*?</tr>", table, re.DOTALL):
            first, *others = [_words(cell) for cell in re.findall(r"<t[hd].*?</t[hd]>", line, re.DOTALL)] or [""]
            if first in wards and any(re.search(r"\d", cell) for cell in others):
                yield f"{caption}: {first}"


def _words(markup: str) -> str:
    return unescape(re.sub(r"<[^>]*>", "", markup)).strip()


def _in_outputs(notebook: dict, hidden: dict[str, dict[str, str]]) -> Iterator[str]:
    for output in (output for cell in notebook["cells"] for output in cell.get("outputs", ())):
        for kind, data in output.get("data", {}).items():
            if kind == "text/html":
                yield from _in_tables("".join(data), hidden)
            elif isinstance(data, dict):
                title = str(data.get("title", ""))
                wards = next((names for start, names in hidden.items() if title.startswith(start)), {})
                yield from (f"{title}: {wards[ward]}" for ward in _drawn(data, wards))


def _drawn(data: object, wards: dict[str, str]) -> Iterator[str]:
    """The withheld wards that a chart's specification has a row of figures for."""
    if isinstance(data, list):
        for each in data:
            yield from _drawn(each, wards)
    elif isinstance(data, dict):
        figures = [data.get(name) for name in (*DERIVED, "value", "count", "rate")]
        if any(isinstance(figure, int | float) for figure in figures):
            yield from (each for each in data.values() if isinstance(each, str) and each in wards)
        for each in data.values():
            yield from _drawn(each, wards)
