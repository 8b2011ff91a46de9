"""A small set of processed tables: one MPS file of every borough, the City and a district elsewhere by police.uk."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import pandas as pd

from crimelib.settings import Settings
from crimelib.tables.clean import clean
from crimelib.tables.store import Store

MONTHS = [str(month) for month in pd.period_range("2018-12", "2021-11", freq="M")]
STREET_HEADER = "Crime ID,Month,Reported by,Falls within,Longitude,Latitude,Location,LSOA code,LSOA name,Crime type"
STREET_HEADER += ",Last outcome category,Context"
LEEDS = ("west-yorkshire", "West Yorkshire Police", "E01011264,Leeds 001A")
CITY = ("city-of-london", "City of London Police", "E01000001,City of London 001A")
MET = "Metropolitan Police Service"


def processed(folder: Path, settings: Settings, files: Mapping[str, str]) -> Store:
    """Cleaned tables of raw files given by their path below ``raw`` and their text."""
    for name, text in files.items():
        path = folder / "raw" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    clean(folder / "raw", folder / "processed", settings)
    return Store(folder / "processed")


def borough_file(settings: Settings, monthly: Mapping[str, tuple[int, int, int]]) -> dict[str, str]:
    """A recorded crime file of residential burglary in all 32 boroughs: a count a month in each of three years, 10
    in those that ``monthly`` does not name."""
    names = [area.name for area in settings.areas if area.level == "borough" and area.name != "City of London"]
    lines = [",".join(["MajorText,MinorText,LookUp_BoroughName", *(month.replace("-", "") for month in MONTHS)])]
    for name in names:
        years = monthly.get(name, (10, 10, 10))
        counts = [str(years[place // 12]) for place in range(len(MONTHS))]
        lines.append(",".join(["Burglary,Burglary - Residential", name, *counts]))
    name = "mps_recorded_crime/2021-12/MPS Borough Level Crime (most recent 24 months).csv"
    return {name: "\n".join(lines) + "\n"}


def street_file(force: str, polices: str, lsoa: str, months: Sequence[str] = MONTHS, rows: int = 2) -> dict[str, str]:
    """A street file of a force: some calls about anti-social behaviour in one LSOA in each month."""
    lines = [f",{month},{polices},{polices},,,On or near,{lsoa},Anti-social behaviour,," for month in months]
    text = "\n".join([STREET_HEADER, *(line for line in lines for _ in range(rows)), ""])
    return {f"police_uk/2021-12/{force}-street.csv": text}
