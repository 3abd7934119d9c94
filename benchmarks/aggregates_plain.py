"""The same hourly means over time as in ``aggregates``, beside the same definition in plain Python."""

from __future__ import annotations

from bisect import bisect_right
from itertools import pairwise

from benchmarks.aggregates import EDGES, ROWS, TAGS, TRACES, ours
from benchmarks.registry import Subject


def peer() -> list[list[float]]:
    """TimeAverage of every hour, one after the other, without status."""
    return [_hours(time.tolist(), value.tolist()) for time, value, _ in TRACES]


def _hours(time: list[int], value: list[float]) -> list[float]:
    knots = [(at, number) for at, number in zip(time, value, strict=True) if number == number]
    times = [at for at, _ in knots]
    return [_mean(knots, times, low, high) for low, high in pairwise(EDGES.tolist())]


def _mean(knots: list[tuple[int, float]], times: list[int], low: int, high: int) -> float:
    area, start, place = 0.0, max(low, times[0]), max(bisect_right(times, low) - 1, 0)
    at, begin = start, start
    while at < high:
        left = knots[place]
        right = knots[place + 1] if place + 1 < len(knots) else (high, left[1])
        until = min(right[0], high)
        slope = (right[1] - left[1]) / (right[0] - left[0])
        area += (left[1] + slope * ((at + until) / 2 - left[0])) * (until - at)
        at, place = until, place + 1
    return area / (high - begin)


SUBJECT = Subject(
    name="hourly aggregates of a month, plain Python",
    station="historian",
    ours=ours,
    peer=peer,
    peer_name="plain Python",
    note=f"{TAGS} tags x {ROWS:,} samples, synthetic. The same means by the same definition; ours also gives "
    "status and bits.",
)
