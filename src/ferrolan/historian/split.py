"""The exact cut of a trace at the edges of intervals: which stretch of which sample lies in which interval.

A belt scale reads 412 t/h at 07:50 and 420 t/h at 08:05; the hour that ends at 08:00 takes ten of those fifteen
minutes and the next one five. Every mean over time, ours and the standard's, is a sum over such pieces, so they are
made in one place, for all intervals at once.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Instants = NDArray[np.int64]
"""Times since 1970 UTC [us]."""


@dataclass(frozen=True)
class Pieces:
    """Stretches of samples within intervals, in order of interval and time.

    Parameters
    ----------
    sample, interval
        Which sample holds, and in which interval (p,).
    low, high
        From and until when it holds there [us] (p,); ``high <= low`` where none of it lies in the interval.
    bounds
        Where the pieces of each interval begin, and where the last ones end (m + 1,).
    """

    sample: NDArray[np.intp]
    interval: NDArray[np.intp]
    low: Instants
    high: Instants
    bounds: NDArray[np.intp]

    @property
    def length(self) -> Instants:
        """How long each piece is, never negative [us] (p,)."""
        length: Instants = np.maximum(self.high - self.low, 0)
        return length

    def sums(self, terms: NDArray[np.float64]) -> NDArray[np.float64]:
        """The terms (p,) of each interval added up (m,), pair by pair, so that an interval alone has the same sum."""
        return np.array([np.sum(terms[a:b]) for a, b in zip(self.bounds[:-1], self.bounds[1:], strict=True)], float)

    def totals(self, terms: Instants) -> Instants:
        """Whole numbers (p,) of each interval added up (m,), exactly."""
        running = np.concatenate([np.zeros(1, np.int64), np.cumsum(terms)])
        totals: Instants = running[self.bounds[1:]] - running[self.bounds[:-1]]
        return totals


def pieces(time: Instants, until: Instants, starts: Instants, ends: Instants) -> Pieces:
    """Cut stretches ``[time, until)`` at the edges of the intervals ``[start, end)``.

    Parameters
    ----------
    time
        When each sample begins to hold, rising [us] (n,).
    until
        Until when it holds, at most to the next one [us] (n,).
    starts, ends
        The intervals, in any order; they may overlap and leave gaps [us] (m,).

    Returns
    -------
    For each interval the pieces of the last sample at or before its start (of the first sample, where there is none)
    to the first at or after its end, those without length included.
    """
    first = np.maximum(np.searchsorted(time, starts, side="right") - 1, 0)
    last = np.minimum(np.searchsorted(time, ends, side="left") + 1, len(time))
    counts = np.maximum(last - first, 0)
    bounds = np.concatenate([np.zeros(1, np.intp), np.cumsum(counts)])
    interval = np.repeat(np.arange(len(starts)), counts)
    sample = np.arange(bounds[-1]) + np.repeat(first - bounds[:-1], counts)
    low, high = np.maximum(time[sample], starts[interval]), np.minimum(until[sample], ends[interval])
    return Pieces(sample, interval, low, high, bounds)


def segments(
    time: Instants, value: NDArray[np.float64], usable: NDArray[np.bool_], *, stepped: bool, max_age: int | None = None
) -> tuple[Instants, NDArray[np.float64], NDArray[np.bool_]]:
    """How each sample goes on until the next one.

    Parameters
    ----------
    time, value, usable
        The samples in order of time [us], their values, and which of them are good or uncertain (n,); at least one.
    stepped
        Whether a value holds until the next one; else usable neighbours are joined by straight lines.
    max_age
        How long a value holds at most [us]; None holds it until the next sample, and never past the last one.

    Returns
    -------
    Until when it holds [us], its slope [unit/us], and whether it is joined to the next one (n,).
    """
    longest = np.iinfo(np.int64).max if max_age is None else max_age
    gap = np.diff(time, append=time[-1] + (max_age or 0))
    joined = np.zeros(len(gap), dtype=np.bool_)
    rise = np.diff(value, append=value[-1])
    if not stepped:
        joined[:-1] = usable[:-1] & usable[1:] & (gap[:-1] <= longest)
    slope = np.divide(rise, gap, out=np.zeros(len(gap)), where=joined)
    return time + np.minimum(gap, longest), slope, joined
