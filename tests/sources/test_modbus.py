from __future__ import annotations

import asyncio
import math
import struct
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ferrolan.base.schema import read
from ferrolan.base.status import StatusCode
from ferrolan.sources import modbus
from ferrolan.sources.live import Json, Place
from ferrolan.sources.modbus.address import WrongAddress, decoded, point
from ferrolan.sources.modbus.blocks import Placed, blocks
from ferrolan.sources.modbus.poll import Modbus
from ferrolan.sources.modbus.spec import ModbusUnit, Numbering, Order
from ferrolan.sources.source import TagAddress
from tests.servers.modbus import Server, serve
from tests.servers.proxy import Proxy
from tests.sources.keeping import Kept, Step, until

GOOD, GAP = int(StatusCode.GOOD), int(StatusCode.BAD_NO_COMMUNICATION)
WORDS = {1: {"holding": {0: list(range(100, 400))}}, 2: {"holding": {0: list(range(500, 600))}}}


@pytest.fixture
def server() -> Iterator[Server]:
    with serve(WORDS) as server:
        yield server


def connector(port: int, **keys: object) -> Modbus:
    entry: dict[str, object] = {
        "kind": "modbus", "host": "127.0.0.1", "port": port, "numbering": "zero_based", "period": "50 ms",
        "time_out": "300 ms", "retry_most": "50 ms", **keys,
    }  # fmt: skip
    spec, problems = read(modbus.ModbusSource, entry)
    assert spec is not None, problems
    return modbus.KIND.connect(spec, Place("gateway", Path()))  # type: ignore[return-value]  # this kind's connector


def tags(*addresses: str, text: bool = False) -> list[TagAddress]:
    return [TagAddress(number, f"T{number}", address, text=text) for number, address in enumerate(addresses, start=1)]


def run(link: Modbus, wanted: Sequence[TagAddress], sink: Kept, done: Callable[[], bool], *then: Step) -> None:
    asyncio.run(until(link.stream(wanted, sink), done, then=then))


def has(sink: Kept, tag: int, status: int, count: int = 1) -> bool:
    return sum(found == status for _, found in sink.of(tag)) >= count


# ---- addresses and values --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("address", "numbering", "first", "count"),
    [
        ("3/holding:40001:float32", "modicon", 0, 2),
        ("3/holding:465536:uint16", "modicon", 65535, 1),
        ("input:30010:int64", "modicon", 9, 4),
        ("1/discrete:10001", "modicon", 0, 1),
        ("1/coil:00017:bool", "modicon", 16, 1),
        ("holding:1", "one_based", 0, 1),
        ("holding:0:string8", "zero_based", 0, 8),
        ("holding:5:bit15", "zero_based", 5, 1),
    ],
)
def test_an_address_names_registers_on_the_wire(address: str, numbering: Numbering, first: int, count: int) -> None:
    found = point(address, numbering, "abcd")
    assert (found.first, found.count) == (first, count)


@pytest.mark.parametrize(
    ("address", "numbering"),
    [
        ("3/holding:30001", "modicon"), ("holding:1", "modicon"), ("holding:0", "one_based"),
        ("holding:65536", "zero_based"), ("holding:65535:float32", "zero_based"), ("300/holding:1", "zero_based"),
        ("holding:1:bit16", "zero_based"), ("coil:1:int16", "zero_based"), ("holding:1:float16", "zero_based"),
        ("holding:1:uint16:acbd", "zero_based"), ("register 5", "zero_based"), ("", "zero_based"),
        ("holding:1:string0", "zero_based"), ("holding:1:string126", "zero_based"),
    ],
)  # fmt: skip
def test_an_address_that_names_nothing_is_refused(address: str, numbering: Numbering) -> None:
    with pytest.raises(WrongAddress, match="."):
        point(address, numbering, None)


def registers(content: bytes, order: Order) -> list[int]:
    """The registers of bytes, highest first: written the other way round from the code under test."""
    pairs = [content[k : k + 2] for k in range(0, len(content), 2)]
    if order in ("badc", "dcba"):
        pairs = [pair[::-1] for pair in pairs]
    if order in ("cdab", "dcba"):
        pairs.reverse()
    return [pair[0] * 256 + pair[1] for pair in pairs]


@given(value=st.floats(allow_nan=False, allow_infinity=False), order=st.sampled_from(["abcd", "cdab", "badc", "dcba"]))
def test_a_float64_is_read_in_every_order(value: float, order: Order) -> None:
    one = point("holding:0:float64", "zero_based", order)
    assert decoded(one, registers(struct.pack(">d", value), order)) == value


