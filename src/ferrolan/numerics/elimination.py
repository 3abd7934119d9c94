"""What can be worked on together in a sparse factor: columns of one shape that do not wait for each other.

For example: the factor of a year of daily accounts has 400,000 columns, most of them with fewer than eight entries. Its
elimination tree says which column waits for which; columns with the same rows beneath form one supernode, and all
supernodes of equal height and shape are one ``Batch`` for one whole-array operation: some 3,000 instead of 400,000
steps. Only the pattern counts, so one ``Elimination`` serves all values (Liu, The role of elimination trees in sparse
factorization, SIAM J. Matrix Anal. Appl. 11 (1990) 134-172).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

Places = NDArray[np.intp]

PARTS = 8
"""Subtrees larger than one part in so many are walked first and kept; the rest shares the memory of one part."""
LARGEST_BATCH = 2**18
"""Most entries of the squares of one batch: a few megabytes stay in the cache."""


@dataclass(frozen=True)
class Batch:
    """Supernodes of ``width`` columns with ``below`` rows beneath, all parents of which come in earlier batches.

    Every supernode has a dense square over its columns and the rows beneath, all of them in one buffer. ``first``
    (count,) are first columns. ``row_places`` and ``column_places`` (count, below) add up to where the entry of two
    rows stands in the parent's square; ``start`` is where this batch's own squares begin, None if no child needs them.
    """

    first: Places
    width: int
    below: int
    row_places: Places
    column_places: Places
    start: int | None


class Elimination:
    """The batches of a strictly lower factor with sorted rows, from the roots of its elimination tree to the leaves.

    ``room`` is the size of the buffer that holds all squares while they are needed.
    """

    def __init__(self, lower: sparse.csc_matrix) -> None:
        tree = _Tree(lower)
        heights = _heights(tree.parent)
        part = _parts(tree.parent)
        sequence = np.lexsort((tree.below, tree.width, -heights, part))
        start, self.room = _starts(sequence, part, np.where(heights > 0, (tree.width + tree.below) ** 2, 0))
        shape = np.stack([part, heights, tree.width, tree.below])[:, sequence]
        self.batches = tuple(_batches(tree, sequence, shape, start))


class _Tree:
    """Supernodes: maximal runs of columns, each the parent of the one before and with one row less beneath."""

    def __init__(self, lower: sparse.csc_matrix) -> None:
        size, ends = lower.shape[0], lower.indptr.astype(np.intp)
        counts = np.diff(ends)
        parent = np.full(size, -1, dtype=np.intp)
        filled = np.flatnonzero(counts)
        parent[filled] = lower.indices[ends[filled]]
        run_on = (parent[:-1] == np.arange(1, size)) & (counts[:-1] == counts[1:] + 1)
        self.first = np.flatnonzero(np.concatenate([np.ones(min(size, 1), dtype=bool), ~run_on]))
        self.last = np.append(self.first[1:], size)[: len(self.first)] - 1
        self.width, self.below = self.last - self.first + 1, counts[self.last]
        home = np.repeat(np.arange(len(self.first)), self.width)
        self.parent = np.where(parent[self.last] < 0, -1, home[parent[self.last]]) if size else self.first
        at_last = np.zeros(size, dtype=bool)
        at_last[self.last] = True
        self.rows = lower.indices[np.repeat(at_last, counts)].astype(np.intp)
        self.row_ends = np.concatenate([[0], np.cumsum(self.below)])
        self.within = self._within(size)

    def _within(self, size: int) -> Places:
        """Where every row stands in the square of the parent: among its columns, or behind them among its rows."""
        parent = np.repeat(self.parent, self.below)
        within: Places = self.rows - self.first[parent]
        beyond = np.flatnonzero(self.rows > self.last[parent])
        above = parent[beyond]
        number = np.arange(1.0, len(self.rows) + 1.0)
        table = sparse.csr_matrix((number, self.rows, self.row_ends), shape=(len(self.first), size))
        found = np.asarray(table[above, self.rows[beyond]]).ravel().astype(np.intp) - 1 if len(beyond) else beyond
        within[beyond] = self.width[above] + found - self.row_ends[above]
        return within


def _heights(parent: Places) -> Places:
    """Longest way down to a leaf, of every supernode."""
    heights = [0] * (len(parent) + 1)  # the last is that of no parent
    for child, above in enumerate(parent.tolist()):
        if heights[above] <= heights[child]:
            heights[above] = heights[child] + 1
    return np.array(heights[:-1], dtype=np.intp)


def _parts(parent: Places) -> Places:
    """0 for the roots of large subtrees; the others numbered such that whole subtrees share a number."""
    count, above = len(parent), parent.tolist()
    sizes = [1] * (count + 1)
    for child, up in enumerate(above):
        sizes[up] += sizes[child]
    large = [size * PARTS > count for size in sizes[:-1]]
    root = list(range(count))
    for child in range(count - 1, -1, -1):
        if above[child] >= 0 and not large[above[child]]:
            root[child] = root[above[child]]
    return np.where(np.array(large, dtype=bool), 0, 1 + np.array(root, dtype=np.intp) * PARTS // max(count, 1))


def _starts(sequence: Places, part: Places, area: Places) -> tuple[Places, int]:
    """Where every square begins: those of part 0 first; all other parts use the same room behind them in turn."""
    ordered = area[sequence]
    before = np.cumsum(ordered) - ordered
    whole = np.bincount(part, weights=area, minlength=PARTS + 2).astype(np.intp)
    origin = np.cumsum(whole) - whole
    start = np.empty(len(area), dtype=np.intp)
    chosen = part[sequence]
    start[sequence] = before - origin[chosen] + np.where(chosen > 0, whole[0], 0)
    return start, int(whole[0] + whole[1:].max())


def _batches(tree: _Tree, sequence: Places, shape: Places, start: Places) -> Iterator[Batch]:
    changes = np.flatnonzero(np.any(shape[:, 1:] != shape[:, :-1], axis=0)) + 1
    bounds = [0, *changes.tolist(), len(sequence)] if len(sequence) else [0]
    side = tree.width + tree.below
    for begin, end in pairwise(bounds):
        _, height, width, below = shape[:, begin].tolist()
        most = max(1, LARGEST_BATCH // (width + below) ** 2)
        for low in range(begin, end, most):
            chosen = sequence[low : min(low + most, end)]
            within = tree.within[tree.row_ends[chosen][:, None] + np.arange(below)]
            parent = tree.parent[chosen][:, None]
            rows = within * side[parent] + start[parent] if below else within
            first = int(start[chosen[0]]) if height else None
            yield Batch(tree.first[chosen], width, below, rows, within, first)
