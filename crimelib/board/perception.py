"""The Public Attitude Survey for one area: proportions a year apart, with what the sample can carry."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pandas as pd

from crimelib.areas import LONDON, AreaBook
from crimelib.board.attitudes import YEAR, interviews, survey_changes, survey_waves
from crimelib.board.charts import Chart, perception_chart, proportion_trend
from crimelib.board.narrative import CLEAR_CHANGE, Sentence, record_of
from crimelib.board.once import once
from crimelib.board.tables import Cell, Table, count_text, signed, summary_table
from crimelib.board.text import Text
from crimelib.measures.periods import month_label
from crimelib.settings import Area

if TYPE_CHECKING:
    from crimelib.board.item import Board

ITEM = "perception"
CONTACT = "contact_ward_officer"
MIDDLE = 0.6  # the share around which the smallest change that the survey can show is told
Shown = tuple[float, float | None, int]  # a share, its change in a year and how many were asked
SIGNALS = {"rose": "increase", "fell": "decrease", "unclear": "no_clear_change"}
AGAINST = {"increase": "higher", "decrease": "lower", "no_clear_change": "not clearly different"}


@once
def perception_lines(board: Board) -> pd.DataFrame:
    """The survey's rows of the summary with labels, intervals and London's figure: ``label, proportion, low, high,
    london`` beside the columns of ``summary.csv``."""
    from crimelib.stats.survey import wilson

    rows = board.totals[board.totals["item"] == ITEM].assign(label=lambda frame: frame["measure_title"])
    waves = _waves(board)
    newest = waves[waves["month"] <= str(board.period)].drop_duplicates("measure", keep="last").set_index("measure")
    asked, effect = interviews(board.settings, board.area), board.settings.perception.survey.design_effect
    shown = [None if pd.isna(row.current) else float(row.current) for row in rows.itertuples()]
    intervals = [(None, None) if share is None else wilson(share, asked, effect) for share in shown]
    return rows.assign(
        proportion=rows["current"],
        low=[low for low, _ in intervals],
        high=[high for _, high in intervals],
        london=rows["measure"].map(newest["london_proportion"]).array,
    )


def perception_table(board: Board) -> Table:
    """Every measure of the survey: now, a year before, and whether the change is more than chance."""
    rows = perception_lines(board)
    caption = f"{board.settings.perception.survey.title}, {board.area.name}"
    return summary_table(rows, caption=caption, unit="share of those asked", notes=sorted(set(rows["note"]) - {""}))


def perception_chart_of(board: Board) -> Chart | Text:
    """Every measure of the survey with its interval, London's figure marked."""
    rows = perception_lines(board)
    if rows["proportion"].isna().all():
        return Text(("No survey file at hand has this area.",))
    title = f"What people say of the police, {board.area.name}"
    finding = " ".join(perception_sentences(board).lines)
    return perception_chart(rows, title=title, unit="share of those asked", finding=finding)


def perception_sentences(board: Board) -> Text:
    """A sentence a measure, with what the sample could have seen."""
    rows = board.totals[board.totals["item"] == ITEM]
    return Text.of(Sentence(_words(row), record_of(row)) for row in rows.to_dict("records"))


def perception_trend(board: Board, measure: str) -> Chart | Text:
    """One measure by quarter with its interval and London's line; the refresh of the ward contacts is marked on the
    measure that it should move."""
    waves = intervals(board, measure)
    label = board.settings.perception.measures[measure].label
    if len(waves) < 2:
        return Text((f"There are not two quarters of {label[:1].lower()}{label[1:]} to draw.",))
    last = waves.iloc[-1]
    finding = (
        f"{count_text(last['proportion'], 'proportion')} in the twelve months to {month_label(last['month'])} "
        f"({last['low']:.0%} to {last['high']:.0%}); London {count_text(last['london'], 'proportion')}."
    )
    events = _refresh(board) if measure == CONTACT else None
    title = f"{label}, {board.area.name}, by quarter"
    return proportion_trend(
        waves, title=title, unit="share of those asked, twelve months", finding=finding, events=events
    )


