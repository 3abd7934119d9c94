"""The coke oven: yields close on the carbon of the coke, gas fires the ovens."""

from __future__ import annotations

import pytest

from ferrolan.base.errors import Infeasible
from ferrolan.process.combustion import calorific_value
from tests.process.units.steel_bench import at_work, state, total
from tests.process.units.steel_examples import BLAST_FURNACE_GAS, COKING_COAL


def test_coal_and_gas_lie_where_works_report_them() -> None:
    """Quoted: 1.451 t of coal a tonne of coke, 17.6 MJ/Nm3 (cases/process/steel_process); half hydrogen, recalled."""
    found = at_work("coke_oven")
    assert state(found, "coal") == pytest.approx(1.451, rel=0.05)
    assert state(found, "gas, calorific value") == pytest.approx(17.6, rel=0.10)
    assert 0.5 < state(found, "gas, H2") < 0.65 and 0.2 < state(found, "gas, CH4") < 0.3


def test_the_calorific_value_by_mass_is_near_that_of_the_ipcc() -> None:
    gas = at_work("coke_oven").outlets["gas"]
    assert calorific_value(gas) / gas.mass == pytest.approx(38.7, rel=0.15)


def test_all_ash_is_in_the_coke_and_sulfur_divides() -> None:
    found = at_work("coke_oven")
    assert total(found, "SiO2", "coke", "breeze") == pytest.approx(COKING_COAL.component("SiO2"), rel=1e-12)
    assert total(found, "S", "coke", "breeze") == pytest.approx(0.6 * COKING_COAL.component("S"), rel=1e-12)


def test_works_gas_under_the_ovens_spares_own_gas_by_its_calorific_value() -> None:
    own, mixed = at_work("coke_oven"), at_work("coke_oven", inlets={"fuel_gas": BLAST_FURNACE_GAS.times(0.1)})
    spared = calorific_value(mixed.outlets["gas"]) - calorific_value(own.outlets["gas"])
    assert spared == pytest.approx(calorific_value(mixed.inlets["fuel_gas"]), rel=1e-9)


def test_ovens_that_need_more_than_their_gas_take_natural_gas() -> None:
    found = at_work("coke_oven", {"heat": 9.0})
    assert found.drawn["natural_gas"].mass > 0.0 and found.outlets["gas"].mass == 0.0
    assert found.limits["gas left by the ovens"].value < 0.0


def test_breeze_is_coke_that_is_screened_out() -> None:
    found = at_work("coke_oven")
    whole = total(found, "C", "coke", "breeze")
    assert total(found, "C", "breeze") == pytest.approx(0.06 * whole, rel=1e-12)


def test_dry_quenching_gives_power() -> None:
    assert at_work("coke_oven").power < 0.0 < at_work("coke_oven", {"quenching": 0.0}).power


def test_more_tar_than_coal_holds_is_refused() -> None:
    lean = COKING_COAL.take({"organic_hydrogen": 0.95})[1]
    with pytest.raises(Infeasible, match="do not fit the coal"):
        at_work("coke_oven", inlets={"coal": lean})
