"""The pack's first page: every item at a glance, the pages and the files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from crimelib.production.pages import PackInfo, Page, render_template

MAIN_WINDOW = "rolling_12"
MINOR_WINDOWS = (("month", "Month"), ("quarter", "Three months"), ("ytd", "Year to date"))
PROPORTION_ITEMS = frozenset({"perception"})  # whose counts are proportions from 0 to 1 (the contract of summary.csv)
_VARIATIONS = {
    "increase": ("▲", "Increase, beyond chance"),
    "decrease": ("▼", "Decrease, beyond chance"),
    "no_clear_change": ("●", "No clear change"),
}
_STATUSES = {
    "suppressed": "Withheld: the number is too small to publish",
    "incomplete": "Incomplete",
    "not_comparable": "Not comparable: the definition changed",
    "no_data": "No data",
}
_MINUS = "\N{MINUS SIGN}"


@dataclass(frozen=True)
class Cell:
    """One measure over one window, in words; texts are empty when there is no figure to show."""

    current: str = ""
    previous: str = ""
    change: str = ""
    pct: str = ""
    signal: str = ""
    icon: str = ""
    words: str = ""
    note: str = ""


@dataclass(frozen=True)
class Row:
    title: str
    main: Cell
    minor: Mapping[str, Cell]


@dataclass(frozen=True)
class Group:
    """An item and its measures; ``href`` is empty when the pack has no page for it."""

    title: str
    href: str
    rows: tuple[Row, ...]


def render_overview(
    summary: pd.DataFrame,
    pages: Sequence[Page],
    info: PackInfo,
    files: Sequence[tuple[str, str]],
    titles: Mapping[str, str],
) -> str:
    """``index.html``: ``summary`` has the rows of ``summary.csv``, ``titles`` the names of measures, and
    of items under ``item/<id>``."""
    groups = overview_groups(summary, pages, titles)
    return render_template(
        "overview.html.j2",
        info=info,
        title=f"Community safety in {info.area}",
        lead=lead_sentence(groups),
        groups=groups,
        minor_windows=MINOR_WINDOWS,
        pages=pages,
        files=files,
    )


def overview_groups(summary: pd.DataFrame, pages: Sequence[Page], titles: Mapping[str, str]) -> tuple[Group, ...]:
    """The borough's totals by item and measure, in the order of ``summary``."""
    links = {page.name: page.href for page in pages}
    totals = summary[summary["breakdown"] == "total"]
    return tuple(
        Group(titles.get(f"item/{item}") or _title(item, titles), links.get(item, ""), _rows(measures, titles))
        for item, measures in totals.groupby("item", sort=False)
    )


def lead_sentence(groups: Sequence[Group]) -> str:
    """How many measures rose, fell, did neither, or have no test."""
    signals = [row.main.signal for group in groups for row in group.rows]
    if not signals:
        return "No figures were given for this pack."
    up, down, flat = (signals.count(signal) for signal in _VARIATIONS)
    rest = len(signals) - up - down - flat
    measures = "measure" if len(signals) == 1 else "measures"
    sentence = f"Of {len(signals)} {measures}, {up} rose and {down} fell beyond chance; {flat} showed no clear change"
    return f"{sentence}, and {rest} could not be tested." if rest else f"{sentence}."


def _rows(measures: pd.DataFrame, titles: Mapping[str, str]) -> tuple[Row, ...]:
    return tuple(_row(measure, rows, titles) for measure, rows in measures.groupby("measure", sort=False))


def _row(measure: str, rows: pd.DataFrame, titles: Mapping[str, str]) -> Row:
    cells = {row["window"]: _cell(row) for row in rows.to_dict("records")}
    absent = Cell(words=_STATUSES["no_data"])
    minor = {window: cells.get(window, absent) for window, _ in MINOR_WINDOWS}
    return Row(_title(measure, titles), cells.get(MAIN_WINDOW, absent), minor)


def _cell(row: Mapping[str, Any]) -> Cell:
    proportion = row["item"] in PROPORTION_ITEMS
    status, signal = str(row["status"]), row["signal"] if row["signal"] in _VARIATIONS else ""
    icon, words = _VARIATIONS.get(signal, ("", "Not tested"))
    return Cell(
        current=_amount(row["current"], proportion),
        previous=_amount(row["previous"], proportion),
        change=_change(row["change"], proportion),
        pct="" if proportion else _signed(row["pct_change"], ".1f", "%"),
        signal=signal,
        icon=icon,
        words=words if status == "ok" else _STATUSES.get(status, status),
        note=_note(row, signal),
    )


def _note(row: Mapping[str, Any], signal: str) -> str:
    """The row's own remark, or how large a change would have had to be to show."""
    if not _missing(row["note"]):
        note = str(row["note"])
        said = _STATUSES.get(str(row["status"]), "").partition(":")[0]
        words = note.removeprefix(f"{said}: ") if said else note
        return words[:1].upper() + words[1:]
    detectable = row["detectable_pct"]
    if signal != "no_clear_change" or _missing(detectable) or row["item"] in PROPORTION_ITEMS:
        return ""
    if float(detectable) > 100:
        return "So few that even a doubling could be chance"
    return f"Smallest change likely to show: {float(detectable):.0f}%"


def _amount(value: Any, proportion: bool) -> str:
    if _missing(value):
        return ""
    number = float(value)
    return f"{100 * number:.0f}%" if proportion else f"{number:,.0f}"


def _change(value: Any, proportion: bool) -> str:
    if _missing(value):
        return ""
    return _signed(100 * float(value), ".0f", " points") if proportion else _signed(value, ",.0f", "")


def _signed(value: Any, spec: str, unit: str) -> str:
    """``+6``, ``−140`` or ``0``; the sign is that of the number as shown."""
    if _missing(value):
        return ""
    size = format(abs(float(value)), spec)
    sign = "" if not size.strip("0.,") else "+" if float(value) > 0 else _MINUS
    return f"{sign}{size}{unit}"


def _missing(value: Any) -> bool:
    return value is None or value == "" or bool(pd.isna(value))


def _title(name: str, titles: Mapping[str, str]) -> str:
    return titles.get(name) or name.replace("_", " ").capitalize()
