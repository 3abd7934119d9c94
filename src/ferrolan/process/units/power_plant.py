"""A power plant of a steel works: works gas and coal into electric power.

At 38 % of the calorific value, 1000 Nm3 of blast-furnace gas of 3.3 MJ/Nm3 give 0.35 MWh. Power is negative: it is
given. Condenser and stack take the rest.
"""

from __future__ import annotations

from typing import Annotated

from ferrolan.base.schema import Model, Sourced, Unit
from ferrolan.process.combustion import burnt, calorific_value
from ferrolan.process.material import Material
from ferrolan.process.operation import MWH
from ferrolan.process.unit import GAS, SOLIDS, Figure, Made, Materials, Port, UnitKind


class PowerPlantSpec(Model):
    """How fuel becomes power."""

    efficiency: Annotated[Sourced, Unit("1", above=0.0, most=0.7)]
    """Electric energy sent out over lower calorific value [1]."""
    excess_air: Annotated[Sourced, Unit("1", least=0.0)]
    """Air beyond what the fuels take, over that [1]."""
    flue_temperature: Annotated[Sourced, Unit("K", above=298.0)]
    """Temperature of flue gas and ash [K]."""


def operate(spec: PowerPlantSpec, inlets: Materials) -> Made:
    """Burn gas and coal; a share of their heat is power."""
    gas_air, gas_flue, gas_ash = burnt(inlets["gas"], spec.excess_air.value, spec.flue_temperature.value)
    coal_air, coal_flue, coal_ash = burnt(inlets["coal"], spec.excess_air.value, spec.flue_temperature.value)
    by_gas, by_coal = calorific_value(inlets["gas"]), calorific_value(inlets["coal"])
    heat = by_gas + by_coal
    return Made(
        outlets={"ash": Material("solids", gas_ash.amounts + coal_ash.amounts, spec.flue_temperature.value)},
        drawn={"air": gas_air.plus(coal_air)},
        released={"flue_gas": gas_flue.plus(coal_flue)},
        power=-spec.efficiency.value * heat / MWH,
        states={
            "heat of the fuels": Figure(heat, "GJ/h"),
            "heat of gas": Figure(by_gas / heat if heat > 0.0 else 0.0, "1"),
        },
    )


KIND = UnitKind(
    name="power_plant",
    title="power plant",
    description="Burns works gas and coal for electric power.",
    inlets=GAS | SOLIDS,
    outlets=SOLIDS,
    spec=PowerPlantSpec,
    ports=(
        Port("gas", "in", GAS, "Works gas.", optional=True),
        Port("coal", "in", SOLIDS, "Steam coal.", optional=True),
        Port("ash", "out", SOLIDS, "Ash.", optional=True),
    ),
    operate=operate,
    parameters=("efficiency",),
)
