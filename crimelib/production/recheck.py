"""Whether a pack's figures and sentences follow from the stored tables.

Figures are counted again by :mod:`crimelib.production.recount`; sentences are not written again but read: each must
have one of the forms that a board sentence may have, and what it says is taken from its words and set against those
counts and against ``summary.csv``. So a fault in the generator is found as well as a change made by hand.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from html import unescape
from pathlib import Path
from typing import Any

from crimelib.areas import AreaBook
from crimelib.production.pack import RECORD, read_record, sha256_file
from crimelib.production.recount import Line, Recount, recount, recount_perception
from crimelib.production.run import executed_notebooks, generated_sentences, page_name
from crimelib.settings import Area, Settings, load_settings
from crimelib.tables.store import Catalogue, read_catalogue

Key = tuple[str, ...]
Row = Mapping[str, Any]

KEY = ("item", "measure", "breakdown", "breakdown_value", "window")
FIGURES = ("current", "previous", "change", "pct_change", "detectable_pct")
WORDS = ("signal", "status", "note", "area_code", "period", "breakdown_label")
ALPHA = 0.05
_SHOWN = ("ok", "not_comparable")
_PHRASES = {
    "month": "in {month}",
    "quarter": "in the three months to {month}",
    "ytd": "in the financial year to {month}",
    "rolling_12": "in the twelve months to {month}",
}
_BEFORE = {
    "month": "in the same month a year before",
    "quarter": "in the same three months a year before",
    "ytd": "in the same months a year before",
    "rolling_12": "in the twelve months before",
}
_COUNT, _PER_CENT = r"[\d,]+", r"[\d,.]+"
_SIZE = rf"(?P<change>{_COUNT}) (?P<more>more|fewer)"
_CHANGED = (
    rf"(?P<verb>rose|fell)(?: (?P<pct_change>{_PER_CENT})%)?, from (?P<previous>{_COUNT}) to (?P<current>{_COUNT}) "
    rf"@unit @phrase \({_SIZE}\); a (?P<noun>rise|fall) this size is unlikely to be chance\."
)
_AGAINST = (
    rf": (?P<current>{_COUNT}) @unit @phrase, against (?P<previous>{_COUNT}) @before "
    rf"\((?:(?P<same>the same number)|{_SIZE}(?:, (?P<sign>[+−])(?P<pct_change>{_PER_CENT})%)?)\)\."
    r"(?: (?P<verdict>.*))?"
)
_APART = rf": (?P<current>{_COUNT}) @unit @phrase; (?P<previous>{_COUNT}) @before\. (?P<verdict>.*)"
_SURVEY = r": (?P<current>\d+)%, against (?P<previous>\d+)% a year before\. (?P<verdict>.*)"
_NO_CLEAR_CHANGE = "No clear change: "
_DIRECTIONS = {"rose": 1, "rise": 1, "more": 1, "+": 1, "fell": -1, "fall": -1, "fewer": -1, "−": -1}
_SIGNS = {"increase": 1, "decrease": -1}


@dataclass(frozen=True)
class _Checked:
    """What the sentences of a pack are held against."""

    settings: Settings
    rows: Mapping[Key, Row]
    counted: Mapping[Key, Recount]


def recheck(pack: Path, processed: Path, parameters: Path) -> list[str]:
    """What in a pack does not follow from the tables and definitions at hand, one line each; an empty list when all
    does. A pack made of other data or definitions than these cannot be rechecked, and that is said instead."""
    record = read_record(pack)
    if record is None or "sentences" not in record:
        return [f"{RECORD}: missing, broken, altered or without the sentences' records"]
    settings, catalogue = load_settings(parameters), read_catalogue(processed)
    if changed := _changed(record["inputs"], catalogue, parameters):
        names = ", ".join(changed[:5]) + (f" and {len(changed) - 5} more" if len(changed) > 5 else "")
        return [f"cannot be rechecked: the data have changed since ({names})"]
    area, period, rows = AreaBook.of(settings).find(record["area"]), record["period"], _read_rows(pack / "summary.csv")
    wards = {_key(sentence) for sentence in record["sentences"] if sentence["breakdown"] == "ward"}
    lines = [*_lines(settings, area, wards)]
    members = AreaBook.of(settings).members(area)
    counted = recount(processed, catalogue, settings, area, members, period, lines)
    counted |= recount_perception(processed, catalogue, settings, area, period)
    checked = _Checked(settings, rows, counted)
    return [*_summary_faults(checked), *_sentence_faults(checked, record["sentences"]), *_page_faults(pack, record)]


def _changed(inputs: Iterable[Mapping[str, str]], catalogue: Catalogue, parameters: Path) -> list[str]:
    """The names of files that are not now what they were when the pack was made. Parameter files that are new since
    do not matter: they are the next period's."""
    made_of = {(each["source"], each["file"]): each["sha256"] for each in inputs}
    now = {(entry.source, entry.name, entry.sha256) for entry in catalogue.entries}
    then = {(each["source"], each["file"], each["sha256"]) for each in inputs if each["source"] != "parameters"}
    data = sorted({name for _, name, _ in now ^ then})
    definitions = [name for (source, name), known in sorted(made_of.items()) if source == "parameters"
                   and _hash_or_none(parameters / name) != known]  # fmt: skip
    return data + definitions


