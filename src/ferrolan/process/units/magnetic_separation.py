"""Magnetic separation: ground ore into iron concentrate and tails.

Magnetite and much of the hematite go to the concentrate; bastnaesite and monazite are weakly magnetic and stay with the
tails, which is why one ore feeds two businesses.
"""

from __future__ import annotations

from ferrolan.process.unit import SOLIDS, UnitKind

KIND = UnitKind(
    name="magnetic_separation",
    title="magnetic separation",
    description="Divides ground ore into an iron concentrate and tails that hold the rare earths.",
    inlets=SOLIDS,
    outlets=SOLIDS,
)
