"""A small works with every kind of live connection on a real peer, and a book of everything the peers said.

Each value is the number of its tag times 100,000 plus the number of its beat, so that a value that is lost, doubled or
taken for another tag's is seen. Every number here is synthetic.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import struct
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import openpyxl
import polars as pl
import yaml
from paho.mqtt import client as paho

from tests.servers import absent, free_port, until
from tests.servers import modbus as modbus_server
from tests.servers import nodeopcua as node_server
from tests.servers import opcua as opcua_server
from tests.servers.edge import PeerEdge
from tests.servers.mariadb import MariaDb
from tests.servers.mosquitto import Mosquitto
from tests.servers.postgres import Postgres
from tests.servers.proxy import Proxy

ROOT = Path(__file__).parents[2]
SECRETS = {
    "BLOWER_WORD": "blower-7f3a-word", "BROKER_WORD": "broker-19cc-word", "LIMS_WORD": "lims-a04e-word",
    "MES_WORD": "mes-5b2d-word",
}  # fmt: skip
"""Passwords by the variable of the environment that holds them."""
QUICK = {
    "sampling": "50 ms",
    "publishing": "100 ms",
    "keep_alive": "500 ms",
    "retry": "100 ms",
    "retry_longest": "500 ms",
}
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
LAYOUT = {"time_column": "Time", "time_format": "%Y-%m-%d %H:%M:%S%.f"}
DROP = {"period": "200 ms", "settle": "500 ms"}


@dataclass(frozen=True)
class Tag:
    """A tag of the works: where it is, what its raw numbers become, and how much of it must arrive.

    ``all``: every sample its peer said is in the historian. ``told``: what is not there lies in a stretch that the
    historian says it knows nothing of. ``polled``: the times are ours, and each value is one the peer held then.
    """

    name: str
    source: str
    address: str
    unit: str = ""
    promise: str = "all"
    scale: float = 1.0
    factor: float = 1.0
    """From the declared unit to the canonical one."""
    offset: float = 0.0
    """From the declared unit to the canonical one, after ``factor``."""
    text: bool = False
    stepped: bool = False

    def canonical(self, raw: float) -> float:
        return raw * self.scale * self.factor + self.offset


NS = f"nsu={opcua_server.NAMESPACE};s="
TAGS = (
    Tag("TI-1", "furnace", f"{NS}T0", "CEL", offset=273.15),
    Tag("WT-1", "furnace", f"{NS}T1", "t/h", scale=0.1),
    Tag("XI-1", "furnace", f"{NS}T2", stepped=True),
    Tag("HEAT", "furnace", f"{NS}Heat", promise="told", text=True),
    Tag("PI-2", "blower", f"{NS}T0", "BAR", factor=100.0),
    Tag("FI-2", "blower", f"{NS}T1", "t/h"),
    Tag("JI-3", "mill", "Works/Peer/Mill/Mill/Power", "KWT", promise="told", factor=0.001),
    Tag("CNT-3", "mill", "Works/Peer/Mill/Count", promise="told", stepped=True),
    Tag("STATE-3", "mill", "Works/Peer/Mill/State", promise="told", text=True),
    Tag("WT-4", "scales", "yard/scales#belts[0].rate", "t/h"),
    Tag("WT-5", "scales", "yard/scales#belts[1].rate", "kg/s", factor=3.6),
    Tag("BATCH", "scales", "yard/scales#batch", text=True),
    Tag("EI-6", "meters", "1/holding:0:float64", promise="polled"),
    Tag("EI-7", "meters", "1/holding:10:int32", "KWT", promise="polled", scale=0.1, factor=0.001),
    Tag("ND-8", "laboratory", "feed/Nd", "%", factor=0.01),
    Tag("FE-8", "laboratory", "tails/Fe", "%", factor=0.01),
    Tag("HM-9", "production", "cast/tonnes", "t/h"),
    Tag("C-10", "sheets_csv", "C-10", "t/h"),
    Tag("E-11", "sheets_excel", "E-11", "t/h"),
    Tag("P-12", "sheets_parquet", "P-12", "t/h"),
    Tag("R-13", "bench", "R-13", "CEL", offset=273.15),
    Tag("R-14", "bench", "R-14"),
    Tag("DEAD-15", "dead", "1/holding:0:uint16", promise="none"),
)
NUMBER = {tag.name: place for place, tag in enumerate(TAGS, start=1)}
BY_NAME = {tag.name: tag for tag in TAGS}


def raw(name: str, beat: int) -> int:
    """The number a peer says for a tag at a beat."""
    return NUMBER[name] * 100_000 + beat


def us(moment: datetime) -> int:
    return (moment - EPOCH) // timedelta(microseconds=1)


def at(moment: int) -> datetime:
    return EPOCH + timedelta(microseconds=moment)


def now() -> int:
    """The present [us since 1970], whole milliseconds."""
    return time.time_ns() // 1_000_000 * 1000


class Book:
    """What each peer said: of each tag, raw values (or texts) and their times [us]; None where the peer chose the time."""

    def __init__(self) -> None:
        self.said: dict[str, list[tuple[int | None, float | str]]] = defaultdict(list)
        self.when: dict[str, list[int]] = defaultdict(list)
        """When each was said, by the clock of the machine [us]."""

    def note(self, name: str, moment: int | None, value: float | str) -> None:
        self.said[name].append((moment, value))
        self.when[name].append(time.time_ns() // 1000)

    def at_times(self, name: str) -> dict[int, float | str]:
        return {moment: value for moment, value in self.said[name] if moment is not None}


class Line:
    """A relay on a thread of its own: the cable between a connector and its server."""

    def __init__(self, port: int) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self._stack = contextlib.AsyncExitStack()
        self._proxy = self._do(self._stack.enter_async_context(Proxy.to("127.0.0.1", port)))
        self.port: int = self._proxy.port

    def cut(self) -> None:
        self._loop.call_soon_threadsafe(self._proxy.cut)

    def restore(self) -> None:
        self._loop.call_soon_threadsafe(self._proxy.restore)

    def close(self) -> None:
        self._do(self._stack.aclose())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()

    def _do(self, coroutine: Any) -> Any:
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(30)


@dataclass
class Works:
    """The peers, the document, the book, and the beats that make every peer speak."""

    folder: Path
    entries: dict[str, dict[str, Any]] = field(default_factory=dict)
    book: Book = field(default_factory=Book)
    beat: int = 0
    line: Line | None = None
    broker: Mosquitto | None = None
    _speakers: list[tuple[int, Callable[[int], None]]] = field(default_factory=list)
    _stop: threading.Event = field(default_factory=threading.Event)
    _failed: list[BaseException] = field(default_factory=list)

    @property
    def document(self) -> Path:
        return self.folder / "works.yaml"

    def speaks(self, every: int, speaker: Callable[[int], None]) -> None:
        """Let a peer speak at every so manieth beat."""
        self._speakers.append((every, speaker))

    def write(self) -> None:
        """The document and its tag map."""
        declared = {
            "ferrolan": 1, "name": "works", "title": "A synthetic works",
            "enterprise": {
                "currency": "CNY", "time_zone": "Asia/Shanghai",
                "owners": {"works": {"title": "Works", "covers": "all of it"}},
            },
            "tags": "tags.csv", "sources": self.entries, "historian": {"kind": "embedded", "path": "historian"}, "units": {},
            "commodities": {}, "plan": {"months": 1, "starts": "2026-04"},
        }  # fmt: skip
        self.document.write_text(yaml.safe_dump(declared, sort_keys=False), encoding="utf-8")
        rows = [
            {
                "tag": tag.name, "source": tag.source, "address": tag.address, "kind": "text" if tag.text else "other",
                "object": "", "component": "", "unit": tag.unit, "basis": "", "method": "", "sigma_relative": "",
                "sigma_absolute": "", "lo": "", "hi": "", "description": "synthetic",
                "scale": "" if tag.scale == 1.0 else str(tag.scale), "stepped": "step" if tag.stepped else "",
            }
            for tag in TAGS
            if tag.source in self.entries
        ]  # fmt: skip
        pl.DataFrame(rows).write_csv(self.folder / "tags.csv")

    @contextlib.contextmanager
    def beating(self, period: float = 0.1) -> Iterator[None]:
        """Let every peer speak, beat after beat, for as long as the block lasts."""
        thread = threading.Thread(target=self._beat, args=(period,), daemon=True)
        thread.start()
        try:
            yield
        finally:
            self._stop.set()
            thread.join(60)
        assert not self._failed, self._failed

    def _beat(self, period: float) -> None:
        try:
            while not self._stop.is_set():
                due = time.monotonic() + period
                self.beat += 1
                for every, speaker in self._speakers:
                    if self.beat % every == 0:
                        speaker(self.beat)
                self._stop.wait(max(0.0, due - time.monotonic()))
        except BaseException as error:  # shown by the thread that waits
            self._failed.append(error)


@contextlib.contextmanager
def works(folder: Path, postgres: Postgres, mariadb: MariaDb) -> Iterator[Works]:
    """The works with all its peers running, its document written."""
    folder.mkdir()
    made = Works(folder)
    beside = folder.parent / "peers"
    beside.mkdir()
    with contextlib.ExitStack() as stack:
        for start in (_furnace, _blower, _brokers, _meters):
            start(made, beside, stack)
        _laboratory(made, postgres, stack)
        _production(made, mariadb, stack)
        _sheets(made)
        _bench(made)
        made.entries["dead"] = {
            "kind": "modbus", "host": "127.0.0.1", "port": free_port(), "numbering": "zero_based", "retry_most": "1 s",
        }  # fmt: skip
        made.write()
        yield made


def _furnace(made: Works, _: Path, stack: contextlib.ExitStack) -> None:
    """An OPC UA server with history behind a cable that can be cut."""
    server = stack.enter_context(opcua_server.served(tags=3))
    made.line = Line(server.settings.port)
    stack.callback(made.line.close)
    url = f"opc.tcp://127.0.0.1:{made.line.port}"
    made.entries["furnace"] = {"kind": "opcua", "url": url, "insecure": True, "anonymous": True, **QUICK}

    def speak(beat: int) -> None:
        moment = now()
        rows: list[tuple[Any, Any, int, int]] = []
        for number, name in enumerate(("TI-1", "WT-1", "XI-1")):
            made.book.note(name, moment, raw(name, beat))
            rows.append((number, raw(name, beat), moment, 0))
        made.book.note("HEAT", moment, f"heat {beat}")
        server.write([*rows, ("text", f"heat {beat}", moment, 0)])

    made.speaks(1, speak)


def _blower(made: Works, beside: Path, stack: contextlib.ExitStack) -> None:
    """An OPC UA server that other people wrote, secured, with a user."""
    folder = beside / "node"
    folder.mkdir()
    server = stack.enter_context(
        node_server.served(folder, tags=2, anonymous=False, users={"collector": SECRETS["BLOWER_WORD"]})
    )
    made.entries["blower"] = {
        "kind": "opcua", "url": f"opc.tcp://127.0.0.1:{server.settings.port}", "user": "collector",
        "password": {"env": "BLOWER_WORD"}, **QUICK,
    }  # fmt: skip

    def speak(beat: int) -> None:
        for name in ("PI-2", "FI-2"):
            made.book.note(name, None, raw(name, beat))
        server.ask(write=[[0, raw("PI-2", beat), 0], [1, raw("FI-2", beat), 0]])

    made.speaks(2, speak)


def _brokers(made: Works, beside: Path, stack: contextlib.ExitStack) -> None:
    """Mosquitto with an edge node of Sparkplug and a scale that publishes JSON with QoS 1."""
    folder = beside / "mosquitto"
    folder.mkdir()
    made.broker = broker = Mosquitto(folder, settings="max_queued_messages 0")
    broker.start()
    stack.callback(broker.stop)
    line = {"host": "127.0.0.1", "port": broker.port, "insecure": True, "keep_alive": "2 s"}
    made.entries["mill"] = {"kind": "sparkplug", **line, "reorder": "500 ms", "birth_within": "1 s"}
    made.entries["scales"] = {
        "kind": "mqtt", **line, "user": "collector", "password": {"env": "BROKER_WORD"},
        "payloads": [{"topic": "yard/#", "time": "t", "time_format": "ms"}],
    }  # fmt: skip
    edge = PeerEdge(broker.port)
    stack.callback(edge.kill)
    threading.Thread(target=_drained, args=(edge,), daemon=True).start()

    def speak(beat: int) -> None:
        moment = now()
        values = {
            "Mill/Power": raw("JI-3", beat),
            "Count": raw("CNT-3", beat),
            "State": f"state {beat}",
        }
        for name, value in zip(("JI-3", "CNT-3", "STATE-3"), values.values(), strict=True):
            made.book.note(name, moment, value)
        edge.tell(set=values, time=moment // 1000)

    made.speaks(1, speak)
    scale = paho.Client(paho.CallbackAPIVersion.VERSION2, client_id="scale", protocol=paho.MQTTv5)
    scale.reconnect_delay_set(1, 1)
    scale.max_queued_messages_set(0)
    scale.connect("127.0.0.1", broker.port, keepalive=5)
    scale.loop_start()
    stack.callback(scale.loop_stop)

    def weigh(beat: int) -> None:
        moment = now()
        told = {"t": moment // 1000, "belts": [{"rate": raw(name, beat)} for name in ("WT-4", "WT-5")]}
        told["batch"] = f"batch {beat}"
        for name in ("WT-4", "WT-5"):
            made.book.note(name, moment, raw(name, beat))
        made.book.note("BATCH", moment, f"batch {beat}")
        scale.publish("yard/scales", json.dumps(told), qos=1)

    made.speaks(1, weigh)


def _drained(edge: PeerEdge) -> None:
    with contextlib.suppress(ValueError, OSError):
        while edge.hear():
            pass


def _meters(made: Works, _: Path, stack: contextlib.ExitStack) -> None:
    """A Modbus device whose registers change."""
    server = stack.enter_context(modbus_server.serve({1: {"holding": {0: [0] * 20}}}))
    made.entries["meters"] = {
        "kind": "modbus", "host": "127.0.0.1", "port": server.port, "numbering": "zero_based", "period": "200 ms",
        "time_out": "10 s",
    }  # fmt: skip

    def speak(beat: int) -> None:
        for name, address, form in (("EI-6", 0, ">d"), ("EI-7", 10, ">i")):
            packed = struct.pack(form, raw(name, beat))
            made.book.note(name, None, raw(name, beat))
            server.put(1, "holding", address, struct.unpack(f">{len(packed) // 2}H", packed))

    speak(0)
    made.speaks(2, speak)


_POLLED = {
    "table": "results", "time": "taken_at", "keys": ["place", "what"], "value": "result", "order": "id",
    "time_zone": "UTC", "updated": "changed_at", "every": "500 ms", "overlap": "30 s",
}  # fmt: skip
_INSERT = "insert into results (id, place, what, taken_at, result, changed_at) values (%s, %s, %s, %s, %s, %s)"
_TABLE = (
    "create table results (id bigint primary key, place varchar(20), what varchar(20), taken_at {moment}, "
    "result double precision, changed_at {moment})"
)


def _laboratory(made: Works, server: Postgres, stack: contextlib.ExitStack) -> None:
    """A laboratory's table on PostgreSQL."""
    import psycopg

    from tests.servers.postgres import ADMIN

    base = server.database("works_lims")
    word = SECRETS["LIMS_WORD"]
    server.admin("drop role if exists works_reader", f"create role works_reader login password '{word}'")
    server.admin(_TABLE.format(moment="timestamptz"), "grant select on results to works_reader", database=base)
    link = stack.enter_context(contextlib.closing(psycopg.connect(server.url(base), password=ADMIN, autocommit=True)))
    url = server.url(base, "works_reader")
    made.entries["laboratory"] = {"kind": "sql", "url": url, "password": {"env": "LIMS_WORD"}, **_POLLED}

    def speak(beat: int) -> None:
        moment = now()
        for number, (name, place, what) in enumerate((("ND-8", "feed", "Nd"), ("FE-8", "tails", "Fe"))):
            made.book.note(name, moment, raw(name, beat))
            link.execute(_INSERT, (2 * beat + number, place, what, at(moment), raw(name, beat), datetime.now(UTC)))

    made.speaks(3, speak)


