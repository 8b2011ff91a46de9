"""Raw files to tidy tables: every file cleaned or refused, then all of it published at once."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path
from typing import TypeVar

import pandas as pd
from filelock import FileLock

from crimelib.settings import Settings
from crimelib.side_by_side import in_order
from crimelib.sources import partner_returns
from crimelib.sources.discovery import RawFile, discover, without_illustrative
from crimelib.sources.registry import MODULES, reader_of
from crimelib.tables.anomalies import find_gaps
from crimelib.tables.schemas import validated
from crimelib.tables.store import (
    PARTS,
    Catalogue,
    Entry,
    Gap,
    Store,
    coded,
    distinct_texts,
    read_catalogue,
    write_catalogue,
    write_part,
)

PACKAGE = Path(__file__).resolve().parent.parent
_DATED = re.compile(r"(\d{4})-(\d{2})(-\d{2})?")
Progress = Callable[[int, int, str], None]
Key = TypeVar("Key")
WORTH_FORKING = 4_000_000  # bytes of new files, below which a second process costs more than it brings
WORTH_FORKING_STORED = 1_000_000  # the same of what is stored of them


@dataclass(frozen=True)
class CleanResult:
    """What a clean did: the new catalogue, and how many of its files were cleaned now rather than reused."""

    catalogue: Catalogue
    cleaned: int


def clean(raw: Path, processed: Path, settings: Settings, progress: Progress | None = None) -> CleanResult:
    """Clean every file below ``raw`` into ``processed``. A file cleaned before by the same code and parameters is
    reused. Raises :class:`InputError` for the first file refused; nothing is published then."""
    files, left_out = _chosen_files(raw, settings)
    processed.mkdir(parents=True, exist_ok=True)
    with FileLock(processed / ".lock"):
        aside = processed / f".building-{os.getpid()}"
        _sweep(processed)
        aside.mkdir()
        try:
            entries, cleaned = _clean_all(files, processed, aside, settings, progress)
            ranked = _merged(list(_ranked(entries, processed, aside)), processed, aside, settings)
            catalogue = Catalogue(tuple(ranked), tuple(left_out))
            catalogue = _publish(processed, aside, catalogue, settings)
        finally:
            shutil.rmtree(aside, ignore_errors=True)
    return CleanResult(catalogue, cleaned)


def file_hash(path: Path) -> str:
    """SHA-256 of a file's bytes."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def cleaning_hash(settings: Settings) -> str:
    """What else a cleaned part depends on: the code that reads and stores, and the parameters."""
    code = [*PACKAGE.glob("*.py"), *PACKAGE.glob("sources/*.py"), *PACKAGE.glob("tables/*.py")]
    parameters = [path for path in settings.folder.iterdir() if path.suffix in {".yml", ".csv"}]
    digest = hashlib.sha256(pd.__version__.encode())
    for path in sorted([*code, *parameters], key=lambda path: path.name):
        digest.update(path.name.encode() + path.read_bytes())
    return digest.hexdigest()


def _chosen_files(raw: Path, settings: Settings) -> tuple[list[tuple[RawFile, str]], list[tuple[str, str]]]:
    """Files to clean with their hashes, each content once a source, and those left out with the reason. The copy of
    the last vintage stays: a publisher who takes a revision back publishes the older bytes again."""
    found = discover(raw, MODULES, settings.sources.reference_files)
    files, illustrative = without_illustrative(found)
    left_out = [(file.label, "illustrative, and real files are there") for file in illustrative]
    chosen: dict[tuple[str, str], RawFile] = {}
    for file in reversed(files):
        key = (file.source, file_hash(file.path))
        if key in chosen:
            left_out.append((file.label, f"the same bytes as {chosen[key].label}"))
        else:
            chosen[key] = file
    return [(file, sha256) for (_, sha256), file in reversed(chosen.items())], left_out


