"""The collector as a whole: what it received is stored once, and nothing that dies stops the rest."""

from __future__ import annotations

import asyncio
import io
import json
import time
import urllib.error
import urllib.request
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from unittest.mock import patch

import pytest

from ferrolan.base.errors import DocumentError, SourceError, SurroundingsError
from ferrolan.base.tables import SAMPLES
from ferrolan.collector.logs import Log
from ferrolan.collector.service import Collector, Started
from ferrolan.enterprise.historian import PostgresHistorian
from ferrolan.historian.seam import NewTag, Position
from ferrolan.sources.live import Health, Sink, gathered, gathered_texts
from ferrolan.sources.source import TagAddress
from ferrolan.sources.spool import Bounds, Spool
from tests.collector.bench import T0, Flaky, collector, counting, for_ever, link, loaded, rows, until

AWAY = "db: expected a server, got nothing. Start it. [server_gone]"


@pytest.fixture
def said() -> io.StringIO:
    return io.StringIO()


@pytest.fixture
def log(said: io.StringIO) -> Log:
    return Log(stream=said)


def events(said: io.StringIO) -> list[str]:
    return [json.loads(line)["event"] for line in said.getvalue().splitlines()]


async def answer(url: str, path: str) -> tuple[int, bytes]:
    def ask() -> tuple[int, bytes]:
        try:
            with urllib.request.urlopen(f"{url}{path}", timeout=10) as found:
                return found.status, found.read()
        except urllib.error.HTTPError as error:
            return error.code, error.read()

    return await asyncio.to_thread(ask)


async def health(url: str) -> tuple[int, dict[str, object]]:
    status, content = await answer(url, "/health")
    return status, json.loads(content)


class Announced:
    """Keeps what the collector says when it has started."""

    def __init__(self) -> None:
        self.url = ""

    def __call__(self, started: Started) -> None:
        self.url = started.url


async def started(made: Collector) -> tuple[str, asyncio.Task[object]]:
    announced = Announced()
    task: asyncio.Task[object] = asyncio.create_task(made.run(announced))  # type: ignore[arg-type]
    await until(lambda: announced.url or task.done())
    if task.done():
        await task
    return announced.url, task


@pytest.mark.parametrize(("mode", "insecure"), [("disable", True), ("verify-full", False)])
async def test_an_open_line_to_the_historian_is_in_the_health(
    tmp_path: Path, log: Log, mode: str, insecure: bool
) -> None:
    kept = PostgresHistorian(kind="postgresql", url=f"postgresql://collector@db.works/plant?sslmode={mode}")
    document = loaded(tmp_path).model_copy(update={"historian": kept})
    made = collector(document, Flaky(), [link("scada", lambda *_: for_ever())], log, once=False)
    url, task = await started(made)
    _, document_ = await health(url)
    assert document_["historian"]["insecure"] is insecure  # type: ignore[index]
    assert any("leaves the line" in text for text in document_["needs"]) is insecure  # type: ignore[attr-defined]
    made.stop()
    await task


async def test_every_row_of_every_source_is_stored_once(tmp_path: Path, log: Log, said: io.StringIO) -> None:
    store = Flaky()
    document = loaded(tmp_path, ("mill", "furnace"))
    made = collector(document, store, [link("mill", counting(7)), link("furnace", counting(5), 1)], log)
    ended = await made.run()
    assert (ended.received, ended.stored, ended.waiting) == (120, 120, 0) and ended.needs == []
    assert store.count() == 120 and store.closed
    assert events(said)[:2] == ["store_ready", "started"] and events(said)[-1] == "stopped"


async def test_a_second_run_goes_on_where_the_first_was_kept(tmp_path: Path, log: Log) -> None:
    store, document = Flaky(), loaded(tmp_path)
    await collector(document, store, [link("scada", counting(3))], log).run()
    await collector(document, store, [link("scada", counting(8))], log).run()
    assert store.count() == 80 and store.values() == list(range(80))


