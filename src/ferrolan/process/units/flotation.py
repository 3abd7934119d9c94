"""Flotation: magnetic tails into rare-earth concentrate and final tails.

From tails with some 7 % of rare-earth oxides it makes a concentrate with about 50 %; what is not recovered leaves with
the tails.
"""

from __future__ import annotations

from ferrolan.process.unit import SOLIDS, UnitKind

KIND = UnitKind(
    name="flotation",
    title="flotation",
    description="Recovers a rare-earth concentrate from magnetic tails.",
    inlets=SOLIDS,
    outlets=SOLIDS,
)
