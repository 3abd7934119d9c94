"""Molten-salt electrolysis: rare-earth oxide into metal, with carbon anodes in a fluoride melt.

Charge is Faraday's, ``E = V z F / (3600 M CE)``: neodymium at 10 V and 75 % current efficiency takes 7.43 MWh/t in the
cell, and 1.166 t of oxide a tonne of metal. The oxygen of the oxide burns the anode to CO and CO2; near the anode
effect fluoride goes too, as CF4. What electricity the reaction does not take keeps the melt hot.

Oxides above M2O3 (CeO2, Pr6O11, Tb4O7) are charged for the electrons of the metal from M(III) alone: the oxygen beyond
burns with the anode, without current (a convention). Samarium and europium stop at two and stay with the spent salt,
and so does lime, sulphate or chloride that an oxide was not washed free of; its water leaves with the off-gas.
"""

from __future__ import annotations

from typing import Annotated, Literal

import numpy as np

from ferrolan import materials
from ferrolan.base.schema import Model, Sourced, Unit
from ferrolan.process.firing import air
from ferrolan.process.material import Floats, Material
from ferrolan.process.operation import MWH, rounded
from ferrolan.process.oxides import to_metal
from ferrolan.process.phases import of_form, ratio
from ferrolan.process.reaction import Reaction, change
from ferrolan.process.unit import GAS, METAL, SOLIDS, Figure, Made, Materials, Port, UnitKind

WON = tuple(symbol for symbol in materials.RARE_EARTHS if materials.element(symbol).charge > 0)
"""Rare earths that are won from a melt."""


class MoltenSaltSpec(Model):
    """How a cell house wins metal."""

    voltage: Annotated[Sourced, Unit("V", above=0.0)]
    """Voltage of a cell [V]."""
    current_efficiency: Annotated[Sourced, Unit("1", above=0.0, most=1.0)]
    """Share of the current that wins metal [1]."""
    rectifier: Annotated[Sourced, Unit("1", above=0.0, most=1.0)]
    """Efficiency of transformer and rectifier [1]."""
    auxiliaries: Annotated[Sourced, Unit("MWh/t", least=0.0)]
    """Electric energy for heating, fans and the like per tonne of metal [MWh/t]."""
    reduced: Annotated[Sourced, Unit("1", least=0.0, most=1.0)]
    """Share of the oxide that becomes metal [1]; the rest leaves with the spent salt."""
    carbon_monoxide: Annotated[Sourced, Unit("1", least=0.0, most=1.0)]
    """Share of the oxide's oxygen that leaves as CO, the rest as CO2 [1]."""
    anode_burnt: Annotated[Sourced, Unit("1", least=0.0)]
    """Anode carbon that air burns, per tonne of metal from oxide [t/t]."""
    fluorocarbon: Annotated[Sourced, Unit("1", least=0.0)]
    """CF4 made per tonne of metal from oxide [t/t]."""
    salt_lost: Annotated[Sourced, Unit("1", least=0.0)]
    """Fluoride lost with the spent salt per tonne of metal from oxide [t/t]."""
    salt: Literal["La", "Ce", "Pr", "Nd", "Gd", "Tb", "Dy", "Y"]
    """Rare earth of the fluoride that makes up for losses, such as Nd for NdF3."""
    metal_temperature: Annotated[Sourced, Unit("K", above=0.0)]
    """Temperature of metal and spent salt [K]."""
    off_gas_temperature: Annotated[Sourced, Unit("K", above=0.0)]
    """Temperature of the off-gas [K]."""


def operate(spec: MoltenSaltSpec, inlets: Materials) -> Made:
    """Win the metal, burn the anode, make CF4, and draw the electricity that Faraday asks for."""
    feed = inlets["feed"]
    won = change(feed.amounts, [*((one, spec.reduced.value) for one in _REDUCTIONS), (_DRYING, 1.0)])
    metal = float(won[_METALS].sum())
    made = won + _at_the_anode(spec, float(won[_OXYGEN]), metal)
    fluoride = f"fluoride_{spec.salt}"
    salt = Material.of({fluoride: spec.salt_lost.value * metal - float(made[materials.place(fluoride)])})
    carbon = Material.of({"carbon": -float(made[materials.place("carbon")])})
    oxidant = air(_IN_AIR.taken("O2") * spec.anode_burnt.value * metal)
    entering = feed.amounts + salt.amounts + carbon.amounts + oxidant.amounts
    amounts = rounded(entering + made, entering.sum())
    return _made(spec, feed, {"salt": salt, "anode_carbon": carbon, "air": oxidant}, amounts)


def charge(metal: Floats) -> float:
    """Charge that wins amounts (species,) of metal [t/h] at full current efficiency [MA]."""
    return float(metal[_METALS] @ _CHARGES)


