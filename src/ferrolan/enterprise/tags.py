"""The tag map: which column of which source is which quantity of which stream, stock or unit, and how sure it is.

``WT-214`` is the belt scale of the flotation feed: dry tonnes per hour, taken as a time-weighted mean, with a standard
deviation of 1 % over a period. The map is a CSV file with one row a tag, so that it can be kept where tags are kept.
"""

from __future__ import annotations

import csv
import difflib
import io
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, TypeVar

from ferrolan.base import units
from ferrolan.base.errors import Fault, UnitError
from ferrolan.base.schema import nearest, shown

HEADER = (
    "tag", "source", "address", "kind", "object", "component", "unit", "basis", "method", "sigma_relative",
    "sigma_absolute", "lo", "hi", "description",
)  # fmt: skip
"""Columns that every file has, in order."""

OPTIONAL = ("sigma_maximum", "detection_limit", "authority", "shared", "sigma_lasting")
"""Further columns, which a file may have in any order."""

COLUMNS = (*HEADER, *OPTIONAL)
"""Every column of the file."""

_WIDEST = 200  # columns of a header whose names are looked at one by one

Method = Literal["time_mean", "mean", "at_start"]
METHODS: tuple[Method, ...] = ("time_mean", "mean", "at_start")
"""Time-weighted mean over a period, plain mean of its results, or the count at its start."""

MOST_RELATIVE = 0.5
"""Relative standard deviation from which on a meter says nothing; ``1`` is taken for a forgotten ``%``."""

Choice = TypeVar("Choice", bound=str)

Basis = Literal["dry", "wet"]
BASES: tuple[Basis, ...] = ("dry", "wet")

Authority = Literal["estimate", "provisional", "final", "agreed"]
AUTHORITIES: tuple[Authority, ...] = ("estimate", "provisional", "final", "agreed")
"""How far a tag's values are settled, weakest first; of several tags of one quantity the strongest counts."""


@dataclass(frozen=True)
class TagKind:
    """What a kind of tag measures: of which sort of object, in units of which dimension."""

    of: Literal["stream", "stock", "unit", "unit or stream"]
    unit: str
    has_component: bool = False
    is_balanced: bool = False
    is_reading: bool = False


TAG_KINDS: Mapping[str, TagKind] = {
    "flow": TagKind("stream", "t/h", is_balanced=True, is_reading=True),
    "assay": TagKind("stream", "1", has_component=True, is_balanced=True, is_reading=True),
    "moisture": TagKind("stream", "1", is_balanced=True),
    "stock": TagKind("stock", "t", is_balanced=True, is_reading=True),
    "stock_assay": TagKind("stock", "1", has_component=True, is_balanced=True, is_reading=True),
    "power": TagKind("unit", "kW", is_balanced=True),
    "state": TagKind("unit", "1", is_balanced=True),
    "temperature": TagKind("unit or stream", "K", is_reading=True),
    "pressure": TagKind("unit", "kPa"),
    "level": TagKind("unit", "1"),
    "pH": TagKind("unit", "1"),
    "density": TagKind("unit", "t/m3"),
    "acid": TagKind("unit", "kmol/m3"),
    "ratio": TagKind("unit", "1"),
    "gas": TagKind("unit", "1"),
    "size": TagKind("unit", "1"),
}
"""Kinds of tag, those of an account first (``is_balanced``).

What is reconciled (``is_reading``) may have several meters: they are as many readings of it. What is taken as it was
measured, such as a moisture or a power, has one, or several of different authority; ten thermometers are fine.
"""

FORM_UNITS: Mapping[str, Mapping[str, str]] = {
    "liquor": {"flow": "m3/h", "assay": "kg/m3"},
    "heat": {"flow": "GJ/h"},
}
"""Units of a tag by the form of its stream and its kind, where they differ from those of solids and metal."""

LIQUOR_UNITS = FORM_UNITS["liquor"]
"""Units of a tag of a liquor."""


