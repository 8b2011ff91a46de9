"""Tables for board pages: accessible HTML, Markdown and plain text from the same cells.

A true zero reads ``0``, a protected figure ``suppressed``, a figure that does not exist ``no data`` and a window with
a missing month ``incomplete``; none is ever shown as another. A signal is an icon *and* words. Every text is escaped.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from html import escape

import numpy as np
import pandas as pd

from crimelib.board import theme
from crimelib.board.doubts import SUSPECTED_GAP

TABLE_TYPE = "application/vnd.crimelib.table+json"
WINDOW_TITLES = {
    "month": "Month",
    "quarter": "Three months",
    "ytd": "Financial year to date",
    "rolling_12": "Twelve months",
}
ABSENT_WORDS = {"suppressed": "suppressed", "incomplete": "incomplete", "no_data": "no data"}
SIGNALS = {
    "increase": ("▲", "increase"),
    "decrease": ("▼", "decrease"),
    "no_clear_change": ("●", "no clear change"),
    "suspected_gap": ("◌", "suspected gap"),
}
_LEADING_ICON = re.compile(r"^([^\w\s]) ")
_MONTHS = re.compile(r"\d{4}-\d\d(?: to \d{4}-\d\d)?")
_ICONS = tuple(icon for icon, _ in SIGNALS.values())
FIGURES = (
    "current",
    "previous",
    "change",
    "pct_change",
    "ratio_low",
    "ratio_high",
    "p_value",
    "detectable_pct",
)


# Words for figures -----------------------------------------------------------------------------------------------


def protected(rows: pd.DataFrame) -> pd.DataFrame:
    """Rows of ``summary.csv``'s shape with every figure blank whose status says it is not to be shown, and an
    ``absent`` column: the word to show instead ('' where there is a figure). A row that has no signal because a month
    looks short of data, as its note says, has the signal ``suspected_gap``."""
    absent = absent_words(rows)
    figures = [name for name in FIGURES if name in rows]
    hidden = np.array([word != "" for word in absent], dtype=bool)
    blanked = {
        name: np.where(hidden, np.nan, pd.to_numeric(rows[name]).to_numpy("float64", na_value=np.nan))
        for name in figures
    }
    if {"note", "signal"} <= set(rows):
        doubted = rows["note"].fillna("").astype(str).str.contains(SUSPECTED_GAP, regex=False)
        blanked["signal"] = rows["signal"].mask(doubted & ~hidden, "suspected_gap")
    return rows.assign(**blanked, absent=absent)


def absent_words(rows: pd.DataFrame) -> list[str]:
    """The word to show instead of each row's figure (``current``), '' where there is one to show."""
    status = rows["status"] if "status" in rows else [""] * len(rows)
    without = ["no data" if missing else "" for missing in rows["current"].isna()]
    return [ABSENT_WORDS.get(given) or told for given, told in zip(status, without, strict=True)]


def is_missing(value: object) -> bool:
    """True for None, NaN and pandas' missing values."""
    return value is None or bool(pd.isna(value))


def count_text(value: float, unit: str = "count") -> str:
    """``1,545``; a proportion as ``42%``; missing as ``no data``."""
    if is_missing(value):
        return "no data"
    return f"{_half_up(value * 100)}%" if unit == "proportion" else f"{value:,.0f}"


def signed(value: float, unit: str = "count") -> str:
    """``+95``, ``−140``, ``0``; the change of a proportion in percentage points."""
    if is_missing(value):
        return ""
    if unit == "proportion":
        points = _half_up(abs(value) * 100)
        return f"{_sign(value if points else 0)}{points} point{'' if points == 1 else 's'}"
    return f"{_sign(value)}{abs(value):,.0f}"


def percent_text(pct: float) -> str:
    """``+17%``; one decimal where a change would otherwise read as none (``−0.4%``)."""
    if is_missing(pct) or math.isinf(pct):
        return ""
    digits = 1 if 0 < abs(pct) < 0.5 else 0
    size = f"{abs(pct):.1f}" if digits else f"{_half_up(abs(pct)):,}"
    return f"{_sign(pct)}{size}%"


def change_text(row: Mapping[str, object]) -> str:
    """The change in offences and per cent: ``+95 (+7%)``; '' where there is no figure, or none that compares."""
    if row["absent"] or is_missing(row["previous"]) or row.get("status") == "not_comparable":
        return ""
    unit = row_unit(row)
    change = signed(row["current"] - row["previous"], unit)
    percent = "" if unit == "proportion" else percent_text(row.get("pct_change"))
    return f"{change} ({percent})" if percent else change


