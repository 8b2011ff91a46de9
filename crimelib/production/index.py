"""Many packs: the index of a reports folder, and the way from a page back to the same page of the period before.

The index is made of the packs' own records whenever one is published or released. A page links only to an earlier
period that stood beside it when it was made: so no link leads nowhere, and no released pack is touched for a later one.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any

from crimelib.board.narrative import counted
from crimelib.errors import InputError
from crimelib.measures.periods import month_label, parse_period
from crimelib.production.pack import RECORD, locked, read_record
from crimelib.production.pages import PackInfo, render_template
from crimelib.production.standing import DRAFT, day_words, standing_of

INDEX = "index.html"
_MADE_BY = '<meta name="generator" content="crimelib index">'
_PACK = re.compile(r"(?P<period>\d{4}-\d\d)(?P<audience>-[a-z]+)?(?:-r(?P<revision>\d+))?")


@dataclass(frozen=True)
class Entry:
    """A pack in the index; ``href`` is relative to the reports folder."""

    area: str
    period: str
    audience: str
    revision: int
    standing: str
    made: str
    href: str
    illustrative: bool
    pages: int

    @property
    def month(self) -> str:
        return month_label(parse_period(self.period))


def packs_in(out: Path) -> list[Entry]:
    """The packs below a reports folder by area, newest period first; what is no pack, or altered, is left out."""
    found = [_entry(path) for path in out.glob("*/*") if _PACK.fullmatch(path.name)]
    newest = sorted((entry for entry in found if entry), key=lambda entry: (entry.period, entry.revision), reverse=True)
    return sorted(newest, key=lambda entry: (entry.area, entry.audience))


def write_index(out: Path) -> None:
    """Write ``index.html`` over the packs below ``out``, whole or not at all; raises :class:`InputError` where another
    page of that name stands there."""
    with locked(out / INDEX, lambda _: None):
        path = out / INDEX
        if path.exists() and _MADE_BY not in path.read_text(encoding="utf-8", errors="replace")[:2000]:
            raise InputError("is there already and is not an index of packs", where=str(path), fix="move it")
        aside = out / f".{INDEX}.{os.getpid()}"
        try:
            aside.write_text(render_index(packs_in(out)), encoding="utf-8")
            aside.replace(path)
        finally:
            aside.unlink(missing_ok=True)


def render_index(entries: list[Entry]) -> str:
    """The page: a table an area, a row a pack."""
    areas = [(name, list(rows)) for name, rows in groupby(entries, key=lambda entry: entry.area)]
    months = sorted({entry.period for entry in entries})
    ends = [month_label(parse_period(month)) for month in dict.fromkeys([*months[:1], *months[-1:]])]
    places = areas[0][0] if len(areas) == 1 else f"{len(areas)} areas"
    info = PackInfo(places, " to ".join(ends) or "none yet", "", any(entry.illustrative for entry in entries), ())
    drafts = sum(entry.standing == "Draft" for entry in entries)
    lead = f"{counted(len(entries), 'packs')}, {drafts} of them not released yet."
    return render_template(
        "packs.html.j2", info=info, more_style="review.css", title="Community safety packs", lead=lead, areas=areas
    )


def earlier_pages(target: Path) -> dict[str, Any]:
    """The nearest earlier period's pack for the same audience beside ``target``, with the pages that it has; empty
    where there is none."""
    own = _PACK.fullmatch(target.name)
    if own is None:
        return {}
    found = [(match, path) for match, path in _beside(target) if match["period"] < own["period"]]
    same = [(match, path) for match, path in found if match["audience"] == own["audience"] and not match["revision"]]
    if not same:
        return {}
    match, path = max(same, key=lambda each: each[0]["period"])
    pages = sorted(page.name for page in path.glob("*.html"))
    return {"folder": path.name, "period": month_label(parse_period(match["period"])), "pages": tuple(pages)}


def _beside(target: Path) -> Iterator[tuple[re.Match[str], Path]]:
    for path in target.parent.glob("????-??*"):
        match = _PACK.fullmatch(path.name)
        if match and (path / RECORD).is_file():
            yield match, path


def _entry(path: Path) -> Entry | None:
    record = read_record(path)
    if record is None:
        return None
    standing = standing_of(record)
    words = "Draft" if standing.status == DRAFT else f"Released {day_words(standing.released_at)}"
    return Entry(
        record["area"], record["period"], record["audience"], standing.revision, words, day_words(record["made_at"]),
        f"{path.parent.name}/{path.name}/index.html", record["illustrative"], len(record["notebooks"]),
    )  # fmt: skip
