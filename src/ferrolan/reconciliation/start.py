"""A first answer from linear problems: flows by their mass balances, then flows and contents together.

For example: a furnace without a mass balance gets its unmeasured slag flow from the phosphorus balance. The amount of a
component F X is linear once the weights of the assays are taken at the flows of the pass before: F X = F y + F' (X -
y) with the reading y and the former flow F'. What is not measured is pulled weakly to the median reading of its kind,
here only: the start decides where the search begins, never where it ends (design note, section 4, step 1).
"""

from __future__ import annotations

import numpy as np
from scipy import sparse

from ferrolan.numerics.kkt import Floats, saddle_point
from ferrolan.reconciliation.equations import Equations
from ferrolan.reconciliation.network import MASS

Mask = np.ndarray
"""Boolean array."""

SOFTNESS = 1e-6
"""How far balances may stay open at this stage, in squared standard deviations."""
WIDTH = 2.0
"""How far an unmeasured value may lie from the typical one, relative to it."""
PASSES = 5
"""Linear problems solved with the flows of the one before."""
_SMALLEST = 1e-3
"""Smallest start of an unmeasured value, relative to the typical one: at zero a product has no slope."""


def typical_values(system: Equations, target: Floats, hours: Floats) -> Floats:
    """Median size of the readings of the same kind and component, (variables,); above zero."""
    measured = np.isfinite(target) & (target != 0.0)
    groups = np.array([_group(key.kind, key.component) for key in system.keys])
    overall = {
        kind: _median(target, measured & (np.char.partition(groups, " ")[:, 0] == kind), np.nan) for kind in _KINDS
    }
    flow = overall["flow"] if np.isfinite(overall["flow"]) else 1.0
    stock = overall["stock"] if np.isfinite(overall["stock"]) else flow * float(np.mean(hours))
    assay = overall["assay"] if np.isfinite(overall["assay"]) else 0.1
    fallback = {"flow": flow, "stock": stock, "assay": assay}
    typical = np.empty(len(groups))
    for group in dict.fromkeys(groups.tolist()):
        members = groups == group
        typical[members] = _median(target, measured & members, fallback[group.split(" ")[0]])
    return typical


_KINDS = ("flow", "stock", "assay")


def _group(kind: str, component: str | None) -> str:
    return f"assay {component}" if component is not None else f"{kind} "


def _median(target: Floats, members: Mask, fallback: float) -> float:
    return float(np.median(np.abs(target[members]))) if members.any() else fallback


def hierarchical_start(system: Equations, target: Floats, sigma: Floats, typical: Floats) -> Floats:
    """Start values (variables,) within the bounds; ``target`` is nan where nothing is measured."""
    measured = np.isfinite(target)
    amounts = np.array([key.component is None for key in system.keys])
    mass = np.array([row.component == MASS for row in system.rows], dtype=bool)
    wish = np.where(measured, target, typical)
    width = np.where(measured, sigma, WIDTH * typical)
    z = _inside(system, wish, measured, typical)
    z = _inside(system, _soft(system, z, wish, width, amounts, mass), measured, typical)
    if amounts.all():
        return z
    everything = np.ones(len(wish), dtype=bool)
    amount_of = system.amounts
    for _ in range(PASSES):
        at = np.where(amounts, z, wish)
        linear = _soft(system, at, wish, width, everything, np.ones(len(mass), dtype=bool))
        flows = _inside(system, np.where(amounts, linear, z), measured, typical)
        content = (linear - wish) * z[amount_of] / np.maximum(flows[amount_of], _SMALLEST * typical[amount_of])
        z = _inside(system, np.where(amounts, flows, wish + content), measured, typical)
    return z


def raw_start(system: Equations, target: Floats, typical: Floats) -> Floats:
    """The readings themselves, and typical values where nothing is measured."""
    measured = np.isfinite(target)
    return _inside(system, np.where(measured, target, typical), measured, typical)


def _inside(system: Equations, z: Floats, measured: Mask, typical: Floats) -> Floats:
    lowest = np.where(measured, system.lower, _SMALLEST * typical)
    return np.clip(z, np.minimum(lowest, system.upper), system.upper)


def _soft(system: Equations, at: Floats, wish: Floats, width: Floats, part: Mask, rows: Mask) -> Floats:
    """Least squares to the wish over the variables of ``part``, everything else fixed, balances linearised and
    softly closed.
    """
    jacobian = system.jacobian(at)[rows][:, part] @ sparse.diags_array(width[part])
    length = np.sqrt(np.asarray(jacobian.multiply(jacobian).sum(axis=1)).ravel())
    used = length > 0.0
    if not used.any():
        return np.where(part, wish, at)
    jacobian = sparse.diags_array(1.0 / length[used]) @ jacobian[used]
    open_rows = system.residual(at)[rows][used] / length[used] + jacobian @ ((wish - at) / width)[part]
    soft = np.sqrt(SOFTNESS) * sparse.eye_array(int(used.sum()))
    matrix = sparse.csr_matrix(sparse.hstack([jacobian, soft]))
    factor = saddle_point(np.ones(matrix.shape[1]), matrix, (0.0, 1e-10))
    solution = factor.solve(np.concatenate([np.zeros(matrix.shape[1]), -open_rows]))
    result = at.copy()
    result[part] = wish[part] + width[part] * solution[: int(part.sum())]
    return result
