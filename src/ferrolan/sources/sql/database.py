"""The one door to databases that are read: a connection that can only select, and what they say as faults of ours.

A laboratory's MariaDB is asked in transactions it was told are ``READ ONLY``, each statement with a time-out; SQLite
files are opened with ``mode=ro``. ``describe`` lists what a database holds, for a person who maps tags.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import sqlalchemy as sa
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError

from ferrolan.base.encrypted import CHECKED, authorities, is_here, postgres_tls
from ferrolan.base.errors import SourceError, SurroundingsError
from ferrolan.base.extras import needs
from ferrolan.base.secrets import hidden
from ferrolan.sources.source import refusal

PATIENCE = 60.0
"""Longest time one statement may take on a server [s]."""

Connection = sa.Connection

_SHOWN = 160  # characters of what a database said
_WAIT = 3.0  # seconds to wait for a writer of a SQLite file: a commit takes less, an open editor more
_DRIVERS = {"postgresql": "postgresql+psycopg", "mysql": "mysql+pymysql", "mariadb": "mariadb+pymysql"}
_NUMBERS, _TIMES = (sa.Numeric, sa.Integer, sa.Float), (sa.DateTime, sa.Date)
_MYSQL = ("mysql", "mariadb")
_MYSQL_OPEN = "ssl_disabled"  # key of a URL by which a line to MariaDB is not encrypted
_MYSQL_ROLES: Mapping[str, Literal["time", "value", "key"]] = {
    **dict.fromkeys(("datetime", "timestamp", "date"), "time"),
    **dict.fromkeys(("decimal", "double", "float", "int", "bigint", "smallint", "mediumint", "tinyint"), "value"),
    **dict.fromkeys(("char", "varchar", "text", "enum"), "key"),
}
_RIGHTS = ("permission denied", "command denied", "not authorized")
_SLOW = (
    "statement timeout",
    "max_statement_time",
    "maximum statement execution time",
    "Query execution was interrupted",
)
_LOGIN = ("password authentication failed", "Access denied for user", "no pg_hba.conf entry", "no password supplied")
_GONE = (
    "onnection refused", "Can't connect", "server closed the connection", "Lost connection", "terminating connection",
    "connection failed", "Server has gone away", "is shutting down", "is starting up", "connection is lost",
    "onnection timed out", "timeout expired", "Connection was killed",
)  # fmt: skip
_SAID = (
    (_LOGIN, "a user who may log in", "Check user and password.", "database_login"),
    (_RIGHTS, "the right to select there", "Grant SELECT on it to this user.", "database_rights"),
    (
        _SLOW,
        "an answer in time",
        "Add an index on the columns of time and change, or read a smaller table.",
        "database_slow",
    ),
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
    (_GONE, "a server that can be reached", "Start it, or check host, port and network.", "database_gone"),
    (
        ("no such table", "no such column", "schema has changed", "does not exist", "doesn't exist", "Unknown column"),
        "a table that stays as it is",
        "It was changed while it was read: read it again.",
        "changed_database",
    ),
)
"""What a database says, what was expected instead, the way out, the code."""


@dataclass(frozen=True)
class Database:
    """A database that is read.

    Parameters
    ----------
    url
        SQLAlchemy URL, such as ``sqlite:///lims.sqlite`` or ``postgresql://reader@lims.works/assays``.
    password
        The text of the declared secret; never shown.
    patience
        Longest time one statement may take on a server [s].
    """

    url: str
    password: str = field(default="", repr=False)
    patience: float = PATIENCE

    @property
    def label(self) -> str:
        """Name as errors and tables show it: a file's path, or the URL without its password."""
        url = _url(self.url)
        if url.get_backend_name() == "sqlite":
            return url.database or self.url
        return url.render_as_string(hide_password=True)

    @property
    def insecure(self) -> bool:
        """Whether it is on another machine, and the line is not encrypted or the server not checked."""
        url = _url(self.url)
        if url.get_backend_name() == "sqlite" or is_here(_host(url)):
            return False
        if url.get_backend_name() == "postgresql":
            return url.query.get("sslmode", "verify-full") not in CHECKED
        return _MYSQL_OPEN in url.query


