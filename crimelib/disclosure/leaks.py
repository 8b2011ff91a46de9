"""Withheld ward figures that stand in some file of a pack all the same.

A statement speaks of a withheld figure when it names the ward and the measure, in its own words or in those that it
stands under; then it may hold no number but what the summary shows of what it names. Where no measure is named, a small
number beside a ward with a withheld figure is one too many.
"""

from __future__ import annotations

import re
from calendar import month_name
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, cached_property
from math import floor
from pathlib import PurePosixPath
from typing import NamedTuple

from crimelib.disclosure.statements import Statement
from crimelib.settings import AudiencePolicy, Settings

Row = Mapping[str, str]
LONG = "rolling_12"
FIGURES = ("current", "previous", "change", "pct_change", "ratio_low", "ratio_high", "p_value", "detectable_pct")
WINDOW_WORDS = {
    "rolling_12": LONG,
    "twelve months": LONG,
    "quarter": "quarter",
    "three months": "quarter",
    "ytd": "ytd",
    "financial year to date": "ytd",
    "month": "month",
    "by month": "month",
}
MONTHLY = ("month", "at", "date")
# Cells whose numbers place a thing in time, on a page or in the world, and count nothing.
NO_COUNTS = {*MONTHLY, "period", "quarter_end", "year", "window", "source", "vintage", "area_code", "breakdown_value",
             "code", "id", "order", "row", "column", "colspan", "rowspan", "x", "x2", "y", "y2", "middle", "name_y",
             "label_y"}  # fmt: skip
READING_AGE = frozenset({"texts", "median", "highest"})  # of how hard sentences are to read, beside the hardest
# What a chart's specification says of its looks; no column of ours is named so.
_LOOKS = re.compile(r"\w*[a-z](?:Size|Padding|Height|Width|Offset|Limit|Angle|Opacity|Radius)"
                    r"|columns|padding|spacing|width|height|offset|limit|angle|opacity|dx|dy")  # fmt: skip
_MONTHS = "|".join(month_name[1:])
_NO_COUNT = re.compile(
    rf"\b(?:19|20)\d\d-\d\d(?:-\d\d)?\b|\b(?:\d{{1,2}} )?(?:{_MONTHS})(?: (?:19|20)\d\d)?\b|\b(?:19|20)\d\d\b"
    r"|\b\d\d:\d\d UTC\b"
    r"|\bE\d{8}\b|\bnote \d+\b|\bCode, part \d+\b|\bper 1,000\b|\b\d+ wards?\b"
)
_NUMBER = re.compile(r"(?<![\w.#/-])[−+-]?(\d[\d,]*(?:\.\d+)?)(?![\w/])")
_PLACE = re.compile(r"\d+=? of \d+")  # a ward's among those shown, in a cell of its own apart from its measure's name
_IN_MONTH = re.compile(rf"\bin (?:{_MONTHS}) (?:19|20)\d\d")


Withheld = tuple[str, str, str]  # a figure: ward, measure and window


class Leak(NamedTuple):
    """A number that stands by a withheld figure, with the name of its cell."""

    ward: str
    measure: str
    window: str
    name: str
    number: str

    @property
    def figure(self) -> Withheld:
        """The withheld figure."""
        return self.ward, self.measure, self.window


