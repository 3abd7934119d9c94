"""What the collector tells: health and metrics in their forms, rows for other processes, and nothing to who may not ask."""

from __future__ import annotations

import asyncio
import http.client
import io
import json
import re
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from ferrolan.base.errors import SurroundingsError
from ferrolan.collector import http as answering
from ferrolan.collector import stretches
from ferrolan.collector.logs import Log
from ferrolan.historian.remote import RemoteHistorian, joined, parted
from ferrolan.historian.seam import Reader
from ferrolan.sources.live import Health, Sink, gathered, gathered_texts
from tests.collector.bench import T0, Flaky, collector, for_ever, link, loaded, until

METHODS = ("POST", "PUT", "DELETE", "PATCH", "OPTIONS")
START = datetime(2026, 3, 19, tzinfo=UTC)
PATHS = ("/health", "/metrics", "/count", "/registered", "/samples?tags=1&start=0&end=9", "/at?tags=1&instant=9")


@asynccontextmanager
async def told(folder: Path, store: Flaky | None = None, **settings: object) -> AsyncIterator[tuple[str, Flaky]]:
    """A running collector that has stored some rows, and its store."""
    store = store or Flaky()

    async def stream(tags: list, sink: Sink, health: Health) -> None:  # type: ignore[type-arg]
        numbers = [tag.tag for tag in tags]
        times = [T0 + n * 3_600_000_000 for n in range(50)]
        health.turn("connected", T0)
        health.figures['odd "figure"\n'] = float("nan")
        for number in numbers:
            await sink.keep(gathered([number] * 50, times, [float(n) for n in range(50)], [0] * 50))
        await sink.keep(gathered(numbers[:1], times[:1], [7.0], [0]))
        await sink.keep(texts=gathered_texts(numbers[:1], times[:1], ["run"], [0]))
        await for_ever()

    where: list[str] = []
    made = collector(loaded(folder), store, [link("scada", stream)], Log(stream=io.StringIO()), once=False, **settings)  # type: ignore[arg-type]
    task = asyncio.create_task(made.run(lambda started: where.append(started.url)))
    try:
        await until(
            lambda: task.done() or (made.running and made.running[0].over and made.running[0].over.counts.stored == 202)
        )
        yield where[0], store
    finally:
        made.stop()
        await task


async def ask(
    url: str, path: str, method: str = "GET", headers: Mapping[str, str] | None = None
) -> tuple[int, bytes, str]:
    def asked() -> tuple[int, bytes, str]:
        connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=20)
        connection.request(method, path, headers=dict(headers or {}))
        found = connection.getresponse()
        return found.status, found.read(), found.headers.get("content-type", "")

    return await asyncio.to_thread(asked)


async def test_a_remote_reader_gives_the_answers_of_the_store_itself(tmp_path: Path) -> None:
    async with told(tmp_path) as (url, store):
        remote = RemoteHistorian(url)
        end = START + timedelta(days=4)
        noon = datetime.fromtimestamp(T0 / 1e6, UTC) + timedelta(hours=12, minutes=1)
        tags = [1, 2, 4, 77]

        def same(question: str, *arguments: object) -> None:
            ours, theirs = (getattr(reader, question)(*arguments) for reader in (store, remote))
            assert_frame_equal(theirs, ours)
            assert ours.height > 0 or question == "superseded"

        def all_the_same() -> None:
            for name in ("query", "superseded", "texts"):
                same(name, tags, START, end)
            for name in ("at", "before", "since"):
                same(name, tags, noon)
            assert_frame_equal(remote.registered(), store.registered())
            assert remote.count() == store.count()
            assert remote.query([], START, end).is_empty() and remote.query([1], end, START).is_empty()

        await asyncio.to_thread(all_the_same)
        reader: Reader = remote
        assert reader is remote


@pytest.mark.parametrize("room", [2_000, 5_000])
async def test_an_answer_without_room_is_refused_and_a_remote_reader_gets_it_in_pieces(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, room: int
) -> None:
    monkeypatch.setattr(stretches, "ROOM", room)
    async with told(tmp_path) as (url, store):
        status, content, _ = await ask(url, f"/samples?tags=1-9&start={T0}&end={T0 + 10**12}")
        assert status == 413 and "[answer_too_large]" in json.loads(content)["error"]
        remote, end = RemoteHistorian(url), START + timedelta(days=4)

        def same() -> None:
            for name in ("query", "superseded", "texts"):
                ours = getattr(store, name)([1, 2, 3, 4, 77], START, end)
                assert_frame_equal(getattr(remote, name)([1, 2, 3, 4, 77], START, end), ours)

        await asyncio.to_thread(same)


async def test_an_answer_that_never_has_room_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stretches, "ROOM", 1)
    async with told(tmp_path) as (url, _):
        with pytest.raises(SurroundingsError, match=r"\[answer_too_large\]"):
            await asyncio.to_thread(RemoteHistorian(url).query, [1], START, START + timedelta(days=9))


async def test_the_folders_of_a_collector_are_its_users_alone(tmp_path: Path) -> None:
    async with told(tmp_path):
        folders = [
            tmp_path / "collected",
            *(path for path in (tmp_path / "collected" / "spool").rglob("*") if path.is_dir()),
        ]
        assert len(folders) > 1 and {path.stat().st_mode & 0o077 for path in folders} == {0}


