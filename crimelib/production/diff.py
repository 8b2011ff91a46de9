"""``crimelib diff``: two packs side by side, and for every figure that differs, what could have changed it.

``run.json`` records every input, parameter file and the code by hash, so that a cause is what really differs between
the packs. Where several things differ at once each is named: the packs alone cannot tell them apart. Parameter files
in which only words stand (comments, claims, actions) change no figure and are no cause. Months that both packs had and
that a publisher gave anew between them are read from ``revisions.csv``, so that packs of two periods tell what is
later from what was revised.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from crimelib.board.narrative import counted
from crimelib.board.tables import FIGURES, WINDOW_TITLES
from crimelib.errors import InputError
from crimelib.measures.periods import WINDOWS, both_halves, month_label, parse_period
from crimelib.production.pack import record_of, sha256_file
from crimelib.production.standing import standing_of, time_words

if TYPE_CHECKING:
    from rich.console import Group

CAUSES = {
    "later_months": "Data is new: the packs are of different periods",
    "new_data": "Data is new: a figure that was not there is there now, and files came with it",
    "revised_data": "Data was revised: the same months from other files",
    "definition": "A definition or parameter changed",
    "code": "The code or its environment changed",
    "protection": "Other figures are withheld, since what other packs show counts as well",
    "unexplained": "Nothing that the packs record explains it",
}
KEY = ["item", "measure", "breakdown", "breakdown_value", "window"]
_COMPARED = [*FIGURES, "signal", "status"]
_PARAMETERS = "parameters"
# Parameter files that no figure rests on; any other counts as a definition, a new one too.
WORDS_ONLY = (
    "actions.yml", "challenge.yml", "claim_words.yml", "claims/", "commentary/", "contacts.csv", "fetch.yml",
    "illustrative.yml", "periods/", "plans/", "review.yml", "ward_panel.yml", "ward_tiles.csv",
)  # fmt: skip
_SHOWN_ON_TERMINAL = 40

REVISIONS = "revisions.csv"
REVISED_TITLE = "Months that publishers gave anew between the packs"

Inputs = Mapping[tuple[str, str, str], str]
Row = Mapping[str, str]


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
    standing: str
    titles: Mapping[str, str]

    def __str__(self) -> str:
        made = f"run {self.run_id}, made {time_words(self.made_at)}"
        return f"{self.area}, {self.month}, for the {self.audience}, {self.standing}; {made}"

    @property
    def month(self) -> str:
        """The period in words."""
        return month_label(parse_period(self.period))

    def title(self, measure: str) -> str:
        """A measure's name as the pack's own pages have it."""
        return self.titles.get(measure) or _words(measure)

    @property
    def definitions(self) -> Inputs:
        """The parameter files that figures rest on."""
        return {name: sha256 for name, sha256 in self.inputs.items() if _is_definition(name)}


@dataclass(frozen=True)
class FigureChange:
    """A row of ``summary.csv`` that differs: its figures in each pack, and what could have changed them."""

    name: str
    one: str
    other: str
    causes: tuple[str, ...]


@dataclass(frozen=True)
class MonthRevision:
    """A month's count of a measure that both packs had, and that was given anew between them."""

    item: str
    measure: str
    month: str
    name: str
    one: str
    other: str


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
    revised: tuple[MonthRevision, ...] = ()

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
    revised = tuple(revised_between(one, other, names[0]))
    shared = [key for key in after if key in before]
    changed = [key for key in shared if _differ(before[key], after[key])]
    return PackDiff(
        *names,
        changes=tuple(_change(before[key], after[key], *names, revised) for key in changed),
        came=tuple(_change({}, after[key], *names, revised) for key in after if key not in before),
        went=tuple(_change(before[key], {}, *names, revised) for key in before if key not in after),
        unchanged=len(shared) - len(changed),
        made_of=tuple(_made_of(*names)),
        revised=revised,
    )


def diff_text(diff: PackDiff) -> Group:
    """The differences for a terminal."""
    from rich.console import Group
    from rich.text import Text

    lines = [f"From {diff.one}", f"to   {diff.other}", "", *diff.made_of, "", diff_sentence(diff)]
    tables = [_terminal_table(title, "Figure", changes) for title, changes in _groups(diff)]
    tables += [_terminal_table(REVISED_TITLE, "Month", diff.revised)] * bool(diff.revised)
    return Group(Text("\n".join(lines)), *tables)


def diff_page(diff: PackDiff) -> str:
    """The differences as an HTML page of its own, in the packs' looks."""
    from crimelib.production.pages import PackInfo, render_template

    period = " and ".join(dict.fromkeys((diff.one.month, diff.other.month)))
    illustrative = diff.one.illustrative or diff.other.illustrative
    info = PackInfo(diff.one.area, period, diff.one.audience, illustrative, ())
    return render_template(
        "diff.html.j2",
        info=info,
        title="What changed",
        lead=diff_sentence(diff),
        diff=diff,
        groups=_groups(diff),
        revised_title=REVISED_TITLE,
    )