def _clean_all(
    files: list[tuple[RawFile, str]], processed: Path, aside: Path, settings: Settings, progress: Progress | None
) -> tuple[list[Entry], int]:
    """One entry a file; parts not reused are written aside."""
    recipe = cleaning_hash(settings)
    before = {entry.sha256 + entry.source: entry for entry in _catalogue_before(processed).entries}
    stems = [hashlib.sha256(f"{recipe}{file.source}{sha256}".encode()).hexdigest()[:24] for file, sha256 in files]
    kept = [
        _kept(before.get(sha256 + file.source), file, stem, processed)
        for (file, sha256), stem in zip(files, stems, strict=True)
    ]
    new = [(*each, stem) for each, stem, entry in zip(files, stems, kept, strict=True) if entry is None]
    made = _cleaned(new, aside, settings)
    entries = []
    for position, ((file, _), entry) in enumerate(zip(files, kept, strict=True)):
        if progress:
            progress(position, len(files), file.label)
        entries.append(entry or next(made))
    return entries, len(new)


def _kept(known: Entry | None, file: RawFile, stem: str, processed: Path) -> Entry | None:
    """The entry of a file cleaned before in the same way, where all its parts are still there."""
    own = {name: part for name, part in known.tables.items() if part.startswith(stem)} if known else {}
    if known and own and all((processed / PARTS / part).exists() for part in own.values()):
        return replace(known, vintage=file.vintage, name=file.path.name, tables=own)
    return None


def _cleaned(new: list[tuple[RawFile, str, str]], aside: Path, settings: Settings) -> Iterator[Entry]:
    """The entries of files cleaned now, in their order, on the cores there are."""
    sizes = [file.path.stat().st_size for file, *_ in new]
    return in_order(lambda each: _clean_one(*each, aside, settings), new, sizes, worth_it=WORTH_FORKING)


def _clean_one(file: RawFile, sha256: str, stem: str, aside: Path, settings: Settings) -> Entry:
    result = reader_of(file.source)(file, settings)
    tables = {**result.tables, "rejected": result.rejected}
    parts = {name: f"{stem}-{name}.parquet" for name, table in tables.items()}
    for name, part in parts.items():
        write_part(aside / part, validated(name, coded(tables[name])))
    return Entry(file.source, file.vintage, file.path.name, sha256, 0, len(result.rejected), parts)


def _ranked(entries: list[Entry], processed: Path, aside: Path) -> Iterable[Entry]:
    """Entries with the order of their vintages: by the date that the folder's name gives, else by the month after
    the last one in its files, then by name."""
    keys = {
        vintage: (_vintage_date(vintage[1], group, processed, aside), vintage[1])
        for vintage, group in _grouped(entries, lambda entry: (entry.source, entry.vintage)).items()
    }
    for entry in entries:
        same_source = sorted(key for (source, _), key in keys.items() if source == entry.source)
        yield replace(entry, order=same_source.index(keys[entry.source, entry.vintage]))


def _merged(entries: list[Entry], processed: Path, aside: Path, settings: Settings) -> list[Entry]:
    """The entries, with the counts of each vintage of partners' returns listed with the last file of it: what partners
    return is known only once all their files are read."""
    ours = [entry for entry in entries if entry.source == partner_returns.NAME]
    if not ours:
        return entries
    returns = pd.concat([_returned(entry, processed, aside) for entry in ours], ignore_index=True)
    last = {entry.order: position for position, entry in enumerate(entries) if entry.source == partner_returns.NAME}
    known = cleaning_hash(settings) + "".join(f"{entry.vintage}/{entry.name}/{entry.sha256}" for entry in ours)
    found = list(entries)
    for order, counts in partner_returns.merged(returns, settings).items():
        part = f"{hashlib.sha256(f'{known}{order}'.encode()).hexdigest()[:24]}-counts.parquet"
        write_part(aside / part, validated("counts", counts))
        entry = entries[last[order]]
        found[last[order]] = replace(entry, tables={**entry.tables, "counts": part})
    return found


