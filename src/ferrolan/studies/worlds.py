"""Worlds to plan in: the declared one, and draws of what nobody knows exactly.

A draw takes one joint sample of the account's coefficients (so a belt scale's doubt moves recovery and yield together),
one of each uncertain price and one of the costs. Prices and costs are log-normal with the declared relative standard
deviation and an expectation of one. Everything hangs on one seed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from ferrolan.assembly.plan import Shift, net_price, plan_problem
from ferrolan.assembly.responses import Key, Responses
from ferrolan.enterprise.document import Enterprise
from ferrolan.studies.concentrate import World

COSTS = "costs"
"""The name under which ``relative_sd`` declares the doubt about variable costs of both companies."""


def declared_world(document: Enterprise, responses: Responses, opening: Mapping[str, float]) -> World:
    """The world as declared, with the account's own coefficients."""
    return _world(document, 0, responses.coefficients(), opening, Shift())


def drawn_worlds(document: Enterprise, responses: Responses, opening: Mapping[str, float]) -> tuple[World, ...]:
    """As many draws as the document asks for, from its seed."""
    rng = np.random.default_rng(document.concentrate.seed)
    count = document.concentrate.draws
    coefficients = responses.draw(rng, count)
    shifts = _shifts(document, rng, count)
    return tuple(
        _world(document, number, drawn, opening, shift)
        for number, (drawn, shift) in enumerate(zip(coefficients, shifts, strict=True), start=1)
    )


def recovery(document: Enterprise, coefficients: Mapping[Key, float]) -> float:
    """REO in the products the buyer's quotas count, per REO in the concentrate it receives [1]."""
    transfer = document.transfers[document.concentrate.transfer]
    received = document.commodities[transfer.to]
    counts = {
        commodity: content
        for quota in document.quotas.values()
        if quota.owner == received.owner
        for commodity, content in quota.counts.items()
    }
    return _yield(coefficients, transfer.to, counts, len(document.units)) / received.per


def _yield(coefficients: Mapping[Key, float], commodity: str, counts: Mapping[str, float], depth: int) -> float:
    """Counted tonnes that one tonne of a commodity becomes on its way down the plant."""
    if commodity in counts or depth == 0:
        return counts.get(commodity, 0.0)
    users = [(unit, mode) for (unit, mode, name), value in coefficients.items() if name == commodity and value == -1.0]
    if not users:
        return 0.0
    made = {name: value for (unit, mode, name), value in coefficients.items() if (unit, mode) == users[0] and value > 0}
    return sum(value * _yield(coefficients, name, counts, depth - 1) for name, value in made.items())


def _shifts(document: Enterprise, rng: np.random.Generator, count: int) -> Sequence[Shift]:
    doubts = {name: value.value for name, value in document.concentrate.relative_sd.items()}
    factors = {
        name: np.exp(_log_sd(sd) * rng.standard_normal(count) - _log_sd(sd) ** 2 / 2) for name, sd in doubts.items()
    }
    owners = document.enterprise.owners
    return [
        Shift(
            prices={name: float(values[draw]) for name, values in factors.items() if name != COSTS},
            costs=dict.fromkeys(owners, float(factors[COSTS][draw])) if COSTS in factors else {},
        )
        for draw in range(count)
    ]


def _log_sd(relative: float) -> float:
    """Standard deviation of the logarithm that gives a log-normal this relative standard deviation."""
    return float(np.sqrt(np.log1p(relative**2)))


def _world(
    document: Enterprise, number: int, coefficients: Mapping[Key, float], opening: Mapping[str, float], shift: Shift
) -> World:
    lead = document.concentrate.lead_product
    sell = document.commodities[lead].sell
    price = shift.prices.get(lead, 1.0) * net_price(document, sell.price) if sell is not None else float("nan")
    return World(number, plan_problem(document, coefficients, opening, shift), recovery(document, coefficients), price)
