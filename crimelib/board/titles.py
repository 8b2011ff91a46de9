"""What items and measures are called on pages."""

from __future__ import annotations

import re

from crimelib.settings import Settings


def item_title(settings: Settings, item: str) -> str:
    """What an item is called."""
    return settings.items[item].title if item in settings.items else settings.perception.survey.title


def measure_title(settings: Settings, item: str, measure: str) -> str:
    """What a measure is called."""
    if item in settings.items:
        return settings.items[item].measures[measure].label
    return settings.perception.measures[measure].label


def source_titles(settings: Settings, sources: str) -> str:
    """The titles of the sources that a row names, in its order."""
    return " and ".join(settings.sources.sources[name].title for name in re.split(r" [+/] ", sources))