@given(value=st.integers(-(2**31), 2**31 - 1), order=st.sampled_from(["abcd", "cdab", "badc", "dcba"]))
def test_an_int32_is_read_in_every_order(value: int, order: Order) -> None:
    one = point("holding:0:int32", "zero_based", order)
    assert decoded(one, registers(struct.pack(">i", value), order)) == value


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_what_is_no_number_has_no_value(value: float) -> None:
    one = point("holding:0:float32", "zero_based", "abcd")
    assert decoded(one, registers(struct.pack(">f", value), "abcd")) is None


@given(st.data())
def test_requests_read_each_point_once_and_are_never_too_long(data: st.DataObject) -> None:
    firsts = data.draw(st.lists(st.integers(0, 500), max_size=60))
    kinds = data.draw(
        st.lists(st.sampled_from(["int16", "float32", "float64"]), min_size=len(firsts), max_size=len(firsts))
    )
    most, join = data.draw(st.integers(4, 125)), data.draw(st.integers(0, 10))
    placed = [
        Placed(point(f"holding:{first}:{kind}", "zero_based", "abcd"), number, str(number))
        for number, (first, kind) in enumerate(zip(firsts, kinds, strict=True))
    ]
    made = list(blocks(placed, ModbusUnit(unit=1, most=most, most_bits=2000), join))
    assert sorted(one.tag for block in made for one in block.placed) == list(range(len(placed)))
    for block in made:
        assert block.count <= most
        wanted = {at for one in block.placed for at in range(one.point.first, one.point.last + 1)}
        unwanted = [at not in wanted for at in range(block.first, block.first + block.count)]
        assert max((len(run) for run in "".join("x" if u else " " for u in unwanted).split()), default=0) <= join


# ---- against a real server -------------------------------------------------------------------------------------------


def words(kind: str, value: float, order: Order = "abcd") -> list[int]:
    return registers(struct.pack(kind, value), order)


def test_values_of_every_type_arrive_as_they_are() -> None:
    held: dict[int, list[int]] = {
        0: words(">h", -3), 1: words(">H", 65535), 2: words(">i", -70000), 4: words(">I", 4_000_000_000, "cdab"),
        6: words(">q", -(2**40)), 10: words(">f", 1187.5, "dcba"), 12: words(">d", 3.25, "badc"), 16: [0b1000],
        17: [0x4142, 0x4300],
    }  # fmt: skip
    bits = [0, 0, 1, 0, 0, 0, 0, 0] * 2
    expected = {
        "holding:0:int16": -3.0, "holding:1:uint16": 65535.0, "holding:2:int32": -70000.0,
        "holding:4:uint32:cdab": 4e9, "holding:6:int64": -(2.0**40), "holding:10:float32:dcba": 1187.5,
        "holding:12:float64:badc": 3.25, "holding:16:bit3": 1.0, "holding:16:bit2": 0.0, "input:7": 42.0,
        "coil:2": 1.0, "discrete:1": 0.0,
    }  # fmt: skip
    with serve({1: {"holding": held, "input": {7: [42]}, "coil": {0: bits}, "discrete": {0: bits}}}) as server:
        sink = Kept()
        wanted = [*tags(*expected), TagAddress(50, "grade", "1/holding:17:string2", text=True)]
        run(connector(server.port), wanted, sink, lambda: sink.rows().height >= len(expected) and bool(sink.texts))
        functions = {request[0] for request in server.requests()}
    first = sink.rows().head(len(expected))
    assert dict(first.select("tag", "value").iter_rows()) == dict(enumerate(expected.values(), start=1))
    assert first["status"].to_list() == [GOOD] * len(expected)
    assert sink.texts[0].row(0)[2] == "ABC"
    assert functions == {1, 2, 3, 4}


def test_a_value_that_is_no_number_is_bad_and_stays_a_row() -> None:
    with serve({1: {"holding": {0: words(">f", math.nan) + words(">f", math.inf) + words(">f", 1.0)}}}) as server:
        sink = Kept()
        run(
            connector(server.port),
            tags(*(f"holding:{k}:float32" for k in (0, 2, 4))),
            sink,
            lambda: sink.rows().height >= 3,
        )
    bad = int(StatusCode.BAD_NO_DATA)
    assert sink.rows().head(3).sort("tag").select("value", "status").rows() == [(None, bad), (None, bad), (1.0, GOOD)]


