"""A limit on what the mines of a group may dig together.

Example, by hand: one market p = 100 - Q, one mine with marginal cost 10 + y. Free, y = 45 at price 55. A quota of 30
gives price 70 and a rent of 70 - 40 = 30 per tonne, 900 in all, to the holders; producers keep 30^2 / 2 = 450.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace

from ferrolan.market.clearing import Clearing
from ferrolan.market.instrument import Transfer, transfers_through
from ferrolan.market.problem import Group, MarketProblem


@dataclass(frozen=True)
class ProductionQuota:
    """A mining quota, whose rent goes to quota holders in ``region``.

    Parameters
    ----------
    region
        Region of the holders.
    weights
        Counted tonnes per tonne of throughput of each mine of the group [1].
    limit
        Counted tonnes that may be dug [t/a]; ``math.inf``, or the mines' total capacity, changes no answer.
    name
        Name of the row.
    """

    region: str
    weights: Mapping[str, float]
    limit: float
    name: str = "production_quota"

    @classmethod
    def of_region(
        cls, problem: MarketProblem, region: str, limit: float, name: str = "production_quota"
    ) -> ProductionQuota:
        """Return a quota that counts every mine of ``region`` tonne by tonne."""
        return cls(region, {mine.name: 1.0 for mine in problem.mines if mine.region == region}, limit, name)

    def added_to(self, problem: MarketProblem) -> MarketProblem:
        """Return ``problem`` with one row over the mines; raises ``ProblemError`` if it does not have one of them."""
        return replace(problem, groups=(*problem.groups, Group(self.name, self.region, self.limit, mines=self.weights)))

    def neutral(self) -> ProductionQuota:
        """Return the quota without a limit."""
        return replace(self, limit=math.inf)

    def transfers(self, clearing: Clearing) -> tuple[Transfer, ...]:
        """Return the rent, from the mines' producers to the quota holders [CNY/a]."""
        return transfers_through(self.name, clearing)
