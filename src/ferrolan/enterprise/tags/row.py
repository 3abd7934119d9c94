"""One row of the tag map on its way to a tag: every cell read, every fault with its column and the way out.

``sigma_relative`` ``1 %`` becomes 0.01; ``1`` alone is taken for a forgotten ``%`` and refused. A limit is a plain
number in the unit of the tag; ``sigma_absolute`` may be ``0.5 %FS``, that share of the span from ``lo`` to ``hi``.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import TypeVar
from zoneinfo import ZoneInfo

from ferrolan.base import units
from ferrolan.base.errors import Fault, UnitError
from ferrolan.base.schema import WrongValue, nearest, shown
from ferrolan.base.spans import duration
from ferrolan.enterprise.tags.tag import AUTHORITIES, BASES, METHODS, TAG_KINDS, Tag

MOST_RELATIVE = 0.5
"""Relative standard deviation from which on a meter says nothing; ``1`` is taken for a forgotten ``%``."""

LEVELS = ("site", "area", "work centre", "work unit", "equipment")
"""Levels of the works below the enterprise, which is the document itself (IEC 62264-1, ISA-95)."""

STEPPED = ("slope", "step")
"""How a value moves to the next one."""

Choice = TypeVar("Choice", bound=str)

_OF_SPAN = re.compile(r"(.*\S)\s*%\s*FS", re.IGNORECASE)
_COLLECTED_ONLY = {"basis": "dry", "method": "time_mean"}


def quantity(text: str) -> tuple[float, str]:
    """Number and unit of a text; the unit may be a code of UNECE Recommendation 20.

    Raises
    ------
    UnitError
        As ``units.parse`` does.

    Examples
    --------
    >>> quantity("0.5 E18"), quantity("1 %")
    ((0.5, 't/h'), (1.0, '%'))
    """
    try:
        return units.parse(text)
    except UnitError:
        number, _, unit = text.strip().partition(" ")
        try:
            return units.parse(f"{number} {units.coded(unit.strip())}")
        except UnitError:
            pass
        raise


class Row:
    """One row on its way to a tag; collects what is wrong with it.

    Parameters
    ----------
    file
        Name of the file, for the faults.
    line
        Line of the row; ``lines`` may say the line of a cell, by column.
    cells
        Text by column, without blanks around it.
    zone
        Zone of times without one.
    """

    def __init__(
        self, file: str, line: int, cells: Mapping[str, str], zone: ZoneInfo, lines: Mapping[str, int] | None = None
    ) -> None:
        self.file, self.line, self.zone, self.lines = file, line, zone, lines or {}
        self.name, self.kind = cells.get("tag", ""), cells.get("kind", "")
        self.is_collected_only = self.kind in TAG_KINDS and TAG_KINDS[self.kind].is_collected_only
        self.given = {column: text for column, text in cells.items() if text}
        self.cells = {**_COLLECTED_ONLY, **self.given} if self.is_collected_only else self.given
        self.faults: list[Fault] = []

    def read(self) -> Tag | None:
        """The tag, or None where the row does not say which tag it is of what."""
        needed = ("tag", "source", "address", "kind", *(() if self.is_collected_only else ("object", "unit")))
        for column in needed:
            if not self.get(column):
                self.add(column, "nothing", "a text", f"Fill in {column!r}", "missing_key")
        kind = self.chosen("kind", tuple(TAG_KINDS), "unknown_kind")
        basis = self.chosen("basis", BASES, "unknown_choice")
        method = self.chosen("method", METHODS, "unknown_choice")
        unit = self.unit()
        lo, hi = self.limits(unit)
        relative, absolute = self.sigmas(unit, None if lo is None or hi is None else hi - lo)
        maximum = self.sigma("sigma_maximum", unit) if unit else None
        detection = self.detection_limit(unit)
        authority = self.chosen("authority", AUTHORITIES, "unknown_choice") if self.get("authority") else "final"
        shared, lasting = self.shared(), self.lasting(kind)
        path, (scale, offset), max_age = self.path(), self.scaling(), self.max_age()
        stepped = self.chosen("stepped", STEPPED, "unknown_choice") if self.get("stepped") else None
        since, until = self.validity()
        if kind is None or basis is None or method is None or unit is None or authority is None or self.is_unnamed:
            return None  # sigmas and limits may be wrong: other rows still find this one
        return Tag(
            self.name, self.get("source"), self.get("address"), kind, self.get("object"),
            self.get("component") or None, unit, basis, method, relative, absolute, lo, hi,
            self.get("description"), self.line, maximum, detection, authority, shared,
            lasting, path, scale, offset, stepped == "step" if stepped else kind in ("state", "text"),
            max_age, since, until, self.get("note"),
        )  # fmt: skip

    @property
    def is_unnamed(self) -> bool:
        """Whether it lacks a text without which it is no tag."""
        return any(fault.code == "missing_key" for fault in self.faults)

    def get(self, column: str) -> str:
        """The cell of a column; empty where the file has no such column."""
        return self.cells.get(column, "")

    def chosen(self, column: str, known: tuple[Choice, ...], code: str) -> Choice | None:
        """One of the known texts, or None with a fault."""
        found = self.get(column)
        for choice in known:
            if choice == found:
                return choice
        if found or column != "kind":  # an empty kind is already a missing text
            self.add(column, shown(found), f"one of {', '.join(known)}", nearest(found, known), code)
        return None

    def unit(self) -> str | None:
        """The unit if it is known; that it fits the kind of tag is checked where the object is known."""
        unit = self.get("unit")
        if not unit or self.kind == "text":
            if unit:
                self.add("unit", shown(unit), "nothing, for a text has no unit", "Leave it empty", "wrong_unit")
            return "1" if self.is_collected_only else None
        try:
            return units.coded(unit)
        except UnitError as error:
            self.add("unit", shown(unit), "a known unit", f"Correct it: {error}", "wrong_unit")
        return None

    def sigmas(self, unit: str | None, span: float | None) -> tuple[float, float]:
        """Relative and absolute standard deviation; at least one must be above 0 where an account asks for it."""
        relative = self.sigma("sigma_relative", "1")
        absolute = self.sigma("sigma_absolute", unit, span) if unit else None
        if not self.get("sigma_relative") and not self.get("sigma_absolute") and not self.is_collected_only:
            way_out = "Give sigma_relative, such as 1 %, or sigma_absolute in the unit of the tag"
            self.add("sigma_relative", "neither sigma", "a standard deviation", way_out, "missing_sigma")
        return relative or 0.0, absolute or 0.0

    def sigma(self, column: str, unit: str, span: float | None = None) -> float | None:
        """A standard deviation [canonical unit]; None where nothing stands or it cannot be one."""
        text = self.get(column)
        if not text:
            return None
        if column == "sigma_absolute" and (share := _OF_SPAN.fullmatch(text)):
            return self.of_span(share[1], text, span)
        try:
            number, given = quantity(text)
            if not units.same_dimension(given, unit):
                raise UnitError(f"it is {units.dimension(given)}, not {units.dimension(unit)}")
            sigma = number * units.factor_offset(given)[0]
            if math.isinf(sigma):
                raise UnitError("it is too large a number")
        except UnitError as error:
            way_out = f"Give it in {'%' if unit == '1' else unit}: {error}"
            self.add(column, shown(text), "a standard deviation in the unit of the tag", way_out, "wrong_unit")
            return None
        if column == "sigma_relative" and units.to_canonical(number, given) >= MOST_RELATIVE:
            way_out = f"Write {number:g} %" if given == "1" else "Give how far the mean of a period scatters"
            expected = f"a share of the value, below {100 * MOST_RELATIVE:g} %"
            self.add(column, shown(text), expected, way_out, "out_of_range")
        if number <= 0:
            code = "negative" if number < 0 else "out_of_range"
            self.add(column, shown(text), "a standard deviation above 0", "Give how far the meter scatters", code)
        return sigma

    def of_span(self, number: str, text: str, span: float | None) -> float | None:
        """A share of the span from ``lo`` to ``hi`` [canonical unit], as data sheets give it."""
        try:
            share = units.parse(f"{number} %")[0] / 100.0
        except UnitError as error:
            self.add("sigma_absolute", shown(text), "a share of the span", f"Write 0.5 %FS: {error}", "wrong_unit")
            return None
        if span is None or span <= 0.0:
            self.add("sigma_absolute", shown(text), "lo and hi, whose span it is of", "Give lo and hi", "missing_span")
            return None
        if not 0.0 < share < MOST_RELATIVE:
            expected = f"a share above 0 % and below {100 * MOST_RELATIVE:g} %"
            way_out = "Give how far the meter scatters"
            self.add("sigma_absolute", shown(text), expected, way_out, "negative" if share < 0 else "out_of_range")
        return share * span

    def limits(self, unit: str | None) -> tuple[float | None, float | None]:
        """Limits of a possible value, converted with the unit of the tag."""
        lo, hi = self.limit("lo", unit), self.limit("hi", unit)
        if lo is not None and hi is not None and lo >= hi:
            found = f"{self.get('lo')} to {self.get('hi')}"
            self.add("lo", found, "a lower limit below the upper one", "Exchange or correct them", "out_of_range")
        return lo, hi

    def limit(self, column: str, unit: str | None) -> float | None:
        """One end of the range [canonical unit]."""
        text = self.get(column)
        if not text or unit is None:
            return None
        try:
            number, given = quantity(text)
            limit, why = (units.to_canonical(number, unit) if given == "1" else None), ""
        except UnitError as error:
            limit, why = None, f": {error}"
        if limit is None:
            way_out = f"Write a plain number, it counts in the unit of the tag ({unit}){why}"
            self.add(column, shown(text), "a plain number, or nothing", way_out, "wrong_unit")
            return None
        return limit

    def detection_limit(self, unit: str | None) -> float | None:
        """The detection limit, as a plain number in the unit of the tag or with a unit of its own."""
        text = self.get("detection_limit")
        if not text or unit is None:
            return None
        try:
            number, given = quantity(text)
            if given != "1" and not units.same_dimension(given, unit):
                raise UnitError(f"it is {units.dimension(given)}, not {units.dimension(unit)}")
            limit = units.to_canonical(number, unit if given == "1" else given)
            if math.isinf(limit):
                raise UnitError("it is too large a number")
        except UnitError as error:
            way_out = f"Give it in {unit}: {error}"
            self.add("detection_limit", shown(text), "a limit in the unit of the tag", way_out, "wrong_unit")
            return None
        if limit <= 0:
            code = "negative" if limit < 0 else "out_of_range"
            way_out = "Give the smallest value the method can tell from nothing, or leave it empty"
            self.add("detection_limit", shown(text), "a limit above 0", way_out, code)
        return limit

    def shared(self) -> tuple[str, ...]:
        """Names of shared errors, each once."""
        names = tuple(name for part in self.get("shared").split(";") if (name := part.strip()))
        for name in sorted({name for name in names if names.count(name) > 1}):
            self.add("shared", f"{shown(name)} twice", "each shared error once", "Remove one of them", "listed_twice")
        return tuple(dict.fromkeys(names))

    def lasting(self, kind: str | None) -> float:
        """Share of its sigma that lasts the whole account; 0 where nothing is said."""
        text = self.get("sigma_lasting")
        if not text:
            return 0.0
        if kind is not None and not (TAG_KINDS[kind].is_reading or kind == "moisture"):
            expected = f"nothing for kind {kind}, which is not reconciled"
            self.add("sigma_lasting", shown(text), expected, "Leave it empty", "out_of_range")
            return 0.0
        try:
            number, given = quantity(text)
            share = units.to_canonical(number, given)
            if not units.same_dimension(given, "1"):
                raise UnitError(f"it is {units.dimension(given)}, not a share")
        except UnitError as error:
            way_out = f"Give it in %: {error}"
            self.add("sigma_lasting", shown(text), "a share of the tag's sigma", way_out, "wrong_unit")
            return 0.0
        if not 0.0 <= share < 1.0:
            way_out = "Something must be left that differs from period to period; half of the variance is 70.7 %"
            self.add("sigma_lasting", shown(text), "a share from 0 to below 100 %", way_out, "out_of_range")
            return 0.0
        return share

    def path(self) -> tuple[str, ...]:
        """Where the tag hangs in the works, from the site down."""
        text = self.get("path")
        parts = tuple(part.strip() for part in text.split("/")) if text else ()
        if len(parts) > len(LEVELS) or not all(parts):
            way_out = "Write one name a level, joined by /, and leave out what is below the last one"
            self.add("path", shown(text), "/".join(LEVELS), way_out, "wrong_path")
            return ()
        return parts

    def scaling(self) -> tuple[float, float]:
        """Factor and summand from the raw number to the unit."""
        scale, offset = self.plain("scale", 1.0), self.plain("offset", 0.0)
        if scale == 0.0:
            way_out = "Give what one raw count is worth in the unit of the tag"
            self.add("scale", shown(self.get("scale")), "a number other than 0", way_out, "out_of_range")
            scale = 1.0
        if self.kind == "text" and (scale, offset) != (1.0, 0.0):
            self.add(
                "scale", shown(self.get("scale")), "nothing, for a text has no scale", "Leave it empty", "wrong_unit"
            )
        return scale, offset

    def plain(self, column: str, default: float) -> float:
        """A plain number, or the default where nothing stands."""
        text = self.get(column)
        if not text:
            return default
        try:
            number, given = units.parse(text)
        except UnitError:
            number, given = math.nan, "1"
        if given == "1" and math.isfinite(number):
            return number
        way_out = "Write a number with a decimal point; it counts in the unit of the tag"
        self.add(column, shown(text), "a plain number", way_out, "wrong_unit")
        return default

    def max_age(self) -> timedelta | None:
        """How long a value holds; None where nothing is said."""
        text = self.get("max_age")
        if not text:
            return None
        try:
            length = duration(text)
        except WrongValue:
            way_out = "Write number and unit, such as 10 s, 3 min or 2 h"
            self.add("max_age", shown(text), "a time with its unit", way_out, "wrong_unit")
            return None
        if length <= timedelta():
            self.add("max_age", shown(text), "a time above 0", "Write it like 2 h", "out_of_range")
            return None
        return length

    def validity(self) -> tuple[datetime | None, datetime | None]:
        """From when to when the row holds [UTC]."""
        since, until = self.moment("valid_from"), self.moment("valid_to")
        if since is not None and until is not None and since >= until:
            found = f"{self.get('valid_from')} to {self.get('valid_to')}"
            self.add("valid_to", found, "a time after valid_from", "Exchange or correct them", "out_of_range")
            return None, None
        return since, until

    def moment(self, column: str) -> datetime | None:
        """A time in UTC; one without a zone is the site's."""
        text = self.get(column)
        if not text:
            return None
        try:
            moment = datetime.fromisoformat(text)
            return (moment if moment.tzinfo else moment.replace(tzinfo=self.zone)).astimezone(UTC)
        except (ValueError, OverflowError):
            way_out = "Write it like 2026-03-14 08:00, in the site's time, or with an offset"
            self.add(column, shown(text), "a time", way_out, "wrong_time")
            return None

    def add(self, column: str, found: str, expected: str, way_out: str, code: str) -> None:
        """Note a fault of a column."""
        path = ".".join(part for part in (self.name, column) if part)
        line = self.lines.get(column, self.line)
        self.faults.append(Fault(self.file, line, path, found, expected, way_out, code))
