"""Whether a pack and those that its readers hold already give a withheld figure away."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from crimelib.disclosure.audit import audit_pack
from crimelib.production.pack import RECORD, read_record
from crimelib.settings import Settings

_SMALL_GAP = 0.01


def disclosed(pack: Path, settings: Settings) -> list[str]:
    """What a pack gives away together with its predecessors, one line each; an empty list when it gives nothing away.
    ``pack`` may be one that is being built beside its place."""
    record = read_record(pack)
    if record is None:
        return [f"{RECORD}: missing, broken or altered"]
    return audit_pack(pack, [*predecessors(pack, settings)], record["audience"], settings)


def withholding(record: Mapping[str, Any]) -> Iterator[str]:
    """What the analyst should know of how rows were chosen to be withheld: where the time was out, and where the
    choice may lose over one per cent more than the best."""
    for choice in record.get("withheld", ()):
        about = f"{', '.join(choice['measures'])}: {choice['withheld']} ward rows withheld"
        if choice["out_of_time"]:
            yield f"{about}: all, for there was no time to choose (seconds in parameters/disclosure.yml)"
        elif choice["gap"] > _SMALL_GAP:
            yield f"{about}, perhaps up to {choice['gap']:.0%} more than need be"


def predecessors(pack: Path, settings: Settings) -> Iterator[Path]:
    """The packs of the same area beside one that its readers had when it was made: of their own audience and of those
    that they also see, whatever the period, the released revisions that it corrects included."""
    own = read_record(pack) or {}
    seen = {own.get("audience"), *settings.disclosure.audiences[own["audience"]].also_sees} if own else set()
    for path in sorted(pack.parent.glob("????-??*/")):
        other = read_record(path)
        if other is None or other.get("area") != own.get("area") or other.get("audience") not in seen:
            continue
        same = (other["period"], other["audience"]) == (own["period"], own["audience"])
        corrected = other.get("status") == "released" and other.get("revision") != own.get("revision")
        if (corrected or not same) and other["made_at"] <= own["made_at"]:
            yield path
