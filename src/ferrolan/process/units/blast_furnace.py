"""A blast furnace: pellets, ore and coke into hot metal, slag and dust.

All phosphorus of the burden and of the coke is in the hot metal, which is why ore with phosphorus costs money. Gas is
not a declared stream, so total mass does not close; iron, phosphorus and the rare earths do.
"""

from __future__ import annotations

from ferrolan.process.unit import METAL, SOLIDS, UnitKind

KIND = UnitKind(
    name="blast_furnace",
    title="blast furnace",
    description="Makes hot metal from iron burden and coke; the rare earths leave with the slag.",
    inlets=SOLIDS,
    outlets=SOLIDS | METAL,
)
