"""What the board must know of the data behind a pack: files, months, gaps, rows set aside."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from crimelib.board.tables import Table, plain_table
from crimelib.board.text import Text
from crimelib.tables.quality import coverage, gaps

if TYPE_CHECKING:
    from crimelib.board.item import Board

QUARTERLY = {"mopac_pas"}


def files_table(board: Board) -> Table:
    """A line a source and vintage: how many files, which months, which are missing between them, rows set aside."""
    sources = board.settings.sources.sources
    rows = []
    for (source, vintage), group in coverage(board.store.catalogue, board.store.folder).groupby(
        ["source", "vintage"], sort=False
    ):
        months = sorted({month for listed in group["months"] for month in listed})
        missing = [] if source in QUARTERLY else gaps(months)
        rows.append(
            {
                "Source": sources[str(source)].title,
                "Vintage": vintage,
                "Files": len(group),
                "First month": months[0] if months else "none",
                "Last month": months[-1] if months else "none",
                "Missing between": ", ".join(missing) or "none",
                "Rows set aside": int(group["rejected_count"].sum()),
            }
        )
    return plain_table(pd.DataFrame(rows), caption="Files behind this pack")


def set_aside(board: Board) -> Table | Text:
    """Rows set aside, by source and reason."""
    rejected = board.store.table("rejected")
    if rejected.empty:
        return Text(("No row was set aside.",))
    counted = rejected.groupby(["source", "reason"], as_index=False).size()
    titles = {name: each.title for name, each in board.settings.sources.sources.items()}
    rows = counted.assign(source=counted["source"].map(titles)).set_axis(["Source", "Reason", "Rows"], axis="columns")
    return plain_table(rows, caption="Rows set aside, by reason")


def left_out(board: Board) -> Text:
    """Files that were left out, and why."""
    lines = tuple(f"{label}: {reason}." for label, reason in board.store.catalogue.left_out)
    return Text(lines or ("No file was left out.",), bullet="- ")
