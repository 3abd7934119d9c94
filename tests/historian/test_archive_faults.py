"""The embedded historian against a process that dies, a disk that is full and files that are torn."""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
import polars as pl
import pytest

from ferrolan.base.errors import FerrolanError, SurroundingsError
from ferrolan.base.tables import SAMPLES
from ferrolan.historian.embedded import Archive
from ferrolan.historian.seam import Position

START = datetime(2026, 3, 1, tzinfo=UTC)
TAGS, DAYS = 7, 3
WORK = """
import sys
from datetime import timedelta
from pathlib import Path
sys.path.insert(0, sys.argv[2])
from tests.historian.test_archive_faults import DAYS, START, batch
from ferrolan.historian.embedded import Archive
from ferrolan.historian.seam import Position

with Archive(Path(sys.argv[1])) as archive:
    print("ready", flush=True)
    for number in range(archive.position("plc") + 1, 10**6):
        archive.append(batch(number), position=Position("plc", number))
        print(number, flush=True)
        if number % 3 == 0:
            archive.seal(START + timedelta(days=DAYS))
"""
"""Appends batch after batch, says each that is stored, and seals between them, until it is killed."""


def batch(number: int) -> pl.DataFrame:
    """Rows that come late, again and corrected, made of the batch's number alone."""
    draw = random.Random(number)
    rows = [
        (draw.randint(1, TAGS), START + timedelta(minutes=draw.randrange(DAYS * 1440)), float(number), None, 0, number * 1000 + place, 1)
        for place in range(300)
    ]  # fmt: skip
    return pl.DataFrame(rows, schema=SAMPLES.schema, orient="row")


def expected(batches: int) -> pl.DataFrame:
    rows = pl.concat([batch(number) for number in range(1, batches + 1)])
    return rows.sort("tag", "time", "seq").unique(["tag", "time"], keep="last").sort("tag", "time")


def kill_at(folder: Path, pause: float) -> int:
    """Run the work, kill it a while after it began; the last batch it said to have stored."""
    root = str(Path(__file__).parents[2])
    with subprocess.Popen(
        [sys.executable, "-c", WORK, str(folder), root], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        time.sleep(pause)  # the moment is what is drawn, nothing is awaited
        process.send_signal(signal.SIGKILL)
        said = [int(line) for line in process.stdout if line.endswith("\n")]
    return said[-1] if said else 0


def survives(folder: Path, trials: int, seed: int) -> None:
    draw, stored = random.Random(seed), 0
    for _ in range(trials):
        stored = max(stored, kill_at(folder, draw.uniform(0.0, 0.8)))
        began = time.monotonic()
        with Archive(folder) as archive:
            opened = time.monotonic() - began
            reached = archive.position("plc")
            assert reached in (stored, stored + 1)  # the one in flight may be stored and not yet said
            found = archive.query(range(1, TAGS + 1), START, START + timedelta(days=DAYS))
            assert found.equals(expected(reached))
            assert {fault.code for fault in archive.check()} <= {"late_rows"}
            assert opened < 20.0  # a bound against hanging; the benchmark says how long it takes
        stored = reached


@pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGKILL")
def test_a_killed_process_loses_no_stored_row_and_no_winner(tmp_path: Path) -> None:
    survives(tmp_path / "historian", trials=3, seed=6)


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGKILL")
def test_fifty_kills_lose_no_stored_row_and_no_winner(tmp_path: Path) -> None:
    survives(tmp_path / "historian", trials=50, seed=50)


class Killed(BaseException):
    """The process that ends at a line of its seal."""


STEPS = [
    "ferrolan.historian.embedded.days.write_table",
    "ferrolan.historian.embedded.days.write_json",
    "ferrolan.historian.embedded.days._compare",
    "ferrolan.historian.embedded.durable.sync_folder",
    "ferrolan.historian.embedded.sealed.Sealed.adopt",
    "ferrolan.historian.embedded.sealed._make_last",
    "ferrolan.historian.embedded.sealed._forget_lasts",
    "ferrolan.historian.embedded.hot.Taken.remove",
    "ferrolan.historian.embedded.sealed.Sealed.tidy",
    "ferrolan.historian.embedded.sealed.remove_folder",
]


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("after", [False, pytest.param(True, marks=pytest.mark.slow)], ids=["before", "after"])
def test_a_seal_that_ends_at_any_step_is_finished_by_the_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str, after: bool
) -> None:
    folder, copy = tmp_path / "historian", tmp_path / "copy"
    room, _, name = step.rpartition(".")
    with Archive(folder) as archive:
        for number in (1, 2):
            archive.append(batch(number))
            archive.seal(START + timedelta(days=DAYS))
        archive.append(batch(3))

        def end(*arguments: object, **options: object) -> object:
            if after:
                made(*arguments, **options)
            shutil.copytree(folder, copy, ignore=shutil.ignore_patterns("owner.*"))
            raise Killed

        with monkeypatch.context() as patched:
            target = _resolved(room)
            made = getattr(target, name)
            patched.setattr(target, name, end)
            with pytest.raises(Killed):
                archive.seal(START + timedelta(days=DAYS))
    for place in (copy, folder):  # as the disk was at that line, and as a process that goes on leaves it
        with Archive(place) as archive:
            tags, last = range(1, TAGS + 1), START + timedelta(days=DAYS)
            assert archive.query(tags, START, last).equals(expected(3))
            archive.seal(last)
            assert archive.query(tags, START, last).equals(expected(3)) and archive.check() == ()
            assert archive.hot.count() == 0


