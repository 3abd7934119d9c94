"""The unit gate in: a source's numbers become canonical quantities here, once, and nowhere else.

A temperature of 1187 degC is stored as 1460.15 K with the raw 1187 beside it; where the conversion is the identity
the raw value is null. A value outside the range of its tag (a lost decimal comma turns 3,14 into 314) is kept with
the status UncertainEngineeringUnitsExceeded and counted.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import inf, isfinite
from typing import Protocol

import polars as pl

from ferrolan.base.errors import UnitError
from ferrolan.base.status import RETRACTED, StatusCode, at_most, bad, good, uncertain
from ferrolan.base.tables import SAMPLES
from ferrolan.historian.store import Historian


@dataclass(frozen=True)
class Conversion:
    """From the unit at the source to the canonical unit: ``value = factor * raw + offset``.

    Parameters
    ----------
    factor
        [canonical unit per unit at the source]
    offset
        [canonical unit]
    lo, hi
        Range of the instrument [canonical unit]; a value outside is Uncertain.
    """

    factor: float = 1.0
    offset: float = 0.0
    lo: float = -inf
    hi: float = inf


@dataclass(frozen=True)
class IngestReport:
    """What was stored: counts of samples by severity, and by tag those out of range; ``rejected`` by the source."""

    samples: int
    good: int
    uncertain: int
    bad: int
    out_of_range: Mapping[int, int]
    rejected: int


class Readings(Protocol):
    """What a source's batch offers to the historian."""

    @property
    def samples(self) -> pl.DataFrame:
        """SAMPLES in the unit at the source."""
        ...

    @property
    def rejected(self) -> pl.DataFrame:
        """REJECTED rows and cells."""
        ...


def ingest(historian: Historian, batch: Readings, units: Mapping[int, Conversion]) -> IngestReport:
    """Convert a batch to canonical units and append it.

    Parameters
    ----------
    historian
        Where the samples are kept.
    batch
        Samples as a source gave them.
    units
        Conversion of every tag in the batch.

    Returns
    -------
    What was stored and flagged.

    Raises
    ------
    UnitError
        If a tag has no conversion, or one that is not a scale (factor zero or not finite, range reversed).
    """
    samples = convert(batch.samples, units)
    historian.append(samples)
    return report(samples, batch.rejected)


def report(samples: pl.DataFrame, rejected: pl.DataFrame) -> IngestReport:
    """Counts of converted samples by severity, and of what was rejected beside them."""
    status = pl.col("status")
    out = samples.filter(status == int(StatusCode.UNCERTAIN_ENGINEERING_UNITS_EXCEEDED))
    return IngestReport(
        samples=samples.height,
        good=samples.filter(good(status)).height,
        uncertain=samples.filter(uncertain(status)).height,
        bad=samples.filter(bad(status)).height,
        out_of_range=dict(out.group_by("tag").len().sort("tag").iter_rows()),
        rejected=rejected.height,
    )


def convert(samples: pl.DataFrame, units: Mapping[int, Conversion]) -> pl.DataFrame:
    """Samples in canonical units with the raw value beside them, in the same order.

    Good values outside the range become Uncertain, but not a limit such as ``<0.01``, which is no value; a good sample
    without a finite value becomes Bad. Statuses from ``RETRACTED`` on are our own marks and pass unchanged.
    """
    _check_units(samples, units)
    scale = pl.DataFrame(
        [(tag, unit.factor, unit.offset, unit.lo, unit.hi) for tag, unit in sorted(units.items())],
        schema={"tag": pl.Int32, "factor": pl.Float64, "offset": pl.Float64, "lo": pl.Float64, "hi": pl.Float64},
        orient="row",
    )
    value, status = pl.col("value"), pl.col("status")
    identity = (pl.col("factor") == 1.0) & (pl.col("offset") == 0.0)
    outside = ((value < pl.col("lo")) | (value > pl.col("hi"))) & ~at_most(status)
    joined = samples.join(scale, on="tag", how="left", maintain_order="left").with_columns(
        value=pl.when(value.is_finite()).then(value)
    )
    joined = joined.with_columns(
        raw=pl.when(~identity).then(value),
        value=pl.when(identity).then(value).otherwise(value * pl.col("factor") + pl.col("offset")),
    )
    return SAMPLES.check(
        joined.with_columns(
            status=pl.when(value.is_null() & ~bad(status) & (status < RETRACTED))
            .then(pl.lit(int(StatusCode.BAD_NO_DATA)))
            .when(good(status) & outside)
            .then(pl.lit(int(StatusCode.UNCERTAIN_ENGINEERING_UNITS_EXCEEDED)))
            .otherwise(status)
        ).select(list(SAMPLES.columns))
    )


def _check_units(samples: pl.DataFrame, units: Mapping[int, Conversion]) -> None:
    missing = sorted(set(samples["tag"].unique()) - set(units))
    if missing:
        raise UnitError(f"tags {missing} have no conversion; declare the unit of each tag")
    wrong = [
        f"tag {tag}: factor {unit.factor}, offset {unit.offset}, range {unit.lo} to {unit.hi}"
        for tag, unit in sorted(units.items())
        if not (isfinite(unit.factor) and unit.factor and isfinite(unit.offset) and unit.lo <= unit.hi)
    ]
    if wrong:
        raise UnitError("a factor must be finite and not zero, a range must have lo <= hi: " + "; ".join(wrong))
