"""Periods, months and the one clock: UTC inside, a named zone only at the gates.

An account of March 2026 at Baotou runs from 2026-02-28T16:00Z to 2026-03-31T16:00Z; cut every seven days it has five
periods, the last of three days. Intervals are ``[start, end)`` everywhere.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import pairwise
from zoneinfo import ZoneInfo


@dataclass(frozen=True)
class Period:
    """A numbered interval ``[start, end)`` in UTC."""

    number: int
    start: datetime
    end: datetime

    @property
    def hours(self) -> float:
        """Length [h]."""
        return (self.end - self.start) / timedelta(hours=1)


def month_bounds(month: str, zone: str) -> tuple[datetime, datetime]:
    """UTC start and end of a calendar month in a named zone.

    Parameters
    ----------
    month
        ISO month, such as ``"2026-03"``.
    zone
        IANA zone, such as ``"Asia/Shanghai"``.

    Examples
    --------
    >>> month_bounds("2026-03", "Asia/Shanghai")[0].isoformat()
    '2026-02-28T16:00:00+00:00'
    """
    year, number = (int(part) for part in month.split("-"))
    tz = ZoneInfo(zone)
    start = datetime(year, number, 1, tzinfo=tz)
    end = datetime(year + number // 12, number % 12 + 1, 1, tzinfo=tz)
    return start.astimezone(UTC), end.astimezone(UTC)


def cut(start: datetime, end: datetime, every: timedelta) -> tuple[Period, ...]:
    """Cut ``[start, end)`` into periods of one length; the last may be shorter.

    Examples
    --------
    >>> start, end = month_bounds("2026-03", "Asia/Shanghai")
    >>> [period.hours for period in cut(start, end, timedelta(days=7))]
    [168.0, 168.0, 168.0, 168.0, 72.0]
    """
    edges = [start]
    while edges[-1] + every < end:
        edges.append(edges[-1] + every)
    edges.append(end)
    return tuple(Period(number, *pair) for number, pair in enumerate(pairwise(edges)))


def months_after(month: str, count: int) -> tuple[str, ...]:
    """The ``count`` ISO months that follow ``month``.

    Examples
    --------
    >>> months_after("2026-11", 3)
    ('2026-12', '2027-01', '2027-02')
    """
    year, number = (int(part) for part in month.split("-"))
    serial = year * 12 + number
    return tuple(f"{(serial + k) // 12:04d}-{(serial + k) % 12 + 1:02d}" for k in range(count))


@cache
def hours_in_month(month: str) -> float:
    """Length of a calendar month [h] in a zone without clock changes.

    Examples
    --------
    >>> hours_in_month("2026-02")
    672.0
    """
    start, end = month_bounds(month, "UTC")
    return (end - start) / timedelta(hours=1)
