"""Every board notebook shows by a forked kernel, as a run executes it, what Papermill makes of it by itself."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path
from typing import Any

import pytest

from crimelib.board.charts.drawing import add_pictures
from crimelib.kernels.client import ForkedKernel, Template, can_fork
from crimelib.kernels.provisioner import choose, started_plainly
from crimelib.production.execute import _run_papermill
from crimelib.production.workers import OWN_MODULES, PRIME, TEMPLATE, WARM_MODULES, _kernel_environment
from crimelib.start_up import skip_address_grammar

pytestmark = pytest.mark.skipif(not can_fork(), reason="this system cannot fork kernels")
BOARD = sorted((Path(__file__).parents[3] / "notebooks" / "board").glob("*.ipynb"))
IN_EVERY_RUN = {"06_burglary", "14_data_quality"}  # the rest with `make check-long`
PARAMETERS: dict[str, object] = {"area": "Bromley", "period": "2021-11"}
CHOSEN = [
    pytest.param(path, id=path.stem, marks=() if path.stem in IN_EVERY_RUN else pytest.mark.long) for path in BOARD
]


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Template]:
    folder = tmp_path_factory.mktemp("t")
    environment = {**os.environ, **_kernel_environment(folder)}
    made = Template(folder / TEMPLATE, environment, WARM_MODULES + OWN_MODULES, PRIME)
    yield made
    made.close()


@pytest.fixture
def forked(template: Template, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[int]]:
    """Kernels of this process are forked from the template; what they were, in order."""
    own = template.path.parent / "worker"
    own.mkdir(exist_ok=True)
    for name, value in _kernel_environment(own).items():
        monkeypatch.setenv(name, value)
    pids: list[int] = []
    start = ForkedKernel._start
    monkeypatch.setattr(ForkedKernel, "_start", lambda *asked: pids.append(start(*asked)) or pids[-1])
    choose()
    yield pids
    with started_plainly():
        pass


def test_every_module_that_a_board_notebook_names_is_loaded_beforehand() -> None:
    cells = [cell for path in BOARD for cell in json.loads(path.read_text())["cells"] if cell["cell_type"] == "code"]
    named = set(
        re.findall(r"^from (crimelib\.board\.\w+) import", "".join("".join(c["source"]) + "\n" for c in cells), re.M)
    )
    assert named - {"crimelib.board"} <= set(OWN_MODULES)


def test_the_notebooks_that_every_run_compares_are_there() -> None:
    assert {path.stem for path in BOARD} >= IN_EVERY_RUN


@pytest.mark.parametrize("source", CHOSEN)
def test_outputs_are_those_of_plain_papermill(source: Path, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    plain = by_papermill(source)
    pids = request.getfixturevalue("forked")
    executed = _run_papermill(source, PARAMETERS, timeout=300)
    add_pictures(executed)
    assert len(pids) == 1
    assert len(shown(plain)) > 1
    for one, other in zip(shown(plain), shown(executed), strict=True):
        assert one == other


def by_papermill(source: Path) -> Any:
    skip_address_grammar()
    import papermill

    with started_plainly():
        return papermill.execute_notebook(source, None, PARAMETERS, progress_bar=False, kernel_name="python3")


def shown(notebook: Any) -> list[tuple[str, object, list[Any]]]:
    """Each cell's source, its number, and its outputs without what tells one moment from another."""
    return [
        (cell.source, cell.get("execution_count"), [normal(output) for output in joined(cell.get("outputs", []))])
        for cell in notebook.cells
    ]


def joined(outputs: list[Any]) -> Iterator[Any]:
    """Outputs with what a stream said in several pieces as one."""
    for name, group in groupby(outputs, key=lambda output: output.get("name")):
        pieces = list(group)
        yield from [{"name": name, "text": "".join(piece.text for piece in pieces)}] if name else pieces


def normal(value: Any) -> Any:
    """Without addresses in memory, the kernel's process in its files' names, and ids of widgets."""
    if isinstance(value, dict):
        return {name: normal(each) for name, each in value.items() if name not in ("model_id", "transient")}
    if isinstance(value, list):
        return [normal(each) for each in value]
    return re.sub(r"0x[0-9a-f]{6,}|ipykernel_\d+", "…", value) if isinstance(value, str) else value
