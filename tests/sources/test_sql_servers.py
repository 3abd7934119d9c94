"""Tables of real PostgreSQL and MariaDB servers and of a SQLite file: read whole, polled, cut off, never written to."""

from __future__ import annotations

import asyncio
import json
import re
import sqlite3
from collections.abc import Awaitable, Callable, Mapping
from contextlib import closing
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ferrolan.base.errors import SourceError
from ferrolan.base.status import AT_MOST, RETRACTED, StatusCode
from ferrolan.base.tables import REJECTED
from ferrolan.sources.live import GATHERED, GATHERED_TEXT, Json, Place
from ferrolan.sources.source import TagAddress
from ferrolan.sources.sql import Database, Polling, SqlConnector, SqlSource, SqlTable, describe, read_sql
from ferrolan.sources.sql.watermark import Memory
from tests.servers import until
from tests.servers.mariadb import MariaDb
from tests.servers.postgres import Postgres

WORD = "marker-secret"
TAGS = (
    TagAddress(1, "feed_nd", "feed/Nd2O3"),
    TagAddress(2, "tails_fe", "tails/Fe", limits=True),
    TagAddress(3, "remark", "feed/remark", text=True),
)
NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)
CREATE = """create table assays (
    id integer primary key, point varchar(40), element varchar(40), taken_at {stamp}, result varchar(200),
    updated_at {stamp}
)"""
READS = re.compile(
    r"(?is)\s*(select|show|describe|set|begin|start transaction|rollback|commit|deallocate|savepoint|release)\b"
)
WRITES = re.compile(r"(?i)\b(insert|update|delete|replace|create|drop|alter|truncate|grant|call|lock|copy)\b")


@dataclass
class Base:
    """A laboratory's table on one of three databases, and the hand that writes into it."""

    name: str
    url: str
    run: Callable[..., list[tuple[object, ...]]]
    stop: Callable[[], object] = lambda: None
    start: Callable[[], object] = lambda: None
    statements: Callable[[], list[str]] = lambda: []

    @property
    def table(self) -> SqlTable:
        word = "" if self.name == "sqlite" else WORD
        return SqlTable(
            self.url, "assays", "taken_at", ("point", "element"), "result", "Asia/Shanghai", "id", word, 20.0
        )

    def put(self, *rows: tuple[int, str, str, object, object, object]) -> None:
        for row in rows:
            cells = ", ".join("null" if cell is None else f"'{cell}'" for cell in row)
            self.run(f"insert into assays values ({cells})")


@pytest.fixture(params=["sqlite", "postgresql", "mariadb"])
def each(request: pytest.FixtureRequest, tmp_path: Path) -> Base:
    return globals()[f"_{request.param}"](request, tmp_path)


@pytest.fixture(params=["sqlite", "postgresql", pytest.param("mariadb", marks=pytest.mark.slow)])
def base(request: pytest.FixtureRequest, tmp_path: Path) -> Base:
    return globals()[f"_{request.param}"](request, tmp_path)


@pytest.fixture(params=["postgresql", "mariadb"])
def server(request: pytest.FixtureRequest, tmp_path: Path) -> Base:
    return globals()[f"_{request.param}"](request, tmp_path)


def _sqlite(_: pytest.FixtureRequest, tmp_path: Path) -> Base:
    def run(*statements: str) -> list[tuple[object, ...]]:
        with closing(sqlite3.connect(tmp_path / "lims.sqlite", isolation_level=None)) as link:
            return [link.execute(statement).fetchall() for statement in statements][-1]

    run(CREATE.format(stamp="text"))
    return Base("sqlite", f"sqlite:///{tmp_path}/lims.sqlite", run)


def _postgresql(request: pytest.FixtureRequest, _: Path) -> Base:
    made: Postgres = request.getfixturevalue("postgres")
    made.database("lims")
    if not made.admin("select 1 from pg_roles where rolname = 'lims_reader'"):
        made.admin(f"create role lims_reader login password '{WORD}'")
    run = lambda *statements: made.admin(*statements, database="lims")  # noqa: E731
    run(CREATE.format(stamp="timestamp"), "grant select on assays to lims_reader")
    seen = len(made.statements("lims_reader"))
    return Base("postgresql", made.url("lims", "lims_reader"), run, lambda: made.stop(at_once=True), made.start,
                lambda: made.statements("lims_reader")[seen:])  # fmt: skip


