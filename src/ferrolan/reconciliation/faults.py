"""What is wrong with a network, all of it at once, and what deserves a remark, in words.

For example: a reading with sigma -1 and a second one of an unknown stream are two faults of one message, each with its
tag and period. A part of the plant in which nothing is read is no fault but a remark: the rest can still be solved. The
rule: whatever makes the problem ill-posed is refused before anything is solved.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, get_args

import numpy as np

from ferrolan.reconciliation.elements import (
    ENERGY,
    MASS,
    Correlation,
    Known,
    Node,
    NodeKind,
    Place,
    Reading,
    Stream,
)

if TYPE_CHECKING:
    from ferrolan.reconciliation.network import Network

STRONG = 0.98
"""Correlation from which the smaller of two readings hardly counts as one of its own (design note, section 3)."""
_LEAST_EIGENVALUE = 1e-10
"""Smallest eigenvalue of a correlation matrix that counts as positive."""
_NAMED = 6
"""Most names listed in a remark."""


def faults_of(network: Network) -> list[str]:
    """Every fault of the network in words; those of readings and balances once the structure itself is sound."""
    faults = [*_structure_faults(network)]
    if not faults:
        faults += [
            *_reading_faults(network),
            *_shared_faults(network),
            *_correlation_faults(network),
            *_known_faults(network),
            *_relation_faults(network),
            *_balance_faults(network),
            *_energy_faults(network),
            *_island_faults(network),
        ]
    return faults


def remarks_of(network: Network) -> tuple[str, ...]:
    """Readings set aside, strong correlations and parts in which nothing is read."""
    return (*_set_aside_remarks(network), *_correlation_remarks(network), *_unread_remarks(network))


def _structure_faults(network: Network) -> Iterator[str]:
    yield from _repeated("stream", (stream.name for stream in network.streams))
    yield from _repeated("node", (node.name for node in network.nodes))
    yield from _repeated("component", network.components)
    yield from _repeated("quantity", (quantity.name for quantity in network.quantities))
    for name, what in ((MASS, "the flows"), (ENERGY, "energy")):
        if name in network.components:
            yield f"component `{name}`: the name is kept for the balance of {what}"
    if not network.streams and not network.quantities:
        yield "there is no stream"
    if not network.hours:
        yield "there is no period"
    for number, hours in enumerate(network.hours):
        if not (math.isfinite(hours) and hours > 0.0):
            yield f"period {number}: expected hours above 0, got {hours}"
    nodes = {node.name for node in network.nodes}
    for stream in network.streams:
        yield from _stream_faults(stream, nodes)
    for node in network.nodes:
        yield from _node_faults(node, network.components)
    streams = {stream.name for stream in network.streams}
    for name, component in sorted(network.absent):
        if name not in streams or component not in network.components:
            yield f"absent pair (`{name}`, `{component}`): unknown stream or component"


def _stream_faults(stream: Stream, nodes: set[str]) -> Iterator[str]:
    for end, side in ((stream.source, "source"), (stream.target, "target")):
        if end is not None and end not in nodes:
            yield f"stream `{stream.name}`: unknown {side} node `{end}`"
    if stream.source == stream.target:
        what = "touches no node" if stream.source is None else f"starts and ends at `{stream.source}`"
        yield f"stream `{stream.name}`: it {what}"
    if stream.carries not in ("material", "heat"):
        yield f"stream `{stream.name}`: expected to carry material or heat, got `{stream.carries}`"
    if len(stream.enthalpy) > 3 or not all(math.isfinite(part) for part in stream.enthalpy):
        yield f"stream `{stream.name}`: expected up to three finite coefficients of enthalpy, got {stream.enthalpy}"


def _node_faults(node: Node, components: Sequence[str]) -> Iterator[str]:
    if node.kind not in get_args(NodeKind):
        yield f"node `{node.name}`: unknown kind `{node.kind}`"
    yield from _repeated(f"node `{node.name}`: balance", node.balances)
    for component in node.balances:
        if component not in (MASS, ENERGY) and component not in components:
            yield f"node `{node.name}`: unknown component `{component}`"
    if node.kind == "stock" and ENERGY in node.balances:
        yield f"node `{node.name}`: a stock closes no energy; put a junction before it"


def _repeated(what: str, names: Iterable[str]) -> Iterator[str]:
    for name, count in Counter(names).items():
        if count > 1:
            yield f"{what} `{name}` is given {count} times"


def _objects(network: Network) -> dict[str, set[str]]:
    """Names that may stand beside each kind."""
    streams = {stream.name for stream in network.streams}
    material = {stream.name for stream in network.streams if stream.carries == "material"}
    stocks = {node.name for node in network.nodes if node.kind == "stock"}
    quantities = {quantity.name for quantity in network.quantities}
    known = {"flow": streams, "assay": material, "temperature": material, "stock": stocks, "stock_assay": stocks}
    return known | {"quantity": quantities}


_CALLED = {"stock": "stock node", "stock_assay": "stock node", "quantity": "quantity"}


def _place_fault(place: Place, objects: Mapping[str, set[str]], network: Network) -> str | None:
    """What is wrong with an address, None if nothing is."""
    kind, name, component = place
    if kind not in objects:
        return f"unknown kind `{kind}`"
    if name not in objects[kind]:
        what = _CALLED.get(kind, "stream" if kind == "flow" else "material stream")
        return f"unknown {what} `{name}`"
    if kind not in ("assay", "stock_assay"):
        return None if component is None else f"a {kind} has no component, got `{component}`"
    if component not in network.components:
        return f"unknown component `{component}`"
    if (name, component) in network.absent:
        return f"`{component}` is declared absent in `{name}`"
    return None


def _reading_faults(network: Network) -> Iterator[str]:
    objects, judged = _objects(network), dict[Place, str | None]()
    names = {shared.name for shared in network.shared}
    quantities: dict[str, dict[Place, None]] = {}
    seen: Counter[tuple[str, int]] = Counter()
    for reading in network.readings:
        place: Place = (reading.kind, reading.object, reading.component)
        if place not in judged:
            judged[place] = _place_fault(place, objects, network)
        fault = judged[place]
        if fault is not None or not _plain(reading, network.periods, names):
            where = f"reading `{reading.tag}`, period {reading.period}"
            found = [] if fault is None else [fault]
            yield from (f"{where}: {what}" for what in [*found, *_value_faults(reading, network, names)])
        quantities.setdefault(reading.tag, {})[place] = None
        seen[reading.tag, reading.period] += 1
    for tag, places in quantities.items():
        if len(places) > 1:
            named = ", ".join(
                sorted(f"{kind} of `{name}` {component or ''}".strip() for kind, name, component in places)
            )
            yield f"tag `{tag}` reads {len(places)} quantities: {named}; give each its own tag"
    for (tag, period), count in seen.items():
        if count > 1 and len(quantities[tag]) == 1:
            yield f"tag `{tag}` is read {count} times in period {period}; combine them first, or give each its own tag"


def _plain(reading: Reading, periods: int, shared: set[str]) -> bool:
    """Whether there is nothing to say about value, sigma, period and shares; most readings are like that."""
    value, sigma = reading.value, reading.sigma
    try:
        sound = 0.0 < sigma < math.inf and -math.inf < value < math.inf and 0 <= reading.period < periods
    except TypeError:
        return False
    return sound and not reading.below and not reading.shares


def _value_faults(reading: Reading, network: Network, shared: set[str]) -> Iterator[str]:
    stocked = reading.kind in ("stock", "stock_assay")
    last = network.periods if stocked else network.periods - 1
    if not (_finite(reading.period) and 0 <= reading.period <= last):
        yield f"expected a period from 0 to {last}"
    if not _finite(reading.value):
        yield f"expected a finite value, got {reading.value!r}; leave out what was not measured"
    if not (_finite(reading.sigma) and reading.sigma > 0.0):
        yield f"expected a sigma above 0, got {reading.sigma!r}; state how sure the meter is"
    if reading.below and not reading.value >= 0.0:
        yield f"expected a detection limit of at least 0, got {reading.value!r}"
    for name, sensitivity in reading.shares:
        if name not in shared:
            yield f"shares the unknown error `{name}`"
        if not _finite(sensitivity):
            yield f"expected a finite sensitivity to `{name}`, got {sensitivity!r}"
    if reading.shares and reading.below:
        yield "a value below detection cannot share an error; leave the shares out"


def _finite(value: object) -> bool:
    return isinstance(value, int | float | np.number) and math.isfinite(float(value))


def _shared_faults(network: Network) -> Iterator[str]:
    yield from _repeated("shared error", (shared.name for shared in network.shared))
    for shared in network.shared:
        if not (_finite(shared.sigma) and shared.sigma > 0.0):
            yield f"shared error `{shared.name}`: expected a sigma above 0, got {shared.sigma!r}"
        if shared.lasts not in ("account", "period"):
            yield f"shared error `{shared.name}`: expected to last an account or a period, got `{shared.lasts}`"


def _correlation_faults(network: Network) -> Iterator[str]:
    tags = {reading.tag for reading in network.readings}
    censored = {reading.tag for reading in network.readings if reading.below}
    yield from _repeated(
        "correlation of", (" and ".join(sorted({pair.first, pair.second})) for pair in network.correlations)
    )
    sound = True
    for pair in network.correlations:
        for fault in _pair_faults(pair, tags, censored):
            sound = False
            yield f"correlation of `{pair.first}` and `{pair.second}`: {fault}"
    if not sound:
        return
    for group in correlated_groups(network.correlations):
        least = float(np.linalg.eigvalsh(correlation_matrix(group, network.correlations))[0])
        if not least > _LEAST_EIGENVALUE:
            yield (
                f"the correlations among {_ticked(group)} contradict each other: their matrix is not positive definite "
                f"(smallest eigenvalue {least:.3g})"
            )


def _pair_faults(pair: Correlation, tags: set[str], censored: set[str]) -> Iterator[str]:
    if pair.first == pair.second:
        yield "expected two tags, got one"
    if not (_finite(pair.r) and abs(pair.r) <= 1.0):
        yield f"expected r between -1 and 1, got {pair.r!r}"
    for tag in dict.fromkeys((pair.first, pair.second)):
        if tag not in tags:
            yield f"no reading has the tag `{tag}`"
        if tag in censored:
            yield f"`{tag}` has values below detection, whose errors have no stated correlation"


def correlated_groups(correlations: Sequence[Correlation]) -> list[list[str]]:
    """Tags joined by correlations, directly or through others; in the order they are named."""
    root: dict[str, str] = {}

    def find(tag: str) -> str:
        root.setdefault(tag, tag)
        while root[tag] != tag:
            tag = root[tag]
        return tag

    for pair in correlations:
        root[find(pair.second)] = find(pair.first)
    groups: dict[str, list[str]] = defaultdict(list)
    for tag in dict.fromkeys(tag for pair in correlations for tag in (pair.first, pair.second)):
        groups[find(tag)].append(tag)
    return list(groups.values())


def correlation_matrix(tags: Sequence[str], correlations: Sequence[Correlation]) -> np.ndarray:
    """Symmetric matrix (tags, tags) with ones on its diagonal."""
    number = {tag: place for place, tag in enumerate(tags)}
    matrix = np.eye(len(tags))
    for pair in correlations:
        if pair.first in number and pair.second in number:
            one, other = number[pair.first], number[pair.second]
            matrix[one, other] = matrix[other, one] = pair.r
    return matrix


def _known_faults(network: Network) -> Iterator[str]:
    objects = _objects(network)
    ranges: dict[Place, tuple[float, float]] = {
        ("quantity", q.name, None): (q.lower, q.upper) for q in network.quantities
    }
    ranges |= {("flow", s.name, None): (0.0, math.inf) for s in network.streams if s.carries == "material"}
    values: dict[tuple[Place, int], float] = {}
    for known in network.known:
        place: Place = (known.kind, known.object, known.component)
        where = f"known {describe_place(place)}"
        fault = _place_fault(place, objects, network)
        if fault is not None:
            yield f"{where}: {fault}"
            continue
        last = network.periods if known.kind in ("stock", "stock_assay") else network.periods - 1
        if known.period is not None and not 0 <= known.period <= last:
            yield f"{where}: expected a period from 0 to {last}, got {known.period}"
        yield from (f"{where}: {fault}" for fault in _exact_faults(known, ranges))
        for period in range(last + 1) if known.period is None else (known.period,):
            former = values.setdefault((place, period), known.value)
            if former != known.value:
                yield f"{where}, period {period}: it is said to be {former} and {known.value}; leave one out"
                break


def _exact_faults(known: Known, ranges: Mapping[Place, tuple[float, float]]) -> Iterator[str]:
    endless = (0.0 if known.kind in ("stock", "temperature") else -math.inf, math.inf)
    low, high = ranges.get((known.kind, known.object, known.component), endless)
    if not _finite(known.value):
        yield f"expected a finite value, got {known.value!r}"
    elif known.kind in ("assay", "stock_assay") and not 0.0 <= known.value <= 1.0:
        yield f"expected a value from 0 to 1, got {known.value!r}"
    elif low == 0.0 and high == math.inf and known.value < 0.0:
        yield f"expected a value of at least 0, got {known.value!r}"
    elif not low <= known.value <= high:
        yield f"{known.value!r} lies outside {low} to {high}"


def describe_place(place: Place) -> str:
    """An address in words, without a period."""
    kind, name, component = place
    return f"{component} in `{name}`" if component is not None else f"{kind} of `{name}`"


def _relation_faults(network: Network) -> Iterator[str]:
    objects = _objects(network)
    objects["enthalpy"] = {s.name for s in network.streams if s.carries == "material" and s.enthalpy}
    absent = network.absent
    yield from _repeated("relation", (relation.name for relation in network.relations))
    for quantity in network.quantities:
        if not quantity.lower <= quantity.upper:
            yield f"quantity `{quantity.name}`: expected lower <= upper, got {quantity.lower} and {quantity.upper}"
    for relation in network.relations:
        where = f"relation `{relation.name}`"
        if not relation.terms:
            yield f"{where}: it has no term"
        if not _finite(relation.constant):
            yield f"{where}: expected a finite constant, got {relation.constant!r}"
        for coefficient, factors in relation.terms:
            if not _finite(coefficient):
                yield f"{where}: expected a finite coefficient, got {coefficient!r}"
            if not factors:
                yield f"{where}: a term has no factor; add it to the constant"
            for place in factors:
                fault = None if place[1:] in absent else _place_fault(place, objects, network)
                if fault is not None:
                    yield f"{where}: {fault}"


def _ends(network: Network) -> tuple[dict[str, list[Stream]], dict[str, list[Stream]]]:
    """Inlets and outlets of every node."""
    inlets: dict[str, list[Stream]] = {node.name: [] for node in network.nodes}
    outlets: dict[str, list[Stream]] = {node.name: [] for node in network.nodes}
    for stream in network.streams:
        if stream.source is not None:
            outlets[stream.source].append(stream)
        if stream.target is not None:
            inlets[stream.target].append(stream)
    return inlets, outlets


def _balance_faults(network: Network) -> Iterator[str]:
    inlets, outlets = _ends(network)
    for node in network.nodes:
        material = [s for s in inlets[node.name] if s.carries == "material"]
        if node.kind == "splitter" and len(material) != 1:
            yield f"splitter `{node.name}`: expected one inlet, got {len(material)}; put a junction before it"
        if node.kind == "stock":
            continue
        for component in node.balances:
            enters, leaves = (
                [s for s in side if component == ENERGY or _brings(s, component, network)]
                for side in (inlets[node.name], outlets[node.name])
            )
            if leaves and not enters:
                yield f"node `{node.name}`: `{component}` leaves by `{leaves[0].name}` but enters by no stream"
            if enters and not leaves:
                yield f"node `{node.name}`: `{component}` enters by `{enters[0].name}` but leaves by no stream"


def _brings(stream: Stream, component: str, network: Network) -> bool:
    return stream.carries == "material" and (stream.name, component) not in network.absent


def _energy_faults(network: Network) -> Iterator[str]:
    inlets, outlets = _ends(network)
    closing = {node.name for node in network.nodes if ENERGY in node.balances}
    for node in (node for node in network.nodes if node.name in closing):
        for stream in (*inlets[node.name], *outlets[node.name]):
            if stream.carries == "material" and not stream.enthalpy:
                yield f"stream `{stream.name}`: node `{node.name}` closes energy; give its coefficients of enthalpy"
            if stream.carries == "heat" and node.kind == "splitter":
                yield f"splitter `{node.name}`: heat stream `{stream.name}`; put a junction before or after it"
    for stream in network.streams:
        if stream.carries == "heat" and not closing & {stream.source, stream.target}:
            yield f"heat stream `{stream.name}`: neither of its ends closes energy"


def parts_of(network: Network) -> list[list[str]]:
    """Connected parts of the plant: names of nodes and streams, nodes first."""
    group = {node.name: node.name for node in network.nodes}

    def root(name: str) -> str:
        while group[name] != name:
            group[name] = group[group[name]]
            name = group[name]
        return name

    for stream in network.streams:
        if stream.source is not None and stream.target is not None:
            group[root(stream.source)] = root(stream.target)
    parts: dict[str, list[str]] = defaultdict(list)
    for node in network.nodes:
        parts[root(node.name)].append(node.name)
    return list(parts.values())


def _unread_parts(network: Network) -> Iterator[list[str]]:
    """Nodes of connected parts in which nothing is read or known, and no relation reaches."""
    named = {name for _, name, _ in network.named()}
    for part in parts_of(network):
        members = set(part)
        streams = {s.name for s in network.streams if s.source in members or s.target in members}
        if not (members | streams) & named:
            yield part


def _island_faults(network: Network) -> Iterator[str]:
    """Nodes without streams; and every part, where nothing at all is read."""
    touched = {end for stream in network.streams for end in (stream.source, stream.target)}
    for node in network.nodes:
        if node.name not in touched:
            yield f"node `{node.name}` is an island: no stream touches it"
    if not network.readings:
        for part in _unread_parts(network):
            if any(name in touched for name in part):
                yield f"{_ticked(part)} form an island in which nothing is read"
        if not network.nodes:
            yield "nothing is read"


def _unread_remarks(network: Network) -> Iterator[str]:
    for part in _unread_parts(network):
        yield f"{_ticked(part)} form an island in which nothing is read; nothing is said about it"


def _set_aside_remarks(network: Network) -> Iterator[str]:
    still: dict[tuple[str, int], list[str]] = defaultdict(list)
    for number in sorted(network.set_aside):
        reading = network.readings[number]
        still[reading.object, reading.period].append(reading.tag)
    for (stream, period), tags in still.items():
        yield (
            f"{_ticked(tags)}, period {period}: set aside, for the flow of `{stream}` is 0 and what does not flow has "
            "no composition"
        )


def _correlation_remarks(network: Network) -> Iterator[str]:
    for pair in network.correlations:
        if abs(pair.r) > STRONG:
            yield (
                f"`{pair.first}` and `{pair.second}` are correlated by {pair.r:g}: together they say hardly more than "
                "one, and their difference counts as almost exact"
            )


def _ticked(names: Sequence[str]) -> str:
    shown = ", ".join(f"`{name}`" for name in names[:_NAMED])
    return shown if len(names) <= _NAMED else f"{shown} and {len(names) - _NAMED} more"
