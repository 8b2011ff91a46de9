"""data.police.uk: street, outcome and stop-and-search files of any force, as CSV or inside the published ``.zip``.

A row is placed in a district by its LSOA's name (``Bromley 007B``) and counted there if the force of the file polices
that district. Rows without a location, and rows snapped across the force's boundary, are kept under the force
(``metropolitan:no_location``, ``metropolitan:elsewhere``, level ``outside``), so that no row is lost and two forces'
files never count in one district. A district is covered in a month only if the file has a row of it. Only aggregates
leave this module: no points, no identifiers, no characteristics of persons.
"""

from __future__ import annotations

import os
import re
import zipfile
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from operator import itemgetter

import pandas as pd
import pyarrow as pa

from crimelib.settings import PERIOD_PATTERN, PoliceUk, Settings
from crimelib.sources.archives import BLOCK_BYTES, csv_members, inflated, opened
from crimelib.sources.counting import AREA_COLUMNS, with_london
from crimelib.sources.discovery import Cleaned, RawFile
from crimelib.sources.placing import PLACE_COLUMNS, filled_counts, no_counts
from crimelib.sources.police_uk_streaming import (
    LSOA_COLUMNS,
    LSOA_PATTERN,
    LSOA_SCHEMA,
    NOT_STATED,
    OBSERVED_COLUMNS,
    OBSERVED_SCHEMA,
    OUTCOMES,
    PREFIX,
    STREET,
    Check,
    Part,
    Reference,
    month_in_name,
    streamed,
)
from crimelib.sources.reading import MAX_BYTES, Table, checked_text, parse_table, read_text
from crimelib.sources.rejection import gathered, refuse_when_many, rejections

BASIS = "police_uk"
MAX_ARCHIVE_BYTES = 16 * 1024**3
STOP_SEARCH = {"Type", "Date", "Object of search", "Outcome", "Outcome linked to object of search"}
SEARCH_COLUMNS = {
    "Object of search": "object_of_search",
    "Outcome": "outcome",
    "Outcome linked to object of search": "linked",
}
_AS_TEXT = dict.fromkeys(OBSERVED_COLUMNS, "str")
_NAMED_FORCE = re.compile(r"\d{4}-\d{2}-(.+)-stop-and-search\.csv")


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
        return _tables(file, [_read(file, partial(_file_blocks, file), reference)], reference)
    with opened(file) as archive:
        members = csv_members(file, archive, MAX_BYTES, MAX_ARCHIVE_BYTES)
        return _tables(file, _read_members(file, archive, members, reference), reference)


def ward_counts(lsoa: pd.DataFrame, lsoa_ward: pd.DataFrame, settings: Settings) -> pd.DataFrame:
    """Dense ward ``counts`` from ``police_uk_lsoa`` and the look-up ``lsoa_ward`` of :mod:`crimelib.sources.geography`.

    A district and month gets the wards of a boundary set only where nearly all of its located rows lie in LSOAs that
    this set's look-up knows (``max_unallocated_share``): elsewhere ward rows are missing, not short.
    """
    parts = [_ward_counts_of_set(lsoa, wards, settings.police_uk) for _, wards in lsoa_ward.groupby("ward_set")]
    together = pd.concat([no_counts(), *parts], ignore_index=True)
    return together.drop_duplicates(["series", "area_code", "month"], ignore_index=True)


# --- files and archives ----------------------------------------------------------------------------------------


def _read_members(
    file: RawFile, archive: zipfile.ZipFile, members: list[zipfile.ZipInfo], reference: Reference
) -> list[Part]:
    """The members' parts in order, one thread a core, for inflating, parsing and counting all let go of the lock, and
    one more for when one waits for it. The largest come first, so that no core is left with one at the end."""
    pool = ThreadPoolExecutor((os.cpu_count() or 1) + 1)
    try:
        order = sorted(range(len(members)), key=lambda at: members[at].file_size, reverse=True)
        parts = pool.map(lambda at: _read_member(file, archive, members[at], reference), order)
        return [part for _, part in sorted(zip(order, parts, strict=True), key=itemgetter(0))]
    finally:
        pool.shutdown(cancel_futures=True)


def _read_member(file: RawFile, archive: zipfile.ZipFile, info: zipfile.ZipInfo, reference: Reference) -> Part:
    member = RawFile(file.path / info.filename, file.source, file.vintage)
    part = _read(member, partial(inflated, archive, info), reference)
    if part.rejected.empty:
        return part
    reason = part.rejected["reason"] + f" ({member.path.name})"
    return replace(part, rejected=part.rejected.assign(reason=reason))


