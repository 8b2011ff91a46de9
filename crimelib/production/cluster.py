"""A batch by the workers of a ``dask.distributed`` scheduler: packs are made there, and published here.

Only the scheduler is spoken to. Every worker is asked for its versions of code, packages, tables, definitions and
notebooks before the first pack is; one that has others is refused, and so is one that joins later. What comes back is a
whole pack, checked by its hashes and published here in one step, so that it does not matter how often it was made.
"""

from __future__ import annotations

import pickle
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from crimelib.errors import CrimelibError, InputError
from crimelib.journal import say
from crimelib.production.batch import BatchEntry, BatchOrder, Subject, by_area, left
from crimelib.production.board_pack import from_top, refuse_organisations
from crimelib.production.cluster_node import Answer, Errand, ask_node, close_node, packed, unpack, versions
from crimelib.production.pack import building, locked, publish, read_record
from crimelib.production.standing import RELEASED, standing_of
from crimelib.tables.store import read_catalogue

if TYPE_CHECKING:
    from distributed import Client, Future

SCHEMES = ("tcp://", "tls://")
TRIES_MORE = 2  # of what was lost with a node; the scheduler sees to what is lost with a worker
_CONNECT_SECONDS = 20
_QUIET_SECONDS = 30  # without anything done, after which workers are looked for
# What a pack follows from of those beside it: what these withhold, who released them, and which pages they have.
_READ_BESIDE = ("[0-9]*/run.json", "[0-9]*/summary.csv", "review.json")
_LINKED_BESIDE = "[0-9]*/*.html"
_VERSIONS = {
    "code": "another version of crimelib",
    "environment": "other packages or another Python",
    "processed": "other processed tables",
    "parameters": "other parameter files",
    "notebooks": "other notebooks",
}


def run_on_cluster(wanted: Sequence[Subject], order: BatchOrder, address: str) -> Iterator[BatchEntry]:
    """As :func:`crimelib.production.batch.run_batch`, the packs made by the workers of the scheduler at ``address``
    (``tcp://host:8786``; ``tls://`` with the certificates of Dask's own settings). Raises :class:`InputError` at once
    for another kind of address, where nobody answers, where no worker is, and for one whose versions are not ours."""
    read_catalogue(order.processed)
    refuse_organisations(order.audience, order.organisations)
    with ExitStack() as stack:
        client = stack.enter_context(_connected(address))
        job = _Job(client, order)
        stack.callback(job.close)
        job.refuse_other_versions()
        return _with(stack.pop_all(), job.run(by_area(wanted)))


def _with(stack: ExitStack, entries: Iterator[BatchEntry]) -> Iterator[BatchEntry]:
    with stack:
        yield from entries


def _connected(address: str) -> Client:
    if not address.startswith(SCHEMES):
        raise InputError(f"{address!r} is no scheduler's address", where="--cluster", fix="write tcp://host:8786")
    from distributed import Client

    try:
        return Client(address, timeout=_CONNECT_SECONDS, set_as_default=False, direct_to_workers=False)
    except (OSError, ValueError, TypeError) as error:
        fix = "start `dask scheduler` there, or leave --cluster out"
        raise InputError(f"no scheduler answers ({type(error).__name__})", where=address, fix=fix) from None


