"""Runs of one period at the same time: one holds the pack, the others wait and say so; what stands there is whole."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from toy_pack import quick_pack

from crimelib.production.pack import read_record, verify_pack

TOY = Path(__file__).with_name("toy_pack.py")
# Publishes a small pack at each of the places given, again and again, and reads what stands there in between.
MIXED = """
import sys
from pathlib import Path
from crimelib.production.pack import building, locked, publish, read_record, seal, verify_pack
label, *targets = sys.argv[1:]
for turn in range(6):
    target = Path(targets[turn % len(targets)])
    with locked(target, print), building(target) as folder:
        for name in "abcdef":
            (folder / name).write_text(label)
        seal(folder, {"label": label})
        publish(folder, target)
    assert read_record(target) is not None
"""
HOLDER = """
import sys, time
from pathlib import Path
from crimelib.production.pack import building, locked
with locked(Path(sys.argv[1]), print), building(Path(sys.argv[1])) as folder:
    (folder / "half.html").write_text("half")
    print("held", flush=True)
    time.sleep(60)
"""


def numbered(quick: int, whole: int) -> list:
    """Cases of which the first few run in `make test`, all in `make check-long`."""
    return [pytest.param(n, marks=[pytest.mark.long] if n >= quick else []) for n in range(whole)]


def started(*words: object) -> subprocess.Popen[str]:
    command = [sys.executable, *map(str, words)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def labels(pack: Path) -> set[str]:
    """What the notebooks of a pack printed, out of the labels that were given."""
    texts = [path.read_text() for path in (pack / "notebooks").iterdir()]
    return {word for word in ("one", "other") for text in texts if f'"{word}\\n"' in text}


@pytest.mark.parametrize("pair", numbered(2, 50))
def test_two_runs_of_one_period_end_well_and_never_mix(tmp_path: Path, pair: int) -> None:
    runs = [started(TOY, tmp_path, word, "quick") for word in ("one", "other")]
    told = [run.communicate(timeout=120)[0] for run in runs]
    assert [run.returncode for run in runs] == [0, 0], told
    assert sum("waiting for it" in each for each in told) <= 1
    pack = tmp_path / "reports/bromley/2021-11"
    assert verify_pack(pack) == []
    assert len(labels(pack)) == 1
    assert sorted(path.name for path in pack.parent.iterdir()) == [".2021-11.lock", "2021-11"]


@pytest.mark.parametrize("turn", numbered(1, 20))
def test_eight_runs_over_three_packs_never_mix(tmp_path: Path, turn: int) -> None:
    targets = [tmp_path / f"2021-{month}" for month in ("09", "10", "11")]
    orders = [targets[start % 3 :] + targets[: start % 3] for start in range(8)]
    runs = [started("-c", MIXED, f"run {number}", *order) for number, order in enumerate(orders)]
    told = [run.communicate(timeout=120)[0] for run in runs]
    assert [run.returncode for run in runs] == [0] * 8, told
    for target in targets:
        assert verify_pack(target) == []
        record = read_record(target)
        assert record
        assert {path.read_text() for path in target.iterdir() if path.name != "run.json"} == {record["label"]}
    assert not list(tmp_path.glob(".*building*"))


def test_the_lock_of_a_dead_run_holds_no_one_up(tmp_path: Path) -> None:
    target = quick_pack(tmp_path, "one")
    holder = started("-c", HOLDER, target)
    assert holder.stdout
    assert holder.stdout.readline() == "held\n"
    os.kill(holder.pid, signal.SIGKILL)
    holder.communicate()
    assert labels(target) == {"one"}
    assert quick_pack(tmp_path, "other") == target
    assert labels(target) == {"other"}
    assert sorted(path.name for path in target.parent.iterdir()) == [".2021-11.lock", "2021-11"]
