"""Did a programme work? A plan fixed before the results, and what the figures say under it and no other.

What is shown of single wards keeps to the disclosure policy: totals of twelve months, the fixed window before and the
fixed window after, never a shorter or a growing window whose difference from the last pack would be one month's count.
Other wards appear as unnamed points only, and no group with a count that the policy withholds appears at all.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd

from crimelib.areas import AreaBook
from crimelib.board.charts import Chart, index_chart, placebo_chart
from crimelib.board.item import Board, event_table, no_comparison
from crimelib.board.narrative import per_cent
from crimelib.board.tables import Cell, Table, signal_text, signed
from crimelib.board.text import NOTHING, Text
from crimelib.board.titles import measure_title
from crimelib.errors import InputError
from crimelib.measures.periods import month_label
from crimelib.measures.series import Counts, histories
from crimelib.settings import AudiencePolicy, EvaluationPlan, Figures, Measure, Outcome, WardGroups, load_model
from crimelib.stats.evaluation import (
    ALPHA,
    Displacement,
    Effect,
    Pair,
    as_far,
    cost_per_event,
    detectable_fall,
    difference_in_differences,
    differential_trend,
    placebo_areas,
    placebo_dates,
    weighted_displacement,
)

PLAN, ITEM = "town_centre_team", "town_centre"
PLACEBO_MONTHS = 6
Stage = Literal["before", "running", "complete"]


# The plan ------------------------------------------------------------------------------------------------------------


def fix_plan(path: Path, on: date | None = None) -> EvaluationPlan:
    """Write the date and the hash of a plan at the end of its file, unless that is already the last one written.

    Raises :class:`InputError` for a plan that cannot be read, a day before the last fixing, or a file in which
    anything follows ``fixed``."""
    plan = load_model(path, EvaluationPlan)
    day = (on or date.today()).isoformat()
    if plan.fixed and plan.fixed[-1].hash == plan.fingerprint:
        return plan
    if plan.fixed and day < plan.fixed[-1].on:
        raise InputError(f"the plan was last fixed on {plan.fixed[-1].on}", where=path.name, fix="give a later day")
    text = path.read_text(encoding="utf-8").rstrip() + ("\n" if plan.fixed else "\nfixed:\n")
    line = f'  - {{on: "{day}", hash: {plan.fingerprint}}}\n'
    aside = path.with_name(f".{path.name}.{os.getpid()}")
    aside.write_text(text + line, encoding="utf-8")
    try:
        written = load_model(aside, EvaluationPlan)
        if written.fingerprint != plan.fingerprint or len(written.fixed) != len(plan.fixed) + 1:
            raise InputError("something follows the key fixed", where=path.name, fix="make fixed the last key")
    except InputError:
        aside.unlink()
        raise
    aside.replace(path)
    return written


def is_altered(plan: EvaluationPlan) -> bool:
    """Whether a plan says something else than what was last fixed, or was never fixed."""
    return not plan.fixed or plan.fixed[-1].hash != plan.fingerprint


def plan_standing(plan: EvaluationPlan) -> str:
    """Whether a plan is the one that was fixed, and when that was, in plain words."""
    if not plan.fixed:
        return "The plan has not been fixed, so no result is given under it."
    first, last = plan.fixed[0].on, plan.fixed[-1].on
    start = f"the start in {month_label(_month(plan.start))}"
    if is_altered(plan):
        return (
            f"The plan has been changed since it was fixed on {_day(last)}, and not fixed again: no result is given "
            "under a changed plan."
        )
    if last < f"{plan.start}-01":
        return f"The plan was fixed on {_day(last)}, before {start}, and has not been changed since."
    caution = "Figures from after the start could be known by then, so a result is not as good as one planned before."
    if len(plan.fixed) > 1:
        return f"The plan was changed on {_day(last)}, after {start} (first fixed on {_day(first)}). {caution}"
    return f"The plan was first written down on {_day(last)}, after {start}. {caution}"


# The figures ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Panel:
    """Monthly counts of a plan's outcome, months by wards, in the one ward set that has most of them; only months with
    a figure for every ward. ``others`` are wards of the set that are neither treated nor in the ring."""

    outcome: Outcome
    measure: Measure
    plan: EvaluationPlan
    groups: WardGroups
    others: tuple[str, ...]
    counts: pd.DataFrame
    whole: pd.DataFrame  # the months left out included: for twelve-month totals

    @cached_property
    def after(self) -> np.ndarray:
        """One flag a month: from the start on."""
        return np.asarray(self.counts.index >= _month(self.plan.start))

    @property
    def enough(self) -> bool:
        """Whether there are months enough before the start, and every month of the window after."""
        return self.enough_before and int(self.after.sum()) == len(_after_months(self.plan))

    @property
    def enough_before(self) -> bool:
        """Whether there are as many months before the start as the plan asks for."""
        return int((~self.after).sum()) >= self.plan.least_months_before

    def side(self, first: Sequence[str], second: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
        """Counts of two groups of wards, and one flag a ward: of the first."""
        codes = [*first, *second]
        return self.counts[codes].to_numpy(), np.array([code in first for code in codes])

    def total(self, codes: Sequence[str], after: bool) -> float:
        """All events of a group before or after the start."""
        return float(self.counts.loc[self.after == after, list(codes)].to_numpy().sum())

    def pair(self, codes: Sequence[str]) -> Pair:
        """A group's events before and after."""
        return Pair(self.total(codes, False), self.total(codes, True))


