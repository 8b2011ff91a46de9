"""Tables of counts with every margin shown, and months of ward counts, to attack."""

from __future__ import annotations

import itertools

import numpy as np
from numpy.typing import ArrayLike

from crimelib.disclosure.suppression import SHOWN, Figures, sums

SMALL_TO = 4


def table(values: ArrayLike, small_to: int = SMALL_TO) -> tuple[Figures, np.ndarray, np.ndarray]:
    """A table of any dimensions with every margin shown: its figures, the small cells, and the weights of cells."""
    counts = np.asarray(values)
    places, number = np.arange(counts.size).reshape(counts.shape), counts.ndim
    rows, relations = [[place] for place in range(counts.size)], []
    for size in range(1, number + 1):
        for summed in itertools.combinations(range(number), size):
            margin = np.moveaxis(places, summed, range(size)).reshape(-1, *np.delete(counts.shape, summed))
            for line in margin.reshape(len(margin), -1).T:
                relations += [(len(rows), *line.tolist())] if size == 1 else []
                rows.append(line.tolist())
    parts, cells = sums(rows, counts.size), counts.ravel().astype(float)
    primary = (cells >= 1) & (cells <= small_to)
    padded = np.concatenate([primary, np.zeros(len(rows) - counts.size, dtype=bool)])
    groups = np.where(np.arange(len(rows)) < counts.size, np.arange(len(rows)), SHOWN)
    figures = Figures(
        parts,
        parts @ cells,
        groups,
        low=np.where(padded, 0.0, np.inf),
        high=np.where(padded, float(small_to), -np.inf),
        width=np.full(len(rows), float(small_to)),
        harmless=np.full(len(rows), np.inf),
        relations=tuple(relations),
    )
    return figures, primary, np.where(cells == 0, cells.size, 1 + cells / (cells.sum() + 1))
