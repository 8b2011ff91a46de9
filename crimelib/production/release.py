"""``crimelib release``: a draft that was signed off becomes the released pack, in its place, in one step.

The released pack is the draft without its mark: the same executed notebooks and tables, byte for byte, and pages, PDF
and workbook made of them again by the same code. The register beside it keeps who signed off which bytes.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd

from crimelib.disclosure.protect import FIGURES
from crimelib.errors import CrimelibError, InputError
from crimelib.production.execute import NotebookRun
from crimelib.production.index import write_index
from crimelib.production.notebooks import read_notebook
from crimelib.production.pack import building, locked, publish, seal, verify_pack
from crimelib.production.review import (
    Subject,
    check_role,
    missing_for_release,
    now,
    read_register,
    record_release,
    signed_off_by,
    subject_of,
)
from crimelib.production.run import code_sha256, environment_sha256, write_rendered
from crimelib.production.standing import RELEASED, Standing, standing_of
from crimelib.settings import Review

_RENDERED = {".html", ".pdf", ".xlsx"}  # what carries the draft's mark


def release_pack(pack: Path, review: Review, role: str) -> Standing:
    """Release a draft in its place and record it beside it; a second call records what a killed first one did not.

    Raises :class:`InputError` for a draft without the sign-offs that its audience needs, with a page that could not be
    made, altered, or made by other code than this.
    """
    check_role(role, review)
    path = pack.resolve()
    with locked(path, lambda _: None):
        subject = subject_of(path)
        standing = standing_of(subject.record) if subject.released else _release(subject, review)
    record_release(path, role)
    write_index(path.parent.parent)
    return standing


def _release(subject: Subject, review: Review) -> Standing:
    decisions = read_register(subject.path).on(subject.manifest_sha256)
    _refuse(subject, missing_for_release(subject, decisions, review))
    standing = replace(
        standing_of(subject.record),
        status=RELEASED,
        released_at=now(),
        signed_off_by=signed_off_by(decisions),
        draft_sha256=subject.manifest_sha256,
    )
    with building(subject.path) as folder:
        _fill(subject, {**subject.record, **standing.record}, folder)
        publish(folder, subject.path)
    return standing


def _refuse(subject: Subject, missing: str) -> None:
    """Raise :class:`InputError` for what may not be released."""
    record, where = subject.record, subject.path.name
    if faults := verify_pack(subject.path):
        raise InputError(f"the pack is not whole: {faults[0]}", where=where, fix="make it again")
    if failed := [each["notebook"] for each in record["notebooks"] if each["status"] != "ok"]:
        raise InputError(f"the page of {failed[0]} could not be made", where=where, fix="make the pack again")
    if missing:
        raise InputError(f"cannot be released: {missing}", where=where, fix="crimelib review it")
    made_by = (record["sha256"]["code"], record["sha256"]["environment"])
    if made_by != (code_sha256(), environment_sha256()):
        fix = "make and review it again"
        raise InputError("was made by other code than this, which might show it differently", where=where, fix=fix)


def _fill(subject: Subject, record: Mapping[str, Any], folder: Path) -> None:
    """The released pack: what carried no mark as it was, the rest made again of it."""
    outputs = subject.record["outputs"]
    tables = [name for name in outputs if "/" not in name and Path(name).suffix not in _RENDERED]
    (folder / "notebooks").mkdir()
    for name in (*tables, *(name for name in outputs if name.startswith("notebooks/"))):
        shutil.copyfile(subject.path / name, folder / name)
    runs = [NotebookRun(Path(each["notebook"]).stem, each["status"], each["seconds"]) for each in record["notebooks"]]
    notebooks = [read_notebook(folder / "notebooks" / f"{run.name}.ipynb") for run in runs]
    write_rendered(folder, record, read_summary(folder / "summary.csv"), notebooks, runs)
    seal(folder, {name: value for name, value in record.items() if name != "outputs"})
    _refuse_differences(outputs, subject_of(folder).record["outputs"])


def read_summary(path: Path) -> pd.DataFrame:
    """The rows of ``summary.csv`` with figures as numbers and everything else as text."""
    rows = pd.read_csv(path, dtype=str, keep_default_na=False)
    return rows.assign(**{name: pd.to_numeric(rows[name]) for name in FIGURES})


def _refuse_differences(draft: Mapping[str, str], released: Mapping[str, str]) -> None:
    """What carries no mark must be what was signed off."""
    other = [name for name in {*draft, *released} if Path(name).suffix not in _RENDERED]
    if differing := sorted(name for name in other if draft.get(name) != released.get(name)):
        raise CrimelibError(f"{differing[0]} would not be what was signed off; the draft is unchanged")
    if gone := sorted(draft.keys() ^ released.keys()):
        raise CrimelibError(f"{gone[0]} would come or go; the draft is unchanged")
