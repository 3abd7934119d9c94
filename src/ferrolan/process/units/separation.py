"""Solvent extraction: a leach liquor into La-Ce, Pr-Nd and heavier liquors and a raffinate.

The cascade is seen as one unit here: each rare earth closes over its fence.
"""

from __future__ import annotations

from ferrolan.process.unit import LIQUOR, UnitKind

KIND = UnitKind(
    name="separation",
    title="separation",
    description="Divides the rare earths of a liquor by solvent extraction.",
    inlets=LIQUOR,
    outlets=LIQUOR,
)