class _Job:
    """One batch on a cluster."""

    def __init__(self, client: Client, order: BatchOrder) -> None:
        self._client, self._order, self._name = client, order, uuid4().hex
        places = {"processed": order.processed, "parameters": order.parameters, "notebooks": order.notebooks}
        self._folders = {name: from_top(folder) for name, folder in places.items()}
        self._versions = versions(self._folders)
        self._under_way: dict[Future, list[Subject]] = {}

    def refuse_other_versions(self) -> None:
        """Ask every worker; raises :class:`InputError` for the first whose versions are others."""
        workers = list(self._client.scheduler_info(n_workers=-1)["workers"])
        if not workers:
            raise InputError("the scheduler has no worker", where="--cluster", fix="start `dask worker`")
        asked = [self._submit(Errand(self._order), workers=[worker]) for worker in workers]
        for future in asked:
            if isinstance(answer := self._received(future), str):
                raise InputError(f"a worker cannot be asked for its versions: {answer}", where="--cluster")

    def run(self, chains: Sequence[list[Subject]]) -> Iterator[BatchEntry]:
        """An area's packs one after the other, the areas side by side."""
        for chain in chains:
            yield from self._go_on(chain)
        while self._under_way:
            for future in self._ended():
                chain = self._under_way.pop(future)
                yield self._entry(chain.pop(0), self._received(future))
                yield from self._go_on(chain)

    def _ended(self) -> set[Future]:
        """What is done next. Where there is no worker left to do it, that is said, once, and one is waited for."""
        from distributed import wait

        deserted = False
        while True:
            try:
                with self._client.as_current():
                    return wait(list(self._under_way), _QUIET_SECONDS, return_when="FIRST_COMPLETED").done
            except TimeoutError:
                if not deserted and not self._client.scheduler_info(n_workers=-1)["workers"]:
                    deserted = True
                    say("crimelib: the scheduler has no worker left; waiting for one (Ctrl-C stops)", err=True)

    def _go_on(self, chain: list[Subject]) -> Iterator[BatchEntry]:
        """Send the chain's next pack; those before it that are left as they are need no worker."""
        while chain and (entry := left(self._order, chain[0])):
            chain.pop(0)
            yield entry
        if chain:
            target = self._order.target(chain[0])
            self._under_way[self._submit(Errand(self._order, chain[0], _beside(target)))] = chain

    def close(self) -> None:
        """Whatever is under way ends, and the batch's nodes with it."""
        self._client.cancel(list(self._under_way), force=True)
        self._client.run(close_node, self._name, on_error="ignore")

    def _submit(self, errand: Errand, **where: Any) -> Future:
        payload = pickle.dumps((self._folders, self._versions, pickle.dumps(errand)))
        return self._client.submit(ask_node, self._name, payload, pure=False, retries=TRIES_MORE, **where)

    def _received(self, future: Future) -> Answer | str:
        """An errand's answer, or why there is none. Raises :class:`InputError` where a worker's versions are others."""
        error = future.exception()
        if error is not None:
            return f"its workers were lost ({type(error).__name__})"
        worker, content = future.result()
        answer = pickle.loads(content)
        if answer.differing:
            what = ", ".join(_VERSIONS[name] for name in answer.differing)
            fix = "bring the worker to the same versions (docs/cluster.md)"
            raise InputError(f"a worker has {what}", where=worker, fix=fix)
        return answer

    def _entry(self, subject: Subject, answer: Answer | str) -> BatchEntry:
        if isinstance(answer, str):
            return BatchEntry(*subject, error=answer)
        assert answer.entry
        return _published(self._order.target(subject), answer.entry, answer.pack)


def _beside(target: Path) -> bytes:
    """What a pack follows from of the area's other packs, and what is at its own place."""
    folder = target.parent
    return packed(folder, _names(folder, *_READ_BESIDE), _names(folder, _LINKED_BESIDE))


def _names(folder: Path, *patterns: str) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for pattern in patterns for path in folder.glob(pattern))


def _published(target: Path, entry: BatchEntry, content: bytes) -> BatchEntry:
    """Put a pack that was made elsewhere in its place."""
    if entry.result is None:
        return entry
    try:
        with locked(target, lambda _: None), building(target) as folder:
            if standing_of(read_record(target) or {}).status == RELEASED:  # meanwhile
                return replace(entry, result=None, released=True)
            unpack(content, folder)
            publish(folder, target)
    except CrimelibError as error:
        return replace(entry, result=None, error=str(error))
    return replace(entry, result=replace(entry.result, path=target))
