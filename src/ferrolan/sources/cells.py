"""From the text of a cell to a value and a status, and what is said about the cells that are odd.

``412,5`` is a number, ``I/O Timeout`` a bad value with its status, ``04.03`` a number a spreadsheet may have taken for
the fourth of March: it is taken as Uncertain and listed. Of a tag with a detection limit ``<0.01`` is a result below
it: the limit is taken, with a status that says *at most*, and listed. ``41x`` means nothing: it is rejected with its
line and leaves a Bad sample. One bad cell never stops the others; a column without a single number was declared
wrongly and does.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from ferrolan.base.errors import Fault, SourceError
from ferrolan.base.status import AT_MOST, StatusCode
from ferrolan.sources.badness import statuses
from ferrolan.sources.dialect import Dialect
from ferrolan.sources.grid import Grid
from ferrolan.sources.source import TagAddress, bounded, counted, refusal

_MOST = 0.5  # share of refused cells above which the declaration is wrong, and not the cells
_MEANINGLESS = int(StatusCode.BAD_TYPE_MISMATCH)  # status of a cell that is neither number nor declared bad text
_LEADING_ZERO = r"^[+-]?0[0-9]"
_LIMIT = r"^<=?\s*([^\s<=+-].*)$"  # a result below the detection limit; no sign, for a limit is above zero
_NO_CELLS = {
    "found": pl.lit("", dtype=pl.String),
    "tag": pl.lit(0, dtype=pl.Int32),
    "value": pl.lit(0.0),
    "status": pl.lit(0, dtype=pl.Int64),
}
_GROUPS = {  # digits grouped by another mark than the decimal one; some of them could be fractions of three digits
    mark: rf"^[+-]?[1-9][0-9]{{0,2}}(?:\{other}[0-9]{{3}}(?:\{other}[0-9]{{3}})+|\{other}[0-9]{{3}}\{mark}[0-9]+"
    rf"|(?:\{other}[0-9]{{3}}){{2,}}\{mark}[0-9]+|(?:['’ \u00a0\u2009\u202f][0-9]{{3}})+(?:\{mark}[0-9]+)?)$"
    for mark, other in ((".", ","), (",", "."))
}
_MAYBE_GROUPED = {mark: rf"^[+-]?[1-9][0-9]{{0,2}}\{other}[0-9]{{3}}$" for mark, other in ((".", ","), (",", "."))}
_FEWEST = 2  # numbers in a row before all of them being zero means anything
_EXAMPLES = 3  # texts a fault shows


@dataclass(frozen=True)
class Cells:
    """What the cells of the tags' columns say.

    Parameters
    ----------
    numbers
        One row a cell, tag by tag in the order of the table: row, line, time, found, tag, value, status.
    rejected
        Cells that were not taken: line, found, reason, tag.
    repaired
        Cells and rows that were taken with less trust: line, found, taken, reason, tag.
    remarks
        What was found and did not stop the reading.
    """

    numbers: pl.DataFrame
    rejected: pl.DataFrame
    repaired: pl.DataFrame
    remarks: tuple[Fault, ...]


def read_cells(
    grid: Grid, dialect: Dialect, rows: pl.DataFrame, positions: Sequence[int], tags: Sequence[TagAddress]
) -> Cells:
    """Values and statuses of the numeric tags.

    Parameters
    ----------
    grid
        The table.
    dialect
        How its numbers are written.
    rows
        Its rows with a time: row, line, time.
    positions
        Column of each tag (k,).
    tags
        The tags (k,), none of them a text.

    Raises
    ------
    SourceError
        If most numbers have the other decimal mark, or the columns of some tags hold no number at all.
    """
    cells = _cells(grid, dialect, rows, positions, tags)
    names = {tag.tag: tag.name for tag in tags}
    _check_grouped(grid, dialect, cells, tags)
    _check_decimal(grid, dialect, cells, tags)
    _check_columns(grid, dialect, cells, tags)
    padded = _padded(cells, dialect)
    cells = _with_padded(cells, padded, dialect)
    zero = _zero_rows(cells, len(tags)) if dialect.zero_rows == "flag" else cells.clear()
    cells = _uncertain(cells, pl.col("row").is_in(zero["row"].implode())) if zero.height else cells
    return Cells(
        cells,
        _rejected(grid, dialect, cells, names, positions),
        pl.concat([_doubtful(padded, dialect, names), _zeros(zero), _limits(cells, names)]),
        (
            *_padded_remark(grid, padded, names),
            *_zero_remark(grid, zero),
            *_mixed_remarks(grid, dialect, cells, names),
            *_grouped_remarks(grid, dialect, cells, names),
        ),
    )


def read_texts(grid: Grid, rows: pl.DataFrame, position: int, bad_texts: Sequence[str]) -> pl.DataFrame:
    """Texts of one column, one row a cell (row, time, text, status); a declared bad text is null with its status."""
    found = pl.DataFrame({"text": grid.column(position)})[rows["row"]]["text"]
    code = statuses(bad_texts)
    status = found.str.to_lowercase().replace_strict(code, default=int(StatusCode.GOOD), return_dtype=pl.Int64)
    return rows.select("row", "time").with_columns(
        text=pl.when(status == int(StatusCode.GOOD)).then(found), status=status
    )


def number(text: pl.Series, decimal: str) -> pl.Series:
    """Numbers written with a decimal mark, null where there is none; no mark between thousands is taken."""
    if decimal == ",":
        text = text.set(text.str.contains(".", literal=True), "").str.replace(",", ".", literal=True)
    value = text.cast(pl.Float64, strict=False)
    return value.set(~value.is_finite(), None).alias("value")


def _cells(
    grid: Grid, dialect: Dialect, rows: pl.DataFrame, positions: Sequence[int], tags: Sequence[TagAddress]
) -> pl.DataFrame:
    if not tags:
        return rows.clear().with_columns(**_NO_CELLS)
    text = grid.cells.select(pl.col(str(p)).str.strip_chars().alias(str(k)) for k, p in enumerate(positions))
    text = text if rows.height == text.height else text[rows["row"]]
    found = text.unpivot(value_name="found")["found"].cast(pl.String)
    cells = pl.concat([rows.clear(), *[rows] * len(tags)]).with_columns(
        found,
        tag=pl.Series(np.repeat(np.array([tag.tag for tag in tags], dtype=np.int32), rows.height)),
        value=number(found, dialect.decimal),
    )
    cells = cells.with_columns(limit=_limit(found, dialect.decimal))
    code = statuses(dialect.bad_texts)
    missing = pl.col("found").str.to_lowercase().replace_strict(code, default=_MEANINGLESS, return_dtype=pl.Int64)
    status = pl.when(pl.col("value").is_not_null()).then(pl.lit(int(StatusCode.GOOD))).otherwise(missing)
    limited = pl.col("tag").is_in([tag.tag for tag in tags if tag.limits])
    is_limit = limited & pl.col("limit").is_not_null() & (status == _MEANINGLESS)  # a declared bad text goes before
    return cells.with_columns(
        value=pl.when(is_limit).then("limit").otherwise("value"),
        status=pl.when(is_limit).then(pl.lit(AT_MOST)).otherwise(status),
    ).drop("limit")


def _limit(found: pl.Series, decimal: str) -> pl.Series:
    """The limits of results such as ``<0,01``, null where a text is none (n,)."""
    return number(found.str.extract(_LIMIT), decimal)


def _other(mark: str) -> str:
    return "," if mark == "." else "."


def _refused(cells: pl.DataFrame) -> pl.DataFrame:
    return cells.filter(pl.col("status") == _MEANINGLESS)


def _grouped(found: pl.Series, decimal: str) -> pl.Series:
    """Whether texts are numbers with a mark between thousands: 1.234,5 and 1,234.5, 1 234,5, 1'234.5 (n,).

    A text such as 1.234 may be a number with the other decimal mark as well; it counts as grouped where all that could
    be such numbers look so.
    """
    sure = found.str.contains(_GROUPS["."]) | found.str.contains(_GROUPS[","])
    maybe = found.str.contains(_MAYBE_GROUPED[decimal])
    foreign = number(found, _other(decimal)).is_not_null()
    return sure | (maybe if bool(maybe.any()) and bool((maybe | ~foreign).all()) else sure)


def _check_grouped(grid: Grid, dialect: Dialect, cells: pl.DataFrame, tags: Sequence[TagAddress]) -> None:
    """Refuse the file where most numbers have a mark between thousands."""
    refused = _refused(cells)
    grouped = refused.filter(_grouped(refused["found"], dialect.decimal))
    if grouped.height <= _MOST * (cells["value"].count() + refused.height):
        return
    first = grouped.sort("line", maintain_order=True).row(0, named=True)
    address = next(tag.address for tag in tags if tag.tag == first["tag"])
    raise refusal(
        grid.file, first["line"], address, f'"{bounded(first["found"])}"', "numbers without a mark between thousands",
        _way_out_of_groups(grouped["found"], dialect.decimal), "thousands_mark",
    )  # fmt: skip


def _way_out_of_groups(grouped: pl.Series, decimal: str) -> str:
    """What to do, and which decimal mark the numbers then have."""
    other = _other(decimal)
    if grouped.str.contains(_MAYBE_GROUPED[decimal]).all():
        return f'Export without thousands mark; if "{other}" is the decimal mark, declare decimal: "{other}".'
    foreign = grouped.str.contains(rf"\{other}[0-9]*$") & grouped.str.contains(_GROUPS[other])
    turned = bool((foreign & ~grouped.str.contains(_GROUPS[decimal])).any())
    return "Export without thousands mark" + (f', and declare decimal: "{other}".' if turned else ".")


def _check_decimal(grid: Grid, dialect: Dialect, cells: pl.DataFrame, tags: Sequence[TagAddress]) -> None:
    """Refuse the file where most numbers are written with the other decimal mark."""
    refused = _refused(cells)
    foreign = refused.filter(number(refused["found"], _other(dialect.decimal)).is_not_null())
    if foreign.height <= _MOST * (cells["value"].count() + refused.height):
        return
    first = foreign.sort("line", maintain_order=True).row(0, named=True)
    address = next(tag.address for tag in tags if tag.tag == first["tag"])
    raise refusal(
        grid.file, first["line"], address, f'"{bounded(first["found"])}"',
        f'numbers with the decimal mark "{dialect.decimal}"',
        f'Declare the decimal mark "{_other(dialect.decimal)}" if the file is written so.', "wrong_decimal",
    )  # fmt: skip


def _check_columns(grid: Grid, dialect: Dialect, cells: pl.DataFrame, tags: Sequence[TagAddress]) -> None:
    """Refuse tags in whose columns stand texts and not one number, all of them at once."""
    refused = _refused(cells)
    if refused.is_empty():
        return
    numbers = set(cells.filter(pl.col("value").is_not_null())["tag"].unique())
    empty = [tag for tag in tags if tag.tag not in numbers]
    held = {tag.tag: refused.filter(pl.col("tag") == tag.tag) for tag in empty}
    faults = [_column_fault(grid, dialect, tag, held[tag.tag]) for tag in empty if held[tag.tag].height > 1]
    if faults:
        raise SourceError(faults)


def _column_fault(grid: Grid, dialect: Dialect, tag: TagAddress, refused: pl.DataFrame) -> Fault:
    line = int(refused["line"][0])
    texts = refused["found"].unique(maintain_order=True)
    shown = ", ".join(f'"{bounded(text)}"' for text in texts[:_EXAMPLES])
    more = f" and {len(texts) - _EXAMPLES} other texts" if len(texts) > _EXAMPLES else ""
    if _grouped(texts, dialect.decimal).sum() > _MOST * len(texts):
        way_out = _way_out_of_groups(texts.filter(_grouped(texts, dialect.decimal)), dialect.decimal)
        return Fault(grid.file, line, tag.name, shown + more, "numbers", way_out, "thousands_mark")
    if number(texts, _other(dialect.decimal)).count() > _MOST * len(texts):
        way_out = f'Export this column with the decimal mark "{dialect.decimal}", as the others.'
        return Fault(grid.file, line, tag.name, shown + more, "numbers", way_out, "wrong_decimal")
    way_out = (
        "Declare text: true if the tag is a class, or list these texts under bad_texts if they stand for no value."
    )
    return Fault(grid.file, line, tag.name, f"no number but {shown}{more}", "numbers", way_out, "text_column")


def _padded(cells: pl.DataFrame, dialect: Dialect) -> pl.DataFrame:
    """Numbers with a zero before another digit, unless they are taken as they are."""
    if dialect.leading_zeros == "take":
        return cells.clear()
    return cells.filter(pl.col("value").is_not_null() & pl.col("found").str.contains(_LEADING_ZERO))


def _with_padded(cells: pl.DataFrame, padded: pl.DataFrame, dialect: Dialect) -> pl.DataFrame:
    if padded.is_empty():
        return cells
    odd = pl.col("value").is_not_null() & pl.col("found").str.contains(_LEADING_ZERO)
    if dialect.leading_zeros == "flag":
        return _uncertain(cells, odd)
    return cells.with_columns(
        status=pl.when(odd).then(pl.lit(_MEANINGLESS)).otherwise("status"),
        value=pl.when(~odd).then("value"),
    )


def _uncertain(cells: pl.DataFrame, odd: pl.Expr) -> pl.DataFrame:
    is_good = pl.col("status") == int(StatusCode.GOOD)
    return cells.with_columns(status=pl.when(odd & is_good).then(pl.lit(int(StatusCode.UNCERTAIN))).otherwise("status"))


def _zero_rows(cells: pl.DataFrame, tags: int) -> pl.DataFrame:
    """Rows in which every number of every tag is zero: row, line, count."""
    if tags < _FEWEST or cells.is_empty():
        return cells.clear()
    count = cells.height // tags
    values = cells["value"].to_numpy().reshape(tags, count)
    return cells[:count].filter(pl.Series((values == 0.0).all(axis=0))).with_columns(count=pl.lit(tags))


def _rejected(
    grid: Grid, dialect: Dialect, cells: pl.DataFrame, names: dict[int, str], positions: Sequence[int]
) -> pl.DataFrame:
    refused = _refused(cells)
    mark = _other(dialect.decimal)
    foreign = number(refused["found"], mark).is_not_null()
    date = refused["found"].str.contains(r"^\d{4}-\d\d-\d\d( \d\d:\d\d:\d\d)?$")
    reason = (
        pl.when(pl.col("found").str.contains(_LEADING_ZERO) & number(refused["found"], dialect.decimal).is_not_null())
        .then(pl.lit("a zero before the number, and leading_zeros: refuse is declared"))
        .when(_grouped(refused["found"], dialect.decimal) & ~foreign)
        .then(pl.lit(f'not a number with the decimal mark "{dialect.decimal}": export without thousands mark'))
        .when(foreign)
        .then(pl.lit(f'not a number with the decimal mark "{dialect.decimal}": it has the other mark "{mark}"'))
        .when(date)
        .then(pl.lit("a date where a number is expected"))
        .otherwise(pl.lit(f'not a number with the decimal mark "{dialect.decimal}", nor a declared bad text'))
    )
    return _placed(grid, refused, names, positions).select("line", "found", reason=reason, tag="tag")


def _placed(grid: Grid, refused: pl.DataFrame, names: dict[int, str], positions: Sequence[int]) -> pl.DataFrame:
    """Refused cells with the names of their tags; of a transposed table on the line of their column."""
    if grid.column_lines:
        lines = {tag: grid.column_lines[position] for tag, position in zip(names, positions, strict=True)}
        refused = refused.with_columns(line=pl.col("tag").replace_strict(lines, return_dtype=pl.Int64))
    return refused.with_columns(tag=pl.col("tag").replace_strict(names, default=None, return_dtype=pl.String))


def _doubtful(padded: pl.DataFrame, dialect: Dialect, names: dict[int, str]) -> pl.DataFrame:
    """Odd cells as rows of repairs: line, found, taken, reason, tag."""
    kept = padded if dialect.leading_zeros == "flag" else padded.clear()
    return kept.select(
        "line",
        "found",
        taken=pl.format("{}, uncertain", pl.col("value")),
        reason=pl.lit("a zero before the number: a spreadsheet may have taken it for a date"),
        tag=pl.col("tag").replace_strict(names, default=None, return_dtype=pl.String),
    )


def _zeros(zero: pl.DataFrame) -> pl.DataFrame:
    return zero.select(
        "line",
        found=pl.lit("zero in every column of the row"),
        taken=pl.lit("0, uncertain"),
        reason=pl.lit("an outage, or missing values written as zero: the file does not say"),
        tag=pl.lit(None, dtype=pl.String),
    )


def _limits(cells: pl.DataFrame, names: dict[int, str]) -> pl.DataFrame:
    """Results below the detection limit as rows of repairs."""
    return cells.filter(pl.col("status") == AT_MOST).select(
        "line",
        "found",
        taken=pl.format("at most {}", pl.col("value")),
        reason=pl.lit("a result below the detection limit: the limit is kept, not a value"),
        tag=pl.col("tag").replace_strict(names, default=None, return_dtype=pl.String),
    )


def _padded_remark(grid: Grid, padded: pl.DataFrame, names: dict[int, str]) -> Iterator[Fault]:
    counts = padded.group_by("tag", maintain_order=True).agg(pl.len(), pl.first("line"), pl.first("found"))
    for tag, count, line, found in counts.iter_rows():
        yield Fault(
            grid.file, line, names[tag],
            f'{counted(count, "cell")} with a zero before the number, the first "{bounded(found)}"',
            "numbers as a meter writes them",
            "A spreadsheet may have taken numbers for dates: export from the meter's system, or declare "
            "leading_zeros: take if the meter writes so.", "leading_zero",
        )  # fmt: skip


def _zero_remark(grid: Grid, zero: pl.DataFrame) -> Iterator[Fault]:
    if not zero.is_empty():
        yield Fault(
            grid.file, int(zero["line"][0]), "", f"{counted(zero.height, 'row')} in which every number is zero",
            "a number that is not zero",
            "Ask whether the plant stood or the values are missing; declare zero_rows: take if it stood.", "zero_row",
        )  # fmt: skip


def _mixed_remarks(grid: Grid, dialect: Dialect, cells: pl.DataFrame, names: dict[int, str]) -> Iterator[Fault]:
    refused = _refused(cells)
    foreign = refused.filter(number(refused["found"], _other(dialect.decimal)).is_not_null())
    counts = foreign.group_by("tag", maintain_order=True).agg(pl.len(), pl.first("line"), pl.first("found"))
    for tag, count, line, found in counts.iter_rows():
        yield Fault(
            grid.file, line, names[tag],
            f'{counted(count, "cell")} with the other decimal mark, the first "{bounded(found)}"',
            f'the decimal mark "{dialect.decimal}" in the whole column',
            "Export the column again with one decimal mark; these cells are rejected.", "mixed_decimals",
        )  # fmt: skip


def _grouped_remarks(grid: Grid, dialect: Dialect, cells: pl.DataFrame, names: dict[int, str]) -> Iterator[Fault]:
    refused = _refused(cells)
    foreign = number(refused["found"], _other(dialect.decimal)).is_not_null()
    grouped = refused.filter(_grouped(refused["found"], dialect.decimal) & ~foreign)
    counts = grouped.group_by("tag", maintain_order=True).agg(pl.len(), pl.first("line"), pl.first("found"))
    for tag, count, line, found in counts.iter_rows():
        yield Fault(
            grid.file, line, names[tag],
            f'{counted(count, "cell")} with a mark between thousands, the first "{bounded(found)}"',
            "numbers without a mark between thousands",
            "Export without thousands mark; these cells, the largest of the column, are rejected.", "thousands_mark",
        )  # fmt: skip
