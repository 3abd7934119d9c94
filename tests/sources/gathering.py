"""What a live connector is run with in tests: a sink in memory, publishers, a recorder of everything that is said."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiomqtt
import polars as pl

from ferrolan.base.status import RETRACTED
from ferrolan.base.tables import REJECTED
from ferrolan.sources.live import GATHERED, GATHERED_TEXT, Connector, Place
from ferrolan.sources.source import TagAddress

Row = tuple[int, int, float | None, int]


@dataclass
class MemorySink:
    """Rows by order of arrival; ``slow`` is how long the disk takes [s]."""

    state: Mapping[str, Any] = field(default_factory=dict)
    rows: list[Row] = field(default_factory=list)
    texts: list[tuple[int, int, str | None, int]] = field(default_factory=list)
    slow: float = 0.0
    keeps: int = 0
    rejected: list[dict[str, Any]] = field(default_factory=list)

    async def reject(self, rows: pl.DataFrame) -> None:
        self.rejected += REJECTED.check(rows).to_dicts()

    async def keep(
        self,
        samples: pl.DataFrame | None = None,
        texts: pl.DataFrame | None = None,
        *,
        state: Mapping[str, Any] | None = None,
    ) -> None:
        if self.slow:
            await asyncio.sleep(self.slow)
        for frame, schema, rows in ((samples, GATHERED, self.rows), (texts, GATHERED_TEXT, self.texts)):
            if frame is not None:
                assert dict(frame.schema) == schema
                rows += frame.with_columns(pl.col("time").dt.epoch("us")).rows()  # type: ignore[operator]
        self.state = state if state is not None else self.state
        self.keeps += 1

    def winners(self) -> dict[tuple[int, int], tuple[float | None, int]]:
        """Value and status by tag and time; what was withdrawn is gone."""
        found = {(tag, time): (value, status) for tag, time, value, status in self.rows}
        return {key: held for key, held in found.items() if held[1] != RETRACTED}

    def values(self, tag: int) -> list[float | None]:
        return [value for number, _, value, _ in self.rows if number == tag]


@contextlib.asynccontextmanager
async def running(
    connector: Connector, tags: Sequence[TagAddress], sink: MemorySink
) -> AsyncIterator[asyncio.Task[None]]:
    """A connector at work for as long as the block lasts."""
    task = asyncio.create_task(connector.stream(tags, sink))
    try:
        yield task
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


async def wait_for(holds: Callable[[], object], what: str = "", seconds: float = 30.0) -> None:
    """Wait until something holds."""
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, f"not within {seconds:g} s: {what}"
        await asyncio.sleep(0.02)


def place(folder: Path, name: str = "broker") -> Place:
    return Place(name, folder)


@contextlib.asynccontextmanager
async def recorder(port: int, **login: Any) -> AsyncIterator[list[tuple[str, bytes, bool]]]:
    """Everything that is said on a broker, as it comes: topic, payload, whether it was retained."""
    heard: list[tuple[str, bytes, bool]] = []
    async with aiomqtt.Client("127.0.0.1", port, **login) as client:
        await client.subscribe("#", qos=1)

        async def listen() -> None:
            async for message in client.messages:
                assert isinstance(message.payload, bytes)
                heard.append((str(message.topic), message.payload, message.retain))

        task = asyncio.create_task(listen())
        yield heard
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError, aiomqtt.MqttError):
            await task
