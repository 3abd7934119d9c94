"""The account near its solution: how reconciled values vary when readings vary.

For example: the iron in a concentrate is known better than its own laboratory knows it, because the mill's balance
repeats it. With readings in units of their sigma and the balances linearised, the covariance C of the reconciled
values is the upper left block of the inverse of ``[[W, A'], [A, 0]]``, W = M'M of the whitened readings (no exact
Hessian of the balances: statistics are Gauss-Newton; a censored value counts with its own curvature). Unobservable
directions are pinned by as many variables as there are such directions, which moves no observable value; repeated
balances are left out, which changes nothing; values at a bound are fixed there. All variances are read off the selected
inverse, none is solved for by itself but those that the regularisation touches.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from ferrolan.numerics.kkt import Floats, QuasiDefinite, SymmetricPattern
from ferrolan.numerics.selected_inverse import SelectedInverse
from ferrolan.reconciliation.classify import Solvability
from ferrolan.reconciliation.equations import Equations
from ferrolan.reconciliation.evidence import Evidence

_FIRST_SHIFT = 1e-6
"""Regularisation that finds the size of the standard deviations of what is not measured."""
_SHIFTS = (1e-5, 1e-8)
"""Regularisations of the selected inverses in units of these; their effect on a variance is extrapolated away."""
_SOLVE_SHIFT = 1e-8
"""Regularisation of solves, which are refined."""
_DOUBT = 3e-6
"""Largest share by which the last correction may move a variance; the error left is far below."""
_WIDEST = 1e6
"""Largest standard deviation that is taken as a unit at once."""
_ROUGH = 1e-6
"""The same of the variance of a reading, in units of its own: what is left of that may be small."""
_NOTHING = 1e-14
"""A variance below this is rounding: exact values imply the value."""
_SIZINGS, _WIDE = 4, 300.0
"""Most times that units are taken, and the size from which it is worth while again."""
_FEW = 8
"""Entries in doubt that are solved for one by one without trying another regularisation."""
_STEPS = (1.0, 10.0, 100.0, 1000.0)
"""Multiples of the regularisation that are tried where a pivot vanishes."""

Inverses: TypeAlias = tuple[SelectedInverse, ...]
Vectors: TypeAlias = Floats | sparse.sparray | sparse.spmatrix


class Linearisation:
    """Inverse of ``[[W, A'], [A, 0]]`` at z, in scaled variables and rows.

    Parameters
    ----------
    system, evidence
        Scaled.
    z : (variables,)
        Where they are linearised.
    solvability
        Which variables to pin and which rows to leave out.
    held : (variables,)
        Variables (bool) fixed at a bound.
    pattern
        That of an earlier linearisation of the same equations, which spares a symbolic analysis.
    """

    def __init__(
        self,
        system: Equations,
        evidence: Evidence,
        z: Floats,
        solvability: Solvability,
        held: NDArray[np.bool_] | None = None,
        pattern: SymmetricPattern | None = None,
    ) -> None:
        self.size, self.rows = len(z), len(system.rows)
        self._evidence = evidence
        self._held = system.fixed | (np.zeros(self.size, dtype=bool) if held is None else held)
        self._asked = solvability.observable & ~self._held
        self._kept = np.ones(self.rows, dtype=bool)
        self._kept[solvability.repeated] = False
        self._row, self._column = system.jacobian_places
        self._entries = system.jacobian_entries(z) * ~self._held[self._column] * self._kept[self._row]
        self._weights(evidence, z, solvability)
        self.pattern = self._pattern(pattern)
        self._unit = np.ones(self.size)
        for _ in range(_SIZINGS):
            self._scale_rows()
            wider = self._wider()
            if not np.max(wider, initial=1.0) > 1.0:
                break
            self._unit = self._unit * wider
            self._scale_rows()
            if np.max(wider) < _WIDE:
                break

    def _weights(self, evidence: Evidence, z: Floats, solvability: Solvability) -> None:
        self._weight_row, self._weight_column, weights = evidence.weight_entries(z)
        free = ~(self._held[self._weight_row] | self._held[self._weight_column])
        self._weight = weights * free
        self._pins = np.where(self._held, 1.0, 0.0)
        self._pins[solvability.pinned] = 1.0
        on_diagonal = self._weight_row == self._weight_column
        diagonal = self._pins + np.bincount(
            self._weight_row[on_diagonal], weights=self._weight[on_diagonal], minlength=self.size
        )
        self._determined = diagonal > 0.0

    def _pattern(self, pattern: SymmetricPattern | None) -> SymmetricPattern:
        top = np.arange(self.size, dtype=np.int64)
        low = np.concatenate([top, self._weight_row, self._row + self.size])
        high = np.concatenate([top, self._weight_column, self._column])
        if pattern is not None and pattern.matches(self.size + self.rows, low, high):
            return pattern
        return SymmetricPattern(self.size + self.rows, low, high)

    def _scale_rows(self) -> None:
        """Rows of length one in the present units."""
        scaled = self._entries * self._unit[self._column]
        length = np.sqrt(np.bincount(self._row, weights=scaled**2, minlength=self.rows))
        self._length = np.where(length > 0.0, length, 1.0)

    def _factored(self, shift: float) -> QuasiDefinite:
        unit = self._unit
        values = np.concatenate(
            [
                self._pins,
                self._weight * unit[self._weight_row] * unit[self._weight_column],
                self._entries * unit[self._column] / self._length[self._row],
            ]
        )
        sides = np.concatenate([np.full(self.size, shift), np.full(self.rows, -shift)])
        for step in _STEPS:
            try:
                return QuasiDefinite(self.pattern, values, step * sides)
            except ArithmeticError:
                continue
        raise ArithmeticError("the linearised account cannot be factored")

    def _wider(self) -> Floats:
        """By how much the standard deviations of what has no reading exceed one."""
        first = SelectedInverse(self._factored(_FIRST_SHIFT).factors()).diagonal()[: self.size]
        wider: Floats = np.where(self._determined, 1.0, np.sqrt(np.clip(first, 1.0, _WIDEST**2)))
        return wider

    @cached_property
    def _factor(self) -> QuasiDefinite:
        return self._factored(_SOLVE_SHIFT)

    @cached_property
    def _coarse(self) -> Inverses:
        return self._inverses(_SHIFTS[0])

    @cached_property
    def _fine(self) -> Inverses:
        return self._inverses(_SHIFTS[1])

    def _inverses(self, shift: float) -> Inverses:
        """Selected inverses with the regularisation once, twice and four times."""
        return tuple(SelectedInverse(self._factored(times * shift).factors()) for times in (1.0, 2.0, 4.0))

    @cached_property
    def _diagonal(self) -> tuple[Floats, NDArray[np.bool_]]:
        def doubted(best: Floats, moved: Floats) -> NDArray[np.bool_]:
            doubt: NDArray[np.bool_] = ~(moved <= _DOUBT * np.abs(best))
            doubt[: self.size] &= self._asked
            return doubt

        return self._read(lambda inverse: inverse.diagonal(), doubted)

    def _read(
        self, of: Callable[[SelectedInverse], Floats], doubted: Callable[[Floats, Floats], NDArray[np.bool_]]
    ) -> tuple[Floats, NDArray[np.bool_]]:
        """Entries at no regularisation, and which are still in doubt.

        A large regularisation suits what the readings hardly determine, a small one what long chains of balances do.
        """
        best, moved = _extrapolated([of(inverse) for inverse in self._coarse])
        doubt = doubted(best, moved)
        if int(doubt.sum()) <= _FEW:
            return best, doubt
        finer, moved = _extrapolated([of(inverse) for inverse in self._fine])
        best = np.where(doubt, finer, best)
        return best, doubt & doubted(finer, moved)

    def variances(self) -> Floats:
        """Diagonal of C, (variables,); 0 where a value is fixed."""
        return self._variances.copy()

    @cached_property
    def _variances(self) -> Floats:
        best, doubt = (part[: self.size] for part in self._diagonal)
        result = np.maximum(best, 0.0) * self._unit**2
        doubtful = np.flatnonzero(doubt)
        if len(doubtful):
            result[doubtful] = self._quadratics(sparse.csr_matrix(sparse.eye_array(self.size).tocsr()[doubtful]))
        result[self._held | (result < _NOTHING)] = 0.0
        return result

    def reading_variances(self) -> Floats:
        """Variance g' C g of every reconciled reading, g its whitened row in the evidence, (rows,); 1 is its own."""
        return self._of_readings.copy()

    @cached_property
    def _of_readings(self) -> Floats:
        matrix = sparse.csr_matrix(self._evidence.matrix @ sparse.diags_array(self._unit * ~self._held))
        matrix.resize((matrix.shape[0], self.size + self.rows))
        best, doubt = self._read(lambda inverse: inverse.quadratic(matrix), lambda _, moved: ~(moved <= _ROUGH))
        result: Floats = np.maximum(best, 0.0)
        doubtful = np.flatnonzero(doubt)
        if len(doubtful):
            result[doubtful] = self._quadratics(self._evidence.matrix[doubtful])
        return result

    def multiplier_variances(self) -> Floats:
        """Variances of the multipliers of the rows, (rows,): the lower right diagonal, negated; 0 of rows left out."""
        variances: Floats = np.maximum(-self._diagonal[0][self.size :], 0.0) / self._length**2
        return np.where(self._kept, variances, 0.0)

    def _quadratics(self, rows: sparse.csr_matrix) -> Floats:
        """Variances g' C g by one refined solve each."""
        found = np.empty(rows.shape[0])
        for begin in range(0, rows.shape[0], _SLAB):
            part = sparse.csr_matrix(rows[begin : begin + _SLAB])
            found[begin : begin + _SLAB] = np.asarray(part.multiply(self.times(part.T).T).sum(axis=1)).ravel()
        return np.maximum(found, 0.0)

    def times(self, vectors: Vectors) -> Floats:
        """C @ vectors, (variables, count), of dense or sparse vectors: one refined solve each."""
        return self.solve(vectors, None)[0]

    def solve(self, top: Vectors, bottom: Vectors | None) -> tuple[Floats, Floats]:
        """The inverse times a right-hand side: (variables, count) over (rows, count); None stands for zeros.

        Rows left out and variables held do not answer: their parts of the right-hand side are dropped, of the answer 0.
        """
        upper = _dense(top) * (self._unit * ~self._held)[:, None]
        lower = np.zeros((self.rows, upper.shape[1]))
        if bottom is not None:
            lower = _dense(bottom) * (self._kept / self._length)[:, None]
        answer = self._factor.solve(np.concatenate([upper, lower]))
        x, multipliers = answer[: self.size], answer[self.size :]
        x *= (self._unit * ~self._held)[:, None]
        multipliers *= (self._kept / self._length)[:, None]
        return x, multipliers


_SLAB = 64
"""Right-hand sides held dense at a time."""


def _extrapolated(found: list[Floats]) -> tuple[Floats, Floats]:
    """Values at no regularisation from those at once, twice and four times; and by how much the last correction moved
    them (Richardson).
    """
    once, twice, four = found
    plain = 2.0 * once - twice
    best = (8.0 * once - 6.0 * twice + four) / 3.0
    return best, np.abs(best - plain)


def _dense(vectors: Vectors) -> Floats:
    if isinstance(vectors, np.ndarray):
        return np.asarray(vectors, dtype=np.float64)
    return np.asarray(vectors.toarray(), dtype=np.float64)
