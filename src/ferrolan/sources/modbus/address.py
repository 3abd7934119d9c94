"""What an address of the tag map means in Modbus, and what registers mean as a number.

``3/holding:40001:float32:cdab`` is a number of four bytes in two holding registers of unit 3, the words exchanged. The
two registers 0x0000 0x4494 are then the float 0x44940000 = 1184.0. A scale, as in tenths of a degree, belongs to the
tag map.

References
----------
MODBUS Application Protocol Specification V1.1b3, modbus.org, 2012: 4.3 data model, 6.1 to 6.4 functions 1 to 4.
"""

from __future__ import annotations

import math
import re
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from ferrolan.sources.modbus.spec import Numbering, Order

Area = Literal["coil", "discrete", "holding", "input"]
"""What is read: the data model's four tables."""

BITS: tuple[Area, ...] = ("coil", "discrete")
"""Areas of single bits."""

_MODICON: dict[Area, str] = {"coil": "0", "discrete": "1", "input": "3", "holding": "4"}
_FORMATS = {
    "int16": ">h", "uint16": ">H", "int32": ">i", "uint32": ">I", "int64": ">q", "uint64": ">Q", "float32": ">f",
    "float64": ">d",
}  # fmt: skip
_SCALARS = {name: struct.Struct(form) for name, form in _FORMATS.items()}
_ORDERS: tuple[Order, ...] = ("abcd", "cdab", "badc", "dcba")
_ADDRESS = re.compile(
    r"(?:(?P<unit>\d{1,3})/)?(?P<area>coil|discrete|holding|input):(?P<number>\d{1,6})(?::(?P<type>[a-z]+\d*))?"
    r"(?::(?P<order>[abcd]{4}))?"
)
_LAST = 65_535  # highest address on the wire


class WrongAddress(ValueError):
    """An address of the tag map that names nothing; the message says what is expected."""


@dataclass(frozen=True)
class Point:
    """One value in a device.

    Parameters
    ----------
    unit
        Unit (slave) that holds it.
    area
        Table it stands in.
    first, count
        First address on the wire, from 0, and number of registers or bits.
    type
        ``bool``, ``bit0`` to ``bit15``, ``string1`` to ``string125`` (registers), or a number, such as ``float32``.
    order
        Order of the bytes.
    """

    unit: int
    area: Area
    first: int
    count: int
    type: str
    order: Order

    @property
    def last(self) -> int:
        """Last address on the wire."""
        return self.first + self.count - 1


def point(address: str, numbering: Numbering, order: Order | None, unit: int = 1) -> Point:
    """The point an address names.

    Parameters
    ----------
    address
        ``unit/area:number:type:order``; without unit ``unit`` counts, without type ``bool`` of bits and ``uint16`` of
        registers, without order ``order``.
    numbering
        How ``number`` counts.
    order
        Order of the bytes where the address says none.

    Raises
    ------
    WrongAddress
        If it names nothing.

    Examples
    --------
    >>> point("3/holding:40001:float32", "modicon", "abcd")
    Point(unit=3, area='holding', first=0, count=2, type='float32', order='abcd')
    """
    match = _ADDRESS.fullmatch(address.strip())
    if match is None:
        raise WrongAddress("an address such as 3/holding:40001:float32")
    area: Area = match["area"]  # type: ignore[assignment]  # the pattern lets no other pass
    kind = match["type"] or ("bool" if area in BITS else "uint16")
    found = match["order"] or order or "abcd"
    if found not in _ORDERS:
        raise WrongAddress(f"one of the orders {', '.join(_ORDERS)}, not {found}")
    number = _unit(match["unit"], unit)
    first, count = _first(area, match["number"], numbering), _count(area, kind)
    if first + count - 1 > _LAST:
        raise WrongAddress(f"a last register of at most {_LAST} on the wire")
    return Point(number, area, first, count, kind, found)


def decoded(point: Point, registers: Sequence[int | bool]) -> float | str | None:
    """What the registers or bits of a point mean: a number, a text, or None of what is no number (NaN, infinity)."""
    if point.area in BITS:
        return float(registers[0])
    return decoded_bytes(point, packed(registers))


def packed(registers: Sequence[int | bool]) -> bytes:
    """Registers as they stand on the wire, two bytes each."""
    return struct.pack(f">{len(registers)}H", *registers)


def decoded_bytes(point: Point, wire: bytes) -> float | str | None:
    """What the bytes of a point's registers mean, as ``decoded``."""
    scalar = _SCALARS.get(point.type)
    if scalar is not None:
        number = float(scalar.unpack(wire if point.order == "abcd" else _in_order(wire, point.order))[0])
        return number if math.isfinite(number) else None
    if point.type.startswith("string"):
        text = _swapped(wire) if point.order in ("badc", "dcba") else wire
        return text.partition(b"\0")[0].decode("utf-8", errors="replace").rstrip()
    word = wire[0] << 8 | wire[1]
    return float(bool(word) if point.type == "bool" else word >> int(point.type[3:]) & 1)


def _unit(written: str | None, otherwise: int) -> int:
    unit = otherwise if written is None else int(written)
    if unit > 255:
        raise WrongAddress(f"a unit of at most 255, not {unit}")
    return unit


def _first(area: Area, written: str, numbering: Numbering) -> int:
    """The address on the wire of a written number."""
    if numbering == "modicon":
        if len(written) not in (5, 6) or written[0] != _MODICON[area]:
            example = f"{_MODICON[area]}0001"
            raise WrongAddress(f"five or six digits that begin with {_MODICON[area]}, such as {example}, not {written}")
        number = int(written[1:]) - 1
    else:
        number = int(written) - (numbering == "one_based")
    if not 0 <= number <= _LAST:
        raise WrongAddress(f"an address from 0 to {_LAST} on the wire, not {number}")
    return number


def _count(area: Area, kind: str) -> int:
    """Registers or bits of a type."""
    if area in BITS:
        if kind != "bool":
            raise WrongAddress(f"bool of a {area}, not {kind}")
        return 1
    if kind in _FORMATS:
        return struct.calcsize(_FORMATS[kind]) // 2
    name, digits = kind.rstrip("0123456789"), kind[len(kind.rstrip("0123456789")) :]
    if name == "bool" and not digits:
        return 1
    if name == "bit" and digits and int(digits) <= 15:
        return 1
    if name == "string" and digits and 1 <= int(digits) <= 125:
        return int(digits)
    raise WrongAddress(f"one of {', '.join(_FORMATS)}, bool, bit0 to bit15, string1 to string125, not {kind}")


def _in_order(wire: bytes, order: Order) -> bytes:
    """The bytes of a number, highest first."""
    if order == "dcba":
        return wire[::-1]
    return _swapped(wire if order == "badc" else wire[::-1])


def _swapped(wire: bytes) -> bytes:
    """The two bytes of each register exchanged."""
    turned = bytearray(wire)
    turned[0::2], turned[1::2] = turned[1::2], turned[0::2]
    return bytes(turned)
