"""Which species an element is in liquid iron: phosphorus of hot metal is dissolved ``phosphorus``."""

from __future__ import annotations

from collections.abc import Mapping

from ferrolan import materials
from ferrolan.base.schema import Sourced, Table, WrongValue, nearest

IN_METAL: Mapping[str, str] = {
    "Si": "silicon", "Mn": "manganese", "P": "phosphorus", "S": "sulfur", "Nb": "niobium",
    "Ti": "titanium", "B": "boron", "Al": "aluminium",
    **{symbol: f"metal_{symbol}" for symbol in materials.RARE_EARTHS},
}  # fmt: skip
"""Species by element; iron, and carbon and oxygen, which steel holds by its analysis, stand apart."""


def known_in_metal(table: Table[Sourced]) -> Table[Sourced]:
    """The table itself, each key an element that steel can hold."""
    for name in table:
        if name not in IN_METAL:
            expected = f"one of {', '.join(IN_METAL)}"
            raise WrongValue("unknown_name", expected, nearest(name, list(IN_METAL)), name, at=(name,))
    return table
