"""A mapping: the few lines that say what the columns of real files are, so that they can be taken into a historian.

``Usage_kWh: {unit: kWh, lo: 0}`` is a meter in kWh that never counts below zero; ``29-36: {unit: "%", held: true}`` are
eight columns of an analyser that holds its value until the next analysis. A quantity of which nobody knows the unit has
``unit: unknown`` and is kept as it came. ``load`` gives the whole mapping or every fault of it, each with its line.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Literal, Self

from ferrolan.base import units
from ferrolan.base.errors import DocumentError, Fault, UnitError
from ferrolan.base.layout import SheetChoice, TextLayout
from ferrolan.base.provenance import hash_bytes
from ferrolan.base.schema import Before, Flag, Model, Name, Number, Text, WrongValue, after, read, shown
from ferrolan.base.spans import duration
from ferrolan.enterprise.sheet import Sheet, compose
from ferrolan.enterprise.text import read_text

UNKNOWN = "unknown"
"""The unit of a quantity of which nobody knows the unit."""

Kind = Literal["text", "workbook", "parquet"]
"""What a file is by the ending of its name; whatever has no ending of its own is a text."""

_KINDS: Mapping[str, Kind] = {
    **dict.fromkeys((".xlsx", ".xlsm", ".xls", ".xlsb", ".ods"), "workbook"), ".parquet": "parquet", ".pq": "parquet",
}  # fmt: skip
_VARIABLE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")
_RANGE = re.compile(r"(\d{1,4})(?:\s*-\s*(\d{1,4}))?")


class Column(Model):
    """What one column is, or every column that a name, a pattern or a range stands for."""

    tag: Text | None = None
    """Name of the tag; the name of the column where none is given."""
    unit: Text | None = None
    """Unit of its numbers in the file; ``unknown`` where nobody knows it: they are then kept as they came."""
    lo: Number | None = None
    """Smallest possible value, in the unit of the column; a value below is uncertain."""
    hi: Number | None = None
    """Largest possible value, in the unit of the column; a value above is uncertain."""
    stale_after: Text | None = None
    """How long a value may stand still, such as ``2 h``; after that it is held, not measured, and uncertain."""
    held: Flag = False
    """Whether every repeated value is held from the one before it, as an analyser does between two analyses."""
    text: Flag = False
    """Whether its values are texts or classes, not numbers."""

    @after
    def _is_a_quantity_or_a_text(self) -> Self:
        if self.text:
            self._refuse_of_a_text()
            return self
        if self.unit is None:
            way_out = "Add its unit, unit: unknown where nobody knows it, or text: true where it is no number"
            raise WrongValue("missing_key", "a unit", way_out, "no 'unit'")
        self._check_unit(self.unit)
        if self.lo is not None and self.hi is not None and self.lo >= self.hi:
            way_out = "Exchange or correct them"
            raise WrongValue(
                "out_of_range", "a lower limit below the upper one", way_out, f"{self.lo} to {self.hi}", ("lo",)
            )
        if self.stale_after is not None and self.limit <= timedelta():
            way_out = "Correct it; held: true takes every repeated value as held"
            raise WrongValue("out_of_range", "a time above 0", way_out, shown(self.stale_after), ("stale_after",))
        return self

    def _refuse_of_a_text(self) -> None:
        for field in ("unit", "lo", "hi", "stale_after"):
            if getattr(self, field) is not None:
                way_out = f"Remove {field!r}, or text: true if it is a number"
                raise WrongValue("wrong_key", "a text without it", way_out, f"{field!r} of a text", (field,))

    def _check_unit(self, unit: str) -> None:
        try:
            unit == UNKNOWN or units.canonical_unit(unit)
        except UnitError as error:
            way_out = f"Correct it, or write unknown: {error}"
            raise WrongValue("wrong_unit", "a known unit, or unknown", way_out, shown(unit), ("unit",)) from error

    @property
    def limit(self) -> timedelta:
        """How long a value may stand still."""
        return duration(self.stale_after) if self.stale_after is not None else timedelta.max


class FileSet(Model):
    """Files of one layout."""

    path: Text
    """File, or a pattern such as ``d*.dat.gz``, relative to the mapping; ``${NAME}`` is an environment variable."""
    transposed: Flag | None = None
    """Whether a line of these files is one quantity; as the mapping says where nothing is said here."""


def _file_sets(raw: object) -> object:
    """Files as a list of file sets, whichever way they are written."""
    many = raw if isinstance(raw, list) else [raw]
    return [{"path": item} if isinstance(item, str) else item for item in many]


class Declaration(TextLayout):
    """The mapping's file."""

    ferrolan: Literal[1]
    """Version of the format."""
    mapping: Name
    """Short name, for files."""
    title: Text
    """What the data are, in a sentence."""
    files: Annotated[tuple[FileSet, ...], Before(_file_sets)]
    """The files: one, a pattern, or a list; a file that two entries name belongs to the first."""
    series: Literal["one", "per_file"] = "one"
    """Whether all files continue one series, or each is a series of its own, its tags named ``file/tag``."""
    sheet: SheetChoice | None = None
    """Which sheet is read, where the files are Excel workbooks."""
    columns: dict[Text, Column]
    """What each column is, by its name, its number, numbers such as ``1-6, 10``, or a pattern with ``*``."""

    @after
    def _names_something(self) -> Self:
        for field in ("files", "columns"):
            if not getattr(self, field):
                raise WrongValue("missing_key", f"at least one of the {field}", "Name one", "none", (field,))
        return self

    @after
    def _has_a_clock(self) -> Self:
        if self.time_zone is None:
            way_out = "Add time_zone, such as Asia/Shanghai, or UTC"
            raise WrongValue("missing_key", "the zone of the times", way_out, "no 'time_zone'")
        return self


