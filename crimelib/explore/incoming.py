"""A file that somebody has in hand: what it would change, before it is taken in."""

from __future__ import annotations

import os
import re
import tempfile
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from crimelib.errors import InputError
from crimelib.explore.workspace import Workspace
from crimelib.sources.discovery import Cleaned, RawFile
from crimelib.sources.registry import MODULES, reader_of
from crimelib.tables.clean import clean, file_hash
from crimelib.tables.schemas import validated
from crimelib.tables.store import as_texts

VINTAGE = r"\d{4}-(0[1-9]|1[0-2])(-\d\d)?"
KEY = ["series", "basis", "area_code", "month"]
MOST_LISTED = 12


@dataclass(frozen=True)
class Incoming:
    """A file as given: the source that it is said to be of, the vintage (the date it was fetched), name and bytes."""

    source: str
    vintage: str
    name: str
    content: bytes

    def check(self) -> None:
        """Refuse what cannot stand in the raw folder: :class:`InputError`."""
        if self.source not in MODULES:
            raise InputError(f"no source is called {self.source!r}", where="source", fix=f"known: {', '.join(MODULES)}")
        if not re.fullmatch(VINTAGE, self.vintage):
            raise InputError(f"vintage {self.vintage!r} is not a date", where="vintage", fix="write it as 2026-11-22")
        bad = not self.name.isprintable() or any(char in self.name for char in '/\\:*?"<>|')
        if bad or not self.name or self.name.startswith((".", "~")) or len(self.name.encode()) > 200:
            raise InputError(f"{self.name!r} is no file name", where="file", fix="keep the publisher's own file name")


@dataclass(frozen=True)
class Preview:
    """What a file would change: ``lines`` in words, ``revised`` counts (series, area, month, was, would be) and
    ``rejected`` rows (line, column, value, reason)."""

    lines: tuple[str, ...]
    revised: pd.DataFrame
    rejected: pd.DataFrame


def preview(workspace: Workspace, file: Incoming) -> Preview:
    """Read a file aside and say what taking it in would change. Raises :class:`InputError` where it is refused."""
    file.check()
    with tempfile.TemporaryDirectory(prefix="crimelib-incoming-") as folder:
        path = _laid(Path(folder), file)
        cleaned = reader_of(file.source)(RawFile(path, file.source, file.vintage), workspace.settings)
        tables = {name: as_texts(validated(name, table)) for name, table in cleaned.tables.items()}
        known = {entry.sha256: entry for entry in workspace.store.catalogue.entries if entry.source == file.source}
        same = known.get(file_hash(path))
    counts = tables.get("counts", pd.DataFrame())
    revised = _revised(workspace, file.source, counts)
    lines = [*_about(tables), *_news(workspace, file.source, counts), *_revised_words(revised), *_set_aside(cleaned)]
    if same is not None:
        lines.insert(0, f"The same bytes are here already, as {same.source}/{same.vintage}.")
    if workspace.store.catalogue.is_illustrative:
        lines.append("It would be the first real file: the illustrative ones would all be left out.")
    return Preview(tuple(lines), revised, cleaned.rejected)


def accept(raw: Path, processed: Path, workspace: Workspace, file: Incoming) -> Path:
    """Lay a file in the raw folder and clean again; the path below ``raw``. Nothing is written over, and a file that
    cannot be cleaned with the others is taken out again: :class:`InputError`."""
    file.check()
    folder = raw / file.source / file.vintage
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / file.name
    aside = folder / f".{os.getpid()}.incoming"
    aside.write_bytes(file.content)
    try:
        os.link(aside, path)
    except FileExistsError:
        where = f"{file.source}/{file.vintage}"
        raise InputError(f"{file.name!r} is there already", where=where, fix="give another vintage") from None
    finally:
        aside.unlink()
    try:
        clean(raw, processed, workspace.settings)
    except BaseException:
        path.unlink()
        raise
    return path.relative_to(raw)


def _laid(folder: Path, file: Incoming) -> Path:
    path = folder / file.source / file.vintage / file.name
    path.parent.mkdir(parents=True)
    path.write_bytes(file.content)
    return path


def _about(tables: dict[str, pd.DataFrame]) -> list[str]:
    sizes = ", ".join(f"{name.replace('_', ' ')}: {len(table):,} rows" for name, table in tables.items())
    counts = tables.get("counts")
    if counts is None or counts.empty:
        return [f"It reads well ({sizes})."]
    areas = counts.loc[counts["area_level"] != "ward", "area_code"].nunique()
    span = f"{counts['month'].min()} to {counts['month'].max()}"
    return [f"It reads well ({sizes}): {counts['series'].nunique()} series, {areas} areas, {span}."]


def _stored(workspace: Workspace, source: str) -> pd.DataFrame:
    """The newest stored counts of a source."""
    stored = workspace.store.table("counts")
    rows = stored[stored["source"] == source] if len(stored) else pd.DataFrame(columns=[*KEY, "count", "vintage_order"])
    return rows.sort_values("vintage_order", kind="stable").drop_duplicates(KEY, keep="last")


def _news(workspace: Workspace, source: str, counts: pd.DataFrame) -> list[str]:
    if counts.empty:
        return []
    stored = _stored(workspace, source)
    said = []
    for column, words in (("month", "months"), ("series", "series"), ("area_code", "areas")):
        fresh = sorted(set(counts[column]) - set(stored[column]))
        more = f" and {len(fresh) - MOST_LISTED} more" if len(fresh) > MOST_LISTED else ""
        if fresh:
            said.append(f"New {words}: {', '.join(fresh[:MOST_LISTED])}{more}.")
    return said or ["No month, series or area is new."]


def _revised(workspace: Workspace, source: str, counts: pd.DataFrame) -> pd.DataFrame:
    columns = ["series", "area", "month", "was", "would be"]
    if counts.empty:
        return pd.DataFrame(columns=columns)
    both = counts.merge(_stored(workspace, source)[[*KEY, "count"]], on=KEY, suffixes=("", "_stored"))
    changed = both[both["count"] != both["count_stored"]]
    table = changed[["series", "area_name", "month", "count_stored", "count"]].set_axis(columns, axis="columns")
    return table.sort_values(["month", "series", "area"], ascending=[False, True, True], ignore_index=True)


def _revised_words(revised: pd.DataFrame) -> list[str]:
    if revised.empty:
        return ["No count that is here already would change."]
    return [
        f"{len(revised):,} counts would change, in the months {revised['month'].min()} to {revised['month'].max()}."
    ]


def _set_aside(cleaned: Cleaned) -> list[str]:
    if cleaned.rejected.empty:
        return ["No row would be set aside."]
    reasons = cleaned.rejected.groupby("reason").size().sort_values(ascending=False)
    told = "; ".join(f"{reason}: {number:,}" for reason, number in reasons.head(MOST_LISTED).items())
    return [f"{len(cleaned.rejected):,} rows would be set aside ({told})."]