@pytest.mark.parametrize(
    ("code", "status"),
    [
        (1, StatusCode.BAD_CONFIGURATION_ERROR), (2, StatusCode.BAD_CONFIGURATION_ERROR),
        (4, StatusCode.BAD_DEVICE_FAILURE), (6, 0x80040000), (10, StatusCode.BAD_NOT_CONNECTED),
        (11, StatusCode.BAD_TIMEOUT),
    ],
)  # fmt: skip
def test_a_refused_request_is_one_bad_row_with_the_status_of_its_code(server: Server, code: int, status: int) -> None:
    server.refuse(1, "holding", [5], code)
    link, sink = connector(server.port), Kept()
    run(link, tags("1/holding:5", "2/holding:0"), sink, partial(has, sink, 2, GOOD, 5))
    assert sink.of(1) == [(None, int(status))]
    assert str(code) in link.health.faults["T1"]
    assert link.health.state == "connected"


def test_one_bad_register_among_five_thousand_stops_no_other() -> None:
    with serve({1: {"holding": {0: list(range(5000))}}}) as server:
        server.refuse(1, "holding", [3217], 2)
        link, sink = connector(server.port), Kept()
        wanted = [TagAddress(at, f"T{at}", f"holding:{at}") for at in range(5000)]
        run(link, wanted, sink, lambda: sink.rows().height >= 10_000)
        count = len(server.requests())
    rows = sink.rows()
    assert rows.filter(pl.col("tag") == 3217)["status"].to_list() == [int(StatusCode.BAD_CONFIGURATION_ERROR)]
    good = rows.filter(pl.col("tag") != 3217)
    assert good["status"].unique().to_list() == [GOOD] and good["tag"].n_unique() == 4999
    assert (good["value"] == good["tag"]).all()
    assert list(link.health.faults) == ["T3217"]
    assert count < 3 * (40 + 20)


def test_a_register_that_is_mended_is_read_again(server: Server) -> None:
    server.refuse(1, "holding", [7], 2)
    link, sink = connector(server.port), Kept()
    mend: Step = (lambda: server.refuse(1, "holding", [7], 0), partial(has, sink, 2, GOOD))
    run(link, tags("1/holding:6", "1/holding:7"), sink, partial(has, sink, 2, StatusCode.BAD_CONFIGURATION_ERROR), mend)
    assert sink.of(2)[:2] == [(None, int(StatusCode.BAD_CONFIGURATION_ERROR)), (107.0, GOOD)]
    assert link.health.faults == {}


def test_one_dead_unit_stops_no_other_and_comes_back(server: Server) -> None:
    link, sink = connector(server.port), Kept()

    def goes_on() -> bool:
        bad = [place for place, (_, status) in enumerate(sink.of(2)) if status == StatusCode.BAD_TIMEOUT]
        return bool(bad) and len(sink.of(1)) >= 20

    die: Step = (lambda: server.silence(2), goes_on)
    live: Step = (lambda: server.silence(2, False), lambda: bool(sink.of(2)) and sink.of(2)[-1][1] == GOOD)
    run(link, tags("1/holding:0", "2/holding:0"), sink, partial(has, sink, 2, GOOD), die, live)
    assert {status for _, status in sink.of(1)} == {GOOD}
    assert [status for _, status in sink.of(2)].count(int(StatusCode.BAD_TIMEOUT)) == 1
    assert link.health.reconnects == 0 and link.health.faults == {}


def test_an_address_that_names_nothing_is_a_fault_of_its_tag_alone(server: Server) -> None:
    link, sink = connector(server.port), Kept()
    run(link, tags("nonsense", "1/holding:0"), sink, partial(has, sink, 2, GOOD))
    assert sink.of(1) == [(None, int(StatusCode.BAD_CONFIGURATION_ERROR))]
    assert "nonsense" in link.health.faults["T1"]


def check_one_gap(sink: Kept, numbers: Sequence[int]) -> None:
    """Each tag has good values, one gap row just after the last of them, and good values again."""
    for tag in numbers:
        rows = sink.rows().filter(pl.col("tag") == tag)
        gaps = rows.filter(pl.col("status") != GOOD)["status"]
        assert gaps.to_list() == [GAP]
        place = rows["status"].to_list().index(GAP)
        assert 0 < place < rows.height - 1
        assert rows["time"].is_sorted() and rows["time"].n_unique() == rows.height
    assert sink.rows().filter(pl.col("status") == GAP)["time"].n_unique() == 1


def test_a_server_that_is_killed_and_started_again_leaves_one_gap_a_tag(server: Server) -> None:
    link, sink = connector(server.port), Kept()
    again: list[Any] = []

    def restart() -> None:
        context = serve(WORDS, port=server.port)
        context.__enter__()
        again.append(context)

    die: Step = (server.kill, partial(has, sink, 1, GAP))
    back: Step = (restart, lambda: sink.of(1)[-1][1] == GOOD and sink.of(2)[-1][1] == GOOD)
    try:
        run(link, tags("1/holding:0", "2/holding:0"), sink, partial(has, sink, 2, GOOD, 3), die, back)
    finally:
        for context in again:
            context.__exit__(None, None, None)
    check_one_gap(sink, [1, 2])
    assert link.health.reconnects == 1 and link.health.gaps == 2


