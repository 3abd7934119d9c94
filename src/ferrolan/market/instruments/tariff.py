"""A specific import tariff: so many CNY on every tonne that enters.

Example, by hand: two markets p = 100 - Q and p = 160 - Q, supplies p = 10 + S and p = 20 + S, delivery 10. With a
tariff of 8 the exporter's price is (290 - 2 * 18)/4 = 63.5, the importer's 81.5, 17 are shipped, and the importer's
treasury takes 136. An export quota of 17 gives the same prices and leaves the 136 with the exporter's quota holders.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from ferrolan.base.errors import ProblemError
from ferrolan.market.clearing import Clearing
from ferrolan.market.instrument import Transfer, transfers_through
from ferrolan.market.problem import MarketProblem, Wedge


@dataclass(frozen=True)
class Tariff:
    """A specific tariff of one region, whose revenue goes to its treasury.

    Parameters
    ----------
    region
        Where the imports arrive.
    rates
        Tariff by commodity [CNY/t]; 0 is the neutral value.
    origins
        Regions whose goods pay; all others if empty.
    name
        Name of the wedges.
    """

    region: str
    rates: Mapping[str, float]
    origins: tuple[str, ...] = ()
    name: str = "tariff"

    def added_to(self, problem: MarketProblem) -> MarketProblem:
        """Return ``problem`` with a wedge on every way in; raises ``ProblemError`` if there is none."""
        wedges = tuple(
            Wedge(self.name, arc.route, self.rates[arc.commodity], treasury=self.region)
            for arc in problem.routes
            if arc.destination == self.region != arc.origin
            and arc.commodity in self.rates
            and (not self.origins or arc.origin in self.origins)
        )
        if not wedges:
            raise ProblemError(f"{self.name}: expected ways into {self.region!r} for its commodities, got none.")
        return replace(problem, wedges=problem.wedges + wedges)

    def neutral(self) -> Tariff:
        """Return the tariff at 0 CNY/t."""
        return replace(self, rates=dict.fromkeys(self.rates, 0.0))

    def transfers(self, clearing: Clearing) -> tuple[Transfer, ...]:
        """Return the revenue, from the producers of the origin to the treasury [CNY/a]."""
        return transfers_through(self.name, clearing)
