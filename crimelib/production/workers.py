"""Work in a few processes that live no longer than the one that asked for it, with one warm template for their kernels.

A worker that dies loses nothing but what killed it: all else is done again. Within a worker, work asked for is done
there and then, so that a batch fills the cores with packs and not each pack with workers of its own.
"""

from __future__ import annotations

import atexit
import gc
import logging
import multiprocessing
import os
import shutil
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager, suppress
from multiprocessing.connection import Connection
from pathlib import Path
from pkgutil import iter_modules
from typing import TypeVar

from crimelib import board
from crimelib.board.charts.drawing import PICTURES_LATER
from crimelib.errors import InputError
from crimelib.kernels.client import Template, can_fork
from crimelib.scratch import scratch_folder, share
from crimelib.side_by_side import without_interrupts
from crimelib.start_up import KERNEL_START_UP, ONE_THREAD

Task = TypeVar("Task")
Result = TypeVar("Result")

TEMPLATE = "template"
# Loaded once, in the template, for every kernel: what the notebooks' code stands on.
WARM_MODULES = (
    *("numpy", "pandas", "pyarrow.parquet", "pyarrow.dataset", "scipy.stats", "scipy.optimize", "scipy.sparse"),
    *("pandas.core.methods.to_dict", "pandas.core.reshape.reshape", "pyarrow.acero"),
    *("pydantic", "yaml", "vl_convert", "jinja2", "markupsafe"),
)
# And that code itself: the template is the run's own and ends with it, so an edit counts from the next run on, and none
# comes between the pages of one pack.
OWN_MODULES = tuple(each.name for each in iter_modules(board.__path__, f"{board.__name__}."))
# What pandas does once in a process when first asked; touches no file and draws no random number.
PRIME = """
import pandas
rows = pandas.DataFrame({"month": pandas.period_range("2021-01", periods=3, freq="M"), "name": list("abc"), "n": 1})
rows.groupby("name")["n"].sum(), rows.merge(rows, on="name"), rows.pivot_table(index="name", values="n")
rows[["name", "n"]].to_json(orient="records"), rows._repr_html_(), rows.to_csv(index=False)
rows["name"].str.contains("a"), rows.sort_values("n"), pandas.concat([rows, rows]), pandas.to_datetime(["2021-01-01"])
"""
# And the run's tables, which every kernel then has in memory.
TABLES = "from crimelib.board.handover import keep_shared_tables\nkeep_shared_tables()\n"
WARMING = KERNEL_START_UP + PRIME + TABLES
_TIDYING_SECONDS = 20  # for work that is stopped to remove what it was building


class _Worker:
    """What a worker process knows of itself: whether it is one, is at work, has been told to end, and then clears."""

    is_one = at_work = ending = False
    clears: Path | None = None


class _Ahead:
    """The pool that :func:`workers_ahead` has started, until one of its workers dies."""

    pool: ProcessPoolExecutor | None = None


def worker_count(jobs: int | None) -> int:
    """As many as asked for, else one a core. Raises :class:`InputError` for none."""
    if jobs is not None and jobs < 1:
        raise InputError(f"{jobs} jobs cannot run anything", fix="use --jobs 1 or more")
    return jobs or os.cpu_count() or 1


@contextmanager
def workers_ahead(get_ready: Callable[[None], None], jobs: int) -> Iterator[None]:
    """Start the workers and their template now, to load what they will need while something else is counted: all
    :func:`in_workers` within is done by them. Within a worker, which has no others, nothing."""
    if _Worker.is_one:
        yield
        return
    with worker_pool(jobs) as pool:
        for _ in range(jobs):
            with suppress(BrokenProcessPool), without_interrupts():
                pool.submit(as_worker, get_ready, None)
        _Ahead.pool = pool
        try:
            yield
        finally:
            _Ahead.pool = None


@contextmanager
def _pool(jobs: int) -> Iterator[ProcessPoolExecutor]:
    """The workers started ahead, if there are any; else new ones."""
    if _Ahead.pool:
        yield _Ahead.pool
        return
    with worker_pool(jobs) as pool:
        yield pool


def in_workers(
    work: Callable[[Task], Result], chains: Sequence[Sequence[Task]], jobs: int
) -> Iterator[tuple[Task, Result | None]]:
    """Each task with what ``work`` gives for it as it is done, ``jobs`` at a time; None where it took its worker along.

    A chain's tasks are done one after the other, the chains side by side, their first tasks first. What was lost with
    a worker is done again: what may have killed it each by itself, the rest as before. What ``work`` raises ends all.
    """
    if _Worker.is_one:
        yield from ((task, work(task)) for chain in chains for task in chain)
        return
    waiting = [list(chain) for chain in chains if chain]
    while waiting:
        suspects = yield from _until_a_worker_dies(work, waiting, jobs)
        if any(waiting):
            _Ahead.pool = None  # with the worker that died the others are gone
        for chain in suspects:
            task = chain.pop(0)
            done = list(_until_a_worker_dies(work, [[task]], 1))
            yield done[0] if done else (task, None)
        waiting = [chain for chain in waiting if chain]


def in_ready_workers(work: Callable[[Task], Result], tasks: Sequence[Task]) -> list[Result]:
    """What ``work`` gives for each task, in their order: by the workers that stand ready (:func:`workers_ahead`), here
    where there are none or where one of them dies."""
    if _Ahead.pool:
        with suppress(BrokenProcessPool):
            with without_interrupts():
                results = [_Ahead.pool.submit(as_worker, work, task) for task in tasks]
            return [result.result() for result in results]
        _Ahead.pool = None
    return [work(task) for task in tasks]