def _mariadb(request: pytest.FixtureRequest, _: Path) -> Base:
    made: MariaDb = request.getfixturevalue("mariadb")
    made.database("lims")
    made.admin(f"create user if not exists 'lims_reader'@'%' identified by '{WORD}'")
    run = lambda *statements: made.admin(*statements, database="lims")  # noqa: E731
    run(CREATE.format(stamp="datetime(6)"), "grant select on lims.assays to 'lims_reader'@'%'")
    seen = len(made.statements("lims_reader"))
    return Base("mariadb", made.url("lims", "lims_reader"), run, lambda: made.stop(at_once=True), made.start,
                lambda: made.statements("lims_reader")[seen:])  # fmt: skip


@dataclass
class Clock:
    """A clock that a test sets; a sleep gives the word to whoever waits for it."""

    time: datetime = NOW
    naps: list[float] = field(default_factory=list)

    def now(self) -> int:
        return round(self.time.timestamp() * 1e6)

    async def sleep(self, seconds: float) -> None:
        self.naps.append(seconds)
        await asyncio.sleep(0.01)


@dataclass
class Kept:
    """A sink in memory: what was handed over, by key, the later one counting."""

    state: Mapping[str, Json] = field(default_factory=dict)
    samples: list[pl.DataFrame] = field(default_factory=list)
    texts: list[pl.DataFrame] = field(default_factory=list)
    rejected: list[pl.DataFrame] = field(default_factory=list)

    async def keep(self, samples=None, texts=None, *, state=None) -> None:
        if samples is not None:
            assert dict(samples.schema) == {name: samples.schema[name] for name in GATHERED}
            self.samples.append(samples)
        if texts is not None:
            assert list(texts.columns) == list(GATHERED_TEXT)
            self.texts.append(texts)
        if state is not None:
            self.state = state

    async def reject(self, rows: pl.DataFrame) -> None:
        self.rejected.append(REJECTED.check(rows))

    @property
    def rows(self) -> int:
        return sum(frame.height for frame in (*self.samples, *self.texts))

    def values(self, tag: int = 1) -> dict[datetime, object]:
        """Winners by local time (Shanghai), withdrawn ones left out."""
        frames = [f.rename({"text": "value"}) for f in self.texts] if tag == 3 else self.samples
        won = {row[1]: (row[2], row[3]) for frame in frames for row in frame.rows() if row[0] == tag}
        return {
            (time + timedelta(hours=8)).replace(tzinfo=None): value
            for time, (value, status) in won.items()
            if status != RETRACTED
        }


def connector(base: Base, clock: Clock | None = None, **polling: object) -> SqlConnector:
    return SqlConnector(
        base.table, Polling("updated_at", "id", **polling), Place("lims", Path(), clock=clock or Clock())
    )


def polled(connector: SqlConnector, sink: Kept, times: int = 1) -> None:
    async def ask() -> None:
        for _ in range(times):
            await connector.poll(TAGS, sink)

    asyncio.run(ask())


def restarted(base: Base, sink: Kept) -> SqlConnector:
    """A connector that goes on where a sink's state says."""
    made = connector(base)
    made._memory = Memory.restored(sink.state)
    return made


def at(day: int, hour: int = 6, minute: int = 0, second: int = 0) -> str:
    return f"2026-03-{day:02} {hour:02}:{minute:02}:{second:02}"


