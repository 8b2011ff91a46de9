"""data.police.uk: street, outcome and stop-and-search files of any force, as CSV or inside the published ``.zip``.

A row is placed in a district by its LSOA's name (``Bromley 007B``) and counted there if the force of the file polices
that district. Rows without a location, and rows snapped across the force's boundary, are kept under the force
(``metropolitan:no_location``, ``metropolitan:elsewhere``, level ``outside``), so that no row is lost and two forces'
files never count in one district. A district is covered in a month only if the file has a row of it. Only aggregates
leave this module: no points, no identifiers, no characteristics of persons.
"""

from __future__ import annotations

import re
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pandas as pd

from crimelib.areas import LONDON, AreaBook
from crimelib.settings import PERIOD_PATTERN, District, PoliceUk, Settings
from crimelib.sources.counting import AREA_COLUMNS, with_london
from crimelib.sources.discovery import Cleaned, RawFile
from crimelib.sources.placing import PLACE_COLUMNS, borough_places, covered_counts, filled_counts, no_counts
from crimelib.sources.reading import MAX_BYTES, Table, checked_text, parse_table, read_text
from crimelib.sources.rejection import gathered, refuse_when_many, rejections

BASIS = "police_uk"
PREFIX = "police_uk_"
MAX_ARCHIVE_BYTES = 16 * 1024**3
LSOA_PATTERN = r"[EW]01\d{6}"
PLACED = {"Month", "Falls within", "LSOA code", "LSOA name"}
STREET = PLACED | {"Crime ID", "Crime type"}
OUTCOMES = PLACED | {"Crime ID", "Outcome type"}
STOP_SEARCH = {"Type", "Date", "Object of search", "Outcome", "Outcome linked to object of search"}
SEARCH_COLUMNS = {
    "Object of search": "object_of_search",
    "Outcome": "outcome",
    "Outcome linked to object of search": "linked",
}
LONDON_FORCES = {"metropolitan", "city-of-london"}
_NAMED_MONTH = re.compile(r"((?:19|20)\d\d-(?:0[1-9]|1[0-2]))-")
_NAMED_FORCE = re.compile(r"\d{4}-\d{2}-(.+)-stop-and-search\.csv")


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


def recognises(header: list[str]) -> bool:
    """Whether a header is a street, outcome or stop-and-search file's."""
    return _reader(header) is not None


def read(file: RawFile, settings: Settings) -> Cleaned:
    """Clean one CSV file, or every CSV file of a ``.zip`` archive, into

    - ``counts``: ``police_uk_<type>`` by district and month, dense; London where all 32 Met boroughs are there;
    - ``police_uk_lsoa`` (month, force, area_code, lsoa_code, series, count): feeds :func:`ward_counts`;
    - ``police_uk_quality`` (month, force, check, count): rows, no_location, elsewhere, repeated_crime_ids;
    - ``outcomes`` (month, force, area_code, outcome_type, count);
    - ``stop_search`` (month, force, object_of_search, outcome, linked, count), ``linked`` being ``True`` where what
      was found had to do with the object of the search.

    Rows that cannot be read are set aside with reasons; more than 1% of them, an unknown crime type or force, or a
    month that disagrees with the file's name refuse the file.
    """
    reference = Reference.of(settings)
    if not zipfile.is_zipfile(file.path):
        return _read_text(file, read_text(file), reference)
    parts = [_naming_member(member, _read_text(member, text, reference)) for member, text in archive_members(file)]
    return _merged(file, parts)


def archive_members(file: RawFile) -> Iterator[tuple[RawFile, str]]:
    """The CSV files of an archive and their text, one at a time, nothing written to disk and never more than the
    declared and allowed size read."""
    try:
        with zipfile.ZipFile(file.path) as archive:
            for info in _members(file, archive):
                member = RawFile(file.path / info.filename, file.source, file.vintage)
                yield member, _member_text(member, archive.read(info))
    except (zipfile.BadZipFile, zlib.error, RuntimeError, EOFError) as error:
        raise file.refusal(f"the archive cannot be read ({error})", fix="download it again") from None


def ward_counts(lsoa: pd.DataFrame, lsoa_ward: pd.DataFrame, settings: Settings) -> pd.DataFrame:
    """Dense ward ``counts`` from ``police_uk_lsoa`` and the look-up ``lsoa_ward`` of :mod:`crimelib.sources.geography`.

    A district and month gets the wards of a boundary set only where nearly all of its located rows lie in LSOAs that
    this set's look-up knows (``max_unallocated_share``): elsewhere ward rows are missing, not short.
    """
    parts = [_ward_counts_of_set(lsoa, wards, settings.police_uk) for _, wards in lsoa_ward.groupby("ward_set")]
    together = pd.concat([no_counts(), *parts], ignore_index=True)
    return together.drop_duplicates(["series", "area_code", "month"], ignore_index=True)