def _until_a_worker_dies(
    work: Callable[[Task], Result], waiting: Sequence[list[Task]], jobs: int
) -> Generator[tuple[Task, Result], None, list[list[Task]]]:
    """Takes what gets done off ``waiting``; returns the chains whose first task was under way when a worker died."""
    with _pool(jobs) as pool:
        under_way: dict[Future[Result], list[Task]] = {}
        for chain in waiting:
            _submit(pool, work, chain, under_way)
        while under_way:
            ended, _ = wait(under_way, return_when=FIRST_COMPLETED)
            lost = {future for future in ended if isinstance(future.exception(), BrokenProcessPool)}
            for future in ended - lost:
                chain = under_way.pop(future)
                task = chain.pop(0)
                if chain and not lost:
                    _submit(pool, work, chain, under_way)
                yield task, future.result()
            if lost:
                return list(under_way.values())[:jobs]  # handed out in the order in which they were submitted
    return []


def _submit(
    pool: ProcessPoolExecutor,
    work: Callable[[Task], Result],
    chain: list[Task],
    under_way: dict[Future[Result], list[Task]],
) -> None:
    with suppress(BrokenProcessPool), without_interrupts():
        under_way[pool.submit(as_worker, work, chain[0])] = chain


@contextmanager
def worker_pool(jobs: int) -> Iterator[ProcessPoolExecutor]:
    """Worker processes that live no longer than this one.

    Each holds the reading end of a pipe, the lifeline, whose other end is only here: it breaks when this process
    closes it or is killed, and then the workers, and after them their kernels, end by themselves.
    """
    context = multiprocessing.get_context("spawn")
    lifeline_reader, lifeline = context.Pipe(duplex=False)
    with scratch_folder() as scratch, tempfile.TemporaryDirectory(prefix="w", dir=scratch) as own, _template(Path(own)):
        pool = ProcessPoolExecutor(jobs, context, _start_worker, (own, str(scratch), lifeline_reader))
        try:
            yield pool
        except BaseException:
            lifeline.close()
            raise
        finally:
            pool.shutdown(wait=True, cancel_futures=True)
            lifeline.close()
            lifeline_reader.close()


@contextmanager
def _template(folder: Path) -> Iterator[None]:
    """The process of which kernels are forked, where this system can: see :mod:`crimelib.kernels`."""
    if not can_fork():
        yield
        return
    environment = {**os.environ, **_kernel_environment(folder)}
    with without_interrupts():
        template = Template(folder / TEMPLATE, environment, WARM_MODULES + OWN_MODULES, WARMING)
    try:
        yield
    finally:
        template.close()


# In a worker -----------------------------------------------------------------------------------------------------


def _start_worker(folder: str, scratch: str, lifeline: Connection) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
    _log_kernels_only()
    own = Path(folder) / str(os.getpid())
    start_up = own / "ipython" / "profile_default" / "startup"
    start_up.mkdir(parents=True)
    (start_up / "00_quick.py").write_text(KERNEL_START_UP)
    os.environ.update(_kernel_environment(own))
    tempfile.tempdir = str(own)  # also for the connection files of kernels, which libraries make
    sys.stdin = None
    _Worker.is_one, _Worker.clears = True, own
    share(own)
    signal.signal(signal.SIGTERM, _end)
    threading.Thread(target=_end_with, args=(lifeline, Path(scratch)), daemon=True).start()
    if can_fork():
        from crimelib.kernels.provisioner import choose

        choose()


def as_worker(work: Callable[[Task], Result], task: Task) -> Result:
    """In a worker of :func:`worker_pool`: ``work`` on a task, after which a worker told to end does so. What the first
    task has loaded stays, so that no collection of garbage goes through it again."""
    _Worker.at_work = True
    try:
        return work(task)
    finally:
        _Worker.at_work = False
        if _Worker.ending:
            _leave()
        if not gc.get_freeze_count():
            gc.collect()
            gc.freeze()
            atexit.register(gc.unfreeze)  # or DuckDB takes what is left at the end for leaks, and lists it


def _end(*_: object) -> None:
    """The work under way, if any, removes what it was building; then this process ends."""
    _Worker.ending = True
    if not _Worker.at_work:
        _leave()
    raise KeyboardInterrupt


def _end_with(lifeline: Connection, scratch: Path) -> None:
    """Wait until the other end of the lifeline is gone, then leave nothing behind."""
    lifeline.poll(None)
    _Worker.clears = scratch
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(_TIDYING_SECONDS)
    _leave()


def _leave() -> None:
    if _Worker.clears:
        shutil.rmtree(_Worker.clears, ignore_errors=True)
    os._exit(1)


def _log_kernels_only() -> None:
    """Of all that Jupyter's packages log, only why a kernel was not forked is the user's concern."""
    handler = logging.StreamHandler()
    handler.addFilter(logging.Filter("crimelib.kernels"))
    logging.basicConfig(level=logging.WARNING, handlers=[handler], format="%(message)s", force=True)


def _kernel_environment(folder: Path) -> dict[str, str]:
    """Kernels see no personal configuration, hash alike in every run, use one thread each and say nothing at start."""
    return {
        "JUPYTER_RUNTIME_DIR": str(folder),
        "JUPYTER_CONFIG_DIR": str(folder / "config"),
        "JUPYTER_PREFER_ENV_PATH": "1",
        "IPYTHONDIR": str(folder / "ipython"),
        "PYTHONHASHSEED": "0",
        "PYDEVD_DISABLE_FILE_VALIDATION": "1",  # the debugger, never asked for, warns as it is loaded
        PICTURES_LATER: "1",
        **dict.fromkeys(ONE_THREAD, "1"),
    }