async def test_a_source_that_fails_at_once_stops_no_other_and_is_named(
    tmp_path: Path, log: Log, said: io.StringIO
) -> None:
    async def failing(tags: Sequence[TagAddress], sink: Sink, state: Health) -> None:
        raise SourceError([])

    async def breaking(tags: Sequence[TagAddress], sink: Sink, state: Health) -> None:
        raise ExceptionGroup("two", [ValueError("a bug of a library"), ValueError("another")])

    async def steady(tags: Sequence[TagAddress], sink: Sink, state: Health) -> None:
        await counting(5)(tags, sink, state)
        await for_ever()

    store = Flaky()
    names = ("dead", "broken", "alive")
    links = [link(name, work, n) for n, (name, work) in enumerate(zip(names, (failing, breaking, steady), strict=True))]
    made = collector(loaded(tmp_path, names), store, links, log, once=False)
    url, task = await started(made)
    await until(lambda: store.count() == 50 and all(one.restarts >= 2 for one in made.running[:2]))
    status, found = await health(url)
    connections = found["connections"]
    assert isinstance(connections, dict)
    assert status == 503 and connections["alive"]["state"] == "connected"
    assert connections["broken"]["state"] == "failed" and "a bug of a library" in connections["broken"]["said"]
    assert any(str(need).startswith("dead: the connector failed") for need in found["needs"])  # type: ignore[attr-defined]
    made.stop()
    await task
    assert events(said).count("connector_failed") >= 4


async def test_a_connector_that_cancels_itself_is_started_again(tmp_path: Path, log: Log) -> None:
    tries: list[int] = []

    async def cancelled(tags: Sequence[TagAddress], sink: Sink, state: Health) -> None:
        tries.append(1)
        if len(tries) == 1:
            raise asyncio.CancelledError
        await counting(2)(tags, sink, state)

    store = Flaky()
    ended = await collector(loaded(tmp_path), store, [link("scada", cancelled)], log).run()
    assert len(tries) == 2 and ended.stored == 20


async def test_while_the_store_is_away_everything_waits_in_the_spool(
    tmp_path: Path, log: Log, said: io.StringIO
) -> None:
    store = Flaky()
    gate = asyncio.Event()

    async def stream(tags: Sequence[TagAddress], sink: Sink, state: Health) -> None:
        await sink.keep(rows(tags, 0, 10))
        await gate.wait()
        store.away = AWAY
        for block in range(1, 6):
            await sink.keep(rows(tags, block * 10, 10))
        await for_ever()

    made = collector(loaded(tmp_path), store, [link("scada", stream)], log, once=False)
    url, task = await started(made)
    await until(lambda: store.count() == 10)
    gate.set()
    await until(lambda: made.running[0].waiting == 50 and made.running[0].trouble)
    status, found = await health(url)
    assert status == 503 and found["historian"]["state"] == "away"  # type: ignore[index]
    assert store.count() == 10
    store.away = ""
    await until(lambda: store.count() == 60)
    await until(lambda: made.running[0].waiting == 0)
    assert store.values() == list(range(60))
    made.stop()
    await task
    assert [event for event in events(said) if event.startswith("store_")] == ["store_ready", "store_away", "store_ready"]  # fmt: skip


async def test_it_starts_without_the_store_under_the_numbers_it_kept(tmp_path: Path, log: Log) -> None:
    store, document = Flaky(), loaded(tmp_path)
    await collector(document, store, [link("scada", counting(2))], log).run()
    store.away = AWAY
    ended = await collector(document, store, [link("scada", counting(6))], log, patience=0.5).run()
    assert (ended.received, ended.stored, ended.waiting) == (40, 0, 40)
    assert any("historian is away" in need for need in ended.needs)
    store.away = ""
    ended = await collector(document, store, [link("scada", counting(6))], log).run()
    assert (ended.received, ended.stored, ended.waiting) == (0, 40, 0) and store.values() == list(range(60))


async def test_without_numbers_nothing_is_collected_before_the_store_is_there(tmp_path: Path, log: Log) -> None:
    store = Flaky()
    store.away = AWAY
    made = collector(loaded(tmp_path), store, [link("scada", counting(3))], log)
    url, task = await started(made)
    status, found = await health(url)
    assert status == 503 and "no numbers" in str(found["needs"])
    store.away = ""
    await task
    assert store.count() == 30


