"""Rules that raise the board's questions, on item pages and for ward panels."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Literal

from pydantic import Field, model_validator

from crimelib.settings.reading import Strict
from crimelib.settings.terms import Window

MOVED = frozenset({"label", "Label", "unit", "current", "previous", "change", "pct", "window", "month"})
CHALLENGE_FIELDS: dict[str, frozenset[str]] = {
    "moved": MOVED,
    "signal": MOVED | {"detectable"},
    "status": frozenset({"label", "Label", "window", "month", "note"}),
    "parts": frozenset({"label", "Label", "window", "month", "parts", "number"}),
    "unusual": frozenset({"label", "Label", "unit", "month", "count", "why"}),
    "london": MOVED | {"london_pct", "london_current", "london_previous"},
    "since_covid": frozenset({"label", "Label", "unit", "month", "current", "then", "then_month", "change", "pct"}),
    "trigger": frozenset({"label", "Label", "unit", "month", "count", "most", "event"}),
    "residents": frozenset({"label", "Label", "told"}),
    "hidden": frozenset({"label", "Label", "number"}),
    "provisional": frozenset({"label", "Label", "first", "month"}),
    "survey": frozenset({"parts", "number", "smallest"}),
}
SURVEY = "perception"  # the page of the public attitude survey
_PLACEHOLDER = re.compile(r"\{(\w*)\.?(\w*)\}")


class Condition(Strict):
    """One thing that a challenge rule wants of the page's own figures. ``measure`` is the item's first unless named.

    Exactly one of: ``moved`` (the count is higher or lower, by at least ``by_pct``), ``signal`` (one of these),
    ``status``, ``parts`` (some part of the breakdown has the signal), ``unusual`` (the month, by the control chart or
    the seasonal band), ``london`` (the change differs from London's by more than chance), ``since_covid`` (against the
    same window of the last year before the pandemic, by at least ``by_pct``), ``trigger`` (a month of the last twelve
    above what was to be expected after a trigger event), ``residents`` (their reports ran ahead of police calls),
    ``hidden`` (parts of the breakdown are too small to show), ``provisional`` (the newest months are still revised),
    ``survey`` (measures of the public attitude survey, one or any: what a year, or London, shows beyond chance).
    """

    measure: str = ""
    breakdown: str = "total"
    value: str = ""
    window: Window = "rolling_12"
    by_pct: float = Field(default=0, ge=0)
    moved: Literal["up", "down"] | None = None
    signal: tuple[Literal["increase", "decrease", "no_clear_change", "withheld"], ...] | None = None
    status: Literal["incomplete", "not_comparable", "no_data", "suppressed"] | None = None
    parts: Literal["increase", "decrease"] | None = None
    unusual: Literal["yes"] | None = None
    london: Literal["above", "below"] | None = None
    since_covid: Literal["up", "down"] | None = None
    trigger: Literal["seen"] | None = None
    residents: Literal["ahead"] | None = None
    hidden: Literal["yes"] | None = None
    provisional: Literal["yes"] | None = None
    survey: Literal["rose", "fell", "unclear", "above_london", "below_london", "no_figures"] | None = None

    @property
    def kind(self) -> str:
        """What is asked."""
        return next(kind for kind in CHALLENGE_FIELDS if getattr(self, kind) is not None)

    @model_validator(mode="after")
    def _asks_one_thing(self) -> Condition:
        if sum(getattr(self, kind) is not None for kind in CHALLENGE_FIELDS) != 1:
            raise ValueError(f"give one of {', '.join(CHALLENGE_FIELDS)}")
        return self


class ChallengeRule(Strict):
    """A question raised where all conditions hold. In ``ask``, ``{name.field}`` stands for a figure of the condition of
    that name. Of the rules of one ``group`` only the first that holds asks."""

    items: tuple[str, ...] = Field(min_length=1)
    when: dict[str, Condition] = Field(min_length=1)
    ask: str
    group: str = ""

    @model_validator(mode="after")
    def _the_survey_stands_alone(self) -> ChallengeRule:
        of_survey = [condition.survey is not None for condition in self.when.values()]
        if of_survey != [self.items == (SURVEY,)] * len(of_survey):
            raise ValueError(f"conditions on survey, and no others, belong to rules of items: [{SURVEY}]")
        return self

    @model_validator(mode="after")
    def _asks_with_figures_it_has(self) -> ChallengeRule:
        for name, field in _PLACEHOLDER.findall(self.ask):
            if name not in self.when or field not in CHALLENGE_FIELDS[self.when[name].kind]:
                raise ValueError(f"no condition gives {{{name}.{field}}}")
        return self

    def filled(self, found: Mapping[str, Mapping[str, str]]) -> str:
        """The question with its figures, by condition and field."""
        return _PLACEHOLDER.sub(lambda place: found[place[1]][place[2]], self.ask)


class Challenge(Strict):
    """``challenge.yml``: rules in order, the most telling first; ``without_figures`` are asked in place of the standing
    questions of an item whose first measure has none."""

    most: int = Field(ge=2)
    without_figures: tuple[str, ...] = ()
    rules: dict[str, ChallengeRule]


WARD_FIELDS = frozenset({"ward", "label", "Label", "month", "current", "previous", "change", "expected"})


class WardRule(Strict):
    """A question for a ward panel, asked of each measure of the ward whose ``signal`` is this and that stands so among
    the borough's wards; at least one of the two. ``{field}`` in ``ask`` stands for what the page says of it."""

    signal: Literal["", "increase", "decrease"] = ""
    standing: Literal["", "above", "below"] = ""
    ask: str

    @model_validator(mode="after")
    def _asks_of_something_with_figures_it_has(self) -> WardRule:
        if not self.signal and not self.standing:
            raise ValueError("give a signal, a standing or both")
        if unknown := set(re.findall(r"\{(.*?)\}", self.ask)) - WARD_FIELDS:
            raise ValueError(f"no figure is called {{{min(unknown)}}}")
        return self

    def holds(self, facts: Mapping[str, str]) -> bool:
        """Whether a measure's facts raise the question."""
        return self.signal in ("", facts["signal"]) and self.standing in ("", facts["standing"])

    def filled(self, facts: Mapping[str, str]) -> str:
        """The question with its figures."""
        return re.sub(r"\{(\w+)\}", lambda place: facts[place[1]], self.ask)


class WardPanel(Strict):
    """``ward_panel.yml``: at most so many questions, those always asked, and rules, the most telling first."""

    most: int = Field(ge=2)
    always: tuple[str, ...] = Field(min_length=1)
    rules: dict[str, WardRule]

    @model_validator(mode="after")
    def _leaves_room_for_rules(self) -> WardPanel:
        if len(self.always) >= self.most:
            raise ValueError("the questions always asked leave no room for others")
        return self
