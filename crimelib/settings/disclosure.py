"""Who may see which numbers."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Self

from pydantic import Field, model_validator

from crimelib.settings.reading import Strict
from crimelib.settings.terms import Audience, Window


class Thresholds(Strict):
    """Which counts are too small to show, and how wide the interval of a withheld one has to stay."""

    suppress_from: int = Field(ge=1)
    suppress_to: int = Field(ge=1)
    least_width: int = Field(ge=1)

    @model_validator(mode="after")
    def _withholds_something(self) -> Self:
        if self.suppress_to < self.suppress_from:
            raise ValueError("suppress_to is below suppress_from, so nothing would be withheld")
        if self.least_width > self.suppress_to:
            raise ValueError("least_width is above suppress_to: what is shown would be narrower than what is withheld")
        return self

    @property
    def hidden(self) -> range:
        """The counts that are not shown."""
        return range(self.suppress_from, self.suppress_to + 1)

    def hides(self, figure: float) -> bool:
        """Whether a figure is too small to be shown."""
        return self.suppress_from <= figure <= self.suppress_to


class AudiencePolicy(Thresholds):
    """What one audience may see of counts about people below borough level; ``items`` with thresholds of their own."""

    ward_windows: tuple[Window, ...]
    also_sees: tuple[Audience, ...] = ()
    items: dict[str, Thresholds] = Field(default_factory=dict)

    def over(self, items: Iterable[str]) -> AudiencePolicy:
        """The policy for figures of some items that are protected together: of their thresholds the strictest."""
        own = [self.items.get(item, self) for item in dict.fromkeys(items)] or [self]
        strictest = {
            "suppress_from": min(each.suppress_from for each in own),
            "suppress_to": max(each.suppress_to for each in own),
            "least_width": max(each.least_width for each in own),
        }
        return self.model_copy(update=strictest)


class Disclosure(Strict):
    """``disclosure.yml``."""

    audiences: dict[Audience, AudiencePolicy]
    linked: tuple[tuple[str, ...], ...] = ()
    seconds: float = Field(gt=0, le=600)

    @model_validator(mode="after")
    def _no_circle(self) -> Disclosure:
        for name, policy in self.audiences.items():
            for other in policy.also_sees:
                if other == name or other not in self.audiences or name in self.audiences[other].also_sees:
                    raise ValueError(f"{name} cannot also see {other}: it is unknown, or sees {name} in turn")
                if missing := set(self.audiences[other].also_sees) - set(policy.also_sees):
                    raise ValueError(f"{name} also sees {other}, and so must also see {min(missing)}")
        return self

    def policy(self, audience: Audience, *items: str) -> AudiencePolicy:
        """What an audience may see of some items' figures."""
        return self.audiences[audience].over(items)

    def insiders(self, audience: Audience) -> tuple[Audience, ...]:
        """The audiences that also see what is published for one."""
        return tuple(name for name, policy in self.audiences.items() if audience in policy.also_sees)

    def next_insiders(self, audience: Audience) -> tuple[Audience, ...]:
        """The insiders nearest to an audience: those that are no other insider's own."""
        insiders = self.insiders(audience)
        return tuple(each for each in insiders if not any(each in self.insiders(other) for other in insiders))
