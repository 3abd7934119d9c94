"""``python -m tests.journey.collected DOCUMENT PORT [RAISE]``: collect from the peer at a port, until told to stop."""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from ferrolan.assembly.catalogue import connections, kinds
from ferrolan.assembly.connectors import Link
from ferrolan.assembly.historian import open_store
from ferrolan.collector.logs import Log
from ferrolan.collector.service import Collector, Settings
from ferrolan.enterprise.load import load
from ferrolan.sources.live import Health, Sink
from ferrolan.sources.source import TagAddress
from tests.collector.bench import link, rows


def taking(port: int) -> Link:
    """A connector that keeps what the peer sends, and then acknowledges it."""

    async def stream(tags: Sequence[TagAddress], sink: Sink, health: Health) -> None:
        while True:
            try:
                reader, writer = await asyncio.open_connection("127.0.0.1", port)
                health.turn("connected", time.time_ns() // 1_000)
                while line := await reader.readline():
                    first, count = json.loads(line)
                    if count:
                        await sink.keep(rows(tags, first, count), state={"seen": first + count})
                    writer.write(f"{first + count}\n".encode())
                    await writer.drain()
                    health.proven = time.time_ns() // 1_000
            except OSError as error:
                health.turn("waiting", time.time_ns() // 1_000, str(error))
            await asyncio.sleep(0.1)

    return link("scada", stream)


def main(path: Path, port: int) -> None:
    """Collect until SIGTERM; the end is said on standard output."""
    document = load(path, kinds(), connections())
    folder = path.parent / "collected"
    log = Log(folder.parent / "collector.log")
    settings = Settings(folder, port=0)
    made = Collector(document, lambda: open_store(document), settings, log, connections=[taking(port)])
    ended = asyncio.run(made.run(lambda started: print(started.url, flush=True)))
    print(json.dumps({"received": ended.received, "stored": ended.stored, "waiting": ended.waiting}), flush=True)


main(Path(sys.argv[1]), int(sys.argv[2]))
