"""A run's summary handed to its notebooks, so that it is computed once and every page shows the same rows.

The run names a folder in the environment of its notebooks' kernels; a notebook opened by itself finds none and computes
its own.
"""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pandas as pd

from crimelib.scratch import scratch_folder
from crimelib.tables.store import CATALOGUE

FOLDER_VARIABLE = "CRIMELIB_HANDOVER"


@contextmanager
def handed_over(rows: pd.DataFrame, processed: Path, subject: tuple[str, ...]) -> Iterator[None]:
    """Within the block, notebooks started from this process find the protected ``rows`` of a subject (area, period,
    audience) made from the tables of ``processed``."""
    before = os.environ.get(FOLDER_VARIABLE)
    with scratch_folder() as scratch, tempfile.TemporaryDirectory(prefix="handover-", dir=scratch) as folder:
        records = {"columns": list(rows.columns), "rows": rows.to_dict("records")}
        _file(Path(folder), processed, subject).write_text(json.dumps(records, allow_nan=False), encoding="utf-8")
        os.environ[FOLDER_VARIABLE] = folder
        try:
            yield
        finally:
            os.environ.pop(FOLDER_VARIABLE)
            if before is not None:
                os.environ[FOLDER_VARIABLE] = before


def received(processed: Path, subject: tuple[str, ...]) -> pd.DataFrame | None:
    """The rows handed over for a subject, None where there are none: nothing was handed over, or it was of another
    subject or of other tables."""
    folder = os.environ.get(FOLDER_VARIABLE)
    if not folder:
        return None
    path = _file(Path(folder), processed, subject)
    if not path.is_file():
        return None
    records = json.loads(path.read_text(encoding="utf-8"))
    cells = {name: [row[name] for row in records["rows"]] for name in records["columns"]}
    return pd.DataFrame({name: pd.Series(values, dtype=object) for name, values in cells.items()})


def _file(folder: Path, processed: Path, subject: tuple[str, ...]) -> Path:
    """Where the rows of a subject are handed over: named by what they rest on."""
    digest = hashlib.sha256((processed / CATALOGUE).read_bytes())
    digest.update("\0".join(subject).encode())
    return folder / f"{digest.hexdigest()}.json"
