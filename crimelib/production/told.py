"""What ``crimelib run`` says when it is done: what was made, what is still to do, and what comes next."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from crimelib.board.narrative import counted
from crimelib.board.reading import reading_line
from crimelib.measures.periods import month_label
from crimelib.production.run import PackResult, page_name


def run_told(result: PackResult, area: str, period: pd.Period) -> str:
    """``Pack of Bromley, November 2021: 14 pages made in 65 s.``"""
    made, kept = result.pages - len(result.reused), len(result.reused)
    also = f", {kept} as before" if kept else ""
    return f"Pack of {area}, {month_label(period)}: {counted(made, 'pages')} made{also}, in {result.seconds:.0f} s."


def still_to_do(
    uncommented: Sequence[str], comments: str, warnings: Sequence[str], record: Mapping[str, Any]
) -> Iterator[str]:
    """What the analyst should look at before the review, a line each, and how the pack reads. ``uncommented`` items
    count where the pack has their page; ``comments`` is the file to write them in."""
    pages = {page_name(Path(entry["notebook"])) for entry in record.get("notebooks", ())}
    if names := [name.replace("_", " ") for name in uncommented if name in pages]:
        yield f"No comment yet on {', '.join(names)}: write it in {comments}"
    yield from warnings
    if line := reading_line(record.get("reading_age", {})):
        yield line


def next_step(pack: str, failed: Sequence[str]) -> Iterator[str]:
    """The last lines: what the pack is now, and the command that comes next."""
    if failed:
        yield f"{len(failed)} of its pages could not be made: mend what their pages say, then run this again."
        return
    yield "It is a draft, and marked so on every page, until it is reviewed and released. Next:"
    yield f"  crimelib review {pack}"
