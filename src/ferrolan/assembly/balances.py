"""Document and measurements become a network to reconcile; the reconciled network becomes the account.

A belt scale weighs wet concentrate, the balance counts dry: ``dry = wet (1 - moisture)``, with both standard deviations
carried along. A liquor's assay in kg/m3 becomes t/m3, so that flow times assay is t/h on every stream and the engine
never learns of phases. A reading that is bad or absent is left out: missing is a state, not zero.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import polars as pl

from ferrolan.assembly.catalogue import kinds
from ferrolan.base.errors import ProblemError
from ferrolan.base.tables import ACCOUNT, MEASUREMENTS
from ferrolan.base.time import Period
from ferrolan.enterprise.document import Enterprise
from ferrolan.reconciliation import MASS, Network, Node, Reading, Stream

KG_PER_T = 1000.0
MINIMUM_COVERAGE = 0.5
"""Share of a period that must be covered by good data before its mean counts as a reading."""

_BALANCE_KINDS = ("flow", "assay", "stock", "stock_assay")


def network(document: Enterprise, measurements: pl.DataFrame, periods: Sequence[Period]) -> Network:
    """The network of one account.

    Parameters
    ----------
    document
        The enterprise: nodes, streams, balanced components.
    measurements
        Measured means (``measurements`` schema), canonical units.
    periods
        Periods of the account, in order.

    Raises
    ------
    ProblemError
        Where a usable reading has no standard deviation.
    """
    return Network(
        streams=tuple(Stream(name, stream.from_, stream.to) for name, stream in document.streams.items()),
        nodes=tuple(
            Node(name, tuple(unit.balances), _node_kind(document, name)) for name, unit in document.units.items()
        ),
        components=tuple(document.require_account().components),
        hours=tuple(period.hours for period in periods),
        readings=readings(document, measurements),
        absent=_absent(document),
    )


def usable(measurements: pl.DataFrame, excluded: Collection[str] = ()) -> pl.DataFrame:
    """The measurements an account may use: known, covered by good data, and not signed out.

    What is not usable is not there: a scale without usable moisture has no dry reading, a unit without a usable power
    meter keeps its declared energy.
    """
    return MEASUREMENTS.check(measurements).filter(
        pl.col("value").is_not_null(),
        pl.col("coverage") >= MINIMUM_COVERAGE,
        ~pl.col("tag").is_in(sorted(excluded)),
    )


def readings(document: Enterprise, measurements: pl.DataFrame) -> tuple[Reading, ...]:
    """Every usable measurement of the balance, dry and in the balance's units."""
    frame = usable(measurements)
    moisture = _moisture(frame)
    wet = {tag.tag for tag in document.tags if tag.basis == "wet"}
    result = []
    for row in frame.filter(pl.col("kind").is_in(_BALANCE_KINDS)).iter_rows(named=True):
        value, sigma = row["value"], row["sigma"]
        also: tuple[str, ...] = ()
        if row["tag"] in wet:
            water = moisture.get((row["object"], row["period"]))
            if water is None:
                continue
            value, sigma = _dry(value, sigma, water)
            also = (water.tag,)
        scale = assay_scale(document, row["object"]) if row["kind"] == "assay" else 1.0
        place = (row["kind"], row["object"], row["component"], row["period"])
        result.append(Reading(*place, value / scale, sigma / scale, row["tag"], also))
    _refuse_without_sigma(result)
    return tuple(result)


def account(document: Enterprise, reconciled: pl.DataFrame) -> pl.DataFrame:
    """The account in the plant's units: liquor assays in kg/m3, the unit of each row named."""
    scale = {name: assay_scale(document, name) for name in document.streams}
    liquors = [name for name, stream in document.streams.items() if stream.form == "liquor"]
    factor = (
        pl.when(pl.col("kind") == "assay")
        .then(pl.col("object").replace_strict(scale, default=1.0, return_dtype=pl.Float64))
        .otherwise(1.0)
    )
    is_liquor = pl.col("object").is_in(liquors)
    unit = (
        pl.when(pl.col("kind") == "flow")
        .then(pl.when(is_liquor).then(pl.lit("m3/h")).otherwise(pl.lit("t/h")))
        .when(pl.col("kind") == "stock")
        .then(pl.lit("t"))
        .when((pl.col("kind") == "assay") & is_liquor)
        .then(pl.lit("kg/m3"))
        .otherwise(pl.lit("1"))
    )
    return ACCOUNT.check(
        reconciled.with_columns(
            *(pl.col(name) * factor for name in ("measured", "sigma", "value", "sd")), unit.alias("unit")
        )
    )


def assay_scale(document: Enterprise, name: str) -> float:
    """What an assay in the plant's unit is divided by, so that flow times assay is t/h."""
    stream = document.streams.get(name)
    return KG_PER_T if stream is not None and stream.form == "liquor" else 1.0


def carried(document: Enterprise, name: str) -> tuple[str, ...]:
    """The balanced components that a stream carries."""
    stream = document.streams[name]
    return tuple(document.require_account().components if stream.carries is None else stream.carries)


def _node_kind(document: Enterprise, name: str) -> Literal["junction", "splitter", "stock"]:
    kind = kinds()[document.units[name].kind]
    return "stock" if kind.is_stock else "splitter" if kind.is_splitter else "junction"


def _absent(document: Enterprise) -> frozenset[tuple[str, str]]:
    return frozenset(
        (name, component)
        for name in document.streams
        for component in document.require_account().components
        if component not in carried(document, name)
    )


@dataclass(frozen=True)
class _Moisture:
    """Moisture of a wet stream in one period and its standard deviation [mass fraction]."""

    tag: str
    value: float
    sigma: float


def _moisture(frame: pl.DataFrame) -> Mapping[tuple[str, int], _Moisture]:
    rows = frame.filter(pl.col("kind") == "moisture").iter_rows(named=True)
    return {(row["object"], row["period"]): _Moisture(row["tag"], row["value"], row["sigma"]) for row in rows}


def _dry(value: float, sigma: float, water: _Moisture) -> tuple[float, float]:
    """Dry flow and its standard deviation."""
    solids = 1.0 - water.value
    return value * solids, math.hypot(sigma * solids, value * water.sigma)


def _refuse_without_sigma(result: Sequence[Reading]) -> None:
    faults = [
        f"{reading.tag}, period {reading.period}: reading {reading.value:g} has the standard deviation "
        f"{reading.sigma:g}; declare a sigma_absolute beside the relative one"
        for reading in result
        if not (math.isfinite(reading.sigma) and reading.sigma > 0)
    ]
    if faults:
        raise ProblemError("readings without a standard deviation:\n" + "\n".join(faults))


__all__ = ["MASS", "account", "assay_scale", "carried", "network", "readings", "usable"]
