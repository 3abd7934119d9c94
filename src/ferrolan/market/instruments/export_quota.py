"""A limit on what leaves a region, counted in one tonnage over a group of commodities.

Example, by hand: two markets p = 100 - Q and p = 160 - Q, supplies p = 10 + S and p = 20 + S, delivery 10. Free trade
ships 25 at prices 67.5 and 77.5. A quota of 5 gives (110 + 5)/2 = 57.5 and (180 - 5)/2 = 87.5; the rent is
87.5 - 10 - 57.5 = 20 per tonne, 100 in all, and goes to the holders. One row puts the same rent per counted tonne on
every commodity of the group.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace

from ferrolan.base.errors import ProblemError
from ferrolan.market.clearing import Clearing
from ferrolan.market.instrument import Transfer, transfers_through
from ferrolan.market.problem import Group, MarketProblem


@dataclass(frozen=True)
class ExportQuota:
    """An export quota of one region, whose rent goes to quota holders there.

    Parameters
    ----------
    region
        Where the exports come from.
    weights
        Counted tonnes per tonne of each commodity of the group, e.g. gross t per t REO [1].
    limit
        Counted tonnes that may leave [t/a]; ``math.inf`` is the neutral value.
    name
        Name of the row.
    """

    region: str
    weights: Mapping[str, float]
    limit: float
    name: str = "export_quota"

    def added_to(self, problem: MarketProblem) -> MarketProblem:
        """Return ``problem`` with one row over all ways abroad; raises ``ProblemError`` if there is none."""
        sales = {
            arc.route: self.weights[arc.commodity]
            for arc in problem.routes
            if arc.origin == self.region != arc.destination and arc.commodity in self.weights
        }
        if not sales:
            raise ProblemError(f"{self.name}: expected ways abroad from {self.region!r} for its commodities, got none.")
        return replace(problem, groups=(*problem.groups, Group(self.name, self.region, self.limit, sales=sales)))

    def neutral(self) -> ExportQuota:
        """Return the quota without a limit."""
        return replace(self, limit=math.inf)

    def transfers(self, clearing: Clearing) -> tuple[Transfer, ...]:
        """Return the rent, from the exporting producers to the quota holders [CNY/a]."""
        return transfers_through(self.name, clearing)
