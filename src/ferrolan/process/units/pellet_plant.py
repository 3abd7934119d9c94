"""A pellet plant: iron concentrate into fired pellets and dust.

Oxidation and binders change the mass, so total mass does not close over declared streams; the elements do.
"""

from __future__ import annotations

from ferrolan.process.unit import SOLIDS, UnitKind

KIND = UnitKind(
    name="pellet_plant",
    title="pellet plant",
    description="Makes fired pellets from iron concentrate; oxygen and volatiles are gained and lost.",
    inlets=SOLIDS,
    outlets=SOLIDS,
)
