"""From a network to its account: the one function the rest of the house calls.

For example: ``reconcile(network).account`` holds what went through the flotation in March, week by week, with the
standard deviation of every value; ``.suspects`` names the belt scale. Solving, standard deviations and tests are three
steps that cost when they are first looked at: ``solve`` alone gives the values, ``account`` adds how sure they are,
``tests`` and ``suspects`` what contradicts.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy import sparse

from ferrolan.base.errors import NotConverged, ProblemError
from ferrolan.base.showing import Shown
from ferrolan.numerics.kkt import Floats, SymmetricPattern
from ferrolan.reconciliation.account import account_frame, closure_frame, suspects_frame, tests_frame
from ferrolan.reconciliation.classify import Solvability, classify
from ferrolan.reconciliation.equations import Equations
from ferrolan.reconciliation.evidence import Evidence
from ferrolan.reconciliation.inquiry import Inquiry, inquire
from ferrolan.reconciliation.linearised import Linearisation
from ferrolan.reconciliation.network import Network
from ferrolan.reconciliation.solution import Solution, solve
from ferrolan.reconciliation.suspects import MeterSuspects, meter_suspects
from ferrolan.reconciliation.tests import (
    Outcome,
    global_test,
    largest_of,
    measurement_statistics,
)

_FORCE = 1e-6
"""Least slope of the objective, in units of sigma, that presses a value against its bound."""
_SLAB = 64
"""Directions solved for at a time."""

__all__ = ["Reconciled", "Solution", "reconcile", "solve"]


@dataclass(frozen=True)
class Reconciled(Shown):
    """A reconciled account.

    ``objective`` is the sum of squared adjustments over sigma (and -2 log of the probability of what was read as below
    a limit), ``objective_at_stated`` the same at the sigmas stated with the readings, where error models moved them;
    ``kkt_residual`` is the largest scaled residual of balances and optimality. ``values`` (variables,) [t/h, m3/h, t,
    mass fraction, t/m3, K, GJ/t] is nan where unobservable; ``index`` gives the place of (kind, object, component,
    period). Tables and tests are worked out when they are first looked at. All standard deviations are those of the
    balances linearised at the solution, values held at a bound being fixed there.
    """

    network: Network
    solution: Solution
    _before: Reconciled | None = None

    @property
    def objective(self) -> float:
        """Sum of squared adjustments over sigma, at the sigmas of the last round."""
        return self.solution.objective

    @property
    def objective_at_stated(self) -> float:
        """The same at the sigmas stated with the readings."""
        return self.solution.objective_at_stated

    @property
    def iterations(self) -> int:
        """Steps of the search that found the values."""
        return self.solution.iterations

    @property
    def kkt_residual(self) -> float:
        """Largest scaled residual of balances and optimality."""
        return self.solution.kkt_residual

    @property
    def index(self) -> Mapping[tuple[str, str, str | None, int], int]:
        """Place of (kind, object, component, period) in ``values``."""
        return self.solution.system.index

    @cached_property
    def values(self) -> Floats:
        """Reconciled values (variables,), nan where unobservable."""
        return np.where(self.solvability.observable, self.solution.values, np.nan)

    @cached_property
    def account(self) -> pl.DataFrame:
        """One row a quantity, of schema ACCOUNT."""
        system, sds = self.solution.system, np.sqrt(self._linearisation.variances()) * self._scale
        return account_frame(
            self.network, system.index, system.keys, self.values, sds, self._z, self.solvability, self._held
        )

    @cached_property
    def _of_blocks(self) -> dict[tuple[int, ...], Floats]:
        """Covariances of whitened reconciled readings by their rows, kept as they are asked for."""
        return {}

    @cached_property
    def closure(self) -> pl.DataFrame:
        """One row a balance over all periods, of schema CLOSURE."""
        return closure_frame(self.network, self.index, self.solution.values)

    @cached_property
    def tests(self) -> pl.DataFrame:
        """Global, measurement and bias test, of schema BALANCE_TESTS."""
        return tests_frame(self._outcomes)

    @cached_property
    def suspects(self) -> pl.DataFrame:
        """Tags that may carry a bias, of schema SUSPECTS."""
        return suspects_frame(self.network, self._meters.tags, self._meters.found)

    @cached_property
    def inquiry(self) -> Inquiry:
        """Everything about gross errors: biases, outliers and leaks in one list, families, nodal tests, robust check.

        What it names is confirmed by solving again, from here, with the error left free.
        """
        found = self.solution
        return inquire(
            self.network, found.system, found.evidence, found.values, found.scale, found.row_scale,
            self._conditional, self._given, held=self._held,
            objective=self._of_rows, degrees_of_freedom=self.degrees_of_freedom, solve=self._with_free_errors,
        )  # fmt: skip

    def _with_free_errors(self, network: Network) -> float | None:
        """Objective of this network with some errors left free; None where the search does not converge."""
        try:
            found = solve(network, start=self.solution)
        except NotConverged:
            return None
        rows = found.evidence.residual(found.values)
        return float(rows @ rows)

    @cached_property
    def degrees_of_freedom(self) -> int:
        """Rank of the balances free of unmeasured quantities, and repeated readings; held values are known."""
        return self._given.degrees_of_freedom

    @cached_property
    def solvability(self) -> Solvability:
        """What the balances can say about every quantity."""
        system, evidence, z = self._scaled
        return classify(system, z, evidence.measured, evidence)

    @cached_property
    def adjustment(self) -> Floats:
        """Whitened rows of the evidence at the solution, (rows,): reading less value over sigma."""
        return self.solution.evidence.residual(self.solution.values)

    @cached_property
    def reading_z(self) -> Floats:
        """Maximum-power statistic of every row of the evidence, (rows,); nan where nothing checks the reading."""
        evidence = self.solution.evidence
        checked = (self._given.redundant & ~self._held)[evidence.place] & (evidence.reading >= 0)
        z = measurement_statistics(self.adjustment, self._conditional.reading_variances(), checked)
        coupled = np.flatnonzero(np.bincount(evidence.whitening.indices, minlength=len(z)) > 1)
        for begin in range(0, len(coupled), _SLAB):
            rows = coupled[begin : begin + _SLAB]
            score, size = self._tested(evidence.whitening[:, rows])
            plain = np.asarray(evidence.whitening[:, rows].power(2).sum(axis=0)).ravel()
            usable = checked[rows] & (size > 1e-6 * plain)
            z[rows] = np.where(usable, np.abs(score) / np.sqrt(np.where(usable, size, 1.0)), np.nan)
        return z

    def _tested(self, directions: sparse.csc_matrix) -> tuple[Floats, Floats]:
        """Products d' r and d' R d of errors d of the readings, R = I - M C M' the covariance of the adjustments r."""
        matrix = self._scaled[1].matrix
        pulled = sparse.csc_matrix(matrix.T @ directions)
        size = np.asarray(directions.power(2).sum(axis=0)).ravel()
        size = size - np.asarray(pulled.multiply(self._conditional.times(pulled)).sum(axis=0)).ravel()
        return directions.T @ self.adjustment, size

    @cached_property
    def _z(self) -> Floats:
        """Largest statistic of the readings of every quantity, (variables,); nan where none is checked."""
        rows = np.flatnonzero(np.isfinite(self.reading_z))
        z = np.full(len(self.solution.values), -np.inf)
        np.maximum.at(z, self.solution.evidence.place[rows], self.reading_z[rows])
        return np.where(np.isfinite(z), z, np.nan)

    @cached_property
    def _outcomes(self) -> tuple[Outcome, ...]:
        bias = np.sqrt(np.maximum(self._meters.statistics, 0.0))
        return (
            global_test(self._of_rows, self.degrees_of_freedom),
            largest_of("measurement", self.reading_z),
            largest_of("bias", bias),
        )

    @property
    def _of_rows(self) -> float:
        """Part of the objective that follows chi-square: without censored values."""
        return float(self.adjustment @ self.adjustment)

    @cached_property
    def _meters(self) -> MeterSuspects:
        """A relative bias of every tag, constant over its readings, and those that show."""
        vicinity, evidence = self.inquiry.vicinity, self.solution.evidence
        return meter_suspects(self.network, evidence, vicinity, self._of_rows, self.degrees_of_freedom)

    @cached_property
    def _scaled(self) -> tuple[Equations, Evidence, Floats]:
        """Equations, evidence and values in variables of the size of their sigma, rows of length one."""
        found, scale = self.solution, self.solution.scale
        return found.system.scaled(scale, found.row_scale), found.evidence.scaled(scale), found.values / scale

    @property
    def _scale(self) -> Floats:
        return self.solution.scale

    @cached_property
    def _held(self) -> NDArray[np.bool_]:
        """Values that the balances press against a bound, (variables,); one that merely lies there is free."""
        found = self.solution
        slope = found.evidence.gradient(found.values) + found.system.jacobian(found.values).T @ found.multipliers
        held: NDArray[np.bool_] = (found.held != 0) & (np.abs(slope * found.scale) > _FORCE)
        return held

    @cached_property
    def _given(self) -> Solvability:
        """The same classes with the values at a bound as exact ones: these may determine, or contradict, others."""
        if not self._held.any():
            return self.solvability
        system, evidence, z = self._scaled
        fixed = replace(
            system, lower=np.where(self._held, z, system.lower), upper=np.where(self._held, z, system.upper)
        )
        return classify(fixed, z, evidence.measured, evidence)

    @cached_property
    def _linearisation(self) -> Linearisation:
        """How values vary; that some lie at a bound is not counted as knowledge."""
        system, evidence, z = self._scaled
        return Linearisation(system, evidence, z, self.solvability, None, self._pattern)

    @cached_property
    def _conditional(self) -> Linearisation:
        """The same with the values at a bound fixed there: what the tests are about."""
        if not self._held.any():
            return self._linearisation
        system, evidence, z = self._scaled
        return Linearisation(system, evidence, z, self._given, self._held, self._linearisation.pattern)

    @property
    def _pattern(self) -> SymmetricPattern | None:
        """The symbolic analysis of the account before, where its linearisation has been looked at."""
        done = None if self._before is None else self._before.__dict__.get("_linearisation")
        return done.pattern if isinstance(done, Linearisation) else None

    def covariance_of(self, gradient: sparse.sparray | sparse.spmatrix | Floats) -> Floats:
        """Covariance J C J' of functions of the reconciled values.

        Parameters
        ----------
        gradient : (functions, variables)
            Derivatives J of the functions to ``values``, sparse or dense.

        Returns
        -------
        (functions, functions)
            nan in the rows and columns of functions that use an unobservable value.

        Notes
        -----
        C is that of the linearised balances; that values lie at a bound is not counted as knowledge.
        """
        rows = sparse.csr_matrix(gradient)
        if rows.shape[1] != len(self.values):
            raise ProblemError(f"the gradient has {rows.shape[1]} columns, the account {len(self.values)} values")
        unknown = (np.abs(rows) @ np.isnan(self.values).astype(np.float64)) > 0.0
        scaled = sparse.csr_matrix(rows @ sparse.diags_array(self._scale))
        covariance: Floats = np.asarray(scaled @ self._linearisation.times(scaled.T))
        covariance = 0.5 * (covariance + covariance.T)
        covariance[unknown] = covariance[:, unknown] = np.nan
        return covariance


