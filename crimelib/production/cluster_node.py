"""On a cluster: what a Dask worker does for a batch that was started elsewhere.

A worker's own process may have no children of the kind that packs need, and may have older code loaded. So it starts
one process beside itself for each batch, its node: with the code as it is now on this machine, one warm template for
all kernels, and as many packs at once as the worker has threads. Node and worker talk over a pair of sockets that is
the node's lifeline: it ends, and all that it started, when its worker does, when the batch is over, or when nothing has
come for a while. A pack is built in the node's own folder and goes back whole, so one that was lost is made again.

What passes between the two, and comes from the batch, stays bytes in the worker: only the node reads it, once the
versions are found to be the same.
"""

from __future__ import annotations

import io
import os
import pickle
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import zipfile
from collections.abc import Iterable, Mapping
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import AbstractContextManager, nullcontext, suppress
from dataclasses import dataclass, replace
from functools import partial
from itertools import count
from multiprocessing.connection import Connection
from pathlib import Path

import crimelib
from crimelib.board.handover import tables_shared
from crimelib.errors import InputError
from crimelib.production.batch import BatchEntry, BatchOrder, Subject, made
from crimelib.production.board_pack import parameter_inputs
from crimelib.production.pack import sha256_file, sha256_json
from crimelib.production.run import code_sha256, environment_sha256
from crimelib.production.workers import as_worker, worker_pool
from crimelib.settings import PROJECT_ROOT
from crimelib.tables.store import CATALOGUE, PARTS, read_catalogue

_IDLE_SECONDS = 60
_PACKS = "packs"
_MAIN = f"import sys; from {__name__} import main; main(*map(int, sys.argv[1:]))"
Folders = Mapping[str, str]  # of tables, definitions and notebooks, from the project's top where they lie below it


@dataclass(frozen=True)
class Errand:
    """A pack to make on a node, and what of the area's other packs it follows from; without a subject, only versions
    are compared."""

    order: BatchOrder
    subject: Subject | None = None
    beside: bytes = b""


@dataclass(frozen=True)
class Answer:
    """Which versions differ (then nothing was done), what became of the pack, and its files."""

    differing: tuple[str, ...] = ()
    entry: BatchEntry | None = None
    pack: bytes = b""


def versions(folders: Folders) -> dict[str, str]:
    """By hash, all that a pack follows from but its area, period and the packs beside it."""
    places = {name: PROJECT_ROOT / folder for name, folder in folders.items()}
    notebooks = [(path.name, sha256_file(path)) for path in sorted(places["notebooks"].glob("*.ipynb"))]
    return {
        "code": code_sha256(),
        "environment": environment_sha256(),
        "processed": _tables_sha256(places["processed"]),
        "parameters": sha256_json([(each["file"], each["sha256"]) for each in parameter_inputs(places["parameters"])]),
        "notebooks": sha256_json(notebooks),
    }


def _tables_sha256(folder: Path) -> str:
    """Of the catalogue, which names each part by its content; "" where a part that it lists, or itself, is missing."""
    try:
        parts = {part for entry in read_catalogue(folder).entries for part in entry.tables.values()}
    except InputError:
        return ""
    return sha256_file(folder / CATALOGUE) if all((folder / PARTS / part).is_file() for part in parts) else ""


def packed(folder: Path, names: Iterable[str], empty: Iterable[str] = ()) -> bytes:
    """Files of a folder in one piece; of some, their names alone."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for name in names:
            archive.write(folder / name, name)
        for name in empty:
            archive.writestr(name, b"")
    return target.getvalue()


def unpack(content: bytes, folder: Path) -> None:
    """Write what :func:`packed` gave below an existing folder."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        archive.extractall(folder)


# In the worker ---------------------------------------------------------------------------------------------------


def ask_node(batch: str, payload: bytes) -> tuple[str, bytes]:
    """The worker's address and its node's answer to an errand of a batch (see :func:`answered`); the node is started
    for the first. Raises :class:`RuntimeError` when the node ends before it has answered."""
    from distributed import get_worker

    worker = get_worker()
    with _starting:
        node = _nodes.get(batch)
        if node is None or node.ended:
            node = _nodes[batch] = Node(worker.state.nthreads)
    return worker.address, node.ask(payload)


def close_node(batch: str) -> None:
    """End the node of a batch, if there is one, and what it is doing."""
    if node := _nodes.pop(batch, None):
        node.close()


