"""What is left of a source that is declared no more, or under another name: the rows that wait in its spool.

``scada`` was renamed ``bf1`` while the database was away: the night's rows wait in the spool of ``scada``. They are
handed over beside those of ``bf1``; what stands in that spool afterwards is its last segment, which is stored already.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from pathlib import Path
from urllib.parse import unquote

import polars as pl

from ferrolan.assembly.connectors import Link
from ferrolan.sources.live import Health, Sink
from ferrolan.sources.source import Discovery, TagAddress

UNKNOWN = -1
"""Number of a source that stands in the document no more."""


class Ended:
    """The connector of a source that is no more: nothing arrives."""

    def __init__(self) -> None:
        self.health = Health(state="stopped")

    async def discover(self) -> Discovery:
        """Nothing."""
        return Discovery(())

    async def stream(self, tags: Sequence[TagAddress], sink: Sink) -> None:
        """End at once."""

    async def history(self, tags: Sequence[TagAddress], start: datetime, end: datetime) -> AsyncIterator[pl.DataFrame]:
        """Nothing."""
        nothing: tuple[pl.DataFrame, ...] = ()
        for frame in nothing:
            yield frame


def left_over(spools: Path, links: Sequence[Link]) -> tuple[Link, ...]:
    """A link for each spool that none of today's sources has."""
    known = {link.name for link in links}
    names = sorted(unquote(place.name) for place in spools.glob("*") if place.is_dir())
    return tuple(Link(name, UNKNOWN, "declared no more", Ended) for name in names if name not in known)
