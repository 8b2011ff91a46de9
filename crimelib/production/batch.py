"""Many packs: every area wanted over every period wanted, as many at once as there are cores; a pack that fails fails
alone, one that would come out as it stands is left, and a released one is never touched."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd

from crimelib.areas import AreaBook
from crimelib.board.handover import tables_shared
from crimelib.board.narrative import counted
from crimelib.errors import CrimelibError, InputError, one_line
from crimelib.measures.periods import parse_period
from crimelib.production.board_pack import make_pack, refuse_organisations, standing_pack
from crimelib.production.pack import pack_path, read_record
from crimelib.production.run import PackResult, StoppedByHand
from crimelib.production.standing import RELEASED, standing_of
from crimelib.production.workers import in_workers, worker_count
from crimelib.settings import Area, Settings, load_settings
from crimelib.tables.store import read_catalogue

Subject = tuple[Area, pd.Period]


@dataclass(frozen=True)
class BatchOrder:
    """What all packs of a batch have in common: the folders, the audience, and whether nothing is to be reused."""

    parameters: Path
    processed: Path
    out: Path
    notebooks: Path
    audience: str
    organisations: tuple[str, ...] = ()
    fresh: bool = False

    def target(self, subject: Subject) -> Path:
        """Where a subject's pack stands."""
        area, period = subject
        return pack_path(self.out, area.name, str(period), self.audience)

    @property
    def places(self) -> dict[str, Any]:
        """What :func:`make_pack` takes of it."""
        return {name: getattr(self, name) for name in ("processed", "out", "notebooks", "organisations")}


@dataclass(frozen=True)
class BatchEntry:
    """One pack of a batch: its subject, and what became of it: made, left as it stood because it is released, or the
    error for which there is none."""

    area: Area
    period: pd.Period
    result: PackResult | None = None
    released: bool = False
    error: str = ""

    @property
    def failed(self) -> bool:
        """Whether the pack, or a page of it, could not be made."""
        return bool(self.error or (self.result and self.result.failed))

    def __str__(self) -> str:
        return f"{self.area.name}, {self.period}: {self._outcome()}"

    def _outcome(self) -> str:
        if self.released:
            return "released, so left as it is (`crimelib run --reason TEXT` corrects it)"
        if self.result is None:
            return self.error
        if self.result.unchanged:
            return "as before"
        pages = f", failed pages: {', '.join(self.result.failed)}" if self.result.failed else ""
        return f"{self.result.seconds:.0f} s{pages}"


def told(entries: Sequence[BatchEntry], wanted: int) -> str:
    """What became of a batch, in a line."""
    ways = {
        "made": sum(entry.result is not None and not entry.result.unchanged for entry in entries),
        "as before": sum(entry.result is not None and entry.result.unchanged for entry in entries),
        "released and left": sum(entry.released for entry in entries),
        "failed": sum(bool(entry.error) for entry in entries),
        "not begun or not done": wanted - len(entries),
    }
    return f"{counted(wanted, 'packs')}: " + (
        ", ".join(f"{number} {way}" for way, number in ways.items() if number) or "none"
    )


def subjects(settings: Settings, areas: str, periods: str) -> list[Subject]:
    """The packs that ``--areas`` and ``--periods`` ask for. ``areas`` is ``all`` (every borough, the City and London)
    or names with commas between; ``periods`` is one month or ``first:last``. Raises :class:`InputError`."""
    book = AreaBook.of(settings)
    everywhere = [area for area in settings.areas if area.level in {"borough", "london"}]
    chosen = everywhere if areas.strip().casefold() == "all" else [book.find(name) for name in _listed(areas)]
    return [(area, period) for period in _span(periods) for area in chosen]


def run_batch(wanted: Sequence[Subject], order: BatchOrder, jobs: int | None = None) -> Iterator[BatchEntry]:
    """Make the packs and say of each what became of it, as it is done.

    An area's packs are made in the order of their periods, one after the other: what one withholds depends on the
    others, and a page leads back to the period before. Areas are made side by side, ``jobs`` at once (as many as
    cores), each with its notebooks one by one; where there are fewer areas than that, the notebooks share the cores.
    Raises :class:`InputError` at once for what no pack could be made of.
    """
    read_catalogue(order.processed)
    refuse_organisations(order.audience, order.organisations)
    chains, count = by_area(wanted), worker_count(jobs)
    if len(chains) < count:
        return (made(order, jobs, subject) for subject in wanted)
    return _side_by_side(chains, order, count)


def _side_by_side(chains: Sequence[Sequence[Subject]], order: BatchOrder, count: int) -> Iterator[BatchEntry]:
    with tables_shared(order.processed):
        for subject, entry in in_workers(partial(made, order, 1), chains, count):
            yield entry or BatchEntry(*subject, error="its process was killed")


def by_area(wanted: Sequence[Subject]) -> list[list[Subject]]:
    """The packs of each area, in the order asked for."""
    chains: dict[str, list[Subject]] = {}
    for area, period in wanted:
        chains.setdefault(area.code, []).append((area, period))
    return list(chains.values())


def made(order: BatchOrder, jobs: int | None, subject: Subject) -> BatchEntry:
    """One pack, made and published unless it is released or stands already; a pack that fails is told in its entry."""
    entry = _entry(order, subject, partial(_make, order, jobs, subject))
    assert entry
    return entry


def left(order: BatchOrder, subject: Subject) -> BatchEntry | None:
    """The entry of a pack that :func:`made` would leave as it is, or refuse at once; None where it is to be made."""
    return _entry(order, subject, partial(_leave, order, subject))


def _entry(order: BatchOrder, subject: Subject, work: Callable[[], PackResult | None]) -> BatchEntry | None:
    try:
        if standing_of(read_record(order.target(subject)) or {}).status == RELEASED:
            return BatchEntry(*subject, released=True)
        result = work()
        return result and BatchEntry(*subject, result)
    except StoppedByHand:
        raise
    except CrimelibError as error:
        return BatchEntry(*subject, error=str(error))
    except Exception as error:  # a fault of this program's own: the other packs are made all the same
        return BatchEntry(*subject, error=one_line(f"{type(error).__name__}: {error} (see `crimelib run`)"))


def _make(order: BatchOrder, jobs: int | None, subject: Subject) -> PackResult:
    return make_pack(
        load_settings(order.parameters), *subject, order.audience, **order.places, jobs=jobs, fresh=order.fresh,
        resume=not order.fresh, progress=False,
    )  # fmt: skip


def _leave(order: BatchOrder, subject: Subject) -> PackResult | None:
    if order.fresh:
        return None
    return standing_pack(load_settings(order.parameters), *subject, order.audience, **order.places)


def _span(periods: str) -> list[pd.Period]:
    first, _, last = periods.partition(":")
    start, end = parse_period(first.strip()), parse_period((last or first).strip())
    if end < start:
        raise InputError(f"{periods!r} ends before it begins", where="--periods", fix="write it as 2023-01:2023-07")
    return list(pd.period_range(start, end, freq="M"))


def _listed(names: str) -> list[str]:
    return [name.strip() for name in names.split(",") if name.strip()]
