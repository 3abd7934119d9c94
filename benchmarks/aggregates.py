"""Hourly means over time of ten tags over a month of minutes, as OPC 10000-13 has them, beside a plain mean."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl

from benchmarks.registry import Subject
from ferrolan.historian.part13 import Answer, Configuration, of_samples

ROWS, TAGS, SEED = 43_200, 10, 1
START = datetime(2026, 3, 1, tzinfo=UTC)
_MICROS = 1_000_000
FIRST = int(START.timestamp()) * _MICROS
EDGES = FIRST + np.arange(0, ROWS * 60 + 1, 3600, dtype=np.int64) * _MICROS
WAY = Configuration(percent_data_good=90.0)


def traces() -> list[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """Synthetic samples a minute apart, give or take twenty seconds; one in a hundred is Bad."""
    rng = np.random.default_rng(SEED)
    found = []
    for _ in range(TAGS):
        time = FIRST + (np.arange(ROWS) * 60 + rng.integers(0, 20, ROWS)) * _MICROS
        bad = rng.random(ROWS) < 0.01
        found.append((time, np.where(bad, np.nan, rng.normal(400.0, 5.0, ROWS)), np.where(bad, 0x80310000, 0)))
    return found


TRACES = traces()
_FRAME = pl.concat(
    pl.DataFrame({"tag": np.full(ROWS, tag), "time": time, "value": value}).with_columns(
        pl.col("time").cast(pl.Datetime("us")), pl.col("value").fill_nan(None)
    )
    for tag, (time, value, _) in enumerate(TRACES)
)


def ours() -> list[Answer]:
    """TimeAverage of every hour: cut at its edges, with status and bits."""
    return [of_samples(*trace, "TimeAverage", EDGES, WAY) for trace in TRACES]


def peer() -> pl.DataFrame:
    """The mean of the samples that fall into each hour."""
    return _FRAME.group_by_dynamic("time", every=timedelta(hours=1), group_by="tag").agg(pl.mean("value"))


SUBJECT = Subject(
    name="hourly aggregates of a month",
    station="historian",
    ours=ours,
    peer=peer,
    peer_name="polars group_by_dynamic",
    note=f"{TAGS} tags x {ROWS:,} samples, synthetic, {len(EDGES) - 1} hours, arrays and frame in memory. Ours cuts at "
    "the edges, weights by time, joins by lines and gives status and bits; the peer gives the plain mean of the "
    "samples in the hour, which is another number.",
)
