"""What a node said of its metrics when it was born: names, aliases, datatypes.

``NBIRTH`` says that alias 7 is the metric ``Pressure``, a Double; a data message of 19 bytes then says ``7 = 2.31``.
Aliases are unique over a node and its devices and hold until the next birth.

References
----------
Eclipse Sparkplug Specification 3.0.0, sections 6.4.6 (Metric), 6.4.19 (NBIRTH) and 6.4.20 (DBIRTH).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from ferrolan.sources.live import Json
from ferrolan.sources.sparkplug.datatypes import NAMES, Value, readers
from ferrolan.sources.sparkplug.payload import Metric, Payload
from ferrolan.sources.sparkplug.signals import Signal

BDSEQ = b"bdSeq"
Signals = Mapping[str, Mapping[bytes, Signal]]
Reading = Callable[[int | float | bytes], Value]


@dataclass(slots=True)
class Known:
    """A metric of a birth: ``signal`` is None where no tag names it, ``reason`` says why it cannot be taken."""

    device: str
    name: bytes
    datatype: int
    signal: Signal | None
    read: dict[str, Reading]
    reason: str = ""

    def same(self, other: Known | None) -> bool:
        """Whether another birth says the same of it."""
        return other is not None and (self.device, self.name, self.datatype) == (
            other.device,
            other.name,
            other.datatype,
        )


@dataclass(frozen=True)
class Births:
    """The births of a node and its devices that belong together; times in us since 1970."""

    time: int
    bdseq: int | None
    mark: int = 0
    aliases: dict[int, Known] = field(default_factory=dict)
    devices: dict[str, dict[bytes, Known]] = field(default_factory=dict)
    remarks: dict[str, str] = field(default_factory=dict)

    def add(self, device: str, metrics: Iterable[Metric], signals: Signals) -> None:
        """Take the metrics of a birth in place of what that device (or the node itself, ``""``) had before."""
        self.drop(device)
        wanted = signals.get(device, {})
        held = self.devices.setdefault(device, {})
        for metric in metrics:
            if metric.name:
                known = _known(device, metric.name, metric.datatype, wanted.get(metric.name))
                held[metric.name] = known
                if metric.HasField("alias"):
                    self._alias(metric.alias, known)
        self._look(held)

    def drop(self, device: str) -> None:
        """Forget the metrics of a device, which died."""
        if self.devices.pop(device, None) is not None:
            for alias in [alias for alias, known in self.aliases.items() if known.device == device]:
                del self.aliases[alias]

    def told(self) -> list[Json]:
        """The metrics as plain data, to be kept over a restart."""
        aliases = {id(known): alias for alias, known in self.aliases.items()}
        return [
            [device, name.decode(errors="surrogateescape"), known.datatype, aliases.get(id(known))]
            for device, metrics in self.devices.items()
            for name, known in metrics.items()
        ]

    def _alias(self, alias: int, known: Known) -> None:
        """Note an alias; one that means two metrics means none, their names still do."""
        other = self.aliases.get(alias)
        if other is None:
            self.aliases[alias] = known
            return
        self.remarks[_named(known)] = f"its alias {alias} is that of {_named(other)} as well: data by alias are refused"
        self.aliases[alias] = Known("", b"", 0, None, {}, f"alias {alias} means two metrics")

    def _look(self, held: Mapping[bytes, Known]) -> None:
        """Names that differ in nothing but their case."""
        folded = Counter(name.lower() for name in held)
        for name, known in held.items():
            if folded[name.lower()] > 1:
                self.remarks[_named(known)] = "another name differs from it in its case alone"


def restored(told: Json, time: int, bdseq: int | None, signals: Signals) -> Births:
    """Births as they were kept over a restart."""
    births = Births(time, bdseq)
    for device, text, datatype, alias in _entries(told):
        name = text.encode(errors="surrogateescape")
        known = _known(device, name, datatype, signals.get(device, {}).get(name))
        births.devices.setdefault(device, {})[name] = known
        if alias is not None:
            births.aliases[alias] = known
    return births


def bdseq_of(payload: Payload) -> int | None:
    """The number that ties a death to its birth, or None where the message has none."""
    for metric in payload.metrics:
        field_name = metric.WhichOneof("value") if metric.name == BDSEQ else None
        if field_name is not None:
            value = getattr(metric, field_name)
            whole = isinstance(value, int) or (isinstance(value, float) and value.is_integer())
            return int(value) if whole else None
    return None


def _known(device: str, name: bytes, datatype: int, signal: Signal | None) -> Known:
    reading = readers(datatype)
    reason = ""
    if datatype == 0:
        reason = "its birth gives no datatype"
    elif reading is None:
        reason = f"a {NAMES.get(datatype, f'datatype {datatype}')} is no sample"
    return Known(device, name, datatype, signal, reading or {}, reason)


def _named(known: Known) -> str:
    name = known.name.decode(errors="replace")
    return f"{known.device}/{name}" if known.device else name


def _entries(told: Json) -> Iterator[tuple[str, str, int, int | None]]:
    for entry in told if isinstance(told, Sequence) and not isinstance(told, str) else ():
        match entry:
            case [str(device), str(name), int(datatype), int() | None as alias]:
                yield device, name, datatype, alias
