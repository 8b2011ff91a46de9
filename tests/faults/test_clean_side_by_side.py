"""`crimelib clean` on several cores: the same bytes and refusals as on one, and no process outlives it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from mps_files import BURGLARY, put, recorded, tree_hash

from crimelib import side_by_side
from crimelib.errors import InputError
from crimelib.settings import load_settings
from crimelib.tables import clean as module
from crimelib.tables.clean import clean

VINTAGES = ("2021-03", "2021-04", "2021-05")
# A clean whose files take for ever: each says which process it is in, and waits.
ENDLESS = r"""
import os, signal, sys
from pathlib import Path
from crimelib import cli, side_by_side
from crimelib.tables import clean as module

def endless(*given):
    os.write(1, b"%d\n" % os.getpid())  # whole, whoever else writes
    signal.pause()

side_by_side._cores, module.WORTH_FORKING, module._clean_one = lambda: 2, 0, endless
sys.argv = ["crimelib", "clean", "--raw", sys.argv[1], "--processed", sys.argv[2]]
cli.main()
"""


def lay(raw: Path) -> None:
    for number, vintage in enumerate(VINTAGES):
        put(raw, recorded("2021-01", "2021-02", {BURGLARY: number}, ["Bromley", "Croydon"]), vintage=vintage)


@pytest.mark.parametrize("forked", [True, False])
def test_the_tables_are_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, forked: bool) -> None:
    lay(tmp_path / "raw")
    clean(tmp_path / "raw", tmp_path / "as usual", load_settings())
    monkeypatch.setattr(side_by_side, "_cores", lambda: 2)
    monkeypatch.setattr(module, "WORTH_FORKING", 0 if forked else 10**9)
    monkeypatch.setattr(module, "reader_of", only_in_children(module.reader_of) if forked else module.reader_of)
    clean(tmp_path / "raw", tmp_path / "processed", load_settings())
    assert tree_hash(tmp_path / "processed") == tree_hash(tmp_path / "as usual")


def only_in_children(reader_of):
    parent = os.getpid()

    def checked(source: str):
        assert os.getpid() != parent
        return reader_of(source)

    return checked


def test_the_first_wrong_file_is_refused_and_nothing_is_published(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lay(tmp_path / "raw")
    for number, vintage in enumerate(VINTAGES[1:], start=1):  # the last is begun first
        put(tmp_path / "raw", "Borough,Nonsense\n" + "Bromley,1\n" * 100 * number, vintage=vintage)
    monkeypatch.setattr(side_by_side, "_cores", lambda: 2)
    told = []
    for worth_it in (0, 10**9):
        monkeypatch.setattr(module, "WORTH_FORKING", worth_it)
        with pytest.raises(InputError) as refused:
            clean(tmp_path / "raw", tmp_path / "processed", load_settings())
        told.append(str(refused.value))
        assert not list((tmp_path / "processed").glob("*.json"))
        assert not list((tmp_path / "processed").glob(".building-*"))
    assert told[0] == told[1]
    assert VINTAGES[1] in told[0]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_no_process_is_left(tmp_path: Path, number: signal.Signals) -> None:
    lay(tmp_path / "raw")
    words = [sys.executable, "-c", ENDLESS, str(tmp_path / "raw"), str(tmp_path / "processed")]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    process = subprocess.Popen(words, start_new_session=True, cwd=tmp_path, **pipes)
    assert process.stdout is not None
    at_work = [int(process.stdout.readline()) for _ in range(2)]
    (os.killpg if number == signal.SIGINT else os.kill)(process.pid, number)
    _, told = process.communicate(timeout=60)  # ends when the last process that holds the pipes does
    assert (process.returncode, told) == (130 if number == signal.SIGINT else -signal.SIGKILL, "")
    while any(Path(f"/proc/{each}").exists() for each in at_work):
        time.sleep(0.05)
    assert bool(list((tmp_path / "processed").glob(".building-*"))) == (number == signal.SIGKILL)
    clean(tmp_path / "raw", tmp_path / "processed", load_settings())
    assert not list((tmp_path / "processed").glob(".building-*"))
