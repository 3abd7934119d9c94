"""The hot part of an archive: what arrived and is not sealed yet, in order of arrival, in one DuckDB file.

Two days of a works with two thousand tags, and whatever came late for the days before. Rows, the numbers of the tags
and the positions of the spools stand in one file, so that they are stored in one transaction.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

import polars as pl

from ferrolan.base.tables import SAMPLES, SAMPLES_TEXT, Table
from ferrolan.historian.embedded.days import bounds
from ferrolan.historian.seam import Position
from ferrolan.historian.store import Historian, Snapshot

_ASKED = "tag in (select unnest($tags::integer[]))"
_ONE = """
select * from {table} where {asked} and {where}
qualify row_number() over (partition by tag order by time {way}, seq desc, source, status, value, raw) = 1
"""
_DAYS = """
select day, sum(rows)::bigint as rows from (
    select time::date as day, count(*) as rows from samples group by all
    union all select time::date, count(*) from samples_text group by all
) group by day order by day
"""
_FIRST = "select min(time) from (select min(time) as time from samples union all select min(time) from samples_text)"
_COUNTS = "select tag, count(*) as rows from {table} where time >= $start and time < $end group by tag order by tag"


@dataclass(frozen=True)
class Bunch:
    """Tags in a row, from ``first`` to ``last``."""

    first: int
    last: int


class Hot(Historian):
    """The hot file: a historian that can also be asked for all rows of a day, and emptied of them."""

    memory = "512MB"  # a collector runs for weeks beside other programs

    def __init__(self, path: Path | None = None) -> None:
        super().__init__(path)
        self._first = self._first_time()

    def append(
        self, samples: pl.DataFrame, texts: pl.DataFrame | None = None, *, position: Position | None = None
    ) -> int:
        """Append rows and the position of their spool in one transaction; returns the rows stored."""
        words = SAMPLES_TEXT.empty() if texts is None else SAMPLES_TEXT.check(texts)
        times = [frame["time"].min() for frame in (SAMPLES.check(samples), words)]
        with self._lock:  # before the rows can be seen: whoever looks at it misses none
            self._first = min([time for time in (self._first, *times) if isinstance(time, datetime)], default=None)
            return super().append(samples, words, position=position)

    def settle(self) -> None:
        """Bring everything into the file itself, and find out where the rows that are left begin."""
        with self._lock:
            super().settle()
            self._first = self._first_time()

    def raw(self, tags: Iterable[int], start: datetime, end: datetime, table: Table = SAMPLES) -> pl.DataFrame:
        """All rows of the tags in ``[start, end)`` as they arrived: winners, losers and withdrawn ones."""
        if self._first is None or self._first >= end:
            return table.empty()
        select = f"select * from {table.name} where {_ASKED} and time >= $start and time < $end"
        return self._select(select, table, tags=list(tags), start=start, end=end)

    def latest(self, tags: Iterable[int], start: datetime | None, instant: datetime) -> pl.DataFrame:
        """The winner of each tag's last time in ``[start, instant]``, withdrawn ones among them."""
        if self._first is None or self._first > instant:
            return SAMPLES.empty()
        where = "time <= $instant" + ("" if start is None else " and time >= $start")
        given = {"instant": instant} if start is None else {"instant": instant, "start": start}
        select = _ONE.format(table="samples", asked=_ASKED, where=where, way="desc")
        return self._select(select, SAMPLES, tags=list(tags), **given).sort("tag")

    def earliest(self, tags: Iterable[int], instant: datetime) -> pl.DataFrame:
        """The winner of each tag's first time at or after an instant, withdrawn ones among them."""
        if self._first is None:
            return SAMPLES.empty()
        select = _ONE.format(table="samples", asked=_ASKED, where="time >= $instant", way="asc")
        return self._select(select, SAMPLES, tags=list(tags), instant=instant).sort("tag")

    def days(self) -> dict[date, int]:
        """Number of rows by the UTC day of their time."""
        return {day: int(str(rows)) for day, rows in self._rows(_DAYS) if isinstance(day, date)}

    def tags(self) -> list[int]:
        """Numbers of the tags that have a hot row."""
        select = (
            "select distinct tag from (select tag from samples union all select tag from samples_text) order by tag"
        )
        return [int(str(tag)) for (tag,) in self._rows(select)]

    def restore(self, registered: pl.DataFrame) -> None:
        """Take the names of the tags from a copy."""
        self._put("registered", registered)

    def _first_time(self) -> datetime | None:
        """The earliest time of a row, or an earlier one; None where there is no row."""
        ((time,),) = self._rows(_FIRST)
        return time.replace(tzinfo=UTC) if isinstance(time, datetime) else None

    @contextmanager
    def taken(self, day: date) -> Iterator[Taken]:
        """What is there of a day now; what arrives meanwhile is not seen and not removed.

        Everything is asked and removed in one transaction of a connection of its own, whose snapshot stands still.
        """
        with closing(self._snapshot()) as snapshot:
            yield Taken(snapshot, day)


class Taken:
    """A day's rows as they stood at one moment."""

    def __init__(self, snapshot: Snapshot, day: date) -> None:
        self._snapshot = snapshot
        self._start, self._end = bounds(day)

    def counts(self, table: Table) -> dict[int, int]:
        """Number of rows by tag."""
        rows = self._snapshot.rows(_COUNTS.format(table=table.name), start=self._start, end=self._end)
        return {int(str(tag)): int(str(count)) for tag, count in rows}

    def rows(self, bunch: Bunch, table: Table = SAMPLES) -> pl.DataFrame:
        """All rows of a bunch of tags."""
        select = (
            f"select * from {table.name} where tag >= {bunch.first} and tag <= {bunch.last} "
            "and time >= $start and time < $end"
        )
        return self._snapshot.select(select, table, start=self._start, end=self._end)

    def remove(self) -> None:
        """Remove these rows, in one transaction."""
        deletes = [
            f"delete from {table.name} where time >= $start and time < $end" for table in (SAMPLES, SAMPLES_TEXT)
        ]
        self._snapshot.remove(deletes, start=self._start, end=self._end)
