"""A residue with thorium in it: a stream with a limit of its own.

Bayan Obo ore holds thorium with its rare earths; where it goes is a question of licence and not of grade. A limit of
0.05 % of ThO2 leaves a residue with 0.03 % a distance of 0.02 %.
"""

from __future__ import annotations

from typing import Annotated

from ferrolan.base.schema import Model, Sourced, Unit
from ferrolan.process.material import Material
from ferrolan.process.unit import Figure


class ThoriumLimit(Model):
    """How much thorium a residue may hold."""

    most: Annotated[Sourced, Unit("1", least=0.0, most=1.0)]
    """Largest mass fraction of ThO2 in the dry residue [1]."""


def thorium_distance(limit: ThoriumLimit | None, residue: Material) -> dict[str, Figure]:
    """Distance of a residue to its limit [1], negative beyond it; nothing where no limit is declared."""
    if limit is None:
        return {}
    return {"thorium oxide in the residue, below its limit": Figure(limit.most.value - residue.grade("ThO2"), "1")}
