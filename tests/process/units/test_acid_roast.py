"""The roast converts by its rate, takes the acid of the stoichiometry, and puts fluorine and sulphur up the stack."""

from __future__ import annotations

import math

import pytest

from ferrolan import materials
from ferrolan.base.schema import read
from ferrolan.process.material import Material
from ferrolan.process.units.acid_roast import AcidRoastSpec
from tests.process.units.example import kmol, run, synthetic
from tests.process.units.rare_earth_examples import CONCENTRATE, ROAST, attack

BASTNAESITE = Material.of({"bastnaesite_Ce": 21.912, "bastnaesite_La": 21.79})


def roast(**changes: object) -> dict[str, object]:
    return {**ROAST, **changes}


def test_a_mole_of_bastnaesite_takes_one_and_a_half_of_acid_and_gives_one_of_hydrogen_fluoride() -> None:
    """2 MCO3F + 3 H2SO4 -> M2(SO4)3 + 2 HF + 2 CO2 + 2 H2O, by hand for one mineral, all converted."""
    spec = roast(attacks={"bastnaesite": attack("100 %")}, acid_fumed=synthetic(0.0), silica_attacked=synthetic(0.0))
    found = run("acid_roast", spec, feed=BASTNAESITE)
    moles = kmol(BASTNAESITE, "bastnaesite_Ce") + kmol(BASTNAESITE, "bastnaesite_La")
    supplied, left = (
        kmol(found.drawn["sulfuric_acid"], "sulfuric_acid"),
        kmol(found.outlets["calcine"], "sulfuric_acid"),
    )
    assert supplied - left == pytest.approx(1.5 * moles)
    assert kmol(found.outlets["off_gas"], "HF") == pytest.approx(moles)
    assert found.limits["acid beyond what the conversions take"].value == pytest.approx(supplied / (1.5 * moles) - 1.0)
    assert found.states["rare earths turned to sulphate"].value == pytest.approx(1.0)


def test_at_the_reference_each_mineral_is_converted_as_measured() -> None:
    found = run("acid_roast", ROAST, feed=CONCENTRATE)
    calcine = found.outlets["calcine"]
    assert calcine.amount("bastnaesite_Ce") / 10.0 == pytest.approx(0.02)
    assert calcine.amount("monazite_Nd") / 1.2 == pytest.approx(0.07)
    assert calcine.amount("barite") == pytest.approx(0.5)


def test_twice_the_time_squares_what_is_left_and_heat_speeds_the_attack_by_arrhenius() -> None:
    longer = run("acid_roast", roast(time=synthetic("6 h")), feed=CONCENTRATE).outlets["calcine"]
    assert longer.amount("monazite_Nd") / 1.2 == pytest.approx(0.07**2)
    hotter = run("acid_roast", roast(temperature=synthetic("593 K")), feed=CONCENTRATE).outlets["calcine"]
    faster = math.exp(-90.0 / 8.31446261815324e-3 * (1.0 / 593.0 - 1.0 / 573.0))
    assert hotter.amount("monazite_Nd") / 1.2 == pytest.approx(0.07**faster)


def test_too_little_acid_cuts_every_conversion_alike_and_says_so() -> None:
    short = run("acid_roast", roast(acid=synthetic("0.4 t/t")), feed=CONCENTRATE)
    calcine = short.outlets["calcine"]
    assert short.limits["acid beyond what the conversions take"].value < 0.0 and not short.feasible
    converted = {
        name: 1.0 - calcine.amount(name) / CONCENTRATE.amount(name) for name in ("bastnaesite_La", "bastnaesite_Nd")
    }
    assert converted["bastnaesite_La"] == pytest.approx(converted["bastnaesite_Nd"])
    assert calcine.amount("sulfuric_acid") < 0.2 * 0.4 * CONCENTRATE.mass


def test_fluorine_and_thorium_are_where_they_are_said_to_be() -> None:
    found = run("acid_roast", ROAST, feed=CONCENTRATE)
    gas, calcine = found.outlets["off_gas"], found.outlets["calcine"]
    fluorine = gas.component("F") + calcine.component("F")
    assert fluorine == pytest.approx(CONCENTRATE.component("F")) and gas.component("F") > 0.9 * fluorine
    attacked = 0.95 * CONCENTRATE.component("ThO2")
    fixed = Material.of({"thorium_phosphate": calcine.amount("thorium_phosphate")}).component("ThO2")
    assert fixed == pytest.approx(0.9 * attacked)


def test_silica_takes_fluorine_only_as_far_as_there_is_quartz() -> None:
    etched = run("acid_roast", roast(silica_attacked=synthetic(1.0)), feed=CONCENTRATE)
    assert kmol(etched.outlets["off_gas"], "SiF4") == pytest.approx(kmol(CONCENTRATE, "quartz"))
    assert etched.outlets["calcine"].amount("quartz") == pytest.approx(0.0, abs=1e-12)


def test_the_fire_covers_the_heat_that_is_lacking_and_nothing_else() -> None:
    found = run("acid_roast", ROAST, feed=CONCENTRATE)
    assert found.drawn["natural_gas"].mass > 0.0
    assert found.loss == pytest.approx(0.8 * CONCENTRATE.mass)


def test_a_mineral_the_acid_does_not_attack_is_refused() -> None:
    _, problems = read(AcidRoastSpec, roast(attacks={"barite": attack("5 %")}))
    assert [(problem.path, problem.code) for problem in problems] == [(("attacks", "barite"), "unknown_mineral")]


def test_every_attack_keeps_the_charge_of_sulphate() -> None:
    """Sulphur of the acid is sulphur of the sulphates."""
    found = run("acid_roast", ROAST, feed=CONCENTRATE)
    sulphur = sum(one.component("S") for one in (found.outlets["calcine"], found.outlets["off_gas"]))
    drawn = (
        found.drawn["sulfuric_acid"].amount("sulfuric_acid") * materials.molar_mass("S") / materials.molar_mass("H2SO4")
    )
    assert sulphur == pytest.approx(drawn + CONCENTRATE.component("S"))