def _production(made: Works, server: MariaDb, stack: contextlib.ExitStack) -> None:
    """A production system's table on MariaDB."""
    import pymysql

    from tests.servers.mariadb import ADMIN

    base = server.database("works_mes")
    word = SECRETS["MES_WORD"]
    server.admin(f"create or replace user 'works_reader'@'%' identified by '{word}'")
    grant = f"grant select on {base}.results to 'works_reader'@'%'"
    server.admin(_TABLE.format(moment="datetime(6)"), grant, database=base)
    link = stack.enter_context(
        contextlib.closing(
            pymysql.connect(
                host="127.0.0.1", port=server.port, user="admin", password=ADMIN, database=base, autocommit=True
            )
        )
    )
    url = server.url(base, "works_reader")
    made.entries["production"] = {"kind": "sql", "url": url, "password": {"env": "MES_WORD"}, **_POLLED}

    def speak(beat: int) -> None:
        moment = now()
        made.book.note("HM-9", moment, raw("HM-9", beat))
        changed = datetime.now(UTC).replace(tzinfo=None)
        row = (beat, "cast", "tonnes", at(moment).replace(tzinfo=None), raw("HM-9", beat), changed)
        with link.cursor() as cursor:
            cursor.execute(_INSERT, row)

    made.speaks(3, speak)


