"""What a run hands to its notebooks: its summary, so that it is computed once and every page shows the same rows, and
its tables, so that they are read once.

The run names a folder of each in the environment of its notebooks' kernels, and of the process of which these are
forked; a notebook opened by itself finds none, computes its own summary and reads what it needs.
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

from crimelib.environment import in_environment
from crimelib.scratch import scratch_folder
from crimelib.tables.store import CATALOGUE, keep

FOLDER_VARIABLE = "CRIMELIB_HANDOVER"
TABLES_VARIABLE = "CRIMELIB_TABLES"


@contextmanager
def tables_shared(processed: Path) -> Iterator[None]:
    """Within the block, the process of which kernels are forked keeps the tables of ``processed`` for all of them."""
    with in_environment(TABLES_VARIABLE, str(processed.resolve())):
        yield


def keep_shared_tables() -> None:
    """In the process of which kernels are forked: read and keep the tables that the run has named, if it has."""
    if folder := os.environ.get(TABLES_VARIABLE):
        keep(Path(folder))


@contextmanager
def handed_over(rows: pd.DataFrame, processed: Path, subject: tuple[str, ...]) -> Iterator[None]:
    """Within the block, notebooks started from this process find the protected ``rows`` of a subject (area, period,
    audience) made from the tables of ``processed``."""
    with scratch_folder() as scratch, tempfile.TemporaryDirectory(prefix="handover-", dir=scratch) as folder:
        records = {"columns": list(rows.columns), "rows": rows.to_dict("records")}
        _file(Path(folder), processed, subject).write_text(json.dumps(records, allow_nan=False), encoding="utf-8")
        with in_environment(FOLDER_VARIABLE, folder):
            yield


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
