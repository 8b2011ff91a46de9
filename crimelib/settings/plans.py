"""Evaluation plans, fixed before the figures are looked at."""

from __future__ import annotations

import hashlib
import json
from typing import Literal

from pydantic import Field, model_validator

from crimelib.settings.reading import Strict
from crimelib.settings.record import Day
from crimelib.settings.terms import PERIOD_PATTERN


class LeftOut(Strict):
    """Months that an evaluation leaves out, and why."""

    first: str = Field(pattern=PERIOD_PATTERN)
    last: str = Field(pattern=PERIOD_PATTERN)
    why: str


class WardGroups(Strict):
    """The wards of an evaluation in one set of boundaries, by code."""

    treated: tuple[str, ...] = Field(min_length=1)
    controls: tuple[str, ...] = Field(min_length=1)
    ring: tuple[str, ...] = Field(min_length=1)
    ring_controls: tuple[str, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _no_ward_stands_twice(self) -> WardGroups:
        if len(set(self.codes)) < len(self.codes):
            raise ValueError("a ward stands in two groups")
        return self

    @property
    def codes(self) -> tuple[str, ...]:
        """Every ward of the plan."""
        return (*self.treated, *self.controls, *self.ring, *self.ring_controls)


class Outcome(Strict):
    """A measure that a programme is judged by."""

    item: str
    measure: str


class PlanFixing(Strict):
    """When a plan was fixed, and the hash of what it said."""

    on: Day
    hash: str = Field(pattern=r"^[0-9a-f]{64}$")


class EvaluationPlan(Strict):
    """``plans/<name>.yml``: how a programme is to be judged, fixed before there are results; the first outcome is the
    main one."""

    title: str
    area: str
    what: str
    officers: int | None = Field(default=None, ge=1)
    cost_per_officer_month: float | None = Field(default=None, gt=0)
    before_from: str = Field(pattern=PERIOD_PATTERN)
    start: str = Field(pattern=PERIOD_PATTERN)
    after_until: str = Field(pattern=PERIOD_PATTERN)
    leave_out: tuple[LeftOut, ...] = ()
    least_months_before: int = Field(ge=2)
    ward_sets: dict[Literal["2018", "2022"], WardGroups]
    why_controls: str
    why_ring: str
    why_ring_controls: str
    outcomes: tuple[Outcome, ...] = Field(min_length=1)
    test: str
    smallest_worthwhile_pct: float = Field(gt=0, lt=100)
    fixed: tuple[PlanFixing, ...] = ()

    @model_validator(mode="after")
    def _months_follow_each_other(self) -> EvaluationPlan:
        if not self.before_from < self.start < self.after_until:
            raise ValueError("before_from, start and after_until do not follow each other")
        return self

    @property
    def fingerprint(self) -> str:
        """The hash of what the plan says, however the file writes it."""
        content = self.model_dump(mode="json", exclude={"fixed"}, exclude_defaults=True)
        return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
