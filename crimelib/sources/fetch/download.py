"""One file from one address: tried a bounded number of times, resumed where it broke off, never accepted in part."""

from __future__ import annotations

import json
import logging
import os
import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

import stamina

from crimelib.errors import CrimelibError, InputError
from crimelib.settings import Downloads, FetchFile
from crimelib.sources.fetch.contents import check_start, refusal
from crimelib.sources.fetch.guard import Allowed, Answer, Deadline, Transient, opened, shown

Progress = Callable[[int, int, str], None]
WORTH_ANOTHER_TRY = {408, 425, 429, 500, 502, 503, 504}
# A compressed body would make sizes and resumption ambiguous.
HEADERS = {"User-Agent": "crimelib", "Accept": "*/*", "Accept-Encoding": "identity"}
_RANGE = re.compile(r"bytes (\d+)-(\d+)/(\d+)")
# Tries are told by ``progress``; without a handler of its own this logger would write to the terminal.
logging.getLogger("stamina").addHandler(logging.NullHandler())


@dataclass(frozen=True)
class Wanted:
    """A file to fetch: what it is kept as, where it is, and what it must look like."""

    name: str
    address: str
    spec: FetchFile


@dataclass(frozen=True)
class Received:
    """What came: the host that served it and the publisher's strong ETag ('' without one)."""

    served_by: str
    etag: str


@dataclass(frozen=True)
class Courier:
    """How to ask: which hosts, within which bounds, telling whom."""

    allowed: Allowed
    limits: Downloads
    progress: Progress

    def download(self, wanted: Wanted, target: Path, known_etag: str = "") -> Received | None:
        """The file's bytes at ``target``, whole, or None where the publisher says that they are those of
        ``known_etag``. What a broken download left at ``target`` is resumed if its ETag still holds."""
        deadline = Deadline.after(self.limits.total_seconds)
        for attempt in self._tries():
            with attempt:
                if attempt.num > 1:
                    self.progress(0, 1, f"{wanted.name}: try {attempt.num} of {self.limits.attempts}")
                return self._try(wanted, target, known_etag, deadline)
        raise AssertionError("unreachable: the last try returns or raises")

    def page(self, address: str) -> str:
        """A small page (HTML or JSON) as text."""
        deadline = Deadline.after(self.limits.total_seconds)
        for attempt in self._tries():
            with attempt, self._opened(address, HEADERS, deadline) as answer:
                _check_status(answer, address, self.limits)
                return b"".join(_bounded(answer, self.limits.max_page_bytes, address)).decode(errors="replace")
        raise AssertionError("unreachable: the last try returns or raises")

    def _tries(self) -> Iterable[stamina.Attempt]:
        limits = self.limits
        return stamina.retry_context(
            on=_again,
            attempts=limits.attempts,
            timeout=None,  # the deadline is kept on the connection itself, where it also ends a try under way
            wait_initial=limits.wait_initial_seconds,
            wait_max=limits.wait_max_seconds,
            wait_jitter=limits.wait_initial_seconds,
        )

    def _opened(self, address: str, headers: dict[str, str], deadline: Deadline) -> AbstractContextManager[Answer]:
        return opened(address, headers, self.allowed, self.limits, deadline)

    def _try(self, wanted: Wanted, target: Path, known_etag: str, deadline: Deadline) -> Received | None:
        offset, etag = _broken_off(target)
        condition = {"Range": f"bytes={offset}-", "If-Range": etag} if offset else {}
        condition |= {"If-None-Match": known_etag} if known_etag and not offset else {}
        with self._opened(wanted.address, HEADERS | condition, deadline) as answer:
            if answer.status == 304 and "If-None-Match" in condition:
                return None
            if answer.status == 416:
                if answer.headers.get("content-range") == f"bytes */{offset}":  # all of it had come already
                    return Received(answer.host, etag)
                discard(target)
                raise Transient(wanted.address, "the broken download cannot be resumed")
            _check_status(answer, wanted.address, self.limits)
            _check_type(answer, wanted, self.limits)
            start, total = _extent(answer, wanted, target, offset, etag)
            if not start:
                discard(target)
                _remember(target, _strong_etag(answer))
            self._receive(answer, wanted, target, start, total)
            return Received(answer.host, _strong_etag(answer))

    def _receive(self, answer: Answer, wanted: Wanted, target: Path, start: int, total: int | None) -> None:
        """Write the body as it comes; refuse it as soon as it is too large or cannot be the file."""
        size = start
        try:
            with target.open("ab") as stream:
                for piece in _bounded(answer, wanted.spec.max_bytes - start, wanted.address):
                    if not size:
                        check_start(piece, wanted.spec, wanted.address)
                    stream.write(piece)
                    size += len(piece)
                    self.progress(size, total or size, wanted.name)
                stream.flush()
                os.fsync(stream.fileno())
        except InputError:
            discard(target)
            raise
        if total is not None and size != total:
            raise Transient(wanted.address, f"cut short: {size:,} of {total:,} bytes came")


