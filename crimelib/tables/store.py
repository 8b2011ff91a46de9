"""Tidy tables as Parquet under ``data/processed``: one part a raw file and table, and one catalogue that lists them.

Readers see only what the catalogue lists, and the catalogue is replaced in one step, so that what is read is always
wholly the old state or wholly the new.
"""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from crimelib.errors import InputError

CATALOGUE = "catalogue.json"
LAYOUT = 2  # of the tables; one more whenever the columns of any change, so that older tables are refused in words
PARTS = "parts"
SORTED_BY = ["area_level", "parent_code", "area_code", "series", "month"]
ROWS_A_GROUP = 20_000
READERS = 2
LARGEST_KEPT = 32 << 20  # bytes on disk, some twenty times as many in memory
SMALL_FILES = {"use_threads": False, "partitioning": None}  # threads and look-ups cost more than they bring


@dataclass(frozen=True)
class Entry:
    """A raw file in the catalogue. ``order`` ranks the vintages of a source, the latest highest."""

    source: str
    vintage: str
    name: str
    sha256: str
    order: int
    rejected: int
    tables: dict[str, str] = field(default_factory=dict)

    @property
    def is_illustrative(self) -> bool:
        """Whether the file is one of this project's examples."""
        return self.vintage.startswith("illustrative")


@dataclass(frozen=True)
class Gap:
    """A month of an area that looks short of data, in one series (all of the source: ""). ``count`` and ``expected``
    are None where there is no figure."""

    source: str
    basis: str
    area_code: str
    area_name: str
    series: str
    month: str
    count: int | None
    expected: int | None
    reason: str


@dataclass(frozen=True)
class Catalogue:
    """Every raw file whose tables are stored, the files left out with the reason, and the months that look short of
    data (see :mod:`crimelib.tables.anomalies`)."""

    entries: tuple[Entry, ...]
    left_out: tuple[tuple[str, str], ...] = ()
    suspected_gaps: tuple[Gap, ...] = ()

    @property
    def is_illustrative(self) -> bool:
        """Whether the figures are examples and not real."""
        return any(entry.is_illustrative for entry in self.entries)


class Store:
    """Reads the stored tables of a processed folder."""

    def __init__(self, folder: Path, catalogue: Catalogue | None = None) -> None:
        self.folder = folder
        self.catalogue = catalogue or read_catalogue(folder)
        self._parts = (folder / PARTS).resolve()

    def table(
        self, name: str, filters: list | None = None, columns: list[str] | None = None, *, as_codes: bool = False
    ) -> pd.DataFrame:
        """Rows of a table over all its parts, with ``source``, ``vintage`` and ``vintage_order``; empty (without
        columns) where no file has that table. ``as_codes``: texts as categories, for work on very many rows."""
        entries = [entry for entry in self.catalogue.entries if name in entry.tables]
        parts = self._found([entry.tables[name] for entry in entries], filters, columns)
        found = list(zip(entries, parts, strict=True))
        wanted = [(entry, rows) for entry, rows in found if rows.num_rows] or found[:1]
        if not wanted:
            return pd.DataFrame()
        labelled = [_labelled(rows, entry) for entry, rows in wanted]
        rows = _decoded(pa.concat_tables(labelled, promote_options="default"))
        return (as_dictionaries(rows) if as_codes else rows).to_pandas()

    def distinct(self, name: str, column: str) -> set[str]:
        """The texts of one column of a table over all its parts."""
        parts = [entry.tables[name] for entry in self.catalogue.entries if name in entry.tables]
        return {text for part in parts for text in distinct_texts(self._parts / part, column)}

    def _found(self, parts: list[str], filters: list | None, columns: list[str] | None) -> list[pa.Table]:
        """The rows asked for of each part, from memory where all are kept."""
        paths = [self._parts / part for part in parts]
        if all(path in _kept for path in paths):
            return [_chosen(_kept[path], filters, columns) for path in paths]
        with ThreadPoolExecutor(READERS) as readers:
            return list(readers.map(lambda path: _read(path, filters, columns), paths))

    def counts(self, area_codes: list[str], *, wards: bool = False) -> pd.DataFrame:
        """Monthly counts of areas, and of their wards where asked for."""
        chosen = [[("area_code", "in", area_codes)]]
        if wards:
            chosen.append([("parent_code", "in", area_codes), ("area_level", "==", "ward")])
        return self.table("counts", filters=chosen)


