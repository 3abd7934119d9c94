"""The sink of one connection: its spool, written in a thread, where hand-overs that come together share one fsync.

Forty subscriptions of an OPC UA server deliver within the same millisecond; their ``keep`` calls wait for one write
and one fsync, and return in the order they came. While the disk is full they wait: the source is not answered, and
queues.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Mapping
from concurrent.futures import Executor
from dataclasses import dataclass

import polars as pl

from ferrolan.base.errors import SurroundingsError
from ferrolan.collector.logs import Log
from ferrolan.collector.rejected import Rejected
from ferrolan.sources.live import Clock, Json
from ferrolan.sources.spool import Rows, Spool, rows_of

MOST_ROWS = 50_000
"""Rows of one connection that wait in memory to be written; whoever brings more waits."""
LONGEST_PAUSE = 10.0
"""Pause before a disk that refused is tried again at most [s]."""


@dataclass(eq=False)
class _Waiting:
    """One hand-over that is not on the disk yet."""

    rows: Rows
    written: asyncio.Future[None]


class Keeper:
    """Puts what a connector hands over into its spool; the ``Sink`` of ``sources.live``.

    Parameters
    ----------
    spool
        Where the rows go.
    refused
        Where rows go that could not be taken.
    threads
        Where they are written.
    clock, log
        The clock and the log of the collector.
    most
        Rows that may wait to be written.
    """

    def __init__(
        self, spool: Spool, refused: Rejected, threads: Executor, clock: Clock, log: Log, most: int = MOST_ROWS
    ) -> None:
        self.spool, self.refused, self._threads, self._most = spool, refused, threads, most
        self._clock, self._log = clock, log
        self._pending: deque[_Waiting] = deque()
        self._rows = 0
        self._door = asyncio.Lock()  # first come, first served
        self._work, self._room, self.arrived = asyncio.Event(), asyncio.Event(), asyncio.Event()
        self.kept = self.commits = 0
        self.trouble = ""
        """What the disk said when it last refused; empty when it took what it was given."""

    @property
    def state(self) -> Mapping[str, Json]:
        """What the connector kept with its last durable rows."""
        return self.spool.state

    @property
    def unwritten(self) -> int:
        """Rows that wait to be written."""
        return self._rows

    async def keep(
        self,
        samples: pl.DataFrame | None = None,
        texts: pl.DataFrame | None = None,
        *,
        state: Mapping[str, Json] | None = None,
    ) -> None:
        """Keep rows and the connector's state; returns when both are on the disk.

        Whoever is cancelled while waiting here does not know whether the rows were kept; they are kept whole or not at
        all.

        Raises
        ------
        TableError
            If a frame has other columns than a connector hands over.
        """
        rows = rows_of(samples, texts, state)
        if not rows.count and not rows.state:
            return
        async with self._door:
            while self._rows and self._rows + rows.count > self._most:
                self._room.clear()
                await self._room.wait()
            waiting = _Waiting(rows, asyncio.get_running_loop().create_future())
            self._pending.append(waiting)
            self._rows += rows.count
            self._work.set()
        await waiting.written

    async def reject(self, rows: pl.DataFrame) -> None:
        """Keep rows that could not be taken, with line and reason (REJECTED).

        Raises
        ------
        TableError
            If the frame does not have the schema.
        """
        if rows.height:
            await self._until_taken(lambda: self.refused.keep(rows))

    async def write(self) -> None:
        """Write what is handed over, until cancelled."""
        while True:
            await self._work.wait()
            self._work.clear()
            while self._pending:
                group = list(self._pending)
                try:
                    await self._commit(group)
                except Exception as error:  # a fault of ours, not of the disk: whoever waits must hear of it
                    self._answer(group, error)
                else:
                    self.kept += sum(waiting.rows.count for waiting in group)
                    self.commits += 1
                    self._answer(group)

    async def flush(self) -> None:
        """Wait until all that was handed over is on the disk."""
        while self._pending:
            await asyncio.wait([waiting.written for waiting in self._pending])

    async def _commit(self, group: list[_Waiting]) -> None:
        """Bring a group to the disk, however long that refuses."""
        rows = [waiting.rows for waiting in group]
        await self._until_taken(lambda: self.spool.commit(rows))

    async def _until_taken(self, act: Callable[[], object]) -> None:
        """Write something in a thread, and try again with pauses while the disk refuses."""
        pause = 0.1
        loop = asyncio.get_running_loop()
        while True:
            try:
                await loop.run_in_executor(self._threads, act)
            except (SurroundingsError, OSError) as error:
                self._note(str(error))
                await self._clock.sleep(pause)
                pause = min(2.0 * pause, LONGEST_PAUSE)
            else:
                self._note("")
                return

    def _note(self, trouble: str) -> None:
        """Say once that the disk refuses, and once that it takes again."""
        if trouble and not self.trouble:
            self._log.say("error", "spool_refuses", self.spool.name, said=trouble)
        elif self.trouble and not trouble:
            self._log.say("info", "spool_takes_again", self.spool.name)
        self.trouble = trouble

    def _answer(self, group: list[_Waiting], error: Exception | None = None) -> None:
        for waiting in group:
            self._pending.popleft()
            self._rows -= waiting.rows.count
            if not waiting.written.done():
                waiting.written.set_result(None) if error is None else waiting.written.set_exception(error)
        self._room.set()
        self.arrived.set()
