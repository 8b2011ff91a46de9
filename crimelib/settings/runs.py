"""A period's parameters, and who signs a pack off."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, model_validator

from crimelib.settings.reading import Strict
from crimelib.settings.terms import PERIOD_PATTERN, Audience


class Review(Strict):
    """Who decides on a pack, by role, and how many roles must have signed it off for each audience."""

    roles: tuple[Annotated[str, Field(pattern=r"^[A-Z][A-Za-z ,'-]{2,79}$")], ...] = Field(min_length=1)
    sign_offs: dict[Audience, Annotated[int, Field(ge=1)]]

    @model_validator(mode="after")
    def _enough_roles_for_every_audience(self) -> Review:
        if len(set(self.roles)) < len(self.roles):
            raise ValueError("a role stands twice")
        if len(self.sign_offs) < 3 or max(self.sign_offs.values()) > len(self.roles):
            raise ValueError("sign_offs needs every audience, and no more sign-offs than there are roles")
        return self


class PeriodParameters(Strict):
    """``periods/<period>.yml``: exactly what Papermill injects."""

    area: str = "Bromley"
    period: str = Field(pattern=PERIOD_PATTERN)
    audience: Audience = "board"
    processed: str = "data/processed"
    parameters: str = "parameters"
