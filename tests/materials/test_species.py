"""Species close their mass, and their heats of formation give the reactions of the textbook."""

from __future__ import annotations

import re
from collections.abc import Mapping

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ferrolan import materials
from ferrolan.base.errors import ProblemError

NAMES = [one.name for one in materials.SPECIES]
SEAM = (
    "magnetite", "hematite", "wustite", "pyrite", "siderite", "quartz", "calcite", "dolomite", "fluorite", "barite",
    "apatite", "riebeckite", "aegirine", "biotite", "columbite", "thorianite", "alumina", "periclase", "lime", "O2",
    "N2", "CO", "CO2", "H2", "H2O_gas", "CH4", "C2H4", "SO2", "SO3_gas", "HF", "SiF4", "NH3", "HCl_gas", "Cl2", "CF4",
    "H2S", "water", "sulfuric_acid", "hydrochloric_acid", "nitric_acid", "ammonia_water", "thorium_sulfate",
    "thorium_phosphate", "thorium_hydroxide", "iron_sulfate", "iron_phosphate", "iron_hydroxide", "gypsum",
    "anhydrite", "magnesia_sulfate", "ammonium_chloride", "ammonium_sulfate", "ammonium_bicarbonate",
    "sodium_chloride", "sodium_sulfate", "iron", "carbon", "silicon", "manganese", "phosphorus", "sulfur", "niobium",
    "boron", "aluminium",
)  # fmt: skip
FAMILIES = ("bastnaesite", "monazite", "sulfate", "chloride", "carbonate", "oxalate", "oxide", "metal", "fluoride")


def heat(made: Mapping[str, float], of: Mapping[str, float]) -> float:
    """Enthalpy of a reaction at 298.15 K [kJ per mol as written]; its elements must balance."""
    atoms = sum(n * atoms_of(name) for name, n in made.items()) - sum(n * atoms_of(name) for name, n in of.items())
    assert np.abs(atoms).max() < 1e-9, "the reaction does not balance"
    enthalpy = {name: materials.species(name).enthalpy_of_formation * 1e3 for name in {**made, **of}}
    return sum(n * enthalpy[name] for name, n in made.items()) - sum(n * enthalpy[name] for name, n in of.items())


def atoms_of(name: str) -> np.ndarray:
    found = materials.formula(materials.species(name).formula)
    return np.array([found.get(symbol, 0.0) for symbol in materials.ELEMENTS])


def test_mass_fractions_of_every_species_sum_to_one() -> None:
    assert np.abs(materials.COMPOSITION.sum(axis=1) - 1.0).max() <= 1e-15
    assert materials.COMPOSITION.min() == 0.0


def test_composition_is_atoms_times_atomic_mass_over_molar_mass() -> None:
    masses = np.array([materials.atomic_mass(symbol) for symbol in materials.ELEMENTS])
    for index, one in enumerate(materials.SPECIES):
        assert materials.COMPOSITION[index] * materials.MOLAR_MASS[index] == pytest.approx(atoms_of(one.name) * masses)


def test_arrays_have_one_row_a_species_and_are_read_only() -> None:
    shapes = [getattr(materials, name).shape for name in ("COMPOSITION", "ENTHALPY_298", "HEAT_CAPACITY", "MOLAR_MASS")]
    n = len(materials.SPECIES)
    assert shapes == [(n, len(materials.ELEMENTS)), (n,), (n,), (n,)]
    for array in (materials.COMPOSITION, materials.ENTHALPY_298, materials.HEAT_CAPACITY, materials.MOLAR_MASS):
        assert array.dtype == np.float64 and np.isfinite(array).all()
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 0.0


def test_values_a_tonne_are_those_a_kilomole_over_the_molar_mass() -> None:
    for index, one in enumerate(materials.SPECIES):
        per_kmol = materials.MOLAR_MASS[index] * 1e-3
        assert materials.ENTHALPY_298[index] * per_kmol == pytest.approx(one.enthalpy_of_formation, abs=1e-12)
        assert materials.HEAT_CAPACITY[index] * per_kmol == pytest.approx(one.heat_capacity, rel=1e-12)