@pytest.mark.parametrize("way", ["cut", "hang"])
def test_a_line_that_breaks_or_hangs_leaves_one_gap_a_tag_and_is_rebuilt(server: Server, way: str) -> None:
    sink = Kept()

    async def scene() -> Modbus:
        async with Proxy.to("127.0.0.1", server.port) as proxy:
            link = connector(proxy.port)
            broken: Step = (getattr(proxy, way), partial(has, sink, 1, GAP))
            back: Step = (proxy.restore, lambda: sink.of(1)[-1][1] == GOOD and sink.of(2)[-1][1] == GOOD)
            stream = link.stream(tags("1/holding:0", "2/holding:0"), sink)
            await until(stream, partial(has, sink, 2, GOOD, 3), then=[broken, back])
            return link

    link = asyncio.run(scene())
    check_one_gap(sink, [1, 2])
    assert link.health.reconnects == 1


def test_polls_of_a_slow_line_are_left_out_and_never_pile_up(server: Server) -> None:
    sink = Kept()

    async def scene() -> Modbus:
        async with Proxy.to("127.0.0.1", server.port) as proxy:
            proxy.delay(0.06)
            link = connector(proxy.port)
            await until(link.stream(tags("1/holding:0"), sink), partial(has, sink, 1, GOOD, 5))
            return link

    link = asyncio.run(scene())
    assert link.health.figures["skipped"] >= 4
    assert len(server.requests()) <= len(sink.of(1)) + 1
    assert {status for _, status in sink.of(1)} == {GOOD}


def test_nobody_there_is_one_gap_and_a_state_and_no_error() -> None:
    from tests.servers import free_port

    link, sink = connector(free_port()), Kept()
    run(link, tags("1/holding:0"), sink, lambda: link.health.state == "waiting" and bool(sink.of(1)))
    assert sink.of(1) == [(None, GAP)]
    assert "127.0.0.1" in link.health.said


def test_the_time_in_which_nobody_polled_is_a_gap(server: Server) -> None:
    before: Mapping[str, Json] = {"proven": 1_772_323_200_000_000, "gone": False}
    link, sink = connector(server.port), Kept(state=before)
    run(link, tags("1/holding:0"), sink, partial(has, sink, 1, GOOD))
    assert sink.rows().row(0)[3] == GAP
    assert sink.rows()["time"].dt.timestamp("us")[0] == 1_772_323_200_000_001
    told = Kept(state={**before, "gone": True})
    run(connector(server.port), tags("1/holding:0"), told, partial(has, told, 1, GOOD))
    assert not has(told, 1, GAP)


def test_only_functions_that_read_ever_arrive_whatever_goes_wrong(server: Server) -> None:
    link, sink = connector(server.port, join=10), Kept()
    server.refuse(1, "holding", [3, 30, 31], 2)
    die: Step = (lambda: server.silence(2), partial(has, sink, 4, StatusCode.BAD_TIMEOUT))
    wanted = tags(
        "1/holding:0", "1/holding:3", "1/holding:30:float32", "2/holding:0", "1/coil:0", "1/discrete:1", "1/input:0"
    )
    run(link, wanted, sink, partial(has, sink, 4, GOOD), die)
    assert {function for function, *_ in server.requests()} <= {1, 2, 3, 4}


def test_limits_of_a_unit_bound_its_requests(server: Server) -> None:
    link = connector(server.port, units=[{"unit": 2, "most": 8}])
    sink = Kept()
    wanted = tags(*(f"1/holding:{k}" for k in range(200)), *(f"2/holding:{k}" for k in range(50)))
    run(link, wanted, sink, lambda: sink.rows().height >= 250)
    requests = server.requests()
    assert max(count for _, unit, _, count in requests if unit == 1) == 125
    assert max(count for _, unit, _, count in requests if unit == 2) == 8


@pytest.mark.parametrize(
    ("keys", "path"),
    [
        ({}, ()),
        ({"numbering": "zero_based", "period": "2"}, ("period",)),
        ({"numbering": "zero_based", "most": 126}, ("most",)),
        ({"numbering": "zero_based", "port": 70000}, ("port",)),
        ({"numbering": "zero_based", "units": [{"unit": 1}, {"unit": 1}]}, ("units", 1, "unit")),
    ],
)
def test_a_wrong_entry_is_refused_with_its_address(keys: dict[str, object], path: tuple[str | int, ...]) -> None:
    spec, problems = read(modbus.ModbusSource, {"kind": "modbus", "host": "gateway", **keys})
    assert spec is None
    assert path in [problem.path for problem in problems]
