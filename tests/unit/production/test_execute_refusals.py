"""What is refused before a kernel starts."""

from pathlib import Path

import nbformat
import pytest
from toy_pack import write_notebook

from crimelib.errors import InputError
from crimelib.production import execute
from crimelib.production.execute import Task, check_notebook, declared_parameters, execute_notebooks

DEFAULTS = "area = 'Bromley'\nperiod: str = '2021-11'\nmonths = 12\nshare = 0.5\nwards = []\ndraft = False"
HOSTILE_NAMES = [
    "nowhere",
    "area\nimport os",
    "area=1;import os",
    "import",
    "__import__('os')",
    "",
    "1area",
    "ar ea",
    "../area",
    "{area}",
    "Area",
    7,
]
HOSTILE_VALUES = [
    ("area", "Brom\nley"),
    ("area", "Brom\x00ley"),
    ("area", "Brom\x1b[2Jley"),
    ("area", "Brom\u202eley"),
    ("area", "Brom\u2028ley"),
    ("area", "x" * 1001),
    ("area", None),
    ("area", ["Bromley"]),
    ("period", 2021.11),
    ("period", False),
    ("months", "12"),
    ("months", True),
    ("months", 12.0),
    ("share", "0.5"),
    ("share", True),
    ("wards", "E05000106"),
    ("wards", [["E05000106"]]),
    ("wards", ["a\nb"]),
    ("draft", 0),
]


@pytest.fixture
def notebook(tmp_path: Path) -> Path:
    return write_notebook(tmp_path, "01_toy", "print(area)", defaults=DEFAULTS)


def test_the_declared_names_and_defaults_are_read_without_running_anything(notebook: Path) -> None:
    assert declared_parameters(notebook) == {
        "area": "Bromley", "period": "2021-11", "months": 12, "share": 0.5, "wards": [], "draft": False,
    }  # fmt: skip


def test_values_of_the_declared_types_pass(notebook: Path) -> None:
    good = {"area": 'O\'Brien "{x}"\\', "months": 3, "share": 1, "wards": ["E05000106"], "draft": True}
    check_notebook(notebook, good)


@pytest.mark.parametrize("name", HOSTILE_NAMES)
def test_a_name_that_the_notebook_does_not_declare_is_refused(notebook: Path, name: str) -> None:
    with pytest.raises(InputError) as refusal:
        check_notebook(notebook, {name: "x"})
    assert "\n" not in str(refusal.value)


@pytest.mark.parametrize(("name", "value"), HOSTILE_VALUES)
def test_a_value_of_the_wrong_kind_is_refused(notebook: Path, name: str, value: object) -> None:
    with pytest.raises(InputError, match=name) as refusal:
        check_notebook(notebook, {name: value})
    assert str(refusal.value).isprintable()


@pytest.mark.parametrize(
    "defaults", ["area = open('x').read()", "import os", "area, period = 1, 2", "area =", "area = other", "area += 1"]
)
def test_a_parameters_cell_that_does_more_than_name_values_is_refused(tmp_path: Path, defaults: str) -> None:
    with pytest.raises(InputError, match="parameters cell is not plain"):
        check_notebook(write_notebook(tmp_path, "01_toy", defaults=defaults), {})


@pytest.mark.parametrize("tagged", [0, 2])
def test_exactly_one_cell_is_tagged(notebook: Path, tagged: int) -> None:
    content = nbformat.read(notebook, as_version=4)
    for cell in content.cells:
        cell.metadata.tags = ["parameters"] if cell.cell_type == "code" and tagged else []
    nbformat.write(content, notebook)
    with pytest.raises(InputError, match=f"{tagged} cells are tagged"):
        check_notebook(notebook, {})


@pytest.mark.parametrize("content", ["", "{", "[]", '{"cells": []}', "<html>", '{"cells": 1, "nbformat": 4}'])
def test_a_file_that_is_no_notebook_is_refused(tmp_path: Path, content: str) -> None:
    (tmp_path / "01_toy.ipynb").write_text(content)
    with pytest.raises(InputError, match="01_toy"):
        check_notebook(tmp_path / "01_toy.ipynb", {})


def test_one_bad_notebook_stops_all_before_any_worker_starts(
    notebook: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_pool(*_: object) -> None:
        raise AssertionError("a worker was started")

    monkeypatch.setattr(execute, "in_workers", no_pool)
    tasks = [Task(notebook, tmp_path / "a"), Task(tmp_path / "absent.ipynb", tmp_path / "b")]
    with pytest.raises(InputError, match="no such notebook"):
        list(execute_notebooks(tasks, {"area": "Bromley"}, jobs=1))
