"""A real Modbus/TCP server, pymodbus, in a process of its own: registers by unit, faults on demand, every request noted.

``with serve({1: {"holding": {0: [0x4494, 0]}}}) as server`` listens on ``server.port`` of 127.0.0.1. It lets everything
be written, and ``server.requests()`` lists what arrived as (function, unit, address, count).
"""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.servers import absent, free_port, until

Registers = Mapping[int, Mapping[str, Mapping[int, Sequence[int]]]]
"""Words (or bits 0 and 1) by unit, area and first address."""


@dataclass
class Server:
    """One running server."""

    port: int
    folder: Path
    process: subprocess.Popen[str]

    def requests(self) -> list[tuple[int, int, int, int]]:
        """Every request so far: function, unit, address, count."""
        rows = (self.folder / "requests").read_text().splitlines()
        return [tuple(json.loads(row)) for row in rows]  # type: ignore[misc]  # four numbers a row

    def refuse(self, unit: int, area: str, addresses: Sequence[int], code: int) -> None:
        """Answer each request that touches one of the addresses with an exception; code 0 takes that back."""
        self._tell(refuse=[unit, area, list(addresses), code])

    def silence(self, unit: int, silent: bool = True) -> None:
        """Let a unit answer nothing at all."""
        self._tell(silence=[unit, silent])

    def put(self, unit: int, area: str, address: int, words: Sequence[int]) -> None:
        """Give registers another value."""
        self._tell(put=[unit, area, address, list(words)])

    def kill(self) -> None:
        """End the process as a power cut would."""
        self.process.kill()
        self.process.wait()

    def _tell(self, **order: object) -> None:
        assert self.process.stdin is not None and self.process.stdout is not None
        self.process.stdin.write(json.dumps(order) + "\n")
        self.process.stdin.flush()
        assert self.process.stdout.readline().strip() == "done"


@contextlib.contextmanager
def serve(registers: Registers, port: int | None = None) -> Iterator[Server]:
    """A server for as long as the block lasts."""
    try:
        import pymodbus  # noqa: F401
    except ImportError:
        absent("pymodbus is not installed")
    port = port or free_port()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "registers.json").write_text(json.dumps(registers))
        (folder / "requests").touch()
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.servers.modbus", str(port), name],
            cwd=Path(__file__).parents[2], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
            stderr=subprocess.DEVNULL,
        )  # fmt: skip
        server = Server(port, folder, process)
        try:
            until(lambda: (folder / "ready").exists() or process.poll() is not None, "the Modbus server listens")
            assert process.poll() is None
            yield server
        finally:
            server.kill()
            for pipe in (process.stdin, process.stdout):
                if pipe is not None:
                    pipe.close()


# ---- the process itself -------------------------------------------------------------------------------------------------

_AREAS = {1: "coil", 2: "discrete", 3: "holding", 4: "input"}


def _main(port: int, folder: Path) -> None:
    import asyncio

    asyncio.run(_run(port, folder))


async def _run(port: int, folder: Path) -> None:
    import asyncio

    from pymodbus.constants import ExcCodes
    from pymodbus.pdu import ModbusPDU
    from pymodbus.server import ModbusTcpServer
    from pymodbus.simulator import DataType, SimData, SimDevice

    held = {int(unit): areas for unit, areas in json.loads((folder / "registers.json").read_text()).items()}
    refused: dict[tuple[int, str], dict[int, int]] = {}
    silent: set[int] = set()
    changed: dict[tuple[int, str], dict[int, int]] = {}
    log = (folder / "requests").open("a", buffering=1)

    def noted(sending: bool, pdu: ModbusPDU) -> ModbusPDU:
        if not sending:
            log.write(json.dumps([pdu.function_code, pdu.dev_id, pdu.address, pdu.count]) + "\n")
        return pdu

    def device(unit: int, areas: Mapping[str, Mapping[str, Sequence[int]]]) -> SimDevice:
        async def act(function, start, address, count, current, values):  # type: ignore[no-untyped-def]  # pymodbus's
            if unit in silent:
                await asyncio.Event().wait()
            area = _AREAS.get(function, "")
            for at in range(address, address + count):
                if refused.get((unit, area), {}).get(at):
                    return ExcCodes(refused[unit, area][at])
                if at in changed.get((unit, area), {}):
                    current[at - start] = changed[unit, area][at]
            return None

        blocks = []
        for area, kind in (("coil", "BITS"), ("discrete", "BITS"), ("holding", "REGISTERS"), ("input", "REGISTERS")):
            bits = kind == "BITS"
            given = {
                int(first): [bool(w) for w in words] if bits else list(words)
                for first, words in areas.get(area, {}).items()
            }
            given = given or {0: [False] * 16 if bits else [0]}
            blocks.append(
                [SimData(first, values=words, datatype=DataType[kind]) for first, words in sorted(given.items())]
            )
        return SimDevice(unit, simdata=tuple(blocks), action=act)  # type: ignore[arg-type]  # four lists

    async def obey() -> None:
        while line := await asyncio.to_thread(sys.stdin.readline):
            order = json.loads(line)
            if "refuse" in order:
                unit, area, addresses, code = order["refuse"]
                refused.setdefault((unit, area), {}).update(dict.fromkeys(addresses, code))
            if "silence" in order:
                (silent.add if order["silence"][1] else silent.discard)(order["silence"][0])
            if "put" in order:
                unit, area, address, words = order["put"]
                changed.setdefault((unit, area), {}).update(enumerate(words, start=address))
            sys.stdout.write("done\n")
            sys.stdout.flush()

    devices = [device(unit, areas) for unit, areas in held.items()]
    server = ModbusTcpServer(devices, address=("127.0.0.1", port), trace_pdu=noted)
    serving = asyncio.create_task(server.serve_forever(background=False))
    while not server.transport:
        await asyncio.sleep(0.01)
    (folder / "ready").touch()
    await asyncio.wait([serving, asyncio.create_task(obey())], return_when=asyncio.FIRST_COMPLETED)


if __name__ == "__main__":
    _main(int(sys.argv[1]), Path(sys.argv[2]))
