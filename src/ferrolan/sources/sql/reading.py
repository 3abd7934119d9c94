"""A long table read in one go: every row in its declared order, with a hash over them all.

An account of March takes the laboratory's table so, and finds by the hash whether it would read the same again.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from ferrolan.base.status import AT_MOST, bad
from ferrolan.base.tables import REPAIRED, SAMPLES, SAMPLES_TEXT
from ferrolan.sources.clock import check_zone
from ferrolan.sources.source import Batch, Discovered, Discovery, ReadReport, TagAddress, refusal
from ferrolan.sources.sql.database import connection
from ferrolan.sources.sql.rows import refused, understood
from ferrolan.sources.sql.table import SqlTable, address, all_rows, check_columns, counted_addresses
from ferrolan.sources.timeline import far_remark


@dataclass(frozen=True)
class SqlSource:
    """One database table as a source: ``number`` and ``name`` as in the document."""

    table: SqlTable
    number: int
    name: str

    def discover(self) -> Discovery:
        """List the addresses in the table, each with the number of its rows."""
        with connection(self.table.database, self.table.table) as link:
            check_columns(self.table, link)
            return Discovery(tuple(Discovered(name, rows) for name, rows in counted_addresses(self.table, link)))

    def read(self, tags: Sequence[TagAddress]) -> Batch:
        """Read every sample of the tags."""
        return read_sql(self.table, tags, self.number, self.name)


def read_sql(
    table: SqlTable, tags: Sequence[TagAddress], source: int, source_name: str, *, first_seq: int = 1
) -> Batch:
    """Read the samples of the tags from a long table.

    Parameters
    ----------
    table
        Where and how they stand.
    tags
        The addresses to read; rows of other addresses are counted in the report.
    source, source_name
        Number and name of the source in the document.
    first_seq
        ``seq`` of the first row of the table.

    Returns
    -------
    Samples in the unit of the table, in its declared order; texts; rejected rows, numbered from 1 in that order; the
    SHA-256 of all its rows. A null is a sample with status BadNoData; text that is not a number is rejected and leaves
    a Bad sample; but of a tag with a detection limit ``<0.01`` is kept as that limit, with the status *at most*, and
    listed among the repaired.

    Raises
    ------
    SourceError
        If the database, the table or a column is missing, the file is no database, or no time can be read.
    SurroundingsError
        If the driver of the database is not installed.
    """
    check_zone(table.time_zone, table.label)
    fetched = _fetch(table)
    count = len(fetched.addresses)
    rows = understood(range(1, count + 1), fetched.addresses, fetched.times, fetched.values, tags, table.time_zone)
    _check_times(table, rows)
    samples = _samples(rows, tags, source, first_seq)
    rejected = refused(rows, source_name, table.label, tags)
    report = _report(table, fetched, rows, tags, samples, rejected)
    repaired = _repaired(rows, source_name, table.label, tags)
    return Batch(samples, rejected, fetched.content_hash, report, repaired, _texts(rows, tags, source, first_seq))


def content_hash(table: SqlTable) -> str:
    """SHA-256 of all rows of a table [hex], by which a run tells whether it would read the same again.

    Raises
    ------
    SourceError, SurroundingsError
        As ``read_sql``.
    """
    return _fetch(table).content_hash


@dataclass(frozen=True)
class _Fetched:
    """Raw rows in order: their addresses, times, values, and the hash over all of them."""

    addresses: tuple[str, ...]
    times: tuple[object, ...]
    values: tuple[object, ...]
    content_hash: str


def _fetch(table: SqlTable) -> _Fetched:
    with connection(table.database, table.table) as link:
        check_columns(table, link)
        rows = all_rows(table, link)
    digest = hashlib.sha256("\n".join(repr(row) for row in rows).encode())
    return _Fetched(
        tuple(address(row[3:]) for row in rows),
        tuple(row[1] for row in rows),
        tuple(row[2] for row in rows),
        digest.hexdigest(),
    )


def _check_times(table: SqlTable, rows: pl.DataFrame) -> None:
    if rows.is_empty() or rows["time"].count():
        return
    first = rows.row(0, named=True)
    raise refusal(
        table.label, first["line"], f"{table.table}.{table.time}", f'"{first["time_found"]}"',
        "a timestamp, or text such as 2026-03-01 06:00", "Declare the column that holds the time.",
        "wrong_time_format",
    )  # fmt: skip


def _samples(rows: pl.DataFrame, tags: Sequence[TagAddress], source: int, first_seq: int) -> pl.DataFrame:
    taken = rows.drop_nulls("time").filter(~pl.col("tag").is_in([tag.tag for tag in tags if tag.text]))
    return SAMPLES.check(
        taken.select(
            "tag",
            "time",
            "value",
            "status",
            raw=pl.lit(None, dtype=pl.Float64),
            seq=pl.col("line") - 1 + first_seq,
            source=pl.lit(source, dtype=pl.Int16),
        )
    )


def _texts(rows: pl.DataFrame, tags: Sequence[TagAddress], source: int, first_seq: int) -> pl.DataFrame:
    taken = rows.drop_nulls("time").filter(pl.col("tag").is_in([tag.tag for tag in tags if tag.text]))
    return SAMPLES_TEXT.check(
        taken.select(
            "tag",
            "time",
            "text",
            "status",
            seq=pl.col("line") - 1 + first_seq,
            source=pl.lit(source, dtype=pl.Int16),
        )
    )


def _repaired(rows: pl.DataFrame, source_name: str, label: str, tags: Sequence[TagAddress]) -> pl.DataFrame:
    """Results below the detection limit, of which the limit was taken."""
    names = {tag.tag: tag.name for tag in tags}
    limits = rows.filter(pl.col("time").is_not_null() & (pl.col("status") == AT_MOST))
    return REPAIRED.check(
        limits.select(
            source=pl.lit(source_name),
            file=pl.lit(label),
            line="line",
            tag=pl.col("tag").replace_strict(names, default=None, return_dtype=pl.String),
            found="value_found",
            taken=pl.format("at most {}", pl.col("value")),
            reason=pl.lit("a result below the detection limit: the limit is kept, not a value"),
        )
    )


def _report(
    table: SqlTable,
    fetched: _Fetched,
    rows: pl.DataFrame,
    tags: Sequence[TagAddress],
    samples: pl.DataFrame,
    rejected: pl.DataFrame,
) -> ReadReport:
    counts = Counter(fetched.addresses)
    discovery = Discovery(tuple(Discovered(name, count) for name, count in sorted(counts.items())))
    timed = rows.drop_nulls("time").with_columns(latest=pl.col("time").cum_max().shift(1).over("tag"))
    return ReadReport(
        rows=len(fetched.addresses),
        samples=samples.height,
        bad=samples.filter(bad(pl.col("status"))).height,
        rejected_rows=rejected["tag"].null_count(),
        rejected_cells=rejected["tag"].count(),
        repeated_lines=tuple(timed.filter(~pl.struct("tag", "time").is_first_distinct())["line"]),
        backward_lines=tuple(timed.filter(pl.col("time") < pl.col("latest"))["line"]),
        undeclared=discovery.undeclared(tags),
        silent=discovery.silent(tags),
        remarks=tuple(far_remark(table.label, f"{table.table}.{table.time}", rejected)),
    )
