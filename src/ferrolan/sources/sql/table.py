"""The statements that read a long table: all of it in its order, or page by page behind a watermark.

``select order, time, value, keys... from assays where updated > :seen or (updated = :seen and id > :last) order by
updated, id limit 5000`` asks a laboratory for what changed since the last page; ten thousand rows that one import
stamped with the same second are then read page by page too.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa

from ferrolan.base.errors import Fault, SourceError
from ferrolan.sources.source import refusal
from ferrolan.sources.sql.database import PATIENCE, Connection, Database, columns_of, tables_of

_Column = sa.ColumnClause[Any]  # Any: whatever the database holds
Row = tuple[object, ...]
"""A row as the driver gave it: order or id, time, value, the keys; behind a watermark the column of change as well."""


@dataclass(frozen=True)
class SqlTable:
    """A long table, as declared.

    Parameters
    ----------
    url
        SQLAlchemy URL of the database, such as ``"sqlite:///lims.sqlite"``.
    table
        Table or view.
    time
        Column of the sample's time: a timestamp, or ISO text.
    keys
        Columns that together name the tag, in the order of the address.
    value
        Column of the number or text.
    time_zone
        IANA zone of times without an offset.
    order
        Column that gives the order of the rows, such as a serial number; it becomes ``seq``.
    password, patience
        As in ``Database``.
    """

    url: str
    table: str
    time: str
    keys: tuple[str, ...]
    value: str
    time_zone: str
    order: str
    password: str = field(default="", repr=False)
    patience: float = PATIENCE

    @property
    def database(self) -> Database:
        """Where it is."""
        return Database(self.url, self.password, self.patience)

    @property
    def label(self) -> str:
        """Name of the database as errors and tables show it."""
        return self.database.label


@dataclass(frozen=True)
class Mark:
    """A place in the order of change: that of a row; without ``id`` the place before all rows with that ``updated``."""

    updated: Any  # Any: a value of the declared column, as its driver gives it
    id: Any = None


def address(keys: Sequence[object]) -> str:
    """The address of a row: its keys joined by a slash."""
    return "/".join("" if key is None else str(key) for key in keys)


def all_rows(table: SqlTable, link: Connection) -> list[Row]:
    """Every row: order, time, value, keys; in the declared order."""
    columns = (table.order, table.time, table.value, *table.keys)
    statement = _select(table, columns).order_by(*map(_column, (table.order, *table.keys, table.time)))
    return [tuple(row) for row in link.execute(statement)]


def counted_addresses(table: SqlTable, link: Connection) -> list[tuple[str, int]]:
    """Every address and the number of its rows, sorted by address."""
    keys = [_column(name) for name in table.keys]
    found: dict[str, int] = {}
    for row in link.execute(sa.select(*keys, sa.func.count()).select_from(sa.table(table.table)).group_by(*keys)):
        name = address(tuple(row)[:-1])
        found[name] = found.get(name, 0) + int(row[-1])
    return sorted(found.items())


def page(
    table: SqlTable, updated: str, id: str, link: Connection, rows: int, mark: Mark | None, span: tuple[Any, Any] | None
) -> list[Row]:  # Any: values of the time column, as its driver gives them
    """The next rows behind a mark: id, time, value, keys, updated; in the order of change.

    Parameters
    ----------
    table, updated, id
        What is read, and the columns of the last change and of the row's own name.
    link
        Open connection.
    rows
        Most rows.
    mark
        Where the last page ended; None for the beginning.
    span
        First and last but one value of the time column; None for all.
    """
    changed, name = _column(updated), _column(id)
    statement = _select(table, (id, table.time, table.value, *table.keys, updated)).where(changed.is_not(None))
    if mark is not None:
        behind = changed >= mark.updated if mark.id is None else changed > mark.updated
        same = sa.false() if mark.id is None else sa.and_(changed == mark.updated, name > mark.id)
        statement = statement.where(sa.or_(behind, same))
    if span is not None:
        statement = statement.where(_column(table.time) >= span[0], _column(table.time) < span[1])
    return [tuple(row) for row in link.execute(statement.order_by(changed, name).limit(rows))]


def fingerprint(table: SqlTable, updated: str, id: str, link: Connection, span: tuple[Any, Any]) -> list[str]:
    """Number of rows with a time in a span, and the sum of what each of them hashes to, in whatever order.

    It differs when a row went away, came or was changed, though as many came as went and none of them is the last. A
    server sums in place; of any other database, which is a file beside us, the rows are read.
    """
    moment, columns = _column(table.time), (id, updated, table.time, table.value, *table.keys)
    rows = _select(table, columns).where(moment >= span[0], moment < span[1])
    hashed = _HASHES.get(link.dialect.name)
    if hashed is None:
        found = [_hash(tuple(row)) for row in link.execute(rows)]
        return [str(len(found)), str(sum(found))]
    total = sa.func.coalesce(sa.func.sum(hashed([_column(name) for name in columns])), 0)
    count, sum_of = link.execute(rows.with_only_columns(sa.func.count(), total)).one()
    return [str(count), str(sum_of)]


def one_time(table: SqlTable, link: Connection) -> object:
    """One value of the time column, which tells its type; None where there is none."""
    moment = _column(table.time)
    return link.execute(_select(table, (table.time,)).where(moment.is_not(None)).limit(1)).scalar()


def without_change(table: SqlTable, updated: str, link: Connection) -> int:
    """Number of rows that say no time of their last change, and are therefore never read behind a watermark."""
    statement = _select(table, ()).with_only_columns(sa.func.count()).where(_column(updated).is_(None))
    return int(link.execute(statement).scalar_one())


def check_columns(table: SqlTable, link: Connection, *more: tuple[str, str]) -> None:
    """Refuse a table that is not there, or a declared column that it does not have.

    Parameters
    ----------
    table
        As declared.
    link
        Open connection.
    more
        Further fields and the columns they name.

    Raises
    ------
    SourceError
        With one fault a missing column.
    """
    held = columns_of(link, table.table)
    if held is None:
        raise refusal(
            table.label, 0, "table", f"the tables {', '.join(tables_of(link)) or 'none'}", f'a table "{table.table}"',
            "Correct the name of the table.", "missing_table",
        )  # fmt: skip
    wanted = [("time", table.time), ("value", table.value), ("order", table.order)]
    wanted += [(f"keys.{number}", key) for number, key in enumerate(table.keys)]
    faults = [
        Fault(
            table.label, 0, f"{table.table}.{field}", f"the columns {', '.join(held)}", f'a column "{name}"',
            "Correct the name of the column.", "missing_column",
        )
        for field, name in (*wanted, *more)
        if name not in held
    ]  # fmt: skip
    if faults:
        raise SourceError(faults)


def _hash(row: Row) -> int:
    """A number of eight bytes that tells one row from another."""
    text = repr(row).encode("utf-8", "surrogatepass")
    return int.from_bytes(hashlib.blake2b(text, digest_size=8).digest())


def _postgresql_hash(columns: Sequence[_Column]) -> sa.ColumnElement[Any]:
    """The same on PostgreSQL; its hash wants one collation, whatever those of the columns are."""
    return sa.func.hashtextextended(sa.collate(sa.func.concat_ws("|", *columns), "C"), 0)


def _mysql_hash(columns: Sequence[_Column]) -> sa.ColumnElement[Any]:
    """The same on MariaDB, of 15 hexadecimal digits; as bytes, because texts of two collations cannot be joined."""
    text = sa.func.concat_ws("|", *(sa.cast(column, sa.LargeBinary) for column in columns))
    return sa.cast(sa.func.conv(sa.func.substr(sa.func.sha1(text), 1, 15), 16, 10), sa.Numeric(20))


_HASHES: Mapping[str, Callable[[Sequence[_Column]], sa.ColumnElement[Any]]] = {
    "postgresql": _postgresql_hash, "mysql": _mysql_hash, "mariadb": _mysql_hash,
}  # fmt: skip
"""How a server hashes a row, by the name of its dialect."""


def _column(name: str) -> _Column:
    return sa.column(name)


def _select(table: SqlTable, columns: Sequence[str]) -> sa.Select[Any]:  # Any: whatever the database holds
    return sa.select(*map(_column, columns)).select_from(sa.table(table.table))
