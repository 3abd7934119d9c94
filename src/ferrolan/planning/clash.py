"""Why a plan has no answer, in the planner's words.

A plan must end with 500 t of concentrate, but flotation can make 300 t and nothing may be bought. A deletion filter
over the *limits* (tens of statements, not thousands of rows) leaves an irreducible set: drop any one of it and the rest
can be met. For each an elastic program finds the smallest change of it alone that cures the plan. Where several such
sets stand in the way, a change of one statement may cure nothing: flotation could be larger, but the mine gives no ore.
Then the limit that forbids it too is named. Physics, the balance itself, is never relaxed; what is given (supply,
closing stocks) is kept longest.

J. W. Chinneck, Feasibility and Infeasibility in Optimization, 2008, doi:10.1007/978-0-387-74932-7, chapter 6.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
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
    cures = [_cure(compiled, limit, attempt) for limit in found]
    statements = "\n".join(
        f"- {_statement(limit)}; {_uncured(compiled, limit, attempt) if cure is None else _cured(limit, cure)}"
        for limit, cure in zip(found, cures, strict=True)
    )
    if len(found) == 1:
        return f"no plan meets this statement:\n{statements}"
    before, after = _frame([cure is not None for cure in cures])
    return f"no plan meets these {len(found)} statements together, {before}:\n{statements}\n{after}"


def clashing_limits(compiled: CompiledProblem, attempt: Attempt) -> tuple[Limit, ...]:
    """An irreducible set of limits that cannot be met together.

    With the other limits lifted there is no plan, and with any one of the set lifted too there is one. Other sets may
    stand beside it, so that a plan under *all* limits may need more than one of the set to give way.
    """
    program = replace(compiled.program, gain=np.zeros_like(compiled.program.gain))
    kept: list[Limit] = []
    for limit in sorted(compiled.limits, key=_priority):
        lifted = _lifted(program, limit)
        if _feasible(lifted, attempt):
            kept.append(limit)
        else:
            program = lifted
    return tuple(kept)


def _frame(cured: Sequence[bool]) -> tuple[str, str]:
    """What stands before and after the statements, by which of them can give way alone."""
    if all(cured):
        return (
            "and without any one of them there is a plan",
            "Give way in one of them; each change is the smallest that is enough by itself.",
        )
    if any(cured):
        return (
            "and other limits stand in the way besides",
            "Give way where a number would do; it is the smallest change that is enough by itself.",
        )
    return "and other limits stand in the way besides", "More than one limit must give way."


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
    if limit.shift.side == "column_lower":  # a stock ends no lower than empty
        cures = [cure for cure in cures if -cure <= limit.value * (1.0 + 1e-9)]
    return min(cures, key=abs, default=None)


def _uncured(compiled: CompiledProblem, limit: Limit, attempt: Attempt) -> str:
    """That no change of a limit is enough, and what else forbids a plan once it is lifted."""
    others = tuple(other for other in compiled.limits if other is not limit)
    rest = replace(compiled, program=_lifted(compiled.program, limit), limits=others)
    besides = clashing_limits(rest, attempt)
    if not besides:
        return "no change of it alone is enough: opening stocks cannot be placed"
    first = min(besides, key=_priority)
    return f"no change of it alone is enough: without it {_statement(first)} still forbids a plan"


def _statement(limit: Limit) -> str:
    """What a limit says, whose it is, and its number with its unit: "capacity of furnace (steel): at most 100 t"."""
    what = {"capacity": f"capacity of {limit.name}", "quota": f"quota {limit.name}"}.get(limit.kind, limit.name)
    amount = _amount(limit.value, limit.unit)
    if limit.kind == "supply" and limit.value > 0:
        return f"supply of {limit.name} ({limit.owner}): {amount} come in {limit.period} and must find a place"
    if limit.kind == "supply":
        return f"supply of {limit.name} ({limit.owner}): {_amount(-limit.value, limit.unit)} are owed in {limit.period}"
    if limit.shift.side == "column_lower":
        return f"{what} ({limit.owner}): at least {amount} at the end of {limit.period}"
    each = "in any month of" if limit.spread == "largest" else "in"
    return f"{what} ({limit.owner}): at most {amount} {each} {limit.period}"


def _cured(limit: Limit, cure: float) -> str:
    less_or_more = f"{_amount(abs(cure), limit.unit)} {'more' if cure * limit.value >= 0 else 'less'}"
    return f"{_amount(abs(limit.value + cure), limit.unit)} would do, {less_or_more}"


def _amount(value: float, unit: str) -> str:
    return f"{value:,.0f} {unit}" if abs(value) >= 1e4 else f"{value:.4g} {unit}"
