"""Rows set aside with their reasons, and the share of them at which a file of one row per event is refused."""

from __future__ import annotations

import pandas as pd

from crimelib.sources.discovery import REJECTED_COLUMNS, RawFile, no_rejections, shortened

MAX_REJECTED_SHARE = 0.01
MOST_TOLD = 40


def rejections(rows: pd.DataFrame, wrong: pd.Series, column: str, reason: str, *, quote: bool) -> pd.DataFrame:
    """The rejected rows (line, column, value, reason) for one rule; ``quote`` only what cannot be about a person."""
    bad = rows[wrong]
    if bad.empty:
        return no_rejections()
    values = bad[column].map(shortened) if quote else ""
    return pd.DataFrame({"line": bad["line"], "column": column, "value": values, "reason": reason})


def gathered(parts: list[pd.DataFrame]) -> pd.DataFrame:
    """Rejections of several rules as one table, each line once, by the first rule that it broke."""
    kept = [part for part in parts if not part.empty]
    if not kept:
        return no_rejections()
    together = pd.concat(kept, ignore_index=True).drop_duplicates("line")
    return together.sort_values("line", ignore_index=True)[REJECTED_COLUMNS]


def refuse_when_many(file: RawFile, rejected: pd.DataFrame, rows: int) -> None:
    """Refuse the file when more than 1% of its rows are set aside."""
    if len(rejected) > MAX_REJECTED_SHARE * rows:
        refuse_first(file, rejected, f"{len(rejected):,} of {rows:,} rows are wrong, more than 1%; the first: ")


def refuse_first(file: RawFile, rejected: pd.DataFrame, before: str = "") -> None:
    """Refuse the file by the first rejected row, if there is one."""
    if rejected.empty:
        return
    first = rejected.iloc[0]
    raise file.refusal(
        f"{before}{first['reason']}",
        line=int(first["line"]),
        column=first["column"],
        value=first["value"] or None,
        fix="correct the file or ask for it again",
    )


def refuse_all(file: RawFile, rejected: pd.DataFrame) -> None:
    """Refuse the file for its rejected rows, each with its line, column and reason."""
    if len(rejected) < 2:
        return refuse_first(file, rejected)
    told = [f"{file.place(row.line, row.column)}: {row.reason}" for row in rejected.head(MOST_TOLD).itertuples()]
    more = f"; and {len(rejected) - MOST_TOLD:,} more" if len(rejected) > MOST_TOLD else ""
    raise file.refusal(
        f"{len(rejected):,} rows are refused ({'; '.join(told)}{more})", fix="correct the file or ask for it again"
    )
