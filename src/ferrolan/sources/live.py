"""The contract of a live connection: what every connector offers, and what it is offered. There is no verb that writes.

The OPC UA server of a blast furnace is connected to, its tags are subscribed, and every value that arrives is handed to
a *sink*. ``keep`` returns when the rows are on the disk, and only then does a connector acknowledge them to its source.
A link that breaks at 08:14 gives each tag a row without a value from there on; what the server's own history holds of
the gap is fetched when it returns, newest first, and the gap is withdrawn.

A connector runs until it is cancelled and survives whatever its peer does: it tries again, with growing pauses, and
says so in its health. It raises only what a person must mend, such as an address that cannot be one.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Literal, Protocol, TypeAlias

import polars as pl

from ferrolan.base.schema import Model
from ferrolan.base.status import RETRACTED, StatusCode
from ferrolan.base.tables import TIME
from ferrolan.sources.source import Discovery, TagAddress

Json: TypeAlias = "None | bool | int | float | str | list[Json] | dict[str, Json]"

Columns: TypeAlias = dict[str, pl.DataType | type[pl.DataType]]

GATHERED: Columns = {"tag": pl.Int32, "time": TIME, "value": pl.Float64, "status": pl.Int64}
"""Columns of the samples a connector hands over, in the unit at the source; ``seq`` and ``source`` come with the spool.

The rows of one hand-over are in order of arrival: of two with one tag and time the later one counts.
"""

GATHERED_TEXT: Columns = {"tag": pl.Int32, "time": TIME, "text": pl.String, "status": pl.Int64}
"""Columns of the texts and classes a connector hands over."""

LinkState = Literal["starting", "connected", "waiting", "lost", "stopped"]
"""How a link stands: ``waiting`` before the next try, ``lost`` when it broke and has not been tried again."""


class Sink(Protocol):
    """Where a connector puts what it received: durable, in order, bounded."""

    @property
    def state(self) -> Mapping[str, Json]:
        """What the connector kept with its last durable rows, such as a watermark; empty at the very first start."""
        ...

    async def keep(
        self,
        samples: pl.DataFrame | None = None,
        texts: pl.DataFrame | None = None,
        *,
        state: Mapping[str, Json] | None = None,
    ) -> None:
        """Keep rows and, in the same write, the connector's state; returns when both are on the disk.

        Parameters
        ----------
        samples, texts
            Rows with the columns ``GATHERED`` and ``GATHERED_TEXT``.
        state
            The whole new state, in place of the last one; None keeps that.

        Notes
        -----
        It waits while the disk is full: a connector that waits here does not acknowledge, so its source queues.
        """
        ...

    async def reject(self, rows: pl.DataFrame) -> None:
        """Keep rows that could not be taken, with line and reason (REJECTED), for a person to look at.

        It is of files and tables: their rows have a line that can be pointed at.
        """
        ...


class Clock(Protocol):
    """The clock a connector goes by; tests simulate an hour in a second."""

    def now(self) -> int:
        """UTC since 1970 [us]."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Wait [s]."""
        ...


class SystemClock:
    """The machine's own clock."""

    def now(self) -> int:
        """UTC since 1970 [us]."""
        return time.time_ns() // 1_000

    async def sleep(self, seconds: float) -> None:
        """Wait [s]."""
        await asyncio.sleep(seconds)


@dataclass
class Health:
    """How a connection is; the connector keeps it up to date, the collector shows it.

    ``received`` counts rows handed to the sink, ``duplicate`` rows the source sent again, ``late`` rows older than the
    newest of their tag, ``rejected`` what could not be taken, ``dropped`` what the source said it lost (a queue that
    ran over). ``proven`` is the last moment the peer proved to be alive [us since 1970], ``faults`` names each tag that
    cannot be had, with the reason; ``said`` is the last thing that went wrong, in words without secrets.
    """

    state: LinkState = "starting"
    since: int = 0
    proven: int = 0
    said: str = ""
    received: int = 0
    duplicate: int = 0
    late: int = 0
    rejected: int = 0
    dropped: int = 0
    reconnects: int = 0
    backfilled: int = 0
    gaps: int = 0
    faults: dict[str, str] = field(default_factory=dict)
    figures: dict[str, float] = field(default_factory=dict)
    """Further counters of one kind of connector, by name, such as ``rebirths``."""

    def turn(self, state: LinkState, now: int, said: str = "") -> None:
        """Note that the link stands otherwise since ``now`` [us]."""
        if state != self.state:
            self.state, self.since = state, now
        self.said = said or self.said


