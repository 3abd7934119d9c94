"""Declared sources, read: where each file lies, how it is written, and what came of it.

``plant_historian`` is a CSV file with semicolons and decimal commas in the site's time. If it ends days before the
month does it is refused with its last line; what was taken from it becomes a row of the table ``ingest``.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path

import polars as pl

from ferrolan.assembly.tags import addresses, numbers
from ferrolan.base.errors import Fault, SourceError
from ferrolan.base.spans import duration, seconds
from ferrolan.base.tables import INGEST, REMARKS
from ferrolan.base.time import Period
from ferrolan.enterprise.document import Enterprise
from ferrolan.enterprise.sources import (
    SERVERS,
    SQLITE,
    CsvSource,
    ExcelSource,
    ParquetSource,
    SqlSource,
)
from ferrolan.historian.ingest import IngestReport
from ferrolan.sources.declared import cell_dialect, sheet, text_dialect
from ferrolan.sources.dialect import TextDialect
from ferrolan.sources.excel import read_excel
from ferrolan.sources.files import read_csv
from ferrolan.sources.live import Connector, ConnectorKind, Place
from ferrolan.sources.parquet import read_parquet
from ferrolan.sources.source import Batch
from ferrolan.sources.sql import Polling, SqlConnector, SqlTable, content_hash, read_sql

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
            yield name, read_sql(sql_table(document, declared, files.get(name)), wanted, number, name)


def source_file(document: Enterprise, source: str, folder: Path) -> Path:
    """The file of a source; a relative path counts from ``folder``."""
    declared = document.sources[source]
    return folder / (declared.url.removeprefix(SQLITE) if isinstance(declared, SqlSource) else declared.path)


def where(document: Enterprise, name: str, files: Mapping[str, Path]) -> str:
    """Where a source is read from, for what is said of it: its file, or the address of its server."""
    declared = document.sources[name]
    return declared.url if isinstance(declared, SqlSource) and name not in files else str(files[name])


def refuse_early_end(document: Enterprise, name: str, file: str, batch: Batch, periods: Sequence[Period]) -> None:
    """Refuse a source of time series that ends more than ``LATEST_END`` before the month does.

    A missing value is a state, but half a file is a fault: its means would stand for a month they did not see. Sources
    of laboratory results, bookings and counts may end when they end.

    Raises
    ------
    SourceError
        With the file and the last line that was read.
    """
    series = series_of(document, name, numbers(document))
    samples = batch.samples.filter(pl.col("tag").is_in(sorted(series)), pl.col("value").is_not_null())
    last = samples["time"].max()
    if series:
        refuse_end_at(
            document, name, last if isinstance(last, datetime) else None, file, batch.report.rows + 1, periods
        )


def series_of(document: Enterprise, source: str, known: Mapping[str, int]) -> set[int]:
    """Numbers of the tags of a source that are read all the time."""
    return {known[tag.tag] for tag in document.tags if tag.source == source and tag.method == "time_mean"}


def refuse_end_at(
    document: Enterprise, name: str, last: datetime | None, where: str, line: int, periods: Sequence[Period]
) -> None:
    """Refuse a source whose series end at ``last``, where that is more than ``LATEST_END`` before the month does.

    Raises
    ------
    SourceError
        With the file or historian, and the line of a file.
    """
    end = periods[-1].end
    if last is not None and end - last <= LATEST_END:
        return
    found = "no good value of any tag" if last is None else f"data to {last:%Y-%m-%d %H:%M} UTC"
    expected = f"data to {end:%Y-%m-%d %H:%M} UTC, the end of {document.require_account().month}"
    way_out = "Export or collect the whole month, or check account.month."
    raise SourceError([Fault(where, line, f"sources.{name}", found, expected, way_out, "early_end")])


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


def sql_table(document: Enterprise, declared: SqlSource, file: Path | None) -> SqlTable:
    """Where the rows of a database source stand: in a database file, or on the server its URL names (no file)."""
    return _table(declared, file, document.path.parent, document.enterprise.time_zone)


def on_server(document: Enterprise, name: str) -> bool:
    """Whether a source is a table on a database server, which has no file."""
    declared = document.sources[name]
    return isinstance(declared, SqlSource) and declared.url.startswith(SERVERS)


def row_hash(document: Enterprise, name: str) -> str:
    """SHA-256 of all rows of a table on a server [hex]: what the hash of a file is to a run.

    Raises
    ------
    SourceError
        If the server cannot be reached or refuses.
    SurroundingsError
        If the secret is missing, or the driver.
    """
    declared = document.sources[name]
    assert isinstance(declared, SqlSource), "only a table on a server has rows to hash"
    return content_hash(sql_table(document, declared, None))


def is_polled(document: Enterprise, name: str) -> bool:
    """Whether a source is a table that ``ferrolan collect`` polls."""
    declared = document.sources[name]
    return isinstance(declared, SqlSource) and declared.every is not None


def sql_connector(document: Enterprise, name: str, place: Place) -> Connector | None:
    """The live connection of a table that is polled; None where it is only read in one go.

    Raises
    ------
    SurroundingsError
        If the secret it declares is missing.
    """
    declared = document.sources[name]
    return POLLED.connect(declared, place) if is_polled(document, name) else None


def _connected(declared: SqlSource, place: Place) -> Connector:
    file = place.folder / declared.url.removeprefix(SQLITE)
    polling = Polling(
        updated=declared.updated or declared.order,
        id=declared.id or declared.order,
        every=seconds(declared.every or "1 min"),
        overlap=seconds(declared.overlap),
        page=declared.page,
        compare=seconds(declared.compare),
        watch=max(1, math.ceil(duration(declared.watch) / timedelta(days=1))),
    )
    return SqlConnector(_table(declared, file, place.folder, place.time_zone), polling, place)


def _table(declared: SqlSource, file: Path | None, folder: Path, time_zone: str) -> SqlTable:
    server = declared.url.startswith(SERVERS)
    return SqlTable(
        url=declared.url if server else f"{SQLITE}{file.absolute() if file else ''}",
        table=declared.table,
        time=declared.time,
        keys=tuple(declared.keys),
        value=declared.value,
        time_zone=declared.time_zone or time_zone,
        order=declared.order,
        password=declared.password.read(folder) if declared.password and server else "",
    )


POLLED = ConnectorKind(
    name="sql",
    title="database",
    address="the values of the key columns joined by a slash, such as feed/Nd2O3",
    spec=SqlSource,
    connect=_connected,
)
"""A table that is polled; in a document it is a ``sql`` source with ``every``, read in one go by a run."""
