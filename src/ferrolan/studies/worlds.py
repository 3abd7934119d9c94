"""Worlds to plan in: the declared one, and draws of what nobody knows exactly.

A draw takes one joint sample of the account's coefficients (so a belt scale's doubt moves recovery and yield together),
one of each uncertain price and one of all costs together. Prices and costs are log-normal with the declared relative
standard deviation and an expectation of one. Everything hangs on one seed, so that two studies see the same worlds.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from ferrolan.assembly.plan import Shift, net_price, plan_problem
from ferrolan.assembly.responses import Key, Responses
from ferrolan.enterprise.commerce import Uncertainty
from ferrolan.enterprise.document import Enterprise
from ferrolan.planning import PlanProblem


@dataclass(frozen=True)
class World:
    """One world: what every unit does there, and how its prices and costs differ from the declared ones.

    ``number`` is 0 for the declared world. ``stocks`` are the opening stocks [t of the commodity].
    """

    number: int
    coefficients: Mapping[Key, float]
    stocks: Mapping[str, float]
    shift: Shift

    def problem(self, document: Enterprise, change: Shift | None = None) -> PlanProblem:
        """The joint plan of this world, with a further change of it."""
        shift = self.shift if change is None else self.shift.then(change)
        return plan_problem(document, self.coefficients, self.stocks, shift)

    def lead_price(self, document: Enterprise) -> float:
        """Price of the lead product, without VAT [¤/t]."""
        lead = document.require_concentrate().lead_product
        sell = document.commodities[lead].sell
        return (
            float("nan")
            if sell is None
            else self.shift.prices.get(lead, 1.0) * net_price(document, sell.price, sold=True)
        )

    def recovery(self, document: Enterprise) -> float:
        """REO in the products that the buyer's quotas count, per REO in the concentrate it receives [1]."""
        received = document.transfers[document.require_concentrate().transfer].to
        commodity = document.commodities[received]
        counts = {
            counted: content
            for quota in document.quotas.values()
            if quota.owner == commodity.owner
            for counted, content in quota.counts.items()
        }
        return _made_of(document, self.coefficients, received, counts, len(document.units)) / commodity.per


def declared_world(responses: Responses, stocks: Mapping[str, float]) -> World:
    """The world as declared, with the account's own coefficients."""
    return World(0, responses.coefficients(), stocks, Shift())


def drawn_worlds(document: Enterprise, responses: Responses, stocks: Mapping[str, float]) -> tuple[World, ...]:
    """As many draws as the document asks for, from its seed; none where it declares no uncertainty."""
    declared = document.uncertainty
    if declared is None:
        return ()
    rng = np.random.default_rng(declared.seed)
    coefficients = responses.draw(rng, declared.draws)
    shifts = _shifts(declared, document.enterprise.owners, rng)
    return tuple(
        World(number, drawn, stocks, shift)
        for number, (drawn, shift) in enumerate(zip(coefficients, shifts, strict=True), start=1)
    )


def _made_of(
    document: Enterprise, coefficients: Mapping[Key, float], commodity: str, counts: Mapping[str, float], depth: int
) -> float:
    """Counted tonnes that one tonne of a commodity becomes, on its way through the units that work it up."""
    if commodity in counts or depth == 0:
        return counts.get(commodity, 0.0)
    for unit_name, unit in document.units.items():
        for mode_name, mode in unit.modes.items():
            if mode.reference == commodity:
                made = {name: coefficients[unit_name, mode_name, name] for name in mode.makes}
                return sum(
                    value * _made_of(document, coefficients, name, counts, depth - 1) for name, value in made.items()
                )
    return 0.0


def _shifts(declared: Uncertainty, owners: Collection[str], rng: np.random.Generator) -> Sequence[Shift]:
    count, cost_sd = declared.draws, declared.cost_sd
    prices = {name: _factors(rng, sd.value, count) for name, sd in declared.relative_sd.items()}
    costs = np.ones(count) if cost_sd is None else _factors(rng, cost_sd.value, count)
    return [
        Shift(
            prices={name: float(factors[draw]) for name, factors in prices.items()},
            costs=dict.fromkeys(owners, float(costs[draw])),
        )
        for draw in range(count)
    ]


def _factors(rng: np.random.Generator, relative_sd: float, count: int) -> np.ndarray:
    """Log-normal factors with an expectation of one and the relative standard deviation, (count,)."""
    log_sd = float(np.sqrt(np.log1p(relative_sd**2)))
    return np.exp(log_sd * rng.standard_normal(count) - log_sd**2 / 2)
