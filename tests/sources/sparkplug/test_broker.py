"""A Sparkplug host on a real Mosquitto, with an edge node of ours and one written by others (npm sparkplug-client)."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import aiomqtt
import pytest

from ferrolan.base.errors import SourceError
from ferrolan.base.schema import read
from ferrolan.base.status import StatusCode
from ferrolan.sources.source import TagAddress
from ferrolan.sources.sparkplug import KIND, SparkplugSource, connect
from ferrolan.sources.sparkplug.payload import decode
from tests.servers.edge import AliasEdge, PeerEdge, Sent
from tests.servers.mosquitto import PASSWORD, USER, Mosquitto, closed_mosquitto, make_authority, mosquitto
from tests.servers.proxy import Proxy
from tests.sources.gathering import MemorySink, place, recorder, running, wait_for
from tests.sources.sparkplug.steps import BAD, NORTH, PRESSURE, SOUTH, tags

__all__ = ["closed_mosquitto", "mosquitto"]


def spec(port: int, **more: Any) -> SparkplugSource:
    entry = {"kind": "sparkplug", "host": "127.0.0.1", "port": port, "insecure": True, "keep_alive": "2 s"}
    made, problems = read(KIND.spec, {**entry, "birth_within": "300 ms", "reorder": "300 ms", **more})
    assert isinstance(made, SparkplugSource), problems
    return made


async def say(client: aiomqtt.Client, *messages: Sent, qos: int = 0) -> None:
    for topic, content in messages:
        await client.publish(topic, content, qos)


def test_births_and_alias_only_data_arrive_and_nothing_is_said_but_state_and_rebirth(
    mosquitto: Mosquitto, tmp_path: Path
) -> None:
    async def go() -> None:
        sink, edge = MemorySink(), AliasEdge()
        async with recorder(mosquitto.port) as heard, aiomqtt.Client("127.0.0.1", mosquitto.port) as node:
            ours = {
                edge.topic(kind, device) for kind in ("NBIRTH", "NDATA", "DBIRTH", "DDATA") for device in ("", "Hearth")
            }
            connector = connect(spec(mosquitto.port), place(tmp_path))
            async with running(connector, tags(), sink):
                await wait_for(lambda: any("/NCMD/" in topic for topic, *_ in heard), "a node nobody heard of is asked")
                await say(node, *edge.births())
                await wait_for(lambda: len(sink.rows) == 3)
                for step in range(100):
                    await say(node, edge.data({"T/North": 1400.0 + step}, "Hearth"))
                edge.data({"Pressure": -1.0})  # lost
                await say(node, edge.data({"Pressure": 5.0}))
                await wait_for(lambda: len(sink.rows) == 103)
                await wait_for(lambda: connector.health.proven > 0 and connector.health.state == "connected")
            await wait_for(
                lambda: b'"online":false' in [content for topic, content, _ in heard if "STATE" in topic][-1]
            )
            said = [(topic, content) for topic, content, _ in heard if topic not in ours]
        assert sink.values(NORTH)[1:] == [1400.0 + step for step in range(100)]
        for topic, content in said:
            if topic != "spBv1.0/STATE/ferrolan":
                assert topic == "spBv1.0/Works/NCMD/Furnace1"
                assert [metric.name for metric in decode(content).metrics] == [b"Node Control/Rebirth"]
        states = [json.loads(content) for topic, content in said if "STATE" in topic]
        assert [state["online"] for state in states] == [True, False]
        assert connector.health.figures["insecure"] == 1.0 and connector.health.state == "stopped"

    asyncio.run(go())


PEER = tuple(
    TagAddress(number, name, f"Works/Peer/Mill/{name}", text=name == "State")
    for number, name in enumerate(("Mill/Power", "Count", "State"), start=1)
)


def test_an_edge_node_of_others_is_born_reports_dies_and_is_born_again(mosquitto: Mosquitto, tmp_path: Path) -> None:
    async def go() -> None:
        sink, connector = MemorySink(), connect(spec(mosquitto.port), place(tmp_path))
        edge = await asyncio.to_thread(PeerEdge, mosquitto.port)
        try:
            assert edge.hear() == "connected" and edge.hear() == "birth"
            async with running(connector, PEER, sink):
                assert await asyncio.to_thread(edge.hear) == "rebirth"  # we came later, and asked
                await wait_for(lambda: len(sink.rows) == 2 and len(sink.texts) == 1)
                assert [row[2] for row in sink.rows] == [3.5, -7.0] and sink.texts[0][2] == "running"
                edge.tell(set={"Count": -8, "State": "halt"})
                edge.tell(set={"Mill/Power": 4.25}, options={"compress": True})
                await wait_for(
                    lambda: [row[2] for row in sink.rows[2:]] == [-8.0, 4.25] and sink.texts[-1][2] == "halt"
                )
                edge.kill()
                await wait_for(lambda: connector.health.gaps == 3)
                assert [row[0] for row in sink.rows if row[3] == BAD] == [1, 2] and sink.texts[-1][2:] == (None, BAD)
                edge = await asyncio.to_thread(PeerEdge, mosquitto.port)
                await wait_for(lambda: len(sink.rows) == 8 and len(sink.texts) == 4)
                latest = {tag: (value, status) for (tag, _), (value, status) in sorted(sink.winners().items())}
                assert latest == {1: (3.5, 0), 2: (-7.0, 0)}
        finally:
            edge.kill()

    asyncio.run(go())


def test_what_an_edge_node_of_others_holds_is_discovered(mosquitto: Mosquitto, tmp_path: Path) -> None:
    async def go() -> None:
        edge = await asyncio.to_thread(PeerEdge, mosquitto.port)
        try:
            assert edge.hear() == "connected" and edge.hear() == "birth"
            found = await connect(spec(mosquitto.port, listen="1 s", nodes=["Works/Peer"]), place(tmp_path)).discover()
        finally:
            edge.kill()
        assert [item.address for item in found.addresses] == [
            "Works/Peer/Mill/Count", "Works/Peer/Mill/Mill/Power", "Works/Peer/Mill/State", "Works/Peer/Uptime",
        ]  # fmt: skip

    asyncio.run(go())


def test_a_broker_that_is_killed_leaves_one_gap_a_metric_and_births_close_it(
    mosquitto: Mosquitto, tmp_path: Path
) -> None:
    async def go() -> None:
        sink, edge = MemorySink(), AliasEdge()
        connector = connect(spec(mosquitto.port), place(tmp_path))
        async with running(connector, tags(), sink):
            await wait_for(lambda: connector.health.state == "connected")
            async with aiomqtt.Client("127.0.0.1", mosquitto.port) as node:
                await say(node, *edge.births())
                await wait_for(lambda: len(sink.rows) == 3)
            await asyncio.to_thread(mosquitto.kill)
            await wait_for(lambda: connector.health.state in ("lost", "waiting") and len(sink.rows) == 6)
            assert [row[0] for row in sink.rows if row[3] == BAD] == [PRESSURE, NORTH, SOUTH]
            await asyncio.to_thread(mosquitto.start)
            await wait_for(lambda: connector.health.state == "connected")
            async with aiomqtt.Client("127.0.0.1", mosquitto.port) as node:
                edge.bdseq, edge.now = 1, max(row[1] for row in sink.rows) // 1000 + 100
                await say(node, *edge.births())
                await wait_for(lambda: len(sink.rows) == 9)
        assert [row[3] for row in sink.rows[6:]] == [0, 0, 0]

    asyncio.run(go())


def test_a_line_that_is_cut_loses_no_named_message_of_qos_1(mosquitto: Mosquitto, tmp_path: Path) -> None:
    async def go() -> None:
        sink, edge = MemorySink(), AliasEdge()
        async with Proxy.to("127.0.0.1", mosquitto.port) as proxy, aiomqtt.Client("127.0.0.1", mosquitto.port) as node:
            connector = connect(spec(proxy.port), place(tmp_path))
            async with running(connector, tags(), sink):
                await wait_for(lambda: connector.health.state == "connected")
                await say(node, *edge.births())
                await wait_for(lambda: len(sink.rows) == 3)
                proxy.cut()
                for step in range(200):
                    await say(node, edge.data({"Pressure": 100.0 + step}, named=step % 2 == 0), qos=1)
                await wait_for(lambda: connector.health.gaps == 3)
                proxy.restore()
                await wait_for(lambda: connector.health.state == "connected")
                await wait_for(lambda: connector.health.figures.get("rebirths_asked", 0) >= 1)
                edge.now += 60_000
                await say(node, *edge.births())
                await wait_for(lambda: sink.values(PRESSURE).count(299.0) >= 1)
        pressures = {held[0] for (tag, _), held in sink.winners().items() if tag == PRESSURE}
        assert {100.0 + step for step in range(200)} <= pressures  # alias-only ones too: births before and after agree

    asyncio.run(go())


def test_messages_of_a_lasting_session_wait_while_we_are_stopped(mosquitto: Mosquitto, tmp_path: Path) -> None:
    async def go() -> None:
        sink, edge = MemorySink(), AliasEdge()
        async with aiomqtt.Client("127.0.0.1", mosquitto.port) as node:
            connector = connect(spec(mosquitto.port), place(tmp_path))
            async with running(connector, tags(), sink):
                await wait_for(lambda: connector.health.state == "connected")
                await say(node, *edge.births())
                await wait_for(lambda: len(sink.rows) == 3)
            for step in range(100):
                await say(node, edge.data({"Pressure": 100.0 + step}), qos=1)
            connector = connect(spec(mosquitto.port), place(tmp_path))
            async with running(connector, tags(), sink):
                await wait_for(lambda: connector.health.figures.get("rebirths_asked", 0) >= 1)
                edge.now += 60_000
                await say(node, *edge.births())
                await wait_for(lambda: 199.0 in sink.values(PRESSURE))
        pressures = {held[0] for (tag, _), held in sink.winners().items() if tag == PRESSURE}
        assert {100.0 + step for step in range(100)} <= pressures

    asyncio.run(go())


# who is let in


def closed_spec(broker: Mosquitto, **more: Any) -> SparkplugSource:
    entry = {"host": "localhost", "insecure": False, "ca": str(broker.ca), "user": USER}
    return spec(broker.tls_port, **{**entry, "password": {"env": "SPARKPLUG_PASSWORD"}, **more})


async def _said(connector: Any) -> str:
    sink = MemorySink()
    async with running(connector, tags(), sink):
        await wait_for(lambda: connector.health.said and connector.health.state in ("waiting", "connected"))
    return f"{connector.health.said} {connector.health.faults} {connector.health.figures}"


def test_tls_with_a_known_authority_name_and_password_is_let_in(
    closed_mosquitto: Mosquitto, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SPARKPLUG_PASSWORD", PASSWORD)
    connector = connect(closed_spec(closed_mosquitto), place(tmp_path))
    said = asyncio.run(_said(connector))
    assert said.startswith("TLS") and connector.health.figures["insecure"] == 0.0


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"password": {"env": "WRONG_PASSWORD"}}, "not authori"),
        ({"user": None, "password": None}, "not authori"),
        ({"host": "127.0.0.1"}, "mismatch"),
        ({"ca": "other/ca.pem"}, "verify failed"),
    ],
    ids=["a wrong password", "nobody", "another name", "an unknown authority"],
)
def test_who_cannot_be_trusted_is_refused_and_the_password_stands_nowhere(
    closed_mosquitto: Mosquitto, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, change: dict[str, Any], words: str
) -> None:
    monkeypatch.setenv("SPARKPLUG_PASSWORD", PASSWORD)
    monkeypatch.setenv("WRONG_PASSWORD", "another-secret-4451")
    (tmp_path / "other").mkdir()
    make_authority(tmp_path / "other", ("localhost",))
    connector = connect(closed_spec(closed_mosquitto, **change), place(tmp_path))
    said = asyncio.run(_said(connector))
    assert words in said.lower()
    assert PASSWORD not in said + repr(connector.__dict__) and "another-secret-4451" not in said + repr(
        connector.__dict__
    )
    assert connector.health.state == "stopped" and connector.health.proven == 0


def test_a_broker_that_is_not_there_is_said_by_discover(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="no_broker"):
        asyncio.run(connect(spec(9), place(tmp_path)).discover())


def test_a_mapped_metric_that_is_missing_is_a_fault_and_the_others_live(mosquitto: Mosquitto, tmp_path: Path) -> None:
    async def go() -> None:
        sink, edge = MemorySink(), AliasEdge()
        connector = connect(spec(mosquitto.port), place(tmp_path))
        mapped = tags("Works/Furnace1/Pressure", "Works/Furnace1/Gone")
        async with running(connector, mapped, sink), aiomqtt.Client("127.0.0.1", mosquitto.port) as node:
            await wait_for(lambda: connector.health.state == "connected")
            await say(node, *edge.births())
            await wait_for(lambda: "Works/Furnace1/Gone" in connector.health.faults)
        assert [(row[0], row[3]) for row in sink.rows] == [(1, 0), (2, StatusCode.BAD_CONFIGURATION_ERROR)]

    asyncio.run(go())
