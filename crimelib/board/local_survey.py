"""The partnership's own survey: weighted shares with what they can carry, beside the Public Attitude Survey.

Answers of the twelve months to the period, weighted to the age and sex of residents by raking. The two surveys stand
side by side and are never added together.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pandas as pd

from crimelib.board.once import once
from crimelib.board.tables import Cell, Table, count_text
from crimelib.board.text import NOTHING, Text
from crimelib.errors import InputError
from crimelib.measures.periods import month_label, window_months
from crimelib.settings import SURVEY, AudiencePolicy, Question, Questionnaire, Settings, Strict

if TYPE_CHECKING:
    from crimelib.board.item import Board

RESIDENTS = "residents.csv"
SEXES = ("female", "male")
AGES = {"16-29": "16_29", "30-44": "30_44", "45-64": "45_64", "65+": "65_plus"}
FEW = "too few"


class Residents(Strict):
    """A row of ``residents.csv``: people of an area by sex and age band, mid-2020."""

    code: str
    name: str
    female_16_29: int
    female_30_44: int
    female_45_64: int
    female_65_plus: int
    male_16_29: int
    male_30_44: int
    male_45_64: int
    male_65_plus: int

    def people(self, sex: str, age: str) -> int:
        """How many of a sex and age band of the form."""
        return int(getattr(self, f"{sex}_{AGES[age]}"))


class Share(NamedTuple):
    """A weighted share of positive answers: the answers, what they are worth, and the 95% interval."""

    proportion: float
    answers: int
    effective: float
    low: float
    high: float
    weighted: bool


@dataclass(frozen=True)
class Tally:
    """The answers of a survey, counted once for all that is asked of them: float ``counts`` by ``questions``, ``wards``
    and ``answers``, and by age band and sex of the form, whose last places are for what is not on it."""

    questions: tuple[str, ...]
    wards: tuple[str, ...]
    answers: tuple[str, ...]
    counts: np.ndarray

    @classmethod
    def of(cls, asked: pd.DataFrame, form: Questionnaire) -> Tally:
        """Of answers as :func:`responses` gives them."""
        found = [tuple(sorted(asked[name].unique())) for name in ("question", "ward_code", "answer")]
        axes = [*found, form.age_bands, form.sexes]
        columns = ("question", "ward_code", "answer", "age_band", "sex")
        places = [pd.Index(list(axis)).get_indexer(asked[name]) for axis, name in zip(axes, columns, strict=True)]
        counts = np.zeros([*map(len, found), len(form.age_bands) + 1, len(form.sexes) + 1])
        np.add.at(counts, tuple(places), asked["count"].to_numpy("float64"))
        return cls(*found, counts)

    def in_ward(self, code: str) -> Tally:
        """The answers of those who live in one ward alone."""
        place = self.wards.index(code)
        return replace(self, wards=(code,), counts=self.counts[:, place : place + 1])

    def to(self, question: str, answers: Collection[str] | None = None) -> np.ndarray:
        """Answers to a question, all or some, by ward, age band and sex; 0 where nobody was asked."""
        asked = [name == question for name in self.questions]
        chosen = [answers is None or name in answers for name in self.answers]
        return self.counts[asked].sum(axis=0)[:, chosen].sum(axis=1)


@once
def responses(board: Board) -> pd.DataFrame:
    """The answers of the twelve months to the period, as stored (``month, survey_date, ward_code, age_band, sex,
    question, answer, count``); of several vintages of a day the latest counts."""
    stored = board.store.table("survey_responses", filters=[("area_code", "==", board.area.code)])
    if stored.empty:
        return stored
    latest = stored[stored["vintage_order"] == stored.groupby("survey_date")["vintage_order"].transform("max")]
    months = {str(month) for month in window_months(board.period, "rolling_12")}
    return latest[latest["month"].isin(months)].reset_index(drop=True)


def local_table(board: Board) -> Table | Text:
    """Every question with positive answers: the local survey's weighted share and, where the Public Attitude Survey has
    the measure, its share beside it and whether the two differ by more than chance in sampling."""
    asked = responses(board)
    if asked.empty:
        return Text(("No response to the local survey is at hand for these twelve months.",))
    tally = _tally(board)
    shares = {name: share_of(board.settings, name, tally, board.area.code) for name in _measured(board.settings)}
    lines = tuple(_line(board, name, share) for name, share in shares.items())
    columns = ("Measure", "Answers", "Worth", "Local survey", "Public Attitude Survey", "Do they differ?")
    caption = f"Local survey beside the Public Attitude Survey, {board.area.name}"
    notes = (*board.settings.questionnaire.caveats, _weighting_note(shares.values()), _wording_note(board))
    return Table(caption, columns, lines, frozenset({1, 2}), f"twelve months to {_month(board)}", notes)


def ward_table(board: Board) -> Table | Text:
    """The shared measures by ward, for the wards with enough answers; what would give another ward away is withheld."""
    asked = responses(board)
    shared = {
        name: entry.label for name, entry in board.settings.questionnaire.questions.items() if entry.survey_measure
    }
    shares = {name: _ward_shares(board, name) for name in shared} if len(asked) else {}
    names = {ward.code: ward.name for ward in board.settings.wards}
    lines: list[tuple[Cell, ...]] = []
    for code in sorted({code for by_ward in shares.values() for code in by_ward}):
        told = [
            (Cell(label), _share_cell(shares[name][code])) for name, label in shared.items() if code in shares[name]
        ]
        lines += [(Cell(names[code]),), *told]
    if not lines:
        if asked.empty:
            return NOTHING
        least = board.settings.questionnaire.least_ward_answers
        return Text((f"No ward has {least} answers or more to a question, so no ward is shown.",))
    notes = (f"Wards with fewer than {board.settings.questionnaire.least_ward_answers} answers are not shown.",)
    columns = ("Ward and measure", "Share and interval")
    return Table(
        "Local survey by ward", columns, tuple(lines), frozenset({1}), f"twelve months to {_month(board)}", notes
    )


def respondents_table(board: Board) -> Table | Text:
    """Who answered, against who lives there: the plainest sign of whom the survey did not reach. Small groups are
    withheld, with one large group, so that they cannot be worked out."""
    asked = responses(board)
    if asked.empty:
        return NOTHING
    most_answered = asked.groupby("question")["count"].sum().idxmax()
    people = asked[asked["question"] == most_answered]
    policy = board.policy(SURVEY)
    lines: list[tuple[Cell, ...]] = []
    for column, groups, title in (
        ("age_band", board.settings.questionnaire.age_bands, "Age"),
        ("sex", board.settings.questionnaire.sexes, "Sex"),
    ):
        counts = people.groupby(column)["count"].sum().reindex(groups, fill_value=0)
        lines += [(Cell(title),), *_group_lines(board, column, withheld(counts, policy))]
    caption = f"Who answered, {board.area.name}"
    notes = ("Residents: usual residents aged 16 or over, ONS mid-2020 estimates.",)
    columns = ("Group", "Answered", "Share", "Residents")
    return Table(caption, columns, tuple(lines), frozenset({1, 2, 3}), "people", notes)


def withheld(counts: pd.Series, policy: AudiencePolicy) -> pd.Series:
    """Counts of groups that add up to a known total, missing where they are small; then the smallest large group is
    missing too, for what the small ones add up to would say nearly all of them."""
    hidden = counts.between(policy.suppress_from, policy.suppress_to)
    if hidden.any():
        hidden |= counts.index.isin(counts[counts > policy.suppress_to].nsmallest(1).index)
    return counts.astype("float64").mask(hidden)


@once
def _tally(board: Board) -> Tally:
    return Tally.of(responses(board), board.settings.questionnaire)


def share_of(settings: Settings, question: str, tally: Tally, area_code: str) -> Share | None:
    """The weighted share of positive answers to one question, None where nobody answered."""
    from crimelib.stats.raking import weighted_proportion
    from crimelib.stats.survey import wilson

    entry = settings.questionnaire.questions[question]
    counts, positive = (
        tally.to(question, answers)[:, :-1, :-1].sum(axis=0) for answers in (entry.answers, entry.positive)
    )
    if counts.sum() == 0:
        return None
    weights = weights_of(settings, counts, area_code)
    used = np.ones_like(counts) if weights is None else weights
    found = weighted_proportion(positive, counts, used)
    low, high = wilson(found.proportion, found.effective)
    return Share(found.proportion, found.answers, found.effective, low, high, weights is not None)


def weights_of(settings: Settings, counts: np.ndarray, area_code: str) -> np.ndarray | None:
    """A weight for each cell of age band by sex, None where residents are not at hand or cannot be reached. Answers
    that give no age or sex have no target: they keep the share that they have."""
    from crimelib.stats.raking import rake

    residents = {row.code: row for row in settings.rows(RESIDENTS, Residents)}.get(area_code)
    if residents is None:
        return None
    ages, sexes = settings.questionnaire.age_bands, settings.questionnaire.sexes
    by_age = [sum(residents.people(sex, age) for sex in SEXES) if age in AGES else np.nan for age in ages]
    by_sex = [sum(residents.people(sex, age) for age in AGES) if sex in SEXES else np.nan for sex in sexes]
    try:
        return rake(counts, _targets(by_age, counts.sum(axis=1)), _targets(by_sex, counts.sum(axis=0)))
    except InputError:
        return None


def _targets(residents: list[float], answered: np.ndarray) -> np.ndarray:
    """Shares of residents for the groups that have some, scaled to what the other groups' answers leave."""
    people = np.array(residents, float)
    known = ~np.isnan(people) & (answered > 0)
    others = np.where(np.isnan(people), answered / answered.sum(), 0.0)
    share = np.where(known, people, 0.0)
    return others + (1 - others.sum()) * share / max(share.sum(), 1.0)


