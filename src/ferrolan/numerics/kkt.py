"""Sparse symmetric quasi-definite systems, factored as L D L' and solved with iterative refinement.

For example: ``[[W, A'], [A, 0]]`` with W = diag(1/sigma^2) and the linearised balances A gives the reconciled values
and the multipliers of the balances in one solve. W has zeros where nothing is measured and A may hold a balance twice,
so the matrix that is factored carries a small positive diagonal on top and a small negative one below (Vanderbei,
Symmetric quasidefinite matrices, SIAM J. Optim. 5 (1995) 100-113); refinement against the matrix without it removes
its trace.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import qdldl
from numpy.typing import NDArray
from scipy import sparse

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

REFINEMENTS = 8
"""Most corrections of one solution: each shrinks the error by the regularisation over the square of a singular
value.
"""


class SymmetricPattern:
    """Where the entries of a symmetric matrix stand, so that values can change without a new symbolic analysis.

    Parameters
    ----------
    size
        Order of the matrix.
    rows, columns : (entries,)
        Place of every entry, in either triangle, each unordered pair in one triangle only. Entries at one place add up.
        The diagonal is part of the pattern whether it is named or not.
    """

    def __init__(self, size: int, rows: Integers, columns: Integers) -> None:
        diagonal = np.arange(size, dtype=np.int64)
        low = np.concatenate([np.minimum(rows, columns), diagonal])
        high = np.concatenate([np.maximum(rows, columns), diagonal])
        places, slots = np.unique(high * size + low, return_inverse=True)
        self.size = size
        self._entry_slot = slots[: len(rows)]
        self._diagonal_slot = slots[len(rows) :]
        self._indices = (places % size).astype(np.int32)
        counts = np.bincount(places // size, minlength=size)
        self._indptr = np.concatenate([[0], np.cumsum(counts)]).astype(np.int32)

    def upper(self, values: Floats, diagonal: Floats | float = 0.0) -> sparse.csc_matrix:
        """The upper triangle holding ``values`` (one per entry of the pattern) plus ``diagonal``."""
        data = np.bincount(self._entry_slot, weights=values, minlength=len(self._indices))
        data[self._diagonal_slot] += np.broadcast_to(diagonal, self.size)
        return sparse.csc_matrix((data, self._indices, self._indptr), shape=(self.size, self.size))


@dataclass(frozen=True)
class Factors:
    """``K[p][:, p] = (I + L) D (I + L)'``: strictly lower L with sorted rows, D and the order p of elimination."""

    lower: sparse.csc_matrix
    pivots: Floats
    order: Integers


class QuasiDefinite:
    """A factored symmetric matrix that solves for right-hand sides.

    Parameters
    ----------
    pattern
        Where the entries stand.
    values : (entries,)
        The entries.
    regularisation : (size,)
        What the factored matrix has on its diagonal in addition: above zero for variables, below for constraints.

    Raises
    ------
    ArithmeticError
        If a pivot vanishes.
    """

    def __init__(self, pattern: SymmetricPattern, values: Floats, regularisation: Floats) -> None:
        self._pattern = pattern
        self._regularisation = regularisation
        self._solver: qdldl.Solver | None = None
        self.update(values)

    def update(self, values: Floats) -> None:
        """Factor the matrix with new ``values`` on the same pattern."""
        upper = self._pattern.upper(values)
        self._matrix = (upper + sparse.triu(upper, 1).T).tocsr()
        regular = self._pattern.upper(values, self._regularisation)
        try:
            if self._solver is None:
                self._solver = qdldl.Solver(regular, upper=True)
            else:
                self._solver.update(regular, upper=True)
        except Exception as error:  # the extension raises bare exceptions of several kinds
            raise ArithmeticError(f"the matrix cannot be factored: {error}") from error

    def solve(self, right: Floats, *, tolerance: float = 1e-15) -> Floats:
        """Solve for one right-hand side (size,), refined against the matrix without regularisation.

        Stops when the largest residual is below ``tolerance`` times the largest right-hand side, or stops falling.
        """
        assert self._solver is not None
        best: Floats = np.asarray(self._solver.solve(right))
        rest = right - self._matrix @ best
        size = _largest(rest)
        for _ in range(REFINEMENTS):
            if not size > tolerance * _largest(right):
                break
            trial = best + self._solver.solve(rest)
            trial_rest = right - self._matrix @ trial
            if not _largest(trial_rest) < 0.9 * size:
                break
            best, rest, size = trial, trial_rest, _largest(trial_rest)
        return best

    def factors(self) -> Factors:
        """The factors of the regularised matrix."""
        assert self._solver is not None
        lower, pivots, order = self._solver.factors()
        lower = sparse.csc_matrix(lower)
        lower.sort_indices()
        return Factors(lower, np.asarray(pivots, dtype=np.float64), np.asarray(order, dtype=np.int64))


def saddle_point(
    diagonal: Floats, jacobian: sparse.sparray | sparse.spmatrix, regularisation: tuple[float, float]
) -> QuasiDefinite:
    """Factor ``[[diag, J'], [J, 0]]`` with ``regularisation`` = (on top, below), ten times more where a pivot
    vanishes.
    """
    entries = sparse.coo_matrix(jacobian)
    rows, columns = entries.shape
    top = np.arange(columns, dtype=np.int64)
    pattern = SymmetricPattern(
        rows + columns,
        np.concatenate([top, entries.row + columns]),
        np.concatenate([top, entries.col.astype(np.int64)]),
    )
    shift = np.concatenate([np.full(columns, regularisation[0]), np.full(rows, -regularisation[1])])
    values = np.concatenate([diagonal, entries.data])
    for factor in (1.0, 10.0, 100.0):
        try:
            return QuasiDefinite(pattern, values, factor * shift)
        except ArithmeticError:
            continue
    return QuasiDefinite(pattern, values, 1000.0 * shift)


def symmetric(matrix: sparse.sparray | sparse.spmatrix, regularisation: float) -> QuasiDefinite:
    """Factor a symmetric positive (semi)definite matrix, with ``regularisation`` (>= 0) added to its diagonal."""
    entries = sparse.coo_matrix(sparse.triu(matrix))
    size = entries.shape[0]
    pattern = SymmetricPattern(size, entries.row.astype(np.int64), entries.col.astype(np.int64))
    return QuasiDefinite(pattern, entries.data, np.full(size, regularisation))


def _largest(values: Floats) -> float:
    return float(np.max(np.abs(values), initial=0.0))
