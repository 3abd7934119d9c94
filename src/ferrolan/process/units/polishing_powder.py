"""Polishing powder: lanthanum-cerium carbonate, fluorinated and fired.

Cerium oxide polishes glass; a few per cent of fluorine hold lanthanum as fluoride. With half of the lanthanum
fluorinated a carbonate of two parts of cerium to one of lanthanum gives a powder with some 5 % of fluorine. The wet
carbonate takes the acid, then the kiln drives off water and carbon dioxide.
"""

from __future__ import annotations

from typing import Annotated

from ferrolan import materials
from ferrolan.base.schema import Model, Sourced, Unit
from ferrolan.process.firing import air, fire, need
from ferrolan.process.material import Material, mixed
from ferrolan.process.operation import rounded
from ferrolan.process.oxides import from_carbonate
from ferrolan.process.phases import of_form, ratio, without_water
from ferrolan.process.reaction import Reaction, change, of_each
from ferrolan.process.shares import Shares, of_table
from ferrolan.process.unit import GAS, SOLIDS, Figure, Made, Materials, Port, UnitKind

FLUORINATING = of_each("carbonate_* + 6 hydrofluoric_acid -> 2 fluoride_* + 3 CO2 + 3 water")
"""What the acid does to each carbonate."""
_DRYING = Reaction.of("water -> H2O_gas")


class PolishingPowderSpec(Model):
    """How carbonate becomes polishing powder."""

    fluorinated: Shares
    """Share of a carbonate that becomes fluoride, by species or family [1]; none of one that is not named."""
    acid_strength: Annotated[Sourced, Unit("1", above=0.0, most=1.0)]
    """Mass fraction of HF in the acid that is bought [1]; drawn are pure HF, and its water apart."""
    temperature: Annotated[Sourced, Unit("K", above=0.0)]
    """Temperature of the powder as it leaves [K]."""
    off_gas_temperature: Annotated[Sourced, Unit("K", above=0.0)]
    """Temperature of the off-gas [K]."""
    excess_air: Annotated[Sourced, Unit("1", least=0.0)]
    """Air of the burner beyond what its fuel takes, over that [1]."""
    heat_loss: Annotated[Sourced, Unit("GJ/t", least=0.0)]
    """Heat lost to the surroundings per tonne of dry feed [GJ/t]."""
    power: Annotated[Sourced, Unit("MWh/t", least=0.0)]
    """Electric energy per tonne of powder, for firing and milling [MWh/t]."""


def operate(spec: PolishingPowderSpec, inlets: Materials) -> Made:
    """Fluorinate, fire what is left of the carbonate, and burn the gas that the heat balance asks for."""
    feed = inlets["feed"]
    shares = of_table(spec.fluorinated, 0.0)
    made = change(feed.amounts, [(one, float(shares[materials.place(one.key)])) for one in FLUORINATING])
    pure = max(-float(made[materials.place("hydrofluoric_acid")]), 0.0)
    acid = Material.of({"hydrofluoric_acid": pure, "water": pure * (1.0 / spec.acid_strength.value - 1.0)}, "liquor")
    acid, water = without_water(acid)
    cake = rounded(feed.amounts + acid.amounts + water.amounts + made, feed.mass)
    made = change(cake, [*((one, 1.0) for one in from_carbonate()), (_DRYING, 1.0)])
    oxidant = air(max(-float(made[materials.place("O2")]), 0.0))
    amounts = rounded(cake + oxidant.amounts + made, feed.mass)
    gas = of_form(amounts, "gas", spec.off_gas_temperature.value)
    powder = Material("solids", amounts - gas.amounts, spec.temperature.value)
    return _fired(spec, feed, {"hydrofluoric_acid": acid, "water": water, "air": oxidant}, powder, gas)


def _fired(
    spec: PolishingPowderSpec, feed: Material, drawn: dict[str, Material], powder: Material, gas: Material
) -> Made:
    power = spec.power.value * powder.mass
    loss = spec.heat_loss.value * feed.mass
    lacking = need((feed, *drawn.values()), (powder, gas), power=power, loss=loss)
    fired = fire(lacking, spec.off_gas_temperature.value, spec.excess_air.value)
    oxidant = mixed((drawn["air"], fired.air), "gas")
    return Made(
        {"powder": powder, "off_gas": gas.plus(fired.flue)},
        drawn={**drawn, "natural_gas": fired.fuel, "air": oxidant},
        power=power,
        states={
            "fluorine in the powder": Figure(powder.grade("F"), "1"),
            "rare earths in the powder": Figure(powder.grade("REO"), "1"),
            "powder a tonne of feed": Figure(ratio(powder.mass, feed.mass), "t/t"),
        },
    )


KIND = UnitKind(
    name="polishing_powder",
    title="polishing powder",
    description="Makes polishing powder from lanthanum-cerium carbonate: fluorinates and fires it.",
    inlets=SOLIDS,
    outlets=SOLIDS | GAS,
    spec=PolishingPowderSpec,
    ports=(
        Port("feed", "in", SOLIDS, "Lanthanum-cerium carbonate."),
        Port("powder", "out", SOLIDS, "Oxide and fluoride of lanthanum and cerium."),
        Port("off_gas", "out", GAS, "Carbon dioxide, steam and the flue gas of the burner.", optional=True),
    ),
    operate=operate,
    parameters=("heat_loss", "power"),
)
