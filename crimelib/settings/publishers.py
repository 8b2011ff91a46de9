"""Publishers' files: where they are, what they hold, which series their categories count in, when they are doubted."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from crimelib.settings.reading import Strict
from crimelib.settings.terms import PERIOD_PATTERN, SLUG_PATTERN


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
