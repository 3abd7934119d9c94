"""Smallest and largest values of an interval, with and without its bounds (5.4.3.10 to 5.4.3.19).

*Minimum* knows the good samples alone. *Minimum2* also knows the simple bounds, so that an hour between two samples has
an extreme; a stepped tag has no end bound, since its value at the end is that of a sample before.

Where text and examples differ, the examples are followed: the text gives UncertainDataSubNormal where an Uncertain
value lies beyond the good extreme, the examples (Maximum, Historian5, 12:01:04: 30 Good beside an Uncertain 70) do not
unless Uncertain is treated as Bad. *Maximum2* calls an end bound that a sample stands on Calculated,
*MaximumActualTime2* calls the same one Interpolated and stamps it one resolution before the end.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ferrolan.base.status import StatusCode
from ferrolan.historian.part13.answer import (
    CALCULATED,
    INTERPOLATED,
    MULTIPLE_VALUES,
    Answer,
    answer,
    hiding,
    sound,
)
from ferrolan.historian.part13.bounds import simple
from ferrolan.historian.part13.durations import by_time
from ferrolan.historian.part13.view import UNCERTAIN, Codes, Flags, Floats, Places, View, picked
from ferrolan.historian.split import Instants


def minimum(view: View) -> Answer:
    """Minimum: the smallest good value, stamped with the start of its interval (5.4.3.10)."""
    return _at_start(view, _raw(view, largest=False))


def maximum(view: View) -> Answer:
    """Maximum: the largest good value, stamped with the start of its interval (5.4.3.11)."""
    return _at_start(view, _raw(view, largest=True))


def minimum_actual_time(view: View) -> Answer:
    """MinimumActualTime: the smallest good value, with the time of the earliest such sample (5.4.3.12)."""
    return _at_time(view, _raw(view, largest=False))


def maximum_actual_time(view: View) -> Answer:
    """MaximumActualTime: the largest good value, with the time of the earliest such sample (5.4.3.13)."""
    return _at_time(view, _raw(view, largest=True))


def spread(view: View) -> Answer:
    """Range: the largest less the smallest good value (5.4.3.14)."""
    return _range(view, _raw(view, largest=False), _raw(view, largest=True))


def minimum_2(view: View) -> Answer:
    """Minimum2: the smallest value, bounds included, stamped with the start of its interval (5.4.3.15)."""
    return _at_start(view, _bounded(view, largest=False))


def maximum_2(view: View) -> Answer:
    """Maximum2: the largest value, bounds included, stamped with the start of its interval (5.4.3.16)."""
    return _at_start(view, _bounded(view, largest=True))


def minimum_actual_time_2(view: View) -> Answer:
    """MinimumActualTime2: the smallest value, bounds included, with its own time (5.4.3.17)."""
    return _at_time(view, _bounded(view, largest=False))


def maximum_actual_time_2(view: View) -> Answer:
    """MaximumActualTime2: the largest value, bounds included, with its own time (5.4.3.18)."""
    return _at_time(view, _bounded(view, largest=True))


def spread_2(view: View) -> Answer:
    """Range2: the largest less the smallest value, bounds included (5.4.3.19)."""
    return _range(view, _bounded(view, largest=False), _bounded(view, largest=True))


@dataclass(frozen=True)
class _Extreme:
    """The extreme of each interval (m,): value, status, time, whether it occurs more than once, and where it stands.

    ``sample`` is the earliest sample that has it (n: none); ``at_start`` and ``at_end`` say that it is a bound between
    samples at the start, or the one at the end.
    """

    value: Floats
    status: Codes
    time: Instants
    many: Flags
    sample: Places
    at_start: Flags
    at_end: Flags
    end_stands: Flags


def _raw(view: View, *, largest: bool) -> _Extreme:
    value = view.extreme(view.value, view.good, largest=largest)
    usable_only = view.count(view.level > UNCERTAIN) == 0
    if view.configuration.treat_uncertain_as_bad:
        usable_only &= view.count(view.level == UNCERTAIN) == 0
    never = np.zeros(len(value), np.bool_)
    equal = _equal(view, value, view.good)
    sample = view.earliest(equal)
    time = picked(view.time, sample, 0)
    return _Extreme(value, sound(usable_only), time, view.count(equal) > 1, sample, never, never, never)


def _bounded(view: View, *, largest: bool) -> _Extreme:
    """Of equal ones the earliest counts: a bound at the start, then samples, then the bound at the end."""
    start, end = simple(view, view.starts), simple(view, view.ends)
    first = np.where(start.stands(len(view.time)), np.nan, start.value)
    last = np.full(len(first), np.nan) if view.stepped else end.value
    among = view.extreme(view.value, view.usable, largest=largest)
    best = np.fmax if largest else np.fmin
    value = best(best(first, among), last)
    equal = _equal(view, value, view.usable)
    samples, at_start = view.count(equal), first == value
    at_end = (last == value) & (samples == 0) & ~at_start
    many = samples + at_start + (last == value) > 1
    sample = np.where(at_start, len(view.time), view.earliest(equal))
    time = np.where(at_start, view.starts, np.where(at_end, view.ends - view.resolution, picked(view.time, sample, 0)))
    status = by_time(view, view.durations, view.durations.covered, uncertain_is_good=True)
    return _Extreme(value, status, time, many, sample, at_start, at_end, end.stands(len(view.time)))


def _equal(view: View, value: Floats, of: Flags) -> Flags:
    """Which samples of a kind have the value that belongs to their interval (n,)."""
    equal: Flags = of & (view.value == picked(value, view.interval, np.nan))
    return equal


def _at_start(view: View, found: _Extreme) -> Answer:
    on_start = picked(view.time, found.sample, -1) == view.starts
    raw = on_start & (found.status == StatusCode.GOOD)
    between = found.at_start | (found.at_end & ~found.end_stands)
    bits = np.where(raw, hiding(view, found.sample), np.where(between, INTERPOLATED, CALCULATED))
    return answer(view, found.value, found.status, bits | np.where(found.many, MULTIPLE_VALUES, 0))


def _at_time(view: View, found: _Extreme) -> Answer:
    bits = np.where(found.at_start | found.at_end, INTERPOLATED, hiding(view, found.sample))
    return answer(view, found.value, found.status, bits | np.where(found.many, MULTIPLE_VALUES, 0), time=found.time)


def _range(view: View, low: _Extreme, high: _Extreme) -> Answer:
    return answer(view, high.value - low.value, low.status, CALCULATED)
