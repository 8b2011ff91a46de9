"""Run with a stage's name and a moment: kills itself there with -9, or says how many moments the stage has.

``python killing.py STAGE FOLDER MOMENT`` does a stage's work below FOLDER and dies at the file operation MOMENT (from
1) among those that are the stage's; with MOMENT 0 it lives and prints how many there were. A file operation is what
Python tells its audit hooks of (open, rename, remove, mkdir, and a call into the C library, which is how packs are
exchanged), so that every step on the disk is a moment to die at, whichever process of the run takes it.
"""

from __future__ import annotations

import mmap
import os
import re
import signal
import struct
import sys
from pathlib import Path

WATCHED = {"open", "os.rename", "os.remove", "os.mkdir", "os.rmdir", "os.link", "ctypes.dlsym"}
# By stage: what it does, and which paths are its own.
STAGES = {
    "fetch": ("fetch", r"/raw/"),
    "clean: reading": ("clean", r"/processed/\.building"),
    "clean: publishing": ("clean", r"/processed/(?!\.building|\.lock)"),
    "run: notebooks": ("run", r"building-[^/]*(/notebooks.*)?$"),
    "run: pages": ("run", r"building-[^/]*/(?!notebooks)"),
    "run: publishing": ("publication", r"^renameat2$|building-[^/]*/run.json|2021-11$"),
    "batch": ("batch", r"2021-1[01]"),
}


def watch(pattern: str, fatal: int) -> mmap.mmap:
    """Count the stage's moments, in memory that all processes of the run share; die at the one that is ``fatal``."""
    counter, found, main = mmap.mmap(-1, 8), re.compile(pattern), os.getpid()

    def hook(event: str, given: tuple) -> None:
        if event not in WATCHED:
            return
        names = [os.fsdecode(each) for each in given if isinstance(each, str | bytes | os.PathLike)]
        if not any(map(found.search, names)):
            return
        reached = struct.unpack("q", counter[:8])[0] + 1
        counter[:8] = struct.pack("q", reached)
        if reached == fatal:
            os.kill(main, signal.SIGKILL)

    sys.addaudithook(hook)
    return counter


def work(what: str, folder: Path) -> None:
    """One stage's work, of the label ``new``."""
    if what == "fetch":
        from datetime import date

        from crimelib.settings import Settings
        from crimelib.sources.fetch import fetch

        (fetched,) = fetch([], folder / "raw", Settings(folder / "parameters"), None, date(2021, 12, 3), print)
        if fetched.failure:
            raise fetched.failure
    elif what == "clean":
        from crimelib.settings import load_settings
        from crimelib.tables import clean

        clean.cleaning_hash = lambda settings: "this code and these parameters"
        clean.WORTH_FORKING = 0
        clean.clean(folder / "new", folder / "processed", load_settings())
    else:
        pack(what, folder)


def pack(what: str, folder: Path) -> None:
    from toy_pack import publish, quick_pack, toy_notebooks

    if what == "run":
        publish(folder, toy_notebooks(folder, "new"), jobs=2)
    else:
        for period in ("2021-10", "2021-11") if what == "batch" else ("2021-11",):
            quick_pack(folder, "new", period)


if __name__ == "__main__":
    stage, root, moment = sys.argv[1], Path(sys.argv[2]), int(sys.argv[3])
    said = sys.stdout
    sys.stdout = sys.stderr
    done, pattern = STAGES[stage]
    counted = watch(pattern, moment)
    work(done, root)
    print(struct.unpack("q", counted[:8])[0], file=said)
