"""The embedded historian: a folder with a hot file for what arrives and sealed days for what is past.

The collector of a works appends what its spools hold; after midnight it seals the day before, and from then on that day
is one sorted, compressed set of files that anybody's tools can read. A belt scale's value that comes three days late
lies in the hot file, counts at once, and goes into a new generation of its day with the next seal.

A point in time is bounded: what is looked at is the day of the instant and the last rows of the day before, never more.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import RLock
from types import TracebackType
from typing import Self

import numpy as np
import polars as pl

from ferrolan.base.errors import Fault
from ferrolan.base.status import RETRACTED
from ferrolan.base.surroundings import storing
from ferrolan.base.tables import REGISTERED, SAMPLES, SAMPLES_TEXT
from ferrolan.historian.embedded.audit import note
from ferrolan.historian.embedded.days import bounds
from ferrolan.historian.embedded.durable import replace_table
from ferrolan.historian.embedded.examine import faults_of
from ferrolan.historian.embedded.hot import Hot
from ferrolan.historian.embedded.owner import Ownership
from ferrolan.historian.embedded.ranking import (
    first_of_each,
    last_of_each,
    losers,
    merged,
    standing,
    winners,
)
from ferrolan.historian.embedded.seal import SEALED, discard, seal_day
from ferrolan.historian.embedded.sealed import Sealed, Tags
from ferrolan.historian.seam import NewTag, Position

HOT, SEALED_DAYS, NAMES = "hot.duckdb", "sealed", "registered.parquet"
DROPPED = {"day": pl.Date(), "rows": pl.Int64(), "bytes": pl.Int64()}
"""What ``retire`` says it dropped: days, with their rows and bytes."""
_SINGLE = timedelta(microseconds=1)


class Archive:
    """The store of a folder, owned by this process until it is closed.

    Parameters
    ----------
    folder
        Made if it is not there.
    address
        Where this process may be asked, for others that want to read, such as ``http://127.0.0.1:8732``.

    Raises
    ------
    SurroundingsError
        If another process owns the folder, or the disk refuses.
    SourceError
        If something else stands there, or a file is damaged.
    """

    def __init__(self, folder: Path, *, address: str = "") -> None:
        self.folder = folder
        self._owned = Ownership(folder, address)
        self._sealing = RLock()
        try:
            self.sealed = Sealed(folder / SEALED_DAYS)
            self.hot = Hot(folder / HOT)
            self._names_again()
        except BaseException:
            self._owned.release()
            raise

    def own(self, address: str) -> None:
        """Say where this process may be asked, once that is known."""
        self._owned.announce(address)

    def register(self, tags: Sequence[NewTag]) -> Mapping[str, int]:
        """The number of each tag by name; a name that is new gets the next free number, for good.

        Raises
        ------
        ProblemError
            If a known name comes with another unit than the one it was registered with.
        """
        known = self.hot.registered().height
        numbers = self.hot.register(tags)
        registered = self.hot.registered()
        if registered.height != known:  # a second copy: without names the numbers of sealed samples say nothing
            replace_table(self.folder / NAMES, registered)
        return numbers

    def registered(self) -> pl.DataFrame:
        """Every registered tag (schema REGISTERED), by number."""
        return self.hot.registered()

    def append(
        self, samples: pl.DataFrame, texts: pl.DataFrame | None = None, *, position: Position | None = None
    ) -> int:
        """Append rows and the position of their spool in one transaction; returns the rows stored.

        Rows whose position is not above the stored one of that spool were stored before: none is stored, 0 is returned.

        Raises
        ------
        TableError
            If a frame does not have its schema.
        SurroundingsError
            If the disk refuses; what was stored before stays, and nothing of these rows.
        """
        return self.hot.append(samples, texts, position=position)

    def position(self, spool: str) -> int:
        """Number of the last batch of a spool that is stored; 0 where none is."""
        return self.hot.position(spool)

    def query(self, tags: Iterable[int], start: datetime, end: datetime) -> pl.DataFrame:
        """Winning samples of the tags with a time in ``[start, end)``, sorted by tag and time."""
        chosen, start, end = _tags(tags), start.astimezone(UTC), end.astimezone(UTC)
        hot = self.hot.raw(chosen.tolist(), start, end)  # before the view: what leaves it is in the view by then
        sealed = self.sealed.steady(lambda view: view.read("samples", chosen, start, end))
        return merged(sealed, hot)

    def superseded(self, tags: Iterable[int], start: datetime, end: datetime) -> pl.DataFrame:
        """Samples in ``[start, end)`` that lost against a later one of the same tag and time, for the audit."""
        chosen, start, end = _tags(tags), start.astimezone(UTC), end.astimezone(UTC)
        hot = self.hot.raw(chosen.tolist(), start, end)
        rows = self.sealed.steady(
            lambda view: pl.concat([view.read(name, chosen, start, end) for name in ("samples", "superseded")])
        )
        return losers(pl.concat([rows, hot]).unique())

    def texts(self, tags: Iterable[int], start: datetime, end: datetime) -> pl.DataFrame:
        """Winning texts (schema SAMPLES_TEXT) of the tags with a time in ``[start, end)``."""
        chosen, start, end = _tags(tags), start.astimezone(UTC), end.astimezone(UTC)
        hot = self.hot.raw(chosen.tolist(), start, end, SAMPLES_TEXT)
        return merged(self.sealed.steady(lambda view: view.read("texts", chosen, start, end)), hot)

    def at(self, tags: Iterable[int], instant: datetime) -> pl.DataFrame:
        """The last winning sample of each tag at or before an instant; a tag without one has no row."""
        return _unless_withdrawn(_tags(tags), instant.astimezone(UTC), self._latest, -_SINGLE)

    def before(self, tags: Iterable[int], instant: datetime) -> pl.DataFrame:
        """The last winning sample of each tag before an instant; a tag without one has no row."""
        return self.at(tags, instant - _SINGLE)

    def since(self, tags: Iterable[int], instant: datetime) -> pl.DataFrame:
        """The first winning sample of each tag at or after an instant; a tag without one has no row."""
        return _unless_withdrawn(_tags(tags), instant.astimezone(UTC), self._earliest, _SINGLE)

    def count(self) -> int:
        """Number of stored rows, superseded and withdrawn ones included; exact duplicates go when a day is sealed."""
        return self.hot.count() + sum(held.rows for held in self.sealed.view.held.values())

    def days(self) -> pl.DataFrame:
        """The sealed days (SEALED): generation, rows, exact duplicates left out, bytes; and what is hot of each."""
        hot = self.hot.days()
        held = self.sealed.view.held
        rows = [
            (day, one.number, one.rows, one.duplicates, one.size, hot.get(day, 0)) if (one := held.get(day))
            else (day, 0, 0, 0, 0, hot.get(day, 0))
            for day in sorted({*held, *hot})
        ]  # fmt: skip
        return pl.DataFrame(rows, schema=SEALED, orient="row")

    def seal(self, before: datetime) -> pl.DataFrame:
        """Seal every whole day with hot rows; those that came late for a sealed day make a new generation of it.

        Parameters
        ----------
        before
            Only days that ended at or before it: as a rule now.

        Returns
        -------
        SEALED: the days that were sealed.

        Raises
        ------
        SurroundingsError
            If the disk refuses: the days sealed so far stay sealed, the others stay hot.
        """
        limit = before.astimezone(UTC)
        with self._sealing:
            due = [day for day in self.hot.days() if bounds(day)[1] <= limit]
            for day in due:
                if day < self.sealed.view.retired.until:
                    dropped, rows = discard(self.hot, day)
                    note(self.folder, {"what": "late_rows_of_a_dropped_day", "day": dropped, "rows": rows})
                else:
                    seal_day(self.hot, self.sealed, day)
            if due:
                self.hot.settle()
        return self.days().filter(pl.col("day").is_in(due))

    def retire(self, before: datetime) -> pl.DataFrame:
        """Drop every day that ended at or before an instant, hot rows included, and say what was dropped (``DROPPED``).

        The last row of each tag stays known. A line of ``audit.jsonl`` says what went.
        """
        limit = before.astimezone(UTC)
        with self._sealing:
            self.seal(limit)
            view = self.sealed.view
            gone = [(day, held.rows, held.size) for day, held in sorted(view.held.items()) if bounds(day)[1] <= limit]
            if gone:
                until, rows = gone[-1][0] + timedelta(days=1), sum(rows for _, rows, _ in gone)
                note(self.folder, {"what": "retired", "until": until.isoformat(), "days": len(gone), "rows": rows})
                self.sealed.retire(until)
        return pl.DataFrame(gone, schema=DROPPED, orient="row")

    def check(self) -> tuple[Fault, ...]:
        """Every damage: files that differ from the manifest, rows out of order or place, numbers without a name."""
        with self._sealing:
            return tuple(faults_of(self.sealed, self.hot))

    def close(self) -> None:
        """Close the store and give the folder free; a closed store cannot be used again."""
        self.hot.close()
        self._owned.release()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _latest(self, tags: Tags, instant: datetime) -> pl.DataFrame:
        """The winner of each tag's last time at or before an instant, withdrawn ones among them."""
        start = bounds(instant.date())[0]
        today = self.hot.latest(tags.tolist(), start, instant)
        others = np.setdiff1d(tags, today["tag"].to_numpy())
        earlier = self.hot.latest(others.tolist(), None, start - _SINGLE) if len(others) else SAMPLES.empty()
        hot = pl.concat([today, earlier])
        unsure = tags if instant.date() in self.sealed.view.held else others
        if not len(unsure):
            return last_of_each(winners(hot))
        sealed = self.sealed.steady(lambda view: pl.concat([view.latest(unsure, instant), view.withdrawn(hot)]))
        return last_of_each(winners(pl.concat([hot, sealed])))

    def _earliest(self, tags: Tags, instant: datetime) -> pl.DataFrame:
        hot = self.hot.earliest(tags.tolist(), instant)
        sealed = self.sealed.steady(lambda view: pl.concat([view.earliest(tags, instant), view.withdrawn(hot)]))
        return first_of_each(winners(pl.concat([hot, sealed])))

    def _names_again(self) -> None:
        """Take the names of the tags from their second copy where the hot file is new."""
        copy = self.folder / NAMES
        if copy.exists() and self.hot.registered().is_empty():
            with storing(copy):
                self.hot.restore(REGISTERED.check(pl.read_parquet(copy)))


def _unless_withdrawn(
    tags: Tags, instant: datetime, ask: Callable[[Tags, datetime], pl.DataFrame], step: timedelta
) -> pl.DataFrame:
    """Answers of a question at an instant; for a tag whose row was withdrawn the question is asked beyond that row."""
    if not len(tags):
        return SAMPLES.empty()
    rows = ask(tags, instant)
    answers = [standing(rows)]
    for (time,), withdrawn in rows.filter(pl.col("status") == RETRACTED).partition_by("time", as_dict=True).items():
        answers.append(_unless_withdrawn(withdrawn["tag"].to_numpy(), time + step, ask, step))
    return pl.concat(answers).sort("tag")


def _tags(tags: Iterable[int]) -> Tags:
    return np.unique(np.fromiter(tags, np.int32))