async def test_every_path_is_for_reading_alone(tmp_path: Path) -> None:
    async with told(tmp_path) as (url, store):
        before = store.count()
        for path in PATHS:
            for method in METHODS:
                status, _, _ = await ask(url, path, method)
                assert status == 405, (method, path)
            assert (await ask(url, path))[0] == (503 if path == "/health" else 200)
        assert store.count() == before


@pytest.mark.parametrize("path", ["/samples", "/samples?tags=a&start=0&end=9", "/samples?tags=9-&start=x&end=9", "/at?tags=1", "/samples?tags=1-99999999999&start=0&end=9", "/at?tags=1&instant=999999999999999999999"])  # fmt: skip
async def test_a_question_that_is_none_is_refused(tmp_path: Path, path: str) -> None:
    async with told(tmp_path) as (url, _):
        status, content, _ = await ask(url, path)
        assert status == 400 and "expected" in json.loads(content)["error"]


async def test_a_page_of_another_site_gets_no_answer(tmp_path: Path) -> None:
    async with told(tmp_path) as (url, _):
        for host, expected in (("evil.example", 403), ("evil.example:8732", 403), ("localhost", 200), ("[::1]:9", 200)):
            assert (await ask(url, "/metrics", headers={"Host": host}))[0] == expected


async def test_connections_that_ask_nothing_are_bounded_and_ended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(answering, "PATIENCE", 0.3)
    async with told(tmp_path) as (url, _):
        port = int(url.rpartition(":")[2])
        mute = [await asyncio.open_connection("127.0.0.1", port) for _ in range(answering.VISITORS + 5)]
        ends = [reader.read() for reader, _ in mute]
        assert await asyncio.wait_for(asyncio.gather(*ends, return_exceptions=True), 20)
        assert (await ask(url, "/metrics"))[0] == 200
        for _, writer in mute:
            writer.close()


async def test_with_a_token_nobody_else_is_answered(tmp_path: Path) -> None:
    async with told(tmp_path, token="ochre-and-iron") as (url, _):
        for path in PATHS:
            assert (await ask(url, path))[0] == 401
            assert (await ask(url, path, headers={"Authorization": "Bearer wrong"}))[0] == 401
        assert await asyncio.to_thread(RemoteHistorian(url, "ochre-and-iron").count) > 200
        with pytest.raises(SurroundingsError, match=r"\[no_access\]"):
            await asyncio.to_thread(RemoteHistorian(url, "wrong").count)


def test_a_collector_that_is_not_there_is_said() -> None:
    with pytest.raises(SurroundingsError, match=r"\[collector_gone\]"):
        RemoteHistorian("http://127.0.0.1:9").count()
    with pytest.raises(SurroundingsError, match=r"\[wrong_collector\]"):
        RemoteHistorian("file:///etc/passwd")


async def test_the_metrics_have_the_form_of_prometheus_and_count_what_was_stored(tmp_path: Path) -> None:
    async with told(tmp_path) as (url, _):
        status, content, kind = await ask(url, "/metrics")
        assert (status, kind) == (200, "text/plain; version=0.0.4; charset=utf-8")
        found = exposed(content.decode())
        assert found['ferrolan_rows_stored_total{connector="scada"}'] == 202
        assert found['ferrolan_connector_state{connector="scada",state="connected"}'] == 1
        assert found["ferrolan_historian_up"] == 1


NAME = r"[a-zA-Z_:][a-zA-Z0-9_:]*"
LABELS = r'\{(?:[a-zA-Z_]\w*="(?:[^"\\\n]|\\["\\n])*",?)*\}'
SAMPLE = re.compile(rf"({NAME})({LABELS})? (-?[0-9.e+-]+|NaN|[+-]Inf)")


def exposed(text: str) -> dict[str, float]:
    """Samples of an exposition, by the rules of the text format 0.0.4: HELP and TYPE once and before, no sample twice."""
    found: dict[str, float] = {}
    kinds: dict[str, str] = {}
    helped: list[str] = []
    family = ""
    assert text.endswith("\n")
    for line in text.splitlines():
        if line.startswith("# HELP "):
            family = line.split(" ", 3)[2]
            assert family not in helped
            helped.append(family)
        elif line.startswith("# TYPE "):
            _, _, name, kind = line.split(" ")
            assert name == family and name not in kinds and kind in ("counter", "gauge")
            assert (kind == "counter") == name.endswith("_total")
            kinds[name] = kind
        else:
            match = SAMPLE.fullmatch(line)
            assert match is not None, line
            assert match[1] == family and family in kinds
            key = f"{match[1]}{match[2] or ''}"
            assert key not in found
            found[key] = float(match[3])
    return found


@given(st.lists(st.integers(0, 2**31 - 1), max_size=200))
def test_tags_go_through_an_address_and_come_back(tags: list[int]) -> None:
    assert parted(joined(tags)) == sorted(set(tags))


async def test_a_question_while_the_store_is_away_is_refused_and_not_answered_with_nothing(tmp_path: Path) -> None:
    store = Flaky()
    store.away = "db: expected a server, got nothing. Start it. [server_gone]"
    where: list[str] = []
    made = collector(loaded(tmp_path), store, [link("scada", lambda *_: for_ever())], Log(stream=io.StringIO()), once=False)  # fmt: skip
    task = asyncio.create_task(made.run(lambda started: where.append(started.url)))
    await until(lambda: where)
    with pytest.raises(SurroundingsError, match=r"\[no_answer\]"):
        await asyncio.to_thread(RemoteHistorian(where[0]).count)
    assert (await ask(where[0], "/health"))[0] == 503
    made.stop()
    await task
