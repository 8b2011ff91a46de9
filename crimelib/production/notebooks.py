"""Notebook files, read and written without the seconds that Jupyter's packages take to load."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from crimelib.start_up import skip_address_grammar


def read_notebook(path: Path) -> Any:
    """The notebook in ``path`` as version 4; raises what nbformat, json and jsonschema raise."""
    return _nbformat().read(path, as_version=4)


def write_notebook(notebook: Any, path: Path) -> None:
    """Write the notebook whole or not at all. All on one line: with a line for each number of its charts, as nbformat
    has it, it takes five times as long. Raises what nbformat raises for what is no notebook."""
    _nbformat().validate(notebook)
    aside = path.with_suffix(".part")
    aside.write_text(json.dumps(notebook, sort_keys=True, ensure_ascii=False) + "\n", encoding="utf-8")
    aside.replace(path)


def _nbformat() -> Any:
    skip_address_grammar()
    import nbformat

    return nbformat
