"""What each unit did, as coefficients a plan may use: the furnace as it was this month.

A coefficient is a ratio of reconciled amounts, ``c = N / D``: tonnes of hot metal made per tonne of iron charged,
summed over the account. Its gradient in the reconciled values is ``dc = dN / D - N dD / D^2``, so the covariance of all
coefficients is ``G C G'``: the meter's uncertainty goes into the plan with them, correlations included. Where the
account cannot see a coefficient (acid, say) the declared value stands, marked as declared.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import polars as pl
import scipy.sparse as sp

from ferrolan.assembly.balances import carried
from ferrolan.base.errors import ProblemError
from ferrolan.base.schema import DRY_MASS, Sourced
from ferrolan.base.time import Period
from ferrolan.enterprise.document import Enterprise
from ferrolan.enterprise.units import Mode
from ferrolan.process.response import Response, response_table
from ferrolan.reconciliation import Reconciled

Floats = npt.NDArray[np.float64]
Key = tuple[str, str, str]
"""Unit, mode, commodity."""
_LEAST_DRAW = 1e-6  # of its mean: a unit that makes nothing could not be planned


@dataclass(frozen=True)
class Responses:
    """Coefficients of every mode, with the covariance of those the account could see.

    ``frame`` has the ``responses`` schema. ``keys`` (n) names the reconciled coefficients in the order of
    ``covariance`` (n, n); coefficients are positive where made and negative where used.
    """

    frame: pl.DataFrame
    keys: tuple[Key, ...]
    covariance: Floats

    def coefficients(self) -> dict[Key, float]:
        """Every coefficient by unit, mode and commodity."""
        return {
            (row["unit"], row["mode"], row["commodity"]): row["coefficient"] for row in self.frame.iter_rows(named=True)
        }

    def draw(self, rng: np.random.Generator, count: int) -> list[dict[Key, float]]:
        """``count`` joint draws of the coefficients; a drawn coefficient keeps its sign and is never nothing."""
        base = self.coefficients()
        if not self.keys:
            return [dict(base) for _ in range(count)]
        mean = np.array([base[key] for key in self.keys])
        root = _root(self.covariance)
        noise = rng.standard_normal((count, root.shape[1])) @ root.T
        values = np.sign(mean) * np.maximum(np.sign(mean) * (mean + noise), _LEAST_DRAW * np.abs(mean))
        return [base | dict(zip(self.keys, row.tolist(), strict=True)) for row in values]


@dataclass(frozen=True)
class _Amount:
    """An amount over the account [t or MWh], its gradient in the reconciled values, and a variance of its own."""

    value: float
    gradient: Floats
    own_variance: float = 0.0


@dataclass(frozen=True)
class _Seen:
    """A coefficient the account saw, its gradient in the reconciled values, and a variance of its own.

    ``row`` has no standard deviation yet.
    """

    row: Response
    gradient: Floats
    own_variance: float


def responses(document: Enterprise, reconciled: Reconciled, energy: Mapping[str, tuple[float, float]]) -> Responses:
    """The responses of the month: reconciled where the account sees them, declared elsewhere.

    A unit with several modes keeps its declared ones: one month's account cannot tell its modes apart.

    Parameters
    ----------
    document
        The enterprise with its declared modes.
    reconciled
        The reconciled network.
    energy
        Measured energy of a unit over the account and its standard deviation [MWh], from ``energies``.
    """
    seen = list(_all_seen(document, reconciled, energy))
    covariance = _covariance(reconciled, [coefficient.gradient for coefficient in seen])
    known = [
        replace(coefficient.row, sd=math.sqrt(max(variance, 0.0) + coefficient.own_variance))
        for coefficient, variance in zip(seen, np.diag(covariance).tolist(), strict=True)
    ]
    frame = response_table(_declared(document), known)
    joint = [number for number, row in enumerate(known) if row.commodity in document.commodities]
    return Responses(frame, tuple(known[number].key for number in joint), covariance[np.ix_(joint, joint)])


def coefficients_of(
    document: Enterprise, reconciled: Reconciled, energy: Mapping[str, tuple[float, float]]
) -> dict[Key, float]:
    """The coefficients of ``responses`` alone, which need no covariance."""
    seen = {found.row.key: found.row.coefficient for found in _all_seen(document, reconciled, energy)}
    return {row.key: seen.get(row.key, row.coefficient) for row in _declared(document)}


def declared_responses(document: Enterprise) -> Responses:
    """The responses as declared, where no account has seen them."""
    return Responses(response_table(_declared(document)), (), _covariance_of_nothing())


def energies(measurements: pl.DataFrame, periods: Sequence[Period]) -> Mapping[str, tuple[float, float]]:
    """Measured electric energy of every unit over the account, with its standard deviation [MWh].

    A unit with a period without good data is left out: half a month's energy is not a month's.
    """
    hours = {period.number: period.hours for period in periods}
    metered = measurements.filter(pl.col("kind") == "power", pl.col("value").is_not_null())
    result = {}
    for (unit,), rows in metered.group_by(["object"], maintain_order=True):
        found = [(hours[row["period"]], row["value"], row["sigma"]) for row in rows.iter_rows(named=True)]
        if len(found) == len(hours):
            energy = sum(length * power for length, power, _ in found)
            result[str(unit)] = (energy, math.hypot(*(length * sigma for length, _, sigma in found)))
    return result


def opening_stocks(document: Enterprise, seen: Mapping[str, float]) -> Mapping[str, float]:
    """What a plan starts from: the stocks an account saw, and declared ones [t of the commodity]."""
    declared = {
        name: commodity.stock.opening.value
        for name, commodity in document.commodities.items()
        if commodity.stock is not None and commodity.stock.opening is not None
    }
    return {**declared, **seen}


def closing_stocks(document: Enterprise, reconciled: Reconciled) -> Mapping[str, float]:
    """Reconciled stock of every stored commodity at the end of the account [t of the commodity].

    Raises
    ------
    ProblemError
        Naming the stocks that the account cannot see.
    """
    unseen: list[str] = []
    last = len(reconciled.network.hours)
    stocks = {}
    for name, unit in document.units.items():
        if unit.stocks is None:
            continue
        commodity = document.commodities[unit.stocks]
        tonnes = _value(reconciled, ("stock", name, None, last))
        share = 1.0
        if commodity.basis != (DRY_MASS,):
            share = sum(_value(reconciled, ("stock_assay", name, component, last)) for component in commodity.basis)
        stock = float(tonnes * share / commodity.per)
        if not math.isfinite(stock):
            unseen.append(name)
        stocks[unit.stocks] = stock
    if unseen:
        raise ProblemError(
            f"the stock of {', '.join(unseen)} at the end of the account cannot be seen, so no plan can start from it; "
            "add a count (and a composition, where the commodity counts components) near the month's end"
        )
    return stocks


def coefficient_gradients(
    document: Enterprise, reconciled: Reconciled, energy: Mapping[str, tuple[float, float]]
) -> Mapping[Key, Floats]:
    """Gradient of every coefficient that the account saw in its reconciled values, (variables,) each."""
    return {found.row.key: found.gradient for found in _all_seen(document, reconciled, energy)}


def closing_gradients(document: Enterprise, reconciled: Reconciled) -> Mapping[str, Floats]:
    """Gradient of every closing stock [t of the commodity] in the reconciled values, (variables,) each."""
    last = len(reconciled.network.hours)
    found = {}
    for name, unit in document.units.items():
        if unit.stocks is None:
            continue
        commodity = document.commodities[unit.stocks]
        tonnes_at = reconciled.index["stock", name, None, last]
        gradient = np.zeros(len(reconciled.values))
        if commodity.basis == (DRY_MASS,):
            gradient[tonnes_at] = 1.0 / commodity.per
        else:
            places = [reconciled.index["stock_assay", name, component, last] for component in commodity.basis]
            gradient[places] = reconciled.values[tonnes_at] / commodity.per
            gradient[tonnes_at] = float(np.sum(reconciled.values[places])) / commodity.per
        found[unit.stocks] = gradient
    return found


def _value(reconciled: Reconciled, place: tuple[str, str, str | None, int]) -> float:
    """A reconciled value; nan where the account does not hold it or cannot see it."""
    at = reconciled.index.get(place)
    return math.nan if at is None else float(reconciled.values[at])


def _declared(document: Enterprise) -> Iterator[Response]:
    for unit_name, unit in document.units.items():
        for mode_name, mode in unit.modes.items():
            if mode.simulated and not (mode.makes or mode.uses):
                raise ProblemError(f"{unit_name}: its mode {mode_name!r} is simulated; simulate the plant first")
            yield Response(unit_name, mode_name, mode.reference, -1.0, "t/t", sd=0.0, source="definition of the mode")
            for commodity, sign, value in _amounts(mode):
                yield Response(
                    unit_name,
                    mode_name,
                    commodity,
                    sign * value.value,
                    _coefficient_unit(document, commodity),
                    "simulated" if mode.simulated else "declared",
                    synthetic=value.synthetic,
                    source=value.note if mode.simulated else value.source,
                )


def _amounts(mode: Mode) -> Iterator[tuple[str, float, Sourced]]:
    """Commodity, sign and declared amount of all that a mode makes and uses."""
    yield from ((name, 1.0, value) for name, value in mode.makes.items())
    yield from ((name, -1.0, value) for name, value in mode.uses.items())


def _all_seen(
    document: Enterprise, reconciled: Reconciled, energy: Mapping[str, tuple[float, float]]
) -> Iterator[_Seen]:
    """What the account saw of every unit that has one mode."""
    for name, unit in document.units.items():
        if len(unit.modes) == 1:
            yield from _seen(document, reconciled, name, energy)


def _seen(
    document: Enterprise, reconciled: Reconciled, unit: str, energy: Mapping[str, tuple[float, float]]
) -> Iterator[_Seen]:
    """What the account saw of a unit's one mode."""
    ((mode_name, mode),) = document.units[unit].modes.items()
    reference = _amount(document, reconciled, unit, mode.reference, inward=True)
    if reference is None:
        return
    for commodity, sign, _ in _amounts(mode):
        if _is_metered(document, commodity) and unit in energy:
            amount = _Amount(energy[unit][0], np.zeros(len(reconciled.values)), energy[unit][1] ** 2)
        elif commodity in document.commodities:
            found = _amount(document, reconciled, unit, commodity, inward=sign < 0)
            if found is None:
                continue
            amount = found
        else:
            continue
        ratio = amount.value / reference.value
        gradient = (amount.gradient - ratio * reference.gradient) / reference.value
        row = Response(
            unit,
            mode_name,
            commodity,
            sign * ratio,
            _coefficient_unit(document, commodity),
            "reconciled",
            synthetic=document.virtual_plant is not None,
            source=f"account {document.require_account().month}",
        )
        yield _Seen(row, sign * gradient, amount.own_variance / reference.value**2)


