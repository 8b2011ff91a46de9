"""One notebook made into several, each for one subject, so that each is run, reused and published like any other."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from crimelib.board.narrative import escape_markdown
from crimelib.production.notebooks import read_notebook, write_notebook
from crimelib.production.pack import slug


def copy_for(source: Path, folder: Path, *, parameter: str, value: str, heading: str, name: str) -> Path:
    """Write a copy of a notebook with a value for one of its parameters and a heading of its own; its path
    (``15_ward_bickley.ipynb``)."""
    notebook = read_notebook(source)
    parameters = next(cell for cell in notebook.cells if "parameters" in cell.metadata.get("tags", []))
    _put(parameters, rf"^{parameter} = .*$", f"{parameter} = {json.dumps(value)}")
    _put(notebook.cells[0], r"^# .*$", f"# {escape_markdown(heading)}")
    path = folder / f"{source.stem}_{slug(name).replace('-', '_')}.ipynb"
    write_notebook(notebook, path)
    return path


def _put(cell: Any, line: str, text: str) -> None:
    """Put a text in place of the line of a cell that has this pattern."""
    cell.source = re.sub(line, lambda _: text, cell.source, count=1, flags=re.MULTILINE)
