"""Precipitation: rare earths out of a chloride or sulphate liquor, as carbonate or oxalate.

Ammonium bicarbonate gives carbonate and a waste water full of ammonium salt, 1.4 t of bicarbonate a tonne of REO at
least; oxalic acid gives oxalate and an acid filtrate. Free acid takes bicarbonate first. What stays dissolved falls as
the reagent is dosed beyond the stoichiometry, ``loss = loss_0 exp(-excess / decay)``: a fitted form.
"""

from __future__ import annotations

import math
from typing import Annotated, Literal

from ferrolan import materials
from ferrolan.base.schema import Model, Sourced, Table, Unit
from ferrolan.process.firing import steam
from ferrolan.process.material import Floats, Material
from ferrolan.process.operation import rounded
from ferrolan.process.phases import concentration, of_form, ratio, without_water
from ferrolan.process.reaction import Reaction, change, of_each
from ferrolan.process.shares import Shares, of_table
from ferrolan.process.unit import LIQUOR, SOLIDS, Figure, Made, Materials, Port, UnitKind

FALLING: dict[str, tuple[Reaction, ...]] = {
    "ammonium_bicarbonate": (
        *of_each("2 chloride_* + 6 ammonium_bicarbonate -> carbonate_* + 6 ammonium_chloride + 3 CO2 + 3 water"),
        *of_each("sulfate_* + 6 ammonium_bicarbonate -> carbonate_* + 3 ammonium_sulfate + 3 CO2 + 3 water"),
    ),
    "oxalic_acid": (
        *of_each("2 chloride_* + 3 oxalic_acid -> oxalate_* + 6 hydrochloric_acid"),
        *of_each("sulfate_* + 3 oxalic_acid -> oxalate_* + 3 sulfuric_acid_aq"),
    ),
}
"""How the rare earths fall with each reagent."""

NEUTRALISING: dict[str, tuple[Reaction, ...]] = {
    "ammonium_bicarbonate": (
        Reaction.of("hydrochloric_acid + ammonium_bicarbonate -> ammonium_chloride + CO2 + water"),
        Reaction.of("sulfuric_acid_aq + 2 ammonium_bicarbonate -> ammonium_sulfate + 2 CO2 + 2 water"),
    ),
    "oxalic_acid": (),
}
"""What free acid takes of each reagent."""


class PrecipitationSpec(Model):
    """How rare earths are precipitated."""

    reagent: Literal["ammonium_bicarbonate", "oxalic_acid"]
    """Reagent: bicarbonate gives carbonate, oxalic acid oxalate."""
    excess: Annotated[Sourced, Unit("1", least=0.0)]
    """Reagent beyond what acid and rare earths take, over that [1]."""
    loss: Annotated[Sourced, Unit("1", least=0.0, most=1.0)]
    """Share of the rare earths that stays dissolved without excess [1]."""
    decay: Annotated[Sourced, Unit("1", above=0.0)]
    """Excess that brings the loss down to 1/e of itself [1]."""
    carried: Shares = Table({})
    """Share of a dissolved species that the precipitate carries along, by species or family [1]; none of the others."""
    bound_water: Annotated[Sourced, Unit("1", least=0.0)]
    """Crystal water per tonne of dry carbonate or oxalate [t/t]."""
    reagent_water: Annotated[Sourced, Unit("1", least=0.0)]
    """Water that the reagent is dissolved in, per tonne of it [t/t]; drawn apart from the pure reagent."""
    temperature: Annotated[Sourced, Unit("K", above=0.0)]
    """Temperature of precipitate and waste water [K]."""
    power: Annotated[Sourced, Unit("MWh/t", least=0.0)]
    """Electric energy per tonne of liquor [MWh/t]."""


def operate(spec: PrecipitationSpec, inlets: Materials) -> Made:
    """Dose the reagent, let fall what falls, part the precipitate from the waste water."""
    feed = inlets["feed"]
    reagent, water = without_water(_dosed(spec, feed.amounts))
    falling = 1.0 - spec.loss.value * math.exp(-spec.excess.value / spec.decay.value)
    steps = [*((one, falling) for one in FALLING[spec.reagent]), *((one, 1.0) for one in NEUTRALISING[spec.reagent])]
    charge = feed.amounts + reagent.amounts + water.amounts
    amounts = rounded(charge + change(feed.amounts, steps), charge.sum())
    liquor = of_form(amounts, "liquor", spec.temperature.value)
    fallen, gas = of_form(amounts, "solids"), of_form(amounts, "gas", spec.temperature.value)
    carried, waste = liquor.take(of_table(spec.carried, 0.0))
    bound, waste = waste.take({"water": min(ratio(spec.bound_water.value * fallen.mass, waste.amount("water")), 1.0)})
    precipitate = Material("solids", fallen.amounts + carried.amounts + bound.amounts, spec.temperature.value)
    power = spec.power.value * feed.mass
    return Made(
        {"precipitate": precipitate, "waste_water": waste},
        drawn={spec.reagent: reagent, "water": water},
        released={"off_gas": gas},
        power=power,
        heat=steam((feed, reagent, water), (precipitate, waste, gas), power),
        states=_states(spec, feed, reagent, precipitate, waste),
    )


def _dosed(spec: PrecipitationSpec, amounts: Floats) -> Material:
    """Reagent that acid and rare earths take at full yield, with the excess and its water."""
    steps = [(one, 1.0) for one in (*FALLING[spec.reagent], *NEUTRALISING[spec.reagent])]
    asked = -float(change(amounts, steps)[materials.place(spec.reagent)]) * (1.0 + spec.excess.value)
    return Material.of({spec.reagent: asked, "water": asked * spec.reagent_water.value}, "liquor")


def _states(
    spec: PrecipitationSpec, feed: Material, reagent: Material, precipitate: Material, waste: Material
) -> dict[str, Figure]:
    oxides = precipitate.component("REO")
    return {
        "recovery of rare earths": Figure(ratio(oxides, feed.component("REO")), "1"),
        "reagent a tonne of oxides": Figure(ratio(reagent.amount(spec.reagent), oxides), "t/t"),
        "waste water a tonne of oxides": Figure(ratio(waste.mass, oxides), "t/t"),
        "nitrogen in the waste water": Figure(concentration(waste, "N"), "kg/m3"),
    }


KIND = UnitKind(
    name="precipitation",
    title="precipitation",
    description="Precipitates rare earths from a liquor as carbonate or oxalate; the ammonium salt is waste water.",
    inlets=LIQUOR,
    outlets=SOLIDS | LIQUOR,
    spec=PrecipitationSpec,
    ports=(
        Port("feed", "in", LIQUOR, "Chloride or sulphate liquor."),
        Port("precipitate", "out", SOLIDS, "Carbonate or oxalate with its crystal water."),
        Port("waste_water", "out", LIQUOR, "Filtrate with what did not fall and the salt.", optional=True),
    ),
    operate=operate,
    parameters=("loss", "decay", "bound_water", "power"),
)
