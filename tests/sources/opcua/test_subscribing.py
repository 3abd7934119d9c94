"""What arrives: values, statuses and times; bad tags beside good ones; servers that allow little at once."""

from __future__ import annotations

import ast
import asyncio
from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pytest

import ferrolan.sources.opcua
from ferrolan.base.status import StatusCode
from ferrolan.sources.opcua.session import BAD_NODE_UNKNOWN
from ferrolan.sources.source import TagAddress
from tests.servers.opcua import NAMESPACE, Server, served
from tests.sources.opcua.collecting import Memory, made, run, streaming, tags, until

READING = {
    "ActivateSessionRequest", "BrowseNextRequest", "BrowseRequest", "CloseSessionRequest", "CreateMonitoredItemsRequest",
    "CreateSessionRequest", "CreateSubscriptionRequest", "DeleteSubscriptionsRequest", "GetEndpointsRequest",
    "HistoryReadRequest", "PublishRequest", "ReadRequest",
}  # fmt: skip


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with served(tags=3) as running:
        yield running


def named(number: int, node: str, **more: bool) -> TagAddress:
    return TagAddress(number, node, f"nsu={NAMESPACE};s={node}", **more)


def test_values_come_with_their_status_and_the_time_of_the_source(server: Server, tmp_path: Path) -> None:
    async def journey() -> Memory:
        sink = Memory()
        async with streaming(made(server, tmp_path), tags(server), sink):
            await until(lambda: len(sink.winners) >= 3, "first values")
            moment = sink.winners["time"].dt.epoch("us").max() + 1_000
            await server.tell(write=[[0, 1.5, moment, 0], [1, 2.5, moment, 0x40900000], [2, 3.5, moment, 0x808C0000]])
            await until(lambda: 0x808C0000 in sink.samples["status"], "the last value")
            for value in range(8):  # as many as its queue holds
                await server.tell(write=[[0, 10.0 + value, None, 0]])
            await until(lambda: sink.has(1, 17.0), "the last of many")
        written = sink.winners.filter(pl.col("time").dt.epoch("us") == moment).sort("tag")
        assert written["value"].to_list() == [1.5, 2.5, None]  # this server sends no value with a bad status
        assert written["status"].to_list() == [0, 0x40900000, 0x808C0000]
        assert set(range(10, 18)) <= set(sink.values(1))
        return sink

    run(journey())


def test_texts_flags_and_states_are_taken_as_what_they_are(server: Server, tmp_path: Path) -> None:
    wanted = [
        named(1, "Heat", text=True), named(2, "Flag"), named(3, "Blower"), named(4, "Blower", text=True), named(5, "Heat"),
        TagAddress(6, "second", f"nsu={NAMESPACE};s=Profile|[1]"), named(7, "Profile"), TagAddress(8, "no", "BF1.TI"),
    ]  # fmt: skip

    async def journey() -> None:
        sink = Memory()
        connector = made(server, tmp_path)
        async with streaming(connector, wanted, sink):
            await until(lambda: sink.texts.height >= 2 and sink.samples["tag"].n_unique() == 6, "every tag")
            await server.tell(write=[["text", "H-4712", None, 0]])
            await until(lambda: "H-4712" in sink.texts["text"], "the next heat")
        texts = dict(sink.texts.select("tag", "text").rows())
        assert texts[1] == "H-4712" and texts[4] == "Running"
        values = {row["tag"]: row for row in sink.winners.to_dicts()}
        assert (values[2]["value"], values[3]["value"]) == (1.0, 2.0)
        assert (values[5]["value"], values[5]["status"]) == (None, StatusCode.BAD_TYPE_MISMATCH)
        assert (values[7]["value"], values[7]["status"]) == (None, StatusCode.BAD_TYPE_MISMATCH)
        assert (values[8]["value"], values[8]["status"]) == (None, StatusCode.BAD_CONFIGURATION_ERROR)
        assert {"no", "Profile", "Heat"} <= set(connector.health.faults)

    run(journey())


@pytest.mark.slow
@pytest.mark.parametrize("unknown", [1, 2500])
def test_bad_tags_among_five_thousand_leave_the_others_alone(tmp_path: Path, unknown: int) -> None:
    count = 5000

    async def journey(server: Server) -> None:
        sink = Memory()
        connector = made(server, tmp_path, publishing="500 ms", sampling="500 ms", keep_alive="5 s", timeout="60 s")
        async with streaming(connector, tags(server), sink):
            await until(lambda: sink.samples["tag"].n_unique() == count, "a row a tag", 120)
            await server.tell(write=[[0, 7.0, None, 0]])
            await until(lambda: sink.has(1, 7.0), "a good tag")
        bad = sink.samples.filter(pl.col("status") == BAD_NODE_UNKNOWN)
        assert sorted(bad["tag"]) == list(range(count - unknown + 1, count + 1))  # one row each, and no other
        assert len(connector.health.faults) == unknown and connector.health.reconnects == 0

    with served(tags=count, unknown=unknown, history=False) as server:
        run(journey(server))


