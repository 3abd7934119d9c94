"""Ten thousand registers polled from a real Modbus server: our connector, and the plain client of pymodbus beside it.

``python -m benchmarks.modbus`` prints registers and rows a second, by the clock and by our own CPU;
``python -m benchmarks modbus`` compares the two. The server is pymodbus in a process of its own, the same for both.
"""

from __future__ import annotations

import asyncio
import time
from contextlib import ExitStack
from functools import cache
from pathlib import Path

from benchmarks.registry import Subject
from ferrolan.sources.live import Connector, Place
from ferrolan.sources.modbus import KIND, ModbusSource
from ferrolan.sources.source import TagAddress

VALUES, POLLS, AT_ONCE = 5_000, 10, 124
"""Values of two registers each, how often they are read, and registers of one request."""


@cache
def port() -> int:
    """The port of a server that ends with this process."""
    from tests.servers.modbus import serve

    held = ExitStack()
    _HELD.append(held)
    return held.enter_context(serve({1: {"holding": {0: [0x4494, 0x2000] * VALUES}}})).port


_HELD: list[ExitStack] = []


def ours() -> int:
    """Poll, decode and hand over every value so often; returns the rows."""
    tags = [TagAddress(number, f"T{number}", f"holding:{2 * number}:float32") for number in range(VALUES)]
    spec = ModbusSource(
        kind="modbus", host="127.0.0.1", port=port(), numbering="zero_based", period="1 ms", most=AT_ONCE
    )
    connector = KIND.connect(spec, Place("meters", Path()))
    return asyncio.run(_polled(connector, tags))


def peer() -> int:
    """Read the same registers as often with the plain client, and turn them into numbers as it does."""
    from pymodbus.client import AsyncModbusTcpClient

    async def read() -> int:
        client, values = AsyncModbusTcpClient("127.0.0.1", port=port()), 0
        await client.connect()
        for _ in range(POLLS):
            for first in range(0, 2 * VALUES, AT_ONCE):
                count = min(AT_ONCE, 2 * VALUES - first)
                answer = await client.read_holding_registers(first, count=count)
                for place in range(0, count, 2):
                    pair = answer.registers[place : place + 2]
                    values += client.convert_from_registers(pair, client.DATATYPE.FLOAT32) == 1185.0
        client.close()
        return values

    return asyncio.run(read())


class _Counting:
    """A sink that counts rows; what a disk would add is measured with the collector."""

    state: dict[str, object] = {}  # noqa: RUF012  # never changed

    def __init__(self) -> None:
        self.rows = 0

    async def keep(self, samples=None, texts=None, *, state=None) -> None:  # type: ignore[no-untyped-def]  # a sink
        self.rows += 0 if samples is None else samples.height


async def _polled(connector: Connector, tags: list[TagAddress]) -> int:
    sink = _Counting()
    task = asyncio.create_task(connector.stream(tags, sink))  # type: ignore[arg-type]  # it rejects nothing
    while sink.rows < POLLS * VALUES:
        await asyncio.sleep(0.001)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    return sink.rows


def main() -> None:
    """Print what a second holds."""
    for name, run in (("Ferrolan", ours), ("pymodbus", peer)):
        run()
        clock, cpu = time.perf_counter(), time.process_time()
        rows = run()
        clock, cpu = time.perf_counter() - clock, time.process_time() - cpu
        print(
            f"{name}: {2 * rows / clock:,.0f} registers/s, {rows / clock:,.0f} rows/s by the clock; "
            f"{2 * rows / cpu:,.0f} registers/s, {rows / cpu:,.0f} rows/s of our CPU"
        )


SUBJECT = Subject(
    "5,000 values of two registers, 10 polls over Modbus/TCP", "sources", ours, peer, "pymodbus, the plain client",
    "Both read the same blocks of 124 registers from the same server and make floats; ours also makes rows of a table.",
)  # fmt: skip

if __name__ == "__main__":
    try:
        main()
    finally:
        for held in _HELD:
            held.close()
