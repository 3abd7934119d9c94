"""Mass, elements and enthalpy of what flows."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ferrolan import materials
from ferrolan.base.errors import ProblemError
from ferrolan.process.material import AMBIENT, Material, mixed

SOME = ("magnetite", "hematite", "quartz", "calcite", "bastnaesite_Nd")
amounts = st.dictionaries(st.sampled_from(SOME), st.floats(0.001, 1e4), min_size=1)
temperatures = st.floats(250.0, 2000.0)


def test_iron_of_magnetite_is_what_its_formula_says():
    ore = Material.of({"magnetite": 231.53})
    assert ore.component("Fe") == pytest.approx(3 * 55.845, rel=1e-4)
    assert ore.elements.sum() == pytest.approx(ore.mass, rel=1e-14)


def test_a_cubic_metre_of_gas_is_one_at_norm_conditions():
    assert Material.of({"O2": 32.0}, "gas").volume == pytest.approx(22.414 * 1000, rel=1e-4)


@given(amounts, temperatures, amounts, temperatures)
def test_mixing_keeps_mass_elements_and_enthalpy(first, hot, second, cold):
    one, other = Material.of(first, temperature=hot), Material.of(second, temperature=cold)
    both = one.plus(other)
    assert both.mass == pytest.approx(one.mass + other.mass)
    np.testing.assert_allclose(both.elements, one.elements + other.elements, rtol=1e-12)
    assert both.enthalpy == pytest.approx(one.enthalpy + other.enthalpy, rel=1e-12, abs=1e-9)
    assert min(hot, cold) - 1e-9 <= both.temperature <= max(hot, cold) + 1e-9


@given(amounts, temperatures, temperatures)
def test_the_temperature_of_an_enthalpy_is_the_one_it_came_from(species, first, second):
    material = Material.of(species, temperature=first)
    assert material.at(second).with_enthalpy(material.enthalpy).temperature == pytest.approx(first)


@given(amounts, st.floats(0.0, 1.0))
def test_what_is_taken_and_what_is_left_is_the_whole(species, share):
    whole = Material.of(species)
    taken, left = whole.take(dict.fromkeys(species, share))
    np.testing.assert_allclose(taken.amounts + left.amounts, whole.amounts, rtol=1e-15)


def test_the_heat_of_a_reaction_is_what_leaves_less_what_enters():
    carbon, oxygen = Material.of({"carbon": 12.011}), Material.of({"O2": 31.998}, "gas")
    made = Material.of({"CO2": 44.009}, "gas")
    assert made.enthalpy - carbon.plus(oxygen).enthalpy == pytest.approx(-393.5, rel=1e-3)  # GJ for a Mmol: kJ/mol


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Material.of({"magnetite": -1.0}), "-1 t/h of magnetite"),
        (lambda: Material.of({"magnetit": 1.0}), "magnetite"),
        (lambda: Material.of({"quartz": float("nan")}), "not finite"),
        (lambda: Material.of({"quartz": 1.0}, temperature=0.0), "temperature"),
        (lambda: Material.of({"quartz": 1.0}, form="slurry"), "slurry"),
        (lambda: mixed([]), "nothing to mix"),
    ],
    ids=["negative", "unknown species", "not a number", "no temperature", "unknown form", "nothing"],
)
def test_what_cannot_flow_is_refused_by_name(make, message):
    with pytest.raises(ProblemError, match=message):
        make()


def test_nothing_weighs_nothing_and_has_every_grade_zero():
    nothing = Material.nothing("liquor")
    assert (nothing.mass, nothing.grade("REO"), nothing.enthalpy) == (0.0, 0.0, 0.0)
    assert nothing.with_enthalpy(1.0).temperature == AMBIENT
    assert mixed([], "solids").amounts.shape == (len(materials.SPECIES),)
