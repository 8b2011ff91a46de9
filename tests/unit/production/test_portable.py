"""An executed notebook leaves the machine and the moment behind."""

import sys
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook, new_output

from crimelib.errors import InputError
from crimelib.explore import EXPLORED_TYPE
from crimelib.production.portable import CHART_TYPE, portable_notebook, private_paths, without_paths


def executed(**papermill: str) -> nbformat.NotebookNode:
    outputs = [
        new_output("stream", name="stdout", text="/home/ann/work/data says hello"),
        new_output("stream", name="stderr", text="/home/ann/x.py:1: FutureWarning"),
        new_output("display_data", {"text/html": "<b onclick=x()>1</b><script>x()</script>", "text/vnd.x": "x()"}),
        new_output("display_data", {CHART_TYPE: {"title": "t"}, "image/svg+xml": "<svg/>", "text/plain": "c"}),
    ]
    cell = new_code_cell("raw = '/home/ann/work/data'", outputs=outputs)
    cell.metadata = {"papermill": papermill, "execution": {"iopub.execute_input": "now"}, "tags": ["parameters"]}
    metadata = {"papermill": papermill, "widgets": {}, "language_info": {"name": "python", "version": "3.11.7"}}
    return new_notebook(cells=[cell], metadata=metadata)


def test_two_runs_at_different_times_give_the_same_bytes() -> None:
    one, other = (portable_notebook(executed(start_time=time), ["/home/ann/work/data"]) for time in ("09:00", "10:00"))
    assert nbformat.writes(one) == nbformat.writes(other)
    nbformat.validate(one)


def test_no_warning_no_script_and_no_path_is_left() -> None:
    text = nbformat.writes(portable_notebook(executed(), ["/home/ann/work/data"]))
    assert "data says hello" in text
    assert not any(word in text for word in ("ann", "FutureWarning", "onclick", "x()", "papermill", "iopub"))


def test_the_chart_bundle_and_the_tags_are_kept() -> None:
    cell = portable_notebook(executed(), []).cells[0]
    assert cell.metadata == {"tags": ["parameters"]}
    assert set(cell.outputs[-1].data) == {CHART_TYPE, "image/svg+xml", "text/plain"}


def test_the_original_is_not_touched() -> None:
    original = executed()
    before = nbformat.writes(original)
    portable_notebook(original, ["/home/ann/work/data"])
    assert nbformat.writes(original) == before


def test_paths_are_cut_to_their_last_name_and_pictures_left_alone() -> None:
    given = {"a": ["/home/ann/x.csv", "/home/anna/x.csv"], "image/png": "xx//home/ann/"}
    assert without_paths(given, ["/home/ann"]) == {"a": ["ann/x.csv", "/home/anna/x.csv"], "image/png": "xx//home/ann/"}


def test_the_private_paths_are_parameters_that_are_paths_and_this_machine_s() -> None:
    paths = private_paths({"raw": "/data/secret/raw", "area": "Bromley", "root": "/"})
    assert {"/data/secret/raw", str(Path.cwd()), sys.prefix} <= set(paths)
    assert "/" not in paths
    assert list(paths) == sorted(paths, key=len, reverse=True)


@pytest.mark.parametrize("kind", [EXPLORED_TYPE, "application/vnd.jupyter.widget-view+json"])
def test_what_was_explored_is_never_published(kind: str) -> None:
    output = new_output("display_data", data={kind: {}, "text/plain": "3 recorded offences"})
    with pytest.raises(InputError, match="cell 1: an explorer's output is not protected"):
        portable_notebook(new_notebook(cells=[new_code_cell("cl.series('burglary')", outputs=[output])]), [])