# --- lines -----------------------------------------------------------------------------------------------------


def _measured(settings: Settings) -> Iterator[str]:
    """Questions that have a proportion, those that the Public Attitude Survey shares first."""
    having = {name: question for name, question in settings.questionnaire.questions.items() if question.positive}
    yield from (name for name, question in having.items() if question.survey_measure)
    yield from (name for name, question in having.items() if not question.survey_measure)


def _line(board: Board, name: str, share: Share | None) -> tuple[Cell, ...]:
    question = board.settings.questionnaire.questions[name]
    policy = board.policy(SURVEY)
    if share is None or share.answers <= policy.suppress_to:
        return (Cell(question.label), *[Cell(FEW, absent=True)] * 3, *[Cell("–", absent=True)] * 2)
    figures = (Cell(f"{share.answers:,}"), Cell(f"{share.effective:,.0f}"), _share_cell(share))
    return (Cell(question.label), *figures, *_beside(board, question, share))


def _beside(board: Board, question: Question, share: Share) -> tuple[Cell, Cell]:
    """The Public Attitude Survey's last share of the same measure, and whether it differs by more than chance."""
    from crimelib.board.perception import intervals, interviews
    from crimelib.stats.survey import effective_size, wave_change

    if not question.survey_measure:
        return Cell("not asked", absent=True), Cell("–", absent=True)
    waves = intervals(board, question.survey_measure)
    if waves.empty:
        return Cell("no data", absent=True), Cell("–", absent=True)
    last = waves.iloc[-1]
    asked = effective_size(interviews(board.settings, board.area), board.settings.perception.survey.design_effect)
    words = {"increase": "local is higher", "decrease": "local is lower", "no_clear_change": "no clear difference"}
    test = wave_change(share.proportion, float(last["proportion"]), share.effective, asked)
    return Cell(f"{_interval(last)}, to {month_label(last['month'])}"), Cell(words[test.signal])


