"""kill -9 at any file operation of fetch, clean, run and batch: the old or the new is there, never a mixture, and the
same command once more, with nothing cleaned up by hand, ends as one that was never interrupted."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest
from killing import STAGES
from loopback_publisher import BOROUGHS, Desk, Publisher, Reply
from mps_files import BURGLARY, VIOLENCE, put, recorded, tree_hash
from toy_pack import quick_pack

from crimelib.production.pack import verify_pack
from crimelib.settings import load_settings
from crimelib.tables.clean import clean
from crimelib.tables.store import Store

KILLING = Path(__file__).with_name("killing.py")
MOMENTS, TIMES = ("early", "half-way", "late"), 10
# In `make test` each stage is killed once; all three moments are among those seven.
ONCE = {stage: MOMENTS[number % 3] for number, stage in enumerate(STAGES)}
CASES = [
    pytest.param(stage, moment, time, marks=[] if (ONCE[stage], 0) == (moment, time) else [pytest.mark.long])
    for stage in STAGES
    for moment in MOMENTS
    for time in range(TIMES)
]


@dataclass
class Scene:
    """The old state, ready to be copied, with what the publisher offers."""

    old: Path
    publisher: Publisher


def ran(stage: str, root: Path, moment: int) -> subprocess.CompletedProcess[str]:
    words = [sys.executable, str(KILLING), stage, str(root), str(moment)]
    return subprocess.run(words, capture_output=True, text=True, timeout=240, env={**os.environ, "PYTHONHASHSEED": "0"})


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    """Packs, tables and raw files of before; raw files to clean anew."""
    old = tmp_path_factory.mktemp("scene") / "old"
    for name, count in (("before", 1), ("new", 2)):
        for vintage in ("2021-03", "2021-04"):
            counts = {BURGLARY: count, VIOLENCE: int(vintage[-1]) * count}
            put(old / name, recorded("2021-01", "2021-02", counts, ["Bromley", "Croydon"]), vintage=vintage)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("crimelib.tables.clean.cleaning_hash", lambda settings: "this code and these parameters")
        clean(old / "before", old / "processed", load_settings())
    for period in ("2021-10", "2021-11"):
        quick_pack(old, "old", period)
    publisher = Publisher()
    desk = Desk(publisher, old)
    desk.offers(Reply(BOROUGHS))
    desk.settings()
    yield Scene(old, publisher)
    publisher.close()


@cache
def whole(stage: str, old: Path) -> tuple[int, str]:
    """How many moments an uninterrupted stage has, and what it leaves behind."""
    root = old.with_name(f"whole {stage.replace(':', '')}")
    shutil.copytree(old, root)
    done = ran(stage, root, 0)
    assert done.returncode == 0, done.stderr
    return int(done.stdout.split()[-1]), left(stage, root)


def packs(stage: str, root: Path) -> list[Path]:
    periods = ("2021-10", "2021-11") if stage == "batch" else ("2021-11",)
    return [root / "reports/bromley" / period for period in periods]


def left(stage: str, root: Path) -> str:
    """The end of a stage as one hash: everything but times, names of processes and the moment of making."""
    if stage.startswith("clean"):
        found = tree_hash(root / "processed")
    elif stage == "fetch":
        found = {name: known for name, known in tree_hash(root / "raw").items() if not name.endswith("manifest.json")}
    else:
        found = {f"{pack.name}/{path}": word for pack in packs(stage, root) for path, word in texts(pack).items()}
    return hashlib.sha256(repr(sorted(found.items())).encode()).hexdigest()


def texts(pack: Path) -> dict[str, str]:
    """What each notebook of a pack printed, and its tables."""
    assert verify_pack(pack) == []
    printed = {path.name: word for path in (pack / "notebooks").iterdir() for word in said(path)}
    return printed | {path.name: path.read_text() for path in pack.glob("*.csv")}


def said(path: Path) -> list[str]:
    return [word for word in ("old", "new") if f'"{word}\\n"' in path.read_text()]


def check_not_mixed(stage: str, root: Path) -> None:
    """Old or new, wholly."""
    if stage == "fetch":
        files = [path for path in (root / "raw").rglob("file.csv") if ".fetching" not in path.parts]
        assert all(path.read_bytes() == BOROUGHS for path in files)
        return
    counts = Store(root / "processed").table("counts")
    assert set(counts.loc[counts["series"] == "burglary_residential", "count"]) in ({1}, {2})
    for pack in packs("batch", root):
        assert verify_pack(pack) == []
        printed = [word for path in (pack / "notebooks").iterdir() for word in said(path)]
        assert printed in (["old", "old"], ["new", "new"])


@pytest.mark.parametrize(("stage", "moment", "time"), CASES)
def test_killed_here_it_is_old_or_new_and_the_next_run_ends_the_same(
    scene: Scene, tmp_path: Path, stage: str, moment: str, time: int
) -> None:
    moments, end = whole(stage, scene.old)
    third = moments / len(MOMENTS)
    fatal = 1 + int(third * MOMENTS.index(moment) + third * time / TIMES)
    root = tmp_path / "root"
    shutil.copytree(scene.old, root)
    killed = ran(stage, root, fatal)
    assert killed.returncode == -9, killed.stderr
    check_not_mixed(stage, root)
    again = ran(stage, root, 0)
    assert again.returncode == 0, again.stderr
    assert left(stage, root) == end
    leftovers = [path for path in root.rglob(".*") if re_made(path)]
    assert leftovers == []


def re_made(path: Path) -> bool:
    """Whether a hidden name is something that a dead process left behind."""
    return any(mark in path.name for mark in (".building-", ".old-", ".part", ".catalogue.json."))
