"""``review.json``: what was decided on the packs of an area, by which role, when, and about exactly which bytes.

The register stands beside the packs (``reports/bromley/review.json``), because a pack itself never changes. A decision
names its pack by the hash of ``run.json``, which holds the hash of every other file; decisions are only ever added.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field

from crimelib.errors import InputError
from crimelib.production.pack import RECORD, locked, record_of, sha256_file, verify_pack
from crimelib.settings import Review, Strict, checked

REGISTER = "review.json"
LONGEST_REMARK = 1_000
_TIME_PATTERN = r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+00:00$"


class Decision(Strict):
    """One decision: ``signed_off``, ``sent_back`` or ``released``. ``manifest_sha256`` is the hash of the pack's
    ``run.json``, ``looked_at`` the points of the checklist that the reviewer ticked."""

    pack: Annotated[str, Field(pattern=r"^\d{4}-\d\d(-[a-z]+)?$")]
    revision: Annotated[int, Field(ge=1)]
    manifest_sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    decided_at: Annotated[str, Field(pattern=_TIME_PATTERN)]
    role: Annotated[str, Field(min_length=3, max_length=80)]
    decision: Literal["signed_off", "sent_back", "released"]
    looked_at: tuple[str, ...] = ()
    remark: Annotated[str, Field(max_length=LONGEST_REMARK)] = ""


class Register(Strict):
    """All decisions on the packs of one area, in the order in which they were taken."""

    format: Literal[1] = 1
    decisions: tuple[Decision, ...] = ()

    def on(self, manifest_sha256: str) -> tuple[Decision, ...]:
        """The decisions about exactly these bytes."""
        return tuple(each for each in self.decisions if each.manifest_sha256 == manifest_sha256)


@dataclass(frozen=True)
class Subject:
    """A pack as it stands: where, its record, and the hash that a decision on it carries."""

    path: Path
    record: dict[str, Any]
    manifest_sha256: str

    @property
    def revision(self) -> int:
        return int(self.record.get("revision", 1))

    @property
    def released(self) -> bool:
        """Whether it was made by a release; anything else is a draft."""
        return self.record.get("status") == "released"


def subject_of(pack: Path) -> Subject:
    """A pack to decide on. Raises :class:`InputError` for what is no pack, and for one whose record is altered."""
    path = pack.resolve()
    return Subject(path, record_of(path), sha256_file(path / RECORD))


def read_register(pack: Path) -> Register:
    """The register beside a pack, an empty one where there is none; raises :class:`InputError` for a broken one."""
    path = pack.resolve().parent / REGISTER
    try:
        return checked(Register, json.loads(path.read_text(encoding="utf-8")), path)
    except FileNotFoundError:
        return Register()
    except ValueError as error:
        raise InputError(f"not readable as JSON ({error})", where=str(path), fix="restore it from a backup") from None


def add_decision(pack: Path, manifest_sha256: str, review: Review, **decision: Any) -> Decision:
    """Add a decision (``role``, ``decision``, ``looked_at``, ``remark``) on a pack to the register beside it.

    Raises :class:`InputError` when the pack's bytes are not those of ``manifest_sha256``, when it is not whole, was
    released already, or when no such role may decide; the register is then as it was.
    """
    path = pack.resolve()
    with locked(path.parent / REGISTER, lambda _: None):
        subject = _decidable(path, manifest_sha256)
        check_role(decision.get("role", ""), review)
        return _added(subject, decision)


def record_release(pack: Path, role: str) -> None:
    """Add to the register that a role released a pack, once."""
    path = pack.resolve()
    with locked(path.parent / REGISTER, lambda _: None):
        subject = subject_of(path)
        if not any(each.decision == "released" for each in read_register(path).on(subject.manifest_sha256)):
            _added(subject, {"role": role, "decision": "released"})


def check_role(role: str, review: Review) -> None:
    """Raise :class:`InputError` unless a role decides on packs."""
    if role not in review.roles:
        raise InputError("no such role decides on packs", where="role", fix=f"known: {', '.join(review.roles)}")


def _added(subject: Subject, decision: Mapping[str, Any]) -> Decision:
    """The decision, after it was added to the register; the register's lock must be held."""
    path = subject.path.parent / REGISTER
    about = {"pack": subject.path.name, "revision": subject.revision, "manifest_sha256": subject.manifest_sha256}
    found = checked(Decision, {**about, "decided_at": now(), **decision}, path)
    register = read_register(subject.path)
    _write(register.model_copy(update={"decisions": (*register.decisions, found)}), path)
    return found


def signed_off_by(decisions: Iterable[Decision]) -> tuple[str, ...]:
    """The roles whose last word on a pack is that it may be released, in the order of their decisions."""
    last = {each.role: each for each in decisions if each.decision != "released"}
    return tuple(role for role, each in last.items() if each.decision == "signed_off")


def sent_back_by(decisions: Iterable[Decision]) -> tuple[str, ...]:
    """The roles whose last word on a pack is that it must be made again."""
    last = {each.role: each for each in decisions if each.decision != "released"}
    return tuple(role for role, each in last.items() if each.decision == "sent_back")


def missing_for_release(subject: Subject, decisions: Iterable[Decision], review: Review) -> str:
    """What still stands between a draft and its release, in one clause; empty when nothing does."""
    found = tuple(decisions)
    if back := sent_back_by(found):
        return f"it was sent back by: {', '.join(back)}"
    needed, roles = review.sign_offs[subject.record["audience"]], signed_off_by(found)
    if len(roles) >= needed:
        return ""
    signed = f"signed off by: {', '.join(roles)}" if roles else "not signed off yet"
    return f"it needs {needed} sign-off{'s by different roles' if needed > 1 else ''} and is {signed}"


def _decidable(path: Path, manifest_sha256: str) -> Subject:
    subject = subject_of(path)
    if subject.manifest_sha256 != manifest_sha256:
        raise InputError("the pack has changed since it was looked at", where=path.name, fix="look at it again")
    if subject.released:
        raise InputError("is released and is never changed", where=path.name, fix="a correction is a new revision")
    if faults := verify_pack(path):
        raise InputError(f"the pack is not whole: {faults[0]}", where=path.name, fix="make it again")
    return subject


def now() -> str:
    """This moment, to the second, in UTC."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def _write(register: Register, path: Path) -> None:
    """The old register or the new one at every moment."""
    aside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with aside.open("w", encoding="utf-8") as file:
            file.write(json.dumps(register.model_dump(mode="json"), indent=1, ensure_ascii=False) + "\n")
            file.flush()
            os.fsync(file.fileno())
        aside.replace(path)
    finally:
        aside.unlink(missing_ok=True)
