"""The gas network of a steel works: coke-oven, blast-furnace and converter gas mixed and handed to users.

The mixture of an integrated works holds 4 to 6 MJ/Nm3. Users get declared shares of it, the stack of the flare a
declared share as well, and the power plant what is left. What is flared is waste with a name.
"""

from __future__ import annotations

from typing import Annotated

from ferrolan.base.errors import Infeasible
from ferrolan.base.schema import After, Model, Sourced, Table, Unit
from ferrolan.process.analyses import among
from ferrolan.process.combustion import burnt, calorific_value
from ferrolan.process.material import AMBIENT, mixed
from ferrolan.process.unit import GAS, Figure, Made, Materials, Port, UnitKind

USERS = ("coking", "sintering", "pelletising", "rolling", "others")
"""Ports of users that get a declared share."""


class GasNetworkSpec(Model):
    """How works gas is handed out."""

    shares: Annotated[Table[Annotated[Sourced, Unit("1", least=0.0, most=1.0)]], After(among(USERS))]
    """Share of the mixed gas that each user gets, by port [1]; the power plant gets what is left."""
    flared: Annotated[Sourced, Unit("1", least=0.0, most=1.0)]
    """Share of the mixed gas that is flared [1]."""
    flare_temperature: Annotated[Sourced, Unit("K", above=298.0)]
    """Temperature of the flare's flue gas [K]."""


def operate(spec: GasNetworkSpec, inlets: Materials) -> Made:
    """Mix the gases and divide the mixture."""
    gas = mixed(inlets.values(), "gas")
    shares = {name: share.value for name, share in spec.shares.items()}
    left = 1.0 - sum(shares.values()) - spec.flared.value
    if left < -_ROUND_OFF:
        raise Infeasible(f"users and flare take {1.0 - left:.4g} of the gas; their shares may sum to 1")
    lost = gas.times(spec.flared.value)
    air, flue, _ = burnt(lost, 0.0, spec.flare_temperature.value)
    value = calorific_value(gas)
    outlets = {name: gas.times(shares.get(name, 0.0)) for name in USERS}
    return Made(
        outlets={**outlets, "power_plant": gas.times(max(left, 0.0))},
        drawn={"air": air},
        released={"flare": flue},
        states={
            "gas": Figure(gas.volume, "Nm3/h"),
            "heat": Figure(value, "GJ/h"),
            "heat flared": Figure(calorific_value(lost), "GJ/h"),
            "calorific value": Figure(1000.0 * value / gas.volume, "MJ/Nm3"),
            "temperature over ambient": Figure(gas.temperature - AMBIENT, "K"),
        },
    )


_ROUND_OFF = 1e-12


KIND = UnitKind(
    name="gas_network",
    title="gas network",
    description="Mixes works gases and hands them to users; the flare burns what is declared lost.",
    inlets=GAS,
    outlets=GAS,
    spec=GasNetworkSpec,
    ports=(
        Port("coke_oven_gas", "in", GAS, "Coke-oven gas.", optional=True),
        Port("blast_furnace_gas", "in", GAS, "Blast-furnace gas.", optional=True),
        Port("converter_gas", "in", GAS, "Converter gas.", optional=True),
        Port("coking", "out", GAS, "To fire the coke ovens.", optional=True),
        Port("sintering", "out", GAS, "To light the sinter strand.", optional=True),
        Port("pelletising", "out", GAS, "To fire pellets.", optional=True),
        Port("rolling", "out", GAS, "To heat slabs.", optional=True),
        Port("others", "out", GAS, "To other users.", optional=True),
        Port("power_plant", "out", GAS, "What is left, to the power plant."),
    ),
    operate=operate,
    parameters=("flared",),
)
