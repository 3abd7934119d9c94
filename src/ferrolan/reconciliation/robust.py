"""A second opinion on gross errors: estimators that let no single reading pull far.

For example: a belt scale reads 40 % high in one week. Least squares spreads the error over its neighbours, which may
then look suspect themselves; Huber's estimator counts what lies beyond 1.345 sigma linearly instead of squared, and a
redescending one forgets it altogether. Where the robust answer accuses another meter than least squares does, both are
shown: somebody must look.

Weighted least squares is solved again and again with weights psi(r) / r, first those of a convex function (Huber 1964,
Fair 1974), from the least-squares answer; then, from that answer, those of a redescending one (Welsch 1978, Hampel
1974), never from the raw readings, because it has many local optima. Tjoa & Biegler, Comput. Chem. Eng. 15 (1991)
679-690; Ozyurt & Pike, Comput. Chem. Eng. 28 (2004) 381-402. Constants: 95 % efficiency for normal errors.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy import sparse

from ferrolan.numerics.kkt import Floats, saddle_point
from ferrolan.reconciliation.equations import Equations

HUBER, FAIR, WELSCH = 1.345, 1.3998, 2.9846
HAMPEL = (1.35, 2.70, 5.40)
LEAST_WEIGHT = 1e-6
"""Smallest weight of a reading, so that what it alone measures stays determined."""
SWEEPS = 60
"""Most reweighted solves of each estimator."""
SETTLED = 1e-6
"""Largest change of a residual, in sigmas, at which a search ends."""
_SHIFT = 1e-9

Convex = Literal["huber", "fair"]
Redescending = Literal["welsch", "hampel"]


@dataclass(frozen=True)
class Robust:
    """A robust account, in the scaled variables it was asked in.

    ``z`` (variables,) are the values of the redescending estimator, ``residual`` (readings,) what they leave, in
    sigmas; ``weight`` and ``convex_weight`` (readings,) what the two estimators count of each reading. ``settled`` is
    False where either still moved after ``SWEEPS`` solves: the answer is then the last one.
    """

    z: Floats
    residual: Floats
    convex_weight: Floats
    weight: Floats
    settled: bool


def robust(
    system: Equations,
    matrix: sparse.csr_matrix,
    target: Floats,
    z: Floats,
    *,
    convex: Convex = "huber",
    redescending: Redescending = "welsch",
) -> Robust:
    """Reweighted from the least-squares answer, balances kept closed and values within their bounds.

    Parameters
    ----------
    system
        Scaled equations.
    matrix, target
        Readings in units of their sigma, (readings, variables) and (readings,).
    z : (variables,)
        Least-squares answer.

    Notes
    -----
    The reading's own sigma is the scale; nothing is estimated from the residuals. Values below detection do not count.
    """
    search = _Search(system, matrix, target)
    first, convex_weight, even = search.run(z, _WEIGHTS[convex])
    last, weight, still = search.run(first, _WEIGHTS[redescending])
    return Robust(last, target - matrix @ last, convex_weight, weight, even and still)


class _Search:
    def __init__(self, system: Equations, matrix: sparse.csr_matrix, target: Floats) -> None:
        self._system, self._matrix, self._target = system, matrix, target

    def run(self, z: Floats, weigh: Callable[[Floats], Floats]) -> tuple[Floats, Floats, bool]:
        """Values and weights once the residuals settle, and whether they did."""
        rest = self._target - self._matrix @ z
        for _ in range(SWEEPS):
            weight = np.maximum(weigh(rest), LEAST_WEIGHT)
            z = np.clip(z + self._step(z, weight), self._system.lower, self._system.upper)
            before, rest = rest, self._target - self._matrix @ z
            if np.max(np.abs(rest - before), initial=0.0) < SETTLED:
                return z, np.maximum(weigh(rest), LEAST_WEIGHT), True
        return z, np.maximum(weigh(rest), LEAST_WEIGHT), False

    def _step(self, z: Floats, weight: Floats) -> Floats:
        """Weighted least squares to the readings, balances linearised at z and closed.

        With v = sqrt(weight) (target - M (z + dz)) the rows ``M dz + v / sqrt(weight) = rest`` stand beside the
        balances, so that the matrix has unit weights on v whatever M looks like.
        """
        count, readings = len(z), len(weight)
        jacobian = self._system.jacobian(z) @ sparse.diags_array(~self._system.fixed * 1.0)
        beside = sparse.diags_array(1.0 / np.sqrt(weight))
        rows = sparse.csr_matrix(sparse.bmat([[jacobian, None], [self._matrix, beside]]))
        diagonal = np.concatenate([np.zeros(count), np.ones(readings)])
        right = np.concatenate([
            np.zeros(count + readings),
            -self._system.residual(z),
            self._target - self._matrix @ z,
        ])  # fmt: skip
        return saddle_point(diagonal, rows, (_SHIFT, _SHIFT)).solve(right)[:count]


def _huber(residual: Floats) -> Floats:
    return HUBER / np.maximum(np.abs(residual), HUBER)


def _fair(residual: Floats) -> Floats:
    return 1.0 / (1.0 + np.abs(residual) / FAIR)


def _welsch(residual: Floats) -> Floats:
    return np.exp(-np.minimum((residual / WELSCH) ** 2, 700.0))


def _hampel(residual: Floats) -> Floats:
    a, b, c = HAMPEL
    size = np.maximum(np.abs(residual), 1e-300)
    falling = a * np.clip((c - size) / (c - b), 0.0, 1.0) / size
    return np.where(size <= a, 1.0, np.where(size <= b, a / size, falling))


_WEIGHTS: dict[str, Callable[[Floats], Floats]] = {
    "huber": _huber, "fair": _fair, "welsch": _welsch, "hampel": _hampel,
}  # fmt: skip