def _interval(wave: pd.Series) -> str:
    return f"{count_text(wave['proportion'], 'proportion')} ({wave['low'] * 100:.0f} to {wave['high'] * 100:.0f})"


def _share_cell(share: Share | None) -> Cell:
    if share is None:
        return Cell(FEW, absent=True)
    return Cell(f"{count_text(share.proportion, 'proportion')} ({share.low * 100:.0f} to {share.high * 100:.0f})")


def _ward_shares(board: Board, name: str) -> dict[str, Share]:
    """The wards' shares of one question that may be shown: enough answers, neither side of them few, and never all
    wards but one."""
    policy, least = board.policy(SURVEY), board.settings.questionnaire.least_ward_answers
    tally, positive = _tally(board), board.settings.questionnaire.questions[name].positive
    answered, agreed = (tally.to(name, answers).sum(axis=(1, 2)) for answers in (None, positive))
    shown: dict[str, Share] = {}
    for code, answers, yes in zip(tally.wards, answered, agreed, strict=True):
        if not code or answers < least or policy.hides(yes) or policy.hides(answers - yes):
            continue
        share = share_of(board.settings, name, tally.in_ward(code), _margins_of(board, code))
        if share and share.answers >= least:
            shown[code] = share
    if sum(code != "" for code in tally.wards) - len(shown) == 1 and shown:
        del shown[min(shown, key=lambda code: shown[code].answers)]
    return shown


def _margins_of(board: Board, ward_code: str) -> str:
    """The area whose residents a ward's answers are weighted to: the ward, or its borough where it has no figures."""
    known = {row.code for row in board.settings.rows(RESIDENTS, Residents)}
    return ward_code if ward_code in known else board.area.code


def _group_lines(board: Board, column: str, counts: pd.Series) -> Iterator[tuple[Cell, ...]]:
    residents = {row.code: row for row in board.settings.rows(RESIDENTS, Residents)}.get(board.area.code)
    total = counts.sum()
    for group, count in counts.items():
        label = Cell(board.settings.questionnaire.label(str(group)))
        lives = _resident_share(residents, column, str(group))
        if pd.isna(count):
            yield (label, Cell("suppressed", absent=True), Cell("–", absent=True), lives)
        else:
            share = f"{count / total:.0%}" if counts.notna().all() else "–"
            yield (label, Cell(f"{count:,.0f}"), Cell(share, absent=share == "–"), lives)


def _resident_share(residents: Residents | None, column: str, group: str) -> Cell:
    if residents is None or group not in (*AGES, *SEXES):
        return Cell("–", absent=True)
    pairs = [(sex, age) for sex in SEXES for age in AGES]
    inside = [pair for pair in pairs if group in pair]
    return Cell(f"{sum(residents.people(*pair) for pair in inside) / sum(residents.people(*p) for p in pairs):.0%}")


def _weighting_note(shares: Iterable[Share | None]) -> str:
    if all(share is None or share.weighted for share in shares):
        return (
            "Weighted by raking to residents' age and sex (ONS mid-2020). Worth: how many answers of a simple random "
            "sample would say as much (Kish); the interval in brackets is Wilson's, 95%, on that number."
        )
    return "Some measures are not weighted: residents are not at hand, or too few groups of age and sex answered."


def _wording_note(board: Board) -> str:
    return f"Wording of the shared measures: {board.settings.questionnaire.wording_source}."


def _month(board: Board) -> str:
    return month_label(board.period)
