"""A blast furnace: pellets, sinter and coke into hot metal, slag, top gas and dust.

Two balances of the zone below the thermal reserve, where burden and gas stand at some 1220 K, fix coke and blast:
oxygen, for the gas that leaves the zone has come ``shaft_efficiency`` of the way to equilibrium with wustite (the
Rist line and its point W), and heat. A third says that the hot metal is whole. At 0.95 of the way, 1150 degC blast
and 150 kg/t of coal the answer is some 350 kg/t of coke and 1000 Nm3/t of blast. Everything is proportional to the
burden.

What Bayan Obo ore brings besides iron is carried: phosphorus goes to the metal, niobium divides, rare earths go to
the slag, fluorine to the slag as fluorite and a little to the gas, alkalis to slag and dust.

Conventions: hearth and shaft lose heat as declared; slag is the sum of its oxides, whose heat of solution and of
melting partly cancel and are part of ``hearth_loss``; the blower warms the blast, stoves heat it from there; carbon
dioxide of the flux leaves with the top gas outside of the operating line, except the part that coke takes.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Annotated

import numpy as np

from ferrolan import materials
from ferrolan.base.errors import Infeasible, NotConverged, ProblemError
from ferrolan.base.schema import After, Model, Sourced, Table, Unit
from ferrolan.process import in_metal, rist
from ferrolan.process.analyses import Analysis, among, fractions
from ferrolan.process.combustion import burnt, calorific_value
from ferrolan.process.firing import air
from ferrolan.process.material import AMBIENT, Floats, Material
from ferrolan.process.operation import MWH, rounded
from ferrolan.process.speciation import SLAG, element_place, kmol, laid, tonnes
from ferrolan.process.unit import GAS, METAL, SOLIDS, Figure, Made, Materials, Port, UnitKind

IN_METAL = {"Fe": "iron", **{symbol: in_metal.IN_METAL[symbol] for symbol in ("Mn", "P", "S", "Nb", "Ti", "B")}}
"""Species in the hot metal by element, besides silicon and carbon, which its analysis gives."""
VOLATILE = ("S", "F", "Na", "K")
"""Elements of which a share leaves over the top."""
_FUELS = ("carbon", "organic_hydrogen", "organic_oxygen", "organic_nitrogen", "organic_sulfur")
_DRY = 373.15  # K: below it the top gas could not dry the burden


class HotMetal(Model):
    """What the hot metal should be."""

    carbon: Annotated[Sourced, Unit("1", least=0.0, most=0.1)]
    """Carbon, mass fraction [1]."""
    silicon: Annotated[Sourced, Unit("1", least=0.0, most=0.1)]
    """Silicon, mass fraction [1]."""
    temperature: Annotated[Sourced, Unit("K", above=1273.0, most=2000.0)]
    """Temperature of the hot metal [K]."""


class Blast(Model):
    """What is blown in by the tuyeres."""

    temperature: Annotated[Sourced, Unit("K", above=298.0, most=1700.0)]
    """Temperature behind the stoves [K]."""
    oxygen: Annotated[Sourced, Unit("1", least=0.21, most=1.0)]
    """Oxygen in the dry blast, enriched or not, mole fraction [1]; air counts as 0.21."""
    moisture: Annotated[Sourced, Unit("1", least=0.0, most=0.3)]
    """Water vapour a volume of dry blast [1]."""
    blower: Annotated[Sourced, Unit("MWh/Nm3", least=0.0)]
    """Electric energy of the blower a volume of dry blast [MWh/Nm3]; it warms the blast."""


class Stoves(Model):
    """How the hot stoves turn top gas into hot blast."""

    efficiency: Annotated[Sourced, Unit("1", above=0.0, most=1.0)]
    """Heat given to the blast over the calorific value of the gas burnt [1]."""
    excess_air: Annotated[Sourced, Unit("1", least=0.0)]
    """Air beyond what the gas takes, over that [1]."""
    flue_temperature: Annotated[Sourced, Unit("K", above=298.0)]
    """Temperature of the flue gas [K]."""


class BlastFurnaceSpec(Model):
    """How a blast furnace is run."""

    hot_metal: HotMetal
    """What the hot metal should be."""
    to_metal: Annotated[Table[Annotated[Sourced, Unit("1", least=0.0, most=1.0)]], After(among(IN_METAL))]
    """Share of each element that goes to the hot metal [1]; an element not named goes to the slag."""
    over_top: Annotated[Table[Annotated[Sourced, Unit("1", least=0.0, most=1.0)]], After(among(VOLATILE))]
    """Share of sulfur and fluorine that leaves with the top gas, of sodium and potassium with the dust [1]."""
    blast: Blast
    """What is blown in."""
    injection: Annotated[Sourced, Unit("t/t", least=0.0)]
    """Pulverised coal injected a tonne of hot metal [t/t], at least: coal that is brought is all injected, and what it
    lacks of this is bought."""
    coal: Analysis
    """Analysis of the pulverised coal that is bought: species and their mass fractions [1]."""
    coke: Analysis | None = None
    """Analysis of coke that is bought; without it bought coke is like the coke that is brought."""
    shaft_efficiency: Annotated[Sourced, Unit("1", above=0.0, most=1.2)]
    """How far the gas of the reserve zone has come to equilibrium with wustite [1]; 1 passes through W."""
    reserve_temperature: Annotated[Sourced, Unit("K", above=900.0, most=1500.0)]
    """Temperature of the thermal reserve zone [K]."""
    hydrogen_utilisation: Annotated[Sourced, Unit("1", least=0.0, most=1.0)]
    """Share of the hydrogen of blast and fuels that is water in the top gas [1]."""
    flux_reduced: Annotated[Sourced, Unit("1", least=0.0, most=1.0)]
    """Share of the carbonates that calcine below the reserve zone, where carbon takes their carbon dioxide [1]."""
    hearth_loss: Annotated[Sourced, Unit("GJ/t", least=0.0)]
    """Heat lost below the reserve zone a tonne of hot metal [GJ/t]."""
    shaft_loss: Annotated[Sourced, Unit("GJ/t", least=0.0)]
    """Heat lost above it a tonne of hot metal [GJ/t]."""
    slag_temperature: Annotated[Sourced, Unit("K", above=1273.0, most=2100.0)]
    """Temperature of the slag [K]."""
    dust_of_burden: Annotated[Sourced, Unit("1", least=0.0, most=0.2)]
    """Share of burden and flux that leaves as dust [1]."""
    dust_of_coke: Annotated[Sourced, Unit("1", least=0.0, most=0.2)]
    """Share of the coke that leaves as dust [1]."""
    gas_temperature: Annotated[Sourced, Unit("K", above=273.15)]
    """Temperature of the top gas behind cleaning and turbine [K]."""
    turbine: Annotated[Sourced, Unit("MWh/Nm3", least=0.0)]
    """Electric energy that the top-gas turbine gives a volume of top gas [MWh/Nm3]."""
    power: Annotated[Sourced, Unit("MWh/t", least=0.0)]
    """Electric energy of everything else a tonne of hot metal [MWh/t]."""
    stoves: Stoves
    """How the blast is heated."""


def operate(spec: BlastFurnaceSpec, inlets: Materials) -> Made:
    """Coke and blast from oxygen and heat below the reserve zone; top gas and its temperature from the whole."""
    furnace = _Furnace(spec, inlets)
    try:
        return _run(furnace)
    except (Infeasible, NotConverged) as error:
        most = _most_coal(furnace)
        if most is None:
            raise
        raise Infeasible(
            f"too much coal is injected: {error}. Expected at most {1000.0 * most:.0f} kg/t of coal with this blast "
            "and burden: inject less, or heat or enrich the blast"
        ) from error


@dataclass(frozen=True, eq=False)
class _Zone:
    """What enters and leaves the zone below the thermal reserve, for one coke, hot metal and blast.

    Amounts of species (species,) [t/h]: ``coke`` as charged with its dust, ``fuel`` that comes down, ``coal``, what of
    it is ``bought_coal``, ``injected`` coal and gas, ``blast``, ``metal``, ``slag``, oxides ``descending``;
    ``minerals`` elements (elements,) [kmol/h]; ``hot_metal`` [t/h]; ``carbon``, ``hydrogen`` (H2), ``nitrogen`` (N2)
    and ``oxygen`` (O) of the gas that leaves it [kmol/h].
    """

    coke: Floats
    fuel: Floats
    coal: Floats
    bought_coal: Floats
    injected: Floats
    blast: Floats
    metal: Floats
    slag: Floats
    descending: Floats
    minerals: Floats
    hot_metal: float
    carbon: float
    hydrogen: float
    nitrogen: float
    oxygen: float


class _Furnace:
    """The furnace at one burden; what does not depend on coke and blast is found once."""

    def __init__(self, spec: BlastFurnaceSpec, inlets: Materials, of_coal: float = 1.0) -> None:
        self.spec = spec
        self.inlets = {**inlets, "injected_coal": inlets["injected_coal"].times(of_coal)}
        self.injection = spec.injection.value * of_coal
        self.burden = inlets["burden"].plus(inlets["flux"])
        self.iron = self.burden.component("Fe")
        if self.iron <= 0.0:
            raise ProblemError("a burden without iron; connect pellets, sinter or ore")
        self.dust = self.burden.amounts * spec.dust_of_burden.value
        self.charged = self.burden.amounts - self.dust
        self.reserve = rist.over_wustite(spec.reserve_temperature.value).times(spec.shaft_efficiency.value)
        self.coal = fractions(spec.coal)

    @cached_property
    def bought(self) -> Floats:
        """Composition of coke that is bought (species,) [t/t]."""
        own = self.inlets["coke"]
        if self.spec.coke is not None:
            return fractions(self.spec.coke)
        if own.mass <= 0.0:
            raise ProblemError("no coke is brought; connect the inlet coke, or give the analysis of coke to be bought")
        found: Floats = own.amounts / own.mass
        return found

    def coke(self, amount: float) -> Floats:
        """Coke brought, and what is bought beyond it (species,) [t/h]."""
        own = self.inlets["coke"]
        used = min(amount, own.mass)
        brought = own.amounts * (used / own.mass) if own.mass > 0.0 else np.zeros(len(own.amounts))
        return brought + (self.bought * (amount - used) if amount > used else 0.0)

    def bought_coal(self, hot_metal: float) -> Floats:
        """Coal bought: what the coal brought lacks of the injection asked (species,) [t/h]."""
        return self.coal * max(self.injection * hot_metal - self.inlets["injected_coal"].mass, 0.0)

    def blast(self, oxygen: float) -> Floats:
        """Blast that holds so much oxygen [kmol O2/h], (species,) [t/h]."""
        share, moisture = self.spec.blast.oxygen.value, self.spec.blast.moisture.value
        return _of_kmol({"O2": oxygen, "N2": oxygen * (1.0 - share) / share, "H2O_gas": oxygen * moisture / share})

    def zone(self, unknown: Floats) -> _Zone:
        """The zone for coke [t/h], hot metal [t/h] and oxygen of the blast [kmol O2/h]."""
        amount, hot_metal, oxygen = unknown.tolist()
        coke, bought, blast = self.coke(amount), self.bought_coal(hot_metal), self.blast(oxygen)
        coal = bought + self.inlets["injected_coal"].amounts
        charged = self.charged + coke * (1.0 - self.spec.dust_of_coke.value)
        fuel = charged * _IS_FUEL
        minerals = _atoms(charged - fuel)
        injected = coal + self.inlets["injected_gas"].amounts
        solids = self._without_gases(minerals + _atoms(fuel + injected))
        metal = self._metal(solids, hot_metal)
        slag, descending = self._slag(solids, metal), _descending(self._without_gases(minerals))
        gas = self._gas(_atoms(fuel + injected), _atoms(blast), float(minerals[_C]), metal)
        gas[_O] += _oxygen(descending) - _oxygen(slag)
        return _Zone(
            coke, fuel, coal, bought, injected, blast, metal, slag, descending, minerals, hot_metal,
            float(gas[_C]), float(0.5 * gas[_H]), float(0.5 * gas[_N]), float(gas[_O]),
        )  # fmt: skip

    def _without_gases(self, atoms: Floats) -> Floats:
        """Elements that metal and slag share (elements,) [kmol/h]: no gases, and without what goes over the top."""
        solids = atoms.copy()
        solids[_GASES] = 0.0
        for symbol, share in self.spec.over_top.items():
            solids[element_place(symbol)] *= 1.0 - share.value
        return solids

    def _metal(self, solids: Floats, hot_metal: float) -> Floats:
        """Hot metal (species,) [t/h]: elements by their share, silicon and carbon by its analysis."""
        amounts = np.zeros(len(materials.SPECIES))
        for symbol, share in self.spec.to_metal.items():
            at = element_place(symbol)
            amounts[materials.place(IN_METAL[symbol])] = share.value * tonnes(solids)[at]
        amounts[materials.place("silicon")] = self.spec.hot_metal.silicon.value * hot_metal
        amounts[materials.place("dissolved_carbon")] = self.spec.hot_metal.carbon.value * hot_metal
        return amounts

    def _slag(self, solids: Floats, metal: Floats) -> Floats:
        taken = _atoms(metal)
        taken[_C] = 0.0
        left = solids - taken
        if left[_SI] < 0.0:
            silicon = self.spec.hot_metal.silicon.value
            raise Infeasible(f"hot metal with {silicon:.2%} silicon takes more than burden and ash hold; lower it")
        return laid(np.maximum(left, 0.0), SLAG)[0]

    def _gas(self, fuel: Floats, blast: Floats, carbonate: float, metal: Floats) -> Floats:
        """Elements of the gas from fuel, blast and the carbonates freed in the zone (elements,) [kmol/h]."""
        freed = carbonate * self.spec.flux_reduced.value
        gas = fuel + blast
        gas[_C] += freed - _atoms(metal)[_C]
        gas[_O] += 2.0 * freed
        return gas

    def reserve_gas(self, zone: _Zone) -> Floats:
        """The gas of the reserve zone as the shaft efficiency has it (species,) [t/h]."""
        dioxide, water = self.reserve.carbon_monoxide * zone.carbon, self.reserve.hydrogen * zone.hydrogen
        return _of_kmol(
            {"CO": zone.carbon - dioxide, "CO2": dioxide, "H2": zone.hydrogen - water, "H2O_gas": water,
             "N2": zone.nitrogen}
        )  # fmt: skip

    def injected_enthalpy(self, zone: _Zone) -> float:
        """Enthalpy of coal and gas injected [GJ/h]."""
        brought = self.inlets["injected_coal"].enthalpy + self.inlets["injected_gas"].enthalpy
        return brought + _enthalpy(zone.bought_coal, AMBIENT)

    def missing(self, zone: _Zone) -> Floats:
        """What the three balances miss: hot metal [t/h], oxygen [t/h] and heat [GJ/h], over the iron [t/h]."""
        expected = zone.carbon * (1.0 + self.reserve.carbon_monoxide) + zone.hydrogen * self.reserve.hydrogen
        oxygen = (zone.oxygen - expected) * materials.atomic_mass("O") / 1000.0
        return np.array([float(zone.metal.sum()) - zone.hot_metal, oxygen, self._heat(zone)]) / self.iron

    def _heat(self, zone: _Zone) -> float:
        """Heat that enters the zone less what leaves it [GJ/h]."""
        spec, reserve = self.spec, self.spec.reserve_temperature.value
        freed = float(zone.minerals[_C]) * spec.flux_reduced.value
        raw = _of_kmol({"calcite": freed, "lime": -freed})  # carbonate that comes down unburnt, where lime was counted
        enters = _enthalpy(zone.descending + zone.fuel + raw, reserve) + self.injected_enthalpy(zone)
        enters += _enthalpy(zone.blast, spec.blast.temperature.value)
        leaves = _enthalpy(zone.metal, spec.hot_metal.temperature.value)
        leaves += _enthalpy(zone.slag, spec.slag_temperature.value) + _enthalpy(self.reserve_gas(zone), reserve)
        return enters - leaves - spec.hearth_loss.value * zone.hot_metal


def _descending(solids: Floats) -> Floats:
    """What comes down into the zone (species,) [t/h]: oxides as they are, all iron as wustite with O/Fe 1.05."""
    others = solids.copy()
    others[_FE] = 0.0
    amounts = laid(others, SLAG)[0]
    poor = (rist.WUSTITE - 1.0) / (1.0 - _POOR) * float(solids[_FE])
    amounts[_WUSTITE_POOR] += poor * materials.MOLAR_MASS[_WUSTITE_POOR] / 1000.0
    amounts[_WUSTITE] += (float(solids[_FE]) - _POOR * poor) * materials.MOLAR_MASS[_WUSTITE] / 1000.0
    return amounts


def _most_coal(furnace: _Furnace) -> float | None:
    """The most coal with which the furnace runs [t/t]: bisection; None where coal is not what stops it."""
    low, high, most = 0.0, 1.0, None
    if furnace.injection + furnace.inlets["injected_coal"].mass == 0.0:
        return None
    for _ in range(_HALVINGS):
        middle = 0.5 * (low + high)
        rate = _coal_rate(furnace, middle)
        if rate is None:
            high = middle
        else:
            low, most = middle, rate
    return most


def _coal_rate(furnace: _Furnace, share: float) -> float | None:
    """Coal injected [t/t] where a furnace runs with this share of what is asked and brought, None where it does not."""
    less = _Furnace(furnace.spec, furnace.inlets, share)
    try:
        return _run(less).states["coal rate"].value / 1000.0
    except (Infeasible, NotConverged):
        return None


def _run(furnace: _Furnace) -> Made:
    zone, iterations = _solved(furnace)
    return _made(furnace, zone, iterations)


def _solved(furnace: _Furnace) -> tuple[_Zone, int]:
    """Coke, hot metal and blast: the equations are linear but for kinks, so that Broyden's method needs few steps.

    C. G. Broyden, A class of methods for solving nonlinear simultaneous equations, Mathematics of Computation 19, 1965.
    """
    scale = np.array([0.5, 1.05, 15.0]) * furnace.iron
    unknown, slopes = scale, None
    zone = furnace.zone(unknown)
    missing = furnace.missing(zone)
    for iteration in range(1, _MOST + 1):
        if float(np.abs(missing).max()) < _TOLERANCE:
            return zone, iteration
        slopes = _slopes(furnace, unknown, missing, scale) if slopes is None else slopes
        ahead = np.maximum(unknown + np.linalg.solve(slopes, -missing) * scale, 0.1 * unknown)
        step, before = (ahead - unknown) / scale, missing
        unknown, zone = ahead, furnace.zone(ahead)
        missing = furnace.missing(zone)
        falls = float(np.abs(missing).max()) < 0.5 * float(np.abs(before).max())
        slopes = slopes + np.outer(missing - before - slopes @ step, step) / (step @ step) if falls else None
    coke, metal, oxygen = unknown.tolist()
    raise NotConverged(
        f"oxygen and heat below the reserve zone do not balance; last coke {coke:.4g} t/h, hot metal {metal:.4g} t/h, "
        f"blast oxygen {oxygen:.4g} kmol/h; expected a blast and a loss of heat that some amount of coke carries",
        last_iterate=unknown,
        residual=float(np.abs(missing).max()),
    )


def _slopes(furnace: _Furnace, unknown: Floats, missing: Floats, scale: Floats) -> Floats:
    """Slopes of what is missing by the unknowns over their scale (3, 3)."""
    moved = [furnace.missing(furnace.zone(unknown + step)) - missing for step in np.diag(_STEP * scale)]
    slopes: Floats = np.array(moved).T / _STEP
    return slopes


def _made(furnace: _Furnace, zone: _Zone, iterations: int) -> Made:
    """The whole furnace with its stoves."""
    spec, own = furnace.spec, furnace.inlets["coke"]
    dust, top = _dust(furnace, zone), _top_gas(furnace, zone)
    hottest = _top_temperature(furnace, zone, dust, top)
    gas = Material("gas", top, spec.gas_temperature.value)
    blower = spec.blast.blower.value * _volume(zone.blast * _IS_DRY)
    share = _share_to_stoves(furnace, zone, gas, blower)
    stove_air, flue, _ = burnt(gas.times(share), spec.stoves.excess_air.value, spec.stoves.flue_temperature.value)
    used, bought = _coke_used(furnace, zone)
    blown, oxygen = _blown(zone)
    turbine = spec.turbine.value * gas.volume
    return Made(
        outlets={
            "hot_metal": Material("metal", zone.metal, spec.hot_metal.temperature.value),
            "slag": Material("solids", zone.slag, spec.slag_temperature.value),
            "top_gas": gas.times(1.0 - share),
            "dust": Material("solids", dust, hottest),
            "coke_rest": own.times(1.0 - used),
        },
        drawn={
            "coke": Material("solids", bought),
            "pulverised_coal": Material("solids", zone.bought_coal),
            "air": Material("gas", blown + stove_air.amounts),
            "oxygen": Material("gas", oxygen),
        },
        released={"flue_gas": flue},
        power=blower - turbine + spec.power.value * zone.hot_metal,
        states=_states(furnace, zone, gas, share, hottest, bought),
        limits=_limits(_diagram(furnace, zone), hottest, share),
        residual=float(np.abs(furnace.missing(zone)).max()),
        iterations=iterations,
    )


def _dust(furnace: _Furnace, zone: _Zone) -> Floats:
    """Burden and coke blown out, and the alkalis that leave with them (species,) [t/h]."""
    alkalis = np.zeros(len(materials.ELEMENTS))
    whole = zone.minerals + _atoms(zone.fuel + zone.injected)
    for symbol in set(furnace.spec.over_top) & {"Na", "K"}:
        alkalis[element_place(symbol)] = furnace.spec.over_top[symbol].value * whole[element_place(symbol)]
    return furnace.dust + zone.coke * furnace.spec.dust_of_coke.value + laid(alkalis, SLAG)[0]


def _top_gas(furnace: _Furnace, zone: _Zone) -> Floats:
    """Top gas (species,) [t/h]: whatever did not become metal, slag or dust."""
    entered = furnace.burden.amounts + zone.coke + zone.injected + zone.blast
    atoms = _atoms(entered) - _atoms(zone.metal + zone.slag + _dust(furnace, zone))
    carbon, nitrogen = float(atoms[_C]), float(atoms[_N])
    acids = {"HCl_gas": float(atoms[_CL]), "HF": float(atoms[_F]), "H2S": float(atoms[_S])}
    bound = acids["HCl_gas"] + acids["HF"] + 2.0 * acids["H2S"]
    free = zone.hydrogen * (1.0 - furnace.spec.hydrogen_utilisation.value)
    hydrogen = max(free - 0.5 * bound, 0.0)
    water = 0.5 * (float(atoms[_H]) - bound) - hydrogen
    dioxide = float(atoms[_O]) - carbon - water
    if not 0.0 <= dioxide <= carbon or water < 0.0:
        raise Infeasible(
            f"the top gas would hold {dioxide:.4g} kmol/h of CO2 of {carbon:.4g} kmol/h of carbon and {water:.4g} "
            "kmol/h of water; the burden's oxygen, shaft efficiency and hydrogen utilisation do not fit each other"
        )
    amounts = {"CO": carbon - dioxide, "CO2": dioxide, "H2": hydrogen, "H2O_gas": water, "N2": 0.5 * nitrogen, **acids}
    return rounded(_of_kmol(amounts), float(entered.sum()))


def _top_temperature(furnace: _Furnace, zone: _Zone, dust: Floats, top: Floats) -> float:
    """Temperature at which gas and dust leave the throat [K]."""
    spec, own = furnace.spec, furnace.inlets["coke"]
    used, bought = _coke_used(furnace, zone)
    enters = furnace.burden.enthalpy + own.enthalpy * used + _enthalpy(bought, AMBIENT)
    enters += _enthalpy(zone.blast, spec.blast.temperature.value) + furnace.injected_enthalpy(zone)
    leaves = _enthalpy(zone.metal, spec.hot_metal.temperature.value) + _enthalpy(zone.slag, spec.slag_temperature.value)
    leaves += (spec.hearth_loss.value + spec.shaft_loss.value) * zone.hot_metal
    temperature = _temperature(top + dust, enters - leaves)
    if temperature < AMBIENT:
        lacking = (_enthalpy(top + dust, AMBIENT) - enters + leaves) / zone.hot_metal
        raise Infeasible(
            f"the shaft takes more heat than the gas brings: a top gas of {AMBIENT:.0f} K or more lacks {lacking:.3g} "
            "GJ/t of hot metal; blow more gas (less oxygen in the blast, more coal), lower the shaft's loss of heat, "
            "or charge a drier burden"
        )
    return temperature


def _coke_used(furnace: _Furnace, zone: _Zone) -> tuple[float, Floats]:
    """Share of the coke brought that is used [1], and coke bought (species,) [t/h]."""
    own, needed = furnace.inlets["coke"].mass, float(zone.coke.sum())
    used = min(needed / own, 1.0) if own > 0.0 else 0.0
    return used, furnace.bought * (needed - own) if needed > own else np.zeros(len(zone.coke))


def _blown(zone: _Zone) -> tuple[Floats, Floats]:
    """The blast as air with its moisture, and oxygen that enriches it (species,) [t/h]."""
    nitrogen = float(zone.blast[materials.place("N2")])
    of_air = air(1.0).amounts
    dry = of_air * (nitrogen / float(of_air[materials.place("N2")]))
    rest = rounded(zone.blast - dry, float(zone.blast.sum()))
    moisture = rest * ~_IS_DRY
    return dry + moisture, rest * _IS_DRY


def _share_to_stoves(furnace: _Furnace, zone: _Zone, gas: Material, blower: float) -> float:
    """Share of the top gas that heats the blast [1]."""
    hot = _enthalpy(zone.blast, furnace.spec.blast.temperature.value)
    heat = max(hot - _enthalpy(zone.blast, AMBIENT) - MWH * blower, 0.0) / furnace.spec.stoves.efficiency.value
    value = calorific_value(gas)
    if heat > value:
        raise Infeasible(f"the stoves need {heat:.4g} GJ/h, the top gas holds {value:.4g} GJ/h; lower the blast's heat")
    return heat / value


def _diagram(furnace: _Furnace, zone: _Zone) -> rist.Diagram:
    """The operating line with the points W and M of this gas."""
    iron = float(zone.minerals[_FE])
    oxides = zone.minerals.copy()
    oxides[[*_GASES, _FE]] = 0.0
    ore = float(zone.minerals[_O]) - _oxygen(laid(oxides, SLAG)[0])
    line = rist.operating_line(
        iron=iron,
        ore=ore - 2.0 * float(zone.minerals[_C]) - 0.5 * float(zone.minerals[_H]),
        carbon=zone.carbon,
        elsewhere=zone.oxygen - rist.WUSTITE * iron,
        hydrogen=zone.hydrogen,
    )
    reserve = furnace.spec.reserve_temperature.value
    wustite, magnetite = rist.over_wustite(reserve), rist.over_magnetite(reserve)
    return rist.Diagram(
        line,
        (1.0 + wustite.mean(zone.carbon, zone.hydrogen), rist.WUSTITE),
        (1.0 + magnetite.mean(zone.carbon, zone.hydrogen), rist.MAGNETITE),
    )


def _states(
    furnace: _Furnace, zone: _Zone, gas: Material, share: float, hottest: float, bought: Floats
) -> dict[str, Figure]:
    tonne = 1.0 / zone.hot_metal
    coke, coal, slag = float(zone.coke.sum()) * tonne, float(zone.coal.sum()) * tonne, float(zone.slag.sum()) * tonne
    diagram = _diagram(furnace, zone)
    carbon = {name: gas.amount(name) / materials.molar_mass(name) for name in ("CO", "CO2")}
    return {
        "hot metal": Figure(zone.hot_metal, "t/h"),
        "coke rate": Figure(1000.0 * coke, "kg/t"),
        "coke bought": Figure(1000.0 * float(bought.sum()) * tonne, "kg/t"),
        "coal rate": Figure(1000.0 * coal, "kg/t"),
        "fuel rate": Figure(1000.0 * (coke + coal), "kg/t"),
        "gas injected": Figure(furnace.inlets["injected_gas"].volume * tonne, "Nm3/t"),
        "burden rate": Figure(furnace.burden.mass * tonne, "t/t"),
        "slag rate": Figure(1000.0 * slag, "kg/t"),
        "dust rate": Figure(1000.0 * float(_dust(furnace, zone).sum()) * tonne, "kg/t"),
        "blast": Figure(_volume(zone.blast * _IS_DRY) * tonne, "Nm3/t"),
        "top gas": Figure(gas.volume * tonne, "Nm3/t"),
        "top gas to the stoves": Figure(share * gas.volume * tonne, "Nm3/t"),
        "top gas, calorific value": Figure(calorific_value(gas) / gas.volume * 1000.0, "MJ/Nm3"),
        "top gas, temperature": Figure(hottest, "K"),
        "eta_CO": Figure(carbon["CO2"] / sum(carbon.values()), "1"),
        "direct reduction": Figure(diagram.line.direct_reduction, "1"),
        "flame temperature": Figure(_flame(furnace, zone), "K"),
        **_analyses(zone),
        **diagram.figures,
    }


def _analyses(zone: _Zone) -> dict[str, Figure]:
    """What metal and slag hold, mass fractions [1]."""
    metal, slag = Material("metal", zone.metal), Material("solids", zone.slag)
    silica = slag.component("SiO2")
    found = {f"hot metal, {name}": Figure(metal.grade(name), "1") for name in ("Fe", "C", "Si", "Mn", "P", "S", "Nb")}
    found |= {
        f"slag, {name}": Figure(slag.grade(name), "1")
        for name in ("CaO", "SiO2", "MgO", "Al2O3", "F", "REO", "Nb2O5", "ThO2")
    }
    if silica > 0.0:  # lime of fluorite is no base
        found["slag, basicity"] = Figure(slag.amount("lime") / silica, "1")
    return found


def _flame(furnace: _Furnace, zone: _Zone) -> float:
    """Temperature of the raceway gas without loss [K]: CO, H2 and N2 of blast, coal and coke at the hearth's heat."""
    spec, coal, injected = furnace.spec, zone.coal * _IS_FUEL, furnace.inlets["injected_gas"]
    atoms = _atoms(coal + injected.amounts + zone.blast)
    monoxide = float(atoms[_O])
    gas = _of_kmol({"CO": monoxide, "H2": 0.5 * float(atoms[_H]), "N2": 0.5 * float(atoms[_N])})
    coke = np.zeros(len(gas))
    coke[materials.place("carbon")] = tonnes(np.maximum(monoxide - atoms, 0.0))[_C]
    enters = _enthalpy(coke, spec.hot_metal.temperature.value) + _enthalpy(coal, AMBIENT)
    enters += _enthalpy(zone.blast, spec.blast.temperature.value) + injected.enthalpy
    return _temperature(gas, enters)


