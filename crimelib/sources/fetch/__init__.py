"""Published files into ``data/raw``: downloaded, judged, and kept as a vintage named by the day they were fetched.

A vintage appears whole or not at all. Files of one vintage are read together (the Historical and the 24-month file
join), so half of one would be a vintage with holes that no one made: downloads gather in a hidden folder beside the
vintages, which ``clean`` never looks into, and one rename publishes them when all have passed. What a killed or failed
fetch left there is taken up by the next. Nothing kept is ever overwritten; a file whose bytes are those kept last is
not kept twice.
"""

from __future__ import annotations

import hashlib
import html
import json
import os
import re
import shutil
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime
from fnmatch import fnmatchcase
from pathlib import Path
from urllib.parse import unquote

import httpx
from filelock import FileLock, Timeout

from crimelib.areas import nearest
from crimelib.errors import CrimelibError, InputError, one_line
from crimelib.settings import PERIOD_PATTERN, FetchFile, FetchPlan, Settings
from crimelib.sources.discovery import ILLUSTRATIVE
from crimelib.sources.fetch.contents import check
from crimelib.sources.fetch.download import Courier, Progress, Wanted, discard
from crimelib.sources.fetch.guard import Allowed, shown

GATHERING = ".fetching"
MANIFEST = "manifest.json"
_DATED = re.compile(r"\d{4}-\d{2}(-\d{2})?")
_DOWNLOAD = re.compile(r"/download/[^\s\"'<>]+")
_SAFE_NAME = re.compile(r"[^\W.][^/\\:\x00-\x1f]{0,199}")


@dataclass(frozen=True)
class FileRecord:
    """A file as the manifest names it: where it came from, when, and its bytes by size and hash; ``vintage`` is the
    folder that keeps them ('' while they are being gathered)."""

    name: str
    address: str
    served_by: str
    retrieved: str
    size: int
    sha256: str
    etag: str
    vintage: str = ""


@dataclass(frozen=True)
class Fetched:
    """What came of one source: its files, the vintage written ('' where nothing is new), or why it failed."""

    source: str
    files: tuple[FileRecord, ...] = ()
    vintage: str = ""
    failure: CrimelibError | None = None

    def __str__(self) -> str:
        if self.failure:
            return f"{self.source}: {self.failure}"
        new = [file for file in self.files if file.vintage == self.vintage]
        if not self.vintage:
            return f"{self.source}: nothing new ({len(self.files)} files as kept)"
        size = sum(file.size for file in new)
        return f"{self.source}: {len(new)} of {len(self.files)} files new, {size:,} bytes, in {self.vintage}"


def fetch(
    sources: Iterable[str],
    raw: Path,
    settings: Settings,
    since: str | None,
    today: date,
    progress: Progress,
) -> list[Fetched]:
    """Fetch sources (none named: all that declare addresses), each into ``raw/<source>/<today>/``.

    ``since`` (``YYYY-MM``) asks for archives back to that month; without it only the newest. ``progress`` is called
    with bytes done, bytes in all and the file's name. A source that fails is returned with its ``failure``, and the
    others go on. Raises :class:`InputError` for an unknown source or month, before anything is asked.
    """
    plans = _plans(list(sources), settings)
    _check_since(since, today)
    return [_fetched(source, plan, raw, settings, since, today, progress) for source, plan in plans.items()]


def _plans(names: list[str], settings: Settings) -> dict[str, FetchPlan]:
    plans = {name: source.fetch for name, source in settings.sources.sources.items() if source.fetch}
    for name in names:
        if name not in plans:
            raise InputError(f"no source to fetch is called {one_line(name)!r}", fix=nearest(name, plans))
    return {name: plans[name] for name in dict.fromkeys(names or plans)}


def _check_since(since: str | None, today: date) -> None:
    if since is None:
        return
    if not re.fullmatch(PERIOD_PATTERN, since):
        raise InputError(f"{one_line(since)!r} is not a month", where="--since", fix="write it as 2019-04")
    if since > f"{today:%Y-%m}":
        raise InputError(f"{since} is still to come", where="--since", fix="give a month that has been")


