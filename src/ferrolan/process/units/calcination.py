"""Calcination: a rare-earth carbonate, oxalate or hydroxide, fired to the oxide.

A tonne of neodymium carbonate gives 0.718 t of Nd2O3; cerium, praseodymium and terbium take up oxygen and become CeO2,
Pr6O11 and Tb4O7. Crystal water and carbon dioxide are the loss on ignition; the burner gives the heat that is lacking.
A document without a specification may declare precipitation and firing as one unit: some 99 % of the rare earths of a
liquor become oxide, the rest leaves with the filtrate.
"""

from __future__ import annotations

from typing import Annotated

from ferrolan import materials
from ferrolan.base.schema import Model, Sourced, Unit
from ferrolan.process.firing import air, fire, need
from ferrolan.process.material import Floats, Material, mixed
from ferrolan.process.operation import rounded
from ferrolan.process.oxides import from_carbonate, from_hydroxide, from_oxalate
from ferrolan.process.phases import of_form, ratio
from ferrolan.process.reaction import Reaction, change
from ferrolan.process.unit import GAS, LIQUOR, SOLIDS, Figure, Made, Materials, Port, UnitKind

_DRYING = Reaction.of("water -> H2O_gas")


class CalcinationSpec(Model):
    """How a kiln fires carbonate or oxalate to oxide."""

    fired: Annotated[Sourced, Unit("1", least=0.0, most=1.0)]
    """Share of carbonate, oxalate and hydroxide that becomes oxide [1]."""
    dust: Annotated[Sourced, Unit("1", least=0.0, most=1.0)]
    """Share of the oxide that the off-gas carries away and the filter does not bring back [1]."""
    temperature: Annotated[Sourced, Unit("K", above=0.0)]
    """Temperature of the oxide as it leaves [K]."""
    off_gas_temperature: Annotated[Sourced, Unit("K", above=0.0)]
    """Temperature of the off-gas [K]."""
    excess_air: Annotated[Sourced, Unit("1", least=0.0)]
    """Air of the burner beyond what its fuel takes, over that [1]."""
    heat_loss: Annotated[Sourced, Unit("GJ/t", least=0.0)]
    """Heat lost to the surroundings per tonne of dry feed [GJ/t]."""
    power: Annotated[Sourced, Unit("MWh/t", least=0.0)]
    """Electric energy per tonne of feed [MWh/t]."""


def operate(spec: CalcinationSpec, inlets: Materials) -> Made:
    """Fire, drive off the water, and burn the gas that the heat balance asks for."""
    feed = inlets["feed"]
    made = change(feed.amounts, [*((one, spec.fired.value) for one in oxidations()), (_DRYING, 1.0)])
    oxidant = air(max(-float(made[materials.place("O2")]), 0.0))
    amounts = rounded(feed.amounts + oxidant.amounts + made, feed.mass)
    gas = of_form(amounts, "gas", spec.off_gas_temperature.value)
    dust, oxide = _dusted(spec, amounts - gas.amounts)
    power = spec.power.value * feed.mass
    lacking = need((feed, oxidant), (oxide, dust, gas), power=power, loss=spec.heat_loss.value * feed.mass)
    fired = fire(lacking, spec.off_gas_temperature.value, spec.excess_air.value)
    return Made(
        {"oxide": oxide, "off_gas": gas.plus(fired.flue)},
        drawn={"natural_gas": fired.fuel, "air": mixed((oxidant, fired.air), "gas")},
        released={"dust": dust},
        power=power,
        states={
            "loss on ignition": Figure(1.0 - ratio(oxide.mass + dust.mass, feed.mass), "1"),
            "rare earths in the oxide": Figure(oxide.grade("REO"), "1"),
            "natural gas a tonne of oxide": Figure(ratio(fired.fuel.mass, oxide.mass), "t/t"),
        },
    )


def oxidations() -> tuple[Reaction, ...]:
    """What firing does to carbonates, oxalates and hydroxides."""
    return (*from_carbonate(), *from_oxalate(), *from_hydroxide())


def _dusted(spec: CalcinationSpec, solids: Floats) -> tuple[Material, Material]:
    share = spec.dust.value
    oxide = Material("solids", solids, spec.temperature.value)
    return oxide.times(share).at(spec.off_gas_temperature.value), oxide.times(1.0 - share)


KIND = UnitKind(
    name="calcination",
    title="precipitation and calcination",
    description="Makes an oxide from a precipitate by fire, or from a liquor; what is not precipitated leaves with the "
    "filtrate.",
    inlets=LIQUOR | SOLIDS,
    outlets=SOLIDS | LIQUOR | GAS,
    spec=CalcinationSpec,
    ports=(
        Port("feed", "in", SOLIDS, "Carbonate, oxalate or hydroxide, with its crystal water."),
        Port("oxide", "out", SOLIDS, "Rare-earth oxide."),
        Port("off_gas", "out", GAS, "Carbon dioxide, steam and the flue gas of the burner.", optional=True),
    ),
    operate=operate,
    parameters=("fired", "dust", "heat_loss", "power"),
)
