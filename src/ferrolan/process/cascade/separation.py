"""Steady state of a train with separation factors (closure A): one unknown a stage, whatever the number of components.

A train of 120 stages that parts samarium from neodymium may hold 1e-60 of lanthanum at its far end; a solver that
treats every content as an unknown stalls there. Here the unknown is ln K of each stage alone, and the components follow
exactly (`Walk`). Newton's method starts from the profile that Underwood's theory draws; where that fails or there is
none, as below the minimum flows or with the feed in the last stage, a shorter train is settled and made longer step by
step. The shortest is filled with feed and followed through time with growing steps until it is near enough.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from scipy.linalg.lapack import dgesv, dgetrf, dgetrs

from ferrolan.base.errors import NotConverged
from ferrolan.process.cascade.flows import Flows
from ferrolan.process.cascade.lengthening import lengthened, shortened
from ferrolan.process.cascade.opening import opening
from ferrolan.process.cascade.train import Floats
from ferrolan.process.cascade.walk import Held, Reply, Walk

_TOLERANCE = 1e-11
"""Largest gap of a stage's total at the end, in logarithms: 1e-9 on a profile with three digits to spare."""
_SETTLED = 1e-8
"""Last step of ln K beside it, as a stage's total hardly sees where a front stands that moves without hindrance."""
_STRIDE = 0.5
"""Largest step of ln K of any stage in one iteration of Newton's method."""
_NEAR = 0.1
"""Step of ln K below which the Jacobian at hand is good for further steps."""
_CHEAP = 8
_INNER = 6
_HALVINGS = 5
_NEWTON = 30
_MARCH = 400
"""Iterations of Newton's method and steps through time; 8 and 60 have been enough."""


@dataclass(frozen=True, eq=False)
class Settled:
    """A steady state: ln K (N,), amounts (C, N) in liquor and organic, the largest gap and the iterations it took."""

    slopes: Floats
    aqueous: Floats
    organic: Floats
    gap: float
    iterations: int


def settle(flows: Flows, walk: Walk, start: Floats | None = None) -> Settled:
    """Find the steady state of a train.

    Parameters
    ----------
    flows, walk
        The train's totals, and its components' balances.
    start : (N,)
        ln K of a neighbouring steady state; it is tried first.

    Raises
    ------
    NotConverged
        With the last ln K: seen where reflux, entrainment, efficiency or feeds of both phases meet a product of less
        than 1e-3 of the feed or more than a hundred stages, about one in a hundred of such trains.
    """
    spent = 0
    for begin in (start, opening(flows, walk)):
        if begin is None or begin.shape != (walk.stages,):
            continue
        found, took = newton(walk, begin, _NEWTON)
        spent += took
        if found is not None:
            return replace(found, iterations=spent)
    for way in (_from_shorter if type(walk) is Walk else _from_equilibrium, _march):
        found, took, last = way(walk)
        spent += took
        if found is not None:
            return replace(found, iterations=spent)
    with np.errstate(all="ignore"):
        gap = float(np.abs(walk.gap(*walk.amounts(last))).max())
    raise NotConverged(
        f"the train did not settle in {spent} iterations; the largest gap of a stage is {gap:.3g} (expected below "
        f"{_TOLERANCE:g}). Begin from the profile of a train like it that settles.",
        last_iterate=last,
        residual=gap,
    )


def _from_equilibrium(walk: Walk) -> tuple[Settled | None, int, Floats]:
    """Settle the train as if its stages were at equilibrium, and begin there; otherwise as `_from_shorter`."""
    found, spent, last = _from_shorter(Walk(walk.flows))
    if found is None:
        return None, spent, last
    found, took = newton(walk, found.slopes, _NEWTON)
    return found, spent + took, last


def _from_shorter(walk: Walk) -> tuple[Settled | None, int, Floats]:
    """Settle the train with fewer stages, and stretch what it comes to: the answer, iterations and the last ln K."""
    short = shortened(walk.flows) if type(walk) is Walk else None
    if short is None:
        return _march(walk)
    before, spent, last = _from_shorter(Walk(short[0]))
    if before is None:
        return None, spent, last
    for begin in lengthened(before.slopes, short[1], walk.flows):
        found, took = newton(walk, begin, _NEWTON)
        spent += took
        if found is not None:
            return found, spent, found.slopes
    return None, spent, begin


