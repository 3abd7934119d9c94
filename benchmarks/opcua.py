"""OPC UA: messages of 2,000 values from their bytes to rows on the disk, beside the library's own subscription.

As a subject it measures what we do with messages that have arrived, without a network. ``python -m benchmarks.opcua``
runs the whole way instead: a server in a process of its own (asyncua) writes 2,000 tags a second over a signed and
encrypted line, the connector spools them, and an embedded historian stores them; the CPU time of either process is
shown for each value, since the server needs several times as much and is what limits the rate.
"""

from __future__ import annotations

import asyncio
import contextlib
import tempfile
import time
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl

from benchmarks.registry import Subject
from ferrolan.base.tables import SAMPLES
from ferrolan.historian.embedded import Archive
from ferrolan.historian.seam import NewTag, Position
from ferrolan.sources.live import Json, Place, gathered
from ferrolan.sources.opcua import connect
from ferrolan.sources.opcua.rows import Clocks, Names, rows
from ferrolan.sources.opcua.spec import OpcUaSpec
from ferrolan.sources.opcua.wire import notified
from ferrolan.sources.source import TagAddress
from ferrolan.sources.spool import Spool

TAGS, MESSAGES = 2_000, 30
SECONDS = 20.0
_NAMES = Names([TagAddress(number + 1, f"T{number}", f"i={number}") for number in range(TAGS)])
_NOW = 1_774_000_000_000_000
_FOLDER = tempfile.TemporaryDirectory()


def _message(number: int) -> bytes:
    """One answer to a Publish request with a value of each tag, as a server sends it. Synthetic."""
    from asyncua import ua
    from asyncua.ua.ua_binary import struct_to_binary

    moment = datetime(2026, 3, 20, 9, 46, 40, tzinfo=UTC) + timedelta(seconds=number)
    response = ua.PublishResponse()
    response.Parameters.NotificationMessage.NotificationData = [
        ua.DataChangeNotification(
            [
                ua.MonitoredItemNotification(
                    place, ua.DataValue(ua.Variant(place + 0.5 * number), ua.StatusCode(0), moment, moment)
                )
                for place in range(TAGS)
            ]
        )
    ]
    return bytes(struct_to_binary(response))


DATA = [_message(number) for number in range(MESSAGES)]


def ours() -> int:
    spool = Spool(Path(_FOLDER.name) / f"ours{time.monotonic_ns()}", "bf1")
    for data in DATA:
        values = notified(data).values
        assert values is not None
        spool.append(rows(values, _NAMES, Clocks(_NOW, 0, 2**60)).samples)
    count = spool.total
    spool.close()
    return count


def peer() -> int:
    """The library reads each message and hands every value to a callback; the rows go into the same spool."""
    from asyncua import ua
    from asyncua.common.node import Node
    from asyncua.common.subscription import Subscription, SubscriptionItemData
    from asyncua.common.utils import Buffer
    from asyncua.ua.ua_binary import struct_from_binary

    class Handler:
        def __init__(self) -> None:
            self.rows: list[tuple[int, int, float, int]] = []

        def datachange_notification(self, node: Any, value: Any, data: Any) -> None:
            found = data.monitored_item.Value
            moment = int(found.SourceTimestamp.timestamp() * 1e6)
            self.rows.append((data.subscription_data.client_handle, moment, value, found.StatusCode.value))

    async def receive() -> int:
        handler = Handler()
        subscription = Subscription(None, ua.CreateSubscriptionParameters(), handler)
        subscription._observe = lambda hook: None
        for place in range(TAGS):
            item = SubscriptionItemData()
            item.client_handle, item.node = place, Node(None, ua.NodeId(place + 1))
            subscription._monitored_items[place] = item
        spool = Spool(Path(_FOLDER.name) / f"peer{time.monotonic_ns()}", "bf1")
        for data in DATA:
            handler.rows = []
            await subscription.publish_callback(struct_from_binary(ua.PublishResponse, Buffer(data)).Parameters)
            while len(handler.rows) < TAGS:
                await asyncio.sleep(0)
            spool.append(gathered(*zip(*handler.rows, strict=True)))
        return spool.total

    return asyncio.run(receive())


