"""Against whom to read a change: the police command unit, London, similar boroughs, and the time before the pandemic.

Every area is counted over the same window, from the same source and on the same basis as the board's own; where that
cannot be, the area is named and its figures withheld.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from crimelib.areas import LONDON, AreaBook
from crimelib.board.doubts import Doubts
from crimelib.board.narrative import count, counted, listed, per_cent, window_phrase
from crimelib.board.once import once
from crimelib.board.rates import rate_note
from crimelib.board.summary import broken_between, row_of
from crimelib.board.tables import Cell, Table, change_text, count_text, percent_text, protected, signal_text
from crimelib.board.text import Text
from crimelib.errors import InputError
from crimelib.measures.areas import member_counts
from crimelib.measures.periods import WINDOW_PHRASES, month_label, window_months
from crimelib.measures.rates import Exposure, exposure
from crimelib.measures.series import (
    OK,
    Counts,
    History,
    WindowFigures,
    histories,
    monthly_table,
    series_in,
    window_figures,
)
from crimelib.settings import Area, Break, Measure, Settings
from crimelib.stats.concordance import Movement, RatioOfRatios, ratio_of_ratios
from crimelib.tables.store import Store

if TYPE_CHECKING:
    from crimelib.board.item import Board

ALPHA = 0.05
FIRST_COVID_MONTH = pd.Period("2020-03", freq="M")
STATISTICS = ["pct_change", "ratio_low", "ratio_high", "p_value", "detectable_pct", "dispersion", "signal"]


@dataclass(frozen=True)
class Comparator:
    """An area to compare with: its name in a table and in a sentence, and the areas that add up to it."""

    code: str
    name: str
    phrase: str
    members: tuple[str, ...]
    in_sentence: bool = True


def comparators(settings: Settings, area: Area) -> list[Comparator]:
    """The area itself, then those it is read against: for a borough its command unit, London, and the similar boroughs
    of ``similar.csv`` together and one by one; for a command unit London and its boroughs."""
    book = AreaBook.of(settings)
    listed = [_comparator(book, area)]
    if area.level == "borough":
        listed += [_comparator(book, unit) for unit in book.units if area.code in book.members(unit)]
    if area.level in ("borough", "unit"):
        listed.append(_comparator(book, book.find(LONDON)))
    if area.level == "unit":
        listed += [_comparator(book, book.find(code), in_sentence=False) for code in book.members(area)]
    return listed + _similar(settings, book, area)


def comparator_counts(store: Store, listed: Sequence[Comparator], measure: Measure) -> Counts:
    """The stored counts of comparators that a measure is made of, and no others: they are read when asked for."""
    return Counts(member_counts(store, {each.code: each.members for each in listed}, series_in(measure.figures)))


@once
def comparison_rows(board: Board, measure_id: str, window: str = "rolling_12") -> pd.DataFrame:
    """One row a comparator (the first is the area itself): ``code, label, phrase, in_sentence, window, period,
    current, previous, pct_change, ratio_low, ratio_high, p_value, detectable_pct, dispersion, signal, status, note,
    before_covid, doubted, per_1000``. A row with a suspected gap in its windows is ``doubted`` and has no signal. Empty
    where the area's own windows do not compare."""
    measure = _measure(board.settings, measure_id)
    if row_of(board.rows, measure_id, window)["status"] != OK:
        return pd.DataFrame()
    listed = comparators(board.settings, board.area)
    counts = comparator_counts(board.store, listed, measure)
    options = histories(counts, measure.figures, board.settings.sources.bases)
    own = window_figures(options, board.area.code, board.period, window).history
    if own is None:
        raise InputError(f"{measure_id} has no history", where="comparators", fix="report this as a defect")
    rows = pd.DataFrame([_row(board, each, own, measure, window) for each in listed])
    tested = rows.join(_statistics(rows, own, board.period, window))
    return _with_rates(tested.assign(signal=tested["signal"].mask(rows["doubted"], "")), board, listed, measure)


