"""Geography: LSOA to ward look-ups, residents, households and ward boundaries, each told by its columns or content.

Ward sets: ``2018`` are London's wards before May 2022 (as in look-ups and boundaries of 2021 and earlier), ``2022``
those from then on.
"""

from __future__ import annotations

import json
import re
import zipfile
from typing import Any

import pandas as pd

from crimelib.areas import AreaBook
from crimelib.settings import Settings, Ward
from crimelib.sources.census import POPULATION, by_area, census_tables, is_census
from crimelib.sources.counting import whole_numbers
from crimelib.sources.discovery import Cleaned, RawFile, no_rejections
from crimelib.sources.reading import Table, read_table, read_text
from crimelib.sources.workbook import read_sheets, sheet_table

LOOKUP_COLUMNS = ["lsoa_code", "ward_code", "ward_name", "ward_set", "borough_code"]
MAX_BOUNDARY_BYTES = 64 * 1024**2
MID_YEAR = 2020
_LSOA = re.compile(r"LSOA(\d\d)CD")
_WARD = re.compile(r"WD(\d\d)CD")
_DISTRICT = re.compile(r"LAD(\d\d)CD")
_WARD_IN_NAME = re.compile(r"[EW]05\d{6}")


def recognises(header: list[str]) -> bool:
    """Whether a CSV header is one of the look-ups, populations or households."""
    return _is_lookup(header) or is_census(header) or _is_lsoa_population(header)


def read(file: RawFile, settings: Settings) -> Cleaned:
    """Clean one file into one of

    - ``lsoa_ward`` (lsoa_code, ward_code, ward_name, ward_set, borough_code), from ``.xlsx`` or CSV;
    - ``population`` (area_code, year, population): wards, or LSOAs, and the boroughs (and London) that they fill;
    - ``households`` (area_code, year, households): the same, of Census tables of households;
    - ``boundaries`` (ward_code, ward_set, name, geometry as GeoJSON text, WGS 84), from GeoJSON or KML.
    """
    if zipfile.is_zipfile(file.path):
        return _cleaned("lsoa_ward", _workbook_lookup(file))
    suffix = file.path.suffix.casefold()
    if suffix in {".geojson", ".json"}:
        return _cleaned("boundaries", _geojson(file))
    if suffix == ".kml":
        return _kml(file, settings.wards)
    return _table(file, settings)


def ward_sums(lsoas: pd.DataFrame, lsoa_ward: pd.DataFrame, counted: str) -> pd.DataFrame:
    """What LSOAs hold (``area_code, year`` and the column ``counted``) added up to wards, for the years in which every
    LSOA of the ward has a figure: where LSOAs were redrawn since, a sum of the rest would be short."""
    members = lsoa_ward.groupby(["ward_set", "ward_code"], as_index=False).agg(lsoas=("lsoa_code", "nunique"))
    joined = lsoas.merge(lsoa_ward, left_on="area_code", right_on="lsoa_code", validate="many_to_many")
    keys = ["ward_set", "ward_code", "year"]
    summed = joined.groupby(keys, as_index=False)[counted].agg(["sum", "size"]).merge(members)
    whole = summed[summed["lsoas"] == summed["size"]].drop_duplicates(["ward_code", "year"])
    named = whole.rename(columns={"ward_code": "area_code", "sum": counted})
    return named[["area_code", "year", counted]].reset_index(drop=True)


def _cleaned(name: str, table: pd.DataFrame) -> Cleaned:
    return Cleaned({name: table}, no_rejections())


def _table(file: RawFile, settings: Settings) -> Cleaned:
    table = read_table(file)
    if _is_lookup(table.columns):
        return _cleaned("lsoa_ward", _lookup(file, table.rows))
    if is_census(table.columns):
        return Cleaned(census_tables(file, table, settings), no_rejections())
    if _is_lsoa_population(table.columns):
        return _cleaned(POPULATION, _lsoa_population(file, table, AreaBook(settings.areas)))
    what = "the columns are of no known look-up, population or households file"
    raise file.refusal(what, line=1, fix="see docs/data_log.md")


