"""The same raw files give the same tables and figures, byte for byte, under any locale and time zone, and any Python.

Pythons beside this one are tried where ``scripts/pythons.sh`` found them (``make check-long`` runs it).
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from pathlib import Path

import pytest
from mps_files import lay_small, tree_hash

from crimelib.settings import PROJECT_ROOT

PLACES = {
    "London": {"LC_ALL": "C.UTF-8", "TZ": "Europe/London"},
    "Kiritimati, POSIX": {"LC_ALL": "POSIX", "TZ": "Pacific/Kiritimati"},
    "St John's, Turkish": {"LC_ALL": "tr_TR.UTF-8", "TZ": "America/St_Johns"},
}
OTHERS = [version for version in ("3.11", "3.12", "3.13") if version != f"3.{sys.version_info.minor}"]


def python(version: str) -> Path:
    if version == "this":
        return Path(sys.executable)
    path = PROJECT_ROOT / f".venv-{version}/bin/python"
    if not path.exists():
        pytest.skip(f"no environment of Python {version} at {path.parent.parent.name}")
    return path


def made(interpreter: Path, raw: Path, folder: Path, place: dict[str, str]) -> dict[str, str]:
    """Hashes of the tables and of the summary that a clean and a summary make there."""
    environment = {**{name: text for name, text in os.environ.items() if not name.startswith("LC_")}, **place}
    folders = ["--raw", raw, "--processed", folder / "processed"]
    csv = folder / "summary.csv"
    for words in (["clean", *folders], ["summary", *folders, "--out", folder / "out", "--csv", csv]):
        subprocess.run([interpreter, "-m", "crimelib", *words], check=True, capture_output=True, env=environment)
    return tree_hash(folder / "processed") | {"summary": hashlib.sha256(csv.read_bytes()).hexdigest()}


@pytest.fixture(scope="module")
def expected(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, str]]:
    folder = tmp_path_factory.mktemp("here")
    lay_small(folder / "raw")
    return folder / "raw", made(Path(sys.executable), folder / "raw", folder, {})


@pytest.mark.parametrize("version", ["this", *OTHERS])
@pytest.mark.parametrize("place", [pytest.param(name, marks=[pytest.mark.long] if n else [], id=name)
                                   for n, name in enumerate(reversed(PLACES))])  # fmt: skip
def test_the_same_tables_and_figures(
    expected: tuple[Path, dict[str, str]], tmp_path: Path, place: str, version: str
) -> None:
    raw, hashes = expected
    assert made(python(version), raw, tmp_path, PLACES[place]) == hashes