def from_to_text(row: Mapping[str, object]) -> str:
    """``640 → 749``, or the word for a figure that is not shown."""
    if row["absent"]:
        return row["absent"]
    unit = row_unit(row)
    return f"{count_text(row['previous'], unit)} → {count_text(row['current'], unit)}"


def changes_text(rows: pd.DataFrame) -> str:
    """``Racist 519 to 620 (+20%); Faith suppressed.``: what a chart of several series finds, from summary rows."""
    named = protected(rows).to_dict("records")
    return "; ".join(f"{row_label(row)} {_was_and_is(row)}" for row in named) + "." if named else ""


def _was_and_is(row: Mapping[str, object]) -> str:
    if row["absent"] or is_missing(row["previous"]):
        return row["absent"] or count_text(row["current"], row_unit(row))
    percent = percent_text(row["pct_change"]) if change_text(row) else ""
    gap = SIGNALS["suspected_gap"][1] if row.get("signal") == "suspected_gap" else ""
    then, now = (count_text(row[when], row_unit(row)) for when in ("previous", "current"))
    beside = ", ".join(filter(None, (percent, gap)))
    return f"{then} to {now}" + (f" ({beside})" if beside else "")


def signal_text(signal: object) -> str:
    """``▲ increase``: the icon never stands without its words."""
    icon, words = SIGNALS.get(signal if isinstance(signal, str) else "", ("", ""))
    return f"{icon} {words}".strip()


def row_unit(row: Mapping[str, object]) -> str:
    """``proportion`` for survey rows, else ``count``."""
    return row.get("unit") or ("proportion" if row.get("item") == "perception" else "count")


def row_label(row: Mapping[str, object]) -> str:
    """What a row is called: its ``label``, else its breakdown's label, else its measure in words."""
    for name in ("label", "breakdown_label"):
        if not is_missing(row.get(name)) and row.get(name):
            return str(row[name])
    return str(row.get("measure_title") or str(row["measure"]).replace("_", " ").capitalize())


def _half_up(value: float) -> int:
    return math.floor(value + 0.5 + 1e-9)


def _sign(value: float) -> str:
    return "+" if value > 0 else "−" if value < 0 else ""


# Tables ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Cell:
    """One cell: its text, the signal shown under it, and whether it stands for a figure that is not there."""

    text: str
    signal: str = ""
    absent: bool = False


