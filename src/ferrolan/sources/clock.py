"""From the wall clock of a site to UTC, refusing the hours that clock changes make double or swallow.

A control room in Berlin has two half past twos on 25 October 2026 and none on 29 March 2026. A naive time from the
double hour names two instants, one from the swallowed hour names none: both rows are refused with their reason.
"""

from __future__ import annotations

from zoneinfo import ZoneInfo

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
