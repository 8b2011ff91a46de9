"""Files of the Metropolitan Police written by hand, in the publisher's own formats, for tests."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from pathlib import Path

import pandas as pd

from crimelib.settings import load_settings
from crimelib.sources.discovery import RawFile

BOROUGHS = [area.name for area in load_settings().areas if area.level == "borough" and area.code != "E09000001"]
FAMILY_2019 = ["MajorText", "MinorText", "LookUp_BoroughName"]
DASHBOARD = [
    *["Month_Year", "Area Type", "Borough_SNT", "Area Name", "Area Code", "Crime Type", "Crime Subtype"],
    *["Measure", "Financial Year", "FY_FYIndex", "Count", "Refresh Date"],
]


def month_columns(first: str, last: str) -> list[str]:
    """``YYYYMM`` of every month from first to last (``YYYY-MM``)."""
    return list(pd.period_range(first, last, freq="M").strftime("%Y%m"))


def csv_text(header: Sequence[str], rows: Iterable[Sequence[object]], end: str = "\n") -> str:
    """A CSV file without quotes."""
    return "".join(",".join(str(cell) for cell in row) + end for row in [header, *rows])


def put(
    raw: Path, content: str | bytes, source: str = "mps_recorded_crime", vintage: str = "2021-12", name: str = "f.csv"
) -> RawFile:
    """Write a file where the raw layout has it."""
    path = raw / source / vintage / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return RawFile(path, source, vintage)


def recorded(first: str, last: str, counts: dict[tuple[str, str], int], boroughs: Sequence[str] = BOROUGHS) -> str:
    """A borough file of the 2019-2023 family with one count a category, in every borough and month."""
    months = month_columns(first, last)
    rows = [[*category, borough, *[count] * len(months)] for category, count in counts.items() for borough in boroughs]
    return csv_text([*FAMILY_2019, *months], rows)


def dashboard_row(
    date: str, area: str, code: str, kind: str, subtype: str, count: object, **other: str
) -> list[object]:
    """A row of the dashboard: an offence count of a borough unless told otherwise."""
    level = other.get("level", "Borough")
    label = other.get("label", area)
    return [
        date,
        level,
        label,
        area,
        code,
        kind,
        subtype,
        other.get("measure", "Offences"),
        "fy21-22",
        "21-22_01",
        count,
        "02/08/2025",
    ]


def tree_hash(folder: Path) -> dict[str, str]:
    """SHA-256 of every file below a folder but the lock, by its path there."""
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name != ".lock"
    }


BURGLARY, BUSINESS = ("Burglary", "Domestic Burglary"), ("Burglary", "Burglary Business and Community")
VIOLENCE = ("Violence Against the Person", "Violence with Injury")
WARD_COLUMNS = ["MajorText", "MinorText", "WardName", "WardCode", "LookUp_BoroughName"]


def bromley_wards(ward_set: str) -> list[tuple[str, str]]:
    """Name and code of Bromley's wards in one set of boundaries."""
    wards = [ward for ward in load_settings().wards if ward.borough_code == "E09000006" and ward.ward_set == ward_set]
    return [(ward.name, ward.code) for ward in wards]


def ward_file(first: str, last: str, ward_set: str) -> str:
    """Violence and burglary in Bromley's wards: 30 and 2 a month in each."""
    months = month_columns(first, last)
    counts = {VIOLENCE: 30, BURGLARY: 2}
    rows = [
        [*category, f'"{name}"', code, "Bromley", *[count] * len(months)]
        for category, count in counts.items()
        for name, code in bromley_wards(ward_set)
    ]
    return csv_text([*WARD_COLUMNS, *months], rows)


def dashboard_file(first: str, last: str) -> str:
    """Domestic abuse and hate crime in every borough, and in Bromley's old wards: in the first ward one domestic
    violence with injury in all, in the others two a month."""
    dates = list(pd.period_range(first, last, freq="M").strftime("01/%m/%Y"))
    kinds = [
        ("Domestic Abuse", "Domestic Abuse", 90),
        ("Domestic Abuse", "Domestic Abuse violence with injury", 25),
        ("Hate crime", "Hate crime", 12),
        ("Hate crime", "Racist Crime", 12),
        ("Hate crime", "Homophobic Crime", 3),
    ]
    codes = {area.name: area.code for area in load_settings().areas}
    rows = [dashboard_row(date, name, codes[name], *kind) for date in dates for name in BOROUGHS for kind in kinds]
    for place, (name, code) in enumerate(bromley_wards("2018")):
        chosen = dates[:1] if place == 0 else dates
        rows += [
            dashboard_row(
                *[date, f'"{name}"', code, "Domestic Abuse", "Domestic Abuse violence with injury", min(2, 1 + place)],
                level="Safer Neighbourhood Teams",
                label=f'"Bromley {name}"',
            )
            for date in chosen
        ]
    return csv_text(DASHBOARD, rows)


def lay_small(raw: Path, first: str = "2019-12", last: str = "2021-11") -> Path:
    """A small set of published files: recorded crime by borough and by ward in both sets of boundaries, and the
    dashboard, 24 months to November 2021."""
    counts = {BURGLARY: 10, BUSINESS: 2, VIOLENCE: 700, ("Sexual Offences", "Rape"): 3}
    put(raw, recorded(first, last, counts), name="borough.csv")
    put(raw, ward_file(first, last, "2018"), name="wards.csv")
    put(raw, dashboard_file(first, last), "mps_monthly_dashboard")
    return raw
