"""What the data at hand are like: files, months, gaps, rows set aside."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from pathlib import Path

import pandas as pd

from crimelib.tables.anomalies import ALL_SERIES, HOLE
from crimelib.tables.store import PARTS, Catalogue, Gap, distinct_texts

QUARTERLY = {"mopac_pas"}
MOST_LISTED = 8


def quality_lines(catalogue: Catalogue, processed: Path) -> Iterator[str]:
    """A line a source and vintage: the months that its files cover, the gaps in them, rows set aside; and a line a
    file left out."""
    if catalogue.is_illustrative:
        yield "These figures are illustrative, not real."
    table = coverage(catalogue, processed)
    for (source, vintage), group in table.groupby(["source", "vintage"], sort=False):
        yield f"{source} {vintage}: {_files(len(group))}, {_months_covered(group)}{_set_aside(group)}"
    if missing := holes(table):
        yield f"in no file: {'; '.join(f'{source} {_listed(months)}' for source, months in missing.items())}"
    if words := _gaps_in_words(catalogue.suspected_gaps):
        yield f"suspected gaps: {words}"
    for label, reason in catalogue.left_out:
        yield f"left out: {label} ({reason})"


def coverage(catalogue: Catalogue, processed: Path) -> pd.DataFrame:
    """One row a file: source, vintage, name, first and last month of its counts, the months missing between them, and
    the number of rows set aside."""
    rows = []
    for entry in catalogue.entries:
        months = _months(processed, entry.tables)
        rows.append(
            {
                "source": entry.source,
                "vintage": entry.vintage,
                "name": entry.name,
                "first_month": months[0] if months else "",
                "last_month": months[-1] if months else "",
                "months": months,
                "rejected_count": entry.rejected,
            }
        )
    columns = ["source", "vintage", "name", "first_month", "last_month", "months", "rejected_count"]
    return pd.DataFrame(rows, columns=columns)


def gaps(months: list[str]) -> list[str]:
    """The months that fall between the first and the last and are not there."""
    if not months:
        return []
    whole = pd.period_range(min(months), max(months), freq="M").strftime("%Y-%m")
    return [month for month in whole if month not in set(months)]


def holes(table: pd.DataFrame) -> dict[str, list[str]]:
    """By source the months that no vintage of it has, between the first and the last that one has; from
    :func:`coverage`."""
    monthly = table[~table["source"].isin(QUARTERLY)]
    months = {source: sorted(set().union(*group["months"])) for source, group in monthly.groupby("source")}
    return {str(source): missing for source, covered in months.items() if (missing := gaps(covered))}


def filled_months(stored: pd.DataFrame) -> pd.DataFrame:
    """The months of an area whose newest figures are from an older vintage than files that go around the month
    (``source``, ``basis``, ``month``, ``vintage``): a hole between a publisher's files, filled. ``stored`` are
    its counts, or the keys of their :class:`crimelib.tables.revisions.Releases`."""
    files: dict[tuple[str, str], dict[tuple[int, str], list[str]]] = {}
    for row in stored.itertuples():
        of_source = files.setdefault((row.source, row.basis), {})
        of_source.setdefault((row.vintage_order, row.vintage), []).append(row.month)
    filled = []
    for (source, basis), vintages in files.items():
        spans = {order: (min(months), max(months)) for (order, _), months in vintages.items()}
        newest = {month: vintage for vintage in sorted(vintages) for month in vintages[vintage]}
        for month, (order, vintage) in newest.items():
            if any(first < month < last for later, (first, last) in spans.items() if later > order):
                filled.append((source, basis, month, vintage))
    return pd.DataFrame(filled, columns=["source", "basis", "month", "vintage"])


def unallocated(
    stored: pd.DataFrame, series: Collection[str], borough: str, months: Collection[str]
) -> tuple[int, int] | None:
    """The sum of some series over some months in a borough, and the part of it that is in none of its wards; None
    where no vintage has every month of both."""
    rows = stored[stored["series"].isin(series) & stored["month"].isin(months)]
    rows = rows.drop_duplicates(["vintage_order", "series", "basis", "area_code", "month"], keep="last")
    is_ward = rows["area_level"] == "ward"
    whole, wards = rows[rows["area_code"] == borough], rows[is_ward & (rows["parent_code"] == borough)]
    for vintage in sorted(set(whole["vintage_order"]) & set(wards["vintage_order"]), reverse=True):
        pair = [part[part["vintage_order"] == vintage] for part in (whole, wards)]
        if all(set(part["month"]) == set(months) for part in pair):
            total, placed = (int(part["count"].sum()) for part in pair)
            return total, total - placed
    return None


def _gaps_in_words(found: Iterable[Gap]) -> str:
    """Gaps of a whole source by area, then how many there are in single categories."""
    whole: dict[str, list[str]] = {}
    for gap in found:
        if gap.series == ALL_SERIES and gap.reason != HOLE:
            whole.setdefault(f"{gap.source} {gap.area_name}", []).append(gap.month)
    single = sum(gap.series != ALL_SERIES for gap in found)
    parts = [f"{place} {_listed(months)}" for place, months in list(whole.items())[:MOST_LISTED]]
    parts += [f"{len(whole) - MOST_LISTED} areas more"] if len(whole) > MOST_LISTED else []
    parts += [f"{single} in single categories"] if single else []
    return "; ".join(parts)


def _listed(months: list[str]) -> str:
    return ", ".join(months[:MOST_LISTED]) + (" ..." if len(months) > MOST_LISTED else "")


def _months(processed: Path, tables: dict[str, str]) -> list[str]:
    for name, column in (("partner_returns", "month"), ("counts", "month"), ("perception", "quarter_end")):
        if name in tables:
            return distinct_texts(processed / PARTS / tables[name], column)
    return []


def _files(number: int) -> str:
    return "1 file" if number == 1 else f"{number} files"


def _months_covered(group: pd.DataFrame) -> str:
    months = sorted({month for listed in group["months"] for month in listed})
    if not months:
        return "no monthly figures"
    quarterly = group["source"].iloc[0] in QUARTERLY
    missing = [] if quarterly else gaps(months)
    hole = f", no figure for {', '.join(missing)}" if missing else ""
    return f"{months[0]} to {months[-1]}{hole}"


def _set_aside(group: pd.DataFrame) -> str:
    number = int(group["rejected_count"].sum())
    return f", {number:,} rows set aside" if number else ""
