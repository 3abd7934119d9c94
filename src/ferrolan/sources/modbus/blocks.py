"""Which points are read with one request, and which one of a refused request is at fault.

Points at 0, 2, 4 ... 248 of one table are one request of 125 registers and one of 124. A device that refuses a request
names no register: the block is halved until the one that it does not have stands alone, and the rest is read as before.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from ferrolan.sources.modbus.address import BITS, Area, Point
from ferrolan.sources.modbus.spec import ModbusUnit


@dataclass(frozen=True)
class Placed:
    """A point with the tag that it belongs to: number and name, and whether its values are texts."""

    point: Point
    tag: int
    name: str
    text: bool = False


class Block:
    """Points that are read with one request, in order of their first address.

    ``tries`` counts how often in a row it was refused, ``rests_until`` is when it is tried again [us since 1970].
    """

    def __init__(self, placed: tuple[Placed, ...]) -> None:
        self.placed = placed
        self.tries = 0
        self.rests_until = 0
        self.area: Area = placed[0].point.area
        self.first = placed[0].point.first
        self.count = max(one.point.last for one in placed) - self.first + 1

    def halves(self) -> tuple[Block, Block]:
        """The block in two, by its points."""
        middle = len(self.placed) // 2
        return Block(self.placed[:middle]), Block(self.placed[middle:])


def blocks(placed: Iterable[Placed], settings: ModbusUnit, join: int) -> Iterator[Block]:
    """The requests that read the points of one unit.

    Parameters
    ----------
    placed
        Points of one unit.
    settings
        Most registers and bits of a request.
    join
        Registers between two points that may be read though nobody wants them.
    """
    ordered = sorted(placed, key=lambda one: (one.point.area, one.point.first, one.point.last))
    gathered: list[Placed] = []
    last = -1
    for one in ordered:
        if gathered and not _fits(gathered, last, one, settings, join):
            yield Block(tuple(gathered))
            gathered = []
        last = max(last, one.point.last) if gathered else one.point.last
        gathered.append(one)
    if gathered:
        yield Block(tuple(gathered))


def _fits(gathered: Sequence[Placed], last: int, one: Placed, settings: ModbusUnit, join: int) -> bool:
    first, area = gathered[0].point.first, gathered[0].point.area
    most = (settings.most_bits if area in BITS else settings.most) or 1
    return (
        one.point.area == area and one.point.first - last - 1 <= join and max(last, one.point.last) - first + 1 <= most
    )
