"""From the spool to the historian: converted once, exact duplicates dropped, in the order of arrival, exactly once.

A batch and the position of its spool are stored in one transaction; only then is the spool released. A crash between
the two hands the batch over again, and the store, which knows the position, takes nothing of it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np
import numpy.typing as npt
import polars as pl

from ferrolan.base.errors import SurroundingsError
from ferrolan.base.status import RETRACTED, StatusCode, bad
from ferrolan.base.tables import SAMPLES, SAMPLES_TEXT
from ferrolan.historian.ingest import Conversions, convert
from ferrolan.historian.seam import Position, Store
from ferrolan.sources.spool import Page, Spool

AT_ONCE = 50_000
"""Rows that are stored at once."""
STRETCHES = 16
"""Stretches of ``STRETCH`` in which rows of a page that come again are looked for; those of older ones are stored
again, with the same value and a later ``seq``."""
STRETCH = "6h"
_AHEAD = timedelta(days=2)  # how far a clock at a source may be ahead for its samples to be known as the newest
_BACK = (1, 8, 64, 512, 20_000)  # days in which the newest text of a tag is looked for, one stretch after the other


class SpoolTrouble(SurroundingsError):
    """The spool cannot be read, or what is stored not be taken off it; the historian is not the reason."""


@dataclass
class Counts:
    """What was handed over: rows stored, dropped because they stood there already, older than the newest of their tag,
    of tags that are declared no more; and the time of the newest row [us since 1970].
    """

    stored: int = 0
    duplicate: int = 0
    late: int = 0
    undeclared: int = 0
    newest: int = 0


class HandOver:
    """Hands one spool over; every call is made in the thread of the store.

    Parameters
    ----------
    spool
        What is handed over.
    store
        Where it goes.
    units
        Conversion of every tag by its number.
    """

    def __init__(self, spool: Spool, store: Store, units: Conversions, tags: Sequence[int]) -> None:
        self._spool, self._store, self._units = spool, store, units
        known = store.position(spool.identity)
        if known > spool.opened_at:
            with _of_the_spool():
                spool.renew(known)
            known = store.position(spool.identity)
        spool.compare(known)
        self._after = known
        self._samples = _Known("value", store.query, lambda some: store.at(some, datetime.now(UTC) + _AHEAD))
        self._texts = _Known("text", store.texts, lambda some: _last_texts(store, some))
        self._samples.look_up(np.array(tags, dtype=np.int32))
        self.counts = Counts()
        with _of_the_spool():
            spool.release(known)

    def step(self, rows: int = AT_ONCE) -> int:
        """Store the next batches and release them; the number of their rows, 0 where none wait.

        Raises
        ------
        SpoolTrouble
            If the disk of the spool refuses.
        SurroundingsError
            If the store refuses; the same batches come again with the next call.
        """
        with _of_the_spool():
            total = self._spool.total
            page = self._spool.read(self._after, rows)
            if page is None:
                self._spool.release(self._after, total)
                return 0
        samples = self._converted(page)
        new = self._samples.new(samples)
        texts = self._texts.new(page.texts)
        self._store.append(new.rows, texts.rows, position=Position(self._spool.identity, page.last))
        self._after = page.last
        self._samples.note(samples)
        self._texts.note(page.texts)
        self._count(page, new, texts)
        with _of_the_spool():
            self._spool.release(page.last, page.total)
        return max(page.count, 1)

    def _converted(self, page: Page) -> pl.DataFrame:
        """Samples in canonical units; those of tags that are declared no more keep their raw value alone."""
        declared = pl.col("tag").is_in(list(self._units))
        unknown = page.samples.filter(~declared)
        if unknown.is_empty():
            return convert(page.samples, self._units)
        self.counts.undeclared += unknown.height
        status = pl.col("status")
        kept = unknown.with_columns(
            raw=pl.col("value"),
            value=pl.lit(None, dtype=pl.Float64),
            status=pl.when(bad(status) | (status >= RETRACTED))
            .then(status)
            .otherwise(pl.lit(int(StatusCode.BAD_CONFIGURATION_ERROR))),
        )
        return pl.concat([convert(page.samples.filter(declared), self._units), SAMPLES.check(kept)]).sort("seq")

    def _count(self, page: Page, samples: _Sifted, texts: _Sifted) -> None:
        counts = self.counts
        counts.stored += samples.rows.height + texts.rows.height
        counts.duplicate += samples.duplicate + texts.duplicate
        counts.late += samples.late + texts.late
        for frame in (page.samples, page.texts):
            if frame.height:
                counts.newest = max(counts.newest, int(frame["time"].to_physical().max()))  # type: ignore[arg-type]


@dataclass(frozen=True)
class _Sifted:
    """Rows that are new, how many stood there already, and how many are older than the newest of their tag."""

    rows: pl.DataFrame
    duplicate: int
    late: int


_Query = Callable[[Sequence[int], datetime, datetime], pl.DataFrame]
_Last = Callable[[Sequence[int]], pl.DataFrame]


class _Known:
    """The newest time of every tag, so that only rows that are not newer are looked for in the store."""

    def __init__(self, column: str, query: _Query, last: _Last) -> None:
        self._column, self._query, self._last = column, query, last
        self._newest: npt.NDArray[np.int64] = np.full(1, np.iinfo(np.int64).min)
        self._asked: set[int] = set()

    def look_up(self, tags: npt.NDArray[np.int32]) -> None:
        """Ask the store for the newest rows of the tags it was not asked for since the start."""
        new = sorted(set(np.unique(tags).tolist()) - self._asked)
        if new:
            self.note(self._last(new))
            self._asked |= set(new)

    def note(self, rows: pl.DataFrame) -> None:
        """Take rows that are stored as known."""
        if rows.height:
            tags, times = self._columns(rows)
            np.maximum.at(self._newest, tags, times)

    def new(self, rows: pl.DataFrame) -> _Sifted:
        """The rows that do not say again what the row before them with their tag and time says."""
        if rows.is_empty():
            return _Sifted(rows, 0, 0)
        self.look_up(rows["tag"].to_numpy())
        tags, times = self._columns(rows)
        old = times <= self._newest[tags]
        again = rows.select(pl.struct("tag", "time").is_duplicated()).to_series().to_numpy()
        late = self._late(rows, tags, times)
        if not (old | again).any():
            return _Sifted(rows, 0, int(late.sum()))
        same = np.zeros(rows.height, dtype=bool)
        if old.any():
            same[old] = self._stand_in_store(rows.filter(old))
        if again.any():
            first, repeated = self._repeat(rows.filter(again))
            same[again] = np.where(first, same[again], repeated)
        return _Sifted(rows.filter(~same), int(same.sum()), int(late[~same].sum()))

    def _late(
        self, rows: pl.DataFrame, tags: npt.NDArray[np.int32], times: npt.NDArray[np.int64]
    ) -> npt.NDArray[np.bool_]:
        """Which rows are older than the newest of their tag that came before them."""
        late = times < self._newest[tags]
        if (np.diff(times) < 0).any():
            late |= rows.select(pl.col("time") < pl.col("time").cum_max().over("tag")).to_series().to_numpy()
        return late

    def _columns(self, rows: pl.DataFrame) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.int64]]:
        """Tags and times [us] of rows, with room for the newest time of each."""
        tags, times = rows["tag"].to_numpy(), rows["time"].to_physical().to_numpy()
        if tags.max() >= self._newest.size:
            more = np.full(int(tags.max()) + 1 - self._newest.size, np.iinfo(np.int64).min)
            self._newest = np.concatenate([self._newest, more])
        return tags, times

    def _stand_in_store(self, rows: pl.DataFrame) -> npt.NDArray[np.bool_]:
        """Which rows the store has already, with the same value and status."""
        column = self._column
        held = pl.concat([self._query(*asked) for asked in _stretches(rows)])
        stored = held.select("tag", "time", pl.col(column).alias("stored"), pl.col("status").alias("stated"))
        joined = rows.join(stored, on=["tag", "time"], how="left", maintain_order="left")
        same = pl.col("stated").is_not_null() & (pl.col("status") == pl.col("stated"))
        return joined.select(same & pl.col(column).eq_missing(pl.col("stored"))).to_series().to_numpy()

    def _repeat(self, rows: pl.DataFrame) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.bool_]]:
        """Which rows are the first of their tag and time here, and which say what the one before them says."""
        key = ["tag", "time"]
        found = rows.select(
            first=pl.int_range(pl.len()).over(key) == 0,
            same=pl.col(self._column).eq_missing(pl.col(self._column).shift(1).over(key))
            & (pl.col("status") == pl.col("status").shift(1).over(key)).fill_null(value=False),
        )
        return found["first"].to_numpy(), found["same"].to_numpy()


@contextmanager
def _of_the_spool() -> Iterator[None]:
    """Say of what the disk refuses that it is the spool's."""
    try:
        yield
    except (SurroundingsError, OSError) as error:
        raise SpoolTrouble(str(error)) from error


def _last_texts(store: Store, tags: Sequence[int]) -> pl.DataFrame:
    """The newest text of each tag, looked for in longer and longer stretches of time."""
    left, end, found = set(tags), datetime.now(UTC) + _AHEAD, [SAMPLES_TEXT.empty()]
    for days in _BACK:
        start = end - timedelta(days=days)
        rows = store.texts(sorted(left), start, end).sort("time").unique("tag", keep="last")
        found.append(rows)
        left, end = left - set(rows["tag"]), start
        if not left:
            break
    return pl.concat(found)


def _stretches(rows: pl.DataFrame) -> Iterator[tuple[Sequence[int], datetime, datetime]]:
    """The tags and times of rows in bounded stretches of time, the newest ones first."""
    parts = rows.group_by(pl.col("time").dt.truncate(STRETCH).alias("stretch")).agg(
        pl.col("tag").unique(), first=pl.col("time").min(), last=pl.col("time").max()
    )
    for row in parts.sort("stretch", descending=True).head(STRETCHES).iter_rows(named=True):
        yield row["tag"], row["first"], row["last"] + timedelta(microseconds=1)