@dataclass(frozen=True)
class Finding:
    """What one group of wards shows against its controls: ``expected`` and ``counted`` events after the start."""

    outcome: Outcome
    place: str
    expected: float
    counted: float
    effect: Effect
    detectable: float

    @property
    def signal(self) -> str:
        """``increase``, ``decrease`` or ``no_clear_change``."""
        if not self.effect.p_value < ALPHA:
            return "no_clear_change"
        return "increase" if self.effect.ratio > 1 else "decrease"

    @property
    def pct(self) -> float:
        """The effect in per cent."""
        return 100 * (self.effect.ratio - 1)


def ward_counts(board: Board, plan: EvaluationPlan) -> Counts:
    """The stored counts of the wards of a plan's area: of its outcomes and of the measures linked with them."""
    area = AreaBook.of(board.settings).find(plan.area).code
    measures = [measure for outcome in plan.outcomes for measure in linked_measures(board, outcome)]
    series = {name for measure in measures for each in measure.figures for name in (*each.add, *each.subtract)}
    of_area = [("parent_code", "==", area), ("area_level", "==", "ward"), ("series", "in", sorted(series))]
    return Counts(board.store.table("counts", filters=of_area))


def linked_measures(board: Board, outcome: Outcome) -> list[Measure]:
    """An outcome's measure, and those from which small counts of it could be worked out."""
    groups = [group for group in board.settings.disclosure.linked if outcome.measure in group]
    names = {outcome.measure}.union(*groups)
    return [
        item.measures[name] for item in board.settings.items.values() for name in sorted(names & set(item.measures))
    ]


def panel_of(board: Board, plan: EvaluationPlan, outcome: Outcome, counts: Counts) -> Panel | None:
    """The figures of an outcome up to the board's period; None where no ward set has any month. ``counts`` are those
    of :func:`ward_counts`."""
    measure = board.settings.items[outcome.item].measures[outcome.measure]
    panels = [_panel(board, plan, outcome, measure, ward_set, counts) for ward_set in plan.ward_sets]
    known = [panel for panel in panels if len(panel.counts)]
    return max(known, key=_usefulness, default=None)


def _usefulness(panel: Panel) -> tuple[bool, int, int]:
    return panel.enough_before, int(panel.after.sum()), len(panel.counts)


