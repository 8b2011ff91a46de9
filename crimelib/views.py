"""What an explorer shows, as a few checked values: what `save view` writes, what reopens it, and what a board notebook
may name. One file a view: ``parameters/views/<name>.yml``."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Annotated, Literal

import yaml
from pydantic import Field

from crimelib.errors import InputError
from crimelib.settings import PERIOD_PATTERN, AsbDefinition, Strict, Window, checked, read_yaml

TICKED = ("headings", "qualifiers", "tags", "without_headings", "without_tags")
VIEW_NAME = r"^[a-z][a-z0-9_]{0,59}$"
OptionalMonth = Annotated[str, Field(pattern=rf"(^$|{PERIOD_PATTERN})")]


class TrendsView(Strict):
    """Some measures in some places, by month."""

    explorer: Literal["trends"] = "trends"
    measures: tuple[str, ...] = Field(default=("burglary.burglary",), min_length=1)
    areas: tuple[str, ...] = Field(default=("Bromley",), min_length=1)
    ward: str = ""
    window: Window = "rolling_12"
    shown_as: Literal["months", "rolling", "index", "rate"] = "months"
    since: OptionalMonth = ""
    events: bool = True


class WardsView(Strict):
    """One measure over the wards of an area."""

    explorer: Literal["wards"] = "wards"
    measure: str = "burglary.burglary"
    area: str = "Bromley"
    window: Window = "rolling_12"
    period: OptionalMonth = ""
    ward: str = ""


class AsbDefinitionView(Strict):
    """A definition of anti-social behaviour tried on the calls of an area: see :class:`AsbDefinition`."""

    explorer: Literal["asb_definition"] = "asb_definition"
    area: str = "Bromley"
    label: str = Field(default="As ticked", min_length=1, max_length=60)
    headings: tuple[str, ...] = ()
    qualifiers: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    without_headings: tuple[str, ...] = ()
    without_tags: tuple[str, ...] = ()

    @property
    def definition(self) -> AsbDefinition:
        """What is ticked, as a definition."""
        ticked = {name: getattr(self, name) for name in TICKED}
        words = [f"{name.replace('_', ' ')}: {', '.join(chosen)}" for name, chosen in ticked.items() if chosen]
        return AsbDefinition(label=self.label, counts="; ".join(words).replace("_", " ") or "every call", **ticked)


class PartnersView(Strict):
    """The police's and the partners' figures of one item, from a base month."""

    explorer: Literal["partners"] = "partners"
    item: str = "domestic_abuse"
    area: str = "Bromley"
    base: OptionalMonth = ""
    period: OptionalMonth = ""


class DataCheckView(Strict):
    """What is at hand of one source."""

    explorer: Literal["data_check"] = "data_check"
    source: str = ""
    area: str = "Bromley"


View = TrendsView | WardsView | AsbDefinitionView | PartnersView | DataCheckView
KINDS: dict[str, type[Strict]] = {
    "trends": TrendsView,
    "wards": WardsView,
    "asb_definition": AsbDefinitionView,
    "partners": PartnersView,
    "data_check": DataCheckView,
}


def view_path(folder: Path, name: str) -> Path:
    """The file of a named view; raises :class:`InputError` for a name that is not a plain one."""
    if not re.fullmatch(VIEW_NAME, name):
        fix = "use small letters, digits and underscores, a letter first"
        raise InputError(f"{name!r} is no name for a view", where="view", fix=fix)
    return folder / "views" / f"{name}.yml"


def read_view(folder: Path, name: str) -> View:
    """A saved view; raises :class:`InputError` where there is none or it does not check."""
    path = view_path(folder, name)
    if not path.exists():
        known = ", ".join(sorted(each.stem for each in path.parent.glob("*.yml"))) or "none is saved"
        raise InputError(f"there is no view {name!r}", where=f"{folder.name}/views", fix=f"known: {known}")
    content = read_yaml(path)
    kind = content.get("explorer") if isinstance(content, dict) else None
    if kind not in KINDS:
        raise InputError(
            f"{kind!r} is no explorer", where=f"views/{path.name}: key explorer", fix=f"use one of {', '.join(KINDS)}"
        )
    return checked(KINDS[kind], content, path)


def write_view(folder: Path, name: str, view: View) -> Path:
    """Save a view under a name, whole or not at all; a name that is taken is not written over."""
    path = view_path(folder, name)
    path.parent.mkdir(exist_ok=True)
    aside = path.with_name(f".{path.name}.{os.getpid()}")
    aside.write_text(yaml.safe_dump(view.model_dump(mode="json"), sort_keys=False, allow_unicode=True), "utf-8")
    try:
        os.link(aside, path)
    except FileExistsError:
        raise InputError(f"a view {name!r} is saved already", where="view", fix="choose another name") from None
    finally:
        aside.unlink()
    return path
