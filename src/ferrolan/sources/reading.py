"""From a table of texts to samples: where a grid, whatever file it came from, is understood as declared.

The columns ``Zeit``, ``FT-101`` and ``FT-102`` are found by name, or by number where there is no header; a unit that
the table states is checked against the one of the tag; then every cell of every row with a time becomes one sample, and
whatever is refused, repaired or odd is kept beside them with its line.
"""

from __future__ import annotations

import difflib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

import polars as pl

from ferrolan.base.errors import Fault, SourceError
from ferrolan.base.status import bad
from ferrolan.base.tables import REJECTED, REPAIRED, SAMPLES, SAMPLES_TEXT
from ferrolan.sources.cells import Cells, number, read_cells, read_texts
from ferrolan.sources.dialect import Dialect, TextDialect, check_dialect
from ferrolan.sources.grid import Grid, name_and_unit
from ferrolan.sources.source import LONGEST, Batch, Discovered, Discovery, ReadReport, TagAddress, bounded
from ferrolan.sources.stated import bare, is_unit, same
from ferrolan.sources.timeline import Timeline, backward, timeline

_SHOWN = 60  # characters of a list of columns an error shows
_TITLES = 10  # rows under the header among which the names are looked for when they are not in it


def read_grid(
    grid: Grid,
    dialect: Dialect,
    tags: Sequence[TagAddress],
    source: int,
    source_name: str,
    content_hash: str,
    *,
    first_seq: int = 1,
) -> Batch:
    """Read the declared columns of a table.

    Parameters
    ----------
    grid
        The table.
    dialect
        What its cells mean.
    tags
        The columns to read; the table may hold others, unless it has no header.
    source, source_name
        Number and name of the source in the document.
    content_hash
        SHA-256 of the file [hex].
    first_seq
        ``seq`` of the first row. Of several files with the same tags, read the later one from the last ``seq`` + 1.

    Returns
    -------
    Samples in the unit of the table, tag by tag in its order; texts; rejected rows and cells; repairs; remarks.

    Raises
    ------
    SourceError
        If a declared column is missing or doubled, states another unit than its tag or holds no number, or if the
        table is not written as declared.

    Notes
    -----
    Of two rows with one time both are kept, and the later counts. Rows whose local time occurs twice or never are
    rejected.
    """
    check_dialect(dialect, grid.file)
    time_position, positions = _locate(grid, dialect, tags)
    _check_units(grid, positions, tags)
    times = timeline(grid, dialect, time_position)
    numeric = [(tag, place) for tag, place in zip(tags, positions, strict=True) if not tag.text]
    cells = read_cells(grid, dialect, times.rows, [place for _, place in numeric], [tag for tag, _ in numeric])
    samples = _samples(cells.numbers, source, first_seq)
    rejected = _rejected(grid, source_name, times, cells)
    remarks = (
        *_unit_remarks(grid, positions, tags),
        *_top_remarks(grid, dialect, times, numeric),
        *times.remarks,
        *cells.remarks,
        *grid.remarks,
    )
    return Batch(
        samples,
        rejected,
        content_hash,
        _report(grid, dialect, times, tags, samples, rejected, remarks),
        _repaired(grid, source_name, times, cells),
        _texts(grid, dialect, times, tags, positions, source, first_seq),
    )


def discover_grid(grid: Grid, dialect: Dialect) -> Discovery:
    """The columns of a table beside its time column, each with the number of rows."""
    names = sorted(set(grid.header) - {"", dialect.time_column})
    return Discovery(tuple(Discovered(name, len(grid.lines)) for name in names))


def holds(grid: Grid, address: str) -> bool:
    """Whether a table has a column of that name, or of that name with a unit in brackets."""
    return bool(_places(grid, address))


def _locate(grid: Grid, dialect: Dialect, tags: Sequence[TagAddress]) -> tuple[int | None, list[int]]:
    """Positions of the time column and of the tags' columns; every column missing or doubled is a fault."""
    if not dialect.header:
        _check_width(grid, dialect, tags)
    time = [("time_column", dialect.time_column)] if dialect.time_column else []
    wanted = [*time, *((tag.name, tag.address) for tag in tags)]
    places = {address: _places(grid, address) for _, address in wanted}
    below = _names_below(grid, dialect, [address for _, address in wanted])
    faults = [
        _column_fault(grid, field, address, [grid.header[place] for place in places[address]], below)
        for field, address in dict.fromkeys(wanted)
        if len(places[address]) != 1
    ]
    if faults:
        raise SourceError(faults)
    found = [places[address][0] for _, address in wanted]
    _check_nested(grid, dict(zip(found, (field for field, _ in wanted), strict=True)))
    return (found[0] if time else None), found[len(time) :]


