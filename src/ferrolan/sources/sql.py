"""A long table of a laboratory or production database: key columns, a time, a value, one row a sample.

``assays(sample_point, element, taken_at, result)`` of a laboratory becomes the tags ``"flotation_feed/Nd2O3"`` and
so on: the key columns joined by a slash are the address. The connection only selects: SQLite files are opened with
``mode=ro``, transactions are rolled back. Times without an offset belong to a declared zone.

Tested with SQLite alone. The URL of another database goes to its SQLAlchemy driver, which you install; the statements
are plain SELECTs and the transaction is rolled back, but no test has read from a server, and only a user who has no
right to write makes such a connection read-only.
"""

from __future__ import annotations

import hashlib
import re
import sqlite3
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from decimal import Decimal
from math import isfinite
from pathlib import Path

import polars as pl
import sqlalchemy as sa
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError

from ferrolan.base.errors import Fault, SourceError, SurroundingsError
from ferrolan.base.status import AT_MOST, StatusCode, bad
from ferrolan.base.tables import REJECTED, REPAIRED, SAMPLES, TIME
from ferrolan.sources.clock import check_zone, to_utc
from ferrolan.sources.source import Batch, Discovered, Discovery, ReadReport, TagAddress, refusal
from ferrolan.sources.timeline import EARLIEST, LATEST, OUTSIDE, far_remark

_LIMIT = re.compile(r"\s*<=?\s*([^\s<=+-].*?)\s*")  # a result below the detection limit, which is above zero
_SHOWN = 160  # characters of what a database said
_PATIENCE = 3.0  # seconds to wait for a writer of a SQLite file: a commit takes less, an open editor more
_SAID = (
    (
        ("database is locked", "database table is locked"),
        "a database that nobody is writing",
        "Close the program that has it open, or read a copy.",
        "database_locked",
    ),
    (
        ("malformed", "disk I/O error", "file is encrypted"),
        "a whole database",
        "The file is damaged or was cut off: copy or export it again.",
        "database_damaged",
    ),
    (
        ("Could not decode to UTF-8",),
        "texts in UTF-8",
        "The file is damaged, or its texts are in another encoding: export it again in UTF-8.",
        "wrong_encoding",
    ),
    (("not a database",), "an SQLite database", "Correct the path: this is another kind of file.", "not_a_database"),
    (
        ("unable to open", "no such file"),
        "a database that is there",
        "It went away or may not be opened: check the path and its rights.",
        "missing_file",
    ),
    (
        ("no such table", "no such column", "schema has changed"),
        "a table that stays as it is",
        "It was changed while it was read: read it again.",
        "changed_database",
    ),
)
"""What SQLite says, what was expected instead, the way out, the code."""


@dataclass(frozen=True)
class SqlTable:
    """A long table, as declared.

    Parameters
    ----------
    url
        SQLAlchemy URL of the database, such as ``"sqlite:///lims.sqlite"``; only SQLite is tested.
    table
        Table or view.
    time
        Column of the sample's time: a timestamp, or ISO text.
    keys
        Columns that together name the tag, in the order of the address.
    value
        Column of the number.
    time_zone
        IANA zone of times without an offset.
    order
        Column that gives the order of the rows, such as a serial number; it becomes ``seq``.
    """

    url: str
    table: str
    time: str
    keys: tuple[str, ...]
    value: str
    time_zone: str
    order: str


@dataclass(frozen=True)
class SqlSource:
    """One database table as a source: ``number`` and ``name`` as in the document."""

    table: SqlTable
    number: int
    name: str

    def discover(self) -> Discovery:
        """List the addresses in the table, each with the number of its rows."""
        return _discovery(_fetch(self.table).addresses)

    def read(self, tags: Sequence[TagAddress]) -> Batch:
        """Read every sample of the tags."""
        return read_sql(self.table, tags, self.number, self.name)


