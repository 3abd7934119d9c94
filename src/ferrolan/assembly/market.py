"""Document becomes a market of regions: ore baskets in fixed proportions, linear demands, scenarios of policy.

Two regions have two reference prices of one oxide: 752,212 CNY/t of Pr-Nd oxide at home, 801,658 abroad. Freight
explains little of it; the rest is taken as the cost of licences on that commodity's way out, so that the base
reproduces both. As a cost it is nobody's income; who gains by a licence is a question of an instrument. Quantities are
declared, so the base's exports are an input; what an instrument changes is the result.
"""

from __future__ import annotations

from collections.abc import Mapping

from ferrolan.assembly.plan import HOURS_PER_YEAR, net_price
from ferrolan.enterprise.document import Enterprise
from ferrolan.market import Arc, Demand, MarketProblem, Mine
from ferrolan.market.instrument import Instrument
from ferrolan.market.instruments.export_quota import ExportQuota


def market_problem(
    document: Enterprise, *, demand: Mapping[str, float] | None = None, capacity: Mapping[str, float] | None = None
) -> MarketProblem:
    """The market of one year, in t/a and CNY/t without VAT.

    Parameters
    ----------
    document
        The enterprise with its declared market.
    demand
        Factor on the reference quantity of a commodity, in every region; 1 where absent.
    capacity
        Factor on the capacity of a mine; 1 where absent.
    """
    declared = document.market
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
        disposal_cost=declared.disposal_cost.value,
    )


def instruments(document: Enterprise, scenario: str, exports: Mapping[str, float]) -> tuple[Instrument, ...]:
    """The instruments of a declared scenario.

    Parameters
    ----------
    document
        The enterprise with its declared scenarios.
    scenario
        Name of the scenario.
    exports
        What its region exports of each commodity in the base case [t/a]; a declared share of it is the limit.
    """
    declared = document.market.scenarios[scenario]
    share = declared.limit_share.value
    if declared.each:
        return tuple(
            ExportQuota(declared.region, {commodity: 1.0}, share * tonnes, name=f"export quota of {commodity}")
            for commodity, tonnes in exports.items()
        )
    return (ExportQuota(declared.region, dict.fromkeys(exports, 1.0), share * sum(exports.values())),)


def _demands(document: Enterprise, factor: Mapping[str, float]) -> tuple[Demand, ...]:
    return tuple(
        Demand.through(
            demand.region,
            demand.commodity,
            price=net_price(document, demand.price),
            quantity=demand.quantity.value * HOURS_PER_YEAR * factor.get(demand.commodity, 1.0),
            elasticity=demand.elasticity.value,
        )
        for demand in document.market.demands.values()
    )


def _mines(document: Enterprise, factor: Mapping[str, float]) -> tuple[Mine, ...]:
    return tuple(
        Mine(
            name=name,
            region=mine.region,
            yields=dict(mine.basket),
            cost=mine.cost.value,
            cost_slope=mine.cost_slope.value / HOURS_PER_YEAR,
            capacity=mine.capacity.value * HOURS_PER_YEAR * factor.get(name, 1.0),
        )
        for name, mine in document.market.mines.items()
    )


def _way(document: Enterprise, origin: str, destination: str, commodity: str) -> float:
    """Freight, and on the way out of the home region the friction that two observed prices show [CNY/t]."""
    freight = float(document.market.freight.value)
    if origin != document.market.home:
        return freight
    price = {
        demand.region: net_price(document, demand.price)
        for demand in document.market.demands.values()
        if demand.commodity == commodity
    }
    gap = price.get(destination, 0.0) - price.get(origin, 0.0)
    return max(freight, gap)
