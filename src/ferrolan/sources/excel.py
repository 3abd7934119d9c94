"""A sheet of an Excel workbook, cell by cell as it was saved; what a program would have to guess is asked for.

A laboratory's ``month.xlsx`` has the names in row 1, merged over the units in row 2, real dates in column A and
``#N/A`` where the titration failed. Every cell becomes the text that a person could have typed, with its sheet row;
real dates stay dates, in the 1900 or the 1904 system as the workbook says. A formula counts with the value that was
saved with it; a workbook that no program ever calculated has none, and is refused. Only values are read: no formula,
macro or link is followed.
"""

from __future__ import annotations

import hashlib
import io
import re
import warnings
import zipfile
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Literal

import openpyxl
import polars as pl
from openpyxl.cell.cell import Cell
from openpyxl.utils import get_column_letter
from openpyxl.workbook import Workbook
from openpyxl.worksheet.worksheet import Worksheet

from ferrolan.base.errors import Fault, SourceError
from ferrolan.base.schema import nearest
from ferrolan.sources.dialect import Dialect, check_dialect
from ferrolan.sources.grid import Grid, Ragged, headed, name_and_unit
from ferrolan.sources.reading import discover_grid, read_grid
from ferrolan.sources.source import Batch, Discovery, TagAddress, check_size, read_bytes, refusal
from ferrolan.sources.stated import bare, is_unit, spelled

Merged = Literal["refuse", "fill"]
"""What a value that is merged over several cells means: nothing that may be guessed, or the same in each of them."""
HiddenRows = Literal["take", "leave"]
"""Whether rows that are hidden, or filtered away, are read."""

_OLD = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"  # a compound file: Excel 97, or a workbook with a password
_ENCRYPTED = "EncryptedPackage".encode("utf-16-le")  # the stream in which Office keeps a workbook with a password
_ZIP = b"PK\x03\x04"
_KINDS = (("xl/workbook.bin", "a workbook in the binary format .xlsb"), ("mimetype", "a sheet in OpenDocument format"))
_LITERAL = re.compile(r'"[^"]*"|\\.|_.')  # what a number format shows as it stands: 0.0" %" multiplies by nothing
_SHOWN = 60  # characters of a cell a fault shows
_MOST = 0.5  # share of percentages above which a column is one of percentages
_LOCAL = pl.Datetime("us")
_HALF = timedelta(microseconds=500_000)


@dataclass(frozen=True)
class Sheet:
    """Which sheet of a workbook is read, and how.

    Parameters
    ----------
    name
        Name of the sheet; None takes the only one there is.
    first_row
        Sheet row of the header, from 1: what stands above it (a title, a logo) is left out.
    merged
        What a value merged over several rows means. A header merged over columns always names all of them.
    hidden_rows
        Whether hidden rows are read.
    """

    name: str | None = None
    first_row: int = 1
    merged: Merged = "refuse"
    hidden_rows: HiddenRows = "take"


@dataclass(frozen=True)
class ExcelSource:
    """One sheet of a workbook as a source: ``number`` and ``name`` as in the document."""

    path: Path
    sheet: Sheet
    dialect: Dialect
    number: int
    name: str

    def discover(self) -> Discovery:
        """List the columns of the sheet beside its time column, each with the number of data rows."""
        return discover_grid(read_sheet(self.path, self.dialect, self.sheet)[0], self.dialect)

    def read(self, tags: Sequence[TagAddress]) -> Batch:
        """Read every sample of the tags."""
        return read_excel(self.path, self.dialect, tags, self.number, self.name, sheet=self.sheet)


def read_excel(
    path: Path,
    dialect: Dialect,
    tags: Sequence[TagAddress],
    source: int,
    source_name: str,
    *,
    sheet: Sheet | None = None,
    first_seq: int = 1,
) -> Batch:
    """Read the declared columns of a sheet.

    Parameters
    ----------
    path
        The workbook, in the format of Excel 2007 and later (.xlsx, .xlsm).
    dialect
        What its texts mean; real dates need no ``time_format``.
    tags
        The columns to read; the sheet may hold others.
    source, source_name
        Number and name of the source in the document.
    sheet
        Which sheet, and how; the only one, merged values and formulas without a value refused, if none is given.
    first_seq
        ``seq`` of the first row.

    Returns
    -------
    Samples in the unit of the sheet; rejected rows and cells by sheet row; the SHA-256 of the file.

    Raises
    ------
    SourceError
        If the file is missing, no workbook, protected by a password, or damaged; if the sheet is not there; if values
        are merged over rows, or formulas have no value; and as ``read_grid``.

    Notes
    -----
    A cell in the format ``0.0 %`` shows 12.5 % and holds 0.125. It is read as it is shown, and the column states the
    unit ``%``, unless its header names another; a number of the other sort among them is rejected. The 1900 system has
    a 29 February 1900, which never was; dates before March 1900 are not to be relied on.
    """
    grid, content_hash = read_sheet(path, dialect, sheet)
    return read_grid(grid, dialect, tags, source, source_name, content_hash, first_seq=first_seq)


