r"""A coke oven: coal into coke, coke-oven gas, tar, benzol and water.

Some 1.3 to 1.45 t of coal make 1 t of coke, breeze among it; the gas, 300 to 350 Nm3/t of coal, is half hydrogen and
a quarter methane. Declared yields fix tar, benzol, what nitrogen and oxygen become, and how much of the hydrogen
leaves as hydrocarbons; the carbon that nothing takes is the coke. Part of the gas fires the ovens, unless works gas
does, and natural gas where it is short; dry quenching gives power.
"""

from __future__ import annotations

from typing import Annotated

import numpy as np

from ferrolan import materials
from ferrolan.base.errors import Infeasible
from ferrolan.base.schema import Model, Sourced, Unit
from ferrolan.process.combustion import burnt, calorific_value
from ferrolan.process.material import Floats, Material, mixed
from ferrolan.process.speciation import element_place, kmol
from ferrolan.process.unit import GAS, LIQUOR, SOLIDS, Figure, Made, Materials, Port, UnitKind

Share = Annotated[Sourced, Unit("1", least=0.0, most=1.0)]


class OxygenOfCoal(Model):
    """What the oxygen of the coal, moisture apart, becomes; the rest of it becomes water."""

    monoxide: Share
    """Share that becomes carbon monoxide [1]."""
    dioxide: Share
    """Share that becomes carbon dioxide [1]."""


class CokeOvenSpec(Model):
    """How coal is coked."""

    hydrogen_in_coke: Share
    """Share of the coal's hydrogen, moisture apart, that stays in the coke [1]."""
    oxygen_in_coke: Share
    """Share of the coal's oxygen, moisture apart, that stays in the coke [1]."""
    nitrogen_in_coke: Share
    """Share of the nitrogen that stays in the coke [1]."""
    sulfur_in_coke: Share
    """Share of the sulfur that stays in the coke; the rest is hydrogen sulfide [1]."""
    tar: Annotated[Sourced, Unit("t/t", least=0.0, most=0.2)]
    """Tar a tonne of dry coal, counted as naphthalene [t/t]."""
    benzol: Annotated[Sourced, Unit("t/t", least=0.0, most=0.1)]
    """Benzol a tonne of dry coal, counted as benzene [t/t]."""
    ammonia: Share
    """Share of the volatile nitrogen that is ammonia; the rest is nitrogen [1]."""
    hydrocarbons: Share
    """Share of the hydrogen that coke, tar, benzol, water and acid gases leave that is in methane and ethylene [1]."""
    ethylene: Share
    """Share of that hydrogen of hydrocarbons that is in ethylene; the rest is in methane [1]."""
    oxygen: OxygenOfCoal
    """What the oxygen of the coal becomes."""
    heat: Annotated[Sourced, Unit("GJ/t", least=0.0)]
    """Calorific value that fires the ovens a tonne of dry coal [GJ/t]."""
    excess_air: Annotated[Sourced, Unit("1", least=0.0)]
    """Air beyond what the gas takes, over that [1]."""
    flue_temperature: Annotated[Sourced, Unit("K", above=298.0)]
    """Temperature of the flue gas [K]."""
    breeze: Share
    """Share of the coke that is too fine for the blast furnace [1]."""
    coke_temperature: Annotated[Sourced, Unit("K", above=273.15)]
    """Temperature of the quenched coke [K]."""
    quenching: Annotated[Sourced, Unit("MWh/t", least=0.0)]
    """Electric energy that dry quenching gives a tonne of coke [MWh/t]."""
    power: Annotated[Sourced, Unit("MWh/t", least=0.0)]
    """Electric energy drawn a tonne of coke [MWh/t]."""


def operate(spec: CokeOvenSpec, inlets: Materials) -> Made:
    """Divide the coal; burn gas under the ovens; the rest of the gas is what the ovens give."""
    coal = inlets["coal"]
    water = coal.amount("water")
    dry = coal.amounts.copy()
    dry[materials.place("water")] = 0.0
    tar = Material.of({"naphthalene": spec.tar.value * float(dry.sum())}, "liquor")
    benzol = Material.of({"benzene": spec.benzol.value * float(dry.sum())}, "liquor")
    kept = _kept(spec, dry)
    gas, formed = _gas(spec, dry - kept, tar.elements + benzol.elements)
    coke = kept + _carbon(dry, tar.elements + benzol.elements + gas.elements)
    heat = spec.heat.value * float(dry.sum())
    value, open_heat = calorific_value(gas), max(heat - calorific_value(inlets["fuel_gas"]), 0.0)
    share = min(open_heat / value, 1.0)
    natural_gas = _natural_gas(max(open_heat - value, 0.0))
    fuels = mixed((gas.times(share), inlets["fuel_gas"], natural_gas))
    air, flue, _ = burnt(fuels, spec.excess_air.value, spec.flue_temperature.value)
    tonnes = float(coke.sum())
    quenched = Material("solids", coke, spec.coke_temperature.value)
    return Made(
        outlets={
            "coke": quenched.times(1.0 - spec.breeze.value),
            "breeze": quenched.times(spec.breeze.value),
            "gas": gas.times(1.0 - share),
            "tar": tar,
            "benzol": benzol,
        },
        drawn={"air": air, "natural_gas": natural_gas},
        released={"flue_gas": flue, "waste_water": Material.of({"water": water + formed}, "liquor")},
        power=(spec.power.value - spec.quenching.value) * tonnes,
        states={
            "coal": Figure(coal.mass / tonnes, "t/t"),
            "coke of dry coal": Figure(tonnes / float(dry.sum()), "t/t"),
            "gas": Figure(gas.volume / float(dry.sum()), "Nm3/t"),
            "gas, calorific value": Figure(1000.0 * value / gas.volume, "MJ/Nm3"),
            "gas that fires the ovens": Figure(share, "1"),
            "coke, carbon": Figure(float(coke[materials.place("carbon")]) / tonnes, "1"),
            "coke, sulfur": Figure(Material("solids", coke).component("S") / tonnes, "1"),
            **_volumes(gas),
        },
        limits={
            "gas left by the ovens": Figure(1.0 - open_heat / value, "1"),
            "heat that works gas leaves open": Figure((heat - calorific_value(inlets["fuel_gas"])) / coal.mass, "GJ/t"),
        },
    )


