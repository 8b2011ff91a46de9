"""Everything in ``parameters/`` as checked models: an unknown, missing or mistyped key is refused by file and key.

YAML is read with every scalar as the text that stands in the file (so ``2025.10`` stays ``2025.10`` and ``NO`` stays
``NO``), and the models give the types.
"""

from __future__ import annotations

import csv
import hashlib
import json
import re
from collections.abc import Mapping
from datetime import date
from functools import cache
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal, TypeVar

import yaml
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator

from crimelib.errors import InputError, one_line

PROJECT_ROOT = Path(__file__).resolve().parent.parent
WINDOW = Literal["month", "quarter", "ytd", "rolling_12"]
Denominator = Literal["residents", "households"]
PERIOD_PATTERN = r"^(19|20)\d\d-(0[1-9]|1[0-2])$"
SLUG_PATTERN = r"^[a-z][a-z0-9_]*$"


class Strict(BaseModel):
    """A model that knows its keys and never changes."""

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)  # built when first used


Model = TypeVar("Model", bound=BaseModel)


class _TextLoader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):
    """Scalars stay text; a key that stands twice is an error. (The C loader is ten times as fast, where it is.)"""

    yaml_implicit_resolvers: ClassVar[dict] = {}

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict:
        keys = [self.construct_object(key, deep=deep) for key, _ in node.value]
        for position, key in enumerate(keys):
            if key in keys[:position]:
                raise yaml.constructor.ConstructorError(
                    None, None, f"the key {key!r} stands twice", node.value[position][0].start_mark
                )
        return super().construct_mapping(node, deep=deep)


def read_yaml(path: Path) -> Any:
    """A YAML file with every scalar as text (an empty one as None)."""
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise InputError("the file is missing", where=_short(path), fix="restore it from the project") from None
    except UnicodeDecodeError:
        raise InputError("the file is not UTF-8", where=_short(path), fix="save it again as UTF-8") from None
    try:
        return yaml.load(text, Loader=_TextLoader)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        place = f"{_short(path)}, line {mark.line + 1}" if mark else _short(path)
        raise InputError(f"not readable as YAML ({getattr(error, 'problem', error)})", where=place) from None


def load_model(path: Path, model: type[Model]) -> Model:
    """A YAML file as a checked model."""
    return checked(model, read_yaml(path) or {}, path)


def checked(model: type[Model], values: Any, path: Path) -> Model:
    """Values as a model, or a refusal that names file and key."""
    try:
        return model.model_validate(values)
    except ValidationError as error:
        raise _refusal(error, path) from None


