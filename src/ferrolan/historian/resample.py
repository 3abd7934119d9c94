"""Samples onto a regular grid, for people and engines, without hiding a gap.

The shift means of a furnace over a month are one call: a value holds for as long as its tag allows and no longer, lines
are drawn only where the tag is sloped and never across a Bad stretch, a cell in a gap has no value, and every cell says
how much of it good data cover. A cell is exact at its edges. Days are those of the plant's clock: the one on which it
is set back has 25 hours.

These are Ferrolan's own means, the ones that measurements are made of. Those of OPC 10000-13 (``historian.part13``)
join usable values across Bad ones, and its TimeAverage ignores steps.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import polars as pl
from numpy.typing import NDArray

from ferrolan.base.errors import ProblemError
from ferrolan.base.status import bad, good
from ferrolan.base.tables import RESAMPLED
from ferrolan.historian.seam import Reader
from ferrolan.historian.split import Instants, segments
from ferrolan.historian.timed import Flags, Floats, time_means

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICRO = timedelta(microseconds=1)
_HOUR = timedelta(hours=1)
_DAY = timedelta(days=1)


def resample(
    reader: Reader, tags: Iterable[int], edges: Sequence[datetime], max_age: Mapping[int, timedelta] | None = None
) -> pl.DataFrame:
    """Time-weighted means of tags over the cells between edges.

    Parameters
    ----------
    reader
        Where the samples are.
    tags
        Numbers of the tags in it; whether they are stepped is what they were registered with.
    edges
        Rising times; each pair that follow each other make a cell ``[start, end)``.
    max_age
        How long a value of a tag holds at most; where nothing is said, until the next one and never past the last.

    Returns
    -------
    RESAMPLED, by tag and start. Without usable time the value is null, and the quality ``bad`` where there were
    samples, else ``absent``.

    Raises
    ------
    ProblemError
        If the edges do not rise, or a tag is not registered.
    """
    instants = _rising(edges, least=2)
    starts, ends = instants[:-1], instants[1:]
    tables = []
    for tag, stepped, trace in _traces(reader, tags, edges[0], edges[-1]):
        found = time_means(*trace, starts, ends, stepped=stepped, max_age=_limit(max_age, tag))
        tables.append(_table(tag, starts, ends, found.value, found.coverage, found.quality))
    return RESAMPLED.check(pl.concat([RESAMPLED.empty(), *tables]))


def sample_at(
    reader: Reader, tags: Iterable[int], instants: Sequence[datetime], max_age: Mapping[int, timedelta] | None = None
) -> pl.DataFrame:
    """Values of tags at instants.

    Parameters
    ----------
    reader, tags, max_age
        As in ``resample``.
    instants
        Rising times.

    Returns
    -------
    RESAMPLED, by tag and instant, whose start and end are the instant. A value on a line between a good and an
    uncertain one is uncertain; after a Bad sample there is none until the next usable one.

    Raises
    ------
    ProblemError
        If the instants do not rise, or a tag is not registered.
    """
    at = _rising(instants, least=1)
    tables = []
    for tag, stepped, trace in _traces(reader, tags, instants[0], instants[-1] + _MICRO):
        value, sound, sampled = _values(*trace, at, stepped, _limit(max_age, tag))
        there = ~np.isnan(value)
        quality = np.select([there & sound, there, sampled], ["good", "uncertain", "bad"], "absent")
        tables.append(_table(tag, at, at, value, (there & sound).astype(np.float64), quality))
    return RESAMPLED.check(pl.concat([RESAMPLED.empty(), *tables]))


def local_edges(start: datetime, end: datetime, every: timedelta, zone: str) -> list[datetime]:
    """Edges of a grid on a plant's own clock.

    Parameters
    ----------
    start, end
        What to cover; the grid begins at or before the start and ends at or after the end.
    every
        Length of a cell. Up to an hour it is elapsed time from midnight on, so that a day of a clock change has 23 or
        25 hours; longer ones end where the clock says (shifts at 00, 08 and 16 h), and one of them is an hour longer
        or shorter on such a day. It must divide a day, or be whole days, which are counted from the start.
    zone
        IANA zone, such as ``Europe/Berlin``.

    Returns
    -------
    Rising times [UTC].

    Raises
    ------
    ProblemError
        If the length does neither.

    Examples
    --------
    >>> day = datetime(2026, 10, 24, 22, tzinfo=UTC), datetime(2026, 10, 25, 23, tzinfo=UTC)
    >>> len(local_edges(*day, timedelta(hours=1), "Europe/Berlin")) - 1
    25
    """
    if every <= timedelta(0) or (_DAY % every if every < _DAY else every % _DAY):
        raise ProblemError(f"a cell of {every}: expected one that divides a day, or whole days")
    if end <= start:
        raise ProblemError(f"a grid from {start} to {end}: expected an end after the start")
    tz, days = ZoneInfo(zone), max(every // _DAY, 1)
    midnight = datetime.combine(start.astimezone(tz).date(), datetime.min.time())
    edges = [_utc(midnight, tz)]
    while edges[-1] < end:
        following = midnight + days * _DAY
        edges += _within(midnight, following, every, tz)
        midnight = following
    first = max(index for index, edge in enumerate(edges) if edge <= start)
    last = min(index for index, edge in enumerate(edges) if edge >= end)
    return edges[first : last + 1]


def _within(midnight: datetime, following: datetime, every: timedelta, tz: ZoneInfo) -> list[datetime]:
    """Edges after one midnight of the plant's clock up to another one, included."""
    if every > _HOUR:
        count = (following - midnight) // min(every, following - midnight)
        edges = [_utc(midnight + k * every, tz) for k in range(1, count)]
        return [*edges, _utc(following, tz)]
    start, end = _utc(midnight, tz), _utc(following, tz)
    return [*(start + k * every for k in range(1, -((start - end) // every))), end]


def _utc(wall: datetime, tz: ZoneInfo) -> datetime:
    return wall.replace(tzinfo=tz).astimezone(UTC)


_Trace = tuple[Instants, Floats, Flags, Flags]  # time, value, usable, good


def _traces(reader: Reader, tags: Iterable[int], start: datetime, end: datetime) -> Iterable[tuple[int, bool, _Trace]]:
    """Each tag, whether it is stepped, and its samples from the last before the start to the first after the end."""
    numbers = sorted(set(tags))
    stepped = dict(reader.registered().select("number", "stepped").iter_rows())
    unknown = [number for number in numbers if number not in stepped]
    if unknown:
        raise ProblemError(f"not registered in this historian: {', '.join(f'tag {number}' for number in unknown)}")
    parts = pl.concat([reader.before(numbers, start), reader.query(numbers, start, end), reader.since(numbers, end)])
    by_tag = parts.sort("tag", "time").partition_by("tag", as_dict=True)
    for number in numbers:
        yield number, stepped[number], _trace(by_tag.get((number,), parts.clear()))


def _trace(samples: pl.DataFrame) -> _Trace:
    value, status = pl.col("value"), pl.col("status")
    found = samples.select(
        time=pl.col("time").dt.epoch("us"),
        value=value.fill_null(0.0),
        usable=value.is_not_null() & ~bad(status),
        good=value.is_not_null() & good(status),
    )
    time, numbers, usable, sound = (column.to_numpy() for column in found.get_columns())
    return time, numbers, usable, sound


def _values(
    time: Instants, value: Floats, usable: Flags, sound: Flags, at: Instants, stepped: bool, max_age: int | None
) -> tuple[Floats, Flags, Flags]:
    """Values at instants (NaN: none), whether they are good, and whether there is a sample to say so (m,)."""
    nothing = np.zeros(len(at), np.bool_)
    if not len(time):
        return np.full(len(at), np.nan), nothing, nothing
    until, slope, joined = segments(time, value, usable, stepped=stepped, max_age=max_age)
    place = np.searchsorted(time, at, side="right") - 1
    here, known = np.maximum(place, 0), place >= 0
    exact = time[here] == at
    sampled = known & (exact | (at < until[here]))
    held = sampled & usable[here]
    follows = np.append(sound[1:], True)
    fine = sound[here] & (exact | ~joined[here] | follows[here])
    return np.where(held, value[here] + slope[here] * (at - time[here]), np.nan), fine, sampled


def _rising(times: Sequence[datetime], *, least: int) -> Instants:
    instants = np.array([(one - _EPOCH) // _MICRO for one in times], np.int64)
    if len(instants) < least or (np.diff(instants) <= 0).any():
        raise ProblemError(f"the times of a grid must rise, {least} at least")
    return instants


def _limit(max_age: Mapping[int, timedelta] | None, tag: int) -> int | None:
    found = (max_age or {}).get(tag)
    return None if found is None else found // _MICRO


def _table(
    tag: int, starts: Instants, ends: Instants, value: Floats, coverage: Floats, quality: NDArray[np.str_]
) -> pl.DataFrame:
    frame = pl.DataFrame(
        {
            "tag": pl.Series([tag], dtype=pl.Int32).new_from_index(0, len(starts)),
            "start": pl.Series(starts).cast(pl.Datetime("us")).dt.replace_time_zone("UTC"),
            "end": pl.Series(ends).cast(pl.Datetime("us")).dt.replace_time_zone("UTC"),
            "value": pl.Series(value).fill_nan(None),
            "coverage": pl.Series(coverage),
            "quality": pl.Series(quality.tolist(), dtype=pl.String),
        }
    )
    return RESAMPLED.check(frame)
