"""One test rig for each kind of live connection: an entry that is right, one that is wrong, and a peer that can go away.

A new kind registers itself here with one line in ``RIGS``; ``test_connectors.py`` then puts it to the contract unasked.
"""

from __future__ import annotations

import contextlib
import itertools
import sqlite3
import subprocess
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path

import polars as pl

from ferrolan.sources.source import TagAddress
from tests.servers import free_port, needed

Entry = Mapping[str, object]


def _nothing() -> None:
    """A peer that speaks by itself, or cannot go away."""


@dataclass(frozen=True)
class Peer:
    """A peer at work: the entry that reaches it, the tags to ask for, and what it can be made to do.

    ``speak`` makes it say something, ``away`` and ``back`` let it go and return (None: it cannot go).
    """

    entry: Entry
    tags: tuple[TagAddress, ...]
    speak: Callable[[], object] = _nothing
    away: Callable[[], object] | None = None
    back: Callable[[], object] = _nothing


@dataclass(frozen=True)
class Rig:
    """What the contract needs to know of a kind.

    Parameters
    ----------
    entry
        An entry that is right; nobody is there.
    wrong
        Keys that make it wrong, and the path of the problem that each leads to.
    peer
        A peer, given an empty folder.
    library
        The module of the extra that it needs, if it needs one.
    """

    entry: Entry
    wrong: Mapping[str, tuple[Entry, tuple[str | int, ...]]]
    peer: Callable[[Path], AbstractContextManager[Peer]]
    library: str = ""
    tags: tuple[TagAddress, ...] = field(default=(TagAddress(1, "T1", "T1"),))


@contextlib.contextmanager
def _replay(folder: Path) -> Iterator[Peer]:
    rows = {
        "tag": ["T1"] * 50,
        "time": [f"2026-03-01T00:00:{second:02d}+08:00" for second in range(50)],
        "value": range(50),
    }
    pl.DataFrame(rows).write_csv(folder / "march.csv")
    yield Peer({"kind": "replay", "path": "march.csv", "speed": "fastest"}, (TagAddress(1, "T1", "T1"),))


@contextlib.contextmanager
def _folder(folder: Path) -> Iterator[Peer]:
    drop, numbers = folder / "drop", itertools.count()
    drop.mkdir()

    def speak() -> None:
        number = next(numbers)
        (drop / f"{number:04d}.csv").write_text(
            f"Time,T1\n2026-03-01 {number // 60 % 24:02d}:{number % 60:02d},{number}\n"
        )

    entry = {
        "kind": "folder", "path": "drop", "time_column": "Time", "time_format": "%Y-%m-%d %H:%M", "period": "20 ms",
        "settle": "20 ms",
    }  # fmt: skip
    yield Peer(
        entry,
        (TagAddress(1, "T1", "T1"),),
        speak,
        lambda: drop.rename(folder / "gone"),
        lambda: (folder / "gone").rename(drop),
    )


@contextlib.contextmanager
def _modbus(_: Path) -> Iterator[Peer]:
    from tests.servers.modbus import serve

    registers = {1: {"holding": {0: [1, 2, 3]}}}
    port = free_port()
    with contextlib.ExitStack() as stack:
        server = stack.enter_context(serve(registers, port))
        entry = {
            "kind": "modbus", "host": "127.0.0.1", "port": port, "numbering": "zero_based", "period": "20 ms",
            "time_out": "500 ms", "retry_most": "100 ms",
        }  # fmt: skip
        tags = (TagAddress(1, "T1", "1/holding:0"),)
        yield Peer(entry, tags, away=server.kill, back=lambda: stack.enter_context(serve(registers, port)))


@contextlib.contextmanager
def _opcua(_: Path) -> Iterator[Peer]:
    from tests.servers.opcua import served

    with served(tags=2) as server:
        entry = {
            "kind": "opcua", "url": server.url, "insecure": True, "anonymous": True, "sampling": "50 ms", "publishing": "50 ms",
            "keep_alive": "400 ms", "timeout": "10 s", "retry": "100 ms", "retry_longest": "500 ms",
        }  # fmt: skip
        values = itertools.count()
        tags = (TagAddress(1, "T1", server.address(1)),)
        yield Peer(entry, tags, lambda: server.write([(1, float(next(values)), None, 0)]), server.kill, server.start)


@contextlib.contextmanager
def _broker(
    folder: Path,
) -> Iterator[tuple[dict[str, object], Callable[..., object], Callable[[], object], Callable[[], object]]]:
    from tests.servers.mosquitto import Mosquitto

    broker, program = Mosquitto(folder), needed("mosquitto_pub")
    broker.start()

    def publish(topic: str, payload: bytes) -> None:
        line = [program, "-h", "127.0.0.1", "-p", str(broker.port), "-q", "1", "-t", topic, "-s"]
        subprocess.run(line, input=payload, check=False, capture_output=True, timeout=20)

    try:
        yield {"host": "127.0.0.1", "port": broker.port, "insecure": True}, publish, broker.kill, broker.start
    finally:
        broker.stop()