def intervals(board: Board, measure: str) -> pd.DataFrame:
    """A measure's quarters up to the period: ``month, proportion, low, high, london`` (0 to 1), the interval being
    Wilson's on the effective sample."""
    from crimelib.stats.survey import wilson

    waves = _waves(board)
    waves = waves[(waves["measure"] == measure) & (waves["month"] <= str(board.period))]
    asked, effect = interviews(board.settings, board.area), board.settings.perception.survey.design_effect
    bounds = [wilson(float(share), asked, effect) for share in waves["proportion"]]
    return pd.DataFrame(
        {
            "month": pd.PeriodIndex(waves["month"], freq="M"),
            "proportion": waves["proportion"].to_numpy(),
            "low": [low for low, _ in bounds],
            "high": [high for _, high in bounds],
            "london": waves["london_proportion"].to_numpy(),
        }
    )


@once
def _waves(board: Board) -> pd.DataFrame:
    return survey_waves(board.store, board.settings, board.area)


def comparison_table(board: Board) -> Table | Text:
    """Every measure now with its change in a year: the area, London, and the similar boroughs together."""
    changes = _compared(board)
    own = next(iter(changes.values()))
    if all(own[measure] is None for measure in own):
        return Text(("No survey file at hand has this area, so that it cannot be compared.",))
    names = [name for name, found in changes.items() if any(found.values())]
    lines = tuple(_comparison_line(board, measure, {name: changes[name][measure] for name in names}) for measure in own)
    notes = ["Each cell: the share now, and its change in a year in percentage points."]
    if row := board.settings.similar.get(board.area.code):
        notes.append(f"Similar boroughs: {', '.join(row.names)}; {row.source}.")
    caption = f"{board.settings.perception.survey.title}: {board.area.name} against others"
    columns = ("Measure", *names, *(["Against London"] if "London" in names[1:] else []))
    return Table(caption, columns, lines, frozenset(range(1, len(names) + 1)), "share of those asked", tuple(notes))


def sample_note(board: Board) -> Text:
    """What the sample is, where the figure for it is from, and what it can and cannot show."""
    from crimelib.stats.survey import detectable_change, effective_size

    survey = board.settings.perception.survey
    asked, in_ward = interviews(board.settings, board.area), survey.ward_interviews
    smallest = smallest_shown(board)
    of_ward = 100 * detectable_change(MIDDLE, in_ward, in_ward, survey.design_effect)
    return Text(
        (
            f"About {asked:,} people are asked in a year ({survey.sample_source}).",
            f"With a design effect of {survey.design_effect} ({survey.design_effect_source}) that is worth about "
            f"{effective_size(asked, survey.design_effect):,.0f} independent interviews.",
            f"Around {MIDDLE:.0%}, the smallest change that such a sample is likely to show from one year to the next "
            f"is about {smallest:.0f} points. The {in_ward} interviews of a ward would show a change of "
            f"{of_ward:.0f} points at best: nothing can be said of a ward, and nothing is shown.",
        ),
        bullet="- ",
    )


def contact_followed(board: Board) -> Text:
    """Whether more people know how to contact their ward officer: the last waves that share no interview, and when the
    survey can first tell of the refresh of the ward contacts."""
    waves = intervals(board, CONTACT)
    if waves.empty:
        return Text(("No survey file at hand has this area.",))
    last = waves["month"].iloc[-1]
    apart = waves[[(last - month).n % YEAR == 0 for month in waves["month"]]].tail(4)
    said = [
        f"{count_text(row.proportion, 'proportion')} ({row.low:.0%} to {row.high:.0%}) to {month_label(row.month)}"
        for row in apart.itertuples()
    ]
    label = board.settings.perception.measures[CONTACT].label
    return Text((f"{label}, twelve months each: {'; '.join(said)}.", *_since_refresh(board, waves)), bullet="- ")


