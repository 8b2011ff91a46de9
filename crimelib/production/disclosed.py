"""Whether a pack and those that its readers hold already give a withheld figure away."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from crimelib import disclosure
from crimelib.disclosure.audit import audit_pack
from crimelib.disclosure.published import Row, published
from crimelib.errors import InputError
from crimelib.production.pack import ALTERED, read_record, sha256_file, sha256_json
from crimelib.production.workers import in_ready_workers
from crimelib.settings import Settings

_SMALL_GAP = 0.01


def disclosed(pack: Path, settings: Settings) -> list[str]:
    """What a pack gives away together with its predecessors, one line each; an empty list when it gives nothing away.
    ``pack`` may be one that is being built beside its place."""
    record = read_record(pack)
    if record is None:
        return [ALTERED]
    return audit_pack(
        pack, [*predecessors(pack, settings)], record["audience"], settings, published_once, in_ready_workers
    )


def published_once(pack: Path, settings: Settings) -> list[Row]:
    """What a predecessor has published, read from all its files once: it is kept beside the pack, under the hash of
    those files, of the names that they are read by and of the code that reads them, and read again where any differs.
    """
    kept, of = pack.with_name(f".{pack.name}.published.json"), _fingerprint(pack, settings)
    with suppress(OSError, ValueError, KeyError, TypeError):
        found = json.loads(kept.read_text(encoding="utf-8"))
        if found["of"] == of:
            return found["rows"]
    rows = _read(pack, settings)
    aside = kept.with_name(f"{kept.name}.{os.getpid()}")
    with suppress(OSError):  # where nothing can be written, it is read each time
        aside.write_text(json.dumps({"of": of, "rows": rows}), encoding="utf-8")
        aside.replace(kept)
    return rows


def _read(pack: Path, settings: Settings) -> list[Row]:
    try:
        return published(pack, settings)
    except Exception as error:  # a damaged file fails in as many ways as there are libraries that read it
        what = f"a file of this earlier pack cannot be read ({type(error).__name__})"
        fix = "put the pack back as it was published, or make it again"
        raise InputError(what, where=pack.name, fix=fix) from error


def _fingerprint(pack: Path, settings: Settings) -> str:
    files = sorted(path for path in pack.rglob("*") if path.is_file())
    code = sorted(Path(disclosure.__file__).parent.glob("*.py"))
    hashes = [(path.relative_to(pack).as_posix(), sha256_file(path)) for path in files]
    items = {name: item.model_dump(mode="json") for name, item in settings.items.items()}
    return sha256_json([hashes, items, [sha256_file(path) for path in code]])


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