def test_a_whole_table_is_read_as_from_a_sqlite_file(each: Base) -> None:
    each.put(
        (1, "feed", "Nd2O3", at(1), "0.8", at(1)), (2, "tails", "Fe", at(1), "<0.01", at(1)),
        (3, "feed", "Nd2O3", at(2), None, at(2)), (4, "feed", "Nd2O3", at(3), "n.b.", at(3)),
        (5, "feed", "Nd2O3", at(4), "nan", at(4)), (6, "feed", "CeO2", at(4), "2.4", at(4)),
        (7, "feed", "remark", at(4), "sample torn", at(4)),
    )  # fmt: skip
    batch = read_sql(each.table, TAGS, 2, "lims")
    good, none, wrong = StatusCode.GOOD, StatusCode.BAD_NO_DATA, StatusCode.BAD_TYPE_MISMATCH
    assert batch.samples.select("tag", "value", "status", "seq").rows() == [
        (1, 0.8, good, 1), (2, 0.01, AT_MOST, 2), (1, None, none, 3), (1, None, wrong, 4), (1, None, wrong, 5),
    ]  # fmt: skip
    assert batch.samples["time"][0] == datetime(2026, 2, 28, 22, tzinfo=UTC)
    assert batch.texts.select("tag", "text", "seq").rows() == [(3, "sample torn", 7)]
    assert batch.report.undeclared_addresses == ("feed/CeO2",) and batch.rejected.height == 2
    found = SqlSource(each.table, 2, "lims").discover().addresses
    assert [(one.address, one.rows) for one in found] == [
        ("feed/CeO2", 1), ("feed/Nd2O3", 4), ("feed/remark", 1), ("tails/Fe", 1),
    ]  # fmt: skip


def test_polls_hand_over_what_is_new_and_nothing_twice(each: Base) -> None:
    clock, sink = Clock(), Kept()
    link = connector(each, clock, page=2)
    each.put(*((k, "feed", "Nd2O3", at(9, minute=k), str(k), at(9, 8)) for k in range(1, 8)))
    polled(link, sink, 2)
    assert list(sink.values().values()) == [float(k) for k in range(1, 8)] and sink.rows == 7
    each.put((8, "feed", "Nd2O3", at(9, minute=1), "1.5", at(9, 9)), (9, "feed", "remark", at(9), "late", at(9, 9)))
    polled(link, sink)
    assert sink.values()[datetime(2026, 3, 9, 6, 1)] == 1.5 and list(sink.values(3).values()) == ["late"]
    assert sink.rows == 9 and link.health.late == 1 and link.health.received == 9


def test_a_commit_that_becomes_visible_late_is_found_by_the_overlap(base: Base) -> None:
    sink, link = Kept(), connector(base, overlap=300.0, compare=1e9)
    base.put((5, "feed", "Nd2O3", at(9, 6), "5", at(9, 8, 14, 59)))
    polled(link, sink)
    base.put((4, "feed", "Nd2O3", at(9, 5), "4", at(9, 8, 11)))
    base.put((3, "feed", "Nd2O3", at(9, 4), "3", at(9, 8, 9)))
    polled(link, sink)
    assert sorted(sink.values().values()) == [4.0, 5.0], "the third is older than the overlap"
    link.polling = replace(link.polling, compare=0.0)
    polled(link, sink)
    assert sorted(sink.values().values()) == [3.0, 4.0, 5.0], "the comparison of days finds it"
    assert sink.rows == 3


def test_a_restart_goes_on_behind_the_watermark(base: Base) -> None:
    sink = Kept()
    base.put(*((k, "feed", "Nd2O3", at(9, minute=k), str(k), at(9, 8, k)) for k in range(1, 6)))
    polled(connector(base), sink)
    sink.state = json.loads(json.dumps(sink.state))
    base.put((6, "feed", "Nd2O3", at(9, minute=6), "6", at(9, 8, 6)))
    again = connector(base)
    run_until(again, sink, lambda: len(sink.values()) == 6)
    assert sink.rows == 6 and again.health.duplicate >= 5


