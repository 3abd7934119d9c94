"""A declared layout as the readers take it, and a file of any kind read with it.

``separator: semicolon`` and ``decimal: ","`` of a document become the ``TextDialect`` that ``read_csv`` goes by; the
zone of the site counts where the layout names none of its own. Whether ``march.xlsx`` is a workbook its name says.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Literal, Self

from ferrolan.base.layout import Layout, SheetChoice, TextLayout, require_format
from ferrolan.sources.dialect import Dialect, TextDialect
from ferrolan.sources.excel import Sheet, read_sheet
from ferrolan.sources.files import read_text
from ferrolan.sources.grid import Grid
from ferrolan.sources.parquet import read_table
from ferrolan.sources.reading import read_grid
from ferrolan.sources.source import Batch, TagAddress

FileKind = Literal["text", "workbook", "parquet"]
"""What a file is."""

_KINDS: Mapping[str, FileKind] = {
    **dict.fromkeys((".xlsx", ".xlsm", ".xls", ".xlsb", ".ods"), "workbook"), ".parquet": "parquet", ".pq": "parquet",
}  # fmt: skip


class FileLayout(TextLayout):
    """How files of one layout are written: texts, workbooks or Parquet files, as the ending of their name says."""

    sheet: SheetChoice = SheetChoice()
    """Which sheet of a workbook, and how it is read."""

    def require_format_of(self, name: str) -> Self:
        """The layout of files named so, or ``WrongValue`` where a text lacks the format of its times."""
        return require_format(self) if file_kind(Path(name)) == "text" else self


def file_kind(path: Path) -> FileKind:
    """What a file is by the ending of its name; whatever has no ending of its own is a text.

    Examples
    --------
    >>> file_kind(Path("march.xlsx")), file_kind(Path("d00.dat.gz"))
    ('workbook', 'text')
    """
    return _KINDS.get(path.suffix.lower(), "text")


def read_declared(
    path: Path, layout: FileLayout, zone: str, tags: Sequence[TagAddress], source: str, number: int = 0
) -> Batch:
    """Read a file of any kind with its declared layout.

    Parameters
    ----------
    path
        The file.
    layout
        How it is written.
    zone
        IANA zone where the layout names none.
    tags
        The columns to read.
    source, number
        Name and number of the source.

    Raises
    ------
    SourceError
        As the reader of its kind.
    """
    grid, dialect, content_hash = declared_grid(path, layout, zone)
    return read_grid(grid, dialect, tags, number, source, content_hash)


def declared_grid(path: Path, layout: FileLayout, zone: str) -> tuple[Grid, Dialect, str]:
    """The table of a file, the dialect of its cells, and the SHA-256 of the file [hex]."""
    kind = file_kind(path)
    if kind == "parquet":
        return read_table(path, cell_dialect(layout, zone))
    if kind == "workbook":
        cells = cell_dialect(layout, zone)
        grid, content_hash = read_sheet(path, cells, sheet(layout.sheet))
        return grid, cells, content_hash
    text = text_dialect(layout, zone)
    grid, content_hash = read_text(path, text)
    return grid, text, content_hash


def text_dialect(layout: TextLayout, time_zone: str) -> TextDialect:
    """A declared layout of a text as the reader takes it; ``time_zone`` counts where the layout has none of its own."""
    cells = cell_dialect(layout, time_zone)
    return TextDialect(**vars(cells), separator=layout.mark, encoding=layout.encoding)


def cell_dialect(layout: Layout, time_zone: str) -> Dialect:
    """A declared layout of cells as the reader takes it."""
    return Dialect(
        time_column=layout.time_column or "",
        time_format=layout.time_format or "",
        time_zone=layout.time_zone or time_zone,
        start=layout.first_time,
        step=layout.row_step,
        stamp=layout.stamp,
        midnight=layout.midnight,
        decimal=layout.decimal,
        bad_texts=tuple(layout.bad_texts),
        leading_zeros=layout.leading_zeros,
        zero_rows=layout.zero_rows,
        header=layout.header_rows,
        unit_row=layout.unit_row,
        transposed=layout.transposed,
    )


def sheet(declared: SheetChoice) -> Sheet:
    """A declared choice of a sheet as the reader takes it."""
    return Sheet(declared.name, declared.first_row, declared.merged, declared.hidden_rows)
