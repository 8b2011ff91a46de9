"""How long `crimelib clean` takes of all of ../shared/published-data, and again with one new file.

``python benchmarks/clean.py [--rounds 3 | --quick] [--published DIR]`` prints medians of interleaved runs, wall and
processor time. To reach: under five seconds for everything; a second clean does only the new file's work, which its own
line says (``1 cleaned now``). Exit status 1 where the second did more.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from published_raw import PUBLISHED, ROOT, published_raw

TO_REACH_SECONDS = 5.0
NEW_FILE = "mopac_pas"  # taken away for the first clean of a round, put back for the second


def cleaned(raw: Path, processed: Path) -> tuple[float, float, int]:
    """Wall and processor seconds of a clean, and how many files it says it cleaned."""
    command = [sys.executable, "-m", "crimelib", "clean", "--raw", raw, "--processed", processed]
    started, before = time.perf_counter(), os.times()
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, check=True, capture_output=True, text=True, env=environment)
    wall, after = time.perf_counter() - started, os.times()
    used = after.children_user + after.children_system - before.children_user - before.children_system
    found = re.search(r"\((\d+) cleaned now", done.stdout)
    assert found, done.stdout
    return wall, used, int(found[1])


def one_round(folder: Path, raw: Path) -> dict[str, tuple[float, float, int]]:
    """A clean of all but one file, one with that file new, and one of everything from the start."""
    processed, aside = folder / "processed", folder / "aside"
    shutil.move(raw / NEW_FILE, aside)
    cleaned(raw, processed)
    shutil.move(aside, raw / NEW_FILE)
    again = cleaned(raw, processed)
    shutil.rmtree(processed)
    everything = cleaned(raw, processed)
    shutil.rmtree(processed)
    return {"everything": everything, "with one new file": again}


def main() -> None:
    """Measure and print."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--rounds", type=int, default=3)
    asked.add_argument("--quick", action="store_true", help="one round")
    asked.add_argument("--published", type=Path, default=PUBLISHED)
    given = asked.parse_args()
    rounds = 1 if given.quick else given.rounds
    with tempfile.TemporaryDirectory() as folder:
        raw = published_raw(Path(folder), given.published)
        taken = [one_round(Path(folder), raw) for _ in range(rounds)]
    print(f"clean, medians of {rounds} (to reach: everything in {TO_REACH_SECONDS:g} s)")
    for name in taken[0]:
        wall, used = (statistics.median(each[name][place] for each in taken) for place in (0, 1))
        print(f"  {name:18}{wall:6.1f} s wall, {used:6.1f} s processor, {taken[0][name][2]} files cleaned")
    if any(each["with one new file"][2] != 1 for each in taken):
        sys.exit("the second clean did more than the new file's work")


if __name__ == "__main__":
    main()
