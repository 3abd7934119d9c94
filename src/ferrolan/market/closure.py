"""What a limit of 0 closes, and the rent it has.

Example: under an export ban nothing is shipped, so the ban cannot be priced by what it lets through; its rent is the
smallest payment per tonne at which nobody would ship: price abroad less delivery less the value at the mine's gate. A
program with such a row would have no interior for an interior-point solver; closed ways and mines are left out of it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

from ferrolan.market.problem import Arc, Good, Group, MarketProblem, Mine, Route


def open_arcs(problem: MarketProblem) -> tuple[Arc, ...]:
    """Return the routes that no limit of 0 closes."""
    closed = {route for group in _closing(problem) for route, weight in group.sales.items() if weight > 0.0}
    return tuple(arc for arc in problem.routes if arc.route not in closed)


def open_mines(problem: MarketProblem) -> tuple[Mine, ...]:
    """Return the mines that no limit of 0 closes."""
    closed = {mine for group in _closing(problem) for mine, weight in group.mines.items() if weight > 0.0}
    return tuple(mine for mine in problem.mines if mine.name not in closed)


def open_groups(problem: MarketProblem) -> tuple[Group, ...]:
    """Return the groups with a finite limit above 0."""
    return tuple(group for group in problem.groups if 0.0 < group.limit < math.inf)


def deterrent_rents(
    problem: MarketProblem, prices: Mapping[Good, float], gates: Mapping[Good, float], rents: Mapping[str, float]
) -> dict[str, float]:
    """Find the smallest rent of each limit of 0 that keeps everybody from what it closes.

    Parameters
    ----------
    problem
        The market.
    prices, gates
        Market prices and mine-gate values by region and commodity [CNY/t].
    rents
        Rents of the open groups [CNY per weighted t].

    Returns
    -------
    dict
        By group [CNY per weighted t]. Where two limits of 0 close the same way, each has the rent it would have alone.
    """
    closing = _closing(problem)
    if not closing:
        return {}
    netbacks = {arc.route: _netback(problem, arc, prices, rents) for arc in problem.routes}
    known = dict(gates)
    for route, netback in netbacks.items():
        if (good := (route[0], route[2])) not in gates:
            known[good] = max(netback, known.get(good, -problem.disposal_cost))
    return {group.name: _deterrent(problem, group, netbacks, known, rents) for group in closing}


def _closing(problem: MarketProblem) -> tuple[Group, ...]:
    return tuple(group for group in problem.groups if group.limit == 0.0)


def _netback(problem: MarketProblem, arc: Arc, prices: Mapping[Good, float], rents: Mapping[str, float]) -> float:
    wedges = (wedge.rate for wedge in problem.wedges if wedge.route == arc.route)
    other = (rents[group.name] * group.sales.get(arc.route, 0.0) for group in open_groups(problem))
    return prices[arc.destination, arc.commodity] - math.fsum([arc.cost, *wedges, *other])


def _deterrent(
    problem: MarketProblem,
    group: Group,
    netbacks: Mapping[Route, float],
    gates: Mapping[Good, float],
    rents: Mapping[str, float],
) -> float:
    tempted = [0.0]
    for route, weight in group.sales.items():
        if weight > 0.0:
            tempted.append((netbacks[route] - gates[route[0], route[2]]) / weight)
    for mine in problem.mines:
        if (weight := group.mines.get(mine.name, 0.0)) > 0.0:
            other = math.fsum(rents[g.name] * g.mines.get(mine.name, 0.0) for g in open_groups(problem))
            basket = math.fsum(
                share * gates.get((mine.region, good), -problem.disposal_cost) for good, share in mine.yields.items()
            )
            tempted.append((basket - mine.cost - other) / weight)
    return max(tempted)
