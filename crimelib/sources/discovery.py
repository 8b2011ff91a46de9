"""Raw files where they lie: ``<raw>/<source>/<vintage>/.../<publisher's file name>``."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path

import pandas as pd

from crimelib.areas import nearest
from crimelib.errors import InputError, one_line

ILLUSTRATIVE = "illustrative"
REJECTED_COLUMNS = ["line", "column", "value", "reason"]


@dataclass(frozen=True)
class RawFile:
    """One publisher's file as kept: where it lies, the source that it belongs to and the vintage it came in."""

    path: Path
    source: str
    vintage: str

    @property
    def label(self) -> str:
        """``source/vintage/file name``, as messages and manifests name it; never a path of this machine."""
        return one_line(f"{self.source}/{self.vintage}/{self.path.name}")

    @property
    def is_illustrative(self) -> bool:
        """Whether this project wrote the file as an example."""
        return self.vintage.startswith(ILLUSTRATIVE)

    def place(self, line: int, column: str) -> str:
        """Where a value stands in the file."""
        return f"line {line}, column {column!r}"

    def refusal(
        self, what: str, *, line: int | None = None, column: str = "", value: object = None, fix: str = ""
    ) -> InputError:
        """The error to raise for this file: what, where (file, line, column, value), what to do."""
        where = [self.label]
        where += [f"line {line}"] if line is not None else []
        where += [f"column {column!r}"] if column else []
        where += [f"value {shortened(value)!r}"] if value is not None else []
        return InputError(what, where=", ".join(where), fix=fix)

    def refuse_any(
        self, rows: pd.DataFrame, wrong: pd.Series, what: str, *, column: str, fix: str, held_in: str = ""
    ) -> None:
        """Refuse the file for the first of the ``wrong`` rows of a frame with ``line``, if there is one. ``column`` is
        the publisher's name, ``held_in`` that of the frame where they differ."""
        if wrong.any():
            first = rows[wrong].iloc[0]
            raise self.refusal(what, line=int(first["line"]), column=column, value=first[held_in or column], fix=fix)

    def refuse_undeclared(
        self, rows: pd.DataFrame, unknown: pd.Series, what: str, *, column: str, declared_in: str, names: Iterable[str]
    ) -> None:
        """Refuse the file for the first row whose name in a column no parameter file declares, with the nearest ones
        that it does."""
        if unknown.any():
            near = nearest(rows.loc[unknown, column].iloc[0], names)
            self.refuse_any(rows, unknown, what, column=column, fix=f"add it to parameters/{declared_in}; {near}")


@dataclass(frozen=True)
class Cleaned:
    """What one raw file became: tidy tables by name, and the rows set aside with their reasons."""

    tables: dict[str, pd.DataFrame]
    rejected: pd.DataFrame


def no_rejections() -> pd.DataFrame:
    """An empty table of rejected rows (line, column, value, reason)."""
    return pd.DataFrame(columns=REJECTED_COLUMNS)


def shortened(value: object, limit: int = 60) -> str:
    """A value as a message may quote it."""
    text = str(value)
    return text if len(text) <= limit else text[: limit - 1] + "…"


def discover(raw: Path, sources: Iterable[str], ignored: Iterable[str] = ()) -> list[RawFile]:
    """Every raw file below ``raw``, in a stable order.

    ``sources`` are the known source folders, ``ignored`` are file-name patterns of declared reference files. Raises
    :class:`InputError` for a missing folder, an unknown source, or a file outside a vintage folder.
    """
    known, patterns = set(sources), (".*", *ignored)
    if not raw.is_dir():
        raise InputError(
            f"there is no raw folder {raw.name!r}", fix="give one with --raw, or run `crimelib sample` first"
        )
    files = [
        _raw_file(raw, path, known)
        for path in _walk(raw)
        if not any(fnmatch(part, pattern) for part in path.relative_to(raw).parts for pattern in patterns)
    ]
    return sorted(files, key=lambda file: (file.source, file.vintage, str(file.path.relative_to(raw))))


def without_illustrative(files: list[RawFile]) -> tuple[list[RawFile], list[RawFile]]:
    """``(kept, left out)``: illustrative files are left out as soon as one real file is there, so that an
    invented figure can never stand in for a missing real one."""
    real = [file for file in files if not file.is_illustrative]
    if not real:
        return files, []
    return real, [file for file in files if file.is_illustrative]


def _raw_file(raw: Path, path: Path, known: set[str]) -> RawFile:
    parts = path.relative_to(raw).parts
    if parts[0] not in known:
        raise InputError(
            f"no source is called {parts[0]!r}",
            where=f"raw folder {one_line(raw.name)}",
            fix=nearest(parts[0], known),
        )
    if len(parts) < 3:
        raise InputError(
            "the file lies outside a vintage folder",
            where=one_line("/".join(parts)),
            fix=f"move it into {parts[0]}/<date you fetched it>/",
        )
    return RawFile(path, source=parts[0], vintage=parts[1])


def _walk(folder: Path) -> Iterator[Path]:
    """Files below a folder, through links as well, each real folder once."""
    seen: set[str] = set()
    for here, folders, names in os.walk(folder, followlinks=True):
        folders[:] = sorted(
            name for name in folders if not name.startswith(".") and os.path.realpath(f"{here}/{name}") not in seen
        )
        seen.update(os.path.realpath(f"{here}/{name}") for name in folders)
        yield from (Path(here, name) for name in sorted(names))
