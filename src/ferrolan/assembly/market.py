"""Document becomes a market of regions: ore baskets in fixed proportions, linear demands, scenarios of policy.

Two regions have two reference prices of one oxide: 752,212 CNY/t of Pr-Nd oxide at home, 801,658 abroad. Freight
explains little of it; where exports are controlled the rest is taken as the cost of licences on that commodity's way
out, so that the base reproduces both. As a cost it is nobody's income; who gains by a licence is a question of an
instrument. Quantities are declared, so the base's exports are an input; what an instrument changes is the result.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from ferrolan.assembly.plan import HOURS_PER_YEAR, money, net_price
from ferrolan.enterprise.document import Enterprise
from ferrolan.enterprise.policies import Scenario
from ferrolan.market import Arc, Clearing, Demand, MarketProblem, Mine, apply
from ferrolan.market.instrument import Instrument
from ferrolan.market.instruments.export_quota import ExportQuota
from ferrolan.market.instruments.production_quota import ProductionQuota
from ferrolan.market.instruments.tariff import Tariff


def market_problem(
    document: Enterprise, *, demand: Mapping[str, float] | None = None, capacity: Mapping[str, float] | None = None
) -> MarketProblem:
    """The market of one year, in t/a and the document's currency per tonne without VAT.

    Parameters
    ----------
    document
        The enterprise with its declared market.
    demand
        Factor on the reference quantity of a commodity, in every region; 1 where absent.
    capacity
        Factor on the capacity of a mine; 1 where absent.
    """
    declared = document.require_market()
    return MarketProblem(
        regions=tuple(declared.regions),
        commodities=tuple(declared.commodities),
        demands=_demands(document, demand or {}),
        mines=_mines(document, capacity or {}),
        arcs=tuple(
            Arc(origin, destination, commodity, _way(document, origin, destination, commodity))
            for origin in declared.regions
            for destination in declared.regions
            if origin != destination
            for commodity in declared.commodities
        ),
        disposal_cost=money(document, declared.disposal_cost),
    )


def scenario_problem(document: Enterprise, scenario: str, base: Clearing) -> MarketProblem:
    """The market with the instruments of a declared scenario.

    A production quota above the base case's production is a loosened one: the mines of its region, whose capacity is
    what the last quota let them dig, may dig that much more.
    """
    declared = document.require_market().scenarios[scenario]
    looser = declared.instrument == "production_quota" and declared.step.value > 1.0
    mines = document.require_market().mines
    capacity = {name: declared.step.value for name, mine in mines.items() if looser and mine.region == declared.region}
    return apply(market_problem(document, capacity=capacity), instruments(document, scenario, base))


def instruments(document: Enterprise, scenario: str, base: Clearing) -> tuple[Instrument, ...]:
    """The instruments of a declared scenario.

    Parameters
    ----------
    document
        The enterprise with its declared scenarios.
    scenario
        Name of the scenario.
    base
        The base case; a declared share of its exports or output is the limit, a share of its prices the tariff.
    """
    declared = document.require_market().scenarios[scenario]
    return _WRITTEN[declared.instrument](declared, base)


def _export_quotas(declared: Scenario, base: Clearing) -> tuple[Instrument, ...]:
    share, exports = declared.step.value, _exports(base, declared.region)
    if declared.each:
        return tuple(
            ExportQuota(declared.region, {commodity: 1.0}, share * tonnes, name=f"export quota of {commodity}")
            for commodity, tonnes in exports.items()
        )
    return (ExportQuota(declared.region, dict.fromkeys(exports, 1.0), share * sum(exports.values())),)


def _production_quota(declared: Scenario, base: Clearing) -> tuple[Instrument, ...]:
    made = sum(base.outputs[mine.name] for mine in base.problem.mines if mine.region == declared.region)
    return (ProductionQuota.of_region(base.problem, declared.region, declared.step.value * made),)


def _tariffs(declared: Scenario, base: Clearing) -> tuple[Instrument, ...]:
    """A tariff of a share of each price where the goods come from, in the base case: it stays that amount."""
    result = []
    for origin in base.problem.regions:
        rates = {
            commodity: declared.step.value * base.prices[origin, commodity]
            for commodity in base.problem.commodities
            if (origin, commodity) in base.prices
        }
        if origin != declared.region and rates:
            result.append(Tariff(declared.region, rates, (origin,), name=f"tariff on goods from {origin}"))
    return tuple(result)


_WRITTEN: Mapping[str, Callable[[Scenario, Clearing], tuple[Instrument, ...]]] = {
    "export_quota": _export_quotas,
    "production_quota": _production_quota,
    "tariff": _tariffs,
}


def _exports(clearing: Clearing, region: str) -> Mapping[str, float]:
    """Tonnes a year of every commodity that leave a region."""
    leaving = dict.fromkeys(clearing.problem.commodities, 0.0)
    for (origin, destination, commodity), tonnes in clearing.flows.items():
        if origin == region != destination:
            leaving[commodity] += tonnes
    return leaving


def _demands(document: Enterprise, factor: Mapping[str, float]) -> tuple[Demand, ...]:
    return tuple(
        Demand.through(
            demand.region,
            demand.commodity,
            price=net_price(document, demand.price),
            quantity=demand.quantity.value * HOURS_PER_YEAR * factor.get(demand.commodity, 1.0),
            elasticity=demand.elasticity.value,
        )
        for demand in document.require_market().demands.values()
    )


def _mines(document: Enterprise, factor: Mapping[str, float]) -> tuple[Mine, ...]:
    return tuple(
        Mine(
            name=name,
            region=mine.region,
            yields=dict(mine.basket),
            cost=money(document, mine.cost),
            cost_slope=money(document, mine.cost_slope) / HOURS_PER_YEAR,
            capacity=mine.capacity.value * HOURS_PER_YEAR * factor.get(name, 1.0),
        )
        for name, mine in document.require_market().mines.items()
    )


def _way(document: Enterprise, origin: str, destination: str, commodity: str) -> float:
    """Freight, and on the way out of a controlled region the friction that two observed prices show [¤/t]."""
    freight = money(document, document.require_market().freight)
    if origin != document.require_market().export_control:
        return freight
    price = {
        demand.region: net_price(document, demand.price)
        for demand in document.require_market().demands.values()
        if demand.commodity == commodity
    }
    gap = price.get(destination, 0.0) - price.get(origin, 0.0)
    return max(freight, gap)
