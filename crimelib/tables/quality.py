"""What the data at hand are like: files, months, gaps, rows set aside."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pandas as pd

from crimelib.tables.store import PARTS, Catalogue


def quality_lines(catalogue: Catalogue, processed: Path) -> Iterator[str]:
    """A line a source and vintage: the months that its files cover, the gaps in them, rows set aside; and a line a
    file left out."""
    if catalogue.is_illustrative:
        yield "These figures are illustrative, not real."
    table = coverage(catalogue, processed)
    for (source, vintage), group in table.groupby(["source", "vintage"], sort=False):
        yield f"{source} {vintage}: {_files(len(group))}, {_months_covered(group)}{_set_aside(group)}"
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


def _months(processed: Path, tables: dict[str, str]) -> list[str]:
    for name, column in (("counts", "month"), ("perception", "quarter_end")):
        if name in tables:
            part = pd.read_parquet(processed / PARTS / tables[name], columns=[column])
            return sorted(part[column].unique())
    return []


def _files(number: int) -> str:
    return "1 file" if number == 1 else f"{number} files"


def _months_covered(group: pd.DataFrame) -> str:
    months = sorted({month for listed in group["months"] for month in listed})
    if not months:
        return "no monthly figures"
    quarterly = group["source"].iloc[0] == "mopac_pas"
    missing = [] if quarterly else gaps(months)
    hole = f", no figure for {', '.join(missing)}" if missing else ""
    return f"{months[0]} to {months[-1]}{hole}"


def _set_aside(group: pd.DataFrame) -> str:
    number = int(group["rejected_count"].sum())
    return f", {number:,} rows set aside" if number else ""
