"""From a network to its account: the one function the rest of the house calls.

For example: ``reconcile(network).account`` holds what went through the flotation in March, week by week, with the
standard deviation of every value; ``.suspects`` names the belt scale. Weighted least squares (Kuehn & Davidson 1961)
over all periods at once; balances of components are products of flow and assay, so the answer is a local optimum near
the linear start.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy import sparse

from ferrolan.base.errors import NotConverged, ProblemError
from ferrolan.base.showing import Shown
from ferrolan.numerics.kkt import Floats
from ferrolan.reconciliation.account import account_frame, closure_frame, suspects_frame, tests_frame
from ferrolan.reconciliation.classify import classify
from ferrolan.reconciliation.equations import Equations, equations
from ferrolan.reconciliation.linearised import Linearisation
from ferrolan.reconciliation.network import Network
from ferrolan.reconciliation.optimum import TOLERANCE, Optimum, minimise
from ferrolan.reconciliation.start import hierarchical_start, raw_start, typical_values
from ferrolan.reconciliation.suspects import WIDEST, Hypotheses, hypotheses, suspects
from ferrolan.reconciliation.tests import global_test, largest_of, measurement_statistics

_LEAST_SCALE = 0.01
"""Smallest size an unmeasured variable is scaled by, relative to the typical one of its kind."""

_ROUNDS = 6
"""Most searches in which further contents are capped."""
_CAP_SLACK = 1e-9
"""By how much a content may exceed its flow or stock, in its scale, before it is capped."""
_FAR = 6.0
"""Standard deviations of chi-square beyond which another start is tried."""


@dataclass(frozen=True)
class Reconciled(Shown):
    """A reconciled account.

    ``account``, ``closure``, ``tests`` and ``suspects`` are frames of the declared schemas ACCOUNT, CLOSURE,
    BALANCE_TESTS and SUSPECTS. ``objective`` is the sum of squared adjustments over sigma, ``degrees_of_freedom`` the
    rank of the balances free of unmeasured quantities (counting values held at a bound as known). ``kkt_residual`` is
    the largest scaled residual of balances and optimality. ``values`` (variables,) [t/h, m3/h, t, mass fraction, t/m3]
    is nan where unobservable; ``index`` gives the place of (kind, object, component, period).
    """

    network: Network
    account: pl.DataFrame
    closure: pl.DataFrame
    tests: pl.DataFrame
    suspects: pl.DataFrame
    objective: float
    degrees_of_freedom: int
    iterations: int
    kkt_residual: float
    values: Floats
    index: Mapping[tuple[str, str, str | None, int], int]
    _linearisation: Linearisation
    _scale: Floats

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
        C is that of the linearised balances, bounds not counted.
        """
        rows = sparse.csr_matrix(gradient)
        if rows.shape[1] != len(self.values):
            raise ProblemError(f"the gradient has {rows.shape[1]} columns, the account {len(self.values)} values")
        unknown = (np.abs(rows) @ np.isnan(self.values).astype(np.float64)) > 0.0
        scaled = sparse.csr_matrix(rows @ sparse.diags_array(self._scale))
        covariance: Floats = np.asarray(scaled @ self._linearisation.times(scaled.T.toarray()))
        covariance = 0.5 * (covariance + covariance.T)
        covariance[unknown] = covariance[:, unknown] = np.nan
        return covariance


def reconcile(network: Network, *, max_iterations: int = 50) -> Reconciled:
    """Reconcile all periods of a network at once.

    Parameters
    ----------
    max_iterations
        Most steps from one start. A second start, from the raw readings, is tried where the first fails.

    Raises
    ------
    NotConverged
        With the last iterate (values in the order of the account) and its residual.

    Notes
    -----
    Flows and stocks stay at or above 0, assays between 0 and 1. Statistics are those of the balances linearised at the
    solution; where a value is held at a bound they are conditional on that. With much unmeasured there may be other
    local optima; the answer is the one next to the linear start.

    Examples
    --------
    >>> from ferrolan.reconciliation import MASS, Network, Node, Reading, Stream
    >>> streams = (Stream("feed", None, "mill"), Stream("ground", "mill", None))
    >>> readings = tuple(Reading("flow", s.name, None, 0, v, 1.0, s.name) for s, v in zip(streams, (10.0, 12.0)))
    >>> account = reconcile(Network(streams, (Node("mill", (MASS,)),), (), (1.0,), readings)).account
    >>> account["value"].round(6).to_list(), account["sd"].round(4).to_list()
    ([11.0, 11.0], [0.7071, 0.7071])
    """
    problem = _problem(network)
    answer = _answer(problem, max_iterations)
    return _evaluate(problem, answer)