def load_rows(path: Path, model: type[Model]) -> list[Model]:
    """A CSV file of parameters as checked models, one a row."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as stream:
            reader = csv.DictReader(stream, restkey="more fields than the header", strict=True)
            rows = [(reader.line_num, {key: value for key, value in row.items() if value != ""}) for row in reader]
    except FileNotFoundError:
        raise InputError("the file is missing", where=_short(path), fix="restore it from the project") from None
    except (UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"not readable as CSV in UTF-8 ({error})", where=_short(path), fix="save it again") from None
    return [_checked_row(model, row, path, line) for line, row in rows]


def _checked_row(model: type[Model], row: dict, path: Path, line: int) -> Model:
    try:
        return model.model_validate(row)
    except ValidationError as error:
        raise _refusal(error, path, line) from None


def _refusal(error: ValidationError, path: Path, line: int | None = None) -> InputError:
    first = error.errors()[0]
    key = ".".join(str(part) for part in first["loc"]) or "(whole file)"
    where = f"{_short(path)}{f', line {line}' if line else ''}, key {one_line(key)!r}"
    given = "" if first["type"] in {"missing", "extra_forbidden"} else f" (got {str(first['input'])[:60]!r})"
    messages = {"missing": "the key is missing", "extra_forbidden": "the key is unknown"}
    return InputError(messages.get(first["type"], first["msg"]) + given, where=where, fix="see the file's comments")


def _short(path: Path) -> str:
    return one_line("/".join(path.parts[-2:]))


# --- areas -----------------------------------------------------------------------------------------------------


class Area(Strict):
    """A row of ``areas.csv``: a borough, London as a whole, or where publishers put what lies outside every borough.
    A ``unit`` of several boroughs and a ``district`` of another police force are made of other declarations."""

    code: str
    name: str
    level: Literal["borough", "london", "outside", "unit", "district"]
    parent_code: str = ""
    command_unit: str = ""
    other_names: str = ""

    @property
    def names(self) -> list[str]:
        """Every name that the publishers use for it."""
        return [self.name, *(name.strip() for name in self.other_names.split(";") if name.strip())]


class SimilarAreas(Strict):
    """A row of ``similar.csv``: the areas that one may be compared with, and who says so. ``part`` is the part of
    London that a borough lies in."""

    code: str
    name: str
    part: Literal["inner", "outer"] | None = None
    similar: str
    source: str

    @property
    def names(self) -> list[str]:
        """The similar areas, the most similar first."""
        return [name.strip() for name in self.similar.split(";") if name.strip()]


# --- items -----------------------------------------------------------------------------------------------------


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
    breakdowns: dict[str, dict[str, Part]] = {}
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
    beside: dict[str, str] = {}

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


# --- sources ---------------------------------------------------------------------------------------------------


class FetchFile(Strict):
    """A published file: its name (a pattern) in the publisher's catalogue, its address, and what it must look like.

    ``{month}`` in the address makes it an archive that holds ``archive_months`` months up to that one.
    """

    name: str
    address: str
    kind: Literal["csv", "xlsx", "zip"]
    columns: tuple[tuple[str, ...], ...] = ()
    members: str = ""
    min_bytes: int = Field(ge=1)
    max_bytes: int = Field(ge=1)
    max_unpacked_bytes: int = Field(default=0, ge=0)
    archive_months: int = Field(default=0, ge=0)

    @model_validator(mode="after")
    def _says_what_to_expect(self) -> FetchFile:
        if self.kind == "csv" and not self.columns:
            raise ValueError("a csv file needs its expected columns")
        if self.kind != "csv" and not (self.members and self.max_unpacked_bytes):
            raise ValueError("an archive needs members and max_unpacked_bytes")
        return self


class FetchPlan(Strict):
    """Where a source is published: hosts that may be asked, the catalogue's page, and the files."""

    hosts: tuple[str, ...] = Field(min_length=1)
    catalogue: str = ""
    latest_month: str = ""
    files: tuple[FetchFile, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _archives_have_a_month(self) -> FetchPlan:
        if any(file.archive_months for file in self.files) and not self.latest_month:
            raise ValueError("archives need the address that gives their latest_month")
        return self


class Downloads(Strict):
    """``fetch.yml``: how patiently publishers are asked, and which declared types a file of each kind may have."""

    attempts: int = Field(ge=1, le=10)
    wait_initial_seconds: float = Field(gt=0)
    wait_max_seconds: float = Field(gt=0)
    stall_seconds: float = Field(gt=0)
    total_seconds: float = Field(gt=0)
    max_redirects: int = Field(ge=0, le=10)
    max_page_bytes: int = Field(ge=1)
    content_types: dict[Literal["csv", "xlsx", "zip"], tuple[str, ...]]
    local_hosts: tuple[Annotated[str, Field(pattern=r"^127\.0\.0\.1:\d+$")], ...] = ()


class Source(Strict):
    """What a source is, for the data log and the pages, and where it is published."""

    title: str
    publisher: str
    licence: str
    cadence: str
    fetch: FetchPlan | None = None


class Basis(Strict):
    """What a publisher's figures mean in one generation of files; comparisons never mix two."""

    title: str
    order: int


class Sources(Strict):
    """``sources.yml``: the sources, the bases of their figures, and files that are kept beside them for reference."""

    sources: dict[str, Source]
    bases: dict[str, Basis]
    reference_files: tuple[str, ...] = ()


class CrosswalkRow(Strict):
    """A row of ``crosswalk.csv``: one publisher's category in one family of files, and the series it counts in."""

    source: str
    family: str
    major: str
    minor: str
    measure: str = ""
    series: str = Field(pattern=SLUG_PATTERN)


# --- wards and districts ---------------------------------------------------------------------------------------


class Ward(Strict):
    """A row of ``wards.csv``: a London ward in one set of boundaries (``2018`` before May 2022, ``2022`` from then)."""

    code: str = Field(pattern=r"^E05\d{6}$")
    name: str
    borough_code: str = Field(pattern=r"^E09\d{6}$")
    ward_set: Literal["2018", "2022"]
    spellings: str = ""

    @property
    def names(self) -> list[str]:
        """Every spelling that the publishers use for it."""
        return [self.name, *(name.strip() for name in self.spellings.split(";") if name.strip())]


class WardTile(Strict):
    """A row of ``ward_tiles.csv``: where a ward stands on the grid that serves as a map."""

    code: str
    name: str
    row: int
    col: int


class District(Strict):
    """A row of ``districts.csv``: the district and police force of the LSOAs whose names begin with a prefix."""

    lsoa_prefix: str
    code: str = Field(pattern=r"^[EW]0[6-9]\d{6}$")
    name: str
    force: str


# --- data.police.uk --------------------------------------------------------------------------------------------


class CrimeType(Strict):
    """A crime type of data.police.uk, and the months in which it was in use."""

    name: str
    since: str = Field(pattern=PERIOD_PATTERN)
    until: str | None = Field(default=None, pattern=PERIOD_PATTERN)


class PoliceUk(Strict):
    """``police_uk.yml``."""

    max_unallocated_share: float = Field(ge=0, le=1)
    expected_from_rows: int = Field(ge=1)
    weapon_searches: tuple[str, ...] = Field(min_length=1)
    types: dict[str, CrimeType]
    forces: dict[str, tuple[str, ...]]


# --- attitudes and local survey --------------------------------------------------------------------------------


class SurveyDesign(Strict):
    """The sample behind a survey's proportions, with where each figure comes from."""

    title: str
    borough_interviews: int = Field(ge=1)
    london_interviews: int = Field(ge=1)
    ward_interviews: int = Field(ge=1)
    sample_source: str
    design_effect: float = Field(ge=1)
    design_effect_source: str


class PerceptionMeasure(Strict):
    """One measure of the Public Attitude Survey and the names that the publisher gives it."""

    label: str
    direction: Literal["lower_is_better", "higher_is_better", "neither"]
    names: tuple[str, ...] = Field(min_length=1)


class Perception(Strict):
    """``perception.yml``."""

    survey: SurveyDesign
    measures: dict[str, PerceptionMeasure]
    caveats: tuple[str, ...] = ()
    questions: tuple[str, ...] = ()


class Question(Strict):
    """A question of the local survey; ``positive`` answers count towards its proportion, which is called ``label``."""

    text: str
    label: str = ""
    answers: tuple[str, ...] = Field(min_length=2)
    positive: tuple[str, ...] = ()
    survey_measure: str = ""

    @model_validator(mode="after")
    def _positive_answers_are_answers(self) -> Question:
        if unknown := set(self.positive) - set(self.answers):
            raise ValueError(f"positive answers that are not answers: {', '.join(sorted(unknown))}")
        if self.positive and not self.label:
            raise ValueError("a question with positive answers needs a label for its proportion")
        return self


class FormSection(Strict):
    """Questions that stand together on the printed form; a ``grid`` has them as rows of one table of answers."""

    heading: str
    lead: str = ""
    grid: bool = False
    questions: tuple[str, ...] = Field(min_length=1)


class Questionnaire(Strict):
    """``questionnaire.yml``."""

    title: str
    introduction: str
    privacy: str
    closing: str
    tear_off: str
    wording_source: str
    caveats: tuple[str, ...]
    least_ward_answers: int = Field(ge=1)
    age_bands: tuple[str, ...]
    sexes: tuple[str, ...]
    answer_labels: dict[str, str] = {}
    sections: tuple[FormSection, ...]
    questions: dict[str, Question]

    @model_validator(mode="after")
    def _every_question_is_printed_once(self) -> Questionnaire:
        printed = [name for section in self.sections for name in section.questions]
        if sorted(printed) != sorted(self.questions):
            raise ValueError("the sections must name every question once, and no other")
        for section in self.sections:
            if section.grid and len({self.questions[name].answers for name in section.questions}) > 1:
                raise ValueError(f"the grid {section.heading!r} has questions with different answers")
        return self

    def label(self, answer: str) -> str:
        """An answer as it is printed."""
        return self.answer_labels.get(answer, answer.replace("_", " ").capitalize())


# --- anti-social behaviour -------------------------------------------------------------------------------------


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


# --- licensed vehicles -----------------------------------------------------------------------------------------


class LicensedGroup(Strict):
    """Body types of licensed vehicles, and the classes of stolen vehicles that they are set against."""

    label: str
    body_types: tuple[str, ...] = Field(min_length=1)
    classes: tuple[str, ...] = Field(min_length=1)


class LicensedVehicles(Strict):
    """``licensed_vehicles.yml``; ``total`` is what the publisher calls all body types together."""

    total: str
    groups: dict[str, LicensedGroup]


# --- when offences are committed -------------------------------------------------------------------------------


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


# --- partners --------------------------------------------------------------------------------------------------


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


# --- this project's own templates ------------------------------------------------------------------------------


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


# --- events ----------------------------------------------------------------------------------------------------


class Event(Strict):
    """A dated event or period that a reader of a chart should know of.

    A ``trigger`` is one after which a rise was feared: the month it began in and those after it, ``watch_months`` in
    all, are held against what was to be expected, in the measure and in those of its ``parts`` that are named.
    """

    label: str
    start: str = Field(pattern=r"^\d{4}-\d{2}-\d{2}$")
    end: str | None = Field(default=None, pattern=r"^\d{4}-\d{2}-\d{2}$")
    items: tuple[str, ...]
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


# --- disclosure ------------------------------------------------------------------------------------------------


AUDIENCE = Literal["board", "partner", "public"]


class AudiencePolicy(Strict):
    """What one audience may see of counts about people below borough level."""

    suppress_from: int = Field(ge=1)
    suppress_to: int = Field(ge=1)
    least_width: int = Field(ge=1)
    ward_windows: tuple[WINDOW, ...]
    also_sees: tuple[AUDIENCE, ...] = ()

    @model_validator(mode="after")
    def _withholds_something(self) -> AudiencePolicy:
        if self.suppress_to < self.suppress_from:
            raise ValueError("suppress_to is below suppress_from, so nothing would be withheld")
        if self.least_width > self.suppress_to:
            raise ValueError("least_width is above suppress_to: what is shown would be narrower than what is withheld")
        return self


class Disclosure(Strict):
    """``disclosure.yml``."""

    audiences: dict[AUDIENCE, AudiencePolicy]
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

    def insiders(self, audience: AUDIENCE) -> tuple[AUDIENCE, ...]:
        """The audiences that also see what is published for one."""
        return tuple(name for name, policy in self.audiences.items() if audience in policy.also_sees)

    def next_insiders(self, audience: AUDIENCE) -> tuple[AUDIENCE, ...]:
        """The insiders nearest to an audience: those that are no other insider's own."""
        insiders = self.insiders(audience)
        return tuple(each for each in insiders if not any(each in self.insiders(other) for other in insiders))


# --- data quality ----------------------------------------------------------------------------------------------


class GapRule(Strict):
    """When a month is far below what it may be measured by; see ``quality.yml``."""

    most_share: float = Field(gt=0, lt=1)
    spreads: float = Field(gt=0)
    least_expected: float = Field(gt=0)


class Gaps(Strict):
    """How suspected gaps are found."""

    neighbour_months: int = Field(ge=1, le=6)
    in_events: float = Field(gt=0, le=1)
    whole: GapRule
    series: GapRule
    whole_sources: tuple[str, ...]
    vanished_from: int = Field(ge=1)


class Revisions(Strict):
    """How long months count as provisional; see ``quality.yml``."""

    shown_months: int = Field(ge=1)
    settled_months: int = Field(ge=2)
    least_months: int = Field(ge=1)
    growth_pct: float = Field(ge=0)
    assumed_months: dict[str, Annotated[int, Field(ge=0)]]


class Quality(Strict):
    """``quality.yml``."""

    gaps: Gaps
    revisions: Revisions


# --- what was said and what was agreed -------------------------------------------------------------------------


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
    window: WINDOW | None = None
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

    default_window: WINDOW
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
    window: WINDOW = "rolling_12"
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
        "offence_times",
        "partner_returns",
        "resident_reports",
        "survey_responses",
        "vehicle_thefts",
        "victim_service",
    ]
    where: dict[str, str] = {}


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


