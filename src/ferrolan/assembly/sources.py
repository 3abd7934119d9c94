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
from ferrolan.base.tables import INGEST, REMARKS
from ferrolan.base.time import Period
from ferrolan.enterprise.document import Enterprise
from ferrolan.enterprise.sources import (
    SQLITE,
    CsvSource,
    ExcelSource,
    Layout,
    ParquetSource,
    SheetChoice,
    SqlSource,
    TextLayout,
)
from ferrolan.historian.ingest import IngestReport
from ferrolan.sources.dialect import Dialect, TextDialect
from ferrolan.sources.excel import Sheet, read_excel
from ferrolan.sources.files import read_csv
from ferrolan.sources.parquet import read_parquet
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
        elif isinstance(declared, ExcelSource):
            cells = cell_dialect(declared, document.enterprise.time_zone)
            yield name, read_excel(files[name], cells, wanted, number, name, sheet=sheet(declared.sheet))
        elif isinstance(declared, ParquetSource):
            cells = cell_dialect(declared, document.enterprise.time_zone)
            yield name, read_parquet(files[name], cells, wanted, number, name)
        else:
            yield name, read_sql(sql_table(document, declared, files[name]), wanted, number, name)


def source_file(document: Enterprise, source: str, folder: Path) -> Path:
    """The file of a source; a relative path counts from ``folder``."""
    declared = document.sources[source]
    return folder / (declared.url.removeprefix(SQLITE) if isinstance(declared, SqlSource) else declared.path)


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
                f"data to {end:%Y-%m-%d %H:%M} UTC, the end of {document.require_account().month}",
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


def remark_rows(name: str, remarks: Sequence[Fault]) -> pl.DataFrame:
    """What was found in one source and did not stop its reading (``remarks`` schema)."""
    rows = [
        (name, fault.file, fault.line, fault.path, fault.found, fault.expected, fault.way_out, fault.code)
        for fault in remarks
    ]
    return REMARKS.check(pl.DataFrame(rows, schema=REMARKS.schema, orient="row"))


def dialect(document: Enterprise, declared: CsvSource) -> TextDialect:
    """How the text file of a source is written."""
    return text_dialect(declared, document.enterprise.time_zone)


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
