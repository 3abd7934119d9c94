"""The whole document, one attribute for each key of the file.

``load`` gives an ``Enterprise``: ``enterprise.units["mill"].modes["run"].makes["ground_ore"].value`` is tonnes of
ground ore per tonne of ore, and nothing in it can be changed.
"""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from ferrolan.base.schema import Model, Name, Table, Text
from ferrolan.enterprise.commerce import Commodity, Concentrate, Plan, Transfer, Utility
from ferrolan.enterprise.policies import Market, Quota
from ferrolan.enterprise.questions import WhatIf
from ferrolan.enterprise.sites import Account, EnterpriseSection, VirtualPlant
from ferrolan.enterprise.sources import Source
from ferrolan.enterprise.streams import Stream
from ferrolan.enterprise.tags import Tag
from ferrolan.enterprise.units import UnitSection


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
    account: Account
    """The material account."""
    virtual_plant: VirtualPlant | None = None
    """Generator of a synthetic raw month."""
    sources: Table[Source]
    """Raw data by source."""
    units: Table[UnitSection]
    """Units of the plant by name."""
    streams: Table[Stream]
    """Streams by name."""
    commodities: Table[Commodity]
    """What the plan counts, by name."""
    utilities: Table[Utility] = Table({})
    """What is bought in any amount, by name."""
    transfers: Table[Transfer] = Table({})
    """Deliveries between the owners, by name."""
    quotas: Table[Quota] = Table({})
    """Quotas by name."""
    plan: Plan
    """The plan."""
    concentrate: Concentrate
    """The concentrate question."""
    market: Market
    """The market around the plant."""
    what_if: Table[WhatIf] = Table({})
    """Questions put to the plan, by name."""


class Declaration(Document):
    """The YAML file."""

    tags: Text
    """CSV file of the tags, relative to the document."""


class Enterprise(Document):
    """The loaded document with its tags; frozen."""

    tags: tuple[Tag, ...]
    """The tags in the order of their file."""
    path: Path
    """The YAML file."""
    tags_path: Path
    """The CSV file of the tags."""
    content_hash: str
    """SHA-256 over the content of both files."""