class _Spooled:
    """A sink on a spool, handed over to a historian."""

    def __init__(self, folder: Path) -> None:
        self.spool = Spool(folder / "spool", "bf1")
        self.store = Archive(folder / "historian")
        self.store.register([NewTag(f"T{number}", "1") for number in range(TAGS)])
        self.state: Mapping[str, Json] = {}
        self.commits = 0

    async def keep(
        self,
        samples: pl.DataFrame | None = None,
        texts: pl.DataFrame | None = None,
        *,
        state: Mapping[str, Json] | None = None,
    ) -> None:
        last = await asyncio.to_thread(self.spool.append, samples, texts, state)
        self.commits += 1
        page = await asyncio.to_thread(self.spool.read, last - 1, 100_000)
        if page is not None and len(page.samples):
            frame = SAMPLES.check(page.samples)
            await asyncio.to_thread(lambda: self.store.append(frame, position=Position("bf1", page.last)))
            self.spool.release(page.last)


def whole_way(rate: float = 1.0, seconds: float = SECONDS, secure: bool = True) -> dict[str, float]:
    """CPU time a value of both processes [us], values a second, and the share of a core ours takes [1]."""
    from tests.servers.certificates import issue
    from tests.servers.opcua import NAMESPACE, served

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        own = issue(folder / "server")
        policies = ["Basic256Sha256_SignAndEncrypt", "NoSecurity"]
        trusted = folder / "pki" / "trusted"
        trusted.mkdir(parents=True)
        (trusted / "server.der").write_bytes(own.der.read_bytes())
        with served(certificate=str(own.der), key=str(own.key), policies=policies, tags=TAGS, history=False) as server:
            period = f"{1000 / rate:.0f} ms"
            spec = OpcUaSpec(
                kind="opcua", url=server.url, anonymous=True, insecure=not secure, sampling=period, publishing=period,
                timeout="60 s", history="no",
            )  # fmt: skip
            tags = [TagAddress(number + 1, f"T{number}", f"nsu={NAMESPACE};s=T{number}") for number in range(TAGS)]
            return asyncio.run(_measured(spec, folder, tags, server, rate, seconds))


async def _measured(
    spec: OpcUaSpec, folder: Path, tags: list[TagAddress], server: Any, rate: float, seconds: float
) -> dict[str, float]:
    sink, connector = _Spooled(folder), connect(spec, Place("bf1", folder))
    task = asyncio.create_task(connector.stream(tags, sink))
    while connector.health.received < TAGS:
        await asyncio.sleep(0.1)
    await server.tell(tick={"period": 1.0 / rate, "each": TAGS})
    await asyncio.sleep(2.0)
    theirs, our, clock, before = (
        await server.tell(cpu=1),
        time.process_time(),
        time.perf_counter(),
        connector.health.received,
    )
    await asyncio.sleep(seconds)
    lasted, spent, count = time.perf_counter() - clock, time.process_time() - our, connector.health.received - before
    theirs = await server.tell(cpu=1) - theirs
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task
    stored = sink.store.count()
    sink.store.close()
    return {
        "values a second": count / lasted, "ours, us of CPU a value": 1e6 * spent / max(count, 1),
        "server, us of CPU a value": 1e6 * theirs / max(count, 1), "ours, share of a core": spent / lasted,
        "server, share of a core": theirs / lasted, "stored": float(stored), "dropped": float(connector.health.dropped),
    }  # fmt: skip


SUBJECT = Subject(
    name="OPC UA messages to a spool",
    station="sources",
    ours=ours,
    peer=peer,
    peer_name="asyncua subscription",
    note=f"{MESSAGES} messages of {TAGS} numbers with status and two times; the same spool, one fsync a message",
)

if __name__ == "__main__":
    for rate, secure in ((1.0, True), (4.0, True), (4.0, False)):
        found = whole_way(rate, secure=secure)
        line = "encrypted" if secure else "open"
        print(
            f"{TAGS} tags x {rate:g} Hz, {line}: " + ", ".join(f"{name} {value:.4g}" for name, value in found.items())
        )
