"""A run killed or stopped at any moment leaves the old pack or the new one, whole; the next run minds nothing."""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import pytest

from crimelib.production.pack import read_record, verify_pack

TOY = Path(__file__).with_name("toy_pack.py")
CHURN = """
import sys, itertools
from pathlib import Path
from crimelib.production.pack import building, locked, publish, seal
target = Path(sys.argv[1])
for number in itertools.count():
    with locked(target, print), building(target) as folder:
        for name in "abcdef":
            (folder / name).write_text(f"{number}")
        seal(folder, {"number": number})
        publish(folder, target)
"""
# Ctrl-C at the worst of moments: as a process has been started, in a callback of the interpreter, where what is raised
# is printed and lost.
INTERRUPTED = """
import os, runpy, signal, subprocess, sys, weakref
from multiprocessing.context import SpawnProcess
place = {"worker": (SpawnProcess, "start"), "template": (subprocess.Popen, "__init__")}[sys.argv.pop(1)]
original = getattr(*place)
class Key: pass
def press(_):
    os.kill(os.getpid(), signal.SIGINT)
    sum(range(9))
def pressed(*arguments, **options):
    original(*arguments, **options)
    key = Key()
    gone = weakref.ref(key, press)
    del key
setattr(*place, pressed)
sys.argv[0] = TOY
sys.path.insert(0, os.path.dirname(TOY))
import toy_pack
toy_pack.main()
""".replace("TOY", repr(str(TOY)))
PATIENCE_SECONDS = 120


@contextmanager
def running(*arguments: str, mark: str = "", **variables: str) -> Iterator[subprocess.Popen[str]]:
    """A Python process of its own session; ``mark`` is in its environment and in that of all that it starts."""
    command, environment = [sys.executable, *filter(None, arguments)], {**os.environ, **variables, "TEST_MARK": mark}
    process = subprocess.Popen(command, start_new_session=True, stderr=subprocess.PIPE, text=True, env=environment)
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def wait_for(condition: Callable[[], bool], process: subprocess.Popen[str]) -> None:
    """Return as soon as ``condition`` holds; a process that ends before that is a failure."""
    end = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        assert process.poll() is None, process.communicate()[1]
        assert time.monotonic() < end
        time.sleep(0.002)


