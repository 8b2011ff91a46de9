"""Work in forked processes: the same results in the same order as without them, the first refusal, nothing left."""

from __future__ import annotations

import multiprocessing
import os
import signal
from pathlib import Path

import pytest

from crimelib import side_by_side
from crimelib.errors import CrimelibError, InputError
from crimelib.side_by_side import in_order

PARENT = os.getpid()


@pytest.fixture(autouse=True)
def two_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(side_by_side, "_cores", lambda: 2)


def spelled(number: int) -> tuple[str, bool]:
    return "x" * number, os.getpid() == PARENT


def refusing(number: int) -> int:
    if number in (2, 3):
        raise InputError("not wanted", where=f"number {number}", fix="leave it out")
    return number


def dying(number: int) -> None:
    if os.getpid() != PARENT:
        os.kill(os.getpid(), signal.SIGKILL)


@pytest.mark.parametrize(("worth_it", "here"), [(10, False), (11, True)])
def test_results_come_in_the_order_of_the_tasks(worth_it: int, here: bool) -> None:
    found = list(in_order(spelled, [1, 2, 3, 4], [1, 2, 3, 4], worth_it=worth_it))
    assert found == [("x" * number, here) for number in (1, 2, 3, 4)]


def test_one_task_or_one_core_is_done_here(monkeypatch: pytest.MonkeyPatch) -> None:
    assert list(in_order(spelled, [1], [1], worth_it=0)) == [("x", True)]
    assert list(in_order(spelled, [], [], worth_it=0)) == []
    monkeypatch.setattr(side_by_side, "_cores", lambda: 1)
    assert list(in_order(spelled, [1, 2], [1, 2], worth_it=0)) == [("x", True), ("xx", True)]


@pytest.mark.parametrize("worth_it", [0, 1000])
def test_the_first_refusal_in_the_order_of_the_tasks_is_raised(worth_it: int) -> None:
    with pytest.raises(InputError, match="number 2: not wanted; leave it out"):
        list(in_order(refusing, [1, 2, 3], [1, 2, 300], worth_it=worth_it))
    assert multiprocessing.active_children() == []


def test_a_process_ended_from_outside_is_said_in_one_line() -> None:
    with pytest.raises(CrimelibError, match="a process at work was ended from outside"):
        list(in_order(dying, [1, 2], [1, 2], worth_it=0))
    assert multiprocessing.active_children() == []


def test_work_that_nobody_waits_for_is_ended(tmp_path: Path) -> None:
    found = in_order(spelled, [1, 2, 3], [1, 2, 3], worth_it=0)
    assert next(found) == ("x", False)
    found.close()
    assert multiprocessing.active_children() == []