def _amount(document: Enterprise, reconciled: Reconciled, unit: str, commodity: str, *, inward: bool) -> _Amount | None:
    """What the streams of a commodity carried into (or out of) a unit; nothing where no such stream touches it."""
    names = [
        name
        for name, stream in document.streams.items()
        if stream.commodity == commodity and stream.form != "gas" and (stream.to if inward else stream.from_) == unit
    ]
    if not names:
        return None
    total, gradient = 0.0, np.zeros(len(reconciled.values))
    for name in names:
        value, part = stream_amount(document, reconciled, name, commodity)
        total, gradient = total + value, gradient + part
    return _Amount(total, gradient) if total > 0 else None


def stream_amount(document: Enterprise, reconciled: Reconciled, stream: str, commodity: str) -> tuple[float, Floats]:
    """Amount of a commodity in one stream over the account [t], with its gradient in the reconciled values.

    The amount is nan where the account does not hold or cannot see a part of it.
    """
    declared = document.commodities[commodity]
    basis = declared.basis
    per = declared.per
    components = None if basis == (DRY_MASS,) else [name for name in basis if name in carried(document, stream)]
    gradient = np.zeros(len(reconciled.values))
    total = 0.0
    for period, hours in enumerate(reconciled.network.hours):
        flow_at = reconciled.index["flow", stream, None, period]
        flow = reconciled.values[flow_at]
        if components is None:
            total += hours * flow / per
            gradient[flow_at] += hours / per
            continue
        for component in components:
            assay_at = reconciled.index.get(("assay", stream, component, period))
            if assay_at is None:
                return math.nan, gradient
            assay = reconciled.values[assay_at]
            total += hours * flow * assay / per
            gradient[flow_at] += hours * assay / per
            gradient[assay_at] += hours * flow / per
    return total, gradient


def _covariance(reconciled: Reconciled, gradients: Sequence[Floats]) -> Floats:
    if not gradients:
        return _covariance_of_nothing()
    return reconciled.covariance_of(sp.csr_matrix(np.vstack(gradients)))


def _covariance_of_nothing() -> Floats:
    return np.zeros((0, 0))


def _root(covariance: Floats) -> Floats:
    """A root of a covariance matrix that may be singular."""
    values, vectors = np.linalg.eigh(covariance)
    root: Floats = vectors * np.sqrt(np.clip(values, 0.0, None))
    return root


def _is_metered(document: Enterprise, commodity: str) -> bool:
    """Whether the units' power meters measure this utility."""
    utility = document.utilities.get(commodity)
    return utility is not None and utility.metered_by == "power"


def _coefficient_unit(document: Enterprise, commodity: str) -> str:
    utility = document.utilities.get(commodity)
    return "t/t" if utility is None else f"{utility.price.unit.split('/')[1]}/t"