@dataclass(frozen=True)
class Names:
    """The words by which files call wards, measures and pages; ``areas`` are names of which a ward's may be a part
    (Forest, in Waltham Forest)."""

    wards: Mapping[str, str]
    measures: Mapping[str, str]
    items: Mapping[str, frozenset[str]] = field(default_factory=dict)
    areas: frozenset[str] = frozenset()

    @classmethod
    def of(cls, rows: Iterable[Row], settings: Settings) -> Names:
        wards = {name: row["breakdown_value"] for row in rows if row["breakdown"] == "ward" for name in
                 (row["breakdown_value"], row["breakdown_label"])}  # fmt: skip
        known = {item: each.measures for item, each in settings.items.items()}
        measures = {word: name for each in known.values() for name, measure in each.items() for word in
                    (name, measure.label.lower())}  # fmt: skip
        areas = frozenset(area.name for area in settings.areas)
        return cls(wards, measures, {item: frozenset(each) for item, each in known.items()}, areas)

    @cached_property
    def _ward(self) -> re.Pattern[str]:
        return _any_of({*self.wards, *self.areas}, re.NOFLAG)

    @cached_property
    def _measure(self) -> re.Pattern[str]:
        return _any_of(self.measures, re.IGNORECASE)

    @cached_property
    def wards_in(self) -> Callable[[str], frozenset[str]]:
        """The wards that a text names; files say the same, and say it under the same words, many times."""
        return cache(
            lambda text: frozenset(self.wards[name] for name in self._ward.findall(text) if name in self.wards)
        )

    @cached_property
    def measures_in(self) -> Callable[[str], frozenset[str]]:
        """The measures that a text names."""
        return cache(lambda text: frozenset(self.measures[found.lower()] for found in self._measure.findall(text)))

    def without(self, text: str) -> str:
        """A text without the names: "aged 1 to 24" counts no one."""
        return self._measure.sub("", text)

    def measures_of(self, file: str) -> frozenset[str]:
        """The measures of the item that a file is the page or the notebook of."""
        return self.items.get(re.sub(r"^\d+_", "", PurePosixPath(file).stem), frozenset())


def _any_of(words: Iterable[str], flags: re.RegexFlag) -> re.Pattern[str]:
    """A pattern of whole words, each before those that it begins with; of none, one that never matches."""
    known = sorted(filter(None, words), reverse=True)
    return re.compile(rf"(?<!\w)(?:{'|'.join(map(re.escape, known))})(?!\w)" if known else r"(?!)", flags)


@dataclass
class Summary:
    """What a summary shows and withholds of wards: the numbers by ward and measure, the windows withheld."""

    shown: dict[tuple[str, str], set[str]] = field(default_factory=lambda: defaultdict(set))
    withheld: dict[tuple[str, str], set[str]] = field(default_factory=lambda: defaultdict(set))

    @classmethod
    def of(cls, rows: Iterable[Row]) -> Summary:
        found = cls()
        for row in (row for row in rows if row["breakdown"] == "ward"):
            key = row["breakdown_value"], row["measure"]
            if row["status"] == "suppressed":
                found.withheld[key].add(row["window"])
            else:
                found.shown[key] |= {each for name in FIGURES if row[name] for each in _written(row[name])}
        return found


def _written(figure: str) -> Iterator[str]:
    """The ways in which a figure may be printed."""
    value = abs(float(figure))
    yield from (f"{value:g}", f"{value:.1f}", f"{value:.0f}", f"{value:.4f}", f"{floor(value + 0.5)}")


def leaks(said: Iterable[Statement], rows: Sequence[Row], settings: Settings, policy: AudiencePolicy) -> Iterator[str]:
    """The statements that hold a number of a withheld ward figure, a line each that names the figure and the place."""
    names, summary = Names.of(rows, settings), Summary.of(rows)
    labels = {row["breakdown_value"]: row["breakdown_label"] for row in rows}
    told = set()
    for each in said:
        for ward, measure, window in _leaked(each, names, summary, policy):
            if (each.file, ward, measure) not in told:
                told.add((each.file, ward, measure))
                place = f"{each.file}: {measure}, {labels[ward]}, {window}"
                yield f"{place}: withheld, but a number stands by it in {_shortened(each)}"


def _leaked(each: Statement, names: Names, summary: Summary, policy: AudiencePolicy) -> Iterator[Withheld]:
    """The withheld ward figures of which a number of a statement is, or where it names no measure could be."""
    wards, common = _named(each, names)
    if not wards:
        return
    yield from (leak.figure for leak in _beside(each, wards, common, names, summary))
    if not common:
        places = {name for name, value in each.cells if _PLACE.fullmatch(value.strip())}
        for name, number in _numbers(each, names):
            if name not in places and not names.measures_in(name) and _small(number, policy):
                for ward in wards:
                    yield from ((ward, measure, LONG) for measure in _nameless(ward, number, summary))


