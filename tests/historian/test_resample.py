"""Resampling: the cells of a grid are those of the one-interval mean, gaps stay gaps, and a day has its own hours."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ferrolan.base.errors import ProblemError
from ferrolan.base.status import StatusCode
from ferrolan.base.tables import RESAMPLED, SAMPLES
from ferrolan.historian.aggregate import Trace, time_mean
from ferrolan.historian.resample import local_edges, resample, sample_at
from ferrolan.historian.timed import time_means
from tests.historian.frame_reader import FrameReader

T0 = datetime(2026, 1, 1, tzinfo=UTC)
CODES = [StatusCode.GOOD, StatusCode.UNCERTAIN, StatusCode.BAD_NO_COMMUNICATION]
Point = tuple[int, float, int]  # second, value, level


def at(second: float) -> datetime:
    return T0 + timedelta(seconds=second)


def frame(points: Sequence[Point], tag: int) -> pl.DataFrame:
    rows = [
        (tag, at(second), None if level == 2 else value, None, int(CODES[level]), seq, 1)
        for seq, (second, value, level) in enumerate(points)
    ]
    return pl.DataFrame(rows, schema=SAMPLES.schema, orient="row")


def cells(
    points: Sequence[Point], edges: Sequence[float], *, stepped: bool, max_age: float | None = None
) -> pl.DataFrame:
    tag = 1 if stepped else 2
    ages = None if max_age is None else {tag: timedelta(seconds=max_age)}
    return resample(FrameReader(frame(points, tag), {tag: stepped}), [tag], [at(edge) for edge in edges], ages)


def values(
    points: Sequence[Point], times: Sequence[float], *, stepped: bool, max_age: float | None = None
) -> pl.DataFrame:
    tag = 1 if stepped else 2
    ages = None if max_age is None else {tag: timedelta(seconds=max_age)}
    return sample_at(FrameReader(frame(points, tag), {tag: stepped}), [tag], [at(one) for one in times], ages)


POINTS = st.lists(
    st.tuples(st.integers(0, 300), st.floats(-1e6, 1e6), st.sampled_from([0, 0, 0, 1, 2])),
    max_size=25,
    unique_by=lambda one: one[0],
).map(sorted)
STARTS = st.lists(st.tuples(st.integers(-20, 320), st.integers(1, 150)), min_size=1, max_size=8)


@settings(max_examples=100)
@given(POINTS, STARTS, st.booleans(), st.one_of(st.none(), st.integers(1, 80)))
def test_many_means_are_the_single_ones_digit_for_digit(
    points: list[Point], spans: list[tuple[int, int]], stepped: bool, max_age: int | None
) -> None:
    time = np.array([one[0] for one in points], np.int64)
    value = np.array([one[1] for one in points], float)
    usable, good = (np.array([one[2] < limit for one in points], bool) for limit in (2, 1))
    starts = np.array([one[0] for one in spans], np.int64)
    ends = starts + np.array([one[1] for one in spans], np.int64)
    found = time_means(time, value, usable, good, starts, ends, stepped=stepped, max_age=max_age)
    trace = Trace(time, value, usable, good)
    for place, (start, end) in enumerate(zip(starts.tolist(), ends.tolist(), strict=True)):
        single = time_mean(trace, start, end, stepped=stepped, max_age=max_age)
        many = found.value[place]
        assert (None if np.isnan(many) else many) == single.value
        assert (found.coverage[place], found.quality[place]) == (single.coverage, single.quality)


def test_a_value_counts_on_both_sides_of_an_edge() -> None:
    found = cells([(0, 412.0, 0), (900, 420.0, 0), (1800, 430.0, 0)], [0, 600, 1500], stepped=True)
    assert found["value"].to_list() == [412.0, pytest.approx((412.0 * 300 + 420.0 * 600) / 900)]
    assert found["coverage"].to_list() == [1.0, 1.0]


def test_a_sloped_tag_is_joined_by_lines() -> None:
    assert cells([(0, 0.0, 0), (100, 100.0, 0)], [0, 50, 100], stepped=False)["value"].to_list() == [25.0, 75.0]


def test_a_gap_stays_a_gap() -> None:
    points = [(0, 10.0, 0), (60, 0.0, 2), (180, 30.0, 0), (240, 30.0, 0)]
    found = cells(points, [0, 60, 120, 180, 240], stepped=False)
    assert found["value"].to_list() == [10.0, None, None, 30.0]
    assert found["quality"].to_list() == ["good", "bad", "bad", "good"]
    assert found["coverage"].to_list() == [1.0, 0.0, 0.0, 1.0]


def test_no_value_is_carried_beyond_its_age() -> None:
    found = cells([(0, 10.0, 0), (300, 20.0, 0)], [0, 60, 120, 180, 300, 360], stepped=True, max_age=90)
    assert found["value"].to_list() == [10.0, 10.0, None, None, 20.0]
    assert found["coverage"].to_list() == [1.0, 0.5, 0.0, 0.0, 1.0]
    assert found["quality"].to_list() == ["good", "good", "absent", "absent", "good"]


def test_uncertain_time_is_used_and_makes_the_cell_uncertain() -> None:
    found = cells([(0, 10.0, 0), (30, 20.0, 1), (60, 0.0, 0)], [0, 60], stepped=True)
    assert found.select("value", "coverage", "quality").row(0) == (15.0, 0.5, "uncertain")


def test_before_the_first_and_after_the_last_sample_there_is_nothing() -> None:
    found = cells([(100, 10.0, 0), (200, 10.0, 0)], [0, 100, 200, 300], stepped=True)
    assert found["quality"].to_list() == ["absent", "good", "absent"]


def test_a_value_at_an_instant_respects_steps_slopes_gaps_and_age() -> None:
    points = [(0, 0.0, 0), (100, 100.0, 0), (200, 0.0, 2), (300, 50.0, 1), (400, 70.0, 0)]
    times = [-1, 0, 25, 150, 200, 250, 300, 350, 400, 401]
    stepped, sloped = (values(points, times, stepped=way)["value"].to_list() for way in (True, False))
    assert stepped == [None, 0.0, 0.0, 100.0, None, None, 50.0, 50.0, 70.0, None]
    assert sloped == [None, 0.0, 25.0, 100.0, None, None, 50.0, 60.0, 70.0, None]
    found = values(points, times, stepped=False)["quality"].to_list()
    assert found == ["absent", *["good"] * 3, "bad", "bad", "uncertain", "uncertain", "good", "absent"]
    assert values(points, [30, 31], stepped=True, max_age=31)["value"].to_list() == [0.0, None]


@settings(max_examples=50)
@given(POINTS, st.booleans())
def test_the_value_at_a_sample_is_that_sample(points: list[Point], stepped: bool) -> None:
    if points:
        found = values(points, [one[0] for one in points], stepped=stepped)
        assert found["value"].to_list() == [None if level == 2 else value for _, value, level in points]


@settings(max_examples=50)
@given(POINTS, st.integers(1, 100), st.booleans())
def test_halves_make_the_whole_weighted_by_their_coverage(points: list[Point], half: int, stepped: bool) -> None:
    certain = [(second, value, 2 if level else 0) for second, value, level in points]
    whole = cells(certain, [0, 2 * half], stepped=stepped).row(0, named=True)
    parts = cells(certain, [0, half, 2 * half], stepped=stepped)
    assert parts["coverage"].mean() == pytest.approx(whole["coverage"])
    if whole["value"] is not None:
        weighted = (parts["value"].fill_null(0.0) * parts["coverage"]).sum() / parts["coverage"].sum()
        assert weighted == pytest.approx(whole["value"], rel=1e-9, abs=1e-3)


@pytest.mark.parametrize(("day", "hours"), [("2026-03-29", 23), ("2026-03-30", 24), ("2026-10-25", 25)])
def test_a_day_of_a_clock_change_has_its_own_number_of_hours(day: str, hours: int) -> None:
    zone = ZoneInfo("Europe/Berlin")
    start = datetime.fromisoformat(day).replace(tzinfo=zone)
    end = (datetime.fromisoformat(day) + timedelta(days=1)).replace(tzinfo=zone)
    edges = local_edges(start.astimezone(UTC), end.astimezone(UTC), timedelta(hours=1), "Europe/Berlin")
    assert {later - one for one, later in pairwise(edges)} == {timedelta(hours=1)}
    assert len(edges) - 1 == hours
    days = local_edges(start, end, timedelta(days=1), "Europe/Berlin")
    assert days[1] - days[0] == timedelta(hours=hours) and len(days) == 2
    shifts = local_edges(start, end, timedelta(hours=8), "Europe/Berlin")
    assert [edge.astimezone(zone).hour for edge in shifts] == [0, 8, 16, 0]


@given(
    st.datetimes(datetime(2020, 1, 1), datetime(2030, 1, 1)),
    st.integers(1, 200),
    st.sampled_from([15, 60, 120, 480, 1440, 2880]),
    st.sampled_from(["Europe/Berlin", "Asia/Kolkata", "America/Santiago", "Australia/Lord_Howe", "UTC"]),
)
@settings(max_examples=60)
def test_a_local_grid_rises_and_covers_what_was_asked(start: datetime, hours: int, minutes: int, zone: str) -> None:
    first = start.replace(tzinfo=UTC)
    last = first + timedelta(hours=hours)
    edges = local_edges(first, last, timedelta(minutes=minutes), zone)
    assert edges[0] <= first < edges[1] and edges[-2] < last <= edges[-1]
    assert all(one < later for one, later in pairwise(edges))


@pytest.mark.parametrize("every", [timedelta(0), timedelta(hours=5), timedelta(hours=36)])
def test_a_cell_that_fits_no_day_is_refused(every: timedelta) -> None:
    with pytest.raises(ProblemError, match="divides a day"):
        local_edges(T0, at(3600), every, "UTC")


def test_a_grid_that_does_not_rise_and_a_tag_that_is_not_there_are_refused() -> None:
    reader = FrameReader(frame([], 1), {1: True})
    with pytest.raises(ProblemError, match="rise"):
        resample(reader, [1], [T0, T0])
    with pytest.raises(ProblemError, match="tag 7"):
        resample(reader, [1, 7], [T0, at(1)])
    assert RESAMPLED.check(resample(reader, [1], [T0, at(1)]))["quality"].to_list() == ["absent"]