def caveats(board: Board) -> Text:
    """What must be said with the survey's figures."""
    return Text(board.settings.perception.caveats, bullet="- ")


def questions(board: Board) -> Text:
    """What the board may want to ask: what the survey's figures raise, then the standing questions."""
    from crimelib.board.challenge import survey_questions

    return survey_questions(board)


def found_by_survey(board: Board, what: str, measure: str = "") -> list[str]:
    """The measures (or the one of them) that rose, fell, are unclear, lie above or below London beyond chance, or have
    no figures, each in words with its shares."""
    rows = perception_lines(board).to_dict("records")
    asked = [row for row in rows if measure in ("", row["measure"])]
    if what == "no_figures":
        return [str(row["label"]) for row in asked if row["status"] != "ok"]
    shown = [row for row in asked if row["status"] == "ok"]
    if what in SIGNALS:
        return [_moved(row) for row in shown if row["signal"] == SIGNALS[what]]
    from_london = _london_signals(board)
    wanted = {"above_london": "increase", "below_london": "decrease"}[what]
    return [_beside_london(row) for row in shown if from_london[row["measure"]] == wanted]


def smallest_shown(board: Board) -> float:
    """The smallest change from one year to the next around ``MIDDLE`` that the sample is likely to show, in points."""
    from crimelib.stats.survey import detectable_change

    asked, effect = interviews(board.settings, board.area), board.settings.perception.survey.design_effect
    return 100 * detectable_change(MIDDLE, asked, asked, effect)


def _moved(row: dict[str, object]) -> str:
    return f"“{row['label']}” ({float(row['previous']):.0%} to {float(row['current']):.0%})"


def _beside_london(row: dict[str, object]) -> str:
    return f"“{row['label']}” ({float(row['current']):.0%}, London {float(row['london']):.0%})"


@once
def _london_signals(board: Board) -> dict[str, str]:
    """By measure, whether the area differs from London; '' where one of the two has no figure."""
    own, *others = _compared(board).values()
    if board.area.code == LONDON:
        return dict.fromkeys(own, "")
    return {measure: _against_london(board, own[measure], others[0][measure]) for measure in own}


def comment(board: Board) -> Text:
    """The analyst's comment, dated and signed."""
    from crimelib.board.commentary import comment_on

    return comment_on(board, ITEM)


def agreed(board: Board) -> Text:
    """The open actions on public attitudes."""
    from crimelib.board.actions import open_actions

    found = open_actions(board.settings, board.period, ITEM, board.area.name)
    return Text(tuple(found) or ("No action is open on this.",), bullet="- ", heading="What was agreed")


# --- against others --------------------------------------------------------------------------------------------


@once
def _compared(board: Board) -> dict[str, dict[str, Shown | None]]:
    """The shares and changes of the area, London, and the similar boroughs together, by name."""
    return {name: _changes(board, areas) for name, areas in _compared_areas(board).items()}


def _compared_areas(board: Board) -> dict[str, list[Area]]:
    book = AreaBook(board.settings.areas)
    similar = board.settings.similar.get(board.area.code)
    listed = {board.area.name: [board.area]} | {"London": [book.find(LONDON)]}
    return listed | ({"Similar boroughs": [book.find(name) for name in similar.names]} if similar else {})


def _changes(board: Board, areas: list[Area]) -> dict[str, Shown | None]:
    """By measure: the share now, its change in a year (None where that has no figure), and how many were asked; of
    several areas the mean, all being asked alike. None where one of the areas has no figure."""
    rows = [
        {row["measure"]: row for row in survey_changes(board.store, board.settings, area, board.period)}
        for area in areas
    ]
    asked = sum(interviews(board.settings, area) for area in areas)
    found: dict[str, Shown | None] = {}
    for measure in board.settings.perception.measures:
        each = [by_measure[measure] for by_measure in rows]
        if any(row["status"] != "ok" for row in each):
            found[measure] = None
            continue
        now, change = (sum(float(row[name]) for row in each) / len(each) for name in ("current", "change"))
        found[measure] = (now, change, asked)
    return found


