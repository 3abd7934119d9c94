"""The linear program as arrays: named blocks of columns and rows, compiled once to compressed columns.

A *block* is a family over items x months, for example the column block ``sell`` with the items ``("iron_ore",)`` and
``("steel",)`` over twelve months; an index is an integer, the block knows the names. The program maximises a gain:

    max c'x   subject to   row_lower <= A x <= row_upper,   column_lower <= x <= column_upper.

A *shift* is a direction in the bounds: one unit more of it is what a price is asked for. A *limit* is a shift with a
name a person knows. Compressed columns as in I. S. Duff, A. M. Erisman, J. K. Reid, Direct Methods for Sparse
Matrices, 2nd edition, Oxford University Press 2017, chapter 2.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import scipy.sparse as sp
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Item = tuple[str, ...]
Side = Literal["row", "row_upper", "column_upper", "column_lower"]


@dataclass(frozen=True)
class Block:
    """A family of columns or rows over items x months; ``start`` is the index of its first member."""

    name: str
    start: int
    width: int
    items: tuple[Item, ...]
    owners: tuple[str, ...]
    units: tuple[str, ...]

    @property
    def size(self) -> int:
        """Number of columns or rows."""
        return self.width * len(self.items)

    @property
    def slot(self) -> slice:
        """Where the block stands in the vectors of the program."""
        return slice(self.start, self.start + self.size)

    def index(self, item: Item, month: int = 0) -> int:
        """Index of one member."""
        return self.start + self.items.index(item) * self.width + month

    def indices(self, numbers: ArrayLike) -> Integers:
        """Indices of whole items by number, shape (len(numbers), width)."""
        rows = np.asarray(numbers, dtype=np.int64).reshape(-1, 1)
        return self.start + rows * self.width + np.arange(self.width, dtype=np.int64)

    def grid(self, vector: Floats) -> Floats:
        """The block's part of a vector, shape (items, width)."""
        return vector[self.slot].reshape(len(self.items), self.width)


@dataclass(frozen=True)
class Program:
    """The arrays of a linear program to be maximised; ``gain`` is c [CNY per column unit]."""

    gain: Floats
    column_lower: Floats
    column_upper: Floats
    row_lower: Floats
    row_upper: Floats
    indptr: NDArray[np.int32]
    indices: NDArray[np.int32]
    data: Floats
    columns: Mapping[str, Block]
    rows: Mapping[str, Block]

    @property
    def shape(self) -> tuple[int, int]:
        """Rows, columns."""
        return self.row_lower.size, self.gain.size

    def matrix(self) -> sp.csc_array:
        """A, sharing the arrays of the program."""
        return sp.csc_array((self.data, self.indices, self.indptr), shape=self.shape)

    def column_name(self, index: int) -> str:
        """Readable name of a column."""
        return _name(self.columns, index)

    def row_name(self, index: int) -> str:
        """Readable name of a row."""
        return _name(self.rows, index)

    def moved(self, shift: Shift, amount: float) -> Program:
        """The program with the bounds of ``shift`` moved by ``amount``; the matrix is shared."""
        step = amount * shift.weights
        if shift.side == "row":
            lower, upper = self.row_lower.copy(), self.row_upper.copy()
            lower[shift.indices] += step
            upper[shift.indices] += step
            return replace(self, row_lower=lower, row_upper=upper)
        vector: Floats = getattr(self, shift.side).copy()
        vector[shift.indices] += step
        return self.with_bounds(shift.side, vector)

    def with_bounds(self, side: Literal["row_upper", "column_upper", "column_lower"], vector: Floats) -> Program:
        """The program with another vector of bounds."""
        if side == "row_upper":
            return replace(self, row_upper=vector)
        return replace(self, column_upper=vector) if side == "column_upper" else replace(self, column_lower=vector)


@dataclass(frozen=True)
class Shift:
    """A direction in the bounds: ``weights`` is how far each bound moves per unit."""

    side: Side
    indices: Integers
    weights: Floats

    def slope(self, row_duals: Floats, reduced_costs: Floats) -> float:
        """Gain per unit of the shift that a dual solution promises [CNY per unit]."""
        duals = row_duals if self.side in ("row", "row_upper") else reduced_costs
        priced = duals[self.indices]
        if self.side in ("row_upper", "column_upper"):
            priced = np.maximum(priced, 0.0)
        elif self.side == "column_lower":
            priced = np.minimum(priced, 0.0)
        return float(priced @ self.weights)


@dataclass(frozen=True)
class Limit:
    """A limit a person knows: what it is, whose, over which span, and the shift that gives one unit more of it.

    ``bounds`` are the limits of the single months [unit], ``value`` the limit of the whole span. ``spread`` says how
    the months make the span: a capacity is added up, a store's room is not.
    """

    name: str
    kind: Literal["capacity", "quota", "market", "stock", "supply"]
    owner: str
    period: str
    unit: str
    shift: Shift
    bounds: Floats
    value: float
    spread: Literal["sum", "largest"]

    def activity(self, x: Floats, activities: Floats) -> Floats:
        """What the plan uses of each single month's limit [unit]."""
        source = activities if self.shift.side in ("row", "row_upper") else x
        return source[self.shift.indices]


