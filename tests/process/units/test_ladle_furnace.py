"""The ladle furnace: alloys dissolve, rare earths enter the steel, the arc gives the heat."""

from __future__ import annotations

import pytest

from ferrolan.process.material import Material
from tests.process.units.steel_bench import at_work, state, total


def test_rare_earths_stay_by_their_yield_and_the_rest_is_slag() -> None:
    found = at_work("ladle_furnace")
    added = found.inlets["rare_earth"].component("RE")
    assert total(found, "RE", "steel") == pytest.approx(0.55 * added, rel=1e-9)
    assert total(found, "RE", "slag") == pytest.approx(0.45 * added, rel=1e-9)
    assert found.outlets["slag"].amount("sesquioxide_Ce") > 0.0


def test_a_steel_without_rare_earths_has_none() -> None:
    assert state(at_work("ladle_furnace", inlets={"rare_earth": Material.nothing("metal")}), "steel, Mn") > 0.0
    none = at_work("ladle_furnace", inlets={"rare_earth": Material.nothing("metal")})
    assert state(none, "rare earths of the steel") == 0.0


def test_alloys_bind_the_oxygen_of_the_steel_before_they_take_air() -> None:
    found, dry = at_work("ladle_furnace"), at_work("ladle_furnace", {"deoxidised": 0.0})
    assert state(found, "steel, O") < 0.1 * state(dry, "steel, O")
    assert found.drawn["air"].mass < dry.drawn["air"].mass


def test_the_slag_takes_the_declared_share_of_sulfur() -> None:
    found = at_work("ladle_furnace")
    sulfur = found.inlets["liquid_steel"].component("S")
    assert total(found, "S", "slag") == pytest.approx(0.6 * sulfur, rel=1e-9)


def test_a_hotter_steel_takes_more_power() -> None:
    assert at_work("ladle_furnace", {"temperature": 1900.0}).power > at_work("ladle_furnace").power


def test_the_loss_of_heat_is_what_is_declared_and_what_the_arc_wastes() -> None:
    found = at_work("ladle_furnace")
    steel = found.inlets["liquid_steel"].mass
    arc = 3.6 * state(found, "arc") * steel
    assert found.loss == pytest.approx(0.06 * steel + 0.55 * arc + 3.6 * 0.005 * steel, rel=1e-9)


def test_carbonate_gives_carbon_dioxide_and_coke_recarburises() -> None:
    alloy = {"alloy": Material.of({"carbon": 1.0, "calcite": 2.0}, "solids")}
    found = at_work("ladle_furnace", inlets=alloy)
    assert found.released["off_gas"].component("C") == pytest.approx(2.0 * 12.011 / 100.086, rel=1e-4)
    assert total(found, "C", "steel") == pytest.approx(total(at_work("ladle_furnace"), "C", "steel") + 1.0, rel=1e-9)
