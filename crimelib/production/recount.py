"""The figures of a summary counted again by another path: SQL on the stored Parquet, nothing of `crimelib.measures`.

The rules are those of ``docs/methods.md``, written a second time on purpose: of several vintages of a month the latest
that has the measure counts, both halves of a comparison come from one basis, a missing month is never a zero, and an
area made of others is given only where all of them are. Two ways that agree are worth more than one that is shared.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from crimelib.settings import Area, Break, Figures, Settings
from crimelib.tables.store import PARTS, Catalogue

WINDOW_LENGTHS = {"month": 1, "quarter": 3, "rolling_12": 12}
_YEAR = 12

_READ = """
with read as (
    select entries.source, entries.vintage_order, stored.*,
        entries.position as file, stored.file_row_number as line
    from read_parquet($parts, filename = true, file_row_number = true) as stored
    join entries on entries.part = stored.filename
)"""

_COUNTS = f"""{_READ},
once as (
    select * from read where area_code in (select member from members)
    qualify row_number() over (
        partition by source, vintage_order, series, basis, area_code, month order by file desc, line desc) = 1
),
whole as (
    select source, vintage_order, series, basis, members.area, month, sum(count) as count
    from once join members on members.member = once.area_code
    group by all having count(*) = any_value(members.size)
),
summed as (
    select alternative, term, basis, area, month, vintage_order, sum(count * weight) as count
    from whole join terms using (series) group by alternative, term, basis, area, month, vintage_order
    qualify max(max(weight)) over (partition by alternative, term, basis) > 0
),
latest as (
    select alternative, term, basis, area, month, arg_max(count, vintage_order) as count from summed group by all
),
taken_basis as (
    select alternative, term, arg_max(basis, bases.preference) as basis
    from latest join bases using (basis) where term > 0 group by all
),
taken as (
    select alternative, area, month, sum(count) as count, count(*) as terms
    from latest join taken_basis using (alternative, term, basis) group by all
),
monthly as (
    select latest.alternative, latest.basis, latest.area, latest.month, latest.count - coalesce(taken.count, 0) as count
    from latest
    join (select alternative, max(term) as to_take from terms group by all) using (alternative)
    left join taken using (alternative, area, month)
    where latest.term = 0 and coalesce(taken.terms, 0) = to_take
)
select alternative, area, basis, span,
    (sum(count) filter (half = 'current'))::bigint, count(*) filter (half = 'current'),
    (sum(count) filter (half = 'previous'))::bigint, count(*) filter (half = 'previous')
from monthly join spans using (month) join bases using (basis)
group by all order by alternative, any_value(bases.preference) desc
"""

_LOOKUP = f"""{_READ}
select ward_set, lsoa_code, min(ward_code) from (
    select * from read where borough_code = $area
    qualify vintage_order = max(vintage_order) over (partition by ward_set)
) group by all
"""

_PLACED = f"""{_READ},
here as (
    select month, lsoa_code, series, count from read where area_code = $area
    qualify vintage_order = max(vintage_order) over (partition by month)
),
wards as (select distinct ward_set, ward from lookup),
covered as (
    select ward_set, month
    from here cross join (select distinct ward_set from lookup)
    left join lookup using (ward_set, lsoa_code)
    group by all having coalesce(sum(count) filter (ward is not null), 0) >= $least * sum(count)
),
in_use as (select distinct month, series from here),
placed as (
    select ward_set, ward, month, series, sum(count) as count from here join lookup using (lsoa_code) group by all
),
monthly as (
    select alternative, ward, month, sum(coalesce(placed.count, 0)) as count
    from covered join wards using (ward_set) join in_use using (month) join terms using (series)
    left join placed using (ward_set, ward, month, series)
    group by all
)
select alternative, ward, 'police_uk', span,
    (sum(count) filter (half = 'current'))::bigint, count(*) filter (half = 'current'),
    (sum(count) filter (half = 'previous'))::bigint, count(*) filter (half = 'previous')
