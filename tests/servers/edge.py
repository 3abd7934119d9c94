"""Edge nodes of Sparkplug B: one of ours that sends data by alias alone, and one written by others.

``AliasEdge`` makes messages and sends none, so that tests may lose, double and shuffle them; ``peer_edge`` runs the npm
package sparkplug-client against a real broker and is told line by line what to do.
"""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ferrolan.sources.sparkplug import payload as wire
from tests.servers import absent, needed

NAMESPACE = "spBv1.0"
(
    INT8,
    INT16,
    INT32,
    INT64,
    UINT8,
    UINT16,
    UINT32,
    UINT64,
    FLOAT,
    DOUBLE,
    BOOLEAN,
    STRING,
    DATETIME,
    TEXT,
    UUID,
    DATASET,
) = range(1, 17)
FIELDS = {
    FLOAT: "float_value",
    DOUBLE: "double_value",
    BOOLEAN: "boolean_value",
    STRING: "string_value",
    TEXT: "string_value",
    UUID: "string_value",
}
FIELDS |= dict.fromkeys((INT8, INT16, INT32, UINT8, UINT16, UINT32), "int_value") | dict.fromkeys(
    (INT64, UINT64, DATETIME), "long_value"
)
FIELDS |= {DATASET: "dataset_value"}


@dataclass(frozen=True)
class M:
    """A metric of a message; what is None is not sent. Time in ms since 1970."""

    value: Any = None
    name: str | None = None
    alias: int | None = None
    time: int | None = None
    datatype: int | None = None
    into: str | None = None
    null: bool = False
    historical: bool = False
    properties: Mapping[str, Any] = field(default_factory=dict)


def encode(metrics: Iterable[M], time: int | None, seq: int | None) -> bytes:
    """The bytes of a payload; a value goes into the field of its datatype, a float without one as a double."""
    payload = wire._message()()
    if time is not None:
        payload.timestamp = time
    if seq is not None:
        payload.seq = seq
    for metric in metrics:
        _put(payload.metrics.add(), metric)
    return bytes(payload.SerializeToString())


def _put(made: Any, metric: M) -> None:
    for name, value in (("alias", metric.alias), ("timestamp", metric.time), ("datatype", metric.datatype)):
        if value is not None:
            setattr(made, name, value)
    if metric.name is not None:
        made.name = metric.name.encode()
    if metric.null:
        made.is_null = True
    if metric.historical:
        made.is_historical = True
    if metric.value is not None:
        _value(made, metric)
    for key, value in metric.properties.items():
        made.properties.keys.append(key.encode())
        held = made.properties.values.add(
            type=STRING if isinstance(value, str) else INT32 if isinstance(value, int) else DOUBLE
        )
        if isinstance(value, str):
            held.string_value = value.encode()
        elif isinstance(value, int):
            held.int_value = value & 0xFFFFFFFF
        else:
            held.double_value = value


def _value(made: Any, metric: M) -> None:
    name = metric.into or FIELDS.get(metric.datatype or DOUBLE, "double_value")
    value = metric.value
    if name == "int_value":
        value &= 0xFFFFFFFF
    elif name == "long_value":
        value &= 0xFFFFFFFFFFFFFFFF
    elif isinstance(value, str):
        value = value.encode()
    setattr(made, name, value)


Sent = tuple[str, bytes]


@dataclass
class AliasEdge:
    """An edge node and its devices; every call gives a topic and its bytes, and moves its clock [ms] on."""

    group: str = "Works"
    node: str = "Furnace1"
    metrics: Mapping[str, Sequence[str]] = field(
        default_factory=lambda: {"": ("Pressure",), "Hearth": ("T/North", "T/South")}
    )
    now: int = 1_774_000_000_000
    bdseq: int | None = 0
    seq: int = 0
    aliases: dict[tuple[str, str], int] = field(default_factory=dict)
    values: dict[tuple[str, str], float] = field(default_factory=dict)
    datatype: int = DOUBLE

    def __post_init__(self) -> None:
        for place, key in enumerate((device, name) for device, names in self.metrics.items() for name in names):
            self.aliases.setdefault(key, place + 1)
            self.values.setdefault(key, float(place))

    def topic(self, kind: str, device: str = "") -> str:
        return f"{NAMESPACE}/{self.group}/{kind}/{self.node}" + (f"/{device}" if device else "")

    def births(self, *, start: int = 0) -> list[Sent]:
        """NBIRTH and every DBIRTH."""
        self.seq = start
        return [self.birth(device) for device in ("", *(device for device in self.metrics if device))]

    def birth(self, device: str = "") -> Sent:
        self._tick()
        told = [
            M(self.values[device, name], name, self.aliases[device, name], self.now, self.datatype)
            for name in self.metrics.get(device, ())
        ]
        if not device:
            told += [M(False, "Node Control/Rebirth", None, self.now, BOOLEAN)]
            told += [M(self.bdseq, "bdSeq", None, self.now, UINT64)] if self.bdseq is not None else []
        return self.topic("DBIRTH" if device else "NBIRTH", device), encode(told, self.now, self._next())

    def data(self, values: Mapping[str, float], device: str = "", *, named: bool = False, **more: Any) -> Sent:
        self._tick()
        told = []
        for name, value in values.items():
            self.values[device, name] = value
            told.append(
                M(value, name if named else None, None if named else self.aliases[device, name], self.now, **more)
            )
        return self.topic("DDATA" if device else "NDATA", device), encode(told, self.now, self._next())

    def death(self, device: str = "") -> Sent:
        """NDEATH (without ``seq``), or DDEATH of a device."""
        self._tick()
        if device:
            return self.topic("DDEATH", device), encode([], self.now, self._next())
        told = [M(self.bdseq, "bdSeq", None, None, UINT64)] if self.bdseq is not None else []
        return self.topic("NDEATH"), encode(told, self.now, None)

    def _tick(self) -> None:
        self.now += 10

    def _next(self) -> int:
        seq, self.seq = self.seq, (self.seq + 1) % 256
        return seq


class PeerEdge:
    """The npm package sparkplug-client as an edge node; ``tell`` hands it one order as JSON."""

    def __init__(self, port: int, group: str = "Works", node: str = "Peer", device: str = "Mill") -> None:
        modules = Path(os.environ.get("FERROLAN_PEERS", ".ci/peers")).resolve() / "node_modules"
        if not (modules / "sparkplug-client").is_dir():
            absent("the npm package sparkplug-client is not installed")
        script = Path(__file__).parent / "peers" / "sparkplug.cjs"
        self._process = subprocess.Popen(
            [needed("node"), script, str(port), group, node, device],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env={**os.environ, "NODE_PATH": str(modules)},
        )  # fmt: skip
        assert self._process.stdin is not None and self._process.stdout is not None
        self._in, self._out = self._process.stdin, self._process.stdout

    def tell(self, **order: Any) -> None:
        self._in.write(json.dumps(order) + "\n")
        self._in.flush()

    def hear(self) -> str:
        """The next thing it says: ``connected``, ``birth`` or ``rebirth``."""
        return self._out.readline().strip()

    def kill(self) -> None:
        """End it without a word, so that the broker says its will."""
        self._process.kill()
        self._process.wait(20)
        self._in.close()
        self._out.close()
