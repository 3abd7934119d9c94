"""Water dissolves sulphates; thorium that the roast has fixed stays with the residue."""

from __future__ import annotations

import pytest

from ferrolan import materials
from tests.process.units.example import run, synthetic
from tests.process.units.rare_earth_examples import CALCINE, LEACH


def test_what_dissolves_is_the_share_less_what_the_cake_keeps() -> None:
    found = run("water_leach", LEACH, feed=CALCINE)
    assert found.outlets["liquor"].amount("sulfate_Ce") == pytest.approx(16.0 * 0.97 * (1.0 - 0.015))
    assert found.outlets["residue"].amount("sulfate_Ce") == pytest.approx(16.0 * 0.97 * 0.015)
    assert found.outlets["residue"].amount("sulfate_solid_Ce") == pytest.approx(16.0 * 0.03)
    assert found.outlets["liquor"].amount("calcium_sulfate") == pytest.approx(5.0 * 0.2 * (1.0 - 0.015))


def test_the_residue_is_dry_and_holds_the_thorium_that_is_fixed() -> None:
    residue = run("water_leach", LEACH, feed=CALCINE).outlets["residue"]
    assert residue.amount("water") == 0.0
    assert residue.amount("thorium_phosphate") == pytest.approx(0.08)
    fixed = 0.08 * materials.molar_mass("ThO2") / materials.molar_mass("ThP2O7")
    assert residue.component("ThO2") >= fixed


def test_the_limit_of_thorium_is_its_distance_and_may_be_passed() -> None:
    kept = run("water_leach", LEACH, feed=CALCINE)
    grade = kept.outlets["residue"].grade("ThO2")
    assert (
        kept.limits["thorium oxide in the residue, below its limit"].value == pytest.approx(0.02 - grade)
        and kept.feasible
    )
    passed = run("water_leach", {**LEACH, "thorium": {"most": synthetic("0.1 %")}}, feed=CALCINE)
    assert not passed.feasible
    bare = run("water_leach", {key: value for key, value in LEACH.items() if key != "thorium"}, feed=CALCINE)
    assert not bare.limits


def test_more_water_thins_the_liquor() -> None:
    thin = run("water_leach", {**LEACH, "water": synthetic("16 t/t")}, feed=CALCINE)
    thick = run("water_leach", LEACH, feed=CALCINE)
    name = "rare earths in the liquor"
    assert thin.states[name].value == pytest.approx(thick.states[name].value / 2.0, rel=1e-9)