@dataclass(frozen=True)
class Tag:
    """One row of the tag map; sigmas and limits are in canonical units.

    Parameters
    ----------
    tag
        Name of the tag.
    source
        Source of the document it is read from.
    address
        Column header in a CSV source, the keys joined by ``/`` in a database.
    kind
        What it measures, one of the kinds of tag (``TAG_KINDS``).
    object
        Stream, stock or unit.
    component
        Component of an assay; nothing (None) for every other kind.
    unit
        Unit at the source, as written.
    basis
        ``"dry"``, or ``"wet"`` where moisture is still in a flow.
    method
        How a period's value is taken: ``time_mean``, ``mean``, or ``at_start`` for a stock.
    sigma_relative
        Standard deviation of a period's value, relative [1]; 0 where only the absolute one counts.
    sigma_absolute
        Standard deviation of a period's value [canonical unit]; 0 where only the relative one counts.
    lo, hi
        Limits of a possible value, written in the unit of the tag [kept in the canonical unit]; or nothing (None).
    description
        What it is, in words.
    line
        Line in the file.
    sigma_maximum
        Largest standard deviation of a period's value [canonical unit]; without one (None) it grows with the value.
    detection_limit
        Smallest value the method can tell from nothing, written in the unit of the tag [kept in the canonical unit]; a
        result below it is known to be at most the limit. Nothing (None) where there is none.
    authority
        How far its values are settled: ``estimate``, ``provisional``, ``final`` (where nothing is said) or ``agreed``.
        In each period the strongest one that has a value counts; the others are kept beside it.
    shared
        Names of the errors it shares with other tags, from ``account.shared_errors``, joined by ``;``.
    sigma_lasting
        Share of its standard deviation [1] that stays the same over the whole account, as a calibration does; the rest,
        ``sqrt(1 - sigma_lasting^2)`` of it, is drawn anew in every period. 0 where every period errs on its own.
    """

    tag: str
    source: str
    address: str
    kind: str
    object: str
    component: str | None
    unit: str
    basis: Basis
    method: Method
    sigma_relative: float
    sigma_absolute: float
    lo: float | None
    hi: float | None
    description: str
    line: int
    sigma_maximum: float | None = None
    detection_limit: float | None = None
    authority: Authority = "final"
    shared: tuple[str, ...] = ()
    sigma_lasting: float = 0.0

    @property
    def canonical_unit(self) -> str:
        """Canonical unit of its values, sigmas and limits."""
        return units.canonical_unit(self.unit)


def read_tags(text: str, file: str) -> tuple[tuple[Tag, ...], tuple[Fault, ...]]:
    """Read the tag map; what belongs to other parts of the document is checked by ``checks``.

    Parameters
    ----------
    text
        Content of the file.
    file
        Its name, for the faults.

    Returns
    -------
    Every row that can be read, and the faults of the rest.
    """
    rows, faults = _rows(text, file)
    if not rows:
        way_out = f"Begin with {','.join(HEADER)}"
        fault = Fault(file, 0, "", "an empty file", "a header and one row a tag", way_out, "empty")
        return (), (*faults, *(() if faults else (fault,)))
    line, header = rows[0]
    wrong = list(_header_faults(file, line, header))
    if wrong:
        return (), tuple(wrong)
    tags: list[Tag] = []
    for number, cells in rows[1:]:
        row = _Row(file, number, header, cells)
        tag = row.read()
        faults += row.faults
        tags += [tag] if tag is not None else []
    return tuple(tags), tuple(faults)


