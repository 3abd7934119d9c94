"""What a plan says and what it is worth: flows, activities, binding limits with their prices, marginal values.

One tonne more of rare-earth concentrate may be worth nothing to the right, because the separation quota is used up,
and much to the left, because a tonne less means less oxide. Both are printed, with the range over which each holds to
1 %, found by solving again (see ``walk``); a single shadow price would be a matter of luck. A works that stands still,
since its by-product may not be sold, has a limit of nothing that is worth much: such a limit is priced like the others.

Conventions: gain in CNY, not discounted within the horizon; every price is the gain per unit more.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import inf, isfinite

import numpy as np
import polars as pl

from ferrolan.base.errors import Infeasible, ProblemError
from ferrolan.base.showing import Shown
from ferrolan.base.tables import CERTIFICATES, PLAN_ACTIVITIES, PLAN_FLOWS, PLAN_LIMITS
from ferrolan.planning.certificate import TOLERANCE
from ferrolan.planning.compiled import CompiledProblem, compile
from ferrolan.planning.problem import PlanProblem, supply_of
from ferrolan.planning.program import Floats, Limit, Program
from ferrolan.planning.solve import Solution, Solver, solve
from ferrolan.planning.walk import Walk

_AT_LIMIT = 1e-7
"""A limit binds where the plan is within this share of it: a hundred times the solver's own tolerance."""

_FREE = 1e3
"""A limit of nothing is set free by as much as this times the largest bound of the plan, to see what it would use."""

_REACH = 10.0
"""How far a walk searches, in multiples of the limit or of the commodity's turnover in the plan."""


@dataclass(frozen=True)
class Plan(Shown):
    """An optimal plan and its explanation.

    ``flows`` (PLAN_FLOWS), ``activities`` (PLAN_ACTIVITIES), ``limits`` (PLAN_LIMITS: binding ones, most money first;
    a limit of nothing only where a first unit of it would earn),
    ``certificates`` (CERTIFICATES), ``objective`` the gain over the horizon [CNY], ``profit_by_owner`` each owner's
    part of it without payments for transfers [CNY].
    """

    problem: PlanProblem
    compiled: CompiledProblem
    solution: Solution
    flows: pl.DataFrame
    activities: pl.DataFrame
    limits: pl.DataFrame
    certificates: pl.DataFrame
    objective: float
    profit_by_owner: Mapping[str, float]


@dataclass(frozen=True)
class MarginalValue:
    """What one unit more or less of a commodity is worth.

    ``left`` is the loss per unit less and ``right`` the gain per unit more [CNY/unit], for the first unit; left >=
    right. ``valid_down`` and ``valid_up`` are the distances over which every unit is worth that within 1 %
    (``walk.SAME``) [unit], infinite where no end was found within the search and nan where none was asked for.
    ``beyond_left`` and ``beyond_right`` are the values after that: None where no end was found, plus or minus infinity
    where there is no plan any more. Where not even the first unit less (more) can be planned, ``left`` (``right``) is
    plus (minus) infinity.
    """

    left: float
    right: float
    valid_down: float
    valid_up: float
    beyond_left: float | None
    beyond_right: float | None


def plan(problem: PlanProblem, *, limits: bool = True) -> Plan:
    """Plan, and explain the plan.

    Parameters
    ----------
    problem
        Commodities, units, modes, quotas, transfers over months.
    limits
        Whether to price the binding limits; without, the frame ``limits`` is empty and the answer quicker.

    Returns
    -------
    Plan
        The price in ``flows`` is the dual of the month's balance: gain per unit more of the commodity, there and
        then. In a degenerate plan it is one point of an interval; ``marginal_value`` gives the ends. A capacity or
        market limit is priced for the whole span: every month moves by the same per cent. A limit that the plan
        meets in some months only has a row where it is worth something. A limit of nothing has one where a first unit
        of it would earn: it is what keeps a unit standing still that would pay. Less than nothing there is not, so its
        ``value_left`` is null; its ``money`` is for one per cent of what the plan would use if it were free.

    Raises
    ------
    Infeasible, NotConverged, ProblemError
        As ``solve.solve``.

    All prices come from one dual solution, so at them neither company gains by leaving the plan.

    References
    ----------
    G. B. Dantzig, Linear Programming and Extensions, 1963, doi:10.1515/9781400884179.

    Examples
    --------
    One tonne of ore at 100 CNY makes 0.6 t of iron at 300 CNY; the furnace takes 50 t a month.

    >>> from ferrolan.planning import Commodity, Mode, PlanProblem, Unit, plan
    >>> problem = PlanProblem(
    ...     months=("2026-04",),
    ...     commodities=(
    ...         Commodity("ore", "steel", buy_price=100.0, buy_limit=80.0),
    ...         Commodity("iron", "steel", sell_price=300.0, sell_limit=40.0),
    ...     ),
    ...     modes=(Mode("run", "furnace", "steel", "ore", {"ore": -1.0, "iron": 0.6}, cost=20.0),),
    ...     units=(Unit("furnace", "steel", (50.0,)),),
    ... )
    >>> found = plan(problem)
    >>> round(found.objective, 6)
    3000.0
    >>> found.limits.select("limit", "value_left", "value_right").rows()
    [('furnace', 60.0, 60.0)]
    """
    compiled = compile(problem)
    solver = Solver()
    solution = solve(compiled, solver=solver)
    priced = _priced_limits(compiled, solver, solution) if limits else PLAN_LIMITS.empty()
    return Plan(
        problem=problem,
        compiled=compiled,
        solution=solution,
        flows=_flows(compiled, solution),
        activities=_activities(compiled, solution),
        limits=priced,
        certificates=_certificates(solution, solver),
        objective=solution.objective,
        profit_by_owner=profit_by_owner(compiled, solution),
    )