def _groups(diff: PackDiff) -> list[tuple[str, Sequence[FigureChange]]]:
    """The changed figures by cause, then the rows that only one pack has, each group under its title."""
    causes = [(_title(causes), changes) for causes, changes in diff.by_cause.items()]
    return [
        *causes,
        *((title, rows) for title, rows in (("Rows that came", diff.came), ("Rows that went", diff.went)) if rows),
    ]


def diff_sentence(diff: PackDiff) -> str:
    """How many figures changed, and from what."""
    if not (diff.changes or diff.came or diff.went):
        return f"No figure changed: {_counted(diff.unchanged)} the same."
    by_cause = Counter(change.causes for change in diff.changes)
    parts = [f"{number} ({_title(causes).lower()})" for causes, number in by_cause.items()]
    changed = f"{counted(len(diff.changes), 'rows')} changed"
    causes = f"{': ' if parts else ''}{'; '.join(parts)}"
    return f"{changed}{causes}. {len(diff.came)} came, {len(diff.went)} went, {_counted(diff.unchanged)} the same."


def _counted(rows: int) -> str:
    return f"{counted(rows, 'rows')} {'is' if rows == 1 else 'are'}"


# --- reading ---------------------------------------------------------------------------------------------------------


def _read_name(pack: Path) -> PackName:
    record = record_of(pack)
    for name in ("summary.csv", REVISIONS):
        _refuse_altered(pack, name, record["outputs"].get(name))
    inputs = {(each["source"], each["vintage"], each["file"]): each["sha256"] for each in record["inputs"]}
    said = {name: record[name] for name in ("area", "period", "audience", "run_id", "made_at", "illustrative")}
    standing = standing_of(record)
    words = f"revision {standing.revision} ({standing.status})"
    return PackName(**said, inputs=inputs, sha256=record["sha256"], standing=words, titles=record.get("titles", {}))


def _refuse_altered(pack: Path, name: str, sha256: str | None) -> None:
    """Raise :class:`InputError` for a table that is not as it was published; only ``summary.csv`` must be there."""
    if sha256 is None and name != "summary.csv":
        return
    path = pack / name
    if not path.is_file() or sha256_file(path) != sha256:
        raise InputError(f"{name} is missing or altered", where=str(pack), fix="make the pack again")


def _read_rows(pack: Path) -> dict[tuple[str, ...], dict[str, str]]:
    """The rows of ``summary.csv`` as they stand in the file, by what they are about."""
    rows = pd.read_csv(pack / "summary.csv", dtype=str, keep_default_na=False).to_dict("records")
    return {tuple(row[name] for name in KEY): row for row in rows}


# --- causes ----------------------------------------------------------------------------------------------------------


def _differ(before: Row, after: Row) -> bool:
    return any(before[name] != after[name] for name in _COMPARED)


def _change(before: Row, after: Row, one: PackName, other: PackName, revised: Iterable[MonthRevision]) -> FigureChange:
    row = after or before
    causes = _causes(before, after, one, other)
    if one.period != other.period and _rests_on(row, other if after else one, revised):
        causes.insert(1, "revised_data")
    return FigureChange(_name(row, other), _figures(before), _figures(after), tuple(causes))


def _causes(before: Row, after: Row, one: PackName, other: PackName) -> list[str]:
    """All that differs between the packs and that this row could have changed by."""
    same_months = one.period == other.period
    data = _data_causes(before, after, one.inputs, other.inputs) if same_months else ["later_months"]
    definition = ["definition"] * (one.definitions != other.definitions)
    code = ["code"] * any(one.sha256.get(name) != other.sha256.get(name) for name in ("code", "environment"))
    protection = ["protection"] * ("suppressed" in (before.get("status"), after.get("status")))
    return [*data, *definition, *code] or protection or ["unexplained"]


def _is_definition(name: tuple[str, str, str]) -> bool:
    source, _, file = name
    return source == _PARAMETERS and not any(
        file.startswith(each) if each.endswith("/") else file == each for each in WORDS_ONLY
    )


def _rests_on(row: Row, pack: PackName, revised: Iterable[MonthRevision]) -> bool:
    """Whether a month of a row's windows was revised between the packs."""
    if row["window"] not in WINDOWS:
        return False
    period = parse_period(pack.period)
    months = set(both_halves(period, row["window"]))
    return any((each.measure, each.item) == (row["measure"], row["item"]) and each.month in months for each in revised)


def _data_causes(before: Row, after: Row, one: Inputs, other: Inputs) -> list[str]:
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
        for kind in ("Definitions", "Data files", "Words"):
            if files := [name for name in names if _kind(name) == kind]:
                yield f"{kind} {what}: {_listed(files)}."
    for name, words in (("code", "The code"), ("environment", "Python or a package")):
        if one.sha256.get(name) != other.sha256.get(name):
            yield f"{words} changed."


