"""Weekly means of 120 belt scales from a month of fifteen-minute samples in an in-memory historian."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import polars as pl

from benchmarks.registry import Subject
from ferrolan.base.tables import SAMPLES
from ferrolan.base.time import cut, month_bounds
from ferrolan.historian import Historian, Signal, measure

ROWS, TAGS, SEED = 2976, 120, 1
STEP = timedelta(minutes=15)
START, END = month_bounds("2026-03", "Asia/Shanghai")
PERIODS = cut(START, END, timedelta(days=7))
SIGNALS = tuple(
    Signal(tag, f"flow_{tag}", "flow", f"stream_{tag}", None, "t/h", True, 0.0, 0.01, "time_mean", max_age=STEP)
    for tag in range(1, TAGS + 1)
)


def samples() -> pl.DataFrame:
    """Synthetic samples; one in a hundred is Bad."""
    rng = np.random.default_rng(SEED)
    count = ROWS * TAGS
    bad = rng.random(count) < 0.01
    times = pl.datetime_range(START, END, STEP, closed="left", time_unit="us", eager=True)
    return SAMPLES.check(
        pl.DataFrame(
            {
                "tag": np.repeat(np.arange(1, TAGS + 1, dtype=np.int32), ROWS),
                "time": pl.concat([times] * TAGS),
                "value": np.where(bad, 0.0, rng.normal(400.0, 5.0, count)),
                "raw": pl.Series([None] * count, dtype=pl.Float64),
                "status": np.where(bad, 0x80310000, 0),
                "seq": np.tile(np.arange(ROWS), TAGS),
                "source": np.ones(count, dtype=np.int16),
            }
        )
    )


_SAMPLES = samples()
_HISTORIAN = Historian()
_HISTORIAN.append(_SAMPLES)


def ours() -> pl.DataFrame:
    """Winners, split at the edges, with coverage and quality."""
    return measure(_HISTORIAN, SIGNALS, PERIODS)


def peer() -> pl.DataFrame:
    """The same means in polars alone, from the frame of samples: no winners, no coverage, no quality."""
    until = pl.col("time").shift(-1).over("tag").fill_null(END)
    held = _SAMPLES.with_columns(until=until).filter(pl.col("status") == 0)
    weeks = []
    for period in PERIODS:
        span = pl.min_horizontal("until", pl.lit(period.end)) - pl.max_horizontal("time", pl.lit(period.start))
        hours = held.select("tag", "value", span=span.dt.total_microseconds()).filter(pl.col("span") > 0)
        means = hours.group_by("tag").agg((pl.col("value") * pl.col("span")).sum() / pl.col("span").sum())
        weeks.append(means.with_columns(period=period.number))
    return pl.concat(weeks).sort("tag", "period")


SUBJECT = Subject(
    name="weekly means of a month",
    station="historian",
    ours=ours,
    peer=peer,
    peer_name="polars",
    note=f"{TAGS} tags x {ROWS} samples, synthetic, {len(PERIODS)} periods. Ours reads the winners from the store and "
    "gives sigma, coverage and quality; the peer starts from a clean frame in memory and gives the means alone.",
)