def _file_blocks(file: RawFile) -> Iterator[bytes]:
    if file.path.stat().st_size > MAX_BYTES:
        read_text(file)  # says so
    with file.path.open("rb") as stream:
        yield from iter(partial(stream.read, BLOCK_BYTES), b"")


def _read(file: RawFile, blocks: Callable[[], Iterator[bytes]], reference: Reference) -> Part:
    """A file counted as it streams by; where there is anything to say of it, the strict reader reads it again, whole,
    and says it with the line."""
    return streamed(file, blocks(), reference) or _read_strictly(file, _text(file, b"".join(blocks())), reference)


def _read_strictly(file: RawFile, text: str, reference: Reference) -> Part:
    table = parse_table(file, text)
    reader = _reader(table.columns)
    if reader is None:
        raise file.refusal(
            "the columns are not those of a street, outcome or stop-and-search file", line=1, fix="see docs/data_log.md"
        )
    return reader(file, table, reference)


def _reader(header: list[str]) -> Callable[[RawFile, Table, Reference], Part] | None:
    kinds = ((STREET, _street), (OUTCOMES, _outcomes), (STOP_SEARCH, _stop_search))
    return next((reader for columns, reader in kinds if columns <= set(header)), None)


# --- street files ----------------------------------------------------------------------------------------------


def _street(file: RawFile, table: Table, reference: Reference) -> Part:
    rows, rejected = _placed(file, table, reference)
    rows = rows.assign(series=_series(file, rows, reference))
    observed = rows.groupby(["month", "force", *AREA_COLUMNS, "series"], as_index=False, sort=False).size()
    located = rows[rows["area_level"] == "borough"].groupby(LSOA_COLUMNS, as_index=False).size()
    observed, lsoa = (_with_codes(table.rename(columns={"size": "count"})) for table in (observed, located))
    return Part(observed, lsoa, _quality(rows), rejected=rejected)


def _with_codes(counted: pd.DataFrame) -> pa.Table:
    return pa.Table.from_pandas(counted.astype(dict.fromkeys(counted.columns.drop("count"), "category")))


def _series(file: RawFile, rows: pd.DataFrame, reference: Reference) -> pd.Series:
    series = rows["Crime type"].str.strip().str.casefold().map(reference.series)
    names = [crime_type.name for crime_type in reference.police_uk.types.values()]
    what = "no series is declared for this crime type"
    file.refuse_undeclared(rows, series.isna(), what, column="Crime type", declared_in="police_uk.yml", names=names)
    return series


def _quality(rows: pd.DataFrame) -> list[Check]:
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
    melted = summed.reset_index().melt(["month", "force"], var_name="check", value_name="count")
    return list(melted.itertuples(index=False, name=None))


# --- outcomes, stop and search ---------------------------------------------------------------------------------


def _outcomes(file: RawFile, table: Table, reference: Reference) -> Part:
    rows, rejected = _placed(file, table, reference)
    outcomes = rows.rename(columns={"Outcome type": "outcome_type"})
    outcomes = _tally(outcomes, ["month", "force", "area_code", "outcome_type"])
    return Part(tables={"outcomes": outcomes}, rejected=rejected)


def _stop_search(file: RawFile, table: Table, reference: Reference) -> Part:
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
    searches = _tally(named, ["month", "force", *SEARCH_COLUMNS.values()])
    return Part(tables={"stop_search": searches}, rejected=rejected)


def _local_months(file: RawFile, times: pd.Series) -> pd.Series:
    """The month of each search: as written, or by London's clock, whichever is the month that the file is named for
    (in summer the hour after midnight is written as the day before)."""
    written = times.dt.strftime("%Y-%m")
    local = times.dt.tz_convert("Europe/London").dt.strftime("%Y-%m")
    return local.where(local == month_in_name(file), written)


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
    filled = rows.assign(**{key: rows[key].str.strip().replace("", NOT_STATED) for key in keys})
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
    named = kept.assign(month=kept["Month"], force=_forces(file, kept, reference), lsoa_code=lsoa[kept.index])
    _refuse_other_months(file, named)
    areas = _areas(named["force"], prefix[kept.index].where(located[kept.index], ""), reference)
    return pd.concat([named, areas], axis=1), rejected


def _forces(file: RawFile, rows: pd.DataFrame, reference: Reference) -> pd.Series:
    forces = rows["Falls within"].str.strip().str.casefold().map(reference.forces)
    names = [name for spellings in reference.police_uk.forces.values() for name in spellings]
    what = "no police force is called that"
    file.refuse_undeclared(rows, forces.isna(), what, column="Falls within", declared_in="police_uk.yml", names=names)
    return forces


