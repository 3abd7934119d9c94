"""The textbook: elements and oxides with their molar masses, a citation on every row.

A tonne of praseodymium oxide as it is sold, Pr6O11, holds 0.8277 t of praseodymium.
"""

from ferrolan.materials.substances import Element, Oxide, elements, molar_mass, oxides

__all__ = ["Element", "Oxide", "elements", "molar_mass", "oxides"]
