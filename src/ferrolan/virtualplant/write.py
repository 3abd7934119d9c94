"""The raw month on disk, as a plant hands it over: a historian export and a database.

``write(truth, tags, folder)`` makes ``folder/raw/plant_historian.csv`` and ``folder/raw/erp_laboratory.sqlite``. Each
file appears whole or not at all: it is written beside its place and then moved there.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from ferrolan.base.errors import ProblemError
from ferrolan.virtualplant.database import write_database
from ferrolan.virtualplant.faults import PLANTED, MeterFaults
from ferrolan.virtualplant.historian_export import write_csv
from ferrolan.virtualplant.losses import happened
from ferrolan.virtualplant.tag_record import TagRecord
from ferrolan.virtualplant.truth import Truth

CSV_SOURCES: frozenset[str] = frozenset({"plant_historian"})
DATABASE_SOURCES: frozenset[str] = frozenset({"laboratory", "erp", "stock_counts"})


@dataclass(frozen=True)
class RawFiles:
    """Where the raw month lies."""

    historian: Path
    database: Path


def write(truth: Truth, tags: Sequence[TagRecord], folder: Path, *, faults: MeterFaults = PLANTED) -> RawFiles:
    """Look at the truth through the instruments and write what they say.

    Parameters
    ----------
    truth
        The month.
    tags
        The tag map: which instrument, where it is kept, how large its error is. It may name a part of the plant only.
    folder
        Folder of the declared document; the files go to ``raw/`` in it.
    faults
        What is wrong with the instruments beyond their declared errors, and in the plant itself.

    Returns
    -------
    RawFiles
        Paths of the two files. The same truth and tags give the same bytes of CSV and the same rows of every table.

    Raises
    ------
    ProblemError
        If a tag belongs to no source, stream, stock or unit of this plant, or a fault cannot be.
    """
    tags = _once(tags)
    sources = CSV_SOURCES | DATABASE_SOURCES
    strangers = [f"{tag.tag} ({tag.source})" for tag in tags if tag.source not in sources]
    if strangers:
        raise ProblemError(
            f"virtual plant: no source of tags {', '.join(strangers)}; known: {', '.join(sorted(sources))}"
        )
    happening = happened(truth, faults.plant)
    raw = folder / "raw"
    raw.mkdir(parents=True, exist_ok=True)
    files = RawFiles(raw / "plant_historian.csv", raw / "erp_laboratory.sqlite")
    continuous = [tag for tag in tags if tag.source in CSV_SOURCES]
    booked = [tag for tag in tags if tag.source in DATABASE_SOURCES]
    _whole(files.historian, lambda path: write_csv(happening, continuous, path, faults))
    _whole(files.database, lambda path: write_database(happening, booked, path, faults))
    return files


def _whole(path: Path, make: Callable[[Path], None]) -> None:
    part = path.with_name(f"{path.name}.{os.getpid()}.part")
    part.unlink(missing_ok=True)
    try:
        make(part)
        with part.open("r+b") as stream:  # on the disk before it has its name, also after a power cut
            os.fsync(stream.fileno())
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def _once(tags: Sequence[TagRecord]) -> Sequence[TagRecord]:
    """Each instrument once, as its first row says: one that is re-ranged on paper stays what it is."""
    first: dict[str, TagRecord] = {}
    for tag in tags:
        first.setdefault(tag.tag, tag)
    return tuple(first.values())
