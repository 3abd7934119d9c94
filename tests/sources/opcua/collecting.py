"""A sink that remembers, and a connector that runs beside a test."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import polars as pl

from ferrolan.base.status import RETRACTED, StatusCode
from ferrolan.sources.live import GATHERED, GATHERED_TEXT, Json, Place
from ferrolan.sources.opcua import connect
from ferrolan.sources.opcua.connector import OpcUaConnector
from ferrolan.sources.opcua.spec import OpcUaSpec
from ferrolan.sources.source import TagAddress
from tests.servers.opcua import Server

QUICK = {
    "sampling": "50 ms",
    "publishing": "50 ms",
    "keep_alive": "400 ms",
    "timeout": "10 s",
    "retry": "100 ms",
    "retry_longest": "500 ms",
}
LOST = int(StatusCode.BAD_NO_COMMUNICATION)


class Memory:
    """A sink that keeps everything in order of arrival."""

    def __init__(self, state: Mapping[str, Json] | None = None) -> None:
        self.state: Mapping[str, Json] = dict(state or {})
        self._samples: list[pl.DataFrame] = []
        self._texts: list[pl.DataFrame] = []

    async def keep(
        self,
        samples: pl.DataFrame | None = None,
        texts: pl.DataFrame | None = None,
        *,
        state: Mapping[str, Json] | None = None,
    ) -> None:
        for frame, kept, schema in ((samples, self._samples, GATHERED), (texts, self._texts, GATHERED_TEXT)):
            if frame is not None:
                assert frame.schema == pl.Schema(schema)
                kept.append(frame)
        self.state = self.state if state is None else state
        await asyncio.sleep(0)

    @property
    def samples(self) -> pl.DataFrame:
        return pl.concat([pl.DataFrame(schema=GATHERED), *self._samples])

    @property
    def texts(self) -> pl.DataFrame:
        return pl.concat([pl.DataFrame(schema=GATHERED_TEXT), *self._texts])

    @property
    def winners(self) -> pl.DataFrame:
        """Of each tag and time the last row, withdrawn ones left out, sorted."""
        last = self.samples.unique(["tag", "time"], keep="last", maintain_order=True)
        return last.filter(pl.col("status") != RETRACTED).sort("tag", "time")

    def gaps(self) -> pl.DataFrame:
        return self.winners.filter(pl.col("status") == LOST)

    def values(self, tag: int) -> list[float]:
        return self.winners.filter((pl.col("tag") == tag) & pl.col("value").is_not_null())["value"].to_list()

    def has(self, tag: int, value: float) -> bool:
        return any(((frame["tag"] == tag) & (frame["value"] == value)).any() for frame in self._samples)


def made(server: Server, folder: Path, clock: Any = None, port: int = 0, **fields: Any) -> OpcUaConnector:
    """A connector of a server, without security unless the fields say otherwise."""
    login = {} if {"user", "certificate", "anonymous"} & set(fields) else {"anonymous": True}
    open_line = {} if "insecure" in fields else {"insecure": True}
    url = f"opc.tcp://127.0.0.1:{port or server.settings.port}"
    spec = OpcUaSpec(**{"kind": "opcua", "url": url, **QUICK, **open_line, **login, **fields})
    place = Place("bf1", folder) if clock is None else Place("bf1", folder, clock=clock)
    return connect(spec, place)


def tags(server: Server, count: int | None = None) -> list[TagAddress]:
    return [
        TagAddress(number + 1, f"T{number}", server.address(number)) for number in range(count or server.settings.tags)
    ]


@contextlib.asynccontextmanager
async def streaming(
    connector: OpcUaConnector, wanted: Sequence[TagAddress], sink: Memory
) -> AsyncIterator[asyncio.Task[None]]:
    """The connector streams for as long as the block lasts."""
    task = asyncio.create_task(connector.stream(wanted, sink))
    try:
        yield task
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


async def until(holds: Callable[[], object], what: str, seconds: float = 30.0) -> None:
    """Wait until something holds; fail after ``seconds``."""
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, f"{what}: not within {seconds:g} s"
        await asyncio.sleep(0.02)


def run(coroutine: Any) -> Any:
    return asyncio.run(coroutine)
