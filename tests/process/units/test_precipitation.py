"""Reagents by stoichiometry, recovery by excess, ammonium to the waste water."""

from __future__ import annotations

import math

import pytest

from ferrolan import materials
from ferrolan.process.material import Material
from tests.process.units.example import kmol, run, synthetic
from tests.process.units.rare_earth_examples import CHLORIDES, LIQUOR, PRECIPITATION

EXACT = {**PRECIPITATION, "excess": synthetic(0.0), "loss": synthetic(0.0)}
NEODYMIUM = Material.of({"chloride_Nd": 2.5, "water": 20.0}, "liquor")


def test_a_mole_of_chloride_takes_three_of_bicarbonate_or_one_and_a_half_of_oxalic_acid() -> None:
    for reagent, moles, product in (("ammonium_bicarbonate", 3.0, "carbonate_Nd"), ("oxalic_acid", 1.5, "oxalate_Nd")):
        found = run("precipitation", {**EXACT, "reagent": reagent}, feed=NEODYMIUM)
        assert kmol(found.drawn[reagent], reagent) == pytest.approx(moles * kmol(NEODYMIUM, "chloride_Nd"))
        assert kmol(found.outlets["precipitate"], product) == pytest.approx(0.5 * kmol(NEODYMIUM, "chloride_Nd"))


def test_bicarbonate_a_tonne_of_neodymium_oxide_is_that_of_the_formula() -> None:
    found = run("precipitation", EXACT, feed=NEODYMIUM)
    expected = 6.0 * materials.molar_mass("NH4HCO3") / materials.molar_mass("Nd2O3")
    assert found.states["reagent a tonne of oxides"].value == pytest.approx(expected)
    assert expected == pytest.approx(1.4097, abs=1e-3)


def test_the_reagent_is_drawn_without_the_water_it_is_dissolved_in() -> None:
    found = run("precipitation", EXACT, feed=NEODYMIUM)
    reagent = found.drawn["ammonium_bicarbonate"]
    assert reagent.mass == pytest.approx(reagent.amount("ammonium_bicarbonate"))
    assert found.drawn["water"].mass == pytest.approx(4.0 * reagent.mass)


def test_every_nitrogen_of_the_reagent_is_in_the_waste_water() -> None:
    for feed in (CHLORIDES, LIQUOR):
        found = run("precipitation", PRECIPITATION, feed=feed)
        assert found.outlets["waste_water"].component("N") == pytest.approx(
            found.drawn["ammonium_bicarbonate"].component("N")
        )


def test_what_stays_dissolved_falls_with_the_excess() -> None:
    found = run("precipitation", PRECIPITATION, feed=CHLORIDES)
    lost = 1.0 - found.states["recovery of rare earths"].value
    assert lost == pytest.approx(0.03 * math.exp(-0.08 / 0.05))
    more = run("precipitation", {**PRECIPITATION, "excess": synthetic("16 %")}, feed=CHLORIDES)
    assert 1.0 - more.states["recovery of rare earths"].value == pytest.approx(0.03 * math.exp(-0.16 / 0.05))


def test_free_acid_takes_bicarbonate_first() -> None:
    sour = NEODYMIUM.plus(Material.of({"hydrochloric_acid": 1.0}, "liquor"))
    extra = run("precipitation", EXACT, feed=sour).drawn["ammonium_bicarbonate"]
    plain = run("precipitation", EXACT, feed=NEODYMIUM).drawn["ammonium_bicarbonate"]
    more = kmol(extra, "ammonium_bicarbonate") - kmol(plain, "ammonium_bicarbonate")
    assert more == pytest.approx(kmol(sour, "hydrochloric_acid"))


def test_carried_impurities_and_crystal_water_go_with_the_precipitate() -> None:
    precipitate = run("precipitation", PRECIPITATION, feed=CHLORIDES).outlets["precipitate"]
    assert precipitate.amount("calcium_chloride") == pytest.approx(0.02 * 0.2)
    dry = precipitate.mass - precipitate.amount("water") - precipitate.amount("calcium_chloride")
    assert precipitate.amount("water") == pytest.approx(0.3 * dry)
