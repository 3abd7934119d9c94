"""Rank of a sparse matrix: which rows repeat the others, and what its null space touches.

For example: a balance that is the sum of two others adds no check of any meter; a cycle of unmeasured flows may carry
any extra flow without opening a balance. Both are questions of rank, which no scaling of rows and columns changes, so
the matrix is equilibrated first (Ruiz, A scaling algorithm to equilibrate both rows and columns norms in matrices,
RAL-TR-2001-034). A row with an entry alone in its column cannot be a combination of others and is set aside, again and
again. For the rest, the pivot of row i in the factor of A A' + delta is

    min over y of |a_i - sum_k y_k a_k|^2 + delta (1 + |y|^2),     k the rows eliminated before it:

proportional to delta where the row depends on the others, however large y is, and independent of delta where it does
not. Two values of delta tell which. The diagonal of the inverse says the same of every row against all others.
"""

from __future__ import annotations

from collections.abc import Iterator

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
STRONG = 0.01
"""Least share of its row of an entry alone in its column that proves the row independent."""
MISSED = 1e-10
"""Regularisation of the rows for projections."""


def dependent_rows(matrix: sparse.sparray | sparse.spmatrix) -> Integers:
    """Rows that can be left out without changing the row space: as many as rows exceed the rank; sorted.

    An empty row depends on any others.
    """
    even, open_rows = _doubtful(sparse.csr_matrix(matrix))
    if len(open_rows) == 0:
        return np.empty(0, dtype=np.int64)
    small, large = (_pivots(factors) for factors in _gram_factors(even))
    return open_rows[_grows(small, large)]


def null_space_support(matrix: sparse.sparray | sparse.spmatrix) -> NDArray[np.bool_]:
    """Which columns (bool, (columns,)) have a part in some null vector of the matrix: A v = 0 with v_j not 0.

    They are the columns that depend on all others together. With every column eliminated last in turn, its pivot is the
    reciprocal of a diagonal entry of the inverse of A'A + delta: two selected inverses answer for all columns.
    """
    columns = sparse.csr_matrix(sparse.csr_matrix(matrix).T)
    found = np.zeros(columns.shape[0], dtype=bool)
    even, open_ones = _doubtful(columns)
    if len(open_ones):
        small, large = (1.0 / inverse_diagonal(factors) for factors in _gram_factors(even))
        found[open_ones] = _grows(small, large)
    return found


def project_on_null_space(matrix: sparse.sparray | sparse.spmatrix, vector: Floats) -> Floats:
    """The nearest v to ``vector`` with A v = 0; (columns,), or (columns, count) for several at once."""
    return _projected(_unit_rows(matrix), vector)


def _projected(unit: sparse.csr_matrix, vectors: Floats) -> Floats:
    rows, columns = unit.shape
    system = saddle_point(np.ones(columns), unit, (0.0, MISSED))
    return system.solve(np.concatenate([vectors, np.zeros((rows, *vectors.shape[1:]))]))[:columns]


def _doubtful(matrix: sparse.csr_matrix) -> tuple[sparse.csr_matrix, Integers]:
    """Rows that may depend on others, equilibrated, and their numbers."""
    even = _equilibrated(matrix)
    open_rows = np.flatnonzero(_unpeeled(even)).astype(np.int64)
    return sparse.csr_matrix(even[open_rows]), open_rows


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


def _unpeeled(matrix: sparse.csr_matrix) -> NDArray[np.bool_]:
    """Rows left when those with a strong entry alone in its column are taken away, until there are no more."""
    left = np.ones(matrix.shape[0], dtype=bool)
    home = np.repeat(np.arange(matrix.shape[0]), np.diff(matrix.indptr))
    count = np.bincount(matrix.indices, minlength=matrix.shape[1])
    total = np.bincount(matrix.indices, weights=home, minlength=matrix.shape[1]).astype(np.int64)
    alone = np.flatnonzero(count == 1)
    while len(alone):
        strong = np.abs(np.asarray(matrix[total[alone], alone]).ravel()) > STRONG
        rows = np.unique(total[alone[strong]])
        left[rows] = False
        taken = _entries_of(matrix, rows)
        columns = matrix.indices[taken]
        np.subtract.at(count, columns, 1)
        np.subtract.at(total, columns, home[taken])
        alone = np.unique(columns[count[columns] == 1])
    return left


def _entries_of(matrix: sparse.csr_matrix, rows: Integers) -> Integers:
    """Where the entries of some rows stand in the data."""
    lengths = matrix.indptr[rows + 1] - matrix.indptr[rows]
    before = np.cumsum(lengths) - lengths
    places: Integers = np.arange(int(lengths.sum())) + np.repeat(matrix.indptr[rows] - before, lengths)
    return places


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
