"""Areas by code and by every name that the publishers use for them."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Sequence

from crimelib.errors import InputError
from crimelib.settings import Area

LONDON = "E12000007"
CITY_OF_LONDON = "E09000001"


def folded(name: str) -> str:
    """A name without what spellings differ by: case, blanks, apostrophes, ``&`` for ``and`` (also inside a word,
    as in ``Shortl&s``)."""
    return re.sub(r"\s+", " ", name.replace("&", "and").replace("'", "").replace("’", "")).strip().casefold()


class AreaBook:
    """Looks areas up by code or name."""

    def __init__(self, areas: Sequence[Area]) -> None:
        self.areas = tuple(areas)
        self._by_key = {folded(name): area for area in areas for name in (area.code, *area.names)}

    def get(self, name_or_code: str) -> Area | None:
        """The area, or None."""
        return self._by_key.get(folded(name_or_code))

    def find(self, name_or_code: str) -> Area:
        """The area a pack can be made of; raises :class:`InputError` naming the nearest known ones."""
        area = self.get(name_or_code)
        if area is None or area.level == "outside":
            raise InputError(
                f"no area is called {name_or_code!r}", where="area", fix=nearest(name_or_code, self.names())
            )
        return area

    def names(self) -> list[str]:
        """Names of the areas that a pack can be made of."""
        return [area.name for area in self.areas if area.level != "outside"]

    def spellings(self) -> list[str]:
        """Every name by which some area goes."""
        return [name for area in self.areas for name in area.names]

    def name_of(self, code: str) -> str:
        """The name of a known code, else the code itself."""
        area = self.get(code)
        return area.name if area else code

    def boroughs(self) -> list[Area]:
        """The boroughs, the City of London included."""
        return [area for area in self.areas if area.level == "borough"]

    def metropolitan_codes(self) -> set[str]:
        """The 32 boroughs that the Metropolitan Police serves."""
        return {area.code for area in self.boroughs()} - {CITY_OF_LONDON}

    def command_unit_of(self, code: str) -> list[Area]:
        """The boroughs of the same police command unit."""
        area = self.find(code)
        return [other for other in self.boroughs() if other.command_unit and other.command_unit == area.command_unit]


def nearest(name: str, known: Iterable[str]) -> str:
    """``nearest known: a, b`` for an unknown name, or the list of known ones where nothing is near."""
    by_fold = {item.casefold(): item for item in known}
    close = difflib.get_close_matches(name.casefold(), list(by_fold), n=3, cutoff=0.5)
    near = [by_fold[match] for match in close]
    return f"nearest known: {', '.join(near)}" if near else f"known: {', '.join(sorted(by_fold.values())[:40])}"
