"""A sweep over a plan of twelve months: other prices, yields and supplies, compiled and solved to certified optima."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from benchmarks.registry import Subject
from ferrolan.planning import (
    Commodity,
    CompiledProblem,
    Mode,
    PlanProblem,
    Quota,
    Solver,
    Transfer,
    Unit,
    compile,
    solve,
)
from ferrolan.planning.program import Program

MONTHS = (*(f"2026-{month:02d}" for month in range(4, 13)), "2027-01", "2027-02", "2027-03")
LINES = 6
VARIATIONS = 100


def synthetic_plan() -> PlanProblem:
    """Six lines of the steel company and six of the rare-earth company in chains, with stores, quotas and one transfer.

    About 650 columns; synthetic numbers from a seed.
    """
    draw = np.random.default_rng(1)
    commodities: list[Commodity] = []
    modes: list[Mode] = []
    units: list[Unit] = []
    for owner in ("steel", "rare_earth"):
        for line in range(LINES + 1):
            last, first = line == LINES, line == 0
            bought = first and owner == "steel"
            commodities.append(
                Commodity(
                    f"{owner}_{line}", owner,
                    buy_price=100.0 if bought else None, buy_limit=2000.0 if bought else 0.0,
                    sell_price=(2000.0 if last else 300.0 * line) if line else None, sell_limit=900.0 if last else 40.0,
                    stock_max=300.0, stock_opening=50.0, stock_closing_min=50.0, holding_cost=1.0, dispose_cost=20.0,
                )
            )  # fmt: skip
        for line in range(LINES):
            units.append(Unit(f"{owner}_unit_{line}", owner, tuple(draw.uniform(600.0, 1200.0, 12).tolist())))
            for name in ("lean", "rich"):
                made = float(draw.uniform(0.85, 0.95) + (0.04 if name == "rich" else 0.0))
                coefficients = {f"{owner}_{line}": -1.0, f"{owner}_{line + 1}": made}
                cost = float(draw.uniform(20.0, 60.0) + (30.0 if name == "rich" else 0.0))
                modes.append(Mode(name, units[-1].name, owner, f"{owner}_{line}", coefficients, cost))
    year = tuple(range(12))
    quotas = tuple(
        Quota(f"quota_{line}", "rare_earth", 7000.0, "t", {(f"rare_earth_unit_{line}", "rich"): 0.9}, year)
        for line in (0, 3)
    )
    transfers = (Transfer(f"steel_{LINES // 2}", "rare_earth_0", 700.0),)
    return PlanProblem(MONTHS, tuple(commodities), tuple(modes), tuple(units), quotas, transfers)


def variations(problem: PlanProblem, count: int) -> list[PlanProblem]:
    """Prices 5 % and yields 1 % off, seeded."""
    draw = np.random.default_rng(2)
    return [
        replace(
            problem,
            commodities=tuple(
                replace(one, sell_price=None if one.sell_price is None else one.sell_price * draw.normal(1.0, 0.05))
                for one in problem.commodities
            ),
            modes=tuple(
                replace(
                    one,
                    coefficients={
                        name: value * (draw.normal(1.0, 0.01) if value > 0 else 1.0)
                        for name, value in one.coefficients.items()
                    },
                )
                for one in problem.modes
            ),
        )
        for _ in range(count)
    ]


_BASE = compile(synthetic_plan())
PROBLEMS = variations(synthetic_plan(), VARIATIONS)
_COMPILED: list[CompiledProblem] = [compile(problem) for problem in PROBLEMS]


def ours() -> list[float]:
    """One solver that starts each variation from the basis of the plan without one, as the studies do."""
    solver = Solver()
    solve(_BASE, solver=solver)
    return [solve(compile(problem), solver=solver).objective for problem in PROBLEMS]


def peer() -> list[float]:
    return [_linprog(compiled.program) for compiled in _COMPILED]


def _linprog(program: Program) -> float:
    from scipy.optimize import linprog

    matrix = program.matrix()
    equal = program.row_lower == program.row_upper
    upper = np.isfinite(program.row_upper) & ~equal
    found = linprog(
        -program.gain,
        A_ub=matrix[upper],
        b_ub=program.row_upper[upper],
        A_eq=matrix[equal],
        b_eq=program.row_upper[equal],
        bounds=np.column_stack([program.column_lower, program.column_upper]),
    )
    return float(-found.fun)


SUBJECT = Subject(
    name="a sweep of plans, ours warm, peer cold",
    station="planning",
    ours=ours,
    peer=peer,
    peer_name="scipy linprog (HiGHS)",
    note=(
        f"{VARIATIONS} variations of a synthetic twelve-month plan ({_BASE.program.shape[1]} columns), prices 5 % and "
        "yields 1 % off; ours compiles each, starts it from the optimal basis of the plan without variation and "
        "certifies the answer, the peer gets the arrays ready made and solves each cold. Same solver underneath, one "
        "thread: the ratio measures the warm start more than the solvers; planning_cold compares cold with cold"
    ),
)
