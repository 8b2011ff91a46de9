"""The ward notebook made into one notebook a ward, so that each is run, reused and published like any other."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from crimelib.board.narrative import escape_markdown
from crimelib.production.notebooks import read_notebook, write_notebook
from crimelib.production.pack import slug
from crimelib.settings import Ward

WARD_PAGE = "ward"


def ward_notebooks(source: Path, wards: Iterable[Ward], folder: Path) -> list[Path]:
    """Write a copy of the ward notebook for each ward into ``folder``, with the ward's code for its parameter and the
    ward's name for its heading; their paths (``15_ward_bickley.ipynb``)."""
    return [_ward_notebook(source, ward, folder) for ward in wards]


def _ward_notebook(source: Path, ward: Ward, folder: Path) -> Path:
    notebook = read_notebook(source)
    parameters = next(cell for cell in notebook.cells if "parameters" in cell.metadata.get("tags", []))
    _put(parameters, r"^ward = .*$", f"ward = {json.dumps(ward.code)}")
    _put(notebook.cells[0], r"^# .*$", f"# {escape_markdown(ward.name)} ward")
    path = folder / f"{source.stem}_{slug(ward.name).replace('-', '_')}.ipynb"
    write_notebook(notebook, path)
    return path


def _put(cell: Any, line: str, text: str) -> None:
    """Put a text in place of the line of a cell that has this pattern."""
    cell.source = re.sub(line, lambda _: text, cell.source, count=1, flags=re.MULTILINE)
