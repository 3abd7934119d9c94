"""What public policy and the market around the plant say: quotas, mines, demands, scenarios.

The last published rare-earth quota that can be read plant by plant is that of 2023; the market is a static one of two
regions in which the oxides of one ore are joint products.
"""

from __future__ import annotations

from typing import Annotated, Literal, Self

from ferrolan.base.schema import (
    Check,
    Flag,
    Fraction,
    Model,
    Name,
    Price,
    Sourced,
    Table,
    Text,
    Unit,
    Whole,
    WrongValue,
    after,
    require_origin,
)

_SUM_TOLERANCE = 1e-6  # shares are written with at most six decimals


class Quota(Model):
    """A yearly limit on what a company may make, counted by commodity."""

    owner: Name
    """Company it binds."""
    title: Text
    """Name in a sentence."""
    counts: Table[Annotated[float, Check(above=0.0)]]
    """Tonnes counted for a tonne of commodity [t/t]."""
    limit: Annotated[Sourced, Unit("t/a", least=0.0)]
    """Largest counted amount per time [t/h]."""


class Mine(Model):
    """A group of producers from one sort of ore."""

    region: Name
    """Region it lies in."""
    basket: Table[Fraction]
    """Share of each commodity in the oxides of its ore [1]."""
    capacity: Annotated[Sourced, Unit("t/a", least=0.0)]
    """Largest amount of oxides per time [t/h]."""
    cost: Annotated[Sourced, Unit("¤/t", least=0.0)]
    """Cost of the first tonne of oxides [¤/t]."""
    cost_slope: Annotated[Sourced, Unit("¤/t/(t/a)", least=0.0)]
    """Rise of the cost with the rate [¤/t/(t/h)]."""
    source: Text | None = None
    """Source of the basket."""
    synthetic: Flag = False
    """Whether the basket is ours."""

    @after
    def _says_where_from(self) -> Self:
        require_origin(self.source, self.synthetic)
        return self

    @after
    def _is_whole(self) -> Self:
        total = sum(self.basket.values())
        if abs(total - 1.0) > _SUM_TOLERANCE:
            expected = "a basket whose shares add up to 1"
            raise WrongValue("wrong_sum", expected, "Correct the shares", f"{total:g}", ("basket",))
        return self


class Demand(Model):
    """A linear demand through one observed point."""

    region: Name
    """Region of the consumers."""
    commodity: Name
    """Commodity they buy."""
    price: Annotated[Price, Unit("¤/t", above=0.0)]
    """Price at the point."""
    quantity: Annotated[Sourced, Unit("t/a", above=0.0)]
    """Amount per time at the point [t/h]."""
    elasticity: Annotated[Sourced, Unit("1", above=0.0)]
    """Relative fall of the amount by relative rise of the price, at the point [1]."""


class Scenario(Model):
    """A policy instrument that is switched on."""

    instrument: Literal["export_quota", "production_quota", "tariff"]
    """Kind of instrument."""
    region: Name
    """Region whose exports, mines or imports it speaks of."""
    limit_share: Annotated[Sourced, Unit("1", least=0.0)] | None = None
    """Limit of a quota as a share of the base case's exports or production [1]; above 1 it is a loosened one."""
    rate: Annotated[Sourced, Unit("1", least=0.0)] | None = None
    """Rate of a tariff, of the base case's price where the goods come from [1]."""
    each: Flag = False
    """Whether an export quota limits each commodity by itself, instead of all by one tonnage."""

    @after
    def _says_how_much(self) -> Self:
        wanted, other = ("rate", "limit_share") if self.instrument == "tariff" else ("limit_share", "rate")
        if getattr(self, wanted) is None:
            raise WrongValue("missing_key", f"a key {wanted!r}", f"Add {wanted!r}", f"no {wanted!r}")
        if self.each and self.instrument != "export_quota":
            expected, way_out = f"no 'each' for a {self.instrument}", "Remove 'each'"
            raise WrongValue("unknown_key", expected, way_out, "the key 'each'", ("each",))
        if getattr(self, other) is not None:
            expected, way_out = f"{wanted!r} alone for a {self.instrument}", f"Remove {other!r}"
            raise WrongValue("unknown_key", expected, way_out, f"the key {other!r}", (other,))
        return self

    @property
    def step(self) -> Sourced:
        """How much: the share of a quota or the rate of a tariff [1]."""
        found = self.limit_share or self.rate
        assert found is not None  # checked above
        return found


class Market(Model):
    """The market around the plant."""

    year: Whole
    """Year it describes."""
    regions: Table[Text]
    """Title of each region."""
    home: Name
    """Region of the plant."""
    vat: Literal["excluded", "included"]
    """Whether prices of results hold value-added tax."""
    commodities: tuple[Name, ...]
    """What is traded."""
    basket: Table[tuple[Name, ...]] = Table({})
    """Components of the account that make up each traded commodity."""
    export_control: Name | None = None
    """Region whose exports need a licence: a price gap on its way out, beyond freight, counts as what licences cost."""
    products: Table[Name] = Table({})
    """Market commodity whose price a product of the plan follows, by product."""
    mines: Table[Mine]
    """Producers."""
    demands: Table[Demand]
    """Consumers."""
    freight: Annotated[Sourced, Unit("¤/t", least=0.0)]
    """Cost of bringing a tonne from one region to another [¤/t]."""
    disposal_cost: Annotated[Sourced, Unit("¤/t", least=0.0)]
    """Cost of a tonne that finds no buyer [¤/t]."""
    scenarios: Table[Scenario] = Table({})
    """Instruments by scenario."""
