"""Rank of a sparse matrix: which rows repeat the others, and what its null space touches.

For example: a balance that is the sum of two others adds no check of any meter; a cycle of unmeasured flows may carry
any extra flow without opening a balance. Both are questions of rank, answered on the L D L' factor of ``A A' +
delta``: the pivot of row i is the squared distance of that row from the rows eliminated before it, so a row that
depends on them leaves a pivot of the size of delta (as interior-point codes find dependent equations).
"""

from __future__ import annotations

import numpy as np
from scipy import sparse

from ferrolan.numerics.kkt import Floats, Integers, saddle_point, symmetric

DELTA = 1e-13
"""Regularisation of the rows: far below TOLERANCE, far above the square of the rounding unit."""
TOLERANCE = 1e-10
"""Squared distance, relative to the row's length, below which a row depends on others (so 1e-5 in length)."""


def dependent_rows(matrix: sparse.sparray | sparse.spmatrix) -> Integers:
    """Rows that can be left out without changing the row space: as many as rows exceed the rank; sorted.

    Every row is brought to unit length first; an empty row depends on any others.
    """
    unit = _unit_rows(matrix)
    if unit.shape[0] == 0:
        return np.empty(0, dtype=np.int64)
    factors = symmetric(sparse.csc_matrix(unit @ unit.T), DELTA).factors()
    return np.sort(factors.order[factors.pivots < TOLERANCE])


def null_space_support(matrix: sparse.sparray | sparse.spmatrix, *, tolerance: float = 1e-5) -> np.ndarray:
    """Which columns (bool, (columns,)) have a part in some null vector of the matrix: A v = 0 with v_j not 0.

    Two fixed pseudo-random vectors are projected onto the null space; a column that is zero in both projections is zero
    in all null vectors, but for coincidence.
    """
    columns = matrix.shape[1]
    found = np.zeros(columns, dtype=bool)
    if columns == 0:
        return found
    for start in np.random.default_rng(20260301).uniform(0.5, 1.5, (2, columns)):
        found |= np.abs(project_on_null_space(matrix, start)) > tolerance
    return found


def project_on_null_space(matrix: sparse.sparray | sparse.spmatrix, vector: Floats) -> Floats:
    """The nearest vector v to ``vector`` with A v = 0."""
    unit = _unit_rows(matrix)
    rows, columns = unit.shape
    system = saddle_point(np.ones(columns), unit, (0.0, 1e-10))
    return system.solve(np.concatenate([vector, np.zeros(rows)]))[:columns]


def _unit_rows(matrix: sparse.sparray | sparse.spmatrix) -> sparse.csr_matrix:
    rows = sparse.csr_matrix(matrix)
    length = np.sqrt(np.asarray(rows.multiply(rows).sum(axis=1)).ravel())
    return sparse.csr_matrix(sparse.diags_array(1.0 / np.where(length > 0.0, length, 1.0)) @ rows)
