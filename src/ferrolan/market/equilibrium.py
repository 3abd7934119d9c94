"""The prices and tonnages at which a market clears: one solve, certified.

The quadratic program of `ferrolan.market.program` is brought to money and tonnes of order 1, solved by the interior
point solver PIQP (Schwan, Jiang, Kuhn and Jones 2023, doi 10.48550/arXiv.2304.00290), polished on its active set,
and its duals are brought back to CNY/t. Example: the dual of a gross-tonne export quota is the rent per gross tonne.
This module alone imports ``piqp``.
"""

from __future__ import annotations

import numpy as np
import piqp  # type: ignore[import-untyped]  # ships no types
import polars as pl
from scipy import sparse

from ferrolan.base.errors import NotConverged
from ferrolan.market.certificates import certify, farthest, spans
from ferrolan.market.clearing import Clearing, tabulate
from ferrolan.market.polish import polish
from ferrolan.market.problem import MarketProblem
from ferrolan.market.program import Point, Program, build, scaled, unscaled

TOLERANCE = 1e-8
"""Largest relative residual of a certificate: the closed-form cases are to be met to 1e-8."""
SOLVER_TOLERANCE = 1e-11
"""Asked of the interior point, near its reach: the closer it comes, the surer the active set. What it cannot reach, the
polish does, and the certificates decide."""
MAX_ITERATIONS = 250
"""PIQP's own default; a market of two regions takes about 10."""


def clear(problem: MarketProblem, *, scenario: str = "base", tolerance: float = TOLERANCE) -> Clearing:
    """Find the competitive (or, with conduct, the conjectural-variation) equilibrium of one year.

    Parameters
    ----------
    problem
        The market, with whatever instruments have added to it.
    scenario
        Name written into the tables.
    tolerance
        Largest relative residual accepted for any certificate [1].

    Returns
    -------
    Clearing
        Prices [CNY/t], tonnages [t/a], surplus by party [CNY/a] and the certificates.

    Raises
    ------
    NotConverged
        If a certificate fails; ``last_iterate`` holds the `Clearing` that failed.

    Notes
    -----
    With conduct above 0 the maximand is not welfare; ``welfare`` is rebuilt from its parts. Conduct is exact for linear
    demand and rivals who hold their quantities (Hashimoto 1985). Where several points are equilibria (equal mines, a
    capacity that just suffices) the prices where something is taken are unique; who sells, or a rent, may not be.

    Examples
    --------
    >>> from ferrolan.market.problem import Demand, Mine
    >>> ore = Mine("pit", "A", {"Nd": 0.16, "Ce": 0.5}, cost=20.0, cost_slope=0.2, capacity=100.0)
    >>> wants = (Demand("A", "Nd", 200.0, 10.0), Demand("A", "Ce", 4.0, 0.5))
    >>> cleared = clear(MarketProblem(("A",), ("Nd", "Ce"), wants, (ore,)))
    >>> round(cleared.prices["A", "Nd"], 3), abs(round(cleared.prices["A", "Ce"], 3))
    (157.895, 0.0)
    """
    program = build(problem)
    unit_sized = scaled(program)
    point, status, iterations = _solve(unit_sized)
    point = unscaled(program, polish(unit_sized, point))
    certificates = certify(program, point, scenario=scenario, tolerance=tolerance)
    clearing = tabulate(
        problem, program, point, scenario=scenario, status=status, iterations=iterations, certificates=certificates
    )
    failed = certificates.filter(~certificates["passed"])
    if failed.height:
        raise NotConverged(
            _trouble(program, point, scenario, failed, tolerance, f"PIQP: {status} after {iterations} iterations"),
            last_iterate=clearing,
            residual=float(failed["value"].to_numpy().max()),
        )
    return clearing


def _trouble(program: Program, point: Point, scenario: str, failed: pl.DataFrame, tolerance: float, said: str) -> str:
    """What failed, where, under which instruments, and what to look at."""
    listed = ", ".join(f"{row['check']} {row['value']:.1e}" for row in failed.iter_rows(named=True))
    tonnages, money = spans(program)
    instruments = ", ".join(f"{group.name} at {group.limit:g}" for group in program.groups) or "none"
    return (
        f"market {scenario!r} does not clear: expected every certificate within {tolerance:g}, got {listed} ({said}).\n"
        f"Farthest from clearing: {'; '.join(farthest(program, point)) or 'no single place'}.\n"
        f"Limits in force: {instruments}. Tonnages: {tonnages}. Highest prices and lowest costs: {money}.\n"
        "Check the units of what is named; last_iterate holds the point that was reached."
    )


def _solve(program: Program) -> tuple[Point, str, int]:
    solver = piqp.SparseSolver()
    solver.settings.eps_abs = SOLVER_TOLERANCE
    solver.settings.eps_rel = SOLVER_TOLERANCE
    solver.settings.eps_duality_gap_abs = SOLVER_TOLERANCE
    solver.settings.eps_duality_gap_rel = SOLVER_TOLERANCE
    solver.settings.max_iter = MAX_ITERATIONS
    solver.settings.num_threads = 1
    limited = bool(program.groups)
    solver.setup(
        sparse.csc_matrix(sparse.diags_array(program.hessian)),
        program.cost,
        sparse.csc_matrix(program.balance),
        np.zeros(program.balance.shape[0]),
        sparse.csc_matrix(program.limits) if limited else None,
        None,
        program.limit if limited else None,
        np.zeros_like(program.cost),
        program.upper,
    )
    status = solver.solve()
    return _point(solver, limited), status.name, int(solver.result.info.iter)


def _point(solver: piqp.SparseSolver, limited: bool) -> Point:
    result = solver.result
    rent = np.array(result.z_u) if limited else np.empty(0)
    return Point(
        z=np.array(result.x),
        value=np.array(result.y),
        rent=rent,
        lower=np.array(result.z_bl),
        upper=np.array(result.z_bu),
    )
