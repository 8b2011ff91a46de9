"""Draft or released: what a pack is worth, which revision of its period it is, and what stood there before.

Every run makes a draft. A release (:mod:`crimelib.production.release`) puts the released pack in its place; from then
on it never changes. A correction is the next revision, a draft again, and the released pack is kept whole beside it
(``2021-11-r1``).
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from crimelib.errors import CrimelibError, InputError
from crimelib.production.pack import RECORD, flush, read_record, sha256_file, verify_pack
from crimelib.production.review import read_register

DRAFT, RELEASED = "draft", "released"
_LONGEST_REASON = 300


@dataclass(frozen=True)
class Standing:
    """``reason`` says why there is a revision after the first, ``signed_off_by`` the roles that released it,
    ``draft_sha256`` the hash of the ``run.json`` that they signed."""

    status: str = DRAFT
    revision: int = 1
    reason: str = ""
    released_at: str = ""
    signed_off_by: tuple[str, ...] = ()
    draft_sha256: str = ""

    @property
    def record(self) -> dict[str, Any]:
        """As ``run.json`` holds it."""
        return {name: value for name, value in asdict(self).items() if value}

    @property
    def words(self) -> str:
        """For the foot of every page."""
        why = f", a correction: {self.reason}" if self.reason else ""
        if self.status == DRAFT:
            return f"Draft of revision {self.revision}{why}"
        roles = ", ".join(self.signed_off_by)
        return f"Revision {self.revision}{why}; released {day_words(self.released_at)}, signed off by: {roles}"


def day_words(time: str) -> str:
    """``22 November 2026`` for a time in ISO 8601."""
    day = datetime.fromisoformat(time)
    return f"{day.day} {day:%B %Y}"


def time_words(time: str) -> str:
    """``22 November 2026, 15:20 UTC``."""
    return f"{day_words(time)}, {datetime.fromisoformat(time):%H:%M} UTC"


def standing_of(record: Mapping[str, Any]) -> Standing:
    """The standing that a record tells; packs made before there was one are drafts."""
    said = {name: record[name] for name in Standing.__dataclass_fields__ if name in record}
    return Standing(**{**said, "signed_off_by": tuple(said.get("signed_off_by", ()))})


def next_standing(target: Path, reason: str = "") -> Standing:
    """What a run that publishes at ``target`` makes: a draft of the revision after the last released one.

    Raises :class:`InputError` where a pack was released and no ``reason`` for a correction is given, and for a reason
    where there is nothing to correct.
    """
    before, words = read_record(target), _checked_reason(reason)
    standing = standing_of(before or {})
    last = max(_last_in_register(target), standing.revision if standing.status == RELEASED else standing.revision - 1)
    if last and not (words or (standing.status == DRAFT and standing.reason)):
        raise InputError(
            f"revision {last} is released and is never changed",
            where=target.name,
            fix=f"give --reason TEXT to correct it in revision {last + 1}",
        )
    _refuse_altered(target, before, last)
    if words and not last:
        raise InputError("there is no released pack to correct", where="--reason", fix="leave it out")
    return Standing(revision=last + 1, reason=words or standing.reason)


def keep_released(target: Path) -> None:
    """Copy a released pack at ``target`` to its revision's own place, whole or not at all, before another takes the
    place; the lock must be held. Raises :class:`InputError` when it is not as it was released."""
    record = read_record(target)
    if record is None or standing_of(record).status != RELEASED:
        return
    revision = standing_of(record).revision
    _refuse_altered(target, record, revision)
    kept = revision_path(target, revision)
    if not kept.exists():
        _copy(target, kept)
    elif sha256_file(kept / RECORD) != sha256_file(target / RECORD):
        raise CrimelibError(f"{kept} is there already and is another pack")


def _refuse_altered(target: Path, record: Mapping[str, Any] | None, last: int) -> None:
    """Raise :class:`InputError` when what stands where a pack was released is neither whole nor a draft."""
    if not last or not target.exists() or (record is not None and standing_of(record).status != RELEASED):
        return
    if faults := verify_pack(target):
        raise InputError(
            f"the released pack is altered: {faults[0]}", where=target.name, fix="put a backup in its place"
        )


def revision_path(target: Path, revision: int) -> Path:
    """Where a released revision is kept when a correction takes its place: ``2021-11-r1``."""
    return target.with_name(f"{target.name}-r{revision}")


def _copy(target: Path, kept: Path) -> None:
    aside = target.with_name(f".{target.name}.building-{os.getpid()}-kept")
    try:
        shutil.copytree(target, aside, symlinks=True)
        flush(aside)
        aside.rename(kept)
    finally:
        shutil.rmtree(aside, ignore_errors=True)


def _last_in_register(target: Path) -> int:
    """The last revision of a pack whose release was recorded, 0 where there is none."""
    found = [each for each in read_register(target).decisions if each.pack == target.name]
    return max((each.revision for each in found if each.decision == RELEASED), default=0)


def _checked_reason(reason: str) -> str:
    words = re.sub(r"\s+", " ", reason).strip()
    if len(words) > _LONGEST_REASON or (reason and not words):
        raise InputError("the reason is empty or too long", where="--reason", fix="say it in a sentence")
    return words
