"""What the tests of worker processes have done there; also run by itself, to be stopped.

``python work.py FOLDER`` has two workers each hold a file below FOLDER, which each removes when it is stopped.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from functools import partial
from pathlib import Path

from crimelib.production.workers import in_workers


def process(task: str) -> int:
    """The process in which a task was done; tasks that begin with ``kill`` end it."""
    if task.startswith("kill"):
        os.kill(os.getpid(), signal.SIGKILL)
    return os.getpid()


def note(log: Path, task: str) -> str:
    """A line that the task was begun."""
    with log.open("a") as stream:
        stream.write(f"{task}\n")
    return task


def be_ready(folder: Path, _: None) -> None:
    """A file named for the process, which stays busy a moment so that each worker has one."""
    (folder / str(os.getpid())).touch()
    time.sleep(0.5)


def die(_: None) -> None:
    """The end of a worker that was to get ready."""
    os.kill(os.getpid(), signal.SIGKILL)


def nothing(_: None) -> None:
    """Ready at once."""


def process_dying_elsewhere(owner: int, task: str) -> int:
    """As :func:`process`, in the process of the owner alone; any other ends."""
    return process(task if os.getpid() == owner else f"kill {task}")


def count_in_duckdb(_: str) -> int:
    """A library that lists on the error stream what it thinks was not let go of."""
    import duckdb

    return duckdb.sql("select count(*) from (values (1))").fetchall()[0][0]


def nested(task: str) -> tuple[int, list[int]]:
    """The worker, and where work that it asks for is done."""
    return os.getpid(), [pid for _, pid in in_workers(process, [[task], [task]], 2)]


def hold(folder: Path, task: str) -> None:
    """A file for as long as this is under way."""
    held = folder / task
    try:
        held.write_text(task)  # within, for it may be stopped as soon as the file is there
        time.sleep(600)
    finally:
        held.unlink(missing_ok=True)


if __name__ == "__main__":
    list(in_workers(partial(hold, Path(sys.argv[1])), [["one"], ["two"], ["three"]], 2))