def _read_text(file: RawFile, text: str, reference: Reference) -> Cleaned:
    table = parse_table(file, text)
    reader = _reader(table.columns)
    if reader is None:
        raise file.refusal(
            "the columns are not those of a street, outcome or stop-and-search file", line=1, fix="see docs/data_log.md"
        )
    return reader(file, table, reference)


def _reader(header: list[str]) -> Callable[[RawFile, Table, Reference], Cleaned] | None:
    kinds = ((STREET, _street), (OUTCOMES, _outcomes), (STOP_SEARCH, _stop_search))
    return next((reader for columns, reader in kinds if columns <= set(header)), None)


# --- street files ----------------------------------------------------------------------------------------------


def _street(file: RawFile, table: Table, reference: Reference) -> Cleaned:
    rows, rejected = _placed(file, table, reference)
    rows = rows.assign(series=_series(file, rows, reference.police_uk), count=1)
    forces = [group for _, group in rows.groupby(["force", "month"])]
    counts = pd.concat([_force_counts(group, reference) for group in forces], ignore_index=True)
    lsoa_keys = ["month", "force", "area_code", "lsoa_code", "series"]
    located = rows[(rows["area_level"] == "borough")]
    lsoa = located.groupby(lsoa_keys, as_index=False)["count"].sum()
    tables = {"counts": counts, "police_uk_lsoa": lsoa, "police_uk_quality": _quality(rows)}
    return Cleaned(tables, rejected)


def _force_counts(rows: pd.DataFrame, reference: Reference) -> pd.DataFrame:
    """Dense counts of one force's month."""
    month, force = rows["month"].iloc[0], rows["force"].iloc[0]
    series = _series_in_use(month, rows["series"], reference.police_uk)
    counts = covered_counts(rows, borough_places(rows), series, BASIS)
    return with_london(counts, reference.book) if force == "metropolitan" else counts


def _series_in_use(month: str, seen: pd.Series, parameters: PoliceUk) -> list[str]:
    """The series that the publisher used in a month; in a large file a type without any row is a gap, not a zero."""
    used = [
        PREFIX + name
        for name, crime_type in parameters.types.items()
        if crime_type.since <= month <= (crime_type.until or month)
    ]
    found = set(seen)
    whole = len(seen) < parameters.expected_from_rows
    return sorted({name for name in used if whole or name in found} | found)


def _series(file: RawFile, rows: pd.DataFrame, parameters: PoliceUk) -> pd.Series:
    known = {crime_type.name.casefold(): PREFIX + name for name, crime_type in parameters.types.items()}
    series = rows["Crime type"].str.strip().str.casefold().map(known)
    names = [crime_type.name for crime_type in parameters.types.values()]
    what = "no series is declared for this crime type"
    file.refuse_undeclared(rows, series.isna(), what, column="Crime type", declared_in="police_uk.yml", names=names)
    return series


def _quality(rows: pd.DataFrame) -> pd.DataFrame:
    identified = rows["Crime ID"] != ""
    checks = pd.DataFrame(
        {
            "rows": 1,
            "no_location": rows["area_code"].str.endswith(":no_location"),
            "elsewhere": rows["area_code"].str.endswith(":elsewhere"),
            "repeated_crime_ids": rows.duplicated(["month", "force", "Crime ID"]) & identified,
        }
    ).astype("int64")
    summed = checks.groupby([rows["month"], rows["force"]]).sum()
    return summed.reset_index().melt(["month", "force"], var_name="check", value_name="count")


# --- outcomes, stop and search ---------------------------------------------------------------------------------


def _outcomes(file: RawFile, table: Table, reference: Reference) -> Cleaned:
    rows, rejected = _placed(file, table, reference)
    outcomes = rows.rename(columns={"Outcome type": "outcome_type"})
    return Cleaned({"outcomes": _tally(outcomes, ["month", "force", "area_code", "outcome_type"])}, rejected)


