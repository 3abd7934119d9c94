"""A historian in one DuckDB file, append only, where the highest ``seq`` of a tag and time wins.

A belt scale's 08:15 value that is corrected the next day stands twice in the table. Readers see the correction; the
first value stays for the audit. Rows with an equal ``seq`` are ordered by source, status and value, so the winner
never depends on the order of arrival. One process owns the file at a time. A historian that is made anew appears whole,
in the place of the one before, or not at all.
"""

from __future__ import annotations

import glob
import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from threading import RLock
from types import TracebackType
from typing import ClassVar, Protocol, Self

import duckdb
import polars as pl

from ferrolan.base.errors import Fault, FerrolanError, ProblemError, SourceError, SurroundingsError
from ferrolan.base.status import RETRACTED
from ferrolan.base.surroundings import refused, storing
from ferrolan.base.tables import REGISTERED, SAMPLES, SAMPLES_TEXT, Table
from ferrolan.historian.seam import NewTag, Position

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
_FURTHER = """
create table if not exists samples_text (
    tag integer not null, time timestamp not null, text varchar,
    status bigint not null, seq bigint not null, source smallint not null
);
create table if not exists registered (
    number integer not null, name varchar not null, unit varchar not null, stepped boolean not null
);
create table if not exists positions (spool varchar not null, batch bigint not null)
"""
_LAST_POSITIONS = "select spool, max(batch) from positions group by spool"  # appended, as an update costs more
_TABLES = {"samples", "samples_text", "registered", "positions"}
_FATAL = "has been invalidated"  # DuckDB gives a database up after a commit that the disk refused
_HELD = """
select table_name from duckdb_tables() where not internal and not temporary
union all select view_name from duckdb_views() where not internal and not temporary
order by all
"""
_WITHIN = "time >= $start and time < $end"
_RANKED = """
select * from samples where tag in (select unnest($tags::integer[])) and {where}
qualify row_number() over (partition by tag, time order by seq desc, source, status, value, raw) {place}
"""
_TEXTS = """
select * from (
    select * from samples_text where tag in (select unnest($tags::integer[])) and time >= $start and time < $end
    qualify row_number() over (partition by tag, time order by seq desc, source, status, text) = 1
) where status <> {retracted}
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

    memory: ClassVar[str] = ""
    """What DuckDB may hold in memory, such as ``512MB``; its own default where nothing is said."""

    def __init__(self, path: Path | None = None) -> None:
        self.path = path
        self._lock = RLock()  # one writer at a time; readers have cursors of their own
        self._connection = self._opened()
        self._positions = self._stored_positions()

    def register(self, tags: Sequence[NewTag]) -> Mapping[str, int]:
        """The number of each tag by name; a name that is new gets the next free number, for good.

        Raises
        ------
        ProblemError
            If a known name comes with another unit than the one it was registered with.
        """
        with self._lock:
            held = self.registered()
            known = numbered(held, tags)
            new = known.filter(pl.col("number") > (held["number"].max() or 0))
            self._put("registered", new)
        wanted = {tag.name for tag in tags}
        return {str(name): int(number) for number, name, *_ in known.iter_rows() if name in wanted}

    def registered(self) -> pl.DataFrame:
        """Every registered tag (schema REGISTERED), by number."""
        return self._select("select * from registered order by number", REGISTERED)

    def append(
        self, samples: pl.DataFrame, texts: pl.DataFrame | None = None, *, position: Position | None = None
    ) -> int:
        """Append rows and the position of their spool in one transaction; returns the rows stored.

        Rows whose position is not above the stored one of that spool were stored before: none is stored, 0 is returned.

        Raises
        ------
        TableError
            If a frame does not have its schema.
        SurroundingsError
            If the disk refuses; what was stored before stays, and nothing of these rows.
        """
        rows = SAMPLES.check(samples)
        words = SAMPLES_TEXT.empty() if texts is None else SAMPLES_TEXT.check(texts)
        with self._lock:
            if position is not None and position.batch <= self.position(position.spool):
                return 0
            with self._change() as connection:
                _insert(connection, "samples", _naive_rows(rows))
                _insert(connection, "samples_text", _naive_rows(words))
                self._move(connection, position)
            if position is not None:
                self._positions[position.spool] = position.batch
        return rows.height + words.height

    def position(self, spool: str) -> int:
        """Number of the last batch of a spool that is stored; 0 where none is."""
        return self._positions.get(spool, 0)

    def query(self, tags: Iterable[int], start: datetime, end: datetime) -> pl.DataFrame:
        """Winning samples of the tags with a time in ``[start, end)``, sorted by tag and time."""
        return self._read(_winners(_WITHIN), tags, start=start, end=end)

    def superseded(self, tags: Iterable[int], start: datetime, end: datetime) -> pl.DataFrame:
        """Samples in ``[start, end)`` that lost against a later one of the same tag and time, for the audit."""
        losers = self._read(_RANKED.format(where=_WITHIN, place="> 1"), tags, start=start, end=end)
        return losers.sort("tag", "time", "seq", "source", "status", "value", "raw", nulls_last=True)

    def at(self, tags: Iterable[int], instant: datetime) -> pl.DataFrame:
        """The last winning sample of each tag at or before an instant; a tag without one has no row."""
        return self._read(_first(_winners("time <= $instant"), "desc"), tags, instant=instant)

    def before(self, tags: Iterable[int], instant: datetime) -> pl.DataFrame:
        """The last winning sample of each tag before an instant; a tag without one has no row."""
        return self._read(_first(_winners("time < $instant"), "desc"), tags, instant=instant)

    def since(self, tags: Iterable[int], instant: datetime) -> pl.DataFrame:
        """The first winning sample of each tag at or after an instant; a tag without one has no row."""
        return self._read(_first(_winners("time >= $instant"), "asc"), tags, instant=instant)

    def texts(self, tags: Iterable[int], start: datetime, end: datetime) -> pl.DataFrame:
        """Winning texts (schema SAMPLES_TEXT) of the tags with a time in ``[start, end)``."""
        return self._read(_TEXTS.format(retracted=RETRACTED), tags, SAMPLES_TEXT, start=start, end=end)

    def count(self) -> int:
        """Number of stored rows, superseded and retracted ones included."""
        rows = self._rows("select (select count(*) from samples) + (select count(*) from samples_text)")
        return int(str(rows[0][0]))

    def settle(self) -> None:
        """Bring everything into the file itself, out of the log beside it.

        Raises
        ------
        SurroundingsError
            If the disk refuses.
        """
        with self._lock:
            try:
                self._connection.execute(f"delete from positions where (spool, batch) not in ({_LAST_POSITIONS})")
                self._connection.execute("checkpoint")
            except duckdb.Error as error:
                raise refused(self.path or "memory", error) from error

    def close(self) -> None:
        """Close the file; a closed historian cannot be used again."""
        with self._lock:
            self._connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _put(self, table: str, rows: pl.DataFrame) -> None:
        with self._change() as connection:
            _insert(connection, table, rows)

    def _opened(self) -> duckdb.DuckDBPyConnection:
        return _connect(self.path, self.memory)

    @contextmanager
    def _change(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """A transaction: all that is done in the block is stored, durably, or nothing of it."""
        with self._lock:
            try:
                self._connection.execute("begin")
                yield self._connection
                self._connection.execute("commit")
            except duckdb.Error as error:
                self._undo(error)
                raise refused(self.path or "memory", error) from error
            except BaseException as error:
                self._undo(error)
                raise

    def _undo(self, error: BaseException) -> None:
        """Take a transaction back; a database that DuckDB has given up is opened again, as it was before."""
        try:
            self._connection.execute("rollback")
        except duckdb.Error as after:
            if self.path is not None and (_FATAL in str(after) or _FATAL in str(error)):
                self._connection.close()
                self._connection = self._opened()
                self._positions = self._stored_positions()  # the commit may be in the file, though nobody heard of it

    def _move(self, connection: duckdb.DuckDBPyConnection, position: Position | None) -> None:
        if position is None:
            return
        connection.execute("insert into positions values (?, ?)", [position.spool, position.batch])

    def _stored_positions(self) -> dict[str, int]:
        return {str(spool): int(str(batch)) for spool, batch in self._rows(_LAST_POSITIONS)}

    def _read(self, select: str, tags: Iterable[int], table: Table = SAMPLES, **instants: datetime) -> pl.DataFrame:
        return self._select(f"select * from ({select}) order by tag, time", table, tags=list(tags), **instants)

    def _select(self, select: str, table: Table, **parameters: datetime | list[int]) -> pl.DataFrame:
        """Rows of a statement that selects the columns of a table."""
        with _reading(self.path), closing(self._connection.cursor()) as cursor:
            return _fetched(cursor, select, table, parameters)

    def _snapshot(self) -> Snapshot:
        """A view of the database that stands still."""
        return Snapshot(self.path, self._connection.cursor())

    def _rows(self, select: str, **parameters: datetime) -> list[tuple[object, ...]]:
        """A few rows of a statement, such as counts."""
        with _reading(self.path), closing(self._connection.cursor()) as cursor:
            return cursor.execute(select, _values(parameters)).fetchall()  # all: else it stays unfinished


class Snapshot:
    """A database as it stood at one moment, and the removal of what stood there then: one transaction."""

    def __init__(self, path: Path | None, cursor: duckdb.DuckDBPyConnection) -> None:
        self._path, self._cursor = path, cursor
        with _reading(path):
            cursor.execute("begin")

    def select(self, select: str, table: Table, **parameters: datetime) -> pl.DataFrame:
        """Rows of a statement that selects the columns of a table."""
        with _reading(self._path):
            return _fetched(self._cursor, select, table, parameters)

    def rows(self, select: str, **parameters: datetime) -> list[tuple[object, ...]]:
        """A few rows of a statement, such as counts."""
        with _reading(self._path):
            return self._cursor.execute(select, _values(parameters)).fetchall()

    def remove(self, deletes: Sequence[str], **parameters: datetime) -> None:
        """Remove rows and end the transaction.

        Raises
        ------
        SurroundingsError
            If the disk refuses; then nothing is removed.
        """
        try:
            for delete in deletes:
                self._cursor.execute(delete, _values(parameters))
            self._cursor.execute("commit")
        except duckdb.Error as error:
            raise refused(self._path or "memory", error) from error

    def close(self) -> None:
        """Let go; what was not removed stays."""
        self._cursor.close()


@contextmanager
def _reading(path: Path | None) -> Iterator[None]:
    try:
        yield
    except (duckdb.Error, pl.exceptions.PolarsError) as error:
        raise _translated(path, error) from error


def _fetched(
    cursor: duckdb.DuckDBPyConnection, select: str, table: Table, parameters: Mapping[str, datetime | list[int]]
) -> pl.DataFrame:
    frame = pl.DataFrame(_Stream(cursor.sql(select, params=_values(parameters))))
    if "time" in table.columns:
        frame = frame.with_columns(pl.col("time").dt.replace_time_zone("UTC"))
    return table.check(frame)


def _values(parameters: Mapping[str, datetime | list[int]]) -> dict[str, datetime | list[int]] | None:
    values = {name: _naive(value) if isinstance(value, datetime) else value for name, value in parameters.items()}
    return values or None


def numbered(known: pl.DataFrame, tags: Sequence[NewTag]) -> pl.DataFrame:
    """The registered tags with those that are new behind them, each under the next free number.

    Parameters
    ----------
    known
        What is registered (REGISTERED), by number.
    tags
        What is to be registered; a name may come again with the same unit.

    Raises
    ------
    ProblemError
        If a name comes with another unit than the one it has.
    """
    units = {str(name): str(unit) for _, name, unit, _ in known.iter_rows()}
    number, rows = int(known["number"].max() or 0), []  # type: ignore[arg-type]  # a maximum of whole numbers
    for tag in tags:
        if units.setdefault(tag.name, tag.unit) != tag.unit:
            raise ProblemError(
                f"tag {tag.name!r}: expected its unit {units[tag.name]!r}, under which it is registered, got "
                f"{tag.unit!r}. Convert to that unit, or give the tag a new name"
            )
    names = {str(name) for name in known["name"]}
    for tag in tags:
        if tag.name not in names:
            names.add(tag.name)
            number += 1
            rows.append((number, tag.name, tag.unit, tag.stepped))
    return pl.concat([known, pl.DataFrame(rows, schema=REGISTERED.schema, orient="row")])


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


def _insert(connection: duckdb.DuckDBPyConnection, table: str, rows: pl.DataFrame) -> None:
    if rows.is_empty():
        return
    connection.register("batch", _Stream(rows))
    connection.execute(f"insert into {table} select * from batch")
    connection.unregister("batch")  # not after a refusal: it would be refused as well, and hide the first reason


def _naive_rows(rows: pl.DataFrame) -> pl.DataFrame:
    naive = rows["time"].cast(pl.Datetime("us"))
    return rows.clone().replace_column(
        rows.get_column_index("time"), naive
    )  # without an engine: it is done for every commit


def _connect(path: Path | None, memory: str = "") -> duckdb.DuckDBPyConnection:
    if path and _is_foreign(path):
        raise _not_a_historian(path, "another kind of file")
    try:
        limits = {"memory_limit": memory} if memory else {}
        connection = duckdb.connect(str(path) if path else ":memory:", config={**_CONFIG, **limits})
        other = _other_content(connection)
        if not other:
            connection.execute(_CREATE)
            connection.execute(_FURTHER)
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
    if "samples" not in tables or not _TABLES.issuperset(tables):
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
    ranked = _RANKED.format(where=where, place="= 1")
    return f"select * from ({ranked}) where status <> {RETRACTED}"


def _first(winners: str, direction: str) -> str:
    return f"select * from ({winners}) qualify row_number() over (partition by tag order by time {direction}) = 1"


def _naive(instant: datetime) -> datetime:
    return instant.astimezone(UTC).replace(tzinfo=None)
