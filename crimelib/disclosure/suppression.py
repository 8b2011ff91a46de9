"""Which figures of linked tables to withhold so that no small count can be worked out, at the least loss.

Every table is a set of sums of the same unknown counts (a ward's offences of one kind in one stretch of months). An
attacker knows the sums that are shown and that no count is below zero; what he can say of a withheld one is an
interval, the two ends of a linear programme. The figures to withhold are chosen by an integer programme (Fischetti and
Salazar, "Models and algorithms for optimizing cell suppression in tabular data with linear constraints", JASA 95,
2000): whenever an interval is too narrow, the dual solution says which shown sums prove it, and at least one of them
has to go. When no interval is too narrow, the choice is both safe and the best there is.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import count, islice
from time import process_time

import numpy as np
from scipy.sparse import coo_array, csr_array, eye_array, hstack

from crimelib.disclosure.programmes import Programme, Solved, least_whole

SHOWN, WITHHELD = -1, -2  # groups of figures that no choice touches
NEAR = 1e-6
MIP_GAP = 0.002
Cut = tuple[np.ndarray, float]  # coefficients of the groups, and the least that they must come to
BATCH = 40


@dataclass(frozen=True)
class Figures:
    """Sums of unknown counts of nought or more, one a row of ``parts`` (figures by counts, 0 or 1).

    ``values``: what each comes to, NaN where that is not known to us either. ``groups``: figures of one number stand or
    fall together, ``SHOWN`` ones always stand and ``WITHHELD`` ones never. A withheld figure must be possible anywhere
    from ``low`` to ``high``, and over ``width`` at least; ``harmless`` is the value above which its interval may be
    narrow, for it is then no small count. ``relations``: figures
    of which the first is the sum of the others.
    """

    parts: csr_array
    values: np.ndarray
    groups: np.ndarray
    low: np.ndarray
    high: np.ndarray
    width: np.ndarray
    harmless: np.ndarray
    relations: tuple[tuple[int, ...], ...] = ()

    def hidden(self, groups: np.ndarray) -> np.ndarray:
        """Which figures are withheld when the ``groups`` (true or false each) are."""
        return np.where(self.groups >= 0, groups[np.maximum(self.groups, 0)], self.groups == WITHHELD)


@dataclass(frozen=True)
class Suppression:
    """The groups withheld, what that loses, the least that any safe choice loses, and the figures that no choice could
    protect any more, for what is shown already gives them away."""

    groups: np.ndarray
    loss: float
    bound: float
    given: tuple[int, ...]
    out_of_time: bool = False

    @property
    def gap(self) -> float:
        """The share of the loss that a better choice might save; 0 when it is the best."""
        return (self.loss - self.bound) / self.loss if self.loss > NEAR else 0.0


@dataclass(frozen=True)
class Proof:
    """That a figure lies within ``low`` and ``high``, and how much each shown figure's withholding could widen that."""

    figure: int
    low: float
    high: float
    widens_down: np.ndarray
    widens_up: np.ndarray


def suppress(
    figures: Figures, primary: np.ndarray, weights: np.ndarray, *, seconds: float = 20.0, exact_rounds: int = 12
) -> Suppression:
    """The groups to withhold: the ``primary`` ones and as few others as will protect every withheld figure, by
    ``weights``. After ``exact_rounds`` of the integer programme what has been chosen stays and is only added to, so
    that the end is near; ``gap`` says how much that may lose. Out of time, every group goes: the safest there is. The
    ``seconds`` are the processor's, so that a busy machine withholds no more than an idle one."""
    figures, given = consistent(figures), set()
    system = _System(figures)
    cuts = list(_pattern(figures, primary))
    groups, kept, end = primary.copy(), primary, process_time() + seconds
    bound = float(weights[primary].sum())
    for number in count(1):
        if not (found := narrow(figures, groups, system)):
            return Suppression(groups, float(weights[groups].sum()), bound, tuple(sorted(given)))
        for proof in found:
            new = list(_cuts(figures, proof, primary))
            cuts += [cut for cut in new if cut is not None]
            if None in new:
                given.add(proof.figure)
                figures = attainable(figures, proof.figure, len(weights), system)
        solved = _cheapest(cuts, kept, weights, end - process_time())
        if solved is None or process_time() > end:
            break
        groups = solved.x > 0.5
        if number <= exact_rounds:
            bound = max(bound, solved.bound)
        if number >= exact_rounds:
            kept = groups
    return replace(everything(weights), bound=bound, given=tuple(sorted(given)))