# --- challenge questions ---------------------------------------------------------------------------------------

MOVED = frozenset({"label", "Label", "unit", "current", "previous", "change", "pct", "window", "month"})
CHALLENGE_FIELDS: dict[str, frozenset[str]] = {
    "moved": MOVED,
    "signal": MOVED | {"detectable"},
    "status": frozenset({"label", "Label", "window", "month", "note"}),
    "parts": frozenset({"label", "Label", "window", "month", "parts", "number"}),
    "unusual": frozenset({"label", "Label", "unit", "month", "count", "why"}),
    "london": MOVED | {"london_pct"},
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
    window: WINDOW = "rolling_12"
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
    """``challenge.yml``: rules in order, the most telling first."""

    most: int = Field(ge=2)
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


# --- evaluation plans ------------------------------------------------------------------------------------------


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


# --- a period's parameters -------------------------------------------------------------------------------------


class Review(Strict):
    """Who decides on a pack, by role, and how many roles must have signed it off for each audience."""

    roles: tuple[Annotated[str, Field(pattern=r"^[A-Z][A-Za-z ,'-]{2,79}$")], ...] = Field(min_length=1)
    sign_offs: dict[Literal["board", "partner", "public"], Annotated[int, Field(ge=1)]]

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
    audience: Literal["board", "partner", "public"] = "board"
    processed: str = "data/processed"
    parameters: str = "parameters"


class Settings:
    """The parameters folder, each file loaded and checked when first asked for."""

    def __init__(self, folder: Path) -> None:
        if not folder.is_dir():
            raise InputError(
                f"there is no parameters folder {one_line(str(folder))!r}", fix="give it with --parameters"
            )
        self.folder = folder
        self._loaded: dict[tuple[str, str], Any] = {}

    def load(self, name: str, model: type[Model]) -> Model:
        """A YAML file of the folder as a model, read once."""
        key = (name, model.__name__)
        if key not in self._loaded:
            self._loaded[key] = load_model(self.folder / name, model)
        return self._loaded[key]

    def rows(self, name: str, model: type[Model]) -> list[Model]:
        """A CSV file of the folder as models, read once."""
        key = (name, model.__name__)
        if key not in self._loaded:
            self._loaded[key] = load_rows(self.folder / name, model)
        return self._loaded[key]

    @property
    def areas(self) -> list[Area]:
        """``areas.csv``."""
        return self.rows("areas.csv", Area)

    @property
    def similar(self) -> dict[str, SimilarAreas]:
        """``similar.csv``, by the code of the area."""
        return {row.code: row for row in self.rows("similar.csv", SimilarAreas)}

    @property
    def items(self) -> dict[str, Item]:
        """``items.yml``."""
        return self.load("items.yml", Items).items

    @property
    def sources(self) -> Sources:
        """``sources.yml``."""
        return self.load("sources.yml", Sources)

    @property
    def downloads(self) -> Downloads:
        """``fetch.yml``."""
        return self.load("fetch.yml", Downloads)

    @property
    def crosswalk(self) -> list[CrosswalkRow]:
        """``crosswalk.csv``."""
        return self.rows("crosswalk.csv", CrosswalkRow)

    @property
    def events(self) -> tuple[Event, ...]:
        """``events.yml``."""
        events = self.load("events.yml", Events).events
        known = ("all", "wards", *self.items)
        for event in events:
            if strange := sorted(set(event.items) - set(known)):
                raise InputError(
                    f"no item is called {strange[0]!r}",
                    where=f"events.yml, event {one_line(event.label)!r}",
                    fix=f"known: {', '.join(known)}",
                )
        return events

    @property
    def disclosure(self) -> Disclosure:
        """``disclosure.yml``."""
        return self.load("disclosure.yml", Disclosure)

    @property
    def quality(self) -> Quality:
        """``quality.yml``."""
        return self.load("quality.yml", Quality)

    def claims(self, period: str) -> Claims | None:
        """``claims/<period>.yml``, None where nothing said to the board was written down."""
        path = self.folder / "claims" / f"{period}.yml"
        return load_model(path, Claims) if path.exists() else None

    @property
    def claim_words(self) -> ClaimWords:
        """``claim_words.yml``."""
        return self.load("claim_words.yml", ClaimWords)

    @property
    def actions(self) -> Actions:
        """``actions.yml``."""
        return self.load("actions.yml", Actions)

    @property
    def challenge(self) -> Challenge:
        """``challenge.yml``."""
        return self.load("challenge.yml", Challenge)

    @property
    def ward_panel(self) -> WardPanel:
        """``ward_panel.yml``."""
        return self.load("ward_panel.yml", WardPanel)

    def plan(self, name: str) -> EvaluationPlan:
        """``plans/<name>.yml``."""
        return self.load(f"plans/{name}.yml", EvaluationPlan)

    @property
    def wards(self) -> list[Ward]:
        """``wards.csv``."""
        return self.rows("wards.csv", Ward)

    @property
    def districts(self) -> list[District]:
        """``districts.csv``."""
        return self.rows("districts.csv", District)

    @property
    def police_uk(self) -> PoliceUk:
        """``police_uk.yml``."""
        return self.load("police_uk.yml", PoliceUk)

    @property
    def perception(self) -> Perception:
        """``perception.yml``."""
        return self.load("perception.yml", Perception)

    @property
    def questionnaire(self) -> Questionnaire:
        """``questionnaire.yml``."""
        return self.load("questionnaire.yml", Questionnaire)

    @property
    def licensed_vehicles(self) -> LicensedVehicles:
        """``licensed_vehicles.yml``."""
        return self.load("licensed_vehicles.yml", LicensedVehicles)

    @property
    def offence_times(self) -> OffenceTimes:
        """``offence_times.yml``."""
        return self.load("offence_times.yml", OffenceTimes)

    @property
    def asb_taxonomy(self) -> AsbTaxonomy:
        """``asb_taxonomy.yml``."""
        return self.load("asb_taxonomy.yml", AsbTaxonomy)

    @property
    def partners(self) -> Partners:
        """``partners.yml``."""
        return self.load("partners.yml", Partners)

    @property
    def templates(self) -> dict[str, Template]:
        """``templates.yml``."""
        return self.load("templates.yml", Templates).templates

    @property
    def review(self) -> Review:
        """``review.yml``."""
        return self.load("review.yml", Review)

    @property
    def ward_tiles(self) -> list[WardTile]:
        """``ward_tiles.csv``."""
        return self.rows("ward_tiles.csv", WardTile)

    def period(self, period: str) -> PeriodParameters:
        """``periods/<period>.yml``, or the defaults where there is none."""
        path = self.folder / "periods" / f"{period}.yml"
        if not path.exists():
            return PeriodParameters(period=period)
        parameters = load_model(path, PeriodParameters)
        if parameters.period != period:
            raise InputError(f"the file is of period {parameters.period!r}", where=_short(path), fix="mend its period")
        return parameters


@cache
def load_settings(folder: str | Path = PROJECT_ROOT / "parameters") -> Settings:
    """The settings of a parameters folder, shared within a process."""
    return Settings(Path(folder))
