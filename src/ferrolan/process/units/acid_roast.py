"""Acid roasting: rare-earth concentrate and sulphuric acid, in a kiln, into sulphates.

A tonne of concentrate with 55 % of rare-earth oxides takes some 1.4 t of acid at 570 K; bastnaesite and monazite become
sulphates, fluorite gives hydrogen fluoride and anhydrite, and what acid is too much leaves as fume. Everything that
leaves up the stack is counted: HF, SiF4, SO3, CO2, steam.

Conversion of each mineral, first order in time, Arrhenius in temperature, a power of the acid ratio::

    X = 1 - (1 - X_ref) ^ (t / t_ref (a / a_ref)^n exp(-E/R (1/T - 1/T_ref)))

so that it is the measured X_ref at the conditions it was measured at, and stays a conversion elsewhere: a fitted form.
Where the acid does not suffice, every conversion is cut in the same proportion. Part of the thorium ends as
pyrophosphate, which water does not dissolve.
"""

from __future__ import annotations

import math
from typing import Annotated

import numpy as np

from ferrolan import materials
from ferrolan.base.schema import After, Model, Sourced, Table, Unit, WrongValue, nearest
from ferrolan.process.firing import air, fire, need
from ferrolan.process.material import Floats, Material, mixed
from ferrolan.process.operation import rounded
from ferrolan.process.phases import of_form, ratio, without_water
from ferrolan.process.reaction import Reaction, change, of_each
from ferrolan.process.unit import GAS, SOLIDS, Figure, Made, Materials, Port, UnitKind

_GAS_CONSTANT = 8.31446261815324e-6  # GJ/(kmol K)

ATTACKS: dict[str, tuple[Reaction, ...]] = {
    "bastnaesite": of_each("2 bastnaesite_* + 3 sulfuric_acid -> sulfate_solid_* + 2 HF + 2 CO2 + 2 H2O_gas"),
    "monazite": of_each("2 monazite_* + 3 sulfuric_acid -> sulfate_solid_* + 2 phosphoric_acid"),
    **{
        reaction.key: (reaction,)
        for reaction in map(
            Reaction.of,
            (
                "fluorite + sulfuric_acid -> anhydrite + 2 HF",
                "calcite + sulfuric_acid -> anhydrite + CO2 + H2O_gas",
                "dolomite + 2 sulfuric_acid -> anhydrite + magnesia_sulfate_solid + 2 CO2 + 2 H2O_gas",
                "apatite + 5 sulfuric_acid -> 5 anhydrite + 3 phosphoric_acid + HF",
                "hematite + 3 sulfuric_acid -> iron_sulfate_solid + 3 H2O_gas",
                "2 magnetite + 9 sulfuric_acid + 0.5 O2 -> 3 iron_sulfate_solid + 9 H2O_gas",
                "2 siderite + 3 sulfuric_acid + 0.5 O2 -> iron_sulfate_solid + 2 CO2 + 3 H2O_gas",
                "thorianite + 2 sulfuric_acid -> thorium_sulfate_solid + 2 H2O_gas",
            ),
        )
    },
}
"""What the acid does to each mineral it attacks."""

_FIXING = Reaction.of("thorium_sulfate_solid + 2 phosphoric_acid -> thorium_phosphate + 2 sulfuric_acid + H2O_gas")
_ETCHING = Reaction.of("HF + 0.25 quartz -> 0.25 SiF4 + 0.5 H2O_gas")
_FUMING = Reaction.of("sulfuric_acid -> SO3_gas + H2O_gas")
_DRYING = Reaction.of("water -> H2O_gas")


class Attack(Model):
    """How far the acid attacks a mineral."""

    conversion: Annotated[Sourced, Unit("1", least=0.0, most=1.0)]
    """Share converted at the reference temperature, acid ratio and time [1]."""
    activation_energy: Annotated[Sourced, Unit("GJ/kmol", least=0.0)]
    """Activation energy E of the attack [GJ/kmol]."""


def _attacked(table: Table[Attack]) -> Table[Attack]:
    for name in table:
        if name not in ATTACKS:
            way_out = nearest(name, [*ATTACKS])
            raise WrongValue("unknown_mineral", "a mineral that the acid attacks", way_out, name, (name,))
    return table


