"""One unit at work: the only way to call a kernel, and what every kernel must keep.

``solve`` refuses what cannot flow in, runs the kernel, and then weighs everything that crossed the fence: each element
must close to 1e-10 of what came in, energy to what the kernel says it lost. A unit that loses fluorine is an error and
not a result, whoever calls it. Example: a flotation bank that is fed 500 t/h of tails with 32 t/h of REO gives 38 t/h
of concentrate with 19 t/h and tails with 13 t/h.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from ferrolan import materials
from ferrolan.base.errors import FerrolanError, Infeasible, NotConverged, ProblemError
from ferrolan.base.schema import Model
from ferrolan.process.material import AMBIENT, FORMS, Floats, Form, Material
from ferrolan.process.unit import Figure, Made, Materials, UnitKind

CLOSURE = 1e-10
"""Largest part of an element's feed that may be missing over the fence: round-off, with margin [1]."""

OUT_OF_NOTHING = "heat that nobody supplies"
"""Name of the limit that is broken where more heat leaves a unit than came in."""

_ROUND_OFF = 1e-13  # of the whole feed: amounts below it are round-off of a difference
_TRACE = 1e-12  # of the whole feed: an element that is fed in less is held to this instead
MWH = 3.6
"""Energy of a megawatt hour [GJ/MWh]."""


@dataclass(frozen=True, eq=False)
class Closure:
    """What crossed the fence and what is missing.

    ``elements`` is out less in by element over the element's feed [1], shape (elements,); ``energy`` in less out [GJ/h]
    after the declared loss, over the energy that moved [1].
    """

    elements: Floats
    energy: float

    @property
    def worst(self) -> tuple[str, float]:
        """The element that closes worst, and by how much [1]."""
        place = int(np.argmax(np.abs(self.elements)))
        return materials.ELEMENTS[place], float(self.elements[place])


@dataclass(frozen=True, eq=False)
class Solved:
    """A unit at work, checked: what its kernel made, with ``loss`` filled in, and how well it closes.

    ``inlets`` by port; the rest as in ``Made``.
    """

    name: str
    kind: UnitKind
    inlets: Materials
    outlets: Materials
    drawn: Materials
    released: Materials
    power: float
    heat: float
    loss: float
    states: Mapping[str, Figure]
    limits: Mapping[str, Figure]
    closure: Closure
    residual: float
    iterations: int

    @property
    def feasible(self) -> bool:
        """Whether every limit is kept."""
        return all(limit.value >= 0.0 for limit in self.limits.values())


def solve(kind: UnitKind, spec: Model | None, inlets: Materials, name: str | None = None) -> Solved:
    """Run one unit and weigh what crossed its fence.

    Parameters
    ----------
    kind
        Kind of the unit, with a kernel.
    spec
        Its specification, of the kind's model.
    inlets
        Material by inlet port; optional ports may be left out.
    name
        Name of the unit in messages; that of the kind if none is given.

    Raises
    ------
    ProblemError
        If the kind cannot be simulated, the specification is of another model, a port is unknown, missing or of the
        wrong form, or an element or the energy does not close.
    NotConverged, Infeasible
        From the kernel, with the unit and its inlets named.
    """
    called = name or kind.name
    fed = _checked(kind, spec, inlets, called)
    if all(material.mass == 0.0 for material in fed.values()):
        return _idle(kind, fed, called)
    made = _run(kind, spec, fed, called)
    return _weighed(kind, fed, made, called)


def _checked(kind: UnitKind, spec: Model | None, inlets: Materials, name: str) -> dict[str, Material]:
    """Material of every inlet port, nothing where an optional one is left out."""
    if kind.operate is None:
        raise ProblemError(f"{name}: a {kind.title} cannot be simulated")
    if kind.spec is not None and not isinstance(spec, kind.spec):
        raise ProblemError(f"{name}: expected a specification {kind.spec.__qualname__}, found {type(spec).__name__}")
    ports = {port.name: port for port in kind.ports if port.direction == "in"}
    unknown = [port for port in inlets if port not in ports]
    if unknown:
        raise ProblemError(f"{name}: no inlet {', '.join(unknown)}; a {kind.title} has {', '.join(ports)}")
    missing = [port.name for port in ports.values() if not port.optional and port.name not in inlets]
    if missing:
        raise ProblemError(f"{name}: nothing is connected to the inlet {', '.join(missing)}")
    for port, material in inlets.items():
        if material.form not in ports[port].forms:
            expected = " or ".join(sorted(ports[port].forms))
            raise ProblemError(f"{name}: {material.form} at the inlet {port}, expected {expected}")
    return {port.name: inlets.get(port.name, Material.nothing(_first(port.forms))) for port in ports.values()}


def _first(forms: frozenset[str]) -> Form:
    """The form of what does not flow: the first of those that may."""
    return next(form for form in FORMS if form in forms)


