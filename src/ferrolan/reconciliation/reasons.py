"""Why a quantity is checked, determined or neither, in words and by name, made only when somebody asks.

For example: "unobservable: `sand`, `recycle` and `overflow` close an unmeasured cycle; measure one". The members of
such a set are an elementary null vector of the balances: around the quantity, as small a set of undetermined ones as
can shift together without opening a balance. What is the same in every period is said once: a reason speaks of other
periods as "the next" or "the one before", so that equal surroundings have equal reasons.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import overload

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from ferrolan.numerics.kkt import Floats, Integers
from ferrolan.reconciliation.equations import Equations, Key, Row

_NAMED = 4
"""Most names in a reason."""
_IN_CYCLE = 8
"""Most members of a cycle that are named."""
_BALL = 60
"""Most undetermined quantities looked at around one for what shifts with it."""
_SEARCHES = 500
"""Most such searches; beyond, neighbours are named instead."""
_PART = 1e-6
"""Smallest part in a null vector, relative to its largest, that counts."""

STATUS = ("redundant", "nonredundant", "observable", "unobservable", "known", "shared")
REDUNDANT, NONREDUNDANT, OBSERVABLE, UNOBSERVABLE, KNOWN, SHARED = range(len(STATUS))


@dataclass(frozen=True)
class Findings:
    """What the reasons are made from.

    Parameters
    ----------
    columns : (rows, variables)
        The linearised balances without what is exactly known, zeros left out.
    code : (variables,)
        Place of the status in ``STATUS``.
    readings : (variables,)
        Number of readings of every variable.
    checked : (variables,)
        Variables that a combination of balances free of unmeasured ones contains.
    censored : (variables,)
        Variables read as below a detection limit.
    """

    system: Equations
    columns: sparse.csc_matrix
    code: NDArray[np.int8]
    readings: Integers
    checked: NDArray[np.bool_]
    censored: NDArray[np.bool_]

    @cached_property
    def rows(self) -> sparse.csr_matrix:
        """The same, by rows."""
        return sparse.csr_matrix(self.columns)

    def rows_with(self, variable: int) -> Integers:
        """Rows that contain a variable."""
        start, end = self.columns.indptr[variable : variable + 2]
        return np.asarray(self.columns.indices[start:end], dtype=np.int64)

    def variables_in(self, rows: Integers) -> list[int]:
        """Variables in any of some rows, each once, in the order met."""
        found: dict[int, None] = {}
        for row in rows.tolist():
            start, end = self.rows.indptr[row : row + 2]
            found.update(dict.fromkeys(self.rows.indices[start:end].tolist()))
        return list(found)


class Reasons(Sequence[str]):
    """The reason of every variable; worked out when read, once for all with the same surroundings."""

    def __init__(self, findings: Findings) -> None:
        self._findings = findings
        self._searches = 0

    def __len__(self) -> int:
        return len(self._findings.code)

    @overload
    def __getitem__(self, number: int) -> str: ...

    @overload
    def __getitem__(self, number: slice) -> Sequence[str]: ...

    def __getitem__(self, number: int | slice) -> str | Sequence[str]:
        if isinstance(number, slice):
            return [self[place] for place in range(*number.indices(len(self)))]
        place = int(number) + (len(self) if number < 0 else 0)
        if not 0 <= place < len(self):
            raise IndexError(f"reason {number} of {len(self)}")
        return self._reason(place)

    def __iter__(self) -> Iterator[str]:
        texts, which = self._all
        return iter([texts[place] for place in which.tolist()])

    @cached_property
    def _all(self) -> tuple[list[str], Integers]:
        """Different reasons, and which of them is that of every variable."""
        _, first, which = np.unique(_surroundings(self._findings), return_index=True, return_inverse=True)
        return [self._reason(place) for place in first.tolist()], which.ravel()

    def _reason(self, number: int) -> str:
        found, code = self._findings, int(self._findings.code[number])
        if code == KNOWN:
            return "known exactly"
        if code == SHARED:
            return "an error that several readings share"
        if code == REDUNDANT and not found.checked[number]:
            return f"measured {found.readings[number]} times; no balance checks it further"
        rows = found.rows_with(number)
        if len(rows) == 0:
            alone = "no balance contains it"
            return alone if code == NONREDUNDANT else self._unread(number) + ", and " + alone
        if code == REDUNDANT:
            several = f"measured {found.readings[number]} times, and" if found.readings[number] > 1 else "measured, and"
            return f"{several} checked by the {self._balances(rows)}"
        if code == OBSERVABLE:
            return f"{self._unread(number)}; the {self._balances(rows)} determine it"
        if code == NONREDUNDANT:
            return self._unchecked(number, rows)
        return self._undetermined(number, rows)

    def _unread(self, number: int) -> str:
        return "read only as below its detection limit" if self._findings.censored[number] else "not measured"

    def _balances(self, rows: Integers) -> str:
        words = [_row_words(self._findings.system.rows[row]) for row in rows.tolist()]
        named = dict.fromkeys(words)
        plain = [name for name in named if name.startswith("`")]
        other = [name for name in named if not name.startswith("`")]
        return " and the ".join([*([f"balances of {_listed(plain)}"] if plain else []), *other[:_NAMED]])

    def _unchecked(self, number: int, rows: Integers) -> str:
        found = self._findings
        beside = [v for v in found.variables_in(rows) if v != number and found.code[v] in (OBSERVABLE, UNOBSERVABLE)]
        others = self._names(beside, number) or "unmeasured quantities"
        return f"measured, but unchecked: its balances also contain {others}, not measured"

    def _undetermined(self, number: int, rows: Integers) -> str:
        found, group = self._findings, []
        if self._searches < _SEARCHES:
            self._searches += 1
            group = shifting_together(found, number)
        keys = [found.system.keys[v] for v in _downstream(found, group)]
        if len(group) > 1 and all(key.kind == "flow" and key.period == keys[0].period for key in keys):
            cycle = _listed([f"`{key.object}`" for key in keys], _IN_CYCLE)
            return f"unobservable: {cycle} close an unmeasured cycle; measure one"
        if not group:
            group = [v for v in found.variables_in(rows) if found.code[v] == UNOBSERVABLE]
        others = self._names([v for v in group if v != number], number)
        together = f"it can shift together with {others}" if others else "it can shift"
        return f"{self._unread(number)}; {together} without opening a balance; measure one more there"

    def _names(self, variables: Sequence[int], number: int) -> str:
        own = self._findings.system.keys[number]
        return _listed(list(dict.fromkeys(describe(self._findings.system.keys[v], beside=own) for v in variables)))


def _downstream(found: Findings, group: list[int]) -> list[int]:
    """The members of a cycle in the order in which material meets them, from the first on."""
    order, left, former = group[:1], group[1:], -1
    while left:
        entries = found.columns[:, [order[-1]]].tocoo()
        ranked = sorted(zip(entries.data.tolist(), entries.row.tolist(), strict=True), reverse=True)
        steps = [
            (v, row) for _, row in ranked if row != former for v in found.variables_in(np.array([row])) if v in left
        ]
        following, former = steps[0] if steps else (left[0], -1)
        order.append(following)
        left = [v for v in left if v != following]
    return order


def shifting_together(found: Findings, number: int) -> list[int]:
    """A smallest set of undetermined variables, ``number`` first, that can shift without opening a balance.

    An elementary null vector of the balances near the variable; [] where none is found among the nearest.
    """
    ball, edge = [number], [number]
    while edge and len(ball) < _BALL:
        rows = np.unique(np.concatenate([found.rows_with(v) for v in edge]))
        known = set(ball)
        edge = [v for v in found.variables_in(rows) if found.code[v] == UNOBSERVABLE and v not in known]
        ball += edge[: _BALL - len(ball)]
        vector = _elementary(_dense(found, ball))
        if vector is not None:
            return [v for v, part in zip(ball, vector, strict=True) if abs(part) > _PART]
    return [number] if _elementary(_dense(found, [number])) is not None else []


def _dense(found: Findings, variables: list[int]) -> Floats:
    """The columns of some variables, over the rows that contain any of them."""
    rows = np.unique(np.concatenate([found.rows_with(v) for v in variables]))
    matrix: Floats = found.columns[:, variables][rows].toarray()
    length = np.linalg.norm(matrix, axis=0)
    return matrix / np.where(length > 0.0, length, 1.0)


def _elementary(matrix: Floats) -> Floats | None:
    """A null vector with a part in the first column and as few others as an exchange finds, the last left out first."""
    _, sizes, turned = np.linalg.svd(matrix, full_matrices=True)
    rank = int(np.sum(sizes > 1e-7 * max(sizes.max(initial=0.0), 1.0)))
    basis = turned[rank:]
    if len(basis) == 0:
        return None
    lead = int(np.argmax(np.abs(basis[:, 0])))
    if abs(basis[lead, 0]) < _PART:
        return None
    vector = basis[lead] / basis[lead, 0]
    others = np.delete(basis, lead, axis=0)
    others = others - np.outer(others[:, 0], vector)
    for column in range(len(vector) - 1, 0, -1):
        if len(others) == 0:
            break
        pivot = int(np.argmax(np.abs(others[:, column])))
        if abs(others[pivot, column]) > _PART:
            line = others[pivot] / others[pivot, column]
            vector = vector - vector[column] * line
            others = np.delete(others - np.outer(others[:, column], line), pivot, axis=0)
    return np.asarray(vector / np.max(np.abs(vector)))


def _surroundings(found: Findings) -> Integers:
    """A number for every variable, equal where run, status and all that a reason names are the same but for a shift of
    periods: sums of random numbers, wrapped around.
    """
    keys, rows, code = found.system.keys, found.system.rows, found.code.astype(np.int64)
    draw = np.random.default_rng(20261122).integers(1, 2**62, 6 + len(keys.labels) + len(rows.labels))
    of_run, of_row = draw[6 : 6 + len(keys.labels)], draw[6 + len(keys.labels) :]
    with np.errstate(over="ignore"):
        own = of_run[keys.run] * (code * 8 + np.minimum(found.readings, 3) * 2 + found.censored + 1)
        entries = sparse.coo_matrix(found.columns)
        row, column = entries.row.astype(np.int64), entries.col.astype(np.int64)
        later = keys.period[column] - rows.period[row]
        seen = _mixed(own[column] + later * draw[0])
        inside = _summed(row, seen, len(rows))
        seen = _mixed(of_row[rows.run[row]] + inside[row] - later * draw[1])
        near = _summed(column, seen, len(keys))
        status = _mixed(own)
        whole = _summed(keys.period, status, int(keys.period.max(initial=0)) + 2)
        wide = whole[keys.period] * draw[2] + whole[keys.period + 1] * draw[3] + whole[keys.period - 1] * draw[4]
        total = _mixed(own * draw[5] + near + np.where(found.code == UNOBSERVABLE, wide, 0))
    return total


def _mixed(numbers: Integers) -> Integers:
    """Numbers scrambled, so that sums of them tell sets apart (the finaliser of splitmix64)."""
    mixed = numbers.astype(np.uint64)
    for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
        mixed = (mixed ^ (mixed >> np.uint64(shift))) * np.uint64(factor)
    return (mixed ^ (mixed >> np.uint64(31))).astype(np.int64)


def _summed(places: Integers, numbers: Integers, count: int) -> Integers:
    """Wrapped sums of the numbers at every place."""
    total = np.zeros(count, dtype=np.int64)
    np.add.at(total, places, numbers)
    return total


def describe(key: Key, *, beside: Key | None = None) -> str:
    """A variable in words, with its period: as a number, or relative to that of ``beside``.

    Examples
    --------
    >>> describe(Key("assay", "feed", "Fe", 2))
    'Fe in `feed` in period 2'
    >>> describe(Key("stock", "pile", None, 3), beside=Key("flow", "feed", None, 2))
    'the stock of `pile` in the next period'
    """
    if beside is None:
        return f"{_what(key)} in period {key.period}"
    later = key.period - beside.period
    if later == 0:
        return _what(key)
    if abs(later) == 1:
        return f"{_what(key)} in the {'next period' if later > 0 else 'period before'}"
    return f"{_what(key)} {abs(later)} periods {'later' if later > 0 else 'before'}"


def _what(key: Key) -> str:
    if key.component is not None:
        return f"{key.component} in `{key.object}`"
    if key.kind in ("quantity", "lifted"):
        return f"`{key.object}`"
    return f"the {'shared error' if key.kind == 'shared' else key.kind + ' of'} `{key.object}`"


def _row_words(row: Row) -> str:
    if row.kind == "relation":
        return f"relation `{row.node}`"
    if row.kind == "lifted":
        return f"product `{row.node}`"
    if row.kind == "enthalpy":
        return f"enthalpy of `{row.node}`"
    return f"`{row.node}`"


def row_words(row: Row) -> str:
    """An equation in words, without its period.

    Examples
    --------
    >>> row_words(Row("mill", "Fe", 0))
    'the Fe balance of `mill`'
    """
    if row.kind == "balance":
        return f"the {row.component} balance of `{row.node}`"
    if row.kind == "composition":
        return f"the equal {row.component} of `{row.outlet}` at `{row.node}`"
    return f"the {_row_words(row)}"


def _listed(names: list[str], most: int = _NAMED) -> str:
    if len(names) > most:
        return ", ".join(names[:most]) + f" and {len(names) - most} more"
    return " and ".join([", ".join(names[:-1]), names[-1]]) if len(names) > 1 else "".join(names)
