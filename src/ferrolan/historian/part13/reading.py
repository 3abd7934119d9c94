"""Aggregates of samples at hand, and of what a historian holds.

The hourly means of a belt scale over a year are one call; they come as a table with a status code each.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl

from ferrolan.base.errors import ProblemError
from ferrolan.base.status import StatusCode
from ferrolan.base.tables import AGGREGATES, SAMPLES
from ferrolan.historian.part13.answer import Answer
from ferrolan.historian.part13.catalogue import Kind, kind
from ferrolan.historian.part13.configuration import Configuration
from ferrolan.historian.part13.view import Codes, Flags, Floats, View
from ferrolan.historian.seam import Reader
from ferrolan.historian.split import Instants

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICRO = timedelta(microseconds=1)
_LEAST_REACH = timedelta(hours=1)
_MOST_INTERVALS = 10_000_000


def aggregate(
    reader: Reader,
    tag: int,
    kinds: str | Sequence[str],
    start: datetime,
    end: datetime,
    interval: timedelta | Sequence[datetime] | None = None,
    configuration: Configuration | None = None,
) -> pl.DataFrame:
    """Aggregates of a tag over consecutive intervals.

    Parameters
    ----------
    reader
        Where the samples are.
    tag
        Number of the tag in it.
    kinds
        Names of aggregates, as in the standard.
    start, end
        What to cover, ``[start, end)``.
    interval
        Length of the intervals (the last one may be cut short, and is then partial), or the times between start and end
        at which one ends and the next begins; None makes one interval of it.
    configuration
        How to answer; None takes the standard's defaults. ``stepped`` is taken from the registered tag unless set.

    Returns
    -------
    AGGREGATES, by aggregate in the order asked, then by start. For bounds the samples of an interval's length, but at
    least an hour, before the start and after the end are searched, and the ones next to that.

    Raises
    ------
    ProblemError
        If an aggregate or the tag is unknown, or the intervals are not rising.
    """
    names = [kinds] if isinstance(kinds, str) else list(kinds)
    chosen, edges = [kind(name) for name in names], intervals(start, end, interval)
    row = _registered(reader, tag)
    settings = configuration or Configuration()
    if settings.stepped is None:
        settings = replace(settings, stepped=bool(row["stepped"]))
    reach = max(timedelta(microseconds=int(np.diff(edges).max())), _LEAST_REACH)
    samples = _around(reader, tag, start - reach, end + reach)
    hides = _hiding(samples, reader.superseded([tag], start, end))
    time, value, status = columns(samples)
    clipped = isinstance(interval, timedelta) and bool(edges[-1] - edges[-2] < interval // _MICRO)
    view = View(time, value, status, edges, settings, hides=hides, clipped=clipped)
    tables = [_table(tag, one, row["unit"], view) for one in chosen]
    return AGGREGATES.check(pl.concat([AGGREGATES.empty(), *tables]))


def of_samples(
    time: Instants,
    value: Floats,
    status: Codes,
    name: str,
    edges: Instants,
    configuration: Configuration | None = None,
    *,
    hides: Flags | None = None,
) -> Answer:
    """An aggregate of samples over consecutive intervals.

    Parameters
    ----------
    time, value, status
        Winning samples, rising in time [us since 1970 UTC]; values (NaN where there is none), status codes (n,).
    name
        Name of the aggregate in the standard.
    edges
        Rising edges of the intervals [us] (m + 1,).
    configuration
        How to answer; None takes the standard's defaults, sloped.
    hides
        Which samples hide another one of the same time (n,).

    Raises
    ------
    ProblemError
        If the aggregate is unknown, or samples or edges are not rising.
    """
    if len(edges) < 2 or (np.diff(edges) <= 0).any() or (np.diff(time) <= 0).any():
        raise ProblemError("samples and edges of an aggregate must rise in time, with two edges at least")
    return _made(kind(name), View(time, value, status, edges, configuration or Configuration(), hides=hides))


def intervals(start: datetime, end: datetime, interval: timedelta | Sequence[datetime] | None) -> Instants:
    """Edges of the intervals of a request [us since 1970 UTC] (m + 1,); see ``aggregate``."""
    first, last = _micros(start), _micros(end)
    if last <= first:
        raise ProblemError(f"an aggregate from {start} to {end}: expected an end after the start")
    if interval is None:
        return np.array([first, last], np.int64)
    if not isinstance(interval, timedelta):
        edges = np.array([first, *(_micros(one) for one in interval), last], np.int64)
        if (np.diff(edges) <= 0).any():
            raise ProblemError("the times between intervals must rise, after the start and before the end")
        return edges
    step = interval // _MICRO
    if step <= 0 or (last - first) // step > _MOST_INTERVALS:
        raise ProblemError(f"an interval of {interval}: expected more than 0, and at most {_MOST_INTERVALS:,} of them")
    return np.append(np.arange(first, last, step, dtype=np.int64), last)


def columns(samples: pl.DataFrame) -> tuple[Instants, Floats, Codes]:
    """Times [us since 1970 UTC], values (NaN: none) and status codes of SAMPLES of one tag, in order of time."""
    time = samples["time"].dt.epoch("us").to_numpy()
    return time, samples["value"].fill_null(float("nan")).to_numpy(), samples["status"].to_numpy()


def _registered(reader: Reader, tag: int) -> dict[str, object]:
    rows = reader.registered().filter(pl.col("number") == tag)
    if rows.is_empty():
        raise ProblemError(f"tag {tag} is not registered in this historian")
    return rows.row(0, named=True)


def _around(reader: Reader, tag: int, start: datetime, end: datetime) -> pl.DataFrame:
    """The samples of a stretch with the last one before and the first one after it."""
    parts = reader.before([tag], start), reader.query([tag], start, end), reader.since([tag], end)
    return pl.concat(parts).select(list(SAMPLES.columns)).sort("time")


def _hiding(samples: pl.DataFrame, superseded: pl.DataFrame) -> Flags:
    return samples["time"].is_in(superseded["time"].unique().implode()).to_numpy()


def _made(one: Kind, view: View) -> Answer:
    if len(view.time):
        return one.made(view)
    nothing = np.full(len(view.starts), np.nan)
    return Answer(view.starts, nothing, np.full(len(nothing), int(StatusCode.BAD_NO_DATA), np.int64))


def _table(tag: int, one: Kind, unit: object, view: View) -> pl.DataFrame:
    made, count = _made(one, view), len(view.starts)
    frame = pl.DataFrame(
        {
            "tag": pl.Series([tag], dtype=pl.Int32).new_from_index(0, count),
            "aggregate": pl.Series([one.name]).new_from_index(0, count),
            "start": _times(view.starts),
            "end": _times(view.ends),
            "time": _times(made.time),
            "value": pl.Series(made.value).fill_nan(None),
            "unit": pl.Series([one.unit_of(str(unit or ""))]).new_from_index(0, count),
            "status": pl.Series(made.status),
        }
    )
    return AGGREGATES.check(frame)


def _times(times: Instants) -> pl.Series:
    return pl.Series(times).cast(pl.Datetime("us")).dt.replace_time_zone("UTC")


def _micros(instant: datetime) -> int:
    return (instant - _EPOCH) // _MICRO