from monthly join spans using (month) group by all
"""

_PERCEPTION = f"""{_READ}
select measure, quarter_end, proportion from read
where area_code = $area and quarter_end <= $period
qualify row_number() over (partition by measure, quarter_end order by vintage_order desc, file desc, line desc) = 1
order by quarter_end
"""


@dataclass(frozen=True)
class Line:
    """What is counted: a measure, or a part or ward of it, in one area."""

    item: str
    measure: str
    breakdown: str
    value: str
    area: str
    figures: tuple[Figures, ...]
    breaks: tuple[Break, ...]

    @property
    def key(self) -> tuple[str, str, str, str]:
        """How the summary names it."""
        return self.item, self.measure, self.breakdown, self.value


@dataclass(frozen=True)
class Recount:
    """Two counts (or proportions) and the status that the summary must give them; None where it may give none."""

    current: float | None
    previous: float | None
    status: str


@dataclass(frozen=True)
class _Option:
    """One basis of one alternative over one window: sums, and in how many months there is a figure."""

    basis: str
    current: int | None
    current_months: int
    previous: int | None
    previous_months: int


def month_number(month: str) -> int:
    """Months since the year 0 of a month written ``2021-11``."""
    return int(month[:4]) * 12 + int(month[5:]) - 1


def month_name(number: int) -> str:
    """The month written ``2021-11``."""
    return f"{number // 12:04}-{number % 12 + 1:02}"


def window_size(period: str, window: str) -> int:
    """Months in a window; the financial year begins in April."""
    return (int(period[5:]) - 4) % 12 + 1 if window == "ytd" else WINDOW_LENGTHS[window]


def recount(
    processed: Path, catalogue: Catalogue, settings: Settings, area: Area, members: Sequence[str], period: str,
    lines: Sequence[Line],
) -> dict[tuple[str, ...], Recount]:  # fmt: skip
    """The figures of each line over each window by ``(item, measure, breakdown, value, window)``; ``members`` are the
    codes that make the area up."""
    numbered = [
        (line, tuple(f"{place}/{rank}" for rank in range(len(line.figures)))) for place, line in enumerate(lines)
    ]
    tables = {
        "members": [*_members(area, members, settings)],
        "terms": [row for line, names in numbered for row in _terms(names, line.figures)],
        "bases": [{"basis": name, "preference": basis.order} for name, basis in settings.sources.bases.items()],
        "spans": [*_spans(period)],
    }
    rows = _query(_COUNTS, processed, catalogue, "counts", tables)
    rows += _placed(processed, catalogue, settings, area, numbered, tables["spans"])
    found: dict[tuple[str, str, str], list[_Option]] = {}
    for alternative, code, basis, span, *figures in rows:
        found.setdefault((alternative, code, span), []).append(_Option(basis, *figures))
    return {
        (*line.key, window): _decided(
            [option for name in names for option in found.get((name, line.area, window), ())], line, period, window
        )
        for line, names in numbered
        for window in (*WINDOW_LENGTHS, "ytd")
    }


def _placed(
    processed: Path, catalogue: Catalogue, settings: Settings, area: Area,
    numbered: Sequence[tuple[Line, tuple[str, ...]]], spans: list[dict[str, object]],
) -> list[tuple[Any, ...]]:  # fmt: skip
    """The wards' counts of data.police.uk, placed through the look-up of LSOAs; nothing is taken away from them."""
    given = {"area": area.code}
    pairs = _query(_LOOKUP, processed, catalogue, "lsoa_ward", {}, given)
    lookup = [{"ward_set": ward_set, "lsoa_code": lsoa, "ward": ward} for ward_set, lsoa, ward in pairs]
    terms = [
        row
        for line, names in numbered
        if line.breakdown == "ward"
        for name, each in zip(names, line.figures, strict=True)
        if not each.subtract
        for row in _terms([name], [each])
    ]
    least = {"least": 1 - settings.police_uk.max_unallocated_share}
    tables = {"lookup": lookup, "terms": terms, "spans": spans}
    return _query(_PLACED, processed, catalogue, "police_uk_lsoa", tables, given | least)


