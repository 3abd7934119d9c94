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
    ways = [_way_out(compiled, limit, found, attempt) for limit in found]
    statements = "\n".join(
        f"- {_statement(limit)}; {_said(limit, way)}" for limit, way in zip(found, ways, strict=True)
    )
    if len(found) == 1:
        return f"no plan meets this statement:\n{statements}"
    before, after = _frame(ways)
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


def _priority(limit: Limit) -> tuple[int, str]:
    given = limit.shift.side in ("row", "column_lower")
    order = {"market": 0, "stock": 1, "capacity": 2, "quota": 3, "supply": 5}[limit.kind]
    return (4 if given and limit.kind == "stock" else order, limit.name)


def _lifted(program: Program, limit: Limit) -> Program:
    """The program without a limit: a supply is as large as one likes or nothing, and never becomes a debt."""
    side, at = limit.shift.side, limit.shift.indices
    if side == "row":
        lower, upper = program.row_lower.copy(), program.row_upper.copy()
        lower[at] = np.where(limit.bounds < 0, -np.inf, lower[at] - limit.bounds)
        upper[at] = np.where(limit.bounds > 0, np.inf, upper[at] - limit.bounds)
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


def _way_out(compiled: CompiledProblem, limit: Limit, found: Sequence[Limit], attempt: Attempt) -> float | Limit | None:
    """The smallest change of a limit alone that is enough, or else the limit that still forbids a plan without it.

    What was ``found`` has a plan without it, so a set that clashes without it holds at least one other limit. None
    where there is a plan without the limit, but not with a change by the same per cent in every month.
    """
    cure = _cure(compiled, limit, attempt)
    if cure is not None:
        return cure
    others = tuple(other for other in compiled.limits if other is not limit)
    rest = replace(compiled, program=_lifted(compiled.program, limit), limits=others)
    if _feasible(rest.program, attempt):
        return None
    named = {id(one) for one in found}
    besides = [other for other in clashing_limits(rest, attempt) if id(other) not in named]
    return min(besides, key=_priority, default=None)


def _cure(compiled: CompiledProblem, limit: Limit, attempt: Attempt) -> float | None:
    """Smallest change of this limit alone that makes the plan feasible [unit]; None where none does."""
    cures: list[float] = []
    for sign in _CURES[limit.shift.side]:
        try:
            cures.append(sign * float(attempt(travel(compiled.program, limit.shift, sign, shortest=True)).x[-1]))
        except Infeasible:
            continue
    least = -abs(limit.value) * (1.0 + 1e-9)  # a stock ends no lower than empty, and a supply never becomes a debt
    return min(
        (cure for cure in cures if limit.value == 0.0 or cure * np.sign(limit.value) >= least), key=abs, default=None
    )


def _frame(ways: Sequence[float | Limit | None]) -> tuple[str, str]:
    """What stands before and after the statements, by which of them can give way alone."""
    besides = any(isinstance(way, Limit) for way in ways)
    before = "and other limits stand in the way besides" if besides else "and without any one of them there is a plan"
    numbers = [isinstance(way, float) for way in ways]
    if all(numbers):
        return before, "Give way in one of them; each change is the smallest that is enough by itself."
    if any(numbers):
        return before, "Give way where a number would do; it is the smallest change that is enough by itself."
    return before, "More than one limit, or single months, must give way."


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


def _said(limit: Limit, way: float | Limit | None) -> str:
    if way is None:
        return "no change of it by the same per cent in every month is enough"
    if isinstance(way, Limit):
        return f"no change of it alone is enough: without it {_statement(way)} still forbids a plan"
    less_or_more = f"{_amount(abs(way), limit.unit)} {'more' if way * limit.value >= 0 else 'less'}"
    return f"{_amount(abs(limit.value + way), limit.unit)} would do, {less_or_more}"


def _amount(value: float, unit: str) -> str:
    return f"{value:,.0f} {unit}" if abs(value) >= 1e4 else f"{value:.4g} {unit}"
