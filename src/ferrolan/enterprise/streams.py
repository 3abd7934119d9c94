"""Streams: what flows from where to where, in which form, carrying which components.

``flotation_feed`` leaves the tails splitter for flotation as solids; ``lace_liquor`` is a liquor that carries
rare-earth oxides only, so iron is absent there, not unknown.
"""

from __future__ import annotations

from typing import Literal

from ferrolan.base.schema import Field, Model, Name
from ferrolan.enterprise.exactness import Enthalpy

Form = Literal["solids", "metal", "liquor", "gas", "heat"]
"""Solids and metal flow as dry tonnes, liquors as cubic metres; heat flows as GJ/h and is no material.

Gas flows in a simulation only: no account balances it.
"""


class Stream(Model):
    """One stream; without ``from`` it enters the plant, without ``to`` it leaves it."""

    from_: Name | None = Field(default=None, alias="from")
    """Unit it leaves."""
    to: Name | None = None
    """Unit it enters."""
    form: Form
    """Form of the material."""
    commodity: Name | None = None
    """Commodity of the plan that it carries, if it carries one."""
    carries: tuple[Name, ...] | None = None
    """Components that are there, the rest being absent; all of the account where nothing is said."""
    enthalpy: Enthalpy | None = None
    """Enthalpy over temperature; needed where a unit at one of its ends balances energy."""
