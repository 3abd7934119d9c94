"""An OPC UA server as a process of its own: values, history, limits and users as a test says, requests recorded.

``python -m tests.servers.opcua`` reads its settings and then commands as lines of JSON, and answers each with a line.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from tests.servers import free_port
from tests.servers.certificates import SERVER_URI

ROOT = Path(__file__).parents[2]
NAMESPACE = "http://ferrolan.test/bf1"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass
class Settings:
    """What a server is like."""

    port: int = field(default_factory=free_port)
    certificate: str = ""
    key: str = ""
    policies: list[str] = field(default_factory=lambda: ["NoSecurity"])
    users: dict[str, str] = field(default_factory=dict)
    anonymous: bool = True
    tags: int = 5
    prefix: str = "T"
    history: bool = True
    limits: dict[str, int] = field(default_factory=dict)
    unknown: int = 0
    """How many of the tags a test may ask for are not there, the last ones."""


class Server:
    """A server under test, from outside."""

    def __init__(self, settings: Settings, environment: Mapping[str, str] | None = None) -> None:
        self.settings = settings
        self._environment = {**os.environ, **(environment or {}), "PYTHONPATH": f"{ROOT}:{ROOT / 'src'}"}
        self._process: subprocess.Popen[str] | None = None
        self._lock = threading.Lock()

    @property
    def url(self) -> str:
        return f"opc.tcp://127.0.0.1:{self.settings.port}"

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def address(self, number: int) -> str:
        return f"nsu={NAMESPACE};s={self.settings.prefix}{number}"

    def start(self, seconds: float = 60.0) -> Server:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.servers.opcua"], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL, text=True, cwd=ROOT, env=self._environment,
        )  # fmt: skip
        assert self.ask(settings=asdict(self.settings)) == {"ready": True}
        return self

    def ask(self, **command: Any) -> Any:
        """Give a command and wait for its answer."""
        process = self._process
        assert process is not None and process.stdin is not None and process.stdout is not None
        with self._lock:
            process.stdin.write(json.dumps(command) + "\n")
            process.stdin.flush()
            return json.loads(process.stdout.readline())

    async def tell(self, **command: Any) -> Any:
        return await asyncio.to_thread(lambda: self.ask(**command))

    def write(self, rows: Sequence[tuple[int, Any, int | None, int]]) -> None:
        """Write values: (tag, value, time [us since 1970] or None for now, status)."""
        self.ask(write=[list(row) for row in rows])

    def signal(self, number: int) -> None:
        os.kill(self.pid, number)

    def kill(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            for pipe in (self._process.stdin, self._process.stdout):
                if pipe is not None:
                    with contextlib.suppress(OSError):
                        pipe.close()
            self._process = None


@contextlib.contextmanager
def served(environment: Mapping[str, str] | None = None, **settings: Any) -> Iterator[Server]:
    """A running server for as long as the block lasts."""
    server = Server(Settings(**settings), environment)
    try:
        yield server.start()
    finally:
        server.kill()


def main() -> None:
    asyncio.run(_serve())


async def _serve() -> None:
    from asyncua import ua
    from asyncua.common.utils import ServiceError
    from asyncua.server.history import HistoryDict
    from asyncua.server.internal_session import InternalSession
    from asyncua.server.server import Server as Inner
    from asyncua.server.uaprocessor import UaProcessor
    from asyncua.server.user_managers import User, UserRole

    settings = Settings(**json.loads(sys.stdin.readline())["settings"])
    requests: Counter[str] = Counter()
    handled = UaProcessor._process_message

    async def recorded(self: Any, typeid: Any, requesthdr: Any, seqhdr: Any, body: Any) -> Any:
        requests[ua.ObjectIdNames[typeid.Identifier].removesuffix("_Encoding_DefaultBinary")] += 1
        return await handled(self, typeid, requesthdr, seqhdr, body)

    UaProcessor._process_message = recorded

    class Users:
        def get_user(self, iserver: Any, username: Any = None, password: Any = None, certificate: Any = None) -> Any:
            if username is not None:
                return User(UserRole.User, username) if settings.users.get(username) == password else None
            return User(UserRole.Admin) if settings.anonymous else None

    def limited(name: str, limit: str, items: str) -> None:
        original = getattr(InternalSession, name)

        async def guarded(self: Any, params: Any, *rest: Any) -> Any:
            most = settings.limits.get(limit, 0)
            if most and self.external and len(getattr(params, items)) > most:
                raise ServiceError(ua.StatusCodes.BadTooManyOperations)
            return await original(self, params, *rest)

        setattr(InternalSession, name, guarded)

    limited("read", "MaxNodesPerRead", "NodesToRead")
    limited("create_monitored_items", "MaxMonitoredItemsPerCall", "ItemsToCreate")
    limited("history_read", "MaxNodesPerHistoryReadData", "NodesToRead")
    limited("browse", "MaxNodesPerBrowse", "NodesToBrowse")

    server = Inner(user_manager=Users())
    await server.init()
    await server.set_application_uri(SERVER_URI)
    server.set_endpoint(f"opc.tcp://127.0.0.1:{settings.port}")
    server.set_security_policy([ua.SecurityPolicyType[name] for name in settings.policies])
    tokens: list[Any] = [ua.AnonymousIdentityToken] if settings.anonymous else []
    server.set_identity_tokens([*tokens, *([ua.UserNameIdentityToken] if settings.users else [])])
    if settings.certificate:
        await server.load_certificate(settings.certificate)
        await server.load_private_key(settings.key)
    for limit, most in settings.limits.items():
        if limit.startswith("Max"):
            node = getattr(ua.ObjectIds, f"Server_ServerCapabilities_OperationLimits_{limit}")
            await server.get_node(ua.NodeId(node)).write_value(ua.UInt32(most))
    index = await server.register_namespace(NAMESPACE)
    storage = HistoryDict(settings.limits.get("page", 10_000))
    server.iserver.history_manager.set_storage(storage)
    folder = await server.nodes.objects.add_folder(index, "BF1")
    nodes = {}
    start = datetime.now(UTC)
    for number in range(settings.tags - settings.unknown):
        name = f"{settings.prefix}{number}"
        node = await folder.add_variable(ua.NodeId(name, index), name, 0.0, ua.VariantType.Double)
        await node.write_value(
            ua.DataValue(ua.Variant(0.0, ua.VariantType.Double), SourceTimestamp=start, ServerTimestamp=start)
        )
        nodes[number] = node
        if settings.history:
            await storage.new_historized_node(node.nodeid, None)
            await storage.save_node_value(node.nodeid, await node.read_data_value())
    extra = await _described(server, folder, index)

    def value(content: Any, moment: datetime, status: int) -> Any:
        kind = ua.VariantType.Double if isinstance(content, int | float) and not isinstance(content, bool) else None
        variant = ua.Variant(float(content), kind) if kind else ua.Variant(content)
        return ua.DataValue(variant, ua.StatusCode(status), moment, moment)

    async def write(rows: Sequence[Any]) -> int:
        for number, content, at, status in rows:
            moment = datetime.now(UTC) if at is None else _EPOCH + timedelta(microseconds=at)
            node = nodes[number] if isinstance(number, int) else extra[number]
            found = value(content, moment, status)
            await server.write_attribute_value(node.nodeid, found)
            if settings.history and isinstance(number, int):
                await storage.save_node_value(node.nodeid, found)
        return len(rows)

    async def fill(first: int, count: int, step: int) -> int:
        """History alone, as a server would have gathered it while nobody listened."""
        for number, node in nodes.items():
            for place in range(count):
                moment = _EPOCH + timedelta(microseconds=first + place * step)
                await storage.save_node_value(node.nodeid, value(number * 1e6 + place, moment, 0))
        return count * len(nodes)

    async def load(file: str) -> int:
        """History from a Parquet file in place of ours: tag, time [us since 1970], value, status; each tag's last is its present."""
        import polars as pl

        rows = pl.read_parquet(file).sort("tag", "time", maintain_order=True)
        for number, part in rows.group_by("tag", maintain_order=True):
            node = nodes[number[0]].nodeid
            storage._datachanges[node].clear()
            for at, content, status in part.select("time", "value", "status").iter_rows():
                found = value(content, _EPOCH + timedelta(microseconds=at), status)
                await storage.save_node_value(node, found)
            await server.write_attribute_value(node, found)
        return len(rows)

    running: list[asyncio.Task[Any]] = []
    written = [0]

    async def tick(period: float, each: int) -> None:
        due = time.monotonic()
        while True:
            moment = datetime.now(UTC)
            for number in range(each):
                found = value(written[0], moment, 0)
                await server.write_attribute_value(nodes[number].nodeid, found)
                if settings.history:
                    await storage.save_node_value(nodes[number].nodeid, found)
            written[0] += 1
            due += period
            await asyncio.sleep(max(0.0, due - time.monotonic()))

    async def obey(command: dict[str, Any]) -> Any:
        if "write" in command:
            return await write(command["write"])
        if "load" in command:
            return await load(command["load"])
        if "fill" in command:
            return await fill(**command["fill"])
        if "tick" in command:
            running.append(asyncio.create_task(tick(**command["tick"])))
            return True
        if "still" in command:
            for task in running:
                task.cancel()
            return written[0]
        if "history" in command:
            kept = storage._datachanges[nodes[command["history"]].nodeid]
            return [[(one.SourceTimestamp - _EPOCH) // timedelta(microseconds=1), one.Value.Value] for one in kept]
        if "cpu" in command:
            return time.process_time()
        return dict(requests)

    async with server:
        print(json.dumps({"ready": True}), flush=True)
        while line := await asyncio.to_thread(sys.stdin.readline):
            print(json.dumps(await obey(json.loads(line))), flush=True)


async def _described(server: Any, folder: Any, index: int) -> dict[str, Any]:
    """A few variables of every kind: with a unit and a range, a state, a text, an array."""
    from asyncua import ua

    made = {}
    hot = await folder.add_variable(ua.NodeId("HotMetal", index), "HotMetal", 1480.0, ua.VariantType.Double)
    unit = ua.EUInformation(
        NamespaceUri="http://www.opcfoundation.org/UA/units/un/cefact",
        UnitId=4408652,
        DisplayName=ua.LocalizedText("°C"),
    )
    await hot.add_property(0, "EngineeringUnits", unit)
    await hot.add_property(0, "EURange", ua.Range(0.0, 1700.0))
    await hot.write_attribute(ua.AttributeIds.Description, ua.DataValue(ua.Variant(ua.LocalizedText("Hot metal"))))
    made["hot"] = hot
    made["text"] = await folder.add_variable(ua.NodeId("Heat", index), "Heat", "H-4711")
    made["flag"] = await folder.add_variable(ua.NodeId("Flag", index), "Flag", True)
    made["array"] = await folder.add_variable(ua.NodeId("Profile", index), "Profile", [1.0, 2.0, 3.0])
    types = server.get_node(ua.NodeId(ua.ObjectIds.Enumeration))
    blower = await types.add_data_type(ua.NodeId("BlowerState", index), "BlowerState")
    texts = [ua.LocalizedText(text) for text in ("Stopped", "Starting", "Running")]
    await blower.add_property(0, "EnumStrings", texts)
    made["state"] = await folder.add_variable(
        ua.NodeId("Blower", index), "Blower", 2, ua.VariantType.Int32, blower.nodeid
    )
    return made


if __name__ == "__main__":
    main()
