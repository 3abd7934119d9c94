"""Scale: iron of hot steel that burns to magnetite in air, 5 to 15 kg a tonne of steel rolled."""

from __future__ import annotations

import numpy as np

from ferrolan import materials
from ferrolan.process.firing import air
from ferrolan.process.material import Material
from ferrolan.process.reaction import Reaction

_SCALING = Reaction.of("3 iron + 2 O2 -> magnetite")


def scaled(steel: Material, share: float, temperature: float) -> tuple[Material, Material, Material, Material]:
    """Scale, the steel left (at its own temperature), the air drawn and the gas left of it.

    Parameters
    ----------
    steel
        Steel.
    share
        Share of its iron that scales [1].
    temperature
        Temperature of scale and gas [K].
    """
    burnt, left = steel.take({"iron": share})
    drawn = air(_SCALING.taken("O2") * burnt.mass)
    oxide = np.maximum(burnt.amounts + drawn.amounts + _SCALING.change * burnt.mass, 0.0)
    nitrogen = materials.place("N2")
    gas = np.zeros(len(oxide))
    gas[nitrogen] = oxide[nitrogen]
    magnetite = np.zeros(len(oxide))
    magnetite[_MAGNETITE] = oxide[_MAGNETITE]
    return Material("solids", magnetite, temperature), left, drawn, Material("gas", gas, temperature)


_MAGNETITE = materials.place("magnetite")
