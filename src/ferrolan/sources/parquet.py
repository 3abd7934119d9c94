"""A wide Parquet file: a time column, one column a tag, as a data lake or another program hands it over.

``month.parquet`` has a column ``time`` of timestamps and ``FT-101`` of floats. A typed file leaves less to declare than
a text: numbers are numbers, timestamps need no format; with a zone they are instants, without one the wall clock of the
declared zone. What is text in it is read as text is everywhere. Line k is row k of the file, from 1.
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import polars as pl

from ferrolan.sources.dialect import Dialect, check_dialect
from ferrolan.sources.grid import Grid
from ferrolan.sources.reading import discover_grid, read_grid
from ferrolan.sources.source import Batch, Discovery, TagAddress, read_bytes, refusal

_LOCAL = pl.Datetime("us")
_INSTANT = "%Y-%m-%dT%H:%M:%S%.f%z"


@dataclass(frozen=True)
class ParquetSource:
    """One Parquet file as a source: ``number`` and ``name`` as in the document."""

    path: Path
    dialect: Dialect
    number: int
    name: str

    def discover(self) -> Discovery:
        """List the columns of the file beside its time column, each with the number of rows."""
        return discover_grid(*read_table(self.path, self.dialect)[:2])

    def read(self, tags: Sequence[TagAddress]) -> Batch:
        """Read every sample of the tags."""
        return read_parquet(self.path, self.dialect, tags, self.number, self.name)


def read_parquet(
    path: Path, dialect: Dialect, tags: Sequence[TagAddress], source: int, source_name: str, *, first_seq: int = 1
) -> Batch:
    """Read the declared columns of a Parquet file.

    Parameters
    ----------
    path
        The file.
    dialect
        Its time column, the zone of times without one, and its bad texts; header and unit row play no part.
    tags
        The columns to read; the file may hold others.
    source, source_name
        Number and name of the source in the document.
    first_seq
        ``seq`` of the first row.

    Returns
    -------
    Samples in the unit of the file; rejected rows and cells by row; the SHA-256 of the file.

    Raises
    ------
    SourceError
        If the file is missing, empty, cut off or no Parquet file, if a column of a tag is a list or a structure, and as
        ``read_grid``.
    """
    grid, dialect, content_hash = read_table(path, dialect)
    return read_grid(grid, dialect, tags, source, source_name, content_hash, first_seq=first_seq)


def read_table(path: Path, dialect: Dialect) -> tuple[Grid, Dialect, str]:
    """The table of a Parquet file, the dialect of its times, and the SHA-256 of the file [hex].

    Raises
    ------
    SourceError
        As ``read_parquet``, but for what it needs the tags.
    """
    content = read_bytes(path)
    return *_grid(path, content, dialect), hashlib.sha256(content).hexdigest()


def _grid(path: Path, content: bytes, dialect: Dialect) -> tuple[Grid, Dialect]:
    """The table, and the dialect of it: times with a zone are instants, written with their offset."""
    check_dialect(dialect, str(path))
    frame = _frame(path, content)
    if not frame.height:
        raise refusal(str(path), 0, "", "no rows", "rows of data", "Export the file again.", "no_rows")
    nested = {place: str(dtype) for place, dtype in enumerate(frame.dtypes) if _is_nested(dtype)}
    columns = {place: column for place, column in enumerate(frame.iter_columns()) if place not in nested}
    texts = {str(place): _texts(column, dialect) for place, column in columns.items()}
    grid = Grid(
        file=str(path),
        header=tuple(name.strip() for name in frame.columns),
        header_line=0,
        units=("",) * frame.width,
        cells=pl.DataFrame(texts, schema=dict.fromkeys(texts, pl.String)),
        lines=tuple(range(1, frame.height + 1)),
        moments={place: column.cast(_LOCAL) for place, column in columns.items() if _is_local(column)},
        nested=nested,
    )
    time = frame.schema.get(dialect.time_column)
    instants = isinstance(time, pl.Datetime) and time.time_zone is not None
    return grid, replace(dialect, time_format=_INSTANT) if instants else dialect


def _frame(path: Path, content: bytes) -> pl.DataFrame:
    if not content.startswith(b"PAR1"):
        raise refusal(
            str(path), 0, "", "another kind of file", "a Parquet file", "Correct the path or the kind.", "not_parquet"
        )
    try:
        return pl.read_parquet(io.BytesIO(content))
    except (pl.exceptions.PolarsError, OSError) as error:
        said = str(error).splitlines()[0]
        raise refusal(
            str(path), 0, "", f'"{said}"', "a whole Parquet file", "Copy or export the file again.", "damaged_parquet"
        ) from error


def _is_nested(dtype: pl.DataType) -> bool:
    """Whether a column holds what is no number, text or time."""
    return dtype.is_nested() or dtype in (pl.Binary, pl.Object)


def _texts(column: pl.Series, dialect: Dialect) -> pl.Series:
    """Cells as a person would have typed them; NaN is no number and stays visible."""
    if column.dtype == pl.Boolean or column.dtype == pl.String or column.dtype.is_integer():
        return column.cast(pl.String).fill_null("")
    if column.dtype.is_float() or column.dtype.is_decimal():
        numbers = column.cast(pl.Float64).cast(pl.String).fill_null("")
        return numbers.str.replace(".", dialect.decimal, literal=True)
    if _is_local(column):
        return column.cast(_LOCAL).dt.strftime("%Y-%m-%d %H:%M:%S").fill_null("")
    if isinstance(column.dtype, pl.Datetime):
        return column.dt.convert_time_zone("UTC").dt.strftime(_INSTANT).fill_null("")
    return column.cast(pl.String).fill_null("")


def _is_local(column: pl.Series) -> bool:
    """Whether a column holds times of a wall clock."""
    return column.dtype == pl.Date or (isinstance(column.dtype, pl.Datetime) and column.dtype.time_zone is None)