def named_leaks(each: Statement, names: Names, summary: Summary) -> Iterator[Leak]:
    """The numbers of a statement that stand by a withheld figure's ward and measure."""
    wards, common = _named(each, names)
    if wards:
        yield from _beside(each, wards, common, names, summary)


def _beside(
    each: Statement, wards: frozenset[str], common: frozenset[str], names: Names, summary: Summary
) -> Iterator[Leak]:
    """As :func:`named_leaks`, with what the statement speaks of."""
    windows, columns = _windows(each), _window_columns(each)
    for name, number in _numbers(each, names):
        measures = names.measures_in(name) or common
        excused = {shown for ward in wards for measure in measures for shown in summary.shown.get((ward, measure), ())}
        for ward in wards if number not in excused else ():
            for measure in measures:
                if hidden := columns.get(name.lower(), windows) & summary.withheld.get((ward, measure), set()):
                    yield Leak(ward, measure, min(hidden), name, number)


def _named(each: Statement, names: Names) -> tuple[frozenset[str], frozenset[str]]:
    """The wards and the measures that a statement speaks of: in its own words, those it stands under, its page's."""
    wards = names.wards_in(each.text) or names.wards_in(each.about)
    if not wards:
        return frozenset(), frozenset()
    return wards, names.measures_in(each.text) or names.measures_in(each.about) or names.measures_of(each.file)


def _nameless(ward: str, number: str, summary: Summary) -> list[str]:
    """A withheld measure of a ward that a number could be, unless it is one that the summary shows of the ward."""
    if any(number in shown for (place, _), shown in summary.shown.items() if place == ward):
        return []
    return [measure for (place, measure), windows in summary.withheld.items() if place == ward and LONG in windows][:1]


def _small(number: str, policy: AudiencePolicy) -> bool:
    return number.isdigit() and policy.hides(int(number))


def _numbers(each: Statement, names: Names) -> Iterator[tuple[str, str]]:
    """The numbers of a statement that could be counts, or come of them, with the name of their cell."""
    counting = _window_columns(each)
    ages = READING_AGE if ("method", "Flesch-Kincaid") in each.cells else frozenset()
    for name, value in each.cells:
        if name in ages or _LOOKS.fullmatch(name):
            continue
        if name.lower() not in NO_COUNTS or name.lower() in counting:
            for number in _NUMBER.findall(_NO_COUNT.sub("", names.without(value))):
                plain = number.replace(",", "")
                if float(plain) < 1e8:
                    yield name, plain.removesuffix(".0")


def _window_columns(each: Statement) -> dict[str, set[str]]:
    """The windows of the columns of a table with one for each window, by name in small letters."""
    found = {name.lower(): {WINDOW_WORDS[name.lower()]} for name, _ in each.cells if name.lower() in WINDOW_WORDS}
    return found if len(found) > 1 else {}


def _windows(each: Statement) -> set[str]:
    """The windows that a statement may be of; twelve months where it does not say."""
    cells = {name.lower(): value for name, value in each.cells}
    if "window" in cells:
        return {WINDOW_WORDS.get(cells["window"].lower(), cells["window"])}
    if any(name in cells and name not in _window_columns(each) for name in MONTHLY):
        return {"month", LONG}
    text = f"{each.text} {each.about}".lower()
    said = {window for words, window in WINDOW_WORDS.items() if " " in words and words in text}
    return said | ({"month"} if _IN_MONTH.search(each.text) else set()) or {LONG}


def _shortened(each: Statement) -> str:
    """Enough of a statement to find it by, with its digits masked: this is printed and logged."""
    text = re.sub(r"\d", "#", " ".join(f"{each.about}: {each.text}".split()))
    return repr(text if len(text) <= 90 else f"{text[:60]} ... {text[-25:]}")
