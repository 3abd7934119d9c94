"""The month of the live sources, measured where it was collected: the historian that the collector fills.

Tag ``WT-214`` comes by OPC UA; ``ferrolan collect`` has kept its samples for weeks under a number of their own. An
account asks the historian for the tags by name, takes the periods of its month, and says of each live source what it
found, as it does of a file: how many samples, how many of them bad, which tags are silent.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import polars as pl

from ferrolan.assembly.sources import refuse_end_at, remark_rows, series_of
from ferrolan.assembly.tags import Numbers, signals_of
from ferrolan.assembly.watched import changed, watched
from ferrolan.base.errors import Fault
from ferrolan.base.provenance import hash_json
from ferrolan.base.status import StatusCode, bad, good, uncertain
from ferrolan.base.tables import INGEST, MEASUREMENTS, REMARKS
from ferrolan.base.time import Period
from ferrolan.enterprise.document import Enterprise
from ferrolan.historian.aggregate import measure
from ferrolan.historian.plausible import implausible
from ferrolan.historian.seam import Reader

AT_ONCE = 25
"""Tags whose samples are in memory at once: a month of them each second is 65 million rows."""


@dataclass(frozen=True)
class Collected:
    """What a month of the live sources gave: tables ``measurements``, ``ingest`` and ``remarks``, and the samples."""

    measurements: pl.DataFrame
    ingest: pl.DataFrame
    remarks: pl.DataFrame
    samples: int

    @property
    def content_hash(self) -> str:
        """SHA-256 over everything that goes on into a run [hex]."""
        tables = (self.measurements, self.ingest, self.remarks)
        return hash_json([[[str(cell) for cell in row] for row in table.iter_rows()] for table in tables])


def collected(document: Enterprise, reader: Reader, periods: Sequence[Period], where: str) -> Collected:
    """Measure the month of every live source.

    Parameters
    ----------
    document
        The document with its connections and tag map.
    reader
        The historian that was collected into.
    periods
        Periods of the account.
    where
        The historian's address, for what is said of it.

    Raises
    ------
    SourceError
        Where the series of a source end before the month does.
    """
    known = _numbers(document, reader)
    wanted = signals_of(document, document.connections, known)
    parts = [_of_source(document, reader, name, known, periods, where) for name in document.connections]
    return Collected(
        MEASUREMENTS.check(measure(reader, wanted, periods)),
        pl.concat([INGEST.empty(), *(part[0] for part in parts)]),
        pl.concat([REMARKS.empty(), *(part[1] for part in parts)]),
        sum(int(part[0]["samples"].sum()) for part in parts),
    )


def _numbers(document: Enterprise, reader: Reader) -> Numbers:
    """The number of every tag by name; one below zero, which has no samples, where the historian does not know it."""
    registered = dict(reader.registered().select("name", "number").iter_rows())
    names = dict.fromkeys(tag.tag for tag in document.tags)
    return {name: registered.get(name, -1 - place) for place, name in enumerate(names)}


def _source(document: Enterprise) -> Mapping[str, str]:
    return {tag.tag: tag.source for tag in document.tags}


def _of_source(
    document: Enterprise, reader: Reader, source: str, known: Numbers, periods: Sequence[Period], where: str
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """What one live source gave of the month: a row of ``ingest``, and what a person should look at."""
    names = [name for name, of in _source(document).items() if of == source]
    series = series_of(document, source, known)
    look = watched(document, source, known)
    counts, last = [_COUNTED], None
    remarks: list[Fault] = []
    alive: set[int] = set()
    for samples, repeated in _samples(reader, [known[name] for name in names], periods):
        counts.append(_counted(samples, repeated))
        alive |= set(samples["tag"].unique())
        out = dict(samples.filter(_outside()).group_by("tag").len().iter_rows())
        remarks += implausible(_as_read(samples), look, out, periods, where)
        last = max(filter(None, (last, _last_value(samples, series))), default=None)
    refuse_end_at(document, source, last if series else periods[-1].end, where, 0, periods)
    silent = sorted(name for name in names if known[name] not in alive)
    row = pl.concat(counts).sum().with_columns(
        source=pl.lit(source), silent=pl.lit(silent, dtype=pl.List(pl.String)),
        undeclared=pl.lit([], dtype=pl.List(pl.String)), rejected=pl.lit(0, pl.Int64), backward=pl.lit(0, pl.Int64),
    )  # fmt: skip
    return INGEST.check(row), remark_rows(source, (*remarks, *changed(document, source)))


def _samples(reader: Reader, tags: Sequence[int], periods: Sequence[Period]) -> Iterator[tuple[pl.DataFrame, int]]:
    """Samples of the month, some tags at a time, and how many others were superseded."""
    start, end = periods[0].start, periods[-1].end
    for first in range(0, len(tags), AT_ONCE):
        some = tags[first : first + AT_ONCE]
        yield reader.query(some, start, end), reader.superseded(some, start, end).height


_COUNTED = pl.DataFrame(
    schema=dict.fromkeys(("rows", "samples", "good", "uncertain", "bad", "out_of_range", "repeated"), pl.Int64)
)


def _counted(samples: pl.DataFrame, repeated: int) -> pl.DataFrame:
    status = pl.col("status")
    return samples.select(
        rows=pl.len().cast(pl.Int64) + repeated,
        samples=pl.len().cast(pl.Int64),
        good=good(status).sum().cast(pl.Int64),
        uncertain=uncertain(status).sum().cast(pl.Int64),
        bad=bad(status).sum().cast(pl.Int64),
        out_of_range=_outside().sum().cast(pl.Int64),
        repeated=pl.lit(repeated, pl.Int64),
    )


def _outside() -> pl.Expr:
    return pl.col("status") == int(StatusCode.UNCERTAIN_ENGINEERING_UNITS_EXCEEDED)


def _as_read(samples: pl.DataFrame) -> pl.DataFrame:
    """The samples in the unit at the source."""
    return samples.with_columns(value=pl.coalesce("raw", "value"))


def _last_value(samples: pl.DataFrame, series: set[int]) -> datetime | None:
    last = samples.filter(pl.col("tag").is_in(sorted(series)), pl.col("value").is_not_null())["time"].max()
    return last if isinstance(last, datetime) else None
