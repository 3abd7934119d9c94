"""The historian's statements on ClickHouse, through chdb: the same questions and answers as on PostgreSQL."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ferrolan.base.errors import ProblemError, SurroundingsError
from ferrolan.historian.seam import NewTag, Position
from ferrolan.historian.server.clickhouse import Chdb, ClickHouseHistorian
from tests.historian.server_stores import MOMENTS, ROWS, Row, minute, row, samples, texts, winners


@pytest.fixture
def store(chdb: Chdb) -> ClickHouseHistorian:
    chdb.run("drop database if exists works")
    return ClickHouseHistorian(chdb, "works")


@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=ROWS, cut=st.integers(0, 25), moment=MOMENTS, end=MOMENTS)
def test_every_question_is_answered_as_by_a_plain_list(
    store, chdb: Chdb, rows: list[Row], cut: int, moment, end
) -> None:
    chdb.run("truncate table works.samples")
    store.append(samples(rows[:cut]))
    store.append(samples(rows[cut:]))
    won = winners(rows)
    assert store.query([1, 2], moment, end).rows() == [r for r in won if moment <= r[1] < end and r[0] < 3]
    lost = sum(moment <= r[1] < end for r in rows) - len({r[:2] for r in rows if moment <= r[1] < end})
    assert store.superseded([1, 2, 3], moment, end).height == lost
    of = {tag: [r for r in won if r[0] == tag] for tag in (1, 2, 3)}
    assert store.at([3, 1, 2], moment).rows() == [r for t in of.values() for r in [r for r in t if r[1] <= moment][-1:]]
    assert store.before([1, 2], moment).rows() == [
        r for tag in (1, 2) for r in [r for r in of[tag] if r[1] < moment][-1:]
    ]  # fmt: skip
    assert store.since([1], moment).rows() == [r for r in of[1] if r[1] >= moment][:1]
    assert store.count() == len(rows)


def test_a_batch_whose_position_was_lost_falls_together_with_its_rows(store, chdb: Chdb) -> None:
    """The process died between the rows and the position: the spool hands the batch over again."""
    batch = samples([row(1, 0, 1.0, 1), row(1, 0, 1.0, 1), row(1, 1, None, 2), row(2, 50_000, 2.0, 3)])
    words = texts([(3, minute(0), "charge", 0, 4, 0)])
    assert store.append(batch, words, position=Position("opcua", 7)) == 5
    chdb.run("truncate table works.positions")
    assert store.append(batch, words, position=Position("opcua", 7)) == 5
    assert (store.count(), store.position("opcua")) == (5, 7) and store.texts([3], minute(0), minute(1)).height == 1
    assert store.append(batch, words, position=Position("opcua", 7)) == 0
    chdb.run("optimize table works.samples final")
    assert store.count() == 5 and store.superseded([1], minute(0), minute(1)).height == 1


def test_rows_of_two_batches_stay_two_rows_however_alike(store) -> None:
    batch = samples([row(1, 0, 1.0, 1)])
    store.append(batch, position=Position("opcua", 1))
    store.append(batch, position=Position("opcua", 2))
    store.append(batch)
    store.append(batch)
    assert store.count() == 4 and store.query([1], minute(0), minute(1)).height == 1


def test_a_tag_keeps_its_number_and_its_unit(store, chdb: Chdb) -> None:
    assert store.register([NewTag("TI-1", "K"), NewTag("o'state\\", "", stepped=True)]) == {"TI-1": 1, "o'state\\": 2}
    again = ClickHouseHistorian(chdb, "works")
    assert again.register([NewTag("new", "kg/s"), NewTag("TI-1", "K")]) == {"new": 3, "TI-1": 1}
    with pytest.raises(ProblemError, match="TI-1: degC here, K there"):
        again.register([NewTag("TI-1", "degC")])
    assert again.registered().rows()[:2] == [(1, "TI-1", "K", False), (2, "o'state\\", "", True)]
    assert again.position("o'state\\") == 0


def test_retention_drops_whole_months_and_says_so(store) -> None:
    store.append(samples([row(1, k * 1440 * 31, float(k), k + 1) for k in range(3)]))
    dropped = store.retire(minute(70 * 1440))
    assert dropped.select("table", "rows").rows() == [("samples", 1), ("samples", 1)]
    assert store.query([1], minute(0), minute(999_999))["value"].to_list() == [2.0]


def test_check_names_rows_nobody_can_name(store) -> None:
    store.register([NewTag("TI-1", "K")])
    store.append(samples([row(1, 0, 1.0, 1), row(7, 0, 1.0, 1)]))
    assert [(fault.code, fault.found) for fault in store.check()] == [("nameless_rows", "7")]


def test_what_clickhouse_refuses_is_an_error_of_ours(chdb: Chdb, tmp_path: Path) -> None:
    with pytest.raises(SurroundingsError, match="server_error"):
        chdb.run("selec")