def newton(walk: Walk, slopes: Floats, most: int) -> tuple[Settled | None, int]:
    """Newton's method in ln K from a given start; None in place of the answer if it does not settle."""
    with np.errstate(all="ignore"):
        for took in range(1, most + 1):
            reply = walk.reply(slopes)
            factors, pivots, _ = dgetrf(reply.jacobian.T, overwrite_a=True)  # as LAPACK stores: no copy
            step, _ = dgetrs(factors, pivots, -reply.gap, trans=1)
            size = float(np.abs(step).max())
            if not np.isfinite(size):
                return None, took
            slopes = slopes + step * min(1.0, _STRIDE / max(size, _SETTLED))
            if size < _NEAR:
                slopes, done = _polished(walk, slopes, factors, pivots, size)
                if done is not None:
                    return Settled(slopes, *done, took), took
    return None, most


def _polished(
    walk: Walk, slopes: Floats, factors: Floats, pivots: Floats, size: float
) -> tuple[Floats, tuple[Floats, Floats, float] | None]:
    """Cheap steps with the last Jacobian while they shrink tenfold; amounts and gap once they are round-off."""
    for _ in range(_CHEAP):
        aqueous, organic = walk.amounts(slopes)
        gap = walk.gap(aqueous, organic)
        step, _ = dgetrs(factors, pivots, -gap, trans=1)
        before, size = size, float(np.abs(step).max())
        if size < _SETTLED and float(np.abs(gap).max()) < _TOLERANCE:
            return slopes, (aqueous, organic, float(np.abs(gap).max()))
        if not size < 0.1 * before:
            break
        slopes = slopes + step
    return slopes, None


def _step(reply: Reply) -> Floats | None:
    step: Floats = dgesv(reply.jacobian, -reply.gap)[2]
    return step if np.isfinite(step).all() else None


def _march(walk: Walk) -> tuple[Settled | None, int, Floats]:
    """Follow a train filled with feed through time; try to jump to the end whenever it moves slowly."""
    flows = walk.flows
    held = np.outer(walk.fed / walk.fed.sum(), flows.aqueous)
    slopes = _bubble(flows, held)
    rate, waits, growth, spent = 1.0, 0, 4.0, 0
    with np.errstate(all="ignore"):
        for took in range(_MARCH):
            moved = _moved(walk, slopes, Held(rate, held))
            if moved is None:
                rate, slopes, growth = rate * 4.0, _bubble(flows, held), max(0.6 * growth, 1.3)
                continue
            slopes, now, change = moved
            held = now
            rate /= min(growth, max(0.3, 0.15 / max(change, 1e-12)))
            waits += 1
            if (rate < 1e-2 and waits % 6 == 0) or change < 1e-3:
                found, more = newton(walk, slopes, _NEWTON)
                spent += more
                if found is not None:
                    return found, spent + took, slopes
    return None, spent + _MARCH, slopes


def _moved(walk: Walk, slopes: Floats, held: Held) -> tuple[Floats, Floats, float] | None:
    """One implicit step of time: ln K, what the stages then hold, and how far any fraction moved."""
    total = walk.flows.aqueous
    for _ in range(_INNER):
        reply = walk.reply(slopes, held)
        step = _step(reply)
        if step is None:
            return None
        slopes, aqueous, gap = _searched(walk, slopes, step, held, float(np.linalg.norm(reply.gap)))
        if gap < 0.05:
            now = aqueous / aqueous.sum(axis=0) * total
            return slopes, now, float(np.abs((now - held.amounts) / total).max())
    return None


def _searched(
    walk: Walk, slopes: Floats, step: Floats, held: Held | None, before: float
) -> tuple[Floats, Floats, float]:
    """Go along a step as far as the gap falls: ln K, what the liquors then hold, and the gap's norm."""
    share = min(1.0, 2.0 * _STRIDE / max(float(np.abs(step).max()), _SETTLED))
    for _ in range(_HALVINGS):
        tried = slopes + share * step
        aqueous, organic = walk.amounts(tried, held)
        gap = float(np.linalg.norm(walk.gap(aqueous, organic, balanced=held is None)))
        if gap < before:
            break
        share *= 0.4
    return tried, aqueous, gap


def _bubble(flows: Flows, held: Floats) -> Floats:
    """Return ln K (N,) that fills the organic over a liquor of these amounts (C, N)."""
    filled: Floats = np.log(flows.organic / (flows.alpha * held).sum(axis=0))
    return filled
