"""What is to be reconciled: streams, nodes, the balances they declare, and readings with their sigma.

For example: ``Stream("tails", "magnetic_separation", "tails_splitter")`` carries a flow and, for every component
balanced at one of its ends, an assay; ``Node("mill", (MASS, "Fe"))`` closes dry mass and iron. A blast furnace takes
in coke and blows out gas that nobody weighs: it declares ``("Fe", "P")`` and no dry mass. Nothing is assumed that is
not declared: a reading without sigma, a part of the plant without any reading, a component that leaves a node it
cannot have entered are refused, all at once (design note, section 2).
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal, get_args

from ferrolan.base.errors import ProblemError

MASS = "dry_mass"
"""Name of the balance of the flows themselves."""

NodeKind = Literal["junction", "splitter", "stock"]
ReadingKind = Literal["flow", "assay", "stock", "stock_assay"]


@dataclass(frozen=True)
class Stream:
    """Material from ``source`` to ``target``; None is the environment."""

    name: str
    source: str | None
    target: str | None


@dataclass(frozen=True)
class Node:
    """A unit or stock and the balances that close there.

    Parameters
    ----------
    balances
        Components, and ``MASS`` where the flows themselves close.
    kind
        A ``junction`` closes each balance in each period. A ``splitter`` has one inlet; its mass closes and every
        outlet has the inlet's composition, so component balances follow. A ``stock`` closes each balance with what it
        holds at the start of this and of the next period; its composition is its own (it need not be mixed).
    """

    name: str
    balances: tuple[str, ...]
    kind: NodeKind = "junction"


@dataclass(frozen=True)
class Reading:
    """One measured value of one quantity in one period.

    Parameters
    ----------
    kind
        ``flow`` [t/h or m3/h] and ``assay`` [mass fraction, or t/m3 in liquors] of a stream; ``stock`` [t] and
        ``stock_assay`` [mass fraction] of a stock node.
    object
        Stream or stock node.
    component
        Component of an assay, else None.
    period
        From 0; a stock of number p is the one at the start of period p, so the last is the number of periods.
    sigma
        Standard deviation, above zero, in the unit of the value.
    tag
        Meter; one tag measures one quantity, in as many periods as it was read.
    also
        Further meters that went into the value, such as the moisture behind a dry flow: an error of theirs cannot be
        told from one of ``tag``.
    """

    kind: ReadingKind
    object: str
    component: str | None
    period: int
    value: float
    sigma: float
    tag: str
    also: tuple[str, ...] = ()


@dataclass(frozen=True)
class Network:
    """A plant over one or more periods.

    Parameters
    ----------
    components
        Balanced components; () for a plain flow problem.
    hours
        Length of every period [h].
    absent
        Pairs (stream, component) known to be zero: no variable, no reading.

    Raises
    ------
    ProblemError
        Naming every fault, when anything contradicts itself or is missing.
    """

    streams: tuple[Stream, ...]
    nodes: tuple[Node, ...]
    components: tuple[str, ...]
    hours: tuple[float, ...]
    readings: tuple[Reading, ...]
    absent: frozenset[tuple[str, str]] = frozenset()

    def __post_init__(self) -> None:
        faults = [*_structure_faults(self)]
        if not faults:
            faults += [*_reading_faults(self), *_balance_faults(self), *_island_faults(self)]
        if faults:
            count = "1 fault" if len(faults) == 1 else f"{len(faults)} faults"
            raise ProblemError("\n".join([f"the network has {count}:", *(f"  {fault}" for fault in faults)]))

    @property
    def periods(self) -> int:
        """Number of periods."""
        return len(self.hours)

    def carried(self) -> dict[str, tuple[str, ...]]:
        """Components with an assay variable, by stream: balanced at one of its ends or read, and not absent."""
        balances = {node.name: node.balances for node in self.nodes}
        read = {(reading.object, reading.component) for reading in self.readings if reading.kind == "assay"}
        carried = {}
        for stream in self.streams:
            near = {k for end in (stream.source, stream.target) if end is not None for k in balances[end]}
            wanted = (k for k in self.components if k in near or (stream.name, k) in read)
            carried[stream.name] = tuple(k for k in wanted if (stream.name, k) not in self.absent)
        return carried


def _structure_faults(network: Network) -> Iterator[str]:
    nodes = {node.name for node in network.nodes}
    yield from _repeated("stream", (stream.name for stream in network.streams))
    yield from _repeated("node", (node.name for node in network.nodes))
    yield from _repeated("component", network.components)
    if MASS in network.components:
        yield f"component `{MASS}`: the name is kept for the balance of the flows"
    if not network.streams:
        yield "there is no stream"
    if not network.hours:
        yield "there is no period"
    for number, hours in enumerate(network.hours):
        if not (math.isfinite(hours) and hours > 0.0):
            yield f"period {number}: expected hours above 0, got {hours}"
    for stream in network.streams:
        for end, side in ((stream.source, "source"), (stream.target, "target")):
            if end is not None and end not in nodes:
                yield f"stream `{stream.name}`: unknown {side} node `{end}`"
        if stream.source == stream.target:
            what = "touches no node" if stream.source is None else f"starts and ends at `{stream.source}`"
            yield f"stream `{stream.name}`: it {what}"
    for node in network.nodes:
        if node.kind not in get_args(NodeKind):
            yield f"node `{node.name}`: unknown kind `{node.kind}`"
        yield from _repeated(f"node `{node.name}`: balance", node.balances)
        for component in node.balances:
            if component != MASS and component not in network.components:
                yield f"node `{node.name}`: unknown component `{component}`"
    streams = {stream.name for stream in network.streams}
    for stream_name, component in sorted(network.absent):
        if stream_name not in streams or component not in network.components:
            yield f"absent pair (`{stream_name}`, `{component}`): unknown stream or component"


def _repeated(what: str, names: Iterable[str]) -> Iterator[str]:
    for name, count in Counter(names).items():
        if count > 1:
            yield f"{what} `{name}` is given {count} times"


def _reading_faults(network: Network) -> Iterator[str]:
    known = {"flow": {stream.name for stream in network.streams}}
    known["assay"] = known["flow"]
    known["stock"] = known["stock_assay"] = {node.name for node in network.nodes if node.kind == "stock"}
    quantities: dict[str, set[tuple[str, str, str | None]]] = defaultdict(set)
    seen: Counter[tuple[str, str, str | None, int]] = Counter()
    for reading in network.readings:
        place = f"reading `{reading.tag}`, period {reading.period}"
        if reading.kind not in known:
            yield f"{place}: unknown kind `{reading.kind}`"
            continue
        if reading.object not in known[reading.kind]:
            what = "stream" if reading.kind in ("flow", "assay") else "stock node"
            yield f"{place}: unknown {what} `{reading.object}`"
        yield from (f"{place}: {fault}" for fault in _value_faults(network, reading))
        quantities[reading.tag].add((reading.kind, reading.object, reading.component))
        seen[(reading.kind, reading.object, reading.component, reading.period)] += 1
    for tag, objects in quantities.items():
        if len(objects) > 1:
            named = ", ".join(
                sorted(f"{kind} of `{name}` {component or ''}".strip() for kind, name, component in objects)
            )
            yield f"tag `{tag}` reads {len(objects)} quantities: {named}; give each its own tag"
    for (kind, name, component, period), count in seen.items():
        if count > 1:
            yield f"{kind} of `{name}` {component or ''} in period {period} is read {count} times; combine them first"


def _value_faults(network: Network, reading: Reading) -> Iterator[str]:
    last = network.periods if reading.kind in ("stock", "stock_assay") else network.periods - 1
    if not 0 <= reading.period <= last:
        yield f"expected a period from 0 to {last}"
    if not math.isfinite(reading.value):
        yield f"expected a finite value, got {reading.value}; leave out what was not measured"
    if not (math.isfinite(reading.sigma) and reading.sigma > 0.0):
        yield f"expected a sigma above 0, got {reading.sigma}; state how sure the meter is"
    if reading.kind in ("assay", "stock_assay"):
        if reading.component not in network.components:
            yield f"unknown component `{reading.component}`"
        elif (reading.object, reading.component) in network.absent:
            yield f"`{reading.component}` is declared absent in `{reading.object}`"
    elif reading.component is not None:
        yield f"a {reading.kind} has no component, got `{reading.component}`"


def _balance_faults(network: Network) -> Iterator[str]:
    inlets: dict[str, list[Stream]] = defaultdict(list)
    outlets: dict[str, list[Stream]] = defaultdict(list)
    for stream in network.streams:
        outlets[stream.source or ""].append(stream)
        inlets[stream.target or ""].append(stream)
    for node in network.nodes:
        if node.kind == "splitter" and len(inlets[node.name]) != 1:
            yield f"splitter `{node.name}`: expected one inlet, got {len(inlets[node.name])}; put a junction before it"
        if node.kind == "stock":
            continue
        for component in node.balances:
            enters = [s for s in inlets[node.name] if (s.name, component) not in network.absent]
            leaves = [s for s in outlets[node.name] if (s.name, component) not in network.absent]
            if leaves and not enters:
                yield f"node `{node.name}`: `{component}` leaves by `{leaves[0].name}` but enters by no stream"
            if enters and not leaves:
                yield f"node `{node.name}`: `{component}` enters by `{enters[0].name}` but leaves by no stream"


def _island_faults(network: Network) -> Iterator[str]:
    """Nodes without streams, and connected parts of the plant in which nothing is read."""
    group = {node.name: node.name for node in network.nodes}

    def root(name: str) -> str:
        while group[name] != name:
            name = group[name]
        return name

    touched = set()
    for stream in network.streams:
        ends = [end for end in (stream.source, stream.target) if end is not None]
        touched.update(ends)
        if len(ends) == 2:
            group[root(ends[0])] = root(ends[1])
    near = {s.name: root(s.source or s.target or "") for s in network.streams}
    places = {**{name: root(name) for name in group}, **near}
    read = {places[r.object] for r in network.readings if r.object in places}
    for node in network.nodes:
        if node.name not in touched:
            yield f"node `{node.name}` is an island: no stream touches it"
    for head in dict.fromkeys(root(name) for name in group if name in touched):
        if head not in read:
            members = ", ".join(f"`{name}`" for name in group if root(name) == head)
            yield f"{members} form an island in which nothing is read"
