"""How the cells of a file are written, as a document declares it; one model for every kind of source that reads files.

A historian export has semicolons, decimal commas and ``01.03.2026 00:15``: ``separator: semicolon``, ``decimal: ","``,
``time_format: "%d.%m.%Y %H:%M"``. Nothing is guessed. A file that is read in one go, a file that is played again and a
folder that is watched declare the same keys.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Annotated, Literal, Self, TypeVar

from ferrolan.base.schema import Check, Field, Flag, Model, Text, Whole, WrongValue, after, shown
from ferrolan.base.spans import duration

SEPARATORS = {"comma": ",", "semicolon": ";", "tab": "\t", "bar": "|", "white_space": " "}
"""Separators that may be written as a word."""

LayoutT = TypeVar("LayoutT", bound="Layout")


class Layout(Model):
    """How the cells of a table are written, in a text file as in a sheet."""

    time_column: Text | None = None
    """Header of the time column, its number from 1 where there is no header; not given where the table has no clock."""
    time_format: Text | None = None
    """Format of the time, in the notation of strftime; ``spreadsheet`` for days since 1899-12-30."""
    time_zone: Text | None = None
    """IANA zone of the times; the site's zone where none is given."""
    start: Text | None = None
    """Local time of the first row where the table has no clock, such as ``2026-03-01 00:00``."""
    step: Text | None = None
    """Time from row to row where the table has no clock, such as ``3 min``; length of the periods of ``stamp: end``."""
    midnight: Literal["starts_day", "ends_day"] = "starts_day"
    """Which day 00:00 belongs to: the one it starts, or the written one, which it ends; 24:00 is then read as well."""
    stamp: Literal["moment", "start", "end"] = "moment"
    """What a time marks: the moment of a reading, or start or end of the period a value counts; a value stamped at the
    end is moved to the start by ``step``, or by the step that the rows keep."""
    decimal: Literal[",", "."] = "."
    """Decimal mark."""
    bad_texts: tuple[Text, ...] = ()
    """Texts that stand where there is no value."""
    leading_zeros: Literal["flag", "take", "refuse"] = "flag"
    """What to do with a number such as ``04.03``: take it as uncertain and list it, take it, or refuse it."""
    zero_rows: Literal["flag", "take"] = "flag"
    """What to do with a row in which every number is zero: take it as uncertain and list it, or take it."""
    header: Flag | Whole = True
    """Whether the columns have names, or the number of rows these take; without names columns are numbered from 1."""
    unit_row: Flag = False
    """Whether a row of units stands under the header."""
    transposed: Flag = False
    """Whether a line is one quantity and a column one instant."""

    @after
    def _has_one_clock(self) -> Self:
        problem = next(self._clock_problems(), None)
        if problem is None:
            return self
        code, expected, way_out, at = problem
        raise WrongValue(code, expected, way_out, "nothing" if code == "missing_key" else "", (at,))

    def _clock_problems(self) -> Iterator[tuple[str, str, str, str]]:
        if self.time_column is None and self.start is None:
            way_out = "Add time_column and time_format, or start and step where the table has no clock"
            yield "missing_key", "a clock", way_out, "time_column"
        if self.time_column is not None and self.start is not None:
            yield "two_clocks", "one clock", "Keep time_column, or start and step", "start"
        if self.start is not None and self.step is None:
            yield "missing_key", "the time from row to row", "Add step, such as 3 min", "step"

    @after
    def _is_readable(self) -> Self:
        if self.start is not None and _moment(self.start) is None:
            way_out = "Write it like 2026-03-01 00:00"
            raise WrongValue("wrong_time", "a local time", way_out, shown(self.start), ("start",))
        if self.step is not None and duration(self.step) <= timedelta():
            raise WrongValue("out_of_range", "a time above 0", "Correct it", shown(self.step), ("step",))
        if not isinstance(self.header, bool) and self.header < 0:
            raise WrongValue(
                "out_of_range", "true, false or a number of rows", "Correct it", shown(self.header), ("header",)
            )
        return self

    @property
    def header_rows(self) -> int:
        """Rows of the header."""
        return int(self.header)

    @property
    def first_time(self) -> datetime | None:
        """Local time of the first row, where it is declared."""
        return _moment(self.start) if self.start is not None else None

    @property
    def row_step(self) -> timedelta | None:
        """Time from row to row, where it is declared."""
        return duration(self.step) if self.step is not None else None


class TextLayout(Layout):
    """How a text file is written."""

    separator: Literal["comma", "semicolon", "tab", "bar", "white_space", ",", ";", "\t", "|"] = ","
    """What stands between cells: a character, or its name; white_space is any run of blanks."""
    encoding: Text = "utf-8"
    """Encoding of the text, such as utf-8-sig, utf-16 or gb18030."""

    @property
    def mark(self) -> str:
        """The separator as a character."""
        return SEPARATORS.get(self.separator, self.separator)


class SheetChoice(Model):
    """Which sheet of a workbook is read, and how."""

    name: Text | None = None
    """Name of the sheet; the only one where none is given."""
    first_row: Annotated[int, Check(least=1), Field(strict=True)] = 1
    """Row of the header: what stands above it, a title or a logo, is left out."""
    merged: Literal["refuse", "fill"] = "refuse"
    """What to do with a value merged over several rows: refuse it, or take it for each of them."""
    hidden_rows: Literal["take", "leave"] = "take"
    """Whether rows that are hidden are read."""


def require_format(layout: LayoutT) -> LayoutT:
    """The layout of a text, or ``WrongValue`` where it has a time column and no format of the time."""
    if layout.time_column is not None and layout.time_format is None:
        way_out = 'Add time_format, such as "%d.%m.%Y %H:%M"'
        raise WrongValue("missing_key", "the format of the time", way_out, "nothing", ("time_format",))
    return layout


def _moment(text: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return None if moment.tzinfo else moment