def _limits(diagram: rist.Diagram, hottest: float, share: float) -> dict[str, Figure]:
    return {
        "distance to the W point": Figure(diagram.distance_to_w, "1"),
        "distance to the M point": Figure(diagram.distance_to_m, "1"),
        "top gas above drying": Figure(hottest - _DRY, "K"),
        "top gas left by the stoves": Figure(1.0 - share, "1"),
    }


def _atoms(amounts: Floats) -> Floats:
    """Elements (elements,) [kmol/h] of species (species,) [t/h]."""
    return kmol(amounts @ materials.COMPOSITION)


def _oxygen(amounts: Floats) -> float:
    """Oxygen of species (species,) [t/h], [kmol/h]."""
    return float(amounts @ materials.COMPOSITION[:, _O]) * 1000.0 / materials.atomic_mass("O")


def _enthalpy(amounts: Floats, temperature: float) -> float:
    """Enthalpy of species (species,) [t/h] at a temperature [K], [GJ/h]."""
    return float(amounts @ (materials.ENTHALPY_298 + materials.HEAT_CAPACITY * (temperature - AMBIENT)))


def _temperature(amounts: Floats, enthalpy: float) -> float:
    """Temperature [K] at which species (species,) [t/h] have an enthalpy [GJ/h]; below 0 K where none has it."""
    rise = (enthalpy - float(amounts @ materials.ENTHALPY_298)) / float(amounts @ materials.HEAT_CAPACITY)
    return AMBIENT + rise