def test_a_value_of_before_a_restart_never_overrides_its_correction(
    base: Base, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ferrolan.sources.sql.watermark.KEPT", 3)
    sink = Kept()
    base.put((1, "feed", "Nd2O3", at(9), "1", at(9, 8)), *((k, "feed", "Nd2O3", at(8, k), "7", at(9, 8)) for k in range(2, 9)),
             (9, "feed", "Nd2O3", at(9), "2", at(9, 8, 1)), (10, "feed", "Nd2O3", at(9, 9), "7", at(9, 8, 2)))  # fmt: skip
    polled(connector(base), sink)
    polled(restarted(base, sink), sink)
    assert sink.rows > 10 and sink.values()[datetime(2026, 3, 9, 6)] == 2.0


def test_rows_missed_before_are_handed_over_though_it_ended_after_the_withdrawal(base: Base) -> None:
    class Killed(Exception):
        pass

    class Dying(Kept):
        async def keep(self, samples=None, texts=None, *, state=None) -> None:
            if self.samples and RETRACTED in self.samples[-1]["status"]:
                raise Killed
            await super().keep(samples, texts, state=state)

    sink = Dying()
    base.put((1, "feed", "Nd2O3", at(9), "1", at(9)), (2, "feed", "Nd2O3", at(9, 12), "2", at(9, 12)))
    polled(connector(base), sink)
    base.run("delete from assays where id = 1")
    base.put(*((k, "feed", "Nd2O3", at(9, k), "9", at(9, k)) for k in (7, 8)))  # visible long after their stamps
    with pytest.raises(Killed):
        polled(restarted(base, sink), sink)
    after = Kept(sink.state)
    polled(restarted(base, after), after)
    assert sorted(after.values().values()) == [9.0, 9.0]


def run_until(
    link: SqlConnector, sink: Kept, holds: Callable[[], object], between: Callable[[], Awaitable[None]] | None = None
) -> None:
    async def running() -> None:
        task = asyncio.create_task(link.stream(TAGS, sink))
        try:
            if between is not None:
                await between()
            await awaited(holds, task)
        finally:
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task

    asyncio.run(running())


async def awaited(holds: Callable[[], object], task: asyncio.Task[None]) -> None:
    async with asyncio.timeout(60):
        while not holds():
            assert not task.done(), task
            await asyncio.sleep(0.02)


def test_rows_deleted_at_the_source_are_withdrawn_and_what_comes_back_counts_again(each: Base) -> None:
    sink, link = Kept(), connector(each, compare=0.0)
    each.put(*((k, "feed", "Nd2O3", at(9, minute=k), str(k), at(9, 8)) for k in range(1, 5)))
    each.put((7, "feed", "remark", at(9), "gone soon", at(9, 8)))
    polled(link, sink, 2)
    each.run("delete from assays where id in (2, 7)")
    polled(link, sink, 2)
    assert list(sink.values().values()) == [1.0, 3.0, 4.0] and not sink.values(3)
    assert link.health.figures["withdrawn"] == 2
    each.put((2, "feed", "Nd2O3", at(9, minute=2), "2", at(9, 8)))
    polled(link, sink, 2)
    assert sorted(sink.values().values()) == [1.0, 2.0, 3.0, 4.0]


def test_a_delete_hidden_by_an_insert_of_the_same_day_is_found(base: Base) -> None:
    sink, link = Kept(), connector(base, compare=0.0)
    base.put(*((k, "feed", "Nd2O3", at(9, minute=k), str(k), at(9, 8)) for k in (1, 2)))
    polled(link, sink)
    base.run("delete from assays where id = 1")
    base.put((3, "feed", "Nd2O3", at(9, minute=3), "3", at(9, 9)))
    polled(link, sink)
    assert list(sink.values().values()) == [2.0, 3.0]


def test_a_row_gone_and_one_that_came_late_in_the_middle_of_a_day_are_found(each: Base) -> None:
    """Neither the number of rows nor the first, nor the last, of ids, times and changes differs afterwards."""
    sink, link = Kept(), connector(each, compare=0.0, overlap=60.0)
    each.put(*((k, "feed", "Nd2O3", at(9, k), str(k), at(9, k)) for k in (10, 13, 19)))
    polled(link, sink, 2)
    each.run("delete from assays where id = 13")
    each.put((14, "feed", "Nd2O3", at(9, 14), "14", at(9, 14)))
    polled(restarted(each, sink), sink, 2)
    assert sink.values() == {datetime(2026, 3, 9, k): float(k) for k in (10, 14, 19)}


def test_a_correction_stamped_before_the_newest_row_is_found(each: Base) -> None:
    sink, link = Kept(), connector(each, compare=0.0, overlap=60.0)
    each.put(*((k, "feed", "Nd2O3", at(9, k), str(k), at(9, k)) for k in (10, 13, 19)))
    polled(link, sink, 2)
    each.run(f"update assays set result = '13.5', updated_at = '{at(9, 15)}' where id = 13")
    polled(link, sink, 2)
    assert sink.values()[datetime(2026, 3, 9, 13)] == 13.5 and sink.rows == 4
    each.run("update assays set result = '13.6' where id = 13")
    polled(link, sink, 2)
    assert sink.values()[datetime(2026, 3, 9, 13)] == 13.6 and sink.rows == 5, "of one that was not stamped at all too"


def test_a_day_that_stays_as_it_is_is_not_read_again(each: Base, monkeypatch: pytest.MonkeyPatch) -> None:
    sink, link = Kept(), connector(each, compare=0.0)
    each.put((1, "feed", "Nd2O3", at(9), "0.1", at(9)), (2, "feed", None, at(9), None, None))
    polled(link, sink, 2)

    async def pages(_: object) -> None:
        pytest.fail("read again")

    monkeypatch.setattr(SqlConnector, "_pages", pages)
    polled(restarted(each, sink), sink, 2)
    assert sink.rows == 1


def test_a_tag_added_later_gets_its_past_from_a_source_of_a_new_name_alone(base: Base) -> None:
    sink, link = Kept(), connector(base, compare=0.0)
    base.put((1, "feed", "Nd2O3", at(9, 1), "1", at(9, 1)), (2, "tails", "Fe", at(9, 2), "2", at(9, 2)))
    asyncio.run(link.poll(TAGS[:1], sink))
    polled(restarted(base, sink), sink, 2)
    assert list(sink.values().values()) == [1.0] and not sink.values(2)
    anew = Kept()
    polled(connector(base), anew)
    assert list(anew.values(2).values()) == [2.0]


def test_columns_of_two_collations_are_compared_all_the_same(server: Base) -> None:
    other = '"C"' if server.name == "postgresql" else "latin1_german1_ci"
    kind = f'alter column point type varchar(40) collate {other}' if server.name == "postgresql" else \
        f"modify point varchar(40) character set latin1 collate {other}"  # fmt: skip
    server.run(f"alter table assays {kind}")
    sink, link = Kept(), connector(server, compare=0.0)
    server.put((1, "feed", "Nd2O3", at(9, 1), "1", at(9, 1)), (2, "feed", "Nd2O3", at(9, 2), "2", at(9, 2)))
    polled(link, sink, 2)
    server.run("delete from assays where id = 1")
    polled(link, sink)
    assert list(sink.values().values()) == [2.0]


def test_a_deletion_before_the_watched_days_is_not_looked_for(base: Base) -> None:
    sink, link = Kept(), connector(base, compare=0.0, watch=3)
    base.put((1, "feed", "Nd2O3", at(1), "1", at(1)), (2, "feed", "Nd2O3", at(9), "2", at(9)))
    polled(link, sink)
    base.run("delete from assays where id = 1")
    polled(link, sink)
    assert list(sink.values().values()) == [1.0, 2.0]


def test_days_with_more_rows_than_can_be_remembered_are_no_longer_watched_and_not_read_again(
    base: Base, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ferrolan.sources.sql.watermark.KNOWN", 10)
    sink, link = Kept(), connector(base, compare=0.0)
    base.put(*((10 * d + k, "feed", "Nd2O3", at(d, minute=k), "1", at(9)) for d in (5, 7, 9) for k in range(6)))
    polled(link, sink, 3)
    assert sink.rows == 18
    base.run("delete from assays where id in (50, 70, 90)")
    base.put((99, "feed", "Nd2O3", at(9, 9), "1", at(10)))
    polled(link, sink, 3)
    assert len(sink.values()) == 18 and sink.rows == 20, "the last day is watched, the others are not"


def test_one_bad_row_never_stops_the_others(each: Base) -> None:
    sink, link = Kept(), connector(each, compare=1e9)
    each.put(
        (1, "feed", "Nd2O3", None, "1", at(9)), (2, "feed", "Nd2O3", "1066-10-14 09:00:00", "1", at(9)),
        (3, "feed", "Nd2O3", at(9), "inf", at(9)), (4, "feed", "Nd2O3", at(9, 7), "4", at(9)),
        (5, "feed", "Nd2O3", at(9, 8), None, at(9)), (6, "tails", "Fe", at(9, 8), "<0.01", at(9)),
        (7, "feed", "Nd2O3", at(9, 9), "7", None),
    )  # fmt: skip
    polled(link, sink)
    assert list(sink.values().values()) == [None, 4.0, None] and list(sink.values(2).values()) == [0.01]
    assert pl.concat(sink.rejected)["line"].to_list() == [1, 2, 3] and link.health.rejected == 3
    assert link.health.figures["rows_without_change_time"] == 1


def test_a_change_stamped_in_the_future_does_not_run_the_watermark_away(base: Base) -> None:
    sink, link = Kept(), connector(base, compare=1e9, overlap=60.0)
    base.put((1, "feed", "Nd2O3", at(9, 6), "1", at(9, 8)), (2, "feed", "Nd2O3", at(9, 7), "2", "2099-01-01 00:00:00"))
    polled(link, sink)
    base.put((3, "feed", "Nd2O3", at(9, 8), "3", at(9, 9)))
    polled(link, sink, 2)
    assert list(sink.values().values()) == [1.0, 2.0, 3.0] and sink.rows == 3


def test_a_clock_put_back_hides_no_row(base: Base) -> None:
    """In Berlin 02:00 to 03:00 comes twice on 25 October 2026; the second pass is stamped before what was seen."""
    clock, sink = Clock(datetime(2026, 10, 25, 2, tzinfo=UTC)), Kept()
    link = connector(base, clock, compare=1e9, overlap=60.0)
    link.table = replace(link.table, time_zone="Europe/Berlin")
    base.put(
        (1, "feed", "Nd2O3", at(9, 6), "1", "2026-10-25 01:59:00"),
        (2, "feed", "Nd2O3", at(9, 7), "2", "2026-10-25 02:58:00"),
    )
    polled(link, sink)
    base.put((3, "feed", "Nd2O3", at(9, 8), "3", "2026-10-25 02:05:00"))
    polled(link, sink)
    assert sink.rows == 3


def test_a_thousand_rows_of_one_stamp_come_page_by_page(base: Base) -> None:
    rows = [
        f"({k}, 'feed', 'Nd2O3', '{datetime(2026, 3, 9) + timedelta(minutes=k)}', '{k}', '{at(9, 8)}')"
        for k in range(1000)
    ]
    base.run(f"insert into assays values {', '.join(rows)}")
    sink, link = Kept(), connector(base, page=300)
    polled(link, sink, 2)
    assert sorted(sink.values().values()) == [float(k) for k in range(1000)] and sink.rows == 1000


def test_the_history_of_an_interval_is_the_table_of_that_interval(base: Base) -> None:
    base.put(*((k, "feed", "Nd2O3", at(k), str(k), at(9)) for k in range(1, 10)))

    async def pages() -> list[pl.DataFrame]:
        start, end = datetime(2026, 3, 2, 22, tzinfo=UTC), datetime(2026, 3, 5, 22, tzinfo=UTC)
        return [frame async for frame in connector(base, page=2).history(TAGS, start, end)]

    found = asyncio.run(pages())
    assert pl.concat(found)["value"].to_list() == [3.0, 4.0, 5.0] and max(frame.height for frame in found) <= 2


def test_a_table_that_vanishes_is_named_and_read_on_when_it_is_back(base: Base) -> None:
    sink, link = Kept(), connector(base)
    base.put((1, "feed", "Nd2O3", at(9, 6), "1", at(9, 8)))

    async def events() -> None:
        async with asyncio.timeout(60):
            while not sink.values():
                await asyncio.sleep(0.02)
            base.run("alter table assays rename to away")
            while "missing_table" not in link.health.faults.get("assays", ""):
                await asyncio.sleep(0.02)
            assert link.health.state in ("lost", "waiting")
            base.run("alter table away rename to assays", "alter table assays rename column result to wert")
            while "missing_column" not in link.health.faults.get("assays", ""):
                await asyncio.sleep(0.02)
            base.run("alter table assays rename column wert to result")
            base.put((2, "feed", "Nd2O3", at(9, 7), "2", at(9, 9)))

    run_until(link, sink, lambda: len(sink.values()) == 2, events)
    assert link.health.state == "connected" and not link.health.faults and link.health.reconnects >= 1


def test_a_server_that_stops_and_starts_again_loses_and_doubles_nothing(server: Base) -> None:
    sink, link = Kept(), connector(server, page=3)
    server.put(*((k, "feed", "Nd2O3", at(9, minute=k), str(k), at(9, 8, k)) for k in range(10)))

    async def events() -> None:
        async with asyncio.timeout(120):
            while len(sink.values()) < 10:
                await asyncio.sleep(0.02)
            await asyncio.to_thread(server.stop)
            while "database_gone" not in link.health.said:
                await asyncio.sleep(0.02)
            await asyncio.to_thread(server.start)
            server.put(*((k, "feed", "Nd2O3", at(9, minute=k), str(k), at(9, 8, k)) for k in range(10, 20)))

    run_until(link, sink, lambda: len(sink.values()) == 20, events)
    assert sink.rows == 20 and WORD not in link.health.said


def test_every_statement_that_arrives_at_a_server_only_reads(server: Base) -> None:
    server.put((1, "feed", "Nd2O3", at(9, 6), "1", at(9, 8)))
    sink, link = Kept(), connector(server, compare=0.0)
    read_sql(server.table, TAGS, 0, "lims")
    asyncio.run(link.discover())
    polled(link, sink, 2)
    describe(server.table.database)
    until(lambda: any("group by" in text.lower() for text in server.statements()), "the log is written", 20)
    sent = server.statements()
    unread = [text for text in sent if not READS.match(text)]
    assert len(sent) > 10 and not unread, unread
    quoted = re.compile(r"'[^']*'|\"[^\"]*\"|`[^`]*`")
    written = [
        text for text in sent if WRITES.search(quoted.sub("", text)) and not text.upper().startswith("SHOW CREATE")
    ]
    assert not written, written


def test_a_session_refuses_to_write_even_where_the_user_may(server: Base) -> None:
    import sqlalchemy as sa

    from ferrolan.sources.sql.database import connection

    owner = "postgres" if server.name == "postgresql" else "admin"
    database = Database(server.url.replace("lims_reader", owner), "admin-word")
    with pytest.raises(SourceError, match=r"(?i)read.only"), connection(database, "assays") as link:
        link.execute(sa.text("insert into assays (id) values (77)"))
    assert server.run("select count(*) from assays") == [(0,)]


def test_what_a_server_refuses_is_named_without_the_password(server: Base) -> None:
    wrong = {
        "database_login": replace(server.table, password="wrong-word"),
        "database_gone": replace(server.table, url=re.sub(r":\d+/", ":9/", server.url)),
        "missing_table": replace(server.table, table="nothing"),
    }
    for code, table in wrong.items():
        with pytest.raises(SourceError) as refused:
            read_sql(table, TAGS, 0, "lims")
        text = str(refused.value)
        assert f"[{code}]" in text and WORD not in text and "wrong-word" not in text, text


def test_a_right_that_is_taken_away_is_named(server: Base) -> None:
    server.run("revoke select on assays from lims_reader" if server.name == "postgresql" else
               "revoke select on lims.assays from 'lims_reader'@'%'")  # fmt: skip
    with pytest.raises(SourceError) as refused:
        read_sql(server.table, TAGS, 0, "lims")
    assert refused.value.faults[0].code in ("database_rights", "missing_table", "database_login"), str(refused.value)


def test_a_statement_that_takes_too_long_is_ended(server: Base) -> None:
    sleep = "pg_sleep(30)::text" if server.name == "postgresql" else "sleep(30)"
    server.run(f"create view slow as select id, point, element, taken_at, {sleep} as result, updated_at from assays")
    server.run("grant select on slow to lims_reader" if server.name == "postgresql" else
               "grant select on lims.slow to 'lims_reader'@'%'")  # fmt: skip
    server.put((1, "feed", "Nd2O3", at(9, 6), "1", at(9, 8)))
    with pytest.raises(SourceError) as slow:
        read_sql(replace(server.table, table="slow", patience=0.5), TAGS, 0, "lims")
    assert slow.value.faults[0].code == "database_slow", str(slow.value)


def test_describe_lists_tables_columns_and_what_they_may_be(base: Base) -> None:
    found = {one.table: one.columns for one in describe(base.table.database)}
    roles = {column.name: column.role for column in found["assays"]}
    assert roles["point"] == roles["element"] == "key" and roles["id"] == ""
    assert roles["taken_at"] == ("key" if base.name == "sqlite" else "time")


def test_times_with_an_offset_are_followed_and_polled(
    postgres: Postgres, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    base = _postgresql(request, tmp_path)
    base.run("alter table assays alter taken_at type timestamptz using taken_at at time zone 'UTC', "
             "alter updated_at type timestamptz using updated_at at time zone 'UTC', alter result type numeric using result::numeric")  # fmt: skip
    base.put(
        (1, "feed", "Nd2O3", "2026-03-09 06:00+08", "0.125", "2026-03-09 08:00+08"),
        (2, "feed", "Nd2O3", "2026-03-09 07:00+08", "NaN", "2026-03-09 08:00+08"),
    )
    sink, link = Kept(), connector(base, compare=0.0)
    polled(link, sink, 2)
    assert sink.values() == {datetime(2026, 3, 9, 6): 0.125, datetime(2026, 3, 9, 7): None} and sink.rows == 2
    base.run("delete from assays where id = 1")
    polled(link, sink)
    assert sink.values() == {datetime(2026, 3, 9, 7): None}


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("insert"), st.integers(0, 5), st.integers(0, 9)),
        st.tuples(st.just("late"), st.integers(0, 5), st.integers(0, 9)),
        st.tuples(st.just("update"), st.integers(0, 15), st.integers(0, 9)),
        st.tuples(st.just("delete"), st.integers(0, 15), st.just(0)),
        st.tuples(st.just("poll"), st.just(0), st.just(0)),
        st.tuples(st.just("restart"), st.just(0), st.just(0)),
    ),
    max_size=30,
)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=STEPS)
def test_whatever_happens_to_a_table_in_the_end_its_rows_are_what_was_handed_over(
    steps: list[tuple[str, int, int]], tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    """Rows come, come late, are corrected and deleted between polls and restarts; after a last poll all of it is known."""
    (tmp_path / "lims.sqlite").unlink(missing_ok=True)
    base, clock, sink = _sqlite(request, tmp_path), Clock(), Kept()
    link = connector(base, clock, compare=0.0, page=4)
    for number, (what, place, value) in enumerate(steps, start=1):
        clock.time += timedelta(minutes=1)
        late = timedelta(minutes=3 if what == "late" else 0)
        stamp = (clock.time + timedelta(hours=8) - late).strftime("%Y-%m-%d %H:%M:%S")
        if what in ("insert", "late"):
            base.put((number, "feed", "Nd2O3", at(9, minute=place), str(value), stamp))
        elif what == "update":
            base.run(f"update assays set result = '{value}', updated_at = '{stamp}' where id = {place}")
        elif what == "delete":
            base.run(f"delete from assays where id = {place}")
        elif what == "restart":
            link, sink.state = connector(base, clock, compare=0.0, page=4), json.loads(json.dumps(sink.state))
            link._memory = Memory.restored(sink.state)
        else:
            polled(link, sink)
    polled(link, sink)
    held = base.run("select taken_at, result from assays order by updated_at, id")
    assert sink.values() == {datetime.fromisoformat(str(moment)): float(str(value)) for moment, value in held}