def read_sql(
    table: SqlTable, tags: Sequence[TagAddress], source: int, source_name: str, *, first_seq: int = 1
) -> Batch:
    """Read the samples of the tags from a long table.

    Parameters
    ----------
    table
        Where and how they stand.
    tags
        The addresses to read; rows of other addresses are counted in the report.
    source, source_name
        Number and name of the source in the document.
    first_seq
        ``seq`` of the first row of the table.

    Returns
    -------
    Samples in the unit of the table, in its declared order; rejected rows, numbered from 1 in that order; the SHA-256
    of all its rows. A null is a sample with status BadNoData; text that is not a number is rejected and leaves a
    Bad sample; but of a tag with a detection limit ``<0.01`` is kept as that limit, with the status *at most*, and
    listed among the repaired.

    Raises
    ------
    SourceError
        If the database, the table or a column is missing, the file is no database, or no time can be read.
    SurroundingsError
        If the driver of the database is not installed.
    """
    check_zone(table.time_zone, _label(table))
    fetched = _fetch(table)
    rows = _rows(table, fetched, tags)
    _check_times(table, rows)
    samples = _samples(rows, source, first_seq)
    rejected = _rejected(rows, source_name, _label(table), tags)
    report = _report(table, fetched, rows, tags, samples, rejected)
    return Batch(samples, rejected, fetched.content_hash, report, _repaired(rows, source_name, _label(table), tags))


@dataclass(frozen=True)
class _Fetched:
    """Raw rows in order: their addresses, times, values, and the hash over all of them."""

    addresses: tuple[str, ...]
    times: tuple[object, ...]
    values: tuple[object, ...]
    content_hash: str


def _label(table: SqlTable) -> str:
    """Name of the database as errors and tables show it: a file's path, or the URL without its password."""
    url = _url(table.url)
    return url.database or table.url if url.get_backend_name() == "sqlite" else url.render_as_string(hide_password=True)


def _url(text: str) -> sa.URL:
    try:
        return sa.make_url(text)
    except ArgumentError as error:
        raise refusal(
            "url", 0, "", "no database URL", "a URL such as sqlite:///lims.sqlite", "Correct the URL.", "bad_url"
        ) from error


def _fetch(table: SqlTable) -> _Fetched:
    label = _label(table)
    with _connection(table, label) as connection:
        _check_columns(table, label, connection)
        columns = (table.order, table.time, table.value, *table.keys)
        result: Iterable[Iterable[object]] = connection.execute(
            sa.select(*(sa.column(name) for name in columns))
            .select_from(sa.table(table.table))
            .order_by(*(sa.column(name) for name in (table.order, *table.keys, table.time)))
        )
        rows: list[tuple[object, ...]] = [tuple(row) for row in result]
    digest = hashlib.sha256("\n".join(repr(row) for row in rows).encode())
    return _Fetched(
        tuple("/".join("" if key is None else str(key) for key in row[3:]) for row in rows),
        tuple(row[1] for row in rows),
        tuple(row[2] for row in rows),
        digest.hexdigest(),
    )


@contextmanager
def _connection(table: SqlTable, label: str) -> Iterator[sa.Connection]:
    """A connection that reads; foreign errors come out as ours."""
    engine = _engine(table, label)
    try:
        with engine.connect().execution_options(postgresql_readonly=True) as connection:
            yield connection
            connection.rollback()
    except DBAPIError as error:
        raise _refused(table, label, str(error.orig)) from error
    finally:
        engine.dispose()


def _refused(table: SqlTable, label: str, said: str) -> SourceError:
    """What a database said instead of answering, as a fault with its way out."""
    shown = "".join(mark if mark.isprintable() and mark != "\ufffd" else "?" for mark in said[:_SHOWN])
    for texts, expected, way_out, code in _SAID:
        if any(text in said for text in texts):
            return refusal(label, 0, table.table, f'"{shown}"', expected, way_out, code)
    expected, way_out = "a database that can be read", "Check the database and the rights of its user."
    return refusal(label, 0, table.table, f'"{shown}"', expected, way_out, "database_error")


def _engine(table: SqlTable, label: str) -> sa.Engine:
    url = _url(table.url)
    try:
        if url.get_backend_name() != "sqlite":
            return sa.create_engine(url, poolclass=sa.NullPool)
        return sa.create_engine("sqlite://", creator=_read_only(url, label), poolclass=sa.NullPool)
    except (NoSuchModuleError, ModuleNotFoundError) as error:
        raise SurroundingsError(f"{label}: {error}. Install the driver of that database.") from error


