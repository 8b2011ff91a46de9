"""``parameters/illustrative.yml`` as checked models, and the calendar that follows from it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import numpy as np
import pandas as pd
from pydantic import Field, model_validator

from crimelib.settings import PERIOD_PATTERN, Settings, Strict

Month = Annotated[str, Field(pattern=PERIOD_PATTERN)]


class Shape(Strict):
    """How a series moves over the year, under the restrictions, and over the wards."""

    season: str = "flat"
    covid: float = Field(default=0.0, gt=-1)
    town: float = Field(default=1.0, gt=0)


class Targets(Shape):
    """Exact totals of the last twelve months and of the twelve before, both or neither."""

    previous: int | None = Field(default=None, gt=0)
    current: int | None = Field(default=None, gt=0)

    @model_validator(mode="after")
    def _both_or_neither(self) -> Targets:
        if (self.previous is None) != (self.current is None):
            raise ValueError("previous and current are given together or not at all")
        return self


class Level(Targets):
    """A series of monthly counts: its level in a month of 2017, its shape and its targets."""

    base: float = Field(gt=0)


class Category(Level):
    """A minor category of recorded crime; ``minor_before`` is its name in the (Historical) files, where another."""

    major: str
    minor: str
    minor_before: str | None = None


class DashboardSeries(Targets):
    """A subtype of the dashboard: a series of its own (``base``) or a part ``of`` another."""

    crime_type: str
    subtype: str
    positive_subtype: str | None = None
    positive: float = Field(default=0.0, ge=0, le=1)
    base: float | None = Field(default=None, gt=0)
    of: str | None = None
    share: float = Field(default=0.0, ge=0, le=1)

    @model_validator(mode="after")
    def _own_or_part(self) -> DashboardSeries:
        if (self.base is None) == (self.of is None) or (self.of is None) != (self.share == 0):
            raise ValueError("give base, or of and share")
        return self


class Ward(Strict):
    """A ward: its share of the borough, a point in its middle, its first and last LSOA number."""

    name: str
    share: float = Field(gt=0)
    middle: tuple[float, float]
    lsoa: tuple[int, int]


class Named(Strict):
    """A code with its name."""

    code: str
    name: str


class OtherBorough(Strict):
    """A borough's size against the pack's own."""

    name: str
    size: float = Field(gt=0)


class PseudoArea(Strict):
    """The row that is no borough, under the names that each publisher's file gives it."""

    size: float = Field(gt=0)
    recorded_name: str
    dashboard_name: str
    dashboard_borough: str
    dashboard_code: str


class OlderVintage(Strict):
    """An earlier file: where it ends, and what share of its last months was not recorded yet."""

    name: str = Field(pattern="^illustrative")
    last_month: Month
    missing: tuple[float, ...]


class RefreshDates(Strict):
    """The two refresh dates of one dashboard file."""

    ordinary: str
    late: str


class Vawg(Level):
    """Violence against women and girls; ``delay`` says when offences recorded in a month were committed."""

    first_month: Month
    delay: tuple[float, float, float]


class PoliceUk(Strict):
    """data.police.uk street files."""

    first_month: Month
    asb: Level
    crime_types: dict[str, tuple[str, ...]]
    outcomes: dict[str, float]
    places: tuple[str, ...]
    repeated_ids: float


class AttitudeMeasure(Strict):
    """Proportions at quarter ends, for the pack's borough and for London."""

    bromley: dict[Month, float]
    london: dict[Month, float]


class Attitudes(Strict):
    """The Public Attitude Survey."""

    last_quarter: Month
    london_scatter: float
    quarter_noise: float
    measures: dict[str, AttitudeMeasure]


class Heading(Strict):
    """A heading of anti-social behaviour: its chance, its qualifiers' chances, its code and what callers said."""

    share: float
    qualifier: tuple[float, float, float]
    code: str
    texts: tuple[str, ...]


class AsbCalls(Strict):
    """The extract of calls about anti-social behaviour."""

    first_month: Month
    calls: Level
    covid_heading: str
    covid_share: float
    covid_texts: tuple[str, ...]
    headings: dict[str, Heading]
    fireworks_heading: str
    fireworks_months: tuple[int, ...]
    untold: float
    untold_texts: tuple[str, ...]
    hours: tuple[float, ...] = Field(min_length=24, max_length=24)


class VehicleClass(Strict):
    """A class of stolen vehicle: its exact window totals and what is stolen how."""

    previous: int
    current: int
    makes: dict[str, float]
    values: tuple[float, ...]
    methods: tuple[float, ...]


class VehicleThefts(Strict):
    """The extract of vehicle thefts."""

    classes: dict[str, VehicleClass]
    value_bands: tuple[str, ...]
    methods: tuple[str, ...]
    recovered: tuple[float, float, float]


class Indicator(Level):
    """A partner's indicator; ``capacity_note`` is written in months at or above ``full_at``."""

    organisation: str
    capacity_note: str = ""
    full_at: int | None = None
    unreturned: tuple[Month, ...] = ()


class PartnerReturns(Strict):
    """Partners' monthly returns."""

    first_month: Month
    indicators: dict[str, Indicator]


class LocalSurvey(Strict):
    """Responses to the board's own questionnaire: how many, on which days, and the chances of a positive answer."""

    responses: int
    days: tuple[str, ...]
    positive: dict[str, float]


class Calibration(Strict):
    """``illustrative.yml``."""

    seed: int
    first_month: Month
    last_month: Month
    vintage: str = Field(pattern="^illustrative")
    older_vintage: OlderVintage
    historical_until: Month
    unallocated: float = Field(ge=0, lt=1)
    overdispersion: float = Field(gt=0)
    covid_stringency: dict[Month, float]
    seasons: dict[str, tuple[float, ...]]
    wards: dict[str, Ward]
    town_centre: str
    borough: Named
    other_boroughs: dict[str, OtherBorough]
    pseudo_area: PseudoArea
    recorded_crime: dict[str, Category]
    dashboard: dict[str, DashboardSeries]
    refresh_dates: RefreshDates
    vawg: Vawg
    police_uk: PoliceUk
    attitudes: Attitudes
    asb_calls: AsbCalls
    vehicle_thefts: VehicleThefts
    partner_returns: PartnerReturns
    local_survey: LocalSurvey


@dataclass(frozen=True)
class Calendar:
    """The months written, and where the two twelve-month windows stand among them."""

    months: pd.PeriodIndex
    stringency: np.ndarray

    @property
    def current(self) -> slice:
        """The last twelve months."""
        return slice(len(self.months) - 12, len(self.months))

    @property
    def previous(self) -> slice:
        """The twelve months before them."""
        return slice(len(self.months) - 24, len(self.months) - 12)

    def position(self, month: Month) -> int:
        """Where a month stands, from 0."""
        return int(self.months.get_indexer([pd.Period(month, freq="M")])[0])


def load_calibration(settings: Settings) -> Calibration:
    """The calibration of a parameters folder; raises :class:`crimelib.errors.InputError` where it is malformed."""
    return settings.load("illustrative.yml", Calibration)


def calendar(calibration: Calibration) -> Calendar:
    """The calibration's months with the stringency of the restrictions in each."""
    months = pd.period_range(calibration.first_month, calibration.last_month, freq="M")
    return Calendar(months, np.array([calibration.covid_stringency.get(str(month), 0.0) for month in months]))
