"""Bounds: what a tag is taken to be at the edge of an interval, where no sample stands (3.1.8, 3.1.9).

A furnace reads 10 at 12:00:10 and 20 at 12:00:20; at 12:00:16 its bound is 16. The *simple* bound takes the samples
right beside the edge, whatever they are: after a Bad one there is none. The *interpolated* bound looks past Bad samples
for the next usable ones, and is UncertainDataSubNormal if it had to.

TreatUncertainAsBad makes an Uncertain sample a Bad one here too: the examples of StartBound give BadNoData 3 s after
such a sample (Historian2, 12:01:20), where the text of 3.1.9 gives UncertainDataSubNormal.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ferrolan.base.status import StatusCode
from ferrolan.historian.part13.answer import (
    CALCULATED,
    INTERPOLATED,
    PARTIAL,
    RAW,
    Answer,
    answer,
    hiding,
    is_bad,
    sound,
    with_bits,
    without_bits,
)
from ferrolan.historian.part13.view import Codes, Flags, Floats, Places, View, picked
from ferrolan.historian.split import Instants


@dataclass(frozen=True)
class Bound:
    """Bounds at some instants (m,): values (NaN: none), status codes, and the sample that stands there (n: none)."""

    value: Floats
    status: Codes
    sample: Places

    def stands(self, samples: int) -> Flags:
        """Where a sample stands at the very instant (m,)."""
        return self.sample < samples


def simple(view: View, at: Instants) -> Bound:
    """Simple bounds at instants, none before the first sample and after the last (3.1.9)."""
    exact, before, after = _around(view, at)
    here = exact < len(view.time)
    value, follows = _picked(view.value, before), picked(view.usable, after, False)
    joined = follows & (not view.stepped)
    value = np.where(joined, _line(view, at, before, after), value)
    good = picked(view.good, before, False) & (picked(view.good, after, False) | view.stepped)
    status = np.where(here, without_bits(picked(view.status, exact, 0)), sound(good))
    held = np.where(
        here, picked(view.usable, exact, False), picked(view.usable, before, False) & (after < len(view.time))
    )
    status = np.where(held, status, int(StatusCode.BAD_NO_DATA))
    return Bound(np.where(held, np.where(here, _picked(view.value, exact), value), np.nan), status, exact)


def interpolated(view: View, at: Instants) -> Bound:
    """Interpolated bounds at instants; beyond the last usable sample they are carried on (3.1.8)."""
    exact, _, after = _around(view, at)
    here = picked(view.usable, exact, False)
    knots = np.flatnonzero(view.usable)
    last = np.searchsorted(view.time[knots], at, side="right") - 1
    left, right = picked(knots, last, -1), picked(knots, last + 1, len(view.time))
    value = np.where(
        (right < len(view.time)) & (not view.stepped), _line(view, at, left, right), _picked(view.value, left)
    )
    beyond = right >= len(view.time)
    if view.configuration.use_sloped_extrapolation and not view.stepped and len(knots) > 1:
        pair = (np.full(len(at), knots[-2]), np.full(len(at), knots[-1]))
        value = np.where(beyond, _line(view, at, *pair), value)
    good = picked(view.good, left, False) & (left == after - 1)
    good &= (after < len(view.time)) & (view.stepped | (picked(view.good, right, False) & (right == after)))
    value = np.where(here, _picked(view.value, exact), value)
    status = np.where(here, sound(picked(view.good, exact, False)), sound(good))
    return Bound(value, np.where(np.isnan(value), int(StatusCode.BAD_NO_DATA), status), exact)


def interpolative(view: View) -> Answer:
    """Interpolative: the interpolated bound at the start of each interval (5.4.3.4).

    Beyond the end of the data it is carried on, UncertainDataSubNormal, as the text says; no table shows it.
    """
    bound = interpolated(view, view.starts)
    here = picked(view.usable, bound.sample, False)
    bits = np.where(here, RAW, INTERPOLATED)
    bad = is_bad(bound.status)
    return Answer(view.starts, np.where(bad, np.nan, bound.value), with_bits(bound.status, np.where(bad, 0, bits)))


def start_bound(view: View) -> Answer:
    """StartBound: the simple bound at the start of each interval (5.4.3.28)."""
    bound = simple(view, view.starts)
    bits = np.where(bound.stands(len(view.time)), hiding(view, bound.sample), INTERPOLATED)
    return _of_bound(view, bound, bits)


def end_bound(view: View) -> Answer:
    """EndBound: the simple bound at the end of each interval, stamped with its start (5.4.3.29)."""
    return _of_bound(view, simple(view, view.ends), np.full(len(view.starts), CALCULATED))


def delta_bounds(view: View) -> Answer:
    """DeltaBounds: end bound less start bound; Good if both are, BadNoData if one is Bad (5.4.3.30)."""
    start, end = simple(view, view.starts), simple(view, view.ends)
    good = ((start.status | end.status) & 0xC0000000) == StatusCode.GOOD
    return answer(view, end.value - start.value, sound(good), CALCULATED)


def _of_bound(view: View, bound: Bound, bits: Codes) -> Answer:
    """A bound as an answer: other than elsewhere, a missing one of a partial interval has the bit Partial."""
    status = np.where(view.outside, int(StatusCode.BAD_NO_DATA), bound.status)
    partial = np.where(view.partial, PARTIAL, 0).astype(np.int64)
    info = np.where(is_bad(status), 0, bits).astype(np.int64) | partial
    return Answer(view.starts, np.where(is_bad(status), np.nan, bound.value), with_bits(status, info))


def _around(view: View, at: Instants) -> tuple[Places, Places, Places]:
    """The sample at each instant (n: none), the last one before (-1) and the first one after (n)."""
    left, right = np.searchsorted(view.time, at, side="left"), np.searchsorted(view.time, at, side="right")
    return np.where(right > left, left, len(view.time)), left - 1, right


def _line(view: View, at: Instants, left: Places, right: Places) -> Floats:
    """The straight line through two samples, at an instant; NaN where one of them is missing."""
    t0, t1 = picked(view.time, left, 0), picked(view.time, right, 1)
    v0, v1 = _picked(view.value, left), _picked(view.value, right)
    with np.errstate(divide="ignore", invalid="ignore"):
        line: Floats = v0 + (v1 - v0) * ((at - t0) / (t1 - t0))
    return line


def _picked(values: Floats, places: Places) -> Floats:
    return picked(values, places, np.nan)
