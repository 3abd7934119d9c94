"""The embedded historian: one DuckDB file, append only, where the highest ``seq`` of a tag and time wins.

A belt scale's 08:15 value that is corrected the next day stands twice in the table. Readers see the correction; the
first value stays for the audit. Rows with an equal ``seq`` are ordered by source, status and value, so the winner
never depends on the order of arrival. One process owns the file at a time. A historian that is made anew appears whole,
in the place of the one before, or not at all.
"""

from __future__ import annotations

import glob
import os
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Protocol

import duckdb
import polars as pl

from ferrolan.base.errors import Fault, FerrolanError, SourceError, SurroundingsError
from ferrolan.base.status import RETRACTED
from ferrolan.base.surroundings import refused, storing
from ferrolan.base.tables import SAMPLES

# Extensions would be fetched over the network at run time.
_CONFIG: dict[str, str | bool | int | float | list[str]] = {
    "autoinstall_known_extensions": False,
    "autoload_known_extensions": False,
}
_DAMAGE = ("Corrupt database", "Could not read enough bytes", "Failed to deserialize", "Serialization Error")
"""What DuckDB says of a file that is cut off or overwritten."""
_NO_TABLES = "a database without tables"
_SHOWN = 5  # tables of another database a fault names
_CREATE = """
create table if not exists samples (
    tag integer not null, time timestamp not null, value double, raw double,
    status bigint not null, seq bigint not null, source smallint not null
)
"""
_HELD = """
select table_name from duckdb_tables() where not internal and not temporary
union all select view_name from duckdb_views() where not internal and not temporary
order by all
"""
_WINNERS = """
select * from (
    select * from samples where list_contains($tags, tag) and {where}
    qualify row_number() over (partition by tag, time order by seq desc, source, status, value, raw) = 1
) where status <> {retracted}
"""
_LOSERS = """
select * from samples where list_contains($tags, tag) and time >= $start and time < $end
qualify row_number() over (partition by tag, time order by seq desc, source, status, value, raw) > 1
"""


class Historian:
    """A store of samples: appended, never changed.

    Parameters
    ----------
    path
        The file, made if it is not there; None keeps everything in memory.

    Raises
    ------
    SurroundingsError
        If another process has the file open, or it cannot be written.
    SourceError
        If the file is not a historian, or a damaged one.

    Examples
    --------
    >>> with Historian() as historian:
    ...     historian.count()
    0
    """

    def __init__(self, path: Path | None = None) -> None:
        self.path = path
        self._connection = _connect(path)

    def append(self, samples: pl.DataFrame) -> int:
        """Append rows of the SAMPLES schema in one transaction and return their number.

        Raises
        ------
        TableError
            If the frame does not have the schema.
        SurroundingsError
            If the disk refuses; what was stored before stays, and nothing of these rows.
        """
        rows = SAMPLES.check(samples).with_columns(pl.col("time").dt.replace_time_zone(None))
        try:
            self._connection.register("batch", _Stream(rows))
            self._connection.execute("insert into samples select * from batch")
            self._connection.unregister("batch")
        except duckdb.Error as error:
            raise refused(self.path or "memory", error) from error
        return rows.height

    def query(self, tags: Iterable[int], start: datetime, end: datetime) -> pl.DataFrame:
        """Winning samples of the tags with a time in ``[start, end)``, sorted by tag and time."""
        return self._read(_winners("time >= $start and time < $end"), tags, start=start, end=end)

    def superseded(self, tags: Iterable[int], start: datetime, end: datetime) -> pl.DataFrame:
        """Samples in ``[start, end)`` that lost against a later one of the same tag and time, for the audit."""
        losers = self._read(_LOSERS, tags, start=start, end=end)
        return losers.sort("tag", "time", "seq", "source", "status", "value", "raw")

    def at(self, tags: Iterable[int], instant: datetime) -> pl.DataFrame:
        """The last winning sample of each tag at or before an instant; a tag without one has no row."""
        return self._read(_first(_winners("time <= $instant"), "desc"), tags, instant=instant)

    def before(self, tags: Iterable[int], instant: datetime) -> pl.DataFrame:
        """The last winning sample of each tag before an instant; a tag without one has no row."""
        return self._read(_first(_winners("time < $instant"), "desc"), tags, instant=instant)

    def since(self, tags: Iterable[int], instant: datetime) -> pl.DataFrame:
        """The first winning sample of each tag at or after an instant; a tag without one has no row."""
        return self._read(_first(_winners("time >= $instant"), "asc"), tags, instant=instant)

    def count(self) -> int:
        """Number of stored rows, superseded and retracted ones included."""
        try:
            rows = self._connection.execute("select count(*) from samples").fetchall()  # all: else it stays unfinished
        except duckdb.Error as error:
            raise _translated(self.path, error) from error
        return int(rows[0][0])

    def settle(self) -> None:
        """Bring everything into the file itself, out of the log beside it.

        Raises
        ------
        SurroundingsError
            If the disk refuses.
        """
        try:
            self._connection.execute("checkpoint")
        except duckdb.Error as error:
            raise refused(self.path or "memory", error) from error

    def close(self) -> None:
        """Close the file; a closed historian cannot be used again."""
        self._connection.close()

    def __enter__(self) -> Historian:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _read(self, select: str, tags: Iterable[int], **instants: datetime) -> pl.DataFrame:
        try:
            relation = self._connection.sql(
                f"select * from ({select}) order by tag, time",
                params={"tags": list(tags), **{name: _naive(instant) for name, instant in instants.items()}},
            )
            frame = pl.DataFrame(_Stream(relation))
        except (duckdb.Error, pl.exceptions.PolarsError) as error:
            raise _translated(self.path, error) from error
        return SAMPLES.check(frame.with_columns(pl.col("time").dt.replace_time_zone("UTC")))


