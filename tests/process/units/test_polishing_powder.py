"""Carbonate becomes oxide and, where it is fluorinated, fluoride."""

from __future__ import annotations

import pytest

from ferrolan.base.schema import read
from ferrolan.process.material import Material
from ferrolan.process.units.polishing_powder import PolishingPowderSpec
from tests.process.units.example import kmol, run, synthetic
from tests.process.units.rare_earth_examples import POWDER

FEED = Material.of({"carbonate_La": 1.0, "carbonate_Ce": 2.0, "water": 0.6})


def test_half_of_the_lanthanum_becomes_fluoride_and_all_of_the_cerium_oxide() -> None:
    found = run("polishing_powder", POWDER, feed=FEED)
    powder, lanthanum = found.outlets["powder"], kmol(FEED, "carbonate_La")
    assert kmol(powder, "fluoride_La") == pytest.approx(lanthanum)
    assert kmol(powder, "oxide_La") == pytest.approx(0.5 * lanthanum)
    assert kmol(powder, "oxide_Ce") == pytest.approx(2.0 * kmol(FEED, "carbonate_Ce"))
    assert kmol(found.drawn["hydrofluoric_acid"], "hydrofluoric_acid") == pytest.approx(3.0 * lanthanum)


def test_all_fluorine_that_is_bought_is_in_the_powder() -> None:
    found = run("polishing_powder", POWDER, feed=FEED)
    assert found.outlets["powder"].component("F") == pytest.approx(found.drawn["hydrofluoric_acid"].component("F"))
    assert found.outlets["off_gas"].component("F") == pytest.approx(0.0, abs=1e-12)


def test_without_acid_it_is_calcination() -> None:
    found = run("polishing_powder", {**POWDER, "fluorinated": {}}, feed=FEED)
    assert found.outlets["powder"].mass == pytest.approx(FEED.component("REO"))


def test_a_species_nobody_knows_is_refused() -> None:
    _, problems = read(PolishingPowderSpec, {**POWDER, "fluorinated": {"carbonate_Li": synthetic(0.5)}})
    assert [(problem.path, problem.code) for problem in problems] == [
        (("fluorinated", "carbonate_Li"), "unknown_species")
    ]
