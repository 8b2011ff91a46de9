"""A private folder for the files of a command under way, of which nothing stays: the next command clears what a killed
one left."""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

PREFIX = "crimelib-run-"
_HELD = "held"
_NEW_SECONDS = 60  # a folder this new may be one whose owner has not taken its lock yet
_shared: list[Path] = []


@contextmanager
def scratch_folder() -> Iterator[Path]:
    """This process's folder, with a short path, as sockets need: made for the outermost block, and the same in all
    blocks inside it."""
    if _shared:
        yield _shared[-1]
        return
    _clear_left_behind()
    with _held_folder() as folder:
        _shared.append(folder)
        try:
            yield folder
        finally:
            _shared.pop()


def share(folder: Path) -> None:
    """Let this process, a worker of another, use a folder that the other one clears."""
    _shared.append(folder)


@contextmanager
def _held_folder() -> Iterator[Path]:
    """Locked for as long as its owner lives, so that nobody else clears it."""
    from filelock import FileLock

    folder = Path(tempfile.mkdtemp(prefix=PREFIX))
    try:
        with FileLock(folder / _HELD):
            yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _clear_left_behind() -> None:
    for left in Path(tempfile.gettempdir()).glob(f"{PREFIX}*"):
        with suppress(OSError):
            seen = left.lstat()
            if left.is_dir() and seen.st_uid == os.getuid() and time.time() - seen.st_mtime > _NEW_SECONDS:
                _remove_if_free(left)


def _remove_if_free(folder: Path) -> None:
    from filelock import FileLock, Timeout

    with suppress(Timeout), FileLock(folder / _HELD, timeout=0):
        shutil.rmtree(folder, ignore_errors=True)
