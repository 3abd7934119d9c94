"""What a cut line, a dead or silent server, and a stop of ours leave behind."""

from __future__ import annotations

import asyncio
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pytest

from ferrolan.sources.live import Place
from ferrolan.sources.opcua.gaps import Gap
from ferrolan.sources.opcua.gaps import Memory as Recalled
from ferrolan.sources.opcua.stream import Stream
from ferrolan.sources.opcua.trust import Trust
from ferrolan.sources.source import TagAddress
from tests.servers.opcua import NAMESPACE, Server, served
from tests.servers.proxy import Proxy
from tests.sources.opcua.collecting import LOST, Memory, made, run, streaming, tags, until

EACH = 3  # tags that change


@pytest.fixture(scope="module")
def historian() -> Iterator[Server]:
    with served(tags=EACH) as server:
        yield server


def times(server: Server, number: int) -> list[int]:
    return [moment for moment, _ in server.ask(history=number)]


def kept(sink: Memory, tag: int) -> set[int]:
    return set(
        sink.winners.filter((pl.col("tag") == tag) & pl.col("value").is_not_null())["time"].dt.epoch("us").to_list()
    )


def test_a_cut_line_loses_nothing_where_the_server_has_a_history(historian: Server, tmp_path: Path) -> None:
    async def journey() -> None:
        sink = Memory()
        async with Proxy.to("127.0.0.1", historian.settings.port) as proxy:
            connector = made(historian, tmp_path, port=proxy.port)
            async with streaming(connector, tags(historian), sink):
                await until(lambda: len(sink.winners) >= EACH, "first values")
                await historian.tell(tick={"period": 0.05, "each": EACH})
                begun = await historian.tell(history=0)
                await until(lambda: len(sink.samples) > 10 * EACH, "a stream")
                proxy.cut()
                await until(lambda: len(sink.gaps()) == EACH, "a row a tag that says that nothing is known")
                await asyncio.sleep(2.0)
                proxy.restore()
                await until(lambda: connector.health.state == "connected", "the link again")
                await until(lambda: not sink.gaps().height, "the gap withdrawn")
                await historian.tell(still=True)
                last = times(historian, 0)[-1]
                await until(lambda: last in kept(sink, 1), "the last value")
        for number in range(EACH):
            written = [moment for moment in times(historian, number) if moment >= begun[-1][0]]
            assert len(written) > 40 and set(written) <= kept(sink, number + 1)
        assert sink.winners.select("tag", "time").is_duplicated().sum() == 0
        assert connector.health.backfilled > 0 and connector.health.gaps == 0 and connector.health.reconnects >= 1

    run(journey())


def test_without_a_history_a_cut_leaves_exactly_one_gap_row_a_tag(historian: Server, tmp_path: Path) -> None:
    wanted = [TagAddress(1, "hot", f"nsu={NAMESPACE};s=HotMetal"), TagAddress(2, "flag", f"nsu={NAMESPACE};s=Flag")]

    async def journey() -> None:
        sink = Memory()
        async with Proxy.to("127.0.0.1", historian.settings.port) as proxy:
            connector = made(historian, tmp_path, port=proxy.port)
            async with streaming(connector, wanted, sink):
                await until(lambda: len(sink.winners) >= 2, "first values")
                proxy.cut()
                await until(lambda: len(sink.gaps()) == 2, "gap rows")
                await until(lambda: proxy.refused >= 2, "two tries in vain")
                proxy.restore()
                await until(lambda: sink.state["gaps"] == [], "nothing left to fill")
                since = sink.gaps()["time"].max()
                assert sink.winners.filter(pl.col("time") > since)["tag"].unique().to_list() == [1, 2]
                await historian.tell(write=[["hot", 77.0, None, 0]])
                await until(lambda: sink.has(1, 77.0), "values again")
        assert sink.gaps()["tag"].to_list() == [1, 2]
        assert connector.health.gaps == 2

    run(journey())


def test_a_gap_over_a_stop_of_ours_is_filled_at_the_next_start(historian: Server, tmp_path: Path) -> None:
    async def journey() -> None:
        first = Memory()
        async with streaming(made(historian, tmp_path), tags(historian), first):
            await until(lambda: len(first.winners) >= EACH, "first values")
            await until(lambda: first.state.get("proven"), "a proof of life that is kept")
        await historian.tell(write=[[number, 500.0 + number, None, 0] for number in range(EACH)])
        second = Memory(first.state)
        async with streaming(made(historian, tmp_path), tags(historian), second):
            await until(
                lambda: all(second.has(number + 1, 500.0 + number) for number in range(EACH)), "values of the gap"
            )
            await until(lambda: not second.gaps().height and second.state["gaps"] == [], "the gap withdrawn")
        assert second.samples["status"].n_unique() >= 3  # good, no communication, withdrawn

    run(journey())


