"""What items and measures are called on pages."""

from __future__ import annotations

from crimelib.settings import Settings


def item_title(settings: Settings, item: str) -> str:
    """What an item is called."""
    return settings.items[item].title if item in settings.items else settings.perception.survey.title


def measure_title(settings: Settings, item: str, measure: str) -> str:
    """What a measure is called."""
    if item in settings.items:
        return settings.items[item].measures[measure].label
    return settings.perception.measures[measure].label
