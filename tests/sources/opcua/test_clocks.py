"""Clocks that are wrong, and an hour without a link."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pytest

from ferrolan.base.status import StatusCode
from ferrolan.sources.live import SystemClock
from tests.servers import absent
from tests.servers.opcua import Server, served
from tests.servers.proxy import Proxy
from tests.sources.opcua.collecting import Memory, made, run, streaming, tags, until

LIBRARY = "/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1"
HOUR = 3_600_000_000


class Ahead(SystemClock):
    """Our clock, which a test sets."""

    ahead = 0

    def now(self) -> int:
        return super().now() + self.ahead


class Shifted:
    """A server whose clock a test sets."""

    def __init__(self, server: Server, file: Path) -> None:
        self.server, self._file = server, file

    def shift(self, seconds: int) -> None:
        self._file.write_text(f"{seconds:+d}s")


@pytest.fixture(scope="module")
def _fake(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shifted]:
    if not Path(LIBRARY).exists():
        absent("libfaketime is not installed")
    file = tmp_path_factory.mktemp("clock") / "faketime"
    file.write_text("+0s")
    environment = {
        "LD_PRELOAD": LIBRARY, "FAKETIME_TIMESTAMP_FILE": str(file), "FAKETIME_NO_CACHE": "1",
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
    }  # fmt: skip
    with served(environment, tags=2) as server:
        yield Shifted(server, file)


@pytest.fixture
def shifted(_fake: Shifted) -> Shifted:
    _fake.shift(0)
    return _fake


def test_an_hour_without_a_link_is_filled_to_the_last_sample(shifted: Shifted, tmp_path: Path) -> None:
    server, clock = shifted.server, Ahead()

    async def journey() -> None:
        sink = Memory()
        async with Proxy.to("127.0.0.1", server.settings.port) as proxy:
            connector = made(server, tmp_path, clock, port=proxy.port, page=1000)
            async with streaming(connector, tags(server), sink):
                await until(lambda: len(sink.winners) >= 2, "first values")
                proxy.cut()
                await until(lambda: len(sink.gaps()) == 2, "gap rows")
                since = time.time_ns() // 1000
                await server.tell(fill={"first": since, "count": 3600, "step": 1_000_000})
                shifted.shift(3600)
                clock.ahead = HOUR
                proxy.restore()
                await until(lambda: not sink.gaps().height and connector.health.backfilled >= 7200, "the hour")
        for tag in (1, 2):
            filled = sink.winners.filter(
                (pl.col("tag") == tag) & pl.col("time").dt.epoch("us").is_between(since, since + HOUR)
            )
            assert {(tag - 1) * 1e6 + place for place in range(3600)} <= set(filled["value"])
        assert sink.winners.select("tag", "time").is_duplicated().sum() == 0

    run(journey())


@pytest.mark.parametrize("jump", [3600, pytest.param(-3600, marks=pytest.mark.slow)])
def test_a_server_clock_that_jumps_is_flagged_and_loses_nothing(shifted: Shifted, tmp_path: Path, jump: int) -> None:
    server = shifted.server

    async def journey() -> None:
        sink = Memory()
        connector = made(server, tmp_path)
        async with streaming(connector, tags(server), sink):
            await until(lambda: len(sink.winners) >= 2, "first values")
            await server.tell(write=[[0, 1.0, None, 0]])
            await until(lambda: sink.has(1, 1.0), "a value before")
            shifted.shift(jump)
            await until(lambda: abs(connector.health.figures["clock_ahead_s"]) > 3000, "the clock seen to be off")
            await server.tell(write=[[0, 2.0, None, 0]])
            await until(lambda: sink.has(1, 2.0), "a value after the jump")
            shifted.shift(0)
            await until(lambda: abs(connector.health.figures["clock_ahead_s"]) < 1, "the clock right again")
            await server.tell(write=[[0, 3.0, None, 0]])
            await until(lambda: sink.has(1, 3.0), "a value after that")
            assert connector.health.state == "connected" and not sink.gaps().height
        found = {row["value"]: row for row in sink.winners.filter(pl.col("tag") == 1).to_dicts()}
        assert [found[value]["status"] for value in (1.0, 2.0, 3.0)] == [0, StatusCode.UNCERTAIN, 0]
        off = found[2.0]["time"] - found[1.0]["time"]
        assert abs(off.total_seconds() - jump) < 60  # its own time, not shifted

    run(journey())


@pytest.mark.slow
def test_a_cut_while_the_server_clock_is_set_back_is_still_filled(shifted: Shifted, tmp_path: Path) -> None:
    server = shifted.server

    async def journey() -> None:
        sink = Memory()
        async with Proxy.to("127.0.0.1", server.settings.port) as proxy:
            connector = made(server, tmp_path, port=proxy.port)
            async with streaming(connector, tags(server), sink):
                await until(lambda: len(sink.winners) >= 2, "first values")
                proxy.cut()
                await until(lambda: len(sink.gaps()) == 2, "gap rows")
                await server.tell(write=[[0, 5.0, None, 0]])
                shifted.shift(-3600)
                await server.tell(write=[[0, 6.0, None, 0]])
                proxy.restore()
                await until(lambda: sink.has(1, 5.0) and sink.has(1, 6.0), "values from before and after")

    run(journey())
