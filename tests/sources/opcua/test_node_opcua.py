"""The connector and a server that other people wrote: node-opcua, with security and history."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pytest

from ferrolan.base.errors import SourceError
from tests.servers.nodeopcua import NodeServer, served
from tests.servers.proxy import Proxy
from tests.sources.opcua.collecting import Memory, made, run, streaming, tags, until

SECURE = {"insecure": False, "anonymous": True}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[NodeServer]:
    with served(tmp_path_factory.mktemp("node")) as running:
        yield running


def trusted(folder: Path) -> None:
    """What a person does: move the certificate from rejected to trusted."""
    (rejected,) = (folder / "pki" / "rejected").iterdir()
    rejected.rename(folder / "pki" / "trusted" / rejected.name)


def test_an_encrypted_line_cut_loses_nothing(server: NodeServer, tmp_path: Path) -> None:
    async def journey() -> None:
        with pytest.raises(SourceError, match="untrusted_certificate"):
            await made(server, tmp_path, **SECURE).browse()
        trusted(tmp_path)
        sink = Memory()
        async with Proxy.to("127.0.0.1", server.settings.port) as proxy:
            connector = made(server, tmp_path, port=proxy.port, **SECURE)
            async with streaming(connector, tags(server), sink):
                await until(lambda: len(sink.winners) >= 3, "first values")
                await server.tell(tick={"period": 0.05, "each": 3})
                await until(lambda: sink.has(1, 10.0), "a stream")
                proxy.cut()
                await until(lambda: len(sink.gaps()) == 3, "gap rows")
                await asyncio.sleep(2.0)
                proxy.restore()
                await until(lambda: connector.health.state == "connected", "the link again")
                await until(lambda: not sink.gaps().height, "the gap withdrawn")
                last = await server.tell(still=True)
                await until(lambda: sink.has(3, last - 1.0), "the last value")
        for tag in (1, 2, 3):
            assert set(range(1, last)) <= set(sink.values(tag))
        assert sink.winners.select("tag", "time").is_duplicated().sum() == 0
        assert connector.health.backfilled > 0

    run(journey())


def test_a_queue_that_ran_over_is_counted_and_filled_from_the_history(server: NodeServer, tmp_path: Path) -> None:
    async def journey() -> None:
        sink = Memory()
        connector = made(server, tmp_path, queue=2, sampling="10 ms", publishing="500 ms")
        async with streaming(connector, tags(server), sink):
            await until(lambda: len(sink.winners) >= 3, "first values")
            for value in range(1000, 1020):
                await server.tell(write=[[0, value, 0]])
                await asyncio.sleep(0.02)
            await until(lambda: connector.health.dropped > 0, "an overflow")
            await until(lambda: set(range(1000, 1020)) <= set(sink.values(1)), "every value")
        assert connector.health.gaps == 0 and not sink.gaps().height

    run(journey())


def test_units_and_ranges_are_found(server: NodeServer, tmp_path: Path) -> None:
    found = {one.name: one for one in run(made(server, tmp_path).browse())}
    hot = found["HotMetal"]
    assert (hot.unit_code, hot.lo, hot.hi, hot.description) == ("CEL", 0.0, 1700.0, "Hot metal")
    assert hot.address.startswith("nsu=http://ferrolan.test/bf1;s=") and hot.path[:1] == ("BF1",)
    assert found["T0"].historized is True


def test_history_comes_newest_first_and_in_pages(server: NodeServer, tmp_path: Path) -> None:
    from datetime import UTC, datetime, timedelta

    async def journey() -> list[pl.DataFrame]:
        connector = made(server, tmp_path, page=5)
        for value in range(2000, 2012):
            await server.tell(write=[[2, value, 0]])
            await asyncio.sleep(0.003)
        now = datetime.now(UTC)
        frames = []
        async for frame in connector.history(tags(server)[2:], now - timedelta(minutes=5), now + timedelta(minutes=1)):
            frames.append(frame)
        return frames

    frames = run(journey())
    assert len(frames) > 2 and max(map(len, frames)) <= 5
    times = pl.concat(frames)["time"]
    assert (times.to_list() == sorted(times.to_list(), reverse=True)) and set(range(2000, 2012)) <= set(
        pl.concat(frames)["value"]
    )