# --- look-ups --------------------------------------------------------------------------------------------------


def _is_lookup(header: list[str]) -> bool:
    return all(_column(pattern, header) for pattern in (_LSOA, _WARD, _DISTRICT))


def _column(pattern: re.Pattern[str], header: list[str]) -> str | None:
    return next((name for name in header if pattern.fullmatch(name)), None)


def _lookup(file: RawFile, rows: pd.DataFrame) -> pd.DataFrame:
    header = list(rows.columns)
    lsoa, ward, district = (str(_column(pattern, header)) for pattern in (_LSOA, _WARD, _DISTRICT))
    table = pd.DataFrame(
        {
            "lsoa_code": rows[lsoa].str.strip(),
            "ward_code": rows[ward].str.strip(),
            "ward_name": rows[ward.replace("CD", "NM")].str.strip(),
            "ward_set": ward_set_of_year(ward[2:4]),
            "borough_code": rows[district].str.strip(),
        }
    )
    _refuse_codes(file, rows, lsoa, r"[EW]01\d{6}")
    _refuse_codes(file, rows, ward, r"[EW]05\d{6}")
    _refuse_codes(file, rows, district, r"[EW]0[6-9]\d{6}")
    twice = table["lsoa_code"].duplicated()
    if twice.any():
        first = rows[twice].iloc[0]
        raise file.refusal("the LSOA stands twice", line=int(first["line"]), column=lsoa, value=first[lsoa])
    return table[LOOKUP_COLUMNS]


def _refuse_codes(file: RawFile, rows: pd.DataFrame, column: str, pattern: str) -> None:
    wrong = ~rows[column].str.strip().str.fullmatch(pattern)
    file.refuse_any(rows, wrong, "not an ONS code of its kind", column=column, fix="download the file again")


def ward_set_of_year(year: str) -> str:
    """The ward set of a file by the two digits of the year in its column names."""
    return "2022" if int(year) >= 22 else "2018"


def _workbook_lookup(file: RawFile) -> pd.DataFrame:
    for rows in filter(None, read_sheets(file).values()):
        if _is_lookup([name.strip() for name in rows[0]]):
            return _lookup(file, sheet_table(file, rows).rows)
    raise file.refusal("no sheet of the workbook is a look-up of LSOAs to wards", fix="see docs/data_log.md")


# --- populations -----------------------------------------------------------------------------------------------


def _is_lsoa_population(header: list[str]) -> bool:
    return {"LSOA11CD", "LAD11CD", "Persons_All-Ages"} <= set(header)


def _lsoa_population(file: RawFile, table: Table, book: AreaBook) -> pd.DataFrame:
    """Mid-year estimates by LSOA, and their sums by borough."""
    people = whole_numbers(file, table.rows, "Persons_All-Ages")
    lsoas = people.groupby(table.rows["LSOA11CD"].str.strip()).sum()
    boroughs = people.groupby(table.rows["LAD11CD"].str.strip()).sum()
    return by_area(POPULATION, pd.concat([lsoas, boroughs]), MID_YEAR, book)


# --- boundaries ------------------------------------------------------------------------------------------------


def _geojson(file: RawFile) -> pd.DataFrame:
    try:
        document = json.loads(read_text(file, MAX_BOUNDARY_BYTES))
        features = document["features"]
        listed = [_feature(file, feature) for feature in features]
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise file.refusal(f"not GeoJSON of ward boundaries ({type(error).__name__}: {error})") from None
    return _boundaries(file, listed)


