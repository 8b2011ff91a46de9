"""A cluster's workers make the packs that this machine would; what dies is made again, what differs is refused."""

from __future__ import annotations

import json
import os
import pickle
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import distributed
import pytest
from cluster_client import DEFAULTS, PROCESSED, small_order
from toy_pack import write_notebook

from crimelib.errors import InputError
from crimelib.production import cluster
from crimelib.production.batch import BatchEntry, BatchOrder, run_batch, subjects
from crimelib.production.pack import read_record, verify_pack
from crimelib.settings import load_settings
from crimelib.tables.store import CATALOGUE

CLIENT = Path(__file__).with_name("cluster_client.py")
PATIENCE_SECONDS = 300
# Nothing but the time at which it was made differs between a pack made here and there.
TIMES = {"made_at", "seconds", "record_sha256", "outputs", "notebooks"}


@pytest.fixture(scope="module")
def workers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[distributed.LocalCluster]:
    """Two workers with a thread each, whose temporary files are apart from all others."""
    before = os.environ.get("TMPDIR")
    os.environ["TMPDIR"] = str(tmp_path_factory.mktemp("t"))
    options = {"n_workers": 2, "threads_per_worker": 1, "processes": True, "host": "127.0.0.1"}
    with distributed.LocalCluster(**options, dashboard_address=None, silence_logs=50) as local:
        local.temporary = Path(os.environ["TMPDIR"])
        if before is None:
            del os.environ["TMPDIR"]
        else:
            os.environ["TMPDIR"] = before
        yield local


@pytest.fixture
def order(tmp_path: Path) -> BatchOrder:
    return small_order(tmp_path)


def made(workers: distributed.LocalCluster, order: BatchOrder, areas: str, periods: str) -> list[BatchEntry]:
    return list(cluster.run_on_cluster(subjects(load_settings(), areas, periods), order, workers.scheduler_address))


def content(pack: Path) -> dict[str, object]:
    """What a pack holds, but for the times at which its parts were made."""
    record = read_record(pack)
    assert record is not None
    assert verify_pack(pack) == []
    lasting = {name: value for name, value in record.items() if name not in TIMES}
    return lasting | {path.name: path.read_bytes() for path in pack.rglob("*") if path.suffix in {".csv", ".ipynb"}}


def test_packs_are_those_that_this_machine_makes_and_nobody_but_the_scheduler_is_contacted(
    order: BatchOrder, workers: distributed.LocalCluster
) -> None:
    wanted, address = subjects(load_settings(), "Croydon", "2021-10:2021-11"), workers.scheduler_address
    given = pickle.dumps((wanted, order, address))
    done = subprocess.run([sys.executable, CLIENT], input=given, capture_output=True, timeout=PATIENCE_SECONDS)
    entries, contacted = json.loads(done.stdout)
    assert [re.sub(r"\d+ s$", "made", entry) for entry in entries] == [f"Croydon, 2021-{n}: made" for n in (10, 11)]
    host, port = address.removeprefix("tcp://").split(":")
    assert contacted == [str((host, int(port)))]
    assert str(*run_batch(wanted[1:], order, jobs=1)) == "Croydon, 2021-11: as before"
    here = replace(order, out=order.out.with_name("here"))
    list(run_batch(wanted, here, jobs=1))
    for subject in wanted:
        assert content(order.target(subject)) == content(here.target(subject))
        executed = (order.target(subject) / "notebooks" / "02_second.ipynb").read_text()
        assert re.search(r"'[1-9]\d* tables in memory'", executed)


def while_it_runs(begun: Path, act: Callable[[], object]) -> threading.Thread:
    """Does something once a file is there."""

    def wait_and_act() -> None:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not begun.exists() and time.monotonic() < deadline:
            time.sleep(0.05)
        act()

    thread = threading.Thread(target=wait_and_act)
    thread.start()
    return thread


def first_time(folder: Path, deed: str) -> tuple[str, str]:
    """Cells that do a deed, unless they have been run before."""
    seen = folder / "seen"
    return f"import os, time, pathlib; seen = pathlib.Path('{seen}'); again = seen.exists(); seen.touch()", deed


def test_a_worker_killed_in_mid_notebook_loses_nothing_and_leaves_nothing(
    order: BatchOrder, workers: distributed.LocalCluster, tmp_path: Path
) -> None:
    cells = first_time(tmp_path, "again or time.sleep(600)")
    write_notebook(order.notebooks, "01_first", *cells, "print('done')", defaults=DEFAULTS)
    with distributed.Client(workers.scheduler_address, set_as_default=False) as client:

        def kill() -> None:
            busy = [worker for worker, keys in client.processing().items() if keys]
            for pid in client.run(os.getpid, workers=busy).values():
                os.kill(pid, signal.SIGKILL)

        killer = while_it_runs(tmp_path / "seen", kill)
        (entry,) = made(workers, order, "Croydon", "2021-11")
        killer.join()
    assert not entry.failed, str(entry)
    assert "done" in (order.out / "croydon/2021-11/notebooks/01_first.ipynb").read_text()
    wait_until_nothing_is_left(workers)