def test_a_value_whose_clock_is_ahead_does_not_stand_as_good_through_an_outage(tmp_path: Path) -> None:
    def last_is_lost(sink: Memory) -> bool:
        rows = sink.winners.filter(pl.col("tag") == 1)
        return bool(rows.height) and rows["status"][-1] == LOST

    async def journey(server: Server) -> None:
        sink = Memory()
        async with Proxy.to("127.0.0.1", server.settings.port) as proxy:
            connector = made(server, tmp_path, port=proxy.port)
            async with streaming(connector, tags(server), sink):
                await until(lambda: len(sink.winners) >= 2, "first values")
                await server.tell(write=[[0, 71.0, time.time_ns() // 1000 + 4_000_000, 0]])
                await until(lambda: sink.has(1, 71.0), "a value from the future")
                proxy.cut()
                await until(lambda: last_is_lost(sink), "a row behind it that says that nothing is known")
                assert len(sink.gaps()) == 3
                proxy.restore()
                await until(lambda: not sink.gaps().height, "the gap withdrawn")
                assert 71.0 in sink.values(1)

    with served(tags=2) as server:
        run(journey(server))


@pytest.mark.slow
def test_a_server_that_is_killed_and_comes_back_leaves_its_gap_marked(tmp_path: Path) -> None:
    async def journey(server: Server) -> None:
        sink = Memory()
        connector = made(server, tmp_path)
        async with streaming(connector, tags(server), sink):
            await until(lambda: len(sink.winners) >= EACH, "first values")
            server.kill()
            await until(lambda: len(sink.gaps()) == EACH, "gap rows")
            await asyncio.to_thread(server.start)
            await until(lambda: connector.health.state == "connected", "the link again")
            await server.tell(write=[[0, 88.0, None, 0]])
            await until(lambda: sink.has(1, 88.0), "values again")
            await until(lambda: sink.state["gaps"] == [], "nothing left to fill")
        assert sink.gaps()["tag"].to_list() == [1, 2, 3]  # its memory went with it: nobody knows what was

    with served(tags=EACH) as server:
        run(journey(server))


def test_a_silent_server_is_left_and_its_stretch_filled_when_it_wakes(historian: Server, tmp_path: Path) -> None:
    async def journey() -> None:
        sink = Memory()
        connector = made(historian, tmp_path, timeout="2 s")
        async with streaming(connector, tags(historian), sink):
            await until(lambda: len(sink.winners) >= EACH, "first values")
            historian.signal(signal.SIGSTOP)
            try:
                await until(lambda: len(sink.gaps()) == EACH, "gap rows of a silent server")
                assert "nothing heard" in connector.health.said
            finally:
                historian.signal(signal.SIGCONT)
            await until(lambda: connector.health.state == "connected", "the link again")
            await historian.tell(write=[[0, 99.0, None, 0]])
            await until(lambda: sink.has(1, 99.0), "values again")
            await until(lambda: not sink.gaps().height, "the gap withdrawn")

    run(journey())


def test_a_line_that_is_open_and_dead_is_rebuilt(historian: Server, tmp_path: Path) -> None:
    async def journey() -> None:
        sink = Memory()
        async with Proxy.to("127.0.0.1", historian.settings.port) as proxy:
            connector = made(historian, tmp_path, port=proxy.port, timeout="2 s")
            async with streaming(connector, tags(historian), sink):
                await until(lambda: len(sink.winners) >= EACH, "first values")
                proxy.hang()
                await until(lambda: len(sink.gaps()) == EACH, "gap rows")
                proxy.restore()
                await until(lambda: not sink.gaps().height, "the gap withdrawn")
                assert proxy.connections > 2

    run(journey())


def test_a_gap_whose_end_was_not_kept_is_filled_again(historian: Server, tmp_path: Path) -> None:
    class Full(Memory):
        async def keep(self, samples=None, texts=None, *, state=None) -> None:
            await asyncio.Event().wait()

    async def journey() -> None:
        missing = Gap(1, 2)
        sink = Full({"proven": 1, "at": 1, "gaps": Recalled(gaps=(missing,)).json()["gaps"]})
        connector = made(historian, tmp_path)
        place = Place("bf1", tmp_path)
        stream = Stream(connector._spec, place, Trust(tmp_path), connector.health, tags(historian), sink)
        task = asyncio.create_task(stream._keep(None, None, done=missing))
        await asyncio.sleep(0.05)
        task.cancel()
        await asyncio.wait([task])
        assert stream._memory.gaps == (missing,)

    run(journey())
