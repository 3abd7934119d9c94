"""A mapping, turned into what the readers and the historian take: tags with their numbers, conversions, limits.

``29-36: {unit: "%", held: true}`` over 44 files of a simulator becomes 352 tags ``d00/29`` to ``d21_te/36``, each a
fraction that is held wherever it repeats. A tag's number is its place: series by series, column by column.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from ferrolan.base import units
from ferrolan.base.errors import Fault, SourceError
from ferrolan.enterprise.mapping import UNKNOWN, Column, DataFile, DataMapping, stem
from ferrolan.historian.ingest import Conversion
from ferrolan.sources.declared import cell_dialect, sheet, text_dialect
from ferrolan.sources.dialect import Dialect
from ferrolan.sources.excel import read_sheet
from ferrolan.sources.files import read_text
from ferrolan.sources.grid import Grid, name_and_unit
from ferrolan.sources.parquet import read_table
from ferrolan.sources.reading import read_grid
from ferrolan.sources.source import Batch, TagAddress


@dataclass(frozen=True)
class MappedTag:
    """One tag of a series: where it stands, and what its column was declared to be."""

    address: TagAddress
    column: Column

    @property
    def unit(self) -> str:
        """Canonical unit of its stored values; ``unknown`` where nobody knows it, empty for a text."""
        declared = self.column.unit or ""
        return declared if declared in ("", UNKNOWN) else units.canonical_unit(declared)

    @property
    def conversion(self) -> Conversion:
        """From the unit in the file to the canonical one, and the range; values of an unknown unit stay as they are."""
        known = self.column.unit not in (None, UNKNOWN)
        factor, offset = units.factor_offset(self.column.unit or "")[:2] if known else (1.0, 0.0)
        lo, hi = (
            default if bound is None else units.to_canonical(bound, self.column.unit or "") if known else bound
            for bound, default in ((self.column.lo, -math.inf), (self.column.hi, math.inf))
        )
        return Conversion(factor, offset, lo, hi)

    @property
    def limit(self) -> timedelta | None:
        """How long its value may stand still; zero where every repeat is held, None where it may stand for ever."""
        if self.column.held:
            return timedelta()
        return self.column.limit if self.column.stale_after is not None else None


@dataclass(frozen=True)
class Reading:
    """One file, read: its number among all files of the mapping, the name the tables give it, what came of it."""

    number: int
    source: str
    file: DataFile
    batch: Batch


@dataclass(frozen=True)
class Series:
    """Files with the same tags, read one after the other."""

    tags: tuple[MappedTag, ...]
    readings: tuple[Reading, ...]

    def numbers(self) -> Mapping[int, Conversion]:
        """Conversion of every tag that is a number."""
        return {tag.address.tag: tag.conversion for tag in self.tags if not tag.address.text}

    def limits(self) -> Mapping[int, timedelta]:
        """Of every tag whose value may not stand for ever, how long it may."""
        return {tag.address.tag: tag.limit for tag in self.tags if tag.limit is not None}


def read_series(mapping: DataMapping) -> Iterator[Series]:
    """Every series of a mapping, read; the faults of all its files are raised together at the end.

    Raises
    ------
    SourceError
        With the faults of every file that is not as it was declared.
    """
    numbered = list(enumerate(mapping.files))
    groups = [[file] for file in numbered] if mapping.per_file else [numbered]
    faults: list[Fault] = []
    first = 1
    for group in groups:
        try:
            series = _series(mapping, group, first)
        except SourceError as error:
            faults += error.faults
            continue
        first += len(series.tags)
        if not faults:
            yield series
    if faults:
        raise SourceError(faults)


def _series(mapping: DataMapping, files: Sequence[tuple[int, DataFile]], first: int) -> Series:
    tags: tuple[MappedTag, ...] = ()
    readings: list[Reading] = []
    faults: list[Fault] = []
    seq = 1
    for number, file in files:
        try:
            tags, batch = _read(mapping, file, first, number, seq)
        except SourceError as error:
            faults += error.faults
            continue
        readings.append(Reading(number, stem(file.path), file, batch))
        seq += batch.report.rows
    if faults:
        raise SourceError(faults)
    return Series(tags, tuple(readings))


def _read(
    mapping: DataMapping, file: DataFile, first: int, number: int, seq: int
) -> tuple[tuple[MappedTag, ...], Batch]:
    """The tags of one file and its batch."""
    grid, cells, content_hash = _opened(mapping, file)
    tags = _tags(mapping, file, grid.header, first)
    addresses = [tag.address for tag in tags]
    return tags, read_grid(grid, cells, addresses, number, stem(file.path), content_hash, first_seq=seq)


def _opened(mapping: DataMapping, file: DataFile) -> tuple[Grid, Dialect, str]:
    """The table of a file, what its cells mean, and its SHA-256: each file is opened once."""
    layout = mapping.layout
    zone = layout.time_zone or "UTC"
    if file.kind == "text":
        text = replace(text_dialect(layout, zone), transposed=file.transposed)
        grid, content_hash = read_text(file.path, text)
        return grid, text, content_hash
    cells = replace(cell_dialect(layout, zone), transposed=file.transposed)
    if file.kind == "parquet":
        return read_table(file.path, cells)
    grid, content_hash = read_sheet(file.path, cells, sheet(mapping.sheet) if mapping.sheet else None)
    return grid, cells, content_hash


def _tags(mapping: DataMapping, file: DataFile, header: Sequence[str], first: int) -> tuple[MappedTag, ...]:
    """The mapped columns of a file in its order; a named one that is not there comes last, for the reader to refuse."""
    named = set(mapping.named)
    found: dict[str, Column] = {}
    for title in header:
        bare = name_and_unit(title)[0]
        name = next((name for name in (title, bare) if name in named), title)
        column = mapping.column(name) or mapping.column(bare)
        if column is not None and title not in ("", mapping.layout.time_column):
            found.setdefault(name, column)
    found |= {name: column for name, column in mapping.columns if name in named and name not in found}
    _check_patterns(mapping, file, found)
    prefix = f"{stem(file.path)}/" if mapping.per_file else ""
    names = {title: f"{prefix}{column.tag or name_and_unit(title)[0]}" for title, column in found.items()}
    _check_names(mapping, names)
    return tuple(
        MappedTag(TagAddress(number, names[title], title, column.unit or "", column.text), column)
        for number, (title, column) in enumerate(found.items(), start=first)
    )


def _check_patterns(mapping: DataMapping, file: DataFile, found: Mapping[str, Column]) -> None:
    """Refuse a pattern that no column of the file fits."""
    used = {id(column) for column in found.values()}
    faults = [
        Fault(
            str(mapping.path), mapping.line(name), f"columns.{name}", f"no such column in {file.path.name}",
            "a column that fits the pattern", "Correct the pattern, or remove it.", "missing_column",
        )
        for name, column in mapping.columns
        if "*" in name and id(column) not in used
    ]  # fmt: skip
    if faults:
        raise SourceError(faults)


def _check_names(mapping: DataMapping, names: Mapping[str, str]) -> None:
    tags = list(names.values())
    faults = [
        Fault(
            str(mapping.path), mapping.line(title), f"columns.{title}", f"a second tag {name!r}",
            "each tag once", "Give one of the columns another 'tag'.", "duplicate_tag",
        )
        for place, (title, name) in enumerate(names.items())
        if name in tags[:place]
    ]  # fmt: skip
    if faults:
        raise SourceError(faults)
