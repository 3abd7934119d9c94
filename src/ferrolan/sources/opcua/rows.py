"""From what a server sent to the rows that are kept: numbers and texts, each with its time and its status.

A value keeps the 32 bits of status it came with. ``0xC0``, the *good* of an old OPC DA gateway, is no status of OPC UA
and is translated. A value without a time of its source takes the server's and is uncertain, for nobody knows how long
it lay there; so is a good value of a server whose clock is off by more than was declared. No time is ever shifted.

References
----------
OPC Foundation, OPC 10000-4, section 7.39 (status codes and their info bits); OPC 10000-8, annex A.4.3 (DA quality).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import polars as pl
from numpy.typing import NDArray

from ferrolan.base.status import StatusCode
from ferrolan.base.tables import TIME
from ferrolan.sources.live import GATHERED, GATHERED_TEXT, gathered_texts
from ferrolan.sources.opcua.wire import Values
from ferrolan.sources.source import TagAddress

OVERFLOW = 0x480
"""Info bits of a value before which the server's queue ran over (InfoType DataValue, Overflow)."""

_SEVERITY = np.int64(0xC0000000)
_CODE = np.int64(0xFFFF0000)
_INFO = np.int64(0x0000FFFF)
_IN_USE = np.int64(0x0C00)  # InfoType; where it is 0, the other info bits of OPC UA are 0 as well
_QUALITY = np.int64(0xFF)  # an OPC DA quality
_OF_DA: Mapping[int, int] = {
    0x04: StatusCode.BAD_CONFIGURATION_ERROR, 0x08: StatusCode.BAD_NOT_CONNECTED, 0x0C: StatusCode.BAD_DEVICE_FAILURE,
    0x10: StatusCode.BAD_SENSOR_FAILURE, 0x18: StatusCode.BAD_NO_COMMUNICATION, 0x1C: StatusCode.BAD_OUT_OF_SERVICE,
    0x20: 0x80320000, 0x44: StatusCode.UNCERTAIN_LAST_USABLE_VALUE, 0x50: 0x40930000,
    0x54: StatusCode.UNCERTAIN_ENGINEERING_UNITS_EXCEEDED, 0x58: 0x40950000, 0xD8: 0x00960000,
}  # fmt: skip
_OF_DA_SEVERITY = {0x00: StatusCode.BAD, 0x40: StatusCode.UNCERTAIN, 0x80: StatusCode.BAD, 0xC0: StatusCode.GOOD}


@dataclass(frozen=True)
class Clocks:
    """Clocks at one moment [us]: ours, how far the server's is ahead of it, and how far it may be."""

    now: int
    ahead: int
    bound: int


@dataclass(frozen=True)
class Rows:
    """Rows to be kept, and the places of the tags whose queue ran over before a value."""

    samples: pl.DataFrame
    texts: pl.DataFrame
    overflown: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.samples) + len(self.texts)


class Names:
    """The tags of a stream by place: their numbers, which of them are texts, and the texts of enumerations."""

    def __init__(self, tags: Sequence[TagAddress]) -> None:
        self.tags = tuple(tags)
        self.numbers = np.array([tag.tag for tag in tags], dtype=np.int32)
        self.text = np.array([tag.text for tag in tags], dtype=bool)
        self.enumerations: dict[int, Mapping[int, str]] = {}


def rows(values: Values, names: Names, clocks: Clocks, at: NDArray[np.int64] | None = None) -> Rows:
    """The rows of values, whose handles are places of tags.

    Parameters
    ----------
    values
        What the server sent.
    names
        Tags by place.
    clocks
        Clocks when it arrived.
    at
        Time of every row [us since 1970], in place of those that came.
    """
    times = np.where(values.sourced > 0, values.sourced, values.served)
    times = np.where(times > 0, times, clocks.now + clocks.ahead) if at is None else at
    statuses = _statuses(values, times, clocks)
    text = names.text[values.handles]
    number = ~text
    samples = _samples(values, names, times, statuses, number)
    overflown = values.handles[(values.statuses & OVERFLOW) == OVERFLOW]
    return Rows(samples, _texts(values, names, times, statuses, np.flatnonzero(text)), overflown)