def read_sheet(path: Path, dialect: Dialect, sheet: Sheet | None = None) -> tuple[Grid, str]:
    """The table of a sheet, its columns in the order of the sheet, and the SHA-256 of the file [hex].

    Parameters
    ----------
    path, dialect, sheet
        As ``read_excel``.

    Raises
    ------
    SourceError
        As ``read_excel``, but for what it needs the tags.
    """
    content = read_bytes(path)
    if not content:
        raise refusal(str(path), 0, "", "an empty file", "a workbook", "Export the file again.", "empty_file")
    return _grid(path, content, sheet or Sheet(), dialect), hashlib.sha256(content).hexdigest()


def _grid(path: Path, content: bytes, sheet: Sheet, dialect: Dialect) -> Grid:
    _refuse_other_kinds(path, content)
    _refuse_larger(path, content)
    check_dialect(dialect, str(path))
    page = _page(path, _open(path, content, values=True), sheet)
    table = _Table(f"{path} [{page.title}]", page, sheet, dialect)
    if _has_formulas(content):
        table.refuse_unsaved(_page(path, _open(path, content, values=False), sheet))
    grid = headed(table.file, table.rows(), table.lines, dialect, table.ragged, table.moments())
    return replace(_with_percentages(grid, table, dialect), remarks=table.remarks)


def _refuse_other_kinds(path: Path, content: bytes) -> None:
    """Refuse what bears the name of a workbook and is something else."""
    if content.startswith(_ZIP):
        return
    if content.startswith(_OLD) and _ENCRYPTED in content:
        raise refusal(
            str(path), 0, "", "a workbook that is protected by a password", "a workbook that can be read",
            "Save a copy without the password.", "protected_workbook",
        )  # fmt: skip
    if content.startswith(_OLD):
        raise refusal(
            str(path), 0, "", "a workbook in the format of Excel 97 (.xls)", "a workbook in the format .xlsx",
            "Open it and save it as .xlsx.", "old_workbook",
        )  # fmt: skip
    head = content[:200].decode("utf-8", errors="replace").lstrip("\ufeff \r\n").splitlines()
    shown = "".join(mark if mark.isprintable() else "?" for mark in (head or [""])[0][:_SHOWN])
    raise refusal(
        str(path), 1, "", f'a file that begins with "{shown}"', "a workbook in the format .xlsx",
        "It is another kind of file with the name of a workbook: save it as .xlsx, or declare it as what it is.",
        "not_a_workbook",
    )  # fmt: skip


def _refuse_larger(path: Path, content: bytes) -> None:
    """Refuse a workbook that is too large when unpacked: a few kilobytes of zip hold gigabytes of one letter."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as parts:
            size = sum(part.file_size for part in parts.infolist())
    except Exception:  # damaged in whatever way: opening it says how
        return
    check_size(path, size)


def _open(path: Path, content: bytes, *, values: bool) -> Workbook:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as parts:
            other = [kind for part, kind in _KINDS if part in parts.namelist()]
        if not other:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # of styles and extensions, which hold no value
                return openpyxl.load_workbook(io.BytesIO(content), data_only=values, keep_links=False)
    except Exception as error:  # whatever the library trips over in a damaged file: it names no base of its own
        raise refusal(
            str(path), 0, "", f"a damaged workbook ({type(error).__name__})", "a whole workbook",
            "Copy or export it again; Excel can repair some.", "damaged_workbook",
        ) from error  # fmt: skip
    raise refusal(
        str(path), 0, "", other[0], "a workbook in the format .xlsx", "Open it and save it as .xlsx.", "old_workbook"
    )


def _has_formulas(content: bytes) -> bool:
    """Whether any sheet holds a formula; one that cannot be looked into may."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as parts:
            sheets = [name for name in parts.namelist() if name.startswith("xl/worksheets/")]
            return any(re.search(rb"<(\w+:)?f[ >/]", parts.read(name)) for name in sheets)
    except (zipfile.BadZipFile, zlib.error, OSError):
        return True


