"""Gas network and power plant: heat is shared out and none is lost unnamed."""

from __future__ import annotations

import pytest

from ferrolan.base.errors import Infeasible
from ferrolan.process.combustion import calorific_value
from ferrolan.process.material import Material
from tests.process.units.steel_bench import at_work, state
from tests.process.units.steel_examples import BLAST_FURNACE_GAS


def test_users_power_plant_and_flare_share_the_heat() -> None:
    found = at_work("gas_network")
    entered = sum(calorific_value(gas) for gas in found.inlets.values())
    shared = sum(calorific_value(gas) for gas in found.outlets.values())
    assert shared + state(found, "heat flared") == pytest.approx(entered, rel=1e-12)
    assert calorific_value(found.outlets["rolling"]) == pytest.approx(0.25 * entered, rel=1e-12)


def test_what_is_flared_is_burnt_and_released() -> None:
    flare = at_work("gas_network").released["flare"]
    assert flare.amount("CO") == 0.0 and flare.amount("CO2") > 0.0


def test_shares_beyond_the_whole_are_refused() -> None:
    with pytest.raises(Infeasible, match="their shares may sum to 1"):
        at_work("gas_network", {"shares.rolling": 0.99})


def test_power_is_given_by_the_efficiency() -> None:
    found = at_work("power_plant")
    heat = calorific_value(found.inlets["gas"]) + calorific_value(found.inlets["coal"])
    assert found.power == pytest.approx(-0.37 * heat / 3.6, rel=1e-12)
    assert found.loss > 0.0


def test_ash_of_the_coal_leaves_as_ash() -> None:
    assert at_work("power_plant").outlets["ash"].component("SiO2") == pytest.approx(4.0, rel=1e-12)
    gas_alone = at_work("power_plant", inlets={"coal": Material.nothing("solids")})
    assert gas_alone.outlets["ash"].mass == 0.0


def test_the_calorific_value_of_blast_furnace_gas_is_near_that_of_the_ipcc() -> None:
    """2.47 GJ/t there; the gas of a furnace with better utilisation holds less."""
    assert calorific_value(BLAST_FURNACE_GAS) / BLAST_FURNACE_GAS.mass == pytest.approx(2.47, rel=0.10)
