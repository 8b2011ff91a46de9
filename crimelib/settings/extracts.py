"""Files that the police, the council or partners fill in: their templates, taxonomies and declared groupings."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from crimelib.settings.reading import Strict


class AsbTag(Strict):
    """A local tag and what gives it: opening codes, or words in the opening text (a final ``*`` for any ending)."""

    label: str
    codes: tuple[str, ...] = ()
    words: tuple[str, ...] = ()


class AsbDefinition(Strict):
    """Which calls a definition of anti-social behaviour counts: all that pass each test given. ``tags`` wants any of
    them, ``without_tags`` none of them; ``untagged`` wants a call that no tag fits."""

    label: str
    counts: str
    headings: tuple[str, ...] = ()
    without_headings: tuple[str, ...] = ()
    qualifiers: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    without_tags: tuple[str, ...] = ()
    untagged: bool = False


class AsbTaxonomy(Strict):
    """``asb_taxonomy.yml``."""

    sample_from: int = Field(ge=5)
    headings: dict[str, str]
    qualifiers: dict[str, str]
    tags: dict[str, AsbTag]
    definitions: dict[str, AsbDefinition] = Field(min_length=1)

    @model_validator(mode="after")
    def _definitions_name_what_is_declared(self) -> AsbTaxonomy:
        known = {
            "headings": self.headings,
            "without_headings": self.headings,
            "qualifiers": self.qualifiers,
            "tags": self.tags,
            "without_tags": self.tags,
        }
        for name, definition in self.definitions.items():
            if name in self.tags:
                raise ValueError(f"definition {name!r} has the name of a tag: give it another")
            for kind, declared in known.items():
                if strange := sorted(set(getattr(definition, kind)) - set(declared)):
                    raise ValueError(f"definition {name!r} has {kind} that are not declared: {', '.join(strange)}")
        return self


class LicensedGroup(Strict):
    """Body types of licensed vehicles, and the classes of stolen vehicles that they are set against."""

    label: str
    body_types: tuple[str, ...] = Field(min_length=1)
    classes: tuple[str, ...] = Field(min_length=1)


class LicensedVehicles(Strict):
    """``licensed_vehicles.yml``; ``total`` is what the publisher calls all body types together."""

    total: str
    groups: dict[str, LicensedGroup]


class WeekCells(Strict):
    """Some weekdays in some hour bands; all of them where none is named."""

    weekdays: tuple[str, ...] = ()
    hour_bands: tuple[str, ...] = ()


class WeekSpan(Strict):
    """A part of the week that pages speak of, such as the night."""

    label: str
    cells: tuple[WeekCells, ...] = Field(min_length=1)


class CoarserWeek(Strict):
    """Weekdays and hour bands put together, by label."""

    weekdays: dict[str, tuple[str, ...]]
    hour_bands: dict[str, tuple[str, ...]]


class OffenceTimes(Strict):
    """``offence_times.yml``: ``weekdays`` with their short names, bands that fill the day, coarser groups of both, and
    spans of them."""

    weekdays: dict[str, str]
    hour_bands: tuple[Annotated[str, Field(pattern=r"^\d\d to \d\d$")], ...]
    coarser: CoarserWeek
    spans: dict[str, WeekSpan] = Field(min_length=1)

    @model_validator(mode="after")
    def _fills_the_week(self) -> OffenceTimes:
        edges = [tuple(map(int, band.split(" to "))) for band in self.hour_bands]
        if [0, *(end for _, end in edges)] != [*(start for start, _ in edges), 24]:
            raise ValueError("hour_bands do not fill the day from 00 to 24, one after the other")
        for kind in ("weekdays", "hour_bands"):
            declared, groups = list(getattr(self, kind)), getattr(self.coarser, kind).values()
            if [name for group in groups for name in group] != declared:
                raise ValueError(f"coarser {kind} do not hold each of {kind} once and in order")
            named = {name for span in self.spans.values() for cells in span.cells for name in getattr(cells, kind)}
            if strange := sorted(named - set(declared)):
                raise ValueError(f"a span names {strange[0]!r}, which is none of the {kind}")
        return self


class Indicator(Strict):
    """A partner's monthly figure: what it counts, who refers (by ``referrers``: most or some), and what bounds it."""

    label: str
    counts: str
    referred_by: str
    referrers: dict[str, Literal["most", "some"]] = Field(min_length=1)
    independent_of_police: bool
    capacity: str

    @model_validator(mode="after")
    def _police_referrals_are_not_independent(self) -> Indicator:
        if self.independent_of_police and "police" in self.referrers:
            raise ValueError("the police refer to it, so it is not independent of the police")
        return self


class Organisation(Strict):
    """A partner, and the indicators that it may return."""

    label: str
    returns: tuple[str, ...] = Field(min_length=1)


class CapacityNote(Strict):
    """What a partner may say of its service in a month; ``bounded``: the count could not have been higher."""

    label: str
    bounded: bool


class Partners(Strict):
    """``partners.yml``."""

    referrers: dict[str, str]
    indicators: dict[str, Indicator]
    organisations: dict[str, Organisation]
    capacity_notes: dict[str, CapacityNote]
    revision_reasons: dict[str, str]

    @model_validator(mode="after")
    def _names_what_is_declared(self) -> Partners:
        for name, indicator in self.indicators.items():
            if strange := sorted(set(indicator.referrers) - set(self.referrers)):
                raise ValueError(f"indicator {name!r} has referrers that are not declared: {', '.join(strange)}")
        for name, organisation in self.organisations.items():
            if strange := sorted(set(organisation.returns) - set(self.indicators)):
                raise ValueError(f"organisation {name!r} returns what is not declared: {', '.join(strange)}")
        return self


class Column(Strict):
    """A column of a template: its kind, meaning, allowed values and an example."""

    kind: Literal["id", "date", "month", "hour", "count", "borough", "ward", "choice", "text"]
    meaning: str
    example: str
    required: bool = True
    published: bool = False
    proper_names: bool = False
    at_most: str = ""
    allowed: tuple[str, ...] = ()
    allowed_from: (
        Literal[
            "age_bands",
            "asb_headings",
            "asb_qualifiers",
            "asb_tags",
            "capacity_notes",
            "hour_bands",
            "partner_indicators",
            "partner_organisations",
            "revision_reasons",
            "sexes",
            "weekdays",
        ]
        | None
    ) = None


class Template(Strict):
    """A file that this project defines; ``key`` columns may stand once in a file of aggregate counts. ``also`` are
    other names to ask for it by."""

    title: str
    also: tuple[str, ...] = ()
    rows: Literal["event", "aggregate"]
    columns: dict[str, Column]
    key: tuple[str, ...] = ()
    questions: bool = False

    @model_validator(mode="after")
    def _counts_are_at_most_other_counts(self) -> Template:
        for name, column in self.columns.items():
            if column.at_most and {"count"} != {column.kind, getattr(self.columns.get(column.at_most), "kind", "")}:
                raise ValueError(f"{name} is at_most {column.at_most!r}, which are not both counts of the template")
        return self


class Templates(Strict):
    """``templates.yml``."""

    templates: dict[str, Template]
