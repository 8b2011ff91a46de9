"""How long notebooks take: ours against Papermill's ways and against the floor.

``python benchmarks/execution.py [--notebooks 14 56 140] [--rounds 3 | --quick] [--only ours,pool]`` prints medians of
interleaved runs, wall and processor time, and how many times longer than ours each took: ``--quick`` once, ours, the
pool and the floor. ``loop`` is the ``papermill`` command once a notebook, ``inproc``
Papermill in one process, ``pool`` a pool of two such processes, ``floor`` the same cells in warm processes, one a core.
To reach: 7 times faster than the loop at 14 notebooks, 10 at 56 and more, there 5 times faster than the pool; 1.5 times
the floor at most. Between ours and the floor stand the start of template and workers (once), each kernel's fork, its
channels and shutdown, and the writing of portable notebooks with their pictures.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import redirect_stderr, redirect_stdout
from io import StringIO
from multiprocessing import get_context
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
_OTHER = ("_ward", "_partner")
# those of a borough's pack for the board
BOARD = [path for path in sorted((ROOT / "notebooks" / "board").glob("*.ipynb")) if not path.stem.endswith(_OTHER)]
PARAMETERS = {"area": "Bromley", "period": "2021-11"}
CORES = os.cpu_count() or 1
Work = Sequence[tuple[Path, Path]]


def ours(work: Work) -> None:
    """As `crimelib run` executes them: the summary counted once, while the workers start, and handed to all, the tables
    read once, forked kernels, as many at once as cores. Loaded here, for workers that are spawned load this script
    again."""
    from crimelib.board.handover import handed_over, tables_shared
    from crimelib.board.item import load_board
    from crimelib.production.execute import Task, execute_notebooks, get_ready
    from crimelib.production.workers import workers_ahead
    from crimelib.tables.store import keep

    board = load_board(**PARAMETERS)
    keep(board.store.folder)
    shared, ahead = tables_shared(board.store.folder), workers_ahead(get_ready, CORES)
    with shared, ahead, handed_over(board.rows, board.store.folder, board.subject):
        runs = list(execute_notebooks([Task(*each) for each in work], PARAMETERS, jobs=CORES))
    assert all(run.status == "ok" for run in runs), runs


def loop(work: Work) -> None:
    """The command, once a notebook."""
    given = [word for name, value in PARAMETERS.items() for word in ("-p", name, value)]
    for source, target in work:
        subprocess.run([sys.executable, "-m", "papermill", source, target, *given], check=True, capture_output=True)


def inproc(work: Work) -> None:
    """Papermill's function in a process of its own, so that each round starts cold."""
    with ProcessPoolExecutor(1, get_context("spawn")) as pool:
        list(pool.map(by_papermill, work))


def pool(work: Work) -> None:
    """Two such processes."""
    with ProcessPoolExecutor(2, get_context("spawn")) as workers:
        list(workers.map(by_papermill, work))


def floor(work: Work) -> None:
    """The cells alone, in processes that have run them once already; only the second time counts."""
    sources = sorted({source for source, _ in work})
    with ProcessPoolExecutor(CORES, get_context("spawn"), initializer=warm, initargs=(sources,)) as workers:
        list(workers.map(time.sleep, [0.2] * CORES))
        global floor_started, floor_used
        floor_started = time.perf_counter()
        floor_used = sum(workers.map(by_hand, [source for source, _ in work]))


floor_started = floor_used = 0.0
WAYS: dict[str, Callable[[Work], None]] = {"ours": ours, "loop": loop, "inproc": inproc, "pool": pool, "floor": floor}


def by_papermill(each: tuple[Path, Path]) -> None:
    """One notebook by Papermill with its own settings."""
    import papermill

    papermill.execute_notebook(*each, PARAMETERS, progress_bar=False)


def warm(sources: Sequence[Path]) -> None:
    """Everything loaded and every first-call cache filled."""
    for source in sources:
        by_hand(source)


def by_hand(source: Path) -> float:
    """A notebook's cells, one after the other, in this process's shell; the processor time that they took."""
    started = time.process_time()
    from crimelib.start_up import skip_address_grammar

    skip_address_grammar()
    from IPython.core.interactiveshell import InteractiveShell

    own = sys.modules["__main__"]
    shell = InteractiveShell.instance()
    sys.modules["__main__"] = own  # the shell puts its own there, where the pool then looks for this module's functions
    shell.reset(new_session=False)
    for cell in json.loads(source.read_text())["cells"]:
        if cell["cell_type"] == "code":
            with redirect_stdout(StringIO()), redirect_stderr(StringIO()):
                shell.run_cell("".join(cell["source"])).raise_error()
    return time.process_time() - started


def seconds(way: str, work: Work) -> tuple[float, float]:
    """Wall and processor time of one way; of the floor without its warming up."""
    started, before = time.perf_counter(), os.times()
    WAYS[way](work)
    ended, after = time.perf_counter(), os.times()
    if way == "floor":
        return ended - floor_started, floor_used
    used = after.children_user + after.children_system - before.children_user - before.children_system
    return ended - started, used


def measure(number: int, rounds: int, ways: Sequence[str]) -> dict[str, tuple[float, float]]:
    """Median seconds by way, wall and processor, the ways taking turns within each round."""
    taken: dict[str, list[tuple[float, float]]] = {way: [] for way in ways}
    with tempfile.TemporaryDirectory() as folder:
        work = [(BOARD[turn % len(BOARD)], Path(folder) / f"{turn}.ipynb") for turn in range(number)]
        for _ in range(rounds):
            for way in ways:
                taken[way].append(seconds(way, work))
    return {way: tuple(map(statistics.median, zip(*found, strict=True))) for way, found in taken.items()}


def main() -> None:
    """Measure and print."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--notebooks", type=int, nargs="+", default=[len(BOARD)])
    asked.add_argument("--rounds", type=int, default=3)
    asked.add_argument("--only", default=",".join(WAYS))
    asked.add_argument("--quick", action="store_true", help="one round of ours, the pool and the floor")
    given = asked.parse_args()
    os.chdir(ROOT)
    rounds, ways = (1, ["ours", "pool", "floor"]) if given.quick else (given.rounds, given.only.split(","))
    for number in given.notebooks:
        found = measure(number, rounds, ways)
        print(f"{number} notebooks on {CORES} cores, medians of {rounds}")
        for way, (wall, used) in found.items():
            ours = found.get("ours")
            ratio = f", times ours: {wall / ours[0]:.2f} wall, {used / ours[1]:.2f} processor" if ours else ""
            print(f"  {way:7}{wall:8.1f} s wall {used:8.1f} s processor{ratio}", flush=True)


if __name__ == "__main__":
    main()