@contextmanager
def anew(path: Path | None = None) -> Iterator[Historian]:
    """Make a historian from nothing; it takes its place when the block ends, whole.

    Parameters
    ----------
    path
        The file; one that stands there is replaced at the end, and stays where the block fails. None keeps everything
        in memory.

    Raises
    ------
    SurroundingsError
        If another process has the historian at this path open, or the disk refuses.
    SourceError
        If something else than a historian stands there.

    Examples
    --------
    >>> with anew() as historian:
    ...     historian.count()
    0
    """
    if path is None:
        with Historian() as historian:
            yield historian
        return
    with storing(path):
        path.parent.mkdir(parents=True, exist_ok=True)
    _refuse_in_use(path)
    _sweep(path)
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with Historian(beside) as historian:
            yield historian
            historian.settle()
        with storing(path):
            beside.replace(path)
    finally:
        _remove(beside)


class _Arrow(Protocol):
    def __arrow_c_stream__(self, requested_schema: object = None) -> object: ...


class _Stream:
    """An Arrow stream and nothing else, so that polars and DuckDB exchange rows without pyarrow."""

    def __init__(self, table: _Arrow) -> None:
        self._table = table

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        return self._table.__arrow_c_stream__(requested_schema)


def _connect(path: Path | None) -> duckdb.DuckDBPyConnection:
    if path and _is_foreign(path):
        raise _not_a_historian(path, "another kind of file")
    try:
        connection = duckdb.connect(str(path) if path else ":memory:", config=_CONFIG)
        other = _other_content(connection)
        if not other:
            connection.execute(_CREATE)
            return connection
        connection.close()
    except duckdb.Error as error:
        raise _translated(path, error) from error
    raise _not_a_historian(path, other)