async def test_another_store_that_comes_back_gets_no_row_under_wrong_numbers(tmp_path: Path, log: Log) -> None:
    document = loaded(tmp_path)
    await collector(document, Flaky(), [link("scada", counting(1))], log).run()
    other = Flaky()
    other.register([NewTag("X", "t/h")])
    other.away = AWAY
    made = collector(document, other, [link("scada", counting(4))], log, once=False)
    url, task = await started(made)
    await until(lambda: made.running and made.running[0].keeper.kept == 30)
    other.away = ""
    await until(lambda: other.opened >= 2)
    await asyncio.sleep(0.1)
    status, found = await health(url)
    assert status == 503 and "[other_historian]" in str(found["needs"]) and other.count() == 0
    made.stop()
    await task


async def test_rows_that_wait_get_under_no_other_tag_where_the_historian_was_made_anew(
    tmp_path: Path, log: Log
) -> None:
    store = Flaky()
    numbers = store.register([NewTag("GONE", "t/h")])  # declared no more: the tags of today were 2, 3, 4 and 5
    document = loaded(tmp_path)
    await collector(document, store, [link("scada", counting(1))], log).run()
    assert numbers == {"GONE": 1} and store.values(1) == []
    anew = Flaky()
    with pytest.raises(SurroundingsError, match=r"\[other_historian\]"):
        await collector(document, anew, [link("scada", counting(2))], log).run()
    assert anew.count() == 0 and anew.closed


async def test_rows_of_a_source_that_was_renamed_are_handed_over_all_the_same(tmp_path: Path, log: Log) -> None:
    store = Flaky()
    document = loaded(tmp_path)
    await collector(document, store, [link("scada", counting(1))], log).run()
    store.away = AWAY
    await collector(document, store, [link("scada", counting(4))], log, patience=0.5).run()
    store.away = ""
    ended = await collector(loaded(tmp_path, ("bf1",)), store, [link("bf1", counting(0))], log).run()
    assert (ended.stored, ended.waiting, store.count()) == (30, 0, 40)


async def test_a_store_of_another_process_is_said_at_once(tmp_path: Path, log: Log) -> None:
    store = Flaky()
    store.away = "historian: expected a historian that is free, got one that is open. Close it. [in_use]"
    with pytest.raises(SurroundingsError, match=r"\[in_use\]"):
        await collector(loaded(tmp_path), store, [link("scada", counting(1))], log).run()


async def test_rows_that_come_again_are_dropped_and_counted_and_corrections_are_not(tmp_path: Path, log: Log) -> None:
    async def stream(tags: Sequence[TagAddress], sink: Sink, state: Health) -> None:
        tag = tags[0].tag
        await sink.keep(rows(tags, 0, 40))
        await sink.keep(rows(tags, 20, 20))  # sent again
        await sink.keep(
            gathered([tag, tag, tag], [0, 0, 0], [1.0, 1.0, 2.0], [0, 0, 0])
        )  # late; one twice, one corrected
        await sink.keep(gathered([tag], [0], [1.0], [0]))  # and back: no repetition of what stands there
        await sink.keep(texts=gathered_texts([tags[1].tag] * 2, [5, 5], ["run", "run"], [0, 0]))

    store = Flaky()
    made = collector(loaded(tmp_path), store, [link("scada", stream)], log)
    ended = await made.run()
    assert (ended.received, ended.stored, ended.known) == (66, 44, 22)
    first = list(store.superseded([1], *SPAN).iter_rows(named=True))
    assert [row["value"] for row in first] == [1.0, 2.0]
    over = made.running[0].over
    assert over is not None and over.counts.late == 3


async def test_texts_that_come_again_after_a_restart_are_stored_once(tmp_path: Path, log: Log) -> None:
    async def stream(tags: Sequence[TagAddress], sink: Sink, state: Health) -> None:
        times = [T0, T0 + 1, T0 + 2]
        await sink.keep(texts=gathered_texts([tags[1].tag] * 3, times, ["run", "stop", "run"], [0] * 3))

    store = Flaky()
    first = await collector(loaded(tmp_path), store, [link("scada", stream)], log).run()
    again = await collector(loaded(tmp_path), store, [link("scada", stream)], log).run()
    assert (first.stored, first.known, again.stored, again.known) == (3, 0, 0, 3) and store.count() == 3


