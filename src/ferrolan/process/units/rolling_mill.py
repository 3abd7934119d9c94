"""A rolling mill: slabs into rolled steel, crops and mill scale.

Scale takes up oxygen, so total mass does not close over declared streams; iron and phosphorus do.
"""

from __future__ import annotations

from ferrolan.process.unit import METAL, SOLIDS, UnitKind

KIND = UnitKind(
    name="rolling_mill",
    title="rolling mill",
    description="Rolls slabs into steel products; crops return as scrap, scale is lost.",
    inlets=METAL,
    outlets=METAL | SOLIDS,
)
