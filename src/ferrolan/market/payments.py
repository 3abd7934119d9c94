"""What producers pay because of an instrument, and to whom.

Example: on 5 t shipped under a quota with a rent of 20 CNY/t the producers of the origin pay 100 CNY to the quota
holders; of a tariff of 8 CNY/t on 17 t, 136 CNY go to the importer's treasury. Who bears it in the end shows in
the surpluses.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from ferrolan.market.problem import MarketProblem, Route


@dataclass(frozen=True)
class Payment:
    """Paid by the producers of region ``payer`` to ``party`` of region ``receiver`` through ``instrument`` [CNY/a]."""

    instrument: str
    payer: str
    receiver: str
    party: str
    amount: float


def payments(
    problem: MarketProblem, flows: Mapping[Route, float], outputs: Mapping[str, float], rents: Mapping[str, float]
) -> Iterator[Payment]:
    """List every payment through wedges and groups.

    Parameters
    ----------
    problem
        The market with its instruments.
    flows, outputs
        Shipments by route and throughputs by mine [t/a].
    rents
        Rent by group [CNY per weighted t].

    Yields
    ------
    Payment
        In the order of names, whatever the order of the problem.
    """
    for wedge in sorted(problem.wedges, key=lambda item: (item.name, item.route)):
        yield Payment(wedge.name, wedge.route[0], wedge.treasury, "treasury", wedge.rate * flows[wedge.route])
    region_of = {mine.name: mine.region for mine in problem.mines}
    for group in sorted(problem.groups, key=lambda item: item.name):
        used = [(route[0], weight * flows[route]) for route, weight in sorted(group.sales.items())]
        used += [(region_of[mine], weight * outputs[mine]) for mine, weight in sorted(group.mines.items())]
        for payer, tonnes in used:
            yield Payment(group.name, payer, group.region, "quota_holders", rents[group.name] * tonnes)