@dataclass(frozen=True)
class _Problem:
    """A network as equations; ``target`` and ``sigma`` are nan where nothing is measured."""

    network: Network
    system: Equations
    measured: NDArray[np.bool_]
    target: Floats
    sigma: Floats
    typical: Floats
    relative: float

    def scale(self, z: Floats) -> Floats:
        """Sigma of what is measured; of the rest a like share of its size at z, or of a typical size where that is
        small.
        """
        size = np.maximum(np.abs(z), _LEAST_SCALE * self.typical)
        return np.where(self.measured, self.sigma, self.relative * size)

    def linear_start(self) -> Floats:
        """Start from linear problems."""
        return hierarchical_start(self.system, self.target, self.sigma, self.typical)


@dataclass(frozen=True)
class _Answer:
    """Reconciled values z; ``held`` is not 0 at a bound."""

    z: Floats
    held: NDArray[np.int8]
    iterations: int
    residual: float

    @property
    def converged(self) -> bool:
        return self.residual <= TOLERANCE


def _problem(network: Network) -> _Problem:
    system = equations(network)
    target, sigma = np.full(len(system.keys), np.nan), np.full(len(system.keys), np.nan)
    for reading in network.readings:
        place = system.index[(reading.kind, reading.object, reading.component, reading.period)]
        target[place], sigma[place] = reading.value, reading.sigma
    measured = np.isfinite(target)
    typical = typical_values(system, target, np.asarray(network.hours))
    informative = measured & (target != 0.0)
    ratios = sigma[informative] / np.abs(target[informative])
    relative = float(np.median(ratios)) if len(ratios) else 1.0
    return _Problem(network, system, measured, target, sigma, typical, relative)


def _answer(problem: _Problem, max_iterations: int) -> _Answer:
    """Search from the linear start; from the raw readings too where that fails or ends suspiciously high."""
    first = _search(problem, problem.linear_start(), max_iterations)
    if first.converged and not (_suspicious(problem, first) and not problem.measured.all()):
        return first
    second = _search(problem, raw_start(problem.system, problem.target, problem.typical), max_iterations)
    converged = [answer for answer in (first, second) if answer.converged]
    if converged:
        return min(converged, key=lambda answer: _objective(problem, answer.z))
    best = min(first, second, key=lambda answer: answer.residual)
    system = problem.system
    share = np.abs(system.residual(best.z)) / np.maximum(system.magnitude(best.z), np.finfo(np.float64).tiny)
    where = system.rows[int(np.argmax(share))]
    raise NotConverged(
        f"reconciliation stopped after {best.iterations} steps, from the linear start and the readings, at a "
        f"scaled residual of {best.residual:.2g}; most open is the {where.component} balance of `{where.node}` "
        f"in period {where.period}",
        last_iterate=best.z,
        residual=best.residual,
    )


def _suspicious(problem: _Problem, answer: _Answer) -> bool:
    """Whether the objective is far above what even one degree of freedom a reading would explain."""
    count = int(problem.measured.sum())
    return bool(_objective(problem, answer.z) > count + _FAR * np.sqrt(2.0 * count))


def _objective(problem: _Problem, z: Floats) -> float:
    adjustment = (problem.target - z)[problem.measured] / problem.sigma[problem.measured]
    return float(adjustment @ adjustment)


def _search(problem: _Problem, start: Floats, max_iterations: int) -> _Answer:
    """Search with contents F X in place of unmeasured assays, which makes their balances linear.

    A content that comes out above its flow or stock is capped by it, and the search goes on.
    """
    contents = _only_in_products(problem)
    capped = np.zeros_like(contents)
    z, iterations = start, 0
    for _ in range(_ROUNDS):
        optimum, z, above = _search_once(problem, z, contents, capped, max_iterations)
        iterations += optimum.iterations
        if not (optimum.converged and above.any()):
            break
        capped |= above
    residual = max(optimum.residual, 1.0) if optimum.converged and above.any() else optimum.residual
    return _Answer(z, optimum.held[: len(z)], iterations, residual)


