"""Declared tables as one Excel workbook: a sheet a table, units under the headers, first a sheet of what is where.

For example: ``workbook({"metal_primary": frame}, {"plant": "Ore to both"})`` gives the bytes of a file with the sheets
``about`` and ``metal_primary``. The same tables give the same bytes: no clock goes in. Texts stay texts: what a raw
file held may begin like a formula, which a spreadsheet would compute (OWASP, CSV Injection).
"""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Mapping, Sequence
from datetime import datetime

import openpyxl
import polars as pl
from openpyxl.cell import Cell
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.utils import get_column_letter
from openpyxl.workbook import Workbook
from openpyxl.worksheet.worksheet import Worksheet

from ferrolan.base.tables import TABLES
from ferrolan.records.exports import records

_MADE = datetime(2000, 1, 1)  # a workbook wants a date of its own; the run's stands on the first sheet
_SAVED = re.compile(rb"<dcterms:modified[^>]*>[^<]*</dcterms:modified>")  # when it was saved, which openpyxl puts in
_ZIPPED = (1980, 1, 1, 0, 0, 0)
_HEAD, _UNIT = Font(bold=True), Font(italic=True, color="666666")
_BAND = PatternFill("solid", fgColor="EEEEEE")
_WIDEST, _NARROWEST = 60, 10
_LONGEST_TITLE = 31
_MOST_ROWS = 1_048_000

Written = str | int | float | bool | None


def workbook(tables: Mapping[str, pl.DataFrame], about: Mapping[str, str], *, currency: str = "¤") -> bytes:
    """The tables as the bytes of an ``.xlsx`` file.

    Parameters
    ----------
    tables
        By name; columns of a declared table (``base.tables``) get their units in the second row.
    about
        What the first sheet says besides: plant, month, run.
    currency
        Written for ``¤`` in units.

    Raises
    ------
    ValueError
        Where a table has more rows than a sheet can hold; export it as CSV or Parquet.
    """
    book = openpyxl.Workbook()
    book.properties.created = _MADE
    front = book.active
    assert isinstance(front, Worksheet)
    _about(front, about, tables)
    for name, frame in tables.items():
        _sheet(book, name, frame, currency)
    content = io.BytesIO()
    book.save(content)
    return _without_clock(content.getvalue())


def _about(sheet: Worksheet, about: Mapping[str, str], tables: Mapping[str, pl.DataFrame]) -> None:
    sheet.title = "about"
    for name, text in about.items():
        _write(sheet, (name, text), font=None)
    _write(sheet, (), font=None)
    _write(sheet, ("sheet", "a row is", "rows"), font=_HEAD)
    for name, frame in tables.items():
        _write(sheet, (name, TABLES[name].row if name in TABLES else "", frame.height), font=None)
    _widths(sheet)


def _sheet(book: Workbook, name: str, frame: pl.DataFrame, currency: str) -> None:
    if frame.height > _MOST_ROWS:
        raise ValueError(
            f"table {name!r} has {frame.height} rows, a sheet holds {_MOST_ROWS}; export it as csv or parquet"
        )
    sheet = book.create_sheet(name[:_LONGEST_TITLE])
    declared = TABLES[name].columns if name in TABLES else {}
    _write(sheet, frame.columns, font=_HEAD)
    _write(sheet, [declared[c].unit.replace("¤", currency) if c in declared else "" for c in frame.columns], font=_UNIT)
    for row in records(frame):
        _write(sheet, [_cell(value) for value in row.values()], font=None)
    sheet.freeze_panes = "A3"
    sheet.auto_filter.ref = f"A1:{get_column_letter(max(len(frame.columns), 1))}{max(sheet.max_row, 1)}"
    _widths(sheet)


def _cell(value: object) -> Written:
    if isinstance(value, list):
        return ";".join(str(part) for part in value)
    return value if isinstance(value, str | int | float | bool) or value is None else str(value)


def _write(sheet: Worksheet, values: Sequence[Written], *, font: Font | None) -> None:
    sheet.append([_styled(sheet, value, font) for value in values])


def _styled(sheet: Worksheet, value: Written, font: Font | None) -> Cell | Written:
    """A text or a styled value as a cell of its own; any other value as it is, which is faster."""
    if font is None and not isinstance(value, str):
        return value
    cell = Cell(sheet, row=1, column=1, value=value)  # the sheet puts it in its place
    if isinstance(value, str):
        cell.data_type = "s"
    if font is not None:
        cell.font, cell.alignment = font, Alignment(vertical="top")
    if font is _HEAD:
        cell.fill = _BAND
    return cell


def _widths(sheet: Worksheet) -> None:
    for number, column in enumerate(sheet.iter_cols(values_only=True), start=1):
        longest = max((len(str(value)) for value in column[:200] if value is not None), default=0)
        sheet.column_dimensions[get_column_letter(number)].width = min(max(longest + 2, _NARROWEST), _WIDEST)


def _without_clock(content: bytes) -> bytes:
    """The same archive with one date in every entry, so that equal tables are equal bytes."""
    clean = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(clean, "w", zipfile.ZIP_DEFLATED) as new:
        for entry in old.infolist():
            new.writestr(
                zipfile.ZipInfo(entry.filename, _ZIPPED), _SAVED.sub(b"", old.read(entry)), zipfile.ZIP_DEFLATED
            )
    return clean.getvalue()
