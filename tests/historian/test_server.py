"""A historian on a real PostgreSQL server: what is stored, who may, and what happens when the server goes away."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ferrolan.base.errors import ProblemError, SourceError, SurroundingsError
from ferrolan.base.tables import SAMPLES
from ferrolan.historian.seam import NewTag, Position
from ferrolan.historian.server import open_server
from tests.historian.server_stores import MOMENTS, ROWS, T0, Row, minute, row, samples, texts, winners
from tests.servers import until
from tests.servers.postgres import ADMIN, Postgres


@pytest.fixture
def database(postgres: Postgres) -> str:
    return postgres.url(postgres.database("plant"))


@pytest.fixture
def store(database: str) -> Iterator:
    with open_server(database, password=ADMIN) as made:
        yield made


def in_plant(postgres: Postgres, *statements: str) -> list[tuple[object, ...]]:
    return postgres.admin(*statements, database="plant")


def said(error: pytest.ExceptionInfo[SurroundingsError], code: str) -> str:
    text = str(error.value)
    assert f"[{code}]" in text, text
    assert ADMIN not in text and "reader-word" not in text
    return text


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=ROWS, cut=st.integers(0, 25), moment=MOMENTS, end=MOMENTS)
def test_every_question_is_answered_as_by_a_plain_list(
    store, postgres: Postgres, rows: list[Row], cut: int, moment, end
) -> None:
    in_plant(postgres, "truncate ferrolan.samples")
    store.append(samples(rows[:cut]))
    store.append(samples(rows[cut:]))
    won = winners(rows)
    inside = [r for r in won if moment <= r[1] < end]
    assert store.query([1, 2], moment, end).rows() == [r for r in inside if r[0] < 3]
    assert store.superseded([1, 2, 3], moment, end).height == sum(moment <= r[1] < end for r in rows) - len(
        {r[:2] for r in rows if moment <= r[1] < end}
    )
    last = {tag: [r for r in won if r[0] == tag and r[1] <= moment][-1:] for tag in (1, 2, 3)}
    assert store.at([3, 1, 2], moment).rows() == [r for found in last.values() for r in found]
    before = {tag: [r for r in won if r[0] == tag and r[1] < moment][-1:] for tag in (1, 2, 3)}
    assert store.before([1, 2, 3], moment).rows() == [r for found in before.values() for r in found]
    first = {tag: [r for r in won if r[0] == tag and r[1] >= moment][:1] for tag in (1, 2, 3)}
    assert store.since([1, 2, 3], moment).rows() == [r for found in first.values() for r in found]
    assert store.count() == len(rows)


def test_values_come_back_bit_for_bit_with_their_nulls(store) -> None:
    odd = [-0.0, 5e-324, 1.7976931348623157e308, 0.1 + 0.2, None]
    rows = [(1, minute(k) + timedelta(microseconds=k), v, w, 0x809B0000, (1 << 62) + k, -3) for k, (v, w) in
            enumerate((v, w) for v in odd for w in odd)]  # fmt: skip
    store.append(samples(rows))
    found = store.query([1], minute(0), minute(99)).rows()
    assert found == rows and [str(r[2]) for r in found] == [str(r[2]) for r in rows]


def test_a_batch_that_comes_twice_is_stored_once(store) -> None:
    rows, words = samples([row(1, 0, 1.0, 1)]), texts([(2, minute(0), "charge", 0, 1, 0)])
    assert store.append(rows, words, position=Position("opcua", 5)) == 2
    assert store.append(rows, words, position=Position("opcua", 5)) == 0
    assert store.append(rows, position=Position("opcua", 4)) == 0
    assert (store.count(), store.position("opcua"), store.position("other")) == (2, 5, 0)
    assert store.texts([2], minute(0), minute(1))["text"].to_list() == ["charge"]


def test_a_tag_keeps_its_number_and_its_unit(store, database: str) -> None:
    numbers = store.register([NewTag("TI-1", "K"), NewTag("state", "", stepped=True)])
    assert numbers == {"TI-1": 1, "state": 2}
    store.close()
    with open_server(database, password=ADMIN) as again:
        assert again.register([NewTag("new", "kg/s"), NewTag("TI-1", "K")]) == {"new": 3, "TI-1": 1}
        with pytest.raises(ProblemError, match="TI-1: degC here, K there"):
            again.register([NewTag("TI-1", "degC")])
        assert again.registered().rows() == [(1, "TI-1", "K", False), (2, "state", "", True), (3, "new", "kg/s", False)]


def test_a_text_with_a_null_character_is_kept_without_it(store) -> None:
    store.append(
        samples([]), texts([(1, minute(0), "a\x00b\tc\\.\n", 0, 1, 0), (1, minute(1), None, 0x809B0000, 2, 0)])
    )
    assert store.texts([1], minute(0), minute(2))["text"].to_list() == ["a\ufffdb\tc\\.\n", None]


def test_a_wrong_clock_fills_no_thousand_partitions(store, postgres: Postgres) -> None:
    store.append(samples([(1, T0.replace(year=1971 + k), 1.0, None, 0, k, 0) for k in range(9)]))
    assert in_plant(postgres, "select count(*) from ferrolan.samples_other") == [(9,)]
    assert store.at([1], T0.replace(year=1975)).height == 1


def test_retention_drops_whole_days_and_says_so(store) -> None:
    store.append(samples([row(1, k * 1440, float(k), k + 1) for k in range(5)]))
    dropped = store.retire(minute(2.5 * 1440))
    assert dropped.select("table", "rows").rows() == [("samples_20260301", 1), ("samples_20260302", 1)]
    assert store.query([1], minute(-9999), minute(99999))["value"].to_list() == [2.0, 3.0, 4.0]
    store.append(samples([row(1, 0, 9.0, 99)]))
    assert store.count() == 4


def test_sealing_puts_whole_days_in_order_once_and_changes_no_answer(store, postgres: Postgres) -> None:
    store.append(samples([row(tag, k, float(k), 1000 * tag + k) for k in range(600) for tag in (3, 1, 2)]))
    store.append(samples([row(1, 1440, 1.0, 9999)]))
    before = store.query([1, 2, 3], minute(0), minute(2000))
    assert store.seal(minute(1500)) == ("samples_20260301",) and store.seal(minute(1500)) == ()
    assert store.query([1, 2, 3], minute(0), minute(2000)).equals(before)
    stored = in_plant(postgres, "select tag from ferrolan.samples_20260301 order by ctid")
    assert [tag for (tag,) in stored] == [1] * 600 + [2] * 600 + [3] * 600
    store.append(samples([row(1, 5, 7.5, 10_000)]))
    assert store.at([1], minute(5))["value"].to_list() == [7.5]


def test_a_point_in_time_looks_into_the_partitions_of_a_day(store, postgres: Postgres) -> None:
    store.append(samples([row(1, k * 1440, float(k), k + 1) for k in range(30)]))
    statement = store._nearest_statement([1], next(store._back(minute(29 * 1440 + 60), "<=")), "desc")
    plan = "\n".join(str(line[0]) for line in in_plant(postgres, f"explain {statement}"))
    touched = {name for name in (f"samples_{minute(k * 1440):%Y%m%d}" for k in range(30)) if name in plan}
    assert touched <= {"samples_20260329", "samples_20260330"} and "Index" in plan


def test_a_second_writer_is_refused_and_readers_are_free(store, database: str, postgres: Postgres) -> None:
    with pytest.raises(SurroundingsError) as refused:
        open_server(database, password=ADMIN)
    assert "stop the other" in said(refused, "in_use")
    store.append(samples([row(1, 0, 1.0, 1)]))
    in_plant(
        postgres, "drop owned by reader" if postgres.admin("select 1 from pg_roles where rolname = 'reader'") else "select 1",
        "drop role if exists reader", "create role reader login password 'reader-word'",
        "grant usage on schema ferrolan to reader", "grant select on all tables in schema ferrolan to reader",
    )  # fmt: skip
    url = database.replace("postgres@", "reader@")
    with open_server(url, password="reader-word", write=False) as reader:
        assert reader.query([1], minute(0), minute(1)).height == 1
        with pytest.raises(SurroundingsError) as only:
            reader.append(samples([row(1, 1, 1.0, 2)]))
        said(only, "server_rights")
    store.close()
    with pytest.raises(SurroundingsError) as no_right, open_server(url, password="reader-word") as writer:
        writer.append(samples([row(1, 1, 1.0, 2)]))
    said(no_right, "server_rights")
    with open_server(database, password=ADMIN) as next_owner:
        assert next_owner.count() == 1


def test_what_is_wrong_with_a_connection_is_named(postgres: Postgres, database: str) -> None:
    cases = {
        "server_login": (database, "wrong"),
        "server_database": (database.replace("plant", "nowhere"), ADMIN),
        "server_gone": (database.replace(str(postgres.port), "9"), ADMIN),
        "password_in_url": (database.replace("postgres@", f"postgres:{ADMIN}@"), ""),
        "bad_url": ("mysql://x@127.0.0.1/plant", ADMIN),
    }
    for code, (url, word) in cases.items():
        with pytest.raises(SurroundingsError) as refused:
            open_server(url, password=word)
        said(refused, code)
    with pytest.raises(SurroundingsError) as named:
        open_server(database, password=ADMIN, schema="x; drop")
    said(named, "wrong_schema")


def test_a_schema_that_holds_something_else_is_refused_and_left_alone(postgres: Postgres, database: str) -> None:
    in_plant(postgres, "create schema ferrolan", "create table ferrolan.samples (id integer)")
    with pytest.raises(SourceError, match="not_a_historian"):
        open_server(database, password=ADMIN)
    assert in_plant(postgres, "select count(*) from pg_tables where schemaname = 'ferrolan'") == [(1,)]
    with pytest.raises(SourceError, match="not_a_historian"):
        open_server(database, password=ADMIN, schema="nothing_there", write=False)


def test_tables_of_a_later_version_are_refused(postgres: Postgres, store, database: str) -> None:
    store.close()
    in_plant(postgres, "update ferrolan.about set version = 99")
    with pytest.raises(SurroundingsError) as refused:
        open_server(database, password=ADMIN)
    said(refused, "other_version")


def test_a_statement_that_takes_too_long_is_ended(postgres: Postgres, store, database: str) -> None:
    store.append(samples([row(1, 0, 1.0, 1)]))
    with open_server(database, password=ADMIN, write=False, patience=0.2) as reader:
        with pytest.raises(SurroundingsError) as slow:
            reader._number("select count(*) from pg_sleep(30)")
        said(slow, "server_slow")
        assert reader.count() == 1


def test_a_server_that_stops_between_batches_loses_and_doubles_nothing(postgres: Postgres, store) -> None:
    """Batches are handed over as the spool does: again and again until one is stored."""
    batches = [samples([row(1, 10 * k + j, float(j), 10 * k + j) for j in range(10)]) for k in range(12)]
    refusals = []
    for number, batch in enumerate(batches, start=1):
        if number in (4, 8):
            postgres.stop(at_once=number == 8)
        while store_position(store, refusals) < number:
            try:
                store.append(batch, position=Position("spool", number))
            except SurroundingsError as error:
                refusals.append(str(error))
                if postgres.process is None or postgres.process.poll() is not None:
                    postgres.start()
    assert store.query([1], minute(0), minute(999))["seq"].to_list() == list(range(120)) and store.count() == 120
    assert len(refusals) >= 2 and all("[server_gone]" in text for text in refusals)


def store_position(store, refusals: list[str]) -> int:
    try:
        return store.position("spool")
    except SurroundingsError as error:
        refusals.append(str(error))
        return 0


def test_a_session_that_is_cut_in_the_middle_of_a_batch_stores_none_of_it(postgres: Postgres, store) -> None:
    store.append(samples([row(1, 0, 1.0, 1)]), position=Position("spool", 1))
    postgres.admin("select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'ferrolan'")
    with pytest.raises(SurroundingsError) as gone:
        store.append(samples([row(1, 1, 1.0, 2)]), position=Position("spool", 2))
    said(gone, "server_gone")
    until(lambda: store_position(store, []) == 1, "the store connects again")
    assert store.append(samples([row(1, 1, 1.0, 2)]), position=Position("spool", 2)) == 1


def test_check_names_what_is_wrong(store, postgres: Postgres) -> None:
    store.register([NewTag("TI-1", "K")])
    store.append(samples([row(1, 0, 1.0, 1)]))
    assert store.check() == ()
    store.append(samples([row(7, 0, 1.0, 1)]))
    assert [(fault.code, fault.found) for fault in store.check()] == [("nameless_rows", "7")]


def test_a_closed_historian_says_so(store) -> None:
    store.close()
    with pytest.raises(SurroundingsError, match="closed_historian"):
        store.count()


def test_a_bulk_of_many_days_and_tags_is_stored_whole(store) -> None:
    count = 20_000
    frame = pl.DataFrame(
        {
            "tag": pl.Series([k % 50 + 1 for k in range(count)], dtype=pl.Int32),
            "time": pl.Series([minute(k) for k in range(count)], dtype=pl.Datetime("us", "UTC")),
            "value": pl.Series([None if k % 7 == 0 else k / 3 for k in range(count)], dtype=pl.Float64),
            "raw": pl.Series([k / 5 if k % 3 else None for k in range(count)], dtype=pl.Float64),
            "status": pl.Series([0] * count, dtype=pl.Int64),
            "seq": pl.Series(range(count), dtype=pl.Int64),
            "source": pl.Series([1] * count, dtype=pl.Int16),
        }
    )
    assert store.append(SAMPLES.check(frame)) == count
    assert store.query(range(1, 51), minute(0), minute(count)).equals(frame.sort("tag", "time"))
    assert store.superseded(range(1, 51), minute(0), minute(count)).is_empty()


def test_two_stores_in_two_schemas_of_one_database_do_not_see_each_other(store, database: str) -> None:
    store.append(samples([row(1, 0, 1.0, 1)]))
    with closing(open_server(database, password=ADMIN, schema="second_works")) as other:
        assert other.count() == 0 and store.count() == 1


SLEEPING = "select pid from pg_stat_activity where state = 'active' and query like 'select count(*) from pg_sleep%'"


def test_a_long_read_delays_no_append(store, postgres: Postgres) -> None:
    """A reader is still at work when the batch is stored: the two have connections of their own."""
    refusals: list[str] = []

    def read() -> None:
        try:
            store._number("select count(*) from pg_sleep(50)")
        except SurroundingsError as error:
            refusals.append(str(error))

    reading = threading.Thread(target=read)
    reading.start()
    try:
        until(lambda: in_plant(postgres, SLEEPING), "the reader reads")
        assert store.append(samples([row(1, 0, 1.0, 1)]), position=Position("spool", 1)) == 1
        assert store.position("spool") == 1 and store.query([1], minute(0), minute(1)).height == 1
        assert len(in_plant(postgres, SLEEPING)) == 1 and reading.is_alive()
    finally:
        in_plant(postgres, SLEEPING.replace("select pid", "select pg_cancel_backend(pid)"))
        reading.join(60)
    assert len(refusals) == 1 and "[server_slow]" in refusals[0]


def test_any_number_of_readers_share_few_connections(store, postgres: Postgres) -> None:
    store.append(samples([row(1, k, float(k), k) for k in range(50)]))
    found: list[int] = []
    readers = [
        threading.Thread(target=lambda: found.append(store.query([1], minute(0), minute(50)).height)) for _ in range(20)
    ]
    for reader in readers:
        reader.start()
    for reader in readers:
        reader.join(60)
    assert found == [50] * 20
    open_now = in_plant(postgres, "select count(*) from pg_stat_activity where application_name = 'ferrolan'")
    assert 2 <= int(str(open_now[0][0])) <= 5, "the owner's, and one to four that read"


def test_readers_go_on_when_their_connections_were_cut(store, postgres: Postgres) -> None:
    store.append(samples([row(1, 0, 1.0, 1)]))
    assert store.count() == 1
    postgres.admin("select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'ferrolan'")
    with pytest.raises(SurroundingsError) as gone:
        store.count()
    said(gone, "server_gone")
    assert store.count() == 1