def _search_once(
    problem: _Problem, z: Floats, contents: NDArray[np.bool_], capped: NDArray[np.bool_], max_iterations: int
) -> tuple[Optimum, Floats, NDArray[np.bool_]]:
    """The optimum in contents, as values z, and which contents lie above their flow or stock."""
    system = problem.system.with_contents(contents, capped)
    amounts, count = problem.system.amounts, len(z)
    amount = np.where(contents, z[amounts], 1.0)
    own = problem.scale(z)
    least = _LEAST_SCALE * problem.typical[amounts]
    scale = own * np.where(contents, np.maximum(amount, least), 1.0)
    start = np.concatenate([z * amount, np.maximum(z[amounts] - z * amount, 0.0)[capped]])
    scale = np.concatenate([scale, own[amounts][capped]])
    extra = len(start) - count
    goal = np.concatenate([np.where(problem.measured, np.nan_to_num(problem.target), 0.0), np.zeros(extra)]) / scale
    weight = np.concatenate([problem.measured.astype(np.float64), np.zeros(extra)])
    rows = _row_lengths(system, start, scale)
    optimum = minimise(system.scaled(scale, rows), weight, goal, start / scale, max_iterations)
    inner = optimum.z[:count] * scale[:count]
    below = np.where(contents, inner[amounts], 1.0)
    empty = contents & (below <= 0.0)
    slack = _CAP_SLACK * scale[:count]
    above = contents & ~capped & (inner > np.where(contents, below, np.inf) + slack)
    assays = np.where(empty, problem.typical, inner / np.where(below > 0.0, below, 1.0))
    return optimum, np.clip(assays, problem.system.lower, problem.system.upper), above


def _scaled(problem: _Problem, z: Floats) -> tuple[Equations, Floats]:
    """The equations in variables of the size of their sigma, rows of length one at z; and that scale."""
    scale = problem.scale(z)
    return problem.system.scaled(scale, _row_lengths(problem.system, z, scale)), scale


def _only_in_products(problem: _Problem) -> NDArray[np.bool_]:
    """Unmeasured assays that no splitter equates to others."""
    assay = np.array([key.component is not None for key in problem.system.keys])
    equated = np.zeros(len(assay), dtype=bool)
    equated[problem.system.linear_variable] = True
    return assay & ~problem.measured & ~equated


def _row_lengths(system: Equations, z: Floats, scale: Floats) -> Floats:
    """Length of every row of the Jacobian in scaled variables; 1 where it is empty."""
    jacobian = system.jacobian(z) @ sparse.diags_array(scale)
    length = np.sqrt(np.asarray(jacobian.multiply(jacobian).sum(axis=1)).ravel())
    return np.where(length > 0.0, length, 1.0)


def _evaluate(problem: _Problem, answer: _Answer) -> Reconciled:
    measured, network = problem.measured, problem.network
    system, scale = _scaled(problem, answer.z)
    z_scaled, held = answer.z / scale, answer.held != 0
    solvability = classify(system, z_scaled, measured)
    free = Linearisation(system, z_scaled, measured, solvability)
    conditional = Linearisation(system, z_scaled, measured, solvability, held) if held.any() else free
    variance = free.variances()
    given = conditional.variances() if held.any() else variance
    adjustment = np.where(measured, (problem.target - answer.z) / scale, 0.0)
    objective = float(adjustment @ adjustment)
    degrees = solvability.degrees_of_freedom
    if held.any():
        degrees = round(float(np.sum(1.0 - given[measured])))
    z = measurement_statistics(adjustment, given, solvability.redundant & ~held)
    bias = _bias_hypotheses(problem, scale, adjustment, conditional)
    outcomes = (
        global_test(objective, degrees),
        largest_of("measurement", z),
        largest_of("bias", np.sqrt(np.maximum(bias.statistics, 0.0))),
    )
    values = np.where(solvability.observable, answer.z, np.nan)
    sds = np.sqrt(variance) * scale
    return Reconciled(
        network=network,
        account=account_frame(network, system.index, system.keys, values, sds, z, solvability, held),
        closure=closure_frame(network, system.index, answer.z),
        tests=tests_frame(outcomes),
        suspects=suspects_frame(network, bias.tags, suspects(bias, objective, degrees)),
        objective=objective,
        degrees_of_freedom=degrees,
        iterations=answer.iterations,
        kkt_residual=answer.residual,
        values=values,
        index=system.index,
        _linearisation=free,
        _scale=scale,
    )


def _bias_hypotheses(problem: _Problem, scale: Floats, adjustment: Floats, linearisation: Linearisation) -> Hypotheses:
    """A relative bias of every tag, constant over its readings."""
    tags = tuple(dict.fromkeys(reading.tag for reading in problem.network.readings))
    number = {tag: column for column, tag in enumerate(tags)}
    directions = np.zeros((len(problem.target), len(tags)))
    for reading in problem.network.readings:
        place = problem.system.index[(reading.kind, reading.object, reading.component, reading.period)]
        directions[place, number[reading.tag]] = reading.value / scale[place]
    widest = WIDEST if problem.network.components else float("inf")
    return hypotheses(tags, directions, adjustment, linearisation.times(directions), widest=widest)
