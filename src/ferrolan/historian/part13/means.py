"""Means and totals: of samples (Average), of time with interpolated bounds (TimeAverage, Total) and simple ones (...2).

A flow of 10 t/h at 12:00:10 and 20 t/h at 12:00:20 has a TimeAverage of 12.5 t/h over the five seconds from 12:00:10.
*TimeAverage* joins usable samples by straight lines across Bad ones, **also where the tag is stepped**: so say text and
examples. *Total* is called TimeAverage times the interval by the text; in the examples it is the integral over the
covered part of the first interval, and follows the steps of a stepped tag (Historian3), where the text says that it is
sloped. Ferrolan's own means respect ``stepped`` and never cross a Bad stretch: ``historian.aggregate``.

An interval that begins after the last sample has no value: the examples say BadNoData (TimeAverage, 12:01:35), the text
"value extrapolated". Within the last interval values are extrapolated, and UncertainDataSubNormal.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from ferrolan.base.status import StatusCode
from ferrolan.historian.part13.answer import CALCULATED, Answer, answer, sound
from ferrolan.historian.part13.counts import by_samples
from ferrolan.historian.part13.durations import by_time
from ferrolan.historian.part13.view import BAD, GOOD, UNCERTAIN, Codes, Flags, Floats, Places, View, picked
from ferrolan.historian.split import Instants, Pieces, pieces, segments
from ferrolan.historian.timed import first_of

_MICROS = 1e6


def average(view: View) -> Answer:
    """Average: the plain mean of the good samples (5.4.3.5); the examples never set Partial, and neither does this."""
    mean = means_of_samples(view)
    status = np.where(np.isnan(mean), int(StatusCode.BAD_NO_DATA), by_samples(view))
    return answer(view, mean, status, CALCULATED, marked=False)


def time_average(view: View) -> Answer:
    """TimeAverage: the mean over time, usable samples joined by straight lines (5.4.3.6)."""
    curve = _curve(view, stepped=False)
    return answer(view, curve.mean, sound(curve.sound), CALCULATED)


def total(view: View) -> Answer:
    """Total: the integral over time [unit x s], by steps where the tag is stepped (5.4.3.8 says by slope)."""
    curve = _curve(view, stepped=view.stepped)
    return answer(view, curve.mean * curve.length / _MICROS, sound(curve.sound), CALCULATED)


def time_average_2(view: View) -> Answer:
    """TimeAverage2: the mean over the time that is not Bad, between simple bounds (5.4.3.7).

    A value before a Bad sample holds until that. The status is by share of the whole interval, time beyond the data
    being Bad; time on a line to or from an Uncertain sample, and time that holds before a Bad one, is Uncertain.
    """
    curve = _held(view)
    return answer(view, curve.mean, _status_2(view), CALCULATED)


def total_2(view: View) -> Answer:
    """Total2: TimeAverage2 times the time that is not Bad [unit x s] (5.4.3.9)."""
    curve = _held(view)
    return answer(view, curve.mean * curve.length / _MICROS, _status_2(view), CALCULATED)


def means_of_samples(view: View) -> Floats:
    """Plain mean of the good samples of each interval, NaN where there is none (m,)."""
    base = picked(view.value, view.earliest(view.good), np.nan)
    above = view.sums(view.value - picked(base, view.interval, np.nan), view.good)
    return base + above / np.maximum(view.count(view.good), 1)


@dataclass(frozen=True)
class _Curve:
    """A curve over each interval (m,): its mean (NaN: none), the time it was known [us], whether it is sound."""

    mean: Floats
    length: Instants
    sound: Flags


def _curve(view: View, *, stepped: bool) -> _Curve:
    """The curve through the usable samples, carried on beyond the last one (3.1.8)."""
    knots = np.flatnonzero(view.usable)
    if not len(knots):
        nothing = np.zeros(len(view.starts), np.int64)
        return _Curve(np.full(len(view.starts), np.nan), nothing, nothing > 0)
    time, value = view.time[knots], view.value[knots]
    beyond = max(int(view.ends[-1]), int(time[-1]) + 1)
    slope = np.zeros(len(value)) if stepped else np.append(np.diff(value) / np.diff(time), 0.0)
    if view.configuration.use_sloped_extrapolation and not stepped and len(knots) > 1:
        slope[-1] = slope[-2]
    cut = pieces(time, np.append(time[1:], beyond), view.starts, view.ends)
    mean, length = _mean(cut, time, value, slope, np.ones(len(time), np.bool_))
    return _Curve(mean, length, _is_sound(view, knots, cut, stepped=stepped))


def _is_sound(view: View, knots: Places, cut: Pieces, *, stepped: bool) -> Flags:
    """Where no sample was skipped, none is Uncertain and nothing was carried on (m,)."""
    if stepped:
        rough = np.where(view.level[view.stretches.sample] == GOOD, 0, view.stretches.length)
        return _nothing(view.stretches.totals(rough)) & ~_reaching(view, knots)
    good, here = view.good[knots], np.append(np.diff(knots) == 1, False)
    fine = good & np.append(good[1:], False) & here
    last = view.time[knots[-1]]
    ends_there = (cut.low == last) & (cut.high <= last + view.resolution) & good[-1]
    rough = np.where(fine[cut.sample] | ends_there, 0, cut.length)
    return _nothing(cut.totals(rough)) & ~_reaching(view, knots)


def _reaching(view: View, knots: Places) -> Flags:
    """Which intervals begin before the first usable sample, or end after the data (m,)."""
    reaching: Flags = (view.starts < view.time[knots[0]]) | (view.time[-1] + view.resolution < view.ends)
    return reaching


def _nothing(length: Instants) -> Flags:
    nothing: Flags = length == 0
    return nothing


def _held(view: View) -> _Curve:
    """The curve between simple bounds: nothing where a sample is Bad, and none beyond the data (3.1.9)."""
    value = np.where(view.usable, view.value, 0.0)
    _, slope, _ = segments(view.time, value, view.usable, stepped=view.stepped)
    mean, length = _mean(view.stretches, view.time, value, slope, view.usable)
    return _Curve(mean, length, length > 0)


def _status_2(view: View) -> Codes:
    level, follows = view.level, np.append(view.level[1:], view.level[-1:])
    level = level if view.stepped else np.where((level == GOOD) & (follows != GOOD), UNCERTAIN, level)
    region = level[view.stretches.sample]
    spent = view.timed(np.where(view.usable[view.stretches.sample], region, BAD))
    whole = view.ends - view.starts
    missing = whole - spent.good - spent.uncertain - spent.bad
    spent = replace(spent, bad=spent.bad + missing)
    return by_time(view, spent, whole, uncertain_is_good=False)


def _mean(cut: Pieces, time: Instants, value: Floats, slope: Floats, known: Flags) -> tuple[Floats, Instants]:
    """Mean over the pieces of known samples (m,), and how long they are [us] (m,).

    Taken of the differences to the first value of each interval, so that the mean of a constant is that constant.
    """
    used = np.where(known[cut.sample], cut.length, 0)
    length = cut.totals(used)
    middle = value[cut.sample] + slope[cut.sample] * (cut.low - time[cut.sample] + 0.5 * cut.length)
    base = first_of(cut, middle, used > 0)
    terms = np.where(used > 0, used * (middle - base[cut.interval]), 0.0)
    weighted = np.bincount(cut.interval, weights=terms, minlength=len(length))
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(length > 0, base + weighted / length, np.nan), length
