"""Rows on their way into a spool and out of it: as a connector hands them over, as Arrow IPC, and numbered again.

Three samples and one text of a furnace that come in one call are one batch; their ``seq`` are four numbers in a row,
the samples first.
"""

from __future__ import annotations

import io
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from ferrolan.base.errors import TableError
from ferrolan.base.tables import SAMPLES, SAMPLES_TEXT
from ferrolan.sources.live import GATHERED, GATHERED_TEXT, Columns, Json
from ferrolan.sources.spool.records import Record

LARGEST_BATCH = 100_000
"""Rows of one record; what is kept in one go and has more becomes several."""


@dataclass(frozen=True)
class Rows:
    """What one call hands over: samples (GATHERED), texts (GATHERED_TEXT), and the new state as JSON or nothing."""

    samples: pl.DataFrame | None = None
    texts: pl.DataFrame | None = None
    state: bytes = b""

    @property
    def count(self) -> int:
        """Rows of samples and texts."""
        return sum(0 if frame is None else frame.height for frame in (self.samples, self.texts))


@dataclass(frozen=True)
class Page:
    """Batches that were read: the number of the last one, and their rows (SAMPLES in the unit at the source, texts)."""

    last: int
    samples: pl.DataFrame
    texts: pl.DataFrame
    total: int
    """Rows the spool had ever taken when the last batch was complete."""

    @property
    def count(self) -> int:
        """Rows of samples and texts."""
        return self.samples.height + self.texts.height


def rows_of(samples: pl.DataFrame | None, texts: pl.DataFrame | None, state: Mapping[str, Json] | None) -> Rows:
    """Rows for a spool, checked; the state is taken as it is now.

    Raises
    ------
    TableError
        If a frame has other columns than a connector hands over.
    """
    data = b"" if state is None else state_bytes(state)
    return Rows(_checked(samples, GATHERED, "samples"), _checked(texts, GATHERED_TEXT, "texts"), data)


def state_bytes(state: Mapping[str, Json]) -> bytes:
    """A connector's state as JSON."""
    return json.dumps(dict(state), ensure_ascii=False).encode()


def parts(rows: Rows) -> Iterator[tuple[pl.DataFrame, pl.DataFrame, bytes]]:
    """What is handed over in records of bounded size; the state comes with the last, so it never runs ahead."""
    samples = pl.DataFrame(schema=GATHERED) if rows.samples is None else rows.samples
    texts = pl.DataFrame(schema=GATHERED_TEXT) if rows.texts is None else rows.texts
    starts = range(0, max(samples.height, texts.height, 1), LARGEST_BATCH)
    for start in starts:
        state = rows.state if start == starts[-1] else b""
        yield samples.slice(start, LARGEST_BATCH), texts.slice(start, LARGEST_BATCH), state


def ipc(frame: pl.DataFrame) -> bytes:
    """A frame as an Arrow IPC stream; nothing for one without rows."""
    if frame.is_empty():
        return b""
    file = io.BytesIO()
    frame.write_ipc_stream(file)
    return file.getvalue()


def page(found: Sequence[Record], source: int) -> Page:
    """Rows of records: in each the samples come first, then the texts."""
    samples, texts = [], []
    for record in found:
        held = pl.read_ipc_stream(record.samples) if record.samples else pl.DataFrame()
        if record.samples:
            samples.append((held, record.first_seq))
        if record.texts:
            texts.append((pl.read_ipc_stream(record.texts), record.first_seq + held.height))
    raw = pl.lit(None, dtype=pl.Float64).alias("raw")
    return Page(
        found[-1].batch,
        _numbered(samples, source, raw).select(list(SAMPLES.columns)) if samples else SAMPLES.empty(),
        _numbered(texts, source).select(list(SAMPLES_TEXT.columns)) if texts else SAMPLES_TEXT.empty(),
        found[-1].total,
    )


def _checked(frame: pl.DataFrame | None, columns: Columns, name: str) -> pl.DataFrame | None:
    if frame is None or dict(frame.schema) == dict(columns):
        return frame
    raise TableError(f"{name} of a connector: expected {dict(columns)}, got {dict(frame.schema)}")


def _numbered(frames: Sequence[tuple[pl.DataFrame, int]], source: int, *further: pl.Expr) -> pl.DataFrame:
    """The frames under each other, each row with its ``seq`` and the source."""
    seq = np.concatenate([np.arange(first, first + frame.height, dtype=np.int64) for frame, first in frames])
    return pl.concat([frame for frame, _ in frames]).with_columns(
        pl.Series("seq", seq), pl.lit(source, dtype=pl.Int16).alias("source"), *further
    )