def _hash_or_none(path: Path) -> str | None:
    return sha256_file(path) if path.is_file() else None


def _read_rows(path: Path) -> dict[Key, Row]:
    with path.open(encoding="utf-8", newline="") as stream:
        return {_key(row): _typed(row) for row in csv.DictReader(stream)}


def _typed(row: Row) -> Row:
    """A row of the file with its figures as numbers, None where there is none."""
    figures = {name: float(row[name]) if row[name] else None for name in (*FIGURES, "p_value")}
    return {**row, **figures}


def _key(row: Row) -> Key:
    return tuple(str(row[name]) for name in KEY)


def _lines(settings: Settings, area: Area, wards: Iterable[Key]) -> Iterator[Line]:
    """Every measure and every part of one, and the wards of which a sentence speaks."""
    for item, each in settings.items.items():
        for name, measure in each.measures.items():
            yield Line(item, name, "total", "", area.code, measure.figures, measure.breaks)
            for breakdown, parts in measure.breakdowns.items():
                for value, part in parts.items():
                    breaks = (*measure.breaks, *part.breaks)
                    yield Line(item, name, breakdown, value, area.code, part.figures, breaks)
    for item, name, breakdown, value in sorted({key[:4] for key in wards}):
        measure = settings.items[item].measures[name]
        yield Line(item, name, breakdown, value, value, measure.figures, measure.breaks)


# --- figures ----------------------------------------------------------------------------------------------------


def _summary_faults(checked: _Checked) -> Iterator[str]:
    """Faults of the area's own rows of the summary and of withheld ones; other ward rows are checked where a sentence
    speaks of one."""
    for key, row in checked.rows.items():
        if key[2] != "ward" or row["status"] == "suppressed":
            for fault in _row_faults(row, checked.counted.get(key)):
                yield f"summary.csv, {' '.join(filter(None, key))}: {fault}"
    for key in checked.counted.keys() - checked.rows.keys():
        if key[2] == "total":
            yield f"summary.csv: has no row of {' '.join(filter(None, key))}"


def _row_faults(row: Row, counted: Recount | None) -> Iterator[str]:
    """What is wrong with a row, given what the data give; a withheld row must have no figure at all."""
    if row["status"] == "suppressed":
        if any(row[name] is not None for name in FIGURES) or row["signal"]:
            yield "is withheld and yet has figures"
        return
    if counted is None:
        yield "no definition counts this"
        return
    for name in ("status", "current", "previous"):
        if row[name] != getattr(counted, name):
            yield f"{name} is {_said(row[name])}, the data give {_said(getattr(counted, name))}"
    yield from _change_faults(row, counted)


def _change_faults(row: Row, counted: Recount) -> Iterator[str]:
    """What is wrong with what was derived from the two counts. Shares come rounded to four places, so that what is
    derived from them may be one place further off."""
    change, pct_change = _change(counted)
    if not _near(row["change"], change, 0.0001):
        yield f"change is {_said(row['change'])}, the data give {_said(change)}"
    if not _near(row["pct_change"], pct_change, 0.1 if row["item"] == "perception" else 0.05):
        yield f"pct_change is {_said(row['pct_change'])}, the data give {_said(pct_change)}"
    sign = _SIGNS.get(row["signal"])
    if (row["signal"] and change is None) or (sign and (change or 0) * sign <= 0):
        yield f"the signal {row['signal']!r} does not agree with the change {_said(change)}"
    elif not _agrees(row["p_value"], row["signal"], row["breakdown"]):
        yield f"the signal {row['signal']!r} does not agree with the p-value {_said(row['p_value'])}"


