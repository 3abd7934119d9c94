"""Document and responses become one planning problem for both companies.

A coefficient comes from the reconciled account where the account sees it, a price from the document: without VAT, in
the document's currency, per tonne of the commodity. ``98.95 USD/t`` of ore at 62 % Fe is ``98.95 * 7.2878 / 0.62``
CNY per tonne of iron, plus freight. Utilities (power, acid) have one price and no limit, so they enter the cost
of a mode.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from ferrolan.assembly.responses import Key
from ferrolan.base.errors import Fault, ProblemError
from ferrolan.base.schema import Price, Sourced
from ferrolan.base.time import hours_in_month, months_after
from ferrolan.base.units import convert
from ferrolan.enterprise.document import Enterprise
from ferrolan.enterprise.units import UnitSection
from ferrolan.planning import Commodity, Mode, PlanProblem, Quota, Transfer, Unit

HOURS_PER_YEAR = convert(1.0, "a", "h")


@dataclass(frozen=True)
class Shift:
    """How one scenario or draw differs from the declared world: factors on prices, costs and limits."""

    prices: Mapping[str, float] = field(default_factory=dict)
    costs: Mapping[str, float] = field(default_factory=dict)
    capacities: Mapping[str, float] = field(default_factory=dict)
    quotas: Mapping[str, float] = field(default_factory=dict)
    purchases: Mapping[str, float] = field(default_factory=dict)

    def then(self, other: Shift) -> Shift:
        """Both differences, one on top of the other."""
        return Shift(
            prices=_product(self.prices, other.prices),
            costs=_product(self.costs, other.costs),
            capacities=_product(self.capacities, other.capacities),
            quotas=_product(self.quotas, other.quotas),
            purchases=_product(self.purchases, other.purchases),
        )


def plan_problem(
    document: Enterprise,
    coefficients: Mapping[Key, float],
    opening: Mapping[str, float],
    shift: Shift | None = None,
) -> PlanProblem:
    """The plan of the months after the account, both companies in one problem.

    Parameters
    ----------
    document
        The enterprise.
    coefficients
        Amount made (+) or used (-) per unit of the reference input, by unit, mode and commodity [t/t, MWh/t].
    opening
        Reconciled closing stock of the account by commodity [unit of the commodity].
    shift
        What differs from the declared world; nothing by default.
    """
    shift = shift or Shift()
    months = plan_months(document)
    return PlanProblem(
        months=months,
        commodities=tuple(_commodity(document, name, opening, shift) for name in document.commodities),
        modes=_modes(document, coefficients, shift),
        units=_units(document, coefficients, months, shift),
        quotas=_quotas(document, coefficients, months, shift),
        transfers=tuple(
            Transfer(transfer.from_, transfer.to, per_month(transfer.limit.value))
            for transfer in document.transfers.values()
        ),
    )


def plan_months(document: Enterprise) -> tuple[str, ...]:
    """ISO months of the plan: those after the account, or from the declared start on."""
    count, start = document.plan.months, document.plan.starts
    if document.account is not None:
        return months_after(document.account.month, count)
    assert start is not None  # the checks say so
    return (start, *months_after(start, count - 1))


def money(document: Enterprise, declared: Sourced) -> float:
    """A declared amount of money in the document's currency [¤ per the rest of its canonical unit].

    Raises
    ------
    ProblemError
        Where it is in a currency without a declared exchange rate.
    """
    return declared.value * _rate(document, declared.unit.split("/")[0])


def raised_rooms(document: Enterprise, opening: Mapping[str, float]) -> tuple[Fault, ...]:
    """Stocks that begin above their declared maximum: the plan gives them the room they take, and this says so."""
    faults = []
    for name, commodity in document.commodities.items():
        start, stock = opening.get(name, 0.0), commodity.stock
        if stock is not None and start > stock.maximum.value:
            faults.append(
                Fault(
                    str(document.path.name),
                    0,
                    f"commodities.{name}.stock.maximum",
                    f"a stock of {start:.0f} t at the start of the plan",
                    f"at most {stock.maximum.value:g} t",
                    f"The plan counts with room for {start:.0f} t: correct the maximum, or the count",
                    "raised_room",
                )
            )
    return tuple(faults)


def net_price(document: Enterprise, price: Price, *, sold: bool = False) -> float:
    """A declared price without VAT, in the document's currency per tonne of the commodity [¤/t].

    Freight comes on top of what is bought and off what is sold.

    Raises
    ------
    ProblemError
        Where the price is in a currency without a declared exchange rate.
    """
    value = money(document, price)
    if price.vat == "included" and document.enterprise.vat_rate is not None:
        value /= 1.0 + document.enterprise.vat_rate.value
    freight = 0.0 if price.freight is None else money(document, price.freight)
    value += -freight if sold else freight
    return value / (1.0 if price.content is None else price.content)


def _product(one: Mapping[str, float], other: Mapping[str, float]) -> dict[str, float]:
    return {name: one.get(name, 1.0) * other.get(name, 1.0) for name in {**one, **other}}


def _rate(document: Enterprise, currency: str) -> float:
    """The document's currency per unit of another [1]."""
    if currency == document.enterprise.currency:
        return 1.0
    rate = document.enterprise.exchange_rates.get(currency)
    if rate is None:
        raise ProblemError(f"a price in {currency} has no exchange rate; declare enterprise.exchange_rates.{currency}")
    return rate.value