def of_da(status: int) -> int:
    """The status of OPC UA that an OPC DA quality stands for.

    Examples
    --------
    >>> hex(of_da(0x18)), hex(of_da(0xC0))
    ('0x80310000', '0x0')
    """
    return int(_OF_DA.get(status & 0xFC, _OF_DA_SEVERITY[status & 0xC0]))


def mismatched(values: Values, names: Names) -> dict[int, str]:
    """By place, what came for a tag that is a number and is none."""
    return {
        place: f"{type(other).__name__} where a number is expected"
        for row, other in values.others.items()
        if not names.text[place := int(values.handles[row])]
    }


def _statuses(values: Values, times: NDArray[np.int64], clocks: Clocks) -> NDArray[np.int64]:
    statuses = values.statuses.copy()
    foreign = ((statuses & _CODE) == 0) & ((statuses & _IN_USE) == 0) & ((statuses & _QUALITY) != 0)
    for row in np.flatnonzero(foreign):
        statuses[row] = of_da(int(statuses[row]))
    doubtful = (values.sourced <= 0) | (times > clocks.now + clocks.bound) | (abs(clocks.ahead) > clocks.bound)
    doubtful &= (statuses & _SEVERITY) == StatusCode.GOOD
    return np.where(doubtful, StatusCode.UNCERTAIN | (statuses & _INFO), statuses)


def _samples(
    values: Values, names: Names, times: NDArray[np.int64], statuses: NDArray[np.int64], chosen: NDArray[np.bool_]
) -> pl.DataFrame:
    finite = np.isfinite(values.numbers)
    statuses = statuses.copy()
    empty = ~finite & ((statuses & _SEVERITY) < StatusCode.BAD)
    statuses[empty] = StatusCode.BAD_NO_DATA
    other = np.array([row for row in values.others if empty[row]], dtype=np.int64)
    statuses[other] = StatusCode.BAD_TYPE_MISMATCH
    numbers = pl.Series("value", values.numbers[chosen], dtype=pl.Float64)
    return pl.DataFrame(
        {
            "tag": pl.Series(names.numbers[values.handles[chosen]], dtype=pl.Int32),
            "time": pl.Series(times[chosen], dtype=pl.Int64).cast(TIME),
            "value": pl.select(pl.when(pl.Series(finite[chosen])).then(numbers)).to_series(),
            "status": pl.Series(statuses[chosen], dtype=pl.Int64),
        },
        schema=GATHERED,
    )


def _texts(
    values: Values, names: Names, times: NDArray[np.int64], statuses: NDArray[np.int64], chosen: NDArray[np.intp]
) -> pl.DataFrame:
    if not len(chosen):
        return pl.DataFrame(schema=GATHERED_TEXT)
    tags, texts, codes = [], [], []
    for row in chosen:
        place = int(values.handles[row])
        text = _text(values, int(row), names.enumerations.get(place))
        nothing = text is None and statuses[row] < StatusCode.BAD
        tags.append(int(names.numbers[place]))
        texts.append(text)
        codes.append(int(StatusCode.BAD_NO_DATA) if nothing else int(statuses[row]))
    return gathered_texts(tags, times[chosen].tolist(), texts, codes)


def _text(values: Values, row: int, enumeration: Mapping[int, str] | None) -> str | None:
    if row in values.others:
        other = values.others[row]
        return other.isoformat() if isinstance(other, datetime) else str(other)
    number = float(values.numbers[row])
    if not np.isfinite(number):
        return None
    if enumeration is not None and int(number) in enumeration:
        return enumeration[int(number)]
    return f"{number:.15g}"
