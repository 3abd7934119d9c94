"""Real files into a historian of their own, by a mapping of a few lines, with a report of everything that was odd.

``take(Path("steel_energy.yaml"))`` reads a year of a works' energy meters: 35,040 rows, 365 of them stamped with the
day that just ended, 3,315 cells with a zero before the number. What was repaired and refused is listed with its line,
held values are marked, and the historian appears whole or not at all. ``dry_run`` does all of it but store.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

import polars as pl

from ferrolan.assembly.mapping import MappedTag, Series, read_series
from ferrolan.assembly.sources import ingest_row, remark_rows
from ferrolan.base.errors import DocumentError, Fault
from ferrolan.base.status import StatusCode, bad, good, uncertain
from ferrolan.base.surroundings import storing
from ferrolan.base.tables import (
    INGEST,
    REJECTED,
    REPAIRED,
    SAMPLES_TEXT,
    STALE_STRETCHES,
    TAKEN_COLUMNS,
    TAKEN_FILES,
)
from ferrolan.enterprise.mapping import UNKNOWN, DataMapping
from ferrolan.enterprise.mapping import load as load_mapping
from ferrolan.enterprise.sheet import compose
from ferrolan.enterprise.text import read_text
from ferrolan.historian.ingest import convert, report
from ferrolan.historian.stale import mark_stale, stale_stretches
from ferrolan.historian.store import Historian, anew
from ferrolan.records.whole import making
from ferrolan.sources.source import counted

ENDING = ".duckdb"
"""Ending of a historian's file; the report lies beside it in a folder with the ending ``.tables``."""

RUNS = Path("runs")
"""Folder of the historian where none is given: that of all runs."""


@dataclass(frozen=True)
class Taken:
    """What was taken of real files.

    Parameters
    ----------
    name, title
        As in the mapping.
    tables
        ``ingest``, ``taken_columns``, ``taken_files``, ``rejected``, ``repaired``, ``remarks``, ``stale_stretches``,
        ``samples_text``.
    samples
        Number of samples made.
    store
        The historian's file; None after a dry run.
    """

    name: str
    title: str
    tables: Mapping[str, pl.DataFrame]
    samples: int
    store: Path | None


def take(mapping: Path, out: Path = RUNS, *, store: Path | None = None, dry_run: bool = False) -> Taken:
    """Take real files into a historian, or only say what would be taken.

    Parameters
    ----------
    mapping
        The mapping's file.
    out
        Folder of the historian; its file has the mapping's name.
    store
        The historian's file, where it is another. It is made anew; the tables are kept beside it as Parquet.
    dry_run
        Whether nothing is stored.

    Raises
    ------
    DocumentError
        With every fault of the mapping.
    SourceError
        With the faults of every file that is not as the mapping says; nothing is stored then.
    SurroundingsError
        If the historian is open elsewhere, or the disk refuses.
    """
    declared = load_mapping(Path(mapping))
    if dry_run:
        return _taken(declared, None)
    file = Path(store) if store is not None else Path(out) / f"{declared.name}{ENDING}"
    tables = file.with_suffix(".tables")
    with making(tables) as beside:
        with anew(file) as historian:
            taken = _taken(declared, historian)
            _write(taken.tables, beside / "new")
        _replace(tables, beside)
    return replace(taken, store=file)


def is_mapping(path: Path) -> bool:
    """Whether a file is a mapping, not the document of an enterprise; one that cannot be read is none."""
    try:
        _, text = read_text(Path(path))
    except DocumentError:
        return False
    sheet, _ = compose(text, str(path))
    return sheet is not None and "mapping" in sheet.data


def _taken(declared: DataMapping, historian: Historian | None) -> Taken:
    parts = [_series(declared, series, historian) for series in read_series(declared)]
    tables = {name: pl.concat([part[name] for part in parts]) for name in parts[0]}
    tables["taken_files"] = pl.concat([_file(None, declared.path, declared.content_hash, None), tables["taken_files"]])
    tables["remarks"] = pl.concat([tables["remarks"], _unknown_units(declared, tables["taken_columns"])])
    return Taken(declared.name, declared.title, tables, int(tables["taken_columns"]["rows"].sum()), None)


def _series(declared: DataMapping, series: Series, historian: Historian | None) -> dict[str, pl.DataFrame]:
    """The tables of one series; its samples go to the historian where there is one."""
    converted = [convert(reading.batch.samples, series.numbers()) for reading in series.readings]
    limits = series.limits()
    samples = mark_stale(pl.concat(converted), limits)
    if historian is not None:
        historian.append(samples)
    names = {tag.address.tag: tag.address.name for tag in series.tags}
    batches = [reading.batch for reading in series.readings]
    rejected, repaired = (pl.concat([getattr(b, which) for b in batches]) for which in ("rejected", "repaired"))
    texts = pl.concat([batch.texts for batch in batches])
    return {
        "ingest": _ingest(series, samples),
        "taken_columns": _columns(declared, series.tags, samples, texts, rejected, repaired),
        "taken_files": pl.concat(
            _file(r.number, r.file.path, r.batch.content_hash, r.batch.report.rows) for r in series.readings
        ),
        "rejected": REJECTED.check(rejected),
        "repaired": REPAIRED.check(repaired),
        "remarks": pl.concat([remark_rows(r.source, r.batch.report.remarks) for r in series.readings]),
        "stale_stretches": _stretches(samples, limits, names),
        "samples_text": SAMPLES_TEXT.check(texts),
    }


