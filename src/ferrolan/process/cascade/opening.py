"""First guess of a train's profile, after Underwood's theory of minimum flows.

A long section is flat but for its ends. Left of the feed, where the raffinate leaves, K is that of a liquor of light
components alone; if the section has stages to spare, a plateau with the heavy key follows on which K is one over that
key's factor. Right of the feed the same holds with the roles exchanged. Only one section has a plateau; how long it is
follows from one number: as much heavy must leave with the raffinate as light with the product, but for what the flows
force. For ten components and 120 stages this leaves five Newton iterations to do. What is drawn between the ends
counts as product here: a picture good enough to start from.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from ferrolan.process.cascade.flows import Flows
from ferrolan.process.cascade.train import SPENT, Floats
from ferrolan.process.cascade.walk import Bools, Walk

_NEGLIGIBLE = 1e-12
"""Share of the feed below which a component is taken to leave by the other end alone."""
_ROOTS = 25
"""Newton's iterations for a root of a convex, falling function from its left: never too few, mostly too many."""


def opening(flows: Flows, walk: Walk) -> Floats | None:
    """First guess of ln K (..., N); None where the train is not of the simple kind the theory covers."""
    feeding = np.flatnonzero((flows.feed > 0.0).any(axis=tuple(range(flows.feed.ndim - 1))))
    if feeding.size != 1 or not 0 < feeding[0] < walk.stages - 1 or SPENT in flows.outlets:
        return None
    with np.errstate(all="ignore"):
        return _drawn(flows, walk, int(feeding[0]) + 1)


def _drawn(flows: Flows, walk: Walk, below: int) -> Floats:
    alpha, fed, stages = flows.alpha[..., 0], walk.fed, walk.stages
    product = fed.sum(axis=-1) - walk.raffinate
    taken, heavy = _parted(alpha, fed, product)
    light_key = np.where(heavy, 0.0, alpha).max(axis=-1)
    heavy_key = np.where(heavy, alpha, np.inf).min(axis=-1)
    left_end, right_end, left_plateau, right_plateau = _levels(flows, fed, taken, heavy, light_key, heavy_key)
    place = np.arange(stages)
    sections = np.log(np.where(place < below, left_end[..., None], right_end[..., None]))
    plateau = np.log(np.where(place < below, left_plateau[..., None], right_plateau[..., None]))
    edges = np.log([flows.aqueous[..., 1] / flows.aqueous[..., 0], flows.organic[..., -1] / flows.organic[..., -2]])
    forced = walk.forced(heavy)

    def profile(extra: NDArray[np.int_]) -> Floats:
        to = below + extra[..., None]
        slopes: Floats = np.where((place >= np.minimum(below, to)) & (place < np.maximum(below, to)), plateau, sections)
        slopes[..., 0] += edges[0]
        slopes[..., -1] += edges[1]
        return slopes

    def surplus(extra: NDArray[np.int_]) -> Floats:
        aqueous, organic = walk.amounts(profile(extra))
        impure = flows.raffinate[0] * aqueous[..., 0] + flows.raffinate[1] * organic[..., 0]
        lost = (walk.leaving[0] * aqueous + walk.leaving[1] * organic).sum(axis=-1)
        one = (impure * heavy).sum(axis=-1) + np.maximum(forced, 0.0)
        difference: Floats = one - (lost * ~heavy).sum(axis=-1) - np.maximum(-forced, 0.0)
        return difference

    return profile(_crossing(surplus, 1 - below, stages - below - 1, product.shape))


def _crossing(
    surplus: Callable[[NDArray[np.int_]], Floats], low: int, high: int, shape: tuple[int, ...]
) -> NDArray[np.int_]:
    """Where a falling function of an integer crosses zero, or the end it does not cross before."""
    lows, highs = np.full(shape, low), np.full(shape, high)
    while int((highs - lows).max()) > 1:
        middle = (lows + highs) // 2
        above = surplus(middle) > 0.0
        lows, highs = np.where(above, middle, lows), np.where(above, highs, middle)
    return lows


