"""How each component walks through a train when the slopes of the stages are given, and how that answers to them.

For given ln K of the stages every component's balance is a tridiagonal M-matrix: its solution is positive and closed
whatever K is. Only the totals remain, one equation a stage: the components of a stage's liquor must sum to its flow.
The inverse of a tridiagonal matrix is an outer product on either side of the diagonal, so that the Jacobian of those N
equations is two products of (N, C) matrices.

The equation of stage 1 is replaced by one that says the same: what leaves of the heavy components with the raffinate
against what leaves of the light ones elsewhere, as a ratio. Where a train parts nearly perfectly the two are 1e-10 of
the feed, or 1e-30; as a difference they drown in round-off and the fronts float, as a ratio they place them.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy.linalg.lapack import dgttrs, dpttrf

from ferrolan.process.cascade.flows import Flows
from ferrolan.process.cascade.train import Floats

Bools = NDArray[np.bool_]

_ROUND_OFF = 8e-16
"""Difference of two sums of flows, against the flows, that is nothing but round-off."""
_RANGE, _MOST = 1250.0, 50.0
"""Range of logarithms that an outer product of doubles holds; and the largest that is ever read, with margin."""
_NONE = 1e-30
"""Share of a step to a neighbour that stands for none in the Jacobian."""


@dataclass(frozen=True, eq=False)
class Held:
    """What stages hold in a step of time: ``rate`` [1/time of the flows] and ``amounts`` (..., C, N) at its start."""

    rate: float
    amounts: Floats


@dataclass(frozen=True, eq=False)
class Reply:
    """Answer of the components to ln K: ``aqueous`` and ``organic`` (..., C, N), ``gap`` (..., N) in logarithms.

    ``jacobian`` (..., N, N) is the derivative of ``gap`` by ln K.
    """

    aqueous: Floats
    organic: Floats
    gap: Floats
    jacobian: Floats


@dataclass(frozen=True, eq=False)
class Parting:
    """What is parted: ``heavy`` (..., C) components, ``one`` amount of them in the raffinate, ``other`` elsewhere.

    ``other`` is of the light components; both (...) have what the flows force added on the other side, so that they
    must be equal. Where ``seen`` (...) is false there is no such cut.
    """

    heavy: Bools
    one: Floats
    other: Floats
    seen: Bools


class Walk:
    """Balances of the components at equilibrium stages; `LaggingWalk` where stages have an efficiency.

    All arrays may have a leading axis of samples; then the shares of the flows are (2, samples, 1, N) and that of the
    raffinate (2, samples, 1).
    """

    def __init__(self, flows: Flows) -> None:
        self.flows = flows
        self.stages = flows.alpha.shape[-1]
        size = flows.alpha.size
        self._pivots = np.arange(1, size + 1, dtype=np.int32)
        self._fill = np.zeros(max(size - 2, 0))
        self._diagonal = np.arange(self.stages)
        self._below = self._diagonal[:, None] > self._diagonal

    @cached_property
    def fed(self) -> Floats:
        """What enters of each component (..., C)."""
        fed: Floats = self.flows.feed.sum(axis=-1)
        return fed

    @cached_property
    def leaving(self) -> Floats:
        """Shares (2, ..., N) of each phase that leave the train from a stage, but for the raffinate."""
        flows = self.flows
        leaving: Floats = flows.stays - flows.up - flows.down
        leaving[..., 0] -= flows.raffinate
        return np.maximum(leaving, 0.0)

    @cached_property
    def raffinate(self) -> Floats:
        """Flow of the raffinate (...)."""
        flows = self.flows
        total: Floats = flows.raffinate[0] * flows.aqueous[..., :1] + flows.raffinate[1] * flows.organic[..., :1]
        return total[..., 0]

    def amounts(self, slopes: Floats, held: Held | None = None) -> tuple[Floats, Floats]:
        """Amounts (..., C, N) in the liquor and in the organic for ln K of the stages (..., N)."""
        ratio = self.flows.alpha * np.exp(slopes)[..., None, :]
        aqueous = self._factored(ratio, held)[-1]
        return aqueous, ratio * aqueous

    def gap(self, aqueous: Floats, organic: Floats, balanced: bool = True) -> Floats:
        """How far the stages are from their totals (..., N), in logarithms; ``balanced`` replaces that of stage 1."""
        return self._gap(aqueous, self._parted(aqueous, organic) if balanced else None)

    def forced(self, heavy: Bools) -> Floats:
        """How much of the components that are not ``heavy`` (..., C) the flows drive out elsewhere than below (...)."""
        excess = (self.fed * ~heavy).sum(axis=-1) - self.raffinate
        least = _ROUND_OFF * (self.fed.sum(axis=-1) + self.flows.organic[..., 0])
        forced: Floats = np.where(np.abs(excess) < least, 0.0, excess)
        return forced

    def reply(self, slopes: Floats, held: Held | None = None) -> Reply:
        """Amounts, gap and Jacobian for ln K of the stages (..., N)."""
        ratio = self.flows.alpha * np.exp(slopes)[..., None, :]
        diagonal, up, down, left, multipliers, above, aqueous = self._factored(ratio, held)
        organic = ratio * aqueous
        right = self._pivots_from_above(diagonal, up, down)
        jacobian = self._totals_by_slopes(diagonal, up, down, left, right, organic)
        jacobian /= -aqueous.sum(axis=-2)[..., None]
        parts = self._parted(aqueous, organic) if held is None else None
        if parts is not None:
            weights, direct = self._weights(parts, ratio)
            row = self._by_slopes(weights, organic, left, multipliers, above) + (direct * organic).sum(axis=-2)
            jacobian[..., 0, :] = np.where(parts.seen[..., None], row, jacobian[..., 0, :])
        return Reply(aqueous, organic, self._gap(aqueous, parts), jacobian)

    def adjoint(self, slopes: Floats, weights: Floats) -> Floats:
        """Slopes (N,) by ln K of the sum of weights (C, N) times the amounts of the liquor, at given slopes."""
        ratio = self.flows.alpha * np.exp(slopes)[..., None, :]
        _, _, _, left, multipliers, above, aqueous = self._factored(ratio, None)
        return self._by_slopes(weights, ratio * aqueous, left, multipliers, above)

    def _gap(self, aqueous: Floats, parts: Parting | None) -> Floats:
        gap: Floats = np.log(aqueous.sum(axis=-2) / self.flows.aqueous)
        if parts is not None:
            gap[..., 0] = np.where(parts.seen, np.log(parts.one / parts.other), gap[..., 0])
        return gap

    def _factored(
        self, ratio: Floats, held: Held | None
    ) -> tuple[Floats, Floats, Floats, Floats, Floats, Floats, Floats]:
        flows = self.flows
        diagonal = flows.stays[0] + flows.stays[1] * ratio
        feed = flows.feed
        if held is not None:
            diagonal = diagonal + held.rate
            feed = feed + held.rate * held.amounts
        up = flows.up[0] + flows.up[1] * ratio
        down = flows.down[0] + flows.down[1] * ratio
        above = np.empty_like(down)
        above[..., :-1], above[..., -1] = -down[..., 1:], 0.0
        link = np.sqrt(-up * above)
        left, _, _ = dpttrf(diagonal.ravel(), link.ravel()[:-1])
        left = np.maximum(left, up.ravel())
        multipliers = -up.ravel()[:-1] / left[:-1]
        solved, _ = dgttrs(multipliers, left, above.ravel()[:-1], self._fill, self._pivots, feed.ravel())
        return diagonal, up, down, left, multipliers, above, solved.reshape(feed.shape)

    def _pivots_from_above(self, diagonal: Floats, up: Floats, down: Floats) -> Floats:
        link = np.zeros_like(up)
        link[..., :-1] = np.sqrt(up[..., :-1] * down[..., 1:])
        right, _, _ = dpttrf(diagonal.ravel()[::-1], link.ravel()[:-1][::-1])
        pivots: Floats = np.maximum(right[::-1].reshape(diagonal.shape), down)
        return pivots

    def _totals_by_slopes(
        self, diagonal: Floats, up: Floats, down: Floats, left: Floats, right: Floats, organic: Floats
    ) -> Floats:
        """Derivative of the liquor's totals by ln K, with its sign turned (..., N, N)."""
        flows = self.flows
        before = left.reshape(diagonal.shape)
        corner = 1.0 / np.maximum(before + right - diagonal, 1e-15 * diagonal)
        lower, upper = np.zeros_like(corner), np.zeros_like(corner)
        lower[..., 1:] = np.log(np.maximum(up[..., :-1] / right[..., 1:], _NONE))
        upper[..., :-1] = np.log(np.maximum(down[..., 1:] / before[..., :-1], _NONE))
        lower = np.cumsum(lower, axis=-1)
        upper = np.cumsum(upper[..., ::-1], axis=-1)[..., ::-1]
        middle = flows.stays[1] * corner
        middle[..., :-1] -= flows.up[1][..., :-1] * corner[..., 1:] * np.exp(upper[..., :-1] - upper[..., 1:])
        middle[..., 1:] -= flows.down[1][..., 1:] * corner[..., :-1] * np.exp(lower[..., 1:] - lower[..., :-1])
        jacobian: Floats = np.where(
            self._below, self._outer(lower, corner, organic), self._outer(upper, corner, organic)
        )
        jacobian[..., self._diagonal, self._diagonal] = (middle * organic).sum(axis=-2)
        return jacobian

    def _outer(self, logarithms: Floats, corner: Floats, organic: Floats) -> Floats:
        """One side of the inverse, times what a slope moves, summed over the components (..., N, N)."""
        high, low = logarithms.max(axis=-1, keepdims=True), logarithms.min(axis=-1, keepdims=True)
        if float((high - low).max()) < _RANGE:
            grown = np.exp(logarithms - 0.5 * (high + low))
            outer: Floats = grown.swapaxes(-1, -2) @ (self._mixed(corner / grown) * organic)
            return outer
        outer = np.zeros((*organic.shape[:-2], self.stages, self.stages))
        for at in range(organic.shape[-2]):
            one = logarithms[..., at, :]
            inverse = np.exp(np.minimum(one[..., :, None] - one[..., None, :], _MOST)) * corner[..., at, None, :]
            outer += self._mixed(inverse) * organic[..., at, None, :]
        return outer

    def _mixed(self, values: Floats) -> Floats:
        """What a unit of organic that appears in a stage adds, by what it would add where it may go."""
        flows = self.flows
        mixed: Floats = flows.stays[1] * values
        mixed[..., :-1] -= flows.up[1][..., :-1] * values[..., 1:]
        mixed[..., 1:] -= flows.down[1][..., 1:] * values[..., :-1]
        return mixed

    def _parted(self, aqueous: Floats, organic: Floats) -> Parting:
        flows = self.flows
        raffinate = flows.raffinate[0] * aqueous[..., 0] + flows.raffinate[1] * organic[..., 0]
        heavy: Bools = raffinate < 0.5 * self.fed
        excess = self.forced(heavy)
        elsewhere = (self.leaving[0] * aqueous + self.leaving[1] * organic).sum(axis=-1)
        one = (raffinate * heavy).sum(axis=-1) + np.maximum(excess, 0.0)
        other = (elsewhere * ~heavy).sum(axis=-1) + np.maximum(-excess, 0.0)
        seen = heavy.any(axis=-1) & ~heavy.all(axis=-1) & (one > 0.0) & (other > 0.0)
        return Parting(heavy, one, other, seen)

    def _weights(self, parts: Parting, ratio: Floats) -> tuple[Floats, Floats]:
        """Slopes of the parting by the amounts of the liquor, and of the organic at a fixed liquor (..., C, N)."""
        raffinate = self.flows.raffinate
        one, other = parts.one[..., None], parts.other[..., None, None]
        heavy = parts.heavy[..., None]
        direct = np.where(heavy, 0.0, -self.leaving[1] / other)
        weights = direct * ratio + np.where(heavy, 0.0, -self.leaving[0] / other)
        weights[..., 0] += np.where(parts.heavy, (raffinate[0] + raffinate[1] * ratio[..., 0]) / one, 0.0)
        direct[..., 0] += np.where(parts.heavy, raffinate[1] / one, 0.0)
        return weights, direct

    def _by_slopes(self, weights: Floats, organic: Floats, left: Floats, multipliers: Floats, above: Floats) -> Floats:
        solved, _ = dgttrs(multipliers, left, above.ravel()[:-1], self._fill, self._pivots, weights.ravel(), trans="T")
        by: Floats = -(self._mixed(solved.reshape(weights.shape)) * organic).sum(axis=-2)
        return by
