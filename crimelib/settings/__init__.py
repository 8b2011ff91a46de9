"""Everything in ``parameters/``, each file loaded and checked when first asked for."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache, cached_property
from pathlib import Path
from typing import Any

from crimelib.errors import InputError, one_line
from crimelib.settings.disclosure import AudiencePolicy, Disclosure
from crimelib.settings.extracts import (
    AsbDefinition,
    AsbTag,
    AsbTaxonomy,
    CapacityNote,
    Column,
    Indicator,
    LicensedVehicles,
    OffenceTimes,
    Organisation,
    Partners,
    Template,
    Templates,
    WeekCells,
    WeekSpan,
)
from crimelib.settings.geography import Area, District, SimilarAreas, Ward, WardTile
from crimelib.settings.items import Break, Event, Events, Figures, Item, Items, Measure, Part
from crimelib.settings.plans import EvaluationPlan, Outcome, PlanFixing, WardGroups
from crimelib.settings.publishers import (
    Basis,
    CrosswalkRow,
    Downloads,
    FetchFile,
    FetchPlan,
    GapRule,
    Gaps,
    PoliceUk,
    Quality,
    Sources,
)
from crimelib.settings.questions import SURVEY, Challenge, ChallengeRule, Condition, WardPanel, WardRule
from crimelib.settings.reading import Model, Strict, checked, load_model, load_rows, read_yaml, short
from crimelib.settings.record import (
    Action,
    ActionChange,
    Actions,
    Claim,
    Claims,
    ClaimWords,
    Day,
    MeasureTest,
    RowsTest,
)
from crimelib.settings.runs import PeriodParameters, Review
from crimelib.settings.surveys import FormSection, Perception, Question, Questionnaire
from crimelib.settings.terms import PERIOD_PATTERN, PROJECT_ROOT, Audience, Denominator, Window

__all__ = [
    "PERIOD_PATTERN",
    "PROJECT_ROOT",
    "SURVEY",
    "Action",
    "ActionChange",
    "Actions",
    "Area",
    "AsbDefinition",
    "AsbTag",
    "AsbTaxonomy",
    "Audience",
    "AudiencePolicy",
    "Basis",
    "Break",
    "CapacityNote",
    "Challenge",
    "ChallengeRule",
    "Claim",
    "ClaimWords",
    "Column",
    "Condition",
    "CrosswalkRow",
    "Day",
    "Denominator",
    "Disclosure",
    "District",
    "Downloads",
    "EvaluationPlan",
    "Event",
    "Events",
    "FetchFile",
    "FetchPlan",
    "Figures",
    "FormSection",
    "GapRule",
    "Gaps",
    "Indicator",
    "Item",
    "Measure",
    "MeasureTest",
    "OffenceTimes",
    "Organisation",
    "Outcome",
    "Part",
    "Partners",
    "PeriodParameters",
    "PlanFixing",
    "PoliceUk",
    "Question",
    "Review",
    "RowsTest",
    "Settings",
    "Strict",
    "Template",
    "Ward",
    "WardGroups",
    "WardRule",
    "WeekCells",
    "WeekSpan",
    "Window",
    "checked",
    "load_model",
    "load_rows",
    "load_settings",
    "read_yaml",
]


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

    @cached_property
    def events(self) -> tuple[Event, ...]:
        """``events.yml``."""
        events = self.load("events.yml", Events).events
        for event in events:
            where = f"events.yml, event {one_line(event.label)!r}"
            self._check_items(event.items, where, "all", "wards")
            self._check_areas(event.areas, where)
        return events

    def events_in(self, area: str) -> tuple[Event, ...]:
        """The events that touched an area, by its name: those of all areas and its own."""
        return tuple(event for event in self.events if area in (event.areas or (area,)))

    @cached_property
    def disclosure(self) -> Disclosure:
        """``disclosure.yml``."""
        disclosure = self.load("disclosure.yml", Disclosure)
        for audience, policy in disclosure.audiences.items():
            self._check_items(policy.items, f"disclosure.yml, audience {audience!r}", SURVEY)
        return disclosure

    def _check_areas(self, named: Iterable[str], where: str) -> None:
        known = {area.name for area in self.areas} | {district.name for district in self.districts}
        for name in named:
            if name not in known:
                raise InputError(f"{name!r} is no area", where=where, fix="name it as areas.csv or districts.csv does")

    def _check_items(self, named: Iterable[str], where: str, *others: str) -> None:
        known = (*others, *self.items)
        if strange := sorted(set(named) - set(known)):
            raise InputError(f"no item is called {strange[0]!r}", where=where, fix=f"known: {', '.join(known)}")

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
            raise InputError(f"the file is of period {parameters.period!r}", where=short(path), fix="mend its period")
        return parameters


@cache
def load_settings(folder: str | Path = PROJECT_ROOT / "parameters") -> Settings:
    """The settings of a parameters folder, shared within a process."""
    return Settings(Path(folder))
