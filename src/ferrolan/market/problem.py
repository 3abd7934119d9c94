"""A market as its traders see it: who wants what, who digs what, what the way costs, what governments add.

Example: a mine in China yields 0.25 t CeO2 and 0.2 t PrNd oxide per t REO; both are sold at home or shipped abroad,
and what nobody takes is discarded. One year, linear demand p = a - b Q, supply c + d y up to a capacity. Units: t, t/a,
CNY/t. Prices are without VAT. Constructing a problem checks it; every fault is named in one ``ProblemError``.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from ferrolan.base.errors import ProblemError

Good = tuple[str, str]
"""Region and commodity."""
Route = tuple[str, str, str]
"""Origin region, destination region, commodity."""


@dataclass(frozen=True)
class Demand:
    """What one region takes of one commodity: p = a - b Q.

    Parameters
    ----------
    region, commodity
        The market.
    intercept
        a, the price at which nothing is taken [CNY/t]; above 0.
    slope
        b, the fall of the price per tonne a year more [CNY/t per t/a]; above 0.
    """

    region: str
    commodity: str
    intercept: float
    slope: float

    @classmethod
    def through(cls, region: str, commodity: str, price: float, quantity: float, elasticity: float) -> Demand:
        """Linear demand through one observed point: b = p / (e Q), a = p + b Q.

        Parameters
        ----------
        region, commodity
            The market.
        price
            Observed price [CNY/t].
        quantity
            Observed consumption [t/a].
        elasticity
            Own-price elasticity at that point as a positive number, -dQ/dp p/Q [1].

        Returns
        -------
        Demand
            Passes through the point with the elasticity there; it falls along the line towards more quantity.

        Raises
        ------
        ProblemError
            If price, quantity or elasticity is not finite and above 0.

        Examples
        --------
        >>> Demand.through("China", "CeO2", price=10.0, quantity=50.0, elasticity=0.5)
        Demand(region='China', commodity='CeO2', intercept=30.0, slope=0.4)
        """
        point = {"price": price, "quantity": quantity, "elasticity": elasticity}
        _raise_all(
            f"demand[{region}, {commodity}].{name}: expected a finite value above 0, got {value!r}."
            for name, value in point.items()
            if not _positive(value)
        )
        slope = price / (elasticity * quantity)
        return cls(region, commodity, intercept=price + slope * quantity, slope=slope)


@dataclass(frozen=True)
class Mine:
    """A source of an ore basket in fixed proportions, with marginal cost c + d y up to its capacity.

    Parameters
    ----------
    name, region
        The mine and where it sells from.
    yields
        Commodity made per tonne of throughput [t/t REO].
    cost
        c, marginal cost at zero output [CNY/t REO]; below 0 only with a finite capacity (a credit for iron).
    cost_slope
        d, rise of the marginal cost [CNY/t REO per t REO/a]; at least 0.
    capacity
        Largest throughput [t REO/a]; ``math.inf`` where nothing limits it.
    """

    name: str
    region: str
    yields: Mapping[str, float]
    cost: float
    cost_slope: float
    capacity: float


@dataclass(frozen=True)
class Arc:
    """A way to ship one commodity from one region to another at a cost [CNY/t].

    A region's way to its own market costs 0 and need not be declared; an arc from a region to itself overrides that.
    """

    origin: str
    destination: str
    commodity: str
    cost: float

    @property
    def route(self) -> Route:
        """Origin, destination and commodity."""
        return self.origin, self.destination, self.commodity


@dataclass(frozen=True)
class Wedge:
    """A payment per tonne on a route to a treasury [CNY/t]; below 0 for a subsidy. Added by instruments."""

    name: str
    route: Route
    rate: float
    treasury: str


@dataclass(frozen=True)
class Group:
    """A limit on a weighted sum of shipments and mine throughputs, whose rent goes to holders in ``region``.

    ``sum(sales[route] * shipped) + sum(mines[mine] * throughput) <= limit``. Added by instruments.

    Parameters
    ----------
    name, region
        The group, and the region of the quota holders.
    limit
        In the unit of the weighted sum, e.g. gross t/a; ``math.inf`` limits nothing.
    sales
        Weight of a route, e.g. gross t per t REO [1]; at least 0.
    mines
        Weight of a mine's throughput [1]; at least 0.
    """

    name: str
    region: str
    limit: float
    sales: Mapping[Route, float] = field(default_factory=dict)
    mines: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class MarketProblem:
    """One year of a market.

    Parameters
    ----------
    regions, commodities
        Names; every other part refers to these.
    demands
        At most one per region and commodity.
    mines
        All mines of a region sell together, as one seller.
    arcs
        Ways between regions; see `Arc` for the way to the own market.
    disposal_cost
        Cost of discarding a tonne of any commodity [CNY/t]; at least 0.
    conduct
        theta of a seller region: 0 takes prices, 1 is Cournot, between them a conjectural variation [1]. Absent is 0.
    wedges, groups
        What instruments add.

    Raises
    ------
    ProblemError
        With every fault, if names are unknown or double, or numbers have no meaning.
    """

    regions: tuple[str, ...]
    commodities: tuple[str, ...]
    demands: tuple[Demand, ...]
    mines: tuple[Mine, ...]
    arcs: tuple[Arc, ...] = ()
    disposal_cost: float = 0.0
    conduct: Mapping[str, float] = field(default_factory=dict)
    wedges: tuple[Wedge, ...] = ()
    groups: tuple[Group, ...] = ()

    def __post_init__(self) -> None:
        """Check the whole problem and name every fault at once."""
        _raise_all(_faults(self))

    @property
    def routes(self) -> tuple[Arc, ...]:
        """The declared arcs and every undeclared way from a seller to its own market, at cost 0."""
        declared = {arc.route for arc in self.arcs}
        wanted = {(demand.region, demand.commodity) for demand in self.demands}
        made = {(mine.region, commodity) for mine in self.mines for commodity in mine.yields}
        home = sorted((region, region, commodity) for region, commodity in wanted & made)
        return self.arcs + tuple(Arc(*route, cost=0.0) for route in home if route not in declared)


def _raise_all(faults: Iterable[str]) -> None:
    listed = list(faults)
    if listed:
        raise ProblemError("the market cannot be posed:\n" + "\n".join(f"- {fault}" for fault in listed))


def _faults(problem: MarketProblem) -> Iterator[str]:
    yield from _double_names(problem)
    yield from _demand_faults(problem)
    yield from _mine_faults(problem)
    yield from _arc_faults(problem)
    yield from _wedge_faults(problem)
    yield from _group_faults(problem)
    yield from _conduct_faults(problem)
    yield from _number("disposal_cost", problem.disposal_cost, "CNY/t", least=0.0)


def _double_names(problem: MarketProblem) -> Iterator[str]:
    kinds: dict[str, list[object]] = {
        "region": list(problem.regions),
        "commodity": list(problem.commodities),
        "demand": [(demand.region, demand.commodity) for demand in problem.demands],
        "mine": [mine.name for mine in problem.mines],
        "arc": [arc.route for arc in problem.arcs],
        "wedge": [(wedge.name, wedge.route) for wedge in problem.wedges],
        "group": [group.name for group in problem.groups],
    }
    for kind, names in kinds.items():
        for name, count in Counter(names).items():
            if count > 1:
                yield f"{kind} {_shown(name)}: expected once, got {count} times. Keep one of them."
    for kind in ("region", "commodity", "demand", "mine"):
        if not kinds[kind]:
            yield f"{kind}: expected at least one, got none. A market needs somebody on either side."


def _demand_faults(problem: MarketProblem) -> Iterator[str]:
    made = {commodity for mine in problem.mines for commodity, share in mine.yields.items() if share > 0.0}
    for demand in problem.demands:
        where = f"demand[{demand.region}, {demand.commodity}]"
        yield from _known(where, problem, region=demand.region, commodity=demand.commodity)
        yield from _number(f"{where}.intercept", demand.intercept, "CNY/t", above=0.0)
        yield from _number(f"{where}.slope", demand.slope, "CNY/t per t/a", above=0.0)
        if problem.mines and demand.commodity in problem.commodities and demand.commodity not in made:
            yield (
                f"{where}: expected a mine that yields {demand.commodity}, got none, so nobody can serve it. "
                "Add a mine or drop the demand."
            )


def _mine_faults(problem: MarketProblem) -> Iterator[str]:
    for mine in problem.mines:
        where = f"mine[{mine.name}]"
        yield from _known(where, problem, region=mine.region)
        for commodity, share in mine.yields.items():
            yield from _known(f"{where}.yields", problem, commodity=commodity)
            yield from _number(f"{where}.yields[{commodity}]", share, "t/t REO", least=0.0)
        if not any(share > 0.0 for share in mine.yields.values()):
            yield f"{where}.yields: expected at least one yield above 0, got none. Give the ore basket."
        yield from _number(f"{where}.cost", mine.cost, "CNY/t REO")
        yield from _number(f"{where}.cost_slope", mine.cost_slope, "CNY/t REO per t REO/a", least=0.0)
        yield from _number(f"{where}.capacity", mine.capacity, "t REO/a", above=0.0, finite=False)
        if mine.cost < 0.0 and math.isinf(mine.capacity):
            yield f"{where}.cost: expected at least 0 without a capacity, got {mine.cost!r}. Give the capacity."


def _arc_faults(problem: MarketProblem) -> Iterator[str]:
    wanted = {(demand.region, demand.commodity) for demand in problem.demands}
    for arc in problem.arcs:
        where = f"arc[{_shown(arc.route)}]"
        unknown = list(_known(where, problem, region=arc.origin, commodity=arc.commodity))
        unknown += _known(where, problem, region=arc.destination)
        yield from unknown
        if not unknown and (arc.destination, arc.commodity) not in wanted:
            wanted_there = f"a demand for {arc.commodity} in {arc.destination}"
            yield f"{where}: expected {wanted_there}, got none. Add it or drop the arc."
        yield from _number(f"{where}.cost", arc.cost, "CNY/t", least=0.0)


def _wedge_faults(problem: MarketProblem) -> Iterator[str]:
    routes = {arc.route for arc in problem.routes}
    for wedge in problem.wedges:
        where = f"wedge[{wedge.name}, {_shown(wedge.route)}]"
        yield from _known(where, problem, region=wedge.treasury)
        yield from _number(f"{where}.rate", wedge.rate, "CNY/t")
        if wedge.route not in routes:
            yield f"{where}: expected a route of the problem, got none like it. Declare the arc."


def _group_faults(problem: MarketProblem) -> Iterator[str]:
    routes = {arc.route for arc in problem.routes}
    mines = {mine.name for mine in problem.mines}
    for group in problem.groups:
        where = f"group[{group.name}]"
        yield from _known(where, problem, region=group.region)
        yield from _number(f"{where}.limit", group.limit, "weighted t/a", least=0.0, finite=False)
        for route, weight in group.sales.items():
            yield from _number(f"{where}.sales[{_shown(route)}]", weight, "weighted t per t", least=0.0)
            if route not in routes:
                yield f"{where}.sales[{_shown(route)}]: expected a route of the problem, got none like it."
        for mine, weight in group.mines.items():
            yield from _number(f"{where}.mines[{mine}]", weight, "weighted t per t REO", least=0.0)
            if mine not in mines:
                yield f"{where}.mines[{mine}]: expected a mine of the problem, got none of that name."


def _conduct_faults(problem: MarketProblem) -> Iterator[str]:
    for region, theta in problem.conduct.items():
        yield from _known("conduct", problem, region=region)
        yield from _number(f"conduct[{region}]", theta, "1", least=0.0)


def _known(
    where: str, problem: MarketProblem, *, region: str | None = None, commodity: str | None = None
) -> Iterator[str]:
    if region is not None and region not in problem.regions:
        yield f"{where}: expected one of the regions {_listed(problem.regions)}, got {region!r}."
    if commodity is not None and commodity not in problem.commodities:
        yield f"{where}: expected one of the commodities {_listed(problem.commodities)}, got {commodity!r}."


def _number(
    where: str,
    value: float,
    unit: str,
    *,
    above: float = -math.inf,
    least: float = -math.inf,
    finite: bool = True,
) -> Iterator[str]:
    bound = f" above {above:g}" if above > -math.inf else f" of at least {least:g}" if least > -math.inf else ""
    if math.isnan(value) or (finite and math.isinf(value)) or value <= above or value < least:
        yield f"{where}: expected a {'finite ' if finite else ''}number{bound} [{unit}], got {value!r}."


def _positive(value: float) -> bool:
    return math.isfinite(value) and value > 0.0


def _listed(names: tuple[str, ...]) -> str:
    return ", ".join(repr(name) for name in names)


def _shown(name: object) -> str:
    return " -> ".join(name[:-1]) + f", {name[-1]}" if isinstance(name, tuple) else repr(name)
