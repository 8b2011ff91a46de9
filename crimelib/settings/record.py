"""What was said to the board and what was agreed there."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, model_validator

from crimelib.settings.reading import Strict
from crimelib.settings.terms import PERIOD_PATTERN, SLUG_PATTERN, Window


def _real_day(text: str) -> str:
    date.fromisoformat(text)
    return text


Day = Annotated[str, Field(pattern=r"^\d{4}-\d{2}-\d{2}$"), AfterValidator(_real_day)]


class Claim(Strict):
    """A statement made to the board: the words as said, and what they say about a measure.

    ``direction`` is a word of ``claim_words.yml``; ``pct`` and ``count`` are the size of the change if one was said,
    without a sign. A statement that no measure can test says in ``needs`` which data would.
    """

    speaker: str
    words: str
    item: str
    measure: str = ""
    breakdown: str = "total"
    value: str = ""
    direction: str = ""
    pct: float | None = Field(default=None, ge=0)
    count: int | None = Field(default=None, ge=0)
    window: Window | None = None
    needs: str = ""

    @model_validator(mode="after")
    def _can_be_tested_or_says_what_would(self) -> Claim:
        if bool(self.measure) == bool(self.needs):
            raise ValueError("give a measure, or needs: which data would test it")
        if self.measure and not self.direction:
            raise ValueError("give the direction that was said")
        return self


class Claims(Strict):
    """``claims/<period>.yml``: what was said to one area's board, by id."""

    area: str
    claims: dict[str, Claim]


class ClaimWord(Strict):
    """What a group of direction words says of two counts."""

    words: tuple[str, ...] = Field(min_length=1)
    meaning: str


class ClaimWords(Strict):
    """``claim_words.yml``: what words and sizes mean when a statement is checked."""

    default_window: Window
    higher: ClaimWord
    lower: ClaimWord
    level: ClaimWord
    level_within_pct: float = Field(ge=0)
    size_within_points: float = Field(ge=0)

    def kind(self, word: str) -> Literal["higher", "lower", "level"] | None:
        """Which of the three a direction word means, None for a word that is not declared."""
        kinds: tuple[Literal["higher", "lower", "level"], ...] = ("higher", "lower", "level")
        return next((kind for kind in kinds if word.casefold() in getattr(self, kind).words), None)


class MeasureTest(Strict):
    """What a measure must show before it counts as evidence: a change beyond chance, or a level."""

    measure: str = Field(pattern=SLUG_PATTERN)
    breakdown: str = "total"
    value: str = ""
    window: Window = "rolling_12"
    signal: Literal["increase", "decrease"] | None = None
    at_least: float | None = None
    at_most: float | None = None

    @model_validator(mode="after")
    def _asks_one_thing(self) -> MeasureTest:
        if sum(asked is not None for asked in (self.signal, self.at_least, self.at_most)) != 1:
            raise ValueError("give one of signal, at_least and at_most")
        return self


class RowsTest(Strict):
    """Rows that must be in a stored table before they count as evidence, by column and value."""

    table: Literal[
        "asb_calls",
        "engagement",
        "offence_recency",
        "offence_times",
        "partner_returns",
        "resident_reports",
        "survey_responses",
        "vehicle_thefts",
        "victim_service",
    ]
    where: dict[str, str] = Field(default_factory=dict)


class Evidence(Strict):
    """What would close an action, the page that shows it, and the test of it if the data can give one."""

    what: str
    page: str = Field(pattern=SLUG_PATTERN)
    measure: MeasureTest | None = None
    rows: RowsTest | None = None

    @model_validator(mode="after")
    def _has_one_test(self) -> Evidence:
        if self.measure and self.rows:
            raise ValueError("give measure or rows, not both")
        return self


class ActionChange(Strict):
    """What became of an action at a later meeting."""

    period: str = Field(pattern=PERIOD_PATTERN)
    status: Literal["open", "closed", "withdrawn"]
    what: str


class Action(Strict):
    """What the board asked for. It is open from its meeting (named by the period whose figures were before it) until
    its history says otherwise."""

    meeting: str = Field(pattern=PERIOD_PATTERN)
    words: str
    owner: str
    due: Day
    item: str = ""
    evidence: Evidence
    history: tuple[ActionChange, ...] = ()

    @model_validator(mode="after")
    def _history_follows_the_meeting(self) -> Action:
        periods = [self.meeting, *(change.period for change in self.history)]
        if periods != sorted(periods):
            raise ValueError("history goes from the meeting on, oldest first")
        return self


class Actions(Strict):
    """``actions.yml``: one area's register, by id."""

    area: str
    actions: dict[str, Action]