def everything(weights: np.ndarray) -> Suppression:
    """Every group withheld: the safest there is, for want of time or of a solution."""
    return Suppression(np.ones(len(weights), dtype=bool), float(weights.sum()), 0.0, (), out_of_time=True)


def consistent(figures: Figures) -> Figures:
    """The same figures with values that some counts of nought or more add up to, as near as can be: figures of
    different files, or of packs before and after a revision, do not quite agree; an attacker would reconcile them so.
    """
    known = ~np.isnan(figures.values)
    number, counts = int(known.sum()), figures.parts.shape[1]
    slack = eye_array(number, format="csr")
    cost = np.concatenate([np.zeros(counts), np.ones(2 * number)])
    rows, values = hstack([figures.parts[known], slack, -slack], format="csr"), figures.values[known]
    solved = Programme(rows, (values, values)).least(cost, (np.zeros(len(cost)), np.full(len(cost), np.inf)))
    values = figures.values.copy()
    values[known] = figures.parts[known] @ np.maximum(solved.x[:counts], 0)
    return replace(figures, values=np.where(np.abs(values) < NEAR, 0, values))


def attainable(figures: Figures, place: int, groups: int, system: _System) -> Figures:
    """The figures with what is asked of one cut down to what withholding every group would give it: the sums that
    always stand, such as a borough's total, bound it, and no choice can help that."""
    shown = ~figures.hidden(np.ones(groups, dtype=bool)) & ~np.isnan(figures.values)
    fewest, most = _whole(system.show(shown).proof(place))
    low, high, width = figures.low.copy(), figures.high.copy(), figures.width.copy()
    low[place], high[place] = max(low[place], fewest), min(high[place], most)
    width[place] = min(width[place], most - fewest)
    return replace(figures, low=low, high=high, width=width)


def narrow(figures: Figures, groups: np.ndarray, system: _System | None = None) -> list[Proof]:
    """Withheld figures that what is shown bounds too tightly, with the proof of each; at most ``BATCH``."""
    return list(islice(_narrow(figures, groups, system or _System(figures)), BATCH))


def _narrow(figures: Figures, groups: np.ndarray, system: _System) -> Iterator[Proof]:
    hidden = figures.hidden(groups)
    shown = ~hidden & ~np.isnan(figures.values)
    open_ = hidden & ~_nought(figures, shown) & (np.isfinite(figures.low) | (figures.width > 0))
    if open_.any():
        _probe(system.show(shown), figures, open_)
        for place in np.flatnonzero(open_ & ~_wide(figures, *system.reached)):
            if not _wide(figures, *system.reached)[place] and _fails(figures, proof := system.proof(place)):
                yield proof


