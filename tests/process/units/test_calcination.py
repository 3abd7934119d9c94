"""Carbonate and oxalate become the oxides of the trade, by stoichiometry, with fire for the heat that is lacking."""

from __future__ import annotations

import pytest

from ferrolan import materials
from ferrolan.process.material import Material
from tests.process.units.example import run, synthetic
from tests.process.units.rare_earth_examples import CALCINATION, CARBONATES

WHOLE = {**CALCINATION, "fired": synthetic(1.0), "dust": synthetic(0.0)}


@pytest.mark.parametrize("symbol", materials.RARE_EARTHS)
@pytest.mark.parametrize("salt", ["carbonate", "oxalate", "hydroxide"])
def test_all_of_each_rare_earth_becomes_the_oxide_it_is_reported_as(symbol: str, salt: str) -> None:
    feed = Material.of({f"{salt}_{symbol}": 1.0})
    oxide = run("calcination", WHOLE, feed=feed).outlets["oxide"]
    assert oxide.mass == pytest.approx(oxide.amount(f"oxide_{symbol}"))
    assert oxide.mass == pytest.approx(feed.component(materials.oxide_of(symbol)))


def test_loss_on_ignition_of_neodymium_carbonate_is_that_of_three_carbon_dioxides() -> None:
    found = run("calcination", WHOLE, feed=Material.of({"carbonate_Nd": 1.0}))
    expected = 3.0 * materials.molar_mass("CO2") / materials.molar_mass("Nd2(CO3)3")
    assert found.states["loss on ignition"].value == pytest.approx(expected)
    assert 1.0 - expected == pytest.approx(0.7182, abs=1e-4)


def test_fire_covers_what_is_lacking_and_the_loss_is_the_declared_one() -> None:
    found = run("calcination", CALCINATION, feed=CARBONATES)
    assert found.loss == pytest.approx(0.9 * CARBONATES.mass) and found.drawn["natural_gas"].mass > 0.0
    tight = run("calcination", {**CALCINATION, "heat_loss": synthetic("0.1 GJ/t")}, feed=CARBONATES)
    assert tight.drawn["natural_gas"].mass < found.drawn["natural_gas"].mass


def test_water_leaves_as_steam_and_dust_is_a_stream() -> None:
    found = run("calcination", CALCINATION, feed=CARBONATES)
    assert found.outlets["oxide"].amount("water") == 0.0
    dust, oxide = found.released["dust"].mass, found.outlets["oxide"].mass
    assert dust / (dust + oxide) == pytest.approx(0.003)


def test_flue_gas_too_hot_to_give_heat_is_refused() -> None:
    with pytest.raises(Exception, match="takes all the heat of the fuel; lower its temperature"):
        run("calcination", {**CALCINATION, "off_gas_temperature": synthetic("4000 K")}, feed=CARBONATES)
