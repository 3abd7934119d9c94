"""Fuel burnt out with air, by its elements: works gases, coal and coke alike.

A blast-furnace gas with 22 % CO and 22 % CO2 gives some 3.2 MJ/Nm3, coke-oven gas 17 to 18 MJ/Nm3. The calorific
value is the difference of enthalpies at 298.15 K between the fuel and what it burns to, water as vapour, ash as
oxides; no table of calorific values is needed.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ferrolan import materials
from ferrolan.process.firing import air, fire
from ferrolan.process.material import AMBIENT, Floats, Material
from ferrolan.process.speciation import FIRED, element_place, gas, kmol, laid, split

VOLATILE = ("H", "C", "N", "O", "S", "F", "Cl")
"""Elements that a fuel gives to the flue gas; what else it holds is ash."""
_H, _C, _O, _S, _F, _CL = (element_place(symbol) for symbol in ("H", "C", "O", "S", "F", "Cl"))


def burnt(fuel: Material, excess_air: float, temperature: float = AMBIENT) -> tuple[Material, Material, Material]:
    """Fuel burnt out.

    Parameters
    ----------
    fuel
        Fuel of any form.
    excess_air
        Air beyond what the fuel takes, over that [1].
    temperature
        Temperature of what leaves [K].

    Returns
    -------
    tuple of Material
        Air drawn, flue gas, ash.
    """
    gaseous, solid = split(kmol(fuel.elements), VOLATILE)
    ash, rest = laid(solid, FIRED)
    drawn, flue = aired(gaseous + rest, excess_air, temperature)
    return drawn, flue, Material("solids", ash, temperature)


def aired(atoms: Floats, excess_air: float, temperature: float) -> tuple[Material, Material]:
    """Air drawn and flue gas of the elements that go to it (elements,) [kmol/h].

    Oxygen may be negative: what the solids take up. Where fluorine and chlorine find too little hydrogen they take it
    from the moisture of the air.
    """
    halogens, hydrogen = float(atoms[_F] + atoms[_CL]), float(atoms[_H])
    moisture = 0.5 * max(halogens - hydrogen, 0.0)
    need = 2.0 * float(atoms[_C] + atoms[_S]) + 0.5 * max(hydrogen - halogens, 0.0) - moisture - float(atoms[_O])
    drawn = air(0.5 * max(need, 0.0) * (1.0 + excess_air) * materials.molar_mass("O2") / 1000.0)
    if moisture > 0.0:
        drawn = drawn.plus(Material.of({"H2O_gas": moisture * materials.molar_mass("H2O") / 1000.0}, "gas"))
    return drawn, Material("gas", gas(np.where(atoms == 0.0, 0.0, atoms) + kmol(drawn.elements)), temperature)


def calorific_value(fuel: Material) -> float:
    """Lower calorific value of a stream at 298.15 K [GJ/h].

    Examples
    --------
    >>> round(calorific_value(Material.of({"CH4": 1.0}, "gas")), 1)
    50.0
    >>> round(calorific_value(Material.of({"carbon": 1.0})), 1)
    32.8
    """
    cold = fuel.at(AMBIENT)
    drawn, flue, ash = burnt(cold, 0.0)
    return cold.enthalpy + drawn.enthalpy - flue.enthalpy - ash.enthalpy


@dataclass(frozen=True, eq=False)
class Heated:
    """A furnace heated by works gas and, for what that lacks, by natural gas.

    ``natural_gas`` and ``air`` drawn, ``flue`` gas released; ``by_gas`` heat that the works gas gives [GJ/h].
    """

    natural_gas: Material
    air: Material
    flue: Material
    by_gas: float


def heated(heat: float, works_gas: Material, excess_air: float, flue_temperature: float) -> Heated:
    """Heat from works gas first, all of which is burnt, the rest from natural gas.

    Parameters
    ----------
    heat
        Heat that the fires must give [GJ/h].
    works_gas
        Works gas, all of it burnt even where it gives more than the need.
    excess_air
        Air beyond what the gases take, over that [1].
    flue_temperature
        Temperature of the flue gas [K].
    """
    drawn, flue, _ = burnt(works_gas, excess_air, flue_temperature)
    by_gas = works_gas.enthalpy + drawn.enthalpy - flue.enthalpy
    rest = fire(heat - by_gas, flue_temperature, excess_air)
    both = Material("gas", flue.amounts + rest.flue.amounts, flue_temperature)
    return Heated(rest.fuel, Material("gas", drawn.amounts + rest.air.amounts), both, by_gas)