@dataclass(frozen=True)
class Table:
    """A table that Jupyter, nbconvert and the PDF writer can show.

    ``columns`` are the headings (the first heads the row names), ``rows`` their cells, the first being the row's
    name; ``numeric`` the positions of right-aligned columns; ``group`` rows have a single cell.
    """

    caption: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    numeric: frozenset[int] = frozenset()
    unit: str = ""
    notes: tuple[str, ...] = ()

    def html(self, *, with_css: bool = False) -> str:
        """The table as HTML with caption, scopes and notes; every text is escaped."""
        style = f"<style>{theme.TABLE_CSS}</style>" if with_css else ""
        unit = f" <small>{escape(self.unit)}</small>" if self.unit else ""
        head = "".join(self._heading(place, text) for place, text in enumerate(self.columns))
        body = "".join(self._row(cells) for cells in self.rows)
        notes = "".join(f"<li>{escape(note)}</li>" for note in self.notes)
        return (
            f'{style}<div class="table-wrap" role="region" tabindex="0" aria-label="{escape(self.caption)}">'
            f'<table class="board-table"><caption>{escape(self.caption)}{unit}</caption>'
            f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"
            + (f'<ul class="table-notes">{notes}</ul>' if notes else "")
        )

    def markdown(self) -> str:
        """The table as a Markdown pipe table under its caption."""
        lines = [
            self.columns,
            ["---:" if place in self.numeric else "---" for place in range(len(self.columns))],
        ]
        lines += [[_plain(cell) for cell in cells] for cells in self.rows]
        pipes = [
            "| " + " | ".join(_escape_pipe(text, place) for text in line) + " |" for place, line in enumerate(lines)
        ]
        notes = [f"- {_escape_pipe(note)}" for note in self.notes]
        unit = f" ({self.unit})" if self.unit else ""
        return "\n".join([f"**{_escape_pipe(self.caption + unit)}**", "", *pipes, *([""] if notes else []), *notes])

    def text(self) -> str:
        """The table as aligned plain text."""
        lines = [self.columns, *([_plain(cell) for cell in cells] for cells in self.rows)]
        widths = [max(len(line[place]) for line in lines if place < len(line)) for place in range(len(self.columns))]
        body = [
            "  ".join(self._align(text, place, widths[place]) for place, text in enumerate(line)).rstrip()
            for line in lines
        ]
        return "\n".join([self.caption, *body, *self.notes])

    def payload(self) -> dict[str, object]:
        """The cells as plain values, for writers of other formats."""
        cells = [
            [{"text": c.text, "signal": signal_text(c.signal), "absent": c.absent} for c in row] for row in self.rows
        ]
        return {
            "caption": self.caption,
            "unit": self.unit,
            "columns": list(self.columns),
            "numeric": sorted(self.numeric),
            "rows": cells,
            "notes": list(self.notes),
        }

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, object]:
        return {
            "text/html": self.html(with_css=True),
            "text/markdown": self.markdown(),
            "text/plain": self.text(),
            TABLE_TYPE: self.payload(),
        }

    def _repr_html_(self) -> str:
        return self.html(with_css=True)

    def _repr_markdown_(self) -> str:
        return self.markdown()

    def __str__(self) -> str:
        return self.text()

    def _heading(self, place: int, text: str) -> str:
        kind = ' class="num"' if place in self.numeric else ""
        return f'<th scope="col"{kind}>{escape(text)}</th>'

    def _row(self, cells: Sequence[Cell]) -> str:
        first, *rest = cells
        if not rest:
            return (
                f'<tr><th scope="rowgroup" class="group" colspan="{len(self.columns)}">{escape(first.text)}</th></tr>'
            )
        body = "".join(self._cell(place, cell) for place, cell in enumerate(rest, start=1))
        return f'<tr><th scope="row">{escape(first.text)}</th>{body}</tr>'

    def _cell(self, place: int, cell: Cell) -> str:
        said = cell.text.startswith(_ICONS) or _MONTHS.fullmatch(cell.text) is not None
        kinds = [name for name, on in (("num", place in self.numeric), ("said", said), ("absent", cell.absent)) if on]
        kind = f' class="{" ".join(kinds)}"' if kinds else ""
        words = _LEADING_ICON.sub("\\1\u00a0", cell.text)  # never an icon alone on a line
        return f"<td{kind}>{escape(words)}{_signal_html(cell.signal)}</td>"

    def _align(self, text: str, place: int, width: int) -> str:
        return text.rjust(width) if place in self.numeric else text.ljust(width)


def _signal_html(signal: str) -> str:
    if signal not in SIGNALS:
        return ""
    icon, words = SIGNALS[signal]
    return f'<br/><span class="signal signal-{signal}"><span aria-hidden="true">{icon}</span> {words}</span>'


def _plain(cell: Cell) -> str:
    return f"{cell.text} {signal_text(cell.signal)}".strip()


_MARKDOWN_SPECIAL = str.maketrans({char: f"\\{char}" for char in "\\`*_[]<>|!#$"} | {"\n": " ", "\r": " "})


def _escape_pipe(text: str, line: int = 0) -> str:
    return text if line == 1 else text.translate(_MARKDOWN_SPECIAL)


# The board's tables ----------------------------------------------------------------------------------------------


def summary_table(
    rows: pd.DataFrame,
    *,
    caption: str,
    unit: str = "offences",
    row_heading: str = "Measure",
    notes: Iterable[str] = (),
) -> Table:
    """Counts now and a year before with their change, one line per row of ``summary.csv``'s shape.

    The line's name is :func:`row_label`'s; give a ``label`` column to choose it. A row's own ``note`` joins ``notes``.
    """
    shown = protected(rows).to_dict("records")
    columns = (row_heading, "Now", "A year before", "Change", "More than chance?")
    lines = tuple(_summary_line(row) for row in shown)
    return Table(caption, columns, lines, frozenset({1, 2, 3}), unit, _notes(shown, notes))


def windows_table(rows: pd.DataFrame, *, caption: str, unit: str = "offences", notes: Iterable[str] = ()) -> Table:
    """One measure over the four windows; rows of ``summary.csv``'s shape, a line per window."""
    ordered = rows.assign(label=rows["window"].map(WINDOW_TITLES))
    return summary_table(ordered, caption=caption, unit=unit, row_heading="Window", notes=notes)


def ward_table(rows: pd.DataFrame, *, caption: str, unit: str = "offences", notes: Iterable[str] = ()) -> Table:
    """Wards from the highest current count to the lowest, those without a figure last."""
    shown = protected(rows)
    ranked = shown.sort_values(["current", "breakdown_label"], ascending=[False, True], na_position="last")
    return summary_table(ranked, caption=caption, unit=unit, row_heading="Ward", notes=notes)