def _volume(amounts: Floats) -> float:
    """Volume of gas species (species,) [t/h], [Nm3/h]."""
    return Material("gas", amounts).volume


def _of_kmol(amounts: dict[str, float]) -> Floats:
    """Named species [kmol/h] as (species,) [t/h]."""
    found = np.zeros(len(materials.SPECIES))
    for name, amount in amounts.items():
        place = materials.place(name)
        found[place] = amount * materials.MOLAR_MASS[place] / 1000.0
    return found


_H, _C, _N, _O, _F, _SI, _S, _CL, _FE = (
    element_place(symbol) for symbol in ("H", "C", "N", "O", "F", "Si", "S", "Cl", "Fe")
)
_GASES = [_H, _C, _N, _O, _CL]
_IS_FUEL = np.isin(np.array([one.name for one in materials.SPECIES]), _FUELS)
_IS_DRY = np.arange(len(materials.SPECIES)) != materials.place("H2O_gas")
_WUSTITE, _WUSTITE_POOR = materials.place("wustite"), materials.place("wustite_poor")
_POOR = materials.formula(materials.species("wustite_poor").formula)["Fe"]
_TOLERANCE, _MOST, _STEP, _HALVINGS = 1e-12, 30, 1e-2, 10


KIND = UnitKind(
    name="blast_furnace",
    title="blast furnace",
    description="Makes hot metal from iron burden and coke; the rare earths leave with the slag.",
    inlets=SOLIDS | GAS,
    outlets=SOLIDS | METAL | GAS,
    spec=BlastFurnaceSpec,
    ports=(
        Port("burden", "in", SOLIDS, "Pellets, sinter and lump ore."),
        Port("flux", "in", SOLIDS, "Limestone, dolomite or quartz charged raw.", optional=True),
        Port("coke", "in", SOLIDS, "Coke of the own ovens; what it lacks is bought.", optional=True),
        Port("injected_coal", "in", SOLIDS, "Pulverised coal; all of it is injected.", optional=True),
        Port("injected_gas", "in", GAS, "Hydrogen, natural gas or coke-oven gas by the tuyeres.", optional=True),
        Port("hot_metal", "out", METAL, "Hot metal."),
        Port("slag", "out", SOLIDS, "Slag, with the rare earths."),
        Port("top_gas", "out", GAS, "Top gas that the stoves leave, cleaned.", optional=True),
        Port("dust", "out", SOLIDS, "Dust of burden and coke, with part of the alkalis.", optional=True),
        Port("coke_rest", "out", SOLIDS, "Coke that was brought and is not needed.", optional=True),
    ),
    operate=operate,
    parameters=(
        "shaft_efficiency", "hearth_loss", "shaft_loss", "hydrogen_utilisation", "to_metal.P", "to_metal.Mn",
        "to_metal.Nb", "to_metal.S", "dust_of_burden",
    ),
)  # fmt: skip