# Parts that this process has in memory, their texts as codes. A part's name is made of all that it follows from, so
# that what is kept of it is what would be read.
_kept: dict[Path, pa.Table] = {}


def keep(folder: Path) -> None:
    """Read the tables of a processed folder now, for every store of this process and of those forked from it; what was
    kept of the folder's state before is let go. Tables too large for that are read as they are asked for. Starts no
    thread. Raises as :func:`read_catalogue`."""
    place = (folder / PARTS).resolve()
    parts = {place / name for entry in read_catalogue(folder).entries for name in entry.tables.values()}
    for gone in [path for path in _kept if path.parent == place and path not in parts]:
        del _kept[gone]
    if sum(path.stat().st_size for path in parts) <= LARGEST_KEPT:
        _kept.update({path: _whole(path) for path in sorted(parts - _kept.keys())})


def _whole(part: Path) -> pa.Table:
    """All rows of a part. It is read from memory: Arrow's files bring a thread along."""
    content = pa.py_buffer(part.read_bytes())
    texts = [column.name for column in pq.read_schema(pa.BufferReader(content)) if pa.types.is_string(column.type)]
    rows = pq.ParquetFile(pa.BufferReader(content), read_dictionary=texts).read(use_threads=False)
    return rows.replace_schema_metadata(None).unify_dictionaries().combine_chunks()


def _read(part: Path, filters: list | None, columns: list[str] | None) -> pa.Table:
    return pq.read_table(part, filters=filters, columns=columns, **SMALL_FILES).replace_schema_metadata(None)


def _chosen(rows: pa.Table, filters: list | None, columns: list[str] | None) -> pa.Table:
    """As :func:`_read`, of a part in memory, for the filters that are asked for (``==`` and ``in``)."""
    chosen = rows.select(columns) if columns else rows
    if not filters:
        return chosen
    ways = filters if isinstance(filters[0], list) else [filters]
    masks = [np.logical_and.reduce([_met(rows[name], *test) for name, *test in way]) for way in ways]
    mask = np.logical_or.reduce(masks)
    return chosen.filter(pa.array(mask)) if mask.any() else chosen.slice(0, 0)


def _met(texts: pa.ChunkedArray, operator: str, value: str | Sequence[str]) -> np.ndarray:
    """Which of many texts, as codes, are the one or among the ones asked for: each text is compared once."""
    codes = texts.combine_chunks()
    wanted = {"==": [value], "in": value}[operator]
    hits = np.append(pc.is_in(codes.dictionary, pa.array(wanted, pa.string())), False)
    return hits[codes.indices.fill_null(len(codes.dictionary))]


def _labelled(rows: pa.Table, entry: Entry) -> pa.Table:
    for label in ("source", "vintage"):
        rows = rows.append_column(label, pa.repeat(getattr(entry, label), rows.num_rows))
    return rows.append_column("vintage_order", pa.repeat(entry.order, rows.num_rows))


def _decoded(rows: pa.Table) -> pa.Table:
    """The rows with their codes as the texts that they stand for."""
    for place, column in enumerate(rows.schema):
        if pa.types.is_dictionary(column.type):
            rows = rows.set_column(place, column.name, rows[column.name].cast(column.type.value_type))
    return rows


