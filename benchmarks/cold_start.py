"""How long the first command on a cold start takes, and what `import crimelib` costs.

``python benchmarks/cold_start.py [--rounds 5] [--drop-caches]`` prints medians of interleaved runs and how many times
longer than an empty Python each took. A cold start finds no compiled bytecode, and with ``--drop-caches`` (which needs
the right to, and slows whatever else runs on the machine) empty file caches.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
CACHES = Path("/proc/sys/vm/drop_caches")
COMMANDS = {
    "empty Python": ["-c", "pass"],
    "import crimelib": ["-c", "import crimelib"],
    "crimelib --help": ["-m", "crimelib", "--help"],
    "crimelib summary": ["-m", "crimelib", "summary"],
}
MOST_SECONDS = {"import crimelib": 0.3, "crimelib summary": 3.0}


def drop_caches() -> None:
    """Empty the system's file caches."""
    os.sync()
    CACHES.write_text("3")


def seconds(arguments: Sequence[str], more: Mapping[str, str]) -> float:
    """Wall time of one command."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT), **more}
    started = time.perf_counter()
    subprocess.run([sys.executable, *arguments], check=True, capture_output=True, cwd=ROOT, env=environment)
    return time.perf_counter() - started


def warm(arguments: Sequence[str], dropped: bool) -> float:
    """With bytecode and caches as earlier runs left them."""
    return seconds(arguments, {})


def cold(arguments: Sequence[str], dropped: bool) -> float:
    """Without bytecode, and with empty caches where that is asked for."""
    if dropped:
        drop_caches()
    with tempfile.TemporaryDirectory() as empty:
        return seconds(arguments, {"PYTHONPYCACHEPREFIX": empty})


def main() -> None:
    """Measure and print."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--rounds", type=int, default=5)
    asked.add_argument("--drop-caches", action="store_true")
    given = asked.parse_args()
    taken = {way: {name: [] for name in COMMANDS} for way in (warm, cold)}
    for arguments in COMMANDS.values():
        seconds(arguments, {})
    for _ in range(given.rounds):
        for way, found in taken.items():
            for name, arguments in COMMANDS.items():
                found[name].append(way(arguments, given.drop_caches))
    start = f"no bytecode, file caches {'emptied' if given.drop_caches else 'as they were'}"
    for way, found in taken.items():
        print(f"{way.__name__}, medians of {given.rounds}" + (f" ({start})" if way is cold else ""))
        base = statistics.median(found["empty Python"])
        for name, each in found.items():
            most = f", to reach: {MOST_SECONDS[name]:g} s" if way is warm and name in MOST_SECONDS else ""
            print(f"  {name:17}{statistics.median(each):7.2f} s, {statistics.median(each) / base:5.1f} times{most}")


if __name__ == "__main__":
    main()