def _sheets(made: Works) -> None:
    """Three folders into which files of ten rows are dropped."""
    for kind, name, ending in (("csv", "C-10", "csv"), ("excel", "E-11", "xlsx"), ("parquet", "P-12", "parquet")):
        drop = made.folder / "drop" / kind
        drop.mkdir(parents=True)
        layout = {} if kind == "parquet" else dict(LAYOUT)
        layout.setdefault("time_column", "Time")
        entry = {"kind": "folder", "path": f"drop/{kind}", "pattern": f"*.{ending}", **layout, **DROP}
        made.entries[f"sheets_{kind}"] = entry

        def speak(beat: int, kind: str = kind, name: str = name, ending: str = ending, drop: Path = drop) -> None:
            first = now() - 3_600_000_000
            rows = [(first + place * 100_000, raw(name, beat) * 1.0 + place) for place in range(10)]
            for moment, value in rows:
                made.book.note(name, moment, value)
            _WRITERS[kind](drop / f"{beat:06d}.{ending}", name, rows)

        made.speaks(15, speak)


def _csv(file: Path, name: str, rows: Sequence[tuple[int, float]]) -> None:
    lines = [f"Time,{name}", *(f"{_local(moment)},{value!r}" for moment, value in rows)]
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")


def _excel(file: Path, name: str, rows: Sequence[tuple[int, float]]) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(["Time", name])
    for moment, value in rows:
        sheet.append([_local(moment), value])
    book.save(file)


