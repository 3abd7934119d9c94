"""Base takes what the stoichiometry says; iron falls as phosphate first, thorium with the residue."""

from __future__ import annotations

import pytest

from ferrolan.process.material import Material
from tests.process.units.example import kmol, run, synthetic
from tests.process.units.rare_earth_examples import LIQUOR, NEUTRAL

ALL = {name: synthetic(1.0) for name in ("acid", "phosphorus", "iron", "thorium")}
PURE = {**NEUTRAL, **ALL, "rare_earths_lost": synthetic(0.0), "excess": synthetic(0.0)}


@pytest.mark.parametrize(("base", "species"), [("magnesia", "periclase"), ("lime", "lime")])
def test_base_is_one_a_sulphate_that_is_freed(base: str, species: str) -> None:
    """1 a free acid, 3 an iron sulphate, 2 a thorium sulphate, by hand."""
    found = run("neutralisation", {**PURE, "base": base}, feed=LIQUOR)
    sulphates = {"sulfuric_acid_aq": 1.0, "iron_sulfate": 3.0, "thorium_sulfate": 2.0}
    expected = sum(times * kmol(LIQUOR, name) for name, times in sulphates.items())
    assert kmol(found.drawn[base], species) == pytest.approx(expected)


def test_iron_falls_as_phosphate_first_and_then_as_hydroxide() -> None:
    residue = run("neutralisation", PURE, feed=LIQUOR).outlets["residue"]
    phosphate = kmol(LIQUOR, "phosphoric_acid")
    assert kmol(residue, "iron_phosphate") == pytest.approx(phosphate)
    assert kmol(residue, "iron_hydroxide") == pytest.approx(2.0 * kmol(LIQUOR, "iron_sulfate") - phosphate)


def test_phosphorus_stays_where_iron_does_not_suffice() -> None:
    poor = Material.of({"water": 50.0, "iron_sulfate": 0.2, "phosphoric_acid": 2.0, "sulfate_Ce": 3.0}, "liquor")
    found = run("neutralisation", PURE, feed=poor)
    assert kmol(found.outlets["residue"], "iron_phosphate") == pytest.approx(2.0 * kmol(poor, "iron_sulfate"))
    assert found.outlets["liquor"].amount("phosphoric_acid") > 1.5


def test_magnesia_stays_in_the_liquor_and_lime_leaves_gypsum() -> None:
    magnesia, lime = (
        run("neutralisation", {**PURE, "base": base}, feed=LIQUOR).outlets for base in ("magnesia", "lime")
    )
    assert magnesia["liquor"].component("Mg") > 0.0 and magnesia["residue"].component("Mg") == 0.0
    assert lime["residue"].amount("gypsum") > 0.0 and lime["residue"].mass > magnesia["residue"].mass


def test_thorium_is_followed_to_the_residue() -> None:
    found = run("neutralisation", NEUTRAL, feed=LIQUOR)
    assert found.outlets["residue"].component("ThO2") == pytest.approx(0.99 * LIQUOR.component("ThO2"))
    assert found.states["thorium oxide in the residue"].value == pytest.approx(0.99 * LIQUOR.component("ThO2"))
    strict = run("neutralisation", {**NEUTRAL, "thorium_limit": {"most": synthetic("0.1 %")}}, feed=LIQUOR)
    assert found.feasible and not strict.feasible


def test_rare_earths_lost_are_hydroxide_in_the_residue() -> None:
    found = run("neutralisation", NEUTRAL, feed=LIQUOR)
    assert found.outlets["residue"].component("REO") == pytest.approx(0.008 * LIQUOR.component("REO"))