def _panel(
    board: Board, plan: EvaluationPlan, outcome: Outcome, measure: Measure, ward_set: str, counts: Counts
) -> Panel:
    groups = plan.ward_sets[ward_set]
    area = AreaBook.of(board.settings).find(plan.area).code
    wards = {ward.code for ward in board.settings.wards if (ward.ward_set, ward.borough_code) == (ward_set, area)}
    _refuse_unknown_wards(groups, wards)
    monthly = _ward_months(board, counts, sorted(wards), measure.figures)
    kept = (monthly.index >= _month(plan.before_from)) & (monthly.index <= _month(plan.after_until))
    out = [monthly.index.to_series().between(_month(gap.first), _month(gap.last)).to_numpy() for gap in plan.leave_out]
    chosen = monthly[kept & ~np.any([np.zeros(len(monthly), bool), *out], axis=0)].dropna(subset=list(groups.codes))
    others = tuple(sorted(wards - set(groups.treated) - set(groups.ring)))
    return Panel(outcome, measure, plan, groups, others, chosen, monthly[monthly.index >= _month(plan.before_from)])


def _ward_months(board: Board, counts: Counts, codes: Sequence[str], figures: Sequence[Figures]) -> pd.DataFrame:
    """Monthly counts up to the period, months by wards, of the first of the figures that has these wards."""
    for history in histories(counts, figures, board.settings.sources.bases):
        if history.has_any(codes):
            months = pd.period_range(history.start, board.period, freq="M")
            return pd.DataFrame({code: history.window(code, months)[0] for code in codes}, index=months)
    return pd.DataFrame(columns=list(codes), index=pd.PeriodIndex([], freq="M"), dtype="float64")


def _refuse_unknown_wards(groups: WardGroups, wards: set[str]) -> None:
    unknown = sorted(set(groups.codes) - wards)
    if unknown:
        raise InputError(
            f"{unknown[0]} is no ward of the area in that set", where="plan, ward_sets", fix="mend the code"
        )


# The results ---------------------------------------------------------------------------------------------------------


def town_centre(panel: Panel) -> Finding:
    """The treated wards against their controls."""
    return _finding(panel, "Town centre", panel.groups.treated, panel.groups.controls)


def ring(panel: Panel) -> Finding:
    """The wards about them against theirs: more is displacement, fewer is a benefit that spread."""
    return _finding(panel, "Wards next to it", panel.groups.ring, panel.groups.ring_controls)


def _finding(panel: Panel, place: str, first: Sequence[str], second: Sequence[str]) -> Finding:
    counts, flags = panel.side(first, second)
    effect = difference_in_differences(counts, flags, panel.after)
    here, there = panel.pair(first), panel.pair(second)
    seen = detectable_fall(here.before, there, effect.dispersion)
    return Finding(panel.outcome, place, here.before * there.after / there.before, here.after, effect, seen)


def trend_before(panel: Panel) -> Effect:
    """The yearly drift of the treated wards from their controls over the months before the start."""
    counts, flags = panel.side(panel.groups.treated, panel.groups.controls)
    before = ~panel.after
    years = np.array([month.ordinal for month in panel.counts.index[before]]) / 12
    return differential_trend(counts[before], flags, years - years.mean())


def planned_detectable(panel: Panel) -> float:
    """The smallest fall, in per cent, that the plan's window could show if nothing but the team made a difference."""
    months = int((~panel.after).sum())
    here, there = (panel.total(codes, False) for codes in (panel.groups.treated, panel.groups.controls))
    return detectable_fall(
        here, Pair(there, there * len(_after_months(panel.plan)) / months), trend_before(panel).dispersion
    )


