"""Iron and boron follow the rare-earth metal."""

from __future__ import annotations

import pytest

from ferrolan.base.schema import read
from ferrolan.process.material import Material
from ferrolan.process.units.strip_casting import StripCastingSpec
from tests.process.units.example import run, synthetic
from tests.process.units.rare_earth_examples import ALLOY, CASTING

METAL = Material.of({"metal_Nd": 0.7, "metal_Pr": 0.2}, "metal")


def test_the_alloy_has_the_composition_that_is_declared() -> None:
    for returns in (Material.nothing("metal"), ALLOY):
        alloy = run("strip_casting", CASTING, metal=METAL, returns=returns).outlets["alloy"]
        assert alloy.grade("RE") == pytest.approx(0.31) and alloy.grade("B") == pytest.approx(0.01)


def test_metal_makes_alloy_by_its_share_less_what_oxidises() -> None:
    found = run("strip_casting", CASTING, metal=METAL)
    assert found.outlets["alloy"].mass == pytest.approx(0.9 * 0.985 / 0.31)
    assert found.outlets["slag"].component("RE") == pytest.approx(0.9 * 0.015)
    ferroboron = found.drawn["boron"]
    assert ferroboron.amount("boron") / ferroboron.mass == pytest.approx(0.19)


def test_returns_bring_their_own_iron_and_boron() -> None:
    alone, more = (run("strip_casting", CASTING, metal=METAL, **extra) for extra in ({}, {"returns": ALLOY}))
    assert more.outlets["alloy"].mass - alone.outlets["alloy"].mass == pytest.approx(0.985, rel=0.01)
    assert more.drawn["iron_alloy"].mass == pytest.approx(alone.drawn["iron_alloy"].mass, rel=0.02)


def test_a_charge_poorer_than_the_alloy_is_cast_as_it_is_and_says_how_much_poorer() -> None:
    rich = {**CASTING, "rare_earths": synthetic("60 %")}
    found = run("strip_casting", rich, metal=Material.of({"metal_Nd": 0.01}, "metal"), returns=ALLOY)
    alloy = found.outlets["alloy"]
    assert found.drawn["iron_alloy"].mass == 0.0 and alloy.grade("RE") < 0.6
    assert found.limits["rare earths above those asked"].value == pytest.approx(alloy.grade("RE") - 0.6)
    assert alloy.grade("B") >= 0.01 - 1e-12 and not found.feasible
    assert run("strip_casting", CASTING, metal=METAL).feasible


def test_ferroboron_poorer_than_the_alloy_is_refused() -> None:
    _, problems = read(StripCastingSpec, {**CASTING, "ferroboron": synthetic("1 %")})
    assert [problem.expected for problem in problems] == ["ferroboron richer in boron than the alloy"]