class RoastConditions(Model):
    """Conditions at which conversions were measured."""

    temperature: Annotated[Sourced, Unit("K", above=0.0)]
    """Temperature [K]."""
    acid: Annotated[Sourced, Unit("1", above=0.0)]
    """Sulphuric acid, as 100 %, per tonne of concentrate [t/t]."""
    time: Annotated[Sourced, Unit("h", above=0.0)]
    """Time in the kiln [h]."""


class AcidRoastSpec(Model):
    """How a kiln roasts concentrate with acid."""

    attacks: Annotated[Table[Attack], After(_attacked)]
    """How far each mineral is attacked; one that is not named stays as it is."""
    reference: RoastConditions
    """Conditions at which the conversions were measured."""
    acid_order: Annotated[Sourced, Unit("1", least=0.0)]
    """Exponent n of the acid ratio in the rate [1]."""
    temperature: Annotated[Sourced, Unit("K", above=0.0)]
    """Temperature of the charge [K]."""
    time: Annotated[Sourced, Unit("h", above=0.0)]
    """Time in the kiln [h]."""
    acid: Annotated[Sourced, Unit("1", above=0.0)]
    """Sulphuric acid, as 100 %, per tonne of dry feed [t/t]."""
    acid_strength: Annotated[Sourced, Unit("1", above=0.0, most=1.0)]
    """Mass fraction of H2SO4 in the acid that is bought [1]; drawn are pure H2SO4, and its water apart."""
    acid_fumed: Annotated[Sourced, Unit("1", least=0.0, most=1.0)]
    """Share of the acid left over that fumes off as SO3 and steam [1]; the rest stays with the calcine."""
    thorium_fixed: Annotated[Sourced, Unit("1", least=0.0, most=1.0)]
    """Share of the attacked thorium that ends as pyrophosphate, as far as there is phosphoric acid [1]."""
    silica_attacked: Annotated[Sourced, Unit("1", least=0.0, most=1.0)]
    """Share of the hydrogen fluoride that leaves as SiF4, as far as there is quartz [1]."""
    off_gas_temperature: Annotated[Sourced, Unit("K", above=0.0)]
    """Temperature of the off-gas [K]."""
    excess_air: Annotated[Sourced, Unit("1", least=0.0)]
    """Air of the burner beyond what its fuel takes, over that [1]."""
    heat_loss: Annotated[Sourced, Unit("GJ/t", least=0.0)]
    """Heat lost through the shell per tonne of dry feed [GJ/t]."""
    power: Annotated[Sourced, Unit("MWh/t", least=0.0)]
    """Electric energy per tonne of dry feed [MWh/t]."""


def operate(spec: AcidRoastSpec, inlets: Materials) -> Made:
    """Attack the minerals, let fume off what fumes, and burn the gas that the heat balance asks for."""
    feed = inlets["feed"]
    acid = _acid(spec, feed)
    charge = feed.amounts + acid.amounts
    supply, asked = spec.acid.value * feed.mass, _asked(spec, feed)
    made = change(charge, [(one, share * min(1.0, ratio(supply, asked) or 1.0)) for one, share in _shares(spec)])
    oxidant = air(max(-float(made[_OXYGEN]), 0.0))
    roasted = _finished(spec, rounded(charge + made + oxidant.amounts, charge.sum()), charge)
    gas = of_form(roasted, "gas", spec.off_gas_temperature.value)
    calcine = Material("solids", roasted - gas.amounts, spec.temperature.value)
    return _fired(spec, feed, acid, oxidant, calcine, gas, ratio(supply, asked))


def conversion(spec: AcidRoastSpec, attack: Attack) -> float:
    """Share of a mineral that is converted, if the acid suffices [1]."""
    at = spec.reference
    warmer = 1.0 / spec.temperature.value - 1.0 / at.temperature.value
    rate = math.exp(-attack.activation_energy.value / _GAS_CONSTANT * warmer)
    rate *= (spec.acid.value / at.acid.value) ** spec.acid_order.value * spec.time.value / at.time.value
    return float(1.0 - (1.0 - attack.conversion.value) ** rate)


_OXYGEN, _ACID = materials.place("O2"), materials.place("sulfuric_acid")