class _System:
    """What an attacker can work with: the shown figures as equations. Figures that a choice may withhold have a column
    for what they come to, in two parts (up to a target and beyond it), so that one programme answers every question
    from where the last one ended; what is shown is a bound of those columns."""

    def __init__(self, figures: Figures) -> None:
        self.figures = figures
        self.counts = figures.parts.shape[1]
        self.limit = float(np.nansum(figures.values) + np.max(figures.width, initial=0) + 1)
        self.free = np.flatnonzero(figures.groups != SHOWN)
        own = _columns_of(self.free, len(figures.values))
        known = np.where(figures.groups == SHOWN, figures.values, 0.0)
        rows = hstack([figures.parts, -own, -own], format="csr")
        self.programme = Programme(rows, (np.nan_to_num(known, nan=-np.inf), np.nan_to_num(known, nan=np.inf)))
        self.worlds = [figures.values]
        self.show(np.ones(len(figures.values), dtype=bool))

    def show(self, shown: np.ndarray) -> _System:
        """The system with these figures shown, and the least and the most that every figure is known to reach then:
        in what was found possible so far and agrees with what is shown."""
        self.shown = shown
        worlds = np.array(self.worlds)
        agree = (np.abs(worlds[:, shown] - self.figures.values[shown]) < NEAR).all(axis=1)
        low = np.fmin.reduce(worlds[agree], axis=0, initial=np.inf)
        self.reached = low, np.fmax.reduce(worlds[agree], axis=0, initial=-np.inf)
        return self

    def extreme(self, figure: int, sign: float) -> tuple[float, np.ndarray]:
        """The most (or the least, by the sign) that a figure can come to, and how that grows with each figure shown."""
        cost = np.where(self.free == figure, -sign, 0.0)
        solved = self._solve(np.full(len(self.free), np.inf), cost, cost)
        return float(self.worlds[-1][figure]), np.where(self.shown, -solved.prices, 0.0)

    def towards(self, chosen: np.ndarray, targets: np.ndarray, up: bool) -> None:
        """Find counts at which some figures come as near as they can, added up, to rising (or falling) to their
        targets."""
        ends = np.where(chosen, targets, np.inf)[self.free]
        nearer, beyond = (-1.0, 0.0) if up else (0.0, 1.0)
        self._solve(ends, np.where(chosen, nearer, 0.0)[self.free], np.where(chosen, beyond, 0.0)[self.free])

    def _solve(self, ends: np.ndarray, nearer: np.ndarray, beyond: np.ndarray) -> Solved:
        """The least cost where withheld figures cost so much a unit up to their ends, and so much beyond."""
        shown, values = self.shown[self.free], self.figures.values[self.free]
        counts = np.zeros(self.counts)
        further = np.where(shown | np.isinf(ends), 0.0, np.inf)
        lower = np.concatenate([counts, np.where(shown, values, 0.0), np.zeros(len(ends))])
        upper = np.concatenate([counts + self.limit, np.where(shown, values, ends), further])
        solved = self.programme.least(np.concatenate([counts, nearer, beyond]), (lower, upper))
        world = self.figures.parts @ solved.x[: self.counts]
        self.worlds.append(world)
        self.reached = np.minimum(self.reached[0], world), np.maximum(self.reached[1], world)
        return solved

    def proof(self, figure: int) -> Proof:
        """The tightest interval of one figure."""
        (most, up), (fewest, down) = self.extreme(figure, 1.0), self.extreme(figure, -1.0)
        return Proof(figure, fewest, most, self._widens(down), self._widens(up))

    def _widens(self, prices: np.ndarray) -> np.ndarray:
        """How far each figure could move the end of the interval if it were withheld: one that could rise, without
        end; one that must fall, by no more than its value."""
        falls = np.where(prices < -NEAR, -prices * np.nan_to_num(self.figures.values), 0.0)
        return np.where(prices > NEAR, np.inf, falls)


def _columns_of(figures: np.ndarray, number: int) -> csr_array:
    """A column for each of some figures."""
    return csr_array((np.ones(len(figures)), (figures, np.arange(len(figures)))), shape=(number, len(figures)))


def _nought(figures: Figures, shown: np.ndarray) -> np.ndarray:
    """Figures all of whose counts are nought because a shown figure of nought has them: they tell of no one."""
    zero = figures.parts[shown & (np.abs(figures.values) < NEAR)].sum(axis=0) > 0
    return (figures.parts @ (~zero).astype(float)) == 0


def _probe(system: _System, figures: Figures, open_: np.ndarray) -> None:
    """Find what is possible for the withheld figures: from solutions that bring as many of them at once as can be
    to what is asked, which settles most without a programme of their own."""
    idle, up = 0, False
    while idle < 2 and (unsettled := open_ & ~_wide(figures, *system.reached)).any():
        system.towards(unsettled, _targets(figures, *system.reached, up), up)
        settled = (unsettled & _wide(figures, *system.reached)).any()
        idle, up = (0 if settled else idle + 1), not up


def _targets(figures: Figures, low: np.ndarray, high: np.ndarray, up: bool) -> np.ndarray:
    """Where each figure should come to, from where it has been (``low`` is infinite for one not seen yet)."""
    if up:
        return np.maximum(figures.high, np.nan_to_num(low, posinf=0) + figures.width)
    return np.maximum(0, np.minimum(figures.low, high - figures.width))


