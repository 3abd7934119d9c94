"""Acid roasting and leaching: rare-earth concentrate into a leach liquor and a residue.

About 1.4 t of sulphuric acid attack a tonne of concentrate; what is not dissolved stays in the residue.
"""

from __future__ import annotations

from ferrolan.process.unit import LIQUOR, SOLIDS, UnitKind

KIND = UnitKind(
    name="roast_leach",
    title="roasting and leaching",
    description="Brings the rare earths of a concentrate into a liquor with sulphuric acid.",
    inlets=SOLIDS,
    outlets=LIQUOR | SOLIDS,
)
