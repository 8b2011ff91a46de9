"""data.police.uk street and outcome files counted as they stream by: by district, LSOA and type, no row held.

What the strict reader of :mod:`crimelib.sources.police_uk` would set aside or refuse is not decided here: a file in
which a row is out of the ordinary is handed back uncounted.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from itertools import chain

import numpy as np
import pandas as pd
import pyarrow as pa

from crimelib.areas import LONDON, AreaBook
from crimelib.settings import PERIOD_PATTERN, District, PoliceUk, Settings
from crimelib.sources.counting import AREA_COLUMNS
from crimelib.sources.discovery import RawFile, no_rejections
from crimelib.sources.tallying import Tally, header_of, tallied

PREFIX = "police_uk_"
NOT_STATED = "not stated"
LSOA_PATTERN = r"[EW]01\d{6}"
PLACED = {"Month", "Falls within", "LSOA code", "LSOA name"}
STREET = PLACED | {"Crime ID", "Crime type"}
OUTCOMES = PLACED | {"Crime ID", "Outcome type"}
LONDON_FORCES = {"metropolitan", "city-of-london"}
LSOA_COLUMNS = ["month", "force", "area_code", "lsoa_code", "series"]
_CODED = pa.dictionary(pa.int32(), pa.string())
LSOA_SCHEMA = pa.schema([*((name, _CODED) for name in LSOA_COLUMNS), ("count", pa.int64())])
_NAMED_MONTH = re.compile(r"((?:19|20)\d\d-(?:0[1-9]|1[0-2]))-")
_LSOA = re.compile(LSOA_PATTERN)
_PERIOD = re.compile(PERIOD_PATTERN)


@dataclass(frozen=True)
class Reference:
    """What a file is read against: crime types and forces, districts by LSOA name prefix, London's areas."""

    police_uk: PoliceUk
    districts: dict[str, District]
    book: AreaBook

    @classmethod
    def of(cls, settings: Settings) -> Reference:
        """The reference tables of the settings."""
        districts = {district.lsoa_prefix: district for district in settings.districts}
        return cls(settings.police_uk, districts, AreaBook(settings.areas))

    @cached_property
    def series(self) -> dict[str, str]:
        """Series by the publisher's crime type, in lower case."""
        return {kind.name.casefold(): PREFIX + name for name, kind in self.police_uk.types.items()}

    @cached_property
    def forces(self) -> dict[str, str]:
        """Forces by the names that they go by, in lower case."""
        return {name.casefold(): force for force, names in self.police_uk.forces.items() for name in names}

    def area(self, force: str, prefix: str) -> tuple[str, str, str, str]:
        """Area columns of a force's row from its LSOA's name prefix (empty: no location)."""
        parent = LONDON if force in LONDON_FORCES else ""
        name = self.police_uk.forces[force][0]
        if not prefix:
            return f"{force}:no_location", "outside", parent, f"{name}, no location"
        district = self.districts[prefix]
        if district.force != force:
            return f"{force}:elsewhere", "outside", parent, f"{name}, outside its own area"
        return district.code, "borough", parent, district.name


@dataclass(frozen=True)
class Part:
    """What one publisher's file became: ``observed`` street rows counted by month, force, area and series (one row
    for each that occurs), ``lsoa`` the same by LSOA as codes, further tables, and the rows set aside."""

    observed: pd.DataFrame | None = None
    lsoa: pa.Table | None = None
    tables: dict[str, pd.DataFrame] = field(default_factory=dict)
    rejected: pd.DataFrame = field(default_factory=no_rejections)


def month_in_name(file: RawFile) -> str | None:
    """The month that a file is named for."""
    named = _NAMED_MONTH.match(file.path.name)
    return named[1] if named else None


def streamed(file: RawFile, blocks: Iterator[bytes], reference: Reference) -> Part | None:
    """A street or outcome file counted from its blocks, or None where the strict reader has to look."""
    first = next(blocks, b"")
    header = set(header_of(first))
    for columns, kind, read in ((STREET, "Crime type", _street), (OUTCOMES, "Outcome type", _outcomes)):
        if columns <= header:
            counted = _counted(file, chain([first], blocks), kind, reference)
            return read(counted, reference) if counted else None
    return None


@dataclass(frozen=True)
class _Counted:
    """A file of one month and force: how many rows of each LSOA (a number into ``lsoas``), area and kind."""

    month: str
    force: str
    areas: list[tuple[str, str, str, str]]
    kinds: list[str]
    lsoas: list[str]
    lsoa: np.ndarray
    area: np.ndarray
    kind: np.ndarray
    count: np.ndarray
    repeated: int

    def by_area(self) -> Iterator[tuple[int, int, int]]:
        """Area and kind as numbers, and the count, of those that occur."""
        shape = len(self.areas), len(self.kinds)
        cell = np.ravel_multi_index((self.area, self.kind), shape)
        sums = np.bincount(cell, self.count, shape[0] * shape[1]).astype("int64").reshape(shape)
        return ((int(a), int(k), int(sums[a, k])) for a, k in np.argwhere(sums))


