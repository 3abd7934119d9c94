"""What the rows of a database mean: a time, a number or a text, its status, and why something was not taken.

``<0.01`` of a laboratory is a limit where its tag has one, ``n.b.`` is no number and leaves a Bad sample, an empty
result is a sample without a value. Reading in one go and polling understand a row by this one text.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, date, datetime, time
from decimal import Decimal
from math import isfinite

import polars as pl

from ferrolan.base.status import AT_MOST, StatusCode
from ferrolan.base.tables import REJECTED, TIME
from ferrolan.sources.clock import to_utc
from ferrolan.sources.source import TagAddress
from ferrolan.sources.timeline import EARLIEST, LATEST, OUTSIDE

_LIMIT = re.compile(r"\s*<=?\s*([^\s<=+-].*?)\s*")  # a result below the detection limit, which is above zero


def understood(
    lines: Sequence[int],
    addresses: Sequence[str],
    times: Sequence[object],
    values: Sequence[object],
    tags: Sequence[TagAddress],
    time_zone: str,
) -> pl.DataFrame:
    """One row a row of a wanted address.

    Parameters
    ----------
    lines
        Number of each row, from 1.
    addresses, times, values
        As the database gave them.
    tags
        The wanted addresses.
    time_zone
        IANA zone of times without an offset.

    Returns
    -------
    Columns line, tag, time (UTC; null with ``time_reason``), value, text, status, time_found, value_found, time_reason.
    """
    wanted = {tag.address: tag for tag in tags}
    picked = [k for k, name in enumerate(addresses) if name in wanted]
    mine = [wanted[addresses[k]] for k in picked]
    read = [
        _text(values[k]) if tag.text else number(values[k], limits=tag.limits)
        for k, tag in zip(picked, mine, strict=True)
    ]
    moment, reason = instants([times[k] for k in picked], time_zone)
    return pl.DataFrame(
        {
            "line": pl.Series([lines[k] for k in picked], dtype=pl.Int64),
            "tag": pl.Series([tag.tag for tag in mine], dtype=pl.Int32),
            "time": moment,
            "value": pl.Series([None if isinstance(value, str) else value for value, _ in read], dtype=pl.Float64),
            "text": pl.Series([value if isinstance(value, str) else None for value, _ in read], dtype=pl.String),
            "status": pl.Series([status for _, status in read], dtype=pl.Int64),
            "time_found": pl.Series([str(times[k]) for k in picked], dtype=pl.String),
            "value_found": pl.Series([str(values[k]) for k in picked], dtype=pl.String),
            "time_reason": reason,
        }
    )


def refused(rows: pl.DataFrame, source_name: str, label: str, tags: Sequence[TagAddress]) -> pl.DataFrame:
    """What was not taken of ``understood`` rows (REJECTED): a row without a time, a value that is no number."""
    names = {tag.tag: tag.name for tag in tags}
    no_time = pl.col("time").is_null()
    odd = rows.filter(no_time | (pl.col("status") == int(StatusCode.BAD_TYPE_MISMATCH)))
    return REJECTED.check(
        odd.select(
            source=pl.lit(source_name),
            file=pl.lit(label),
            line="line",
            tag=pl.when(~no_time).then(pl.col("tag").replace_strict(names, default=None, return_dtype=pl.String)),
            found=pl.when(no_time).then("time_found").otherwise("value_found"),
            reason=pl.when(no_time).then("time_reason").otherwise(pl.lit("not a number")),
        )
    )


def number(value: object, *, limits: bool = False) -> tuple[float | None, int]:
    """Number and status of a value as the driver gave it; where there are limits, that of ``<0.01``, as *at most*."""
    if limits and isinstance(value, str) and (limit := _LIMIT.fullmatch(value)):
        found, status = number(limit[1])
        return (found, AT_MOST) if status == int(StatusCode.GOOD) else (None, status)
    if value is None:
        return None, int(StatusCode.BAD_NO_DATA)
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal | str):
        return None, int(StatusCode.BAD_TYPE_MISMATCH)
    try:
        found = float(value)
    except (ValueError, OverflowError):
        return None, int(StatusCode.BAD_TYPE_MISMATCH)
    if not isfinite(found) or "_" in str(value):
        return None, int(StatusCode.BAD_TYPE_MISMATCH)
    return found, int(StatusCode.GOOD)


def instants(raw: Sequence[object], time_zone: str) -> tuple[pl.Series, pl.Series]:
    """UTC times and, where there is none, the reason."""
    read = [moment_of(value) for value in raw]
    times = [moment if moment is not None and _is_believed(moment) else None for moment in read]
    local = [None if moment is None or moment.tzinfo else moment for moment in times]
    absolute = [moment.astimezone(UTC) if moment is not None and moment.tzinfo else None for moment in times]
    utc, reason = to_utc(pl.Series(local, dtype=pl.Datetime("us")), time_zone)
    known = pl.Series(absolute, dtype=TIME)
    unreadable = pl.Series([OUTSIDE if moment else "not a timestamp, nor ISO text" for moment in read], dtype=pl.String)
    frame = pl.DataFrame({"utc": utc, "known": known, "reason": reason, "unreadable": unreadable}).select(
        time=pl.coalesce("utc", "known"), time_reason=pl.coalesce("reason", "unreadable")
    )
    frame = frame.with_columns(time_reason=pl.when(pl.col("time").is_null()).then("time_reason"))
    return frame["time"], frame["time_reason"]


def moment_of(value: object) -> datetime | None:
    """The moment a driver gave, or an ISO text says; None where it is none."""
    if isinstance(value, datetime):
        return value
    if isinstance(value, date):
        return datetime.combine(value, time())
    try:
        return datetime.fromisoformat(value.strip()) if isinstance(value, str) else None
    except ValueError:
        return None


def _text(value: object) -> tuple[str | None, int]:
    """Text and status of a value of a tag of texts."""
    if value is None:
        return None, int(StatusCode.BAD_NO_DATA)
    if isinstance(value, bytes | memoryview):
        return None, int(StatusCode.BAD_TYPE_MISMATCH)
    return str(value), int(StatusCode.GOOD)


def _is_believed(moment: datetime) -> bool:
    """Whether a time, local or with its offset, can be that of a sample."""
    return EARLIEST <= moment.replace(tzinfo=None) < LATEST
