"""The converter: heat finds scrap or temperature, lime follows silica, phosphorus goes to the slag."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ferrolan.base.errors import Infeasible
from ferrolan.process.material import Material
from tests.process.units.steel_bench import at_work, state, total
from tests.process.units.steel_examples import HOT_METAL

FREE = "at the temperature of the charge"


@settings(max_examples=15)
@given(asked=st.floats(1850.0, 1980.0))
def test_the_scrap_bought_gives_the_temperature_asked(asked: float) -> None:
    found = at_work("bof", {"temperature": asked})
    assert found.outlets["steel"].temperature == pytest.approx(asked, abs=1e-6)
    cold = at_work("bof", inlets={"scrap": at_work("bof").inlets["scrap"].plus(found.drawn["scrap"])}, note=FREE)
    assert cold.drawn["scrap"].mass == 0.0


def test_scrap_found_for_a_temperature_gives_that_temperature_when_it_is_charged() -> None:
    asked = at_work("bof")
    charged = {"scrap": asked.inlets["scrap"].plus(asked.drawn["scrap"]), "flux": asked.inlets["flux"]}
    found = at_work("bof", inlets=charged, note=FREE)
    assert state(found, "temperature") == pytest.approx(state(asked, "temperature"), abs=1e-5)


def test_more_scrap_and_more_loss_cool_the_steel_and_more_silicon_heats_it() -> None:
    usual = state(at_work("bof", note=FREE), "temperature")
    scrap = {"scrap": Material.of({"iron": 220.0}, "metal")}
    silicon = {"hot_metal": HOT_METAL.plus(Material.of({"silicon": 3.0}, "metal", 1640.0))}
    assert state(at_work("bof", inlets=scrap, note=FREE), "temperature") < usual
    assert state(at_work("bof", {"heat_loss": 0.3}, note=FREE), "temperature") < usual
    assert state(at_work("bof", inlets=silicon, note=FREE), "temperature") > usual


def test_a_charge_too_cold_for_the_temperature_buys_no_scrap_and_says_how_much_is_missing() -> None:
    found = at_work("bof", {"temperature": 2100.0, "heat_loss": 0.5})
    assert found.drawn["scrap"].mass == 0.0
    assert found.limits["temperature above what is asked"].value < -1.0


def test_the_steel_has_the_end_point_and_the_slag_its_iron_magnesia_and_basicity() -> None:
    found = at_work("bof", {"magnesia_of_slag": 0.1}, {"flux": Material.nothing("solids")})
    steel, slag = found.outlets["steel"], found.outlets["slag"]
    assert steel.grade("C") == pytest.approx(0.0005, rel=1e-9) and steel.grade("O") == pytest.approx(0.0006, rel=1e-9)
    assert slag.amount("wustite") / slag.mass == pytest.approx(0.20, rel=1e-9)
    assert slag.amount("periclase") / slag.mass == pytest.approx(0.10, rel=1e-9)
    assert slag.component("CaO") / slag.component("SiO2") == pytest.approx(3.4, rel=1e-9)


def test_phosphorus_divides_as_declared() -> None:
    found = at_work("bof")
    charged = found.inlets["hot_metal"].component("P") + found.drawn["scrap"].component("P")
    assert total(found, "P", "steel") == pytest.approx(0.12 * charged, rel=1e-9)
    assert total(found, "P", "slag") == pytest.approx(0.88 * charged, rel=1e-9)


def test_silicon_from_hot_metal_gives_the_heat_of_its_oxidation() -> None:
    """27.7 GJ/t from the data of this package at 298 K; a steelmaker's table gives 27.62 GJ/t."""
    silicon, oxygen, quartz = (
        Material.of({"silicon": 28.085}, "metal"), Material.of({"O2": 31.998}, "gas"), Material.of({"quartz": 60.083}),
    )  # fmt: skip
    given_off = silicon.enthalpy + oxygen.enthalpy - quartz.enthalpy
    assert given_off / silicon.mass == pytest.approx(27.62, rel=0.01)


@pytest.mark.parametrize(("name", "low", "high"), [("oxygen", 40.0, 60.0), ("slag", 40.0, 120.0), ("gas", 60.0, 100.0)])
def test_figures_lie_where_works_report_them(name: str, low: float, high: float) -> None:
    """Usual ranges, recalled: Nm3/t of oxygen, kg/t of slag, Nm3/t of gas."""
    assert low < state(at_work("bof"), name) < high


@pytest.mark.parametrize("note", ["", FREE])
def test_a_loss_that_freezes_the_steel_is_refused_with_the_loss_that_would_do(note: str) -> None:
    with pytest.raises(Infeasible, match=r"lower the loss of heat from 2 GJ/t to \d\.\d+ GJ/t") as caught:
        at_work("bof", {"heat_loss": 2.0}, note=note)
    most = float(str(caught.value).split(" GJ/t to ")[1].split(" ")[0])
    found = at_work("bof", {"heat_loss": most - 0.01}, note=note)
    assert found.outlets["steel"].temperature > 1673.0


def test_steel_with_more_carbon_than_the_charge_is_refused() -> None:
    with pytest.raises(Infeasible, match="carbon takes more than the charge holds"):
        at_work("bof", {"carbon": 0.05}, {"scrap": Material.of({"iron": 500.0}, "metal")}, FREE)
