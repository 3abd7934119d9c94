"""Units of the plant: what they are, whose, where on the flowsheet, what they balance and in which modes they run.

A flotation plant of the steel company uses magnetic tails and power and makes rare-earth concentrate; its capacity
counts tonnes of that concentrate.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Literal, Protocol

from ferrolan.base.schema import Before, Capacity, Flag, Model, Name, Sourced, Table, Unit, Whole


class KindPort(Protocol):
    """What a document needs to know of a port of a kind of unit."""

    @property
    def name(self) -> str:
        """Name in the document."""

    @property
    def direction(self) -> Literal["in", "out"]:
        """Whether material enters or leaves there."""

    @property
    def forms(self) -> frozenset[str]:
        """Forms of material that may flow there."""

    @property
    def description(self) -> str:
        """What flows there."""

    @property
    def optional(self) -> bool:
        """Whether a flowsheet may leave it unconnected."""


class Kind(Protocol):
    """What a document needs to know of a kind of unit; ``assembly.catalogue`` hands the kinds in."""

    @property
    def name(self) -> str:
        """Name in the document."""

    @property
    def title(self) -> str:
        """Name in a sentence."""

    @property
    def spec(self) -> type[Model] | None:
        """Model of the kind's own ``spec`` entry, if it has one."""

    @property
    def inlets(self) -> frozenset[str]:
        """Forms of material that may flow in."""

    @property
    def outlets(self) -> frozenset[str]:
        """Forms of material that may flow out."""

    @property
    def is_stock(self) -> bool:
        """Whether it only keeps one commodity."""

    @property
    def is_splitter(self) -> bool:
        """Whether it only divides a stream into streams of equal composition."""

    @property
    def ports(self) -> Sequence[KindPort]:
        """Where material enters and leaves, for a kind that can be simulated; empty for any other."""


Kinds = Mapping[str, Kind]


def _as_list(raw: object) -> object:
    return [raw] if isinstance(raw, str) else raw


class Mode(Model):
    """One way of running a unit: what it makes and uses for each unit of its reference input."""

    reference: Name
    """Commodity whose use is the throughput."""
    simulated: Flag = False
    """Whether what it makes and uses follows from the simulation of the plant."""
    makes: Table[Annotated[Sourced, Unit("t/t", least=0.0)]] = Table({})
    """Amount made by commodity [t/t]; of a simulated mode it is found."""
    uses: Table[Annotated[Sourced, Unit("t/t", ("MWh/t",), least=0.0)]] = Table({})
    """Amount used by commodity or utility, besides the reference [t/t or MWh/t]."""
    cost: Annotated[Sourced, Unit("¤/t", least=0.0)]
    """Other cost of the throughput [¤/t]."""


class UnitSection(Model):
    """One unit of the plant."""

    kind: Name
    """Kind of unit, one of the catalogue."""
    owner: Name
    """Company it belongs to."""
    at: tuple[Whole, Whole]
    """Place on the flowsheet: column from the left, row from the top."""
    balances: tuple[Name, ...] = ()
    """Components that close here; ``dry_mass`` where total dry mass does, ``energy`` where energy does."""
    stocks: Name | None = None
    """Commodity that a stock keeps."""
    capacity: Annotated[Capacity, Unit("t/h", above=0.0)] | None = None
    """Largest rate of one commodity [t/h]."""
    availability: Annotated[Sourced, Unit("1", above=0.0, most=1.0)] | None = None
    """Share of calendar time in which the unit can run [1]."""
    ports: Table[Annotated[tuple[Name, ...], Before(_as_list)]] = Table({})
    """Stream by port of the kind, or several that enter by one; not needed where there is no choice."""
    modes: Table[Mode] = Table({})
    """Modes of operation by name."""
    spec: object = None
    """The kind's own fields: an instance of the kind's model, which is handed in with the kind."""