def comparison_table(board: Board, measure_id: str, window: str = "rolling_12") -> Table | Text:
    """The window now and a year before, in the area and in those it is read against, with the same window before the
    pandemic and the rate where residents (or households) are at hand."""
    measure = _measure(board.settings, measure_id)
    rows = comparison_rows(board, measure_id, window)
    if not _has_company(rows):
        return _to_be_compared(board)
    before = last_before(board.period, FIRST_COVID_MONTH) if rows["before_covid"].notna().any() else None
    with_rates = rows["per_1000"].notna().any()
    lines = tuple(_line(row, before is not None, with_rates) for row in protected(rows).to_dict("records"))
    columns = ["Area", "Now", "A year before", "Change", "More than chance?"]
    columns += [f"To {month_label(before)}", "Change since"] if before is not None else []
    columns += [f"Per 1,000 {measure.per}"] if with_rates else []
    numeric = frozenset(range(1, len(columns))) - {4}
    caption = f"{measure.label} {WINDOW_PHRASES[window]} {month_label(board.period)}"
    return Table(caption, tuple(columns), lines, numeric, measure.unit, tuple(_notes(board, rows, measure)))


def comparison_sentence(board: Board, measure_id: str, window: str = "rolling_12") -> Text:
    """What the area's change is against those of its comparators, whether it differs from London's by more than
    chance, and what both are against the time before the pandemic."""
    measure = _measure(board.settings, measure_id)
    rows = comparison_rows(board, measure_id, window)
    if len(comparators(board.settings, board.area)) == 1:
        return Text((f"No area is declared to compare {board.area.name} with.",))
    if rows.empty:
        note = row_of(board.rows, measure_id, window)["note"]
        return Text((f"{measure.label} in {board.area.name} cannot be set beside other areas. {note}",))
    if not _has_company(rows):
        return Text((f"No other area at hand has {_lower_first(measure.label)} over this window on the same basis.",))
    if rows["doubted"].iloc[0]:
        return Text((f"What other areas did says nothing here. {rows['note'].iloc[0]}",))
    told = rows[rows["in_sentence"] & (rows["status"] == OK) & ~rows["doubted"]].to_dict("records")
    lines = [_changes_sentence(told, measure), _against_london(told), _since_covid(told, board.period, window)]
    return Text(tuple(line for line in lines if line))


def last_before(period: pd.Period, month: pd.Period) -> pd.Period | None:
    """The last month before another that has the same name as the period; None where a year before the period is
    already before it, so that it would say nothing new."""
    years = (period - month).n // 12 + 1
    return period - 12 * years if years > 1 else None


def total_before(
    history: History, area_code: str, before: pd.Period, period: pd.Period, window: str, breaks: Iterable[Break]
) -> int | None:
    """A window's count that ends with an earlier month, None where a month is missing or a break lies between it and
    the period."""
    months = window_months(before, window)
    counts, _ = history.window(area_code, months)
    if np.isnan(counts).any() or broken_between(breaks, history, months[0], period):
        return None
    return int(counts.sum())


# --- who is compared -------------------------------------------------------------------------------------------


def _comparator(book: AreaBook, area: Area, *, in_sentence: bool = True) -> Comparator:
    members = tuple(book.members(area))
    if len(members) == 1:
        return Comparator(area.code, area.name, area.name, members, in_sentence)
    names = listed([book.name_of(code) for code in members])
    return Comparator(area.code, f"{area.name} ({names})", area.name, members, in_sentence)


def _similar(settings: Settings, book: AreaBook, area: Area) -> list[Comparator]:
    row = settings.similar.get(area.code)
    if row is None:
        return []
    boroughs = [book.find(name) for name in row.names]
    codes = tuple(borough.code for borough in boroughs)
    together = Comparator(f"similar:{area.code}", "Similar boroughs together", "the similar boroughs together", codes)
    return [together, *(_comparator(book, borough, in_sentence=False) for borough in boroughs)]


# --- figures ---------------------------------------------------------------------------------------------------


def _measure(settings: Settings, measure_id: str) -> Measure:
    found = [item.measures[measure_id] for item in settings.items.values() if measure_id in item.measures]
    if not found:
        known = ", ".join(name for item in settings.items.values() for name in item.measures)
        raise InputError(f"no measure is called {measure_id!r}", where="measure", fix=f"known: {known}")
    return found[0]


