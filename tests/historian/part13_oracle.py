"""The aggregates again, slowly: plain Python after the words of OPC 10000-13, one interval at a time, exact fractions.

Nothing is shared with what it checks. Times are whole seconds; a sample is (time, value, level) with level 0 good, 1
uncertain, 2 bad. An answer is (value or None, severity), the severity of a missing value being 2.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from math import sqrt

GOOD, UNCERTAIN, BAD = 0, 1, 2
Sample = tuple[int, int, int]
Found = tuple[Fraction | float | None, int]
NOTHING: Found = (None, BAD)
LAST = Fraction(1, 1000)


@dataclass(frozen=True)
class Asked:
    """Samples, one interval, and the configuration."""

    samples: list[Sample]
    start: int
    end: int
    stepped: bool
    uncertain_is_bad: bool
    sloped_beyond: bool = False
    percent: int = 100

    @property
    def inside(self) -> list[Sample]:
        return [one for one in self.samples if self.start <= one[0] < self.end]

    @property
    def outside(self) -> bool:
        return not self.samples or self.end <= self.samples[0][0] or self.start > self.samples[-1][0]

    def usable(self, sample: Sample) -> bool:
        return sample[2] == GOOD or (sample[2] == UNCERTAIN and not self.uncertain_is_bad)


def line(left: Sample, right: Sample, at: Fraction | int) -> Fraction:
    return left[1] + Fraction(right[1] - left[1]) * (Fraction(at) - left[0]) / (right[0] - left[0])


def simple(asked: Asked, at: int) -> tuple[Fraction | None, int]:
    """3.1.9."""
    for sample in asked.samples:
        if sample[0] == at:
            return (Fraction(sample[1]), sample[2]) if asked.usable(sample) else NOTHING
    before = [one for one in asked.samples if one[0] < at]
    after = [one for one in asked.samples if one[0] > at]
    if not before or not after or not asked.usable(before[-1]):
        return NOTHING
    left, right = before[-1], after[0]
    if asked.stepped:
        return Fraction(left[1]), left[2]
    if not asked.usable(right):
        return Fraction(left[1]), UNCERTAIN
    return line(left, right, at), max(left[2], right[2])


def interpolated(asked: Asked, at: int) -> tuple[Fraction | None, int]:
    """3.1.8."""
    for sample in asked.samples:
        if sample[0] == at and asked.usable(sample):
            return Fraction(sample[1]), sample[2]
    before = [one for one in asked.samples if one[0] < at and asked.usable(one)]
    after = [one for one in asked.samples if one[0] > at and asked.usable(one)]
    if not before:
        return NOTHING
    left = before[-1]
    if not after:
        if asked.sloped_beyond and not asked.stepped and len(before) > 1:
            return line(before[-2], left, at), UNCERTAIN
        if not asked.stepped or asked.samples[-1][0] < at:
            return Fraction(left[1]), UNCERTAIN
        skipped = any(left[0] < one[0] <= at for one in asked.samples)
        return Fraction(left[1]), UNCERTAIN if skipped else left[2]
    right = after[0]
    if asked.stepped:
        skipped = any(left[0] < one[0] <= at for one in asked.samples)
        return Fraction(left[1]), UNCERTAIN if skipped else left[2]
    skipped = any(left[0] < one[0] < right[0] for one in asked.samples)
    return line(left, right, at), UNCERTAIN if skipped else max(left[2], right[2])


def interpolative(asked: Asked) -> Found:
    return interpolated(asked, asked.start)


def start_bound(asked: Asked) -> Found:
    return NOTHING if asked.outside else simple(asked, asked.start)


def end_bound(asked: Asked) -> Found:
    return NOTHING if asked.outside else simple(asked, asked.end)


def delta_bounds(asked: Asked) -> Found:
    (first, one), (last, other) = start_bound(asked), end_bound(asked)
    return NOTHING if first is None or last is None else (last - first, max(one, other))


def regions(asked: Asked) -> list[tuple[Fraction, Fraction, Sample]]:
    """The covered part of the interval, cut at its samples: from, until, the sample that goes on there."""
    until = min(Fraction(asked.end), asked.samples[-1][0] + LAST)
    found = []
    for place, sample in enumerate(asked.samples):
        following = asked.samples[place + 1][0] if place + 1 < len(asked.samples) else sample[0] + LAST
        low, high = max(Fraction(asked.start), Fraction(sample[0])), min(until, Fraction(following))
        if high > low:
            found.append((low, high, sample))
    return found


def level_at_start(asked: Asked, sample: Sample) -> int:
    """Level of a region: that of its sample, of an inherited one that of the simple bound."""
    if sample[0] >= asked.start or asked.stepped or sample[2] != GOOD:
        return sample[2]
    following = next(one for one in asked.samples if one[0] > sample[0])
    return UNCERTAIN if following[2] != GOOD else GOOD


def covered(asked: Asked) -> Fraction:
    return min(Fraction(asked.end), asked.samples[-1][0] + LAST) - asked.start


def duration_good(asked: Asked) -> Found:
    if asked.outside:
        return NOTHING
    return sum((b - a for a, b, s in regions(asked) if level_at_start(asked, s) == GOOD), Fraction(0)) * 1000, GOOD


def duration_bad(asked: Asked) -> Found:
    """5.4.3.32, with the one exception of the examples: stepped, an uncertain sample before the interval."""
    if asked.outside:
        return NOTHING
    total = max(Fraction(0), Fraction(asked.samples[0][0] - asked.start))
    for low, high, sample in regions(asked):
        level = level_at_start(asked, sample)
        spared = asked.stepped and sample[0] < asked.start
        if level == BAD or (level == UNCERTAIN and asked.uncertain_is_bad and not spared):
            total += high - low
    return total * 1000, GOOD


def percent_good(asked: Asked) -> Found:
    value, level = duration_good(asked)
    return NOTHING if value is None else (value / 10 / covered(asked), level)


def percent_bad(asked: Asked) -> Found:
    value, level = duration_bad(asked)
    return NOTHING if value is None else (value / 10 / covered(asked), level)


def held(asked: Asked) -> tuple[Fraction, Fraction]:
    """Integral between simple bounds, and the time that is not Bad [s]."""
    area, time = Fraction(0), Fraction(0)
    for low, high, sample in regions(asked):
        if not asked.usable(sample):
            continue
        following = next((one for one in asked.samples if one[0] > sample[0]), None)
        middle = Fraction(sample[1])
        if not asked.stepped and following and asked.usable(following):
            middle = line(sample, following, (low + high) / 2)
        area, time = area + middle * (high - low), time + (high - low)
    return area, time


def time_average_2(asked: Asked) -> Found:
    if asked.outside or not held(asked)[1]:
        return NOTHING
    area, time = held(asked)
    return area / time, status_2(asked)


def total_2(asked: Asked) -> Found:
    value, level = time_average_2(asked)
    return NOTHING if value is None else (value * held(asked)[1], level)


def status_2(asked: Asked) -> int:
    """Share of good time of the whole interval, at the two limits."""
    good = bad = Fraction(0)
    for low, high, sample in regions(asked):
        following = next((one for one in asked.samples if one[0] > sample[0]), sample)
        rough = sample[2] == GOOD and not asked.stepped and following[2] != GOOD
        level = UNCERTAIN if rough else sample[2]
        good += (high - low) * (level == GOOD)
        bad += (high - low) * (level == BAD or (level == UNCERTAIN and asked.uncertain_is_bad))
    whole = asked.end - asked.start
    bad += whole - sum(high - low for low, high, _ in regions(asked))
    if 100 * good >= asked.percent * whole:
        return GOOD
    return BAD if 100 * bad >= asked.percent * whole else UNCERTAIN


def time_average(asked: Asked) -> Found:
    """5.4.3.6: the usable samples joined by lines, whatever ``stepped`` says."""
    if asked.outside:
        return NOTHING
    area, time, sound = joined(asked, stepped=False)
    return NOTHING if time <= 0 else (area / time, GOOD if sound else UNCERTAIN)


def total(asked: Asked) -> Found:
    if asked.outside:
        return NOTHING
    area, time, sound = joined(asked, stepped=asked.stepped)
    return NOTHING if time <= 0 else (area, GOOD if sound else UNCERTAIN)


def joined(asked: Asked, *, stepped: bool) -> tuple[Fraction, Fraction, bool]:
    knots = [one for one in asked.samples if asked.usable(one)]
    if not knots or not asked.samples:
        return Fraction(0), Fraction(0), False
    low = max(asked.start, knots[0][0])
    if low >= asked.end:
        return Fraction(0), Fraction(0), False
    cuts = sorted({low, asked.end, *(one[0] for one in asked.samples if low < one[0] < asked.end)})
    area, sound = Fraction(0), knots[0][0] <= asked.start and asked.end <= asked.samples[-1][0]
    for first, last in pairwise(cuts):
        left = max((one for one in knots if one[0] <= first), key=lambda one: one[0])
        after = [one for one in knots if one[0] > first]
        value = Fraction(left[1])
        if not stepped and after:
            value = line(left, after[0], Fraction(first + last, 2))
        elif not stepped and asked.sloped_beyond and len(knots) > 1:
            value = line(knots[-2], knots[-1], Fraction(first + last, 2))
        area += value * (last - first)
        if stepped:
            raw = max((one for one in asked.samples if one[0] <= first), key=lambda one: one[0])
            sound &= raw[2] == GOOD
        else:
            skipped = any(left[0] < one[0] < after[0][0] for one in asked.samples) if after else True
            sound &= not skipped and left[2] == GOOD and after[0][2] == GOOD
    return area, Fraction(asked.end - low), sound


def time_quality(asked: Asked) -> int:
    """5.4.3.2.1 by time: uncertain time is good or bad as configured."""
    good = bad = Fraction(0)
    for low, high, sample in regions(asked):
        level = level_at_start(asked, sample)
        good += (high - low) * (level == GOOD or (level == UNCERTAIN and not asked.uncertain_is_bad))
        bad += (high - low) * (level == BAD or (level == UNCERTAIN and asked.uncertain_is_bad))
    bad += max(Fraction(0), Fraction(asked.samples[0][0] - asked.start))
    whole = covered(asked)
    if 100 * good >= asked.percent * whole:
        return GOOD
    return BAD if 100 * bad >= asked.percent * whole else UNCERTAIN


def candidates(asked: Asked) -> list[Fraction]:
    """The bounds and the usable samples; a stepped tag has no end bound."""
    bounds = [simple(asked, asked.start)[0], None if asked.stepped else simple(asked, asked.end)[0]]
    return [one for one in bounds if one is not None] + [Fraction(one[1]) for one in asked.inside if asked.usable(one)]


def minimum_2(asked: Asked) -> Found:
    return NOTHING if asked.outside or not candidates(asked) else (min(candidates(asked)), time_quality(asked))


def maximum_2(asked: Asked) -> Found:
    return NOTHING if asked.outside or not candidates(asked) else (max(candidates(asked)), time_quality(asked))


def good_values(asked: Asked) -> list[int]:
    return [one[1] for one in asked.inside if one[2] == GOOD]


def average(asked: Asked) -> Found:
    values = good_values(asked)
    return (Fraction(sum(values), len(values)), by_count(asked)) if values else NOTHING


def by_count(asked: Asked) -> int:
    levels = [one[2] for one in asked.inside]
    bad = sum(level == BAD or (level == UNCERTAIN and asked.uncertain_is_bad) for level in levels)
    if 100 * levels.count(GOOD) >= asked.percent * len(levels):
        return GOOD
    return BAD if 100 * bad >= asked.percent * len(levels) else UNCERTAIN


def standard_deviation_population(asked: Asked) -> Found:
    values = good_values(asked)
    if not values:
        return NOTHING
    mean = Fraction(sum(values), len(values))
    level = GOOD if len(values) == len(asked.inside) else UNCERTAIN
    return sqrt(sum((value - mean) ** 2 for value in values) / len(values)), level


def number_of_transitions(asked: Asked) -> Found:
    if asked.outside:
        return NOTHING
    usable = [one for one in asked.samples if asked.usable(one)]
    count = sum(
        place == 0 or usable[place - 1][1] != sample[1]
        for place, sample in enumerate(usable)
        if asked.start <= sample[0] < asked.end
    )
    return Fraction(count), by_count(asked)


def worst_quality_2(asked: Asked) -> Found:
    """The severity alone; here it is the value."""
    if asked.outside:
        return NOTHING
    ignoring = Asked(asked.samples, asked.start, asked.end, asked.stepped, uncertain_is_bad=False)
    levels = [one[2] for one in asked.inside]
    if not any(one[0] == asked.start for one in asked.inside):
        levels.append(simple(ignoring, asked.start)[1])
    return Fraction(max(levels)), GOOD


ORACLES: dict[str, Callable[[Asked], Found]] = {
    "Interpolative": interpolative,
    "Average": average,
    "TimeAverage": time_average,
    "TimeAverage2": time_average_2,
    "Total": total,
    "Total2": total_2,
    "Minimum2": minimum_2,
    "Maximum2": maximum_2,
    "MinimumActualTime2": minimum_2,
    "MaximumActualTime2": maximum_2,
    "NumberOfTransitions": number_of_transitions,
    "StartBound": start_bound,
    "EndBound": end_bound,
    "DeltaBounds": delta_bounds,
    "DurationGood": duration_good,
    "DurationBad": duration_bad,
    "PercentGood": percent_good,
    "PercentBad": percent_bad,
    "WorstQuality2": worst_quality_2,
    "StandardDeviationPopulation": standard_deviation_population,
}
