"""From the wall clock of a site to UTC, where clock changes make an hour double or swallow one.

A control room in Berlin has two half past twos on 25 October 2026 and none on 29 March 2026. A naive time from the
swallowed hour names no instant, one from the double hour two. Rows that stand in order tell them apart: 02:30, 02:45,
02:00 are two of the summer and one of the winter. Where order does not tell, rows are refused with their reason.
"""

from __future__ import annotations

from collections import Counter
from itertools import pairwise
from zoneinfo import ZoneInfo

import numpy as np
import polars as pl

from ferrolan.base.tables import TIME
from ferrolan.sources.source import refusal

TWICE = "occurs twice"
"""In the reason of a refused local time that names two instants."""


def check_zone(zone: str, file: str) -> None:
    """Refuse a zone that is not in the IANA database.

    Raises
    ------
    SourceError
        If the zone is unknown.
    """
    try:
        ZoneInfo(zone)
    except (KeyError, ValueError, OSError) as error:
        raise refusal(
            file, 0, "time_zone", f'"{zone}"', "an IANA time zone", 'Give a name such as "Asia/Shanghai".',
            "unknown_zone",
        ) from error  # fmt: skip


def to_utc(local: pl.Series, zone: str) -> tuple[pl.Series, pl.Series]:
    """Instants of naive local times.

    Parameters
    ----------
    local
        Naive local times, ``Datetime("us")`` (n,).
    zone
        IANA zone the clock belongs to.

    Returns
    -------
    The UTC times (n,), null where the local time is null, occurs twice or never; and the reason (n,), null elsewhere.
    """
    frame = pl.DataFrame({"local": local}).select(
        "local",
        once=pl.col("local").dt.replace_time_zone(zone, ambiguous="null", non_existent="null"),
        any=pl.col("local").dt.replace_time_zone(zone, ambiguous="earliest", non_existent="null"),
    )
    frame = frame.select(
        time=pl.col("once").dt.convert_time_zone("UTC").cast(TIME),
        reason=pl.when(pl.col("local").is_null() | pl.col("once").is_not_null())
        .then(None)
        .when(pl.col("any").is_null())
        .then(pl.lit(f"this local time does not exist in {zone}: the clock was put forward"))
        .otherwise(pl.lit(f"this local time {TWICE} in {zone}: the clock was put back")),
    )
    return frame["time"], frame["reason"]


def in_order(local: pl.Series, zone: str) -> tuple[pl.Series, pl.Series, pl.Series]:
    """Instants of naive local times that stand in the order of their rows.

    Parameters
    ----------
    local
        Naive local times, ``Datetime("us")`` (n,).
    zone
        IANA zone the clock belongs to.

    Returns
    -------
    Times and reasons as ``to_utc``, and whether a time of a double hour was told by its order (n,).

    Notes
    -----
    The hour that occurs twice is told where its rows stand together, later than the row above and earlier than the row
    below, and run back exactly once: those above are of the first pass, those from there on of the second.
    """
    time, reason = to_utc(local, zone)
    double = reason.str.contains(TWICE, literal=True).fill_null(False)
    told = pl.repeat(False, len(local), eager=True)
    if not double.any():
        return time, reason, told
    passes = {
        which: local.dt.replace_time_zone(zone, ambiguous=which, non_existent="null").dt.convert_time_zone("UTC")
        for which in ("earliest", "latest")
    }
    chosen = _told(local, time, passes["earliest"], passes["latest"], double)
    told = told.scatter(list(chosen), True)
    second = pl.repeat(False, len(local), eager=True).scatter([row for row, late in chosen.items() if late], True)
    resolved = passes["latest"].zip_with(second, passes["earliest"]).cast(TIME)
    return resolved.zip_with(told, time), reason.set(told, None), told


def _told(local: pl.Series, time: pl.Series, first: pl.Series, second: pl.Series, double: pl.Series) -> dict[int, bool]:
    """Rows of double hours that their order tells: whether each is of the second pass."""
    valid = local.is_not_null().arg_true().to_numpy()
    inside = np.flatnonzero(double.to_numpy()[valid])
    runs = [valid[run] for run in np.split(inside, np.flatnonzero(np.diff(inside) > 1) + 1)]
    days = Counter(local[int(run[0])].date() for run in runs)
    found: dict[int, bool] = {}
    for run in runs:
        rows = [int(row) for row in run]
        back = [place for place, (one, other) in enumerate(pairwise(rows), start=1) if local[other] <= local[one]]
        if len(back) != 1 or days[local[rows[0]].date()] > 1:
            continue
        place = int(np.searchsorted(valid, rows[0]))
        above = time[int(valid[place - 1])] if place else None
        below = time[int(valid[place + len(rows)])] if place + len(rows) < len(valid) else None
        if (above is None or above < first[rows[0]]) and (below is None or below > second[rows[-1]]):
            found |= {row: position >= back[0] for position, row in enumerate(rows)}
    return found
