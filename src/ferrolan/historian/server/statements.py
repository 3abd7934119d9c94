"""The statements of a historian on a database server, written once; what two servers say otherwise is a small table.

``samples`` holds every row that ever came. A belt scale's 08:15 value that is corrected the next day stands there
twice; ``row_number() over (partition by tag, time order by seq desc, ...)`` gives place 1 to the correction.
Rows with an equal ``seq`` are ordered by source, status and value, so the winner never depends on the order of arrival.

The last value before an instant is searched in windows that widen from a day to everything, so that a point in time
costs the partitions of a day and not of ten years, and only a tag that has been silent is searched further back.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Literal

import polars as pl

from ferrolan.base.status import RETRACTED
from ferrolan.base.tables import REGISTERED, SAMPLES, SAMPLES_TEXT, Table

EARLIEST, LATEST = datetime(1900, 1, 1, tzinfo=UTC), datetime(2299, 12, 31, tzinfo=UTC)
"""Moments a server is asked about: ClickHouse keeps no others, and no plant has any."""

VERSION = 1
"""Version of the tables on a server; a newer one is refused, not guessed at."""

Direction = Literal["asc", "desc"]

_WINDOWS = (1, 8, 64, 512)  # days to look back or ahead, before everything
_TIES = {"samples": "source, status, value, raw", "texts": "source, status, text"}
_RANKED = """
select {columns} from (
    select {columns}, row_number() over (partition by tag, time order by seq desc, {ties}) as place
    from {table} where tag in ({tags}) and {where}
) as ranked where place {place}
"""


@dataclass(frozen=True)
class Dialect:
    """What one server says otherwise than another; everything else is the same text for both.

    Parameters
    ----------
    name
        Name of the server in a sentence.
    instant
        A moment, with ``{}`` for the text of its UTC time.
    stored
        What is selected from, with ``{}`` for the table: ClickHouse must be told to leave out rows stored twice.
    nearest
        The nearest winner of each tag; with ``{columns}``, ``{winners}``, ``{table}``, ``{tags}``, ``{list}``,
        ``{where}``, ``{direction}``, ``{ties}`` and ``{retracted}``. PostgreSQL walks its index backwards tag by tag,
        ClickHouse takes one row a tag of the winners.
    """

    name: str
    instant: str
    stored: str
    nearest: str


POSTGRES = Dialect(
    name="PostgreSQL",
    instant="timestamptz '{}+00'",
    stored="{}",
    nearest="""