def _areas(forces: pd.Series, prefixes: pd.Series, reference: Reference) -> pd.DataFrame:
    """Area columns of each row from its force and its LSOA's name prefix."""
    pairs = pd.DataFrame({"force": forces, "prefix": prefixes})
    distinct = pairs.drop_duplicates()
    areas = [reference.area(force, prefix) for force, prefix in distinct.itertuples(index=False, name=None)]
    table = pd.concat([distinct.reset_index(drop=True), pd.DataFrame(areas, columns=AREA_COLUMNS, dtype="str")], axis=1)
    return pairs.merge(table, how="left", validate="many_to_one")[AREA_COLUMNS].set_axis(forces.index)


def _refuse_other_months(file: RawFile, rows: pd.DataFrame) -> None:
    """Refuse a file that is named for one month and has a row of another."""
    named = month_in_name(file)
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


# --- archives and wards ----------------------------------------------------------------------------------------


def _text(file: RawFile, content: bytes) -> str:
    try:
        return checked_text(file, content.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise file.refusal("the file is not UTF-8", line=line, fix="download it again") from None


def _tables(file: RawFile, parts: list[Part], reference: Reference) -> Cleaned:
    """One result of a raw file's parts; the same month of the same force twice is refused."""
    names = dict.fromkeys(name for part in parts for name in part.tables)
    tables = {
        name: pd.concat([part.tables[name] for part in parts if name in part.tables], ignore_index=True)
        for name in names
    }
    observed = [part.observed for part in parts if part.observed is not None]
    if observed:
        checks = [check for part in parts for check in part.quality]
        quality = pd.DataFrame(checks, columns=["month", "force", "check", "count"])
        _refuse_twice(file, quality)
        tables = {
            "counts": _dense_counts(_joined(observed, OBSERVED_SCHEMA).astype(_AS_TEXT), reference),
            "police_uk_lsoa": _lsoa_table([part.lsoa for part in parts if part.lsoa is not None]),
            "police_uk_quality": quality,
            **tables,
        }
    return Cleaned(tables, pd.concat([part.rejected for part in parts], ignore_index=True))


def _refuse_twice(file: RawFile, quality: pd.DataFrame) -> None:
    twice = quality.duplicated(["month", "force", "check"])
    if twice.any():
        month = quality[twice]["month"].iloc[0]
        raise file.refusal(f"the archive holds the same force and month twice ({month})", fix="remove one of them")


def _dense_counts(observed: pd.DataFrame, reference: Reference) -> pd.DataFrame:
    """Every series in use in every area of a force that the month's file has a row of; London where it is whole."""
    rows = observed.groupby(["month", "force", "series"], as_index=False)["count"].sum()
    found: dict[tuple[str, str], dict[str, int]] = {}
    for month, force, series, count in rows.itertuples(index=False, name=None):
        found.setdefault((month, force), {})[series] = count
    in_use = [
        (month, force, series)
        for (month, force), counts in found.items()
        for series in _series_in_use(month, counts, reference)
    ]
    places = observed[["force", *PLACE_COLUMNS]].drop_duplicates()
    grid = places.merge(pd.DataFrame(in_use, columns=["month", "force", "series"], dtype="str"), on=["month", "force"])
    grid = grid.sort_values(["force", "month", "area_code", "series"], ignore_index=True)
    counts = filled_counts(observed, grid, BASIS)
    metropolitan = grid["force"] == "metropolitan"
    return pd.concat([with_london(counts[metropolitan], reference.book), counts[~metropolitan]], ignore_index=True)


def _series_in_use(month: str, found: Mapping[str, int], reference: Reference) -> list[str]:
    """The series that the publisher used in a month; in a large file a type without any row is a gap, not a zero."""
    used = [
        PREFIX + name
        for name, crime_type in reference.police_uk.types.items()
        if crime_type.since <= month <= (crime_type.until or month)
    ]
    small = sum(found.values()) < reference.police_uk.expected_from_rows
    return sorted({name for name in used if small or name in found} | found.keys())


def _lsoa_table(parts: list[pa.Table]) -> pd.DataFrame:
    """The counts by LSOA of all parts, texts as categories in the order of the texts: there can be ten million."""
    table = _joined(parts, LSOA_SCHEMA)
    ordered = {name: table[name].cat.set_categories(table[name].cat.categories.sort_values()) for name in LSOA_COLUMNS}
    return table.assign(**ordered)


def _joined(parts: list[pa.Table], schema: pa.Schema) -> pd.DataFrame:
    return pa.concat_tables(part.cast(schema) for part in parts).unify_dictionaries().to_pandas()


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
