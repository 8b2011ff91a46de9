"""Wards made to break something: refused in one line before a notebook runs, and never a path or markup of a page."""

from __future__ import annotations

import sys
from pathlib import Path

import nbformat
import pytest
from mps_files import lay_small

import crimelib.cli
from crimelib.errors import InputError
from crimelib.production.board_pack import chosen_notebooks
from crimelib.production.ward_notebooks import ward_notebooks
from crimelib.settings import PROJECT_ROOT, Ward, load_settings
from crimelib.tables.clean import clean

NOTEBOOKS = PROJECT_ROOT / "notebooks/board"
HOSTILE = [
    "", " ", "../../etc/passwd", "Bickley/..", "<script>alert(1)</script>", "Bickley\nE05000107", "$(reboot)",
    "{ward}", "E05000000", "Bromley North", "Bickley\x1b[31m", "B" * 10_000, "all,Bickley", "=1+1", '"; import os #',
]  # fmt: skip


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("small")
    clean(lay_small(folder / "raw"), folder / "processed", load_settings())
    return folder


@pytest.mark.parametrize("ward", HOSTILE)
def test_what_is_no_ward_is_refused_in_one_line(small: Path, ward: str, monkeypatch, capfd) -> None:
    folders = ["--processed", str(small / "processed"), "--out", str(small / "reports")]
    monkeypatch.setattr(sys, "argv", ["crimelib", "run", "--ward", ward, "--only", "ward", *folders])
    with pytest.raises(SystemExit) as end:
        crimelib.cli.main()
    told = capfd.readouterr().err.splitlines()
    assert end.value.code == 2
    assert len(told) == 1
    assert told[0].startswith("crimelib: --ward: Bromley has no ward ")
    assert "known: " in told[0]
    assert told[0].isprintable()
    assert len(told[0]) < 1000
    assert not (small / "reports").exists()


@pytest.mark.parametrize("area", ["London", "Barking and Dagenham"])
def test_an_area_without_ward_figures_has_no_ward_page(small: Path, area: str, monkeypatch, capfd) -> None:
    folders = ["--processed", str(small / "processed"), "--out", str(small / "reports")]
    monkeypatch.setattr(sys, "argv", ["crimelib", "run", "--area", area, "--ward", "Bickley", *folders])
    with pytest.raises(SystemExit) as end:
        crimelib.cli.main()
    assert end.value.code == 2
    assert not (small / "reports").exists()


@pytest.mark.parametrize("name", ["../../x", '"; import os #', "<img src=x>", "a*b_c `d` [e](javascript:x)", "# x"])
def test_a_ward_s_declared_name_is_only_ever_text(tmp_path: Path, name: str) -> None:
    ward = Ward(code="E05000999", name=name, borough_code="E09000006", ward_set="2018")
    (path,) = ward_notebooks(NOTEBOOKS / "15_ward.ipynb", [ward], tmp_path)
    assert path.parent == tmp_path
    assert set(path.stem) <= set("abcdefghijklmnopqrstuvwxyz0123456789_")
    cells = nbformat.read(path, as_version=4).cells
    parameters = next(cell for cell in cells if "parameters" in cell.metadata.get("tags", []))
    assert parameters.source.splitlines().count('ward = "E05000999"') == 1
    assert name not in parameters.source
    assert cells[0].source.count("\n") == nbformat.read(NOTEBOOKS / "15_ward.ipynb", 4).cells[0].source.count("\n")
    assert "<" not in cells[0].source.replace("\\<", "")


def test_a_name_of_nothing_but_marks_is_refused(tmp_path: Path) -> None:
    ward = Ward(code="E05000999", name="***", borough_code="E09000006", ward_set="2018")
    with pytest.raises(InputError, match="cannot name a folder"):
        ward_notebooks(NOTEBOOKS / "15_ward.ipynb", [ward], tmp_path)
    assert not list(tmp_path.iterdir())


def test_the_ward_page_is_made_when_a_ward_is_asked_for_and_only_then() -> None:
    def names(**asked: list[str]) -> list[str]:
        return [path.stem for path in chosen_notebooks(NOTEBOOKS, asked.get("only", []), asked.get("wards", []))]

    assert "15_ward" not in names()
    assert names(wards=["Bickley"]) == [*names(), "15_ward"]
    assert names(only=["ward"], wards=["Bickley"]) == ["15_ward"]
    assert names(only=["asb"], wards=["Bickley"]) == ["08_asb", "15_ward"]
    with pytest.raises(InputError, match="say which with --ward NAME"):
        chosen_notebooks(NOTEBOOKS, ["ward"])
