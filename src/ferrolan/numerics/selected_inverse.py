"""Entries of the inverse of a sparse symmetric matrix, only where its factor has entries.

For example: the variances of 1,500 reconciled values are diagonal entries of the inverse of one matrix of order 2,400.
One solve for each would repeat the same work 1,500 times; going backwards over the columns of L D L' gives all at once
(Takahashi, Fagan & Chin 1973; Erisman & Tinney, On computing certain elements of the inverse of a sparse matrix, Comm.
ACM 18 (1975) 177-179, doi:10.1145/360680.360704). For columns J with the same rows R beneath, I the unit lower L[J, J]:

    Y = L[R, J] I^-1,   Z[R, J] = -Z[R, R] Y,   Z[J, J] = (I D_J I')^-1 - Y' Z[R, J].

The rows beneath are columns or rows of the parent in the elimination tree, so Z[R, R] is cut out of the parent's dense
square. All column sets of one shape and height are one step of plain numpy; time grows with the sum of squared column
counts of L. What the inverse is exact for is the factored matrix, regularisation included; its relative error is that
of the factor, about the rounding unit times the largest entry of L.
"""

from __future__ import annotations

import numpy as np
from scipy import sparse

from ferrolan.numerics.elimination import Batch, Places
from ferrolan.numerics.kkt import Factors, Floats


class SelectedInverse:
    """The inverse of a factored matrix on the pattern of its factor.

    Parameters
    ----------
    factors
        ``(I + L) D (I + L)'`` of the permuted matrix, with every symbolic entry of L present.

    Examples
    --------
    >>> from ferrolan.numerics.kkt import saddle_point
    >>> system = saddle_point(np.array([1.0, 1.0]), sparse.csc_matrix([[1.0, -1.0]]), (1e-12, 1e-12))
    >>> inverse = SelectedInverse(system.factors())
    >>> inverse.diagonal()[:2].round(6), inverse.entries(np.array([2]), np.array([0])).round(6)
    (array([0.5, 0.5]), array([0.5]))
    """

    def __init__(self, factors: Factors) -> None:
        size = len(factors.pivots)
        self._lower, self._order = factors.lower, factors.order
        self._place = np.empty(size, dtype=np.intp)
        self._place[self._order] = np.arange(size)
        sweep = _Sweep(factors)
        self._on_diagonal, self._beneath = sweep.on_diagonal, sweep.beneath

    def diagonal(self) -> Floats:
        """The diagonal, (size,), in the order of the matrix (not of its elimination)."""
        result = np.empty(len(self._order))
        result[self._order] = self._on_diagonal
        return result

    def entries(self, rows: Places, columns: Places) -> Floats:
        """Entries at (rows, columns), in either triangle; every entry of the factored matrix is on the pattern.

        Raises
        ------
        LookupError
            If a place is off the pattern of the factor.
        """
        first, second = self._place[rows], self._place[columns]
        low, high = np.maximum(first, second), np.minimum(first, second)
        result = self._on_diagonal[low]
        off = np.flatnonzero(low != high)
        if len(off):
            result[off] = self._beneath[self._found(low[off], high[off])]
        return result

    def quadratic(self, vectors: sparse.sparray | sparse.spmatrix) -> Floats:
        """The form g' Z g of every row g of ``vectors`` (count, size): (count,).

        Raises
        ------
        LookupError
            If two columns of a row are no pair of the pattern.
        """
        rows = sparse.csr_matrix(vectors)
        counts = np.diff(rows.indptr)
        result = np.zeros(rows.shape[0])
        for count in np.unique(counts[counts > 0]).tolist():
            chosen = np.flatnonzero(counts == count)
            at = rows.indptr[chosen][:, None] + np.arange(count)
            low, high = np.tril_indices(count)
            columns, values = rows.indices[at], rows.data[at]
            products = values[:, low] * values[:, high] * np.where(low == high, 1.0, 2.0)
            entries = self.entries(columns[:, low].ravel(), columns[:, high].ravel())
            result[chosen] = np.einsum("ij,ij->i", products, entries.reshape(products.shape))
        return result

    def _found(self, rows: Places, columns: Places) -> Places:
        """Where entries stand in the data of the factor."""
        size = len(self._order)
        number = np.arange(1.0, len(self._beneath) + 1.0)
        table = sparse.csr_matrix((number, self._lower.indices, self._lower.indptr), shape=(size, size))
        places = np.asarray(table[columns, rows]).ravel().astype(np.intp) - 1
        if len(missing := np.flatnonzero(places < 0)):
            row, column = self._order[rows[missing[0]]], self._order[columns[missing[0]]]
            raise LookupError(
                f"entry ({row}, {column}) of the inverse is not on the pattern of the factor; solve for it"
            )
        return places


