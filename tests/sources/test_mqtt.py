"""Plain MQTT with JSON: what payloads become, and that nothing is lost or taken twice on a real Mosquitto."""

from __future__ import annotations

import asyncio
import json
import signal
from pathlib import Path
from typing import Any

import aiomqtt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ferrolan.base.errors import SourceError
from ferrolan.base.schema import read
from ferrolan.base.status import RETRACTED, StatusCode
from ferrolan.sources.mqtt import KIND, MqttSource, PayloadMap, connect
from ferrolan.sources.mqtt_json import reading
from ferrolan.sources.mqtt_json.desk import Desk
from ferrolan.sources.source import TagAddress
from tests.servers.mosquitto import Mosquitto, mosquitto
from tests.servers.proxy import Proxy
from tests.sources.gathering import MemorySink, place, recorder, running, wait_for

__all__ = ["mosquitto"]

NOW = 1_774_000_000_000_000
GAP = int(StatusCode.BAD_NO_COMMUNICATION)
TIMED = PayloadMap(topic="mill/#", time="t", time_format="ms")


def tags(*addresses: str, text: frozenset[int] = frozenset()) -> list[TagAddress]:
    return [TagAddress(at, f"tag{at}", address, text=at in text) for at, address in enumerate(addresses, start=1)]


def desk(*addresses: str, payloads: tuple[PayloadMap, ...] = (TIMED,), **more: Any) -> Desk:
    return Desk(tags(*addresses, text=more.pop("text", frozenset())), payloads, "Asia/Shanghai", **more)


def rows(made: Desk) -> list[tuple[Any, ...]]:
    samples, texts = made.take()
    frames = [frame for frame in (samples, texts) if frame is not None]
    return [row for frame in frames for row in frame.with_columns(time=frame["time"].dt.epoch("us")).rows()]


def js(**told: Any) -> bytes:
    return json.dumps(told).encode()


# payloads


def test_a_value_is_found_at_its_path_and_has_the_declared_time() -> None:
    made = desk("mill/scales#belts[1].rate", "mill/scales#on", "mill/scales#state", text=frozenset({3}))
    made.receive("mill/scales", js(t=1_774_000_000_500, belts=[{"rate": 1}, {"rate": 412.5}], on=3, state="run"), NOW)
    time = 1_774_000_000_500_000
    assert rows(made) == [(1, time, 412.5, 0), (2, time, 3.0, 0), (3, time, "run", 0)]


@pytest.mark.parametrize(
    ("how", "told", "time"),
    [
        ("iso", "2026-03-20T09:46:40Z", NOW),
        ("iso", "2026-03-20T17:46:40", NOW),  # of the source's zone
        ("iso", "2026-03-20T12:46:40+03:00", NOW),
        ("s", 1_774_000_000, NOW),
        ("s", 1_774_000_000.25, NOW + 250_000),
        ("ms", 1_774_000_000_000, NOW),
        ("us", NOW, NOW),
    ],
)
def test_times_are_read_as_declared(how: Any, told: Any, time: int) -> None:
    made = desk("a#v", payloads=(PayloadMap(topic="a", time="t", time_format=how),))
    made.receive("a", js(t=told, v=1), NOW + 5)
    assert rows(made) == [(1, time, 1.0, 0)]


@pytest.mark.parametrize("told", ["yesterday", 7.5, None, True, [], {"a": 1}, "9" * 5000])
def test_a_time_that_is_none_is_refused_with_its_payload(told: Any) -> None:
    made = desk("a#v", payloads=(PayloadMap(topic="a", time="t"),))
    made.receive("a", js(t=told, v=1), NOW)
    assert rows(made) == [] and made.counts["rejected"] == 1
    assert "time" in made.faults["a"] and len(made.faults["a"]) < 600


def test_without_a_declared_time_the_arrival_counts_and_is_uncertain() -> None:
    made = desk("press#", payloads=())
    made.receive("press", b"2.25", NOW)
    assert rows(made) == [(1, NOW, 2.25, StatusCode.UNCERTAIN)]


@pytest.mark.parametrize("content", [b"", b"{", b'{"t": NaN}', b"\xff\xfe", b"[" * 100_000, b"nul"])
def test_what_is_no_json_is_counted_and_kept_with_its_reason(content: bytes) -> None:
    made = desk("mill/a#v")
    made.receive("mill/a", content, NOW)
    assert rows(made) == [] and made.counts["rejected"] == 1 and "no JSON" in made.faults["mill/a"]