def processes_that_mention(text: str) -> list[str]:
    """Command lines and environments of running processes, so that kernels and workers left behind are found."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            seen = (folder / "cmdline").read_bytes() + (folder / "environ").read_bytes()
        except OSError:
            continue
        if text.encode() in seen and int(folder.name) != os.getpid():
            found.append(seen[:300].decode(errors="replace"))
    return found


def wait_until_none_mention(root: Path) -> None:
    """A failure where a process outlives its run."""
    end = time.monotonic() + PATIENCE_SECONDS
    while processes_that_mention(str(root)) and time.monotonic() < end:
        time.sleep(0.1)
    assert processes_that_mention(str(root)) == []


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("published")
    subprocess.run([sys.executable, TOY, root, "old", "quick"], check=True)
    return root


@pytest.fixture
def root(published: Path, tmp_path: Path) -> Path:
    return shutil.copytree(published, tmp_path / "root")


def build_holds(root: Path, pattern: str) -> bool:
    return bool(list((root / "reports" / "bromley").glob(f".2021-11.building-*/{pattern}")))


def label(root: Path) -> str:
    """What both executed notebooks of the pack printed; the pack must be whole."""
    pack = root / "reports" / "bromley" / "2021-11"
    assert verify_pack(pack) == []
    texts = [path.read_text() for path in (pack / "notebooks").iterdir()]
    labels = {word for word in ("old", "new") for text in texts if f'"{word}\\n"' in text}
    assert (len(texts), len(labels)) == (2, 1)
    return labels.pop()


@pytest.mark.parametrize(
    ("moment", "mode"),
    [
        ("notebooks", ""),
        ("notebooks/*.ipynb", ""),
        ("*.html", "quick"),
        ("summary.csv", "quick"),
        ("run.json", "quick"),
    ],
)
def test_kill_9_leaves_the_old_pack_or_the_new_one_and_no_process(root: Path, moment: str, mode: str) -> None:
    with running(str(TOY), str(root), "new", mode, mark=str(root)) as process:
        wait_for(partial(build_holds, root, moment), process)
        process.kill()
    assert label(root) in ("old", "new")
    wait_until_none_mention(root)


def test_the_run_after_a_killed_one_needs_no_cleaning_up(root: Path) -> None:
    with running(str(TOY), str(root), "new", "quick") as process:
        wait_for(partial(build_holds, root, "notebooks"), process)
        process.kill()
    assert list((root / "reports" / "bromley").glob(".*building*"))
    subprocess.run([sys.executable, TOY, root, "new", "quick"], check=True)
    assert label(root) == "new"
    names = sorted(path.name for path in (root / "reports" / "bromley").iterdir())
    assert names == [".2021-11.lock", "2021-11"]


def test_ctrl_c_stops_in_one_sentence_with_status_1_and_leaves_the_old_pack(root: Path) -> None:
    with running(str(TOY), str(root), "new") as process:
        wait_for(partial(build_holds, root, "notebooks"), process)
        time.sleep(0.5)  # a key pressed while the workers are being forked can be lost; no notebook is done so soon
        os.killpg(process.pid, signal.SIGINT)
        _, errors = process.communicate(timeout=PATIENCE_SECONDS)
    assert process.returncode == 1
    assert "stopped by hand; the pack before is unchanged" in errors
    assert label(root) == "old"
    names = sorted(path.name for path in (root / "reports" / "bromley").iterdir())
    assert names == [".2021-11.lock", "2021-11"]


@pytest.mark.parametrize("started", ["worker", "template"])
def test_ctrl_c_as_a_process_is_being_started_is_not_lost(root: Path, started: str) -> None:
    with running("-c", INTERRUPTED, started, str(root), "new", mark=str(root)) as process:
        _, errors = process.communicate(timeout=PATIENCE_SECONDS)
    assert process.returncode == 1
    assert "stopped by hand; the pack before is unchanged" in errors
    assert "Exception ignored" not in errors
    assert label(root) == "old"
    wait_until_none_mention(root)


@pytest.mark.parametrize("moment", ["notebooks", "notebooks/*.ipynb"])
def test_kill_9_leaves_no_temporary_file_that_the_next_run_does_not_clear(root: Path, moment: str) -> None:
    with tempfile.TemporaryDirectory(prefix="t") as folder:  # short, as sockets need
        temporary = Path(folder)
        with running(str(TOY), str(root), "new", mark=str(root), TMPDIR=folder) as process:
            wait_for(partial(build_holds, root, moment), process)
            process.kill()
        wait_until_none_mention(root)
        if moment.endswith(".ipynb"):  # there are workers, who clear what their owner cannot
            assert list(temporary.iterdir()) == []
        for left in temporary.iterdir():
            os.utime(left, (0, 0))
        subprocess.run([sys.executable, TOY, root, "new"], check=True, env={**os.environ, "TMPDIR": folder})
        assert list(temporary.iterdir()) == []


def test_publishing_over_and_over_and_killed_at_any_moment_is_never_mixed(tmp_path: Path) -> None:
    target, chance = tmp_path / "2021-11", random.Random(2021)
    for _ in range(8):
        before = number(target)
        with running("-c", CHURN, str(target)) as process:
            wait_for(partial(has_changed, target, before), process)
            time.sleep(chance.uniform(0, 0.03))
        assert verify_pack(target) == []
        assert {path.read_text() for path in target.iterdir() if path.name != "run.json"} == {str(number(target))}


def number(target: Path) -> int | None:
    """Which of the packs stands there; None while none does."""
    record = read_record(target)
    return record["number"] if record else None


def has_changed(target: Path, before: int | None) -> bool:
    return number(target) not in (None, before)