def _returned(entry: Entry, processed: Path, aside: Path) -> pd.DataFrame:
    rows = pd.read_parquet(_part_path(entry.tables[partner_returns.NAME], processed, aside))
    return rows.assign(vintage_order=entry.order, file=f"{entry.source}/{entry.vintage}/{entry.name}")


def _part_path(part: str, processed: Path, aside: Path) -> Path:
    """Where a part lies: written just now, or kept from before."""
    return aside / part if (aside / part).exists() else processed / PARTS / part


def _grouped(entries: Iterable[Entry], key: Callable[[Entry], Key]) -> dict[Key, list[Entry]]:
    groups: dict[Key, list[Entry]] = {}
    for entry in entries:
        groups.setdefault(key(entry), []).append(entry)
    return groups


def _vintage_date(label: str, entries: list[Entry], processed: Path, aside: Path) -> str:
    if dated := _DATED.search(label):
        return f"{dated[1]}-{dated[2]}{dated[3] or '-01'}"
    months = [month for entry in entries for month in _last_months(entry, processed, aside)]
    return f"{pd.Period(max(months), freq='M') + 1}-01" if months else ""


def _last_months(entry: Entry, processed: Path, aside: Path) -> list[str]:
    part = entry.tables.get("counts") or entry.tables.get(partner_returns.NAME)
    if part is None:
        return []
    return distinct_texts(_part_path(part, processed, aside), "month")[-1:]


def _parts(entry: Entry) -> list[str]:
    return list(entry.tables.values())


def _catalogue_before(processed: Path) -> Catalogue:
    from crimelib.errors import InputError

    try:
        return read_catalogue(processed)
    except (InputError, KeyError, TypeError):
        return Catalogue(())


def _publish(processed: Path, aside: Path, catalogue: Catalogue, settings: Settings) -> Catalogue:
    """Move the new parts in, drop those that neither the new catalogue nor the one before lists, and replace that one
    last. Parts of the one before stay for readers that are under way; where nothing has changed it is not known any
    more which these are, and nothing goes. Returns the catalogue as written, with the gaps that it suspects."""
    folder = processed / PARTS
    folder.mkdir(exist_ok=True)
    before = _catalogue_before(processed)
    keep = {part for entry in (*before.entries, *catalogue.entries) for part in _parts(entry)}
    for part in aside.iterdir():
        part.replace(folder / part.name)
    catalogue = replace(catalogue, suspected_gaps=_suspected_gaps(processed, catalogue, before, settings))
    for part in folder.iterdir() if catalogue != before else ():
        if part.name not in keep:
            part.unlink()
    write_catalogue(processed, catalogue)
    return catalogue


def _suspected_gaps(processed: Path, catalogue: Catalogue, before: Catalogue, settings: Settings) -> tuple[Gap, ...]:
    """The gaps of every source, in order; those of a source whose files are as they were are known from before."""
    now, then = (_grouped(each.entries, lambda entry: entry.source) for each in (catalogue, before))
    changed = [Store(processed, Catalogue(tuple(each))) for source, each in now.items() if then.get(source) != each]
    tasks = [(store, basis) for store in changed for basis in sorted(store.distinct("counts", "basis"))]
    sizes = [_stored_bytes(store) for store, _ in tasks]
    found = in_order(lambda task: find_gaps(task[0], settings, task[1]), tasks, sizes, worth_it=WORTH_FORKING_STORED)
    known = [gap for gap in before.suspected_gaps if now.get(gap.source) == then[gap.source]]
    return tuple(sorted(chain(known, *found), key=lambda gap: gap.source))


def _stored_bytes(store: Store) -> int:
    parts = [part for entry in store.catalogue.entries for part in _parts(entry)]
    return sum((store.folder / PARTS / part).stat().st_size for part in parts)


def _sweep(processed: Path) -> None:
    """Clear away what a killed run left behind; the lock says that none is running."""
    for leftover in processed.glob(".building-*"):
        shutil.rmtree(leftover, ignore_errors=True)
    for leftover in processed.glob(".catalogue.json.*"):
        leftover.unlink()