def displacement(panel: Panel, dispersion: float) -> Displacement:
    """The weighted displacement difference, each control weighted to the size of what it stands for before the start
    and the time before brought to the length of the time after."""
    groups = panel.groups
    sizes = {"treated": (groups.treated, groups.treated), "control": (groups.controls, groups.treated)}
    sizes |= {"ring": (groups.ring, groups.ring), "ring_control": (groups.ring_controls, groups.ring)}
    pairs = {
        name: panel.pair(codes)._replace(weight=panel.total(like, False) / panel.total(codes, False))
        for name, (codes, like) in sizes.items()
    }
    months_after = int(panel.after.sum())
    weight = months_after / (len(panel.counts) - months_after)
    return weighted_displacement(pairs, before_weight=weight, dispersion=dispersion)


# The page ------------------------------------------------------------------------------------------------------------


def load_evaluation(board: Board, plan: str = PLAN) -> EvaluationPage:
    """The page of a plan for a board."""
    return EvaluationPage(board, board.settings.plan(plan))


class EvaluationPage:
    """What a notebook shows of a plan and its results. Where there is nothing to show, an answer is a sentence."""

    def __init__(self, board: Board, plan: EvaluationPlan) -> None:
        self.board = board
        self.plan = plan

    @property
    def is_of_area(self) -> bool:
        """Whether the plan is about the board's area."""
        return AreaBook.of(self.board.settings).find(self.plan.area) == self.board.area

    @property
    def stage(self) -> Stage:
        """Where the period stands in the plan."""
        if self.board.period < _month(self.plan.start):
            return "before"
        return "running" if self.board.period < _month(self.plan.after_until) else "complete"

    @cached_property
    def counts(self) -> Counts:
        """The wards' stored counts."""
        return ward_counts(self.board, self.plan)

    @cached_property
    def panels(self) -> list[Panel]:
        """The figures of each outcome that may be shown."""
        if not self.is_of_area:
            return []
        found = [panel_of(self.board, self.plan, outcome, self.counts) for outcome in self.plan.outcomes]
        return [panel for panel in found if panel is not None and not self._gives_people_away(panel)]

    @cached_property
    def findings(self) -> list[tuple[Panel, Finding, Finding]]:
        """Each outcome's town centre and ring; none unless the window is complete and the plan is the one fixed."""
        if self.stage != "complete" or is_altered(self.plan):
            return []
        return [(panel, town_centre(panel), ring(panel)) for panel in self.panels if panel.enough]

    def headline(self) -> Text:
        """Where the evaluation stands, what may be said, and whether the two were on one course before."""
        if not self.is_of_area:
            return self.status()
        said, standing = (self.conclusion(), self.trends_test()), (self.status(),)
        parts = said + standing if self.findings else standing + said
        return Text(tuple(dict.fromkeys(line for part in parts for line in part.lines)), bullet="- ")

    def status(self) -> Text:
        """Where the evaluation stands, and whether the plan is the one that was fixed."""
        if not self.is_of_area:
            return Text((f"No plan is about {self.board.area.name}.",))
        start, last = (month_label(_month(month)) for month in (self.plan.start, self.plan.after_until))
        number = len(_after_months(self.plan))
        told = {
            "before": f"The {self.plan.title} starts in {start}: no result can be had before the figures for {last}.",
            "running": f"{self._months_in()} of {number} months are in. No result is given before those for {last}: "
            "looking early and often finds effects that are not there.",
            "complete": f"The plan's {number} months, {start} to {last}, are over.",
        }
        missing = [self._not_enough(outcome) for outcome in self.plan.outcomes]
        return Text((told[self.stage], plan_standing(self.plan), *(line for line in missing if line)))

    def plan_table(self) -> Table | Text:
        """The plan, line by line."""
        if not self.is_of_area:
            return Text((f"{self.board.area.name} has no plan.",))
        lines = [(Cell(name), Cell(text)) for name, text in self._plan_lines()]
        fixed = f"fixed on {_day(self.plan.fixed[-1].on)}" if self.plan.fixed else "not fixed"
        note = f"Hash of what the plan says: {self.plan.fingerprint[:16]}…"
        return Table(
            f"The plan for the {self.plan.title}, {fixed}", ("What", "As planned"), tuple(lines), notes=(note,)
        )

    def trends(self) -> Chart | Text:
        """Twelve-month totals of the main outcome, town centre and comparison wards, from 100 at the last month before
        the start."""
        if not self.is_of_area:
            return NOTHING
        panel = self._main()
        series = _twelve_month_totals(panel, self.board.period) if panel is not None else {}
        if panel is None or not series or self._tells_of_a_small_ward(panel, series):
            return Text(("No twelve-month totals of these wards can be shown.",))
        base = min(_month(self.plan.start) - 1, self.board.period)
        long = pd.concat(
            pd.DataFrame({"month": totals.index, "series": name, "value": (100 * totals / totals[base]).round(1)})
            for name, totals in series.items()
        )
        title = f"{panel.measure.label}: twelve-month totals, {month_label(base)} = 100"
        breaks = no_comparison(panel.measure.breaks)
        events = event_table(self.board.events, ITEM, self.board.period)
        finding = str(self.trends_test())
        return index_chart(long, title=title, unit="index", finding=finding, breaks=breaks, events=events)

    def trends_test(self) -> Text:
        """Whether the town centre was on the same course as the comparison wards before the start."""
        panel = self._main()
        if panel is None or not panel.enough_before:
            return Text(("There are too few months before the start to compare the trends.",))
        drift = trend_before(panel)
        if np.isnan(drift.ratio):
            return Text(("The trends before the start cannot be compared: a side has no events to go by.",))
        span = f"{_interval(drift)} a year"
        moved = f"the town centre moved {_pct(drift.ratio)} a year against the comparison wards"
        verdict = (
            "The two were on different courses before, so a difference after need not be the team's."
            if drift.p_value < ALPHA
            else "No clear difference in trend; one inside that interval could not have been told from chance."
        )
        return Text((f"Before the start, {moved} (95% interval {span}). {verdict}",))

    def results(self) -> Table | Text:
        """Counted against what the comparison wards would lead one to expect."""
        if not self.is_of_area:
            return NOTHING
        if not self.findings:
            return Text(("There is no result yet." if self.stage != "complete" else "There is no result to show.",))
        columns = (
            "Where",
            "Expected",
            "Counted",
            "Effect",
            "95% interval",
            "More than chance?",
            "Could be seen",
        )
        lines: list[tuple[Cell, ...]] = []
        for panel, *found in self.findings:
            lines += [(Cell(panel.measure.label),), *(_result_line(each) for each in found)]
        caption = f"{self._window()}: counted against expected"
        return Table(caption, columns, tuple(lines), frozenset({1, 2, 3, 4, 6}), "offences", self._result_notes())

    def placebos(self) -> Chart | Text:
        """The main outcome's effect beside those found where and when there was no team."""
        if not self.is_of_area:
            return NOTHING
        if not self.findings or self.findings[0][0].outcome != self.plan.outcomes[0]:
            return Text(("An effect would be set beside those found in other wards and at other dates.",))
        panel, found, _ = self.findings[0]
        areas, dates = self._placebos(panel)
        real = {"ratio": [found.effect.ratio], "low": found.effect.low, "high": found.effect.high, "is_real": True}
        others = {"Other wards": areas, "Town centre, other dates": dates}
        rows = pd.concat(
            [
                pd.DataFrame({"label": "Town centre, the real start", **real}),
                *(
                    pd.DataFrame({"label": name, "ratio": ratios.round(3).array, "is_real": False})
                    for name, ratios in others.items()
                ),
            ]
        )
        finding = (
            f"With no team, {as_far(found.effect.ratio, areas)} of {len(areas)} other wards and "
            f"{as_far(found.effect.ratio, dates)} of {len(dates)} other dates moved at least as far as this."
        )
        title = f"{panel.measure.label}: the effect, and what is found without a team"
        return placebo_chart(rows, title=title, unit="change beyond that of the comparison wards", finding=finding)

    def conclusion(self) -> Text:
        """What may be said, with what could have been seen."""
        if not self.is_of_area:
            return self.status()
        if self.findings:
            return Text(tuple(self._said(panel, found, about) for panel, found, about in self.findings), bullet="- ")
        if is_altered(self.plan):
            return Text((plan_standing(self.plan),))
        panel = self._main()
        if self.stage == "complete" or panel is None or not panel.enough_before:
            return Text(("The files at hand do not have the months that the plan needs, so nothing can be concluded.",))
        return Text((f"{panel.measure.label}: {self._could_be_seen(planned_detectable(panel))}",))

    # Parts of the above ----------------------------------------------------------------------------------------------

    def _main(self) -> Panel | None:
        return next((panel for panel in self.panels if panel.outcome == self.plan.outcomes[0]), None)

    def _placebos(self, panel: Panel) -> tuple[pd.Series, pd.Series]:
        shown = [code for code in panel.others if not any(map(self._withheld, panel.pair((code,))[:2]))]
        controls = [code for code in panel.groups.controls if code in shown]
        whole = panel.counts[shown].dropna(axis="columns")
        treated, flags = panel.side(panel.groups.treated, panel.groups.controls)
        before = pd.DataFrame(treated, index=panel.counts.index)[~panel.after]
        return placebo_areas(whole, controls, panel.after), placebo_dates(before, flags, PLACEBO_MONTHS)

    def _withheld(self, total: float) -> bool:
        return self._policy.hides(total)

    @cached_property
    def _policy(self) -> AudiencePolicy:
        return self.board.policy(ITEM)

    def _tells_of_a_small_ward(self, panel: Panel, series: Mapping[str, pd.Series]) -> bool:
        """Whether a group, or in any month drawn any one ward of the borough, has a twelve-month total that the policy
        withholds. A total beside an index is the totals of all its months: with the wards shown then they would give
        such a ward away, or the one withheld beside it."""
        months = next(iter(series.values())).index
        wards = panel.whole.rolling(12).sum().reindex(months)
        totals = [*series.values(), *(wards[code] for code in wards)]
        return any(self._withheld(total) for each in totals for total in each.dropna())

    def _gives_people_away(self, panel: Panel) -> bool:
        """Whether a group's total, of the outcome or of a measure linked with it, is one that the policy withholds."""
        groups = (panel.groups.treated, panel.groups.controls, panel.groups.ring, panel.groups.ring_controls)
        frames = [
            _ward_months(self.board, self.counts, panel.groups.codes, measure.figures).reindex(panel.counts.index)
            for measure in linked_measures(self.board, panel.outcome)
        ]
        counts = [frame[list(codes)].to_numpy() for frame in frames for codes in groups]
        totals = [each[months].sum() for each in counts for months in (panel.after, ~panel.after)]
        return any(map(self._withheld, totals))

    def _months_in(self) -> int:
        return (self.board.period - _month(self.plan.start)).n + 1

    def _window(self) -> str:
        return f"{month_label(_month(self.plan.start))} to {month_label(_month(self.plan.after_until))}"

    def _not_enough(self, outcome: Outcome) -> str:
        title = measure_title(self.board.settings, outcome.item, outcome.measure)
        panel = next((panel for panel in self.panels if panel.outcome == outcome), None)
        if panel is None:
            return f"{title}: no file at hand gives these wards, or too few to show without pointing at people."
        before, after = int((~panel.after).sum()), int(panel.after.sum())
        if self.stage == "complete" and not panel.enough:
            return f"{title}: {before} months before the start and {after} after it are at hand, which is too few."
        return f"{title}: {before} months before the start are at hand." if self.stage != "complete" else ""

    def _result_notes(self) -> tuple[str, ...]:
        first = "Could be seen: the smallest fall that would be found four times in five."
        return (first, *(note for panel, found, _ in self.findings for note in self._notes_on(panel, found)))

    def _notes_on(self, panel: Panel, found: Finding) -> list[str]:
        total = displacement(panel, found.effect.dispersion)
        before, after = int((~panel.after).sum()), int(panel.after.sum())
        notes = [
            f"{panel.measure.label}: {before} months before the start against {after} after; intervals allow for a "
            f"dispersion of {found.effect.dispersion:.1f}. Weighted displacement difference, town centre and the wards "
            f"next to it together: {signed(total.difference)} offences ({signed(total.low)} to {signed(total.high)})."
        ]
        return notes + [line for line in [self._cost(total, after)] if line]

    def _cost(self, total: Displacement, months: int) -> str:
        if self.plan.officers is None or self.plan.cost_per_officer_month is None:
            return ""
        cost = cost_per_event(total, self.plan.officers, months, self.plan.cost_per_officer_month)
        if np.isnan(cost):
            return "No cost per offence can be given: no clear fall was found."
        return f"£{cost:,.0f} for each offence fewer, at £{self.plan.cost_per_officer_month:,.0f} an officer a month."

    def _said(self, panel: Panel, found: Finding, about: Finding) -> str:
        return " ".join([self._effect_said(panel, found), _ring_said(about, found), self._doubt(panel)]).strip()

    def _effect_said(self, panel: Panel, found: Finding) -> str:
        label, effect = panel.measure.label, found.effect
        if np.isnan(effect.ratio):
            return f"{label}: nothing can be said, for a side has no events to go by."
        span = f"95% interval {_interval(effect)}"
        against = f"than the comparison wards lead one to expect ({span})"
        size = f"{per_cent(found.pct)} {'more' if found.pct > 0 else 'fewer'}"
        if found.signal != "no_clear_change":
            return f"{label}: {size} in the town centre {against}; that is unlikely to be chance."
        return f"{label}: no effect is shown. There were {size} {against}. {self._power_said(found)}"

    def _power_said(self, found: Finding) -> str:
        worthwhile = self.plan.smallest_worthwhile_pct
        verdict = "can" if found.effect.low > 1 - worthwhile / 100 else "cannot"
        fall = f"A fall of {worthwhile:g}%, the smallest worth having by the plan, {verdict} be ruled out."
        return f"{fall} {_seen(found.detectable)}"

    def _could_be_seen(self, detectable: float) -> str:
        worthwhile = self.plan.smallest_worthwhile_pct
        enough = "so the plan can show it" if detectable <= worthwhile else "so one that small may well be missed"
        seen = _seen(detectable)
        return f"{seen[:1].lower()}{seen[1:]} The smallest fall worth having is {worthwhile:g}%, {enough}."

    def _doubt(self, panel: Panel) -> str:
        drift = trend_before(panel)
        if drift.p_value < ALPHA:
            return "The two were on different courses before the start, so this need not be the team's doing."
        return ""

    def _plan_lines(self) -> list[tuple[str, str]]:
        plan, settings = self.plan, self.board.settings
        names = {ward.code: ward.name for ward in settings.wards}
        used = self.panels[0].groups if self.panels else next(iter(plan.ward_sets.values()))
        outcomes = [measure_title(settings, outcome.item, outcome.measure) for outcome in plan.outcomes]
        left_out = [f"{_span(gap.first, gap.last)}: {gap.why}" for gap in plan.leave_out]
        cost = plan.cost_per_officer_month
        return [
            ("What", plan.what),
            ("Where", _names(used.treated, names)),
            ("Compared with", f"{_names(used.controls, names)}. {plan.why_controls}"),
            ("Wards next to it", f"{_names(used.ring, names)}. {plan.why_ring}"),
            ("Those compared with", f"{_names(used.ring_controls, names)}. {plan.why_ring_controls}"),
            ("Outcomes", f"{outcomes[0]} (main){''.join(f'; {title}' for title in outcomes[1:])}"),
            ("Before", _span(plan.before_from, str(_month(plan.start) - 1))),
            *(("Left out", line) for line in left_out),
            ("After", _span(plan.start, plan.after_until)),
            ("Smallest fall worth having", f"{plan.smallest_worthwhile_pct:g}%"),
            ("Test", plan.test),
            ("Cost", f"£{cost:,.0f} an officer a month" if cost else "not given, so no cost per offence"),
        ]


