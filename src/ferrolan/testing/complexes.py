"""Synthetic complexes of any size with known truth: wide ones of one period, and a year of days. Nothing is plant data.

For example: ``wide(2084, 8, generator)`` has 2,084 streams with eight assays each, 18.8 thousand unknowns under 9.6
thousand balances; ``days(90, 5, 365, generator)`` is a complex of 90 streams over a year, whose stocks carry every day
into the next and whose belt scales and laboratories read wrong by the same share all the year. The truth comes from
random recoveries (one sparse linear system a component), not from the equations of the engine, and no error that is
drawn knows what the engine makes of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse import linalg

from ferrolan.numerics.kkt import Floats, Integers
from ferrolan.reconciliation.network import MASS, Network, Node, NodeKind, Reading, SharedError, Stream
from ferrolan.testing.plants import Address

FLOW_SIGMA, ASSAY_SIGMA, STOCK_SIGMA = 0.01, 0.02, 0.02
"""Synthetic relative standard deviations of belt scales, laboratory assays and stock surveys."""
SCALE_SIGMA, LABORATORY_SIGMA = 0.01, 0.01
"""Synthetic relative standard deviations of what the meters of one belt-scale calibration, or one laboratory, share."""
SURVEY = 30
"""Days between two surveys of the stocks."""

_NODES_PER_STREAM = 0.512
_REACH = 4
"""How far back in the row of nodes a node is fed from."""
_FAR, _FEEDS, _BACK = 0.01, 0.2, 0.12
"""Shares of long links among the further streams, of nodes fed from outside, of streams that lead back."""


@dataclass(frozen=True)
class Complex:
    """A network with one nominal reading, the truth behind it and the errors its meters share.

    ``truth`` maps the address (kind, object, component, period) of every flow [t/h], assay [1], stock [t] and stock
    assay [1] to its value. ``sharing`` maps a tag to the name of the shared error it carries.
    """

    network: Network
    truth: Mapping[Address, float]
    sharing: Mapping[str, str]

    def read(
        self,
        generator: np.random.Generator,
        *,
        share: float = 0.6,
        flows: float | None = None,
        noise: float = 1.0,
        bias: Mapping[str, float] | None = None,
        only: NDArray[np.bool_] | None = None,
    ) -> Network:
        """The network with readings of a random ``share`` of its quantities; a tag reads in all periods or in none.

        Parameters
        ----------
        share
            Part of all quantities that is read, from 0 to 1.
        flows
            Part of the flows that is read; None: as much as of the rest.
        noise
            Scales the errors, not the stated sigmas.
        bias
            Relative bias by tag, beside the noise.
        only
            Which tags read, (tags,), in place of ``share``; in the order of ``tags``.
        """
        tags = self.tags
        chosen = self.chosen(generator, share, flows) if only is None else only
        exact = np.fromiter(self.truth.values(), np.float64, len(self.truth))
        sigma = np.array([_SIGMA[kind] for kind, *_ in self.truth]) * np.maximum(exact, 1e-6)
        latent = {one.name: one.sigma * float(generator.standard_normal()) for one in self.network.shared}
        wrong = {tag: (bias or {}).get(tag, 0.0) + latent.get(self.sharing.get(tag, ""), 0.0) for tag in tags}
        value = exact + noise * sigma * generator.standard_normal(len(exact))
        readings = []
        for number, address in enumerate(self.truth):
            tag = tag_of(address)
            if not chosen[tags[tag]] or not _surveyed(address):
                continue
            read = float(value[number] + wrong[tag] * exact[number])
            shares = ((self.sharing[tag], read),) if tag in self.sharing else ()
            kind, name, component, period = address
            readings.append(
                Reading(kind, name, component, period, read, float(sigma[number]), tag, shares=shares)  # type: ignore[arg-type]
            )
        return replace(self.network, readings=tuple(readings))

    @property
    def tags(self) -> dict[str, int]:
        """Place of every tag, in the order of the truth."""
        return {tag: place for place, tag in enumerate(dict.fromkeys(tag_of(address) for address in self.truth))}

    def chosen(self, generator: np.random.Generator, share: float, flows: float | None = None) -> NDArray[np.bool_]:
        """Tags (tags,) in random order until they read the share of all quantities; flows first, where stated."""
        tags, names = self.tags, [*self.tags]
        reads = np.bincount([tags[tag_of(a)] for a in self.truth if _surveyed(a)], minlength=len(tags))
        order = generator.permutation(len(tags))
        if flows is not None:
            weighed = [place for place in order if names[place].startswith("flow.")]
            first = weighed[: round(flows * len(weighed))]
            order = np.array([*first, *(p for p in order if not names[p].startswith("flow."))])
        enough = int(np.searchsorted(np.cumsum(reads[order]), share * len(self.truth), side="right"))
        found = np.zeros(len(tags), dtype=bool)
        found[order[: max(enough, 1)]] = True
        return found


_SIGMA = {"flow": FLOW_SIGMA, "assay": ASSAY_SIGMA, "stock": STOCK_SIGMA, "stock_assay": ASSAY_SIGMA}


def tag_of(address: Address) -> str:
    """The tag that reads an address in all periods.

    Examples
    --------
    >>> tag_of(("assay", "s3", "c1", 7))
    'assay.s3.c1'
    """
    kind, name, component, _ = address
    return f"{kind}.{name}" if component is None else f"{kind}.{name}.{component}"


def _surveyed(address: Address) -> bool:
    return not address[0].startswith("stock") or address[3] % SURVEY == 0


def wide(streams: int, components: int, generator: np.random.Generator) -> Complex:
    """A complex of one period: junctions alone, every one closing mass and all components."""
    return mornings(streams, components, 1, generator)[0]


def mornings(streams: int, components: int, count: int, generator: np.random.Generator) -> tuple[Complex, ...]:
    """The same wide complex on ``count`` days in a row, each an account of its own; what is fed drifts by 2 % a day."""
    layout = _layout(streams, generator, stocks=0)
    shares = layout.shares(components + 1, generator)
    feeds = layout.feeds(components, count, generator)
    return tuple(_complex(layout, layout.flows(shares, feed)[:, None, :], {}, (1.0,), ()) for feed in feeds)


def days(streams: int, components: int, count: int, generator: np.random.Generator) -> Complex:
    """A complex over ``count`` days: one node in eight a stock, feeds and recoveries that drift from day to day.

    Every flow tag carries the error of one of some belt-scale calibrations, every assay tag that of its laboratory, one
    a component; both last all the account.
    """
    layout = _layout(streams, generator, stocks=max(1, round(_NODES_PER_STREAM * streams / 8)))
    base = layout.shares(components + 1, generator)
    feeds = layout.feeds(components, count, generator)
    rhythm = _rhythm(layout, count, generator)
    flows = np.stack(
        [layout.flows(base * rhythm[day][:, None], feeds[day]) for day in range(count)], axis=1
    )  # (streams, days, components + 1)
    stocks = {node: _held(layout, node, flows) for node in np.flatnonzero(layout.stock).tolist()}
    shared = (
        *(SharedError(f"calibration{number}", SCALE_SIGMA) for number in range(max(1, streams // 9))),
        *(SharedError(f"laboratory.c{number}", LABORATORY_SIGMA) for number in range(components)),
    )
    return _complex(layout, flows, stocks, (24.0,) * count, shared)


@dataclass(frozen=True)
class _Layout:
    """Streams as pairs of node numbers, -1 for the environment; which nodes are stocks."""

    source: Integers
    target: Integers
    stock: NDArray[np.bool_]

    def shares(self, width: int, generator: np.random.Generator) -> Floats:
        """Share of what enters its source that each stream takes, (streams, components + 1); 1 for a feed."""
        drawn = generator.uniform(0.2, 1.0, (len(self.source), 1)) * generator.uniform(
            0.5, 1.5, (len(self.source), width)
        )
        total = np.zeros((len(self.stock), width))
        inner = self.source >= 0
        np.add.at(total, self.source[inner], drawn[inner])
        drawn[inner] /= total[self.source[inner]]
        drawn[~inner] = 1.0
        return drawn

    def feeds(self, components: int, count: int, generator: np.random.Generator) -> Floats:
        """What every feed brings [t/h], (days, streams, components + 1); the last column is everything else."""
        size = len(self.source)
        grades = 10.0 ** generator.uniform(-2.3, -0.6, (size, components))
        grades /= np.maximum(1.0, grades.sum(axis=1, keepdims=True) / 0.7)
        whole = np.concatenate([grades, 1.0 - grades.sum(axis=1, keepdims=True)], axis=1)
        whole *= generator.uniform(50.0, 150.0, (size, 1))
        drift = np.cumsum(generator.normal(0.0, 0.02, (count, size, components + 1)), axis=0)
        brought: Floats = whole * np.exp(np.clip(drift, -0.4, 0.4)) * (self.source < 0)[:, None]
        return brought

    def flows(self, shares: Floats, feed: Floats) -> Floats:
        """Component flows [t/h] of all streams, (streams, components + 1): one sparse system a component."""
        nodes, inner = len(self.stock), self.source >= 0
        through = inner & (self.target >= 0)
        entering = np.zeros((nodes, shares.shape[1]))
        np.add.at(entering, self.target[~inner], feed[~inner])
        for part in range(shares.shape[1]):
            moved = sparse.coo_matrix(
                (shares[through, part], (self.target[through], self.source[through])), shape=(nodes, nodes)
            )
            matrix = sparse.csc_matrix(sparse.eye_array(nodes) - moved)
            entering[:, part] = linalg.spsolve(matrix, entering[:, part])
        found: Floats = np.where(inner[:, None], shares * entering[self.source], feed)
        return found


def _layout(streams: int, generator: np.random.Generator, *, stocks: int) -> _Layout:
    """Nodes in a row, each fed from one of the few before it; feeds, recycles and products all along the row."""
    nodes = max(2, round(_NODES_PER_STREAM * streams))
    ends = [(-1, 0)]
    ends += [(int(generator.integers(max(0, node - _REACH), node)), node) for node in range(1, nodes)]
    ends += [(-1, int(node)) for node in generator.choice(nodes, round(_FEEDS * nodes), replace=False) if node]
    led = {source for source, _ in ends}
    ends += [(node, -1) for node in range(nodes) if node not in led]
    while len(ends) < streams:
        source = int(generator.integers(nodes))
        draw = generator.random()
        if draw < _FAR:
            target = int(generator.integers(nodes))
        else:
            step = int(generator.integers(1, 2 * _REACH))
            target = source - step if draw < _FAR + _BACK else source + step
        ends.append((source, target if 0 <= target < nodes and target != source else -1))
    held = np.zeros(nodes, dtype=bool)
    held[generator.choice(np.arange(1, nodes), stocks, replace=False)] = True
    pairs = np.array(ends[: max(streams, nodes)], dtype=np.int64) if len(ends) <= streams else np.array(ends, np.int64)
    return _Layout(pairs[:, 0], pairs[:, 1], held)


def _rhythm(layout: _Layout, count: int, generator: np.random.Generator) -> Floats:
    """What the outlets of each node give of what enters, (days, streams): 1, but slow waves behind a stock."""
    nodes = len(layout.stock)
    length, phase = generator.uniform(10.0, 90.0, nodes), generator.uniform(0.0, 2.0 * np.pi, nodes)
    wave = 1.0 + 0.2 * layout.stock * np.sin(2.0 * np.pi * np.arange(count)[:, None] / length + phase)
    given: Floats = np.where(layout.source >= 0, wave[:, layout.source], 1.0)
    return given


def _held(layout: _Layout, node: int, flows: Floats) -> Floats:
    """Content [t] of a stock at the start of every day and at the end, (days + 1, components + 1); never empty."""
    rise = 24.0 * (flows[layout.target == node].sum(axis=0) - flows[layout.source == node].sum(axis=0))
    content = np.concatenate([np.zeros((1, rise.shape[1])), np.cumsum(rise, axis=0)])
    entering = flows[layout.target == node].sum(axis=0).mean(axis=0)
    filled: Floats = content - content.min(axis=0) + 48.0 * entering
    return filled


def _complex(
    layout: _Layout,
    flows: Floats,
    stocks: Mapping[int, Floats],
    hours: tuple[float, ...],
    shared: tuple[SharedError, ...],
) -> Complex:
    components = tuple(f"c{number}" for number in range(flows.shape[2] - 1))
    ends = zip(layout.source.tolist(), layout.target.tolist(), strict=True)
    streams = tuple(Stream(f"s{i}", _node(a), _node(b)) for i, (a, b) in enumerate(ends))
    kinds: list[NodeKind] = ["stock" if held else "junction" for held in layout.stock]
    nodes = tuple(Node(f"n{i}", (MASS, *components), kind) for i, kind in enumerate(kinds))
    truth: dict[Address, float] = {}
    for number, stream in enumerate(streams):
        _note(truth, ("flow", "assay"), stream.name, flows[number], components)
    for node, content in stocks.items():
        _note(truth, ("stock", "stock_assay"), f"n{node}", content, components)
    first = Reading("flow", streams[0].name, None, 0, 1.0, 1.0, "none")  # a network needs one; ``read`` replaces it
    network = Network(streams, nodes, components, hours, (first,), shared=shared)
    return Complex(network, truth, _sharing(streams, components, shared))


def _node(number: int) -> str | None:
    return None if number < 0 else f"n{number}"


def _note(
    truth: dict[Address, float], kinds: tuple[str, str], name: str, content: Floats, components: tuple[str, ...]
) -> None:
    """Amount and composition in all periods; ``content`` is (periods, components + 1)."""
    total = content.sum(axis=1)
    truth.update({(kinds[0], name, None, p): float(amount) for p, amount in enumerate(total.tolist())})
    for number, component in enumerate(components):
        part = (content[:, number] / total).tolist()
        truth.update({(kinds[1], name, component, p): float(share) for p, share in enumerate(part)})


def _sharing(
    streams: tuple[Stream, ...], components: tuple[str, ...], shared: tuple[SharedError, ...]
) -> dict[str, str]:
    scales = [one.name for one in shared if one.name.startswith("calibration")]
    if not scales:
        return {}
    found = {f"flow.{stream.name}": scales[i % len(scales)] for i, stream in enumerate(streams)}
    found |= {f"assay.{stream.name}.{c}": f"laboratory.{c}" for stream in streams for c in components}
    return found