def _read_only(url: sa.URL, label: str) -> Callable[[], sqlite3.Connection]:
    path = Path(url.database or "")
    if not path.is_file():
        raise refusal(label, 0, "", "no such file", "an SQLite database", "Check the path.", "missing_file")
    return lambda: sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True, timeout=_PATIENCE)


def _check_columns(table: SqlTable, label: str, connection: sa.Connection) -> None:
    inspector = sa.inspect(connection)
    if not inspector.has_table(table.table):
        held = sorted({*inspector.get_table_names(), *inspector.get_view_names()})
        raise refusal(
            label, 0, "table", f"the tables {', '.join(held) or 'none'}", f'a table "{table.table}"',
            "Correct the name of the table.", "missing_table",
        )  # fmt: skip
    held = [column["name"] for column in inspector.get_columns(table.table)]
    wanted = [("time", table.time), ("value", table.value), ("order", table.order)]
    wanted += [(f"keys.{number}", key) for number, key in enumerate(table.keys)]
    faults = [
        Fault(
            label, 0, f"{table.table}.{field}", f"the columns {', '.join(held)}", f'a column "{name}"',
            "Correct the name of the column.", "missing_column",
        )
        for field, name in wanted
        if name not in held
    ]  # fmt: skip
    if faults:
        raise SourceError(faults)


def _rows(table: SqlTable, fetched: _Fetched, tags: Sequence[TagAddress]) -> pl.DataFrame:
    """One row a declared row: line, tag, time, value, status, and what was refused (found, reason)."""
    number = {tag.address: tag.tag for tag in tags}
    picked = [k for k, address in enumerate(fetched.addresses) if address in number]
    limited = {tag.address for tag in tags if tag.limits}
    values = [_number(fetched.values[k], limits=fetched.addresses[k] in limited) for k in picked]
    time, reason = _instants(table, [fetched.times[k] for k in picked])
    frame = pl.DataFrame(
        {
            "line": pl.Series([k + 1 for k in picked], dtype=pl.Int64),
            "tag": pl.Series([number[fetched.addresses[k]] for k in picked], dtype=pl.Int32),
            "time": time,
            "value": pl.Series([value for value, _ in values], dtype=pl.Float64),
            "status": pl.Series([status for _, status in values], dtype=pl.Int64),
            "time_found": pl.Series([str(fetched.times[k]) for k in picked], dtype=pl.String),
            "value_found": pl.Series([str(fetched.values[k]) for k in picked], dtype=pl.String),
            "time_reason": reason,
        }
    )
    return frame


def _number(value: object, *, limits: bool = False) -> tuple[float | None, int]:
    """Number and status of a value as the driver gave it; where there are limits, that of ``<0.01``, as *at most*."""
    if limits and isinstance(value, str) and (limit := _LIMIT.fullmatch(value)):
        number, status = _number(limit[1])
        return (number, AT_MOST) if status == int(StatusCode.GOOD) else (None, status)
    if value is None:
        return None, int(StatusCode.BAD_NO_DATA)
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal | str):
        return None, int(StatusCode.BAD_TYPE_MISMATCH)
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return None, int(StatusCode.BAD_TYPE_MISMATCH)
    if not isfinite(number) or "_" in str(value):
        return None, int(StatusCode.BAD_TYPE_MISMATCH)
    return number, int(StatusCode.GOOD)


def _instants(table: SqlTable, raw: Sequence[object]) -> tuple[pl.Series, pl.Series]:
    """UTC times and, where there is none, the reason."""
    read = [_datetime(value) for value in raw]
    times = [moment if moment is not None and _is_believed(moment) else None for moment in read]
    local = [None if moment is None or moment.tzinfo else moment for moment in times]
    absolute = [moment.astimezone(UTC) if moment is not None and moment.tzinfo else None for moment in times]
    utc, reason = to_utc(pl.Series(local, dtype=pl.Datetime("us")), table.time_zone)
    known = pl.Series(absolute, dtype=TIME)
    unreadable = pl.Series([OUTSIDE if moment else "not a timestamp, nor ISO text" for moment in read], dtype=pl.String)
    frame = pl.DataFrame({"utc": utc, "known": known, "reason": reason, "unreadable": unreadable}).select(
        time=pl.coalesce("utc", "known"), time_reason=pl.coalesce("reason", "unreadable")
    )
    frame = frame.with_columns(time_reason=pl.when(pl.col("time").is_null()).then("time_reason"))
    return frame["time"], frame["time_reason"]


