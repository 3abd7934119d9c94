"""Instruments: the truth in, readings out, wrong by as much as their standard deviations say.

For every tag and balance period one error is drawn and held, ``reading = truth (1 + r) + a`` with ``r ~ N(0,
sigma_relative)`` and ``a ~ N(0, sigma_absolute)``: more samples do not make a badly calibrated scale better. A scatter
from sample to sample comes on top and averages out within the period. Example: the mill's belt scale with 0.8 % sees
304.1 t/h wet as 306.2 t/h for a week. A switch (running or not) has no error. What is wrong beyond that (``faults``) is
done to the finished reading.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from ferrolan.base.errors import ProblemError
from ferrolan.virtualplant.drift import Drift, generator, wander
from ferrolan.virtualplant.faults import MeterFaults, Seen
from ferrolan.virtualplant.material import Array, Material
from ferrolan.virtualplant.tag_record import TagRecord
from ferrolan.virtualplant.truth import Truth

_T = TypeVar("_T")

_SCATTER = 0.5  # standard deviation of a single sample's scatter, in those of the period's mean; synthetic
_DAY_STEPS = 96
_UNKNOWN = Drift(1.0, 0.02, 3.0)  # how an instrument of which the plant knows nothing wanders; synthetic
_BY_LOAD = 0.85  # share of a pressure that goes when its unit stands; synthetic


def read_steps(truth: Truth, tag: TagRecord, faults: MeterFaults) -> Array:
    """What a continuous instrument shows at every step, in the canonical unit of the tag, shape (n,)."""
    real = _by_kind(_CONTINUOUS, tag)(truth, tag)
    days = np.arange(truth.steps) / _DAY_STEPS
    read = real if tag.kind == "state" else _erroneous(truth, tag, faults, real, real, truth.edges)
    return faults.shown(tag, Seen(read, days, _periods(truth.edges), lambda: 1.0 - _moisture(truth, tag)))


def read_days(truth: Truth, tag: TagRecord, faults: MeterFaults) -> Array:
    """One reading a day, of the day's composite or the day's total, in the canonical unit, shape (days,)."""
    amount, carrier = _by_kind(_DAILY, tag)(truth, tag)
    by_day = amount.reshape(-1, _DAY_STEPS).sum(axis=1), carrier.reshape(-1, _DAY_STEPS).sum(axis=1)
    real = truth.grade(tag.object, *by_day) if tag.kind == "assay" else by_day[0] / by_day[1]
    edges = tuple(edge // _DAY_STEPS for edge in truth.edges)
    read = _erroneous(truth, tag, faults, real, np.where(np.isnan(real), 0.0, real), edges)
    days = np.arange(len(real), dtype=np.float64)
    return faults.shown(tag, Seen(read, days, _periods(edges), lambda: _daily_solids(truth, tag)))


def read_surveys(truth: Truth, tag: TagRecord, faults: MeterFaults) -> Array:
    """One reading at every period's start and at the month's end, in the canonical unit, shape (periods + 1,)."""
    stock, at = _of(truth.stocks, tag, "stock of this name"), list(truth.edges)
    real = stock.mass[at] if tag.component is None else stock.content[tag.component][at] / stock.mass[at]
    relative, absolute = _errors(truth, tag, faults, len(at))
    read = real * (1.0 + faults.bias.get(tag.tag, 0.0) + relative) + absolute
    days = np.asarray(at, dtype=np.float64) / _DAY_STEPS
    return faults.shown(tag, Seen(read, days, np.arange(len(at)), lambda: 1.0 - _moisture(truth, tag)))


def _periods(edges: tuple[int, ...]) -> NDArray[np.int64]:
    """Number of the balance period of every reading, (n,)."""
    return np.repeat(np.arange(len(edges) - 1), np.diff(edges))


def _errors(truth: Truth, tag: TagRecord, faults: MeterFaults, count: int) -> tuple[Array, Array]:
    """Relative [1] and absolute [canonical unit] error of each of ``count`` readings or periods."""
    draws = faults.calibration.draws(truth.seed, tag, count)
    return draws[0] * tag.sigma_relative, draws[1] * tag.sigma_absolute


def _erroneous(
    truth: Truth, tag: TagRecord, faults: MeterFaults, real: Array, weight: Array, edges: tuple[int, ...]
) -> Array:
    """Readings of a series: one error a period, and a scatter whose weighted sum over each period is zero."""
    relative, absolute = (np.repeat(error, np.diff(edges)) for error in _errors(truth, tag, faults, len(edges) - 1))
    shake = _SCATTER * generator(truth.seed, f"scatter {tag.tag}").standard_normal((2, len(real)))
    relative += faults.bias.get(tag.tag, 0.0) + tag.sigma_relative * _centred(shake[0], weight, edges)
    absolute += tag.sigma_absolute * _centred(shake[1], np.ones_like(real), edges)
    return real * (1.0 + relative) + absolute


def _centred(series: Array, weight: Array, edges: tuple[int, ...]) -> Array:
    first = edges[:-1]
    total = np.add.reduceat(weight, first)
    mean = np.divide(np.add.reduceat(weight * series, first), total, out=np.zeros_like(total), where=total > 0.0)
    centred: Array = series - np.repeat(mean, np.diff(edges))
    return centred


def _flow(truth: Truth, tag: TagRecord) -> Array:
    material = _stream(truth, tag)
    if tag.basis != "wet":
        return material.rate
    return material.rate / (1.0 - _moisture(truth, tag))


def _power(truth: Truth, tag: TagRecord) -> Array:
    return _of(truth.power, tag, "power meter at this unit")


def _state(truth: Truth, tag: TagRecord) -> Array:
    _of(truth.reference, tag, "unit of this name")
    return truth.running(tag.object)


def _condition(truth: Truth, tag: TagRecord) -> Array:
    """A condition; one the plant does not know wanders around the middle of its range."""
    known = truth.conditions.get(tag.tag)
    if known is not None:
        return known * (1.0 - _BY_LOAD * _standing(truth, tag.object)) if tag.kind == "pressure" else known
    middle = 0.5 * ((tag.lo or 0.0) + (2.0 if tag.hi is None else tag.hi))
    return middle * wander({tag.tag: _UNKNOWN}, truth.seed, truth.steps, truth.step_hours)[tag.tag]


def _standing(truth: Truth, unit: str) -> Array | float:
    return 1.0 - truth.running(unit) if unit in truth.reference else 0.0


def _daily_flow(truth: Truth, tag: TagRecord) -> tuple[Array, Array]:
    rate = _flow(truth, tag)
    return rate, np.ones_like(rate)


def _assay(truth: Truth, tag: TagRecord) -> tuple[Array, Array]:
    material = _stream(truth, tag)
    if tag.component is None or tag.component not in material.content:
        raise ProblemError(f"virtual plant: {tag.object} carries no {tag.component} (tag {tag.tag})")
    return material.content[tag.component], material.rate


def _daily_moisture(truth: Truth, tag: TagRecord) -> tuple[Array, Array]:
    moisture = _moisture(truth, tag)
    wet = _stream(truth, tag).rate / (1.0 - moisture)
    return wet * moisture, wet


def _daily_solids(truth: Truth, tag: TagRecord) -> Array:
    water, wet = (total.reshape(-1, _DAY_STEPS).sum(axis=1) for total in _daily_moisture(truth, tag))
    solids: Array = 1.0 - water / wet
    return solids


def _stream(truth: Truth, tag: TagRecord) -> Material:
    return _of(truth.streams, tag, "stream of this name")


def _moisture(truth: Truth, tag: TagRecord) -> Array:
    return _of(truth.moisture, tag, "wet stream of this name")


def _of(known: Mapping[str, _T], tag: TagRecord, what: str) -> _T:
    if tag.object not in known:
        raise ProblemError(f"virtual plant: no {what}: {tag.object!r} (tag {tag.tag}); known: {', '.join(known)}")
    return known[tag.object]


def _by_kind(table: Mapping[str, _T], tag: TagRecord) -> _T:
    if tag.kind not in table:
        raise ProblemError(
            f"virtual plant: source {tag.source!r} holds no {tag.kind!r} (tag {tag.tag}); known: {', '.join(table)}"
        )
    return table[tag.kind]


_CONTINUOUS: Mapping[str, Callable[[Truth, TagRecord], Array]] = {
    "flow": _flow,
    "power": _power,
    "state": _state,
} | dict.fromkeys(("temperature", "pressure", "level", "pH", "density", "acid", "ratio", "gas", "size"), _condition)

_DAILY: Mapping[str, Callable[[Truth, TagRecord], tuple[Array, Array]]] = {
    "flow": _daily_flow,
    "assay": _assay,
    "moisture": _daily_moisture,
}
