"""Weighted least squares under bilinear equations and bounds: an exact-Hessian SQP with an active set.

For example: an account of five weeks with 1,500 quantities takes about six steps, each one sparse factorisation. In
scaled variables (readings in units of their sigma) the problem is ``min 1/2 sum_i w_i (z_i - t_i)^2`` with c(z) = 0 and
lower <= z <= upper. The Lagrangian adds to the diagonal weights only entries between the two factors of a product.
Where these spoil the descent they are shrunk, down to none (Gauss-Newton); an l1 merit function guards the step
length; bounds are a primal-dual active set around the equality solver (Hintermueller, Ito & Kunisch, SIAM J. Optim. 13
(2003) 865-888). Nocedal & Wright, Numerical Optimization, 2nd ed. 2006, chapter 18.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ferrolan.numerics.kkt import Floats, QuasiDefinite, SymmetricPattern
from ferrolan.reconciliation.equations import Equations

TOLERANCE = 1e-9
"""Largest scaled equation residual, and gradient relative to the largest gradient of the objective."""
REGULARISATION = 1e-8
CURVATURE = 0.05
"""Least share of the Gauss-Newton curvature that a step must keep."""
DAMPING = 1e-3
"""First proximal weight on what is not measured; it falls as the search converges and rises where steps fail."""
LEAST_DAMPING = 1e-10
"""Smallest proximal weight: keeps directions that nothing determines where they are, and costs others a share of it."""
DAMPINGS = 10
"""Most tenfold increases of the proximal weight within one step."""
LARGEST_STEP = 1e6
"""A step beyond this, in units of sigma, comes from a model without a minimum."""
SWEEPS = 40
"""Most sets of held bounds tried in one step."""
CORRECTIONS = 2
"""Second-order corrections of one step."""
THETAS = (1.0, 0.25, 0.0625, 0.0)
"""Shares of the second-order part that are tried in turn."""
_ROUNDING = 64 * np.finfo(np.float64).eps


@dataclass(frozen=True)
class Optimum:
    """Where the search ended.

    ``held`` (variables,) is -1 where a variable lies at its lower bound by force of the equations, 1 at its upper,
    else 0; ``residual`` is the largest of the scaled equation residual and the scaled gradient.
    """

    z: Floats
    multipliers: Floats
    held: NDArray[np.int8]
    iterations: int
    residual: float
    converged: bool


def minimise(system: Equations, weight: Floats, target: Floats, start: Floats, max_iterations: int) -> Optimum:
    """Find a local optimum from ``start``; all in scaled variables, ``weight`` 0 where there is no target."""
    search = _Search(system, weight, target)
    z, multipliers = start, np.zeros(len(system.rows))
    held = np.zeros(len(z), dtype=np.int8)
    damping, previous = DAMPING, np.inf
    for iteration in range(max_iterations + 1):
        open_rows = system.residual(z)
        gradient = weight * (z - target)
        jacobian = system.jacobian(z)
        residual = search.optimality(z, gradient, multipliers, open_rows, jacobian)
        if residual <= TOLERANCE or iteration == max_iterations:
            return Optimum(z, multipliers, held, iteration, residual, residual <= TOLERANCE)
        step, new_multipliers, held, damping = search.step(z, gradient, multipliers, open_rows, held, damping)
        length, arc = search.line_length(z, step, new_multipliers, residual, held)
        if length < 0.5:
            damping = min((100.0 if length == 0.0 else 5.0) * damping, 10.0)
        elif length == 1.0:
            damping = max(damping * (0.1 if residual < 0.5 * previous else 0.3), LEAST_DAMPING)
        previous = residual
        z = np.clip(z + length * step + arc, system.lower, system.upper)
        multipliers = multipliers + length * (new_multipliers - multipliers)
    raise AssertionError("unreachable")


class _Search:
    """One problem; keeps the pattern and the symbolic analysis of its matrix."""

    def __init__(self, system: Equations, weight: Floats, target: Floats) -> None:
        self._system, self._weight, self._target = system, weight, target
        count, rows = len(weight), len(system.rows)
        self._row, self._column = system.jacobian_places
        top = np.arange(count, dtype=np.int64)
        self._pattern = SymmetricPattern(
            count + rows,
            np.concatenate([top, system.product_first, self._row + count]),
            np.concatenate([top, system.product_second, self._column]),
        )
        self._shift = np.concatenate([np.full(count, REGULARISATION), np.full(rows, -REGULARISATION)])
        self._factor: QuasiDefinite | None = None

    def optimality(
        self, z: Floats, gradient: Floats, multipliers: Floats, open_rows: Floats, jacobian: object
    ) -> float:
        """Largest of the scaled row residual beyond rounding and the projected gradient of the Lagrangian."""
        slope = gradient + jacobian.T @ multipliers  # type: ignore[attr-defined]
        projected = z - np.clip(z - slope, self._system.lower, self._system.upper)
        rounding = _ROUNDING * self._system.magnitude(z)
        excess = np.abs(open_rows) - rounding
        scale = max(1.0, float(np.max(np.abs(gradient), initial=0.0)))
        return max(float(np.max(excess, initial=0.0)), float(np.max(np.abs(projected), initial=0.0)) / scale)

    def step(
        self,
        z: Floats,
        gradient: Floats,
        multipliers: Floats,
        open_rows: Floats,
        held: NDArray[np.int8],
        damping: float,
    ) -> tuple[Floats, Floats, NDArray[np.int8], float]:
        """Step, multipliers, held bounds and damping of the quadratic model.

        It has as much curvature as keeps it convex, and as much damping as lets its bounds settle.
        """
        first, second = self._system.product_first, self._system.product_second
        for _ in range(DAMPINGS):
            for theta in THETAS:
                curvature = theta * self._system.curvature(multipliers)
                try:
                    step, new, bounds = self._bounded(z, gradient, open_rows, curvature, held, damping)
                except ArithmeticError:
                    continue
                if theta > 0.0 and not self._convex():
                    continue
                base = float(step @ ((self._weight + damping * (self._weight == 0.0)) * step))
                whole = base + 2.0 * float(np.sum(curvature * step[first] * step[second]))
                if theta == 0.0 or whole >= CURVATURE * base:
                    return step, new, bounds, damping
            damping *= 10.0
        return np.zeros_like(z), multipliers, held, damping

    def _convex(self) -> bool:
        """Whether the model last factored is convex along the equations: as many pivots above zero as variables."""
        assert self._factor is not None
        return int(np.sum(self._factor.factors().pivots > 0.0)) == len(self._weight)

    def _bounded(
        self, z: Floats, gradient: Floats, open_rows: Floats, curvature: Floats, held: NDArray[np.int8], damping: float
    ) -> tuple[Floats, Floats, NDArray[np.int8]]:
        """Primal-dual active set: hold what violates a bound, release what the multipliers pull inside."""
        lower, upper = self._system.lower - z, self._system.upper - z
        slack = 1e-12 * (1.0 + np.abs(z))
        for sweep in range(SWEEPS):
            step, new, pull = self._equality(z, gradient, open_rows, curvature, held, damping)
            wanted = np.where(((held < 0) & (pull >= 0.0)) | ((held > 0) & (pull <= 0.0)), held, 0).astype(np.int8)
            wanted[(held == 0) & (step < lower - slack)] = -1
            wanted[(held == 0) & (step > upper + slack)] = 1
            changes = np.flatnonzero(wanted != held)
            if not np.max(np.abs(step)) < LARGEST_STEP:
                break
            if len(changes) == 0:
                return np.clip(step, lower, upper), new, held
            if sweep >= SWEEPS // 4:  # at most a few cycle; one change at a time ends that (Murty's least index)
                changes = changes[:1]
            held = held.copy()
            held[changes] = wanted[changes]
        raise ArithmeticError("the bounds of the quadratic model do not settle")

    def _equality(
        self, z: Floats, gradient: Floats, open_rows: Floats, curvature: Floats, held: NDArray[np.int8], damping: float
    ) -> tuple[Floats, Floats, Floats]:
        """Step with the held variables moved to their bounds; also the slope of the Lagrangian at its end."""
        system, count = self._system, len(z)
        first, second = system.product_first, system.product_second
        entries = system.jacobian_entries(z)
        fixed = held != 0
        moved = np.where(held < 0, system.lower - z, np.where(held > 0, system.upper - z, 0.0))
        diagonal = self._weight + damping * (self._weight == 0.0)
        inner = ~(fixed[first] | fixed[second])
        values = np.concatenate([np.where(fixed, 1.0, diagonal), curvature * inner, entries * ~fixed[self._column]])
        top = -gradient - self._coupling(curvature, moved, count)
        bottom = -open_rows - np.bincount(self._row, weights=entries * moved[self._column], minlength=len(open_rows))
        right = np.concatenate([np.where(fixed, moved, top), bottom])
        if self._factor is None:
            self._factor = QuasiDefinite(self._pattern, values, self._shift)
        else:
            self._factor.update(values)
        solution = self._factor.solve(right)
        step, new = solution[:count], solution[count:]
        slope = gradient + diagonal * step + self._coupling(curvature, step, count)
        slope = slope + np.bincount(self._column, weights=entries * new[self._row], minlength=count)
        return step, new, slope

    def _coupling(self, curvature: Floats, step: Floats, count: int) -> Floats:
        first, second = self._system.product_first, self._system.product_second
        total: Floats = np.zeros(count)
        total += np.bincount(first, weights=curvature * step[second], minlength=count)
        total += np.bincount(second, weights=curvature * step[first], minlength=count)
        return total

    def line_length(
        self, z: Floats, step: Floats, new_multipliers: Floats, residual: float, held: NDArray[np.int8]
    ) -> tuple[float, Floats]:
        """Longest of 1, 1/2, 1/4, ... that lowers the l1 merit, and what the step bends by to follow the equations.

        The bend is a second-order correction: equations are brought back towards zero with the factor of the step. At
        full length a step that halves the optimality residual itself is taken too; length 0 where nothing is gained.
        """
        penalty = 2.0 * max(float(np.max(np.abs(new_multipliers), initial=0.0)), 1e-6)
        before, open_before = self._objective(z), float(np.sum(np.abs(self._system.residual(z))))
        slope = min(float(self._weight * (z - self._target) @ step) - penalty * open_before, 0.0)
        merit_before = before + penalty * open_before
        rounding = 1e-12 * abs(merit_before)
        straight = np.zeros_like(z)
        length = 1.0
        while length > 1e-4:
            for arc in (straight, None):
                bend = self._bend(z + length * step, held) if arc is None else arc
                trial = z + length * step + bend
                merit = self._objective(trial) + penalty * float(np.sum(np.abs(self._system.residual(trial))))
                if merit <= merit_before + 1e-4 * length * slope + rounding:
                    return length, bend
            if length == 1.0 and self._halves(z + step, new_multipliers, residual):
                return length, straight
            length *= 0.5
        return 0.0, straight

    def _bend(self, trial: Floats, held: NDArray[np.int8]) -> Floats:
        """Least correction that closes the equations at ``trial`` to first order, within the bounds."""
        assert self._factor is not None
        z = trial
        for _ in range(CORRECTIONS):
            right = np.concatenate([np.zeros(len(z)), -self._system.residual(z)])
            correction = self._factor.solve(right)[: len(z)]
            if not np.all(np.isfinite(correction)):
                break
            z = np.clip(z + np.where(held != 0, 0.0, correction), self._system.lower, self._system.upper)
        return z - trial

    def _halves(self, z: Floats, multipliers: Floats, residual: float) -> bool:
        gradient = self._weight * (z - self._target)
        after = self.optimality(z, gradient, multipliers, self._system.residual(z), self._system.jacobian(z))
        return after < 0.5 * residual

    def _objective(self, z: Floats) -> float:
        return 0.5 * float(self._weight @ (z - self._target) ** 2)