@pytest.mark.long
def test_a_scheduler_that_all_workers_have_left_is_told_and_the_next_one_goes_on(
    order: BatchOrder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_notebook(
        order.notebooks, "01_first", *first_time(tmp_path, "again or time.sleep(600)"), "'done'", defaults=DEFAULTS
    )
    one = {"n_workers": 1, "threads_per_worker": 1, "host": "127.0.0.1", "dashboard_address": None, "silence_logs": 50}
    told: list[str] = []
    with distributed.LocalCluster(**one, local_directory=str(tmp_path)) as local:

        def hear(text: str, **_: object) -> None:
            told.append(text)
            local.scale(1)

        monkeypatch.setattr(cluster, "say", hear)
        monkeypatch.setattr(cluster, "_QUIET_SECONDS", 0.5)
        leaver = while_it_runs(tmp_path / "seen", lambda: local.scale(0))
        (entry,) = made(local, order, "Croydon", "2021-11")
        leaver.join()
    assert not entry.failed, str(entry)
    assert told == ["crimelib: the scheduler has no worker left; waiting for one (Ctrl-C stops)"]


@pytest.mark.long
def test_a_kernel_that_dies_is_tried_once_more(
    order: BatchOrder, workers: distributed.LocalCluster, tmp_path: Path
) -> None:
    cells = first_time(tmp_path, "again or os.kill(os.getpid(), 9)")
    write_notebook(order.notebooks, "01_first", *cells, "print('done')", defaults=DEFAULTS)
    write_notebook(order.notebooks, "02_second", "import os", "os.kill(os.getpid(), 9)", defaults=DEFAULTS)
    (entry,) = made(workers, order, "Croydon", "2021-11")
    assert entry.result is not None
    assert entry.result.failed == ["second"]
    wait_until_nothing_is_left(workers)


def wait_until_nothing_is_left(workers: distributed.LocalCluster) -> None:
    """No node, template, kernel or temporary file of a batch that is over."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while left := [*nodes_left(workers), *(path for path in workers.temporary.iterdir() if "dask" not in path.name)]:
        assert time.monotonic() < deadline, left
        time.sleep(0.1)


def nodes_left(workers: distributed.LocalCluster) -> list[str]:
    """Processes that have the workers' folder for temporary files, but the workers themselves."""
    mark = f"TMPDIR={workers.temporary}".encode()
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            command = (process / "cmdline").read_bytes()
            if mark in (process / "environ").read_bytes().split(b"\0") and b"crimelib" in command:
                found.append(command.decode())
        except OSError:  # it has ended
            continue
    return found


@pytest.mark.parametrize(
    ("altered", "told"),
    [
        ("code", "another version of crimelib"),
        pytest.param("environment", "other packages or another Python", marks=pytest.mark.long),
        pytest.param("processed", "other processed tables", marks=pytest.mark.long),
        pytest.param("parameters", "other parameter files", marks=pytest.mark.long),
    ],
)
def test_a_worker_with_other_versions_is_refused_before_anything_is_made(
    order: BatchOrder, workers: distributed.LocalCluster, monkeypatch: pytest.MonkeyPatch, altered: str, told: str
) -> None:
    here = cluster.versions
    monkeypatch.setattr(cluster, "versions", lambda folders: here(folders) | {altered: "another"})
    with pytest.raises(InputError, match=rf"^tcp://127.0.0.1:\d+: a worker has {told}; bring the worker to the same"):
        made(workers, order, "Croydon", "2021-11")
    assert not order.out.exists()


@pytest.mark.parametrize("address", ["host:8786", "http://127.0.0.1:8786", "inproc://x", " "])
def test_an_address_of_another_kind_is_refused(order: BatchOrder, address: str) -> None:
    with pytest.raises(InputError, match="no scheduler's address"):
        cluster.run_on_cluster([], order, address)


def test_where_nobody_answers_it_says_so(order: BatchOrder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cluster, "_CONNECT_SECONDS", 0.5)
    with pytest.raises(InputError, match="no scheduler answers"):
        cluster.run_on_cluster([], order, "tcp://127.0.0.1:9")


def test_a_scheduler_without_workers_is_said(order: BatchOrder) -> None:
    none = {"n_workers": 0, "host": "127.0.0.1", "dashboard_address": None, "silence_logs": 50}
    with distributed.LocalCluster(**none) as empty, pytest.raises(InputError, match="has no worker"):
        made(empty, order, "Croydon", "2021-11")


def test_tables_of_which_a_part_is_missing_are_others(tmp_path: Path) -> None:
    folders = {"processed": str(tmp_path), "parameters": "parameters", "notebooks": "notebooks/board"}
    catalogue = tmp_path / CATALOGUE
    catalogue.write_bytes((PROCESSED / CATALOGUE).read_bytes())
    assert cluster.versions(folders)["processed"] == ""
    assert cluster.versions(folders | {"processed": str(PROCESSED)})["processed"]
