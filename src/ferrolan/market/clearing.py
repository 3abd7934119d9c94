"""What came of a market: prices, tonnages, and who gained what.

Example: a row says that China took 60,000 t/a of CeO2 at 7,000 CNY/t and discarded 12,000 t/a; another that the quota
holders of China gained 0.8 bn CNY/a. Producers' surplus is revenue less delivery, wedges, quota rent, mining and
disposal; the rent is the holders', the wedge the treasury's.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass
from typing import TypeVar

import polars as pl

from ferrolan.base.showing import Shown
from ferrolan.base.tables import MARKET, MARKET_PARTIES
from ferrolan.market.certificates import gross_benefit, mining_cost, resource_cost
from ferrolan.market.closure import deterrent_rents
from ferrolan.market.payments import payments
from ferrolan.market.problem import Good, MarketProblem, Route
from ferrolan.market.program import Point, Program

K = TypeVar("K", bound=Hashable)
PARTIES = ("consumers", "producers", "quota_holders", "treasury")
"""Parties of every region, in the order of the table."""


@dataclass(frozen=True)
class Clearing(Shown):
    """The answer of `ferrolan.market.equilibrium.clear`.

    Attributes
    ----------
    problem, scenario
        What was cleared, and its name in the tables.
    market, parties, certificates
        Frames with the schemas ``MARKET``, ``MARKET_PARTIES`` and ``CERTIFICATES``.
    prices
        By region and commodity with a demand [CNY/t]; the choke price, the most anybody would pay,
        where nothing is taken.
    flows
        Shipped by origin, destination and commodity, the way to the own market included [t/a].
    outputs, capacity_rents
        Throughput [t REO/a] and gain from one more tonne of capacity [CNY/t REO], by mine.
    gate_values
        Value of a tonne at the mines' gate by region and commodity [CNY/t]; minus the disposal cost in a glut.
    disposed
        Made and not sold, by region and commodity [t/a].
    rents
        Gain from one more unit of a group's limit [CNY per weighted t], by group: the quota rent; see
        `ferrolan.market.closure` for a limit of 0.
    welfare
        Gross benefit less resource cost, equal to the sum of all surpluses [CNY/a].
    status, iterations
        What the solver said of itself, and its iterations.
    """

    problem: MarketProblem
    scenario: str
    market: pl.DataFrame
    parties: pl.DataFrame
    certificates: pl.DataFrame
    prices: Mapping[Good, float]
    flows: Mapping[Route, float]
    outputs: Mapping[str, float]
    capacity_rents: Mapping[str, float]
    gate_values: Mapping[Good, float]
    disposed: Mapping[Good, float]
    rents: Mapping[str, float]
    welfare: float
    status: str
    iterations: int


def tabulate(
    problem: MarketProblem,
    program: Program,
    point: Point,
    *,
    scenario: str,
    status: str,
    iterations: int,
    certificates: pl.DataFrame,
) -> Clearing:
    """Give a point of a program its names, in the order in which the problem lists them."""
    z, value = point.z.tolist(), point.value.tolist()
    wanted = [(demand.region, demand.commodity) for demand in program.demands]
    mines = [mine.name for mine in program.mines]
    choke = [demand.intercept for demand in program.demands]
    prices = dict(zip(wanted, map(min, value, choke), strict=False))
    gates = dict(zip(program.sellers, value[len(wanted) :], strict=True))
    found = _Found(
        prices=prices,
        taken=dict(zip(wanted, z[program.taken], strict=True)),
        flows=_ordered([arc.route for arc in problem.routes], [a.route for a in program.routes], z[program.shipped]),
        outputs=_ordered([mine.name for mine in problem.mines], mines, z[program.dug]),
        disposed=dict(zip(program.sellers, z[program.discarded], strict=True)),
        rents=_rents(problem, program, point, prices, gates),
    )
    return Clearing(
        problem=problem,
        scenario=scenario,
        market=_market(problem, found, scenario),
        parties=_parties(problem, program, point, found, scenario),
        certificates=certificates,
        prices=found.prices,
        flows=found.flows,
        outputs=found.outputs,
        capacity_rents=_ordered(list(found.outputs), mines, point.upper[program.dug].tolist()),
        gate_values=gates,
        disposed=found.disposed,
        rents=found.rents,
        welfare=float(gross_benefit(program, point).sum()) - resource_cost(program, point),
        status=status,
        iterations=iterations,
    )


@dataclass(frozen=True)
class _Found:
    prices: dict[Good, float]
    taken: dict[Good, float]
    flows: dict[Route, float]
    outputs: dict[str, float]
    disposed: dict[Good, float]
    rents: dict[str, float]


def _rents(
    problem: MarketProblem, program: Program, point: Point, prices: dict[Good, float], gates: dict[Good, float]
) -> dict[str, float]:
    """Rents of all groups: 0 without a limit, the dual of a limit, the deterrent rent of a limit of 0."""
    duals = {group.name: rent for group, rent in zip(program.groups, point.rent.tolist(), strict=True)}
    known = {group.name: 0.0 for group in problem.groups} | duals
    return known | deterrent_rents(problem, prices, gates, known)


def _ordered(order: Iterable[K], names: Iterable[K], values: Iterable[float]) -> dict[K, float]:
    """Values in the order of the problem; 0 for what is closed or made nowhere."""
    known = dict(zip(names, values, strict=True))
    return {name: known.get(name, 0.0) for name in order}


def _market(problem: MarketProblem, found: _Found, scenario: str) -> pl.DataFrame:
    made, exported = _made(problem, found), _net_exports(found)
    goods = [(region, commodity) for region in problem.regions for commodity in problem.commodities]
    rows = [
        (
            scenario,
            *good,
            found.prices.get(good),
            found.taken.get(good, 0.0),
            made.get(good, 0.0),
            exported.get(good, 0.0),
            found.disposed.get(good, 0.0),
        )
        for good in goods
    ]
    return MARKET.check(pl.DataFrame(rows, schema=MARKET.schema, orient="row"))


def _made(problem: MarketProblem, found: _Found) -> dict[Good, float]:
    made: dict[Good, float] = {}
    for mine in sorted(problem.mines, key=lambda mine: mine.name):
        for commodity, share in mine.yields.items():
            good = mine.region, commodity
            made[good] = made.get(good, 0.0) + share * found.outputs[mine.name]
    return made


def _net_exports(found: _Found) -> dict[Good, float]:
    exported: dict[Good, float] = {}
    for (origin, destination, commodity), tonnes in sorted(found.flows.items()):
        for good, sign in (((origin, commodity), 1.0), ((destination, commodity), -1.0)):
            if origin != destination:
                exported[good] = exported.get(good, 0.0) + sign * tonnes
    return exported


def _parties(problem: MarketProblem, program: Program, point: Point, found: _Found, scenario: str) -> pl.DataFrame:
    surplus = {(region, party): 0.0 for region in problem.regions for party in PARTIES}
    for region, party, amount in _surpluses(problem, program, point, found):
        surplus[region, party] += amount
    rows = [(scenario, region, party, amount) for (region, party), amount in surplus.items()]
    return MARKET_PARTIES.check(pl.DataFrame(rows, schema=MARKET_PARTIES.schema, orient="row"))


def _surpluses(
    problem: MarketProblem, program: Program, point: Point, found: _Found
) -> Iterable[tuple[str, str, float]]:
    for demand, gross in zip(program.demands, gross_benefit(program, point).tolist(), strict=True):
        good = demand.region, demand.commodity
        yield demand.region, "consumers", gross - found.prices[good] * found.taken[good]
    for arc in program.routes:
        net = found.prices[arc.destination, arc.commodity] - arc.cost
        yield arc.origin, "producers", net * found.flows[arc.route]
    for mine, cost in zip(program.mines, mining_cost(program, point).tolist(), strict=True):
        yield mine.region, "producers", -cost
    for (region, _), tonnes in sorted(found.disposed.items()):
        yield region, "producers", -problem.disposal_cost * tonnes
    for payment in payments(problem, found.flows, found.outputs, found.rents):
        yield payment.payer, "producers", -payment.amount
        yield payment.receiver, payment.party, payment.amount