def _page(path: Path, book: Workbook, sheet: Sheet) -> Worksheet:
    names = [page.title for page in book.worksheets]
    held = ", ".join(f'"{name}"' for name in names) or "none"
    if sheet.name is None and len(names) != 1:
        raise refusal(
            str(path), 0, "sheet", f"the sheets {held}", "the name of one of them", "Declare the sheet.", "which_sheet"
        )
    if sheet.name is not None and sheet.name not in names:
        way_out = f"{nearest(sheet.name, names)}."
        raise refusal(str(path), 0, "sheet", f"the sheets {held}", f'a sheet "{sheet.name}"', way_out, "missing_sheet")
    return book.worksheets[names.index(sheet.name) if sheet.name is not None else 0]


class _Table:
    """The rows of a sheet that hold anything, from the header on, with the sheet row of each."""

    def __init__(self, file: str, page: Worksheet, sheet: Sheet, dialect: Dialect) -> None:
        self.file, self.sheet, self.dialect = file, sheet, dialect
        # the dictionary itself: every public way to walk a sheet makes a cell for each empty place up to the last row
        placed = ((at, cell) for at, cell in page._cells.items() if isinstance(cell, Cell) and _holds(cell))
        self.cells = {at: cell for at, cell in placed if at[0] >= sheet.first_row}
        self._fill(page)
        hidden = {line for line, _ in self.cells if page.row_dimensions[line].hidden}
        self.ragged: tuple[Ragged, ...] = ()
        self.remarks: tuple[Fault, ...] = ()
        if sheet.hidden_rows == "leave":
            self.ragged = tuple(
                (line, self._shown(line), "a hidden row, left out as declared") for line in sorted(hidden)
            )
            self.cells = {at: cell for at, cell in self.cells.items() if at[0] not in hidden}
        elif hidden:
            self.remarks = (self._hidden_remark(hidden),)
        self.lines = tuple(sorted({line for line, _ in self.cells}))
        self.width = max((column for _, column in self.cells), default=0)
        if not self.lines:
            raise refusal(
                file, sheet.first_row, "", "an empty sheet", "a header and rows", "Name another.", "empty_file"
            )

    @property
    def top(self) -> int:
        """Rows of header and units."""
        return self.dialect.header + self.dialect.unit_row

    def rows(self) -> pl.DataFrame:
        """Texts of every row, header and unit row on top."""
        texts = {
            str(column - 1): [self._text(self.cells.get((line, column))) for line in self.lines]
            for column in range(1, self.width + 1)
        }
        return pl.DataFrame(texts, schema=dict.fromkeys(texts, pl.String))

    def moments(self) -> Mapping[int, pl.Series]:
        """Dates by position of a column that holds any below the header."""
        found = {}
        for column in range(1, self.width + 1):
            dates = [_moment(self.cells.get((line, column))) for line in self.lines]
            if any(dates[self.top :]):
                found[column - 1] = pl.Series(dates, dtype=_LOCAL)
        return found

    def refuse_unsaved(self, formulas: Worksheet) -> None:
        """Refuse formulas that no program has calculated: their value is not in the file."""
        unsaved = sorted(
            at
            for at, cell in formulas._cells.items()
            if isinstance(cell, Cell)
            and cell.data_type == "f"
            and at[0] >= self.sheet.first_row
            and at not in self.cells
        )
        if unsaved:
            line, column = unsaved[0]
            place = f"{get_column_letter(column)}{line}"
            found = f"{len(unsaved)} formulas without a value, the first in {place}"
            way_out = "Open the workbook in Excel or LibreOffice, let it calculate, and save it."
            raise refusal(self.file, line, place, found, "the value of every formula", way_out, "uncalculated_formula")

    def percentages(self, position: int) -> dict[int, float]:
        """What cells in a percent format show, by row below the header."""
        found = {}
        for row, line in enumerate(self.lines[self.top :]):
            cell = self.cells.get((line, position + 1))
            if cell is not None and _is_number(cell) and "%" in _LITERAL.sub("", cell.number_format or ""):
                found[row] = float(f"{100.0 * float(str(cell.value)):.15g}")
        return found

    def written(self, number: float) -> str:
        """A number with the decimal mark of the dialect."""
        text = str(int(number)) if number.is_integer() and abs(number) < 1e15 else repr(number)
        return text.replace(".", self.dialect.decimal)

    def _text(self, cell: Cell | None) -> str:
        """What a person would have typed to get this cell."""
        if cell is None:
            return ""
        moment = _moment(cell)
        if moment is not None:
            return str(moment)
        if _is_number(cell):
            return self.written(float(str(cell.value)))
        return str(cell.value).lower() if isinstance(cell.value, bool) else " ".join(str(cell.value).split("\n"))

    def _fill(self, page: Worksheet) -> None:
        """Give a merged value to every cell it stands for; refuse what would have to be guessed."""
        faults = []
        for area in sorted(page.merged_cells.ranges, key=lambda area: (area.min_row, area.min_col)):
            anchor = self.cells.get((area.min_row, area.min_col))
            if anchor is None:
                continue
            rows, columns = range(area.min_row, area.max_row + 1), range(area.min_col, area.max_col + 1)
            if self._in_header(area.max_row, area.max_col):  # a name over two rows of the header is one name
                rows, columns = (rows, columns[:1]) if self.dialect.transposed else (rows[:1], columns)
            elif self.sheet.merged == "refuse":
                faults.append(self._merged_fault(area.coord, anchor))
                continue
            self.cells |= {(line, column): anchor for line in rows for column in columns}
        if faults:
            raise SourceError(faults)

    def _in_header(self, last_row: int, last_column: int) -> bool:
        return (last_column if self.dialect.transposed else last_row - self.sheet.first_row + 1) <= self.top

    def _merged_fault(self, area: str, anchor: Cell) -> Fault:
        found = f'"{self._text(anchor)[:_SHOWN]}" merged over {area}'
        way_out = "Write the value into every cell, or declare merged: fill if it holds for all of them."
        return Fault(self.file, anchor.row, area, found, "one value a cell", way_out, "merged_cells")

    def _hidden_remark(self, hidden: set[int]) -> Fault:
        found = f"{len(hidden)} hidden rows, taken as the others"
        way_out = "Declare hidden_rows: leave if they are not meant."
        return Fault(self.file, min(hidden), "", found, "rows that can be seen", way_out, "hidden_rows")

    def _shown(self, line: int) -> str:
        texts = (self._text(cell) for at, cell in sorted(self.cells.items()) if at[0] == line)
        return "; ".join(texts)[:_SHOWN]