def overview_matrix(rows: pd.DataFrame, *, caption: str, notes: Iterable[str] = ()) -> Table:
    """The board's overview: a line per measure under its item, a column per window, each cell the count, its change
    in per cent and the signal in words. Rows of ``summary.csv``'s shape (breakdown ``total``); optional columns
    ``item_title`` and ``measure_title`` name them."""
    shown = protected(rows).to_dict("records")
    windows = [window for window in WINDOW_TITLES if any(row["window"] == window for row in shown)]
    columns = ("Measure", *(WINDOW_TITLES[window] for window in windows))
    lines: list[tuple[Cell, ...]] = []
    for item, measures in _grouped(shown).items():
        lines.append((Cell(item),))
        lines += [_matrix_line(by_window, windows) for by_window in measures.values()]
    return Table(caption, columns, tuple(lines), frozenset(range(1, len(columns))), "", _notes(shown, notes))


def plain_table(
    frame: pd.DataFrame, *, caption: str, unit: str = "", missing: str = "no data", notes: Iterable[str] = ()
) -> Table:
    """Any small frame as a table: its columns in order, numbers right-aligned, missing values in words."""
    numeric = frozenset(
        place for place, name in enumerate(frame.columns) if place and pd.api.types.is_numeric_dtype(frame[name])
    )
    lines = tuple(tuple(_plain_cell(value, missing) for value in line) for line in frame.itertuples(index=False))
    return Table(caption, tuple(map(str, frame.columns)), lines, numeric, unit, tuple(notes))


def _plain_cell(value: object, missing: str) -> Cell:
    if is_missing(value):
        return Cell(missing, absent=True)
    if isinstance(value, float):
        return Cell(_minus(f"{value:,.0f}" if value.is_integer() else f"{value:,.2f}".rstrip("0")))
    is_count = isinstance(value, int) and not isinstance(value, bool)
    return Cell(_minus(f"{value:,}") if is_count else str(value))


def _minus(number: str) -> str:
    """A number with a true minus sign."""
    return number.replace("-", "−")


def _summary_line(row: Mapping[str, object]) -> tuple[Cell, ...]:
    unit = row_unit(row)
    if row["absent"]:
        gone = Cell(row["absent"], absent=True)
        return (Cell(row_label(row)), gone, gone, Cell("–", absent=True), Cell("–", absent=True))
    return (
        Cell(row_label(row)),
        Cell(count_text(row["current"], unit)),
        Cell(count_text(row["previous"], unit), absent=is_missing(row["previous"])),
        Cell(change_text(row) or "–"),
        Cell(signal_text(row.get("signal")) or "–"),
    )


def _matrix_line(by_window: Mapping[str, Mapping[str, object]], windows: Sequence[str]) -> tuple[Cell, ...]:
    name = row_label(next(iter(by_window.values())))
    return (Cell(name), *(_matrix_cell(by_window.get(window)) for window in windows))


def _matrix_cell(row: Mapping[str, object] | None) -> Cell:
    if row is None:  # a survey has no months: nothing is missing
        return Cell("–", absent=True)
    if row["absent"]:
        return Cell(row["absent"], absent=True)
    unit = row_unit(row)
    change = percent_text(row.get("pct_change"))
    if unit == "proportion" and not is_missing(row["previous"]):
        change = signed(row["current"] - row["previous"], unit)
    text = count_text(row["current"], unit) + (f" ({change})" if change else "")
    return Cell(text, signal=row.get("signal") if row.get("signal") in SIGNALS else "")


def _grouped(rows: Iterable[Mapping[str, object]]) -> dict[str, dict[str, dict[str, Mapping[str, object]]]]:
    """Item title, then measure, then window, in the order of the rows."""
    groups: dict[str, dict[str, dict[str, Mapping[str, object]]]] = {}
    for row in rows:
        item = str(row.get("item_title") or str(row["item"]).replace("_", " ").capitalize())
        groups.setdefault(item, {}).setdefault(str(row["measure"]), {})[str(row["window"])] = row
    return groups


def _notes(rows: Iterable[Mapping[str, object]], notes: Iterable[str]) -> tuple[str, ...]:
    """The given notes, then each row's own, each once and in order."""
    own = (str(row["note"]) for row in rows if row.get("note") and not is_missing(row["note"]))
    return tuple(dict.fromkeys([*notes, *own]))
