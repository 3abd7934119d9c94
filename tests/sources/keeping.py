"""A sink that keeps what a connector hands over in lists, and a way to run a connector until something holds."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, TypeAlias

import polars as pl

from ferrolan.sources.live import GATHERED, Json

FIRST = int(datetime(2026, 3, 1, tzinfo=UTC).timestamp()) * 1_000_000
"""When a simulated clock begins [us since 1970]."""

Step: TypeAlias = tuple[Callable[[], object], Callable[[], bool]]
"""Something that is done while a connector runs, and what shall hold after it."""


@dataclass
class Kept:
    """A sink that keeps everything in lists; after ``most`` writes it waits for ever, as on a full disk."""

    state: Mapping[str, Json] = field(default_factory=dict)
    samples: list[pl.DataFrame] = field(default_factory=list)
    texts: list[pl.DataFrame] = field(default_factory=list)
    rejected: list[pl.DataFrame] = field(default_factory=list)
    most: int | None = None

    async def keep(
        self,
        samples: pl.DataFrame | None = None,
        texts: pl.DataFrame | None = None,
        *,
        state: Mapping[str, Json] | None = None,
    ) -> None:
        if self.most is not None and len(self.samples) >= self.most:
            await asyncio.Event().wait()
        await asyncio.sleep(0)
        self.samples += [] if samples is None else [samples]
        self.texts += [] if texts is None else [texts]
        self.state = self.state if state is None else dict(state)

    async def reject(self, rows: pl.DataFrame) -> None:
        self.rejected.append(rows)

    def rows(self) -> pl.DataFrame:
        """Every sample, in the order in which it came."""
        return pl.concat(self.samples) if self.samples else pl.DataFrame(schema=GATHERED)

    def of(self, tag: int) -> list[tuple[float | None, int]]:
        """Values and statuses of one tag, in the order in which they came."""
        rows = self.rows().filter(pl.col("tag") == tag)
        return list(zip(rows["value"].to_list(), rows["status"].to_list(), strict=True))


@dataclass
class Simulated:
    """A clock that stands still until somebody sleeps."""

    time: int = FIRST

    def now(self) -> int:
        return self.time

    async def sleep(self, seconds: float) -> None:
        self.time += max(round(seconds * 1e6), 1)
        await asyncio.sleep(0)


async def until(
    stream: Coroutine[Any, Any, None], done: Callable[[], bool], seconds: float = 30.0, then: Sequence[Step] = ()
) -> None:
    """Run a connector until something holds; ``then`` are acts with what shall hold after each."""
    task = asyncio.create_task(stream)
    try:
        await holds(task, done, seconds)
        for act, holding in then:
            act()
            await holds(task, holding, seconds)
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


async def holds(task: asyncio.Task[None], done: Callable[[], bool], seconds: float = 30.0) -> None:
    """Wait until something holds, the connector has ended, or too much time has passed."""
    deadline = time.monotonic() + seconds
    while not done() and not task.done():
        assert time.monotonic() < deadline, "what was waited for does not hold"
        await asyncio.sleep(0.002)
