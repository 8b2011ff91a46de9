"""`crimelib clean` killed at any moment leaves the old tables or the new, and the next clean needs no help."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from mps_files import BURGLARY, VIOLENCE, put, recorded, tree_hash

from crimelib.settings import load_settings
from crimelib.tables.clean import clean
from crimelib.tables.store import CATALOGUE, Store

# The process stops by itself just before a step, so that it is killed there and nowhere else.
CODE = """
import os, signal, sys
from pathlib import Path
import crimelib.tables.clean as module
from crimelib.settings import load_settings

module.cleaning_hash = lambda settings: "this code and these parameters"
raw, processed, step = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3]
if step in vars(module):
    real = getattr(module, step)
    calls = []
    def stopping(*given, **named):
        calls.append(1)
        if len(calls) == int(sys.argv[4]):
            print("here", flush=True)
            signal.pause()
        return real(*given, **named)
    setattr(module, step, stopping)
else:
    replace = Path.replace
    def stopping(self, target):
        if step in str(target):
            print("here", flush=True)
            signal.pause()
        return replace(self, target)
    Path.replace = stopping
module.clean(raw, processed, load_settings())
print("done", flush=True)
"""
MOMENTS = {
    "before the first file": ("_clean_one", 1),
    "between two files": ("_clean_one", 2),
    "between two parts": ("write_part", 2),
    "before publishing": ("_publish", 1),
    "while parts are moved in": (".parquet", 1),
    "before the catalogue takes its place": (CATALOGUE, 1),
}


def lay(raw: Path, count: int) -> None:
    for vintage in ("2021-03", "2021-04"):
        counts = {BURGLARY: count, VIOLENCE: int(vintage[-1]) * count}
        put(raw, recorded("2021-01", "2021-02", counts, ["Bromley", "Croydon"]), vintage=vintage)


@contextmanager
def stopped_at(raw: Path, processed: Path, step: str, call: int) -> Iterator[subprocess.Popen[str]]:
    words = [sys.executable, "-c", CODE, str(raw), str(processed), step, str(call)]
    process = subprocess.Popen(words, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        assert process.stdout.readline().strip() == "here"
        yield process
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


@pytest.fixture(scope="module", autouse=True)
def one_recipe() -> Iterator[None]:
    """Code that is edited while the tests run must not look like another way of cleaning."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("crimelib.tables.clean.cleaning_hash", lambda settings: "this code and these parameters")
        yield


@pytest.fixture(scope="module")
def states(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Raw files before and after, the tables of before, and what an uninterrupted clean makes of both."""
    folder = tmp_path_factory.mktemp("states")
    for name, count in (("old", 1), ("new", 2)):
        lay(folder / name, count)
    clean(folder / "old", folder / "processed", load_settings())
    shutil.copytree(folder / "processed", folder / "whole")
    clean(folder / "new", folder / "whole", load_settings())
    return folder


def seen(processed: Path) -> set[int]:
    """The burglary counts that a reader finds."""
    counts = Store(processed).table("counts")
    return set(counts.loc[counts["series"] == "burglary_residential", "count"])


@pytest.mark.parametrize("moment", MOMENTS)
def test_kill_9_leaves_the_old_tables_and_the_next_clean_ends_the_same(
    states: Path, tmp_path: Path, moment: str
) -> None:
    processed = tmp_path / "processed"
    shutil.copytree(states / "processed", processed)
    with stopped_at(states / "new", processed, *MOMENTS[moment]) as process:
        os.kill(process.pid, signal.SIGKILL)
    assert seen(processed) == {1}
    clean(states / "new", processed, load_settings())
    assert tree_hash(processed) == tree_hash(states / "whole")
    assert seen(processed) == {2}


def test_readers_see_the_old_tables_while_a_clean_is_under_way(states: Path, tmp_path: Path) -> None:
    processed = tmp_path / "processed"
    shutil.copytree(states / "processed", processed)
    for step in ("while parts are moved in", "before the catalogue takes its place"):
        with stopped_at(states / "new", processed, *MOMENTS[step]):
            assert seen(processed) == {1}


def test_a_second_clean_waits_for_the_first(states: Path, tmp_path: Path) -> None:
    """It must not sweep away what the first is building."""
    processed = tmp_path / "processed"
    shutil.copytree(states / "processed", processed)
    with stopped_at(states / "new", processed, *MOMENTS["between two files"]):
        second = subprocess.Popen(
            [sys.executable, "-c", CODE, str(states / "new"), str(processed), "none", "0"],
            stdout=subprocess.PIPE,
            text=True,
        )
        time.sleep(1.5)
        assert second.poll() is None
        assert list(processed.glob(".building-*"))
    assert second.communicate(timeout=60)[0].strip() == "done"
    assert tree_hash(processed) == tree_hash(states / "whole")


def test_an_interrupted_first_clean_leaves_nothing_to_read(states: Path, tmp_path: Path) -> None:
    with stopped_at(states / "new", tmp_path / "processed", *MOMENTS["before the catalogue takes its place"]):
        pass
    assert not (tmp_path / "processed" / CATALOGUE).exists()
    clean(states / "new", tmp_path / "processed", load_settings())
    assert seen(tmp_path / "processed") == {2}