def _rows(text: str, file: str) -> tuple[list[tuple[int, list[str]]], list[Fault]]:
    """Rows that are not blank, each with the line it begins on; a quotation mark that is not closed ends them."""
    reader = csv.reader(io.StringIO(text.removeprefix("\ufeff"), newline=""), strict=True)
    rows: list[tuple[int, list[str]]] = []
    line, width = 1, 0
    try:
        for cells in reader:
            width = width or len(_without_empty_end(cells))
            if any(cell.strip() for cell in cells):
                rows.append((line, [cell.strip() for cell in _without_empty_end(cells, width)]))
            line = reader.line_num + 1
    except csv.Error as error:
        found = f"a quotation mark that is not closed, or not at the end of its cell ({error})"
        way_out = 'Put a whole cell in quotes, and write "" for a mark inside it; nothing below this line is read'
        return rows, [Fault(file, line, "", found, "one row a line", way_out, "wrong_row")]
    return rows, []


def _without_empty_end(cells: list[str], width: int = 0) -> list[str]:
    """The cells without the empty ones that a spreadsheet adds at the end."""
    end = len(cells)
    while end > width and not cells[end - 1].strip():
        end -= 1
    return cells[:end]


def _header_faults(file: str, line: int, header: Sequence[str]) -> Iterator[Fault]:
    if len(header) > _WIDEST:
        expected, way_out = f"the {len(HEADER)} columns {','.join(HEADER)}", "Remove the others"
        yield Fault(file, line, "", f"{len(header)} columns", expected, way_out, "wrong_header")
        return
    if not set(header) & set(HEADER) and (len(header) < 3 or not _folded(header) & set(HEADER)):
        yield _no_header(file, line, header)
        return
    meant = {name for column in header if column not in COLUMNS for name in _near(column)}
    for column in header:
        if column not in COLUMNS:
            way_out = nearest(column, [name for name in COLUMNS if name not in header] or COLUMNS)
            yield Fault(file, line, "", f"the column {shown(column)}", "a known column", way_out, "wrong_header")
        elif header.count(column) > 1:
            found = f"the column {column!r} twice"
            yield Fault(file, line, "", found, "each column once", "Remove one", "wrong_header")
    for column in HEADER:
        if column not in {*header, *meant}:
            yield Fault(file, line, "", f"no column {column!r}", "every column", f"Add {column!r}", "wrong_header")


def _near(column: str) -> Sequence[str]:
    """The column that an unknown one may stand for, which is then not missing too."""
    return difflib.get_close_matches(column.casefold(), COLUMNS, n=1, cutoff=0.6)


def _folded(header: Sequence[str]) -> set[str]:
    return {column.casefold() for column in header}


def _no_header(file: str, line: int, header: Sequence[str]) -> Fault:
    """What stands where the header should: another separator, a note of a spreadsheet, a comment, a row."""
    text = ",".join(header)
    expected = f"a header with commas: {','.join(HEADER)}"
    for mark, name in ((";", "semicolons"), ("\t", "tabs"), ("|", "bars")):
        if text.count(mark) >= len(HEADER) - 1:
            way_out = "Save the file as CSV with commas; where decimals have commas too, write decimal points"
            return Fault(file, line, "", f"{name} between the cells", expected, way_out, "wrong_header")
    if text.startswith("sep="):
        return Fault(file, line, "", f"a line {shown(text)}", expected, "Remove this line", "wrong_header")
    way_out = "Write the header in the first line; comments have no place in a CSV file"
    return Fault(file, line, "", shown(text), expected, way_out, "wrong_header")


