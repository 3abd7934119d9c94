"""A hand-over that was answered is on the disk, whoever else hands over, is cancelled, or meets a full disk."""

from __future__ import annotations

import asyncio
import errno
import io
import os
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from threading import Event
from unittest.mock import patch

import polars as pl
import pytest

from ferrolan.base.errors import TableError
from ferrolan.base.tables import REJECTED
from ferrolan.collector.keeping import Keeper
from ferrolan.collector.logs import Log
from ferrolan.collector.rejected import Rejected
from ferrolan.sources.live import SystemClock, gathered
from ferrolan.sources.spool import Spool
from tests.collector.bench import until


@pytest.fixture
def spool(tmp_path: Path) -> Iterator[Spool]:
    made = Spool(tmp_path, "scada")
    yield made
    made.close()


@asynccontextmanager
async def keeping(spool: Spool, most: int = 1_000) -> AsyncIterator[Keeper]:
    with ThreadPoolExecutor(2) as threads:
        refused = Rejected(spool.folder.parent, "scada")
        keeper = Keeper(spool, refused, threads, SystemClock(), Log(stream=io.StringIO()), most)
        task = asyncio.create_task(keeper.write())
        try:
            yield keeper
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task


def row(value: float) -> pl.DataFrame:
    return gathered([7], [int(value)], [value], [0])


def kept(spool: Spool) -> list[float]:
    page = spool.read(0, 100_000)
    return [] if page is None else page.samples["value"].to_list()


async def test_what_was_answered_is_on_the_disk_in_the_order_of_the_calls(spool: Spool) -> None:
    async with keeping(spool) as keeper:
        await asyncio.gather(*(keeper.keep(row(n), state={"n": n}) for n in range(50)))
        assert kept(spool) == list(range(50)) and keeper.state == {"n": 49} and keeper.kept == 50
        assert keeper.commits < 50, "hand-overs at the same time share an fsync"


async def test_a_hand_over_that_is_cancelled_leaves_the_others_whole(spool: Spool) -> None:
    begun, go = Event(), Event()
    commit = spool.commit

    def slow(gathered: object) -> object:
        begun.set()
        go.wait(10)
        return commit(gathered)  # type: ignore[arg-type]

    async with keeping(spool) as keeper:
        with patch.object(spool, "commit", slow):
            first, second, third = (asyncio.create_task(keeper.keep(row(n))) for n in range(3))
            await until(begun.is_set)
            first.cancel()
            second.cancel()
            go.set()
            await third
        await keeper.keep(row(3))
        found = kept(spool)
        assert [value for value in found if value >= 2] == [2, 3] and found == sorted(set(found))
        assert first.cancelled() and second.cancelled() and keeper.unwritten == 0


async def test_whoever_brings_too_much_waits_and_comes_in_order(spool: Spool) -> None:
    begun, go = Event(), Event()
    commit = spool.commit

    def slow(gathered: object) -> object:
        begun.set()
        go.wait(10)
        return commit(gathered)  # type: ignore[arg-type]

    async with keeping(spool, most=5) as keeper:
        with patch.object(spool, "commit", slow):
            tasks = [asyncio.create_task(keeper.keep(row(n))) for n in range(40)]
            await until(begun.is_set)
            await until(lambda: keeper.unwritten == 5)
            tasks[30].cancel()
            go.set()
            await asyncio.gather(*tasks, return_exceptions=True)
        assert kept(spool) == [n for n in range(40) if n != 30]


async def test_a_full_disk_makes_it_wait_and_loses_nothing(spool: Spool) -> None:
    full = [True]
    write = os.pwrite

    def pwrite(file: int, content: bytes, offset: int) -> int:
        if full[0]:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return write(file, content, offset)

    async with keeping(spool) as keeper:
        await keeper.keep(row(0))
        with patch("os.pwrite", pwrite):
            task = asyncio.create_task(keeper.keep(row(1)))
            await until(lambda: keeper.trouble)
            assert not task.done() and "[disk_full]" in keeper.trouble and kept(spool) == [0]
            full[0] = False
            await asyncio.wait_for(task, 20)
        assert kept(spool) == [0, 1] and not keeper.trouble


async def test_a_frame_that_is_none_of_a_connector_is_its_own_fault_alone(spool: Spool) -> None:
    async with keeping(spool) as keeper:
        wrong = keeper.keep(pl.DataFrame({"tag": [1]}))
        found = await asyncio.gather(keeper.keep(row(1)), wrong, keeper.keep(row(2)), return_exceptions=True)
        assert isinstance(found[1], TableError) and kept(spool) == [1, 2]


async def test_the_state_is_taken_as_it_is_at_the_call(spool: Spool) -> None:
    async with keeping(spool) as keeper:
        state: dict[str, object] = {"n": 1}
        task = asyncio.create_task(keeper.keep(row(1), state=state))  # type: ignore[arg-type]
        await asyncio.sleep(0)
        state["n"] = 2
        await task
        assert keeper.state == {"n": 1}


async def test_refused_rows_are_kept_with_their_reason(spool: Spool) -> None:
    rows = pl.DataFrame(
        {"source": ["lab"], "file": ["a.csv"], "line": [214], "tag": ["T"], "found": ["3,1.4"], "reason": ["no number"]}
    )
    async with keeping(spool) as keeper:
        await keeper.reject(REJECTED.check(rows))
        await keeper.reject(REJECTED.empty())
        assert keeper.refused.count == 1 and pl.read_ndjson(keeper.refused.file).rows() == rows.rows()
