"""What a run publishes, what it reuses and what it records, without any kernel."""

import json
from collections.abc import Iterator
from datetime import datetime, tzinfo
from pathlib import Path
from typing import Self

import pandas as pd
import pytest
from toy_pack import INPUTS, PARAMETERS, publish, small_summary, without_kernels, write_notebook

from crimelib.errors import CrimelibError, InputError
from crimelib.production import run
from crimelib.production.execute import NotebookRun, Task
from crimelib.production.pack import read_record, verify_pack
from crimelib.production.run import page_name, stands


@pytest.fixture(autouse=True)
def no_kernels(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run, "execute_notebooks", without_kernels)


@pytest.fixture
def notebooks(tmp_path: Path) -> list[Path]:
    return [write_notebook(tmp_path / "nb", name, "print(1)") for name in ("01_first", "02_fails", "03_third")]


def test_a_notebook_that_fails_fails_alone(tmp_path: Path, notebooks: list[Path]) -> None:
    result = publish(tmp_path, notebooks)
    assert result.failed == ["fails"]
    assert verify_pack(result.path) == []
    assert sorted(path.name for path in result.path.iterdir()) == [
        "board-pack.pdf", "fails.html", "first.html", "index.html", "notebooks", "run.json", "summary.csv",
        "summary.xlsx", "third.html",
    ]  # fmt: skip
    assert "This page could not be made: ValueError: no such ward" in (result.path / "fails.html").read_text()
    assert [path.name for path in sorted((result.path / "notebooks").iterdir())] == ["01_first.ipynb", "03_third.ipynb"]


def test_outside_the_board_an_error_s_message_is_not_told(tmp_path: Path, notebooks: list[Path]) -> None:
    path = publish(tmp_path, notebooks, audience="public").path
    texts = [file.read_text() for file in path.rglob("*.*") if file.suffix in (".html", ".json")]
    assert any("This page could not be made: ValueError<" in text for text in texts)
    assert not any("no such ward" in text for text in texts)


def test_the_record_says_what_went_in_and_names_no_folder_of_this_machine(tmp_path: Path) -> None:
    defaults = "area = ''\nperiod = ''\nraw = ''"
    notebook = write_notebook(tmp_path / "nb", "01_first", "print(1)", defaults=defaults)
    path = publish(tmp_path, [notebook], parameters={**PARAMETERS, "raw": str(tmp_path / "raw")}).path
    record = read_record(path)
    assert record["inputs"] == INPUTS
    assert record["parameters"] == {**PARAMETERS, "raw": "raw"}
    assert record["notebooks"][0]["status"] == "ok"
    assert {"pandas", "papermill", "python", "crimelib"} <= set(record["versions"])
    contents = [file.read_bytes() for file in path.rglob("*.*") if file.is_file()]
    folders = [str(tmp_path).encode(), str(Path.cwd()).encode()]
    assert not any(folder in content for folder in folders for content in contents)


def test_a_whole_pack_stands_for_what_was_asked_and_for_nothing_else(tmp_path: Path, notebooks: list[Path]) -> None:
    asked = {"inputs": "1", "code": "2"}
    path = publish(tmp_path, [notebooks[0]], asked=asked).path
    assert stands(path, asked)
    assert not stands(path, {**asked, "code": "3"})
    assert not stands(path.with_name("2021-10"), asked)
    (path / "index.html").write_text("another")
    assert not stands(path, asked)
    assert not stands(publish(tmp_path, notebooks, asked=asked).path, asked)  # one of its pages failed


def test_unchanged_notebooks_are_reused_and_failed_ones_tried_again(tmp_path: Path, notebooks: list[Path]) -> None:
    first = publish(tmp_path, notebooks)
    again = publish(tmp_path, notebooks)
    assert (first.reused, again.reused, again.failed) == ([], ["first", "third"], ["fails"])
    assert verify_pack(again.path) == []


@pytest.mark.parametrize(
    "changes",
    [
        {"fresh": True},
        {"parameters": {**PARAMETERS, "area": "Croydon"}},
        {"inputs": [{**INPUTS[0], "sha256": "01"}]},
        {"summary": small_summary().assign(current=607)},
    ],
    ids=["fresh", "parameters", "inputs", "summary"],
)
def test_nothing_is_reused_when_anything_changed(
    tmp_path: Path, notebooks: list[Path], changes: dict[str, object]
) -> None:
    publish(tmp_path, notebooks)
    assert publish(tmp_path, notebooks, **changes).reused == []


