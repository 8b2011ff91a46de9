"""The figures at hand, kept in memory between questions: what is asked for once is answered at once the next time."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

import pandas as pd

from crimelib.areas import AreaBook, folded, nearest
from crimelib.board.doubts import Doubts, doubts
from crimelib.board.summary import newest_wards
from crimelib.errors import InputError
from crimelib.measures.areas import counts_with_wards
from crimelib.measures.rates import exposure
from crimelib.measures.series import Counts, History, histories
from crimelib.settings import PROJECT_ROOT, Area, Figures, Measure, Settings, Ward, load_settings
from crimelib.tables.revisions import Releases
from crimelib.tables.store import CATALOGUE, Store, keep

Answered = TypeVar("Answered")


@dataclass(frozen=True)
class Named:
    """A measure with the item it stands in and its id."""

    item: str
    name: str
    measure: Measure

    @property
    def path(self) -> str:
        """``item.measure``, which is never ambiguous."""
        return f"{self.item}.{self.name}"


@dataclass(frozen=True)
class Place:
    """An area, or a ward of it."""

    area: Area
    code: str
    name: str

    @property
    def is_ward(self) -> bool:
        """Whether the place is a ward of its area."""
        return self.code != self.area.code

    @property
    def title(self) -> str:
        """``Bromley``, or ``Shortlands (Bromley)``."""
        return f"{self.name} ({self.area.name})" if self.is_ward else self.name


@dataclass(frozen=True)
class AreaData:
    """The stored counts of an area and its wards, every vintage, and what must be said beside them."""

    stored: pd.DataFrame
    counts: Counts
    wards: tuple[Ward, ...]
    doubted: Doubts
    latest: pd.Period | None


class Workspace:
    """Settings and stored figures of one processed folder. Names are found by id, title or part of neither; a wrong
    one is refused with the nearest known."""

    def __init__(self, settings: Settings, store: Store) -> None:
        self.settings, self.store = settings, store
        self.book = AreaBook.of(settings)
        self._known: dict[Hashable, Any] = {}

    def remembered(self, key: Hashable, make: Callable[[], Answered]) -> Answered:
        """What was made for a key before, else made now and kept."""
        if key not in self._known:
            self._known[key] = make()
        return self._known[key]

    def measures(self) -> dict[str, Named]:
        """Every measure by ``item.measure``, in the order of ``items.yml``."""
        return {
            found.path: found
            for item_id, item in self.settings.items.items()
            for name, measure in item.measures.items()
            for found in (Named(item_id, name, measure),)
        }

    def measure(self, name: str) -> Named:
        """A measure by ``item.measure``, by its own id where only one item has it, or an item's headline by the
        item's id."""
        known = self.measures()
        alone = [found for found in known.values() if found.name == name]
        if name in known:
            return known[name]
        if (item := self.settings.items.get(name)) is not None and item.headline:
            return known[f"{name}.{item.headline}"]
        if len(alone) == 1:
            return alone[0]
        if alone:
            fix = f"say which: {', '.join(found.path for found in alone)}"
            raise InputError(f"{len(alone)} items have a measure {name!r}", where="measure", fix=fix)
        spellings = [*self.settings.items, *(found.name for found in known.values())]
        raise InputError(f"no measure is called {name!r}", where="measure", fix=nearest(name, spellings))

    def place(self, area: str, ward: str = "") -> Place:
        """An area by name or code, or one of its wards."""
        whole = self.book.find(area)
        if not ward:
            return Place(whole, whole.code, whole.name)
        wards = self.data(whole).wards
        wanted = folded(ward)
        for each in wards:
            if wanted in {folded(each.code), *map(folded, each.names)}:
                return Place(whole, each.code, each.name)
        fix = nearest(ward, [each.name for each in wards]) if wards else "no file at hand has its wards"
        raise InputError(f"{whole.name} has no ward {ward!r}", where="ward", fix=fix)

    def data(self, area: Area) -> AreaData:
        """The figures of an area and its wards."""
        return self.remembered(("data", area.code), lambda: self._read(area))

    def histories(self, area: Area, figures: Sequence[Figures]) -> tuple[History, ...]:
        """The monthly histories of some figures over an area and its wards, the preferred first."""
        return self.remembered(
            ("histories", area.code, tuple(figures)),
            lambda: tuple(histories(self.data(area).counts, figures, self.settings.sources.bases)),
        )

    def counted(self, column: str) -> set[str]:
        """Every value of a column of the stored counts: which series, or which areas, any file at hand has."""
        return self.remembered(("counted", column), lambda: self.store.distinct("counts", column))

    def residents(self, place: Place, period: pd.Period) -> float | None:
        """The residents of a place in the year nearest to a period, None where no file has them."""
        found = self.remembered(
            ("residents", place.code, period.year), lambda: exposure(self.store, [place.code], period)
        )
        return None if found is None else float(found.numbers[place.code])

    def _read(self, area: Area) -> AreaData:
        # the newest month decides which ward boundaries are in force
        at_all = self.store.table("counts", filters=[("area_code", "in", self.book.members(area))], columns=["month"])
        if at_all.empty:
            empty = pd.DataFrame()
            return AreaData(empty, Counts(empty), (), self._doubts(area, empty), None)
        latest = pd.Period(at_all["month"].max(), freq="M")
        stored = counts_with_wards(self.store, self.settings, area, latest)
        counts = Counts(stored)
        by_ward = counts.months_of(*(ward.code for ward in self.settings.wards if ward.borough_code == area.code))
        wards = tuple(newest_wards(counts, self.settings, area, by_ward[-1] if len(by_ward) else latest))
        return AreaData(stored, counts, wards, self._doubts(area, stored), latest)

    def _doubts(self, area: Area, stored: pd.DataFrame) -> Doubts:
        return doubts(self.store, self.settings, area, Releases.of(stored, area.code))


def open_workspace(processed: str | Path = "", parameters: str | Path = "") -> Workspace:
    """The workspace of a processed folder (the project's own unless told otherwise), opened anew when `clean` has run
    since."""
    folder = PROJECT_ROOT / (processed or "data/processed")
    catalogue = folder / CATALOGUE
    stamp = catalogue.stat().st_mtime_ns if catalogue.exists() else 0
    return _opened(folder, PROJECT_ROOT / (parameters or "parameters"), stamp)


@cache
def _opened(folder: Path, parameters: Path, stamp: int) -> Workspace:
    keep(folder)
    return Workspace(load_settings(parameters), Store(folder))
