"""What commands said and how they ended: an object of JSON a line, added to the file that ``CRIMELIB_LOG`` names.

It holds the lines that a command says of its work, which name files, pages and numbers of rows. Figures that someone
asked to see (``summary``, ``diff``) and the address of a review with its token go to the terminal alone.
"""

from __future__ import annotations

import json
import logging
import os
import sys
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime

from crimelib.errors import InputError, one_line

VARIABLE = "CRIMELIB_LOG"
_LOG = logging.getLogger("crimelib.journal")


class _Lines(logging.Formatter):
    """A record as an object: when, which process, how grave, what; and what else its caller knows."""

    def format(self, record: logging.LogRecord) -> str:
        when = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        known = {"time": when, "process": record.process, "level": record.levelname.lower(), "event": record.msg}
        return json.dumps(known | getattr(record, "more", {}), ensure_ascii=False)


def say(text: object, *, err: bool = False) -> None:
    """A line for whoever runs the command, and for the log."""
    print(text, file=sys.stderr if err else sys.stdout, flush=True)
    _write(logging.WARNING if err else logging.INFO, "said", text=str(text))


def journaled(command: Callable[[Sequence[str]], int], words: Sequence[str]) -> int:
    """The exit status of a command, its beginning and its end written down; raises :class:`InputError` where the log
    cannot be opened."""
    if not (path := os.environ.get(VARIABLE)):
        return command(words)
    handler, began, status = _opened(path), time.monotonic(), 1  # what ends by an error of ours has failed
    try:
        _write(logging.INFO, "began", words=list(words))
        status = command(words)
        return status
    finally:
        seconds = round(time.monotonic() - began, 3)
        _write(logging.ERROR if status else logging.INFO, "ended", status=status, seconds=seconds)
        _LOG.removeHandler(handler)
        handler.close()


def _opened(path: str) -> logging.Handler:
    try:
        handler = logging.FileHandler(path, encoding="utf-8", errors="backslashreplace")
    except OSError as error:
        raise InputError(
            f"the log cannot be written ({error.strerror})", where=f"{VARIABLE}={one_line(path)!r}", fix="mend the path"
        ) from None
    handler.setFormatter(_Lines())
    _LOG.addHandler(handler)
    _LOG.setLevel(logging.INFO)
    _LOG.propagate = False
    return handler


def _write(level: int, event: str, **more: object) -> None:
    if _LOG.handlers:
        _LOG.log(level, event, extra={"more": more})