def marginal_value(
    problem: PlanProblem | CompiledProblem,
    commodity: str,
    *,
    profile: Sequence[float] | None = None,
    solver: Solver | None = None,
    base: Solution | None = None,
    reach: float | None = None,
    ranges: bool = True,
) -> MarginalValue:
    """Value of one unit more and one unit less of exogenous supply of a commodity over the horizon.

    Parameters
    ----------
    problem
        The plan, compiled or not.
    commodity
        Name of the commodity.
    profile
        Share of the unit that comes in each month, summing to 1; even where none is given.
    solver, base
        A persistent solver and the solution of this very problem, if at hand.
    reach
        How far to search on each side [unit]; ten times what the plan moves or its units could use or make of it
        where none is given.
    ranges
        Whether to find how far the values hold; without, two or three solves do.

    Raises
    ------
    ProblemError
        Unknown commodity, or a profile of another length or sum.
    Infeasible, NotConverged
        As ``solve.solve``.

    Notes
    -----
    A supply below nothing is a withdrawal: walking down asks what it costs to give a unit away.

    Examples
    --------
    Two tonnes can be sold at 5 CNY, what is more must be thrown away at 1 CNY; exactly two are there.

    >>> from ferrolan.planning import Commodity, PlanProblem, marginal_value
    >>> slag = Commodity("slag", "steel", sell_price=5.0, sell_limit=2.0, dispose_cost=1.0, supply=(2.0,))
    >>> value = marginal_value(PlanProblem(("2026-04",), (slag,), (), ()), "slag")
    >>> value.left, value.right, value.valid_down
    (5.0, -1.0, 2.0)
    """
    compiled = problem if isinstance(problem, CompiledProblem) else compile(problem)
    shift = compiled.supply_shift(commodity, _profile(compiled.problem, commodity, profile))
    door = solver or Solver()
    found = base or solve(compiled, solver=door)
    walk = Walk(door, compiled.program, shift, found)
    distance = reach if reach is not None else _REACH * _size(compiled, found, commodity)
    down, up = walk.piece(-1.0, distance, ranges=ranges), walk.piece(1.0, distance, ranges=ranges)
    return MarginalValue(down.slope, up.slope, down.length, up.length, down.beyond, up.beyond)


def value_function(
    problem: PlanProblem | CompiledProblem,
    commodity: str,
    deltas: Sequence[float],
    *,
    profile: Sequence[float] | None = None,
    solver: Solver | None = None,
) -> Floats:
    """Optimal gain for each change of a commodity's supply [CNY], shape (deltas,).

    Minus infinity where there is no plan. ``deltas`` are amounts over the horizon [unit], spread by ``profile``.
    Raises ``ProblemError`` where one is not finite.
    """
    if not all(isfinite(delta) for delta in deltas):
        raise ProblemError(f"every change of the supply of {commodity!r} must be finite, got {tuple(deltas)}")
    compiled = problem if isinstance(problem, CompiledProblem) else compile(problem)
    shift = compiled.supply_shift(commodity, _profile(compiled.problem, commodity, profile))
    door = solver or Solver()
    return np.array([_value(door, compiled.program.moved(shift, float(delta))) for delta in deltas])


def profit_by_owner(compiled: CompiledProblem, solution: Solution) -> dict[str, float]:
    """Each owner's part of the gain, without payments for transfers [CNY]."""
    profits = dict.fromkeys(compiled.problem.owners, 0.0)
    for block in compiled.program.columns.values():
        gains = (block.grid(compiled.program.gain) * block.grid(solution.x)).sum(axis=1)
        for owner, gain in zip(block.owners, gains, strict=True):
            profits[owner] += float(gain)
    return profits


