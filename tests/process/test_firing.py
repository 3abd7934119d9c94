"""Fire gives the heat that is asked for, and no element is lost in it."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ferrolan.base.errors import Infeasible
from ferrolan.process.firing import air, fire, need, steam
from ferrolan.process.material import Material


@given(st.floats(1e-6, 1e5), st.floats(300.0, 1500.0), st.floats(0.0, 1.0))
def test_the_heat_is_what_enters_less_what_leaves(heat: float, temperature: float, excess: float) -> None:
    fired = fire(heat, temperature, excess)
    assert fired.fuel.enthalpy + fired.air.enthalpy - fired.flue.enthalpy == pytest.approx(heat, abs=1e-9 * heat)
    entered = fired.fuel.elements + fired.air.elements
    np.testing.assert_allclose(fired.flue.elements, entered, rtol=1e-12, atol=1e-13 * fired.flue.mass)


def test_cold_flue_gas_gives_the_lower_heating_value() -> None:
    """50.0 GJ/t of methane, water as steam."""
    assert 100.0 / fire(100.0, 298.15, 0.0).fuel.mass == pytest.approx(50.0, abs=0.1)


def test_nothing_burns_where_there_is_heat_to_spare() -> None:
    assert fire(-5.0, 400.0, 0.1).fuel.mass == 0.0


def test_flue_gas_that_takes_all_the_heat_is_infeasible() -> None:
    with pytest.raises(Infeasible, match="lower its temperature or the excess"):
        fire(10.0, 3500.0, 0.5)


def test_air_is_twenty_one_per_cent_oxygen_by_volume() -> None:
    gas = air(1.0)
    assert Material.of({"O2": 1.0}, "gas").volume / gas.volume == pytest.approx(0.21)


def test_heat_lacking_is_what_leaves_less_what_enters() -> None:
    cold, warm = Material.of({"water": 2.0}, "liquor", 298.15), Material.of({"water": 2.0}, "liquor", 348.15)
    assert need([cold], [warm], power=0.01, loss=1.0) == pytest.approx(2.0 * 50.0 * 0.00418 + 1.0 - 0.036, rel=1e-2)
    assert steam([warm], [cold], 0.0) == 0.0 and steam([cold], [warm], 0.0) == pytest.approx(0.418, rel=1e-2)
