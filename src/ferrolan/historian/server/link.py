"""A connection to PostgreSQL that is made anew when it was lost, and the few of them that readers share.

The month of a belt scale takes a reader's connection eight seconds; the collector's batch goes in meanwhile over the
owner's. What the server says comes out as an error of ours, without secrets; a lost connection is said, and the next
call makes a new one.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from urllib.parse import parse_qs, urlsplit

import psycopg
from psycopg.conninfo import conninfo_to_dict

from ferrolan.base.encrypted import postgres_tls
from ferrolan.base.errors import FerrolanError
from ferrolan.base.secrets import hidden
from ferrolan.historian.server.refusals import refusal, said

Wire = psycopg.Connection[tuple[object, ...]]
"""An open connection."""

_SORTED = "64MB"  # memory of one sort: half a million rows, ten tags of a month at one a minute
_KEEPALIVE = {"keepalives_idle": 30, "keepalives_interval": 10, "keepalives_count": 3}


@dataclass(frozen=True)
class Address:
    """Where a server is, the password, and the longest time one statement may take [s].

    Raises
    ------
    SurroundingsError
        If the URL holds a password, or is none of PostgreSQL.
    """

    url: str
    password: str
    patience: float

    def __post_init__(self) -> None:
        parts = urlsplit(self.url)
        if parts.password or "password" in parse_qs(parts.query):
            raise refusal(
                "url", "a URL with a password", "a URL without one",
                "Write the password as a secret of its own: password: {env: NAME}.", code="password_in_url",
            )  # fmt: skip
        if parts.scheme not in ("postgresql", "postgres"):
            raise refusal(
                "url", f'"{hidden(self.url)[:60]}"', "postgresql://user@host/database", "Correct the URL.",
                code="bad_url",
            )  # fmt: skip

    @property
    def label(self) -> str:
        """The URL as a person may see it."""
        return hidden(self.url, [self.password])

    def connect(self, *, write: bool) -> Wire:
        """A new connection."""
        return psycopg.connect(
            self.url, autocommit=True, connect_timeout=10, application_name="ferrolan", prepare_threshold=None,
            cursor_factory=psycopg.ClientCursor, options=self._options(write=write), **_KEEPALIVE,  # type: ignore[arg-type]
            **({"password": self.password} if self.password else {}),  # type: ignore[arg-type]
            **_tls(self.url),  # type: ignore[arg-type]
        )  # fmt: skip

    def translated(self, error: psycopg.Error, *, away: bool) -> FerrolanError:
        """What the server said, as an error of ours, without secrets."""
        text = hidden(str(error).partition("\n")[0], [self.password]).strip()
        away = away or isinstance(error, psycopg.OperationalError)
        code, expected, way_out = said(error.sqlstate or "", text, away=away)
        return refusal(self.label, f'"{text}"', expected, way_out, code)

    def _options(self, *, write: bool) -> str:
        limit = round(self.patience * 1000)
        only = "off" if write else "on"
        return (
            f"-c statement_timeout={limit} -c lock_timeout={min(limit, 10_000)} -c timezone=UTC "
            f"-c default_transaction_read_only={only} -c work_mem={_SORTED} -c jit=off"
        )


class Link:
    """One connection, used by one thread at a time.

    Parameters
    ----------
    address
        Where the server is.
    write
        Whether it may write.
    greet
        What is done first with every new connection.
    """

    def __init__(self, address: Address, greet: Callable[[Wire], None], *, write: bool) -> None:
        self._address, self._greet, self._write = address, greet, write
        self._lock = threading.RLock()
        self._wire: Wire | None = None
        self._closed = False

    @property
    def lost(self) -> bool:
        """Whether there is no connection, or no longer."""
        return self._wire is None or self._wire.broken or self._wire.closed

    @contextmanager
    def session(self) -> Iterator[Wire]:
        """The connection, made anew where the last one was lost; what the server says comes out as ours."""
        with self._lock:
            try:
                yield self._connected()
            except psycopg.Error as error:
                away = self.lost
                if away:
                    self.forget()
                raise self._address.translated(error, away=away) from error

    def forget(self) -> None:
        """Close the connection; the next session makes a new one."""
        wire, self._wire = self._wire, None
        if wire is not None:
            with suppress(psycopg.Error):
                wire.close()

    def close(self) -> None:
        """Close it for good, when what is done over it is done."""
        with self._lock:
            self._closed = True
            self.forget()

    def _connected(self) -> Wire:
        if self._closed:
            raise closed(self._address)
        if self._wire is None:
            self._wire = self._address.connect(write=self._write)
            try:
                self._greet(self._wire)
            except BaseException:
                self.forget()
                raise
        return self._wire


class Readers:
    """Connections that read, as many at a time as are needed, at most ``most``; whoever comes then waits.

    Parameters
    ----------
    address
        Where the server is.
    greet
        What is done first with every new connection.
    most
        Connections at most.
    """

    def __init__(self, address: Address, greet: Callable[[Wire], None], most: int) -> None:
        self._address, self._greet = address, greet
        self._free = threading.BoundedSemaphore(most)
        self._listing = threading.Lock()
        self._idle: list[Link] = []
        self._closed = False

    @contextmanager
    def session(self) -> Iterator[Wire]:
        """A connection that nobody else uses meanwhile."""
        with self._free:
            link = self._taken()
            try:
                with link.session() as wire:
                    yield wire
            finally:
                self._give_back(link)

    def close(self) -> None:
        """Close those that are not in use; the others when they are given back."""
        with self._listing:
            self._closed = True
            idle, self._idle = self._idle, []
        for link in idle:
            link.close()

    def _taken(self) -> Link:
        with self._listing:
            if self._closed:
                raise closed(self._address)
            return self._idle.pop() if self._idle else Link(self._address, self._greet, write=False)

    def _give_back(self, link: Link) -> None:
        """Keep it for the next; where it was lost the others are not trusted either."""
        with self._listing:
            gone = [link, *self._idle] if link.lost else [link] if self._closed else []
            self._idle = [] if gone else [*self._idle, link]
        for one in gone:
            one.close()


def closed(address: Address) -> FerrolanError:
    """What is said to whoever asks a historian that was closed."""
    return refusal(address.label, "a closed historian", "an open one", "Open it again.", code="closed_historian")


def _tls(url: str) -> Mapping[str, str]:
    """Encrypted and checked where the server is on another machine and the URL says nothing of it."""
    stated = conninfo_to_dict(url)
    return postgres_tls(str(stated.get("host") or ""), stated)
