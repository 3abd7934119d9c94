"""Carbonate dissolves in hydrochloric acid by stoichiometry."""

from __future__ import annotations

import pytest

from ferrolan import materials
from ferrolan.process.material import Material
from tests.process.units.example import kmol, run, synthetic
from tests.process.units.rare_earth_examples import ALLOY, DISSOLUTION, MAGNETS_MADE

EXACT = {**DISSOLUTION, "dissolved": synthetic(1.0), "excess": synthetic(0.0)}


@pytest.mark.parametrize("feed", ["carbonate_Nd", "hydroxide_Nd", "oxide_Nd"])
def test_acid_is_six_moles_a_mole_of_oxide(feed: str) -> None:
    material = Material.of({feed: 1.0})
    found = run("dissolution", EXACT, feed=material)
    neodymium = kmol(found.outlets["liquor"], "chloride_Nd")
    assert neodymium == pytest.approx(1000.0 * material.component("Nd") / materials.atomic_mass("Nd"))
    assert kmol(found.drawn["hydrochloric_acid"], "hydrochloric_acid") == pytest.approx(3.0 * neodymium)
    assert found.states["acid a tonne of oxides"].value == pytest.approx(6.0 * 36.46 / 336.48, rel=1e-3)


def test_ceria_does_not_dissolve_without_a_reducing_agent() -> None:
    found = run("dissolution", EXACT, feed=Material.of({"oxide_Ce": 1.0, "carbonate_La": 1.0}))
    assert found.outlets["residue"].amount("oxide_Ce") == pytest.approx(1.0)
    assert found.outlets["liquor"].component("Ce") == 0.0


def test_higher_oxides_free_chlorine_and_metal_hydrogen() -> None:
    """Pr6O11 is 2 moles of chlorine, Tb4O7 one; a mole of metal is one and a half of hydrogen."""
    feed = Material.of({"oxide_Pr": 1.0, "oxide_Tb": 0.5, "metal_Nd": 0.2})
    found = run("dissolution", EXACT, feed=feed)
    gas = found.released["off_gas"]
    assert kmol(gas, "Cl2") == pytest.approx(2.0 * kmol(feed, "oxide_Pr") + kmol(feed, "oxide_Tb"))
    assert kmol(gas, "H2") == pytest.approx(1.5 * kmol(feed, "metal_Nd"))


def test_the_rare_earths_of_swarf_dissolve_and_its_iron_stays() -> None:
    swarf = run("magnet_plant", MAGNETS_MADE, alloy=ALLOY).outlets["swarf"]
    found = run("dissolution", EXACT, feed=swarf)
    assert found.outlets["liquor"].component("RE") == pytest.approx(swarf.component("RE"))
    assert found.outlets["residue"].component("Fe") == pytest.approx(swarf.component("Fe"))


def test_excess_acid_stays_free_in_the_liquor() -> None:
    found = run("dissolution", {**EXACT, "excess": synthetic("10 %")}, feed=Material.of({"carbonate_Nd": 1.0}))
    drawn, left = (
        kmol(one, "hydrochloric_acid") for one in (found.drawn["hydrochloric_acid"], found.outlets["liquor"])
    )
    assert left == pytest.approx(drawn * 0.1 / 1.1)
