"""Rank and null spaces of a large sparse matrix, by peeling off what can be settled entry by entry.

For example: a stock survey a day for a year chains 365 balances; seen as one matrix its singular values fall so low
that no tolerance tells a long chain from a cycle. But the first row with a single unknown settles that unknown, then
the next row has a single one, and so on. What is left is a small core without rows or columns of one entry; its rank
alone is a matter of numbers. Row and column singletons as in the triangularisation phase of sparse LU (Suhl & Suhl,
ORSA J. Comput. 2 (1990) 325-335).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from ferrolan.numerics.kkt import Floats, Integers
from ferrolan.numerics.rank import dependent_rows, project_on_null_space

_ROUNDS = 2000
"""Most rounds of peeling; the core takes what is left."""
_PART = 1e-7
"""Smallest part in a unit null vector of the core."""
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
    def dependent_rows(self) -> Integers:
        """Rows that can be left out without changing the row space, sorted."""
        core = self.core_rows[dependent_rows(self._core)] if len(self.core_rows) else self.core_rows
        return np.sort(np.concatenate([self.empty_rows, core]))

    @cached_property
    def dependent_columns(self) -> Integers:
        """Columns that can be left out without changing the column space, sorted."""
        core = self.core_columns[dependent_rows(self._core.T)] if len(self.core_columns) else self.core_columns
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


def _null(peeled: Peeled, rows: sparse.csr_matrix, generator: np.random.Generator, *, transposed: bool) -> Floats:
    """Random values where nothing holds them, a random null vector of the core, and the rest by substitution."""
    vector = np.zeros(rows.shape[1])
    free = peeled.empty_rows if transposed else peeled.empty_columns
    inner = peeled.core_rows if transposed else peeled.core_columns
    vector[free] = generator.uniform(0.5, 1.5, len(free))
    if len(inner):
        core = peeled._core.T if transposed else peeled._core
        part = project_on_null_space(core, generator.uniform(0.5, 1.5, len(inner)))
        vector[inner] = np.where(np.abs(part) > _PART, part, 0.0)
    for by_row, pivot_rows, pivot_columns in reversed(peeled.rounds):
        if by_row == transposed:
            line, place = (pivot_columns, pivot_rows) if transposed else (pivot_rows, pivot_columns)
            taken = rows[line]
            total, size = taken @ vector, abs(taken) @ np.abs(vector)
            pivot = np.asarray(rows[line, place]).ravel()
            vector[place] = np.where(np.abs(total) > _CANCELLED * size, -total / pivot, 0.0)
    return vector


def support(vectors: list[Floats]) -> NDArray[np.bool_]:
    """Where any of some vectors is not zero."""
    found = np.zeros(len(vectors[0]), dtype=bool)
    for vector in vectors:
        found |= vector != 0.0
    return found
