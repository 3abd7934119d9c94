"""The rows of a file that is played: in long form, a row a sample, or in wide form as the file sources read it.

``TT-101,2026-03-01T00:00:00Z,1187.0,0`` is a row of the long form, the one in which a historian exports its samples.
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Sequence
from pathlib import Path

import polars as pl

from ferrolan.base.status import StatusCode
from ferrolan.base.tables import TIME
from ferrolan.sources.declared import declared_grid, file_kind, read_declared
from ferrolan.sources.live import GATHERED, GATHERED_TEXT
from ferrolan.sources.reading import discover_grid
from ferrolan.sources.replay.faults import script
from ferrolan.sources.replay.spec import ReplaySource
from ferrolan.sources.source import Discovered, Discovery, TagAddress, read_bytes, refusal

_LONG = ("tag", "time", "value", "status", "text")


def recorded(spec: ReplaySource, file: Path, zone: str, tags: Sequence[TagAddress], name: str) -> pl.DataFrame:
    """What the file holds of the tags, as a script without faults.

    Raises
    ------
    SourceError
        If the file cannot be read, or is not in the declared form.
    """
    if spec.layout is not None:
        batch = read_declared(file, spec.layout, zone, tags, name)
        return script(batch.samples, batch.texts)
    long = read_long(file)
    known = pl.DataFrame(
        {
            "address": [tag.address for tag in tags],
            "number": pl.Series([tag.tag for tag in tags], dtype=pl.Int32),
            "textual": pl.Series([tag.text for tag in tags], dtype=pl.Boolean),
        },
        schema={"address": pl.String, "number": pl.Int32, "textual": pl.Boolean},
    )
    rows = long.join(known, left_on="tag", right_on="address", maintain_order="left")
    rows = rows.with_columns(tag="number")
    return script(
        rows.filter(~pl.col("textual")).select(list(GATHERED)), rows.filter("textual").select(list(GATHERED_TEXT))
    )


def held(spec: ReplaySource, file: Path, zone: str) -> Discovery:
    """Every tag the file holds, with the number of its rows.

    Raises
    ------
    SourceError
        If the file cannot be read, or is not in the declared form.
    """
    if spec.layout is not None:
        grid, dialect, _ = declared_grid(file, spec.layout, zone)
        return discover_grid(grid, dialect)
    counts = read_long(file).group_by("tag").len().sort("tag")
    return Discovery(tuple(Discovered(tag, rows) for tag, rows in counts.iter_rows()))


def content_hash(file: Path) -> str:
    """SHA-256 of the file [hex]."""
    return hashlib.sha256(read_bytes(file)).hexdigest()


def read_long(file: Path) -> pl.DataFrame:
    """The rows of a file in long form: tag, time, value, status, text.

    Raises
    ------
    SourceError
        If it is no such file: what is missing, or the first row that cannot be read.
    """
    frame = _opened(file, read_bytes(file))
    missing = [name for name in ("tag", "time", "value") if name not in frame.columns]
    if missing:
        held = ", ".join(frame.columns)[:60]
        raise refusal(
            str(file), 1, missing[0], f"the columns {held}", "the columns tag, time, value",
            "Name them so, or declare form: wide with its layout.", "missing_column",
        )  # fmt: skip
    if not frame.height:
        raise refusal(str(file), 0, "", "no rows", "rows of data", "Export the file again.", "no_rows")
    return frame.select(
        pl.col("tag").cast(pl.String),
        _times(file, frame["time"]),
        pl.col("value").cast(pl.Float64, strict=False),
        _optional(frame, "status", pl.Int64, int(StatusCode.GOOD)),
        _optional(frame, "text", pl.String, None),
    ).select(_LONG)


def _opened(file: Path, content: bytes) -> pl.DataFrame:
    try:
        if file_kind(file) == "parquet":
            return pl.read_parquet(io.BytesIO(content))
        return pl.read_csv(io.BytesIO(content), schema_overrides={"tag": pl.String, "time": pl.String})
    except (pl.exceptions.PolarsError, OSError) as error:
        said = (str(error).splitlines() or [""])[0]
        raise refusal(
            str(file), 0, "", f'"{said}"', "a CSV or Parquet file of samples", "Export the file again.", "not_long"
        ) from error


def _times(file: Path, written: pl.Series) -> pl.Series:
    """Instants of the column: timestamps with a zone, or ISO 8601 with an offset."""
    if isinstance(written.dtype, pl.Datetime) and written.dtype.time_zone:
        return written.dt.convert_time_zone("UTC").cast(TIME)
    text = written.cast(pl.String)
    read = text.str.replace(r"[Zz]$", "+00:00").str.replace(" ", "T", literal=True)
    times = read.str.to_datetime("%Y-%m-%dT%H:%M:%S%.f%:z", time_unit="us", time_zone="UTC", strict=False)
    if times.null_count():
        line = int(times.is_null().arg_max() or 0)
        raise refusal(
            str(file), line + 2, "time", f'"{text[line]}"', "an instant with its offset",
            "Write it like 2026-03-01T00:00:00Z.", "wrong_time_format",
        )  # fmt: skip
    return times.cast(TIME).alias("time")


def _optional(frame: pl.DataFrame, name: str, dtype: type[pl.DataType], otherwise: int | None) -> pl.Expr:
    if name not in frame.columns:
        return pl.lit(otherwise, dtype=dtype).alias(name)
    read = pl.col(name).cast(dtype, strict=False)
    return read if otherwise is None else read.fill_null(otherwise)
