"""Work in worker processes: what a dead worker costs, and that nothing stays of work that is stopped."""

from __future__ import annotations

import os
import signal
import tempfile
from functools import partial
from pathlib import Path

import pytest
import work
from test_killed_runs import PATIENCE_SECONDS, running, wait_for, wait_until_none_mention

from crimelib.errors import InputError
from crimelib.production.workers import in_ready_workers, in_workers, worker_count, workers_ahead

WORK = Path(work.__file__)


def test_chains_are_done_in_order_and_in_ready_workers(tmp_path: Path) -> None:
    log = tmp_path / "log"
    chains = [["a1", "a2", "a3"], ["b1"], [], ["c1", "c2"]]
    done = dict(in_workers(partial(work.note, log), chains, 2))
    assert done == {task: task for chain in chains for task in chain}
    begun = log.read_text().split()
    assert all(begun.index(chain[0]) <= begun.index(chain[-1]) for chain in chains if chain)
    assert [task for task in begun if task.startswith("a")] == chains[0]
    assert begun.index("c1") < begun.index("a2")


def test_who_kills_its_worker_fails_alone() -> None:
    chains = [["a1", "a2"], ["kill1", "after"], ["b1", "b2"], ["c1"], ["kill2"]]
    done = dict(in_workers(work.process, chains, 2))
    assert [task for task, pid in done.items() if pid is None] == ["kill1", "kill2"]
    assert set(done) == {task for chain in chains for task in chain}


def test_work_that_a_worker_asks_for_is_done_there() -> None:
    ((_, (worker, places)),) = in_workers(work.nested, [["a"]], 1)
    assert places == [worker, worker]
    assert worker != os.getpid()


def test_workers_started_ahead_get_ready_and_do_all_work_within(tmp_path: Path) -> None:
    ready = tmp_path / "ready"
    ready.mkdir()
    with workers_ahead(partial(work.be_ready, ready), 2):
        first, second = (set(dict(in_workers(work.process, [["a"], ["b"]], 2)).values()) for _ in range(2))
        third = set(in_ready_workers(work.process, ["a", "b"]))
    after = set(dict(in_workers(work.process, [["a"], ["b"]], 2)).values())
    started = {int(path.name) for path in ready.iterdir()}
    assert first | second | third <= started
    assert not after & started


def test_work_for_ready_workers_comes_back_in_order_wherever_it_is_done() -> None:
    numbers = list(range(20))
    with workers_ahead(work.nothing, 2):
        assert in_ready_workers(str, numbers) == list(map(str, numbers))
    assert in_ready_workers(str, numbers) == list(map(str, numbers))
    assert in_ready_workers(work.process, ["a"]) == [os.getpid()]


def test_work_for_ready_workers_is_done_here_where_one_of_them_dies() -> None:
    owner = os.getpid()
    with workers_ahead(work.nothing, 2):
        assert in_ready_workers(partial(work.process_dying_elsewhere, owner), ["a", "b", "c"]) == [owner] * 3
        assert in_ready_workers(work.process, ["a"]) == [owner]
        ((_, pid),) = in_workers(work.process, [["a"]], 2)
    assert pid not in (None, owner)


def test_what_work_in_a_ready_worker_raises_is_raised_here() -> None:
    with workers_ahead(work.nothing, 2), pytest.raises(ValueError, match="invalid literal"):
        in_ready_workers(int, ["1", "one"])


def test_a_worker_that_has_used_duckdb_ends_without_a_word(capfd: pytest.CaptureFixture[str]) -> None:
    assert list(in_workers(work.count_in_duckdb, [["a", "b"]], 1)) == [("a", 1), ("b", 1)]
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("task", ["kill", "a"])
def test_workers_that_die_ahead_or_at_once_lose_nothing(task: str) -> None:
    with workers_ahead(work.die, 2):
        done = dict(in_workers(work.process, [[task], ["b"]], 2))
    assert [each for each, pid in done.items() if pid is None] == ["kill"] * (task == "kill")
    assert set(done) == {task, "b"}


def test_no_workers_at_all_are_refused() -> None:
    with pytest.raises(InputError, match="0 jobs cannot run anything"):
        worker_count(0)


@pytest.mark.parametrize("way", [signal.SIGINT, signal.SIGKILL])
def test_work_under_way_ends_and_tidies_up_when_its_owner_is_stopped_or_killed(tmp_path: Path, way: int) -> None:
    with tempfile.TemporaryDirectory(prefix="t") as temporary:
        with running(str(WORK), str(tmp_path), mark=str(tmp_path), TMPDIR=temporary) as process:
            wait_for(lambda: sorted(path.name for path in tmp_path.iterdir()) == ["one", "two"], process)
            process.send_signal(way)
            process.wait(PATIENCE_SECONDS)
        wait_until_none_mention(tmp_path)
        assert list(tmp_path.iterdir()) == []
        assert os.listdir(temporary) == []
