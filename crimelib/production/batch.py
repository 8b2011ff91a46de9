"""Many packs: every area wanted over every period wanted, one after the other; a pack that fails fails alone."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import pandas as pd

from crimelib.areas import AreaBook
from crimelib.errors import CrimelibError, InputError
from crimelib.measures.periods import parse_period
from crimelib.production.run import PackResult
from crimelib.settings import Area, Settings

MakePack = Callable[[Area, pd.Period], PackResult]


@dataclass(frozen=True)
class BatchEntry:
    """One pack of a batch: its subject, and what became of it."""

    area: Area
    period: pd.Period
    result: PackResult | None
    error: CrimelibError | None

    @property
    def failed(self) -> bool:
        """Whether the pack, or a page of it, could not be made."""
        return self.error is not None or bool(self.result and self.result.failed)

    def __str__(self) -> str:
        name = f"{self.area.name}, {self.period}"
        if self.error is not None:
            return f"{name}: {self.error}"
        pages = f", failed pages: {', '.join(self.result.failed)}" if self.result and self.result.failed else ""
        return f"{name}: {self.result.seconds:.0f} s{pages}" if self.result else name


def subjects(settings: Settings, areas: str, periods: str) -> list[tuple[Area, pd.Period]]:
    """The packs that ``--areas`` and ``--periods`` ask for. ``areas`` is ``all`` (every borough, the City and London)
    or names with commas between; ``periods`` is one month or ``first:last``. Raises :class:`InputError`."""
    book = AreaBook.of(settings)
    everywhere = [area for area in settings.areas if area.level in {"borough", "london"}]
    chosen = everywhere if areas.strip().casefold() == "all" else [book.find(name) for name in _listed(areas)]
    return [(area, period) for period in _span(periods) for area in chosen]


def run_batch(wanted: Sequence[tuple[Area, pd.Period]], make: MakePack) -> Iterator[BatchEntry]:
    """Make the packs one after the other and say of each what became of it."""
    for area, period in wanted:
        try:
            yield BatchEntry(area, period, make(area, period), None)
        except CrimelibError as error:
            yield BatchEntry(area, period, None, error)


def _span(periods: str) -> list[pd.Period]:
    first, _, last = periods.partition(":")
    start, end = parse_period(first.strip()), parse_period((last or first).strip())
    if end < start:
        raise InputError(f"{periods!r} ends before it begins", where="--periods", fix="write it as 2023-01:2023-07")
    return list(pd.period_range(start, end, freq="M"))


def _listed(names: str) -> list[str]:
    return [name.strip() for name in names.split(",") if name.strip()]
