"""Declared sources, read: where each file lies, how it is written, and what came of it.

``plant_historian`` is a CSV file with semicolons and decimal commas in the site's time. If it ends days before the
month does it is refused with its last line; what was taken from it becomes a row of the table ``ingest``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path

import polars as pl

from ferrolan.assembly.tags import addresses
from ferrolan.base.errors import Fault, SourceError
from ferrolan.base.tables import INGEST
from ferrolan.base.time import Period
from ferrolan.enterprise.document import Enterprise
from ferrolan.enterprise.sources import SQLITE, CsvSource, SqlSource
from ferrolan.historian.ingest import IngestReport
from ferrolan.sources.files import Dialect, read_csv
from ferrolan.sources.source import Batch
from ferrolan.sources.sql import SqlTable, read_sql

LATEST_END = timedelta(hours=2)
"""How long before the end of the month a time series may end: some samples, not a shift."""


def batches(document: Enterprise, files: Mapping[str, Path]) -> Iterator[tuple[str, Batch]]:
    """Every source, read, by the source's name."""
    for number, (name, declared) in enumerate(document.sources.items()):
        wanted = addresses(document, name)
        if isinstance(declared, CsvSource):
            yield name, read_csv(files[name], dialect(document, declared), wanted, number, name)
        else:
            yield name, read_sql(sql_table(document, declared, files[name]), wanted, number, name)


def source_file(document: Enterprise, source: str, folder: Path) -> Path:
    """The file of a source; a relative path counts from ``folder``."""
    declared = document.sources[source]
    return folder / (declared.path if isinstance(declared, CsvSource) else declared.url.removeprefix(SQLITE))


def refuse_early_end(document: Enterprise, name: str, file: Path, batch: Batch, periods: Sequence[Period]) -> None:
    """Refuse a source of time series that ends more than ``LATEST_END`` before the month does.

    A missing value is a state, but half a file is a fault: its means would stand for a month they did not see. Sources
    of laboratory results, bookings and counts may end when they end.

    Raises
    ------
    SourceError
        With the file and the last line that was read.
    """
    series = {number for number, tag in enumerate(document.tags) if tag.source == name and tag.method == "time_mean"}
    samples = batch.samples.filter(pl.col("tag").is_in(sorted(series)), pl.col("value").is_not_null())
    if not series:
        return
    end = periods[-1].end
    last = samples["time"].max()
    if isinstance(last, datetime) and end - last <= LATEST_END:
        return
    found = f"data to {last:%Y-%m-%d %H:%M} UTC" if isinstance(last, datetime) else "no good value of any tag"
    raise SourceError(
        [
            Fault(
                str(file),
                batch.report.rows + 1,
                f"sources.{name}",
                found,
                f"data to {end:%Y-%m-%d %H:%M} UTC, the end of {document.account.month}",
                "Export the whole month, or check account.month.",
                "early_end",
            )
        ]
    )


def ingest_row(name: str, batch: Batch, report: IngestReport) -> pl.DataFrame:
    """What was taken from one source (``ingest`` schema)."""
    read = batch.report
    row = {
        "source": name,
        "rows": read.rows,
        "samples": report.samples,
        "good": report.good,
        "uncertain": report.uncertain,
        "bad": report.bad,
        "out_of_range": sum(report.out_of_range.values()),
        "rejected": batch.rejected.height,
        "repeated": read.repeated,
        "backward": read.backward,
        "silent": list(read.silent),
        "undeclared": list(read.undeclared_addresses),
    }
    return INGEST.check(pl.DataFrame([row], schema=INGEST.schema))


def dialect(document: Enterprise, declared: CsvSource) -> Dialect:
    """How the CSV file of a source is written."""
    return Dialect(
        separator=declared.separator,
        decimal=declared.decimal,
        encoding=declared.encoding,
        time_column=declared.time_column,
        time_format=declared.time_format,
        time_zone=declared.time_zone or document.enterprise.time_zone,
        bad_texts=tuple(declared.bad_texts),
    )


def sql_table(document: Enterprise, declared: SqlSource, file: Path) -> SqlTable:
    """Where the rows of a database source stand in the database file."""
    return SqlTable(
        url=f"{SQLITE}{file.absolute()}",
        table=declared.table,
        time=declared.time,
        keys=tuple(declared.keys),
        value=declared.value,
        time_zone=declared.time_zone or document.enterprise.time_zone,
        order=declared.order,
    )
