"""Rank and null spaces of a large sparse matrix: what can be settled entry by entry first, the core by its factor.

For example: a balance that is the sum of two others adds no check of any meter; a cycle of unmeasured flows may carry
any extra flow without opening a balance. Both are questions of rank. A stock survey a day for a year chains 365
balances; seen as one matrix its singular values fall so low that no tolerance tells a long chain from a cycle. But the
first row with a single unknown settles that unknown, then the next row has a single one, and so on: row and column
singletons are peeled off as in the triangularisation phase of sparse LU (Suhl & Suhl, ORSA J. Comput. 2 (1990)
325-335).

What is left is a core without rows or columns of one entry. No scaling of rows and columns changes a rank, so the core
is equilibrated (Ruiz, A scaling algorithm to equilibrate both rows and columns norms in matrices, RAL-TR-2001-034). The
pivot of its row i in the factor of A A' + delta is

    min over y of |a_i - sum_k y_k a_k|^2 + delta (1 + |y|^2),     k the rows eliminated before it:

proportional to delta where the row depends on the others, however large y is, and independent of delta where it does
not. Two values of delta tell which. The diagonal of the inverse says the same of every row against all others.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from ferrolan.numerics.kkt import Factors, Floats, Integers, QuasiDefinite, SymmetricPattern, saddle_point
from ferrolan.numerics.selected_inverse import inverse_diagonal

DELTA = 1e-13
"""Smaller regularisation of the rows: above the rounding errors of A A'. A combination (y, -1) / |(y, -1)| of rows of
about unit length that is shorter than its root, 3e-7, counts as none.
"""
GROWTH = 10.0
"""The larger regularisation over the smaller; a dependent pivot grows by it, and the root of it decides."""
SWEEPS = 8
"""Rounds of equilibration."""
MISSED = 1e-10
"""Regularisation of the rows for projections."""
_ROUNDS = 2000
"""Most rounds of peeling; the core takes what is left."""
_SEED = 20260301
"""Of the random null vectors whose common support is that of the null space."""
_CANCELLED = 1e-9
"""Sum, as a share of its terms, that counts as zero."""


@dataclass(frozen=True)
class Peeled:
    """A matrix with its singletons taken off.

    Parameters
    ----------
    rounds
        Pivots in the order taken: whether the row had a single entry left (else the column had), rows, columns.
    core_rows, core_columns
        What is left with two entries or more; ``empty_rows`` and ``empty_columns`` what is left with none.
    """

    matrix: sparse.csr_matrix
    rounds: tuple[tuple[bool, Integers, Integers], ...]
    core_rows: Integers
    core_columns: Integers
    empty_rows: Integers
    empty_columns: Integers

    @cached_property
    def _core(self) -> sparse.csr_matrix:
        return sparse.csr_matrix(self.matrix[self.core_rows][:, self.core_columns])

    @cached_property
    def _moves(self) -> NDArray[np.bool_]:
        """Which columns of the core have a part in some null vector of it."""
        return _moving(sparse.csr_matrix(self._core.T))

    @cached_property
    def _combines(self) -> NDArray[np.bool_]:
        """Which rows of the core take part in some combination that vanishes."""
        return _moving(self._core)

    @cached_property
    def dependent_rows(self) -> Integers:
        """Rows that can be left out without changing the row space, sorted."""
        core = self.core_rows[_dependent_rows(self._core)] if len(self.core_rows) else self.core_rows
        return np.sort(np.concatenate([self.empty_rows, core]))

    @cached_property
    def dependent_columns(self) -> Integers:
        """Columns that can be left out without changing the column space, sorted."""
        core = self.core_columns[_dependent_rows(self._core.T)] if len(self.core_columns) else self.core_columns
        return np.sort(np.concatenate([self.empty_columns, core]))

    def null_vector(self, generator: np.random.Generator) -> Floats:
        """A random vector v with A v = 0, (columns,); exactly zero where all such vectors are."""
        return _null(self, self.matrix, generator, transposed=False)

    def left_null_vector(self, generator: np.random.Generator) -> Floats:
        """A random vector y with A'y = 0, (rows,); exactly zero where all such vectors are."""
        return _null(self, sparse.csr_matrix(self.matrix.T), generator, transposed=True)


