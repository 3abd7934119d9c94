"""Which species an element is in liquid iron: phosphorus of hot metal is dissolved ``phosphorus``."""

from __future__ import annotations

from collections.abc import Mapping

from ferrolan import materials
from ferrolan.process.analyses import among

IN_METAL: Mapping[str, str] = {
    "Si": "silicon", "Mn": "manganese", "P": "phosphorus", "S": "sulfur", "Nb": "niobium",
    "Ti": "titanium", "B": "boron", "Al": "aluminium",
    **{symbol: f"metal_{symbol}" for symbol in materials.RARE_EARTHS},
}  # fmt: skip
"""Species by element; iron, and carbon and oxygen, which steel holds by its analysis, stand apart."""


known_in_metal = among(IN_METAL)
"""A check that every key of a table is an element that steel can hold."""
