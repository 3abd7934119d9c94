"""A market written as one convex quadratic program.

Maximising gross benefit less all costs finds the prices at which nobody can gain by shipping, digging or discarding
otherwise (Samuelson 1952; Takayama and Judge 1971). Hashimoto's term ``theta b x^2 / 2`` (1985) makes a seller see that
his sales depress the price. Example: for one mine of two products the columns are two quantities taken, two sales, one
throughput and two discards.

minimise   1/2 z' H z + c' z      z = (taken Q | shipped x | dug y | discarded w) >= 0, y <= capacity
subject to Q_rk - sum_s x_srk = 0                       dual: price p_rk
           sum_r x_srk + w_sk - sum_m Y_mk y_m = 0      dual: mine-gate value sigma_sk
           sum_G omega z <= B_G                         dual: rent lambda_G
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Mapping
from dataclasses import dataclass, replace
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from ferrolan.market.closure import open_arcs, open_groups, open_mines
from ferrolan.market.problem import Arc, Demand, Group, MarketProblem, Mine, Route

K = TypeVar("K", bound=Hashable)
Vector = NDArray[np.float64]


@dataclass(frozen=True)
class Program:
    """The arrays of a market in CNY and t, their meaning, and the scales a solver needs.

    Parts are sorted by name, so the order in which a problem lists them changes nothing.

    Attributes
    ----------
    hessian, cost, upper
        Diagonal of H, c, and upper bounds of the columns (n,); CNY/t per t/a, CNY/t, t/a.
    balance
        Market rows, then seller rows (m, n); right-hand side 0.
    limits, limit
        Rows and right-hand sides of the groups with a finite limit (g, n), (g,).
    demands, routes, mines, sellers, groups
        What the columns and rows mean: columns are demands, routes, mines, sellers; rows demands and sellers, groups.
        Only what is open.
    column_scale, row_scale, limit_scale, money
        Typical tonnage of a column (n,), of a row (m,), of a group (g,), and typical money of the market [CNY/a].
    """

    hessian: Vector
    cost: Vector
    upper: Vector
    balance: sparse.csc_array
    limits: sparse.csc_array
    limit: Vector
    demands: tuple[Demand, ...]
    routes: tuple[Arc, ...]
    mines: tuple[Mine, ...]
    sellers: tuple[tuple[str, str], ...]
    groups: tuple[Group, ...]
    column_scale: Vector
    row_scale: Vector
    limit_scale: Vector
    money: float

    @property
    def taken(self) -> slice:
        """Columns of the quantities taken."""
        return slice(0, len(self.demands))

    @property
    def shipped(self) -> slice:
        """Columns of the shipments."""
        return slice(self.taken.stop, self.taken.stop + len(self.routes))

    @property
    def dug(self) -> slice:
        """Columns of the throughputs."""
        return slice(self.shipped.stop, self.shipped.stop + len(self.mines))

    @property
    def discarded(self) -> slice:
        """Columns of the discards."""
        return slice(self.dug.stop, self.dug.stop + len(self.sellers))


@dataclass(frozen=True)
class Point:
    """A primal and dual point of a program, in t/a and CNY/t.

    Attributes
    ----------
    z
        Columns (n,).
    value
        Duals of the balance rows: market prices, then mine-gate values (m,).
    rent
        Duals of the limits (g,), at least 0.
    lower, upper
        Duals of z >= 0 and of z <= upper (n,), at least 0.
    """

    z: Vector
    value: Vector
    rent: Vector
    lower: Vector
    upper: Vector


def build(problem: MarketProblem) -> Program:
    """Write ``problem`` as arrays.

    Parameters
    ----------
    problem
        A checked market.

    Returns
    -------
    Program
        In CNY, t and years, unscaled; the scales stand beside the arrays. Groups that cannot bind get no
        row; what a limit of 0 closes, and arcs from where nothing is made, get no column.
    """
    demands = tuple(sorted(problem.demands, key=lambda demand: (demand.region, demand.commodity)))
    mines = tuple(sorted(open_mines(problem), key=lambda mine: mine.name))
    sellers = _sellers(mines)
    routes = _routes(problem, frozenset(sellers))
    groups = _binding(problem, demands, routes, mines)
    wanted = _wanted(demands)
    digging = [_throughput_scale(mine, wanted) for mine in mines]
    tonnes = _commodity_scale(wanted, mines, digging)
    goods = [demand.commodity for demand in demands] + [commodity for _, commodity in sellers]
    limits = _limits(groups, demands, routes, mines, len(sellers))
    columns = [tonnes[demand.commodity] for demand in demands] + [tonnes[arc.commodity] for arc in routes]
    columns += digging + [tonnes[commodity] for _, commodity in sellers]
    column_scale = np.array(columns)
    return Program(
        hessian=_hessian(problem, demands, routes, mines, len(sellers)),
        cost=_cost(problem, demands, routes, mines, len(sellers)),
        upper=_upper(len(demands) + len(routes), mines, len(sellers)),
        balance=_balance(demands, routes, mines, sellers),
        limits=limits,
        limit=np.array([group.limit for group in groups]),
        demands=demands,
        routes=routes,
        mines=mines,
        sellers=sellers,
        groups=groups,
        column_scale=column_scale,
        row_scale=np.array([tonnes[commodity] for commodity in goods]),
        limit_scale=_limit_scale(limits, column_scale),
        money=max(demand.intercept * tonnes[demand.commodity] for demand in demands),
    )


def _sellers(mines: tuple[Mine, ...]) -> tuple[tuple[str, str], ...]:
    return tuple(sorted({(mine.region, good) for mine in mines for good, share in mine.yields.items() if share > 0.0}))


def _routes(problem: MarketProblem, sellers: frozenset[tuple[str, str]]) -> tuple[Arc, ...]:
    """Open arcs from where something is made; any other would leave its gate value undetermined."""
    sold = (arc for arc in open_arcs(problem) if (arc.origin, arc.commodity) in sellers)
    return tuple(sorted(sold, key=lambda arc: arc.route))


def scaled(program: Program) -> Program:
    """Return the program in typical tonnages and the typical money of the market, so that all is of order 1."""
    tonnes, rows, limits = program.column_scale, program.row_scale, program.limit_scale
    column = sparse.diags_array(tonnes)
    return replace(
        program,
        hessian=program.hessian * tonnes**2 / program.money,
        cost=program.cost * tonnes / program.money,
        upper=program.upper / tonnes,
        balance=sparse.csc_array(sparse.diags_array(1.0 / rows) @ program.balance @ column),
        limits=sparse.csc_array(sparse.diags_array(1.0 / limits) @ program.limits @ column),
        limit=program.limit / limits,
    )


def unscaled(program: Program, point: Point) -> Point:
    """Return a point of the scaled program in t/a and CNY/t."""
    money, tonnes = program.money, program.column_scale
    return Point(
        z=np.minimum(point.z * tonnes, program.upper),
        value=point.value * money / program.row_scale,
        rent=point.rent * money / program.limit_scale,
        lower=point.lower * money / tonnes,
        upper=point.upper * money / tonnes,
    )


def _binding(
    problem: MarketProblem, demands: tuple[Demand, ...], routes: tuple[Arc, ...], mines: tuple[Mine, ...]
) -> tuple[Group, ...]:
    """Groups whose limit could ever be reached; a row far from its limit only blurs the duality gap."""
    if not problem.groups:
        return ()
    most = _largest_shipments(problem, demands, routes)
    capacity = {mine.name: mine.capacity for mine in mines}
    return tuple(
        group
        for group in sorted(open_groups(problem), key=lambda group: group.name)
        if _reach(group.sales, most) + _reach(group.mines, capacity) > group.limit
    )


def _largest_shipments(
    problem: MarketProblem, demands: tuple[Demand, ...], routes: tuple[Arc, ...]
) -> dict[Route, float]:
    """What would be taken by each route if the good cost only its delivery less what its disposal saves [t/a]."""
    wants = {(demand.region, demand.commodity): demand for demand in demands}
    most = {}
    for arc in routes:
        demand = wants[arc.destination, arc.commodity]
        least_price = _delivered(problem, arc) - problem.disposal_cost
        most[arc.route] = max(0.0, (demand.intercept - least_price) / demand.slope)
    return most


def _reach(weights: Mapping[K, float], most: Mapping[K, float]) -> float:
    return math.fsum(weight * most[key] for key, weight in weights.items() if weight > 0.0 and key in most)


def _throughput_scale(mine: Mine, wanted: Mapping[str, float]) -> float:
    """Throughput that would feed all demand at price 0, or the capacity if that is less."""
    needed = [wanted[good] / share for good, share in mine.yields.items() if good in wanted and share > 0.0]
    scale = min(mine.capacity, max(needed, default=mine.capacity))
    return scale if math.isfinite(scale) else 1.0


def _commodity_scale(wanted: Mapping[str, float], mines: tuple[Mine, ...], digging: list[float]) -> dict[str, float]:
    """Tonnage of each commodity: what would be taken at price 0, or what can be made if that is less."""
    made: dict[str, float] = {}
    for mine, scale in zip(mines, digging, strict=True):
        for good in sorted(mine.yields):
            made[good] = made.get(good, 0.0) + mine.yields[good] * scale
    goods = sorted(set(wanted) | set(made))
    known = {good: [tonnes[good] for tonnes in (wanted, made) if tonnes.get(good, 0.0) > 0.0] for good in goods}
    return {good: min(values, default=1.0) for good, values in known.items()}


def _wanted(demands: tuple[Demand, ...]) -> dict[str, float]:
    wanted: dict[str, float] = {}
    for demand in demands:
        wanted[demand.commodity] = wanted.get(demand.commodity, 0.0) + demand.intercept / demand.slope
    return wanted


def _limit_scale(limits: sparse.csc_array, column_scale: Vector) -> Vector:
    if limits.shape[0] == 0:
        return np.empty(0)
    largest = np.asarray(abs(limits * column_scale).max(axis=1).todense(), dtype=np.float64).ravel()
    return np.where(largest > 0.0, largest, 1.0)


def _hessian(
    problem: MarketProblem, demands: tuple[Demand, ...], routes: tuple[Arc, ...], mines: tuple[Mine, ...], sellers: int
) -> Vector:
    slope = {(demand.region, demand.commodity): demand.slope for demand in demands}
    conduct = [problem.conduct.get(arc.origin, 0.0) * slope[arc.destination, arc.commodity] for arc in routes]
    return np.array([d.slope for d in demands] + conduct + [m.cost_slope for m in mines] + [0.0] * sellers)


def _cost(
    problem: MarketProblem, demands: tuple[Demand, ...], routes: tuple[Arc, ...], mines: tuple[Mine, ...], sellers: int
) -> Vector:
    delivery = [_delivered(problem, arc) for arc in routes]
    benefit = [-demand.intercept for demand in demands]
    return np.array(benefit + delivery + [mine.cost for mine in mines] + [problem.disposal_cost] * sellers)


def _delivered(problem: MarketProblem, arc: Arc) -> float:
    return math.fsum([arc.cost, *(wedge.rate for wedge in problem.wedges if wedge.route == arc.route)])


def _upper(unbounded: int, mines: tuple[Mine, ...], sellers: int) -> Vector:
    return np.array([math.inf] * unbounded + [mine.capacity for mine in mines] + [math.inf] * sellers)


def _balance(
    demands: tuple[Demand, ...], routes: tuple[Arc, ...], mines: tuple[Mine, ...], sellers: tuple[tuple[str, str], ...]
) -> sparse.csc_array:
    market = {(demand.region, demand.commodity): row for row, demand in enumerate(demands)}
    seller = {name: len(demands) + row for row, name in enumerate(sellers)}
    first_mine, first_discard = len(demands) + len(routes), len(demands) + len(routes) + len(mines)
    entries = [(row, row, 1.0) for row in range(len(demands))]
    for column, arc in enumerate(routes, start=len(demands)):
        entries.append((market[arc.destination, arc.commodity], column, -1.0))
        entries.append((seller[arc.origin, arc.commodity], column, 1.0))
    for column, mine in enumerate(mines, start=first_mine):
        entries += [(seller[mine.region, good], column, -share) for good, share in mine.yields.items() if share > 0.0]
    entries += [(len(demands) + row, first_discard + row, 1.0) for row in range(len(sellers))]
    return _csc(entries, (len(demands) + len(sellers), first_discard + len(sellers)))


def _limits(
    groups: tuple[Group, ...],
    demands: tuple[Demand, ...],
    routes: tuple[Arc, ...],
    mines: tuple[Mine, ...],
    sellers: int,
) -> sparse.csc_array:
    route = {arc.route: column for column, arc in enumerate(routes, start=len(demands))}
    mine = {item.name: column for column, item in enumerate(mines, start=len(demands) + len(routes))}
    entries = [
        (row, route[key], weight)
        for row, group in enumerate(groups)
        for key, weight in group.sales.items()
        if key in route
    ]
    entries += [
        (row, mine[key], weight)
        for row, group in enumerate(groups)
        for key, weight in group.mines.items()
        if key in mine
    ]
    return _csc(entries, (len(groups), len(demands) + len(routes) + len(mines) + sellers))


def _csc(entries: list[tuple[int, int, float]], shape: tuple[int, int]) -> sparse.csc_array:
    rows = np.array([entry[0] for entry in entries], dtype=np.int32)
    columns = np.array([entry[1] for entry in entries], dtype=np.int32)
    values = np.array([entry[2] for entry in entries], dtype=np.float64)
    matrix = sparse.csc_array((values, (rows, columns)), shape=shape)
    matrix.sum_duplicates()
    return matrix
