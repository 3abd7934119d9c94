"""Balances of components in stages that fall short of equilibrium.

A mixer that gives neodymium 80 % of the way to equilibrium may give dysprosium 95 %; one efficiency for all would bend
the separation factors. Murphree's efficiency of the organic, per component, in fractions of its load:
y = y_in + eta (y* - y_in), so that of the organic that enters a stage the share (1 - eta) runs through untouched. Every
term stays positive, whatever the efficiencies.

Where liquor alone runs down and organic alone runs up, what a stage's slope moves comes down a stage as a share of what
came to the one above, and up likewise: the Jacobian is two outer products for each component, as in `Walk`. With
entrainment it is as many banded solves as there are stages.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

import numpy as np
from scipy.linalg.lapack import dgbtrf, dgbtrs

from ferrolan.process.cascade.flows import Flows
from ferrolan.process.cascade.train import Floats, Train
from ferrolan.process.cascade.walk import _MOST, _NONE, _RANGE, Held, Parting, Reply, Walk

_BELOW, _ABOVE = 3, 3
_MIDDLE = _BELOW + _ABOVE
"""Diagonals of the band: liquor and organic of a stage stand beside each other."""


class LaggingWalk(Walk):
    """As `Walk`, with ``efficiency`` (C, N): liquor and organic are both unknown, the band has seven diagonals."""

    def __init__(self, flows: Flows, efficiency: Floats, train: Train) -> None:
        super().__init__(flows)
        self.efficiency = efficiency
        self.through = (1.0 - efficiency) * _share_that_fits(flows, train)
        self._reflux = 1.0 - flows.stays[1, -1] if not train.stripping else 0.0
        self._returned = 1.0 - flows.stays[0, 0]
        self._is_apart = not (flows.up[0].any() or flows.down[1].any())

    def amounts(self, slopes: Floats, held: Held | None = None) -> tuple[Floats, Floats]:
        """Amounts (C, N) in the liquor and in the organic for ln K of the stages (N,)."""
        return self._solved(self.efficiency * self.flows.alpha * np.exp(slopes), held)[:2]

    def reply(self, slopes: Floats, held: Held | None = None) -> Reply:
        """Amounts, gap and Jacobian for ln K of the stages (N,)."""
        ratio = self.efficiency * self.flows.alpha * np.exp(slopes)
        aqueous, organic, factors, pivots = self._solved(ratio, held)
        moved = ratio * aqueous
        if self._is_apart:
            jacobian = self._totals_by_shares(ratio, moved, held.rate if held is not None else 0.0)
        else:
            jacobian = self._totals_by_bands(moved, factors, pivots)
        jacobian /= aqueous.sum(axis=0)[:, None]
        parts = self._parted(aqueous, organic) if held is None else None
        if parts is not None and parts.seen:
            jacobian[0] = self._ratio_by_slopes(parts, moved, factors, pivots)
        return Reply(aqueous, organic, self._gap(aqueous, parts), jacobian)

    def adjoint(self, slopes: Floats, weights: Floats) -> Floats:
        """Slopes (N,) by ln K of the sum of weights (C, N) times the amounts of the liquor, at given slopes."""
        ratio = self.efficiency * self.flows.alpha * np.exp(slopes)
        aqueous, _, factors, pivots = self._solved(ratio, None)
        return self._pulled(weights, np.zeros_like(weights), ratio * aqueous, factors, pivots)

    def _totals_by_bands(self, moved: Floats, factors: Floats, pivots: Floats) -> Floats:
        """Derivative of the liquor's totals by ln K (N, N)."""
        count, stages = moved.shape
        rhs = np.zeros((count, stages, 2, stages))
        at = np.arange(stages)
        rhs[:, at, 0, at], rhs[:, at, 1, at] = -moved, moved
        slopes_of, _ = dgbtrs(factors, _BELOW, _ABOVE, rhs.reshape(-1, stages), pivots)
        totals: Floats = slopes_of.reshape(count, stages, 2, stages)[:, :, 0].sum(axis=0)
        return totals

    def _totals_by_shares(self, ratio: Floats, moved: Floats, rate: float) -> Floats:
        """The same where phases run apart, of positive terms alone (N, N)."""
        through, up = self.through, np.append(1.0, self.flows.up[1, :-1])
        liquor_lost, organic_lost = self._lost(ratio, rate)
        fall = self.flows.down[0, 1:] / (ratio + through + rate + (1.0 - through) * liquor_lost)[:, :-1]
        climb = up * (1.0 - through * organic_lost) / (1.0 + rate + ratio * organic_lost)
        falls, rises = _logarithms(fall), _logarithms(ratio * climb + up * through)
        whole = rate + liquor_lost + organic_lost * (ratio + through * (1.0 - liquor_lost))
        down = _outer(-falls, -falls, np.ones_like(ratio), -moved * organic_lost / whole)
        above = _outer(rises[:, :-1], rises[:, 1:], climb, moved * (rate + liquor_lost) / whole)
        totals: Floats = np.where(self._below, above, down)
        return totals

    def _lost(self, ratio: Floats, rate: float) -> tuple[Floats, Floats]:
        """Shares (C, N) that a stage never sees again, of the liquor it lets down and of the organic it lets up [1]."""
        one, flat, through = np.ones_like(ratio), np.full_like(ratio, rate), self.through
        liquor = (flat, one, ratio + through + rate, 1.0 - through)
        organic = (flat, ratio + through, one + rate, ratio)
        both = [np.concatenate([down.T, up.T[::-1]], axis=1) for down, up in zip(liquor, organic, strict=True)]
        links = self.flows.up[1, :-1] * self.flows.down[0, 1:]
        first = np.repeat([1.0 - self._returned, 1.0 - self._reflux], len(ratio))
        losses = _passed_on(first, both, np.repeat([links, links[::-1]], len(ratio), axis=0).T)
        return losses[:, : len(ratio)].T, losses[::-1, len(ratio) :].T

    def _ratio_by_slopes(self, parts: Parting, moved: Floats, factors: Floats, pivots: Floats) -> Floats:
        heavy = parts.heavy[:, None]
        of_liquor, of_organic = (np.where(heavy, 0.0, -share / parts.other) for share in self.leaving)
        of_liquor[:, 0] += np.where(parts.heavy, self.flows.raffinate[0] / parts.one, 0.0)
        of_organic[:, 0] += np.where(parts.heavy, self.flows.raffinate[1] / parts.one, 0.0)
        return self._pulled(of_liquor, of_organic, moved, factors, pivots)

    def _pulled(self, of_liquor: Floats, of_organic: Floats, moved: Floats, factors: Floats, pivots: Floats) -> Floats:
        weights = np.stack([of_liquor, of_organic], axis=2)
        solved, _ = dgbtrs(factors, _BELOW, _ABOVE, weights.ravel(), pivots, trans=1)
        back = solved.reshape(weights.shape)
        pulled: Floats = ((back[:, :, 1] - back[:, :, 0]) * moved).sum(axis=0)
        return pulled

    def _solved(self, ratio: Floats, held: Held | None) -> tuple[Floats, Floats, Floats, Floats]:
        """Solve the liquor's balance (even rows) and the organic's approach (odd rows) of every stage."""
        count, stages = ratio.shape
        band, rhs = self._banded[0].copy(), self._banded[1]
        band[:, :, 0, _MIDDLE] += ratio
        band[:, :, 0, _MIDDLE + 1] -= ratio
        if held is not None:
            band[:, :, 0, _MIDDLE] += held.rate
            rhs = rhs.copy()
            rhs[:, :, 0] += held.rate * held.amounts
        factors, pivots, _ = dgbtrf(band.reshape(-1, _MIDDLE + _BELOW + 1).T, _BELOW, _ABOVE, overwrite_ab=True)
        solved, _ = dgbtrs(factors, _BELOW, _ABOVE, rhs.ravel(), pivots)
        amounts = solved.reshape(count, stages, 2)
        return amounts[:, :, 0], amounts[:, :, 1], factors, pivots

    @cached_property
    def _banded(self) -> tuple[Floats, Floats]:
        """What of the band (C, N, 2, 10), as LAPACK stores it, and of the right-hand side no ln K changes."""
        flows, through = self.flows, self.through
        band = np.zeros((*flows.alpha.shape, 2, _MIDDLE + _BELOW + 1))
        liquor, organic = band[:, :, 0], band[:, :, 1]
        up, down = flows.up, flows.down
        liquor[..., _MIDDLE] = organic[..., _MIDDLE] = 1.0
        liquor[:, 1:, _MIDDLE - 2] = -down[0, 1:]  # liquor from the stage above into the liquor
        liquor[:, :-1, _MIDDLE + 2] = -up[0, :-1]  # liquor that the organic carries up
        organic[:, :-1, _MIDDLE + 1] = -(1.0 - through[:, 1:]) * up[1, :-1]  # organic from below, into the liquor
        organic[:, :-1, _MIDDLE + 2] = -through[:, 1:] * up[1, :-1]  # and the part of it that runs through
        organic[:, 1:, _MIDDLE - 3] = -(1.0 - through[:, :-1]) * down[1, 1:]  # organic that the liquor carries down
        organic[:, 1:, _MIDDLE - 2] = -through[:, :-1] * down[1, 1:]
        organic[:, -1, _MIDDLE - 1] -= self._reflux
        liquor[:, 0, _MIDDLE] -= (1.0 - through[:, 0]) * self._returned
        liquor[:, 0, _MIDDLE + 1] -= through[:, 0] * self._returned
        aqueous_feed = flows.feed - flows.organic_feed
        rhs = np.stack([aqueous_feed + (1.0 - through) * flows.organic_feed, through * flows.organic_feed], axis=2)
        return band, rhs


