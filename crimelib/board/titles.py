"""What items and measures are called on pages."""

from __future__ import annotations

import re
from collections.abc import Sequence

import pandas as pd

from crimelib.settings import Settings


def item_title(settings: Settings, item: str) -> str:
    """What an item is called."""
    return settings.items[item].title if item in settings.items else settings.perception.survey.title


def measure_title(settings: Settings, item: str, measure: str) -> str:
    """What a measure is called."""
    if item in settings.items:
        return settings.items[item].measures[measure].label
    return settings.perception.measures[measure].label


def source_lines(settings: Settings, rows: pd.DataFrame) -> tuple[str, ...]:
    """Each source that rows of the summary name, once, with the vintages that their figures are from: a span where
    there are many."""
    found: dict[str, set[str]] = {}
    for row in rows[["source", "vintage"]].drop_duplicates().itertuples():
        for source, vintages in zip(_apart(row.source), _apart(row.vintage), strict=True):
            found.setdefault(source, set()).update(vintages.split("/"))
    return tuple(
        f"{settings.sources.sources[source].title} ({_span(sorted(vintages))})" for source, vintages in found.items()
    )


def _apart(names: str) -> list[str]:
    return re.split(r" [+/] ", names) if names else []


def _span(vintages: Sequence[str]) -> str:
    most = 3
    return ", ".join(vintages) if len(vintages) <= most else f"{vintages[0]} to {vintages[-1]}, {len(vintages)} files"
