"""What a plan is made of: commodities, units with modes, quotas and transfers over months.

The mill of the steel company works up 120,000 t of ore a month; flotation turns its tails into rare-earth concentrate,
which goes to the rare-earth company by a transfer; the year's mining quota counts the oxides in it. Everything is
named, numbers are in canonical units (t, MWh, CNY), and all faults of a problem are refused at once.

Sign conventions: a coefficient is negative where a mode uses and positive where it makes; the objective is the gain in
CNY, not discounted within the horizon; a price is the gain per unit more.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from math import inf, isfinite, isnan

import numpy as np

from ferrolan.base.errors import ProblemError


@dataclass(frozen=True)
class Commodity:
    """Something that is bought, made, used, stored or sold, held by one owner.

    Parameters
    ----------
    name, owner, unit
        ``unit`` is the canonical unit of every amount, for example ``t``.
    buy_price, sell_price
        Price outside [CNY/unit]; None where there is no such market.
    buy_limit, sell_limit
        Most that the market takes or gives in a month [unit]. ``buy_limit`` must be finite where there is a
        ``buy_price``; ``sell_limit`` may be infinite, since what is sold must first be bought or made.
    dispose_cost
        Cost of discarding [CNY/unit]; None means that it may not be discarded.
    stock_opening, stock_max, stock_closing_min
        Stock at the start, room, and least stock at the end of the horizon [unit]. Stocks have no terminal value:
        the least closing stock is the closing policy.
    holding_cost
        Cost of what lies in stock at the end of a month [CNY/unit per month].
    supply
        Exogenous supply of each month [unit]; negative where it is owed. Empty means none.
    """

    name: str
    owner: str
    unit: str = "t"
    buy_price: float | None = None
    buy_limit: float = 0.0
    sell_price: float | None = None
    sell_limit: float = 0.0
    dispose_cost: float | None = None
    stock_opening: float = 0.0
    stock_max: float = 0.0
    stock_closing_min: float = 0.0
    holding_cost: float = 0.0
    supply: tuple[float, ...] = ()


@dataclass(frozen=True)
class Mode:
    """A way to run a unit: what one unit of throughput uses (negative) and makes (positive).

    ``reference`` is the commodity whose use is the throughput, ``cost`` is money per unit of throughput, ``load``
    what a unit of throughput takes of the unit's capacity [1].
    """

    name: str
    unit: str
    owner: str
    reference: str
    coefficients: Mapping[str, float]
    cost: float = 0.0
    load: float = 1.0


@dataclass(frozen=True)
class Unit:
    """A unit of the plant; ``capacity`` is its load of each month [throughput_unit], shared by its modes."""

    name: str
    owner: str
    capacity: tuple[float, ...]
    throughput_unit: str = "t"


@dataclass(frozen=True)
class Quota:
    """A limit on weighted throughput over some months.

    ``weights`` counts [unit per throughput unit] by (unit, mode); ``months`` are numbers from 0.
    """

    name: str
    owner: str
    limit: float
    unit: str
    weights: Mapping[tuple[str, str], float]
    months: tuple[int, ...]


@dataclass(frozen=True)
class Transfer:
    """A flow from a commodity of one owner to a commodity of another; ``limit`` is per month [unit]."""

    seller_commodity: str
    buyer_commodity: str
    limit: float


@dataclass(frozen=True)
class PlanProblem:
    """A whole plan; checked on construction.

    Raises
    ------
    ProblemError
        All faults at once: unknown or duplicate names, negative or non-finite numbers, columns without finite
        economic bounds, a mode whose reference is not used, rows without columns, quotas that are parallel.
    """

    months: tuple[str, ...]
    commodities: tuple[Commodity, ...]
    modes: tuple[Mode, ...]
    units: tuple[Unit, ...]
    quotas: tuple[Quota, ...] = ()
    transfers: tuple[Transfer, ...] = ()
    commodity_number: Mapping[str, int] = field(init=False, repr=False, compare=False)
    mode_number: Mapping[tuple[str, str], int] = field(init=False, repr=False, compare=False)
    unit_number: Mapping[str, int] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "commodity_number", {one.name: i for i, one in enumerate(self.commodities)})
        object.__setattr__(self, "mode_number", {(one.unit, one.name): i for i, one in enumerate(self.modes)})
        object.__setattr__(self, "unit_number", {one.name: i for i, one in enumerate(self.units)})
        faults = list(_faults(self))
        if faults:
            raise ProblemError("the plan cannot be posed:\n" + "\n".join(f"- {fault}" for fault in faults))

    @property
    def owners(self) -> tuple[str, ...]:
        """Owners in order of their names."""
        return tuple(sorted({one.owner for one in self.commodities} | {one.owner for one in self.units}))

    def restricted_to(self, owner: str) -> PlanProblem:
        """The stand-alone problem of one owner: its commodities, units and modes, and no transfers.

        A quota stays where it counts at least one of the owner's modes, whoever holds it: the state's limit does not
        go away with the other company. It counts only the owner's modes then.
        """
        if owner not in self.owners:
            raise ProblemError(f"there is no owner {owner!r}; owners are {', '.join(self.owners)}")
        modes = tuple(mode for mode in self.modes if mode.owner == owner)
        kept = {(mode.unit, mode.name) for mode in modes}
        counted = (
            replace(quota, weights={key: weight for key, weight in quota.weights.items() if key in kept})
            for quota in self.quotas
        )
        return PlanProblem(
            months=self.months,
            commodities=tuple(commodity for commodity in self.commodities if commodity.owner == owner),
            modes=modes,
            units=tuple(unit for unit in self.units if unit.owner == owner),
            quotas=tuple(quota for quota in counted if quota.weights),
        )

    def with_supply(self, commodity: str, supply: Sequence[float]) -> PlanProblem:
        """The problem with another exogenous supply of one commodity [unit per month]."""
        if commodity not in self.commodity_number:
            raise ProblemError(f"unknown commodity {commodity!r}")
        changed = tuple(
            replace(one, supply=tuple(float(amount) for amount in supply)) if one.name == commodity else one
            for one in self.commodities
        )
        return replace(self, commodities=changed)


def _faults(problem: PlanProblem) -> Iterator[str]:
    if not problem.months:
        yield "there are no months. Name at least one"
    yield from _duplicates("month", problem.months)
    yield from _duplicates("commodity", [one.name for one in problem.commodities])
    yield from _duplicates("unit", [one.name for one in problem.units])
    yield from _duplicates("mode", [f"{one.unit}/{one.name}" for one in problem.modes])
    yield from _duplicates("quota", [one.name for one in problem.quotas])
    yield from _duplicates(
        "transfer", [f"{one.seller_commodity} to {one.buyer_commodity}" for one in problem.transfers]
    )
    for commodity in problem.commodities:
        yield from _commodity_faults(commodity, len(problem.months))
    run = {mode.unit for mode in problem.modes}
    for unit in problem.units:
        yield from _unit_faults(problem, unit, unit.name in run)
    for mode in problem.modes:
        yield from _mode_faults(problem, mode)
    for quota in problem.quotas:
        yield from _quota_faults(problem, quota)
    for transfer in problem.transfers:
        yield from _transfer_faults(problem, transfer)
    yield from _untouched(problem)
    yield from _parallel_quotas(problem)


def _duplicates(what: str, names: Sequence[str]) -> Iterator[str]:
    seen: set[str] = set()
    for name in names:
        if name in seen:
            yield f"{what} {name!r} is declared twice. Give each its own name"
        seen.add(name)


def _commodity_faults(one: Commodity, months: int) -> Iterator[str]:
    at = f"commodity {one.name!r}"
    for label in ("buy_limit", "sell_limit", "stock_opening", "stock_max", "stock_closing_min", "holding_cost"):
        amount: float = getattr(one, label)
        if isnan(amount) or amount < 0:
            yield f"{at}: {label} is {amount}, expected 0 or more"
        elif amount == inf and label in ("stock_opening", "stock_closing_min", "holding_cost"):
            yield f"{at}: {label} is not finite"
    if one.buy_price is not None and one.buy_limit == inf:
        yield f"{at}: buying has no finite bound. Give buy_limit, the most the market gives in a month"
    for label in ("buy_price", "sell_price", "dispose_cost"):
        price: float | None = getattr(one, label)
        if price is not None and not isfinite(price):
            yield f"{at}: {label} is {price}, expected a finite number or none"
    if one.stock_opening > one.stock_max:
        yield f"{at}: stock_opening {one.stock_opening} is above stock_max {one.stock_max}. Give the room there is"
    if one.stock_closing_min > one.stock_max:
        yield f"{at}: stock_closing_min {one.stock_closing_min} is above stock_max {one.stock_max}"
    if one.supply and len(one.supply) != months:
        yield f"{at}: supply has {len(one.supply)} months, expected {months}"
    if not all(isfinite(amount) for amount in one.supply):
        yield f"{at}: supply is not finite in every month"


def _unit_faults(problem: PlanProblem, one: Unit, has_mode: bool) -> Iterator[str]:
    at = f"unit {one.name!r}"
    if len(one.capacity) != len(problem.months):
        yield f"{at}: capacity has {len(one.capacity)} months, expected {len(problem.months)}"
    for month, amount in enumerate(one.capacity):
        if isnan(amount) or amount < 0:
            yield f"{at}: capacity of month {month} is {amount}, expected 0 or more"
        elif amount == inf:
            yield f"{at}: capacity of month {month} is not finite. Throughput needs a finite bound"
    if not has_mode:
        yield f"{at}: it has no mode. Give it one or leave it out"


def _mode_faults(problem: PlanProblem, one: Mode) -> Iterator[str]:
    at = f"mode {one.unit + '/' + one.name!r}"
    number = problem.unit_number.get(one.unit)
    unit = None if number is None else problem.units[number]
    if unit is None:
        yield f"{at}: unknown unit {one.unit!r}"
    elif unit.owner != one.owner:
        yield f"{at}: it belongs to {one.owner!r}, its unit to {unit.owner!r}"
    if not isfinite(one.cost):
        yield f"{at}: cost is {one.cost}, expected a finite number"
    if not (isfinite(one.load) and one.load > 0):
        yield f"{at}: load is {one.load}, expected a number above 0"
    if not one.coefficients.get(one.reference, 0.0) < 0:
        yield f"{at}: its reference {one.reference!r} is not used. Give it a negative coefficient, normally -1"
    for name, coefficient in one.coefficients.items():
        if not isfinite(coefficient):
            yield f"{at}: coefficient of {name!r} is {coefficient}, expected a finite number"
        place = problem.commodity_number.get(name)
        if place is None:
            yield f"{at}: unknown commodity {name!r}"
        elif problem.commodities[place].owner != one.owner:
            yield (
                f"{at}: commodity {name!r} belongs to {problem.commodities[place].owner!r}, the mode to "
                f"{one.owner!r}. Declare the mode owner's own commodity and a transfer"
            )


def _quota_faults(problem: PlanProblem, one: Quota) -> Iterator[str]:
    at = f"quota {one.name!r}"
    if not isfinite(one.limit) or one.limit < 0:
        yield f"{at}: limit is {one.limit}, expected a finite number, 0 or more"
    if not any(weight > 0 for weight in one.weights.values()):
        yield f"{at}: it counts nothing. Give at least one mode a weight above 0"
    for (unit, mode), weight in one.weights.items():
        if (unit, mode) not in problem.mode_number:
            yield f"{at}: unknown mode {unit + '/' + mode!r}"
        if not isfinite(weight) or weight < 0:
            yield f"{at}: weight of {unit + '/' + mode!r} is {weight}, expected a finite number, 0 or more"
    if not one.months or len(set(one.months)) != len(one.months):
        yield f"{at}: its months must be given, each once"
    for month in one.months:
        if not 0 <= month < len(problem.months):
            yield f"{at}: month number {month} is outside 0..{len(problem.months) - 1}"


def _transfer_faults(problem: PlanProblem, one: Transfer) -> Iterator[str]:
    at = f"transfer {one.seller_commodity!r} to {one.buyer_commodity!r}"
    if not isfinite(one.limit) or one.limit < 0:
        yield f"{at}: limit is {one.limit}, expected a finite number, 0 or more"
    numbers = [problem.commodity_number.get(name) for name in (one.seller_commodity, one.buyer_commodity)]
    for name, number in zip((one.seller_commodity, one.buyer_commodity), numbers, strict=True):
        if number is None:
            yield f"{at}: unknown commodity {name!r}"
    ends = [problem.commodities[number] for number in numbers if number is not None]
    if len(ends) == 2 and ends[0].owner == ends[1].owner:
        yield f"{at}: both ends belong to {ends[0].owner!r}. Use one commodity"
    if len(ends) == 2 and ends[0].unit != ends[1].unit:
        yield f"{at}: the ends have the units {ends[0].unit!r} and {ends[1].unit!r}"


def _untouched(problem: PlanProblem) -> Iterator[str]:
    touched = {name for mode in problem.modes for name, coefficient in mode.coefficients.items() if coefficient}
    touched |= {name for one in problem.transfers for name in (one.seller_commodity, one.buyer_commodity)}
    for one in problem.commodities:
        markets = (one.buy_price, one.sell_price, one.dispose_cost)
        if one.name not in touched and all(price is None for price in markets) and not one.stock_max:
            yield f"commodity {one.name!r}: nothing makes, uses, trades or stores it. Leave it out"


def _parallel_quotas(problem: PlanProblem) -> Iterator[str]:
    seen: dict[tuple[object, ...], str] = {}
    for one in problem.quotas:
        largest = max(one.weights.values(), default=0.0)
        if largest <= 0 or not isfinite(largest):
            continue
        shape = frozenset((key, round(weight / largest, 9)) for key, weight in one.weights.items() if weight)
        key = (shape, frozenset(one.months))
        if key in seen:
            yield f"quotas {seen[key]!r} and {one.name!r} count the same. Keep the tighter: two would split one price"
        seen[key] = one.name


def supply_of(problem: PlanProblem) -> np.ndarray:
    """Exogenous supply, shape (commodities, months) [unit]."""
    months = len(problem.months)
    rows = [one.supply or (0.0,) * months for one in problem.commodities]
    return np.array(rows, dtype=np.float64).reshape(len(rows), months)
