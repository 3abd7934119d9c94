"""From a network to the values that fit its readings best and close its balances: the search, without statistics.

For example: ``solve(network).values`` holds every flow and assay of March, week by week; ``solve(april, start=march)``
begins where March ended and is done in a step or two. Weighted least squares (Kuehn & Davidson 1961) over all periods
at once. Balances of components are products of flow and assay, so the answer is a local optimum near the linear start.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from ferrolan.base.errors import NotConverged
from ferrolan.numerics.kkt import Floats, SymmetricPattern
from ferrolan.reconciliation.equations import Equations, Row, equations
from ferrolan.reconciliation.evidence import Evidence, evidence
from ferrolan.reconciliation.network import Network
from ferrolan.reconciliation.optimum import ACCEPTABLE, DAMPING, TOLERANCE, Guess, Held, minimise
from ferrolan.reconciliation.solvability import check_exact
from ferrolan.reconciliation.start import Prior, hierarchical_start, prior, raw_start

Mask = NDArray[np.bool_]

REEVALUATIONS = 2
"""How often sigma is evaluated again at the reconciled values where a reading has an error model."""
WARM_DAMPING = 1e-6
"""First proximal weight where the search begins at the answer of a like problem."""
SHORT = 1.0
"""First proximal weight of a search in short steps, which stays near its start."""
ROUGH = 1e-3
"""Residual down to which contents are searched before the first are capped."""

_LEAST_SCALE = 0.01
"""Smallest size an unmeasured variable is scaled by, relative to the typical one of its kind."""
_ROUNDS = 8
"""Most searches in which further contents are capped."""
_CAP_SLACK = 1e-9
"""By how much a content may exceed its flow or stock, in its scale, before it is capped."""
_FAR = 6.0
"""Standard deviations of chi-square beyond which another start is tried."""


@dataclass(frozen=True)
class Solution:
    """Values that close all balances, and what the search knew when it found them.

    ``values`` (variables,) in plant units holds a number for every quantity, determined or not; ``multipliers`` (rows,)
    belong to the balances in plant units and half the sum of squares; ``held`` (variables,) is not 0 at a bound.
    ``stated`` is the evidence with the sigmas of the readings, ``evidence`` that of the last round; they differ where
    readings have error models. ``kkt_residual`` is the largest scaled residual of balances and optimality.
    """

    network: Network
    system: Equations
    stated: Evidence
    evidence: Evidence
    values: Floats
    values_at_stated: Floats
    multipliers: Floats
    held: Held
    iterations: int
    kkt_residual: float
    form: Form

    @property
    def status(self) -> str:
        """``optimal``; or ``acceptable``: all balances closed, the slope along hardly determined directions not."""
        return "optimal" if self.kkt_residual <= TOLERANCE else "acceptable"

    @cached_property
    def objective(self) -> float:
        """Sum of squared whitened readings and -2 log of the probability of every censored one, at the last sigmas."""
        return 2.0 * self.evidence.value(self.values)

    @cached_property
    def objective_at_stated(self) -> float:
        """The same where sigma is what was stated at the readings, of the values found with it."""
        return 2.0 * self.stated.value(self.values_at_stated)

    @cached_property
    def scale(self) -> Floats:
        """A size for every variable, (variables,): sigma of what is read, a like share of its value of the rest."""
        return _Problem(self.network, self.system, self.evidence).scale(self.values)

    @cached_property
    def row_scale(self) -> Floats:
        """Length of every row of the Jacobian in scaled variables, (rows,)."""
        return row_lengths(self.system, self.values, self.scale)


@dataclass(frozen=True)
class Form:
    """How the search wrote the problem: which assays as contents, which of these capped, and the pattern kept.

    ``held`` counts what is left below the caps too.
    """

    contents: Mask
    capped: Mask
    pattern: SymmetricPattern | None = None
    held: Held | None = None


def solve(network: Network, *, start: Solution | None = None, max_iterations: int = 50) -> Solution:
    """Find the values.

    Parameters
    ----------
    start
        Answer of a like network, such as the day before: its values, multipliers, bounds and symbolic factorisation are
        reused as far as they fit.
    max_iterations
        Most steps of one search. Another start, and another form of the equations, are tried where the first fails.

    Raises
    ------
    ProblemError
        Where exact values contradict each other.
    NotConverged
        With the last iterate, a mapping from address to value, and its residual.
    """
    same = start is not None and _same_structure(network, start.network)
    system = start.system if start is not None and same else equations(network)
    check_exact(system)
    problem = _Problem(network, system, evidence(network, system))
    answer = _warm(problem, start, same, max_iterations) if start is not None else None
    stated = _cold(problem, max_iterations) if answer is None else answer
    last, at_last, iterations = problem, stated, stated.iterations
    for _ in range(REEVALUATIONS if any(r.model is not None for r in network.readings) else 0):
        last = _Problem(network, system, evidence(network, system, at_last.z))
        again = _search(last, at_last, max_iterations)
        if not again.converged:
            raise _failure(last, again)
        at_last, iterations = again, iterations + again.iterations
    return Solution(
        network=network,
        system=system,
        stated=problem.evidence,
        evidence=last.evidence,
        values=at_last.z,
        values_at_stated=stated.z,
        multipliers=at_last.multipliers[: len(system.rows)],  # those of caps come after
        held=_bounds(at_last),
        iterations=iterations,
        kkt_residual=at_last.residual,
        form=replace(at_last.form, held=at_last.held),
    )


def _bounds(answer: _Answer) -> Held:
    """Which values lie at a bound, (variables,); a content that fills its flow is an assay held at one."""
    count = len(answer.z)
    held, capped = answer.held[:count].copy(), np.flatnonzero(answer.form.capped)
    slack = answer.held[count:]
    held[capped[: len(slack)][slack[: len(capped)] != 0]] = 1
    return held


def _same_structure(one: Network, other: Network) -> bool:
    """Whether the equations are the same: everything but the values of readings."""
    fields = ("hours", "components", "streams", "nodes", "absent", "shared", "known", "quantities", "relations")
    equal = all(getattr(one, name) == getattr(other, name) for name in fields)
    return equal and not any(r.shares for r in one.readings if r.period == one.periods) and one.named() == other.named()


@dataclass(frozen=True)
class _Problem:
    """A network as equations and evidence, in plant units."""

    network: Network
    system: Equations
    evidence: Evidence

    @cached_property
    def known(self) -> Prior:
        return prior(self.system, self.evidence, np.asarray(self.network.hours))

    @cached_property
    def relative(self) -> float:
        """Median of sigma over reading."""
        read = self.evidence.reading >= 0
        size, sigma = np.abs(self.evidence.values[read]), self.evidence.sigma[read]
        ratios = sigma[size > 0.0] / size[size > 0.0]
        return float(np.median(ratios)) if len(ratios) else 1.0

    @cached_property
    def _own(self) -> Floats:
        """Standard deviation that the readings alone leave of every variable, nan without one."""
        rows, columns, weights = self.evidence.weight_entries()
        diagonal = rows == columns
        total = np.bincount(rows[diagonal], weights=weights[diagonal], minlength=self.evidence.count)
        return np.where(total > 0.0, 1.0 / np.sqrt(np.where(total > 0.0, total, 1.0)), np.nan)

    def scale(self, z: Floats) -> Floats:
        """Sigma of what is measured; of the rest a like share of its size at z, or of a typical size where that is
        small.
        """
        size = np.maximum(np.abs(z), _LEAST_SCALE * self.known.typical)
        return np.where(np.isfinite(self._own), self._own, self.relative * size)

    def contents(self) -> Mask:
        """Unmeasured assays that stand in balances alone, each with its own flow or stock."""
        system = self.system
        own = np.zeros(len(system.keys), dtype=bool)
        own[system.product_second] = True
        own &= system.amounts != np.arange(len(own))
        strange = system.product_first != system.amounts[system.product_second]
        for taken in (
            system.linear_variable,
            system.product_first,
            system.product_second[strange],
            self.evidence.censored_place,
        ):
            own[taken] = False
        return own & ~self.evidence.measured & ~system.fixed & ~system.fixed[system.amounts]


@dataclass(frozen=True)
class _Answer:
    """Values z and multipliers in plant units; ``held`` is not 0 at a bound."""

    z: Floats
    multipliers: Floats
    held: Held
    iterations: int
    residual: float
    form: Form
    damping: float = DAMPING

    @property
    def converged(self) -> bool:
        return self.residual <= ACCEPTABLE


def _warm(problem: _Problem, start: Solution, same: bool, max_iterations: int) -> _Answer | None:
    """Search from the answer of another network; None where that fails."""
    if same:
        held = start.held if start.form.held is None else start.form.held
        begin = _Answer(start.values, start.multipliers, held, 0, np.inf, start.form, WARM_DAMPING)
        answer = _search(problem, begin, max_iterations)
    else:
        answer = _search(problem, _begin(problem, _translated(problem, start)), max_iterations)
    return answer if answer.converged else None


def _translated(problem: _Problem, start: Solution) -> Floats:
    """Values of the other network where it has the quantity, else those of the linear start."""
    z = hierarchical_start(problem.system, problem.known)
    values = start.values
    for place, key in enumerate(problem.system.keys):
        if key in start.system.index:
            z[place] = values[start.system.index[key]]
    return problem.system.completed(np.clip(z, problem.system.lower, problem.system.upper))


def _cold(problem: _Problem, max_iterations: int) -> _Answer:
    """Search from the linear start. Where that fails or ends suspiciously high, from the raw readings too, from these
    in short steps, and with assays in place of contents; the best answer counts.
    """
    linear = hierarchical_start(problem.system, problem.known)
    tried = [_search(problem, _begin(problem, linear), max_iterations)]
    if not _settled(problem, tried) and not problem.evidence.measured.all():
        raw = raw_start(problem.system, problem.known)
        further = (_begin(problem, raw), _begin(problem, raw, damping=SHORT), _begin(problem, linear, plain=True))
        for begin in further:
            tried.append(_search(problem, begin, max_iterations))
            if _settled(problem, tried):
                break
    converged = [answer for answer in tried if answer.converged]
    if converged:
        return min(converged, key=lambda answer: problem.evidence.value(answer.z))
    raise _failure(problem, min(tried, key=lambda answer: answer.residual))


def _settled(problem: _Problem, tried: list[_Answer]) -> bool:
    """Whether an answer is there that no other start is likely to beat."""
    return any(answer.converged and not _suspicious(problem, answer) for answer in tried)


def _begin(problem: _Problem, z: Floats, *, plain: bool = False, damping: float = DAMPING) -> _Answer:
    none = np.zeros(len(z), dtype=bool)
    form = Form(none if plain else problem.contents(), none)
    return _Answer(z, np.empty(0), np.zeros(len(z), dtype=np.int8), 0, np.inf, form, damping)


def _suspicious(problem: _Problem, answer: _Answer) -> bool:
    """Whether the objective is far above what even one degree of freedom a reading would explain."""
    count = len(problem.evidence.target)
    rest = problem.evidence.residual(answer.z)
    return bool(rest @ rest > count + _FAR * np.sqrt(2.0 * count))


def _failure(problem: _Problem, best: _Answer) -> NotConverged:
    system = problem.system
    share = np.abs(system.residual(best.z)) / np.maximum(system.magnitude(best.z), np.finfo(np.float64).tiny)
    where = system.rows[int(np.argmax(share))]
    return NotConverged(
        f"reconciliation stopped after {best.iterations} steps, from the linear start and the readings, at a "
        f"scaled residual of {best.residual:.2g}; most open is {_row_name(where)}, by {np.max(share):.2g} of its size",
        last_iterate=named(system, best.z),
        residual=best.residual,
    )


def _row_name(row: Row) -> str:
    what = {
        "balance": f"the {row.component} balance of `{row.node}`",
        "composition": f"the {row.component} of `{row.outlet}` against the inlet of `{row.node}`",
        "enthalpy": f"the enthalpy of `{row.node}`",
        "relation": f"the relation `{row.node}`",
    }.get(row.kind, f"the product `{row.node}`")
    return f"{what} in period {row.period}"


def _search(problem: _Problem, begin: _Answer, max_iterations: int) -> _Answer:
    """Search with contents F X in place of unmeasured assays, which makes their balances linear.

    A content that comes out above its flow or stock is capped by it, and the search goes on.
    """
    answer, iterations = begin, 0
    rough = bool(begin.form.contents.any())
    for _ in range(_ROUNDS):
        answer, above = _search_once(problem, answer, ROUGH if rough else TOLERANCE, max_iterations)
        iterations += answer.iterations
        form = replace(answer.form, capped=answer.form.capped | above)
        answer = replace(answer, iterations=iterations, form=form)
        if not above.any() and (not rough or answer.residual <= TOLERANCE):
            return answer
        if answer.residual > (ROUGH if rough else ACCEPTABLE):
            break
        rough = rough and bool(above.any())
    return replace(answer, residual=max(answer.residual, 1.0) if above.any() else answer.residual)


def _search_once(problem: _Problem, begin: _Answer, tolerance: float, max_iterations: int) -> tuple[_Answer, Mask]:
    """The optimum in contents, as values z, and which contents lie above their flow or stock."""
    form, z, count = begin.form, begin.z, len(begin.z)
    contents, capped = form.contents, form.capped
    system = problem.system.with_contents(contents, capped) if contents.any() else problem.system
    amounts = problem.system.amounts
    amount = np.where(contents, z[amounts], 1.0)
    own = problem.scale(z)
    least = _LEAST_SCALE * problem.known.typical[amounts]
    scale = own * np.where(contents, np.maximum(amount, least), 1.0)
    start = np.concatenate([z * amount, np.maximum(z[amounts] - z * amount, 0.0)[capped]])
    scale = np.concatenate([scale, own[amounts][capped]])
    rows = row_lengths(system, start, scale)
    guess = _guess(begin, rows, start / scale)
    read = problem.evidence if len(scale) == count else problem.evidence.widened(len(scale))
    optimum = minimise(system.scaled(scale, rows), read.scaled(scale), guess, max_iterations, tolerance)
    inner = optimum.z[:count] * scale[:count]
    below = np.where(contents, inner[amounts], 1.0)
    empty = contents & (below <= 0.0)
    above = contents & ~capped & (inner > np.where(contents, below, np.inf) + _CAP_SLACK * scale[:count])
    assays = np.where(empty, problem.known.typical, inner / np.where(below > 0.0, below, 1.0))
    answer = _Answer(
        np.clip(assays, problem.system.lower, problem.system.upper),
        optimum.multipliers / rows,
        optimum.held,
        optimum.iterations,
        optimum.residual,
        replace(form, pattern=optimum.pattern),
        optimum.damping,
    )
    return answer, above


def _guess(begin: _Answer, rows: Floats, z: Floats) -> Guess:
    """Multipliers and bounds of a former search; rows and variables that are new to it begin at zero."""
    form, known = begin.form, len(begin.multipliers)
    if not known:
        return Guess(z, damping=begin.damping)
    multipliers = np.zeros(len(rows))
    shared = min(known, len(rows))
    multipliers[:shared] = begin.multipliers[:shared] * rows[:shared]
    held = np.zeros(len(z), dtype=np.int8)
    shared = min(len(begin.held), len(z))
    held[:shared] = begin.held[:shared]
    return Guess(z, multipliers, held, form.pattern, begin.damping)


def row_lengths(system: Equations, z: Floats, scale: Floats) -> Floats:
    """Length of every row of the Jacobian in scaled variables; 1 where it is empty."""
    row, column = system.jacobian_places
    length = np.sqrt(
        np.bincount(row, weights=(system.jacobian_entries(z) * scale[column]) ** 2, minlength=len(system.rows))
    )
    return np.where(length > 0.0, length, 1.0)


def named(system: Equations, values: Floats) -> Mapping[tuple[str, str, str | None, int], float]:
    """Values by address."""
    return dict(zip(system.keys, values.tolist(), strict=True))