def _check_nested(grid: Grid, wanted: Mapping[int, str]) -> None:
    """Refuse wanted columns of lists or structures; those that nobody wants do no harm."""
    faults = [
        Fault(
            grid.file, 0, field, f"a column of {grid.nested[place]}", "numbers, texts or times",
            "Export one column a quantity.", "nested_column",
        )
        for place, field in wanted.items()
        if place in grid.nested
    ]  # fmt: skip
    if faults:
        raise SourceError(faults)


def _places(grid: Grid, address: str) -> list[int]:
    """Positions of the columns of that name, or else of that name with a unit in brackets."""
    exact = [place for place, name in enumerate(grid.header) if name == address]
    return exact or [place for place, name in enumerate(grid.header) if name_and_unit(name)[0] == address]


def _check_width(grid: Grid, dialect: Dialect, tags: Sequence[TagAddress]) -> None:
    """Refuse a table without header that has another number of columns: nothing else would show it."""
    numbers = [int(name) for name in (dialect.time_column, *(tag.address for tag in tags)) if name.isdecimal()]
    width, last = len(grid.header), max(numbers, default=0)
    if width == last:
        return
    turned = "false" if dialect.transposed else "true"
    hint = f" It has {last} rows: declare transposed: {turned}." if len(grid.lines) == last else ""
    fault = Fault(
        grid.file, grid.lines[0], "columns", f"{width} columns", f"{last} columns, the highest number that is mapped",
        f"Without a header every column must be mapped: correct the numbers.{hint}", "wrong_width",
    )  # fmt: skip
    raise SourceError([fault])


def _names_below(grid: Grid, dialect: Dialect, wanted: Sequence[str]) -> str:
    """Where the wanted names stand, if they stand in a row that was taken for data: a title is above them."""
    if not grid.header_line or dialect.transposed or set(wanted) <= set(grid.header):
        return ""
    texts = grid.cells.head(_TITLES)
    for line, row in zip(grid.lines, texts.iter_rows(), strict=False):
        held = {name for text in row for name in (text.strip(), name_and_unit(text)[0])}
        if set(wanted) <= held:
            is_text = isinstance(dialect, TextDialect)
            way_out = "export without the lines above it" if is_text else f"declare sheet: {{first_row: {line}}}"
            return f" The names stand on line {line}: {way_out}."
    return ""


def _column_fault(grid: Grid, field: str, address: str, found: Sequence[str], below: str) -> Fault:
    line = max(grid.header_line, 1)
    if found:
        names = ", ".join(f'"{name}"' for name, _ in Counter(found).most_common())
        return Fault(
            grid.file, line, field, f"{len(found)} columns {names}", f'one column "{address}"',
            "Rename one of them in the export.", "duplicate_column",
        )  # fmt: skip
    near = difflib.get_close_matches(address, grid.header, n=1)
    hint = f' Did you mean "{near[0]}"?' if near else ""
    held = ", ".join(name for name in grid.header if name)
    held = held if len(held) <= _SHOWN else held[:_SHOWN] + "..."
    return Fault(
        grid.file, line, field, f"the columns {held}", f'a column "{address}"',
        f"Export that column, or correct the address or the encoding.{hint}{below}", "missing_column",
    )  # fmt: skip


def _check_units(grid: Grid, positions: Sequence[int], tags: Sequence[TagAddress]) -> None:
    """Refuse every column that states a known unit other than that of its tag."""
    faults = [
        Fault(
            grid.file, max(grid.header_line, 1), tag.name, f'the unit "{stated}" in the file', f'the unit "{tag.unit}"',
            f'Declare the unit "{stated}" for this tag, or correct the export.', "other_unit",
        )
        for tag, place in zip(tags, positions, strict=True)
        if tag.unit and is_unit(stated := _stated_unit(grid, place)) and not same(stated, tag.unit)
    ]  # fmt: skip
    if faults:
        raise SourceError(faults)


def _unit_remarks(grid: Grid, positions: Sequence[int], tags: Sequence[TagAddress]) -> Iterator[Fault]:
    """Say so where a column states what no registry knows: it may be another unit, or no unit at all."""
    for tag, place in zip(tags, positions, strict=True):
        stated = _stated_unit(grid, place)
        if stated and _is_declared(tag) and not is_unit(stated) and not same(stated, tag.unit):
            yield Fault(
                grid.file, max(grid.header_line, 1), tag.name,
                f"header says [{bounded(stated)}], which is not known here", f'the unit "{tag.unit}"',
                f"Taken as {tag.unit}: check it.", "unread_unit",
            )  # fmt: skip


def _is_declared(tag: TagAddress) -> bool:
    """Whether somebody says what the unit is; a text has none, and that of some columns nobody knows."""
    return not tag.text and is_unit(tag.unit)


def _stated_unit(grid: Grid, place: int) -> str:
    """What stands in the unit row, or in brackets in the header."""
    return bare(grid.units[place]) or bare(name_and_unit(grid.header[place])[1])