def _row(board: Board, comparator: Comparator, history: History, measure: Measure, window: str) -> dict[str, object]:
    found = window_figures([history], comparator.code, board.period, window)
    compared = found.status == OK
    gaps = _gaps(board, comparator, found, measure, window)
    return {
        "code": comparator.code,
        "label": comparator.name,
        "phrase": comparator.phrase,
        "in_sentence": comparator.in_sentence,
        "window": window,
        "period": str(board.period),
        "current": found.current if compared else None,
        "previous": found.previous if compared else None,
        "status": found.status,
        "note": " ".join(f"{comparator.name}: {text}" for text in gaps),
        "before_covid": _before_covid(board, comparator, history, measure, window) if compared else None,
        "doubted": bool(gaps),
    }


def _before_covid(board: Board, comparator: Comparator, history: History, measure: Measure, window: str) -> int | None:
    before = last_before(board.period, FIRST_COVID_MONTH)
    if before is None:
        return None
    return total_before(history, comparator.code, before, board.period, window, measure.breaks)


def _gaps(
    board: Board, comparator: Comparator, figures: WindowFigures, measure: Measure, window: str
) -> tuple[str, ...]:
    """A sentence for each month of a comparator's windows that looks short of data."""
    gaps = tuple(gap for gap in board.store.catalogue.suspected_gaps if gap.area_code in comparator.members)
    titles = {name: source.title for name, source in board.settings.sources.sources.items()}
    return Doubts(gaps, {}, titles).gaps_in(figures, series_in(measure.figures), board.period, window)


def _statistics(rows: pd.DataFrame, history: History, period: pd.Period, window: str) -> pd.DataFrame:
    """What the one comparison behind every figure says of each area that compares."""
    from crimelib.stats.comparison import compare_many

    compared = rows.index[rows["status"] == OK]
    table = monthly_table([(history, rows.at[place, "code"]) for place in compared], period)
    return compare_many(table.set_axis(compared, axis="columns"), period, window)[STATISTICS]


def _with_rates(rows: pd.DataFrame, board: Board, listed: Sequence[Comparator], measure: Measure) -> pd.DataFrame:
    """The rows with ``per_1000``: the window's count per 1,000 of what the measure's rates are per, missing where no
    count of that is at hand."""
    base = _exposure(board, listed, measure)
    if base is None:
        return rows.assign(per_1000=np.nan)
    numbers = [base.numbers.loc[list(each.members)].sum() for each in listed]
    return rows.assign(per_1000=1000 * pd.to_numeric(rows["current"]).astype("float64") / numbers)


def _exposure(board: Board, listed: Sequence[Comparator], measure: Measure) -> Exposure | None:
    return exposure(board.store, (code for each in listed for code in each.members), board.period, measure.per)


def _to_be_compared(board: Board) -> Text:
    names = [each.phrase for each in comparators(board.settings, board.area)[1:] if each.in_sentence]
    if not names:
        return Text(("Areas to compare with are declared in parameters/similar.csv.",))
    return Text((f"Areas to read it against, once their figures compare: {listed(names)}.",))


def _has_company(rows: pd.DataFrame) -> bool:
    return len(rows) > 0 and bool((rows["status"].iloc[1:] == OK).any())


# --- the table -------------------------------------------------------------------------------------------------


def _line(row: Mapping[str, object], with_covid: bool, with_rates: bool) -> tuple[Cell, ...]:
    if row["absent"]:
        gone = [Cell(str(row["absent"]), absent=True)] * 2
        rest = [Cell("–", absent=True)] * (2 + 2 * with_covid + with_rates)
        return (Cell(_without_members(row["label"])), *gone, *rest)
    cells = [
        Cell(_without_members(row["label"])),
        Cell(count_text(row["current"])),
        Cell(count_text(row["previous"])),
        Cell(change_text(row)),
        Cell(signal_text(row["signal"]) or "–"),
    ]
    cells += _covid_cells(row) if with_covid else []
    return (*cells, *([Cell(f"{row['per_1000']:.1f}")] if with_rates else []))


def _without_members(label: object) -> str:
    """An area's name alone; the note under the table has its members."""
    return str(label).partition(" (")[0]


def _covid_cells(row: Mapping[str, object]) -> list[Cell]:
    if pd.isna(row["before_covid"]):
        return [Cell("no data", absent=True), Cell("–", absent=True)]
    return [Cell(count_text(row["before_covid"])), Cell(_since(row) or "–")]


