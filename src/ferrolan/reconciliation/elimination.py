"""What leaving out readings would do to the account, without solving it again; and one after the other until it passes.

For example: without the reading of stream 16 of the mineral plant the objective falls from 228.4 to 100.3, without 16
and 7 to 47.0, without 3 as well to 10.2, which six degrees of freedom explain. With the readings in units of their
sigma, r their adjustments, R = 1 - M C M' the covariance of these and I the readings left out,

    J without I = J - r_I' R_II^-1 r_I,   one degree of freedom less for each direction of R_II that is not zero;

a direction that is zero is one that nothing checks (the set closes a cycle). Serial elimination leaves out readings,
serial compensation keeps them and allows for what is wrong with them (Jiang & Bagajewicz, Ind. Eng. Chem. Res. 38
(1999) 2119-2128). Either says what stopped it. The identities are those of the balances linearised at the solution.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import special

from ferrolan.numerics.kkt import Floats, Integers
from ferrolan.reconciliation.hypotheses import Hypotheses, Vicinity
from ferrolan.reconciliation.tests import LEVEL

CHECKED = 1e-8
"""Share of the variance of a combination of readings that must show in its adjustment for it to be checked."""
PASSES, NOTHING_LEFT, SPENT, LIMIT = (
    "global test passes",
    "no candidate above its critical value",
    "redundancy is spent",
    "limit of steps",
)
"""What stops a serial search."""


@dataclass(frozen=True)
class Left:
    """An account without some readings: objective, degrees of freedom, p-value of the global test."""

    objective: float
    degrees_of_freedom: int

    @property
    def p_value(self) -> float:
        """Probability of an objective at least as large without gross error; 1 where nothing is left to test."""
        if self.degrees_of_freedom <= 0:
            return 1.0
        return float(special.chdtrc(self.degrees_of_freedom, max(self.objective, 0.0)))

    @property
    def passes(self) -> bool:
        """Whether the global test passes at ``LEVEL``."""
        return self.p_value > LEVEL


def without(vicinity: Vicinity, readings: Sequence[int], objective: float, degrees_of_freedom: int) -> Left:
    """The account without some rows of its evidence, exactly but for the linearisation.

    Parameters
    ----------
    readings
        Rows of ``vicinity.matrix``.
    objective, degrees_of_freedom
        Of the account with all readings.
    """
    rows = np.asarray(readings, dtype=np.int64)
    return _downdate(adjustment_covariance(vicinity, rows), vicinity.adjustment[rows], objective, degrees_of_freedom)


def adjustment_covariance(vicinity: Vicinity, readings: Integers) -> Floats:
    """R_II: covariance of the adjustments of some readings, in units of their sigma, (readings, readings)."""
    return _Covariances(vicinity).grown(readings.tolist())[0]


def _downdate(covariance: Floats, adjustment: Floats, objective: float, degrees: int) -> Left:
    sizes, axes = np.linalg.eigh(covariance)
    checked = sizes > CHECKED
    fall = float(np.sum((axes[:, checked].T @ adjustment) ** 2 / sizes[checked]))
    return Left(objective - fall, degrees - int(checked.sum()))


def influence(vicinity: Vicinity, gradient: Floats) -> Floats:
    """By how much a key figure moves when each reading rises by one sigma: M C g, (readings,).

    ``gradient`` (variables,) holds the derivatives g of the figure to the scaled values. The squares add up to the
    figure's variance, so each is the share of it that a reading brings in.
    """
    answer = vicinity.response.solve(gradient[:, None], np.zeros((vicinity.rows, 1)))[0]
    return np.asarray(vicinity.matrix @ answer)[:, 0]


def variance_with_better_meters(variance: float, moved: Floats, covariance: Floats, ratios: Floats) -> float:
    """Variance of a key figure once some readings have other sigmas, by one low-rank formula, exactly when linear.

    Parameters
    ----------
    variance
        g' C g of the figure today.
    moved : (readings,)
        Its ``influence`` from the readings concerned, M C g.
    covariance : (readings, readings)
        ``1 - adjustment_covariance`` of them, M C M'.
    ratios : (readings,)
        New sigma over the present one; infinity leaves the reading out.

    Notes
    -----
    With w = 1 / ratio^2 - 1 the variance changes by ``- u' (diag(w)^-1 + M C M')^-1 u``: for one reading by
    ``- w u^2 / (1 + w c)``. Infinite where a reading is left out that nothing else replaces.
    """
    weights = 1.0 / np.square(ratios) - 1.0
    inner = np.eye(len(weights)) + covariance * weights[None, :]
    if np.linalg.cond(inner) > 1.0 / CHECKED:
        return float("inf")
    return float(variance - moved @ (weights * np.linalg.solve(inner, moved))) if len(weights) else variance


@dataclass(frozen=True)
class Step:
    """One step of a serial search; ``hypothesis`` is None in a row that only says why nothing was done."""

    number: int
    hypothesis: int | None
    statistic: float
    critical: float
    left: Left
    stopped: str | None = None


def compensate(
    hypotheses: Hypotheses,
    critical: Floats,
    objective: float,
    degrees_of_freedom: int,
    *,
    most: int = 10,
) -> tuple[Step, ...]:
    """Allow for one hypothesis after the other, the largest likelihood ratio first, while one is above its critical
    value.

    Parameters
    ----------
    critical : (n,)
        Critical value of sqrt(T) of every hypothesis.
    """
    steps: list[Step] = []
    left = Left(objective, degrees_of_freedom)
    given: list[int] = []
    while True:
        best = strongest(hypotheses, given, critical)
        stopped = _stop(best, left, len(given), most)
        if stopped is not None:
            return _close(steps, stopped, left)
        assert best is not None
        statistic = float(hypotheses.conditional(given)[best])
        given.append(best)
        left = Left(objective - hypotheses.explained(given), degrees_of_freedom - len(given))
        steps.append(Step(len(given), best, statistic, float(critical[best]), left))


def eliminate(
    hypotheses: Hypotheses,
    readings_of: Sequence[Sequence[int]],
    critical: Floats,
    objective: float,
    degrees_of_freedom: int,
    *,
    most: int = 10,
) -> tuple[Step, ...]:
    """Leave out all readings of one meter after the other, while one is above its critical value.

    Parameters
    ----------
    readings_of
        Rows of the evidence of every hypothesis; () for one that no reading can be left out for, such as a leak.
    """
    steps: list[Step] = []
    left = Left(objective, degrees_of_freedom)
    given: list[int] = []
    allowed = np.array([len(rows) > 0 for rows in readings_of], dtype=bool)
    covariances = _Covariances(hypotheses.vicinity)
    while True:
        best = strongest(hypotheses, given, np.where(allowed, critical, np.inf))
        stopped = _stop(best, left, len(given), most)
        if stopped is not None:
            return _close(steps, stopped, left)
        assert best is not None
        statistic = float(hypotheses.conditional(given)[best])
        given.append(best)
        covariance, out = covariances.grown(readings_of[best])
        left = _downdate(covariance, hypotheses.vicinity.adjustment[out], objective, degrees_of_freedom)
        steps.append(Step(len(given), best, statistic, float(critical[best]), left))


class _Covariances:
    """Covariance of the adjustments of more and more readings; each costs its solve once."""

    def __init__(self, vicinity: Vicinity) -> None:
        self._vicinity = vicinity
        self._rows = np.empty(0, dtype=np.int64)
        self._covariance: Floats = np.empty((0, 0))

    def grown(self, more: Sequence[int]) -> tuple[Floats, Integers]:
        """The covariance with ``more`` readings, and all readings in its order."""
        fresh = np.asarray(more, dtype=np.int64)
        matrix, response = self._vicinity.matrix, self._vicinity.response
        every = np.concatenate([self._rows, fresh])
        beside = np.empty((len(every), len(fresh)))
        for start in range(0, len(fresh), _BLOCK):
            part = slice(start, start + _BLOCK)
            right = matrix[fresh[part]].T.toarray()
            beside[:, part] = -(
                matrix[every] @ response.solve(right, np.zeros((self._vicinity.rows, right.shape[1])))[0]
            )
        beside[len(self._rows) :] += np.eye(len(fresh))
        old = len(self._rows)
        self._covariance = np.block([[self._covariance, beside[:old]], [beside[:old].T, beside[old:]]])
        self._rows = every
        return 0.5 * (self._covariance + self._covariance.T), every


def _stop(best: int | None, left: Left, steps: int, most: int) -> str | None:
    if left.degrees_of_freedom <= 0:
        return SPENT
    if best is None:
        return PASSES if left.passes else NOTHING_LEFT
    return LIMIT if steps >= most else None


def _close(steps: list[Step], stopped: str, left: Left) -> tuple[Step, ...]:
    return (*steps, Step(len(steps) + 1, None, float("nan"), float("nan"), left, stopped))


def strongest(hypotheses: Hypotheses, given: Sequence[int], critical: Floats) -> int | None:
    """The hypothesis with the largest T among those above their critical value once ``given`` are allowed for.

    Sizes that are only estimated are worked out first for all that may be it.
    """
    for _ in range(_ROUNDS):
        statistic = hypotheses.conditional(given)
        above = np.flatnonzero(statistic > _DOUBT * critical**2)
        rough = [i for i in above[np.argsort(-statistic[above])][:_CANDIDATES].tolist() if not hypotheses.exact(i)]
        if not rough:
            break
        hypotheses.refine(rough)
    statistic = hypotheses.conditional(given)
    sure = np.flatnonzero(statistic > critical**2)
    first = np.flatnonzero(statistic[sure] >= (1.0 - _TIE) * np.max(statistic[sure], initial=0.0))
    return int(sure[first[0]]) if len(sure) else None


_ROUNDS, _CANDIDATES, _DOUBT, _TIE = 4, 16, 0.4, 1e-9
_BLOCK = 32
