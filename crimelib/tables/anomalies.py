"""Months that look short of data, flagged before anyone reads them as a fall in crime.

A month is measured by the months around it, by the same month a year before and by other areas; only what is far below
all of them is flagged, so that a season, a lockdown or a London-wide fall is not. ``parameters/quality.yml`` has the
thresholds. A flag is a suspicion: it withholds no figure.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pandas as pd

from crimelib.areas import LONDON, AreaBook
from crimelib.settings import Area, GapRule, Gaps, Settings
from crimelib.tables.store import Gap, Store, coded

COLUMNS = ["source", "basis", "area_code", "series", "month", "count", "expected", "reason"]
NEEDED = ["series", "basis", "area_level", "area_code", "month", "count"]
ALL_SERIES = ""
MANY_AREAS = 20  # among so many, an area may stay in the median that it is measured by
SHORT = "far below the months around it, last year's and other areas'"
ABSENT = "no figure of this area, though the months on either side and other areas have one"
HOLE = "in no file at hand, though the months on either side are"
VANISHED = "the category falls to nothing everywhere"


@dataclass(frozen=True)
class Cube:
    """Counts (float, NaN where missing) by month (every one from the first to the last), series and area."""

    months: pd.Index
    series: pd.Index
    areas: pd.Index
    counts: np.ndarray


def suspected_gaps(store: Store, settings: Settings, area: Area) -> pd.DataFrame:
    """The suspected gaps of an area as ``crimelib clean`` found them: ``area_name`` and ``COLUMNS``, a row a series and
    month. An area made of several has the gaps of each."""
    found = [asdict(gap) for gap in gaps_of(store, settings, area)]
    return pd.DataFrame(found, columns=["area_name", *COLUMNS]).astype({"count": "float64", "expected": "float64"})


def gaps_of(store: Store, settings: Settings, area: Area) -> tuple[Gap, ...]:
    """The suspected gaps of an area, or of each of those that it is made of."""
    members = AreaBook.of(settings).members(area)
    return tuple(gap for gap in store.catalogue.suspected_gaps if gap.area_code in members)


def find_gaps(store: Store, settings: Settings, basis: str) -> tuple[Gap, ...]:
    """The suspected gaps in everything stored of boroughs, districts and London on a basis."""
    chosen = [("area_level", "in", ["borough", "district", "london"]), ("basis", "==", basis)]
    found = gaps_in(store.table("counts", chosen, NEEDED, as_codes=True), settings)
    figures = found.astype({"count": object, "expected": object})
    book, rows = AreaBook.of(settings), figures.where(figures.notna(), None).to_dict("records")
    return tuple(_gap(row, book.name_of(row["area_code"])) for row in rows)


def _gap(row: Mapping[str, Any], area_name: str) -> Gap:
    whole = {name: None if row[name] is None else int(row[name]) for name in ("count", "expected")}
    return Gap(**{**row, **whole, "area_name": area_name})


def gaps_in(stored: pd.DataFrame, settings: Settings) -> pd.DataFrame:
    """Suspected gaps in stored counts (``NEEDED``, source and vintage_order) of some areas, each measured by the
    others: ``COLUMNS``, ``series`` "" for all series of a source together, ``count`` and ``expected`` NaN where there
    is no figure."""
    parts = [pd.DataFrame(columns=COLUMNS)]
    if len(stored):
        for (source, basis), rows in latest(coded(stored)).groupby(["source", "basis"], sort=True):
            found = _gaps_of_basis(rows, str(source), settings)
            parts += [part.assign(source=source, basis=basis)[COLUMNS] for part in found if len(part)]
    together = pd.concat(parts[1:] or parts, ignore_index=True)
    return together.sort_values(["source", "basis", "area_code", "month", "series"], ignore_index=True)


def latest(stored: pd.DataFrame) -> pd.DataFrame:
    """The rows of the latest vintage of every source, basis, series, area and month."""
    ordered = stored.sort_values("vintage_order", kind="stable")
    return ordered.drop_duplicates(["source", "basis", "series", "area_code", "month"], keep="last")


def eventful_months(settings: Settings) -> set[str]:
    """The months of events that touch every item."""
    spans = [(event.start[:7], (event.end or event.start)[:7]) for event in settings.events if "all" in event.items]
    return {month for span in spans for month in pd.period_range(*span, freq="M").strftime("%Y-%m")}


def _continued(settings: Settings) -> dict[str, str]:
    """Series that a measure adds up, by the name of the first: a renamed category is not one that disappeared."""
    return {
        series: figures.add[0]
        for item in settings.items.values()
        for measure in item.measures.values()
        for figures in measure.figures
        for series in figures.add
    }


def _gaps_of_basis(rows: pd.DataFrame, source: str, settings: Settings) -> Iterator[pd.DataFrame]:
    """Gaps of one basis: months without any figure, months that are short, categories that disappeared. What all series
    together say of a month is not said again of each."""
    rules, continued, eventful = settings.quality.gaps, _continued(settings), eventful_months(settings)
    whole = _cube(rows, lambda series: ALL_SERIES)
    said = [*_missing(whole)]
    if source in rules.whole_sources:
        said.append(_short(whole, rules.whole, rules, eventful))
    by_series = _cube(rows, lambda series: continued.get(series, series))
    gone = _vanished(by_series, rules)
    months = pd.concat(said)[["area_code", "month"]].drop_duplicates()
    yield from said
    for part in (gone, _without(_short(by_series, rules.series, rules, eventful), gone)):
        yield _without(part, months)


def _cube(rows: pd.DataFrame, counted_under: Callable[[str], str]) -> Cube:
    """The counts of rows whose labels are categories, each series under the name that ``counted_under`` gives it."""
    labels = [rows[name].cat.remove_unused_categories() for name in ("month", "series", "area_code")]
    month, series, area = (each.cat.categories for each in labels)
    months = pd.period_range(month.min(), month.max(), freq="M").strftime("%Y-%m")
    names = pd.Index([counted_under(name) for name in series])
    axes = months, names.unique().sort_values(), area
    places = (axis.get_indexer(found) for axis, found in zip(axes, (month, names, area), strict=True))
    shape = tuple(map(len, axes))
    cells = np.ravel_multi_index([place[each.cat.codes] for place, each in zip(places, labels, strict=True)], shape)
    counts, rows_in = (np.bincount(cells, weights, np.prod(shape)) for weights in (rows["count"], None))
    return Cube(*axes, np.where(rows_in > 0, counts, np.nan).reshape(shape))


def _listed(cube: Cube, flags: np.ndarray, reason: str, expected: np.ndarray | None = None) -> pd.DataFrame:
    """A row for each month, series and area that is flagged."""
    month, series, area = np.nonzero(flags)
    return pd.DataFrame(
        {
            "area_code": cube.areas[area],
            "series": cube.series[series],
            "month": cube.months[month],
            "count": cube.counts[flags],
            "expected": np.round(expected[flags]) if expected is not None else np.full(len(month), np.nan),
            "reason": reason,
        }
    )


def _without(rows: pd.DataFrame, said: pd.DataFrame) -> pd.DataFrame:
    """The rows whose area and month (and series, where both have one) are not among those already said."""
    keys = [name for name in ("area_code", "month", "series") if name in said]
    known = set(said[keys].itertuples(index=False, name=None))
    new = [key not in known for key in rows[keys].itertuples(index=False, name=None)]
    return rows[np.array(new, dtype=bool)]


def _missing(whole: Cube) -> Iterator[pd.DataFrame]:
    """Months between an area's first and last without any figure of it: in no file, or left out for this area alone."""
    there = ~np.isnan(whole.counts)
    before, after = np.maximum.accumulate(there, axis=0), np.maximum.accumulate(there[::-1], axis=0)[::-1]
    holes = ~there & before & after
    anywhere = there.any(axis=2, keepdims=True)
    yield _listed(whole, holes & ~anywhere, HOLE)
    yield _listed(whole, holes & anywhere, ABSENT)