async def test_a_spool_that_cannot_be_read_is_said_and_not_laid_to_the_historian(
    tmp_path: Path, log: Log, said: io.StringIO
) -> None:
    async def slow(tags: Sequence[TagAddress], sink: Sink, state: Health) -> None:
        await counting(2)(tags, sink, state)
        await for_ever()

    store = Flaky()
    broken = SurroundingsError("spool: expected a disk that answers, got [Errno 5]. Look at it. [disk_error]")
    with patch.object(Spool, "read", side_effect=broken):
        made = collector(loaded(tmp_path), store, [link("scada", slow)], log, once=False)
        url, task = await started(made)
        await until(lambda: made.running and made.running[0].unread)
        status, found = await health(url)
        assert status == 503 and "the spool cannot be read" in str(found["needs"])
        assert found["historian"]["state"] == "ready" and "historian" not in str(found["needs"])  # type: ignore[index]
    await until(lambda: store.count() == 20)
    made.stop()
    await task
    assert "store_away" not in events(said) and {"spool_unread", "spool_read_again"} <= set(events(said))


async def test_a_historian_that_was_put_back_from_an_old_copy_is_said_to_miss_rows(tmp_path: Path, log: Log) -> None:
    document, store, old = loaded(tmp_path), Flaky(), Flaky()
    small = Bounds(most=32_000)  # a segment holds two batches or three
    made = collector(document, store, [link("scada", counting(12))], log, bounds=small)
    await made.run()
    old.register([NewTag(name, "t/h") for name in store.registered()["name"]])
    old.append(SAMPLES.empty(), position=Position(made.running[0].spool.identity, 2))
    again = collector(document, old, [link("scada", counting(13))], log, bounds=small)
    ended = await again.run()
    assert any("the historian knows batch 2, the spool begins with" in need for need in ended.needs)
    same = await collector(document, store, [link("scada", counting(13))], log, bounds=small).run()
    assert not any("the historian knows batch" in need for need in same.needs)


async def test_values_are_converted_once_and_raw_ones_kept(tmp_path: Path, log: Log) -> None:
    async def stream(tags: Sequence[TagAddress], sink: Sink, state: Health) -> None:
        await sink.keep(gathered([tags[0].tag], [1], [1500.0], [0]))

    store = Flaky()
    await collector(loaded(tmp_path, unit="kg/h"), store, [link("scada", stream)], log).run()
    assert store.query([1], *SPAN).select("value", "raw").row(0) == (1.5, 1500.0)
    assert store.registered()["unit"].to_list() == ["t/h"] * 4


async def test_rows_of_a_tag_that_is_declared_no_more_keep_their_raw_value(tmp_path: Path, log: Log) -> None:
    store = Flaky()
    await collector(loaded(tmp_path), store, [link("scada", counting(0))], log).run()
    store.away = AWAY
    await collector(loaded(tmp_path), store, [link("scada", counting(4))], log, patience=0.2).run()
    store.away = ""
    ended = await collector(loaded(tmp_path, tags=2), store, [link("scada", counting(4))], log).run()
    assert (ended.stored, ended.waiting) == (40, 0) and "declared no more" in ended.needs[0]
    assert store.query([3], *SPAN)["value"].null_count() == 10 and store.query([3], *SPAN)["raw"][0] == 2.0


async def test_a_full_spool_holds_its_source_and_no_other(tmp_path: Path, log: Log) -> None:

    async def slow(tags: Sequence[TagAddress], sink: Sink, state: Health) -> None:
        await counting(200)(tags, sink, state)
        await for_ever()

    store = Flaky()
    document = loaded(tmp_path, ("one", "two"))
    await collector(document, store, [link("one", counting(0)), link("two", counting(0), 1)], log).run()
    store.away = AWAY
    links = [link("one", slow), link("two", counting(1), 1)]
    made = collector(document, store, links, log, once=False, bounds=Bounds(most=20_000))
    url, task = await started(made)
    await until(lambda: made.running and made.running[0].keeper.trouble)
    status, found = await health(url)
    assert status == 503 and "[spool_full]" in str(found["needs"])
    assert made.running[1].keeper.kept == 10 and not made.running[1].keeper.trouble
    assert 0 < made.running[0].keeper.kept < 2_000 and made.running[0].keeper.unwritten <= 10
    store.away = ""
    await until(lambda: store.count() == 2_010, 50)
    made.stop()
    await task


