"""Licensed vehicles by borough: the Department for Transport's table VEH0105, its sheet saved as CSV.

The sheet has notes above its header and names some columns with theirs (``ONS Code [note 6]``). Vehicles are where
their keepers live or, those of companies, where they are registered.
"""

from __future__ import annotations

import csv
import io
import re

import pandas as pd

from crimelib.areas import LONDON
from crimelib.settings import Settings
from crimelib.sources.counting import refuse_duplicates
from crimelib.sources.discovery import Cleaned, RawFile, no_rejections
from crimelib.sources.reading import Table, read_text, table_of

NAME = "licensed_vehicles"
MAX_BYTES = 64 * 1024**2
COLUMNS = {"bodytype": "body_type", "fuel": "fuel", "keepership": "keepership", "units": "units", "ons code": "code"}
QUARTER_ENDS = {"1": "03", "2": "06", "3": "09", "4": "12"}
NOT_GIVEN = {"[c]", "[x]", "[z]", "[low]", ""}
_NOTE = re.compile(r"\s*\[notes? [\d, and]+\]", re.IGNORECASE)
_QUARTER = re.compile(r"(20\d\d) Q([1-4])")
_THOUSANDS = re.compile(r"(\d{1,3}(,\d{3})+|\d+)(\.\d+)?")


def read(file: RawFile, settings: Settings) -> Cleaned:
    """Clean the sheet into ``licensed_vehicles``: ``area_code`` (boroughs and London), ``month`` (the last of the
    quarter), ``vehicle_group`` (of ``licensed_vehicles.yml``, and ``all``) and ``vehicles`` (a whole number). What the
    publisher withholds has no row."""
    rows = _of_all_fuels_and_keepers(file, _named(file, _sheet(file)))
    body_types = _groups(settings)
    file.refuse_undeclared(
        rows,
        ~rows["body_type"].isin(list(body_types)),
        "the body type is not declared",
        column="body_type",
        declared_in="licensed_vehicles.yml",
        names=body_types,
    )
    refuse_duplicates(file, rows, ["code", "body_type"])
    known = [area.code for area in settings.areas if area.level == "borough"] + [LONDON]
    here = rows[rows["code"].isin(known)]
    if here.empty:
        raise file.refusal("no row is of a London borough", column="ONS Code", fix="use the table by local authority")
    return Cleaned({NAME: _grouped(_long(file, here), body_types)}, no_rejections())


def _sheet(file: RawFile) -> Table:
    """The table below the sheet's notes: its header is the line that begins with the body type."""
    reader = csv.reader(io.StringIO(read_text(file, MAX_BYTES), newline=""))
    lines = [(reader.line_num, row) for row in reader if any(field.strip() for field in row)]
    start = next((place for place, (_, row) in enumerate(lines) if _plain(row[0]) == "bodytype"), None)
    if start is None:
        raise file.refusal("no line begins with BodyType", fix="save the sheet VEH0105 as CSV, with its header")
    return table_of(file, lines[start][1], lines[start + 1 :])


def _plain(name: str) -> str:
    return _NOTE.sub("", name).strip().casefold().replace("body type", "bodytype")


def _named(file: RawFile, table: Table) -> pd.DataFrame:
    named = table.rows.rename(columns={name: COLUMNS.get(_plain(name), name) for name in table.columns})
    if missing := [plain for plain, name in COLUMNS.items() if name not in named]:
        raise file.refusal(f"the column {missing[0]!r} is missing", fix="save the sheet VEH0105 as CSV, whole")
    if not any(_QUARTER.fullmatch(name) for name in named.columns):
        raise file.refusal("no column is a quarter such as 2021 Q3", fix="save the sheet VEH0105 as CSV, whole")
    return named.assign(**{name: named[name].str.strip() for name in COLUMNS.values()})


def _of_all_fuels_and_keepers(file: RawFile, rows: pd.DataFrame) -> pd.DataFrame:
    """Rows of every fuel and keeper together, in thousands (the sheet repeats some as shares)."""
    totals = (rows["fuel"].str.casefold() == "total") & (rows["keepership"].str.casefold() == "total")
    kept = rows[totals & (rows["units"].str.casefold() == "thousands")]
    if kept.empty:
        raise file.refusal(
            "no row is of all fuels and keepers in thousands", fix="save the sheet VEH0105 as CSV, whole"
        )
    return kept


def _groups(settings: Settings) -> dict[str, str]:
    """The group of each body type."""
    declared = settings.licensed_vehicles
    own = {body_type: name for name, group in declared.groups.items() for body_type in group.body_types}
    return {**own, declared.total: "all"}


def _long(file: RawFile, rows: pd.DataFrame) -> pd.DataFrame:
    quarters = [name for name in rows.columns if _QUARTER.fullmatch(name)]
    for quarter in quarters:
        text = rows[quarter].str.strip()
        wrong = ~text.str.casefold().isin(NOT_GIVEN) & ~text.str.fullmatch(_THOUSANDS.pattern)
        file.refuse_any(rows, wrong, "not a number of thousands", column=quarter, fix="download the file again")
    long = rows.melt(["code", "body_type"], quarters, "quarter", "text")
    given = long[~long["text"].str.strip().str.casefold().isin(NOT_GIVEN)]
    thousands = given["text"].str.strip().str.replace(",", "").astype("float64")
    return given.assign(vehicles=(1000 * thousands).round().astype("int64"))


def _grouped(long: pd.DataFrame, body_types: dict[str, str]) -> pd.DataFrame:
    """Body types added up to groups, where every one of a group's is given."""
    named = long.assign(
        area_code=long["code"],
        month=[f"{year}-{QUARTER_ENDS[number]}" for year, number in long["quarter"].str.split(" Q")],
        vehicle_group=long["body_type"].map(body_types),
    )
    summed = named.groupby(["area_code", "month", "vehicle_group"], as_index=False)["vehicles"].agg(["sum", "size"])
    whole = summed[summed["size"] == summed["vehicle_group"].map(pd.Series(body_types).value_counts())]
    return whole.rename(columns={"sum": "vehicles"}).drop(columns="size").reset_index(drop=True)
