"""The embedded historian at size, beside plain DuckDB, plain Parquet and ClickHouse (chdb), on the same samples.

``python -m benchmarks.historian_scale`` measures a million samples, ``--samples 50000000`` what a works with two
thousand tags gathers in a month. Synthetic: a value every 100 s a tag, with the jitter of a scan (+- 500 ms, whole
milliseconds), random walks in steps of 0.1, 1 % Bad, in commits of 2,000 in order of arrival.

The same three questions are asked of all: one tag over the month; 50 tags at a random moment, looking at its day alone;
exact hourly time-weighted means of ten tags over the month. Ours is asked a second time, since it keeps what was asked
lately unpacked in memory, within 128 MiB; the peers' means are asked five times, and the middle one counts. Ours
answers with winners, statuses and coverage; the peers' SQL has no corrections, no withdrawn rows and no value that
reaches into an hour from before (``lead`` within the tag, split at the edges of hours by joining every hour a value
touches), so theirs is the lighter work.
"""

from __future__ import annotations

import argparse
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import polars as pl

from ferrolan.base.tables import SAMPLES
from ferrolan.base.time import cut
from ferrolan.historian import Signal, measure
from ferrolan.historian.embedded import Archive
from ferrolan.historian.seam import Position

TAGS, PER_DAY, SEED = 2000, 862, 1
START = datetime(2026, 3, 1, tzinfo=UTC)
DAY = timedelta(days=1)
COMMIT = 2000
BULK = 500_000
_DAY_US = 86_400_000_000
Row = tuple[str, dict[str, float]]


