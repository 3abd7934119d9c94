"""The historian on ClickHouse, the distributed store of a large group; tried through ``chdb``, within this process.

``ReplacingMergeTree(seq)`` in the order of tag and time, partitioned by month. Merging is eventual, so every reading
says ``final``. Two rows of one belt scale and moment with different ``seq`` both stay, because the whole row is the
key: the correction wins when it is read, the first value is there for the audit.

ClickHouse has no transaction over two tables. A batch of a spool is therefore made idempotent by its rows: each carries
spool, number of the batch and, among equal rows, its place, and all of that is part of the key. The position is written
after the rows; a process killed between the two hands the batch over again, and the rows fall together with those that
are there. What chdb wrote is not on the disk when it returns (it hardly calls fsync): only the spool protects it.
"""

from __future__ import annotations

import io
import tempfile
import threading
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Protocol

import polars as pl

from ferrolan.base.errors import Fault
from ferrolan.base.extras import needs
from ferrolan.base.tables import SAMPLES, SAMPLES_TEXT, Table
from ferrolan.historian.seam import NewTag, Position
from ferrolan.historian.server.refusals import refusal
from ferrolan.historian.server.registering import refuse_other_units
from ferrolan.historian.server.statements import CLICKHOUSE, Served

DROPPED: dict[str, pl.DataType | type[pl.DataType]] = {
    "table": pl.String,
    "start": pl.Datetime("us", "UTC"),
    "rows": pl.Int64,
}
"""What ``retire`` says of each month it dropped."""

_ORIGIN = ("spool", "batch", "nth")
_KEYS = {"samples": "tag, time, seq, source, status, value, raw", "texts": "tag, time, seq, source, status, text"}
_TABLE = """
create table if not exists {schema}.{table} (
    tag Int32, time DateTime64(6, 'UTC'), {columns}, status Int64, seq Int64, source Int16,
    spool LowCardinality(String), batch Int64, nth UInt32
) engine = ReplacingMergeTree(seq) partition by toYYYYMM(time) primary key (tag, time)
order by ({key}, spool, batch, nth) settings allow_nullable_key = 1
"""
_COLUMNS = {"samples": "value Nullable(Float64), raw Nullable(Float64)", "texts": "text Nullable(String)"}
_REGISTERED = """
create table if not exists {schema}.registered (number Int32, name String, unit String, stepped Bool)
engine = ReplacingMergeTree order by number
"""
_POSITIONS = """
create table if not exists {schema}.positions (spool String, batch Int64)
engine = ReplacingMergeTree(batch) order by spool
"""


class ClickHouse(Protocol):
    """A ClickHouse that answers statements: chdb in this process, or whatever speaks to a server."""

    def run(self, statement: str) -> bytes:
        """Run a statement; rows come as an Arrow file, nothing where there are none to come."""
        ...

    def close(self) -> None:
        """Close it."""
        ...


class Chdb:
    """ClickHouse within this process, its data in a folder; one at a time in a process.

    Raises
    ------
    SurroundingsError
        If the extra is missing.
    """

    def __init__(self, folder: Path) -> None:
        with needs("clickhouse"):
            from chdb import session
        folder.mkdir(parents=True, exist_ok=True)
        self._session: Any = session.Session(str(folder))  # Any: chdb ships no types

    def run(self, statement: str) -> bytes:
        """Run a statement; rows come as an Arrow file."""
        try:
            return bytes(self._session.query(statement, "Arrow").bytes())
        except RuntimeError as error:
            said = str(error).partition("\n")[0][:200]
            raise refusal(
                "ClickHouse", f'"{said}"', "a database that answers", "Look at what it says.", code="server_error"
            ) from error

    def close(self) -> None:
        """Close it."""
        self._session.close()


