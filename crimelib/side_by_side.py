"""Work done side by side in processes forked from this one, one a core; none of them outlives it."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from multiprocessing.connection import Connection
from typing import Any, TypeVar

from crimelib.errors import CrimelibError

Task = TypeVar("Task")
Result = TypeVar("Result")
_inherited: dict[str, Any] = {}  # in a forked process: the work and its tasks, which need not be sent


def in_order(
    work: Callable[[Task], Result], tasks: Sequence[Task], sizes: Sequence[int], *, worth_it: int
) -> Iterator[Result]:
    """What ``work`` gives for each task, in the order of the tasks; the first in that order which it refuses ends all.

    The largest (by ``sizes``) are begun first. In this process where there is one task or one core, where the sizes
    together are below ``worth_it``, or where the system cannot fork.
    """
    processes = min(len(tasks), _cores())
    if processes < 2 or sum(sizes) < worth_it or sys.platform != "linux":
        yield from map(work, tasks)
        return
    context = multiprocessing.get_context("fork")
    lifeline, held_here = context.Pipe(duplex=False)
    pool = ProcessPoolExecutor(processes, context, _start, (work, tasks, lifeline, held_here))
    try:
        with without_interrupts():  # the processes are forked here
            order = sorted(range(len(tasks)), key=lambda place: -sizes[place])
            futures = {place: pool.submit(_do, place) for place in order}
        yield from (futures[place].result() for place in range(len(tasks)))
    except BrokenProcessPool:
        raise CrimelibError("a process at work was ended from outside; is there enough memory?") from None
    finally:
        held_here.close()
        pool.shutdown(cancel_futures=True)
        lifeline.close()


@contextmanager
def without_interrupts() -> Iterator[None]:
    """Ctrl-C waits until the block is done: pressed while a process is being started, it would be raised in one of the
    interpreter's callbacks, printed and lost. The mask is for the processes started, which inherit it; another thread
    of this one may take the signal all the same."""
    handler = signal.getsignal(signal.SIGINT)
    if threading.current_thread() is not threading.main_thread() or not callable(handler):
        yield
        return
    pressed: list[int] = []
    signal.signal(signal.SIGINT, lambda number, _: pressed.append(number))
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
        signal.signal(signal.SIGINT, handler)
    if pressed:
        raise KeyboardInterrupt


def _cores() -> int:
    """The cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _start(work: Callable[[Any], Any], tasks: Sequence[Any], lifeline: Connection, held_there: Connection) -> None:
    """In a forked process: Ctrl-C is the parent's affair, and when the parent lets go of the lifeline, or is killed,
    this process ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
    held_there.close()
    _inherited.update(work=work, tasks=tasks)
    threading.Thread(target=_end_with, args=(lifeline,), daemon=True).start()


def _end_with(lifeline: Connection) -> None:
    lifeline.poll(None)
    os._exit(1)


def _do(place: int) -> Any:
    return _inherited["work"](_inherited["tasks"][place])
