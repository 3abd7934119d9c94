"""Electrolysis by Faraday's law."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path

import pytest

from ferrolan.process.material import Material
from tests.process.units.example import kmol, run, synthetic
from tests.process.units.rare_earth_examples import CELLS_OF_SALT, OXIDES

CASE = tomllib.loads((Path(__file__).parents[3] / "cases" / "process" / "cell_energy" / "case.toml").read_text())
NEODYMIUM = Material.of({"oxide_Nd": 1.1664})
PLAIN = {
    **CELLS_OF_SALT,
    **{name: synthetic(0.0) for name in ("fluorocarbon", "salt_lost", "anode_burnt")},
    "reduced": synthetic(1.0),
    "auxiliaries": synthetic("0 MWh/t"),
    "rectifier": synthetic(1.0),
}


@pytest.mark.parametrize("cell", CASE["cells"], ids=lambda cell: f"{cell['current_efficiency']:.0%}")
def test_neodymium_takes_the_energy_of_faraday(cell: Mapping[str, float]) -> None:
    changes = {
        "voltage": synthetic(f"{cell['voltage']} V"),
        "current_efficiency": synthetic(cell["current_efficiency"]),
    }
    found = run("molten_salt", {**PLAIN, **changes}, feed=NEODYMIUM)
    assert found.power / found.outlets["metal"].mass == pytest.approx(cell["energy"], rel=CASE["tolerance_rel"])
    assert found.states["cell energy a tonne of metal"].value == pytest.approx(
        cell["energy"], rel=CASE["tolerance_rel"]
    )


def test_oxide_a_tonne_of_neodymium_is_that_of_the_formula() -> None:
    found = run("molten_salt", PLAIN, feed=NEODYMIUM)
    expected = pytest.approx(CASE["oxide_a_tonne"], rel=CASE["tolerance_rel"])
    assert found.states["oxide a tonne of metal"].value == expected


def test_current_is_energy_over_voltage() -> None:
    found = run("molten_salt", PLAIN, feed=NEODYMIUM)
    assert found.states["current"].value * 10.0 == pytest.approx(1000.0 * found.power)


@pytest.mark.parametrize(("share", "carbon"), [(0.0, 1.5), (1.0, 3.0)])
def test_the_anode_burns_to_carbon_dioxide_or_monoxide(share: float, carbon: float) -> None:
    """1.5 carbon a Nd2O3 to CO2, 3 to CO."""
    found = run("molten_salt", {**PLAIN, "carbon_monoxide": synthetic(share)}, feed=NEODYMIUM)
    assert kmol(found.drawn["anode_carbon"], "carbon") == pytest.approx(carbon * kmol(NEODYMIUM, "oxide_Nd"))
    assert kmol(found.outlets["off_gas"], "CO" if share else "CO2") == pytest.approx(
        carbon * kmol(NEODYMIUM, "oxide_Nd")
    )


def test_fluoride_that_becomes_cf4_gives_its_metal() -> None:
    found = run("molten_salt", {**PLAIN, "fluorocarbon": synthetic("1 kg/t")}, feed=NEODYMIUM)
    gas, metal = found.outlets["off_gas"], found.outlets["metal"]
    assert gas.amount("CF4") == pytest.approx(1e-3 * NEODYMIUM.component("Nd"))
    assert kmol(found.drawn["salt"], "fluoride_Nd") == pytest.approx(4.0 / 3.0 * kmol(gas, "CF4"))
    assert metal.component("Nd") > NEODYMIUM.component("Nd")


def test_what_is_not_reduced_leaves_with_the_spent_salt() -> None:
    found = run("molten_salt", CELLS_OF_SALT, feed=OXIDES)
    assert found.outlets["spent_salt"].amount("oxide_Pr") == pytest.approx(0.015 * 0.25)
    assert found.outlets["spent_salt"].amount("oxide_Sm") == pytest.approx(0.001)


@pytest.mark.parametrize("salt", ["Nd", "Ce"])
@pytest.mark.parametrize("species", ["lime", "calcium_sulfate", "calcium_chloride", "chloride_Ce"])
def test_what_an_oxide_was_not_washed_free_of_leaves_with_the_spent_salt(species: str, salt: str) -> None:
    dirty = OXIDES.plus(Material.of({species: 0.01, "water": 0.02}))
    found = run("molten_salt", {**CELLS_OF_SALT, "salt": salt}, feed=dirty)
    assert found.outlets["spent_salt"].amount(species) == pytest.approx(0.01)
    assert found.outlets["off_gas"].amount("H2O_gas") == pytest.approx(0.02)


def test_the_reaction_takes_some_two_volts() -> None:
    """Nd2O3 + 1.5 C -> 2 Nd + 1.5 CO2, by hand from the enthalpies of formation: 1217.6 kJ over 6 F."""
    found = run("molten_salt", {**PLAIN, "carbon_monoxide": synthetic(0.0)}, feed=NEODYMIUM)
    by_hand = (1807.9 - 1.5 * 393.51) * 1e3 / (6.0 * 96485.332)
    assert 10.0 - found.limits["voltage beyond what the reaction takes"].value == pytest.approx(by_hand, rel=1e-6)
    assert by_hand == pytest.approx(2.10, abs=0.01)


def test_a_voltage_below_what_the_reaction_takes_lets_the_melt_freeze() -> None:
    assert run("molten_salt", CELLS_OF_SALT, feed=OXIDES).feasible
    cold = run(
        "molten_salt", {**PLAIN, "voltage": synthetic("1.5 V"), "current_efficiency": synthetic(1.0)}, feed=NEODYMIUM
    )
    assert cold.limits["heat that keeps the melt hot"].value < 0.0 and not cold.feasible
