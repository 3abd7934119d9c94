"""Proof that an answer is one, recomputed from our own arrays.

A solver says *optimal*; two sparse products say whether it is true. With row duals y and reduced costs d = c - A'y the
dual bound is sum_i y_i b_i + sum_j d_j u_j, each at the bound its sign points to; it can only equal the objective at
an optimum. All three residuals are relative, so they read the same for a mill in tonnes and an oxide in kilograms.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ferrolan.planning.program import Floats, Program

TOLERANCE = 1e-7
"""Largest residual accepted, relative: the solver works to 1e-9, two digits are left for scaling and summation."""


@dataclass(frozen=True)
class Certificate:
    """Relative residuals of a primal and dual answer; ``objective`` and ``bound`` in CNY."""

    primal: float
    dual: float
    gap: float
    objective: float
    bound: float

    @property
    def passed(self) -> bool:
        """Whether every residual is within ``TOLERANCE``; false where one is not a number."""
        return bool(max(self.primal, self.dual, self.gap) <= TOLERANCE)

    @property
    def worst(self) -> float:
        """The largest residual."""
        return max(self.primal, self.dual, self.gap)


def certify(program: Program, x: Floats, row_duals: Floats) -> tuple[Certificate, Floats, Floats]:
    """Check an answer; return its certificate, the row activities and the reduced costs.

    Reduced costs are recomputed, so a solver's own are never trusted.
    """
    matrix = program.matrix()
    absolute = abs(matrix)
    activities: Floats = matrix @ x
    reduced: Floats = program.gain - matrix.T @ row_duals
    primal = max(
        _outside(activities, program.row_lower, program.row_upper, absolute @ np.abs(x)),
        _outside(x, program.column_lower, program.column_upper, np.abs(x)),
    )
    row_bound, row_wrong = _bound(row_duals, program.row_lower, program.row_upper, np.abs(row_duals))
    scale = np.abs(program.gain) + absolute.T @ np.abs(row_duals)
    column_bound, column_wrong = _bound(reduced, program.column_lower, program.column_upper, scale)
    objective = float(program.gain @ x)
    bound = row_bound + column_bound
    money = max(1.0, float(np.abs(program.gain) @ np.abs(x)))
    gap = abs(bound - objective) / money
    return Certificate(primal, max(row_wrong, column_wrong), gap, objective, bound), activities, reduced


def _outside(values: Floats, lower: Floats, upper: Floats, scale: Floats) -> float:
    excess = np.maximum(np.maximum(lower - values, values - upper), 0.0)
    return float(np.max(excess / np.maximum(1.0, scale), initial=0.0))


def _bound(duals: Floats, lower: Floats, upper: Floats, scale: Floats) -> tuple[float, float]:
    """Dual bound of one family of bounds, and the largest dual that points to an infinite one."""
    at = np.where(duals > 0, upper, lower)
    finite = np.isfinite(at)
    wrong = np.where(finite, 0.0, np.abs(duals)) / np.maximum(1.0, scale)
    return float(duals[finite] @ at[finite]), float(np.max(wrong, initial=0.0))
