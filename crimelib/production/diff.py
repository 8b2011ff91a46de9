"""``crimelib diff``: two packs side by side, and for every figure that differs, what could have changed it.

``run.json`` records every input, parameter file and the code by hash, so that a cause is what really differs between
the packs. Where several things differ at once each is named: the packs alone cannot tell them apart.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from crimelib.board.tables import FIGURES, WINDOW_TITLES
from crimelib.errors import InputError
from crimelib.production.pack import RECORD, read_record, sha256_file

if TYPE_CHECKING:
    from rich.console import Group

CAUSES = {
    "later_months": "Data is new: the packs are of different periods",
    "new_data": "Data is new: a figure that was not there is there now, and files came with it",
    "revised_data": "Data was revised: the same months from other files",
    "definition": "A definition or parameter changed",
    "code": "The code or its environment changed",
    "unexplained": "Nothing that the packs record explains it",
}
KEY = ["item", "measure", "breakdown", "breakdown_value", "window"]
_COMPARED = [*FIGURES, "signal", "status"]
_PARAMETERS = "parameters"
_SHOWN_ON_TERMINAL = 40

Inputs = Mapping[tuple[str, str, str], str]


@dataclass(frozen=True)
class PackName:
    """Which pack it is, and what it was made of, by hash."""

    area: str
    period: str
    audience: str
    run_id: str
    made_at: str
    illustrative: bool
    inputs: Inputs
    sha256: Mapping[str, str]

    def __str__(self) -> str:
        return f"{self.area}, {self.period}, {self.audience}, run {self.run_id} of {self.made_at}"


@dataclass(frozen=True)
class FigureChange:
    """A row of ``summary.csv`` that differs: its figures in each pack, and what could have changed them."""

    item: str
    measure: str
    breakdown: str
    label: str
    window: str
    one: str
    other: str
    causes: tuple[str, ...]

    @property
    def name(self) -> str:
        """Measure, part and window in words."""
        part = f", {self.label or self.breakdown}" if self.breakdown != "total" else ""
        return f"{_words(self.measure)}{part}, {WINDOW_TITLES.get(self.window, self.window).lower()}"


@dataclass(frozen=True)
class PackDiff:
    """What differs between two packs; ``came`` and ``went`` are rows that only the other, or only the one, has."""

    one: PackName
    other: PackName
    changes: tuple[FigureChange, ...]
    came: tuple[FigureChange, ...]
    went: tuple[FigureChange, ...]
    unchanged: int
    made_of: tuple[str, ...]

    @property
    def by_cause(self) -> dict[tuple[str, ...], list[FigureChange]]:
        """The changed figures under what could have changed them, in the order of the summary."""
        groups: dict[tuple[str, ...], list[FigureChange]] = {}
        for change in self.changes:
            groups.setdefault(change.causes, []).append(change)
        return groups


def diff_packs(one: Path, other: Path) -> PackDiff:
    """Compare the figures of two packs of one area and audience, ``one`` the earlier.

    Raises :class:`InputError` for what is not a whole pack, and for packs of different areas or audiences.
    """
    names = _read_name(one), _read_name(other)
    if (names[0].area, names[0].audience) != (names[1].area, names[1].audience):
        raise InputError(
            f"the packs are of {names[0].area} for the {names[0].audience} and of {names[1].area} for the"
            f" {names[1].audience}",
            fix="compare packs of one area and one audience",
        )
    before, after = _read_rows(one), _read_rows(other)
    shared = [key for key in after if key in before]
    changed = [key for key in shared if _differ(before[key], after[key])]
    return PackDiff(
        *names,
        changes=tuple(_change(before[key], after[key], *names) for key in changed),
        came=tuple(_change({}, after[key], *names) for key in after if key not in before),
        went=tuple(_change(before[key], {}, *names) for key in before if key not in after),
        unchanged=len(shared) - len(changed),
        made_of=tuple(_made_of(*names)),
    )


def diff_text(diff: PackDiff) -> Group:
    """The differences for a terminal."""
    from rich.console import Group
    from rich.text import Text

    lines = [f"From {diff.one}", f"to   {diff.other}", "", *diff.made_of, "", diff_sentence(diff)]
    tables = [_terminal_table(_title(causes), changes) for causes, changes in diff.by_cause.items()]
    rows = {"Rows that came": diff.came, "Rows that went": diff.went}
    tables += [_terminal_table(title, changes) for title, changes in rows.items() if changes]
    return Group(Text("\n".join(lines)), *tables)


def diff_page(diff: PackDiff) -> str:
    """The differences as an HTML page of its own, in the packs' looks."""
    from crimelib.production.pages import PackInfo, render_template

    period = diff.one.period if diff.one.period == diff.other.period else f"{diff.one.period} and {diff.other.period}"
    provenance = (("From", str(diff.one)), ("To", str(diff.other)))
    illustrative = diff.one.illustrative or diff.other.illustrative
    info = PackInfo(diff.one.area, period, diff.one.audience, illustrative, provenance)
    groups = [(_title(causes), changes) for causes, changes in diff.by_cause.items()]
    groups += [("Rows that came", diff.came)] * bool(diff.came) + [("Rows that went", diff.went)] * bool(diff.went)
    lead = diff_sentence(diff)
    return render_template("diff.html.j2", info=info, title="What changed", lead=lead, diff=diff, groups=groups)


def diff_sentence(diff: PackDiff) -> str:
    """How many figures changed, and from what."""
    if not (diff.changes or diff.came or diff.went):
        return f"No figure changed: {diff.unchanged} rows are the same."
    counted = Counter(change.causes for change in diff.changes)
    parts = [f"{count} ({_title(causes).lower()})" for causes, count in counted.items()]
    changed = f"{len(diff.changes)} rows changed{': ' if parts else ''}{'; '.join(parts)}"
    return f"{changed}. {len(diff.came)} came, {len(diff.went)} went, {diff.unchanged} are the same."