def _since(row: Mapping[str, object]) -> str:
    """``−25%`` since the window before the pandemic; '' where that had none."""
    before = float(row["before_covid"])
    return percent_text(100 * (float(row["current"]) - before) / before) if before else ""


def _notes(board: Board, rows: pd.DataFrame, measure: Measure) -> Iterable[str]:
    yield from (note for note in rows["note"] if note)
    if absent := list(rows["label"][rows["status"] != OK]):
        yield f"Not every month of both windows is there, on this basis, for {listed(absent)}."
    yield from (f"{name}: {rest.removesuffix(')')}." for name, _, rest in rows["label"].str.partition(" (").to_numpy()
                if rest)  # fmt: skip
    if (rows["code"] == LONDON).any() and board.area.code != LONDON:
        yield f"London includes {board.area.name}; the City of London Police's own figures are not in it."
    if row := board.settings.similar.get(board.area.code):
        yield f"Similar boroughs: {row.source}."
    base = _exposure(board, comparators(board.settings, board.area), measure)
    yield rate_note(base) if base else f"No count of all these areas' {measure.per} is at hand, so no rates are given."


# --- the words -------------------------------------------------------------------------------------------------


def _changes_sentence(told: Sequence[Mapping[str, object]], measure: Measure) -> str:
    own, *others = told
    label = f"{measure.label}," if "," in measure.label else measure.label
    first = f"{label} in {own['phrase']} {_change(own, measure.unit)} {window_phrase(own)}"
    rest = [f"in {row['phrase']} it {_change(row)}" for row in others]
    return f"{'; '.join([first, *rest])}."


def _change(row: Mapping[str, object], unit: str = "") -> str:
    """``fell 20%, from 1,000 to 800``; without a signal ``showed no clear change (−2%, from 820 to 800)``."""
    current = int(row["current"])
    span = f"from {count(int(row['previous']))} to {counted(current, unit) if unit else count(current)}"
    size = "" if pd.isna(row["pct_change"]) else per_cent(float(row["pct_change"]))
    if row["signal"] in ("increase", "decrease"):
        verb = "rose" if row["signal"] == "increase" else "fell"
        return f"{verb} {size}, {span}" if size else f"{verb} {span}"
    sign = "+" if current > int(row["previous"]) else "−" if current < int(row["previous"]) else ""
    return f"showed no clear change ({sign}{size}, {span})" if size else f"showed no clear change ({span})"


def against_london(told: Sequence[Mapping[str, object]]) -> RatioOfRatios | None:
    """How the area's change (the first of rows of :func:`comparison_rows`) differs from London's: the ratio of the two
    ratios, each widened by its dispersion; None where it cannot be told. London includes the area, which makes the test
    a little cautious."""
    own, *others = told
    london = next((row for row in others if row["code"] == LONDON), None)
    if london is None or min(own["current"], own["previous"], london["current"], london["previous"]) <= 0:
        return None
    return ratio_of_ratios(_movement(own), _movement(london))


def _against_london(told: Sequence[Mapping[str, object]]) -> str:
    own = told[0]
    found = against_london(told)
    if found is None:
        return ""
    if found.p_value >= ALPHA:
        return f"The change in {own['phrase']} is not clearly different from London's."
    side = "above" if found.ratio > 1 else "below"
    return f"The change in {own['phrase']} is {side} London's; a difference this size is unlikely to be chance."


def _movement(row: Mapping[str, object]) -> Movement:
    dispersion = 1.0 if pd.isna(row["dispersion"]) else float(row["dispersion"])
    return Movement(float(row["previous"]), float(row["current"]), dispersion)


def _since_covid(told: Sequence[Mapping[str, object]], period: pd.Period, window: str) -> str:
    before = last_before(period, FIRST_COVID_MONTH)
    with_past = [row for row in told if not pd.isna(row["before_covid"])]
    if before is None or not with_past or with_past[0]["code"] != told[0]["code"]:
        return ""
    phrases = [
        f"{row['phrase']} {_since(row) or 'more'} ({count(int(row['before_covid']))} to {count(int(row['current']))})"
        for row in with_past
    ]
    past = "the same window of the last year before the pandemic"
    return f"Against {past}, {WINDOW_PHRASES[window]} {month_label(before)}: {', '.join(phrases)}."


def _lower_first(text: str) -> str:
    return text[:1].lower() + text[1:]