def _twelve_month_totals(panel: Panel, period: pd.Period) -> dict[str, pd.Series]:
    """Twelve-month totals by group, for the months in which every group has one, none across a break that does not
    compare; empty where none is at the last month before the start, to which the others are set."""
    groups = {"Town centre": panel.groups.treated, "Comparison wards": panel.groups.controls}
    groups |= {"Wards next to it": panel.groups.ring}
    sums = pd.DataFrame({name: panel.whole[list(codes)].sum(axis=1, skipna=False) for name, codes in groups.items()})
    base = min(_month(panel.plan.start) - 1, period)
    firsts = [pd.Period(month, freq="M") for month in no_comparison(panel.measure.breaks)]
    since = max((first for first in firsts if first <= base), default=None)
    until = min((first - 1 for first in firsts if first > base), default=period)
    totals = sums.loc[since : min(until, period)].rolling(12).sum().dropna()
    return {name: totals[name] for name in totals} if base in totals.index and totals.loc[base].all() else {}


def _result_line(found: Finding) -> tuple[Cell, ...]:
    effect = found.effect
    if np.isnan(effect.ratio):
        return (Cell(found.place), *(Cell("–", absent=True),) * 6)
    seen = "none" if np.isnan(found.detectable) else f"{found.detectable:.0f}%"
    figures = (f"{found.expected:,.0f}", f"{found.counted:,.0f}", _pct(effect.ratio), _interval(effect))
    return (Cell(found.place), *map(Cell, figures), Cell(signal_text(found.signal)), Cell(seen))