def _resolved(path: str) -> object:
    from importlib import import_module

    try:
        return import_module(path)
    except ModuleNotFoundError:
        room, _, name = path.rpartition(".")
        return getattr(import_module(room), name)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 6 MB."""
    if sys.platform != "linux" or os.geteuid() != 0:
        pytest.skip("only root may mount a small file system")
    place = tmp_path / "small"
    place.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=6m", "tmpfs", str(place)], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip(f"no file system can be mounted here: {mounted.stderr.decode().strip()}")
    try:
        yield place
    finally:
        subprocess.run(["umount", str(place)], check=True)


def append_until_refused(archive: Archive) -> None:
    for number in range(2, 400):
        archive.append(batch(number), position=Position("plc", number))


def fill(place: Path, leave: int) -> Path:
    ballast = place / "ballast"
    room = shutil.disk_usage(place).free - leave
    ballast.write_bytes(b"x" * max(0, room))
    return ballast


def test_a_full_disk_refuses_a_batch_and_the_store_goes_on_when_there_is_room(small_disk: Path) -> None:
    with Archive(small_disk / "historian") as archive:
        archive.append(batch(1), position=Position("plc", 1))
        ballast = fill(small_disk, 40_000)
        with pytest.raises(SurroundingsError, match="disk_full"):
            append_until_refused(archive)
        number = archive.position("plc") + 1
        ballast.unlink()
        archive.append(batch(number), position=Position("plc", number))
        last = START + timedelta(days=DAYS)
        assert archive.query(range(1, TAGS + 1), START, last).equals(expected(number))
    with Archive(small_disk / "historian") as archive:
        assert archive.position("plc") == number
        assert archive.query(range(1, TAGS + 1), START, last).equals(expected(number))


def test_a_full_disk_in_a_seal_leaves_the_answers_as_they_were(small_disk: Path) -> None:
    last = START + timedelta(days=DAYS)
    with Archive(small_disk / "historian") as archive:
        for number in range(1, 6):
            archive.append(batch(number))
        ballast = fill(small_disk, 8_000)
        with pytest.raises(SurroundingsError, match="disk_full"):
            archive.seal(last)
        assert archive.query(range(1, TAGS + 1), START, last).equals(expected(5))
        ballast.unlink()
        archive.seal(last)
        assert archive.query(range(1, TAGS + 1), START, last).equals(expected(5)) and archive.check() == ()


def test_a_torn_hot_file_is_refused_by_name(tmp_path: Path) -> None:
    with Archive(tmp_path) as archive:
        archive.append(batch(1))
        archive.hot.settle()
    hot = tmp_path / "hot.duckdb"
    hot.write_bytes(hot.read_bytes()[:5000])
    with pytest.raises(FerrolanError, match="damaged_historian"):
        Archive(tmp_path)


class _Unheard:
    """A connection whose commit is in the file, while the engine says that it gave up."""

    def __init__(self, real: duckdb.DuckDBPyConnection) -> None:
        self._real = real

    def __getattr__(self, name: str) -> object:
        return getattr(self._real, name)

    def execute(self, statement: str, *values: object) -> object:
        if statement == "rollback":
            raise duckdb.Error("database has been invalidated")
        found = self._real.execute(statement, *values)
        if statement == "commit":
            self._real.close()
            raise duckdb.Error("database has been invalidated")
        return found


def test_a_batch_whose_commit_nobody_heard_of_is_stored_once(tmp_path: Path) -> None:
    with Archive(tmp_path / "historian") as archive:
        archive.hot._connection = _Unheard(archive.hot._connection)  # type: ignore[assignment]
        with pytest.raises(SurroundingsError):
            archive.append(batch(1), position=Position("plc", 1))
        assert archive.append(batch(1), position=Position("plc", 1)) == 0
        assert archive.count() == batch(1).height
