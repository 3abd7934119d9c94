"""The samples of one tag and the intervals of a request, with what every aggregate asks of them.

Leading and trailing samples with the status BadNoData say where the data begin and end; they are no data themselves
(OPC 10000-13, Annex A, begins each of its historians with one). The last sample lasts one resolution, so that an
interval in which a scale stops at 12:01:30.000 is covered until 12:01:30.001.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from ferrolan.base.status import StatusCode
from ferrolan.historian.part13.configuration import Configuration
from ferrolan.historian.split import Instants, Pieces, pieces

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
Places = NDArray[np.intp]
Codes = NDArray[np.int64]

GOOD, UNCERTAIN, BAD = 0, 1, 2
_MICROS = 1_000_000
_Kind = TypeVar("_Kind", bound=np.generic)


@dataclass(frozen=True)
class Durations:
    """How long each interval is good, uncertain and bad [us] (m,), and how long it is covered."""

    good: Instants
    uncertain: Instants
    bad: Instants
    covered: Instants


class View:
    """Samples and intervals.

    Parameters
    ----------
    time, value, status
        Winning samples in order of time: instants [us], values (NaN where there is none), status codes (n,). A value
        that is not finite is none, and a sample without a value is Bad.
    edges
        Rising edges of consecutive intervals [us] (m + 1,).
    configuration
        How to answer; ``stepped`` must be set.
    hides
        Which samples hide another one of the same time (n,); None where none is known to.
    clipped
        Whether the end of the request cut the last interval short.
    """

    def __init__(
        self,
        time: Instants,
        value: Floats,
        status: Codes,
        edges: Instants,
        configuration: Configuration,
        *,
        hides: Flags | None = None,
        clipped: bool = False,
    ) -> None:
        data = np.flatnonzero((status & 0xFFFF0000) != StatusCode.BAD_NO_DATA)
        kept = slice(data[0], data[-1] + 1) if len(data) else slice(0, 0)
        self.time = time[kept]
        self.value = np.where(np.isfinite(value[kept]), value[kept], np.nan)
        self.status = np.where(
            np.isnan(self.value) & (status[kept] < StatusCode.BAD), int(StatusCode.BAD), status[kept]
        )
        self.hides = np.zeros(len(self.time), np.bool_) if hides is None else hides[kept]
        self.edges, self.starts, self.ends = edges, edges[:-1], edges[1:]
        self.configuration = configuration
        self.stepped = bool(configuration.stepped)
        self.resolution = round(configuration.resolution.total_seconds() * _MICROS)
        self.level: NDArray[np.int64] = np.minimum((self.status >> 30) & 3, BAD)
        self.good = self.level == GOOD
        self.usable = self.good | ((self.level == UNCERTAIN) & (not configuration.treat_uncertain_as_bad))
        self._clipped = clipped

    @cached_property
    def first(self) -> Places:
        """The first sample at or after the start of each interval (m,)."""
        return np.searchsorted(self.time, self.starts, side="left")

    @cached_property
    def after(self) -> Places:
        """The first sample at or after the end of each interval (m,)."""
        return np.searchsorted(self.time, self.ends, side="left")

    @cached_property
    def interval(self) -> Places:
        """The interval of each sample; -1 and m outside (n,)."""
        return np.searchsorted(self.edges, self.time, side="right") - 1

    @cached_property
    def outside(self) -> Flags:
        """Which intervals lie wholly before or after the data (m,)."""
        if not len(self.time):
            return np.ones(len(self.starts), np.bool_)
        outside: Flags = (self.ends <= self.time[0]) | (self.starts > self.time[-1])
        return outside

    @cached_property
    def partial(self) -> Flags:
        """Which intervals reach beyond the data, or were cut short by the request (m,)."""
        if not len(self.time):
            return np.zeros(len(self.starts), np.bool_)
        reaching: Flags = (self.starts < self.time[0]) | (self.time[-1] + self.resolution < self.ends)
        reaching[-1:] |= self._clipped
        return reaching & ~self.outside

    @cached_property
    def covered_until(self) -> Instants:
        """The end of each interval or of the data, whichever comes first (m,)."""
        return self.ends if not len(self.time) else np.minimum(self.ends, self.time[-1] + self.resolution)

    def count(self, of: Flags) -> NDArray[np.int64]:
        """How many samples of a kind each interval holds (m,)."""
        running = np.concatenate([np.zeros(1, np.int64), np.cumsum(of)])
        counts: NDArray[np.int64] = running[self.after] - running[self.first]
        return counts

    @cached_property
    def stretches(self) -> Pieces:
        """The stretches of the samples within the covered part of each interval."""
        until = np.append(self.time[1:], self.time[-1:] + self.resolution)
        return pieces(self.time, until, self.starts, self.covered_until)

    @cached_property
    def inherited(self) -> Flags:
        """Which stretches are those of a sample before their interval (p,)."""
        return self.time[self.stretches.sample] < self.starts[self.stretches.interval]

    @cached_property
    def region(self) -> NDArray[np.int64]:
        """Level of each stretch (p,): that of its sample; of an inherited one that of the simple bound (3.1.9)."""
        level: NDArray[np.int64] = self.level[self.stretches.sample]
        if self.stepped:
            return level
        follows = np.append(self.level[1:], BAD)[self.stretches.sample]
        return np.where(self.inherited & (level == GOOD) & (follows != GOOD), UNCERTAIN, level)

    @cached_property
    def durations(self) -> Durations:
        """How long each interval is good, uncertain and bad; before the first sample it is bad."""
        return self.timed(self.region)

    def timed(self, region: NDArray[np.int64]) -> Durations:
        """How long each interval is good, uncertain and bad, if its stretches have these levels."""
        cut, length = self.stretches, self.stretches.length
        good, uncertain, bad = (cut.totals(np.where(region == level, length, 0)) for level in (GOOD, UNCERTAIN, BAD))
        covered = np.maximum(self.covered_until - self.starts, 0)
        return Durations(good, uncertain, bad + np.maximum(covered - good - uncertain - bad, 0), covered)

    def extreme(self, values: Floats, of: Flags, *, largest: bool) -> Floats:
        """The smallest (or largest) of the values of a kind in each interval, NaN where there is none (m,)."""
        sign = -1.0 if largest else 1.0
        padded = np.append(np.where(of, sign * values, np.inf), np.inf)
        found = sign * _reduced(np.minimum, padded, self.first, self.after)
        return np.where(np.isfinite(found) & (self.count(of) > 0), found, np.nan)

    def earliest(self, of: Flags) -> Places:
        """The first sample of a kind in each interval, n where there is none (m,)."""
        padded = np.append(np.where(of, np.arange(len(of)), len(of)), len(of))
        return np.where(self.count(of) > 0, _reduced(np.minimum, padded, self.first, self.after), len(of))

    def latest(self, of: Flags) -> Places:
        """The last sample of a kind in each interval, -1 where there is none (m,)."""
        padded = np.append(np.where(of, np.arange(len(of)), -1), -1)
        return np.where(self.count(of) > 0, _reduced(np.maximum, padded, self.first, self.after), -1)

    def sums(self, terms: Floats, of: Flags) -> Floats:
        """The terms of the samples of a kind, added up in each interval (m,)."""
        chosen = of & (self.interval >= 0) & (self.interval < len(self.starts))
        sums = np.bincount(self.interval[chosen], weights=terms[chosen], minlength=len(self.starts))
        return sums.astype(np.float64)


def picked(values: NDArray[_Kind], places: NDArray[np.integer], nothing: float) -> NDArray[_Kind]:
    """Values at places, ``nothing`` where a place is outside."""
    none = np.asarray(nothing, values.dtype)
    if not len(values):
        return np.full(len(places), none)
    inside = (places >= 0) & (places < len(values))
    found: NDArray[_Kind] = np.where(inside, values[np.where(inside, places, 0)], none)
    return found


def _reduced(how: np.ufunc, padded: NDArray[_Kind], first: Places, after: Places) -> NDArray[_Kind]:
    """``how`` over ``padded[first:after]`` of every interval; padded has one element more than there are samples."""
    reduced: NDArray[_Kind] = how.reduceat(padded, np.stack([first, after], axis=1).ravel())[::2]
    return reduced
