"""``python -m benchmarks.databases``: the historian on PostgreSQL and ClickHouse (chdb), the embedded one beside them.

Each store is given the same rows by the same calls: micro-batches with the position of a spool, as the collector hands
them over, then a month of 50 tags a minute; then it is asked for a moment, a month of one tag, and ten tags whose
hourly means are made of the rows. The servers' work counts, so the times are wall times: run nothing else beside it.
PostgreSQL is started by itself with the settings it ships with (fsync on), on this machine; chdb hardly fsyncs.
"""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import polars as pl

from ferrolan.base.tables import SAMPLES
from ferrolan.historian.embedded import Archive
from ferrolan.historian.seam import Position, Store
from ferrolan.historian.server import open_server
from ferrolan.historian.server.clickhouse import Chdb, ClickHouseHistorian
from tests.servers.postgres import ADMIN, started

TAGS, DAYS, SEED = 50, 31, 1
START = datetime(2026, 3, 1, tzinfo=UTC)
END = START + timedelta(days=DAYS)
MICRO = ((2_000, 60), (10_000, 30))
"""Rows of a hand-over, and number of hand-overs."""


def rows(tags: int, first: datetime, steps: int, step: timedelta, seq: int) -> pl.DataFrame:
    """Synthetic samples of tags at a fixed step, in order of arrival: moment by moment."""
    rng = np.random.default_rng(SEED + seq)
    count = tags * steps
    times = pl.datetime_range(first, first + (steps - 1) * step, step, time_unit="us", eager=True)
    value = np.round(rng.normal(400.0, 5.0, count), 2)
    return SAMPLES.check(
        pl.DataFrame(
            {
                "tag": np.tile(np.arange(1, tags + 1, dtype=np.int32), steps),
                "time": times.gather(np.repeat(np.arange(steps), tags)),
                "value": value,
                "raw": pl.Series([None] * count, dtype=pl.Float64),
                "status": np.zeros(count, dtype=np.int64),
                "seq": np.arange(seq, seq + count, dtype=np.int64),
                "source": np.ones(count, dtype=np.int16),
            }
        )
    )


def measured(store: Store) -> dict[str, float]:
    """What one store needs: rows/s of hand-overs, and seconds of each question."""
    found: dict[str, float] = {}
    batch, first = 0, START - timedelta(days=2)
    for size, count in MICRO:
        parts = [rows(size, first + k * timedelta(seconds=1), 1, timedelta(seconds=1), k * size) for k in range(count)]
        begun = time.perf_counter()
        for part in parts:
            batch += 1
            store.append(part, position=Position("spool", batch))
        found[f"hand-overs of {size:,} rows [rows/s]"] = size * count / (time.perf_counter() - begun)
        first += timedelta(hours=1)
    begun = time.perf_counter()
    for day in range(DAYS):
        batch += 1
        store.append(
            rows(TAGS, START + timedelta(days=day), 1440, timedelta(minutes=1), 10**9 + day * 10**6),
            position=Position("spool", batch),
        )
    found["a month of 50 tags, day by day [rows/s]"] = TAGS * DAYS * 1440 / (time.perf_counter() - begun)
    seal = getattr(store, "seal", None)
    if seal is not None:
        begun = time.perf_counter()
        seal(END)
        found["sealing [s]"] = time.perf_counter() - begun
    moment = START + timedelta(days=20, hours=5)
    found["50 tags at a moment [s]"] = _median(lambda: store.at(range(1, TAGS + 1), moment))
    found["one tag, one month [s]"] = _median(lambda: store.query([7], START, END))
    found["hourly means of 10 tags, one month [s]"] = _median(lambda: _hourly(store))
    return found


@contextmanager
def stores(folder: Path) -> Iterator[Mapping[str, Store]]:
    """The stores side by side."""
    with ExitStack() as stack:
        server = stack.enter_context(started())
        embedded = stack.enter_context(Archive(folder / "embedded"))
        postgres = stack.enter_context(open_server(server.url(server.database("bench")), password=ADMIN))
        chdb = stack.enter_context(ClickHouseHistorian(Chdb(folder / "chdb")))
        yield {"embedded": embedded, "PostgreSQL": postgres, "chdb": chdb}


def main() -> None:
    """Measure every store and print a markdown table with the ratio to the embedded one."""
    with tempfile.TemporaryDirectory() as folder, stores(Path(folder)) as made:
        found = {name: measured(store) for name, store in made.items()}
    names = list(found)
    print("| | " + " | ".join(names) + " | PostgreSQL : embedded | chdb : embedded |")
    print("|---" * (len(names) + 3) + "|")
    for what in found["PostgreSQL"]:
        cells = [found[name].get(what, float("nan")) for name in names]
        ratios = [cell / cells[0] for cell in cells[1:]]
        print(
            f"| {what} | "
            + " | ".join(f"{cell:,.4g}" for cell in cells)
            + " | "
            + " | ".join(f"{r:.2g}" for r in ratios)
            + " |"
        )
    print(f"\nSealing of the embedded historian: {found['embedded'].get('sealing [s]', 0.0):.2f} s")


def _median(ask: Callable[[], object], times: int = 7) -> float:
    ask()
    spent = []
    for _ in range(times):
        begun = time.perf_counter()
        ask()
        spent.append(time.perf_counter() - begun)
    return statistics.median(spent)


def _hourly(store: Store) -> pl.DataFrame:
    samples = store.query(range(1, 11), START, END)
    return samples.group_by("tag", pl.col("time").dt.truncate("1h")).agg(pl.col("value").mean())


if __name__ == "__main__":
    main()
