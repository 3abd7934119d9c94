"""A sealed day: one folder of Parquet files a generation, with a manifest that says what each file holds.

``sealed/2026-03-01/0002`` holds the winners of that UTC day, sorted by tag and time, the rows that lost, the texts, and
the last row of each tag; ``0001`` is gone since ``0002`` was whole. Beside them lies ``last.<chain>.parquet``: the last
row of *every* tag at the end of the day, whenever it came, so that nobody looks further back than a day. The chain is a
hash over all generations up to that day: a file whose name does not fit belongs to another past.

Times are kept in milliseconds where that loses nothing, which takes a third less room.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cached_property
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from ferrolan.base.errors import Fault, SourceError
from ferrolan.base.provenance import Json, hash_json
from ferrolan.base.tables import SAMPLES, SAMPLES_TEXT, TIME, Table
from ferrolan.historian.embedded.durable import file_hash, whole_folder, write_json, write_table

MANIFEST = "manifest.json"
FORMAT = 1
TABLES: Mapping[str, Table] = {
    "samples": SAMPLES, "superseded": SAMPLES, "last": SAMPLES, "texts": SAMPLES_TEXT, "texts_superseded": SAMPLES_TEXT,
}  # fmt: skip
"""What a generation may hold, by name; samples and superseded come in parts, one a bunch of tags."""
_DAY = timedelta(days=1)
_MILLISECONDS = pl.Datetime("ms", "UTC")


@dataclass(frozen=True)
class Part:
    """One file of a generation: which table, how many rows, of which tags, with which hash."""

    file: str
    table: str
    rows: int
    size: int
    sha256: str
    first_tag: int
    last_tag: int
    unit: str

    def covers(self, tags: NDArray[np.int32]) -> bool:
        """Whether any of the tags (n,), sorted, may be in it."""
        place = int(np.searchsorted(tags, self.first_tag))
        return bool(self.rows) and place < len(tags) and int(tags[place]) <= self.last_tag

    def among(self, tags: NDArray[np.int32]) -> list[int]:
        """Those of the tags (n,), sorted, that may be in it."""
        first, last = np.searchsorted(tags, [self.first_tag, self.last_tag + 1])
        return [int(tag) for tag in tags[first:last]]


@dataclass(frozen=True)
class Generation:
    """One generation of a sealed day, as its manifest says."""

    folder: Path
    day: date
    number: int
    parts: tuple[Part, ...]
    duplicates: int
    hash: str

    @property
    def rows(self) -> int:
        """Rows kept, superseded ones included."""
        return sum(part.rows for part in self.parts if part.table != "last")

    @property
    def size(self) -> int:
        """Bytes of all files."""
        return sum(part.size for part in self.parts)

    @cached_property
    def tags(self) -> NDArray[np.int32]:
        """Tags that have a row of that day, withdrawn ones apart (n,), sorted."""
        files = [self.folder / part.file for part in self.parts if part.table == "last"]
        return read_files(files, "last", columns=("tag",))["tag"].to_numpy() if files else np.empty(0, np.int32)

    def files(self, table: str, tags: NDArray[np.int32] | None = None) -> Iterator[tuple[str, Path]]:
        """Unit of time and path of the files of a table that may hold one of the tags."""
        for part in self.of(table, tags):
            yield part.unit, self.folder / part.file

    def of(self, table: str, tags: NDArray[np.int32] | None = None) -> Iterator[Part]:
        """The parts of a table that may hold one of the tags."""
        for part in self.parts:
            if part.table == table and part.rows and (tags is None or part.covers(tags)):
                yield part


def bounds(day: date) -> tuple[datetime, datetime]:
    """Start and end of a UTC day.

    Examples
    --------
    >>> bounds(date(2026, 3, 1))[1].isoformat()
    '2026-03-02T00:00:00+00:00'
    """
    start = datetime.combine(day, time(), UTC)
    return start, start + _DAY


def load(folder: Path, day: date) -> Generation:
    """A generation from its manifest.

    Raises
    ------
    SourceError
        If the manifest cannot be read, or is not what its hash says.
    """
    try:
        said = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        digest = said.pop("hash")
        parts = tuple(Part(**part) for part in said["parts"])
        if digest != hash_json(said) or said["day"] != day.isoformat():
            raise ValueError("its hash is another one")
        return Generation(folder, day, int(said["generation"]), parts, int(said["duplicates"]), str(digest))
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise damaged(folder / MANIFEST, str(error), "a manifest that is what its hash says") from error


def newest(folder: Path, day: date) -> Generation | None:
    """The newest generation of a day; None where there is none."""
    numbers = generations(folder)
    return load(folder / f"{numbers[-1]:04d}", day) if numbers else None


def generations(folder: Path) -> list[int]:
    """Numbers of the generations that are there whole, in order."""
    return sorted(int(place.name) for place in folder.iterdir() if place.is_dir() and place.name.isdecimal())


class Writing:
    """A generation that is being written into a folder, part by part."""

    def __init__(self, folder: Path, day: date, number: int) -> None:
        self.folder, self.day, self.number = folder, day, number
        self.parts: list[Part] = []
        self.duplicates = 0
        self.contents: dict[str, str] = {}

    def write(self, table: str, rows: pl.DataFrame) -> None:
        """Write rows, sorted by tag and time; nothing where there is none."""
        if rows.is_empty():
            return
        file = f"{table}.{sum(part.table == table for part in self.parts):03d}.parquet"
        packed = _packed(rows)
        write_table(self.folder / file, packed)
        place = self.folder / file
        unit = "ms" if packed.schema["time"] == _MILLISECONDS else "us"
        first, last = int(rows["tag"][0]), int(rows["tag"][-1])
        size = place.stat().st_size
        self.parts.append(Part(file, table, rows.height, size, file_hash(place), first, last, unit))
        self.contents[file] = content(rows)

    def finish(self) -> None:
        """Write the manifest."""
        said: dict[str, Json] = {
            "format": FORMAT, "day": self.day.isoformat(), "generation": self.number, "duplicates": self.duplicates,
            "parts": [dict(vars(part)) for part in self.parts],
        }  # fmt: skip
        write_json(self.folder / MANIFEST, {**said, "hash": hash_json(said)})


@contextmanager
def writing(place: Path, day: date, number: int) -> Iterator[Writing]:
    """Write a generation of a day, whole or not at all; then it is read back.

    Raises
    ------
    SurroundingsError
        If the disk refuses.
    SourceError
        If what is read back is not what was written; the generation is taken away again.
    """
    folder = place / f"{number:04d}"
    with whole_folder(folder) as beside:
        made = Writing(beside, day, number)
        yield made
        made.finish()
    try:
        _compare(load(folder, day), made.contents)
    except Exception:
        shutil.rmtree(folder)
        raise


def read_files(
    files: list[Path], table: str, condition: pl.Expr | None = None, columns: Iterable[str] | None = None
) -> pl.DataFrame:
    """Rows of files of one table and one unit of time, as the table's own schema has them.

    Raises
    ------
    SourceError
        If a file is damaged or missing.
    """
    schema = TABLES[table].schema
    chosen = list(schema) if columns is None else list(columns)
    if not files:
        return pl.DataFrame(schema={name: schema[name] for name in chosen})
    with _whole(files[0]):
        scan = pl.scan_parquet(files, glob=False)
        rows = (scan if condition is None else scan.filter(condition)).select(chosen).collect()
    return rows.with_columns(pl.col("time").cast(TIME)) if "time" in chosen else rows


def read_each(files: Sequence[Path], table: str, conditions: Sequence[pl.Expr]) -> list[pl.DataFrame]:
    """Rows of each of some files, each under its own condition, read side by side.

    Raises
    ------
    SourceError
        If a file is damaged or missing.
    """
    if not files:
        return []
    with _whole(files[0]):
        return pl.collect_all([
            pl.scan_parquet(file, glob=False).filter(condition).select(list(TABLES[table].columns)).with_columns(
                pl.col("time").cast(TIME)
            )
            for file, condition in zip(files, conditions, strict=True)
        ])  # fmt: skip


@contextmanager
def _whole(file: Path) -> Iterator[None]:
    try:
        yield
    except (pl.exceptions.PolarsError, OSError) as error:
        raise damaged(file.parent, str(error).splitlines()[0], "files that are whole") from error


def content(rows: pl.DataFrame) -> str:
    """What rows hold, in their order, as a short text; comparable within one process."""
    hashed = rows.hash_rows()
    places = pl.Series(np.arange(1, rows.height + 1, dtype=np.uint64) * np.uint64(2) + np.uint64(1))
    total = int((hashed.to_numpy() * places.to_numpy()).sum(dtype=np.uint64))
    return f"{rows.height}:{total:016x}"


def chained(before: str, day: date, generation: Generation) -> str:
    """The hash of the days up to this one: of the chain before it, the day and its generation."""
    return hashlib.sha256(f"{before} {day.isoformat()} {generation.hash}".encode()).hexdigest()[:16]


def damaged(place: Path, found: str, expected: str) -> SourceError:
    """The error of a sealed file that is not what it must be."""
    way_out = "Run ferrolan historian check, and restore that day from a copy."
    return SourceError([Fault(str(place), 0, "", f'"{found}"', expected, way_out, "damaged_day")])


def _packed(rows: pl.DataFrame) -> pl.DataFrame:
    """Rows with their times in milliseconds, where that loses nothing."""
    if (rows["time"].dt.microsecond() % 1000 == 0).all():
        return rows.with_columns(pl.col("time").cast(_MILLISECONDS))
    return rows


def _compare(generation: Generation, contents: Mapping[str, str]) -> None:
    for part in generation.parts:
        place = generation.folder / part.file
        found = content(read_files([place], part.table))
        if found != contents[part.file] or file_hash(place) != part.sha256:
            raise damaged(place, "other rows", "the rows that were written")
