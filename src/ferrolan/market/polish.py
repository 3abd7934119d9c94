"""From a point close to the equilibrium to the equilibrium itself.

An interior point stops with a discard of 1e-7 t where there is none. Which columns are at a bound and which quotas bind
can be read off it; what remains is one sparse linear system. Example: cerium discarded is then exactly 0, or its price
is. After the polishing step of Stellato et al., OSQP, Math. Prog. Comp. 12 (2020), doi 10.1007/s12532-020-00179-2; the
step starts at the interior point, so where the answer is not unique it stays near the centre of the answers.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse.linalg import splu

from ferrolan.market.program import Point, Program, Vector

Mask = NDArray[np.bool_]

REGULARISATION = 1e-10
"""Added to the scaled system so that it can always be factorised; refinement takes its effect out again."""
REFINEMENTS = 25
"""Refinement stops earlier, as soon as the residual no longer falls."""
CORRECTIONS = 8
"""Active sets tried; one or two suffice unless a market is nearly degenerate."""
ENOUGH = 1e-13
"""Violation at which only rounding is left, in units of order 1."""


def polish(program: Program, point: Point) -> Point:
    """Solve the optimality conditions on the active set that ``point`` suggests, and let the answer correct the set.

    Parameters
    ----------
    program
        The program in scaled units (money and tonnes of order 1).
    point
        A nearly optimal point of it.

    Returns
    -------
    Point
        Of all points seen, ``point`` among them, the one that violates the optimality conditions least.
    """
    best, least = point, violation(program, point)
    for _ in range(CORRECTIONS):
        try:
            point = _on_active_set(program, point)
        except RuntimeError:  # SuperLU: the system is singular in spite of its regularisation, or holds no numbers
            break
        found = violation(program, point)
        if found < least:
            best, least = point, found
        if least < ENOUGH:
            break
    return _without_rounding(best)


def violation(program: Program, point: Point) -> float:
    """Return the largest violation of any optimality condition, in the units of the program as it is [1]."""
    slack = program.limit - program.limits @ point.z
    room = np.where(np.isfinite(program.upper), program.upper - point.z, 1.0)
    parts = [
        program.balance @ point.z,
        gradient(program, point) - point.lower + point.upper,
        np.minimum(slack, point.rent),
        np.minimum(point.z, point.lower),
        np.minimum(room, point.upper),
    ]
    largest = max((float(np.max(np.abs(part))) for part in parts if part.size), default=0.0)
    return largest if np.isfinite(largest) else np.inf


def gradient(program: Program, point: Point) -> Vector:
    """Return H z + c + A' value + G' rent, what a column costs more than it brings [CNY/t] (n,)."""
    own = program.hessian * point.z + program.cost
    return np.asarray(own + program.balance.T @ point.value + program.limits.T @ point.rent, dtype=np.float64)


def _on_active_set(program: Program, point: Point) -> Point:
    full = point.upper > program.upper - point.z
    empty = (point.lower > point.z) & ~full
    free = ~(full | empty)
    binding = point.rent > program.limit - program.limits @ point.z
    z = np.where(full, program.upper, np.where(empty, 0.0, point.z))
    start = replace(point, z=z, rent=np.where(binding, point.rent, 0.0))
    solved = _refined(program, start, free, binding)
    pressure = gradient(program, solved)
    return replace(solved, lower=np.where(empty, pressure, 0.0), upper=np.where(full, -pressure, 0.0))


def _refined(program: Program, start: Point, free: Mask, binding: Mask) -> Point:
    """Newton steps on the equality system of the active set, with a regularised factor."""
    rows = sparse.vstack([program.balance, program.limits[binding]], format="csc")[:, free]
    n, m = rows.shape[1], rows.shape[0]
    corner = sparse.diags_array(program.hessian[free] + REGULARISATION)
    system = sparse.block_array([[corner, rows.T], [rows, -REGULARISATION * sparse.eye_array(m)]], format="csc")
    factor = splu(system)
    best, smallest = start, np.inf
    point = start
    for _ in range(REFINEMENTS):
        residual = _residual(program, point, free, binding)
        size = float(np.max(np.abs(residual))) if residual.size else 0.0
        if not size < 0.9 * smallest:
            break
        best, smallest = point, size
        point = _moved(program, point, factor.solve(-residual), free, binding, n)
    return best


def _residual(program: Program, point: Point, free: Mask, binding: Mask) -> Vector:
    over = (program.limits @ point.z - program.limit)[binding]
    return np.concatenate([gradient(program, point)[free], program.balance @ point.z, over])


def _moved(program: Program, point: Point, step: Vector, free: Mask, binding: Mask, n: int) -> Point:
    z, rent = point.z.copy(), point.rent.copy()
    z[free] += step[:n]
    rent[binding] += step[n + len(point.value) :]
    return replace(point, z=z, value=point.value + step[n : n + len(point.value)], rent=rent)


def _without_rounding(point: Point) -> Point:
    """Cut off what rounding left below 0."""
    z, rent, lower, upper = (np.maximum(part, 0.0) for part in (point.z, point.rent, point.lower, point.upper))
    return Point(z=z, value=point.value, rent=rent, lower=lower, upper=upper)