def _parquet(file: Path, name: str, rows: Sequence[tuple[int, float]]) -> None:
    pl.DataFrame({"Time": [at(moment) for moment, _ in rows], name: [value for _, value in rows]}).write_parquet(file)


_WRITERS: Mapping[str, Callable[[Path, str, Sequence[tuple[int, float]]], None]] = {
    "csv": _csv, "excel": _excel, "parquet": _parquet,
}  # fmt: skip


def _local(moment: int) -> str:
    """The time as a person in Shanghai writes it."""
    return (at(moment) + timedelta(hours=8)).strftime("%Y-%m-%d %H:%M:%S.%f")


def _bench(made: Works, rows: int = 200) -> None:
    """A recorded file that is played again, twenty rows a second of each tag."""
    first = us(datetime(2026, 3, 1, tzinfo=UTC))
    table = [(name, first + beat * 50_000, raw(name, beat)) for beat in range(rows) for name in ("R-13", "R-14")]
    for name, moment, value in table:
        made.book.note(name, moment, value)
    frame = {
        "tag": [row[0] for row in table],
        "time": [at(row[1]) for row in table],
        "value": [float(row[2]) for row in table],
    }
    (made.folder / "raw").mkdir()
    pl.DataFrame(frame).write_parquet(made.folder / "raw" / "march.parquet")
    made.entries["bench"] = {"kind": "replay", "path": "raw/march.parquet", "speed": 1}


