"""A continuous caster: liquid steel into slabs and crops.

Some 97.5 % of the steel becomes slab; total mass closes.
"""

from __future__ import annotations

from ferrolan.process.unit import METAL, UnitKind

KIND = UnitKind(
    name="caster",
    title="caster",
    description="Casts liquid steel into slabs; crops return as scrap.",
    inlets=METAL,
    outlets=METAL,
)