def thermoneutral(spec: MoltenSaltSpec, feed: Material) -> float:
    """Voltage whose energy is the heat of reaction of oxide and anode at 298.15 K, at full current efficiency [V]."""
    won = change(feed.amounts, [(one, 1.0) for one in _REDUCTIONS])
    oxygen = float(won[_OXYGEN])
    burnt = _TO_DIOXIDE.change * (1.0 - spec.carbon_monoxide.value) + _TO_MONOXIDE.change * spec.carbon_monoxide.value
    heat = float((won + oxygen * burnt) @ materials.ENTHALPY_298)
    return ratio(heat / MWH, charge(won))


def _at_the_anode(spec: MoltenSaltSpec, oxygen: float, metal: float) -> Floats:
    """What the anode makes of the oxide's oxygen, of air and of fluoride (species,) [t/h]."""
    fluorocarbon = Reaction.of(f"4 fluoride_{spec.salt} + 3 carbon -> 4 metal_{spec.salt} + 3 CF4")
    tonnes = {
        _TO_DIOXIDE: oxygen * (1.0 - spec.carbon_monoxide.value),
        _TO_MONOXIDE: oxygen * spec.carbon_monoxide.value,
        _IN_AIR: spec.anode_burnt.value * metal,
        fluorocarbon: spec.fluorocarbon.value * metal / -fluorocarbon.taken("CF4"),
    }
    made: Floats = np.sum([reaction.change * amount for reaction, amount in tonnes.items()], axis=0)
    return made


def _made(spec: MoltenSaltSpec, feed: Material, drawn: dict[str, Material], amounts: Floats) -> Made:
    hot = spec.metal_temperature.value
    metal, gas = of_form(amounts, "metal", hot), of_form(amounts, "gas", spec.off_gas_temperature.value)
    spent = Material("solids", amounts - metal.amounts - gas.amounts, hot)
    cells = spec.voltage.value * charge(metal.amounts) / spec.current_efficiency.value
    power = cells / spec.rectifier.value + spec.auxiliaries.value * metal.mass
    spare = feed.enthalpy + sum(one.enthalpy for one in drawn.values()) + MWH * power
    spare -= sum(one.enthalpy for one in (metal, spent, gas))
    return Made(
        {"metal": metal, "spent_salt": spent, "off_gas": gas},
        drawn=drawn,
        power=power,
        states={
            "cell energy a tonne of metal": Figure(ratio(cells, metal.mass), "MWh/t"),
            "energy at the meter a tonne of metal": Figure(ratio(power, metal.mass), "MWh/t"),
            "current": Figure(1000.0 * cells / spec.voltage.value, "kA"),
            "oxide a tonne of metal": Figure(ratio(feed.mass, metal.mass), "t/t"),
            "carbon a tonne of metal": Figure(ratio(drawn["anode_carbon"].mass, metal.mass), "t/t"),
            "CF4 in the off-gas": Figure(gas.amount("CF4"), "t/h"),
        },
        limits={
            "heat that keeps the melt hot": Figure(ratio(spare, metal.mass), "GJ/t"),
            "voltage beyond what the reaction takes": Figure(spec.voltage.value - thermoneutral(spec, feed), "V"),
        },
    )


_OXYGEN = materials.place("O2")
_METALS = np.array([materials.place(f"metal_{symbol}") for symbol in WON])
_CHARGES = np.array([materials.charge_per_mass(symbol) for symbol in WON])
_REDUCTIONS = tuple(one for one in to_metal() if one.key.removeprefix("oxide_") in WON)
_TO_DIOXIDE = Reaction.of("O2 + carbon -> CO2")
_TO_MONOXIDE = Reaction.of("O2 + 2 carbon -> 2 CO")
_IN_AIR = Reaction.of("carbon + O2 -> CO2")
_DRYING = Reaction.of("water -> H2O_gas")

KIND = UnitKind(
    name="molten_salt",
    title="molten-salt electrolysis",
    description="Wins rare-earth metal from its oxide in a fluoride melt with carbon anodes.",
    inlets=SOLIDS,
    outlets=METAL | SOLIDS | GAS,
    spec=MoltenSaltSpec,
    ports=(
        Port("feed", "in", SOLIDS, "Rare-earth oxide."),
        Port("metal", "out", METAL, "Rare-earth metal."),
        Port("spent_salt", "out", SOLIDS, "Fluoride that is lost, oxide not reduced, lime and salts.", optional=True),
        Port("off_gas", "out", GAS, "CO, CO2, CF4 and the air that came in.", optional=True),
    ),
    operate=operate,
    parameters=("voltage", "current_efficiency", "rectifier", "auxiliaries", "reduced", "anode_burnt", "salt_lost"),
)
