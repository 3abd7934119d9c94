"""Time-weighted means over many intervals at once, as ``aggregate.time_mean`` has them for one, digit for digit.

The hourly means of a belt scale's month of seconds are one call. A value holds from its sample to the next one, at most
``max_age``; with ``stepped`` false it runs straight to the next one if that is usable, and holds if that is Bad. What
is Bad is left out, and nothing is joined across it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ferrolan.historian.split import Instants, Pieces, pieces, segments

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True)
class Means:
    """What samples say of each interval (m,).

    Parameters
    ----------
    value
        Mean over the usable time; NaN where there is none.
    coverage
        Share of the interval with good data [1].
    used, sampled
        Whether there is usable time, and whether there is any time with a sample.
    sound
        Whether all usable time is good.
    """

    value: Floats
    coverage: Floats
    used: Flags
    sampled: Flags
    sound: Flags

    @property
    def quality(self) -> NDArray[np.str_]:
        """``good``, ``uncertain``, ``bad`` (samples, none usable) or ``absent`` (m,)."""
        return np.select([self.used & self.sound, self.used, self.sampled], ["good", "uncertain", "bad"], "absent")


def time_means(
    time: Instants,
    value: Floats,
    usable: Flags,
    good: Flags,
    starts: Instants,
    ends: Instants,
    *,
    stepped: bool,
    max_age: int | None = None,
) -> Means:
    """Time-weighted means over intervals ``[start, end)``.

    Parameters
    ----------
    time, value, usable, good
        Winning samples in order of time [us since 1970 UTC], values, and which are usable and good (n,).
    starts, ends
        The intervals [us] (m,).
    stepped, max_age
        Whether values hold, and how long at most [us]; None holds them until the next one, and never past the last.
    """
    if not len(time):
        never = np.zeros(len(starts), np.bool_)
        return Means(np.full(len(starts), np.nan), np.zeros(len(starts)), never, never, never)
    until, slope, joined = segments(time, value, usable, stepped=stepped, max_age=max_age)
    sound = good & np.where(joined, np.append(good[1:], True), True)
    cut = pieces(time, until, starts, ends)
    length = cut.length
    used = np.where(usable[cut.sample], length, 0)
    total, good_time = cut.totals(used), cut.totals(np.where(sound[cut.sample], used, 0))
    middle = value[cut.sample] + slope[cut.sample] * (cut.low - time[cut.sample] + 0.5 * length)
    base = first_of(cut, value[cut.sample], used > 0)
    weight = used / np.maximum(total, 1)[cut.interval]
    mean = base + cut.sums(weight * (middle - base[cut.interval]))
    return Means(
        np.where(total > 0, mean, np.nan),
        good_time / (ends - starts),
        total > 0,
        cut.totals(length) > 0,
        good_time == total,
    )


def first_of(cut: Pieces, numbers: Floats, of: Flags) -> Floats:
    """The number of the first piece of a kind in each interval, 0 where there is none (m,)."""
    chosen = np.flatnonzero(of)[::-1]
    base = np.zeros(len(cut.bounds) - 1)
    base[cut.interval[chosen]] = numbers[chosen]
    return base
