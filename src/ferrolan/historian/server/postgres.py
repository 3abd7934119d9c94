"""The historian on PostgreSQL: partitions by day, COPY in, and the position of the spool in the same transaction.

Two thousand rows of a belt scale's minute go in as one COPY; the position of the spool moves with them or not at all,
so that a batch whose commit nobody heard of is handed over again and stored once. One process owns the historian: it
holds an advisory lock for as long as its session lives. Its readers have connections of their own, so that a month that
is read delays no batch.

Rows before 1990 or after 2100, which only a wrong clock gives, share one partition. Retention drops whole days.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime, timedelta
from types import TracebackType

import polars as pl

from ferrolan.base.errors import Fault, SourceError
from ferrolan.base.tables import SAMPLES, SAMPLES_TEXT, Table
from ferrolan.historian.seam import NewTag, Position
from ferrolan.historian.server.link import Address, Link, Readers, Wire, closed
from ferrolan.historian.server.refusals import refusal
from ferrolan.historian.server.registering import refuse_other_units
from ferrolan.historian.server.rows import TAKEN, packed, unpacked
from ferrolan.historian.server.statements import POSTGRES, VERSION, Served
from ferrolan.historian.server.tables import CREATE, HELD, INDEX, IS_SEALED, PARTITIONS

DROPPED: dict[str, pl.DataType | type[pl.DataType]] = {
    "table": pl.String,
    "start": pl.Datetime("us", "UTC"),
    "end": pl.Datetime("us", "UTC"),
    "rows": pl.Int64,
}
"""What ``retire`` says of each partition it dropped."""

_OLDEST_SERVER = 130_000  # incremental sort, without which the last value of a tag costs a whole partition
_FIRST_DAY, _LAST_DAY = datetime(1990, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC)
_NAME = re.compile(r"[a-z_][a-z0-9_]{0,39}")
_TRIES, _BETWEEN = 6, 0.2  # a session that ended gives its lock free a moment later [1], [s]
_DAY = timedelta(days=1)
_READERS = 4  # connections that read at a time, beside the one that writes
_TABLES = {"about", "positions", "registered", "samples", "texts"}


class PostgresHistorian(Served):
    """A historian in one schema of a PostgreSQL database; a ``historian.seam.Store``, or with ``write=False`` a reader.

    Parameters
    ----------
    url, password, schema, write, patience
        As in ``historian.server.open_server``.

    Raises
    ------
    SurroundingsError
        If the server cannot be reached or refuses, or another process owns the historian.
    SourceError
        If the schema holds something else.
    """

    dialect = POSTGRES

    def __init__(
        self, url: str, *, password: str = "", schema: str = "ferrolan", write: bool = True, patience: float = 60.0
    ) -> None:
        self._address = Address(url, password, patience)
        if not _NAME.fullmatch(schema):
            raise refusal(
                "schema",
                f'"{schema}"',
                "a name of small letters, digits and _",
                "Correct the name.",
                code="wrong_schema",
            )
        self.url, self.schema, self.write, self.patience = url, schema, write, patience
        self._days: set[str] = set()
        self._closed = False
        self._readers = Readers(self._address, self._look, _READERS)
        self._owner = Link(self._address, self._take, write=True) if write else None
        with self._session(write=write):
            pass

    def register(self, tags: Sequence[NewTag]) -> Mapping[str, int]:
        """The number of each tag by name; a name that is new gets the next free number, for good.

        Raises
        ------
        ProblemError
            If a known name comes with another unit than the one it was registered with.
        """
        with self._session(write=True) as link, link.transaction():
            known = self._known(link)
            refuse_other_units(tags, {name: unit for name, (_, unit) in known.items()})
            number = max((number for number, _ in known.values()), default=0)
            for tag in tags:
                if tag.name not in known:
                    number += 1
                    known[tag.name] = (number, tag.unit)
                    link.execute(
                        f"insert into {self.schema}.registered values (%s, %s, %s, %s)",
                        (number, tag.name, tag.unit, tag.stepped),
                    )
        return {tag.name: known[tag.name][0] for tag in tags}

    def append(
        self, samples: pl.DataFrame, texts: pl.DataFrame | None = None, *, position: Position | None = None
    ) -> int:
        """Append rows (SAMPLES, SAMPLES_TEXT) and the position in one transaction; returns the rows stored.

        Rows whose position is not above the stored one of that spool were stored before: none is stored, 0 is returned.

        Raises
        ------
        TableError
            If a frame does not have its schema.
        SurroundingsError
            If the connection is lost or the server refuses. Whether the rows were stored is known by the position:
            hand the batch over again.
        """
        rows = SAMPLES.check(samples)
        words = SAMPLES_TEXT.empty() if texts is None else SAMPLES_TEXT.check(texts)
        with self._session(write=True) as link:
            self._make_partitions(link, "samples", rows)
            self._make_partitions(link, "texts", words)
            with link.transaction():
                if position and not self._move(link, position):
                    return 0
                self._copy(link, rows)
                self._copy_texts(link, words)
        return rows.height + words.height

    def position(self, spool: str) -> int:
        """Number of the last batch of a spool that is stored; 0 where none is."""
        with self._session(write=self.write) as link:
            row = link.execute(f"select batch from {self.schema}.positions where spool = %s", (spool,)).fetchone()
        return int(str(row[0])) if row else 0

    def seal(self, before: datetime) -> tuple[str, ...]:
        """Put every day that ended at or before an instant in the order of tag and time, once; returns their tables.

        A tag's month is then read from neighbouring pages. One day after the other is locked while it is put in order;
        late rows are stored behind it as ever.
        """
        sealed = []
        with self._session(write=True) as link:
            for name, start in self._partitions(link):
                if start + _DAY > before or link.execute(IS_SEALED, (self.schema, name)).fetchone():
                    continue
                index = link.execute(INDEX, (self.schema, name)).fetchone()
                if index is None:
                    continue
                with self._unhurried(link):
                    link.execute(f'cluster {self.schema}.{name} using "{index[0]}"')
                    link.execute(f"vacuum (analyze) {self.schema}.{name}")
                sealed.append(name)
        return tuple(sealed)

    def retire(self, before: datetime) -> pl.DataFrame:
        """Drop every day that ended at or before an instant, with all its rows, and say what was dropped (``DROPPED``).

        Rows of a wrong clock, before 1990 or after 2100, stay.
        """
        dropped = []
        with self._session(write=True) as link:
            for name, start in self._partitions(link):
                if start + _DAY > before:
                    continue
                with link.transaction():
                    rows = link.execute(f"select count(*) from {self.schema}.{name}").fetchone()
                    link.execute(f"drop table {self.schema}.{name}")
                self._days.discard(name)
                dropped.append((name, start, start + _DAY, rows[0] if rows else 0))
        return pl.DataFrame(dropped, schema=DROPPED, orient="row")

    def check(self) -> tuple[Fault, ...]:
        """What is wrong with the historian: a server that may forget, a broken index, rows nobody can name."""
        with self._session() as link:
            return tuple(self._faults(link))

    def close(self) -> None:
        """Close the connections and give the historian free; a closed one cannot be used again."""
        self._closed = True
        self._readers.close()
        if self._owner is not None:
            self._owner.close()

    def __enter__(self) -> PostgresHistorian:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _select(self, statement: str, schema: Table) -> pl.DataFrame:
        with self._session() as link:
            if schema is SAMPLES:
                with link.cursor().copy(
                    f"copy (select {TAKEN} from ({statement}) as rows) to stdout (format binary)"
                ) as copy:
                    return unpacked(b"".join(copy))
            return pl.DataFrame(link.execute(statement).fetchall(), schema=schema.empty().schema, orient="row")

    def _number(self, statement: str) -> int:
        with self._session() as link:
            row = link.execute(statement).fetchone()
        return int(str(row[0])) if row else 0

    def _session(self, *, write: bool = False) -> AbstractContextManager[Wire]:
        """The connection of the owner, or one of those that read."""
        if self._closed:
            raise closed(self._address)
        if not write:
            return self._readers.session()
        if self._owner is None:
            raise refusal(
                self.url, "a reader", "the owner", "Open the historian with write=True.", code="server_rights"
            )
        return self._owner.session()

    @contextmanager
    def _unhurried(self, link: Wire) -> Iterator[None]:
        """A stretch without the time-out of statements."""
        link.execute("set statement_timeout = 0")
        yield
        link.execute(f"set statement_timeout = {round(self.patience * 1000)}")

    def _take(self, link: Wire) -> None:
        """Check the server, take the lock of the owner, and make what is missing."""
        self._refuse_old(link)
        self._own(link)
        with link.transaction():
            held = self._held(link)
            if not held:
                self._create(link)
        if held:
            self._refuse_others(link, held)
        self._days = {str(row[0]) for row in link.execute(PARTITIONS, (self.schema,))}

    def _look(self, link: Wire) -> None:
        """Check the server and what its schema holds."""
        self._refuse_old(link)
        self._refuse_others(link, self._held(link))

    def _refuse_old(self, link: Wire) -> None:
        if link.info.server_version < _OLDEST_SERVER:
            found = f"version {link.info.server_version // 10_000}"
            raise refusal(self.url, found, "PostgreSQL 13 or later", "Use a newer server.", code="old_server")

    def _held(self, link: Wire) -> set[str]:
        return {str(row[0]) for row in link.execute(HELD, (self.schema,))}

    def _refuse_others(self, link: Wire, held: set[str]) -> None:
        if not held >= _TABLES:
            raise self._not_ours(held)
        self._check_version(link)

    def _own(self, link: Wire) -> None:
        """Take the lock of the owner, and wait a moment for one that is just leaving."""
        for _ in range(_TRIES):
            taken = link.execute(
                "select pg_try_advisory_lock(hashtext('ferrolan'), hashtext(%s))", (self.schema,)
            ).fetchone()
            if taken and taken[0]:
                return
            time.sleep(_BETWEEN)
        way_out = "One collector writes: stop the other, or open this one as a reader. A server that lost sight of "
        raise refusal(
            self.url, "one that another process owns", "a historian that is free",
            f"{way_out}a broken connection gives it free after a minute.", code="in_use",
        )  # fmt: skip

    def _create(self, link: Wire) -> None:
        if not link.execute("select 1 from pg_namespace where nspname = %s", (self.schema,)).fetchone():
            link.execute(f"create schema {self.schema}")
        for statement in CREATE.format(schema=self.schema, version=VERSION).split(";"):
            if statement.strip():
                link.execute(statement)

    def _not_ours(self, held: set[str]) -> SourceError:
        found = f"the tables {', '.join(sorted(held)[:5])}" if held else "nothing this role may see"
        way_out = "Give another schema, or let the collector make it first."
        return SourceError(
            [Fault(self._address.label, 0, self.schema, found, "a historian", way_out, "not_a_historian")]
        )  # fmt: skip

    def _check_version(self, link: Wire) -> None:
        row = link.execute(f"select version from {self.schema}.about").fetchone()
        if row is None or row[0] != VERSION:
            found = f"tables of version {row[0]}" if row else "tables without a version"
            raise refusal(
                self.url, found, f"version {VERSION}", "Use the Ferrolan that made them.", code="other_version"
            )

    def _known(self, link: Wire) -> dict[str, tuple[int, str]]:
        rows = link.execute(f"select name, number, unit from {self.schema}.registered").fetchall()
        return {str(name): (int(str(number)), str(unit)) for name, number, unit in rows}

    def _make_partitions(
        self, link: Wire, table: str, rows: pl.DataFrame
    ) -> None:  # each day by itself: a thousand new tables in one transaction would exceed the server's locks
        for day in rows["time"].dt.truncate("1d").unique().sort():
            name = f"{table}_{day:%Y%m%d}"
            if name in self._days or not _FIRST_DAY <= day < _LAST_DAY:
                continue
            link.execute(
                f"create table if not exists {self.schema}.{name} partition of {self.schema}.{table} "
                f"for values from ('{day:%Y-%m-%d} 00:00+00') to ('{day + _DAY:%Y-%m-%d} 00:00+00')"
            )
            self._days.add(name)

    def _partitions(self, link: Wire) -> list[tuple[str, datetime]]:
        names = [str(row[0]) for row in link.execute(PARTITIONS, (self.schema,))]
        dated = [name for name in names if name.rpartition("_")[2].isdecimal()]
        return [(name, datetime.strptime(name.rpartition("_")[2], "%Y%m%d").replace(tzinfo=UTC)) for name in dated]

    def _move(self, link: Wire, position: Position) -> bool:
        """Move the position of a spool forward; False where it stands there already."""
        moved = link.execute(
            f"insert into {self.schema}.positions as held values (%s, %s) on conflict (spool) "
            "do update set batch = excluded.batch where held.batch < excluded.batch",
            (position.spool, position.batch),
        )
        return moved.rowcount == 1

    def _copy(self, link: Wire, rows: pl.DataFrame) -> None:
        if rows.is_empty():
            return
        names = ", ".join(SAMPLES.columns)
        with link.cursor().copy(f"copy {self.schema}.samples ({names}) from stdin (format binary)") as copy:
            for part in packed(rows):
                copy.write(part)

    def _copy_texts(self, link: Wire, rows: pl.DataFrame) -> None:
        """Append texts; the null character, which PostgreSQL keeps in no text, becomes the one for the unreadable."""
        if rows.is_empty():
            return
        names = ", ".join(SAMPLES_TEXT.columns)
        kept = rows.with_columns(pl.col("text").str.replace_all("\x00", "\ufffd", literal=True))
        with link.cursor().copy(f"copy {self.schema}.texts ({names}) from stdin") as copy:
            for row in kept.iter_rows():
                copy.write_row(row)

    def _faults(self, link: Wire) -> Iterator[Fault]:
        for setting in ("fsync", "full_page_writes", "synchronous_commit"):
            value = link.execute("select current_setting(%s)", (setting,)).fetchone()
            if value and value[0] == "off":
                yield self._fault(setting, "off", "on", "A power cut would lose rows: set it on.", "server_forgets")
        broken = link.execute(
            "select c.relname from pg_index i join pg_class c on c.oid = i.indexrelid "
            "join pg_namespace n on n.oid = c.relnamespace where n.nspname = %s and not i.indisvalid",
            (self.schema,),
        ).fetchall()
        for (name,) in broken:
            yield self._fault(str(name), "an index that is not valid", "a valid one", "REINDEX it.", "broken_index")
        for table in ("samples", "texts"):
            nameless = link.execute(
                f"select distinct tag from {self.schema}.{table} where tag not in "
                f"(select number from {self.schema}.registered) order by 1 limit 5"
            ).fetchall()
            for (tag,) in nameless:
                way_out = "It was stored without being registered: register the tags of that store."
                yield self._fault(f"{table}.tag", f"{tag}", "a registered tag", way_out, "nameless_rows")

    def _fault(self, path: str, found: str, expected: str, way_out: str, code: str) -> Fault:
        return Fault(self._address.label, 0, f"{self.schema}.{path}", found, expected, way_out, code)
