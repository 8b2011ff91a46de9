"""Notebook files, read and written without the seconds that Jupyter's packages take to load."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

# jsonschema, on which nbformat and altair stand, builds a grammar of international web addresses when it is loaded:
# three seconds of processor in every process, for a check that no notebook and no chart asks for. It does without
# where the grammar's package is absent, so the package is marked absent, here and in the kernels' start-up file.
KERNEL_START_UP = "import sys\nsys.modules.setdefault('rfc3987_syntax', None)\ndel sys\n"


def read_notebook(path: Path) -> Any:
    """The notebook in ``path`` as version 4; raises what nbformat, json and jsonschema raise."""
    return _nbformat().read(path, as_version=4)


def write_notebook(notebook: Any, path: Path) -> None:
    """Write the notebook whole or not at all."""
    aside = path.with_suffix(".part")
    aside.write_text(_nbformat().writes(notebook) + "\n", encoding="utf-8")
    aside.replace(path)


def skip_address_grammar() -> None:
    """To be called before anything that loads jsonschema; without effect where the grammar is loaded already."""
    sys.modules.setdefault("rfc3987_syntax", None)  # type: ignore[arg-type]


def _nbformat() -> Any:
    skip_address_grammar()
    import nbformat

    return nbformat
