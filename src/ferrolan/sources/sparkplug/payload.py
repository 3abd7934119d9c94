"""The wire format of Sparkplug B: the one door to protobuf, with our own description of the fields that are read.

A node that reports 20 temperatures sends ``timestamp``, ``seq`` and 20 metrics of an alias, a time and a value: 409
bytes. The fields and their numbers are those of the public format; they are declared here at run time, so no generated
code is needed, and what no historian takes (meta data, data sets, templates) is left as bytes.

References
----------
Eclipse Sparkplug Specification 3.0.0, chapter 6 (Payloads), Google Protocol Buffers schema.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Sequence
from functools import cache
from typing import Any, Protocol, cast

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from google.protobuf.message import DecodeError

REBIRTH = b"Node Control/Rebirth"
"""The metric that asks a node for its births again: the only command that can be said."""

LARGEST = 64 * 2**20
"""Largest payload after unpacking [byte]."""

MOST = 100_000
"""Most metrics of a payload, which take about a second.

64 kB can be packed so that they unpack to 33 million empty ones, which fill 3 GB.
"""

_COMPRESSED = b"SPBV1.0_COMPRESSED"
_BOOLEAN = 11
_METRICS, _SIZED, _FIXED = 0x12, 2, {1: 8, 5: 4}  # key of a metric; kinds of fields and their lengths [byte]
_Field = descriptor_pb2.FieldDescriptorProto
_VALUES = {
    "int_value": (10, _Field.TYPE_UINT32),
    "long_value": (11, _Field.TYPE_UINT64),
    "float_value": (12, _Field.TYPE_FLOAT),
    "double_value": (13, _Field.TYPE_DOUBLE),
    "boolean_value": (14, _Field.TYPE_BOOL),
    "string_value": (15, _Field.TYPE_BYTES),
    "bytes_value": (16, _Field.TYPE_BYTES),
    "dataset_value": (17, _Field.TYPE_BYTES),
    "template_value": (18, _Field.TYPE_BYTES),
    "extension_value": (19, _Field.TYPE_BYTES),
}
_PROPERTY_VALUES = {
    "int_value": (3, _Field.TYPE_UINT32),
    "long_value": (4, _Field.TYPE_UINT64),
    "float_value": (5, _Field.TYPE_FLOAT),
    "double_value": (6, _Field.TYPE_DOUBLE),
    "boolean_value": (7, _Field.TYPE_BOOL),
    "string_value": (8, _Field.TYPE_BYTES),
}


class PropertyValue(Protocol):
    """The value of one property."""

    def WhichOneof(self, group: str) -> str | None:  # noqa: N802  # protobuf's name
        """Name of the field that holds the value."""


class Properties(Protocol):
    """Properties of a metric, such as its unit."""

    keys: Sequence[bytes]
    values: Sequence[PropertyValue]


class Metric(Protocol):
    """One metric of a payload; a field that was not sent has its zero."""

    name: bytes
    alias: int
    timestamp: int
    datatype: int
    is_historical: bool
    is_null: bool
    properties: Properties

    def HasField(self, name: str) -> bool:  # noqa: N802  # protobuf's name
        """Whether a field was sent."""

    def WhichOneof(self, group: str) -> str | None:  # noqa: N802  # protobuf's name
        """Name of the field that holds the value, None where there is none."""


class Payload(Protocol):
    """One message: its time [ms since 1970], its place in the sequence, its metrics."""

    timestamp: int
    seq: int
    metrics: Sequence[Metric]

    def HasField(self, name: str) -> bool:  # noqa: N802  # protobuf's name
        """Whether a field was sent."""


class WrongPayload(ValueError):
    """Bytes that are no Sparkplug B payload."""


def decode(content: bytes) -> Payload:
    """The payload of a message; one that was packed is unpacked.

    Raises
    ------
    WrongPayload
        If the bytes are none.
    """
    payload = _parsed(content)
    if payload.uuid != _COMPRESSED:
        return cast(Payload, payload)
    return cast(Payload, _parsed(_unpacked(payload.body)))


def rebirth_command(now: int) -> bytes:
    """The payload of the one command there is, at ``now`` [us since 1970]: no ``seq`` and no bdSeq."""
    payload = _message()(timestamp=now // 1_000)
    payload.metrics.add(name=REBIRTH, timestamp=now // 1_000, datatype=_BOOLEAN, boolean_value=True)
    return cast(bytes, payload.SerializeToString())


def text_property(metric: Metric, names: Iterable[bytes]) -> str:
    """The first of the named properties that a metric has, as a text; empty where it has none."""
    wanted = set(names)
    for key, value in zip(metric.properties.keys, metric.properties.values, strict=False):
        held = property_value(value) if key in wanted else None
        if held is not None:
            return held.decode(errors="replace") if isinstance(held, bytes) else str(held)
    return ""


def property_value(value: PropertyValue) -> int | float | bool | bytes | None:
    """What a property holds; None where it holds nothing, or a set of properties."""
    field = value.WhichOneof("value")
    return None if field is None else cast("int | float | bool | bytes", getattr(value, field))


def _parsed(content: bytes) -> Any:  # Any: a message class made at run time
    if len(content) > 2 * MOST and _metrics_in(content) > MOST:
        raise WrongPayload(f"a payload of more than {MOST:,} metrics")
    try:
        return _message().FromString(content)
    except (DecodeError, ValueError) as error:
        raise WrongPayload("no Sparkplug B payload") from error


def _metrics_in(content: bytes) -> int:
    """How many metrics the bytes hold, at most one more than allowed; they need not be a payload."""
    at = count = 0
    while at < len(content) and count <= MOST:
        key, at = _varint(content, at)
        count += key == _METRICS
        if key & 7 in _FIXED:
            at += _FIXED[key & 7]
            continue
        size, at = _varint(content, at)
        at += size if key & 7 == _SIZED else 0
    return count


def _varint(content: bytes, at: int) -> tuple[int, int]:
    """A number of the wire and where the next thing begins."""
    value = 0
    for shift in range(0, 70, 7):
        if at >= len(content):
            break
        byte, at = content[at], at + 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            break
    return value, at


def _unpacked(body: bytes) -> bytes:
    try:
        unpacker = zlib.decompressobj(zlib.MAX_WBITS | 32)  # DEFLATE with its header, or GZIP
        content = unpacker.decompress(body, LARGEST)
    except zlib.error as error:
        raise WrongPayload("a packed payload that cannot be unpacked") from error
    if unpacker.unconsumed_tail or not unpacker.eof:
        raise WrongPayload("a packed payload that is cut, or too large when unpacked")
    return content


@cache
def _message() -> Any:  # Any: a message class made at run time
    file = descriptor_pb2.FileDescriptorProto(name="ferrolan_sparkplug.proto", package="sparkplug", syntax="proto2")
    _declare(
        file, "PropertyValue", {"type": (1, _Field.TYPE_UINT32), "is_null": (2, _Field.TYPE_BOOL)}, _PROPERTY_VALUES
    )
    properties = _declare(file, "Properties", {"keys": (1, _Field.TYPE_BYTES)})
    properties.field[0].label = _Field.LABEL_REPEATED
    _refer(properties, "values", 2, "PropertyValue", _Field.LABEL_REPEATED)
    metric = _declare(
        file,
        "Metric",
        {
            "name": (1, _Field.TYPE_BYTES),
            "alias": (2, _Field.TYPE_UINT64),
            "timestamp": (3, _Field.TYPE_UINT64),
            "datatype": (4, _Field.TYPE_UINT32),
            "is_historical": (5, _Field.TYPE_BOOL),
            "is_transient": (6, _Field.TYPE_BOOL),
            "is_null": (7, _Field.TYPE_BOOL),
        },
        _VALUES,
    )
    _refer(metric, "properties", 9, "Properties", _Field.LABEL_OPTIONAL)
    payload = _declare(
        file,
        "Payload",
        {
            "timestamp": (1, _Field.TYPE_UINT64),
            "seq": (3, _Field.TYPE_UINT64),
            "uuid": (4, _Field.TYPE_BYTES),
            "body": (5, _Field.TYPE_BYTES),
        },
    )
    _refer(payload, "metrics", 2, "Metric", _Field.LABEL_REPEATED)
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return message_factory.GetMessageClass(pool.FindMessageTypeByName("sparkplug.Payload"))


Fields = dict[str, tuple[int, int]]


def _declare(file: Any, name: str, fields: Fields, choice: Fields | None = None) -> Any:  # Any: protobuf's, untyped
    message = file.message_type.add(name=name)
    for field, (number, kind) in fields.items():
        message.field.add(name=field, number=number, type=kind, label=_Field.LABEL_OPTIONAL)
    if choice:
        message.oneof_decl.add(name="value")
    for field, (number, kind) in (choice or {}).items():
        message.field.add(name=field, number=number, type=kind, label=_Field.LABEL_OPTIONAL, oneof_index=0)
    return message


def _refer(message: Any, name: str, number: int, other: str, label: int) -> None:  # Any: protobuf's, untyped
    message.field.add(name=name, number=number, type=_Field.TYPE_MESSAGE, type_name=f".sparkplug.{other}", label=label)