def _idle(kind: UnitKind, fed: Materials, name: str) -> Solved:
    nothing = {port.name: Material.nothing(_first(port.forms)) for port in kind.ports if port.direction == "out"}
    return _weighed(kind, fed, Made(nothing), name)


def _run(kind: UnitKind, spec: Model | None, fed: Materials, name: str) -> Made:
    """Call the kernel; whatever it raises names the unit and its inlets."""
    assert kind.operate is not None
    try:
        with np.errstate(divide="raise", invalid="raise", over="raise"):
            return kind.operate(spec, fed)
    except NotConverged as error:
        message = f"{name}: {error}{_told(fed)}"
        raise NotConverged(message, last_iterate=error.last_iterate, residual=error.residual) from error
    except (ProblemError, Infeasible) as error:
        raise type(error)(f"{name}: {error}{_told(fed)}") from error
    except FerrolanError:
        raise
    except (ArithmeticError, ValueError, LookupError) as error:  # a solver's own, or numpy's, which is a ValueError
        raise ProblemError(f"{name}: no number comes out of this ({error}){_told(fed)}") from error


def _told(fed: Materials) -> str:
    """The inlets in a message."""
    flows = [f"{port} {material.mass:.4g} t/h at {material.temperature:.0f} K" for port, material in fed.items()]
    return f"; inlets: {', '.join(flows)}"


def _weighed(kind: UnitKind, fed: Materials, made: Made, name: str) -> Solved:
    """The result with its closure, or an error that names what does not close."""
    expected = {port.name for port in kind.ports if port.direction == "out"}
    if set(made.outlets) != expected:
        raise ProblemError(f"{name}: the kernel gave {sorted(made.outlets)}, expected {sorted(expected)}")
    entering = [*fed.values(), *made.drawn.values()]
    leaving = [*made.outlets.values(), *made.released.values()]
    closure, loss = _closure(entering, leaving, made)
    element, missing = closure.worst
    if not abs(missing) <= CLOSURE:
        raise ProblemError(f"{name}: {element} does not close, {missing:+.2e} of its feed{_told(fed)}")
    if not abs(closure.energy) <= CLOSURE:
        raise ProblemError(f"{name}: energy does not close, {closure.energy:+.2e} of what moved{_told(fed)}")
    return Solved(
        name=name, kind=kind, inlets=fed, outlets=made.outlets, drawn=made.drawn, released=made.released,
        power=made.power, heat=made.heat, loss=loss, states=made.states,
        limits=_limits(made, loss, [*entering, *leaving]), closure=closure,
        residual=made.residual, iterations=made.iterations,
    )  # fmt: skip


def _limits(made: Made, loss: float, crossing: list[Material]) -> Mapping[str, Figure]:
    """The kernel's limits, and where more heat leaves than came in, by how much."""
    moved = sum(abs(material.enthalpy) for material in crossing) + MWH * abs(made.power) + abs(made.heat)
    if loss >= -CLOSURE * moved:
        return made.limits
    return {**made.limits, OUT_OF_NOTHING: Figure(loss, "GJ/h")}


def _closure(entering: list[Material], leaving: list[Material], made: Made) -> tuple[Closure, float]:
    """How well elements and energy close, and the heat lost [GJ/h]."""
    amounts = np.array([material.amounts for material in (*entering, *leaving)])
    rises = [material.temperature - AMBIENT for material in (*entering, *leaving)]
    enthalpy = amounts @ materials.ENTHALPY_298 + (amounts @ materials.HEAT_CAPACITY) * rises
    count = len(entering)
    arrived, left = np.array([amounts[:count].sum(axis=0), amounts[count:].sum(axis=0)]) @ materials.COMPOSITION
    scale = np.maximum(arrived, _TRACE * max(float(arrived.sum()), 1e-300) / CLOSURE)
    came = float(enthalpy[:count].sum()) + MWH * made.power + made.heat
    went = float(enthalpy[count:].sum())
    loss = came - went if made.loss is None else made.loss
    moved = float(np.abs(enthalpy).sum()) + MWH * abs(made.power) + abs(made.heat)
    return Closure((left - arrived) / scale, (came - went - loss) / moved if moved > 0.0 else 0.0), loss


def rounded(amounts: Floats, feed: float) -> Floats:
    """Amounts [t/h] without the round-off of differences: what is below 1e-13 of the feed [t/h] and negative is zero.

    Raises
    ------
    ProblemError
        If an amount is more negative than round-off.
    """
    if (amounts < -_ROUND_OFF * feed).any():
        worst = int(np.argmin(amounts))
        raise ProblemError(f"{amounts[worst]:.3g} t/h of {materials.SPECIES[worst].name} would be left")
    clipped: Floats = np.maximum(amounts, 0.0)
    return clipped