def reconcile(network: Network, *, start: Reconciled | Solution | None = None, max_iterations: int = 50) -> Reconciled:
    """Reconcile all periods of a network at once.

    Parameters
    ----------
    start
        Account of a like network, such as the day before: where the search begins. What the two have in common is
        reused: values, multipliers, bounds that hold, and the symbolic factorisation where only readings differ.
    max_iterations
        Most steps of one search. Another start, from the raw readings, is tried where the first fails.

    Raises
    ------
    ProblemError
        Where exact values contradict each other; each contradiction is named.
    NotConverged
        With the last iterate, a mapping from address to value, and its residual.

    Notes
    -----
    Flows and stocks stay at or above 0, assays between 0 and 1. Statistics are those of the balances linearised at the
    solution; where a value is held at a bound they are conditional on that. With much unmeasured there may be other
    local optima; the answer is the one next to the start.

    Examples
    --------
    >>> from ferrolan.reconciliation import MASS, Network, Node, Reading, Stream
    >>> streams = (Stream("feed", None, "mill"), Stream("ground", "mill", None))
    >>> readings = tuple(Reading("flow", s.name, None, 0, v, 1.0, s.name) for s, v in zip(streams, (10.0, 12.0)))
    >>> account = reconcile(Network(streams, (Node("mill", (MASS,)),), (), (1.0,), readings)).account
    >>> account["value"].round(6).to_list(), account["sd"].round(4).to_list()
    ([11.0, 11.0], [0.7071, 0.7071])
    """
    before = start if isinstance(start, Reconciled) else None
    found = solve(
        network, start=start.solution if isinstance(start, Reconciled) else start, max_iterations=max_iterations
    )
    return Reconciled(network, found, before)
