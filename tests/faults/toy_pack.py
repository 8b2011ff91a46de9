"""Small notebooks and figures from which the publishing tests make packs; also run by itself, to be killed.

``python toy_pack.py FOLDER LABEL [quick]`` publishes ``FOLDER/reports/bromley/2021-11`` from two notebooks that print
LABEL, or, when quick, from notebooks that have been run already.
"""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd

from crimelib.production import run
from crimelib.production.execute import NotebookError, NotebookRun, Task
from crimelib.production.pack import pack_path
from crimelib.production.run import PackResult, run_pack

COLUMNS = [
    *("area_code", "area_name", "period", "item", "measure", "breakdown", "breakdown_value", "breakdown_label"),
    *("window", "current", "previous", "change", "pct_change", "ratio_low", "ratio_high", "p_value"),
    *("detectable_pct", "signal", "status", "source", "vintage", "note"),
]
INPUTS = [
    {"source": "mps_recorded_crime", "vintage": "2021-12", "file": "mps_recorded_crime/2021-12/a.csv", "sha256": "00"}
]
PARAMETERS = {"area": "Bromley", "period": "2021-11"}


def write_notebook(
    folder: Path, name: str, *cells: str, title: str = "", defaults: str = "", printed: str = ""
) -> Path:
    """A notebook with a title, a parameters cell and ``cells``: Markdown where they begin with ``#``, else code.

    The last cell holds what it is said to have ``printed``.
    """
    declared = {**_cell(defaults or "area = 'x'\nperiod = '2000-01'"), "metadata": {"tags": ["parameters"]}}
    made = [_cell(f"# {title or name}"), declared, *map(_cell, cells)]
    if printed:
        made[-1]["outputs"] = [{"output_type": "stream", "name": "stdout", "text": f"{printed}\n"}]
    numbered = [{**cell, "id": f"cell-{position}"} for position, cell in enumerate(made)]
    notebook = {"cells": numbered, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}.ipynb"
    path.write_text(json.dumps(notebook))
    return path


def _cell(source: str) -> dict[str, Any]:
    if source.startswith("#"):
        return {"cell_type": "markdown", "source": source, "metadata": {}}
    return {"cell_type": "code", "source": source, "metadata": {}, "outputs": [], "execution_count": None}


def summary_rows(*rows: dict[str, object]) -> pd.DataFrame:
    """A frame with the columns of summary.csv; what a row does not give is missing."""
    base = {"area_code": "E09000006", "area_name": "Bromley", "period": "2021-11", "breakdown": "total", "note": ""}
    return pd.DataFrame([{**base, **row} for row in rows], columns=COLUMNS)


def small_summary() -> pd.DataFrame:
    return summary_rows(
        {
            "item": "sexual_offences",
            "measure": "sexual_offences",
            "window": "rolling_12",
            "current": 606,
            "previous": 600,
            "change": 6,
            "pct_change": 1.0,
            "detectable_pct": 16.9,
            "signal": "no_clear_change",
            "status": "ok",
        }
    )


def publish(folder: Path, notebooks: list[Path], **changes: object) -> PackResult:
    """Publish a toy pack below ``folder``; ``changes`` replace arguments of ``run_pack``."""
    usual = {
        "notebooks": notebooks,
        "parameters": PARAMETERS,
        "summary": small_summary(),
        "inputs": INPUTS,
        "target": pack_path(folder / "reports", "Bromley", "2021-11"),
        "area_name": "Bromley",
        "period": "2021-11",
        "illustrative": True,
        "jobs": 1,
        "progress": False,
    }
    return run_pack(**{**usual, **changes})


def without_kernels(tasks: list[Task], parameters: object, **_: object) -> Iterator[NotebookRun]:
    """Stands in for ``execute_notebooks``: a notebook is as good as run, unless its name says that it fails."""
    for task in tasks:
        if "fails" in task.source.stem:
            yield NotebookRun(task.source.stem, "failed", 0.1, NotebookError("ValueError", "no such ward"))
        else:
            shutil.copyfile(task.source, task.target)
            yield NotebookRun(task.source.stem, "ok", 0.1)


def toy_notebooks(root: Path, label: str) -> list[Path]:
    """Two notebooks of the label's own folder that print it, and hold already what they are said to have printed."""
    names = ("01_first", "02_second")
    return [write_notebook(root / f"notebooks of {label}", name, f"print({label!r})", printed=label) for name in names]


def quick_pack(root: Path, label: str, period: str = "2021-11") -> Path:
    """Publish the toy pack of ``label`` below ``root`` without a kernel; the pack's path."""
    target = pack_path(root / "reports", "Bromley", period)
    execute, run.execute_notebooks = run.execute_notebooks, without_kernels
    try:
        return publish(root, toy_notebooks(root, label), target=target, period=period).path
    finally:
        run.execute_notebooks = execute


def main() -> None:
    """As the module says."""
    root, label = Path(sys.argv[1]), sys.argv[2]
    if sys.argv[3:] == ["quick"]:
        quick_pack(root, label)
    else:
        publish(root, toy_notebooks(root, label), jobs=2)


if __name__ == "__main__":
    main()