def _value(solver: Solver, program: Program) -> float:
    try:
        return solver.solve(program).objective
    except Infeasible:
        return -inf


def _profile(problem: PlanProblem, commodity: str, profile: Sequence[float] | None) -> tuple[float, ...]:
    if commodity not in problem.commodity_number:
        raise ProblemError(f"unknown commodity {commodity!r}; known are {', '.join(problem.commodity_number)}")
    months = len(problem.months)
    if profile is None:
        return (1.0 / months,) * months
    if len(profile) != months or abs(sum(profile) - 1.0) > 1e-9:
        raise ProblemError(f"the profile must have {months} shares that sum to 1, got {tuple(profile)}")
    return tuple(float(share) for share in profile)


def _size(compiled: CompiledProblem, solution: Solution, commodity: str) -> float:
    """The most of what the plan moves of a commodity, its units could and its markets would; at least 1 [unit]."""
    problem = compiled.problem
    one = problem.commodities[problem.commodity_number[commodity]]
    markets = (len(problem.months) * limit for limit in (one.buy_limit, one.sell_limit) if isfinite(limit))
    amounts = _amounts(compiled, solution)
    number = problem.commodity_number[commodity]
    comes = sum(float(np.abs(amounts[name][number]).sum()) for name in ("made", "supplied", "bought", "received"))
    possible = (
        abs(mode.coefficients.get(commodity, 0.0))
        / mode.load
        * sum(problem.units[problem.unit_number[mode.unit]].capacity)
        for mode in problem.modes
    )
    return max(1.0, comes, *possible, *markets)


def _amounts(compiled: CompiledProblem, solution: Solution) -> dict[str, Floats]:
    """Every column of PLAN_FLOWS with an amount, shape (commodities, months)."""
    problem, columns = compiled.problem, compiled.program.columns
    number = problem.commodity_number
    runs = columns["throughput"].grid(solution.x)
    coefficients = np.zeros((len(problem.commodities), len(problem.modes)))
    for mode, one in enumerate(problem.modes):
        for name, coefficient in one.coefficients.items():
            coefficients[number[name], mode] = coefficient
    amounts = {"made": np.maximum(coefficients, 0.0) @ runs, "used": np.maximum(-coefficients, 0.0) @ runs}
    amounts["supplied"] = supply_of(problem)
    ends = {"bought": ("buy", 0), "sold": ("sell", 0), "disposed": ("dispose", 0), "closing": ("stock", 0)}
    for name, (block, end) in {**ends, "sent": ("transfer", 0), "received": ("transfer", 1)}.items():
        amounts[name] = np.zeros((len(problem.commodities), len(problem.months)))
        grid = columns[block].grid(solution.x)
        for item, values in zip(columns[block].items, grid, strict=True):
            amounts[name][number[item[end]]] += values
    first = np.array([[one.stock_opening] for one in problem.commodities]).reshape(-1, 1)
    amounts["opening"] = np.hstack([first, amounts["closing"][:, :-1]])
    return amounts


def _flows(compiled: CompiledProblem, solution: Solution) -> pl.DataFrame:
    problem = compiled.problem
    count, months = len(problem.commodities), len(problem.months)
    amounts = _amounts(compiled, solution)
    amounts["price"] = compiled.program.rows["balance"].grid(solution.row_duals)
    named = {
        "month": [month for month in problem.months for _ in range(count)],
        "commodity": [one.name for one in problem.commodities] * months,
        "owner": [one.owner for one in problem.commodities] * months,
        "unit": [one.unit for one in problem.commodities] * months,
    }
    numbers = {name: values.T.ravel() + 0.0 for name, values in amounts.items()}
    return PLAN_FLOWS.check(pl.DataFrame({**named, **numbers}, schema_overrides=PLAN_FLOWS.schema))


def _activities(compiled: CompiledProblem, solution: Solution) -> pl.DataFrame:
    problem = compiled.problem
    count, months = len(problem.modes), len(problem.months)
    units = [problem.units[problem.unit_number[mode.unit]] for mode in problem.modes]
    capacity = np.array([unit.capacity for unit in units], dtype=np.float64).reshape(count, months)
    frame = pl.DataFrame(
        {
            "month": [month for month in problem.months for _ in range(count)],
            "unit": [mode.unit for mode in problem.modes] * months,
            "mode": [mode.name for mode in problem.modes] * months,
            "owner": [mode.owner for mode in problem.modes] * months,
            "throughput": compiled.program.columns["throughput"].grid(solution.x).T.ravel() + 0.0,
            "capacity": capacity.T.ravel(),
            "throughput_unit": [unit.throughput_unit for unit in units] * months,
        },
        schema=PLAN_ACTIVITIES.schema,
    )
    return PLAN_ACTIVITIES.check(frame)