def _acid(spec: AcidRoastSpec, feed: Material) -> Material:
    pure = spec.acid.value * feed.mass
    return Material.of({"sulfuric_acid": pure, "water": pure * (1.0 / spec.acid_strength.value - 1.0)}, "liquor")


def _shares(spec: AcidRoastSpec) -> list[tuple[Reaction, float]]:
    return [(one, conversion(spec, attack)) for name, attack in spec.attacks.items() for one in ATTACKS[name]]


def _asked(spec: AcidRoastSpec, feed: Material) -> float:
    """Acid that the conversions take, if there is enough [t/h]."""
    return -float(change(feed.amounts, _shares(spec))[_ACID])


def _finished(spec: AcidRoastSpec, roasted: Floats, charge: Floats) -> Floats:
    """Thorium fixed, silica etched, acid left over fumed, water driven off."""
    steps = (
        (_FIXING, spec.thorium_fixed.value),
        (_ETCHING, spec.silica_attacked.value),
        (_FUMING, spec.acid_fumed.value),
        (_DRYING, 1.0),
    )
    for reaction, share in steps:
        roasted = rounded(roasted + change(roasted, [(reaction, _within(reaction, share, roasted))]), charge.sum())
    return roasted


def _within(reaction: Reaction, share: float, amounts: Floats) -> float:
    """The share of the key that can be turned over, as far as the other reactants last."""
    key = float(amounts[materials.place(reaction.key)])
    others = [place for place in np.flatnonzero(reaction.change < 0.0) if place != materials.place(reaction.key)]
    last = [float(amounts[place] / -reaction.change[place]) for place in others]
    return min([share, *(ratio(amount, key) for amount in last)])


def _fired(
    spec: AcidRoastSpec,
    feed: Material,
    acid: Material,
    oxidant: Material,
    calcine: Material,
    gas: Material,
    enough: float,
) -> Made:
    power = spec.power.value * feed.mass
    lacking = need((feed, acid, oxidant), (calcine, gas), power=power, loss=spec.heat_loss.value * feed.mass)
    fired = fire(lacking, spec.off_gas_temperature.value, spec.excess_air.value)
    off_gas, (pure, water) = gas.plus(fired.flue), without_water(acid)
    return Made(
        {"calcine": calcine, "off_gas": off_gas},
        drawn={
            "sulfuric_acid": pure,
            "water": water,
            "natural_gas": fired.fuel,
            "air": mixed((oxidant, fired.air), "gas"),
        },
        power=power,
        states={
            "hydrogen fluoride in the off-gas": Figure(off_gas.amount("HF"), "t/h"),
            "sulphur trioxide in the off-gas": Figure(off_gas.amount("SO3_gas"), "t/h"),
            "natural gas a tonne of feed": Figure(ratio(fired.fuel.mass, feed.mass), "t/t"),
            "rare earths turned to sulphate": Figure(_turned(feed, calcine), "1"),
        },
        limits={"acid beyond what the conversions take": Figure(enough - 1.0 if enough else 0.0, "1")},
    )


def _turned(feed: Material, calcine: Material) -> float:
    names = [f"sulfate_solid_{symbol}" for symbol in materials.RARE_EARTHS]
    sulphates = Material.of({name: calcine.amount(name) for name in names})
    return ratio(sulphates.component("REO"), feed.component("REO"))


KIND = UnitKind(
    name="acid_roast",
    title="acid roasting",
    description="Turns the minerals of a rare-earth concentrate into sulphates with sulphuric acid in a kiln.",
    inlets=SOLIDS,
    outlets=SOLIDS | GAS,
    spec=AcidRoastSpec,
    ports=(
        Port("feed", "in", SOLIDS, "Rare-earth concentrate."),
        Port("calcine", "out", SOLIDS, "Sulphates, residue and the acid that did not fume off."),
        Port("off_gas", "out", GAS, "HF, SiF4, SO3, CO2, steam and the flue gas of the burner.", optional=True),
    ),
    operate=operate,
    parameters=(
        "attacks.bastnaesite.conversion",
        "attacks.monazite.conversion",
        "attacks.fluorite.conversion",
        "attacks.hematite.conversion",
        "thorium_fixed",
        "heat_loss",
        "power",
    ),
)
