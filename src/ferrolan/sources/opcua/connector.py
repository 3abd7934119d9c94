"""One connection to one OPC UA server: discover, browse, stream, history; nothing that writes.

The collector asks it for a stream of the blast furnace's tags; a person who maps tags asks it what the server holds.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

import polars as pl

from ferrolan.sources.browsed import Found
from ferrolan.sources.live import Health, Place, Sink
from ferrolan.sources.opcua.address import parse
from ferrolan.sources.opcua.backfill import pages
from ferrolan.sources.opcua.browse import MOST, walked
from ferrolan.sources.opcua.login import LinkFailed
from ferrolan.sources.opcua.rows import Clocks, Names, rows
from ferrolan.sources.opcua.session import Asked, Session
from ferrolan.sources.opcua.spec import OpcUaSpec
from ferrolan.sources.opcua.stream import Stream
from ferrolan.sources.opcua.trust import Trust
from ferrolan.sources.source import Discovered, Discovery, TagAddress, refusal

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_NO_BOUND = 2**62  # us: history is asked for as it is


class OpcUaConnector:
    """A connection that survives whatever its server does."""

    def __init__(self, spec: OpcUaSpec, place: Place) -> None:
        self._spec, self._place = spec, place
        self._trust = Trust(place.folder / place.trust)
        self._health = Health(since=place.clock.now())

    @property
    def health(self) -> Health:
        """How the connection is now."""
        return self._health

    async def discover(self) -> Discovery:
        """List the variables of the server; the number of rows is not known and given as 0.

        Raises
        ------
        SourceError
            If the server cannot be reached, is not trusted, or refuses us.
        """
        found = await self.browse()
        return Discovery(tuple(sorted((Discovered(one.address, 0) for one in found), key=lambda one: one.address)))

    async def browse(self, limit: int = MOST) -> Sequence[Found]:
        """What the server says of its variables, in the order of its tree.

        Parameters
        ----------
        limit
            Most nodes that are visited.

        Raises
        ------
        SourceError
            If the server cannot be reached, is not trusted, or refuses us.
        """
        async with self._opened() as session:
            return await walked(session, limit)

    async def stream(self, tags: Sequence[TagAddress], sink: Sink) -> None:
        """Hand every value that arrives of the tags to the sink, until cancelled.

        Raises
        ------
        SurroundingsError
            If a secret or our own certificate is missing.
        """
        try:
            await Stream(self._spec, self._place, self._trust, self._health, tags, sink).run()
        finally:
            self._health.turn("stopped", self._place.clock.now())

    async def history(self, tags: Sequence[TagAddress], start: datetime, end: datetime) -> AsyncIterator[pl.DataFrame]:
        """Samples of ``[start, end)`` that the server keeps, newest first, in bounded pages.

        Raises
        ------
        SourceError
            If an address is none, or the server cannot be reached, is not trusted, or refuses us.
        """
        addresses, names = [parse(tag.address) for tag in tags], Names(tags)
        first, last = (round((one - _EPOCH) / timedelta(microseconds=1)) for one in (start, end))
        async with self._opened() as session:
            nodes = [session.node(one) for one in addresses]
            asked = [Asked(place, node) for place, node in enumerate(nodes) if node is not None]
            async for values, _ in pages(session, asked, first, last - 1, self._spec.page):
                found = rows(values, names, Clocks(self._place.clock.now(), 0, _NO_BOUND)).samples
                if len(found):
                    yield found

    @asynccontextmanager
    async def _opened(self) -> AsyncIterator[Session]:
        """A session of its own, for a person who waits: it fails at once and says why."""
        try:
            session = await Session.open(self._spec, self._place, self._trust)
            try:
                yield session
            finally:
                await session.close()
        except LinkFailed as error:
            way_out = f"{error.way_out or 'Check the url, the network and whether the server runs'}."
            raise refusal(self._spec.url, 0, "", error.found, error.expected, way_out, error.code) from error
