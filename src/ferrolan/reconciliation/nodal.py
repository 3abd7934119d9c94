"""The nodal test: does a balance close on the readings as they are, before anything is adjusted?

For example: the mill's feed, product and dust read 152.1, 147.0 and 1.9 t/h; the residual of 3.2 t/h, over 168 hours
538 t, is 4.1 of its standard deviations. Its variance comes from the readings, shared errors and correlations counted.
Where a term is not measured the balance says nothing alone; added to the balance at the other end of that stream the
term cancels, and the two nodes are tested as one. Mah, Stanley & Downing, Ind. Eng. Chem. Process Des. Dev. 15 (1976)
175-183. Errors cancel and smear in it, so it names a place and no culprit.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy import sparse, special
from scipy.sparse import csgraph, linalg

from ferrolan.base.tables import NODAL_TESTS
from ferrolan.numerics.kkt import Floats, Integers
from ferrolan.reconciliation.equations import Equations
from ferrolan.reconciliation.evidence import Evidence
from ferrolan.reconciliation.network import Network
from ferrolan.reconciliation.tests import LEVEL, Outcome, largest_of, sidak_critical

WHOLE = -1
"""Number of the "period" that stands for the whole account."""
_CANCELS = 1e-9
"""Share of its coefficients above which an unmeasured term is left over."""


@dataclass(frozen=True)
class NodalTests:
    """Balances on the readings: one entry a test, each of one node or of several merged ones.

    ``nodes`` and ``component`` name it; ``period`` (tests,) is ``WHOLE`` over the account; ``residual`` and ``sd``
    (tests,) are in t (GJ for an energy balance); ``weights`` (tests, rows) says what each equation counts in it;
    ``spread`` (tests, errors) is what one standard deviation of each independent error moves: ``spread spread'`` is the
    covariance of the residuals, which errors that last the account have in common.
    """

    nodes: tuple[tuple[str, ...], ...]
    component: tuple[str, ...]
    period: Integers
    residual: Floats
    sd: Floats
    weights: sparse.csr_matrix
    spread: sparse.csr_matrix

    @property
    def z(self) -> Floats:
        """Residuals over their standard deviations, with their sign; nan where nothing is uncertain. (tests,)"""
        return np.where(self.sd > 0.0, self.residual / np.where(self.sd > 0.0, self.sd, 1.0), np.nan)

    def outcome(self) -> Outcome:
        """The largest over the account against its critical value."""
        return largest_of("nodal", np.abs(self.z[self.period == WHOLE]))


def nodal_tests(network: Network, system: Equations, evidence: Evidence) -> NodalTests:
    """Every balance whose terms are all measured, alone or merged, over the account and per period.

    Parameters
    ----------
    system, evidence
        In plant units.

    Notes
    -----
    Two meters of one quantity count with their weighted mean. Equations that state compositions, enthalpies or
    relations are no balances and are left out; so is a balance with an unmeasured term that nothing cancels.
    """
    readings = _Readings(evidence)
    known = evidence.measured | system.fixed
    raw = np.where(system.fixed, system.lower, readings.values)
    groups = _groups(network, system, known)
    spread = readings.spread(sparse.csr_matrix(groups.weights @ system.jacobian(raw)))
    return NodalTests(
        groups.nodes,
        groups.component,
        groups.period,
        np.asarray(groups.weights @ system.residual(raw)),
        np.sqrt(_row_squares(spread)),
        groups.weights,
        spread,
    )


def nodal_frame(found: NodalTests, *, level: float = LEVEL) -> pl.DataFrame:
    """One row a test; the balances over the account are one family, those of single periods another."""
    size, whole = np.abs(found.z), found.period == WHOLE
    counts = [int(np.isfinite(size[mask]).sum()) for mask in (whole, ~whole)]
    critical = np.where(whole, sidak_critical(counts[0], level), sidak_critical(counts[1], level))
    frame = pl.DataFrame(
        {
            "nodes": [" + ".join(nodes) for nodes in found.nodes],
            "component": list(found.component),
            "period": pl.Series(found.period, dtype=pl.Int32).replace(WHOLE, None),
            "residual": found.residual,
            "sd": found.sd,
            "z": size,
            "critical": critical,
            "level": np.full(len(size), level),
            "p_value": 2.0 * special.ndtr(-size),
            "passed": size <= critical,
        },
        schema=NODAL_TESTS.schema,
    )
    return NODAL_TESTS.check(frame.filter(pl.col("z").is_finite()))


class _Readings:
    """What was read, (variables,), 0 where nothing was, and the covariance of it: no balance is used."""

    def __init__(self, evidence: Evidence) -> None:
        own = np.flatnonzero(evidence.reading >= 0)
        prior = np.flatnonzero(evidence.reading < 0)
        latent = np.zeros(evidence.count, dtype=bool)
        latent[evidence.matrix[prior].indices] = True
        whitening = evidence.whitening[own][:, own]
        self._spread = _inverse(whitening)
        design = sparse.csr_matrix(self._spread @ evidence.matrix[own])
        weights = sparse.csr_matrix(
            (1.0 / evidence.sigma[own] ** 2, (_place(design, ~latent), np.arange(len(own)))),
            shape=(evidence.count, len(own)),
        )
        total = np.asarray(weights.sum(axis=1)).ravel()
        self._mean = sparse.csr_matrix(sparse.diags_array(1.0 / np.where(total > 0.0, total, 1.0)) @ weights)
        self.values: Floats = np.asarray(self._mean @ evidence.values[own])
        columns = evidence.matrix[prior].indices
        self._shared = sparse.csr_matrix(design[:, columns] @ sparse.diags_array(evidence.sigma[prior]))

    def spread(self, gradient: sparse.csr_matrix) -> sparse.csr_matrix:
        """What each error, own ones first, then shared ones, moves functions with the given gradients."""
        of_readings = sparse.csr_matrix(gradient @ self._mean)
        return sparse.csr_matrix(sparse.hstack([of_readings @ self._spread, of_readings @ self._shared], format="csr"))


def _inverse(whitening: sparse.csr_matrix) -> sparse.csr_matrix:
    """Inverse of the whitening, which is diagonal but for small blocks."""
    if whitening.nnz == whitening.shape[0]:
        return sparse.csr_matrix(sparse.diags_array(1.0 / whitening.diagonal()))
    eye = sparse.eye_array(whitening.shape[0], format="csc")
    return sparse.csr_matrix(linalg.spsolve(sparse.csc_matrix(whitening), sparse.csc_matrix(eye)))


def _place(design: sparse.csr_matrix, wanted: NDArray[np.bool_]) -> Integers:
    """Variable that each reading reads, (readings,)."""
    entries = sparse.coo_matrix(design)
    real = wanted[entries.col] & (np.abs(entries.data) > 0.5)  # whitening and back leaves rounding beside the ones
    place = np.zeros(design.shape[0], dtype=np.int64)
    place[entries.row[real]] = entries.col[real]
    return place


def _row_squares(matrix: sparse.csr_matrix) -> Floats:
    return np.asarray(matrix.multiply(matrix).sum(axis=1), dtype=np.float64).ravel()


@dataclass(frozen=True)
class _Groups:
    nodes: tuple[tuple[str, ...], ...]
    component: tuple[str, ...]
    period: Integers
    weights: sparse.csr_matrix


def _groups(network: Network, system: Equations, known: NDArray[np.bool_]) -> _Groups:
    """What is tested together: first over the account, then by period."""
    factor = _tonnes(network, system)
    labels = _merged(system, factor, known)
    rows = np.flatnonzero(labels >= 0)
    rows = rows[np.argsort(labels[rows], kind="stable")]
    heads, group = np.unique(labels[rows], return_inverse=True)
    ends = np.concatenate([[0], np.cumsum(np.bincount(group, minlength=len(heads)))]).astype(np.int64)
    runs, periods = system.rows.run[rows], system.rows.period[rows]
    keys = [tuple(dict.fromkeys(runs[a:b].tolist())) for a, b in pairwise(ends.tolist())]
    lone = np.array([np.ptp(periods[a:b]) == 0 for a, b in pairwise(ends.tolist())], dtype=bool)
    whole = _whole(keys, lone, network.periods)
    single = np.flatnonzero(lone) if network.periods > 1 else np.empty(0, dtype=np.int64)
    chosen = [*whole, *([number] for number in single.tolist())]
    parts = _selection(chosen, len(keys))
    base = sparse.csr_matrix((factor[rows], (group, rows)), shape=(len(heads), len(system.rows)))
    named = [keys[members[0]] for members in chosen]
    labelled = system.rows.labels
    return _Groups(
        tuple(tuple(dict.fromkeys(labelled[run].node for run in key)) for key in named),
        tuple(labelled[key[0]].component for key in named),
        np.concatenate([np.full(len(whole), WHOLE), periods[ends[:-1][single]]]).astype(np.int64),
        sparse.csr_matrix(parts @ base),
    )


def _selection(chosen: list[list[int]], width: int) -> sparse.csr_matrix:
    count = [len(members) for members in chosen]
    flat = np.array([number for members in chosen for number in members], dtype=np.int64)
    return sparse.csr_matrix(
        (np.ones(len(flat)), (np.repeat(np.arange(len(chosen)), count), flat)), (len(chosen), width)
    )


def _whole(keys: list[tuple[int, ...]], lone: NDArray[np.bool_], periods: int) -> list[list[int]]:
    """Groups that add up to the whole account: the same nodes in every period, or all periods in one group."""
    alike: dict[tuple[int, ...], list[int]] = defaultdict(list)
    for number, key in enumerate(keys):
        alike[tuple(sorted(key))].append(number)
    return [m for m in alike.values() if len(m) == periods or not bool(lone[m].all())]


def _tonnes(network: Network, system: Equations) -> Floats:
    """What turns the residual of an equation into tonnes over its period; 0 for one that is no balance."""
    kinds = {node.name: node.kind for node in network.nodes}
    holds = np.array([kinds.get(row.node) == "stock" for row in system.rows.labels], dtype=bool)[system.rows.run]
    hours = np.asarray(network.hours)[np.clip(system.rows.period, 0, network.periods - 1)]
    return np.where(system.rows_of("balance"), np.where(holds, 1.0, hours), 0.0)


def _merged(system: Equations, factor: Floats, known: NDArray[np.bool_]) -> Integers:
    """Group of every row, (rows,); -1 where an unmeasured term is left over or the row is no balance."""
    row, term, coefficient = _unknown_terms(system, factor, known)
    count, width = len(system.rows), int(term.max(initial=-1)) + 1
    incidence = sparse.csr_matrix((np.ones(len(row)), (row, term)), shape=(count, width))
    _, labels = csgraph.connected_components(incidence @ incidence.T, directed=False)
    groups = int(labels.max(initial=-1)) + 1
    left = sparse.coo_matrix((coefficient, (labels[row], term)), shape=(groups, width)).tocsr()
    size = sparse.coo_matrix((np.abs(coefficient), (labels[row], term)), shape=(groups, width)).tocsr()
    over = np.asarray(abs(left).sum(axis=1)).ravel() > _CANCELS * np.asarray(size.sum(axis=1)).ravel()
    return np.where(over[labels] | (factor == 0.0), -1, labels).astype(np.int64)


def _unknown_terms(system: Equations, factor: Floats, known: NDArray[np.bool_]) -> tuple[Integers, Integers, Floats]:
    """Row, number and coefficient [t] of every term with an unknown factor; equal products have equal numbers."""
    count = len(system.keys)
    low = np.minimum(system.product_first, system.product_second)
    high = np.maximum(system.product_first, system.product_second)
    row = np.concatenate([system.linear_row, system.product_row])
    name = np.concatenate([system.linear_variable, (high + 1) * count + low])
    sure = np.concatenate([known[system.linear_variable], known[low] & known[high]])
    coefficient = np.concatenate([system.linear_factor, system.product_factor]) * factor[row]
    wanted = ~sure & (factor[row] != 0.0)
    _, number = np.unique(name[wanted], return_inverse=True)
    return row[wanted].astype(np.int64), number.astype(np.int64), coefficient[wanted]
