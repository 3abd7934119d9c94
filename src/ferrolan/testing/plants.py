"""Synthetic plants with known truth, for tests, benchmarks and power studies. Nothing here is plant data.

For example: ``plant(17, 36, 7, 5, np.random.default_rng(1))`` has the size of a small combined producer over five
weeks: units that split components by random recoveries, recycles, splitters, stocks that fill and drain, furnaces
without a mass balance. The truth comes from the recoveries (one linear system per component and period), not from the
equations of the engine.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from ferrolan.numerics.kkt import Floats
from ferrolan.reconciliation.network import MASS, Network, Node, NodeKind, Reading, Stream

FLOW_SIGMA, ASSAY_SIGMA, STOCK_SIGMA = 0.01, 0.02, 0.02
"""Synthetic relative standard deviations of belt scales, laboratory assays and stock surveys."""

Address = tuple[str, str, str | None, int]


@dataclass(frozen=True)
class Plant:
    """A network without readings and the true value of every quantity in it."""

    network: Network
    truth: dict[Address, float]

    def read(
        self,
        generator: np.random.Generator,
        *,
        share: float = 1.0,
        noise: float = 1.0,
        bias: dict[str, float] | None = None,
    ) -> Network:
        """The network with readings of a random ``share`` of its quantities; every tag reads in all periods or in none.

        ``noise`` scales the errors, not the stated sigmas; ``bias`` gives tags a relative bias.
        """
        tags: dict[str, bool] = {}
        readings = []
        for (kind, name, component, period), true in self.truth.items():
            tag = ".".join(part for part in (kind, name, component) if part is not None)
            chosen = tags.setdefault(tag, bool(generator.random() < share))
            error = float(generator.standard_normal())
            if not chosen:
                continue
            relative = {"flow": FLOW_SIGMA, "stock": STOCK_SIGMA}.get(kind, ASSAY_SIGMA)
            sigma = relative * max(true, 1e-6)
            value = true * (1.0 + (bias or {}).get(tag, 0.0)) + noise * sigma * error
            readings.append(Reading(kind, name, component, period, value, sigma, tag))  # type: ignore[arg-type]
        return replace(self.network, readings=tuple(readings))


def plant(nodes: int, streams: int, components: int, periods: int, generator: np.random.Generator) -> Plant:
    """A random plant; about one node in six is a stock, one in eight a splitter, one in eight has no mass balance."""
    names = tuple(f"c{number}" for number in range(components))
    pipes, kinds = _topology(nodes, streams, generator)
    open_mass = {f"n{i}" for i in range(1, nodes) if kinds[i] == "junction" and generator.random() < 0.125}
    shares = _shares(pipes, kinds, open_mass, len(names), generator)
    hours = tuple(float(h) for h in generator.choice([72.0, 168.0], periods))
    truth = _truth(pipes, kinds, names, shares, hours, generator)
    absent = frozenset(
        (pipe.name, k)
        for pipe in pipes
        for k in names
        if all(truth["assay", pipe.name, k, p] == 0.0 for p in range(periods))
    )
    balanced = tuple(
        Node(f"n{i}", ((() if f"n{i}" in open_mass else (MASS,)) + _present(f"n{i}", pipes, names, absent)), kinds[i])
        for i in range(nodes)
    )
    own = {node.name: node.balances for node in balanced}
    truth = {key: value for key, value in truth.items() if _is_variable(key, own, absent)}
    network = _unread(tuple(pipes), balanced, names, hours, absent)
    return Plant(network, truth)


def _unread(
    streams: tuple[Stream, ...],
    nodes: tuple[Node, ...],
    components: tuple[str, ...],
    hours: tuple[float, ...],
    absent: frozenset[tuple[str, str]],
) -> Network:
    """A network needs one reading to be valid; ``Plant.read`` replaces it."""
    first = Reading("flow", streams[0].name, None, 0, 1.0, 1.0, "none")
    return Network(streams, nodes, components, hours, (first,), absent)


def _topology(nodes: int, streams: int, generator: np.random.Generator) -> tuple[list[Stream], list[NodeKind]]:
    ends: list[tuple[int | None, int | None]] = [(None, 0)]
    kinds: list[NodeKind] = ["junction"]
    for node in range(1, nodes):
        ends.append((int(generator.integers(max(0, node - 4), node)), node))
        draw = generator.random()
        kinds.append("stock" if draw < 1 / 6 else "splitter" if draw < 1 / 6 + 1 / 8 else "junction")
    for node in range(nodes):
        if all(source != node for source, _ in ends):
            ends.append((node, None))
    while len(ends) < streams:
        source, target = int(generator.integers(nodes)), int(generator.integers(nodes))
        back = target <= source and (generator.random() < 0.8 or target == source)
        if not back and kinds[target] == "splitter":
            continue
        ends.append((source, None if back else target))
    return [Stream(f"s{i}", _node(a), _node(b)) for i, (a, b) in enumerate(ends)], kinds


def _node(number: int | None) -> str | None:
    return None if number is None else f"n{number}"


def _shares(
    pipes: list[Stream], kinds: list[NodeKind], open_mass: set[str], components: int, generator: np.random.Generator
) -> Floats:
    """Share of what enters its source that each stream takes, (streams, components + 1); the last is everything
    else.
    """
    shares = np.ones((len(pipes), components + 1))
    for number, kind in enumerate(kinds):
        outlets = [i for i, pipe in enumerate(pipes) if pipe.source == f"n{number}"]
        width = 1 if kind == "splitter" else components + 1
        split = generator.uniform(0.1, 1.0, (len(outlets), width))
        if kind == "junction" and len(outlets) > 1:
            split[0, generator.random(width) < 0.1] = 0.0
            split[0, -1] = generator.uniform(0.1, 1.0)
        total = split.sum(axis=0) * (generator.uniform(1.0, 1.1) if kind == "stock" else 1.0)
        shares[outlets] = split / total
        if f"n{number}" in open_mass:
            shares[outlets, -1] *= generator.uniform(0.5, 0.9)
    return shares


def _truth(
    pipes: list[Stream],
    kinds: list[NodeKind],
    names: tuple[str, ...],
    shares: Floats,
    hours: tuple[float, ...],
    generator: np.random.Generator,
) -> dict[Address, float]:
    count = len(names)
    grades = 10.0 ** generator.uniform(-3.0, -0.7, count) / max(1, count)
    base = np.concatenate([grades, [1.0 - grades.sum()]])
    place = {f"n{i}": i for i in range(len(kinds))}
    truth: dict[Address, float] = {}
    contents = {f"n{i}": np.zeros(count + 1) for i, kind in enumerate(kinds) if kind == "stock"}
    for period, length in enumerate(hours):
        feed = np.zeros((len(kinds), count + 1))
        feed[0] = 100.0 * base * generator.uniform(0.9, 1.1, count + 1)
        flows = _flows(pipes, place, shares, feed)
        for name, content in contents.items():
            entering = sum(flows[i] for i, pipe in enumerate(pipes) if pipe.target == name)
            leaving = sum(flows[i] for i, pipe in enumerate(pipes) if pipe.source == name)
            if period == 0:
                content += 1.5 * sum(hours) * entering * generator.uniform(0.3, 0.6)
                _note(truth, ("stock", name), content, names, 0)
            content += length * (np.asarray(entering) - np.asarray(leaving))
            _note(truth, ("stock", name), content, names, period + 1)
        for i, pipe in enumerate(pipes):
            _note(truth, ("flow", pipe.name), flows[i], names, period)
    return truth


def _flows(pipes: list[Stream], place: dict[str, int], shares: Floats, feed: Floats) -> Floats:
    """Component flows [t/h] of all streams: what enters a node is fed or comes by a stream with its share."""
    flows = np.zeros_like(shares)
    for component in range(shares.shape[1]):
        matrix = np.eye(len(place))
        for i, pipe in enumerate(pipes):
            if pipe.source is not None and pipe.target is not None:
                matrix[place[pipe.target], place[pipe.source]] -= shares[i, component]
        entering = np.linalg.solve(matrix, feed[:, component])
        for i, pipe in enumerate(pipes):
            source = feed[0, component] if pipe.source is None else entering[place[pipe.source]] * shares[i, component]
            flows[i, component] = max(float(source), 0.0)
    return flows


def _note(
    truth: dict[Address, float], what: tuple[str, str], content: Floats, names: tuple[str, ...], period: int
) -> None:
    kind, name = what
    total = float(content.sum())
    truth[kind, name, None, period] = total
    for component, amount in zip(names, content, strict=False):
        truth["assay" if kind == "flow" else "stock_assay", name, component, period] = float(amount) / total


def _present(
    node: str, pipes: list[Stream], names: tuple[str, ...], absent: frozenset[tuple[str, str]]
) -> tuple[str, ...]:
    near = [pipe.name for pipe in pipes if node in (pipe.source, pipe.target)]
    return tuple(k for k in names if any((name, k) not in absent for name in near))


def _is_variable(key: Address, balances: dict[str, tuple[str, ...]], absent: frozenset[tuple[str, str]]) -> bool:
    kind, name, component, _ = key
    if kind == "assay":
        return (name, component) not in absent
    return kind != "stock_assay" or component in balances[name]