def peel(matrix: sparse.sparray | sparse.spmatrix) -> Peeled:
    """Take off rows and columns of one entry, until there are none.

    Examples
    --------
    >>> chain = sparse.csr_matrix([[1.0, 0.0, 0.0], [1.0, -1.0, 0.0], [0.0, 1.0, -1.0], [0.0, 1.0, -1.0]])
    >>> peel(chain).dependent_rows.tolist()
    [3]
    """
    whole = sparse.csr_matrix(matrix)
    whole.eliminate_zeros()
    entries = whole.tocoo()
    row, column = entries.row.astype(np.int64), entries.col.astype(np.int64)
    height, width = whole.shape
    alive_rows, alive_columns = np.ones(height, dtype=bool), np.ones(width, dtype=bool)
    rounds: list[tuple[bool, Integers, Integers]] = []
    for _ in range(_ROUNDS):
        former = len(rounds)
        for by_row in (True, False):
            first, second, count = (row, column, height) if by_row else (column, row, width)
            single = np.flatnonzero(np.bincount(first, minlength=count)[first] == 1)
            if len(single) == 0:
                continue
            single = single[np.unique(second[single], return_index=True)[1]]
            rounds.append((by_row, row[single], column[single]))
            alive_rows[row[single]] = False
            alive_columns[column[single]] = False
            keep = alive_rows[row] & alive_columns[column]
            row, column = row[keep], column[keep]
        if len(rounds) == former:
            break
    core_rows, core_columns = np.unique(row), np.unique(column)
    alive_rows[core_rows] = False
    alive_columns[core_columns] = False
    empty = np.flatnonzero(alive_rows), np.flatnonzero(alive_columns)
    return Peeled(whole, tuple(rounds), core_rows, core_columns, *empty)


def dependent_rows(matrix: sparse.sparray | sparse.spmatrix) -> Integers:
    """Rows that can be left out without changing the row space: as many as rows exceed the rank; sorted.

    An empty row depends on any others.
    """
    return peel(matrix).dependent_rows


def null_space_support(matrix: sparse.sparray | sparse.spmatrix) -> NDArray[np.bool_]:
    """Which columns (bool, (columns,)) have a part in some null vector of the matrix: A v = 0 with v_j not 0."""
    peeled, generator = peel(matrix), np.random.default_rng(_SEED)
    return support([peeled.null_vector(generator) for _ in range(2)])


def support(vectors: list[Floats]) -> NDArray[np.bool_]:
    """Where any of some vectors is not zero."""
    found = np.zeros(len(vectors[0]), dtype=bool)
    for vector in vectors:
        found |= vector != 0.0
    return found


def project_on_null_space(matrix: sparse.sparray | sparse.spmatrix, vector: Floats) -> Floats:
    """The nearest v to ``vector`` with A v = 0; (columns,), or (columns, count) for several at once."""
    return _projected(_unit_rows(matrix), vector)


def _projected(unit: sparse.csr_matrix, vectors: Floats) -> Floats:
    rows, columns = unit.shape
    system = saddle_point(np.ones(columns), unit, (0.0, MISSED))
    return system.solve(np.concatenate([vectors, np.zeros((rows, *vectors.shape[1:]))]))[:columns]


