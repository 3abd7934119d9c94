"""A long table that is asked again and again for what changed: the laboratory's results as they are released.

Every minute the rows behind the watermark are read, page by page in the order of their last change, beginning an
overlap before it because a commit becomes visible after its stamp. A corrected result comes as a later row. Every ten
minutes the days of the last week are counted and their rows hashed; a day that is not as it was is read again: what is
gone is withdrawn, what was missed is handed over.

An outage of the database loses nothing, for the table keeps its rows: no gap rows are made, the poll goes on behind its
watermark.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl

from ferrolan.base.errors import SourceError, SurroundingsError
from ferrolan.base.status import RETRACTED
from ferrolan.base.tables import TIME
from ferrolan.sources.clock import check_zone
from ferrolan.sources.live import GATHERED, GATHERED_TEXT, Health, Place, Sink, gathered_texts, retraction
from ferrolan.sources.source import Discovery, TagAddress, refusal
from ferrolan.sources.sql.database import connection
from ferrolan.sources.sql.reading import SqlSource
from ferrolan.sources.sql.rows import instants, moment_of, refused, understood
from ferrolan.sources.sql.table import (
    Mark,
    Row,
    SqlTable,
    address,
    check_columns,
    fingerprint,
    one_time,
    page,
    without_change,
)
from ferrolan.sources.sql.watermark import DAY, RECENT, Key, Memory, digest, earlier, written

_LONGEST_PAUSE = 60.0  # seconds between two tries at a database that is away, unless it is asked less often anyway


@dataclass(frozen=True)
class Polling:
    """How a table is polled.

    Parameters
    ----------
    updated
        Column of the last change of a row: a timestamp, or ISO text.
    id
        Column that names a row; it decides between rows with one last change.
    every
        Time from poll to poll [s].
    overlap
        How long after its stamp a commit may become visible [s].
    page
        Most rows of one select.
    compare
        Time from one comparison of the days to the next [s].
    watch
        Days before now whose rows are compared.
    """

    updated: str
    id: str
    every: float = 60.0
    overlap: float = 600.0
    page: int = 5000
    compare: float = 600.0
    watch: int = 7


class SqlConnector:
    """A polled table as a live connection; see ``sources.live.Connector``."""

    def __init__(self, table: SqlTable, polling: Polling, place: Place) -> None:
        self.table, self.polling, self.place = table, polling, place
        self.health = Health()
        self.health.figures["insecure"] = float(table.database.insecure)
        self._memory = Memory()
        self._compared: int | None = None
        self._newest: dict[int, int] = {}
        self._overlap: Mark | None = None  # the end of what this poll reads again
        self._anew: set[tuple[object, ...]] = set()  # times and keys of the rows of it that are handed over

    async def discover(self) -> Discovery:
        """List the key combinations of the table, each with the number of its rows.

        Raises
        ------
        SourceError
            If the database cannot be reached or refuses.
        """
        return await asyncio.to_thread(SqlSource(self.table, 0, self.place.name).discover)

    async def stream(self, tags: Sequence[TagAddress], sink: Sink) -> None:
        """Hand over what changed, poll after poll, until cancelled."""
        check_zone(self.table.time_zone, self.table.label)
        self._memory = Memory.restored(sink.state)
        self.health.figures["expected_life"] = 3 * self.polling.every + 2 * self.table.patience
        failures = 0
        while True:
            try:
                await self.poll(tags, sink)
                failures = 0
            except (SourceError, SurroundingsError) as error:
                failures += 1
                self._missed(str(error), failures)
            await self.place.clock.sleep(self._pause(failures))

    async def poll(self, tags: Sequence[TagAddress], sink: Sink) -> None:
        """Ask once for what changed and, when it is time, compare the days.

        Raises
        ------
        SourceError, SurroundingsError
            If the database cannot be reached or refuses; what was handed over before stays.
        """
        mark = self._beginning()
        self._overlap, self._anew = self._memory.mark, set()
        while True:
            rows = await asyncio.to_thread(self._page, mark)
            self._alive()
            await self._take(rows, tags, sink)
            if len(rows) < self.polling.page:
                break
            mark = Mark(rows[-1][-1], rows[-1][0])
        now = self.place.clock.now()
        if self._compared is None or now - self._compared >= self.polling.compare * 1e6:
            await self._compare(tags, sink)
            self._compared = now

    async def history(self, tags: Sequence[TagAddress], start: datetime, end: datetime) -> AsyncIterator[pl.DataFrame]:
        """Samples (``GATHERED``) of ``[start, end)`` in the table, page by page in the order of their last change."""
        span = await asyncio.to_thread(self._span, start, end)
        async for rows in self._pages(span):
            frame = self._understood(rows, tags).drop_nulls("time")
            inside = frame.filter(pl.col("time") >= start, pl.col("time") < end)
            yield _split(inside, tags)[0]

    async def _pages(self, span: tuple[Any, Any] | None) -> AsyncIterator[list[Row]]:  # Any: values of the time column
        if span is None:
            return
        mark: Mark | None = None
        while True:
            rows = await asyncio.to_thread(self._page, mark, span)
            yield rows
            if len(rows) < self.polling.page:
                return
            mark = Mark(rows[-1][-1], rows[-1][0])

    def _beginning(self) -> Mark | None:
        """Where a poll begins: an overlap before the watermark."""
        if self._memory.mark is None:
            return None
        return Mark(earlier(self._memory.mark.updated, timedelta(seconds=self.polling.overlap)))

    def _page(self, mark: Mark | None, span: tuple[Any, Any] | None = None) -> list[Row]:  # Any: as ``_pages``
        with connection(self.table.database, self.table.table) as link:
            if mark is None or mark.id is None:
                check_columns(self.table, link, ("updated", self.polling.updated), ("id", self.polling.id))
                unstamped = without_change(self.table, self.polling.updated, link)
                self.health.figures["rows_without_change_time"] = unstamped
            return page(self.table, self.polling.updated, self.polling.id, link, self.polling.page, mark, span)

    async def _take(self, rows: Sequence[Row], tags: Sequence[TagAddress], sink: Sink) -> None:
        """Hand over the rows that were not handed over lately, with the watermark behind them."""
        if not rows:
            return
        self._check_stamps(rows[-1][-1])
        new = [row for row in rows if self._is_news(row)]
        wanted = {tag.address for tag in tags}
        self.health.duplicate += sum(address(row[3:-1]) in wanted for row in rows) - sum(
            address(row[3:-1]) in wanted for row in new
        )
        moved = self._moved(rows)
        if new or moved:
            await self._hand_over(self._understood(new, tags), tags, sink)

    def _is_news(self, row: Row) -> bool:
        """Whether a row is handed over: it was not lately, or follows at its own time one that is: the later counts."""
        key = (row[1], *row[3:-1])
        new = self._memory.is_new(row) or key in self._anew or len(self._anew) > RECENT
        if new and self._overlap is not None:
            self._anew.add(key)
        if self._overlap == Mark(row[-1], row[0]):
            self._overlap, self._anew = None, set()
        return new

    def _check_stamps(self, stamp: object) -> None:
        if moment_of(stamp) is None:
            raise refusal(
                self.table.label, 0, f"{self.table.table}.{self.polling.updated}", f'"{stamp}"'[:60],
                "the time of the last change", "Declare a column of times, or of ISO texts, as updated.",
                "wrong_time_format",
            )  # fmt: skip

    def _moved(self, rows: Sequence[Row]) -> bool:
        """Move the watermark to the last row that is not stamped in the future: a wrong clock must not run ahead."""
        times, _ = instants([row[-1] for row in rows], self.table.time_zone)
        stamps = times.dt.timestamp("us").to_list()
        now = self.place.clock.now()
        for row, stamp in zip(reversed(rows), reversed(stamps), strict=True):
            if stamp is not None and stamp <= now:
                mark = Mark(row[-1], row[0])
                moved = mark != self._memory.mark
                self._memory.mark = mark
                return moved
        return False

    def _understood(self, rows: Sequence[Row], tags: Sequence[TagAddress]) -> pl.DataFrame:
        """Rows of wanted addresses; those without a number of their own are counted from 1 in their page."""
        lines = [row[0] if type(row[0]) is int else place for place, row in enumerate(rows, start=1)]
        addresses = [address(row[3:-1]) for row in rows]
        times, values = [row[1] for row in rows], [row[2] for row in rows]
        return understood(lines, addresses, times, values, tags, self.table.time_zone)

    async def _hand_over(self, rows: pl.DataFrame, tags: Sequence[TagAddress], sink: Sink) -> None:
        rejected = refused(rows, self.place.name, self.table.label, tags)
        if rejected.height:
            self.health.rejected += rejected.height
            await sink.reject(rejected)
        timed = rows.drop_nulls("time")
        samples, texts = _split(timed, tags)
        self._memory.learn(_digests(timed), self._oldest())
        self._count(timed)
        await sink.keep(samples, texts, state=self._memory.kept())

    def _count(self, rows: pl.DataFrame) -> None:
        self.health.received += rows.height
        for tag, moment in zip(rows["tag"], rows["time"].dt.timestamp("us"), strict=True):
            self.health.late += moment < self._newest.get(tag, moment)
            self._newest[tag] = max(moment, self._newest.get(tag, moment))

    async def _compare(self, tags: Sequence[TagAddress], sink: Sink) -> None:
        """Count the rows of the watched days and read those days again that are not as they were."""
        first, last = self._oldest(), self.place.clock.now() // DAY
        prints = await asyncio.to_thread(self._prints, range(first, last + 1))
        changed = [day for day, found in prints.items() if self._memory.prints.get(day) != found]
        self.health.figures["watched_days"] = len(prints)
        if not changed:
            return
        # A day more on both sides: a text of another form, or a change of the clocks, may belong to the next day.
        days = range(max(min(changed) - 1, first), max(changed) + 2)
        start, end = _midnight(days.start), _midnight(days.stop)
        frames = []
        async for rows in self._pages(
            await asyncio.to_thread(self._span, start - timedelta(days=1), end + timedelta(days=1))
        ):
            frame = self._understood(rows, tags).drop_nulls("time")
            frames.append(frame.filter(pl.col("time") >= start, pl.col("time") < end))
        found = pl.concat(frames) if frames else self._understood([], tags)
        latest = found.unique(["tag", "time"], keep="last", maintain_order=True)
        held = dict(_digests(latest))
        gone = self._gone(held, days, {tag.tag for tag in tags})
        known = {key: mine for rows in self._memory.known.values() for key, mine in rows.items()}
        fresh = [known.get(key) != mine for key, mine in _digests(latest)]
        await self._withdraw(gone, tags, sink)
        self._memory.prints.update(prints)  # with the last of the rows: what ends in between is compared again
        missed = latest.filter(pl.Series(fresh, dtype=pl.Boolean))
        self.health.figures["found_by_comparison"] = self.health.figures.get("found_by_comparison", 0.0) + missed.height
        await self._hand_over(missed, tags, sink)

    def _gone(self, held: Mapping[Key, str], days: Iterable[int], tags: set[int]) -> list[Key]:
        """Samples that were handed over and that the table no longer holds."""
        known = [self._memory.known.get(day, {}) for day in days]
        return [key for rows in known for key in rows if key not in held and key[0] in tags]

    async def _withdraw(self, gone: Sequence[Key], tags: Sequence[TagAddress], sink: Sink) -> None:
        if not gone:
            return
        words = {tag.tag for tag in tags if tag.text}
        for key in gone:
            del self._memory.known[key[1] // DAY][key]
        parts = [retraction([tag], time) for tag, time in gone if tag not in words]
        texts = [gathered_texts([tag], [time], [None], [RETRACTED]) for tag, time in gone if tag in words]
        self.health.figures["withdrawn"] = self.health.figures.get("withdrawn", 0.0) + len(gone)
        await sink.keep(
            pl.concat(parts) if parts else None, pl.concat(texts) if texts else None, state=self._memory.kept()
        )

    def _prints(self, days: Sequence[int]) -> dict[int, list[str]]:
        with connection(self.table.database, self.table.table) as link:
            like = one_time(self.table, link)
            if like is None:
                return {day: ["0", "0"] for day in days}
            changed, name = self.polling.updated, self.polling.id
            return {day: fingerprint(self.table, changed, name, link, self._bounds(like, day)) for day in days}

    def _bounds(self, like: object, day: int) -> tuple[Any, Any]:  # Any: values of the time column
        return self._raw(like, _midnight(day)), self._raw(like, _midnight(day + 1))

    def _span(self, start: datetime, end: datetime) -> tuple[Any, Any] | None:  # Any: values of the time column
        """Two moments as the time column writes them; None where it has no time at all."""
        with connection(self.table.database, self.table.table) as link:
            check_columns(self.table, link, ("updated", self.polling.updated), ("id", self.polling.id))
            like = one_time(self.table, link)
        return None if like is None else (self._raw(like, start), self._raw(like, end))

    def _raw(self, like: object, moment: datetime) -> object:
        """A moment as a value of the time column, which holds values such as ``like``."""
        known = moment_of(like)
        if known is not None and known.tzinfo is not None:
            local = moment.astimezone(known.tzinfo)
        else:
            local = moment.astimezone(ZoneInfo(self.table.time_zone)).replace(tzinfo=None)
        if isinstance(like, str):
            return written(local, like)
        return local if isinstance(like, datetime) else local.date()

    def _oldest(self) -> int:
        """First watched day, in days since 1970."""
        return max(self.place.clock.now() // DAY - self.polling.watch + 1, self._memory.floor)

    def _alive(self) -> None:
        now = self.place.clock.now()
        if self.health.state in ("lost", "waiting"):
            self.health.reconnects += 1
        self.health.turn("connected", now)
        self.health.proven = now
        self.health.faults.pop(self.table.table, None)

    def _missed(self, said: str, failures: int) -> None:
        self.health.turn("lost" if failures == 1 else "waiting", self.place.clock.now(), said)
        self.health.faults[self.table.table] = said

    def _pause(self, failures: int) -> float:
        """Time to the next poll [s]: twice as long after each failure, up to a minute."""
        if not failures:
            return self.polling.every
        return float(min(2.0 ** min(failures - 1, 6), max(_LONGEST_PAUSE, self.polling.every)))


def _split(rows: pl.DataFrame, tags: Sequence[TagAddress]) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Rows with a time as samples (``GATHERED``) and texts (``GATHERED_TEXT``)."""
    words = pl.col("tag").is_in([tag.tag for tag in tags if tag.text])
    return rows.filter(~words).select(list(GATHERED)), rows.filter(words).select(list(GATHERED_TEXT))


def _digests(rows: pl.DataFrame) -> list[tuple[Key, str]]:
    """Key and digest of every row with a time."""
    times = rows["time"].cast(TIME).dt.timestamp("us")
    parts = zip(rows["tag"], times, rows["value"], rows["text"], rows["status"], strict=True)
    return [((tag, time), digest((value, text, status))) for tag, time, value, text, status in parts]


def _midnight(day: int) -> datetime:
    return datetime.fromtimestamp(day * 86_400, UTC)
