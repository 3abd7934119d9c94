"""A million samples in hand-overs of 2,000, each on the disk before it is answered, through the spool to the historian.

``python -m benchmarks.collector --hours 24`` runs the whole collector over a simulated day of 2,000 tags a second, and
prints the resident set as it goes.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
import time
from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import polars as pl

from benchmarks.registry import Subject
from ferrolan.assembly.connectors import Link
from ferrolan.base.tables import SAMPLES, TIME
from ferrolan.collector.handing import HandOver
from ferrolan.collector.logs import Log
from ferrolan.collector.service import Collector, Settings
from ferrolan.enterprise.load import load
from ferrolan.historian.embedded import Archive
from ferrolan.historian.ingest import Conversion
from ferrolan.historian.seam import NewTag
from ferrolan.sources.live import Health, Sink
from ferrolan.sources.source import Discovery, TagAddress
from ferrolan.sources.spool import Spool

TAGS, BATCHES, SEED = 2_000, 500, 1
STORED_EVERY = 25  # batches that are stored in one commit, as gather in a quarter of a second at this rate
START = 1_773_000_000_000_000  # [us]
FOLDER = os.environ.get("FERROLAN_BENCHMARK_FOLDER")  # a disk to measure on; the one of temporary files elsewhere


def batch(number: int, tags: int = TAGS) -> pl.DataFrame:
    """Synthetic: one value of every tag, a second after the one before."""
    values = np.random.default_rng([SEED, number]).normal(400.0, 5.0, tags)
    return pl.DataFrame(
        {
            "tag": np.arange(1, tags + 1, dtype=np.int32),
            "time": pl.Series(np.full(tags, START + number * 1_000_000)).cast(TIME),
            "value": np.round(values, 2),
            "status": np.zeros(tags, dtype=np.int64),
        }
    )


_BATCHES = [batch(number) for number in range(BATCHES)]
_UNITS = {tag: Conversion(0.001) for tag in range(1, TAGS + 1)}


def ours() -> int:
    """Every batch fsynced to the spool, converted, looked up for repetitions, stored with its position, released."""
    with TemporaryDirectory(dir=FOLDER) as folder, Archive(Path(folder) / "historian") as store:
        store.register([NewTag(f"T{tag}", "t/h") for tag in range(1, TAGS + 1)])
        spool = Spool(Path(folder), "scada")
        over = HandOver(spool, store, _UNITS, list(_UNITS))
        for number, frame in enumerate(_BATCHES, 1):
            spool.append(frame)
            if number % STORED_EVERY == 0:
                over.step()
        while over.step():
            pass
        spool.close()
        assert over.counts.stored == TAGS * BATCHES
        return over.counts.stored


def peer() -> int:
    """DuckDB alone: the same rows, unconverted, 2,000 a transaction into a table without a key."""
    import duckdb

    rows = [
        SAMPLES.check(
            frame.with_columns(
                pl.lit(None, dtype=pl.Float64).alias("raw"),
                pl.lit(number, dtype=pl.Int64).alias("seq"),
                pl.lit(0, dtype=pl.Int16).alias("source"),
            ).select(list(SAMPLES.columns))
        ).with_columns(pl.col("time").dt.replace_time_zone(None))
        for number, frame in enumerate(_BATCHES)
    ]
    with TemporaryDirectory(dir=FOLDER) as folder, duckdb.connect(str(Path(folder) / "plain.duckdb")) as connection:
        connection.execute(
            "create table samples (tag integer, time timestamp, value double, raw double, status bigint, seq bigint, "
            "source smallint)"
        )
        for frame in rows:
            connection.register("batch", _Stream(frame))
            connection.execute("insert into samples select * from batch")
            connection.unregister("batch")
        return TAGS * BATCHES


class _Stream:
    """An Arrow stream and nothing else, so that DuckDB needs no pyarrow."""

    def __init__(self, frame: pl.DataFrame) -> None:
        self._frame = frame

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        return self._frame.__arrow_c_stream__(requested_schema)


SUBJECT = Subject(
    name="a million samples collected",
    station="collector",
    ours=ours,
    peer=peer,
    peer_name="DuckDB",
    note=f"{BATCHES} hand-overs of {TAGS} samples, synthetic. Ours fsyncs each to the spool, converts, looks for "
    f"repetitions and stores {STORED_EVERY} with the spool's position in one commit; the peer inserts the same rows "
    "as they are, a transaction each. Samples a second = 1,000,000 over the median. The disk limits both.",
)


class _Simulated:
    """A clock that stands where the data stand; pauses are short."""

    def __init__(self) -> None:
        self.time = START

    def now(self) -> int:
        return self.time

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(min(seconds, 0.05))


class _Day:
    """A connector that delivers every tag each second of so many simulated hours, as fast as it is taken."""

    def __init__(self, hours: float, clock: _Simulated) -> None:
        self.health = Health()
        self._seconds, self._clock = int(hours * 3600), clock
        self.seen: list[tuple[float, float, float]] = []

    async def discover(self) -> Discovery:
        return Discovery(())

    async def history(self, tags: Sequence[TagAddress], start: datetime, end: datetime) -> AsyncIterator[pl.DataFrame]:
        for frame in ():
            yield frame

    async def stream(self, tags: Sequence[TagAddress], sink: Sink) -> None:
        self.health.turn("connected", self._clock.now())
        began = time.perf_counter()
        for second in range(self._seconds):
            await sink.keep(_BATCHES[second % BATCHES].with_columns(_at(second)))
            self._clock.time = START + second * 1_000_000
            if second % 1_800 == 0:
                self.seen.append((second / 3600, _resident(), time.perf_counter() - began))
                print("{:6.1f} h {:8.1f} MB {:8.1f} s".format(*self.seen[-1]), flush=True)


def _at(second: int) -> pl.Expr:
    return pl.lit(START + second * 1_000_000, dtype=pl.Int64).cast(TIME).alias("time")


def _resident() -> float:
    """Resident set of this process now [MB]."""
    pages = int(Path("/proc/self/statm").read_text(encoding="utf-8").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


_PLANT = """\
ferrolan: 1
name: day
title: A synthetic day
enterprise: {currency: CNY, time_zone: UTC, owners: {works: {title: Works, covers: all of it}}}
tags: tags.csv
sources: {scada: {kind: replay, path: none.parquet}}
units: {}
commodities: {}
plan: {months: 1, starts: 2026-04}
"""
_TAGS = "tag,source,address,kind,object,component,unit,basis,method,sigma_relative,sigma_absolute,lo,hi,description\n"


def day(hours: float) -> None:
    """Run the whole collector over a simulated stretch of time, and print the resident set as it goes."""
    from ferrolan.assembly.catalogue import connections, kinds

    with TemporaryDirectory(dir=FOLDER) as folder:
        path = Path(folder) / "plant.yaml"
        path.write_text(_PLANT, encoding="utf-8")
        rows = [f"T{n},scada,{n},other,,,kg/h,,time_mean,1 %,,,,synthetic\n" for n in range(TAGS)]
        (Path(folder) / "tags.csv").write_text(_TAGS + "".join(rows), encoding="utf-8")
        clock = _Simulated()
        connector = _Day(hours, clock)
        made = Collector(
            load(path, kinds(), connections()),
            lambda: Archive(Path(folder) / "historian"),
            Settings(Path(folder) / "collected", port=0, once=True, patience=600.0),
            Log(least="warning"),
            clock,
            [Link("scada", 0, "synthetic", lambda: connector)],
        )
        ended = asyncio.run(made.run())
        took = time.process_time()
        print(f"{ended.received:,} received, {ended.stored:,} stored, {ended.waiting:,} waiting; {took:.0f} s of CPU")
        print("\n".join(ended.needs), file=sys.stderr)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--hours", type=float, default=24.0)
    day(parser.parse_args().hours)
