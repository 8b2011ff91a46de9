"""A pack on disk: where it lies, how it is published, and how it is checked.

A pack is built in a folder beside its place and then exchanged with the one that stands there in one step of the file
system (``renameat2`` with ``RENAME_EXCHANGE``). So its path is the whole old pack or the whole new one at every moment,
``kill -9`` included, and is a plain folder that any program reads, copies or zips; a symbolic link to versioned
folders would be as safe, but breaks when ``reports`` is copied or mailed. Where the system cannot exchange (not Linux,
some network drives), the old pack is first renamed aside: for a moment there is none at the path, never a mixed one,
and the next run puts the old one back if that moment was the last.
"""

from __future__ import annotations

import ctypes
import errno
import hashlib
import json
import os
import re
import shutil
import sys
import unicodedata
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from crimelib.errors import CrimelibError, InputError
from crimelib.measures.periods import parse_period

AUDIENCES = ("board", "public", "partner")
RECORD = "run.json"
ALTERED = f"{RECORD}: missing, broken or altered"
LOCK_SECONDS = 900.0
_AT_FDCWD = -100
_RENAME_EXCHANGE = 2
_NO_EXCHANGE = {errno.EINVAL, errno.ENOSYS, errno.ENOTSUP}


def slug(text: str) -> str:
    """Lower-case letters, digits and single hyphens: the only characters a pack's path may have."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    parts = re.findall(r"[a-z0-9]+", plain.replace("'", ""))
    if not parts or len(plain) > 100:
        raise InputError(f"{text[:60]!r} cannot name a folder", fix="use letters and digits")
    return "-".join(parts)


def pack_path(out: Path, area_name: str, period: str, audience: str = "board") -> Path:
    """``<out>/bromley/2021-11``, with ``-public`` or ``-partner`` for those audiences."""
    if audience not in AUDIENCES:
        raise InputError(f"audience {audience!r} is unknown", fix=f"use one of {', '.join(AUDIENCES)}")
    suffix = "" if audience == "board" else f"-{audience}"
    return out / slug(area_name) / f"{parse_period(period)}{suffix}"


def sha256_file(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def sha256_json(value: object) -> str:
    """The hash of a value's canonical JSON."""
    return hashlib.sha256(json.dumps(value, sort_keys=True, default=str).encode()).hexdigest()


@contextmanager
def locked(target: Path, say: Callable[[str], None], seconds: float = LOCK_SECONDS) -> Iterator[None]:
    """Hold the pack's lock; another run waits, says so, and gives up after ``seconds``.

    The lock is the kernel's and goes with its holder, however that ends.
    """
    from filelock import FileLock, Timeout

    target.parent.mkdir(parents=True, exist_ok=True)
    lock = FileLock(target.with_name(f".{target.name}.lock"))
    try:
        lock.acquire(blocking=False)
    except Timeout:
        say(f"another run holds {target.name}; waiting for it")
        try:
            lock.acquire(timeout=seconds)
        except Timeout as error:
            raise CrimelibError(f"another run still holds {target.name} after {seconds:g} seconds") from error
    try:
        yield
    finally:
        lock.release()


@contextmanager
def building(target: Path) -> Iterator[Path]:
    """A fresh folder beside ``target`` to build in, which is removed at the end; the lock must be held.

    What a dead run left is cleared first. Raises :class:`InputError` when something else stands at ``target``.
    """
    _recover(target)
    if target.is_symlink() or (target.exists() and not (target / RECORD).is_file()):
        raise InputError("is there already and is not a pack", where=str(target), fix="move it or use another --out")
    folder = target.with_name(f".{target.name}.building-{os.getpid()}")
    folder.mkdir()
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def seal(folder: Path, record: Mapping[str, Any]) -> None:
    """Write ``run.json``: ``record``, the hash of every file in ``folder``, and its own."""
    outputs = {name: sha256_file(folder / name) for name in _files(folder)}
    complete = {**record, "outputs": outputs}
    text = json.dumps({**complete, "record_sha256": sha256_json(complete)}, indent=1, ensure_ascii=False)
    (folder / RECORD).write_text(text + "\n", encoding="utf-8")


