"""From the reconciled account of a month to fitted units: the flotation as it was in March, in its own numbers.

The account says that 61 % of the Nd2O3 that went into the flotation left with the concentrate, and how sure that is;
its error is that of a ratio of reconciled values, ``dr = dN / D - N dD / D^2``, so errors of one scale behind both
hang together as they should. Those recoveries, mass yields and the metered power are what ``process.calibrate`` fits.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp

from ferrolan.assembly.balances import carried
from ferrolan.assembly.catalogue import kinds
from ferrolan.base.errors import FerrolanError
from ferrolan.enterprise.document import Enterprise
from ferrolan.process.calibrate import Calibrated, Observation, calibrate
from ferrolan.process.flowsheet import FlowsheetSolution, Unit
from ferrolan.process.material import Floats
from ferrolan.process.parameters import parameters
from ferrolan.reconciliation import Reconciled

_EXACT = 1e-7
"""Relative standard deviation below which a ratio is no observation but an identity, such as a mill's yield of 1."""

_WEIGHED = ("solids", "metal")


@dataclass(frozen=True, eq=False)
class Seen:
    """What an account saw of one unit: ``values`` and ``covariance`` of ``observations``."""

    observations: tuple[Observation, ...]
    values: Floats
    covariance: Floats


@dataclass(frozen=True)
class Fits:
    """Units that were fitted, and why others that could have been were not, by name."""

    units: Mapping[str, Calibrated]
    left: Mapping[str, str]


@dataclass(frozen=True)
class _Ratio:
    """One observation with its gradient in the reconciled values, and a variance of its own."""

    observation: Observation
    value: float
    gradient: Floats
    own_variance: float = 0.0


def calibrated(
    document: Enterprise,
    reconciled: Reconciled,
    solution: FlowsheetSolution,
    energy: Mapping[str, tuple[float, float]] | None = None,
) -> Fits:
    """Fit every simulated unit that the account sees.

    Parameters
    ----------
    document
        The enterprise, with ``simulation.relative_sd`` as the prior; without it nothing is fitted.
    reconciled
        The reconciled network.
    solution
        The plant simulated with its declared numbers: what entered each unit, by species.
    energy
        Measured energy of a unit over the account and its standard deviation [MWh], from ``responses.energies``.

    Notes
    -----
    What enters a unit is taken as simulated; the account's recoveries are set beside it. A feed of other minerals than
    the document says is not found here.
    """
    relative = document.require_simulation().relative_sd
    if relative is None:
        return Fits({}, {})
    fits: dict[str, Calibrated] = {}
    left: dict[str, str] = {}
    for unit in solution.flowsheet.units:
        spread = _priors(unit, relative.value)
        found = seen(document, reconciled, unit, energy or {}) if spread else None
        if found is None or unit.spec is None:
            continue
        try:
            fits[unit.name] = calibrate(
                unit.kind, unit.spec, found.observations, found.values, found.covariance,
                solution.units[unit.name].inlets, spread, name=unit.name,
            )  # fmt: skip
        except FerrolanError as error:
            left[unit.name] = str(error)
    return Fits(fits, left)


def with_calibrated(document: Enterprise, fits: Mapping[str, Calibrated]) -> Enterprise:
    """The document with fitted specifications in place of the declared ones."""
    units = {
        name: unit.model_copy(update={"spec": fits[name].spec}) if name in fits else unit
        for name, unit in document.units.items()
    }
    return document.model_copy(update={"units": type(document.units)(units)})


def seen(
    document: Enterprise, reconciled: Reconciled, unit: Unit, energy: Mapping[str, tuple[float, float]]
) -> Seen | None:
    """What the account saw of a unit; None where it saw nothing of it."""
    ratios = list(_ratios(document, reconciled, unit, energy))
    if not ratios:
        return None
    gradients = np.vstack([ratio.gradient for ratio in ratios])
    covariance = reconciled.covariance_of(sp.csr_matrix(gradients))
    covariance = covariance + np.diag([ratio.own_variance for ratio in ratios])
    values = np.array([ratio.value for ratio in ratios])
    sd = np.sqrt(np.maximum(np.diag(covariance), 0.0))
    known = np.isfinite(values) & np.isfinite(sd) & (sd > _EXACT * np.maximum(np.abs(values), 1e-12))
    if not known.any():
        return None
    listed = tuple(ratio.observation for ratio, is_known in zip(ratios, known, strict=True) if is_known)
    return Seen(listed, values[known], covariance[np.ix_(known, known)])


def _priors(unit: Unit, relative: float) -> dict[str, float]:
    """Prior standard deviations of the parameters that a kind lets be fitted."""
    wanted = kinds()[unit.kind.name].parameters
    return {
        path: relative * abs(number.value)
        for path, number in parameters(unit.spec).items()
        if number.value != 0.0 and any(path == name or path.startswith(f"{name}.") for name in wanted)
    }


def _ratios(
    document: Enterprise, reconciled: Reconciled, unit: Unit, energy: Mapping[str, tuple[float, float]]
) -> Iterator[_Ratio]:
    """Recoveries and yields of a unit, and its power per tonne."""
    weighed = {port: names for port, names in unit.inlets.items() if names and _all_weighed(document, names)}
    components = {
        component: [
            port for port, names in unit.inlets.items() if any(component in carried(document, s) for s in names)
        ]
        for component in document.require_account().components
    }
    for component, ports in components.items():
        if len(ports) == 1:
            yield from _shares(document, reconciled, unit, ports[0], component)
    if len(weighed) == len([names for names in unit.inlets.values() if names]) == 1:
        (port,) = weighed
        yield from _shares(document, reconciled, unit, port, None)
        if unit.name in energy:
            amount, gradient = _amount(reconciled, unit.inlets[port], None)
            if amount > 0.0:
                used, sd = energy[unit.name]
                slope = -used / amount**2 * gradient
                yield _Ratio(Observation(None, None, port), used / amount, slope, (sd / amount) ** 2)


def _shares(
    document: Enterprise, reconciled: Reconciled, unit: Unit, port: str, component: str | None
) -> Iterator[_Ratio]:
    """Share of what enters by a port that leaves by each outlet."""
    whole, gradient = _amount(reconciled, unit.inlets[port], component)
    if not whole > 0.0:
        return
    for outlet, stream in unit.outlets.items():
        there = _all_weighed(document, (stream,)) if component is None else component in carried(document, stream)
        if not there:
            continue
        part, slope = _amount(reconciled, (stream,), component)
        ratio = part / whole
        yield _Ratio(Observation(outlet, component, port), ratio, (slope - ratio * gradient) / whole)


def _all_weighed(document: Enterprise, streams: tuple[str, ...]) -> bool:
    return all(document.streams[name].form in _WEIGHED for name in streams)


def _amount(reconciled: Reconciled, streams: tuple[str, ...], component: str | None) -> tuple[float, Floats]:
    """Tonnes of a component, or of dry mass, in some streams over the account, with the gradient; nan where unseen."""
    total, gradient = 0.0, np.zeros(len(reconciled.values))
    for stream in streams:
        for period, hours in enumerate(reconciled.network.hours):
            flow_at = reconciled.index.get(("flow", stream, None, period))
            assay_at = None if component is None else reconciled.index.get(("assay", stream, component, period))
            if flow_at is None:
                return float("nan"), gradient
            flow = float(reconciled.values[flow_at])
            if component is None:
                total += hours * flow
                gradient[flow_at] += hours
            elif assay_at is not None:
                assay = float(reconciled.values[assay_at])
                total += hours * flow * assay
                gradient[flow_at] += hours * assay
                gradient[assay_at] += hours * flow
    return total, gradient
