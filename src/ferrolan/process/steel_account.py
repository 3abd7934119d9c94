"""Carbon dioxide and energy a tonne of steel, over the fence of a works.

Carbon is followed through every unit, so that direct emission needs no factor: 44 t of carbon dioxide for 12 t of
carbon that leave with flue gas and flare. What was emitted before the gate, for power, lime or oxygen that are
bought, takes a factor each with its source; what has none is listed and not guessed. Gas that is sold or let go
unburnt counts as if it were burnt, and is told apart. A works of blast furnace and converter stands at 2.2 to 2.6 t a
tonne of crude steel.

The boundary is that of worldsteel's data collection: direct emission, plus what was emitted for bought energy and
material before the gate, less what sold energy spares. worldsteel's own factors are not part of this module.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from ferrolan import materials
from ferrolan.base.errors import ProblemError
from ferrolan.process.combustion import calorific_value
from ferrolan.process.material import Material
from ferrolan.process.operation import MWH, Solved

CO2_PER_CARBON = materials.molar_mass("CO2") / materials.molar_mass("C")
"""Carbon dioxide a tonne of carbon burnt [t/t]."""

POWER = "power"
"""Name of bought electric energy among upstream factors, which is counted in MWh."""
FUELS = frozenset({"coke", "coke_breeze", "pulverised_coal", "natural_gas", "coking_coal"})
"""Names under which units draw fuel."""
_FREE = frozenset({"air"})
_NONE = 1e-9  # of the steel: less than this bought is nothing


@dataclass(frozen=True)
class Factor:
    """What was emitted before the gate: ``value`` t of CO2 a tonne, a MWh of power; ``source`` where it stands."""

    value: float
    source: str


@dataclass(frozen=True)
class SteelAccount:
    """Carbon dioxide and energy of a works.

    Parameters
    ----------
    steel
        Crude steel that the account is made for [t/h].
    released
        Carbon dioxide of all gas released, carbon monoxide counted as burnt [t/h].
    exported
        Carbon dioxide that gas which leaves unburnt will give [t/h].
    upstream
        Carbon dioxide emitted before the gate, by what is bought; negative for power that is sold [t/h].
    unknown
        What is bought and has no factor [t/h; MW for power].
    carbon_in, carbon_kept
        Carbon of all that entered, and of products, by-products and waste water or dust that leave [t/h].
    fuels
        Lower calorific value of the fuels that entered, by name [GJ/h].
    exported_fuel
        Lower calorific value of gas that leaves unburnt [GJ/h].
    power
        Electric energy bought, negative where it is sold [MW].
    """

    steel: float
    released: float
    exported: float
    upstream: Mapping[str, float]
    unknown: Mapping[str, float]
    carbon_in: float
    carbon_kept: float
    fuels: Mapping[str, float]
    exported_fuel: float
    power: float

    @property
    def direct(self) -> float:
        """Direct emission, gas that is let go unburnt among it [t CO2/t steel]."""
        return (self.released + self.exported) / self.steel

    @property
    def intensity(self) -> float:
        """Emission with what was emitted before the gate, as far as it has factors [t CO2/t steel]."""
        return self.direct + sum(self.upstream.values()) / self.steel

    @property
    def energy(self) -> float:
        """Fuels and power bought, less gas that leaves, power counted as 3.6 GJ/MWh [GJ/t steel]."""
        return (sum(self.fuels.values()) - self.exported_fuel + MWH * self.power) / self.steel

    @property
    def carbon_gap(self) -> float:
        """Carbon that entered and neither leaves with gas nor stays in a product, over what entered [1]."""
        gone = (self.released + self.exported) / CO2_PER_CARBON + self.carbon_kept
        return (self.carbon_in - gone) / self.carbon_in


def steel_account(
    units: Iterable[Solved],
    steel: float,
    *,
    feeds: Mapping[str, Material],
    leaving: Mapping[str, Material],
    upstream: Mapping[str, Factor],
) -> SteelAccount:
    """Account of a works.

    Parameters
    ----------
    units
        Its solved units.
    steel
        Crude steel [t/h].
    feeds
        Material that enters from outside by stream, coal among it; what units draw themselves is added.
    leaving
        Material that leaves by stream: steel, slag, tar, gas that is sold or let go.
    upstream
        Factors of what is bought, by stream or by the name units draw it under, and of ``"power"``.

    Raises
    ------
    ProblemError
        If no steel is made.
    """
    listed = tuple(units)
    if steel <= 0.0:
        raise ProblemError("an account a tonne of steel, and no steel is made")
    bought = _bought(listed, feeds)
    power = sum(unit.power for unit in listed)
    gases = [material for material in leaving.values() if material.form == "gas"]
    exported = sum(material.component("C") for material in gases)
    wet = sum(one.component("C") for unit in listed for one in unit.released.values() if one.form != "gas")
    amounts = {name: material.mass for name, material in bought.items()} | {POWER: power}
    counted = {name: amount for name, amount in amounts.items() if name not in _FREE and abs(amount) > _NONE * steel}
    return SteelAccount(
        steel=steel,
        released=sum(carbon_dioxide(unit) for unit in listed),
        exported=CO2_PER_CARBON * exported,
        upstream={name: upstream[name].value * amount for name, amount in counted.items() if name in upstream},
        unknown={name: amount for name, amount in counted.items() if name not in upstream},
        carbon_in=_carbon(bought.values()),
        carbon_kept=_carbon(leaving.values()) - exported + wet,
        fuels=fuel_energy(listed, feeds),
        exported_fuel=sum(calorific_value(material) for material in gases),
        power=power,
    )


def carbon_dioxide(unit: Solved) -> float:
    """Carbon dioxide of the gas that one unit lets go, carbon monoxide counted as burnt [t/h]."""
    return CO2_PER_CARBON * _carbon(gas for gas in unit.released.values() if gas.form == "gas")


def direct_emission(units: Iterable[Solved], leaving: Iterable[Material]) -> float:
    """Carbon dioxide of all gas that units let go and of all that leaves by a stream, counted as burnt [t/h]."""
    exported = _carbon(material for material in leaving if material.form == "gas")
    return sum(carbon_dioxide(unit) for unit in units) + CO2_PER_CARBON * exported


def fuel_energy(units: Iterable[Solved], feeds: Mapping[str, Material]) -> dict[str, float]:
    """Lower calorific value of every fuel that enters by a stream or is drawn, by name [GJ/h]."""
    bought = _bought(units, feeds)
    return {name: calorific_value(one) for name, one in bought.items() if _is_fuel(name, one) and one.mass > 0.0}


def _bought(units: Iterable[Solved], feeds: Mapping[str, Material]) -> dict[str, Material]:
    """Everything that enters from outside, by name."""
    found = dict(feeds)
    for unit in units:
        for name, material in unit.drawn.items():
            found[name] = found[name].plus(material) if name in found else material
    return found


def _is_fuel(name: str, material: Material) -> bool:
    """Whether something bought counts as fuel: by its name, or because it holds coal."""
    return name in FUELS or material.amount("organic_hydrogen") > 0.0


def _carbon(parts: Iterable[Material]) -> float:
    return sum(material.component("C") for material in parts)
