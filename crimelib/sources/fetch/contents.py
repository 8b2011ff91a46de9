"""Whether a downloaded file is what it should be: judged from its bytes, never from what the publisher says of it."""

from __future__ import annotations

import csv
import io
import re
import stat
import zipfile
from collections.abc import Callable
from fnmatch import fnmatch
from pathlib import Path

from crimelib.errors import InputError, one_line
from crimelib.settings import FetchFile
from crimelib.sources.fetch.guard import shown

MAX_MEMBERS = 20_000
WINDOW = 1 << 16
_CLIMBS = re.compile(r"(^|[/\\])\.\.([/\\]|$)|^[/\\]|^[A-Za-z]:|[\x00-\x1f\\]")


def check_start(start: bytes, spec: FetchFile, address: str) -> None:
    """Refuse from the first bytes what cannot be the file, before the rest is taken."""
    text = start.removeprefix(b"\xef\xbb\xbf").lstrip()
    if text[:1] == b"<":
        raise refusal(address, "this is a web page, not a data file", "look for the file's new address")
    if (text[:2] == b"PK") == (spec.kind == "csv"):
        raise refusal(address, f"this is no {spec.kind} file", "look for the file's new address")


def check(path: Path, spec: FetchFile, address: str) -> None:
    """Refuse a complete file that is too small, lacks its columns, is cut short, or is an unsafe archive."""
    size = path.stat().st_size
    if size < spec.min_bytes:
        raise refusal(address, f"only {size:,} bytes, {spec.min_bytes:,} are expected", "look at the file by hand")
    CHECKS[spec.kind](path, spec, address)


def refusal(address: str, what: str, fix: str) -> InputError:
    """The error for a file that is not accepted."""
    return InputError(what, where=shown(address), fix=f"{fix}; nothing of it was kept")


def _check_csv(path: Path, spec: FetchFile, address: str) -> None:
    header = _fields(_line(_head(path), 0, address), address)
    if not any(set(columns) <= set(header) for columns in spec.columns):
        found = ", ".join(header)[:120]
        raise refusal(address, f"the columns are not the expected ones (found: {found})", "see docs/data_log.md")
    last = _fields(_line(_tail(path), -1, address), address)
    if len(last) != len(header):
        raise refusal(address, "the last line is cut short", "fetch again")


def _head(path: Path) -> bytes:
    with path.open("rb") as stream:
        return stream.read(WINDOW)


def _tail(path: Path) -> bytes:
    with path.open("rb") as stream:
        stream.seek(max(0, path.stat().st_size - WINDOW))
        return stream.read().rstrip()


def _line(content: bytes, position: int, address: str) -> str:
    try:
        return (content.splitlines() or [b""])[position].decode("utf-8-sig")
    except UnicodeDecodeError:
        raise refusal(address, "the file is not UTF-8", "look at the file by hand") from None


def _fields(line: str, address: str) -> list[str]:
    try:
        return [field.strip() for field in next(csv.reader(io.StringIO(line), strict=True), [])]
    except csv.Error:
        raise refusal(address, "a line cannot be read as CSV", "fetch again") from None


def _check_zip(path: Path, spec: FetchFile, address: str) -> None:
    try:
        with zipfile.ZipFile(path) as archive:
            members = archive.infolist()
    except (zipfile.BadZipFile, OSError, ValueError):
        raise refusal(address, "the archive is damaged or cut short", "fetch again") from None
    for member in members:
        _check_member(member, address)
    unpacked = sum(member.file_size for member in members)
    if unpacked > spec.max_unpacked_bytes or len(members) > MAX_MEMBERS:
        raise refusal(
            address,
            f"the archive declares {unpacked:,} bytes in {len(members):,} files, more than is allowed",
            "look at the file by hand",
        )
    if not any(fnmatch(member.filename, spec.members) for member in members):
        raise refusal(address, f"the archive holds no {spec.members}", "look at the file by hand")


def _check_member(member: zipfile.ZipInfo, address: str) -> None:
    """Refuse a name that would climb out of a folder, a link and an encrypted member."""
    # ``filename`` ends at the first NUL and has its separators turned; what stands in the file is ``orig_filename``.
    if _CLIMBS.search(member.orig_filename):
        raise refusal(address, f"unsafe name in the archive: {one_line(member.orig_filename)[:60]!r}", "do not open it")
    if stat.S_ISLNK(member.external_attr >> 16) or member.flag_bits & 0x1:
        raise refusal(
            address, f"a link or an encrypted file in the archive: {one_line(member.filename)[:60]!r}", "do not open it"
        )


CHECKS: dict[str, Callable[[Path, FetchFile, str], None]] = {"csv": _check_csv, "xlsx": _check_zip, "zip": _check_zip}