def _passed_on(first: Floats, terms: Sequence[Floats], links: Floats) -> Floats:
    """Losses (N, n) from row to row: of the share ``links`` that goes on, (a + b loss) / (c + d loss) is lost."""
    losses = [first]
    for a, b, c, d, link, dropped in zip(*terms, links, 1.0 - links, strict=False):
        loss = losses[-1]
        losses.append(dropped + link * ((a + b * loss) / (c + d * loss)))
    return np.array(losses)


def _logarithms(shares: Floats) -> Floats:
    """Logarithms (C, n + 1) of the products of the first shares."""
    found = np.zeros((len(shares), shares.shape[1] + 1))
    np.cumsum(np.log(np.maximum(shares, _NONE)), axis=1, out=found[:, 1:])
    return found


def _outer(high: Floats, low: Floats, left: Floats, right: Floats) -> Floats:
    """Sum over the components of left_i exp(high_i - low_j) right_j (N, N), where that is no overflow."""
    most, least = max(high.max(), low.max()), min(high.min(), low.min())
    if most - least < _RANGE:
        middle = 0.5 * (most + least)
        outer: Floats = (left * np.exp(high - middle)).T @ (right * np.exp(middle - low))
        return outer
    outer = np.zeros((high.shape[1], high.shape[1]))
    for at in range(len(high)):
        grown = np.exp(np.minimum(high[at, :, None] - low[at], _MOST))
        outer += left[at, :, None] * grown * right[at]
    return outer


def _share_that_fits(flows: Flows, train: Train) -> Floats:
    """Share of the entering organic that the stage's organic can hold (N,): below one where acid strips it."""
    entering = flows.organic_feed.sum(axis=0)
    entering[0] += train.raffinate_reflux
    entering[1:] += (flows.up[1] * flows.organic)[:-1]
    entering[:-1] += (flows.down[1] * flows.organic)[1:]
    with np.errstate(divide="ignore"):
        share: Floats = np.minimum(1.0, flows.organic / entering)
    return share
