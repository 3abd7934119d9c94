"""The textbook: elements, species with their heat, the bases assays are reported on, separation factors.

Example: 1 t of magnetite is ``COMPOSITION[place("magnetite")]``, 0.7236 t of iron and 0.2764 t of oxygen; an assay of
10 % REO as oxides turns into tonnes of elements by ``basis``. Every row of ``data/*.csv`` has a source and a status:
*verified* was read in the source named, *recalled* is a textbook value from memory, *estimated* follows a rule named.
"""

from ferrolan.materials.bases import COMPONENTS, basis, oxide_of
from ferrolan.materials.elements import (
    ELEMENTS,
    FARADAY,
    RARE_EARTHS,
    Element,
    atomic_mass,
    charge,
    charge_per_mass,
    element,
)
from ferrolan.materials.formulas import formula, molar_mass
from ferrolan.materials.separation_factors import SeparationFactors, separation_factors, separation_systems
from ferrolan.materials.sources import SOURCES, Source
from ferrolan.materials.species import (
    COMPOSITION,
    ENTHALPY_298,
    HEAT_CAPACITY,
    MOLAR_MASS,
    SPECIES,
    Species,
    place,
    species,
)

__all__ = [
    "COMPONENTS",
    "COMPOSITION",
    "ELEMENTS",
    "ENTHALPY_298",
    "FARADAY",
    "HEAT_CAPACITY",
    "MOLAR_MASS",
    "RARE_EARTHS",
    "SOURCES",
    "SPECIES",
    "Element",
    "SeparationFactors",
    "Source",
    "Species",
    "atomic_mass",
    "basis",
    "charge",
    "charge_per_mass",
    "element",
    "formula",
    "molar_mass",
    "oxide_of",
    "place",
    "separation_factors",
    "separation_systems",
    "species",
]