def _ring_said(about: Finding, found: Finding) -> str:
    if about.signal == "no_clear_change":
        return (
            "The wards next to it show no clear change: neither offending that moved there nor a benefit that spread."
        )
    size = f"The wards next to it had {per_cent(about.pct)} {'more' if about.pct > 0 else 'fewer'} than expected"
    if found.signal != "decrease":
        return f"{size}; as the town centre shows no fall, that need have nothing to do with the team."
    return f"{size}: {'offending may have moved there' if about.pct > 0 else 'the benefit may have spread'}."


def _seen(detectable: float) -> str:
    if np.isnan(detectable):
        return "With numbers this small no fall could be told from chance."
    return f"In numbers of this size a fall of {per_cent(detectable)} would be found four times in five."


def _after_months(plan: EvaluationPlan) -> pd.PeriodIndex:
    return pd.period_range(plan.start, plan.after_until, freq="M")


def _names(codes: Sequence[str], names: dict[str, str]) -> str:
    return ", ".join(names.get(code, code) for code in codes)


def _span(first: str, last: str) -> str:
    return f"{month_label(_month(first))} to {month_label(_month(last))}"


def _month(text: str) -> pd.Period:
    return pd.Period(text, freq="M")


def _day(text: str) -> str:
    return pd.Timestamp(text).strftime("%-d %B %Y")


def _pct(ratio: float) -> str:
    """A ratio as a change in per cent, with the decimals that keep it from reading as none."""
    change = 100 * (ratio - 1)
    digits = 0 if abs(change) >= 0.5 else 1 if abs(change) >= 0.05 else 2
    return f"{change:+.{digits}f}%".replace("-", "−")


def _interval(effect: Effect) -> str:
    return f"{_pct(effect.low)} to {_pct(effect.high)}"
