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
_NEWLINE, _AFTER_NEWLINE, _FIRST_PRINTABLE, _QUOTE, _BEYOND_ASCII = np.array([10, 11, 32, 34, 128], np.uint8)
_WORD = 8
_SHORT_BITS, _MOST_BITS = 31, 63
_ODD = np.uint64(0x9E3779B97F4A7C15)
_BYTES = pa.binary()  # that they are UTF-8 is known of the whole block


@dataclass(frozen=True)
class Key:
    """A column as numbers: ``codes`` (int32, one a row) into ``texts``, in the order in which they were first seen."""

    codes: np.ndarray
    texts: pa.StringArray

    @classmethod
    def of(cls, parts: Sequence[pa.BinaryArray]) -> Key:
        """A column out of its blocks: to number the texts here takes half as long as in the parser, block by block."""
        chunks = pa.chunked_array(parts).dictionary_encode().chunks  # all with the last one's texts
        codes = np.concatenate([part.indices.to_numpy() for part in chunks])
        return cls(codes, chunks[-1].dictionary.cast(pa.string()))

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
    constant is none. ``blocks`` cut the file anywhere; what is held of it are the keys and the identifiers."""
    columns: dict[str, list[pa.BinaryArray]] = {name: [] for name in (*keys, identifier) if name}
    said: dict[str, pa.BinaryScalar] = {}
    pieces = _whole_lines(blocks)
    header = header_of(bytes(next(pieces, b"")))
    if not {*columns, *constants} <= set(header):
        return None
    for lines in pieces:
        rows = _rows(lines, header, [*columns, *constants])
        if rows is None:
            return None
        for name in constants:
            first = said.setdefault(name, rows[name][0])
            if not pc.all(pc.equal(rows[name], first)).as_py():
                return None
        for name, parts in columns.items():
            parts.append(rows[name].chunk(0))
    if not columns[keys[0]]:
        return None
    numbered = {key: Key.of(columns[key]) for key in keys}
    bits = sum(key.bits for key in numbered.values())
    if bits > _MOST_BITS:
        return None
    constant = {name: text.as_py().decode() for name, text in said.items()}
    return Tally(*_counts(numbered, bits), constant, _repeated(columns.get(identifier, [])))


def header_of(block: bytes) -> list[str]:
    """The column names in the first line of a file; none where they are not plain."""
    first = block[: block.find(b"\n")] if b"\n" in block else block
    first = first.removeprefix(_BOM).removesuffix(b"\r")
    names = [name.strip() for name in first.decode("utf-8", errors="replace").split(",")]
    return names if all(names) and len(set(names)) == len(names) and is_plain(first) else []


def is_plain(content: bytes | memoryview) -> bool:
    """Whether it is UTF-8, without quotes, and without control characters but line feeds."""
    every = np.frombuffer(content, np.uint8)
    if any(_is_odd(every[start : start + SLICE_BYTES]) for start in range(0, len(every), SLICE_BYTES)):
        return False
    return every.max(initial=0) < _BEYOND_ASCII or _is_utf8(bytes(content))


def _is_odd(part: np.ndarray) -> bool:
    """Whether there is a quote, or a control character: less than a line feed, or after it and before the first
    printable one (less one more than itself, a line feed is 255)."""
    if part.min() < _NEWLINE or (part == _QUOTE).any():
        return True
    return bool((part - _AFTER_NEWLINE).min() < _FIRST_PRINTABLE - _AFTER_NEWLINE)


def _is_utf8(content: bytes) -> bool:
    try:
        content.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _whole_lines(blocks: Iterable[bytes]) -> Iterator[bytes | memoryview]:
    """The same bytes cut at ends of lines: the first line, and each that goes on in the next block, by itself; the
    others as they lie in their block, since to copy them takes as long as to check them."""
    rest: list[bytes] = []
    for block in blocks:
        first, last = block.find(b"\n") + 1, block.rfind(b"\n") + 1
        if not last:
            rest.append(block)
            continue
        yield b"".join([*rest, block[:first]])
        if first < last:
            yield memoryview(block)[first:last]
        rest = [block[last:]]
    if end := b"".join(rest):
        yield end + b"\n"


def _rows(lines: bytes | memoryview, header: list[str], columns: Sequence[str]) -> pa.Table | None:
    """These columns; None where the lines are not plain, however they end, or not alike."""
    if not is_plain(lines):
        lines = bytes(lines).replace(b"\r\n", b"\n")
        if not is_plain(lines):
            return None
    try:
        return csv.read_csv(
            pa.py_buffer(lines),
            csv.ReadOptions(use_threads=False, block_size=len(lines) + 1, column_names=header),
            csv.ParseOptions(quote_char=False, ignore_empty_lines=False),
            csv.ConvertOptions(
                include_columns=columns, column_types=dict.fromkeys(columns, _BYTES), strings_can_be_null=False
            ),
        )
    except pa.ArrowInvalid:  # a row of another length than the header
        return None


def _counts(columns: dict[str, Key], bits: int) -> tuple[dict[str, Key], np.ndarray]:
    """Each combination that occurs and how often: the numbers of a row's texts side by side in one whole number of so
    many bits."""
    kinds = np.zeros(1, "int32" if bits <= _SHORT_BITS else "int64")  # half as long to sort
    for column in columns.values():
        kinds = kinds << column.bits | column.codes
    kinds, count = np.unique(kinds, return_counts=True)
    found = {}
    for name, column in reversed(columns.items()):
        found[name] = Key((kinds & (1 << column.bits) - 1).astype("int32"), column.texts)
        kinds = kinds >> column.bits
    return found, count.astype("int64")


def _repeated(parts: list[pa.BinaryArray]) -> int:
    """How many identifiers, empty ones apart, an earlier row has already."""
    hashes = np.sort(np.concatenate([_hashes(part) for part in parts])) if parts else np.zeros(0, np.uint64)
    if not (hashes[1:] == hashes[:-1]).any():
        return 0
    together = pa.chunked_array(parts)
    stated = together.filter(pc.not_equal(together, b""))
    return len(stated) - pc.count_distinct(stated).as_py()


def _hashes(texts: pa.BinaryArray) -> np.ndarray:
    """A number for each text that is not empty, the same for the same text: of the publisher's identifiers, all of one
    length and random, from their ends; of others one number for all, so that the texts themselves are compared."""
    lengths = pc.binary_length(texts).to_numpy()
    stated, longest = np.count_nonzero(lengths), int(lengths.max())
    if not longest or longest % _WORD or np.count_nonzero(lengths == longest) != stated:
        return np.zeros(stated, np.uint64)
    _, bounds, content = texts.buffers()
    start = np.frombuffer(bounds, np.int32)[texts.offset]
    words = np.frombuffer(content, np.uint64, stated * longest // _WORD, start).reshape(stated, -1)
    return words[:, 0] * _ODD ^ words[:, -1]
