"""Weights that bring the people who answered to the age and sex of those who live there."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from crimelib.errors import InputError

MOST_ROUNDS = 1_000
CLOSE = 1e-10


class Weighted(NamedTuple):
    """A weighted proportion, how many answered, and how many independent answers that is worth."""

    proportion: float
    answers: int
    effective: float


def rake(counts: np.ndarray, rows: np.ndarray, columns: np.ndarray) -> np.ndarray:
    """A weight for each cell of a two-way table of answers, so that the weighted margins are the targets' shares: by
    iterative proportional fitting (Deming and Stephan, 1940). Weights average 1 over the answers; a cell without
    answers has the weight 0.

    A target's category in which nobody answered is left out and the others take its share. Raises
    :class:`InputError` where targets do not fit the table, nobody answered, or no weights reach the targets.
    """
    answered = np.asarray(counts, float)
    if answered.shape != (len(rows), len(columns)) or answered.sum() <= 0:
        raise InputError("the answers do not fit the targets", fix="give one target a row and a column of the table")
    fitted = answered
    wanted = [_reachable(rows, answered.sum(axis=1)), _reachable(columns, answered.sum(axis=0))]
    for _ in range(MOST_ROUNDS):
        fitted = fitted * _factors(wanted[0], fitted.sum(axis=1))[:, None]
        fitted = fitted * _factors(wanted[1], fitted.sum(axis=0))
        if np.abs(fitted.sum(axis=1) - wanted[0]).max() < CLOSE:
            break
    else:
        raise InputError("no weights bring the answers to the targets", fix="give targets of fewer groups")
    return np.divide(fitted * answered.sum(), answered, out=np.zeros_like(answered), where=answered > 0)


def weighted_proportion(positive: np.ndarray, counts: np.ndarray, weights: np.ndarray) -> Weighted:
    """The weighted share of positive answers, cells of ``positive`` being part of those of ``counts``; the effective
    number is the answers over Kish's design effect."""
    total = float((weights * counts).sum())
    effective = total**2 / float((weights**2 * counts).sum())
    share = float((weights * positive).sum()) / total
    return Weighted(min(1.0, max(0.0, share)), int(np.sum(counts)), effective)


def _reachable(targets: np.ndarray, answered: np.ndarray) -> np.ndarray:
    """Targets as shares of the categories in which somebody answered."""
    kept = np.where(answered > 0, targets, 0.0)
    if kept.sum() <= 0 or (kept[answered > 0] <= 0).any():
        raise InputError("a group that answered has no target", fix="give every group of the form a share of residents")
    return kept / kept.sum()


def _factors(wanted: np.ndarray, now: np.ndarray) -> np.ndarray:
    return np.divide(wanted, now, out=np.zeros_like(now), where=now > 0)
