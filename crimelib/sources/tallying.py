"""Rows of a large, plain CSV file counted by kind as its blocks stream by, without holding the rows.

Quick because it does not try to be clever: a file with quotes, control characters, bytes that are not UTF-8, or a row
longer or shorter than the header is not plain. It is left to the strict reader of :mod:`crimelib.sources.reading`,
which says what is wrong with it and where.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv

SLICE_BYTES = 256 * 1024
_BOM = b"\xef\xbb\xbf"
_NEWLINE, _FIRST_PRINTABLE = 10, 32
_WORD = 8
_MOST_BITS = 63
_ODD = np.uint64(0x9E3779B97F4A7C15)
_BYTES = pa.binary()  # that they are UTF-8 is known of the whole block
_CODE = pa.dictionary(pa.int32(), _BYTES)


@dataclass(frozen=True)
class Key:
    """A column as numbers: ``codes`` (int64, one a row) into ``texts``, in the order in which they were first seen."""

    codes: np.ndarray
    texts: list[str]

    @classmethod
    def of(cls, parts: Sequence[pa.DictionaryArray]) -> Key:
        """A column out of its blocks, each of which has numbers of its own."""
        chunks = pa.chunked_array(parts).unify_dictionaries().chunks
        codes = np.concatenate([part.indices.to_numpy() for part in chunks], dtype="int64")
        return cls(codes, [text.decode() for text in chunks[-1].dictionary.to_pylist()])

    @property
    def bits(self) -> int:
        """Bits that the largest number takes."""
        return (len(self.texts) - 1).bit_length()


@dataclass(frozen=True)
class Tally:
    """How many rows of a file are alike: ``keys`` has a code for each combination of the keys that occurs, and
    ``count`` its rows; ``constants`` are the columns that say the same in every row; ``repeated`` are the rows whose
    identifier an earlier row has."""

    keys: dict[str, Key]
    count: np.ndarray
    constants: dict[str, str]
    repeated: int


def tallied(
    blocks: Iterable[bytes], keys: Sequence[str], constants: Sequence[str] = (), identifier: str = ""
) -> Tally | None:
    """The rows counted by ``keys``; None where the file is not plain, lacks a column or has no rows, or where a
    constant is none. ``blocks`` cut the file anywhere; what is held of it are a number and an identifier a row."""
    parts: dict[str, list[pa.Array]] = {name: [] for name in (*keys, identifier) if name}
    texts = [*constants, *([identifier] if identifier else [])]
    header: list[str] = []
    said: dict[str, bytes] = {}
    for block in _whole_lines(blocks):
        if not header:
            header, block = header_of(block), block[block.find(b"\n") + 1 :]
            if header and not block:
                continue
        rows = _columns(block, header, keys, texts)
        if rows is None:
            return None
        for name in constants:
            said.setdefault(name, rows[name][0].as_py())
            if not pc.all(pc.equal(rows[name], said[name])).as_py():
                return None
        for name, column in parts.items():
            column.append(rows[name].chunk(0))
    if not parts[keys[0]]:
        return None
    columns = {key: Key.of(parts[key]) for key in keys}
    if sum(column.bits for column in columns.values()) > _MOST_BITS:
        return None
    constant = {name: text.decode() for name, text in said.items()}
    return Tally(*_counts(columns), constant, _repeated(parts.get(identifier, [])))


def header_of(block: bytes) -> list[str]:
    """The column names in the first line of a file; none where they are not plain."""
    first = block[: block.find(b"\n")].removeprefix(_BOM) if b"\n" in block else block.removeprefix(_BOM)
    names = [name.strip() for name in first.decode("utf-8", errors="replace").split(",")]
    return names if all(names) and len(set(names)) == len(names) and is_plain(first) else []


def is_plain(content: bytes) -> bool:
    """Whether it is UTF-8, without quotes, and without control characters but line feeds."""
    if b'"' in content or not _is_utf8(content):
        return False
    for start in range(0, len(content), SLICE_BYTES):
        part = np.frombuffer(content, np.uint8, min(SLICE_BYTES, len(content) - start), start)
        if np.count_nonzero(part < _FIRST_PRINTABLE) != np.count_nonzero(part == _NEWLINE):
            return False
    return True


def _is_utf8(content: bytes) -> bool:
    if content.isascii():
        return True
    try:
        content.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _whole_lines(blocks: Iterable[bytes]) -> Iterator[bytes]:
    """The same bytes cut at ends of lines, which are line feeds alone."""
    rest: list[bytes] = []
    for block in blocks:
        cut = block.rfind(b"\n") + 1
        if not cut:
            rest.append(block)
            continue
        yield _with_line_feeds(b"".join([*rest, memoryview(block)[:cut]]))
        rest = [block[cut:]]
    if last := b"".join(rest):
        yield _with_line_feeds(last + b"\n")


def _with_line_feeds(lines: bytes) -> bytes:
    return lines.replace(b"\r\n", b"\n") if b"\r" in lines else lines


def _columns(lines: bytes, header: list[str], keys: Sequence[str], texts: Sequence[str]) -> pa.Table | None:
    """The wanted columns of whole lines, keys as codes; None where the lines are not plain or not alike."""
    if not lines or not {*keys, *texts} <= set(header) or not is_plain(lines):
        return None
    try:
        return csv.read_csv(
            pa.py_buffer(lines),
            csv.ReadOptions(use_threads=False, block_size=len(lines) + 1, column_names=header),
            csv.ParseOptions(quote_char=False, ignore_empty_lines=False),
            csv.ConvertOptions(
                include_columns=[*keys, *texts],
                column_types=dict.fromkeys(texts, _BYTES) | dict.fromkeys(keys, _CODE),
                strings_can_be_null=False,
            ),
        )
    except pa.ArrowInvalid:  # a row of another length than the header
        return None


def _counts(columns: dict[str, Key]) -> tuple[dict[str, Key], np.ndarray]:
    """Each combination that occurs and how often: the numbers of a row's texts side by side in one whole number."""
    kinds = np.zeros(1, dtype="int64")
    for column in columns.values():
        kinds = kinds << column.bits | column.codes
    kinds, count = np.unique(kinds, return_counts=True)
    found = {}
    for name, column in reversed(columns.items()):
        found[name] = Key(kinds & (1 << column.bits) - 1, column.texts)
        kinds = kinds >> column.bits
    return found, count.astype("int64")