def _stop_search(file: RawFile, table: Table, reference: Reference) -> Cleaned:
    """Counts by month, object and outcome. The file has no column for the force: only its name says it."""
    force = _force_in_name(file, reference.police_uk)
    rows = table.rows
    wrong = ~rows["Date"].str.fullmatch(r"\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(:\d{2})?(Z|[+-]\d{2}:?\d{2})?")
    times = pd.to_datetime(rows["Date"].where(~wrong), utc=True, errors="coerce", format="ISO8601")
    rejected = rejections(rows, times.isna(), "Date", "not a date and time", quote=False)
    refuse_when_many(file, rejected, len(rows))
    kept = rows[times.notna()].assign(month=_local_months(file, times[times.notna()]), force=force)
    named = kept.rename(columns=SEARCH_COLUMNS)
    _refuse_other_months(file, named)
    return Cleaned({"stop_search": _tally(named, ["month", "force", *SEARCH_COLUMNS.values()])}, rejected)


def _local_months(file: RawFile, times: pd.Series) -> pd.Series:
    """The month of each search: as written, or by London's clock, whichever is the month that the file is named for
    (in summer the hour after midnight is written as the day before)."""
    written = times.dt.strftime("%Y-%m")
    local = times.dt.tz_convert("Europe/London").dt.strftime("%Y-%m")
    return local.where(local == _month_in_name(file), written)


def _force_in_name(file: RawFile, parameters: PoliceUk) -> str:
    named = _NAMED_FORCE.fullmatch(file.path.name)
    if named is None or named[1] not in parameters.forces:
        raise file.refusal(
            "the file's name does not say which force it is from",
            fix="keep the publisher's name, such as 2022-03-metropolitan-stop-and-search.csv",
        )
    return named[1]


def _tally(rows: pd.DataFrame, keys: list[str]) -> pd.DataFrame:
    """How many rows of each kind; what the publisher left blank is called ``not stated``."""
    filled = rows.assign(**{key: rows[key].str.strip().replace("", "not stated") for key in keys})
    return filled.groupby(keys, as_index=False).size().rename(columns={"size": "count"})


# --- placing rows ----------------------------------------------------------------------------------------------


def _placed(file: RawFile, table: Table, reference: Reference) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Rows with ``month``, ``force``, ``lsoa_code`` and area columns, and the rows set aside."""
    rows = table.rows
    lsoa, prefix = rows["LSOA code"].str.strip(), rows["LSOA name"].str.strip().str.replace(r" \S+$", "", regex=True)
    located = lsoa != ""
    rejected = gathered(
        [
            rejections(rows, ~rows["Month"].str.fullmatch(PERIOD_PATTERN), "Month", "not a month", quote=True),
            rejections(
                rows, located & ~lsoa.str.fullmatch(LSOA_PATTERN), "LSOA code", "not the code of an LSOA", quote=True
            ),
            rejections(
                rows, located & ~prefix.isin(list(reference.districts)), "LSOA name", "in no known district", quote=True
            ),
        ]
    )
    refuse_when_many(file, rejected, len(rows))
    kept = rows[~rows["line"].isin(rejected["line"])]
    named = kept.assign(month=kept["Month"], force=_forces(file, kept, reference.police_uk), lsoa_code=lsoa[kept.index])
    _refuse_other_months(file, named)
    areas = _areas(named["force"], prefix[kept.index].where(located[kept.index], ""), reference)
    return pd.concat([named, areas], axis=1), rejected


def _forces(file: RawFile, rows: pd.DataFrame, parameters: PoliceUk) -> pd.Series:
    known = {name.casefold(): force for force, names in parameters.forces.items() for name in names}
    forces = rows["Falls within"].str.strip().str.casefold().map(known)
    names = [name for spellings in parameters.forces.values() for name in spellings]
    what = "no police force is called that"
    file.refuse_undeclared(rows, forces.isna(), what, column="Falls within", declared_in="police_uk.yml", names=names)
    return forces


def _areas(forces: pd.Series, prefixes: pd.Series, reference: Reference) -> pd.DataFrame:
    """Area columns of each row from its force and its LSOA's name prefix."""
    pairs = pd.DataFrame({"force": forces, "prefix": prefixes})
    distinct = pairs.drop_duplicates()
    areas = [_area(force, prefix, reference) for force, prefix in distinct.itertuples(index=False, name=None)]
    table = pd.concat([distinct.reset_index(drop=True), pd.DataFrame(areas, columns=AREA_COLUMNS, dtype="str")], axis=1)
    return pairs.merge(table, how="left", validate="many_to_one")[AREA_COLUMNS].set_axis(forces.index)


