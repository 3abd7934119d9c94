"""Precipitation and calcination: a rare-earth liquor into an oxide and a filtrate.

Some 99 % of the rare earths are precipitated as carbonate or oxalate and fired to the oxide.
"""

from __future__ import annotations

from ferrolan.process.unit import LIQUOR, SOLIDS, UnitKind

KIND = UnitKind(
    name="calcination",
    title="precipitation and calcination",
    description="Makes an oxide from a liquor; what is not precipitated leaves with the filtrate.",
    inlets=LIQUOR,
    outlets=SOLIDS | LIQUOR,
)
