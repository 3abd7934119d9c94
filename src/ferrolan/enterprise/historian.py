"""Where what is collected is kept: a historian of our own, or a database server the plant has.

``historian: {kind: embedded, path: historian}`` is a folder beside the document; ``kind: postgresql`` names a server.
"""

from __future__ import annotations

from typing import Annotated, Literal

from ferrolan.base.schema import Field, Model, Text
from ferrolan.base.secrets import Secret


class EmbeddedHistorian(Model):
    """A folder with a hot store and sealed days."""

    kind: Literal["embedded"] = "embedded"
    """A folder that one process owns."""
    path: Text = "historian"
    """Folder, relative to the document."""
    keep: Text | None = None
    """How long samples are kept, such as ``10 a``; for ever where nothing is said."""


class PostgresHistorian(Model):
    """A database of a PostgreSQL server."""

    kind: Literal["postgresql"]
    """A server that is there already."""
    url: Text
    """URL without a password, such as ``postgresql://ferrolan@db.plant.example:5432/historian``."""
    password: Secret | None = None
    """Where the password stands; none where the server asks for none."""
    keep: Text | None = None
    """How long samples are kept, such as ``10 a``; for ever where nothing is said."""


HistorianSection = Annotated[EmbeddedHistorian | PostgresHistorian, Field(discriminator="kind")]
"""One declared historian."""