async def test_a_connection_that_is_up_and_silent_needs_a_person(tmp_path: Path, log: Log) -> None:
    async def stream(tags: Sequence[TagAddress], sink: Sink, state: Health) -> None:
        state.turn("connected", 1)
        state.proven = 1
        state.figures["expected_life"] = 30.0
        await for_ever()

    async def faulty(tags: Sequence[TagAddress], sink: Sink, state: Health) -> None:

        state.turn("connected", time.time_ns() // 1_000)
        state.proven = time.time_ns() // 1_000
        state.faults["TWO-1"] = "no such node"
        await for_ever()

    links = [link("one", stream), link("two", faulty, 1)]
    made = collector(loaded(tmp_path, ("one", "two")), Flaky(), links, log, once=False)
    url, task = await started(made)
    await until(lambda: made.running and all(one.health.state == "connected" for one in made.running))
    status, found = await health(url)
    needs = found["needs"]
    assert isinstance(needs, list) and status == 503
    assert needs[0].startswith("one: connected but silent for")
    assert needs[1] == "two: 1 of 4 tags cannot be had, such as TWO-1: no such node"
    made.stop()
    await task


async def test_a_faulty_tag_alone_is_looked_at_and_alarms_nobody(tmp_path: Path, log: Log) -> None:
    async def stream(tags: Sequence[TagAddress], sink: Sink, state: Health) -> None:
        state.turn("connected", 0)
        state.faults["SCADA-1"] = "no such node"
        await for_ever()

    made = collector(loaded(tmp_path), Flaky(), [link("scada", stream)], log, once=False)
    url, task = await started(made)
    await until(lambda: made.running and made.running[0].health.faults)
    status, found = await health(url)
    assert (status, found["status"]) == (200, "look")
    made.stop()
    await task


async def test_one_collector_owns_a_folder(tmp_path: Path, log: Log) -> None:
    async def stream(tags: Sequence[TagAddress], sink: Sink, state: Health) -> None:
        await for_ever()

    document = loaded(tmp_path)
    made = collector(document, Flaky(), [link("scada", stream)], log, once=False)
    _url, task = await started(made)
    with pytest.raises(SurroundingsError, match=r"process \d+ holds, which answers at http://127.*\[collector_runs\]"):
        await collector(document, Flaky(), [link("scada", stream)], log).run()
    made.stop()
    await task


async def test_an_address_that_is_taken_is_said(tmp_path: Path, log: Log) -> None:
    made = collector(loaded(tmp_path), Flaky(), [link("scada", lambda *_: for_ever())], log, once=False)
    url, task = await started(made)
    (tmp_path / "other").mkdir()
    other = collector(loaded(tmp_path / "other"), Flaky(), [link("scada", counting(1))], log, port=int(url[-5:]))
    with pytest.raises(SurroundingsError, match=r"\[address_taken\]"):
        await other.run()
    made.stop()
    await task


async def test_a_document_without_a_live_source_or_tag_is_refused(tmp_path: Path, log: Log) -> None:
    with pytest.raises(DocumentError, match=r"\[nothing_live\]"):
        collector(loaded(tmp_path), Flaky(), [], log)
    with pytest.raises(DocumentError, match=r"\[no_tags\]"):
        collector(loaded(tmp_path), Flaky(), [link("other", counting(1))], log)


async def test_it_stops_though_a_connector_takes_its_time_and_the_store_is_away(tmp_path: Path, log: Log) -> None:
    async def stubborn(tags: Sequence[TagAddress], sink: Sink, state: Health) -> None:
        try:
            await sink.keep(rows(tags, 0, 10))
            await for_ever()
        finally:
            await sink.keep(rows(tags, 10, 10))

    store = Flaky()
    made = collector(loaded(tmp_path), store, [link("scada", stubborn)], log, once=False)
    _url, task = await started(made)
    await until(lambda: store.count() == 10)
    made.stop()
    ended = await task
    assert getattr(ended, "received", 0) == 20 and store.count() == 20


def at(year: int) -> datetime:

    return datetime(year, 1, 1, tzinfo=UTC)


SPAN = (at(1960), at(2100))
