"""One file of a watched folder, read as far as it is new.

``march.csv`` grew by forty lines since it was taken: its old bytes are the same, so the forty are taken. A file whose
old bytes are not the same was corrected: all of it is taken, and the later value of each time counts. A column that
states another unit than its tag costs that tag its values, not the others.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from ferrolan.base.errors import SourceError
from ferrolan.sources.declared import FileLayout, declared_grid, file_kind
from ferrolan.sources.dialect import Dialect
from ferrolan.sources.folder.look import Seen
from ferrolan.sources.grid import Grid
from ferrolan.sources.live import GATHERED, GATHERED_TEXT, Json
from ferrolan.sources.reading import holds, read_grid
from ferrolan.sources.source import Batch, TagAddress, read_bytes, refusal


class Unsettled(Exception):  # a state of the file, not a mistake
    """A file that changed while it was read: it is not whole yet."""


@dataclass(frozen=True)
class Taken:
    """What is remembered of a file: SHA-256 of its content [hex], size [byte], time [ns], rows, and whether its last
    line was ended.
    """

    content: str
    size: int
    modified: int
    rows: int
    whole: bool

    def json(self) -> list[Json]:
        """As it stands in the state."""
        return [self.content, self.size, self.modified, self.rows, self.whole]

    def is_of(self, seen: Seen) -> bool:
        """Whether a file looks as it did when it was taken."""
        return (self.size, self.modified) == (seen.size, seen.modified)


@dataclass(frozen=True)
class Fresh:
    """The new rows of a file: samples (GATHERED), texts (GATHERED_TEXT), rejected rows, what is remembered, and why
    tags of it were left out.
    """

    samples: pl.DataFrame
    texts: pl.DataFrame
    rejected: pl.DataFrame
    taken: Taken
    left_out: Mapping[str, str]
    held: frozenset[str]
    repaired: int = 0


def taken_of(entry: Json) -> Taken | None:
    """A remembered file of the state, or None where it is none."""
    match entry:
        case [str(content), int(size), int(modified), int(rows), bool(whole)]:
            return Taken(content, size, modified, rows, whole)
    return None


def content_of(seen: Seen) -> bytes:
    """The bytes of a file.

    Raises
    ------
    Unsettled
        If it is not as long as it was seen.
    SourceError
        If it cannot be read.
    """
    content = read_bytes(seen.path)
    if len(content) != seen.size:
        raise Unsettled(f"{len(content)} bytes where {seen.size} were seen")
    return content


def fresh(
    seen: Seen,
    content: bytes,
    before: Taken | None,
    layout: FileLayout,
    zone: str,
    tags: Sequence[TagAddress],
    source: str,
) -> Fresh:
    """Read what is new in a file.

    Parameters
    ----------
    seen, content
        The file and its bytes.
    before
        What was taken of it earlier, if anything.
    layout, zone, tags, source
        As ``read_declared``.

    Raises
    ------
    SourceError
        If the file is not written as declared, or holds none of the tags.
    Unsettled
        If it changed while it was read.
    """
    grid, dialect, content_hash = declared_grid(seen.path, layout, zone)
    if content_hash != hashlib.sha256(content).hexdigest():
        raise Unsettled("it changed while it was read")
    held = [tag for tag in tags if holds(grid, tag.address)]
    if tags and not held:
        names = ", ".join(name for name in grid.header if name)[:60]
        raise refusal(
            str(seen.path), max(grid.header_line, 1), "", f"the columns {names}", "a column of any tag of the source",
            "Correct the addresses in the tag map, or the pattern.", "missing_column",
        )  # fmt: skip
    batch, left_out = _read(grid, dialect, held, source, content_hash)
    known = 0 if layout.transposed else _known_rows(seen.path, content, before)
    whole = content.endswith((b"\n", b"\r")) or file_kind(seen.path) != "text"
    return Fresh(
        batch.samples.filter(pl.col("seq") > known).select(list(GATHERED)),
        batch.texts.filter(pl.col("seq") > known).select(list(GATHERED_TEXT)),
        _after(batch.rejected, grid, known),
        Taken(content_hash, seen.size, seen.modified, len(grid.lines), whole),
        left_out,
        frozenset(tag.name for tag in held),
        batch.repaired.height,
    )


def _read(
    grid: Grid, dialect: Dialect, tags: Sequence[TagAddress], source: str, content_hash: str
) -> tuple[Batch, Mapping[str, str]]:
    """The batch of a table without the tags whose own column is at fault, and why each was left out."""
    left_out: dict[str, str] = {}
    while True:
        rest = [tag for tag in tags if tag.name not in left_out]
        try:
            return read_grid(grid, dialect, rest, 0, source, content_hash), left_out
        except SourceError as error:
            own = {fault.path: str(fault) for fault in error.faults if fault.path in {tag.name for tag in rest}}
            if not own or len(own) == len(rest):
                raise
            left_out |= own


def _known_rows(path: Path, content: bytes, before: Taken | None) -> int:
    """How many rows of the table were taken already, because the file only grew."""
    if before is None or before.size >= len(content) or file_kind(path) != "text" or path.suffix.lower() == ".gz":
        return 0
    if hashlib.sha256(content[: before.size]).hexdigest() != before.content:
        return 0
    return before.rows if before.whole else max(before.rows - 1, 0)  # its last line may have gone on


def _after(rejected: pl.DataFrame, grid: Grid, known: int) -> pl.DataFrame:
    line = grid.lines[known - 1] if known else 0
    return rejected.filter(pl.col("line") > line)
