"""Questions put to the plan: one declared change of prices, capacities or quotas at a time.

*What if Pr-Nd oxide sells for a fifth less?* ``prices: {prnd_oxide: {value: -20 %, synthetic: true}}``.
"""

from __future__ import annotations

from typing import Annotated, Literal, Self

from ferrolan.base.schema import Model, Name, Sourced, Table, Text, Unit, WrongValue, after

Change = Annotated[Sourced, Unit("1", above=-1.0)]


class WhatIf(Model):
    """One change of the declared world, and which of the open questions it speaks to."""

    question: Literal["demand", "expansion", "intervention"]
    """Open question that it answers in part."""
    title: Text
    """The change in words."""
    covers: Text
    """What the answer covers, and what it does not."""
    against: Name | None = None
    """Case it is set against, instead of the unchanged plan: what a floor is worth once the price has fallen."""
    prices: Table[Change] = Table({})
    """Relative change of a commodity's price [1]."""
    capacities: Table[Change] = Table({})
    """Relative change of a unit's capacity [1]."""
    quotas: Table[Change] = Table({})
    """Relative change of a quota [1]."""
    purchases: Table[Change] = Table({})
    """Relative change of the largest amount of a commodity that can be bought [1]."""

    @after
    def _changes_something(self) -> Self:
        if not (self.prices or self.capacities or self.quotas or self.purchases):
            way_out = "Add prices, capacities, quotas or purchases with their relative change"
            raise WrongValue("no_change", "a change", way_out, "none")
        return self