def _kept(spec: CokeOvenSpec, dry: Floats) -> Floats:
    """Coke without its carbon (species,) [t/h]: all ash, shares of hydrogen, oxygen, nitrogen and sulfur."""
    coke = dry * ~_VOLATILES
    kept = {
        "organic_hydrogen": spec.hydrogen_in_coke, "organic_oxygen": spec.oxygen_in_coke,
        "organic_nitrogen": spec.nitrogen_in_coke, "organic_sulfur": spec.sulfur_in_coke,
    }  # fmt: skip
    for name, share in kept.items():
        coke[materials.place(name)] = share.value * dry[materials.place(name)]
    return coke


def _gas(spec: CokeOvenSpec, volatile: Floats, condensed: Floats) -> tuple[Material, float]:
    """Gas and water that forms [t/h], of volatiles (species,) [t/h]; tar and benzol take ``condensed`` elements."""
    atoms = kmol(volatile @ materials.COMPOSITION - condensed)
    hydrogen, oxygen, nitrogen, sulfur = (float(atoms[element_place(symbol)]) for symbol in "HONS")
    monoxide, dioxide = spec.oxygen.monoxide.value * oxygen, 0.5 * spec.oxygen.dioxide.value * oxygen
    water, ammonia = oxygen - monoxide - 2.0 * dioxide, spec.ammonia.value * nitrogen
    free = hydrogen - 2.0 * water - 3.0 * ammonia - 2.0 * sulfur
    if free < 0.0 or water < 0.0:
        raise Infeasible(
            f"{free:.4g} kmol/h of hydrogen and {water:.4g} kmol/h of water would be left; tar, benzol and the shares "
            "of oxygen do not fit the coal"
        )
    bound = spec.hydrocarbons.value * free
    amounts = {
        "H2": 0.5 * (free - bound), "CH4": 0.25 * (1.0 - spec.ethylene.value) * bound,
        "C2H4": 0.25 * spec.ethylene.value * bound, "CO": monoxide, "CO2": dioxide, "N2": 0.5 * (nitrogen - ammonia),
        "NH3": ammonia, "H2S": sulfur,
    }  # fmt: skip
    tonnes = {name: amount * materials.molar_mass(name) / 1000.0 for name, amount in amounts.items()}
    return Material.of(tonnes, "gas"), water * materials.molar_mass("H2O") / 1000.0


def _carbon(dry: Floats, taken: Floats) -> Floats:
    """Carbon of the coke (species,) [t/h]: what tar, benzol and gas do not take (elements,) [t/h]."""
    place = materials.place("carbon")
    coke = np.zeros(len(dry))
    coke[place] = float(dry[place]) - float(taken[element_place("C")])
    if coke[place] < 0.0:
        raise Infeasible(f"tar, benzol and gas take {-coke[place]:.4g} t/h more carbon than the coal holds")
    return coke


def _natural_gas(heat: float) -> Material:
    """Natural gas, counted as methane, of a calorific value [GJ/h]."""
    tonne = Material.of({"CH4": 1.0}, "gas")
    return tonne.times(heat / calorific_value(tonne))


def _volumes(gas: Material) -> dict[str, Figure]:
    volumes = gas.amounts / materials.MOLAR_MASS
    return {
        f"gas, {name}": Figure(float(volumes[materials.place(name)] / volumes.sum()), "1")
        for name in ("H2", "CH4", "CO", "CO2", "C2H4")
    }


_VOLATILES = np.isin(
    np.array([one.name for one in materials.SPECIES]),
    ("carbon", "organic_hydrogen", "organic_oxygen", "organic_nitrogen", "organic_sulfur"),
)


KIND = UnitKind(
    name="coke_oven",
    title="coke oven",
    description="Cokes coal; gas, tar, benzol and water leave.",
    inlets=SOLIDS | GAS,
    outlets=SOLIDS | GAS | LIQUOR,
    spec=CokeOvenSpec,
    ports=(
        Port("coal", "in", SOLIDS, "Blend of coking coals."),
        Port("fuel_gas", "in", GAS, "Works gas that fires the ovens; own gas gives what it lacks.", optional=True),
        Port("coke", "out", SOLIDS, "Coke for the blast furnace."),
        Port("breeze", "out", SOLIDS, "Breeze, for the sinter strand.", optional=True),
        Port("gas", "out", GAS, "Coke-oven gas, cleaned of tar and benzol, that the ovens leave."),
        Port("tar", "out", LIQUOR, "Tar.", optional=True),
        Port("benzol", "out", LIQUOR, "Benzol.", optional=True),
    ),
    operate=operate,
    parameters=("hydrocarbons", "tar", "benzol", "heat", "sulfur_in_coke", "oxygen.monoxide"),
)
