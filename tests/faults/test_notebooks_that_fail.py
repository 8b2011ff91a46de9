"""Real kernels: how each way of failing ends, and that the rest of the pack is published all the same."""

from __future__ import annotations

import nbformat
import pytest
from toy_pack import publish, write_notebook

from crimelib.production.pack import read_record, verify_pack
from crimelib.production.run import PackResult

WORKER = "int(os.path.basename(os.environ['JUPYTER_RUNTIME_DIR']))"
WAYS = {
    "01_good": ("print(area, period)", "area"),
    "02_raises": ("raise ValueError('no such\\nward')", "print('later')"),
    "03_exits": ("import sys\nsys.exit(0)", "print('later')"),
    "04_dies": ("import os\nos._exit(0)", "print('later')"),
    "05_hangs": ("while True: pass",),
    "06_kills_its_worker": (f"import os\nos.kill({WORKER}, 9)", "print('later')"),
    "07_kills_its_template": ("import os, time\nos.kill(os.getppid(), 9)\ntime.sleep(60)", "print('later')"),
}


@pytest.fixture(scope="module")
def result(tmp_path_factory: pytest.TempPathFactory) -> PackResult:
    folder = tmp_path_factory.mktemp("pack")
    notebooks = [write_notebook(folder / "nb", name, *cells) for name, cells in WAYS.items()]
    return publish(folder, notebooks, jobs=2, timeout=3)


@pytest.fixture(scope="module")
def errors(result: PackResult) -> dict[str, tuple[str, str]]:
    entries = read_record(result.path)["notebooks"]
    return {entry["name"]: (entry["error"]["ename"], entry["error"]["evalue"]) for entry in entries if entry["error"]}


def test_the_good_one_is_published_and_the_others_are_named(result: PackResult) -> None:
    assert result.failed == ["raises", "exits", "dies", "hangs", "kills_its_worker", "kills_its_template"]
    assert verify_pack(result.path) == []
    assert [path.name for path in (result.path / "notebooks").iterdir()] == ["01_good.ipynb"]


def test_parameters_reach_the_notebook(result: PackResult) -> None:
    notebook = nbformat.read(result.path / "notebooks" / "01_good.ipynb", as_version=4)
    assert notebook.cells[-2].outputs[0].text == "Bromley 2021-11\n"


@pytest.mark.parametrize(
    ("name", "ename", "evalue"),
    [
        ("02_raises", "ValueError", "no such\\nward"),
        ("03_exits", "SystemExit", "the notebook stopped before its last cell had run"),
        ("04_dies", "DeadKernelError", "the kernel died while a cell was running"),
        ("06_kills_its_worker", "WorkerDied", "its process was killed"),
        ("05_hangs", "CellTimeoutError", "a cell ran longer than 3 seconds"),
    ],
)
def test_each_failure_says_why(errors: dict[str, tuple[str, str]], name: str, ename: str, evalue: str) -> None:
    assert errors[name] == (ename, evalue)


@pytest.mark.parametrize("name", ["raises", "exits", "dies", "hangs", "kills_its_worker", "kills_its_template"])
def test_each_failure_has_a_page_that_says_so(result: PackResult, name: str) -> None:
    assert "This page could not be made: " in (result.path / f"{name}.html").read_text()