def recount_perception(
    processed: Path, catalogue: Catalogue, settings: Settings, area: Area, period: str
) -> dict[tuple[str, ...], Recount]:
    """The survey's proportions at the last quarter end of the year up to the period, and a year before."""
    waves: dict[str, dict[str, float]] = {measure: {} for measure in settings.perception.measures}
    given = {"area": area.code, "period": period}
    for measure, quarter_end, proportion in _query(_PERCEPTION, processed, catalogue, "perception", {}, given):
        waves.setdefault(measure, {})[quarter_end] = round(proportion, 4)
    return {
        ("perception", measure, "total", "", "rolling_12"): _wave(by_quarter, period)
        for measure, by_quarter in waves.items()
    }


def _wave(by_quarter: dict[str, float], period: str) -> Recount:
    last = max(by_quarter, default="")
    if not last or month_number(last) <= month_number(period) - _YEAR:
        return Recount(None, None, "no_data")
    before = by_quarter.get(month_name(month_number(last) - _YEAR))
    return Recount(None, None, "incomplete") if before is None else Recount(by_quarter[last], before, "ok")


def _decided(options: Sequence[_Option], line: Line, period: str, window: str) -> Recount:
    """The first option with both halves whole; else the first whole one of each half, which do not compare."""
    size = window_size(period, window)
    both = [each for each in options if each.current_months == each.previous_months == size]
    if both:
        broken = _broken(line.breaks, both[0].basis, month_number(period) - _YEAR - size + 1, period)
        return Recount(both[0].current, both[0].previous, "not_comparable" if broken else "ok")
    current = [each.current for each in options if each.current_months == size]
    previous = [each.previous for each in options if each.previous_months == size]
    if current and previous:
        return Recount(current[0], previous[0], "not_comparable")
    return Recount(None, None, "incomplete" if options else "no_data")


def _broken(breaks: Iterable[Break], basis: str, first: int, period: str) -> bool:
    return any(
        each.effect == "not_comparable"
        and month_name(first) < each.month <= period
        and (not each.bases or basis in each.bases)
        for each in breaks
    )


def _members(area: Area, members: Sequence[str], settings: Settings) -> Iterator[dict[str, object]]:
    for code in members:
        yield {"area": area.code, "member": code, "size": len(members)}
    for ward in settings.wards:
        if ward.borough_code == area.code:
            yield {"area": ward.code, "member": ward.code, "size": 1}


def _terms(names: Sequence[str], figures: Sequence[Figures]) -> Iterator[dict[str, object]]:
    """Term 0 is what is added (of weight 0: only looked at for its latest vintage); each series taken away is a term
    of its own, with its own latest vintage."""
    for name, each in zip(names, figures, strict=True):
        for term, all_series in enumerate([each.add, *((series,) for series in each.subtract)]):
            for series in all_series:
                yield {"alternative": name, "term": term, "series": series, "weight": 1}
        for series in each.as_of:
            yield {"alternative": name, "term": 0, "series": series, "weight": 0}


def _spans(period: str) -> Iterator[dict[str, object]]:
    last = month_number(period)
    for window in (*WINDOW_LENGTHS, "ytd"):
        for back in range(window_size(period, window)):
            yield {"span": window, "half": "current", "month": month_name(last - back)}
            yield {"span": window, "half": "previous", "month": month_name(last - back - _YEAR)}


def _query(
    sql: str, processed: Path, catalogue: Catalogue, table: str, tables: dict[str, list[dict[str, object]]],
    values: Mapping[str, object] | None = None,
) -> list[tuple[Any, ...]]:  # fmt: skip
    """The rows of a query over the parts of a stored table that the catalogue lists, in its order."""
    import duckdb
    import pyarrow as pa

    entries = [
        {
            "part": str(processed / PARTS / entry.tables[table]),
            "source": entry.source,
            "vintage_order": entry.order,
            "position": position,
        }
        for position, entry in enumerate(catalogue.entries)
        if table in entry.tables
    ]
    if not entries or not all(tables.values()):
        return []
    with duckdb.connect(config={"threads": 1}) as connection:
        for name, rows in {**tables, "entries": entries}.items():
            connection.register(name, pa.Table.from_pylist(rows))
        given = {"parts": [entry["part"] for entry in entries], **(values or {})}
        return connection.execute(sql, given).fetchall()