@given(st.sampled_from(NAMES))
def test_a_name_leads_to_its_place_and_back(name: str) -> None:
    assert materials.SPECIES[materials.place(name)] is materials.species(name)
    assert materials.species(name).name == name


def test_every_species_the_plant_needs_is_there() -> None:
    families = {f"{family}_{symbol}" for family in FAMILIES for symbol in materials.RARE_EARTHS}
    assert not (set(SEAM) | families) - set(NAMES)


def test_an_unknown_species_is_refused_with_the_nearest() -> None:
    with pytest.raises(ProblemError, match='"magnetit" is not known. Nearest: magnetite'):
        materials.place("magnetit")
    with pytest.raises(ProblemError, match="species.csv"):
        materials.species("unobtainium")


def test_every_species_says_where_its_numbers_come_from() -> None:
    for one in materials.SPECIES:
        assert one.source and one.status in {"verified", "recalled", "estimated"}
        assert one.heat_capacity > 0.0 and one.heat_capacity_to >= 298.15
        assert re.fullmatch(r"[A-Za-z0-9_]+", one.name)


def test_heat_capacities_lie_about_the_limit_of_dulong_and_petit() -> None:
    """3 R an atom is the limit of solids; gases lie below, and a heat of melting spread on the way raises a metal's."""
    for one in materials.SPECIES:
        atoms = sum(materials.formula(one.formula).values())
        assert 0.2 < one.heat_capacity * 1e6 / atoms / 24.94 < (2.4 if one.state == "m" else 1.6), one.name


@pytest.mark.parametrize(
    ("of", "made", "expected", "within"),
    [
        ({"hematite": 1, "CO": 3}, {"iron": 2, "CO2": 3}, -24.8, 0.5),
        ({"carbon": 1, "O2": 1}, {"CO2": 1}, -393.5, 0.1),
        ({"calcite": 1}, {"lime": 1, "CO2": 1}, 178.8, 1.0),
        ({"CO": 1, "H2O_gas": 1}, {"CO2": 1, "H2": 1}, -41.2, 0.1),
        ({"carbon": 1, "CO2": 1}, {"CO": 2}, 172.5, 0.2),
        ({"magnetite": 1, "CO": 1}, {"wustite": 3, "CO2": 1}, 19.4, 1.0),
        ({"wustite": 1, "CO": 1}, {"iron": 1, "CO2": 1}, -11.0, 1.0),
        ({"magnetite": 2, "O2": 0.5}, {"hematite": 3}, -235.8, 1.0),
        ({"CH4": 1, "O2": 2}, {"CO2": 1, "H2O_gas": 2}, -802.3, 0.5),
        ({"H2": 1, "O2": 0.5}, {"H2O_gas": 1}, -241.8, 0.1),
        ({"pyrite": 2, "O2": 5.5}, {"hematite": 1, "SO2": 4}, -1655.2, 1.0),
        ({"SO2": 1, "O2": 0.5}, {"SO3_gas": 1}, -98.9, 0.2),
        ({"SO3_gas": 1, "H2O_gas": 1}, {"sulfuric_acid": 1}, -176.5, 0.5),
        ({"fluorite": 1, "sulfuric_acid": 1}, {"anhydrite": 1, "HF": 2}, 60.9, 1.0),
        ({"quartz": 1, "HF": 4}, {"SiF4": 1, "H2O_gas": 2}, -94.7, 0.5),
        ({"dolomite": 1}, {"lime": 1, "periclase": 1, "CO2": 2}, 301.0, 1.0),
        ({"hydrochloric_acid": 1, "sodium_hydroxide": 1}, {"sodium_chloride": 1, "water": 1}, -55.8, 0.2),
    ],
)  # fmt: skip
def test_reactions_give_the_heat_of_the_textbook(
    of: dict[str, float], made: dict[str, float], expected: float, within: float
) -> None:
    assert heat(made, of) == pytest.approx(expected, abs=within)


