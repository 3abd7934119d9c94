"""Status codes: how far a sample may be trusted, in the 32 bits of OPC UA.

A belt scale that says ``I/O Timeout`` at 08:15 leaves a sample without a value and with status 0x800A0000, and that
code travels into the historian and its aggregates. The two highest bits are the severity: 00 good, 01 uncertain, 10
bad. The code is held in a signed 64-bit integer, so one bit above the standard's 32 is free for our own mark
``RETRACTED``.

References
----------
OPC Foundation, OPC 10000-4 (Services), section 7.39 StatusCode; UA-Nodeset, ``Schema/StatusCode.csv``.
"""

from __future__ import annotations

from enum import IntEnum

import polars as pl


class StatusCode(IntEnum):
    """The codes Ferrolan itself assigns; any other code of the standard passes through unchanged."""

    GOOD = 0x00000000
    UNCERTAIN = 0x40000000
    UNCERTAIN_LAST_USABLE_VALUE = 0x40900000
    UNCERTAIN_ENGINEERING_UNITS_EXCEEDED = 0x40940000
    UNCERTAIN_DATA_SUB_NORMAL = 0x40A40000
    BAD = 0x80000000
    BAD_TIMEOUT = 0x800A0000
    BAD_NO_COMMUNICATION = 0x80310000
    BAD_TYPE_MISMATCH = 0x80740000
    BAD_CONFIGURATION_ERROR = 0x80890000
    BAD_NOT_CONNECTED = 0x808A0000
    BAD_DEVICE_FAILURE = 0x808B0000
    BAD_SENSOR_FAILURE = 0x808C0000
    BAD_OUT_OF_SERVICE = 0x808D0000
    BAD_NO_DATA = 0x809B0000


AT_MOST = 0x00000500
"""Limit bits *low* of a value (InfoType DataValue): what is known is that it is at most this, as ``<0.01`` says."""

RETRACTED = 1 << 32
"""Our own mark: the row with this key was withdrawn; readers drop it after the winner is chosen."""

_SEVERITY_BITS = 0xC0000000
_INFO_BITS = 0x00000F00  # InfoType and limit bits


def at_most(status: pl.Expr) -> pl.Expr:
    """Whether a status says that the value is known to be at most the one that stands there."""
    return (status.and_(_INFO_BITS) == AT_MOST) & ~bad(status)


def good(status: pl.Expr) -> pl.Expr:
    """Whether a status has the severity *good* (bits 00)."""
    return status.and_(_SEVERITY_BITS) == StatusCode.GOOD


def uncertain(status: pl.Expr) -> pl.Expr:
    """Whether a status has the severity *uncertain* (bits 01)."""
    return status.and_(_SEVERITY_BITS) == StatusCode.UNCERTAIN


def bad(status: pl.Expr) -> pl.Expr:
    """Whether a status has the severity *bad* (bits 10, and the reserved 11)."""
    return status.and_(_SEVERITY_BITS) >= StatusCode.BAD
