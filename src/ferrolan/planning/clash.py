"""Why a plan has no answer, in the planner's words.

A plan must end with 500 t of concentrate, but flotation can make 300 t and nothing may be bought. A deletion filter
over the *limits* (tens of statements, not thousands of rows) leaves an irreducible set: drop any one of it and the rest
can be met. For each an elastic program finds the smallest change of it alone that cures the plan. Physics, the balance
itself, is never relaxed; what is given (supply, closing stocks) is kept longest.

J. W. Chinneck, Feasibility and Infeasibility in Optimization, 2008, doi:10.1007/978-0-387-74932-7, chapter 6.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Protocol

import numpy as np

from ferrolan.base.errors import Infeasible
from ferrolan.planning.compiled import CompiledProblem
from ferrolan.planning.program import Floats, Limit, Program, Side
from ferrolan.planning.travel import travel


class Point(Protocol):
    """What this room needs of an answer."""

    @property
    def x(self) -> Floats:
        """The columns."""


Attempt = Callable[[Program], Point]

_CURES: Mapping[Side, tuple[float, ...]] = {
    "row": (1.0, -1.0),
    "row_upper": (1.0,),
    "column_upper": (1.0,),
    "column_lower": (-1.0,),
}
"""Which way a limit of each side may give: up, down, or a supply either way."""


def clash(compiled: CompiledProblem, attempt: Attempt) -> str:
    """Name the statements that clash and the smallest change of each alone that cures the plan.

    ``attempt`` solves a program or raises ``Infeasible``.
    """
    found = clashing_limits(compiled, attempt)
    if not found:
        return "the plan has no answer even with every limit lifted: opening stocks cannot be placed"
    statements = "; ".join(_statement(limit, _cure(compiled, limit, attempt)) for limit in found)
    return f"no plan meets all of these {len(found)} statements together: {statements}"


def clashing_limits(compiled: CompiledProblem, attempt: Attempt) -> tuple[Limit, ...]:
    """An irreducible set of limits that cannot be met together."""
    program = replace(compiled.program, gain=np.zeros_like(compiled.program.gain))
    kept: list[Limit] = []
    for limit in sorted(compiled.limits, key=_priority):
        lifted = _lifted(program, limit)
        if _feasible(lifted, attempt):
            kept.append(limit)
        else:
            program = lifted
    return tuple(kept)


def _priority(limit: Limit) -> tuple[int, str]:
    given = limit.shift.side in ("row", "column_lower")
    order = {"market": 0, "stock": 1, "capacity": 2, "quota": 3, "supply": 5}[limit.kind]
    return (4 if given and limit.kind == "stock" else order, limit.name)


def _lifted(program: Program, limit: Limit) -> Program:
    side, at = limit.shift.side, limit.shift.indices
    if side == "row":
        lower, upper = program.row_lower.copy(), program.row_upper.copy()
        lower[at], upper[at] = -np.inf, np.inf
        return replace(program, row_lower=lower, row_upper=upper)
    bounds: Floats = getattr(program, side).copy()
    bounds[at] = 0.0 if side == "column_lower" else np.inf
    return program.with_bounds(side, bounds)


def _feasible(program: Program, attempt: Attempt) -> bool:
    try:
        attempt(program)
    except Infeasible:
        return False
    return True


def _cure(compiled: CompiledProblem, limit: Limit, attempt: Attempt) -> float | None:
    """Smallest change of this limit alone that makes the plan feasible [unit]; None where none does."""
    cures: list[float] = []
    for sign in _CURES[limit.shift.side]:
        try:
            cures.append(sign * float(attempt(travel(compiled.program, limit.shift, sign, shortest=True)).x[-1]))
        except Infeasible:
            continue
    return min(cures, key=abs, default=None)


def _statement(limit: Limit, cure: float | None) -> str:
    what = f"{limit.kind} {limit.name!r} of {limit.owner!r} ({limit.period}: {limit.value:g} {limit.unit}"
    return f"{what})" if cure is None else f"{what}; {cure:+g} {limit.unit} alone would cure it)"