@dataclass(frozen=True)
class Column:
    """A column of a table: its name, its type as the database names it, and what a long table could use it for."""

    name: str
    type: str
    role: Literal["time", "value", "key", ""] = ""


@dataclass(frozen=True)
class Described:
    """A table or view of a database and its columns, in their order."""

    table: str
    columns: tuple[Column, ...]


def describe(database: Database) -> tuple[Described, ...]:
    """List the tables and views of a database, each column with the role it may have in a long table.

    Returns
    -------
    By name. A column of times may be the time, one of numbers the value, one of texts a key; of a whole number nobody
    can tell, so it has no role where it is named like a serial number.

    Raises
    ------
    SourceError, SurroundingsError
        As ``connection``.
    """
    with connection(database, "") as link:
        return tuple(Described(name, tuple(_described(link, name))) for name in tables_of(link))


@contextmanager
def connection(database: Database, path: str) -> Iterator[Connection]:
    """A connection that reads; foreign errors come out as ours, and the transaction is rolled back.

    Parameters
    ----------
    database
        Which one.
    path
        Table or field a fault names.

    Raises
    ------
    SourceError
        If the database cannot be reached or refuses.
    SurroundingsError
        If its driver is not installed.
    """
    engine = _engine(database)
    try:
        with engine.connect().execution_options(postgresql_readonly=True) as link:
            yield link
            link.rollback()
    except DBAPIError as error:
        raise _refused(database, path, str(error.orig)) from error
    finally:
        engine.dispose()


def columns_of(link: Connection, table: str) -> list[str] | None:
    """Names of a table's columns; None where there is no such table, or the user may see none of it."""
    if link.dialect.name in _MYSQL:
        return [column.name for column in _seen(link, table)] or None
    inspector = sa.inspect(link)
    return [column["name"] for column in inspector.get_columns(table)] if inspector.has_table(table) else None


def tables_of(link: Connection) -> list[str]:
    """Names of the tables and views."""
    inspector = sa.inspect(link)
    return sorted({*inspector.get_table_names(), *inspector.get_view_names()})


def _url(text: str) -> sa.URL:
    try:
        return sa.make_url(text)
    except ArgumentError as error:
        raise refusal(
            "url", 0, "", "no database URL", "a URL such as sqlite:///lims.sqlite", "Correct the URL.", "bad_url"
        ) from error


def _host(url: sa.URL) -> str | None:
    """The host that is meant, which may stand among the parameters."""
    named = url.host or url.query.get("host") or url.query.get("unix_socket")
    return named if isinstance(named, str) or named is None else next((one for one in named if not is_here(one)), "")


def _refused(database: Database, path: str, said: str) -> SourceError:
    """What a database said instead of answering, as a fault with its way out."""
    text = hidden(said, [database.password])[:_SHOWN]
    shown = "".join(mark if mark.isprintable() and mark != "\ufffd" else "?" for mark in text)
    for texts, expected, way_out, code in _SAID:
        if any(text in said for text in texts):
            return refusal(database.label, 0, path, f'"{shown}"', expected, way_out, code)
    expected, way_out = "a database that can be read", "Check the database and the rights of its user."
    return refusal(database.label, 0, path, f'"{shown}"', expected, way_out, "database_error")


def _engine(database: Database) -> sa.Engine:
    url = _url(database.url)
    backend = url.get_backend_name()
    try:
        if backend == "sqlite":
            return sa.create_engine("sqlite://", creator=_read_only(url, database.label), poolclass=sa.NullPool)
        if backend not in _DRIVERS:
            return sa.create_engine(_with_password(url, database), poolclass=sa.NullPool)
        with needs("connect"):  # by our driver whichever is named: the session has to be one that only reads
            return _server(url.set(drivername=_DRIVERS[backend]), database)
    except (NoSuchModuleError, ModuleNotFoundError) as error:
        raise SurroundingsError(f"{database.label}: {error}. Install the driver of that database.") from error


