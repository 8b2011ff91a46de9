"""The attack as a test: random tables and runs of monthly packs, with nothing that can be worked out of them."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from disclosure_tables import SMALL_TO, table
from scipy.optimize import linprog

from crimelib.disclosure.audit import attack
from crimelib.disclosure.linked import linked_tables
from crimelib.disclosure.protect import FIGURES, protect
from crimelib.disclosure.suppression import Figures, consistent, suppress
from crimelib.measures.periods import WINDOWS, previous_months, window_months
from crimelib.settings import load_settings

SHAPES = [(12,), (22,), (6, 4), (8, 3), (3, 3, 3), (4, 3, 2), (5, 3, 2), (3, 2, 2, 2)]
FEW = [pytest.param(seed, id=str(seed)) for seed in range(0, 200, 10)]
REST = [pytest.param(seed, id=str(seed), marks=pytest.mark.long) for seed in range(200) if seed % 10]
DISCLOSURE = load_settings().disclosure
POLICY, LINKED = DISCLOSURE.audiences["board"], DISCLOSURE.linked
MEASURES = ("vwi", "domestic_vwi", "ndvwi")


def interval(figures: Figures, hidden: np.ndarray, place: int) -> tuple[float, float]:
    """The least and the most that a figure can be, from all that are not hidden, and from nothing but them."""
    line, known = figures.parts[[place]].toarray()[0], ~hidden
    ends = [
        linprog(sign * line, A_eq=figures.parts[known], b_eq=figures.values[known], bounds=(0, None))
        for sign in (1, -1)
    ]
    assert all(end.status == 0 for end in ends)
    return np.ceil(line @ ends[0].x - 1e-6), np.floor(line @ ends[1].x + 1e-6)


@pytest.mark.parametrize("seed", [*FEW, *REST])
def test_no_cell_of_a_random_table_can_be_bounded_more_tightly_than_the_policy(seed: int) -> None:
    chance = np.random.default_rng(seed)
    shape = SHAPES[seed // 10 % len(SHAPES)]
    figures, primary, weights = table(chance.negative_binomial(1, chance.uniform(0.03, 0.15), size=shape))
    found = suppress(figures, primary, weights)
    hidden = figures.hidden(found.groups)
    everything = figures.hidden(np.ones(len(weights), dtype=bool))
    for place in np.flatnonzero(hidden):
        low, high = interval(figures, hidden, place)
        least, most = interval(figures, everything, place) if place in found.given else (0.0, np.inf)
        assert high - low >= min(SMALL_TO, most - least) or high == 0
        if primary[place]:
            assert low <= least
            assert high >= min(SMALL_TO, most)
    assert found.loss <= 1.2 * max(found.bound, weights[primary].sum()) + 1e-9


def months_of(seed: int, wards: int = 6, months: int = 35) -> dict[str, np.ndarray]:
    """Monthly counts by ward of both parts of violence with injury, and of the whole."""
    chance = np.random.default_rng(seed)
    level = chance.uniform(0.1, 4, size=(1, wards))
    parts = {name: chance.poisson(level, size=(months, wards)) for name in MEASURES[1:]}
    return {"vwi": parts["domestic_vwi"] + parts["ndvwi"], **parts}


def summary_of(counts: dict[str, np.ndarray], period: pd.Period, first: pd.Period) -> pd.DataFrame:
    """The rows of a summary, unprotected, of the wards and of the borough."""
    rows = []
    for measure, monthly in counts.items():
        for window in WINDOWS:
            sides = [months(period, window) - first for months in (window_months, previous_months)]
            now, then = (monthly[[each.n for each in side]].sum(axis=0) for side in sides)
            for ward in [*range(monthly.shape[1]), None]:
                pair = (now.sum(), then.sum()) if ward is None else (now[ward], then[ward])
                code = "" if ward is None else f"W{ward}"
                figures = dict.fromkeys(FIGURES, 1.0) | dict(zip(("current", "previous"), map(int, pair), strict=True))
                about = {"item": "ndvwi", "measure": measure, "breakdown": "ward" if code else "total"}
                named = {"area_name": "Bromley", "breakdown_value": code, "breakdown_label": code}
                said = {"period": str(period), "window": window, "signal": "", "status": "ok", "note": ""}
                rows.append({**about, **named, **said, **figures})
    return pd.DataFrame(rows).astype(dict.fromkeys(FIGURES, object))


def as_read(rows: pd.DataFrame) -> list[dict[str, str]]:
    return rows.astype(object).where(rows.notna(), "").astype(str).to_dict("records")


RUNS = [(0, 3, 34), (0, 4, 26), *(pytest.param(seed, 12, 34, marks=pytest.mark.long) for seed in range(10))]


@pytest.mark.parametrize(("seed", "packs", "last"), RUNS)
def test_consecutive_packs_give_nothing_away_together(seed: int, packs: int, last: int) -> None:
    """In March the year to date is twelve months, and says of the same months what the rolling total says."""
    counts, first = months_of(seed), pd.Period("2019-01", freq="M")
    before: list[dict[str, str]] = []
    for period in pd.period_range(end=first + last, periods=packs, freq="M"):
        rows = summary_of(counts, period, first)
        shown = as_read(protect(rows, "board", DISCLOSURE, MEASURES, {"board": pd.DataFrame(before)}))
        assert attack(shown, before, POLICY, LINKED) == []
        small = rows[["current", "previous"]].map(POLICY.hides).any(axis=1) & (rows["breakdown"] == "ward")
        assert all(shown[place]["status"] == "suppressed" for place in np.flatnonzero(small))
        before += shown


@pytest.mark.parametrize("month", range(1, 13))
def test_what_protection_takes_for_known_is_true_of_the_counts(month: int) -> None:
    """Sums of true counts agree with each other, whichever windows of whichever packs they are of."""
    counts, first = months_of(month, wards=3, months=36), pd.Period("2019-01", freq="M")
    one, other = (summary_of(counts, pd.Period(year=2021, month=month, freq="M") - back, first) for back in (0, 1))
    rows = one[one["breakdown"] == "ward"].reset_index(drop=True)
    tables = linked_tables(rows, np.ones(len(rows), dtype=bool), POLICY, LINKED, other)
    assert tables is not None
    assert np.allclose(consistent(tables.figures).values, tables.figures.values)


def test_a_pack_made_without_regard_to_the_one_before_would_be_caught() -> None:
    """The attack has teeth: with each pack protected by itself, some run of packs gives a count away."""
    caught = 0
    for seed in range(12):
        counts, first = months_of(seed, wards=3), pd.Period("2019-01", freq="M")
        packs = [
            as_read(protect(summary_of(counts, first + at, first), "board", DISCLOSURE, MEASURES))
            for at in (32, 33, 34)
        ]
        caught += bool(attack(packs[2], [*packs[0], *packs[1]], POLICY, LINKED))
    assert caught
