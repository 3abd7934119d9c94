"""From values to rows: what is no number, whose clock is wrong, which quality an old gateway means."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ferrolan.base.status import StatusCode, bad
from ferrolan.sources.live import gap, gathered, retraction
from ferrolan.sources.opcua.gaps import Gap, Memory, Recent, remembered
from ferrolan.sources.opcua.rows import Clocks, Names, rows
from ferrolan.sources.opcua.wire import Values
from ferrolan.sources.source import TagAddress

NOW = 1_774_000_000_000_000
RIGHT = Clocks(NOW, 0, 5_000_000)
NAMES = Names([TagAddress(7, "a", "i=1"), TagAddress(8, "b", "i=2", text=True)])


def values(number: float, status: int = 0, sourced: int = NOW, other: object = None, handle: int = 0) -> Values:
    others = {} if other is None else {0: other}
    column = [np.array([one], dtype=np.int64) for one in (handle, status, sourced, NOW)]
    return Values(column[0], np.array([number]), others, column[1], column[2], column[3])


def one(found: pl.DataFrame) -> dict[str, object]:
    (row,) = found.to_dicts()
    return row


@given(st.floats(), st.integers(0, 0xFFFFFFFF))
def test_a_bad_status_stays_what_it_is_and_what_is_no_number_is_null(number: float, status: int) -> None:
    row = one(rows(values(number, status), NAMES, RIGHT).samples)
    if status >= StatusCode.BAD:
        assert row["status"] == status
    assert (row["value"] is None) == (not np.isfinite(number))
    assert row["value"] is not None or pl.select(bad(pl.lit(row["status"]))).item()


def test_a_value_without_a_time_of_its_source_takes_the_servers_and_is_uncertain() -> None:
    row = one(rows(values(1.0, sourced=0), NAMES, RIGHT).samples)
    assert row["status"] == StatusCode.UNCERTAIN


@pytest.mark.parametrize(
    "clocks",
    [Clocks(NOW, 6_000_000, 5_000_000), Clocks(NOW, -6_000_000, 5_000_000), Clocks(NOW - 6_000_000, 0, 5_000_000)],
)
def test_a_clock_that_is_off_makes_good_values_uncertain_and_shifts_none(clocks: Clocks) -> None:
    found = rows(values(1.0, 0x480), NAMES, clocks).samples
    assert one(found)["status"] == StatusCode.UNCERTAIN | 0x480 and found["time"].dt.epoch("us").to_list() == [NOW]
    assert one(rows(values(1.0, 0x808C0000), NAMES, clocks).samples)["status"] == 0x808C0000


@pytest.mark.parametrize(
    ("quality", "status"), [(0xC0, 0), (0x18, 0x80310000), (0x04, 0x80890000), (0x44, 0x40900000), (0x40, 0x40000000)]
)
def test_the_quality_of_an_old_gateway_is_translated(quality: int, status: int) -> None:
    assert one(rows(values(1.0, quality), NAMES, RIGHT).samples)["status"] == status


def test_a_text_where_a_number_is_expected_is_refused_by_its_status() -> None:
    row = one(rows(values(float("nan"), other="on"), NAMES, RIGHT).samples)
    assert (row["value"], row["status"]) == (None, StatusCode.BAD_TYPE_MISMATCH)
    assert one(rows(values(float("nan"), other="on", handle=1), NAMES, RIGHT).texts)["text"] == "on"


def test_a_queue_that_ran_over_is_reported_with_its_tag() -> None:
    assert rows(values(1.0, 0x480), NAMES, RIGHT).overflown.tolist() == [0]
    assert not len(rows(values(1.0, 0x400), NAMES, RIGHT).overflown)


GAPS = st.builds(
    Gap,
    st.integers(1, 2**52),
    st.none() | st.integers(1, 2**52),
    st.none() | st.lists(st.integers(1, 99)).map(tuple),
    st.booleans(),
    st.integers(0, 9),
)


@given(st.builds(Memory, st.integers(0, 2**52), st.integers(0, 2**52), st.lists(GAPS).map(tuple)))
def test_what_is_remembered_survives_being_written(memory: Memory) -> None:
    import json

    assert remembered(json.loads(json.dumps(memory.json()))) == memory


def test_what_was_handed_over_is_known_again_and_memory_is_bounded() -> None:
    recent = Recent(most=4)
    first = gathered([1, 1], [10, 20], [1.0, None], [0, 0])
    recent.add(first)
    again = pl.concat([first, gathered([1, 2], [10, 10], [2.0, 1.0], [0, 0])])
    assert recent.new(again).select("tag", "value").rows() == [(1, 2.0), (2, 1.0)]
    for place in range(9):
        recent.add(gathered([1, 1], [100 + place, 200 + place], [0.0, 0.0], [0, 0]))
    assert len(recent.new(first)) == 2


def test_a_retraction_has_the_key_of_its_gap() -> None:
    assert gap([1], NOW).select("tag", "time").equals(retraction([1], NOW).select("tag", "time"))