def _with_password(url: sa.URL, database: Database) -> sa.URL:
    return url.set(password=database.password) if database.password else url


def _server(url: sa.URL, database: Database) -> sa.Engine:
    """An engine whose sessions are read-only and whose statements end in time."""
    arguments, made = _arguments(url, database.patience)
    url = url.difference_update_query([_MYSQL_OPEN])
    engine = sa.create_engine(_with_password(url, database), poolclass=sa.NullPool, connect_args=dict(arguments))
    if made is not None:
        sa.event.listen(engine, "connect", made)
    return engine


def _arguments(
    url: sa.URL, patience: float
) -> tuple[Mapping[str, Any], Callable[..., None] | None]:  # Any: what a driver takes
    if url.get_backend_name() == "postgresql":
        limits = f"-c statement_timeout={round(patience * 1000)} -c default_transaction_read_only=on -c timezone=UTC"
        return {
            "connect_timeout": 10, "options": limits, "application_name": "ferrolan", "keepalives_idle": 30,
            "keepalives_interval": 10, "keepalives_count": 3, **postgres_tls(_host(url), url.query),
        }, None  # fmt: skip

    def limited(link: Any, _: object) -> None:  # Any: a PyMySQL connection
        with suppress(Exception), link.cursor() as cursor:  # the name of the limit differs between the two servers
            cursor.execute(f"SET SESSION max_statement_time = {patience:.3f}")
            return
        with suppress(Exception), link.cursor() as cursor:
            cursor.execute(f"SET SESSION max_execution_time = {round(patience * 1000)}")

    return {
        "connect_timeout": 10, "read_timeout": round(patience) + 10,
        "init_command": "SET SESSION TRANSACTION READ ONLY", **_mysql_tls(url),
    }, limited  # fmt: skip


def _mysql_tls(url: sa.URL) -> Mapping[str, Any]:  # Any: what the driver takes
    """Encrypted, the certificate and the name of a server elsewhere checked, unless the URL says another thing."""
    if is_here(_host(url)) or _MYSQL_OPEN in url.query:
        return {}
    said = {name: url.query[name] for name in ("ssl_ca", "ssl_cert", "ssl_key") if name in url.query}
    pair = {"ssl_cert": "cert", "ssl_key": "key"}
    made = {pair[name]: text for name, text in said.items() if name in pair}
    return {"ssl": {"ca": said.get("ssl_ca") or authorities(), "check_hostname": True, "verify_mode": True, **made}}


def _read_only(url: sa.URL, label: str) -> Callable[[], sqlite3.Connection]:
    path = Path(url.database or "")
    if not path.is_file():
        raise refusal(label, 0, "", "no such file", "an SQLite database", "Check the path.", "missing_file")
    return lambda: sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True, timeout=_WAIT)


def _described(link: Connection, table: str) -> list[Column]:
    if link.dialect.name in _MYSQL:
        return _seen(link, table)
    return [_column(column) for column in sa.inspect(link).get_columns(table)]


def _seen(link: Connection, table: str) -> list[Column]:
    """Columns as the catalogue of MariaDB shows them to a user who may select and no more, of views too."""
    statement = sa.text(
        "select column_name, data_type, column_key from information_schema.columns "
        "where table_schema = database() and table_name = :name order by ordinal_position"
    )
    return [
        Column(str(name), str(kind), "" if key == "PRI" else _MYSQL_ROLES.get(str(kind), ""))
        for name, kind, key in link.execute(statement, {"name": table})
    ]


def _column(column: Mapping[str, Any]) -> Column:  # Any: what SQLAlchemy reflects
    kind = column["type"]
    role: Literal["time", "value", "key", ""] = ""
    if isinstance(kind, _TIMES):
        role = "time"
    elif isinstance(kind, _NUMBERS):
        serial = isinstance(kind, sa.Integer) and (
            column["name"].lower().endswith("id") or column.get("autoincrement") is True
        )
        role = "" if serial else "value"
    elif isinstance(kind, sa.String):
        role = "key"
    return Column(str(column["name"]), str(kind), role)