class Connector(Protocol):
    """One connection to one peer; read-only by construction."""

    @property
    def health(self) -> Health:
        """How the connection is now."""
        ...

    async def discover(self) -> Discovery:
        """List what the peer holds, for a person who maps tags.

        Raises
        ------
        SourceError
            If the peer cannot be reached or refuses: what, where, found, expected, way out.
        """
        ...

    async def stream(self, tags: Sequence[TagAddress], sink: Sink) -> None:
        """Hand everything that arrives of the tags to the sink, until cancelled."""
        ...

    def history(self, tags: Sequence[TagAddress], start: datetime, end: datetime) -> AsyncIterator[pl.DataFrame]:
        """Samples (``GATHERED``) of ``[start, end)`` that the peer itself keeps, in bounded pages; or none."""
        ...


@dataclass(frozen=True)
class Place:
    """Where a connection is made from: its name and number, the folder relative paths count from, the zone, the clock.

    ``trust`` is the folder of certificates (own, trusted, issuers, rejected, crl), ``secret`` gives the text of a
    declared secret by its field's value.
    """

    name: str
    folder: Path
    time_zone: str = "UTC"
    trust: Path = Path("pki")
    clock: Clock = field(default_factory=SystemClock)


@dataclass(frozen=True)
class ConnectorKind:
    """A kind of live connection: one line of the catalogue.

    Parameters
    ----------
    name
        The ``kind`` a document names.
    title
        Name in a sentence.
    address
        What an address of the tag map is for this kind, with an example.
    spec
        Model of the source's entry in the document: a ``Model`` with ``kind: Literal[<name>]``.
    connect
        Makes the connector of a spec; the library it needs is loaded here and not before.
    """

    name: str
    title: str
    address: str
    spec: type[Model]
    connect: Callable[[Any, Place], Connector]  # Any: an instance of this kind's own spec


def gathered(
    tags: Sequence[int], times: Sequence[int], values: Sequence[float | None], statuses: Sequence[int]
) -> pl.DataFrame:
    """Rows of samples from columns: tag numbers, times [us since 1970], values in the unit at the source, statuses.

    Examples
    --------
    >>> gathered([7], [1_774_000_000_000_000], [1187.0], [0]).row(0)[2]
    1187.0
    """
    return pl.DataFrame(
        {
            "tag": pl.Series(tags, dtype=pl.Int32),
            "time": pl.Series(times, dtype=pl.Int64).cast(TIME),
            "value": pl.Series(values, dtype=pl.Float64),
            "status": pl.Series(statuses, dtype=pl.Int64),
        }
    )


def gathered_texts(
    tags: Sequence[int], times: Sequence[int], texts: Sequence[str | None], statuses: Sequence[int]
) -> pl.DataFrame:
    """Rows of texts from columns, as ``gathered``; half a character, which no file holds, becomes a question mark."""
    held = [None if text is None else text.encode(errors="replace").decode() for text in texts]
    return pl.DataFrame(
        {
            "tag": pl.Series(tags, dtype=pl.Int32),
            "time": pl.Series(times, dtype=pl.Int64).cast(TIME),
            "text": pl.Series(held, dtype=pl.String),
            "status": pl.Series(statuses, dtype=pl.Int64),
        }
    )


def gap(tags: Sequence[int], since: int, status: int = StatusCode.BAD_NO_COMMUNICATION) -> pl.DataFrame:
    """One row a tag that says that from ``since`` [us] on nothing is known of it."""
    return gathered(tags, [since] * len(tags), [None] * len(tags), [int(status)] * len(tags))


def retraction(tags: Sequence[int], since: int) -> pl.DataFrame:
    """The rows that withdraw a ``gap``: the same keys with the mark ``RETRACTED``; they come later, so they win."""
    return gap(tags, since, RETRACTED)
