"""A rolling mill: slabs are heated and rolled into steel products, crops and mill scale.

Cold slabs take some 1.2 GJ/t to 1500 K and a furnace of fair efficiency twice that as fuel; slabs charged hot take
less. Scale takes up oxygen of the air, and crops return as scrap: 95 to 98.5 % of the slab is product.
"""

from __future__ import annotations

from typing import Annotated

from ferrolan.base.schema import Model, Sourced, Unit
from ferrolan.process.combustion import calorific_value, heated
from ferrolan.process.material import Material
from ferrolan.process.scale import scaled
from ferrolan.process.unit import GAS, METAL, SOLIDS, Figure, Made, Materials, Port, UnitKind


class RollingMillSpec(Model):
    """How steel is heated and rolled."""

    crops: Annotated[Sourced, Unit("1", least=0.0, most=0.5)]
    """Share of the steel that is cut off and returns as scrap [1]."""
    scale: Annotated[Sourced, Unit("1", least=0.0, most=0.1)]
    """Share of the iron that is lost as scale [1]."""
    furnace_temperature: Annotated[Sourced, Unit("K", above=298.0, most=1673.0)]
    """Temperature to which slabs are heated [K]."""
    heat_loss: Annotated[Sourced, Unit("GJ/t", least=0.0)]
    """Heat that the furnace loses, besides its flue gas, a tonne of slab [GJ/t]."""
    excess_air: Annotated[Sourced, Unit("1", least=0.0)]
    """Air beyond what the gases take, over that [1]."""
    flue_temperature: Annotated[Sourced, Unit("K", above=298.0)]
    """Temperature of the flue gas behind the recuperator [K]."""
    product_temperature: Annotated[Sourced, Unit("K", above=273.15)]
    """Temperature at which product and crops leave the mill [K]."""
    power: Annotated[Sourced, Unit("MWh/t", least=0.0)]
    """Electric energy a tonne of slab [MWh/t]."""


def operate(spec: RollingMillSpec, inlets: Materials) -> Made:
    """Heat the slabs with works gas and then natural gas; scale, crop and roll."""
    slab, hot = inlets["slab"], spec.furnace_temperature.value
    scale, clean, air, gas = scaled(slab, spec.scale.value, hot)
    heat = clean.at(hot).enthalpy + scale.enthalpy + gas.enthalpy - slab.enthalpy - air.enthalpy
    heat += spec.heat_loss.value * slab.mass
    fires = heated(heat, inlets["fuel_gas"], spec.excess_air.value, spec.flue_temperature.value)
    cooled = clean.at(spec.product_temperature.value)
    product, crops = cooled.times(1.0 - spec.crops.value), cooled.times(spec.crops.value)
    fuel = calorific_value(fires.natural_gas) + calorific_value(inlets["fuel_gas"])
    return Made(
        outlets={"product": product, "crops": crops, "scale": scale},
        drawn={"natural_gas": fires.natural_gas, "air": Material("gas", air.amounts + fires.air.amounts)},
        released={"flue_gas": fires.flue, "off_gas": gas},
        power=spec.power.value * slab.mass,
        states={
            "yield": Figure(product.mass / slab.mass, "t/t"),
            "fuel": Figure(fuel / slab.mass, "GJ/t"),
            "rare earths of the product": Figure(product.grade("RE"), "1"),
        },
        limits={"heat that works gas leaves open": Figure((heat - fires.by_gas) / slab.mass, "GJ/t")},
    )


KIND = UnitKind(
    name="rolling_mill",
    title="rolling mill",
    description="Rolls slabs into steel products; crops return as scrap, scale is lost.",
    inlets=METAL | GAS,
    outlets=METAL | SOLIDS,
    spec=RollingMillSpec,
    ports=(
        Port("slab", "in", METAL, "Slabs, blooms or billets, cold or hot."),
        Port("fuel_gas", "in", GAS, "Works gas; natural gas gives what it lacks.", optional=True),
        Port("product", "out", METAL, "Rolled steel."),
        Port("crops", "out", METAL, "Crops.", optional=True),
        Port("scale", "out", SOLIDS, "Mill scale.", optional=True),
    ),
    operate=operate,
    parameters=("crops", "scale", "heat_loss", "power"),
)