def _fetched(
    source: str, plan: FetchPlan, raw: Path, settings: Settings, since: str | None, today: date, progress: Progress
) -> Fetched:
    """One source fetched, or its failure."""
    limits = settings.downloads
    courier = Courier(Allowed(frozenset(plan.hosts), frozenset(limits.local_hosts)), limits, progress)
    folder = raw / source
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with FileLock(folder / ".fetch.lock", timeout=0):
            return _vintage(source, folder, list(_wanted(plan, courier, since)), courier, today)
    except CrimelibError as error:
        return Fetched(source, failure=error)
    except Timeout:
        return Fetched(source, failure=CrimelibError("another fetch of it is under way; wait for its end"))
    except OSError as error:
        what = f"the raw folder cannot be written ({error.strerror}); what came so far is taken up by the next fetch"
        return Fetched(source, failure=CrimelibError(what))


# --- what to ask for -------------------------------------------------------------------------------------------


def _wanted(plan: FetchPlan, courier: Courier, since: str | None) -> Iterator[Wanted]:
    """The files of a plan: archives by month, others at the address that the catalogue lists, else the declared."""
    listed = _listed(plan, courier)
    for spec in plan.files:
        if spec.archive_months:
            yield from _archives(plan, spec, courier, since)
        else:
            address = _listed_address(spec, listed) or spec.address
            yield Wanted(_file_name(address), address, spec)


def _listed(plan: FetchPlan, courier: Courier) -> list[str]:
    """The download addresses on the catalogue's page; none where the page cannot be had, since addresses are declared
    as well."""
    if not plan.catalogue:
        return []
    try:
        page = courier.page(plan.catalogue)
    except CrimelibError as error:
        courier.progress(0, 1, f"the catalogue cannot be read, declared addresses are used ({error})")
        return []
    base = httpx.URL(plan.catalogue)
    text = html.unescape(page.replace("\\/", "/").replace("\\u002F", "/"))
    addresses = [str(base.join(found.rstrip("\\,;"))) for found in _DOWNLOAD.findall(text)]
    return list({unquote(address): address for address in addresses}.values())


def _listed_address(spec: FetchFile, listed: list[str]) -> str:
    fitting = [address for address in listed if fnmatchcase(_last_part(address), spec.name)]
    if len(fitting) > 1:
        names = ", ".join(shown(address) for address in fitting)
        raise InputError(
            f"the catalogue lists {len(fitting)} files called {spec.name}: {names}",
            fix="make the name in sources.yml say which",
        )
    return fitting[0] if fitting else ""


def _archives(plan: FetchPlan, spec: FetchFile, courier: Courier, since: str | None) -> Iterator[Wanted]:
    """The newest archive and, each of them holding ``archive_months`` months, as few older ones as reach ``since``."""
    month = _latest_month(plan, courier)
    if since and since > month:
        raise InputError(f"{since} is not published yet, the newest is {month}", where="--since", fix="give one before")
    while True:
        address = spec.address.replace("{month}", month)
        yield Wanted(_file_name(address), address, spec)
        month = _months_before(month, spec.archive_months)
        if not since or month < since:
            return


def _latest_month(plan: FetchPlan, courier: Courier) -> str:
    text = courier.page(plan.latest_month)
    try:
        day = date.fromisoformat(json.loads(text)["date"])
    except (ValueError, KeyError, TypeError):
        raise InputError("no month is given there", where=shown(plan.latest_month), fix="mend sources.yml") from None
    return f"{day:%Y-%m}"


def _months_before(month: str, months: int) -> str:
    year, index = divmod(int(month[:4]) * 12 + int(month[5:]) - 1 - months, 12)
    return f"{year:04}-{index + 1:02}"


def _last_part(address: str) -> str:
    return unquote(shown(address).rsplit("/", 1)[-1])


def _file_name(address: str) -> str:
    """The publisher's name of a file, from its address; refuses one that could leave its folder."""
    name = _last_part(address)
    if not _SAFE_NAME.fullmatch(name) or name == MANIFEST:
        raise InputError(f"unsafe file name {one_line(name)[:60]!r}", where=shown(address), fix="mend sources.yml")
    return name


# --- keeping what came -----------------------------------------------------------------------------------------


def _vintage(source: str, folder: Path, wanted: list[Wanted], courier: Courier, today: date) -> Fetched:
    """Gather every file, then publish those that are new in one rename."""
    gathering = folder / GATHERING
    gathering.mkdir(exist_ok=True)
    records = [_gathered(each, gathering, folder, courier) for each in wanted]
    if all(record.vintage for record in records):
        shutil.rmtree(gathering)
        return Fetched(source, tuple(records))
    name = _free_name(folder, today)
    files = tuple(record if record.vintage else _placed(record, name) for record in records)
    _tidy(gathering, {file.name for file in files if file.vintage == name})
    _write_json(gathering / MANIFEST, {"source": source, "vintage": name, "files": [asdict(file) for file in files]})
    gathering.rename(folder / name)
    return Fetched(source, files, name)


