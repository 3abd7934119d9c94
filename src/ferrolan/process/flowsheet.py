"""A plant as a graph of units: every stream, with every recycle closed, every element and the energy over its fence.

Ore goes through mill, magnetic separation and flotation; the scavenger's concentrate returns to the mill, crops return
to the converter, liquor to the leach. Straight parts are solved once, units that lie on recycles together (see
``tearing`` and ``recycle``). What comes out does not depend on the order of units or on earlier solves: the parts are
taken by name. What crosses the plant's fence is weighed: feeds and everything drawn against products and everything
released, each element to 1e-9 of what enters, energy to 1e-9 of what moves; a flowsheet that does not close is an error
and not a result.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import cast

import numpy as np

from ferrolan import materials
from ferrolan.base.errors import NotConverged, ProblemError
from ferrolan.base.schema import Model, nearest
from ferrolan.process.local import moved, number_of
from ferrolan.process.material import Floats, Form, Material, mixed
from ferrolan.process.operation import MWH, Closure, Solved
from ferrolan.process.operation import solve as run
from ferrolan.process.parameters import parameters, with_parameters
from ferrolan.process.recycle import Loop, solve_loop
from ferrolan.process.tearing import Edge, components
from ferrolan.process.unit import UnitKind

CLOSURE = 1e-9
"""Largest part of an element's feed, or of the energy that moves, that may be missing over the plant's fence [1]."""

_TRACE = 1e-9  # of everything that enters: an element that enters in less is held to this instead


@dataclass(frozen=True)
class Unit:
    """One unit of a flowsheet.

    Parameters
    ----------
    name
        Its name.
    kind
        Its kind, with a kernel.
    spec
        Its specification, of the kind's model; None where the kind has none.
    inlets
        Streams by inlet port; several mix.
    outlets
        Stream by outlet port; what leaves by an optional port that is left out leaves the plant.
    """

    name: str
    kind: UnitKind
    spec: Model | None
    inlets: Mapping[str, tuple[str, ...]]
    outlets: Mapping[str, str]


@dataclass(frozen=True)
class Flowsheet:
    """Units, and what enters the plant.

    Parameters
    ----------
    units
        The units; their order means nothing.
    feeds
        Material of every stream that enters the plant.
    forms
        Form of streams where a port leaves several open.

    Raises
    ------
    ProblemError
        Naming every port that is unknown or not connected, every stream that two units claim, and every stream that
        nothing feeds.
    """

    units: tuple[Unit, ...]
    feeds: Mapping[str, Material]
    forms: Mapping[str, Form] = field(default_factory=dict)

    def __post_init__(self) -> None:
        faults = list(_faults(self.units, self.feeds))
        if faults:
            raise ProblemError("; ".join(faults))

    def unit(self, name: str) -> Unit:
        """The unit of this name.

        Raises
        ------
        ProblemError
            If there is none; the message names the nearest.
        """
        if name not in self._by_name:
            raise ProblemError(f"no unit {name!r}. {nearest(name, list(self._by_name))}")
        return self._by_name[name]

    @cached_property
    def _by_name(self) -> Mapping[str, Unit]:
        return {unit.name: unit for unit in sorted(self.units, key=lambda unit: unit.name)}

    @cached_property
    def edges(self) -> tuple[Edge, ...]:
        """Streams between units, by name; one that alone feeds a required port is dearer to guess."""
        made = {stream: unit.name for unit in self.units for stream in unit.outlets.values()}
        return tuple(
            sorted(
                Edge(stream, made[stream], unit.name, float(_alone(unit, port)))
                for unit in self.units
                for port, streams in unit.inlets.items()
                for stream in streams
                if stream in made
            )
        )

    @cached_property
    def parts(self) -> tuple[tuple[str, ...], ...]:
        """Names of units that are solved together, upstream first."""
        return components(self._by_name, self.edges)

    @cached_property
    def products(self) -> tuple[str, ...]:
        """Streams that leave the plant, by name."""
        used = {stream for unit in self.units for streams in unit.inlets.values() for stream in streams}
        return tuple(sorted({stream for unit in self.units for stream in unit.outlets.values()} - used))

    def parameters(self) -> dict[str, float]:
        """Every number of every specification in its canonical unit, as ``"unit.path"``."""
        return {
            f"{name}.{path}": number.value
            for name, unit in self._by_name.items()
            for path, number in parameters(unit.spec).items()
        }

    def declared(self, path: str) -> float:
        """The number at a path that ``with_parameters`` takes, in its canonical unit.

        Raises
        ------
        ProblemError
            If there is none; the message names the nearest.
        """
        known = self.parameters()
        if path in known:
            return known[path]
        name, _, rest = path.partition(".")
        if name in self._by_name or name not in self.feeds:
            self.with_parameters({path: 0.0})  # says what is known
            raise ProblemError(f"no parameter {path!r}")
        return number_of(self.feeds[name], rest, name)

    def with_parameters(self, values: Mapping[str, float]) -> Flowsheet:
        """The flowsheet with other numbers in its specifications and feeds, in canonical units.

        Parameters
        ----------
        values
            By ``"unit.path"``, or of a feed by ``"stream.rate"`` [t/h], ``"stream.temperature"`` [K] or
            ``"stream.species.magnetite"``: a mass fraction [1], beside which the other species keep their proportions.

        Raises
        ------
        ProblemError
            If a path is unknown, or a value breaks a bound.
        """
        by_owner: dict[str, dict[str, float]] = {}
        for path, value in values.items():
            owner, _, rest = path.partition(".")
            by_owner.setdefault(owner, {})[rest] = value
        unknown = [name for name in by_owner if name not in self._by_name and name not in self.feeds]
        if unknown:
            known = [*self._by_name, *self.feeds]
            raise ProblemError(f"no unit or feed {unknown[0]!r}. {nearest(unknown[0], known)}")
        units = tuple(_changed(unit, by_owner.get(unit.name, {})) for unit in self.units)
        feeds = {
            name: _fed(name, material, {} if name in self._by_name else by_owner.get(name, {}))
            for name, material in self.feeds.items()
        }
        return replace(self, units=units, feeds=feeds)


@dataclass(frozen=True, eq=False)
class FlowsheetSolution:
    """A plant at work.

    Parameters
    ----------
    flowsheet
        What was solved.
    streams
        Material of every stream.
    units
        Every unit at work.
    closure
        What is missing over the plant's fence, as a part of what enters.
    residual
        Largest mismatch of a recycle [1].
    tears
        Streams that were guessed, by the first unit of the part that needed them.
    passes
        How often the units of a recycle were run, at most.
    """

    flowsheet: Flowsheet
    streams: Mapping[str, Material]
    units: Mapping[str, Solved]
    closure: Closure
    residual: float
    tears: Mapping[str, tuple[str, ...]]
    passes: int

    @property
    def products(self) -> Mapping[str, Material]:
        """Streams that leave the plant; ``unit.port`` where a port leads nowhere."""
        return dict(_leaving(self.flowsheet, self.streams, self.units))

    @property
    def power(self) -> float:
        """Electric power that all units draw [MW]."""
        return sum(solved.power for solved in self.units.values())

    def drawn(self) -> dict[str, Material]:
        """Everything that units draw over the fence, by its name."""
        return _by_name((name, material) for unit in self.units.values() for name, material in unit.drawn.items())

    def released(self) -> dict[str, Material]:
        """Everything that units let go, by its name."""
        return _by_name((name, material) for unit in self.units.values() for name, material in unit.released.items())

    def beyond(self) -> dict[str, float]:
        """Limits that are broken, as ``"unit: limit"``, and by how much."""
        return {
            f"{name}: {limit}": figure.value
            for name, unit in self.units.items()
            for limit, figure in unit.limits.items()
            if figure.value < 0.0
        }


def solve(flowsheet: Flowsheet, start: Mapping[str, Material] | None = None) -> FlowsheetSolution:
    """Solve a flowsheet.

    Parameters
    ----------
    flowsheet
        The plant.
    start
        Streams to begin the recycles from, such as those of a solution with slightly other parameters; they save time
        and change the answer by no more than the recycles' residual.

    Raises
    ------
    ProblemError
        From a unit, named with its inlets; or naming an element that would collect in a recycle without a way out.
    NotConverged
        Naming the recycle that does not close, its guessed streams, and the element that collects; or the element that
        does not close over the fence.
    Infeasible
        From a unit, named with its inlets.
    """
    streams: dict[str, Material] = dict(sorted(flowsheet.feeds.items()))
    solved: dict[str, Solved] = {}
    tears: dict[str, tuple[str, ...]] = {}
    residual, passes = 0.0, 1
    for part in flowsheet.parts:
        loop = _loop(flowsheet, part, streams, start)
        if len(part) == 1 and not loop.edges:
            outlets, found = loop.run_unit(part[0], streams)
            streams |= outlets
            solved[part[0]] = found
            continue
        closed = solve_loop(loop)
        streams |= closed.streams
        solved |= closed.units
        tears[part[0]] = closed.tears
        residual, passes = max(residual, closed.residual), max(passes, closed.passes)
    ordered = {name: solved[name] for name in sorted(solved)}
    closure = _closed(flowsheet, streams, ordered)
    return FlowsheetSolution(
        flowsheet, dict(sorted(streams.items())), ordered, closure, residual, dict(sorted(tears.items())), passes
    )


def _loop(
    flowsheet: Flowsheet, part: tuple[str, ...], streams: Mapping[str, Material], start: Mapping[str, Material] | None
) -> Loop:
    """The units of one part with the streams that enter it."""
    inside = set(part)
    units = {name: flowsheet.unit(name) for name in part}
    edges = tuple(edge for edge in flowsheet.edges if edge.source in inside and edge.target in inside)

    def run_unit(name: str, around: Mapping[str, Material]) -> tuple[dict[str, Material], Solved]:
        unit = units[name]
        inlets = {
            port: mixed([around[stream] for stream in sorted(names)]) for port, names in unit.inlets.items() if names
        }
        found = run(unit.kind, unit.spec, inlets, name)
        return {stream: found.outlets[port] for port, stream in unit.outlets.items()}, found

    inlets = {name: tuple(s for names in unit.inlets.values() for s in names) for name, unit in units.items()}
    outlets = {name: tuple(unit.outlets.values()) for name, unit in units.items()}
    entering = {s: streams[s] for names in inlets.values() for s in names if s in streams}
    forms = {edge.stream: _form(flowsheet, edge) for edge in edges}
    return Loop(part, edges, inlets, outlets, entering, forms, run_unit, start)


def _form(flowsheet: Flowsheet, edge: Edge) -> Form:
    """The form of a stream before it is known: as declared, else the first that both its ports allow."""
    if edge.stream in flowsheet.forms:
        return flowsheet.forms[edge.stream]
    source, target = flowsheet.unit(edge.source), flowsheet.unit(edge.target)
    given = next(source.kind.port(port).forms for port, stream in source.outlets.items() if stream == edge.stream)
    taken = next(target.kind.port(port).forms for port, names in target.inlets.items() if edge.stream in names)
    return cast(Form, min(given & taken or given))


def _closed(flowsheet: Flowsheet, streams: Mapping[str, Material], units: Mapping[str, Solved]) -> Closure:
    """What is missing over the plant's fence, checked."""
    entering = [streams[name] for name in sorted(flowsheet.feeds)]
    entering += [material for unit in units.values() for material in unit.drawn.values()]
    leaving = [material for _, material in _leaving(flowsheet, streams, units)]
    leaving += [material for unit in units.values() for material in unit.released.values()]
    arrived, left = _elements(entering), _elements(leaving)
    scale = np.maximum(arrived, _TRACE * max(float(arrived.sum()), 1e-300))
    work = sum(MWH * unit.power + unit.heat for unit in units.values())
    lost = sum(unit.loss for unit in units.values())
    gap = sum(m.enthalpy for m in leaving) + lost - sum(m.enthalpy for m in entering) - work
    moved = sum(abs(m.enthalpy) for m in (*entering, *leaving)) + sum(
        MWH * abs(unit.power) + abs(unit.heat) for unit in units.values()
    )
    closure = Closure((left - arrived) / scale, gap / moved if moved > 0.0 else 0.0)
    element, missing = closure.worst
    if not (abs(missing) <= CLOSURE and abs(closure.energy) <= CLOSURE):
        what = f"{element}, {missing:+.1e} of what enters" if abs(missing) > CLOSURE else "energy"
        message = f"the plant does not close: {what}; energy {closure.energy:+.1e} of what moves"
        raise NotConverged(message, last_iterate=streams, residual=max(abs(missing), abs(closure.energy)))
    return closure


