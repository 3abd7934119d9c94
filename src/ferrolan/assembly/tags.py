"""The tag map, turned into what sources read, the historian keeps and the account measures.

Tag ``WT-214`` is column ``BY.WT-214.PV`` of the plant historian's export, in t/h, and measures the flow of
``flotation_feed`` with a standard deviation of 1 % of the mean of a period: an address for ``sources``, a conversion
for ``historian.ingest``, a signal for ``historian.aggregate``. A tag's number is its place in the tag map.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path

import polars as pl

from ferrolan.base.errors import Fault, SourceError
from ferrolan.base.tables import INGEST
from ferrolan.base.time import Period, cut, month_bounds
from ferrolan.base.units import factor_offset
from ferrolan.enterprise.document import Enterprise
from ferrolan.enterprise.sources import SQLITE, CsvSource, SqlSource
from ferrolan.enterprise.tags import Tag
from ferrolan.historian.aggregate import Signal
from ferrolan.historian.ingest import Conversion, IngestReport
from ferrolan.sources.files import Dialect, read_csv
from ferrolan.sources.source import Batch, TagAddress
from ferrolan.sources.sql import SqlTable, read_sql

LATEST_END = timedelta(hours=2)
"""How long before the end of the month a time series may end: some samples, not a shift."""


def periods(document: Enterprise) -> tuple[Period, ...]:
    """The periods of the account: its month, cut as the document declares."""
    start, end = month_bounds(document.account.month, document.enterprise.time_zone)
    return cut(start, end, document.account.period)


def addresses(document: Enterprise, source: str) -> tuple[TagAddress, ...]:
    """The tags of one source, by number and address."""
    return tuple(
        TagAddress(number, tag.tag, tag.address) for number, tag in enumerate(document.tags) if tag.source == source
    )


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


def source_file(document: Enterprise, source: str, folder: Path) -> Path:
    """The file of a source; a relative path counts from ``folder``."""
    declared = document.sources[source]
    return folder / (declared.path if isinstance(declared, CsvSource) else declared.url.removeprefix(SQLITE))


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


def conversions(document: Enterprise) -> Mapping[int, Conversion]:
    """How each tag's value becomes canonical, and the range it must lie in."""
    return {number: _conversion(tag) for number, tag in enumerate(document.tags)}


def signals(document: Enterprise) -> tuple[Signal, ...]:
    """What each tag measures, with its stated standard deviation."""
    return tuple(
        Signal(
            tag=number,
            name=tag.tag,
            kind=tag.kind,
            object=tag.object,
            component=tag.component,
            unit=factor_offset(tag.unit)[2],
            stepped=tag.kind in ("state",),
            sigma_absolute=tag.sigma_absolute,
            sigma_relative=tag.sigma_relative,
            method=tag.method,
        )
        for number, tag in enumerate(document.tags)
    )


def _conversion(tag: Tag) -> Conversion:
    factor, offset, _ = factor_offset(tag.unit)
    lo = -math.inf if tag.lo is None else tag.lo
    hi = math.inf if tag.hi is None else tag.hi
    return Conversion(factor=factor, offset=offset, lo=lo, hi=hi)


def batches(document: Enterprise, files: Mapping[str, Path]) -> Iterator[tuple[str, Batch]]:
    """Every source, read, by the source's name."""
    for number, (name, declared) in enumerate(document.sources.items()):
        wanted = addresses(document, name)
        if isinstance(declared, CsvSource):
            yield name, read_csv(files[name], dialect(document, declared), wanted, number, name)
        else:
            yield name, read_sql(sql_table(document, declared, files[name]), wanted, number, name)


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
        "repeated": len(read.repeated_lines),
        "backward": len(read.backward_lines),
        "silent": list(read.silent),
        "undeclared": [found.address for found in read.undeclared],
    }
    return INGEST.check(pl.DataFrame([row], schema=INGEST.schema))
