"""Areas by code and by every name that the publishers use for them."""

from __future__ import annotations

import difflib
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from weakref import WeakKeyDictionary

from crimelib.errors import InputError
from crimelib.settings import Area, District, Settings

LONDON = "E12000007"
CITY_OF_LONDON = "E09000001"


def folded(name: str) -> str:
    """A name without what spellings differ by: case, blanks, apostrophes, ``&`` for ``and`` (also inside a word,
    as in ``Shortl&s``)."""
    return re.sub(r"\s+", " ", name.replace("&", "and").replace("'", "").replace("’", "")).strip().casefold()


class AreaBook:
    """Looks areas up by code or name: those of ``areas.csv``, the command units that they make up, and the districts
    of other police forces."""

    def __init__(self, areas: Sequence[Area], districts: Iterable[District] = ()) -> None:
        self.areas = tuple(areas)
        self._by_key = _by_key(areas)
        self.units = command_units(areas)
        self._elsewhere = _by_key(districts_as_areas(districts, known={area.code for area in areas}))
        self._for_packs = self._elsewhere | _by_key(self.units) | self._by_key

    @classmethod
    def of(cls, settings: Settings) -> AreaBook:
        """Every area that the settings know of."""
        if settings not in _books:
            _books[settings] = cls(settings.areas, settings.districts)
        return _books[settings]

    def get(self, name_or_code: str) -> Area | None:
        """The area of ``areas.csv``, or None: what a publisher's file may name."""
        return self._by_key.get(folded(name_or_code))

    def find(self, name_or_code: str) -> Area:
        """The area a pack can be made of; raises :class:`InputError` naming the nearest known ones."""
        area = self._for_packs.get(folded(name_or_code))
        if area is None or area.level == "outside":
            elsewhere = [district.name for district in self._elsewhere.values()]
            fix = nearest(name_or_code, [*self.names(), *elsewhere], listed=self.names())
            raise InputError(f"no area is called {name_or_code!r}", where="area", fix=fix)
        return area

    def names(self) -> list[str]:
        """Names of London's areas that a pack can be made of, command units included."""
        return [area.name for area in (*self.areas, *self.units) if area.level != "outside"]

    def spellings(self) -> list[str]:
        """Every name by which some area goes."""
        return [name for area in self.areas for name in area.names]

    def name_of(self, code: str) -> str:
        """The name of a known code, else the code itself."""
        area = self._for_packs.get(folded(code))
        return area.name if area else code

    def boroughs(self) -> list[Area]:
        """The boroughs, the City of London included."""
        return [area for area in self.areas if area.level == "borough"]

    def metropolitan_codes(self) -> set[str]:
        """The 32 boroughs that the Metropolitan Police serves."""
        return {area.code for area in self.boroughs()} - {CITY_OF_LONDON}

    def members(self, area: Area) -> list[str]:
        """The codes of the areas whose counts add up to an area's: a command unit's boroughs, else its own."""
        if area.level != "unit":
            return [area.code]
        return [borough.code for borough in self.boroughs() if borough.command_unit == area.name]


def command_units(areas: Iterable[Area]) -> tuple[Area, ...]:
    """The police command units of more than one borough, each as an area of its own."""
    boroughs = Counter((area.command_unit, area.parent_code) for area in areas if area.command_unit)
    return tuple(
        Area(code=f"unit:{folded(name).replace(' ', '_')}", name=name, level="unit", parent_code=parent)
        for (name, parent), number in boroughs.items()
        if number > 1
    )


def districts_as_areas(districts: Iterable[District], known: set[str]) -> list[Area]:
    """Districts outside the known areas; the districts that one was merged from are names of it too."""
    names: dict[tuple[str, str], list[str]] = {}
    for district in districts:
        if district.code not in known:
            names.setdefault((district.code, district.name), []).append(district.lsoa_prefix)
    return [
        Area(code=code, name=name, level="district", other_names=";".join(prefixes))
        for (code, name), prefixes in names.items()
    ]


def _by_key(areas: Iterable[Area]) -> dict[str, Area]:
    return {folded(name): area for area in areas for name in (area.code, *area.names)}


_books: WeakKeyDictionary[Settings, AreaBook] = WeakKeyDictionary()


def nearest(name: str, known: Iterable[str], listed: Iterable[str] | None = None) -> str:
    """``nearest known: a, b`` for an unknown name, or a list (of the known ones, unless told otherwise) where nothing
    is near."""
    by_fold = {item.casefold(): item for item in known}
    close = difflib.get_close_matches(name.casefold(), list(by_fold), n=3, cutoff=0.5)
    near = [by_fold[match] for match in close]
    all_known = sorted(by_fold.values() if listed is None else listed)
    return f"nearest known: {', '.join(near)}" if near else f"known: {', '.join(all_known[:50])}"
