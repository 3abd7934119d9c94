"""A first answer from linear problems: flows by their mass balances, then flows and contents together.

For example: a furnace without a mass balance gets its unmeasured slag flow from the phosphorus balance. The amount of a
component F X is linear once the weights of the assays are taken at the flows of the pass before: F X = F y + F' (X -
y) with the reading y and the former flow F'. What is not measured is pulled weakly to the median reading of its kind,
here only: the start decides where the search begins, never where it ends (design note, section 4, step 1).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ferrolan.numerics.kkt import Floats, QuasiDefinite, SymmetricPattern
from ferrolan.reconciliation.equations import Equations
from ferrolan.reconciliation.evidence import Evidence
from ferrolan.reconciliation.network import MASS

Mask = NDArray[np.bool_]

SOFTNESS = 1e-6
"""How far balances may stay open at this stage, in squared standard deviations."""
WIDTH = 2.0
"""How far an unmeasured value may lie from the typical one, relative to it."""
PASSES = 3
"""Linear problems solved with the flows of the one before."""
_SMALLEST = 1e-3
"""Smallest start of an unmeasured value, relative to the typical one: at zero a product has no slope."""
_WARM = 400.0
"""Temperature [K] where none is read."""
_TINY = 1e-9
_ENOUGH = 1e-6
"""Relative residual of a linear problem of the start."""
_HEAT = 0.5
"""Enthalpy [GJ/t] that sizes a flow of heat which nobody reads."""


@dataclass(frozen=True)
class Prior:
    """What is known of every variable by itself, all (variables,).

    ``target`` and ``sigma`` combine its own readings, nan where there is none; ``typical`` is a size above zero.
    """

    target: Floats
    sigma: Floats
    typical: Floats

    @property
    def measured(self) -> Mask:
        """Variables with a reading of their own, or the prior of a shared error."""
        return np.isfinite(self.target)


def prior(system: Equations, evidence: Evidence, hours: Floats) -> Prior:
    """Combine the readings of every variable and give the others the median size of the readings of their sort."""
    own = np.flatnonzero(evidence.place >= 0)
    weight = evidence.sigma[own] ** -2.0
    count = len(system.keys)
    total = np.bincount(evidence.place[own], weights=weight, minlength=count)
    pull = np.bincount(evidence.place[own], weights=weight * evidence.values[own], minlength=count)
    read = total > 0.0
    safe = np.where(read, total, 1.0)
    target, sigma = np.where(read, pull / safe, np.nan), np.where(read, safe**-0.5, np.nan)
    return Prior(target, sigma, _typical(system, evidence, target, sigma, hours))


def _typical(system: Equations, evidence: Evidence, target: Floats, sigma: Floats, hours: Floats) -> Floats:
    size = np.abs(np.where(np.isfinite(target), target, 0.0))
    codes, names = system.groups
    medians = {name: _median(size[codes == number]) for number, name in enumerate(names)}
    usual = _usual(size, system, float(np.mean(hours)), medians)
    typical = np.array([usual[name] for name in names])[codes]
    typical = np.where(system.of_kind("quantity"), _of_its_own(system, size, typical), typical)
    typical = np.where(system.of_kind("shared"), np.where(np.isfinite(sigma), sigma, 1.0), typical)
    place, limit = evidence.censored_place, evidence.censored_limit
    below = np.zeros(len(typical), dtype=bool)
    below[place[limit > 0.0]] = True
    limits = np.full(len(typical), np.inf)
    np.minimum.at(limits, place, np.where(limit > 0.0, 0.5 * limit, np.inf))
    typical = np.where(below & ~np.isfinite(target), np.minimum(typical, limits), typical)
    made = system.of_kind("enthalpy", "lifted")
    return np.where(made, np.maximum(np.abs(system.completed(np.where(made, 0.0, typical))), _TINY), typical)


def _median(sizes: Floats) -> float:
    """Median of what is above zero, nan where nothing is."""
    read = sizes[sizes > 0.0]
    return float(np.median(read)) if len(read) else np.nan


def _usual(
    size: Floats, system: Equations, hours: float, medians: dict[tuple[str, str | None], float]
) -> dict[tuple[str, str | None], float]:
    """A size for every group, from its own readings, else from related ones."""
    flow = medians.get(("flow", None), np.nan)
    flow = flow if np.isfinite(flow) else 1.0
    assay = _median(size[system.of_kind("assay", "stock_assay")])
    rest = {"flow": flow, "stock": flow * hours, "temperature": _WARM, "heat": _HEAT * flow}
    found = {}
    for (kind, component), median in medians.items():
        other = rest.get(kind, 1.0)
        if component is not None:
            twin = medians.get(("stock_assay" if kind == "assay" else "assay", component), np.nan)
            other = twin if np.isfinite(twin) else assay if np.isfinite(assay) else 0.1
        found[kind, component] = median if np.isfinite(median) else other
    return found


def _of_its_own(system: Equations, size: Floats, otherwise: Floats) -> Floats:
    """Median size of the readings of the same quantity in any period, else the middle of its bounds."""
    result = otherwise.copy()
    for label, start, end in zip(system.keys.labels, system.keys.starts[:-1], system.keys.starts[1:], strict=True):
        if label.kind == "quantity":
            median = _median(size[start:end])
            lower, upper = system.lower[start:end], system.upper[start:end]
            bounded = np.isfinite(lower) & np.isfinite(upper)
            middle = np.abs(0.5 * (np.where(bounded, lower, 0.0) + np.where(bounded, upper, 2.0)))
            middle = np.where(middle > 0.0, middle, 1.0)
            result[start:end] = median if np.isfinite(median) else middle
    return result


def hierarchical_start(system: Equations, known: Prior) -> Floats:
    """Start values (variables,) within the bounds."""
    amounts = system.amounts == np.arange(len(system.keys))
    mass = system.rows_of("balance", MASS)
    wish = _wish(system, known)
    width = np.where(known.measured, known.sigma, WIDTH * np.maximum(known.typical, _TINY))
    width = np.where(system.fixed, 0.0, width)
    flows = system.of_kind("flow", "stock") & amounts
    soft = _Soft(system, wish, width)
    z = _inside(system, known, wish)
    if mass.any():
        z = _inside(system, known, np.where(flows, soft.step(z, flows, mass), z))
    if not len(system.product_row) and mass.all():
        return z
    amount_of = system.amounts
    for _ in range(PASSES):
        at = np.where(amounts, z, wish)
        linear = soft.step(at, np.ones(len(wish), dtype=bool), np.ones(len(mass), dtype=bool))
        flow = _inside(system, known, np.where(amounts, linear, z))
        content = (linear - wish) * z[amount_of] / np.maximum(flow[amount_of], _SMALLEST * known.typical[amount_of])
        z = _inside(system, known, np.where(amounts, flow, wish + content))
    return z


def raw_start(system: Equations, known: Prior) -> Floats:
    """The readings themselves, and typical values where nothing is measured."""
    return _inside(system, known, _wish(system, known))


def _wish(system: Equations, known: Prior) -> Floats:
    shared = system.of_kind("shared")
    wish = np.where(known.measured, known.target, np.where(shared, 0.0, known.typical))
    z = system.completed(np.clip(wish, system.lower, system.upper))
    return np.where(known.measured & ~system.fixed, wish, z)


def _inside(system: Equations, known: Prior, z: Floats) -> Floats:
    """Within the bounds, and away from zero what must not be below it and is not measured."""
    floor = np.maximum(system.lower, _SMALLEST * known.typical)
    lowest = np.where(known.measured | (system.lower != 0.0), system.lower, floor)
    return np.clip(z, np.minimum(lowest, system.upper), system.upper)


class _Soft:
    """Least squares to the wish over some variables, everything else fixed, some balances linearised and softly closed.

    One symbolic analysis for all.
    """

    def __init__(self, system: Equations, wish: Floats, width: Floats) -> None:
        self._system, self._wish, self._width = system, wish, width
        self._row, self._column = system.jacobian_places
        self._factor: QuasiDefinite | None = None

    def step(self, at: Floats, part: Mask, rows: Mask) -> Floats:
        """The least squares answer; variables outside ``part`` as in ``at``."""
        row, column, count, height = self._row, self._column, len(at), len(rows)
        entries = self._system.jacobian_entries(at) * (self._width * part)[column] * rows[row]
        length = np.sqrt(np.bincount(row, weights=entries**2, minlength=height))
        length[length == 0.0] = 1.0
        entries /= length[row]
        gap = np.where(part & (self._width > 0.0), self._wish - at, 0.0)
        drift = np.where(self._width > 0.0, gap / np.where(self._width > 0.0, self._width, 1.0), 0.0)
        open_rows = self._system.residual(at) / length
        open_rows = (open_rows + np.bincount(row, weights=entries * drift[column], minlength=height)) * rows
        solution = self._solved(entries, np.concatenate([np.zeros(count), -open_rows]))[:count]
        result = np.where(part, at + gap + self._width * solution, at)
        return result

    def _solved(self, entries: Floats, right: Floats) -> Floats:
        size, count = len(right), len(self._wish)
        values = np.concatenate([np.where(np.arange(size) < count, 1.0, -SOFTNESS), entries])
        if self._factor is None:
            all_of = np.arange(size, dtype=np.int64)
            low, high = np.concatenate([all_of, self._row + count]), np.concatenate([all_of, self._column])
            self._factor = QuasiDefinite(SymmetricPattern(size, low, high), values, np.zeros(size))
        else:
            self._factor.update(values)
        return self._factor.solve(right, tolerance=_ENOUGH)
