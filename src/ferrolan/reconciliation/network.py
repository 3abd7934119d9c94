"""What is to be reconciled: streams, nodes, the balances they declare, and readings with their sigma.

For example: ``Node("mill", (MASS, "Fe"))`` closes dry mass and iron. A blast furnace takes in coke and blows out gas
that nobody weighs: it declares ``("Fe", "P")`` and no dry mass. Nothing is assumed that is not declared: a reading
without sigma, a component that leaves a node it cannot have entered, exact values that contradict each other are
refused, all at once; what is set aside is said in ``remarks`` (design note, section 2).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from ferrolan.base.errors import ProblemError
from ferrolan.reconciliation.elements import (
    ENERGY,
    MASS,
    Correlation,
    Known,
    Node,
    NodeKind,
    Place,
    Quantity,
    Reading,
    ReadingKind,
    Relation,
    SharedError,
    Stream,
)
from ferrolan.reconciliation.errors import ErrorModel
from ferrolan.reconciliation.faults import faults_of, remarks_of

__all__ = [
    "ENERGY",
    "MASS",
    "Correlation",
    "ErrorModel",
    "Known",
    "Network",
    "Node",
    "NodeKind",
    "Place",
    "Quantity",
    "Reading",
    "ReadingKind",
    "Relation",
    "SharedError",
    "Stream",
]


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
    shared
        Errors that several readings have in common.
    correlations
        Correlations of the errors of two tags.
    known
        Exact values.
    quantities, relations
        Further quantities, and equations between any quantities.

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
    shared: tuple[SharedError, ...] = ()
    correlations: tuple[Correlation, ...] = ()
    known: tuple[Known, ...] = ()
    quantities: tuple[Quantity, ...] = ()
    relations: tuple[Relation, ...] = ()

    def __post_init__(self) -> None:
        faults = faults_of(self)
        if faults:
            count = "1 fault" if len(faults) == 1 else f"{len(faults)} faults"
            raise ProblemError("\n".join([f"the network has {count}:", *(f"  {fault}" for fault in faults)]))

    @property
    def periods(self) -> int:
        """Number of periods."""
        return len(self.hours)

    @cached_property
    def remarks(self) -> tuple[str, ...]:
        """What the account does not use or should not be trusted in, in words: readings set aside, parts unread."""
        return remarks_of(self)

    @cached_property
    def set_aside(self) -> frozenset[int]:
        """Places in ``readings`` of assays of a stream that stood still: without flow there is no composition."""
        flows = [r for r in self.readings if r.kind == "flow" and not r.below]
        still = {(r.object, r.period) for r in flows if r.value == 0.0}
        still -= {(r.object, r.period) for r in flows if r.value != 0.0}
        closed = [k for k in self.known if k.kind == "flow" and k.value == 0.0]
        for known in closed:
            periods = range(self.periods) if known.period is None else (known.period,)
            still.update((known.object, period) for period in periods)
        if not still:
            return frozenset()
        return frozenset(
            number
            for number, reading in enumerate(self.readings)
            if reading.kind == "assay" and (reading.object, reading.period) in still
        )

    def carried(self) -> dict[str, tuple[str, ...]]:
        """Components with an assay variable, by stream: balanced at one of its ends, read, known or in a relation, and
        not absent.
        """
        balances = {node.name: node.balances for node in self.nodes}
        named = self.named()
        carried = {}
        for stream in self.streams:
            near = {k for end in (stream.source, stream.target) if end is not None for k in balances[end]}
            wanted = (k for k in self.components if k in near or ("assay", stream.name, k) in named)
            material = stream.carries == "material"
            carried[stream.name] = tuple(k for k in wanted if material and (stream.name, k) not in self.absent)
        return carried

    def warm(self) -> tuple[str, ...]:
        """Streams with a temperature: at a node with an energy balance, read, known or in a relation."""
        closing = {node.name for node in self.nodes if ENERGY in node.balances}
        named = {name for kind, name, _ in self.named() if kind in ("temperature", "enthalpy")}
        return tuple(
            s.name
            for s in self.streams
            if s.carries == "material" and (s.source in closing or s.target in closing or s.name in named)
        )

    def named(self) -> set[Place]:
        """Quantities that readings, exact values or relations speak of."""
        return self._named

    @cached_property
    def _named(self) -> set[Place]:
        found: set[Place] = {(r.kind, r.object, r.component) for r in self.readings}
        found.update((k.kind, k.object, k.component) for k in self.known)
        found.update(factor for relation in self.relations for _, factors in relation.terms for factor in factors)
        return found
