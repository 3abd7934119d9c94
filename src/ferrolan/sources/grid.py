"""A table as texts, whatever file it stood in: the seam between reading a file and understanding it.

A CSV export, a sheet of a workbook and a transposed file of a simulator all become one ``Grid``: names of the columns,
text of every cell, and for every row the line it stands on, so that whatever is found later can be pointed at. What a
text means (times, numbers, units) is decided with the declared dialect in ``ferrolan.sources.reading``.

A reader of another kind of file makes a frame of texts, one row a line that is not blank, and gives it to ``headed``:

- an empty cell is ``""``; nothing is null;
- a number is its shortest ``repr`` (a whole one without ``.0``) with the decimal mark of the dialect;
- a real date is ISO text, and stands as a naive wall-clock time in ``moments`` as well;
- merged cells are filled in by the reader;
- a row that has no place in the table is ``ragged``: its line, what stood there and why.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import polars as pl

from ferrolan.base.errors import Fault
from ferrolan.sources.dialect import Dialect
from ferrolan.sources.source import refusal

Ragged = tuple[int, str, str]
"""Line, what stood there, and why it is no row of the table."""

_BRACKETED = re.compile(
    r"(?P<name>.*\S)\s*(?:[\[［【](?P<square>[^\[\]［］【】]+)[\]］】]"
    r"|[(（](?P<round>(?:[^\[\]()（）［］【】]|[(（][^\[\]()（）［］【】]*[)）])+)[)）])"
)  # fmt: skip


@dataclass(frozen=True)
class Grid:
    """A table of texts with the place of each.

    Parameters
    ----------
    file
        The file, as faults and tables name it; with the sheet, where it has sheets: ``march.xlsx[Assays]``.
    header
        Name of each column (w,), stripped, ``""`` where there is none; ``"1"``, ``"2"``, ... without a header.
    header_line
        Line of the last row of the header, from 1; 0 without one.
    units
        Unit row (w,), ``""`` where it has nothing. A unit within a name, ``Feed [t/h]``, is not repeated here.
    cells
        Texts (n, w) in columns ``"0"`` to ``"w-1"``, none null; not yet stripped.
    lines
        Line of each row (n,), from 1. Of a transposed table, the place of the row's cells within their lines.
    ragged
        Rows that are no part of the table.
    moments
        By position of a column: naive local times (n,), null where the cell holds no date.
    column_lines
        Of a transposed table, the line of each column (w,); else empty.
    nested
        By position of a column that is no column of texts, such as a list: what it holds. It has no ``cells``.
    remarks
        What was found in the file and did not stop the reading.
    """

    file: str
    header: tuple[str, ...]
    header_line: int
    units: tuple[str, ...]
    cells: pl.DataFrame
    lines: tuple[int, ...]
    ragged: tuple[Ragged, ...] = ()
    moments: Mapping[int, pl.Series] = field(default_factory=dict)
    column_lines: tuple[int, ...] = ()
    nested: Mapping[int, str] = field(default_factory=dict)
    remarks: tuple[Fault, ...] = ()

    def column(self, position: int) -> pl.Series:
        """Stripped texts of one column (n,)."""
        return self.cells[str(position)].str.strip_chars()


def headed(
    file: str,
    rows: pl.DataFrame,
    lines: Sequence[int],
    dialect: Dialect,
    ragged: Sequence[Ragged] = (),
    moments: Mapping[int, pl.Series] | None = None,
) -> Grid:
    """Take header and unit row off the rows of a table, and turn a transposed one.

    Parameters
    ----------
    file
        The file, as faults and tables name it.
    rows
        Texts (m, w) of every row that is not blank, header and unit row on top; columns ``"0"`` to ``"w-1"``.
    lines
        Line of each row (m,), from 1.
    dialect
        Says how many rows the header has, whether a unit row follows, and whether the table is transposed.
    ragged
        Rows that were left out.
    moments
        Dates by position of a column (m,).

    Raises
    ------
    SourceError
        If no row of data follows, or a transposed table is ragged.
    """
    column_lines: tuple[int, ...] = ()
    if dialect.transposed:
        _check_transposed(file, ragged)
        rows, column_lines, moments = rows.transpose(), tuple(lines), None
        rows, lines = (
            rows.rename({name: name.removeprefix("column_") for name in rows.columns}),
            range(1, len(rows) + 1),
        )
    top = dialect.header + dialect.unit_row
    if len(rows) <= top:
        line = lines[-1] if len(lines) else 0
        raise refusal(file, line, "", "a header without rows", "rows of data", "Export the file again.", "no_rows")
    return Grid(
        file=file,
        header=_header(rows, dialect.header),
        header_line=lines[dialect.header - 1] if dialect.header else 0,
        units=tuple(text.strip() for text in rows.row(dialect.header)) if dialect.unit_row else ("",) * rows.width,
        cells=rows[top:],
        lines=tuple(lines[top:]),
        ragged=tuple(ragged),
        moments={position: series[top:] for position, series in (moments or {}).items()},
        column_lines=column_lines,
    )


def name_and_unit(header: str) -> tuple[str, str]:
    """Name and unit of a header that states its unit in brackets; the unit is empty where it states none.

    Examples
    --------
    >>> name_and_unit("Feed [t/h]"), name_and_unit("进料量(t/h)"), name_and_unit("pH")
    (('Feed', 't/h'), ('进料量', 't/h'), ('pH', ''))
    """
    match = _BRACKETED.fullmatch(header.strip())
    return (match["name"], (match["square"] or match["round"]).strip()) if match else (header.strip(), "")


def _header(rows: pl.DataFrame, count: int) -> tuple[str, ...]:
    """Names of the columns: the cells of the header's rows joined by a space, or numbers from 1."""
    if not count:
        return tuple(str(number) for number in range(1, rows.width + 1))
    parts = [[text.strip() for text in row] for row in rows[:count].iter_rows()]
    return tuple(" ".join(part for part in column if part) for column in zip(*parts, strict=True))


def _check_transposed(file: str, ragged: Sequence[Ragged]) -> None:
    if ragged:
        line, found, reason = ragged[0]
        raise refusal(
            file, line, "transposed", f'{reason}: "{found}"', "lines of one length, each one quantity",
            "Export the file again, or declare transposed: false.", "wrong_width",
        )  # fmt: skip
