"""Entries of the inverse of a sparse symmetric matrix, only where its factor has entries.

For example: the variances of 1,500 reconciled values are diagonal entries of the inverse of one matrix of order 2,400.
One solve for each would repeat the same work 1,500 times; going backwards over the columns of L D L' gives all at once
(Takahashi, Fagan & Chin 1973; Erisman & Tinney, On computing certain elements of the inverse of a sparse matrix, Comm.
ACM 18 (1975) 177-179, doi:10.1145/360680.360704):

    Z[p, j] = -Z[p, p] l,   Z[j, j] = 1 / d_j - l' Z[p, j],   l = L[p, j], p the rows of column j of L.

The rows p of a column, without its parent in the elimination tree, are rows of the parent too, so the dense block Z[p,
p] is cut out of the parent's block. Plain numpy; time grows with the sum of squared column counts of L.
"""

from __future__ import annotations

import numpy as np

from ferrolan.numerics.kkt import Factors, Floats


def inverse_diagonal(factors: Factors) -> Floats:
    """The diagonal of the inverse, (size,), in the order of the matrix (not of its elimination).

    Parameters
    ----------
    factors
        ``(I + L) D (I + L)'`` of the permuted matrix, with every symbolic entry of L present.

    Examples
    --------
    >>> from ferrolan.numerics.kkt import saddle_point
    >>> import numpy as np
    >>> from scipy import sparse
    >>> factors = saddle_point(np.array([1.0, 1.0]), sparse.csc_matrix([[1.0, -1.0]]), (1e-12, 1e-12)).factors()
    >>> inverse_diagonal(factors)[:2].round(6)
    array([0.5, 0.5])
    """
    size = len(factors.pivots)
    indptr, indices, entries = factors.lower.indptr, factors.lower.indices, factors.lower.data
    parents = _parents(size, indptr, indices)
    waiting = np.bincount(parents[parents >= 0], minlength=size).tolist()
    diagonal = np.empty(size)
    blocks: dict[int, Floats] = {}  # dense Z over column j and its rows, kept until the last child has used it
    for j in range(size - 1, -1, -1):
        rows, column = indices[indptr[j] : indptr[j + 1]], entries[indptr[j] : indptr[j + 1]]
        parent = int(parents[j])
        if parent < 0:
            block = np.array([[1.0 / factors.pivots[j]]])
        else:
            within = np.searchsorted(indices[indptr[parent] : indptr[parent + 1]], rows[1:]) + 1
            within = np.concatenate([[0], within])
            block = _block(blocks[parent][within[:, None], within], column, float(factors.pivots[j]))
            waiting[parent] -= 1
            if not waiting[parent]:
                del blocks[parent]
        diagonal[j] = block[0, 0]
        if waiting[j]:
            blocks[j] = block
    result = np.empty(size)
    result[factors.order] = diagonal
    return result


def _parents(size: int, indptr: np.ndarray, indices: np.ndarray) -> np.ndarray:
    """The first row below the diagonal of every column of L, -1 where there is none: the elimination tree."""
    parents = np.full(size, -1, dtype=np.int64)
    filled = np.flatnonzero(np.diff(indptr))
    parents[filled] = indices[indptr[filled]]
    return parents


def _block(beneath: Floats, column: Floats, pivot: float) -> Floats:
    edge = -(beneath @ column)
    block = np.empty((len(column) + 1, len(column) + 1))
    block[1:, 1:] = beneath
    block[1:, 0] = block[0, 1:] = edge
    block[0, 0] = 1.0 / pivot - column @ edge
    return block