def day_of_samples(number: int) -> pl.DataFrame:
    """The synthetic samples of one day, in order of arrival."""
    rng = np.random.default_rng([SEED, number])
    rows = TAGS * PER_DAY
    first = int(START.timestamp()) * 1_000_000 + number * _DAY_US
    grid = np.tile(np.arange(PER_DAY) * (_DAY_US // PER_DAY), TAGS) + np.repeat(
        rng.integers(0, 90_000_000, TAGS), PER_DAY
    )
    at = first + np.clip(grid + rng.integers(-500, 500, rows) * 1000, 0, _DAY_US - 1) // 1000 * 1000
    value = np.round(np.round(np.cumsum(rng.normal(0, 2, (TAGS, PER_DAY)), axis=1) + 400).ravel() * 0.1, 1)
    order = np.argsort(at, kind="stable")
    batch = np.arange(rows) // COMMIT
    arrived = (
        at[order][np.minimum((batch + 1) * COMMIT - 1, rows - 1)] + rng.integers(1000, 30_000, batch[-1] + 1)[batch]
    )
    bad = rng.random(rows) < 0.01
    return SAMPLES.check(
        pl.DataFrame(
            {
                "tag": np.repeat(np.arange(1, TAGS + 1, dtype=np.int32), PER_DAY)[order],
                "time": pl.Series(at[order]).cast(pl.Datetime("us", "UTC")),
                "value": pl.Series(value[order]).set(pl.Series(bad), None),
                "raw": pl.Series([None] * rows, dtype=pl.Float64),
                "status": np.where(bad, 0x80310000, 0),
                "seq": arrived + np.arange(rows) % COMMIT,
                "source": np.ones(rows, np.int16),
            }
        )
    )


class Problem:
    """The samples by day, and the questions."""

    def __init__(self, folder: Path, samples: int) -> None:
        self.folder = folder
        self.days = max(1, round(samples / (TAGS * PER_DAY)))
        self.end = START + self.days * DAY
        rng = np.random.default_rng(SEED)
        self.tags = [int(tag) for tag in rng.choice(np.arange(1, TAGS + 1), 12, replace=False)]
        self.ten = self.tags[:10]
        self.moments = [START + float(share) * (self.end - START) for share in rng.uniform(0.02, 1.0, 12)]
        self.fifty = [
            sorted(int(tag) for tag in rng.choice(np.arange(1, TAGS + 1), 50, replace=False)) for _ in range(12)
        ]
        for number in range(self.days):
            day_of_samples(number).write_ipc(self.folder / f"{number:03d}.arrow", compression="uncompressed")

    @property
    def rows(self) -> int:
        """Samples in all."""
        return self.days * TAGS * PER_DAY

    def frames(self, size: int) -> Iterator[pl.DataFrame]:
        """The samples in order of arrival, so many at once."""
        for number in range(self.days):
            yield from pl.read_ipc(self.folder / f"{number:03d}.arrow").iter_slices(size)


def ours(problem: Problem, place: Path) -> Iterator[Row]:
    """The archive: append, seal, ask."""
    with Archive(place / "micro") as archive:
        yield (
            "micro-batches of 2,000",
            commits(problem, lambda frame, n: archive.append(frame, position=Position("s", n))),
        )
    with Archive(place / "archive") as archive:
        yield "bulk", ingest(problem, archive.append)
        began, used = time.perf_counter(), time.process_time()
        archive.seal(problem.end)
        took = time.perf_counter() - began
        yield "seal", {"rows/s": problem.rows / took, "s": took, "cpu s": time.process_time() - used}
        size = archive.days()["bytes"].sum() + sum(
            file.stat().st_size
            for file in (place / "archive").rglob("last.*.parquet")
            if file.parent.name.count("-") == 2
        )
        yield "size", {"B/sample": size / problem.rows}
    began = time.perf_counter()
    with Archive(place / "archive") as archive:
        yield "open", {"ms": 1e3 * (time.perf_counter() - began)}
        months = [lambda tag=tag: archive.query([tag], START, problem.end) for tag in problem.tags]
        moments = [
            lambda tags=tags, at=at: archive.at(tags, at)
            for tags, at in zip(problem.fifty, problem.moments, strict=True)
        ]
        for what, questions in (("one tag, month", months), ("50 tags at a moment", moments)):
            yield what, asked(questions)
            yield f"{what}, asked again", asked(questions)
    with Archive(place / "archive") as archive:  # opened anew: it remembers none of the ten tags
        hours = cut(START, problem.end, timedelta(hours=1))
        signals = [
            Signal(tag, f"t{tag}", "flow", "s", None, "t/h", True, 0.0, 0.01, "time_mean") for tag in problem.ten
        ]
        means = [lambda: measure(archive, signals, hours)]
        yield "hourly means, 10 tags", asked(means, first=True)
        yield "hourly means, 10 tags, asked again", asked(means * 5)


def duckdb_peer(problem: Problem, place: Path, *, ordered: bool) -> Iterator[Row]:
    """One DuckDB table, in order of arrival or rewritten by tag and time."""
    import duckdb

    file = place / f"plain_{ordered}.duckdb"
    with duckdb.connect(str(file)) as connection:
        create = (
            "create table s (tag integer, time timestamptz, value double, raw double, status bigint, seq bigint, "
            "source smallint)"
        )
        connection.execute(create)

        def append(frame: pl.DataFrame) -> None:
            connection.register("batch", Stream(frame))
            connection.execute("insert into s select * from batch")

        if not ordered:
            yield "micro-batches of 2,000", commits(problem, lambda frame, _: append(frame))
            connection.execute("truncate s")
        bulk = ingest(problem, append)
        if ordered:
            began = time.perf_counter()
            connection.execute(
                "create table o as select * from s order by tag, time; drop table s; alter table o rename to s"
            )
            yield "seal", {"s": time.perf_counter() - began}
        else:
            yield "bulk", bulk
        connection.execute("checkpoint")
        (used,) = connection.execute("select used_blocks * block_size from pragma_database_size()").fetchall()
        yield "size", {"B/sample": used[0] / problem.rows}
        yield from sql_questions(
            problem, lambda sql: connection.execute(sql).fetchnumpy(), "timestamptz '{}'", "epoch_us(time)"
        )


def chdb_peer(problem: Problem, place: Path) -> Iterator[Row]:
    """A MergeTree by tag and time, in chdb."""
    from chdb import session

    server = session.Session(str(place / "chdb"))
    server.query(
        "create database b engine = Atomic; create table b.s (tag Int32, time DateTime64(6, 'UTC'), "
        "value Nullable(Float64), raw Nullable(Float64), status Int64, seq Int64, source Int16) "
        "engine = MergeTree order by (tag, time)"
    )
    file = place / "chdb.parquet"
    began, used = time.perf_counter(), time.process_time()
    for frame in problem.frames(BULK):
        frame.write_parquet(file, compression="uncompressed")
        server.query(f"insert into b.s select * from file('{file}', Parquet)")
    took = time.perf_counter() - began
    yield "bulk", {"rows/s": problem.rows / took, "s": took, "cpu s": time.process_time() - used}
    server.query("optimize table b.s final")
    size = int(str(server.query("select sum(bytes_on_disk) from system.parts where active and database = 'b'", "CSV")))
    yield "size", {"B/sample": size / problem.rows}
    moment = "toDateTime64('{}', 6, 'UTC')"

    def ask(sql: str) -> object:
        return server.query(sql.replace("from s", "from b.s"), "ArrowStream").bytes()

    yield from sql_questions(problem, ask, moment, "toUnixTimestamp64Micro(time)")
    server.close()


def sql_questions(problem: Problem, ask: Callable[[str], object], moment: str, micros: str) -> Iterator[Row]:
    """The three questions in SQL, the point in time bounded to its day."""
    columns = "tag, time, value, status, seq"
    yield (
        "one tag, month",
        asked(
            [lambda tag=tag: ask(f"select {columns} from s where tag = {tag} order by time") for tag in problem.tags]
        ),
    )
    points = [
        f"select tag, max(time), argMax(value, time) from s where tag in ({', '.join(map(str, tags))}) "
        f"and time <= {moment.format(said(at))} and time >= {moment.format(said(START + (at - START) // DAY * DAY))} "
        "group by tag"
        for tags, at in zip(problem.fifty, problem.moments, strict=True)
    ]
    if "timestamptz" in moment:
        points = [point.replace("argMax", "arg_max") for point in points]
    yield "50 tags at a moment", asked([lambda point=point: ask(point) for point in points])
    hour = 3_600_000_000
    integer = "intDiv({}, {})" if "toDate" in moment else "(({}) // {})"
    spread = "arrayJoin(range({}, {}))" if "toDate" in moment else "unnest(range({}, {}))"
    ahead = "lead(t, 1, t) over (partition by tag order by t)"
    if "toDate" in moment:
        frame = "rows between unbounded preceding and unbounded following"
        ahead = f"leadInFrame(t, 1, t) over (partition by tag order by t {frame})"
    first, last = integer.format("t", hour), integer.format("until - 1", hour)
    means = (
        f"select tag, h, sum(value * (least(until, (h + 1) * {hour}) - greatest(t, h * {hour}))) / "
        f"sum(least(until, (h + 1) * {hour}) - greatest(t, h * {hour})) from ("
        f"select tag, t, until, value, {spread.format(first, last + ' + 1')} as h from ("
        f"select tag, t, value, status, {ahead} as until "
        f"from (select tag, {micros} as t, value, status from s where tag in ({', '.join(map(str, problem.ten))}))) "
        "where value is not null and until > t) group by tag, h order by tag, h"
    )
    yield "hourly means, 10 tags", asked([lambda: ask(means)] * 5)


def parquet_peer(problem: Problem, place: Path) -> Iterator[Row]:
    """One Parquet file a day, sorted by tag and time, as polars writes it, and polars' own questions."""
    (place / "parquet").mkdir()
    began, used = time.perf_counter(), time.process_time()
    for number, frame in enumerate(problem.frames(TAGS * PER_DAY)):
        frame.sort("tag", "time").write_parquet(place / "parquet" / f"{number:03d}.parquet", compression="zstd")
    took = time.perf_counter() - began
    yield "bulk", {"rows/s": problem.rows / took, "s": took, "cpu s": time.process_time() - used}
    files = sorted((place / "parquet").iterdir())
    yield "size", {"B/sample": sum(file.stat().st_size for file in files) / problem.rows}
    tag = pl.col("tag")
    yield (
        "one tag, month",
        asked([lambda one=one: pl.scan_parquet(files).filter(tag == one).collect() for one in problem.tags]),
    )
    yield (
        "50 tags at a moment",
        asked(
            [
                lambda tags=tags, at=at: (
                    pl.scan_parquet(files[min((at - START) // DAY, len(files) - 1)])
                    .filter(tag.is_in(tags), pl.col("time") <= at)
                    .group_by("tag")
                    .agg(pl.all().sort_by("time").last())
                    .collect()
                )
                for tags, at in zip(problem.fifty, problem.moments, strict=True)
            ]
        ),
    )


class Stream:
    """An Arrow stream and nothing else, so that DuckDB takes rows without pyarrow."""

    def __init__(self, table: pl.DataFrame) -> None:
        self._table = table

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        return self._table.__arrow_c_stream__(requested_schema)


def commits(problem: Problem, append: Callable[[pl.DataFrame, int], object], most: int = 300) -> dict[str, float]:
    """Commits of 2,000 rows, one after the other."""
    times: list[float] = []
    used = time.process_time()
    for number, frame in enumerate(problem.frames(COMMIT), 1):
        began = time.perf_counter()
        append(frame, number)
        times.append(time.perf_counter() - began)
        if number == most:
            break
    p95 = statistics.quantiles(times, n=20)[-1]
    rate = COMMIT * len(times) / sum(times)
    return {
        "rows/s": rate,
        "p50 ms": 1e3 * statistics.median(times),
        "p95 ms": 1e3 * p95,
        "cpu s": time.process_time() - used,
    }


def ingest(problem: Problem, append: Callable[[pl.DataFrame], object]) -> dict[str, float]:
    """All samples in large batches; what it takes to make them is not counted."""
    took = used = 0.0
    for frame in problem.frames(BULK):
        began, cpu = time.perf_counter(), time.process_time()
        append(frame)
        took, used = took + time.perf_counter() - began, used + time.process_time() - cpu
    return {"rows/s": problem.rows / took, "s": took, "cpu s": used}


def asked(questions: Sequence[Callable[[], object]], *, first: bool = False) -> dict[str, float]:
    """Median and slowest time of questions, after one that does not count, unless the very first one is meant."""
    if not first:
        questions[0]()
    times, used = [], time.process_time()
    for question in questions:
        began = time.perf_counter()
        question()
        times.append(1e3 * (time.perf_counter() - began))
    cpu = 1e3 * (time.process_time() - used) / len(questions)
    return {"ms": statistics.median(times), "slowest ms": max(times), "cpu ms": cpu}


def said(at: datetime) -> str:
    """An instant as SQL writes it."""
    return at.strftime("%Y-%m-%d %H:%M:%S.%f")


ENGINES: dict[str, Callable[[Problem, Path], Iterator[Row]]] = {
    "ferrolan": ours,
    "duckdb": lambda problem, place: duckdb_peer(problem, place, ordered=False),
    "duckdb sorted": lambda problem, place: duckdb_peer(problem, place, ordered=True),
    "parquet, polars": parquet_peer,
    "chdb": chdb_peer,
}


def main() -> int:
    """Measure every engine, or those that are named."""
    arguments = argparse.ArgumentParser(prog="python -m benchmarks.historian_scale", description=__doc__)
    arguments.add_argument("--samples", type=int, default=1_000_000)
    arguments.add_argument("--engine", action="append", choices=ENGINES)
    arguments.add_argument(
        "--folder", type=Path, help="where the files are written; a temporary folder if none is named"
    )
    chosen = arguments.parse_args()
    place = Path(tempfile.mkdtemp(prefix="historian-", dir=chosen.folder))
    try:
        (place / "samples").mkdir()
        problem = Problem(place / "samples", chosen.samples)
        print(f"{problem.rows:,} samples, {TAGS:,} tags, {problem.days} days, synthetic\n")
        print("| engine | what | figures |\n| --- | --- | --- |")
        for name in chosen.engine or ENGINES:
            _report(name, problem, place)
    finally:
        shutil.rmtree(place)
    return 0


def _report(name: str, problem: Problem, place: Path) -> None:
    own = place / name.replace(" ", "_").replace(",", "")
    own.mkdir()
    try:
        for what, figures in ENGINES[name](problem, own):
            print(
                f"| {name} | {what} | {', '.join(f'{value:,.4g} {unit}' for unit, value in figures.items())} |",
                flush=True,
            )
    except ImportError as error:
        print(f"| {name} | not installed: {error.name} | |")
    shutil.rmtree(own)


if __name__ == "__main__":
    sys.exit(main())
