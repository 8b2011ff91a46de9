"""The explorer of definitions of anti-social behaviour: tick what counts, and see whether the conclusion changes."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from typing import Any

import pandas as pd

from crimelib.board.asb import WINDOW, conclusion
from crimelib.board.summary import unusual_months
from crimelib.board.tables import change_text, count_text, signal_text
from crimelib.errors import InputError
from crimelib.explore.answers import Answer, Control, Exploration, area_options
from crimelib.explore.live import lines_chart, series_values
from crimelib.explore.workspace import Workspace
from crimelib.measures.asb import Calls, history, latest, read_calls, selected
from crimelib.settings import AsbDefinition
from crimelib.stats.comparison import compare_many
from crimelib.views import TICKED, AsbDefinitionView

ALL_CALLS = AsbDefinition(label="All calls", counts="every call")


def controls(workspace: Workspace, view: AsbDefinitionView) -> Sequence[Control]:
    """The controls of the explorer: what is declared in ``asb_taxonomy.yml``, to count and to leave out."""
    taxonomy = workspace.settings.asb_taxonomy
    headings = tuple((label, name) for name, label in taxonomy.headings.items())
    tags = tuple((tag.label, name) for name, tag in taxonomy.tags.items())
    return (
        Control("area", "Area", "one", area_options(workspace)),
        Control("label", "Name of the definition", "text"),
        Control("headings", "Headings (none: all)", "several", headings),
        Control(
            "qualifiers",
            "Qualifiers (none: all)",
            "several",
            tuple((label, name) for name, label in taxonomy.qualifiers.items()),
        ),
        Control("tags", "Any of these tags", "several", tags),
        Control("without_headings", "Without headings", "several", headings),
        Control("without_tags", "Without tags", "several", tags),
    )


def answer(workspace: Workspace, view: AsbDefinitionView) -> Answer:
    """The months under the ticked definition beside all calls, and whether the conclusion changes."""
    calls = _calls(workspace, view)
    tried = {each.label: each for each in (ALL_CALLS, *_declared(workspace), view.definition)}
    shown = {name: each for name, each in tried.items() if name in (ALL_CALLS.label, view.label)}
    rows = [{"label": name, **_change(workspace, calls, each)} for name, each in tried.items()]
    kept = workspace.remembered(("latest calls", calls.area_code), lambda: latest(calls))
    share = int(kept.loc[selected(kept, view.definition), "count"].sum()) / max(1, int(kept["count"].sum()))
    said = (
        conclusion([row for row in rows if row["label"] in shown]),
        f"{view.label} counts {share:.0%} of all calls at hand: {view.definition.counts}.",
    )
    values = [row for name, each in shown.items() for row in series_values(name, _monthly(workspace, calls, each))]
    return Answer(
        lines_chart(values, title="Calls by month", unit="calls"),
        said,
        (("What each definition counts", _table(rows)),),
        code(view),
    )


def code(view: AsbDefinitionView) -> str:
    """The notebook cell that gives the same months."""
    ticked = [f"    {name}={getattr(view, name)!r}," for name in TICKED if getattr(view, name)]
    lines = ["import crimelib as cl", "", "calls = cl.asb_calls(", f"    {view.area!r},", *ticked, ")", "calls"]
    return "\n".join(lines)


def _calls(workspace: Workspace, view: AsbDefinitionView) -> Calls:
    area = workspace.place(view.area).area
    calls = workspace.remembered(("calls", area.code), lambda: read_calls(workspace.store, workspace.settings, area))
    if calls is None or calls.covered.empty:
        fix = "ask the police for an extract (crimelib template asb_calls)"
        raise InputError(f"no extract of calls has {area.name}", where="area", fix=fix)
    return calls


def _change(workspace: Workspace, calls: Calls, definition: AsbDefinition) -> dict[str, Any]:
    """The year to the newest call under a definition against the one before, as :func:`compare_many` has it."""
    key = ("calls compared", *_ticked(calls, definition))
    return workspace.remembered(key, lambda: _compared(workspace, calls, definition))


def _compared(workspace: Workspace, calls: Calls, definition: AsbDefinition) -> dict[str, Any]:
    end = _monthly(workspace, calls, ALL_CALLS).index[-1]
    monthly = _monthly(workspace, calls, definition).to_frame()
    return compare_many(monthly, end, WINDOW, unusual=unusual_months(workspace.settings)).iloc[0].to_dict()


def _monthly(workspace: Workspace, calls: Calls, definition: AsbDefinition) -> pd.Series:
    return workspace.remembered(("calls counted", *_ticked(calls, definition)), lambda: _counted(calls, definition))


def _ticked(calls: Calls, definition: AsbDefinition) -> tuple[Hashable, ...]:
    """The area and what a definition ticks, whatever it is called."""
    return calls.area_code, *(getattr(definition, name) for name in (*TICKED, "untagged"))


def _counted(calls: Calls, definition: AsbDefinition) -> pd.Series:
    found = history(calls, definition)
    return found.monthly(calls.area_code) if found else pd.Series(dtype="float64")


def _declared(workspace: Workspace) -> list[AsbDefinition]:
    return list(workspace.settings.asb_taxonomy.definitions.values())


def _table(rows: Sequence[Mapping[str, object]]) -> pd.DataFrame:
    lines = [
        (row["label"], count_text(row["current"]), count_text(row["previous"]), change_text({**row, "absent": ""}),
         signal_text(row["signal"]) or "–")
        for row in rows
    ]  # fmt: skip
    return pd.DataFrame(lines, columns=["Definition", "Now", "A year before", "Change", "More than chance?"])


ASB_DEFINITION = Exploration("What counts as anti-social behaviour", controls, answer)
