"""What happens in the plant and no stream shows: a leak, and a line that is on no drawing.

A share of what goes through a unit is taken away, and everything downstream has less, in proportion, component by
component; a stock takes up the difference, so that what it gives stays as it was. A leak is gone; a hidden line brings
the material into another unit, upstream (a recycle) or downstream (a bypass). Every balance of the plant still closes
but for those of the two units, which miss just that flow. Example: 3 % of the flotation's feed spills to the ground:
concentrate and tails fall by 3 %, and the concentrate store ends 106 t lower. Where a unit conserves no dry mass (a
furnace, a leach), what leaves keeps its grade: its rate follows its content. Power and moisture stay as they were.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from ferrolan.base.errors import ProblemError
from ferrolan.virtualplant.material import Array, Material
from ferrolan.virtualplant.stockpile import Stock
from ferrolan.virtualplant.truth import Truth

_RATE = "rate"
_SETTLED = 1e-14  # largest change of a factor in a sweep that ends the search; round-off of factors near one
_SWEEPS = 200
_MOST = 0.5  # largest share that may leave a unit unseen


@dataclass(frozen=True)
class Leak:
    """A share [1] of what goes into a unit, or into a stock, that nobody sees again."""

    unit: str
    share: float


@dataclass(frozen=True)
class HiddenLine:
    """A share [1] of what goes into ``source`` that flows to ``target`` on no drawing, while both run.

    Of a component that no declared stream brings to ``target`` nothing flows.
    """

    source: str
    target: str
    share: float


PlantFault = Leak | HiddenLine


def happened(truth: Truth, faults: Sequence[PlantFault]) -> Truth:
    """The month as it would have been with these leaks and hidden lines.

    Raises
    ------
    ProblemError
        If a unit is not of this plant, a share is no share, a line joins a unit of solids and one of liquors, or a
        stock runs empty.
    """
    if not faults:
        return truth
    _check(truth, faults)
    factors: dict[str, dict[str, Array]] = {}
    gains: dict[str, dict[str, Array]] = {}
    for name in truth.drawing.components:
        factors[name], gains[name] = _settled(truth, faults, name, {})
    factors[_RATE], gains[_RATE] = _settled(truth, faults, _RATE, _by_content(truth, factors))
    streams = {stream: _scaled(material, stream, factors) for stream, material in truth.streams.items()}
    stocks = {name: _changed(truth, name, stock, gains) for name, stock in truth.stocks.items()}
    return replace(truth, streams=streams, stocks=stocks)


def unseen(truth: Truth, fault: PlantFault, component: str | None = None) -> Array:
    """What a fault of the plant takes out of its unit in a month that has it [t/h, or m3/h of a liquor], (n,).

    ``component`` None is the dry mass, or the volume.
    """
    name = _RATE if component is None else component
    if isinstance(fault, Leak):
        return fault.share * _arriving(truth, fault.unit, name, {})
    return fault.share * _arriving(truth, fault.source, name, {}) * _open(truth, fault.target, name)


def _check(truth: Truth, faults: Sequence[PlantFault]) -> None:
    units = truth.drawing.units
    for fault in faults:
        ends = [fault.unit] if isinstance(fault, Leak) else [fault.source, fault.target]
        strangers = [end for end in ends if end not in units]
        if strangers:
            raise ProblemError(f"virtual plant: no unit {', '.join(strangers)}; known: {', '.join(units)}")
        if not 0.0 < fault.share <= _MOST:
            raise ProblemError(f"virtual plant: a share of {fault.share} at {ends[0]}; it must be above 0, at most 0.5")
        if len({_is_wet(truth, end) for end in ends}) > 1:
            raise ProblemError(f"virtual plant: no line from {ends[0]} to {ends[1]}: one has solids, the other liquor")


def _is_wet(truth: Truth, unit: str) -> bool:
    return any(stream in truth.drawing.liquors for stream in truth.drawing.inlets(unit))


def _by_content(truth: Truth, factors: Mapping[str, Mapping[str, Array]]) -> dict[str, Array]:
    """Factors of the rates of what leaves a unit that conserves no mass: those of all its components together."""
    result = {}
    for stream, (source, _) in truth.drawing.lines.items():
        if source is not None and source not in truth.stocks and source not in truth.drawing.conserves_mass:
            content = truth.streams[stream].content
            before = np.sum([*content.values()], axis=0)
            after = np.sum([mass * factors[name].get(stream, 1.0) for name, mass in content.items()], axis=0)
            result[stream] = np.divide(after, before, out=np.ones_like(before), where=before > 0.0)
    return result


def _settled(
    truth: Truth, faults: Sequence[PlantFault], name: str, given: Mapping[str, Array]
) -> tuple[dict[str, Array], dict[str, Array]]:
    """Factor of every stream, and by how much more every stock gains [t/h], for the mass or one component.

    ``given`` are factors that are known already.
    """
    factors = dict(given)
    gains: dict[str, Array] = {}
    turn = [unit for unit in truth.drawing.units if not set(truth.drawing.outlets(unit)) & set(given)]
    for _ in range(_SWEEPS):
        moved = 0.0
        for unit in turn:
            moved = max(moved, _sweep(truth, faults, name, unit, factors, gains))
        if moved <= _SETTLED:
            return factors, gains
    raise ProblemError(f"virtual plant: the {name} of these leaks and lines does not settle in {_SWEEPS} sweeps")


def _sweep(
    truth: Truth,
    faults: Sequence[PlantFault],
    name: str,
    unit: str,
    factors: dict[str, Array],
    gains: dict[str, Array],
) -> float:
    """Bring one unit up to date; by how much the factors of its outlets moved."""
    planned, arriving = _arriving(truth, unit, name, {}), _arriving(truth, unit, name, factors)
    left = arriving
    for fault in faults:
        if isinstance(fault, HiddenLine):
            if fault.target == unit:
                left = left + _carried(truth, fault, name, factors)
            if fault.source == unit:
                left = left - _carried(truth, fault, name, factors)
        elif fault.unit == unit:
            left = left - fault.share * arriving
    if unit in truth.stocks:
        gains[unit] = left - planned
        return 0.0
    factor = np.divide(left, planned, out=np.ones_like(planned), where=planned > 0.0)
    outlets = truth.drawing.outlets(unit)
    before = factors.get(outlets[0], np.ones_like(factor))
    factors.update(dict.fromkeys(outlets, factor))
    return float(np.abs(factor - before).max())


def _carried(truth: Truth, fault: HiddenLine, name: str, factors: Mapping[str, Array]) -> Array:
    return fault.share * _arriving(truth, fault.source, name, factors) * _open(truth, fault.target, name)


def _arriving(truth: Truth, unit: str, name: str, factors: Mapping[str, Array]) -> Array:
    """What the declared streams bring to a unit [t/h or m3/h], (n,)."""
    brought = [_amount(truth.streams[stream], name) * factors.get(stream, 1.0) for stream in truth.drawing.inlets(unit)]
    total: Array = np.sum(brought, axis=0)
    return total


def _open(truth: Truth, unit: str, name: str) -> Array:
    """Whether a unit can take anything of this in, (n,); a stock always can."""
    brought = _arriving(truth, unit, name, {})
    running = np.full(brought.shape, brought.any()) if unit in truth.stocks else brought > 0.0
    return running.astype(np.float64)


def _amount(material: Material, name: str) -> Array:
    return material.rate if name == _RATE else material.of(name)


def _scaled(material: Material, stream: str, factors: Mapping[str, Mapping[str, Array]]) -> Material:
    content = {name: mass * factors[name].get(stream, 1.0) for name, mass in material.content.items()}
    return Material(material.rate * factors[_RATE].get(stream, 1.0), content)


def _changed(truth: Truth, name: str, stock: Stock, gains: Mapping[str, Mapping[str, Array]]) -> Stock:
    def with_gain(held: Array, of: str) -> Array:
        more: Array = held + np.concatenate(([0.0], np.cumsum(truth.step_hours * gains[of][name])))
        return more

    mass = with_gain(stock.mass, _RATE)
    if mass.min() <= 0.0:
        raise ProblemError(f"virtual plant: {name} runs empty with this leak; take a smaller share")
    return Stock(mass, {component: with_gain(held, component) for component, held in stock.content.items()})
