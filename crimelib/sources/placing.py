"""Counted things placed in boroughs and wards: where a borough is covered its wards are; the unseen is zero."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator

import numpy as np
import pandas as pd

from crimelib.areas import nearest
from crimelib.settings import Ward
from crimelib.sources.counting import AREA_COLUMNS, COUNT_COLUMNS
from crimelib.sources.discovery import RawFile

WARD_SETS = ("2022", "2018")
PLACE_COLUMNS = [*AREA_COLUMNS, "month"]


def ward_key(name: str) -> str:
    """A ward's name without what spellings differ by: case, apostrophes, full stops, hyphens, and ``&`` for ``and``
    (also inside a word, as in ``Shortl&s``)."""
    plain = re.sub(r"['’.]", "", name.casefold().replace("&", "and"))
    return " ".join(re.sub(r"[^a-z0-9]", " ", plain).split())


class WardBook:
    """London's wards by borough, boundary set and every spelling of their names."""

    def __init__(self, wards: Iterable[Ward]) -> None:
        self.wards = tuple(wards)
        self._codes = {
            (ward.borough_code, ward.ward_set, ward_key(name)): ward.code for ward in self.wards for name in ward.names
        }
        self._members: dict[tuple[str, str], dict[str, str]] = {}
        for ward in self.wards:
            self._members.setdefault((ward.borough_code, ward.ward_set), {})[ward.code] = ward.name

    def members(self, borough: str, ward_set: str) -> dict[str, str]:
        """Names by code of a borough's wards in one boundary set."""
        return self._members.get((borough, ward_set), {})

    def knows(self, borough: str, code: str) -> bool:
        """Whether a ward lies in a borough, in any boundary set."""
        return any(code in self.members(borough, ward_set) for ward_set in WARD_SETS)

    def code(self, borough: str, ward_set: str, name: str) -> str | None:
        """The code of the ward that goes by a name."""
        return self._codes.get((borough, ward_set, ward_key(name)))

    def set_of_codes(self, borough: str, codes: Iterable[str]) -> str | None:
        """The newest boundary set that holds every code."""
        wanted = set(codes)
        return next((each for each in WARD_SETS if wanted <= self.members(borough, each).keys()), None)

    def set_of_names(self, borough: str, names: Iterable[str]) -> str | None:
        """The newest boundary set in which every name is a ward's."""
        wanted = list(names)
        return next((each for each in WARD_SETS if all(self.code(borough, each, name) for name in wanted)), None)

    def nearest_names(self, borough: str, name: str) -> str:
        """The borough's ward names nearest to one that is not known."""
        return nearest(name, (ward.name for ward in self.wards if ward.borough_code == borough))


def borough_places(rows: pd.DataFrame) -> pd.DataFrame:
    """The boroughs and months that rows lie in: a month without any row of a borough is missing, not zero."""
    return rows[PLACE_COLUMNS].drop_duplicates(ignore_index=True)


def ward_places(file: RawFile, rows: pd.DataFrame, book: WardBook) -> pd.DataFrame:
    """Every ward of each covered borough and month, in the one boundary set that the file's ward codes belong to
    (month by month, where a file runs across a change of boundaries).

    ``rows`` has ``PLACE_COLUMNS`` and ``ward_code`` (empty where unknown). A borough without any ward code gets no
    ward rows. Raises :class:`InputError` where one month mixes two sets.
    """
    coded = rows[rows["ward_code"] != ""]
    parts = [_wards_of(file, borough, group, book) for borough, group in coded.groupby("area_code")]
    return pd.concat([_no_places(), *parts], ignore_index=True)


def covered_counts(observed: pd.DataFrame, places: pd.DataFrame, series: Iterable[str], basis: str) -> pd.DataFrame:
    """Dense counts: every series in every place and month of ``places``, from ``observed`` (series, area_code,
    month, count), zero where nothing was seen."""
    grid = places.merge(pd.DataFrame({"series": list(series)}, dtype="str"), how="cross")
    return filled_counts(observed, grid, basis)


def filled_counts(observed: pd.DataFrame, grid: pd.DataFrame, basis: str) -> pd.DataFrame:
    """Dense counts of every row of ``grid`` (``PLACE_COLUMNS`` and series), zero where nothing was seen."""
    seen: Counter[tuple[str, ...]] = Counter()
    for key, count in zip(_keys(observed), observed["count"], strict=True):
        seen[key] += count
    return grid.assign(basis=basis, count=np.array([seen[key] for key in _keys(grid)], dtype="int64"))[COUNT_COLUMNS]


def _keys(rows: pd.DataFrame) -> Iterator[tuple[str, ...]]:
    return zip(*(rows[name].tolist() for name in ("series", "area_code", "month")), strict=True)


def placed_counts(file: RawFile, rows: pd.DataFrame, series: Iterable[str], basis: str, book: WardBook) -> pd.DataFrame:
    """Dense borough and ward counts of rows with ``PLACE_COLUMNS``, ``ward_code``, ``series`` and ``count``."""
    wards = rows[rows["ward_code"] != ""].assign(area_code=lambda frame: frame["ward_code"])
    names = list(series)
    borough = covered_counts(rows, borough_places(rows), names, basis)
    ward = covered_counts(wards, ward_places(file, rows, book), names, basis)
    return pd.concat([borough, ward], ignore_index=True)


def _wards_of(file: RawFile, borough: str, rows: pd.DataFrame, book: WardBook) -> pd.DataFrame:
    whole = book.set_of_codes(borough, rows["ward_code"])
    sets = {month: whole or book.set_of_codes(borough, group["ward_code"]) for month, group in rows.groupby("month")}
    if mixed := [month for month, ward_set in sets.items() if ward_set is None]:
        raise file.refusal(
            f"ward codes of two boundary sets stand in one month ({mixed[0]})",
            column="ward_code",
            value=borough,
            fix="use the codes of one set: E05 codes from before or from May 2022",
        )
    listed = [
        (code, "ward", borough, name, month)
        for month, ward_set in sets.items()
        for code, name in book.members(borough, ward_set).items()
    ]
    return pd.DataFrame(listed, columns=PLACE_COLUMNS, dtype="str")


def no_counts() -> pd.DataFrame:
    """An empty table of counts, its columns typed."""
    kinds = {name: "int64" if name == "count" else "str" for name in COUNT_COLUMNS}
    return pd.DataFrame({name: pd.Series(dtype=kind) for name, kind in kinds.items()})


def _no_places() -> pd.DataFrame:
    return pd.DataFrame(columns=PLACE_COLUMNS, dtype="str")