def _null(peeled: Peeled, rows: sparse.csr_matrix, generator: np.random.Generator, *, transposed: bool) -> Floats:
    """Random values where nothing holds them, a random null vector of the core, and the rest by substitution."""
    vector = np.zeros(rows.shape[1])
    free = peeled.empty_rows if transposed else peeled.empty_columns
    inner = peeled.core_rows if transposed else peeled.core_columns
    vector[free] = generator.uniform(0.5, 1.5, len(free))
    if len(inner):
        core, moves = (peeled._core.T, peeled._combines) if transposed else (peeled._core, peeled._moves)
        part = project_on_null_space(core, generator.uniform(0.5, 1.5, len(inner))) if moves.any() else 0.0
        vector[inner] = np.where(moves, part, 0.0)
    for by_row, pivot_rows, pivot_columns in reversed(peeled.rounds):
        if by_row == transposed:
            line, place = (pivot_columns, pivot_rows) if transposed else (pivot_rows, pivot_columns)
            taken = rows[line]
            total, size = taken @ vector, abs(taken) @ np.abs(vector)
            pivot = np.asarray(rows[line, place]).ravel()
            vector[place] = np.where(np.abs(total) > _CANCELLED * size, -total / pivot, 0.0)
    return vector


def _dependent_rows(core: sparse.csr_matrix) -> Integers:
    """The same of a core, all rows of which are eliminated one after the other."""
    small, large = (_pivots(factors) for factors in _gram_factors(_equilibrated(core)))
    return np.flatnonzero(_grows(small, large)).astype(np.int64)


def _moving(rows: sparse.csr_matrix) -> NDArray[np.bool_]:
    """Which rows of a core depend on all others together, (rows,).

    With every row eliminated last in turn, its pivot is the reciprocal of a diagonal entry of the inverse of
    A A' + delta: two selected inverses answer for all rows.
    """
    small, large = (1.0 / inverse_diagonal(factors) for factors in _gram_factors(_equilibrated(rows)))
    return _grows(small, large)


def _gram_factors(rows: sparse.csr_matrix) -> Iterator[Factors]:
    """Factors of A A' with the smaller and with the larger regularisation."""
    entries = sparse.coo_matrix(sparse.triu(rows @ rows.T))
    size = rows.shape[0]
    pattern = SymmetricPattern(size, entries.row.astype(np.int64), entries.col.astype(np.int64))
    system = QuasiDefinite(pattern, entries.data, np.full(size, DELTA))
    yield system.factors()
    system.update(entries.data, np.full(size, GROWTH * DELTA))
    yield system.factors()


def _pivots(factors: Factors) -> Floats:
    """In the order of the rows."""
    pivots = np.empty(len(factors.pivots))
    pivots[factors.order] = factors.pivots
    return pivots


def _grows(small: Floats, large: Floats) -> NDArray[np.bool_]:
    """Whether pivots grow with the regularisation; rounding may leave one at zero or below, which is as good."""
    grows: NDArray[np.bool_] = ~((small > 0.0) & (large < np.sqrt(GROWTH) * small))
    return grows


def _equilibrated(matrix: sparse.sparray | sparse.spmatrix) -> sparse.csr_matrix:
    """The matrix with columns of about equal and rows of exactly unit length (empty ones stay), without zeros."""
    rows = sparse.csr_matrix(matrix, copy=True)
    rows.sum_duplicates()
    rows.eliminate_zeros()
    largest = float(np.max(np.abs(rows.data), initial=0.0))
    squares = sparse.csr_matrix(((rows.data / (largest or 1.0)) ** 2, rows.indices, rows.indptr), shape=rows.shape)
    high, wide = np.ones(rows.shape[0]), np.ones(rows.shape[1])
    for _ in range(SWEEPS):
        wide /= _length_or_one(wide * (squares.T @ high))
        high /= _length_or_one(high * (squares @ wide))
    return _unit_rows(sparse.diags_array(np.sqrt(high)) @ rows @ sparse.diags_array(np.sqrt(wide)))


def _length_or_one(squares: Floats) -> Floats:
    return np.sqrt(np.where(squares > 0.0, squares, 1.0))


def _unit_rows(matrix: sparse.sparray | sparse.spmatrix) -> sparse.csr_matrix:
    rows = sparse.csr_matrix(matrix)
    length = _length_or_one(np.asarray(rows.multiply(rows).sum(axis=1)).ravel())
    return sparse.csr_matrix(sparse.diags_array(1.0 / length) @ rows)
