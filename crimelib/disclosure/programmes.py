"""Linear and integer programmes, solved by HiGHS through its own binding.

scipy calls the same solver, but a pack asks for hundreds of small programmes, and scipy takes several times as long to
hand each over as HiGHS to solve it, and half a second to import.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy.sparse import csr_array

DUAL, PRIMAL = 1, 4  # HiGHS's names of simplex methods; what solved one objective is a start for the primal of another


class Solved(NamedTuple):
    """The values of the variables at the optimum, how the optimum grows with each row's bound, and the best bound that
    an integer programme proved."""

    x: np.ndarray
    prices: np.ndarray
    bound: float


class Programme:
    """A linear programme whose costs and bounds change from one question to the next; each is solved from where the
    last one ended."""

    def __init__(self, rows: csr_array, row_bounds: tuple[np.ndarray, np.ndarray]) -> None:
        nothing = np.zeros(rows.shape[1])
        self.solver = _solver(_model(nothing, rows, row_bounds, (nothing, nothing)))
        _set(self.solver, simplex_strategy=PRIMAL)
        self.columns = np.arange(len(nothing), dtype=np.int32)

    def least(self, objective: np.ndarray, bounds: tuple[np.ndarray, np.ndarray]) -> Solved:
        """The least of an objective over variables within ``bounds``. Raises :class:`ArithmeticError` where there is
        none."""
        number = len(self.columns)
        self.solver.changeColsBounds(number, self.columns, *bounds)
        self.solver.changeColsCost(number, self.columns, objective)
        solved = _solved(self.solver) or self._afresh()
        if solved is None:
            raise ArithmeticError(f"the tables could not be checked for disclosure: {_status(self.solver)}")
        return solved

    def _afresh(self) -> Solved | None:
        """Where the way from the last solution is lost in rounding: by the usual way, from nothing."""
        self.solver.clearSolver()
        _set(self.solver, simplex_strategy=DUAL)
        solved = _solved(self.solver)
        _set(self.solver, simplex_strategy=PRIMAL)
        return solved


def least_whole(
    objective: np.ndarray,
    rows: csr_array,
    row_bounds: tuple[np.ndarray, np.ndarray],
    bounds: tuple[np.ndarray, np.ndarray],
    *,
    seconds: float,
    gap: float,
) -> Solved | None:
    """The least of an objective over whole numbers within ``bounds`` whose ``rows`` lie within ``row_bounds``, to
    within a relative ``gap``; None where the time is out first."""
    import highspy

    model = _model(objective, rows, row_bounds, bounds)
    model.integrality_ = [highspy.HighsVarType.kInteger] * len(objective)
    solver = _solver(model)
    _set(solver, time_limit=seconds, mip_rel_gap=gap)
    return _solved(solver)


def _model(objective, rows, row_bounds, bounds):
    import highspy

    model = highspy.HighsLp()
    model.num_row_, model.num_col_ = rows.shape
    model.col_cost_ = objective
    model.col_lower_, model.col_upper_ = bounds
    model.row_lower_, model.row_upper_ = row_bounds
    model.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
    model.a_matrix_.start_ = rows.indptr.astype(np.int32)
    model.a_matrix_.index_ = rows.indices.astype(np.int32)
    model.a_matrix_.value_ = rows.data
    return model


def _solver(model):
    import highspy

    solver = highspy.Highs()
    _set(solver, output_flag=False, threads=1)
    solver.passModel(model)
    return solver


def _set(solver, **options: float) -> None:
    """Set options of the solver, which would pass over one that it does not know."""
    given = solver.getOptions()
    for name, value in options.items():
        setattr(given, name, value)
    solver.passOptions(given)


def _solved(solver) -> Solved | None:
    import highspy

    solver.run()
    if solver.getModelStatus() != highspy.HighsModelStatus.kOptimal:
        return None
    solution = solver.getSolution()
    bound = solver.getInfo().mip_dual_bound
    return Solved(np.array(solution.col_value), np.array(solution.row_dual), float(bound))


def _status(solver) -> str:
    return solver.modelStatusToString(solver.getModelStatus())