@dataclass(frozen=True)
class DataFile:
    """One file of a mapping and whether it is transposed."""

    path: Path
    transposed: bool

    @property
    def kind(self) -> Kind:
        """What it is, by the ending of its name."""
        return _KINDS.get(self.path.suffix.lower(), "text")


@dataclass(frozen=True)
class DataMapping:
    """A loaded mapping: its layout, the files that are there, and its columns by name or pattern in order."""

    name: str
    title: str
    layout: TextLayout
    sheet: SheetChoice | None
    files: tuple[DataFile, ...]
    per_file: bool
    columns: tuple[tuple[str, Column], ...]
    path: Path
    content_hash: str
    lines: Mapping[str, int]

    def entry(self, header: str) -> str | None:
        """The entry of a column of that name: its own, else the first pattern that fits it, else None."""
        own = [name for name, _ in self.columns if name == header]
        return next(iter([*own, *(name for name, _ in self.columns if "*" in name and _fits(name, header))]), None)

    def column(self, header: str) -> Column | None:
        """What a column of that name is, or None where no entry says."""
        entry = self.entry(header)
        return None if entry is None else dict(self.columns)[entry]

    def line(self, header: str) -> int:
        """Line of the entry that says what a column of that name is; 0 where none does."""
        return self.lines.get(self.entry(header) or "", 0)

    @property
    def named(self) -> tuple[str, ...]:
        """Columns that are named and no pattern: each must be there."""
        return tuple(name for name, _ in self.columns if "*" not in name)


def load(path: Path, environment: Mapping[str, str] | None = None) -> DataMapping:
    """Load and check a mapping, and find its files.

    Parameters
    ----------
    path
        The YAML file.
    environment
        Variables that ``${NAME}`` in a path may name; those of the process where none are given.

    Raises
    ------
    DocumentError
        With every fault: where, what was found and expected, the way out.
    """
    path = Path(path)
    content, text = read_text(path)
    sheet, faults = compose(text, str(path))
    if sheet is None:
        raise DocumentError(faults)
    declared, problems = read(Declaration, sheet.data)
    found = [
        *faults,
        *(
            Fault(
                str(path), sheet.line(problem.path) if problem.path else 1, ".".join(map(str, problem.path)),
                problem.found, problem.expected, problem.way_out, problem.code,
            )
            for problem in problems
        ),
    ]  # fmt: skip
    if declared is None:
        raise DocumentError(sorted({*found}))
    columns, column_faults = _expanded(declared.columns, sheet, path)
    files, file_faults = _files(declared, sheet, path, os.environ if environment is None else environment)
    found += [*column_faults, *file_faults, *_series_faults(declared, files, sheet, path)]
    found += _clock_faults(declared, files, path)
    if found:
        raise DocumentError(sorted({*found}))
    return DataMapping(
        declared.mapping, declared.title, declared, declared.sheet, files, declared.series == "per_file", columns, path,
        hash_bytes(content),
        {name: sheet.line(("columns", key)) for key in declared.columns for name in _names(key)},
    )  # fmt: skip


def _expanded(
    declared: Mapping[str, Column], sheet: Sheet, path: Path
) -> tuple[tuple[tuple[str, Column], ...], tuple[Fault, ...]]:
    """Columns with lists and ranges written out; a column that two entries name is a fault."""
    columns: dict[str, Column] = {}
    faults: list[Fault] = []
    for key, column in declared.items():
        faults += _range_faults(key, sheet, path)
        for name in _names(key):
            if name in columns:
                where, line = f"columns.{key}", sheet.line(("columns", key))
                way_out = "Name each column in one entry"
                faults.append(
                    Fault(str(path), line, where, f"{name!r} twice", "each column once", way_out, "duplicate")
                )
            columns.setdefault(name, column if _stands_alone(key) else column.model_copy(update={"tag": None}))
        if column.tag is not None and not _stands_alone(key):
            way_out = "Give each column its own entry, or leave 'tag' out: the tags then have the names of the columns"
            line = sheet.line(("columns", key, "tag"))
            found = f"one tag {column.tag!r} of several columns"
            faults.append(Fault(str(path), line, f"columns.{key}.tag", found, "one column", way_out, "duplicate"))
    return tuple(columns.items()), tuple(faults)


