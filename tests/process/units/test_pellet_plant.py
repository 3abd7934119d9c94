"""The pellet plant: magnetite gives heat, gas the rest."""

from __future__ import annotations

import pytest

from ferrolan.process.material import Material
from tests.process.units.steel_bench import at_work, state, total
from tests.process.units.steel_examples import COKE_OVEN_GAS, CONCENTRATE

HEMATITE = Material.of({"hematite": 930.0, "quartz": 60.0, "lime": 5.0, "water": 90.0})


def test_magnetite_saves_the_fuel_that_its_oxidation_gives() -> None:
    """0.49 GJ a tonne of magnetite at 298 K; fuel of hematite pellets 0.5 to 1.67 GJ/t (quoted: 1.51 to 1.67)."""
    magnetite = Material.of({"magnetite": 930.0 * 0.9666, "quartz": 60.0, "lime": 5.0, "water": 90.0})
    spec = {"ferrous": 0.0, "dust": 0.0}
    with_it = at_work("pellet_plant", spec, {"concentrate": magnetite})
    without = at_work("pellet_plant", spec, {"concentrate": HEMATITE})
    saved = state(without, "heat of the fires") - state(with_it, "heat of the fires")
    assert saved * without.outlets["pellets"].mass / 900.0 == pytest.approx(0.49, abs=0.1)
    assert 0.5 < state(without, "fuel") < 1.67


def test_pellets_are_hematite_and_keep_phosphorus_niobium_and_rare_earths() -> None:
    found = at_work("pellet_plant", {"dust": 0.0})
    for name in ("P", "Nb", "RE", "Th", "Fe"):
        assert total(found, name, "pellets") == pytest.approx(CONCENTRATE.component(name), rel=1e-9)
    assert found.outlets["pellets"].amount("hematite") > 30.0 * found.outlets["pellets"].amount("magnetite")


def test_sulfur_burns_to_sulfur_dioxide() -> None:
    found = at_work("pellet_plant", {"dust": 0.0})
    assert found.released["flue_gas"].component("S") == pytest.approx(0.9 * CONCENTRATE.component("S"), rel=1e-9)
    assert found.released["flue_gas"].amount("SO2") > 0.0


def test_fluorine_of_a_dry_bed_takes_its_hydrogen_from_the_air() -> None:
    dry = Material.of({"hematite": 900.0, "fluorite": 30.0, "quartz": 40.0})
    found = at_work("pellet_plant", {"volatile.F": 0.5}, {"concentrate": dry})
    assert found.released["flue_gas"].amount("HF") > 0.0


def test_works_gas_replaces_natural_gas() -> None:
    found = at_work("pellet_plant", inlets={"fuel_gas": COKE_OVEN_GAS.times(0.05)})
    assert found.drawn["natural_gas"].mass < at_work("pellet_plant").drawn["natural_gas"].mass