def _parted(alpha: Floats, fed: Floats, product: Floats) -> tuple[Floats, Bools]:
    """The product filled with the most extractable components first, and those that come nearest to it (..., C)."""
    order = np.argsort(-alpha, axis=-1, kind="stable")
    filled = np.cumsum(np.take_along_axis(fed, order, -1), axis=-1)
    nearest = np.argmin(np.abs(filled[..., :-1] - product[..., None]), axis=-1)
    rank = np.argsort(order, axis=-1)
    before = np.take_along_axis(filled, rank, -1) - fed
    taken: Floats = np.clip(product[..., None] - before, 0.0, fed)
    return taken, rank <= nearest[..., None]


def _levels(
    flows: Flows, fed: Floats, taken: Floats, heavy: Bools, light_key: Floats, heavy_key: Floats
) -> tuple[Floats, Floats, Floats, Floats]:
    """K of the pure ends, of light components alone and of heavy ones alone, and K of the two plateaus.

    A plateau carries the key whose net flow is none; where the flows force some of it out by this end, it carries that.
    """
    alpha, left = flows.alpha[..., 0], fed - taken
    liquor, organic = flows.aqueous[..., 1], flows.organic[..., 0]
    traces = _NEGLIGIBLE * fed.sum(axis=-1, keepdims=True)
    left, taken = np.where(left > traces, left, 0.0), np.where(taken > traces, taken, 0.0)
    light, dense = _light_end(alpha, left * ~heavy, liquor), _heavy_end(alpha, taken * heavy, organic)
    forced_left, forced_right = (left * heavy).any(axis=-1), (taken * ~heavy).any(axis=-1)
    with_heavy, with_light = 1.0 / heavy_key, 1.0 / light_key
    if forced_left.any():
        with_heavy = np.where(forced_left, _light_end(alpha, left, liquor), with_heavy)
    if forced_right.any():
        with_light = np.where(forced_right, _heavy_end(alpha, taken, organic), with_light)
    light = np.where(forced_left & (light < 1.0 / heavy_key), with_heavy, light)
    dense = np.where(forced_right & (dense > 1.0 / light_key), with_light, dense)
    return light, dense, with_heavy, with_light


def _light_end(alpha: Floats, left: Floats, liquor: Floats) -> Floats:
    """K at which components that all go down fill the liquor."""
    most = np.where(left > 0.0, alpha, 0.0).max(axis=-1, keepdims=True)
    ratio = np.where(left > 0.0, alpha / most, 0.0)
    under = np.where(ratio == 1.0, left, 0.0).sum(axis=-1) / liquor
    for _ in range(_ROOTS):
        parts = 1.0 / (1.0 - ratio + ratio * under[..., None])
        move = ((left * parts).sum(axis=-1) - liquor) / (left * ratio * parts * parts).sum(axis=-1)
        under = under + move
        if (np.abs(move) < 1e-9 * under).all():
            break
    end: Floats = (1.0 - under) / most[..., 0]
    return end


def _heavy_end(alpha: Floats, taken: Floats, organic: Floats) -> Floats:
    """K at which components that all go up fill the organic."""
    least = np.where(taken > 0.0, alpha, np.inf).min(axis=-1, keepdims=True)
    ratio = np.where(taken > 0.0, least / alpha, 0.0)
    room = organic - taken.sum(axis=-1)
    over = np.where(ratio == 1.0, taken, 0.0).sum(axis=-1) / room
    for _ in range(_ROOTS):
        parts = 1.0 / (1.0 - ratio + over[..., None])
        move = ((taken * ratio * parts).sum(axis=-1) - room) / (taken * ratio * parts * parts).sum(axis=-1)
        over = over + move
        if (np.abs(move) < 1e-9 * over).all():
            break
    end: Floats = (1.0 + over) / least[..., 0]
    return end
