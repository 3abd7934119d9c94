"""What is solid, dissolved, gaseous or metal in a mixture of species, by the state each species has in the textbook.

When magnesia turns iron sulphate into iron hydroxide the hydroxide stands as ``s`` and goes with the residue, the
magnesium sulphate as ``aq`` and stays in the liquor, and what stands as ``g`` goes up the stack.
"""

from __future__ import annotations

import numpy as np

from ferrolan import materials
from ferrolan.process.material import AMBIENT, Floats, Form, Material

_FORMS: dict[str, Form] = {"s": "solids", "l": "liquor", "aq": "liquor", "org": "liquor", "g": "gas", "m": "metal"}
_FORM_OF = np.array([_FORMS[one.state] for one in materials.SPECIES])

SOLVENT = materials.place("water")


def of_form(amounts: Floats, form: Form, temperature: float = AMBIENT) -> Material:
    """The part of some amounts (species,) [t/h] whose species are of one form."""
    return Material(form, np.where(form == _FORM_OF, amounts, 0.0), temperature)


def without_water(solution: Material) -> tuple[Material, Material]:
    """A dissolved reagent free of water, and the water of its solution: what is bought is told by the pure reagent."""
    water, pure = solution.take({"water": 1.0})
    return pure, water


def concentration(liquor: Material, component: str) -> float:
    """Kilograms of a component per cubic metre of water in a liquor [kg/m3]; 0 where there is no water.

    The volume is that of the water at 1 t/m3: what is dissolved counts as taking no room.
    """
    water = float(liquor.amounts[SOLVENT])
    return 1000.0 * liquor.component(component) / water if water > 0.0 else 0.0


def ratio(part: float, whole: float) -> float:
    """A part of a whole; 0 where there is nothing."""
    return part / whole if whole > 0.0 else 0.0
