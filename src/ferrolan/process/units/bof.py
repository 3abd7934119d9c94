"""A basic oxygen furnace: hot metal and scrap into liquid steel, slag, converter gas and dust.

Oxygen burns carbon, silicon, manganese and phosphorus; lime takes up what they leave. The heat they give melts scrap:
asked for a temperature, the furnace finds the scrap, some 15 to 20 % of the charge; else it finds the temperature.
Oxygen is what closes, some 50 Nm3/t.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Annotated

import numpy as np

from ferrolan import materials
from ferrolan.base.errors import Infeasible
from ferrolan.base.schema import After, Model, Sourced, Table, Unit
from ferrolan.process.analyses import Analysis, fractions
from ferrolan.process.combustion import burnt, calorific_value
from ferrolan.process.in_metal import IN_METAL, known_in_metal
from ferrolan.process.material import Floats, Material
from ferrolan.process.operation import rounded
from ferrolan.process.speciation import SLAG, element_place, kmol, laid, tonnes
from ferrolan.process.unit import GAS, METAL, SOLIDS, Figure, Made, Materials, Port, UnitKind

Share = Annotated[Sourced, Unit("1", least=0.0, most=1.0)]


class BofSpec(Model):
    """How a converter is blown."""

    carbon: Annotated[Sourced, Unit("1", least=0.0, most=0.05)]
    """Carbon of the steel at the end point, mass fraction [1]."""
    oxygen: Annotated[Sourced, Unit("1", least=0.0, most=0.01)]
    """Oxygen dissolved in the steel at the end point, mass fraction [1]."""
    to_steel: Annotated[Table[Share], After(known_in_metal)]
    """Share of each element besides iron and carbon that stays in the steel [1]; one not named goes to the slag."""
    iron_of_slag: Annotated[Sourced, Unit("1", least=0.0, most=0.5)]
    """Iron oxide of the slag, as FeO, mass fraction [1]."""
    magnesia_of_slag: Annotated[Sourced, Unit("1", least=0.0, most=0.2)]
    """Magnesia of the slag, mass fraction [1]; magnesia is added where the charge brings less."""
    basicity: Annotated[Sourced, Unit("1", least=0.0, most=10.0)]
    """Lime over silica in the slag, by mass [1]; lime is added where flux brings less."""
    dust: Annotated[Sourced, Unit("1", least=0.0, most=0.1)]
    """Share of the iron charged that leaves as dust, as FeO [1]."""
    post_combustion: Share
    """Share of the carbon burnt that leaves as carbon dioxide [1]."""
    temperature: Annotated[Sourced, Unit("K", above=1673.0, most=2273.0)] | None = None
    """Temperature asked at the end point [K]: scrap is charged for it. Without it the temperature follows."""
    scrap: Analysis | None = None
    """Analysis of the scrap that is bought for the temperature; without it it is plain iron [1]."""
    heat_loss: Annotated[Sourced, Unit("GJ/t", least=0.0)]
    """Heat lost a tonne of metal charged [GJ/t]."""
    gas_temperature: Annotated[Sourced, Unit("K", above=298.0)]
    """Temperature of gas and dust at the mouth [K]."""
    recovered: Share
    """Share of the gas that is collected; the rest is burnt at the stack [1]."""
    collected_temperature: Annotated[Sourced, Unit("K", above=273.15)]
    """Temperature of the gas collected and of the flue gas, behind boiler and cleaning [K]."""
    power: Annotated[Sourced, Unit("MWh/t", least=0.0)]
    """Electric energy a tonne of steel [MWh/t]."""


def operate(spec: BofSpec, inlets: Materials) -> Made:
    """The heat with the scrap that the temperature takes, or at the temperature that the charge gives."""
    blow = _Blow(spec, inlets)
    if spec.temperature is None:
        return _made(blow, 0.0, 1)
    scrap, iterations = _scrap(blow, spec.temperature.value)
    return _made(blow, scrap, iterations)


@dataclass(frozen=True, eq=False)
class _Heat:
    """One blow: amounts of species (species,) [t/h].

    ``enthalpy`` of steel and slag were no heat lost [GJ/h], and their ``temperature`` [K].
    """

    lime: Floats
    magnesia: Floats
    oxygen: Floats
    steel: Floats
    slag: Floats
    dust: Floats
    gas: Floats
    enthalpy: float
    temperature: float


@dataclass(frozen=True, eq=False)
class _Blow:
    """The charge of one furnace."""

    spec: BofSpec
    inlets: Materials

    @cached_property
    def coolant(self) -> Floats:
        """Composition of the scrap bought (species,) [t/t]."""
        if self.spec.scrap is not None:
            return fractions(self.spec.scrap)
        plain = np.zeros(len(materials.SPECIES))
        plain[materials.place("iron")] = 1.0
        return plain

    def heat(self, bought: float) -> _Heat:
        """The blow with so much scrap bought [t/h]."""
        metal = self.inlets["hot_metal"].amounts + self.inlets["scrap"].amounts + self.coolant * bought
        flux = self.inlets["flux"].amounts
        atoms = kmol((metal + flux) @ materials.COMPOSITION)
        kept = self._kept(atoms)
        iron = float(atoms[_FE])
        dust = _species("wustite", self.spec.dust.value * iron)
        left = atoms - kmol(kept @ materials.COMPOSITION)
        left[[_H, _C, _N, _O, _CL]] = 0.0
        left[_FE] = 0.0
        lime, magnesia, slag = self._slag(left)
        bare = iron - float(kmol((slag + dust) @ materials.COMPOSITION)[_FE])
        if bare < 0.0:
            raise Infeasible("the slag would hold more iron than is charged; lower its iron oxide, or its silica")
        steel = self._steel(kept + _species("iron", bare))
        gas, oxygen = self._gas(metal + flux + lime + magnesia, steel + slag + dust)
        enthalpy = self._left(self.coolant * bought + lime + magnesia + oxygen, dust + gas)
        temperature = _temperature(steel + slag, enthalpy - self.spec.heat_loss.value * float(metal.sum()))
        return _Heat(lime, magnesia, oxygen, steel, slag, dust, gas, enthalpy, temperature)

    def _kept(self, atoms: Floats) -> Floats:
        """What stays in the steel beside iron, carbon and oxygen (species,) [t/h]."""
        amounts = np.zeros(len(materials.SPECIES))
        for symbol, share in self.spec.to_steel.items():
            at = element_place(symbol)
            amounts[materials.place(IN_METAL[symbol])] = share.value * tonnes(atoms)[at]
        return amounts

    def _slag(self, atoms: Floats) -> tuple[Floats, Floats, Floats]:
        """Lime and magnesia added, and the slag with its iron oxide (species,) [t/h], of elements [kmol/h]."""
        spec = self.spec
        silica = float(atoms[_SI]) * materials.molar_mass("SiO2")
        added = max(spec.basicity.value * silica - float(atoms[_CA]) * materials.molar_mass("CaO"), 0.0)
        lime = _species("lime", added / materials.molar_mass("CaO"))
        base = laid(atoms + kmol(lime @ materials.COMPOSITION), SLAG)[0]
        brought = float(base[materials.place("periclase")])
        others = float(base.sum()) - brought
        whole = max(
            (others + brought) / (1.0 - spec.iron_of_slag.value),
            others / (1.0 - spec.iron_of_slag.value - spec.magnesia_of_slag.value),
        )
        magnesia = _of_mass("periclase", max(spec.magnesia_of_slag.value * whole - brought, 0.0))
        return lime, magnesia, base + magnesia + _of_mass("wustite", spec.iron_of_slag.value * whole)

    def _steel(self, kept: Floats) -> Floats:
        """The steel with its carbon and oxygen (species,) [t/h]."""
        spec = self.spec
        whole = float(kept.sum()) / (1.0 - spec.carbon.value - spec.oxygen.value)
        steel = kept + _of_mass("dissolved_carbon", spec.carbon.value * whole)
        return steel + _of_mass("dissolved_oxygen", spec.oxygen.value * whole)

    def _gas(self, charged: Floats, made: Floats) -> tuple[Floats, Floats]:
        """Converter gas and oxygen blown (species,) [t/h]."""
        atoms = kmol((charged - made) @ materials.COMPOSITION)
        carbon, hydrogen, nitrogen, chlorine = (float(atoms[place]) for place in (_C, _H, _N, _CL))
        if carbon < 0.0:
            raise Infeasible(f"steel with {self.spec.carbon.value:.3%} carbon takes more than the charge holds")
        dioxide, water = self.spec.post_combustion.value * carbon, 0.5 * max(hydrogen - chlorine, 0.0)
        amounts = {
            "CO": carbon - dioxide, "CO2": dioxide, "H2O_gas": water, "HCl_gas": chlorine, "N2": 0.5 * nitrogen,
        }  # fmt: skip
        gas = np.sum([_species(name, amount) for name, amount in amounts.items()], axis=0)
        need = carbon + dioxide + water - float(atoms[_O])
        if need < 0.0:
            raise Infeasible(f"the charge holds {-need:.4g} kmol/h more oxygen than leaves; take less flux or scale")
        return rounded(gas, float(charged.sum())), _species("O2", 0.5 * need)

    def _left(self, added: Floats, fumes: Floats) -> float:
        """Enthalpy that gas and dust leave to steel, slag and what is lost [GJ/h]."""
        enters = sum(material.enthalpy for material in self.inlets.values()) + float(added @ materials.ENTHALPY_298)
        return enters - Material("gas", fumes, self.spec.gas_temperature.value).enthalpy


def _temperature(melt: Floats, enthalpy: float) -> float:
    """Temperature at which a melt (species,) [t/h] has an enthalpy [GJ/h], not below one that no steel has [K]."""
    melted = Material("metal", melt, _COLDEST)
    return melted.with_enthalpy(max(enthalpy, melted.enthalpy)).temperature


def _scrap(blow: _Blow, temperature: float) -> tuple[float, int]:
    """Scrap bought so that the steel has a temperature [K], nothing where it is too cold without: secant."""
    low, high = 0.0, 0.1 * blow.inlets["hot_metal"].mass
    under, over = blow.heat(low).temperature - temperature, blow.heat(high).temperature - temperature
    if under <= 0.0:
        return 0.0, 1
    for iteration in range(1, _MOST):
        low, high, under = high, max(high - over * (high - low) / (over - under), 0.0), over
        over = blow.heat(high).temperature - temperature
        if abs(over) < _CLOSE or high == low:
            return high, iteration
    raise Infeasible(f"no amount of scrap brings the steel to {temperature:.0f} K")


def _made(blow: _Blow, bought: float, iterations: int) -> Made:
    spec, heat = blow.spec, blow.heat(bought)
    if heat.temperature < _SOLID:
        raise Infeasible(_frozen(blow, bought, heat))
    steel = Material("metal", heat.steel, heat.temperature)
    gas = Material("gas", heat.gas, spec.collected_temperature.value)
    flare_air, flue, _ = burnt(gas.times(1.0 - spec.recovered.value), 0.0, spec.collected_temperature.value)
    oxygen = Material("gas", heat.oxygen)
    charged = blow.inlets["hot_metal"].mass + blow.inlets["scrap"].mass + bought
    asked = spec.temperature.value if spec.temperature is not None else _TAPPED
    return Made(
        outlets={
            "steel": steel,
            "slag": Material("solids", heat.slag, heat.temperature),
            "gas": gas.times(spec.recovered.value),
            "dust": Material("solids", heat.dust, spec.collected_temperature.value),
        },
        drawn={
            "oxygen": oxygen,
            "lime": Material("solids", heat.lime),
            "magnesia": Material("solids", heat.magnesia),
            "scrap": Material("metal", blow.coolant * bought),
            "air": flare_air,
        },
        released={"flue_gas": flue},
        power=spec.power.value * steel.mass,
        states={
            "temperature": Figure(heat.temperature, "K"),
            "scrap of the charge": Figure((blow.inlets["scrap"].mass + bought) / charged, "1"),
            "oxygen": Figure(oxygen.volume / steel.mass, "Nm3/t"),
            "lime": Figure(1000.0 * float(heat.lime.sum()) / steel.mass, "kg/t"),
            "slag": Figure(1000.0 * float(heat.slag.sum()) / steel.mass, "kg/t"),
            "gas": Figure(gas.volume / steel.mass, "Nm3/t"),
            "gas, heat": Figure(calorific_value(gas) / steel.mass, "GJ/t"),
            "steel of the metal charged": Figure(steel.mass / charged, "t/t"),
            **{f"steel, {name}": Figure(steel.grade(name), "1") for name in ("C", "Si", "Mn", "P", "S", "Nb", "O")},
        },
        limits={"temperature above what is asked": Figure(heat.temperature - asked + _CLOSE, "K")},
        iterations=iterations,
    )


def _frozen(blow: _Blow, bought: float, heat: _Heat) -> str:
    """What keeps the steel from being liquid, and what would do."""
    metal = blow.inlets["hot_metal"].mass + blow.inlets["scrap"].mass + bought
    melt = Material("metal", heat.steel + heat.slag)
    lacking = (melt.at(_SOLID).enthalpy - heat.enthalpy) / metal
    found = f"the charge leaves steel of {heat.temperature:.0f} K, expected liquid steel above {_SOLID:.0f} K"
    if lacking > 0.0:
        return f"{found}; even without loss it lacks {lacking:.3g} GJ/t. Charge less scrap and flux, or more hot metal"
    lost = blow.spec.heat_loss.value
    return f"{found}; lower the loss of heat from {lost:.3g} GJ/t to {-lacking:.3g} GJ/t or less, or charge less scrap"


def _species(name: str, amount: float) -> Floats:
    """An amount of one species [kmol/h] as (species,) [t/h]."""
    return _of_mass(name, amount * materials.MOLAR_MASS[materials.place(name)] / 1000.0)


def _of_mass(name: str, mass: float) -> Floats:
    """One species [t/h] as (species,) [t/h]."""
    found = np.zeros(len(materials.SPECIES))
    found[materials.place(name)] = mass
    return found


_H, _C, _N, _O, _SI, _CL, _CA, _FE = (element_place(symbol) for symbol in ("H", "C", "N", "O", "Si", "Cl", "Ca", "Fe"))
_MOST, _CLOSE, _COLDEST, _SOLID, _TAPPED = 40, 1e-9, 300.0, 1673.0, 1811.0


KIND = UnitKind(
    name="bof",
    title="basic oxygen furnace",
    description="Makes liquid steel from hot metal and scrap; phosphorus goes to the slag.",
    inlets=METAL | SOLIDS,
    outlets=METAL | SOLIDS | GAS,
    spec=BofSpec,
    ports=(
        Port("hot_metal", "in", METAL, "Hot metal."),
        Port("scrap", "in", METAL, "Crops and other scrap of the works.", optional=True),
        Port("flux", "in", SOLIDS, "Lime, dolomite, ore.", optional=True),
        Port("steel", "out", METAL, "Liquid steel."),
        Port("slag", "out", SOLIDS, "Slag, with the phosphorus."),
        Port("gas", "out", GAS, "Converter gas that is collected.", optional=True),
        Port("dust", "out", SOLIDS, "Dust.", optional=True),
    ),
    operate=operate,
    parameters=("to_steel.P", "to_steel.Mn", "to_steel.S", "iron_of_slag", "heat_loss", "dust", "post_combustion"),
)