def _wide(figures: Figures, low: np.ndarray, high: np.ndarray) -> np.ndarray:
    enough = high - low >= figures.width - NEAR
    return (low <= figures.low + NEAR) & (high >= figures.high - NEAR) & enough


def _fails(figures: Figures, proof: Proof) -> bool:
    """Whether an interval is too narrow: it leaves out part of what it must hold; or it has fewer whole numbers than it
    should though the count could be small, and is not just nought."""
    place, low, high = proof.figure, *_whole(proof)
    if low > figures.low[place] or high < figures.high[place]:
        return True
    return bool(low <= figures.harmless[place] and high > 0 and high - low < figures.width[place])


def _whole(proof: Proof) -> tuple[float, float]:
    """The whole numbers that a figure lies within."""
    return float(np.ceil(proof.low - NEAR)), float(np.floor(proof.high + NEAR))


def _cuts(figures: Figures, proof: Proof, primary: np.ndarray) -> Iterator[Cut | None]:
    """What the groups withheld must satisfy before the proof no longer holds, as ``coefficients @ groups >= least``;
    None where no choice can break it."""
    place = proof.figure
    both = proof.widens_down + proof.widens_up
    if proof.low > figures.low[place] + NEAR:
        yield _cut(figures, proof, proof.widens_down, proof.low - figures.low[place], primary)
    if proof.high < figures.high[place] - NEAR:
        yield _cut(figures, proof, proof.widens_up, figures.high[place] - proof.high, primary)
    if figures.width[place] > 0:
        yield _cut(figures, proof, both, figures.width[place] - (proof.high - proof.low), primary)


def _pattern(figures: Figures, primary: np.ndarray) -> Iterator[Cut]:
    """What every safe choice satisfies: a figure of a sum is withheld only with others that make room for it."""
    for whole, *parts in figures.relations:
        for place in (place for place in (whole, *parts) if figures.groups[place] >= 0):
            same = [part for part in parts if part != place] if place != whole else []
            against = parts if place == whole else [whole]
            up, down = np.zeros(len(figures.values)), np.zeros(len(figures.values))
            up[against] = down[same] = np.inf
            up[same], down[against] = figures.values[same], figures.values[against]
            value = figures.values[place]
            yield from filter(None, _cuts(figures, Proof(place, value, value, down, up), primary))


def _cut(figures: Figures, proof: Proof, widens: np.ndarray, need: float, primary: np.ndarray) -> Cut | None:
    """The widening that withheld groups bring must reach the need, if the figure itself is withheld."""
    need = max(need, 1e-3)  # an interval that is wide enough but for rounding: any widening at all
    own, free = figures.groups[proof.figure], figures.groups >= 0
    coefficients = np.zeros(len(primary))
    np.add.at(coefficients, figures.groups[free], np.minimum(widens[free], need) / need)
    coefficients = np.minimum(coefficients, 1.0)
    if coefficients.sum() < 1 - NEAR:
        return None
    always = own < 0 or primary[own]
    if not always:
        coefficients[own] -= 1.0
    return coefficients, float(always)


def _cheapest(cuts: Sequence[Cut], kept: np.ndarray, weights: np.ndarray, seconds: float) -> Solved | None:
    """The groups of least weight that satisfy the cuts and hold the ``kept`` ones; None where the time is out first."""
    matrix, needs = np.array([row for row, _ in cuts]), np.array([need for _, need in cuts])
    return least_whole(
        weights,
        csr_array(matrix),
        (needs, np.full(len(needs), np.inf)),
        (kept.astype(float), np.ones(len(weights))),
        seconds=max(seconds, 0.1),
        gap=MIP_GAP,
    )


def sums(rows: Sequence[Sequence[int]], counts: int) -> csr_array:
    """The matrix of figures that are sums of numbered counts."""
    where = np.array([(place, part) for place, row in enumerate(rows) for part in row], dtype=int).reshape(-1, 2)
    return csr_array(coo_array((np.ones(len(where)), (where[:, 0], where[:, 1])), shape=(len(rows), counts)))
