"""Samples counted, picked and compared: Count, NumberOfTransitions, Start, End, Delta, WorstQuality, AnnotationCount.

An hour of a belt scale with 58 good and two Bad samples has Count 58; its status is by share of the samples.
An interval without samples inside the data has a Count of 0, Good.
"""

from __future__ import annotations

import numpy as np

from ferrolan.base.status import StatusCode
from ferrolan.historian.part13.answer import (
    CALCULATED,
    MULTIPLE_VALUES,
    PARTIAL,
    Answer,
    answer,
    by_share,
    hiding,
    is_bad,
    sound,
    with_bits,
    without_bits,
)
from ferrolan.historian.part13.view import BAD, GOOD, UNCERTAIN, Codes, Flags, Places, View, picked


def count(view: View) -> Answer:
    """Count: how many good samples there are (5.4.3.20).

    Uncertain samples are never counted; they keep the status from Good also where they are not treated as Bad (the
    examples: Historian1, 12:01:04, 0 UncertainDataSubNormal).
    """
    return answer(view, view.count(view.good).astype(np.float64), by_samples(view), CALCULATED)


def number_of_transitions(view: View) -> Answer:
    """NumberOfTransitions: how many usable samples differ from the usable one before them (5.4.3.24).

    The first usable sample of the data is a transition. The text of edition 1.05 speaks of changes between zero and
    non-zero; the examples count every change of a number (Historian2: 10, 20, 25, 30), and so does this.
    """
    knots = np.flatnonzero(view.usable)
    changed = np.zeros(len(view.time), np.bool_)
    changed[knots] = np.diff(view.value[knots], prepend=np.nan) != 0.0
    return answer(view, view.count(changed).astype(np.float64), by_samples(view), CALCULATED)


def annotation_count(view: View) -> Answer:
    """AnnotationCount: how many samples are stored (5.4.3.37).

    The text counts annotations, which this historian does not keep; the examples count stored samples, Bad and
    Uncertain ones included, and that is what is given.
    """
    stored = (view.status & 0xFFFF0000) != StatusCode.BAD_NO_DATA
    return answer(view, view.count(stored).astype(np.float64), int(StatusCode.GOOD), CALCULATED)


def start(view: View) -> Answer:
    """Start: the first sample, whatever its quality, with its own time (5.4.3.25)."""
    return _sample(view, np.where(view.after > view.first, view.first, len(view.time)))


def end(view: View) -> Answer:
    """End: the last sample, whatever its quality, with its own time (5.4.3.26)."""
    return _sample(view, np.where(view.after > view.first, view.after - 1, len(view.time)))


def delta(view: View) -> Answer:
    """Delta: the last less the first good value; UncertainDataSubNormal if others were skipped (5.4.3.27)."""
    first, last = view.earliest(view.good), view.latest(view.good)
    skipped = (first > view.first) | (last < view.after - 1)
    change = picked(view.value, last, np.nan) - picked(view.value, first, np.nan)
    return answer(view, change, sound(~skipped), CALCULATED)


def worst_quality(view: View) -> Answer:
    """WorstQuality: the worst status of the samples, as a value (5.4.3.35).

    MultipleValues is set where samples of that severity have different codes (edition 1.04). Edition 1.05 sets it
    wherever several have that severity; its own examples do not (two Good samples, Historian1, 12:00:16).
    """
    return _worst(view, np.full(len(view.starts), -1), np.zeros(len(view.starts), np.int64))


def worst_quality_2(view: View) -> Answer:
    """WorstQuality2: the worst status of the samples and of the simple bound at the start, as a value (5.4.3.36).

    TreatUncertainAsBad is ignored, so a bound after an Uncertain sample is Uncertain.
    """
    stands = (picked(view.time, view.first, -1) == view.starts) & (view.after > view.first)
    before = view.first - 1
    level = picked(view.level, before, BAD)
    follows = picked(view.level, view.first, BAD)
    level = np.where((level == GOOD) & (follows != GOOD) & (not view.stepped), UNCERTAIN, level)
    code = np.array([StatusCode.GOOD, StatusCode.UNCERTAIN_DATA_SUB_NORMAL, StatusCode.BAD_NO_DATA], np.int64)[level]
    return _worst(view, np.where(stands, -1, level), code)


def by_samples(view: View) -> Codes:
    """Status by share of samples: good ones, and those that are Bad or treated so (5.4.3.2.1)."""
    bad = view.count(view.level == BAD)
    if view.configuration.treat_uncertain_as_bad:
        bad = bad + view.count(view.level == UNCERTAIN)
    return by_share(view, view.count(view.good), bad, view.after - view.first)


def _sample(view: View, sample: Places) -> Answer:
    """A sample as it is; the bits say whether the interval is partial and whether another is hidden under it."""
    none = (sample >= len(view.time)) | view.outside
    status = np.where(none, int(StatusCode.BAD_NO_DATA), without_bits(picked(view.status, sample, 0)))
    bits = hiding(view, sample) | np.where(view.partial, PARTIAL, 0)
    time = np.where(none, view.starts, picked(view.time, sample, 0))
    value = np.where(is_bad(status), np.nan, picked(view.value, sample, np.nan))
    return Answer(time, value, with_bits(status, np.where(none, 0, bits)))


def _worst(view: View, bound: Codes, bound_code: Codes) -> Answer:
    """The worst of the samples and a bound (level -1: none); of equal ones the first."""
    worst = np.maximum(_highest(view), bound)
    first = view.earliest(_at_level(view, worst))
    code = np.where(bound == worst, bound_code, without_bits(picked(view.status, first, 0)))
    differing = _at_level(view, worst) & (without_bits(view.status) != picked(code, view.interval, 0))
    value = np.where(worst >= 0, code.astype(np.float64), np.nan)
    bits = CALCULATED | np.where(view.count(differing) > 0, MULTIPLE_VALUES, 0)
    return answer(view, value, int(StatusCode.GOOD), bits)


def _highest(view: View) -> Codes:
    """The worst level of the samples of each interval, -1 where there are none (m,)."""
    every = np.ones(len(view.level), np.bool_)
    highest = view.extreme(view.level.astype(np.float64), every, largest=True)
    return np.nan_to_num(highest, nan=-1.0).astype(np.int64)


def _at_level(view: View, level: Codes) -> Flags:
    there: Flags = view.level == picked(level, view.interval, -1)
    return there
