"""How a table is written, as declared: what its cells mean, and for text how it is laid out.

``01.03.2026 00:15;412,5`` has a semicolon, a decimal comma and the time format ``%d.%m.%Y %H:%M``; a Tennessee Eastman
file has white space, no header and no clock, only a first time and a step. Nothing is guessed: what is not declared
here is a fault where it is met, and the fault names the field to declare.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from ferrolan.sources.clock import check_zone
from ferrolan.sources.source import refusal

SPREADSHEET: dict[str, datetime] = {"spreadsheet": datetime(1899, 12, 30), "spreadsheet_1904": datetime(1904, 1, 1)}
"""Time formats that are no strptime format: days since an epoch, as spreadsheets count them."""

SEPARATORS = {";": "semicolon", ",": "comma", "\t": "tab", "|": "bar", " ": "run of white space"}
"""What may stand between two cells, in words."""

Midnight = Literal["starts_day", "ends_day"]
LeadingZeros = Literal["flag", "take", "refuse"]
ZeroRows = Literal["flag", "take"]
Stamp = Literal["moment", "start", "end"]


@dataclass(frozen=True, kw_only=True)
class Dialect:
    """What the cells of a table mean, whatever file it stands in.

    Parameters
    ----------
    time_column
        Header of the time column, its number from 1 where there is no header; empty where the table has no clock.
    time_format
        strptime format of its cells (chrono's dialect: ``%.f`` for fractions of a second), or ``spreadsheet`` for
        days since 1899-12-30, ``spreadsheet_1904`` for days since 1904-01-01.
    time_zone
        IANA zone of the wall clock; not used if the format itself holds ``%z`` (or ``%#z``, which reads Z as well).
    start, step
        Local time of the first row and the time from row to row, where the table has no clock; ``step`` alone is the
        length of the periods that ``stamp`` speaks of.
    stamp
        What a time marks: the moment of a reading, or start or end of the period a value counts. A value holds from its
        time to the next one, so one that is stamped at the end of its period is taken at the start of it.
    midnight
        Which day 00:00 belongs to: the one it starts, or the written one, which it ends. With ``ends_day`` 24:00 is
        read as well.
    decimal
        Decimal mark, ``"."`` or ``","``. Thousands marks are not accepted.
    bad_texts
        Texts that stand for a missing or bad value, in any case; an empty cell always does.
    leading_zeros
        What to do with a number such as ``04.03``, which a spreadsheet may have taken for a date: take it as
        Uncertain and list it, take it as it is, or refuse it.
    zero_rows
        What to do with a row in which every number is zero: take it as Uncertain and remark on it, or take it.
    header
        Rows of the header; 0 where there is none and columns are numbered from 1. The names of several rows are
        joined by a space.
    unit_row
        Whether a row of units stands under the header.
    transposed
        Whether a line of the file is one quantity and a column one instant.
    """

    time_column: str = ""
    time_format: str = ""
    time_zone: str = "UTC"
    start: datetime | None = None
    step: timedelta | None = None
    stamp: Stamp = "moment"
    midnight: Midnight = "starts_day"
    decimal: str = "."
    bad_texts: tuple[str, ...] = ()
    leading_zeros: LeadingZeros = "flag"
    zero_rows: ZeroRows = "flag"
    header: int = 1
    unit_row: bool = False
    transposed: bool = False


@dataclass(frozen=True, kw_only=True)
class TextDialect(Dialect):
    """How a text file is written.

    Parameters
    ----------
    separator
        One character between cells: semicolon, comma, tab or bar; a space stands for any run of white space.
    encoding
        Python name of the encoding, such as ``"utf-8"``, ``"utf-8-sig"``, ``"utf-16"`` or ``"gb18030"``.
    """

    separator: str
    encoding: str = "utf-8"


def has_offset(time_format: str) -> bool:
    """Whether times of a format are instants: ``%z``, or ``%#z``, which reads a Z as well."""
    return any(mark in time_format for mark in ("%z", "%#z", "%:z"))


def check_dialect(dialect: Dialect, file: str) -> None:
    """Refuse a dialect that no table can be written in.

    Raises
    ------
    SourceError
        If a mark is not one of those known, the zone is unknown, or there is not exactly one clock.
    """
    if not has_offset(dialect.time_format):
        check_zone(dialect.time_zone, file)
    elif dialect.midnight == "ends_day":
        raise refusal(
            file, 0, "midnight", "ends_day beside a format with an offset (%z)", "starts_day",
            "A time with its offset is one instant: remove midnight, or read the wall clock alone.", "bad_dialect",
        )  # fmt: skip
    _one_of(file, "decimal", dialect.decimal, (".", ","))
    if isinstance(dialect, TextDialect):
        _one_of(file, "separator", dialect.separator, tuple(SEPARATORS))
    has_step = dialect.start is not None and dialect.step is not None
    if bool(dialect.time_column) == has_step:
        raise refusal(
            file, 0, "time_column", "both a time column and a start" if has_step else "no clock",
            "a time column with its format, or a start and a step", "Declare one of the two.", "bad_dialect",
        )  # fmt: skip


def _one_of(file: str, field: str, found: str, allowed: tuple[str, ...]) -> None:
    if found not in allowed:
        expected = " or ".join(json.dumps(mark) for mark in allowed)
        raise refusal(file, 0, field, json.dumps(found), expected, f"Declare the {field}.", "bad_dialect")
