"""The whole document, one attribute for each key of the file.

``load`` gives an ``Enterprise``: ``enterprise.units["mill"].modes["run"].makes["ground_ore"].value`` is tonnes of
ground ore per tonne of ore, and nothing in it can be changed.
"""

from __future__ import annotations

from pathlib import Path
from typing import Literal, TypeVar

from ferrolan.base.errors import DocumentError, Fault
from ferrolan.base.schema import Model, Name, Table, Text
from ferrolan.base.showing import Shown
from ferrolan.enterprise.commerce import Commodity, Concentrate, Plan, Transfer, Uncertainty, Utility
from ferrolan.enterprise.historian import EmbeddedHistorian, HistorianSection
from ferrolan.enterprise.policies import Market, Quota
from ferrolan.enterprise.questions import WhatIf
from ferrolan.enterprise.simulation import Simulation
from ferrolan.enterprise.sites import Account, EnterpriseSection, VirtualPlant
from ferrolan.enterprise.sources import Source
from ferrolan.enterprise.streams import Stream
from ferrolan.enterprise.tags import Tag
from ferrolan.enterprise.units import UnitSection

Section = TypeVar("Section", bound=Model)


class Document(Model):
    """What the YAML file and the loaded document share."""

    ferrolan: Literal[1]
    """Version of the document's format."""
    name: Name
    """Short name, for folders and files."""
    title: Text
    """Name in a sentence."""
    enterprise: EnterpriseSection
    """Owners, currency, zone, tax."""
    account: Account | None = None
    """The material account; without it no plant data is read, and the plan uses the declared coefficients."""
    virtual_plant: VirtualPlant | None = None
    """Generator of a synthetic raw month."""
    sources: Table[Source] = Table({})
    """Raw data by source."""
    historian: HistorianSection = EmbeddedHistorian()
    """Where what is collected is kept."""
    units: Table[UnitSection]
    """Units of the plant by name."""
    streams: Table[Stream] = Table({})
    """Streams by name."""
    commodities: Table[Commodity]
    """What the plan counts, by name."""
    utilities: Table[Utility] = Table({})
    """What is bought in any amount, by name."""
    transfers: Table[Transfer] = Table({})
    """Deliveries between the owners, by name."""
    simulation: Simulation | None = None
    """What enters the simulated plant; without it nothing is simulated."""
    quotas: Table[Quota] = Table({})
    """Quotas by name."""
    plan: Plan
    """The plan."""
    uncertainty: Uncertainty | None = None
    """What no meter knows, and how often it is drawn; without it nothing is drawn."""
    concentrate: Concentrate | None = None
    """The concentrate question, between two owners."""
    market: Market | None = None
    """The market around the plant."""
    what_if: Table[WhatIf] = Table({})
    """Questions put to the plan, by name."""


class Declaration(Document):
    """The YAML file."""

    tags: Text | None = None
    """CSV or YAML file of the tags, relative to the document."""


class Enterprise(Document, Shown):
    """The loaded document with its tags; frozen."""

    connections: Table[Model] = Table({})
    """Live sources by name, each with the fields of its kind."""
    tags: tuple[Tag, ...]
    """The tags in the order of their file."""
    path: Path
    """The YAML file."""
    tags_path: Path
    """The file of the tags; the YAML file itself where it names none."""
    content_hash: str
    """SHA-256 over the content of both files."""

    def require_account(self) -> Account:
        """The account, or ``DocumentError`` where none is declared."""
        return self._required(self.account, "account")

    def require_concentrate(self) -> Concentrate:
        """The concentrate question, or ``DocumentError`` where none is declared."""
        return self._required(self.concentrate, "concentrate")

    def require_simulation(self) -> Simulation:
        """What enters the simulated plant, or ``DocumentError`` where none is declared."""
        return self._required(self.simulation, "simulation")

    def require_market(self) -> Market:
        """The market, or ``DocumentError`` where none is declared."""
        return self._required(self.market, "market")

    def _required(self, section: Section | None, key: str) -> Section:
        if section is None:
            way_out = f"Add {key!r} to the document, or leave this station out"
            raise DocumentError(
                [Fault(str(self.path), 0, key, f"no {key!r}", f"a key {key!r}", way_out, "missing_key")]
            )
        return section

    @property
    def seed(self) -> int:
        """Seed of everything that is drawn; 0 where nothing is."""
        return 0 if self.uncertainty is None else self.uncertainty.seed
