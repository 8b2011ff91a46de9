"""What an explorer is made of, without any widget: a view goes in, an answer comes out."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import pandas as pd

from crimelib.board.charts import Spec
from crimelib.explore.workspace import Workspace
from crimelib.settings import Strict


@dataclass(frozen=True)
class Answer:
    """What a view shows: a Vega-Lite ``spec`` (None: nothing to draw), what is said in plain lines, ``tables`` with
    their captions (the first column names a row) and ``code``, the cell that gives the same again."""

    spec: Spec | None
    said: tuple[str, ...]
    tables: tuple[tuple[str, pd.DataFrame], ...]
    code: str


@dataclass(frozen=True)
class Control:
    """One labelled control: the ``field`` of the view that it sets and the choices as (label, value)."""

    field: str
    label: str
    kind: Literal["one", "several", "tick", "text", "slide"]
    options: tuple[tuple[str, Any], ...] = ()


@dataclass(frozen=True)
class Pick:
    """A selection in the chart: an interval dragged over or points clicked on, and what is told of it."""

    kind: Literal["interval", "point"]
    told: Callable[[Workspace, Any, Any], list[str]]


@dataclass(frozen=True)
class Exploration:
    """An explorer: its title, the controls of a view, the answer to it, and the chart's selections by name."""

    title: str
    controls: Callable[[Workspace, Any], Sequence[Control]]
    answer: Callable[[Workspace, Any], Answer]
    picked: Mapping[str, Pick] = field(default_factory=dict)


def changed(view: Strict, name: str, value: object) -> Strict:
    """A view with one value changed, checked like one that is read from a file."""
    return type(view).model_validate({**view.model_dump(), name: value})


def settled(view: Strict, controls: Sequence[Control]) -> Strict:
    """A view without what its controls no longer offer (the ward of another area): nothing chosen instead, else the
    first choice."""
    stale = {}
    for control in controls:
        offered, value = [each for _, each in control.options], getattr(view, control.field)
        if control.kind == "several":
            kept = tuple(each for each in value if each in offered)
            stale |= {control.field: kept} if kept != value else {}
        elif offered and value not in offered:
            stale[control.field] = "" if "" in offered else offered[0]
    return type(view).model_validate({**view.model_dump(), **stale}) if stale else view


def measure_options(workspace: Workspace) -> tuple[tuple[str, str], ...]:
    """Every measure that some file at hand counts, as (label, ``item.measure``)."""
    here = workspace.counted("series")
    return tuple(
        (_in_item(workspace.settings.items[named.item].title, named.measure.label), path)
        for path, named in workspace.measures().items()
        if any(here >= {*figures.add, *figures.subtract} for figures in named.measure.figures)
    )


def area_options(workspace: Workspace) -> tuple[tuple[str, str], ...]:
    """Every area that some file at hand counts, by name."""
    here = workspace.counted("area_code")
    known = (*workspace.book.areas, *workspace.book.units)
    found = [area.name for area in known if area.level != "outside" and here & set(workspace.book.members(area))]
    return tuple((name, name) for name in found)


def ward_options(workspace: Workspace, area: str) -> tuple[tuple[str, str], ...]:
    """The wards of an area, the whole area first."""
    wards = workspace.data(workspace.place(area).area).wards
    return (("The whole area", ""), *((ward.name, ward.name) for ward in wards))


def _in_item(title: str, label: str) -> str:
    """A measure's name with its item's, once where they are the same."""
    return label if title == label else f"{title}: {label}"