def _elements(parts: Iterable[Material]) -> Floats:
    return sum((material.elements for material in parts), start=np.zeros(len(materials.ELEMENTS)))


def _leaving(
    flowsheet: Flowsheet, streams: Mapping[str, Material], units: Mapping[str, Solved]
) -> Iterator[tuple[str, Material]]:
    """Streams that leave the plant, and what leaves by ports that lead nowhere."""
    yield from ((name, streams[name]) for name in flowsheet.products)
    for name, solved in units.items():
        connected = flowsheet.unit(name).outlets
        yield from ((f"{name}.{port}", material) for port, material in solved.outlets.items() if port not in connected)


def _by_name(parts: Iterable[tuple[str, Material]]) -> dict[str, Material]:
    """Material of one name together."""
    found: dict[str, list[Material]] = {}
    for name, material in parts:
        found.setdefault(name, []).append(material)
    return {name: mixed(listed) for name, listed in sorted(found.items())}


def _alone(unit: Unit, port: str) -> bool:
    """Whether a port that must be fed has this one stream."""
    return len(unit.inlets[port]) == 1 and not unit.kind.port(port).optional


def _changed(unit: Unit, values: Mapping[str, float]) -> Unit:
    if not values:
        return unit
    try:
        return replace(unit, spec=None if unit.spec is None else with_parameters(unit.spec, values))
    except ProblemError as error:
        raise ProblemError(f"{unit.name}: {error}") from error