class _Row:
    """One row on its way to a tag; collects what is wrong with it."""

    def __init__(self, file: str, line: int, header: Sequence[str], cells: Sequence[str]) -> None:
        self.file, self.line, self.cells = file, line, dict(zip(header, cells, strict=False))
        self.faults: list[Fault] = []
        self.name = self.cells.get("tag", "")
        if len(header) != len(cells):
            way_out = "Put a text that holds a comma in quotes, and write a decimal point in a number"
            self.add("", f"{len(cells)} cells", f"{len(header)} cells", way_out, "wrong_row")

    def read(self) -> Tag | None:
        """The tag, or None where the row does not say which tag it is of what."""
        if self.faults:
            return None
        for column in ("tag", "source", "address", "kind", "object", "unit"):
            if not self.cells[column]:
                self.add(column, "nothing", "a text", f"Fill in {column!r}", "missing_key")
        kind = self.chosen("kind", tuple(TAG_KINDS), "unknown_kind")
        basis = self.chosen("basis", BASES, "unknown_choice")
        method = self.chosen("method", METHODS, "unknown_choice")
        unit = self.unit()
        relative, absolute = self.sigmas(unit)
        lo, hi = self.limits(unit)
        maximum = self.sigma("sigma_maximum", unit) if unit else None
        detection = self.detection_limit(unit)
        authority = self.chosen("authority", AUTHORITIES, "unknown_choice") if self.get("authority") else "final"
        shared, lasting = self.shared(), self.lasting(kind)
        if kind is None or basis is None or method is None or unit is None or authority is None or self.is_unnamed:
            return None  # sigmas and limits may be wrong: other rows still find this one
        return Tag(
            self.name, self.cells["source"], self.cells["address"], kind, self.cells["object"],
            self.cells["component"] or None, self.cells["unit"], basis, method, relative, absolute, lo, hi,
            self.cells["description"], self.line, maximum, detection, authority, shared,
            lasting,
        )  # fmt: skip

    @property
    def is_unnamed(self) -> bool:
        """Whether it lacks a text without which it is no tag."""
        return any(fault.code == "missing_key" for fault in self.faults)

    def get(self, column: str) -> str:
        """The cell of a column; empty where the file has no such column."""
        return self.cells.get(column, "")

    def chosen(self, column: str, known: tuple[Choice, ...], code: str) -> Choice | None:
        found = self.cells[column]
        for choice in known:
            if choice == found:
                return choice
        if found or column != "kind":  # an empty kind is already a missing text
            self.add(column, shown(found), f"one of {', '.join(known)}", nearest(found, known), code)
        return None

    def unit(self) -> str | None:
        """The unit if it is known; that it fits the kind of tag is checked where the object is known."""
        unit = self.cells["unit"]
        try:
            return units.canonical_unit(unit) and unit if unit else None
        except UnitError as error:
            self.add("unit", shown(unit), "a known unit", f"Correct it: {error}", "wrong_unit")
        return None

    def sigmas(self, unit: str | None) -> tuple[float, float]:
        """Relative and absolute standard deviation; at least one must be above 0."""
        relative = self.sigma("sigma_relative", "1")
        absolute = self.sigma("sigma_absolute", unit) if unit else None
        if not self.cells["sigma_relative"] and not self.cells["sigma_absolute"]:
            way_out = "Give sigma_relative, such as 1 %, or sigma_absolute in the unit of the tag"
            self.add("sigma_relative", "neither sigma", "a standard deviation", way_out, "missing_sigma")
        return relative or 0.0, absolute or 0.0

    def sigma(self, column: str, unit: str) -> float | None:
        text = self.get(column)
        if not text:
            return None
        try:
            number, given = units.parse(text)
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

    def limits(self, unit: str | None) -> tuple[float | None, float | None]:
        """Limits of a possible value, converted with the unit of the tag."""
        lo, hi = self.limit("lo", unit), self.limit("hi", unit)
        if lo is not None and hi is not None and lo >= hi:
            found = f"{self.cells['lo']} to {self.cells['hi']}"
            self.add("lo", found, "a lower limit below the upper one", "Exchange or correct them", "out_of_range")
        return lo, hi

    def limit(self, column: str, unit: str | None) -> float | None:
        text = self.cells[column]
        if not text or unit is None:
            return None
        try:
            number, given = units.parse(text)
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
            number, given = units.parse(text)
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
            number, given = units.parse(text)
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

    def add(self, column: str, found: str, expected: str, way_out: str, code: str) -> None:
        path = ".".join(part for part in (self.name, column) if part)
        self.faults.append(Fault(self.file, self.line, path, found, expected, way_out, code))
