"""Nothing of a command stays in the folder for temporary files, and nobody else's is touched."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from crimelib.board.handover import FOLDER_VARIABLE
from crimelib.scratch import PREFIX, scratch_folder

KILLED = """
import os, signal
from crimelib.scratch import scratch_folder
with scratch_folder() as folder:
    (folder / "rows.json").write_text("[]")
    os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder for temporary files, empty."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    return tmp_path


def aged(folder: Path) -> Path:
    """An hour old."""
    hour_ago = folder.stat().st_mtime - 3600
    os.utime(folder, (hour_ago, hour_ago))
    return folder


def test_it_is_one_folder_within_the_outermost_block_and_none_afterwards(temporary: Path) -> None:
    with scratch_folder() as folder:
        with scratch_folder() as same:
            assert same == folder
        assert folder.parent == temporary
        assert folder.stat().st_mode & 0o777 == 0o700
    assert list(temporary.iterdir()) == []


def test_what_a_killed_command_left_is_cleared_by_the_next(temporary: Path) -> None:
    subprocess.run([sys.executable, "-c", KILLED], check=False)
    (left,) = temporary.iterdir()
    aged(left)
    with scratch_folder() as folder:
        assert list(temporary.iterdir()) == [folder]


def test_a_folder_in_use_or_new_or_not_ours_stays(temporary: Path) -> None:
    new = temporary / f"{PREFIX}new"
    elsewhere = temporary / "crimelib-of-somebody"
    kept = temporary / "kept"
    link = temporary / f"{PREFIX}link"
    for folder in (new, elsewhere, kept):
        folder.mkdir()
    aged(elsewhere)
    link.symlink_to(kept)
    held = subprocess.Popen(
        [sys.executable, "-c", KILLED.replace("os.kill(os.getpid(), signal.SIGKILL)", "print(folder); input()")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert held.stdout is not None
    used = aged(Path(held.stdout.readline().strip()))
    before = set(temporary.iterdir())
    with scratch_folder() as folder:
        assert set(temporary.iterdir()) == {*before, folder}
        assert (used / "rows.json").is_file()
    held.communicate("\n")
    assert set(temporary.iterdir()) == {new, elsewhere, kept, link}


def test_a_summary_is_handed_over_inside_it(temporary: Path) -> None:
    import pandas as pd

    from crimelib.board.handover import handed_over
    from crimelib.tables.store import CATALOGUE

    (temporary / CATALOGUE).write_text("{}")
    with scratch_folder() as folder, handed_over(pd.DataFrame({"current": [1]}), temporary, ("x",)):
        assert Path(os.environ[FOLDER_VARIABLE]).parent == folder
    assert [path.name for path in temporary.iterdir()] == [CATALOGUE]


def test_the_tables_of_a_run_are_kept_by_the_process_of_which_its_kernels_are_forked(
    temporary: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from crimelib.board import handover

    kept: list[Path] = []
    monkeypatch.setattr(handover, "keep", kept.append)
    handover.keep_shared_tables()
    assert kept == []
    with handover.tables_shared(temporary / "outer"), handover.tables_shared(temporary / "inner"):
        handover.keep_shared_tables()
    with handover.tables_shared(temporary / "outer"):
        handover.keep_shared_tables()
    assert kept == [(temporary / name).resolve() for name in ("inner", "outer")]
    assert handover.TABLES_VARIABLE not in os.environ
