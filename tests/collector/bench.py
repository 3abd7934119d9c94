"""What tests of the collector share: a small document, connectors that do as they are told, a store that can go away."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from datetime import datetime
from pathlib import Path

import polars as pl

from ferrolan.assembly.catalogue import connections, kinds
from ferrolan.assembly.connectors import Link
from ferrolan.base.errors import SurroundingsError
from ferrolan.collector.logs import Log
from ferrolan.collector.service import Collector, Settings
from ferrolan.enterprise.document import Enterprise
from ferrolan.enterprise.load import load
from ferrolan.historian.seam import NewTag, Position
from ferrolan.historian.store import Historian
from ferrolan.sources.live import Health, Sink, gathered
from ferrolan.sources.source import Discovery, TagAddress

T0 = 1_774_000_000_000_000
"""First time of everything here: 2026-03-20 [us]."""
HEADER = "tag,source,address,kind,object,component,unit,basis,method,sigma_relative,sigma_absolute,lo,hi,description\n"

PLANT = """\
ferrolan: 1
name: bench
title: A synthetic bench
enterprise:
  currency: CNY
  time_zone: Asia/Shanghai
  owners: {{works: {{title: Works, covers: all of it}}}}
tags: tags.csv
sources:
{sources}
historian: {{kind: embedded, path: historian}}
units: {{}}
commodities: {{}}
plan: {{months: 1, starts: 2026-04}}
"""


def plant(folder: Path, sources: Mapping[str, str], tags: int = 4, unit: str = "t/h") -> Path:
    """A document whose sources (YAML entries by name) have so many tags each; every number in it is synthetic."""
    rows = [
        f"{name.upper()}-{n},{name},{n},other,,,{unit},,time_mean,1 %,,,,a synthetic meter\n"
        for name in sources
        for n in range(tags)
    ]
    (folder / "tags.csv").write_text(HEADER + "".join(rows))
    path = folder / "plant.yaml"
    path.write_text(PLANT.format(sources="\n".join(f"  {name}: {entry}" for name, entry in sources.items())))
    return path


def loaded(folder: Path, names: Iterable[str] = ("scada",), tags: int = 4, unit: str = "t/h") -> Enterprise:
    """The document, loaded; its sources are replays of a file that nobody opens."""
    path = plant(folder, dict.fromkeys(names, "{kind: replay, path: none.parquet}"), tags, unit)
    return load(path, kinds(), connections())


Stream = Callable[[Sequence[TagAddress], Sink, Health], Awaitable[None]]


class Scripted:
    """A connector whose stream is a function of the test."""

    def __init__(self, stream: Stream) -> None:
        self.health = Health()
        self._stream = stream

    async def discover(self) -> Discovery:
        return Discovery(())

    async def stream(self, tags: Sequence[TagAddress], sink: Sink) -> None:
        await self._stream(tags, sink, self.health)

    async def history(self, tags: Sequence[TagAddress], start: datetime, end: datetime) -> AsyncIterator[pl.DataFrame]:
        for frame in ():
            yield frame


def link(name: str, stream: Stream, number: int = 0) -> Link:
    """A live source that runs a function of the test."""
    return Link(name, number, "test", lambda: Scripted(stream))


def rows(tags: Sequence[TagAddress], first: int, count: int) -> pl.DataFrame:
    """``count`` rows, one a second for each tag in turn, whose values are their numbers."""
    numbers = range(first, first + count)
    return gathered(
        [tags[n % len(tags)].tag for n in numbers],
        [T0 + n // len(tags) * 1_000_000 for n in numbers],
        [float(n) for n in numbers],
        [0] * count,
    )


def counting(blocks: int, each: int = 10) -> Stream:
    """A source that delivers so many blocks of numbered rows and comes to its end; it goes on where it was kept."""

    async def stream(tags: Sequence[TagAddress], sink: Sink, health: Health) -> None:
        health.turn("connected", 1)
        done = int(str(sink.state.get("done", 0)))
        for block in range(done, blocks):
            await sink.keep(rows(tags, block * each, each), state={"done": block + 1})
            health.received += each

    return stream


async def for_ever() -> None:
    await asyncio.Event().wait()


class Flaky(Historian):
    """A historian in memory that can be away, and says what was asked of it."""

    def __init__(self) -> None:
        super().__init__()
        self.away = ""
        self.opened = 0
        self.closed = False

    def open(self) -> Flaky:
        self.opened += 1
        self._refuse()
        return self

    def register(self, tags: Sequence[NewTag]) -> Mapping[str, int]:
        self._refuse()
        return super().register(tags)

    def append(
        self, samples: pl.DataFrame, texts: pl.DataFrame | None = None, *, position: Position | None = None
    ) -> int:
        self._refuse()
        return super().append(samples, texts, position=position)

    def close(self) -> None:
        self.closed = True

    def values(self, tags: int = 8) -> list[float]:
        """Values of the winning rows, sorted."""
        frame = self.query(range(1, tags + 1), datetime.fromisoformat("2000-01-01T00:00Z"), datetime.fromisoformat("2100-01-01T00:00Z"))  # fmt: skip
        return sorted(frame["value"].to_list())

    def _refuse(self) -> None:
        if self.away:
            raise SurroundingsError(self.away)


def collector(document: Enterprise, store: Historian, links: Sequence[Link], log: Log, **settings: object) -> Collector:
    """A collector in the folder of the document, on a free port, that ends when its sources have ended."""
    chosen: dict[str, object] = {"port": 0, "once": True, "patience": 5.0, **settings}
    opening = store.open if isinstance(store, Flaky) else lambda: store
    folder = document.path.parent / "collected"
    return Collector(document, opening, Settings(folder, **chosen), log, connections=links)  # type: ignore[arg-type]


async def until(true: Callable[[], object], seconds: float = 20.0) -> None:
    """Wait until something holds, at most so long [s]."""
    async with asyncio.timeout(seconds):
        while not true():
            await asyncio.sleep(0.01)