def _ingest(series: Series, samples: pl.DataFrame) -> pl.DataFrame:
    """What was taken of each file of a series."""
    rows = []
    for reading in series.readings:
        own = samples.filter(pl.col("source") == reading.number)
        rows.append(ingest_row(reading.source, reading.batch, report(own, reading.batch.rejected)))
    return INGEST.check(pl.concat(rows))


def _file(number: int | None, path: Path, content_hash: str, rows: int | None) -> pl.DataFrame:
    """Where a number comes from: a file, or the mapping itself (``taken_files`` schema)."""
    row = (number, path.name, content_hash, rows)
    return TAKEN_FILES.check(pl.DataFrame([row], schema=TAKEN_FILES.schema, orient="row"))


def _columns(
    declared: DataMapping,
    tags: tuple[MappedTag, ...],
    samples: pl.DataFrame,
    texts: pl.DataFrame,
    rejected: pl.DataFrame,
    repaired: pl.DataFrame,
) -> pl.DataFrame:
    """One row a tag, in the order of the tags."""
    known = pl.DataFrame(
        [
            (at.name, at.address, at.tag, tag.unit, at.unit, declared.layout.stamp)
            for tag in tags
            for at in (tag.address,)
        ],
        schema={name: TAKEN_COLUMNS.columns[name].dtype for name in _KNOWN},
        orient="row",
    )
    counts = pl.concat([_counts(samples, pl.col("value")), _counts(texts, pl.lit(None, dtype=pl.Float64))])
    odd = [
        frame.group_by("tag").agg(pl.len().cast(pl.Int64).alias(name))
        for name, frame in (("repaired", repaired), ("rejected", rejected))
    ]
    whole = known.join(counts, on="number", how="left", maintain_order="left")
    for frame in odd:
        whole = whole.join(frame, on="tag", how="left", maintain_order="left")
    return TAKEN_COLUMNS.check(whole.with_columns(pl.col(name).fill_null(0) for name in _COUNTED))


_KNOWN = ("tag", "column", "number", "unit", "unit_at_source", "stamp")
_COUNTED = ("rows", "good", "uncertain", "bad", "stale", "out_of_range", "repaired", "rejected")


def _counts(samples: pl.DataFrame, value: pl.Expr) -> pl.DataFrame:
    """Counts, first and last time, smallest and largest value of each tag."""
    status = pl.col("status")
    usable = value.filter(~bad(status)) if "value" in samples.columns else value.first()
    return samples.group_by(pl.col("tag").alias("number")).agg(
        rows=pl.len().cast(pl.Int64),
        good=_count(good(status)),
        uncertain=_count(uncertain(status)),
        bad=_count(bad(status)),
        stale=_count(status == int(StatusCode.UNCERTAIN_LAST_USABLE_VALUE)),
        out_of_range=_count(status == int(StatusCode.UNCERTAIN_ENGINEERING_UNITS_EXCEEDED)),
        first=pl.min("time"),
        last=pl.max("time"),
        minimum=usable.min(),
        maximum=usable.max(),
    )


def _count(condition: pl.Expr) -> pl.Expr:
    return condition.sum().cast(pl.Int64)


def _stretches(samples: pl.DataFrame, limits: Mapping[int, timedelta], names: Mapping[int, str]) -> pl.DataFrame:
    frame = stale_stretches(samples, limits)
    return STALE_STRETCHES.check(frame.with_columns(pl.col("tag").replace_strict(names, return_dtype=pl.String)))


def _unknown_units(declared: DataMapping, columns: pl.DataFrame) -> pl.DataFrame:
    """One remark on the columns that are kept as they came, because nobody knows their unit."""
    unknown = columns.filter(pl.col("unit") == UNKNOWN)["column"].unique(maintain_order=True).to_list()
    fault = Fault(
        str(declared.path), min((declared.line(name) for name in unknown), default=0), "columns",
        f"{counted(len(unknown), 'column')} whose unit nobody knows: {', '.join(unknown)}", "the unit of each column",
        "Their numbers are kept as they came, for no account; declare the unit when it is known.", "unknown_unit",
    )  # fmt: skip
    return remark_rows(declared.name, [fault] if unknown else [])


def _write(tables: Mapping[str, pl.DataFrame], folder: Path) -> None:
    with storing(folder):
        folder.mkdir()
        for name, frame in tables.items():
            frame.write_parquet(folder / f"{name}.parquet")


def _replace(folder: Path, beside: Path) -> None:
    """Put the new report in the place of the one before."""
    with storing(folder):
        if folder.exists():
            folder.rename(beside / "old")
        (beside / "new").rename(folder)
