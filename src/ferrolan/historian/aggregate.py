"""From samples to measurements: one value a period, with its sigma, coverage and quality.

A belt scale reads 412 t/h at 07:50 and 420 t/h at 08:05; the week that ends at 08:00 takes ten of those fifteen
minutes, split exactly at the edge, and the week that begins there takes five. Bad time is left out, Uncertain time is
used and makes the result uncertain, and a period without data stays absent. A laboratory's ``<0.01`` is no value: a
period of such results alone is *below*, its value being the limit; where some results of a period are below it, their
share of the mean lies between zero and the limit, each as likely (GUM, 4.3.7).

The time-weighted mean of a flow respects ``stepped``. It is *not* the TimeAverage of OPC 10000-13, which joins points
by slope also where the historian is stepped.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import pairwise
from math import inf, isfinite, sqrt
from typing import Literal

import numpy as np
import polars as pl
from numpy.typing import NDArray

from ferrolan.base.errors import ProblemError
from ferrolan.base.status import at_most, bad, good
from ferrolan.base.tables import MEASUREMENTS
from ferrolan.base.time import Period
from ferrolan.historian.seam import Reader
from ferrolan.historian.split import Instants
from ferrolan.historian.timed import time_means

Method = Literal["time_mean", "mean", "at_start"]
Quality = Literal["good", "uncertain", "below", "bad", "absent"]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Signal:
    """A tag as a measured quantity: what it measures, and how a period's value is made of its samples.

    Parameters
    ----------
    tag, name
        Number and name in the tag map.
    kind, object, component
        What it measures, as in MEASUREMENTS.
    unit
        Canonical unit of the value.
    stepped
        Whether a value holds until the next one (True), or the points are joined by straight lines.
    sigma_absolute, sigma_relative
        Standard deviation of the period's value: ``sigma_absolute + sigma_relative * |value|`` [unit], [1].
    method
        ``time_mean`` of a flow, plain ``mean`` of the assays taken in the period, stock count ``at_start``.
    tolerance
        How far from the instant a stock count may lie.
    max_age
        How long a value holds at most; None holds it until the next sample, and never past the last one.
    sigma_maximum
        Largest standard deviation of the period's value [unit].
    detection_limit
        A sample below it is known to be at most this [unit]; None where there is no such limit.
    since, until
        Periods that begin in ``[since, until)`` are measured so [UTC]; every one where nothing is said (None).
    """

    tag: int
    name: str
    kind: str
    object: str
    component: str | None
    unit: str
    stepped: bool
    sigma_absolute: float
    sigma_relative: float
    method: Method
    tolerance: timedelta = timedelta(hours=12)
    max_age: timedelta | None = None
    sigma_maximum: float = inf
    detection_limit: float | None = None
    since: datetime | None = None
    until: datetime | None = None

    def holds(self, instant: datetime) -> bool:
        """Whether it says how a period that begins at an instant is measured."""
        return (self.since is None or self.since <= instant) and (self.until is None or instant < self.until)


def measure(historian: Reader, signals: Sequence[Signal], periods: Sequence[Period]) -> pl.DataFrame:
    r"""Measurements of the signals over the periods.

    ``time_mean`` over ``[a, b)`` is :math:`\int v\,dt / \int dt` over the time with usable (good or uncertain) data,
    where the sample before ``a`` counts. A value holds from its sample to the next; with ``stepped`` false it runs
    straight to the next value if that is usable, and holds if that is Bad.

    Parameters
    ----------
    historian
        Where the samples are.
    signals
        What to measure.
    periods
        Consecutive intervals; a stock is counted at the start of each and at the end of the last, which takes the
        number after it.

    Returns
    -------
    MEASUREMENTS, sorted by kind, object, component, tag and period. ``coverage`` is the share of the period with good
    data (of the samples, for a ``mean``; 0 or 1 for a count). Without usable data value and sigma are null and the
    quality is ``bad`` where there were samples, else ``absent``. Where all that is known is that the value is at most a
    detection limit, it is that limit and the quality is ``below``.

    Raises
    ------
    ProblemError
        If the periods are not consecutive, or a sigma is negative or not finite.
    """
    _check(signals, periods)
    rows = [
        _row(*measured)
        for method, way in _METHODS.items()
        if periods and (chosen := [signal for signal in signals if signal.method == method])
        for measured in way(historian, chosen, periods)
    ]
    frame = pl.DataFrame(rows, schema=MEASUREMENTS.schema, orient="row")
    return MEASUREMENTS.check(ordered(frame))


def ordered(measurements: pl.DataFrame) -> pl.DataFrame:
    """Measurements in their declared order."""
    return measurements.sort("kind", "object", "component", "tag", "period", maintain_order=True)


@dataclass(frozen=True)
class Trace:
    """The winning samples of one tag: times [us] (n,), values (n,), usable (n,), good (n,).

    ``limited`` (n,) says which values are limits that the quantity is known to be at most; None where none is.
    """

    time: NDArray[np.int64]
    value: NDArray[np.float64]
    usable: NDArray[np.bool_]
    good: NDArray[np.bool_]
    limited: NDArray[np.bool_] | None = None

    def below(self, limit: float | None) -> Trace:
        """The trace with samples below a detection limit as limits."""
        if limit is None:
            return self
        under = self.usable & (self.value < limit)
        limited = under if self.limited is None else under | self.limited
        return replace(self, value=np.where(under, limit, self.value), limited=limited)


@dataclass(frozen=True)
class Reading:
    """What a trace says about one period: value or None, share of good data, quality.

    ``unknown`` is how far the value may lie below, for limits that went into it; not before ``censored`` has seen it.
    """

    value: float | None
    coverage: float
    quality: Quality
    unknown: float = 0.0


def censored(trace: Trace, reading_of: Callable[[Trace], Reading]) -> Reading:
    """A reading of a trace in which some values are limits.

    Parameters
    ----------
    trace
        The samples, not negative where they are limits.
    reading_of
        How a reading is made of a trace; linear in its values.

    Returns
    -------
    ``below`` with the limit as value where nothing else went into it. Else the middle of what it can be, ``uncertain``,
    with the width of that range as ``unknown``.
    """
    upper = reading_of(trace)
    if upper.value is None or trace.limited is None or not trace.limited.any():
        return upper
    return _below(upper, reading_of(_width(trace, trace.limited)))


def _below(upper: Reading, width: Reading) -> Reading:
    """What is known of a reading whose value may lie lower by a width."""
    if upper.value is None or width.value is None or width.value <= 0.0:
        return upper
    if width.value >= upper.value:
        return replace(upper, quality="below")
    return Reading(upper.value - 0.5 * width.value, upper.coverage, "uncertain", unknown=width.value)


def _width(trace: Trace, limited: NDArray[np.bool_]) -> Trace:
    """A trace of how far each value may lie below."""
    return replace(trace, value=np.where(limited, trace.value, 0.0))


def time_mean(trace: Trace, start: int, end: int, *, stepped: bool, max_age: int | None = None) -> Reading:
    """Time-weighted mean over ``[start, end)`` [us]; see ``measure``.

    The mean is taken of the differences to the first value, so that the mean of a constant is that constant.
    """
    return next(_time_means(trace, np.array([start]), np.array([end]), stepped, max_age))


def mean(trace: Trace, start: int, end: int) -> Reading:
    """Plain mean of the usable samples taken within ``[start, end)`` [us]."""
    inside = (trace.time >= start) & (trace.time < end)
    taken, used = int(inside.sum()), inside & trace.usable
    if not used.any():
        return Reading(None, 0.0, "bad" if taken else "absent")
    good_count = int((used & trace.good).sum())
    base = float(trace.value[np.argmax(used)])
    value = base + float(np.mean(trace.value[used] - base))
    return Reading(value, good_count / taken, "good" if good_count == int(used.sum()) else "uncertain")


def nearest(trace: Trace, instant: int, tolerance: int) -> Reading:
    """Usable sample nearest to an instant within a tolerance [us]; of two as near, the earlier one."""
    distance = np.abs(trace.time - instant)
    near = distance <= tolerance
    used = np.flatnonzero(near & trace.usable)
    if not len(used):
        return Reading(None, 0.0, "bad" if near.any() else "absent")
    best = used[np.argmin(distance[used])]
    is_good = bool(trace.good[best])
    return Reading(float(trace.value[best]), float(is_good), "good" if is_good else "uncertain")


def _check(signals: Sequence[Signal], periods: Sequence[Period]) -> None:
    faults = [
        f"period {after.number} does not follow period {period.number}"
        for period, after in pairwise(periods)
        if after.number != period.number + 1 or after.start != period.end
    ]
    faults += [f"period {period.number} ends before it begins" for period in periods if period.end <= period.start]
    faults += [
        f"tag {signal.name}: sigma {sigma}"
        for signal in signals
        for sigma in (signal.sigma_absolute, signal.sigma_relative)
        if not (isfinite(sigma) and sigma >= 0.0)
    ]
    if faults:
        raise ProblemError("periods must be consecutive and sigmas finite and at least 0: " + "; ".join(faults))


def _of_time_mean(
    historian: Reader, signals: Sequence[Signal], periods: Sequence[Period]
) -> Iterator[tuple[Signal, int, Reading]]:
    start, end = periods[0].start, periods[-1].end
    tags = _tags(signals)
    parts = (historian.before(tags, start), historian.query(tags, start, end), historian.since(tags, end))
    traces = _traces(pl.concat(parts))
    numbers = np.array([period.number for period in periods])
    starts, ends = (np.array([_micros(edge) for edge in edges]) for edges in _edges(periods))
    for signal in signals:
        held = np.array([signal.holds(period.start) for period in periods])
        means = _censored_means(_trace(traces, signal), starts[held], ends[held], signal)
        yield from ((signal, int(number), reading) for number, reading in zip(numbers[held], means, strict=True))


def _edges(periods: Sequence[Period]) -> tuple[list[datetime], list[datetime]]:
    return [period.start for period in periods], [period.end for period in periods]


def _censored_means(trace: Trace, starts: Instants, ends: Instants, signal: Signal) -> Iterator[Reading]:
    max_age = _duration(signal.max_age) if signal.max_age else None
    uppers = _time_means(trace, starts, ends, signal.stepped, max_age)
    if trace.limited is None or not trace.limited.any():
        yield from uppers
        return
    widths = _time_means(_width(trace, trace.limited), starts, ends, signal.stepped, max_age)
    yield from (_below(upper, width) for upper, width in zip(uppers, widths, strict=True))


def _time_means(
    trace: Trace, starts: Instants, ends: Instants, stepped: bool, max_age: int | None
) -> Iterator[Reading]:
    found = time_means(
        trace.time, trace.value, trace.usable, trace.good, starts, ends, stepped=stepped, max_age=max_age
    )
    told = zip(found.value.tolist(), found.coverage.tolist(), found.quality.tolist(), found.used.tolist(), strict=True)
    for value, coverage, quality, used in told:
        yield Reading(value if used else None, coverage, quality)


def _of_mean(
    historian: Reader, signals: Sequence[Signal], periods: Sequence[Period]
) -> Iterator[tuple[Signal, int, Reading]]:
    traces = _traces(historian.query(_tags(signals), periods[0].start, periods[-1].end))
    for signal in signals:
        trace = _trace(traces, signal)
        for period in _held(signal, periods):
            start, end = _micros(period.start), _micros(period.end)
            yield signal, period.number, censored(trace, partial(mean, start=start, end=end))


def _of_count(
    historian: Reader, signals: Sequence[Signal], periods: Sequence[Period]
) -> Iterator[tuple[Signal, int, Reading]]:
    reach = max(signal.tolerance for signal in signals)
    # the upper end of a query is open: one microsecond more takes a count at the very end of the tolerance
    end = periods[-1].end + reach + timedelta(microseconds=1)
    traces = _traces(historian.query(_tags(signals), periods[0].start - reach, end))
    instants = [(period.number, period.start) for period in periods] + [(periods[-1].number + 1, periods[-1].end)]
    for signal in signals:
        trace, tolerance = _trace(traces, signal), _duration(signal.tolerance)
        for number, instant in instants:
            if not signal.holds(instant):
                continue
            yield signal, number, censored(trace, partial(nearest, instant=_micros(instant), tolerance=tolerance))


def _held(signal: Signal, periods: Sequence[Period]) -> Iterator[Period]:
    """The periods that a signal measures."""
    return (period for period in periods if signal.holds(period.start))


_Way = Callable[[Reader, Sequence[Signal], Sequence[Period]], Iterator[tuple[Signal, int, Reading]]]
_METHODS: Mapping[Method, _Way] = {"time_mean": _of_time_mean, "mean": _of_mean, "at_start": _of_count}
_NOTHING = Trace(np.empty(0, np.int64), np.empty(0), np.empty(0, np.bool_), np.empty(0, np.bool_))


def _trace(traces: Mapping[int, Trace], signal: Signal) -> Trace:
    return traces.get(signal.tag, _NOTHING).below(signal.detection_limit)


def _tags(signals: Sequence[Signal]) -> list[int]:
    return sorted({signal.tag for signal in signals})


def _traces(samples: pl.DataFrame) -> dict[int, Trace]:
    """Samples by tag as arrays, in order of time."""
    status, value = pl.col("status"), pl.col("value")
    frame = samples.sort("tag", "time").select(
        "tag",
        pl.col("time").dt.epoch("us"),
        value.fill_null(0.0),
        usable=value.is_not_null() & ~bad(status),
        good=value.is_not_null() & good(status),
        limited=value.is_not_null() & at_most(status),
    )
    parts = frame.partition_by("tag", include_key=False, as_dict=True)
    return {int(key[0]): Trace(*(part[name].to_numpy() for name in part.columns)) for key, part in parts.items()}


def _micros(instant: datetime) -> int:
    return _duration(instant - _EPOCH)


def _duration(span: timedelta) -> int:
    return span // timedelta(microseconds=1)


def _sigma(signal: Signal, reading: Reading) -> float:
    """Standard deviation of a reading: its meter's, and that of a range in which every value is as likely."""
    stated = signal.sigma_absolute + signal.sigma_relative * abs(reading.value or 0.0)
    return sqrt(min(stated, signal.sigma_maximum) ** 2 + reading.unknown**2 / 12.0)


def _row(signal: Signal, number: int, reading: Reading) -> tuple[object, ...]:
    value = reading.value
    sigma = None if value is None else _sigma(signal, reading)
    return (
        signal.name, signal.kind, signal.object, signal.component, number, value, sigma, signal.unit, reading.coverage,
        reading.quality,
    )  # fmt: skip
