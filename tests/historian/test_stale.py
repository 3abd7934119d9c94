"""Held values: what stands still for longer than its tag allows is marked, and nothing else."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from ferrolan.base.status import StatusCode
from ferrolan.base.tables import SAMPLES
from ferrolan.historian.stale import mark_stale, stale_stretches

START = datetime(2026, 3, 1, tzinfo=UTC)
STALE = int(StatusCode.UNCERTAIN_LAST_USABLE_VALUE)
HOUR = timedelta(hours=1)

Values = list[float | None]


def samples(values: Values, tag: int = 1, statuses: list[int] | None = None) -> pl.DataFrame:
    codes = statuses or [0 if value is not None else int(StatusCode.BAD_NO_DATA) for value in values]
    rows = [(tag, START + k * HOUR, value, None, codes[k], k, 1) for k, value in enumerate(values)]
    return pl.DataFrame(rows, schema=SAMPLES.schema, orient="row")


def held_by_hand(values: Values, limit: timedelta) -> list[bool]:
    """Walk back from every value to the first of its stretch."""
    held = []
    for k, value in enumerate(values):
        first = k
        while first and value is not None and values[first - 1] == value:
            first -= 1
        held.append(value is not None and (k - first) * HOUR > limit)
    return held


VALUES = st.lists(st.sampled_from([1.0, 2.0, None]), max_size=40)


@given(VALUES, st.integers(0, 5))
def test_what_stands_longer_than_the_limit_is_stale_and_nothing_else(values: Values, hours: int) -> None:
    marked = mark_stale(samples(values), {1: hours * HOUR})
    assert (marked["status"] == STALE).to_list() == held_by_hand(values, hours * HOUR)


@given(VALUES, st.randoms())
def test_the_order_of_the_rows_does_not_matter_and_is_kept(values: Values, random) -> None:
    frame = samples(values)
    order = list(range(len(values)))
    random.shuffle(order)
    marked = mark_stale(frame, {1: HOUR})
    assert mark_stale(frame[order], {1: HOUR}).equals(marked[order])


@given(VALUES, st.integers(0, 5))
def test_the_stretches_hold_every_stale_sample_once(values: Values, hours: int) -> None:
    limits = {1: hours * HOUR}
    frame = samples(values)
    stretches = stale_stretches(frame, limits)
    assert stretches["stale"].sum() == (mark_stale(frame, limits)["status"] == STALE).sum()
    assert (stretches["end"] - stretches["start"] > hours * HOUR).all()


def test_a_limit_of_zero_takes_every_repeat_as_held() -> None:
    marked = mark_stale(samples([7.0, 7.0, 7.0, 8.0, 8.0]), {1: timedelta()})
    assert marked["status"].to_list() == [0, STALE, STALE, 0, STALE]


def test_the_rounding_of_an_average_is_no_new_measurement() -> None:
    marked = mark_stale(samples([13.53, 13.530000000000001, 13.53, 13.5301]), {1: timedelta()})
    assert marked["status"].to_list() == [0, STALE, STALE, 0]


def test_no_value_changes_and_a_tag_without_a_limit_passes() -> None:
    frame = pl.concat([samples([1.0] * 5), samples([1.0] * 5, tag=2)])
    marked = mark_stale(frame, {2: HOUR})
    assert marked.drop("status").equals(frame.drop("status"))
    assert marked.filter(pl.col("tag") == 1)["status"].to_list() == [0] * 5
    assert mark_stale(frame, {}).equals(frame)


def test_a_doubtful_or_bad_sample_keeps_its_own_status() -> None:
    exceeded = int(StatusCode.UNCERTAIN_ENGINEERING_UNITS_EXCEEDED)
    marked = mark_stale(samples([1.0, 1.0, 1.0], statuses=[0, exceeded, int(StatusCode.BAD)]), {1: timedelta()})
    assert marked["status"].to_list() == [0, exceeded, int(StatusCode.BAD)]


def test_two_tags_with_one_value_are_two_stretches() -> None:
    frame = pl.concat([samples([1.0, 1.0]), samples([1.0, 1.0], tag=2)])
    assert stale_stretches(frame, {1: timedelta(), 2: timedelta()})["rows"].to_list() == [2, 2]


def test_a_stretch_says_what_stood_when_and_how_long() -> None:
    row = stale_stretches(samples([5.0, 6.0, 6.0, 6.0, 5.0]), {1: HOUR}).row(0, named=True)
    assert row == {"tag": 1, "value": 6.0, "start": START + HOUR, "end": START + 3 * HOUR, "rows": 3, "stale": 1}
