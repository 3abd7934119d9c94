"""Sparse symmetric quasi-definite systems, factored as L D L' and solved with iterative refinement.

For example: ``[[W, A'], [A, 0]]`` with W = diag(1/sigma^2) and the linearised balances A gives the reconciled values
and the multipliers of the balances in one solve. W has zeros where nothing is measured and A may hold a balance twice,
so the matrix that is factored carries a small positive diagonal on top and a small negative one below (Vanderbei,
Symmetric quasidefinite matrices, SIAM J. Optim. 5 (1995) 100-113); refinement against the matrix without it removes
its trace.
"""

from __future__ import annotations

import weakref
from dataclasses import dataclass

import numpy as np
import qdldl
from numpy.typing import NDArray
from scipy import sparse

from ferrolan.numerics.elimination import Elimination

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

REFINEMENTS = 8
"""Most corrections of one solution: each shrinks the error by the regularisation over the square of a singular
value.
"""
SPARE = 2
"""Most symbolic analyses of one pattern that wait for new values."""


class SymmetricPattern:
    """Where the entries of a symmetric matrix stand, so that values can change without a new symbolic analysis.

    A ``QuasiDefinite`` that is no longer needed leaves its symbolic analysis here for the next one: keep the pattern,
    and the same problem with the readings of the next day costs none.

    Parameters
    ----------
    size
        Order of the matrix.
    rows, columns : (entries,)
        Place of every entry, in either triangle, each unordered pair in one triangle only. Entries at one place add up.
        The diagonal is part of the pattern whether it is named or not.
    """

    def __init__(self, size: int, rows: Integers, columns: Integers) -> None:
        low, high = _sorted_places(size, rows, columns)
        places, slots = _unique(high * size + low)
        self.size = size
        self._entry_slot = slots[: len(rows)]
        self._diagonal_slot = slots[len(rows) :]
        self._rows = (places % max(size, 1)).astype(np.int32)
        self._columns = (places // max(size, 1)).astype(np.int32)
        counts = np.bincount(self._columns, minlength=size)
        self._ends = np.concatenate([[0], np.cumsum(counts)]).astype(np.int32)
        self._spare: list[qdldl.Solver] = []
        self._elimination: Elimination | None = None

    def matches(self, size: int, rows: Integers, columns: Integers) -> bool:
        """Whether a pattern of these entries would be this one."""
        if size != self.size or len(rows) != len(self._entry_slot):
            return False
        low, high = np.minimum(rows, columns), np.maximum(rows, columns)
        same_rows = np.array_equal(self._rows[self._entry_slot], low)
        return same_rows and np.array_equal(self._columns[self._entry_slot], high)

    def upper(self, values: Floats, diagonal: Floats | float = 0.0) -> sparse.csc_matrix:
        """The upper triangle holding ``values`` (one per entry of the pattern) plus ``diagonal``."""
        data = np.bincount(self._entry_slot, weights=values, minlength=len(self._rows)).astype(np.float64, copy=False)
        return self.shifted(sparse.csc_matrix((data, self._rows, self._ends), shape=(self.size, self.size)), diagonal)

    def shifted(self, upper: sparse.csc_matrix, diagonal: Floats | float) -> sparse.csc_matrix:
        """An upper triangle on this pattern with ``diagonal`` added."""
        data = upper.data.copy()
        data[self._diagonal_slot] += diagonal
        return sparse.csc_matrix((data, self._rows, self._ends), shape=(self.size, self.size))

    def diagonal(self, upper: sparse.csc_matrix) -> Floats:
        """The diagonal of an upper triangle on this pattern."""
        result: Floats = upper.data[self._diagonal_slot]
        return result

    def elimination(self, lower: sparse.csc_matrix) -> Elimination:
        """The elimination tree of the factors of this pattern, ``lower`` being one of them."""
        if self._elimination is None:
            self._elimination = Elimination(lower)
        return self._elimination

    def factored(self, matrix: sparse.csc_matrix) -> qdldl.Solver:
        """Factors of an upper triangle on this pattern, through a symbolic analysis that waits, or a new one."""
        try:
            solver = self._spare.pop()
        except IndexError:
            return qdldl.Solver(matrix, upper=True)
        solver.update(matrix, upper=True)
        return solver

    def release(self, solver: qdldl.Solver) -> None:
        """Keep what is no longer needed for the next matrix."""
        if len(self._spare) < SPARE:
            self._spare.append(solver)


def _sorted_places(size: int, rows: Integers, columns: Integers) -> tuple[Integers, Integers]:
    """Rows and columns in the upper triangle, the diagonal behind."""
    diagonal = np.arange(size, dtype=np.int64)
    low = np.concatenate([np.minimum(rows, columns), diagonal])
    high = np.concatenate([np.maximum(rows, columns), diagonal])
    return low, high


def _unique(keys: Integers) -> tuple[Integers, Integers]:
    """As ``np.unique`` with its inverse; several times faster for keys that come as a few sorted runs."""
    order = np.argsort(keys, kind="stable")
    ordered = keys[order]
    new = np.ones(len(keys), dtype=bool)
    new[1:] = ordered[1:] != ordered[:-1]
    slots = np.empty(len(keys), dtype=np.int64)
    slots[order] = np.cumsum(new) - 1
    return ordered[new], slots


@dataclass(frozen=True)
class Factors:
    """``K[p][:, p] = (I + L) D (I + L)'``: strictly lower L with sorted rows, D and the order p of elimination.

    ``pattern`` is that of K, if it is kept.
    """

    lower: sparse.csc_matrix
    pivots: Floats
    order: Integers
    pattern: SymmetricPattern | None = None

    @property
    def elimination(self) -> Elimination:
        """The elimination tree, worked out once for each pattern."""
        return Elimination(self.lower) if self.pattern is None else self.pattern.elimination(self.lower)


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
        self._pattern, self._regularisation = pattern, regularisation
        self._place(values)
        try:
            self._solver = pattern.factored(self._regular())
        except Exception as error:  # the extension raises bare exceptions of several kinds
            raise ArithmeticError(f"the matrix cannot be factored: {error}") from error
        weakref.finalize(self, pattern.release, self._solver).atexit = False
        self._check()

    def update(self, values: Floats, regularisation: Floats | None = None) -> None:
        """Factor the matrix with new ``values`` (and regularisation, if given) on the same pattern."""
        if regularisation is not None:
            self._regularisation = regularisation
        self._place(values)
        self._solver.update(self._regular(), upper=True)
        self._check()

    def _check(self) -> None:
        """The extension stops silently at a pivot of zero when it updates, so the pivots are looked at."""
        self._pivots = np.asarray(self._solver.factors()[1], dtype=np.float64)
        broken = np.flatnonzero((self._pivots == 0.0) | ~np.isfinite(self._pivots))
        if len(broken):
            found = self._pivots[broken[0]]
            raise ArithmeticError(f"the matrix cannot be factored: pivot {broken[0]} of {len(self._pivots)} is {found}")

    def _place(self, values: Floats) -> None:
        self._upper = self._pattern.upper(values)
        self._lower = self._upper.T
        self._diagonal = self._pattern.diagonal(self._upper)

    def _regular(self) -> sparse.csc_matrix:
        return self._pattern.shifted(self._upper, self._regularisation)

    def times(self, vectors: Floats) -> Floats:
        """The matrix without regularisation times ``vectors``, (size,) or (size, count)."""
        twice = self._diagonal[:, None] * vectors if vectors.ndim == 2 else self._diagonal * vectors
        product: Floats = self._upper @ vectors
        product += self._lower @ vectors
        product -= twice
        return product

    def solve(self, right: Floats, *, tolerance: float = 1e-15) -> Floats:
        """Solve for right-hand sides (size,) or (size, count), refined against the matrix without regularisation.

        Each column stops when its largest residual is below ``tolerance`` times its largest right-hand side, or stops
        falling.
        """
        columns = np.atleast_2d(np.asarray(right, dtype=np.float64).T)
        result = np.empty(columns.shape)
        for number, column in enumerate(columns):
            result[number] = self._refined(np.ascontiguousarray(column), tolerance)
        return result.T if right.ndim == 2 else result[0]

    def _refined(self, right: Floats, tolerance: float) -> Floats:
        best: Floats = np.asarray(self._solver.solve(right))
        rest = right - self.times(best)
        size, goal = _largest(rest), tolerance * _largest(right)
        for _ in range(REFINEMENTS):
            if not size > goal:
                break
            trial = best + self._solver.solve(rest)
            trial_rest = right - self.times(trial)
            trial_size = _largest(trial_rest)
            if not trial_size < 0.9 * size:
                break
            best, rest, size = trial, trial_rest, trial_size
        return best

    def positive_pivots(self) -> int:
        """How many eigenvalues of the regularised matrix are above zero (Sylvester's law of inertia)."""
        return int(np.count_nonzero(self._pivots > 0.0))

    def factors(self) -> Factors:
        """The factors of the regularised matrix."""
        lower, _, order = self._solver.factors()
        lower = sparse.csc_matrix(lower)
        lower.sort_indices()
        return Factors(lower, self._pivots, np.asarray(order, dtype=np.int64), self._pattern)


def saddle_pattern(jacobian: sparse.sparray | sparse.spmatrix) -> SymmetricPattern:
    """The pattern of ``[[diag, J'], [J, 0]]``."""
    return SymmetricPattern(*_saddle_places(sparse.coo_matrix(jacobian)))


def saddle_point(
    diagonal: Floats,
    jacobian: sparse.sparray | sparse.spmatrix,
    regularisation: tuple[float, float],
    *,
    pattern: SymmetricPattern | None = None,
) -> QuasiDefinite:
    """Factor ``[[diag, J'], [J, 0]]`` with ``regularisation`` = (on top, below), ten times more where a pivot
    vanishes.

    ``pattern``, kept from a Jacobian of the same pattern, spares the symbolic analysis; one that does not match is
    passed over.
    """
    entries = sparse.coo_matrix(jacobian)
    rows, columns = entries.shape
    places = _saddle_places(entries)
    if pattern is None or not pattern.matches(*places):
        pattern = SymmetricPattern(*places)
    shift = np.concatenate([np.full(columns, regularisation[0]), np.full(rows, -regularisation[1])])
    values = np.concatenate([diagonal, entries.data])
    for factor in (1.0, 10.0, 100.0):
        try:
            return QuasiDefinite(pattern, values, factor * shift)
        except ArithmeticError:
            continue
    return QuasiDefinite(pattern, values, 1000.0 * shift)


def _saddle_places(entries: sparse.coo_matrix) -> tuple[int, Integers, Integers]:
    rows, columns = entries.shape
    top = np.arange(columns, dtype=np.int64)
    low = np.concatenate([top, entries.row.astype(np.int64) + columns])
    return rows + columns, low, np.concatenate([top, entries.col.astype(np.int64)])


def symmetric(matrix: sparse.sparray | sparse.spmatrix, regularisation: float) -> QuasiDefinite:
    """Factor a symmetric positive (semi)definite matrix, with ``regularisation`` (>= 0) added to its diagonal."""
    entries = sparse.coo_matrix(sparse.triu(matrix))
    size = entries.shape[0]
    pattern = SymmetricPattern(size, entries.row.astype(np.int64), entries.col.astype(np.int64))
    return QuasiDefinite(pattern, entries.data, np.full(size, regularisation))


def _largest(values: Floats) -> float:
    return float(np.max(np.abs(values), initial=0.0))
