"""Elements laid down as species, fuels burnt out, beds fired: nothing is dropped."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ferrolan import materials
from ferrolan.base.errors import ProblemError
from ferrolan.process.combustion import burnt, calorific_value, heated
from ferrolan.process.material import Material
from ferrolan.process.speciation import FIRED, SLAG, element_place, gas, kmol, laid, tonnes

SOLID = ("Na", "Mg", "Al", "Si", "P", "K", "Ca", "Ti", "Mn", "Fe", "Nb", "Ba", "La", "Ce", "Pr", "Nd", "Tb", "Y", "Th")


@given(amounts=st.lists(st.floats(0.0, 100.0), min_size=len(SOLID), max_size=len(SOLID)), fluorine=st.floats(0.0, 50.0))
@pytest.mark.parametrize("recipe", [SLAG, FIRED], ids=lambda one: one.name)
def test_every_element_finds_a_place(recipe: object, amounts: list[float], fluorine: float) -> None:
    atoms = np.zeros(len(materials.ELEMENTS))
    for symbol, amount in zip(SOLID, amounts, strict=True):
        atoms[element_place(symbol)] = amount
    atoms[element_place("F")] = min(fluorine, 2.0 * atoms[element_place("Ca")])
    made, rest = laid(atoms, recipe)  # type: ignore[arg-type]  # a recipe
    np.testing.assert_allclose(
        kmol(made @ materials.COMPOSITION) + rest, atoms, rtol=1e-12, atol=1e-12 * max(atoms.sum(), 1.0)
    )
    assert (made >= 0.0).all() and np.flatnonzero(rest).tolist() in ([], [element_place("O")])


def test_an_element_without_a_place_is_refused_by_name() -> None:
    atoms = kmol(Material.of({"quartz": 1.0}).elements + tonnes(_only("F")))
    with pytest.raises(ProblemError, match="of F finds nothing to bind to"):
        laid(atoms, SLAG)
    with pytest.raises(ProblemError, match="oxygen are missing"):
        gas(_only("C"))


def _only(symbol: str) -> np.ndarray:
    atoms = np.zeros(len(materials.ELEMENTS))
    atoms[element_place(symbol)] = 1.0
    return atoms


@given(
    carbon=st.floats(0.1, 10.0), hydrogen=st.floats(0.0, 2.0), sulfur=st.floats(0.0, 0.5), excess=st.floats(0.0, 2.0)
)
def test_fuel_and_air_are_flue_gas_and_ash(carbon: float, hydrogen: float, sulfur: float, excess: float) -> None:
    fuel = Material.of({"carbon": carbon, "organic_hydrogen": hydrogen, "organic_sulfur": sulfur, "quartz": 1.0})
    air, flue, ash = burnt(fuel, excess)
    np.testing.assert_allclose(flue.elements + ash.elements, fuel.elements + air.elements, rtol=1e-12, atol=1e-12)
    assert ash.mass == pytest.approx(1.0) and flue.amount("CO") == 0.0


@pytest.mark.parametrize(("species", "value"), [("CO", 10.10), ("H2", 119.96), ("CH4", 50.03), ("C2H4", 47.16)])
def test_calorific_values_are_those_of_tables(species: str, value: float) -> None:
    """Lower values at 298.15 K, GJ/t; textbook figures, recalled."""
    assert calorific_value(Material.of({species: 1.0}, "gas")) == pytest.approx(value, rel=2e-3)


def test_coal_burns_as_dulong_says() -> None:
    """Lower value of a dry coal of 78 % C, 4.8 % H, 7 % O: 30.1 GJ/t by Dulong with graphite's heat of carbon."""
    coal = Material.of({"carbon": 0.78, "organic_hydrogen": 0.048, "organic_oxygen": 0.07, "quartz": 0.102})
    higher = 0.78 * 32.76 + 0.048 * 141.8 - 0.07 * 17.86
    assert calorific_value(coal) == pytest.approx(higher - 0.048 * 8.94 * 2.443, rel=5e-3)


def test_natural_gas_gives_what_works_gas_does_not() -> None:
    works_gas = Material.of({"CO": 10.0, "CO2": 10.0, "N2": 20.0}, "gas")
    fires = heated(300.0, works_gas, 0.1, 600.0)
    into = works_gas.enthalpy + fires.natural_gas.enthalpy + fires.air.enthalpy
    assert into - fires.flue.enthalpy == pytest.approx(300.0, rel=1e-9)
    assert heated(10.0, works_gas, 0.1, 600.0).natural_gas.mass == 0.0