def _is_believed(moment: datetime) -> bool:
    """Whether a time, local or with its offset, can be that of a sample."""
    return EARLIEST <= moment.replace(tzinfo=None) < LATEST


def _datetime(value: object) -> datetime | None:
    if isinstance(value, datetime):
        return value
    if isinstance(value, date):
        return datetime.combine(value, time())
    try:
        return datetime.fromisoformat(value.strip()) if isinstance(value, str) else None
    except ValueError:
        return None


def _check_times(table: SqlTable, rows: pl.DataFrame) -> None:
    if rows.is_empty() or rows["time"].count():
        return
    first = rows.row(0, named=True)
    raise refusal(
        _label(table), first["line"], f"{table.table}.{table.time}", f'"{first["time_found"]}"',
        "a timestamp, or text such as 2026-03-01 06:00", "Declare the column that holds the time.",
        "wrong_time_format",
    )  # fmt: skip


def _samples(rows: pl.DataFrame, source: int, first_seq: int) -> pl.DataFrame:
    return SAMPLES.check(
        rows.drop_nulls("time").select(
            "tag",
            "time",
            "value",
            "status",
            raw=pl.lit(None, dtype=pl.Float64),
            seq=pl.col("line") - 1 + first_seq,
            source=pl.lit(source, dtype=pl.Int16),
        )
    )


def _rejected(rows: pl.DataFrame, source_name: str, label: str, tags: Sequence[TagAddress]) -> pl.DataFrame:
    names = {tag.tag: tag.name for tag in tags}
    no_time = pl.col("time").is_null()
    odd = rows.filter(no_time | (pl.col("status") == int(StatusCode.BAD_TYPE_MISMATCH)))
    return REJECTED.check(
        odd.select(
            source=pl.lit(source_name),
            file=pl.lit(label),
            line="line",
            tag=pl.when(~no_time).then(pl.col("tag").replace_strict(names, default=None, return_dtype=pl.String)),
            found=pl.when(no_time).then("time_found").otherwise("value_found"),
            reason=pl.when(no_time).then("time_reason").otherwise(pl.lit("not a number")),
        )
    )


def _repaired(rows: pl.DataFrame, source_name: str, label: str, tags: Sequence[TagAddress]) -> pl.DataFrame:
    """Results below the detection limit, of which the limit was taken."""
    names = {tag.tag: tag.name for tag in tags}
    limits = rows.filter(pl.col("time").is_not_null() & (pl.col("status") == AT_MOST))
    return REPAIRED.check(
        limits.select(
            source=pl.lit(source_name),
            file=pl.lit(label),
            line="line",
            tag=pl.col("tag").replace_strict(names, default=None, return_dtype=pl.String),
            found="value_found",
            taken=pl.format("at most {}", pl.col("value")),
            reason=pl.lit("a result below the detection limit: the limit is kept, not a value"),
        )
    )


def _report(
    table: SqlTable,
    fetched: _Fetched,
    rows: pl.DataFrame,
    tags: Sequence[TagAddress],
    samples: pl.DataFrame,
    rejected: pl.DataFrame,
) -> ReadReport:
    discovery = _discovery(fetched.addresses)
    timed = rows.drop_nulls("time").with_columns(latest=pl.col("time").cum_max().shift(1).over("tag"))
    return ReadReport(
        rows=len(fetched.addresses),
        samples=samples.height,
        bad=samples.filter(bad(pl.col("status"))).height,
        rejected_rows=rejected["tag"].null_count(),
        rejected_cells=rejected["tag"].count(),
        repeated_lines=tuple(timed.filter(~pl.struct("tag", "time").is_first_distinct())["line"]),
        backward_lines=tuple(timed.filter(pl.col("time") < pl.col("latest"))["line"]),
        undeclared=discovery.undeclared(tags),
        silent=discovery.silent(tags),
        remarks=tuple(far_remark(_label(table), f"{table.table}.{table.time}", rejected)),
    )


def _discovery(addresses: Sequence[str]) -> Discovery:
    return Discovery(tuple(Discovered(address, rows) for address, rows in sorted(Counter(addresses).items())))
