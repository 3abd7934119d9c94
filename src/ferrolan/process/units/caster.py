"""A continuous caster: liquid steel into slabs and crops.

Some 97.5 % of the steel becomes slab, a percent crops, and a few kilograms a tonne scale. Slabs leave at 1000 to 1200
K where they are charged hot.
"""

from __future__ import annotations

from typing import Annotated

from ferrolan.base.schema import Model, Sourced, Unit
from ferrolan.process.scale import scaled
from ferrolan.process.unit import METAL, SOLIDS, Figure, Made, Materials, Port, UnitKind


class CasterSpec(Model):
    """How steel is cast."""

    crops: Annotated[Sourced, Unit("1", least=0.0, most=0.5)]
    """Share of the steel that is cut off and returns as scrap [1]."""
    scale: Annotated[Sourced, Unit("1", least=0.0, most=0.1)]
    """Share of the iron that is lost as scale [1]."""
    slab_temperature: Annotated[Sourced, Unit("K", above=273.15)]
    """Temperature of slab and crops behind the cut [K]."""
    power: Annotated[Sourced, Unit("MWh/t", least=0.0)]
    """Electric energy a tonne of steel [MWh/t]."""


def operate(spec: CasterSpec, inlets: Materials) -> Made:
    """Cut, scale and cool the steel; water takes the heat."""
    steel, hot = inlets["steel"], spec.slab_temperature.value
    scale, clean, air, gas = scaled(steel, spec.scale.value, hot)
    crops, slab = clean.at(hot).times(spec.crops.value), clean.at(hot).times(1.0 - spec.crops.value)
    return Made(
        outlets={"slab": slab, "crops": crops, "scale": scale},
        drawn={"air": air},
        released={"off_gas": gas},
        power=spec.power.value * steel.mass,
        states={
            "yield": Figure(slab.mass / steel.mass, "t/t"),
            "rare earths of the slab": Figure(slab.grade("RE"), "1"),
        },
    )


KIND = UnitKind(
    name="caster",
    title="caster",
    description="Casts liquid steel into slabs; crops return as scrap.",
    inlets=METAL,
    outlets=METAL | SOLIDS,
    spec=CasterSpec,
    ports=(
        Port("steel", "in", METAL, "Liquid steel."),
        Port("slab", "out", METAL, "Slabs, blooms or billets."),
        Port("crops", "out", METAL, "Crops.", optional=True),
        Port("scale", "out", SOLIDS, "Scale.", optional=True),
    ),
    operate=operate,
    parameters=("crops", "scale", "power"),
)
