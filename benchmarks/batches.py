"""How long batches of packs take: by size, by memory, by Dask workers, and all of London.

``python benchmarks/batches.py [--sizes 1 2 4 8] [--rounds 3 | --quick] [--only sizes,dask,london] [--real]`` prints
medians of interleaved runs with publishing included: wall time, processor time, and the memory of the largest process.
``sizes`` is a batch of so many areas on this machine (a straight line and flat memory are to be reached), ``dask`` the
same batch by one worker on one core and by two on two, the rest of the batch on the same (efficiency to reach: 0.9),
``london`` every borough, the City and London over one period (to reach: ten minutes on two cores); with ``--real`` of
../shared/published-data, 2023-07.
"""

from __future__ import annotations

import argparse
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from operator import attrgetter
from pathlib import Path

from published_raw import ROOT, published_raw

LONDON_SECONDS = 600.0
Taken = tuple[float, float, float]


class Data:
    """The tables that packs are made of, and the period."""

    def __init__(self, folder: Path, real: bool) -> None:
        self.period = "2023-07" if real else "2021-11"
        self.processed = folder / "processed" if real else ROOT / "data" / "processed"
        if real:
            crimelib("clean", "--raw", str(published_raw(folder)), "--processed", str(self.processed))
        self.areas = self._areas()

    def _areas(self) -> list[str]:
        """Every borough, the City and, last, London, as far as the files have them in the period: few have the City."""
        from crimelib.measures.areas import area_counts
        from crimelib.production.batch import subjects
        from crimelib.settings import load_settings
        from crimelib.tables.store import Store

        settings = load_settings()
        everywhere = sorted((area for area, _ in subjects(settings, "all", self.period)), key=attrgetter("code"))
        counts = area_counts(Store(self.processed), settings, everywhere)
        there = set(counts.loc[counts["month"] == self.period, "area_code"])
        return [area.name for area in everywhere if area.code in there]

    def first(self, number: int) -> str:
        """So many of them, as a batch asks for them."""
        if number > len(self.areas):
            sys.exit(f"--sizes {number}: the files have {len(self.areas)} areas in {self.period}")
        return ",".join(self.areas[:number])


def crimelib(*words: str) -> None:
    """A command, which must end well."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run([sys.executable, "-m", "crimelib", *words], capture_output=True, text=True, env=environment)
    if done.returncode:
        sys.exit(f"crimelib {' '.join(words)} ended with status {done.returncode}:\n{done.stdout}{done.stderr}")


def batch(data: Data, areas: str, *more: str) -> Taken:
    """Wall and processor seconds, and the largest process in GiB, of a fresh batch."""
    with tempfile.TemporaryDirectory() as out:
        started, before = time.perf_counter(), os.times()
        folders = ("--processed", str(data.processed), "--out", out)
        crimelib("batch", "--areas", areas, "--periods", data.period, *folders, *more)
        wall, after = time.perf_counter() - started, os.times()
    used = after.children_user + after.children_system - before.children_user - before.children_system
    return wall, used, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 2**20


def show(name: str, taken: Sequence[Taken], packs: int) -> float:
    """Print the medians of one way; its wall time."""
    wall, used, memory = (statistics.median(column) for column in zip(*taken, strict=True))
    more = f"{used:7.1f} s processor {memory:5.2f} GiB largest process" if used else ""
    print(f"  {name:22}{wall:7.1f} s wall {wall / packs:6.1f} s a pack {more}", flush=True)
    return wall


def sizes(data: Data, rounds: int, numbers: Sequence[int]) -> None:
    """Batches of so many areas."""
    taken: dict[int, list[Taken]] = {number: [] for number in numbers}
    for _ in range(rounds):
        for number, found in taken.items():
            found.append(batch(data, data.first(number)))
    for number, found in taken.items():
        show(f"{number} areas", found, number)


def by_dask(data: Data, rounds: int, numbers: Sequence[int]) -> None:
    """The largest of these batches by one and by two workers."""
    from distributed import LocalCluster

    areas = data.first(max(numbers))
    taken: dict[int, list[Taken]] = {1: [], 2: []}
    everywhere = os.sched_getaffinity(0)
    for _ in range(rounds):
        for workers, found in taken.items():
            options = {"n_workers": workers, "threads_per_worker": 1, "host": "127.0.0.1", "dashboard_address": None}
            os.sched_setaffinity(0, range(workers))  # and so of all that is started from here
            with LocalCluster(**options, silence_logs=50) as cluster:
                wall, _, _ = batch(data, areas, "--cluster", cluster.scheduler_address)  # the rest is the workers'
                found.append((wall, 0.0, 0.0))
    os.sched_setaffinity(0, everywhere)
    one, two = (show(f"{workers} Dask worker(s)", found, max(numbers)) for workers, found in taken.items())
    print(f"  efficiency of two workers {one / two / 2:.2f} (to reach 0.9)")


def london(data: Data, rounds: int, numbers: Sequence[int]) -> None:
    """Everything over one period, once."""
    number = len(data.areas)
    wall = show(f"London, {number} packs", [batch(data, data.first(number))], number)
    print(f"  {wall / LONDON_SECONDS:.2f} times ten minutes, on {os.cpu_count()} cores")


PARTS: dict[str, Callable[[Data, int, Sequence[int]], None]] = {"sizes": sizes, "dask": by_dask, "london": london}


def main() -> None:
    """Measure and print."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--sizes", type=int, nargs="+", default=[1, 2, 4, 8])
    asked.add_argument("--rounds", type=int, default=3)
    asked.add_argument("--quick", action="store_true", help="one round of batches of one and two areas, no London")
    asked.add_argument("--only", default=",".join(PARTS))
    asked.add_argument("--real", action="store_true")
    given = asked.parse_args()
    rounds, numbers = (1, [1, 2]) if given.quick else (given.rounds, given.sizes)
    with tempfile.TemporaryDirectory() as folder:
        data = Data(Path(folder), given.real)
        for part in given.only.split(","):
            if not (given.quick and part == "london"):
                print(f"{part}, medians of {rounds}")
                PARTS[part](data, rounds, numbers)


if __name__ == "__main__":
    main()