@contextlib.contextmanager
def _mqtt(folder: Path) -> Iterator[Peer]:
    values = itertools.count()
    with _broker(folder) as (entry, publish, away, back):
        tags = (TagAddress(1, "T1", "mill/scales#rate"),)
        yield Peer(
            {"kind": "mqtt", **entry}, tags, lambda: publish("mill/scales", b'{"rate": %d}' % next(values)), away, back
        )


@contextlib.contextmanager
def _sparkplug(folder: Path) -> Iterator[Peer]:
    from tests.servers.edge import AliasEdge

    edge, values = AliasEdge(metrics={"": ("Pressure",)}), itertools.count()

    with _broker(folder) as (entry, publish, away, back):

        def speak() -> None:
            for sent in (*edge.births(), edge.data({"Pressure": float(next(values))})):
                publish(*sent)

        yield Peer({"kind": "sparkplug", **entry}, (TagAddress(1, "T1", "Works/Furnace1/Pressure"),), speak, away, back)


_TABLE = {
    "kind": "sql", "table": "results", "time": "at", "keys": ["point"], "value": "value", "order": "id",
    "updated": "at", "every": "20 ms", "compare": "50 ms",
}  # fmt: skip


@contextlib.contextmanager
def _sql(folder: Path) -> Iterator[Peer]:
    file, numbers = folder / "lims.sqlite", itertools.count(1)

    def run(*statement: object) -> None:
        with contextlib.closing(sqlite3.connect(file, isolation_level=None)) as link:
            link.execute(*statement)

    def speak() -> None:
        number = next(numbers)
        run("insert into results values (?, 'T1', ?, ?)", (number, f"2026-03-01 00:00:{number:02d}", number))

    run("create table results (id integer primary key, point text, at text, value real)")
    entry = {**_TABLE, "url": "sqlite:///lims.sqlite"}
    gone = folder / "gone.sqlite"
    yield Peer(entry, (TagAddress(1, "T1", "T1"),), speak, lambda: file.rename(gone), lambda: gone.rename(file))


_ADDRESS = {"host": "127.0.0.1", "port": 9}
_LAYOUT = {"time_column": "Time", "time_format": "%Y-%m-%d %H:%M"}

RIGS: Mapping[str, Rig] = {
    "replay": Rig(
        {"kind": "replay", "path": "march.csv"},
        {"speed": ({"speed": -1}, ("speed",)), "start": ({"start": "soon"}, ("start",))},
        _replay,
    ),
    "folder": Rig(
        {"kind": "folder", "path": "drop", **_LAYOUT},
        {"settle": ({"settle": "10"}, ("settle",)), "order": ({"order": "size"}, ("order",))},
        _folder,
    ),
    "modbus": Rig(
        {"kind": "modbus", "numbering": "zero_based", **_ADDRESS},
        {"period": ({"period": "2 t"}, ("period",)), "most": ({"most": 126}, ("most",))},
        _modbus,
        "pymodbus",
        (TagAddress(1, "T1", "1/holding:0"),),
    ),
    "sql": Rig(
        {**_TABLE, "url": "postgresql://reader@127.0.0.1:9/lims"},
        {
            "url": ({"url": "postgresql://reader:word@127.0.0.1/lims"}, ("url",)),
            "every": ({"every": "often"}, ("every",)),
            "updated": ({"updated": None}, ("updated",)),
        },
        _sql,
    ),
    "opcua": Rig(
        {"kind": "opcua", "url": "opc.tcp://127.0.0.1:9", "insecure": True, "anonymous": True},
        {"sampling": ({"sampling": "2"}, ("sampling",)), "queue": ({"queue": 1}, ("queue",))},
        _opcua,
        "asyncua",
        (TagAddress(1, "T1", "ns=2;s=T1"),),
    ),
    "mqtt": Rig(
        {"kind": "mqtt", "insecure": True, **_ADDRESS},
        {"port": ({"port": 0}, ("port",)), "keep_alive": ({"keep_alive": "soon"}, ("keep_alive",))},
        _mqtt,
        "aiomqtt",
        (TagAddress(1, "T1", "mill/scales#rate"),),
    ),
    "sparkplug": Rig(
        {"kind": "sparkplug", "insecure": True, **_ADDRESS},
        {"port": ({"port": 0}, ("port",)), "reorder": ({"reorder": "soon"}, ("reorder",))},
        _sparkplug,
        "aiomqtt",
        (TagAddress(1, "T1", "Works/Furnace1/Pressure"),),
    ),
}
"""The rig of each kind, by its name."""
