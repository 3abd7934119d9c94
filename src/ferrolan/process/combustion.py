"""Fuel burnt out with air, by its elements: works gases, coal and coke alike.

A blast-furnace gas with 22 % CO and 22 % CO2 gives some 3.2 MJ/Nm3, coke-oven gas 17 to 18 MJ/Nm3. The calorific value
is the difference of enthalpies at 298.15 K between the fuel and what it burns to, water as vapour, ash as oxides; no
table of calorific values is needed.
"""

from __future__ import annotations

from ferrolan import materials
from ferrolan.process.firing import air
from ferrolan.process.material import AMBIENT, Floats, Material
from ferrolan.process.speciation import FIRED, element_place, gas, kmol, laid, split

VOLATILE = ("H", "C", "N", "O", "S", "F", "Cl")
"""Elements that a fuel gives to the flue gas; what else it holds is ash."""


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
    atoms = kmol(fuel.elements)
    gaseous, solid = split(atoms, VOLATILE)
    ash, rest = laid(solid, FIRED)
    need = max(oxygen_demand(gaseous) - float(rest[element_place("O")]), 0.0)
    drawn = air(0.5 * need * (1.0 + excess_air) * materials.molar_mass("O2") / 1000.0)
    flue = gas(gaseous + kmol(drawn.elements) + rest)
    return drawn, Material("gas", flue, temperature), Material("solids", ash, temperature)


def oxygen_demand(atoms: Floats) -> float:
    """Oxygen that elements take to burn out, beyond what they hold [kmol O/h]; fluorine and chlorine keep hydrogen."""
    count = {symbol: float(atoms[element_place(symbol)]) for symbol in VOLATILE}
    return 2.0 * (count["C"] + count["S"]) + 0.5 * (count["H"] - count["F"] - count["Cl"]) - count["O"]


def calorific_value(fuel: Material) -> float:
    """Lower calorific value of a stream at 298.15 K [GJ/h].

    Examples
    --------
    >>> round(calorific_value(Material.of({"CH4": 1.0}, "gas")), 1)
    50.0
    >>> round(calorific_value(Material.of({"carbon": 1.0})), 1)
    32.8
    """
    _, flue, ash = burnt(fuel.at(AMBIENT), 0.0)
    return fuel.at(AMBIENT).enthalpy - flue.enthalpy - ash.enthalpy
