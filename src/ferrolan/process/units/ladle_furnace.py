"""A ladle furnace: liquid steel is heated and alloyed; here rare earths enter the steel.

A tenth of a kilogram of lanthanum and cerium a tonne of steel, of which a half to two thirds stays, makes rare-earth
steel: the two chains of the complex meet. What an alloy loses burns with the oxygen dissolved in the steel, and
beyond that with air, and is slag.
"""

from __future__ import annotations

from typing import Annotated

import numpy as np

from ferrolan import materials
from ferrolan.base.schema import After, Model, Sourced, Table, Unit
from ferrolan.process.firing import air
from ferrolan.process.in_metal import IN_METAL, known_in_metal
from ferrolan.process.material import Floats, Material
from ferrolan.process.operation import MWH, rounded
from ferrolan.process.shares import by_species, of_table
from ferrolan.process.speciation import FLUE, SLAG, element_place, kmol, laid, split
from ferrolan.process.unit import METAL, SOLIDS, Figure, Made, Materials, Port, UnitKind

Share = Annotated[Sourced, Unit("1", least=0.0, most=1.0)]


class LadleFurnaceSpec(Model):
    """How steel is treated in the ladle."""

    alloys: Annotated[Table[Annotated[Sourced, Unit("t/t", least=0.0, most=0.5)]], After(by_species)]
    """Ferroalloy added by species, a tonne of liquid steel [t/t]."""
    flux: Annotated[Table[Annotated[Sourced, Unit("t/t", least=0.0, most=0.5)]], After(by_species)]
    """Lime and other slag formers added by species, a tonne of liquid steel [t/t]."""
    stays: Annotated[Table[Share], After(known_in_metal)]
    """Share of each element added that stays in the steel [1]; one not named goes to the slag, iron and carbon stay."""
    rare_earths_stay: Share
    """Share of the rare earths added that stays in the steel, for those that ``stays`` does not name [1]."""
    deoxidised: Share
    """Share of the oxygen dissolved in the steel that alloys may bind [1]."""
    desulfurised: Share
    """Share of the sulfur that the slag takes [1]."""
    temperature: Annotated[Sourced, Unit("K", above=1673.0, most=2273.0)]
    """Temperature of the steel that leaves [K]."""
    heat_loss: Annotated[Sourced, Unit("GJ/t", least=0.0)]
    """Heat lost a tonne of liquid steel [GJ/t]."""
    arc: Annotated[Sourced, Unit("1", above=0.0, most=1.0)]
    """Heat given to the melt over electric energy drawn for it [1]."""
    power: Annotated[Sourced, Unit("MWh/t", least=0.0)]
    """Electric energy of pumps and fans a tonne of liquid steel [MWh/t]."""


def operate(spec: LadleFurnaceSpec, inlets: Materials) -> Made:
    """Melt in what is added; the slag takes what does not stay; the arc gives the heat."""
    liquid = inlets["liquid_steel"]
    alloys = Material("metal", of_table(spec.alloys, 0.0) * liquid.mass)
    flux = Material("solids", of_table(spec.flux, 0.0) * liquid.mass)
    added = inlets["rare_earth"].amounts + inlets["alloy"].amounts + alloys.amounts
    kept = _kept(spec, added)
    steel = liquid.amounts + kept
    sulfur = steel[_SULFUR] * spec.desulfurised.value
    steel[_SULFUR] -= sulfur
    slag, burnt, short = _slag(added - kept, sulfur, flux.amounts)
    steel, drawn = _deoxidised(spec, steel, short)
    gas = Material("gas", burnt + drawn.take({"N2": 1.0})[0].amounts)
    made = Material("metal", steel, spec.temperature.value)
    molten = Material("solids", slag, spec.temperature.value)
    heat = made.enthalpy + molten.enthalpy + gas.enthalpy + spec.heat_loss.value * liquid.mass - flux.enthalpy
    heat -= alloys.enthalpy + drawn.enthalpy + sum(material.enthalpy for material in inlets.values())
    arc = max(heat, 0.0) / (spec.arc.value * MWH)
    return Made(
        outlets={"steel": made, "slag": molten},
        drawn={"ferroalloy": alloys, "lime": flux, "air": drawn},
        released={"off_gas": gas},
        power=arc + spec.power.value * liquid.mass,
        states={
            "arc": Figure(arc / liquid.mass, "MWh/t"),
            "rare earths of the steel": Figure(made.grade("RE"), "1"),
            "slag": Figure(1000.0 * molten.mass / made.mass, "kg/t"),
            **{
                f"steel, {name}": Figure(made.grade(name), "1") for name in ("C", "Si", "Mn", "P", "S", "Nb", "Al", "O")
            },
        },
        limits={"heat that the arc gives": Figure(heat / liquid.mass, "GJ/t")},
    )


