"""Notebook files, read and written without the seconds that Jupyter's packages take to load."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from crimelib.start_up import skip_address_grammar


def read_notebook(path: Path) -> Any:
    """The notebook in ``path`` as version 4; raises what nbformat, json and jsonschema raise."""
    return _nbformat().read(path, as_version=4)


def write_notebook(notebook: Any, path: Path) -> None:
    """Write the notebook whole or not at all."""
    aside = path.with_suffix(".part")
    aside.write_text(_nbformat().writes(notebook) + "\n", encoding="utf-8")
    aside.replace(path)


def _nbformat() -> Any:
    skip_address_grammar()
    import nbformat

    return nbformat
