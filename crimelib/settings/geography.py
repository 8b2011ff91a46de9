"""Areas, wards and districts: who lies where, under which names and codes."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from crimelib.settings.reading import Strict


class Area(Strict):
    """A row of ``areas.csv``: a borough, London as a whole, or where publishers put what lies outside every borough.
    A ``unit`` of several boroughs and a ``district`` of another police force are made of other declarations."""

    code: str
    name: str
    level: Literal["borough", "london", "outside", "unit", "district"]
    parent_code: str = ""
    command_unit: str = ""
    other_names: str = ""

    @property
    def names(self) -> list[str]:
        """Every name that the publishers use for it."""
        return [self.name, *(name.strip() for name in self.other_names.split(";") if name.strip())]


class SimilarAreas(Strict):
    """A row of ``similar.csv``: the areas that one may be compared with, and who says so. ``part`` is the part of
    London that a borough lies in."""

    code: str
    name: str
    part: Literal["inner", "outer"] | None = None
    similar: str
    source: str

    @property
    def names(self) -> list[str]:
        """The similar areas, the most similar first."""
        return [name.strip() for name in self.similar.split(";") if name.strip()]


class Ward(Strict):
    """A row of ``wards.csv``: a London ward in one set of boundaries (``2018`` before May 2022, ``2022`` from then)."""

    code: str = Field(pattern=r"^E05\d{6}$")
    name: str
    borough_code: str = Field(pattern=r"^E09\d{6}$")
    ward_set: Literal["2018", "2022"]
    spellings: str = ""

    @property
    def names(self) -> list[str]:
        """Every spelling that the publishers use for it."""
        return [self.name, *(name.strip() for name in self.spellings.split(";") if name.strip())]


class WardTile(Strict):
    """A row of ``ward_tiles.csv``: where a ward stands on the grid that serves as a map."""

    code: str
    name: str
    row: int
    col: int


class District(Strict):
    """A row of ``districts.csv``: the district and police force of the LSOAs whose names begin with a prefix."""

    lsoa_prefix: str
    code: str = Field(pattern=r"^[EW]0[6-9]\d{6}$")
    name: str
    force: str
