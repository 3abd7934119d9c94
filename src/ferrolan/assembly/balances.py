"""Document and measurements become a network to reconcile; the reconciled network becomes the account.

A belt scale weighs wet concentrate, the balance counts dry: ``dry = wet (1 - moisture)``. The scale's own error is the
reading's; that of the moisture is an error of its own, which every dry flow of the stream shares in that period. A
liquor's assay in kg/m3 becomes t/m3, so that flow times assay is t/h on every stream and the engine never learns of
phases. A reading that is bad or absent is left out: missing is a state, not zero; ``<0.01`` is a limit, not a value.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal

import polars as pl

from ferrolan.assembly.catalogue import kinds
from ferrolan.base.schema import ENERGY
from ferrolan.base.tables import ACCOUNT, MEASUREMENTS, PROVISIONAL
from ferrolan.base.time import Period
from ferrolan.base.units import convert
from ferrolan.enterprise.document import Enterprise
from ferrolan.enterprise.tags import AUTHORITIES, TAG_KINDS, Tag
from ferrolan.reconciliation import (
    MASS,
    Correlation,
    ErrorModel,
    Known,
    Network,
    Node,
    Reading,
    SharedError,
    Stream,
)

KG_PER_T = 1000.0
MINIMUM_COVERAGE = 0.5
"""Share of a period that must be covered by good data before its mean counts as a reading."""

HEAT_FLOW = "GJ/h"
"""Unit of the flow of heat in a balance of energy."""

_BALANCE_KINDS = ("flow", "assay", "stock", "stock_assay")
_QUANTITY = ("kind", "object", "component", "period")
_RANKED = tuple(name for name, kind in TAG_KINDS.items() if kind.is_balanced or kind.is_reading)
_FINAL = AUTHORITIES.index("final")


def network(document: Enterprise, measurements: pl.DataFrame, periods: Sequence[Period]) -> Network:
    """The network of one account.

    Parameters
    ----------
    document
        The enterprise: nodes, streams, balanced components, errors and exact values.
    measurements
        Measured means (``measurements`` schema), canonical units.
    periods
        Periods of the account, in order.

    Notes
    -----
    A usable reading without a standard deviation is left out; ``unstated`` names it.
    """
    found = _Readings(document, authoritative(document, usable(measurements)))
    return Network(
        streams=tuple(_stream(document, name) for name, stream in document.streams.items() if stream.form != "gas"),
        nodes=tuple(
            Node(name, tuple(unit.balances), _node_kind(document, name))
            for name, unit in document.units.items()
            if not _has_gas_alone(document, name)
        ),
        components=tuple(document.require_account().components),
        hours=tuple(period.hours for period in periods),
        readings=found.readings,
        absent=_absent(document),
        shared=found.shared,
        correlations=found.correlations,
        known=known(document),
    )


def _has_gas_alone(document: Enterprise, unit: str) -> bool:
    """Whether nothing but gas flows at a unit: no account balances it."""
    forms = {stream.form for stream in document.streams.values() if unit in (stream.from_, stream.to)}
    return forms == {"gas"}


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


def authoritative(document: Enterprise, used: pl.DataFrame) -> pl.DataFrame:
    """Of several tags of one quantity in one period, those of the highest authority.

    Tags of equal authority are as many readings; what comes from no tag, such as a signed count, always stays.
    """
    frame = _ranked(document, used)
    is_kept = pl.col("rank").is_null() | (pl.col("rank") == pl.col("rank").max().over(_QUANTITY))
    return frame.filter(is_kept).drop("rank")


def provisional(document: Enterprise, used: pl.DataFrame) -> pl.DataFrame:
    """Usable values that are not final, or gave way to settled ones, beside what took their place.

    Parameters
    ----------
    document
        The enterprise with its tag map.
    used
        Usable measurements, of every authority.

    Returns
    -------
    ``provisional``, sorted by quantity, period and tag.
    """
    weight = pl.col("sigma").replace(0.0, None) ** -2
    ranked = _ranked(document, used).drop_nulls("rank")
    ranked = ranked.with_columns(
        authority=pl.col("rank").replace_strict(dict(enumerate(AUTHORITIES)), default=None, return_dtype=pl.String),
        used=pl.col("rank") == pl.col("rank").max().over(_QUANTITY),
    )
    settled = ranked.filter("used").group_by(_QUANTITY, maintain_order=True)
    kept = settled.agg(
        restated=((pl.col("value") * weight).sum() / weight.sum()).fill_nan(None),
        restated_by=pl.col("tag").sort().str.join(", "),
    )
    rows = ranked.filter(~pl.col("used") | (pl.col("rank") < _FINAL))
    rows = rows.join(kept, on=_QUANTITY, how="left", nulls_equal=True, maintain_order="left")
    rows = rows.with_columns(pl.when(~pl.col("used")).then(pl.col(name)) for name in ("restated", "restated_by"))
    rows = rows.with_columns(difference=pl.col("restated") - pl.col("value"))
    return PROVISIONAL.check(rows.select(list(PROVISIONAL.columns)).sort(*_QUANTITY, "tag"))


def readings(document: Enterprise, measurements: pl.DataFrame) -> tuple[Reading, ...]:
    """Every usable measurement of the balance, dry and in the balance's units."""
    return _Readings(document, authoritative(document, usable(measurements))).readings


