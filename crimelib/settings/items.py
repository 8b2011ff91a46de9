"""The board's items, their measures and parts, and the dated events drawn on their charts."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from crimelib.settings.reading import Strict
from crimelib.settings.terms import PERIOD_PATTERN, SLUG_PATTERN, Denominator


class Figures(Strict):
    """Where a measure's counts come from: series to add, series to take away. Each month is as of the newest file that
    has any series added or any of ``as_of``: a name that this file gave up counts nothing."""

    add: tuple[str, ...] = Field(min_length=1)
    subtract: tuple[str, ...] = ()
    as_of: tuple[str, ...] = ()


class Break(Strict):
    """A month from which a series no longer counts the same thing."""

    month: str = Field(pattern=PERIOD_PATTERN)
    what: str
    effect: Literal["not_comparable", "caveat"]
    bases: tuple[str, ...] = ()


class Part(Strict):
    """One value of a breakdown, such as a strand of hate crime or a type of burglary. A part that files name for a time
    only has rows for periods ``named_from`` .. ``named_until``."""

    label: str
    figures: tuple[Figures, ...] = Field(min_length=1)
    breaks: tuple[Break, ...] = ()
    named_from: str = Field(default="", pattern=f"^$|{PERIOD_PATTERN}")
    named_until: str = Field(default="", pattern=f"^$|{PERIOD_PATTERN}")

    def is_named_in(self, period: str) -> bool:
        """Whether the publisher's files name the part in a month."""
        return self.named_from <= period <= (self.named_until or period)


class Measure(Strict):
    """One figure of an item. ``figures`` are alternatives in order of preference, never mixed within a window; ``per``
    is what its rates are per 1,000 of."""

    label: str
    unit: str = "recorded offences"
    counts: str
    direction: Literal["lower_is_better", "higher_is_better", "neither"]
    figures: tuple[Figures, ...] = Field(min_length=1)
    breakdowns: dict[str, dict[str, Part]] = Field(default_factory=dict)
    wards: bool = True
    per: Denominator = "residents"
    protected: bool = False
    breaks: tuple[Break, ...] = ()


class Item(Strict):
    """A standing item of the board: what it asks, what it counts, and what must be said with it. ``beside`` are
    measures of other items, with their item, that are read beside its own."""

    title: str
    question: str
    page: str = Field(pattern=SLUG_PATTERN)
    measures: dict[str, Measure]
    headline: str
    caveats: tuple[str, ...] = ()
    not_recorded: tuple[str, ...] = ()
    questions: tuple[str, ...] = ()
    beside: dict[str, str] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _headline_is_a_measure(self) -> Item:
        if self.measures and self.headline not in self.measures:
            raise ValueError(f"headline {self.headline!r} is not one of the item's measures")
        return self


class Items(Strict):
    """``items.yml``."""

    items: dict[str, Item]

    @model_validator(mode="after")
    def _beside_are_measures(self) -> Items:
        for name, item in self.items.items():
            for measure, other in item.beside.items():
                if other not in self.items or measure not in self.items[other].measures:
                    raise ValueError(f"item {name!r} has beside it {measure!r}, which is no measure of {other!r}")
        return self


class Event(Strict):
    """A dated event or period that a reader of a chart should know of.

    A ``trigger`` is one after which a rise was feared: the month it began in and those after it, ``watch_months`` in
    all, are held against what was to be expected, in the measure and in those of its ``parts`` that are named.
    """

    label: str
    start: str = Field(pattern=r"^\d{4}-\d{2}-\d{2}$")
    end: str | None = Field(default=None, pattern=r"^\d{4}-\d{2}-\d{2}$")
    items: tuple[str, ...]
    areas: tuple[str, ...] = ()  # by name, where it touched only some
    source: str
    kind: Literal["period", "trigger"] = "period"
    watch_months: int = Field(default=0, ge=0, le=12)
    parts: tuple[str, ...] = ()
    new_level: bool = False  # the limits of charts are set anew from its start, and after its end

    @model_validator(mode="after")
    def _a_trigger_is_watched(self) -> Event:
        if (self.kind == "trigger") != (self.watch_months > 0) or (self.parts and self.kind != "trigger"):
            raise ValueError("a trigger, and nothing else, has watch_months and may have parts")
        return self


class Events(Strict):
    """``events.yml``."""

    events: tuple[Event, ...]