def _fed(name: str, material: Material, values: Mapping[str, float]) -> Material:
    """A feed with another rate, temperature or share of a species."""
    return moved(material, values, name)


def _faults(units: tuple[Unit, ...], feeds: Mapping[str, Material]) -> Iterator[str]:
    """What does not fit in a flowsheet."""
    names = [unit.name for unit in units]
    yield from (f"two units are named {name!r}" for name in sorted({n for n in names if names.count(n) > 1}))
    made: dict[str, list[str]] = {name: ["a feed"] for name in feeds}
    used: dict[str, list[str]] = {}
    for unit in units:
        yield from _port_faults(unit)
        for stream in unit.outlets.values():
            made.setdefault(stream, []).append(unit.name)
        for stream in (stream for streams in unit.inlets.values() for stream in streams):
            used.setdefault(stream, []).append(unit.name)
    yield from (f"stream {s!r} is made by {' and '.join(by)}" for s, by in sorted(made.items()) if len(by) > 1)
    yield from (f"stream {s!r} enters {' and '.join(by)}" for s, by in sorted(used.items()) if len(by) > 1)
    yield from (f"stream {s!r} into {used[s][0]} comes from nowhere" for s in sorted(set(used) - set(made)))
    yield from (f"the feed {s!r} enters no unit" for s in sorted(set(feeds) - set(used)))


def _port_faults(unit: Unit) -> Iterator[str]:
    if not unit.kind.can_operate:
        yield f"{unit.name}: a {unit.kind.title} cannot be simulated"
        return
    for direction, connected in (("in", unit.inlets), ("out", unit.outlets)):
        ports = {port.name: port for port in unit.kind.ports if port.direction == direction}
        known = ", ".join(ports)
        yield from (
            f"{unit.name}: no port {name!r} ({direction}); known: {known}" for name in connected if name not in ports
        )
        for port in ports.values():
            if not port.optional and not connected.get(port.name):
                yield f"{unit.name}: nothing is connected to the port {port.name} ({direction})"
