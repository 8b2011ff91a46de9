"""What items and measures are called on pages."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence

import pandas as pd

from crimelib.measures.periods import month_label
from crimelib.measures.placing import NEW_WARDS_FROM, WARD_SET, WARD_SET_BEFORE, ward_set_in_force
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


def boundaries(ward_set: str) -> str:
    """A boundary set in words: ``before May 2022`` or ``of May 2022``."""
    return f"{'before' if ward_set == WARD_SET_BEFORE else 'of'} {month_label(NEW_WARDS_FROM)}"


def boundaries_note(settings: Settings, codes: Collection[str], period: pd.Period) -> tuple[str, ...]:
    """What must be said of wards that were not yet in force in a period; nothing of those that were."""
    later = any(ward.code in codes and ward.ward_set > ward_set_in_force(period) for ward in settings.wards)
    if not later:
        return ()
    return (
        f"The wards are those {boundaries(WARD_SET)}, in which the newest files count the months before it too; in "
        f"{month_label(period)} those {boundaries(WARD_SET_BEFORE)} were in force.",
    )


def _apart(names: str) -> list[str]:
    return re.split(r" [+/] ", names) if names else []


def _span(vintages: Sequence[str]) -> str:
    most = 3
    return ", ".join(vintages) if len(vintages) <= most else f"{vintages[0]} to {vintages[-1]}, {len(vintages)} files"