def test_a_value_of_another_type_is_a_bad_row_and_the_others_live() -> None:
    made = desk("mill/a#v", "mill/a#w", "mill/a#x", "mill/a#y")
    made.receive("mill/a", js(t=NOW // 1000, v="12", w=1.5, x=None), NOW)
    assert rows(made) == [
        (1, NOW, None, StatusCode.BAD_TYPE_MISMATCH),
        (2, NOW, 1.5, 0),
        (3, NOW, None, StatusCode.BAD_NO_DATA),
    ]
    assert made.counts["absent_values"] == 1 and "12" in made.faults["mill/a#v"]
    told = made.rejected("scales")
    assert told is not None and told.rows() == [("scales", "mill/a", 0, "tag1", '"12"', "expected a number")]
    assert made.rejected("scales") is None


@pytest.mark.parametrize("told", [b"1e308", b"-1e308", b"1" + b"0" * 400, b"Infinity", b"1e400", b"9e999"])
@pytest.mark.parametrize("how", ["s", "ms", "us"])
def test_a_time_beyond_all_bounds_is_refused_and_stops_nobody(told: bytes, how: Any) -> None:
    made = desk("mill/a#v", payloads=(PayloadMap(topic="mill/#", time="t", time_format=how),))
    made.receive("mill/a", b'{"t": ' + told + b', "v": 1}', NOW)
    assert rows(made) == [] and made.counts["rejected"] == 1


def test_half_a_character_in_a_text_stops_nobody() -> None:
    made = desk("mill/a#v", payloads=(), text=frozenset({1}))
    made.receive("mill/a", b'{"v": "melt \\ud800 7"}', NOW)
    assert [row[2] for row in rows(made)] == ["melt ? 7"]


def test_a_retained_message_is_no_new_sample() -> None:
    made = desk("mill/a#v")
    made.receive("mill/a", js(t=NOW // 1000, v=1), NOW, retain=True)
    assert rows(made) == [] and made.counts["retained"] == 1


def test_a_message_that_comes_again_is_taken_once_also_over_our_restart() -> None:
    made = desk("press#", payloads=())
    for dup in (False, True):
        made.receive("press", b"1.5", NOW, qos=1, dup=dup)
    assert len(rows(made)) == 1 and made.counts["duplicate"] == 1
    made.receive("press", b"1.5", NOW + 9, qos=1)  # equal, and no repetition
    assert len(rows(made)) == 1
    after = desk("press#", payloads=(), memory=made.memory(NOW))
    after.receive("press", b"1.5", NOW + 10, qos=1, dup=True)
    assert [row[3] for row in rows(after)] == [GAP]


def test_a_unit_that_contradicts_the_tag_map_is_said() -> None:
    tag = TagAddress(1, "feed", "mill/a#v", unit="t/h")
    made = Desk([tag], [PayloadMap(topic="mill/+", unit="kg/h")], "UTC")
    assert made.faults == {"mill/a#v": "the tag map says t/h, the source's entry kg/h"}


@given(
    content=st.binary(max_size=60)
    | st.recursive(
        st.none() | st.floats() | st.text(max_size=5),
        lambda x: st.lists(x, max_size=3) | st.dictionaries(st.sampled_from("tv"), x, max_size=2),
    ).map(lambda x: json.dumps(x).encode())
)
def test_no_payload_stops_a_source(content: bytes) -> None:
    made = desk("mill/a#v[0]", "mill/a#v", "mill/a#", text=frozenset({3}))
    made.receive("mill/a", content, NOW)
    assert all(len(row) == 4 for row in rows(made))


@pytest.mark.parametrize("text", ["", "#v", "a", "a/+#v", "a#v..w", "a#v[", "a#v[x]", "a#.v", "a#v]"])
def test_what_is_no_address_is_refused(text: str) -> None:
    with pytest.raises(SourceError, match="wrong_address"):
        reading.address(text)


# gaps


def test_a_silent_topic_has_one_gap_from_its_last_message_on() -> None:
    made = desk("mill/a#v", "mill/b#v", silence=60_000_000)
    made.receive("mill/a", js(t=NOW // 1000, v=1), NOW)
    for seconds in (30, 61, 90):
        made.tick(NOW + seconds * 1_000_000)
    assert rows(made) == [(1, NOW, 1.0, 0), (1, NOW + 1, None, GAP)]
    made.receive("mill/a", js(t=NOW // 1000 + 100_000, v=2), NOW + 100_000_000)
    assert rows(made) == [(1, NOW + 100_000_000, 2.0, 0)] and made.counts["silent_topics"] == 1


def test_a_gap_is_withdrawn_where_the_broker_kept_what_was_missed() -> None:
    made = desk("mill/a#v", "mill/b#v")
    for topic, qos in (("mill/a", 1), ("mill/b", 0)):
        made.receive(topic, js(t=NOW // 1000, v=1), NOW, qos=qos)
    rows(made)
    made.lost(NOW + 5_000_000)
    assert rows(made) == [(tag, NOW + 5_000_000, None, GAP) for tag in (1, 2)]
    made.resumed(NOW + 9_000_000, present=True)
    assert rows(made) == [(1, NOW + 5_000_000, None, RETRACTED)]
    made.lost(NOW + 20_000_000)
    made.resumed(NOW + 21_000_000, present=False)
    assert rows(made) == [(1, NOW + 20_000_000, None, GAP)]


# on a real broker


def spec(port: int, **more: Any) -> MqttSource:
    payloads = [{"topic": "mill/#", "time": "t", "time_format": "ms"}]
    entry = {
        "kind": "mqtt",
        "host": "127.0.0.1",
        "port": port,
        "insecure": True,
        "keep_alive": "2 s",
        "payloads": payloads,
    }
    made, problems = read(KIND.spec, {**entry, **more})
    assert isinstance(made, MqttSource), problems
    return made


async def say(client: aiomqtt.Client, numbers: range) -> None:
    for number in numbers:
        await client.publish("mill/a", js(t=NOW // 1000 + number, v=number), 1)


TAGS = tags("mill/a#v")


def taken(sink: MemorySink) -> list[float]:
    return [row[2] for row in sink.rows if row[2] is not None]


@pytest.mark.parametrize("version", ["5", "3.1.1"])
def test_messages_wait_for_us_in_a_lasting_session_and_come_once(
    mosquitto: Mosquitto, tmp_path: Path, version: str
) -> None:
    sink = MemorySink()

    async def _turn(first: int, client: aiomqtt.Client) -> None:
        """Run for a while and stop; 25 messages come while we run, 25 while we are away."""
        connector = connect(spec(mosquitto.port, version=version), place(tmp_path))
        async with running(connector, TAGS, sink):
            await wait_for(lambda: connector.health.state == "connected")
            await wait_for(lambda: len(taken(sink)) == first)
            await say(client, range(first, first + 25))
            await wait_for(lambda: len(taken(sink)) == first + 25)
        await say(client, range(first + 25, first + 50))

    async def go() -> None:
        async with aiomqtt.Client("127.0.0.1", mosquitto.port) as client:
            for first in (0, 50):
                await _turn(first, client)
            async with running(connect(spec(mosquitto.port, version=version), place(tmp_path)), TAGS, sink):
                await wait_for(lambda: len(taken(sink)) == 100)
        assert taken(sink) == [float(number) for number in range(100)]
        assert [row[3] for row in sink.rows if row[2] is None] == [GAP, RETRACTED] * 2
        assert GAP not in {status for _, status in sink.winners().values()}  # withdrawn: nothing was missed

    asyncio.run(go())


@pytest.mark.parametrize(("settings", "most"), [("", 1_020), ("max_queued_messages 100000", 1_500)])
def test_mosquitto_as_it_comes_drops_what_we_are_away_for_and_keeps_it_where_it_is_told_to(
    tmp_path: Path, settings: str, most: int
) -> None:
    """1,500 messages of QoS 1, each acknowledged to its sender: 1,000 are queued, and some are under way."""
    (tmp_path / "broker").mkdir()
    broker, sink = Mosquitto(tmp_path / "broker", settings=settings), MemorySink()

    async def go() -> None:
        async with aiomqtt.Client("127.0.0.1", broker.port) as client:
            connector = connect(spec(broker.port), place(tmp_path))
            async with running(connector, TAGS, sink):
                await wait_for(lambda: connector.health.state == "connected")
            await say(client, range(1_500))
            async with running(connect(spec(broker.port), place(tmp_path)), TAGS, sink):
                await wait_for(lambda: len(taken(sink)) >= min(most, 1_000))
                await say(client, range(2_000, 2_001))
                await wait_for(lambda: 2_000.0 in taken(sink))
        *waited, last = taken(sink)
        assert waited == [float(number) for number in range(len(waited))] and last == 2_000.0, "the oldest are kept"
        assert min(most, 1_000) <= len(waited) <= most

    broker.start()
    try:
        asyncio.run(go())
    finally:
        broker.stop()
    assert ("messages are being dropped" in (tmp_path / "broker" / "log").read_text()) == (most < 1_500)


@pytest.mark.parametrize("how", [signal.SIGTERM, "cut"])
def test_a_broker_that_is_restarted_or_cut_off_loses_no_message(mosquitto: Mosquitto, tmp_path: Path, how: Any) -> None:
    async def go() -> None:
        sink = MemorySink()
        async with Proxy.to("127.0.0.1", mosquitto.port) as proxy:
            connector = connect(spec(proxy.port), place(tmp_path))
            async with running(connector, TAGS, sink):
                await wait_for(lambda: connector.health.state == "connected")
                async with aiomqtt.Client("127.0.0.1", mosquitto.port) as client:
                    await say(client, range(40))
                    await wait_for(lambda: len(taken(sink)) == 40)
                    proxy.cut()
                    await say(client, range(40, 140))
                await wait_for(lambda: connector.health.state in ("lost", "waiting"))
                if how != "cut":
                    await asyncio.to_thread(mosquitto.stop, how)
                    await asyncio.to_thread(mosquitto.start)
                proxy.restore()
                await wait_for(lambda: len(set(taken(sink))) == 140)
        assert sorted({held[0] for held in sink.winners().values() if held[0] is not None}) == [
            float(at) for at in range(140)
        ]

    asyncio.run(go())


def test_nothing_is_acknowledged_before_it_is_kept(mosquitto: Mosquitto, tmp_path: Path) -> None:
    class Stuck(MemorySink):
        async def keep(self, samples: Any = None, texts: Any = None, *, state: Any = None) -> None:
            if samples is not None:
                await asyncio.Event().wait()  # a disk that is full

    async def go() -> None:
        sink = MemorySink()
        async with aiomqtt.Client("127.0.0.1", mosquitto.port) as client:
            connector = connect(spec(mosquitto.port), place(tmp_path))
            async with running(connector, TAGS, Stuck()):
                await wait_for(lambda: connector.health.state == "connected")
                await say(client, range(30))
                await asyncio.sleep(0.3)
            assert connector.health.received == 0
            async with running(connect(spec(mosquitto.port), place(tmp_path)), TAGS, sink):
                await wait_for(lambda: len(taken(sink)) == 30)
        assert taken(sink) == [float(number) for number in range(30)]

    asyncio.run(go())


def test_a_flood_waits_at_the_broker_and_a_small_queue_loses_nothing(mosquitto: Mosquitto, tmp_path: Path) -> None:
    async def go() -> None:
        sink = MemorySink(slow=0.005)
        connector = connect(spec(mosquitto.port, queue=5), place(tmp_path))
        async with running(connector, TAGS, sink), aiomqtt.Client("127.0.0.1", mosquitto.port) as client:
            await wait_for(lambda: connector.health.state == "connected")
            for number in range(1_500):
                client._client.publish("mill/a", js(t=NOW // 1000 + number, v=number), 0)
            await wait_for(lambda: len(taken(sink)) == 1_500)
        assert taken(sink) == [float(number) for number in range(1_500)]

    asyncio.run(go())


def test_nothing_is_ever_published(mosquitto: Mosquitto, tmp_path: Path) -> None:
    async def go() -> None:
        sink = MemorySink()
        async with recorder(mosquitto.port) as heard, aiomqtt.Client("127.0.0.1", mosquitto.port) as client:
            connector = connect(spec(mosquitto.port), place(tmp_path))
            async with running(connector, TAGS, sink):
                await wait_for(lambda: connector.health.state == "connected")
                await client.publish("mill/a", b"{", 1)
                await say(client, range(5))
                await wait_for(lambda: len(taken(sink)) == 5)
            found = await connect(spec(mosquitto.port, listen="300 ms"), place(tmp_path)).discover()
            await wait_for(lambda: len(heard) == 6)
        assert [(row["file"], row["found"]) for row in sink.rejected] == [("mill/a", "{")]
        assert {topic for topic, *_ in heard} == {"mill/a"} and found.addresses == ()

    asyncio.run(go())


def test_what_a_broker_holds_is_discovered_retained_values_too(mosquitto: Mosquitto, tmp_path: Path) -> None:
    async def go() -> None:
        async with aiomqtt.Client("127.0.0.1", mosquitto.port) as client:
            await client.publish("mill/a", js(t=1, belts=[{"rate": 2}]), 1, retain=True)
            await client.publish("press", b"2.5", 1, retain=True)
        found = await connect(spec(mosquitto.port, listen="300 ms"), place(tmp_path)).discover()
        assert [item.address for item in found.addresses] == ["mill/a#belts[0].rate", "mill/a#t", "press#"]

    asyncio.run(go())


@pytest.mark.slow
def test_a_line_that_hangs_is_torn_down_and_nothing_is_lost(mosquitto: Mosquitto, tmp_path: Path) -> None:
    async def go() -> None:
        sink = MemorySink()
        async with (
            Proxy.to("127.0.0.1", mosquitto.port) as proxy,
            aiomqtt.Client("127.0.0.1", mosquitto.port) as client,
        ):
            connector = connect(spec(proxy.port), place(tmp_path))
            async with running(connector, TAGS, sink):
                await wait_for(lambda: connector.health.state == "connected")
                await say(client, range(10))
                await wait_for(lambda: len(taken(sink)) == 10)
                proxy.hang()
                await say(client, range(10, 60))
                await wait_for(lambda: connector.health.state in ("lost", "waiting"))
                assert sink.rows[-1][2:] == (None, GAP)
                proxy.restore()
                await wait_for(lambda: len(set(taken(sink))) == 60)

    asyncio.run(go())
