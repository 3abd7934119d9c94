"""The exact cut at edges: every piece lies in its interval and its sample, and none is missing."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from ferrolan.historian.split import pieces, segments

TIMES = st.lists(st.integers(0, 200), min_size=1, max_size=30, unique=True).map(sorted)
SPANS = st.lists(st.tuples(st.integers(-20, 220), st.integers(1, 120)), max_size=8)


@given(TIMES, SPANS, st.integers(1, 50))
def test_the_pieces_are_what_samples_and_intervals_share(
    times: list[int], spans: list[tuple[int, int]], age: int
) -> None:
    time = np.array(times, np.int64)
    until = np.minimum(np.append(time[1:], time[-1] + age), time + age)
    starts = np.array([one[0] for one in spans], np.int64)
    ends = starts + np.array([one[1] for one in spans], np.int64)
    cut = pieces(time, until, starts, ends)
    found = {
        (int(interval), int(sample)): (int(low), int(high))
        for interval, sample, low, high in zip(cut.interval, cut.sample, cut.low, cut.high, strict=True)
        if high > low
    }
    expected = {
        (interval, sample): (max(starts[interval], time[sample]), min(ends[interval], until[sample]))
        for interval in range(len(starts))
        for sample in range(len(time))
        if max(starts[interval], time[sample]) < min(ends[interval], until[sample])
    }
    assert found == expected
    assert cut.totals(cut.length).tolist() == [
        sum(high - low for (place, _), (low, high) in expected.items() if place == interval)
        for interval in range(len(starts))
    ]


@given(TIMES, SPANS, st.lists(st.floats(-1e6, 1e6), min_size=30, max_size=30))
def test_a_sum_has_the_digits_it_has_alone(
    times: list[int], spans: list[tuple[int, int]], numbers: list[float]
) -> None:
    time = np.array(times, np.int64)
    until = np.append(time[1:], time[-1])
    starts = np.array([one[0] for one in spans], np.int64)
    ends = starts + np.array([one[1] for one in spans], np.int64)
    value = np.array(numbers[: len(times)])
    cut = pieces(time, until, starts, ends)
    sums = cut.sums(value[cut.sample])
    for place in range(len(starts)):
        alone = pieces(time, until, starts[place : place + 1], ends[place : place + 1])
        assert sums[place] == alone.sums(value[alone.sample])[0]


def test_a_line_ends_at_what_is_bad_and_at_what_is_too_old() -> None:
    time, value = np.array([0, 10, 20, 50]), np.array([0.0, 10.0, 0.0, 5.0])
    usable = np.array([True, True, False, True])
    until, slope, joined = segments(time, value, usable, stepped=False, max_age=15)
    assert until.tolist() == [10, 20, 35, 65]
    assert (slope.tolist(), joined.tolist()) == ([1.0, 0.0, 0.0, 0.0], [True, False, False, False])
    assert segments(time, value, usable, stepped=True)[1].tolist() == [0.0] * 4