def read_catalogue(folder: Path) -> Catalogue:
    """The catalogue of a processed folder; raises :class:`InputError` where nothing has been cleaned yet, or by a
    version of crimelib whose tables have other columns."""
    try:
        content = json.loads((folder / CATALOGUE).read_text(encoding="utf-8"))
        catalogue, layout = _catalogue(content), content.get("layout")
    except FileNotFoundError:
        raise InputError(
            "nothing has been cleaned yet", where=f"processed folder {folder.name!r}", fix="run `crimelib clean`"
        ) from None
    except (ValueError, KeyError, TypeError):
        raise InputError(
            "the catalogue cannot be read", where=f"{folder.name}/{CATALOGUE}", fix="run `crimelib clean` again"
        ) from None
    if layout != LAYOUT:
        raise InputError(
            "the tables were made by another version of crimelib",
            where=f"processed folder {folder.name!r}",
            fix="run `crimelib clean` again",
        )
    return catalogue


def _catalogue(content: dict) -> Catalogue:
    entries = tuple(Entry(**entry) for entry in content["entries"])
    found = tuple(Gap(**gap) for gap in content["suspected_gaps"])
    return Catalogue(entries, tuple(tuple(pair) for pair in content["left_out"]), found)


def write_catalogue(folder: Path, catalogue: Catalogue) -> None:
    """Replace the catalogue in one step."""
    content = {**asdict(catalogue), "layout": LAYOUT}
    aside = folder / f".{CATALOGUE}.{os.getpid()}"
    try:
        with aside.open("w", encoding="utf-8") as stream:
            stream.write(json.dumps(content, indent=1, sort_keys=True) + "\n")
            stream.flush()
            os.fsync(stream.fileno())
        aside.replace(folder / CATALOGUE)
    finally:
        aside.unlink(missing_ok=True)


def write_part(path: Path, table: pd.DataFrame) -> None:
    """Write a table, sorted so that one area's rows stand together; the same table gives the same bytes. Texts are
    compared and sorted as codes, and read back as texts."""
    keys = [column for column in SORTED_BY if column in table]
    ordered = coded(table)
    if len(table) > 1:
        ordered = ordered.sort_values(keys or list(table.columns), kind="stable", ignore_index=True)
    content = pa.Table.from_pandas(ordered, preserve_index=False).replace_schema_metadata(None)
    pq.write_table(content, path, row_group_size=ROWS_A_GROUP, compression="zstd", store_schema=False)


def distinct_texts(part: Path, column: str) -> list[str]:
    """The texts of one column of a part, each once, in order."""
    with pq.ParquetFile(part, read_dictionary=[column]) as stored:
        texts = stored.read([column], use_threads=False).unify_dictionaries()[column]
    return sorted(texts.unique().to_pylist())


def as_dictionaries(rows: pa.Table) -> pa.Table:
    """The rows with their texts as codes into one dictionary a column."""
    texts = [name for name, kind in zip(rows.schema.names, rows.schema.types, strict=True) if pa.types.is_string(kind)]
    for name in texts:
        rows = rows.set_column(rows.schema.get_field_index(name), name, rows[name].dictionary_encode())
    return rows.unify_dictionaries()


def coded(table: pd.DataFrame) -> pd.DataFrame:
    """The table with its texts as categories in the order of the texts, which take a tenth of the memory."""
    texts = [name for name, dtype in table.dtypes.items() if isinstance(dtype, pd.StringDtype | pd.CategoricalDtype)]
    return table.assign(**{name: _as_codes(table[name]) for name in texts})


def as_texts(table: pd.DataFrame) -> pd.DataFrame:
    """The table with its categories as the texts that they stand for, as it is read back."""
    return table.astype(dict.fromkeys(table.select_dtypes("category"), "str"))


def _as_codes(texts: pd.Series) -> pd.Series:
    if not texts.notna().any():
        return texts.astype("str")  # codes into nothing would be stored as a column of no type
    codes = texts.astype("category")
    categories = codes.cat.categories
    return codes if categories.is_monotonic_increasing else codes.cat.reorder_categories(sorted(categories))