def _comparison_line(board: Board, measure: str, found: dict[str, Shown | None]) -> tuple[Cell, ...]:
    cells = [
        Cell("no data", absent=True) if each is None else Cell(_share_and_change(*each[:2])) for each in found.values()
    ]
    own, *others = found.items()
    if "London" in dict(others):
        signal = _against_london(board, own[1], dict(others)["London"])
        cells.append(Cell(AGAINST[signal]) if signal else Cell("–", absent=True))
    return (Cell(board.settings.perception.measures[measure].label), *cells)


def _against_london(board: Board, own: Shown | None, london: Shown | None) -> str:
    from crimelib.stats.survey import wave_change

    if own is None or london is None:
        return ""
    return wave_change(own[0], london[0], own[2], london[2], board.settings.perception.survey.design_effect).signal


def _share_and_change(now: float, change: float | None) -> str:
    moved = "" if change is None else f" ({signed(change, 'proportion').partition(' ')[0]})"
    return f"{count_text(now, 'proportion')}{moved}"


# --- the contact measure ---------------------------------------------------------------------------------------


def _refresh(board: Board) -> pd.DataFrame | None:
    """The refresh of the ward contacts as an event of a chart."""
    from crimelib.board.contacts import contacts_refreshed

    day = contacts_refreshed(board.settings, board.area, board.period)
    return (
        None if day is None else pd.DataFrame({"label": ["ward contacts checked"], "start": [str(day)], "end": [None]})
    )


def _since_refresh(board: Board, waves: pd.DataFrame) -> Iterator[str]:
    """When the survey can first tell of the refresh, and what it tells if it can."""
    from crimelib.board.contacts import contacts_refreshed
    from crimelib.stats.survey import wave_change

    day = contacts_refreshed(board.settings, board.area, board.period)
    if day is None:
        yield "Most ward contacts have not been checked, so that no refresh can be followed."
        return
    before, first = refresh_waves(pd.Timestamp(day))
    by_month = waves.set_index("month")["proportion"]
    begun = f"Most ward contacts were last checked by {day.day} {day:%B %Y}"
    if not {before, first} <= set(by_month.index):
        yield f"{begun}: the first figure made of interviews after that alone is that to {month_label(first)}."
        return
    asked, effect = interviews(board.settings, board.area), board.settings.perception.survey.design_effect
    test = wave_change(by_month[first], by_month[before], asked, asked, effect)
    words = {"increase": "more people know", "decrease": "fewer people know", "no_clear_change": "no clear change"}
    yield (
        f"{begun}: {count_text(by_month[before], 'proportion')} to {month_label(before)}, before it, and "
        f"{count_text(by_month[first], 'proportion')} to {month_label(first)}, after it ({words[test.signal]})."
    )


def refresh_waves(day: pd.Timestamp) -> tuple[pd.Period, pd.Period]:
    """The last quarter end before a day, and the first whose twelve months all lie in quarters after it."""
    quarter = pd.Period(day, freq="Q")
    return (quarter - 1).asfreq("M", "end"), (quarter + 4).asfreq("M", "end")


def _words(row: dict[str, object]) -> str:
    label = str(row["measure_title"])
    if row["status"] != "ok":
        return f"{label}: {str(row['note'])[:1].lower()}{str(row['note'])[1:]}"
    now, before = (f"{float(row[name]):.0%}" for name in ("current", "previous"))
    smallest = float(row["detectable_pct"]) * float(row["previous"])
    verdict = {
        **CLEAR_CHANGE,
        "no_clear_change": f"No clear change: the sample is likely to show a change of {smallest:.0f} points or more.",
    }[str(row["signal"])]
    return f"{label}: {now}, against {before} a year before. {verdict}"
