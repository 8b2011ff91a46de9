"""No room, or a folder that may only be read: one clear line, what stood there stands, and with room it goes on."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from loopback_publisher import BOROUGHS, Desk, Publisher, Reply
from mps_files import lay_small, tree_hash
from toy_pack import publish, without_kernels, write_notebook

import crimelib.cli
from crimelib.production import run
from crimelib.settings import PROJECT_ROOT

SIZE_BYTES = 24 * 1024 * 1024
Stage = Callable[[Path], None]


def mount(*words: str) -> None:
    """Mount, as root; where that is not permitted the test is skipped, but never in CI."""
    done = subprocess.run(["mount", *words], capture_output=True, text=True)
    if done.returncode and not os.environ.get("CI"):
        pytest.skip(f"a small disk cannot be mounted here: {done.stderr.strip()}")
    assert done.returncode == 0, done.stderr


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 24 MB in memory."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount("-t", "tmpfs", "-o", f"size={SIZE_BYTES}", "crimelib-test", str(folder))
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", folder], check=True)


@contextmanager
def full(disk: Path) -> Iterator[None]:
    filler = disk / "filler"
    with filler.open("wb", buffering=0) as stream:
        try:
            while stream.write(bytes(4096)) == 4096:
                pass
        except OSError:
            pass
    yield
    filler.unlink()


@contextmanager
def read_only(disk: Path) -> Iterator[None]:
    mount("-o", "remount,ro", str(disk))
    yield
    mount("-o", f"remount,rw,size={SIZE_BYTES}", str(disk))


def command(*words: object) -> None:
    sys.argv = ["crimelib", *map(str, words)]
    crimelib.cli.main()


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Raw files and their tables, on a disk with room."""
    folder = tmp_path_factory.mktemp("data")
    lay_small(folder / "raw")
    with pytest.raises(SystemExit):
        command("clean", "--raw", folder / "raw", "--processed", folder / "processed")
    return folder


@pytest.fixture
def stages(data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, Stage]]:
    monkeypatch.setattr(sys, "argv", sys.argv)
    monkeypatch.setattr(run, "execute_notebooks", without_kernels)
    publisher = Publisher()

    def by_cli(action: Callable[[], object]) -> None:
        """What has no command of its own ends as a command does."""
        with monkeypatch.context() as patch:
            patch.setattr(crimelib.cli, "app", lambda *_, **__: action() and None)
            crimelib.cli.main()

    def fetched(disk: Path) -> None:
        desk = Desk(publisher, disk)
        settings = Desk(publisher, tmp_path).settings()
        desk.settings = lambda **_: settings
        desk.offers(Reply(BOROUGHS))

        def action() -> None:
            if failure := desk.fetch().failure:
                raise failure

        by_cli(action)

    def packed(disk: Path) -> None:
        notebook = write_notebook(tmp_path / "nb", "01_first", "print('x')", printed="x")
        by_cli(lambda: publish(disk, [notebook]))

    def parameters(disk: Path) -> Path:
        if not (disk / "parameters").exists():
            subprocess.run(["cp", "-r", PROJECT_ROOT / "parameters", disk / "parameters"], check=True)
        return disk / "parameters"

    yield {
        "fetch": fetched,
        "clean": lambda disk: command("clean", "--raw", data / "raw", "--processed", disk / "processed"),
        "summary": lambda disk: command("summary", "--processed", data / "processed", "--csv", disk / "summary.csv"),
        "run": packed,
        "sample": lambda disk: command("sample", "--raw", disk / "raw"),
        "template": lambda disk: command("template", "asb_calls", "--out", disk),
        "new-period": lambda disk: command("new-period", "2021-12", "--parameters", parameters(disk)),
    }
    publisher.close()


ONCE = {"template", "new-period"}  # they never overwrite, so they are tried where nothing stands yet
STAGES = ["fetch", "clean", "summary", "run", "sample", "template", "new-period"]


def ended(stage: Stage, disk: Path) -> int:
    with pytest.raises(SystemExit) as end:
        stage(disk)
    return int(end.value.code or 0)


@pytest.mark.parametrize("fault", [full, read_only], ids=["full", "read-only"])
@pytest.mark.parametrize("name", STAGES)
def test_one_line_and_what_stood_there_stands(
    disk: Path, stages: dict[str, Stage], name: str, fault: Callable, capfd: pytest.CaptureFixture[str]
) -> None:
    stage = stages[name]
    if name == "new-period":
        subprocess.run(["cp", "-r", PROJECT_ROOT / "parameters", disk / "parameters"], check=True)
    elif name not in ONCE:
        assert ended(stage, disk) == 0
    before = tree_hash(disk)
    capfd.readouterr()
    with fault(disk):
        status = ended(stage, disk)
        told = [line for line in capfd.readouterr().err.splitlines() if "crimelib:" in line]
        if status:
            assert status in (1, 2)
            assert len(told) == 1
            assert "Traceback" not in told[0]
        else:
            assert name in ("fetch", "sample"), "nothing was to be written, so nothing can have failed"
    assert tree_hash(disk) == before
    assert ended(stage, disk) == 0
