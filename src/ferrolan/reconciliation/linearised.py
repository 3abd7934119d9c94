"""The account near its solution: how reconciled values vary when readings vary.

For example: the iron in a concentrate is known better than its own laboratory knows it, because the mill's balance
repeats it. With readings in units of their sigma and the balances linearised, the covariance C of the reconciled
values is the upper left block of the inverse of ``[[W, A'], [A, 0]]``, W = 1 for readings, 0 else (no exact Hessian:
statistics are Gauss-Newton). Unobservable directions are pinned by as many variables as there are such directions,
which moves no observable value; repeated balances are left out, which changes nothing.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from ferrolan.numerics.kkt import Floats, saddle_point
from ferrolan.numerics.selected_inverse import inverse_diagonal
from ferrolan.reconciliation.classify import Solvability
from ferrolan.reconciliation.equations import Equations

_FIRST_SHIFT = 1e-7
"""Regularisation that finds the size of the standard deviations of what is not measured."""
_SHIFT = 1e-8
"""Regularisation in units of these; its first-order effect on a variance is extrapolated away."""
_DOUBT = 1e-6
"""Largest relative effect of the regularisation on a variance that is left to extrapolation."""
_SOLVE_SHIFT = 1e-8
_WIDEST = 1e6
"""Largest standard deviation that is taken as a unit at once."""
_SIZINGS, _WIDE = 4, 300.0
"""Most times that units are taken, and the size from which it is worth while again."""


class Linearisation:
    """Covariance of the scaled variables; those in ``held`` (bool) are fixed."""

    def __init__(
        self,
        system: Equations,
        z: Floats,
        measured: NDArray[np.bool_],
        solvability: Solvability,
        held: NDArray[np.bool_] | None = None,
    ) -> None:
        self.size = len(z)
        self._held = np.zeros(self.size, dtype=bool) if held is None else held
        weight = measured.astype(np.float64)
        weight[solvability.pinned] = 1.0
        weight[self._held] = 1.0
        keep = np.ones(len(system.rows), dtype=bool)
        keep[solvability.repeated] = False
        jacobian = system.jacobian(z)[keep] @ sparse.diags_array((~self._held).astype(np.float64))
        self._weight = weight
        self._unit = np.ones(self.size)
        self._jacobian = _unit_rows(jacobian)
        for _ in range(_SIZINGS):
            first = inverse_diagonal(saddle_point(weight, self._jacobian, (_FIRST_SHIFT, _FIRST_SHIFT)).factors())
            wider = np.where(weight > 0.0, 1.0, np.sqrt(np.clip(first[: self.size], 1.0, _WIDEST**2)))
            self._unit = self._unit * wider
            self._jacobian = _unit_rows(jacobian @ sparse.diags_array(self._unit))
            if np.max(wider) < _WIDE:
                break
        self._factor = saddle_point(weight, self._jacobian, (_SOLVE_SHIFT, _SOLVE_SHIFT))

    def variances(self) -> Floats:
        """Diagonal of C, (variables,), through the sparse selected inverse.

        The regularisation is extrapolated away; the few entries it moves by more than ``_DOUBT`` are solved for one by
        one.
        """
        once, twice = (
            inverse_diagonal(saddle_point(self._weight, self._jacobian, (shift, shift)).factors())[: self.size]
            for shift in (_SHIFT, 2.0 * _SHIFT)
        )
        result = np.where(self._held, 0.0, np.maximum(2.0 * once - twice, 0.0)) * self._unit**2
        doubtful = np.flatnonzero(~self._held & ~(np.abs(once - twice) <= _DOUBT * np.abs(once)))
        result[doubtful] = [self._variance(place) for place in doubtful.tolist()]
        return result

    def _variance(self, place: int) -> float:
        unit = np.zeros((self.size, 1))
        unit[place] = 1.0
        return max(float(self.times(unit)[place, 0]), 0.0)

    def times(self, vectors: Floats) -> Floats:
        """C @ vectors, (variables, count): one refined solve each."""
        result = np.zeros_like(vectors)
        tail = np.zeros(self._jacobian.shape[0])
        for column in range(vectors.shape[1]):
            right = np.where(self._held, 0.0, vectors[:, column] * self._unit)
            result[:, column] = self._factor.solve(np.concatenate([right, tail]))[: self.size] * self._unit
        result[self._held] = 0.0
        return result


def _unit_rows(matrix: sparse.sparray | sparse.spmatrix) -> sparse.csr_matrix:
    rows = sparse.csr_matrix(matrix)
    length = np.sqrt(np.asarray(rows.multiply(rows).sum(axis=1)).ravel())
    return sparse.csr_matrix(sparse.diags_array(1.0 / np.where(length > 0.0, length, 1.0)) @ rows)