def _kind(name: tuple[str, str, str]) -> str:
    """``Definitions`` are parameter files that figures rest on, ``Words`` those that they do not."""
    if name[0] != _PARAMETERS:
        return "Data files"
    return "Definitions" if _is_definition(name) else "Words"


def _listed(files: list[tuple[str, str, str]], most: int = 5) -> str:
    shown = ["/".join(part for part in (vintage, file) if part) for _, vintage, file in files[:most]]
    return ", ".join(shown) + (f" and {len(files) - most} more" if len(files) > most else "")


def revised_between(one: Path, other: Path, earlier: PackName) -> Iterator[MonthRevision]:
    """The months up to the earlier pack's period that ``revisions.csv`` of two packs tells apart, or of which that of
    the later one says that a file which the earlier had not gave them anew; on one basis only."""
    known = {(source, vintage) for source, vintage, _ in earlier.inputs}
    before, after = _read_revisions(one), _read_revisions(other)
    for key, row in after.items():
        was = before[key]["count"] if key in before else _count_known(row, known)
        if row["month"] <= earlier.period and was not in (row["count"], None):
            month = month_label(parse_period(row["month"]))
            name = f"{earlier.title(row['measure'])}, {month}"
            now = " ".join(filter(None, (row["count"], _because(row))))
            yield MonthRevision(row["item"], row["measure"], row["month"], name, was, now)


def _count_known(row: Row, known: Set[tuple[str, str]]) -> str | None:
    """What the earlier pack had of a month that only the later one can compare; None where it was not revised since,
    or where more than one file has come."""
    new, old = (row["source"], row["vintage"]), (row["source"], row["previous_vintage"])
    return row["previous_count"] if new not in known and old in known else None


def _because(row: Row) -> str:
    return f"({row['reason'][0].lower()}{row['reason'][1:]})" if row.get("reason") else ""


def _read_revisions(pack: Path) -> dict[tuple[str, ...], Row]:
    path = pack / REVISIONS
    if not path.is_file():
        return {}
    rows = pd.read_csv(path, dtype=str, keep_default_na=False).to_dict("records")
    return {tuple(row[name] for name in ("item", "measure", "month", "basis")): row for row in rows}


# --- words -----------------------------------------------------------------------------------------------------------


def _name(row: Row, pack: PackName) -> str:
    """Measure, part and window in words."""
    part = f", {row['breakdown_label'] or row['breakdown']}" if row["breakdown"] != "total" else ""
    return f"{pack.title(row['measure'])}{part}, {WINDOW_TITLES.get(row['window'], row['window']).lower()}"


def _figures(row: Row) -> str:
    """A row's figures in one line: ``749 against 640 (17.0%), increase``, or its status where it has none."""
    if not row:
        return "no row"
    if not row["current"]:
        return _words(row["status"]).lower()
    against = f" against {_number(row['previous'])}" if row["previous"] else ""
    percent = f" ({_number(row['pct_change'])}%)" if row["pct_change"] else ""
    signal = f", {_words(row['signal']).lower()}" if row["signal"] else ""
    limits = f", ratio {row['ratio_low']} to {row['ratio_high']}" if row["ratio_low"] else ""
    return f"{_number(row['current'])}{against}{percent}{signal}{limits}"


def _number(text: str) -> str:
    """A figure with its thousands apart and a minus sign; every digit stays, for two may differ in the last."""
    whole, point, rest = text.removeprefix("-").partition(".")
    return f"{'−' * text.startswith('-')}{int(whole):,}{point}{rest}"


def _title(causes: Iterable[str]) -> str:
    return "; or: ".join(CAUSES[cause] for cause in causes)


def _words(name: str) -> str:
    return name.replace("_", " ").capitalize()


def _terminal_table(title: str, what: str, changes: Iterable[FigureChange | MonthRevision]) -> Any:
    from rich.box import SIMPLE
    from rich.table import Table
    from rich.text import Text

    listed = list(changes)
    more = len(listed) - _SHOWN_ON_TERMINAL
    caption = f"and {more:,} more: --html FILE writes them all" if more > 0 else None
    table = Table(what, "From", "To", title=Text(title), title_justify="left", box=SIMPLE, caption=caption)
    for change in listed[:_SHOWN_ON_TERMINAL]:
        table.add_row(*map(Text, (change.name, *_shortly(change.one, change.other))))
    return table


def _shortly(one: str, other: str) -> tuple[str, str]:
    """Two figures without the limits of their ratios, but where nothing else tells them apart."""
    short = (one.partition(", ratio ")[0], other.partition(", ratio ")[0])
    return short if short[0] != short[1] else (one, other)