class Node:
    """The process that makes a batch's packs on this machine, ``jobs`` at once."""

    def __init__(self, jobs: int) -> None:
        self.ended = False
        ours, theirs = socket.socketpair()
        self._connection = Connection(ours.detach())
        self._waiting: dict[int, Future[bytes]] = {}
        self._numbers, self._lock = count(), threading.Lock()
        search = [str(Path(crimelib.__file__).parents[1]), os.environ.get("PYTHONPATH", "")]
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-c", _MAIN, str(theirs.fileno()), str(jobs)], stdin=subprocess.DEVNULL,
                env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, search))},
                pass_fds=[theirs.fileno()], start_new_session=True,
            )  # fmt: skip
        threading.Thread(target=self._receive, daemon=True).start()

    def ask(self, payload: bytes) -> bytes:
        """Send an errand and wait for its answer."""
        answer: Future[bytes] = Future()
        with self._lock:
            if self.ended:
                raise RuntimeError("the node has ended")
            number = next(self._numbers)
            self._waiting[number] = answer
            self._connection.send_bytes(pickle.dumps((number, payload)))
        return answer.result()

    def close(self) -> None:
        """Let go of the lifeline."""
        _hang_up(self._connection)

    def _receive(self) -> None:
        with suppress(EOFError, OSError):
            while True:
                number, answer = pickle.loads(self._connection.recv_bytes())
                self._waiting.pop(number).set_result(answer)
        with self._lock:
            self.ended = True
            for answer in self._waiting.values():
                answer.set_exception(RuntimeError("the node ended before it had answered"))
        self._process.wait()


def _hang_up(connection: Connection) -> None:
    """End a connection for both sides, also for a thread that is waiting on it; its owner closes it."""
    with suppress(OSError), socket.socket(fileno=os.dup(connection.fileno())) as ended:
        ended.shutdown(socket.SHUT_RDWR)


_nodes: dict[str, Node] = {}
_starting = threading.Lock()


# In the node -----------------------------------------------------------------------------------------------------


def main(descriptor: int, jobs: int) -> None:
    """Answer the worker at the other end of an inherited socket until it is gone."""
    connection = Connection(descriptor)
    with suppress(EOFError, OSError):
        number, payload = pickle.loads(connection.recv_bytes())
        with _tables_of(payload), worker_pool(jobs) as pool:
            _serve(connection, pool, number, payload)


def _tables_of(payload: bytes) -> AbstractContextManager[None]:
    """What all errands' notebooks share, for they are of one batch: see :func:`tables_shared`; nothing where the tables
    are not whole, which is answered then."""
    folders, _, _ = pickle.loads(payload)
    processed = PROJECT_ROOT / folders["processed"]
    return tables_shared(processed) if _tables_sha256(processed) else nullcontext()


def _serve(connection: Connection, pool: ProcessPoolExecutor, number: int, payload: bytes) -> None:
    """From the first errand on, which has come already."""
    sending = threading.Lock()
    under_way = {_begun(connection, pool, sending, number, payload)}
    while connection.poll(_IDLE_SECONDS) or under_way:
        if connection.poll(0):
            under_way.add(_begun(connection, pool, sending, *pickle.loads(connection.recv_bytes())))
        under_way = {future for future in under_way if not future.done()}


def _begun(
    connection: Connection, pool: ProcessPoolExecutor, sending: threading.Lock, number: int, payload: bytes
) -> Future[bytes]:
    future = pool.submit(as_worker, answered, payload)
    future.add_done_callback(partial(_answer, connection, sending, number))
    return future


def _answer(connection: Connection, sending: threading.Lock, number: int, future: Future[bytes]) -> None:
    """Pass an answer on; where a process was killed that worked on one, end, for the errands to be sent again."""
    if future.cancelled():
        return
    if isinstance(future.exception(), BrokenProcessPool):
        _hang_up(connection)
        return
    with suppress(OSError), sending:
        connection.send_bytes(pickle.dumps((number, future.result())))


def answered(payload: bytes) -> bytes:
    """In a worker process of the node: do an errand. ``payload`` has folders, versions and the pickled errand, which is
    looked into only where the versions are the same here."""
    folders, wanted, errand = pickle.loads(payload)
    own = versions(folders)
    if differing := tuple(name for name, value in wanted.items() if own.get(name) != value):
        return pickle.dumps(Answer(differing))
    return pickle.dumps(_done(pickle.loads(errand), folders))


def _done(errand: Errand, folders: Folders) -> Answer:
    if errand.subject is None:
        return Answer()
    out = Path(tempfile.gettempdir()) / _PACKS
    shutil.rmtree(out, ignore_errors=True)
    order = replace(errand.order, out=out, **{name: PROJECT_ROOT / folder for name, folder in folders.items()})
    target = order.target(errand.subject)
    target.parent.mkdir(parents=True)
    unpack(errand.beside, target.parent)
    entry = made(order, 1, errand.subject)
    if entry.result is None:
        return Answer(entry=entry)
    names = [path.relative_to(target).as_posix() for path in sorted(target.rglob("*")) if path.is_file()]
    return Answer((), entry, packed(target, names))