def test_silicon_dissolved_in_hot_metal_burns_with_less_heat_than_pure_silicon() -> None:
    """27.7 GJ/t of silicon: its heat of solution in iron, 4.7 GJ/t, is gone; plants count with 27.6."""
    made = heat({"quartz": 1}, {"silicon": 1, "O2": 1}) / materials.molar_mass("Si")
    assert made == pytest.approx(-27.74, abs=0.1)


@pytest.mark.parametrize("symbol", materials.RARE_EARTHS)
def test_acid_on_bastnaesite_is_exothermic_in_liquor_and_takes_heat_as_a_dry_roast(symbol: str) -> None:
    mineral = {f"bastnaesite_{symbol}": 2, "sulfuric_acid": 3}
    assert heat({f"sulfate_{symbol}": 1, "HF": 2, "CO2": 2, "water": 2}, mineral) < -90.0
    assert heat({f"sulfate_solid_{symbol}": 1, "HF": 2, "CO2": 2, "H2O_gas": 2}, mineral) > 0.0


@pytest.mark.parametrize("symbol", materials.RARE_EARTHS)
def test_calcining_a_carbonate_takes_heat_and_burning_an_oxalate_gives_it(symbol: str) -> None:
    oxide = f"oxide_{symbol}"
    salt = materials.formula(materials.species(oxide).formula)[symbol] / 2
    oxygen = materials.formula(materials.species(oxide).formula)["O"]
    dry = heat({oxide: 1, "CO2": 3 * salt}, {f"carbonate_{symbol}": salt, "O2": (oxygen - 3 * salt) / 2})
    burnt = heat({oxide: 1, "CO2": 6 * salt}, {f"oxalate_{symbol}": salt, "O2": (oxygen - 3 * salt) / 2 + 1.5 * salt})
    assert dry > 0.0 > burnt


@pytest.mark.parametrize("symbol", materials.RARE_EARTHS)
def test_monazite_is_bound_more_strongly_than_its_oxides(symbol: str) -> None:
    sesquioxide = f"sesquioxide_{symbol}" if symbol in ("Ce", "Pr", "Tb") else f"oxide_{symbol}"
    formed = heat({f"monazite_{symbol}": 2}, {sesquioxide: 1, "phosphorus_pentoxide": 1})
    assert -650.0 < formed < -560.0


@pytest.mark.parametrize("symbol", materials.RARE_EARTHS)
def test_cation_exchange_with_the_extractant_sets_no_heat_free(symbol: str) -> None:
    made = {f"P507_{symbol}": 1, "hydrochloric_acid": 3}
    assert heat(made, {f"chloride_{symbol}": 1, "P507": 3}) == pytest.approx(0.0, abs=0.5)


def test_hot_metal_and_blast_hold_the_heat_blast_furnace_men_count_with() -> None:
    """Liquid iron at 1773 K about 1.27 GJ/t, blast at 1473 K about 1.6 MJ/Nm3; constants of this kind agree to a tenth."""
    iron = materials.HEAT_CAPACITY[materials.place("iron")] * (1773.15 - 298.15)
    assert iron == pytest.approx(1.27, rel=0.02)
    air = 0.21 * materials.species("O2").heat_capacity + 0.79 * materials.species("N2").heat_capacity
    assert air / 22.414 * (1473.15 - 298.15) * 1e3 == pytest.approx(1.67, rel=0.05)


def test_salts_of_oxygen_acids_hold_0_86_of_the_limit_as_the_measured_ones_do() -> None:
    """The rule by which heat capacities of carbonates, sulfates, phosphates and silicates are estimated."""
    measured = ("calcite", "barite", "anhydrite", "magnesia_sulfate_solid", "iron_sulfate_solid", "quartz", "alumina")
    shares = []
    for one in map(materials.species, measured):
        assert one.heat_capacity_status == "verified"
        shares.append(one.heat_capacity * 1e6 / 24.94 / sum(materials.formula(one.formula).values()))
    assert np.mean(shares) == pytest.approx(0.86, abs=0.01)
    assert materials.species("monazite_Ce").heat_capacity == pytest.approx(0.86 * 6 * 24.94e-6, rel=1e-3)
