"""What kinds of unit there are: one line for each, handed to ``enterprise.load``.

The document may say ``kind: flotation`` because ``flotation.KIND`` stands here; neither the loader nor the planner
knows the list.
"""

from __future__ import annotations

from ferrolan.base.registry import Registry
from ferrolan.process.unit import UnitKind
from ferrolan.process.units import (
    acid_roast,
    blast_furnace,
    bof,
    calcination,
    caster,
    flotation,
    magnetic_separation,
    mill,
    pellet_plant,
    roast_leach,
    rolling_mill,
    separation,
    splitter,
    stockpile,
    water_leach,
)


def kinds() -> Registry[UnitKind]:
    """Every kind of unit by name, in the order of the flowsheet.

    Examples
    --------
    >>> kinds()["blast_furnace"].title
    'blast furnace'
    """
    return Registry(
        "kind of unit",
        (
            stockpile.KIND,
            splitter.KIND,
            mill.KIND,
            magnetic_separation.KIND,
            flotation.KIND,
            pellet_plant.KIND,
            blast_furnace.KIND,
            bof.KIND,
            caster.KIND,
            rolling_mill.KIND,
            roast_leach.KIND,
            acid_roast.KIND,
            water_leach.KIND,
            separation.KIND,
            calcination.KIND,
        ),
    )
