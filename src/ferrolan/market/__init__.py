"""Who sells how much to whom, at which price, and who keeps the rent.

One year of a market with any number of regions whose mines yield joint products: an ore basket gives cerium whether
somebody wants it or not. Example: an export quota of gross tonnes on China's rare earths puts the same rent per gross
tonne on every element of the group. Follows Takayama and Judge (1971) with the conduct term of Hashimoto (1985).
"""

from __future__ import annotations

from ferrolan.market.clearing import Clearing
from ferrolan.market.equilibrium import clear
from ferrolan.market.instrument import Instrument, Transfer, apply
from ferrolan.market.problem import Arc, Demand, Group, MarketProblem, Mine, Wedge

__all__ = [
    "Arc",
    "Clearing",
    "Demand",
    "Group",
    "Instrument",
    "MarketProblem",
    "Mine",
    "Transfer",
    "Wedge",
    "apply",
    "clear",
]