def _other_content(connection: duckdb.DuckDBPyConnection) -> str:
    """What a database holds that no historian does; empty where it is a historian, or holds nothing yet."""
    tables = [str(row[0]) for row in connection.execute(_HELD).fetchall()]
    if not tables:
        return ""
    if tables != ["samples"]:
        shown = ", ".join(tables[:_SHOWN]) + (" and others" if len(tables) > _SHOWN else "")
        return f"a database with {'the tables' if len(tables) > 1 else 'the table'} {shown}"
    columns = [str(row[0]) for row in connection.execute("select column_name from (describe samples)").fetchall()]
    return "" if columns == list(SAMPLES.columns) else f"a table samples with the columns {', '.join(columns)}"


def _is_foreign(path: Path) -> bool:
    """Whether a file is there and is no DuckDB database; DuckDB 2.0 itself would open a CSV file as a view of it."""
    if not path.is_file() or not path.stat().st_size:
        return False
    with storing(path), path.open("rb") as file:
        return file.read(12)[8:] != b"DUCK"


def _not_a_historian(path: Path | None, found: str) -> SourceError:
    way_out = "Give a new path, or the historian's file."
    return SourceError([Fault(str(path), 0, "", found, "a historian", way_out, "not_a_historian")])


def _damaged(path: Path | None, error: Exception) -> SourceError:
    way_out = "Restore it from a copy; one that a run made can be deleted, and the run made again."
    return SourceError(
        [Fault(str(path), 0, "", f'"{_first_line(error)}"', "a whole historian", way_out, "damaged_historian")]
    )


def _translated(path: Path | None, error: Exception) -> FerrolanError:
    """What DuckDB said of opening or reading a file, as an error of ours."""
    if "lock on file" in str(error) or "different configuration" in str(error):  # the second: this very process
        return _in_use(path, str(error))
    if path and path.is_file() and any(text in str(error) for text in _DAMAGE):
        return _damaged(path, error)
    return refused(path or "memory", error)


def _in_use(path: Path | None, message: str) -> SurroundingsError:
    holder = re.search(r"\(PID \d+\)", message)
    found = f"one that another process has open {holder[0]}" if holder else "one that is open already"
    way_out = "One process owns the file: close the other, or choose another folder."
    return SurroundingsError(str(Fault(str(path), 0, "", found, "a historian that is free", way_out, "in_use")))


def _first_line(error: Exception) -> str:
    return str(error).splitlines()[0]


def _refuse_in_use(path: Path) -> None:
    """Refuse to replace a historian that another process has open, and what is no historian; a damaged one may go."""
    found = _foreign_content(path) if path.exists() else ""
    if found:
        raise _not_a_historian(path, found)


def _foreign_content(path: Path) -> str:
    """What a file holds that is no historian; empty where it is one, a damaged one, or an empty file.

    The file is only read: whatever it is, it stays as it is.
    """
    if path.is_file() and not path.stat().st_size:
        return ""
    if _is_foreign(path):
        return "another kind of file"
    try:
        with duckdb.connect(str(path), read_only=True, config=_CONFIG) as connection:
            return _other_content(connection) or ("" if connection.execute(_HELD).fetchall() else _NO_TABLES)
    except duckdb.Error as error:
        translated = _translated(path, error)
        if isinstance(translated, SourceError):  # damaged
            return ""
        raise translated from error


def _sweep(path: Path) -> None:
    """Remove what a process that was killed left beside a historian; what a living one is making is locked."""
    for left in path.parent.glob(f".{glob.escape(path.name)}.*"):
        if not left.suffix[1:].isdecimal():  # the number of a process
            continue
        try:
            found = _foreign_content(left)
        except SurroundingsError:
            continue
        if found in ("", _NO_TABLES):
            _remove(left)


def _remove(file: Path) -> None:
    with storing(file):
        for part in (file, file.with_name(f"{file.name}.wal")):
            part.unlink(missing_ok=True)


def _winners(where: str) -> str:
    return _WINNERS.format(where=where, retracted=RETRACTED)


def _first(winners: str, direction: str) -> str:
    return f"select * from ({winners}) qualify row_number() over (partition by tag order by time {direction}) = 1"


def _naive(instant: datetime) -> datetime:
    return instant.astimezone(UTC).replace(tzinfo=None)
