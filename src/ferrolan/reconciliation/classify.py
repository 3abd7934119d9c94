"""What the balances can say about every quantity, before any statistics, and why, in words.

For example: feed, concentrate and tails of a flotation with one unmeasured assay: the other readings fix it
(observable) but nothing is left to check them (nonredundant). A measured quantity is redundant when a combination of
balances that is free of unmeasured quantities contains it, or when it is measured twice; an unmeasured one is
observable when no change of unmeasured quantities that leaves all balances closed moves it. Both are ranks of the
balances linearised at a point that closes them: Crowe, Garcia Campos & Hrymak, AIChE J. 29 (1983) 881-888; Swartz 1989.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from ferrolan.numerics.kkt import Floats, Integers, symmetric
from ferrolan.numerics.rank import Peeled, peel, support
from ferrolan.reconciliation.equations import Equations
from ferrolan.reconciliation.evidence import Evidence
from ferrolan.reconciliation.reasons import (
    KNOWN,
    NONREDUNDANT,
    OBSERVABLE,
    REDUNDANT,
    SHARED,
    STATUS,
    UNOBSERVABLE,
    Findings,
    Reasons,
    describe,
    row_words,
)

__all__ = ["Solvability", "classify", "describe"]

_VISIBLE = 1e-7
"""Smallest sum of a column over a combination of balances, as a share of its terms, that does not count as zero."""
_DUST = 1e-12
"""Entry, relative to its row and column, below which it is taken as zero."""
_FOLLOWS = 1e-4
"""Smallest factor, between rows of length one, with which a balance takes part in repeating another."""
_TOLD = 20
"""Most repeated balances that are explained in words, each run of periods once."""


@dataclass(frozen=True)
class Solvability:
    """The classes of all variables.

    ``status`` is redundant, nonredundant, observable, unobservable, known (exactly) or shared (an error of readings);
    ``reasons`` says why, worked out when read. ``observable`` (bool, measured ones included) and ``redundant`` (bool)
    are the same as masks; ``pinned`` are the unmeasured variables that, once fixed, fix all unobservable ones;
    ``repeated`` the rows that follow from the others; ``degrees_of_freedom`` the rank of the balances free of
    unmeasured quantities, and one for every reading beyond the first of a quantity. ``notes`` says what limits this.
    """

    code: NDArray[np.int8]
    reasons: Sequence[str]
    observable: NDArray[np.bool_]
    redundant: NDArray[np.bool_]
    pinned: Integers
    repeated: Integers
    degrees_of_freedom: int
    system: Equations = field(repr=False)
    _columns: sparse.csc_matrix = field(repr=False)
    notes: tuple[str, ...] = ()

    @cached_property
    def status(self) -> tuple[str, ...]:
        """Class of every variable."""
        return tuple(np.array(STATUS, dtype=object)[self.code].tolist())

    @cached_property
    def repetitions(self) -> tuple[str, ...]:
        """Which balance follows from which, in words; each once, whatever the period."""
        rows, told = self.system.rows, dict[int, int]()
        for row in self.repeated.tolist():
            told.setdefault(int(rows.run[row]), row)
        chosen = list(told.values())[:_TOLD]
        return tuple(_repetition(self.system, row, others) for row, others in _followed(self, chosen))


def _followed(found: Solvability, chosen: list[int]) -> list[tuple[int, list[int]]]:
    """For every chosen repeated row the rows it is a combination of."""
    if not chosen:
        return []
    rows = sparse.csr_matrix(found._columns)
    length = _lengths(rows.T)
    unit = sparse.csr_matrix(sparse.diags_array(1.0 / length) @ rows)
    kept = np.setdiff1d(np.arange(rows.shape[0]), found.repeated)
    basis = unit[kept]
    factor = symmetric(sparse.csc_matrix(basis @ basis.T), 1e-13)
    result = []
    for row in chosen:
        part = factor.solve(np.asarray((basis @ unit[row].T).todense()).ravel())
        result.append((row, kept[np.abs(part) > _FOLLOWS].tolist()))
    return result


def _repetition(system: Equations, row: int, others: list[int]) -> str:
    own = system.rows[row]
    named = list(dict.fromkeys(row_words(system.rows[other]) for other in others))
    if not named:
        return f"{row_words(own)} says nothing: all it contains is known or absent"
    shown = ", ".join(named[:6]) + (f" and {len(named) - 6} more" if len(named) > 6 else "")
    return f"{row_words(own)} repeats {shown}: left out, nothing would change"


def classify(
    system: Equations, z: Floats, measured: NDArray[np.bool_], evidence: Evidence | None = None
) -> Solvability:
    """Classify every variable of the scaled equations, linearised at z.

    Parameters
    ----------
    measured : (variables,)
        Variables with a reading, shared errors included.
    evidence
        The readings themselves: several of one quantity, those below detection. Without it every measured variable
        has one reading.
    """
    free = ~system.fixed
    jacobian = sparse.csc_matrix(system.jacobian(z) @ sparse.diags_array(free.astype(np.float64)))
    jacobian = _without_dust(jacobian)
    unknown = np.flatnonzero(~measured & free)
    of_unknown = sparse.csc_matrix(jacobian[:, unknown])
    scaled = sparse.csc_matrix(of_unknown @ sparse.diags_array(1.0 / _lengths(of_unknown)))
    repeated, peeled = peel(jacobian).dependent_rows, peel(scaled)
    pinned = peeled.dependent_columns
    readings = _readings(evidence, measured)
    rows = int(measured.sum()) if evidence is None else len(evidence.target)
    degrees = (jacobian.shape[0] - len(repeated)) - (len(unknown) - len(pinned)) + rows - int((measured & free).sum())
    observable = np.ones(len(measured), dtype=bool)
    if len(pinned):
        draw = np.random.default_rng(20260301)
        observable[unknown] = ~support([peeled.null_vector(draw) for _ in range(2)])
        observable[unknown[pinned]] = False
    shared = system.of_kind("shared")
    checked = measured & free & ~shared & _checked(jacobian, peeled)
    redundant = checked | (measured & ~shared & (readings > np.where(free, 1, 0)))
    code = np.where(observable, OBSERVABLE, UNOBSERVABLE)
    code = np.where(measured, np.where(redundant, REDUNDANT, NONREDUNDANT), code)
    code = np.where(shared, SHARED, np.where(free, code, KNOWN)).astype(np.int8)
    censored = np.zeros(len(measured), dtype=bool)
    if evidence is not None:
        censored[evidence.censored_place] = True
    reasons = Reasons(Findings(system, jacobian, code, readings, checked, censored))
    return Solvability(
        code, reasons, observable, redundant, unknown[pinned], repeated, degrees, system=system, _columns=jacobian
    )


def _without_dust(matrix: sparse.csc_matrix) -> sparse.csc_matrix:
    """The matrix without entries that are nothing beside their row and their column."""
    entries = sparse.coo_matrix(matrix)
    of_row, of_column = _lengths(matrix.T)[entries.row], _lengths(matrix)[entries.col]
    keep = np.abs(entries.data) > _DUST * np.maximum(of_row, of_column)
    return sparse.csc_matrix((entries.data[keep], (entries.row[keep], entries.col[keep])), shape=matrix.shape)


def _readings(evidence: Evidence | None, measured: NDArray[np.bool_]) -> Integers:
    """Number of readings of every variable."""
    if evidence is None:
        return measured.astype(np.int64)
    read = evidence.place[evidence.reading >= 0]
    return np.bincount(read, minlength=len(measured)).astype(np.int64)


def _lengths(columns: sparse.sparray | sparse.spmatrix) -> Floats:
    """Length of every column, 1 where it is empty."""
    length = np.sqrt(np.asarray(columns.multiply(columns).sum(axis=0)).ravel())
    return np.where(length > 0.0, length, 1.0)


def _checked(jacobian: sparse.csc_matrix, of_unknown: Peeled) -> NDArray[np.bool_]:
    """Columns present in some combination of rows that is free of the unknown ones."""
    found = np.zeros(jacobian.shape[1], dtype=bool)
    draw, sizes = np.random.default_rng(20260302), abs(jacobian)
    for _ in range(2):
        combination = of_unknown.left_null_vector(draw)
        found |= np.abs(jacobian.T @ combination) > _VISIBLE * (sizes.T @ np.abs(combination))
    return found
