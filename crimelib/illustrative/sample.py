"""``crimelib sample``: the illustrative files, a vintage folder at a time, never over anything else.

Each folder carries a stamp (``.sample.json``): a digest of the parameters and code that made it, and each file's hash.
A folder that is as stamped is left alone; one that holds anything that its stamp does not know is never touched.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import TypedDict

import numpy as np
import pandas as pd
from filelock import FileLock

from crimelib.errors import InputError
from crimelib.illustrative.calibration import load_calibration
from crimelib.illustrative.contents import PARAMETER_FILES, folders, sample_files
from crimelib.settings import Settings

STAMP = ".sample.json"
ASIDE = ".sample-aside-"
Progress = Callable[[str], None]


class Stamp(TypedDict):
    """What made a folder, and its files' hashes by name below it."""

    digest: str
    files: dict[str, str]


def write_sample(raw: Path, settings: Settings, progress: Progress | None = None) -> list[Path]:
    """Write the illustrative raw files below ``raw``; returns all of them, in order, whether written now or before.

    ``progress`` is told each folder written (``source/vintage``). Folders are moved into place whole, the same bytes
    every time. Raises :class:`InputError`, with nothing touched, if one holds a file that this command did not write.
    """
    raw.mkdir(parents=True, exist_ok=True)
    digest = sample_digest(settings)
    with FileLock(raw / ".sample.lock"):
        wanted = [raw / folder for folder in folders(load_calibration(settings))]
        for folder in wanted:
            _refuse_strangers(folder)
        if not all(_is_as_stamped(folder, digest) for folder in wanted):
            _write_all(raw, settings, digest, progress or (lambda folder: None))
        return [folder / name for folder in wanted for name in sorted(_read_stamp(folder)["files"])]


def sample_digest(settings: Settings) -> str:
    """A digest of all that decides the bytes written: parameters, this package's code, the random generator."""
    code = sorted(Path(__file__).parent.glob("*.py"))
    parameters = [path for name in PARAMETER_FILES if (path := settings.folder / name).is_file()]
    digest = hashlib.sha256(f"numpy {np.__version__} pandas {pd.__version__}".encode())
    for path in [*code, *parameters]:
        digest.update(path.name.encode() + path.read_bytes())
    return digest.hexdigest()


def _write_all(raw: Path, settings: Settings, digest: str, progress: Progress) -> None:
    for leftover in raw.glob(f"{ASIDE}*"):
        shutil.rmtree(leftover)
    contents = sample_files(settings)
    with tempfile.TemporaryDirectory(dir=raw, prefix=ASIDE) as aside:
        for folder in folders(load_calibration(settings)):
            files = {
                name.removeprefix(f"{folder}/"): data
                for name, data in contents.items()
                if name.startswith(f"{folder}/")
            }
            _move_in(_write_folder(Path(aside) / folder, files, digest), raw / folder, Path(aside))
            progress(folder)


def _write_folder(folder: Path, files: dict[str, bytes], digest: str) -> Path:
    for name, data in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    stamp = Stamp(digest=digest, files={name: hashlib.sha256(data).hexdigest() for name, data in files.items()})
    (folder / STAMP).write_text(json.dumps(stamp, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    return folder


def _move_in(made: Path, place: Path, aside: Path) -> None:
    """Put a finished folder in its place; what stood there (our own, checked before) goes aside first."""
    place.parent.mkdir(exist_ok=True)
    if place.exists():
        place.rename(aside / f"replaced-{place.parent.name}-{place.name}")
    made.rename(place)


def _is_as_stamped(folder: Path, digest: str) -> bool:
    stamp = _read_stamp(folder)
    return stamp["digest"] == digest and all((folder / name).is_file() for name in stamp["files"])


def _refuse_strangers(folder: Path) -> None:
    known = _read_stamp(folder)["files"]
    for path in sorted(path for path in folder.rglob("*") if path.is_file() and not path.name.startswith(".")):
        name = path.relative_to(folder).as_posix()
        if known.get(name) != hashlib.sha256(path.read_bytes()).hexdigest():
            raise InputError(
                "an illustrative folder holds a file that `crimelib sample` did not write, or that was changed since",
                where=f"{folder.parent.name}/{folder.name}/{name}",
                fix="move it to a vintage folder of its own, or delete it",
            )


def _read_stamp(folder: Path) -> Stamp:
    """The folder's stamp; an empty one where there is none, or none that can be read."""
    try:
        stamp = json.loads((folder / STAMP).read_text(encoding="utf-8"))
        return Stamp(digest=str(stamp["digest"]), files=dict(stamp["files"]))
    except (OSError, ValueError, KeyError, TypeError):
        return Stamp(digest="", files={})