def unstated(document: Enterprise, measurements: pl.DataFrame) -> tuple[Reading, ...]:
    """Usable measurements that have no standard deviation: refused, each by itself, and not guessed."""
    return _Readings(document, authoritative(document, usable(measurements))).unstated


def known(document: Enterprise) -> tuple[Known, ...]:
    """The declared exact values, in the balance's units."""
    result = []
    for item in document.require_account().known:
        value = item.value / assay_scale(document, item.object) if item.kind == "assay" else item.value
        if item.kind == "flow" and document.streams[item.object].form == "heat":
            value = convert(value, item.unit, HEAT_FLOW)
        result.append(Known(item.kind, item.object, item.component, value, item.in_period))
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
    is_heat = pl.col("object").is_in([name for name, stream in document.streams.items() if stream.form == "heat"])
    unit = (
        pl.when(pl.col("kind") == "flow")
        .then(pl.when(is_liquor).then(pl.lit("m3/h")).when(is_heat).then(pl.lit(HEAT_FLOW)).otherwise(pl.lit("t/h")))
        .when(pl.col("kind") == "stock")
        .then(pl.lit("t"))
        .when((pl.col("kind") == "assay") & is_liquor)
        .then(pl.lit("kg/m3"))
        .when(pl.col("kind") == "temperature")
        .then(pl.lit("K"))
        .when(pl.col("kind") == "enthalpy")
        .then(pl.when(is_liquor).then(pl.lit("GJ/m3")).otherwise(pl.lit("GJ/t")))
        .when(pl.col("kind") == "shared")
        .then(pl.col("object").replace_strict(_shared_units(document), default="1", return_dtype=pl.String))
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
    if stream.form in ("heat", "gas"):
        return ()
    return tuple(document.require_account().components if stream.carries is None else stream.carries)


def _node_kind(document: Enterprise, name: str) -> Literal["junction", "splitter", "stock"]:
    kind = kinds()[document.units[name].kind]
    return "stock" if kind.is_stock else "splitter" if kind.is_splitter else "junction"


def _absent(document: Enterprise) -> frozenset[tuple[str, str]]:
    return frozenset(
        (name, component)
        for name, stream in document.streams.items()
        if stream.form != "gas"
        for component in document.require_account().components
        if component not in carried(document, name)
    )


def _shared_units(document: Enterprise) -> Mapping[str, str]:
    """Units of the declared shared errors."""
    return {name: error.sigma.unit for name, error in document.require_account().shared_errors.items()}


def _stream(document: Enterprise, name: str) -> Stream:
    declared = document.streams[name]
    enthalpy = () if declared.enthalpy is None else declared.enthalpy.coefficients
    carries: Literal["heat", "material"] = "heat" if declared.form == "heat" else "material"
    return Stream(name, declared.from_, declared.to, carries, enthalpy)


def _ranked(document: Enterprise, used: pl.DataFrame) -> pl.DataFrame:
    """The measurements with the rank of their tag's authority; none where no other tag can take its place."""
    rank = {tag.tag: AUTHORITIES.index(tag.authority) for tag in document.tags}
    told = pl.col("tag").replace_strict(rank, default=None, return_dtype=pl.Int64)
    is_ranked = pl.col("kind").is_in(_RANKED) & ~(
        (pl.col("kind") == "temperature") & ~pl.col("object").is_in(list(document.streams))
    )
    return used.with_columns(rank=pl.when(is_ranked).then(told))


@dataclass(frozen=True)
class _Moisture:
    """Moisture of a wet stream in one period and its standard deviation [mass fraction]."""

    tag: str
    value: float
    sigma: float


@dataclass(frozen=True)
class _Readings:
    """The readings of an account with the errors they share, made of its usable measurements."""

    document: Enterprise
    frame: pl.DataFrame = field(compare=False)

    @cached_property
    def readings(self) -> tuple[Reading, ...]:
        """Every reading with a standard deviation, dry and in the balance's units."""
        return tuple(reading for reading in self._every if _is_stated(reading))

    @cached_property
    def unstated(self) -> tuple[Reading, ...]:
        """Readings without a standard deviation, such as a zero whose error is declared as a share alone."""
        return tuple(reading for reading in self._every if not _is_stated(reading))

    @cached_property
    def _every(self) -> tuple[Reading, ...]:
        is_used = pl.col("kind").is_in(_BALANCE_KINDS) | (
            (pl.col("kind") == "temperature") & pl.col("object").is_in(sorted(_warm(self.document)))
        )
        rows = self.frame.filter(is_used).iter_rows(named=True)
        return tuple(reading for row in rows if (reading := self._reading(row)) is not None)

    @cached_property
    def shared(self) -> tuple[SharedError, ...]:
        """The declared errors that some reading has; what lasts of a tag's own error, in its standard deviations; and
        the moistures behind dry flows, of each period anew.
        """
        used = {name for reading in self.readings for name, _ in reading.shares}
        declared = self.document.require_account().shared_errors
        found = [SharedError(name, error.sigma.value, error.lasts) for name, error in declared.items() if name in used]
        lasting = {_lasting_name(tag.tag): tag.sigma_lasting for tag in self.document.tags}
        stays = [SharedError(name, share) for name, share in lasting.items() if name in used]
        waters = [
            SharedError(tag, sigma * _fresh(self.tags.get(tag)), "period")
            for tag, sigma in self.water_sigma.items()
            if tag in used
        ]
        return (*found, *stays, *waters)

    @property
    def correlations(self) -> tuple[Correlation, ...]:
        """The declared correlations of tags that both have readings."""
        read = {reading.tag for reading in self.readings}
        declared = self.document.require_account().correlations
        return tuple(
            Correlation(pair.first, pair.second, pair.r.value) for pair in declared if {pair.first, pair.second} <= read
        )

    @cached_property
    def tags(self) -> Mapping[str, Tag]:
        return {tag.tag: tag for tag in self.document.tags}

    @cached_property
    def water(self) -> Mapping[tuple[str, int], _Moisture]:
        rows = self.frame.filter(pl.col("kind") == "moisture").iter_rows(named=True)
        return {(row["object"], row["period"]): _Moisture(row["tag"], row["value"], row["sigma"]) for row in rows}

    @cached_property
    def water_sigma(self) -> Mapping[str, float]:
        """Root mean square of the standard deviations of every moisture meter [mass fraction]."""
        by_tag: dict[str, list[float]] = {}
        for water in self.water.values():
            by_tag.setdefault(water.tag, []).append(water.sigma)
        return {tag: math.sqrt(sum(s * s for s in sigmas) / len(sigmas)) for tag, sigmas in by_tag.items()}

    def _reading(self, row: Mapping[str, Any]) -> Reading | None:  # Any: the columns differ
        """One measurement as a reading; None of a wet flow without a usable moisture."""
        tag = self.tags.get(row["tag"])
        factor, water = self._factor(row), None
        if tag is not None and tag.basis == "wet":
            water = self.water.get((row["object"], row["period"]))
            if water is None:
                return None
            factor = 1.0 - water.value
        value, sigma, below = row["value"] * factor, row["sigma"] * factor, row["quality"] == "below"
        shares = () if tag is None or below else tuple(self._shares(tag, value, sigma, factor))
        if water is not None and self.water_sigma[water.tag] > 0.0:
            shares = (*shares, *self._wetness(water, row["value"]))
        sigma *= 1.0 if below else _fresh(tag)
        return Reading(
            row["kind"], row["object"], row["component"], row["period"], value, sigma, row["tag"],
            () if water is None else (water.tag,),
            model=None if tag is None or below else self._model(tag, row, factor),
            below=below,
            shares=shares,
        )  # fmt: skip

    def _model(self, tag: Tag, row: Mapping[str, Any], factor: float) -> ErrorModel | None:  # Any: the columns differ
        """How the reading's sigma changes with its value, by the row of the tag that gave it."""
        rows = (other for other in self.document.tags if other.tag == tag.tag) if _is_dated(tag) else (tag,)
        models = (_model(other, row["value"], row["sigma"], factor) for other in rows)
        return next((model for model in models if model is not None), None)

    def _factor(self, row: Mapping[str, Any]) -> float:  # Any: the columns differ
        """The balance's units per unit of the measurement."""
        if row["kind"] == "assay":
            return 1.0 / assay_scale(self.document, row["object"])
        if row["kind"] == "flow" and self.document.streams[row["object"]].form == "heat":
            return convert(1.0, row["unit"], HEAT_FLOW)
        return 1.0

    def _shares(self, tag: Tag, value: float, sigma: float, factor: float) -> Iterator[tuple[str, float]]:
        """Sensitivities of a reading to the errors its tag shares, and to what lasts of its own."""
        declared = self.document.require_account().shared_errors
        for name in tag.shared:
            yield name, value if declared[name].of == "relative" else factor
        if tag.sigma_lasting > 0.0:
            yield _lasting_name(tag.tag), sigma

    def _wetness(self, water: _Moisture, wet: float) -> Iterator[tuple[str, float]]:
        """Sensitivities of a dry flow to the error of its moisture, and to what lasts of that."""
        yield water.tag, -wet * water.sigma / self.water_sigma[water.tag]
        tag = self.tags.get(water.tag)
        if tag is not None and tag.sigma_lasting > 0.0:
            yield _lasting_name(tag.tag), -wet * water.sigma


def _is_dated(tag: Tag) -> bool:
    """Whether it may have other rows, for other times."""
    return tag.valid_from is not None or tag.valid_to is not None


def _model(tag: Tag, value: float, sigma: float, factor: float) -> ErrorModel | None:
    """How a reading's sigma changes with its value; None where it does not, or is not the tag's alone."""
    if tag.sigma_relative <= 0.0:
        return None
    model = ErrorModel(tag.sigma_absolute, tag.sigma_relative, tag.sigma_maximum)
    if not math.isclose(model.sigma(value), sigma, rel_tol=1e-9):
        return None
    fresh = _fresh(tag)
    maximum = None if tag.sigma_maximum is None else tag.sigma_maximum * factor * fresh
    return ErrorModel(tag.sigma_absolute * factor * fresh, tag.sigma_relative * fresh, maximum)


def _fresh(tag: Tag | None) -> float:
    """Share of a tag's standard deviation that is drawn anew in every period [1]."""
    return 1.0 if tag is None else math.sqrt(1.0 - tag.sigma_lasting**2)


def _lasting_name(tag: str) -> str:
    """Name of the shared error that is what lasts of a tag's own."""
    return f"{tag} lasting"


def _warm(document: Enterprise) -> frozenset[str]:
    """Material streams at a unit that balances energy."""
    closing = {name for name, unit in document.units.items() if ENERGY in unit.balances}
    return frozenset(
        name
        for name, stream in document.streams.items()
        if stream.form != "heat" and closing & {stream.from_, stream.to}
    )


def _is_stated(reading: Reading) -> bool:
    return math.isfinite(reading.sigma) and reading.sigma > 0.0


__all__ = [
    "HEAT_FLOW",
    "MASS",
    "account",
    "assay_scale",
    "authoritative",
    "carried",
    "known",
    "network",
    "provisional",
    "readings",
    "unstated",
    "usable",
]
