"""A basic oxygen furnace: hot metal and scrap into liquid steel, slag and dust.

Oxygen, lime and gas are not declared streams; iron and phosphorus close.
"""

from __future__ import annotations

from ferrolan.process.unit import METAL, SOLIDS, UnitKind

KIND = UnitKind(
    name="bof",
    title="basic oxygen furnace",
    description="Makes liquid steel from hot metal and scrap; phosphorus goes to the slag.",
    inlets=METAL | SOLIDS,
    outlets=METAL | SOLIDS,
)