def _priced_limits(compiled: CompiledProblem, solver: Solver, solution: Solution) -> pl.DataFrame:
    rows = [_priced(compiled, solver, solution, *found) for found in _touched(compiled, solver, solution)]
    worth = (pl.col("value_left") != 0.0) | (pl.col("value_right") != 0.0)
    used_up = (pl.col("used") - pl.col("limit_value")).abs() <= _AT_LIMIT * pl.col("limit_value").abs()
    unplannable = pl.col("value_left").is_null() | pl.col("value_right").is_null()
    something = pl.col("limit_value") != 0.0
    shown = something & (worth.fill_null(False) | used_up | unplannable) | ~something & (pl.col("value_right") > 0.0)
    frame = pl.DataFrame(rows, schema=PLAN_LIMITS.schema).filter(shown)
    order = [pl.col("money").abs(), pl.col("limit"), pl.col("kind")]
    return PLAN_LIMITS.check(frame.sort(order, descending=[True, False, False], nulls_last=True))


def _touched(compiled: CompiledProblem, solver: Solver, solution: Solution) -> Iterator[tuple[Limit, float]]:
    """Limits that the plan meets in at least one month, each with its size [unit]."""
    for limit in compiled.limits:
        distance = np.abs(limit.activity(solution.x, solution.activities) - limit.bounds)
        near = (distance <= _AT_LIMIT * np.maximum(1.0, np.abs(limit.bounds))) & np.isfinite(limit.bounds)
        if bool(near.any()):
            size = abs(limit.value) or (0.0 if limit.kind == "supply" else _wanted(compiled, solver, solution, limit))
            if size:
                yield limit, size


def _wanted(compiled: CompiledProblem, solver: Solver, solution: Solution, limit: Limit) -> float:
    """What the plan would use of a limit of nothing if it were free; 0 where that earns nothing [unit]."""
    bounds = np.concatenate([limit.bounds for limit in compiled.limits] or [np.ones(1)])
    free = _FREE * float(np.max(np.abs(bounds[np.isfinite(bounds)]), initial=1.0))
    try:
        freed = solver.solve(compiled.program.moved(limit.shift, free), solution.basis)
    except Infeasible:
        return 0.0  # more of it than can be moved: nothing can be said
    if freed.objective - solution.objective <= TOLERANCE * max(1.0, abs(freed.objective)):
        return 0.0
    return _used(limit, freed)


def _priced(
    compiled: CompiledProblem, solver: Solver, solution: Solution, limit: Limit, size: float
) -> dict[str, object]:
    walk = Walk(solver, compiled.program, limit.shift, solution)
    down = walk.piece(-1.0, _REACH * size if limit.kind == "supply" else size)
    up = walk.piece(1.0, _REACH * size)
    return {
        "limit": limit.name,
        "kind": limit.kind,
        "owner": limit.owner,
        "period": limit.period,
        "limit_value": limit.value,
        "used": _used(limit, solution),
        "unit": limit.unit,
        "value_left": _finite(down.slope),
        "value_right": _finite(up.slope),
        "valid_down": _finite(down.length) if limit.kind == "supply" else min(down.length, abs(limit.value)),
        "valid_up": _finite(up.length),
        "money": _finite(walk.value(0.01 * size) - solution.objective),
    }


def _used(limit: Limit, solution: Solution) -> float:
    """What a plan uses of a limit over its whole span [unit]."""
    activity = limit.activity(solution.x, solution.activities)
    return float(activity.sum() if limit.spread == "sum" else activity.max())


def _finite(value: float) -> float | None:
    """A number, or null where there is none; minus nought becomes nought."""
    return value + 0.0 if isfinite(value) else None


def _certificates(solution: Solution, solver: Solver) -> pl.DataFrame:
    proof = solution.certificate
    checks = [
        ("plan", "primal residual", proof.primal),
        ("plan", "dual residual", proof.dual),
        ("plan", "duality gap", proof.gap),
        (f"plan and {solver.solves - 1} variations of it", "worst residual of any solve", solver.worst),
    ]
    frame = pl.DataFrame(
        {
            "station": ["planning"] * len(checks),
            "problem": [check[0] for check in checks],
            "check": [check[1] for check in checks],
            "value": [float(check[2]) for check in checks],
            "tolerance": [TOLERANCE] * len(checks),
            "passed": [bool(check[2] <= TOLERANCE) for check in checks],
        }
    )
    return CERTIFICATES.check(frame)