def _holds(cell: Cell) -> bool:
    return cell.value is not None and str(cell.value).strip() != ""


def _is_number(cell: Cell) -> bool:
    return isinstance(cell.value, int | float) and not isinstance(cell.value, bool)


def _moment(cell: Cell | None) -> datetime | None:
    """A real date as a wall-clock time, to the second: a quarter of an hour is no exact fraction of a day."""
    value = None if cell is None else cell.value
    if isinstance(value, datetime):
        local = value.replace(tzinfo=None)
        late = local.year == datetime.max.year  # no half second is left after its last one
        return local.replace(microsecond=0) if late else (local + _HALF).replace(microsecond=0)
    return datetime.combine(value, time()) if isinstance(value, date) else None


def _with_percentages(grid: Grid, table: _Table, dialect: Dialect) -> Grid:
    """The grid with percentages as they are shown, and ``%`` as the unit of their columns."""
    if dialect.transposed:
        return grid
    cells, stated = grid.cells, list(grid.units)
    for position in range(len(grid.header)):
        shown = table.percentages(position)
        unit = bare(grid.units[position]) or name_and_unit(grid.header[position])[1]
        if not shown or (is_unit(unit) and spelled(unit) != "%"):
            continue
        numbers = [row for row, text in enumerate(cells[str(position)]) if _reads(text, dialect.decimal)]
        mainly = len(shown) > _MOST * len(numbers)
        texts = cells[str(position)].to_list()
        for row in numbers:
            if row in shown:
                texts[row] = table.written(shown[row]) + ("" if mainly else " %")
            elif mainly:
                texts[row] += " without %"
        cells = cells.with_columns(pl.Series(str(position), texts, dtype=pl.String))
        stated[position] = "%" if mainly else stated[position]
    return replace(grid, cells=cells, units=tuple(stated))


def _reads(text: str, decimal: str) -> bool:
    try:
        float(text.replace(decimal, "."))
    except ValueError:
        return False
    return True
