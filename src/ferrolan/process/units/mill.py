"""A grinding mill: ore in, ground ore out.

At 330 t/h and 21 kWh/t it draws about 7 MW. Grinding changes size, not composition.
"""

from __future__ import annotations

from ferrolan.process.unit import SOLIDS, UnitKind

KIND = UnitKind(
    name="mill",
    title="mill",
    description="Grinds ore; mass and every component close, nothing is separated.",
    inlets=SOLIDS,
    outlets=SOLIDS,
)
