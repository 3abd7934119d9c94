"""Samples out of a historian into a file anybody can read, and from such a file into one.

``tag,kind,unit,stepped,time,value,text,raw,status,seq,source`` and a row a sample: ``bf1.ti4201,number,K,false,
2026-03-01T08:14:03.000000Z,1460.15,,1187.0,0,1772352843000000,1``. Numbers are in the canonical unit, which stands in
every row, so that no file is without it. A text that a spreadsheet would compute has a ``'`` before it in CSV. What is
imported comes late: it counts by its ``seq``, or, where the file has none, as what arrived last.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl

from ferrolan.base.errors import Fault, SourceError
from ferrolan.base.spreadsheet import all_meant, all_shown
from ferrolan.base.surroundings import storing
from ferrolan.base.tables import SAMPLES, SAMPLES_TEXT, TIME
from ferrolan.historian.seam import NewTag, Reader, Store

FORM: Mapping[str, pl.DataType | type[pl.DataType]] = {
    "tag": pl.String, "kind": pl.String, "unit": pl.String, "stepped": pl.Boolean, "time": TIME, "value": pl.Float64,
    "text": pl.String, "raw": pl.Float64, "status": pl.Int64, "seq": pl.Int64, "source": pl.Int16,
}  # fmt: skip
"""Columns of an exported file; those from ``raw`` on may be missing in one that is imported."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_TEXTS = ("tag", "unit", "text")
_NEEDED = ("tag", "time", "value")
_WRITTEN_TIME = "%Y-%m-%dT%H:%M:%S%.6fZ"


def exported(reader: Reader, names: Iterable[str] | None, start: datetime, end: datetime) -> pl.DataFrame:
    """Winning samples and texts of tags in ``[start, end)``, in the form of a file (``FORM``), by tag and time.

    Parameters
    ----------
    names
        Names of the tags; None takes all.

    Raises
    ------
    SourceError
        If a tag is not registered.
    """
    registered = reader.registered()
    chosen = registered if names is None else _named(registered, list(names))
    numbers = chosen["number"].to_list()
    samples = reader.query(numbers, start, end).with_columns(kind=pl.lit("number"), text=pl.lit(None, pl.String))
    texts = reader.texts(numbers, start, end).with_columns(
        kind=pl.lit("text"), value=pl.lit(None, pl.Float64), raw=pl.lit(None, pl.Float64)
    )
    rows = pl.concat([samples, texts.select(samples.columns)])
    told = chosen.select(number="number", name="name", unit="unit", stepped="stepped")
    named = rows.join(told, left_on="tag", right_on="number", how="left").sort("tag", "time", "kind")
    return named.with_columns(tag=pl.col("name")).select(list(FORM))


def write(table: pl.DataFrame, file: Path) -> None:
    """Write a table of the form as Parquet or CSV, by the file's ending.

    Raises
    ------
    SourceError
        If the ending is neither.
    SurroundingsError
        If the disk refuses.
    """
    with storing(file):
        if file.suffix == ".parquet":
            table.write_parquet(file, compression="zstd")
        elif file.suffix == ".csv":
            shown = table.with_columns(pl.col("time").dt.strftime(_WRITTEN_TIME), *map(all_shown, _TEXTS))
            shown.write_csv(file)
        else:
            raise _other_form(file, f"the ending {file.suffix!r}", "a file that ends in .parquet or .csv")


def read(file: Path) -> pl.DataFrame:
    """A table of the form from Parquet or CSV, by the file's ending.

    Raises
    ------
    SourceError
        If it is not of the form.
    SurroundingsError
        If it cannot be read.
    """
    try:
        with storing(file):
            held = pl.read_parquet(file) if file.suffix == ".parquet" else _of_csv(file)
    except pl.exceptions.PolarsError as error:
        raise _other_form(file, str(error).splitlines()[0], "a table that was exported") from error
    missing = [name for name in _NEEDED if name not in held.columns]
    if missing:
        raise _other_form(file, f"the columns {', '.join(held.columns)}", f"the columns {', '.join(_NEEDED)}")
    try:
        return _formed(held)
    except pl.exceptions.PolarsError as error:
        raise _other_form(file, str(error).splitlines()[0], "numbers and times as they are exported") from error


def imported(store: Store, table: pl.DataFrame, now: datetime) -> int:
    """Register the tags of a table and append its rows; returns how many.

    Parameters
    ----------
    table
        Of the form ``FORM``.
    now
        When they come: from it rows without a ``seq`` get theirs.

    Raises
    ------
    ProblemError
        If a tag is registered with another unit.
    """
    first = (now - _EPOCH) // timedelta(microseconds=1)
    tags = table.unique("tag", maintain_order=True).select("tag", "unit", "stepped").iter_rows()
    numbers = store.register([NewTag(name, unit, bool(stepped)) for name, unit, stepped in tags])
    rows = table.with_columns(
        pl.col("tag").replace_strict(numbers, return_dtype=pl.Int32),
        seq=pl.coalesce("seq", pl.int_range(first, first + table.height, dtype=pl.Int64)),
    )
    number = pl.col("kind") == "number"
    samples = rows.filter(number).select(list(SAMPLES.columns))
    return store.append(samples, rows.filter(~number).select(list(SAMPLES_TEXT.columns)))


def _named(registered: pl.DataFrame, names: list[str]) -> pl.DataFrame:
    unknown = sorted(set(names) - set(registered["name"]))
    if unknown:
        way_out = "Name registered tags: ferrolan historian tags lists them."
        found = ", ".join(repr(name) for name in unknown[:5])
        raise SourceError([Fault("historian", 0, "tag", found, "a registered tag", way_out, "unknown_tag")])
    return registered.filter(pl.col("name").is_in(names))


def _of_csv(file: Path) -> pl.DataFrame:
    held = pl.read_csv(file, infer_schema=False)
    return held.with_columns(all_meant(name) for name in _TEXTS if name in held.columns)


def _formed(held: pl.DataFrame) -> pl.DataFrame:
    if held.schema["time"] == pl.String:
        held = held.with_columns(pl.col("time").str.to_datetime(time_unit="us", time_zone="UTC"))
    if held.schema.get("stepped") == pl.String:
        held = held.with_columns(pl.col("stepped") == "true")
    given = [
        pl.col(name).cast(dtype) if name in held.columns else pl.lit(None, dtype).alias(name)
        for name, dtype in FORM.items()
    ]
    formed = held.select(given)
    return formed.with_columns(
        pl.col("kind").fill_null(pl.when(pl.col("text").is_null()).then(pl.lit("number")).otherwise(pl.lit("text"))),
        pl.col("unit").fill_null(""),
        pl.col("stepped").fill_null(value=False),
        pl.col("status").fill_null(0),
        pl.col("source").fill_null(0),
    )


def _other_form(file: Path, found: str, expected: str) -> SourceError:
    way_out = "Export it again: ferrolan historian export says the form."
    return SourceError([Fault(str(file), 0, "", found, expected, way_out, "not_exported")])
