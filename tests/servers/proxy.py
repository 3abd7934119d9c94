"""A TCP relay that cuts, hangs and delays: the network between a connector and its server, in a test's hand.

``async with Proxy.to("127.0.0.1", port) as proxy`` listens on ``proxy.port`` of 127.0.0.1 and counts what passes.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator

_CHUNK = 65_536  # bytes read at once


class Proxy:
    """One relay to one server."""

    def __init__(self, host: str, port: int) -> None:
        self.host, self.target = host, port
        self.port = 0
        self.connections = 0
        """Connections that were relayed."""
        self.refused = 0
        """Connections that came while the line was cut."""
        self.up = 0
        """Bytes to the server."""
        self.down = 0
        """Bytes to the client."""
        self._open = True
        self._flows = asyncio.Event()
        self._flows.set()
        self._wait = 0.0
        self._server: asyncio.Server | None = None
        self._lines: set[asyncio.Task[None]] = set()

    @classmethod
    @contextlib.asynccontextmanager
    async def to(cls, host: str, port: int) -> AsyncIterator[Proxy]:
        """A relay to a server, for as long as the block lasts."""
        proxy = cls(host, port)
        proxy._server = await asyncio.start_server(proxy._arrived, "127.0.0.1", 0)
        proxy.port = int(proxy._server.sockets[0].getsockname()[1])
        try:
            yield proxy
        finally:
            proxy._server.close()
            await proxy._end_lines()

    def cut(self) -> None:
        """End every connection and refuse new ones."""
        self._open = False
        for line in self._lines:
            line.cancel()

    def hang(self) -> None:
        """Stay connected and pass nothing on: a line that is open and dead."""
        self._flows.clear()

    def restore(self) -> None:
        """Let everything pass again, at full speed."""
        self._open, self._wait = True, 0.0
        self._flows.set()

    def delay(self, seconds: float) -> None:
        """Hold each piece back for a time [s], in both directions."""
        self._wait = seconds

    async def _arrived(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if not self._open:
            self.refused += 1
            writer.transport.abort()
            return
        self.connections += 1
        line = asyncio.current_task()
        assert line is not None
        self._lines.add(line)
        try:
            await self._relay(reader, writer)
        except (OSError, asyncio.CancelledError):
            pass
        finally:
            self._lines.discard(line)
            writer.transport.abort()

    async def _relay(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_connection(self.host, self.target)
        ways = [
            asyncio.create_task(self._pass(reader, back, True)),
            asyncio.create_task(self._pass(there, writer, False)),
        ]
        try:
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for way in ways:
                way.cancel()
            await asyncio.gather(*ways, return_exceptions=True)
            back.transport.abort()

    async def _pass(self, source: asyncio.StreamReader, target: asyncio.StreamWriter, up: bool) -> None:
        while data := await source.read(_CHUNK):
            if self._wait:
                await asyncio.sleep(self._wait)
            await self._flows.wait()
            self.up, self.down = (self.up + len(data), self.down) if up else (self.up, self.down + len(data))
            target.write(data)
            await target.drain()

    async def _end_lines(self) -> None:
        lines = tuple(self._lines)
        for line in lines:
            line.cancel()
        await asyncio.gather(*lines, return_exceptions=True)
