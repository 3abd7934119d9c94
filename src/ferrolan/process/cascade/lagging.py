"""Balances of components in stages that fall short of equilibrium.

A mixer that gives neodymium 80 % of the way to equilibrium may give dysprosium 95 %; one efficiency for all would bend
the separation factors. Murphree's efficiency of the organic, per component, in fractions of its load:
y = y_in + eta (y* - y_in), so that of the organic that enters a stage the share (1 - eta) runs through untouched. Every
term stays positive, whatever the efficiencies.
"""

from __future__ import annotations

import numpy as np
from scipy.linalg.lapack import dgbtrf, dgbtrs

from ferrolan.process.cascade.flows import Flows
from ferrolan.process.cascade.train import Floats, Train
from ferrolan.process.cascade.walk import Held, Parting, Reply, Walk

_BELOW, _ABOVE = 3, 3
"""Diagonals of the band: liquor and organic of a stage stand beside each other."""


class LaggingWalk(Walk):
    """As `Walk`, with ``efficiency`` (C, N): liquor and organic are both unknown, the band has seven diagonals."""

    def __init__(self, flows: Flows, efficiency: Floats, train: Train) -> None:
        super().__init__(flows)
        self.efficiency = efficiency
        self.through = (1.0 - efficiency) * _share_that_fits(flows, train)
        self._reflux = 1.0 - flows.stays[1, -1] if not train.stripping else 0.0
        self._returned = 1.0 - flows.stays[0, 0]

    def amounts(self, slopes: Floats, held: Held | None = None) -> tuple[Floats, Floats]:
        """Amounts (C, N) in the liquor and in the organic for ln K of the stages (N,)."""
        return self._solved(self.efficiency * self.flows.alpha * np.exp(slopes), held)[:2]

    def reply(self, slopes: Floats, held: Held | None = None) -> Reply:
        """Amounts, gap and Jacobian for ln K of the stages (N,)."""
        ratio = self.efficiency * self.flows.alpha * np.exp(slopes)
        aqueous, organic, factors, pivots = self._solved(ratio, held)
        moved = ratio * aqueous
        count, stages = moved.shape
        rhs = np.zeros((count, stages, 2, stages))
        at = np.arange(stages)
        rhs[:, at, 0, at], rhs[:, at, 1, at] = -moved, moved
        slopes_of, _ = dgbtrs(factors, _BELOW, _ABOVE, rhs.reshape(-1, stages), pivots)
        by = slopes_of.reshape(count, stages, 2, stages)
        jacobian: Floats = by[:, :, 0].sum(axis=0) / aqueous.sum(axis=0)[:, None]
        parts = self._parted(aqueous, organic) if held is None else None
        if parts is not None and parts.seen:
            jacobian[0] = self._ratio_by_slopes(parts, moved, factors, pivots)
        return Reply(aqueous, organic, self._gap(aqueous, parts), jacobian)

    def adjoint(self, slopes: Floats, weights: Floats) -> Floats:
        """Slopes (N,) by ln K of the sum of weights (C, N) times the amounts of the liquor, at given slopes."""
        ratio = self.efficiency * self.flows.alpha * np.exp(slopes)
        aqueous, _, factors, pivots = self._solved(ratio, None)
        return self._pulled(weights, np.zeros_like(weights), ratio * aqueous, factors, pivots)

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
        flows, through = self.flows, self.through
        count, stages = ratio.shape
        band = np.zeros((2 * _BELOW + _ABOVE + 1, count, stages, 2))
        middle = _BELOW + _ABOVE
        band[middle, :, :, 0] = 1.0 + ratio
        band[middle, :, :, 1] = 1.0
        band[middle + 1, :, :, 0] = -ratio
        up, down = flows.up, flows.down
        band[middle - 2, :, 1:, 0] = -down[0, 1:]  # liquor from the stage above into the liquor
        band[middle + 2, :, :-1, 0] = -up[0, :-1]  # liquor that the organic carries up
        band[middle + 1, :, :-1, 1] = -(1.0 - through[:, 1:]) * up[1, :-1]  # organic from below, into the liquor
        band[middle + 2, :, :-1, 1] = -through[:, 1:] * up[1, :-1]  # and the part of it that runs through
        band[middle - 3, :, 1:, 1] = -(1.0 - through[:, :-1]) * down[1, 1:]  # organic that the liquor carries down
        band[middle - 2, :, 1:, 1] = -through[:, :-1] * down[1, 1:]
        band[middle - 1, :, -1, 1] -= self._reflux
        band[middle, :, 0, 0] -= (1.0 - through[:, 0]) * self._returned
        band[middle + 1, :, 0, 0] -= through[:, 0] * self._returned
        aqueous_feed = flows.feed - flows.organic_feed
        rhs = np.stack([aqueous_feed + (1.0 - through) * flows.organic_feed, through * flows.organic_feed], axis=2)
        if held is not None:
            band[middle, :, :, 0] += held.rate
            rhs[:, :, 0] += held.rate * held.amounts
        factors, pivots, _ = dgbtrf(band.reshape(2 * _BELOW + _ABOVE + 1, -1), _BELOW, _ABOVE)
        solved, _ = dgbtrs(factors, _BELOW, _ABOVE, rhs.ravel(), pivots)
        amounts = solved.reshape(count, stages, 2)
        return amounts[:, :, 0], amounts[:, :, 1], factors, pivots


def _share_that_fits(flows: Flows, train: Train) -> Floats:
    """Share of the entering organic that the stage's organic can hold (N,): below one where acid strips it."""
    entering = flows.organic_feed.sum(axis=0)
    entering[0] += train.raffinate_reflux
    entering[1:] += (flows.up[1] * flows.organic)[:-1]
    entering[:-1] += (flows.down[1] * flows.organic)[1:]
    with np.errstate(divide="ignore"):
        share: Floats = np.minimum(1.0, flows.organic / entering)
    return share