def test_a_bad_tag_has_one_row_and_its_reason_and_is_tried_again(server: Server, tmp_path: Path) -> None:
    async def journey() -> None:
        sink = Memory()
        connector = made(server, tmp_path)
        before = await server.tell(requests=1)
        async with streaming(connector, [*tags(server), named(9, "T99")], sink):
            await until(lambda: sink.samples["tag"].n_unique() == 4, "every tag")
            await server.tell(write=[[0, 70.0, None, 0]])
            await until(lambda: sink.has(1, 70.0), "a good tag")
            assert "BadNodeIdUnknown" in connector.health.faults["T99"]
            name = "CreateMonitoredItemsRequest"
            for _ in range(200):
                if (await server.tell(requests=1))[name] >= before.get(name, 0) + 3:
                    break
                await asyncio.sleep(0.05)
            assert (await server.tell(requests=1))[name] >= before.get(name, 0) + 3
        assert sink.samples.filter(pl.col("tag") == 9)["status"].to_list() == [BAD_NODE_UNKNOWN]

    run(journey())


@pytest.mark.slow
def test_a_server_that_allows_little_at_once_is_asked_for_little(tmp_path: Path) -> None:
    limits = {
        "MaxNodesPerRead": 10,
        "MaxMonitoredItemsPerCall": 7,
        "MaxNodesPerHistoryReadData": 3,
        "MaxNodesPerBrowse": 5,
        "page": 4,
    }

    async def journey(server: Server) -> None:
        sink = Memory()
        async with streaming(made(server, tmp_path), tags(server), sink):
            await until(lambda: sink.winners["tag"].n_unique() == 40, "a row a tag")
        for value in range(1, 12):
            await server.tell(write=[[number, value, None, 0] for number in range(40)])
        again = Memory(sink.state)
        async with streaming(made(server, tmp_path, page=3), tags(server), again):
            await until(
                lambda: again.state["gaps"] == [] and all(again.has(tag, 11.0) for tag in range(1, 41)),
                "the gap filled",
            )
        assert all(set(range(1, 12)) <= set(again.values(tag)) for tag in range(1, 41)) and not again.gaps().height
        assert len(await made(server, tmp_path).browse()) > 40

    with served(tags=40, limits=limits) as server:
        run(journey(server))


def test_units_ranges_and_types_are_found_once_each(server: Server, tmp_path: Path) -> None:
    found = run(made(server, tmp_path).browse())
    own = {one.name: one for one in found if NAMESPACE in one.address}
    hot = own["HotMetal"]
    assert (hot.unit_code, hot.unit_text, hot.lo, hot.hi, hot.description) == ("CEL", "°C", 0.0, 1700.0, "Hot metal")
    assert hot.path == ("BF1", "HotMetal") and hot.data_type == "Double" and own["Heat"].stepped is True
    assert len({one.address for one in found}) == len(found) and not any(one.path[0] == "Server" for one in found)
    assert own["T0"].address == server.address(0)


def test_nothing_is_ever_asked_but_to_read(server: Server, tmp_path: Path) -> None:
    async def journey() -> None:
        sink = Memory()
        connector = made(server, tmp_path)
        await connector.discover()
        async with streaming(connector, tags(server), sink):
            await until(lambda: len(sink.winners) >= 3, "first values")
        await server.tell(write=[[0, 5.0, None, 0]])
        again = Memory(sink.state)
        async with streaming(made(server, tmp_path), tags(server), again):
            await until(lambda: again.has(1, 5.0) and again.state["gaps"] == [], "the gap filled")
        asked = set(await server.tell(requests=1))
        assert "HistoryReadRequest" in asked and asked <= READING

    run(journey())


def test_no_line_of_the_package_writes() -> None:
    folder = Path(ferrolan.sources.opcua.__file__).parent
    verbs = ("write", "call", "add_", "delete_nodes", "delete_references", "history_update", "update_history", "set_value", "set_attribute",
             "register_node", "set_monitoring", "set_publishing", "modify")  # fmt: skip
    for path in folder.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Attribute) and path.name != "trust.py":
                assert not node.attr.lower().startswith(verbs), f"{path.name}:{node.lineno} {node.attr}"
                assert not node.attr.startswith(("Write", "Call", "AddNodes", "AddRef", "Delete", "HistoryUpdate")), (
                    node.attr
                )