class Collector:
    """``ferrolan collect`` in a process of its own, as a person starts it."""

    def __init__(self, made: Works) -> None:
        self._works = made
        self.port = free_port()
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        folder = self._works.folder
        command = [
            sys.executable,
            "-m",
            "ferrolan",
            "collect",
            "works.yaml",
            "--port",
            str(self.port),
            "--log",
            "log.jsonl",
        ]
        environment = {**os.environ, **SECRETS, "PYTHONPATH": str(ROOT / "src")}
        with (folder / "stdout.txt").open("ab") as out, (folder / "stderr.txt").open("ab") as error:
            self._process = subprocess.Popen(command, cwd=folder, env=environment, stdout=out, stderr=error)

    def kill(self) -> None:
        """As a power cut does."""
        assert self._process is not None
        self._process.kill()
        self._process.wait(20)

    def stop(self) -> int:
        """As a person or the system does; the exit code."""
        assert self._process is not None
        self._process.send_signal(signal.SIGTERM)
        return self._process.wait(60)

    def health(self) -> dict[str, Any]:
        """What ``/health`` says; nothing while nobody answers."""
        text = self.read("/health")
        return json.loads(text) if text else {}

    def read(self, path: str) -> str:
        assert self._process is not None and self._process.poll() is None, self.said()
        try:
            with urllib.request.urlopen(f"{self.url}{path}", timeout=10) as answer:
                return str(answer.read().decode())
        except urllib.error.HTTPError as error:
            return error.read().decode()
        except OSError:
            return ""

    def said(self) -> str:
        return (self._works.folder / "stderr.txt").read_text() + (self._works.folder / "stdout.txt").read_text()

    def states(self) -> dict[str, str]:
        return {name: one["state"] for name, one in self.health().get("connections", {}).items()}

    def alive(self, *but: str, seconds: float = 60.0) -> None:
        """Wait until every connection but some is connected, or has come to its end."""
        end = time.monotonic() + seconds
        while not (found := self.states()) or any(
            state not in ("connected", "ended") for name, state in found.items() if name not in but
        ):
            assert time.monotonic() < end, f"not all live: {json.dumps(self.health(), indent=1)} {self.said()}"
            time.sleep(0.05)


def trust(folder: Path) -> bool:
    """What a person does about a certificate that was shown and refused: move it to those that are trusted."""
    rejected = folder / "pki" / "rejected"
    found = list(rejected.iterdir()) if rejected.is_dir() else []
    for file in found:
        file.rename(folder / "pki" / "trusted" / file.name)
    return bool(found)


__all__ = ["BY_NAME", "SECRETS", "TAGS", "Collector", "Tag", "Works", "absent", "raw", "trust", "until", "us", "works"]
