"""Caster and rolling mill: yields, scale, and fuel for reheating."""

from __future__ import annotations

import pytest

from ferrolan.process.combustion import calorific_value
from tests.process.units.steel_bench import at_work, state
from tests.process.units.steel_examples import CONVERTER_GAS, STEEL


def test_slab_crops_and_scale_are_the_steel_and_the_oxygen_of_the_scale() -> None:
    found = at_work("caster")
    scaled = 0.004 * STEEL.amount("iron")
    assert found.outlets["scale"].component("Fe") == pytest.approx(scaled, rel=1e-9)
    assert found.outlets["slab"].mass == pytest.approx(0.98 * (STEEL.mass - scaled), rel=1e-9)
    assert 0.96 < state(found, "yield") < 0.99  # usual range, recalled


def test_the_product_keeps_what_does_not_scale() -> None:
    found = at_work("rolling_mill")
    assert found.outlets["product"].grade("P") > found.inlets["slab"].grade("P")
    assert 0.95 < state(found, "yield") < 0.985  # usual range, recalled


def test_hot_slabs_save_fuel() -> None:
    hot = at_work("rolling_mill", inlets={"slab": STEEL.at(1100.0)})
    cold = at_work("rolling_mill", inlets={"slab": STEEL.at(298.15)})
    assert state(hot, "fuel") < state(cold, "fuel") - 0.5
    assert 1.0 < state(cold, "fuel") < 2.0


def test_works_gas_replaces_natural_gas_and_too_much_of_it_breaks_a_limit() -> None:
    none, some = at_work("rolling_mill"), at_work("rolling_mill", inlets={"fuel_gas": CONVERTER_GAS.times(0.3)})
    saved = calorific_value(none.drawn["natural_gas"]) - calorific_value(some.drawn["natural_gas"])
    assert 0.5 < saved / calorific_value(some.inlets["fuel_gas"]) < 1.1
    flooded = at_work("rolling_mill", inlets={"fuel_gas": CONVERTER_GAS.times(5.0)})
    assert flooded.drawn["natural_gas"].mass == 0.0 and not flooded.feasible