def inverse_diagonal(factors: Factors) -> Floats:
    """The diagonal of the inverse, (size,), in the order of the matrix (not of its elimination).

    Examples
    --------
    >>> from ferrolan.numerics.kkt import saddle_point
    >>> factors = saddle_point(np.array([1.0, 1.0]), sparse.csc_matrix([[1.0, -1.0]]), (1e-12, 1e-12)).factors()
    >>> inverse_diagonal(factors)[:2].round(6)
    array([0.5, 0.5])
    """
    return SelectedInverse(factors).diagonal()


class _Sweep:
    """One walk from the roots to the leaves; ``beneath`` holds Z where the data of L stand."""

    def __init__(self, factors: Factors) -> None:
        elimination = factors.elimination
        self._ends, self._entries = factors.lower.indptr.astype(np.intp), factors.lower.data
        self._reciprocals = 1.0 / factors.pivots
        self._squares = np.empty(elimination.room)
        self._corners: dict[int, tuple[Places, Places]] = {}
        self.on_diagonal, self.beneath = np.empty(len(factors.pivots)), np.empty(len(self._entries))
        for batch in elimination.batches:
            known = self._squares[batch.row_places[:, :, None] + batch.column_places[:, None, :]]
            if batch.width == 1:
                self._columns(batch, known)
            else:
                self._supernodes(batch, known)

    def _columns(self, batch: Batch, known: Floats) -> None:
        """Single columns: I = 1."""
        places = self._ends[batch.first][:, None] + np.arange(batch.below)
        column = self._entries[places]
        edge = np.matmul(known, column[:, :, None])
        np.negative(edge, out=edge)
        corner = self._reciprocals[batch.first] - np.einsum("ij,ij->i", column, edge[:, :, 0])
        self.beneath[places] = edge[:, :, 0]
        self.on_diagonal[batch.first] = corner
        self._keep(batch, corner[:, None, None], edge, known)

    def _supernodes(self, batch: Batch, known: Floats) -> None:
        columns = batch.first[:, None] + np.arange(batch.width)
        low, high = self._corner(batch.width)
        upper_places = self._ends[batch.first[:, None] + high] + (low - high - 1)
        unit = np.zeros((len(batch.first), batch.width, batch.width))
        unit[:, low, high] = self._entries[upper_places]
        unit += np.eye(batch.width)
        inverse = np.linalg.inv(unit)
        corner = np.matmul(inverse.transpose(0, 2, 1) * self._reciprocals[columns][:, None, :], inverse)
        places = (self._ends[columns + 1] - batch.below)[:, None, :] + np.arange(batch.below)[:, None]
        beneath = np.matmul(self._entries[places], inverse)
        edge = np.matmul(known, beneath)
        np.negative(edge, out=edge)
        corner -= np.matmul(beneath.transpose(0, 2, 1), edge)
        self.beneath[places] = edge
        self.beneath[upper_places] = corner[:, low, high]
        self.on_diagonal[columns] = np.diagonal(corner, axis1=1, axis2=2)
        self._keep(batch, corner, edge, known)

    def _corner(self, width: int) -> tuple[Places, Places]:
        if width not in self._corners:
            self._corners[width] = np.tril_indices(width, -1)
        return self._corners[width]

    def _keep(self, batch: Batch, corner: Floats, edge: Floats, known: Floats) -> None:
        """Put the squares together where children will look for them."""
        if batch.start is None:
            return
        count, side = len(batch.first), batch.width + batch.below
        square = self._squares[batch.start : batch.start + count * side * side].reshape(count, side, side)
        square[:, : batch.width, : batch.width] = corner
        square[:, batch.width :, : batch.width] = edge
        square[:, : batch.width, batch.width :] = edge.transpose(0, 2, 1)
        square[:, batch.width :, batch.width :] = known