def _gathered(wanted: Wanted, gathering: Path, folder: Path, courier: Courier) -> FileRecord:
    """The record of a file: as kept, as gathered by a fetch before that did not finish, or as it comes now."""
    target, note = gathering / wanted.name, gathering / f"{wanted.name}.record"
    known = _record(note, target, wanted) or _kept(folder, wanted)
    part = gathering / f"{wanted.name}.part"
    received = courier.download(wanted, part, known.etag if known else "")
    if known and received is None:
        return known
    _checked(part, wanted)
    new = FileRecord(
        name=wanted.name,
        address=shown(wanted.address),
        served_by=received.served_by if received else "",
        retrieved=datetime.now(UTC).isoformat(timespec="seconds"),
        size=part.stat().st_size,
        sha256=_sha256(part),
        etag=received.etag if received else "",
    )
    kept = _kept(folder, wanted)
    if kept and kept.sha256 == new.sha256:
        discard(part)
        return kept
    part.replace(target)
    discard(part)
    _write_json(note, asdict(new))
    return new


def _checked(part: Path, wanted: Wanted) -> None:
    try:
        check(part, wanted.spec, wanted.address)
    except InputError:
        discard(part)
        raise


def _kept(folder: Path, wanted: Wanted) -> FileRecord | None:
    """The file of this name kept last, in any vintage but an illustrative one; with its ETag if the manifest beside
    it still describes its bytes."""
    for vintage in sorted(_vintages(folder), key=_age, reverse=True):
        for path in vintage.rglob("*"):
            if path.name == wanted.name and path.is_file():
                return _kept_record(path, vintage, wanted)
    return None


def _kept_record(path: Path, vintage: Path, wanted: Wanted) -> FileRecord:
    sha256 = _sha256(path)
    for entry in _entries(vintage / MANIFEST):
        if entry.name == wanted.name and entry.sha256 == sha256 and entry.address == shown(wanted.address):
            return entry
    return FileRecord(wanted.name, "", "", "", path.stat().st_size, sha256, "", vintage.name)


def _entries(manifest: Path) -> list[FileRecord]:
    """The files of a manifest; none where there is no readable one."""
    try:
        return [FileRecord(**entry) for entry in json.loads(manifest.read_text(encoding="utf-8"))["files"]]
    except (OSError, ValueError, KeyError, TypeError):
        return []


def _record(note: Path, target: Path, wanted: Wanted) -> FileRecord | None:
    """What a fetch before noted of a file that it gathered, if the bytes are still those."""
    try:
        record = FileRecord(**json.loads(note.read_text(encoding="utf-8")))
        same = record.sha256 == _sha256(target) and record.address == shown(wanted.address)
    except (OSError, ValueError, TypeError):
        return None
    return record if same else None


def _vintages(folder: Path) -> list[Path]:
    hidden = (".", ILLUSTRATIVE)
    return [path for path in folder.iterdir() if path.is_dir() and not path.name.startswith(hidden)]


def _age(vintage: Path) -> tuple[str, str]:
    """Vintages in the order of the dates in their names."""
    dated = _DATED.search(vintage.name)
    return (dated[0] if dated else "", vintage.name)


def _free_name(folder: Path, today: date) -> str:
    """A folder name of the day that is not taken."""
    names = [today.isoformat(), *(f"{today.isoformat()}-{number:02}" for number in range(2, 100))]
    for name in names:
        if not (folder / name).exists():
            return name
    raise CrimelibError(f"there are a hundred vintages of {today.isoformat()}; fetch again tomorrow")


def _placed(record: FileRecord, vintage: str) -> FileRecord:
    return FileRecord(**{**asdict(record), "vintage": vintage})


def _tidy(gathering: Path, keep: set[str]) -> None:
    """Clear everything but the files to publish out of the folder: notes, and what an earlier fetch wanted."""
    for path in gathering.iterdir():
        if path.name not in keep:
            path.unlink()


def _sha256(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _write_json(path: Path, content: dict) -> None:
    with path.open("w", encoding="utf-8", newline="\n") as stream:
        json.dump(content, stream, indent=2, ensure_ascii=False)
        stream.write("\n")
        stream.flush()
        os.fsync(stream.fileno())