def _change(counted: Recount) -> tuple[float | None, float | None]:
    """The change and the change in per cent of two counts that compare."""
    if counted.status != "ok" or counted.current is None or counted.previous is None:
        return None, None
    change = round(counted.current - counted.previous, 4)
    return change, 100 * change / counted.previous if counted.previous else None


def _agrees(p_value: float | None, signal: str, breakdown: str) -> bool:
    """Whether a signal may stand beside a p-value; among wards a small one alone makes no signal."""
    if p_value is None or not signal:
        return True
    return p_value <= ALPHA if signal in _SIGNS else p_value >= ALPHA or breakdown == "ward"


def _near(one: float | None, other: float | None, within: float) -> bool:
    """Whether two figures agree to a rounding; None agrees with None only."""
    return one is other if one is None or other is None else abs(one - other) <= within + 1e-9


def _said(value: object) -> str:
    if isinstance(value, float):
        return f"{value:g}" if abs(value) < 1 else f"{value:,.4f}".rstrip("0").rstrip(".")
    return "missing" if value is None or value == "" else str(value)


# --- sentences --------------------------------------------------------------------------------------------------


def _sentence_faults(checked: _Checked, sentences: Iterable[Row]) -> Iterator[str]:
    for sentence in sentences:
        for fault in _faults(checked, sentence):
            yield f"{sentence['notebook']}: {sentence['text']!r}: {fault}"


def _faults(checked: _Checked, sentence: Row) -> Iterator[str]:
    """The faults of one sentence: in its record, in the figures of its row, in its words."""
    key = _key(sentence)
    row = checked.rows.get(key)
    if row is None:
        yield "summary.csv has no such row"
        return
    different = [name for name in (*FIGURES, *WORDS) if sentence[name] != row[name]]
    for name in different:
        yield f"its record has {name} {_said(sentence[name])}, summary.csv has {_said(row[name])}"
    if not different:
        yield from _row_faults(row, checked.counted.get(key))
        yield from _word_faults(sentence["text"], row, *_name_and_unit(checked.settings, row))


def _name_and_unit(settings: Settings, row: Row) -> tuple[str, str]:
    if row["item"] == "perception":
        return settings.perception.measures[row["measure"]].label, ""
    measure = settings.items[row["item"]].measures[row["measure"]]
    label = row["breakdown_label"]
    return f"{measure.label} ({label})" if label else measure.label, measure.unit


def _word_faults(text: str, row: Row, name: str, unit: str) -> Iterator[str]:
    """What the words say that the row does not."""
    phrase = _phrase(row)
    if not text.startswith(name):
        yield f"is about another measure than {name!r}"
    elif row["item"] != "perception" and phrase not in text:
        yield f"does not say {phrase!r}"
    elif (read := re.fullmatch(_form(row, phrase, unit), text[len(name) :], re.DOTALL)) is None:
        yield "is in no form that a sentence of such a row has"
    else:
        said = {group: value for group, value in read.groupdict().items() if value is not None}
        yield from _direction_faults(said, row)
        yield from _number_faults(said, row)
        yield from _verdict_faults(said, row)


def _form(row: Row, phrase: str, unit: str) -> str:
    """The pattern of the words after the measure's name; what cannot be shown has no figure of its own."""
    shown = row["status"] in _SHOWN
    if row["item"] == "perception":
        return _SURVEY if shown else ": (?P<verdict>.*)"
    if not shown:
        absent = rf": no file at hand gives this {re.escape(phrase)}\."
        given = rf" cannot be given {re.escape(phrase)}: "
        return absent if row["status"] == "no_data" else given + "(?P<verdict>.*)"
    form = (_CHANGED if row["signal"] in _SIGNS else _AGAINST) if row["status"] == "ok" else _APART
    lead = " " if form is _CHANGED else ""
    units = unit.removesuffix("s") if row["current"] == 1 else unit
    filled = form.replace("@unit", re.escape(units)).replace("@phrase", re.escape(phrase))
    return lead + filled.replace("@before", re.escape(_BEFORE[_spoken_window(row)]))


def _phrase(row: Row) -> str:
    year, month = map(int, row["period"].split("-"))
    return _PHRASES[_spoken_window(row)].format(month=f"{date(year, month, 1):%B} {year}")


def _spoken_window(row: Row) -> str:
    """In April the year to date is that month alone."""
    return "month" if row["window"] == "ytd" and row["period"].endswith("-04") else row["window"]


