"""What every store of samples must do, embedded or on a server: the seam's promises, each a test."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ferrolan.base.errors import ProblemError, TableError
from ferrolan.base.status import RETRACTED
from ferrolan.base.tables import SAMPLES, SAMPLES_TEXT
from ferrolan.historian.seam import NewTag, Position, Store
from tests.contract.stores import STORES, Opener

START = datetime(2026, 3, 1, tzinfo=UTC)
DAY = timedelta(days=1)
END = START + 10 * DAY
BAD = 0x80310000
Row = tuple[int, datetime, float | None, float | None, int, int, int]


@pytest.fixture(params=STORES)
def opener(request: pytest.FixtureRequest, tmp_path: Path) -> Opener:
    return STORES[request.param](tmp_path, request)


@pytest.fixture
def store(opener: Opener) -> Iterator[Store]:
    with opened(opener) as made:
        yield made


@contextmanager
def opened(opener: Opener) -> Iterator[Store]:
    made = opener()
    try:
        yield made
    finally:
        made.close()


def row(tag: int, hours: float, value: float | None, seq: int, status: int = 0) -> Row:
    return (tag, START + timedelta(hours=hours), value, None, status, seq, 1)


def samples(*rows: Row) -> pl.DataFrame:
    return pl.DataFrame(list(rows), schema=SAMPLES.schema, orient="row")


def texts(*rows: tuple[int, float, str | None, int]) -> pl.DataFrame:
    full = [(tag, START + timedelta(hours=hours), text, 0, seq, 1) for tag, hours, text, seq in rows]
    return pl.DataFrame(full, schema=SAMPLES_TEXT.schema, orient="row")


def values(frame: pl.DataFrame) -> list[float | None]:
    return frame["value"].to_list()


# the model


def rank(row: Row) -> tuple[object, ...]:
    """The smallest of one tag and time wins: highest seq, then source, status, value, raw, a null last."""
    return (-row[5], row[6], row[4], *[(part is None, part or 0.0) for part in row[2:4]])


def winners(rows: Sequence[Row]) -> list[Row]:
    best: dict[tuple[int, datetime], Row] = {}
    for candidate in rows:
        key = candidate[0], candidate[1]
        if key not in best or rank(candidate) < rank(best[key]):
            best[key] = candidate
    return sorted(held for held in best.values() if held[4] != RETRACTED)


HOURS = [-30, 0, 1, 23.5, 24, 24.5, 47, 72, 73]
ROWS = st.lists(
    st.builds(
        row,
        tag=st.integers(1, 3),
        hours=st.sampled_from(HOURS),
        value=st.sampled_from([None, 1.0, -2.5]),
        seq=st.integers(1, 6),
        status=st.sampled_from([0, BAD, RETRACTED]),
    ),
    max_size=25,
)
MOMENTS = st.sampled_from([-40, -30, 0, 0.5, 1, 24, 25, 48, 72.5, 80]).map(lambda hours: START + timedelta(hours=hours))


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=ROWS, cuts=st.lists(st.integers(0, 25), max_size=3), moment=MOMENTS, end=MOMENTS)
def test_every_question_is_answered_as_by_a_plain_list(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, opener: Opener, rows: list[Row],
    cuts: list[int], moment: datetime, end: datetime,
) -> None:  # fmt: skip
    place = tmp_path_factory.mktemp("stores")
    fresh = STORES[request.node.callspec.params["opener"]](place, request)
    edges = [0, *sorted(cuts), len(rows)]
    with opened(fresh) as store:
        for first, last in pairwise(edges):
            store.append(samples(*rows[first:last]))
        agrees(store, rows, moment, end)
    with opened(fresh) as store:
        agrees(store, rows, moment, end)


def agrees(store: Store, rows: list[Row], moment: datetime, end: datetime) -> None:
    won = winners(rows)
    kept = sorted(winner for winner in won if moment <= winner[1] < end)
    assert store.query([1, 2], moment, end).rows() == [winner for winner in kept if winner[0] < 3]
    before = [[winner for winner in won if winner[0] == tag and winner[1] < moment] for tag in (1, 2, 3)]
    at = [[winner for winner in won if winner[0] == tag and winner[1] <= moment] for tag in (1, 2, 3)]
    since = [[winner for winner in won if winner[0] == tag and winner[1] >= moment] for tag in (1, 2, 3)]
    assert store.before([3, 1, 2], moment).rows() == [held[-1] for held in before if held]
    assert store.at([3, 1, 2], moment).rows() == [held[-1] for held in at if held]
    assert store.since([3, 1, 2], moment).rows() == [held[0] for held in since if held]
    lost = set(store.superseded([1, 2, 3], moment, end).rows())
    inside = [held for held in rows if moment <= held[1] < end]
    differ = {key(held)[:5] for held in inside} - {key(held)[:5] for held in all_winners(inside)}
    assert differ <= {key(held)[:5] for held in lost} and lost <= set(inside)


def key(row: Row) -> tuple[object, ...]:
    return (row[0], row[1], row[2], row[3], row[4])


def all_winners(rows: Sequence[Row]) -> list[Row]:
    """Winners, withdrawn ones among them."""
    best: dict[tuple[int, datetime], Row] = {}
    for candidate in rows:
        if (candidate[0], candidate[1]) not in best or rank(candidate) < rank(best[candidate[0], candidate[1]]):
            best[candidate[0], candidate[1]] = candidate
    return list(best.values())


# tags


def test_a_tag_keeps_its_number_for_good(opener: Opener) -> None:
    with opened(opener) as store:
        first = store.register([NewTag("bf1.ti4201", "K"), NewTag("mill.jt1", "MW", stepped=True)])
    with opened(opener) as store:
        second = store.register([NewTag("new", "t/h"), NewTag("mill.jt1", "MW", stepped=True)])
        held = store.registered()
    assert first == {"bf1.ti4201": 1, "mill.jt1": 2} and second == {"new": 3, "mill.jt1": 2}
    assert held.rows() == [(1, "bf1.ti4201", "K", False), (2, "mill.jt1", "MW", True), (3, "new", "t/h", False)]


def test_a_known_name_with_another_unit_is_refused_and_nothing_is_registered(store: Store) -> None:
    store.register([NewTag("bf1.ti4201", "K")])
    with pytest.raises(ProblemError, match="bf1.ti4201"):
        store.register([NewTag("new", "t/h"), NewTag("bf1.ti4201", "MW")])
    assert store.registered()["name"].to_list() == ["bf1.ti4201"]


# hand-overs


def test_a_batch_handed_over_twice_is_stored_once(opener: Opener) -> None:
    batch = samples(row(1, 0, 1.0, 1), row(2, 0, 2.0, 2))
    with opened(opener) as store:
        assert store.position("plc") == 0
        assert store.append(batch, texts((3, 0, "on", 3)), position=Position("plc", 4)) == 3
        assert store.append(batch, position=Position("plc", 4)) == 0
        assert store.append(batch, position=Position("plc", 3)) == 0
        assert store.count() == 3
    with opened(opener) as store:
        assert (store.position("plc"), store.position("other")) == (4, 0)
        assert store.append(batch, position=Position("plc", 4)) == 0
        assert store.append(samples(row(1, 1, 5.0, 9)), position=Position("plc", 5)) == 1
        assert store.append(samples(row(1, 2, 6.0, 10)), position=Position("other", 1)) == 1
        assert store.count() == 5 and store.position("plc") == 5


def test_an_empty_batch_moves_the_position(store: Store) -> None:
    assert store.append(samples(), position=Position("plc", 7)) == 0
    assert store.position("plc") == 7


def test_a_frame_without_the_schema_is_refused_and_the_position_stays(store: Store) -> None:
    with pytest.raises(TableError, match="seq"):
        store.append(samples(row(1, 0, 1.0, 1)).drop("seq"), position=Position("plc", 1))
    with pytest.raises(TableError, match="text"):
        store.append(samples(row(1, 0, 1.0, 1)), texts((1, 0, "a", 1)).drop("text"), position=Position("plc", 1))
    assert store.count() == 0 and store.position("plc") == 0


# corrections


def test_a_correction_wins_and_the_first_value_stays_for_the_audit(store: Store) -> None:
    store.append(samples(row(1, 8.25, 412.0, 10)))
    store.append(samples(row(1, 8.25, 421.0, 99)))
    assert values(store.query([1], START, END)) == [421.0]
    assert values(store.superseded([1], START, END)) == [412.0]
    assert store.count() == 2


def test_an_older_row_that_comes_late_does_not_win(store: Store) -> None:
    store.append(samples(row(1, 8.25, 421.0, 99)))
    store.append(samples(row(1, 8.25, 412.0, 10)))
    assert values(store.query([1], START, END)) == [421.0]


def test_a_gap_that_is_withdrawn_leaves_no_row_and_brings_nothing_back(store: Store) -> None:
    store.append(samples(row(1, 1, 7.0, 1), row(1, 2, None, 2, BAD)))
    assert store.at([1], START + 3 * DAY)["status"].to_list() == [BAD]
    store.append(samples(row(1, 2, None, 3, RETRACTED)))
    assert values(store.at([1], START + 3 * DAY)) == [7.0]
    assert store.query([1], START + timedelta(hours=2), END).is_empty()
    assert store.superseded([1], START, END)["status"].to_list() == [BAD]


def test_a_late_sample_never_replaces_the_current_value(store: Store) -> None:
    store.append(samples(row(1, 30, 30.0, 1)))
    store.append(samples(row(1, 5, 5.0, 2)))
    assert values(store.at([1], END)) == [30.0]
    assert values(store.at([1], START + timedelta(hours=6))) == [5.0]


# questions


def test_ranges_are_closed_below_and_open_above(store: Store) -> None:
    store.append(samples(*(row(1, hours, float(hours), hours) for hours in range(4))))
    hour = timedelta(hours=1)
    assert values(store.query([1], START + hour, START + 3 * hour)) == [1.0, 2.0]
    assert values(store.before([1], START + 2 * hour)) == [1.0]
    assert values(store.at([1], START + 2 * hour)) == [2.0]
    assert values(store.since([1], START + 2 * hour)) == [2.0]
    assert store.query([1], START + hour, START + hour).is_empty()
    assert store.query([1], END, START).is_empty()


def test_nobody_asked_and_nothing_known_are_empty_tables(store: Store) -> None:
    store.append(samples(row(1, 0, 1.0, 1)))
    for frame in (
        store.query([], START, END),
        store.at([], END),
        store.since([9], START),
        store.superseded([], START, END),
    ):
        assert frame.is_empty() and SAMPLES.check(frame).equals(SAMPLES.empty())
    assert store.texts([1], START, END).equals(SAMPLES_TEXT.empty())


def test_a_question_may_name_its_tags_in_any_order_and_twice(store: Store) -> None:
    store.append(samples(row(1, 0, 1.0, 1), row(2, 0, 2.0, 2)))
    assert values(store.query([2, 1, 2], START, END)) == [1.0, 2.0]
    assert values(store.query(iter([2, 1]), START, END)) == [1.0, 2.0]
    assert values(store.at(iter([2, 1]), END)) == [1.0, 2.0]


def test_an_instant_may_be_given_in_any_zone(store: Store) -> None:
    from zoneinfo import ZoneInfo

    store.append(samples(row(1, 1, 1.0, 1), row(1, 9, 9.0, 2)))
    local = datetime(2026, 3, 1, 9, 30, tzinfo=ZoneInfo("Asia/Shanghai"))  # 01:30 UTC
    assert values(store.at([1], local)) == [1.0]


def test_types_statuses_nulls_and_microseconds_come_back_as_they_went(opener: Opener) -> None:
    odd = START + timedelta(hours=5, microseconds=1)
    batch = samples(
        (1, odd, 0.1 + 0.2, 99.25, 0x40940000, 2**62, 32767),
        (1, odd + timedelta(microseconds=1), None, None, 0xFFFFFFFF, 1, -1),
        (2**31 - 1, odd, -0.0, 5e-324, 0, 3, 0),
    )
    with opened(opener) as store:
        store.append(batch)
    with opened(opener) as store:
        assert store.query([1, 2**31 - 1], START, END).equals(batch)


def test_texts_are_corrected_and_withdrawn_as_samples_are(opener: Opener) -> None:
    with opened(opener) as store:
        store.append(samples(), texts((1, 0, "open", 1), (1, 1, None, 2), (2, 30, "B7", 3)))
        store.append(samples(), texts((1, 0, "closed", 9), (2, 30, "Bß7 锭", 10)))
    with opened(opener) as store:
        found = store.texts([2, 1], START, END)
        assert found["text"].to_list() == ["closed", None, "Bß7 锭"]
        assert store.texts([1], START + timedelta(hours=1), END)["text"].to_list() == [None]
        store.append(samples(), found.head(1).with_columns(status=pl.lit(RETRACTED), seq=pl.lit(11, pl.Int64)))
        assert store.texts([1], START, END)["text"].to_list() == [None]
        assert store.count() == 6


def test_a_tag_that_was_silent_for_a_year_is_still_known(store: Store) -> None:
    store.append(samples(row(1, 0, 1.0, 1), row(2, 0, 2.0, 2)))
    store.append(samples(*(row(2, 24.0 * day, float(day), 10 + day) for day in (1, 2, 365))))
    assert values(store.at([1, 2], START + 400 * DAY)) == [1.0, 365.0]
    assert values(store.since([1, 2], START - 400 * DAY)) == [1.0, 2.0]


def test_readers_in_other_threads_see_whole_batches_while_rows_are_appended(store: Store) -> None:
    def batch(number: int) -> pl.DataFrame:
        return samples(*(row(tag, number / 60, float(number), 100 * number + tag) for tag in range(1, 51)))

    def look() -> list[int]:
        return [store.query(range(1, 51), START, END).height for _ in range(8)]

    with ThreadPoolExecutor(2) as threads:
        looking: list[Callable[[], list[int]]] = [threads.submit(look).result for _ in range(2)]
        for number in range(20):
            store.append(batch(number), position=Position("plc", number + 1))
        seen = [height for result in looking for height in result()]
    assert all(height % 50 == 0 for height in seen)
    assert store.query(range(1, 51), START, END).height == 20 * 50
