"""The answer to a Publish request, read from its bytes: columns at once instead of an object a value.

A second of two thousand temperatures is one message of two thousand items of 34 bytes each that all look alike, so a
stretch of like items is one view of the bytes. What does not look like a plain number or a short text is ``Unusual``
and is left to the library, which knows every type and takes ten to twenty microseconds a value.

References
----------
OPC Foundation, OPC 10000-6, section 5.2 (binary encoding); OPC 10000-4, sections 5.14.5 Publish and 7.25.2
DataChangeNotification.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

_EPOCH = 116_444_736_000_000_000  # 1970 in the clock of the wire, 100 ns since 1601
_LAST = 2_650_467_743_990_000_000  # end of 9999, which stands for no time
_RESPONSE, _DATA_CHANGE, _STATUS_CHANGE = 829, 811, 820  # identifiers of the binary encodings
_NUMBERS = {
    1: "?", 2: "i1", 3: "u1", 4: "<i2", 5: "<u2", 6: "<i4", 7: "<u4", 8: "<i8", 9: "<u8", 10: "<f4", 11: "<f8",
}  # fmt: skip
_NULL, _TEXT = 0, 12
_VALUE, _STATUS, _SOURCE, _SERVER = 1, 2, 4, 8  # bits of a DataValue; the rest are picoseconds
_KNOWN = _VALUE | _STATUS | _SOURCE | _SERVER
_HEADER = struct.Struct("<IBB")  # client handle, bits of the DataValue, type of its variant


class Unusual(Exception):  # no error: it is read in another way
    """A message that holds more than plain values."""


@dataclass(frozen=True)
class Values:
    """Values as columns, all of one length.

    Parameters
    ----------
    handles
        Number of the item each value is of.
    numbers
        Value as a number; NaN where there is none or it is of another kind.
    others
        By row: what is no number, such as a text, a date or an array.
    statuses
        32-bit status codes.
    sourced, served
        Times of source and server [us since 1970]; 0 where there is none.
    """

    handles: NDArray[np.int64]
    numbers: NDArray[np.float64]
    others: dict[int, object]
    statuses: NDArray[np.int64]
    sourced: NDArray[np.int64]
    served: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.handles)


@dataclass(frozen=True)
class Notified:
    """One answer to a Publish request; without values and with no change it is a keep-alive."""

    subscription: int
    sequence: int
    published: int
    """When the server sent it, by its own clock [us since 1970]; the time of the answer where it leaves that out."""
    values: Values | None = None
    changed: int | None = None
    """Status the subscription changed to, such as that it ended."""


@dataclass
class _Columns:
    handles: list[NDArray[np.int64]] = field(default_factory=list)
    numbers: list[NDArray[np.float64]] = field(default_factory=list)
    statuses: list[NDArray[np.int64]] = field(default_factory=list)
    sourced: list[NDArray[np.int64]] = field(default_factory=list)
    served: list[NDArray[np.int64]] = field(default_factory=list)
    others: dict[int, object] = field(default_factory=dict)
    rows: int = 0


def notified(data: bytes) -> Notified:
    """Read the answer to a Publish request.

    Raises
    ------
    Unusual
        If it is not one, is a refusal, or holds more than plain values.
    """
    try:
        return _notified(data)
    except (struct.error, IndexError, UnicodeDecodeError, ValueError) as error:
        raise Unusual(str(error)) from error


def microseconds(ticks: int) -> int:
    """A time of the wire, 100 ns since 1601, in microseconds since 1970; 0 where there is none."""
    return (ticks - _EPOCH) // 10 if 0 < ticks < _LAST else 0


def joined(parts: list[Values]) -> Values:
    """Several sets of columns as one."""
    others: dict[int, object] = {}
    rows = 0
    for part in parts:
        others |= {row + rows: value for row, value in part.others.items()}
        rows += len(part)
    return Values(
        np.concatenate([part.handles for part in parts]), np.concatenate([part.numbers for part in parts]), others,
        np.concatenate([part.statuses for part in parts]), np.concatenate([part.sourced for part in parts]),
        np.concatenate([part.served for part in parts]),
    )  # fmt: skip


def chosen(values: Values, rows: NDArray[np.bool_]) -> Values:
    """Some of the rows (rows,)."""
    if rows.all():
        return values
    places = {int(row): place for place, row in enumerate(np.flatnonzero(rows))}
    others = {places[row]: value for row, value in values.others.items() if row in places}
    return Values(
        values.handles[rows], values.numbers[rows], others, values.statuses[rows], values.sourced[rows],
        values.served[rows],
    )  # fmt: skip


def _notified(data: bytes) -> Notified:
    at, answered = _after_header(data)
    subscription, count = struct.unpack_from("<Ii", data, at)
    at += 8 + 4 * max(count, 0) + 1  # numbers that can be sent again; whether more is waiting
    sequence, published, parts = struct.unpack_from("<Iqi", data, at)
    at += 16
    values: Values | None = None
    changed: int | None = None
    for _ in range(max(parts, 0)):
        kind, at = _extension(data, at)
        (size,) = struct.unpack_from("<i", data, at)
        at += 4
        if size < 0:
            raise Unusual("a notification without a size")
        if kind == _DATA_CHANGE:
            found = _data_change(data, at)
            values = found if values is None else joined([values, found])
        elif kind == _STATUS_CHANGE:
            (changed,) = struct.unpack_from("<I", data, at)
        else:
            raise Unusual(f"notification {kind}")
        at += size
    return Notified(subscription, sequence, microseconds(published) or microseconds(answered), values, changed)


def _after_header(data: bytes) -> tuple[int, int]:
    """Where the parameters begin, behind the type and the header of a good answer, and the time in that."""
    kind, at = _node(data, 0)
    answered, _, result, diagnostics, strings = struct.unpack_from("<qIIBi", data, at)
    if kind != _RESPONSE or result != 0 or diagnostics != 0 or strings > 0:
        raise Unusual(f"answer {kind}, result {result:#010x}")
    _, at = _node(data, at + 21)
    if data[at] != 0:
        raise Unusual("a header with additions")
    return at + 1, answered


def _extension(data: bytes, at: int) -> tuple[int, int]:
    kind, at = _node(data, at)
    if data[at] != 1:
        raise Unusual("a notification that is no bytes")
    return kind, at + 1


def _node(data: bytes, at: int) -> tuple[int, int]:
    """A numeric node of namespace 0, and where the next thing begins."""
    if data[at] == 0:
        return data[at + 1], at + 2
    if data[at] == 1 and data[at + 1] == 0:
        return int.from_bytes(data[at + 2 : at + 4], "little"), at + 4
    raise Unusual("another kind of node")


def _data_change(data: bytes, at: int) -> Values:
    (count,) = struct.unpack_from("<i", data, at)
    at += 4
    columns = _Columns()
    while columns.rows < count:
        _, bits, kind = _HEADER.unpack_from(data, at)
        if bits & ~_KNOWN:
            raise Unusual("picoseconds")
        if kind in _NUMBERS and bits & _VALUE:
            at = _alike(data, at, bits, kind, count - columns.rows, columns)
        else:
            at = _alone(data, at, bits, kind, columns)
    return _values(columns)


def _alike(data: bytes, at: int, bits: int, kind: int, most: int, columns: _Columns) -> int:
    """Take the items that look like the next one, as one view of the bytes."""
    layout = _layout(bits, kind)
    most = min(most, (len(data) - at) // layout.itemsize)
    if most < 1:
        raise Unusual("a message that is cut short")
    view = np.frombuffer(data, dtype=layout, count=most, offset=at)
    same = (view["bits"] == bits) & (view["kind"] == kind)
    rows = most if same.all() else int(np.argmin(same))
    view = view[:rows]
    columns.handles.append(view["handle"].astype(np.int64))
    columns.numbers.append(view["value"].astype(np.float64))
    held = layout.names or ()
    _rest(columns, rows, *(view[name] if name in held else None for name in ("status", "sourced", "served")))
    return at + rows * layout.itemsize


def _layout(bits: int, kind: int) -> np.dtype[np.void]:
    fields = [("handle", "<u4"), ("bits", "u1"), ("kind", "u1"), ("value", _NUMBERS[kind])]
    fields += [("status", "<u4")] if bits & _STATUS else []
    fields += [("sourced", "<i8")] if bits & _SOURCE else []
    fields += [("served", "<i8")] if bits & _SERVER else []
    return np.dtype(fields)


def _alone(data: bytes, at: int, bits: int, kind: int, columns: _Columns) -> int:
    """Take one item that has no value, a null or a text."""
    (handle,) = struct.unpack_from("<I", data, at)
    at += 5
    if bits & _VALUE:
        other, at = _other(data, at + 1, kind)
        if other is not None:
            columns.others[columns.rows] = other
    found: list[NDArray[np.int64] | None] = []
    for bit, code, size in ((_STATUS, "<I", 4), (_SOURCE, "<q", 8), (_SERVER, "<q", 8)):
        found.append(np.array(struct.unpack_from(code, data, at), dtype=np.int64) if bits & bit else None)
        at += size if bits & bit else 0
    columns.handles.append(np.array([handle], dtype=np.int64))
    columns.numbers.append(np.array([np.nan]))
    _rest(columns, 1, *found)
    return at


def _other(data: bytes, at: int, kind: int) -> tuple[str | None, int]:
    if kind == _NULL:
        return None, at
    if kind != _TEXT:
        raise Unusual(f"a variant of type {kind}")
    (size,) = struct.unpack_from("<i", data, at)
    at += 4
    return (None, at) if size < 0 else (data[at : at + size].decode(errors="replace"), at + size)


def _rest(
    columns: _Columns,
    rows: int,
    statuses: NDArray[np.int64] | None,
    sourced: NDArray[np.int64] | None,
    served: NDArray[np.int64] | None,
) -> None:
    columns.statuses.append(np.zeros(rows, np.int64) if statuses is None else statuses.astype(np.int64))
    columns.sourced.append(_times(sourced, rows))
    columns.served.append(_times(served, rows))
    columns.rows += rows


def _times(ticks: NDArray[np.int64] | None, rows: int) -> NDArray[np.int64]:
    if ticks is None:
        return np.zeros(rows, np.int64)
    return np.where((ticks > 0) & (ticks < _LAST), (ticks - _EPOCH) // 10, 0)


def _values(columns: _Columns) -> Values:
    if not columns.rows:
        nothing = np.zeros(0, np.int64)
        return Values(nothing, np.zeros(0), {}, nothing, nothing, nothing)
    return Values(
        np.concatenate(columns.handles), np.concatenate(columns.numbers), columns.others,
        np.concatenate(columns.statuses), np.concatenate(columns.sourced), np.concatenate(columns.served),
    )  # fmt: skip