# --- reading ---------------------------------------------------------------------------------------------------------


def _read_name(pack: Path) -> PackName:
    record = read_record(pack)
    if record is None:
        raise InputError(f"{RECORD} is missing, broken or altered", where=str(pack), fix="give a pack's folder")
    summary = pack / "summary.csv"
    if not summary.is_file() or sha256_file(summary) != record["outputs"].get("summary.csv"):
        raise InputError("summary.csv is missing or altered", where=str(pack), fix="make the pack again")
    inputs = {(each["source"], each["vintage"], each["file"]): each["sha256"] for each in record["inputs"]}
    said = {name: record[name] for name in ("area", "period", "audience", "run_id", "made_at", "illustrative")}
    return PackName(**said, inputs=inputs, sha256=record["sha256"])


def _read_rows(pack: Path) -> dict[tuple[str, ...], dict[str, str]]:
    """The rows of ``summary.csv`` as they stand in the file, by what they are about."""
    rows = pd.read_csv(pack / "summary.csv", dtype=str, keep_default_na=False).to_dict("records")
    return {tuple(row[name] for name in KEY): row for row in rows}


# --- causes ----------------------------------------------------------------------------------------------------------


def _differ(before: Mapping[str, str], after: Mapping[str, str]) -> bool:
    return any(before[name] != after[name] for name in _COMPARED)


def _change(before: Mapping[str, str], after: Mapping[str, str], one: PackName, other: PackName) -> FigureChange:
    row = after or before
    about = [row[name] for name in ("item", "measure", "breakdown", "breakdown_label", "window")]
    return FigureChange(*about, _figures(before), _figures(after), tuple(_causes(before, after, one, other)))


def _causes(before: Mapping[str, str], after: Mapping[str, str], one: PackName, other: PackName) -> list[str]:
    """All that differs between the packs and that this row could have changed by."""
    same_months = one.period == other.period
    data = _data_causes(before, after, one.inputs, other.inputs) if same_months else ["later_months"]
    definition = ["definition"] * (_of(one.inputs, {_PARAMETERS}) != _of(other.inputs, {_PARAMETERS}))
    code = ["code"] * any(one.sha256.get(name) != other.sha256.get(name) for name in ("code", "environment"))
    return [*data, *definition, *code] or ["unexplained"]


def _data_causes(before: Mapping[str, str], after: Mapping[str, str], one: Inputs, other: Inputs) -> list[str]:
    """The same months: whether the files behind the row differ, and whether there was a figure at all."""
    sources = {source for row in (before, after) if row for source in row["source"].split(" + ")} - {""}
    if not sources:
        sources = {source for source, _, _ in (*one, *other)} - {_PARAMETERS}
    if _of(one, sources) == _of(other, sources):
        return []
    return ["revised_data" if before and before["current"] else "new_data"]


def _of(inputs: Inputs, sources: set[str]) -> dict[tuple[str, str, str], str]:
    return {name: sha256 for name, sha256 in inputs.items() if name[0] in sources}


def _made_of(one: PackName, other: PackName) -> Iterable[str]:
    """What differs between two packs' makings, a line each."""
    came, went = sorted(set(other.inputs) - set(one.inputs)), sorted(set(one.inputs) - set(other.inputs))
    altered = sorted(name for name in set(one.inputs) & set(other.inputs) if one.inputs[name] != other.inputs[name])
    for what, names in (("new", came), ("gone", went), ("changed", altered)):
        for kind, chosen in (("Parameter files", True), ("Data files", False)):
            if files := [name for name in names if (name[0] == _PARAMETERS) is chosen]:
                yield f"{kind} {what}: {_listed(files)}."
    for name, words in (("code", "The code"), ("environment", "Python or a package")):
        if one.sha256.get(name) != other.sha256.get(name):
            yield f"{words} changed."


def _listed(files: list[tuple[str, str, str]], most: int = 5) -> str:
    shown = ["/".join(part for part in (vintage, file) if part) for _, vintage, file in files[:most]]
    return ", ".join(shown) + (f" and {len(files) - most} more" if len(files) > most else "")


# --- words -----------------------------------------------------------------------------------------------------------


def _figures(row: Mapping[str, str]) -> str:
    """A row's figures in one line: ``749 against 640 (17.0%), increase``, or its status where it has none."""
    if not row:
        return "no row"
    if not row["current"]:
        return _words(row["status"]).lower()
    against = f" against {row['previous']}" if row["previous"] else ""
    percent = f" ({row['pct_change']}%)" if row["pct_change"] else ""
    signal = f", {_words(row['signal']).lower()}" if row["signal"] else ""
    limits = f", ratio {row['ratio_low']} to {row['ratio_high']}" if row["ratio_low"] else ""
    return f"{row['current']}{against}{percent}{signal}{limits}"


def _title(causes: Iterable[str]) -> str:
    return "; or: ".join(CAUSES[cause] for cause in causes)


def _words(name: str) -> str:
    return name.replace("_", " ").capitalize()


def _terminal_table(title: str, changes: Iterable[FigureChange]) -> Any:
    from rich.box import SIMPLE
    from rich.table import Table
    from rich.text import Text

    listed = list(changes)
    more = len(listed) - _SHOWN_ON_TERMINAL
    caption = f"and {more} more: see the page" if more > 0 else None
    table = Table("Figure", "From", "To", title=Text(title), title_justify="left", box=SIMPLE, caption=caption)
    for change in listed[:_SHOWN_ON_TERMINAL]:
        table.add_row(*map(Text, (change.name, change.one, change.other)))
    return table
