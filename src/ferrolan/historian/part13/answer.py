"""What an aggregate says of every interval: a time, a value and a status code with its information bits.

A mean of an hour of good samples is Good with the bit *Calculated* (0x00000401); the highest hourly temperature that
stands at the edge of its hour, between two samples, is Good and *Interpolated* (0x00000402).

References
----------
OPC Foundation, OPC 10000-4, 7.39 (InfoType, historian bits); OPC 10000-13, 5.3.3.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from ferrolan.base.status import StatusCode
from ferrolan.historian.part13.view import Codes, Flags, Floats, Places, View, picked
from ferrolan.historian.split import Instants

RAW, CALCULATED, INTERPOLATED = 0x00, 0x01, 0x02
PARTIAL, EXTRA_DATA, MULTIPLE_VALUES = 0x04, 0x08, 0x10
_INFO_TYPE = 0x400  # InfoType DataValue: the low bits are those of history
_BITS = 0x1F
_OTHERS = 0x3E0  # limit bits, overflow and reserved ones


@dataclass(frozen=True)
class Answer:
    """One aggregate of every interval: times [us], values (NaN: none) and status codes with their bits (m,)."""

    time: Instants
    value: Floats
    status: Codes


Aggregate = Callable[[View], Answer]


def answer(
    view: View, value: Floats, status: ArrayLike, bits: ArrayLike, *, time: Instants | None = None, marked: bool = True
) -> Answer:
    """Put an answer together.

    Parameters
    ----------
    view
        What was asked.
    value
        Values (m,); where the status is Bad none is given.
    status, bits
        Status codes without bits, and bits (m,) or one for all; a Bad status has no other bit than Partial.
    time
        Time of each value [us] (m,), the start of its interval where it has none; None: the starts.
    marked
        Whether partial intervals have the bit Partial.
    """
    codes = np.where(view.outside, int(StatusCode.BAD_NO_DATA), np.broadcast_to(status, value.shape)).astype(np.int64)
    codes = np.where(~is_bad(codes) & np.isnan(value), int(StatusCode.BAD_NO_DATA), codes)
    worthless = is_bad(codes)
    info = np.where(worthless, 0, np.broadcast_to(bits, value.shape)).astype(np.int64)
    info |= np.where(view.partial & marked & ~worthless, PARTIAL, 0)
    when = view.starts if time is None else np.where(worthless, view.starts, time)
    return Answer(when, np.where(worthless, np.nan, value), with_bits(codes, info))


def with_bits(codes: Codes, info: Codes) -> Codes:
    """Status codes with information bits; without any the code stays as it is."""
    return np.where(info == 0, codes, (codes & ~(0xC00 | _BITS)) | _INFO_TYPE | info)


def without_bits(codes: Codes) -> Codes:
    """Status codes without the information bits of history; limit and overflow bits stay."""
    left = codes & ~_BITS
    return np.where((codes & 0xC00) != _INFO_TYPE, codes, np.where(left & _OTHERS, left, left & ~_INFO_TYPE))


def is_bad(codes: Codes) -> Flags:
    """Which codes have the severity Bad."""
    worthless: Flags = (codes & 0x80000000) != 0
    return worthless


def by_share(view: View, good: Codes, bad: Codes, whole: Codes) -> Codes:
    """Good, Bad or UncertainDataSubNormal by the shares of a whole that are good and bad (5.4.3.2.1)."""
    limits = view.configuration
    status = np.where(
        100.0 * bad >= limits.percent_data_bad * whole, int(StatusCode.BAD), int(StatusCode.UNCERTAIN_DATA_SUB_NORMAL)
    )
    return np.where(100.0 * good >= limits.percent_data_good * whole, int(StatusCode.GOOD), status)


def sound(ok: Flags) -> Codes:
    """Good where it is, else UncertainDataSubNormal."""
    return np.where(ok, int(StatusCode.GOOD), int(StatusCode.UNCERTAIN_DATA_SUB_NORMAL)).astype(np.int64)


def hiding(view: View, sample: Places) -> Codes:
    """The bits of a sample that is given as it is (n: none): ExtraData where another is hidden under it (m,)."""
    return np.where(picked(view.hides, sample, False), EXTRA_DATA, RAW).astype(np.int64)