def _repeated(parts: list[pa.BinaryArray]) -> int:
    """How many identifiers, empty ones apart, an earlier row has already."""
    stated = [part.filter(pc.not_equal(part, b"")) for part in parts]
    hashes = np.concatenate([_hashes(part) for part in stated]) if stated else np.zeros(0, np.uint64)
    ordered = np.sort(hashes)
    if not (ordered[1:] == ordered[:-1]).any():
        return 0
    together = pa.chunked_array(stated)
    return len(together) - pc.count_distinct(together).as_py()


def _hashes(texts: pa.BinaryArray) -> np.ndarray:
    """A number for each text, the same for the same text: of the publisher's identifiers, all of one length, from
    all their bytes; of others one number for all, so that the texts themselves are compared."""
    lengths = pc.binary_length(texts)
    bounds = pc.min_max(lengths).as_py()
    if not len(texts) or bounds["min"] != bounds["max"] or bounds["max"] % _WORD:
        return np.zeros(len(texts), np.uint64)
    start = texts.offset * bounds["max"]
    words = np.frombuffer(texts.buffers()[2], np.uint64, len(texts) * bounds["max"] // _WORD, start)
    mixed = np.zeros(len(texts), np.uint64)
    for word in words.reshape(len(texts), -1).T:
        mixed = (mixed ^ word) * _ODD
    return mixed
