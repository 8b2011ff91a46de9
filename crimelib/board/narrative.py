"""Plain English sentences that say what a row of the summary supports, and no more."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from crimelib.measures.periods import WINDOW_PHRASES, month_label, window_length
from crimelib.settings import Measure

SENTENCE_TYPE = "application/vnd.crimelib.sentence+json"
RECORDED = (
    *("area_code", "period", "item", "measure", "breakdown", "breakdown_value", "breakdown_label", "window"),
    *("current", "previous", "change", "pct_change", "detectable_pct", "signal", "status", "note"),
)
BEFORE = {
    "month": "in the same month a year before",
    "quarter": "in the same three months a year before",
    "ytd": "in the same months a year before",
    "rolling_12": "in the twelve months before",
}
CLEAR_CHANGE = {
    "increase": "A rise this size is unlikely to be chance.",
    "decrease": "A fall this size is unlikely to be chance.",
}


@dataclass(frozen=True)
class Sentence:
    """A sentence and the record that it was made from, so that it can be checked against the data."""

    text: str
    record: Mapping[str, object]

    def __str__(self) -> str:
        return self.text

    def _repr_markdown_(self) -> str:
        return escape_markdown(self.text)

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, object]:
        return {SENTENCE_TYPE: self.published()}

    def published(self) -> dict[str, object]:
        """The text with its record, as a notebook's output and ``run.json`` carry them."""
        return {"text": self.text, **self.record}


def record_of(row: Mapping[str, object]) -> dict[str, object]:
    """What a sentence made from a row of the protected summary rests on, as JSON has it: missing figures are None."""
    values = {key: row[key] for key in RECORDED}
    return {key: None if pd.isna(value) else value for key, value in values.items()}


def sentence(row: Mapping[str, object], measure: Measure, label: str = "") -> Sentence:
    """What one row of the summary says. ``label`` names a part of the measure (a ward, a strand), if it is one."""
    subject = f"{measure.label} ({label})" if label else measure.label
    writers = {
        "ok": _compared,
        "not_comparable": _side_by_side,
        "incomplete": _withheld,
        "no_data": _without_data,
        "suppressed": _withheld,
    }
    text = writers[str(row["status"])](row, measure, subject)
    return Sentence(text, record_of(row))


def window_phrase(row: Mapping[str, object]) -> str:
    """``in the twelve months to November 2021``."""
    return f"{WINDOW_PHRASES[_spoken_window(row)]} {month_label(pd.Period(row['period'], freq='M'))}"


def _spoken_window(row: Mapping[str, object]) -> str:
    """The row's window; in April the police year to date is that month."""
    window = str(row["window"])
    one_month = window == "ytd" and window_length(pd.Period(row["period"], freq="M"), window) == 1
    return "month" if one_month else window


def per_cent(pct: float) -> str:
    """A change in per cent as a sentence carries it: whole per cents, one decimal below ten."""
    size = abs(pct)
    return f"{math.floor(size + 0.5)}%" if size >= 10 else f"{size:.1f}%".replace(".0%", "%")


def count(value: int) -> str:
    """``1,234``."""
    return f"{value:,}"


def counted(value: int, unit: str) -> str:
    """``1,234 recorded offences``, ``1 recorded offence``."""
    return f"{count(value)} {unit.removesuffix('s') if value == 1 else unit}"


def listed(names: Sequence[str], last: str = "and") -> str:
    """``a, b and c``."""
    return f" {last} ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)


def escape_markdown(text: str) -> str:
    """Text that Markdown shows as it stands."""
    return "".join(f"\\{char}" if char in "\\`*_{}[]<>#|~$" else char for char in text)


def _compared(row: Mapping[str, object], measure: Measure, subject: str) -> str:
    if row["signal"] in ("increase", "decrease"):
        return _changed(row, measure, subject)
    current, previous = int(row["current"]), int(row["previous"])
    before = BEFORE[_spoken_window(row)]
    against = f"{counted(current, measure.unit)} {window_phrase(row)}, against {count(previous)} {before}"
    verdict = no_clear_change(row) if row["signal"] else row["note"]
    return f"{subject}: {against} ({_difference(row)}). {verdict}".strip()


def _changed(row: Mapping[str, object], measure: Measure, subject: str) -> str:
    rose = row["signal"] == "increase"
    size = f" {per_cent(float(row['pct_change']))}" if row["pct_change"] is not None else ""
    more = f"{count(abs(int(row['change'])))} {'more' if rose else 'fewer'}"
    return (
        f"{subject} {'rose' if rose else 'fell'}{size}, from {count(int(row['previous']))} to "
        f"{counted(int(row['current']), measure.unit)} {window_phrase(row)} ({more}); "
        f"a {'rise' if rose else 'fall'} this size is unlikely to be chance."
    )


def _difference(row: Mapping[str, object]) -> str:
    change = int(row["change"])
    if change == 0:
        return "the same number"
    words = f"{count(abs(change))} {'more' if change > 0 else 'fewer'}"
    if row["pct_change"] is None:
        return words
    return f"{words}, {'+' if change > 0 else '−'}{per_cent(float(row['pct_change']))}"


def no_clear_change(row: Mapping[str, object]) -> str:
    """What a change that could be chance means: how large it would have had to be (``detectable_pct``) to be seen."""
    if row["detectable_pct"] is None:
        return "No clear change: the numbers are too small to tell a change from chance."
    if float(row["detectable_pct"]) > 100:
        return "No clear change: with numbers this small even a doubling could be chance."
    smallest = per_cent(float(row["detectable_pct"]))
    return f"No clear change: a change smaller than about {smallest} could not be told from chance."


def _side_by_side(row: Mapping[str, object], measure: Measure, subject: str) -> str:
    return (
        f"{subject}: {counted(int(row['current']), measure.unit)} {window_phrase(row)}; "
        f"{count(int(row['previous']))} {BEFORE[_spoken_window(row)]}. {row['note']}"
    )


def _without_data(row: Mapping[str, object], measure: Measure, subject: str) -> str:
    return f"{subject}: no file at hand gives this {window_phrase(row)}."


def _withheld(row: Mapping[str, object], measure: Measure, subject: str) -> str:
    reason = str(row["note"]).partition(": ")[2] or str(row["note"])
    return f"{subject} cannot be given {window_phrase(row)}: {reason[:1].lower()}{reason[1:]}"