def _counted(file: RawFile, blocks: Iterable[bytes], kind: str, reference: Reference) -> _Counted | None:
    tally = tallied(blocks, ("LSOA code", "LSOA name", kind), ("Month", "Falls within"), "Crime ID")
    if tally is None:
        return None
    month = tally.constants["Month"]
    force = reference.forces.get(tally.constants["Falls within"].strip().casefold())
    if force is None or not _PERIOD.fullmatch(month) or (month_in_name(file) or month) != month:
        return None
    return _placed(tally, kind, month, force, reference)


def _placed(tally: Tally, kind: str, month: str, force: str, reference: Reference) -> _Counted | None:
    codes, names, kinds = (tally.keys[column] for column in ("LSOA code", "LSOA name", kind))
    lsoas = [code.strip() for code in codes.texts]
    located = np.array([lsoa != "" for lsoa in lsoas])[codes.codes]
    prefixes = [_prefix(name) for name in names.texts]
    unknown = np.array([prefix not in reference.districts for prefix in prefixes])[names.codes]
    if not all(lsoa == "" or _is_lsoa(lsoa) for lsoa in lsoas) or (located & unknown).any():
        return None
    known = [prefix for prefix in dict.fromkeys(prefixes) if prefix in reference.districts]
    found = {prefix: reference.area(force, prefix) for prefix in ("", *known)}
    areas = list(dict.fromkeys(found.values()))
    number = {prefix: areas.index(area) for prefix, area in found.items()}
    area = np.where(located, np.array([number.get(prefix, 0) for prefix in prefixes])[names.codes], 0)
    return _Counted(
        month, force, areas, kinds.texts, lsoas, codes.codes, area, kinds.codes, tally.count, tally.repeated
    )


# Every file of a force has the same LSOAs again.
@lru_cache(2**17)
def _is_lsoa(code: str) -> bool:
    return _LSOA.fullmatch(code) is not None


@lru_cache(2**17)
def _prefix(name: str) -> str:
    name = name.strip()
    return name.rpartition(" ")[0] or name


def _street(counted: _Counted, reference: Reference) -> Part | None:
    series = [reference.series.get(kind.strip().casefold()) for kind in counted.kinds]
    if None in series:
        return None
    same = counted.month, counted.force
    cells = [(*same, *counted.areas[a], series[k], count) for a, k, count in counted.by_area()]
    observed = pd.DataFrame(cells, columns=["month", "force", *AREA_COLUMNS, "series", "count"])
    return Part(observed, _by_lsoa(counted, series), {"police_uk_quality": _quality(counted)})


def _by_lsoa(counted: _Counted, series: list[str | None]) -> pa.Table:
    """Counts by LSOA of the rows in the force's own districts, texts as codes."""
    inside = np.array([level == "borough" for _, level, _, _ in counted.areas])[counted.area]
    shape = len(counted.areas), len(counted.lsoas), len(series)
    cells = np.ravel_multi_index((counted.area, counted.lsoa, counted.kind), shape)[inside]
    counts = counted.count[inside]
    if (np.diff(np.sort(cells)) == 0).any():  # an LSOA by two names
        cells, places = np.unique(cells, return_inverse=True)
        counts = np.bincount(places, counts, len(cells)).astype("int64")
    area, lsoa, kind = np.unravel_index(cells, shape)
    same = np.zeros(len(cells), dtype="int64")
    columns = {
        "month": _coded(same, [counted.month]),
        "force": _coded(same, [counted.force]),
        "area_code": _coded(area, [code for code, *_ in counted.areas]),
        "lsoa_code": _coded(lsoa, counted.lsoas),
        "series": _coded(kind, series),
        "count": counts,
    }
    return pa.table(columns)


def _coded(codes: np.ndarray, texts: list) -> pa.DictionaryArray:
    return pa.DictionaryArray.from_arrays(codes.astype("int32"), pa.array(texts, pa.string()))


def _quality(counted: _Counted) -> pd.DataFrame:
    rows = np.bincount(counted.area, counted.count, len(counted.areas)).astype("int64")
    outside = {code.partition(":")[2]: int(n) for (code, *_), n in zip(counted.areas, rows, strict=True) if ":" in code}
    checks = {
        "rows": int(rows.sum()),
        "no_location": outside.get("no_location", 0),
        "elsewhere": outside.get("elsewhere", 0),
        "repeated_crime_ids": counted.repeated,
    }
    cells = [(counted.month, counted.force, check, count) for check, count in checks.items()]
    return pd.DataFrame(cells, columns=["month", "force", "check", "count"])


def _outcomes(counted: _Counted, reference: Reference) -> Part:
    names = [kind.strip() or NOT_STATED for kind in counted.kinds]
    cells = [(counted.month, counted.force, counted.areas[a][0], names[k], count) for a, k, count in counted.by_area()]
    columns = ["month", "force", "area_code", "outcome_type", "count"]
    table = pd.DataFrame(cells, columns=columns).groupby(columns[:-1], as_index=False)["count"].sum()
    return Part(tables={"outcomes": table})