def publish(folder: Path, target: Path) -> None:
    """Put the finished ``folder`` at ``target`` in one step; raises :class:`CrimelibError` if it is not whole."""
    faults = verify_pack(folder)
    if faults:
        raise CrimelibError(f"the new pack is not whole and was not published: {faults[0]}")
    flush(folder)
    if not target.exists():
        folder.rename(target)
    elif not _exchange(folder, target):
        aside = target.with_name(f".{target.name}.old-{os.getpid()}")
        target.rename(aside)
        folder.rename(target)
        shutil.rmtree(aside)
    _flush_folder(target.parent)


def read_record(pack: Path) -> dict[str, Any] | None:
    """What ``run.json`` says, or None when it is missing, broken or altered."""
    try:
        record = json.loads((pack / RECORD).read_text(encoding="utf-8"))
        own = record.pop("record_sha256")
    except (OSError, ValueError, KeyError, AttributeError, TypeError):
        return None
    return record if own == sha256_json(record) and isinstance(record.get("outputs"), dict) else None


def pack_at(pack: Path) -> Path:
    """The folder itself; raises :class:`InputError` where there is no pack in it."""
    if not any((pack / name).is_file() for name in (RECORD, "summary.csv")):
        raise InputError("there is no pack there", where=str(pack), fix="give a pack's folder: reports/AREA/PERIOD")
    return pack


def record_of(pack: Path) -> dict[str, Any]:
    """What ``run.json`` says; raises :class:`InputError` where there is no pack, or its record is not as it was."""
    record = read_record(pack_at(pack))
    if record is None:
        raise InputError(ALTERED, where=str(pack), fix="restore it from a backup, or make the pack again")
    return record


def verify_pack(pack: Path) -> list[str]:
    """What is wrong with a pack, one line each: files altered, missing or extra; an empty list when it is whole.

    The record carries its own hash, which shows an accident or a careless edit; only a signature kept elsewhere
    could show one by someone who computes the hashes again.
    """
    record = read_record(pack)
    if record is None:
        return [ALTERED]
    expected, found = record["outputs"], _files(pack)
    altered = [name for name in found if name in expected and _sha256_or_none(pack / name) != expected[name]]
    return [
        *(f"{name}: altered" for name in altered),
        *(f"{name}: missing" for name in sorted(set(expected) - set(found))),
        *(f"{name}: extra" for name in found if name not in expected),
    ]


def _sha256_or_none(path: Path) -> str | None:
    """None for a link: it could be anything tomorrow."""
    return None if path.is_symlink() else sha256_file(path)


def _files(folder: Path) -> list[str]:
    """Every file but the record; a link is listed by its name and never belongs in a pack."""
    paths = (path for path in folder.rglob("*") if path.is_symlink() or not path.is_dir())
    names = (path.relative_to(folder).as_posix() for path in paths)
    return sorted(name for name in names if name != RECORD)


def _recover(target: Path) -> None:
    """Clear what runs that died have left; the old pack goes back if a fallback publication was cut off."""
    for old in target.parent.glob(f".{target.name}.old-*"):
        if target.exists():
            shutil.rmtree(old)
        else:
            old.rename(target)
    for folder in target.parent.glob(f".{target.name}.building-*"):
        shutil.rmtree(folder)


def _exchange(one: Path, other: Path) -> bool:
    """Swap two folders' names atomically; False where the system cannot."""
    if not sys.platform.startswith("linux"):
        return False
    libc = ctypes.CDLL(None, use_errno=True)
    names = os.fsencode(one), os.fsencode(other)
    if libc.renameat2(_AT_FDCWD, names[0], _AT_FDCWD, names[1], _RENAME_EXCHANGE) == 0:
        return True
    number = ctypes.get_errno()
    if number in _NO_EXCHANGE:
        return False
    raise OSError(number, os.strerror(number), str(other))


def flush(folder: Path) -> None:
    """Have everything on the disk before the new name is, so that a power cut cannot publish empty files."""
    for name in [*_files(folder), RECORD]:
        with (folder / name).open("rb") as file:
            os.fsync(file.fileno())
    _flush_folder(folder)


def _flush_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