class Builder:
    """Collects blocks, entries and limits of the terms; ``program`` makes the arrays."""

    def __init__(self, months: Sequence[str]) -> None:
        self.months = tuple(months)
        self.columns: dict[str, Block] = {}
        self.rows: dict[str, Block] = {}
        self.limits: list[Limit] = []
        self._gain: list[Floats] = []
        self._column_bounds: list[tuple[Floats, Floats]] = []
        self._row_bounds: list[tuple[Floats, Floats]] = []
        self._entries: list[tuple[Integers, Integers, Floats]] = []

    @property
    def span(self) -> str:
        """First and last month, as ``2026-04..2027-03``."""
        return self.months[0] if len(self.months) == 1 else f"{self.months[0]}..{self.months[-1]}"

    def add_columns(
        self,
        name: str,
        items: Sequence[Item],
        owners: Sequence[str],
        units: Sequence[str],
        *,
        gain: ArrayLike,
        lower: ArrayLike = 0.0,
        upper: ArrayLike = np.inf,
        width: int | None = None,
    ) -> Block:
        """Add a column block; ``gain`` and bounds broadcast to shape (items, width)."""
        block = _block(self.columns, name, items, owners, units, len(self.months) if width is None else width)
        self._gain.append(_filled(block, gain))
        self._column_bounds.append((_filled(block, lower), _filled(block, upper)))
        return block

    def add_rows(
        self,
        name: str,
        items: Sequence[Item],
        owners: Sequence[str],
        units: Sequence[str],
        *,
        lower: ArrayLike = -np.inf,
        upper: ArrayLike = np.inf,
        width: int | None = None,
    ) -> Block:
        """Add a row block; bounds broadcast to shape (items, width)."""
        block = _block(self.rows, name, items, owners, units, len(self.months) if width is None else width)
        self._row_bounds.append((_filled(block, lower), _filled(block, upper)))
        return block

    def add_entries(self, rows: ArrayLike, columns: ArrayLike, values: ArrayLike) -> None:
        """Add coefficients; the three arguments broadcast against each other."""
        row, column, value = np.broadcast_arrays(
            np.asarray(rows, dtype=np.int64), np.asarray(columns, dtype=np.int64), np.asarray(values, dtype=np.float64)
        )
        self._entries.append((row.ravel(), column.ravel(), value.ravel()))

    def add_to_side(self, block: Block, item: int, month: int, amount: float) -> None:
        """Add a fixed amount to the right-hand side of one row."""
        for vector in self._row_bounds[list(self.rows).index(block.name)]:
            vector[item * block.width + month] += amount

    def add_limit(self, limit: Limit) -> None:
        """Add a limit; one of nothing, or without end, is none."""
        if limit.shift.indices.size and np.isfinite(limit.value):
            self.limits.append(limit)

    def program(self) -> Program:
        """The arrays, columns in order of the blocks, rows of a column ascending."""
        row, column, value = (
            np.concatenate([entry[part] for entry in self._entries]) if self._entries else np.zeros(0)
            for part in range(3)
        )
        shape = (sum(block.size for block in self.rows.values()), sum(block.size for block in self.columns.values()))
        matrix = sp.csc_array((value, (row.astype(np.int64), column.astype(np.int64))), shape=shape)
        matrix.sort_indices()
        return Program(
            gain=_joined(self._gain),
            column_lower=_joined([bounds[0] for bounds in self._column_bounds]),
            column_upper=_joined([bounds[1] for bounds in self._column_bounds]),
            row_lower=_joined([bounds[0] for bounds in self._row_bounds]),
            row_upper=_joined([bounds[1] for bounds in self._row_bounds]),
            indptr=matrix.indptr.astype(np.int32),
            indices=matrix.indices.astype(np.int32),
            data=matrix.data.astype(np.float64),
            columns=dict(self.columns),
            rows=dict(self.rows),
        )


def proportional(bounds: Floats) -> Floats:
    """Shares of one unit that moves every month by the same per cent; even where the bounds are all zero."""
    total = float(np.abs(bounds).sum())
    return np.abs(bounds) / total if total > 0 else np.full(bounds.size, 1.0 / max(bounds.size, 1))


def _block(
    known: dict[str, Block], name: str, items: Sequence[Item], owners: Sequence[str], units: Sequence[str], width: int
) -> Block:
    start = sum(block.size for block in known.values())
    known[name] = Block(name, start, width, tuple(items), tuple(owners), tuple(units))
    return known[name]


def _filled(block: Block, values: ArrayLike) -> Floats:
    filled = np.empty((len(block.items), block.width))
    filled[:] = values
    return filled.ravel()


def _joined(parts: Sequence[Floats]) -> Floats:
    return np.concatenate(parts) if parts else np.zeros(0)


def _name(blocks: Mapping[str, Block], index: int) -> str:
    for block in blocks.values():
        if block.start <= index < block.start + block.size:
            item, month = divmod(index - block.start, block.width)
            return f"{block.name}({', '.join(block.items[item])}; {month})"
    raise IndexError(index)