def per_month(rate: float) -> float:
    """A rate [t/h] over the twelfth part of a year [t/month].

    What may be bought, sold or transferred: a contract or a market for 12 kt a year is 1 kt every month, February too,
    while a capacity has the hours of its month (rule Q4). Where a yearly limit feeds a capacity, February's hours bind
    first: what February can take more of it, times twelve, is how far a first price of the limit holds.
    """
    return rate * HOURS_PER_YEAR / 12.0


def _commodity(document: Enterprise, name: str, opening: Mapping[str, float], shift: Shift) -> Commodity:
    declared = document.commodities[name]
    factor = shift.prices.get(name, 1.0)
    buy, sell, stock = declared.buy, declared.sell, declared.stock
    start = opening.get(name, 0.0) if stock is not None else 0.0
    least = None if stock is None else stock.closing_minimum
    return Commodity(
        name=name,
        owner=declared.owner,
        unit="t",
        buy_price=None if buy is None else factor * net_price(document, buy.price),
        buy_limit=0.0 if buy is None else per_month(buy.limit.value) * shift.purchases.get(name, 1.0),
        sell_price=None if sell is None else factor * net_price(document, sell.price, sold=True),
        sell_limit=0.0 if sell is None else per_month(sell.limit.value),
        dispose_cost=None if declared.dispose is None else money(document, declared.dispose),
        stock_opening=start,
        stock_max=0.0 if stock is None else max(stock.maximum.value, start),
        stock_closing_min=start if least is None else least.value,
        holding_cost=0.0 if stock is None else money(document, stock.holding_cost) * HOURS_PER_YEAR / 12.0,
    )


def _modes(document: Enterprise, coefficients: Mapping[Key, float], shift: Shift) -> tuple[Mode, ...]:
    found: dict[tuple[str, str], dict[str, float]] = {}
    for (unit_name, mode_name, commodity), value in coefficients.items():
        found.setdefault((unit_name, mode_name), {})[commodity] = value
    prices = {name: net_price(document, utility.price) for name, utility in document.utilities.items()}
    planned = set(document.commodities)
    result = []
    for unit_name, unit in document.units.items():
        for mode_name, mode in unit.modes.items():
            amounts = found.get((unit_name, mode_name), {})
            utilities = -sum(amounts.get(name, 0.0) * price for name, price in prices.items())
            result.append(
                Mode(
                    name=mode_name,
                    unit=unit_name,
                    owner=unit.owner,
                    reference=mode.reference,
                    coefficients={k: v for k, v in amounts.items() if k in planned},
                    cost=(money(document, mode.cost) + utilities) * shift.costs.get(unit.owner, 1.0),
                    load=_load(unit, coefficients, unit_name, mode_name),
                )
            )
    return tuple(result)


def _units(
    document: Enterprise, coefficients: Mapping[Key, float], months: tuple[str, ...], shift: Shift
) -> tuple[Unit, ...]:
    hours = [hours_in_month(month) for month in months]
    result = []
    for name, unit in document.units.items():
        if unit.capacity is None or not unit.modes:
            continue
        available = 1.0 if unit.availability is None else unit.availability.value
        rate = unit.capacity.value * available * shift.capacities.get(name, 1.0)
        rate /= _per_reference(unit, coefficients, name, next(iter(unit.modes)))
        result.append(Unit(name, unit.owner, tuple(rate * length for length in hours), throughput_unit="t"))
    return tuple(result)


def _per_reference(unit: UnitSection, coefficients: Mapping[Key, float], name: str, mode: str) -> float:
    """Tonnes of the commodity a capacity speaks of, per tonne of the reference input of a mode."""
    if unit.capacity is None:
        return 1.0
    amount = abs(coefficients[name, mode, unit.capacity.of])
    if not amount > 0:
        raise ProblemError(f"{name}: its capacity counts {unit.capacity.of}, of which its mode {mode!r} moves none")
    return amount


def _load(unit: UnitSection, coefficients: Mapping[Key, float], name: str, mode: str) -> float:
    """What a tonne of a mode's throughput takes of the capacity, which counts the first mode's [1]."""
    first = next(iter(unit.modes))
    if mode == first:
        return 1.0
    return _per_reference(unit, coefficients, name, mode) / _per_reference(unit, coefficients, name, first)


def _quotas(
    document: Enterprise, coefficients: Mapping[Key, float], months: tuple[str, ...], shift: Shift
) -> tuple[Quota, ...]:
    result = []
    for name, quota in document.quotas.items():
        weights: dict[tuple[str, str], float] = {}
        counts = dict(quota.counts)
        for (unit, mode, commodity), value in coefficients.items():
            if commodity in counts and value > 0:
                weights[unit, mode] = weights.get((unit, mode), 0.0) + counts[commodity] * value
        limit = quota.limit.value * HOURS_PER_YEAR * len(months) / 12.0 * shift.quotas.get(name, 1.0)
        unit = _counted_unit(document, quota.counts)
        result.append(Quota(name, quota.owner, limit, unit, weights, tuple(range(len(months)))))
    return tuple(result)


def _counted_unit(document: Enterprise, counts: Iterable[str]) -> str:
    """Unit of what a quota counts: ``t REO`` where all of it is counted by the components of the group REO."""
    groups = {} if document.account is None else document.account.groups
    bases = {frozenset(document.commodities[name].basis) for name in counts}
    fitting = [name for name, components in groups.items() if bases == {frozenset(components)}]
    return f"t {fitting[0]}" if fitting else "t"