def _short(cube: Cube, rule: GapRule, rules: Gaps, eventful: set[str]) -> pd.DataFrame:
    """Months far below what they may be measured by."""
    expected = _expected(cube, rules.neighbour_months)
    distance = np.log((cube.counts + 0.5) / (expected + 0.5))
    strays = 1.4826 * _median(np.abs(distance - _median(distance, 0)), 0)
    chance = np.sqrt(1.5 / np.maximum(expected, 1))
    far = distance < -rule.spreads * np.fmax(strays, chance)
    shares = np.where(cube.months.isin(list(eventful)), rule.most_share * rules.in_events, rule.most_share)
    flags = far & (cube.counts <= shares[:, None, None] * expected) & (expected >= rule.least_expected)
    return _listed(cube, flags, SHORT, expected)


def _expected(cube: Cube, neighbour_months: int) -> np.ndarray:
    """The least that a month may be measured by: the months around it, the same moved as a year before, and the same
    moved as the other areas."""
    around = _around(cube.counts, neighbour_months)
    moved = (cube.counts + 0.5) / (around + 0.5)
    by_last_year, by_others = around * _earlier(moved, 12), around * _others(moved, list(cube.areas))
    return np.fmin(around, np.fmin(by_last_year, by_others))


def _around(counts: np.ndarray, months: int) -> np.ndarray:
    """The median of the months on either side; NaN where fewer than two of them are there."""
    near = np.stack([_earlier(counts, sign * step) for step in range(1, months + 1) for sign in (1, -1)])
    return np.where((~np.isnan(near)).sum(axis=0) >= 2, _median(near, 0), np.nan)


