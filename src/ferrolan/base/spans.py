"""Lengths of time as a document writes them: ``3 min``, ``250 ms``, ``1 d``.

A belt scale is polled every ``2 s``; a file counts as whole when its size has stood still for ``1 min``. Number and
unit belong together, so that nobody reads seconds where milliseconds were meant.
"""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Annotated

from ferrolan.base import units
from ferrolan.base.errors import UnitError
from ferrolan.base.schema import After, Text, WrongValue, shown

_MILLISECONDS = re.compile(r"(.*\d)\s*ms")  # a unit of clocks alone, which no table of a plant is in


def duration(text: str) -> timedelta:
    """A declared length of time, such as ``3 min`` or ``2 h``.

    Raises
    ------
    WrongValue
        If it is no time with its unit.

    Examples
    --------
    >>> duration("3 min")
    datetime.timedelta(seconds=180)
    """
    way_out = "Write number and unit, such as 3 min, 2 h or 1 d"
    short = _MILLISECONDS.fullmatch(text)
    try:
        number, unit = units.parse(f"{short[1]} s" if short else text)
    except UnitError as error:
        raise WrongValue("wrong_unit", "a time with its unit", way_out, shown(text)) from error
    if not units.same_dimension(unit, "h"):
        raise WrongValue("wrong_unit", "a time with its unit", way_out, shown(text))
    try:
        return timedelta(seconds=round(units.convert(number, unit, "s") * (1e-3 if short else 1.0), 6))
    except (OverflowError, ValueError) as error:
        raise WrongValue("out_of_range", "a time a clock can count", way_out, shown(text)) from error


def seconds(text: str) -> float:
    """A declared length of time [s], above zero.

    Raises
    ------
    WrongValue
        If it is no time with its unit, or not above zero.

    Examples
    --------
    >>> seconds("250 ms")
    0.25
    """
    length = duration(text).total_seconds()
    if length <= 0.0:
        raise WrongValue("out_of_range", "a time above 0", "Write it like 2 s", shown(text))
    return length


def _checked(text: str) -> str:
    seconds(text)
    return text


Span = Annotated[Text, After(_checked)]
"""A field that holds a length of time above zero, as it is written: ``2 s``; ``seconds`` reads it."""
