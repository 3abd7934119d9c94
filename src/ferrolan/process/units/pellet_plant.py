"""A pellet plant: iron concentrate into fired pellets and dust.

Magnetite of the concentrate burns to hematite in the furnace and gives 0.49 GJ/t of its own heat; gas gives the rest,
0.3 to 1.6 GJ/t of pellets. Sulfur leaves as sulfur dioxide, a part of the fluorine as hydrogen fluoride.
"""

from __future__ import annotations

from typing import Annotated

from ferrolan.base.schema import After, Model, Sourced, Table, Unit
from ferrolan.process.agglomeration import fired, known_volatile
from ferrolan.process.combustion import aired, calorific_value, heated
from ferrolan.process.material import Material
from ferrolan.process.unit import GAS, SOLIDS, Figure, Made, Materials, Port, UnitKind


class PelletPlantSpec(Model):
    """How a pellet plant fires."""

    ferrous: Annotated[Sourced, Unit("1", least=0.0, most=0.33)]
    """Share of the iron that is still ferrous in the pellets [1]."""
    volatile: Annotated[Table[Annotated[Sourced, Unit("1", least=0.0, most=1.0)]], After(known_volatile)]
    """Share of sulfur and fluorine that leaves with the gas [1]."""
    dust: Annotated[Sourced, Unit("1", least=0.0, most=0.2)]
    """Share of the feed that leaves as dust [1]."""
    excess_air: Annotated[Sourced, Unit("1", least=0.0)]
    """Air beyond what fuel and bed take, over that [1]."""
    flue_temperature: Annotated[Sourced, Unit("K", above=298.0)]
    """Temperature of the flue gas [K]."""
    pellet_temperature: Annotated[Sourced, Unit("K", above=273.15)]
    """Temperature of the pellets behind the cooler, which warms the air [K]."""
    heat_loss: Annotated[Sourced, Unit("GJ/t", least=0.0)]
    """Heat lost by the furnace a tonne of pellets [GJ/t]."""
    power: Annotated[Sourced, Unit("MWh/t", least=0.0)]
    """Electric energy a tonne of pellets [MWh/t]."""


def operate(spec: PelletPlantSpec, inlets: Materials) -> Made:
    """Fire the bed; works gas and then natural gas give the heat that the bed lacks."""
    feed = inlets["concentrate"].plus(inlets["flux"])
    bed = fired(feed, spec.ferrous.value, spec.volatile, spec.dust.value)
    hot = spec.flue_temperature.value
    air, off = aired(bed.gas, spec.excess_air.value, hot)
    pellets = Material("solids", bed.solids, spec.pellet_temperature.value)
    dust = Material("solids", bed.dust, hot)
    heat = pellets.enthalpy + off.enthalpy + dust.enthalpy - feed.enthalpy - air.enthalpy
    heat += spec.heat_loss.value * pellets.mass
    fires = heated(heat, inlets["fuel_gas"], spec.excess_air.value, hot)
    fuel = calorific_value(fires.natural_gas) + calorific_value(inlets["fuel_gas"])
    return Made(
        outlets={"pellets": pellets, "dust": dust},
        drawn={"natural_gas": fires.natural_gas, "air": air.plus(fires.air)},
        released={"flue_gas": Material("gas", off.amounts + fires.flue.amounts, hot)},
        power=spec.power.value * pellets.mass,
        states={
            "iron of the pellets": Figure(pellets.grade("Fe"), "1"),
            "fluorine of the pellets": Figure(pellets.grade("F"), "1"),
            "fuel": Figure(fuel / pellets.mass, "GJ/t"),
            "heat of the fires": Figure(heat / pellets.mass, "GJ/t"),
        },
        limits={"heat that works gas leaves open": Figure((heat - fires.by_gas) / pellets.mass, "GJ/t")},
    )


KIND = UnitKind(
    name="pellet_plant",
    title="pellet plant",
    description="Makes fired pellets from iron concentrate; oxygen and volatiles are gained and lost.",
    inlets=SOLIDS | GAS,
    outlets=SOLIDS,
    spec=PelletPlantSpec,
    ports=(
        Port("concentrate", "in", SOLIDS, "Iron concentrate, filtered."),
        Port("flux", "in", SOLIDS, "Limestone, dolomite and binder.", optional=True),
        Port("fuel_gas", "in", GAS, "Works gas; natural gas gives what it lacks.", optional=True),
        Port("pellets", "out", SOLIDS, "Fired pellets."),
        Port("dust", "out", SOLIDS, "Dust, as the feed.", optional=True),
    ),
    operate=operate,
    parameters=("heat_loss", "volatile.F", "volatile.S", "dust", "power"),
)
