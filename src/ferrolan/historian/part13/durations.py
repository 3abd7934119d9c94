"""Time in a state and time of a quality [ms], and shares of it [%].

A pump runs from 12:00:52 and its signal is lost for 6 s: DurationInStateNonZero counts the good seconds it ran,
DurationBad the six. Regions begin with a sample and have its quality; the region before the first sample of an interval
has that of the simple bound at its start. Good, Bad and Uncertain time add up to what the data cover of the interval.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ferrolan.base.status import StatusCode
from ferrolan.historian.part13.answer import CALCULATED, Answer, answer, by_share
from ferrolan.historian.part13.view import BAD, GOOD, UNCERTAIN, Codes, Durations, View

_MICROS_A_MILLI = 1000.0


def duration_in_state_zero(view: View) -> Answer:
    """DurationInStateZero: good time with the value zero [ms] (5.4.3.22)."""
    return _in_state(view, zero=True)


def duration_in_state_non_zero(view: View) -> Answer:
    """DurationInStateNonZero: good time with another value than zero [ms] (5.4.3.23).

    Uncertain time is left out also where it is not treated as Bad, though it then counts as Good for the status (the
    examples: Historian1, 12:01:04, 0 ms Good).
    """
    return _in_state(view, zero=False)


def duration_good(view: View) -> Answer:
    """DurationGood: good time [ms], always Good (5.4.3.31)."""
    return _always_good(view, view.durations.good / _MICROS_A_MILLI)


def duration_bad(view: View) -> Answer:
    """DurationBad: Bad time [ms], always Good; see ``bad_time`` (5.4.3.32)."""
    return _always_good(view, bad_time(view) / _MICROS_A_MILLI)


def percent_good(view: View) -> Answer:
    """PercentGood: good time as a share of what the data cover [%], always Good (5.4.3.33)."""
    return _share(view, view.durations.good)


def percent_bad(view: View) -> Answer:
    """PercentBad: Bad time as a share of what the data cover [%], always Good (5.4.3.34)."""
    return _share(view, bad_time(view))


def bad_time(view: View) -> NDArray[np.int64]:
    """Bad time [us] (m,), with Uncertain time where that is treated as Bad.

    The examples make one difference that the text does not: an Uncertain sample *before* an interval makes its first
    region Bad where the tag is sloped (Historian2, 12:01:20: 3,000 ms), and not where it is stepped (Historian3: 0).
    """
    if not view.configuration.treat_uncertain_as_bad:
        return view.durations.bad
    spared = view.inherited & view.stepped & (view.region == UNCERTAIN)
    spent = view.timed(np.where((view.region == UNCERTAIN) & ~spared, BAD, view.region))
    return spent.bad


def by_time(view: View, spent: Durations, whole: Codes, *, uncertain_is_good: bool) -> Codes:
    """Status by share of time (5.4.3.2.1).

    Parameters
    ----------
    view
        What was asked.
    spent
        Time by quality; Uncertain time counts as Bad where it is treated so.
    whole
        What the shares are of [us] (m,).
    uncertain_is_good
        Whether other Uncertain time counts as Good; else as neither.
    """
    if view.configuration.treat_uncertain_as_bad:
        return by_share(view, spent.good, spent.bad + spent.uncertain, whole)
    return by_share(view, spent.good + (spent.uncertain if uncertain_is_good else 0), spent.bad, whole)


def _in_state(view: View, *, zero: bool) -> Answer:
    cut = view.stretches
    there = (view.value[cut.sample] == 0.0) == zero
    spent = cut.totals(np.where(there & (view.region == GOOD), cut.length, 0))
    status = by_time(view, view.durations, view.durations.covered, uncertain_is_good=True)
    return answer(view, spent / _MICROS_A_MILLI, status, CALCULATED)


def _share(view: View, spent: NDArray[np.int64]) -> Answer:
    covered = np.maximum(view.durations.covered, 1)
    return _always_good(view, 100.0 * spent / covered)


def _always_good(view: View, value: NDArray[np.float64]) -> Answer:
    return answer(view, value, int(StatusCode.GOOD), CALCULATED)