def _area(force: str, prefix: str, reference: Reference) -> tuple[str, str, str, str]:
    parent = LONDON if force in LONDON_FORCES else ""
    name = reference.police_uk.forces[force][0]
    if not prefix:
        return f"{force}:no_location", "outside", parent, f"{name}, no location"
    district = reference.districts[prefix]
    if district.force != force:
        return f"{force}:elsewhere", "outside", parent, f"{name}, outside its own area"
    return district.code, "borough", parent, district.name


def _refuse_other_months(file: RawFile, rows: pd.DataFrame) -> None:
    """Refuse a file that is named for one month and has a row of another."""
    named = _month_in_name(file)
    other = rows[rows["month"] != named] if named else rows.iloc[:0]
    if not other.empty:
        first = other.iloc[0]
        raise file.refusal(
            f"the row is of another month than the file's name says ({named})",
            line=int(first["line"]),
            column="Month",
            value=first["month"],
            fix="download the file again under its own name",
        )


def _month_in_name(file: RawFile) -> str | None:
    named = _NAMED_MONTH.match(file.path.name)
    return named[1] if named else None


# --- archives and wards ----------------------------------------------------------------------------------------


def _members(file: RawFile, archive: zipfile.ZipFile) -> list[zipfile.ZipInfo]:
    members = sorted(
        (info for info in archive.infolist() if info.filename.endswith(".csv") and "__MACOSX" not in info.filename),
        key=lambda info: info.filename,
    )
    if not members:
        raise file.refusal("the archive holds no CSV file", fix="download it again")
    large = [info for info in members if info.file_size > MAX_BYTES]
    if large or sum(info.file_size for info in members) > MAX_ARCHIVE_BYTES:
        name = large[0].filename if large else "all files together"
        raise file.refusal(f"the archive unpacks to more than is allowed ({name})", fix="check the download")
    return members


def _member_text(member: RawFile, content: bytes) -> str:
    try:
        return checked_text(member, content.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise member.refusal("the file is not UTF-8", line=line, fix="download the archive again") from None


def _naming_member(member: RawFile, part: Cleaned) -> Cleaned:
    """A part whose rejected rows say which file of the archive they stand in."""
    reasons = part.rejected["reason"] + f" ({member.path.name})"
    return Cleaned(part.tables, part.rejected.assign(reason=reasons))


def _merged(file: RawFile, parts: list[Cleaned]) -> Cleaned:
    """One result of an archive's files; the same month of the same force twice is refused."""
    names = dict.fromkeys(name for part in parts for name in part.tables)
    tables = {
        name: pd.concat([part.tables[name] for part in parts if name in part.tables], ignore_index=True)
        for name in names
    }
    keys = {"counts": ["series", "area_code", "month"], "police_uk_quality": ["month", "force", "check"]}
    for name, columns in keys.items():
        twice = tables[name].duplicated(columns) if name in tables else pd.Series(dtype="bool")
        if twice.any():
            month = tables[name][twice]["month"].iloc[0]
            raise file.refusal(f"the archive holds the same force and month twice ({month})", fix="remove one of them")
    return Cleaned(tables, pd.concat([part.rejected for part in parts], ignore_index=True))


def _ward_counts_of_set(lsoa: pd.DataFrame, wards: pd.DataFrame, parameters: PoliceUk) -> pd.DataFrame:
    unique = wards.drop_duplicates("lsoa_code")[["lsoa_code", "ward_code"]]
    joined = lsoa.merge(unique, on="lsoa_code", how="left", validate="many_to_one")
    joined = joined.assign(known=joined["count"].where(joined["ward_code"].notna(), 0))
    shares = joined.groupby(["area_code", "month"], as_index=False)[["known", "count"]].sum()
    enough = shares[shares["known"] >= (1 - parameters.max_unallocated_share) * shares["count"]]
    allocated = joined.dropna(subset="ward_code").merge(enough[["area_code", "month"]], on=["area_code", "month"])
    names = {"borough_code": "parent_code", "ward_code": "area_code", "ward_name": "area_name"}
    listed = wards.drop_duplicates("ward_code").rename(columns=names).assign(area_level="ward")
    covered = enough[["area_code", "month"]].rename(columns={"area_code": "parent_code"})
    places = covered.merge(listed, on="parent_code")
    observed = allocated.assign(area_code=allocated["ward_code"])
    in_use = lsoa[["month", "series"]].drop_duplicates()
    grid = places[PLACE_COLUMNS].merge(in_use, on="month").sort_values(["month", "series"], kind="stable")
    return pd.concat([no_counts(), filled_counts(observed, grid, BASIS)], ignore_index=True)
