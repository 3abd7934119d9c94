"""Rows in PostgreSQL's own binary form of COPY, packed and unpacked by column: a million samples without a loop.

A row is the number of its fields, then each field's length and its bytes, the most significant first; a time counts in
microseconds from 2000-01-01. A null has the length -1 and no bytes, so rows are packed in groups with the same nulls; a
reading brings each null as a number and beside it a mask of what is null, so that all rows have one length.

References
----------
PostgreSQL 15 documentation, COPY, "Binary Format".
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import numpy as np
import polars as pl

from ferrolan.base.tables import SAMPLES, TIME

HEAD = b"PGCOPY\n\xff\r\n\x00" + bytes(8)
TAIL = b"\xff\xff"
TAKEN = (
    "tag, time, coalesce(value, 0), coalesce(raw, 0), status, seq, source, "
    "(value is null)::int + 2 * (raw is null)::int"
)
"""What is selected of ``samples`` so that every row of a COPY has one length; the last column is the mask of nulls."""

_EPOCH = int(datetime(2000, 1, 1, tzinfo=UTC).timestamp()) * 1_000_000  # us from 1970 to 2000
_FIELDS = {"tag": ">i4", "time": ">i8", "value": ">f8", "raw": ">f8", "status": ">i8", "seq": ">i8", "source": ">i2"}
_NULLABLE = ("value", "raw")


def packed(samples: pl.DataFrame) -> Iterator[bytes]:
    """Rows of SAMPLES as the body of a COPY, with its head and tail."""
    yield HEAD
    columns = _columns(samples)
    mask = _mask(samples)
    for nulls in range(4):
        chosen = mask == nulls
        if chosen.any():
            absent = {name for bit, name in enumerate(_NULLABLE) if nulls >> bit & 1}
            yield _group({name: column[chosen] for name, column in columns.items()}, absent)
    yield TAIL


def unpacked(body: bytes) -> pl.DataFrame:
    """Rows of SAMPLES from what ``COPY (select TAKEN ...) TO STDOUT (FORMAT binary)`` sent."""
    row = _row({}, {**_FIELDS, "mask": ">i4"})
    start = len(HEAD) + int.from_bytes(body[len(HEAD) - 4 : len(HEAD)], "big")
    rows = np.frombuffer(body, dtype=row, count=(len(body) - start - len(TAIL)) // row.itemsize, offset=start)
    native = {name: rows[name].astype(form.replace(">", "=")) for name, form in _FIELDS.items()}
    native["time"] += _EPOCH
    frame = pl.DataFrame(native).with_columns(pl.col("time").cast(TIME), mask=pl.Series(rows["mask"].astype("=i4")))
    holes = {name: pl.when(pl.col("mask") & (1 << bit) == 0).then(name) for bit, name in enumerate(_NULLABLE)}
    return frame.with_columns(**holes).select(list(SAMPLES.columns))


def _columns(samples: pl.DataFrame) -> dict[str, np.ndarray]:
    since_2000 = samples["time"].dt.timestamp("us") - _EPOCH
    return {name: (since_2000 if name == "time" else samples[name].fill_null(0)).to_numpy() for name in _FIELDS}


def _mask(samples: pl.DataFrame) -> np.ndarray:
    bits = [samples[name].is_null().to_numpy().astype(np.int8) << bit for bit, name in enumerate(_NULLABLE)]
    return bits[0] + bits[1]


def _group(columns: dict[str, np.ndarray], absent: set[str]) -> bytes:
    """Rows that have the same nulls."""
    present = {name: form for name, form in _FIELDS.items() if name not in absent}
    rows = np.zeros(len(columns["tag"]), dtype=_row(dict.fromkeys(absent, ""), _FIELDS))
    rows["fields"] = len(_FIELDS)
    for name in _FIELDS:
        rows[f"{name} length"] = np.dtype(_FIELDS[name]).itemsize if name in present else -1
        if name in present:
            rows[name] = columns[name]
    return rows.tobytes()


def _row(absent: dict[str, str], fields: dict[str, str]) -> np.dtype[np.void]:
    """Layout of a row in which some fields are null."""
    parts: list[tuple[str, str]] = [("fields", ">i2")]
    for name, form in fields.items():
        parts.append((f"{name} length", ">i4"))
        if name not in absent:
            parts.append((name, form))
    return np.dtype(parts)
