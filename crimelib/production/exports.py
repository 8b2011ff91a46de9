"""Tables written for other people's spreadsheets."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pandas as pd

_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
_PLAIN_NUMBER = re.compile(r"-?\d+(\.\d+)?")


def inert_text(value: object) -> object:
    """A cell that no spreadsheet runs as a formula; numbers, and text that is a plain number, stay as they are.

    The leading apostrophe is the spreadsheets' own mark for "this is text" (OWASP, CSV injection).
    """
    if not isinstance(value, str) or _PLAIN_NUMBER.fullmatch(value):
        return value
    starts_formula = value.startswith(_FORMULA_STARTS) or value.lstrip().startswith(_FORMULA_STARTS)
    return f"'{value}" if starts_formula else value


def _inert(cells: pd.Series) -> pd.Series:
    """A column of :func:`inert_text`, each of its texts looked at once."""
    values = cells.to_numpy(dtype=object)
    texts = {value: inert_text(value) for value in {each for each in values if isinstance(each, str)}}
    return pd.Series([texts[each] if isinstance(each, str) else each for each in values], cells.index, dtype=object)


def write_csv(frame: pd.DataFrame, path: Path) -> None:
    """Write ``frame`` as UTF-8 CSV with LF line ends, formulas neutralised, whole or not at all."""
    texts = [column for column in frame.columns if not pd.api.types.is_numeric_dtype(frame[column])]
    safe = frame.assign(**{name: _inert(frame[name]) for name in texts})
    safe = safe.rename(columns=inert_text)
    aside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        safe.to_csv(aside, index=False, lineterminator="\n", encoding="utf-8")
        aside.replace(path)
    finally:
        aside.unlink(missing_ok=True)