class ClickHouseHistorian(Served):
    """A historian in one database of a ClickHouse; a ``historian.seam.Store``.

    Parameters
    ----------
    server
        Who answers.
    schema
        Database that holds the tables; made if it is not there.

    Notes
    -----
    Nothing keeps a second process from writing: ClickHouse has no lock to hold. One collector writes by agreement.
    """

    dialect = CLICKHOUSE

    def __init__(self, server: ClickHouse, schema: str = "ferrolan") -> None:
        self._server, self.schema = server, schema
        self._lock = threading.RLock()
        self._run(f"create database if not exists {schema}")
        for table, columns in _COLUMNS.items():
            self._run(_TABLE.format(schema=schema, table=table, columns=columns, key=_KEYS[table]))
        for statement in (_REGISTERED, _POSITIONS):
            self._run(statement.format(schema=schema))

    def register(self, tags: Sequence[NewTag]) -> Mapping[str, int]:
        """The number of each tag by name; a name that is new gets the next free number, for good.

        Raises
        ------
        ProblemError
            If a known name comes with another unit than the one it was registered with.
        """
        with self._lock:
            known = {name: (number, unit) for number, name, unit, _ in self.registered().iter_rows()}
            refuse_other_units(tags, {name: unit for name, (_, unit) in known.items()})
            last = max((number for number, _ in known.values()), default=0)
            new = list({tag.name: tag for tag in reversed(tags) if tag.name not in known}.values())[::-1]
            rows = [(number, tag.name, tag.unit, tag.stepped) for number, tag in enumerate(new, last + 1)]
            if rows:
                schema = {"number": pl.Int32, "name": pl.String, "unit": pl.String, "stepped": pl.Boolean}
                self._insert("registered", pl.DataFrame(rows, schema=schema, orient="row"))
            known |= {name: (number, unit) for number, name, unit, _ in rows}
        return {tag.name: known[tag.name][0] for tag in tags}

    def append(
        self, samples: pl.DataFrame, texts: pl.DataFrame | None = None, *, position: Position | None = None
    ) -> int:
        """Append rows (SAMPLES, SAMPLES_TEXT), then the position; returns the rows stored.

        Rows whose position is not above the stored one of that spool were stored before: none is stored, 0 is returned.
        A batch whose rows were stored and whose position was not falls together with those rows.
        """
        rows = SAMPLES.check(samples)
        words = SAMPLES_TEXT.empty() if texts is None else SAMPLES_TEXT.check(texts)
        with self._lock:
            if position and position.batch <= self.position(position.spool):
                return 0
            origin = position or Position("", self.position("") + 1)
            self._insert("samples", _with_origin(rows, origin))
            self._insert("texts", _with_origin(words, origin))
            self._insert("positions", pl.DataFrame({"spool": [origin.spool], "batch": [origin.batch]}))
        return rows.height + words.height

    def position(self, spool: str) -> int:
        """Number of the last batch of a spool that is stored; 0 where none is."""
        name = spool.replace("\\", "\\\\").replace("'", "\\'")
        return self._number(f"select max(batch) from {self.schema}.positions where spool = '{name}'")

    def retire(self, before: datetime) -> pl.DataFrame:
        """Drop every month that ended at or before an instant, and say what was dropped (``DROPPED``)."""
        first = before.astimezone(UTC)
        parts = self._frame(
            "select table, partition, toInt64(sum(rows)) as rows from system.parts "
            f"where active and database = '{self.schema}' and table in ('samples', 'texts') "
            f"and toUInt32OrZero(partition) < {first.year * 100 + first.month} group by 1, 2 order by 1, 2"
        )
        dropped = []
        for table, partition, rows in parts.iter_rows():
            self._run(f"alter table {self.schema}.{table} drop partition {partition}")
            dropped.append((table, datetime(int(partition) // 100, int(partition) % 100, 1, tzinfo=UTC), rows))
        return pl.DataFrame(dropped, schema=DROPPED, orient="row")

    def check(self) -> tuple[Fault, ...]:
        """What is wrong with the historian: rows nobody can name."""
        faults = []
        for table in _KEYS:
            nameless = self._frame(
                f"select distinct tag from {self.schema}.{table} where tag not in "
                f"(select number from {self.schema}.registered) order by tag limit 5"
            )
            way_out = "It was stored without being registered: register the tags of that store."
            faults += [
                Fault(
                    "ClickHouse",
                    0,
                    f"{self.schema}.{table}.tag",
                    str(tag),
                    "a registered tag",
                    way_out,
                    "nameless_rows",
                )
                for tag in nameless["tag"]
            ]
        return tuple(faults)

    def close(self) -> None:
        """Close it; a closed historian cannot be used again."""
        self._server.close()

    def __enter__(self) -> ClickHouseHistorian:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _select(self, statement: str, schema: Table) -> pl.DataFrame:
        frame = self._frame(statement)
        return frame.cast(schema.empty().schema) if frame.width else schema.empty()

    def _number(self, statement: str) -> int:
        rows = self._frame(statement).rows()
        return int(rows[0][0]) if rows else 0

    def _frame(self, statement: str) -> pl.DataFrame:
        body = self._run(statement)
        return pl.read_ipc(io.BytesIO(body)) if body else pl.DataFrame()

    def _run(self, statement: str) -> bytes:
        with self._lock:
            return self._server.run(statement)

    def _insert(self, table: str, rows: pl.DataFrame) -> None:
        """Insert rows, in one block a month, through an Arrow file."""
        if rows.is_empty():
            return
        with tempfile.TemporaryDirectory(prefix="ferrolan-") as folder:
            path = Path(folder) / "rows.arrow"
            rows.write_ipc(path, compat_level=pl.CompatLevel.oldest())
            names = ", ".join(rows.columns)
            self._run(f"insert into {self.schema}.{table} ({names}) select {names} from file('{path}', 'Arrow')")


def _with_origin(rows: pl.DataFrame, origin: Position) -> pl.DataFrame:
    """Rows with where they came from: spool, batch, and the place of each among equal rows of the batch."""
    return rows.with_columns(
        spool=pl.lit(origin.spool),
        batch=pl.lit(origin.batch, dtype=pl.Int64),
        nth=pl.int_range(pl.len(), dtype=pl.UInt32).over(rows.columns),
    ).select(*rows.columns, *_ORIGIN)