def discard(target: Path) -> None:
    """Forget what came of a file."""
    target.unlink(missing_ok=True)
    _etag_path(target).unlink(missing_ok=True)


def _again(error: Exception) -> bool | float:
    return isinstance(error, Transient) and (error.wait or True)


def _bounded(answer: Answer, limit: int, address: str) -> Iterator[bytes]:
    """The pieces of the body, refused at the first byte too many, the declared size first of all."""
    declared = answer.headers.get("content-length", "")
    size = int(declared) if declared.isdecimal() else 0
    if size > limit:
        raise refusal(address, f"{size:,} bytes are declared, more than is allowed", "look at the file by hand")
    taken = 0
    for piece in answer.body:
        taken += len(piece)
        if taken > limit:
            raise refusal(address, "more bytes came than are allowed", "look at the file by hand")
        yield piece


def _check_status(answer: Answer, address: str, limits: Downloads) -> None:
    if answer.status in WORTH_ANOTHER_TRY:
        asked = answer.headers.get("retry-after", "")
        wait = min(float(asked), limits.wait_max_seconds) if asked.isdecimal() else 0
        raise Transient(address, f"the publisher answers {answer.status}", wait)
    if answer.status in {404, 410}:
        fix = "look for its new address on the publisher's page and put it in sources.yml"
        raise InputError(f"no longer there ({answer.status})", where=shown(address), fix=fix)
    if answer.status not in {200, 206}:
        raise CrimelibError(f"{shown(address)}: the publisher answers {answer.status}; open the address in a browser")
    if answer.headers.get("content-encoding", "identity") != "identity":
        raise refusal(address, "the body came compressed, unasked", "try again later")


def _check_type(answer: Answer, wanted: Wanted, limits: Downloads) -> None:
    """Refuse a declared type that is not one of the kind's, and a body whose end could not be told."""
    declared = answer.headers.get("content-type", "").split(";")[0].strip().lower()
    if declared not in limits.content_types[wanted.spec.kind]:
        raise refusal(
            wanted.address,
            f"declared as {declared or 'nothing'!r}, which is no {wanted.spec.kind} file",
            "look for the file's new address",
        )
    chunked = "chunked" in answer.headers.get("transfer-encoding", "").lower()
    if not chunked and "content-length" not in answer.headers:
        raise refusal(wanted.address, "no size is declared, a cut could not be told", "try again later")


def _extent(answer: Answer, wanted: Wanted, target: Path, offset: int, etag: str) -> tuple[int, int | None]:
    """``(where the body begins, size of the whole file or None)``."""
    if answer.status == 200:
        declared = answer.headers.get("content-length", "")
        return 0, int(declared) if declared.isdecimal() else None
    part = _RANGE.fullmatch(answer.headers.get("content-range", ""))
    if not offset or part is None or int(part[1]) != offset or _strong_etag(answer) != etag:
        discard(target)
        raise Transient(wanted.address, "another part came than was asked for")
    return offset, int(part[3])


def _strong_etag(answer: Answer) -> str:
    etag = answer.headers.get("etag", "")
    return etag if etag.startswith('"') and etag.isprintable() else ""


def _etag_path(target: Path) -> Path:
    return target.with_name(f"{target.name}.etag")


def _remember(target: Path, etag: str) -> None:
    if etag:
        _etag_path(target).write_text(json.dumps(etag), encoding="utf-8")


def _broken_off(target: Path) -> tuple[int, str]:
    """``(bytes there, their ETag)`` of a download broken off, ``(0, "")`` where it cannot be resumed."""
    try:
        etag = str(json.loads(_etag_path(target).read_text(encoding="utf-8")))
        size = target.stat().st_size
    except (OSError, ValueError):
        return 0, ""
    return (size, etag) if size and etag else (0, "")
