"""What the balances can say about every quantity, before any statistics, and why, in words.

For example: feed, concentrate and tails of a flotation with one unmeasured assay: the other readings fix it
(observable) but nothing is left to check them (nonredundant). A measured quantity is redundant when a combination of
balances that is free of unmeasured quantities contains it; an unmeasured one is observable when no change of
unmeasured quantities that leaves all balances closed moves it. Both are ranks of the balances linearised at the
solution: Crowe, Garcia Campos & Hrymak, AIChE J. 29 (1983) 881-888; Swartz 1989.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from ferrolan.numerics.kkt import Floats, Integers, saddle_point
from ferrolan.numerics.rank import dependent_rows, null_space_support, project_on_null_space
from ferrolan.reconciliation.equations import Equations, Key

_VISIBLE = 1e-6
"""Smallest share of a column that counts as present in a combination of balances."""
_NAMED = 4
"""Most names in a reason."""
_GROUPS = 400
"""Most null vectors that are worked out for the sake of a reason in words."""


@dataclass(frozen=True)
class Solvability:
    """The classes of all variables.

    ``status`` is redundant, nonredundant, observable or unobservable; ``observable`` (bool, measured ones included) and
    ``redundant`` (bool) are the same as masks; ``pinned`` are the unmeasured variables that, once fixed, fix all
    unobservable ones; ``repeated`` the rows that follow from the others; ``degrees_of_freedom`` the rank of the
    balances free of unmeasured quantities.
    """

    status: tuple[str, ...]
    reasons: tuple[str, ...]
    observable: NDArray[np.bool_]
    redundant: NDArray[np.bool_]
    pinned: Integers
    repeated: Integers
    degrees_of_freedom: int


def classify(system: Equations, z: Floats, measured: NDArray[np.bool_]) -> Solvability:
    """Classify every variable of the scaled equations, linearised at z."""
    jacobian = sparse.csc_matrix(system.jacobian(z))
    jacobian.eliminate_zeros()
    unknown = np.flatnonzero(~measured)
    of_unknown = sparse.csc_matrix(jacobian[:, unknown])
    unpinned = _weights(of_unknown)
    scaled = sparse.csc_matrix(of_unknown @ sparse.diags_array(1.0 / unpinned))
    repeated = dependent_rows(jacobian)
    pinned = dependent_rows(scaled.T)
    degrees = (jacobian.shape[0] - len(repeated)) - (len(unknown) - len(pinned))
    observable = np.ones(len(measured), dtype=bool)
    if len(pinned):
        observable[unknown] = ~null_space_support(scaled)
        observable[unknown[pinned]] = False
    redundant = measured & _checked(jacobian, scaled)
    status = tuple(_status(*flags) for flags in zip(measured, redundant, observable, strict=True))
    words = _Words(system, jacobian, measured, observable, unknown, pinned, scaled)
    reasons = tuple(words.reason(number, name) for number, name in enumerate(status))
    return Solvability(status, reasons, observable, redundant, unknown[pinned], repeated, degrees)


def _weights(columns: sparse.csc_matrix) -> Floats:
    length = np.sqrt(np.asarray(columns.multiply(columns).sum(axis=0)).ravel())
    return np.where(length > 0.0, length, 1.0)


def _checked(jacobian: sparse.csc_matrix, of_unknown: sparse.csc_matrix) -> NDArray[np.bool_]:
    """Columns present in some combination of rows that is free of the unknown ones."""
    length = _weights(jacobian)
    found = np.zeros(jacobian.shape[1], dtype=bool)
    for start in np.random.default_rng(20260302).uniform(0.5, 1.5, (2, jacobian.shape[0])):
        combination = project_on_null_space(of_unknown.T, start)
        found |= np.abs(jacobian.T @ combination) > _VISIBLE * length
    return found


def _status(measured: bool, redundant: bool, observable: bool) -> str:
    if measured:
        return "redundant" if redundant else "nonredundant"
    return "observable" if observable else "unobservable"


class _Words:
    """Says why, by the names of nodes and of the quantities concerned."""

    def __init__(
        self,
        system: Equations,
        jacobian: sparse.csc_matrix,
        measured: NDArray[np.bool_],
        observable: NDArray[np.bool_],
        unknown: Integers,
        pinned: Integers,
        scaled: sparse.csc_matrix,
    ) -> None:
        self._system, self._columns, self._rows = system, jacobian, sparse.csr_matrix(jacobian)
        self._measured, self._observable = measured, observable
        self._groups = _groups(unknown, pinned, scaled)

    def reason(self, number: int, status: str) -> str:
        rows = self._columns.indices[self._columns.indptr[number] : self._columns.indptr[number + 1]]
        if len(rows) == 0:
            return "no balance contains it" if self._measured[number] else "not measured, and no balance contains it"
        balances = self._balances(rows)
        if status == "redundant":
            return f"measured, and checked by the balances of {balances}"
        if status == "observable":
            return f"not measured; the balances of {balances} determine it"
        if status == "nonredundant":
            others = self._names([v for v in self._beside(rows) if not self._measured[v]], number)
            return (
                f"measured, but unchecked: its balances also contain {others or 'unmeasured quantities'}, not measured"
            )
        others = self._names(self._groups.get(number, []), number)
        together = f"it can shift together with {others}" if others else "it can shift"
        return f"not measured; {together} without opening a balance; measure one more there"

    def _balances(self, rows: Integers) -> str:
        named = dict.fromkeys(f"`{self._system.rows[r].node}`" for r in rows)
        return _list(list(named))

    def _beside(self, rows: Integers) -> list[int]:
        found: dict[int, None] = {}
        for row in rows:
            found.update(
                dict.fromkeys(self._rows.indices[self._rows.indptr[row] : self._rows.indptr[row + 1]].tolist())
            )
        return list(found)

    def _names(self, variables: list[int], number: int) -> str:
        own = self._system.keys[number]
        named = dict.fromkeys(describe(self._system.keys[v], beside=own) for v in variables if v != number)
        return _list(list(named))


def _groups(unknown: Integers, pinned: Integers, scaled: sparse.csc_matrix) -> dict[int, list[int]]:
    """For every unobservable variable, those that shift with it in the smallest null vector found."""
    if not 0 < len(pinned) <= _GROUPS:
        return {}
    rest = np.setdiff1d(np.arange(len(unknown)), pinned)
    height = scaled.shape[0]
    system = saddle_point(np.ones(height), sparse.csc_matrix(scaled[:, rest].T), (0.0, 1e-10)) if len(rest) else None
    groups: dict[int, list[int]] = {}
    for pin in pinned:
        right = np.concatenate([-scaled[:, [pin]].toarray().ravel(), np.zeros(len(rest))])
        vector = system.solve(right)[height:] if system is not None else np.empty(0)
        members = [int(unknown[pin]), *unknown[rest[np.abs(vector) > 1e-5]].tolist()]
        for member in members:
            if member not in groups or len(members) < len(groups[member]):
                groups[member] = members
    return groups


def describe(key: Key, *, beside: Key | None = None) -> str:
    """A variable in words, with its period unless that of ``beside`` is the same.

    Examples
    --------
    >>> describe(Key("assay", "feed", "Fe", 2))
    'Fe in `feed` in period 2'
    """
    what = {"flow": "the flow of", "stock": "the stock of"}.get(key.kind, f"{key.component} in")
    when = "" if beside is not None and beside.period == key.period else f" in period {key.period}"
    return f"{what} `{key.object}`{when}"


def _list(names: list[str]) -> str:
    if len(names) > _NAMED:
        return ", ".join(names[:_NAMED]) + f" and {len(names) - _NAMED} more"
    return " and ".join([", ".join(names[:-1]), names[-1]]) if len(names) > 1 else "".join(names)
