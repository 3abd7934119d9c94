"""A sinter strand: fine ores, flux and breeze into sinter, dust and flue gas.

Breeze, 30 to 55 kg/t of sinter, burns in the bed and sinters it; limestone calcines in it, sulfur and part of the
fluorine go with the gas. Half of the air that is drawn through does not burn anything.
"""

from __future__ import annotations

from typing import Annotated

from ferrolan.base.schema import After, Model, Sourced, Table, Unit
from ferrolan.process.agglomeration import fired, known_volatile
from ferrolan.process.analyses import Analysis, charge
from ferrolan.process.combustion import aired, burnt
from ferrolan.process.material import Material, mixed
from ferrolan.process.operation import MWH
from ferrolan.process.unit import GAS, SOLIDS, Figure, Made, Materials, Port, UnitKind


class SinterPlantSpec(Model):
    """How a strand sinters."""

    breeze: Annotated[Sourced, Unit("t/t", least=0.0, most=0.3)]
    """Breeze that is bought a tonne of ore, beside what the inlet brings [t/t]."""
    breeze_analysis: Analysis
    """Analysis of the breeze bought: species and their mass fractions [1]."""
    limestone: Annotated[Sourced, Unit("t/t", least=0.0, most=1.0)]
    """Limestone that is bought a tonne of ore, beside the flux of the inlet [t/t]."""
    ferrous: Annotated[Sourced, Unit("1", least=0.0, most=0.33)]
    """Share of the iron that is ferrous in the sinter, as magnetite [1]."""
    volatile: Annotated[Table[Annotated[Sourced, Unit("1", least=0.0, most=1.0)]], After(known_volatile)]
    """Share of sulfur and fluorine that leaves with the gas [1]."""
    dust: Annotated[Sourced, Unit("1", least=0.0, most=0.2)]
    """Share of the feed that leaves as dust [1]."""
    excess_air: Annotated[Sourced, Unit("1", least=0.0)]
    """Air beyond what burns, over that [1]."""
    flue_temperature: Annotated[Sourced, Unit("K", above=298.0)]
    """Temperature of the flue gas [K]."""
    sinter_temperature: Annotated[Sourced, Unit("K", above=273.15)]
    """Temperature of the sinter behind the cooler [K]."""
    power: Annotated[Sourced, Unit("MWh/t", least=0.0)]
    """Electric energy a tonne of sinter [MWh/t]."""


def operate(spec: SinterPlantSpec, inlets: Materials) -> Made:
    """Fire the bed with its breeze; what heat is left over is lost at strand and cooler."""
    ore, hot = inlets["ore"], spec.flue_temperature.value
    breeze = charge(spec.breeze_analysis, spec.breeze.value * ore.mass)
    limestone = Material.of({"calcite": spec.limestone.value * ore.mass})
    feed = mixed((ore, inlets["flux"], inlets["breeze"], inlets["returns"], breeze, limestone), "solids")
    bed = fired(feed, spec.ferrous.value, spec.volatile, spec.dust.value)
    air, off = aired(bed.gas, spec.excess_air.value, hot)
    ignition_air, ignition, _ = burnt(inlets["ignition_gas"], spec.excess_air.value, hot)
    sinter = Material("solids", bed.solids, spec.sinter_temperature.value)
    dust = Material("solids", bed.dust, hot)
    flue = Material("gas", off.amounts + ignition.amounts, hot)
    power = spec.power.value * sinter.mass
    left = feed.enthalpy + inlets["ignition_gas"].enthalpy + air.enthalpy + ignition_air.enthalpy + MWH * power
    left -= sinter.enthalpy + dust.enthalpy + flue.enthalpy
    fuel = breeze.mass + inlets["breeze"].mass
    silica = sinter.component("SiO2")
    basicity = {"basicity": Figure(sinter.component("CaO") / silica, "1")} if silica > 0.0 else {}
    return Made(
        outlets={"sinter": sinter, "dust": dust},
        drawn={"coke_breeze": breeze, "limestone": limestone, "air": air.plus(ignition_air)},
        released={"flue_gas": flue},
        power=power,
        states={
            "breeze": Figure(1000.0 * fuel / sinter.mass, "kg/t"),
            "iron of the sinter": Figure(sinter.grade("Fe"), "1"),
            "fluorine of the sinter": Figure(sinter.grade("F"), "1"),
            "flue gas": Figure(flue.volume / sinter.mass, "Nm3/t"),
            **basicity,
        },
        limits={"heat left over": Figure(left / sinter.mass, "GJ/t")},
    )


KIND = UnitKind(
    name="sinter_plant",
    title="sinter plant",
    description="Sinters fine ores with flux and breeze; oxygen and volatiles are gained and lost.",
    inlets=SOLIDS | GAS,
    outlets=SOLIDS,
    spec=SinterPlantSpec,
    ports=(
        Port("ore", "in", SOLIDS, "Fine ores and concentrates."),
        Port("flux", "in", SOLIDS, "Limestone, dolomite, burnt lime.", optional=True),
        Port("breeze", "in", SOLIDS, "Breeze of the own ovens.", optional=True),
        Port("returns", "in", SOLIDS, "Dust, scale and slag that return.", optional=True),
        Port("ignition_gas", "in", GAS, "Works gas that lights the bed.", optional=True),
        Port("sinter", "out", SOLIDS, "Sinter."),
        Port("dust", "out", SOLIDS, "Dust, as the feed.", optional=True),
    ),
    operate=operate,
    parameters=("breeze", "volatile.F", "volatile.S", "dust", "power"),
)
