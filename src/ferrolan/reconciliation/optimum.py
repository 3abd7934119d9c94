"""Weighted least squares under polynomial equations and bounds: an exact-Hessian SQP with an active set.

For example: an account of five weeks with 1,500 quantities takes about six steps, each one sparse factorisation. In
scaled variables (readings in units of their sigma) the problem is ``min phi(z)`` with c(z) = 0 and lower <= z <= upper;
phi is half the sum of squared whitened readings and the censored terms, its Hessian the sparse W of the evidence. The
Lagrangian adds to W only entries between the two factors of a product. Where these spoil the descent they are shrunk,
down to none (Gauss-Newton); an l1 merit function guards the step length; bounds are a primal-dual active set around
the equality solver (Hintermueller, Ito & Kunisch, SIAM J. Optim. 13 (2003) 865-888). Whether a step is good is judged
by the curvature along it, not by the inertia of the matrix (Chiang & Zavala, Comput. Optim. Appl. 64 (2016) 327-354).
Nocedal & Wright, Numerical Optimization, 2nd ed. 2006, chapter 18.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ferrolan.numerics.kkt import Floats, QuasiDefinite, SymmetricPattern
from ferrolan.reconciliation.equations import Equations
from ferrolan.reconciliation.evidence import Evidence

TOLERANCE = 1e-9
"""Largest scaled equation residual, and gradient relative to the largest gradient of the objective."""
ACCEPTABLE, CREEPING = 1e-6, 8
"""Scaled gradient that will do once the equations are closed, where so many steps in a row did not lower it: directions
that hardly anything determines may run on for ever.
"""
REGULARISATION = 1e-8
CURVATURE = 0.05
"""Least share of the Gauss-Newton curvature that a step must keep."""
DAMPING = 1e-3
"""First proximal weight on what is not measured; it falls as the search converges and rises where steps fail."""
LEAST_DAMPING = 1e-7
"""Smallest proximal weight at first: keeps directions that nothing determines where they are, and costs others a share
of it."""
FLOOR = 1e-13
"""Smallest proximal weight where directions that are hardly determined make the search creep."""
FAST, SLOW = 0.01, 0.1
"""What the proximal weight is multiplied by after a full step that halves the residual, and after another one."""
DAMPINGS = 10
"""Most tenfold increases of the proximal weight within one step."""
LARGEST_STEP = 1e6
"""A step beyond this, in units of sigma, comes from a model without a minimum."""
SWEEPS = 40
"""Most sets of held bounds tried in one step."""
QUICK = 2
"""Sets of held bounds tried in one step while the search runs well."""
PATIENCE = 4
"""Sets of held bounds after which a model that is not convex is given up."""
STRETCH, LONGEST = 4.0, 1e4
"""By what a step that creeps is stretched at a time, and at most."""
CLOSINGS = 5
"""Most pairs of corrections that close the equations of an acceptable answer."""
CORRECTIONS = 2
"""Second-order corrections of one step."""
THETAS = (1.0, 0.25, 0.0625, 0.0)
"""Shares of the second-order part that are tried in turn."""
ACCURACY = 1e-11
"""Relative residual at which the refinement of a step ends."""
_ROUNDING = 64 * np.finfo(np.float64).eps

Held = NDArray[np.int8]
"""-1 at a lower bound, 1 at an upper one, 0 between. (variables,)"""


@dataclass(frozen=True)
class Optimum:
    """Where the search ended.

    ``held`` (variables,) is -1 where a variable lies at its lower bound by force of the equations, 1 at its upper, else
    0; ``residual`` is the largest of the scaled equation residual and the scaled gradient. ``pattern`` serves another
    search on the same equations, ``damping`` one that goes on from here.
    """

    z: Floats
    multipliers: Floats
    held: Held
    iterations: int
    residual: float
    converged: bool
    pattern: SymmetricPattern
    damping: float


@dataclass(frozen=True)
class Guess:
    """Where a search begins; ``multipliers`` (rows,) and ``held`` (variables,) from a search before it, if any.

    ``damping`` is the first proximal weight: ``DAMPING`` far from the answer, small near it.
    """

    z: Floats
    multipliers: Floats | None = None
    held: Held | None = None
    pattern: SymmetricPattern | None = None
    damping: float = DAMPING


def minimise(
    system: Equations, evidence: Evidence, guess: Guess, max_iterations: int, tolerance: float = TOLERANCE
) -> Optimum:
    """Find a local optimum from a guess; all in scaled variables. Values known exactly stay where they are."""
    search = _Search(system, evidence, guess.pattern)
    z = np.clip(guess.z, system.lower, system.upper)
    multipliers = np.zeros(len(system.rows)) if guess.multipliers is None else guess.multipliers
    held = np.zeros(len(z), dtype=np.int8) if guess.held is None else guess.held.copy()
    held[system.fixed] = -1
    pace, previous, creeping = _Pace(guess.damping), np.inf, 0
    for iteration in range(max_iterations + 1):
        point = search.at(z)
        residual = search.optimality(point, multipliers)
        creeping = creeping + 1 if residual <= ACCEPTABLE else 0
        ended = iteration == max_iterations or (creeping > CREEPING and residual > tolerance)
        if residual <= tolerance or ended:
            if residual > tolerance and residual <= ACCEPTABLE:
                z, residual = search.closed(z, multipliers, held)
            free = np.where(system.fixed, 0, held).astype(np.int8)
            done = residual <= max(tolerance, ACCEPTABLE)
            return Optimum(z, multipliers, free, iteration, residual, done, search.pattern, pace.damping)
        pace.look(residual, previous)
        step, new_multipliers, held = search.step(point, multipliers, held, pace)
        length, arc = search.line_length(point, step, new_multipliers, residual, held)
        if length == 1.0 and not pace.quick:
            length, arc = search.stretched(point, step, arc, new_multipliers, held)
        pace.length = min(length, 1.0)
        previous = residual
        z = np.clip(z + length * step + arc, system.lower, system.upper)
        multipliers = multipliers + min(length, 1.0) * (new_multipliers - multipliers)
    raise AssertionError("unreachable")


class _Pace:
    """The proximal weight, and whether the bounds of a step may settle over the steps that follow."""

    def __init__(self, damping: float) -> None:
        self.damping, self._least = damping, min(LEAST_DAMPING, damping)
        self.length, self.quick, self.theta = 1.0, True, 0

    def look(self, residual: float, previous: float) -> None:
        """Adapt to the length of the last step and to what it did to the residual."""
        halved = residual < 0.5 * previous
        self.quick = self.length == 1.0 and halved
        if self.length < 0.5:
            self.damping = min((100.0 if self.length == 0.0 else 5.0) * self.damping, 10.0)
        elif self.length == 1.0 and np.isfinite(previous):
            if not halved and self.damping <= self._least:
                self._least = max(0.01 * self._least, FLOOR)
            self.damping = max(self.damping * (FAST if halved else SLOW), self._least)

    def fail(self) -> None:
        """No step could be made with this weight."""
        self.damping *= 10.0
        self._least = max(self._least, self.damping)


@dataclass(frozen=True)
class _Point:
    """What the equations and the evidence say at z."""

    z: Floats
    value: float
    gradient: Floats
    open_rows: Floats
    entries: Floats
    weights: Floats


class _Search:
    """One problem; keeps the pattern and the symbolic analysis of its matrix."""

    def __init__(self, system: Equations, evidence: Evidence, pattern: SymmetricPattern | None) -> None:
        self._system, self._evidence = system, evidence
        count, rows = len(system.keys), len(system.rows)
        self._count = count
        self._row, self._column = system.jacobian_places
        self._weight_row, self._weight_column, _ = evidence.weight_entries()
        self._beside = self._weight_row != self._weight_column
        self._first, self._second = system.product_first, system.product_second
        self._twice = np.where(system.square, 1.0, 2.0)
        top = np.arange(count, dtype=np.int64)
        places = (
            np.concatenate([top, self._weight_row, self._first, self._row + count]),
            np.concatenate([top, self._weight_column, self._second, self._column]),
        )
        kept = pattern is not None and pattern.matches(count + rows, *places)
        self.pattern = pattern if pattern is not None and kept else SymmetricPattern(count + rows, *places)
        self._shift = np.concatenate([np.full(count, REGULARISATION), np.full(rows, -REGULARISATION)])
        self._unmeasured = (~evidence.measured).astype(np.float64)
        self._factor: QuasiDefinite | None = None

    def at(self, z: Floats) -> _Point:
        """Evaluate everything of first and second order at z."""
        return _Point(
            z,
            self._evidence.value(z),
            self._evidence.gradient(z),
            self._system.residual(z),
            self._system.jacobian_entries(z),
            self._evidence.weight_entries(z)[2],
        )

    def optimality(self, point: _Point, multipliers: Floats) -> float:
        """Largest of the scaled row residual beyond rounding and the projected gradient of the Lagrangian."""
        z, system = point.z, self._system
        slope = point.gradient + self._transposed(point.entries, multipliers)
        projected = z - np.clip(z - slope, system.lower, system.upper)
        excess = np.abs(point.open_rows) - _ROUNDING * system.magnitude(z)
        scale = max(1.0, _largest(point.gradient))
        return max(float(np.max(excess, initial=0.0)), _largest(projected) / scale)

    def step(self, point: _Point, multipliers: Floats, held: Held, pace: _Pace) -> tuple[Floats, Floats, Held]:
        """Step, multipliers and held bounds of the quadratic model.

        It has as much curvature as keeps it convex along the step, and as much damping as lets its bounds settle.
        """
        whole = self._system.curvature(multipliers)
        thetas = THETAS[max(pace.theta - 1, 0) :] if np.any(whole) else (0.0,)
        for _ in range(DAMPINGS):
            for theta in thetas:
                curvature = theta * whole
                try:
                    step, new, bounds = self._bounded(point, curvature, held, pace)
                except ArithmeticError:
                    continue
                base = float(step @ (self._weighted(point, step) + pace.damping * self._unmeasured * step))
                bend = float(np.sum(curvature * step[self._first] * step[self._second] * self._twice))
                if theta == 0.0 or base + bend >= CURVATURE * base:
                    pace.theta = THETAS.index(theta)
                    return step, new, bounds
            pace.fail()
        return np.zeros_like(point.z), multipliers, held

    def _bounded(self, point: _Point, curvature: Floats, held: Held, pace: _Pace) -> tuple[Floats, Floats, Held]:
        """Primal-dual active set: hold what violates a bound, release what the multipliers pull inside.

        While the search runs well a few sets are enough: the step is cut at its bounds, and the next one goes on.
        """
        z, fixed = point.z, self._system.fixed
        lower, upper = self._system.lower - z, self._system.upper - z
        slack = 1e-12 * (1.0 + np.abs(z))
        for sweep in range(SWEEPS):
            step, new, pull = self._equality(point, curvature, held, pace.damping)
            if not _largest(step) < LARGEST_STEP:
                break
            keep = fixed | ((held < 0) & (pull >= 0.0)) | ((held > 0) & (pull <= 0.0))
            wanted = np.where(keep, held, 0).astype(np.int8)
            wanted[(held == 0) & (step < lower - slack)] = -1
            wanted[(held == 0) & (step > upper + slack)] = 1
            changes = np.flatnonzero(wanted != held)
            if len(changes) == 0:
                return np.clip(step, lower, upper), new, held
            if pace.quick and sweep + 1 == QUICK:
                return np.clip(step, lower, upper), new, wanted
            if sweep == PATIENCE and not self._convex():
                break
            if sweep >= SWEEPS // 4:  # at most a few cycle; one change at a time ends that (Murty's least index)
                changes = changes[:1]
            held = held.copy()
            held[changes] = wanted[changes]
        if _largest(step) < LARGEST_STEP and self._convex():  # the line search judges the cut step
            return np.clip(step, lower, upper), new, held
        raise ArithmeticError("the bounds of the quadratic model do not settle")

    def _convex(self) -> bool:
        """Whether the model last factored is convex along the equations: as many pivots above zero as variables."""
        return self._factor is not None and self._factor.positive_pivots() == self._count

    def _equality(self, point: _Point, curvature: Floats, held: Held, damping: float) -> tuple[Floats, Floats, Floats]:
        """Step with the held variables moved to their bounds; also the slope of the Lagrangian at its end."""
        system, count, z = self._system, self._count, point.z
        fixed = held != 0
        damped = damping * self._unmeasured
        if fixed.any():
            moved = np.where(held < 0, system.lower - z, np.where(held > 0, system.upper - z, 0.0))
            free = ~fixed
            values = np.concatenate(
                [
                    np.where(fixed, 1.0, damped),
                    point.weights * (free[self._weight_row] & free[self._weight_column]),
                    curvature * (free[self._first] & free[self._second]),
                    point.entries * free[self._column],
                ]
            )
            top = -point.gradient - self._weighted(point, moved) - self._coupling(curvature, moved)
            bottom = -point.open_rows - self._applied(point.entries, moved)
            right = np.concatenate([np.where(fixed, moved, top), bottom])
        else:
            values = np.concatenate([damped, point.weights, curvature, point.entries])
            right = np.concatenate([-point.gradient, -point.open_rows])
        self._factorise(values)
        assert self._factor is not None
        solution = self._factor.solve(right, tolerance=ACCURACY)
        step, new = solution[:count], solution[count:]
        if not fixed.any():
            return step, new, np.zeros(count)
        slope = point.gradient + self._weighted(point, step) + damped * step + self._coupling(curvature, step)
        return step, new, slope + self._transposed(point.entries, new)

    def _factorise(self, values: Floats) -> None:
        """Factor the matrix; where the first fails, its symbolic analysis comes from one that cannot."""
        if self._factor is not None:
            self._factor.update(values)
            return
        try:
            self._factor = QuasiDefinite(self.pattern, values, self._shift)
        except ArithmeticError:
            safe = np.concatenate([np.ones(self._count), np.zeros(len(values) - self._count)])
            self._factor = QuasiDefinite(self.pattern, safe, self._shift)
            raise

    def _weighted(self, point: _Point, step: Floats) -> Floats:
        """W step."""
        row, column, count = self._weight_row, self._weight_column, self._count
        total: Floats = np.zeros(count)
        total += np.bincount(row, weights=point.weights * step[column], minlength=count)
        if self._beside.any():
            row, column, weights = row[self._beside], column[self._beside], point.weights[self._beside]
            total += np.bincount(column, weights=weights * step[row], minlength=count)
        return total

    def _coupling(self, curvature: Floats, step: Floats) -> Floats:
        """Second derivatives of the equations times the step."""
        total: Floats = np.zeros(self._count)
        total += np.bincount(self._first, weights=curvature * step[self._second], minlength=self._count)
        other = curvature * (self._twice == 2.0) * step[self._first]
        total += np.bincount(self._second, weights=other, minlength=self._count)
        return total

    def _applied(self, entries: Floats, step: Floats) -> Floats:
        rows = len(self._system.rows)
        total: Floats = np.zeros(rows)
        total += np.bincount(self._row, weights=entries * step[self._column], minlength=rows)
        return total

    def _transposed(self, entries: Floats, multipliers: Floats) -> Floats:
        total: Floats = np.zeros(self._count)
        total += np.bincount(self._column, weights=entries * multipliers[self._row], minlength=self._count)
        return total

    def line_length(
        self, point: _Point, step: Floats, new_multipliers: Floats, residual: float, held: Held
    ) -> tuple[float, Floats]:
        """Longest of 1, 1/2, 1/4, ... that lowers the l1 merit, and what the step bends by to follow the equations.

        The bend is a second-order correction: equations are brought back towards zero with the factor of the step. At
        full length a step that halves the optimality residual itself is taken too; length 0 where nothing is gained.
        """
        penalty = 2.0 * max(_largest(new_multipliers), 1e-6)
        open_before = float(np.sum(np.abs(point.open_rows)))
        slope = min(float(point.gradient @ step) - penalty * open_before, 0.0)
        merit_before = point.value + penalty * open_before
        rounding = 1e-12 * abs(merit_before)
        straight = np.zeros_like(step)
        length = 1.0
        while length > 1e-4:
            for arc in (straight, None):
                bend = self._bend(point.z + length * step, held) if arc is None else arc
                trial = point.z + length * step + bend
                merit = self._merit(trial, penalty)
                if merit <= merit_before + 1e-4 * length * slope + rounding:
                    return length, bend
            if length == 1.0 and self.optimality(self.at(point.z + step), new_multipliers) < 0.5 * residual:
                return length, straight
            length *= 0.5
        return 0.0, straight

    def closed(self, z: Floats, multipliers: Floats, held: Held) -> tuple[Floats, float]:
        """Values with the equations closed to ``TOLERANCE``, and their residual; above ``ACCEPTABLE`` if that fails."""
        for _ in range(CLOSINGS):
            if _largest(self._system.residual(z)) <= TOLERANCE:
                break
            z = np.clip(z + self._bend(z, held), self._system.lower, self._system.upper)
        point = self.at(z)
        gap = _largest(point.open_rows) - float(np.max(_ROUNDING * self._system.magnitude(z), initial=0.0))
        residual = self.optimality(point, multipliers)
        return z, residual if gap <= TOLERANCE else max(residual, 10.0 * ACCEPTABLE)

    def stretched(
        self, point: _Point, step: Floats, arc: Floats, multipliers: Floats, held: Held
    ) -> tuple[float, Floats]:
        """Go further along a full step as long as that pays: damped steps along hardly determined directions creep."""
        penalty = 2.0 * max(_largest(multipliers), 1e-6)
        length, best = 1.0, self._merit(point.z + step + arc, penalty)
        while length < LONGEST:
            straight = np.clip(point.z + STRETCH * length * step, self._system.lower, self._system.upper)
            bend = self._bend(straight, held)
            merit = self._merit(straight + bend, penalty)
            if not merit < best - 1e-12 * abs(best):
                break
            length, best = STRETCH * length, merit
            arc = straight + bend - point.z - length * step
        return length, arc

    def _merit(self, z: Floats, penalty: float) -> float:
        return self._evidence.value(z) + penalty * float(np.sum(np.abs(self._system.residual(z))))

    def _bend(self, trial: Floats, held: Held) -> Floats:
        """Least correction that closes the equations at ``trial`` to first order, within the bounds."""
        if self._factor is None:
            return np.zeros_like(trial)
        z = trial
        for _ in range(CORRECTIONS):
            right = np.concatenate([np.zeros(len(z)), -self._system.residual(z)])
            correction = self._factor.solve(right, tolerance=1e-4)[: len(z)]
            if not np.all(np.isfinite(correction)):
                break
            z = np.clip(z + np.where(held != 0, 0.0, correction), self._system.lower, self._system.upper)
        return z - trial


def _largest(values: Floats) -> float:
    return float(np.max(np.abs(values), initial=0.0))