@pytest.mark.parametrize("part", ["code_sha256", "environment_sha256"])
def test_nothing_is_reused_when_code_or_environment_changed(
    tmp_path: Path, notebooks: list[Path], part: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish(tmp_path, notebooks)
    monkeypatch.setattr(run, part, lambda: "other")
    assert publish(tmp_path, notebooks).reused == []


def test_only_a_notebook_that_changed_runs_again(tmp_path: Path, notebooks: list[Path]) -> None:
    publish(tmp_path, notebooks)
    write_notebook(tmp_path / "nb", "01_first", "print(2)")
    assert publish(tmp_path, notebooks).reused == ["third"]


def test_a_notebook_edited_while_its_run_is_under_way_counts_from_the_next_on(
    tmp_path: Path, notebooks: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    execute = run.execute_notebooks

    def edited_first(tasks: list[Task], *given: object, **options: object) -> Iterator[NotebookRun]:
        write_notebook(tmp_path / "nb", "01_first", "print('edited')", printed="edited")
        yield from execute(tasks, *given, **options)

    monkeypatch.setattr(run, "execute_notebooks", edited_first)
    path = publish(tmp_path, notebooks).path
    assert "edited" not in (path / "notebooks" / "01_first.ipynb").read_text()
    again = publish(tmp_path, notebooks)
    assert again.reused == ["third"]
    assert "edited" in (again.path / "notebooks" / "01_first.ipynb").read_text()


def test_nothing_is_reused_from_an_altered_pack(tmp_path: Path, notebooks: list[Path]) -> None:
    path = publish(tmp_path, notebooks).path
    (path / "notebooks" / "01_first.ipynb").write_text("forged")
    again = publish(tmp_path, notebooks)
    assert again.reused == []
    assert verify_pack(again.path) == []


class Noon(datetime):
    """The one moment of both packs: it stands on their pages."""

    @classmethod
    def now(cls, tz: tzinfo | None = None) -> Self:
        return cls(2026, 11, 22, 12, tzinfo=tz)


def test_the_same_inputs_give_the_same_run_id_and_files(
    tmp_path: Path, notebooks: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run, "datetime", Noon)
    one, other = (publish(tmp_path / name, notebooks).path for name in "ab")
    outputs = [read_record(path)["outputs"] for path in (one, other)]
    assert read_record(one)["run_id"] == read_record(other)["run_id"]
    stable = [{name: hashed for name, hashed in files.items() if not name.endswith(".html")} for files in outputs]
    assert stable[0] == stable[1]


def test_further_tables_are_written_and_linked(tmp_path: Path, notebooks: list[Path]) -> None:
    path = publish(tmp_path, notebooks, tables={"claims.csv": pd.DataFrame({"said": ["=1"]})}).path
    assert (path / "claims.csv").read_text() == "said\n'=1\n"
    assert 'href="claims.csv"' in (path / "index.html").read_text()


@pytest.mark.parametrize(
    "changes",
    [
        {"parameters": {"area\nimport os": "x"}},
        {"parameters": {"nowhere": "x"}},
        {"period": "2021.11"},
        {"jobs": 0},
        {"inputs": [{**INPUTS[0], "file": "/root/a.csv"}]},
        {"inputs": [{**INPUTS[0], "file": "../a.csv"}]},
        {"tables": {"../claims.csv": pd.DataFrame()}},
        {"tables": {"summary.csv": pd.DataFrame()}},
    ],
)
def test_what_can_be_refused_leaves_no_trace(tmp_path: Path, notebooks: list[Path], changes: dict[str, object]) -> None:
    with pytest.raises(InputError):
        publish(tmp_path, notebooks, **changes)
    assert not [path for path in (tmp_path / "reports").rglob("*") if path.is_file() and path.suffix != ".lock"]


@pytest.mark.parametrize("name", ["index", "01_index", "Hate crime", "01", "-", "01_a-b"])
def test_a_notebook_needs_a_name_for_its_page(name: str) -> None:
    with pytest.raises(InputError):
        page_name(Path(f"{name}.ipynb"))


def test_two_notebooks_cannot_make_one_page(tmp_path: Path) -> None:
    twice = [write_notebook(tmp_path / "nb", name) for name in ("01_same", "02_same")]
    with pytest.raises(InputError, match="same"):
        publish(tmp_path, twice)


def test_a_run_stopped_by_hand_says_so_and_leaves_the_pack_before(
    tmp_path: Path, notebooks: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    path = publish(tmp_path, notebooks).path
    before = (path / "run.json").read_bytes()
    monkeypatch.setattr(run, "execute_notebooks", interrupted)
    with pytest.raises(CrimelibError, match="stopped by hand"):
        publish(tmp_path, notebooks, fresh=True)
    assert (path / "run.json").read_bytes() == before
    assert sorted(item.name for item in path.parent.iterdir()) == [".2021-11.lock", "2021-11"]


def test_run_json_is_valid_json_in_utf8(tmp_path: Path, notebooks: list[Path]) -> None:
    path = publish(tmp_path, notebooks, area_name="Café").path
    assert json.loads((path / "run.json").read_text(encoding="utf-8"))["area"] == "Café"
