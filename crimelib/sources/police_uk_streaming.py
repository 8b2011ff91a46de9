"""data.police.uk street and outcome files counted as they stream by: by district, LSOA and type, no row held.

What the strict reader of :mod:`crimelib.sources.police_uk` would set aside or refuse is not decided here: a file in
which a row is out of the ordinary is handed back uncounted.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache, cached_property
from itertools import chain

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

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
OBSERVED_COLUMNS = ["month", "force", *AREA_COLUMNS, "series"]
OBSERVED_SCHEMA = pa.schema([*((name, _CODED) for name in OBSERVED_COLUMNS), ("count", pa.int64())])
_NAMED_MONTH = re.compile(r"((?:19|20)\d\d-(?:0[1-9]|1[0-2]))-")
_UNKNOWN = -1
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


Check = tuple[str, str, str, int]  # how many rows of a month and force a check found: month, force, check, count


@dataclass(frozen=True)
class Part:
    """What one publisher's file became: ``observed`` street rows counted by month, force, area and series (one row
    for each that occurs), ``lsoa`` the same by LSOA, both with texts as codes; ``quality`` checks of its rows; further
    tables, and the rows set aside."""

    observed: pa.Table | None = None
    lsoa: pa.Table | None = None
    quality: list[Check] = field(default_factory=list)
    tables: dict[str, pd.DataFrame] = field(default_factory=dict)
    rejected: pd.DataFrame = field(default_factory=cache(no_rejections))


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
    lsoas: pa.StringArray
    lsoa: np.ndarray
    area: np.ndarray
    kind: np.ndarray
    count: np.ndarray
    repeated: int

    def by_area(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Area and kind as numbers, and the count, of those that occur."""
        shape = len(self.areas), len(self.kinds)
        cell = np.ravel_multi_index((self.area, self.kind), shape)
        sums = np.bincount(cell, self.count, shape[0] * shape[1]).astype("int64").reshape(shape)
        area, kind = np.nonzero(sums)
        return area, kind, sums[area, kind]


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
    lsoas = pc.utf8_trim_whitespace(codes.texts).dictionary_encode()
    if not pc.all(pc.match_substring_regex(lsoas.dictionary, f"^({LSOA_PATTERN})?$")).as_py():
        return None
    lsoa = lsoas.indices.to_numpy()[codes.codes]
    located = pc.not_equal(lsoas.dictionary, "").to_numpy(zero_copy_only=False)[lsoa]
    prefixes = pc.replace_substring_regex(pc.utf8_trim_whitespace(names.texts), r" \S+$", "").dictionary_encode()
    named = prefixes.dictionary.to_pylist()
    found = {name: reference.area(force, name) for name in named if name in reference.districts}
    areas = list(dict.fromkeys([reference.area(force, ""), *found.values()]))
    numbers = np.array([areas.index(found[name]) if name in found else _UNKNOWN for name in named])
    area = np.where(located, numbers[prefixes.indices.to_numpy()][names.codes], 0)
    if (area == _UNKNOWN).any():
        return None
    said = kinds.texts.to_pylist()
    return _Counted(month, force, areas, said, lsoas.dictionary, lsoa, area, kinds.codes, tally.count, tally.repeated)


def _street(counted: _Counted, reference: Reference) -> Part | None:
    series = [reference.series.get(kind.strip().casefold()) for kind in counted.kinds]
    if None in series:
        return None
    area, kind, count = counted.by_area()
    areas = {name: _coded(area, [area[place] for area in counted.areas]) for place, name in enumerate(AREA_COLUMNS)}
    observed = pa.table({**_same(counted, count), **areas, "series": _coded(kind, series), "count": count})
    return Part(observed, _by_lsoa(counted, series), _quality(counted))


def _by_lsoa(counted: _Counted, named: list[str | None]) -> pa.Table:
    """Counts by LSOA of the rows in the force's own districts, texts as codes."""
    inside = np.array([level == "borough" for _, level, _, _ in counted.areas])[counted.area]
    series = list(dict.fromkeys(named))
    kind = np.array([series.index(name) for name in named])[counted.kind]
    shape = len(counted.areas), len(counted.lsoas), len(series)
    cells = np.ravel_multi_index((counted.area, counted.lsoa, kind), shape)[inside]
    counts = counted.count[inside]
    if (np.diff(np.sort(cells)) == 0).any():  # an LSOA or a type by two names
        cells, places = np.unique(cells, return_inverse=True)
        counts = np.bincount(places, counts, len(cells)).astype("int64")
    area, lsoa, kind = np.unravel_index(cells, shape)
    columns = {
        **_same(counted, counts),
        "area_code": _coded(area, [code for code, *_ in counted.areas]),
        "lsoa_code": _coded(lsoa, counted.lsoas),
        "series": _coded(kind, series),
        "count": counts,
    }
    return pa.table(columns)


def _same(counted: _Counted, rows: np.ndarray) -> dict[str, pa.DictionaryArray]:
    """The file's month and force in each row."""
    first = np.zeros(len(rows), dtype="int32")
    return {"month": _coded(first, [counted.month]), "force": _coded(first, [counted.force])}


def _coded(codes: np.ndarray, texts: Sequence[str | None] | pa.StringArray) -> pa.DictionaryArray:
    """Numbers into texts, of which some may be the same."""
    named = pa.array(texts, pa.string()).dictionary_encode()
    if len(named.dictionary) < len(named):
        codes = named.indices.to_numpy()[codes]
    return pa.DictionaryArray.from_arrays(codes.astype("int32"), named.dictionary)


def _quality(counted: _Counted) -> list[Check]:
    rows = np.bincount(counted.area, counted.count, len(counted.areas)).astype("int64")
    outside = {code.partition(":")[2]: int(n) for (code, *_), n in zip(counted.areas, rows, strict=True) if ":" in code}
    checks = {
        "rows": int(rows.sum()),
        "no_location": outside.get("no_location", 0),
        "elsewhere": outside.get("elsewhere", 0),
        "repeated_crime_ids": counted.repeated,
    }
    return [(counted.month, counted.force, check, count) for check, count in checks.items()]


def _outcomes(counted: _Counted, reference: Reference) -> Part:
    names = [kind.strip() or NOT_STATED for kind in counted.kinds]
    found = zip(*(each.tolist() for each in counted.by_area()), strict=True)
    cells = [(counted.month, counted.force, counted.areas[a][0], names[k], count) for a, k, count in found]
    columns = ["month", "force", "area_code", "outcome_type", "count"]
    table = pd.DataFrame(cells, columns=columns).groupby(columns[:-1], as_index=False)["count"].sum()
    return Part(tables={"outcomes": table})