def _range_faults(key: str, sheet: Sheet, path: Path) -> Iterator[Fault]:
    """Ranges that fall, or begin before the first column: they stand for no column at all, or for one that is none."""
    for first, last in _spans(key):
        if first > last or first < min(1, last):
            low, high = sorted((max(first, 1), max(last, 1)))
            way_out = f"Write {low}-{high}; columns are counted from 1"
            line = sheet.line(("columns", key))
            yield Fault(
                str(path), line, f"columns.{key}", f"{first}-{last}", "a range that rises from 1 or more", way_out,
                "out_of_range",
            )  # fmt: skip


def _names(key: str) -> tuple[str, ...]:
    """The columns a key stands for: numbers and ranges of them written out, else the one that is named.

    Examples
    --------
    >>> _names("3-5, 8"), _names("Power, total")
    (('3', '4', '5', '8'), ('Power, total',))
    """
    spans = _spans(key)
    return tuple(str(number) for first, last in spans for number in range(first, last + 1)) if spans else (key,)


def _spans(key: str) -> tuple[tuple[int, int], ...]:
    """First and last of each number or range in a key; none where it is a name."""
    matches = [_RANGE.fullmatch(part.strip()) for part in key.split(",")]
    return tuple((int(match[1]), int(match[2] or match[1])) for match in matches if match) if all(matches) else ()


def _stands_alone(key: str) -> bool:
    return "*" not in key and len(_names(key)) == 1


def _fits(pattern: str, header: str) -> bool:
    return re.fullmatch(".*".join(re.escape(part) for part in pattern.split("*")), header) is not None


def _files(
    declared: Declaration, sheet: Sheet, path: Path, environment: Mapping[str, str]
) -> tuple[tuple[DataFile, ...], tuple[Fault, ...]]:
    """Files of every entry that are there, sorted within an entry; an entry without one is a fault."""
    files: dict[Path, DataFile] = {}
    faults: list[Fault] = []
    for number, item in enumerate(declared.files):
        line = sheet.line(("files", number)) if isinstance(sheet.data["files"], list) else sheet.line(("files",))
        missing = sorted({name for name in _VARIABLE.findall(item.path) if not environment.get(name)})
        if missing:
            faults += [_variable_fault(path, line, name) for name in missing]
            continue
        written = _VARIABLE.sub(lambda match: environment[match[1]], item.path)
        try:
            there = _matching(path.parent / written)
        except (OSError, ValueError) as error:  # a name that is too long, or no pattern
            said = (getattr(error, "strerror", None) or str(error)).lower()
            way_out = "Correct the path; * stands for any part of a file's name"
            faults.append(Fault(str(path), line, "files", f"{written!r}: {said}", "a file", way_out, "no_file"))
            continue
        if not there:
            way_out = "Check the path; a relative one counts from the mapping"
            faults.append(Fault(str(path), line, "files", f"no file {written!r}", "a file", way_out, "no_file"))
        transposed = declared.transposed if item.transposed is None else item.transposed
        for file in there:
            files.setdefault(file, DataFile(file, transposed))
    return tuple(files.values()), tuple(faults)


def _matching(pattern: Path) -> Sequence[Path]:
    if pattern.is_file():
        return [pattern]
    return sorted(file for file in pattern.parent.glob(pattern.name or "*") if file.is_file())


def _variable_fault(path: Path, line: int, name: str) -> Fault:
    way_out = f"Say where the data are: export {name}=/folder/of/the/data"
    return Fault(
        str(path), line, "files", f"${{{name}}}, which is not set", "a variable that is set", way_out, "no_variable"
    )


def _clock_faults(declared: Declaration, files: Sequence[DataFile], path: Path) -> Iterator[Fault]:
    """A text says its times in a format; a workbook and a Parquet file hold real dates."""
    texts = [file.path.name for file in files if file.kind == "text"]
    if declared.time_column is not None and declared.time_format is None and texts:
        way_out = 'Add time_format, such as "%d.%m.%Y %H:%M"'
        expected = f"the format of the time of {texts[0]}"
        yield Fault(str(path), 1, "time_format", "nothing", expected, way_out, "missing_key")


def _series_faults(declared: Declaration, files: Sequence[DataFile], sheet: Sheet, path: Path) -> Iterator[Fault]:
    if declared.start is not None and declared.series == "one" and len(files) > 1:
        way_out = "Declare series: per_file; files without a clock do not say which comes first"
        found = f"{len(files)} files that all start at {declared.start}"
        yield Fault(str(path), sheet.line(("files",)), "series", found, "one file", way_out, "two_clocks")
    stems = [stem(file.path) for file in files]
    doubled = sorted({name for name in stems if stems.count(name) > 1})
    if declared.series == "per_file" and doubled:
        found = f"several files {', '.join(doubled)}"
        way_out = "Rename them: their names begin the names of the tags"
        yield Fault(str(path), sheet.line(("files",)), "files", found, "each name once", way_out, "duplicate")


def stem(path: Path) -> str:
    """Name of a file without its endings.

    Examples
    --------
    >>> stem(Path("data/d00_te.dat.gz"))
    'd00_te'
    """
    return path.name.partition(".")[0] or path.name