def _top_remarks(
    grid: Grid, dialect: Dialect, times: Timeline, numeric: Sequence[tuple[TagAddress, int]]
) -> Iterator[Fault]:
    """Say so when the first row under the header is a row of units or a second row of the header."""
    refused = set(times.refused["line"])
    if not dialect.header or not grid.lines or grid.lines[0] not in refused or not numeric:
        return
    first = [grid.column(place)[0] for _, place in numeric]
    if number(pl.Series(first, dtype=pl.String), dialect.decimal).count():
        return
    line, shown = grid.lines[0], ", ".join(text for text in first[:3] if text)
    if any(is_unit(bare(text)) for text in first):
        way_out = "Declare unit_row: true; the units are then checked against those of the tags."
        yield Fault(grid.file, line, "unit_row", f"a row of units ({shown})", "a row of data", way_out, "unit_row")
    else:
        way_out = f"Declare header: {dialect.header + 1}; the names of both rows are then joined by a space."
        yield Fault(
            grid.file, line, "header", f"a second row of names ({shown})", "a row of data", way_out, "header_row"
        )


def _samples(cells: pl.DataFrame, source: int, first_seq: int) -> pl.DataFrame:
    return SAMPLES.check(
        cells.select(
            "tag",
            "time",
            "value",
            "status",
            raw=pl.lit(None, dtype=pl.Float64),
            seq=pl.col("row").cast(pl.Int64) + first_seq,
            source=pl.lit(source, dtype=pl.Int16),
        )
    )


def _texts(
    grid: Grid,
    dialect: Dialect,
    times: Timeline,
    tags: Sequence[TagAddress],
    positions: Sequence[int],
    source: int,
    first_seq: int,
) -> pl.DataFrame:
    parts = [
        read_texts(grid, times.rows, place, dialect.bad_texts).with_columns(tag=pl.lit(tag.tag, dtype=pl.Int32))
        for tag, place in zip(tags, positions, strict=True)
        if tag.text
    ]
    if not parts:
        return SAMPLES_TEXT.empty()
    return SAMPLES_TEXT.check(
        pl.concat(parts).select(
            "tag",
            "time",
            "text",
            "status",
            seq=pl.col("row").cast(pl.Int64) + first_seq,
            source=pl.lit(source, dtype=pl.Int16),
        )
    )


def _rejected(grid: Grid, source_name: str, times: Timeline, cells: Cells) -> pl.DataFrame:
    schema = {"line": pl.Int64, "found": pl.String, "reason": pl.String}
    ragged = pl.DataFrame(list(grid.ragged), schema=schema, orient="row")
    whole = pl.concat([ragged, times.refused]).with_columns(tag=pl.lit(None, dtype=pl.String))
    return REJECTED.check(_addressed(grid, source_name, [whole, cells.rejected]))


def _repaired(grid: Grid, source_name: str, times: Timeline, cells: Cells) -> pl.DataFrame:
    whole = times.repaired.with_columns(tag=pl.lit(None, dtype=pl.String))
    return REPAIRED.check(_addressed(grid, source_name, [whole, cells.repaired]))


def _addressed(grid: Grid, source_name: str, parts: Sequence[pl.DataFrame]) -> pl.DataFrame:
    return (
        pl.concat(parts)
        .with_columns(source=pl.lit(source_name), file=pl.lit(grid.file), found=_bounded(pl.col("found")))
        .sort("line", "tag", nulls_last=False, maintain_order=True)
    )


def _bounded(found: pl.Expr) -> pl.Expr:
    """A text of the table, cut where it is too long to be shown."""
    long = found.str.len_chars() > LONGEST
    return pl.when(long).then(found.str.head(LONGEST) + "...").otherwise(found)


def _report(
    grid: Grid,
    dialect: Dialect,
    times: Timeline,
    tags: Sequence[TagAddress],
    samples: pl.DataFrame,
    rejected: pl.DataFrame,
    remarks: tuple[Fault, ...],
) -> ReadReport:
    taken = {place for tag in tags for place in _places(grid, tag.address)}
    others = sorted({name for place, name in enumerate(grid.header) if place not in taken} - {"", dialect.time_column})
    time = pl.col("time")
    return ReadReport(
        rows=len(grid.lines) + len(grid.ragged),
        samples=samples.height,
        bad=samples.filter(bad(pl.col("status"))).height,
        rejected_rows=rejected["tag"].null_count(),
        rejected_cells=rejected["tag"].count(),
        repeated_lines=tuple(times.rows.filter(~time.is_first_distinct())["line"]),
        backward_lines=tuple(times.rows.filter(backward(time))["line"]),
        undeclared=tuple(Discovered(name, len(grid.lines)) for name in others),
        silent=(),
        remarks=remarks,
    )
