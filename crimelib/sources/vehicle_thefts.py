"""Thefts of motor vehicles, from this project's own template: one row a vehicle."""

from __future__ import annotations

from crimelib.areas import AreaBook
from crimelib.settings import Settings
from crimelib.sources.counting import with_london
from crimelib.sources.discovery import Cleaned, RawFile
from crimelib.sources.placing import WardBook, placed_counts
from crimelib.sources.templates import LOCAL_BASIS, form_of, placed, read_form, tallied

NAME = "vehicle_thefts"
PREFIX = "vehicle_theft_"
KEYS = ["month", "area_code", "ward_code", "vehicle_class", "make", "value_band", "method", "recovered"]


def read(file: RawFile, settings: Settings) -> Cleaned:
    """Clean the extract into dense ``counts`` of series ``vehicle_theft_<class>`` (borough and ward), and the table
    ``vehicle_thefts``: ``month, area_code, ward_code, vehicle_class, make, value_band, method, recovered, count``.

    Bad rows are set aside; more than 1% of them refuses the file.
    """
    form = form_of(NAME, settings)
    rows, rejected = read_form(file, form, settings)
    thefts = tallied(rows, KEYS)
    observed = placed(thefts, settings).assign(series=PREFIX + thefts["vehicle_class"])
    series = [PREFIX + name for name in form.columns["vehicle_class"].allowed]
    counts = placed_counts(file, observed, series, LOCAL_BASIS, WardBook(settings.wards))
    return Cleaned({"counts": with_london(counts, AreaBook(settings.areas)), NAME: thefts}, rejected)