def _kept(spec: LadleFurnaceSpec, added: Floats) -> Floats:
    """What of the additions stays in the steel (species,) [t/h]."""
    stays = dict.fromkeys(materials.RARE_EARTHS, spec.rare_earths_stay.value)
    stays |= {symbol: share.value for symbol, share in spec.stays.items()}
    kept = np.zeros(len(added))
    for symbol, share in stays.items():
        place = materials.place(IN_METAL[symbol])
        kept[place] = share * added[place]
    for name in ("iron", "dissolved_carbon", "dissolved_nitrogen", "dissolved_hydrogen", "dissolved_oxygen"):
        kept[materials.place(name)] = added[materials.place(name)]
    carbon = materials.place("carbon")  # recarburising: it dissolves
    kept[materials.place("dissolved_carbon")] += added[carbon]
    return kept


def _slag(lost: Floats, sulfur: float, flux: Floats) -> tuple[Floats, Floats, float]:
    """Slag and gas (species,) [t/h] of lost alloy, sulfur and flux, and the oxygen they take [kmol O/h]."""
    gaseous, solid = split(kmol((lost + flux) @ materials.COMPOSITION), ("H", "C", "N", "Cl"))
    solid[element_place("S")] += sulfur * 1000.0 / materials.atomic_mass("S")
    slag, left = laid(solid, SLAG)
    gas, taken = laid(gaseous, FLUE)
    return slag, gas, -float(left[element_place("O")] + taken[element_place("O")])


def _deoxidised(spec: LadleFurnaceSpec, steel: Floats, short: float) -> tuple[Floats, Material]:
    """Steel whose oxygen bound what it could of what the slag takes [kmol O/h], and air for the rest."""
    place, mass = materials.place("dissolved_oxygen"), materials.atomic_mass("O") / 1000.0
    bound = min(spec.deoxidised.value * float(steel[place]), max(short, 0.0) * mass)
    left = steel.copy()
    left[place] -= bound - min(short, 0.0) * mass
    return rounded(left, float(steel.sum())), air(max(short * mass - bound, 0.0))


_SULFUR = materials.place("sulfur")


KIND = UnitKind(
    name="ladle_furnace",
    title="ladle furnace",
    description="Heats and alloys liquid steel; rare earths enter it here.",
    inlets=METAL | SOLIDS,
    outlets=METAL | SOLIDS,
    spec=LadleFurnaceSpec,
    ports=(
        Port("liquid_steel", "in", METAL, "Liquid steel of the converter."),
        Port("rare_earth", "in", METAL | SOLIDS, "Rare-earth metal or ferroalloy of the own works.", optional=True),
        Port("alloy", "in", METAL | SOLIDS, "Other alloys of the own works.", optional=True),
        Port("steel", "out", METAL, "Liquid steel, ready to be cast."),
        Port("slag", "out", SOLIDS, "Slag.", optional=True),
    ),
    operate=operate,
    parameters=("rare_earths_stay", "desulfurised", "heat_loss", "arc", "power"),
)
