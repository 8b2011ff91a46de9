"""What ward teams did to be known: their monthly return, from this project's own template. Totals only."""

from __future__ import annotations

from crimelib.settings import Settings
from crimelib.sources.discovery import Cleaned, RawFile
from crimelib.sources.templates import form_of, read_form

NAME = "engagement"
COLUMNS = ["month", "area_code", "ward_code", "activity", "count"]


def read(file: RawFile, settings: Settings) -> Cleaned:
    """Clean a return into the table ``engagement``: ``month, area_code, ward_code`` (empty: the whole borough),
    ``activity, count``. The whole file is refused for a malformed value or a key that stands twice."""
    rows, rejected = read_form(file, form_of(NAME, settings), settings)
    return Cleaned({NAME: rows.assign(count=rows["count"].astype("int64"))[COLUMNS]}, rejected)
