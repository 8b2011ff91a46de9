"""Monthly returns of totals from this project's own templates, each kept as the table of its source's name."""

from __future__ import annotations

from crimelib.settings import Settings
from crimelib.sources.discovery import Cleaned, RawFile
from crimelib.sources.templates import form_of, read_form


def read(file: RawFile, settings: Settings) -> Cleaned:
    """Clean a return into the table of its source (``engagement``, ``offence_recency``, ``offence_times``,
    ``resident_reports`` or ``victim_service``): the template's columns, counts as whole numbers. The whole
    file is refused, by line, for a malformed value, a key that stands twice, or anything that looks as if it were about
    a person."""
    form = form_of(file.source, settings)
    rows, rejected = read_form(file, form, settings)
    counts = [name for name, column in form.columns.items() if column.kind == "count"]
    return Cleaned({file.source: rows.astype(dict.fromkeys(counts, "int64"))[list(form.columns)]}, rejected)
