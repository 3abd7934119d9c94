"""What has a price: commodities, utilities, transfers between the owners, the plan, and the value of the concentrate.

A tonne of rare-earth concentrate counts as 0.5 t of contained oxides (``per: 0.5``); coke is bought up to a limit, slag
may be discarded at a cost, what has no ``dispose`` may not be discarded.
"""

from __future__ import annotations

from typing import Annotated, Literal, Self

from ferrolan.base.schema import (
    DRY_MASS,
    Before,
    Check,
    Count,
    Field,
    Model,
    Name,
    Price,
    Seed,
    Sourced,
    Table,
    Text,
    Unit,
    WrongValue,
    after,
)
from ferrolan.enterprise.sites import require_month

Money = Annotated[Price, Unit("¤/t", least=0.0)]
"""A price per tonne, in the document's currency or in one with a declared rate."""
Rate = Annotated[Sourced, Unit("t/month", least=0.0)]
"""An amount per time [t/h]."""


class Trade(Model):
    """A market outside: a price and how much it takes or gives."""

    price: Money
    """Price of a tonne."""
    limit: Rate
    """Largest amount per time [t/h]."""


class Stock(Model):
    """How much of a commodity may be kept."""

    maximum: Annotated[Sourced, Unit("t", least=0.0)]
    """Largest stock [t]."""
    opening: Annotated[Sourced, Unit("t", least=0.0)] | None = None
    """Stock at the start of the plan [t], where no account sees it."""
    closing: Literal["opening"] | None = None
    """Least stock at the end of the plan: as much as at its opening."""
    closing_minimum: Annotated[Sourced, Unit("t", least=0.0)] | None = None
    """Least stock at the end of the plan [t], in place of ``closing``."""
    holding_cost: Annotated[Sourced, Unit("¤/t/month", least=0.0)]
    """Cost of keeping a tonne [¤/t/h]."""

    @after
    def _says_how_it_ends(self) -> Self:
        if (self.closing is None) == (self.closing_minimum is None):
            found = "neither" if self.closing is None else "both"
            way_out = "Write closing: opening, or closing_minimum with a tonnage"
            raise WrongValue("missing_key", "either 'closing' or 'closing_minimum'", way_out, found)
        return self


def _as_list(raw: object) -> object:
    return [raw] if isinstance(raw, str) else raw


class Commodity(Model):
    """One thing the plan counts."""

    owner: Name
    """Company that holds it."""
    basis: Annotated[tuple[Name, ...], Before(_as_list)] = (DRY_MASS,)
    """What is counted: ``dry_mass``, or the contained mass of components."""
    per: Annotated[float, Check(above=0.0, most=1.0)] = 1.0
    """Contained mass in one counted tonne: 0.5 for a concentrate counted at 50 %."""
    buy: Trade | None = None
    """Where it can be bought."""
    sell: Trade | None = None
    """Where it can be sold."""
    dispose: Annotated[Sourced, Unit("¤/t", least=0.0)] | None = None
    """Cost of discarding it [¤/t]; without this it may not be discarded."""
    stock: Stock | None = None
    """How it may be kept; without this it is used in the month in which it is made."""


class Utility(Model):
    """What is bought in any amount, such as power and acid."""

    price: Annotated[Price, Unit("¤/MWh", ("¤/t",), least=0.0)]
    """Price of a unit."""
    metered_by: Literal["power"] | None = None
    """Kind of tag that measures a unit's use of it, if one does."""
    drawn: Name | None = None
    """Name under which simulated units draw it, such as ``sulfuric_acid``, if they do."""


class Transfer(Model):
    """A delivery from one owner to the other; each has its own name for what is delivered."""

    from_: Name = Field(alias="from")
    """Commodity of the seller."""
    to: Name
    """Commodity of the buyer."""
    limit: Rate
    """Largest amount per time [t/h]."""


class Plan(Model):
    """The plan."""

    months: Count
    """How many months are planned."""
    costs: Literal["variable", "cash"] = "variable"
    """What the declared costs hold: variable ones alone, or cash costs with the fixed ones."""
    starts: Text | None = None
    """First ISO month of the plan, such as 2026-04; the month after the account where there is one."""
    covers: Text | None = None
    """What the plan's gain covers, and what it does not: a sentence of the brief."""

    @after
    def _starts_in_a_month(self) -> Self:
        require_month(self.starts, "starts")
        return self


class Uncertainty(Model):
    """What no meter knows exactly, and how often it is drawn; the account adds what its meters know."""

    draws: Count
    """Number of draws."""
    seed: Seed
    """Seed of the draws."""
    relative_sd: Table[Annotated[Sourced, Unit("1", least=0.0)]] = Table({})
    """Relative standard deviation of a commodity's price [1]."""
    cost_sd: Annotated[Sourced, Unit("1", least=0.0)] | None = None
    """Relative standard deviation of all variable costs together [1]."""


class Concentrate(Model):
    """The concentrate question: what a delivered tonne is worth, to whom, and how sure."""

    transfer: Name
    """Transfer that is valued."""
    grade: Annotated[Sourced, Unit("1", above=0.0, most=1.0)]
    """Oxide content of the tonne that is valued [1]."""
    moisture_tag: Text | None = None
    """Tag whose mean is the moisture of a tonne as delivered."""
    published: Text | None = None
    """Section of the public record that holds the published price."""
    lead_product: Name
    """Commodity whose price drives the value most."""