def _feature(file: RawFile, feature: dict[str, Any]) -> tuple[str, str, str, str]:
    properties, geometry = feature["properties"], feature["geometry"]
    code = _column(_WARD, list(properties))
    if code is None or not _WARD_IN_NAME.fullmatch(str(properties[code])):
        raise file.refusal("a feature has no ward code (WD..CD)", fix="see docs/data_log.md")
    if geometry["type"] not in {"Polygon", "MultiPolygon"}:
        raise file.refusal(f"a ward is a {geometry['type']}", value=properties[code], fix="wards are polygons")
    polygons = geometry["coordinates"] if geometry["type"] == "MultiPolygon" else [geometry["coordinates"]]
    rings = [[[[float(point[0]), float(point[1])] for point in ring] for ring in polygon] for polygon in polygons]
    name = str(properties[code.replace("CD", "NM")])
    return properties[code], ward_set_of_year(code[2:4]), name, _geometry(file, rings)


def _kml(file: RawFile, wards: list[Ward]) -> Cleaned:
    """One ward's boundary. The file says nowhere whose it is but in its name, where a stray letter may follow."""
    code = _WARD_IN_NAME.match(file.path.name)
    known = {ward.code: ward for ward in wards}
    if code is None or code[0] not in known:
        raise file.refusal("the file's name begins with no known ward's code", fix="name it as E05013991.kml")
    ward = known[code[0]]
    polygons = [_kml_polygon(file, polygon) for polygon in _kml_root(file).iterfind(".//{*}Polygon")]
    table = _boundaries(file, [(ward.code, ward.ward_set, ward.name, _geometry(file, polygons))])
    return Cleaned({"boundaries": table}, _stray_letters(file, ward.code))


def _stray_letters(file: RawFile, code: str) -> pd.DataFrame:
    if file.path.stem == code:
        return no_rejections()
    note = {"line": 0, "column": "(file name)", "value": file.path.stem, "reason": f"read as the ward {code}"}
    return pd.DataFrame([note])


def _kml_root(file: RawFile) -> Any:
    from defusedxml import DefusedXmlException
    from defusedxml.ElementTree import ParseError, fromstring

    if file.path.stat().st_size > MAX_BOUNDARY_BYTES:
        raise file.refusal("the file is larger than any ward's boundary", fix="check the download")
    try:
        return fromstring(file.path.read_bytes(), forbid_dtd=True)
    except (ParseError, DefusedXmlException, ValueError) as error:
        raise file.refusal(f"not a KML file ({type(error).__name__})", fix="download it again") from None


def _kml_polygon(file: RawFile, polygon: Any) -> list[list[list[float]]]:
    rings = [polygon.find("{*}outerBoundaryIs"), *polygon.findall("{*}innerBoundaryIs")]
    texts = [ring.findtext(".//{*}coordinates") for ring in rings if ring is not None]
    try:
        return [[[float(part) for part in point.split(",")[:2]] for point in str(text).split()] for text in texts]
    except ValueError:
        raise file.refusal("the coordinates are not numbers", fix="download it again") from None


def _geometry(file: RawFile, polygons: list[list[list[list[float]]]]) -> str:
    """GeoJSON text of a polygon or multipolygon; refuses rings that are open or lie outside the world."""
    rings = [ring for polygon in polygons for ring in polygon]
    points = [point for ring in rings for point in ring]
    if not rings or any(len(ring) < 4 or ring[0] != ring[-1] for ring in rings):
        raise file.refusal("a boundary is not a closed ring", fix="download it again")
    if any(len(point) != 2 or not (abs(point[0]) <= 180 and abs(point[1]) <= 90) for point in points):
        raise file.refusal("a boundary is not in degrees of longitude and latitude", fix="use WGS 84 (EPSG:4326)")
    shape = {"type": "MultiPolygon", "coordinates": polygons}
    if len(polygons) == 1:
        shape = {"type": "Polygon", "coordinates": polygons[0]}
    return json.dumps(shape, separators=(",", ":"))


def _boundaries(file: RawFile, listed: list[tuple[str, str, str, str]]) -> pd.DataFrame:
    table = pd.DataFrame(listed, columns=["ward_code", "ward_set", "name", "geometry"], dtype="str")
    if table.empty or table["ward_code"].duplicated().any():
        problem = "the file holds no boundary" if table.empty else "a ward stands twice"
        raise file.refusal(problem, fix="download it again")
    return table
