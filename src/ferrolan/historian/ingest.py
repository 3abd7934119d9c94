"""The unit gate in: a source's numbers become canonical quantities here, once, and nowhere else.

A temperature of 1187 degC is stored as 1460.15 K with the raw 1187 beside it; where the conversion is the identity
the raw value is null. A value outside the range of its tag (a lost decimal comma turns 3,14 into 314) is kept with
the status UncertainEngineeringUnitsExceeded and counted.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise
from math import inf, isfinite
from typing import Protocol, TypeAlias

import polars as pl

from ferrolan.base.errors import UnitError
from ferrolan.base.status import RETRACTED, StatusCode, at_most, bad, good, uncertain
from ferrolan.base.tables import SAMPLES, TIME
from ferrolan.historian.seam import Store


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
    since, until
        When it holds, ``[since, until)`` [UTC]; for ever where nothing is said (None).
    """

    factor: float = 1.0
    offset: float = 0.0
    lo: float = -inf
    hi: float = inf
    since: datetime | None = None
    until: datetime | None = None


Conversions: TypeAlias = Mapping[int, Conversion | Sequence[Conversion]]
"""The conversion of each tag; of one that was re-ranged or replaced, one for each time it was valid."""

_FIRST = datetime.min.replace(tzinfo=UTC)
_LAST = datetime.max.replace(tzinfo=UTC)
_SCALE: Mapping[str, pl.DataType | type[pl.DataType]] = {
    "tag": pl.Int32, "since": TIME, "until": TIME,
    "factor": pl.Float64, "offset": pl.Float64, "lo": pl.Float64, "hi": pl.Float64,
}  # fmt: skip


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


def ingest(historian: Store, batch: Readings, units: Conversions) -> IngestReport:
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
        If a tag has no conversion, one that is no scale (factor zero or not finite, range reversed), or two at a time.
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


def convert(samples: pl.DataFrame, units: Conversions) -> pl.DataFrame:
    """Samples in canonical units with the raw value beside them, in the same order.

    Good values outside the range become Uncertain, but not a limit such as ``<0.01``, which is no value; a good sample
    without a finite value becomes Bad. A sample of a time in which its tag has no conversion keeps its raw value alone,
    with the status BadConfigurationError. Statuses from ``RETRACTED`` on are our own marks and pass unchanged.
    """
    _check_units(samples, units)
    value, status, factor = pl.col("value"), pl.col("status"), pl.col("factor")
    identity = (factor == 1.0) & (pl.col("offset") == 0.0)
    outside = ((value < pl.col("lo")) | (value > pl.col("hi"))) & ~at_most(status)
    joined = _scaled(samples, units).with_columns(value=pl.when(value.is_finite()).then(value))
    unstated = value.is_not_null() & factor.is_null() & ~bad(status) & (status < RETRACTED)
    joined = joined.with_columns(
        status=pl.when(unstated).then(pl.lit(int(StatusCode.BAD_CONFIGURATION_ERROR))).otherwise(status),
        raw=pl.when(~identity | factor.is_null()).then(value),
        value=pl.when(identity).then(value).otherwise(value * factor + pl.col("offset")),
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


def _scaled(samples: pl.DataFrame, units: Conversions) -> pl.DataFrame:
    """Samples in their order, each beside the conversion of its tag at its time; nulls where there is none."""
    rows = [
        (tag, one.since or _FIRST, one.until or _LAST, one.factor, one.offset, one.lo, one.hi)
        for tag, one in _each(units)
    ]
    scale = pl.DataFrame(rows, schema=_SCALE, orient="row")
    if all(one.since is None and one.until is None for _, one in _each(units)):
        return samples.join(scale, on="tag", how="left", maintain_order="left")
    placed = samples.with_row_index("place").sort("time", maintain_order=True)
    joined = placed.join_asof(scale.sort("since"), left_on="time", right_on="since", by="tag", check_sortedness=False)
    holds = pl.col("time") < pl.col("until")
    return joined.sort("place").with_columns(
        pl.when(holds).then(pl.col(name)) for name in ("factor", "offset", "lo", "hi")
    )


def _each(units: Conversions) -> Iterator[tuple[int, Conversion]]:
    """Every conversion with its tag, by tag and time."""
    for tag, held in sorted(units.items(), key=lambda item: item[0]):
        several = [held] if isinstance(held, Conversion) else sorted(held, key=lambda one: one.since or _FIRST)
        yield from ((tag, one) for one in several)


def _check_units(samples: pl.DataFrame, units: Conversions) -> None:
    missing = sorted(set(samples["tag"].unique()) - {tag for tag, _ in _each(units)})
    if missing:
        raise UnitError(f"tags {missing} have no conversion; declare the unit of each tag")
    wrong = [
        f"tag {tag}: factor {unit.factor}, offset {unit.offset}, range {unit.lo} to {unit.hi}"
        for tag, unit in _each(units)
        if not (isfinite(unit.factor) and unit.factor and isfinite(unit.offset) and unit.lo <= unit.hi)
    ]
    if wrong:
        raise UnitError("a factor must be finite and not zero, a range must have lo <= hi: " + "; ".join(wrong))
    twice = sorted(
        {
            tag
            for (tag, one), (other, after) in pairwise(_each(units))
            if tag == other and (one.until or _LAST) > (after.since or _FIRST)
        }
    )
    if twice:
        raise UnitError(f"tags {twice} have two conversions at a time; end one where the next begins")