def _direction_faults(said: Mapping[str, str], row: Row) -> Iterator[str]:
    change = row["change"] or 0
    for word in (said[group] for group in ("verb", "noun", "more", "sign") if group in said):
        if _DIRECTIONS[word] * change <= 0:
            yield f"says {word!r} where the change is {_said(row['change'])}"
    if "same" in said and change:
        yield f"says 'the same number' where the change is {_said(row['change'])}"


def _number_faults(said: Mapping[str, str], row: Row) -> Iterator[str]:
    """Counts must be printed as they are; per cents may be rounded."""
    share = 100 if row["item"] == "perception" else 1
    for name in ("current", "previous", "change"):
        if name in said and not _near(_number(said[name]), abs(row[name]) * share, 0.5 if share == 100 else 0):
            yield f"says {said[name]} where {name} is {_said(abs(row[name]) * share)}"
    if "pct_change" in said and not _near_per_cent(said["pct_change"], row["pct_change"]):
        yield f"says {said['pct_change']}% where pct_change is {_said(row['pct_change'])}"
    if "pct_change" not in said and "change" in said and row["change"] and row["pct_change"] is not None:
        yield "does not say by how many per cent"


def _verdict_faults(said: Mapping[str, str], row: Row) -> Iterator[str]:
    """What is said of chance must be the row's: its signal, the change that could have been seen, or its note."""
    verdict = said.get("verdict", "")
    if row["item"] == "perception" and row["status"] == "ok":
        fits = _survey_verdict_fits(verdict, row)
    elif row["signal"] == "no_clear_change":
        fits = _no_clear_change_fits(verdict, row["detectable_pct"])
    elif row["signal"] in _SIGNS or row["status"] == "no_data":
        fits = not verdict or verdict.lower() == row["note"].lower()
    else:
        fits = bool(verdict) == bool(row["note"]) and row["note"].lower().endswith(verdict.lower())
    if not fits:
        yield f"its verdict {verdict!r} does not follow from the row"


def _no_clear_change_fits(verdict: str, detectable: float | None) -> bool:
    if detectable is None:
        return verdict == f"{_NO_CLEAR_CHANGE}the numbers are too small to tell a change from chance."
    if detectable > 100:
        return verdict == f"{_NO_CLEAR_CHANGE}with numbers this small even a doubling could be chance."
    form = rf"{_NO_CLEAR_CHANGE}a change smaller than about ({_PER_CENT})% could not be told from chance\."
    found = re.fullmatch(form, verdict)
    return found is not None and _near_per_cent(found[1], detectable)


def _survey_verdict_fits(verdict: str, row: Row) -> bool:
    if row["signal"] in _SIGNS:
        return verdict == f"A {'rise' if row['signal'] == 'increase' else 'fall'} this size is unlikely to be chance."
    form = rf"{_NO_CLEAR_CHANGE}the sample is likely to show a change of (\d+) points or more\."
    found = re.fullmatch(form, verdict)
    return found is not None and _near(float(found[1]), row["detectable_pct"] * row["previous"], 0.5)


def _near_per_cent(said: str, value: float | None) -> bool:
    """Whole per cents, one decimal below ten, of a figure with one decimal."""
    return _near(_number(said), None if value is None else abs(value), 0.05 if abs(value or 0) < 10 else 0.5)


def _number(text: str) -> float:
    """The number that is written, or infinity for what no figure can equal."""
    try:
        return float(text.replace(",", ""))
    except ValueError:
        return float("inf")


# --- pages ------------------------------------------------------------------------------------------------------


def _page_faults(pack: Path, record: Row) -> Iterator[str]:
    """The record must list what the notebooks carry, and every sentence must stand on its notebook's page."""
    if generated_sentences(executed_notebooks(pack)) != record["sentences"]:
        yield f"{RECORD}: the sentences listed are not those of the executed notebooks"
    pages: dict[str, str] = {}
    for sentence in record["sentences"]:
        name = sentence["notebook"]
        if name not in pages:
            pages[name] = _words((pack / f"{page_name(Path(name))}.html").read_text(encoding="utf-8"))
        if _spaced(sentence["text"]) not in pages[name]:
            yield f"{name}: {sentence['text']!r}: does not stand on its page"


def _words(html: str) -> str:
    return _spaced(unescape(re.sub(r"<[^>]*>", "", html)))


def _spaced(text: str) -> str:
    return " ".join(text.split())