select {columns} from unnest(array[{list}]::integer[]) as wanted (number) cross join lateral (
    select * from (
        select distinct on (time) {columns} from {table} where tag = wanted.number and {where}
        order by time {direction}, seq desc, {ties}
    ) as won where status <> {retracted} order by time {direction} limit 1
) as found
""",
)
CLICKHOUSE = Dialect(
    name="ClickHouse",
    instant="toDateTime64('{}', 6, 'UTC')",
    stored="{} final",
    nearest="select {columns} from ({winners}) as won order by tag, time {direction} limit 1 by tag",
)


class Served(ABC):
    """What may be asked of a historian on a server: ``historian.seam.Reader``, the same for every server."""

    dialect: Dialect
    schema: str

    def registered(self) -> pl.DataFrame:
        """Every registered tag (schema REGISTERED), by number."""
        statement = f"select number, name, unit, stepped from {self._table('registered')} order by number"
        return REGISTERED.check(self._select(statement, REGISTERED))

    def query(self, tags: Iterable[int], start: datetime, end: datetime) -> pl.DataFrame:
        """Winning samples of the tags with a time in ``[start, end)``; withdrawn ones are left out."""
        return self._ranked("samples", tags, self._between(start, end))

    def superseded(self, tags: Iterable[int], start: datetime, end: datetime) -> pl.DataFrame:
        """Samples in ``[start, end)`` that lost against a later one of the same tag and time, for the audit."""
        losers = self._ranked("samples", tags, self._between(start, end), place="> 1")
        return losers.sort("tag", "time", "seq", "source", "status", "value", "raw")

    def at(self, tags: Iterable[int], instant: datetime) -> pl.DataFrame:
        """The last winning sample of each tag at or before an instant; a tag without one has no row."""
        return self._nearest(tags, self._back(instant, "<="), "desc")

    def before(self, tags: Iterable[int], instant: datetime) -> pl.DataFrame:
        """The last winning sample of each tag before an instant; a tag without one has no row."""
        return self._nearest(tags, self._back(instant, "<"), "desc")

    def since(self, tags: Iterable[int], instant: datetime) -> pl.DataFrame:
        """The first winning sample of each tag at or after an instant; a tag without one has no row."""
        return self._nearest(tags, self._ahead(instant), "asc")

    def texts(self, tags: Iterable[int], start: datetime, end: datetime) -> pl.DataFrame:
        """Winning texts (schema SAMPLES_TEXT) of the tags with a time in ``[start, end)``."""
        return self._ranked("texts", tags, self._between(start, end))

    def count(self) -> int:
        """Number of stored rows, texts among them, superseded and withdrawn ones included."""
        return sum(self._number(f"select count(*) from {self._table(table)}") for table in _TIES)

    @abstractmethod
    def _select(self, statement: str, schema: Table) -> pl.DataFrame:
        """Rows of a statement that selects the columns of a schema, in their order."""

    @abstractmethod
    def _number(self, statement: str) -> int:
        """The one number a statement selects."""

    def _table(self, name: str) -> str:
        return self.dialect.stored.format(f"{self.schema}.{name}")

    def _ranked(self, table: str, tags: Iterable[int], where: str, place: str = "") -> pl.DataFrame:
        schema = SAMPLES_TEXT if table == "texts" else SAMPLES
        wanted = _numbers(tags)
        if not wanted:
            return schema.empty()
        found = self._select(self._ranking(table, schema, wanted, where, place), schema)
        return schema.check(found.sort("tag", "time"))

    def _ranking(self, table: str, schema: Table, tags: Sequence[int], where: str, place: str = "") -> str:
        return _RANKED.format(
            columns=", ".join(schema.columns),
            ties=_TIES[table],
            table=self._table(table),
            tags=", ".join(map(str, tags)),
            where=where,
            place=place or f"= 1 and status <> {RETRACTED}",
        )

    def _nearest(self, tags: Iterable[int], windows: Iterable[str], direction: Direction) -> pl.DataFrame:
        left, found = _numbers(tags), [SAMPLES.empty()]
        for window in windows:
            if not left:
                break
            rows = self._select(self._nearest_statement(left, window, direction), SAMPLES)
            found.append(rows)
            left = sorted(set(left) - set(rows["tag"]))
        return SAMPLES.check(pl.concat(found).sort("tag"))

    def _nearest_statement(self, tags: Sequence[int], where: str, direction: Direction) -> str:
        listed = ", ".join(map(str, tags))
        return self.dialect.nearest.format(
            columns=", ".join(SAMPLES.columns),
            winners=self._ranking("samples", SAMPLES, tags, where),
            table=self._table("samples"),
            tags=listed,
            list=listed,
            where=where,
            direction=direction,
            ties=_TIES["samples"],
            retracted=RETRACTED,
        )

    def _back(self, instant: datetime, sign: Literal["<", "<="]) -> Iterator[str]:
        """Windows that end at an instant, each before the last one, the last of them open."""
        yield f"time {sign} {self._moment(instant)} and time > {self._moment(_shifted(instant, -_WINDOWS[0]))}"
        for days, further in pairwise(_WINDOWS):
            end, start = _shifted(instant, -days), _shifted(instant, -further)
            yield f"time <= {self._moment(end)} and time > {self._moment(start)}"
        yield f"time <= {self._moment(_shifted(instant, -_WINDOWS[-1]))}"

    def _ahead(self, instant: datetime) -> Iterator[str]:
        """Windows that begin at an instant, each after the last one, the last of them open."""
        for days, further in pairwise((0, *_WINDOWS)):
            yield self._between(_shifted(instant, days), _shifted(instant, further))
        yield f"time >= {self._moment(_shifted(instant, _WINDOWS[-1]))}"

    def _between(self, start: datetime, end: datetime) -> str:
        return f"time >= {self._moment(start)} and time < {self._moment(end)}"

    def _moment(self, instant: datetime) -> str:
        known = min(max(instant.astimezone(UTC), EARLIEST), LATEST).replace(tzinfo=None)
        return self.dialect.instant.format(known.isoformat(" ", "microseconds"))


def _numbers(tags: Iterable[int]) -> list[int]:
    """The tags as whole numbers in order, each once: they become part of a statement."""
    return sorted({int(tag) for tag in tags})


def _shifted(instant: datetime, days: int) -> datetime:
    """An instant some days off, held within the calendar."""
    try:
        return instant + timedelta(days=days)
    except OverflowError:
        return (datetime.max if days > 0 else datetime.min).replace(tzinfo=UTC)
