"""Sparkplug data from the bytes of a message to rows in the historian, and the decoder of others beside it.

``python -m benchmarks.sparkplug`` prints where the time goes, per stage and for messages of 20 and of 200 metrics;
``python -m benchmarks sparkplug`` compares decoding the same messages with sparkplug-payload (npm), the decoder of
the Eclipse Tahu project, in the same run. Times of CPU, for the machine may be busy.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.registry import Subject
from ferrolan.sources.source import TagAddress
from ferrolan.sources.sparkplug.host import Host
from ferrolan.sources.sparkplug.payload import decode

if TYPE_CHECKING:
    from ferrolan.sources.spool import Spool

START = 1_774_000_000_000
METRICS, MESSAGES = 200, 1_000
TOGETHER = 50
"""Messages that are kept in one write."""

_NODE = """
const payload = require("sparkplug-payload").get("spBv1.0");
const bytes = require("fs").readFileSync(process.argv[2]);
const messages = [];
for (let at = 0; at < bytes.length; ) {
  const length = bytes.readUInt32LE(at);
  messages.push(bytes.subarray(at + 4, at + 4 + length));
  at += 4 + length;
}
let sum = 0;
for (let round = 0; round < 3; round++) {
  const before = process.cpuUsage();
  sum = 0;
  for (const message of messages) for (const metric of payload.decodePayload(message).metrics) sum += metric.value;
  const used = process.cpuUsage(before);
  console.log(JSON.stringify({ sum, seconds: (used.user + used.system) / 1e6 }));
}
"""


def messages(metrics: int, count: int, **more: int) -> tuple[list[tuple[str, bytes]], list[tuple[str, bytes]]]:
    """Births and alias-only data of one synthetic node, a value of every metric in each message.

    ``datatype=10`` says in the data, too, that values are doubles: the peer's decoder gives no value otherwise.
    """
    from tests.servers.edge import AliasEdge

    names = tuple(f"T{number:03d}" for number in range(metrics))
    edge = AliasEdge(metrics={"": names}, now=START)
    births = edge.births()
    return births, [
        edge.data({name: 1.5 * at + place for place, name in enumerate(names)}, **more) for at in range(count)
    ]


_BIRTHS, _DATA = messages(METRICS, MESSAGES, datatype=10)


def ours() -> float:
    """Decode every message and read the value of every metric."""
    return sum(metric.double_value for _, content in _DATA for metric in decode(content).metrics)  # type: ignore[attr-defined]


def peer() -> str:
    """The same in node."""
    modules = Path(os.environ.get("FERROLAN_PEERS", ".ci/peers")).resolve() / "node_modules"
    program = shutil.which("node")
    if program is None or not (modules / "sparkplug-payload").is_dir():
        raise ImportError("not installed", name="sparkplug-payload (npm)")
    with tempfile.TemporaryDirectory() as folder:
        script, data = Path(folder, "decode.cjs"), Path(folder, "messages")
        script.write_text(_NODE)
        data.write_bytes(b"".join(len(content).to_bytes(4, "little") + content for _, content in _DATA))
        done = subprocess.run(
            [program, script, data],
            capture_output=True,
            text=True,
            check=True,
            env={**os.environ, "NODE_PATH": str(modules)},
        )
    return done.stdout


@contextmanager
def timed(told: dict[str, float], stage: str) -> Iterator[None]:
    """Add the CPU time of a block to a stage [s]."""
    before = time.process_time()
    yield
    told[stage] = told.get(stage, 0.0) + time.process_time() - before


def chain(metrics: int, count: int, folder: Path) -> dict[str, float]:
    """CPU time of each stage [s], from making the messages to rows in the historian."""
    from ferrolan.collector.handing import HandOver
    from ferrolan.historian.embedded import Archive
    from ferrolan.historian.ingest import Conversion
    from ferrolan.historian.seam import NewTag
    from ferrolan.sources.spool import Spool

    told: dict[str, float] = {}
    with timed(told, "making the messages (not ours)"):
        births, data = messages(metrics, count)
    with timed(told, "decoding alone"):
        for _, content in data:
            decode(content)
    with Archive(folder / "historian") as store:
        numbers = store.register([NewTag(f"T{number:03d}", "1") for number in range(metrics)])
        host = Host(
            "ferrolan", [TagAddress(number, name, f"Works/Furnace1/{name}") for name, number in numbers.items()]
        )
        spool = Spool(folder / "spool", "sparkplug")
        for topic, content in births:
            host.receive(topic, content, START * 1000)
        for first in range(0, count, TOGETHER):
            with timed(told, "host: from bytes to rows"):
                for topic, content in data[first : first + TOGETHER]:
                    host.receive(topic, content, START * 1000)
                state = host.memory(START * 1000)
                samples = host.take().samples
            with timed(told, "spool, fsynced"):
                spool.append(samples, state=state)
        handing = HandOver(spool, store, dict.fromkeys(numbers.values(), Conversion(1.0, 0.0)), list(numbers.values()))
        with timed(told, "spool to historian, fsynced"):
            while handing.step():
                pass
        assert store.count() == metrics * (count + 1), store.count()
    return told


async def line(port: int, metrics: int, count: int, qos: int, folder: Path) -> tuple[float, float]:
    """Wall and CPU time [s] from a broker to the spool, for a node that says all it has at once."""
    from ferrolan.base.schema import read
    from ferrolan.sources.live import Place
    from ferrolan.sources.sparkplug import KIND, connect
    from ferrolan.sources.spool import Spool

    entry = {"kind": "sparkplug", "host": "127.0.0.1", "port": port, "insecure": True}
    spec, problems = read(KIND.spec, entry)
    assert spec is not None, problems
    sink = _Sink(Spool(folder / "spool", "line"))
    tags = [TagAddress(n + 1, f"T{n}", f"Works/Furnace1/T{n:03d}") for n in range(metrics)]
    connector = connect(spec, Place("benchmark", folder))  # type: ignore[arg-type]
    task = asyncio.create_task(connector.stream(tags, sink))  # type: ignore[arg-type]
    while connector.health.state != "connected":
        await asyncio.sleep(0.01)
    command = [sys.executable, "-m", "benchmarks.sparkplug", *map(str, (port, metrics, count, qos))]
    generator = await asyncio.create_subprocess_exec(*command)
    while sink.rows < metrics:
        await asyncio.sleep(0.001)
    wall, used = time.perf_counter(), time.process_time()
    while sink.rows < metrics * (count + 1):
        await asyncio.sleep(0.01)
    wall, used = time.perf_counter() - wall, time.process_time() - used
    await generator.wait()
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    return wall, used


class _Sink:
    """A spool that is written in a thread, as the collector does."""

    def __init__(self, spool: Spool) -> None:
        self._spool = spool
        self.state: dict[str, object] = {}
        self.rows = 0

    async def keep(self, samples: object = None, texts: object = None, *, state: object = None) -> None:
        await asyncio.to_thread(self._spool.append, samples, texts, state)
        self.rows += 0 if samples is None else samples.height  # type: ignore[attr-defined]


def say(port: int, metrics: int, count: int, qos: int) -> None:
    """Publish births and data as fast as the broker takes them; a process of its own."""
    import aiomqtt.client

    births, data = messages(metrics, count)
    client = aiomqtt.client.mqtt.Client(aiomqtt.client.CallbackAPIVersion.VERSION2)
    client.max_queued_messages_set(0)
    client.connect("127.0.0.1", port)
    client.loop_start()
    for topic, content in births:
        client.publish(topic, content, 1).wait_for_publish(10)
    time.sleep(0.5)
    for info in [client.publish(topic, content, qos) for topic, content in data]:
        info.wait_for_publish(60)
    client.disconnect()
    client.loop_stop()


def report() -> None:
    """Print the stages, for messages of 20 and of 200 metrics."""
    for metrics, count in ((20, 10_000), (200, 1_000)):
        with tempfile.TemporaryDirectory() as folder:
            told = chain(metrics, count, Path(folder))
        rows = metrics * count
        print(f"{count:,} alias-only messages of {metrics} metrics, {TOGETHER} a write")
        for stage, seconds in told.items():
            print(f"  {stage:34} {seconds:6.2f} s  {rows / seconds / 1e3:8.0f} k metrics/s")
        ours_alone = sum(told[stage] for stage in list(told)[2:])
        print(f"  {'host, spool and historian':34} {ours_alone:6.2f} s  {rows / ours_alone / 1e3:8.0f} k metrics/s")
    _report_line()
    before = time.process_time()
    total = ours()
    used = time.process_time() - before
    print(f"decoding {METRICS * MESSAGES:,} metrics: ours {used:.3f} s of CPU, sum {total:.0f}; the peer, thrice:")
    print(peer().strip())


def _report_line() -> None:
    from tests.servers.mosquitto import Mosquitto

    for metrics, count, qos in ((20, 10_000, 0), (20, 10_000, 1), (200, 2_000, 1)):
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            broker = Mosquitto(folder, settings="max_queued_messages 0\nmax_inflight_messages 1000")
            broker.start()
            try:
                wall, used = asyncio.run(line(broker.port, metrics, count, qos, folder))
            finally:
                broker.stop()
        rows = metrics * count
        print(f"from a Mosquitto to the spool, QoS {qos}, {count:,} messages of {metrics} metrics:")
        in_time, in_cpu = rows / wall / 1e3, rows / used / 1e3
        print(f"  {count / wall:,.0f} messages/s, {in_time:.0f} k metrics/s; {in_cpu:.0f} k metrics per s of our CPU")


SUBJECT = Subject(
    name="decoding Sparkplug messages",
    station="sources",
    ours=ours,
    peer=peer,
    peer_name="sparkplug-payload (npm, node)",
    note=f"{MESSAGES:,} alias-only messages of {METRICS} doubles, synthetic, each value read. The peer starts node and "
    "decodes all of it three times; python -m benchmarks.sparkplug gives its CPU time for one round alone, and "
    "our stages from the bytes to the historian.",
)

if __name__ == "__main__":
    sys.exit(say(*map(int, sys.argv[1:])) if len(sys.argv) > 1 else report())
