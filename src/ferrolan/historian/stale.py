"""Held values: a reading that stands still for longer than its tag allows is an old one, and is marked so.

A laboratory grade is written every hour until the next assay comes, once for 792 hours; an analyser shows its last
result until the next. The first sample of such a stretch was measured; those that stand longer than the tag allows get
the status UncertainLastUsableValue, which aggregates carry on. No value is changed and none is left out.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

import polars as pl

from ferrolan.base.status import StatusCode, good
from ferrolan.base.tables import SAMPLES

_NOISE = 1e-12  # relative; 13.530000000000001 is 13.53 that was averaged with itself
_SCHEMA: Mapping[str, pl.DataType | type[pl.DataType]] = {"tag": pl.Int32, "limit": pl.Duration("us")}


def mark_stale(samples: pl.DataFrame, limits: Mapping[int, timedelta]) -> pl.DataFrame:
    """Mark samples whose value has stood still for longer than the tag allows.

    Parameters
    ----------
    samples
        SAMPLES, in any order.
    limits
        For each tag how long a value may stand, counted from the first sample of the stretch; zero takes every repeated
        value as held. Tags without a limit pass unchanged.

    Returns
    -------
    SAMPLES in the same order. A good sample becomes UncertainLastUsableValue; one that is uncertain or bad already
    keeps its status. A sample without a value ends a stretch.
    """
    if not limits or samples.is_empty():
        return samples
    stretches = _with_stretches(samples, limits)
    stale = pl.col("stale") & good(pl.col("status"))
    status = pl.when(stale).then(pl.lit(int(StatusCode.UNCERTAIN_LAST_USABLE_VALUE))).otherwise("status")
    return SAMPLES.check(stretches.with_columns(status=status).sort("place").select(list(SAMPLES.columns)))


def stale_stretches(samples: pl.DataFrame, limits: Mapping[int, timedelta]) -> pl.DataFrame:
    """Stretches with at least one sample that stands too long: tag, value, start, end, rows, stale.

    Parameters
    ----------
    samples
        SAMPLES, in any order.
    limits
        As in ``mark_stale``.
    """
    return (
        _with_stretches(samples, limits)
        .filter(pl.col("limit").is_not_null() & pl.col("value").is_not_null())
        .group_by("tag", "stretch", maintain_order=True)
        .agg(
            value=pl.first("value"),
            start=pl.first("time"),
            end=pl.last("time"),
            rows=pl.len().cast(pl.Int64),
            stale=pl.col("stale").sum().cast(pl.Int64),
        )
        .filter(pl.col("stale") > 0)
        .drop("stretch")
    )


def _with_stretches(samples: pl.DataFrame, limits: Mapping[int, timedelta]) -> pl.DataFrame:
    """Samples by tag and time with their place in the frame, limit, number of their stretch, and whether stale."""
    allowed = pl.DataFrame(sorted(limits.items()), schema=_SCHEMA, orient="row")
    frame = samples.with_row_index("place").join(allowed, on="tag", how="left", maintain_order="left")
    frame = frame.sort("tag", "time", "seq", maintain_order=True)
    value = pl.col("value")
    moved = (value - value.shift(1)).abs() > _NOISE * value.abs()
    changed = moved | (pl.col("tag") != pl.col("tag").shift(1)) | value.is_null()
    frame = frame.with_columns(stretch=(changed | value.shift(1).is_null()).fill_null(True).cum_sum())
    since = pl.col("time") - pl.first("time").over("stretch")
    return frame.with_columns(stale=((since > pl.col("limit")) & value.is_not_null()).fill_null(False))
