"""Natural gas burnt with air to give heat: fuel, air and flue gas, in closed form.

A kiln that needs 100 GJ/h and lets its flue gas go at 500 K, with a tenth more air than the gas takes, burns some 2.2
t/h of methane. Per tonne of fuel the heat given is what enters as fuel and air less what leaves as flue gas,
``q = h_CH4 + a h_air - (1 + a) h_flue(T)``; the fuel is the need over q. Natural gas counts as methane.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from ferrolan import materials
from ferrolan.base.errors import Infeasible
from ferrolan.process.material import AMBIENT, Floats, Material
from ferrolan.process.operation import MWH
from ferrolan.process.reaction import Reaction

_OXYGEN_IN_AIR = 0.21  # molar; the rest counts as nitrogen
_BURNING = Reaction.of("CH4 + 2 O2 -> CO2 + 2 H2O_gas")


@dataclass(frozen=True, eq=False)
class Fired:
    """What burns: ``fuel`` and ``air`` drawn, ``flue`` gas that leaves [Material]."""

    fuel: Material
    air: Material
    flue: Material


def need(entering: Iterable[Material], leaving: Iterable[Material], *, power: float = 0.0, loss: float = 0.0) -> float:
    """Heat that a unit lacks [GJ/h]: what leaves with material and is lost, less what enters with it and as power [MW].

    Negative where the unit has heat to spare.
    """
    came = sum(material.enthalpy for material in entering) + MWH * power
    return sum(material.enthalpy for material in leaving) + loss - came


def steam(entering: Iterable[Material], leaving: Iterable[Material], power: float) -> float:
    """Heat that a unit takes from outside, such as steam, to hold its temperature [GJ/h]; 0 where it has to spare."""
    return max(need(entering, leaving, power=power), 0.0)


def air(oxygen: float, temperature: float = AMBIENT) -> Material:
    """Dry air that holds an amount of oxygen [t/h].

    Examples
    --------
    >>> round(air(1.0).mass, 2)
    4.29
    """
    nitrogen = (1.0 - _OXYGEN_IN_AIR) / _OXYGEN_IN_AIR * materials.molar_mass("N2") / materials.molar_mass("O2")
    return Material.of({"O2": oxygen, "N2": nitrogen * oxygen}, "gas", temperature)


def fire(heat: float, temperature: float, excess_air: float) -> Fired:
    """The fuel that gives an amount of heat.

    Parameters
    ----------
    heat
        Heat that the fire must give to the rest of the unit [GJ/h]; nothing burns where it is not positive.
    temperature
        Temperature of the flue gas [K].
    excess_air
        Air beyond what the fuel takes, over that [1].

    Raises
    ------
    Infeasible
        If flue gas this hot takes away all the heat of the fuel.

    Examples
    --------
    >>> round(fire(100.0, 500.0, 0.1).fuel.mass, 2)
    2.21
    """
    fuel, drawn = Material.of({"CH4": 1.0}, "gas"), air(_BURNING.taken("O2") * (1.0 + excess_air))
    flue = Material("gas", _burnt(fuel, drawn), temperature)
    given = fuel.enthalpy + drawn.enthalpy - flue.enthalpy
    if given <= 0.0:
        raise Infeasible(
            f"flue gas at {temperature:.0f} K with {excess_air:.0%} excess air takes all the heat of the fuel; "
            "lower its temperature or the excess"
        )
    tonnes = max(heat, 0.0) / given
    return Fired(fuel.times(tonnes), drawn.times(tonnes), flue.times(tonnes))


def _burnt(fuel: Material, drawn: Material) -> Floats:
    amounts = fuel.amounts + drawn.amounts + _BURNING.change * fuel.amount("CH4")
    amounts[materials.place("CH4")] = 0.0
    return np.maximum(amounts, 0.0)