def _others(moved: np.ndarray, areas: list[str]) -> np.ndarray:
    """For each area how the others moved: London where it is there, otherwise the median of the other areas; NaN for
    London itself and where there is no other."""
    result = np.full_like(moved, np.nan)
    london = moved[:, :, areas.index(LONDON)] if LONDON in areas else np.full(moved.shape[:2], np.nan)
    parts = [place for place, area in enumerate(areas) if area != LONDON]
    together = _median(moved[:, :, parts], 2) if len(parts) > MANY_AREAS else None
    for place in parts:
        rest = together if together is not None else _median_of_rest(moved, parts, place)
        result[:, :, place] = np.where(np.isnan(london), rest, london)
    return result


def _median_of_rest(moved: np.ndarray, parts: list[int], place: int) -> np.ndarray:
    rest = [other for other in parts if other != place]
    return _median(moved[:, :, rest], 2) if rest else np.full(moved.shape[:2], np.nan)


def _vanished(cube: Cube, rules: Gaps) -> pd.DataFrame:
    """Categories that London (or all areas at hand together) had in each of twelve months, and since then no longer
    has: zeros, or no row where other categories have theirs."""
    codes = list(cube.areas)
    everywhere = np.nan_to_num(cube.counts)[:, :, [codes.index(LONDON)] if LONDON in codes else slice(None)].sum(axis=2)
    covered = (~np.isnan(cube.counts)).any(axis=(1, 2))[:, None]
    earlier = np.stack([_earlier(everywhere, months) for months in range(1, 13)])
    nothing = covered & (everywhere == 0)
    gone = nothing & (np.nan_to_num(earlier).min(axis=0) >= rules.vanished_from)
    for month in range(1, len(gone)):
        gone[month] |= gone[month - 1] & nothing[month]
    return _listed(cube, np.repeat(gone[..., None], len(codes), axis=2), VANISHED)


def _earlier(values: np.ndarray, months: int) -> np.ndarray:
    """Each row's values some months before (after, if negative); NaN beyond the ends."""
    result = np.full(values.shape, np.nan)
    if abs(months) < len(values):
        first, last = max(months, 0), len(values) + min(months, 0)
        result[first:last] = values[first - months : last - months]
    return result


def _median(values: np.ndarray, axis: int) -> np.ndarray:
    """The median along an axis; NaN where there is no value."""
    ordered = np.sort(values, axis)  # NaN last
    there = (~np.isnan(values)).sum(axis, keepdims=True)
    middle = (np.take_along_axis(ordered, np.maximum(place, 0), axis) for place in ((there - 1) // 2, there // 2))
    return (sum(middle) / 2).squeeze(axis)
